/* SPDX-License-Identifier: MIT */
/* barmkin-agent: moves one job's bytes, in the job's network and as the job's user. Started by warden; told what to do
 * by front, over descriptor 3, in JSON lines (README.md). */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "runtimes/agent/beneath.h"
#include "runtimes/agent/harden.h"
#include "runtimes/agent/layout.h"
#include "runtimes/agent/move.h"
#include "runtimes/agent/pack.h"
#include "runtimes/agent/talk.h"

enum { AGENT_FD = 3, FAILURE_MAX = 1024 };

struct agent {
    struct arena *arena;
    struct talk talk;
    struct order order;
    struct web *web;
    int root;          /* the volume's folder: /opt/ml of the container */
    const char *stage; /* what fails, if something does */
};

static void stage(struct agent *g, const char *name)
{
    g->stage = name;
    talk_stage(&g->talk, name);
}

/* As Lambda does: a function finds its role's credentials in its environment. */
static void set_keys(struct agent *g)
{
    struct web_keys k = web_keys(g->web);
    json_t *env = (json_t *)g->order.env;

    json_object_set_new(env, "AWS_ACCESS_KEY_ID", json_stringn(k.id.p, k.id.n));
    json_object_set_new(env, "AWS_SECRET_ACCESS_KEY", json_stringn(k.secret.p, k.secret.n));
    json_object_set_new(env, "AWS_SESSION_TOKEN", json_stringn(k.token.p, k.token.n));
}

/* A function's code comes from front: its own network may reach no S3. */
static res prepare_function(struct agent *g, struct err *e)
{
    const struct order *o = &g->order;

    stage(g, "Downloading");
    TRY(layout_make(g->root, o, e));
    g->stage = "Unpacking";
    TRY(move_code_in(&g->talk, g->root, o, e));
    g->stage = "Downloading";
    TRY(web_credentials(g->web, e));
    set_keys(g);
    TRY(layout_start(g->root, o, e));
    talk_send(&g->talk, S("{\"event\":\"ready\",\"bytes\":0}"));
    return OK;
}

/* Everything that must be there before the container runs. */
static res prepare(struct agent *g, struct err *e)
{
    const struct order *o = &g->order;
    uint64_t bytes = 0;

    stage(g, "Downloading");
    TRY(layout_make(g->root, o, e));
    TRY(web_credentials(g->web, e));
    TRY(move_channels_in(g->web, g->root, o, &bytes, e));
    if (o->has_model)
        TRY(move_model_in(g->web, g->root, o, &bytes, e));
    TRY(layout_start(g->root, o, e));
    talk_send(&g->talk, arena_printf(g->arena, "{\"event\":\"ready\",\"bytes\":%llu}", (unsigned long long)bytes));
    return OK;
}

/* What the program wrote about its failure: at most 1024 bytes, of a regular file. */
static str read_failure(struct agent *g)
{
    char *text = arena_alloc(g->arena, FAILURE_MAX);
    int fd = beneath_open(g->root, "output/failure", O_RDONLY, 0);
    size_t n = 0;

    for (ssize_t got = 1; fd >= 0 && got > 0 && n<FAILURE_MAX; n += got> 0 ? (size_t)got : 0)
        got = read(fd, text + n, FAILURE_MAX - n);
    if (fd >= 0)
        close(fd);
    return str_trim(str_n(text, n));
}

static void tell_uploaded(struct agent *g, bool model, bool output, uint64_t bytes, str failure)
{
    struct buf b;

    buf_init(&b, 16384);
    buf_printf(&b, "{\"event\":\"uploaded\",\"model\":%s,\"output\":%s,\"bytes\":%llu,\"failure\":",
               model ? "true" : "false", output ? "true" : "false", (unsigned long long)bytes);
    buf_add_json_str(&b, failure);
    buf_add_char(&b, '}');
    talk_send(&g->talk, buf_str(&b));
    buf_done(&b);
}

/* After the container: the model only if the program succeeded, its other output in any case (as AWS does). */
static res finish(struct agent *g, bool succeeded, struct err *e)
{
    const struct order *o = &g->order;
    bool model = succeeded && o->has_output, output = o->has_output && pack_has_any(g->root, "output/data");
    uint64_t model_bytes = 0, output_bytes = 0;

    stage(g, "Uploading");
    if (model)
        TRY(move_folder_out(g->web, g->root, o, "model", "model.tar.gz", &model_bytes, e));
    if (output)
        TRY(move_folder_out(g->web, g->root, o, "output/data", "output.tar.gz", &output_bytes, e));
    tell_uploaded(g, model, output, model_bytes + output_bytes, succeeded ? S("") : read_failure(g));
    return OK;
}

/* {"event":"exited","code":N}: the only line that follows the order. */
static res wait_for_exit(struct agent *g, bool *exited, int64_t *code, struct err *e)
{
    str line;
    json_t *o;

    TRY(talk_read(&g->talk, g->arena, &line, e));
    *exited = str_is(line);
    if (!*exited)
        return OK;
    TRY(json_parse(g->arena, line, e, &o));
    if (!str_eq(json_str_at(o, "event"), S("exited")) || !json_is_integer(json_object_get(o, "code")))
        return reject(e, "front sent a line that is not known");
    *code = json_integer_value(json_object_get(o, "code"));
    return OK;
}

/* False: front has closed the socket. */
static res read_order(struct agent *g, bool *came, struct err *e)
{
    str line;

    g->stage = "Starting";
    TRY(talk_read(&g->talk, g->arena, &line, e));
    *came = str_is(line);
    return *came ? order_parse(g->arena, line, &g->order, e) : OK;
}

/* A sandbox that nobody needs yet runs its program, and the agent waits, perhaps for ever, for whom it shall serve. */
static res wait_as_spare(struct agent *g, bool *came, struct err *e)
{
    TRY(layout_start(g->root, &g->order, e));
    talk_send(&g->talk, S("{\"event\":\"ready\",\"bytes\":0}"));
    TRY(read_order(g, came, e));
    return *came && !g->order.function ? reject(e, "a spare serves functions only") : OK;
}

static res serve(struct agent *g, const char *ca_file, struct err *e)
{
    bool came, exited;
    int64_t code;

    TRY(read_order(g, &came, e));
    if (came && g->order.spare)
        TRY(wait_as_spare(g, &came, e));
    if (!came)
        return OK;
    const struct order *o = &g->order;
    struct web_site site = {o->region, o->resolver, o->credentials_uri, o->credentials_token, ca_file};
    TRY(web_new(&site, &g->web, e));
    TRY(o->function ? prepare_function(g, e) : prepare(g, e));
    TRY(wait_for_exit(g, &exited, &code, e));
    return exited && !o->endpoint && !o->function ? finish(g, code == 0, e) : OK;
}

int main(int argc, char **argv)
{
    struct agent g = {.stage = "Starting"};
    struct err e = {0};

    log_set("agent", LOG_INFO);
    prctl(PR_SET_NAME, "barmkin-agent"); /* started by descriptor, it would be called by a number */
    g.arena = arena_new_secret((size_t)16 << 20);
    talk_init(&g.talk, AGENT_FD);
    g.root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    res r = g.root < 0 ? oops(&e, errno, "cannot open the volume") : agent_harden(&e);
    if (is_ok(r))
        r = serve(&g, argc > 1 ? argv[1] : "", &e);
    if (!is_ok(r)) {
        log_warn("%s: %s", g.stage, e.what);
        talk_failed(&g.talk, g.stage, &e);
    }
    web_free(g.web);
    buf_done(&g.talk.in); /* wiped: the order was in it */
    arena_free(g.arena);
    return is_ok(r) ? 0 : 1;
}
