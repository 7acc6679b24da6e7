/* SPDX-License-Identifier: MIT */
/* Framing. Calls are synchronous, so at most one message is ever under way in each direction: bytes after a message are
 * a broken peer. */
#include "vault/pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static res send_all(int fd, struct iovec *parts, size_t n, struct err *e)
{
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = n};

    while (msg.msg_iovlen) {
        ssize_t sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return oops(e, errno, "sending on vault's pipe");
        size_t left = (size_t)sent;
        while (msg.msg_iovlen && left >= msg.msg_iov->iov_len) {
            left -= msg.msg_iov->iov_len;
            msg.msg_iov++;
            msg.msg_iovlen--;
        }
        if (msg.msg_iovlen) {
            msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + left;
            msg.msg_iov->iov_len -= left;
        }
    }
    return OK;
}

res vault_pipe_send(int fd, uint32_t kind, const str *fields, size_t n, struct err *e)
{
    uint32_t head[2] = {sizeof kind, kind}, lengths[VAULT_PIPE_FIELDS_MAX];
    struct iovec parts[1 + 2 * VAULT_PIPE_FIELDS_MAX] = {{head, sizeof head}};
    size_t total = sizeof head;

    if (n > VAULT_PIPE_FIELDS_MAX)
        return oops(e, 0, "a message to or from vault has too many fields");
    for (size_t i = 0; i < n; i++) {
        if (fields[i].n > VAULT_PIPE_BYTES_MAX || total + sizeof *lengths + fields[i].n > VAULT_PIPE_BYTES_MAX)
            return reject(e, "more than %d bytes for vault", VAULT_PIPE_BYTES_MAX);
        total += sizeof *lengths + fields[i].n;
        lengths[i] = (uint32_t)fields[i].n;
        parts[1 + 2 * i] = (struct iovec){&lengths[i], sizeof *lengths};
        parts[2 + 2 * i] = (struct iovec){(void *)(uintptr_t)fields[i].p, fields[i].n};
    }
    head[0] = (uint32_t)(total - sizeof *head);
    return send_all(fd, parts, 1 + 2 * n, e);
}

/* Reads until `want` bytes stand in dst. *have is updated; the first read may take up to cap. */
static res fill(int fd, uint8_t *dst, size_t cap, size_t *have, size_t want, bool *end, struct err *e)
{
    while (*have < want) {
        ssize_t got = recv(fd, dst + *have, cap - *have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return oops(e, errno, "receiving on vault's pipe");
        if (got == 0) {
            *end = *have == 0;
            return oops(e, 0, "vault's pipe was closed");
        }
        *have += (size_t)got;
    }
    return OK;
}

static res parse(const uint8_t *body, size_t n, struct vault_message *m, struct err *e)
{
    size_t at = sizeof m->kind;
    uint32_t length;

    memcpy(&m->kind, body, sizeof m->kind);
    for (m->n = 0; at < n; m->n++) {
        if (m->n == VAULT_PIPE_FIELDS_MAX || n - at < sizeof length)
            return reject(e, "a message on vault's pipe has a broken field");
        memcpy(&length, body + at, sizeof length);
        at += sizeof length;
        if (length > n - at)
            return reject(e, "a message on vault's pipe has a broken field");
        m->fields[m->n] = str_n((const char *)body + at, length);
        at += length;
    }
    return OK;
}

res vault_pipe_receive(struct vault_pipe *p, struct vault_message *m, bool *end, struct err *e)
{
    uint8_t *at = p->room;
    size_t have = 0, cap = VAULT_PIPE_ROOM_BYTES;
    uint32_t length;

    *end = false;
    res first = fill(p->fd, at, cap, &have, sizeof length, end, e);
    p->used = have;
    TRY(first);
    memcpy(&length, at, sizeof length);
    size_t whole = sizeof length + length;
    if (length < sizeof m->kind || whole > VAULT_PIPE_BYTES_MAX || have > whole)
        return reject(e, "a message on vault's pipe has a wrong length");
    if (whole > cap) {
        at = arena_alloc(p->secrets, whole);
        memcpy(at, p->room, have);
    }
    bool cut = false;
    res rest = fill(p->fd, at, whole, &have, whole, &cut, e);
    p->used = have < cap ? have : cap;
    TRY(rest);
    return parse(at + sizeof length, length, m, e);
}

void vault_pipe_settle(struct vault_pipe *p)
{
    explicit_bzero(p->room, p->used);
    p->used = 0;
    arena_reset(p->secrets);
}
