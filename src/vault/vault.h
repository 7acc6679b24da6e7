/* SPDX-License-Identifier: MIT */
/* The client of the vault role: every use of a root key goes through these calls. Keys never come out but where said.
 */
#ifndef BARMKIN_VAULT_VAULT_H
#define BARMKIN_VAULT_VAULT_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct vault; /* one pipe to one vault thread; used by one thread at a time; calls are synchronous, well under 1 ms */

enum { VAULT_KEY_BYTES = 32 };

struct vault *vault_client_new(int fd); /* owns the socket */
void vault_client_free(struct vault *v);
/* Goes on with a new vault's socket, owned from now on: the next call uses it. Any thread, also during a call, which
 * then ends with the old one. After an oops of the pipe (vault died, no answer for 10 s) every call answers an oops
 * until this is done. */
void vault_client_rebind(struct vault *v, int fd);
bool vault_client_lost(const struct vault *v); /* in that state, with no new socket given yet; any thread */

/* Seals bytes under the root key for one purpose (a literal such as "access-key"); aad is bound in and must be given
 * again to open. AES-256-GCM under HKDF(root, purpose). Results live in `a`; plaintext always in `secrets`. */
res vault_wrap(struct vault *v, str purpose, str aad, str plain, struct arena *a, str *sealed, struct err *e);
res vault_unwrap(struct vault *v, str purpose, str aad, str sealed, struct arena *secrets, str *plain, struct err *e);

/* Access keys (their sealed form is no vault_wrap: vault_unwrap does not open it): makes a 40-character secret and its
 * sealed form; derives SigV4's 32-byte signing key (HMAC chain over date "20261123", region, service, "aws4_request")
 * without the secret leaving the vault. */
res vault_new_secret(struct vault *v, str access_key_id, struct arena *secrets, str *secret, struct arena *a,
                     str *sealed, struct err *e);
res vault_signing_key(struct vault *v, str access_key_id, str sealed, str date, str region, str service,
                      uint8_t key[VAULT_KEY_BYTES], struct err *e);
/* HMAC-SHA1 of SigV2-signed queries (boto3's presigned URLs): 20 bytes. */
res vault_sign_v2(struct vault *v, str access_key_id, str sealed, str string_to_sign, uint8_t mac[20], struct err *e);

/* Session tokens: claims sealed for the bearer (rotating key, authenticated, opaque); opening rejects anything altered.
 */
res vault_seal_token(struct vault *v, str claims, struct arena *a, str *token_base64, struct err *e);
res vault_open_token(struct vault *v, str token_base64, struct arena *a, str *claims, struct err *e);

/* KMS. Material is made in the vault and kept by the caller only in sealed form, bound to the key's ARN.
 * context: the canonical encryption context (keys sorted), bound in as AAD. Ciphertext blobs carry the key's ARN. */
res vault_kms_new_key(struct vault *v, str key_arn, struct arena *a, str *sealed_material, struct err *e);
res vault_kms_encrypt(struct vault *v, str key_arn, str material, str context, str plain, struct arena *a,
                      str *ciphertext, struct err *e);
res vault_kms_decrypt(struct vault *v, str key_arn, str material, str context, str ciphertext, struct arena *secrets,
                      str *plain, struct err *e); /* WHY_REJECT when it does not verify */
res vault_kms_generate_data_key(struct vault *v, str key_arn, str material, str context, size_t n_bytes,
                                struct arena *secrets, str *plain, struct arena *a, str *ciphertext, struct err *e);
/* The key's ARN that a ciphertext blob names, read without any key; false if it is none of ours. */
bool vault_kms_key_of(str ciphertext, str *key_arn);

/* Hands a volume's key to warden directly: decrypts `ciphertext` as vault_kms_decrypt does and sends the plain key on
 * vault's own pipe to warden under volume_id; the caller never sees it. */
res vault_release_volume_key(struct vault *v, str key_arn, str material, str context, str ciphertext, str volume_id,
                             struct err *e);

/* Certificates: the CA (DER) and a leaf for the given names, valid for days, over the public key (SubjectPublicKeyInfo
 * DER). Names outside the CA's constraints are rejected. */
res vault_ca_certificate(struct vault *v, struct arena *a, str *der, struct err *e);
res vault_issue_leaf(struct vault *v, const str *names, size_t n, str public_key_der, int days, struct arena *a,
                     str *der, struct err *e);

/* HMAC-SHA256 under a key of this purpose: seals the head of the audit chain. */
res vault_mac(struct vault *v, str purpose, str bytes, uint8_t mac[32], struct err *e);

#endif
