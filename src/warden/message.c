/* SPDX-License-Identifier: MIT */
/* The framing both ends of warden's pipes share. Linked into barmkin and into barmkin-warden. */
#include "warden/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PARTS_MAX = 16 };

bool message_id_ok(const struct message_id *id, const char *prefix)
{
    size_t i = 0, digits = 0;

    for (; prefix[i]; i++)
        if (i >= MESSAGE_ID_BYTES || id->z[i] != prefix[i])
            return false;
    for (; i < MESSAGE_ID_BYTES && id->z[i]; i++, digits++)
        if (!strchr("0123456789abcdef", id->z[i]))
            return false;
    if (digits != 17)
        return false;
    for (; i < MESSAGE_ID_BYTES; i++)
        if (id->z[i])
            return false;
    return true;
}

bool message_id_read(str text, const char *prefix, struct message_id *id)
{
    *id = (struct message_id){{0}};
    if (text.n && text.n < MESSAGE_ID_BYTES)
        memcpy(id->z, text.p, text.n);
    return message_id_ok(id, prefix);
}

static void skip(struct msghdr *m, size_t n)
{
    while (m->msg_iovlen && n >= m->msg_iov->iov_len) {
        n -= m->msg_iov->iov_len;
        m->msg_iov++;
        m->msg_iovlen--;
    }
    if (n) {
        m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + n;
        m->msg_iov->iov_len -= n;
    }
}

static res send_all(int sock, struct msghdr *m, struct err *e)
{
    while (m->msg_iovlen) {
        ssize_t n = sendmsg(sock, m, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return oops(e, errno, "sending a message failed: %s", strerror(errno));
        m->msg_control = NULL; /* descriptors went with the first byte */
        m->msg_controllen = 0;
        skip(m, (size_t)n);
    }
    return OK;
}

res message_send(int sock, struct message_head *head, const struct message_part *parts, size_t n_parts, const int *fds,
                 size_t n_fds, struct err *e)
{
    struct iovec iov[PARTS_MAX + 1] = {{head, sizeof *head}};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
    } control = {0};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 1};
    size_t total = 0;

    if (n_parts > PARTS_MAX || n_fds > MESSAGE_FDS_MAX)
        return oops(e, 0, "a message has too many parts or descriptors");
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n > MESSAGE_BODY_MAX - total)
            return oops(e, EMSGSIZE, "a message is longer than %d bytes", MESSAGE_BODY_MAX);
        total += parts[i].n;
        if (parts[i].n)
            iov[m.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)parts[i].p, parts[i].n};
    }
    head->body_bytes = (uint32_t)total;
    head->n_fds = (uint16_t)n_fds;
    if (n_fds) {
        m.msg_control = control.bytes;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        *c = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * n_fds)};
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
    }
    return send_all(sock, &m, e);
}

/* Takes the descriptors out of a received control block; more than fit are closed. */
static size_t take_fds(struct msghdr *m, int fds[MESSAGE_FDS_MAX], size_t have, bool *too_many)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (have < MESSAGE_FDS_MAX) {
                fds[have++] = fd;
            } else {
                close(fd);
                *too_many = true;
            }
        }
    }
    if (m->msg_flags & MSG_CTRUNC)
        *too_many = true;
    return have;
}

/* Reads exactly n bytes, collecting descriptors on the way. *got < n only at the end of the stream. */
static res receive_exactly(int sock, void *p, size_t n, int fds[MESSAGE_FDS_MAX], size_t *n_fds, bool *too_many,
                           size_t *got, struct err *e)
{
    *got = 0;
    while (*got < n) {
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
        } control;
        struct iovec iov = {(char *)p + *got, n - *got};
        struct msghdr m = {
            .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        ssize_t r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return oops(e, errno, "receiving a message failed: %s", strerror(errno));
        *n_fds = take_fds(&m, fds, *n_fds, too_many);
        if (r == 0)
            return OK;
        *got += (size_t)r;
    }
    return OK;
}

static res receive(int sock, struct message_head *head, void *body, size_t cap, int fds[MESSAGE_FDS_MAX], size_t *n_fds,
                   bool *end, struct err *e)
{
    bool too_many = false;
    size_t got;

    TRY(receive_exactly(sock, head, sizeof *head, fds, n_fds, &too_many, &got, e));
    if (got == 0) {
        *end = true;
        return oops(e, 0, "the peer closed its end");
    }
    if (got < sizeof *head)
        return reject(e, "the stream ended inside a message's head");
    if (head->body_bytes > MESSAGE_BODY_MAX || head->body_bytes > cap || head->n_fds > MESSAGE_FDS_MAX)
        return reject(e, "a message of type %u announces %u bytes and %u descriptors", head->type, head->body_bytes,
                      head->n_fds);
    TRY(receive_exactly(sock, body, head->body_bytes, fds, n_fds, &too_many, &got, e));
    if (got < head->body_bytes)
        return reject(e, "the stream ended inside a message's body");
    if (too_many || *n_fds != head->n_fds)
        return reject(e, "a message of type %u announced %u descriptors and brought %zu", head->type, head->n_fds,
                      *n_fds);
    return OK;
}

res message_receive(int sock, struct message_head *head, void *body, size_t cap, int fds[MESSAGE_FDS_MAX], bool *end,
                    struct err *e)
{
    size_t n_fds = 0;

    *end = false;
    res r = receive(sock, head, body, cap, fds, &n_fds, end, e);
    for (size_t i = 0; !is_ok(r) && i < n_fds; i++)
        close(fds[i]);
    return r;
}
