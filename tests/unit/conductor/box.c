/* SPDX-License-Identifier: MIT */
/* A box's end waits for the writer, to ship its last words; a step on the writer's thread may ask for a box. */
#include "house.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "conductor/box_parts.h"

static struct world *world;
static _Atomic int writing, lock_free;
static int words[2]; /* the program's output */

static const struct flow_kind *const kinds[] = {NULL};

static struct box *a_box(void)
{
    struct arena *a = arena_new(8 << 20);
    struct box *x = ARENA_NEW(a, struct box);

    x->arena = a;
    x->lines_arena = arena_new(BATCH_BYTES * 8);
    x->flow = S("flow-1");
    x->agent = -1;
    x->log = words[0];
    x->plan = (struct box_plan){.account = S("111111111111"),
                                .region = S("us-east-1"),
                                .role_arn = S("arn:aws:iam::111111111111:role/none"),
                                .session = S("s"),
                                .service = S("lambda.amazonaws.com"),
                                .log_group = S("g"),
                                .log_stream = S("s")};
    buf_init(&x->agent_in, AGENT_LINE_MAX);
    buf_init(&x->log_in, BATCH_BYTES * 4);
    return x;
}

static void *close_it(void *arg)
{
    struct err e = {0};

    (void)arg;
    assert_true(comes(&writing, 1));
    assert_true(is_ok(box_close(&world->house, S("flow-1"), STR_ABSENT, STR_ABSENT, &e)));
    return NULL;
}

/* On the writer's thread, once the last words have been read and wait for it. */
static res ask_for_a_box(struct call *c, const void *in, void *out)
{
    struct boxes *b = world->house.conductor->boxes;
    int left = 1;

    (void)c, (void)in, (void)out;
    atomic_store(&writing, 1);
    for (int i = 0; i < 500 && left > 0 && ioctl(words[0], FIONREAD, &left) == 0; i++)
        usleep(10000);
    usleep(50000);
    for (int i = 0; i < 100 && !atomic_load(&lock_free); i++) {
        if (pthread_mutex_trylock(&b->lock) == 0) {
            pthread_mutex_unlock(&b->lock);
            atomic_store(&lock_free, 1);
        } else {
            usleep(10000);
        }
    }
    return OK;
}

static void test_box__its_last_words_do_not_keep_the_writer_from_others(void **state)
{
    struct barmkin_flow_step in = {.kind = S("test"), .subject = S("-")};
    struct barmkin_nothing out = {0};
    struct inner_work inner = {0};
    pthread_t closer;

    world = *state;
    house_open(world, kinds);
    assert_int_equal(pipe2(words, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(write(words[1], "last words\n", 11), 11);
    struct boxes *b = world->house.conductor->boxes;
    pthread_mutex_lock(&b->lock);
    b->first = a_box();
    pthread_mutex_unlock(&b->lock);
    assert_int_equal(pthread_create(&closer, NULL, close_it, NULL), 0);
    house_do(world, "111111111111", ask_for_a_box, &inner, &in, &out);
    assert_int_equal(pthread_join(closer, NULL), 0);
    assert_int_equal(atomic_load(&lock_free), 1);
    assert_false(boxes_have(b, S("flow-1")));
    close(words[1]);
    house_close(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_box__its_last_words_do_not_keep_the_writer_from_others, house_setup,
                                        house_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
