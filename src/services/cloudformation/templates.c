/* SPDX-License-Identifier: MIT */
/* What is told of templates, and of what stacks export. */
#include "cfn_request.h"

/* ---- GetTemplate ---- */

static res template_of(struct call *c, const struct cloudformation_version *v, struct cloudformation_template **out)
{
    *out = NULL;
    return v && v->template_id.n ? cloudformation_template_load(c, STR_ABSENT, v->template_id, out) : OK;
}

static res wanted_version(struct call *c, const struct cloudformation_get_template_in *in,
                          const struct cloudformation_version **out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_change_set_page page;
    struct cloudformation_change_set *x = NULL;

    *out = s ? s->now : NULL;
    if (!in->change_set_name.n)
        return OK;
    if (str_starts(in->change_set_name, S("arn:"))) {
        TRY(cloudformation_change_set_load(c, STR_ABSENT, in->change_set_name, &x));
    } else if (s) {
        TRY(cloudformation_change_set_by_after(c, "stack", s->stack_id, STR_ABSENT, CFN_RESOURCES_MAX, &page));
        for (size_t i = 0; i < page.n; i++)
            x = str_eq(page.v[i]->change_set_name, in->change_set_name) ? page.v[i] : x;
    }
    if (!x || (s && !str_eq(x->stack_id, s->stack_id)))
        return fault(c, &cloudformation_ChangeSetNotFound, "ChangeSet [%.*s] does not exist", FMT(in->change_set_name));
    *out = x->wanted;
    return OK;
}

res cloudformation_get_template(struct call *c, const struct cloudformation_get_template_in *in,
                                struct cloudformation_get_template_out *out)
{
    str *stages = ARENA_ARRAY(c->arena, str, 2);
    const struct cloudformation_version *v;
    struct cloudformation_template *t;

    TRY(wanted_version(c, in, &v));
    TRY(template_of(c, v, &t));
    if (!t)
        return fault(c, &cloudformation_ValidationError, "There is no template for this stack");
    out->template_body = t->body;
    stages[0] = S("Original");
    stages[1] = S("Processed");
    out->stages_available = (struct list_of_str){2, stages};
    return OK;
}

/* ---- ValidateTemplate and GetTemplateSummary ---- */

static res given_text(struct call *c, str body, str url, str *out)
{
    if ((body.n > 0) + (url.n > 0) != 1)
        return fault(c, &cloudformation_ValidationError, "Either Template URL or Template Body must be specified.");
    *out = body;
    return url.n ? cfn_fetch(c, url, "Template", TEMPLATE_MAX, out) : OK;
}

static void capabilities(struct call *c, const struct template *t, struct list_of_str *list, str *reason)
{
    struct cfn_need need = cfn_needs(c, t);
    struct buf b;

    if (!need.iam)
        return;
    list->v = ARENA_NEW(c->arena, str);
    list->v[list->n++] = need.named ? S("CAPABILITY_NAMED_IAM") : S("CAPABILITY_IAM");
    buf_init(&b, 4096);
    for (size_t i = 0; i < need.types.n; i++)
        buf_printf(&b, "%s%.*s", i ? ", " : "", FMT(need.types.v[i]));
    *reason = arena_printf(c->arena, "The following resource(s) require capabilities: [%.*s]", FMT(buf_str(&b)));
    buf_done(&b);
}

res cloudformation_validate_template(struct call *c, const struct cloudformation_validate_template_in *in,
                                     struct cloudformation_validate_template_out *out)
{
    struct template *t;
    str text;

    TRY(given_text(c, in->template_body, in->template_url, &text));
    TRY(cfn_parse(c, text, &t));
    out->description = t->description;
    capabilities(c, t, &out->capabilities, &out->capabilities_reason);
    out->parameters.v = ARENA_ARRAY(c->arena, struct cloudformation_template_parameter, t->n_parameters + 1);
    for (size_t i = 0; i < t->n_parameters; i++)
        out->parameters.v[out->parameters.n++] =
            (struct cloudformation_template_parameter){.parameter_key = t->parameters[i].name,
                                                       .default_value = t->parameters[i].fallback,
                                                       .no_echo = SET_BOOL(t->parameters[i].no_echo),
                                                       .description = t->parameters[i].description};
    return OK;
}

static struct cloudformation_parameter_constraints *constraints(struct call *c, const struct template_parameter *p)
{
    struct cloudformation_parameter_constraints *k = ARENA_NEW(c->arena, struct cloudformation_parameter_constraints);
    json_t *one;
    size_t i;

    k->allowed_values.v = ARENA_ARRAY(c->arena, str, json_array_size(p->allowed) + 1);
    json_array_foreach(p->allowed, i, one) k->allowed_values.v[k->allowed_values.n++] = json_str(one);
    return k;
}

static void declare(struct call *c, const struct template *t, struct cloudformation_parameter_declaration_list *out)
{
    out->v = ARENA_ARRAY(c->arena, struct cloudformation_parameter_declaration, t->n_parameters + 1);
    for (size_t i = 0; i < t->n_parameters; i++) {
        const struct template_parameter *p = &t->parameters[i];
        out->v[out->n++] = (struct cloudformation_parameter_declaration){.parameter_key = p->name,
                                                                         .default_value = p->fallback,
                                                                         .parameter_type = p->type,
                                                                         .no_echo = SET_BOOL(p->no_echo),
                                                                         .description = p->description,
                                                                         .parameter_constraints = constraints(c, p)};
    }
}

static struct list_of_str types_of(struct call *c, const struct template *t)
{
    struct list_of_str out = {0, ARENA_ARRAY(c->arena, str, t->n_resources + 1)};

    for (size_t i = 0; i < t->n_resources; i++) {
        bool told = false;
        for (size_t k = 0; k < out.n; k++)
            told |= str_eq(out.v[k], t->resources[i].type);
        if (!told)
            out.v[out.n++] = t->resources[i].type;
    }
    return out;
}

res cloudformation_get_template_summary(struct call *c, const struct cloudformation_get_template_summary_in *in,
                                        struct cloudformation_get_template_summary_out *out)
{
    const struct cloudformation_stack *s = c->subject;
    struct cloudformation_template *kept = NULL;
    struct template *t;
    str text;

    if (in->stack_set_name.n)
        return fault(c, &cloudformation_ValidationError,
                     "StackSetName is not supported here: there are no stack sets.");
    if (s)
        TRY(template_of(c, s->now, &kept));
    if (kept)
        text = kept->body;
    else
        TRY(given_text(c, in->template_body, in->template_url, &text));
    TRY(cfn_parse(c, text, &t));
    out->description = t->description;
    capabilities(c, t, &out->capabilities, &out->capabilities_reason);
    declare(c, t, &out->parameters);
    out->resource_types = types_of(c, t);
    out->version = json_str_at(t->tree, "AWSTemplateFormatVersion");
    if (t->metadata)
        out->metadata = cfn_dump(c->arena, t->metadata);
    return OK;
}

/* ---- exports ---- */

res cloudformation_list_exports(struct call *c, const struct cloudformation_list_exports_in *in,
                                struct cloudformation_list_exports_out *out)
{
    struct cloudformation_export_page page;
    str after = STR_ABSENT;

    if (in->next_token.n && !page_token_open(c, in->next_token, &after))
        return fault(c, &cloudformation_ValidationError, "Next token is not valid");
    TRY(cloudformation_export_list_all(c, STR_ABSENT, STR_ABSENT, after, CFN_PAGE, &page));
    out->exports.v = ARENA_ARRAY(c->arena, struct cloudformation_export_out, page.n + 1);
    for (; out->exports.n < page.n; out->exports.n++)
        shape_copy(&cloudformation_export_shape, page.v[out->exports.n], &cloudformation_export_out_shape,
                   &out->exports.v[out->exports.n]);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->name);
    return OK;
}

res cloudformation_list_imports(struct call *c, const struct cloudformation_list_imports_in *in,
                                struct cloudformation_list_imports_out *out)
{
    struct cloudformation_stack_page page;

    TRY(cloudformation_stack_by_after(c, "imports", in->export_name, STR_ABSENT, CFN_RESOURCES_MAX, &page));
    if (!page.n)
        return fault(c, &cloudformation_ValidationError, "Export '%.*s' is not imported by any stack.",
                     FMT(in->export_name));
    out->imports.v = ARENA_ARRAY(c->arena, str, page.n);
    for (; out->imports.n < page.n; out->imports.n++)
        out->imports.v[out->imports.n] = page.v[out->imports.n]->stack_name;
    return OK;
}
