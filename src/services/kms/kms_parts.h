/* SPDX-License-Identifier: MIT */
/* What the files of kms share: finding keys, their state, their default policy, encryption contexts and grants. */
#ifndef BARMKIN_KMS_PARTS_H
#define BARMKIN_KMS_PARTS_H
#include "kms.h"

#define KMS_ENABLED S("Enabled")
#define KMS_DISABLED S("Disabled")
#define KMS_PENDING S("PendingDeletion")

enum { KMS_CONTEXT_MAX_BYTES = 8192, KMS_ALIASES_MAX = 50, KMS_TAGS_MAX = 50 };

/* ---- keys ---- */
/* A fresh enabled key of the caller's account: id, ARN and material; nothing else is filled in, nothing is saved. */
res kms_new_key(struct call *c, struct kms_key **out);
/* The key of a call's first access line, for a change: a copy that may be written to. */
struct kms_key *kms_own_copy(struct call *c);
/* Answers the fault of a key that may not be used now: DisabledException or KMSInvalidStateException. */
res kms_usable(struct call *c, const struct kms_key *k);
/* The same for changes, which a disabled key takes but not one that waits for its deletion. */
res kms_changeable(struct call *c, const struct kms_key *k);
bool kms_is_gone(const struct kms_key *k, int64_t now_ms); /* its waiting time is over */
/* Drops the keys of this account whose waiting time is over, with their aliases and grants; a few at a time. */
res kms_sweep(struct call *c);
struct kms_key_metadata *kms_metadata(struct call *c, const struct kms_key *k);
/* Rejects what AWS rejects: too many tags, the same key twice, aws: names. */
res kms_check_tags(struct call *c, const struct kms_tag *v, size_t n);

/* ---- policies ---- */
/* What CreateKey gives a key without a policy: the whole account may decide by identity policies (rule 10). */
str kms_default_policy(struct call *c, str account);
/* Checks a policy and keeps it in the key, with the ids of its principals (rule 27). */
res kms_take_policy(struct call *c, struct kms_key *k, str text, bool bypass_lockout_check);

/* ---- AWS managed keys ---- */
/* alias/aws/NAME of the caller's account, made when first named in a call that writes. NULL: not here, not now. */
res kms_managed_key(struct call *c, str alias, struct kms_key **out);

/* ---- encryption contexts ---- */
/* One text for one context, whatever the order of its pairs: count, then length and bytes of each key and value, sorted
 * by key. Empty for none. */
str kms_canonical_context(struct arena *a, const struct map_of_str *context);
/* The same of a request; rejects one that is too large. */
res kms_context_of(struct call *c, const struct map_of_str *context, str *out);
/* What every use of a key asks first. */
res kms_ready(struct call *c, const struct kms_key *k, const struct list_of_str *tokens, str algorithm,
              opt_bool dry_run);
/* Decrypts by k what k has encrypted; the plain bytes end with the call's secrets. */
res kms_open(struct call *c, const struct kms_key *k, const struct map_of_str *context, str ciphertext, str *plain);

/* ---- grants ---- */
/* The grants of a key that let this caller do this action: the hook `provides grants` of the model. */
res kms_grants_of(struct call *c, const struct resource *r, str action, struct authz_grant **out, size_t *n);
/* True when all pairs of `part` are in `whole`. */
bool kms_pairs_within(const struct map_of_str *part, const struct map_of_str *whole);
/* May a grant made by right of `parent` have these operations and constraints? Never more than the parent itself. */
bool kms_grant_covers(const struct kms_grant *parent, const struct list_of_str *operations,
                      const struct kms_constraints *constraints);
/* The ARNs by which a grant may name this caller: at most 2. */
size_t kms_caller_names(struct call *c, str names[2]);
/* The grant a token names, when the token is the one that was handed out; NULL otherwise. */
res kms_grant_of_token(struct call *c, str token, struct kms_grant **out);
/* Grant tokens say nothing new here (a grant holds from its commit on), but nonsense is refused as AWS does. */
res kms_check_tokens(struct call *c, const struct list_of_str *tokens);

res kms_refuse_dry_run(struct call *c, opt_bool dry_run);
/* "alias/NAME" where a KeyId names a key by its alias or by an alias's ARN; else absent. */
str kms_alias_in(str id);
/* Opens a Marker: *after is absent without one; answers InvalidMarkerException. */
res kms_open_marker(struct call *c, str marker, str *after);

#endif
