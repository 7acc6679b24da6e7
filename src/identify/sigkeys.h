/* SPDX-License-Identifier: MIT */
/* Signing keys already derived: seven times cheaper to look up than to derive, and vault need not be asked. */
#ifndef BARMKIN_IDENTIFY_SIGKEYS_H
#define BARMKIN_IDENTIFY_SIGKEYS_H
#include "base/str.h"
#include "crypto/hmac.h"
#include "identify/sigv4.h"

/* One thread's keys, at most 1024, by access key id, date, region and service; the least recently used of its set of
 * four makes room. Memory is locked, left out of core dumps, and wiped when a key leaves. A key found here says nothing
 * about whether its access key is still active: the record says that, at every request. */
struct sigkeys;

struct sigkeys *sigkeys_new(void);
void sigkeys_free(struct sigkeys *k); /* NULL is fine */

/* The key of this scope, or NULL: derive it (vault_signing_key) and put it. Valid until the next put or forget. */
const struct hmac_key *sigkeys_find(struct sigkeys *k, const struct sigv4_claim *claim);
/* Keeps a derived key; the caller wipes its own copy. Never NULL; valid until the next put or forget. */
const struct hmac_key *sigkeys_put(struct sigkeys *k, const struct sigv4_claim *claim, const uint8_t key[SHA256_BYTES]);
/* Drops whatever was derived for an access key id that was deleted (or whose id came back with another secret). */
void sigkeys_forget(struct sigkeys *k, str access_key_id);

#endif
