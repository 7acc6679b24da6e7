/* SPDX-License-Identifier: MIT */
/* Which environment of a function gets which invocation. An environment serves one at a time; where none is idle
 * another is made, up to the function's reserved concurrency and this machine's room. One lock; nothing is waited for
 * under it. */
#include "functions.h"

#include "base/time.h"
#include "functions_parts.h"

enum { IDLE_MS = 10 * 60 * 1000, LIFE_MS = 45 * 60 * 1000 /* before its credentials end */ };

/* ---- functions and their lists ---- */

static struct fn *fn_find(struct functions *all, str arn)
{
    return map_find(&all->by_arn, arn);
}

static struct fn *fn_get(struct functions *all, str arn, str revision)
{
    struct fn *f = fn_find(all, arn);

    if (f)
        return f;
    struct arena *a = arena_new(64 << 10);
    f = ARENA_NEW(a, struct fn);
    f->arena = a;
    f->arn = arena_dup(a, arn);
    f->assumed = true;
    str_to_z(revision, f->wanted, sizeof f->wanted);
    f->tail = &f->first;
    map_put(&all->by_arn, f->arn, f);
    return f;
}

static void fn_tidy(struct functions *all, struct fn *f)
{
    if (f->environments || f->first || f->starting || f->running)
        return;
    map_remove(&all->by_arn, f->arn);
    arena_free(f->arena);
}

static void fn_want(struct fn *f, str revision)
{
    str_to_z(revision, f->wanted, sizeof f->wanted);
    f->assumed = false;
}

static void tell_retire(struct functions *all, const struct environment *v)
{
    if (!all->quiet)
        conductor_event(all->house, str_z(v->flow), "retire", STR_ABSENT);
}

static void remove_environment(struct functions *all, struct fn *f, struct environment *gone)
{
    struct environment **at = &f->environments;

    while (*at && *at != gone)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = gone->next;
    all->n--;
    arena_free(gone->arena);
}

static struct environment *by_flow(struct fn *f, str flow)
{
    for (struct environment *v = f ? f->environments : NULL; v; v = v->next)
        if (str_eq(str_z(v->flow), flow))
            return v;
    return NULL;
}

static struct environment *idle_one(struct fn *f)
{
    for (struct environment *v = f->environments; v; v = v->next)
        if (!v->ask && !v->gone && str_eq(str_z(v->revision), str_z(f->wanted)))
            return v;
    return NULL;
}

/* ---- asks in line ---- */

static void push(struct fn *f, struct ask *k)
{
    k->next = NULL;
    *f->tail = k;
    f->tail = &k->next;
    f->waiting++;
}

static struct ask *pop(struct fn *f)
{
    struct ask *k = f->first;

    if (!k)
        return NULL;
    f->first = k->next;
    if (!f->first)
        f->tail = &f->first;
    f->waiting--;
    return k;
}

static void give(struct environment *v, struct ask *k)
{
    v->ask = k;
    k->environment = v;
    str_to_z(str_z(v->eni), k->eni, sizeof k->eni);
}

/* ---- making environments ---- */

/* The longest idle one of all, to make room. */
static bool make_room(struct functions *all)
{
    struct environment *oldest = NULL;
    struct fn *of = NULL;
    struct map_slot *slot;
    size_t at = 0;

    while ((slot = map_next(&all->by_arn, &at))) {
        struct fn *f = slot->value;
        for (struct environment *v = f->environments; v; v = v->next)
            if (!v->ask && !v->gone && (!oldest || v->idle_since_ms < oldest->idle_since_ms)) {
                oldest = v;
                of = f;
            }
    }
    if (!oldest)
        return false;
    tell_retire(all, oldest);
    remove_environment(all, of, oldest);
    fn_tidy(all, of);
    return true;
}

/* As many as wait and have none on its way, if there is room. Under the lock. */
static bool start_enough(struct functions *all, struct fn *f, const struct invocation_call *i)
{
    while (f->starting < f->waiting) {
        if (all->n + all->starting >= ENVIRONMENTS_MAX && !make_room(all))
            return f->starting || f->environments; /* else nobody would ever come */
        f->starting++;
        all->starting++;
        environment_start(all, i);
    }
    return true;
}

/* A function was deleted, and perhaps it was the last that ran. */
static void nobody_left(struct functions *all)
{
    if (all->n + all->starting == 0)
        spares_drop(all);
}

/* ---- asking ---- */

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME", without the version behind it. */
static str without_version(str arn)
{
    str rest = arn;

    for (int i = 0; i < 7; i++)
        str_cut(&rest, ':');
    return str_is(rest) ? str_sub(arn, 0, arn.n - rest.n - 1) : arn;
}

/* The reserved concurrency is of all of a function's versions together. */
static int64_t running(struct functions *all, str arn)
{
    struct map_slot *slot;
    int64_t n = 0;
    size_t at = 0;

    while ((slot = map_next(&all->by_arn, &at))) {
        const struct fn *f = slot->value;
        if (str_eq(without_version(f->arn), without_version(arn)))
            n += (int64_t)f->running;
    }
    return n;
}

static bool is_throttled(struct functions *all, const struct ask *k)
{
    return k->call.reserved >= 0 && running(all, k->call.function) >= k->call.reserved;
}

void ask_begin(struct functions *all, struct ask *k)
{
    const char *why = NULL;

    pthread_mutex_lock(&all->lock);
    struct fn *f = fn_get(all, k->call.function, k->call.revision);
    struct environment *v = idle_one(f);
    k->fn = f;
    if (is_throttled(all, k)) {
        why = "ReservedFunctionConcurrentInvocationLimitExceeded";
    } else if (v) {
        f->running++;
        give(v, k);
    } else {
        f->running++;
        push(f, k);
        if (!start_enough(all, f, &k->call)) {
            pop(f); /* there is none before it: nobody waits where nobody comes */
            f->running--;
            why = "ConcurrentInvocationLimitExceeded";
        }
    }
    if (why)
        fn_tidy(all, f);
    pthread_mutex_unlock(&all->lock);
    if (why)
        ask_throttled(k, why);
    else if (v)
        ask_send(k); /* else it is in line, and may already have been sent */
}

/* Its environment is free again, or is of no more use. */
void ask_over(struct functions *all, struct ask *k, bool broken)
{
    struct ask *next = NULL;

    pthread_mutex_lock(&all->lock);
    struct fn *f = k->fn;
    struct environment *v = k->environment;
    f->running--;
    v->ask = NULL;
    v->idle_since_ms = time_mono_ms();
    if (broken || v->gone || !str_eq(str_z(v->revision), str_z(f->wanted))) {
        if (!v->gone)
            tell_retire(all, v);
        remove_environment(all, f, v);
        if (f->first)
            start_enough(all, f, &f->first->call);
    } else if ((next = pop(f))) {
        give(v, next);
    }
    if (!f->wanted[0] && !f->assumed)
        nobody_left(all);
    fn_tidy(all, f);
    pthread_mutex_unlock(&all->lock);
    if (next)
        ask_send_there(next);
}

/* ---- what flows tell ---- */

static struct environment *add(struct functions *all, struct fn *f, str revision, str flow, str eni)
{
    struct arena *a = arena_new(4096);
    struct environment *v = ARENA_NEW(a, struct environment);

    *v = (struct environment){
        .arena = a, .born_ms = time_mono_ms(), .idle_since_ms = time_mono_ms(), .next = f->environments};
    str_to_z(flow, v->flow, sizeof v->flow);
    str_to_z(eni, v->eni, sizeof v->eni);
    str_to_z(revision, v->revision, sizeof v->revision);
    f->environments = v;
    all->n++;
    return v;
}

static bool on_ready(struct house *h, str function, str revision, str flow, str eni)
{
    struct functions *all = h->environments;
    struct ask *k = NULL;

    pthread_mutex_lock(&all->lock);
    struct fn *f = fn_find(all, function);
    if (!f || !f->starting) {
        pthread_mutex_unlock(&all->lock);
        return false;
    }
    f->starting--;
    all->starting--;
    if (f->assumed)
        fn_want(f, revision);
    bool wanted = str_eq(revision, str_z(f->wanted)) && !all->quiet;
    spares_refill(all);
    if (wanted) {
        struct environment *v = add(all, f, revision, flow, eni);
        k = pop(f);
        if (k)
            give(v, k);
    } else if (f->first) {
        start_enough(all, f, &f->first->call);
    }
    fn_tidy(all, f);
    pthread_mutex_unlock(&all->lock);
    if (k)
        ask_send_there(k);
    return wanted;
}

/* Those who wait for what will not come; the first of a list that is linked by `next`. */
static struct ask *forsaken(struct fn *f)
{
    struct ask *list = NULL;

    while (f->waiting > f->starting && !f->environments) {
        struct ask *k = pop(f);
        k->next = list;
        list = k;
        f->running--;
    }
    return list;
}

static void on_gone(struct house *h, str function, str flow, bool served, const struct fault *why)
{
    struct functions *all = h->environments;
    struct ask *list = NULL;

    pthread_mutex_lock(&all->lock);
    struct fn *f = fn_find(all, function);
    struct environment *v = by_flow(f, flow);
    if (v && v->ask)
        v->gone = true; /* its connection breaks, and the ask ends by that */
    else if (v)
        remove_environment(all, f, v);
    else if (f && !served && f->starting) {
        f->starting--;
        all->starting--;
        list = forsaken(f);
    }
    if (f)
        fn_tidy(all, f);
    pthread_mutex_unlock(&all->lock);
    while (list) {
        struct ask *k = list;
        list = k->next;
        ask_refused_there(k, why);
    }
}

static bool on_look(struct house *h, str function, str flow)
{
    struct functions *all = h->environments;
    int64_t now = time_mono_ms();

    pthread_mutex_lock(&all->lock);
    struct fn *f = fn_find(all, function);
    struct environment *v = by_flow(f, flow);
    bool over = !v || (!v->ask && (now - v->idle_since_ms > IDLE_MS || now - v->born_ms > LIFE_MS));
    if (v && over) {
        remove_environment(all, f, v);
        fn_tidy(all, f);
    }
    pthread_mutex_unlock(&all->lock);
    return over;
}

static void on_retire(struct house *h, str function, str revision)
{
    struct functions *all = h->environments;

    pthread_mutex_lock(&all->lock);
    struct fn *f = fn_find(all, function);
    if (f)
        fn_want(f, revision);
    for (struct environment *v = f ? f->environments : NULL, *next; v; v = next) {
        next = v->next;
        if (v->ask || str_eq(str_z(v->revision), revision))
            continue; /* one at work is looked at when it has done */
        tell_retire(all, v);
        remove_environment(all, f, v);
    }
    if (f)
        fn_tidy(all, f);
    if (!revision.n)
        nobody_left(all);
    pthread_mutex_unlock(&all->lock);
}

/* ---- opening and closing ---- */

static const struct function_pool pool = {ask_invoke_for_flow, on_ready,    on_gone,    on_look,    on_retire,
                                          spare_is_wanted,     spare_ready, spare_take, spare_gone, spare_is_over};

void functions_open(struct front *f)
{
    struct functions *all = ARENA_NEW(f->arena, struct functions);

    all->house = &f->house;
    all->front = f;
    pthread_mutex_init(&all->lock, NULL);
    map_init(&all->by_arn);
    f->house.environments = all;
    f->house.functions = &pool;
}

void functions_quiet(struct front *f)
{
    struct functions *all = f->house.environments;

    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->quiet = true;
    pthread_mutex_unlock(&all->lock);
}

void functions_close(struct front *f)
{
    struct functions *all = f->house.environments;
    struct map_slot *slot;
    size_t at = 0;

    f->house.functions = NULL;
    while (all && (slot = map_next(&all->by_arn, &at))) {
        struct fn *one = slot->value;
        for (struct environment *v = one->environments, *next; v; v = next) {
            next = v->next;
            arena_free(v->arena);
        }
        for (struct ask *k = one->first, *next; k; k = next) { /* still in line: their flows ask the next server */
            next = k->next;
            if (k->arena)
                arena_free(k->arena);
        }
        arena_free(one->arena);
    }
    if (all)
        map_done(&all->by_arn);
}
