/* SPDX-License-Identifier: MIT */
/* barmkin-warden: the role that touches the kernel. Started by barmkin's parent with its pipes; ends when they do. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/cleanup.h"
#include "warden/server/serve.h"

enum { ROLE_BYTES_MAX = 64 * 1024 * 1024, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: barmkin-warden --tag TAG --front FD [--vault FD] [--lifeline FD] [--state DIR] [--run-root DIR]\n"
    "                      [--uid-base N] [--fault-file PATH]\n"
    "Started by `barmkin serve`; not meant to be run by hand.\n";

static bool number(const char *text, uint64_t max, uint64_t *out)
{
    return str_to_u64(str_z(text), out) && *out <= max;
}

static bool option(struct warden *w, int name, const char *value)
{
    uint64_t n = 0;

    switch (name) {
    case 't':
        str_to_z(str_z(value), w->tag, sizeof w->tag);
        return strspn(value, "0123456789abcdef") == 6 && value[6] == '\0';
    case 'f':
        w->front = number(value, 1 << 20, &n) ? (int)n : -1;
        return w->front >= 0;
    case 'v':
        w->vault = number(value, 1 << 20, &n) ? (int)n : -1;
        return w->vault >= 0;
    case 'l':
        w->lifeline = number(value, 1 << 20, &n) ? (int)n : -1;
        return w->lifeline >= 0;
    case 'u':
        w->uid_base = number(value, UINT32_MAX, &n) ? (uint32_t)n : 0;
        return w->uid_base > 0;
    case 's':
        str_to_z(str_z(value), w->state_dir, sizeof w->state_dir);
        return value[0] == '/' && str_z(value).n < sizeof w->state_dir - 64;
    case 'r':
        str_to_z(str_z(value), w->run_root, sizeof w->run_root);
        return value[0] == '/' && str_z(value).n < sizeof w->run_root - 64;
    case 'x':
        str_to_z(str_z(value), w->fault_file, sizeof w->fault_file);
        return str_z(value).n < sizeof w->fault_file;
    default:
        return false;
    }
}

static bool options(struct warden *w, int argc, char **argv)
{
    static const struct option names[] = {
        {"tag", required_argument, NULL, 't'},
        {"front", required_argument, NULL, 'f'},
        {"vault", required_argument, NULL, 'v'},
        {"lifeline", required_argument, NULL, 'l'},
        {"uid-base", required_argument, NULL, 'u'},
        {"state", required_argument, NULL, 's'},
        {"run-root", required_argument, NULL, 'r'},
        {"fault-file", required_argument, NULL, 'x'},
        {NULL, 0, NULL, 0},
    };
    int name;

    while ((name = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (!option(w, name, optarg ? optarg : ""))
            return false;
    return optind == argc && w->tag[0] && w->front >= 0;
}

static res make_dir(const char *path, mode_t mode, struct err *e)
{
    struct stat st;

    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return oops(e, errno, "making %s: %s", path, strerror(errno));
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return oops(e, 0, "%s is not a folder of ours", path);
    if (chmod(path, mode) != 0)
        return oops(e, errno, "setting the mode of %s: %s", path, strerror(errno));
    return OK;
}

res run_dir_make(struct warden *w, const char *name, char *out, struct err *e)
{
    if (snprintf(out, WARDEN_PATH_BYTES, "%s/%s", w->run_dir, name) >= WARDEN_PATH_BYTES)
        return oops(e, ENAMETOOLONG, "the path of %s is too long", name);
    return make_dir(out, 0700, e);
}

res warden_make_run_dir(struct warden *w, struct err *e)
{
    char path[WARDEN_PATH_BYTES + 8], boot[37];

    /* A sandbox's own user walks through to its image and volume; it can list neither folder. */
    TRY(make_dir(w->run_dir, 0711, e));
    TRY(cleanup_boot_id(boot, e));
    snprintf(path, sizeof path, "%s/boot", w->run_dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    ssize_t n = fd < 0 ? -1 : write(fd, boot, sizeof boot - 1);
    if (fd >= 0)
        close(fd);
    return n == sizeof boot - 1 ? OK : oops(e, errno, "writing %s", path);
}

static void on_signal(struct warden *w, int fd, void *arg)
{
    struct signalfd_siginfo info;

    (void)arg;
    if (read(fd, &info, sizeof info) == sizeof info)
        w->ending = true;
}

/* SIGTERM ends the role in order; the terminal's signals are the parent's business. */
static res watch_signals(struct warden *w, struct err *e)
{
    sigset_t term;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    int fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return oops(e, errno, "no signal descriptor: %s", strerror(errno));
    warden_watch(w, fd, on_signal, NULL);
    return OK;
}

/* Volume keys pass through this memory. */
static void harden(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
#ifndef BARMKIN_SANITIZE
    prctl(PR_SET_DUMPABLE, 0);
#endif
    umask(077);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
}

static res prepare(struct warden *w, struct err *e)
{
    ssize_t n = readlink("/proc/self/exe", w->bin_dir, sizeof w->bin_dir - 1);
    ptrdiff_t slash = n > 0 ? str_rfind(str_n(w->bin_dir, (size_t)n), '/') : -1;

    if (slash < 0)
        return oops(e, errno, "finding our own folder");
    w->bin_dir[slash] = '\0';
    snprintf(w->run_dir, sizeof w->run_dir, "%.*s/%s", WARDEN_PATH_BYTES - 8, w->run_root, w->tag);
    w->host_netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->host_netns < 0 || w->epoll < 0)
        return oops(e, errno, "opening what the role needs: %s", strerror(errno));
    TRY(make_dir(w->run_root, 0711, e));
    w->lock = cleanup_lock(w->run_root, w->tag);
    if (w->lock < 0)
        return oops(e, 0, "another warden serves %s", w->run_dir);
    cleanup_tag(w->run_root, w->tag);
    cleanup_other_boots(w->run_root);
    TRY(warden_make_run_dir(w, e));
    return watch_signals(w, e);
}

int main(int argc, char **argv)
{
    struct warden w = {.front = -1, .vault = -1, .lifeline = -1, .host_netns = -1, .lock = -1, .epoll = -1};
    char path[WARDEN_PATH_BYTES + 16];
    struct err e = {0};

    log_set("warden", LOG_INFO);
    str_to_z(S("/run/barmkin"), w.run_root, sizeof w.run_root);
    if (!options(&w, argc, argv)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        log_error("the warden role must be root");
        return EXIT_USAGE;
    }
    harden();
    w.arena = arena_new(ROLE_BYTES_MAX);
    res r = prepare(&w, &e);
    if (is_ok(r))
        r = warden_serve(&w, &e);
    if (!is_ok(r))
        log_error("%s", e.what);
    if (w.lock >= 0) {
        snprintf(path, sizeof path, "%s/%s.lock", w.run_root, w.tag);
        unlink(path);
        close(w.lock);
    }
    arena_free(w.arena);
    return is_ok(r) ? w.status : 1;
}
