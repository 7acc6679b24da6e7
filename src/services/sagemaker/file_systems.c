/* SPDX-License-Identifier: MIT */
/* Channels of a training job that are file systems: what they may be, and where and how they are mounted. */
#include "api/who.h"
#include "efs.h"
#include "training.h"

/* ---- the request ---- */

static bool is_file_system_id(str id)
{
    return str_starts(id, S("fs-")) && str_all(str_from(id, 3), "0123456789abcdef");
}

res sm_check_file_system(struct call *c, const struct sagemaker_channel *ch)
{
    const struct sagemaker_file_system_source *s = ch->data_source->file_system_data_source;

    if (!is_file_system_id(s->file_system_id))
        return fault(c, &sagemaker_ValidationException,
                     "The FileSystemId %.*s of channel %.*s must be fs- and hexadecimal digits.",
                     FMT(s->file_system_id), FMT(ch->channel_name));
    if (!str_eq(s->file_system_type, S("EFS")))
        return fault(c, &sagemaker_ValidationException, "The channel %.*s: FSxLustre is not built; EFS is.",
                     FMT(ch->channel_name));
    if (!str_starts(s->directory_path, S("/")))
        return fault(c, &sagemaker_ValidationException, "The DirectoryPath of channel %.*s must begin with a slash.",
                     FMT(ch->channel_name));
    return OK;
}

/* names: id, mode, type and path of one channel. What else is asked of the job is asked of it for each of them. */
res sagemaker_find_file_system_channel(struct call *c, const str *names, size_t n, struct resource *out)
{
    static const char *const keys[] = {"sagemaker:FileSystemId", "sagemaker:FileSystemAccessMode",
                                       "sagemaker:FileSystemType", "sagemaker:FileSystemDirectoryPath"};
    const struct sagemaker_create_training_job_in *in = c->in;
    struct authz_value *v = ARENA_ARRAY(c->arena, struct authz_value, sizeof keys / sizeof *keys);
    str *values = ARENA_ARRAY(c->arena, str, n + 1);

    TRY(sagemaker_new_training_job(c, &in->training_job_name, 1, out));
    for (size_t i = 0; i < n && i < sizeof keys / sizeof *keys; i++) {
        values[i] = names[i];
        v[out->n_context++] = (struct authz_value){.key = str_z(keys[i]), .values = &values[i], .n = 1};
    }
    out->context = v;
    return OK;
}

/* ---- the flow ---- */

/* SageMaker mounts by NFS and proves nothing: what the file system's policy grants is what it grants to anybody. */
static res ask(struct call *c, const struct sagemaker_file_system_source *s, const struct flow *f,
               struct efs_client_mount_out *out)
{
    struct efs_client_mount_in in = {.file_system_id =
                                         call_arn(c, "elasticfilesystem", "file-system/%.*s", FMT(s->file_system_id)),
                                     .vpc_id = flow_text(f, "vpc"),
                                     .availability_zone = flow_text(f, "zone"),
                                     .holder = flow_text(f, "box")};
    struct caller *nobody = ARENA_NEW(c->arena, struct caller);
    struct fault why;

    *nobody = who_nobody(c);
    TRY(call_try(c, nobody, &efs_ClientMount_op, &in, out, &why));
    if (!why.type)
        return OK;
    return fault(c, &sagemaker_ValidationException, "Unable to mount file system: %.*s directory path: %.*s. %.*s",
                 FMT(s->file_system_id), FMT(str_sub(s->directory_path, 0, 200)), FMT(why.message));
}

static json_t *share_of(struct call *c, const struct sagemaker_channel *ch, const struct efs_client_mount_out *m)
{
    const struct sagemaker_file_system_source *s = ch->data_source->file_system_data_source;
    bool read_only = str_eq(s->file_system_access_mode, S("ro")) || !m->write.v;
    json_t *o = json_object();

    json_object_set_new(o, "file_system", json_of(s->file_system_id));
    json_object_set_new(o, "folder", json_of(s->directory_path));
    json_object_set_new(o, "at", json_of(arena_cat(c->arena, S("input/data/"), ch->channel_name)));
    json_object_set_new(o, "target", json_of(m->network_interface_id));
    json_object_set_new(o, "ip", json_of(m->ip_address));
    json_object_set_new(o, "read_only", json_boolean(read_only));
    json_object_set_new(o, "squash_root", json_boolean(!m->root_access.v));
    return o;
}

res training_mounts(struct call *c, struct flow *f, const struct sagemaker_training_job *j)
{
    json_t *shares = json_array();

    json_object_set_new(f->data, "shares", shares);
    for (size_t i = 0; i < j->input_data_config.n; i++) {
        const struct sagemaker_channel *ch = &j->input_data_config.v[i];
        struct efs_client_mount_out mounted = {0};
        if (!ch->data_source->file_system_data_source)
            continue;
        TRY(ask(c, ch->data_source->file_system_data_source, f, &mounted));
        json_array_append_new(shares, share_of(c, ch, &mounted));
    }
    return OK;
}

/* A house that cannot write it down has lost a number, no data. */
res training_measured(struct call *c, const struct flow *f, const json_t *used)
{
    struct caller *house = ARENA_NEW(c->arena, struct caller);
    const char *id;
    json_t *bytes;

    *house = caller_operator(c->arena, f->account);
    json_object_foreach((json_t *)used, id, bytes)
    {
        struct efs_measure_file_system_in in = {.file_system_id = str_z(id),
                                                .bytes = SET_INT(json_integer_value(bytes))};
        struct efs_measure_file_system_out out = {0};
        struct fault why;
        TRY(call_try(c, house, &efs_MeasureFileSystem_op, &in, &out, &why));
    }
    return OK;
}
