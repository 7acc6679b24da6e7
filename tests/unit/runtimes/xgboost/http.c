/* SPDX-License-Identifier: MIT */
/* The model server's HTTP over loopback, on a port of its own, with an answer that echoes what it was asked. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "runtimes/xgboost/http.h"

struct rig {
    pthread_t thread;
    struct server_limits limits;
    int listen_fd, stop_fd;
    uint16_t port;
    struct err e;
    res result;
};

static int echo(void *ctx, const struct server_request *r, struct buf *body, const char **type)
{
    (void)ctx;
    *type = "text/plain";
    if (str_eq(r->path, S("/empty")))
        return 204;
    if (str_eq(r->path, S("/large")))
        for (int i = 0; i < 4000000; i++)
            buf_add_char(body, 'x');
    else
        buf_printf(body, "%.*s %.*s %.*s %.*s %zu:%.*s", FMT(r->method), FMT(r->path), FMT(r->content_type),
                   FMT(r->accept), r->body.n, FMT(str_sub(r->body, 0, 20)));
    return 200;
}

static void *run(void *arg)
{
    struct rig *r = arg;

    r->result = server_run(r->listen_fd, r->stop_fd, &r->limits, echo, NULL, &r->e);
    return NULL;
}

static int rig_start(void **state)
{
    static struct rig r;
    struct sockaddr_in at;
    socklen_t n = sizeof at;

    r = (struct rig){.limits = SERVER_LIMITS, .stop_fd = eventfd(0, EFD_NONBLOCK)};
    r.limits.body_bytes = 1 << 20;
    r.limits.header_ms = 1500;
    r.limits.request_ms = 1500;
    r.limits.max_connections = 8;
    if (!is_ok(server_listen("127.0.0.1", 0, &r.listen_fd, NULL)))
        return -1;
    getsockname(r.listen_fd, (struct sockaddr *)&at, &n);
    r.port = ntohs(at.sin_port);
    *state = &r;
    return pthread_create(&r.thread, NULL, run, &r);
}

static int rig_stop(void **state)
{
    struct rig *r = *state;
    uint64_t one = 1;

    if (write(r->stop_fd, &one, sizeof one) != sizeof one)
        return -1;
    pthread_join(r->thread, NULL);
    close(r->listen_fd);
    close(r->stop_fd);
    return is_ok(r->result) ? 0 : -1;
}

static int dial(struct rig *r)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(r->port)};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void put(int fd, str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* refused already: the reply says why */
        s = str_from(s, (size_t)n);
    }
}

/* Reads until `end` stands at the end of what came, or the other side closes. */
static str take_until(int fd, char *dst, size_t cap, const char *end)
{
    size_t n = 0;

    while (n < cap) {
        ssize_t got = recv(fd, dst + n, cap - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        if (end && str_ends(str_n(dst, n), str_z(end)))
            break;
    }
    return str_n(dst, n);
}

static void test_xgboost_http__answers_and_keeps_alive(void **state)
{
    int fd = dial(*state);
    char text[4096];

    put(fd, S("POST /invocations?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nACCEPT: */*\r\nContent-Length: "
              "5\r\n\r\n1,2,3"));
    assert_str_equal(take_until(fd, text, sizeof text, "5:1,2,3"),
                     S("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 38\r\n\r\nPOST /invocations "
                       "text/csv */* 5:1,2,3"));
    put(fd, S("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_str_equal(take_until(fd, text, sizeof text, "\r\n\r\n"), S("HTTP/1.1 204 No Content\r\n\r\n"));
    put(fd, S("HEAD /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    str head = take_until(fd, text, sizeof text, NULL);
    assert_true(str_ends(head, S("Connection: close\r\n\r\n")));
    close(fd);
}

static void test_xgboost_http__requests_in_pieces_and_in_a_row(void **state)
{
    str all = S("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Type: t\r\n\r\nxyz");
    char text[4096];
    int fd = dial(*state);

    for (size_t i = 0; i < all.n; i++) {
        put(fd, str_sub(all, i, 1));
        if (i % 16 == 0)
            usleep(1000);
    }
    str got = take_until(fd, text, sizeof text, "3:xyz");
    assert_true(str_search(got, S("POST /a   5:abcde")) > 0);
    assert_true(str_ends(got, S("POST /b t  3:xyz")));
    put(fd, all); /* both at once */
    got = take_until(fd, text, sizeof text, "3:xyz");
    assert_true(str_search(got, S("5:abcdeHTTP/1.1 200 OK")) > 0);
    close(fd);
}

static void assert_refused(struct rig *r, str request, const char *status)
{
    char text[8192];
    int fd = dial(r);

    put(fd, request);
    str got = take_until(fd, text, sizeof text, NULL);
    if (!str_starts(got, str_z(status)) || str_search(got, S("Connection: close")) < 0)
        fail_msg("%.*s... got %.*s, not %s", FMT(str_sub(request, 0, 60)), FMT(got), status);
    close(fd);
}

static void test_xgboost_http__says_that_requests_may_stand_in_line_where_answers_are_quick(void **state)
{
    struct rig *g = *state;
    int fd = dial(g);
    char text[4096];

    g->limits.quick = true;
    put(fd, S("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_str_equal(take_until(fd, text, sizeof text, "\r\n\r\n"),
                     S("HTTP/1.1 204 No Content\r\nBarmkin-Pipelines: yes\r\n\r\n"));
    g->limits.quick = false;
    close(fd);
}

static void test_xgboost_http__refuses_what_is_not_http(void **state)
{
    struct rig *r = *state;
    struct buf b;

    assert_refused(r, S("hello\r\n\r\n"), "HTTP/1.1 400 ");
    assert_refused(r, S("GET / HTTP/1.1\r\nHost a\r\n\r\n"), "HTTP/1.1 400 ");
    assert_refused(r, S("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), "HTTP/1.1 400 ");
    assert_refused(r, S("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), "HTTP/1.1 400 ");
    assert_refused(r, S("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "HTTP/1.1 400 ");
    assert_refused(r, S("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), "HTTP/1.1 400 ");
    assert_refused(r, S("POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), "HTTP/1.1 413 ");
    assert_refused(r, S("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"), "HTTP/1.1 400 ");
    buf_init(&b, 4 << 20);
    buf_add(&b, S("GET / HTTP/1.1\r\n"));
    for (int i = 0; i < 101; i++)
        buf_printf(&b, "x%d: y\r\n", i);
    buf_add(&b, S("\r\n"));
    assert_refused(r, buf_str(&b), "HTTP/1.1 431 ");
    buf_clear(&b);
    buf_add(&b, S("GET / HTTP/1.1\r\nx: "));
    for (int i = 0; i < 20000; i++)
        buf_add_char(&b, 'y');
    assert_refused(r, buf_str(&b), "HTTP/1.1 431 ");
    buf_clear(&b);
    buf_add(&b, S("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 20; i++) {
        buf_add(&b, S("10000\r\n"));
        for (int k = 0; k < 65536; k++)
            buf_add_char(&b, 'z');
        buf_add(&b, S("\r\n"));
    }
    assert_refused(r, buf_str(&b), "HTTP/1.1 413 "); /* read to the end although the client was still sending */
    buf_done(&b);
}

static void test_xgboost_http__continues_when_asked(void **state)
{
    char text[4096];
    int fd = dial(*state);

    put(fd, S("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    assert_str_equal(take_until(fd, text, sizeof text, "\r\n\r\n"), S("HTTP/1.1 100 Continue\r\n\r\n"));
    put(fd, S("ok"));
    assert_true(str_ends(take_until(fd, text, sizeof text, "2:ok"), S("2:ok")));
    close(fd);
}

static void test_xgboost_http__slow_headers_and_bodies_end(void **state)
{
    int64_t start = time_mono_ms();

    assert_refused(*state, S("GET / HTTP/1.1\r\nHost:"), "HTTP/1.1 408 ");
    assert_refused(*state, S("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), "HTTP/1.1 408 ");
    assert_true(time_mono_ms() - start < 9000);
}

static void test_xgboost_http__a_large_reply_to_a_slow_reader(void **state)
{
    static char text[65536];
    int fd = dial(*state), small = 65536;
    size_t total = 0;
    ssize_t n;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    put(fd, S("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    usleep(100000);
    while ((n = recv(fd, text, sizeof text, 0)) > 0)
        total += (size_t)n;
    assert_true(total > 4000000 && total < 4000200);
    close(fd);
}

static void test_xgboost_http__more_connections_than_places_wait(void **state)
{
    char text[4096];
    int fds[12];

    for (size_t i = 0; i < 12; i++)
        fds[i] = dial(*state);
    for (size_t i = 0; i < 12; i++)
        put(fds[i], S("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    for (size_t i = 0; i < 12; i++) {
        assert_true(str_starts(take_until(fds[i], text, sizeof text, NULL), S("HTTP/1.1 200 OK")));
        close(fds[i]);
    }
}

/* Bytes of no meaning, many times: the server must still answer afterwards. */
static void test_xgboost_http__noise_does_not_stop_it(void **state)
{
    static const char alphabet[] = "GETPOS /:\r\n\r\n0123abcHTTP/1.1\0\xff";
    uint64_t x = 88172645463325252ull;
    char noise[400], text[4096];

    for (int round = 0; round < 300; round++) {
        int fd = dial(*state);
        size_t n = 0;
        if (round % 2)
            n = (size_t)snprintf(noise, sizeof noise, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
        for (; n < sizeof noise; n++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            noise[n] = alphabet[(x >> 20) % (sizeof alphabet - 1)];
        }
        put(fd, str_n(noise, sizeof noise));
        close(fd);
    }
    int fd = dial(*state);
    put(fd, S("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    assert_true(str_starts(take_until(fd, text, sizeof text, NULL), S("HTTP/1.1 200 OK")));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_http__answers_and_keeps_alive),
        cmocka_unit_test(test_xgboost_http__requests_in_pieces_and_in_a_row),
        cmocka_unit_test(test_xgboost_http__says_that_requests_may_stand_in_line_where_answers_are_quick),
        cmocka_unit_test(test_xgboost_http__refuses_what_is_not_http),
        cmocka_unit_test(test_xgboost_http__continues_when_asked),
        cmocka_unit_test(test_xgboost_http__slow_headers_and_bodies_end),
        cmocka_unit_test(test_xgboost_http__a_large_reply_to_a_slow_reader),
        cmocka_unit_test(test_xgboost_http__more_connections_than_places_wait),
        cmocka_unit_test(test_xgboost_http__noise_does_not_stop_it),
    };
    return cmocka_run_group_tests(tests, rig_start, rig_stop);
}
