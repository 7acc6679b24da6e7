/* SPDX-License-Identifier: MIT */
/* Bodies of the messages about volumes and sandboxes. Every id is ours; numbers and ids only, and of a client's text no
 * more than a folder's name, which only the kernel takes apart. */
#ifndef BARMKIN_WARDEN_SANDBOX_WIRE_H
#define BARMKIN_WARDEN_SANDBOX_WIRE_H
#include <stdint.h>

#include "warden/message.h"

enum sandbox_type {
    WARDEN_VOLUME_CREATE = WARDEN_VOLUMES_FIRST, /* struct volume_create */
    WARDEN_VOLUME_MOUNT,                         /* struct message_id; needs the key that vault sent */
    WARDEN_VOLUME_UNMOUNT,                       /* struct message_id */
    WARDEN_VOLUME_DELETE,                        /* struct message_id */
    WARDEN_VOLUME_SHARE,                         /* struct volume_share; needs the key that vault sent */
    WARDEN_VOLUME_USED,                          /* struct message_id, "fs-..."; the reply brings uint64_t bytes */
    WARDEN_VOLUME_FORGET,                        /* struct message_id, "fs-..." */
    /* A volume's key comes from vault: vault/volume_key.h. */
    WARDEN_AGENT_START = WARDEN_SANDBOXES_FIRST, /* struct agent_start; the reply carries the agent's socket */
    WARDEN_SANDBOX_START, /* struct sandbox_start; the reply carries the reading end of stdout and stderr */
    WARDEN_SANDBOX_STOP,  /* struct message_id: SIGTERM to the program */
    WARDEN_SANDBOX_KILL,  /* struct message_id: SIGKILL to the container; it then ends as any other */
    WARDEN_SANDBOX_END,   /* struct message_id: container and agent killed, everything of it, and its shares, removed */
    WARDEN_SANDBOX_JOIN,  /* struct sandbox_join */
};

struct volume_create {
    struct message_id id; /* "vol-..." */
    uint64_t mib;
};

enum { SHARE_READ_ONLY = 1, SHARE_SQUASH_ROOT = 2 };
struct volume_share { /* a folder of a file system, for a sandbox whose own volume is mounted */
    struct message_id file_system, sandbox, volume;
    uint64_t mib; /* of the image, if this is the file system's first mount */
    uint32_t flags;
    uint32_t zero;
    char at[96];       /* below /opt/ml: letters, digits and -_./, NUL-filled */
    char folder[1024]; /* "/a/b", a client's words, NUL-filled: the kernel resolves them below the file system's root */
};

struct agent_start {
    struct message_id sandbox; /* "box-...", chosen by front */
    struct message_id eni;     /* whose network namespace it joins; all zero: one of its own with no way out */
    struct message_id volume;  /* mounted */
    uint32_t memory_mib;       /* 64 .. 4096 */
    uint32_t zero;
};

struct sandbox_start {
    struct message_id sandbox, eni, volume;
    char image[64];               /* letters, digits, '-', '_'; NUL-filled: a folder of STATE/images */
    uint32_t own_ip, resolver_ip; /* host byte order: /etc/hosts and /etc/resolv.conf */
    uint32_t memory_mib;          /* 16 .. 1048576 */
    uint32_t pids_max;            /* 4 .. 65536 */
    uint32_t tmp_mib;             /* of /tmp and of /dev/shm each; 1 .. 65536 */
    uint32_t cpu_shares;          /* relative weight, 2 .. 262144; 0: 1024 */
    uint32_t cpu_quota_us;        /* of each 100 ms, at least 1000; 0: none */
    uint32_t zero;
};

/* A sandbox that began without an interface gets one, which stands already and is in no other sandbox, and grows. */
struct sandbox_join {
    struct message_id sandbox, eni;
    uint32_t own_ip, resolver_ip; /* host byte order */
    uint32_t memory_mib;          /* at least what it has */
    uint32_t cpu_shares;          /* as in sandbox_start */
};

struct sandbox_exited { /* WARDEN_EVENT_SANDBOX_EXITED */
    struct message_id sandbox;
    int32_t code;       /* the program's, or 128 + signal; 125: it could not be started; 137: killed */
    int32_t signal;     /* 0: none */
    uint32_t oom_kills; /* processes that the kernel killed for want of memory */
    uint32_t zero;
};

#endif
