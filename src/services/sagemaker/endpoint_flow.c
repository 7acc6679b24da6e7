/* SPDX-License-Identifier: MIT */
/* The life of one model server of an endpoint: interface and volume, the model fetched by the agent with the model's
 * role, the container, /ping until it is well, then service until it is taken away. */
#include "api/codec.h"
#include "sagemaker_parts.h"

enum {
    PING_EVERY_MS = 50,
    WELL_WITHIN_MS = 240000,
    DOWNLOAD_WITHIN_MS = 600000,
    AGAIN_MS = 1000,
    AGAIN_MAX_MS = 60000
};

extern const struct flow_kind sagemaker_endpoint_flow;

/* ---- the flow's own copy of its model ---- */

static res model_of(struct call *c, const struct flow *f, struct sagemaker_model **out)
{
    json_t *tree;

    *out = ARENA_NEW(c->arena, struct sagemaker_model);
    TRY(json_parse(c->arena, flow_text(f, "model"), &c->err, &tree));
    return json_decode(&sagemaker_model_shape, tree, *out, c->arena, &c->err);
}

static res launch_of(struct call *c, const struct flow *f, struct sagemaker_model **m, struct launch *l)
{
    TRY(model_of(c, f, m));
    *l = (struct launch){.service_arn = flow_text(f, "arn"),
                         .role_arn = (*m)->execution_role_arn,
                         .session = S("SageMaker"),
                         .vpc = (*m)->vpc_config,
                         .volume_key = flow_text(f, "key"),
                         .volume_gb = json_integer_value(json_object_get(f->data, "gb"))};
    return OK;
}

static json_t *order_of(const struct sagemaker_model *m)
{
    json_t *o = json_object(), *env = json_object(), *argv = json_array();

    for (size_t i = 0; i < m->run_environment.n; i++)
        json_object_setn_new(env, m->run_environment.v[i].key.p, m->run_environment.v[i].key.n,
                             json_stringn(m->run_environment.v[i].value.p, m->run_environment.v[i].value.n));
    json_array_append_new(argv, json_string("serve"));
    json_object_set_new(o, "kind", json_string("endpoint"));
    if (m->run_model_data_url.n)
        json_object_set_new(o, "model_data_url", json_stringn(m->run_model_data_url.p, m->run_model_data_url.n));
    json_object_set_new(o, "argv", argv);
    json_object_set_new(o, "env", env);
    return o;
}

/* ---- the endpoint's record ---- */

static struct sagemaker_server *find_in(struct sagemaker_server_list *v, str flow)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->v[i].flow_id, flow))
            return &v->v[i];
    return NULL;
}

struct place {                    /* where this flow's server stands */
    struct sagemaker_endpoint *e; /* NULL: gone, with its account perhaps */
    struct sagemaker_server *s;
    bool next;
};

static res find_place(struct call *c, const struct flow *f, struct place *p)
{
    *p = (struct place){0};
    TRY(sagemaker_endpoint_load(c, f->account, f->subject, &p->e));
    if (!p->e)
        return OK;
    p->s = find_in(&p->e->servers, f->id);
    if (!p->s) {
        p->s = find_in(&p->e->next_servers, f->id);
        p->next = p->s != NULL;
    }
    return OK;
}

static bool all_serve(const struct sagemaker_server_list *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (!str_eq(v->v[i].state, S("InService")))
            return false;
    return true;
}

static void tell_all(struct call *c, const struct sagemaker_server_list *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->v[i].flow_id.n)
            flow_tell(c, v->v[i].flow_id, "delete");
}

/* All that were to come are there: the endpoint serves, or changes over. */
static void settle(struct call *c, struct place *p)
{
    struct sagemaker_endpoint *e = p->e;

    e->last_modified_time = SET_TIME(c->now_ms);
    if (str_eq(e->endpoint_status, S("Creating")) && all_serve(&e->servers))
        e->endpoint_status = S("InService");
    if (str_eq(e->endpoint_status, S("Updating")) && e->next_servers.n && all_serve(&e->next_servers)) {
        tell_all(c, &e->servers); /* each takes itself away; it finds no place in the record any more */
        e->servers = e->next_servers;
        e->next_servers = (struct sagemaker_server_list){0};
        e->endpoint_config_name = e->next_config_name;
        e->next_config_name = STR_ABSENT;
        e->endpoint_status = S("InService");
    }
}

/* ---- steps ---- */

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_model *m;
    struct launch l;
    struct place p;
    str image, group;

    (void)e;
    TRY(launch_of(c, f, &m, &l));
    TRY(sm_image(c, m->run_image, &image));
    TRY(find_place(c, f, &p));
    if (!p.s)
        return oops(&c->err, 0, "the endpoint %.*s is gone", FMT(f->subject));
    TRY(launch_prepare(c, f, &l));
    json_t *order = order_of(m);
    group = arena_cat(c->arena, S("/aws/sagemaker/Endpoints/"), p.e->endpoint_name);
    str stream = arena_printf(c->arena, "%.*s/i-%.17s", FMT(flow_text(f, "variant")), flow_text(f, "box").p + 4);
    flow_effect(c, f, launch_open, launch_plan(c, f, &l, image, order, arena_z(c->arena, group), stream));
    json_decref(order);
    flow_wake(c, f, DOWNLOAD_WITHIN_MS);
    return OK;
}

static res on_ready(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_effect(c, f, launch_run, S(""));
    json_object_set_new(f->data, "deadline", json_integer(c->now_ms + WELL_WITHIN_MS));
    flow_wake(c, f, WELL_WITHIN_MS);
    return OK;
}

static res on_ping(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_effect(c, f, launch_ping, flow_text(f, "eni"));
    return OK;
}

static res not_well(struct call *c, struct flow *f);

static res on_unhealthy(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    if (c->now_ms > json_integer_value(json_object_get(f->data, "deadline")))
        return not_well(c, f);
    flow_wake(c, f, PING_EVERY_MS);
    return OK;
}

static res on_healthy(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct place p;

    (void)e;
    TRY(find_place(c, f, &p));
    if (!p.s)
        return oops(&c->err, 0, "the endpoint %.*s is gone", FMT(f->subject));
    p.s->state = S("InService");
    p.s->eni = flow_text(f, "eni");
    json_object_set_new(f->data, "served", json_true());
    json_object_set_new(f->data, "again", json_integer(0));
    f->attempts = 0;
    flow_wake(c, f, -1);
    settle(c, &p);
    return sm_save_endpoint(c, p.e);
}

/* ---- what goes wrong ---- */

static res close_up(struct call *c, struct flow *f)
{
    flow_wake(c, f, -1);
    flow_effect(c, f, launch_close, launch_ids(c, f));
    flow_go(f, "closing");
    return OK;
}

/* A server that has served is started again, for as long as the endpoint stands; one that has not has failed. */
static res fail(struct call *c, struct flow *f, str reason)
{
    struct place p;

    if (!json_is_true(json_object_get(f->data, "served"))) {
        if (!str_is(flow_text(f, "reason")))
            flow_set(f, "reason", str_sub(reason, 0, 1024));
        return close_up(c, f);
    }
    TRY(find_place(c, f, &p));
    if (p.s) {
        p.s->state = S("Starting");
        p.s->failure_reason = str_sub(reason, 0, 1024);
        TRY(sm_save_endpoint(c, p.e));
    }
    flow_wake(c, f, -1);
    flow_effect(c, f, launch_close, launch_ids(c, f));
    flow_go(f, "restarting");
    return OK;
}

static res not_well(struct call *c, struct flow *f)
{
    return fail(c, f,
                arena_printf(c->arena,
                             "The primary container for production variant %.*s did not pass the ping health check. "
                             "Please check CloudWatch logs for this endpoint.",
                             FMT(flow_text(f, "variant"))));
}

static res on_exited(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    return not_well(c, f);
}

static res on_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    str reason = json_str_at(e->data, "reason");
    struct sagemaker_model *m;

    TRY(model_of(c, f, &m));
    if (str_eq(e->name, S("agent-gone")))
        reason = S("the agent ended unexpectedly");
    else if (str_eq(e->name, S("timer")))
        reason = S("the server did not get ahead in time");
    if (str_eq(e->name, S("agent-failed")) && str_eq(json_str_at(e->data, "stage"), S("Downloading")))
        reason = arena_printf(c->arena,
                              "Failed to download model data for container \"container_1\" from URL: \"%.*s\". Please "
                              "ensure that there is an object located at the URL and that the role passed to "
                              "CreateModel has permissions to download the object. %.*s",
                              FMT(m->run_model_data_url), FMT(reason));
    return fail(c, f, reason);
}

/* Once more, each time a little later. */
static res on_closed_for_restart(struct call *c, struct flow *f, const struct flow_event *e)
{
    int64_t again = json_integer_value(json_object_get(f->data, "again"));
    int64_t ms = AGAIN_MS << (again < 6 ? again : 6);

    (void)e;
    json_object_set_new(f->data, "again", json_integer(again + 1));
    flow_wake(c, f, ms < AGAIN_MAX_MS ? ms : AGAIN_MAX_MS);
    return OK;
}

static res on_retry(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_wake(c, f, 2000);
    return OK;
}

static res on_close(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    return close_up(c, f);
}

static res on_delete(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    json_object_set_new(f->data, "deleted", json_true());
    return close_up(c, f);
}

static void take_out(struct sagemaker_server_list *v, const struct sagemaker_server *s)
{
    size_t at = (size_t)(s - v->v);

    for (size_t i = at; i + 1 < v->n; i++)
        v->v[i] = v->v[i + 1];
    v->n--;
}

static bool any_lives(const struct sagemaker_server_list *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->v[i].flow_id.n)
            return true;
    return false;
}

/* A server that could not begin: of a new endpoint, then the endpoint has failed; of an update, then the old ones stay.
 */
static void give_up(struct call *c, struct place *p, str reason)
{
    struct sagemaker_endpoint *e = p->e;

    p->s->flow_id = S("");
    p->s->state = S("Failed");
    e->failure_reason = reason;
    e->last_modified_time = SET_TIME(c->now_ms);
    if (p->next) {
        tell_all(c, &e->next_servers);
        e->next_servers = (struct sagemaker_server_list){0};
        e->endpoint_status = S("InService");
        return;
    }
    tell_all(c, &e->servers);
    e->endpoint_status = S("Failed");
}

static res on_closed(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct sagemaker_model *m;
    struct launch l;
    struct place p;

    (void)e;
    TRY(launch_of(c, f, &m, &l));
    TRY(launch_release(c, f, &l));
    flow_end(f);
    TRY(find_place(c, f, &p));
    if (!p.s)
        return OK;
    bool deleting = str_eq(p.e->endpoint_status, S("Deleting"));
    if (!deleting && !json_is_true(json_object_get(f->data, "deleted"))) {
        give_up(c, &p, flow_text(f, "reason"));
        return sm_save_endpoint(c, p.e);
    }
    take_out(p.next ? &p.e->next_servers : &p.e->servers, p.s);
    if (deleting && !any_lives(&p.e->servers) && !any_lives(&p.e->next_servers))
        return sagemaker_endpoint_drop(c, p.e);
    return sm_save_endpoint(c, p.e);
}

/* After a start of the server every endpoint's sandboxes are made anew. */
static res on_resumed(struct call *c, struct flow *f, const struct flow_event *e)
{
    struct place p;

    TRY(find_place(c, f, &p));
    if (!p.s || str_eq(p.e->endpoint_status, S("Deleting")))
        return on_delete(c, f, e);
    p.s->state = S("Starting");
    TRY(sm_save_endpoint(c, p.e));
    flow_go(f, "reopening");
    flow_effect(c, f, launch_close, launch_ids(c, f)); /* the volume's image is still there */
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, "starting"},
    {"starting", "agent-ready", on_ready, "launching"},
    {"launching", "running", on_ping, "pinging"},
    {"pinging", "timer", on_ping, NULL},
    {"pinging", "unhealthy", on_unhealthy, NULL},
    {"pinging", "healthy", on_healthy, "serving"},
    {"reopening", "closed", on_begin, "starting"},
    {"restarting", "closed", on_closed_for_restart, NULL},
    {"restarting", "timer", on_begin, "starting"},
    {"restarting", "effect-failed", on_closed_for_restart, NULL},
    {"restarting", "agent-gone", NULL, NULL},
    {"restarting", "exited", NULL, NULL},
    {"closing", "closed", on_closed, NULL},
    {"closing", "effect-failed", on_retry, NULL},
    {"closing", "step-failed", on_retry, NULL},
    {"closing", "timer", on_close, NULL},
    {"closing", "resumed", on_close, NULL},
    {"closing", "delete", NULL, NULL},
    {"closing", "exited", NULL, NULL},
    {"closing", "agent-gone", NULL, NULL},
    {"*", "delete", on_delete, NULL},
    {"*", "resumed", on_resumed, NULL},
    {"*", "exited", on_exited, NULL},
    {"*", "agent-failed", on_failed, NULL},
    {"*", "agent-gone", on_failed, NULL},
    {"*", "refused", on_failed, NULL},
    {"*", "effect-failed", on_failed, NULL},
    {"*", "step-failed", on_failed, NULL},
    {"*", "timer", on_failed, NULL},
};
const struct flow_kind sagemaker_endpoint_flow = {"endpoint", SAGEMAKER, rules, sizeof rules / sizeof *rules};
