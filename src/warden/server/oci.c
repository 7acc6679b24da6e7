/* SPDX-License-Identifier: MIT */
/* config.json by hand: no value in it ever came from a client, so there is nothing to escape, only to check. */
#include "warden/server/oci.h"

#include <stdio.h>

#include "warden/server/files.h"
#include "warden/server/seccomp_list.h"

static bool path_is_plain(const char *z)
{
    str s = str_z(z);

    return str_starts(s, S("/")) && str_search(s, S("/../")) < 0 &&
           str_all(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");
}

static bool name_below_is_plain(const char *z)
{
    char path[PATH_BYTES];

    return snprintf(path, sizeof path, "/%s", z) < (int)sizeof path && path_is_plain(path);
}

static void add_bind(struct buf *b, const char *from, const char *to, const char *options)
{
    if (from)
        buf_printf(b, ",{\"destination\":\"%s\",\"type\":\"bind\",\"source\":\"%s\",\"options\":[\"bind\",%s]}", to,
                   from, options);
}

static void add_shares(struct buf *b, const struct oci_spec *s, const char *readonly, const char *writable)
{
    char to[PATH_BYTES];

    for (size_t i = 0; i < s->n_shares; i++) {
        snprintf(to, sizeof to, "/opt/ml/%s", s->shares[i].at);
        add_bind(b, s->shares[i].from, to, s->shares[i].read_only ? readonly : writable);
    }
}

static void add_mounts(struct buf *b, const struct oci_spec *s)
{
    static const char readonly[] = "\"ro\",\"nosuid\",\"nodev\"", writable[] = "\"rw\",\"nosuid\",\"nodev\"";

    buf_add_z(b, "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
                 "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
                 "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
                 "\"options\":[\"nosuid\",\"noexec\",\"mode=755\",\"size=64k\"]}");
    buf_printf(b,
               ",{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
               "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=%um\"]}"
               ",{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
               "\"options\":[\"nosuid\",\"nodev\",\"mode=1777\",\"size=%um\"]}",
               s->tmp_mib, s->tmp_mib);
    add_bind(b, s->data, "/opt/ml", writable);
    add_shares(b, s, readonly, writable);
    add_bind(b, s->init, "/sandbox-init", readonly);
    add_bind(b, s->hosts, "/etc/hosts", readonly);
    add_bind(b, s->resolv_conf, "/etc/resolv.conf", readonly);
    add_bind(b, s->ca_file, "/etc/ssl/certs/ca-certificates.crt", readonly);
    buf_add_z(b, "],");
}

static void add_process(struct buf *b, const struct oci_spec *s)
{
    buf_printf(b,
               "\"process\":{\"terminal\":false,\"user\":{\"uid\":0,\"gid\":0,\"umask\":18},"
               "\"args\":[\"/sandbox-init\"],\"env\":[],\"cwd\":\"/\",\"noNewPrivileges\":true,"
               "\"capabilities\":{\"bounding\":[],\"effective\":[],\"permitted\":[],\"inheritable\":[],\"ambient\":[]},"
               "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":%u,\"soft\":%u},"
               "{\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0}],\"oomScoreAdj\":500},",
               s->nofile, s->nofile);
}

static void add_limits(struct buf *b, const struct oci_spec *s)
{
    unsigned long long bytes = (unsigned long long)s->memory_mib << 20;

    buf_printf(b,
               "\"cgroupsPath\":\"%s\",\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],"
               "\"memory\":{\"limit\":%llu",
               s->cgroup, bytes);
    if (s->limit_swap)
        buf_printf(b, ",\"swap\":%llu", bytes);
    buf_printf(b, "},\"pids\":{\"limit\":%u}", s->pids_max);
    if (s->cpu_shares || s->cpu_quota_us) {
        buf_printf(b, ",\"cpu\":{\"shares\":%u", s->cpu_shares ? s->cpu_shares : 1024);
        if (s->cpu_quota_us)
            buf_printf(b, ",\"quota\":%u,\"period\":100000", s->cpu_quota_us);
        buf_add_z(b, "}");
    }
    buf_add_z(b, "},");
}

static void add_linux(struct buf *b, const struct oci_spec *s)
{
    buf_printf(
        b,
        "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"}"
        ",{\"type\":\"user\"},{\"type\":\"cgroup\"},{\"type\":\"network\",\"path\":\"%s\"}],",
        s->netns);
    buf_printf(b,
               "\"uidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":%u}],"
               "\"gidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":%u}],",
               s->uid_base, s->uid_count, s->uid_base, s->uid_count);
    add_limits(b, s);
    buf_add_z(b,
              "\"rootfsPropagation\":\"private\","
              "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
              "\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/proc/scsi\",\"/sys/firmware\"],"
              "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"],"
              "\"seccomp\":");
    seccomp_list_add(b);
    buf_add_z(b, "}");
}

res oci_config_add(struct buf *b, const struct oci_spec *s, struct err *e)
{
    const char *const paths[] = {s->rootfs, s->netns, s->data, s->init, s->hosts, s->resolv_conf, s->cgroup};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!path_is_plain(paths[i]))
            return oops(e, 0, "a sandbox's path is not plain: %s", paths[i] ? paths[i] : "(none)");
    if (s->ca_file && !path_is_plain(s->ca_file))
        return oops(e, 0, "a sandbox's path is not plain: %s", s->ca_file);
    for (size_t i = 0; i < s->n_shares; i++)
        if (!path_is_plain(s->shares[i].from) || !name_below_is_plain(s->shares[i].at))
            return oops(e, 0, "a shared folder's path is not plain: %s", s->shares[i].at);
    buf_add_z(b, "{\"ociVersion\":\"1.0.2\",");
    add_process(b, s);
    buf_printf(b, "\"root\":{\"path\":\"%s\",\"readonly\":true},\"hostname\":\"algo-1\",", s->rootfs);
    add_mounts(b, s);
    add_linux(b, s);
    buf_add_z(b, "}");
    return b->full ? oops(e, 0, "a sandbox's configuration is too long") : OK;
}
