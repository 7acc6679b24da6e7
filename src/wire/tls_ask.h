/* SPDX-License-Identifier: MIT */
/* The client side of TLS, once: for `barmkin doctor`, which must see what a client sees. */
#ifndef BARMKIN_WIRE_TLS_ASK_H
#define BARMKIN_WIRE_TLS_ASK_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Sends `request` as `host` over a connected, blocking socket with timeouts, and reads until the peer ends, at most
 * 64 KiB. ca_file (PEM) is all that is trusted. Rejects a certificate that is not
 * the host's, naming why. The socket stays the caller's. */
res tls_ask(int fd, str host, const char *ca_file, str request, struct arena *a, str *reply, struct err *e);

#endif
