/* SPDX-License-Identifier: MIT */
/* Threads beyond the quota would only be throttled. */
#include "runtimes/xgboost/cpus.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"

static str read_small(const char *root, const char *path, char *dst, size_t cap)
{
    char whole[512];
    int fd;
    ssize_t n;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    fd = open(whole, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return STR_ABSENT;
    n = read(fd, dst, cap);
    close(fd);
    return n < 0 ? STR_ABSENT : str_trim(str_n(dst, (size_t)n));
}

static size_t quota(str microseconds, str period)
{
    uint64_t q, p;

    if (!str_to_u64(str_trim(microseconds), &q) || !str_to_u64(str_trim(period), &p) || !p)
        return SIZE_MAX; /* "max", -1 or absent: no quota */
    return q ? (size_t)((q + p - 1) / p) : 1;
}

size_t cpus_allowed(const char *root)
{
    char a[64], b[64];
    cpu_set_t set;
    size_t n = 1, limit;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = (size_t)CPU_COUNT(&set);
    str rest = read_small(root, "/sys/fs/cgroup/cpu.max", a, sizeof a), first = str_cut(&rest, ' ');
    limit = quota(first, rest);
    if (limit == SIZE_MAX)
        limit = quota(read_small(root, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", a, sizeof a),
                      read_small(root, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", b, sizeof b));
    return n < limit ? n : limit;
}
