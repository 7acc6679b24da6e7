/* SPDX-License-Identifier: MIT */
/* S3's condition keys that no path into the input can express: tags in a header, the signature, the connection. */
#include "s3_parts.h"

/* s3:RequestObjectTag/KEY and s3:RequestObjectTagKeys, from the header or from PutObjectTagging's body. */
res s3_add_request_tags(struct call *c)
{
    struct s3_tag_list tags = {0};
    str *keys;

    if (c->op == &s3_PutObjectTagging_op) {
        const struct s3_put_object_tagging_in *in = c->in;
        if (in->tagging)
            tags = in->tagging->tag_set;
    } else {
        TRY(s3_parse_tagging(c, s3_text_of(c, "Tagging"), &tags));
    }
    if (!tags.n)
        return OK;
    keys = ARENA_ARRAY(c->arena, str, tags.n);
    for (size_t i = 0; i < tags.n; i++) {
        keys[i] = tags.v[i].key;
        context_add(c, arena_cat(c->arena, S("s3:RequestObjectTag/"), tags.v[i].key), tags.v[i].value);
    }
    context_add_list(c, S("s3:RequestObjectTagKeys"), keys, tags.n);
    return OK;
}

static void add_connection(struct call *c)
{
    const struct client *from = c->client;

    context_add(c, S("s3:TlsVersion"), c->door ? c->door->tls_version : STR_ABSENT);
    if (!from)
        return;
    context_add(c, S("s3:x-amz-content-sha256"), from->content_sha256);
    if (from->signed_ms)
        context_add(
            c, S("s3:signatureAge"),
            arena_printf(c->arena, "%lld", (long long)(c->now_ms > from->signed_ms ? c->now_ms - from->signed_ms : 0)));
}

/* How the request came and was signed. What a service does for a caller was not. */
res s3_add_signature(struct call *c)
{
    static const char *const types[] = {
        [SIGNED_V4] = "REST-HEADER", [SIGNED_V4_QUERY] = "REST-QUERY-STRING", [SIGNED_V2_QUERY] = "REST-QUERY-STRING"};

    if (c->caller->n_called_via)
        return OK;
    add_connection(c);
    if (c->signed_by == SIGNED_NOT)
        return OK;
    context_add(c, S("s3:authType"), str_z(types[c->signed_by]));
    context_add(c, S("s3:signatureversion"), c->signed_by == SIGNED_V2_QUERY ? S("AWS") : S("AWS4-HMAC-SHA256"));
    return OK;
}

/* s3:x-amz-grant-...: asked for, and refused later, since no bucket here allows ACLs. */
res s3_add_grants(struct call *c)
{
    static const char *const keys[][2] = {{"GrantFullControl", "s3:x-amz-grant-full-control"},
                                          {"GrantRead", "s3:x-amz-grant-read"},
                                          {"GrantReadACP", "s3:x-amz-grant-read-acp"},
                                          {"GrantWriteACP", "s3:x-amz-grant-write-acp"}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        context_add(c, str_z(keys[i][1]), s3_text_of(c, keys[i][0]));
    return OK;
}
