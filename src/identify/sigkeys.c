/* SPDX-License-Identifier: MIT */
/* A set-associative cache: fixed size, no lists to keep, and a stranger's key ids can push out only their own set. */
#include "identify/sigkeys.h"

#include <string.h>

#include "base/arena.h"

enum { SETS = 256, WAYS = 4, NAME_BYTES = 160, ARENA_BYTES = 1 << 20 };

struct entry {
    uint64_t last_used; /* 0: empty */
    size_t name_n;
    char name[NAME_BYTES]; /* "AKID/20261123/us-east-1/s3" */
    struct hmac_key key;
};

struct sigkeys {
    struct arena *arena;                /* owns itself and every entry */
    struct entry *entries[SETS * WAYS]; /* allocated when first needed: most servers see a handful of scopes */
    struct entry spare;                 /* for a name too long to keep */
    uint64_t clock;
};

struct sigkeys *sigkeys_new(void)
{
    struct arena *arena = arena_new_secret(ARENA_BYTES);
    struct sigkeys *k = ARENA_NEW(arena, struct sigkeys);

    k->arena = arena;
    return k;
}

void sigkeys_free(struct sigkeys *k)
{
    if (k)
        arena_free(k->arena);
}

/* Empty when the name is too long to keep. */
static str name_of(const struct sigv4_claim *c, char dst[NAME_BYTES])
{
    const str parts[] = {c->access_key_id, c->date, c->region, c->service};
    size_t n = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].n >= NAME_BYTES - n)
            return S("");
        if (i)
            dst[n++] = '/';
        if (parts[i].n)
            memcpy(dst + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    return str_n(dst, n);
}

static struct entry **set_of(struct sigkeys *k, str name)
{
    return &k->entries[str_hash(name) % SETS * WAYS];
}

static str entry_name(const struct entry *x)
{
    return str_n(x->name, x->name_n);
}

static struct entry *find(struct sigkeys *k, str name)
{
    struct entry **set = set_of(k, name);

    for (int way = 0; name.n && way < WAYS; way++)
        if (set[way] && set[way]->last_used && str_eq(entry_name(set[way]), name))
            return set[way];
    return NULL;
}

const struct hmac_key *sigkeys_find(struct sigkeys *k, const struct sigv4_claim *claim)
{
    char text[NAME_BYTES];
    struct entry *x = find(k, name_of(claim, text));

    if (!x)
        return NULL;
    x->last_used = ++k->clock;
    return &x->key;
}

static struct entry *make_room(struct sigkeys *k, str name)
{
    struct entry **set = set_of(k, name), *same = find(k, name), *oldest = NULL;

    if (str_empty(name))
        return &k->spare;
    if (same)
        return same;
    for (int way = 0; way < WAYS; way++) {
        if (!set[way])
            set[way] = ARENA_NEW(k->arena, struct entry);
        if (!oldest || set[way]->last_used < oldest->last_used)
            oldest = set[way];
        if (!set[way]->last_used)
            break;
    }
    return oldest;
}

const struct hmac_key *sigkeys_put(struct sigkeys *k, const struct sigv4_claim *claim, const uint8_t key[SHA256_BYTES])
{
    char text[NAME_BYTES];
    str name = name_of(claim, text);
    struct entry *x = make_room(k, name);

    explicit_bzero(x, sizeof *x);
    memcpy(x->name, name.p, name.n);
    x->name_n = name.n;
    x->last_used = ++k->clock;
    hmac_key_init(&x->key, HASH_SHA256, str_n((const char *)key, SHA256_BYTES));
    return &x->key;
}

void sigkeys_forget(struct sigkeys *k, str access_key_id)
{
    explicit_bzero(&k->spare, sizeof k->spare);
    for (size_t i = 0; i < SETS * WAYS; i++) {
        struct entry *x = k->entries[i];
        if (x && str_starts(entry_name(x), access_key_id) && x->name_n > access_key_id.n &&
            x->name[access_key_id.n] == '/')
            explicit_bzero(x, sizeof *x);
    }
}
