/* SPDX-License-Identifier: MIT */
/* Fn::Cidr: the first blocks of a given size inside a block, IPv4 or IPv6. */
#include <arpa/inet.h>
#include <string.h>

#include "services/cloudformation/template_parts.h"

struct block {
    unsigned char address[16];
    int family;
    unsigned bits, prefix; /* 32 or 128; the part that is given */
};

static bool parse_block(str text, struct block *out)
{
    str rest = text, address = str_cut(&rest, '/');
    char z[64];
    uint64_t prefix;

    if (address.n >= sizeof z || !str_to_u64(rest, &prefix))
        return false;
    str_to_z(address, z, sizeof z);
    out->family = str_find(address, ':') >= 0 ? AF_INET6 : AF_INET;
    out->bits = out->family == AF_INET ? 32 : 128;
    out->prefix = (unsigned)prefix;
    return prefix <= out->bits && inet_pton(out->family, z, out->address) == 1;
}

static void clear_host(struct block *b)
{
    for (unsigned i = b->prefix; i < b->bits; i++)
        b->address[i / 8] &= (unsigned char)~(0x80 >> (i % 8));
}

/* Adds 1 at the bit position of the new prefix: the next block. */
static void next_block(struct block *b, unsigned prefix)
{
    for (unsigned i = prefix; i > 0; i--) {
        unsigned char bit = (unsigned char)(0x80 >> ((i - 1) % 8));
        b->address[(i - 1) / 8] ^= bit;
        if (b->address[(i - 1) / 8] & bit)
            return;
    }
}

/* `bits` are those that a block leaves to its hosts: 8 makes a /24. */
static res split(struct template_scope *s, struct block *b, uint64_t count, uint64_t bits, struct err *e, json_t **out)
{
    unsigned prefix = b->bits - (unsigned)bits;
    char z[INET6_ADDRSTRLEN];

    if (count < 1 || count > 256 || bits < 1 || bits > b->bits || prefix < b->prefix ||
        (prefix - b->prefix < 9 && count > (uint64_t)1 << (prefix - b->prefix)))
        return reject(e, "Template error: Fn::Cidr cannot make %llu blocks with %llu subnet bits of the given block",
                      (unsigned long long)count, (unsigned long long)bits);
    clear_host(b);
    *out = template_keep(s, json_array());
    for (uint64_t i = 0; i < count; i++) {
        str text = arena_printf(s->arena, "%s/%u", inet_ntop(b->family, b->address, z, sizeof z), prefix);
        TRY(template_spend(s, text.n, e));
        json_array_append_new(*out, json_stringn(text.p, text.n));
        next_block(b, prefix);
    }
    return OK;
}

res template_cidr(struct template_scope *s, const json_t *v, struct err *e, json_t **out)
{
    struct block b = {0};
    uint64_t count, bits;
    str texts[3] = {STR_ABSENT, STR_ABSENT, S("8")};
    json_t *one;

    for (size_t i = 0; i < json_array_size(v) && i < 3; i++) {
        TRY(template_evaluate(s, json_array_get(v, i), e, &one));
        if (one && template_is_later(one)) {
            *out = template_later(s);
            return OK;
        }
        texts[i] = template_text(s->arena, one);
    }
    if (!parse_block(texts[0], &b))
        return reject(e, "Template error: Fn::Cidr requires a valid IP block, not '%.*s'",
                      FMT(str_sub(texts[0], 0, 64)));
    if (!str_to_u64(texts[1], &count) || !str_to_u64(texts[2], &bits))
        return reject(e, "Template error: Fn::Cidr requires numbers for the count and the subnet bits");
    if (b.family == AF_INET6 && json_array_size(v) < 3)
        return reject(e, "Template error: Fn::Cidr requires the number of subnet bits for an IPv6 block");
    return split(s, &b, count, bits, e, out);
}
