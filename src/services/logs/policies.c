/* SPDX-License-Identifier: MIT */
/* Resource policies of an account's logs: who else may write, EventBridge for one. Each holds for every group that its
 * statements name, so a group's policy is all of them together. */
#include "base/json.h"
#include "logs_parts.h"

enum { POLICIES_MAX = 10, ONE_DOCUMENT_MAX_BYTES = 64 << 10 }; /* AWS's quota; POLICIES_MAX of 5,120 bytes */

/* ---- for the finders ---- */

static void add_principals(struct call *c, const struct map_of_str *from, struct map_of_str *to)
{
    struct str_pair *v = ARENA_ARRAY(c->arena, struct str_pair, to->n + from->n + 1);

    for (size_t i = 0; i < to->n; i++)
        v[i] = to->v[i];
    for (size_t i = 0; i < from->n; i++)
        v[to->n + i] = from->v[i];
    *to = (struct map_of_str){to->n + from->n, v};
}

/* The first keeps a Sid that two policies use: it is unique within a document. */
static void add_statement(json_t *statement, json_t *seen, struct buf *b)
{
    const char *sid = json_string_value(json_object_get(statement, "Sid"));

    if (sid && json_object_get(seen, sid))
        json_object_del(statement, "Sid");
    else if (sid)
        json_object_set_new(seen, sid, json_true());
    buf_add_z(b, b->n ? "," : "");
    buf_add_json(b, statement);
}

static res add_statements(struct call *c, str document, json_t *seen, struct buf *b)
{
    json_t *policy, *one;
    size_t i;

    TRY(json_parse(c->arena, document, &c->err, &policy));
    json_t *statements = json_object_get(policy, "Statement");
    if (json_is_object(statements))
        add_statement(statements, seen, b);
    json_array_foreach(statements, i, one)
    {
        add_statement(one, seen, b);
    }
    return OK;
}

static res merge(struct call *c, const struct logs_resource_policy_page *page, struct resource *out, struct buf *b)
{
    struct map_of_str principals = {0};
    json_t *seen = json_object();
    res done = OK;

    for (size_t i = 0; is_ok(done) && i < page->n; i++) {
        done = add_statements(c, page->v[i]->policy_document, seen, b);
        add_principals(c, &page->v[i]->principals, &principals);
    }
    json_decref(seen);
    TRY(done);
    out->policy = arena_printf(c->arena, "{\"Version\":\"2012-10-17\",\"Statement\":[%.*s]}", FMT(buf_str(b)));
    out->policy_name = page->n == 1 ? page->v[0]->policy_name : S("resource policies of the account");
    out->principals = principals.v;
    out->n_principals = principals.n;
    return OK;
}

res logs_add_policies(struct call *c, struct resource *out)
{
    struct logs_resource_policy_page page;
    struct buf b;

    TRY(logs_resource_policy_list_all(c, STR_ABSENT, STR_ABSENT, STR_ABSENT, POLICIES_MAX, &page));
    if (!page.n)
        return OK;
    buf_init(&b, ONE_DOCUMENT_MAX_BYTES);
    res done = merge(c, &page, out, &b);
    buf_done(&b);
    return done;
}

/* ---- operations ---- */

/* AWS has policies of single groups too, for delivery to other services; they are not built. */
static res check_scope(struct call *c, str resource_arn, str revision)
{
    if (str_is(resource_arn) || str_is(revision))
        return fault(c, &logs_InvalidParameterException,
                     "Barmkin's resource policies are of the account: resourceArn and expectedRevisionId are not "
                     "built (docs/reference/coverage.md).");
    return OK;
}

static struct logs_resource_policy_entry entry_of(const struct logs_resource_policy *p)
{
    return (struct logs_resource_policy_entry){p->policy_name, p->policy_document, p->last_updated_time, S("ACCOUNT")};
}

res logs_put_resource_policy(struct call *c, const struct logs_put_resource_policy_in *in,
                             struct logs_put_resource_policy_out *out)
{
    struct logs_resource_policy *old, p = {.policy_name = in->policy_name,
                                           .policy_document = in->policy_document,
                                           .last_updated_time = SET_INT(c->now_ms)};
    int64_t n;

    TRY(check_scope(c, in->resource_arn, in->expected_revision_id));
    if (!in->policy_name.n || !in->policy_document.n)
        return fault(c, &logs_InvalidParameterException, "Both policyName and policyDocument are required.");
    /* one version for all: the policies are judged as one document */
    TRY(policy_check_current(c, in->policy_document, POLICY_RESOURCE, &logs_InvalidParameterException));
    TRY(policy_bind(c, in->policy_document, POLICY_RESOURCE, &logs_InvalidParameterException, &p.principals));
    TRY(logs_resource_policy_load(c, STR_ABSENT, in->policy_name, &old));
    TRY(record_count(c, &logs_resource_policy_record, &n));
    if (!old && n >= POLICIES_MAX)
        return fault(c, &logs_LimitExceededException, "Resource limit exceeded.");
    if (old)
        p.at = old->at;
    out->resource_policy = ARENA_NEW(c->arena, struct logs_resource_policy_entry);
    *out->resource_policy = entry_of(&p);
    return logs_resource_policy_save(c, &p);
}

/* Ten at most: one page holds them all, whatever was asked for. */
res logs_describe_resource_policies(struct call *c, const struct logs_describe_resource_policies_in *in,
                                    struct logs_describe_resource_policies_out *out)
{
    size_t max = in->limit.set ? (size_t)in->limit.v : POLICIES_MAX;
    struct logs_resource_policy_page page;
    str after;

    TRY(check_scope(c, in->resource_arn, STR_ABSENT));
    TRY(logs_open_token(c, in->next_token, &after));
    out->resource_policies.v = ARENA_ARRAY(c->arena, struct logs_resource_policy_entry, max + 1);
    if (str_eq(in->policy_scope, S("RESOURCE")))
        return OK;
    TRY(logs_resource_policy_list_all(c, STR_ABSENT, STR_ABSENT, after, max, &page));
    for (; out->resource_policies.n < page.n; out->resource_policies.n++)
        out->resource_policies.v[out->resource_policies.n] = entry_of(page.v[out->resource_policies.n]);
    if (page.more)
        out->next_token = page_token(c, page.v[page.n - 1]->policy_name);
    return OK;
}

res logs_delete_resource_policy(struct call *c, const struct logs_delete_resource_policy_in *in,
                                struct logs_delete_resource_policy_out *out)
{
    struct logs_resource_policy *p = NULL;

    (void)out;
    TRY(check_scope(c, in->resource_arn, in->expected_revision_id));
    if (in->policy_name.n)
        TRY(logs_resource_policy_load(c, STR_ABSENT, in->policy_name, &p));
    if (!p)
        return fault(c, &logs_ResourceNotFoundException, "Policy with name [%.*s] does not exist.",
                     FMT(in->policy_name));
    return logs_resource_policy_drop(c, p);
}
