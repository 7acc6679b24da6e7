/* SPDX-License-Identifier: MIT */
/* The conductor's thread: events in order of arrival, timers, and what boxes have to say. */
#include "conductor/conductor.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "conductor/inside.h"

enum { EVENTS_AT_ONCE = 16, IDLE_MS = 60000, RESUME_MAX = 100000 };

/* ---- events ---- */

void conductor_wake(struct conductor *c)
{
    uint64_t one = 1;

    if (write(c->wake, &one, sizeof one) != sizeof one)
        log_warn("the conductor cannot be woken");
}

void conductor_post(struct conductor *c, str flow, const char *event, str data, int64_t effect, int64_t in_ms)
{
    struct arena *a = arena_new(FLOW_DATA_MAX_BYTES + 65536);
    struct posted *p = ARENA_NEW(a, struct posted);

    *p = (struct posted){.arena = a,
                         .flow = arena_dup(a, flow),
                         .event = arena_dup(a, str_z(event)),
                         .data = arena_dup(a, data),
                         .effect = effect,
                         .due_ms = in_ms ? time_mono_ms() + in_ms : 0};
    pthread_mutex_lock(&c->lock);
    if (in_ms) {
        p->next = c->late;
        c->late = p;
    } else {
        *c->tail = p;
        c->tail = &p->next;
    }
    pthread_mutex_unlock(&c->lock);
    conductor_wake(c);
}

void conductor_event(struct house *h, str flow_id, const char *event, str data)
{
    if (h->conductor)
        conductor_post(h->conductor, flow_id, event, data, ANY_EFFECT, 0);
}

/* Moves what is due from late to the queue; answers when the next one is. Locked. */
static int64_t promote(struct conductor *c, int64_t now)
{
    int64_t next = INT64_MAX;

    for (struct posted **at = &c->late; *at;) {
        struct posted *p = *at;
        if (p->due_ms <= now) {
            *at = p->next;
            p->next = NULL;
            *c->tail = p;
            c->tail = &p->next;
            continue;
        }
        next = p->due_ms < next ? p->due_ms : next;
        at = &p->next;
    }
    return next;
}

static struct posted *take(struct conductor *c, int64_t *next)
{
    pthread_mutex_lock(&c->lock);
    *next = promote(c, time_mono_ms());
    struct posted *p = c->stopping ? NULL : c->head;
    if (p) {
        c->head = p->next;
        if (!c->head)
            c->tail = &c->head;
    }
    pthread_mutex_unlock(&c->lock);
    return p;
}

/* ---- timers: kept in wall time with the flow, armed here on the monotonic clock ---- */

void alarm_set(struct conductor *c, str flow, int64_t wake_wall_ms)
{
    for (struct alarm **at = &c->alarms; *at; at = &(*at)->next)
        if (str_eq((*at)->flow, flow)) {
            struct alarm *old = *at;
            *at = old->next;
            arena_free(old->arena);
            break;
        }
    if (!wake_wall_ms)
        return;
    struct arena *a = arena_new(4096);
    struct alarm *n = ARENA_NEW(a, struct alarm);
    int64_t in_ms = wake_wall_ms - time_wall_ms();
    *n = (struct alarm){a, arena_dup(a, flow), time_mono_ms() + (in_ms > 0 ? in_ms : 0), c->alarms};
    c->alarms = n;
}

static int64_t ring(struct conductor *c)
{
    int64_t now = time_mono_ms(), next = INT64_MAX;

    for (struct alarm **at = &c->alarms; *at;) {
        struct alarm *one = *at;
        if (one->due_ms <= now) {
            *at = one->next;
            conductor_post(c, one->flow, "timer", STR_ABSENT, ANY_EFFECT, 0);
            arena_free(one->arena);
            continue;
        }
        next = one->due_ms < next ? one->due_ms : next;
        at = &one->next;
    }
    return next;
}

/* ---- the thread ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void wait_for_more(struct conductor *c, int64_t until)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t ms = until == INT64_MAX ? IDLE_MS : until - time_mono_ms();
    uint64_t count;

    ms = ms < 0 ? 0 : ms > IDLE_MS ? IDLE_MS : ms;
    int n = epoll_wait(c->poll, events, EVENTS_AT_ONCE, (int)ms);
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64)
            boxes_readable(c->boxes, events[i].data.u64);
        else if (read(c->wake, &count, sizeof count) < 0 && errno != EAGAIN)
            log_warn("the conductor's wake-up: %s", strerror(errno));
    }
}

static bool stopping(struct conductor *c)
{
    pthread_mutex_lock(&c->lock);
    bool stop = c->stopping;
    pthread_mutex_unlock(&c->lock);
    return stop;
}

static void *conduct(void *arg)
{
    struct conductor *c = arg;
    int64_t next, until;
    struct posted *p;

    pthread_setname_np(pthread_self(), "conductor");
    while (!stopping(c)) {
        until = ring(c);
        while ((p = take(c, &next)) != NULL) {
            step_take(c, p);
            arena_free(p->arena);
        }
        until = sooner(until, sooner(next, sooner(boxes_tick(c->boxes), mends_tick(c))));
        if (c->alarms)
            until = sooner(until, ring(c)); /* a step may have set one */
        wait_for_more(c, until);
    }
    return NULL;
}

res conductor_start(struct house *h, struct vault *v, struct conductor **out, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    struct conductor *c = ARENA_NEW(a, struct conductor);
    struct epoll_event wake = {.events = EPOLLIN, .data.u64 = 0};

    *c = (struct conductor){.arena = a, .house = h, .vault = v, .kinds = flow_kinds};
    c->tail = &c->head;
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->poll = epoll_create1(EPOLL_CLOEXEC);
    if (c->wake < 0 || c->poll < 0 || epoll_ctl(c->poll, EPOLL_CTL_ADD, c->wake, &wake))
        return oops(e, errno, "cannot make the conductor's descriptors");
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->idle, NULL);
    c->boxes = boxes_new(c);
    *out = c;
    TRY(flow_watch_start(c, e));
    int failed = pthread_create(&c->thread, NULL, conduct, c);
    return failed ? oops(e, failed, "cannot start the conductor's thread") : OK;
}

static void drop_posted(struct posted *p)
{
    while (p) {
        struct posted *next = p->next;
        arena_free(p->arena);
        p = next;
    }
}

void conductor_stop(struct conductor *c)
{
    flow_watch_stop(c);
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_mutex_unlock(&c->lock);
    conductor_wake(c);
    pthread_join(c->thread, NULL);
    pthread_mutex_lock(&c->lock);
    while (c->effects)
        pthread_cond_wait(&c->idle, &c->lock);
    pthread_mutex_unlock(&c->lock);
    c->house->conductor = NULL;
    boxes_free(c->boxes);
    mends_free(c);
    drop_posted(c->head);
    drop_posted(c->late);
    while (c->alarms) {
        struct alarm *next = c->alarms->next;
        arena_free(c->alarms->arena);
        c->alarms = next;
    }
    close(c->wake);
    close(c->poll);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->idle);
    vault_client_free(c->vault);
    arena_free(c->arena);
}

/* ---- after a start ---- */

struct resuming {
    struct inner_work inner;
    struct barmkin_flow_step in;
    struct barmkin_nothing out;
    struct barmkin_flow_page page;
};

static res find_open(struct call *c, const void *in, void *out)
{
    struct resuming *r = (struct resuming *)((char *)in - offsetof(struct resuming, in));

    (void)out;
    return barmkin_flow_by(c, "open", S("yes"), STR_ABSENT, RESUME_MAX, &r->page);
}

res conductor_resume(struct conductor *c, struct err *e)
{
    struct arena *a = arena_new((size_t)1 << 30), *secrets = arena_new_secret(1 << 16);
    struct resuming *r = ARENA_NEW(a, struct resuming);

    r->inner.quiet = true;
    r->inner.who = inner_caller(INNER_SERVICE, c->house->management_account);
    inner_work_plan(&r->inner, "FlowResume", find_open, &r->in, &r->out);
    res why = inner_work_run(c, &r->inner, a, secrets);
    if (!is_ok(why))
        why = oops(e, r->inner.call.err.sys_errno, "unfinished flows cannot be read: %s", r->inner.call.err.what);
    for (size_t i = 0; is_ok(why) && i < r->page.n; i++) {
        const struct barmkin_flow *f = r->page.v[i];
        bool new = str_eq(f->state, S("new"));
        conductor_post(c, f->flow_id, new ? "begin" : "resumed", STR_ABSENT, ANY_EFFECT, 0);
    }
    inner_work_done(&r->inner);
    arena_free(secrets);
    arena_free(a);
    pthread_mutex_lock(&c->lock);
    c->resumed = true;
    pthread_mutex_unlock(&c->lock);
    conductor_wake(c);
    return why;
}
