/* SPDX-License-Identifier: MIT */
/* Users and their policies. */
#include "base/enc.h"
#include "iam_names.h"

/* Without a name: the caller, who must then be a user. */
res iam_find_user(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_user *u;
    str name = names[0].n ? names[0] : c->caller->name;

    (void)n;
    if (!names[0].n && c->caller->kind != PRINCIPAL_USER)
        return fault(c, &iam_ValidationError, "Must specify userName when calling with non-User credentials");
    TRY(iam_user_load(c, STR_ABSENT, name, &u));
    out->account = c->caller->account;
    if (!u) {
        out->arn = call_arn(c, "iam", "user/%.*s", FMT(name));
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "The user with name %.*s cannot be found.", FMT(name));
        return OK;
    }
    out->arn = u->arn;
    out->subject = u;
    out->tags = (const struct str_pair *)u->tags.v; /* a tag is a pair of texts, in this order */
    out->n_tags = u->tags.n;
    return OK;
}

res iam_new_user(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "user%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

struct iam_user_out iam_user_listed(const struct iam_user *u)
{
    return (struct iam_user_out){.path = u->path,
                                 .user_name = u->user_name,
                                 .user_id = u->user_id,
                                 .arn = u->arn,
                                 .create_date = u->create_date};
}

/* names: the user, its new path, its new name; what is not given stays. */
res iam_renamed_user(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_user *u;

    (void)n;
    TRY(iam_user_load(c, STR_ABSENT, names[0], &u));
    out->arn = call_arn(c, "iam", "user%.*s%.*s", FMT(iam_path_or_root(names[1].n || !u ? names[1] : u->path)),
                        FMT(names[2].n ? names[2] : names[0]));
    return OK;
}

static void user_out(struct call *c, const struct iam_user *u, struct iam_user_out **out)
{
    struct iam_user_out *o = ARENA_NEW(c->arena, struct iam_user_out);

    *o = iam_user_listed(u);
    o->tags = u->tags;
    o->permissions_boundary = iam_boundary_out(c, u->boundary);
    *out = o;
}

res iam_create_user(struct call *c, const struct iam_create_user_in *in, struct iam_create_user_out *out)
{
    struct iam_user u = {.user_name = in->user_name,
                         .name_key = iam_name_key(c, in->user_name),
                         .path = iam_path_or_root(in->path),
                         .create_date = SET_TIME(c->now_ms),
                         .boundary = in->permissions_boundary,
                         .tags = in->tags};
    bool taken;

    TRY(iam_check_name(c, "userName", in->user_name));
    TRY(iam_check_path(c, in->path));
    TRY(iam_check_tags(c, &in->tags));
    TRY(iam_check_boundary(c, in->permissions_boundary));
    TRY(iam_name_taken(c, &iam_user_record, in->user_name, &taken));
    if (taken)
        return fault(c, &iam_EntityAlreadyExists, "User with name %.*s already exists.", FMT(in->user_name));
    TRY(iam_check_count(c, &iam_user_record, "UsersPerAccount", IAM_MAX_USERS));
    u.user_id = iam_new_id(c, "AIDA");
    u.arn = call_arn(c, "iam", "user%.*s%.*s", FMT(u.path), FMT(u.user_name));
    TRY(iam_user_save(c, &u));
    struct iam_user *kept = ARENA_NEW(c->arena, struct iam_user);
    *kept = u;
    user_out(c, kept, &out->user);
    return OK;
}

res iam_get_user(struct call *c, const struct iam_get_user_in *in, struct iam_get_user_out *out)
{
    (void)in;
    user_out(c, c->subject, &out->user);
    return OK;
}

res iam_list_users(struct call *c, const struct iam_list_users_in *in, struct iam_list_users_out *out)
{
    struct iam_user_page page;
    str after;

    TRY(iam_check_prefix(c, in->path_prefix));
    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_user_list_all(c, STR_ABSENT, STR_ABSENT, after, iam_page_size(in->max_items), &page));
    out->users.v = ARENA_ARRAY(c->arena, struct iam_user_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (!str_is(in->path_prefix) || str_starts(page.v[i]->path, in->path_prefix))
            out->users.v[out->users.n++] = iam_user_listed(page.v[i]);
    out->is_truncated = SET_BOOL(page.more);
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->user_name);
    return OK;
}

/* A user is its id: keys, groups and the policies that name it go along. */
res iam_update_user(struct call *c, const struct iam_update_user_in *in, struct iam_update_user_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;
    str name = in->new_user_name.n ? in->new_user_name : u->user_name;
    struct iam_access_key_page keys;
    bool taken = false;

    (void)out;
    TRY(iam_check_name(c, "newUserName", name));
    TRY(iam_check_path(c, in->new_path));
    if (!str_eq_nocase(name, u->user_name))
        TRY(iam_name_taken(c, &iam_user_record, name, &taken));
    if (taken)
        return fault(c, &iam_EntityAlreadyExists, "User with name %.*s already exists.", FMT(name));
    TRY(iam_keys_of(c, u->user_name, &keys));
    for (size_t i = 0; i < keys.n; i++) {
        keys.v[i]->user_name = name;
        TRY(iam_access_key_save(c, keys.v[i]));
    }
    TRY(iam_user_drop(c, u));
    u->user_name = name;
    u->name_key = iam_name_key(c, name);
    if (in->new_path.n)
        u->path = in->new_path;
    u->arn = call_arn(c, "iam", "user%.*s%.*s", FMT(u->path), FMT(u->user_name));
    return iam_user_save(c, u);
}

res iam_delete_user(struct call *c, const struct iam_delete_user_in *in, struct iam_delete_user_out *out)
{
    const struct iam_user *u = c->subject;
    struct iam_access_key_page keys;

    (void)in, (void)out;
    TRY(iam_keys_of(c, u->user_name, &keys));
    if (keys.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must delete access keys first.");
    if (u->groups.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must remove users from group first.");
    if (u->inline_policies.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must delete policies first.");
    if (u->attached.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must detach all policies first.");
    return iam_user_drop(c, u);
}

/* ---- policies, tags, boundary ---- */

res iam_add_user_boundary(struct call *c)
{
    const struct iam_user *u = c->subject;

    if (u && u->boundary.n)
        context_add(c, S("iam:PermissionsBoundary"), u->boundary);
    return OK;
}

res iam_put_user_policy(struct call *c, const struct iam_put_user_policy_in *in, struct iam_put_user_policy_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;
    struct iam_entity x = iam_entity_of_user(u);

    (void)out;
    TRY(iam_inline_put(c, &x, in->policy_name, in->policy_document));
    return iam_user_save(c, u);
}

res iam_get_user_policy(struct call *c, const struct iam_get_user_policy_in *in, struct iam_get_user_policy_out *out)
{
    const struct iam_user *u = c->subject;
    const struct iam_inline_policy *p = iam_inline_find(&u->inline_policies, in->policy_name);

    if (!p)
        return fault(c, &iam_NoSuchEntity, "The user policy with name %.*s cannot be found.", FMT(in->policy_name));
    *out = (struct iam_get_user_policy_out){in->user_name, in->policy_name,
                                            uri_encode(c->arena, p->policy_document, false)};
    return OK;
}

res iam_delete_user_policy(struct call *c, const struct iam_delete_user_policy_in *in,
                           struct iam_delete_user_policy_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;
    struct iam_entity x = iam_entity_of_user(u);

    (void)out;
    TRY(iam_inline_delete(c, &x, in->policy_name));
    return iam_user_save(c, u);
}

res iam_list_user_policies(struct call *c, const struct iam_list_user_policies_in *in,
                           struct iam_list_user_policies_out *out)
{
    return iam_names_out(c, &((const struct iam_user *)c->subject)->inline_policies, in->marker, in->max_items,
                         &out->policy_names, &out->is_truncated, &out->marker);
}

res iam_attach_user_policy(struct call *c, const struct iam_attach_user_policy_in *in,
                           struct iam_attach_user_policy_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;
    struct iam_entity x = iam_entity_of_user(u);

    (void)out;
    TRY(iam_attach(c, &x, in->policy_arn));
    return iam_user_save(c, u);
}

res iam_detach_user_policy(struct call *c, const struct iam_detach_user_policy_in *in,
                           struct iam_detach_user_policy_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;
    struct iam_entity x = iam_entity_of_user(u);

    (void)out;
    TRY(iam_detach(c, &x, in->policy_arn));
    return iam_user_save(c, u);
}

res iam_list_attached_user_policies(struct call *c, const struct iam_list_attached_user_policies_in *in,
                                    struct iam_list_attached_user_policies_out *out)
{
    return iam_attached_out(c, &((const struct iam_user *)c->subject)->attached, in->path_prefix, in->marker,
                            in->max_items, &out->attached_policies, &out->is_truncated, &out->marker);
}

res iam_put_user_permissions_boundary(struct call *c, const struct iam_put_user_permissions_boundary_in *in,
                                      struct iam_put_user_permissions_boundary_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;

    (void)out;
    TRY(iam_check_boundary(c, in->permissions_boundary));
    u->boundary = in->permissions_boundary;
    return iam_user_save(c, u);
}

res iam_delete_user_permissions_boundary(struct call *c, const struct iam_delete_user_permissions_boundary_in *in,
                                         struct iam_delete_user_permissions_boundary_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;

    (void)in, (void)out;
    u->boundary = STR_ABSENT;
    return iam_user_save(c, u);
}

res iam_tag_user(struct call *c, const struct iam_tag_user_in *in, struct iam_tag_user_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;

    (void)out;
    TRY(iam_tag(c, &u->tags, &in->tags));
    return iam_user_save(c, u);
}

res iam_untag_user(struct call *c, const struct iam_untag_user_in *in, struct iam_untag_user_out *out)
{
    struct iam_user *u = (struct iam_user *)c->subject;

    (void)out;
    iam_untag(&u->tags, &in->tag_keys);
    return iam_user_save(c, u);
}

res iam_list_user_tags(struct call *c, const struct iam_list_user_tags_in *in, struct iam_list_user_tags_out *out)
{
    return iam_tags_out(c, &((const struct iam_user *)c->subject)->tags, in->marker, in->max_items, &out->tags,
                        &out->is_truncated, &out->marker);
}
