/* SPDX-License-Identifier: MIT */
/* Archives that others made, unpacked without trusting them (threats T13). */
#ifndef BARMKIN_RUNTIMES_AGENT_UNPACK_H
#define BARMKIN_RUNTIMES_AGENT_UNPACK_H
#include <stdint.h>

#include "base/err.h"

struct unpack_limits {
    uint64_t total_bytes; /* of all files together */
    uint64_t entries;
    uint32_t ratio; /* unpacked to packed bytes, beyond the first `slack_bytes` */
    uint64_t slack_bytes;
};
/* AWS's limit of a function's code. */
#define UNPACK_CODE_LIMITS ((struct unpack_limits){250ULL << 20, 100000, 100, 16ULL << 20})
#define UNPACK_LIMITS ((struct unpack_limits){20ULL << 30, 100000, 100, 16ULL << 20})

/* Unpacks a tar, plain or gzip, from `in` into the folder `root`. Regular files and folders, and links that stay
 * inside; modes lose setuid and the like, owners are ignored. Rejects devices, pipes, absolute and climbing names,
 * links that lead out, writing through a link, what passes a limit, what is cut off. Then root holds what came before.
 */
res unpack_tar(int in, int root, const struct unpack_limits *limits, struct err *e);
/* The same of a zip; `in` must be seekable, since a zip is read from its end. */
res unpack_zip(int in, int root, const struct unpack_limits *limits, struct err *e);

#endif
