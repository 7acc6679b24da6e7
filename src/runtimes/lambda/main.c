/* SPDX-License-Identifier: MIT */
/* function-host's loop: sockets, the function's output, its end, its time. Static, started by sandbox-init. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtimes/lambda/host.h"

enum { FIXED = 5 }; /* descriptors that are always watched */

static int64_t clock_us(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int64_t mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t wall_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

/* function-host --timeout-ms N --memory-mib N --arn ARN --says TEXT -- PROGRAM [ARGUMENT...], or
 * function-host --spare -- PROGRAM [ARGUMENT...] until that is known. */
bool settings_read(char **argv, struct settings *s)
{
    char **at = argv + 1;

    *s = (struct settings){.spare = *at && strcmp(*at, "--spare") == 0};
    at += s->spare;
    for (; *at && strcmp(*at, "--") != 0 && at[1]; at += 2)
        if (strcmp(*at, "--timeout-ms") == 0)
            s->timeout_ms = strtoll(at[1], NULL, 10);
        else if (strcmp(*at, "--memory-mib") == 0)
            s->memory_mib = strtoll(at[1], NULL, 10);
        else if (strcmp(*at, "--arn") == 0)
            s->arn = at[1];
        else if (strcmp(*at, "--says") == 0)
            s->says = at[1];
    if (!*at || !at[1])
        return false;
    s->program = at + 1;
    return s->spare || (s->timeout_ms > 0 && s->arn && s->says);
}

static void time_is_up(struct host *h)
{
    bool init = h->child.state == CHILD_INIT;
    double seconds = (double)(init ? init_ms(h) : h->set.timeout_ms) / 1000;
    char when[64];
    time_t now = time(NULL);
    struct tm t;

    h->deadline_us = 0;
    h->child.timed_out = true;
    child_kill(h);
    child_output(h);
    if (!h->now.is) {
        log_line(h, "INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: timeout", seconds * 1000);
        return;
    }
    gmtime_r(&now, &t);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &t);
    log_line(h, "%s.%03dZ %s Task timed out after %.2f seconds", when, (int)(wall_ms() % 1000), h->now.id, seconds);
    invocation_fail(h, "Sandbox.Timedout", "Task timed out after %.2f seconds", seconds);
}

/* Children of ours: the function's process, and what it left behind. */
static void reap(struct host *h)
{
    struct signalfd_siginfo info;
    struct rusage used;
    int status;
    pid_t pid;

    while (read(h->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGTERM)
            exit(0);
    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
        if (pid == h->child.pid) {
            h->child.used_kib = used.ru_maxrss;
            if (h->child.state == CHILD_SPARE)
                exit(125);
            child_ended(h, status);
        }
}

static int wait_ms(const struct host *h)
{
    int64_t left = h->deadline_us ? (h->deadline_us - mono_us() + 999) / 1000 : -1;

    return !h->deadline_us ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void turn(struct host *h)
{
    struct pollfd p[FIXED + CONNS_MAX];
    struct conn *of[FIXED + CONNS_MAX] = {NULL};
    nfds_t n = FIXED;

    p[0] = (struct pollfd){h->signals, POLLIN, 0};
    p[1] = (struct pollfd){h->front_fd, POLLIN, 0};
    p[2] = (struct pollfd){h->runtime_fd, POLLIN, 0};
    p[3] = (struct pollfd){h->child.output, POLLIN, 0}; /* -1: passed over */
    p[4] = (struct pollfd){h->child.spare, POLLIN, 0};
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (h->conns[i].fd >= 0) {
            struct conn *c = of[n] = &h->conns[i];
            p[n++] = (struct pollfd){c->fd, (short)((c->held ? 0 : POLLIN) | (c->out.n ? POLLOUT : 0) | POLLRDHUP), 0};
        }
    if (poll(p, n, wait_ms(h)) < 0)
        return;
    if (p[3].revents)
        child_output(h);
    if (p[4].revents)
        spare_readable(h);
    for (nfds_t i = FIXED; i < n; i++) {
        if (p[i].revents & POLLOUT)
            conn_flush(h, of[i]);
        if (of[i]->fd >= 0 && p[i].revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP))
            conn_readable(h, of[i]);
    }
    if (p[0].revents)
        reap(h);
    if (p[1].revents)
        conn_accept(h, h->front_fd, true);
    if (p[2].revents)
        conn_accept(h, h->runtime_fd, false);
    if (h->deadline_us && mono_us() >= h->deadline_us)
        time_is_up(h);
}

static int watch_signals(void)
{
    struct sigaction ends_only = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigset_t s;

    sigaction(SIGCHLD, &ends_only, NULL); /* it is stopped and continued at each invocation */
    sigemptyset(&s);
    sigaddset(&s, SIGCHLD);
    sigaddset(&s, SIGTERM);
    sigprocmask(SIG_BLOCK, &s, NULL);
    return signalfd(-1, &s, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* It ends "every process but the first": that must be a sandbox's, never a machine's. */
static bool in_a_sandbox(void)
{
    char name[32] = "";
    FILE *f = fopen("/proc/1/comm", "re");

    if (!f)
        return false;
    bool read_it = fgets(name, sizeof name, f) != NULL;
    fclose(f);
    return read_it && strcmp(name, "sandbox-init\n") == 0;
}

int main(int argc, char **argv)
{
    static struct host h;

    (void)argc;
    /* The function has the same user: it must not reach this process's memory or descriptors. */
    prctl(PR_SET_DUMPABLE, 0);
    if (!in_a_sandbox() || !settings_read(argv, &h.set))
        return 125;
    for (size_t i = 0; i < CONNS_MAX; i++)
        h.conns[i].fd = -1;
    h.child.output = h.child.spare = -1;
    buf_init(&h.line, (size_t)1 << 20);
    buf_init(&h.tail, TAIL_MAX * 3);
    buf_init(&h.child.init_error, BODY_MAX);
    conn_settings(&h.parse);
    h.signals = watch_signals();
    h.runtime_fd = host_listen(RUNTIME_PORT);
    h.front_fd = h.set.spare ? -1 : host_listen(FRONT_PORT);
    if (h.signals < 0 || h.runtime_fd < 0 || (h.front_fd < 0 && !h.set.spare)) {
        dprintf(2, "function-host: cannot listen: %s\n", strerror(errno));
        return 125;
    }
    (h.set.spare ? spare_spawn : child_spawn)(&h);
    for (;;)
        turn(&h);
}
