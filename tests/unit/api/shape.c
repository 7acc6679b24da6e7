/* SPDX-License-Identifier: MIT */
/* What a path of a model leads to: the values of condition keys and the names of resources come from here. */
#include "api/codec.h"
#include "api/walk.h"
#include "test.h"

struct inner {
    str name;
    opt_int count;
};
struct outer {
    struct inner *one;
    struct {
        size_t n;
        struct inner *v;
    } many;
    struct list_of_str words;
    struct map_of_str pairs;
};
static const struct field inner_fields[] = {{.name = "Name", .kind = K_STRING, .offset = offsetof(struct inner, name)},
                                            {.name = "Count", .kind = K_INT, .offset = offsetof(struct inner, count)}};
static const struct shape inner_shape = {"inner", inner_fields, 2, sizeof(struct inner)};
static const struct field outer_fields[] = {
    {.name = "One", .kind = K_SHAPE, .shape = &inner_shape, .offset = offsetof(struct outer, one)},
    {.name = "Many", .kind = K_LIST, .elem = K_SHAPE, .shape = &inner_shape, .offset = offsetof(struct outer, many)},
    {.name = "Words", .kind = K_LIST, .elem = K_STRING, .offset = offsetof(struct outer, words)},
    {.name = "Pairs", .kind = K_MAP, .offset = offsetof(struct outer, pairs)}};
static const struct shape outer_shape = {"outer", outer_fields, 4, sizeof(struct outer)};

#define PATH(...) ((struct path){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static struct inner both[] = {{{"x", 1}, {true, 7}}, {.name = {"y", 1}}};
static str words[] = {{"a", 1}, {"b", 1}};
static struct str_pair pairs[] = {{{"k", 1}, {"v", 1}}};

static const struct outer full = {.one = &both[0], .many = {2, both}, .words = {2, words}, .pairs = {1, pairs}};

static void leads_to(const struct outer *o, struct path p, const char *wanted)
{
    struct arena *a = arena_new(1 << 16);
    struct list_of_str got = shape_values(&outer_shape, o, p, a);
    str said = S("");

    for (size_t i = 0; i < got.n; i++)
        said = arena_join(a, (str[]){said, S("|"), got.v[i]}, 3);
    assert_true(str_eq(said, str_z(wanted)));
    arena_free(a);
}

static void test_api_shape__paths_lead_through_shapes_and_fan_out_over_lists(void **state)
{
    static const struct outer nothing;

    (void)state;
    leads_to(&full, PATH(0, 0), "|x");
    leads_to(&full, PATH(0, 1), "|7");
    leads_to(&full, PATH(1, 0), "|x|y");
    leads_to(&full, PATH(1, 1), "|7");
    leads_to(&full, PATH(1), "");
    leads_to(&full, PATH(2), "|a|b");
    leads_to(&full, PATH(3), "|k");
    leads_to(&full, (struct path){0}, "");
    leads_to(&nothing, PATH(0, 0), "");
    leads_to(&nothing, PATH(1, 0), "");
}

static void test_api_shape__present_is_what_has_a_value(void **state)
{
    static struct inner bare;
    static const struct outer empty = {.one = &bare, .many = {0, both}, .words = {0, words}};
    struct arena *a = arena_new(1 << 16);

    (void)state;
    assert_true(shape_has(&outer_shape, &full, PATH(0), a));
    assert_true(shape_has(&outer_shape, &full, PATH(1, 1), a));
    assert_true(shape_has(&outer_shape, &full, PATH(2), a));
    assert_true(shape_has(&outer_shape, &empty, PATH(0), a));
    assert_false(shape_has(&outer_shape, &empty, PATH(0, 0), a));
    assert_false(shape_has(&outer_shape, &empty, PATH(1), a));
    assert_false(shape_has(&outer_shape, &empty, PATH(2), a));
    assert_false(shape_has(&outer_shape, &empty, PATH(3), a));
    assert_false(shape_has(&outer_shape, &full, (struct path){0}, a));
    arena_free(a);
}

static void test_api_shape__numbers_are_written_whole(void **state)
{
    struct arena *a = arena_new(1 << 16);

    (void)state;
    assert_true(str_eq(scalar_decimal(a, 0), S("0")));
    assert_true(str_eq(scalar_decimal(a, -10), S("-10")));
    assert_true(str_eq(scalar_decimal(a, INT64_MAX), S("9223372036854775807")));
    assert_true(str_eq(scalar_decimal(a, INT64_MIN), S("-9223372036854775808")));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_shape__paths_lead_through_shapes_and_fan_out_over_lists),
        cmocka_unit_test(test_api_shape__present_is_what_has_a_value),
        cmocka_unit_test(test_api_shape__numbers_are_written_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
