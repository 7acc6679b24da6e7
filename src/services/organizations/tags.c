/* SPDX-License-Identifier: MIT */
/* Tags on accounts, units, the root, policies and the resource policy. */
#include "organizations_parts.h"

static res tagged_policy(struct call *c, str id, struct org_node *out, bool *found)
{
    struct organizations_policy *p;

    TRY(organizations_policy_get(c, id, &p));
    *found = p && !organizations_is_aws(id);
    if (*found)
        *out = (struct org_node){
            .kind = ORG_POLICY, .id = p->id, .arn = organizations_policy_arn(c, p), .tags = &p->tags, .record = p};
    return OK;
}

static res tagged_resource_policy(struct call *c, str id, struct org_node *out, bool *found)
{
    struct organizations_resource_policy *p;

    TRY(organizations_resource_policy_get(c, &p));
    *found = p && str_eq(p->id, id);
    if (*found)
        *out = (struct org_node){.kind = ORG_RESOURCE_POLICY,
                                 .id = p->id,
                                 .arn = organizations_arn(c, "resourcepolicy", p->id),
                                 .tags = &p->tags,
                                 .record = p};
    return OK;
}

res organizations_tagged(struct call *c, str id, struct org_node *out, bool *found)
{
    if (str_starts(id, S("p-")))
        return tagged_policy(c, id, out, found);
    if (str_starts(id, S("rp-")))
        return tagged_resource_policy(c, id, out, found);
    return organizations_node(c, id, out, found);
}

static struct organizations_tag *tag_of(const struct organizations_tag_list *tags, str key)
{
    for (size_t i = 0; i < tags->n; i++)
        if (str_eq(tags->v[i].key, key))
            return &tags->v[i];
    return NULL;
}

res organizations_tag_resource(struct call *c, const struct organizations_tag_resource_in *in,
                               struct organizations_tag_resource_out *out)
{
    struct org_node *node = (struct org_node *)c->subject;
    struct organizations_tag_list all = {
        node->tags->n, ARENA_ARRAY(c->arena, struct organizations_tag, node->tags->n + in->tags.n + 1)};

    (void)out;
    TRY(organizations_check_tags(c, &in->tags));
    for (size_t i = 0; i < node->tags->n; i++)
        all.v[i] = node->tags->v[i];
    for (size_t i = 0; i < in->tags.n; i++) {
        struct organizations_tag *old = tag_of(&all, in->tags.v[i].key);
        *(old ? old : &all.v[all.n++]) = in->tags.v[i];
    }
    TRY(organizations_check_tags(c, &all));
    *node->tags = all;
    return organizations_node_save(c, node);
}

res organizations_untag_resource(struct call *c, const struct organizations_untag_resource_in *in,
                                 struct organizations_untag_resource_out *out)
{
    struct org_node *node = (struct org_node *)c->subject;
    size_t kept = 0;

    (void)out;
    for (size_t i = 0; i < node->tags->n; i++) {
        bool gone = false;
        for (size_t k = 0; k < in->tag_keys.n; k++)
            gone |= str_eq(in->tag_keys.v[k], node->tags->v[i].key);
        if (!gone)
            node->tags->v[kept++] = node->tags->v[i];
    }
    node->tags->n = kept;
    return organizations_node_save(c, node);
}

/* Never more than fit one answer. */
res organizations_list_tags_for_resource(struct call *c, const struct organizations_list_tags_for_resource_in *in,
                                         struct organizations_list_tags_for_resource_out *out)
{
    (void)in;
    out->tags = *((const struct org_node *)c->subject)->tags;
    return OK;
}
