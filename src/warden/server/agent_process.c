/* SPDX-License-Identifier: MIT */
/* Starting an agent: a child of warden that gives everything away before it becomes barmkin-agent. */
#include "warden/server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

enum { AGENT_FD = 3, AGENT_PROGRAM_FD = 4, AGENT_FILES = 256, AGENT_PROCESSES = 32, CAPABILITIES = 64 };

static bool limit(int what, rlim_t n)
{
    struct rlimit r = {n, n};

    return setrlimit(what, &r) == 0;
}

/* User, groups and capabilities go, and cannot come back. */
static bool give_away(uid_t id)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {0};

    for (int c = 0; c < CAPABILITIES; c++)
        prctl(PR_CAPBSET_DROP, c, 0, 0, 0); /* numbers beyond the kernel's last one fail, as they may */
    return setgroups(0, NULL) == 0 && setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0 &&
           syscall(SYS_capset, &head, none) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* Moves two descriptors to fixed numbers without one overwriting the other. */
static bool place_fds(int sock, int program)
{
    int high_sock = fcntl(sock, F_DUPFD, 16), high_program = fcntl(program, F_DUPFD_CLOEXEC, 16);
    int null = open("/dev/null", O_RDWR);

    return high_sock >= 0 && high_program >= 0 && null >= 0 && dup2(null, 0) == 0 && dup2(2, 1) == 1 &&
           dup2(high_sock, AGENT_FD) == AGENT_FD &&
           dup3(high_program, AGENT_PROGRAM_FD, O_CLOEXEC) == AGENT_PROGRAM_FD &&
           close_range(AGENT_PROGRAM_FD + 1, ~0U, 0) == 0;
}

static void agent_child(struct warden *w, void *arg)
{
    const struct sandbox *s = arg;
    const struct agent_plan *p = &s->agent_plan;
    char *const argv[] = {(char *)"barmkin-agent", s->all->has_ca ? s->all->ca : (char *)"", NULL};
    char *const env[] = {NULL};
    char cgroup[NAME_BYTES + 8];
    struct err e = {0};
    pid_t parent = getppid();

    snprintf(cgroup, sizeof cgroup, "%s-agent", s->id);
    if (!is_ok(cgroup_enter(s->all->cgroups, w->tag, cgroup, getpid(), p->memory_mib, AGENT_PROCESSES, &e)))
        log_error("agent: %s", e.what);
    else if (setns(p->netns, CLONE_NEWNET) < 0)
        log_error("agent: cannot join its network: %s", strerror(errno));
    else if (!place_fds(p->sock, p->program) || setsid() < 0)
        log_error("agent: cannot set up its descriptors: %s", strerror(errno));
    else if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, AGENT_FILES) || !give_away(s->uid_base))
        log_error("agent: cannot give up its rights: %s", strerror(errno));
    else if (chdir(s->data) < 0) /* as the range's own user: proof that it may */
        log_error("agent: cannot enter its volume: %s", strerror(errno));
    else {
        umask(022);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the change of user, which clears it */
        if (getppid() == parent)
            execveat(AGENT_PROGRAM_FD, "", argv, env, AT_EMPTY_PATH);
        log_error("agent: cannot run barmkin-agent: %s", strerror(errno));
    }
    _exit(126);
}

static void agent_ended(struct warden *w, pid_t pid, int status, void *arg)
{
    struct sandbox *s = arg;
    char cgroup[NAME_BYTES + 8];

    if (s->agent != pid)
        return; /* its place was given to another */
    if (status != 0 && !s->agent_killed)
        log_warn("the agent of %s ended with status 0x%x", s->id, (unsigned)status);
    snprintf(cgroup, sizeof cgroup, "%s-agent", s->id);
    cgroup_remove(s->all->cgroups, w->tag, cgroup);
    s->agent = 0;
}

static void close_plan(struct agent_plan *p)
{
    int *const fds[] = {&p->program, &p->netns, &p->sock};

    for (size_t i = 0; i < 3; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

static res open_plan(struct sandbox *s, int *sock, struct err *e)
{
    struct agent_plan *p = &s->agent_plan;
    char path[PATH_BYTES];
    int pair[2];

    *p = (struct agent_plan){.program = -1, .netns = -1, .sock = -1, .memory_mib = p->memory_mib};
    TRY(path_put(path, e, "%s/barmkin-agent", s->all->w->bin_dir));
    p->program = open(path, O_PATH | O_CLOEXEC);
    if (p->program < 0)
        return oops(e, errno, "cannot open %s", path);
    p->netns = open(s->netns, O_RDONLY | O_CLOEXEC);
    if (p->netns < 0)
        return errno == ENOENT ? reject(e, "there is no such network interface")
                               : oops(e, errno, "cannot open %s", s->netns);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return oops(e, errno, "cannot make a socket pair");
    *sock = pair[0];
    p->sock = pair[1];
    return OK;
}

res agent_process_start(struct sandbox *s, uint32_t memory_mib, int *sock, struct err *e)
{
    *sock = -1;
    if (s->agent)
        return reject(e, "the sandbox has an agent already");
    s->agent_plan.memory_mib = memory_mib;
    s->agent_killed = false;
    res r = open_plan(s, sock, e);
    if (is_ok(r))
        r = warden_fork(s->all->w, agent_child, s, agent_ended, &s->agent, e);
    close_plan(&s->agent_plan);
    if (!is_ok(r) && *sock >= 0) {
        close(*sock);
        *sock = -1;
    }
    return r;
}

void agent_process_kill(struct sandbox *s)
{
    if (s->agent > 0 && !s->agent_killed) {
        s->agent_killed = true;
        kill(s->agent, SIGKILL); /* our child, reaped here or in the loop: the number is still its own */
        /* A killed process has closed its files when it can be waited for, but as long as it is not reaped its
         * credentials are there, whose Landlock rules hold the volume's folder: its key could not be removed. */
        warden_reap(s->all->w, s->agent);
    }
}
