/* SPDX-License-Identifier: MIT */
/* ASCII letters without case, eight bytes at a time. */
#ifndef BARMKIN_BASE_FOLD_H
#define BARMKIN_BASE_FOLD_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to eight bytes as one word. Words of the same length are equal if and only if their bytes are. */
static inline uint64_t fold_load(const char *p, size_t n)
{
    uint64_t x = 0;
    uint32_t low, high;

    if (n >= 8) {
        memcpy(&x, p, 8);
    } else if (n >= 4) {
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        x = (uint64_t)high << 32 | low;
    } else if (n) {
        x = (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 |
            (uint64_t)(unsigned char)p[n - 1] << 16;
    }
    return x;
}

/* A to Z become a to z, all other bytes stay. */
static inline uint64_t fold_word(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u, seven = x & 0x7f * ones;
    uint64_t from_a = seven + (0x80 - 'A') * ones, past_z = seven + (0x80 - 'Z' - 1) * ones;

    return x | (((from_a ^ past_z) & ~x & 0x80 * ones) >> 2);
}

/* n bytes without case; dst has room for the next multiple of eight. */
static inline void fold_copy(char *dst, const char *p, size_t n)
{
    uint64_t word = 0;

    memcpy(dst + (n & ~(size_t)7), &word, n % 8 ? 8 : 0);
    memcpy(dst, p, n);
    for (size_t i = 0; i < n; i += 8) {
        memcpy(&word, dst + i, 8);
        word = fold_word(word);
        memcpy(dst + i, &word, 8);
    }
}

#endif
