/* SPDX-License-Identifier: MIT */
/* The vault role's life: open the folder, harden, a thread a pipe, new pipes from the parent, and nothing else. */
#include "vault/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "vault/answer.h"
#include "vault/files.h"
#include "vault/harden.h"
#include "vault/seal.h"

enum {
    OWN_BYTES_MAX = 1 << 20,
    WORK_BYTES_MAX = 8 << 20, /* a message of 1 MiB and the copies that answering it takes */
#ifdef BARMKIN_SANITIZE
    STACK_BYTES = 4 << 20,
#else
    STACK_BYTES = 256 << 10,
#endif
};

struct pipe_thread {
    struct vault_keys *keys;
    pthread_t id;
    int fd; /* -1: unused, or ended and joined */
    bool ended;
    pthread_mutex_t *lock; /* guards ended, and fd against being shut down after it was closed */
};

struct serving {
    struct vault_keys *keys;
    pthread_mutex_t lock;
    struct pipe_thread threads[VAULT_PIPES_MAX];
};

static void answer_one(struct vault_work *w, int fd, const struct vault_message *m)
{
    str out[VAULT_PIPE_FIELDS_MAX];
    struct err e = {0}, gone = {0};
    size_t n;
    res r = vault_answer(w, m, out, &n, &e);

    if (!is_ok(r)) {
        const char *why = e.sys_errno ? strerrordesc_np(e.sys_errno) : NULL;
        out[0] = why ? arena_printf(w->secrets, "%s: %s", e.what, why) : str_z(e.what);
        n = 1;
    }
    res sent = vault_pipe_send(fd, (uint32_t)r.why, out, n, &gone);
    if (sent.why == WHY_REJECT) { /* sealing made it longer than a message may be */
        out[0] = S("the answer would be too long for vault's pipe");
        vault_pipe_send(fd, WHY_REJECT, out, 1, &gone);
    }
}

static void *serve_pipe(void *arg)
{
    struct pipe_thread *t = arg;
    struct arena *own = arena_new_secret(OWN_BYTES_MAX);
    struct vault_pipe p = {.fd = t->fd, .secrets = arena_new_secret(WORK_BYTES_MAX)};
    struct vault_work w = {.keys = t->keys, .secrets = p.secrets};
    uint8_t zero[AEAD_KEY_BYTES] = {0};
    struct vault_message m;
    struct err e = {0};
    bool end;

    p.room = arena_alloc(own, VAULT_PIPE_ROOM_BYTES);
    aead_init(&w.aead, zero);
    res r = vault_pipe_receive(&p, &m, &end, &e);
    while (is_ok(r)) {
        answer_one(&w, p.fd, &m);
        vault_pipe_settle(&p);
        r = vault_pipe_receive(&p, &m, &end, &e);
    }
    if (r.why == WHY_REJECT)
        vault_malformed(e.what);
    aead_done(&w.aead);
    arena_free(p.secrets);
    arena_free(own);
    pthread_mutex_lock(t->lock);
    close(t->fd);
    t->ended = true;
    pthread_mutex_unlock(t->lock);
    return NULL;
}

/* Joins the threads whose pipe was closed, so that their places serve again; with `all`, every one. */
static void join_threads(struct serving *s, bool all)
{
    for (size_t i = 0; i < VAULT_PIPES_MAX; i++) {
        struct pipe_thread *t = &s->threads[i];
        pthread_mutex_lock(&s->lock);
        bool join = t->fd >= 0 && (all || t->ended);
        pthread_mutex_unlock(&s->lock);
        if (!join)
            continue;
        pthread_join(t->id, NULL);
        t->fd = -1;
        t->ended = false;
    }
}

static res start_thread(struct serving *s, int fd, struct err *e)
{
    struct pipe_thread *t = NULL;
    pthread_attr_t attr;

    join_threads(s, false);
    for (size_t i = 0; i < VAULT_PIPES_MAX && !t; i++)
        if (s->threads[i].fd < 0)
            t = &s->threads[i];
    if (!t) {
        close(fd);
        return oops(e, 0, "more than %d pipes to vault", VAULT_PIPES_MAX);
    }
    *t = (struct pipe_thread){.keys = s->keys, .fd = fd, .lock = &s->lock};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int failed = pthread_create(&t->id, &attr, serve_pipe, t);
    pthread_attr_destroy(&attr);
    if (!failed)
        return OK;
    t->fd = -1;
    close(fd);
    return oops(e, failed, "starting a thread of vault");
}

struct control {
    uint32_t length, to;
};

res vault_control_send(int control_fd, enum vault_pipe_to to, int fd, struct err *e)
{
    struct control c = {sizeof c.to, to};
    struct iovec part = {&c, sizeof c};
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof fd)] = {0};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

    *h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
    memcpy(CMSG_DATA(h), &fd, sizeof fd);
    if (sendmsg(control_fd, &msg, MSG_NOSIGNAL) != sizeof c)
        return oops(e, errno, "handing a pipe to vault");
    return OK;
}

/* False at the end of the stream. */
static bool control_receive(int control_fd, struct control *c, int *fd)
{
    struct iovec part = {c, sizeof *c};
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof *fd)];
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    ssize_t n;

    do
        n = recvmsg(control_fd, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
    if (n != sizeof *c || c->length != sizeof c->to || !h || h->cmsg_type != SCM_RIGHTS ||
        h->cmsg_len != CMSG_LEN(sizeof *fd) || (msg.msg_flags & MSG_CTRUNC))
        vault_malformed("a control message is not of our form");
    memcpy(fd, CMSG_DATA(h), sizeof *fd);
    return true;
}

static void replace_warden(struct warden_pipe *p, int fd)
{
    pthread_mutex_lock(&p->lock);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = fd;
    pthread_mutex_unlock(&p->lock);
}

static void obey(struct serving *s, int control_fd)
{
    struct control c;
    int fd;

    while (control_receive(control_fd, &c, &fd)) {
        struct err e = {0};
        if (c.to == VAULT_PIPE_TO_WARDEN)
            replace_warden(&s->keys->warden, fd);
        else if (c.to != VAULT_PIPE_TO_FRONT)
            vault_malformed("a control message of an unknown kind");
        else if (!is_ok(start_thread(s, fd, &e)))
            log_error("%s", e.what);
    }
    pthread_mutex_lock(&s->lock); /* the parent is gone, and so is the use of the pipes */
    for (size_t i = 0; i < VAULT_PIPES_MAX; i++)
        if (s->threads[i].fd >= 0 && !s->threads[i].ended)
            shutdown(s->threads[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    close(control_fd);
}

static res load(int dir, struct vault_keys *k, struct arena *own, struct arena *brief, struct err *e)
{
    uint8_t zero[AEAD_KEY_BYTES] = {0};
    str file, sealed, key;
    struct aead x;

    TRY(files_read(dir, VAULT_ROOT_FILE, brief, &file, e));
    TRY(root_parse_file(file, &k->root, e));
    TRY(files_read(dir, VAULT_CA_CERT_FILE, own, &k->ca_cert, e));
    TRY(files_read(dir, VAULT_CA_KEY_FILE, brief, &sealed, e));
    aead_init(&x, zero);
    bool ok = unseal_bytes(&x, &k->root, VAULT_CA_KEY_DOMAIN, k->ca_cert, sealed, brief, &key);
    aead_done(&x);
    if (!ok)
        return oops(e, 0, "the CA's key does not verify under the root key");
    return x509_ca_load(&k->ca, key, k->ca_cert, e);
}

static res open_keys(const char *dir, struct vault_keys *k, struct arena *own, struct err *e)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return oops(e, errno, "opening the vault's folder %s", dir);
    struct arena *brief = arena_new_secret(OWN_BYTES_MAX);
    res r = load(fd, k, own, brief, e);
    arena_free(brief);
    close(fd);
    return r;
}

static res run(struct serving *s, const int *fds, size_t n_fds, int control_fd, struct err *e)
{
    res r = vault_confine(e);

    for (size_t i = 0; i < n_fds; i++) {
        if (is_ok(r))
            r = start_thread(s, fds[i], e);
        else
            close(fds[i]);
    }
    if (is_ok(r) && control_fd >= 0)
        obey(s, control_fd);
    if (is_ok(r))
        join_threads(s, true);
    return r;
}

res vault_serve(const char *dir, const int *fds, size_t n_fds, int warden_fd, int control_fd, struct err *e)
{
    TRY(vault_harden(e));
    struct arena *own = arena_new_secret(OWN_BYTES_MAX);
    struct serving *s = ARENA_NEW(own, struct serving);

    s->keys = ARENA_NEW(own, struct vault_keys);
    s->keys->warden.fd = warden_fd;
    pthread_mutex_init(&s->keys->warden.lock, NULL);
    pthread_mutex_init(&s->lock, NULL);
    for (size_t i = 0; i < VAULT_PIPES_MAX; i++)
        s->threads[i].fd = -1;
    TRY(open_keys(dir, s->keys, own, e)); /* a failure from here on ends the process: the arena goes with it */
    TRY(run(s, fds, n_fds, control_fd, e));
    replace_warden(&s->keys->warden, -1);
    x509_ca_done(&s->keys->ca);
    arena_free(own);
    return OK;
}
