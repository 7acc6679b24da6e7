/* SPDX-License-Identifier: MIT */
/* What a session token says: everything about temporary credentials, so that nothing about them is stored. */
#ifndef BARMKIN_IDENTIFY_TOKEN_H
#define BARMKIN_IDENTIFY_TOKEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The bearer of ASIA... sends the token; vault_open_token gives the claims' text back or rejects it; this file gives
 * the text its meaning. The secret travels sealed inside (vault_new_secret's sealed form), so that vault can derive the
 * signing key from it. The api layer then: session_claims_decode; session_claims_are_for(access key id of the
 * request); session_claims_are_current; vault_signing_key(access_key_id, sealed_secret, ...); sigv4_check. */
enum {
    SESSION_CLAIMS_MAX_BYTES = 6144, /* of the text: sealed and in base64 it must fit a header beside the others */
    SESSION_MAX_TAGS = 50,
    SESSION_MAX_POLICIES = 11, /* one inline, ten managed */
};

/* What made the credentials: AssumeRole, GetSessionToken (the user or root itself, by other keys) or GetFederationToken
 * (a name that a user gave to somebody). */
enum session_kind { SESSION_ROLE, SESSION_SELF, SESSION_FEDERATED };

struct session_tag {
    str key, value;
    bool transitive; /* goes on along a chain of roles and cannot be changed there */
};

struct session_claims {
    enum session_kind kind;
    str access_key_id;   /* ASIA...: binds the token to its key */
    str sealed_secret;   /* bytes, as vault sealed them under access_key_id */
    str account;         /* 12 digits: of the role or user */
    str role_arn;        /* arn:aws:iam::...:role/path/Name; else the user's ARN, or the root user's */
    str role_id;         /* AROA..., else AIDA..., or the root user's account */
    str session_name;    /* RoleSessionName, Name, or the user's own name */
    str parent_key;      /* SELF, FEDERATED: the access key that asked; the session ends with it; absent for root */
    str source_identity; /* or absent */
    str made_for_key, made_for_arn; /* a service's session: which condition key says for what; or absent */
    str issuer_arn;                 /* who assumed the role, for the audit; or absent */
    int64_t issued_ms, expires_ms;
    bool chained;        /* assumed by a role's session: at most one hour */
    const str *policies; /* session policies: JSON documents as given */
    size_t n_policies;
    const str *policy_arns; /* managed policies given as session policies */
    size_t n_policy_arns;
    const struct session_tag *tags;
    size_t n_tags;
};

/* The claims' text, JSON, in `a`. Rejects what would be longer than SESSION_CLAIMS_MAX_BYTES (STS says
 * PackedPolicyTooLarge) and what decode would not accept. */
res session_claims_encode(const struct session_claims *c, struct arena *a, str *text, struct err *e);
/* Reads it back into `a`. Rejects anything that encode does not write. */
res session_claims_decode(str text, struct arena *a, struct session_claims *c, struct err *e);

bool session_claims_are_for(const struct session_claims *c, str access_key_id);
bool session_claims_are_current(const struct session_claims *c,
                                int64_t now_ms); /* issued <= now < expires, 15 min early */

/* "arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION", the role's name without its path; the user's own ARN; or
 * "arn:aws:sts::ACCOUNT:federated-user/NAME". */
str session_arn(const struct session_claims *c, struct arena *a);
/* "AROA...:SESSION", "AIDA..." or "ACCOUNT:NAME": aws:userid. */
str session_user_id(const struct session_claims *c, struct arena *a);

#endif
