/* SPDX-License-Identifier: MIT */
/* What a stack tells others: its outputs, and the exports that other stacks hold on to. */
#include "cfn_parts.h"

/* ---- exports ---- */

static res is_imported(struct call *c, str name, str *by)
{
    struct cloudformation_stack_page page;

    TRY(cloudformation_stack_by_after(c, "imports", name, STR_ABSENT, 1, &page));
    *by = page.n ? page.v[0]->stack_name : STR_ABSENT;
    return OK;
}

res cfn_exports_unused(struct call *c, const struct cloudformation_stack *s, str *used, str *by)
{
    *by = STR_ABSENT;
    for (size_t i = 0; i < s->exports.n && !str_is(*by); i++) {
        *used = s->exports.v[i];
        TRY(is_imported(c, *used, by));
    }
    return OK;
}

res cfn_drop_exports(struct call *c, struct cloudformation_stack *s)
{
    for (size_t i = 0; i < s->exports.n; i++) {
        struct cloudformation_export *x;
        TRY(cloudformation_export_load(c, STR_ABSENT, s->exports.v[i], &x));
        if (x && str_eq(x->exporting_stack_id, s->stack_id))
            TRY(cloudformation_export_drop(c, x));
    }
    s->exports = (struct list_of_str){0};
    return OK;
}

static const struct cloudformation_output *exported(const struct cloudformation_output_list *v, str name)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->v[i].export_name, name))
            return &v->v[i];
    return NULL;
}

/* What others import stays as it is. */
static res check_old(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_output_list *new,
                     str *why)
{
    for (size_t i = 0; i < s->exports.n && !str_is(*why); i++) {
        struct cloudformation_export *x;
        str by = STR_ABSENT;
        const struct cloudformation_output *now = exported(new, s->exports.v[i]);
        TRY(cloudformation_export_load(c, STR_ABSENT, s->exports.v[i], &x));
        if (!x || (now && str_eq(now->output_value, x->value)))
            continue;
        TRY(is_imported(c, x->name, &by));
        if (str_is(by))
            *why = arena_printf(c->arena, "Export %.*s cannot be %s as it is in use by %.*s", FMT(x->name),
                                now ? "updated" : "deleted", FMT(by));
    }
    return OK;
}

static res check_new(struct call *c, const struct cloudformation_stack *s, const struct cloudformation_output_list *new,
                     str *why)
{
    for (size_t i = 0; i < new->n && !str_is(*why); i++) {
        struct cloudformation_export *x;
        if (!new->v[i].export_name.n)
            continue;
        TRY(cloudformation_export_load(c, STR_ABSENT, new->v[i].export_name, &x));
        if (x && !str_eq(x->exporting_stack_id, s->stack_id))
            *why = arena_printf(c->arena, "Export with name %.*s is already exported by stack %.*s", FMT(x->name),
                                FMT(cfn_stack_name_of(x->exporting_stack_id)));
    }
    return OK;
}

static res save_exports(struct call *c, struct cloudformation_stack *s)
{
    str *names = ARENA_ARRAY(c->arena, str, s->outputs.n + 1);
    size_t n = 0;

    TRY(cfn_drop_exports(c, s));
    for (size_t i = 0; i < s->outputs.n; i++) {
        const struct cloudformation_output *o = &s->outputs.v[i];
        struct cloudformation_export *x = ARENA_NEW(c->arena, struct cloudformation_export);
        if (!o->export_name.n)
            continue;
        *x = (struct cloudformation_export){
            .name = o->export_name, .exporting_stack_id = s->stack_id, .value = o->output_value};
        names[n++] = o->export_name;
        TRY(cloudformation_export_save(c, x));
    }
    s->exports = (struct list_of_str){n, names};
    return OK;
}

/* ---- outputs ---- */

static struct list_of_str texts(struct arena *a, const json_t *list)
{
    struct list_of_str out = {0, ARENA_ARRAY(a, str, json_array_size(list) + 1)};
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        bool there = false;
        for (size_t k = 0; k < out.n; k++)
            there |= str_eq(out.v[k], json_str(one));
        if (!there)
            out.v[out.n++] = arena_dup(a, json_str(one));
    }
    return out;
}

res cfn_outputs(struct cfn_scope *s, str *why)
{
    struct call *c = s->c;
    struct cloudformation_output_list out = {0,
                                             ARENA_ARRAY(c->arena, struct cloudformation_output, s->t->n_outputs + 1)};
    struct err e = {0};

    for (size_t i = 0; i < s->t->n_outputs; i++) {
        const struct template_output *o = &s->t->outputs[i];
        struct cloudformation_output *to = &out.v[out.n];
        if (!template_output_wanted(s->scope, o))
            continue;
        res r = template_output(s->scope, o, &e, &to->output_value, &to->export_name);
        if (r.why == WHY_OOPS)
            return oops(&c->err, e.sys_errno, "%s", e.what);
        if (!is_ok(r)) {
            *why = arena_dup(c->arena, str_z(e.what));
            return OK;
        }
        to->output_key = o->name;
        to->description = o->description;
        out.n++;
    }
    TRY(check_old(c, s->stack, &out, why));
    TRY(check_new(c, s->stack, &out, why));
    if (str_is(*why))
        return OK;
    s->stack->outputs = out;
    s->stack->imports = texts(c->arena, s->imports);
    return save_exports(c, s->stack);
}
