/* SPDX-License-Identifier: MIT */
/* What a VPC endpoint can lead to: every service of this house, under AWS's names for them; and those that are not
 * built yet but that environments open doors to: such a door has its names, its policy and its groups, and whoever
 * knocks is told that nobody is there. */
#include "ec2_names.h"

static const struct service unbuilt[] = {
    {.name = "cloudwatch", .host = "monitoring"},
    {.name = "codecommit-git", .host = "git-codecommit"},
    {.name = "codecommit", .host = "codecommit"},
    {.name = "codepipeline", .host = "codepipeline"},
    {.name = "codebuild", .host = "codebuild"},
    {.name = "ecr", .host = "api.ecr"},
    {.name = "ecr-registry", .host = "dkr.ecr"},
    {.name = "servicecatalog", .host = "servicecatalog"},
    {.name = "elasticfilesystem", .host = "elasticfilesystem"},
    {.name = "sagemaker-notebook", .host = "notebook"},
};
enum { UNBUILT = sizeof unbuilt / sizeof *unbuilt };

static bool is_notebook(const struct service *s)
{
    return str_eq(str_z(s->host), S("notebook"));
}

/* The i-th that may be offered; NULL at the end. One that has been built since is not offered twice. */
static const struct service *service_at(size_t i)
{
    size_t built = 0;

    while (services[built])
        built++;
    return i < built ? services[i] : i < built + UNBUILT ? &unbuilt[i - built] : NULL;
}

static bool is_twice(const struct service *s)
{
    for (size_t i = 0; services[i] && s >= unbuilt && s < unbuilt + UNBUILT; i++)
        if (services[i]->host && str_eq(str_z(services[i]->host), str_z(s->host)))
            return true;
    return false;
}

/* The admin channel is no AWS service; what has a host below S3's is reached by S3's endpoint. */
static bool offered(const struct service *s)
{
    return s->host && !str_starts(str_z(s->host), S("admin.")) && !str_ends(str_z(s->host), S(".s3")) && !is_twice(s);
}

bool ec2_service_has_below(const struct service *s)
{
    static const char *const hosts[] = {"s3", "dkr.ecr", "notebook"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (str_eq(str_z(s->host), str_z(hosts[i])))
            return true;
    return false;
}

static bool is_s3(const struct service *s)
{
    return str_eq(str_z(s->name), S("s3"));
}

str ec2_service_suffix(struct arena *a, const struct service *s)
{
    str rest = str_z(s->host), out = STR_ABSENT;

    while (str_is(rest)) {
        str label = str_cut(&rest, '.');
        out = out.n ? arena_printf(a, "%.*s.%.*s", FMT(label), FMT(out)) : label;
    }
    return out;
}

/* Does `suffix` have the labels of `host` in the other order? Compared without memory: the compiler is pure. */
static bool turned_round(str suffix, str host)
{
    while (host.n || suffix.n) {
        ptrdiff_t dot = str_rfind(suffix, '.');
        str last = dot < 0 ? suffix : str_from(suffix, (size_t)dot + 1);
        if (!str_eq(last, str_cut(&host, '.')))
            return false;
        suffix = dot < 0 ? S("") : str_sub(suffix, 0, (size_t)dot);
    }
    return true;
}

const struct service *ec2_service_by_name(str region, str service_name)
{
    str rest = service_name;
    bool notebook = str_starts(rest, S("aws.sagemaker."));
    const struct service *s;

    if (!notebook && !str_starts(rest, S("com.amazonaws.")))
        return NULL;
    rest = str_from(rest, 14); /* of either */
    if (!str_eq(str_cut(&rest, '.'), region) || !rest.n)
        return NULL;
    for (size_t i = 0; (s = service_at(i)) != NULL; i++)
        if (offered(s) && is_notebook(s) == notebook && turned_round(rest, str_z(s->host)))
            return s;
    return NULL;
}

str ec2_private_name(struct arena *a, str region, const struct service *s)
{
    if (is_notebook(s))
        return arena_printf(a, "%s.%.*s.sagemaker.aws", s->host, FMT(region));
    return arena_printf(a, "%s.%.*s.amazonaws.com", s->host, FMT(region));
}

str ec2_endpoint_name(struct arena *a, const struct ec2_endpoint *v, const struct service *s, str zone)
{
    return arena_printf(a, "%.*s-%.*s%s%.*s.%s.%.*s.vpce.amazonaws.com", FMT(v->vpc_endpoint_id), FMT(v->suffix),
                        zone.n ? "-" : "", FMT(zone), s->host, FMT(v->at.region));
}

str ec2_internal_name(struct arena *a, str region, str address)
{
    char *dashed = arena_z(a, address);

    for (char *p = dashed; *p; p++)
        *p = *p == '.' ? '-' : *p;
    if (str_eq(region, S("us-east-1")))
        return arena_printf(a, "ip-%s.ec2.internal", dashed);
    return arena_printf(a, "ip-%s.%.*s.compute.internal", dashed, FMT(region));
}

/* ---- describe ---- */

static struct list_of_str zones_of(struct call *c)
{
    struct list_of_str z = {6, ARENA_ARRAY(c->arena, str, 6)};

    for (size_t i = 0; i < z.n; i++)
        z.v[i] = arena_printf(c->arena, "%.*s%c", FMT(c->region), "abcdef"[i]);
    return z;
}

static struct ec2_service_detail detail_of(struct call *c, const struct service *s)
{
    struct ec2_service_type *types = ARENA_ARRAY(c->arena, struct ec2_service_type, 2);
    struct ec2_private_name *private = ARENA_NEW(c->arena, struct ec2_private_name);
    str *names = ARENA_ARRAY(c->arena, str, 2);
    struct ec2_service_detail d = {
        .service_name = arena_printf(c->arena, "%s.%.*s.%.*s", is_notebook(s) ? "aws.sagemaker" : "com.amazonaws",
                                     FMT(c->region), FMT(ec2_service_suffix(c->arena, s))),
        .service_id = arena_printf(c->arena, "vpce-svc-%017llx", (unsigned long long)str_hash(str_z(s->name)) >> 4),
        .service_type = {1, types},
        .availability_zones = zones_of(c),
        .owner = S("amazon"),
        .base_endpoint_dns_names = {1, names},
        .private_dns_name = ec2_private_name(c->arena, c->region, s),
        .private_dns_names = {1, private},
        .vpc_endpoint_policy_supported = SET_BOOL(true),
        .acceptance_required = SET_BOOL(false),
        .manages_vpc_endpoints = SET_BOOL(false),
        .supported_ip_address_types = {1, names + 1}};

    types[0].service_type = is_s3(s) ? S("Gateway") : S("Interface");
    types[1].service_type = S("Interface");
    d.service_type.n = is_s3(s) ? 2 : 1;
    private->private_dns_name = d.private_dns_name;
    names[0] = arena_printf(c->arena, "%s.%.*s.vpce.amazonaws.com", s->host, FMT(c->region));
    names[1] = S("ipv4");
    return d;
}

static bool detail_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_service_detail *d = item;

    (void)c;
    if (str_eq(name, S("service-name")))
        ec2_value(out, d->service_name);
    else if (str_eq(name, S("owner")))
        ec2_value(out, d->owner);
    else if (str_eq(name, S("service-type")))
        for (size_t i = 0; i < d->service_type.n; i++)
            ec2_value(out, d->service_type.v[i].service_type);
    else
        return false;
    return true;
}

res ec2_describe_vpc_endpoint_services(struct call *c, const struct ec2_describe_vpc_endpoint_services_in *in,
                                       struct ec2_describe_vpc_endpoint_services_out *out)
{
    static const struct ec2_tag_list no_tags;
    size_t most = 0;

    TRY(ec2_dry_run(c, in->dry_run));
    for (size_t i = 0; i < in->service_names.n; i++)
        if (!ec2_service_by_name(c->region, in->service_names.v[i]))
            return fault(c, &ec2_InvalidServiceName, "The Vpc Endpoint Service '%.*s' does not exist",
                         FMT(str_sub(in->service_names.v[i], 0, 128)));
    while (service_at(most))
        most++;
    out->service_details.v = ARENA_ARRAY(c->arena, struct ec2_service_detail, most + 1);
    out->service_names.v = ARENA_ARRAY(c->arena, str, most + 1);
    for (size_t i = 0; i < most; i++) {
        bool match;
        if (!offered(service_at(i)))
            continue;
        struct ec2_service_detail d = detail_of(c, service_at(i));
        if (in->service_names.n && !list_has(&in->service_names, d.service_name))
            continue;
        TRY(ec2_matches(c, &in->filters, &d, detail_values, &no_tags, &match));
        if (match) {
            out->service_names.v[out->service_names.n++] = d.service_name;
            out->service_details.v[out->service_details.n++] = d;
        }
    }
    return OK;
}

static bool list_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_prefix_list *p = item;

    (void)c;
    if (str_eq(name, S("prefix-list-id")))
        ec2_value(out, p->prefix_list_id);
    else if (str_eq(name, S("prefix-list-name")))
        ec2_value(out, p->prefix_list_name);
    else
        return false;
    return true;
}

res ec2_describe_prefix_lists(struct call *c, const struct ec2_describe_prefix_lists_in *in,
                              struct ec2_describe_prefix_lists_out *out)
{
    struct ec2_prefix_list *p = ARENA_NEW(c->arena, struct ec2_prefix_list);
    str *cidr = ARENA_NEW(c->arena, str);
    bool match;

    TRY(ec2_dry_run(c, in->dry_run));
    *cidr = S(EC2_S3_CIDR);
    *p = (struct ec2_prefix_list){
        {1, cidr}, S(EC2_S3_PREFIX_LIST), arena_printf(c->arena, "com.amazonaws.%.*s.s3", FMT(c->region))};
    for (size_t i = 0; i < in->prefix_list_ids.n; i++)
        if (!str_eq(in->prefix_list_ids.v[i], p->prefix_list_id))
            return fault(c, &ec2_InvalidPrefixListIDNotFound, "The prefix list ID '%.*s' does not exist",
                         FMT(str_sub(in->prefix_list_ids.v[i], 0, 64)));
    TRY(ec2_matches(c, &in->filters, p, list_values, NULL, &match));
    out->prefix_lists.v = p;
    out->prefix_lists.n = match ? 1 : 0;
    return OK;
}
