/* SPDX-License-Identifier: MIT */
/* A real warden on a run folder of its own, a plan to change, and sockets inside the namespaces it made. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_RIG_H
#define BARMKIN_TESTS_UNIT_WARDEN_RIG_H
#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "warden/warden.h"

enum { SHORT_MS = 250, LONG_MS = 3000, RIG_PATH = 512 };
#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

struct rig {
    char tag[7], root[64], fault[96];
    pid_t pid;
    struct warden_client *client;
    int home;       /* the test's own network namespace */
    char state[64]; /* a state folder; empty: no volumes and sandboxes */
    int vault;      /* the pipe that stands for vault's, warden's end; 0: none */
};

/* --- the warden --------------------------------------------------------------------------------------------------- */

static inline void rig_program(char *out, size_t cap)
{
    char self[RIG_PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(n > 0);
    self[n] = '\0';
    char *tests = strstr(self, "/tests/unit/");
    assert_non_null(tests);
    *tests = '\0';
    assert_true(snprintf(out, cap, "%s/barmkin-warden", self) < (int)cap);
}

/* Starts one; its end of the pipe is its only descriptor beside the standard ones. */
static inline pid_t rig_spawn(const struct rig *r, int pipe_fd)
{
    char program[RIG_PATH];

    rig_program(program, sizeof program);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int high_front = fcntl(pipe_fd, F_DUPFD, 256), high_vault = r->vault ? fcntl(r->vault, F_DUPFD, 256) : -1;
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        dup2(high_front, 3);
        if (high_vault >= 0)
            dup2(high_vault, 4);
        close(high_front);
        close(high_vault);
        const char *const argv[] = {program,  "--tag",
                                    r->tag,   "--front",
                                    "3",      "--run-root",
                                    r->root,  "--fault-file",
                                    r->fault, r->state[0] ? "--state" : NULL,
                                    r->state, r->vault ? "--vault" : NULL,
                                    "4",      NULL};
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

static inline void rig_start(struct rig *r, warden_on_event *on_event, void *arg)
{
    int pipe_fds[2];
    struct err e = {0};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_fds), 0);
    r->pid = rig_spawn(r, pipe_fds[1]);
    close(pipe_fds[1]);
    r->client = warden_client_new(pipe_fds[0], on_event, arg);
    if (!is_ok(warden_ping(r->client, &e)))
        fail_msg("warden does not answer: %s", e.what);
}

/* Waits for the role's end; its exit status, or 1000 + the signal. */
static inline int rig_wait(struct rig *r)
{
    int status;

    for (int i = 0; i < 1000; i++, usleep(10000))
        if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
            r->pid = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        }
    fail_msg("warden does not end");
    return -1;
}

static inline int rig_stop(struct rig *r)
{
    warden_client_free(r->client);
    r->client = NULL;
    return r->pid ? rig_wait(r) : 0;
}

static inline void rig_init(struct rig *r)
{
    *r = (struct rig){.home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    snprintf(r->root, sizeof r->root, "/run/barmkin-test.XXXXXX");
    assert_non_null(mkdtemp(r->root));
    snprintf(r->tag, sizeof r->tag, "%06x", (unsigned)getpid() & 0xffffff);
    snprintf(r->fault, sizeof r->fault, "%s/fault", r->root);
}

static inline int rig_entries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);

    for (struct dirent *f; d && (f = readdir(d));)
        n += f->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* Whatever of this TAG is left: files and mounts below the run folder, links in the host's namespace. */
static inline int rig_leftovers(const struct rig *r)
{
    char line[1024], path[RIG_PATH];
    int n = rig_entries(r->root);

    snprintf(path, sizeof path, "%s/", r->root);
    FILE *f = fopen("/proc/self/mountinfo", "re");
    while (f && fgets(line, sizeof line, f))
        n += strstr(line, path) != NULL;
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "bk%s", r->tag);
    f = fopen("/proc/net/dev", "re");
    while (f && fgets(line, sizeof line, f))
        n += strstr(line, path) != NULL;
    if (f)
        fclose(f);
    return n;
}

static inline void rig_done(struct rig *r)
{
    if (r->client)
        rig_stop(r);
    unlink(r->fault);
    int left = rig_leftovers(r);
    rmdir(r->root);
    close(r->home);
    assert_int_equal(left, 0);
}

/* --- the plan: two subnets; a1, a2 in the first, a3 in the second, "lone" without rules -----------------------------
 */

enum { G_WORK, G_ENDPOINT, G_LONE, N_GROUPS };
enum { E_KMS, E_S3, N_ENDPOINTS };
enum { A1, A2, A3, LONE, KMS, N_INTERFACES };

struct test_plan {
    struct vpc_plan plan;
    struct plan_prefix cidr, s3;
    struct plan_subnet subnets[2];
    struct plan_group groups[N_GROUPS];
    struct plan_rule rules[8];
    struct plan_interface interfaces[N_INTERFACES];
    struct plan_endpoint endpoints[N_ENDPOINTS];
};

static inline struct message_id an_id(const char *prefix, unsigned vpc, unsigned n)
{
    struct message_id id = {{0}};

    snprintf(id.z, sizeof id.z, "%s%09x%08x", prefix, vpc, n);
    return id;
}

static inline struct plan_interface an_interface(unsigned vpc, unsigned n, uint32_t addr, uint16_t subnet,
                                                 uint16_t group)
{
    return (struct plan_interface){.id = an_id("eni-", vpc, n),
                                   .addr = addr,
                                   .subnet = subnet,
                                   .endpoint = n == KMS ? E_KMS : PLAN_NONE,
                                   .kind = n == KMS ? PLAN_ENDPOINT : PLAN_WORKLOAD,
                                   .n_groups = 1,
                                   .groups = {group}};
}

/* Workloads talk to each other on TCP 8000 and UDP 8000, and to the endpoint; egress is open; lone has no rule at all.
 */
static inline void plan_make(struct test_plan *t, unsigned vpc)
{
    *t = (struct test_plan){
        .cidr = {IP(10, 0, 0, 0), 16},
        .s3 = {IP(52, 216, 0, 0), 15},
        .subnets = {{{IP(10, 0, 1, 0), 24}, IP(10, 0, 1, 1), E_S3, 0},
                    {{IP(10, 0, 2, 0), 24}, IP(10, 0, 2, 1), PLAN_NONE, 0}},
        .groups = {{0, 4}, {4, 1}, {5, 0}},
        .rules = {{PLAN_INGRESS, PLAN_PROTO_TCP, PLAN_PEER_GROUP, 0, 8000, 8000, {0, 0}, G_WORK, 0},
                  {PLAN_INGRESS, PLAN_PROTO_UDP, PLAN_PEER_PREFIX, 0, 8000, 8000, {IP(10, 0, 0, 0), 16}, 0, 0},
                  {PLAN_INGRESS, PLAN_PROTO_ICMP, PLAN_PEER_GROUP, 0, 8, PLAN_NONE, {0, 0}, G_WORK, 0},
                  {PLAN_EGRESS, PLAN_PROTO_ALL, PLAN_PEER_PREFIX, 0, 0, 0, {0, 0}, 0, 0},
                  {PLAN_INGRESS, PLAN_PROTO_TCP, PLAN_PEER_GROUP, 0, 443, 443, {0, 0}, G_WORK, 0}},
        .interfaces = {an_interface(vpc, A1, IP(10, 0, 1, 11), 0, G_WORK),
                       an_interface(vpc, A2, IP(10, 0, 1, 12), 0, G_WORK),
                       an_interface(vpc, A3, IP(10, 0, 2, 13), 1, G_WORK),
                       an_interface(vpc, LONE, IP(10, 0, 1, 14), 0, G_LONE),
                       an_interface(vpc, KMS, IP(10, 0, 1, 20), 0, G_ENDPOINT)},
        .endpoints = {{an_id("vpce-", vpc, 0), 0, PLAN_INTERFACE_ENDPOINT, 0},
                      {an_id("vpce-", vpc, 1), 7, PLAN_GATEWAY_ENDPOINT, 0}},
    };
    t->plan = (struct vpc_plan){.id = an_id("vpc-", vpc, 0),
                                .generation = 1,
                                .resolver = IP(10, 0, 0, 2),
                                .n_cidrs = 1,
                                .n_s3_prefixes = 1,
                                .n_subnets = 2,
                                .n_groups = N_GROUPS,
                                .n_rules = 5,
                                .n_interfaces = N_INTERFACES,
                                .n_endpoints = N_ENDPOINTS};
    t->plan.cidrs = &t->cidr;
    t->plan.s3_prefixes = &t->s3;
    t->plan.subnets = t->subnets;
    t->plan.groups = t->groups;
    t->plan.rules = t->rules;
    t->plan.interfaces = t->interfaces;
    t->plan.endpoints = t->endpoints;
}

static inline void apply(struct rig *r, const struct test_plan *t)
{
    struct err e = {0};

    if (!is_ok(warden_vpc_apply(r->client, &t->plan, &e)))
        fail_msg("%s", e.what);
}

/* --- sockets inside ------------------------------------------------------------------------------------------------
 */

/* A socket of the namespace of an interface or VPC; `id` NULL is the test's own. Only this thread moves. */
static inline int socket_at(const struct rig *r, const struct message_id *id, int type)
{
    char path[RIG_PATH];

    if (!id)
        return socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(path, sizeof path, "%s/%s/netns/%s", r->root, r->tag, id->z);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(ns >= 0);
    assert_int_equal(setns(ns, CLONE_NEWNET), 0);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(setns(r->home, CLONE_NEWNET), 0);
    close(ns);
    assert_true(fd >= 0);
    return fd;
}

static inline struct sockaddr_in addr_of(uint32_t addr, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static inline int listen_at(const struct rig *r, const struct message_id *id, int type, uint32_t addr, uint16_t port)
{
    int fd = socket_at(r, id, type), yes = 1;
    struct sockaddr_in a = addr_of(addr, port);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static inline bool readable(int fd, int ms)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, ms) == 1;
}

/* Waits for a connection under way: 0, the errno, or ETIMEDOUT. */
static inline int connected(int fd, int ms)
{
    int why = 0;
    socklen_t n = sizeof why;

    if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, ms) != 1)
        return ETIMEDOUT;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n);
    return why;
}

static inline int dial_fd(int fd, uint32_t addr, uint16_t port, int ms)
{
    struct sockaddr_in to = addr_of(addr, port);

    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        return errno;
    return connected(fd, ms);
}

/* 0 if a TCP connection from there to addr:port comes up, else why not. */
static inline int dial(const struct rig *r, const struct message_id *from, uint32_t addr, uint16_t port, int ms)
{
    int fd = socket_at(r, from, SOCK_STREAM);
    int why = dial_fd(fd, addr, port, ms);

    close(fd);
    return why;
}

static inline int skip_unless_root(void)
{
    if (geteuid() == 0)
        return 0;
    print_message("skipped: needs root, for network namespaces\n");
    return 1;
}

static inline int run(const char *const argv[])
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    return status;
}

#endif
