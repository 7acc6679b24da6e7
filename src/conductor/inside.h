/* SPDX-License-Identifier: MIT */
/* What the conductor's files share. */
#ifndef BARMKIN_CONDUCTOR_INSIDE_H
#define BARMKIN_CONDUCTOR_INSIDE_H
#include <pthread.h>

#include "api/box.h"
#include "barmkin.h"
#include "base/map.h"
#include "base/pool.h"
#include "conductor/conductor.h"
#include "store/writer.h"

enum { ANY_EFFECT = -1, STEP_ARENA_BYTES = 64 << 20 };
enum { MEND_FIRST_MS = 250, MEND_MAX_MS = 30000 }; /* of a network that was refused */

struct posted { /* an event on its way; lives in an arena of its own */
    struct arena *arena;
    str flow, event, data;
    int64_t effect; /* whose answer it is, or ANY_EFFECT */
    int64_t due_ms; /* monotonic; 0: now */
    struct posted *next;
};

struct alarm { /* a flow's timer */
    struct arena *arena;
    str flow;
    int64_t due_ms; /* monotonic */
    struct alarm *next;
};

struct conductor {
    struct arena *arena;
    struct house *house;
    struct vault *vault;
    const struct flow_kind *const *kinds; /* NULL-terminated */
    pthread_t thread;
    int wake, poll; /* eventfd; epoll */
    pthread_mutex_t lock;
    pthread_cond_t idle;
    struct posted *head, **tail, *late; /* late: not due yet */
    size_t effects;                     /* asked for and not ended */
    struct step *running;               /* one a flow */
    bool stopping, resumed;
    struct mend *mends;   /* networks to be tried again */
    struct alarm *alarms; /* conductor's thread only */
    struct boxes *boxes;
    struct flow_watch *flow_watch;
};

extern const struct service conductor_service; /* of our own inner operations; reachable by nobody */

/* step.c: runs one step to its commit, then hands its effects to the pool. Conductor's thread. */
void step_take(struct conductor *c, const struct posted *p);
/* A piece of work of ours inside a transaction: run answers through the writer's thread. Waits for the commit. */
struct inner_work {
    struct work work;
    struct call call;
    struct operation op;
    struct caller who;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished, committed, quiet; /* quiet: writes no audit record */
};
/* What is to run, under which name for the audit log; `in` and `out` lie beside the work. */
void inner_work_plan(struct inner_work *w, const char *name, res (*run)(struct call *c, const void *in, void *out),
                     struct barmkin_flow_step *in, struct barmkin_nothing *out);
struct caller inner_caller(str service, str account); /* a service at work in an account */
#define INNER_SERVICE S("barmkin.amazonaws.com")      /* the conductor's own */
res inner_work_run(struct conductor *c, struct inner_work *w, struct arena *a, struct arena *secrets);
void inner_work_done(struct inner_work *w);

/* conductor.c */
void conductor_post(struct conductor *c, str flow, const char *event, str data, int64_t effect, int64_t in_ms);
void conductor_wake(struct conductor *c);
void alarm_set(struct conductor *c, str flow, int64_t wake_wall_ms); /* 0: none */
extern const struct flow_kind *const flow_kinds[];                   /* kinds.c */

/* mend.c */
int64_t mends_tick(struct conductor *c); /* begins what is due; the monotonic time of the next */
void mends_free(struct conductor *c);
int64_t mend_wait_ms(int64_t before_ms); /* how much later the next attempt comes */

/* box.c */
struct boxes *boxes_new(struct conductor *c);
void boxes_free(struct boxes *b);
void boxes_readable(struct boxes *b, uint64_t token); /* of an epoll event */
int64_t boxes_tick(struct boxes *b);                  /* ships logs that are due; the monotonic time of the next */

/* box_bytes.c */
res box_send(int fd, str text, struct err *e);
res box_send_parts(struct house *h, int fd, const struct box_plan *p, struct err *e);

bool boxes_have(struct boxes *b, str flow);
res boxes_abandon(struct effect *x); /* an effect: closes the box of a flow whose record is gone, with its account */

/* flow_logs.c */
res flow_watch_start(struct conductor *c, struct err *e);
void flow_watch_stop(struct conductor *c);

/* log.c */
struct log_batch {
    str role_arn, session, service, subject_arn, account, region, group, stream;
    bool first; /* group and stream may have to be made */
    const str *lines;
    const int64_t *times_ms;
    size_t n;
};
void log_ship(struct conductor *c, const struct log_batch *b);

#endif
