/* SPDX-License-Identifier: MIT */
/* What the flow logs' two files share: a watched VPC, its open window of flows, and a flow as a line. */
#ifndef BARMKIN_CONDUCTOR_FLOW_WATCH_H
#define BARMKIN_CONDUCTOR_FLOW_WATCH_H
#include "api/network.h"
#include "base/map.h"

struct flow_key {
    uint32_t src, dst;
    uint16_t src_port, dst_port, face;
    uint8_t proto;
    bool accepted, outward;
    uint8_t zero[3];
};

struct tally {
    struct flow_key key;
    uint64_t packets, bytes;
    int64_t first_s, last_s;
    uint8_t tcp_flags;
    struct tally *next;
};

struct watch { /* one VPC */
    int fd;
    struct arena *arena, *config, *window; /* the watch itself; what changes with a plan; what ends with a window */
    str vpc_id, account;
    uint32_t resolver;
    struct network_flow_log *logs;
    struct network_interface *faces;
    size_t n_logs, n_faces;
    int64_t *gone_ms; /* [face]: since when, while packets may still be on the way; 0 of those that are here */
    bool *streamed;   /* [face * n_logs + log]: its stream has been made */
    bool *seen;       /* [face]: in this interval */
    struct map flows;
    struct tally *first, **tail;
    size_t n_flows;
    bool skipped;
    int64_t opened_ms, last_ms, interval_began_ms; /* monotonic */
    struct watch *next;
};

/* One record in the flow log's format. t NULL: without data, and `status` says why. (flow_lines.c) */
str flow_line(struct arena *a, const struct watch *v, const struct network_flow_log *log, int face,
              const struct tally *t, const char *status, int64_t start_s, int64_t end_s);

#endif
