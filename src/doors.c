/* SPDX-License-Identifier: MIT */
/* Doors: which socket a request came through decides what is known of its way. */
#include "doors.h"

#include "base/log.h"
#include "conductor/conductor.h"
#include "front.h"
#include "serve.h"

static char endpoint_tag, admin_tag; /* only their addresses matter */

struct doors {
    struct front *front;
};

void *door_endpoint(void)
{
    return &endpoint_tag;
}
void *door_admin(void)
{
    return &admin_tag;
}

bool door_is_admin(const struct serving *s)
{
    return s->request->origin.listener == &admin_tag;
}

res doors_open(struct front *f, struct doors **out, struct err *e)
{
    (void)e;
    *out = ARENA_NEW(f->arena, struct doors);
    (*out)->front = f;
    return OK;
}

void doors_close(struct doors *d)
{
    (void)d;
}

void doors_event(void *arg, uint16_t type, const void *body, size_t n, int *fds, size_t n_fds)
{
    struct front *f = arg;

    (void)fds, (void)n_fds;
    if (type == WARDEN_EVENT_SANDBOX_EXITED && n == sizeof(struct sandbox_exited))
        conductor_box_exited(&f->house, body);
    if (type == 0)
        log_warn("warden is gone");
}

/* Without authentication, because it tells nothing but that the server lives. */
static void health(struct serving *s)
{
    struct header json = {S("Content-Type"), S("application/json")};

    s->answered = true;
    x_reply(s->x, 200, &json, 1,
            S("{\"status\":\"running\",\"product\":\"barmkin\",\"enforcement\":\"strict\",\"services\":{}}\n"));
}

bool door_answers(struct serving *s)
{
    const struct origin *o = &s->request->origin;

    s->door = (struct door){.tls = o->tls};
    s->door.source_ip = arena_printf(s->call.arena, "%u.%u.%u.%u", o->peer_ip >> 24, o->peer_ip >> 16 & 255,
                                     o->peer_ip >> 8 & 255, o->peer_ip & 255);
    if (str_eq(s->request->path, S("/_barmkin/health")) || str_eq(s->request->path, S("/_localstack/health"))) {
        health(s);
        return true;
    }
    return false;
}
