/* SPDX-License-Identifier: MIT */
/* Certificates by OpenSSL. Objects of the library live in the outermost function that needs them; the work in between
 * is done by functions that only borrow them, so that every path frees. */
#include "crypto/x509.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/enc.h"
#include "base/time.h"
#include "crypto/names.h"
#include "crypto/random.h"

enum { CA_DAYS = 3650, BACKDATE_SECONDS = 300, DAY_SECONDS = 86400 };

static res failed(struct err *e, const char *what)
{
    ERR_clear_error(); /* the library's own texts may quote input */
    return oops(e, 0, "%s failed", what);
}

static str der_into(struct arena *a, const void *object, int (*i2d)(const void *, unsigned char **))
{
    int n = i2d(object, NULL);
    if (n <= 0)
        return STR_ABSENT;
    unsigned char *p = arena_alloc(a, (size_t)n), *at = p;
    i2d(object, &at);
    return str_n((char *)p, (size_t)n);
}

static int i2d_cert(const void *x, unsigned char **out)
{
    return i2d_X509(x, out);
}
static int i2d_public(const void *x, unsigned char **out)
{
    return i2d_PUBKEY(x, out);
}
static int i2d_private(const void *x, unsigned char **out)
{
    return i2d_PKCS8_PRIV_KEY_INFO(x, out);
}

static res private_into(EVP_PKEY *key, struct arena *secrets, str *der, struct err *e)
{
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);

    *der = p8 ? der_into(secrets, p8, i2d_private) : STR_ABSENT;
    PKCS8_PRIV_KEY_INFO_free(p8); /* wipes its copy */
    return str_is(*der) ? OK : failed(e, "encoding a private key");
}

res x509_make_key_pair(struct arena *secrets, str *private_der, struct arena *a, str *public_der, struct err *e)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    if (!key)
        return failed(e, "making a key pair");
    res r = private_into(key, secrets, private_der, e);
    *public_der = der_into(a, key, i2d_public);
    EVP_PKEY_free(key);
    TRY(r);
    return str_is(*public_der) ? OK : failed(e, "encoding a public key");
}

/* The parts of a certificate that do not depend on what it is for. */
static bool fill_frame(X509 *cert, X509_NAME *issuer, const char *common_name, int64_t until_s, EVP_PKEY *public)
{
    time_t now = (time_t)(time_wall_ms() / 1000);
    uint8_t serial[16];
    X509_NAME *subject = X509_get_subject_name(cert);

    random_bytes(serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and always as long */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok && X509_set_version(cert, X509_VERSION_3) &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Barmkin", -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) &&
           X509_set_issuer_name(cert, issuer ? issuer : subject) &&
           ASN1_TIME_set(X509_getm_notBefore(cert), now - BACKDATE_SECONDS) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)until_s) && X509_set_pubkey(cert, public);
}

struct extension {
    int nid;
    const char *value;
};

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *list, size_t n)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, list[i].nid, list[i].value);
        bool ok = x && X509_add_ext(cert, x, -1);
        X509_EXTENSION_free(x);
        if (!ok)
            return false;
    }
    return true;
}

static str ca_fill(X509 *cert, EVP_PKEY *key, struct arena *a)
{
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
        {NID_name_constraints, names_constraint(a).p},
    };
    int64_t until = time_wall_ms() / 1000 + (int64_t)CA_DAYS * DAY_SECONDS;

    if (!fill_frame(cert, NULL, "Barmkin private CA", until, key) ||
        !add_extensions(cert, cert, extensions, sizeof extensions / sizeof *extensions) ||
        !X509_sign(cert, key, EVP_sha256()))
        return STR_ABSENT;
    return der_into(a, cert, i2d_cert);
}

res x509_make_ca(struct arena *secrets, str *private_der, struct arena *a, str *cert_der, struct err *e)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();

    *cert_der = key && cert ? ca_fill(cert, key, a) : STR_ABSENT;
    res r = str_is(*cert_der) ? private_into(key, secrets, private_der, e) : failed(e, "making a CA");
    X509_free(cert);
    EVP_PKEY_free(key);
    return r;
}

static X509 *cert_of(str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *cert = d2i_X509(NULL, &at, (long)der.n);

    if (cert && at == (const unsigned char *)der.p + der.n)
        return cert;
    X509_free(cert);
    return NULL;
}

res x509_ca_load(struct x509_ca *ca, str private_der, str cert_der, struct err *e)
{
    const unsigned char *at = (const unsigned char *)private_der.p;

    ca->key = d2i_AutoPrivateKey(NULL, &at, (long)private_der.n);
    ca->cert = cert_of(cert_der);
    if (ca->key && ca->cert && X509_check_private_key(ca->cert, ca->key) == 1)
        return OK;
    x509_ca_done(ca);
    return failed(e, "loading the CA's key and certificate");
}

void x509_ca_done(struct x509_ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->cert);
    ca->key = ca->cert = NULL;
}

static res public_key_of(str der, EVP_PKEY **key, struct err *e)
{
    const unsigned char *at = (const unsigned char *)der.p;
    char group[32] = "";

    *key = der.n ? d2i_PUBKEY(NULL, &at, (long)der.n) : NULL;
    if (*key && at == (const unsigned char *)der.p + der.n &&
        EVP_PKEY_get_group_name(*key, group, sizeof group, NULL) == 1 && str_eq(str_z(group), S("prime256v1")))
        return OK;
    EVP_PKEY_free(*key);
    *key = NULL;
    ERR_clear_error();
    return reject(e, "the public key is not a P-256 key in SubjectPublicKeyInfo form");
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static str leaf_fill(X509 *cert, const struct x509_ca *ca, EVP_PKEY *public, const char *names, int days,
                     struct arena *a)
{
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, names},
    };
    int64_t until = time_wall_ms() / 1000 + (int64_t)days * DAY_SECONDS, end = seconds_of(X509_get0_notAfter(ca->cert));

    /* The common name has a blank, so no client takes it for a host name; the alternative names alone count. */
    if (!fill_frame(cert, X509_get_subject_name(ca->cert), "Barmkin server", until < end ? until : end, public) ||
        !add_extensions(cert, ca->cert, extensions, sizeof extensions / sizeof *extensions) ||
        !X509_sign(cert, ca->key, EVP_sha256()))
        return STR_ABSENT;
    return der_into(a, cert, i2d_cert);
}

static res alternative_names(const str *names, size_t n, struct arena *a, str *text, struct err *e)
{
    *text = S("");
    if (n < 1 || n > X509_NAMES_MAX)
        return reject(e, "a certificate needs 1 to %d names", X509_NAMES_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!x509_name_permitted(names[i])) /* the library parses this text: nothing but names may get there */
            return reject(e, "the CA may not vouch for the name %.*s", FMT(str_sub(names[i], 0, 253)));
        str kind = names_is_address(names[i]) ? S("IP:") : S("DNS:");
        *text = arena_cat(a, *text, arena_cat(a, i ? S(",") : S(""), arena_cat(a, kind, names[i])));
    }
    return OK;
}

res x509_issue_leaf(const struct x509_ca *ca, const str *names, size_t n, str public_der, int days, struct arena *a,
                    str *cert_der, struct err *e)
{
    EVP_PKEY *public;
    str text;

    if (days < 1 || days > X509_LEAF_DAYS_MAX)
        return reject(e, "a certificate is valid for 1 to %d days", X509_LEAF_DAYS_MAX);
    TRY(alternative_names(names, n, a, &text, e));
    TRY(public_key_of(public_der, &public, e));
    X509 *cert = X509_new();
    *cert_der = cert ? leaf_fill(cert, ca, public, arena_z(a, text), days, a) : STR_ABSENT;
    X509_free(cert);
    EVP_PKEY_free(public);
    return str_is(*cert_der) ? OK : failed(e, "issuing a certificate");
}

res x509_validity(str cert_der, int64_t *from_ms, int64_t *until_ms, struct err *e)
{
    X509 *cert = cert_of(cert_der);

    if (!cert) {
        ERR_clear_error();
        return reject(e, "not a certificate in DER form");
    }
    *from_ms = seconds_of(X509_get0_notBefore(cert)) * 1000;
    *until_ms = seconds_of(X509_get0_notAfter(cert)) * 1000;
    X509_free(cert);
    return OK;
}

str x509_pem(struct arena *a, str label, str der)
{
    enum { LINE = 64 };
    str text = base64_encode(a, der);
    size_t n = text.n + text.n / LINE + 1, at = 0;
    char *body = arena_alloc(a, n);

    for (size_t i = 0; i < text.n; i += LINE) {
        str line = str_sub(text, i, LINE);
        memcpy(body + at, line.p, line.n);
        at += line.n;
        body[at++] = '\n';
    }
    return arena_printf(a, "-----BEGIN %.*s-----\n%.*s-----END %.*s-----\n", FMT(label), (int)at, body, FMT(label));
}
