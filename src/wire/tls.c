/* SPDX-License-Identifier: MIT */
/* OpenSSL behind four verbs, and the cache of certificates by name. */
#include "wire/tls.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"

enum { NAMES_MAX = 256, NAME_BYTES = 254, CERT_ARENA_BYTES = 256 * 1024 };

struct cached {
    char name[NAME_BYTES];
    size_t name_n;
    X509 *leaf; /* NULL: free */
    STACK_OF(X509) * rest;
    EVP_PKEY *key;
    int64_t renew_at_ms, expires_ms, used_ms;
};

struct tls_server {
    struct arena *arena;
    SSL_CTX *ctx;
    tls_issue *issue;
    pthread_mutex_t lock; /* over the cache */
    struct cached cache[NAMES_MAX];
};

/* ---- certificates ---- */

static void cached_clear(struct cached *c)
{
    X509_free(c->leaf);
    sk_X509_pop_free(c->rest, X509_free);
    EVP_PKEY_free(c->key);
    *c = (struct cached){0};
}

static bool lower_name(const char *sni, struct cached *out)
{
    if (!sni)
        return true;
    for (; *sni; sni++) {
        if (out->name_n >= NAME_BYTES - 1 || !(isalnum((unsigned char)*sni) || strchr(".-_", *sni)))
            return false;
        out->name[out->name_n++] = (char)tolower((unsigned char)*sni);
    }
    return out->name_n > 0;
}

static bool read_der(const struct tls_cert *cert, struct cached *out)
{
    const unsigned char *p = (const unsigned char *)cert->private_key.p;
    struct tm end;

    if (cert->n_chain == 0 || cert->n_chain > TLS_CHAIN_MAX)
        return false;
    out->key = d2i_AutoPrivateKey(NULL, &p, (long)cert->private_key.n);
    out->rest = sk_X509_new_null();
    for (size_t i = 0; i < cert->n_chain; i++) {
        const unsigned char *der = (const unsigned char *)cert->chain[i].p;
        X509 *x = d2i_X509(NULL, &der, (long)cert->chain[i].n);
        if (x && i == 0)
            out->leaf = x;
        else if (!x || !sk_X509_push(out->rest, x))
            return false;
    }
    if (!out->key || !out->leaf || ASN1_TIME_to_tm(X509_get0_notAfter(out->leaf), &end) != 1)
        return false;
    out->expires_ms = (int64_t)timegm(&end) * 1000;
    out->renew_at_ms = time_wall_ms() + (out->expires_ms - time_wall_ms()) / 3 * 2;
    return X509_check_private_key(out->leaf, out->key) == 1;
}

static bool issue(struct tls_server *s, void *issue_ctx, struct cached *fresh)
{
    struct tls_cert cert = {.arena = arena_new_secret(CERT_ARENA_BYTES)};
    str name = fresh->name_n ? str_n(fresh->name, fresh->name_n) : STR_ABSENT;
    bool ok = is_ok(s->issue(issue_ctx, name, &cert)) && read_der(&cert, fresh);

    arena_free(cert.arena);
    if (!ok)
        log_warn("no certificate for \"%.*s\"", FMT(name));
    return ok;
}

/* Under the lock. */
static struct cached *find(struct tls_server *s, const struct cached *like)
{
    for (size_t i = 0; i < NAMES_MAX; i++) {
        struct cached *c = &s->cache[i];
        if (c->leaf && c->name_n == like->name_n && memcmp(c->name, like->name, like->name_n) == 0)
            return c;
    }
    return NULL;
}

/* Under the lock: where a new one goes; when all is full, in place of what was not used for longest. */
static struct cached *place_for(struct tls_server *s, const struct cached *fresh)
{
    struct cached *best = find(s, fresh);

    if (best)
        return best;
    best = s->cache;
    for (size_t i = 0; i < NAMES_MAX; i++) {
        struct cached *c = &s->cache[i];
        if (!c->leaf)
            return c;
        if (c->used_ms < best->used_ms)
            best = c;
    }
    return best;
}

/* Under the lock: the connection takes references of its own. */
static bool hand_out(struct cached *c, SSL *ssl)
{
    c->used_ms = time_mono_ms();
    return SSL_use_cert_and_key(ssl, c->leaf, c->key, c->rest, 1) == 1;
}

static int on_certificate(SSL *ssl, void *arg)
{
    struct tls_server *s = arg;
    struct cached fresh = {0};
    bool ok = false;

    if (!lower_name(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), &fresh))
        return 0;
    pthread_mutex_lock(&s->lock);
    struct cached *old = find(s, &fresh);
    bool good = old && time_wall_ms() < old->renew_at_ms;
    if (good)
        ok = hand_out(old, ssl);
    pthread_mutex_unlock(&s->lock);
    if (good)
        return ok;
    bool issued = issue(s, SSL_get_app_data(ssl), &fresh); /* unlocked: it may take a millisecond */
    pthread_mutex_lock(&s->lock);
    if (issued) {
        struct cached *place = place_for(s, &fresh);
        cached_clear(place);
        *place = fresh;
        ok = hand_out(place, ssl);
    } else {
        old = find(s, &fresh); /* one that should be renewed still serves until its end */
        ok = old && time_wall_ms() < old->expires_ms && hand_out(old, ssl);
        cached_clear(&fresh);
    }
    pthread_mutex_unlock(&s->lock);
    return ok;
}

/* ---- the context ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned int n,
                   void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_n, ours, sizeof ours - 1, in, n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

static bool configure(struct tls_server *s)
{
    SSL_CTX *x = s->ctx;

    SSL_CTX_set_options(x, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF); /* tickets instead */
    SSL_CTX_set_num_tickets(x, 1);
    SSL_CTX_set_alpn_select_cb(x, on_alpn, NULL);
    SSL_CTX_set_cert_cb(x, on_certificate, s);
    return SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(x, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") == 1 &&
           SSL_CTX_set1_groups_list(x, "X25519:P-256:P-384") == 1;
}

res tls_server_new(tls_issue *issue_fn, struct tls_server **out, struct err *e)
{
    struct arena *a = arena_new(sizeof(struct tls_server) + 4096);
    struct tls_server *s = ARENA_NEW(a, struct tls_server);

    s->arena = a;
    s->issue = issue_fn;
    pthread_mutex_init(&s->lock, NULL);
    s->ctx = SSL_CTX_new(TLS_server_method());
    if (!s->ctx || !configure(s)) {
        tls_server_free(s);
        return oops(e, 0, "TLS cannot be set up");
    }
    *out = s;
    return OK;
}

void tls_server_free(struct tls_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < NAMES_MAX; i++)
        cached_clear(&s->cache[i]);
    SSL_CTX_free(s->ctx);
    pthread_mutex_destroy(&s->lock);
    arena_free(s->arena);
}

/* ---- connections: a struct tls_conn is OpenSSL's SSL, and nothing else ---- */

static SSL *ssl_of(struct tls_conn *t)
{
    return (SSL *)(void *)t;
}

struct tls_conn *tls_conn_new(struct tls_server *s, int fd, void *issue_ctx)
{
    SSL *ssl = SSL_new(s->ctx);

    if (!ssl)
        return NULL;
    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_app_data(ssl, issue_ctx);
    SSL_set_accept_state(ssl);
    return (struct tls_conn *)(void *)ssl;
}

void tls_conn_free(struct tls_conn *t)
{
    SSL_free(ssl_of(t));
}

enum tls_step tls_handshake(struct tls_conn *t)
{
    ERR_clear_error();
    int n = SSL_do_handshake(ssl_of(t));

    if (n == 1)
        return TLS_DONE;
    switch (SSL_get_error(ssl_of(t), n)) {
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    default:
        return TLS_BROKEN;
    }
}

uint8_t tls_version(struct tls_conn *t)
{
    return SSL_version(ssl_of(t)) == TLS1_2_VERSION ? 12 : 13; /* older ones are refused */
}

const char *tls_cipher(struct tls_conn *t)
{
    return SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_of(t)));
}

static ssize_t outcome(struct tls_conn *t, int n)
{
    if (n > 0)
        return n;
    switch (SSL_get_error(ssl_of(t), n)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    default:
        SSL_set_shutdown(ssl_of(t), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* nothing may follow a failure */
        errno = EPIPE;
        return -1;
    }
}

ssize_t tls_read(struct tls_conn *t, void *dst, size_t n)
{
    ERR_clear_error();
    return outcome(t, SSL_read(ssl_of(t), dst, n > INT_MAX ? INT_MAX : (int)n));
}

ssize_t tls_write(struct tls_conn *t, const void *src, size_t n)
{
    ERR_clear_error();
    return outcome(t, SSL_write(ssl_of(t), src, n > INT_MAX ? INT_MAX : (int)n));
}

void tls_goodbye(struct tls_conn *t)
{
    ERR_clear_error();
    SSL_shutdown(ssl_of(t));
}
