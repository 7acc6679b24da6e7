/* SPDX-License-Identifier: MIT */
/* What travels between warden and its peers: typed messages, length first, over a stream socketpair, with descriptors.
 */
#ifndef BARMKIN_WARDEN_MESSAGE_H
#define BARMKIN_WARDEN_MESSAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum {
    MESSAGE_BODY_MAX = 256 * 1024, /* bytes after the head */
    MESSAGE_FDS_MAX = 16,
    MESSAGE_REPLY = 0x8000, /* set in the type of a reply; the rest is the request's type */
};

/* Requests (front or vault to warden) and events (warden to front). Numbers are part of the protocol: never reused.
 * Both ends come from one build, so bodies are plain structs in host byte order. */
enum warden_type {
    /* Networks: bodies below and in warden/plan.h. */
    WARDEN_PING = 1,       /* no body; the reply's body is empty: all messages sent before it were handled */
    WARDEN_VPC_APPLY = 2,  /* an encoded plan (plan.h) */
    WARDEN_VPC_REMOVE = 3, /* struct message_id */
    WARDEN_LISTEN_IN = 4,  /* struct message_socket; the reply carries one descriptor */
    WARDEN_UDP_IN = 5,     /* the same */
    WARDEN_CONNECT_IN = 6, /* the same, its id an interface's */
    WARDEN_CLEANUP = 7,    /* no body; everything that carries TAG goes, as at start */
    WARDEN_LOG_IN = 8,     /* struct message_id, a VPC's; the reply carries one descriptor */
    WARDEN_REACH_IN = 9,   /* struct message_reach; the reply carries two: who listens, who connects */
    WARDEN_NEW_VAULT = 16, /* from the parent only: one descriptor, the new pipe to a replaced vault */
    /* Volumes 64..95 and sandboxes 96..127: bodies in the headers of those modules. */
    WARDEN_VOLUMES_FIRST = 64,
    WARDEN_SANDBOXES_FIRST = 96,
    /* Events, from warden to front, request id 0, never answered. */
    WARDEN_EVENTS_FIRST = 192,
    WARDEN_EVENT_SANDBOX_EXITED = 192,
    WARDEN_TYPE_MAX = 255,
};

struct message_head {
    uint32_t body_bytes;
    uint16_t type;
    uint16_t n_fds;
    uint64_t request; /* chosen by the asker, repeated in the reply; 0 in events */
};

/* The body of every reply starts with this; what the request's type defines follows when why is WHY_OK. */
struct message_outcome {
    int32_t why; /* WHY_OK, WHY_OOPS or WHY_REJECT of base/err.h */
    int32_t sys_errno;
    char what[248]; /* NUL-terminated */
};

/* Resource ids are ours: "vpc-", "eni-", "vpce-", "vol-", ... and 17 lower-case hex digits. NUL-filled to the end. */
enum { MESSAGE_ID_BYTES = 24 };
struct message_id {
    char z[MESSAGE_ID_BYTES];
};
/* True for exactly `prefix` (with its dash), 17 hex digits, and NULs to the end: such an id may become a path. */
bool message_id_ok(const struct message_id *id, const char *prefix);

/* Text into an id; false when it is none of that kind. */
bool message_id_read(str text, const char *prefix, struct message_id *id);

struct message_socket { /* WARDEN_LISTEN_IN, WARDEN_UDP_IN: a VPC's id; WARDEN_CONNECT_IN: an interface's, or a
                           sandbox's without one */
    struct message_id id;
    uint32_t addr; /* host byte order */
    uint16_t port;
    uint16_t zero;
};

struct message_reach { /* may packets go from one interface to another: both ids are interfaces' */
    struct message_id from, to;
    uint32_t addr; /* of `to`, host byte order */
    uint16_t port;
    uint16_t zero;
};

/* Sends head, then the parts of the body, with the descriptors (they stay the caller's). Blocks; oops if the peer is
 * gone or the socket's send timeout passes: the stream is then unusable. head->body_bytes and n_fds are set here. */
struct message_part {
    const void *p;
    size_t n;
};
res message_send(int sock, struct message_head *head, const struct message_part *parts, size_t n_parts, const int *fds,
                 size_t n_fds, struct err *e);

/* Receives one whole message into `body` (cap bytes, 16-aligned by the caller). Descriptors arrive close-on-exec and
 * are the caller's. Oops with sys_errno 0 and *end set at a clean end of stream; reject when the head breaks a limit or
 * the number of descriptors is not the announced one (they are closed then): the peer must not be listened to again. */
res message_receive(int sock, struct message_head *head, void *body, size_t cap, int fds[MESSAGE_FDS_MAX], bool *end,
                    struct err *e);

#endif
