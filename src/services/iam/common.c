/* SPDX-License-Identifier: MIT */
/* What users and roles have in common: names, ids, inline and attached policies. */
#include "crypto/random.h"
#include "iam_names.h"
#include "identify/accesskey.h"

str iam_new_id(struct call *c, const char *prefix)
{
    uint8_t random[UNIQUE_ID_RANDOM_BYTES];
    char id[UNIQUE_ID_CHARS + 1];

    random_bytes(random, sizeof random);
    return arena_dup(c->arena, unique_id_make(str_z(prefix), random, id));
}

static const char name_set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";

res iam_check_name(struct call *c, str name)
{
    if (!str_all(name, name_set))
        return fault(c, &iam_ValidationError,
                     "The specified value for name is invalid. It must contain only alphanumeric characters and/or the "
                     "following: +=,.@_-");
    return OK;
}

res iam_check_path(struct call *c, str path)
{
    if (!str_is(path))
        return OK;
    if (!str_starts(path, S("/")) || !str_ends(path, S("/")) || str_search(path, S("//")) >= 0)
        return fault(c, &iam_ValidationError,
                     "The specified value for path is invalid. It must begin and end with / and contain only "
                     "alphanumeric characters and/or / characters.");
    return OK;
}

str iam_name_of_arn(str arn)
{
    ptrdiff_t slash = str_rfind(arn, '/');

    return slash < 0 ? arn : str_from(arn, (size_t)slash + 1);
}

bool iam_parse_arn(str arn, str *account, str *kind, str *name)
{
    str rest = arn, parts[5];

    for (int i = 0; i < 5; i++) {
        if (!str_is(rest))
            return false;
        parts[i] = str_cut(&rest, ':');
    }
    if (!str_is(rest) || !str_eq(parts[0], S("arn")) || !str_eq(parts[2], S("iam")) || parts[4].n != 12)
        return false;
    *account = parts[4];
    *kind = str_cut(&rest, '/');
    *name = str_is(rest) ? iam_name_of_arn(arn) : S("");
    return true;
}

/* ---- inline policies ---- */

const struct iam_inline_policy *iam_inline_find(const struct iam_inline_policy_list *list, str name)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i].policy_name, name))
            return &list->v[i];
    return NULL;
}

res iam_inline_put(struct call *c, struct iam_inline_policy_list *list, str name, str document)
{
    struct iam_inline_policy *hit = (struct iam_inline_policy *)iam_inline_find(list, name);

    TRY(iam_check_name(c, name));
    TRY(policy_check(c, document, POLICY_IDENTITY, &iam_MalformedPolicyDocument));
    if (!hit) {
        struct iam_inline_policy *v = ARENA_ARRAY(c->arena, struct iam_inline_policy, list->n + 1);
        for (size_t i = 0; i < list->n; i++)
            v[i] = list->v[i];
        hit = &v[list->n];
        *list = (struct iam_inline_policy_list){list->n + 1, v};
    }
    *hit = (struct iam_inline_policy){name, document};
    return OK;
}

res iam_inline_delete(struct call *c, struct iam_inline_policy_list *list, str name)
{
    struct iam_inline_policy *hit = (struct iam_inline_policy *)iam_inline_find(list, name);

    if (!hit)
        return fault(c, &iam_NoSuchEntity, "The policy with name %.*s cannot be found.", FMT(name));
    *hit = list->v[--list->n];
    return OK;
}

void iam_inline_names(struct call *c, const struct iam_inline_policy_list *list, struct list_of_str *out)
{
    out->v = ARENA_ARRAY(c->arena, str, list->n + 1);
    for (out->n = 0; out->n < list->n; out->n++)
        out->v[out->n] = list->v[out->n].policy_name;
}

/* ---- attached policies ---- */

res iam_policy_document(struct call *c, str arn, str *document)
{
    struct iam_managed *m;
    str account, kind, name;

    *document = iam_aws_policy(arn);
    if (str_is(*document) || !iam_parse_arn(arn, &account, &kind, &name))
        return OK;
    TRY(iam_managed_load(c, account, arn, &m));
    for (size_t i = 0; m && i < m->versions.n; i++)
        if (str_eq(m->versions.v[i].version_id, m->default_version_id))
            *document = m->versions.v[i].document;
    return OK;
}

res iam_attach(struct call *c, struct list_of_str *list, str policy_arn)
{
    str document;

    TRY(iam_policy_document(c, policy_arn, &document));
    if (!str_is(document))
        return fault(c, &iam_NoSuchEntity, "Policy %.*s does not exist or is not attachable.", FMT(policy_arn));
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], policy_arn))
            return OK;
    if (list->n >= IAM_MAX_ATTACHED)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for PoliciesPerRole: %d", IAM_MAX_ATTACHED);
    str *v = ARENA_ARRAY(c->arena, str, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        v[i] = list->v[i];
    v[list->n] = policy_arn;
    *list = (struct list_of_str){list->n + 1, v};
    return OK;
}

res iam_detach(struct call *c, struct list_of_str *list, str policy_arn)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->v[i], policy_arn)) {
            list->v[i] = list->v[--list->n];
            return OK;
        }
    return fault(c, &iam_NoSuchEntity, "Policy %.*s was not found.", FMT(policy_arn));
}

res iam_attached_out(struct call *c, const struct list_of_str *list, str path_prefix, struct iam_attached_list *out)
{
    out->v = ARENA_ARRAY(c->arena, struct iam_attached, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        str path = list->v[i];
        ptrdiff_t at = str_search(path, S(":policy/"));
        if (str_is(path_prefix) && (at < 0 || !str_starts(str_from(path, (size_t)at + 7), path_prefix)))
            continue;
        out->v[out->n++] = (struct iam_attached){iam_name_of_arn(list->v[i]), list->v[i]};
    }
    return OK;
}

res iam_marker(struct call *c, str marker, str *after)
{
    *after = STR_ABSENT;
    if (str_is(marker) && !page_token_open(c, marker, after))
        return fault(c, &iam_InvalidInput, "Invalid Marker.");
    return OK;
}
