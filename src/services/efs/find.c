/* SPDX-License-Identifier: MIT */
/* Finders of efs: file systems by id or ARN, mount targets by id, each with the file system's policy and tags. */
#include "efs_parts.h"

str efs_id(str id_or_arn)
{
    return str_from(id_or_arn, (size_t)(str_rfind(id_or_arn, '/') + 1));
}

struct efs_file_system *efs_own_copy(struct call *c)
{
    struct efs_file_system *f = ARENA_NEW(c->arena, struct efs_file_system);

    *f = *(const struct efs_file_system *)c->subject;
    return f;
}

res efs_mount_targets(struct call *c, const struct efs_file_system *f, str after, size_t limit,
                      struct efs_mount_target_page *out)
{
    struct record_page page;

    TRY(record_by_after(c, &efs_mount_target_record, "fs", f->file_system_id, f->at.account, after, limit, &page));
    *out = (struct efs_mount_target_page){.v = (struct efs_mount_target **)page.v, .n = page.n, .more = page.more};
    return OK;
}

res efs_open_marker(struct call *c, str marker, str *after)
{
    *after = STR_ABSENT;
    if (!str_is(marker) || page_token_open(c, marker, after))
        return OK;
    return fault(c, &efs_BadRequest, "The marker is invalid.");
}

/* The account of an ARN; empty for an id, which is the caller's own. */
static str account_of(str id_or_arn)
{
    str rest = str_behind(id_or_arn, ':', 4);

    return str_starts(id_or_arn, S("arn:")) ? str_cut(&rest, ':') : STR_ABSENT;
}

static res find(struct call *c, str id_or_arn, struct resource *out)
{
    str account = account_of(id_or_arn);
    struct efs_file_system *f;

    out->account = account.n ? account : c->caller->account;
    out->arn = account.n ? id_or_arn : call_arn(c, "elasticfilesystem", "file-system/%.*s", FMT(id_or_arn));
    TRY(efs_file_system_load(c, out->account, efs_id(id_or_arn), &f));
    out->missing = &efs_FileSystemNotFound;
    out->missing_text = arena_printf(c->arena, "File system '%.*s' does not exist.", FMT(efs_id(id_or_arn)));
    out->subject = f;
    if (!f)
        return OK;
    out->arn = f->file_system_arn;
    out->policy = f->policy;
    out->policy_name = f->file_system_arn;
    out->principals = f->principals.v;
    out->n_principals = f->principals.n;
    out->tags = (const struct str_pair *)f->tags.v; /* a Key and a Value: the same two texts */
    out->n_tags = f->tags.n;
    return OK;
}

res efs_find_file_system(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find(c, names[0], out);
}

/* "The default policy is in effect whenever a user-configured file system policy is not": any client that can connect
 * to a mount target has all rights (iam-access-control-nfs-efs). */
static const char default_policy[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"default\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"}"
    ","
    "\"Action\":[\"elasticfilesystem:ClientMount\",\"elasticfilesystem:ClientWrite\","
    "\"elasticfilesystem:ClientRootAccess\"],\"Resource\":\"*\","
    "\"Condition\":{\"Bool\":{\"elasticfilesystem:AccessedViaMountTarget\":\"true\"}}}]}";

res efs_find_mountable(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    TRY(find(c, names[0], out));
    if (!str_is(out->policy)) { /* nor is one that does not exist forbidden to anybody: it is missing */
        out->policy = str_z(default_policy);
        out->policy_name = S("default-file-system-policy");
    }
    return OK;
}

/* By a mount target's id: judged on its file system, but the subject is the mount target. */
static res find_mounted(struct call *c, str id, struct resource *out)
{
    struct efs_mount_target *m;

    TRY(efs_mount_target_load(c, STR_ABSENT, id, &m));
    if (m)
        TRY(find(c, m->file_system_id, out));
    else
        out->arn = call_arn(c, "elasticfilesystem", "file-system/*");
    out->account = c->caller->account;
    out->missing = &efs_MountTargetNotFound;
    out->missing_text = arena_printf(c->arena, "Mount target '%.*s' does not exist.", FMT(id));
    out->subject = m;
    return OK;
}

res efs_find_mounted(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)n;
    return find_mounted(c, names[0], out);
}

/* names: of a file system, of a mount target; the handler complains where neither or both are given. */
res efs_find_listed(struct call *c, const str *names, size_t n, struct resource *out)
{
    if (n && names[0].n)
        return find(c, names[0], out);
    if (n > 1 && names[1].n)
        return find_mounted(c, names[1], out);
    out->account = c->caller->account;
    out->arn = call_arn(c, "elasticfilesystem", "file-system/*");
    return OK;
}

res efs_find_interface(struct call *c, const str *names, size_t n, struct resource *out)
{
    struct efs_mount_target *m;

    (void)n;
    TRY(efs_mount_target_load(c, STR_ABSENT, names[0], &m));
    out->account = c->caller->account;
    out->arn = m ? call_arn(c, "ec2", "network-interface/%.*s", FMT(m->network_interface_id))
                 : call_arn(c, "ec2", "network-interface/*");
    return OK;
}

res efs_new_tagged(struct call *c, const str *names, size_t n, struct resource *out)
{
    const struct efs_create_file_system_in *in = c->in;

    (void)names, (void)n;
    out->account = c->caller->account;
    out->arn = call_arn(c, "elasticfilesystem", "file-system/*");
    out->tags = (const struct str_pair *)in->tags.v;
    out->n_tags = in->tags.n;
    return OK;
}

/* ---- condition keys ---- */

/* Said of every new file system: a Deny of unencrypted ones asks for "false". */
res efs_add_encrypted(struct call *c)
{
    const struct efs_create_file_system_in *in = c->in;

    context_add(c, S("elasticfilesystem:Encrypted"), in->encrypted.set && in->encrypted.v ? S("true") : S("false"));
    return OK;
}

/* Of a client that mounts: NFS as SageMaker speaks it, without TLS. */
res efs_add_nfs(struct call *c)
{
    context_set(c, S("aws:SecureTransport"), S("false"));
    context_add(c, S("elasticfilesystem:AccessedViaMountTarget"), S("true"));
    return OK;
}

res efs_add_create_action(struct call *c)
{
    const struct efs_create_file_system_in *in = c->in;

    if (in->tags.n)
        context_add(c, S("elasticfilesystem:CreateAction"), S("CreateFileSystem"));
    return OK;
}
