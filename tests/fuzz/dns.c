/* SPDX-License-Identifier: MIT */
/* Fuzzes the DNS responder: any packet gets a reply within its room, with the query's id, or none. */
#include <stdlib.h>
#include <string.h>

#include "wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool lookup(void *ctx, str name, uint32_t *ips, size_t *n)
{
    size_t want = name.n % (DNS_ADDRESSES_MAX + 1);

    (void)ctx;
    if (name.n > 255 || str_ends(name, S(".")))
        abort();
    for (size_t i = 0; i < want; i++)
        ips[i] = 0x0a000000u + (uint32_t)i;
    *n = want;
    return name.n % 3 != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct dns_zone_fn zone = {lookup, NULL};
    struct arena *a = arena_new(1 << 20);
    uint8_t out[512];
    str packet = n ? arena_dup(a, str_n((const char *)data, n)) : S("");
    size_t got = dns_answer(a, packet, &zone, out, sizeof out);

    if (got > sizeof out || (got > 0 && (got < 12 || memcmp(out, data, 2) != 0 || !(out[2] & 0x80))))
        abort();
    arena_free(a);
    return 0;
}
