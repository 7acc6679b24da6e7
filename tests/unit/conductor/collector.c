/* SPDX-License-Identifier: MIT */
/* The collector: keeps what any record names, removes what none does, never what is young, nothing in doubt. */
#include "../store/fixture.h"

#include "conductor/collector.h"
#include "store/blob.h"
#include "store/store.h"

struct world {
    struct blobs *blobs;
    struct store *store;
};

static void open_world(struct fixture *f, struct world *w)
{
    char blobs[96];

    snprintf(blobs, sizeof blobs, "%s/blobs", f->dir);
    mkdir(blobs, 0700);
    MUST(f, blobs_open(blobs, &w->blobs, &f->e));
    MUST(f, store_open(f->dir, true, &w->store, &f->e));
}

static void close_world(struct world *w)
{
    blobs_close(w->blobs);
    store_close(w->store);
}

static const uint8_t key[BLOB_KEY_BYTES] = "a key";

static str make_blob(struct fixture *f, struct world *w)
{
    struct blob_writer *b;
    char *id = arena_alloc(f->a, BLOB_ID_BYTES + 1);
    uint64_t size;

    MUST(f, blob_begin(w->blobs, key, &b, &f->e));
    MUST(f, blob_write(b, S("bytes"), &f->e));
    MUST(f, blob_finish(b, id, &size, &f->e));
    return str_n(id, BLOB_ID_BYTES);
}

static bool is_there(struct fixture *f, struct world *w, str id)
{
    struct blob_reader *r;
    bool there = is_ok(blob_open(w->blobs, id, key, &r, &f->e));

    if (there)
        blob_close(r);
    err_clear(&f->e);
    return there;
}

static void name_it(struct fixture *f, struct world *w, const char *type, str id)
{
    struct store_key k = {S("111122223333"), S(""), S("s3"), str_z(type), id};
    struct store_index ix = {S("blob"), id};
    struct txn *t;

    MUST(f, store_begin(w->store, true, &t, &f->e));
    MUST(f, txn_put(t, &k, S("{}"), &ix, 1, &f->e));
    MUST(f, txn_commit(t, &f->e));
}

static void test_conductor_collector__removes_what_no_record_names(void **state)
{
    struct fixture *f = *state;
    struct world w;
    size_t removed;

    open_world(f, &w);
    str named[] = {make_blob(f, &w), make_blob(f, &w), make_blob(f, &w)}, orphan = make_blob(f, &w);
    name_it(f, &w, "object", named[0]);
    name_it(f, &w, "layout", named[1]);
    name_it(f, &w, "part", named[2]);
    MUST(f, collector_round(w.blobs, w.store, -1000, &removed, &f->e));
    assert_int_equal(removed, 1);
    assert_false(is_there(f, &w, orphan));
    for (int i = 0; i < 3; i++)
        assert_true(is_there(f, &w, named[i]));
    close_world(&w);
}

static void test_conductor_collector__leaves_the_young_alone(void **state)
{
    struct fixture *f = *state;
    struct world w;
    size_t removed;

    open_world(f, &w);
    str orphan = make_blob(f, &w);
    MUST(f, collector_round(w.blobs, w.store, 3600 * 1000, &removed, &f->e));
    assert_int_equal(removed, 0);
    assert_true(is_there(f, &w, orphan));
    close_world(&w);
}

static void test_conductor_collector__removes_nothing_when_it_cannot_ask(void **state)
{
    struct fixture *f = *state;
    struct world w;
    size_t removed;

    open_world(f, &w);
    str orphan = make_blob(f, &w), other = make_blob(f, &w);
    for (int at = 1; at <= 2; at++) {
        store_fail_after(w.store, at);
        MUST_OOPS(f, collector_round(w.blobs, w.store, -1000, &removed, &f->e));
        store_fail_after(w.store, 0);
        assert_int_equal(removed, 0);
        assert_true(is_there(f, &w, orphan) && is_there(f, &w, other));
    }
    close_world(&w);
}

static void test_conductor_collector__a_thread_starts_and_stops(void **state)
{
    struct fixture *f = *state;
    struct collector *c;
    struct world w;

    open_world(f, &w);
    str orphan = make_blob(f, &w);
    MUST(f, collector_start(w.blobs, str_z(f->dir), &c, &f->e));
    collector_stop(c);
    collector_stop(NULL);
    assert_true(is_there(f, &w, orphan)); /* younger than an hour */
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conductor_collector__removes_what_no_record_names, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_conductor_collector__leaves_the_young_alone, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_conductor_collector__removes_nothing_when_it_cannot_ask, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_conductor_collector__a_thread_starts_and_stops, fixture_set_up,
                                        fixture_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
