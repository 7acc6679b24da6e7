/* SPDX-License-Identifier: MIT */
/* Many statements on one action mostly differ in their resource: one a team, one a bucket. What a pattern spells out,
 * between its wildcards, a resource must hold. So of each statement three grams are kept, the rarest ones, and a
 * statement whose grams the request's resource lacks need not be read. It only ever sorts out what cannot match. */
#include "authz/sieve.h"

#include <string.h>

#include "authz/eval.h"

enum { CHOSEN = 3, LONG_FIELD = 256 /* bytes; to hash more would cost more than is won */ };

static void add_grams(str s, struct grams *out)
{
    uint32_t window = 0;

    for (size_t i = 0; i < s.n; i++) {
        window = (window >> 8) | (uint32_t)(unsigned char)s.p[i] << 16;
        uint32_t gram = window * 0x9e3779b1u >> (32 - GRAM_BITS);
        gram += gram == 0;
        if (i >= 2)
            out->bits[gram / 64] |= (uint64_t)1 << gram % 64;
    }
}

void grams_of_resource(str field, struct grams *out)
{
    memset(out, field.n > LONG_FIELD ? 0xff : 0, sizeof *out);
    out->bits[0] |= 1;
    if (field.n <= LONG_FIELD)
        add_grams(field, out);
}

/* What a variable stands for is not known here, and to look at it may end in doubt: only what is compared before. */
static void grams_of_pattern(const struct policy *p, const struct arn_pattern *a, struct grams *out)
{
    str text = policy_text(p, a->text), left;
    size_t at = ARN_FIELDS - 1;

    memset(out, 0, sizeof *out);
    if (a->literal & (ARN_ANY | ARN_NEVER))
        return;
    for (int i = 0; i < ARN_FIELDS - 1; i++)
        at += a->field[i];
    left = a->text.coded ? str_sub(text, at, a->head > at ? a->head - at : 0) : str_from(text, at);
    while (left.n) {
        size_t n = 0;
        while (n < left.n && left.p[n] != '*' && left.p[n] != '?')
            n++;
        add_grams(str_sub(left, 0, n), out);
        left = str_from(left, n < left.n ? n + 1 : n);
    }
}

void grams_of_statement(const struct policy *p, const struct statement *s, struct grams *out)
{
    struct grams one;

    memset(out, 0, sizeof *out);
    if (!(s->flags & ST_RESOURCE))
        return;
    for (size_t i = 0; i < s->resources.n; i++) {
        grams_of_pattern(p, policy_arn(p, s->resources.first + i), i ? &one : out);
        for (size_t w = 0; i && w < GRAM_WORDS; w++)
            out->bits[w] &= one.bits[w];
    }
}

uint32_t grams_choose(const struct grams *g, const uint16_t seen[GRAMS])
{
    uint32_t best[CHOSEN] = {0}, chosen = 0;

    for (uint32_t gram = 1; gram < GRAMS; gram++) {
        uint32_t rest = grams_have(g, gram) ? gram : 0;
        for (size_t i = 0; rest && i < CHOSEN; i++) {
            if (best[i] == 0 || seen[rest] < seen[best[i]]) {
                uint32_t other = best[i];
                best[i] = rest;
                rest = other;
            }
        }
    }
    for (size_t i = 0; i < CHOSEN; i++)
        chosen |= best[i] << i * GRAM_BITS;
    return chosen;
}
