/* SPDX-License-Identifier: MIT */
/* One call on its way through the house: who, which operation, on what, with which result. */
#ifndef BARMKIN_API_CALL_H
#define BARMKIN_API_CALL_H
#include "api/op.h"
#include "authz/authz.h"
#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"
#include "vault/vault.h"

struct house;       /* what all threads of front share: api/house.h */
struct worker;      /* what one thread owns: its vault pipe, store connection, caches */
struct system_tags; /* api/tags.h */

enum { WHY_FAULT = 3 }; /* beside WHY_OOPS and WHY_REJECT: the client's, with an AWS code, kept in the call */

/* Who calls. Built once per request by api/who.c, or by the caller_* functions below. */
struct caller {
    enum principal_kind kind;
    str account;        /* empty: anonymous or a service */
    str arn;            /* user ARN, session ARN, root ARN; for a service its name */
    str role_arn;       /* of a session: the role's ARN with its path; of a federated one the user's */
    str unique_id;      /* AIDA... or AROA... */
    str user_id;        /* aws:userid: AIDA..., or AROA...:session */
    str name;           /* user name, or session name */
    str access_key_id;  /* empty for services */
    int64_t issued_ms;  /* of temporary credentials, else 0: a user with it holds GetSessionToken's */
    int64_t expires_ms; /* of a session that was proven by its token, else 0 */
    str parent_key;     /* of a user's or federated session: the access key that asked for it */
    bool federated;     /* a session of GetFederationToken: role_arn and unique_id are the user's */
    bool session_policies_passed;
    const str *session_policies;
    size_t n_session_policies;
    const str *session_policy_arns; /* managed policies passed as session policies */
    size_t n_session_policy_arns;
    const struct str_pair *session_tags; /* the first n_transitive go on along a chain of roles */
    size_t n_session_tags, n_transitive;
    str source_identity;
    const str *called_via; /* forward access: services in order; n == 0: a direct call */
    size_t n_called_via;
    struct str_pair made_for;       /* a condition key of a service's session: lambda:SourceFunctionArn; or absent */
    str source_arn, source_account; /* of a service principal: the resource it acts for */
    bool house; /* the house itself, in an account's name: only caller_operator says so, no key, token or header */
};

/* How a request proved who sent it. */
enum signed_by { SIGNED_NOT, SIGNED_V4, SIGNED_V4_QUERY, SIGNED_V2_QUERY };

/* Through which socket a request came. Facts of the kernel, never of a header. */
struct door {
    str vpce_id, vpc_id; /* absent: not through an endpoint */
    str source_ip;       /* dotted; through an endpoint it is aws:VpcSourceIp */
    bool tls;
    str tls_version;   /* "1.2", "1.3"; absent without TLS */
    str tls_cipher;    /* OpenSSL's name of the suite */
    str vpc_account;   /* whose the VPC is */
    uint32_t peer_pid; /* of the admin channel: the process at its other end, else 0 */
};

/* What a client says about itself in headers. Nobody vouches for it; policies may ask. */
struct client {
    str user_agent, referer;
    str content_sha256; /* x-amz-content-sha256 */
    int64_t signed_ms;  /* the signature's own time; 0: none */
};

/* What an access line is about. */
struct resource {
    const struct resource_type *type; /* NULL: "*" */
    str arn, account;
    const void *subject;              /* its record; NULL when it does not exist */
    const struct fault_type *missing; /* said after an allow, when it does not exist; NULL: existence does not matter */
    str missing_text;
    str policy, policy_name;           /* resource-based policy document; absent: none */
    const struct str_pair *principals; /* ARN as written in the policy -> unique id when it was saved */
    size_t n_principals;
    const struct str_pair *tags;
    size_t n_tags;
    const char *tag_prefix;            /* of their condition keys; NULL: "aws:ResourceTag/" */
    const char *action;                /* asked in place of the access line's; NULL: that one */
    bool beyond_rcps;                  /* AWS's own in a customer's account (rule 16) */
    const struct authz_value *context; /* condition keys of this resource alone, where a call is about several */
    size_t n_context;
};

struct fault {
    const struct fault_type *type; /* NULL: none */
    str message;
    str resource, extra_name, extra_value; /* S3 and JSON write one more beside the message (BucketName, Reason...) */
};

/* The body of an upload, or the member that an operation streams. Of an upload prepare() sets key; serve fills the rest
 * before the handler runs. Without such a member blob_id is absent. */
struct upload {
    uint8_t key[32]; /* of the new blob */
    uint64_t max_bytes;
    str blob_id; /* linked and durable when the handler runs */
    uint64_t size;
    uint8_t md5[16];
    str checksum_name, checksum_value; /* "CRC32" and base64, where the client sent one */
    void *state;                       /* what prepare() wants the handler to have */
    /* Set by prepare(), or NULL: what takes long with what was sent, on the pool, before the handler. */
    res (*examine)(struct house *h, struct upload *u, struct err *e);
};

/* The body of a download, set by the handler; serve pumps it out after the transaction has ended. The segments follow
 * one another; they hold keys, so they stand in c->secrets. */
struct download_segment {
    str blob_id;
    uint8_t key[32];
    uint64_t offset, length; /* of the blob's plaintext; length > 0 */
};
struct download {
    const struct download_segment *v;
    size_t n;
    uint64_t length; /* what Content-Length says: of all segments, also where no_body keeps them back */
    bool no_body;    /* HEAD, 304 */
};

/* A request passed on to a model server, set by the handler of an OP_PROXIES operation. */
struct invocation_call; /* api/functions.h */
struct proxy {
    const struct invocation_call *function; /* of a function; else NULL, and the rest says which server: */
    str pool;                               /* names the server among those of this house */
    str method, path, content_type, accept, custom_attributes, body;
    int64_t timeout_ms;
    str variant; /* x-Amzn-Invoked-Production-Variant */
};

/* Runs after the commit and before the reply, on the blocking pool. An error answers 500; what it failed to do must be
 * retried by a flow. */
struct after {
    res (*fn)(struct house *h, void *arg, struct err *e);
    void *arg;
    struct after *next;
};

struct audit_line {
    str text;
    struct audit_line *next;
};

struct call {
    const struct operation *op;
    const struct caller *caller;
    const struct door *door;
    const struct client *client; /* NULL: not a request from outside */
    enum signed_by signed_by;
    const struct call *parent; /* of a call_as; else NULL */
    unsigned depth;
    str region, request_id;
    str user_agent, host; /* as the client says: for the audit log only */
    int64_t now_ms;
    struct arena *arena, *secrets;
    struct worker *worker;
    struct txn *txn;
    const void *in;
    void *out;
    struct resource *resources; /* one per access line and named thing, in order */
    size_t n_resources;
    const void *subject; /* of the first resource */
    struct err err;
    struct fault fault;
    struct after *after;
    struct audit_line *audit; /* records of inner calls, newest first; written with this call's own */
    union {
        struct upload *upload;
        struct download *download;
        struct proxy *proxy;
    } body;
    struct gate_facts *gate;               /* the decision and its context: api/gate.h */
    const struct system_tags *system_tags; /* what the calls it makes put on what they save; NULL: nothing */
    int status;                            /* a handler may set another success status (206, 304); 0: the operation's */
};

/* ---- for handlers ---- */
/* Ends the call with a fault of the model. First writer wins. Answers WHY_FAULT. */
res fault(struct call *c, const struct fault_type *type, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
extern const struct fault_type api_access_denied; /* encoded as the protocol spells it (rule 42) */

/* Runs another operation through the same gate, inside this call's transaction, as `who`. A fault of the inner call
 * becomes this call's fault. in and out are the operation's structs. */
res call_as(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out);
/* The same, but the inner fault comes back in *inner (type NULL: none) and this call goes on. */
res call_try(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out,
             struct fault *inner);
/* The same of a download: the segments of its body in *body, NULL when it has none. */
res call_download(struct call *c, const struct caller *who, const struct operation *op, const void *in, void *out,
                  const struct download **body, struct fault *inner);
/* The caller's own rights used by a service on its behalf (rule 21): "s3.amazonaws.com". */
const struct caller *caller_forward(struct call *c, const char *service);
/* The house itself, in the name of an account's root user: for what it must keep in order whatever an organization
 * forbids its members. Of the management account it is the operator. */
struct caller caller_operator(struct arena *a, str account);
/* A service principal acting for one resource (rules 19, 20). */
const struct caller *caller_service(struct call *c, const char *service, str source_arn, str source_account);
/* The same, at work in the source's account: a name without an ARN is one of that account. It gets no right by that. */
const struct caller *caller_service_at(struct call *c, const char *service, str source_arn, str account);
/* Adds an effect outside the store. arg must live in c->arena. */
void call_after(struct call *c, res (*fn)(struct house *h, void *arg, struct err *e), void *arg);

/* ---- records ---- */
struct record_page {
    void **v; /* record structs */
    size_t n;
    bool more;
};
/* *out is NULL when absent. An empty account means the caller's. Region: the call's, or "" for global types. */
res record_load(struct call *c, const struct record_type *t, str account, str id, void **out);
/* The same for what every request of a hot path asks: kept, decoded, per thread until a commit has changed the law (or
 * any record of sagemaker or lambda). For reading only; it may go while a proxied call waits for its answer: such a
 * call copies what it needs then. A write, whose reply and effects come later too, gets one of its own. */
res record_load_kept(struct call *c, const struct record_type *t, str account, str id, const void **out);
/* Saves by the record's head and id; fills an empty account and region in from the call. */
res record_save(struct call *c, const struct record_type *t, void *record);
res record_drop(struct call *c, const struct record_type *t, const void *record);
res record_list(struct call *c, const struct record_type *t, str account, str id_prefix, str after, size_t limit,
                struct record_page *out);
/* Drops all records whose id starts with the prefix (not empty), without reading them. */
res record_drop_all(struct call *c, const struct record_type *t, str account, str id_prefix);
/* Backwards, from the last id before `before` (absent: from the end). */
res record_list_back(struct call *c, const struct record_type *t, str account, str id_prefix, str before, size_t limit,
                     struct record_page *out);
/* Over all accounts and regions, unless account is present. */
res record_by(struct call *c, const struct record_type *t, const char *index, str value, str account, size_t limit,
              struct record_page *out);
/* The same within one account (empty: the caller's) and the call's region, going on after the record with the id
 * `after` (absent: from the beginning). */
res record_by_after(struct call *c, const struct record_type *t, const char *index, str value, str account, str after,
                    size_t limit, struct record_page *out);
/* How many of the caller's account (and the call's region): of the type, or with an index entry. */
res record_count(struct call *c, const struct record_type *t, int64_t *out);
res record_count_by(struct call *c, const struct record_type *t, const char *index, str value, int64_t *out);
/* Does any record that may name blobs name this one? */
res record_blob_is_named(struct call *c, str blob, bool *named);

/* ---- small services of the house ---- */
struct vault *call_vault(struct call *c);
str call_arn(struct call *c, const char *service, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
str call_unique(struct call *c, const char *prefix, size_t n_chars); /* prefix + random lower-case hex */
str call_uuid(struct call *c);
/* Page tokens: opaque to clients; open answers false when it is none of ours. */
str page_token(struct call *c, str after);
bool page_token_open(struct call *c, str token, str *after);
/* Compiles a policy document of a request or answers the given fault. */
res policy_check(struct call *c, str text, enum policy_kind kind, const struct fault_type *malformed);
/* The same where AWS takes the current version of the language only: managed policies, SCPs and RCPs. */
res policy_check_current(struct call *c, str text, enum policy_kind kind, const struct fault_type *malformed);
/* The unique ids behind the principals of a document that is about to be saved (rule 27); a principal that does not
 * exist answers `invalid`. */
res policy_bind(struct call *c, str text, enum policy_kind kind, const struct fault_type *invalid,
                struct map_of_str *principals);
void context_add(struct call *c, str key, str value);
void context_set(struct call *c, str key, str value); /* in place of what the request's own context says */
void context_add_list(struct call *c, str key, const str *values, size_t n);
void context_add_values(struct call *c, const struct authz_value *v, size_t n); /* as they are */
/* For models: aws:SourceVpcArn, aws:VpceAccount, aws:VpceOrgID with aws:VpceOrgPaths. */
add_context context_add_vpc_arn, context_add_vpce_account, context_add_vpce_org;

#endif
