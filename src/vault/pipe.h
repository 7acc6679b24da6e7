/* SPDX-License-Identifier: MIT */
/* What travels between vault and its clients: typed messages of a few fields, length first, over a stream socketpair.
 * On the wire: u32 bytes that follow, u32 kind, then for each field u32 length and bytes; host byte order. */
#ifndef BARMKIN_VAULT_PIPE_H
#define BARMKIN_VAULT_PIPE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum {
    VAULT_PIPE_BYTES_MAX = 1 << 20, /* of a whole message */
    VAULT_PIPE_FIELDS_MAX = 8,
    VAULT_PIPE_ROOM_BYTES = 16384, /* what is received without asking for memory */
};

/* Kinds of requests; an answer's kind is the WHY_ of base/err.h, and its one field is then the reason. The fields in
 * order, and what is answered, stand at each name. Numbers are internal: both ends come from one build. */
enum vault_op {
    VAULT_OP_WRAP = 1,       /* purpose, aad, plain -> sealed */
    VAULT_OP_UNWRAP,         /* purpose, aad, sealed -> plain */
    VAULT_OP_NEW_SECRET,     /* access key id -> secret, sealed */
    VAULT_OP_SIGNING_KEY,    /* access key id, sealed, date, region, service -> key */
    VAULT_OP_SIGN_V2,        /* access key id, sealed, string to sign -> mac */
    VAULT_OP_SEAL_TOKEN,     /* claims -> token */
    VAULT_OP_OPEN_TOKEN,     /* token -> claims */
    VAULT_OP_KMS_NEW_KEY,    /* key arn -> material */
    VAULT_OP_KMS_ENCRYPT,    /* key arn, material, context, plain -> ciphertext */
    VAULT_OP_KMS_DECRYPT,    /* key arn, material, context, ciphertext -> plain */
    VAULT_OP_KMS_DATA_KEY,   /* key arn, material, context, u32 bytes, u32 1 to get the plain -> plain, ciphertext */
    VAULT_OP_RELEASE_VOLUME, /* key arn, material, context, ciphertext, volume id -> nothing */
    VAULT_OP_CA,             /* nothing -> certificate */
    VAULT_OP_LEAF,           /* names by line, public key, u32 days -> certificate */
    VAULT_OP_MAC,            /* purpose, bytes -> mac */
    VAULT_OP_END,
};

/* One end's receiving side. */
struct vault_pipe {
    int fd;
    struct arena *secrets; /* what one message needs beyond the room; reset by vault_pipe_settle */
    uint8_t *room;         /* VAULT_PIPE_ROOM_BYTES of a secret arena that lives as long as the pipe */
    size_t used;           /* bytes of the room to be wiped */
};
struct vault_message {
    uint32_t kind;
    size_t n;
    str fields[VAULT_PIPE_FIELDS_MAX]; /* valid until vault_pipe_settle */
};

/* Sends without copying. Rejects, with nothing sent, what is longer than VAULT_PIPE_BYTES_MAX; oops: the peer is gone.
 */
res vault_pipe_send(int fd, uint32_t kind, const str *fields, size_t n, struct err *e);
/* Receives one whole message. Oops: the peer is gone (with *end: cleanly, between two messages) or too slow; reject: it
 * does not keep to the format. In both cases the pipe is of no further use. */
res vault_pipe_receive(struct vault_pipe *p, struct vault_message *m, bool *end, struct err *e);
void vault_pipe_settle(struct vault_pipe *p); /* wipes what the last message and its handling left */

static inline str vault_pipe_number(const uint32_t *v)
{
    return str_n((const char *)v, sizeof *v);
}

#endif
