/* SPDX-License-Identifier: MIT */
/* What CreateStack, UpdateStack and CreateChangeSet ask for, from their members to a version: template, parameters,
 * capabilities, tags; checked as CloudFormation checks before anything begins. */
#include "api/tags.h"
#include "cfn_request.h"
#include "cfn_secrets.h"

#include <string.h>

/* The three operations share their members; each is read by its name. */
static const void *member(struct call *c, const char *name)
{
    const struct field *f = shape_field(c->op->in, str_z(name));

    return f ? field_of(c->in, f) : NULL;
}

static str text_of(struct call *c, const char *name)
{
    const str *s = member(c, name);

    return s ? *s : STR_ABSENT;
}

static struct list_of_str list_of(struct call *c, const char *name)
{
    const struct list_of_str *l = member(c, name);

    return l ? *l : (struct list_of_str){0};
}

static bool is_true(struct call *c, const char *name)
{
    const opt_bool *b = member(c, name);

    return b && b->v;
}

/* ---- the template ---- */

static res template_text(struct call *c, const struct cloudformation_version *previous, str *out)
{
    str body = text_of(c, "TemplateBody"), url = text_of(c, "TemplateURL");
    bool before = is_true(c, "UsePreviousTemplate");
    struct cloudformation_template *t = NULL;

    if ((body.n > 0) + (url.n > 0) + before != 1)
        return fault(c, &cloudformation_ValidationError, "Either Template URL or Template Body must be specified.");
    *out = body;
    if (url.n)
        return cfn_fetch(c, url, "Template", TEMPLATE_MAX, out);
    if (!before)
        return OK;
    if (previous)
        TRY(cloudformation_template_load(c, STR_ABSENT, previous->template_id, &t));
    if (!t)
        return fault(c, &cloudformation_ValidationError, "There is no previous template to use.");
    *out = t->body;
    return OK;
}

/* ---- parameters ---- */

static const struct cloudformation_kept_parameter *previously(const struct cloudformation_version *v, str name)
{
    for (size_t i = 0; v && i < v->parameters.n; i++)
        if (str_eq(v->parameters.v[i].key, name))
            return &v->parameters.v[i];
    return NULL;
}

static res read_parameters(struct call *c, const struct cloudformation_stack *s,
                           const struct cloudformation_version *previous, struct template_given **out, size_t *n)
{
    const struct cloudformation_parameter_list *list = member(c, "Parameters");

    *out = ARENA_ARRAY(c->arena, struct template_given, list->n + 1);
    for (*n = 0; *n < list->n; ++*n) {
        const struct cloudformation_parameter *p = &list->v[*n];
        const struct cloudformation_kept_parameter *old = previously(previous, p->parameter_key);
        for (size_t k = 0; k < *n; k++)
            if (str_eq((*out)[k].name, p->parameter_key))
                return fault(c, &cloudformation_ValidationError, "Duplicate parameter key [%.*s]",
                             FMT(p->parameter_key));
        if (p->use_previous_value.v && !old)
            return fault(
                c, &cloudformation_ValidationError,
                "Invalid input for parameter key %.*s. Cannot specify usePreviousValue as true for a parameter key "
                "not in the previous template",
                FMT(p->parameter_key));
        str text = str_is(p->parameter_value) ? p->parameter_value : S(""), value;
        if (p->use_previous_value.v)
            TRY(cfn_open_parameter(c, s, old, &text, &value));
        (*out)[*n] = (struct template_given){p->parameter_key, text};
    }
    return OK;
}

/* ---- what a template may do: capabilities and types ---- */

struct cfn_need cfn_needs(struct call *c, const struct template *t)
{
    struct cfn_need need = {0};
    str *types = ARENA_ARRAY(c->arena, str, t->n_resources + 1);

    for (size_t i = 0; i < t->n_resources; i++) {
        const struct template_resource *r = &t->resources[i];
        const struct cfn_type *type = cfn_type_find(r->type);
        if (!type || !type->iam)
            continue;
        need.iam = true;
        need.named |= type->name_prop && json_object_get(r->properties, type->name_prop);
        bool told = false;
        for (size_t k = 0; k < need.types.n; k++)
            told |= str_eq(types[k], r->type);
        if (!told)
            types[need.types.n++] = r->type;
    }
    need.types.v = types;
    return need;
}

static bool has(const struct list_of_str *list, const char *z)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], str_z(z)))
            return true;
    return false;
}

static res check_capabilities(struct call *c, const struct template *t, const struct list_of_str *given)
{
    struct cfn_need need = cfn_needs(c, t);
    bool named = has(given, "CAPABILITY_NAMED_IAM"), iam = named || has(given, "CAPABILITY_IAM");

    for (size_t i = 0; i < given->n; i++)
        if (!str_eq(given->v[i], S("CAPABILITY_IAM")) && !str_eq(given->v[i], S("CAPABILITY_NAMED_IAM")) &&
            !str_eq(given->v[i], S("CAPABILITY_AUTO_EXPAND")))
            return fault(c, &cloudformation_ValidationError,
                         "1 validation error detected: Value '[%.*s]' at 'capabilities' failed to satisfy constraint: "
                         "Member must satisfy enum value set: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, "
                         "CAPABILITY_AUTO_EXPAND]",
                         FMT(given->v[i]));
    if ((need.named && !named) || (need.iam && !iam))
        return fault(c, &cloudformation_InsufficientCapabilitiesException, "Requires capabilities : [%s]",
                     need.named ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM");
    return OK;
}

static bool is_permitted(const struct list_of_str *types, str type)
{
    for (size_t i = 0; i < types->n; i++) {
        str one = types->v[i];
        if (str_eq(one, type) || (str_ends(one, S("*")) && str_starts(type, str_sub(one, 0, one.n - 1))))
            return true;
    }
    return types->n == 0;
}

static res check_types(struct call *c, const struct template *t)
{
    struct list_of_str permitted = list_of(c, "ResourceTypes");
    struct buf unknown;

    buf_init(&unknown, 1024);
    for (size_t i = 0; i < t->n_resources; i++)
        if (!cfn_type_find(t->resources[i].type) && str_search(buf_str(&unknown), t->resources[i].type) < 0)
            buf_printf(&unknown, "%s%.*s", unknown.n ? ", " : "", FMT(t->resources[i].type));
    str list = arena_dup(c->arena, buf_str(&unknown));
    buf_done(&unknown);
    if (list.n)
        return fault(c, &cloudformation_ValidationError, "Template format error: Unrecognized resource types: [%.*s]",
                     FMT(list));
    for (size_t i = 0; i < t->n_resources; i++)
        if (!is_permitted(&permitted, t->resources[i].type))
            return fault(c, &cloudformation_ValidationError,
                         "Resource type %.*s is not allowed by parameter ResourceTypes", FMT(t->resources[i].type));
    return OK;
}

/* What is not built is said, not forgotten. */
static res check_absent(struct call *c)
{
    const struct cloudformation_rollback_configuration *const *rollback = member(c, "RollbackConfiguration");

    if (list_of(c, "NotificationARNs").n)
        return fault(c, &cloudformation_ValidationError, "NotificationARNs are not supported here: there is no SNS.");
    if (rollback && *rollback && (*rollback)->rollback_triggers.n)
        return fault(c, &cloudformation_ValidationError,
                     "RollbackTriggers are not supported here: there are no alarms.");
    if (rollback && *rollback && (*rollback)->monitoring_time_in_minutes.v)
        return fault(c, &cloudformation_ValidationError,
                     "MonitoringTimeInMinutes is not supported here: there are no alarms to watch.");
    if (is_true(c, "ImportExistingResources"))
        return fault(c, &cloudformation_ValidationError, "ImportExistingResources is not supported here.");
    return OK;
}

static res rejected(struct call *c, res why, const struct err *e)
{
    if (is_ok(why) || why.why == WHY_FAULT)
        return why;
    if (why.why == WHY_REJECT)
        return fault(c, &cloudformation_ValidationError, "%s", e->what);
    return oops(&c->err, e->sys_errno, "%s", e->what);
}

res cfn_parse(struct call *c, str text, struct template **out)
{
    struct err e = {0};

    return rejected(c, template_parse(c->arena, text, &e, out), &e);
}

static res take_tags(struct call *c, const struct cloudformation_version *previous, struct cloudformation_tag_list *out)
{
    const struct cloudformation_tag_list *given = member(c, "Tags");

    if (tags_any_system(TAGS(*given)))
        return fault(c, &cloudformation_ValidationError, "Tag keys that begin with aws: are AWS's own.");
    *out = given->n || !previous ? *given : previous->tags;
    return OK;
}

res cfn_read_request(struct call *c, struct cloudformation_stack *s, const struct cloudformation_version *previous,
                     struct cfn_request *out)
{
    struct cloudformation_version *v = ARENA_NEW(c->arena, struct cloudformation_version);
    struct template_given *given;
    struct err e = {0};
    size_t n;

    TRY(check_absent(c));
    TRY(template_text(c, previous, &out->text));
    TRY(read_parameters(c, s, previous, &given, &n));
    TRY(cfn_parse(c, out->text, &out->t));
    TRY(check_types(c, out->t));
    v->capabilities = list_of(c, "Capabilities");
    TRY(check_capabilities(c, out->t, &v->capabilities));
    TRY(take_tags(c, previous, &v->tags));
    v->description = out->t->description;
    out->version = v;
    out->scope = (struct cfn_scope){/* whose asks point to it: it stays where it is */
                                    .c = c,
                                    .actor = caller_forward(c, CFN),
                                    .stack = s,
                                    .version = v,
                                    .t = out->t};
    return rejected(c, cfn_scope_new(&out->scope, out->text, given, n, &e), &e);
}
