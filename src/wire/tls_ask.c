/* SPDX-License-Identifier: MIT */
/* OpenSSL's client half. */
#include "wire/tls_ask.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/buf.h"

enum { REPLY_MAX_BYTES = 64 * 1024, CHUNK_BYTES = 4096 };

static res talk(SSL *ssl, str request, struct arena *a, str *reply, struct err *e)
{
    struct buf b;
    int n = 1;

    if (SSL_write(ssl, request.p, (int)request.n) <= 0)
        return oops(e, errno, "the request could not be sent");
    buf_init(&b, REPLY_MAX_BYTES);
    while (n > 0 && !b.full) {
        char *room = buf_room(&b, CHUNK_BYTES);
        n = room ? SSL_read(ssl, room, CHUNK_BYTES) : 0;
        buf_took(&b, n > 0 ? (size_t)n : 0);
    }
    *reply = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return reply->n ? OK : oops(e, errno, "no answer came");
}

static res greet(SSL *ssl, char *host, struct err *e)
{
    if (SSL_set_tlsext_host_name(ssl, host) != 1 || SSL_set1_host(ssl, host) != 1)
        return oops(e, 0, "the name cannot be used");
    if (SSL_connect(ssl) == 1)
        return OK;
    long why = SSL_get_verify_result(ssl);
    if (why != X509_V_OK)
        return reject(e, "the certificate of %s is not trusted: %s", host, X509_verify_cert_error_string(why));
    return oops(e, errno, "no TLS with %s", host);
}

res tls_ask(int fd, str host, const char *ca_file, str request, struct arena *a, str *reply, struct err *e)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    res r = OK;

    if (!ctx || SSL_CTX_load_verify_file(ctx, ca_file) != 1)
        r = reject(e, "%s holds no certificates", ca_file);
    if (is_ok(r)) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        ssl = SSL_new(ctx);
        r = ssl && SSL_set_fd(ssl, fd) == 1 ? greet(ssl, arena_z(a, host), e) : oops(e, 0, "no TLS here");
    }
    if (is_ok(r))
        r = talk(ssl, request, a, reply, e);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return r;
}
