/* SPDX-License-Identifier: MIT */
/* A template bound to a stack: what references, attributes, imports and parameters answer. What lies outside the stack
 * is asked through the gate, as whoever acts for it. */
#include <string.h>

#include "api/house.h"
#include "cfn_calls.h"
#include "cfn_secrets.h"

enum { PARAMETER_TEXT_MAX = 4096 };

/* ---- resources of the stack ---- */

static res known(struct cfn_scope *s, const struct template_resource *r, struct cloudformation_resource **out)
{
    if (!s->known[r->at])
        TRY(cloudformation_resource_load(s->c, s->stack->at.account, cfn_key(s->c, s->stack, r->id), &s->known[r->at]));
    *out = s->known[r->at];
    return OK;
}

void cfn_forget(struct cfn_scope *s, str logical)
{
    const struct template_resource *r = template_resource_find(s->t, logical);

    if (r)
        s->known[r->at] = NULL;
}

static bool is_there(const struct cfn_scope *s, const struct template_resource *at,
                     const struct cloudformation_resource *r)
{
    if (s->fate && s->fate[at->at] == CFN_FATE_NEW)
        return false;
    return r && r->physical_resource_id.n && !str_starts(r->resource_status, S("DELETE"));
}

static res ours(struct call *c, struct err *e, res why)
{
    return is_ok(why) ? OK : oops(e, c->err.sys_errno, "%s", c->err.what);
}

static res ask_ref(void *about, const struct template_resource *r, json_t **out, struct err *e)
{
    struct cfn_scope *s = about;
    struct cloudformation_resource *found;

    TRY(ours(s->c, e, known(s, r, &found)));
    *out = is_there(s, r, found)
               ? cfn_own(s->c->arena, json_stringn(found->physical_resource_id.p, found->physical_resource_id.n))
               : NULL;
    return OK;
}

static res ask_attribute(void *about, const struct template_resource *r, str path, json_t **out, struct err *e)
{
    struct cfn_scope *s = about;
    struct cloudformation_resource *found;
    const struct cfn_type *t = cfn_type_find(r->type);

    *out = NULL;
    TRY(ours(s->c, e, known(s, r, &found)));
    if (!is_there(s, r, found) || !t || (s->fate && s->fate[r->at] == CFN_FATE_CHANGED && cfn_attribute_moves(t, path)))
        return OK;
    TRY(ours(s->c, e, cfn_attribute(s->c, s->stack, t, found, path, s->veils, out)));
    if (!*out)
        return reject(
            e,
            t->any
                ? "CustomResource attribute error: Vendor response doesn't contain %.*s key in object %.*s in S3 bucket"
                : "Requested attribute %.*s does not exist in schema for %.*s",
            FMT(path), FMT(t->custom ? found->physical_resource_id : r->type));
    return OK;
}

/* ---- other stacks ---- */

static res ask_imported(void *about, str name, str *out, struct err *e)
{
    struct cfn_scope *s = about;
    struct cloudformation_export *x;

    TRY(ours(s->c, e, cloudformation_export_load(s->c, s->stack->at.account, name, &x)));
    if (!x)
        return reject(e, "No export named %.*s found. Rollback requested by user.", FMT(name));
    *out = x->value;
    if (s->imports)
        json_array_append_new(s->imports, json_stringn(name.p, name.n));
    return OK;
}

/* ---- other services, by the parameter lines of their models ---- */

static const struct cfn_parameter *parameter_find(str type)
{
    const struct cfn_parameter *best = NULL;

    for (const struct cfn_parameter *const *p = cfn_parameters; *p; p++)
        if (str_eq(type, str_z((*p)->name)))
            best = *p;
    return best;
}

/* One value, or (absent) all there are. *out NULL: there is no such thing. */
static res look_up(struct cfn_scope *s, const struct cfn_parameter *p, str value, json_t **out, struct err *e)
{
    struct call *c = s->c;
    json_t *kept = cfn_own(c->arena, json_object());
    struct cfn_values v = {.c = c, .kept = kept};
    struct cfn_answer answer;

    *out = NULL;
    if (str_is(value))
        json_object_set_new(kept, "value", json_stringn(value.p, value.n));
    TRY(ours(c, e, cfn_call_once(&v, s->actor, &p->call, &answer)));
    if (answer.fault.type)
        return reject(e, "%.*s", FMT(answer.fault.message));
    if (answer.reason.n)
        return reject(e, "%.*s", FMT(answer.reason));
    if (p->value)
        *out = cfn_at(c->arena, answer.tree, str_z(p->value));
    else
        *out = cfn_own(c->arena, json_of(value));
    return OK;
}

static res ask_dynamic(void *about, str service, str reference, str *out, struct err *e)
{
    struct cfn_scope *s = about;
    const struct cfn_parameter *p = parameter_find(S("AWS::SSM::Parameter::Value"));
    json_t *found = NULL;

    if (s->veils) { /* as it is written */
        *out = arena_printf(s->c->arena, "{{resolve:%.*s:%.*s}}", FMT(service), FMT(reference));
        return OK;
    }
    if (!p || !str_eq(service, S("ssm")))
        return reject(e, "Dynamic references of the service [%.*s] are not supported here", FMT(service));
    TRY(look_up(s, p, reference, &found, e));
    if (!json_is_string(found))
        return reject(e, "Parameters: [ssm:%.*s] cannot be found.", FMT(reference));
    *out = json_str(found);
    return OK;
}

static res ask_zones(void *about, str region, json_t **out, struct err *e)
{
    struct cfn_scope *s = about;
    const struct cfn_parameter *p = parameter_find(S("AWS::EC2::AvailabilityZone::Names"));

    *out = NULL;
    if (!p || (region.n && !str_eq(region, s->c->region)))
        return reject(e, "Fn::GetAZs knows the zones of %.*s only", FMT(s->c->region));
    return look_up(s, p, STR_ABSENT, out, e);
}

/* ---- parameters ---- */

static const struct cloudformation_kept_parameter *kept_parameter(const struct cfn_scope *s, str name)
{
    for (size_t i = 0; i < s->version->parameters.n; i++)
        if (str_eq(s->version->parameters.v[i].key, name))
            return &s->version->parameters.v[i];
    return NULL;
}

/* "List<AWS::EC2::Subnet::Id>" -> AWS::EC2::Subnet::Id; "AWS::SSM::Parameter::Value<String>" -> what is before "<". */
static str asked_type(str type, bool *list, bool *ssm)
{
    str inner = type;

    *list = str_starts(type, S("List<"));
    *ssm = str_starts(type, S("AWS::SSM::Parameter::Value<"));
    if (*list) {
        inner = str_from(type, 5);
        inner.n -= str_ends(inner, S(">"));
    }
    return *ssm ? S("AWS::SSM::Parameter::Value") : inner;
}

static res ask_each(struct cfn_scope *s, const struct cfn_parameter *p, str given, struct err *e)
{
    json_t *found;

    while (str_is(given)) {
        str one = str_trim(str_cut(&given, ','));
        TRY(look_up(s, p, one, &found, e));
        if (!found || (json_is_array(found) && json_array_size(found) == 0))
            return reject(e, "Parameter validation failed: parameter value %.*s does not exist", FMT(one));
    }
    return OK;
}

static res ask_ssm(struct cfn_scope *s, const struct cfn_parameter *p, const struct template_parameter *what, str given,
                   json_t **out, struct err *e)
{
    bool many = str_search(what->type, S("List<")) >= 0 || str_search(what->type, S("CommaDelimitedList")) >= 0;
    json_t *found = NULL;

    TRY(look_up(s, p, given, &found, e));
    if (!json_is_string(found))
        return reject(e, "Unable to fetch parameters [%.*s] from parameter store for this account.", FMT(given));
    *out = found;
    if (!many)
        return OK;
    *out = cfn_own(s->c->arena, json_array());
    for (str rest = json_str(found); str_is(rest);) {
        str one = str_trim(str_cut(&rest, ','));
        json_array_append_new(*out, json_stringn(one.p, one.n));
    }
    return OK;
}

static res as_it_was(struct cfn_scope *s, const struct cloudformation_kept_parameter *k, json_t **out, struct err *e)
{
    str text, value;

    if (!k || !k->resolved.v)
        return OK;
    TRY(ours(s->c, e, cfn_open_parameter(s->c, s->stack, k, &text, &value)));
    return str_is(value) ? json_parse(s->c->arena, value, e, out) : OK;
}

static res ask_parameter(void *about, const struct template_parameter *what, str given, json_t **out, struct err *e)
{
    struct cfn_scope *s = about;
    bool list, ssm;
    str type = asked_type(what->type, &list, &ssm);
    const struct cfn_parameter *p = str_find(type, '.') < 0 ? parameter_find(type) : NULL;

    *out = NULL;
    if (!s->asking)
        return as_it_was(s, kept_parameter(s, what->name), out, e);
    if (!p)
        return reject(e, "Parameters of the type %.*s are not supported here", FMT(what->type));
    return ssm ? ask_ssm(s, p, what, given, out, e) : ask_each(s, p, given, e);
}

/* ---- attributes of what parameters name, for Rules ---- */

static str tag_value(const json_t *tags, str key)
{
    json_t *one;
    size_t i;

    json_array_foreach(tags, i, one)
    {
        if (str_eq(json_str_at(one, "Key"), key))
            return json_str_at(one, "Value");
    }
    return S(""); /* which no assertion wants */
}

static res ask_value_of(void *about, str type, str id, str attribute, str *out, struct err *e)
{
    struct cfn_scope *s = about;
    bool list, ssm, tag = str_starts(attribute, S("Tags."));
    str inner = asked_type(type, &list, &ssm);
    const struct cfn_parameter *p =
        parameter_find(arena_printf(s->c->arena, "%.*s.%.*s", FMT(inner), FMT(tag ? S("Tags") : attribute)));
    json_t *found = NULL;

    if (!p || (!tag && str_eq(attribute, S("Tags"))))
        return reject(e, "Template error: parameters of the type %.*s have no attribute %.*s here", FMT(inner),
                      FMT(attribute));
    TRY(look_up(s, p, id, &found, e));
    *out = tag ? tag_value(found, str_from(attribute, 5)) : json_is_string(found) ? json_str(found) : S("");
    return OK;
}

/* ---- opening ---- */

static res bind(struct cfn_scope *s, const struct template_given *given, size_t n, struct err *e)
{
    struct call *c = s->c;
    const struct template_ask ask = {.about = s,
                                     .ref = ask_ref,
                                     .attribute = ask_attribute,
                                     .imported = ask_imported,
                                     .dynamic = ask_dynamic,
                                     .zones = ask_zones,
                                     .parameter = ask_parameter,
                                     .value_of = ask_value_of,
                                     .settled = !s->asking};
    const struct template_pseudo pseudo = {.account =
                                               s->stack->at.account.n ? s->stack->at.account : c->caller->account,
                                           .region = c->region,
                                           .partition = c->worker->house->partition,
                                           .url_suffix = S("amazonaws.com"),
                                           .stack_id = s->stack->stack_id,
                                           .stack_name = s->stack->stack_name,
                                           .notification_arns = s->version->notification_arns.v,
                                           .n_notification_arns = s->version->notification_arns.n};

    s->known = ARENA_ARRAY(c->arena, struct cloudformation_resource *, s->t->n_resources + 1);
    return template_bind(s->t, c->arena, &pseudo, &ask, given, n, e, &s->scope);
}

res cfn_scope_open(struct cfn_scope *s, struct err *e)
{
    struct call *c = s->c;
    size_t n = s->version->parameters.n;
    struct template_given *given = ARENA_ARRAY(c->arena, struct template_given, n + 1);
    struct cloudformation_template *kept;

    TRY(ours(c, e, cloudformation_template_load(c, s->stack->at.account, s->version->template_id, &kept)));
    if (!kept)
        return oops(e, 0, "the template %.*s is gone", FMT(s->version->template_id));
    for (size_t i = 0; i < n; i++) {
        str value;
        given[i].name = s->version->parameters.v[i].key;
        TRY(ours(c, e, cfn_open_parameter(c, s->stack, &s->version->parameters.v[i], &given[i].value, &value)));
    }
    s->asking = false;
    TRY(template_reread(c->arena, kept->tree, e, &s->t));
    return bind(s, given, n, e);
}

static res keep_parameters(struct cfn_scope *s)
{
    struct cloudformation_version *v = (struct cloudformation_version *)s->version;
    struct arena *a = s->c->arena;

    TRY(cfn_give_key(s->c, s->stack, s->t));
    v->parameters.n = s->t->n_parameters;
    v->parameters.v = ARENA_ARRAY(a, struct cloudformation_kept_parameter, s->t->n_parameters + 1);
    for (size_t i = 0; i < s->t->n_parameters; i++) {
        const struct template_parameter *p = &s->t->parameters[i];
        const struct template_value *value = &s->scope->values[i];
        v->parameters.v[i] = (struct cloudformation_kept_parameter){
            .key = p->name,
            .text = value->text,
            .value = value->value ? cfn_dump(a, value->value) : STR_ABSENT,
            .resolved = SET_BOOL(str_starts(p->type, S("AWS::SSM::Parameter::Value<"))),
            .no_echo = SET_BOOL(p->no_echo)};
        TRY(cfn_seal_parameter(s->c, s->stack, &v->parameters.v[i]));
    }
    return OK;
}

res cfn_scope_new(struct cfn_scope *s, str text, const struct template_given *given, size_t n, struct err *e)
{
    s->asking = true;
    if (!s->t)
        TRY(template_parse(s->c->arena, text, e, &s->t));
    TRY(bind(s, given, n, e));
    return ours(s->c, e, keep_parameters(s));
}

/* ---- as events show it ---- */

static json_t *veil(struct arena *a, const json_t *value)
{
    json_t *list = cfn_own(a, json_array());

    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(list, json_string("****"));
    return json_is_array(value) ? list : cfn_own(a, json_string("****"));
}

bool cfn_scope_veil(const struct cfn_scope *s, struct cfn_scope *out)
{
    struct arena *a = s->c->arena;
    struct template_scope *scope = ARENA_NEW(a, struct template_scope);
    bool any = s->stack->hidden.n > 0;

    *scope = *s->scope;
    scope->values = ARENA_ARRAY(a, struct template_value, s->t->n_parameters + 1);
    for (size_t i = 0; i < s->t->n_parameters; i++) {
        scope->values[i] = s->scope->values[i];
        if (!s->t->parameters[i].no_echo || !scope->values[i].value)
            continue;
        scope->values[i].value = veil(a, scope->values[i].value);
        any = true;
    }
    *out = *s;
    out->veils = true;
    out->imports = NULL;
    out->scope = scope;
    scope->ask.about = out;
    return any;
}
