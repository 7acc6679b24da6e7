/* SPDX-License-Identifier: MIT */
/* As much of the zip format as front must know: is it one, how large does it unpack, and how to make one of one file.
 * The unpacking itself is the agent's, in the sandbox. Pure. */
#ifndef BARMKIN_LAMBDA_ZIP_H
#define BARMKIN_LAMBDA_ZIP_H
#include "base/buf.h"
#include "base/err.h"

struct zip_source { /* bytes at an offset; false: they cannot be had */
    bool (*read)(void *ctx, uint64_t offset, void *dst, size_t n);
    void *ctx;
    uint64_t size;
};
struct zip_facts {
    uint64_t entries, unpacked_bytes; /* as its directory claims */
};
/* False: no zip, or one that needs what this does not know (zip64, several disks). */
bool zip_read(const struct zip_source *s, struct zip_facts *out);
/* A zip with this one file, stored as it is. */
void zip_one(struct buf *b, str name, str content);

#endif
