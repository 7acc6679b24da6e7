/* SPDX-License-Identifier: MIT */
/* Boxes: what runs beside a flow. Effects open and close them on the pool; the conductor's thread reads what the agent
 * and the program say. One lock keeps both from touching a box at once; warden is never waited for under it. */
#include "api/box.h"
#include "api/network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/log.h"
#include "conductor/box_parts.h"
#include "crypto/random.h"
#include "warden/sandbox.h"

enum {
    AGENT_MEMORY_MIB = 256,
    GONE_AFTER_MS = 1000, /* when warden has died this process ends too, and its successor resumes the flow instead */
};

/* ---- finding ---- */

static struct boxes *boxes_of(struct house *h)
{
    return h->conductor->boxes;
}

static struct box *by_flow(struct boxes *b, str flow)
{
    for (struct box *x = b->first; x; x = x->next)
        if (str_eq(x->flow, flow))
            return x;
    return NULL;
}

void box_drop_fd(struct boxes *b, int *fd)
{
    if (*fd < 0)
        return;
    epoll_ctl(b->conductor->poll, EPOLL_CTL_DEL, *fd, NULL);
    close(*fd);
    *fd = -1;
}

static res watch(struct boxes *b, int fd, uint64_t token, struct err *e)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = token};
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || epoll_ctl(b->conductor->poll, EPOLL_CTL_ADD, fd, &ev))
        return oops(e, errno, "cannot watch a sandbox's descriptor");
    return OK;
}

/* ---- the agent ---- */

static void agent_line(struct boxes *b, struct box *x, str line)
{
    struct arena *a = arena_new(AGENT_LINE_MAX * 4);
    char event[64];
    json_t *o;
    struct err e = {0};

    if (is_ok(json_parse(a, line, &e, &o)) && json_is_object(o))
        conductor_post(b->conductor, x->flow,
                       str_to_z(arena_cat(a, S("agent-"), json_str_at(o, "event")), event, sizeof event), line,
                       ANY_EFFECT, 0);
    else
        log_warn("an agent said what cannot be read: %s", e.what);
    arena_free(a);
}

static void read_agent(struct boxes *b, struct box *x)
{
    for (;;) {
        char *room = buf_room(&x->agent_in, 4096);
        ssize_t n = room ? read(x->agent, room, 4096) : 0;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            char data[64];
            snprintf(data, sizeof data, "{\"box\":\"%.*s\"}", FMT(x->plan.box));
            box_drop_fd(b, &x->agent);
            conductor_post(b->conductor, x->flow, "agent-gone", str_z(data), ANY_EFFECT, GONE_AFTER_MS);
            return;
        }
        buf_took(&x->agent_in, (size_t)n);
        for (ptrdiff_t end; (end = str_find(buf_str(&x->agent_in), '\n')) >= 0;) {
            agent_line(b, x, str_sub(buf_str(&x->agent_in), 0, (size_t)end));
            buf_drop_front(&x->agent_in, (size_t)end + 1);
        }
    }
}

/* The token of an epoll event: the box's serial number, and which of its descriptors. */
void boxes_readable(struct boxes *b, uint64_t token)
{
    pthread_mutex_lock(&b->lock);
    struct box *x = b->first;
    while (x && x->serial != token >> 1)
        x = x->next;
    if (x && token & 1 && x->agent >= 0)
        read_agent(b, x);
    else if (x && !(token & 1) && x->log >= 0 && !box_read_log(b, x))
        box_finish_log(b, x);
    pthread_mutex_unlock(&b->lock);
}

void conductor_box_exited(struct house *h, const struct sandbox_exited *what)
{
    struct boxes *b = h->conductor ? boxes_of(h) : NULL;
    str id = str_z(what->sandbox.z);
    struct buf text;

    if (!b)
        return;
    buf_init(&text, 160);
    buf_printf(&text, "{\"box\":\"%.*s\",\"code\":%d,\"signal\":%d,\"oom\":%u}", FMT(id), what->code, what->signal,
               what->oom_kills);
    pthread_mutex_lock(&b->lock);
    for (struct box *x = b->first; x; x = x->next)
        if (str_eq(x->plan.box, id))
            conductor_post(b->conductor, x->flow, "exited", buf_str(&text), ANY_EFFECT, 0);
    pthread_mutex_unlock(&b->lock);
    buf_done(&text);
}

/* ---- opening ---- */

static void copy_plan(struct arena *a, const struct box_plan *from, struct box_plan *to)
{
    *to = *from;
    to->parts = NULL;
    to->shares = NULL;
    to->n_parts = to->n_shares = 0;
    str *texts[] = {&to->box,     &to->volume,   &to->eni,       &to->vpc,       &to->image,
                    &to->order,   &to->role_arn, &to->session,   &to->service,   &to->subject_arn,
                    &to->account, &to->region,   &to->log_group, &to->log_stream};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = arena_dup(a, *texts[i]);
}

static struct box *new_box(struct boxes *b, str flow, const struct box_plan *p)
{
    struct arena *a = arena_new(8 << 20);
    struct box *x = ARENA_NEW(a, struct box);

    x->arena = a;
    x->lines_arena = arena_new(BATCH_BYTES * 8);
    x->flow = arena_dup(a, flow);
    x->agent = x->log = -1;
    copy_plan(a, p, &x->plan);
    buf_init(&x->agent_in, AGENT_LINE_MAX);
    buf_init(&x->log_in, BATCH_BYTES * 4);
    pthread_mutex_lock(&b->lock);
    x->serial = ++b->serial;
    x->next = b->first;
    b->first = x;
    pthread_mutex_unlock(&b->lock);
    return x;
}

static void free_box(struct boxes *b, struct box *x)
{
    box_drop_fd(b, &x->agent);
    box_drop_fd(b, &x->log);
    buf_done(&x->agent_in);
    buf_done(&x->log_in);
    arena_free(x->lines_arena);
    arena_free(x->arena);
}

struct ids {
    struct message_id box, volume, eni;
};

/* An interface that is absent is an id of zeros. */
static res read_ids(const struct box_plan *p, struct ids *out, struct err *e)
{
    *out = (struct ids){0};
    TRY(warden_id(p->box, "box-", &out->box, e));
    TRY(warden_id(p->volume, "vol-", &out->volume, e));
    return str_is(p->eni) ? warden_id(p->eni, "eni-", &out->eni, e) : OK;
}

/* The order as the service wrote it; with an interface, the place and the token of the box's credentials. */
static res send_order(struct box *x, str order, str token, struct err *e)
{
    struct buf b;

    if (order.n < 3 || order.p[order.n - 1] != '}')
        return oops(e, 0, "an order that is no object");
    buf_init_secret(&b, AGENT_LINE_MAX);
    buf_add(&b, str_sub(order, 0, order.n - 1));
    if (str_is(x->plan.eni))
        buf_printf(&b, ",\"credentials_uri\":\"/v2/credentials/%.*s\",\"credentials_token\":\"%.*s\"", FMT(x->plan.box),
                   FMT(token));
    buf_add_z(&b, "}\n");
    res r = b.full ? reject(e, "the job's settings are longer than 1 MiB") : box_send(x->agent, buf_str(&b), e);
    buf_done(&b);
    return r;
}

static res open_volume(struct warden_client *w, const struct ids *ids, uint64_t mib, struct err *e)
{
    TRY(warden_volume_create(w, &ids->volume, mib, e));
    return warden_volume_mount(w, &ids->volume, e);
}

/* What warden refuses of what we made up ourselves is our own fault, and no client's. */
static res ours(res r, struct err *e)
{
    const struct err why = *e;

    return r.why == WHY_REJECT ? oops(e, 0, "%s", why.what) : r;
}

/* Credentials, then the order and what follows it, to the agent that stands. */
static res give_order(struct house *h, str flow_id, const struct box_plan *p, struct err *e)
{
    struct boxes *b = boxes_of(h);
    char token[65];
    uint8_t random[32];
    int agent = -1;
    res r = OK;

    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, token);
    if (h->sandbox_doors && str_is(p->eni))
        r = h->sandbox_doors->add(h, p, str_n(token, 64), e);
    pthread_mutex_lock(&b->lock);
    struct box *x = by_flow(b, flow_id);
    if (is_ok(r))
        r = x && x->agent >= 0 ? send_order(x, p->order, str_n(token, 64), e) : oops(e, 0, "the agent is gone");
    if (is_ok(r))
        agent = x->agent;
    pthread_mutex_unlock(&b->lock);
    explicit_bzero(token, sizeof token);
    explicit_bzero(random, sizeof random);
    TRY(r);
    return box_send_parts(h, agent, p, e); /* the flow's next effect waits for this one: the agent stays */
}

res box_open(struct house *h, str flow_id, const struct box_plan *p, struct err *e)
{
    struct boxes *b = boxes_of(h);
    struct ids ids;
    int agent;

    TRY(ours(read_ids(p, &ids, e), e));
    TRY(ours(open_volume(h->warden, &ids, p->volume_mib, e), e));
    TRY(box_take_shares(h, p, e));
    TRY(ours(warden_agent_start(h->warden, &ids.box, &ids.eni, &ids.volume, AGENT_MEMORY_MIB, &agent, e), e));
    struct box *x = new_box(b, flow_id, p);
    pthread_mutex_lock(&b->lock);
    x->agent = agent;
    res r = watch(b, agent, x->serial << 1 | 1, e);
    pthread_mutex_unlock(&b->lock);
    TRY(r);
    return give_order(h, flow_id, p, e);
}

/* From here on what happens in it is told to the new flow. False: there is no such box. */
static bool hand_over(struct boxes *b, str from, str to, const struct box_plan *p)
{
    pthread_mutex_lock(&b->lock);
    struct box *x = by_flow(b, from);
    if (x) {
        x->flow = arena_dup(x->arena, to);
        copy_plan(x->arena, p, &x->plan);
    }
    pthread_mutex_unlock(&b->lock);
    return x != NULL;
}

res box_adopt(struct house *h, str from_flow, str flow_id, const struct box_plan *p, struct err *e)
{
    struct sandbox_join j = {
        .own_ip = p->own_ip, .resolver_ip = p->resolver_ip, .memory_mib = p->memory_mib, .cpu_shares = p->cpu_shares};
    struct ids ids;

    TRY(read_ids(p, &ids, e));
    if (!hand_over(boxes_of(h), from_flow, flow_id, p))
        return oops(e, 0, "the spare sandbox is gone");
    j.sandbox = ids.box;
    j.eni = ids.eni;
    TRY(warden_sandbox_join(h->warden, &j, e));
    return give_order(h, flow_id, p, e);
}

res box_run(struct house *h, str flow_id, struct err *e)
{
    struct boxes *b = boxes_of(h);
    struct sandbox_start m = {.pids_max = 512};
    struct ids ids;
    int log;

    pthread_mutex_lock(&b->lock);
    struct box *x = by_flow(b, flow_id);
    res r = x ? read_ids(&x->plan, &ids, e) : oops(e, 0, "the sandbox is gone");
    if (is_ok(r)) {
        m.sandbox = ids.box;
        m.eni = ids.eni;
        m.volume = ids.volume;
        str_to_z(x->plan.image, m.image, sizeof m.image);
        m.own_ip = x->plan.own_ip;
        m.resolver_ip = x->plan.resolver_ip;
        m.memory_mib = x->plan.memory_mib;
        m.tmp_mib = x->plan.tmp_mib ? x->plan.tmp_mib : 64;
        m.cpu_shares = x->plan.cpu_shares;
    }
    pthread_mutex_unlock(&b->lock);
    TRY(r);
    TRY(warden_sandbox_start(h->warden, &m, &log, e));
    pthread_mutex_lock(&b->lock);
    x = by_flow(b, flow_id);
    r = x ? watch(b, log, x->serial << 1, e) : oops(e, 0, "the sandbox went while it started");
    if (is_ok(r))
        x->log = log;
    else
        close(log);
    pthread_mutex_unlock(&b->lock);
    return r;
}

/* ---- while it runs, and at its end ---- */

typedef res on_box(struct warden_client *w, const struct message_id *box, struct err *e);

static res with_box(struct house *h, str flow_id, on_box *fn, struct err *e)
{
    struct boxes *b = boxes_of(h);
    struct message_id id = {{0}};

    pthread_mutex_lock(&b->lock);
    struct box *x = by_flow(b, flow_id);
    res r = x ? warden_id(x->plan.box, "box-", &id, e) : OK;
    pthread_mutex_unlock(&b->lock);
    TRY(r);
    return x ? fn(h->warden, &id, e) : OK;
}

res box_stop(struct house *h, str flow_id, struct err *e)
{
    return with_box(h, flow_id, warden_sandbox_stop, e);
}

res box_kill(struct house *h, str flow_id, struct err *e)
{
    return with_box(h, flow_id, warden_sandbox_kill, e);
}

res box_tell(struct house *h, str flow_id, str line, struct err *e)
{
    struct boxes *b = boxes_of(h);
    struct buf text;

    buf_init(&text, AGENT_LINE_MAX);
    buf_add(&text, line);
    buf_add_char(&text, '\n');
    pthread_mutex_lock(&b->lock);
    struct box *x = by_flow(b, flow_id);
    res r = x && x->agent >= 0 ? box_send(x->agent, buf_str(&text), e) : oops(e, 0, "the agent is gone");
    pthread_mutex_unlock(&b->lock);
    buf_done(&text);
    return r;
}

/* Its last words are shipped without the lock: that waits for the writer, on whose thread a step may ask for a box
 * (boxes_have). Nobody finds it any more by then. */
static void forget_box(struct boxes *b, str flow_id)
{
    struct box **at, *gone;

    pthread_mutex_lock(&b->lock);
    for (at = &b->first; *at && !str_eq((*at)->flow, flow_id);)
        at = &(*at)->next;
    gone = *at;
    if (gone)
        *at = gone->next;
    pthread_mutex_unlock(&b->lock);
    if (!gone)
        return;
    box_finish_log(b, gone);
    free_box(b, gone);
}

res box_close(struct house *h, str flow_id, str box, str volume, struct err *e)
{
    struct message_id box_id, volume_id;

    if (box.n) {
        TRY(warden_id(box, "box-", &box_id, e));
        TRY(warden_sandbox_end(h->warden, &box_id, e));
        if (h->sandbox_doors)
            h->sandbox_doors->remove(h, box);
    }
    forget_box(boxes_of(h), flow_id); /* after its end: the last words are in the pipe */
    if (!volume.n)
        return OK;
    TRY(warden_id(volume, "vol-", &volume_id, e));
    TRY(warden_volume_unmount(h->warden, &volume_id, e));
    return warden_volume_delete(h->warden, &volume_id, e);
}

bool boxes_have(struct boxes *b, str flow)
{
    pthread_mutex_lock(&b->lock);
    bool there = by_flow(b, flow) != NULL;
    pthread_mutex_unlock(&b->lock);
    return there;
}

res boxes_abandon(struct effect *x)
{
    struct boxes *b = boxes_of(x->house);
    str box = STR_ABSENT, volume = STR_ABSENT, eni = STR_ABSENT;

    pthread_mutex_lock(&b->lock);
    struct box *one = by_flow(b, x->flow);
    if (one) {
        box = arena_dup(x->arena, one->plan.box);
        volume = arena_dup(x->arena, one->plan.volume);
        if (str_eq(one->plan.vpc, S(PLAN_FUNCTIONS_VPC)))
            eni = arena_dup(x->arena, one->plan.eni);
    }
    pthread_mutex_unlock(&b->lock);
    if (one)
        TRY(box_close(x->house, x->flow, box, volume, &x->err));
    return str_is(eni) && x->house->network ? x->house->network->leave(x->house, eni, &x->err) : OK;
}

struct boxes *boxes_new(struct conductor *c)
{
    struct boxes *b = ARENA_NEW(c->arena, struct boxes);

    b->conductor = c;
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

void boxes_free(struct boxes *b)
{
    while (b->first) {
        struct box *x = b->first;
        b->first = x->next;
        free_box(b, x);
    }
    pthread_mutex_destroy(&b->lock);
}
