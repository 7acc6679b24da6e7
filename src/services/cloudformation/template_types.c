/* SPDX-License-Identifier: MIT */
/* Parameter types and the constraints on their values. */
#include "api/java_pattern.h"
#include "services/cloudformation/template_parts.h"

enum { MATCH_BYTES = 8192 }; /* a match costs what a text of this size costs: a thousand of them to a stack */

/* ---- types ---- */

/* The EC2 and Route 53 types whose values are looked up, as a text and in List<>. */
static bool is_aws_id(str type)
{
    static const char *const types[] = {"AWS::EC2::AvailabilityZone::Name",
                                        "AWS::EC2::Image::Id",
                                        "AWS::EC2::Instance::Id",
                                        "AWS::EC2::KeyPair::KeyName",
                                        "AWS::EC2::SecurityGroup::GroupName",
                                        "AWS::EC2::SecurityGroup::Id",
                                        "AWS::EC2::Subnet::Id",
                                        "AWS::EC2::Volume::Id",
                                        "AWS::EC2::VPC::Id",
                                        "AWS::Route53::HostedZone::Id"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_eq(type, str_z(types[i])))
            return true;
    return false;
}

/* What stands between "prefix<" and ">"; absent when the type is not of this form. */
static str inside(str type, const char *prefix)
{
    str head = str_z(prefix);

    if (!str_starts(type, head) || !str_ends(type, S(">")) || type.n <= head.n + 1)
        return STR_ABSENT;
    return str_sub(type, head.n, type.n - head.n - 1);
}

static bool is_ssm_value(str of)
{
    str list = inside(of, "List<");

    return str_eq(of, S("String")) || str_eq(of, S("CommaDelimitedList")) || str_eq(list, S("String")) ||
           is_aws_id(str_is(list) ? list : of);
}

bool template_type_known(str type)
{
    str list = inside(type, "List<"), value = inside(type, "AWS::SSM::Parameter::Value<");

    if (str_is(value))
        return is_ssm_value(value);
    if (str_is(list))
        return str_eq(list, S("Number")) || str_eq(list, S("String")) || is_aws_id(list);
    return str_eq(type, S("String")) || str_eq(type, S("Number")) || str_eq(type, S("CommaDelimitedList")) ||
           str_eq(type, S("AWS::SSM::Parameter::Name")) || is_aws_id(type);
}

bool template_type_is_list(str type)
{
    str value = inside(type, "AWS::SSM::Parameter::Value<");

    return str_starts(str_is(value) ? value : type, S("List<")) ||
           str_eq(str_is(value) ? value : type, S("CommaDelimitedList"));
}

bool template_type_is_outside(str type)
{
    return str_search(type, S("AWS::")) >= 0;
}

/* ---- constraints ---- */

static size_t characters(str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_allowed(const struct template_parameter *p, str value)
{
    const json_t *one;
    size_t i;

    json_array_foreach(p->allowed, i, one)
    {
        if (str_eq(json_str(one), value))
            return true;
    }
    return !p->allowed;
}

static double number_of(str s, double otherwise)
{
    double v = otherwise;

    str_to_double(s, &v);
    return v;
}

/* ConstraintDescription takes the place of what the constraint says by itself. */
static res broken(const struct template_parameter *p, str why, struct err *e)
{
    if (str_is(p->constraint_description))
        return reject(e, "Parameter %.*s failed to satisfy constraint: %.*s", FMT(p->name),
                      FMT(p->constraint_description));
    return reject(e, "Parameter '%.*s' %.*s", FMT(p->name), FMT(why));
}

static res check_number(struct arena *a, const struct template_parameter *p, str value, struct err *e)
{
    double v;

    if (!str_to_double(value, &v))
        return reject(e, "Parameter '%.*s' must be a number.", FMT(p->name));
    if (str_is(p->min_value) && v < number_of(p->min_value, 0))
        return broken(p, arena_printf(a, "must be a number not less than %.*s", FMT(p->min_value)), e);
    if (str_is(p->max_value) && v > number_of(p->max_value, 0))
        return broken(p, arena_printf(a, "must be a number not greater than %.*s", FMT(p->max_value)), e);
    return OK;
}

static res match_pattern(struct template_scope *s, str pattern, str value, bool *matches, struct err *e)
{
    struct err why = {0};

    TRY(template_spend(s, MATCH_BYTES, e));
    if (is_ok(java_pattern_matches(pattern, value, matches, &why)))
        return OK;
    return reject(e, "Template format error: %s", why.what);
}

static res check_one(struct template_scope *s, const struct template_parameter *p, str value, struct err *e)
{
    struct arena *a = s->arena;
    double length = (double)characters(value);
    bool matches = true;

    if (str_search(p->type, S("Number")) >= 0)
        TRY(check_number(a, p, value, e));
    if (!is_allowed(p, value))
        return broken(p, S("must be one of AllowedValues"), e);
    if (str_is(p->min_length) && length < number_of(p->min_length, 0))
        return broken(p, arena_printf(a, "must contain at least %.*s characters", FMT(p->min_length)), e);
    if (str_is(p->max_length) && length > number_of(p->max_length, 0))
        return broken(p, arena_printf(a, "must contain at most %.*s characters", FMT(p->max_length)), e);
    if (str_is(p->allowed_pattern))
        TRY(match_pattern(s, p->allowed_pattern, value, &matches, e));
    return matches ? OK : broken(p, arena_printf(a, "must match pattern %.*s", FMT(p->allowed_pattern)), e);
}

/* Each member of a list must satisfy what is said of the parameter; of a Systems Manager parameter it is the name. */
res template_check_constraints(struct template_scope *s, const struct template_parameter *p, str value, struct err *e)
{
    str rest = value;

    if (str_starts(p->type, S("AWS::SSM::")) || !template_type_is_list(p->type))
        return check_one(s, p, value, e);
    if (str_empty(value) && !p->allowed && !str_eq(p->type, S("List<Number>")))
        return check_one(s, p, value, e);
    while (str_is(rest))
        TRY(check_one(s, p, str_trim(str_cut(&rest, ',')), e));
    return OK;
}
