/* SPDX-License-Identifier: MIT */
/* Packed events and positions: what goes in comes out, and what is not ours is refused. */
#include "test.h"

#include "services/logs/logs_parts.h"

static void test_services_logs_batch__what_is_packed_is_unpacked(void **state)
{
    struct arena *a = arena_new(1 << 24);
    struct logs_event v[60];
    struct logs_events back;

    (void)state;
    for (size_t i = 0; i < 60; i++)
        v[i] = (struct logs_event){(int64_t)i * 1000, 5, i + 1, str_n("a\nb 12 34 \xff\0\n\n", i % 14)};
    v[59].time_ms = INT64_MAX;
    str packed = logs_pack(a, v, 60);
    assert_true(logs_unpack(a, packed, &back));
    assert_int_equal(back.n, 60);
    for (size_t i = 0; i < 60; i++) {
        assert_str_equal(back.v[i].message, v[i].message);
        assert_true(back.v[i].time_ms == v[i].time_ms && back.v[i].sequence == v[i].sequence &&
                    back.v[i].ingested_ms == v[i].ingested_ms);
    }
    assert_true(logs_unpack(a, S(""), &back));
    assert_int_equal(back.n, 0);
    arena_free(a);
}

static void test_services_logs_batch__what_is_cut_or_strange_is_refused(void **state)
{
    static const str bad[] = {S("1"),
                              S("1 2 3 4"),
                              S("1 2 3 4\n"),
                              S("1 2 3 4\nabc"),
                              S("1 2 3 4\nabcd"),
                              S("1 2 3 4\nabcde"),
                              S("1 2 3 x\nabc\n"),
                              S("1 2 3\nabc\n"),
                              S("1 -2 3 1\na\n"),
                              S("1 2 3 18446744073709551615\na\n"),
                              S("\n"),
                              S("x 2 3 1\na\n")};
    struct arena *a = arena_new(1 << 20);
    struct logs_events back;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(logs_unpack(a, bad[i], &back));
    struct logs_event one = {7, 8, 9, S("whole")};
    str packed = logs_pack(a, &one, 1);
    for (size_t n = 1; n < packed.n; n++)
        assert_false(logs_unpack(a, str_sub(packed, 0, n), &back));
    arena_free(a);
}

static void test_services_logs_batch__positions_sort_as_their_texts(void **state)
{
    static const struct logs_position v[] = {{0, 0},    {0, 1},   {0, UINT64_MAX}, {1, 0},
                                             {255, 16}, {256, 2}, {INT64_MAX, 0}};
    struct arena *a = arena_new(1 << 20);
    struct logs_position back;

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        str x = logs_position_text(a, v[i]);
        assert_int_equal(x.n, LOGS_POSITION_BYTES);
        assert_true(logs_position_parse(x, &back) && logs_position_cmp(back, v[i]) == 0);
        for (size_t k = 0; k < i; k++) {
            assert_true(str_cmp(logs_position_text(a, v[k]), x) < 0);
            assert_true(logs_position_cmp(v[k], v[i]) < 0);
        }
    }
    assert_false(logs_position_parse(S("0000000000000000-000000000000000"), &back));
    assert_false(logs_position_parse(S("0000000000000000+0000000000000000"), &back));
    assert_false(logs_position_parse(S("000000000000000x-0000000000000000"), &back));
    assert_false(logs_position_parse(S("8000000000000000-0000000000000000"), &back));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_logs_batch__what_is_packed_is_unpacked),
        cmocka_unit_test(test_services_logs_batch__what_is_cut_or_strange_is_refused),
        cmocka_unit_test(test_services_logs_batch__positions_sort_as_their_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
