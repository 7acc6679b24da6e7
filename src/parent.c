/* SPDX-License-Identifier: MIT */
/* The parent role: root, one thread, parses nothing that a client wrote. If a role dies, all are started anew: front
 * resumes from the store, warden cleans what carries the TAG, and vault has no state. */
#include "parent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "front.h"
#include "vault/server.h"

enum { FIRST_FD = 3, MAX_FDS = 24, STOP_MS = 15000, MAX_RESTARTS = 5 };

/* Puts the descriptors at 3, 4, ... and runs the program: `self` re-executes this binary as a role. */
static pid_t start(const char *path, char *const argv[], const int *fds, size_t n)
{
    pid_t pid = fork();
    int high[MAX_FDS];
    sigset_t none;

    if (pid != 0)
        return pid;
    for (size_t i = 0; i < n; i++) /* first out of the way, then in place: a dup2 must not hit one still needed */
        high[i] = fcntl(fds[i], F_DUPFD, 100);
    for (size_t i = 0; i < n; i++)
        if (high[i] < 0 || dup2(high[i], FIRST_FD + (int)i) < 0)
            _exit(127);
    close_range(FIRST_FD + (unsigned)n, ~0u, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(path, argv);
    _exit(127);
}

static res pairs(int (*out)[2], size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out[i]))
            return oops(e, errno, "cannot make a pipe between roles");
    return OK;
}

static char self_path[] = "/proc/self/exe";

/* ---- vault ---- */

int vault_main(int argc, char **argv)
{
    struct err e = {0};
    uint64_t uid, n, has_warden;
    int fds[VAULT_PIPES_MAX];

    log_set("vault", LOG_INFO);
    if (argc != 4 || !str_to_u64(str_z(argv[1]), &uid) || !str_to_u64(str_z(argv[2]), &n) ||
        !str_to_u64(str_z(argv[3]), &has_warden) || n > VAULT_PIPES_MAX)
        return 2;
    struct rlimit lock;
    if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0) { /* keys are locked into memory: as much of it as is allowed */
        lock.rlim_cur = lock.rlim_max;
        setrlimit(RLIMIT_MEMLOCK, &lock);
    }
    if (setgroups(0, NULL) || setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) ||
        setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid))
        return 1;
    for (size_t i = 0; i < n; i++)
        fds[i] = FIRST_FD + 1 + (int)i;
    if (!is_ok(vault_serve(argv[0], fds, n, has_warden ? FIRST_FD + 1 + (int)n : -1, FIRST_FD, &e))) {
        log_error("%s", e.what);
        return 1;
    }
    return 0;
}

res parent_start_vault(const struct state *s, int *fds, size_t n, int warden_fd, struct vault_child *out, struct err *e)
{
    int pipes[VAULT_PIPES_MAX][2], pass[MAX_FDS], control[2];
    char uid[16], count[16], dir[4096];

    TRY(pairs(pipes, n, e));
    TRY(pairs(&control, 1, e));
    pass[0] = control[1];
    for (size_t i = 0; i < n; i++)
        pass[1 + i] = pipes[i][1];
    if (warden_fd >= 0)
        pass[1 + n] = warden_fd;
    snprintf(uid, sizeof uid, "%u", s->uid_base + STATE_ROLE_VAULT);
    snprintf(count, sizeof count, "%zu", n);
    snprintf(dir, sizeof dir, "%.*s/vault", FMT(s->dir));
    char *argv[] = {"barmkin", "role", "vault", dir, uid, count, warden_fd >= 0 ? "1" : "0", NULL};
    out->pid = start(self_path, argv, pass, 1 + n + (warden_fd >= 0));
    if (out->pid < 0)
        return oops(e, errno, "cannot start vault");
    out->control_fd = control[0];
    close(control[1]);
    for (size_t i = 0; i < n; i++) {
        close(pipes[i][1]);
        fds[i] = pipes[i][0];
    }
    return OK;
}

void parent_stop_vault(struct vault_child *v)
{
    int status;

    close(v->control_fd);
    waitpid(v->pid, &status, 0);
}

/* ---- sockets ---- */

static res listen_tcp(str where, int *fd, uint16_t *port, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    char host[64];
    str rest = where;
    uint64_t number;
    ptrdiff_t colon = str_rfind(where, ':');
    int one = 1;

    if (colon < 0 || !str_to_u64(str_from(rest, (size_t)colon + 1), &number) || number > 65535 ||
        inet_pton(AF_INET, str_to_z(str_sub(where, 0, (size_t)colon), host, sizeof host), &at.sin_addr) != 1)
        return reject(e, "--listen takes ADDRESS:PORT, not '%.*s'", FMT(where));
    at.sin_port = htons((uint16_t)number);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&at, sizeof at) || listen(*fd, 1024) ||
        getsockname(*fd, (struct sockaddr *)&at, &n))
        return oops(e, errno, "cannot listen on %.*s", FMT(where));
    *port = ntohs(at.sin_port);
    return OK;
}

static res listen_admin(const struct state *s, int *fd, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    if (s->dir.n + 12 >= sizeof at.sun_path)
        return reject(e, "the path of the state folder is too long for a socket");
    snprintf(at.sun_path, sizeof at.sun_path, "%.*s/admin.sock", FMT(s->dir));
    unlink(at.sun_path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0177);
    int failed = *fd < 0 || bind(*fd, (struct sockaddr *)&at, sizeof at) || listen(*fd, 64) ? errno : 0;
    umask(old);
    return failed ? oops(e, failed, "cannot listen on %s", at.sun_path) : OK;
}

/* ---- one generation of roles ---- */

struct roles {
    struct vault_child vault;
    pid_t front, warden;
    int lifeline, ready;
};

static res start_warden(const struct state *s, int front_fd, int vault_fd, int lifeline, pid_t *pid, struct err *e)
{
    char path[4096], dir[4096], tag[8];
    ssize_t n = readlink(self_path, path, sizeof path - 16);
    int pass[] = {front_fd, vault_fd, lifeline};

    if (n <= 0)
        return oops(e, errno, "cannot find this program's folder");
    snprintf(path + n, 16, "-warden"); /* it stands beside barmkin under its name */
    snprintf(dir, sizeof dir, "%.*s", FMT(s->dir));
    char *argv[] = {"barmkin-warden",
                    "--tag",
                    str_to_z(s->tag, tag, sizeof tag),
                    "--front",
                    "3",
                    "--vault",
                    "4",
                    "--lifeline",
                    "5",
                    "--state",
                    dir,
                    NULL};
    *pid = start(path, argv, pass, 3);
    return *pid < 0 ? oops(e, errno, "cannot start warden") : OK;
}

static size_t io_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores < 1 ? 1 : cores > FRONT_MAX_THREADS ? FRONT_MAX_THREADS : (size_t)cores;
}

static res start_roles(const struct state *s, int listen_fd, int admin_fd, struct roles *r, struct err *e)
{
    int ends[4][2], pass[MAX_FDS], vault_fds[FRONT_MAX_THREADS + FRONT_EXTRA_PIPES];
    size_t n = io_threads() + FRONT_EXTRA_PIPES;
    char uid[16], count[16], dir[4096];

    TRY(pairs(ends, 4, e)); /* front-warden, vault-warden, lifeline, ready */
    TRY(start_warden(s, ends[0][1], ends[1][1], ends[2][1], &r->warden, e));
    TRY(parent_start_vault(s, vault_fds, n, ends[1][0], &r->vault, e));
    pass[0] = listen_fd;
    pass[1] = admin_fd;
    pass[2] = ends[3][1];
    pass[3] = ends[0][0];
    for (size_t i = 0; i < n; i++)
        pass[4 + i] = vault_fds[i];
    snprintf(uid, sizeof uid, "%u", s->uid_base + STATE_ROLE_FRONT);
    snprintf(count, sizeof count, "%zu", n);
    snprintf(dir, sizeof dir, "%.*s", FMT(s->dir));
    char *argv[] = {"barmkin", "role", "front", dir, uid, count, NULL};
    r->front = start(self_path, argv, pass, 4 + n);
    if (r->front < 0)
        return oops(e, errno, "cannot start front");
    r->lifeline = ends[2][0];
    r->ready = ends[3][0];
    for (size_t i = 0; i < n; i++)
        close(vault_fds[i]);
    for (size_t i = 0; i < 4; i++)
        close(ends[i][1]);
    close(ends[0][0]);
    close(ends[1][0]);
    return OK;
}

static bool wait_ready(const struct roles *r)
{
    struct pollfd p = {r->ready, POLLIN, 0};
    char byte;

    return poll(&p, 1, 60000) == 1 && read(r->ready, &byte, 1) == 1;
}

/* Waits for a child until the deadline, then insists. */
static void reap(pid_t pid, int64_t deadline)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (time_mono_ms() > deadline) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return;
        }
        usleep(2000);
    }
}

static void stop_roles(struct roles *r)
{
    int64_t deadline = time_mono_ms() + STOP_MS;

    kill(r->front, SIGTERM);
    reap(r->front, deadline);
    close(r->vault.control_fd);
    close(r->lifeline); /* warden cleans up and ends */
    reap(r->vault.pid, deadline);
    reap(r->warden, deadline);
    close(r->ready);
}

static res signals(int *fd, struct err *e)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *fd = signalfd(-1, &set, SFD_CLOEXEC);
    return *fd < 0 ? oops(e, errno, "cannot wait for signals") : OK;
}

/* True: asked to stop. False: a role has died. */
static bool watch(int signal_fd, const struct roles *r)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGCHLD)
            return true;
        siginfo_t child = {0};
        while (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid) {
            if (child.si_pid == r->front || child.si_pid == r->vault.pid || child.si_pid == r->warden) {
                log_error("%s has ended unexpectedly (%s %d)",
                          child.si_pid == r->front    ? "front"
                          : child.si_pid == r->warden ? "warden"
                                                      : "vault",
                          child.si_code == CLD_EXITED ? "status" : "signal", child.si_status);
                return false;
            }
            waitpid(child.si_pid, NULL, 0);
            child.si_pid = 0;
        }
    }
    return true;
}

res parent_serve(struct state *s, str listen, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    int listen_fd = -1, admin_fd = -1, signal_fd = -1, restarts = 0;
    uint16_t port = 0;
    struct roles r;

    log_set("parent", LOG_INFO);
    TRY(state_lock(s, e));
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0,
          0); /* what a killed role leaves behind is reaped here, not left to the host */
    TRY(signals(&signal_fd, e));
    TRY(listen_tcp(listen.n ? listen : s->listen, &listen_fd, &port, e));
    TRY(listen_admin(s, &admin_fd, e));
    str host = str_sub(listen.n ? listen : s->listen, 0, (size_t)str_rfind(listen.n ? listen : s->listen, ':'));
    str url = arena_printf(a, "https://%.*s:%u", FMT(host), port);
    TRY(profiles_rewrite(s, url, e));
    for (;;) {
        int64_t began = time_mono_ms();
        TRY(start_roles(s, listen_fd, admin_fd, &r, e));
        if (wait_ready(&r) && restarts == 0) {
            printf("Listening on %.*s. Ready.\n", FMT(url));
            fflush(stdout);
        }
        bool asked = watch(signal_fd, &r);
        stop_roles(&r);
        restarts = time_mono_ms() - began > 60000 ? 1 : restarts + 1;
        if (asked)
            break;
        if (restarts > MAX_RESTARTS)
            return oops(e, 0, "the roles keep dying: giving up");
    }
    arena_free(a);
    return OK;
}
