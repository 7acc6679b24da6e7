/* SPDX-License-Identifier: MIT */
/* Typed records over the store: the models' structs to and from JSON documents, with their declared indexes. */
#include <string.h>

#include "api/call.h"
#include "api/codec.h"
#include "api/house.h"
#include "api/tags.h"

enum { RECORD_MAX_BYTES = 4 << 20 };

static str region_of(const struct call *c, const struct record_type *t, str wanted)
{
    if (t->global)
        return S("");
    return wanted.n ? wanted : c->region;
}

static struct store_key key_of(const struct call *c, const struct record_type *t, str account, str id)
{
    return (struct store_key){account.n ? account : c->caller->account, region_of(c, t, STR_ABSENT), str_z(t->service),
                              str_z(t->name), id};
}

static res decode(struct call *c, const struct record_type *t, const struct store_record *from, void **out)
{
    json_t *tree;
    void *record = arena_alloc(c->arena, t->shape->size);

    if (!is_ok(json_parse(c->arena, from->doc, NULL, &tree)) ||
        !is_ok(json_decode(t->shape, tree, record, c->arena, NULL)))
        return oops(&c->err, 0, "the record %s %.*s cannot be read", t->name, FMT(from->key.id));
    *(struct record_head *)record = (struct record_head){from->key.account, from->key.region, from->version};
    *out = record;
    return OK;
}

res record_load(struct call *c, const struct record_type *t, str account, str id, void **out)
{
    struct store_key k = key_of(c, t, account, id);
    struct store_record *r;

    *out = NULL;
    TRY(txn_get(c->txn, c->arena, &k, &r, &c->err));
    return r ? decode(c, t, r, out) : OK;
}

res record_load_kept(struct call *c, const struct record_type *t, str account, str id, const void **out)
{
    struct store_key k = key_of(c, t, account, id);
    const str parts[] = {k.service, k.type, k.account, k.region, k.id};
    struct worker *w = c->worker;
    struct arena *mine = c->arena;
    void *record = NULL;
    char name[512];
    size_t n = 0;

    if (w == w->house->writer_worker) /* what it forgets, replies and effects of earlier calls may still be reading */
        return record_load(c, t, account, id, (void **)out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (n + parts[i].n + 1 > sizeof name)
            return record_load(c, t, account, id, (void **)out);
        memcpy(name + n, parts[i].p, parts[i].n);
        n += parts[i].n;
        name[n++] = '/';
    }
    bool kept = worker_cache_holds(c);
    *out = kept ? map_find(&w->records, str_n(name, n)) : NULL;
    if (*out)
        return OK;
    if (kept)
        c->arena = w->law_arena; /* what is decoded must live as long as its entry */
    res why = record_load(c, t, account, id, &record);
    if (kept && is_ok(why) && record)
        map_put(&w->records, arena_dup(w->law_arena, str_n(name, n)), record);
    c->arena = mine;
    *out = record;
    return why;
}

static str id_of(const struct record_type *t, const void *record)
{
    return *(const str *)field_of(record, shape_field(t->shape, str_z(t->id)));
}

/* Room for every entry: one that is left out would be a thing nobody finds (or, of a blob, that the collector takes).
 */
static struct store_index *index_room(struct call *c, const struct record_type *t, const void *record)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_indexes; i++) {
        const struct field *f = shape_field(t->shape, str_z(t->indexes[i].member));
        n += f->kind == K_LIST ? ((const struct list_any *)field_of(record, f))->n : 1;
    }
    return ARENA_ARRAY(c->arena, struct store_index, n);
}

static size_t index_entries(const struct record_type *t, const void *record, struct store_index *out)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_indexes; i++) {
        const struct field *f = shape_field(t->shape, str_z(t->indexes[i].member));
        str name = str_z(t->indexes[i].name);
        if (!field_is_set(record, f))
            continue;
        if (f->kind == K_STRING)
            out[n++] = (struct store_index){name, *(const str *)field_of(record, f)};
        if (f->kind == K_LIST && f->elem == K_STRING) {
            const struct list_of_str *list = field_of(record, f);
            for (size_t k = 0; k < list->n; k++)
                out[n++] = (struct store_index){name, list->v[k]};
        }
    }
    return n;
}

res record_save(struct call *c, const struct record_type *t, void *record)
{
    struct record_head *head = record;
    struct store_index *ix = index_room(c, t, record);
    struct buf doc;

    tags_mark(c, t, record);

    if (!head->account.n)
        head->account = c->caller->account;
    head->region = region_of(c, t, head->region);
    struct store_key k = {head->account, head->region, str_z(t->service), str_z(t->name), id_of(t, record)};
    buf_init(&doc, RECORD_MAX_BYTES);
    json_encode(t->shape, record, &doc);
    res why = doc.full ? oops(&c->err, 0, "the record %s is too large", t->name)
                       : txn_put(c->txn, &k, buf_str(&doc), ix, index_entries(t, record, ix), &c->err);
    buf_done(&doc);
    if (is_ok(why))
        head->version++;
    return why;
}

res record_drop(struct call *c, const struct record_type *t, const void *record)
{
    const struct record_head *head = record;
    struct store_key k = {head->account, head->region, str_z(t->service), str_z(t->name), id_of(t, record)};

    return txn_delete(c->txn, &k, &c->err);
}

static res decode_page(struct call *c, const struct record_type *t, const struct store_page *from,
                       struct record_page *out)
{
    out->v = ARENA_ARRAY(c->arena, void *, from->n + 1);
    out->more = from->more;
    for (out->n = 0; out->n < from->n; out->n++)
        TRY(decode(c, t, &from->items[out->n], &out->v[out->n]));
    return OK;
}

res record_list(struct call *c, const struct record_type *t, str account, str id_prefix, str after, size_t limit,
                struct record_page *out)
{
    struct store_key k = key_of(c, t, account, STR_ABSENT);
    struct store_page page = {0};

    TRY(txn_scan(c->txn, c->arena, &k, id_prefix, after, limit, &page, &c->err));
    return decode_page(c, t, &page, out);
}

res record_drop_all(struct call *c, const struct record_type *t, str account, str id_prefix)
{
    struct store_key k = key_of(c, t, account, STR_ABSENT);
    struct store_page page;

    do {
        TRY(txn_scan_ids(c->txn, c->arena, &k, id_prefix, STR_ABSENT, 500, &page, &c->err));
        for (size_t i = 0; i < page.n; i++)
            TRY(txn_delete(c->txn, &page.items[i].key, &c->err));
    } while (page.more);
    return OK;
}

res record_list_back(struct call *c, const struct record_type *t, str account, str id_prefix, str before, size_t limit,
                     struct record_page *out)
{
    struct store_key k = key_of(c, t, account, STR_ABSENT);
    struct store_page page = {0};

    TRY(txn_scan_back(c->txn, c->arena, &k, id_prefix, before, limit, &page, &c->err));
    return decode_page(c, t, &page, out);
}

res record_by(struct call *c, const struct record_type *t, const char *index, str value, str account, size_t limit,
              struct record_page *out)
{
    struct store_key k = {.account = account, .service = str_z(t->service), .type = str_z(t->name)};
    struct store_page page = {0};

    TRY(txn_find(c->txn, c->arena, &k, (struct store_index){str_z(index), value}, NULL, limit, &page, &c->err));
    return decode_page(c, t, &page, out);
}

res record_by_after(struct call *c, const struct record_type *t, const char *index, str value, str account, str after,
                    size_t limit, struct record_page *out)
{
    struct store_key k = key_of(c, t, account, STR_ABSENT), from = key_of(c, t, account, after);
    struct store_page page = {0};

    TRY(txn_find(c->txn, c->arena, &k, (struct store_index){str_z(index), value}, str_is(after) ? &from : NULL, limit,
                 &page, &c->err));
    return decode_page(c, t, &page, out);
}

res record_count(struct call *c, const struct record_type *t, int64_t *out)
{
    struct store_key k = key_of(c, t, STR_ABSENT, STR_ABSENT);
    uint64_t n;

    TRY(txn_count(c->txn, &k, &n, &c->err));
    *out = (int64_t)n;
    return OK;
}

res record_count_by(struct call *c, const struct record_type *t, const char *index, str value, int64_t *out)
{
    struct store_key k = key_of(c, t, STR_ABSENT, STR_ABSENT);
    uint64_t n;

    TRY(txn_count_found(c->txn, &k, (struct store_index){str_z(index), value}, &n, &c->err));
    *out = (int64_t)n;
    return OK;
}

res record_blob_is_named(struct call *c, str blob, bool *named)
{
    *named = false;
    for (const struct record_type *const *t = blob_records; *t && !*named; t++)
        TRY(txn_has(c->txn, str_z((*t)->service), str_z((*t)->name), (struct store_index){S("blob"), blob}, named,
                    &c->err));
    return OK;
}
