/* SPDX-License-Identifier: MIT */
/* Randomness straight from the kernel: no generator state of ours could leak or be forked. */
#include "crypto/random.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

void random_bytes(void *dst, size_t n)
{
    uint8_t *p = dst;

    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            log_error("getrandom: %s", strerror(errno));
            abort(); /* keys made from anything else would be worse than none */
        }
        p += got;
        n -= (size_t)got;
    }
}

uint32_t random_below(uint32_t bound)
{
    uint32_t v, skip = -bound % bound; /* 2^32 mod bound: what lies below would be favoured */

    do
        random_bytes(&v, sizeof v);
    while (v < skip);
    return v % bound;
}

void random_hex(char *dst, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[64];

    for (size_t i = 0; i < n; i++) {
        if (i % sizeof bytes == 0)
            random_bytes(bytes, n - i < sizeof bytes ? n - i : sizeof bytes);
        dst[i] = digits[bytes[i % sizeof bytes] & 15];
    }
    explicit_bzero(bytes, sizeof bytes);
}

bool crypto_equal(const void *x, const void *y, size_t n)
{
    return n == 0 || CRYPTO_memcmp(x, y, n) == 0;
}
