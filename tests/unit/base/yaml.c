/* SPDX-License-Identifier: MIT */
/* YAML as CloudFormation reads it, and what is refused before it grows. */
#include "test.h"

#include <string.h>

#include "base/json.h"
#include "base/yaml.h"

/* What a text is as compact JSON, or why it is refused. */
static str read(struct arena *a, str text)
{
    struct err e = {0};
    struct buf b;
    json_t *tree;
    str out;

    if (!is_ok(yaml_parse(a, text, &e, &tree)))
        return arena_dup(a, str_z(e.what));
    buf_init(&b, 64 << 20);
    buf_add_json(&b, tree);
    assert_false(b.full);
    out = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

struct pair {
    const char *yaml, *json;
};

static void check_all(const struct pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new(64 << 20);
        assert_str_equal(read(a, str_z(pairs[i].yaml)), str_z(pairs[i].json));
        arena_free(a);
    }
}
#define CHECK_ALL(pairs) check_all(pairs, sizeof pairs / sizeof pairs[0])

static void test_base_yaml__scalars_are_what_yaml_1_1_says_but_for_dates(void **state)
{
    static const struct pair pairs[] = {
        {"a: 1", "{\"a\":1}"},
        {"a: -17", "{\"a\":-17}"},
        {"a: 017", "{\"a\":15}"},
        {"a: 089", "{\"a\":\"089\"}"},
        {"a: 0x1f", "{\"a\":31}"},
        {"a: 1.5", "{\"a\":1.5}"},
        {"a: 1.5e3", "{\"a\":\"1.5e3\"}"},
        {"a: 1.5e+3", "{\"a\":1500.0}"},
        {"a: 1.2.3", "{\"a\":\"1.2.3\"}"},
        {"a: 10.0.0.0/16", "{\"a\":\"10.0.0.0/16\"}"},
        {"a: 22:22", "{\"a\":\"22:22\"}"},
        {"a: 2012-10-17", "{\"a\":\"2012-10-17\"}"},
        {"a: 2010-09-09T00:00:00Z", "{\"a\":\"2010-09-09T00:00:00Z\"}"},
        {"a: '1'", "{\"a\":\"1\"}"},
        {"a: \"true\"", "{\"a\":\"true\"}"},
        {"a: TRUE", "{\"a\":true}"},
        {"a: yes", "{\"a\":true}"},
        {"a: Off", "{\"a\":false}"},
        {"a: y", "{\"a\":\"y\"}"},
        {"a:", "{\"a\":null}"},
        {"a: ~", "{\"a\":null}"},
        {"a: !!str 5", "{\"a\":\"5\"}"},
        {"a: 99999999999999999999", "{\"a\":\"99999999999999999999\"}"},
        {"a: 9223372036854775807", "{\"a\":9223372036854775807}"},
        {"a: .inf", "{\"a\":\".inf\"}"},
        {"a: '-'", "{\"a\":\"-\"}"},
        {"123456789012: b", "{\"123456789012\":\"b\"}"},
        {"true: b", "{\"true\":\"b\"}"},
        {"", "null"},
        {"just text", "\"just text\""},
    };

    (void)state;
    CHECK_ALL(pairs);
}

static void test_base_yaml__block_scalars_keep_their_lines(void **state)
{
    static const struct pair pairs[] = {
        {"a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"}, {"a: |-\n  x\n  y\n", "{\"a\":\"x\\ny\"}"},
        {"a: >-\n  x\n  y\n", "{\"a\":\"x y\"}"},     {"a: |\n  true\n", "{\"a\":\"true\\n\"}"},
        {"a: 'x\n  y'", "{\"a\":\"x y\"}"},           {"a: \"x\\\n  y\"", "{\"a\":\"xy\"}"},
    };

    (void)state;
    CHECK_ALL(pairs);
}

static void test_base_yaml__short_tags_become_long_functions(void **state)
{
    static const struct pair pairs[] = {
        {"!Ref A", "{\"Ref\":\"A\"}"},
        {"!Condition A", "{\"Condition\":\"A\"}"},
        {"!Sub '${A}'", "{\"Fn::Sub\":\"${A}\"}"},
        {"!Sub 5", "{\"Fn::Sub\":\"5\"}"},
        {"!GetAtt A.B", "{\"Fn::GetAtt\":[\"A\",\"B\"]}"},
        {"!GetAtt A.Outputs.B", "{\"Fn::GetAtt\":[\"A\",\"Outputs.B\"]}"},
        {"!GetAtt [A, B]", "{\"Fn::GetAtt\":[\"A\",\"B\"]}"},
        {"!GetAtt A", "{\"Fn::GetAtt\":\"A\"}"},
        {"!Select [0, !Split [',', !Ref A]]", "{\"Fn::Select\":[0,{\"Fn::Split\":[\",\",{\"Ref\":\"A\"}]}]}"},
        {"!GetAZs ''", "{\"Fn::GetAZs\":\"\"}"},
        {"!Base64 |\n  x\n", "{\"Fn::Base64\":\"x\\n\"}"},
        {"a: !If\n  - B\n  - !Ref C\n  - !Ref AWS::NoValue\n",
         "{\"a\":{\"Fn::If\":[\"B\",{\"Ref\":\"C\"},{\"Ref\":\"AWS::NoValue\"}]}}"},
        {"!Transform {Name: X}", "{\"Fn::Transform\":{\"Name\":\"X\"}}"},
    };

    (void)state;
    CHECK_ALL(pairs);
}

static void test_base_yaml__aliases_and_merges_expand(void **state)
{
    static const struct pair pairs[] = {
        {"a: &x [1, 2]\nb: *x\n", "{\"a\":[1,2],\"b\":[1,2]}"},
        {"a: &x !Ref P\nb: *x\n", "{\"a\":{\"Ref\":\"P\"},\"b\":{\"Ref\":\"P\"}}"},
        {"a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}"},
        {"a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc:\n  <<: [*x, *y]\n  n: 4\n",
         "{\"a\":{\"k\":1},\"b\":{\"k\":2,\"m\":3},\"c\":{\"n\":4,\"k\":1,\"m\":3}}"},
        {"'<<': 1", "{\"<<\":1}"},
        {"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
    };

    (void)state;
    CHECK_ALL(pairs);
}

static void test_base_yaml__says_where_and_why(void **state)
{
    static const struct pair pairs[] = {
        {"a: [1\nb: 2", "YAML not well-formed. (line 2, column 2)"},
        {"a: 1\na: 2", "YAML not well-formed. (line 2, column 1): a key stands twice"},
        {"a: *x", "YAML not well-formed. (line 1, column 4): an alias without its anchor"},
        {"a: &x [*x]", "YAML not well-formed. (line 1, column 8): an alias without its anchor"},
        {"a: &x {<<: *x}", "YAML not well-formed. (line 1, column 12): an alias without its anchor"},
        {"<<: 5", "YAML not well-formed. (line 2, column 1): only a mapping can be merged"},
        {"[a, b]: c",
         "YAML not well-formed. (line 1, column 1): map keys must be strings; received a list or a map instead"},
        {"{a: b}: c",
         "YAML not well-formed. (line 1, column 1): map keys must be strings; received a list or a map instead"},
        {"a: !!binary aGk=", "YAML not well-formed. (line 1, column 4): an unsupported tag"},
        {"a: !!python/object:os.system x", "YAML not well-formed. (line 1, column 4): an unsupported tag"},
        {"a: \"\\0\"", "YAML not well-formed. (line 1, column 4): a text holds a NUL"},
        {"a\n---\nb", "YAML not well-formed. (line 2, column 1): a second document"},
        {"\t- a", "YAML not well-formed. (line 1, column 1)"},
    };

    (void)state;
    CHECK_ALL(pairs);
}

/* Nine levels of nine aliases each are 9^9 nodes. */
static void test_base_yaml__an_alias_bomb_is_counted_not_built(void **state)
{
    struct arena *a = arena_new(16 << 20);
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 16);
    buf_add_z(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 9; k++)
            buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
        buf_add_z(&b, "]\n");
    }
    assert_true(str_search(read(a, buf_str(&b)), S("larger than is allowed")) > 0);
    buf_clear(&b);
    buf_add_z(&b, "a0: &a0 {k: [x, x, x, x, x, x, x, x, x]}\n");
    for (int i = 1; i < 30; i++)
        buf_printf(&b, "a%d: &a%d {<<: *a%d, k%d: [*a%d, *a%d]}\n", i, i, i - 1, i, i - 1, i - 1);
    assert_true(str_search(read(a, buf_str(&b)), S("larger than is allowed")) > 0);
    buf_done(&b);
    arena_free(a);
}

static void test_base_yaml__depth_is_bounded_in_every_way_to_nest(void **state)
{
    static const char *const parts[] = {"[", "{a: ", "- ", "!If [", "? "};
    struct arena *a = arena_new(64 << 20);
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buf_clear(&b);
        for (int k = 0; k < 100000; k++)
            buf_add_z(&b, parts[i]);
        str why = read(a, buf_str(&b));
        assert_true(str_starts(why, S("YAML not well-formed.")));
    }
    buf_clear(&b); /* each alias adds the depth of what it stands for */
    buf_add_z(&b, "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n");
    for (int i = 1; i < 10; i++)
        buf_printf(&b, "a%d: &a%d [[[[[[[[[[*a%d]]]]]]]]]]\n", i, i, i - 1);
    assert_true(str_search(read(a, buf_str(&b)), S("nested too deeply")) > 0);
    buf_done(&b);
    arena_free(a);
}

/* Nothing is lost between YAML and the tree when the tree is as large as a template may be. */
static void test_base_yaml__a_large_flat_document_is_read(void **state)
{
    struct arena *a = arena_new(64 << 20);
    struct err e = {0};
    struct buf b;
    json_t *tree;

    (void)state;
    buf_init(&b, 2 << 20);
    for (int i = 0; i < 40000; i++)
        buf_printf(&b, "key%d: value%d\n", i, i);
    assert_true(is_ok(yaml_parse(a, buf_str(&b), &e, &tree)));
    assert_int_equal(json_object_size(tree), 40000);
    assert_str_equal(json_str_at(tree, "key39999"), S("value39999"));
    buf_done(&b);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_yaml__scalars_are_what_yaml_1_1_says_but_for_dates),
        cmocka_unit_test(test_base_yaml__block_scalars_keep_their_lines),
        cmocka_unit_test(test_base_yaml__short_tags_become_long_functions),
        cmocka_unit_test(test_base_yaml__aliases_and_merges_expand),
        cmocka_unit_test(test_base_yaml__says_where_and_why),
        cmocka_unit_test(test_base_yaml__an_alias_bomb_is_counted_not_built),
        cmocka_unit_test(test_base_yaml__depth_is_bounded_in_every_way_to_nest),
        cmocka_unit_test(test_base_yaml__a_large_flat_document_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
