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
#include "base/time.h"
#include "conductor/inside.h"
#include "crypto/random.h"
#include "warden/sandbox.h"

enum {
    LINES_MAX = 1000,          /* of one batch */
    LINE_MAX_BYTES = 64 << 10, /* a longer one is cut */
    BATCH_BYTES = 512 << 10,
    SHIP_AFTER_MS = 250,
    AGENT_LINE_MAX = 1 << 20,
    AGENT_MEMORY_MIB = 256,
    GONE_AFTER_MS = 1000, /* when warden has died this process ends too, and its successor resumes the flow instead */
};

struct box {
    struct arena *arena; /* the plan's copies */
    struct arena *lines_arena;
    struct box_plan plan;
    str flow;
    uint64_t serial;
    int agent, log;
    struct buf agent_in, log_in;
    str lines[LINES_MAX];
    int64_t times_ms[LINES_MAX];
    size_t n_lines, line_bytes;
    int64_t ship_at_ms; /* monotonic; 0: nothing waits */
    bool log_began, dropping;
    struct box *next;
};

struct boxes {
    struct conductor *conductor;
    pthread_mutex_t lock;
    struct box *first;
    uint64_t serial;
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

static void drop_fd(struct boxes *b, int *fd)
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

/* ---- the log ---- */

static void add_line(struct box *x, str line)
{
    if (str_ends(line, S("\r")))
        line.n--;
    if (line.n == 0 || x->n_lines == LINES_MAX)
        return; /* CloudWatch Logs takes no empty message */
    x->lines[x->n_lines] = arena_dup(x->lines_arena, str_sub(line, 0, LINE_MAX_BYTES));
    x->times_ms[x->n_lines++] = time_wall_ms();
    x->line_bytes += line.n;
}

static void cut_lines(struct box *x, bool all)
{
    str rest = buf_str(&x->log_in);
    size_t used = 0;

    while (x->n_lines < LINES_MAX && x->line_bytes < BATCH_BYTES) {
        ptrdiff_t end = str_find(rest, '\n');
        if (end < 0 && (rest.n > LINE_MAX_BYTES || (all && rest.n)))
            end = (ptrdiff_t)(rest.n > LINE_MAX_BYTES ? LINE_MAX_BYTES : rest.n);
        if (end < 0)
            break;
        add_line(x, str_sub(rest, 0, (size_t)end));
        size_t eat = (size_t)end + ((size_t)end < rest.n && rest.p[end] == '\n');
        used += eat;
        rest = str_from(rest, eat);
    }
    buf_drop_front(&x->log_in, used);
}

static void ship(struct boxes *b, struct box *x)
{
    struct log_batch batch = {.role_arn = x->plan.role_arn,
                              .session = x->plan.session,
                              .service = x->plan.service,
                              .subject_arn = x->plan.subject_arn,
                              .account = x->plan.account,
                              .region = x->plan.region,
                              .group = x->plan.log_group,
                              .stream = x->plan.log_stream,
                              .first = !x->log_began,
                              .lines = x->lines,
                              .times_ms = x->times_ms,
                              .n = x->n_lines};

    if (x->n_lines && x->plan.log_group.n)
        log_ship(b->conductor, &batch);
    x->log_began |= x->n_lines > 0;
    x->n_lines = 0;
    x->line_bytes = 0;
    x->ship_at_ms = 0;
    arena_reset(x->lines_arena);
}

/* Takes what is there; false when the pipe has ended. */
static bool read_log(struct boxes *b, struct box *x)
{
    for (;;) {
        char *room = buf_room(&x->log_in, 16 << 10);
        ssize_t n = room ? read(x->log, room, 16 << 10) : 0;
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        buf_took(&x->log_in, (size_t)n);
        cut_lines(x, false);
        if (x->n_lines == LINES_MAX || x->line_bytes >= BATCH_BYTES)
            ship(b, x);
        if (x->n_lines && !x->ship_at_ms)
            x->ship_at_ms = time_mono_ms() + SHIP_AFTER_MS;
    }
}

static void finish_log(struct boxes *b, struct box *x)
{
    if (x->log >= 0)
        read_log(b, x);
    drop_fd(b, &x->log);
    while (x->log_in.n) {
        cut_lines(x, true);
        ship(b, x);
    }
    ship(b, x);
}

int64_t boxes_tick(struct boxes *b)
{
    int64_t now = time_mono_ms(), next = INT64_MAX;

    pthread_mutex_lock(&b->lock);
    for (struct box *x = b->first; x; x = x->next) {
        if (x->ship_at_ms && x->ship_at_ms <= now)
            ship(b, x);
        if (x->ship_at_ms && x->ship_at_ms < next)
            next = x->ship_at_ms;
    }
    pthread_mutex_unlock(&b->lock);
    return next;
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
            drop_fd(b, &x->agent);
            conductor_post(b->conductor, x->flow, "agent-gone", STR_ABSENT, ANY_EFFECT, GONE_AFTER_MS);
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
    else if (x && !(token & 1) && x->log >= 0 && !read_log(b, x))
        finish_log(b, x);
    pthread_mutex_unlock(&b->lock);
}

void conductor_box_exited(struct house *h, const struct sandbox_exited *what)
{
    struct boxes *b = h->conductor ? boxes_of(h) : NULL;
    str id = str_z(what->sandbox.z);
    char data[96];
    struct buf text;

    if (!b)
        return;
    buf_init(&text, sizeof data);
    buf_printf(&text, "{\"code\":%d,\"signal\":%d,\"oom\":%u}", what->code, what->signal, what->oom_kills);
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
    to->n_parts = 0;
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
    drop_fd(b, &x->agent);
    drop_fd(b, &x->log);
    buf_done(&x->agent_in);
    buf_done(&x->log_in);
    arena_free(x->lines_arena);
    arena_free(x->arena);
}

struct ids {
    struct message_id box, volume, eni;
};

static res read_ids(const struct box_plan *p, struct ids *out, struct err *e)
{
    TRY(warden_id(p->box, "box-", &out->box, e));
    TRY(warden_id(p->volume, "vol-", &out->volume, e));
    return warden_id(p->eni, "eni-", &out->eni, e);
}

/* The order as the service wrote it, with the place and the token of the box's credentials. */
static res send_order(struct box *x, str token, struct err *e)
{
    struct buf b;

    buf_init_secret(&b, AGENT_LINE_MAX);
    buf_add(&b, str_sub(x->plan.order, 0, x->plan.order.n - 1));
    buf_printf(&b, ",\"credentials_uri\":\"/v2/credentials/%.*s\",\"credentials_token\":\"%.*s\"}\n", FMT(x->plan.box),
               FMT(token));
    res r = b.full ? reject(e, "the job's settings are longer than 1 MiB") : box_send(x->agent, buf_str(&b), e);
    buf_done(&b);
    return r;
}

static res open_volume(struct warden_client *w, const struct ids *ids, uint64_t mib, struct err *e)
{
    TRY(warden_volume_create(w, &ids->volume, mib, e));
    return warden_volume_mount(w, &ids->volume, e);
}

res box_open(struct house *h, str flow_id, const struct box_plan *p, struct err *e)
{
    struct boxes *b = boxes_of(h);
    struct ids ids;
    char token[65];
    uint8_t random[32];
    int agent;

    TRY(read_ids(p, &ids, e));
    if (p->order.n < 3 || p->order.p[p->order.n - 1] != '}')
        return oops(e, 0, "an order that is no object");
    TRY(open_volume(h->warden, &ids, p->volume_mib, e));
    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, token);
    if (h->sandbox_doors)
        TRY(h->sandbox_doors->add(h, p, str_n(token, 64), e));
    TRY(warden_agent_start(h->warden, &ids.box, &ids.eni, &ids.volume, AGENT_MEMORY_MIB, &agent, e));
    struct box *x = new_box(b, flow_id, p);
    pthread_mutex_lock(&b->lock);
    x->agent = agent;
    res r = watch(b, agent, x->serial << 1 | 1, e);
    if (is_ok(r))
        r = send_order(x, str_n(token, 64), e);
    pthread_mutex_unlock(&b->lock);
    explicit_bzero(token, sizeof token);
    explicit_bzero(random, sizeof random);
    return is_ok(r) ? box_send_parts(h, agent, p, e)
                    : r; /* the flow's next effect waits for this one: the agent stays */
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

static void forget_box(struct boxes *b, str flow_id)
{
    pthread_mutex_lock(&b->lock);
    for (struct box **at = &b->first; *at; at = &(*at)->next)
        if (str_eq((*at)->flow, flow_id)) {
            struct box *x = *at;
            finish_log(b, x);
            *at = x->next;
            free_box(b, x);
            break;
        }
    pthread_mutex_unlock(&b->lock);
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
