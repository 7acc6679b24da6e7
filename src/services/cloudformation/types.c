/* SPDX-License-Identifier: MIT */
/* Resource types as the models tell them, and the names that CloudFormation makes. */
#include <string.h>

#include "cfn_parts.h"
#include "crypto/random.h"

const struct cfn_type *cfn_type_find(str name)
{
    for (const struct cfn_type *const *t = cfn_types; *t; t++)
        if ((*t)->any ? str_starts(name, str_z((*t)->name)) : str_eq(name, str_z((*t)->name)))
            return *t;
    return NULL;
}

const struct cfn_prop *cfn_prop_find(const struct cfn_type *t, str name)
{
    for (size_t i = 0; i < t->n_props; i++)
        if (str_eq(name, str_z(t->props[i].name)))
            return &t->props[i];
    return NULL;
}

enum { CHANCE = 13 };

static str chance(struct call *c, bool lower)
{
    static const char upper[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint8_t bytes[CHANCE];
    char *out = arena_alloc(c->arena, CHANCE + 1);

    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < CHANCE; i++) {
        char letter = upper[bytes[i] % 36];
        out[i] = lower && letter >= 'A' ? (char)(letter + 32) : letter;
    }
    return str_n(out, CHANCE);
}

static str lower_case(struct arena *a, str s)
{
    char *out = arena_z(a, s);

    for (size_t i = 0; i < s.n; i++)
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] + 32);
    return str_n(out, s.n);
}

str cfn_name(struct call *c, str stack, str logical, size_t max, bool lower)
{
    size_t room = max - CHANCE - 2, half = room / 2;

    if (stack.n + logical.n > room) { /* of 64: 49 for both, 24 of them for the logical id where both are long */
        size_t own = logical.n <= half ? logical.n : stack.n < room - half ? room - stack.n : half;
        logical = str_sub(logical, 0, own);
        stack = str_sub(stack, 0, room - logical.n);
    }
    str name = arena_printf(c->arena, "%.*s-%.*s-%.*s", FMT(stack), FMT(logical), FMT(chance(c, lower)));
    return lower ? lower_case(c->arena, name) : name;
}
