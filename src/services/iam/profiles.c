/* SPDX-License-Identifier: MIT */
/* Instance profiles: a name under which an instance is given its role; one role each. */
#include "iam_names.h"

res iam_find_instance_profile(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_instance_profile *p;

    (void)n;
    TRY(iam_instance_profile_load(c, STR_ABSENT, names[0], &p));
    out->account = c->caller->account;
    if (!p) {
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "Instance Profile %.*s cannot be found.", FMT(names[0]));
        return OK;
    }
    out->arn = p->arn;
    out->subject = p;
    out->tags = (const struct str_pair *)p->tags.v;
    out->n_tags = p->tags.n;
    return OK;
}

res iam_new_instance_profile(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "instance-profile%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

res iam_profile_out(struct call *c, const struct iam_instance_profile *p, bool listed,
                    struct iam_instance_profile_out *o)
{
    struct iam_role *r = NULL;

    *o = (struct iam_instance_profile_out){.path = p->path,
                                           .instance_profile_name = p->instance_profile_name,
                                           .instance_profile_id = p->instance_profile_id,
                                           .arn = p->arn,
                                           .create_date = p->create_date};
    o->roles.v = ARENA_ARRAY(c->arena, struct iam_role_out, 1);
    if (p->role.n)
        TRY(iam_role_load(c, STR_ABSENT, p->role, &r));
    if (r)
        o->roles.v[o->roles.n++] = iam_role_listed(c, r);
    if (!listed)
        o->tags = p->tags;
    return OK;
}

res iam_create_instance_profile(struct call *c, const struct iam_create_instance_profile_in *in,
                                struct iam_create_instance_profile_out *out)
{
    struct iam_instance_profile *p = ARENA_NEW(c->arena, struct iam_instance_profile);
    bool taken;

    TRY(iam_check_name(c, "instanceProfileName", in->instance_profile_name));
    TRY(iam_check_path(c, in->path));
    TRY(iam_check_tags(c, &in->tags));
    TRY(iam_name_taken(c, &iam_instance_profile_record, in->instance_profile_name, &taken));
    if (taken)
        return fault(c, &iam_EntityAlreadyExists, "Instance Profile %.*s already exists.",
                     FMT(in->instance_profile_name));
    TRY(iam_check_count(c, &iam_instance_profile_record, "InstanceProfilesPerAccount", IAM_MAX_PROFILES));
    *p = (struct iam_instance_profile){.instance_profile_name = in->instance_profile_name,
                                       .name_key = iam_name_key(c, in->instance_profile_name),
                                       .path = iam_path_or_root(in->path),
                                       .instance_profile_id = iam_new_id(c, "AIPA"),
                                       .create_date = SET_TIME(c->now_ms),
                                       .tags = in->tags};
    p->arn = call_arn(c, "iam", "instance-profile%.*s%.*s", FMT(p->path), FMT(p->instance_profile_name));
    TRY(iam_instance_profile_save(c, p));
    out->instance_profile = ARENA_NEW(c->arena, struct iam_instance_profile_out);
    return iam_profile_out(c, p, false, out->instance_profile);
}

res iam_get_instance_profile(struct call *c, const struct iam_get_instance_profile_in *in,
                             struct iam_get_instance_profile_out *out)
{
    (void)in;
    out->instance_profile = ARENA_NEW(c->arena, struct iam_instance_profile_out);
    return iam_profile_out(c, c->subject, false, out->instance_profile);
}

static res profiles_out(struct call *c, const struct iam_instance_profile_page *page, str path_prefix,
                        struct iam_instance_profile_out_list *out, opt_bool *truncated, str *marker)
{
    out->v = ARENA_ARRAY(c->arena, struct iam_instance_profile_out, page->n + 1);
    for (size_t i = 0; i < page->n; i++)
        if (!str_is(path_prefix) || str_starts(page->v[i]->path, path_prefix))
            TRY(iam_profile_out(c, page->v[i], true, &out->v[out->n++]));
    *truncated = SET_BOOL(page->more);
    if (page->more)
        *marker = page_token(c, page->v[page->n - 1]->instance_profile_name);
    return OK;
}

res iam_list_instance_profiles(struct call *c, const struct iam_list_instance_profiles_in *in,
                               struct iam_list_instance_profiles_out *out)
{
    struct iam_instance_profile_page page;
    str after;

    TRY(iam_check_prefix(c, in->path_prefix));
    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_instance_profile_list_all(c, STR_ABSENT, STR_ABSENT, after, iam_page_size(in->max_items), &page));
    return profiles_out(c, &page, in->path_prefix, &out->instance_profiles, &out->is_truncated, &out->marker);
}

res iam_list_instance_profiles_for_role(struct call *c, const struct iam_list_instance_profiles_for_role_in *in,
                                        struct iam_list_instance_profiles_for_role_out *out)
{
    struct iam_instance_profile_page page;
    str after;

    TRY(iam_marker(c, in->marker, &after));
    TRY(iam_instance_profile_by_after(c, "role", in->role_name, after, iam_page_size(in->max_items), &page));
    return profiles_out(c, &page, STR_ABSENT, &out->instance_profiles, &out->is_truncated, &out->marker);
}

res iam_delete_instance_profile(struct call *c, const struct iam_delete_instance_profile_in *in,
                                struct iam_delete_instance_profile_out *out)
{
    const struct iam_instance_profile *p = c->subject;

    (void)in, (void)out;
    if (p->role.n)
        return fault(c, &iam_DeleteConflict, "Cannot delete entity, must remove roles from instance profile first.");
    return iam_instance_profile_drop(c, p);
}

/* ---- its role ---- */

/* Whoever gives a role to instances passes it to EC2 (rule 23): the model asks iam:PassRole too. */
res iam_add_role_to_instance_profile(struct call *c, const struct iam_add_role_to_instance_profile_in *in,
                                     struct iam_add_role_to_instance_profile_out *out)
{
    struct iam_instance_profile *p = (struct iam_instance_profile *)c->subject;
    const struct iam_role *r = c->resources[1].subject;

    (void)out;
    if (p->role.n)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    TRY(iam_check_modifiable(c, r));
    p->role = in->role_name;
    return iam_instance_profile_save(c, p);
}

res iam_remove_role_from_instance_profile(struct call *c, const struct iam_remove_role_from_instance_profile_in *in,
                                          struct iam_remove_role_from_instance_profile_out *out)
{
    struct iam_instance_profile *p = (struct iam_instance_profile *)c->subject;

    (void)out;
    if (!p->role.n || !str_eq(p->role, in->role_name))
        return fault(c, &iam_NoSuchEntity, "The role with name %.*s cannot be found.", FMT(in->role_name));
    p->role = STR_ABSENT;
    return iam_instance_profile_save(c, p);
}

/* ---- tags ---- */

res iam_tag_instance_profile(struct call *c, const struct iam_tag_instance_profile_in *in,
                             struct iam_tag_instance_profile_out *out)
{
    struct iam_instance_profile *p = (struct iam_instance_profile *)c->subject;

    (void)out;
    TRY(iam_tag(c, &p->tags, &in->tags));
    return iam_instance_profile_save(c, p);
}

res iam_untag_instance_profile(struct call *c, const struct iam_untag_instance_profile_in *in,
                               struct iam_untag_instance_profile_out *out)
{
    struct iam_instance_profile *p = (struct iam_instance_profile *)c->subject;

    (void)out;
    iam_untag(&p->tags, &in->tag_keys);
    return iam_instance_profile_save(c, p);
}

res iam_list_instance_profile_tags(struct call *c, const struct iam_list_instance_profile_tags_in *in,
                                   struct iam_list_instance_profile_tags_out *out)
{
    return iam_tags_out(c, &((const struct iam_instance_profile *)c->subject)->tags, in->marker, in->max_items,
                        &out->tags, &out->is_truncated, &out->marker);
}
