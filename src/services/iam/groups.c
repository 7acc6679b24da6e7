/* SPDX-License-Identifier: MIT */
/* Groups: users under one name, and the policies that count as each member's own (rule 14). Who belongs to a group
 * stands in the users' records, by the group's id. */
#include "base/enc.h"
#include "iam_names.h"

res iam_find_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_group *g;

    (void)n;
    TRY(iam_group_load(c, STR_ABSENT, names[0], &g));
    out->account = c->caller->account;
    if (!g) {
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "The group with name %.*s cannot be found.", FMT(names[0]));
        return OK;
    }
    out->arn = g->arn;
    out->subject = g;
    return OK;
}

res iam_new_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "group%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

/* names: the group, its new path, its new name; what is not given stays. */
res iam_renamed_group(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_group *g;

    (void)n;
    TRY(iam_group_load(c, STR_ABSENT, names[0], &g));
    out->arn = call_arn(c, "iam", "group%.*s%.*s", FMT(iam_path_or_root(names[1].n || !g ? names[1] : g->path)),
                        FMT(names[2].n ? names[2] : names[0]));
    return OK;
}

static struct iam_group_out group_out(const struct iam_group *g)
{
    return (struct iam_group_out){g->path, g->group_name, g->group_id, g->arn, g->create_date};
}

res iam_create_group(struct call *c, const struct iam_create_group_in *in, struct iam_create_group_out *out)
{
    struct iam_group *g = ARENA_NEW(c->arena, struct iam_group);
    bool taken;

    TRY(iam_check_name(c, "groupName", in->group_name));
    TRY(iam_check_path(c, in->path));
    TRY(iam_name_taken(c, &iam_group_record, in->group_name, &taken));
    if (taken)
        return fault(c, &iam_EntityAlreadyExists, "Group with name %.*s already exists.", FMT(in->group_name));
    TRY(iam_check_count(c, &iam_group_record, "GroupsPerAccount", IAM_MAX_GROUPS));
    *g = (struct iam_group){.group_name = in->group_name,
                            .name_key = iam_name_key(c, in->group_name),
                            .path = iam_path_or_root(in->path),
                            .group_id = iam_new_id(c, "AGPA"),
                            .create_date = SET_TIME(c->now_ms)};
    g->arn = call_arn(c, "iam", "group%.*s%.*s", FMT(g->path), FMT(g->group_name));
    TRY(iam_group_save(c, g));
    out->group = ARENA_NEW(c->arena, struct iam_group_out);
    *out->group = group_out(g);
    return OK;
}

res iam_get_group(struct call *c, const struct iam_get_group_in *in, struct iam_get_group_out *out)
{
    const struct iam_group *g = c->subject;
    struct iam_user_page page;
    str after;

    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_user_by_after(c, "group", g->group_id, after, iam_page_size(in->max_items), &page));
    out->users.v = ARENA_ARRAY(c->arena, struct iam_user_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->users.v[out->users.n++] = iam_user_listed(page.v[i]);
    out->group = ARENA_NEW(c->arena, struct iam_group_out);
    *out->group = group_out(g);
    out->is_truncated = SET_BOOL(page.more);
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->user_name);
    return OK;
}

res iam_list_groups(struct call *c, const struct iam_list_groups_in *in, struct iam_list_groups_out *out)
{
    struct iam_group_page page;
    str after;

    TRY(iam_check_prefix(c, in->path_prefix));
    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_group_list_all(c, STR_ABSENT, STR_ABSENT, after, iam_page_size(in->max_items), &page));
    out->groups.v = ARENA_ARRAY(c->arena, struct iam_group_out, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        if (!str_is(in->path_prefix) || str_starts(page.v[i]->path, in->path_prefix))
            out->groups.v[out->groups.n++] = group_out(page.v[i]);
    out->is_truncated = SET_BOOL(page.more);
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->group_name);
    return OK;
}

/* Members and policies stay: they hang on the id. */
res iam_update_group(struct call *c, const struct iam_update_group_in *in, struct iam_update_group_out *out)
{
    struct iam_group *g = (struct iam_group *)c->subject;
    str name = in->new_group_name.n ? in->new_group_name : g->group_name;
    bool taken;

    (void)out;
    TRY(iam_check_name(c, "newGroupName", name));
    TRY(iam_check_path(c, in->new_path));
    if (!str_eq_nocase(name, g->group_name)) {
        TRY(iam_name_taken(c, &iam_group_record, name, &taken));
        if (taken)
            return fault(c, &iam_EntityAlreadyExists, "Group with name %.*s already exists.", FMT(name));
    }
    TRY(iam_group_drop(c, g));
    g->group_name = name;
    g->name_key = iam_name_key(c, name);
    if (in->new_path.n)
        g->path = in->new_path;
    g->arn = call_arn(c, "iam", "group%.*s%.*s", FMT(g->path), FMT(g->group_name));
    return iam_group_save(c, g);
}

res iam_delete_group(struct call *c, const struct iam_delete_group_in *in, struct iam_delete_group_out *out)
{
    const struct iam_group *g = c->subject;
    int64_t members;

    (void)in, (void)out;
    TRY(record_count_by(c, &iam_user_record, "group", g->group_id, &members));
    if (members)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must remove users from group first.");
    if (g->inline_policies.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must delete policies first.");
    if (g->attached.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must detach all policies first.");
    return iam_group_drop(c, g);
}

/* ---- members ---- */

static res member_named(struct call *c, str name, struct iam_user **out)
{
    TRY(iam_user_load(c, STR_ABSENT, name, out));
    if (!*out)
        return fault(c, &iam_NoSuchEntity, "The user with name %.*s cannot be found.", FMT(name));
    return OK;
}

res iam_add_user_to_group(struct call *c, const struct iam_add_user_to_group_in *in,
                          struct iam_add_user_to_group_out *out)
{
    const struct iam_group *g = c->subject;
    struct iam_user *u;

    (void)out;
    TRY(member_named(c, in->user_name, &u));
    for (size_t i = 0; i < u->groups.n; i++)
        if (str_eq(u->groups.v[i], g->group_id))
            return OK;
    if (u->groups.n >= IAM_MAX_GROUPS_OF_USER)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for GroupsPerUser: %d", IAM_MAX_GROUPS_OF_USER);
    iam_append(c, &u->groups, g->group_id);
    return iam_user_save(c, u);
}

res iam_remove_user_from_group(struct call *c, const struct iam_remove_user_from_group_in *in,
                               struct iam_remove_user_from_group_out *out)
{
    const struct iam_group *g = c->subject;
    struct iam_user *u;

    (void)out;
    TRY(member_named(c, in->user_name, &u));
    if (!iam_remove(&u->groups, g->group_id))
        return fault(c, &iam_NoSuchEntity, "The user with name %.*s cannot be found in the group %.*s.",
                     FMT(in->user_name), FMT(in->group_name));
    return iam_user_save(c, u);
}

res iam_group_by_id(struct call *c, str account, str id, struct iam_group **out)
{
    struct iam_group_page page;

    TRY(iam_group_by(c, "unique", id, account, 1, &page));
    if (!page.n) /* AWS would not let it go while it has members; a store that lost it must not grant or forgive more */
        return oops(&c->err, 0, "the group %.*s is gone", FMT(id));
    *out = page.v[0];
    return OK;
}

res iam_list_groups_for_user(struct call *c, const struct iam_list_groups_for_user_in *in,
                             struct iam_list_groups_for_user_out *out)
{
    const struct iam_user *u = c->subject;
    struct iam_window w;

    TRY(iam_window(c, u->groups.n, in->marker, in->max_items, &w));
    out->groups.v = ARENA_ARRAY(c->arena, struct iam_group_out, w.n + 1);
    for (size_t i = 0; i < w.n; i++) {
        struct iam_group *g;
        TRY(iam_group_by_id(c, c->caller->account, u->groups.v[w.from + i], &g));
        out->groups.v[out->groups.n++] = group_out(g);
    }
    out->is_truncated = SET_BOOL(w.more);
    out->marker = w.marker;
    return OK;
}

/* ---- policies ---- */

res iam_put_group_policy(struct call *c, const struct iam_put_group_policy_in *in, struct iam_put_group_policy_out *out)
{
    struct iam_group *g = (struct iam_group *)c->subject;
    struct iam_entity x = iam_entity_of_group(g);

    (void)out;
    TRY(iam_inline_put(c, &x, in->policy_name, in->policy_document));
    return iam_group_save(c, g);
}

res iam_get_group_policy(struct call *c, const struct iam_get_group_policy_in *in, struct iam_get_group_policy_out *out)
{
    const struct iam_group *g = c->subject;
    const struct iam_inline_policy *p = iam_inline_find(&g->inline_policies, in->policy_name);

    if (!p)
        return fault(c, &iam_NoSuchEntity, "The group policy with name %.*s cannot be found.", FMT(in->policy_name));
    *out = (struct iam_get_group_policy_out){in->group_name, in->policy_name,
                                             uri_encode(c->arena, p->policy_document, false)};
    return OK;
}

res iam_delete_group_policy(struct call *c, const struct iam_delete_group_policy_in *in,
                            struct iam_delete_group_policy_out *out)
{
    struct iam_group *g = (struct iam_group *)c->subject;
    struct iam_entity x = iam_entity_of_group(g);

    (void)out;
    TRY(iam_inline_delete(c, &x, in->policy_name));
    return iam_group_save(c, g);
}

res iam_list_group_policies(struct call *c, const struct iam_list_group_policies_in *in,
                            struct iam_list_group_policies_out *out)
{
    return iam_names_out(c, &((const struct iam_group *)c->subject)->inline_policies, in->marker, in->max_items,
                         &out->policy_names, &out->is_truncated, &out->marker);
}

res iam_attach_group_policy(struct call *c, const struct iam_attach_group_policy_in *in,
                            struct iam_attach_group_policy_out *out)
{
    struct iam_group *g = (struct iam_group *)c->subject;
    struct iam_entity x = iam_entity_of_group(g);

    (void)out;
    TRY(iam_attach(c, &x, in->policy_arn));
    return iam_group_save(c, g);
}

res iam_detach_group_policy(struct call *c, const struct iam_detach_group_policy_in *in,
                            struct iam_detach_group_policy_out *out)
{
    struct iam_group *g = (struct iam_group *)c->subject;
    struct iam_entity x = iam_entity_of_group(g);

    (void)out;
    TRY(iam_detach(c, &x, in->policy_arn));
    return iam_group_save(c, g);
}

res iam_list_attached_group_policies(struct call *c, const struct iam_list_attached_group_policies_in *in,
                                     struct iam_list_attached_group_policies_out *out)
{
    return iam_attached_out(c, &((const struct iam_group *)c->subject)->attached, in->path_prefix, in->marker,
                            in->max_items, &out->attached_policies, &out->is_truncated, &out->marker);
}
