/* SPDX-License-Identifier: MIT */
/* Typed records: every value of an indexed list leads back to its record. */
#include "../store/fixture.h"

#include "api/house.h"
#include "s3.h"
#include "store/store.h"

enum { MANY = 10000 };

static void begin(struct fixture *f, struct call *c, struct store **s)
{
    static struct caller who;

    who = (struct caller){.kind = PRINCIPAL_ROOT, .account = S("111122223333")};
    MUST(f, store_open(f->dir, true, s, &f->e));
    *c = (struct call){.caller = &who, .arena = f->a, .region = S("us-east-1")};
    MUST(f, store_begin(*s, true, &c->txn, &f->e));
}

static void test_api_record__an_index_leaves_none_of_ten_thousand_out(void **state)
{
    struct fixture *f = *state;
    struct s3_layout l = {.id = S("l"), .blobs = {MANY, ARENA_ARRAY(f->a, str, MANY)}};
    struct s3_layout_page page;
    struct store *s;
    struct call c;
    bool named;

    begin(f, &c, &s);
    for (int i = 0; i < MANY; i++)
        l.blobs.v[i] = arena_printf(f->a, "%032d", i);
    assert_true(is_ok(s3_layout_save(&c, &l)));
    for (int i = 0; i < MANY; i++) {
        assert_true(is_ok(record_blob_is_named(&c, l.blobs.v[i], &named)));
        assert_true(named);
    }
    assert_true(is_ok(s3_layout_by(&c, "blob", l.blobs.v[MANY - 1], STR_ABSENT, 1, &page)));
    assert_int_equal(page.n, 1);
    assert_true(is_ok(record_blob_is_named(&c, S("another"), &named)));
    assert_false(named);
    assert_true(is_ok(s3_layout_drop(&c, &l)));
    assert_true(is_ok(record_blob_is_named(&c, l.blobs.v[0], &named)));
    assert_false(named);
    txn_rollback(c.txn);
    store_close(s);
}

static void test_api_record__the_account_of_a_record_is_kept(void **state)
{
    struct fixture *f = *state;
    struct s3_layout *back, l = {.at.account = S("999988887777"), .id = S("l")};
    struct store *s;
    struct call c;

    begin(f, &c, &s);
    assert_true(is_ok(s3_layout_save(&c, &l)));
    assert_true(is_ok(s3_layout_load(&c, STR_ABSENT, S("l"), &back)));
    assert_null(back);
    assert_true(is_ok(s3_layout_load(&c, S("999988887777"), S("l"), &back)));
    assert_non_null(back);
    txn_rollback(c.txn);
    store_close(s);
}

/* A reply is encoded, and effects run, when the writer has long gone on to other calls, which forget what it kept. */
static void test_api_record__what_a_write_found_is_its_own(void **state)
{
    struct fixture *f = *state;
    struct s3_layout l = {.at.account = S("111122223333"), .id = S("l")};
    const void *first, *again;
    struct house h = {0};
    struct worker w;
    struct store *s;
    struct call c;

    begin(f, &c, &s);
    worker_init(&w, &h, NULL, s);
    c.worker = &w;
    assert_true(is_ok(s3_layout_save(&c, &l)));
    assert_true(is_ok(record_load_kept(&c, &s3_layout_record, STR_ABSENT, S("l"), &first)));
    assert_true(is_ok(record_load_kept(&c, &s3_layout_record, STR_ABSENT, S("l"), &again)));
    assert_ptr_equal(first, again);

    h.writer_worker = &w;
    assert_true(is_ok(record_load_kept(&c, &s3_layout_record, STR_ABSENT, S("l"), &first)));
    assert_ptr_not_equal(first, again);
    h.law_generation++;
    worker_tidy(&w);
    assert_true(str_eq(((const struct s3_layout *)first)->id, S("l")));
    worker_done(&w);
    txn_rollback(c.txn);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_api_record__an_index_leaves_none_of_ten_thousand_out, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_api_record__the_account_of_a_record_is_kept, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_api_record__what_a_write_found_is_its_own, fixture_set_up,
                                        fixture_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
