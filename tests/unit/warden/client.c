/* SPDX-License-Identifier: MIT */
/* Framing and the client, against a peer made of this test's own thread. */
#include "rig.h"

#include <pthread.h>

struct peer {
    int mine; /* the other end is the client's */
    struct warden_client *client;
    int events, gone, got_fd;
    char text[16];
};

static void on_event(void *arg, uint16_t type, const void *body, size_t n, int *fds, size_t n_fds)
{
    struct peer *p = arg;

    if (type == 0) {
        p->gone++;
        return;
    }
    memcpy(p->text, body, n < sizeof p->text ? n : sizeof p->text - 1);
    if (n_fds) {
        p->got_fd = fds[0];
        fds[0] = -1; /* kept */
    }
    p->events++;
}

static int setup(void **state)
{
    static struct peer p; /* the test's, not the product's */
    int pair[2];

    p = (struct peer){.got_fd = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    p.mine = pair[0];
    p.client = warden_client_new(pair[1], on_event, &p);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct peer *p = *state;

    warden_client_free(p->client);
    close(p->mine);
    return 0;
}

static void answer(int sock, const struct message_head *to, int why, const char *text, const int *fds, size_t n_fds)
{
    struct message_head head = {.type = (uint16_t)(to->type | MESSAGE_REPLY), .request = to->request};
    struct message_outcome outcome = {.why = why, .sys_errno = why == WHY_OOPS ? EIO : 0};
    const struct message_part parts[2] = {{&outcome, sizeof outcome}, {text, str_z(text).n}};

    snprintf(outcome.what, sizeof outcome.what, "%s", why == WHY_OK ? "" : text);
    assert_true(is_ok(message_send(sock, &head, parts, why == WHY_OK ? 2 : 1, fds, n_fds, NULL)));
}

static void receive(int sock, struct message_head *head, void *body, size_t cap, int *fds)
{
    int none[MESSAGE_FDS_MAX];
    struct err e = {0};
    bool end;

    if (!is_ok(message_receive(sock, head, body, cap, fds ? fds : none, &end, &e)))
        fail_msg("%s", e.what);
}

struct asker {
    struct peer *peer;
    uint16_t type;
    char body[8], got[16];
    struct err e;
    res r;
};

static void *ask(void *arg)
{
    struct asker *q = arg;
    struct arena *a = arena_new(65536);
    struct warden_answer out = {.n_fds = 0};

    q->r = warden_call(q->peer->client, q->type, q->body, sizeof q->body, NULL, 0, a, &out, &q->e);
    str_to_z(out.body, q->got, sizeof q->got);
    arena_free(a);
    return NULL;
}

/* Eight threads ask at once; the answers come in another order and still reach whoever asked. */
static void test_warden_client__answers_find_their_askers(void **state)
{
    struct peer *p = *state;
    enum { N = 8 };
    struct asker askers[N];
    pthread_t threads[N];
    struct message_head heads[N];
    _Alignas(16) char bodies[N][64];

    for (int i = 0; i < N; i++) {
        askers[i] = (struct asker){.peer = p, .type = (uint16_t)(100 + i)};
        memcpy(askers[i].body, (char[]){'n', 'o', ' ', (char)('0' + i), 0}, 5);
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < N; i++)
        receive(p->mine, &heads[i], bodies[i], sizeof bodies[i], NULL);
    for (int i = N - 1; i >= 0; i--)
        answer(p->mine, &heads[i], WHY_OK, bodies[i], NULL, 0);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_true(is_ok(askers[i].r));
        assert_string_equal(askers[i].got, askers[i].body);
    }
}

static void test_warden_client__a_no_comes_back_as_said(void **state)
{
    struct peer *p = *state;
    struct asker q = {.peer = p, .type = 100};
    struct message_head head;
    _Alignas(16) char body[64];
    pthread_t t;

    pthread_create(&t, NULL, ask, &q);
    receive(p->mine, &head, body, sizeof body, NULL);
    answer(p->mine, &head, WHY_OOPS, "the disk is full", NULL, 0);
    pthread_join(t, NULL);
    assert_int_equal(q.r.why, WHY_OOPS);
    assert_int_equal(q.e.sys_errno, EIO);
    assert_string_equal(q.e.what, "the disk is full");
}

static void test_warden_client__events_bring_descriptors(void **state)
{
    struct peer *p = *state;
    struct message_head head = {.type = WARDEN_EVENT_SANDBOX_EXITED};
    const struct message_part part = {"bye", 4};
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(is_ok(message_send(p->mine, &head, &part, 1, ends, 2, NULL))); /* the second is closed for us */
    close(ends[0]);
    shutdown(p->mine, SHUT_WR); /* then the end */
    for (int i = 0; i < 300 && !p->gone; i++)
        usleep(10000);
    assert_int_equal(p->events, 1);
    assert_int_equal(p->gone, 1);
    assert_string_equal(p->text, "bye");
    assert_int_equal(write(ends[1], "x", 1), 1);
    char c;
    assert_int_equal(read(p->got_fd, &c, 1), 1);
    close(ends[1]);
    assert_int_equal(read(p->got_fd, &c, 1), 0); /* nobody else holds the writing end */
    close(p->got_fd);
}

static void test_warden_client__a_dead_warden_fails_every_call(void **state)
{
    struct peer *p = *state;
    struct asker q = {.peer = p, .type = 100};
    struct message_head head;
    _Alignas(16) char body[64];
    pthread_t t;

    pthread_create(&t, NULL, ask, &q);
    receive(p->mine, &head, body, sizeof body, NULL);
    shutdown(p->mine, SHUT_RDWR);
    pthread_join(t, NULL);
    assert_int_equal(q.r.why, WHY_OOPS);
    assert_int_equal(warden_ping(p->client, NULL).why, WHY_OOPS);
}

static void test_warden_client__an_answer_nobody_asked_for_ends_the_pipe(void **state)
{
    struct peer *p = *state;
    const struct message_head nobody = {.type = 100, .request = 12345};

    answer(p->mine, &nobody, WHY_OK, "", NULL, 0);
    for (int i = 0; i < 300 && !p->gone; i++)
        usleep(10000);
    assert_int_equal(p->gone, 1);
}

static void test_warden_client__a_message_may_be_as_long_as_the_limit(void **state)
{
    static _Alignas(16) char body[MESSAGE_BODY_MAX], got[MESSAGE_BODY_MAX];
    struct message_head head = {.type = 1, .request = 7};
    struct message_part part = {body, sizeof body};
    int pair[2], fds[MESSAGE_FDS_MAX], status;
    bool end;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 31);
    pid_t pid = fork(); /* more than a socket's buffer: somebody must read */
    if (pid == 0)
        _exit(is_ok(message_send(pair[1], &head, &part, 1, &pair[0], 1, NULL)) ? 0 : 1);
    assert_true(is_ok(message_receive(pair[0], &head, got, sizeof got, fds, &end, NULL)));
    assert_int_equal(head.n_fds, 1);
    assert_memory_equal(got, body, sizeof body);
    close(fds[0]);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    part.n++;
    assert_int_equal(message_send(pair[1], &head, &part, 1, NULL, 0, NULL).why, WHY_OOPS);
    close(pair[0]);
    close(pair[1]);
}

static void test_warden_client__descriptors_that_were_not_announced_are_closed(void **state)
{
    struct message_head head = {.type = 1};
    int pair[2], ends[2], fds[MESSAGE_FDS_MAX];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {&head, sizeof head};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    bool end;
    char c;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    *h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(h), &ends[1], sizeof(int));
    assert_int_equal(sendmsg(pair[1], &m, 0), (ssize_t)sizeof head);
    assert_int_equal(message_receive(pair[0], &head, NULL, 0, fds, &end, NULL).why, WHY_REJECT);
    assert_false(end);
    close(ends[1]);
    assert_int_equal(read(ends[0], &c, 1), 0); /* ours was the last */
    close(ends[0]);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_warden_client__answers_find_their_askers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_client__a_no_comes_back_as_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_client__events_bring_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_client__a_dead_warden_fails_every_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_client__an_answer_nobody_asked_for_ends_the_pipe, setup, teardown),
        cmocka_unit_test(test_warden_client__a_message_may_be_as_long_as_the_limit),
        cmocka_unit_test(test_warden_client__descriptors_that_were_not_announced_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
