/* SPDX-License-Identifier: MIT */
/* A small authoritative DNS responder (RFC 1035): one packet in, one out; it knows A records and never asks anyone. */
#ifndef BARMKIN_WIRE_DNS_H
#define BARMKIN_WIRE_DNS_H
#include "base/arena.h"
#include "base/str.h"

enum { DNS_ADDRESSES_MAX = 16, DNS_TTL_S = 60 };

struct dns_zone_fn {
    /* Answers whether we have this name (lower case, no dot at its end) and puts its IPv4 addresses (host order) into
     * ips; *n is their room on entry (DNS_ADDRESSES_MAX), their count on return, perhaps 0. */
    bool (*lookup)(void *ctx, str name, uint32_t *ips, size_t *n);
    void *ctx;
};

/* Answers one query: writes the reply into out and returns its length, or 0 where none should be sent (not a query, or
 * too short to answer). Known names have A records and nothing else; unknown ones do not exist (NXDOMAIN); malformed
 * queries get FORMERR, other opcodes NOTIMP, other classes and zone transfers REFUSED. Needs 512 bytes of room. */
size_t dns_answer(struct arena *a, str packet, const struct dns_zone_fn *zone, uint8_t *out, size_t cap);

#endif
