/* SPDX-License-Identifier: MIT */
/* The function's process: started, stopped between invocations as on AWS, killed with all it has started. Its words and
 * ours go to standard output, which is the sandbox's log. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtimes/lambda/host.h"

enum { LINE_MAX_BYTES = 256 << 10 };

/* ---- the log ---- */

static void write_all(const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(1, p, n);
        if (w < 0 && errno != EINTR)
            return; /* nobody listens any more */
        if (w > 0) {
            p += w;
            n -= (size_t)w;
        }
    }
}

static void keep_tail(struct host *h, str line)
{
    buf_add(&h->tail, str_from(line, line.n > TAIL_MAX ? line.n - TAIL_MAX : 0));
    if (h->tail.n > TAIL_MAX)
        buf_drop_front(&h->tail, h->tail.n - TAIL_MAX);
}

static void put_line(struct host *h, str line)
{
    write_all(line.p, line.n);
    keep_tail(h, line);
}

/* What the function left unfinished becomes a line before one of ours. */
static void end_line(struct host *h)
{
    if (!h->line.n)
        return;
    buf_add_char(&h->line, '\n');
    put_line(h, buf_str(&h->line));
    buf_clear(&h->line);
}

void log_line(struct host *h, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    end_line(h);
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text - 1, fmt, ap);
    va_end(ap);
    n = n < (int)sizeof text - 2 ? n : (int)sizeof text - 2;
    text[n] = '\n';
    put_line(h, str_n(text, (size_t)n + 1));
}

static void take_output(struct host *h, str text)
{
    while (text.n) {
        ptrdiff_t end = str_find(text, '\n');
        size_t n = end < 0 ? text.n : (size_t)end + 1;
        buf_add(&h->line, str_sub(text, 0, n));
        if (end >= 0) {
            put_line(h, buf_str(&h->line));
            buf_clear(&h->line);
        } else if (h->line.n > LINE_MAX_BYTES) {
            end_line(h);
        }
        text = str_from(text, n);
    }
}

void child_output(struct host *h)
{
    char text[16384];

    while (h->child.output >= 0) {
        ssize_t n = read(h->child.output, text, sizeof text);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        if (n == 0) {
            close(h->child.output);
            h->child.output = -1;
            return;
        }
        take_output(h, str_n(text, (size_t)n));
    }
}

/* ---- the process ---- */

/* The kernel shall kill the function for want of memory, not us who must tell it. */
static void offer_for_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, "1000", 4) != 4)
            (void)fcntl(fd, F_GETFD);
        close(fd);
    }
}

static void set_up(int output)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_DUMPABLE, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    offer_for_oom();
    if (dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(126);
}

static void become(const struct host *h)
{
    if (chdir("/var/task") < 0)
        _exit(126);
    execv(h->set.program[0], h->set.program);
    int why = errno;
    dprintf(2, "%s: %s\n", h->set.program[0], strerror(why));
    _exit(why == ENOENT ? 127 : 126);
}

/* AWS begins an init that took longer than 10 s anew, with the function's own time. */
int64_t init_ms(const struct host *h)
{
    return h->set.timeout_ms > INIT_MS ? h->set.timeout_ms : INIT_MS;
}

pid_t child_fork(struct host *h)
{
    int pipe_fds[2];

    if (h->child.output >= 0)
        close(h->child.output);
    h->child.output = -1;
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    fcntl(pipe_fds[1], F_SETFL, 0); /* the function's end blocks, as a log does */
    pid_t pid = fork();
    if (pid == 0)
        set_up(pipe_fds[1]);
    if (pid != 0)
        close(pipe_fds[1]);
    if (pid < 0) {
        close(pipe_fds[0]);
        return -1;
    }
    if (pid > 0) {
        h->child.pid = pid;
        h->child.output = pipe_fds[0];
    }
    return pid;
}

void child_begins(struct host *h)
{
    if (!h->child.first)
        log_line(h, "INIT_START %s", h->set.says);
    h->child.first = true;
    h->child.state = CHILD_INIT;
    h->child.frozen = false;
    h->child.spawned_us = mono_us();
    h->child.init_us = -1;
    h->child.used_kib = 0;
    h->child.timed_out = false;
    buf_clear(&h->child.init_error);
    h->deadline_us = h->child.spawned_us + init_ms(h) * 1000;
}

void child_spawn(struct host *h)
{
    pid_t pid = child_fork(h);

    if (pid == 0)
        become(h);
    if (pid > 0)
        child_begins(h);
}

void child_freeze(struct host *h, bool frozen)
{
    if (h->child.frozen == frozen || h->child.state == CHILD_NONE)
        return;
    h->child.frozen = frozen;
    kill(-1, frozen ? SIGSTOP : SIGCONT); /* every process of the sandbox but its first and us */
}

void child_kill(struct host *h)
{
    struct rusage used = {0};
    int status;

    kill(-1, SIGKILL);
    if (h->child.pid > 0 && wait4(h->child.pid, &status, 0, &used) == h->child.pid)
        h->child.used_kib = used.ru_maxrss;
    h->child.pid = 0;
    h->child.state = CHILD_NONE;
    h->child.waiting = NULL;
}

/* It could not even be started: become() said so by its status. */
static bool never_ran(const struct host *h, int status)
{
    return h->child.state == CHILD_INIT && WIFEXITED(status) &&
           (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127);
}

static void told_never_ran(struct host *h, int status)
{
    const char *program = h->set.program[0];

    if (WEXITSTATUS(status) == 127)
        invocation_fail(h, "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [%s /opt/bootstrap]",
                        program);
    else
        invocation_fail(h, "Runtime.InvalidEntrypoint", "fork/exec %s: permission denied", program);
}

void child_ended(struct host *h, int status)
{
    bool unstarted = never_ran(h, status);
    char how[64];

    kill(-1, SIGKILL); /* what it had started */
    child_output(h);
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "signal: %s", WTERMSIG(status) == SIGKILL ? "killed" : strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
    bool serving = h->child.state == CHILD_SERVES;
    h->child.pid = 0;
    h->child.state = CHILD_NONE;
    h->child.waiting = NULL;
    if (h->now.is && h->child.init_error.n)
        invocation_init_failed(h, buf_str(&h->child.init_error));
    else if (h->now.is && unstarted)
        told_never_ran(h, status);
    else if (h->now.is)
        invocation_fail(h, "Runtime.ExitError", "Runtime exited %s%s",
                        WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "without providing a reason" : "with error: ",
                        WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : how);
    else if (!serving)
        log_line(h, "INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
                 (double)(mono_us() - h->child.spawned_us) / 1000);
    h->deadline_us = 0;
}
