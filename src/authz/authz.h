/* SPDX-License-Identifier: MIT */
/* The law: compiled policies, a request, a decision, and the reason for it. Rules are cited by number from
 * docs/3-who-may.md (AWS IAM user guide, "Policy evaluation logic"). Knows nothing of services, stores or wires. */
#ifndef BARMKIN_AUTHZ_AUTHZ_H
#define BARMKIN_AUTHZ_AUTHZ_H
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* ---- policies ---- */
struct policy; /* compiled, immutable, shared between threads */

enum policy_kind {
    POLICY_IDENTITY,
    POLICY_RESOURCE,
    POLICY_TRUST,
    POLICY_KEY,
    POLICY_BOUNDARY,
    POLICY_SESSION,
    POLICY_SCP,
    POLICY_RCP,
    POLICY_ENDPOINT
};

/* Parses and compiles. Rejects (with AWS's kind of reason) duplicate keys, unknown versions, effects, operators or
 * elements, and elements the kind may not have. `name` (ARN or name) and text are copied: explain prints them. */
res policy_compile(str text, enum policy_kind kind, str name, struct policy **out, struct err *e);
void policy_free(struct policy *p);
str policy_name(const struct policy *p);
size_t policy_count(const struct policy *p);              /* statements */
str policy_sid(const struct policy *p, size_t statement); /* absent if it has none */
/* The statement's own JSON text, compact. */
str policy_statement_text(const struct policy *p, size_t statement, struct arena *a);
/* Principals that name users or roles (AWS: ARNs) in this document, for storing unique ids: each as written. */
size_t policy_principals(const struct policy *p, struct arena *a, str **arns);

/* ---- the request ---- */
enum principal_kind { PRINCIPAL_ANONYMOUS, PRINCIPAL_ROOT, PRINCIPAL_USER, PRINCIPAL_SESSION, PRINCIPAL_SERVICE };

struct authz_value { /* one context key; n may be 0 for an empty list; `multi` for a key that AWS documents as
                        multivalued */
    str key;
    const str *values;
    size_t n;
    bool multi;
};

struct authz_request {
    enum principal_kind principal_kind;
    str principal;          /* user ARN, session ARN, root ARN or service name; empty for anonymous */
    str principal_role_arn; /* of a session: the role's ARN with path (aws:PrincipalArn) */
    str principal_id;       /* unique id of the user or role (AIDA..., AROA...), absent in batch cases */
    str account;            /* of the principal; empty for services and anonymous */
    str action;             /* "s3:GetObject" */
    str resource;           /* ARN, or "*" */
    str resource_account;   /* empty: the principal's own */
    const struct authz_value *context;
    size_t n_context;
    bool management_principal, management_resource, service_linked_role;
};

struct policy_set {
    const struct policy *const *v;
    size_t n;
    const struct policy_index *index; /* authz/index.h; NULL: every statement is read */
};
struct policy_levels {
    const struct policy_set *v;
    size_t n;
}; /* root, OUs..., account */

/* A KMS grant that names the caller as grantee and lists the operation; encryption-context constraints are checked
 * by the evaluator against kms:EncryptionContext:KEY in the request's context. */
struct authz_grant {
    str id;
    const struct str_pair2 *equals, *subset;
    size_t n_equals, n_subset;
};
struct str_pair2 {
    str key, value;
};

struct authz_layers {
    struct policy_set identity;
    const struct policy *boundary;    /* NULL: none */
    struct policy_set session;        /* n == 0: none passed */
    bool session_passed;              /* true with n == 0 would deny all */
    struct policy_levels scps, rcps;  /* n == 0: none apply */
    const struct policy *resource;    /* resource, key or trust policy; NULL: none */
    bool resource_takes_policies;     /* false: cross-account is denied (rule 13) */
    struct policy_set endpoints;      /* n == 0: not through an endpoint */
    const struct authz_grant *grants; /* KMS grants of this key for this caller and operation */
    size_t n_grants;
    /* Maps a principal ARN written in a resource policy to the unique id it stood for when saved; NULL in batch. */
    bool (*same_principal)(void *ctx, str written_arn, str principal_arn, str principal_id);
    void *same_principal_ctx;
};

/* ---- the decision ---- */
enum verdict { DENIED_IMPLICITLY = 0, DENIED_EXPLICITLY, ALLOWED };
enum layer {
    LAYER_NONE,
    LAYER_IDENTITY,
    LAYER_RESOURCE,
    LAYER_TRUST,
    LAYER_GRANT,
    LAYER_SCP,
    LAYER_RCP,
    LAYER_BOUNDARY,
    LAYER_SESSION,
    LAYER_ENDPOINT
};

struct authz_reason {            /* which statement, where one decided */
    const struct policy *policy; /* NULL: none */
    size_t statement;
};

struct decision {
    enum verdict verdict;
    enum layer by;              /* the layer that decided; for an implicit deny the layer that lacks an allow */
    struct authz_reason reason; /* the deciding statement; for an implicit deny the nearest one, or none */
};

/* Decides. Never allocates, never fails: any doubt is a deny. */
struct decision authz_evaluate(const struct authz_request *r, const struct authz_layers *l);

/* One statement's say by itself; DENIED_IMPLICITLY: it does not match. */
enum verdict authz_statement_verdict(const struct authz_request *r, const struct authz_layers *l,
                                     const struct policy *p, size_t statement);
enum policy_kind authz_resource_kind(const struct authz_request *r); /* a key's, a role's, or an ordinary one */
/* ---- explanations ---- */
/* The same evaluation with a trace: {"decision","by","layers":[{"layer","verdict","policy","sid","index","statement",
 * "failed":{...}}...],"context":{...}} as JSON into `out`. */
void authz_explain(const struct authz_request *r, const struct authz_layers *l, struct buf *out);
void authz_context_json(const struct authz_value *v, size_t n, struct buf *out); /* an object; each key once */
const char *authz_layer_name(enum layer l);     /* "identity", "resource", "vpce", ... (authz-rules section 2) */
const char *authz_verdict_name(enum verdict v); /* "Allowed", "ExplicitlyDenied", "ImplicitlyDenied" */
/* Rules 43 and 44: "User: ... is not authorized to perform: ... because ...". */
str authz_message(struct arena *a, const struct authz_request *r, const struct decision *d);
/* One case of `barmkin authz --batch` (one JSON line in, one out, without newline). Bad cases answer {"id","error"}. */
void authz_batch_line(str line, bool explain, struct buf *out);
/* Matching, tested on its own: '*' any run, '?' one character. */
bool authz_glob(str pattern, str text, bool nocase);

#endif
