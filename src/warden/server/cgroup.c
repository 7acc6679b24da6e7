/* SPDX-License-Identifier: MIT */
/* Cgroups by their files. crun makes and fills a container's; warden counts OOM kills, makes the agents', removes all.
 */
#include "warden/server/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "warden/server/files.h"
#include "warden/server/server.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static bool is_v2(const char *path)
{
    struct statfs s;

    return statfs(path, &s) == 0 && s.f_type == CGROUP2_SUPER_MAGIC;
}

enum cgroup_kind cgroup_detect(void)
{
    struct stat st;

    if (is_v2(CGROUP_ROOT))
        return CGROUP_V2;
    if (stat(CGROUP_ROOT "/memory/tasks", &st) < 0)
        return CGROUP_NONE;
    return is_v2(CGROUP_ROOT "/unified") ? CGROUP_HYBRID : CGROUP_V1;
}

bool cgroup_limits_swap(enum cgroup_kind kind)
{
    return kind == CGROUP_V2 || access(CGROUP_ROOT "/memory/memory.memsw.limit_in_bytes", F_OK) == 0;
}

uint64_t cgroup_oom_kills(enum cgroup_kind kind, const char *tag, const char *id)
{
    char path[PATH_BYTES], text[1024];
    uint64_t n = 0;
    bool v2 = kind == CGROUP_V2;

    if (!is_ok(path_put(path, NULL, CGROUP_ROOT "%s/barmkin-%s/%s/%s", v2 ? "" : "/memory", tag, id,
                        v2 ? "memory.events" : "memory.oom_control")) ||
        file_read(path, text, sizeof text) <= 0)
        return 0;
    str rest = str_z(text);
    while (str_is(rest)) {
        str line = str_cut(&rest, '\n');
        if (str_starts(line, S("oom_kill ")))
            str_to_u64(str_from(line, 9), &n);
    }
    return n;
}

/* Calls fn with each hierarchy's mount point. */
static void each_hierarchy(enum cgroup_kind kind, void (*fn)(const char *top, void *ctx), void *ctx)
{
    char top[PATH_BYTES];
    DIR *d = kind == CGROUP_V2 ? NULL : opendir(CGROUP_ROOT);

    if (kind == CGROUP_V2)
        fn(CGROUP_ROOT, ctx);
    for (struct dirent *de; d && (de = readdir(d));)
        if (de->d_type == DT_DIR && de->d_name[0] != '.' && is_ok(path_put(top, NULL, CGROUP_ROOT "/%s", de->d_name)))
            fn(top, ctx);
    if (d)
        closedir(d);
}

struct place {
    const char *tag, *id;
};

static void remove_in(const char *top, void *ctx)
{
    const struct place *p = ctx;
    char dir[PATH_BYTES];

    if (is_ok(path_put(dir, NULL, "%s/barmkin-%s%s%s", top, p->tag, *p->id ? "/" : "", p->id)) &&
        access(dir, F_OK) == 0)
        cgroup_destroy(dir);
}

void cgroup_remove(enum cgroup_kind kind, const char *tag, const char *id)
{
    struct place p = {tag, id};

    if (kind != CGROUP_NONE)
        each_hierarchy(kind, remove_in, &p);
}

static res put(const char *dir, const char *file, const char *text, struct err *e)
{
    char path[PATH_BYTES];

    TRY(path_put(path, e, "%s/%s", dir, file));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return oops(e, errno, "cannot open %s", path);
    res r = write_all(fd, text, strnlen(text, 64), e);
    close(fd);
    return r;
}

static res enter_one(const char *top, const struct place *p, const char *limit_file, const char *limit, int pid,
                     struct err *e)
{
    char dir[PATH_BYTES], number[24];

    TRY(path_put(dir, e, "%s/barmkin-%s", top, p->tag));
    TRY(dir_make(dir, 0755, e));
    if (is_v2(top)) {
        TRY(put(top, "cgroup.subtree_control", "+memory +pids", e));
        TRY(put(dir, "cgroup.subtree_control", "+memory +pids", e));
    }
    TRY(path_put(dir, e, "%s/barmkin-%s/%s", top, p->tag, p->id));
    TRY(dir_make(dir, 0755, e));
    snprintf(number, sizeof number, "%d", pid);
    TRY(put(dir, limit_file, limit, e));
    return put(dir, "cgroup.procs", number, e);
}

res cgroup_enter(enum cgroup_kind kind, const char *tag, const char *id, int pid, uint32_t memory_mib,
                 uint32_t pids_max, struct err *e)
{
    struct place p = {tag, id};
    char bytes[24], pids[24];

    snprintf(bytes, sizeof bytes, "%" PRIu64, (uint64_t)memory_mib << 20);
    snprintf(pids, sizeof pids, "%u", pids_max);
    if (kind == CGROUP_NONE)
        return oops(e, 0, "this machine has no memory cgroups: no sandbox can be limited");
    if (kind == CGROUP_V2) {
        TRY(enter_one(CGROUP_ROOT, &p, "memory.max", bytes, pid, e));
        return enter_one(CGROUP_ROOT, &p, "pids.max", pids, pid, e);
    }
    TRY(enter_one(CGROUP_ROOT "/memory", &p, "memory.limit_in_bytes", bytes, pid, e));
    return enter_one(CGROUP_ROOT "/pids", &p, "pids.max", pids, pid, e);
}

static res put_in(enum cgroup_kind kind, const char *controller, const struct place *p, const char *file,
                  uint64_t value, struct err *e)
{
    char dir[PATH_BYTES], number[24];

    TRY(path_put(dir, e, CGROUP_ROOT "%s/barmkin-%s/%s", kind == CGROUP_V2 ? "" : controller, p->tag, p->id));
    snprintf(number, sizeof number, "%" PRIu64, value);
    return put(dir, file, number, e);
}

/* crun's own conversion from shares to v2's weight. */
static uint64_t weight_of(uint32_t shares)
{
    return 1 + ((uint64_t)shares - 2) * 9999 / 262142;
}

res cgroup_grow(enum cgroup_kind kind, const char *tag, const char *id, uint32_t memory_mib, uint32_t cpu_shares,
                struct err *e)
{
    struct place p = {tag, id};
    uint64_t bytes = (uint64_t)memory_mib << 20;
    uint32_t shares = cpu_shares ? cpu_shares : 1024;

    if (kind == CGROUP_V2) {
        TRY(put_in(kind, "", &p, "memory.max", bytes, e));
        return put_in(kind, "", &p, "cpu.weight", weight_of(shares), e);
    }
    /* The sum with swap must never be the smaller one. */
    if (cgroup_limits_swap(kind))
        TRY(put_in(kind, "/memory", &p, "memory.memsw.limit_in_bytes", bytes, e));
    TRY(put_in(kind, "/memory", &p, "memory.limit_in_bytes", bytes, e));
    return put_in(kind, "/cpu", &p, "cpu.shares", shares, e);
}
