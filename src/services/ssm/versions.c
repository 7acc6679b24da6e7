/* SPDX-License-Identifier: MIT */
/* What a parameter was before, and the labels that name its versions. The newest is the parameter's own record; older
 * ones have records of their own, in the order of their numbers. */
#include "ssm_parts.h"

enum { LABELS_MAX = 10, LABEL_MAX_BYTES = 100, HISTORY_PAGE = 50 };

struct history { /* oldest first; the last one is a copy of the newest */
    struct ssm_version **v;
    size_t n;
};

static str key_of(struct call *c, str name, int64_t version)
{
    return arena_printf(c->arena, "%.*s:%010lld", FMT(name), (long long)version);
}

static res older_ones(struct call *c, const struct ssm_parameter *p, struct ssm_version_page *out)
{
    return ssm_version_list_all(c, STR_ABSENT, arena_cat(c->arena, p->name, S(":")), STR_ABSENT, SSM_VERSIONS_MAX, out);
}

static res history(struct call *c, const struct ssm_parameter *p, struct history *out)
{
    struct ssm_version *newest = ARENA_NEW(c->arena, struct ssm_version);
    struct ssm_version_page older;

    TRY(older_ones(c, p, &older));
    shape_copy(&ssm_parameter_shape, p, &ssm_version_shape, newest);
    out->v = ARENA_ARRAY(c->arena, struct ssm_version *, older.n + 1);
    for (out->n = 0; out->n < older.n; out->n++)
        out->v[out->n] = older.v[out->n];
    out->v[out->n++] = newest;
    return OK;
}

static bool has_label(const struct ssm_version *v, str label)
{
    for (size_t i = 0; i < v->labels.n; i++)
        if (str_eq(v->labels.v[i], label))
            return true;
    return false;
}

static struct ssm_version *find_version(const struct history *h, str selector)
{
    int64_t number = 0;
    bool numbered = str_to_i64(selector, &number);

    for (size_t i = 0; i < h->n; i++)
        if (numbered ? h->v[i]->version.v == number : has_label(h->v[i], selector))
            return h->v[i];
    return NULL;
}

res ssm_version_at(struct call *c, const struct ssm_parameter *p, str selector, const struct ssm_parameter **out)
{
    struct ssm_parameter *as_it_was = ARENA_NEW(c->arena, struct ssm_parameter);
    struct ssm_version *v = NULL;
    struct history h;
    int64_t number = p->version.v;

    *out = p;
    bool numbered = !str_is(selector) || str_to_i64(selector, &number);
    if (numbered && number == p->version.v)
        return OK;
    if (numbered) {
        TRY(ssm_version_load(c, STR_ABSENT, key_of(c, p->name, number), &v));
    } else {
        TRY(history(c, p, &h));
        v = find_version(&h, selector);
    }
    if (v)
        shape_copy(&ssm_version_shape, v, &ssm_parameter_shape, as_it_was);
    *out = v ? as_it_was : NULL;
    return OK;
}

res ssm_version_keep(struct call *c, const struct ssm_parameter *p)
{
    struct ssm_version *v = ARENA_NEW(c->arena, struct ssm_version), *oldest;

    TRY(ssm_version_load(c, STR_ABSENT, key_of(c, p->name, p->version.v + 1 - SSM_VERSIONS_MAX), &oldest));
    if (oldest && oldest->labels.n)
        return fault(c, &ssm_ParameterMaxVersionLimitExceeded,
                     "You attempted to create a new version of %.*s by calling the PutParameter API with the overwrite "
                     "flag. Version %lld, the oldest version, can't be deleted because it has a label associated with "
                     "it. Move the label to another version of the parameter, and try again.",
                     FMT(p->name), (long long)oldest->version.v);
    if (oldest)
        TRY(ssm_version_drop(c, oldest));
    shape_copy(&ssm_parameter_shape, p, &ssm_version_shape, v);
    v->key = key_of(c, p->name, p->version.v);
    return ssm_version_save(c, v);
}

res ssm_drop(struct call *c, const struct ssm_parameter *p)
{
    struct ssm_version_page older;

    TRY(older_ones(c, p, &older));
    for (size_t i = 0; i < older.n; i++)
        TRY(ssm_version_drop(c, older.v[i]));
    return ssm_parameter_drop(c, p);
}

/* ---- GetParameterHistory ---- */

static res tell(struct call *c, const struct ssm_version *v, bool decrypt, struct ssm_parameter_history *out)
{
    struct ssm_parameter as_it_was = {0};

    shape_copy(&ssm_version_shape, v, &ssm_parameter_shape, &as_it_was);
    shape_copy(&ssm_version_shape, v, &ssm_parameter_history_shape, out);
    out->last_modified_date = v->last_modified;
    out->last_modified_user = v->modified_by;
    out->allowed_pattern = v->pattern;
    return decrypt ? ssm_open_value(c, &as_it_was, &out->value) : OK;
}

res ssm_get_parameter_history(struct call *c, const struct ssm_get_parameter_history_in *in,
                              struct ssm_get_parameter_history_out *out)
{
    size_t max = in->max_results.set ? (size_t)in->max_results.v : HISTORY_PAGE, i = 0;
    int64_t after = 0;
    struct history h;
    str token;

    if (str_is(in->next_token) && (!page_token_open(c, in->next_token, &token) || !str_to_i64(token, &after)))
        return fault(c, &ssm_InvalidNextToken, "The specified token isn't valid.");
    TRY(history(c, c->subject, &h));
    while (i < h.n && h.v[i]->version.v <= after)
        i++;
    out->parameters.v = ARENA_ARRAY(c->arena, struct ssm_parameter_history, max);
    for (; i < h.n && out->parameters.n < max; i++)
        TRY(tell(c, h.v[i], in->with_decryption.v, &out->parameters.v[out->parameters.n++]));
    if (i < h.n)
        out->next_token = page_token(c, arena_printf(c->arena, "%lld", (long long)h.v[i - 1]->version.v));
    return OK;
}

/* ---- labels ---- */

static bool is_label(str s)
{
    return s.n && s.n <= LABEL_MAX_BYTES &&
           str_all(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") &&
           str_find(S("0123456789"), s.p[0]) < 0 && !str_starts_nocase(s, S("aws")) && !str_starts_nocase(s, S("ssm"));
}

static void add_label(struct call *c, struct ssm_version *v, str label)
{
    str *longer = ARENA_ARRAY(c->arena, str, v->labels.n + 1);

    for (size_t i = 0; i < v->labels.n; i++)
        longer[i] = v->labels.v[i];
    longer[v->labels.n] = label;
    v->labels.v = longer;
    v->labels.n++;
}

static bool take_label(struct ssm_version *v, str label)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->labels.n; i++)
        if (!str_eq(v->labels.v[i], label))
            v->labels.v[kept++] = v->labels.v[i];
    bool taken = kept < v->labels.n;
    v->labels.n = kept;
    return taken;
}

static res save_labels(struct call *c, const struct ssm_parameter *newest, struct ssm_version *v)
{
    struct ssm_parameter changed = *newest;

    if (v->version.v != newest->version.v)
        return ssm_version_save(c, v);
    changed.labels = v->labels;
    return ssm_parameter_save(c, &changed);
}

static res labelled(struct call *c, const struct history *h, const struct ssm_parameter *p, int64_t number,
                    struct ssm_version **out)
{
    *out = find_version(h, arena_printf(c->arena, "%lld", (long long)number));
    if (*out)
        return OK;
    return fault(c, &ssm_ParameterVersionNotFound,
                 "Systems Manager could not find version %lld of %.*s. Verify the version and try again.",
                 (long long)number, FMT(p->name));
}

/* A label is on one version only: it moves. */
static res move_label(struct call *c, const struct history *h, const struct ssm_parameter *p, struct ssm_version *to,
                      str label)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->v[i] != to && take_label(h->v[i], label))
            TRY(save_labels(c, p, h->v[i]));
    if (!has_label(to, label))
        add_label(c, to, label);
    return OK;
}

res ssm_label_parameter_version(struct call *c, const struct ssm_label_parameter_version_in *in,
                                struct ssm_label_parameter_version_out *out)
{
    const struct ssm_parameter *p = c->subject;
    struct ssm_version *to;
    struct history h;

    TRY(history(c, p, &h));
    TRY(labelled(c, &h, p, in->parameter_version.set ? in->parameter_version.v : p->version.v, &to));
    out->parameter_version = to->version;
    out->invalid_labels.v = ARENA_ARRAY(c->arena, str, in->labels.n);
    for (size_t i = 0; i < in->labels.n; i++) {
        if (is_label(in->labels.v[i]))
            TRY(move_label(c, &h, p, to, in->labels.v[i]));
        else
            out->invalid_labels.v[out->invalid_labels.n++] = in->labels.v[i];
    }
    if (to->labels.n > LABELS_MAX)
        return fault(c, &ssm_ParameterVersionLabelLimitExceeded, "A parameter version can have maximum %d labels.",
                     LABELS_MAX);
    return save_labels(c, p, to);
}

res ssm_unlabel_parameter_version(struct call *c, const struct ssm_unlabel_parameter_version_in *in,
                                  struct ssm_unlabel_parameter_version_out *out)
{
    const struct ssm_parameter *p = c->subject;
    struct ssm_version *from;
    struct history h;

    TRY(history(c, p, &h));
    TRY(labelled(c, &h, p, in->parameter_version.v, &from));
    out->removed_labels.v = ARENA_ARRAY(c->arena, str, in->labels.n);
    out->invalid_labels.v = ARENA_ARRAY(c->arena, str, in->labels.n);
    for (size_t i = 0; i < in->labels.n; i++) {
        struct list_of_str *to = take_label(from, in->labels.v[i]) ? &out->removed_labels : &out->invalid_labels;
        to->v[to->n++] = in->labels.v[i];
    }
    return save_labels(c, p, from);
}
