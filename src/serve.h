/* SPDX-License-Identifier: MIT */
/* What serve.c keeps per request and per thread, for the files that help it (serve_body.c, serve_reply.c, front.c). */
#ifndef BARMKIN_SERVE_H
#define BARMKIN_SERVE_H
#include "api/call.h"
#include "api/codec.h"
#include "api/house.h"
#include "api/route.h"
#include "api/who.h"
#include "base/pool.h"
#include "crypto/hash.h"
#include "store/blob.h"
#include "store/writer.h"
#include "wire/http.h"

struct doors;
struct chunked;

struct io_thread { /* one loop and what its calls run with */
    struct loop *loop;
    struct http_service service; /* what the loop calls; lives as long as it */
    struct worker worker;
    struct arena *spare[64], *spare_secrets[64]; /* recycled, so that a call costs no allocation */
    size_t n_spare, n_spare_secrets;
    uint8_t random[512]; /* for request ids, from one call of the kernel for many */
    size_t random_left;
    size_t n_streams; /* requests with a `stream` */
    struct house *house;
};

struct streaming { /* a member of a JSON body on its way into a blob; what is left of the text is in serving.body */
    struct siphon *siphon;
    struct hash sha256;
    uint64_t received;
    bool bad; /* it was no base64 */
};

struct upload_state {
    struct upload upload;
    struct blob_writer *writer;
    struct hashing *hashing;  /* MD5, SHA-256 and the client's checksum, as the bytes pass */
    struct chunked *chunked;  /* NULL: a plain body */
    struct audit_line *audit; /* of the calls that prepare() made */
    uint64_t received;
    bool failed;
};

struct download_state {
    struct download download;
    struct blob_reader *reader; /* of the segment that is being sent */
    size_t at;                  /* its index */
    uint64_t sent;              /* of it */
};

struct serving {
    struct io_thread *thread;
    struct exchange *x;
    const struct http_request *request;
    struct proof proof;
    struct routed routed;
    struct buf body;
    struct door door;
    struct client client;
    const struct service *leads_to; /* of a VPC endpoint: the only service behind it */
    struct caller caller;
    struct call call;
    struct upload_state up;
    struct streaming *stream; /* or NULL */
    struct download_state down;
    struct proxy proxy;
    struct work work;     /* on the writer's queue */
    struct errand errand; /* on the pool */
    res outcome;
    bool answered; /* a reply has been given to the loop */
    bool busy;     /* the writer, the pool or an upstream has it: it may not be recycled */
    bool gone;     /* the client has left */
};

void serve_head(void *thread, struct exchange *x);             /* http_service.on_head */
void serve_piece(void *thread, struct exchange *x, str piece); /* .on_body */
void serve_body_end(void *thread, struct exchange *x);         /* .on_body_end */
void serve_writable(void *thread, struct exchange *x);         /* .on_writable */
void serve_gone(void *thread, struct exchange *x);             /* .on_gone */

/* serve_reply.c */
void serve_answer(struct serving *s); /* encodes outcome or fault, writes the audit record */
void serve_fail(struct serving *s, const struct fault_type *type, const char *text); /* before a call could run */
/* serve_body.c */
res serve_upload_begin(struct serving *s);
void serve_upload_piece(struct serving *s, str piece);
void serve_upload_end(struct serving *s);
void serve_upload_store(struct serving *s); /* finishes and examines the blob on the pool, then runs the call */
void serve_upload_undo(struct serving *s);  /* the call failed: removes the blob that was finished for it; blocks */
/* A body that was held in memory, against the checksums in its headers (Content-MD5, x-amz-checksum-*). */
res serve_body_check(struct serving *s, str body);
void serve_download_begin(struct serving *s, struct wire_output *w);
void serve_download_more(struct serving *s);
void serve_proxy(struct serving *s);
void serve_body_drop(struct serving *s); /* frees what an unfinished body holds */
/* serve_stream.c */
bool serve_stream_begin(struct serving *s); /* at the head; false: it is answered already */
void serve_stream_piece(struct serving *s, str piece);
res serve_stream_prepare(struct serving *s); /* judged once before the blob is made durable; inside a snapshot */
void serve_stream_drop(struct serving *s);
/* serve.c */
void serve_run(struct serving *s); /* hands the call to the writer */

#endif
