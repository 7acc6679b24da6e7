/* SPDX-License-Identifier: MIT */
/* Lines in, lines out. */
#include "runtimes/agent/talk.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "runtimes/agent/order.h"

void talk_init(struct talk *t, int fd)
{
    t->fd = fd;
    buf_init_secret(&t->in, ORDER_MAX); /* the order holds a credential token */
}

res talk_read(struct talk *t, struct arena *a, str *line, struct err *e)
{
    for (;;) {
        str have = buf_str(&t->in);
        ptrdiff_t end = str_find(have, '\n');
        if (end >= 0) {
            *line = arena_dup(a, str_sub(have, 0, (size_t)end));
            buf_drop_front(&t->in, (size_t)end + 1);
            return OK;
        }
        char *room = buf_room(&t->in, 16384);
        if (!room)
            return reject(e, "a line from front is too long");
        ssize_t n = read(t->fd, room, 16384);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *line = STR_ABSENT;
            return OK;
        }
        buf_took(&t->in, (size_t)n);
    }
}

static res write_all(int fd, str s, struct err *e)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return oops(e, errno, "cannot write what front sent");
        s = str_from(s, n > 0 ? (size_t)n : 0);
    }
    return OK;
}

res talk_read_bytes(struct talk *t, uint64_t n, int fd, struct err *e)
{
    char block[65536];
    str have = str_sub(buf_str(&t->in), 0, n < t->in.n ? (size_t)n : t->in.n);

    TRY(write_all(fd, have, e));
    n -= have.n;
    buf_drop_front(&t->in, have.n);
    while (n) {
        ssize_t got = read(t->fd, block, n < sizeof block ? (size_t)n : sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return reject(e, "what front sent was cut off");
        TRY(write_all(fd, str_n(block, (size_t)got), e));
        n -= (uint64_t)got;
    }
    return OK;
}

void talk_send(struct talk *t, str json)
{
    struct buf b;

    buf_init(&b, ORDER_MAX);
    buf_add(&b, json);
    buf_add_char(&b, '\n');
    for (size_t done = 0; !b.full && done < b.n;) {
        ssize_t n = send(t->fd, b.p + done, b.n - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    buf_done(&b);
}

void talk_stage(struct talk *t, const char *stage)
{
    struct buf b;

    buf_init(&b, 256);
    buf_printf(&b, "{\"event\":\"stage\",\"stage\":\"%s\"}", stage);
    talk_send(t, buf_str(&b));
    buf_done(&b);
}

void talk_failed(struct talk *t, const char *stage, const struct err *why)
{
    struct buf text, b;

    buf_init(&text, 1024);
    buf_init(&b, 8192);
    buf_printf(&text, "%s: %s", why->why == WHY_REJECT ? "ClientError" : "InternalServerError", why->what);
    buf_printf(&b, "{\"event\":\"failed\",\"stage\":\"%s\",\"reason\":", stage);
    buf_add_json_str(&b, buf_str(&text));
    buf_add_char(&b, '}');
    talk_send(t, buf_str(&b));
    buf_done(&text);
    buf_done(&b);
}
