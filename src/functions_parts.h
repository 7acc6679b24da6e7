/* SPDX-License-Identifier: MIT */
/* Inside functions.c (who gets what) and functions_ask.c (one invocation on its way). */
#ifndef BARMKIN_FUNCTIONS_PARTS_H
#define BARMKIN_FUNCTIONS_PARTS_H
#include <pthread.h>

#include "api/flow.h"
#include "api/functions.h"
#include "base/map.h"
#include "front.h"
#include "serve.h"

enum { ENVIRONMENTS_MAX = 64, ID_BYTES = 64 };

struct ask;

struct environment { /* that has come up */
    struct arena *arena;
    char flow[ID_BYTES], eni[ID_BYTES], revision[ID_BYTES];
    struct ask *ask; /* at work; NULL: idle */
    bool gone;       /* it ended while at work */
    int64_t born_ms, idle_since_ms;
    struct environment *next;
};

struct fn { /* a function with something going on */
    struct arena *arena;
    str arn;
    char wanted[ID_BYTES]; /* the revision that serves */
    bool assumed;          /* by an invocation, not yet by an environment or a change */
    struct environment *environments;
    struct ask *first, **tail; /* in line */
    size_t waiting, starting;  /* starting: flows begun of which nothing has been heard */
    size_t running;            /* invocations, in line or at work */
};

enum { SPARES_MAX = 2, SPARE_SLOTS = 2 * SPARES_MAX };

struct spare_slot {
    char flow[ID_BYTES], box[ID_BYTES], volume[ID_BYTES]; /* flow "": a free slot */
    char taken_by[ID_BYTES];                              /* "": nobody's */
    int64_t taken_ms;
};

struct spares { /* functions_spare.c */
    struct spare_slot v[SPARE_SLOTS];
    size_t coming;               /* flows begun of which nothing has been heard */
    bool unwanted;               /* until an environment comes up again */
    int64_t begun_ms, wanted_ms; /* monotonic: when the last one was begun; when one was last of use */
};

struct functions {
    struct house *house;
    struct front *front;
    pthread_mutex_t lock;
    struct map by_arn;
    size_t n, starting; /* environments that are up; on their way */
    bool quiet;
    struct spares spares;
};

struct ask {             /* an invocation: of a request, or of a flow */
    struct arena *arena; /* of a flow's; else NULL: the request's own memory serves */
    struct functions *all;
    struct io_thread *thread; /* whose loop sends it */
    struct serving *serving;  /* or NULL */
    str flow;
    struct invocation_call call;
    struct fn *fn;
    struct environment *environment;
    char eni[ID_BYTES];
    struct fault refused; /* on its way to the loop */
    struct ask *next;
};

/* functions.c */
void ask_begin(struct functions *all, struct ask *k);
void ask_over(struct functions *all, struct ask *k, bool broken);

/* functions_spare.c */
void spares_refill(struct functions *all); /* under the lock: an environment has come up, others may follow */
void spares_drop(struct functions *all);   /* under the lock: there is no function any more that runs */
bool spare_is_wanted(struct house *h);
bool spare_ready(struct house *h, const struct spare *s);
bool spare_take(struct house *h, str flow, struct arena *a, struct spare *out);
void spare_gone(struct house *h, str flow);
bool spare_is_over(struct house *h, str flow);

/* functions_ask.c */
void environment_start(struct functions *all, const struct invocation_call *i); /* on the pool */
void ask_send(struct ask *k);                                                   /* on its loop's thread */
void ask_send_there(struct ask *k);                                             /* from any */
void ask_throttled(struct ask *k, const char *reason);
void ask_refused_there(struct ask *k, const struct fault *why); /* from any; copies */
void ask_invoke_for_flow(struct house *h, const struct invocation_call *i, str flow);

#endif
