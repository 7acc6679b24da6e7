/* SPDX-License-Identifier: MIT */
/* Boxes: the sandbox of a flow with its volume, its agent, its log and its credentials. The conductor watches it and
 * tells the flow: "agent-stage" {"stage"}, "agent-ready" {"bytes"}, "agent-uploaded" {...}, "agent-failed" {"reason"},
 * "agent-gone" {"box"}, "exited" {"box","code","signal","oom"} (runtimes/agent/README.md; warden/sandbox.h).
 * For effects only, but for box_own_key: these calls wait for warden. */
#ifndef BARMKIN_API_BOX_H
#define BARMKIN_API_BOX_H
#include "api/house.h"

/* What the agent gets right after its order: bytes, or a slice of a sealed blob. */
struct box_part {
    str bytes; /* or, absent: */
    str blob_id;
    uint8_t key[32];
    uint64_t offset, length;
};

/* A folder of a file system that the box sees below /opt/ml. Vault has been told to release the file system's key. */
struct box_share {
    str file_system, folder; /* "fs-...", "/a/b": a client's words */
    str at;                  /* "input/data/train" */
    str target;              /* the interface of the mount target: the box's packets must get to its port 2049 */
    uint32_t target_ip;      /* host byte order */
    bool read_only, squash_root;
};

struct box_plan {
    str box, volume, eni, vpc; /* ids; eni absent: it has no network, and its agent no credentials, until box_adopt */
    uint64_t volume_mib;
    uint32_t own_ip, resolver_ip; /* host byte order */
    str image;                    /* a folder of images */
    uint32_t memory_mib;
    uint32_t tmp_mib;             /* of /tmp; 0: 64 */
    uint32_t cpu_shares;          /* 0: as any other */
    str order;                    /* the agent's order without its credentials: JSON text of an object */
    str role_arn, session;        /* whose credentials it gets */
    str service, subject_arn;     /* for which service principal, and for which resource of it */
    str account, region;          /* of the flow */
    str log_group, log_stream;    /* absent: its output is dropped */
    const struct box_part *parts; /* borrowed during box_open */
    size_t n_parts;
    const struct box_share *shares; /* borrowed during box_open */
    size_t n_shares;
};

enum { BOX_KEY_BYTES = 64 }; /* of any volume: what fscrypt takes */
/* In a step, for a volume without a customer's key: one that this house makes for it and forgets with it, and that
 * vault releases to warden. */
res box_own_key(struct call *c, str volume);
/* Makes and mounts the volume (whose key vault has been told to release) and the shared file systems, registers the
 * credentials, starts the agent and gives it its order. Rejects, with words for the client, only a file system that
 * cannot be mounted and an order that is too long. */
res box_open(struct house *h, str flow_id, const struct box_plan *p, struct err *e);
/* The running box of another flow, which had no network and nothing of anybody in it, is this flow's from now on: it
 * gets interface, credentials and an order. p names its box and volume. */
res box_adopt(struct house *h, str from_flow, str flow_id, const struct box_plan *p, struct err *e);
res box_run(struct house *h, str flow_id, struct err *e);  /* starts the container */
res box_stop(struct house *h, str flow_id, struct err *e); /* SIGTERM to its program */
res box_kill(struct house *h, str flow_id, struct err *e);
res box_tell(struct house *h, str flow_id, str line, struct err *e); /* one line to the agent */
/* Bytes in use of a file system that a box shares; false when none does. */
bool box_share_used(struct house *h, str file_system, uint64_t *bytes);
/* The image of a file system goes. Repeating it, or one that was never mounted, is fine. */
res box_share_forget(struct house *h, str file_system, struct err *e);
/* Everything of it goes, with the volume's image. Repeating it, or a box that a crash took, is fine. */
res box_close(struct house *h, str flow_id, str box, str volume, struct err *e);

/* The credentials endpoint of sandboxes (serve's doors, through house->sandbox_doors): who shows the token at the place
 * of the box's interface gets the role's credentials. */
struct sandbox_doors {
    res (*add)(struct house *h, const struct box_plan *p, str token, struct err *e);
    void (*remove)(struct house *h, str box);
};

/* GET http://127.0.0.1:8080/ping inside the interface's network: *healthy only for a 200 within timeout_ms. */
res box_ping(struct house *h, str eni, int timeout_ms, bool *healthy, struct err *e);
/* Waits until somebody listens on port 8080 inside it (an interface, or a box that has none); rejects when nobody does
 * in time. */
res box_await(struct house *h, str place, int timeout_ms, struct err *e);
/* POST /begin to it: 200 within the time, or oops. */
res box_begin(struct house *h, str eni, int timeout_ms, struct err *e);

#endif
