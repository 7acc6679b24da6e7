/* SPDX-License-Identifier: MIT */
/* When a key or a role was last used. Kept apart from the records of iam: a write to those changes the law. */
#include "api/used.h"

#include <pthread.h>
#include <string.h>

#include "api/house.h"
#include "base/json.h"

enum { USED_MAX = 512 };

struct note {
    char account[16], id[32], service[32], region[32];
    int64_t at_ms, writing_ms; /* writing_ms: the state that the transaction under way holds */
};

struct used {
    struct arena *memory;
    pthread_mutex_t lock;
    size_t n;
    struct note v[USED_MAX];
};

struct used *used_new(void)
{
    struct arena *a = arena_new(sizeof(struct used) + 4096);
    struct used *u = ARENA_NEW(a, struct used);

    u->memory = a;
    pthread_mutex_init(&u->lock, NULL);
    return u;
}

void used_free(struct used *u)
{
    if (!u)
        return;
    pthread_mutex_destroy(&u->lock);
    arena_free(u->memory);
}

static bool fits(char *to, size_t size, str text)
{
    if (text.n >= size)
        return false;
    memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    return true;
}

static struct note *find(struct used *u, str account, str id)
{
    for (size_t i = 0; i < u->n; i++)
        if (str_eq(str_z(u->v[i].id), id) && str_eq(str_z(u->v[i].account), account))
            return &u->v[i];
    return NULL;
}

void used_note(struct used *u, str account, str id, str service, str region, int64_t now_ms)
{
    struct note one = {.at_ms = now_ms};

    if (!u || !fits(one.account, sizeof one.account, account) || !fits(one.id, sizeof one.id, id) ||
        !fits(one.service, sizeof one.service, service) || !fits(one.region, sizeof one.region, region))
        return;
    pthread_mutex_lock(&u->lock);
    struct note *slot = find(u, account, id);
    if (!slot && u->n < USED_MAX)
        slot = &u->v[u->n++];
    if (slot) {
        one.writing_ms = slot->writing_ms;
        *slot = one;
    }
    pthread_mutex_unlock(&u->lock);
}

static struct store_key key_of(str account, str id)
{
    return (struct store_key){account, S(""), S("iam-used"), S("last-used"), id};
}

static res write_one(struct note *one, struct txn *t, struct err *e)
{
    struct store_key k = key_of(str_z(one->account), str_z(one->id));
    struct buf doc;

    buf_init(&doc, 512);
    buf_printf(&doc, "{\"at\":%lld,\"service\":", (long long)one->at_ms);
    buf_add_json_str(&doc, str_z(one->service));
    buf_add_z(&doc, ",\"region\":");
    buf_add_json_str(&doc, str_z(one->region));
    buf_add_char(&doc, '}');
    one->writing_ms = one->at_ms;
    res why = txn_put(t, &k, buf_str(&doc), NULL, 0, e);
    buf_done(&doc);
    return why;
}

/* An account may have been wiped since: its note makes a record of a few bytes that the next wipe takes. */
res used_write(struct used *u, struct txn *t, struct err *e)
{
    res why = OK;

    if (!u)
        return OK;
    pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < u->n && is_ok(why); i++)
        why = write_one(&u->v[i], t, e);
    pthread_mutex_unlock(&u->lock);
    return why;
}

void used_written(struct used *u, bool committed)
{
    size_t kept = 0;

    if (!u || !committed)
        return;
    pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < u->n; i++)
        if (u->v[i].writing_ms != u->v[i].at_ms) /* used again meanwhile */
            u->v[kept++] = u->v[i];
    u->n = kept;
    pthread_mutex_unlock(&u->lock);
}

/* ---- for handlers ---- */

static bool noted(struct call *c, str id, struct used_when *out)
{
    struct used *u = c->worker->house->used;
    struct note *slot;

    if (!u)
        return false;
    pthread_mutex_lock(&u->lock);
    slot = find(u, c->caller->account, id);
    if (slot)
        *out = (struct used_when){slot->at_ms, arena_dup(c->arena, str_z(slot->service)),
                                  arena_dup(c->arena, str_z(slot->region))};
    pthread_mutex_unlock(&u->lock);
    return slot != NULL;
}

res used_find(struct call *c, str id, struct used_when *out)
{
    struct store_key k = key_of(c->caller->account, id);
    struct store_record *r;
    json_t *j;

    *out = (struct used_when){0};
    if (noted(c, id, out))
        return OK;
    TRY(txn_get(c->txn, c->arena, &k, &r, &c->err));
    if (!r)
        return OK;
    TRY(json_parse(c->arena, r->doc, &c->err, &j));
    *out = (struct used_when){json_integer_value(json_object_get(j, "at")), json_str_at(j, "service"),
                              json_str_at(j, "region")};
    return OK;
}

res used_forget(struct call *c, str id)
{
    struct store_key k = key_of(c->caller->account, id);

    return txn_delete(c->txn, &k, &c->err);
}
