/* SPDX-License-Identifier: MIT */
/* Finders of cloudformation, and the records of a stack. */
#include "cfn_parts.h"

str cfn_own_id(str stack_id)
{
    return str_from(stack_id, (size_t)(str_rfind(stack_id, '/') + 1));
}

/* arn:...:stack/NAME/ID -> NAME; a name is itself. */
str cfn_stack_name_of(str given)
{
    if (!str_starts(given, S("arn:")))
        return given;
    (void)str_cut(&given, '/');
    return str_is(given) ? str_cut(&given, '/') : S("");
}

str cfn_key(struct call *c, const struct cloudformation_stack *s, str logical)
{
    return arena_printf(c->arena, "%.*s/%.*s", FMT(cfn_own_id(s->stack_id)), FMT(logical));
}

res cfn_stack_load(struct call *c, str name, struct cloudformation_stack **out)
{
    struct cloudformation_stack_page page;

    *out = NULL;
    if (str_starts(name, S("arn:")))
        return cloudformation_stack_load(c, STR_ABSENT, name, out);
    TRY(cloudformation_stack_by_after(c, "name", name, STR_ABSENT, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

static res find(struct call *c, str name, const char *missing, struct resource *out)
{
    struct cloudformation_stack *s;

    TRY(cfn_stack_load(c, name, &s));
    out->subject = s;
    if (!s) {
        out->arn = str_starts(name, S("arn:")) ? name : call_arn(c, "cloudformation", "stack/%.*s/*", FMT(name));
        out->missing = missing ? &cloudformation_ValidationError : NULL;
        out->missing_text = missing ? arena_printf(c->arena, missing, FMT(name)) : STR_ABSENT;
        return OK;
    }
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, s->now->tags.n + 1);
    for (size_t i = 0; i < s->now->tags.n; i++)
        tags[i] = (struct str_pair){s->now->tags.v[i].key, s->now->tags.v[i].value};
    out->arn = s->stack_id;
    out->tags = tags;
    out->n_tags = s->now->tags.n;
    return OK;
}

res cfn_find_stack(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], "Stack with id %.*s does not exist", out);
}

res cfn_find_named(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], "Stack [%.*s] does not exist", out);
}

/* Deleting what is not there is fine. */
res cfn_find_any(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], NULL, out);
}

res cfn_resources(struct call *c, const struct cloudformation_stack *s, struct cloudformation_resource_page *out)
{
    return cloudformation_resource_list_all(c, s->at.account, cfn_key(c, s, S("")), STR_ABSENT, 4 * CFN_RESOURCES_MAX,
                                            out);
}

/* What of an account's stacks lies outside the store is its resources, which go with their own services. */
res cfn_wipe(struct call *c, str account)
{
    (void)c, (void)account;
    return OK;
}
