/* SPDX-License-Identifier: MIT */
/* Roles: who may become them (the trust policy) and what they may do. */
#include "api/used.h"
#include "base/enc.h"
#include "base/json.h"
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

res iam_new_role(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "role%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

/* ---- trust policies ---- */

/* What a Principal may name here: AWS and Service. No identity provider exists that a Federated one could be. */
static res check_principal(struct call *c, const json_t *principal)
{
    const char *type;
    json_t *named;

    if (json_object_get(principal, "Federated"))
        return fault(c, &iam_MalformedPolicyDocument, "Invalid principal in policy: \"Federated\"");
    json_object_foreach((json_t *)principal, type, named)
    {
        size_t n = json_is_array(named) ? json_array_size(named) : 1;
        for (size_t i = 0; str_eq(str_z(type), S("Service")) && i < n; i++) {
            str name = json_str(json_is_array(named) ? json_array_get(named, i) : named);
            if (!str_ends(name, S(".amazonaws.com")) || !str_all(name, "abcdefghijklmnopqrstuvwxyz0123456789-."))
                return fault(c, &iam_MalformedPolicyDocument, "Invalid principal in policy: \"SERVICE\":\"%.*s\"",
                             FMT(str_sub(name, 0, 128)));
        }
    }
    return OK;
}

/* Checks a trust policy and notes whom it means (rule 27). */
static res check_trust(struct call *c, str document, struct map_of_str *principals)
{
    json_t *j, *statements;

    TRY(policy_check(c, document, POLICY_TRUST, &iam_MalformedPolicyDocument));
    if (iam_policy_size(document) > IAM_TRUST_MAX)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for ACLSizePerRole: %d", IAM_TRUST_MAX);
    TRY(json_parse(c->arena, document, &c->err, &j));
    statements = json_object_get(j, "Statement");
    size_t n = json_is_array(statements) ? json_array_size(statements) : 1;
    for (size_t i = 0; i < n; i++)
        TRY(check_principal(
            c, json_object_get(json_is_array(statements) ? json_array_get(statements, i) : statements, "Principal")));
    *principals = (struct map_of_str){0};
    return policy_bind(c, document, POLICY_TRUST, &iam_MalformedPolicyDocument, principals);
}

struct iam_role_out iam_role_listed(struct call *c, const struct iam_role *r)
{
    return (struct iam_role_out){.path = r->path,
                                 .role_name = r->role_name,
                                 .role_id = r->role_id,
                                 .arn = r->arn,
                                 .create_date = r->create_date,
                                 .assume_role_policy_document =
                                     uri_encode(c->arena, r->assume_role_policy_document, false),
                                 .description = r->description,
                                 .max_session_duration = r->max_session_duration};
}

res iam_role_used(struct call *c, const struct iam_role *r, struct iam_last_used **out)
{
    struct used_when when;

    TRY(used_find(c, r->role_id, &when));
    *out = ARENA_NEW(c->arena, struct iam_last_used); /* empty: never */
    if (when.at_ms)
        **out = (struct iam_last_used){SET_TIME(when.at_ms), when.region};
    return OK;
}

res iam_role_out(struct call *c, const struct iam_role *r, struct iam_role_out **out)
{
    struct iam_role_out *o = ARENA_NEW(c->arena, struct iam_role_out);

    *o = iam_role_listed(c, r);
    o->tags = r->tags;
    o->permissions_boundary = iam_boundary_out(c, r->boundary);
    *out = o;
    return OK;
}

res iam_create_role(struct call *c, const struct iam_create_role_in *in, struct iam_create_role_out *out)
{
    struct iam_role *r = ARENA_NEW(c->arena, struct iam_role);
    bool taken;

    TRY(iam_check_name(c, "roleName", in->role_name));
    TRY(iam_check_path(c, in->path));
    if (iam_is_reserved_path(in->path))
        return fault(c, &iam_InvalidInput, "The path %.*s is reserved for roles that AWS makes.", FMT(in->path));
    TRY(iam_check_tags(c, &in->tags));
    TRY(iam_check_boundary(c, in->permissions_boundary));
    TRY(iam_name_taken(c, &iam_role_record, in->role_name, &taken));
    if (taken)
        return fault(c, &iam_EntityAlreadyExists, "Role with name %.*s already exists.", FMT(in->role_name));
    TRY(iam_check_count(c, &iam_role_record, "RolesPerAccount", IAM_MAX_ROLES));
    *r = (struct iam_role){.role_name = in->role_name,
                           .name_key = iam_name_key(c, in->role_name),
                           .path = iam_path_or_root(in->path),
                           .create_date = SET_TIME(c->now_ms),
                           .description = in->description,
                           .max_session_duration =
                               in->max_session_duration.set ? in->max_session_duration : SET_INT(3600),
                           .assume_role_policy_document = in->assume_role_policy_document,
                           .boundary = in->permissions_boundary,
                           .tags = in->tags};
    TRY(check_trust(c, r->assume_role_policy_document, &r->trust_principals));
    r->role_id = iam_new_id(c, "AROA");
    r->arn = call_arn(c, "iam", "role%.*s%.*s", FMT(r->path), FMT(r->role_name));
    TRY(iam_role_save(c, r));
    return iam_role_out(c, r, &out->role);
}

res iam_get_role(struct call *c, const struct iam_get_role_in *in, struct iam_get_role_out *out)
{
    (void)in;
    TRY(iam_role_out(c, c->subject, &out->role));
    return iam_role_used(c, c->subject, &out->role->role_last_used);
}

res iam_list_roles(struct call *c, const struct iam_list_roles_in *in, struct iam_list_roles_out *out)
{
    struct iam_role_page page;
    str after;

    TRY(iam_check_prefix(c, in->path_prefix));
    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_role_list_all(c, STR_ABSENT, STR_ABSENT, after, iam_page_size(in->max_items), &page));
    out->roles.v = ARENA_ARRAY(c->arena, struct iam_role_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (!str_is(in->path_prefix) || str_starts(page.v[i]->path, in->path_prefix))
            out->roles.v[out->roles.n++] = iam_role_listed(c, page.v[i]);
    out->is_truncated = SET_BOOL(page.more);
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->role_name);
    return OK;
}

res iam_delete_role(struct call *c, const struct iam_delete_role_in *in, struct iam_delete_role_out *out)
{
    const struct iam_role *r = c->subject;
    int64_t profiles;

    (void)in, (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(record_count_by(c, &iam_instance_profile_record, "role", r->role_name, &profiles));
    if (profiles)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must remove roles from instance profile first.");
    if (r->inline_policies.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must delete policies first.");
    if (r->attached.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must detach all policies first.");
    TRY(used_forget(c, r->role_id));
    return iam_role_drop(c, r);
}

res iam_update_assume_role_policy(struct call *c, const struct iam_update_assume_role_policy_in *in,
                                  struct iam_update_assume_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(check_trust(c, in->policy_document, &r->trust_principals));
    r->assume_role_policy_document = in->policy_document;
    return iam_role_save(c, r);
}

res iam_put_role_policy(struct call *c, const struct iam_put_role_policy_in *in, struct iam_put_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;
    struct iam_entity x = iam_entity_of_role(r);

    (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(iam_inline_put(c, &x, in->policy_name, in->policy_document));
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
    struct iam_entity x = iam_entity_of_role(r);

    (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(iam_inline_delete(c, &x, in->policy_name));
    return iam_role_save(c, r);
}

res iam_list_role_policies(struct call *c, const struct iam_list_role_policies_in *in,
                           struct iam_list_role_policies_out *out)
{
    return iam_names_out(c, &((const struct iam_role *)c->subject)->inline_policies, in->marker, in->max_items,
                         &out->policy_names, &out->is_truncated, &out->marker);
}

res iam_attach_role_policy(struct call *c, const struct iam_attach_role_policy_in *in,
                           struct iam_attach_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;
    struct iam_entity x = iam_entity_of_role(r);

    (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(iam_attach(c, &x, in->policy_arn));
    return iam_role_save(c, r);
}

res iam_detach_role_policy(struct call *c, const struct iam_detach_role_policy_in *in,
                           struct iam_detach_role_policy_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;
    struct iam_entity x = iam_entity_of_role(r);

    (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(iam_detach(c, &x, in->policy_arn));
    return iam_role_save(c, r);
}

res iam_list_attached_role_policies(struct call *c, const struct iam_list_attached_role_policies_in *in,
                                    struct iam_list_attached_role_policies_out *out)
{
    return iam_attached_out(c, &((const struct iam_role *)c->subject)->attached, in->path_prefix, in->marker,
                            in->max_items, &out->attached_policies, &out->is_truncated, &out->marker);
}

/* ---- what else belongs to a role ---- */

res iam_add_role_boundary(struct call *c)
{
    const struct iam_role *r = c->subject;

    if (r && r->boundary.n)
        context_add(c, S("iam:PermissionsBoundary"), r->boundary);
    return OK;
}

res iam_update_role(struct call *c, const struct iam_update_role_in *in, struct iam_update_role_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    if (str_is(in->description))
        r->description = in->description;
    if (in->max_session_duration.set)
        TRY(iam_check_modifiable(c, r)); /* of a service-linked role only the description may be changed */
    if (in->max_session_duration.set)
        r->max_session_duration = in->max_session_duration;
    return iam_role_save(c, r);
}

res iam_update_role_description(struct call *c, const struct iam_update_role_description_in *in,
                                struct iam_update_role_description_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    r->description = in->description;
    TRY(iam_role_save(c, r));
    return iam_role_out(c, r, &out->role);
}

res iam_put_role_permissions_boundary(struct call *c, const struct iam_put_role_permissions_boundary_in *in,
                                      struct iam_put_role_permissions_boundary_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_check_modifiable(c, r));
    TRY(iam_check_boundary(c, in->permissions_boundary));
    r->boundary = in->permissions_boundary;
    return iam_role_save(c, r);
}

res iam_delete_role_permissions_boundary(struct call *c, const struct iam_delete_role_permissions_boundary_in *in,
                                         struct iam_delete_role_permissions_boundary_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)in, (void)out;
    TRY(iam_check_modifiable(c, r));
    r->boundary = STR_ABSENT;
    return iam_role_save(c, r);
}

res iam_tag_role(struct call *c, const struct iam_tag_role_in *in, struct iam_tag_role_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    TRY(iam_tag(c, &r->tags, &in->tags));
    return iam_role_save(c, r);
}

res iam_untag_role(struct call *c, const struct iam_untag_role_in *in, struct iam_untag_role_out *out)
{
    struct iam_role *r = (struct iam_role *)c->subject;

    (void)out;
    iam_untag(&r->tags, &in->tag_keys);
    return iam_role_save(c, r);
}

res iam_list_role_tags(struct call *c, const struct iam_list_role_tags_in *in, struct iam_list_role_tags_out *out)
{
    return iam_tags_out(c, &((const struct iam_role *)c->subject)->tags, in->marker, in->max_items, &out->tags,
                        &out->is_truncated, &out->marker);
}
