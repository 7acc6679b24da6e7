/* SPDX-License-Identifier: MIT */
/* Versions: a function's code and configuration as they were, under a number that is never used again. A version names
 * the same code as the function it was; the code goes with the last that names it. */
#include "api/gate.h"
#include "api/codec.h"
#include "lambda_parts.h"

enum { PAGE_MAX = 50, DROP_PAGE = 100, TEXT_MAX_BYTES = 1 << 18 };

str lambda_version_id(struct call *c, str name, int64_t number)
{
    return arena_printf(c->arena, "%.*s:%010lld", FMT(name), (long long)number); /* in the order of their numbers */
}

struct lambda_function *lambda_of_version(struct call *c, const struct lambda_version *v)
{
    struct lambda_function *f = ARENA_NEW(c->arena, struct lambda_function);

    shape_copy(&lambda_version_shape, v, &lambda_function_shape, f);
    f->at = v->at;
    f->qualifier = v->version;
    return f;
}

/* ---- publishing ---- */

static res last_version(struct call *c, const struct lambda_function *f, struct lambda_version **out)
{
    struct lambda_version_page page;
    str prefix = arena_cat(c->arena, f->function_name, S(":"));

    TRY(lambda_version_list_back(c, f->at.account, prefix, STR_ABSENT, 1, &page));
    *out = page.n ? page.v[0] : NULL;
    return OK;
}

/* All that a customer can change, as text: without what every version has of its own. */
static res settings_of(struct call *c, const struct lambda_function *f, str *out, bool *opened)
{
    struct lambda_configuration v = {0};
    struct buf b;

    TRY(lambda_describe(c, f, true, &lambda_configuration_shape, &v));
    v.function_arn = v.last_modified = v.revision_id = v.version = v.description = STR_ABSENT;
    *opened = !v.environment || !v.environment->error;
    buf_init_secret(&b, TEXT_MAX_BYTES);
    json_encode(&lambda_configuration_shape, &v, &b);
    *out = arena_dup(c->secrets, buf_str(&b));
    buf_done(&b);
    return OK;
}

static res is_unchanged(struct call *c, const struct lambda_function *f, const struct lambda_version *last, bool *same)
{
    str now, then;
    bool opened, opened_then;

    TRY(settings_of(c, f, &now, &opened));
    TRY(settings_of(c, lambda_of_version(c, last), &then, &opened_then));
    *same = str_eq(now, then) && str_eq(f->description, last->latest_description) &&
            ((opened && opened_then) || str_eq(f->sealed_environment, last->sealed_environment));
    return OK;
}

/* Also not by a function that takes a deleted one's name. */
static res next_number(struct call *c, const struct lambda_function *f, int64_t *out)
{
    struct lambda_numbering *n;

    TRY(lambda_numbering_load(c, f->at.account, f->function_name, &n));
    if (!n) {
        n = ARENA_NEW(c->arena, struct lambda_numbering);
        *n = (struct lambda_numbering){.at.account = f->at.account, .function_name = f->function_name};
    }
    *out = n->last.v + 1;
    n->last = SET_INT(*out);
    return lambda_numbering_save(c, n);
}

res lambda_publish(struct call *c, const struct lambda_function *f, str description, bool must_be_new,
                   struct lambda_function **out)
{
    struct lambda_version *v = ARENA_NEW(c->arena, struct lambda_version), *last;
    bool same = false;
    int64_t number;

    TRY(last_version(c, f, &last));
    if (last)
        TRY(is_unchanged(c, f, last, &same));
    if (same && must_be_new)
        return fault(c, &lambda_ResourceConflictException,
                     "A version for this Lambda function exists ( %.*s ). Modify the function to create a new version.",
                     FMT(last->version));
    if (same) {
        *out = lambda_of_version(c, last);
        return OK;
    }
    TRY(next_number(c, f, &number));
    shape_copy(&lambda_function_shape, f, &lambda_version_shape, v);
    v->at = (struct record_head){.account = f->at.account};
    v->version_id = lambda_version_id(c, f->function_name, number);
    v->version = arena_printf(c->arena, "%lld", (long long)number);
    v->statements = v->policy = v->policy_revision = STR_ABSENT;
    v->principals = (struct map_of_str){0};
    v->latest_description = f->description;
    v->description = str_is(description) ? description : f->description;
    v->revision_id = call_uuid(c);
    v->last_modified = lambda_modified_now(c);
    TRY(lambda_version_save(c, v));
    *out = lambda_of_version(c, v);
    return OK;
}

res lambda_publish_version(struct call *c, const struct lambda_publish_version_in *in,
                           struct lambda_publish_version_out *out)
{
    const struct lambda_function *f = c->subject;
    struct lambda_function *published;

    TRY(lambda_only_function(c, f));
    if (in->code_sha256.n && !str_eq(in->code_sha256, f->code_sha256))
        return fault(c, &lambda_InvalidParameterValueException,
                     "CodeSHA256 (%.*s) is different from current CodeSHA256 in $LATEST (%.*s). Please try again with "
                     "the CodeSHA256 in $LATEST.",
                     FMT(in->code_sha256), FMT(f->code_sha256));
    TRY(lambda_check_revision(c, f->revision_id, in->revision_id));
    TRY(lambda_publish(c, f, in->description, c->parent && in->must_be_new.v, &published));
    return lambda_describe(c, published, true, &lambda_publish_version_out_shape, out);
}

/* ---- showing ---- */

static res list(struct call *c, str prefix, str after, size_t limit, struct lambda_configuration *to, size_t *n,
                str *next)
{
    struct lambda_version_page page;

    TRY(lambda_version_list_all(c, STR_ABSENT, prefix, after, limit, &page));
    for (size_t i = 0; i < page.n; i++)
        TRY(lambda_describe(c, lambda_of_version(c, page.v[i]), false, &lambda_configuration_shape, &to[(*n)++]));
    *next = page.more ? page.v[page.n - 1]->version_id : STR_ABSENT;
    return OK;
}

res lambda_list_versions(struct call *c, str after, size_t limit, struct lambda_configuration *to, size_t *n, str *next)
{
    return list(c, STR_ABSENT, after, limit, to, n, next);
}

/* $LATEST first, then by number. */
res lambda_list_versions_by_function(struct call *c, const struct lambda_list_versions_by_function_in *in,
                                     struct lambda_list_versions_by_function_out *out)
{
    size_t limit = in->max_items.set && in->max_items.v < PAGE_MAX ? (size_t)in->max_items.v : PAGE_MAX;
    struct lambda_function latest = *(const struct lambda_function *)c->subject;
    str prefix = arena_cat(c->arena, latest.function_name, S(":")), after = STR_ABSENT, next = prefix;

    TRY(lambda_only_function(c, &latest));
    if (in->marker.n && !page_token_open(c, in->marker, &after))
        return fault(c, &lambda_InvalidParameterValueException, "Invalid Marker");
    out->versions.v = ARENA_ARRAY(c->arena, struct lambda_configuration, limit + 1);
    if (!in->marker.n) {
        latest.qualifier = S("$LATEST");
        TRY(lambda_describe(c, &latest, false, &lambda_configuration_shape, &out->versions.v[out->versions.n++]));
        limit--;
    }
    if (str_eq(after, prefix)) /* the page before had room for $LATEST only */
        after = STR_ABSENT;
    if (limit)
        TRY(list(c, prefix, after, limit, out->versions.v, &out->versions.n, &next));
    if (str_is(next))
        out->next_marker = page_token(c, next);
    return OK;
}

/* ---- removing ---- */

static res drop(struct call *c, struct lambda_version *v)
{
    const struct lambda_function *f = lambda_of_version(c, v);

    TRY(lambda_version_drop(c, v));
    lambda_retire(c, lambda_qualified_arn(c, f, v->version), STR_ABSENT);
    return lambda_drop_code(c, f);
}

res lambda_drop_version(struct call *c, const struct lambda_function *f)
{
    struct lambda_version *v;
    int64_t number;

    TRY(lambda_check_unaliased(c, f));
    if (!str_to_i64(f->version, &number))
        return oops(&c->err, 0, "a version without a number");
    TRY(lambda_version_load(c, f->at.account, lambda_version_id(c, f->function_name, number), &v));
    return v ? drop(c, v) : OK;
}

res lambda_drop_versions(struct call *c, const struct lambda_function *f)
{
    str prefix = arena_cat(c->arena, f->function_name, S(":"));
    struct lambda_version_page page = {.more = true};

    while (page.more) {
        TRY(lambda_version_list_all(c, f->at.account, prefix, STR_ABSENT, DROP_PAGE, &page));
        for (size_t i = 0; i < page.n; i++)
            TRY(drop(c, page.v[i]));
    }
    return OK;
}
