/* SPDX-License-Identifier: MIT */
/* Roles: who may become them (the trust policy) and what they may do. */
#include "base/enc.h"
#include "iam_names.h"

res iam_find_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_role *r;

    (void)n;
    TRY(iam_role_load(c, STR_ABSENT, names[0], &r));
    out->account = c->caller->account;
    if (!r) {
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "The role with name %.*s cannot be found.", FMT(names[0]));
        return OK;
    }
    out->arn = r->arn;
    out->subject = r;
    out->tags = (const struct str_pair *)r->tags.v;
    out->n_tags = r->tags.n;
    return OK;
}

static str path_or_root(str path)
{
    return path.n ? path : S("/");
}

res iam_new_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "role%.*s%.*s", FMT(path_or_root(names[0])), FMT(names[1]));
    return OK;
}

static struct iam_role_out *role_out(struct call *c, const struct iam_role *r)
{
    struct iam_role_out *o = ARENA_NEW(c->arena, struct iam_role_out);

    *o = (struct iam_role_out){.path = r->path,
                               .role_name = r->role_name,
                               .role_id = r->role_id,
                               .arn = r->arn,
                               .create_date = r->create_date,
                               .assume_role_policy_document =
                                   uri_encode(c->arena, r->assume_role_policy_document, false),
                               .description = r->description,
                               .max_session_duration = r->max_session_duration,
                               .tags = r->tags};
    if (r->boundary.n) {
        o->permissions_boundary = ARENA_NEW(c->arena, struct iam_boundary);
        *o->permissions_boundary = (struct iam_boundary){S("Policy"), r->boundary};
    }
    return o;
}

res iam_create_role(struct call *c, const struct iam_create_role_in *in, struct iam_create_role_out *out)
{
    struct iam_role *old, *r = ARENA_NEW(c->arena, struct iam_role);

    TRY(iam_check_name(c, in->role_name));
    TRY(iam_check_path(c, in->path));
    TRY(policy_check(c, in->assume_role_policy_document, POLICY_TRUST, &iam_MalformedPolicyDocument));
    TRY(iam_role_load(c, STR_ABSENT, in->role_name, &old));
    if (old)
        return fault(c, &iam_EntityAlreadyExists, "Role with name %.*s already exists.", FMT(in->role_name));
    *r = (struct iam_role){.role_name = in->role_name,
                           .path = path_or_root(in->path),
                           .create_date = SET_TIME(c->now_ms),
                           .description = in->description,
                           .max_session_duration =
                               in->max_session_duration.set ? in->max_session_duration : SET_INT(3600),
                           .assume_role_policy_document = in->assume_role_policy_document,
                           .boundary = in->permissions_boundary,
                           .tags = in->tags};
    TRY(policy_bind(c, r->assume_role_policy_document, POLICY_TRUST, &iam_MalformedPolicyDocument,
                    &r->trust_principals));
    r->role_id = iam_new_id(c, "AROA");
    r->arn = call_arn(c, "iam", "role%.*s%.*s", FMT(r->path), FMT(r->role_name));
    TRY(iam_role_save(c, r));
    out->role = role_out(c, r);
    return OK;
}

res iam_get_role(struct call *c, const struct iam_get_role_in *in, struct iam_get_role_out *out)
{
    (void)in;
    out->role = role_out(c, c->subject);
    return OK;
}

res iam_list_roles(struct call *c, const struct iam_list_roles_in *in, struct iam_list_roles_out *out)
{
    struct iam_role_page page;
    str after;

    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_role_list_all(c, STR_ABSENT, STR_ABSENT, after, in->max_items.set ? (size_t)in->max_items.v : IAM_PAGE,
                          &page));
    out->roles.v = ARENA_ARRAY(c->arena, struct iam_role_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (!str_is(in->path_prefix) || str_starts(page.v[i]->path, in->path_prefix))
            out->roles.v[out->roles.n++] = *role_out(c, page.v[i]);
    out->is_truncated = SET_BOOL(page.more);
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->role_name);
    return OK;
}

res iam_delete_role(struct call *c, const struct iam_delete_role_in *in, struct iam_delete_role_out *out)
{
    const struct iam_role *r = c->subject;

    (void)in, (void)out;
    if (r->inline_policies.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must delete policies first.");
    if (r->attached.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must detach all policies first.");
    return iam_role_drop(c, r);
}

res iam_update_assume_role_policy(struct call *c, const struct iam_update_assume_role_policy_in *in,
                                  struct iam_update_assume_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(policy_check(c, in->policy_document, POLICY_TRUST, &iam_MalformedPolicyDocument));
    r->assume_role_policy_document = in->policy_document;
    r->trust_principals = (struct map_of_str){0};
    TRY(policy_bind(c, in->policy_document, POLICY_TRUST, &iam_MalformedPolicyDocument, &r->trust_principals));
    return iam_role_save(c, r);
}

res iam_put_role_policy(struct call *c, const struct iam_put_role_policy_in *in, struct iam_put_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_inline_put(c, &r->inline_policies, in->policy_name, in->policy_document));
    return iam_role_save(c, r);
}

res iam_get_role_policy(struct call *c, const struct iam_get_role_policy_in *in, struct iam_get_role_policy_out *out)
{
    const struct iam_role *r = c->subject;
    const struct iam_inline_policy *p = iam_inline_find(&r->inline_policies, in->policy_name);

    if (!p)
        return fault(c, &iam_NoSuchEntity, "The role policy with name %.*s cannot be found.", FMT(in->policy_name));
    *out = (struct iam_get_role_policy_out){in->role_name, in->policy_name,
                                            uri_encode(c->arena, p->policy_document, false)};
    return OK;
}

res iam_delete_role_policy(struct call *c, const struct iam_delete_role_policy_in *in,
                           struct iam_delete_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_inline_delete(c, &r->inline_policies, in->policy_name));
    return iam_role_save(c, r);
}

res iam_list_role_policies(struct call *c, const struct iam_list_role_policies_in *in,
                           struct iam_list_role_policies_out *out)
{
    (void)in;
    iam_inline_names(c, &((const struct iam_role *)c->subject)->inline_policies, &out->policy_names);
    out->is_truncated = SET_BOOL(false);
    return OK;
}

res iam_attach_role_policy(struct call *c, const struct iam_attach_role_policy_in *in,
                           struct iam_attach_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_attach(c, &r->attached, in->policy_arn));
    return iam_role_save(c, r);
}

res iam_detach_role_policy(struct call *c, const struct iam_detach_role_policy_in *in,
                           struct iam_detach_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_detach(c, &r->attached, in->policy_arn));
    return iam_role_save(c, r);
}

res iam_list_attached_role_policies(struct call *c, const struct iam_list_attached_role_policies_in *in,
                                    struct iam_list_attached_role_policies_out *out)
{
    out->is_truncated = SET_BOOL(false);
    return iam_attached_out(c, &((const struct iam_role *)c->subject)->attached, in->path_prefix,
                            &out->attached_policies);
}
