/* SPDX-License-Identifier: MIT */
/* Who am I, whose key is this, and what a denial said. */
#include "base/enc.h"
#include "api/denial.h"
#include "identify/accesskey.h"
#include "sts_parts.h"

res sts_get_caller_identity(struct call *c, const struct sts_get_caller_identity_in *in,
                            struct sts_get_caller_identity_out *out)
{
    (void)in;
    out->user_id = c->caller->user_id;
    out->account = c->caller->account;
    out->arn = c->caller->arn;
    return OK;
}

/* The account is written into the key's id; whether there is such a key is not said, as by AWS. */
res sts_get_access_key_info(struct call *c, const struct sts_get_access_key_info_in *in,
                            struct sts_get_access_key_info_out *out)
{
    char account[ACCOUNT_DIGITS + 1];

    if (!accesskey_account(in->access_key_id, account))
        return fault(c, &sts_ValidationError, "The access key ID %.*s is not valid.", FMT(in->access_key_id));
    out->account = arena_dup(c->arena, str_z(account));
    return OK;
}

res sts_decode_authorization_message(struct call *c, const struct sts_decode_authorization_message_in *in,
                                     struct sts_decode_authorization_message_out *out)
{
    res r = denial_decode(c, in->encoded_message, &out->decoded_message);

    if (r.why == WHY_REJECT)
        return fault(c, &sts_InvalidAuthorizationMessageException, "Message is not valid");
    return r;
}
