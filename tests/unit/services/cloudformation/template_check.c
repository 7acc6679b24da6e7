/* SPDX-License-Identifier: MIT */
/* What a template is refused for before any parameter is known, and in which words. */
#include "fixture.h"

#include <string.h>

struct bad {
    const char *text, *words;
};

#define R "Resources: {A: {Type: T}}\n"

static void refuse_all(const struct bad *bad, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fixture f;
        fixture_open(&f);
        bool passed = is_ok(template_parse(f.a, str_z(bad[i].text), &f.e, &f.t));
        if (passed)
            fail_msg("accepted: %s", bad[i].text);
        assert_str_equal(str_z(f.e.what), str_z(bad[i].words));
        fixture_close(&f);
    }
}
#define REFUSE_ALL(bad) refuse_all(bad, sizeof bad / sizeof bad[0])

static void test_services_cloudformation_template_check__structure(void **state)
{
    static const struct bad bad[] = {
        {"", "Template format error: unsupported structure."},
        {"text", "Template format error: unsupported structure."},
        {"[]", "Template format error: unsupported structure."},
        {"{\"a\": }", "Template format error: JSON not well-formed. (line 1 column 7): unexpected token near '}'"},
        {"a: [", "Template format error: YAML not well-formed. (line 2, column 1)"},
        {"\xff", "Template format error: YAML not well-formed."},
        {R "Bogus: 1\nOther: 2\n", "Invalid template property or properties [Bogus, Other]"},
        {R "AWSTemplateFormatVersion: 2011-01-01",
         "Template format error: 2011-01-01 is not a supported value for AWSTemplateFormatVersion."},
        {R "Description: [a]", "Template format error: Every Description member must be a string."},
        {R "Transform: AWS::Serverless-2016-10-31",
         "Template error: the transform AWS::Serverless-2016-10-31 is not supported: no macros are run here."},
        {R "Transform: [AWS::LanguageExtensions]",
         "Template error: the transform AWS::LanguageExtensions is not supported: no macros are run here."},
        {R "Hooks: {}", "Template error: the Hooks section is not supported."},
        {"AWSTemplateFormatVersion: 2010-09-09",
         "Template format error: At least one Resources member must be defined."},
        {"Resources: {}", "Template format error: At least one Resources member must be defined."},
        {"Resources: []", "Template format error: Resources section must be an object."},
        {"Resources: {A: b}", "Template format error: Any Resources member must be an object."},
        {"Resources: {a-b: {Type: T}}", "Template format error: Resource name a-b is non alphanumeric."},
        {"Resources: {A: {}}",
         "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
        {"Resources: {A: {Type: T, Proprties: {}}}", "Invalid template resource property 'Proprties'"},
        {"Resources: {A: {Type: T, Properties: []}}",
         "Template format error: Every Properties member must be an object."},
        {"Resources: {A: {Type: T, Properties: {B: }}}",
         "[/Resources/A/Properties/B] 'null' values are not allowed in templates"},
        {"Resources: {A: {Type: T, Properties: {B: [x, ~]}}}",
         "[/Resources/A/Properties/B/1] 'null' values are not allowed in templates"},
        {"Resources: {A: {Type: T, DependsOn: 5}}",
         "Template format error: DependsOn must be a string or list of strings."},
        {"Resources: {A: {Type: T, DependsOn: [5]}}",
         "Template format error: DependsOn must be a string or list of strings."},
        {"Resources: {A: {Type: T, DependsOn: B}}",
         "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
        {"Resources: {A: {Type: T, Condition: B}}",
         "Template format error: Unresolved condition dependency B in the Resources block of the template"},
        {"Resources: {A: {Type: T, Condition: [B]}}",
         "Template format error: Every Condition member must be a string."},
        {"Resources: {A: {Type: T, DeletionPolicy: Keep}}",
         "Template error: Unrecognized DeletionPolicy Keep for resource A"},
        {"Resources: {A: {Type: T, DeletionPolicy: Snapshot}}",
         "Template error: resource type T does not support deletion policy Snapshot"},
        {"Resources: {A: {Type: T, UpdateReplacePolicy: RetainExceptOnCreate}}",
         "Template error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource A"},
        {"Resources: {A: {Type: T}}\nParameters: {A: {Type: String}}",
         "Template format error: A is the name of a parameter and of a resource."},
        {R "Outputs: {O: {Description: x}}", "Template format error: Every Outputs member must contain a Value object"},
        {R "Outputs: {O: {Value: }}", "[/Outputs/O/Value] 'null' values are not allowed in templates"},
        {R "Outputs: {o-p: {Value: x}}", "Template format error: Output name o-p is non alphanumeric."},
        {R "Outputs: {O: {Value: x, Export: {}}}",
         "Template format error: Output O is malformed. An Export member must contain a Name."},
        {R "Outputs: {O: {Value: x, Condition: N}}",
         "Template format error: Unresolved condition dependency N in the Outputs block of the template"},
        {R "Outputs: {O: {Value: !Ref B}}",
         "Unresolved resource dependencies [B] in the Outputs block of the template"},
        {R "Mappings: {M: x}", "Template format error: Every Mappings member M must be a map"},
        {R "Mappings: {M: {k: x}}", "Template format error: Every Mappings member k must be a map"},
        {R "Mappings: {M: {k: {a: !Ref P}}}",
         "Template format error: Every Mappings attribute must be a String or a List."},
    };

    (void)state;
    REFUSE_ALL(bad);
}

static void test_services_cloudformation_template_check__parameters(void **state)
{
    static const struct bad bad[] = {
        {R "Parameters: {P: {}}", "Template format error: Every Parameters object must contain a Type member."},
        {R "Parameters: {P: {Type: Stringgg}}", "Template format error: Unrecognized parameter type: Stringgg"},
        {R "Parameters: {P: {Type: 'List<AWS::EC2::Nothing::Id>'}}",
         "Template format error: Unrecognized parameter type: List<AWS::EC2::Nothing::Id>"},
        {R "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<Number>'}}",
         "Template format error: Unrecognized parameter type: AWS::SSM::Parameter::Value<Number>"},
        {R "Parameters: {'AWS::NoValue': {Type: String}}",
         "Template format error: Parameter name AWS::NoValue is non alphanumeric."},
        {R "Parameters: {P: {Type: String, AllowedValues: 'a b'}}",
         "Template format error: Every AllowedValues member must be a list."},
        {R "Parameters: {P: {Type: String, Default: [a]}}",
         "Template format error: Every Default member must be a string."},
        {R "Parameters: {P: {Type: String, Defualt: a}}", "Invalid template parameter property 'Defualt'"},
        {R "Parameters: {P: {Type: String, NoEcho: maybe}}",
         "Template format error: Every NoEcho member must be a boolean."},
        {R "Parameters: {P: {Type: Number, MinValue: x}}",
         "Template format error: Every MinValue member must be a number."},
        {R "Parameters: {P: String}", "Template format error: Any Parameters member must be an object."},
    };

    (void)state;
    REFUSE_ALL(bad);
}

#define P(value) "Resources: {A: {Type: T, Properties: {V: " value "}}}\nParameters: {P: {Type: String}}\n"

static void test_services_cloudformation_template_check__functions(void **state)
{
    static const char join[] =
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
        "(2) a list of strings to be joined or a function that returns a list of strings (such as "
        "Fn::GetAZs) to be joined.";
    static const char sub[] =
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
        "Specify a string as first argument, and an optional second argument to specify a mapping of "
        "values to replace in the string";
    static const char att[] =
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name "
        "and the resource attribute";
    static const char select[] =
        "Template error: Fn::Select requires a list argument with two elements: an integer index and a list";
    static const char split[] =
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
        "(2) a string to be split or a function that returns a string to be split.";
    static const char map[] =
        "Template error: every Fn::FindInMap object requires three parameters, the map name, map key "
        "and the attribute for return value";
    static const char imports[] = "Template error: the attribute in Fn::ImportValue must not depend on any resources, "
                                  "imported values, or Fn::GetAZs";
    const struct bad bad[] = {
        {P("!Ref [P]"), "Template error: every Ref object must have a single String value."},
        {P("!Ref Q"),
         "Template format error: Unresolved resource dependencies [Q] in the Resources block of the template"},
        {P("[!Ref Q, !Ref R, !Ref Q]"),
         "Template format error: Unresolved resource dependencies [Q, R] in the Resources block of the template"},
        {P("!Sub '${AWS::Resion}'"), "Template format error: Unresolved resource dependencies [AWS::Resion] in the "
                                     "Resources block of the template"},
        {P("!Sub '${Q}'"),
         "Template format error: Unresolved resource dependencies [Q] in the Resources block of the template"},
        {P("!Sub '${Q.Arn}'"), "Template error: instance of Fn::Sub references invalid resource attribute Q.Arn"},
        {P("!Sub '${a b}'"),
         "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
         "underscores, periods, and colons"},
        {P("!Sub [x]"), sub},
        {P("!Sub [x, y]"), sub},
        {P("!Sub {x: y}"), sub},
        {P("!Sub [!Ref P, {}]"), sub},
        {P("!GetAtt A"), "Template error: if specifying one argument to Fn::GetAtt, that argument must be a non-empty "
                         "string in format <LogicalId>.<Attribute>"},
        {P("!GetAtt [A]"), att},
        {P("!GetAtt [A, '']"), att},
        {P("!GetAtt [!Ref P, Arn]"), att},
        {P("!GetAtt P.Arn"), "Template error: instance of Fn::GetAtt references undefined resource P"},
        {P("!Join [',', x]"), join},
        {P("!Join [!Ref P, [x]]"), join},
        {P("!Join [',']"), join},
        {P("!Split ['', x]"), split},
        {P("!Split [!Ref P]"), split},
        {P("!Select [0]"), select},
        {P("!Select [[0], [a]]"), select},
        {P("!Select [0, text]"), select},
        {P("!FindInMap [M, k]"), map},
        {P("!FindInMap [M, k, a, {DefaultValue: x}]"), map},
        {P("!FindInMap [M, k, a]"),
         "Template error: Mapping named 'M' is not present in the 'Mappings' section of template."},
        {P("!If [C, a]"), "Template error: Fn::If requires a list argument with three elements"},
        {P("!If [!Ref P, a, b]"),
         "Template error: Fn::If requires a list argument with the first element being a condition"},
        {P("!If [C, a, b]"), "Template error: unresolved condition dependency C in Fn::If"},
        {P("!Base64 [a]"), "Template error: every Fn::Base64 object must have a String-typed value."},
        {P("!Cidr [a]"),
         "Template error: every Fn::Cidr object requires two or three parameters, (1) an IP block, (2) a "
         "count and (3) the number of subnet bits"},
        {P("!ImportValue [a]"),
         "Template error: the attribute in Fn::ImportValue must be a string or a function that returns a string"},
        {P("!ImportValue {Ref: A}"), imports},
        {P("!ImportValue {'Fn::Sub': '${A.Arn}'}"), imports},
        {P("!ImportValue {'Fn::ImportValue': x}"), imports},
        {P("!Equals [a, b]"), "Template error: Fn::Equals cannot be partially collapsed"},
        {P("!Contains [[a], b]"), "Template error: Cannot use Fn::Contains outside of Rules"},
        {P("!Transform {Name: 'AWS::Include'}"),
         "Template error: Fn::Transform is not supported: no macros are run here."},
        {P("{'Fn::ForEach::X': [a, [b], {}], Y: 1}"),
         "Template error: Fn::ForEach::X needs the transform AWS::LanguageExtensions, which is not supported."},
        {P("!ToJsonString {}"),
         "Template error: Fn::ToJsonString needs the transform AWS::LanguageExtensions, which is not supported."},
        {P("{'Fn::Join': [',', [a]], Other: x}"), "Template error: Fn::Join must be the only member of its object"},
        {P("'{{resolve:secretsmanager:a}}'"),
         "Template error: dynamic references to 'secretsmanager' are not supported: use ssm or ssm-secure."},
        {P("!Foo x"), "Template error: Encountered unsupported function: Fn::Foo Supported functions are: [Fn::Base64, "
                      "Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, "
                      "Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, "
                      "Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr]"},
    };

    (void)state;
    REFUSE_ALL(bad);
}

#define C(body) R "Parameters: {P: {Type: String}}\nConditions: {X: " body "}\n"
#define RULE(body) R "Parameters: {P: {Type: String}}\nRules: {X: {Assertions: [{Assert: " body "}]}}\n"

static void test_services_cloudformation_template_check__conditions_and_rules(void **state)
{
    static const char few[] =
        "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.";
    static const struct bad bad[] = {
        {C("true"), "Template format error: Every Conditions member must be a function."},
        {C("{}"), "Template format error: Every Conditions member must be made of boolean functions."},
        {C("!Ref P"), "Template format error: Every Conditions member must be made of boolean functions."},
        {C("!Equals [a]"), "Template error: every Fn::Equals object requires a list of 2 string parameters."},
        {C("!And [!Equals [a, a]]"), few},
        {C("!And [!Equals [a, a], true]"),
         "Template format error: Every Conditions member must be made of boolean functions."},
        {C("!Not [!Equals [a, a], !Equals [a, a]]"),
         "Template error: every Fn::Not object requires one boolean parameter."},
        {C("!Not [!Condition Y]"),
         "Template format error: Unresolved condition dependencies [Y] in the Conditions block of the template"},
        {C("!Equals [!Ref A, x]"),
         "Template format error: Unresolved dependencies [A]. Cannot reference resources in the "
         "Conditions block of the template"},
        {C("!Equals [!GetAtt A.B, x]"), "Template error: Cannot use Fn::GetAtt in Conditions"},
        {C("!Equals [!ImportValue a, x]"), "Template error: Cannot use Fn::ImportValue in Conditions"},
        {C("!Not [!Condition X]"),
         "Template error: Found circular condition dependency in the Conditions block of the template"},
        {R "Conditions: {X: !Not [!Condition Y], Y: !Not [!Condition X]}",
         "Template error: Found circular condition dependency in the Conditions block of the template"},
        {R "Rules: {X: {}}", "Template format error: Rule X must be an object with a list of Assertions."},
        {R "Rules: {X: {Assertions: [{}]}}",
         "Template format error: Every Assertions member of rule X must have an Assert."},
        {RULE("!Ref P"), "Template format error: Every rule must be made of boolean functions."},
        {RULE("!Condition C"), "Template error: Cannot use Condition in Rules"},
        {RULE("!Equals [!Sub x, x]"), "Template error: Cannot use Fn::Sub in Rules"},
        {RULE("!Contains [a, b]"),
         "Template error: every Fn::Contains object requires two parameters, the first a list of strings."},
        {RULE("!Equals [!Ref A, x]"),
         "Template format error: Unresolved dependencies [A]. Cannot reference resources in "
         "the Rules block of the template"},
    };

    (void)state;
    REFUSE_ALL(bad);
}

/* "Condition" in a policy document is a member, and property names may look like anything but a function. */
static void test_services_cloudformation_template_check__what_only_looks_like_a_function_passes(void **state)
{
    static const char *const good[] = {
        P("{Condition: {StringEquals: {a: b}}}"),
        P("{Statement: [{Condition: {Bool: {'aws:ViaAWSService': 'false'}}}]}"),
        P("{Ref: a, Other: b}"),
        P("'${not a variable}'"),
        P("!Sub '${!Literal} ${P} $ {x} ${AWS::Region}'"),
        P("!Sub ['${P}${q}', {q: !Ref P}]"),
        P("!GetAtt [A, B]") "Conditions: {'2AZ&More': !Equals [a, b]}\n",
        P("{'Fn::GetAtt': A.Outputs.B}") "Metadata: {'AWS::CloudFormation::Interface': {x: !Ref Nothing}}\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct fixture f;
        fixture_open(&f);
        bool circle = str_search(str_z(good[i]), S("GetAtt")) >= 0; /* A names itself, which is another matter */
        bool passed = is_ok(template_parse(f.a, str_z(good[i]), &f.e, &f.t));
        if (!passed && !(circle && str_starts(str_z(f.e.what), S("Circular"))))
            fail_msg("%s: %s", f.e.what, good[i]);
        fixture_close(&f);
    }
}

/* `line` n times; each # in it is the number of the line. */
static void add_many(struct buf *b, const char *head, const char *line, int n)
{
    buf_add_z(b, head);
    for (int i = 0; i < n; i++) {
        str rest = str_z(line);
        buf_add(b, str_cut(&rest, '#'));
        if (str_is(rest))
            buf_printf(b, "%d%.*s", i, FMT(rest));
    }
}

static void refuse_built(struct buf *b, const char *words)
{
    struct fixture f;

    fixture_open(&f);
    bool passed = is_ok(template_parse(f.a, buf_str(b), &f.e, &f.t));
    if (words)
        assert_str_equal(str_sub(str_z(f.e.what), 0, strlen(words)), str_z(words));
    assert_int_equal(passed, words == NULL);
    fixture_close(&f);
    buf_clear(b);
}

static void test_services_cloudformation_template_check__limits(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 32 << 20);
    add_many(&b, "Resources:\n", "  R#: {Type: T}\n", 500);
    refuse_built(&b, NULL);
    add_many(&b, "Resources:\n", "  R#: {Type: T}\n", 501);
    refuse_built(&b, "Template format error: Number of resources, 501, is greater than maximum allowed, 500");
    add_many(&b, R "Parameters:\n", "  P#: {Type: String}\n", 201);
    refuse_built(&b, "Template format error: Number of parameters, 201, is greater than maximum allowed, 200");
    add_many(&b, R "Mappings:\n", "  M#: {k: {a: b}}\n", 201);
    refuse_built(&b, "Template format error: Number of mappings, 201, is greater than maximum allowed, 200");
    add_many(&b, R "Outputs:\n", "  O#: {Value: b}\n", 201);
    refuse_built(&b, "Template format error: Number of outputs, 201, is greater than maximum allowed, 200");
    add_many(&b, R "Description: ", "# ", 300);
    refuse_built(&b, "Template format error: 'Description' length is greater than 1024");
    add_many(&b, "Resources:\n  R", "x000", 64);
    buf_add_z(&b, ": {Type: T}\n");
    refuse_built(&b, "Template format error: Resource name Rx000");
    add_many(&b, R "Description: ", "0123456789", 1000001);
    assert_true(b.n > 10000000);
    refuse_built(&b, "Template may not exceed 1000000 bytes in size.");
    add_many(&b, "{\"a\":", "[", 1);
    for (int i = 0; i < 400000; i++)
        buf_add_z(&b, "[{");
    refuse_built(&b, "Template format error: JSON not well-formed. the JSON is nested deeper than 64 levels");
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_template_check__structure),
        cmocka_unit_test(test_services_cloudformation_template_check__parameters),
        cmocka_unit_test(test_services_cloudformation_template_check__functions),
        cmocka_unit_test(test_services_cloudformation_template_check__conditions_and_rules),
        cmocka_unit_test(test_services_cloudformation_template_check__what_only_looks_like_a_function_passes),
        cmocka_unit_test(test_services_cloudformation_template_check__limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
