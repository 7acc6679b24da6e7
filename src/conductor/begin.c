/* SPDX-License-Identifier: MIT */
/* Flows that no request begins: the house's own wish, as an environment for a function that is invoked. */
#include "api/gate.h"
#include "conductor/inside.h"

struct beginning {
    struct inner_work inner;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    str data;
};

static res begin(struct call *c, const void *in, void *out)
{
    const struct beginning *b = (const struct beginning *)((const char *)in - offsetof(struct beginning, in));
    str id;

    (void)out;
    return flow_begin(c, arena_z(c->arena, b->in.kind), b->in.subject, b->data, &id);
}

res conductor_begin(struct house *h, str account, str region, const char *kind, str subject, str data, struct err *e)
{
    struct arena *a = arena_new(STEP_ARENA_BYTES), *secrets = arena_new_secret(1 << 20);
    struct beginning *b = ARENA_NEW(a, struct beginning);

    *b = (struct beginning){.in = {.kind = str_z(kind), .subject = subject}, .data = data};
    b->inner.quiet = true;
    b->inner.who = inner_caller(INNER_SERVICE, account);
    inner_work_plan(&b->inner, "FlowBegin", begin, &b->in, &b->out);
    b->inner.call.region = region;
    res r = inner_work_run(h->conductor, &b->inner, a, secrets);
    if (is_ok(r))
        r = call_run_after(h, b->inner.call.after, e);
    else
        r = oops(e, 0, "a flow could not be begun: %.*s%s", FMT(b->inner.call.fault.message), b->inner.call.err.what);
    inner_work_done(&b->inner);
    arena_free(secrets);
    arena_free(a);
    return r;
}
