/* SPDX-License-Identifier: MIT */
/* Endpoint policies: checked, and kept a second time with the unique ids of the users and roles they name, so that a
 * role made anew under an old name is not the one that was meant (rule 27). */
#include "base/buf.h"
#include "base/json.h"
#include "ec2_names.h"

enum { POLICY_MAX_BYTES = 64 << 10 };

static str id_of(const struct map_of_str *ids, str arn)
{
    for (size_t i = 0; i < ids->n; i++)
        if (str_eq(ids->v[i].key, arn))
            return ids->v[i].value;
    return STR_ABSENT;
}

static json_t *renamed(const struct map_of_str *ids, json_t *name)
{
    str id = id_of(ids, json_str(name));

    return id.n ? json_stringn(id.p, id.n) : json_incref(name);
}

/* "AWS" under Principal or NotPrincipal: one name or a list of them. */
static void rename_in(const struct map_of_str *ids, json_t *principal)
{
    json_t *names = json_object_get(principal, "AWS");

    if (json_is_string(names)) {
        json_object_set_new(principal, "AWS", renamed(ids, names));
        return;
    }
    for (size_t i = 0; i < json_array_size(names); i++)
        json_array_set_new(names, i, renamed(ids, json_array_get(names, i)));
}

static void rename_statement(const struct map_of_str *ids, json_t *statement)
{
    rename_in(ids, json_object_get(statement, "Principal"));
    rename_in(ids, json_object_get(statement, "NotPrincipal"));
}

res ec2_take_policy(struct call *c, str text, str *bound)
{
    struct map_of_str ids = {0};
    json_t *tree, *statements;
    struct buf b;

    TRY(policy_check(c, text, POLICY_ENDPOINT, &ec2_InvalidPolicyDocument));
    TRY(policy_bind(c, text, POLICY_ENDPOINT, &ec2_InvalidPolicyDocument, &ids));
    *bound = text;
    if (!ids.n)
        return OK;
    TRY(json_parse(c->arena, text, &c->err, &tree));
    statements = json_object_get(tree, "Statement");
    if (json_is_object(statements))
        rename_statement(&ids, statements);
    for (size_t i = 0; i < json_array_size(statements); i++)
        rename_statement(&ids, json_array_get(statements, i));
    buf_init(&b, POLICY_MAX_BYTES);
    buf_add_json(&b, tree);
    *bound = arena_dup(c->arena, buf_str(&b));
    bool fits = !b.full;
    buf_done(&b);
    if (!fits)
        return fault(c, &ec2_InvalidPolicyDocument, "The policy is too long.");
    return policy_check(c, *bound, POLICY_ENDPOINT, &ec2_InvalidPolicyDocument);
}
