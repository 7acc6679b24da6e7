/* SPDX-License-Identifier: MIT */
/* Access key ids and unique ids: what they look like, and which account is written into a key id. */
#ifndef BARMKIN_IDENTIFY_ACCESSKEY_H
#define BARMKIN_IDENTIFY_ACCESSKEY_H
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
    ACCESSKEY_CHARS = 20,       /* "AKIA" or "ASIA" and 16 of base32 */
    ACCESSKEY_RANDOM_BYTES = 5, /* of which 39 bits are used */
    UNIQUE_ID_CHARS = 21,       /* four letters and 17 of base32 */
    UNIQUE_ID_RANDOM_BYTES = 11,
    ACCOUNT_DIGITS = 12,
};

enum accesskey_kind {
    ACCESSKEY_LONG_TERM, /* AKIA: a user's, kept in a record */
    ACCESSKEY_TEMPORARY, /* ASIA: a session's, comes with a token */
};

/* Makes a key id from the account (12 digits) and random bytes: base32 of one set bit, the account as 40 bits, 39
 * random bits. That is the layout that AWS's key ids are known to have, so tools that read the account from a key id
 * work. Answers the 20 characters inside dst. */
str accesskey_make(enum accesskey_kind kind, str account, const uint8_t random[ACCESSKEY_RANDOM_BYTES],
                   char dst[ACCESSKEY_CHARS + 1]);

/* The account in a key id, 12 digits inside dst; false if it is no key id or holds none (AWS's oldest do not). A claim,
 * not a fact: anyone can make a key id. */
bool accesskey_account(str access_key_id, char dst[ACCOUNT_DIGITS + 1]);
/* Whether the text has the form of a key id, and which. */
bool accesskey_kind_of(str access_key_id, enum accesskey_kind *kind);

/* Unique ids as IAM's: prefix is four letters (AIDA user, AROA role, AGPA group, ANPA policy). */
str unique_id_make(str prefix, const uint8_t random[UNIQUE_ID_RANDOM_BYTES], char dst[UNIQUE_ID_CHARS + 1]);

#endif
