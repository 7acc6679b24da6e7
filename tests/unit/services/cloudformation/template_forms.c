/* SPDX-License-Identifier: MIT */
/* One template, four texts: JSON, YAML with long functions as `aws cloudformation package` writes it, YAML with short
 * tags, and YAML in one line. Whatever it is, all four read as the same tree and are worth the same. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

enum { TEMPLATES = 400 };

/* ---- a template made by chance ---- */

struct dice {
    unsigned seed;
};

static unsigned throw(struct dice * d, unsigned n)
{
    d->seed = d->seed * 1103515245u + 12345u;
    return (d->seed >> 16) % n;
}

/* Texts that YAML would read as something else without quotes, and texts that need none. */
static const char *some_text(struct dice *d)
{
    static const char *const texts[] = {"plain",
                                        "two words",
                                        "",
                                        " lead",
                                        "trail ",
                                        "yes",
                                        "No",
                                        "null",
                                        "~",
                                        "5",
                                        "0x1f",
                                        "1.5",
                                        "1e3",
                                        "2012-10-17",
                                        "a: b",
                                        "- a",
                                        "#x",
                                        "a #b",
                                        "'q'",
                                        "\"d\"",
                                        "line\nline\n",
                                        "tab\there",
                                        "\xc3\xbc\xe2\x82\xac",
                                        "*star",
                                        "&amp",
                                        "!bang",
                                        "{brace}",
                                        "[list]",
                                        "back\\slash",
                                        "${Literal",
                                        "<<",
                                        "=",
                                        "arn:aws:s3:::bucket/*",
                                        "10.0.0.0/16",
                                        "012345678901",
                                        "|",
                                        "%percent",
                                        "@at"};

    return texts[throw(d, sizeof texts / sizeof texts[0])];
}

static json_t *some_value(struct dice *d, int deep);

static json_t *call(const char *name, json_t *argument)
{
    json_t *v = json_object();

    json_object_set_new(v, name, argument);
    return v;
}

/* A function that answers a text. */
static json_t *some_function(struct dice *d, int deep)
{
    static const char *const names[] = {"P", "Q", "Other", "AWS::Region", "AWS::StackName"};
    static const char *const subs[] = {"${P}", "x ${Other.Arn} ${!No}", "${AWS::Region}-${Q}: #", "yes"};

    switch (throw(d, 8)) {
    case 0:
        return call("Ref", json_string(names[throw(d, 5)]));
    case 1:
        return call("Fn::Sub", json_string(subs[throw(d, 4)]));
    case 2:
        return call("Fn::GetAtt", json_pack("[s, s]", "Other", throw(d, 2) ? "Arn" : "Outputs.X"));
    case 3:
        return call("Fn::Join", json_pack("[s, [o, s]]", some_text(d), some_function(d, deep - 1), some_text(d)));
    case 4:
        return call("Fn::If", json_pack("[s, o, o]", throw(d, 2) ? "Is" : "2Is&Not", some_value(d, deep - 1),
                                        some_value(d, deep - 1)));
    case 5:
        return call("Fn::Select", json_pack("[i, o]", (int) throw(d, 3), call("Ref", json_string("L"))));
    case 6:
        return call("Fn::Base64", json_string(some_text(d)));
    default:
        return call("Fn::FindInMap", json_pack("[s, s, s]", "M", "us-east-1", "k"));
    }
}

static json_t *some_value(struct dice *d, int deep)
{
    json_t *v;

    switch (throw(d, deep > 0 ? 9 : 4)) {
    case 0:
        return json_integer((int) throw(d, 100000) - 50000);
    case 1:
        return throw(d, 2) ? json_true() : json_false();
    case 2:
    case 3:
        return json_string(some_text(d));
    case 4:
        v = json_array();
        for (unsigned n = throw(d, 4); n; n--)
            json_array_append_new(v, some_value(d, deep - 1));
        return v;
    case 5:
        v = json_object();
        for (unsigned n = throw(d, 4); n; n--)
            json_object_set_new(v, some_text(d), some_value(d, deep - 1));
        return v;
    default:
        return some_function(d, deep);
    }
}

static json_t *some_template(struct dice *d)
{
    json_t *t = json_pack("{s: s, s: {s: {s: s, s: s}, s: {s: s, s: s}, s: {s: s, s: s}}, s: {s: {s: {s: s}}}, "
                          "s: {s: {s: [{s: s}, s]}, s: {s: [{s: s}]}}, s: {s: {s: s}, s: {s: s, s: o}}}",
                          "AWSTemplateFormatVersion", "2010-09-09", "Parameters", "P", "Type", "String", "Default",
                          some_text(d), "Q", "Type", "Number", "Default", "12", "L", "Type", "CommaDelimitedList",
                          "Default", "a,b,c", "Mappings", "M", "us-east-1", "k", some_text(d), "Conditions", "Is",
                          "Fn::Equals", "Ref", "P", "plain", "2Is&Not", "Fn::Not", "Condition", "Is", "Resources",
                          "Other", "Type", "T", "X", "Type", "T", "Properties", json_object());
    json_t *properties = json_object_get(json_object_get(json_object_get(t, "Resources"), "X"), "Properties");

    assert_non_null(t);
    for (unsigned n = throw(d, 6) + 1; n; n--)
        json_object_set_new(properties, some_text(d), some_value(d, 4));
    return t;
}

/* ---- its texts ---- */

enum form { BLOCK, TAGS, FLOW };

static void add_yaml(struct buf *b, const json_t *v, enum form form, int indent);

/* A text as a plain scalar where that is safe, else in single quotes, else in double quotes. */
static void add_scalar(struct buf *b, const json_t *v)
{
    str s = json_str(v), rest = s;
    bool plain = s.n > 1 && str_all(s, "abcdefghijklmnopqrstuvwxyz") && !str_eq(s, S("yes")) && !str_eq(s, S("null"));

    if (!json_is_string(v) || str_has_controls(s)) {
        buf_add_json(b, v);
    } else if (plain) {
        buf_add(b, s);
    } else {
        buf_add_char(b, '\'');
        for (bool first = true; str_is(rest); first = false) {
            buf_add_z(b, first ? "" : "''");
            buf_add(b, str_cut(&rest, '\''));
        }
        buf_add_char(b, '\'');
    }
}

static bool is_plain(const json_t *v)
{
    return (!json_is_object(v) && !json_is_array(v)) || json_object_size(v) + json_array_size(v) == 0;
}

/* "!Sub " for {"Fn::Sub": ...}; NULL for what is no function. */
static const char *tag_of(const json_t *v, char tag[64], const json_t **argument)
{
    const char *key = json_object_size(v) == 1 ? json_object_iter_key(json_object_iter((json_t *)v)) : "";
    bool named = strcmp(key, "Ref") == 0 || strcmp(key, "Condition") == 0;

    if (!named && !str_starts(str_z(key), S("Fn::")))
        return NULL;
    *argument = json_object_get(v, key);
    tag[0] = '!';
    str_to_z(str_from(str_z(key), named ? 0 : 4), tag + 1, 63);
    return tag;
}

static void add_line(struct buf *b, int indent)
{
    buf_add_char(b, '\n');
    for (int i = 0; i < indent; i++)
        buf_add_char(b, ' ');
}

static void add_flow(struct buf *b, const json_t *v)
{
    const char *key, *between = "";
    json_t *one;
    size_t i;

    if (!json_is_object(v) && !json_is_array(v)) {
        add_scalar(b, v);
        return;
    }
    buf_add_char(b, json_is_array(v) ? '[' : '{');
    json_object_foreach((json_t *)v, key, one)
    {
        json_t *k = json_string(key);
        buf_add_z(b, between);
        add_scalar(b, k);
        buf_add_z(b, ": ");
        add_flow(b, one);
        between = ", ";
        json_decref(k);
    }
    json_array_foreach(v, i, one)
    {
        buf_add_z(b, between);
        add_flow(b, one);
        between = ", ";
    }
    buf_add_char(b, json_is_array(v) ? ']' : '}');
}

static void add_member(struct buf *b, const json_t *v, enum form form, int indent)
{
    char tag[64];
    const json_t *argument;
    const char *short_tag = form == TAGS ? tag_of(v, tag, &argument) : NULL;

    if (short_tag) {
        buf_add_z(b, short_tag);
        buf_add_char(b, ' ');
        add_member(b, argument, form == TAGS && !is_plain(argument) ? FLOW : form, indent);
    } else if (is_plain(v) || form == FLOW) {
        add_flow(b, v);
    } else {
        add_yaml(b, v, form, indent);
    }
}

static void add_yaml(struct buf *b, const json_t *v, enum form form, int indent)
{
    const char *key;
    json_t *one;
    size_t i;

    json_object_foreach((json_t *)v, key, one)
    {
        json_t *k = json_string(key);
        add_line(b, indent);
        add_scalar(b, k);
        buf_add_z(b, ": ");
        add_member(b, one, form, indent + 2);
        json_decref(k);
    }
    json_array_foreach(v, i, one)
    {
        add_line(b, indent);
        buf_add_z(b, "- ");
        add_member(b, one, form, indent + 2);
    }
}

/* ---- alike ---- */

static str worth(struct fixture *f, str text)
{
    if (!fixture_bind(f, text, NULL))
        return arena_dup(f->a, str_z(f->e.what));
    return fixture_properties(f, S("X"));
}

static void test_services_cloudformation_template_forms__all_are_worth_the_same(void **state)
{
    static const char *const names[] = {"long YAML", "tagged YAML", "YAML in one line"};
    size_t good = 0;

    (void)state;
    for (unsigned seed = 1; seed <= TEMPLATES; seed++) {
        struct dice d = {seed};
        struct fixture f;
        struct buf b;
        json_t *t = some_template(&d);
        fixture_open(&f);
        buf_init(&b, 1 << 20);
        buf_add_json(&b, t);
        str as_json = worth(&f, arena_dup(f.a, buf_str(&b)));
        good += str_starts(as_json, S("{"));
        for (enum form form = BLOCK; form <= FLOW; form++) {
            buf_clear(&b);
            add_member(&b, t, form, 0);
            str text =
                form == FLOW ? arena_printf(f.a, "# %u\n%.*s", seed, FMT(buf_str(&b))) : arena_dup(f.a, buf_str(&b));
            str as_yaml = worth(&f, text);
            if (!str_eq(as_json, as_yaml))
                fail_msg("seed %u, %s: \"%.*s\" is not \"%.*s\" of\n%.*s", seed, names[form], FMT(as_yaml),
                         FMT(as_json), FMT(text));
        }
        buf_done(&b);
        json_decref(t);
        fixture_close(&f);
    }
    assert_true(good > TEMPLATES / 2); /* most are good templates */
}

/* Whether `early` says nothing but what `late` says, where it says anything. */
static bool foretells(const json_t *early, const json_t *late)
{
    const char *key;
    json_t *one;
    size_t i;

    if (template_is_later(early))
        return true;
    if (!json_is_object(early) && !json_is_array(early))
        return json_equal(early, late);
    if (json_typeof(early) != json_typeof(late) || json_object_size(early) != json_object_size(late) ||
        json_array_size(early) != json_array_size(late))
        return false;
    json_object_foreach((json_t *)early, key, one)
    {
        if (!foretells(one, json_object_get(late, key)))
            return false;
    }
    json_array_foreach(early, i, one)
    {
        if (!foretells(one, json_array_get(late, i)))
            return false;
    }
    return true;
}

static void test_services_cloudformation_template_forms__what_is_known_early_stays_true(void **state)
{
    size_t open = 0;

    (void)state;
    for (unsigned seed = 1; seed <= TEMPLATES; seed++) {
        struct dice d = {seed * 7919};
        struct fixture f;
        struct buf b;
        json_t *t = some_template(&d), *early, *late;
        fixture_open(&f);
        buf_init(&b, 1 << 20);
        buf_add_json(&b, t);
        assert_true(fixture_bind(&f, buf_str(&b), NULL));
        const struct template_resource *x = template_resource_find(f.t, S("X"));
        f.later = true;
        bool may = is_ok(template_properties(f.s, x, &f.e, &early));
        f.later = false;
        if (is_ok(template_properties(f.s, x, &f.e, &late))) {
            assert_true(may); /* not knowing is no reason to refuse */
            assert_true(foretells(early, late));
            open += template_has_later(early);
        }
        buf_done(&b);
        json_decref(t);
        fixture_close(&f);
    }
    assert_true(open > TEMPLATES / 10);
}

/* What the aws CLI's `package` writes, folded lines and all; and what its author wrote. */
static void test_services_cloudformation_template_forms__packaged_as_written(void **state)
{
    static const char written[] =
        "AWSTemplateFormatVersion: 2010-09-09\n"
        "Description: A bucket's policy and its key\n"
        "Parameters:\n"
        "  P:\n"
        "    Type: String\n"
        "    Default: 'yes'\n"
        "    AllowedPattern: '^[a-z][a-z0-9-]*$'\n"
        "Conditions:\n"
        "  '2AZ&Yes': !Not [!Equals [!Ref P, 'NO']]\n"
        "Resources:\n"
        "  Other: {Type: T}\n"
        "  X:\n"
        "    Type: T\n"
        "    DependsOn: Other\n"
        "    DeletionPolicy: Retain\n"
        "    Properties:\n"
        "      Name: !Sub 'sm-${P}-${AWS::Region}'\n"
        "      Enabled: TRUE\n"
        "      Code: |\n"
        "        import json\n"
        "        def handler(event, context):\n"
        "            print('x: y')  # a comment\n"
        "      Text: >-\n"
        "        a long text that the packager folds into several lines because it is longer than eighty columns wide\n"
        "      Policy:\n"
        "        Version: 2012-10-17\n"
        "        Statement:\n"
        "          - Effect: Allow\n"
        "            Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}\n"
        "            Action: ['s3:*Object', s3:ListBucket]\n"
        "            Resource: [!GetAtt Other.Arn, !Sub '${Other.Arn}/*']\n"
        "            Condition: {Bool: {aws:ViaAWSService: 'false'}}\n"
        "      Zones: !If ['2AZ&Yes', !Select ['0', !Split [',', !Join [',', [a, b]]]], !Ref AWS::NoValue]\n";
    static const char packaged[] =
        "AWSTemplateFormatVersion: '2010-09-09'\n"
        "Description: A bucket's policy and its key\n"
        "Parameters:\n"
        "  P:\n"
        "    Type: String\n"
        "    Default: 'yes'\n"
        "    AllowedPattern: ^[a-z][a-z0-9-]*$\n"
        "Conditions:\n"
        "  2AZ&Yes:\n"
        "    Fn::Not:\n"
        "    - Fn::Equals:\n"
        "      - Ref: P\n"
        "      - 'NO'\n"
        "Resources:\n"
        "  Other:\n"
        "    Type: T\n"
        "  X:\n"
        "    Type: T\n"
        "    DependsOn: Other\n"
        "    DeletionPolicy: Retain\n"
        "    Properties:\n"
        "      Name:\n"
        "        Fn::Sub: sm-${P}-${AWS::Region}\n"
        "      Enabled: true\n"
        "      Code: \"import json\\ndef handler(event, context):\\n    print('x: y')  # a comment\\n\"\n"
        "      Text: a long text that the packager folds into several lines because it is\n"
        "        longer than eighty columns wide\n"
        "      Policy:\n"
        "        Version: '2012-10-17'\n"
        "        Statement:\n"
        "        - Effect: Allow\n"
        "          Principal:\n"
        "            AWS:\n"
        "              Fn::Sub: arn:${AWS::Partition}:iam::${AWS::AccountId}:root\n"
        "          Action:\n"
        "          - s3:*Object\n"
        "          - s3:ListBucket\n"
        "          Resource:\n"
        "          - Fn::GetAtt:\n"
        "            - Other\n"
        "            - Arn\n"
        "          - Fn::Sub: ${Other.Arn}/*\n"
        "          Condition:\n"
        "            Bool:\n"
        "              aws:ViaAWSService: 'false'\n"
        "      Zones:\n"
        "        Fn::If:\n"
        "        - 2AZ&Yes\n"
        "        - Fn::Select:\n"
        "          - '0'\n"
        "          - Fn::Split:\n"
        "            - ','\n"
        "            - Fn::Join:\n"
        "              - ','\n"
        "              - - a\n"
        "                - b\n"
        "        - Ref: AWS::NoValue\n";
    struct fixture f;

    (void)state;
    fixture_open(&f);
    str first = worth(&f, str_z(written));
    const json_t *tree = f.t->tree;
    assert_true(str_starts(first, S("{\"Name\":\"sm-yes-us-east-1\",\"Enabled\":true,")));
    assert_true(str_ends(first, S("\"Zones\":\"a\"}")));
    assert_str_equal(first, worth(&f, str_z(packaged)));
    assert_true(json_equal(tree, f.t->tree));
    fixture_close(&f);
}

/* A stack keeps the tree as JSON, which may be longer than a template may be. */
static void test_services_cloudformation_template_forms__a_checked_tree_is_read_again(void **state)
{
    struct fixture f;
    struct template *again;
    struct buf b;

    (void)state;
    fixture_open(&f);
    buf_init(&b, 8 << 20);
    buf_add_z(
        &b, "Parameters: {P: {Type: String, Default: x}}\nResources:\n  X:\n    Type: T\n    Properties:\n      V: [");
    while (b.n < 999000)
        buf_add_z(&b, "!Sub '${P}',");
    buf_add_z(&b, "x]\n");
    assert_false(fixture_bind(&f, buf_str(&b), NULL)); /* 80 000 functions are more nodes than a template may have */
    assert_true(str_search(str_z(f.e.what), S("larger than is allowed")) > 0);
    buf_clear(&b);
    buf_add_z(
        &b, "Parameters: {P: {Type: String, Default: x}}\nResources:\n  X:\n    Type: T\n    Properties:\n      V: [");
    for (int i = 0; i < 30000; i++)
        buf_add_z(&b, "!Ref P,\"\\x01\\x01\\x01\\x01\",");
    buf_add_z(&b, "x]\n");
    assert_true(b.n < TEMPLATE_MAX);
    assert_true(fixture_bind(&f, buf_str(&b), NULL));
    buf_clear(&b);
    buf_add_json(&b, f.t->tree);
    assert_true(b.n > TEMPLATE_MAX);
    assert_true(is_ok(template_reread(f.a, buf_str(&b), &f.e, &again)));
    assert_true(json_equal(again->tree, f.t->tree));
    buf_done(&b);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_cloudformation_template_forms__all_are_worth_the_same),
        cmocka_unit_test(test_services_cloudformation_template_forms__what_is_known_early_stays_true),
        cmocka_unit_test(test_services_cloudformation_template_forms__packaged_as_written),
        cmocka_unit_test(test_services_cloudformation_template_forms__a_checked_tree_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
