/* SPDX-License-Identifier: MIT */
/* The conductor's thread. */
#include "conductor/conductor.h"

struct conductor {
    struct arena *arena;
    struct house *house;
    struct vault *vault;
};

res conductor_start(struct house *h, struct vault *v, struct conductor **out, struct err *e)
{
    struct arena *a = arena_new(1 << 20);

    (void)e;
    *out = ARENA_NEW(a, struct conductor);
    **out = (struct conductor){a, h, v};
    return OK;
}

res conductor_resume(struct conductor *c, struct err *e)
{
    (void)c, (void)e;
    return OK;
}

void conductor_stop(struct conductor *c)
{
    vault_client_free(c->vault);
    arena_free(c->arena);
}
