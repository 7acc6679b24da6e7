/* SPDX-License-Identifier: MIT */
/* Managed policies, the account's own and AWS's. */
#include "base/enc.h"
#include "iam_names.h"

res iam_find_policy(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct iam_managed *m = NULL;
    str account, kind, name;

    (void)n;
    out->arn = names[0];
    if (iam_parse_arn(names[0], &account, &kind, &name)) {
        out->account = account;
        if (str_eq(account, c->caller->account))
            TRY(iam_managed_load(c, account, names[0], &m));
    }
    if (m) {
        out->subject = m;
        out->tags = (const struct str_pair *)m->tags.v;
        out->n_tags = m->tags.n;
    } else if (!str_is(iam_aws_policy(names[0]))) {
        out->missing = &iam_NoSuchEntity;
        out->missing_text = arena_printf(c->arena, "Policy %.*s was not found.", FMT(names[0]));
    } else {
        out->account = c->caller->account; /* AWS's own are everybody's to read */
    }
    return OK;
}

res iam_new_policy(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    out->arn = call_arn(c, "iam", "policy%.*s%.*s", FMT(iam_path_or_root(names[0])), FMT(names[1]));
    return OK;
}

/* How many users, roles and groups have it, attached or as their boundary. */
static res uses(struct call *c, const char *index, str arn, int64_t *n)
{
    const struct record_type *const holders[] = {&iam_user_record, &iam_role_record, &iam_group_record};
    int64_t some;

    *n = 0;
    for (size_t i = 0; i < sizeof holders / sizeof *holders; i++) {
        TRY(record_count_by(c, holders[i], index, arn, &some));
        *n += some;
    }
    return OK;
}

res iam_policy_out(struct call *c, const struct iam_managed *m, struct iam_policy_out *o)
{
    int64_t n, boundaries;

    TRY(uses(c, "attached", m->arn, &n));
    TRY(uses(c, "boundary", m->arn, &boundaries));
    *o = (struct iam_policy_out){.policy_name = m->policy_name,
                                 .policy_id = m->policy_id,
                                 .arn = m->arn,
                                 .path = m->path,
                                 .default_version_id = m->default_version_id,
                                 .attachment_count = SET_INT(n),
                                 .permissions_boundary_usage_count = SET_INT(boundaries),
                                 .is_attachable = SET_BOOL(true),
                                 .description = m->description,
                                 .create_date = m->create_date,
                                 .update_date = m->update_date,
                                 .tags = m->tags};
    return OK;
}

static res check_managed(struct call *c, str document)
{
    TRY(policy_check_current(c, document, POLICY_IDENTITY, &iam_MalformedPolicyDocument));
    if (iam_policy_size(document) > IAM_MANAGED_MAX)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for PolicySize: %d", IAM_MANAGED_MAX);
    return OK;
}

/* The gate refuses to change what AWS owns (rule 41); a handler must still not go on without a record. */
static res own_policy(struct call *c)
{
    return c->subject ? OK : fault(c, &api_access_denied, "Policies of AWS cannot be changed.");
}

res iam_create_policy(struct call *c, const struct iam_create_policy_in *in, struct iam_create_policy_out *out)
{
    struct iam_managed *m = ARENA_NEW(c->arena, struct iam_managed);
    struct iam_version *v = ARENA_NEW(c->arena, struct iam_version);
    bool taken;

    TRY(iam_check_name(c, "policyName", in->policy_name));
    TRY(iam_check_path(c, in->path));
    TRY(iam_check_tags(c, &in->tags));
    TRY(check_managed(c, in->policy_document));
    *m = (struct iam_managed){.policy_name = in->policy_name,
                              .name_key = iam_name_key(c, in->policy_name),
                              .path = iam_path_or_root(in->path),
                              .description = in->description,
                              .default_version_id = S("v1"),
                              .next_version = SET_INT(2),
                              .create_date = SET_TIME(c->now_ms),
                              .update_date = SET_TIME(c->now_ms),
                              .tags = in->tags};
    m->arn = call_arn(c, "iam", "policy%.*s%.*s", FMT(m->path), FMT(m->policy_name));
    TRY(iam_name_taken(c, &iam_managed_record, in->policy_name, &taken));
    if (taken)
        return fault(c, &iam_EntityAlreadyExists,
                     "A policy called %.*s already exists. Duplicate names are not allowed.", FMT(in->policy_name));
    TRY(iam_check_count(c, &iam_managed_record, "PoliciesPerAccount", IAM_MAX_POLICIES));
    *v = (struct iam_version){in->policy_document, S("v1"), SET_BOOL(true), SET_TIME(c->now_ms)};
    m->versions = (struct iam_version_list){1, v};
    m->policy_id = iam_new_id(c, "ANPA");
    TRY(iam_managed_save(c, m));
    out->policy = ARENA_NEW(c->arena, struct iam_policy_out);
    return iam_policy_out(c, m, out->policy);
}

res iam_get_policy(struct call *c, const struct iam_get_policy_in *in, struct iam_get_policy_out *out)
{
    struct iam_managed aws = iam_aws_managed(c, in->policy_arn);

    out->policy = ARENA_NEW(c->arena, struct iam_policy_out);
    return iam_policy_out(c, c->subject ? c->subject : &aws, out->policy);
}

res iam_get_policy_version(struct call *c, const struct iam_get_policy_version_in *in,
                           struct iam_get_policy_version_out *out)
{
    struct iam_managed aws = iam_aws_managed(c, in->policy_arn);
    const struct iam_managed *m = c->subject ? c->subject : &aws;

    for (size_t i = 0; i < m->versions.n; i++) {
        if (!str_eq(m->versions.v[i].version_id, in->version_id))
            continue;
        out->policy_version = ARENA_NEW(c->arena, struct iam_version);
        *out->policy_version = m->versions.v[i];
        out->policy_version->document = uri_encode(c->arena, m->versions.v[i].document, false);
        return OK;
    }
    return fault(c, &iam_NoSuchEntity, "Policy %.*s version %.*s does not exist or is not attachable.",
                 FMT(in->policy_arn), FMT(in->version_id));
}

/* A policy that is used as a boundary and nothing else is none that gives permissions. */
static bool has_usage(str filter, const struct iam_policy_out *p)
{
    bool boundary = p->permissions_boundary_usage_count.v > 0;

    if (!str_is(filter))
        return true;
    return str_eq(filter, S("PermissionsBoundary")) ? boundary : !boundary || p->attachment_count.v > 0;
}

static res add_listed(struct call *c, const struct iam_list_policies_in *in, const struct iam_managed *m,
                      struct iam_policy_out_list *out)
{
    struct iam_policy_out *o = &out->v[out->n];

    TRY(iam_policy_out(c, m, o));
    o->description = STR_ABSENT; /* GetPolicy tells these */
    o->tags = (struct iam_tag_list){0};
    bool used = o->attachment_count.v > 0 || o->permissions_boundary_usage_count.v > 0;
    out->n += (!str_is(in->path_prefix) || str_starts(o->path, in->path_prefix)) && (!in->only_attached.v || used) &&
              has_usage(in->policy_usage_filter, o);
    return OK;
}

/* The account's own first, then AWS's; where AWS's go on the marker says "aws:N". */
res iam_list_policies(struct call *c, const struct iam_list_policies_in *in, struct iam_list_policies_out *out)
{
    struct iam_managed_page page = {0};
    size_t most = in->max_items.set ? (size_t)in->max_items.v : IAM_PAGE;
    uint64_t at = 0;
    str after, arn = STR_ABSENT;

    TRY(iam_check_prefix(c, in->path_prefix));
    TRY(iam_marker(c, in->marker, &after));
    bool in_aws = str_starts(after, S("aws:")) && str_to_u64(str_from(after, 4), &at);
    if (!in_aws && !str_eq(in->scope, S("AWS")))
        TRY(iam_managed_list_all(c, STR_ABSENT, STR_ABSENT, after, most, &page));
    out->policies.v = ARENA_ARRAY(c->arena, struct iam_policy_out, most + 1);
    for (size_t i = 0; i < page.n; i++)
        TRY(add_listed(c, in, page.v[i], &out->policies));
    for (size_t n = page.n; !page.more && !str_eq(in->scope, S("Local")); n++, at++) {
        arn = iam_aws_policy_arn(c, at);
        if (!str_is(arn) || n == most)
            break;
        struct iam_managed aws = iam_aws_managed(c, arn);
        TRY(add_listed(c, in, &aws, &out->policies));
    }
    out->is_truncated = SET_BOOL(page.more || str_is(arn));
    if (page.more)
        out->marker = page_token(c, page.v[page.n - 1]->arn);
    else if (str_is(arn))
        out->marker = page_token(c, arena_printf(c->arena, "aws:%llu", (unsigned long long)at));
    return OK;
}

res iam_delete_policy(struct call *c, const struct iam_delete_policy_in *in, struct iam_delete_policy_out *out)
{
    const struct iam_managed *m = c->subject;
    int64_t n, boundaries;

    (void)in, (void)out;
    TRY(own_policy(c));
    TRY(uses(c, "attached", m->arn, &n));
    TRY(uses(c, "boundary", m->arn, &boundaries));
    if (n || boundaries)
        return fault(c, &iam_DeleteConflict, "Cannot delete a policy attached to entities.");
    if (m->versions.n > 1)
        return fault(c, &iam_DeleteConflict,
                     "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                     "versions.");
    return iam_managed_drop(c, m);
}

/* ---- versions ---- */

static struct iam_version *version_of(const struct iam_managed *m, str id)
{
    for (size_t i = 0; i < m->versions.n; i++)
        if (str_eq(m->versions.v[i].version_id, id))
            return &m->versions.v[i];
    return NULL;
}

static res no_version(struct call *c, str id)
{
    return fault(c, &iam_NoSuchEntity, "Policy version %.*s does not exist.", FMT(id));
}

static void make_default(struct iam_managed *m, str id)
{
    m->default_version_id = id;
    for (size_t i = 0; i < m->versions.n; i++)
        m->versions.v[i].is_default_version = SET_BOOL(str_eq(m->versions.v[i].version_id, id));
}

res iam_create_policy_version(struct call *c, const struct iam_create_policy_version_in *in,
                              struct iam_create_policy_version_out *out)
{
    struct iam_managed *m = (struct iam_managed *)c->subject;

    TRY(own_policy(c));
    TRY(check_managed(c, in->policy_document));
    if (m->versions.n >= IAM_MAX_VERSIONS)
        return fault(c, &iam_LimitExceeded,
                     "A managed policy can have up to %d versions. Before you create a new version, you must delete an "
                     "existing version.",
                     IAM_MAX_VERSIONS);
    struct iam_version *v = ARENA_ARRAY(c->arena, struct iam_version, m->versions.n + 1);
    for (size_t i = 0; i < m->versions.n; i++)
        v[i + 1] = m->versions.v[i];
    int64_t number = m->next_version.set ? m->next_version.v : 2;
    v[0] = (struct iam_version){in->policy_document, arena_printf(c->arena, "v%lld", (long long)number),
                                SET_BOOL(false), SET_TIME(c->now_ms)};
    m->versions = (struct iam_version_list){m->versions.n + 1, v}; /* newest first, as they are listed */
    m->next_version = SET_INT(number + 1);
    m->update_date = SET_TIME(c->now_ms);
    if (in->set_as_default.v)
        make_default(m, v[0].version_id);
    TRY(iam_managed_save(c, m));
    out->policy_version = ARENA_NEW(c->arena, struct iam_version);
    *out->policy_version = v[0];
    out->policy_version->document = STR_ABSENT;
    return OK;
}

res iam_list_policy_versions(struct call *c, const struct iam_list_policy_versions_in *in,
                             struct iam_list_policy_versions_out *out)
{
    struct iam_managed aws = iam_aws_managed(c, in->policy_arn);
    const struct iam_managed *m = c->subject ? c->subject : &aws;
    struct iam_window w;

    TRY(iam_window(c, m->versions.n, in->marker, in->max_items, &w));
    out->versions.v = ARENA_ARRAY(c->arena, struct iam_version, w.n + 1);
    for (size_t i = 0; i < w.n; i++) {
        out->versions.v[i] = m->versions.v[w.from + i];
        out->versions.v[i].document = STR_ABSENT;
    }
    out->versions.n = w.n;
    out->is_truncated = SET_BOOL(w.more);
    out->marker = w.marker;
    return OK;
}

res iam_delete_policy_version(struct call *c, const struct iam_delete_policy_version_in *in,
                              struct iam_delete_policy_version_out *out)
{
    struct iam_managed *m = (struct iam_managed *)c->subject;

    (void)out;
    TRY(own_policy(c));
    struct iam_version *v = version_of(m, in->version_id);
    if (!v)
        return no_version(c, in->version_id);
    if (str_eq(m->default_version_id, in->version_id))
        return fault(c, &iam_DeleteConflict, "Cannot delete the default version of a policy.");
    for (m->versions.n--; v < m->versions.v + m->versions.n; v++)
        *v = v[1];
    return iam_managed_save(c, m);
}

res iam_set_default_policy_version(struct call *c, const struct iam_set_default_policy_version_in *in,
                                   struct iam_set_default_policy_version_out *out)
{
    struct iam_managed *m = (struct iam_managed *)c->subject;

    (void)out;
    TRY(own_policy(c));
    if (!version_of(m, in->version_id))
        return no_version(c, in->version_id);
    make_default(m, in->version_id);
    m->update_date = SET_TIME(c->now_ms);
    return iam_managed_save(c, m);
}

/* ---- tags ---- */

res iam_tag_policy(struct call *c, const struct iam_tag_policy_in *in, struct iam_tag_policy_out *out)
{
    struct iam_managed *m = (struct iam_managed *)c->subject;

    (void)out;
    TRY(own_policy(c));
    TRY(iam_tag(c, &m->tags, &in->tags));
    return iam_managed_save(c, m);
}

res iam_untag_policy(struct call *c, const struct iam_untag_policy_in *in, struct iam_untag_policy_out *out)
{
    struct iam_managed *m = (struct iam_managed *)c->subject;

    (void)out;
    TRY(own_policy(c));
    iam_untag(&m->tags, &in->tag_keys);
    return iam_managed_save(c, m);
}

res iam_list_policy_tags(struct call *c, const struct iam_list_policy_tags_in *in, struct iam_list_policy_tags_out *out)
{
    static const struct iam_tag_list none;
    const struct iam_managed *m = c->subject; /* AWS's own have none */

    return iam_tags_out(c, m ? &m->tags : &none, in->marker, in->max_items, &out->tags, &out->is_truncated,
                        &out->marker);
}
