/* SPDX-License-Identifier: MIT */
/* The root keys: everything sealed in a state hangs on these bytes and on nothing else. */
#ifndef BARMKIN_VAULT_ROOT_H
#define BARMKIN_VAULT_ROOT_H
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "crypto/hmac.h"

enum { ROOT_KEYS_MAX = 16, ROOT_KEY_BYTES = 32 };

/* Held in a secret arena. Epochs rise from one root key to the next; the last one seals, all of them open. */
struct root {
    size_t n;
    struct root_key {
        uint32_t epoch;
        struct hmac_key prk; /* HKDF's extracted key, prepared; the root key itself is not kept */
    } keys[ROOT_KEYS_MAX];
};

/* The file: "BKROOT", u16 version 1, u32 number of keys, per key u32 epoch and 32 bytes; then SHA-256 of all that.
 * Big-endian. root_make_file draws the first key, epoch 1. */
str root_make_file(struct arena *secrets);
res root_parse_file(str file, struct root *out, struct err *e); /* oops on anything unexpected */

const struct root_key *root_newest(const struct root *root);
const struct root_key *root_oldest(const struct root *root);
const struct root_key *root_find(const struct root *root, uint32_t epoch); /* may be NULL */

/* HKDF-SHA256(root key, salt "barmkin", info "barmkin/" domain). Each use of a root key has a domain of its own. */
void root_derive(const struct root_key *key, str domain, uint8_t *out, size_t n);

#endif
