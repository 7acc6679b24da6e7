/* SPDX-License-Identifier: MIT */
/* Availability Zones and regions: facts of one house that plays one region at a time. */
#include "ec2_names.h"

static const char letters[] = "abcdef";
/* Which physical zone a letter means differs between AWS's accounts; here it is the same for all. */
static const char physical[] = "124635";

bool zone_exists(str region, str name)
{
    return name.n == region.n + 1 && str_starts(name, region) && str_find(str_z(letters), name.p[region.n]) >= 0;
}

/* "us-east-1" -> "use1": the first letters of its words, "ap-southeast-2" -> "apse2". */
static str short_region(struct arena *a, str region)
{
    str rest = region, area = str_cut(&rest, '-'), side = str_cut(&rest, '-');
    char letters_of[3] = {0};

    letters_of[0] = side.n ? side.p[0] : 'x';
    if (side.n > 5 && (str_ends(side, S("east")) || str_ends(side, S("west"))))
        letters_of[1] = side.p[side.n - 4];
    return arena_printf(a, "%.*s%s%.*s", FMT(area), letters_of, FMT(rest));
}

str zone_id(struct call *c, str name)
{
    ptrdiff_t i = name.n ? str_find(str_z(letters), name.p[name.n - 1]) : -1;

    return i < 0 ? S("") : arena_printf(c->arena, "%.*s-az%c", FMT(short_region(c->arena, c->region)), physical[i]);
}

str zone_by_id(struct call *c, str id)
{
    for (size_t i = 0; i < sizeof letters - 1; i++) {
        str name = arena_printf(c->arena, "%.*s%c", FMT(c->region), letters[i]);
        if (str_eq(zone_id(c, name), id))
            return name;
    }
    return STR_ABSENT;
}

static bool zone_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_zone *z = item;

    (void)c;
    if (str_eq(name, S("zone-name")))
        ec2_value(out, z->zone_name);
    else if (str_eq(name, S("zone-id")))
        ec2_value(out, z->zone_id);
    else if (str_eq(name, S("region-name")) || str_eq(name, S("group-name")))
        ec2_value(out, z->region_name);
    else if (str_eq(name, S("state")))
        ec2_value(out, S("available"));
    else if (str_eq(name, S("zone-type")))
        ec2_value(out, S("availability-zone"));
    else if (str_eq(name, S("opt-in-status")))
        ec2_value(out, S("opt-in-not-required"));
    else
        return false;
    return true;
}

static res asked_zones_exist(struct call *c, const struct ec2_describe_availability_zones_in *in)
{
    for (size_t i = 0; i < in->zone_names.n; i++)
        if (!zone_exists(c->region, in->zone_names.v[i]))
            return fault(c, &ec2_InvalidParameterValue, "Invalid availability zone: [%.*s]",
                         FMT(str_sub(in->zone_names.v[i], 0, 64)));
    for (size_t i = 0; i < in->zone_ids.n; i++)
        if (!str_is(zone_by_id(c, in->zone_ids.v[i])))
            return fault(c, &ec2_InvalidParameterValue, "Invalid availability zone-id: [%.*s]",
                         FMT(str_sub(in->zone_ids.v[i], 0, 64)));
    return OK;
}

res ec2_describe_availability_zones(struct call *c, const struct ec2_describe_availability_zones_in *in,
                                    struct ec2_describe_availability_zones_out *out)
{
    struct ec2_zone *v = ARENA_ARRAY(c->arena, struct ec2_zone, sizeof letters);

    TRY(ec2_dry_run(c, in->dry_run));
    TRY(asked_zones_exist(c, in));
    out->availability_zones.v = v;
    for (size_t i = 0; i < sizeof letters - 1; i++) {
        str name = arena_printf(c->arena, "%.*s%c", FMT(c->region), letters[i]);
        struct ec2_zone z = {.state = S("available"),
                             .opt_in_status = S("opt-in-not-required"),
                             .region_name = c->region,
                             .zone_name = name,
                             .zone_id = zone_id(c, name),
                             .group_name = c->region,
                             .network_border_group = c->region,
                             .zone_type = S("availability-zone")};
        bool match;
        if ((in->zone_names.n && !list_has(&in->zone_names, name)) ||
            (in->zone_ids.n && !list_has(&in->zone_ids, z.zone_id)))
            continue;
        TRY(ec2_matches(c, &in->filters, &z, zone_values, NULL, &match));
        if (match)
            v[out->availability_zones.n++] = z;
    }
    return OK;
}

static bool region_values(struct call *c, const void *item, str name, struct ec2_values *out)
{
    const struct ec2_region *r = item;

    (void)c;
    if (str_eq(name, S("region-name")))
        ec2_value(out, r->region_name);
    else if (str_eq(name, S("endpoint")))
        ec2_value(out, r->endpoint);
    else if (str_eq(name, S("opt-in-status")))
        ec2_value(out, r->opt_in_status);
    else
        return false;
    return true;
}

res ec2_describe_regions(struct call *c, const struct ec2_describe_regions_in *in, struct ec2_describe_regions_out *out)
{
    struct ec2_region *r = ARENA_NEW(c->arena, struct ec2_region);
    bool match;

    TRY(ec2_dry_run(c, in->dry_run));
    for (size_t i = 0; i < in->region_names.n; i++)
        if (!str_eq(in->region_names.v[i], c->region))
            return fault(c, &ec2_InvalidParameterValue, "Invalid region names: [%.*s]",
                         FMT(str_sub(in->region_names.v[i], 0, 64)));
    *r = (struct ec2_region){arena_printf(c->arena, "ec2.%.*s.amazonaws.com", FMT(c->region)), c->region,
                             S("opt-in-not-required")};
    TRY(ec2_matches(c, &in->filters, r, region_values, NULL, &match));
    out->regions.v = r;
    out->regions.n = match ? 1 : 0;
    return OK;
}
