/* SPDX-License-Identifier: MIT */
/* What becomes of a file system's volume: clients mount it, the house measures it, and it goes with its file system. */
#include "api/box.h"
#include "api/flow.h"
#include "api/gate.h"
#include "efs_parts.h"

enum { AGAIN_MS = 2000, TARGETS_MAX = 100 };

/* ---- mounting ---- */

/* Of the zone that the client is in, as the names of a file system lead to on AWS. */
static res find_target(struct call *c, const struct efs_file_system *f, const struct efs_client_mount_in *in,
                       const struct efs_mount_target **out)
{
    struct efs_mount_target_page targets;

    *out = NULL;
    TRY(efs_mount_targets(c, f, STR_ABSENT, TARGETS_MAX, &targets));
    for (size_t i = 0; i < targets.n && !*out; i++) {
        const struct efs_mount_target *m = targets.v[i];
        if (str_eq(m->vpc_id, in->vpc_id) && str_eq(m->availability_zone_name, in->availability_zone))
            *out = m;
    }
    if (*out)
        return OK;
    return fault(c, &efs_MountTargetNotFound, "It has no mount target in the zone %.*s of the VPC %.*s.",
                 FMT(in->availability_zone), FMT(in->vpc_id));
}

/* A client that may mount reads; whether it writes, and as root, are questions of their own. */
static res may(struct call *c, const char *action, opt_bool *out)
{
    out->set = true;
    return gate_may(c, action, &c->resources[0], &out->v);
}

res efs_client_mount(struct call *c, const struct efs_client_mount_in *in, struct efs_client_mount_out *out)
{
    struct efs_file_system *f = efs_own_copy(c);
    const struct efs_mount_target *target;

    TRY(find_target(c, f, in, &target));
    TRY(may(c, "elasticfilesystem:ClientWrite", &out->write));
    TRY(may(c, "elasticfilesystem:ClientRootAccess", &out->root_access));
    TRY(efs_key_release(c, f, in->holder));
    out->network_interface_id = target->network_interface_id;
    out->ip_address = target->ip_address;
    return efs_file_system_save(c, f);
}

res efs_measure_file_system(struct call *c, const struct efs_measure_file_system_in *in,
                            struct efs_measure_file_system_out *out)
{
    struct efs_file_system *f = efs_own_copy(c);

    (void)out;
    f->used_bytes = in->bytes;
    f->used_time = SET_TIME(c->now_ms);
    return efs_file_system_save(c, f);
}

/* ---- the end of the volume ---- */

static res forget(struct effect *x)
{
    x->event = S("gone");
    return box_share_forget(x->house, x->args, &x->err);
}

static res on_begin(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_effect(c, f, forget, f->subject);
    return OK;
}

static res on_gone(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)c, (void)e;
    flow_end(f);
    return OK;
}

static res on_failed(struct call *c, struct flow *f, const struct flow_event *e)
{
    (void)e;
    flow_wake(c, f, AGAIN_MS);
    return OK;
}

static const struct flow_rule rules[] = {
    {"*", "begin", on_begin, NULL}, {"*", "resumed", on_begin, NULL},        {"*", "timer", on_begin, NULL},
    {"*", "gone", on_gone, NULL},   {"*", "effect-failed", on_failed, NULL}, {"*", "step-failed", on_failed, NULL},
};
const struct flow_kind efs_volume_flow = {"efs-volume", EFS, rules, sizeof rules / sizeof *rules};

res efs_forget_volume(struct call *c, const struct efs_file_system *f)
{
    str id;

    return flow_begin(c, "efs-volume", f->file_system_id, STR_ABSENT, &id);
}

/* An account is wiped: its records, and its flows, go by themselves. */
static res forget_now(struct house *h, void *arg, struct err *e)
{
    return box_share_forget(h, *(const str *)arg, e);
}

res efs_wipe(struct call *c, str account)
{
    struct efs_file_system_page page;

    TRY(efs_file_system_list_all(c, account, STR_ABSENT, STR_ABSENT, 10000, &page));
    for (size_t i = 0; i < page.n; i++)
        call_after(c, forget_now, &page.v[i]->file_system_id);
    return OK;
}
