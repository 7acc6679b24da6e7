/* SPDX-License-Identifier: MIT */
/* Certificates (RFC 5280): a CA that can vouch for nothing but our own names, its leaves, P-256 key pairs, PEM. */
#ifndef BARMKIN_CRYPTO_X509_H
#define BARMKIN_CRYPTO_X509_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { X509_LEAF_DAYS_MAX = 397, X509_NAMES_MAX = 64 };

/* Makes an ECDSA P-256 key pair: PKCS#8 DER in `secrets`, SubjectPublicKeyInfo DER in `a`. About 50 us. */
res x509_make_key_pair(struct arena *secrets, str *private_der, struct arena *a, str *public_der, struct err *e);

/* Makes a CA valid for ten years, whose critical name constraints permit only the names of x509_name_permitted(). */
res x509_make_ca(struct arena *secrets, str *private_der, struct arena *a, str *cert_der, struct err *e);

/* A CA ready to sign; owns the library's objects; x509_issue_leaf may be called from many threads at once. */
struct x509_ca {
    void *key, *cert;
};
res x509_ca_load(struct x509_ca *ca, str private_der, str cert_der, struct err *e); /* oops: do not belong together */
void x509_ca_done(struct x509_ca *ca);                                              /* twice is fine */

/* Issues a certificate for a TLS server with these subject alternative names: DNS names, perhaps with a leading "*.",
 * and IP addresses. Valid from five minutes ago for `days` (1 .. X509_LEAF_DAYS_MAX), never beyond the CA. public_der
 * must be a P-256 key. Rejects any name that the constraints would not permit. */
res x509_issue_leaf(const struct x509_ca *ca, const str *names, size_t n, str public_der, int days, struct arena *a,
                    str *cert_der, struct err *e);

/* Whether a leaf may carry this name: a well-formed lower-case DNS name at or below one of the permitted domains, or an
 * address in 127.0.0.0/8, or ::1. */
bool x509_name_permitted(str name);

/* From when to when a certificate is valid, in wall time. */
res x509_validity(str cert_der, int64_t *from_ms, int64_t *until_ms, struct err *e);

/* PEM (RFC 7468) of DER; label is "CERTIFICATE", "PRIVATE KEY", ... Give a secret arena for private keys. */
str x509_pem(struct arena *a, str label, str der);

#endif
