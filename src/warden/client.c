/* SPDX-License-Identifier: MIT */
/* Warden's client: requests from any thread, one reader thread that hands out answers and events. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/warden.h"

/* A request under way, on its asker's stack. */
struct waiting {
    uint64_t request;
    uint16_t type;
    pthread_cond_t answered;
    bool done;
    struct arena *a;
    struct warden_answer *out;
    struct message_outcome outcome;
    struct waiting *next;
};

struct warden_client {
    int fd;
    pthread_t reader;
    pthread_mutex_t lock;    /* of everything below */
    pthread_mutex_t sending; /* a message is written whole */
    uint64_t next_request;
    bool gone;
    struct waiting *waiting;
    struct arena *arena; /* the client itself and its buffer */
    void *body;
    pthread_mutex_t telling; /* held while on_event runs */
    warden_on_event *on_event;
    void *arg;
};

static void close_fds(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void tell(struct warden_client *c, uint16_t type, size_t n, int *fds, size_t n_fds)
{
    pthread_mutex_lock(&c->telling);
    if (c->on_event)
        c->on_event(c->arg, type, c->body, n, fds, n_fds);
    pthread_mutex_unlock(&c->telling);
}

/* True if somebody took the answer with its descriptors. */
static bool hand_over(struct warden_client *c, const struct message_head *head, const int *fds)
{
    const struct message_outcome *outcome = c->body;
    struct waiting **at = &c->waiting;

    while (*at && (*at)->request != head->request)
        at = &(*at)->next;
    struct waiting *q = *at;
    if (!q || head->type != (q->type | MESSAGE_REPLY) || head->body_bytes < sizeof *outcome)
        return false;
    *at = q->next;
    q->outcome = *outcome;
    q->outcome.what[sizeof q->outcome.what - 1] = '\0';
    if (q->out) { /* the asker sleeps: its arena is ours to use */
        *q->out = (struct warden_answer){.n_fds = head->n_fds};
        q->out->body = arena_dup(q->a, str_n((const char *)(outcome + 1), head->body_bytes - sizeof *outcome));
        memcpy(q->out->fds, fds, sizeof(int) * head->n_fds);
    } else {
        close_fds(fds, head->n_fds);
    }
    q->done = true;
    pthread_cond_signal(&q->answered);
    return true;
}

static bool read_one(struct warden_client *c)
{
    struct message_head head;
    int fds[MESSAGE_FDS_MAX];
    struct err e = {0};
    bool end, taken = true;

    if (!is_ok(message_receive(c->fd, &head, c->body, MESSAGE_BODY_MAX, fds, &end, &e))) {
        if (!end)
            log_error("warden: %s", e.what);
        return false;
    }
    if (head.request == 0) {
        tell(c, head.type, head.body_bytes, fds, head.n_fds);
        close_fds(fds, head.n_fds);
        return true;
    }
    pthread_mutex_lock(&c->lock);
    taken = hand_over(c, &head, fds);
    pthread_mutex_unlock(&c->lock);
    if (!taken) {
        log_error("warden answered %u, which nobody asked", head.type);
        close_fds(fds, head.n_fds);
    }
    return taken;
}

static void *reader(void *arg)
{
    struct warden_client *c = arg;

    pthread_setname_np(pthread_self(), "warden-reader");
    while (read_one(c))
        ;
    shutdown(c->fd, SHUT_RDWR); /* a stream that went wrong is not written to either */
    pthread_mutex_lock(&c->lock);
    c->gone = true;
    for (struct waiting *q = c->waiting; q; q = q->next) {
        q->outcome = (struct message_outcome){WHY_OOPS, ECONNRESET, "warden is gone"};
        q->done = true;
        pthread_cond_signal(&q->answered);
    }
    c->waiting = NULL;
    pthread_mutex_unlock(&c->lock);
    tell(c, 0, 0, NULL, 0);
    return NULL;
}

struct warden_client *warden_client_new(int fd, warden_on_event *on_event, void *arg)
{
    struct arena *a = arena_new(2 * (size_t)MESSAGE_BODY_MAX);
    struct warden_client *c = ARENA_NEW(a, struct warden_client);

    *c = (struct warden_client){.fd = fd, .next_request = 1, .arena = a, .on_event = on_event, .arg = arg};
    c->body = arena_alloc(a, MESSAGE_BODY_MAX);
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->sending, NULL);
    pthread_mutex_init(&c->telling, NULL);
    if (pthread_create(&c->reader, NULL, reader, c) != 0) {
        log_error("no thread for warden's answers");
        _exit(70);
    }
    return c;
}

void warden_client_mute(struct warden_client *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->telling);
    c->on_event = NULL;
    pthread_mutex_unlock(&c->telling);
}

void warden_client_free(struct warden_client *c)
{
    if (!c)
        return;
    shutdown(c->fd, SHUT_RDWR);
    pthread_join(c->reader, NULL);
    close(c->fd);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->sending);
    pthread_mutex_destroy(&c->telling);
    arena_free(c->arena);
}

static void forget(struct warden_client *c, struct waiting *q)
{
    for (struct waiting **at = &c->waiting; *at; at = &(*at)->next)
        if (*at == q) {
            *at = q->next;
            return;
        }
}

static res send_request(struct warden_client *c, struct waiting *q, const void *body, size_t n, const int *fds,
                        size_t n_fds, struct err *e)
{
    struct message_head head = {.type = q->type};
    const struct message_part part = {body, n};

    pthread_mutex_lock(&c->lock);
    bool gone = c->gone;
    head.request = q->request = c->next_request++;
    if (!gone) {
        q->next = c->waiting;
        c->waiting = q;
    }
    pthread_mutex_unlock(&c->lock);
    if (gone)
        return oops(e, ECONNRESET, "warden is gone");
    pthread_mutex_lock(&c->sending);
    res r = message_send(c->fd, &head, &part, 1, fds, n_fds, e);
    if (!is_ok(r)) /* perhaps half a message went out */
        shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&c->sending);
    return r;
}

res warden_call(struct warden_client *c, uint16_t type, const void *body, size_t n, const int *fds, size_t n_fds,
                struct arena *a, struct warden_answer *out, struct err *e)
{
    struct waiting q = {.type = type, .a = a, .out = out};

    if (n > MESSAGE_BODY_MAX || n_fds > MESSAGE_FDS_MAX)
        return reject(e, "a request of type %u is too long", type);
    pthread_cond_init(&q.answered, NULL);
    res r = send_request(c, &q, body, n, fds, n_fds, e);
    pthread_mutex_lock(&c->lock);
    if (!is_ok(r))
        forget(c, &q);
    while (is_ok(r) && !q.done)
        pthread_cond_wait(&q.answered, &c->lock);
    pthread_mutex_unlock(&c->lock);
    pthread_cond_destroy(&q.answered);
    TRY(r);
    if (q.outcome.why == WHY_REJECT)
        return reject(e, "%s", q.outcome.what);
    if (q.outcome.why != WHY_OK)
        return oops(e, q.outcome.sys_errno, "%s", q.outcome.what);
    return OK;
}

res warden_id(str text, const char *prefix, struct message_id *id, struct err *e)
{
    return message_id_read(text, prefix, id) ? OK
                                             : reject(e, "\"%.*s\" is not an id of the kind %s", FMT(text), prefix);
}

bool warden_is_gone(struct warden_client *c)
{
    pthread_mutex_lock(&c->lock);
    bool gone = c->gone;
    pthread_mutex_unlock(&c->lock);
    return gone;
}

res warden_ping(struct warden_client *c, struct err *e)
{
    return warden_call(c, WARDEN_PING, NULL, 0, NULL, 0, NULL, NULL, e);
}

res warden_vpc_apply(struct warden_client *c, const struct vpc_plan *plan, struct err *e)
{
    struct buf body;

    TRY(plan_check(plan, e));
    buf_init(&body, MESSAGE_BODY_MAX);
    res r = plan_encode(plan, &body, e);
    if (is_ok(r))
        r = warden_call(c, WARDEN_VPC_APPLY, body.p, body.n, NULL, 0, NULL, NULL, e);
    buf_done(&body);
    return r;
}

res warden_vpc_remove(struct warden_client *c, const struct message_id *vpc, struct err *e)
{
    if (!message_id_ok(vpc, "vpc-"))
        return reject(e, "a VPC's id is not one");
    return warden_call(c, WARDEN_VPC_REMOVE, vpc, sizeof *vpc, NULL, 0, NULL, NULL, e);
}

static res socket_in(struct warden_client *c, uint16_t type, const char *prefix, const struct message_socket *m,
                     int *fd, struct err *e)
{
    struct warden_answer answer = {.n_fds = 0};

    *fd = -1;
    if (!message_id_ok(&m->id, prefix) || !m->port)
        return reject(e, "a socket needs an id that begins with %s and a port", prefix);
    struct arena *a = arena_new(4096); /* the answer's body is empty */
    res r = warden_call(c, type, m, sizeof *m, NULL, 0, a, &answer, e);
    arena_free(a);
    TRY(r);
    if (answer.n_fds != 1) {
        close_fds(answer.fds, answer.n_fds);
        return oops(e, 0, "warden answered with %zu sockets", answer.n_fds);
    }
    *fd = answer.fds[0];
    return OK;
}

res warden_listen_in(struct warden_client *c, const struct message_id *vpc, uint32_t addr, uint16_t port, int *fd,
                     struct err *e)
{
    return socket_in(c, WARDEN_LISTEN_IN, "vpc-", &(struct message_socket){*vpc, addr, port, 0}, fd, e);
}

res warden_udp_in(struct warden_client *c, const struct message_id *vpc, uint32_t addr, uint16_t port, int *fd,
                  struct err *e)
{
    return socket_in(c, WARDEN_UDP_IN, "vpc-", &(struct message_socket){*vpc, addr, port, 0}, fd, e);
}

res warden_connect_in(struct warden_client *c, const struct message_id *eni, uint32_t addr, uint16_t port, int *fd,
                      struct err *e)
{
    if (addr >> 24 != 127)
        return reject(e, "front connects to the loopback of a sandbox's namespace only");
    return socket_in(c, WARDEN_CONNECT_IN, message_id_ok(eni, "box-") ? "box-" : "eni-",
                     &(struct message_socket){*eni, addr, port, 0}, fd, e);
}

res warden_reach_in(struct warden_client *c, const struct message_id *from, const struct message_id *to, uint32_t addr,
                    uint16_t port, int *listener, int *client, struct err *e)
{
    const struct message_reach m = {.from = *from, .to = *to, .addr = addr, .port = port};
    struct warden_answer out = {.n_fds = 0};
    struct arena *a = arena_new(4096);

    *listener = *client = -1;
    res r = warden_call(c, WARDEN_REACH_IN, &m, sizeof m, NULL, 0, a, &out, e);
    arena_free(a);
    TRY(r);
    if (out.n_fds != 2) {
        close_fds(out.fds, out.n_fds);
        return oops(e, 0, "warden answered without two sockets");
    }
    *listener = out.fds[0];
    *client = out.fds[1];
    return OK;
}

res warden_log_in(struct warden_client *c, const struct message_id *vpc, int *fd, struct err *e)
{
    struct warden_answer out;
    struct arena *a = arena_new(4096);
    res r = warden_call(c, WARDEN_LOG_IN, vpc, sizeof *vpc, NULL, 0, a, &out, e);

    if (is_ok(r) && out.n_fds != 1) {
        close_fds(out.fds, out.n_fds);
        r = oops(e, 0, "warden answered without a socket");
    }
    *fd = is_ok(r) ? out.fds[0] : -1;
    arena_free(a);
    return r;
}

res warden_cleanup(struct warden_client *c, struct err *e)
{
    return warden_call(c, WARDEN_CLEANUP, NULL, 0, NULL, 0, NULL, NULL, e);
}
