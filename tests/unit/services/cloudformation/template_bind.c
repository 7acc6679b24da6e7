/* SPDX-License-Identifier: MIT */
/* Parameters: what fills them, what they must satisfy, what Ref answers; and Rules. */
#include "fixture.h"

#include <string.h>

#include "services/cloudformation/template_parts.h"

struct row {
    const char *parameter; /* the body of parameter P */
    const char *given;     /* NULL: nothing is given */
    const char *answer;    /* what Ref is, as JSON, or why the stack is refused */
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fixture f;
        fixture_open(&f);
        str text = arena_printf(f.a, "Parameters:\n  P: %s\nResources: {A: {Type: T, Properties: {V: !Ref P}}}\n",
                                rows[i].parameter);
        const char *given[] = {rows[i].given ? arena_printf(f.a, "P=%s", rows[i].given).p : NULL, NULL};
        bool bound = fixture_bind(&f, text, given);
        str answer = bound ? fixture_properties(&f, S("A")) : str_z(f.e.what);
        if (bound)
            answer = str_sub(answer, 5, answer.n - 6); /* {"V":...} */
        assert_str_equal(answer, str_z(rows[i].answer));
        fixture_close(&f);
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof rows[0])

static void test_services_cloudformation_template_bind__values_and_defaults(void **state)
{
    static const struct row rows[] = {
        {"{Type: String}", NULL, "Parameters: [P] must have values"},
        {"{Type: String}", "x", "\"x\""},
        {"{Type: String}", "", "\"\""},
        {"{Type: String, Default: y}", NULL, "\"y\""},
        {"{Type: String, Default: 5}", NULL, "\"5\""},
        {"{Type: String, Default: true}", NULL, "\"true\""},
        {"{Type: String, Default: 1.0}", NULL, "\"1.0\""},
        {"{Type: String, Default: y}", "x", "\"x\""},
        {"{Type: String, Default: ''}", NULL, "\"\""},
        {"{Type: Number, Default: 5}", NULL, "\"5\""},
        {"{Type: Number}", "5.5", "\"5.5\""},
        {"{Type: Number}", "-1e3", "\"-1e3\""},
        {"{Type: Number}", "five", "Parameter 'P' must be a number."},
        {"{Type: Number}", "", "Parameter 'P' must be a number."},
        {"{Type: 'List<Number>'}", "1, 2,3", "[\"1\",\"2\",\"3\"]"},
        {"{Type: 'List<Number>'}", "1,x", "Parameter 'P' must be a number."},
        {"{Type: CommaDelimitedList}", "a, b ,c", "[\"a\",\"b\",\"c\"]"},
        {"{Type: CommaDelimitedList}", "a", "[\"a\"]"},
        {"{Type: CommaDelimitedList}", "", "[\"\"]"},
        {"{Type: 'List<String>'}", "a,b", "[\"a\",\"b\"]"},
        {"{Type: 'AWS::EC2::VPC::Id'}", "vpc-1", "\"vpc-1\""},
        {"{Type: 'AWS::EC2::VPC::Id'}", "vpc-none",
         "Parameter validation failed: parameter value vpc-none for parameter name P does not exist"},
        {"{Type: 'List<AWS::EC2::Subnet::Id>'}", "subnet-1,subnet-2", "[\"subnet-1\",\"subnet-2\"]"},
        {"{Type: 'List<AWS::EC2::AvailabilityZone::Name>'}", "a, b", "[\"a\",\"b\"]"},
        {"{Type: 'AWS::SSM::Parameter::Name'}", "/a/b", "\"/a/b\""},
        {"{Type: 'AWS::SSM::Parameter::Value<String>'}", "/a/b", "\"value-of-/a/b\""},
        {"{Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /a}", NULL, "\"value-of-/a\""},
    };

    (void)state;
    CHECK_ROWS(rows);
}

static void test_services_cloudformation_template_bind__constraints(void **state)
{
    static const struct row rows[] = {
        {"{Type: String, AllowedValues: [a, b]}", "b", "\"b\""},
        {"{Type: String, AllowedValues: [a, b]}", "c", "Parameter 'P' must be one of AllowedValues"},
        {"{Type: String, AllowedValues: [1, 2]}", "2", "\"2\""},
        {"{Type: String, AllowedValues: [true]}", "true", "\"true\""},
        {"{Type: String, AllowedValues: []}", "", "Parameter 'P' must be one of AllowedValues"},
        {"{Type: String, AllowedValues: [a], ConstraintDescription: must be an a}", "c",
         "Parameter P failed to satisfy constraint: must be an a"},
        {"{Type: String, AllowedValues: [a], Default: b}", NULL, "Parameter 'P' must be one of AllowedValues"},
        {"{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a,b", "[\"a\",\"b\"]"},
        {"{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a,c", "Parameter 'P' must be one of AllowedValues"},
        {"{Type: CommaDelimitedList, AllowedValues: [a, b]}", "", "Parameter 'P' must be one of AllowedValues"},
        {"{Type: String, MinLength: 2}", "a", "Parameter 'P' must contain at least 2 characters"},
        {"{Type: String, MinLength: '2'}", "\xc3\xbc\xc3\xbc", "\"\xc3\xbc\xc3\xbc\""},
        {"{Type: String, MaxLength: 2}", "\xc3\xbc\xc3\xbc\xc3\xbc", "Parameter 'P' must contain at most 2 characters"},
        {"{Type: Number, MinValue: 3}", "2.9", "Parameter 'P' must be a number not less than 3"},
        {"{Type: Number, MaxValue: 3}", "3.1", "Parameter 'P' must be a number not greater than 3"},
        {"{Type: Number, MinValue: -1, MaxValue: 1}", "1", "\"1\""},
        {"{Type: 'AWS::SSM::Parameter::Value<String>', MinLength: 20}", "/a",
         "Parameter 'P' must contain at least 20 characters"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

#define PATTERN(p) "{Type: String, AllowedPattern: '" p "'}"

static void test_services_cloudformation_template_bind__patterns_match_the_whole_text(void **state)
{
    static const char cidr[] =
        PATTERN("^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])[.]){3}([0-9]|[1-9][0-9]|1[0-9]{2}|"
                "2[0-4][0-9]|25[0-5])(/(1[6-9]|2[0-8]))$");
    static const struct row rows[] = {
        {PATTERN("[a-z]+"), "abc", "\"abc\""},
        {PATTERN("[a-z]+"), "abc1", "Parameter 'P' must match pattern [a-z]+"},
        {PATTERN("[a-z]+"), "abc\\n", "Parameter 'P' must match pattern [a-z]+"},
        {PATTERN("a|ab"), "ab", "\"ab\""},
        {PATTERN("^$|^arn:.*$"), "", "\"\""},
        {PATTERN("^$|^arn:.*$"), "arn:x", "\"arn:x\""},
        {PATTERN("(?!.*--)[a-z-]*"), "a--b", "Parameter 'P' must match pattern (?!.*--)[a-z-]*"},
        {PATTERN("\\d+\\.\\d+"), "1.2", "\"1.2\""},
        {PATTERN("[\\w-]++"), "a-b", "\"a-b\""},
        {PATTERN("\\p{L}+"), "\xc3\xbc", "\"\xc3\xbc\""},
        {PATTERN("[a-z"), "a", "Template format error: AllowedPattern [a-z is not a valid regular expression."},
        {PATTERN("(*ACCEPT)"), "a",
         "Template format error: AllowedPattern (*ACCEPT) is not a valid regular expression."},
        {cidr, "10.0.0.0/16", "\"10.0.0.0/16\""},
        {cidr, "10.0.0.0/15", NULL},
        {cidr, "999.0.0.0/16", NULL},
    };

    (void)state;
    check_rows(rows, 13);
    for (size_t i = 13; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        str text = arena_printf(f.a, "Parameters:\n  P: %s\nResources: {A: {Type: T}}\n", rows[i].parameter);
        const char *given[] = {arena_printf(f.a, "P=%s", rows[i].given).p, NULL};
        assert_false(fixture_bind(&f, text, given));
        assert_true(str_starts(str_z(f.e.what), S("Parameter 'P' must match pattern")));
        fixture_close(&f);
    }
}

/* The guard that the AWS CDK writes into each template. */
static void test_services_cloudformation_template_bind__the_rule_of_a_cdk_template(void **state)
{
    static const char text[] =
        "{\"Parameters\":{\"BootstrapVersion\":{\"Type\":\"AWS::SSM::Parameter::Value<String>\",\"Default\":\"/cdk\"}},"
        "\"Rules\":{\"CheckBootstrapVersion\":{\"Assertions\":[{\"Assert\":{\"Fn::Not\":[{\"Fn::Contains\":[[\"1\","
        "\"2\"],"
        "{\"Ref\":\"BootstrapVersion\"}]}]},\"AssertDescription\":\"too old\"}]}},"
        "\"Conditions\":{\"CDKMetadataAvailable\":{\"Fn::Or\":[{\"Fn::Or\":[{\"Fn::Equals\":[{\"Ref\":\"AWS::Region\"},"
        "\"af-south-1\"]},{\"Fn::Equals\":[{\"Ref\":\"AWS::Region\"},\"us-east-1\"]}]},{\"Fn::Equals\":[{\"Ref\":"
        "\"AWS::Region\"},\"us-west-2\"]}]}},"
        "\"Resources\":{\"CDKMetadata\":{\"Type\":\"AWS::CDK::Metadata\",\"Condition\":\"CDKMetadataAvailable\","
        "\"Metadata\":{\"aws:cdk:path\":\"S/CDKMetadata\"},\"Properties\":{\"Analytics\":\"v2\"}}}}";
    struct fixture f;

    (void)state;
    fixture_open(&f);
    assert_true(fixture_bind(&f, str_z(text), NULL));
    assert_true(f.s->wanted[0]);
    fixture_close(&f);
}

/* Twenty-eight a's and a b need 2^28 steps of a naive matcher. */
static void test_services_cloudformation_template_bind__a_pattern_has_bounded_work(void **state)
{
    static const struct row rows[] = {
        {PATTERN("(a+)+$"), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
         "Template format error: an AllowedPattern takes too long to match"},
    };

    (void)state;
    CHECK_ROWS(rows);
}

/* Each match is short of the bound; there are just too many. */
static void test_services_cloudformation_template_bind__many_patterns_have_bounded_work(void **state)
{
    struct fixture f;
    struct buf b;

    (void)state;
    fixture_open(&f);
    buf_init(&b, 1 << 20);
    buf_add_z(&b, "Resources: {R: {Type: T}}\nParameters:\n");
    for (int i = 0; i < 200; i++)
        buf_printf(&b, "  P%d: {Type: CommaDelimitedList, AllowedPattern: '(a|a?)+', Default: 'a%s'}\n", i,
                   ",aaaaa,aaaaa,aaaaa,aaaaa,aaaaa,aaaaa,aaaaa,aaaaa,aaaaa");
    assert_false(fixture_bind(&f, buf_str(&b), NULL));
    assert_true(str_starts(str_z(f.e.what), S("Template error: the values of this template grow beyond")));
    buf_done(&b);
    fixture_close(&f);
}

static void test_services_cloudformation_template_bind__names_and_many(void **state)
{
    static const char text[] = "Parameters: {A: {Type: String}, B: {Type: String}, C: {Type: String, Default: c}}\n"
                               "Resources: {R: {Type: T}}\n";
    static const char *const stranger[] = {"A=1", "B=2", "X=3", "Y=4", NULL};
    static const char *const both[] = {"A=1", "B=2", NULL};
    struct fixture f;

    (void)state;
    fixture_open(&f);
    assert_false(fixture_bind(&f, str_z(text), NULL));
    assert_str_equal(str_z(f.e.what), S("Parameters: [A, B] must have values"));
    assert_false(fixture_bind(&f, str_z(text), stranger));
    assert_str_equal(str_z(f.e.what), S("Parameters: [X, Y] do not exist in the template"));
    assert_true(fixture_bind(&f, str_z(text), both));
    assert_str_equal(f.s->values[1].text, S("2"));
    assert_false(f.s->values[1].by_default);
    assert_true(f.s->values[2].by_default);
    fixture_close(&f);
}

static void test_services_cloudformation_template_bind__a_value_is_not_longer_than_4096(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    char *long_one = arena_alloc(f.a, 5000);
    memset(long_one, 'x', 4999);
    const char *given[] = {arena_printf(f.a, "P=%s", long_one).p, NULL};
    assert_false(fixture_bind(&f, S("Parameters: {P: {Type: String}}\nResources: {R: {Type: T}}"), given));
    assert_str_equal(str_z(f.e.what), S("Parameter 'P' must contain at most 4096 characters"));
    fixture_close(&f);
}

static void test_services_cloudformation_template_bind__rules(void **state)
{
    static const char text[] =
        "Parameters:\n"
        "  Vpc: {Type: String, Default: NO}\n"
        "  Id: {Type: String, Default: ''}\n"
        "  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 'subnet-1,subnet-1'}\n"
        "  Zones: {Type: CommaDelimitedList, Default: 'a,b'}\n"
        "Rules:\n"
        "  VpcId:\n"
        "    RuleCondition: !Equals [!Ref Vpc, 'YES']\n"
        "    Assertions:\n"
        "      - Assert: !Not [!Equals [!Ref Id, '']]\n"
        "        AssertDescription: An id is needed\n"
        "      - Assert: !Or [!Contains [[vpc-1, vpc-2], !Ref Id], !Equals [!Ref Id, any]]\n"
        "  SameSubnets: {Assertions: [{Assert: {'Fn::EachMemberEquals': [!Ref Subnets, subnet-1]}}]}\n"
        "  AllSubnets: {Assertions: [{Assert: {'Fn::EachMemberIn': [!RefAll 'AWS::EC2::Subnet::Id', [subnet-1]]}}]}\n"
        "  KnownZones: {Assertions: [{Assert: {'Fn::EachMemberIn': [!Ref Zones, [a, b, c]]}}]}\n"
        "Resources: {R: {Type: T}}\n";
    static const struct {
        const char *given[4], *words;
    } rows[] = {
        {{NULL}, NULL},
        {{"Vpc=YES", NULL}, "Template error: Rule VpcId failed: An id is needed"},
        {{"Vpc=YES", "Id=vpc-2", NULL}, NULL},
        {{"Vpc=YES", "Id=any", NULL}, NULL},
        {{"Vpc=YES", "Id=vpc-3", NULL}, "Template error: Rule VpcId failed: an assertion does not hold"},
        {{"Id=vpc-3", NULL}, NULL},
        {{"Subnets=subnet-1,subnet-2", NULL}, "Template error: Rule SameSubnets failed: an assertion does not hold"},
        {{"Zones=a,d", NULL}, "Template error: Rule KnownZones failed: an assertion does not hold"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        bool bound = fixture_bind(&f, str_z(text), rows[i].given);
        assert_str_equal(str_z(f.e.what), str_z(rows[i].words));
        assert_int_equal(bound, rows[i].words == NULL);
        fixture_close(&f);
    }
}

static void test_services_cloudformation_template_bind__value_of_is_refused_where_nothing_can_answer(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    assert_false(fixture_bind(&f,
                              S("Parameters: {S: {Type: 'AWS::EC2::Subnet::Id', Default: subnet-1}}\n"
                                "Rules: {X: {Assertions: [{Assert: !Equals [!ValueOf [S, VpcId], vpc-1]}]}}\n"
                                "Resources: {R: {Type: T}}\n"),
                              NULL));
    assert_str_equal(str_z(f.e.what), S("Template error: attributes of parameters are not supported here."));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_template_bind__values_and_defaults),
        cmocka_unit_test(test_services_cloudformation_template_bind__constraints),
        cmocka_unit_test(test_services_cloudformation_template_bind__patterns_match_the_whole_text),
        cmocka_unit_test(test_services_cloudformation_template_bind__the_rule_of_a_cdk_template),
        cmocka_unit_test(test_services_cloudformation_template_bind__a_pattern_has_bounded_work),
        cmocka_unit_test(test_services_cloudformation_template_bind__many_patterns_have_bounded_work),
        cmocka_unit_test(test_services_cloudformation_template_bind__names_and_many),
        cmocka_unit_test(test_services_cloudformation_template_bind__a_value_is_not_longer_than_4096),
        cmocka_unit_test(test_services_cloudformation_template_bind__rules),
        cmocka_unit_test(test_services_cloudformation_template_bind__value_of_is_refused_where_nothing_can_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
