/* SPDX-License-Identifier: MIT */
/* Fuzzes the policy compiler and the evaluator: the input is a document, tried as every kind, against fixed requests.
 * Whatever it is, nothing may crash, explain must decide as evaluate does, and a document without an Allow never
 * allows. */
#include <stdlib.h>
#include <string.h>

#include "authz/authz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const str one_tag[] = {S("team"), S("a*")};
static const str vpce = S("vpce-1"), user = S("ana"), ip = S("10.1.2.3"), when = S("2026-11-23T08:00:00Z");
static const struct authz_value context[] = {
    {S("aws:SourceVpce"), &vpce, 1, false},  {S("aws:username"), &user, 1, false}, {S("aws:SourceIp"), &ip, 1, false},
    {S("aws:CurrentTime"), &when, 1, false}, {S("aws:TagKeys"), one_tag, 2, true}, {S("aws:None"), NULL, 0, true}};

static void place(struct authz_layers *l, enum policy_kind kind, const struct policy *const *p)
{
    struct policy_set set = {p, 1};

    l->resource_takes_policies = true;
    if (kind == POLICY_IDENTITY)
        l->identity = set;
    else if (kind == POLICY_BOUNDARY)
        l->boundary = *p;
    else if (kind == POLICY_SESSION)
        l->session = set;
    else if (kind == POLICY_ENDPOINT)
        l->endpoints = set;
    else if (kind != POLICY_SCP && kind != POLICY_RCP)
        l->resource = *p;
}

static void judge_all(const struct policy *p, enum policy_kind kind, bool may_allow)
{
    static const struct authz_request requests[] = {
        {PRINCIPAL_USER, S("arn:aws:iam::111111111111:user/ana"), STR_ABSENT, S("AIDA1"), S("111111111111"),
         S("s3:GetObject"), S("arn:aws:s3:::data/ana/x"), S("111111111111"), context, 6, false, false, false},
        {PRINCIPAL_SESSION, S("arn:aws:sts::111111111111:assumed-role/r/s"), S("arn:aws:iam::111111111111:role/p/r"),
         S("AROA1"), S("111111111111"), S("kms:Decrypt"), S("arn:aws:kms:us-east-1:222222222222:key/k"),
         S("222222222222"), context, 3, false, false, false},
        {PRINCIPAL_ANONYMOUS, STR_ABSENT, STR_ABSENT, STR_ABSENT, STR_ABSENT, S("s3:GetObject"),
         S("arn:aws:s3:::data/x"), S("111111111111"), NULL, 0, false, false, false},
        {PRINCIPAL_SERVICE, S("sagemaker.amazonaws.com"), STR_ABSENT, STR_ABSENT, STR_ABSENT, S("sts:AssumeRole"),
         S("arn:aws:iam::111111111111:role/r"), S("111111111111"), context, 1, false, false, false},
    };

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct authz_layers l = {0};
        struct policy_set level = {&p, 1};
        struct buf out;
        place(&l, kind, &p);
        if (kind == POLICY_SCP)
            l.scps = (struct policy_levels){&level, 1};
        if (kind == POLICY_RCP)
            l.rcps = (struct policy_levels){&level, 1};
        struct decision d = authz_evaluate(&requests[i], &l);
        if (d.verdict == ALLOWED && !may_allow)
            abort();
        buf_init(&out, 1 << 20);
        authz_explain(&requests[i], &l, &out);
        if (!out.full && !str_starts(str_from(buf_str(&out), 13), str_z(authz_verdict_name(d.verdict))))
            abort();
        buf_done(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_n((const char *)data, size);
    bool may_allow = str_search(text, S("Allow")) >= 0 || str_search(text, S("\\u")) >= 0;

    for (enum policy_kind kind = POLICY_IDENTITY; kind <= POLICY_ENDPOINT; kind++) {
        struct policy *p = NULL;
        struct err e = {0};
        if (!is_ok(policy_compile(text, kind, S("fuzz"), &p, &e))) {
            if (!e.what[0])
                abort();
            continue;
        }
        struct arena *a = arena_new(1 << 20);
        str *arns;
        for (size_t i = 0; i < policy_count(p); i++)
            policy_statement_text(p, i, a);
        policy_principals(p, a, &arns);
        judge_all(p, kind, may_allow);
        arena_free(a);
        policy_free(p);
    }
    return 0;
}
