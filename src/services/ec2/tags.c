/* SPDX-License-Identifier: MIT */
/* Tags: on their own, given at creation, and as condition keys. */
#include "api/tags.h"
#include "ec2_names.h"

enum { TAGS_MAX = 50 };

struct tagged { /* any of EC2's records, by its tables */
    const struct record_type *type;
    void *record;
    struct ec2_tag_list *tags;
};

struct tag_kind {
    const char *prefix, *resource_type;
    const struct record_type *type;
};

static const struct tag_kind kinds[] = {
    {"vpc-", "vpc", &ec2_vpc_record},
    {"subnet-", "subnet", &ec2_subnet_record},
    {"rtb-", "route-table", &ec2_route_table_record},
    {"sg-", "security-group", &ec2_group_record},
    {"vpce-", "vpc-endpoint", &ec2_endpoint_record},
    {"eni-", "network-interface", &ec2_interface_record},
    {"igw-", "internet-gateway", &ec2_internet_gateway_record},
    {"nat-", "natgateway", &ec2_nat_gateway_record},
    {"eipalloc-", "elastic-ip", &ec2_address_record},
    {"dopt-", "dhcp-options", &ec2_dhcp_options_record},
    {"fl-", "vpc-flow-log", &ec2_flow_log_record},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static res load(struct call *c, str id, struct tagged *out)
{
    *out = (struct tagged){0};
    for (size_t i = 0; i < KINDS; i++)
        if (str_starts(id, str_z(kinds[i].prefix)))
            out->type = kinds[i].type;
    if (out->type)
        TRY(record_load(c, out->type, STR_ABSENT, id, &out->record));
    if (!out->record)
        return fault(c, &ec2_InvalidID, "The ID '%.*s' is not valid", FMT(id));
    out->tags = field_at(out->record, shape_field(out->type->shape, S("Tags")));
    return OK;
}

static res check_not_aws(struct call *c, const struct ec2_tag *t)
{
    if (tags_is_system(t->key))
        return fault(c, &ec2_InvalidParameterValue, "Tag keys starting with 'aws:' are reserved for internal use");
    return OK;
}

static res check_tag(struct call *c, const struct ec2_tag *t)
{
    if (!t->key.n || t->key.n > 128 || t->value.n > 256)
        return fault(c, &ec2_InvalidParameterValue, "Tag keys have 1 to 128 characters and values at most 256: '%.*s'",
                     FMT(str_sub(t->key, 0, 128)));
    return check_not_aws(c, t);
}

static void set_tag(struct call *c, struct ec2_tag_list *tags, struct ec2_tag tag)
{
    struct ec2_tag *v = ARENA_ARRAY(c->arena, struct ec2_tag, tags->n + 1);

    tag.value = tag.value.p ? tag.value : S("");
    for (size_t i = 0; i < tags->n; i++) {
        v[i] = tags->v[i];
        if (str_eq(v[i].key, tag.key)) {
            tags->v[i] = tag;
            return;
        }
    }
    v[tags->n++] = tag;
    tags->v = v;
}

static void drop_tag(struct ec2_tag_list *tags, struct ec2_tag tag)
{
    size_t kept = 0;

    for (size_t i = 0; i < tags->n; i++)
        if (!str_eq(tags->v[i].key, tag.key) || (str_is(tag.value) && !str_eq(tags->v[i].value, tag.value)))
            tags->v[kept++] = tags->v[i];
    tags->n = kept;
}

static void drop_own_tags(struct ec2_tag_list *tags)
{
    size_t kept = 0;

    for (size_t i = 0; i < tags->n; i++)
        if (tags_is_system(tags->v[i].key))
            tags->v[kept++] = tags->v[i];
    tags->n = kept;
}

res ec2_create_tags(struct call *c, const struct ec2_create_tags_in *in, struct ec2_create_tags_out *out)
{
    struct tagged t;

    (void)out;
    for (size_t i = 0; i < in->tags.n; i++)
        TRY(check_tag(c, &in->tags.v[i]));
    TRY(ec2_dry_run(c, in->dry_run));
    for (size_t i = 0; i < in->resources.n; i++) {
        TRY(load(c, in->resources.v[i], &t));
        for (size_t k = 0; k < in->tags.n; k++)
            set_tag(c, t.tags, in->tags.v[k]);
        if (tags_count_own(TAGS(*t.tags)) > TAGS_MAX)
            return fault(c, &ec2_TagLimitExceeded, "The maximum number of tags for a resource has been reached.");
        TRY(record_save(c, t.type, t.record));
    }
    return OK;
}

res ec2_delete_tags(struct call *c, const struct ec2_delete_tags_in *in, struct ec2_delete_tags_out *out)
{
    struct tagged t;

    (void)out;
    for (size_t i = 0; i < in->tags.n; i++)
        TRY(check_not_aws(c, &in->tags.v[i]));
    TRY(ec2_dry_run(c, in->dry_run));
    for (size_t i = 0; i < in->resources.n; i++) {
        TRY(load(c, in->resources.v[i], &t));
        for (size_t k = 0; k < in->tags.n; k++)
            drop_tag(t.tags, in->tags.v[k]);
        if (!in->tags.v)
            drop_own_tags(t.tags); /* no tag named: all of them */
        TRY(record_save(c, t.type, t.record));
    }
    return OK;
}

/* ---- given at creation ---- */

res ec2_check_tags(struct call *c, const struct ec2_tag_specification_list *specs, const char *type)
{
    for (size_t i = 0; i < specs->n; i++) {
        if (!str_eq(specs->v[i].resource_type, str_z(type)))
            return fault(c, &ec2_InvalidParameterValue,
                         "'%.*s' is not a valid taggable resource type for this operation.",
                         FMT(specs->v[i].resource_type));
        for (size_t k = 0; k < specs->v[i].tags.n; k++)
            TRY(check_tag(c, &specs->v[i].tags.v[k]));
    }
    return OK;
}

res ec2_tag_new(struct call *c, const struct ec2_tag_specification_list *specs, str id)
{
    for (size_t i = 0; i < specs->n; i++) {
        struct ec2_create_tags_in in = {.resources = {1, &id}, .tags = specs->v[i].tags};
        struct ec2_create_tags_out out = {0};
        if (specs->v[i].tags.n)
            TRY(call_as(c, c->caller, &ec2_CreateTags_op, &in, &out));
    }
    return OK;
}

/* ---- describe ---- */

struct tag_row {
    struct ec2_tag tag;
    str id;
    const char *type;
};

static bool row_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct tag_row *row = item;

    (void)c;
    if (str_eq(name, S("key")))
        ec2_value(out, row->tag.key);
    else if (str_eq(name, S("value")))
        ec2_value(out, row->tag.value);
    else if (str_eq(name, S("resource-id")))
        ec2_value(out, row->id);
    else if (str_eq(name, S("resource-type")))
        ec2_value(out, str_z(row->type));
    else
        return false;
    return true;
}

static res rows_of(struct call *c, const struct tag_kind *k, const struct ec2_describe_tags_in *in,
                   struct ec2_describe_tags_out *out)
{
    struct record_page page;
    const struct field *id = shape_field(k->type->shape, str_z(k->type->id));
    const struct field *tags = shape_field(k->type->shape, S("Tags"));

    TRY(record_list(c, k->type, STR_ABSENT, STR_ABSENT, STR_ABSENT, EC2_ALL, &page));
    for (size_t i = 0; i < page.n; i++) {
        const struct ec2_tag_list *list = field_of(page.v[i], tags);
        struct ec2_tag_description *v = ARENA_ARRAY(c->arena, struct ec2_tag_description, out->tags.n + list->n + 1);
        for (size_t t = 0; t < out->tags.n; t++)
            v[t] = out->tags.v[t];
        out->tags.v = v;
        for (size_t t = 0; t < list->n; t++) {
            struct tag_row row = {list->v[t], *(const str *)field_of(page.v[i], id), k->resource_type};
            bool match;
            TRY(ec2_matches(c, &in->filters, &row, row_values, NULL, &match));
            if (match)
                v[out->tags.n++] = (struct ec2_tag_description){row.tag.key, row.id, str_z(row.type), row.tag.value};
        }
    }
    return OK;
}

res ec2_describe_tags(struct call *c, const struct ec2_describe_tags_in *in, struct ec2_describe_tags_out *out)
{
    out->tags.v = ARENA_ARRAY(c->arena, struct ec2_tag_description, 1);
    for (size_t i = 0; i < KINDS; i++)
        TRY(rows_of(c, &kinds[i], in, out));
    return OK;
}
