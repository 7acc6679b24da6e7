/* SPDX-License-Identifier: MIT */
/* What `barmkin stack` asks. Each account's stacks are asked for as its root user, through the gate. */
#include "barmkin_parts.h"
#include "cloudformation.h"

static res ask(struct call *c, str account, const struct barmkin_stack_progress_in *in, str *progress)
{
    const struct cloudformation_describe_stack_progress_in ask = {.stack_name = in->stack_name, .after = in->after};
    struct cloudformation_describe_stack_progress_out found = {0};
    struct fault why;

    TRY(call_try(c, barmkin_root_of(c, account), &cloudformation_DescribeStackProgress_op, &ask, &found, &why));
    *progress = why.type ? STR_ABSENT : found.progress;
    return OK;
}

res barmkin_stack_progress(struct call *c, const struct barmkin_stack_progress_in *in,
                           struct barmkin_stack_progress_out *out)
{
    struct organizations_list_accounts_out all = {0};

    TRY(barmkin_all_accounts(c, &all));
    for (size_t i = 0; i < all.accounts.n && !str_is(out->progress); i++) {
        const struct organizations_account_out *a = &all.accounts.v[i];
        if (!in->account.n || str_eq(in->account, a->id) || str_eq(in->account, a->name))
            TRY(ask(c, a->id, in, &out->progress));
    }
    if (str_is(out->progress))
        return OK;
    return fault(c, &barmkin_ResourceNotFoundException, "There is no stack %.*s.", FMT(in->stack_name));
}
