/* SPDX-License-Identifier: MIT */
/* IPv4 ranges as EC2 writes them. */
#include "ec2_names.h"

static bool number(str text, uint32_t max, uint32_t *out)
{
    uint64_t v;

    if (text.n == 0 || text.n > 3 || (text.n > 1 && text.p[0] == '0') || !str_to_u64(text, &v) || v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool ip_read(str text, uint32_t *addr)
{
    uint32_t part, all = 0;

    for (int i = 0; i < 4; i++) {
        if (!str_is(text) || !number(str_cut(&text, '.'), 255, &part))
            return false;
        all = all << 8 | part;
    }
    *addr = all;
    return !str_is(text);
}

bool cidr_read(str text, struct plan_prefix *out, uint32_t *host)
{
    str ip = str_cut(&text, '/');
    uint32_t addr, len;

    if (!str_is(text) || !ip_read(ip, &addr) || !number(text, 32, &len))
        return false;
    *out = (struct plan_prefix){addr & plan_mask(len), len};
    *host = addr & ~plan_mask(len);
    return true;
}

bool cidr_is_ipv6(str text)
{
    str ip = str_cut(&text, '/');
    uint32_t len;
    size_t colons = 0;

    for (size_t i = 0; i < ip.n; i++)
        colons += ip.p[i] == ':';
    return colons >= 2 && colons <= 7 && str_all(ip, "0123456789abcdefABCDEF:.") && number(text, 128, &len);
}

bool cidr_overlap(const struct plan_prefix *a, const struct plan_prefix *b)
{
    uint32_t mask = plan_mask(a->len < b->len ? a->len : b->len);

    return (a->addr & mask) == (b->addr & mask);
}

str ip_text(struct arena *a, uint32_t addr)
{
    return arena_printf(a, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}

str cidr_text(struct arena *a, struct plan_prefix p)
{
    return arena_printf(a, "%.*s/%u", FMT(ip_text(a, p.addr)), p.len);
}

bool cidr_usable(const struct plan_prefix *p)
{
    static const struct plan_prefix taken[] = {{0x00000000u, 8},     {0x7f000000u, 8}, {0xa9fe0000u, 16},
                                               {PLAN_LOCAL_NET, 15}, {0xe0000000u, 3}, {0x34d80000u, 15}};

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (cidr_overlap(p, &taken[i]))
            return false;
    return true;
}
