/* SPDX-License-Identifier: MIT */
/* The loop's client: reuse, retry of a stale socket, every framing, and servers that misbehave. */
#include "wire/rig.h"

#include <fcntl.h>
#include <stdlib.h>

/* A server of one thread that serves one connection after the other and does what the path says. */
struct server {
    int fd, port;
    pthread_t thread;
    _Atomic int connections, requests;
    _Atomic bool stop;
};

static bool serve_one(struct server *s, int fd)
{
    char text[4096];
    str r = rig_reply(fd, text, sizeof text, true);

    if (r.n == 0)
        return false;
    s->requests++;
    if (str_starts(r, S("GET /ok "))) {
        rig_send(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    } else if (str_starts(r, S("GET /pieces "))) {
        rig_send(fd,
                 S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"));
        usleep(20000);
        rig_send(fd, S("c\r\n4;x\r\ndefg\r\n0\r"));
        usleep(20000);
        rig_send(fd, S("\n\r\n"));
    } else if (str_starts(r, S("GET /to-the-end "))) {
        rig_send(fd, S("HTTP/1.0 200 OK\r\n\r\nuntil the end"));
        return false;
    } else if (str_starts(r, S("GET /then-close "))) { /* without saying so: the next request finds a stale socket */
        rig_send(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngone"));
        rig_reply(fd, text, sizeof text, true); /* and it eats that request */
        return false;
    } else if (str_starts(r, S("GET /half "))) {
        rig_send(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
        return false;
    } else if (str_starts(r, S("GET /large "))) {
        rig_send(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
        return false;
    } else if (str_starts(r, S("GET /endless "))) {
        static const char chunk[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        rig_send(fd, str_n(chunk, sizeof chunk - 1));
        while (send(fd, "4\r\nabcd\r\n", 9, MSG_NOSIGNAL) > 0)
            ;
        return false;
    } else if (str_starts(r, S("GET /interim "))) {
        while (send(fd, "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n", 33, MSG_NOSIGNAL) > 0)
            ;
        return false;
    } else if (str_starts(r, S("GET /garbage "))) {
        rig_send(fd, S("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"));
        return false;
    } else if (str_starts(r, S("GET /two-lengths "))) {
        rig_send(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"));
        return false;
    } else if (str_starts(r, S("GET /too-much "))) {
        rig_send(fd,
                 S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    } else { /* /hang */
        rig_reply(fd, text, sizeof text, true);
        return false;
    }
    return true;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    struct timeval patience = {.tv_sec = 5};

    while (!s->stop) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0) {
            usleep(1000);
            continue;
        }
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        s->connections++;
        while (serve_one(s, fd))
            ;
        close(fd);
    }
    return NULL;
}

struct pair {
    struct server server;
    struct rig rig;
};

static void pair_start(struct pair *p)
{
    *p = (struct pair){0};
    p->server.fd = rig_listen_fd(&p->server.port);
    assert_int_equal(pthread_create(&p->server.thread, NULL, serve, &p->server), 0);
    rig_start(&p->rig, NULL, NULL, true);
    p->rig.up_port = p->server.port;
}

static void pair_stop(struct pair *p)
{
    rig_stop(&p->rig);
    p->server.stop = true;
    pthread_join(p->server.thread, NULL);
    close(p->server.fd);
}

static str ask(struct pair *p, const char *what, char *dst, size_t cap)
{
    char request[256];
    int fd = rig_dial(p->rig.port);

    rig_send(fd, str_n(request, (size_t)snprintf(request, sizeof request,
                                                 "GET /%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", what)));
    str r = rig_read_all(fd, dst, cap);
    close(fd);
    return r;
}

static void test_wire_upstream__reuses_its_socket(void **state)
{
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    for (int i = 0; i < 5; i++)
        assert_true(str_ends(ask(&p, "up?ok", text, sizeof text), S("\r\n\r\nok")));
    assert_true(str_ends(ask(&p, "up?pieces", text, sizeof text), S("\r\n\r\nabcdefg")));
    assert_true(str_starts(str_n(text, 12), S("HTTP/1.1 201")));
    assert_true(str_ends(ask(&p, "up?ok", text, sizeof text), S("\r\n\r\nok")));
    assert_int_equal(p.server.connections, 1);
    assert_int_equal(p.rig.up_connects, 1);
    pair_stop(&p);
}

static void test_wire_upstream__retries_once_over_a_fresh_socket(void **state)
{
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    assert_true(str_ends(ask(&p, "up?then-close", text, sizeof text), S("\r\n\r\ngone")));
    assert_true(str_ends(ask(&p, "up?ok", text, sizeof text), S("\r\n\r\nok")));
    assert_int_equal(p.rig.up_connects, 2);
    assert_int_equal(p.server.requests, 2);
    pair_stop(&p);
}

static void test_wire_upstream__does_not_retry_once_bytes_have_come(void **state)
{
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    assert_true(str_ends(ask(&p, "up?ok", text, sizeof text), S("\r\n\r\nok")));
    assert_true(str_starts(ask(&p, "up?half", text, sizeof text), S("HTTP/1.1 502 ")));
    assert_int_equal(p.rig.up_connects, 1);
    pair_stop(&p);
}

static void test_wire_upstream__reads_to_the_end_and_forgets_the_socket(void **state)
{
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    assert_true(str_ends(ask(&p, "up?to-the-end", text, sizeof text), S("\r\n\r\nuntil the end")));
    assert_true(str_ends(ask(&p, "up?too-much", text, sizeof text), S("\r\n\r\nok")));
    assert_true(str_ends(ask(&p, "up?ok", text, sizeof text), S("\r\n\r\nok"))); /* not "evil" */
    assert_int_equal(p.rig.up_connects, 3);
    pair_stop(&p);
}

static void test_wire_upstream__refuses_what_it_cannot_trust(void **state)
{
    static const char *const bad[] = {"up?large", "up?endless", "up?interim", "up?garbage", "up?two-lengths"};
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        str r = ask(&p, bad[i], text, sizeof text);
        if (!str_starts(r, S("HTTP/1.1 502 ")))
            fail_msg("%s: %.*s", bad[i], FMT(r));
    }
    pair_stop(&p);
}

static void test_wire_upstream__times_out_and_reports_no_server(void **state)
{
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    int64_t began = time_mono_ms();
    assert_true(str_ends(ask(&p, "up?hang", text, sizeof text), S("did not answer in time")));
    assert_in_range(time_mono_ms() - began, 400, 3000);
    p.rig.up_port = 1; /* nobody listens there */
    str r = ask(&p, "up?ok", text, sizeof text);
    assert_true(str_starts(r, S("HTTP/1.1 502 ")));
    pair_stop(&p);
}

static void test_wire_upstream__drop_closes_idle_sockets(void **state)
{
    struct pair p;
    char text[4096];

    (void)state;
    pair_start(&p);
    ask(&p, "up?ok", text, sizeof text);
    assert_true(str_ends(ask(&p, "drop", text, sizeof text), S("dropped")));
    ask(&p, "up?ok", text, sizeof text);
    assert_int_equal(p.rig.up_connects, 2);
    pair_stop(&p);
}

/* ---- several requests over one socket ---- */

enum { CALLS = 3 };

struct group {
    struct rig rig;
    int fd;
    pthread_t server;
    _Atomic int connections, done;
    char bodies[CALLS][32]; /* of the calls of a phase, in the order in which they were begun; "" before */
    int begun;
};
struct member {
    struct group *group;
    int at;
};

/* Reads until `n` heads have come; false: the other side has closed. */
static bool read_heads(int fd, int n, char text[4096])
{
    size_t have = 0;
    int heads = 0;

    while (heads < n && have < 4095) {
        ssize_t got = recv(fd, text + have, 4095 - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
        text[have] = '\0';
        heads = 0;
        for (const char *at = text; (at = strstr(at, "\r\n\r\n")); at += 4)
            heads++;
    }
    return true;
}

#define REPLY(body) "HTTP/1.1 200 OK\r\nBarmkin-Pipelines: yes\r\nContent-Length: 1\r\n\r\n" body

/* The first connection: one request, three at once, three at once of which it answers one and a half. The others: one
 * request after the other. */
static void *serve_group(void *arg)
{
    struct group *g = arg;
    char text[4096];

    for (int fd; (fd = accept(g->fd, NULL, NULL)) >= 0 || errno == EAGAIN;) {
        if (fd < 0) {
            usleep(1000);
            continue;
        }
        if (g->connections++ == 0) {
            read_heads(fd, 1, text);
            rig_send(fd, S(REPLY("0")));
            read_heads(fd, CALLS, text);
            rig_send(fd, S(REPLY("1") REPLY("2") REPLY("3")));
            read_heads(fd, CALLS, text);
            rig_send(fd, S(REPLY("4") "HTTP/1.1 200 OK\r\nContent-Le"));
        } else {
            while (read_heads(fd, 1, text))
                rig_send(fd, S(REPLY("x")));
        }
        close(fd);
    }
    return NULL;
}

static void member_done(void *ctx, const struct upstream_reply *r)
{
    struct member *m = ctx;

    str_to_z(r->failed ? S("failed") : r->body, m->group->bodies[m->at], sizeof m->group->bodies[m->at]);
    m->group->done++;
    free(m);
}

static int member_connect(void *ctx)
{
    const struct member *m = ctx;
    int fd = rig_dial(m->group->rig.up_port);

    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* In one post, so in one batch. */
static void begin_members(void *arg)
{
    struct group *g = arg;

    for (int i = 0; i < g->begun; i++) {
        struct member *m = malloc(sizeof *m);
        *m = (struct member){g, i};
        loop_upstream(g->rig.loop, S("group"), member_connect, S("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 4096, 5000,
                      member_done, m);
    }
}

static void phase(struct group *g, int n)
{
    g->begun = n;
    g->done = 0;
    memset(g->bodies, 0, sizeof g->bodies);
    loop_post(g->rig.loop, begin_members, g);
    rig_wait(&g->done, n);
}

static void test_wire_upstream__a_willing_server_gets_one_batch_over_one_socket(void **state)
{
    struct group g = {0};
    int port;

    (void)state;
    g.fd = rig_listen_fd(&port);
    rig_start(&g.rig, NULL, NULL, true);
    g.rig.up_port = port;
    assert_int_equal(pthread_create(&g.server, NULL, serve_group, &g), 0);
    phase(&g, 1); /* it says that it is willing */
    assert_string_equal(g.bodies[0], "0");
    phase(&g, CALLS);
    assert_int_equal(g.connections, 1);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(g.bodies[i][0], '1' + i); /* each its own */
    phase(&g, CALLS);
    assert_string_equal(g.bodies[0], "4");
    assert_string_equal(g.bodies[1], "failed"); /* part of its reply had come */
    assert_string_equal(g.bodies[2], "x");      /* nothing had: it was sent once more */
    assert_int_equal(g.connections, 2);
    rig_stop(&g.rig);
    shutdown(g.fd, SHUT_RD);
    pthread_join(g.server, NULL);
    close(g.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_upstream__reuses_its_socket),
        cmocka_unit_test(test_wire_upstream__retries_once_over_a_fresh_socket),
        cmocka_unit_test(test_wire_upstream__does_not_retry_once_bytes_have_come),
        cmocka_unit_test(test_wire_upstream__reads_to_the_end_and_forgets_the_socket),
        cmocka_unit_test(test_wire_upstream__refuses_what_it_cannot_trust),
        cmocka_unit_test(test_wire_upstream__times_out_and_reports_no_server),
        cmocka_unit_test(test_wire_upstream__drop_closes_idle_sockets),
        cmocka_unit_test(test_wire_upstream__a_willing_server_gets_one_batch_over_one_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
