/* SPDX-License-Identifier: MIT */
/* What other threads do to a loop, its timers, its after-batch hook, and a lack of descriptors. */
#include "wire/rig.h"

#include <sys/resource.h>

enum { POSTERS = 4, POSTS_EACH = 5000 };

struct tally {
    struct loop *loop;
    int last[POSTERS], run;
    bool in_order;
};
struct numbered {
    struct tally *tally;
    int poster, number;
};
static struct numbered all_posts[POSTERS][POSTS_EACH];

static void note(void *arg)
{
    struct numbered *n = arg;

    n->tally->run++;
    n->tally->in_order &= n->number == n->tally->last[n->poster] + 1;
    n->tally->last[n->poster] = n->number;
}

static void *post_all(void *arg)
{
    struct numbered *mine = arg;

    for (int i = 0; i < POSTS_EACH; i++)
        loop_post(mine[i].tally->loop, note, &mine[i]);
    return NULL;
}

static void test_wire_loop__runs_posts_of_many_threads_in_order(void **state)
{
    struct rig g;
    struct tally tally = {.in_order = true};
    pthread_t threads[POSTERS];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    tally.loop = g.loop;
    for (int p = 0; p < POSTERS; p++) {
        for (int i = 0; i < POSTS_EACH; i++)
            all_posts[p][i] = (struct numbered){&tally, p, i + 1};
        pthread_create(&threads[p], NULL, post_all, all_posts[p]);
    }
    for (int p = 0; p < POSTERS; p++)
        pthread_join(threads[p], NULL);
    rig_stop(&g); /* what was posted before runs before the end */
    assert_int_equal(tally.run, POSTERS * POSTS_EACH);
    assert_true(tally.in_order);
}

static void post_reply(void *arg)
{
    struct rig *g = arg;
    struct exchange *x = g->held;

    x_reply(x, 200, NULL, 0, S("from afar"));
    x_release(x);
}

static void *answer_from_afar(void *arg)
{
    struct rig *g = arg;

    rig_wait(&g->heads, 1);
    while (!g->held)
        usleep(1000);
    loop_post(g->loop, post_reply, g);
    return NULL;
}

static void test_wire_loop__a_reply_may_come_from_another_thread(void **state)
{
    struct rig g;
    pthread_t thread;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    pthread_create(&thread, NULL, answer_from_afar, &g);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("from afar")));
    pthread_join(thread, NULL);
    close(fd);
    rig_stop(&g);
}

struct fired {
    struct loop *loop;
    char order[16];
    int n;
    uint64_t victim;
};
struct one {
    struct fired *f;
    char name;
};

static void fire(void *arg)
{
    struct one *o = arg;

    o->f->order[o->f->n++] = o->name;
    if (o->name == 'b')
        loop_cancel(o->f->loop, o->f->victim);
    if (o->name == 'd')
        loop_stop(o->f->loop);
}

static void test_wire_loop__timers_fire_in_order_and_can_be_cancelled(void **state)
{
    static const struct http_service none = {0};
    struct fired f = {0};
    struct one a = {&f, 'a'}, b = {&f, 'b'}, c = {&f, 'c'}, d = {&f, 'd'}, never = {&f, '!'};

    (void)state;
    assert_true(is_ok(loop_new(&none, &rig_limits, NULL, &f.loop, NULL)));
    loop_after(f.loop, 60, fire, &d);
    f.victim = loop_after(f.loop, 40, fire, &never);
    loop_after(f.loop, 30, fire, &c);
    loop_after(f.loop, 20, fire, &b);
    uint64_t cancelled = loop_after(f.loop, 5, fire, &never);
    uint64_t first = loop_after(f.loop, 10, fire, &a);
    loop_cancel(f.loop, cancelled);
    loop_cancel(f.loop, cancelled); /* twice does no harm, even when the slot has a new owner */
    (void)first;
    assert_true(is_ok(loop_run(f.loop, NULL)));
    assert_string_equal(f.order, "abcd");
    loop_free(f.loop);
}

struct hooked {
    struct rig *rig;
    int fd, early;
};

/* Peeks at the client's side of the connection: nothing may have arrived when the hook runs. */
static void look(void *arg)
{
    struct hooked *h = arg;
    char byte;

    if (h->rig->heads == 1 && h->rig->gones == 0)
        h->early += recv(h->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    h->rig->replies_seen_by_hook += h->rig->heads == 1;
}

static void hook_in(void *arg)
{
    struct hooked *h = arg;

    loop_tick(h->rig->loop, look, h);
    h->rig->ends++;
}

static void test_wire_loop__the_hook_runs_before_replies_leave(void **state)
{
    struct rig g;
    struct hooked h = {.rig = &g};
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    h.fd = rig_dial(g.port);
    loop_post(g.loop, hook_in, &h);
    rig_wait(&g.ends, 1);
    rig_send(h.fd, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_reply(h.fd, text, sizeof text, false);
    close(h.fd);
    rig_stop(&g);
    assert_int_equal(h.early, 0);
    assert_true(g.replies_seen_by_hook > 0);
}

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void test_wire_loop__a_lack_of_descriptors_neither_spins_nor_lasts(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct rig g;
    struct rlimit old, tight;
    char text[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* made while there still are descriptors */

    (void)state;
    rig_start(&g, NULL, NULL, true);
    to.sin_port = htons((uint16_t)g.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    getrlimit(RLIMIT_NOFILE, &old);
    tight = old;
    tight.rlim_cur = 3; /* below what is open: every accept fails */
    setrlimit(RLIMIT_NOFILE, &tight);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    rig_send(fd, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    double before = cpu_seconds();
    usleep(400000);
    assert_true(cpu_seconds() - before < 0.1);
    assert_int_equal(g.heads, 0);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("hello")));
    close(fd);
    rig_stop(&g);
}

static void unlisten(void *arg)
{
    struct rig *g = arg;
    struct err e = {0};
    int port, fd = rig_listen_fd(&port);

    loop_unlisten(g->loop, (void *)(uintptr_t) "no such door");
    assert_true(is_ok(loop_listen(g->loop, fd, true, g, &e)));
    loop_unlisten(g->loop, g);
    g->up_port = port;
    g->ends++;
}

static void test_wire_loop__unlisten_refuses_new_and_keeps_old(void **state)
{
    struct rig g;
    char text[4096];

    (void)state;
    rig_start(&g, NULL, NULL, true);
    int fd = rig_dial(g.port);
    rig_send(fd, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    rig_reply(fd, text, sizeof text, false);
    loop_post(g.loop, unlisten, &g);
    rig_wait(&g.ends, 1);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)g.up_port)};
    int closed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(closed, (struct sockaddr *)&to, sizeof to), -1);
    close(closed);
    rig_send(fd, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(str_ends(rig_reply(fd, text, sizeof text, false), S("hello")));
    close(fd);
    rig_stop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_loop__runs_posts_of_many_threads_in_order),
        cmocka_unit_test(test_wire_loop__a_reply_may_come_from_another_thread),
        cmocka_unit_test(test_wire_loop__timers_fire_in_order_and_can_be_cancelled),
        cmocka_unit_test(test_wire_loop__the_hook_runs_before_replies_leave),
        cmocka_unit_test(test_wire_loop__a_lack_of_descriptors_neither_spins_nor_lasts),
        cmocka_unit_test(test_wire_loop__unlisten_refuses_new_and_keeps_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
