/* SPDX-License-Identifier: MIT */
/* A sandbox that was started before anybody needed it: Python with boto3 waits in it, and nothing of any customer has
 * been in it. Front makes it a function's once (POST /begin), and it is never another's: it ends with that function. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtimes/init/start.h"
#include "runtimes/lambda/host.h"

/* What an interpreter and its libraries read when they start: where these differ from the spare's, another is started.
 */
static const char *const read_at_start[] = {"PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "GLIBC_", "OPENSSL_"};

static bool is_read_at_start(const char *variable)
{
    for (size_t i = 0; i < sizeof read_at_start / sizeof *read_at_start; i++)
        if (str_starts(str_z(variable), str_z(read_at_start[i])))
            return true;
    return false;
}

static bool has(char *const *env, const char *variable)
{
    while (*env && strcmp(*env, variable) != 0)
        env++;
    return *env != NULL;
}

/* Every one of `some` that matters at a start is among `others`. */
static bool starts_alike(char *const *some, char *const *others)
{
    for (; *some; some++)
        if (is_read_at_start(*some) && !has(others, *some))
            return false;
    return true;
}

static bool same_program(char *const *a, char *const *b)
{
    while (*a && *b && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return !*a && !*b;
}

static void become_spare(const struct host *h, int talk)
{
    char *argv[16];
    size_t n = 0;

    while (h->set.program[n] && n < sizeof argv / sizeof *argv - 2) {
        argv[n] = h->set.program[n];
        n++;
    }
    argv[n] = (char *)"--spare";
    argv[n + 1] = NULL;
    if (dup2(talk, 0) < 0)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

void spare_spawn(struct host *h)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        exit(125);
    pid_t pid = child_fork(h);
    if (pid == 0)
        become_spare(h, pair[1]);
    close(pair[1]);
    if (pid < 0)
        exit(125);
    h->child.spare = pair[0];
    h->child.state = CHILD_SPARE;
}

void spare_readable(struct host *h)
{
    char ready;

    if (read(h->child.spare, &ready, 1) != 1 || h->front_fd >= 0)
        exit(125); /* it has ended: the sandbox is of no use */
    h->front_fd = host_listen(FRONT_PORT);
    if (h->front_fd < 0)
        exit(125);
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w < 0 && errno != EINTR)
            return false;
        p += w > 0 ? w : 0;
        n -= w > 0 ? (size_t)w : 0;
    }
    return true;
}

/* "NAME=VALUE" and a NUL each, to the end of the stream. False: it has ended. */
static bool hand_over(struct host *h, char *const *env)
{
    while (*env && send_all(h->child.spare, *env, str_z(*env).n + 1))
        env++;
    return !*env;
}

bool spare_begin(struct host *h)
{
    static struct start s;
    struct settings mine = h->set;
    const char *why = start_read(&s);

    if (!why && !settings_read(s.argv, &h->set))
        why = "bad arguments in";
    if (why) {
        h->set = mine;
        log_line(h, "function-host: %s " START_PATH, why);
        return false;
    }
    buf_clear(&h->tail);
    bool alike =
        same_program(mine.program, h->set.program) && starts_alike(environ, s.envp) && starts_alike(s.envp, environ);
    environ = s.envp; /* for what is started from now on */
    if (alike && hand_over(h, s.envp)) {
        child_begins(h);
    } else {
        child_kill(h);
        child_spawn(h);
    }
    close(h->child.spare);
    h->child.spare = -1;
    return true;
}
