/* SPDX-License-Identifier: MIT */
/* Flows: work that outlives its request. A service describes a kind as a table (state x event -> step -> next state);
 * the conductor keeps each flow as a record and runs its steps, one transaction each, through restarts and crashes. */
#ifndef BARMKIN_API_FLOW_H
#define BARMKIN_API_FLOW_H
#include "api/call.h"
#include "base/json.h"

struct conductor;

enum { FLOW_DATA_MAX_BYTES = 1 << 20 };

/* A flow as a step sees it. A step may change `data`, and through the functions below what happens next. */
struct flow {
    str id, kind, state;
    str account, region; /* whose it is */
    str subject;         /* the record it is about: a training job's name */
    json_t *data;        /* an object, the flow's own; lives as long as the call */
    int64_t attempts;    /* how often it began anew after a restart */
    int64_t wake_ms;     /* wall time of the next "timer" event; 0: none */
    struct flow_want *want;
};

struct flow_event {
    str name;
    const json_t *data; /* an object or NULL */
};

/* What an effect gets, on a thread of the pool: copies, and an arena of its own. It answers by `event` and `data`
 * (JSON text); left absent, no event follows. An error comes to the flow as the event "effect-failed" with
 * {"reason": text, "ours": bool}. */
struct effect {
    struct house *house;
    struct arena *arena;
    str flow, args; /* the flow's id; what flow_effect was given */
    str event, data;
    struct err err;
};
typedef res flow_effect_fn(struct effect *x);

/* A step runs inside c->txn with the flow's account as the caller's. It may run twice, as a handler may. A fault or an
 * oops that it lets out undoes it and comes back as the event "step-failed" with {"reason": text, "ours": bool}. */
typedef res flow_step(struct call *c, struct flow *f, const struct flow_event *e);

struct flow_rule {
    const char *state; /* "*": any */
    const char *event;
    flow_step *step;  /* NULL: only the state changes */
    const char *next; /* NULL: the step says (flow_go), or it stays */
};

/* Events that the conductor itself sends: "begin", "timer", "resumed" (the server has been started anew: what an effect
 * was doing is lost), "effect-failed", "step-failed". The first rule that fits is taken; an event without a rule is
 * dropped. */
struct flow_kind {
    const char *name, *service; /* the service principal its steps belong to: "sagemaker.amazonaws.com" */
    const struct flow_rule *rules;
    size_t n_rules;
};

/* ---- for handlers and steps ---- */
/* Makes a flow of the caller's account; it gets "begin" after the commit. data: JSON text of an object, or absent. */
res flow_begin(struct call *c, const char *kind, str subject, str data, str *id);
/* After the commit, an event for another flow. */
void flow_tell(struct call *c, str flow_id, const char *event);

/* ---- for steps ---- */
void flow_go(struct flow *f, const char *state);
void flow_wake(struct call *c, struct flow *f, int64_t in_ms); /* the timer; negative: none */
/* After the commit, fn on the pool. A flow has one effect at a time: an older one's answer is dropped. */
void flow_effect(struct call *c, struct flow *f, flow_effect_fn *fn, str args);
void flow_end(struct flow *f);                        /* the record goes */
str flow_text(const struct flow *f, const char *key); /* of data; absent if there is none */
void flow_set(struct flow *f, const char *key, str value);

/* The role for a step's calls: assumed by the service anew each time, so that it ends when the role or its trust does.
 * *why says the fault (its type is NULL when *out is set). */
res flow_role(struct call *c, const char *service, str role_arn, str session, str source_arn, const struct caller **out,
              struct fault *why);

/* ---- from any thread ---- */
/* flow_begin in the name of an account, in a transaction of its own; waits for its commit. Not on an I/O thread. */
res conductor_begin(struct house *h, str account, str region, const char *kind, str subject, str data, struct err *e);
/* data: JSON text of an object, or absent. */
void conductor_event(struct house *h, str flow_id, const char *event, str data);

#endif
