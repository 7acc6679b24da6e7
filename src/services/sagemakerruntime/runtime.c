/* SPDX-License-Identifier: MIT */
/* InvokeEndpoint: which model server gets the request. The hot path of the house: one record read, nothing written. */
#include "api/house.h"
#include "sagemaker.h"
#include "sagemakerruntime.h"

enum { TIMEOUT_MS = 60000 };

static str lower(struct arena *a, str name)
{
    char *z = arena_z(a, name);

    for (size_t i = 0; i < name.n; i++)
        if (z[i] >= 'A' && z[i] <= 'Z')
            z[i] = (char)(z[i] + 32);
    return str_n(z, name.n);
}

/* The endpoint's record is sagemaker's; this service is its second door and only reads it. */
res sagemakerruntime_find_endpoint(struct call *c, const str *names, size_t n, struct resource *out)
{
    const struct sagemaker_endpoint *e;
    const void *kept;
    str key = lower(c->arena, names[0]);

    (void)n;
    TRY(record_load_kept(c, &sagemaker_endpoint_record, STR_ABSENT, key, &kept));
    e = out->subject = kept;
    if (e) {
        out->arn = e->endpoint_arn;
        out->tags = (const struct str_pair *)e->tags.v;
        out->n_tags = e->tags.n;
        return OK;
    }
    out->arn = arena_printf(c->arena, "arn:%.*s:sagemaker:%.*s:%.*s:endpoint/%.*s", FMT(c->worker->house->partition),
                            FMT(c->region), FMT(c->caller->account), FMT(key));
    out->missing = &sagemakerruntime_ValidationError;
    out->missing_text =
        arena_printf(c->arena, "Endpoint %.*s of account %.*s not found.", FMT(names[0]), FMT(c->caller->account));
    return OK;
}

static bool answers(const struct sagemaker_server *s, str variant)
{
    return str_eq(s->state, S("InService")) && (!str_is(variant) || str_eq(s->variant_name, variant));
}

/* Traffic is shared by weight among the variants that answer; a named variant gets it all. */
static const struct sagemaker_server *choose(const struct sagemaker_endpoint *e, str variant, uint64_t dice)
{
    const struct sagemaker_server *last = NULL;
    double total = 0, at;

    for (size_t i = 0; i < e->servers.n; i++)
        if (answers(&e->servers.v[i], variant))
            total += e->servers.v[i].weight.v;
    at = total * ((double)(dice >> 11) / (double)(1ULL << 53));
    for (size_t i = 0; i < e->servers.n; i++) {
        if (!answers(&e->servers.v[i], variant))
            continue;
        last = &e->servers.v[i];
        if (at < last->weight.v)
            return last;
        at -= last->weight.v;
    }
    return last;
}

res sagemakerruntime_invoke_endpoint(struct call *c, const struct sagemakerruntime_invoke_endpoint_in *in,
                                     struct sagemakerruntime_invoke_endpoint_out *out)
{
    const struct sagemaker_endpoint *e = c->subject;
    const struct sagemaker_server *s = choose(e, in->target_variant, str_hash(c->request_id));
    struct proxy *p = ARENA_NEW(c->arena, struct proxy);

    (void)out;
    if (str_is(in->target_model))
        return fault(c, &sagemakerruntime_ValidationError, "TargetModel is for multi-model endpoints.");
    if (!s && str_is(in->target_variant))
        return fault(c, &sagemakerruntime_ValidationError, "Variant %.*s of endpoint %.*s is not in service.",
                     FMT(in->target_variant), FMT(e->endpoint_name));
    if (!s && str_eq(e->endpoint_status, S("InService")))
        return fault(c, &sagemakerruntime_ServiceUnavailable,
                     "The model server of endpoint %.*s is being started again.", FMT(e->endpoint_name));
    if (!s)
        return fault(c, &sagemakerruntime_ValidationError, "Endpoint %.*s of account %.*s not found.",
                     FMT(e->endpoint_name), FMT(c->caller->account));
    *p = (struct proxy){.pool = arena_dup(c->arena, s->eni), /* the answer comes after this call's snapshot has gone */
                        .method = S("POST"),
                        .path = S("/invocations"),
                        .content_type = in->content_type,
                        .accept = in->accept,
                        .custom_attributes = in->custom_attributes,
                        .body = in->body.p ? in->body : S(""),
                        .timeout_ms = TIMEOUT_MS,
                        .variant = arena_dup(c->arena, s->variant_name)};
    c->body.proxy = p;
    return OK;
}
