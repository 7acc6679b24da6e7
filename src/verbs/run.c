/* SPDX-License-Identifier: MIT */
/* barmkin run, barmkin shell: a command or a person in a network of its own, behind a new interface of a VPC or in the
 * host's door. The server holds the interface for this process: it goes when the command ends, and also when this
 * process is killed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "verbs/run_room.h"
#include "verbs/verbs.h"

enum { CANNOT_RUN = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

static void add_member(struct buf *b, const char *name, str value)
{
    if (!value.n)
        return;
    buf_printf(b, "%c\"%s\":", b->n ? ',' : '{', name);
    buf_add_json_str(b, value);
}

static str hold_input(const struct options *o, const struct profile *p)
{
    struct buf b;
    str groups = o->security_group;

    buf_init(&b, 16 << 10);
    add_member(&b, "VpcId", o->vpc);
    add_member(&b, "SubnetId", o->subnet);
    if (p)
        add_member(&b, "AccessKeyId", p->access_key_id);
    if (groups.n) { /* several with commas between */
        buf_printf(&b, "%c\"SecurityGroupIds\":", b.n ? ',' : '{');
        for (bool first = true; str_is(groups); first = false) {
            buf_add_char(&b, first ? '[' : ',');
            buf_add_json_str(&b, str_cut(&groups, ','));
        }
        buf_add_char(&b, ']');
    }
    buf_add_z(&b, b.n ? "}" : "{}");
    str text = arena_dup(o->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

res held_take(const struct options *o, const struct profile *p, struct held *out, struct err *e)
{
    str answer;
    json_t *j;

    TRY(admin_call(o, "HoldInterface", hold_input(o, p), &answer, e));
    TRY(json_parse(o->arena, answer, e, &j));
    *out = (struct held){json_str_at(j, "InterfaceId"), json_str_at(j, "AccountId"), json_str_at(j, "Resolver"),
                         json_str_at(j, "Search"), (unsigned)json_integer_value(json_object_get(j, "Parent"))};
    return out->interface_id.n && out->resolver.n ? OK : oops(e, 0, "the server answered without an interface");
}

void held_release(const struct options *o, const struct held *h)
{
    struct err e = {0};
    str answer;
    struct buf b;

    buf_init(&b, 4096);
    add_member(&b, "InterfaceId", h->interface_id);
    add_member(&b, "AccountId", h->account_id);
    buf_add_char(&b, '}');
    if (!is_ok(admin_call(o, "ReleaseInterface", buf_str(&b), &answer, &e)))
        fprintf(stderr, "barmkin run: %.*s is released by the server: %s\n", FMT(h->interface_id), e.what);
    buf_done(&b);
}

/* ---- the command ---- */

static void become(const struct room *room, char **command, pid_t parent, const sigset_t *mask)
{
    struct err e = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(CANNOT_RUN);
    if (!is_ok(room_enter(room, &e))) {
        fprintf(stderr, "barmkin: %s%s%s\n", e.what, e.sys_errno ? ": " : "", e.sys_errno ? strerror(e.sys_errno) : "");
        _exit(CANNOT_RUN);
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(command[0], command);
    fprintf(stderr, "barmkin: %s: %s\n", command[0], strerror(errno));
    _exit(errno == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

/* Waits for the command; what others send to this process goes on to it. A terminal's own signals reach both. */
static int attend(pid_t child, const sigset_t *watched)
{
    siginfo_t info;
    int status = 0;

    for (;;) {
        int n = sigwaitinfo(watched, &info);
        if (n == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
        if (n > 0 && n != SIGCHLD && info.si_code <= 0)
            kill(child, n);
    }
}

static res run(const struct room *room, char **command, int *status, struct err *e)
{
    static const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};
    sigset_t watched, before;
    pid_t self = getpid();

    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(&watched, forwarded[i]);
    sigprocmask(SIG_BLOCK, &watched, &before);
    pid_t child = fork();
    if (child < 0)
        return oops(e, errno, "cannot start the command");
    if (child == 0)
        become(room, command, self, &before);
    *status = attend(child, &watched);
    return OK;
}

static int refuse(struct err *e, int status, const char *why)
{
    reject(e, "%s", why);
    return status;
}

/* The options' network, with the profile's rights (NULL: nobody's). Ends the process itself: the command's status may
 * be any, also those that mean something to the other verbs. */
static int run_held(struct options *o, const struct state *s, const struct profile *p, char **command, struct err *e)
{
    struct held h;
    int status = EXIT_FAILED;

    if (!is_ok(held_take(o, p, &h, e)))
        return strstr(e->what, "UnauthorizedOperation") || strstr(e->what, "not authorized") ? EXIT_DENY : EXIT_FAILED;
    struct room room = {s, h.interface_id, h.resolver, h.search, h.server, p, o->vpc, o->shell, o->arena};
    res r = run(&room, command, &status, e);
    held_release(o, &h);
    if (!is_ok(r))
        return EXIT_FAILED;
    fflush(NULL);
    _exit(status);
}

static int in_a_network(struct options *o, char **command, struct err *e)
{
    struct state s;
    struct profile p;

    if (geteuid() != 0)
        return refuse(e, EXIT_PRECONDITION, "it enters a network namespace, which needs root: use sudo");
    if ((o->vpc.n || o->security_group.n) && !o->subnet.n)
        return refuse(e, EXIT_USAGE, "--vpc needs --subnet");
    if (o->subnet.n && !o->profile.n)
        return refuse(e, EXIT_USAGE, "a VPC needs --profile: whose interface it is");
    if (!is_ok(state_load(arena_z(o->arena, options_state(o)), o->arena, &s, e)))
        return EXIT_NOT_FOUND;
    if (o->profile.n && !is_ok(profiles_read(&s, o->profile, o->arena, &p, e)))
        return EXIT_NOT_FOUND;
    return run_held(o, &s, o->profile.n ? &p : NULL, command, e);
}

int verb_run(struct options *o, struct err *e)
{
    if (!o->command || !o->command[0] || o->n_words)
        return EXIT_USAGE;
    return in_a_network(o, o->command, e);
}

/* ---- shell ---- */

/* bash reads the room's file, which shows the place in the prompt; other shells have PS1 from their environment. */
static void shell_command(char *command[5])
{
    const char *shell = getenv("SHELL");
    size_t n = 0;

    shell = shell && access(shell, X_OK) == 0 ? shell : access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
    command[n++] = (char *)(uintptr_t)shell;
    if (str_ends(str_z(shell), S("/bash"))) {
        command[n++] = "--rcfile";
        command[n++] = ROOM_BASHRC;
    } else {
        setenv("PS1", "(barmkin) $ ", 1);
    }
    if (isatty(STDIN_FILENO))
        command[n++] = "-i";
    command[n] = NULL;
}

int verb_shell(struct options *o, struct err *e)
{
    char *command[5];

    if (o->command || o->n_words)
        return EXIT_USAGE;
    if (!o->profile.n)
        o->profile = S("dev");
    o->shell = true;
    shell_command(command);
    if (isatty(STDIN_FILENO))
        fprintf(
            stderr,
            "Amazon's names lead to Barmkin in here, and nothing else is reachable. Profile: %.*s (AWS_PROFILE=NAME "
            "or --profile for another). `exit` leaves.\n",
            FMT(o->profile));
    return in_a_network(o, command, e);
}
