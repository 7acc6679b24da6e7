/* SPDX-License-Identifier: MIT */
/* What the files of barmkin share. */
#ifndef BARMKIN_SERVICES_BARMKIN_PARTS_H
#define BARMKIN_SERVICES_BARMKIN_PARTS_H
#include "barmkin.h"
#include "organizations.h"

res barmkin_all_accounts(struct call *c, struct organizations_list_accounts_out *out);
/* The root user of an account: it may do everything there and nothing elsewhere. */
const struct caller *barmkin_root_of(struct call *c, str account);

#endif
