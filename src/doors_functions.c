/* SPDX-License-Identifier: MIT */
/* The functions' door: where Lambda's functions without a VPC stand. A network like the host's door (warden/door.h),
 * with the credentials of sandboxes besides; its guests cannot reach each other, and there is no way out of it. */
#include <string.h>

#include "doors_parts.h"
#include "warden/warden.h"

struct function_guests {
    pthread_mutex_t lock; /* warden is waited for under it: one change of the network at a time */
    struct door_guest v[DOOR_GUESTS_MAX];
    size_t n;
    uint64_t generation;
};

void function_guests_new(struct doors *d)
{
    pthread_mutex_lock(&d->lock);
    d->functions = ARENA_NEW(d->arena, struct function_guests);
    pthread_mutex_unlock(&d->lock);
    pthread_mutex_init(&d->functions->lock, NULL);
}

static struct door_guest *find(struct function_guests *g, const struct message_id *eni)
{
    for (size_t i = 0; i < g->n; i++)
        if (memcmp(&g->v[i].eni, eni, sizeof *eni) == 0)
            return &g->v[i];
    return NULL;
}

static bool taken(const struct function_guests *g, uint16_t slot)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->v[i].slot == slot)
            return true;
    return false;
}

/* Makes the door for those who are its guests now. Under the lock. */
static res make_door(struct doors *d, struct err *e)
{
    struct function_guests *g = d->functions;
    struct arena *a = arena_new(4 << 20);
    struct door_plan *plan = ARENA_NEW(a, struct door_plan);
    struct door_vpc *v = vpc_of(d, S(PLAN_FUNCTIONS_VPC));

    door_plan_make(plan, PLAN_FUNCTIONS_VPC, ++g->generation, g->v, g->n);
    pthread_mutex_lock(&v->apply);
    res r = vpc_make(v, &plan->plan, e);
    pthread_mutex_unlock(&v->apply);
    arena_free(a);
    return r;
}

static res add(struct function_guests *g, const struct message_id *eni, struct door_guest **out, struct err *e)
{
    uint16_t slot = 0;

    if (g->n == DOOR_GUESTS_MAX)
        return oops(e, 0, "the functions' network has no more room");
    while (taken(g, slot))
        slot++;
    *out = &g->v[g->n++];
    **out = (struct door_guest){*eni, slot};
    return OK;
}

res functions_enter(struct house *h, str eni, struct network_place *out, struct err *e)
{
    struct doors *d = doors_of(h);
    struct function_guests *g = d->functions;
    struct message_id id;
    res r = OK;

    TRY(warden_id(eni, "eni-", &id, e));
    pthread_mutex_lock(&g->lock);
    struct door_guest *guest = find(g, &id);
    if (!guest)
        r = add(g, &id, &guest, e);
    if (is_ok(r)) {
        *out = (struct network_place){S(PLAN_FUNCTIONS_VPC), DOOR_GUEST_BASE + guest->slot, DOOR_RESOLVER};
        r = make_door(d, e);
    }
    pthread_mutex_unlock(&g->lock);
    return r;
}

res functions_leave(struct house *h, str eni, struct err *e)
{
    struct doors *d = doors_of(h);
    struct function_guests *g = d->functions;
    struct message_id id;
    res r = OK;

    TRY(warden_id(eni, "eni-", &id, e));
    pthread_mutex_lock(&g->lock);
    struct door_guest *guest = find(g, &id);
    if (guest) {
        *guest = g->v[--g->n];
        r = make_door(d, e);
    }
    pthread_mutex_unlock(&g->lock);
    return r;
}
