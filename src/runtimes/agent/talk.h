/* SPDX-License-Identifier: MIT */
/* The agent's side of its socket to front: JSON lines. */
#ifndef BARMKIN_RUNTIMES_AGENT_TALK_H
#define BARMKIN_RUNTIMES_AGENT_TALK_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct talk {
    int fd;
    struct buf in; /* what was read beyond the last line */
};

void talk_init(struct talk *t, int fd);
/* The next line, copied into the arena; absent at the end of the stream. Waits. Rejects a line over 1 MiB. */
res talk_read(struct talk *t, struct arena *a, str *line, struct err *e);
/* The next n bytes as they are, written to fd. Rejects a stream that ends before. */
res talk_read_bytes(struct talk *t, uint64_t n, int fd, struct err *e);
/* Sends one line of JSON: the text must be an object without a line feed. Errors are left to the next read. */
void talk_send(struct talk *t, str json);
/* {"event":"stage","stage":STAGE} */
void talk_stage(struct talk *t, const char *stage);
/* {"event":"failed","stage":STAGE,"reason":REASON}; reason as AWS words it: "ClientError: ..." for what the input is at
 * fault for, "InternalServerError: ..." for ours. */
void talk_failed(struct talk *t, const char *stage, const struct err *why);

#endif
