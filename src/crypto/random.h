/* SPDX-License-Identifier: MIT */
/* Bytes nobody can guess, and comparing secrets without telling how far they agree. */
#ifndef BARMKIN_CRYPTO_RANDOM_H
#define BARMKIN_CRYPTO_RANDOM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void random_bytes(void *dst, size_t n);                    /* from the kernel; aborts if it has none */
uint32_t random_below(uint32_t bound);                     /* uniform in 0 .. bound-1; bound > 0 */
void random_hex(char *dst, size_t n);                      /* n lower-case hex digits, no terminator */
bool crypto_equal(const void *x, const void *y, size_t n); /* time depends on n alone */

#endif
