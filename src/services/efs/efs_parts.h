/* SPDX-License-Identifier: MIT */
/* What the files of efs share: finding file systems and their mount targets, and the key of a volume. */
#ifndef BARMKIN_EFS_PARTS_H
#define BARMKIN_EFS_PARTS_H
#include "api/call.h"
#include "efs.h"

#define EFS "elasticfilesystem.amazonaws.com"

/* ---- find.c ---- */
/* "fs-..." of an id or of an ARN. */
str efs_id(str id_or_arn);
/* The file system that a call's access line has found, for a change: a copy that may be written to. */
struct efs_file_system *efs_own_copy(struct call *c);
/* The next mount targets of a file system. */
res efs_mount_targets(struct call *c, const struct efs_file_system *f, str after, size_t limit,
                      struct efs_mount_target_page *out);
/* Opens a Marker or token: *after is absent without one. */
res efs_open_marker(struct call *c, str marker, str *after);

/* ---- clients.c ---- */
/* After the commit the volume's image goes; a flow sees to it that it does. */
res efs_forget_volume(struct call *c, const struct efs_file_system *f);

/* ---- keys.c ---- */
/* Encrypted with which key, as who asks: the grant that lets EFS use it, and the volume's key sealed under it. */
res efs_key_make(struct call *c, str key_id, struct efs_file_system *f);
/* Vault tells warden the volume's key, so that this sandbox can mount it. A file system without a KMS key gets one of
 * the house at its first mount: *f is changed then, and must be saved. */
res efs_key_release(struct call *c, struct efs_file_system *f, str holder);
/* EFS gives its right back. Never a fault: a key that is gone has no grants. */
res efs_key_retire(struct call *c, const struct efs_file_system *f);

#endif
