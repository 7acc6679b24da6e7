/* SPDX-License-Identifier: MIT */
/* What a training job and a model server have in common: an interface in the customer's VPC, a volume under the
 * customer's key, a sandbox with an agent, and the end of all of them. */
#include "api/house.h"
#include "base/enc.h"
#include "ec2.h"
#include "kms.h"
#include "sagemaker_parts.h"

enum { MEMORY_MIB = 2048, PING_MS = 2000 };

/* ---- small helpers over a flow's data ---- */

static str at(const json_t *o, const char *key)
{
    return json_str_at(o, key);
}

static void put(json_t *o, const char *key, str value)
{
    json_object_set_new(o, key, json_of(value));
}

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

static str ip_text(struct arena *a, uint32_t ip)
{
    return arena_printf(a, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static const struct caller *service_of(struct call *c, const struct launch *l)
{
    return caller_service(c, SAGEMAKER, l->service_arn, c->caller->account);
}

/* ---- the customer's key ---- */

static struct map_of_str volume_context(struct call *c, str volume)
{
    struct str_pair *pair = ARENA_NEW(c->arena, struct str_pair);

    *pair = (struct str_pair){S("aws:sagemaker:volume"), volume};
    return (struct map_of_str){1, pair};
}

/* A service has no account of its own: it names the caller's keys in full. */
static str full_key(struct call *c, str key)
{
    if (str_starts(key, S("arn:")))
        return key;
    return arena_printf(c->arena, "arn:%.*s:kms:%.*s:%.*s:%s%.*s", FMT(c->worker->house->partition), FMT(c->region),
                        FMT(c->caller->account), str_starts(key, S("alias/")) ? "" : "key/", FMT(key));
}

/* The caller lets SageMaker use the key for this one volume: a grant made in the caller's own right. */
res launch_grant(struct call *c, const struct launch *l, json_t *data)
{
    static const char *const names[] = {"GenerateDataKeyWithoutPlaintext", "Decrypt", "DescribeKey", "RetireGrant"};
    struct kms_create_grant_in in = {.key_id = full_key(c, l->volume_key)};
    struct kms_create_grant_out out = {0};
    struct kms_constraints *constraints = ARENA_NEW(c->arena, struct kms_constraints);
    str volume = call_unique(c, "vol-", 17);

    put(data, "volume", volume);
    put(data, "box", call_unique(c, "box-", 17));
    if (str_empty(l->volume_key))
        return OK;
    in.grantee_principal = in.retiring_principal = S(SAGEMAKER);
    in.operations.v = ARENA_ARRAY(c->arena, str, 4);
    for (in.operations.n = 0; in.operations.n < 4; in.operations.n++)
        in.operations.v[in.operations.n] = str_z(names[in.operations.n]);
    constraints->encryption_context_subset = volume_context(c, volume);
    in.constraints = constraints;
    TRY(call_as(c, caller_forward(c, SAGEMAKER), &kms_CreateGrant_op, &in, &out));
    put(data, "grant", out.grant_id);
    put(data, "grant_token", out.grant_token);
    return OK;
}

/* Under the customer's key: made and opened by right of the grant, and never seen outside vault and warden. */
static res customers_volume_key(struct call *c, struct flow *f, const struct launch *l)
{
    str volume = flow_text(f, "volume"), blob;
    struct kms_generate_data_key_without_plaintext_in make = {.key_id = full_key(c, l->volume_key),
                                                              .number_of_bytes = SET_INT(BOX_KEY_BYTES),
                                                              .encryption_context = volume_context(c, volume)};
    struct kms_generate_data_key_without_plaintext_out made = {0};
    struct kms_release_volume_key_out released = {0};

    if (!base64_decode(c->arena, flow_text(f, "volume_key"), &blob) || str_empty(blob)) {
        TRY(call_as(c, service_of(c, l), &kms_GenerateDataKeyWithoutPlaintext_op, &make, &made));
        blob = made.ciphertext_blob;
        flow_set(f, "volume_key", base64_encode(c->arena, blob));
    }
    struct kms_release_volume_key_in release = {
        .ciphertext_blob = blob, .encryption_context = make.encryption_context, .volume_id = volume};
    return call_as(c, service_of(c, l), &kms_ReleaseVolumeKey_op, &release, &released);
}

/* ---- the interface ---- */

static res as_role(struct call *c, const struct launch *l, const struct caller **role)
{
    struct fault why;

    TRY(flow_role(c, SAGEMAKER, l->role_arn, l->session, l->service_arn, role, &why));
    if (*role)
        return OK;
    return fault(c, &sagemaker_ValidationException,
                 "Could not assume role %.*s. Please ensure that the role exists and allows principal "
                 "'sagemaker.amazonaws.com' to assume the role.",
                 FMT(l->role_arn));
}

static res find_resolver(struct call *c, const struct caller *role, str vpc, uint32_t *ip)
{
    struct ec2_describe_vpcs_in in = {.vpc_ids = {1, &vpc}};
    struct ec2_describe_vpcs_out out = {0};
    str rest;

    TRY(call_as(c, role, &ec2_DescribeVpcs_op, &in, &out));
    rest = out.vpcs.n ? out.vpcs.v[0].cidr_block : S("");
    if (!parse_ip(str_cut(&rest, '/'), ip))
        return oops(&c->err, 0, "the VPC %.*s has no range of addresses", FMT(vpc));
    *ip += 2; /* AWS's resolver stands there */
    return OK;
}

static res make_interface(struct call *c, struct flow *f, const struct launch *l)
{
    struct ec2_create_network_interface_in in = {.subnet_id = l->vpc->subnets.v[0],
                                                 .groups = l->vpc->security_group_ids,
                                                 .description = arena_cat(c->arena,
                                                                          S("[DO NOT DELETE] ENI managed by "
                                                                            "SageMaker for "),
                                                                          l->service_arn)};
    struct ec2_create_network_interface_out out = {0};
    const struct caller *role;
    uint32_t own, resolver;

    TRY(as_role(c, l, &role));
    TRY(call_as(c, role, &ec2_CreateNetworkInterface_op, &in, &out));
    TRY(find_resolver(c, role, out.network_interface->vpc_id, &resolver));
    if (!parse_ip(out.network_interface->private_ip_address, &own))
        return oops(&c->err, 0, "a network interface without an address");
    flow_set(f, "eni", out.network_interface->network_interface_id);
    flow_set(f, "vpc", out.network_interface->vpc_id);
    flow_set(f, "zone", out.network_interface->availability_zone);
    json_object_set_new(f->data, "ip", json_integer(own));
    json_object_set_new(f->data, "resolver", json_integer(resolver));
    return OK;
}

res launch_prepare(struct call *c, struct flow *f, const struct launch *l)
{
    if (!str_is(flow_text(f, "eni")))
        TRY(make_interface(c, f, l));
    return str_empty(l->volume_key) ? box_own_key(c, flow_text(f, "volume")) : customers_volume_key(c, f, l);
}

/* ---- plan and effects ---- */

str launch_plan(struct call *c, struct flow *f, const struct launch *l, str image, const json_t *order,
                const char *log_group, str log_stream)
{
    static const char *const kept[] = {"box", "volume", "eni", "vpc", "ip", "resolver", "shares"};
    json_t *o = json_object(), *full = json_deep_copy(order), *env = json_object_get(full, "env");
    uint32_t resolver = (uint32_t)json_integer_value(json_object_get(f->data, "resolver"));

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        json_object_set(o, kept[i], json_object_get(f->data, kept[i]));
    put(full, "region", f->region);
    put(full, "resolver", ip_text(c->arena, resolver));
    put(env, "AWS_REGION", f->region);
    put(env, "AWS_DEFAULT_REGION", f->region);
    json_object_set_new(o, "mib", json_integer(l->volume_gb * 1024));
    put(o, "image", image);
    put(o, "order", json_text(c->arena, full));
    put(o, "role", l->role_arn);
    put(o, "session", l->session);
    put(o, "arn", l->service_arn);
    put(o, "account", f->account);
    put(o, "region", f->region);
    put(o, "group", str_z(log_group));
    put(o, "stream", log_stream);
    str text = json_text(c->arena, o);
    json_decref(full);
    json_decref(o);
    return text;
}

static uint32_t number(const json_t *o, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(o, key));
}

static res read_shares(struct effect *x, const json_t *list, struct box_plan *p)
{
    struct box_share *v = ARENA_ARRAY(x->arena, struct box_share, json_array_size(list) + 1);

    for (; p->n_shares < json_array_size(list); p->n_shares++) {
        const json_t *o = json_array_get(list, p->n_shares);
        struct box_share *s = &v[p->n_shares];
        *s = (struct box_share){.file_system = at(o, "file_system"),
                                .folder = at(o, "folder"),
                                .at = at(o, "at"),
                                .target = at(o, "target"),
                                .read_only = json_is_true(json_object_get(o, "read_only")),
                                .squash_root = json_is_true(json_object_get(o, "squash_root"))};
        if (!parse_ip(at(o, "ip"), &s->target_ip))
            return oops(&x->err, 0, "a mount target without an address");
    }
    p->shares = v;
    return OK;
}

res launch_open(struct effect *x)
{
    json_t *o;

    TRY(json_parse(x->arena, x->args, &x->err, &o));
    struct box_plan p = {.box = at(o, "box"),
                         .volume = at(o, "volume"),
                         .eni = at(o, "eni"),
                         .vpc = at(o, "vpc"),
                         .volume_mib = (uint64_t)json_integer_value(json_object_get(o, "mib")),
                         .own_ip = number(o, "ip"),
                         .resolver_ip = number(o, "resolver"),
                         .image = at(o, "image"),
                         .memory_mib = MEMORY_MIB,
                         .order = at(o, "order"),
                         .role_arn = at(o, "role"),
                         .session = at(o, "session"),
                         .service = S(SAGEMAKER),
                         .subject_arn = at(o, "arn"),
                         .account = at(o, "account"),
                         .region = at(o, "region"),
                         .log_group = at(o, "group"),
                         .log_stream = at(o, "stream")};
    TRY(read_shares(x, json_object_get(o, "shares"), &p));
    res r = box_open(x->house, x->flow, &p, &x->err);
    if (r.why != WHY_REJECT)
        return r;
    json_t *why = json_pack("{s:o}", "reason", json_of(str_z(x->err.what)));
    x->event = S("refused");
    x->data = json_text(x->arena, why);
    json_decref(why);
    return OK;
}

res launch_run(struct effect *x)
{
    x->event = S("running");
    return box_run(x->house, x->flow, &x->err);
}

res launch_stop(struct effect *x)
{
    return box_stop(x->house, x->flow, &x->err);
}

res launch_kill(struct effect *x)
{
    return box_kill(x->house, x->flow, &x->err);
}

res launch_exited(struct effect *x)
{
    return box_tell(x->house, x->flow, x->args, &x->err);
}

/* "BOX VOLUME", and the file systems that it shares. */
str launch_ids(struct call *c, const struct flow *f)
{
    const json_t *shares = json_object_get(f->data, "shares");
    str ids = arena_printf(c->arena, "%.*s %.*s", FMT(flow_text(f, "box")), FMT(flow_text(f, "volume")));

    for (size_t i = 0; i < json_array_size(shares); i++)
        ids = arena_printf(c->arena, "%.*s %.*s", FMT(ids), FMT(at(json_array_get(shares, i), "file_system")));
    return ids;
}

/* While they are still mounted: afterwards nobody can ask. */
static str measure(struct effect *x, str file_systems)
{
    json_t *all = json_object(), *used = json_object();
    uint64_t bytes;

    while (str_is(file_systems)) {
        str one = str_cut(&file_systems, ' ');
        if (box_share_used(x->house, one, &bytes))
            json_object_setn_new(used, one.p, one.n, json_integer((json_int_t)bytes));
    }
    json_object_set_new(all, "used", used);
    str text = json_text(x->arena, all);
    json_decref(all);
    return text;
}

res launch_close(struct effect *x)
{
    str rest = x->args, box = str_cut(&rest, ' '), volume = str_cut(&rest, ' ');

    x->event = S("closed");
    x->data = measure(x, rest);
    return box_close(x->house, x->flow, box, volume, &x->err);
}

res launch_ping(struct effect *x)
{
    bool healthy;

    TRY(box_ping(x->house, x->args, PING_MS, &healthy, &x->err));
    x->event = healthy ? S("healthy") : S("unhealthy");
    return OK;
}

/* ---- the end ---- */

/* A role that has lost its rights must not leave its interface behind: then the account itself takes it away. */
static res delete_interface(struct call *c, const struct launch *l, str eni)
{
    struct ec2_delete_network_interface_in in = {.network_interface_id = eni};
    struct ec2_delete_network_interface_out out = {0};
    struct caller *root = ARENA_NEW(c->arena, struct caller);
    const struct caller *role;
    struct fault why;

    TRY(flow_role(c, SAGEMAKER, l->role_arn, l->session, l->service_arn, &role, &why));
    if (role)
        TRY(call_try(c, role, &ec2_DeleteNetworkInterface_op, &in, &out, &why));
    if (!why.type)
        return OK;
    *root = caller_operator(c->arena, c->caller->account);
    return call_try(c, root, &ec2_DeleteNetworkInterface_op, &in, &out, &why);
}

res launch_release(struct call *c, struct flow *f, const struct launch *l)
{
    str eni = flow_text(f, "eni"), grant = flow_text(f, "grant_token");
    struct kms_retire_grant_in retire = {.grant_token = grant};
    struct kms_retire_grant_out retired = {0};
    struct fault why;

    if (str_is(grant))
        TRY(call_try(c, service_of(c, l), &kms_RetireGrant_op, &retire, &retired, &why));
    return str_is(eni) ? delete_interface(c, l, eni) : OK;
}
