/* SPDX-License-Identifier: MIT */
/* The five codecs: bytes of a protocol to and from the structs of the models, all driven by the same field tables. */
#ifndef BARMKIN_API_CODEC_H
#define BARMKIN_API_CODEC_H
#include "api/op.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "wire/http.h"

/* What arrives: the request and its whole body (empty for uploads, whose body is streamed). */
struct wire_input {
    const struct http_request *request;
    str body;
    const struct str_pair *path; /* values bound to the {names} of the operation's URI, decoded */
    size_t n_path;
    str bucket_of_host; /* S3 host-style addressing; absent otherwise */
};

/* What leaves. Headers and body live in the arena (secret members too: the reply is wiped by its owner). */
struct wire_output {
    int status;
    struct header headers[40];
    size_t n_headers;
    str body;
    uint64_t content_length; /* of a streamed body */
};

/* Decodes into `in` (zeroed, op->in->size). Rejects what is not the protocol's; constraints are checked by
 * shape_validate afterwards. */
res codec_decode(const struct operation *op, const struct wire_input *w, void *in, struct arena *a, struct err *e);
/* Encodes a success. */
void codec_encode(const struct operation *op, const void *out, int status, str request_id, struct arena *a,
                  struct wire_output *w);
/* Encodes an error: code, message and status as the service's protocol spells them. */
struct fault;
void codec_encode_fault(const struct service *s, const struct fault *f, str request_id, struct arena *a,
                        struct wire_output *w);
void wire_header(struct wire_output *w, str name, str value);

/* ---- one file each; also used by records (json) and tests ---- */
res json_decode(const struct shape *s, const json_t *from, void *object, struct arena *a, struct err *e);
void json_encode(const struct shape *s, const void *object, struct buf *b); /* with secret members */
/* The same for the audit log: secret members become "HIDDEN_DUE_TO_SECURITY_REASONS", long texts are cut. */
void json_encode_public(const struct shape *s, const void *object, struct buf *b);
res query_decode(const struct operation *op, str form, bool ec2, void *in, struct arena *a, struct err *e);
res xml_decode(const struct shape *s, str text, void *object, struct arena *a, struct err *e);
/* Writes the members of an object as elements, without an element around them. */
void xml_encode(const struct shape *s, const void *object, enum protocol p, struct buf *b);
void buf_add_xml(struct buf *b, str s); /* escaped; control characters that XML cannot hold become U+FFFD */
res rest_decode(const struct operation *op, const struct wire_input *w, void *in, struct arena *a, struct err *e);
void rest_encode(const struct operation *op, const void *out, struct arena *a, struct wire_output *w);
/* One scalar from text, as headers, queries and forms carry it. */
res scalar_decode(const struct field *f, enum kind kind, str text, void *at, struct arena *a, struct err *e);
str scalar_encode(enum kind kind, const void *at, bool http_time, struct arena *a);
str scalar_decimal(struct arena *a, int64_t v);

#endif
