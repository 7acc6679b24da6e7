/* SPDX-License-Identifier: MIT */
/* A real warden on a run folder of its own, and a look at what it leaves behind. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_ROLE_H
#define BARMKIN_TESTS_UNIT_WARDEN_ROLE_H
#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "warden/warden.h"

enum { SHORT_MS = 250, LONG_MS = 3000, RIG_PATH = 512 };
#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

struct rig {
    char tag[7], root[64], fault[96];
    pid_t pid;
    struct warden_client *client;
    int home;       /* the test's own network namespace */
    char state[64]; /* a state folder; empty: no volumes and sandboxes */
    int vault;      /* the pipe that stands for vault's, warden's end; 0: none */
};

static inline void rig_program(char *out, size_t cap)
{
    char self[RIG_PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(n > 0);
    self[n] = '\0';
    char *tests = strstr(self, "/tests/unit/");
    assert_non_null(tests);
    *tests = '\0';
    assert_true(snprintf(out, cap, "%s/barmkin-warden", self) < (int)cap);
}

/* Starts one; its end of the pipe is its only descriptor beside the standard ones. */
static inline pid_t rig_spawn(const struct rig *r, int pipe_fd)
{
    char program[RIG_PATH];

    rig_program(program, sizeof program);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int high_front = fcntl(pipe_fd, F_DUPFD, 256), high_vault = r->vault ? fcntl(r->vault, F_DUPFD, 256) : -1;
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        dup2(high_front, 3);
        if (high_vault >= 0)
            dup2(high_vault, 4);
        close(high_front);
        close(high_vault);
        const char *const argv[] = {program,  "--tag",
                                    r->tag,   "--front",
                                    "3",      "--run-root",
                                    r->root,  "--fault-file",
                                    r->fault, r->state[0] ? "--state" : NULL,
                                    r->state, r->vault ? "--vault" : NULL,
                                    "4",      NULL};
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

static inline void rig_start(struct rig *r, warden_on_event *on_event, void *arg)
{
    int pipe_fds[2];
    struct err e = {0};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_fds), 0);
    r->pid = rig_spawn(r, pipe_fds[1]);
    close(pipe_fds[1]);
    r->client = warden_client_new(pipe_fds[0], on_event, arg);
    if (!is_ok(warden_ping(r->client, &e)))
        fail_msg("warden does not answer: %s", e.what);
}

/* Waits for the role's end; its exit status, or 1000 + the signal. */
static inline int rig_wait(struct rig *r)
{
    int status;

    for (int i = 0; i < 1000; i++, usleep(10000))
        if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
            r->pid = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        }
    fail_msg("warden does not end");
    return -1;
}

static inline int rig_stop(struct rig *r)
{
    warden_client_free(r->client);
    r->client = NULL;
    return r->pid ? rig_wait(r) : 0;
}

static inline void rig_init(struct rig *r)
{
    *r = (struct rig){.home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    snprintf(r->root, sizeof r->root, "/run/barmkin-test.XXXXXX");
    assert_non_null(mkdtemp(r->root));
    snprintf(r->tag, sizeof r->tag, "%06x", (unsigned)getpid() & 0xffffff);
    snprintf(r->fault, sizeof r->fault, "%s/fault", r->root);
}

static inline int rig_entries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);

    for (struct dirent *f; d && (f = readdir(d));)
        n += f->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* Whatever of this TAG is left: files and mounts below the run folder, links in the host's namespace. */
static inline int rig_leftovers(const struct rig *r)
{
    char line[1024], path[RIG_PATH];
    int n = rig_entries(r->root);

    snprintf(path, sizeof path, "%s/", r->root);
    FILE *f = fopen("/proc/self/mountinfo", "re");
    while (f && fgets(line, sizeof line, f))
        n += strstr(line, path) != NULL;
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "bk%s", r->tag);
    f = fopen("/proc/net/dev", "re");
    while (f && fgets(line, sizeof line, f))
        n += strstr(line, path) != NULL;
    if (f)
        fclose(f);
    return n;
}

static inline void rig_done(struct rig *r)
{
    if (r->client)
        rig_stop(r);
    unlink(r->fault);
    int left = rig_leftovers(r);
    rmdir(r->root);
    close(r->home);
    assert_int_equal(left, 0);
}

#endif
