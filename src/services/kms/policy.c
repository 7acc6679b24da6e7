/* SPDX-License-Identifier: MIT */
/* Key policies: the one thing that decides about a key (rule 10). Kept byte by byte; compiled by the gate. */
#include "api/gate.h"
#include "kms_parts.h"

str kms_default_policy(struct call *c, str account)
{
    return arena_printf(c->arena,
                        "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"
                        "    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n"
                        "    \"Principal\" : {\n      \"AWS\" : \"arn:aws:iam::%.*s:root\"\n    },\n"
                        "    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}",
                        FMT(account));
}

static res may_put_again(struct call *c, const struct kms_key *k, bool *may)
{
    struct caller root = {.kind = PRINCIPAL_ROOT,
                          .account = c->caller->account,
                          .arn = arena_printf(c->arena, "arn:aws:iam::%.*s:root", FMT(c->caller->account)),
                          .user_id = c->caller->account,
                          .name = S("root"),
                          .called_via = c->caller->called_via,
                          .n_called_via = c->caller->n_called_via};
    const struct caller *me = c->caller;
    struct resource r = {.type = &kms_own_key_resource,
                         .arn = k->arn,
                         .account = c->caller->account,
                         .policy = k->policy,
                         .principals = k->principals.v,
                         .n_principals = k->principals.n};

    TRY(gate_may(c, "kms:PutKeyPolicy", &r, may));
    if (*may)
        return OK;
    c->caller = &root; /* a policy that delegates to the account leaves the way back open too */
    res why = gate_may(c, "kms:PutKeyPolicy", &r, may);
    c->caller = me;
    return why;
}

res kms_take_policy(struct call *c, struct kms_key *k, str text, bool bypass_lockout_check)
{
    bool may = true;

    TRY(policy_check(c, text, POLICY_KEY, &kms_MalformedPolicyDocumentException));
    TRY(policy_bind(c, text, POLICY_KEY, &kms_MalformedPolicyDocumentException, &k->principals));
    k->policy = text;
    if (!bypass_lockout_check)
        TRY(may_put_again(c, k, &may));
    if (!may)
        return fault(c, &kms_MalformedPolicyDocumentException,
                     "The new key policy will not allow you to update the key policy in the future.");
    return OK;
}

static res check_name(struct call *c, str name)
{
    if (!str_is(name) || str_eq(name, S("default")))
        return OK;
    return fault(c, &kms_NotFoundException, "No such policy exists: a key has one policy, named default.");
}

res kms_get_key_policy(struct call *c, const struct kms_get_key_policy_in *in, struct kms_get_key_policy_out *out)
{
    const struct kms_key *k = c->subject;

    TRY(check_name(c, in->policy_name));
    out->policy = k->policy;
    out->policy_name = S("default");
    return OK;
}

res kms_put_key_policy(struct call *c, const struct kms_put_key_policy_in *in, struct kms_put_key_policy_out *out)
{
    struct kms_key *k = kms_own_copy(c);

    (void)out;
    TRY(check_name(c, in->policy_name));
    TRY(kms_changeable(c, k));
    k->principals = (struct map_of_str){0};
    TRY(kms_take_policy(c, k, in->policy, in->bypass_policy_lockout_safety_check.v));
    return kms_key_save(c, k);
}

res kms_list_key_policies(struct call *c, const struct kms_list_key_policies_in *in,
                          struct kms_list_key_policies_out *out)
{
    str after;

    TRY(kms_open_marker(c, in->marker, &after));
    out->policy_names.v = ARENA_ARRAY(c->arena, str, 1);
    out->policy_names.v[out->policy_names.n++] = S("default");
    out->truncated = SET_BOOL(false);
    return OK;
}
