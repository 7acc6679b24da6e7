/* SPDX-License-Identifier: MIT */
/* Inside barmkin-warden: the role's state, how messages reach handlers, and what modules plug in.
 * One thread. A handler answers within milliseconds; what takes longer goes on in a child that is watched. */
#ifndef BARMKIN_WARDEN_SERVER_SERVER_H
#define BARMKIN_WARDEN_SERVER_SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "warden/message.h"

enum { WARDEN_TAG_BYTES = 7, WARDEN_PATH_BYTES = 256 };

struct warden {
    char tag[WARDEN_TAG_BYTES];        /* six hex digits of the state's id, NUL-terminated */
    char run_root[WARDEN_PATH_BYTES];  /* /run/barmkin */
    char run_dir[WARDEN_PATH_BYTES];   /* /run/barmkin/TAG, root's, 0711: netns/ and what modules put there */
    char state_dir[WARDEN_PATH_BYTES]; /* the state folder (volumes' images); may be empty in tests of networks */
    char bin_dir[WARDEN_PATH_BYTES]; /* where barmkin-warden itself stands: sandbox-init, barmkin-agent are beside it */
    char fault_file[WARDEN_PATH_BYTES]; /* tests only: while this file exists, rulesets fail to load (rules.h) */
    uint32_t uid_base;                  /* front's uid, vault's is one more (0: not told) */
    int front, vault, lifeline;         /* pipes; vault and lifeline may be -1 */
    int host_netns;                     /* this process's own network namespace, to come back to */
    int lock;                           /* flock of /run/barmkin/TAG.lock: one warden a TAG */
    int epoll;
    bool ending;                 /* the loop ends after this round */
    int status;                  /* and the role exits with this */
    size_t started;              /* modules */
    void *body;                  /* of the message being handled */
    struct arena *arena;         /* lives as long as the role */
    struct watch *watches;       /* serve.c's */
    struct child *children;      /* serve.c's */
    struct network *network;     /* network.c's */
    struct volumes *volumes;     /* volume.c's */
    struct sandboxes *sandboxes; /* sandbox.c's */
};

/* A handler's answer. `body` follows the outcome when the handler answers OK; `fds` are closed after sending. */
struct reply {
    struct buf body;
    int fds[MESSAGE_FDS_MAX];
    size_t n_fds;
    uint64_t request;
    uint16_t type;  /* of the request */
    bool later;     /* set by a handler that will call warden_reply_later() with `request` and `type` */
    bool malformed; /* set by warden_malformed(): the role ends */
};

/* Who may send a message: a bit each. */
enum warden_peer { FROM_FRONT = 1, FROM_VAULT = 2, FROM_PARENT = 4 };

struct handler {
    uint16_t type;
    unsigned from; /* enum warden_peer bits */
    /* body: n bytes, 16-aligned, valid during the call. fds: n_fds descriptors; what the handler keeps it sets to -1
     * in the array, the rest is closed for it. Reject: the answer is no, and the role goes on. */
    res (*fn)(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply, struct err *e);
};

/* A part of warden. Listed in modules.c, in the order of start; stop runs in the opposite order. */
struct module {
    const char *name;
    const struct handler *handlers;
    size_t n_handlers;
    res (*start)(struct warden *w, struct err *e); /* after the cleanup; may be NULL */
    void (*stop)(struct warden *w);                /* before the cleanup at the end; may be NULL */
};
extern const struct module *const warden_modules[];
extern const size_t warden_n_modules;

/* The message has a shape that no client of ours sends: notes why, and the role ends after logging it. */
res warden_malformed(struct reply *reply, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Answers a request of front's whose handler set reply->later. fds stay the caller's. */
void warden_reply_later(struct warden *w, uint64_t request, uint16_t type, res r, const struct err *e, const void *body,
                        size_t n, const int *fds, size_t n_fds);
/* Tells front. fds stay the caller's. If front is gone the role is ending anyway. */
void warden_event(struct warden *w, uint16_t type, const void *body, size_t n, const int *fds, size_t n_fds);

/* Calls fn(w, fd, arg) whenever fd is readable or hung up, until unwatched. fd stays the caller's. */
typedef void warden_ready(struct warden *w, int fd, void *arg);
void warden_watch(struct warden *w, int fd, warden_ready *fn, void *arg);
void warden_unwatch(struct warden *w, int fd);

/* Forks a child that runs fn(w, arg) and exits 0 (fn may exec or _exit itself); when `done` is given, it runs in the
 * loop once the child ended, with waitpid's status. It ends with warden. In it signals are at their defaults; it
 * inherits no descriptor over exec, and must not use front's pipe. `pid` may be NULL. Reaping is done here. */
typedef void warden_done(struct warden *w, pid_t pid, int status, void *arg);
res warden_fork(struct warden *w, void (*fn)(struct warden *w, void *arg), void *arg, warden_done *done, pid_t *pid,
                struct err *e);
/* A child that was killed is waited for and reaped now, not in the loop. */
void warden_reap(struct warden *w, pid_t pid);

/* Cleanup by TAG, shared by modules (cleanup.c). A cgroup folder with everything below: killed, waited for, removed. */
void cgroup_destroy(const char *dir);
/* Everything mounted below `dir`, newest first, lazily. */
void mounts_detach_below(const char *dir);
/* Removes a folder's contents and the folder, never through a mount point or a symlink. */
void tree_remove(const char *dir);
/* A child folder of run_dir, made if need be (root's, 0700); `out` has WARDEN_PATH_BYTES. */
res run_dir_make(struct warden *w, const char *name, char *out, struct err *e);

#endif
