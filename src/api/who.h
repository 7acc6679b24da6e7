/* SPDX-License-Identifier: MIT */
/* From what a request claims to a caller that has been proven: keys, tokens, signatures, and AWS's names for failures.
 */
#ifndef BARMKIN_API_WHO_H
#define BARMKIN_API_WHO_H
#include "api/call.h"
#include "identify/sigv4.h"

struct proof {
    enum identify_fault fault; /* IDENTIFY_OK: reading went well; IDENTIFY_ANONYMOUS: unsigned */
    struct sigv4_claim claim;
    bool sigv2; /* a presigned SigV2 query */
    str access_key_id;
    str service;                        /* of the credential scope; absent when there is none */
    const struct hmac_key *signing_key; /* of a chunk-signed upload, after who_prove */
};

/* Reads what the request claims, without any key. Failures are kept in the proof and told by who_prove, once the
 * service (whose spelling the error takes) is known. */
void who_read(const struct http_request *r, struct arena *a, struct proof *p, struct err *e);

/* Proves the claim and fills *who. body_hash: hex SHA-256 of the whole body for PAYLOAD_COMPUTED. Ends the call with
 * AWS's fault for the service otherwise (rule 42b). Reads records, so it needs c->txn; c->caller may still be NULL. */
res who_prove(struct call *c, const struct service *s, const struct http_request *r, struct proof *p, str body_hash,
              struct caller *who);

/* Who has proven nothing, where nothing needs to be proven: anonymous. */
struct caller who_nobody(struct call *c);

/* Does it look like the name of a region? */
bool who_is_region(str s);

/* An identify fault in the spelling of the service's protocol. */
res who_fault(struct call *c, const struct service *s, enum identify_fault f, const char *text);

/* Temporary credentials: what sts hands out. Seals who the session is into the token; nothing is stored. */
struct session_grant {
    struct caller caller; /* arn, role_arn, unique_id, user_id, name, account, policies, tags */
    int64_t expires_ms;
    bool chained;   /* assumed by a role's session */
    str issuer_arn; /* who asked for it */
    str parent_key; /* of a user's or federated session: the access key that asked */
};
struct session_keys {
    str access_key_id, secret_access_key, token; /* the secret lives in c->secrets */
};
res who_issue_session(struct call *c, const struct session_grant *g, struct session_keys *out);

#endif
