/* SPDX-License-Identifier: MIT */
/* Tags put on and taken off: order, replacement, keys given twice; and those that AWS itself sets. */
#include "test.h"

#include "api/tags.h"
#include "ec2.h"
#include "logs.h"

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

static void test_api_tags__aws_own_are_told_by_their_beginning(void **state)
{
    struct str_pair all[] = {{S("aws:x"), S("1")}, {S("AWS:y"), S("2")}, {S("aws"), S("3")}, {S("x-aws:"), S("4")}};
    str keys[] = {S("aws"), S("b"), S("Aws:")};

    (void)state;
    assert_int_equal(tags_count_own((struct map_of_str){4, all}), 2);
    assert_true(tags_any_system((struct map_of_str){4, all}));
    assert_false(tags_any_system((struct map_of_str){2, all + 2}));
    assert_true(tags_any_system_key(&(struct list_of_str){3, keys}));
    assert_false(tags_any_system_key(&(struct list_of_str){2, keys}));
}

/* A list of tags in a record, and a map of them: marked once, by calls of the marked one only, of this type only. */
static void test_api_tags__marks_are_put_on_one_type(void **state)
{
    struct arena *a = arena_new(1 << 16);
    struct str_pair mark[] = {{S("aws:m"), S("new")}};
    struct ec2_tag tags[] = {{S("k"), S("v")}, {S("aws:m"), S("old")}};
    struct ec2_vpc v = {.tags = {2, tags}};
    struct logs_group g = {0};
    struct system_tags marks = {&ec2_vpc_record, mark, 1};
    struct call engine = {.arena = a, .system_tags = &marks}, c = {.arena = a, .parent = &engine},
                inner = {.arena = a, .parent = &c};

    (void)state;
    tags_mark(&inner, &ec2_vpc_record, &v);
    tags_mark(&c, &logs_group_record, &g);
    assert_int_equal(v.tags.n + g.tags.n, 2);
    assert_ptr_equal(v.tags.v, tags);
    for (int i = 0; i < 2; i++) {
        tags_mark(&c, &ec2_vpc_record, &v);
        assert_int_equal(v.tags.n, 2);
        assert_true(str_eq(v.tags.v[0].key, S("k")) && str_eq(v.tags.v[1].value, S("new")));
    }
    marks.record = &logs_group_record;
    tags_mark(&c, &logs_group_record, &g);
    assert_int_equal(g.tags.n, 1);
    assert_true(str_eq(g.tags.v[0].key, S("aws:m")));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_tags__aws_own_are_told_by_their_beginning),
        cmocka_unit_test(test_api_tags__marks_are_put_on_one_type),
        cmocka_unit_test(test_api_tags__new_values_replace_and_come_last),
        cmocka_unit_test(test_api_tags__what_is_named_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
