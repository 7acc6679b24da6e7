/* SPDX-License-Identifier: MIT */
/* What front's threads share (house) and what each owns (worker). Filled once at start by main; nothing here is global.
 */
#ifndef BARMKIN_API_HOUSE_H
#define BARMKIN_API_HOUSE_H
#include <stdatomic.h>

#include "api/call.h"
#include "base/map.h"
#include "base/time.h"

struct writer;
struct blobs;
struct audit;
struct warden_client;
struct network_doors;
struct pool;
struct conductor;
struct sigkeys;
struct sandbox_doors;
struct function_pool;
struct functions;
struct used;

struct house {
    str state_dir, region, partition, tag, endpoint_url;
    str org_id, management_account;
    struct writer *writer;
    struct worker *writer_worker; /* what calls run with on the writer's thread */
    struct blobs *blobs;
    struct audit *audit;
    struct warden_client *warden;
    struct pool *pool; /* four threads for what blocks */
    struct conductor *conductor;
    struct used *used; /* api/used.h; NULL: nothing is noted */
    /* Grows whenever a commit has changed who may do what (iam, organizations, accounts, VPC endpoints). Caches of
     * callers and their policies hold for one value of it. Published after COMMIT, before the replies. */
    _Atomic uint64_t law_generation;
    _Atomic bool audit_failed;                 /* the audit log takes nothing at present: no reply may leave */
    _Atomic bool ready;                        /* flows have been resumed */
    uint32_t owner_uid;                        /* of the state folder: may use the admin channel, beside root */
    void *doors;                               /* struct doors of serve: listeners in namespaces */
    const struct network_doors *network;       /* api/network.h; NULL: nothing is served, no VPC is made */
    const struct sandbox_doors *sandbox_doors; /* api/box.h; NULL: sandboxes get no credentials */
    const struct function_pool *functions;     /* api/functions.h; NULL: nothing is invoked */
    struct functions *environments;            /* of serve, behind it */
    const uint8_t *page_key;                   /* 32 bytes: makes page tokens opaque */
};

/* What the gate keeps (api/kept.h), by name. */
struct kept_entry {
    str name;
    void *made;
};
struct kept {
    struct map by_name;
    const struct kept_entry *last; /* that was asked for */
};

/* A time as a condition key tells it, kept while it is the same second. */
struct told_time {
    int64_t s;
    str text; /* in `room`; absent: nothing is kept yet */
    char room[TIME_TEXT_BYTES];
};

struct worker {
    struct house *house;
    struct vault *vault;
    struct store *store;
    struct sigkeys *signing_keys;
    /* Compiled policies by their text: the text is the key, so an entry can never be stale. */
    struct map policies;
    struct arena *policy_names;
    const struct cached_policy *recent[8]; /* asked first: to compare two texts is quicker than to hash one */
    size_t next_recent;
    /* As of one law_generation: callers, records of record_load_kept, and what the gate keeps. */
    struct map callers, records;
    struct kept principals, guardrails, endpoints, roles;
    struct told_time now, epoch, issued; /* to write one takes as long as to add ten keys */
    struct arena *law_arena;
    uint64_t law_generation;
};

void worker_init(struct worker *w, struct house *h, struct vault *v, struct store *s);
void worker_done(struct worker *w);
/* Forgets what may be outdated or has grown too large. Call it between calls, never inside one. */
void worker_tidy(struct worker *w);
/* True when caches may be read and filled in this call: its snapshot is as new as they are and it has not itself
 * changed the law. */
bool worker_cache_holds(const struct call *c);

/* Compiles once per text. Rejects a malformed document; the result lives as long as the worker's next tidy. */
res worker_policy(struct worker *w, str text, enum policy_kind kind, str name, const struct policy **out,
                  struct err *e);

#endif
