/* SPDX-License-Identifier: MIT */
/* The spares: at most two sandboxes that run before a function needs one. The first are made when a function has been
 * begun, each one that is taken is followed by another; none where memory is short, none after ten minutes in which no
 * environment was begun, and none when the last function that ran has been deleted. What was given to a flow is never
 * given to another. */
#include <stdio.h>

#include "base/log.h"
#include "base/time.h"
#include "functions_parts.h"

enum {
    IDLE_MS = 10 * 60 * 1000,
    LOST_MS = 60 * 1000, /* taken by a step that came to nothing, or begun and never heard of */
    MEMORY_LEAST_MIB = 1024,
};

static struct spare_slot *slot_of(struct spares *s, str flow)
{
    for (size_t i = 0; i < SPARE_SLOTS; i++)
        if (str_eq(str_z(s->v[i].flow), flow))
            return &s->v[i];
    return NULL;
}

/* ---- making them ---- */

struct beginning {
    struct errand errand;
    struct arena *arena;
    struct functions *all;
};

/* What the kernel thinks can be had without swapping; unknown: nothing. */
static long available_mib(void)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %ld kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib / 1024;
}

static void heard(struct spares *s)
{
    if (s->coming)
        s->coming--;
}

static void begin(struct errand *e)
{
    struct beginning *b = (struct beginning *)((char *)e - offsetof(struct beginning, errand));
    struct functions *all = b->all;
    struct house *h = all->house;
    struct err why = {0};
    bool begun = available_mib() >= MEMORY_LEAST_MIB;

    if (begun && !is_ok(conductor_begin(h, h->management_account, h->region, "spare", S("spare"), S("{}"), &why))) {
        log_warn("no spare sandbox: %s", why.what);
        begun = false;
    }
    if (!begun) {
        pthread_mutex_lock(&all->lock);
        heard(&all->spares);
        pthread_mutex_unlock(&all->lock);
    }
    arena_free(b->arena);
}

static size_t waiting(const struct spares *s)
{
    size_t n = 0;

    for (size_t i = 0; i < SPARE_SLOTS; i++)
        n += s->v[i].flow[0] && !s->v[i].taken_by[0];
    return n;
}

void spares_refill(struct functions *all)
{
    struct spares *s = &all->spares;
    int64_t now = time_mono_ms();

    s->wanted_ms = now;
    s->unwanted = false;
    if (now - s->begun_ms > LOST_MS)
        s->coming = 0;
    for (size_t n = waiting(s) + s->coming; n < SPARES_MAX && !all->quiet; n++) {
        struct arena *a = arena_new(4096);
        struct beginning *b = ARENA_NEW(a, struct beginning);
        *b = (struct beginning){.errand = {.run = begin}, .arena = a, .all = all};
        s->coming++;
        s->begun_ms = now;
        pool_submit(all->house->pool, &b->errand);
    }
}

void spares_drop(struct functions *all)
{
    struct spares *s = &all->spares;

    s->unwanted = true;
    for (size_t i = 0; i < SPARE_SLOTS && !all->quiet; i++)
        if (s->v[i].flow[0] && !s->v[i].taken_by[0]) {
            conductor_event(all->house, str_z(s->v[i].flow), "retire", STR_ABSENT);
            s->v[i] = (struct spare_slot){{0}, {0}, {0}, {0}, 0};
        }
}

/* ---- what flows tell and ask ---- */

bool spare_is_wanted(struct house *h)
{
    struct functions *all = h->environments;

    pthread_mutex_lock(&all->lock);
    bool wanted = !all->quiet && !all->spares.unwanted;
    pthread_mutex_unlock(&all->lock);
    return wanted;
}

bool spare_ready(struct house *h, const struct spare *spare)
{
    struct functions *all = h->environments;
    struct spares *s = &all->spares;

    pthread_mutex_lock(&all->lock);
    heard(s);
    struct spare_slot *free_one = all->quiet || s->unwanted || waiting(s) >= SPARES_MAX ? NULL : slot_of(s, S(""));
    if (free_one) {
        *free_one = (struct spare_slot){{0}, {0}, {0}, {0}, 0};
        str_to_z(spare->flow, free_one->flow, sizeof free_one->flow);
        str_to_z(spare->box, free_one->box, sizeof free_one->box);
        str_to_z(spare->volume, free_one->volume, sizeof free_one->volume);
    }
    pthread_mutex_unlock(&all->lock);
    return free_one != NULL;
}

static struct spare_slot *one_for(struct spares *s, str flow)
{
    for (size_t i = 0; i < SPARE_SLOTS; i++)
        if (s->v[i].flow[0] && str_eq(str_z(s->v[i].taken_by), flow))
            return &s->v[i];
    return NULL;
}

bool spare_take(struct house *h, str flow, struct arena *a, struct spare *out)
{
    struct functions *all = h->environments;
    struct spares *s = &all->spares;

    pthread_mutex_lock(&all->lock);
    struct spare_slot *one = one_for(s, flow);
    if (!one && (one = one_for(s, S("")))) {
        str_to_z(flow, one->taken_by, sizeof one->taken_by);
        one->taken_ms = time_mono_ms();
    }
    if (one)
        *out = (struct spare){arena_dup(a, str_z(one->flow)), arena_dup(a, str_z(one->box)),
                              arena_dup(a, str_z(one->volume))};
    pthread_mutex_unlock(&all->lock);
    return one != NULL;
}

void spare_gone(struct house *h, str flow)
{
    struct functions *all = h->environments;

    pthread_mutex_lock(&all->lock);
    struct spare_slot *one = slot_of(&all->spares, flow);
    if (one)
        *one = (struct spare_slot){{0}, {0}, {0}, {0}, 0};
    else
        heard(&all->spares);
    pthread_mutex_unlock(&all->lock);
}

bool spare_is_over(struct house *h, str flow)
{
    struct functions *all = h->environments;
    int64_t now = time_mono_ms();

    pthread_mutex_lock(&all->lock);
    const struct spare_slot *one = slot_of(&all->spares, flow);
    bool over = !one || (one->taken_by[0] ? now - one->taken_ms > LOST_MS : now - all->spares.wanted_ms > IDLE_MS);
    pthread_mutex_unlock(&all->lock);
    return over;
}
