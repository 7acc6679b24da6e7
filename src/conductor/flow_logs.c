/* SPDX-License-Identifier: MIT */
/* VPC flow logs. A thread reads what the kernels' log groups say, adds packets up into flows, and writes them to
 * CloudWatch Logs as each flow log's role. A window ends when its interval has, when nothing came for a while (AWS's
 * interval is a maximum, too), or when what is watched changes. What is in an open window is lost with the server. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "conductor/flow_watch.h"
#include "conductor/inside.h"
#include "conductor/nflog.h"

enum {
    WATCHES_MAX = 1024,
    WINDOW_BYTES = 32 << 20,
    CONFIG_BYTES = 4 << 20,
    FLOWS_MAX = 50000, /* of a window; more are told as SKIPDATA */
    QUIET_MS = 3000,
    READ_BYTES = 128 * 1024,
    READS_PER_TURN = 64,
    ON_THE_WAY_MS = 1000, /* longer than the kernel gathers packets before it hands them over */
    LINES_MAX = 1000,     /* of a batch */
    SYN_ACK = 0x12,
};

struct flow_watch {
    struct arena *arena;
    struct conductor *conductor;
    pthread_t thread;
    pthread_mutex_t lock; /* of everything in the watches: a change waits for a delivery under way */
    int wake[2];
    bool stopping;
    struct watch *first;
    char buffer[READ_BYTES];
};

/* ---- adding up ---- */

static void window_open(struct watch *v)
{
    v->window = arena_new(WINDOW_BYTES);
    map_init(&v->flows);
    v->n_flows = 0;
    v->first = NULL;
    v->tail = &v->first;
    v->skipped = false;
    v->opened_ms = v->last_ms = 0;
}

static void window_close(struct watch *v)
{
    map_done(&v->flows);
    arena_free(v->window);
}

static int face_of(const struct watch *v, uint32_t addr)
{
    for (size_t i = 0; i < v->n_faces; i++)
        if (v->faces[i].addr == addr)
            return (int)i;
    return -1;
}

/* Front's own addresses stand for an endpoint's. */
static uint32_t real_addr(const struct watch *v, uint32_t addr)
{
    for (size_t i = 0; i < v->n_faces; i++)
        if (v->faces[i].local && v->faces[i].local == addr)
            return v->faces[i].addr;
    return addr;
}

static void add(struct watch *v, int face, const struct nflog_packet *p, bool accepted, bool outward)
{
    struct flow_key key = {p->src, p->dst, p->src_port, p->dst_port, (uint16_t)face, p->proto, accepted, outward, {0}};
    int64_t now_s = time_wall_ms() / 1000;

    if (face < 0 || !v->faces[face].logs)
        return;
    struct tally *t = map_find(&v->flows, str_n((const char *)&key, sizeof key));
    if (!t && v->n_flows >= FLOWS_MAX) {
        v->skipped = true;
        return;
    }
    if (!t) {
        t = ARENA_NEW(v->window, struct tally);
        *t = (struct tally){.key = key, .first_s = now_s};
        map_put(&v->flows, str_n((const char *)&t->key, sizeof t->key), t);
        *v->tail = t;
        v->tail = &t->next;
        v->n_flows++;
    }
    t->packets++;
    t->bytes += p->bytes;
    t->last_s = now_s;
    t->tcp_flags |= (p->tcp_flags & SYN_ACK) == SYN_ACK ? p->tcp_flags & (SYN_ACK | 7) : p->tcp_flags & 7;
    v->seen[face] = true;
    v->last_ms = time_mono_ms();
    if (!v->opened_ms)
        v->opened_ms = v->last_ms;
}

/* AWS does not log what goes to its resolver or to where credentials are. */
static bool is_plumbing(const struct watch *v, uint32_t addr)
{
    return addr == v->resolver || addr == PLAN_CREDENTIALS_ADDR;
}

static void on_packet(void *arg, const struct nflog_packet *said)
{
    struct watch *v = arg;
    struct nflog_packet p = *said;

    p.src = real_addr(v, p.src);
    p.dst = real_addr(v, p.dst);
    if (is_plumbing(v, p.src) || is_plumbing(v, p.dst))
        return;
    add(v, face_of(v, p.src), &p, p.verdict != 'o', true);
    if (p.verdict != 'o')
        add(v, face_of(v, p.dst), &p, p.verdict == 'a', false);
}

static void hear(struct flow_watch *w, struct watch *v)
{
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = recv(v->fd, w->buffer, sizeof w->buffer, MSG_DONTWAIT);
        if (n < 0 && errno == ENOBUFS) {
            v->skipped = true;
            continue;
        }
        if (n <= 0)
            return;
        nflog_read(w->buffer, (size_t)n, on_packet, v);
    }
}

/* ---- telling ---- */

struct batch {
    struct arena *arena, *keep; /* of the lines, emptied with them; of the arrays */
    str *lines;
    int64_t *times;
    size_t n;
};

static void ship(struct flow_watch *w, struct watch *v, size_t face, size_t log, struct batch *b)
{
    const struct network_flow_log *l = &v->logs[log];
    const char *kind = l->accepted && l->rejected ? "all" : l->accepted ? "accept" : "reject";
    bool *streamed = &v->streamed[face * v->n_logs + log];
    struct log_batch out = {.role_arn = l->role_arn,
                            .session = l->id,
                            .service = S("vpc-flow-logs.amazonaws.com"),
                            .subject_arn = l->arn,
                            .account = v->account,
                            .region = l->region,
                            .group = l->group,
                            .stream = arena_printf(b->arena, "%.*s-%s", FMT(v->faces[face].eni), kind),
                            .first = !*streamed,
                            .lines = b->lines,
                            .times_ms = b->times,
                            .n = b->n};

    if (b->n)
        log_ship(w->conductor, &out);
    *streamed |= b->n > 0;
    b->n = 0;
    arena_reset(b->arena);
}

static void put(struct flow_watch *w, struct watch *v, size_t face, size_t log, struct batch *b, str line)
{
    b->lines[b->n] = line;
    b->times[b->n++] = time_wall_ms();
    if (b->n == LINES_MAX)
        ship(w, v, face, log, b);
}

/* One stream: an interface as one flow log sees it. */
static void tell(struct flow_watch *w, struct watch *v, size_t face, size_t log, struct batch *b, bool interval_over)
{
    const struct network_flow_log *l = &v->logs[log];
    int64_t now_s = time_wall_ms() / 1000, began_s = now_s - (time_mono_ms() - v->interval_began_ms) / 1000;

    for (const struct tally *t = v->first; t; t = t->next)
        if (t->key.face == face && (t->key.accepted ? l->accepted : l->rejected))
            put(w, v, face, log, b, flow_line(b->arena, v, l, (int)face, t, "OK", t->first_s, t->last_s));
    if (v->skipped)
        put(w, v, face, log, b, flow_line(b->arena, v, l, (int)face, NULL, "SKIPDATA", began_s, now_s));
    else if (interval_over && !v->seen[face] && !v->gone_ms[face])
        put(w, v, face, log, b, flow_line(b->arena, v, l, (int)face, NULL, "NODATA", began_s, now_s));
    ship(w, v, face, log, b);
}

static void flush(struct flow_watch *w, struct watch *v, bool interval_over)
{
    struct batch b = {.arena = arena_new(WINDOW_BYTES), .keep = arena_new(1 << 20)};

    b.lines = ARENA_ARRAY(b.keep, str, LINES_MAX);
    b.times = ARENA_ARRAY(b.keep, int64_t, LINES_MAX);
    for (size_t face = 0; face < v->n_faces; face++)
        for (size_t log = 0; log < v->n_logs; log++)
            if (v->faces[face].logs & 1u << log)
                tell(w, v, face, log, &b, interval_over);
    arena_free(b.arena);
    arena_free(b.keep);
    window_close(v);
    window_open(v);
    if (!interval_over)
        return;
    memset(v->seen, 0, v->n_faces * sizeof *v->seen);
    v->interval_began_ms = time_mono_ms();
}

static unsigned interval_s(const struct watch *v)
{
    unsigned s = 600;

    for (size_t i = 0; i < v->n_logs; i++)
        s = v->logs[i].interval_s < s ? v->logs[i].interval_s : s;
    return s;
}

/* Flushes what is due; how long the next may take. */
static int64_t due(struct flow_watch *w, struct watch *v)
{
    int64_t now = time_mono_ms(), end = v->interval_began_ms + (int64_t)interval_s(v) * 1000;

    if (now >= end)
        flush(w, v, true);
    else if ((v->opened_ms || v->skipped) && now >= v->last_ms + QUIET_MS)
        flush(w, v, false);
    else
        return v->opened_ms && v->last_ms + QUIET_MS < end ? v->last_ms + QUIET_MS - now : end - now;
    return 1;
}

/* ---- the thread ---- */

static size_t gather(struct flow_watch *w, struct pollfd *p, int64_t *wait_ms)
{
    size_t n = 1;

    *wait_ms = 60000;
    p[0] = (struct pollfd){w->wake[0], POLLIN, 0};
    for (struct watch *v = w->first; v && n < WATCHES_MAX; v = v->next) {
        int64_t ms = due(w, v);
        *wait_ms = ms < *wait_ms ? ms : *wait_ms;
        p[n++] = (struct pollfd){v->fd, POLLIN, 0};
    }
    return n;
}

static void *run(void *arg)
{
    struct flow_watch *w = arg;
    struct pollfd p[WATCHES_MAX];
    char drain[64];
    int64_t wait_ms;

    pthread_setname_np(pthread_self(), "flow-logs");
    for (;;) {
        pthread_mutex_lock(&w->lock);
        bool stopping = w->stopping;
        size_t n = stopping ? 0 : gather(w, p, &wait_ms);
        pthread_mutex_unlock(&w->lock);
        if (stopping)
            return NULL;
        if (poll(p, n, (int)wait_ms) < 0 && errno != EINTR)
            log_warn("flow logs cannot be waited for: %s", strerror(errno));
        if (p[0].revents && read(w->wake[0], drain, sizeof drain) < 0)
            log_warn("the flow logs' thread cannot be woken");
        pthread_mutex_lock(&w->lock);
        for (struct watch *v = w->first; v; v = v->next)
            hear(w, v);
        pthread_mutex_unlock(&w->lock);
    }
}

static void wake(struct flow_watch *w)
{
    if (write(w->wake[1], "", 1) != 1)
        log_warn("the flow logs' thread was not woken");
}

/* ---- what is watched ---- */

static bool same_logs(const struct watch *v, const struct network *n)
{
    bool same = v->n_logs == n->n_flow_logs;

    for (size_t i = 0; i < v->n_logs && same; i++)
        same = str_eq(v->logs[i].id, n->flow_logs[i].id);
    return same;
}

static void copy_logs(struct watch *v, const struct network *n)
{
    v->n_logs = n->n_flow_logs;
    v->logs = ARENA_ARRAY(v->config, struct network_flow_log, v->n_logs + 1);
    for (size_t i = 0; i < v->n_logs; i++) {
        const struct network_flow_log *l = &n->flow_logs[i];
        v->logs[i] = *l;
        v->logs[i].id = arena_dup(v->config, l->id);
        v->logs[i].arn = arena_dup(v->config, l->arn);
        v->logs[i].role_arn = arena_dup(v->config, l->role_arn);
        v->logs[i].group = arena_dup(v->config, l->group);
        v->logs[i].format = arena_dup(v->config, l->format);
        v->logs[i].region = arena_dup(v->config, l->region);
    }
}

static void put_face(struct watch *v, const struct network_interface *face, int64_t gone_ms)
{
    struct network_interface *out = &v->faces[v->n_faces];

    v->gone_ms[v->n_faces++] = gone_ms;

    *out = *face;
    out->eni = arena_dup(v->config, face->eni);
    out->subnet = arena_dup(v->config, face->subnet);
}

/* Those of `before` that n has no more follow those of n for a while. */
static void copy_faces(struct watch *v, const struct network *n, const struct watch *before)
{
    size_t n_before = before->config && same_logs(before, n) ? before->n_faces : 0;
    int64_t now = time_mono_ms();

    v->n_faces = 0;
    v->faces = ARENA_ARRAY(v->config, struct network_interface, n->n_interfaces + n_before + 1);
    v->gone_ms = ARENA_ARRAY(v->config, int64_t, n->n_interfaces + n_before + 1);
    for (size_t i = 0; i < n->n_interfaces; i++)
        put_face(v, &n->interfaces[i], 0);
    for (size_t i = 0; i < n_before; i++) {
        int64_t gone = before->gone_ms[i] ? before->gone_ms[i] : now;
        if (now - gone < ON_THE_WAY_MS && face_of(v, before->faces[i].addr) < 0)
            put_face(v, &before->faces[i], gone);
    }
}

static void configure(struct watch *v, const struct network *n)
{
    struct watch before = *v;

    v->config = arena_new(CONFIG_BYTES);
    v->vpc_id = arena_dup(v->config, n->vpc_id);
    v->account = arena_dup(v->config, n->account);
    v->resolver = n->plan.resolver;
    copy_logs(v, n);
    copy_faces(v, n, &before);
    v->streamed = ARENA_ARRAY(v->config, bool, v->n_logs * v->n_faces + 1);
    v->seen = ARENA_ARRAY(v->config, bool, v->n_faces + 1);
    memset(v->streamed, 0, v->n_logs * v->n_faces + 1);
    memset(v->seen, 0, v->n_faces + 1);
    if (before.config)
        arena_free(before.config);
}

static struct watch **find(struct flow_watch *w, str vpc_id)
{
    struct watch **at = &w->first;

    while (*at && !str_eq((*at)->vpc_id, vpc_id))
        at = &(*at)->next;
    return at;
}

static void drop(struct flow_watch *w, struct watch **at)
{
    struct watch *v = *at;

    hear(w, v);
    flush(w, v, false);
    *at = v->next;
    close(v->fd);
    window_close(v);
    arena_free(v->config);
    arena_free(v->arena);
}

static void begin(struct flow_watch *w, const struct network *n, int fd)
{
    struct arena *a = arena_new(4096);
    struct watch *v = ARENA_NEW(a, struct watch);

    *v = (struct watch){.fd = fd, .arena = a, .interval_began_ms = time_mono_ms(), .next = w->first};
    configure(v, n);
    window_open(v);
    w->first = v;
}

void conductor_flow_logs(struct house *h, const struct network *n, int fd)
{
    struct flow_watch *w = h->conductor ? h->conductor->flow_watch : NULL;

    if (!w) {
        if (fd >= 0)
            close(fd);
        return;
    }
    pthread_mutex_lock(&w->lock);
    struct watch **at = find(w, n->vpc_id);
    if (*at && !n->n_flow_logs) {
        drop(w, at);
    } else if (*at) { /* what came before is told by what was watched then */
        hear(w, *at);
        flush(w, *at, false);
        configure(*at, n);
    } else if (n->n_flow_logs && fd >= 0) {
        begin(w, n, fd);
        fd = -1;
    }
    pthread_mutex_unlock(&w->lock);
    if (fd >= 0)
        close(fd);
    wake(w);
}

bool conductor_flow_logs_watched(struct house *h, str vpc_id)
{
    struct flow_watch *w = h->conductor ? h->conductor->flow_watch : NULL;

    if (!w)
        return false;
    pthread_mutex_lock(&w->lock);
    bool is = *find(w, vpc_id) != NULL;
    pthread_mutex_unlock(&w->lock);
    return is;
}

res flow_watch_start(struct conductor *c, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    struct flow_watch *w = ARENA_NEW(a, struct flow_watch);

    *w = (struct flow_watch){.arena = a, .conductor = c};
    pthread_mutex_init(&w->lock, NULL);
    if (pipe2(w->wake, O_CLOEXEC | O_NONBLOCK) || pthread_create(&w->thread, NULL, run, w))
        return oops(e, errno, "cannot start the flow logs' thread");
    c->flow_watch = w;
    return OK;
}

/* While the writer still writes: what has been added up is told. */
void flow_watch_stop(struct conductor *c)
{
    struct flow_watch *w = c->flow_watch;

    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_mutex_unlock(&w->lock);
    wake(w);
    pthread_join(w->thread, NULL);
    c->flow_watch = NULL;
    while (w->first)
        drop(w, &w->first);
    close(w->wake[0]);
    close(w->wake[1]);
    pthread_mutex_destroy(&w->lock);
    arena_free(w->arena);
}
