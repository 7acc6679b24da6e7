/* SPDX-License-Identifier: MIT */
/* Flows over a real store in a temporary folder: steps, timers, stale answers, failures, and what a kill leaves. */
#include "house.h"

#include <sys/wait.h>

#include "api/gate.h"

static _Atomic int finished, effects, failures, timers, stale;
static int gate[2]; /* an effect waits here in the child that is killed */

/* ---- a kind of flow ---- */

static res count_effect(struct effect *x)
{
    atomic_fetch_add(&effects, 1);
    x->event = S("done");
    x->data = arena_printf(x->arena, "{\"args\":\"%.*s\"}", FMT(x->args));
    return OK;
}

static res bad_effect(struct effect *x)
{
    return reject(&x->err, "the kernel said \"no\"");
}

static res endless_effect(struct effect *x)
{
    char c;

    (void)x;
    if (write(gate[1], "x", 1) != 1)
        return OK;
    for (;;)
        if (read(-1, &c, 1) < 0)
            usleep(100000);
    return OK;
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_set(f, "seen", S("begin"));
    if (str_eq(f->subject, S("timer")))
        flow_wake(c, f, 30);
    else if (str_eq(f->subject, S("bad")))
        flow_effect(c, f, bad_effect, S(""));
    else if (str_eq(f->subject, S("endless")))
        flow_effect(c, f, endless_effect, S(""));
    else if (str_eq(f->subject, S("fault")))
        return fault(c, &api_access_denied, "nobody may");
    else
        flow_effect(c, f, count_effect, S("a"));
    return OK;
}

static res on_done(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)c;
    if (!str_eq(json_str_at(e->data, "args"), S("a")) || !str_eq(flow_text(f, "seen"), S("begin")))
        return oops(&c->err, 0, "the flow forgot what it knew");
    flow_end(f);
    atomic_fetch_add(&finished, 1);
    return OK;
}

static res on_timer(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    if (atomic_fetch_add(&timers, 1) == 2)
        flow_end(f);
    else
        flow_wake(c, f, 20);
    return OK;
}

static res on_failure(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)c;
    str why = json_str_at(e->data, "reason");
    if (str_eq(why, S("the kernel said \"no\"")) || str_eq(why, S("nobody may")))
        atomic_fetch_add(&failures, 1);
    flow_end(f);
    return OK;
}

static res on_again(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    f->attempts++;
    flow_effect(c, f, count_effect, S("a"));
    return OK;
}

static res on_never(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)c, (void)f, (void)e;
    atomic_fetch_add(&stale, 1);
    return OK;
}

static const struct flow_rule rules[] = {
    {"new", "begin", on_begin, "working"},    {"working", "done", on_done, NULL},
    {"working", "timer", on_timer, NULL},     {"working", "resumed", on_again, NULL},
    {"working", "begin", on_never, NULL},     {"working", "late", on_never, NULL},
    {"*", "effect-failed", on_failure, NULL}, {"*", "step-failed", on_failure, NULL}};
static const struct flow_kind kind = {"test", "test.amazonaws.com", rules, sizeof rules / sizeof *rules};
static const struct flow_kind *const kinds[] = {&kind, NULL};

static int setup(void **state)
{
    finished = effects = failures = timers = stale = 0;
    return house_setup(state);
}

struct starting {
    struct inner_work inner;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    str id;
};

static res start_flow(struct call *c, const void *in, void *out)
{
    struct starting *s = (struct starting *)((char *)in - offsetof(struct starting, in));

    (void)out;
    return flow_begin(c, "test", s->in.subject, STR_ABSENT, &s->id);
}

static str begin_flow(struct world *w, str subject)
{
    struct starting *s = ARENA_NEW(w->arena, struct starting);
    struct err e = {0};

    s->in.subject = subject;
    house_do(w, "222222222222", start_flow, &s->inner, &s->in, &s->out);
    assert_true(is_ok(call_run_after(&w->house, s->inner.call.after, &e)));
    return s->id;
}

static size_t open_flows_now(struct world *w)
{
    struct store *s;
    struct txn *t;
    struct err e = {0};
    struct store_key k = {.service = S("barmkin"), .type = S("flow")};
    struct store_page page = {0};

    assert_true(is_ok(store_open(w->dir, false, &s, &e)));
    assert_true(is_ok(store_begin(s, false, &t, &e)));
    assert_true(is_ok(txn_find(t, w->arena, &k, (struct store_index){S("open"), S("yes")}, NULL, 100, &page, &e)));
    txn_rollback(t);
    store_close(s);
    return page.n;
}

/* A step counts before its commit: waits for that. */
static size_t open_flows(struct world *w)
{
    for (int i = 0; i < 500 && open_flows_now(w); i++)
        usleep(10000);
    return open_flows_now(w);
}

/* ---- claims ---- */

static void test_conductor__an_effect_answers_its_flow(void **state)
{
    struct world *w = *state;

    house_open(w, kinds);
    begin_flow(w, S("plain"));
    assert_true(comes(&finished, 1));
    assert_int_equal(effects, 1);
    assert_int_equal(open_flows(w), 0);
    house_close(w);
}

static void test_conductor__timers_ring_until_the_flow_ends(void **state)
{
    struct world *w = *state;

    house_open(w, kinds);
    begin_flow(w, S("timer"));
    assert_true(comes(&timers, 3));
    assert_int_equal(open_flows(w), 0);
    house_close(w);
}

static void test_conductor__failures_come_back_as_events(void **state)
{
    struct world *w = *state;

    house_open(w, kinds);
    begin_flow(w, S("bad"));
    begin_flow(w, S("fault"));
    assert_true(comes(&failures, 2));
    assert_int_equal(open_flows(w), 0);
    house_close(w);
}

static void test_conductor__a_stale_answer_and_an_unknown_event_do_nothing(void **state)
{
    struct world *w = *state;

    house_open(w, kinds);
    str id = begin_flow(w, S("timer"));
    assert_true(comes(&timers, 1));
    conductor_post(w->house.conductor, id, "late", STR_ABSENT, 7, 0);
    conductor_event(&w->house, id, "nobody-knows-this", STR_ABSENT);
    conductor_event(&w->house, S("222222222222-nosuchflow"), "begin", STR_ABSENT);
    assert_true(comes(&timers, 3));
    assert_int_equal(stale, 0);
    conductor_event(&w->house, id, "late", STR_ABSENT); /* it has ended */
    house_close(w);
    assert_int_equal(stale, 0);
}

static void test_conductor__a_killed_server_goes_on_where_it_stood(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    char c;

    assert_int_equal(pipe(gate), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        house_open(w, kinds);
        begin_flow(w, S("endless"));
        pause();
        _exit(1);
    }
    close(gate[1]);
    assert_int_equal(read(gate[0], &c, 1), 1); /* its effect is under way, so its step was committed */
    close(gate[0]);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    house_open(w, kinds);
    assert_int_equal(open_flows_now(w), 1);
    assert_true(is_ok(conductor_resume(w->house.conductor, &e)));
    assert_true(comes(&finished, 1));
    assert_int_equal(open_flows(w), 0);
    house_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conductor__an_effect_answers_its_flow, setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor__timers_ring_until_the_flow_ends, setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor__failures_come_back_as_events, setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor__a_stale_answer_and_an_unknown_event_do_nothing, setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_conductor__a_killed_server_goes_on_where_it_stood, setup, house_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
