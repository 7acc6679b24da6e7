/* SPDX-License-Identifier: MIT */
/* Networks that the kernel refused. Each is tried again from what the records say by then, each time a little later,
 * until it stands or the server ends. Nothing of it is kept: a server that starts makes every network anyway. */
#include "base/log.h"
#include "base/time.h"
#include "conductor/inside.h"
#include "services/ec2/start.h"
#include "warden/warden.h"

enum { ATTEMPT_ARENA_BYTES = 64 << 20, MEND_ARENA_BYTES = 4096 };

struct mend {
    struct arena *arena;
    str vpc;
    int64_t due_ms, wait_ms;
    bool running, again; /* again: it was refused once more while an attempt was under way */
    struct mend *next;
};

struct attempt {
    struct inner_work inner;
    struct arena *arena, *secrets;
    struct conductor *conductor;
    struct mend *mend;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    struct network *network; /* NULL: its record is gone */
    struct errand errand;
};

void conductor_mend(struct house *h, str vpc_id)
{
    struct conductor *c = h->conductor;

    if (!c || (h->warden && warden_is_gone(h->warden))) /* the next front makes all of it */
        return;
    pthread_mutex_lock(&c->lock);
    struct mend *m = c->mends;
    while (m && !str_eq(m->vpc, vpc_id))
        m = m->next;
    if (m) {
        m->again = true;
    } else {
        struct arena *a = arena_new(MEND_ARENA_BYTES);
        m = ARENA_NEW(a, struct mend);
        *m = (struct mend){.arena = a,
                           .vpc = arena_dup(a, vpc_id),
                           .wait_ms = MEND_FIRST_MS,
                           .due_ms = time_mono_ms() + MEND_FIRST_MS,
                           .next = c->mends};
        c->mends = m;
    }
    pthread_mutex_unlock(&c->lock);
    conductor_wake(c);
}

/* ---- one attempt ---- */

static void forget(struct conductor *c, const struct mend *m)
{
    struct mend **at = &c->mends;

    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    arena_free(m->arena);
}

int64_t mend_wait_ms(int64_t before_ms)
{
    return before_ms * 2 < MEND_MAX_MS ? before_ms * 2 : MEND_MAX_MS;
}

static void attempt_ended(struct attempt *t, bool stands)
{
    struct conductor *c = t->conductor;
    struct mend *m = t->mend;

    pthread_mutex_lock(&c->lock);
    m->running = false;
    if (stands && !m->again) {
        log_info("%.*s is as its records say", FMT(m->vpc));
        forget(c, m);
    } else {
        m->wait_ms = mend_wait_ms(m->wait_ms);
        m->due_ms = time_mono_ms() + m->wait_ms;
    }
    c->effects--;
    pthread_cond_broadcast(&c->idle);
    pthread_mutex_unlock(&c->lock);
    conductor_wake(c);
    inner_work_done(&t->inner);
    arena_free(t->secrets);
    arena_free(t->arena);
}

/* On the pool: warden is waited for. What fails is told to the log by the doors. */
static void make(struct errand *e)
{
    struct attempt *t = (struct attempt *)((char *)e - offsetof(struct attempt, errand));
    struct house *h = t->conductor->house;
    struct err why = {0};
    res r = OK;

    if (h->network && t->network)
        r = h->network->apply(h, t->network, &why);
    else if (h->network)
        r = h->network->remove(h, t->mend->vpc, &why);
    attempt_ended(t, is_ok(r));
}

static res read_network(struct call *c, const void *in, void *out)
{
    struct attempt *t = (struct attempt *)((char *)in - offsetof(struct attempt, in));

    (void)out;
    return ec2_network(c, t->mend->vpc, &t->network);
}

static void begin(struct conductor *c, struct mend *m)
{
    struct arena *a = arena_new(ATTEMPT_ARENA_BYTES);
    struct attempt *t = ARENA_NEW(a, struct attempt);

    *t = (struct attempt){.arena = a, .secrets = arena_new_secret(1 << 16), .conductor = c, .mend = m};
    t->inner.who = caller_operator(a, c->house->management_account);
    t->inner.quiet = true;
    inner_work_plan(&t->inner, "NetworkMend", read_network, &t->in, &t->out);
    t->errand.run = make;
    res r = inner_work_run(c, &t->inner, a, t->secrets);
    if (!is_ok(r)) {
        log_warn("%.*s cannot be read: %s", FMT(m->vpc), t->inner.call.err.what);
        attempt_ended(t, false);
        return;
    }
    pool_submit(c->house->pool, &t->errand);
}

/* ---- the conductor's side ---- */

static struct mend *take_due(struct conductor *c, int64_t *next)
{
    struct mend *due = NULL;
    int64_t now = time_mono_ms();

    *next = INT64_MAX;
    pthread_mutex_lock(&c->lock);
    for (struct mend *m = c->mends; m && c->resumed && !c->stopping && !due; m = m->next) {
        if (m->running)
            continue;
        if (m->due_ms <= now)
            due = m;
        else if (m->due_ms < *next)
            *next = m->due_ms;
    }
    if (due) {
        due->running = true;
        due->again = false;
        c->effects++;
    }
    pthread_mutex_unlock(&c->lock);
    return due;
}

int64_t mends_tick(struct conductor *c)
{
    struct mend *m;
    int64_t next;

    while ((m = take_due(c, &next)) != NULL)
        begin(c, m);
    return next;
}

void mends_free(struct conductor *c)
{
    while (c->mends)
        forget(c, c->mends);
}
