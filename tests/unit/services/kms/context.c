/* SPDX-License-Identifier: MIT */
/* The canonical encryption context: one text for one context, and never one text for two. */
#include "test.h"

#include "services/kms/kms_parts.h"

static str canonical(struct arena *a, size_t n, const struct str_pair *v)
{
    struct map_of_str m = {n, (struct str_pair *)v};

    return kms_canonical_context(a, &m);
}
#define CANONICAL(a, ...)                                                                                              \
    canonical(a, sizeof((struct str_pair[]){__VA_ARGS__}) / sizeof(struct str_pair), (struct str_pair[]){__VA_ARGS__})

static void test_services_kms_context__order_does_not_matter(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    str x = CANONICAL(a, {S("b"), S("2")}, {S("a"), S("1")}, {S("ab"), S("3")});
    str y = CANONICAL(a, {S("ab"), S("3")}, {S("a"), S("1")}, {S("b"), S("2")});
    assert_str_equal(x, y);
    arena_free(a);
}

static void test_services_kms_context__two_contexts_never_share_a_text(void **state)
{
    struct arena *a = arena_new(1 << 20);
    str v[] = {CANONICAL(a, {S("a"), S("b")}),
               CANONICAL(a, {S("ab"), S("")}),
               CANONICAL(a, {S(""), S("ab")}),
               CANONICAL(a, {S("b"), S("a")}),
               CANONICAL(a, {S("A"), S("b")}),
               CANONICAL(a, {S("a"), S("b")}, {S("c"), S("")}),
               CANONICAL(a, {S("a"), S("")}, {S("b"), S("c")}),
               CANONICAL(a, {S("a"), S("b\0\0\0\1c")}),
               CANONICAL(a, {S("a"), S("b")}, {S("a\0"), S("b")})};

    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(v[i], v[k]));
    arena_free(a);
}

static void test_services_kms_context__none_is_empty(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_int_equal(canonical(a, 0, NULL).n, 0);
    assert_int_not_equal(CANONICAL(a, {S(""), S("")}).n, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_kms_context__order_does_not_matter),
        cmocka_unit_test(test_services_kms_context__two_contexts_never_share_a_text),
        cmocka_unit_test(test_services_kms_context__none_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
