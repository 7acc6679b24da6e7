/* SPDX-License-Identifier: MIT */
/* What others may ask of a compiled policy. */
#include "authz/eval.h"
#include "authz/index.h"

void policy_free(struct policy *p)
{
    if (!p)
        return;
    struct buf block = {.p = (char *)p, .n = p->bytes, .cap = p->bytes, .max = p->bytes};
    policy_index_free(p->index);
    buf_done(&block);
}

size_t policy_bytes(const struct policy *p)
{
    return p->bytes + policy_index_bytes(p->index);
}

str policy_name(const struct policy *p)
{
    return policy_span(p, p->name);
}

size_t policy_count(const struct policy *p)
{
    return p->n_statements;
}

str policy_sid(const struct policy *p, size_t statement)
{
    const struct statement *s = policy_statement(p, statement);

    return s->flags & ST_SID ? policy_span(p, s->sid) : STR_ABSENT;
}

str policy_statement_text(const struct policy *p, size_t statement, struct arena *a)
{
    return arena_dup(a, policy_span(p, policy_statement(p, statement)->source));
}

/* Sessions are left out: their ARN names the role in another form, and they have no id of their own. */
static bool names_user_or_role(const struct policy *p, const struct named *n, str fields[ARN_FIELDS])
{
    return n->type == NAMED_ARN && arn_split(policy_span(p, n->text), fields) && str_eq(fields[2], S("iam"));
}

size_t policy_principals(const struct policy *p, struct arena *a, str **arns)
{
    size_t n = 0;

    *arns = ARENA_ARRAY(a, str, p->n_named);
    for (size_t i = 0; i < p->n_named; i++) {
        str fields[ARN_FIELDS], text = policy_span(p, policy_named(p, i)->text);
        bool known = !names_user_or_role(p, policy_named(p, i), fields);
        for (size_t k = 0; k < n && !known; k++)
            known = str_eq((*arns)[k], text);
        if (!known)
            (*arns)[n++] = arena_dup(a, text);
    }
    return n;
}
