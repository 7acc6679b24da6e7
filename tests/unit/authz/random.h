/* SPDX-License-Identifier: MIT */
/* Numbers and choices that a seed fixes, so that a case that fails, fails again. */
#ifndef BARMKIN_TESTS_AUTHZ_RANDOM_H
#define BARMKIN_TESTS_AUTHZ_RANDOM_H
#include <stdint.h>

struct random {
    uint32_t seed;
};

static inline uint32_t below(struct random *r, uint32_t n)
{
    r->seed = r->seed * 1664525u + 1013904223u;
    return (r->seed >> 16) % n;
}

static inline const char *pick(struct random *r, const char *const *from, uint32_t n)
{
    return from[below(r, n)];
}
#define PICK(r, ...)                                                                                                   \
    pick((r), (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

#endif
