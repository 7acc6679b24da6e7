/* SPDX-License-Identifier: MIT */
/* Versions of products ("provisioning artifacts"): templates that are read once, in the creator's right, and kept. */
#include "api/url_text.h"
#include "cloudformation.h"
#include "servicecatalog_parts.h"

struct servicecatalog_artifact_detail *sc_artifact_detail(struct call *c, const struct servicecatalog_artifact *a)
{
    struct servicecatalog_artifact_detail *d = ARENA_NEW(c->arena, struct servicecatalog_artifact_detail);

    shape_copy(&servicecatalog_artifact_shape, a, &servicecatalog_artifact_detail_shape, d);
    return d;
}

static struct map_of_str info_of(struct call *c, const struct servicecatalog_artifact *a)
{
    struct str_pair *v = ARENA_ARRAY(c->arena, struct str_pair, 1);

    v[0] = (struct str_pair){S("TemplateUrl"), a->url};
    return (struct map_of_str){1, v};
}

res sc_artifacts(struct call *c, const struct servicecatalog_product *p, struct servicecatalog_artifact_page *out)
{
    return servicecatalog_artifact_list_all(c, p->at.account, sc_key(c, p->id, S("")), STR_ABSENT, SC_VERSIONS_MAX,
                                            out);
}

/* ---- its template ---- */

static res url_of(struct call *c, const struct servicecatalog_artifact_properties *in, str *url)
{
    *url = STR_ABSENT;
    for (size_t i = 0; i < in->info.n; i++) {
        if (str_eq(in->info.v[i].key, S("LoadTemplateFromURL")))
            *url = in->info.v[i].value;
        else if (str_eq(in->info.v[i].key, S("ImportFromPhysicalId")))
            return fault(c, &servicecatalog_InvalidParametersException,
                         "Barmkin does not make products of existing stacks (ImportFromPhysicalId).");
    }
    if (in->type.n && !str_eq(in->type, S("CLOUD_FORMATION_TEMPLATE")))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Barmkin has provisioning artifacts of type CLOUD_FORMATION_TEMPLATE only.");
    return url->n ? OK
                  : fault(c, &servicecatalog_InvalidParametersException,
                          "Missing required parameter in ProvisioningArtifactParameters: Info.LoadTemplateFromURL");
}

static res read_template(struct call *c, str url, str *text)
{
    struct url_text t;

    TRY(providers.read_url(c, caller_forward(c, SC_SERVICE), url, SC_TEMPLATE_MAX_BYTES, &t));
    *text = t.text;
    switch (t.how) {
    case URL_READ:
        return OK;
    case URL_FOREIGN:
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Invalid templateURL: %.*s is no object of this house's S3.", FMT(url));
    case URL_TOO_LONG:
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Invalid templateBody. The template may not exceed %d bytes.", SC_TEMPLATE_MAX_BYTES);
    case URL_REFUSED:
        break;
    }
    return fault(c, &servicecatalog_InvalidParametersException, "Invalid templateURL %.*s: S3 error: %.*s", FMT(url),
                 FMT(t.why.message));
}

/* By CloudFormation, as the caller: it reads the same object, in the same transaction. */
static res check_template(struct call *c, str url)
{
    struct cloudformation_validate_template_in ask = {.template_url = url};
    struct cloudformation_validate_template_out answer = {0};
    struct fault why;

    TRY(call_try(c, caller_forward(c, SC_SERVICE), &cloudformation_ValidateTemplate_op, &ask, &answer, &why));
    if (!why.type)
        return OK;
    if (why.type == &api_access_denied)
        return fault(c, &api_access_denied, "%.*s", FMT(why.message));
    return fault(c, &servicecatalog_InvalidParametersException,
                 "Invalid templateBody. Please make sure that your "
                 "template is valid: %.*s",
                 FMT(why.message));
}

static res find_repeated(struct call *c, const struct servicecatalog_product *p, str token,
                         struct servicecatalog_artifact **out)
{
    struct servicecatalog_artifact_page page = {0};

    *out = NULL;
    if (token.n)
        TRY(servicecatalog_artifact_by_after(c, "token", token, STR_ABSENT, 1, &page));
    if (page.n && str_eq(page.v[0]->product_id, p->id))
        *out = page.v[0];
    return OK;
}

res sc_artifact_new(struct call *c, const struct servicecatalog_product *p,
                    const struct servicecatalog_artifact_properties *in, str token,
                    struct servicecatalog_artifact **out)
{
    struct servicecatalog_artifact_page page;
    struct servicecatalog_artifact *a;
    str url, text;

    TRY(find_repeated(c, p, token, out));
    if (*out)
        return OK;
    TRY(sc_artifacts(c, p, &page));
    if (page.n >= SC_VERSIONS_MAX)
        return fault(c, &servicecatalog_LimitExceededException, "A product has at most %d versions.", SC_VERSIONS_MAX);
    TRY(url_of(c, in, &url));
    TRY(read_template(c, url, &text));
    if (!in->disable_template_validation.v)
        TRY(check_template(c, url));
    a = ARENA_NEW(c->arena, struct servicecatalog_artifact);
    *a = (struct servicecatalog_artifact){.id = call_unique(c, "pa-", 13),
                                          .product_id = p->id,
                                          .name = in->name,
                                          .description = in->description,
                                          .type = S("CLOUD_FORMATION_TEMPLATE"),
                                          .created_time = SET_TIME(c->now_ms),
                                          .active = SET_BOOL(true),
                                          .guidance = S("DEFAULT"),
                                          .url = url,
                                          .template = text,
                                          .idempotency_token = token};
    a->key = sc_key(c, p->id, a->id);
    *out = a;
    return servicecatalog_artifact_save(c, a);
}

/* ---- operations ---- */

res servicecatalog_create_provisioning_artifact(struct call *c,
                                                const struct servicecatalog_create_provisioning_artifact_in *in,
                                                struct servicecatalog_create_provisioning_artifact_out *out)
{
    struct servicecatalog_artifact *a;

    TRY(sc_need_token(c, in->idempotency_token));
    TRY(sc_artifact_new(c, c->subject, in->parameters, in->idempotency_token, &a));
    out->provisioning_artifact_detail = sc_artifact_detail(c, a);
    out->info = info_of(c, a);
    out->status = S("AVAILABLE");
    return OK;
}

static res need(struct call *c, const struct servicecatalog_product *p, str id, struct servicecatalog_artifact **out)
{
    TRY(servicecatalog_artifact_load(c, p->at.account, sc_key(c, p->id, id), out));
    return *out ? OK
                : fault(c, &servicecatalog_ResourceNotFoundException, "Provisioning artifact %.*s not found.", FMT(id));
}

static res named(struct call *c, const struct servicecatalog_product *p, str name, struct servicecatalog_artifact **out)
{
    struct servicecatalog_artifact_page page;

    *out = NULL;
    TRY(sc_artifacts(c, p, &page));
    for (size_t i = 0; i < page.n && !*out; i++)
        if (str_eq(page.v[i]->name, name))
            *out = page.v[i];
    return *out ? OK
                : fault(c, &servicecatalog_ResourceNotFoundException, "Provisioning artifact %.*s not found.",
                        FMT(name));
}

res servicecatalog_describe_provisioning_artifact(struct call *c,
                                                  const struct servicecatalog_describe_provisioning_artifact_in *in,
                                                  struct servicecatalog_describe_provisioning_artifact_out *out)
{
    struct servicecatalog_artifact *a;

    if (!c->subject || str_is(in->provisioning_artifact_id) == str_is(in->provisioning_artifact_name))
        return fault(c, &servicecatalog_InvalidParametersException,
                     "Exactly one of ProvisioningArtifactId and ProvisioningArtifactName is required, and one of "
                     "ProductId and ProductName.");
    if (in->provisioning_artifact_id.n)
        TRY(need(c, c->subject, in->provisioning_artifact_id, &a));
    else
        TRY(named(c, c->subject, in->provisioning_artifact_name, &a));
    out->provisioning_artifact_detail = sc_artifact_detail(c, a);
    out->info = info_of(c, a);
    out->status = S("AVAILABLE");
    return OK;
}

res servicecatalog_update_provisioning_artifact(struct call *c,
                                                const struct servicecatalog_update_provisioning_artifact_in *in,
                                                struct servicecatalog_update_provisioning_artifact_out *out)
{
    struct servicecatalog_artifact *a;

    TRY(need(c, c->subject, in->provisioning_artifact_id, &a));
    shape_copy(&servicecatalog_update_provisioning_artifact_in_shape, in, &servicecatalog_artifact_shape, a);
    TRY(servicecatalog_artifact_save(c, a));
    out->provisioning_artifact_detail = sc_artifact_detail(c, a);
    out->info = info_of(c, a);
    out->status = S("AVAILABLE");
    return OK;
}

/* The oldest of those with the name: a stack that changes a version has made the new one before. */
static struct servicecatalog_artifact *oldest(const struct servicecatalog_artifact_page *page, str name)
{
    struct servicecatalog_artifact *found = NULL;

    for (size_t i = 0; i < page->n; i++)
        if (str_eq(page->v[i]->name, name) && (!found || page->v[i]->created_time.ms < found->created_time.ms))
            found = page->v[i];
    return found;
}

res servicecatalog_delete_provisioning_artifact(struct call *c,
                                                const struct servicecatalog_delete_provisioning_artifact_in *in,
                                                struct servicecatalog_delete_provisioning_artifact_out *out)
{
    struct servicecatalog_artifact_page page;
    struct servicecatalog_artifact *a;

    (void)out;
    if (!in->provisioning_artifact_id.n && !c->parent)
        return fault(c, &servicecatalog_InvalidParametersException, "ProvisioningArtifactId is required.");
    TRY(sc_artifacts(c, c->subject, &page));
    if (in->provisioning_artifact_id.n)
        TRY(need(c, c->subject, in->provisioning_artifact_id, &a));
    else
        a = oldest(&page, in->provisioning_artifact_name);
    if (!a)
        return OK;
    if (page.n == 1)
        return fault(c, &servicecatalog_ResourceInUseException,
                     "You can't delete the last provisioning artifact of a product.");
    return servicecatalog_artifact_drop(c, a);
}

res servicecatalog_list_provisioning_artifacts(struct call *c,
                                               const struct servicecatalog_list_provisioning_artifacts_in *in,
                                               struct servicecatalog_list_provisioning_artifacts_out *out)
{
    struct servicecatalog_artifact_page page;

    (void)in;
    TRY(sc_artifacts(c, c->subject, &page));
    out->provisioning_artifact_details.v = ARENA_ARRAY(c->arena, struct servicecatalog_artifact_detail, page.n + 1);
    for (size_t i = 0; i < page.n; i++)
        out->provisioning_artifact_details.v[out->provisioning_artifact_details.n++] =
            *sc_artifact_detail(c, page.v[i]);
    return OK;
}
