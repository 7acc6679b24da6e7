/* SPDX-License-Identifier: MIT */
/* function-host: what stands in a function's sandbox between front and the function. Toward front it answers
 * POST /invoke on 127.0.0.1:8080, one invocation at a time; toward the function it is Lambda's Runtime API on
 * 127.0.0.1:9001. It starts the function's process, ends it when its time is up, and writes its log. */
#ifndef BARMKIN_RUNTIMES_LAMBDA_HOST_H
#define BARMKIN_RUNTIMES_LAMBDA_HOST_H
#include <llhttp/llhttp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

enum {
    FRONT_PORT = 8080,
    RUNTIME_PORT = 9001,
    CONNS_MAX = 32,
    PAYLOAD_MAX = 6 * 1024 * 1024 + 100, /* AWS's own limit of a response */
    BODY_MAX = PAYLOAD_MAX + 4096,
    HEADS_MAX = 16384,
    TAIL_MAX = 4096,
    INIT_MS = 10000,
};

struct settings { /* front's words, in the arguments */
    const char *arn, *says;
    int64_t timeout_ms, memory_mib;
    char **program;
    bool spare; /* nobody's yet: only the program is known */
};

enum header { H_REQUEST_ID, H_CLIENT_CONTEXT, H_ERROR_TYPE, H_TRACE_ID, H_FUNCTION_ARN, HEADERS };

struct request {
    str method, path;
    str headers[HEADERS]; /* absent where not sent */
    str body;
};

struct conn {
    int fd;                 /* -1: free */
    bool front, held;       /* held: its request is to be answered later */
    struct buf in, out;     /* in: what is not parsed yet */
    struct buf heads, body; /* heads: URL and the headers we know, one after another */
    size_t sent, url_n;
    struct {
        size_t at, n;
    } values[HEADERS];
    int which; /* the header whose value comes, or -1 */
    char name[64];
    size_t name_n;
    bool whole, too_large, close_after;
    llhttp_t parser;
};

struct invocation {
    bool is, delivered;
    struct conn *from;     /* NULL: front has hung up */
    char id[64], arn[320]; /* the ARN it was invoked by */
    int64_t began_us;
    struct buf event, client_context, trace;
};

enum child_state { CHILD_NONE, CHILD_SPARE, CHILD_INIT, CHILD_SERVES };

struct child {
    enum child_state state;
    pid_t pid;
    int output;                  /* reading end of its stdout and stderr; -1 */
    int spare;                   /* to one that waits to become a function's; -1 */
    int64_t spawned_us, init_us; /* init_us: how long its first init took; -1 once told */
    long used_kib;               /* at its end */
    struct conn *waiting;        /* its GET next */
    struct buf init_error;       /* what it said before it gave up */
    bool frozen, first, timed_out;
};

struct host {
    struct settings set;
    struct conn conns[CONNS_MAX];
    int front_fd, runtime_fd, signals;
    struct child child;
    struct invocation now;
    int64_t deadline_us; /* monotonic, of what is going on; 0: none */
    struct buf line;     /* of the function's output, not ended yet */
    struct buf tail;     /* the last of this invocation's log */
    llhttp_settings_t parse;
};

int64_t mono_us(void);
int64_t wall_ms(void);

/* conn.c */
int host_listen(uint16_t port);
void conn_accept(struct host *h, int listener, bool front);
void conn_close(struct host *h, struct conn *c);
/* Reads and parses; conn_request is called for each whole request. */
void conn_readable(struct host *h, struct conn *c);
void conn_flush(struct host *h, struct conn *c);
/* A whole reply; headers: lines that end with CR LF, or "". */
void conn_reply(struct host *h, struct conn *c, int status, const char *headers, str body);
void conn_settings(llhttp_settings_t *s);

/* api.c */
void conn_request(struct host *h, struct conn *c, const struct request *r);
void conn_gone(struct host *h, struct conn *c); /* before it is closed */
/* The invocation ends: error is its X-Amz-Function-Error or NULL. */
void invocation_finish(struct host *h, const char *error, str payload);
void invocation_fail(struct host *h, const char *type, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void invocation_init_failed(struct host *h, str words);
void invocation_deliver(struct host *h); /* to the runtime that waits */

/* main.c: function-host's arguments; false: they make no sense. */
bool settings_read(char **argv, struct settings *s);

/* spare.c */
void spare_spawn(struct host *h);
void spare_readable(struct host *h); /* its interpreter is up: from now on front can reach us */
/* What the agent has written makes this sandbox a function's; false: it cannot be read. */
bool spare_begin(struct host *h);

/* child.c */
/* The new process, with its output in h->child.output; in it: become_program. -1: none. */
pid_t child_fork(struct host *h);
void child_begins(struct host *h); /* its init, as of now */
int64_t init_ms(const struct host *h);
void child_spawn(struct host *h);
void child_output(struct host *h); /* reads what it has written */
void child_kill(struct host *h);   /* with all that it has started */
void child_ended(struct host *h, int status);
void child_freeze(struct host *h, bool frozen);
void log_line(struct host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
