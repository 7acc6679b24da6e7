/* SPDX-License-Identifier: MIT */
/* What the agent does with S3: list, get, put. */
#ifndef BARMKIN_RUNTIMES_AGENT_S3_H
#define BARMKIN_RUNTIMES_AGENT_S3_H
#include <stdbool.h>

#include "runtimes/agent/order.h"
#include "runtimes/agent/web.h"

enum { S3_PART_BYTES = 32 << 20, S3_ONE_PUT_BYTES = 64 << 20, S3_LIST_MAX = 1000 };

struct s3_object {
    str key;
    uint64_t bytes;
};
struct s3_listing {
    struct s3_object items[S3_LIST_MAX];
    size_t n;
    str next; /* continuation token, absent at the end */
};

/* One page of at most 1000 keys; `after` is the page before's `next`, or absent. */
res s3_list(struct web *w, const struct s3_place *from, str after, struct arena *a, struct s3_listing *out,
            struct err *e);
/* An object's bytes into a file at its position. */
res s3_get(struct web *w, str bucket, str key, int fd, uint64_t *bytes, struct err *e);
/* A file of `bytes` with that SHA-256; in parts when it is large. kms_key_id absent: the bucket's default encryption.
 */
res s3_put(struct web *w, str bucket, str key, int fd, uint64_t bytes, str sha256_hex, str kms_key_id, struct err *e);

#endif
