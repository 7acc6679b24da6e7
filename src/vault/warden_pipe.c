/* SPDX-License-Identifier: MIT */
/* The pipe from vault to warden: a volume's key goes out, warden's word that it holds the key comes back. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "vault/answer.h"
#include "vault/volume_key.h"

enum { PATIENCE_SECONDS = 5, REPLY_BIT = 0x8000 };

/* warden/message.h's message_head and message_outcome. */
struct reply {
    uint32_t body_bytes;
    uint16_t type, n_fds;
    uint64_t request;
    int32_t why, sys_errno;
    char what[248];
} __attribute__((packed));

static res write_whole(int fd, const void *bytes, size_t n, struct err *e)
{
    for (size_t at = 0; at < n;) {
        ssize_t sent = send(fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return oops(e, errno, "sending a volume's key to warden");
        at += (size_t)sent;
    }
    return OK;
}

static res read_whole(int fd, void *bytes, size_t n, struct err *e)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = recv(fd, (char *)bytes + at, n - at, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return oops(e, got < 0 ? errno : 0, "warden does not answer");
        at += (size_t)got;
    }
    return OK;
}

static res hear(struct warden_pipe *p, struct err *e)
{
    struct reply r;

    TRY(read_whole(p->fd, &r, sizeof r, e));
    if (r.body_bytes != sizeof r - 16 || r.type != (VOLUME_KEY_TYPE | REPLY_BIT) || r.n_fds || r.request != p->request)
        return oops(e, 0, "warden's answer makes no sense");
    r.what[sizeof r.what - 1] = '\0';
    if (r.why == WHY_OK)
        return OK;
    return r.why == WHY_REJECT ? reject(e, "%s", r.what) : oops(e, r.sys_errno, "warden: %s", r.what);
}

static res exchange(struct warden_pipe *p, const struct volume_key_message *m, struct err *e)
{
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

    if (p->fd < 0)
        return oops(e, 0, "there is no warden to take a volume's key");
    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    TRY(write_whole(p->fd, m, sizeof *m, e));
    return hear(p, e);
}

res warden_give_key(struct warden_pipe *p, str volume_id, str key, struct err *e)
{
    struct volume_key_message m = {
        .body_bytes = sizeof m.body, .type = VOLUME_KEY_TYPE, .body.magic = VOLUME_KEY_MAGIC};

    if (key.n != sizeof m.body.key)
        return reject(e, "a volume's key has %zu bytes, not %zu", sizeof m.body.key, key.n);
    if (volume_id.n < 1 || volume_id.n >= sizeof m.body.volume_id ||
        !str_all(volume_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"))
        return reject(e, "not a volume's id");
    memcpy(m.body.volume_id, volume_id.p, volume_id.n);
    memcpy(m.body.key, key.p, key.n);
    pthread_mutex_lock(&p->lock);
    m.request = ++p->request;
    res r = exchange(p, &m, e);
    if (r.why == WHY_OOPS && p->fd >= 0)
        shutdown(p->fd, SHUT_RDWR); /* a late answer must not be taken for the next one's */
    pthread_mutex_unlock(&p->lock);
    explicit_bzero(&m, sizeof m);
    return r;
}
