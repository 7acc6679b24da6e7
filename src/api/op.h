/* SPDX-License-Identifier: MIT */
/* The tables modelc writes: what a service, an operation, a resource, a record and a fault are. Read-only facts. */
#ifndef BARMKIN_API_OP_H
#define BARMKIN_API_OP_H
#include "api/shape.h"
#include "base/err.h"
struct call;
struct caller;
struct resource;
struct upload;
struct service;

enum protocol { P_JSON, P_QUERY, P_EC2, P_REST_JSON, P_REST_XML };

/* How an operation runs: design.md section 2. Uploads and downloads are the two directions of `streams`. */
enum op_kind { OP_READS, OP_WRITES, OP_UPLOADS, OP_DOWNLOADS, OP_PROXIES, OP_ABSENT };

struct fault_type {
    const char *code; /* AWS's name */
    int status;       /* of the HTTP reply */
};

/* Answers what stands behind the names of an ARN. `names` are the values bound to the template's own placeholders.
 * Fills out->arn and out->account always; out->subject and policies where the thing exists, else out->missing. */
typedef res find_resource(struct call *c, const str *names, size_t n, struct resource *out);

struct resource_type {
    const char *service, *name;
    const char *arn;     /* template: {partition} {region} {account} are filled in, other placeholders bound in order */
    find_resource *find; /* NULL: the ARN comes from the template alone */
    bool takes_policies; /* resource-based policies exist for this type (rule 13) */
    bool always;         /* the finder is asked even where no name is given: it knows which thing is then meant */
    const char *policy;  /* "resource", "key" or "trust" */
};

enum access_kind { ACCESS_PLAIN, ACCESS_PASS_ROLE, ACCESS_EACH, ACCESS_OPEN };
enum access_when { ALWAYS, WHEN_PRESENT, WHEN_ABSENT, WHEN_TRANSITIVE_TAGS, WHEN_SOURCE_IDENTITY };

struct access_line {
    const char *action;
    const struct resource_type *on; /* NULL: "*" */
    const struct path *members;     /* the ARN's names */
    size_t n_members;
    struct path member;    /* WHEN_PRESENT, WHEN_ABSENT: whose */
    enum access_when when; /* the line counts only then; the last two: when the caller brings them */
    const char *pass_to;   /* ACCESS_PASS_ROLE: the service principal */
    enum access_kind kind; /* EACH: the handler re-enters per item by call_as; OPEN: needs no permission */
};

/* Adds context keys that a path cannot express, through context_add. */
typedef res add_context(struct call *c);

struct context_line {
    str key; /* "kms:KeySpec"; with a map or a list of Key/Value "aws:RequestTag/" stands before each key */
    struct path path;
    add_context *fn; /* instead of a path */
    bool multi;
};

struct operation {
    const struct service *service;
    const char *name;
    enum op_kind kind;
    const char *method, *uri; /* REST protocols: "/{Bucket}/{Key+}?uploads" */
    const char *with_header;  /* tells it from another of the same method and URI (CopyObject); NULL: none */
    bool without_signature;   /* what the request carries proves who asks (SAML, OpenID Connect) */
    int status;               /* of success; 200 by default */
    const struct shape *in, *out;
    const struct access_line *access;
    size_t n_access;
    const struct context_line *context;
    size_t n_context;
    res (*handle)(struct call *c, const void *in, void *out);         /* NULL for OP_ABSENT */
    res (*prepare)(struct call *c, const void *in, struct upload *u); /* OP_UPLOADS: before the body; else after it */
    const char *streams; /* OP_WRITES: a member of a JSON body ("Code.ZipFile") whose bytes go to a blob; or NULL */
    uint32_t max_body;   /* bytes of a buffered input; 0: the default */
};

struct record_index {
    const char *name;
    const char *member; /* of the record: text, or a list of texts (one entry each) */
};

struct record_type {
    const char *service, *name;
    const struct shape *shape;
    const char *id; /* member that is the id */
    const struct record_index *indexes;
    size_t n_indexes;
    bool global; /* kept under region "" */
};

/* Every generated record struct begins with this. */
struct record_head {
    str account, region; /* where it is kept; an empty region on save means the call's (or "" when global) */
    uint64_t version;    /* as loaded */
};

struct service {
    const char *name; /* folder and record namespace: "kms" */
    enum protocol protocol;
    const char *json_version; /* "1.0" or "1.1" */
    const char *target;       /* X-Amz-Target prefix without the dot */
    const char *version;      /* query protocols' Version */
    const char *xmlns;
    const char *signs_as;
    const char *host; /* first labels of the real name: "api.sagemaker" of api.sagemaker.us-east-1.amazonaws.com */
    struct fault_type failure; /* our own, in the service's words: "KMSInternalException" */
    bool global;               /* records and ARNs carry no region */
    const struct operation *const *operations;
    size_t n_operations;
    const struct fault_type *const *faults;
    size_t n_faults;
};

extern const struct service *const services[]; /* NULL-terminated; generated */
/* The record types that name blobs (an index called "blob"); NULL-terminated; generated. What none of them names is
 * removed (conductor/collector.h). */
extern const struct record_type *const blob_records[];

/* What services hand to the gate and to identify; generated from `provides` lines. See api/call.h for the arguments. */
struct principal_policies;
struct guardrails;
struct account_facts;
struct credential;
struct authz_grant;
struct role_facts;
struct url_text;
struct providers {
    res (*credentials)(struct call *c, str access_key_id, struct credential *out);
    res (*session_role)(struct call *c, str role_arn, str role_id, bool *alive);
    res (*role)(struct call *c, str role_arn, struct role_facts *out);
    res (*principal_policies)(struct call *c, const struct caller *who, struct principal_policies *out);
    res (*principal_id)(struct call *c, str arn, str *unique_id); /* absent: no such user or role */
    res (*guardrails)(struct call *c, str account, struct guardrails *out);
    res (*account)(struct call *c, str id, str name, struct account_facts *out); /* by one of the two */
    res (*endpoint_policy)(struct call *c, str vpce_id, str *text);              /* absent: full access */
    res (*grants)(struct call *c, const struct resource *key, str action, struct authz_grant **out, size_t *n);
    res (*managed_policy)(struct call *c, str account, str policy_arn, str *text); /* absent: there is none */
    /* An object of this house's S3 by its URL, as `who`: api/url_text.h. */
    res (*read_url)(struct call *c, const struct caller *who, str url, size_t max_bytes, struct url_text *out);
    /* Of any number of services. Each one's part of wiping an account, before its records go: what lies outside the
     * store is ended by call_after. */
    res (*wipe[8])(struct call *c, str account);
    /* Adds the ARNs of what, here and in the caller's account, needs that service's linked role. */
    res (*linked_role_uses[8])(struct call *c, str service, struct list_of_str *arns);
};
extern const struct providers providers;

#endif
