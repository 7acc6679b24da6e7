/* SPDX-License-Identifier: MIT */
/* Inside ec2/: what its files share. Handlers get their subjects from here, with AWS's faults for what is missing. */
#ifndef BARMKIN_EC2_NAMES_H
#define BARMKIN_EC2_NAMES_H
#include "ec2.h"
#include "warden/plan.h"

/* S3's addresses as this house has them: one prefix list, in one of Amazon's own ranges (us-east-1). */
#define EC2_S3_PREFIX_LIST "pl-63a5400a"
#define EC2_S3_CIDR "52.216.0.0/15"

enum { EC2_ALL = 5000, EC2_GROUPS_PER_INTERFACE = 5, EC2_RULES_PER_GROUP = 60 };

/* ---- common.c ---- */
/* DryRun: what AWS answers where the call would have been allowed (and no fault comes before it). */
res ec2_dry_run(struct call *c, opt_bool dry_run);
/* Load one or end the call with NotFound. An absent id is MissingParameter. The record is the call's own copy. */
res ec2_get_vpc(struct call *c, str id, struct ec2_vpc **out);
res ec2_get_subnet(struct call *c, str id, struct ec2_subnet **out);
res ec2_get_route_table(struct call *c, str id, struct ec2_route_table **out);
res ec2_get_group(struct call *c, str id, struct ec2_group **out);
res ec2_get_endpoint(struct call *c, str id, struct ec2_endpoint **out);
res ec2_get_interface(struct call *c, str id, struct ec2_interface **out);
res ec2_get_internet_gateway(struct call *c, str id, struct ec2_internet_gateway **out);
res ec2_get_nat_gateway(struct call *c, str id, struct ec2_nat_gateway **out);
/* The table and the position of an association id; a NotFound fault otherwise. */
res ec2_get_association(struct call *c, str id, struct ec2_route_table **table, size_t *at);
bool list_has(const struct list_of_str *list, str value);
void list_add(struct call *c, struct list_of_str *list, str value); /* keeps its order; twice is once */
void list_remove(struct list_of_str *list, str value);              /* the list must be the call's own */
struct list_of_str list_copy(struct call *c, const struct list_of_str *list);

/* ---- cidr.c ---- */
/* "10.0.0.0/16": false when it is no CIDR. Bits beyond the prefix are kept in *host. */
bool cidr_read(str text, struct plan_prefix *out, uint32_t *host);
bool cidr_is_ipv6(str text);
bool cidr_overlap(const struct plan_prefix *a, const struct plan_prefix *b);
str cidr_text(struct arena *a, struct plan_prefix p);
str ip_text(struct arena *a, uint32_t addr);
bool ip_read(str text, uint32_t *addr);
bool cidr_usable(const struct plan_prefix *p); /* not what the kernel, warden or nobody owns */

/* ---- tags.c ---- */
/* The tags of a Create call for this type; applies them through ec2:CreateTags, judged on its own (ec2:CreateAction).
 * Call it once the record has been saved. */
res ec2_check_tags(struct call *c, const struct ec2_tag_specification_list *specs, const char *type);
res ec2_tag_new(struct call *c, const struct ec2_tag_specification_list *specs, str id);

/* ---- describe.c ---- */
struct ec2_values { /* of one filter name on one item */
    str v[64];
    size_t n;
};
/* Adds the item's values of the filter `name`; false: there is no such filter. Tags are not asked for here. */
typedef bool ec2_filter_fn(struct call *c, const void *item, str name, struct ec2_values *out);
struct ec2_listing {
    const struct record_type *type;
    struct list_of_str ids;
    const struct ec2_filter_list *filters;
    opt_int max;
    str token;
    ec2_filter_fn *values;
    const struct fault_type *missing;
    const char *what; /* "vpc": of "The vpc ID '...' does not exist" */
};
/* The records that are asked for, in order of their ids, and the token of the next page (absent at the end). */
res ec2_list(struct call *c, const struct ec2_listing *l, struct record_page *out, str *next);
/* One item against all filters; tags NULL: none. */
res ec2_matches(struct call *c, const struct ec2_filter_list *filters, const void *item, ec2_filter_fn *values,
                const struct ec2_tag_list *tags, bool *match);
void ec2_value(struct ec2_values *v, str value);
void ec2_value_bool(struct ec2_values *v, bool value);

/* ---- apply.c ---- */
/* Ends a call that changed a VPC: a new generation, compiled and checked now, made by warden after the commit. */
res ec2_changed(struct call *c, str vpc_id);
/* The VPC goes: warden removes it after the commit. */
res ec2_gone(struct call *c, str vpc_id);

/* ---- zones.c ---- */
bool zone_exists(str region, str name);
str zone_id(struct call *c, str name);  /* "use1-az1" */
str zone_by_id(struct call *c, str id); /* absent: none */

/* ---- interfaces.c ---- */
/* A new interface with an address of its subnet (the asked one, where given). Not yet saved. */
res ec2_new_interface(struct call *c, struct ec2_subnet *subnet, str address, struct ec2_interface **out);
res ec2_check_groups(struct call *c, str vpc_id, const struct list_of_str *ids);

/* ---- gateways.c, addresses.c, ways.c ---- */
res ec2_gateway_of(struct call *c, str vpc_id, str account, struct ec2_internet_gateway **out); /* NULL: none */
/* The elastic address of an interface; NULL: none. */
res ec2_address_of(struct call *c, const struct ec2_interface *i, struct ec2_address **out);
/* The two ends of an association, saved; nat_gateway is absent for a workload's. */
res ec2_address_take(struct call *c, struct ec2_address *a, const struct ec2_interface *i, str nat_gateway);
res ec2_address_leave(struct call *c, struct ec2_address *a);
/* The table's routes that lead out, with their state; `list` has room for one more each. */
res ec2_ways_out(struct call *c, const struct ec2_route_table *t, struct ec2_route_out_list *list);

/* ---- flow_logs.c ---- */
res ec2_get_flow_log(struct call *c, str id, struct ec2_flow_log **out);
res ec2_flow_logs_leave(struct call *c, str vpc_id, str resource);
bool ec2_format_ok(str format);

/* ---- endpoint_policy.c ---- */
/* Checks a policy; *bound is what is judged by: unique ids in place of the users' and roles' ARNs. */
res ec2_take_policy(struct call *c, str text, str *bound);

/* ---- services.c: what an endpoint can lead to, and the names it has ---- */
/* "com.amazonaws.us-east-1.sagemaker.api" -> sagemaker's service; NULL if it is none of this house's. */
const struct service *ec2_service_by_name(str region, str service_name);
bool ec2_service_has_below(const struct service *s); /* names below its own, too: buckets, registries, notebooks */
/* A service's host with its labels turned round: "sagemaker.api". */
str ec2_service_suffix(struct arena *a, const struct service *s);
/* "vpce-ID-SUFFIX[-ZONE].sts.us-east-1.vpce.amazonaws.com" */
str ec2_endpoint_name(struct arena *a, const struct ec2_endpoint *v, const struct service *s, str zone);
str ec2_private_name(struct arena *a, str region, const struct service *s); /* "sts.us-east-1.amazonaws.com" */
str ec2_internal_name(struct arena *a, str region, str address);            /* "ip-10-0-1-5.ec2.internal" */

#endif
