/* SPDX-License-Identifier: MIT */
/* The admin channel's client side: one HTTP request over a socket that only root and the state's owner may open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "sockets.h"
#include "verbs/verbs.h"

static res send_all(int fd, str text, struct err *e)
{
    while (text.n) {
        ssize_t n = send(fd, text.p, text.n, MSG_NOSIGNAL);
        if (n <= 0)
            return oops(e, errno, "the server closed the admin channel");
        text = str_from(text, (size_t)n);
    }
    return OK;
}

static res receive_all(int fd, struct arena *a, str *text, struct err *e)
{
    struct buf b;
    ssize_t n = 1;

    buf_init_secret(&b, 64 << 20);
    while (n > 0 && !b.full) {
        char *room = buf_room(&b, 16384);
        n = room ? recv(fd, room, 16384, 0) : 0;
        if (n > 0)
            buf_took(&b, (size_t)n);
    }
    bool whole = n == 0 && !b.full;
    *text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return whole ? OK : oops(e, errno, "the server's answer was cut");
}

/* The connection is closed after the reply, so the body is what follows the head. */
static res split_reply(str reply, str *body, struct arena *a, struct err *e)
{
    ptrdiff_t head = str_search(reply, S("\r\n\r\n"));
    uint64_t status = 0;
    json_t *j;

    if (head < 0 || !str_starts(reply, S("HTTP/1.1 ")) || !str_to_u64(str_sub(reply, 9, 3), &status))
        return oops(e, 0, "the server's answer is not HTTP");
    *body = str_from(reply, (size_t)head + 4);
    if (status == 200)
        return OK;
    if (is_ok(json_parse(a, *body, NULL, &j)))
        return reject(e, "%s: %s", json_string_value(json_object_get(j, "__type")),
                      json_string_value(json_object_get(j, "message") ? json_object_get(j, "message")
                                                                      : json_object_get(j, "Message")));
    return oops(e, 0, "the server answered %u", (unsigned)status);
}

res admin_call(const struct options *o, const char *operation, str input, str *answer, struct err *e)
{
    struct arena *a = o->arena;
    int fd = -1;
    str reply;

    TRY(sockets_connect_admin(options_state((struct options *)o), &fd, e));
    res r = send_all(fd,
                     arena_printf(a,
                                  "POST / HTTP/1.1\r\nHost: barmkin\r\nX-Amz-Target: Barmkin.%s\r\nContent-Type: "
                                  "application/x-amz-json-1.1\r\n"
                                  "Connection: close\r\nContent-Length: %zu\r\n\r\n%.*s",
                                  operation, input.n, FMT(input)),
                     e);
    if (is_ok(r))
        r = receive_all(fd, a, &reply, e);
    close(fd);
    return is_ok(r) ? split_reply(reply, answer, a, e) : r;
}
