/* SPDX-License-Identifier: MIT */
/* File systems of boxes. What stands for the mount of an NFS client: a connection from the box's interface to port 2049
 * of the mount target, which the kernel judges by the security groups of both; then warden shows the folder. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conductor/box_parts.h"
#include "warden/sandbox.h"

enum { NFS_PORT = 2049, REACH_MS = 5000, TRIES = 5, FILE_SYSTEM_MIB = 256 << 10 };

/* 0, the errno of a connection that came to nothing, or ETIMEDOUT. */
static int knock(struct house *h, const struct message_id *from, const struct message_id *to, uint32_t ip)
{
    struct err why = {0};
    int listener, client, wrong = 0;
    socklen_t n = sizeof wrong;

    if (!is_ok(warden_reach_in(h->warden, from, to, ip, NFS_PORT, &listener, &client, &why)))
        return why.sys_errno ? why.sys_errno : ENETUNREACH;
    if (poll(&(struct pollfd){.fd = client, .events = POLLOUT}, 1, REACH_MS) != 1)
        wrong = ETIMEDOUT;
    else if (getsockopt(client, SOL_SOCKET, SO_ERROR, &wrong, &n) != 0)
        wrong = errno;
    close(client);
    close(listener);
    return wrong;
}

/* Where two ask at once the kernel may give the one's connection to the other's listener, which then closes. */
static res reach(struct house *h, const struct box_plan *p, const struct box_share *s, struct err *e)
{
    struct message_id from, to;
    int wrong = ECONNRESET;

    TRY(warden_id(p->eni, "eni-", &from, e));
    TRY(warden_id(s->target, "eni-", &to, e));
    for (int i = 0; i < TRIES && (wrong == ECONNRESET || wrong == ECONNREFUSED); i++)
        wrong = knock(h, &from, &to, s->target_ip);
    if (wrong == ETIMEDOUT)
        return reject(e,
                      "Connection timed out: the security groups must allow TCP port %d from the job to the mount "
                      "target.",
                      NFS_PORT);
    return wrong ? reject(e, "The mount target cannot be reached: %s.", strerror(wrong)) : OK;
}

static res share(struct house *h, const struct box_plan *p, const struct box_share *s, struct err *e)
{
    struct volume_share m = {.mib = FILE_SYSTEM_MIB,
                             .flags = (s->read_only ? SHARE_READ_ONLY : 0) | (s->squash_root ? SHARE_SQUASH_ROOT : 0)};

    TRY(reach(h, p, s, e));
    TRY(warden_id(s->file_system, "fs-", &m.file_system, e));
    TRY(warden_id(p->box, "box-", &m.sandbox, e));
    TRY(warden_id(p->volume, "vol-", &m.volume, e));
    if (s->at.n >= sizeof m.at || s->folder.n >= sizeof m.folder || str_find(s->folder, 0) >= 0)
        return reject(e, "The directory path is longer than %zu bytes.", sizeof m.folder - 1);
    memcpy(m.at, s->at.p, s->at.n);
    memcpy(m.folder, s->folder.p, s->folder.n);
    return warden_volume_share(h->warden, &m, e);
}

res box_take_shares(struct house *h, const struct box_plan *p, struct err *e)
{
    for (size_t i = 0; i < p->n_shares; i++) {
        const struct box_share *s = &p->shares[i];
        struct err why = {0};
        res r = share(h, p, s, &why);
        if (r.why == WHY_REJECT)
            return reject(e, "Unable to mount file system: %.*s directory path: %.*s. %s", FMT(s->file_system),
                          FMT(str_sub(s->folder, 0, 200)), why.what);
        if (!is_ok(r)) {
            *e = why;
            return r;
        }
    }
    return OK;
}

bool box_share_used(struct house *h, str file_system, uint64_t *bytes)
{
    struct message_id id;
    struct err why = {0};

    return is_ok(warden_id(file_system, "fs-", &id, &why)) && is_ok(warden_volume_used(h->warden, &id, bytes, &why));
}

res box_share_forget(struct house *h, str file_system, struct err *e)
{
    struct message_id id;

    TRY(warden_id(file_system, "fs-", &id, e));
    return warden_volume_forget(h->warden, &id, e);
}
