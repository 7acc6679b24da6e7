/* SPDX-License-Identifier: MIT */
/* What an update would do, before it does it: for change sets, and to know when there is nothing to do. Values that
 * only an apply will show are left open, and what hangs on them is told as Dynamic. */
#include "cfn_changes.h"

#include "cfn_secrets.h"
#include "template_summary.h"

#include <string.h>

struct changing {
    struct call *c;
    struct cfn_scope *new;
    const struct template *old; /* NULL: of a new stack */
    const struct template_scope *old_scope;
    json_t *changes;
    struct cfn_values_seen *values; /* NULL: nobody asks */
    bool *seen;
};

/* ---- why a property changes ---- */

static bool moves(void *about, const struct template_resource *r, str attribute)
{
    const struct changing *g = about;
    const struct cfn_type *t = cfn_type_find(r->type);
    char fate = g->new->fate[r->at];

    return fate == CFN_FATE_NEW || (fate && attribute.n && (!t || cfn_attribute_moves(t, attribute)));
}

static void causes_of(struct changing *g, const struct template_resource *r, const char *prop,
                      struct template_causes *out)
{
    const struct template_resource *o = g->old ? template_resource_find(g->old, r->id) : NULL;

    template_why(g->old_scope, o ? json_object_get(o->properties, prop) : NULL, g->new->scope,
                 json_object_get(r->properties, prop), moves, g, out);
}

/* ---- one resource ---- */

static json_t *detail(const struct cfn_type *t, const char *prop, bool open, bool replaces,
                      const struct template_cause *cause)
{
    static const char *const sources[] = {[TEMPLATE_DIRECT] = "DirectModification",
                                          [TEMPLATE_PARAMETER] = "ParameterReference",
                                          [TEMPLATE_REFERENCE] = "ResourceReference",
                                          [TEMPLATE_ATTRIBUTE] = "ResourceAttribute"};
    bool tags = t->tags && strcmp(t->tags, prop) == 0;
    json_t *target = json_object(), *d = json_object();

    json_object_set_new(target, "Attribute", json_string(tags ? "Tags" : "Properties"));
    if (!tags)
        json_object_set_new(target, "Name", json_string(prop));
    json_object_set_new(target, "RequiresRecreation",
                        json_string(!replaces ? "Never"
                                    : open    ? "Conditionally"
                                              : "Always"));
    json_object_set_new(d, "Target", target);
    json_object_set_new(d, "Evaluation", json_string(open ? "Dynamic" : "Static"));
    json_object_set_new(d, "ChangeSource", json_string(sources[cause->source]));
    if (cause->entity.n)
        json_object_set_new(d, "CausingEntity", json_of(cause->entity));
    return d;
}

struct findings { /* of a resource that is there already */
    json_t *details, *scope;
    bool replaced, perhaps;
};

static void add_scope(json_t *scope, const char *word)
{
    json_t *one;
    size_t i;

    json_array_foreach(scope, i, one)
    {
        if (strcmp(json_string_value(one), word) == 0)
            return;
    }
    json_array_append_new(scope, json_string(word));
}

static void compare(struct changing *g, const struct template_resource *r, const struct cfn_type *t,
                    const json_t *before, const json_t *after, struct findings *v)
{
    const char *key;
    struct template_causes causes;
    json_t *value, *all = cfn_own(g->c->arena, json_copy((json_t *)before));

    json_object_update(all, (json_t *)after);
    json_object_foreach(all, key, value)
    {
        const struct cfn_prop *p = cfn_prop_find(t, str_z(key));
        const json_t *now = json_object_get(after, key);
        bool open = now && template_has_later(now), replaces = p && p->kind == CFN_REPLACED;
        if (p ? !cfn_alters(p, before, after) : cfn_same(json_object_get(before, key), now))
            continue;
        v->replaced |= replaces && !open;
        v->perhaps |= replaces && open;
        add_scope(v->scope, t->tags && strcmp(t->tags, key) == 0 ? "Tags" : "Properties");
        causes_of(g, r, key, &causes);
        for (size_t i = 0; i < causes.n; i++)
            json_array_append_new(v->details, detail(t, key, open, replaces, &causes.v[i]));
    }
}

/* A stack in a stack is always asked what it has to do. */
static void automatic(struct findings *v)
{
    add_scope(v->scope, "Properties");
    json_array_append_new(v->details,
                          json_pack("{s:{s:s,s:s},s:s,s:s}", "Target", "Attribute", "Properties", "RequiresRecreation",
                                    "Never", "Evaluation", "Dynamic", "ChangeSource", "Automatic"));
}

static void tell(struct changing *g, const char *action, const struct cloudformation_resource *was, str id, str type,
                 const struct findings *v)
{
    json_t *r = json_object(), *change = json_object();

    if (strcmp(action, "Remove") == 0)
        json_object_set_new(r, "PolicyAction",
                            json_string(str_starts(was->deletion_policy, S("Retain")) ? "Retain" : "Delete"));
    else if (v && v->replaced)
        json_object_set_new(
            r, "PolicyAction",
            json_string(str_eq(was->update_replace_policy, S("Retain")) ? "ReplaceAndRetain" : "ReplaceAndDelete"));
    json_object_set_new(r, "Action", json_string(action));
    json_object_set_new(r, "LogicalResourceId", json_of(id));
    if (was && was->physical_resource_id.n)
        json_object_set_new(r, "PhysicalResourceId", json_of(was->physical_resource_id));
    json_object_set_new(r, "ResourceType", json_of(type));
    if (v)
        json_object_set_new(r, "Replacement", json_string(v->replaced ? "True" : v->perhaps ? "Conditional" : "False"));
    json_object_set_new(r, "Scope", v ? json_incref(v->scope) : json_array());
    json_object_set_new(r, "Details", v ? json_incref(v->details) : json_array());
    json_object_set_new(change, "Type", json_string("Resource"));
    json_object_set_new(change, "ResourceChange", r);
    json_array_append_new(g->changes, change);
}

static res weigh(struct changing *g, const struct template_resource *r, struct cloudformation_resource *was,
                 struct err *e)
{
    const struct cfn_type *t = cfn_type_find(r->type);
    struct arena *a = g->c->arena;
    struct findings v = {.details = cfn_own(a, json_array()), .scope = cfn_own(a, json_array())};
    json_t *before = NULL, *after = NULL, *kept;

    TRY(cfn_open_resource(g->c, g->new->stack, was, &before, &kept));
    TRY(template_properties(g->new->scope, r, e, &after));
    after = after ? after : cfn_own(a, json_object());
    v.replaced = !str_eq(was->resource_type, r->type);
    if (t)
        compare(g, r, t, before, cfn_add_tags(g->c, t, g->new->version, after), &v);
    if (t && t->nested && json_array_size(v.details) == 0)
        automatic(&v);
    if (!v.replaced && json_array_size(v.details) == 0)
        return OK;
    g->new->fate[r->at] = v.replaced || v.perhaps ? CFN_FATE_NEW : CFN_FATE_CHANGED;
    tell(g, "Modify", was, r->id, r->type, &v);
    return g->values ? cfn_see_values(g->values, r->id, r, was) : OK;
}

static res visit(struct changing *g, size_t at, struct err *e)
{
    const struct template_resource *r = &g->new->t->resources[at];
    const struct template_links *links = &g->new->scope->depends[at];
    struct cloudformation_resource *was;

    if (g->seen[at] || !g->new->scope->wanted[at])
        return OK;
    g->seen[at] = true;
    for (size_t i = 0; i < links->n; i++)
        TRY(visit(g, links->at[i], e));
    TRY(cloudformation_resource_load(g->c, STR_ABSENT, cfn_key(g->c, g->new->stack, r->id), &was));
    bool there = was && was->physical_resource_id.n && !str_starts(was->resource_status, S("DELETE")) &&
                 !str_eq(was->resource_status, S("CREATE_FAILED"));
    if (there)
        return weigh(g, r, was, e);
    g->new->fate[at] = CFN_FATE_NEW;
    tell(g, "Add", NULL, r->id, r->type, NULL);
    return g->values ? cfn_see_values(g->values, r->id, r, NULL) : OK;
}

static res removed(struct changing *g)
{
    struct cloudformation_resource_page page;

    TRY(cfn_resources(g->c, g->new->stack, &page));
    for (size_t i = 0; i < page.n; i++) {
        const struct cloudformation_resource *was = page.v[i];
        const struct template_resource *r = template_resource_find(g->new->t, was->logical_resource_id);
        if (was->obsolete.v || !was->physical_resource_id.n || str_starts(was->resource_status, S("DELETE")) ||
            (r && g->new->scope->wanted[r->at]))
            continue;
        tell(g, "Remove", was, was->logical_resource_id, was->resource_type, NULL);
        if (g->values)
            TRY(cfn_see_values(g->values, was->logical_resource_id, NULL, was));
    }
    return OK;
}

res cfn_changes(struct cfn_scope *new, const struct cloudformation_version *before, json_t **out, json_t **values,
                struct err *e)
{
    struct call *c = new->c;
    struct cfn_values_seen seen;
    struct changing g = {.c = c, .new = new, .changes = cfn_own(c->arena, json_array())};
    struct cfn_scope old = {.c = c, .actor = new->actor, .stack = new->stack, .version = before};

    new->fate = ARENA_ARRAY(c->arena, char, new->t->n_resources + 1);
    g.seen = ARENA_ARRAY(c->arena, bool, new->t->n_resources + 1);
    if (before && before->template_id.n) {
        TRY(cfn_scope_open(&old, e));
        g.old = old.t;
        g.old_scope = old.scope;
    }
    if (values) {
        TRY(cfn_begin_values(&seen, new));
        g.values = &seen;
    }
    for (size_t i = 0; i < new->t->n_resources; i++)
        TRY(visit(&g, i, e));
    TRY(removed(&g));
    *out = g.changes;
    if (values)
        *values = seen.all;
    return OK;
}

bool cfn_outputs_differ(struct cfn_scope *new, const struct cloudformation_version *before)
{
    struct cfn_scope old = {.c = new->c, .actor = new->actor, .stack = new->stack, .version = before};
    struct err e = {0};

    if (!is_ok(cfn_scope_open(&old, &e)))
        return true;
    return !cfn_same(json_object_get(old.t->tree, "Outputs"), json_object_get(new->t->tree, "Outputs"));
}
