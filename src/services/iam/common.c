/* SPDX-License-Identifier: MIT */
/* Names, paths, ids, ARNs, tags, boundaries, pages. */
#include "api/tags.h"
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

res iam_check_name(struct call *c, const char *member, str name)
{
    if (!str_all(name, name_set))
        return fault(c, &iam_ValidationError,
                     "The specified value for %s is invalid. It must contain only alphanumeric characters and/or the "
                     "following: +=,.@_-",
                     member);
    return OK;
}

str iam_name_key(struct call *c, str name)
{
    char *z = arena_z(c->arena, name);

    for (size_t i = 0; i < name.n; i++)
        z[i] += z[i] >= 'A' && z[i] <= 'Z' ? 'a' - 'A' : 0;
    return str_n(z, name.n);
}

res iam_name_taken(struct call *c, const struct record_type *t, str name, bool *taken)
{
    int64_t n;

    TRY(record_count_by(c, t, "name", iam_name_key(c, name), &n));
    *taken = n > 0;
    return OK;
}

res iam_check_count(struct call *c, const struct record_type *t, const char *quota, int64_t most)
{
    int64_t n;

    TRY(record_count(c, t, &n));
    if (n >= most)
        return fault(c, &iam_LimitExceeded, "Cannot exceed quota for %s: %lld", quota, (long long)most);
    return OK;
}

void iam_append(struct call *c, struct list_of_str *list, str one)
{
    str *v = ARENA_ARRAY(c->arena, str, list->n + 1);

    for (size_t i = 0; i < list->n; i++)
        v[i] = list->v[i];
    v[list->n] = one;
    *list = (struct list_of_str){list->n + 1, v};
}

bool iam_remove(struct list_of_str *list, str one)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->n; i++)
        if (!str_eq(list->v[i], one))
            list->v[kept++] = list->v[i];
    bool was_there = kept < list->n;
    list->n = kept;
    return was_there;
}

str iam_path_or_root(str path)
{
    return path.n ? path : S("/");
}

res iam_check_path(struct call *c, str path)
{
    if (!str_is(path))
        return OK;
    bool printable = true;
    for (size_t i = 0; i < path.n; i++)
        printable &= path.p[i] > ' ' && path.p[i] <= '~';
    if (!printable || !str_starts(path, S("/")) || !str_ends(path, S("/")) || str_search(path, S("//")) >= 0)
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

size_t iam_policy_size(str document)
{
    size_t n = 0;

    for (size_t i = 0; i < document.n; i++)
        n += document.p[i] != ' ' && document.p[i] != '\t' && document.p[i] != '\n' && document.p[i] != '\r';
    return n;
}

/* ---- boundaries ---- */

res iam_check_boundary(struct call *c, str policy_arn)
{
    str document;

    if (!str_is(policy_arn))
        return OK;
    TRY(iam_policy_document(c, c->caller->account, policy_arn, &document));
    if (!str_is(document))
        return fault(c, &iam_NoSuchEntity, "Scope ARN: %.*s does not exist or is not attachable.", FMT(policy_arn));
    return OK;
}

struct iam_boundary *iam_boundary_out(struct call *c, str arn)
{
    struct iam_boundary *b;

    if (!arn.n)
        return NULL;
    b = ARENA_NEW(c->arena, struct iam_boundary);
    *b = (struct iam_boundary){S("Policy"), arn};
    return b;
}

/* ---- tags ---- */

static struct iam_tag *tag_of(const struct iam_tag_list *tags, size_t n, str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(tags->v[i].key, key))
            return &tags->v[i];
    return NULL;
}

res iam_check_tags(struct call *c, const struct iam_tag_list *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        if (tag_of(tags, i, tags->v[i].key))
            return fault(c, &iam_InvalidInput,
                         "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        if (tags_is_system(tags->v[i].key))
            return fault(c, &iam_InvalidInput, "Tag keys that begin with aws: are reserved.");
    }
    return OK;
}

res iam_tag(struct call *c, struct iam_tag_list *tags, const struct iam_tag_list *add)
{
    struct iam_tag_list all = {tags->n, ARENA_ARRAY(c->arena, struct iam_tag, tags->n + add->n + 1)};

    TRY(iam_check_tags(c, add));
    for (size_t i = 0; i < tags->n; i++)
        all.v[i] = tags->v[i];
    for (size_t i = 0; i < add->n; i++) {
        struct iam_tag *old = tag_of(&all, all.n, add->v[i].key);
        *(old ? old : &all.v[all.n++]) = add->v[i];
    }
    if (all.n > IAM_MAX_TAGS)
        return fault(c, &iam_LimitExceeded, "The number of tags has reached the maximum limit.");
    *tags = all;
    return OK;
}

void iam_untag(struct iam_tag_list *tags, const struct list_of_str *keys)
{
    size_t kept = 0;

    for (size_t i = 0; i < tags->n; i++) {
        bool gone = false;
        for (size_t k = 0; k < keys->n; k++)
            gone |= str_eq_nocase(keys->v[k], tags->v[i].key);
        if (!gone)
            tags->v[kept++] = tags->v[i];
    }
    tags->n = kept;
}

/* ---- pages ---- */

res iam_marker(struct call *c, str marker, str *after)
{
    *after = STR_ABSENT;
    if (str_is(marker) && !page_token_open(c, marker, after))
        return fault(c, &iam_InvalidInput, "Invalid Marker.");
    return OK;
}

size_t iam_page_size(opt_int max_items)
{
    return max_items.set ? (size_t)max_items.v : IAM_PAGE;
}

res iam_check_prefix(struct call *c, str path_prefix)
{
    bool printable = true;

    for (size_t i = 0; i < path_prefix.n; i++)
        printable &= path_prefix.p[i] > ' ' && path_prefix.p[i] <= '~';
    if (str_is(path_prefix) && (!printable || !str_starts(path_prefix, S("/"))))
        return fault(
            c, &iam_ValidationError,
            "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric "
            "characters and/or / characters.");
    return OK;
}

res iam_window(struct call *c, size_t total, str marker, opt_int max_items, struct iam_window *out)
{
    uint64_t from = 0;
    str text;

    TRY(iam_marker(c, marker, &text));
    if (str_is(text) && !str_to_u64(text, &from))
        return fault(c, &iam_InvalidInput, "Invalid Marker.");
    size_t most = iam_page_size(max_items);
    *out = (struct iam_window){.from = from < total ? (size_t)from : total};
    out->n = total - out->from < most ? total - out->from : most;
    out->more = out->from + out->n < total;
    if (out->more)
        out->marker = page_token(c, arena_printf(c->arena, "%zu", out->from + out->n));
    return OK;
}

res iam_tags_out(struct call *c, const struct iam_tag_list *list, str marker, opt_int max_items,
                 struct iam_tag_list *tags, opt_bool *truncated, str *next)
{
    struct iam_window w;

    TRY(iam_window(c, list->n, marker, max_items, &w));
    *tags = (struct iam_tag_list){w.n, w.n ? list->v + w.from : ARENA_ARRAY(c->arena, struct iam_tag, 1)};
    *truncated = SET_BOOL(w.more);
    *next = w.marker;
    return OK;
}
