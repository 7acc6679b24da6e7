/* SPDX-License-Identifier: MIT */
/* Base32 (RFC 4648, section 6) of a number, and numbers out of it. */
#include "identify/accesskey.h"

#include <assert.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

enum { PREFIX_CHARS = 4, BODY_CHARS = ACCESSKEY_CHARS - PREFIX_CHARS, ACCOUNT_BITS = 40 };

static const uint64_t has_account = (uint64_t)1 << 47; /* of the first 48 bits */

/* n characters from the first 5 n bits. */
static void base32_encode(const uint8_t *bytes, char *dst, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned value = 0;
        for (size_t bit = 5 * i; bit < 5 * i + 5; bit++)
            value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1u);
        dst[i] = digits[value];
    }
}

str accesskey_make(enum accesskey_kind kind, str account, const uint8_t random[ACCESSKEY_RANDOM_BYTES],
                   char dst[ACCESSKEY_CHARS + 1])
{
    uint64_t number = 0;
    uint8_t bytes[10];

    bool ok = account.n == ACCOUNT_DIGITS && str_to_u64(account, &number);
    assert(ok); /* account ids are typed and checked where they enter */
    (void)ok;
    uint64_t head = has_account | number << 7 | (random[0] & 0x7f);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(head >> (40 - 8 * i));
    memcpy(bytes + 6, random + 1, 4);
    memcpy(dst, kind == ACCESSKEY_TEMPORARY ? "ASIA" : "AKIA", PREFIX_CHARS);
    base32_encode(bytes, dst + PREFIX_CHARS, BODY_CHARS);
    dst[ACCESSKEY_CHARS] = '\0';
    return str_n(dst, ACCESSKEY_CHARS);
}

bool accesskey_kind_of(str access_key_id, enum accesskey_kind *kind)
{
    if (access_key_id.n != ACCESSKEY_CHARS || !str_all(str_from(access_key_id, PREFIX_CHARS), digits))
        return false;
    if (!str_starts(access_key_id, S("AKIA")) && !str_starts(access_key_id, S("ASIA")))
        return false;
    *kind = str_starts(access_key_id, S("ASIA")) ? ACCESSKEY_TEMPORARY : ACCESSKEY_LONG_TERM;
    return true;
}

bool accesskey_account(str access_key_id, char dst[ACCOUNT_DIGITS + 1])
{
    enum accesskey_kind kind;
    uint64_t head = 0;

    if (!accesskey_kind_of(access_key_id, &kind))
        return false;
    for (size_t i = 0; i < 10; i++) /* ten characters hold the first 50 bits */
        head = head << 5 | (uint64_t)str_find(str_z(digits), access_key_id.p[PREFIX_CHARS + i]);
    head >>= 2;
    uint64_t number = head >> 7 & (((uint64_t)1 << ACCOUNT_BITS) - 1);
    if (!(head & has_account) || number > 999999999999u)
        return false;
    for (int i = ACCOUNT_DIGITS - 1; i >= 0; i--, number /= 10)
        dst[i] = (char)('0' + number % 10);
    dst[ACCOUNT_DIGITS] = '\0';
    return true;
}

str unique_id_make(str prefix, const uint8_t random[UNIQUE_ID_RANDOM_BYTES], char dst[UNIQUE_ID_CHARS + 1])
{
    assert(prefix.n == PREFIX_CHARS);
    memcpy(dst, prefix.p, PREFIX_CHARS);
    base32_encode(random, dst + PREFIX_CHARS, UNIQUE_ID_CHARS - PREFIX_CHARS);
    dst[UNIQUE_ID_CHARS] = '\0';
    return str_n(dst, UNIQUE_ID_CHARS);
}
