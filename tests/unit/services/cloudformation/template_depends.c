/* SPDX-License-Identifier: MIT */
/* What waits for what, and what waits for itself. */
#include "fixture.h"

#include <string.h>

/* "A<B,C B<C": each wanted resource that waits, and for whom. */
static str links_of(struct fixture *f)
{
    struct buf b;
    str out;

    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < f->t->n_resources; i++) {
        const struct template_links *l = &f->s->depends[i];
        for (size_t k = 0; k < l->n; k++)
            buf_printf(&b, "%s%.*s",
                       k ? "," : arena_printf(f->a, "%s%.*s<", b.n ? " " : "", FMT(f->t->resources[i].id)).p,
                       FMT(f->t->resources[l->at[k]].id));
    }
    out = arena_dup(f->a, buf_str(&b));
    buf_done(&b);
    return out;
}

static void test_services_cloudformation_template_depends__every_way_to_name_a_resource(void **state)
{
    static const char text[] =
        "Resources:\n"
        "  A: {Type: T}\n"
        "  B: {Type: T, DependsOn: A}\n"
        "  C: {Type: T, DependsOn: [B, A]}\n"
        "  D: {Type: T, Properties: {x: !Ref A}}\n"
        "  E: {Type: T, Properties: {x: [{y: !GetAtt B.Arn}], z: !Sub '${A} ${C.Arn} ${!D}'}}\n"
        "  F: {Type: T, Metadata: {x: !Join ['', [!Ref E]]}}\n"
        "  G: {Type: T, Properties: {x: !Sub ['${A} ${b}', {A: literal, b: !Select [0, !GetAtt F.List]}]}}\n"
        "  H: {Type: T, Properties: {x: !Base64 {'Fn::Sub': '${G}'}, y: !FindInMap [M, k, a]}}\n"
        "Mappings: {M: {k: {a: b}}}\n";
    struct fixture f;

    (void)state;
    fixture_open(&f);
    assert_true(fixture_bind(&f, str_z(text), NULL));
    assert_str_equal(links_of(&f), S("B<A C<A,B D<A E<A,B,C F<E G<F H<G"));
    fixture_close(&f);
}

static void test_services_cloudformation_template_depends__only_what_is_wanted_and_taken(void **state)
{
    static const char text[] = "Parameters: {P: {Type: String}}\n"
                               "Conditions: {Is: !Equals [!Ref P, a]}\n"
                               "Resources:\n"
                               "  A: {Type: T}\n"
                               "  B: {Type: T, Condition: Is}\n"
                               "  C: {Type: T, DependsOn: [A, B]}\n"
                               "  D: {Type: T, Properties: {x: !If [Is, !Ref B, !Ref A]}}\n"
                               "  E: {Type: T, Condition: Is, Properties: {x: !Ref B}}\n";
    static const char *const a[] = {"P=a", NULL}, *const b[] = {"P=b", NULL};
    struct fixture f;

    (void)state;
    fixture_open(&f);
    assert_true(fixture_bind(&f, str_z(text), a));
    assert_str_equal(links_of(&f), S("C<A,B D<B E<B"));
    assert_true(fixture_bind(&f, str_z(text), b));
    assert_str_equal(links_of(&f), S("C<A D<A"));
    fixture_close(&f);
}

static void test_services_cloudformation_template_depends__circles(void **state)
{
    static const struct {
        const char *resources, *words;
    } rows[] = {
        {"A: {Type: T, DependsOn: A}", "Circular dependency between resources: [A]"},
        {"A: {Type: T, Properties: {x: !GetAtt A.Arn}}", "Circular dependency between resources: [A]"},
        {"A: {Type: T, DependsOn: B}, B: {Type: T, Properties: {x: !Ref A}}",
         "Circular dependency between resources: [A, B]"},
        {"A: {Type: T, DependsOn: B}, B: {Type: T, DependsOn: C}, C: {Type: T, DependsOn: B}, D: {Type: T, DependsOn: "
         "C}, "
         "E: {Type: T}",
         "Circular dependency between resources: [B, C]"},
        {"A: {Type: T, Properties: {x: !If [Is, !Ref B, y]}}, B: {Type: T, DependsOn: A}",
         "Circular dependency between resources: [A, B]"},
        {"A: {Type: T, Properties: {x: !If [Isnt, !Ref B, y]}}, B: {Type: T, DependsOn: A}", NULL},
        {"A: {Type: T, DependsOn: B}, B: {Type: T, Condition: Isnt, DependsOn: A}", NULL},
        {"A: {Type: T, DependsOn: B}, B: {Type: T, Condition: Is, DependsOn: A}",
         "Circular dependency between resources: [A, B]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        str text = arena_printf(f.a, "Conditions: {Is: !Equals [a, a], Isnt: !Equals [a, b]}\nResources: {%s}\n",
                                rows[i].resources);
        bool bound = fixture_bind(&f, text, NULL);
        assert_str_equal(str_z(f.e.what), str_z(rows[i].words));
        assert_int_equal(bound, rows[i].words == NULL);
        fixture_close(&f);
    }
}

#define UNWANTED                                                                                                       \
    "Conditions: {Is: !Equals [a, a], Isnt: !Equals [a, b]}\n"                                                         \
    "Resources: {A: {Type: T, Condition: Isnt}, B: {Type: T, Condition: Isnt}, C: {Type: T, Properties: {x: %s}}}\n"   \
    "Outputs: {O: {Condition: %s, Value: %s}}\n"

static void test_services_cloudformation_template_depends__what_is_not_wanted_cannot_be_named(void **state)
{
    static const struct {
        const char *property, *condition, *output, *words;
    } rows[] = {
        {"x", "Is", "x", NULL},
        {"!Ref A", "Is", "x",
         "Template format error: Unresolved resource dependencies [A] in the Resources block of the template"},
        {"[!Sub '${B.Arn}', !GetAtt A.Arn, !Ref B]", "Is", "x",
         "Template format error: Unresolved resource dependencies [A, B] in the Resources block of the template"},
        {"!If [Isnt, !Ref A, x]", "Is", "!If [Isnt, !Ref A, x]", NULL},
        {"x", "Is", "!Ref A", "Unresolved resource dependencies [A] in the Outputs block of the template"},
        {"x", "Is", "!If [Is, !GetAtt B.Arn, x]",
         "Unresolved resource dependencies [B] in the Outputs block of the template"},
        {"x", "Isnt", "!Ref A", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        bool bound =
            fixture_bind(&f, arena_printf(f.a, UNWANTED, rows[i].property, rows[i].condition, rows[i].output), NULL);
        assert_str_equal(str_z(f.e.what), str_z(rows[i].words));
        assert_int_equal(bound, rows[i].words == NULL);
        fixture_close(&f);
    }
}

/* As long as a template may be: 500 resources, and as many conditions as fit into a megabyte, each on the one before.
 */
static void test_services_cloudformation_template_depends__long_chains_need_no_deep_stack(void **state)
{
    struct fixture f;
    struct buf b;

    (void)state;
    fixture_open(&f);
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "Resources:\n  R499: {Type: T, Condition: C19999}\n");
    for (int i = 0; i < 499; i++)
        buf_printf(&b, "  R%d: {Type: T, DependsOn: R%d}\n", i, i + 1);
    buf_add_z(&b, "Conditions:\n  C0: !Equals [a, a]\n");
    for (int i = 19999; i > 0; i--)
        buf_printf(&b, "  C%d: !Not [!Condition C%d]\n", i, i - 1);
    assert_false(b.full);
    assert_true(fixture_bind(&f, buf_str(&b), NULL));
    assert_false(f.s->wanted[0]); /* an odd number of nots */
    assert_int_equal(f.s->depends[1].n, 1);
    buf_done(&b);
    fixture_close(&f);
}

/* Everybody names everybody: a quarter of a million edges. */
static void test_services_cloudformation_template_depends__a_full_graph_is_bounded_work(void **state)
{
    struct fixture f;
    struct buf b;

    (void)state;
    fixture_open(&f);
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "Resources:\n");
    for (int i = 0; i < 300; i++) {
        buf_printf(&b, "  R%d: {Type: T, DependsOn: [R%d", i, (i + 1) % 300);
        for (int k = 0; k < 300; k++)
            buf_printf(&b, ",R%d", k);
        buf_add_z(&b, "]}\n");
    }
    assert_false(b.full);
    assert_false(fixture_bind(&f, buf_str(&b), NULL));
    assert_true(str_starts(str_z(f.e.what), S("Circular dependency between resources: [R0, R1, R2,")));
    buf_done(&b);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_template_depends__every_way_to_name_a_resource),
        cmocka_unit_test(test_services_cloudformation_template_depends__only_what_is_wanted_and_taken),
        cmocka_unit_test(test_services_cloudformation_template_depends__circles),
        cmocka_unit_test(test_services_cloudformation_template_depends__what_is_not_wanted_cannot_be_named),
        cmocka_unit_test(test_services_cloudformation_template_depends__long_chains_need_no_deep_stack),
        cmocka_unit_test(test_services_cloudformation_template_depends__a_full_graph_is_bounded_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
