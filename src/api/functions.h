/* SPDX-License-Identifier: MIT */
/* Between the service that knows functions (lambda) and serve, which keeps their execution environments in memory and
 * sends them invocations. The service makes and ends environments, as flows; serve says when. Reached through the
 * house, as network and sandbox_doors are. */
#ifndef BARMKIN_API_FUNCTIONS_H
#define BARMKIN_API_FUNCTIONS_H
#include "api/call.h"

/* One invocation, and what must be known of its function to find or make an environment for it. */
struct invocation_call {
    str function, revision; /* its ARN, a version's with its number; environments of another revision take no more */
    str invoked, version;   /* the ARN it was asked by; "$LATEST" or a number */
    str account, region, name;
    str request_id, payload, client_context;
    int64_t timeout_ms; /* the function's */
    int64_t reserved;   /* at most so many at once; -1: as many as there is room for */
    bool tail;          /* the end of its log is wanted */
    str later;          /* asynchronous: the data of the flow that shall invoke it, instead; absent: now */
};

/* A sandbox that runs already, with an interpreter and nothing of any customer in it, and the flow that made it. */
struct spare {
    str flow, box, volume;
};

struct function_pool {
    /* The answer comes to the flow as the event "answered": {"status": HTTP status, "code": of a fault,
     * "function_error": ...}. Copies what it keeps. */
    void (*invoke)(struct house *h, const struct invocation_call *i, str flow);
    /* An environment has come up: it listens behind this interface. False: it is not wanted any more. */
    bool (*ready)(struct house *h, str function, str revision, str flow, str eni);
    /* It is gone, or (not `served`) did not come up: then an invocation that waits is told why. */
    void (*gone)(struct house *h, str function, str flow, bool served, const struct fault *why);
    /* Takes it out of service if it has had nothing to do for a while, or is too old and idle; true: it is to be ended.
     */
    bool (*is_over)(struct house *h, str function, str flow);
    /* Environments of other revisions end (all, where none is given): those at work after their work. */
    void (*retire)(struct house *h, str function, str revision);
    bool (*spare_is_wanted)(struct house *h); /* while one is made: else it need not go on */
    /* A spare has come up; false: it is not wanted any more. */
    bool (*spare_ready)(struct house *h, const struct spare *s);
    /* A spare for this flow, whose it is for good (the same one if it asks again, as steps may); false: there is none.
     * The flow tells the spare's that it was "taken". Texts in `a`. */
    bool (*spare_take)(struct house *h, str flow, struct arena *a, struct spare *out);
    /* It is a function's now, or gone, or did not come up. */
    void (*spare_gone)(struct house *h, str flow);
    bool (*spare_is_over)(struct house *h, str flow);
};

#endif
