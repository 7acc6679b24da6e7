/* SPDX-License-Identifier: MIT */
/* Doors: which socket a request came through decides what is known of its way. */
#include "doors.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "api/box.h"
#include "base/log.h"
#include "base/time.h"
#include "conductor/conductor.h"
#include "doors_parts.h"
#include "ec2.h"
#include "serve.h"
#include "services/ec2/start.h"
#include "warden/warden.h"

enum { DOORS_MAX_BYTES = 64 << 20, START_MAX_BYTES = 256 << 20 };

static const struct door_tag endpoint_tag = {DOOR_ENDPOINT, NULL}, admin_tag = {DOOR_ADMIN, NULL};

void *door_endpoint(void)
{
    return (void *)(uintptr_t)&endpoint_tag;
}
void *door_admin(void)
{
    return (void *)(uintptr_t)&admin_tag;
}

static const struct door_tag *tag_of(const struct serving *s)
{
    return s->request->origin.listener;
}

bool door_is_admin(const struct serving *s)
{
    const struct origin *o = &s->request->origin;

    return tag_of(s) == &admin_tag && (o->peer_uid == 0 || o->peer_uid == s->thread->house->owner_uid);
}

/* ---- at start ---- */

static void release_held(struct doors *d, struct call *c)
{
    struct list_of_str accounts = {0}, interfaces = {0};
    struct err e = {0};

    if (!is_ok(ec2_held(c, &accounts, &interfaces)))
        log_error("interfaces of commands before cannot be found: %s", c->err.what);
    for (size_t i = 0; i < interfaces.n; i++)
        if (!is_ok(hold_release(d, accounts.v[i], interfaces.v[i], &e)))
            log_error("%.*s cannot be released: %s", FMT(interfaces.v[i]), e.what);
}

/* One VPC that cannot be made stays closed; the others and their customers do not wait for it. */
static res make_all(struct doors *d, struct call *c)
{
    struct network **all;
    size_t n;

    TRY(ec2_networks(c, &all, &n));
    for (size_t i = 0; i < n; i++) {
        struct err why = {0};
        (void)vpc_apply(d->house, all[i], &why); /* it has told the log */
    }
    return OK;
}

/* What the store has, read as the operator; nobody else runs yet. */
static res restore(struct doors *d, struct err *e)
{
    struct front *f = d->front;
    struct arena *a = arena_new(START_MAX_BYTES);
    struct caller who = caller_operator(a, d->house->management_account);
    struct call c = {.op = &ec2_DescribeVpcs_op,
                     .caller = &who,
                     .arena = a,
                     .secrets = a,
                     .worker = &f->io[0].worker,
                     .region = d->house->region,
                     .request_id = S("start"),
                     .now_ms = time_wall_ms()};

    res r = store_begin(c.worker->store, false, &c.txn, &c.err);
    if (is_ok(r)) {
        release_held(d, &c);
        txn_rollback(c.txn);
        r = store_begin(c.worker->store, false, &c.txn, &c.err); /* a snapshot that has seen it */
    }
    if (is_ok(r)) {
        r = make_all(d, &c);
        txn_rollback(c.txn);
    }
    if (!is_ok(r))
        oops(e, c.err.sys_errno, "the VPCs cannot be made again: %s", c.err.what);
    arena_free(a);
    return r;
}

static const struct network_doors network_doors = {vpc_apply,   vpc_remove,      hold_process,
                                                   hold_let_go, functions_enter, functions_leave};

res doors_open(struct front *f, struct doors **out, struct err *e)
{
    struct arena *a = arena_new(DOORS_MAX_BYTES);
    struct doors *d = ARENA_NEW(a, struct doors);
    struct stat st;

    if (stat(state_path(&f->state, f->arena, "."), &st))
        return oops(e, errno, "cannot see whose the state folder is");
    f->house.owner_uid = st.st_uid;
    *d = (struct doors){.front = f, .house = &f->house, .arena = a};
    pthread_mutex_init(&d->lock, NULL);
    *out = d;
    sandboxes_new(d);
    TRY(holds_open(d, e));
    function_guests_new(d);
    f->house.doors = d;
    if (f->house.warden)
        f->house.network = &network_doors;
    TRY(restore(d, e));
    atomic_store(&d->running, true);
    return OK;
}

void doors_quiet(struct doors *d)
{
    holds_close(d);
}

void doors_close(struct doors *d)
{
    d->house->network = NULL;
    vpcs_close(d);
    sandboxes_free(d);
    arena_free(d->arena);
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

/* ---- requests ---- */

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

static bool answers_itself(struct serving *s)
{
    str path = s->request->path;

    if (str_eq(path, S("/_barmkin/health")) || str_eq(path, S("/_localstack/health")))
        health(s);
    else if (str_eq(path, S("/_barmkin/ready")))
        readiness(s);
    else
        return false;
    return true;
}

static str dotted(struct arena *a, uint32_t ip)
{
    char room[16];
    struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room};

    for (int shift = 24; shift >= 0; shift -= 8) {
        buf_add_u64(&b, ip >> shift & 255);
        if (shift)
            buf_add_char(&b, '.');
    }
    return arena_dup(a, buf_str(&b));
}

/* Through a VPC's listener: the connection's own address names the endpoint, or the way out, its peer's the caller's
 * interface. */
static bool through_vpc(struct serving *s, struct door_vpc *v)
{
    uint32_t as = vpc_public_of(v, s->request->origin.local_ip, s->request->origin.peer_ip);
    struct network_endpoint at;

    if (as) { /* out of the VPC, and in again at the front: seen as anybody in the world is */
        s->door.source_ip = dotted(s->call.arena, as);
        return false;
    }
    if (!vpc_endpoint(v, s->request->origin.local_ip, s->call.arena, &at)) {
        s->answered = true;
        x_reply(s->x, 403, NULL, 0, S("This VPC endpoint has been deleted.\n"));
        return true;
    }
    s->door.vpce_id = at.vpce_id;
    s->door.vpc_id = str_z(v->id.z);
    s->door.vpc_account = at.account;
    s->leads_to = at.service;
    return false;
}

bool door_answers(struct serving *s)
{
    const struct origin *o = &s->request->origin;
    const struct door_tag *tag = tag_of(s);

    s->door = (struct door){.tls = o->tls,
                            .tls_version = !o->tls                ? STR_ABSENT
                                           : o->tls_version == 12 ? S("1.2")
                                                                  : S("1.3"),
                            .tls_cipher = o->tls_cipher ? str_z(o->tls_cipher) : STR_ABSENT};
    s->door.source_ip = dotted(s->call.arena, o->peer_ip);
    switch (tag->kind) {
    case DOOR_ADMIN: /* this machine's own user, through a file only that user may open */
        s->door = (struct door){.tls = true, .source_ip = S("127.0.0.1"), .peer_pid = o->peer_pid};
        break;
    case DOOR_VPC:
        return through_vpc(s, tag->vpc);
    case DOOR_CREDENTIALS:
        sandbox_answer(s, tag->vpc);
        return true;
    default:
        break;
    }
    return answers_itself(s);
}

/* AWS's endpoints answer only for their own service: the name of another leads elsewhere there. */
res door_leads_there(struct serving *s)
{
    str bucket;

    if (!str_is(s->door.vpce_id))
        return OK;
    const struct service *named = route_host(http_header(s->request, S("Host")), &bucket);
    if (s->leads_to && s->routed.service == s->leads_to && (!named || named == s->leads_to))
        return OK;
    return fault(&s->call, &api_access_denied, "The VPC endpoint %.*s leads to %s; this request is for %s.",
                 FMT(s->door.vpce_id), s->leads_to ? s->leads_to->name : "no service of this house",
                 named && named != s->leads_to ? named->name : s->routed.service->name);
}
