/* SPDX-License-Identifier: MIT */
/* An execution environment: interface, volume with the code, sandbox; in service until serve says that it is over, or
 * the function has changed, or the sandbox has ended. Nothing of it outlives the server: after a start it is cleared
 * away. */
#include "api/box.h"
#include "api/network.h"
#include "base/enc.h"
#include "base/time.h"
#include "crypto/random.h"
#include "lambda_parts.h"
#include "store/blob.h"
#include "warden/door.h"

enum {
    START_MS = 60 * 1000,
    LOOK_MS = 60 * 1000, /* how often serve is asked whether it is over */
    AWAIT_MS = 15 * 1000,
    CPU_MIB = 1769, /* of memory come with one processor */
};

extern const struct flow_kind lambda_environment_flow;

/* ---- telling serve ---- */

struct told {
    str function, revision, flow, eni;
    bool served;
    struct fault why;
};

static struct told *telling(struct call *c, const struct flow *f)
{
    struct told *t = ARENA_NEW(c->arena, struct told);

    *t = (struct told){.function = arena_dup(c->arena, flow_text(f, "function")),
                       .revision = arena_dup(c->arena, flow_text(f, "revision")),
                       .flow = f->id,
                       .served = str_eq(f->state, S("serving")),
                       .eni = arena_dup(c->arena, flow_text(f, "eni"))};
    return t;
}

static res tell_ready(struct house *h, void *arg, struct err *e)
{
    const struct told *t = arg;

    (void)e;
    if (!h->functions || !h->functions->ready(h, t->function, t->revision, t->flow, t->eni))
        conductor_event(h, t->flow, "retire", STR_ABSENT);
    return OK;
}

static res tell_gone(struct house *h, void *arg, struct err *e)
{
    const struct told *t = arg;

    (void)e;
    if (h->functions)
        h->functions->gone(h, t->function, t->flow, t->served, &t->why);
    return OK;
}

static res ask_whether_over(struct house *h, void *arg, struct err *e)
{
    const struct told *t = arg;

    (void)e;
    if (!h->functions || h->functions->is_over(h, t->function, t->flow))
        conductor_event(h, t->flow, "retire", STR_ABSENT);
    return OK;
}

/* ---- the end ---- */

static res fail(struct call *c, struct flow *f, const struct fault_type *type, str text)
{
    struct told *t = telling(c, f);

    t->why = (struct fault){.type = type, .message = arena_dup(c->arena, text)};
    call_after(c, tell_gone, t);
    return lambda_close_up(c, f);
}

static res on_retire(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    return lambda_close_up(c, f);
}

/* Of a sandbox that it had before this one. */
static bool is_late(const struct flow *f, const struct flow_event *e)
{
    str box = json_str_at(e->data, "box");

    return str_is(box) && !str_eq(box, flow_text(f, "box"));
}

/* Its program has ended, or the agent of one that has not begun: nobody can use it any more. */
static res on_ended(struct call *c, struct flow *f, const struct flow_event *e)
{
    str reason = json_str_at(e->data, "reason");

    if (is_late(f, e))
        return OK;

    return fail(c, f, &lambda_ServiceException,
                str_is(reason) ? reason : S("The function's execution environment ended unexpectedly."));
}

static res on_agent_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    str reason = json_str_at(e->data, "reason"), client = S("ClientError: ");

    if (str_eq(json_str_at(e->data, "stage"), S("Unpacking")) && str_starts(reason, client))
        return fail(c, f, &lambda_InvalidZipFileException,
                    arena_cat(c->arena, S("Lambda could not unzip the code package: "), str_from(reason, client.n)));
    return on_ended(c, f, e);
}

static res on_late(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    return fail(c, f, &lambda_ServiceException, S("The function's execution environment did not come up in time."));
}

static res on_closed(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    TRY(lambda_interface_drop(c, f));
    flow_end(f);
    return OK;
}

/* ---- the plan ---- */

static void put(json_t *o, const char *key, str value)
{
    json_object_set_new(o, key, json_of(value));
}

static str ip_text(struct arena *a, uint32_t ip)
{
    return arena_printf(a, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static str version_of(const struct lambda_function *fn)
{
    return fn->version.n ? fn->version : S("$LATEST");
}

/* The variables that every function finds; its own come first, and cannot be of these names. */
static json_t *variables(struct call *c, struct flow *f, const struct lambda_function *fn,
                         const struct lambda_runtime *runtime, const struct map_of_str *own)
{
    json_t *o = json_object();
    str memory = arena_printf(c->arena, "%lld", (long long)fn->memory_size.v);
    const struct str_pair set[] = {
        {S("_HANDLER"), fn->handler},
        {S("AWS_DEFAULT_REGION"), f->region},
        {S("AWS_REGION"), f->region},
        {S("AWS_EXECUTION_ENV"), str_z(runtime->execution_env)},
        {S("AWS_LAMBDA_FUNCTION_NAME"), fn->function_name},
        {S("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), memory},
        {S("AWS_LAMBDA_FUNCTION_VERSION"), version_of(fn)},
        {S("AWS_LAMBDA_INITIALIZATION_TYPE"), S("on-demand")},
        {S("AWS_LAMBDA_LOG_GROUP_NAME"), lambda_log_group(c, fn)},
        {S("AWS_LAMBDA_LOG_STREAM_NAME"), flow_text(f, "stream")},
    };

    lambda_add_constants(o);
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        put(o, arena_z(c->arena, set[i].key), set[i].value);
    for (size_t i = 0; i < own->n; i++)
        put(o, arena_z(c->arena, own->v[i].key), own->v[i].value);
    return o;
}

static json_t *arguments(struct call *c, const struct lambda_function *fn, const struct lambda_runtime *runtime)
{
    json_t *v = json_array();
    const str words[] = {S("/usr/bin/function-host"),
                         S("--timeout-ms"),
                         arena_printf(c->arena, "%lld", (long long)fn->timeout.v * 1000),
                         S("--memory-mib"),
                         arena_printf(c->arena, "%lld", (long long)fn->memory_size.v),
                         S("--arn"),
                         fn->function_arn,
                         S("--says"),
                         arena_printf(c->arena, "Runtime Version: %s", runtime->says),
                         S("--")};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        json_array_append_new(v, json_stringn(words[i].p, words[i].n));
    for (const char *const *p = runtime->program; *p; p++)
        json_array_append_new(v, json_string(*p));
    return v;
}

static json_t *order_of(struct call *c, struct flow *f, const struct lambda_function *fn, const struct map_of_str *own)
{
    const struct lambda_runtime *runtime = lambda_runtime_named(fn->runtime);
    json_t *o = json_object(), *resolver = json_object_get(f->data, "resolver");

    put(o, "kind", S("function"));
    put(o, "region", f->region);
    put(o, "resolver", ip_text(c->arena, resolver ? (uint32_t)json_integer_value(resolver) : DOOR_RESOLVER));
    put(o, "cwd", S("/opt/ml/task"));
    json_object_set_new(o, "code_bytes", json_integer(fn->code_size.v));
    json_object_set_new(o, "argv", arguments(c, fn, runtime));
    json_object_set_new(o, "env", variables(c, f, fn, runtime, own));
    return o;
}

/* One line of JSON, and behind it the zip as it is, if it comes from here. */
static str plan_of(struct call *c, struct flow *f, const struct lambda_function *fn, const json_t *order, str zip,
                   str parts)
{
    static const char *const copied[] = {"box", "volume", "eni", "vpc", "ip", "resolver", "stream", "spare"};
    json_t *o = json_object();

    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(o, copied[i], json_object_get(f->data, copied[i]));
    put(o, "order", json_text(c->arena, order));
    put(o, "role", fn->role);
    put(o, "session", lambda_session(c, fn->function_name));
    put(o, "arn", fn->function_arn);
    put(o, "account", f->account);
    put(o, "region", f->region);
    put(o, "group", lambda_log_group(c, fn));
    if (str_is(parts))
        put(o, "parts", parts);
    json_object_set_new(o, "memory", json_integer(fn->memory_size.v));
    json_object_set_new(o, "tmp", json_integer(fn->ephemeral_storage->size.v));
    str text = arena_printf(c->arena, "%.*s\n", FMT(json_text(c->arena, o)));
    json_decref(o);
    return str_is(zip) ? arena_cat(c->arena, text, zip) : text;
}

/* ---- effects ---- */

static str at(const json_t *o, const char *key)
{
    return json_str_at(o, key);
}

static uint32_t number(const json_t *o, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(o, key));
}

static res read_parts(struct effect *x, const json_t *plan, str zip, struct box_plan *p)
{
    struct box_part *v = ARENA_NEW(x->arena, struct box_part);
    json_t *o, *one, *list;
    size_t i;

    v->bytes = zip;
    p->parts = v;
    p->n_parts = 1;
    if (!str_is(at(plan, "parts")))
        return OK;
    TRY(json_parse(x->arena, at(plan, "parts"), &x->err, &o));
    list = json_object_get(o, "parts");
    p->parts = v = ARENA_ARRAY(x->arena, struct box_part, json_array_size(list) + 1);
    p->n_parts = json_array_size(list);
    json_array_foreach(list, i, one)
    {
        v[i].blob_id = at(one, "id");
        v[i].offset = (uint64_t)json_integer_value(json_object_get(one, "offset"));
        v[i].length = (uint64_t)json_integer_value(json_object_get(one, "length"));
        if (!hex_decode(at(one, "key"), v[i].key, BLOB_KEY_BYTES))
            return oops(&x->err, 0, "the code's keys cannot be read");
    }
    return OK;
}

static res open_box(struct effect *x)
{
    str zip = x->args, plan = str_cut(&zip, '\n');
    json_t *o;

    TRY(json_parse(x->arena, plan, &x->err, &o));
    uint32_t memory = number(o, "memory"), shares = memory * 1024 / CPU_MIB;
    struct box_plan p = {.box = at(o, "box"),
                         .volume = at(o, "volume"),
                         .eni = at(o, "eni"),
                         .vpc = at(o, "vpc"),
                         .volume_mib = LAMBDA_VOLUME_MIB,
                         .own_ip = number(o, "ip"),
                         .resolver_ip = number(o, "resolver"),
                         .image = S("python"),
                         .memory_mib = memory,
                         .tmp_mib = number(o, "tmp"),
                         .cpu_shares = shares < 2 ? 2 : shares,
                         .order = at(o, "order"),
                         .role_arn = at(o, "role"),
                         .session = at(o, "session"),
                         .service = S(LAMBDA),
                         .subject_arn = at(o, "arn"),
                         .account = at(o, "account"),
                         .region = at(o, "region"),
                         .log_group = at(o, "group"),
                         .log_stream = at(o, "stream")};
    if (!str_is(p.vpc)) {
        struct network_place place;
        TRY(x->house->network->enter(x->house, p.eni, &place, &x->err));
        p.vpc = place.vpc;
        p.own_ip = place.own_ip;
        p.resolver_ip = place.resolver_ip;
    }
    TRY(read_parts(x, o, zip, &p));
    return str_is(at(o, "spare")) ? box_adopt(x->house, at(o, "spare"), x->flow, &p, &x->err)
                                  : box_open(x->house, x->flow, &p, &x->err);
}

static res begin_box(struct effect *x)
{
    x->event = S("running");
    return box_begin(x->house, x->args, AWAIT_MS, &x->err);
}

/* ---- steps ---- */

static str stream_name(struct call *c, const struct lambda_function *fn)
{
    char day[TIME_TEXT_BYTES];

    str iso = time_iso(c->now_ms, day);
    return arena_printf(c->arena, "%.4s/%.2s/%.2s/[%.*s]%.*s", iso.p, iso.p + 5, iso.p + 8, FMT(version_of(fn)),
                        FMT(call_unique(c, "", 32)));
}

/* A spare one, which is nobody else's from now on, or a new one. */
static res take_sandbox(struct call *c, struct flow *f, const struct lambda_function *fn)
{
    const struct function_pool *pool = c->worker->house->functions;
    struct spare s;

    if (pool && fn->ephemeral_storage->size.v == LAMBDA_TMP_MIB && !str_is(flow_text(f, "spare")) &&
        pool->spare_take(c->worker->house, f->id, c->arena, &s)) {
        flow_set(f, "box", s.box);
        flow_set(f, "volume", s.volume);
        flow_set(f, "spare", s.flow);
        flow_tell(c, s.flow, "taken");
        return OK;
    }
    json_object_del(f->data, "spare");
    flow_set(f, "box", call_unique(c, "box-", 17));
    flow_set(f, "volume", call_unique(c, "vol-", 17));
    return box_own_key(c, flow_text(f, "volume"));
}

/* Code and environment, opened as the role, and everything that the sandbox needs. */
static res prepare(struct call *c, struct flow *f, const struct lambda_function *fn, const struct caller *role, str key)
{
    struct map_of_str own;
    json_t *order;
    str zip, parts;

    flow_set(f, "revision", fn->revision_id);
    flow_set(f, "stream", stream_name(c, fn));
    TRY(lambda_open_environment(c, fn, key, &own));
    TRY(lambda_code_parts(c, fn, key, &zip, &parts));
    TRY(lambda_interface_make(c, f, fn, role));
    TRY(take_sandbox(c, f, fn));
    order = order_of(c, f, fn, &own);
    flow_effect(c, f, open_box, plan_of(c, f, fn, order, zip, parts));
    json_decref(order);
    flow_wake(c, f, START_MS);
    flow_go(f, "starting");
    return OK;
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    static const struct fault_type not_assumed = {"AccessDeniedException", 403};
    str version = flow_text(f, "version");
    const struct lambda_function *fn;
    const struct caller *role;
    struct fault why;
    str key;

    (void)e;
    TRY(lambda_load(c, f->account, f->subject, version.n ? version : STR_ABSENT, &fn));
    if (!fn)
        return fail(c, f, &lambda_ResourceNotFoundException,
                    arena_cat(c->arena, S("Function not found: "), flow_text(f, "function")));
    TRY(flow_role(c, LAMBDA, fn->role, lambda_session(c, fn->function_name), fn->function_arn, &role, &why));
    if (!role)
        return fail(c, f, &not_assumed, S("The role defined for the function cannot be assumed by Lambda."));
    TRY(lambda_key_open(c, fn, role, &key, &why));
    if (why.type)
        return fail(
            c, f, &lambda_KMSAccessDeniedException,
            arena_printf(c->arena,
                         "Lambda was unable to decrypt the environment variables because KMS access was denied. "
                         "Please check the function's KMS key settings. KMS Exception: %s KMS Message: %.*s",
                         why.type->code, FMT(why.message)));
    return prepare(c, f, fn, role, key);
}

/* A step or an effect that failed: of EC2 for want of rights, or our own. */
static res on_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    bool ours = json_is_true(json_object_get(e->data, "ours"));

    return fail(c, f, ours ? &lambda_ServiceException : &lambda_EC2AccessDeniedException,
                ours ? S("The function's execution environment could not be made.") : json_str_at(e->data, "reason"));
}

/* Before the function has begun, and while the sandbox may have been a spare that had just ended: once more, with one
 * of its own. A customer need not know of our spares. */
static res begin_again(struct call *c, struct flow *f)
{
    lambda_close_box(c, f);
    flow_go(f, "again");
    return OK;
}

static res on_early_end(struct call *c, struct flow *f, const struct flow_event *e)
{
    return str_is(flow_text(f, "spare")) && !is_late(f, e) ? begin_again(c, f) : on_ended(c, f, e);
}

static res on_early_failure(struct call *c, struct flow *f, const struct flow_event *e)
{
    return str_is(flow_text(f, "spare")) ? begin_again(c, f) : on_failed(c, f, e);
}

static res on_again(struct call *c, struct flow *f, const struct flow_event *e)
{
    TRY(lambda_interface_drop(c, f));
    json_object_del(f->data, "vpc");
    return on_begin(c, f, e);
}

static res on_agent_ready(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_effect(c, f, str_is(flow_text(f, "spare")) ? begin_box : lambda_run_box, flow_text(f, "eni"));
    flow_wake(c, f, START_MS);
    return OK;
}

static res on_running(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    call_after(c, tell_ready, telling(c, f));
    flow_wake(c, f, LOOK_MS);
    return OK;
}

static res on_look(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    call_after(c, ask_whether_over, telling(c, f));
    flow_wake(c, f, LOOK_MS);
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, NULL},
    {"starting", "agent-ready", on_agent_ready, "launching"},
    {"launching", "running", on_running, "serving"},
    {"starting", "exited", on_early_end, NULL},
    {"starting", "agent-gone", on_early_end, NULL},
    {"starting", "effect-failed", on_early_failure, NULL},
    {"launching", "exited", on_early_end, NULL},
    {"launching", "agent-gone", on_early_end, NULL},
    {"launching", "effect-failed", on_early_failure, NULL},
    {"again", "closed", on_again, NULL},
    {"again", "exited", NULL, NULL},
    {"again", "agent-gone", NULL, NULL},
    {"again", "agent-failed", NULL, NULL},
    {"serving", "timer", on_look, NULL},
    {"closing", "closed", on_closed, NULL},
    {"closing", "effect-failed", lambda_on_retry, NULL},
    {"closing", "step-failed", lambda_on_retry, NULL},
    {"closing", "timer", on_retire, NULL},
    {"closing", "resumed", on_retire, NULL},
    {"closing", "retire", NULL, NULL},
    {"closing", "exited", NULL, NULL},
    {"closing", "agent-gone", NULL, NULL},
    {"closing", "agent-failed", NULL, NULL},
    {"closing", "agent-ready", NULL, NULL},
    {"closing", "running", NULL, NULL},
    {"*", "retire", on_retire, NULL},
    {"*", "resumed", on_retire, NULL},
    {"*", "exited", on_ended, NULL},
    {"*", "agent-failed", on_agent_failed, NULL},
    {"*", "agent-gone", on_ended, NULL},
    {"*", "effect-failed", on_failed, NULL},
    {"*", "step-failed", on_failed, NULL},
    {"*", "timer", on_late, NULL},
};
const struct flow_kind lambda_environment_flow = {"environment", LAMBDA, rules, sizeof rules / sizeof *rules};
