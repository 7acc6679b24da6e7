/* SPDX-License-Identifier: MIT */
/* Bytes into boxes: what their agents are sent, and whether somebody listens inside. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "conductor/inside.h"
#include "store/blob.h"
#include "warden/warden.h"

/* ---- to the agent ---- */

res box_send(int fd, str text, struct err *e)
{
    while (text.n) {
        struct pollfd ready = {fd, POLLOUT, 0};
        ssize_t n = send(fd, text.p, text.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN && poll(&ready, 1, 5000) == 1)
            continue;
        if (n < 0)
            return oops(e, errno, "the agent takes no order");
        text = str_from(text, (size_t)n);
    }
    return OK;
}

static res send_slice(int fd, struct blob_reader *r, const struct box_part *p, char *block, struct err *e)
{
    size_t got;

    for (uint64_t at = 0; at < p->length; at += got) {
        uint64_t left = p->length - at;
        TRY(blob_read(r, p->offset + at, block, left < BLOB_FRAME_BYTES ? (size_t)left : BLOB_FRAME_BYTES, &got, e));
        if (got == 0)
            return oops(e, 0, "a blob is shorter than its record says");
        TRY(box_send(fd, str_n(block, got), e));
    }
    return OK;
}

static res send_blob(struct house *h, int fd, const struct box_part *p, struct err *e)
{
    struct arena *a = arena_new_secret(4 * BLOB_FRAME_BYTES);
    struct blob_reader *r;

    res why = blob_open(h->blobs, p->blob_id, p->key, &r, e);
    if (is_ok(why)) {
        why = send_slice(fd, r, p, arena_alloc(a, BLOB_FRAME_BYTES), e);
        blob_close(r);
    }
    arena_free(a);
    return why;
}

res box_send_parts(struct house *h, int fd, const struct box_plan *p, struct err *e)
{
    for (size_t i = 0; i < p->n_parts; i++)
        TRY(str_is(p->parts[i].bytes) ? box_send(fd, p->parts[i].bytes, e) : send_blob(h, fd, &p->parts[i], e));
    return OK;
}

/* ---- asking a program whether it is well ---- */

static bool answers_200(int fd, str request, int64_t until)
{
    struct pollfd p = {fd, POLLOUT, 0};
    char reply[64];
    size_t n = 0;

    if (poll(&p, 1, (int)(until - time_mono_ms())) != 1 ||
        send(fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
        return false;
    while (n < 12) {
        int64_t left = until - time_mono_ms();
        p.events = POLLIN;
        if (left <= 0 || poll(&p, 1, (int)left) != 1)
            return false;
        ssize_t got = recv(fd, reply + n, sizeof reply - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    return str_starts(str_n(reply, n), S("HTTP/1.1 200")) || str_starts(str_n(reply, n), S("HTTP/1.0 200"));
}

res box_ping(struct house *h, str eni, int timeout_ms, bool *healthy, struct err *e)
{
    struct message_id id;
    struct err refused = {0};
    int fd;

    *healthy = false;
    TRY(warden_id(eni, "eni-", &id, e));
    if (!is_ok(warden_connect_in(h->warden, &id, 0x7f000001, 8080, &fd, &refused)))
        return OK; /* nobody listens yet */
    *healthy = answers_200(fd, S("GET /ping HTTP/1.1\r\nHost: model\r\nConnection: close\r\n\r\n"),
                           time_mono_ms() + timeout_ms);
    close(fd);
    return OK;
}

res box_begin(struct house *h, str eni, int timeout_ms, struct err *e)
{
    struct message_id id;
    int fd;

    TRY(warden_id(eni, "eni-", &id, e));
    TRY(warden_connect_in(h->warden, &id, 0x7f000001, 8080, &fd, e));
    bool begun = answers_200(fd, S("POST /begin HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                             time_mono_ms() + timeout_ms);
    close(fd);
    return begun ? OK : oops(e, 0, "the sandbox did not begin");
}

/* ---- waiting for a program that listens ---- */

res box_await(struct house *h, str place, int timeout_ms, struct err *e)
{
    int64_t until = time_mono_ms() + timeout_ms;
    struct message_id id;
    int fd;

    TRY(warden_id(place, str_starts(place, S("box-")) ? "box-" : "eni-", &id, e));
    for (;;) {
        struct err refused = {0};
        int wrong = 0;
        socklen_t n = sizeof wrong;
        if (is_ok(warden_connect_in(h->warden, &id, 0x7f000001, 8080, &fd, &refused))) {
            struct pollfd p = {fd, POLLOUT, 0};
            bool there = poll(&p, 1, 1000) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &wrong, &n) == 0 && !wrong;
            close(fd);
            if (there)
                return OK;
        }
        if (time_mono_ms() >= until)
            return reject(e, "nobody listens in the sandbox");
        poll(NULL, 0, 2);
    }
}
