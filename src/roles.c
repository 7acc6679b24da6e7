/* SPDX-License-Identifier: MIT */
/* Starting front, vault and warden, and joining them by pipes. */
#include "roles.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "harden.h"
#include "launch.h"
#include "vault/server.h"
#include "warden/message.h"

enum { PATIENCE_SECONDS = 1, PIPES_MAX = FRONT_MAX_THREADS + FRONT_EXTRA_PIPES, PATH_BYTES = 4096 };

static char self_path[] = "/proc/self/exe"; /* re-executes this binary as a role */

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* A role that hangs must not hang its parent. */
static void be_patient(int fd)
{
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/* ---- vault ---- */

int vault_main(int argc, char **argv)
{
    struct err e = {0};
    struct rlimit lock;
    uint64_t uid;

    log_set("vault", LOG_INFO);
    if (argc != 2 || !str_to_u64(str_z(argv[1]), &uid))
        return 2;
    prctl(PR_SET_NAME, "vault", 0, 0, 0); /* its threads inherit it */
    /* A terminal's or a service manager's signal goes to every role at once; front must be able to finish. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0) { /* keys are locked into memory: as much of it as is allowed */
        lock.rlim_cur = lock.rlim_max = RLIM_INFINITY;
        if (setrlimit(RLIMIT_MEMLOCK, &lock) && getrlimit(RLIMIT_MEMLOCK, &lock) == 0) {
            lock.rlim_cur = lock.rlim_max;
            setrlimit(RLIMIT_MEMLOCK, &lock);
        }
    }
    /* While it is root: the way there may be closed to vault's user. */
    res r = chdir(argv[0]) ? oops(&e, errno, "cannot enter %s", argv[0]) : harden_become((uint32_t)uid, &e);
    if (is_ok(r)) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* cleared by the change of uid, so only now */
        r = vault_serve(".", NULL, 0, -1, LAUNCH_FIRST_FD, &e);
    }
    if (!is_ok(r))
        log_error("%s%s%s", e.what, e.sys_errno ? ": " : "", e.sys_errno ? strerror(e.sys_errno) : "");
    return is_ok(r) ? 0 : 1;
}

res roles_start_vault(const struct state *s, int claim_fd, pid_t *pid, int *control, struct err *e)
{
    int ends[1][2];
    char uid[16], dir[PATH_BYTES];

    TRY(launch_pairs(ends, 1, SOCK_STREAM, e));
    snprintf(uid, sizeof uid, "%u", s->uid_base + STATE_ROLE_VAULT);
    snprintf(dir, sizeof dir, "%.*s/vault", FMT(s->dir));
    char *argv[] = {"barmkin", "role", "vault", dir, uid, NULL};
    const int pass[] = {ends[0][1], claim_fd};
    *pid = launch(self_path, argv, pass, claim_fd < 0 ? 1 : 2);
    int why = errno;
    close(ends[0][1]);
    *control = ends[0][0];
    be_patient(*control);
    if (*pid > 0)
        return OK;
    close(*control);
    *control = -1;
    return oops(e, why, "cannot start vault");
}

static res give_vault(int control, enum vault_pipe_to to, int *fds, size_t n, struct err *e)
{
    int ends[PIPES_MAX][2];
    res r = OK;

    if (n > PIPES_MAX)
        return oops(e, 0, "%zu pipes to vault are too many", n);
    TRY(launch_pairs(ends, n, SOCK_STREAM, e));
    for (size_t i = 0; i < n; i++) {
        if (is_ok(r))
            r = vault_control_send(control, to, ends[i][1], e);
        close(ends[i][1]);
        fds[i] = ends[i][0];
    }
    return r;
}

res roles_vault_pipes(int control, int *fds, size_t n, struct err *e)
{
    return give_vault(control, VAULT_PIPE_TO_FRONT, fds, n, e);
}

/* ---- front and warden ---- */

static res start_warden(const struct state *s, const int *pass, size_t n, pid_t *pid, struct err *e)
{
    char path[PATH_BYTES], dir[PATH_BYTES], tag[8], uid[16];
    ssize_t length = readlink(self_path, path, sizeof path - 16);

    if (length <= 0)
        return oops(e, errno, "cannot find this program's folder");
    snprintf(path + length, 16, "-warden"); /* it stands beside barmkin under its name */
    snprintf(dir, sizeof dir, "%.*s", FMT(s->dir));
    snprintf(uid, sizeof uid, "%u", s->uid_base);
    str_to_z(s->tag, tag, sizeof tag);
    char *argv[] = {"barmkin-warden", "--tag", tag,       "--front", "3",          "--vault", "4",
                    "--lifeline",     "5",     "--state", dir,       "--uid-base", uid,       NULL};
    *pid = launch(path, argv, pass, n);
    return *pid < 0 ? oops(e, errno, "cannot start warden") : OK;
}

static res start_front(const struct state *s, const int *pass, size_t n, size_t n_vault_pipes, pid_t *pid,
                       struct err *e)
{
    char uid[16], count[16], dir[PATH_BYTES];

    snprintf(uid, sizeof uid, "%u", s->uid_base + STATE_ROLE_FRONT);
    snprintf(count, sizeof count, "%zu", n_vault_pipes);
    snprintf(dir, sizeof dir, "%.*s", FMT(s->dir));
    char *argv[] = {"barmkin", "role", "front", dir, uid, count, NULL};
    *pid = launch(self_path, argv, pass, n);
    return *pid < 0 ? oops(e, errno, "cannot start front") : OK;
}

enum { TO_FRONT, TO_WARDEN, BETWEEN, N_ENDS };

static res start_both(const struct state *s, const struct roles_pair *p, int ends[N_ENDS][2], const int *vault,
                      int vault_warden, struct roles_started *out, struct err *e)
{
    int pass[LAUNCH_FDS_MAX];
    const int for_warden[] = {ends[BETWEEN][1], vault_warden, ends[TO_WARDEN][1], p->claim_fd};
    size_t n = 0;

    TRY(start_warden(s, for_warden, p->claim_fd < 0 ? 3 : 4, &out->warden, e));
    pass[n++] = p->listen_fd;
    pass[n++] = p->admin_fd;
    pass[n++] = ends[TO_FRONT][1];
    pass[n++] = ends[BETWEEN][0];
    for (size_t i = 0; i < p->n_vault_pipes; i++)
        pass[n++] = vault[i];
    if (p->claim_fd >= 0)
        pass[n++] = p->claim_fd;
    return start_front(s, pass, n, p->n_vault_pipes, &out->front, e);
}

res roles_start_pair(const struct state *s, const struct roles_pair *p, struct roles_started *out, struct err *e)
{
    int ends[N_ENDS][2], vault[PIPES_MAX], vault_warden = -1;
    struct err gone = {0};

    *out = (struct roles_started){.front_fd = -1, .warden_fd = -1};
    memset(vault, -1, sizeof vault);
    TRY(launch_pairs(ends, N_ENDS, SOCK_STREAM, e));
    /* A vault that has just died is replaced like any other: these pipes are then dead, and new ones follow. */
    if (!is_ok(give_vault(p->vault_control, VAULT_PIPE_TO_FRONT, vault, p->n_vault_pipes, &gone)) ||
        !is_ok(give_vault(p->vault_control, VAULT_PIPE_TO_WARDEN, &vault_warden, 1, &gone)))
        log_warn("%s", gone.what);
    res r = start_both(s, p, ends, vault, vault_warden, out, e);
    close_all(vault, p->n_vault_pipes);
    close_all(&vault_warden, 1);
    for (size_t i = 0; i < N_ENDS; i++)
        close(ends[i][1]);
    close(ends[BETWEEN][0]);
    out->front_fd = ends[TO_FRONT][0];
    out->warden_fd = ends[TO_WARDEN][0];
    be_patient(out->front_fd);
    be_patient(out->warden_fd);
    return r;
}

res roles_start_cleaner(const struct state *s, int claim_fd, pid_t *pid, struct err *e)
{
    int ends[N_ENDS][2];

    TRY(launch_pairs(ends, N_ENDS, SOCK_STREAM, e));
    const int pass[] = {ends[0][1], ends[1][1], ends[2][1], claim_fd};
    for (size_t i = 0; i < N_ENDS; i++)
        close(ends[i][0]); /* it cleans first, then finds itself alone */
    res r = start_warden(s, pass, 4, pid, e);
    for (size_t i = 0; i < N_ENDS; i++)
        close(ends[i][1]);
    return r;
}

/* ---- a new vault for those that live on ---- */

static res send_pipes(int sock, const int *fds, size_t n, struct err *e)
{
    char kind = ROLES_NEW_VAULT;
    struct iovec part = {&kind, 1};
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int) * PIPES_MAX)] = {0};
    struct msghdr msg = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
    struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

    *h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * n)};
    memcpy(CMSG_DATA(h), fds, sizeof(int) * n);
    return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? OK : oops(e, errno, "handing vault's pipes to front");
}

res roles_receive_pipes(int parent_fd, int *fds, size_t max, size_t *n, struct err *e)
{
    char kind;
    struct iovec part = {&kind, 1};
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int) * PIPES_MAX)];
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    ssize_t got;

    *n = 0;
    do
        got = recvmsg(parent_fd, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return OK;
    struct cmsghdr *h = got == 1 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (!h || kind != ROLES_NEW_VAULT || h->cmsg_type != SCM_RIGHTS || msg.msg_flags & MSG_CTRUNC)
        return oops(e, got < 0 ? errno : 0, "the parent's message makes no sense");
    size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (count == 0 || count > max)
        return oops(e, 0, "%zu pipes from the parent instead of %zu", count, max);
    memcpy(fds, CMSG_DATA(h), sizeof(int) * count);
    *n = count;
    return OK;
}

static res renew_warden(int vault_control, int warden_fd, struct err *e)
{
    struct message_head head = {.type = WARDEN_NEW_VAULT, .request = 1};
    int fd = -1;

    res r = give_vault(vault_control, VAULT_PIPE_TO_WARDEN, &fd, 1, e);
    if (is_ok(r))
        r = message_send(warden_fd, &head, NULL, 0, &fd, 1, e);
    close_all(&fd, 1);
    return r;
}

res roles_renew_vault(int vault_control, int front_fd, size_t n, int warden_fd, struct err *e)
{
    int fds[PIPES_MAX];
    res r = OK;

    memset(fds, -1, sizeof fds);
    if (front_fd >= 0) {
        r = roles_vault_pipes(vault_control, fds, n, e);
        if (is_ok(r))
            r = send_pipes(front_fd, fds, n, e);
        close_all(fds, n);
    }
    return is_ok(r) && warden_fd >= 0 ? renew_warden(vault_control, warden_fd, e) : r;
}
