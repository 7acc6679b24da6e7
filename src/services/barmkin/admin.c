/* SPDX-License-Identifier: MIT */
/* What the CLI asks of a running server. */
#include "barmkin.h"

#include "api/house.h"

res barmkin_status(struct call *c, const struct barmkin_status_in *in, struct barmkin_status_out *out)
{
    (void)in;
    out->status = S("running");
    out->version = S("0.1.0");
    out->endpoint = c->worker->house->endpoint_url;
    out->state_tag = c->worker->house->tag;
    return OK;
}

res barmkin_create_account(struct call *c, const struct barmkin_create_account_in *in,
                           struct barmkin_create_account_out *out)
{
    (void)in, (void)out;
    return oops(&c->err, 0, "accounts come with the services iam and organizations");
}
