/* SPDX-License-Identifier: MIT */
/* Interfaces that live as long as a process: those of `barmkin run`. A thread waits for the ends of their processes,
 * so that a command that was killed leaves nothing. Guests of the host's door are held here too, in memory alone. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "api/gate.h"
#include "barmkin.h"
#include "base/log.h"
#include "base/time.h"
#include "doors_parts.h"
#include "serve.h"
#include "store/writer.h"
#include "warden/warden.h"

enum { HOLDS_MAX = 1024, RELEASE_MAX_BYTES = 64 << 20 };

struct hold {
    int pidfd;
    char account[16];
    struct message_id eni;
    bool guest, ending;
    uint16_t slot;
};

struct holds {
    struct doors *doors;
    pthread_mutex_t lock;
    pthread_mutex_t door_lock; /* the host's door is made by one at a time */
    struct hold v[HOLDS_MAX];
    size_t n;
    uint64_t door_generation;
    int wake;
    pthread_t keeper;
    bool closing;
};

static struct holds *holds_of(struct house *h)
{
    return doors_of(h)->holds;
}

/* ---- a release, as the house's own call ---- */

struct release {
    struct doors *doors;
    struct call call;
    struct caller who;
    struct barmkin_release_interface_in in;
    struct barmkin_release_interface_out out;
    struct work work;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool committed, done;
};

static res release_run(struct work *w, struct txn *t)
{
    struct release *r = (struct release *)((char *)w - offsetof(struct release, work));
    struct call *c = &r->call;

    res why = call_run_write(c, t, NULL);
    w->n_records = audit_records(c, why, &w->records);
    return why;
}

static void release_done(struct work *w, bool committed)
{
    struct release *r = (struct release *)((char *)w - offsetof(struct release, work));

    pthread_mutex_lock(&r->lock);
    r->committed = committed;
    r->done = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void release_wait(struct release *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->done)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

res hold_release(struct doors *d, str account, str eni, struct err *e)
{
    struct arena *a = arena_new(RELEASE_MAX_BYTES), *secrets = arena_new_secret(1 << 20);
    struct release *r = ARENA_NEW(a, struct release);
    struct house *h = d->house;

    r->who = caller_operator(a, h->management_account);
    r->in = (struct barmkin_release_interface_in){.interface_id = eni, .account_id = account};
    r->call = (struct call){.op = &barmkin_ReleaseInterface_op,
                            .caller = &r->who,
                            .region = h->region,
                            .now_ms = time_wall_ms(),
                            .arena = a,
                            .secrets = secrets,
                            .worker = h->writer_worker,
                            .in = &r->in,
                            .out = &r->out};
    r->call.request_id = call_uuid(&r->call);
    r->work = (struct work){.run = release_run, .done = release_done};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    writer_submit(h->writer, &r->work);
    release_wait(r);
    res why = r->committed ? OK : oops(e, 0, "%.*s%s", FMT(r->call.fault.message), r->call.err.what);
    if (is_ok(why))
        why = call_run_after(h, r->call.after, e);
    arena_free(secrets);
    arena_free(a);
    return why;
}

/* ---- the host's door ---- */

/* Makes the door for whoever is its guest now. The last guest's going leaves it standing, empty. */
static res make_door(struct holds *s, struct err *e)
{
    struct arena *a = arena_new(4 << 20);
    struct door_plan *plan = ARENA_NEW(a, struct door_plan);
    struct door_guest *guests = ARENA_ARRAY(a, struct door_guest, HOLDS_MAX);
    struct door_vpc *v = vpc_of(s->doors, S(PLAN_DOOR_VPC));
    size_t n = 0;

    pthread_mutex_lock(&s->door_lock);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].guest)
            guests[n++] = (struct door_guest){s->v[i].eni, s->v[i].slot};
    pthread_mutex_unlock(&s->lock);
    door_plan_make(plan, PLAN_DOOR_VPC, ++s->door_generation, guests, n);
    pthread_mutex_lock(&v->apply);
    res r = vpc_make(v, &plan->plan, e);
    pthread_mutex_unlock(&v->apply);
    pthread_mutex_unlock(&s->door_lock);
    arena_free(a);
    return r;
}

static bool slot_is_free(const struct holds *s, uint16_t slot)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].guest && s->v[i].slot == slot)
            return false;
    return true;
}

/* ---- holding ---- */

static void wake(struct holds *s)
{
    uint64_t one = 1;

    if (write(s->wake, &one, sizeof one) != (ssize_t)sizeof one)
        log_warn("the keeper of interfaces was not woken");
}

/* Takes the hold of an interface out of the list; false: there is none. */
static bool take_out(struct holds *s, const struct message_id *eni, struct hold *out)
{
    bool found = false;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n && !found; i++)
        if (memcmp(&s->v[i].eni, eni, sizeof *eni) == 0) {
            *out = s->v[i];
            s->v[i] = s->v[--s->n];
            found = true;
        }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static res put_in(struct holds *s, struct hold *h, struct err *e)
{
    res r = OK;

    pthread_mutex_lock(&s->lock);
    if (s->n == HOLDS_MAX)
        r = oops(e, 0, "too many commands are running");
    if (h->guest)
        while (h->slot < DOOR_GUESTS_MAX && !slot_is_free(s, h->slot))
            h->slot++;
    if (is_ok(r) && h->slot == DOOR_GUESTS_MAX)
        r = oops(e, 0, "the host's door has no more room");
    if (is_ok(r))
        s->v[s->n++] = *h;
    pthread_mutex_unlock(&s->lock);
    return r;
}

static res begin(struct holds *s, struct hold *h, uint32_t pid, struct err *e)
{
    h->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (h->pidfd < 0)
        return oops(e, errno, "the command's process cannot be watched");
    res r = put_in(s, h, e);
    if (!is_ok(r)) {
        close(h->pidfd);
        return r;
    }
    wake(s);
    return h->guest ? make_door(s, e) : OK;
}

res hold_process(struct house *house, str account, str eni, uint32_t pid, struct err *e)
{
    struct hold h = {.guest = !account.n};
    struct err late = {0};

    TRY(warden_id(eni, "eni-", &h.eni, e));
    str_to_z(account, h.account, sizeof h.account);
    res r = begin(holds_of(house), &h, pid, e);
    if (!is_ok(r) && !h.guest && !is_ok(hold_release(doors_of(house), account, eni, &late)))
        log_error("%.*s is left over: %s", FMT(eni), late.what);
    return r;
}

res hold_let_go(struct house *house, str eni, struct err *e)
{
    struct holds *s = holds_of(house);
    struct message_id id;
    struct hold h;

    TRY(warden_id(eni, "eni-", &id, e));
    if (!take_out(s, &id, &h))
        return OK;
    wake(s); /* its pidfd is still polled: the keeper builds its list anew before it could be another's */
    close(h.pidfd);
    return h.guest ? make_door(s, e) : OK;
}

/* ---- the keeper ---- */

static void process_ended(struct holds *s, const struct message_id *eni)
{
    struct err e = {0};
    struct hold h;
    res r;

    if (!take_out(s, eni, &h))
        return; /* it has been released in the meantime */
    close(h.pidfd);
    r = h.guest ? make_door(s, &e) : hold_release(s->doors, str_z(h.account), str_z(h.eni.z), &e);
    if (!is_ok(r))
        log_error("%s cannot be released: %s", h.eni.z, e.what);
}

static void *keep(void *arg)
{
    struct holds *s = arg;
    static const int forever = -1;

    pthread_setname_np(pthread_self(), "holds");
    for (;;) {
        struct pollfd p[HOLDS_MAX + 1];
        struct message_id ids[HOLDS_MAX];
        uint64_t count;
        size_t n;

        pthread_mutex_lock(&s->lock);
        bool closing = s->closing;
        n = s->n;
        for (size_t i = 0; i < n; i++) {
            p[i + 1] = (struct pollfd){s->v[i].pidfd, POLLIN, 0};
            ids[i] = s->v[i].eni;
        }
        pthread_mutex_unlock(&s->lock);
        if (closing)
            return NULL;
        p[0] = (struct pollfd){s->wake, POLLIN, 0};
        if (poll(p, n + 1, forever) < 0)
            continue;
        if (p[0].revents && read(s->wake, &count, sizeof count) < 0)
            log_warn("the keeper of interfaces cannot be woken");
        for (size_t i = 0; i < n; i++)
            if (p[i + 1].revents & POLLIN)
                process_ended(s, &ids[i]);
    }
}

res holds_open(struct doors *d, struct err *e)
{
    struct holds *s = ARENA_NEW(d->arena, struct holds);

    *s = (struct holds){.doors = d, .wake = eventfd(0, EFD_CLOEXEC)};
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->door_lock, NULL);
    d->holds = s;
    if (s->wake < 0 || pthread_create(&s->keeper, NULL, keep, s))
        return oops(e, errno, "cannot start the keeper of interfaces");
    return OK;
}

void holds_close(struct doors *d)
{
    struct holds *s = d->holds;

    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_mutex_unlock(&s->lock);
    wake(s);
    pthread_join(s->keeper, NULL);
    for (size_t i = 0; i < s->n; i++)
        close(s->v[i].pidfd);
    close(s->wake);
}
