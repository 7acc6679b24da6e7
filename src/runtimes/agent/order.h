/* SPDX-License-Identifier: MIT */
/* The agent's work order: the first line that front sends, and the lines that follow it both ways. */
#ifndef BARMKIN_RUNTIMES_AGENT_ORDER_H
#define BARMKIN_RUNTIMES_AGENT_ORDER_H
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum { ORDER_MAX = 1 << 20, CHANNELS_MAX = 20 };

struct s3_place { /* s3://bucket/key; the key may be empty or a prefix */
    str bucket, key;
};

struct channel {
    str name;    /* a folder's name */
    bool shared; /* of a file system that is mounted there: nothing to fetch */
    struct s3_place from;
    str content_type; /* or absent */
    str distribution; /* FullyReplicated */
    str record_wrapper;
};

struct order {
    bool endpoint, function, spare;         /* kind: "endpoint", "function", "spare"; else "training" */
    str region, resolver;                   /* "us-east-1"; "10.0.0.2" */
    str credentials_uri, credentials_token; /* behind 169.254.170.2 */
    struct channel channels[CHANNELS_MAX];
    size_t n_channels;
    const json_t *hyperparameters, *resource_config; /* objects, or NULL */
    bool has_output;
    struct s3_place output; /* model.tar.gz and output.tar.gz go below this key */
    str kms_key_id;         /* or absent: the bucket's default */
    bool has_model;
    struct s3_place model;    /* model.tar.gz of an endpoint */
    uint64_t code_bytes;      /* of a function: its zip, which follows the order as it is */
    const json_t *argv, *env; /* strings */
    str cwd;                  /* absent: /opt/ml */
};

/* "s3://bucket/key"; rejects anything else. */
res s3_place_parse(str uri, struct s3_place *out, struct err *e);
/* Rejects what is missing or of a wrong type. The order's texts live in the arena. */
res order_parse(struct arena *a, str line, struct order *out, struct err *e);

#endif
