/* SPDX-License-Identifier: MIT */
/* Front as a process: what it gives up, what it hears from its parent while the threads serve, and how it ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/log.h"
#include "front.h"
#include "harden.h"
#include "roles.h"

/* Where launch() has put what the parent passed. */
enum { LISTEN_FD = 3, ADMIN_FD, PARENT_FD, WARDEN_FD, FIRST_VAULT_FD };
/* A pipe to vault that is lost at two looks in a row is told to the parent: a dead vault's is renewed well before. */
enum { LOOK_MS = 1000, STUCK_LOOKS = 2 };

static void tell_parent(struct front *f, char news)
{
    if (f->parent_fd > 0 && send(f->parent_fd, &news, 1, MSG_NOSIGNAL) != 1)
        log_warn("the parent cannot be told: %s", strerror(errno));
}

void front_ready(struct front *f)
{
    tell_parent(f, ROLES_READY);
}

static bool is_lost(const struct front *f)
{
    bool lost = false;

    for (size_t i = 0; i < f->n_vaults; i++)
        lost |= vault_client_lost(f->vaults[i]);
    return lost;
}

/* A new vault: each client goes over to its pipe at its next call. */
static bool take_pipes(struct front *f)
{
    int fds[FRONT_MAX_THREADS + FRONT_EXTRA_PIPES];
    struct err e = {0};
    size_t n;

    if (!is_ok(roles_receive_pipes(f->parent_fd, fds, f->n_vaults, &n, &e))) {
        log_error("%s", e.what);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        vault_client_rebind(f->vaults[i], fds[i]);
    if (n)
        log_info("goes on with a new vault");
    else
        log_warn("the parent is gone");
    return n > 0;
}

void front_attend(struct front *f)
{
    struct signalfd_siginfo info;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    struct pollfd news[] = {{signalfd(-1, &set, SFD_CLOEXEC), POLLIN, 0}, {f->parent_fd, POLLIN, 0}};
    for (int lost = 0;;) {
        int n = poll(news, 2, LOOK_MS);
        if (n < 0)
            continue;
        lost = n || !is_lost(f) ? 0 : lost + 1;
        if (lost == STUCK_LOOKS)
            tell_parent(f, ROLES_VAULT_STUCK);
        if (news[0].revents && read(news[0].fd, &info, sizeof info) == (ssize_t)sizeof info)
            break;
        if (news[1].revents && !take_pipes(f))
            break;
    }
    close(news[0].fd);
}

/* Every connection is a descriptor: the soft limit of 1024 is for programs that use select(). */
static void raise_limits(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* The way to the state folder may be closed to front's user, so it goes there while it is root, and stays. */
static res give_up_rights(uint32_t uid, const char *state_dir, struct err *e)
{
    bool confined;

    raise_limits();
    if (chdir(state_dir))
        return oops(e, errno, "cannot enter %s", state_dir);
    TRY(harden_become(uid, e));
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* cleared by the change of uid, so only now */
    TRY(confine_changes("front", &confined, e));
    if (!confined)
        log_info("this kernel has no Landlock: file modes alone keep front to its folder");
    return harden_front(e);
}

static void block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* the parent decides what a closed terminal means */
}

/* barmkin role front STATE UID N: descriptors 3 listen, 4 admin, 5 parent, 6 warden, 7.. vault pipes. */
int front_main(int argc, char **argv)
{
    static struct front f; /* large, and as long-lived as the process */
    uint64_t uid, n;
    struct err e = {0};
    int vault_fds[FRONT_MAX_THREADS + FRONT_EXTRA_PIPES];

    log_set("front", LOG_INFO);
    if (argc != 3 || !str_to_u64(str_z(argv[1]), &uid) || !str_to_u64(str_z(argv[2]), &n) || n <= FRONT_EXTRA_PIPES ||
        n > FRONT_MAX_THREADS + FRONT_EXTRA_PIPES)
        return 2;
    prctl(PR_SET_NAME, "front", 0, 0, 0);
    block_signals();
    for (size_t i = 0; i < n; i++)
        vault_fds[i] = FIRST_VAULT_FD + (int)i;
    f.parent_fd = PARENT_FD;
    res r = give_up_rights((uint32_t)uid, argv[0], &e);
    if (is_ok(r))
        r = front_open(&f, NULL, vault_fds, n, WARDEN_FD, &e);
    if (is_ok(r))
        r = front_serve(&f, LISTEN_FD, ADMIN_FD, &e);
    if (!is_ok(r)) {
        log_error("%s%s%s", e.what, e.sys_errno ? ": " : "", e.sys_errno ? strerror(e.sys_errno) : "");
        _exit(1); /* other threads may be running: nothing is taken from under them */
    }
    front_close(&f);
    return 0;
}
