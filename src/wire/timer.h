/* SPDX-License-Identifier: MIT */
/* Deadlines without a system call each: lanes for those of one fixed length, a heap for the others. */
#ifndef BARMKIN_WIRE_TIMER_H
#define BARMKIN_WIRE_TIMER_H
#include "base/buf.h"

struct loop;

/* All deadlines of one lane are equally far away when they are armed: the oldest is always first. */
struct lane_link {
    struct lane_link *prev, *next;
    struct lane *in; /* NULL: not armed */
    int64_t at_ms;
};
struct lane {
    struct lane_link *first, *last;
    int64_t ms;
    void (*expired)(struct loop *l, struct lane_link *link); /* the link is already out of the lane */
};
void lane_arm(struct lane *lane, struct lane_link *link, int64_t now_ms); /* leaves the lane it was in */
void lane_disarm(struct lane_link *link);
void lane_expire(struct loop *l, struct lane *lane, int64_t now_ms);

/* One-shot timers of any length: a binary heap of slots. */
struct timers {
    struct buf slots, heap, free; /* struct timer_slot; uint32_t slot numbers; the same */
};
void timers_init(struct timers *t);
void timers_done(struct timers *t);
uint64_t timers_add(struct timers *t, int64_t at_ms, void (*fn)(void *), void *arg);
void timers_cancel(struct timers *t, uint64_t id); /* one that has fired or never was is fine */
int64_t timers_next_ms(const struct timers *t);    /* INT64_MAX when there is none */
void timers_expire(struct timers *t, int64_t now_ms);

#endif
