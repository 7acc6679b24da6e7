/* SPDX-License-Identifier: MIT */
/* Grants made by right of grants: never an operation more, never a context more. */
#include "test.h"

#include "services/kms/kms_parts.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        sizeof((str[]){__VA_ARGS__}) / sizeof(str), (str[])                                                            \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define MAP(...)                                                                                                       \
    {                                                                                                                  \
        sizeof((struct str_pair[]){__VA_ARGS__}) / sizeof(struct str_pair), (struct str_pair[])                        \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static void test_services_kms_granted__operations_of_a_child_are_the_parents(void **state)
{
    struct kms_grant parent = {.operations = LIST(S("CreateGrant"), S("Encrypt"), S("Decrypt"))};
    struct list_of_str less = LIST(S("Decrypt")), same = LIST(S("Encrypt"), S("Decrypt"), S("CreateGrant")),
                       more = LIST(S("Decrypt"), S("DescribeKey"));

    (void)state;
    assert_true(kms_grant_covers(&parent, &less, NULL));
    assert_true(kms_grant_covers(&parent, &same, NULL));
    assert_false(kms_grant_covers(&parent, &more, NULL));
}

static void test_services_kms_granted__constraints_of_a_child_are_as_strict(void **state)
{
    struct list_of_str decrypt = LIST(S("Decrypt"));
    struct kms_constraints subset = {.encryption_context_subset = MAP({S("a"), S("1")})};
    struct kms_constraints stricter = {.encryption_context_subset = MAP({S("b"), S("2")}, {S("a"), S("1")})};
    struct kms_constraints exact = {.encryption_context_equals = MAP({S("a"), S("1")}, {S("b"), S("2")})};
    struct kms_constraints other = {.encryption_context_subset = MAP({S("a"), S("2")})};
    struct kms_constraints exact_less = {.encryption_context_equals = MAP({S("a"), S("1")})};
    struct kms_grant free_one = {.operations = decrypt}, by_subset = free_one, by_equals = free_one;

    (void)state;
    by_subset.constraints = &subset;
    by_equals.constraints = &exact;
    assert_true(kms_grant_covers(&free_one, &decrypt, &other));
    assert_false(kms_grant_covers(&by_subset, &decrypt, NULL));
    assert_true(kms_grant_covers(&by_subset, &decrypt, &subset));
    assert_true(kms_grant_covers(&by_subset, &decrypt, &stricter));
    assert_true(kms_grant_covers(&by_subset, &decrypt, &exact));
    assert_false(kms_grant_covers(&by_subset, &decrypt, &other));
    assert_true(kms_grant_covers(&by_equals, &decrypt, &exact));
    assert_false(kms_grant_covers(&by_equals, &decrypt, &exact_less));
    assert_false(kms_grant_covers(&by_equals, &decrypt, &stricter));
    assert_false(kms_grant_covers(&by_equals, &decrypt, NULL));
}

static void test_services_kms_granted__pairs_lie_within_pairs(void **state)
{
    struct map_of_str none = {0}, one = MAP({S("a"), S("1")}), two = MAP({S("b"), S("2")}, {S("a"), S("1")});

    (void)state;
    assert_true(kms_pairs_within(&none, &one));
    assert_true(kms_pairs_within(&one, &two));
    assert_false(kms_pairs_within(&two, &one));
    assert_false(kms_pairs_within(&one, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_kms_granted__operations_of_a_child_are_the_parents),
        cmocka_unit_test(test_services_kms_granted__constraints_of_a_child_are_as_strict),
        cmocka_unit_test(test_services_kms_granted__pairs_lie_within_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
