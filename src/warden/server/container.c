/* SPDX-License-Identifier: MIT */
/* Containers: a folder, a read-only view of the image, a configuration, and crun. crun is gone once the container
 * runs; sandbox-init stays, as a child of warden, with a socket to it. */
#include "warden/server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/lease.h"
#include "warden/server/network.h"
#include "warden/server/oci.h"
#include "warden/server/volume.h"

enum { CONFIG_MAX = 64 * 1024, NOFILE_WANTED = 65536, LIFELINE_FD = 3, LOCK_FD = 4 };

/* The image as this sandbox sees it: read-only, no devices, no setuid, under a path of our own making. */
static res mount_image(const char *from, const char *to, struct err *e)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    int tree = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (tree < 0)
        return oops(e, errno, "cannot open the image %s", from);
    res r = OK;
    if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0 ||
        move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        r = oops(e, errno, "cannot mount the image %s", from);
    close(tree);
    return r;
}

/* Of the state folder, or one that ships beside the programs. */
static res image_find(const struct warden *w, const char *name, char dst[PATH_BYTES], struct err *e)
{
    struct stat st;

    if (!name_is_safe(name))
        return reject(e, "an image's name is 1 to 63 letters, digits, '-' or '_'");
    TRY(path_put(dst, e, "%s/images/%s/rootfs", w->state_dir, name));
    if (stat(dst, &st) == 0 && S_ISDIR(st.st_mode))
        return OK;
    TRY(path_put(dst, e, "%s/images/%s/rootfs", w->bin_dir, name));
    if (stat(dst, &st) == 0 && S_ISDIR(st.st_mode))
        return OK;
    return reject(e, "there is no image %s", name);
}

static void ip_text(uint32_t ip, char dst[16])
{
    snprintf(dst, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

/* By the DHCP options of the interface's VPC. */
static void resolv_text(struct warden *w, const struct message_id *eni, uint32_t resolver_ip, struct buf *out)
{
    struct plan_dhcp dhcp = {{0}, {0}};
    char server[16];

    (void)vpc_dhcp_of(w, eni, &dhcp);
    if (!dhcp.servers[0])
        dhcp.servers[0] = resolver_ip;
    for (size_t i = 0; i < sizeof dhcp.servers / sizeof *dhcp.servers && dhcp.servers[i]; i++) {
        ip_text(dhcp.servers[i], server);
        buf_printf(out, "nameserver %s\n", server);
    }
    if (dhcp.search[0])
        buf_printf(out, "search %s\n", dhcp.search);
    buf_add_z(out, "options timeout:2 attempts:3\n");
}

struct names { /* whose: an interface that is none has neither address nor resolver */
    const struct message_id *eni;
    uint32_t own_ip, resolver_ip;
    char hosts[PATH_BYTES], resolv[PATH_BYTES];
};

/* Files that are mounted into a sandbox already must stay the same ones. */
static res write_name(const char *path, str text, bool anew, struct err *e)
{
    return anew ? file_write(path, text, 0644, e) : file_rewrite(path, text, e);
}

static res write_names(struct warden *w, const struct sandbox *s, struct names *m, bool anew, struct err *e)
{
    char text[256], own[16];
    struct buf b;

    ip_text(m->own_ip, own);
    TRY(path_put(m->hosts, e, "%s/hosts", s->box));
    TRY(path_put(m->resolv, e, "%s/resolv.conf", s->box));
    snprintf(text, sizeof text, "127.0.0.1 localhost\n%s algo-1\n", own);
    TRY(write_name(m->hosts, str_z(text), anew, e));
    buf_init(&b, 1024);
    resolv_text(w, m->eni, m->resolver_ip, &b);
    res r = write_name(m->resolv, buf_str(&b), anew, e);
    buf_done(&b);
    return r;
}

res container_grow(struct sandbox *s, const struct sandbox_join *j, struct err *e)
{
    struct names m = {.eni = &j->eni, .own_ip = j->own_ip, .resolver_ip = j->resolver_ip};

    TRY(write_names(s->all->w, s, &m, false, e));
    return cgroup_grow(s->all->cgroups, s->all->w->tag, s->id, j->memory_mib, j->cpu_shares, e);
}

static uint32_t files_allowed(void)
{
    struct rlimit r;

    return getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max < NOFILE_WANTED ? (uint32_t)r.rlim_max : NOFILE_WANTED;
}

enum { BOX_SHARES_MAX = 20 }; /* SageMaker's channels of a job */

static size_t shares_of(const struct sandbox *s, struct oci_share v[BOX_SHARES_MAX])
{
    size_t n = 0;

    while (n < BOX_SHARES_MAX && volume_share_of(s->all->w->volumes, s->id, n, &v[n].from, &v[n].at, &v[n].read_only))
        n++;
    return n;
}

static res write_config(struct warden *w, const struct sandbox *s, const struct sandbox_start *m, struct err *e)
{
    char rootfs[PATH_BYTES], cgroup[PATH_BYTES], config[PATH_BYTES];
    struct names names = {.eni = &m->eni, .own_ip = m->own_ip, .resolver_ip = m->resolver_ip};
    struct oci_share shares[BOX_SHARES_MAX];
    struct oci_spec o = {.rootfs = rootfs,
                         .netns = s->netns,
                         .data = s->data,
                         .init = s->all->init,
                         .hosts = names.hosts,
                         .resolv_conf = names.resolv,
                         .ca_file = s->all->has_ca ? s->all->ca : NULL,
                         .cgroup = cgroup,
                         .shares = shares,
                         .n_shares = shares_of(s, shares),
                         .uid_base = s->uid_base,
                         .uid_count = LEASE_IDS,
                         .memory_mib = m->memory_mib,
                         .pids_max = m->pids_max,
                         .tmp_mib = m->tmp_mib,
                         .cpu_shares = m->cpu_shares,
                         .cpu_quota_us = m->cpu_quota_us,
                         .nofile = files_allowed(),
                         .limit_swap = cgroup_limits_swap(s->all->cgroups)};
    struct buf b;

    TRY(write_names(w, s, &names, true, e));
    TRY(path_put(rootfs, e, "%s/rootfs", s->box));
    TRY(path_put(config, e, "%s/config.json", s->box));
    TRY(path_put(cgroup, e, "/barmkin-%s/%s", s->all->w->tag, s->id));
    buf_init(&b, CONFIG_MAX);
    res r = oci_config_add(&b, &o, e);
    if (is_ok(r))
        r = file_write(config, buf_str(&b), 0600, e);
    buf_done(&b);
    return r;
}

static res prepare(struct sandbox *s, const struct sandbox_start *m, struct err *e)
{
    struct container_plan *p = &s->container_plan;
    char image[PATH_BYTES], rootfs[PATH_BYTES];

    TRY(image_find(s->all->w, m->image, image, e));
    TRY(dir_make(s->box, 0711, e));
    TRY(path_put(rootfs, e, "%s/rootfs", s->box));
    TRY(path_put(p->bundle, e, "%s", s->box));
    TRY(path_put(p->pid_file, e, "%s/pid", s->box));
    TRY(path_put(p->crun_log, e, "%s/crun.log", s->box));
    TRY(dir_make(rootfs, 0755, e));
    TRY(mount_image(image, rootfs, e));
    return write_config(s->all->w, s, m, e);
}

/* crun refuses hybrid machines as long as it sees the second tree: in a mount namespace of its own it does not. */
static bool hide_second_cgroup_tree(const struct sandbox *s)
{
    if (s->all->cgroups != CGROUP_HYBRID)
        return true;
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0;
}

static void crun_child(struct warden *w, void *arg)
{
    static char *const env[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    struct sandbox *s = arg;
    struct container_plan *p = &s->container_plan;
    const char *const argv[] = {"crun",
                                "--cgroup-manager=cgroupfs",
                                "--root",
                                s->all->crun_root,
                                "--log",
                                p->crun_log,
                                "run",
                                "--detach",
                                "--preserve-fds=1",
                                "--no-new-keyring",
                                "--pid-file",
                                p->pid_file,
                                "--bundle",
                                p->bundle,
                                s->id,
                                NULL};
    int log = fcntl(p->log, F_DUPFD, 16), lifeline = fcntl(p->lifeline, F_DUPFD, 16);
    int lock = fcntl(w->lock, F_DUPFD, 16); /* crun's as long as it is at work; the container does not get it */
    int empty[2]; /* standard input: crun gives its owner away, so it must not be a file of the host */

    umask(022);
    if (!hide_second_cgroup_tree(s) || log < 0 || lifeline < 0 || lock < 0 || pipe(empty) < 0 ||
        dup2(empty[0], 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || dup2(lifeline, LIFELINE_FD) < 0 ||
        dup2(lock, LOCK_FD) < 0 || close_range(LOCK_FD + 1, ~0U, 0) < 0) {
        _exit(126);
    }
    execvpe(argv[0], (char *const *)argv, env);
    _exit(127);
}

static void lifeline_ready(struct warden *w, int fd, void *arg);

static res container_found(struct sandbox *s, int status, struct err *e)
{
    char text[512];
    uint64_t pid;

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        ssize_t n = file_read(s->container_plan.crun_log, text, sizeof text);
        return oops(e, 0, "crun could not start a sandbox: %.200s", n > 0 ? text : "(no message)");
    }
    if (file_read(s->container_plan.pid_file, text, sizeof text) <= 0 || !str_to_u64(str_trim(str_z(text)), &pid))
        return oops(e, 0, "crun left no process id");
    s->container = pidfd_open((pid_t)pid, 0);
    /* ESRCH: ended and reaped already; the lifeline tells how. */
    return s->container < 0 && errno != ESRCH ? oops(e, errno, "cannot hold a sandbox's process") : OK;
}

static void container_started(struct warden *w, pid_t pid, int status, void *arg)
{
    struct sandbox *s = arg;
    struct err e = {0};

    (void)pid;
    s->starting = false;
    res r = container_found(s, status, &e);
    if (is_ok(r) && s->ending)
        r = reject(&e, "the sandbox was ended while it started");
    if (is_ok(r))
        warden_watch(w, s->lifeline, lifeline_ready, s);
    warden_reply_later(w, s->start_request, WARDEN_SANDBOX_START, r, &e, NULL, 0, &s->log, is_ok(r) ? 1 : 0);
    close(s->log);
    s->log = -1;
    if (is_ok(r))
        return;
    container_kill(s);
    container_remove(s);
    if (s->ending)
        sandbox_release(s);
}

res container_start(struct sandbox *s, const struct sandbox_start *m, struct err *e)
{
    struct container_plan *p = &s->container_plan;
    int out[2] = {-1, -1}, life[2] = {-1, -1};
    pid_t pid;

    s->told = false;
    s->container = -1;
    res r = prepare(s, m, e);
    if (is_ok(r) && (pipe2(out, O_CLOEXEC) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life) < 0))
        r = oops(e, errno, "cannot make a sandbox's pipes");
    s->log = out[0];
    s->lifeline = life[0];
    p->log = out[1];
    p->lifeline = life[1];
    if (is_ok(r))
        r = warden_fork(s->all->w, crun_child, s, container_started, &pid, e);
    if (out[1] >= 0)
        close(out[1]);
    if (life[1] >= 0)
        close(life[1]);
    s->starting = is_ok(r);
    if (!is_ok(r)) {
        if (s->log >= 0)
            close(s->log);
        s->log = -1;
        container_remove(s);
    }
    return r;
}

static void hear(struct sandbox *s, const char *text)
{
    int code, signal_no;

    if (sscanf(text, "x %d %d", &code, &signal_no) == 2) {
        s->told = true;
        s->code = code & 255;
        s->signal_no = signal_no & 127;
    }
}

/* sandbox-init told its end, or is gone. */
static void lifeline_ready(struct warden *w, int fd, void *arg)
{
    struct sandbox *s = arg;
    char text[64];
    ssize_t n = read(fd, text, sizeof text - 1);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        text[n] = 0;
        hear(s, text);
        return;
    }
    struct sandbox_exited m = {
        .sandbox = s->wire_id, .code = s->told ? s->code : 128 + SIGKILL, .signal = s->told ? s->signal_no : SIGKILL};
    m.oom_kills = (uint32_t)cgroup_oom_kills(s->all->cgroups, w->tag, s->id);
    container_remove(s);
    warden_event(w, WARDEN_EVENT_SANDBOX_EXITED, &m, sizeof m, NULL, 0);
}

void container_kill(struct sandbox *s)
{
    if (s->container >= 0)
        pidfd_send_signal(s->container, SIGKILL, NULL, 0);
}

void container_remove(struct sandbox *s)
{
    char path[PATH_BYTES];
    struct pollfd p = {.fd = s->container, .events = POLLIN};
    siginfo_t info;

    if (s->container >= 0) {
        poll(&p, 1, 2000); /* it ended or was killed: the kernel takes a moment for the rest of its namespace */
        waitid(P_PIDFD, (id_t)s->container, &info, WEXITED | WNOHANG); /* adopted from crun: nobody else reaps it */
        close(s->container);
    }
    if (s->lifeline >= 0) {
        warden_unwatch(s->all->w, s->lifeline);
        close(s->lifeline);
    }
    s->container = s->lifeline = -1;
    cgroup_remove(s->all->cgroups, s->all->w->tag, s->id);
    mounts_detach_below(s->box);
    tree_remove(s->box);
    if (is_ok(path_put(path, NULL, "%s/%s", s->all->crun_root, s->id)))
        tree_remove(path);
}
