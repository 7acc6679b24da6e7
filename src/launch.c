/* SPDX-License-Identifier: MIT */
/* fork, descriptors in their places, exec. */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum { OUT_OF_THE_WAY = 100, ENVIRONMENT_MAX = 32, EXIT_NOT_STARTED = 127 };

extern char **environ;

/* The loader's, the clock's and the sanitizers' variables. */
static bool comes_along(const char *variable)
{
    static const str names[] = {S("PATH="),         S("TZ="),           S("LD_LIBRARY_PATH="),
                                S("LD_PRELOAD="),   S("ASAN_OPTIONS="), S("UBSAN_OPTIONS="),
                                S("LSAN_OPTIONS="), S("TSAN_OPTIONS="), S("FAKETIME")};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_starts(str_z(variable), names[i]))
            return true;
    return false;
}

static void choose_environment(char *out[ENVIRONMENT_MAX])
{
    size_t n = 0;

    for (char **at = environ; *at && n < ENVIRONMENT_MAX - 1; at++)
        if (comes_along(*at))
            out[n++] = *at;
    out[n] = NULL;
}

/* First out of the way, then in place: a dup2 must not hit one still needed. */
static bool place(const int *fds, size_t n)
{
    int high[LAUNCH_FDS_MAX], null = open("/dev/null", O_RDONLY);

    if (n > LAUNCH_FDS_MAX || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((high[i] = fcntl(fds[i], F_DUPFD, OUT_OF_THE_WAY)) < 0)
            return false;
    for (size_t i = 0; i < n; i++)
        if (dup2(high[i], LAUNCH_FIRST_FD + (int)i) < 0)
            return false;
    return close_range(LAUNCH_FIRST_FD + (unsigned)n, ~0u, 0) == 0;
}

pid_t launch(const char *path, char *const argv[], const int *fds, size_t n)
{
    char *environment[ENVIRONMENT_MAX];
    pid_t pid = fork();
    sigset_t none;

    if (pid != 0)
        return pid;
    choose_environment(environment);
    if (!place(fds, n))
        _exit(EXIT_NOT_STARTED);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, argv, environment);
    _exit(EXIT_NOT_STARTED);
}

res launch_pairs(int (*out)[2], size_t n, int type, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        out[i][0] = out[i][1] = -1;
    for (size_t i = 0; i < n; i++) {
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, out[i]) == 0)
            continue;
        int why = errno;
        while (i--) {
            close(out[i][0]);
            close(out[i][1]);
            out[i][0] = out[i][1] = -1;
        }
        return oops(e, why, "cannot make a pipe between roles");
    }
    return OK;
}
