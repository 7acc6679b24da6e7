/* SPDX-License-Identifier: MIT */
/* What the flows of environments and spares do alike with their boxes: start them, end them, try again. */
#include "api/box.h"
#include "api/network.h"
#include "lambda_parts.h"

enum { AWAIT_MS = 30 * 1000, AGAIN_MS = 2000 };

void lambda_add_constants(json_t *env)
{
    static const char *const set[][2] = {
        {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"},
        {"LAMBDA_TASK_ROOT", "/var/task"},
        {"LAMBDA_RUNTIME_DIR", "/var/runtime"},
        {"TZ", ":UTC"},
        {"LANG", "C.UTF-8"},
        {"HOME", "/tmp"},
        {"PYTHONPATH", "/var/runtime"},
        {"PYTHONDONTWRITEBYTECODE", "1"},
        {"LD_LIBRARY_PATH", "/var/task:/var/task/lib"},
        {"AWS_STS_REGIONAL_ENDPOINTS", "regional"},
    };

    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        json_object_set_new(env, set[i][0], json_string(set[i][1]));
}

/* ---- effects ---- */

res lambda_run_box(struct effect *x)
{
    x->event = S("running");
    TRY(box_run(x->house, x->flow, &x->err));
    return box_await(x->house, x->args, AWAIT_MS, &x->err);
}

/* An interface outside of any VPC is the box's own, and goes with it; one in a VPC is EC2's. */
static res close_box(struct effect *x)
{
    json_t *o;
    str eni;

    x->event = S("closed");
    TRY(json_parse(x->arena, x->args, &x->err, &o));
    TRY(box_close(x->house, x->flow, json_str_at(o, "box"), json_str_at(o, "volume"), &x->err));
    eni = json_str_at(o, "eni");
    return str_is(eni) && !str_is(json_str_at(o, "vpc")) && x->house->network
               ? x->house->network->leave(x->house, eni, &x->err)
               : OK;
}

/* ---- steps ---- */

void lambda_close_box(struct call *c, struct flow *f)
{
    flow_effect(c, f, close_box, json_text(c->arena, f->data));
}

res lambda_close_up(struct call *c, struct flow *f)
{
    flow_wake(c, f, -1);
    lambda_close_box(c, f);
    flow_go(f, "closing");
    return OK;
}

res lambda_on_retry(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_wake(c, f, AGAIN_MS);
    return OK;
}
