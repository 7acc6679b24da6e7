/* SPDX-License-Identifier: MIT */
/* Tags put on and taken off: order, replacement, keys given twice. */
#include "test.h"

#include "api/tags.h"

static bool are(struct map_of_str tags, const char *keys, const char *values)
{
    for (size_t i = 0; i < tags.n; i++)
        if (!str_eq(tags.v[i].key, str_n(keys + i, 1)) || !str_eq(tags.v[i].value, str_n(values + i, 1)))
            return false;
    return keys[tags.n] == '\0';
}

static void test_api_tags__new_values_replace_and_come_last(void **state)
{
    struct arena *a = arena_new(1 << 16);
    struct str_pair old[] = {{S("a"), S("1")}, {S("b"), S("2")}};
    struct str_pair more[] = {{S("a"), S("3")}, {S("c"), S("4")}, {S("a"), S("5")}, {S("A"), S("6")}};

    (void)state;
    assert_true(are(tags_put(a, (struct map_of_str){2, old}, (struct map_of_str){4, more}), "bacA", "2346"));
    assert_true(are(tags_put(a, (struct map_of_str){0}, (struct map_of_str){0}), "", ""));
    arena_free(a);
}

static void test_api_tags__what_is_named_goes(void **state)
{
    struct arena *a = arena_new(1 << 16);
    struct str_pair old[] = {{S("a"), S("1")}, {S("b"), S("2")}, {S("c"), S("3")}};
    str keys[] = {S("b"), S("B"), S("none")};

    (void)state;
    assert_true(are(tags_take_off(a, (struct map_of_str){3, old}, &(struct list_of_str){3, keys}), "ac", "13"));
    assert_true(are(tags_take_off(a, (struct map_of_str){0}, &(struct list_of_str){3, keys}), "", ""));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_tags__new_values_replace_and_come_last),
        cmocka_unit_test(test_api_tags__what_is_named_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
