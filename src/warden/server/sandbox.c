/* SPDX-License-Identifier: MIT */
/* The sandboxes' table and the messages about it. */
#include "warden/server/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "warden/server/netns.h"
#include "warden/server/network.h"
#include "warden/server/volume.h"

static struct sandbox *find(const struct warden *w, const char *id)
{
    for (size_t i = 0; i < SANDBOXES_MAX; i++)
        if (strcmp(w->sandboxes->v[i].id, id) == 0)
            return &w->sandboxes->v[i];
    return NULL;
}

static bool is_none(const struct message_id *id)
{
    static const struct message_id none;

    return memcmp(id, &none, sizeof none) == 0;
}

/* The sandbox of that id, or a fresh one of that id, that belongs to this interface (or to none) and volume. */
static res claim(struct warden *w, const struct message_id *id, const struct message_id *eni,
                 const struct message_id *volume, struct sandbox **out, struct err *e)
{
    struct sandboxes *all = w->sandboxes;
    struct sandbox *s = find(w, id->z),
                   fresh = {.all = all, .wire_id = *id, .lifeline = -1, .container = -1, .log = -1};

    if (!w->volumes)
        return oops(e, 0, "this warden has no state folder, so no sandboxes");
    TRY(volume_where(w->volumes, volume->z, &fresh.uid_base, fresh.data, e));
    fresh.alone = is_none(eni);
    TRY(path_put(fresh.netns, e, "%s/netns/%s", w->run_dir, fresh.alone ? id->z : eni->z));
    TRY(path_put(fresh.box, e, "%s/%s", all->boxes, id->z));
    str_to_z(str_z(id->z), fresh.id, sizeof fresh.id);
    if (s) {
        if (strcmp(s->data, fresh.data) != 0 || strcmp(s->netns, fresh.netns) != 0)
            return reject(e, "the sandbox has another volume or interface");
        *out = s;
        return OK;
    }
    s = find(w, "");
    if (!s)
        return oops(e, ENOSPC, "too many sandboxes");
    if (fresh.alone)
        TRY(alone_make(w, id, e));
    *s = fresh;
    *out = s;
    return OK;
}

void sandbox_release(struct sandbox *s)
{
    if (s->alone)
        netns_unname(s->all->w, &s->wire_id);
    if (s->all->w->volumes) /* one that was just starting ends after them, when the role ends */
        volume_shares_end(s->all->w->volumes, s->id);
    s->id[0] = 0;
}

static void release_if_idle(struct sandbox *s)
{
    if (!s->agent && !s->starting && s->lifeline < 0)
        sandbox_release(s);
}

static bool ids_ok(const struct message_id *box, const struct message_id *eni, const struct message_id *volume)
{
    return message_id_ok(box, "box-") && (is_none(eni) || message_id_ok(eni, "eni-")) && message_id_ok(volume, "vol-");
}

static res on_agent_start(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                          struct err *e)
{
    const struct agent_start *m = body;
    struct sandbox *s;

    (void)fds;
    if (n != sizeof *m || n_fds || !ids_ok(&m->sandbox, &m->eni, &m->volume))
        return warden_malformed(reply, e, "a bad agent_start");
    if (m->memory_mib < 64 || m->memory_mib > 4096)
        return warden_malformed(reply, e, "a bad limit in agent_start");
    TRY(claim(w, &m->sandbox, &m->eni, &m->volume, &s, e));
    res r = agent_process_start(s, m->memory_mib, &reply->fds[0], e);
    if (is_ok(r))
        reply->n_fds = 1;
    else
        release_if_idle(s);
    return r;
}

static bool limits_ok(const struct sandbox_start *m)
{
    return m->memory_mib >= 16 && m->memory_mib <= 1u << 20 && m->pids_max >= 4 && m->pids_max <= 65536 &&
           m->tmp_mib >= 1 && m->tmp_mib <= 65536 && m->cpu_shares <= 262144 && m->cpu_shares != 1 &&
           (m->cpu_quota_us == 0 || m->cpu_quota_us >= 1000) && memchr(m->image, 0, sizeof m->image);
}

static res on_sandbox_start(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                            struct err *e)
{
    const struct sandbox_start *m = body;
    struct sandbox *s;
    struct stat st;

    (void)fds;
    if (n != sizeof *m || n_fds || !ids_ok(&m->sandbox, &m->eni, &m->volume))
        return warden_malformed(reply, e, "a bad sandbox_start");
    if (!limits_ok(m))
        return warden_malformed(reply, e, "a bad limit in sandbox_start");
    if (w->sandboxes->cgroups == CGROUP_NONE)
        return oops(e, 0, "this machine has no memory cgroups: no sandbox can be limited");
    TRY(claim(w, &m->sandbox, &m->eni, &m->volume, &s, e));
    if (s->starting || s->lifeline >= 0)
        return reject(e, "the sandbox runs already");
    res r = stat(s->netns, &st) < 0 ? reject(e, "there is no such network interface") : container_start(s, m, e);
    if (!is_ok(r)) {
        release_if_idle(s);
        return r;
    }
    s->start_request = reply->request;
    reply->later = true;
    return OK;
}

static res on_sandbox_join(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                           struct err *e)
{
    const struct sandbox_join *m = body;
    struct sandbox *s;

    (void)fds;
    if (n != sizeof *m || n_fds || !message_id_ok(&m->sandbox, "box-") || !message_id_ok(&m->eni, "eni-") ||
        m->memory_mib < 16 || m->memory_mib > 1u << 20 || m->cpu_shares > 262144 || m->cpu_shares == 1)
        return warden_malformed(reply, e, "a bad sandbox_join");
    s = find(w, m->sandbox.z);
    if (!s || s->starting || s->lifeline < 0)
        return reject(e, "the sandbox does not run");
    if (!s->alone)
        return reject(e, "the sandbox has an interface already");
    TRY(alone_join(w, &s->wire_id, &m->eni, e));
    s->alone = false;
    TRY(path_put(s->netns, e, "%s/netns/%s", w->run_dir, m->eni.z));
    return container_grow(s, m, e);
}

static res known(struct warden *w, const void *body, size_t n, size_t n_fds, struct reply *reply, struct sandbox **out,
                 struct err *e)
{
    const struct message_id *id = body;

    *out = NULL;
    if (n != sizeof *id || n_fds || !message_id_ok(id, "box-"))
        return warden_malformed(reply, e, "a bad sandbox id");
    *out = find(w, id->z);
    return OK;
}

static res on_sandbox_stop(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                           struct err *e)
{
    struct sandbox *s;

    (void)fds;
    TRY(known(w, body, n, n_fds, reply, &s, e));
    if (!s || s->starting || s->lifeline < 0)
        return reject(e, "the sandbox does not run");
    if (send(s->lifeline, "T", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1 && errno != EPIPE)
        return oops(e, errno, "cannot reach a sandbox");
    return OK;
}

static res on_sandbox_kill(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                           struct err *e)
{
    struct sandbox *s;

    (void)fds;
    TRY(known(w, body, n, n_fds, reply, &s, e));
    if (!s || s->starting || s->lifeline < 0)
        return reject(e, "the sandbox does not run");
    container_kill(s);
    return OK;
}

static void end(struct warden *w, struct sandbox *s)
{
    char cgroup[NAME_BYTES + 8];

    agent_process_kill(s);
    snprintf(cgroup, sizeof cgroup, "%s-agent", s->id);
    cgroup_remove(s->all->cgroups, w->tag, cgroup);
    s->agent = 0;
    if (s->starting) { /* crun is at work: its end brings the rest to an end */
        s->ending = true;
        return;
    }
    container_kill(s);
    container_remove(s);
    sandbox_release(s);
}

static res on_sandbox_end(struct warden *w, const void *body, size_t n, int *fds, size_t n_fds, struct reply *reply,
                          struct err *e)
{
    struct sandbox *s;

    (void)fds;
    TRY(known(w, body, n, n_fds, reply, &s, e));
    if (s)
        end(w, s);
    else if (w->volumes) /* what it was to share may be there before it is */
        volume_shares_end(w->volumes, ((const struct message_id *)body)->z);
    return OK;
}

static res sandbox_start_module(struct warden *w, struct err *e)
{
    struct sandboxes *all = ARENA_NEW(w->arena, struct sandboxes);
    char from[PATH_BYTES];
    struct stat st;

    all->w = w;
    all->v = ARENA_ARRAY(w->arena, struct sandbox, SANDBOXES_MAX);
    all->cgroups = cgroup_detect();
    w->sandboxes = all;
    if (!w->state_dir[0]) /* a test of networks: no sandboxes */
        return OK;
    TRY(path_put(all->boxes, e, "%s/box", w->run_dir));
    TRY(path_put(all->crun_root, e, "%s/crun", w->run_dir));
    TRY(path_put(all->init, e, "%s/sandbox-init", w->run_dir));
    TRY(path_put(all->ca, e, "%s/ca.pem", w->run_dir));
    TRY(dir_make(all->boxes, 0711, e));
    TRY(dir_make(all->crun_root, 0700, e));
    TRY(path_put(from, e, "%s/sandbox-init", w->bin_dir));
    if (stat(from, &st) == 0) /* a copy: a rebuild must not change what runs, nor our folder be walkable */
        TRY(file_copy(from, all->init, 0755, e));
    TRY(path_put(from, e, "%s/ca.pem", w->state_dir));
    all->has_ca = stat(from, &st) == 0;
    if (all->has_ca)
        TRY(file_copy(from, all->ca, 0644, e));
    /* Containers outlive crun as our children. */
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? oops(e, errno, "cannot adopt containers") : OK;
}

static void sandbox_stop_module(struct warden *w)
{
    for (size_t i = 0; w->sandboxes && i < SANDBOXES_MAX; i++)
        if (w->sandboxes->v[i].id[0])
            end(w, &w->sandboxes->v[i]);
    if (w->sandboxes)
        cgroup_remove(w->sandboxes->cgroups, w->tag, "");
}

static const struct handler handlers[] = {
    {WARDEN_AGENT_START, FROM_FRONT, on_agent_start},   {WARDEN_SANDBOX_START, FROM_FRONT, on_sandbox_start},
    {WARDEN_SANDBOX_STOP, FROM_FRONT, on_sandbox_stop}, {WARDEN_SANDBOX_KILL, FROM_FRONT, on_sandbox_kill},
    {WARDEN_SANDBOX_END, FROM_FRONT, on_sandbox_end},   {WARDEN_SANDBOX_JOIN, FROM_FRONT, on_sandbox_join},
};

const struct module sandbox_module = {"sandboxes", handlers, sizeof handlers / sizeof *handlers, sandbox_start_module,
                                      sandbox_stop_module};
