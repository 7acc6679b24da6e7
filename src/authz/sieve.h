/* SPDX-License-Identifier: MIT */
/* Which resources a pattern cannot match, told from a few bits. Private to authz. */
#ifndef BARMKIN_AUTHZ_SIEVE_H
#define BARMKIN_AUTHZ_SIEVE_H
#include "authz/policy.h"

/* A gram is three bytes in a row, hashed to 10 bits; number 0 is none, and every resource has it. */
enum { GRAM_BITS = 10, GRAMS = 1 << GRAM_BITS, GRAM_WORDS = GRAMS / 64 };
struct grams {
    uint64_t bits[GRAM_WORDS];
};

/* All of the last field of a request's ARN; of a long one any, so that nothing is sorted out. */
void grams_of_resource(str field, struct grams *out);
/* Those without which no resource matches the statement. */
void grams_of_statement(const struct policy *p, const struct statement *s, struct grams *out);
/* Three of them, those that fewest statements have: `seen` counts these by gram. */
uint32_t grams_choose(const struct grams *g, const uint16_t seen[GRAMS]);

static inline bool grams_have(const struct grams *g, uint32_t gram)
{
    return g->bits[gram / 64] >> gram % 64 & 1;
}

static inline bool grams_have_all(const struct grams *g, uint32_t chosen)
{
    return grams_have(g, chosen % GRAMS) && grams_have(g, chosen >> GRAM_BITS & (GRAMS - 1)) &&
           grams_have(g, chosen >> 2 * GRAM_BITS & (GRAMS - 1));
}

#endif
