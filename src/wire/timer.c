/* SPDX-License-Identifier: MIT */
/* Lanes are lists, so arming and disarming a connection costs a few stores and no comparison. */
#include "wire/timer.h"

enum { TIMERS_MAX_BYTES = 64 << 20 };

void lane_disarm(struct lane_link *link)
{
    struct lane *lane = link->in;

    if (!lane)
        return;
    *(link->prev ? &link->prev->next : &lane->first) = link->next;
    *(link->next ? &link->next->prev : &lane->last) = link->prev;
    *link = (struct lane_link){0};
}

void lane_arm(struct lane *lane, struct lane_link *link, int64_t now_ms)
{
    lane_disarm(link);
    *link = (struct lane_link){.prev = lane->last, .in = lane, .at_ms = now_ms + lane->ms};
    *(lane->last ? &lane->last->next : &lane->first) = link;
    lane->last = link;
}

void lane_expire(struct loop *l, struct lane *lane, int64_t now_ms)
{
    while (lane->first && lane->first->at_ms <= now_ms) {
        struct lane_link *link = lane->first;
        lane_disarm(link);
        lane->expired(l, link);
    }
}

struct timer_slot {
    int64_t at_ms;
    void (*fn)(void *);
    void *arg;
    uint32_t generation; /* tells a reused slot from the timer an old id meant */
    uint32_t heap_at;
    bool live;
};

static struct timer_slot *slot_at(const struct timers *t, uint32_t i)
{
    return (struct timer_slot *)(void *)t->slots.p + i;
}
static uint32_t *heap_of(const struct timers *t)
{
    return (uint32_t *)(void *)t->heap.p;
}
static size_t heap_count(const struct timers *t)
{
    return t->heap.n / sizeof(uint32_t);
}

void timers_init(struct timers *t)
{
    buf_init(&t->slots, TIMERS_MAX_BYTES);
    buf_init(&t->heap, TIMERS_MAX_BYTES);
    buf_init(&t->free, TIMERS_MAX_BYTES);
}

void timers_done(struct timers *t)
{
    buf_done(&t->slots);
    buf_done(&t->heap);
    buf_done(&t->free);
}

static void heap_set(struct timers *t, size_t at, uint32_t slot)
{
    heap_of(t)[at] = slot;
    slot_at(t, slot)->heap_at = (uint32_t)at;
}

static int64_t time_at(const struct timers *t, size_t at)
{
    return slot_at(t, heap_of(t)[at])->at_ms;
}

static void heap_up(struct timers *t, size_t at)
{
    uint32_t slot = heap_of(t)[at];

    while (at > 0 && time_at(t, (at - 1) / 2) > slot_at(t, slot)->at_ms) {
        heap_set(t, at, heap_of(t)[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(t, at, slot);
}

static void heap_down(struct timers *t, size_t at)
{
    uint32_t slot = heap_of(t)[at];
    size_t n = heap_count(t);

    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < n && time_at(t, child + 1) < time_at(t, child))
            child++;
        if (child >= n || time_at(t, child) >= slot_at(t, slot)->at_ms)
            break;
        heap_set(t, at, heap_of(t)[child]);
        at = child;
    }
    heap_set(t, at, slot);
}

static void heap_remove(struct timers *t, size_t at)
{
    size_t last = heap_count(t) - 1;
    uint32_t slot = heap_of(t)[at], moved = heap_of(t)[last];

    t->heap.n -= sizeof(uint32_t);
    if (at != last) {
        heap_set(t, at, moved);
        heap_up(t, at);
        heap_down(t, slot_at(t, moved)->heap_at);
    }
    slot_at(t, slot)->live = false;
    slot_at(t, slot)->generation++;
    buf_add_bytes(&t->free, &slot, sizeof slot);
}

static uint32_t take_slot(struct timers *t)
{
    uint32_t slot = (uint32_t)(t->slots.n / sizeof(struct timer_slot));

    if (t->free.n) {
        t->free.n -= sizeof slot;
        __builtin_memcpy(&slot, t->free.p + t->free.n, sizeof slot);
        return slot;
    }
    struct timer_slot fresh = {.generation = 1};
    buf_add_bytes(&t->slots, &fresh, sizeof fresh);
    return slot;
}

uint64_t timers_add(struct timers *t, int64_t at_ms, void (*fn)(void *), void *arg)
{
    uint32_t slot = take_slot(t);
    struct timer_slot *s = slot_at(t, slot);

    *s = (struct timer_slot){.at_ms = at_ms, .fn = fn, .arg = arg, .generation = s->generation, .live = true};
    buf_add_bytes(&t->heap, &slot, sizeof slot);
    heap_up(t, heap_count(t) - 1);
    return (uint64_t)slot_at(t, slot)->generation << 32 | slot;
}

void timers_cancel(struct timers *t, uint64_t id)
{
    uint32_t slot = (uint32_t)id;

    if (slot >= t->slots.n / sizeof(struct timer_slot))
        return;
    struct timer_slot *s = slot_at(t, slot);
    if (s->live && s->generation == id >> 32)
        heap_remove(t, s->heap_at);
}

int64_t timers_next_ms(const struct timers *t)
{
    return t->heap.n ? time_at(t, 0) : INT64_MAX;
}

void timers_expire(struct timers *t, int64_t now_ms)
{
    while (timers_next_ms(t) <= now_ms) {
        struct timer_slot s = *slot_at(t, heap_of(t)[0]);
        heap_remove(t, 0);
        s.fn(s.arg); /* may add and cancel */
    }
}
