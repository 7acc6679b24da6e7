/* SPDX-License-Identifier: MIT */
/* The OCI configuration of a sandbox: everything that crun is told, in one place. */
#ifndef BARMKIN_WARDEN_SERVER_OCI_H
#define BARMKIN_WARDEN_SERVER_OCI_H
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A folder of a file system: where warden shows it, and where below /opt/ml the sandbox sees it. */
struct oci_share {
    const char *from, *at;
    bool read_only;
};

/* Paths are warden's own: of letters, digits and -_./ only; anything else is an oops. */
struct oci_spec {
    const char *rootfs;      /* mounted already, read-only */
    const char *netns;       /* path of the interface's namespace */
    const char *data;        /* the volume's encrypted folder: /opt/ml */
    const char *init;        /* sandbox-init on the host: /sandbox-init */
    const char *hosts;       /* /etc/hosts */
    const char *resolv_conf; /* /etc/resolv.conf */
    const char *ca_file;     /* /etc/ssl/certs/ca-certificates.crt; NULL: none */
    const char *cgroup;      /* such as /barmkin-TAG/ID */
    const struct oci_share *shares;
    size_t n_shares;
    uint32_t uid_base, uid_count;
    uint32_t memory_mib, pids_max, tmp_mib;
    uint32_t cpu_shares, cpu_quota_us; /* quota in each 100 ms; 0: none */
    uint32_t nofile;
    bool limit_swap; /* to nothing beyond the memory */
};

res oci_config_add(struct buf *b, const struct oci_spec *s, struct err *e);

#endif
