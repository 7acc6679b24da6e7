/* SPDX-License-Identifier: MIT */
/* Leases of user id ranges, 65536 ids each, shared by all servers of this machine through one locked file. */
#ifndef BARMKIN_WARDEN_SERVER_LEASE_H
#define BARMKIN_WARDEN_SERVER_LEASE_H
#include <stdint.h>

#include "base/err.h"

/* 0x70000000 and up: ids that no distribution, systemd or subuid file hands out. */
enum { LEASE_FIRST = 0x70000000, LEASE_IDS = 65536, LEASE_COUNT = 4096 };

/* Leases a range in `file` (/run/barmkin/uids, but for tests of leases) for `tag`; *base is its first id. A lease ends
 * with lease_drop, with the leasing process, or with this boot. */
res lease_take(const char *file, const char *tag, uint32_t *base, struct err *e);
res lease_drop(const char *file, const char *tag, uint32_t base, struct err *e); /* what is not leased is fine */
res lease_drop_all(const char *file, const char *tag, struct err *e);

#endif
