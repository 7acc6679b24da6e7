/* SPDX-License-Identifier: MIT */
/* Where a function stands: in subnets of its customer with security groups, through an interface that its role makes,
 * or in no VPC, in the functions' door (api/network.h). */
#include "api/gate.h"
#include "api/network.h"
#include "ec2.h"
#include "lambda_parts.h"

/* ---- the role ---- */

res lambda_check_role(struct call *c, str role_arn, str function_arn, const struct caller **role)
{
    str session = str_from(function_arn, (size_t)(str_rfind(function_arn, ':') + 1));
    struct fault why;

    if (!str_starts(role_arn, S("arn:")))
        return fault(
            c, &lambda_InvalidParameterValueException,
            "1 validation error detected: Value '%.*s' at 'role' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
            FMT(role_arn));
    TRY(flow_role(c, LAMBDA, role_arn, lambda_session(c, session), function_arn, role, &why));
    if (*role)
        return OK;
    return fault(c, &lambda_InvalidParameterValueException,
                 "The role defined for the function cannot be assumed by Lambda.");
}

/* ---- a VPC's part of the configuration ---- */

static res in_lambdas_words(struct call *c, const struct fault *why)
{
    if (why->type == &api_access_denied)
        return fault(
            c, &lambda_InvalidParameterValueException,
            "Your access has been denied by EC2, please make sure your request credentials have permission to "
            "DescribeSecurityGroups and DescribeSubnets for the function. EC2 Error Code: UnauthorizedOperation. "
            "EC2 Error Message: %.*s",
            FMT(why->message));
    return fault(
        c, &lambda_InvalidParameterValueException,
        "Error occurred while DescribeSubnets or DescribeSecurityGroups. EC2 Error Code: %s. EC2 Error Message: "
        "%.*s",
        why->type->code, FMT(why->message));
}

static res find_vpc(struct call *c, const struct caller *who, const struct list_of_str *subnets, str *vpc,
                    struct fault *why)
{
    struct ec2_describe_subnets_in in = {.subnet_ids = *subnets};
    struct ec2_describe_subnets_out out = {0};

    *vpc = STR_ABSENT;
    TRY(call_try(c, who, &ec2_DescribeSubnets_op, &in, &out, why));
    for (size_t i = 0; !why->type && i < out.subnets.n; i++) {
        if (str_is(*vpc) && !str_eq(*vpc, out.subnets.v[i].vpc_id))
            return fault(c, &lambda_InvalidParameterValueException,
                         "Subnets in a function's VpcConfig must be in the same VPC.");
        *vpc = out.subnets.v[i].vpc_id;
    }
    return OK;
}

/* With EC2's own answer to a dry run, so that the first invocation does not fail. */
static res role_may(struct call *c, const struct lambda_vpc_config *v, const struct caller *role)
{
    struct ec2_create_network_interface_in in = {
        .subnet_id = v->subnet_ids.v[0], .groups = v->security_group_ids, .dry_run = SET_BOOL(true)};
    struct ec2_create_network_interface_out out = {0};
    struct fault why;

    TRY(call_try(c, role, &ec2_CreateNetworkInterface_op, &in, &out, &why));
    if (why.type == &api_access_denied)
        return fault(c, &lambda_InvalidParameterValueException,
                     "The provided execution role does not have permissions to call CreateNetworkInterface on EC2");
    return OK;
}

res lambda_take_vpc(struct call *c, const struct lambda_vpc_config *in, str role_arn, struct lambda_function *f)
{
    struct lambda_vpc_answer *v = ARENA_NEW(c->arena, struct lambda_vpc_answer);
    struct ec2_describe_security_groups_in groups = {0};
    struct ec2_describe_security_groups_out found = {0};
    const struct caller *role;
    struct fault why;

    f->vpc_config = v;
    if (!in || (!in->subnet_ids.n && !in->security_group_ids.n))
        return OK;
    if (!in->subnet_ids.n || !in->security_group_ids.n)
        return fault(c, &lambda_InvalidParameterValueException,
                     "SubnetIds and SecurityIds must coexist or be both empty list.");
    v->subnet_ids = in->subnet_ids;
    v->security_group_ids = in->security_group_ids;
    TRY(find_vpc(c, caller_forward(c, LAMBDA), &in->subnet_ids, &v->vpc_id, &why));
    if (why.type)
        return in_lambdas_words(c, &why);
    groups.group_ids = in->security_group_ids;
    TRY(call_try(c, caller_forward(c, LAMBDA), &ec2_DescribeSecurityGroups_op, &groups, &found, &why));
    if (why.type)
        return in_lambdas_words(c, &why);
    TRY(lambda_check_role(c, role_arn, f->function_arn, &role));
    return role_may(c, in, role);
}

/* lambda:VpcIds, which no request names: of the subnets, as the house knows them. */
res lambda_add_vpc_ids(struct call *c)
{
    struct lambda_vpc_config *const *v = field_of(c->in, shape_field(c->op->in, S("VpcConfig")));
    struct caller *house = ARENA_NEW(c->arena, struct caller);
    struct fault why;
    str vpc;

    if (!*v || !(*v)->subnet_ids.n)
        return OK;
    *house = caller_operator(c->arena, c->caller->account);
    TRY(find_vpc(c, house, &(*v)->subnet_ids, &vpc, &why));
    if (str_is(vpc))
        context_add(c, S("lambda:VpcIds"), vpc);
    return OK;
}

/* ---- an environment's interface ---- */

static bool parse_ip(str text, uint32_t *out)
{
    uint64_t part;
    int n = 0;

    for (*out = 0; str_is(text); n++) {
        str one = str_cut(&text, '.');
        if (n == 4 || !str_to_u64(one, &part) || part > 255)
            return false;
        *out = *out << 8 | (uint32_t)part;
    }
    return n == 4;
}

/* Amazon's resolver is the third address of the VPC's range. */
static res resolver_of(struct call *c, str account, str vpc, uint32_t *ip)
{
    struct ec2_describe_vpcs_in in = {.vpc_ids = {1, &vpc}};
    struct ec2_describe_vpcs_out out = {0};
    struct caller *house = ARENA_NEW(c->arena, struct caller);
    str range;

    *house = caller_operator(c->arena, account);
    TRY(call_as(c, house, &ec2_DescribeVpcs_op, &in, &out));
    range = out.vpcs.n ? out.vpcs.v[0].cidr_block : S("");
    if (!parse_ip(str_cut(&range, '/'), ip))
        return oops(&c->err, 0, "the VPC %.*s has no range of addresses", FMT(vpc));
    *ip += 2;
    return OK;
}

res lambda_interface_make(struct call *c, struct flow *f, const struct lambda_function *fn, const struct caller *role)
{
    const struct lambda_vpc_answer *v = fn->vpc_config;
    struct ec2_create_network_interface_in in = {0};
    struct ec2_create_network_interface_out out = {0};
    uint32_t own, resolver;

    if (!v || !v->subnet_ids.n) { /* its place is given by the effect that opens it */
        flow_set(f, "eni", call_unique(c, "eni-", 17));
        return OK;
    }
    in.subnet_id = v->subnet_ids.v[str_hash(f->id) % v->subnet_ids.n];
    in.groups = v->security_group_ids;
    in.description = arena_cat(c->arena, S("AWS Lambda VPC ENI-"), fn->function_name);
    TRY(call_as(c, role, &ec2_CreateNetworkInterface_op, &in, &out));
    TRY(resolver_of(c, f->account, out.network_interface->vpc_id, &resolver));
    if (!parse_ip(out.network_interface->private_ip_address, &own))
        return oops(&c->err, 0, "a network interface without an address");
    flow_set(f, "eni", out.network_interface->network_interface_id);
    flow_set(f, "vpc", out.network_interface->vpc_id);
    json_object_set_new(f->data, "ip", json_integer(own));
    json_object_set_new(f->data, "resolver", json_integer(resolver));
    return OK;
}

/* As the account itself: a role that has lost its rights must not leave its interface behind. */
res lambda_interface_drop(struct call *c, struct flow *f)
{
    struct ec2_delete_network_interface_in in = {.network_interface_id = flow_text(f, "eni")};
    struct ec2_delete_network_interface_out out = {0};
    struct caller *house = ARENA_NEW(c->arena, struct caller);
    struct fault why;

    if (!str_is(flow_text(f, "vpc")))
        return OK;
    *house = caller_operator(c->arena, f->account);
    return call_try(c, house, &ec2_DeleteNetworkInterface_op, &in, &out, &why);
}
