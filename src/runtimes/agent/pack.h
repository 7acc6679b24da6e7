/* SPDX-License-Identifier: MIT */
/* What a job left behind, packed without trusting its tree (threats T19). */
#ifndef BARMKIN_RUNTIMES_AGENT_PACK_H
#define BARMKIN_RUNTIMES_AGENT_PACK_H
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct packed {
    uint64_t entries;        /* files and folders, the root not counted */
    uint64_t bytes;          /* of the archive */
    uint64_t skipped;        /* links, devices, pipes, sockets, folders too deep: not followed, not packed */
    char sha256_hex[64 + 1]; /* of the archive */
};

/* Writes the tree below the folder `root` into `out` as tar.gz, names relative to it. Files may change or vanish
 * meanwhile; a file is packed with the size it had when opened. */
res pack_tar_gz(int root, int out, struct packed *result, struct err *e);
/* True when the folder `path` beneath root exists and has any entry. */
bool pack_has_any(int root, const char *path);

#endif
