/* SPDX-License-Identifier: MIT */
/* HTTP out of a sandbox: names by the VPC's resolver, TLS by Barmkin's CA, requests signed with the role's credentials.
 * Nothing of the host's network configuration is used. */
#ifndef BARMKIN_RUNTIMES_AGENT_WEB_H
#define BARMKIN_RUNTIMES_AGENT_WEB_H
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "wire/http.h"

enum { WEB_HEADERS_MAX = 12, WEB_REPLY_MAX = 8 << 20 };

struct web;

struct web_site {
    str region, resolver;                   /* "10.0.0.2" */
    str credentials_uri, credentials_token; /* behind http://169.254.170.2 */
    const char *ca_file;
};

/* Texts of the site must outlive it. */
res web_new(const struct web_site *site, struct web **out, struct err *e);
void web_free(struct web *w); /* NULL is fine */
const struct web_site *web_where(const struct web *w);

/* Fetches the role's credentials if they are not here or end within five minutes. */
res web_credentials(struct web *w, struct err *e);

/* The credentials themselves, for a program that shall find them in its environment. */
struct web_keys {
    str id, secret, token;
};
struct web_keys web_keys(const struct web *w);

struct web_request {
    str method, host, path, query;          /* path and query encoded, query absent or without '?' */
    struct header headers[WEB_HEADERS_MAX]; /* besides Host and what the signature adds */
    size_t n_headers;
    str payload_hash; /* hex SHA-256 of the body; absent: of none */
    str body;         /* small bodies; or */
    int body_fd;      /* a file's part, read by pread; -1: none */
    uint64_t body_at, body_bytes;
    int sink_fd; /* a body of a 200 or 206 goes here by write; -1: into the reply */
};
#define WEB_REQUEST ((struct web_request){.body_fd = -1, .sink_fd = -1})

struct web_reply {
    int status;
    str body;      /* in the arena; empty when it went to the sink */
    uint64_t sunk; /* bytes written to the sink */
    str etag;
};

/* One signed request to https://host (service "s3"), tried up to four times while the answer is 5xx or none, which a
 * sink must allow: it is cut back to its length before. Oops when there was no answer at all. */
res web_call(struct web *w, const struct web_request *q, struct arena *a, struct web_reply *reply, struct err *e);

#endif
