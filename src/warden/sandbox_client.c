/* SPDX-License-Identifier: MIT */
/* The calls about volumes and sandboxes, each one message. */
#include "warden/sandbox.h"

#include <string.h>
#include <unistd.h>

static res ask(struct warden_client *c, uint16_t type, const void *body, size_t n, struct err *e)
{
    return warden_call(c, type, body, n, NULL, 0, NULL, NULL, e);
}

/* An answer that carries exactly one descriptor. */
static res ask_fd(struct warden_client *c, uint16_t type, const void *body, size_t n, int *fd, struct err *e)
{
    struct arena *a = arena_new(MESSAGE_BODY_MAX + 65536);
    struct warden_answer answer = {0};

    *fd = -1;
    res r = warden_call(c, type, body, n, NULL, 0, a, &answer, e);
    if (is_ok(r) && answer.n_fds == 1)
        *fd = answer.fds[0];
    else if (is_ok(r)) {
        for (size_t i = 0; i < answer.n_fds; i++)
            close(answer.fds[i]);
        r = oops(e, 0, "warden answered without the descriptor");
    }
    arena_free(a);
    return r;
}

res warden_volume_create(struct warden_client *c, const struct message_id *volume, uint64_t mib, struct err *e)
{
    struct volume_create m = {.id = *volume, .mib = mib};

    return ask(c, WARDEN_VOLUME_CREATE, &m, sizeof m, e);
}

res warden_volume_mount(struct warden_client *c, const struct message_id *volume, struct err *e)
{
    return ask(c, WARDEN_VOLUME_MOUNT, volume, sizeof *volume, e);
}

res warden_volume_unmount(struct warden_client *c, const struct message_id *volume, struct err *e)
{
    return ask(c, WARDEN_VOLUME_UNMOUNT, volume, sizeof *volume, e);
}

res warden_volume_delete(struct warden_client *c, const struct message_id *volume, struct err *e)
{
    return ask(c, WARDEN_VOLUME_DELETE, volume, sizeof *volume, e);
}

res warden_volume_share(struct warden_client *c, const struct volume_share *s, struct err *e)
{
    return ask(c, WARDEN_VOLUME_SHARE, s, sizeof *s, e);
}

res warden_volume_used(struct warden_client *c, const struct message_id *file_system, uint64_t *bytes, struct err *e)
{
    struct arena *a = arena_new(MESSAGE_BODY_MAX + 65536);
    struct warden_answer answer = {0};
    res r = warden_call(c, WARDEN_VOLUME_USED, file_system, sizeof *file_system, NULL, 0, a, &answer, e);

    if (is_ok(r) && answer.body.n != sizeof *bytes)
        r = oops(e, 0, "warden answered without a size");
    if (is_ok(r))
        memcpy(bytes, answer.body.p, sizeof *bytes);
    arena_free(a);
    return r;
}

res warden_volume_forget(struct warden_client *c, const struct message_id *file_system, struct err *e)
{
    return ask(c, WARDEN_VOLUME_FORGET, file_system, sizeof *file_system, e);
}

res warden_agent_start(struct warden_client *c, const struct message_id *sandbox, const struct message_id *eni,
                       const struct message_id *volume, uint32_t memory_mib, int *sock, struct err *e)
{
    struct agent_start m = {.sandbox = *sandbox, .eni = *eni, .volume = *volume, .memory_mib = memory_mib};

    return ask_fd(c, WARDEN_AGENT_START, &m, sizeof m, sock, e);
}

res warden_sandbox_start(struct warden_client *c, const struct sandbox_start *s, int *log, struct err *e)
{
    return ask_fd(c, WARDEN_SANDBOX_START, s, sizeof *s, log, e);
}

res warden_sandbox_join(struct warden_client *c, const struct sandbox_join *j, struct err *e)
{
    return ask(c, WARDEN_SANDBOX_JOIN, j, sizeof *j, e);
}

res warden_sandbox_stop(struct warden_client *c, const struct message_id *sandbox, struct err *e)
{
    return ask(c, WARDEN_SANDBOX_STOP, sandbox, sizeof *sandbox, e);
}

res warden_sandbox_kill(struct warden_client *c, const struct message_id *sandbox, struct err *e)
{
    return ask(c, WARDEN_SANDBOX_KILL, sandbox, sizeof *sandbox, e);
}

res warden_sandbox_end(struct warden_client *c, const struct message_id *sandbox, struct err *e)
{
    return ask(c, WARDEN_SANDBOX_END, sandbox, sizeof *sandbox, e);
}
