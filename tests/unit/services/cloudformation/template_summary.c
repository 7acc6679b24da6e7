/* SPDX-License-Identifier: MIT */
/* What differs between two property trees, and why. */
#include "fixture.h"

#include <string.h>

#include "services/cloudformation/template_summary.h"

static json_t *tree(struct fixture *f, const char *text)
{
    json_t *v;

    assert_true(is_ok(json_parse(f->a, str_z(text), &f->e, &v)));
    return v;
}

/* "+/A -/B ~/C/0 ~?/D": added, removed, modified, perhaps modified. */
static str diff(struct fixture *f, const char *before, const char *after)
{
    struct template_changes c;
    str out = S("");

    template_diff(f->a, tree(f, before), tree(f, after), &c);
    for (size_t i = 0; i < c.n; i++)
        out = arena_printf(f->a, "%.*s%s%s%s%.*s", FMT(out), i ? " " : "",
                           !c.v[i].before  ? "+"
                           : !c.v[i].after ? "-"
                                           : "~",
                           c.v[i].later ? "?" : "", FMT(c.v[i].path));
    return out;
}

static void test_services_cloudformation_template_summary__the_smallest_parts_that_differ(void **state)
{
    static const struct {
        const char *before, *after, *changes;
    } rows[] = {
        {"{}", "{}", ""},
        {"{\"A\":1}", "{\"A\":1}", ""},
        {"{\"A\":1}", "{\"A\":\"1\"}", ""},
        {"{\"A\":true}", "{\"A\":\"true\"}", ""},
        {"{\"A\":true}", "{\"A\":\"True\"}", "~/A"},
        {"{\"A\":1,\"B\":2}", "{\"B\":2,\"A\":1}", ""},
        {"{\"A\":1}", "{\"B\":1}", "+/B -/A"},
        {"{\"A\":{\"B\":[1,{\"C\":2}]}}", "{\"A\":{\"B\":[1,{\"C\":3}]}}", "~/A/B/1/C"},
        {"{\"A\":[1,2]}", "{\"A\":[1]}", "-/A/1"},
        {"{\"A\":[1]}", "{\"A\":[1,2]}", "+/A/1"},
        {"{\"A\":[1]}", "{\"A\":1}", "~/A"},
        {"{\"A\":{}}", "{\"A\":[]}", "~/A"},
        {"{\"A\":\"x\"}", "{\"A\":{\"Barmkin::KnownAfterApply\":true}}", "~?/A"},
        {"{\"A\":{}}", "{\"A\":{\"Barmkin::KnownAfterApply\":true}}", "~?/A"},
        {"{\"A\":[\"x\",\"y\"]}", "{\"A\":[\"x\",{\"Barmkin::KnownAfterApply\":true}]}", "~?/A/1"},
        {"{}", "{\"A\":{\"Barmkin::KnownAfterApply\":true}}", "+?/A"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        assert_str_equal(diff(&f, rows[i].before, rows[i].after), str_z(rows[i].changes));
        fixture_close(&f);
    }
}

static bool moves(void *about, const struct template_resource *r, str attribute)
{
    (void)about;
    return str_eq(r->id, S("Moved")) && !str_eq(attribute, S("Same"));
}

#define TEXT                                                                                                           \
    "Parameters: {P: {Type: String}, Q: {Type: String, Default: q}}\n"                                                 \
    "Conditions: {First: !Equals [!Ref P, 1]}\n"                                                                       \
    "Resources:\n"                                                                                                     \
    "  Moved: {Type: T}\n"                                                                                             \
    "  Still: {Type: T}\n"                                                                                             \
    "  X: {Type: T, Properties: {V: %s}}\n"

/* The property V of X: in the text of before and after, with P = 1 and then 2. */
static str causes(struct fixture *f, const char *before, const char *after)
{
    static const char *const one[] = {"P=1", NULL}, *const two[] = {"P=2", NULL};
    static const char *const words[] = {"direct", "parameter", "reference", "attribute"};
    struct template_causes c;
    str out = S("");

    assert_true(fixture_bind(f, arena_printf(f->a, TEXT, before), one));
    struct template_scope *was = f->s;
    assert_true(fixture_bind(f, arena_printf(f->a, TEXT, after), two));
    template_why(was, json_object_get(template_resource_find(was->t, S("X"))->properties, "V"), f->s,
                 json_object_get(template_resource_find(f->t, S("X"))->properties, "V"), moves, NULL, &c);
    for (size_t i = 0; i < c.n; i++)
        out = arena_printf(f->a, "%.*s%s%s %.*s", FMT(out), i ? ", " : "", words[c.v[i].source], FMT(c.v[i].entity));
    return str_trim(out);
}

static void test_services_cloudformation_template_summary__why_a_property_changes(void **state)
{
    static const struct {
        const char *before, *after, *causes;
    } rows[] = {
        {"a", "b", "direct"},
        {"!Ref P", "!Ref P", "parameter P"},
        {"!Ref Q", "!Ref P", "parameter P, direct"},
        {"!Ref P", "!Ref Q", "direct"},
        {"!Sub '${P}-${Q}'", "!Sub '${P}-${Q}'", "parameter P"},
        {"!Sub ['${x}', {x: !Ref P}]", "!Sub ['${x}', {x: !Ref P}]", "parameter P"},
        {"!Ref Moved", "!Ref Moved", "reference Moved"},
        {"!Ref Still", "!Ref Still", "direct"},
        {"!GetAtt Moved.Arn", "!GetAtt Moved.Arn", "attribute Moved.Arn"},
        {"!GetAtt Moved.Same", "!GetAtt Moved.Same", "direct"},
        {"[!Ref P, !Sub '${Moved.Arn}', !Ref Moved, !Ref P]", "[!Ref P, !Sub '${Moved.Arn}', !Ref Moved, !Ref P]",
         "parameter P, attribute Moved.Arn, reference Moved"},
        {"!If [First, !Ref Moved, x]", "!If [First, !Ref Moved, x]", "direct"},
        {"!If [First, x, !Ref Moved]", "!If [First, x, !Ref Moved]", "reference Moved"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        assert_str_equal(causes(&f, rows[i].before, rows[i].after), str_z(rows[i].causes));
        fixture_close(&f);
    }
}

static void test_services_cloudformation_template_summary__types_are_named_once(void **state)
{
    struct fixture f;
    str *types;
    size_t n;

    (void)state;
    fixture_open(&f);
    assert_true(fixture_bind(&f, S("Resources: {A: {Type: X}, B: {Type: Y}, C: {Type: X}}"), NULL));
    template_types(f.a, f.t, &types, &n);
    assert_int_equal(n, 2);
    assert_str_equal(types[0], S("X"));
    assert_str_equal(types[1], S("Y"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_template_summary__the_smallest_parts_that_differ),
        cmocka_unit_test(test_services_cloudformation_template_summary__why_a_property_changes),
        cmocka_unit_test(test_services_cloudformation_template_summary__types_are_named_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
