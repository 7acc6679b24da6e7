/* SPDX-License-Identifier: MIT */
/* sandbox-init: process 1 of every sandbox. Reads what to run from a file that the agent wrote into the volume (so that
 * warden never handles client text), runs it, reaps, and ends with it. Static, no library, no allocation after start.
 *
 * /opt/ml/.barmkin/start: fields that each end with a NUL:
 *   "barmkin-start 1", number of arguments, number of variables, working folder, arguments..., NAME=VALUE...
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

enum { START_MAX = 1 << 20, WORDS_MAX = 8192, LIFELINE = 3, CANNOT_START = 125 };

static const char start_path[] = "/opt/ml/.barmkin/start";
static const char magic[] = "barmkin-start 1";

struct start {
    char *cwd;
    char **argv, **envp;
};

static void say(const char *what, const char *name, int why)
{
    dprintf(2, "sandbox-init: %s%s%s%s%s\n", what, name ? " " : "", name ? name : "", why ? ": " : "",
            why ? strerror(why) : "");
}

static int refuse(const char *what, int why)
{
    say(what, start_path, why);
    return -1;
}

/* The whole file, which must be a regular one that ends with a NUL. */
static long read_start(char *text)
{
    struct stat st;
    long n = 0;
    int fd = open(start_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return refuse("cannot open", errno);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > START_MAX) {
        close(fd);
        return refuse("not a regular file of 1 byte to 1 MiB:", 0);
    }
    while (n < START_MAX) {
        ssize_t r = read(fd, text + n, (size_t)(START_MAX - n));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        n += r;
    }
    close(fd);
    if (n < 1 || text[n - 1] != 0)
        return refuse("cut off:", 0);
    return n;
}

static int number(const char *field, long max)
{
    char *end;
    long v = field && field[0] >= '0' && field[0] <= '9' ? strtol(field, &end, 10) : -1;

    return v >= 0 && v <= max && *end == 0 ? (int)v : -1;
}

/* The field after this one; the text ends with a NUL, so there is always an end to find. */
static char *next_field(char *at, char *end)
{
    return (char *)memchr(at, 0, (size_t)(end - at)) + 1;
}

/* Splits the fields; every one must be there, and nothing after them. */
static int parse_start(char *text, long n, char **words, struct start *s)
{
    char *head[4] = {NULL}, *at = text, *end = text + n;
    int argc, envc, k = 0;

    for (int i = 0; i < 4 && at < end; i++, at = next_field(at, end))
        head[i] = at;
    argc = number(head[1], WORDS_MAX / 2 - 1);
    envc = number(head[2], WORDS_MAX / 2 - 1);
    if (!head[0] || strcmp(head[0], magic) != 0 || argc < 1 || envc < 0 || !head[3] || head[3][0] != '/')
        return refuse("not what the agent writes:", 0);
    s->cwd = head[3];
    s->argv = words;
    s->envp = words + argc + 1;
    for (; k < argc + envc && at < end; k++, at = next_field(at, end)) {
        words[k < argc ? k : k + 1] = at;
        if (k >= argc && !strchr(at, '='))
            return refuse("a variable without '=' in", 0);
    }
    if (k != argc + envc || at != end)
        return refuse("wrong number of words in", 0);
    words[argc] = words[argc + 1 + envc] = NULL;
    return 0;
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
    static char text[START_MAX];
    static char *words[WORDS_MAX];
    struct start s;
    sigset_t caught, before;

    /* The program runs as the same user: it must not reach this process or its descriptors through /proc. */
    prctl(PR_SET_DUMPABLE, 0);
    if (fcntl(LIFELINE, F_SETFD, FD_CLOEXEC) < 0) {
        say("has no lifeline", NULL, 0);
        return CANNOT_START;
    }
    long n = read_start(text);
    if (n < 0 || parse_start(text, n, words, &s) < 0)
        return tell(CANNOT_START, 0);
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
