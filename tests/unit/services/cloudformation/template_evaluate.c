/* SPDX-License-Identifier: MIT */
/* What expressions are worth: each is the property V of a resource in a template that has a bit of everything. */
#include "fixture.h"

#include <string.h>

static const char head[] = "Parameters:\n"
                           "  P: {Type: String, Default: p}\n"
                           "  Reference: {Type: String, Default: '{{resolve:ssm:/from/parameter}}'}\n"
                           "  L: {Type: CommaDelimitedList, Default: 'l0,l1,l2'}\n"
                           "  N: {Type: Number, Default: 2}\n"
                           "Mappings:\n"
                           "  M:\n"
                           "    us-east-1: {text: east, list: [a, b], number: 7}\n"
                           "    eu-west-1: {text: west}\n"
                           "Conditions:\n"
                           "  Is: !Equals [!Ref P, p]\n"
                           "  'No&1': !Not [!Condition Is]\n"
                           "  Both: !And [!Condition Is, !Equals [!FindInMap [M, !Ref 'AWS::Region', text], east]]\n"
                           "  Either: !Or [!Condition 'No&1', !Condition Both]\n"
                           "  1Number: !Equals [!Ref N, 2]\n"
                           "Resources:\n"
                           "  There: {Type: T}\n"
                           "  Gone: {Type: T, Condition: 'No&1'}\n"
                           "  Probe:\n"
                           "    Type: AWS::SSM::Parameter\n"
                           "    Properties:\n"
                           "      V: ";

struct row {
    const char *expression, *answer;
};

static str value_of(struct fixture *f, const char *expression)
{
    str text = arena_printf(f->a, "%s%s\n", head, expression);

    if (!fixture_bind(f, text, NULL))
        return str_z(f->e.what);
    str v = fixture_properties(f, S("Probe"));
    return str_starts(v, S("{\"V\":")) ? str_sub(v, 5, v.n - 6) : v;
}

static void check_rows(const struct row *rows, size_t n, bool later)
{
    for (size_t i = 0; i < n; i++) {
        struct fixture f;
        fixture_open(&f);
        f.later = later;
        str v = value_of(&f, rows[i].expression);
        if (!str_eq(v, str_z(rows[i].answer)))
            fail_msg("%s: \"%.*s\" is not \"%s\"", rows[i].expression, FMT(v), rows[i].answer);
        fixture_close(&f);
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof rows[0], false)

static void test_services_cloudformation_template_evaluate__names(void **state)
{
    static const struct row rows[] = {
        {"!Ref P", "\"p\""},
        {"!Ref L", "[\"l0\",\"l1\",\"l2\"]"},
        {"!Ref There", "\"id-of-There\""},
        {"!Ref AWS::AccountId", "\"111122223333\""},
        {"!Ref AWS::Region", "\"us-east-1\""},
        {"!Ref AWS::Partition", "\"aws\""},
        {"!Ref AWS::URLSuffix", "\"amazonaws.com\""},
        {"!Ref AWS::StackName", "\"s\""},
        {"!Ref AWS::StackId", "\"arn:aws:cloudformation:us-east-1:111122223333:stack/s/1\""},
        {"!Ref AWS::NotificationARNs", "[]"},
        {"!Ref AWS::NoValue", "{}"},
        {"[a, !Ref AWS::NoValue, b]", "[\"a\",\"b\"]"},
        {"{a: !Ref AWS::NoValue, b: 1}", "{\"b\":1}"},
        {"!GetAtt There.Arn", "\"There:Arn\""},
        {"!GetAtt There.Outputs.X", "\"There:Outputs.X\""},
        {"!GetAtt [There, Outputs.X]", "\"There:Outputs.X\""},
        {"{'Fn::GetAtt': There.Arn}", "\"There:Arn\""},
        {"!GetAtt [There, !Ref P]", "\"There:p\""},
        {"!GetAtt There.TheList", "[\"There:1\",\"There:2\"]"},
        {"!Ref Gone",
         "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template"},
        {"!GetAtt Gone.Arn",
         "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_services_cloudformation_template_evaluate__texts(void **state)
{
    static const struct row rows[] = {
        {"!Join ['-', [a, !Ref P, 5, true, 1.5]]", "\"a-p-5-true-1.5\""},
        {"!Join ['', []]", "\"\""},
        {"!Join [',', !Ref L]", "\"l0,l1,l2\""},
        {"!Join [',', !GetAtt There.TheList]", "\"There:1,There:2\""},
        {"!Join [',', [a, !Ref AWS::NoValue]]", "\"a\""},
        {"!Join [',', !Ref P]",
         "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
         "strings to "
         "be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."},
        {"!Split [',', 'a,,b']", "[\"a\",\"\",\"b\"]"},
        {"!Split ['::', !Ref P]", "[\"p\"]"},
        {"!Select [1, !Split [':', !GetAtt There.Arn]]", "\"Arn\""},
        {"!Select ['1', !Ref L]", "\"l1\""},
        {"!Select [!Ref N, !Ref L]", "\"l2\""},
        {"!Select [0, [!Ref There]]", "\"id-of-There\""},
        {"!Select [3, !Ref L]", "Template error: Fn::Select cannot select nonexistent value at index 3"},
        {"!Select [-1, !Ref L]",
         "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"},
        {"!Select [0, !Ref P]",
         "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"},
        {"!Sub 'a ${P} ${AWS::Region} ${There} ${There.Arn} ${!P} $x ${'",
         "\"a p us-east-1 id-of-There There:Arn ${P} $x ${\""},
        {"!Sub ['${P}${q}${P}', {q: !Ref N, P: x}]", "\"x2x\""},
        {"!Sub '${L}'", "Template error: variable L in Fn::Sub expression does not resolve to a string"},
        {"!Sub '${AWS::NoValue}'",
         "Template error: variable AWS::NoValue in Fn::Sub expression does not resolve to a string"},
        {"!Base64 {'Fn::Sub': 'h${P}'}", "\"aHA=\""},
        {"!Base64 ''", "\"\""},
        {"!FindInMap [M, !Ref AWS::Region, text]", "\"east\""},
        {"!FindInMap [M, us-east-1, list]", "[\"a\",\"b\"]"},
        {"!FindInMap [M, us-east-1, number]", "7"},
        {"!FindInMap [M, us-east-1, none]", "Template error: Unable to get mapping for M::us-east-1::none"},
        {"!FindInMap [M, nowhere, text]", "Template error: Unable to get mapping for M::nowhere::text"},
        {"!FindInMap [!Ref P, a, b]",
         "Template error: Mapping named 'p' is not present in the 'Mappings' section of template."},
        {"!GetAZs ''", "[\"us-east-1a\",\"us-east-1b\"]"},
        {"!GetAZs {Ref: 'AWS::Region'}", "[\"us-east-1a\",\"us-east-1b\"]"},
        {"!ImportValue a", "\"export-of-a\""},
        {"!ImportValue {'Fn::Sub': '${P}-x'}", "\"export-of-p-x\""},
        {"!ImportValue none", "No export named none found."},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_services_cloudformation_template_evaluate__cidr(void **state)
{
    static const struct row rows[] = {
        {"!Cidr [10.0.0.0/16, 3, 8]", "[\"10.0.0.0/24\",\"10.0.1.0/24\",\"10.0.2.0/24\"]"},
        {"!Cidr [10.0.0.0/16, '2', '4']", "[\"10.0.0.0/28\",\"10.0.0.16/28\"]"},
        {"!Cidr [10.0.255.77/16, 1]", "[\"10.0.0.0/24\"]"},
        {"!Select [255, !Cidr [10.0.0.0/16, 256, 8]]", "\"10.0.255.0/24\""},
        {"!Cidr [10.0.0.0/24, 2, 8]",
         "Template error: Fn::Cidr cannot make 2 blocks with 8 subnet bits of the given block"},
        {"!Cidr [10.0.0.0/24, 1, 9]",
         "Template error: Fn::Cidr cannot make 1 blocks with 9 subnet bits of the given block"},
        {"!Cidr [10.0.0.0/24, 1, 33]",
         "Template error: Fn::Cidr cannot make 1 blocks with 33 subnet bits of the given block"},
        {"!Cidr [10.0.0.0/16, 257, 4]",
         "Template error: Fn::Cidr cannot make 257 blocks with 4 subnet bits of the given block"},
        {"!Cidr [10.0.0.0/16, 0, 4]",
         "Template error: Fn::Cidr cannot make 0 blocks with 4 subnet bits of the given block"},
        {"!Cidr ['2001:db8::/56', 2, 64]", "[\"2001:db8::/64\",\"2001:db8:0:1::/64\"]"},
        {"!Cidr ['2001:db8::/56', 2]", "Template error: Fn::Cidr requires the number of subnet bits for an IPv6 block"},
        {"!Cidr [10.0.0.0, 1, 8]", "Template error: Fn::Cidr requires a valid IP block, not '10.0.0.0'"},
        {"!Cidr [10.0.0.0/33, 1, 8]", "Template error: Fn::Cidr requires a valid IP block, not '10.0.0.0/33'"},
        {"!Cidr [10.0.0.0/16, x, 8]", "Template error: Fn::Cidr requires numbers for the count and the subnet bits"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* The branch that is not taken may name what is not there. */
static void test_services_cloudformation_template_evaluate__conditions_are_lazy(void **state)
{
    static const struct row rows[] = {
        {"!If [Is, a, b]", "\"a\""},
        {"!If ['No&1', a, b]", "\"b\""},
        {"!If [Both, a, b]", "\"a\""},
        {"!If [Either, a, b]", "\"a\""},
        {"!If [1Number, a, b]", "\"a\""},
        {"!If [Is, a, !Ref Gone]", "\"a\""},
        {"!If ['No&1', !GetAtt Gone.Arn, !Ref There]", "\"id-of-There\""},
        {"!If ['No&1', !Select [9, !Ref L], x]", "\"x\""},
        {"!If ['No&1', !ImportValue none, !If [Is, [1, !Ref AWS::NoValue], 2]]", "[1]"},
        {"{a: !If ['No&1', 1, !Ref AWS::NoValue], b: 2}", "{\"b\":2}"},
        {"[!If ['No&1', 1, !Ref AWS::NoValue], 2]", "[2]"},
        {"!Join [',', !If [Is, !Ref L, !Ref Gone]]", "\"l0,l1,l2\""},
        {"!If ['No&1', 1, !Ref Gone]",
         "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

#define LATER "{\"Barmkin::KnownAfterApply\":true}"

static void test_services_cloudformation_template_evaluate__what_is_known_later_stays_small(void **state)
{
    static const struct row rows[] = {
        {"!Ref There", LATER},
        {"{a: !GetAtt There.Arn, b: !Ref P}", "{\"a\":" LATER ",\"b\":\"p\"}"},
        {"[!Ref There, x]", "[" LATER ",\"x\"]"},
        {"!Join [',', [a, !Ref There]]", LATER},
        {"!Sub 'a ${There.Arn}'", LATER},
        {"!Sub ['${x}', {x: !Ref There}]", LATER},
        {"!Select [0, !Split [',', !Ref There]]", LATER},
        {"!Select [1, [!Ref There, known]]", "\"known\""},
        {"!Base64 {Ref: There}", LATER},
        {"!Cidr [!Ref There, 1, 8]", LATER},
        {"!If [Is, !Ref P, !Ref There]", "\"p\""},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof rows[0], true);
}

static void test_services_cloudformation_template_evaluate__dynamic_references(void **state)
{
    static const struct row rows[] = {
        {"'{{resolve:ssm:/a/b}}'", "\"<ssm /a/b>\""},
        {"'x{{resolve:ssm:a:3}}y{{resolve:ssm:b}}'", "\"x<ssm a:3>y<ssm b>\""},
        {"[{k: '{{resolve:ssm:a}}'}, z]", "[{\"k\":\"<ssm a>\"},\"z\"]"},
        {"!Sub '{{resolve:ssm:/${P}/a}}'", "\"<ssm /p/a>\""},
        {"!Sub '{{resolve:ssm:/${There}/a}}'", "\"<ssm /id-of-There/a>\""},
        {"!Join ['', ['{{resolve:ssm:', !Ref P, '}}']]", "\"<ssm p>\""},
        {"!Ref Reference", "\"<ssm /from/parameter>\""},
        {"'{{resolve:ssm:a:prod}}'",
         "Incorrect format is used in the following SSM reference: [{{resolve:ssm:a:prod}}]"},
        {"'{{resolve:ssm:a:0}}'", "Incorrect format is used in the following SSM reference: [{{resolve:ssm:a:0}}]"},
        {"'{{resolve:ssm:a b}}'", "Incorrect format is used in the following SSM reference: [{{resolve:ssm:a b}}]"},
        {"'{{resolve:ssm:a'", "Template error: a dynamic reference is not closed by }}"},
        {"'{{resolve:ssm-secure:a:1}}'",
         "SSM Secure reference is not supported in: [AWS::SSM::Parameter/Properties/V]"},
        {"[{k: '{{resolve:ssm-secure:a:1}}'}]",
         "SSM Secure reference is not supported in: [AWS::SSM::Parameter/Properties/V/k]"},
        {"!Join ['', ['{{resolve:', 'secretsmanager:a}}']]",
         "Template error: dynamic references to 'secretsmanager' are not supported: use ssm or ssm-secure."},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_services_cloudformation_template_evaluate__secure_references_where_aws_takes_them(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    assert_true(fixture_bind(&f,
                             S("Resources:\n  U:\n    Type: AWS::IAM::User\n    Properties:\n"
                               "      LoginProfile: {Password: '{{resolve:ssm-secure:a:1}}'}\n"),
                             NULL));
    assert_str_equal(fixture_properties(&f, S("U")), S("{\"LoginProfile\":{\"Password\":\"<ssm-secure a:1>\"}}"));
    fixture_close(&f);
}

/* A custom resource chooses what its attributes say. It must not make the stack's role read a parameter for it. */
static void test_services_cloudformation_template_evaluate__text_from_outside_holds_no_references(void **state)
{
    static const struct row rows[] = {
        {"!GetAtt 'There.{{resolve:ssm:secret}}'", "\"There:{{resolve:ssm:secret}}\""},
        {"!Sub ['a ${x}', {x: !GetAtt ['There', '{{resolve:ssm:secret}}']}]", "\"a There:{{resolve:ssm:secret}}\""},
        {"!Join ['', [!GetAtt ['There', '{{resolve:ssm:secret}}'], b]]", "\"There:{{resolve:ssm:secret}}b\""},
        {"!ImportValue '{{resolve:ssm:x}}'", "\"export-of-{{resolve:ssm:x}}\""},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_services_cloudformation_template_evaluate__outputs(void **state)
{
    static const char text[] = "Conditions: {Isnt: !Equals [a, b]}\n"
                               "Resources: {R: {Type: T}}\n"
                               "Outputs:\n"
                               "  Text: {Value: !Sub '${R}!', Export: {Name: !Sub '${AWS::StackName}-x'}}\n"
                               "  Number: {Value: 5}\n"
                               "  List: {Value: [a]}\n"
                               "  Empty: {Value: x, Export: {Name: ''}}\n"
                               "  Reference: {Value: '{{resolve:ssm:a}}'}\n"
                               "  Unwanted: {Condition: Isnt, Value: x}\n";
    struct fixture f;
    str value, name;

    (void)state;
    fixture_open(&f);
    assert_true(fixture_bind(&f, str_z(text), NULL));
    assert_true(is_ok(template_output(f.s, &f.t->outputs[0], &f.e, &value, &name)));
    assert_str_equal(value, S("id-of-R!"));
    assert_str_equal(name, S("s-x"));
    assert_true(is_ok(template_output(f.s, &f.t->outputs[1], &f.e, &value, &name)));
    assert_str_equal(value, S("5"));
    assert_false(str_is(name));
    assert_false(is_ok(template_output(f.s, &f.t->outputs[2], &f.e, &value, &name)));
    assert_str_equal(str_z(f.e.what),
                     S("Template format error: Output List is malformed. The Value field of every Outputs "
                       "member must evaluate to a String."));
    err_clear(&f.e);
    assert_false(is_ok(template_output(f.s, &f.t->outputs[3], &f.e, &value, &name)));
    err_clear(&f.e);
    assert_true(is_ok(template_output(f.s, &f.t->outputs[4], &f.e, &value, &name)));
    assert_str_equal(value, S("{{resolve:ssm:a}}"));
    assert_true(template_output_wanted(f.s, &f.t->outputs[4]));
    assert_false(template_output_wanted(f.s, &f.t->outputs[5]));
    fixture_close(&f);
}

/* Each step doubles: eighteen of 256 bytes would be 64 MiB. */
static void test_services_cloudformation_template_evaluate__growth_is_bounded(void **state)
{
    struct fixture f;
    struct buf b;

    (void)state;
    fixture_open(&f);
    buf_init(&b, 1 << 16);
    buf_add_z(&b, "\"");
    for (int i = 0; i < 16; i++)
        buf_add_z(&b, "0123456789abcdef");
    buf_add_z(&b, "\"");
    for (int i = 0; i < 18; i++) {
        str inner = arena_dup(f.a, buf_str(&b));
        buf_clear(&b);
        buf_printf(&b, "{\"Fn::Sub\":[\"${a}${a}\",{\"a\":%.*s}]}", FMT(inner));
    }
    str v = value_of(&f, arena_z(f.a, buf_str(&b)));
    assert_str_equal(v, S("Template error: a text grows beyond 1048576 bytes"));
    buf_done(&b);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_template_evaluate__names),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__texts),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__cidr),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__conditions_are_lazy),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__what_is_known_later_stays_small),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__dynamic_references),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__secure_references_where_aws_takes_them),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__text_from_outside_holds_no_references),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__outputs),
        cmocka_unit_test(test_services_cloudformation_template_evaluate__growth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
