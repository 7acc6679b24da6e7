/* SPDX-License-Identifier: MIT */
/* TLS 1.2 and 1.3 for the server side: one context for all loops, certificates by name on demand. */
#ifndef BARMKIN_WIRE_TLS_H
#define BARMKIN_WIRE_TLS_H
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { TLS_CHAIN_MAX = 4 };

/* A certificate as `issue` answers it. The arena is the library's: wiped and freed after the call. */
struct tls_cert {
    struct arena *arena;      /* to allocate the rest from; made for secrets */
    str chain[TLS_CHAIN_MAX]; /* DER, the leaf first */
    size_t n_chain;
    str private_key; /* DER, PKCS #8 */
};

/* Answers with a certificate for the name a client asked for (lower case; absent: it named none). Called on the thread
 * of the loop whose handshake needs it, with that loop's own context (loop_tls_context); never for a name that is
 * cached and fresh. A failure refuses the handshake. */
typedef res tls_issue(void *ctx, str sni_name, struct tls_cert *out);

struct tls_server;
/* Certificates are cached by name (at most 256) and asked for again when a third of their life is left. */
res tls_server_new(tls_issue *issue, struct tls_server **out, struct err *e);
void tls_server_free(struct tls_server *s); /* after every loop that uses it */

/* One connection; the socket stays the caller's. */
struct tls_conn;
struct tls_conn *tls_conn_new(struct tls_server *s, int fd, void *issue_ctx); /* NULL: no memory for it */
void tls_conn_free(struct tls_conn *t);

enum tls_step { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_BROKEN };
enum tls_step tls_handshake(struct tls_conn *t);
uint8_t tls_version(struct tls_conn *t);    /* 12 or 13, once the handshake is done */
const char *tls_cipher(struct tls_conn *t); /* OpenSSL's name of the suite, static: "TLS_AES_128_GCM_SHA256" */
/* Like recv and send on a non-blocking socket: the count; 0 at the peer's end (reads); -1 with errno EAGAIN or EPIPE.
 */
ssize_t tls_read(struct tls_conn *t, void *dst, size_t n);
ssize_t tls_write(struct tls_conn *t, const void *src, size_t n);
void tls_goodbye(struct tls_conn *t); /* sends close_notify, as far as that goes without waiting */

#endif
