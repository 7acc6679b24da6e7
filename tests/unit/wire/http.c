/* SPDX-License-Identifier: MIT */
/* The server over real sockets: keep-alive, bodies both ways, backpressure, deadlines, its end. */
#include "wire/rig.h"

static void test_wire_http__answers_several_requests_on_one_connection(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    for (int i = 0; i < 3; i++) {
        rig_send(fd, S("GET /facts?a=b%20c HTTP/1.1\r\nHost: h\r\n\r\n"));
        str r = rig_reply(fd, text, sizeof text, false);
        assert_true(str_starts(r, S("HTTP/1.1 200 OK\r\nDate: ")));
        assert_true(str_ends(r, S("\r\n\r\nGET|/facts|a=b%20c|tls=0|peer=7f000001|tag=door")));
        assert_true(str_search(r, S("Connection: close")) < 0);
    }
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.heads, 3);
    assert_int_equal(g.gones, 3);
    assert_true(g.batches > 0);
}

static void test_wire_http__answers_pipelined_requests_in_order(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /late?50 HTTP/1.1\r\nHost: h\r\n\r\n"
                   "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                   "\r\nGET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\nlate")));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\nabc")));
    str r = rig_reply(fd, text, sizeof text, false);
    assert_true(str_ends(r, S("\r\n\r\nhello")));
    assert_has(r, S("Connection: close\r\n"));
    assert_true(rig_is_closed(fd));
    close(fd);
    rig_stop(&g);
}

static void test_wire_http__answers_ten_thousand_pipelined_requests(void **state)
{
    struct rig g;
    static char all[10000 * 40], text[10000 * 160];
    size_t n = 0;

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    for (int i = 0; i < 10000; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    if (fork() == 0) { /* one side sends while the other reads */
        rig_send(fd, str_n(all, n));
        _exit(0);
    }
    for (int i = 0; i < 10000; i++)
        assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("hello")));
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.heads, 10000);
    assert_int_equal(g.gones, 10000);
}

static void test_wire_http__takes_bodies_chunked_and_counted(void **state)
{
    struct rig g;
    char text[8192];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5;name=value\r\nhello\r\n6\r\n"));
    usleep(30000);
    rig_send(fd, S(" world\r\n0\r\nX-Trailer: ignored\r\n\r\n"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\nhello world")));
    rig_send(fd, S("PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"));
    usleep(30000);
    rig_send(fd, S("def"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\nabcdef")));
    rig_send(fd, S("POST /sink HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\n0")));
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.ends, 3);
}

static void test_wire_http__continues_only_when_the_application_accepts(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("PUT /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    assert_str_equal(rig_reply(fd, text, sizeof text, false), S("HTTP/1.1 100 Continue\r\n\r\n"));
    rig_send(fd, S("ok"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\nok")));
    rig_send(fd, S("PUT /refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    str r = rig_reply(fd, text, sizeof text, false);
    assert_true(str_starts(r, S("HTTP/1.1 403 Forbidden\r\n")));
    assert_has(r, S("Connection: close\r\n"));
    rig_send(fd, S("ok"));
    assert_true(rig_is_closed(fd));
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.body_bytes, 2);
}

static void test_wire_http__sends_no_body_to_head(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    str r = rig_reply(fd, text, sizeof text, true);
    assert_has(r, S("Content-Length: 5\r\n"));
    rig_send(fd, S("HEAD /pour?1000000 HTTP/1.1\r\nHost: h\r\n\r\n"));
    r = rig_reply(fd, text, sizeof text, true);
    assert_has(r, S("Content-Length: 1000000\r\n"));
    rig_send(fd, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\nhello")));
    close(fd);
    rig_stop(&g);
}

static void test_wire_http__speaks_http_1_0(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /chunks?3 HTTP/1.0\r\n\r\n"));
    str r = rig_read_all(fd, text, sizeof text);
    assert_true(str_search(r, S("chunked")) < 0);
    assert_has(r, S("Connection: close\r\n"));
    assert_true(str_ends(r, str_n("\r\n\r\nx\0\0", 7)));
    close(fd);
    rig_stop(&g);
}

static void test_wire_http__chunks_replies_of_unknown_length(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /chunks?3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    str r = rig_read_all(fd, text, sizeof text);
    assert_has(r, S("Transfer-Encoding: chunked\r\n"));
    assert_true(str_ends(r, str_n("\r\n\r\n3\r\nx\0\0\r\n0\r\n\r\n", 17)));
    close(fd);
    rig_stop(&g);
}

static void test_wire_http__a_header_value_cannot_add_headers(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /split HTTP/1.1\r\nHost: h\r\n\r\n"));
    str r = rig_reply(fd, text, sizeof text, false);
    assert_true(str_search(r, S("\nSet-Cookie")) < 0);
    close(fd);
    rig_stop(&g);
}

static size_t resident_bytes(void)
{
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %zu kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib * 1024;
}

static void test_wire_http__a_slow_reader_costs_bounded_memory(void **state)
{
    struct rig g;
    static char text[1 << 16];
    uint64_t total = 0, size = 64 << 20;

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    size_t before = resident_bytes();
    rig_send(fd, S("GET /pour?67108864 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    usleep(300000); /* time enough to queue it all, if it did */
    size_t after = resident_bytes();
    assert_true(after < before + (8 << 20));
    for (ssize_t n; (n = recv(fd, text, sizeof text, 0)) > 0;)
        total += (uint64_t)n;
    assert_true(total > size && total < size + 400);
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.gones, 1);
}

static void test_wire_http__a_pausing_application_gets_every_byte(void **state)
{
    struct rig g;
    static char body[600000];
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("PUT /pause HTTP/1.1\r\nHost: h\r\nContent-Length: 600000\r\n\r\n"));
    rig_send(fd, str_n(body, sizeof body));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("\r\n\r\n600000")));
    close(fd);
    rig_stop(&g);
}

static void test_wire_http__a_trickled_header_is_cut_at_its_deadline(void **state)
{
    struct rig g;
    char text[4096];
    int64_t began = time_mono_ms();

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /hello HTTP/1.1\r\nX: "));
    for (int i = 0; i < 60; i++) { /* a byte every 20 ms would go on for 1.2 s */
        usleep(20000);
        if (send(fd, "y", 1, MSG_NOSIGNAL) < 0)
            break;
    }
    str r = rig_read_all(fd, text, sizeof text);
    assert_true(r.n == 0 || str_starts(r, S("HTTP/1.1 408 ")));
    assert_int_equal(g.last_bad, 408);
    assert_true(time_mono_ms() - began < 3000);
    close(fd);
    int silent = rig_dial(g.port);
    assert_true(rig_is_closed(silent));
    close(silent);
    rig_stop(&g);
    assert_int_equal(g.heads, 0);
}

static void test_wire_http__an_idle_connection_is_closed(void **state)
{
    struct http_limits limits = rig_limits;
    struct rig g;
    char text[4096];

    (void)state;
    limits.idle_ms = 100;
    rig_start(&g, &limits, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_reply(fd, text, sizeof text, false);
    int64_t began = time_mono_ms();
    assert_true(rig_is_closed(fd));
    assert_in_range(time_mono_ms() - began, 50, 1500);
    close(fd);
    rig_stop(&g);
}

static void test_wire_http__a_body_below_the_minimum_rate_is_cut(void **state)
{
    struct rig g;

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
    for (int i = 0; i < 100; i++) { /* 50 bytes a second; 1000 are asked for */
        usleep(20000);
        if (send(fd, "y", 1, MSG_NOSIGNAL) < 0)
            break;
    }
    assert_true(rig_is_closed(fd));
    close(fd);
    rig_wait(&g.gones, 1);
    rig_stop(&g);
    assert_int_equal(g.gones, 1);
    assert_int_equal(g.ends, 0);
}

static void test_wire_http__a_client_that_vanishes_is_told_once(void **state)
{
    struct rig g;

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc"));
    rig_wait(&g.heads, 1);
    close(fd);
    rig_wait(&g.gones, 1);
    rig_stop(&g);
    assert_int_equal(g.gones, 1);
    assert_int_equal(g.ends, 0);
}

static void reply_to_held(void *arg)
{
    struct rig *g = arg;
    struct exchange *x = g->held;

    assert_true(x_is_gone(x));
    assert_str_equal(x_request(x)->path, S("/hold")); /* still there to read */
    x_accept(x);
    x_reply(x, 200, NULL, 0, S("too late"));
    x_write(x, S("too late"));
    x_reply_end(x);
    x_close(x);
    x_release(x);
    g->ends++;
}

static void test_wire_http__a_held_exchange_outlives_its_client(void **state)
{
    struct linger reset = {.l_onoff = 1};
    struct rig g;

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_wait(&g.heads, 1);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    rig_wait(&g.gones, 1);
    loop_post(g.loop, reply_to_held, &g);
    rig_wait(&g.ends, 1);
    rig_stop(&g);
    assert_int_equal(g.gones, 1);
}

static void test_wire_http__a_reply_shorter_than_announced_breaks_the_connection(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /short HTTP/1.1\r\nHost: h\r\n\r\n"));
    str r = rig_read_all(fd, text, sizeof text);
    assert_true(r.n < 300);
    close(fd);
    fd = rig_dial(g.port);
    rig_send(fd, S("GET /break HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(rig_is_closed(fd));
    close(fd);
    rig_stop(&g);
    assert_int_equal(g.gones, 2);
}

static void test_wire_http__stop_finishes_what_is_in_flight(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int idle = rig_dial(g.port), busy = rig_dial(g.port);
    rig_send(idle, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_reply(idle, text, sizeof text, false);
    rig_send(busy, S("GET /late?300 HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_wait(&g.heads, 2);
    loop_stop(g.loop);
    assert_true(rig_is_closed(idle));
    str r = rig_reply(busy, text, sizeof text, false);
    assert_true(str_ends(r, S("\r\n\r\nlate")));
    assert_has(r, S("Connection: close\r\n"));
    assert_true(rig_is_closed(busy));
    close(idle);
    close(busy);
    int64_t began = time_mono_ms();
    pthread_join(g.thread, NULL);
    assert_true(time_mono_ms() - began < 1000);
    loop_free(g.loop);
}

static void test_wire_http__stop_does_not_wait_for_ever(void **state)
{
    struct http_limits limits = rig_limits;
    struct rig g;

    (void)state;
    limits.stop_ms = 200;
    rig_start(&g, &limits, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_wait(&g.heads, 1);
    loop_stop(g.loop);
    pthread_join(g.thread, NULL);
    assert_int_equal(g.gones, 1);
    x_release(g.held);
    loop_free(g.loop);
    close(fd);
}

static void test_wire_http__at_the_maximum_the_oldest_idle_makes_room(void **state)
{
    struct http_limits limits = rig_limits;
    struct rig g;
    char text[4096];
    int fds[4];

    (void)state;
    limits.max_connections = 3;
    rig_start(&g, &limits, NULL, true);
    for (int i = 0; i < 4; i++) {
        fds[i] = rig_dial(g.port);
        rig_send(fds[i], S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_true(str_ends(rig_reply(fds[i], text, sizeof text, false), S("hello")));
    }
    assert_true(rig_is_closed(fds[0]));
    rig_send(fds[3], S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_ends(rig_reply(fds[3], text, sizeof text, false), S("hello")));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    rig_stop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_http__answers_several_requests_on_one_connection),
        cmocka_unit_test(test_wire_http__answers_pipelined_requests_in_order),
        cmocka_unit_test(test_wire_http__answers_ten_thousand_pipelined_requests),
        cmocka_unit_test(test_wire_http__takes_bodies_chunked_and_counted),
        cmocka_unit_test(test_wire_http__continues_only_when_the_application_accepts),
        cmocka_unit_test(test_wire_http__sends_no_body_to_head),
        cmocka_unit_test(test_wire_http__speaks_http_1_0),
        cmocka_unit_test(test_wire_http__chunks_replies_of_unknown_length),
        cmocka_unit_test(test_wire_http__a_header_value_cannot_add_headers),
        cmocka_unit_test(test_wire_http__a_slow_reader_costs_bounded_memory),
        cmocka_unit_test(test_wire_http__a_pausing_application_gets_every_byte),
        cmocka_unit_test(test_wire_http__a_trickled_header_is_cut_at_its_deadline),
        cmocka_unit_test(test_wire_http__an_idle_connection_is_closed),
        cmocka_unit_test(test_wire_http__a_body_below_the_minimum_rate_is_cut),
        cmocka_unit_test(test_wire_http__a_client_that_vanishes_is_told_once),
        cmocka_unit_test(test_wire_http__a_held_exchange_outlives_its_client),
        cmocka_unit_test(test_wire_http__a_reply_shorter_than_announced_breaks_the_connection),
        cmocka_unit_test(test_wire_http__stop_finishes_what_is_in_flight),
        cmocka_unit_test(test_wire_http__stop_does_not_wait_for_ever),
        cmocka_unit_test(test_wire_http__at_the_maximum_the_oldest_idle_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
