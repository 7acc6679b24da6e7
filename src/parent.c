/* SPDX-License-Identifier: MIT */
/* The parent role. Who needs a new peer gets one:
 *   vault dies   a new vault; front and warden go on with new pipes to it
 *   front dies   warden ends with it; a new front and a new warden, with new pipes from vault
 *   warden dies  its networks and sandboxes are gone, and front's idea of them is wrong: front is stopped, as above
 * Everything happens in one loop, so a signal to stop is heard at any time. */
#include "parent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "harden.h"
#include "roles.h"
#include "sockets.h"
#include "warden/message.h"

enum {
    RESTARTS_MAX = 5, /* in WINDOW_MS; one more death ends the server */
    WINDOW_MS = 60000,
    BACK_OFF_MS = 100, /* before the second restart in a row, then doubled */
    READY_MS = 60000,  /* front answers by then or is started anew */
    DRAIN_MS = 1000,   /* front, to finish what is in flight when warden has died */
    LEAVE_MS = 1500,   /* warden, to remove what it made when front has died */
    STOP_MS = 15000,
    STUCK_MS = 2000, /* a vault younger than this is not taken for stuck */
};

enum role { FRONT, VAULT, WARDEN, N_ROLES };
static const char *const role_names[] = {"front", "vault", "warden"};

struct child {
    pid_t pid;           /* 0: not running */
    int fd;              /* the parent's end of its socket; it ends when this is closed; -1: closed */
    int64_t since_ms;    /* its start */
    int64_t leave_by_ms; /* it was asked to go: SIGKILL from then on; 0: it is to stay */
};

struct parent {
    const struct state *state;
    str url;
    struct child children[N_ROLES];
    struct roles_pair pair; /* what front and warden are born with */
    int signal_fd;
    int64_t deaths[RESTARTS_MAX],
        start_at_ms;          /* the last deaths, newest first; nothing is started before start_at_ms */
    bool is_ready, was_ready; /* this front; any front */
    bool unclean;             /* warden was killed: what it made is still there, until another is started */
    bool asked, gave_up;
};

/* ---- deaths ---- */

static void close_end(struct child *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* Restarts at once after the first death, later after the others, never after too many. */
static void count_death(struct parent *p)
{
    int64_t now = time_mono_ms();
    int recent = 0;

    for (int i = 0; i < RESTARTS_MAX; i++)
        recent += p->deaths[i] && now - p->deaths[i] < WINDOW_MS;
    p->gave_up = recent == RESTARTS_MAX;
    memmove(p->deaths + 1, p->deaths, sizeof p->deaths - sizeof *p->deaths);
    p->deaths[0] = now;
    p->start_at_ms = recent ? now + (BACK_OFF_MS << (recent - 1)) : now;
}

static void tell_death(enum role role, pid_t pid, int status)
{
    if (WIFSIGNALED(status))
        log_error("%s (process %d) was ended by signal %d (%s)", role_names[role], pid, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    else
        log_error("%s (process %d) has ended with status %d", role_names[role], pid, WEXITSTATUS(status));
}

/* Everybody who has ended; what killed roles leave behind ends here too, for this process is a subreaper. */
static void reap(struct parent *p)
{
    int status, how[N_ROLES];
    bool died[N_ROLES] = {false};
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < N_ROLES; i++)
            if (p->children[i].pid == pid) {
                died[i] = true;
                how[i] = status;
            }
    for (int i = 0; i < N_ROLES; i++) {
        struct child *c = &p->children[i];
        if (!died[i])
            continue;
        bool followed = i == WARDEN && (died[FRONT] || !p->children[FRONT].pid) && WIFEXITED(how[i]);
        if (!c->leave_by_ms && !followed) {
            tell_death((enum role)i, c->pid, how[i]);
            count_death(p);
        }
        p->unclean |= i == WARDEN && (!WIFEXITED(how[i]) || WEXITSTATUS(how[i]));
        close_end(c);
        c->pid = 0;
    }
    if (died[FRONT])
        p->is_ready = false;
}

/* ---- starting ---- */

static void started(struct child *c, pid_t pid, int fd)
{
    *c = (struct child){.pid = pid > 0 ? pid : 0, .fd = fd, .since_ms = time_mono_ms()};
    if (!c->pid)
        close_end(c);
}

static res start_vault(struct parent *p, struct err *e)
{
    pid_t pid;
    int fd;

    TRY(roles_start_vault(p->state, p->pair.claim_fd, &pid, &fd, e));
    started(&p->children[VAULT], pid, fd);
    p->pair.vault_control = fd;
    return roles_renew_vault(fd, p->children[FRONT].fd, p->pair.n_vault_pipes, p->children[WARDEN].fd, e);
}

static res start_pair(struct parent *p, struct err *e)
{
    struct roles_started s;
    res r = roles_start_pair(p->state, &p->pair, &s, e);

    started(&p->children[WARDEN], s.warden, s.warden_fd);
    p->unclean &= !p->children[WARDEN].pid;
    started(&p->children[FRONT], s.front, s.front_fd);
    return r;
}

/* What is missing is started; who has lost a peer for good is asked to leave, and comes back as part of a pair. */
static void mend(struct parent *p)
{
    struct child *front = &p->children[FRONT], *vault = &p->children[VAULT], *warden = &p->children[WARDEN];
    int64_t now = time_mono_ms();
    struct err e = {0};
    res r = OK;

    if (!front->pid && warden->pid && !warden->leave_by_ms) {
        close_end(warden);
        warden->leave_by_ms = now + LEAVE_MS;
    }
    if (front->pid && !warden->pid && !front->leave_by_ms) {
        log_info("front is started anew, for a new warden");
        kill(front->pid, SIGTERM);
        front->leave_by_ms = now + DRAIN_MS;
    }
    if (now < p->start_at_ms || p->gave_up)
        return;
    if (!vault->pid)
        r = start_vault(p, &e);
    if (is_ok(r) && !front->pid && !warden->pid)
        r = start_pair(p, &e);
    if (!is_ok(r)) { /* as if it had died at once */
        log_error("%s: %s", e.what, strerror(e.sys_errno));
        count_death(p);
    }
}

/* ---- what is heard ---- */

static void ready(struct parent *p)
{
    p->is_ready = true;
    if (p->was_ready) {
        log_info("answering again");
        return;
    }
    p->was_ready = true;
    printf("Listening on %.*s. Ready.\n", FMT(p->url));
    fflush(stdout);
    sockets_notify("READY=1");
}

static void hear_front(struct parent *p)
{
    struct child *vault = &p->children[VAULT];
    char news = 0;
    ssize_t n = recv(p->children[FRONT].fd, &news, 1, MSG_DONTWAIT);

    if (n == 0)
        close_end(&p->children[FRONT]); /* its death is told by a signal */
    else if (n == 1 && news == ROLES_READY)
        ready(p);
    else if (n == 1 && news == ROLES_VAULT_STUCK && vault->pid && time_mono_ms() - vault->since_ms > STUCK_MS) {
        log_error("vault does not answer front: it is started anew");
        kill(vault->pid, SIGKILL);
    }
}

/* Only answers to WARDEN_NEW_VAULT: their outcome counts. */
static void hear_warden(struct parent *p)
{
    _Alignas(16) char body[sizeof(struct message_outcome)];
    const struct message_outcome *o = (const void *)body;
    struct message_head head;
    int fds[MESSAGE_FDS_MAX];
    struct err e = {0};
    bool end;

    if (!is_ok(message_receive(p->children[WARDEN].fd, &head, body, sizeof body, fds, &end, &e)))
        close_end(&p->children[WARDEN]);
    else if (head.body_bytes == sizeof *o && o->why != WHY_OK)
        log_error("warden does not take the new vault: %.*s", (int)sizeof o->what, o->what);
}

static void hear_signals(struct parent *p)
{
    struct signalfd_siginfo info;

    while (read(p->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo != SIGCHLD)
            p->asked = true;
    reap(p);
}

/* ---- what is overdue ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Ends who was to be gone or ready by now; answers when to look again. */
static int64_t enforce(struct parent *p)
{
    int64_t now = time_mono_ms(), next = p->start_at_ms > now ? p->start_at_ms : INT64_MAX;
    struct child *front = &p->children[FRONT];

    for (int i = 0; i < N_ROLES; i++) {
        struct child *c = &p->children[i];
        if (!c->pid || !c->leave_by_ms)
            continue;
        if (now >= c->leave_by_ms) {
            log_warn("%s takes too long to end: it is killed", role_names[i]);
            kill(c->pid, SIGKILL);
            c->leave_by_ms = INT64_MAX;
        }
        next = sooner(next, c->leave_by_ms);
    }
    if (!front->pid || p->is_ready || front->leave_by_ms)
        return next;
    if (now >= front->since_ms + READY_MS) {
        log_error("front is not ready after %d s", READY_MS / 1000);
        kill(front->pid, SIGKILL); /* its death is counted */
        front->since_ms = now;
    }
    return sooner(next, front->since_ms + READY_MS);
}

static void listen_until(struct parent *p, int64_t at)
{
    struct pollfd news[] = {
        {p->signal_fd, POLLIN, 0}, {p->children[FRONT].fd, POLLIN, 0}, {p->children[WARDEN].fd, POLLIN, 0}};
    int64_t ms = at == INT64_MAX ? -1 : at - time_mono_ms();

    if (poll(news, 3, at == INT64_MAX ? -1 : ms < 0 ? 0 : (int)ms + 1) <= 0)
        return;
    if (news[1].revents)
        hear_front(p);
    if (news[2].revents)
        hear_warden(p);
    if (news[0].revents)
        hear_signals(p);
}

/* ---- the end ---- */

/* False: it had to be killed, or was. */
static bool end_child(struct parent *p, enum role role, int64_t deadline)
{
    struct child *c = &p->children[role];
    int status = 0;

    if (!c->pid)
        return true;
    while (waitpid(c->pid, &status, WNOHANG) == 0) {
        if (time_mono_ms() > deadline) {
            log_warn("%s does not end: it is killed", role_names[role]);
            kill(c->pid, SIGKILL);
            waitpid(c->pid, &status, 0);
            break;
        }
        usleep(1000);
    }
    close_end(c);
    c->pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void clean(struct parent *p)
{
    struct child *cleaner = &p->children[WARDEN];
    struct err e = {0};

    if (!is_ok(roles_start_cleaner(p->state, p->pair.claim_fd, &cleaner->pid, &e)) ||
        !end_child(p, WARDEN, time_mono_ms() + STOP_MS))
        log_error("what warden made could not be removed; the next serve does");
}

/* Front first, while its peers can still serve what is in flight. */
static void stop(struct parent *p)
{
    int64_t deadline = time_mono_ms() + STOP_MS;

    sockets_notify("STOPPING=1");
    close(p->pair.listen_fd); /* new connections are refused rather than kept waiting for nothing */
    if (p->children[FRONT].pid)
        kill(p->children[FRONT].pid, SIGTERM);
    end_child(p, FRONT, deadline);
    close_end(&p->children[VAULT]);
    close_end(&p->children[WARDEN]); /* it removes what it made, and ends */
    end_child(p, VAULT, deadline);
    if (!end_child(p, WARDEN, deadline) || p->unclean)
        clean(p);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static res catch_signals(int *fd, struct err *e)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? oops(e, errno, "cannot wait for signals") : OK;
}

static size_t io_threads(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores < 1 ? 1 : cores > FRONT_MAX_THREADS ? FRONT_MAX_THREADS : (size_t)cores;
}

static res open_sockets(struct parent *p, struct state *s, str where, struct arena *a, struct err *e)
{
    uint16_t port = 0;

    TRY(sockets_listen(where, &p->pair.listen_fd, &port, e));
    TRY(sockets_listen_admin(s, &p->pair.admin_fd, e));
    p->url = arena_printf(a, "https://%.*s:%u", FMT(str_sub(where, 0, (size_t)str_rfind(where, ':'))), port);
    return profiles_rewrite(s, p->url, e);
}

static res serve(struct state *s, str listen, struct arena *a, struct err *e)
{
    struct parent p = {.state = s};

    log_set("parent", LOG_INFO);
    for (int i = 0; i < N_ROLES; i++)
        p.children[i].fd = -1;
    p.pair.n_vault_pipes = io_threads() + FRONT_EXTRA_PIPES;
    TRY(state_claim(s, &p.pair.claim_fd, e));
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* what a killed role leaves behind is reaped here, not by the host */
    TRY(harden_parent(e));
    TRY(catch_signals(&p.signal_fd, e));
    TRY(open_sockets(&p, s, listen.n ? listen : s->listen, a, e));
    while (!p.asked && !p.gave_up) {
        mend(&p);
        listen_until(&p, enforce(&p));
    }
    stop(&p);
    return p.gave_up ? oops(e, 0, "the roles keep dying: giving up") : OK;
}

res parent_serve(struct state *s, str listen, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    res r = serve(s, listen, a, e);

    arena_free(a);
    return r;
}
