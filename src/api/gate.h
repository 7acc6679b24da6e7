/* SPDX-License-Identifier: MIT */
/* The gate: the one place where a call is located, judged, and let in or sent away. */
#ifndef BARMKIN_API_GATE_H
#define BARMKIN_API_GATE_H
#include "api/call.h"
#include "base/buf.h"

struct principal_policies { /* of a user or a role; the compiled documents come from worker_policy */
    const struct policy **identity;
    size_t n_identity;
    const struct policy_index *index; /* over identity; the gate makes it, once per law generation */
    const struct policy *boundary;
    const struct str_pair *tags; /* aws:PrincipalTag */
    size_t n_tags;
    bool service_linked; /* a role of an AWS service; the gate says so */
};

struct guardrails { /* of an account */
    struct policy_levels scps, rcps;
    bool management; /* the organization's management account: SCPs and RCPs do not bind it */
    bool suspended;  /* closed: nobody acts in it, and nothing in it is reached */
    str org_path;    /* "o-.../r-.../ou-.../": aws:PrincipalOrgPaths; absent: in no organization */
};
struct account_facts { /* of an account of this house */
    size_t n;          /* how many there are of that name; 0: none */
    str id, name;
};
/* For a set that is kept with the law; NULL for one that serves a single call (c->arena): it is read without. */
const struct policy_index *gate_index(struct call *c, struct policy_set set);
/* What binds an account, until the law changes; never NULL. Nothing without an account. */
res guardrails_get(struct call *c, str account, const struct guardrails **out);

struct role_facts { /* of a role that may be assumed: iam hands them to sts */
    bool found;
    str arn, account, name, role_id, trust_policy;
    struct map_of_str principals;
    const struct str_pair *tags;
    size_t n_tags;
    int64_t max_session_s;
};

struct credential { /* an AKIA access key */
    bool found, active;
    str sealed_secret; /* vault's, bound to the access key id */
    struct caller caller;
};

/* One judgement: an access line on one resource. Kept for the audit log and `explain`. */
struct judgement {
    const char *action;
    str resource, resource_account;
    enum verdict verdict;
    enum layer by;
    str policy, sid, statement; /* the deciding statement, if one decided */
    size_t index;
    str trace; /* authz_explain's JSON; only of a denial */
};

struct gate_facts {
    struct authz_value *context;
    size_t n_context, cap_context;
    str *singles; /* room for values of keys that have one; never used twice, though keys may be taken away again */
    size_t n_singles, cap_singles;
    const str *org_path; /* the last one that was added */
    const struct judgement *judgements;
    size_t n_judgements;
    const struct judgement *denied; /* the one that ended the call, or NULL */
};

/* locate, then judge every access line, then say what does not exist. In this order (design.md section 1). */
res gate_pass(struct call *c);
/* Would this caller be allowed? For answers that depend on another right (rule 46). Leaves no trace. */
res gate_may(struct call *c, const char *action, struct resource *r, bool *may);
/* The same with reasons, for what-ifs: `more` stands in place of what the request's context says under the same keys.
 */
struct weighed {
    str trace, message; /* authz_explain's and authz_message's */
};
res gate_weigh(struct call *c, const char *action, struct resource *r, const struct authz_value *more, size_t n_more,
               struct weighed *out);
/* A role that is handed on: its tags are part of the question, its trust policy is not (rule 23). */
res gate_locate_role(struct call *c, str arn, struct resource *out);
/* What temporary credentials cannot be used for, whatever policies say (temporary.c). */
res temporary_may(struct call *c);
/* Fills c->gate with the context keys of the request (aws:* and the operation's lines). */
res context_build(struct call *c, const struct principal_policies *mine, const struct guardrails *rails);

/* An account's place in its organization under these two keys; nothing where it has none. */
void context_add_org(struct call *c, str id_key, str paths_key, const struct guardrails *rails);

/* locate, judge and handle inside c->txn. What serve, the writer and call_as all end in. */
res call_run(struct call *c);
/* The same from the start, as often as the writer wants: forgets what an earlier run left in the call, but for the
 * records in `kept` that were made before it. */
res call_run_write(struct call *c, struct txn *t, struct audit_line *kept);
/* A committed call's effects, in order; waits for them. */
res call_run_after(struct house *h, const struct after *a, struct err *e);
/* The audit record of a call that has ended: one JSON object, CloudTrail's shape plus the decisions, in the call's
 * arena. Never longer than a line of the audit chain may be. */
str audit_record(const struct call *c, res outcome);
/* The records of an ended call and of those it made, in the order in which they ended. */
size_t audit_records(struct call *c, res outcome, const str **out);

#endif
