/* SPDX-License-Identifier: MIT */
/* What all Describe calls share: ids, filters with AWS's wildcards, pages. */
#include "ec2_names.h"

void ec2_value(struct ec2_values *v, str value)
{
    if (v->n < sizeof v->v / sizeof *v->v)
        v->v[v->n++] = value;
}

void ec2_value_bool(struct ec2_values *v, bool value)
{
    ec2_value(v, value ? S("true") : S("false"));
}

/* '*' is any text, '?' any character, '\' takes the next one literally. Iterative: no pattern is expensive. */
static bool matches(str pattern, str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, back = 0;

    while (t < text.n) {
        bool literal = p + 1 < pattern.n && pattern.p[p] == '\\';
        if (p < pattern.n && !literal && pattern.p[p] == '*') {
            star = p++;
            back = t;
        } else if (p < pattern.n &&
                   (literal ? pattern.p[p + 1] == text.p[t] : pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
            p += literal ? 2 : 1;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static bool any_match(const struct list_of_str *wanted, const struct ec2_values *have)
{
    for (size_t i = 0; i < wanted->n; i++)
        for (size_t k = 0; k < have->n; k++)
            if (matches(wanted->v[i], have->v[k]))
                return true;
    return false;
}

static bool tag_values(const struct ec2_tag_list *tags, str name, struct ec2_values *out)
{
    if (!str_starts(name, S("tag:")) && !str_eq(name, S("tag-key")))
        return false;
    for (size_t i = 0; i < tags->n; i++) {
        if (str_eq(name, S("tag-key")))
            ec2_value(out, tags->v[i].key);
        else if (str_eq(str_from(name, 4), tags->v[i].key))
            ec2_value(out, tags->v[i].value);
    }
    return true;
}

res ec2_matches(struct call *c, const struct ec2_filter_list *filters, const void *item, ec2_filter_fn *values,
                const struct ec2_tag_list *tags, bool *match)
{
    *match = true;
    for (size_t i = 0; i < filters->n; i++) {
        const struct ec2_filter *f = &filters->v[i];
        struct ec2_values have = {.n = 0};
        bool known = (tags && tag_values(tags, f->name, &have)) || values(c, item, f->name, &have) ||
                     (tags && str_starts(f->name, S("tag:")));
        if (!known && str_eq(f->name, S("owner-id"))) {
            ec2_value(&have, c->caller->account);
            known = true;
        }
        if (!known)
            return fault(c, &ec2_InvalidParameterValue, "The filter '%.*s' is invalid", FMT(str_sub(f->name, 0, 100)));
        *match = *match && any_match(&f->values, &have);
    }
    return OK;
}

static res by_ids(struct call *c, const struct ec2_listing *l, struct record_page *out)
{
    *out = (struct record_page){ARENA_ARRAY(c->arena, void *, l->ids.n + 1), 0, false};
    struct list_of_str ids = list_copy(c, &l->ids);
    for (size_t i = 0; i < ids.n; i++) {
        TRY(record_load(c, l->type, STR_ABSENT, ids.v[i], &out->v[out->n]));
        if (!out->v[out->n++])
            return fault(c, l->missing, "The %s '%.*s' does not exist", l->what, FMT(str_sub(ids.v[i], 0, 64)));
    }
    return OK;
}

res ec2_list(struct call *c, const struct ec2_listing *l, struct record_page *out, str *next)
{
    const struct field *id = shape_field(l->type->shape, str_z(l->type->id));
    const struct field *tags = shape_field(l->type->shape, S("Tags"));
    str after = STR_ABSENT;
    size_t kept = 0;

    *next = STR_ABSENT;
    if (l->ids.n && l->max.set)
        return fault(c, &ec2_InvalidParameterCombination, "The parameter MaxResults cannot be used with ids");
    if (l->token.n && !page_token_open(c, l->token, &after))
        return fault(c, &ec2_InvalidPaginationToken, "The pagination token is not valid");
    if (l->ids.n)
        TRY(by_ids(c, l, out));
    else
        TRY(record_list(c, l->type, STR_ABSENT, STR_ABSENT, after, l->max.set ? (size_t)l->max.v : EC2_ALL, out));
    if (out->more && l->max.set)
        *next = page_token(c, *(const str *)field_of(out->v[out->n - 1], id));
    for (size_t i = 0; i < out->n; i++) {
        bool match;
        TRY(ec2_matches(c, l->filters, out->v[i], l->values, field_of(out->v[i], tags), &match));
        if (match)
            out->v[kept++] = out->v[i];
    }
    out->n = kept;
    return OK;
}
