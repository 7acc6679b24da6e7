/* SPDX-License-Identifier: MIT */
/* Two VPCs with the same addresses in one warden, with front's listener in each. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_WORLD_H
#define BARMKIN_TESTS_UNIT_WARDEN_WORLD_H
#include "rig.h"

struct world {
    struct rig rig;
    struct test_plan a, b;
    int door_a, door_b; /* front's listeners on 0.0.0.0:443 */
};

static inline int vpc_listen(struct world *w, const struct test_plan *t, uint32_t addr, uint16_t port)
{
    struct err e = {0};
    int fd;

    if (!is_ok(warden_listen_in(w->rig.client, &t->plan.id, addr, port, &fd, &e)))
        fail_msg("%s", e.what);
    return fd;
}

static inline int setup(void **state)
{
    static struct world w; /* the test's, not the product's */

    *state = &w;
    rig_init(&w.rig);
    rig_start(&w.rig, NULL, NULL);
    plan_make(&w.a, 0xa);
    plan_make(&w.b, 0xb); /* the same CIDR and addresses */
    apply(&w.rig, &w.a);
    apply(&w.rig, &w.b);
    w.door_a = vpc_listen(&w, &w.a, 0, 443);
    w.door_b = vpc_listen(&w, &w.b, 0, 443);
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;

    close(w->door_a);
    close(w->door_b);
    rig_done(&w->rig);
    return 0;
}

/* Accepts on `listener` and checks both ends of the connection. */
static inline void check_accepted(int listener, uint32_t local, uint32_t peer)
{
    struct sockaddr_in a, b;
    socklen_t n = sizeof a;

    assert_true(readable(listener, LONG_MS));
    int fd = accept(listener, (struct sockaddr *)&b, &n);
    assert_true(fd >= 0);
    n = sizeof a;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    assert_int_equal(ntohl(a.sin_addr.s_addr), local);
    assert_int_equal(ntohl(b.sin_addr.s_addr), peer);
    close(fd);
}

#endif
