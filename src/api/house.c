/* SPDX-License-Identifier: MIT */
/* The caches of one thread. They hold only what a version or the very text pins down. */
#include "api/house.h"

#include <string.h>

#include "identify/sigkeys.h"

enum { MAX_POLICIES = 4096, MAX_LAW_BYTES = 8 << 20, MAX_NAME_BYTES = 16 << 20 };

struct cached_policy {
    struct policy *p;
    enum policy_kind kind;
    str name, text; /* in policy_names */
};

void worker_init(struct worker *w, struct house *h, struct vault *v, struct store *s)
{
    *w = (struct worker){.house = h, .vault = v, .store = s};
    map_init(&w->policies);
    map_init(&w->callers);
    map_init(&w->principals.by_name);
    map_init(&w->guardrails.by_name);
    map_init(&w->endpoints.by_name);
    map_init(&w->roles.by_name);
    map_init(&w->records);
    w->policy_names = arena_new((size_t)256 << 20);
    w->law_arena = arena_new((size_t)256 << 20);
    w->signing_keys = sigkeys_new();
    w->law_generation = atomic_load(&h->law_generation);
}

static void forget_policies(struct worker *w)
{
    struct map_slot *slot;
    size_t at = 0;

    while ((slot = map_next(&w->policies, &at)) != NULL)
        policy_free(((struct cached_policy *)slot->value)->p);
    map_clear(&w->policies);
    memset(w->recent, 0, sizeof w->recent);
    arena_reset(w->policy_names);
}

static void forget_kept(struct kept *k)
{
    map_clear(&k->by_name);
    k->last = NULL;
}

static void forget_law(struct worker *w)
{
    map_clear(&w->callers);
    forget_kept(&w->principals);
    forget_kept(&w->guardrails);
    forget_kept(&w->endpoints);
    forget_kept(&w->roles);
    map_clear(&w->records);
    arena_reset(w->law_arena);
}

void worker_done(struct worker *w)
{
    forget_law(w);
    forget_policies(w);
    sigkeys_free(w->signing_keys);
    map_done(&w->policies);
    map_done(&w->callers);
    map_done(&w->principals.by_name);
    map_done(&w->guardrails.by_name);
    map_done(&w->endpoints.by_name);
    map_done(&w->roles.by_name);
    map_done(&w->records);
    arena_free(w->policy_names);
    arena_free(w->law_arena);
}

void worker_tidy(struct worker *w)
{
    uint64_t now = atomic_load(&w->house->law_generation);
    bool crowded = w->policies.live > MAX_POLICIES || arena_used(w->policy_names) > MAX_NAME_BYTES;

    if (now != w->law_generation || crowded || arena_used(w->law_arena) > MAX_LAW_BYTES) {
        forget_law(w);
        w->law_generation = now;
    }
    if (crowded)
        forget_policies(w);
}

bool worker_cache_holds(const struct call *c)
{
    if (txn_touched_any(c->txn) &&
        (txn_touched(c->txn, S("iam")) || txn_touched(c->txn, S("organizations")) ||
         txn_touched(c->txn, S("sagemaker")) || txn_touched(c->txn, S("lambda")) || txn_touched(c->txn, S("ec2"))))
        return false;
    return atomic_load(&c->worker->house->law_generation) == c->worker->law_generation;
}

enum { RECENT = sizeof((struct worker *)0)->recent / sizeof(struct cached_policy *) };

static const struct cached_policy *recent(const struct worker *w, str text, enum policy_kind kind, str name)
{
    for (size_t i = 0; i < RECENT && w->recent[i]; i++) {
        const struct cached_policy *r = w->recent[i];
        if (r->kind == kind && str_eq(r->name, name) && str_eq(r->text, text))
            return r;
    }
    return NULL;
}

res worker_policy(struct worker *w, str text, enum policy_kind kind, str name, const struct policy **out, struct err *e)
{
    const struct cached_policy *known = recent(w, text, kind, name);

    if (known) {
        *out = known->p;
        return OK;
    }
    /* One text may be compiled as several kinds and under several names: all three make the key. */
    struct arena *a = w->policy_names;
    char kind_letter = (char)('a' + (int)kind);
    struct buf key;

    buf_init(&key, text.n + name.n + 8);
    buf_add_char(&key, kind_letter);
    buf_add(&key, name);
    buf_add_char(&key, '\n');
    buf_add(&key, text);
    struct cached_policy *hit = map_find(&w->policies, buf_str(&key));
    if (!hit) {
        struct policy *p = NULL;
        res why = policy_compile(text, kind, name, &p, e);
        if (!is_ok(why)) {
            buf_done(&key);
            return why;
        }
        str kept = arena_dup(a, buf_str(&key));
        hit = ARENA_NEW(a, struct cached_policy);
        *hit = (struct cached_policy){p, kind, str_sub(kept, 1, name.n), str_from(kept, name.n + 2)};
        map_put(&w->policies, kept, hit);
    }
    w->recent[w->next_recent++ % RECENT] = hit;
    buf_done(&key);
    *out = hit->p;
    return OK;
}
