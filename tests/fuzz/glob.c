/* SPDX-License-Identifier: MIT */
/* Fuzzes the wildcard matcher against a naive one. The input is pattern, a zero byte, text. The naive matcher takes
 * exponential time, so it is cut off and the case dropped; only ASCII is compared, as it knows no characters. */
#include <stdlib.h>
#include <string.h>

#include "authz/authz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fold(int c, bool nocase)
{
    return nocase && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool naive(str p, str t, bool nocase, int *left)
{
    if (--*left < 0)
        return false;
    if (p.n == 0)
        return t.n == 0;
    if (p.p[0] == '*')
        return naive(str_from(p, 1), t, nocase, left) || (t.n && naive(p, str_from(t, 1), nocase, left));
    return t.n && (p.p[0] == '?' || fold(p.p[0], nocase) == fold(t.p[0], nocase)) &&
           naive(str_from(p, 1), str_from(t, 1), nocase, left);
}

static bool is_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;

    if (!zero)
        return 0;
    str p = str_n((const char *)data, (size_t)(zero - data)), t = str_n((const char *)zero + 1, size - p.n - 1);
    for (int nocase = 0; nocase < 2; nocase++) {
        int left = 20000;
        bool fast = authz_glob(p, t, nocase);
        if (!is_ascii(p) || !is_ascii(t) || p.n + t.n > 400)
            continue;
        bool slow = naive(p, t, nocase, &left);
        if (left >= 0 && fast != slow)
            abort();
    }
    return 0;
}
