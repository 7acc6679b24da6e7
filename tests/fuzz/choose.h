/* SPDX-License-Identifier: MIT */
/* How the codecs' fuzz drivers pick one of all services' operations by a number from the input. */
#ifndef BARMKIN_TESTS_FUZZ_CHOOSE_H
#define BARMKIN_TESTS_FUZZ_CHOOSE_H
#include "api/op.h"

static inline const struct operation *choose(unsigned number)
{
    size_t n = 0;

    for (size_t s = 0; services[s]; s++)
        n += services[s]->n_operations;
    number %= (unsigned)n;
    for (size_t s = 0; services[s]; s++) {
        if (number < services[s]->n_operations)
            return services[s]->operations[number];
        number -= (unsigned)services[s]->n_operations;
    }
    return NULL;
}

#endif
