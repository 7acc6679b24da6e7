/* SPDX-License-Identifier: MIT */
/* Doors: which socket a request came through decides what is known of its way. */
#include "doors.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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
    const struct origin *o = &s->request->origin;

    return o->listener == &admin_tag && (o->peer_uid == 0 || o->peer_uid == s->thread->house->owner_uid);
}

res doors_open(struct front *f, struct doors **out, struct err *e)
{
    struct stat st;

    if (stat(state_path(&f->state, f->arena, "."), &st))
        return oops(e, errno, "cannot see whose the state folder is");
    f->house.owner_uid = st.st_uid;
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

/* Without authentication, because it tells nothing but that the server lives and what it speaks. */
static void health(struct serving *s)
{
    struct header json = {S("Content-Type"), S("application/json")};
    bool ready = atomic_load(&s->thread->house->ready), healthy = !atomic_load(&s->thread->house->audit_failed);
    struct buf b;

    buf_init(&b, 64 << 10);
    buf_printf(&b, "{\"status\":\"%s\",\"product\":\"barmkin\",\"version\":\"0.1.0\",\"enforcement\":\"strict\",",
               !healthy ? "failing"
               : ready  ? "running"
                        : "starting");
    buf_add_z(&b, "\"services\":{");
    for (const struct service *const *one = services; *one; one++)
        if (strcmp((*one)->name, "barmkin") != 0)
            buf_printf(&b, "%s\"%s\":\"available\"", b.p[b.n - 1] == '{' ? "" : ",", (*one)->name);
    buf_add_z(&b, "}}\n");
    s->answered = true;
    x_reply(s->x, healthy ? 200 : 503, &json, 1, buf_str(&b));
    buf_done(&b);
}

/* 200 once flows have been resumed: what tools wait for before they send work. */
static void readiness(struct serving *s)
{
    struct header json = {S("Content-Type"), S("application/json")};
    bool ready = atomic_load(&s->thread->house->ready);

    s->answered = true;
    x_reply(s->x, ready ? 200 : 503, &json, 1, ready ? S("{\"ready\":true}\n") : S("{\"ready\":false}\n"));
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
    if (str_eq(s->request->path, S("/_barmkin/ready"))) {
        readiness(s);
        return true;
    }
    return false;
}
