/* SPDX-License-Identifier: MIT */
/* sandbox-init: process 1 of every sandbox. Reads what to run from a file that the agent wrote into the volume (so that
 * warden never handles client text: start.h), runs it, reaps, and ends with it. Static, no library, no allocation after
 * start.
 *
 * Descriptor 3 is the lifeline, a socket to warden: init tells "x CODE SIGNAL\n" when the program ended; warden sends
 * 'T' to have it terminated politely; when warden is gone, so is the sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtimes/init/start.h"

enum { LIFELINE = 3, CANNOT_START = 125 };

static void say(const char *what, const char *name, int why)
{
    dprintf(2, "sandbox-init: %s%s%s%s%s\n", what, name ? " " : "", name ? name : "", why ? ": " : "",
            why ? strerror(why) : "");
}

/* In the child: never returns. 127 and 126 as shells have them. */
static void become(const struct start *s, const sigset_t *before)
{
    prctl(PR_SET_DUMPABLE, 1);
    sigprocmask(SIG_SETMASK, before, NULL);
    close(LIFELINE);
    if (chdir(s->cwd) < 0 && chdir("/") < 0)
        _exit(126);
    environ = s->envp;
    execvp(s->argv[0], s->argv);
    int why = errno;
    say("cannot run", s->argv[0], why);
    _exit(why == ENOENT ? 127 : 126);
}

/* Reaps everything that ended; true when the program itself did. */
static int reap(pid_t program, int *status)
{
    int ended = 0, st;

    for (pid_t p; (p = waitpid(-1, &st, WNOHANG)) > 0;)
        if (p == program) {
            *status = st;
            ended = 1;
        }
    return ended;
}

static int tell(int code, int signal_no)
{
    dprintf(LIFELINE, "x %d %d\n", code, signal_no);
    return code;
}

static int report(int status)
{
    int signal_no = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    return tell(signal_no ? 128 + signal_no : WEXITSTATUS(status), signal_no);
}

/* Until the program ends, or warden does. */
static int watch(pid_t program, int signals)
{
    struct pollfd p[2] = {{.fd = signals, .events = POLLIN}, {.fd = LIFELINE, .events = POLLIN}};
    struct signalfd_siginfo info;
    int status;
    char order;

    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return CANNOT_START;
        if (p[0].revents & POLLIN && read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
            if (info.ssi_signo == SIGTERM)
                kill(program, SIGTERM);
            else if (reap(program, &status))
                return report(status);
        }
        if (p[1].revents) {
            ssize_t n = read(LIFELINE, &order, 1);
            if (n == 1 && order == 'T')
                kill(program, SIGTERM);
            if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
                return 137; /* nobody is there to tell */
        }
    }
}

int main(void)
{
    static struct start s;
    sigset_t caught, before;

    /* The program runs as the same user: it must not reach this process or its descriptors through /proc. */
    prctl(PR_SET_DUMPABLE, 0);
    if (fcntl(LIFELINE, F_SETFD, FD_CLOEXEC) < 0) {
        say("has no lifeline", NULL, 0);
        return CANNOT_START;
    }
    const char *why = start_read(&s);
    if (why) {
        say(why, START_PATH, 0);
        return tell(CANNOT_START, 0);
    }
    sigemptyset(&caught);
    sigaddset(&caught, SIGCHLD);
    sigaddset(&caught, SIGTERM);
    sigprocmask(SIG_BLOCK, &caught, &before);
    int signals = signalfd(-1, &caught, SFD_CLOEXEC);
    pid_t program = signals < 0 ? -1 : fork();
    if (program < 0) {
        say("cannot start a process", NULL, errno);
        return tell(CANNOT_START, 0);
    }
    if (program == 0)
        become(&s, &before);
    return watch(program, signals);
}
