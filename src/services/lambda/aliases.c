/* SPDX-License-Identifier: MIT */
/* Aliases: names for versions, each with a resource policy of its own. One may lead to two versions, the second with
 * the weight that RoutingConfig gives it. */
#include "api/gate.h"
#include "crypto/random.h"
#include "lambda_parts.h"

enum { PAGE_MAX = 50, REFERENCES_MAX = 10000 };

struct second { /* the version beside an alias' own; absent: none */
    str version;
    double weight;
};

str lambda_alias_id(struct call *c, str function, str name)
{
    return arena_printf(c->arena, "%.*s:%.*s", FMT(function), FMT(name));
}

/* ---- weights ---- */

static double weight_of(const json_t *v)
{
    double w;

    if (json_is_number(v))
        return json_number_value(v);
    return json_is_string(v) && str_to_double(json_str(v), &w) ? w : -1; /* templates write numbers as texts */
}

static res read_second(struct call *c, const struct lambda_routing *r, struct second *out)
{
    json_t *all, *one;
    const char *version;

    *out = (struct second){0};
    if (!r || !r->additional_version_weights.n)
        return OK;
    TRY(json_parse(c->arena, r->additional_version_weights, &c->err, &all));
    if (c->parent && json_is_string(all)) /* a cfn line's word for none */
        return OK;
    if (!json_is_object(all) || json_object_size(all) > 1)
        return fault(c, &lambda_InvalidParameterValueException,
                     "Number of items in AdditionalVersionWeights cannot be greater than 1");
    json_object_foreach(all, version, one)
    {
        *out = (struct second){arena_dup(c->arena, str_z(version)), weight_of(one)};
        if (!(out->weight >= 0 && out->weight <= 1))
            return fault(c, &lambda_InvalidParameterValueException,
                         "1 validation error detected: Value at 'routingConfig.additionalVersionWeights' failed to "
                         "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or "
                         "equal to 1.0, Member must have value greater than or equal to 0.0]");
    }
    return OK;
}

static res version_named(struct call *c, const struct lambda_function *f, str version,
                         const struct lambda_function **out)
{
    bool latest = str_eq(version, S("$LATEST"));

    *out = latest ? f : NULL;
    if (!latest && str_all(version, "0123456789"))
        TRY(lambda_load(c, f->at.account, f->function_name, version, out));
    return *out ? OK
                : fault(c, &lambda_ResourceNotFoundException, "Function not found: %.*s",
                        FMT(lambda_qualified_arn(c, f, version)));
}

/* Both versions are published, and have the same role: AWS's rules for an alias that leads to two. */
static res check_targets(struct call *c, const struct lambda_function *f, struct lambda_alias *a)
{
    const struct lambda_function *first, *other;
    struct second second;

    TRY(version_named(c, f, a->function_version, &first));
    TRY(read_second(c, a->routing_config, &second));
    if (!second.version.n) {
        a->routing_config = NULL;
        return OK;
    }
    if (str_eq(a->function_version, S("$LATEST")))
        return fault(c, &lambda_InvalidParameterValueException,
                     "$LATEST is not supported for an alias pointing to more than 1 version");
    if (str_eq(second.version, a->function_version))
        return fault(c, &lambda_InvalidParameterValueException,
                     "Invalid function version %.*s. Function version %.*s is already included in routing "
                     "configuration.",
                     FMT(second.version), FMT(second.version));
    if (!str_all(second.version, "0123456789"))
        return fault(c, &lambda_InvalidParameterValueException,
                     "1 validation error detected: Value at 'routingConfig.additionalVersionWeights' failed to satisfy "
                     "constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
                     "[0-9]+]");
    TRY(version_named(c, f, second.version, &other));
    if (!str_eq(first->role, other->role))
        return fault(c, &lambda_InvalidParameterValueException,
                     "The versions that an alias points to must have the same execution role.");
    a->routing_config = ARENA_NEW(c->arena, struct lambda_routing);
    a->routing_config->additional_version_weights =
        arena_printf(c->arena, "{\"%.*s\":%.15g}", FMT(second.version), second.weight);
    return OK;
}

static bool chance(double weight)
{
    uint32_t r;

    random_bytes(&r, sizeof r);
    return r < weight * 4294967296.0;
}

res lambda_pick(struct call *c, const struct lambda_function *f, const struct lambda_function **out)
{
    struct lambda_function *other;
    const struct lambda_function *found;
    const struct lambda_alias *a;
    struct second second;

    *out = f;
    if (!lambda_is_alias(f))
        return OK;
    TRY(lambda_alias_kept(c, f->at.account, f->function_name, f->qualifier, &a));
    if (!a)
        return OK;
    TRY(read_second(c, a->routing_config, &second));
    if (!second.version.n || !chance(second.weight))
        return OK;
    TRY(lambda_load(c, f->at.account, f->function_name, second.version, &found));
    if (!found)
        return OK;
    other = ARENA_NEW(c->arena, struct lambda_function);
    *other = *found;
    other->qualifier = f->qualifier;
    *out = other;
    return OK;
}

/* ---- the operations ---- */

static res alias_named(struct call *c, const struct lambda_function *f, str name, struct lambda_alias **out)
{
    TRY(lambda_only_function(c, f));
    TRY(lambda_alias_load(c, f->at.account, lambda_alias_id(c, f->function_name, name), out));
    return *out ? OK
                : fault(c, &lambda_ResourceNotFoundException, "Cannot find alias arn: %.*s",
                        FMT(lambda_qualified_arn(c, f, name)));
}

static bool is_name(str name)
{
    return str_all(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") &&
           !str_all(name, "0123456789");
}

res lambda_create_alias(struct call *c, const struct lambda_create_alias_in *in, struct lambda_create_alias_out *out)
{
    const struct lambda_function *f = c->subject;
    struct lambda_alias *a = ARENA_NEW(c->arena, struct lambda_alias), *old;

    TRY(lambda_only_function(c, f));
    if (!is_name(in->name))
        return fault(c, &lambda_InvalidParameterValueException,
                     "1 validation error detected: Value '%.*s' at 'name' failed to satisfy constraint: Member must "
                     "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
                     FMT(in->name));
    *a = (struct lambda_alias){.at.account = f->at.account,
                               .alias_id = lambda_alias_id(c, f->function_name, in->name),
                               .alias_arn = lambda_qualified_arn(c, f, in->name),
                               .name = in->name,
                               .function_version = in->function_version,
                               .description = str_is(in->description) ? in->description : S(""),
                               .routing_config = in->routing_config,
                               .revision_id = call_uuid(c)};
    TRY(lambda_alias_load(c, f->at.account, a->alias_id, &old));
    if (old)
        return fault(c, &lambda_ResourceConflictException, "Alias already exists: %.*s", FMT(a->alias_arn));
    TRY(check_targets(c, f, a));
    TRY(lambda_alias_save(c, a));
    shape_copy(&lambda_alias_shape, a, &lambda_create_alias_out_shape, out);
    return OK;
}

res lambda_update_alias(struct call *c, const struct lambda_update_alias_in *in, struct lambda_update_alias_out *out)
{
    const struct lambda_function *f = c->subject;
    struct lambda_alias *a;

    TRY(alias_named(c, f, in->name, &a));
    TRY(lambda_check_revision(c, a->revision_id, in->revision_id));
    a->function_version = in->function_version.n ? in->function_version : a->function_version;
    a->description = str_is(in->description) ? in->description : a->description;
    a->routing_config = in->routing_config ? in->routing_config : a->routing_config;
    a->revision_id = call_uuid(c);
    TRY(check_targets(c, f, a));
    TRY(lambda_alias_save(c, a));
    shape_copy(&lambda_alias_shape, a, &lambda_update_alias_out_shape, out);
    return OK;
}

res lambda_get_alias(struct call *c, const struct lambda_get_alias_in *in, struct lambda_get_alias_out *out)
{
    struct lambda_alias *a;

    TRY(alias_named(c, c->subject, in->name, &a));
    shape_copy(&lambda_alias_shape, a, &lambda_get_alias_out_shape, out);
    return OK;
}

static res leads_to(struct call *c, const struct lambda_alias *a, str version, bool *out)
{
    struct second second;

    TRY(read_second(c, a->routing_config, &second));
    *out = str_eq(a->function_version, version) || str_eq(second.version, version);
    return OK;
}

res lambda_list_aliases(struct call *c, const struct lambda_list_aliases_in *in, struct lambda_list_aliases_out *out)
{
    const struct lambda_function *f = c->subject;
    size_t limit = in->max_items.set && in->max_items.v < PAGE_MAX ? (size_t)in->max_items.v : PAGE_MAX;
    struct lambda_alias_page page;
    str after = STR_ABSENT;

    TRY(lambda_only_function(c, f));
    if (in->marker.n && !page_token_open(c, in->marker, &after))
        return fault(c, &lambda_InvalidParameterValueException, "Invalid Marker");
    TRY(lambda_alias_list_all(c, f->at.account, lambda_alias_id(c, f->function_name, S("")), after, limit, &page));
    out->aliases.v = ARENA_ARRAY(c->arena, struct lambda_alias_configuration, page.n + 1);
    for (size_t i = 0; i < page.n; i++) {
        bool wanted = true;
        if (in->function_version.n)
            TRY(leads_to(c, page.v[i], in->function_version, &wanted));
        if (wanted)
            shape_copy(&lambda_alias_shape, page.v[i], &lambda_alias_configuration_shape,
                       &out->aliases.v[out->aliases.n++]);
    }
    if (page.more)
        out->next_marker = page_token(c, page.v[page.n - 1]->alias_id);
    return OK;
}

/* One that is not there is deleted. */
res lambda_delete_alias(struct call *c, const struct lambda_delete_alias_in *in, struct lambda_delete_alias_out *out)
{
    const struct lambda_function *f = c->subject;
    struct lambda_alias *a;

    (void)out;
    TRY(lambda_only_function(c, f));
    TRY(lambda_alias_load(c, f->at.account, lambda_alias_id(c, f->function_name, in->name), &a));
    return a ? lambda_alias_drop(c, a) : OK;
}

res lambda_check_unaliased(struct call *c, const struct lambda_function *f)
{
    struct lambda_alias_page page;
    bool used = false;

    TRY(lambda_alias_list_all(c, f->at.account, lambda_alias_id(c, f->function_name, S("")), STR_ABSENT, REFERENCES_MAX,
                              &page));
    for (size_t i = 0; i < page.n; i++) {
        TRY(leads_to(c, page.v[i], f->version, &used));
        if (used)
            return fault(c, &lambda_ResourceConflictException,
                         "Unable to delete version because the following aliases reference it: [%.*s]",
                         FMT(page.v[i]->name));
    }
    return OK;
}
