/* SPDX-License-Identifier: MIT */
/* GetAccountAuthorizationDetails: everything that decides who may do what in an account, page by page. */
#include "base/enc.h"
#include "iam_names.h"

/* The kinds in the order in which a page goes through them; the marker is "KIND:NAME", the last one told. */
static const char *const kinds[] = {"User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"};
enum { USERS, GROUPS, ROLES, OWN, AWS, KINDS };

static bool is_wanted(const struct list_of_str *filter, size_t kind)
{
    bool hit = filter->n == 0;

    for (size_t i = 0; i < filter->n; i++)
        hit |= str_eq(filter->v[i], str_z(kinds[kind]));
    return hit;
}

static struct iam_inline_policy_list inline_out(struct call *c, const struct iam_inline_policy_list *from)
{
    struct iam_inline_policy_list to = {from->n, ARENA_ARRAY(c->arena, struct iam_inline_policy, from->n + 1)};

    for (size_t i = 0; i < from->n; i++)
        to.v[i] =
            (struct iam_inline_policy){from->v[i].policy_name, uri_encode(c->arena, from->v[i].policy_document, false)};
    return to;
}

static struct iam_attached_list attached_out(struct call *c, const struct list_of_str *from)
{
    struct iam_attached_list to = {from->n, ARENA_ARRAY(c->arena, struct iam_attached, from->n + 1)};

    for (size_t i = 0; i < from->n; i++)
        to.v[i] = (struct iam_attached){iam_name_of_arn(from->v[i]), from->v[i]};
    return to;
}

static res add_user(struct call *c, const struct iam_user *u, struct iam_get_account_authorization_details_out *out)
{
    struct iam_user_detail *d = &out->user_detail_list.v[out->user_detail_list.n++];

    *d = (struct iam_user_detail){.path = u->path,
                                  .user_name = u->user_name,
                                  .user_id = u->user_id,
                                  .arn = u->arn,
                                  .create_date = u->create_date,
                                  .user_policy_list = inline_out(c, &u->inline_policies),
                                  .attached_managed_policies = attached_out(c, &u->attached),
                                  .permissions_boundary = iam_boundary_out(c, u->boundary),
                                  .tags = u->tags};
    d->group_list.v = ARENA_ARRAY(c->arena, str, u->groups.n + 1);
    for (size_t i = 0; i < u->groups.n; i++) {
        struct iam_group *g;
        TRY(iam_group_by_id(c, c->caller->account, u->groups.v[i], &g));
        d->group_list.v[d->group_list.n++] = g->group_name;
    }
    return OK;
}

static void add_group(struct call *c, const struct iam_group *g, struct iam_get_account_authorization_details_out *out)
{
    out->group_detail_list.v[out->group_detail_list.n++] =
        (struct iam_group_detail){.path = g->path,
                                  .group_name = g->group_name,
                                  .group_id = g->group_id,
                                  .arn = g->arn,
                                  .create_date = g->create_date,
                                  .group_policy_list = inline_out(c, &g->inline_policies),
                                  .attached_managed_policies = attached_out(c, &g->attached)};
}

static res add_role(struct call *c, const struct iam_role *r, struct iam_get_account_authorization_details_out *out)
{
    struct iam_role_detail *d = &out->role_detail_list.v[out->role_detail_list.n++];
    struct iam_instance_profile_page profiles;

    *d = (struct iam_role_detail){.path = r->path,
                                  .role_name = r->role_name,
                                  .role_id = r->role_id,
                                  .arn = r->arn,
                                  .create_date = r->create_date,
                                  .assume_role_policy_document =
                                      uri_encode(c->arena, r->assume_role_policy_document, false),
                                  .role_policy_list = inline_out(c, &r->inline_policies),
                                  .attached_managed_policies = attached_out(c, &r->attached),
                                  .permissions_boundary = iam_boundary_out(c, r->boundary),
                                  .tags = r->tags};
    TRY(iam_role_used(c, r, &d->role_last_used));
    TRY(iam_instance_profile_by_after(c, "role", r->role_name, STR_ABSENT, IAM_PAGE, &profiles));
    d->instance_profile_list.v = ARENA_ARRAY(c->arena, struct iam_instance_profile_out, profiles.n + 1);
    for (size_t i = 0; i < profiles.n; i++)
        TRY(iam_profile_out(c, profiles.v[i], false, &d->instance_profile_list.v[d->instance_profile_list.n++]));
    return OK;
}

static res add_policy(struct call *c, const struct iam_managed *m, bool only_used,
                      struct iam_get_account_authorization_details_out *out)
{
    struct iam_managed_detail *d = &out->policies.v[out->policies.n];
    struct iam_policy_out p;

    TRY(iam_policy_out(c, m, &p));
    if (only_used && !p.attachment_count.v && !p.permissions_boundary_usage_count.v)
        return OK;
    *d = (struct iam_managed_detail){.policy_name = p.policy_name,
                                     .policy_id = p.policy_id,
                                     .arn = p.arn,
                                     .path = p.path,
                                     .default_version_id = p.default_version_id,
                                     .attachment_count = p.attachment_count,
                                     .permissions_boundary_usage_count = p.permissions_boundary_usage_count,
                                     .is_attachable = p.is_attachable,
                                     .description = p.description,
                                     .create_date = p.create_date,
                                     .update_date = p.update_date};
    d->policy_version_list =
        (struct iam_version_list){m->versions.n, ARENA_ARRAY(c->arena, struct iam_version, m->versions.n + 1)};
    for (size_t i = 0; i < m->versions.n; i++) {
        d->policy_version_list.v[i] = m->versions.v[i];
        d->policy_version_list.v[i].document = uri_encode(c->arena, m->versions.v[i].document, false);
    }
    out->policies.n++;
    return OK;
}

/* ---- pages ---- */

static res add_record(struct call *c, size_t kind, const void *record,
                      struct iam_get_account_authorization_details_out *out, str *id)
{
    switch (kind) {
    case USERS:
        *id = ((const struct iam_user *)record)->user_name;
        return add_user(c, record, out);
    case GROUPS:
        *id = ((const struct iam_group *)record)->group_name;
        add_group(c, record, out);
        return OK;
    case ROLES:
        *id = ((const struct iam_role *)record)->role_name;
        return add_role(c, record, out);
    default:
        *id = ((const struct iam_managed *)record)->arn;
        return add_policy(c, record, false, out);
    }
}

struct place { /* how far the page has come */
    uint64_t kind;
    str after;
    size_t left;
    bool more;
};

static res add_kept(struct call *c, struct place *p, struct iam_get_account_authorization_details_out *out)
{
    static const struct record_type *const types[] = {&iam_user_record, &iam_group_record, &iam_role_record,
                                                      &iam_managed_record};
    struct record_page page = {0};

    TRY(record_list(c, types[p->kind], STR_ABSENT, STR_ABSENT, p->after, p->left, &page));
    for (size_t i = 0; i < page.n; i++)
        TRY(add_record(c, p->kind, page.v[i], out, &p->after));
    p->left -= page.n;
    p->more = page.more;
    return OK;
}

/* AWS's policies that somebody here uses: few, and told whole. */
static res add_aws(struct call *c, struct iam_get_account_authorization_details_out *out)
{
    for (size_t i = 0; str_is(iam_aws_policy_arn(c, i)); i++) {
        struct iam_managed m = iam_aws_managed(c, iam_aws_policy_arn(c, i));
        TRY(add_policy(c, &m, true, out));
    }
    return OK;
}

static void make_room(struct call *c, size_t n, struct iam_get_account_authorization_details_out *out)
{
    out->user_detail_list.v = ARENA_ARRAY(c->arena, struct iam_user_detail, n);
    out->group_detail_list.v = ARENA_ARRAY(c->arena, struct iam_group_detail, n);
    out->role_detail_list.v = ARENA_ARRAY(c->arena, struct iam_role_detail, n);
    out->policies.v = ARENA_ARRAY(c->arena, struct iam_managed_detail, n + iam_aws_policy_count());
}

res iam_get_account_authorization_details(struct call *c, const struct iam_get_account_authorization_details_in *in,
                                          struct iam_get_account_authorization_details_out *out)
{
    size_t asked = iam_page_size(in->max_items);
    struct place p = {.left = asked < IAM_PAGE ? asked : IAM_PAGE}; /* what it tells may be large */

    TRY(iam_marker(c, in->marker, &p.after));
    if (str_is(p.after)) {
        str number = str_cut(&p.after, ':');
        if (!str_to_u64(number, &p.kind) || p.kind >= KINDS)
            return fault(c, &iam_InvalidInput, "Invalid Marker.");
    }
    make_room(c, p.left, out);
    for (; p.kind < KINDS && p.left && !p.more; p.kind += !p.more) {
        if (!is_wanted(&in->filter, p.kind))
            continue;
        if (p.kind == AWS)
            TRY(add_aws(c, out));
        else
            TRY(add_kept(c, &p, out));
        if (!p.more)
            p.after = STR_ABSENT;
    }
    while (p.kind < KINDS && !is_wanted(&in->filter, p.kind))
        p.kind++;
    out->is_truncated = SET_BOOL(p.kind < KINDS);
    if (p.kind < KINDS)
        out->marker = page_token(
            c, arena_printf(c->arena, "%llu:%.*s", (unsigned long long)p.kind, FMT(str_is(p.after) ? p.after : S(""))));
    return OK;
}
