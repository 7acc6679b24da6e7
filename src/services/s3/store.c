/* SPDX-License-Identifier: MIT */
/* Objects as records: their segments, what becomes of those they replace, and the blobs that nobody needs any more. */
#include "api/house.h"
#include "base/log.h"
#include "s3_parts.h"
#include "store/blob.h"

/* ---- segments ---- */

res s3_segments_of(struct call *c, const struct s3_object *o, struct s3_segment_list *out)
{
    struct s3_layout *l;

    *out = o->segments;
    if (!o->layout.n)
        return OK;
    TRY(s3_layout_load(c, o->at.account, o->layout, &l));
    if (!l)
        return oops(&c->err, 0, "the layout %.*s of an object is gone", FMT(o->layout));
    *out = l->segments;
    return OK;
}

static struct list_of_str blobs_of(struct call *c, const struct s3_segment_list *list)
{
    struct list_of_str out = {0, ARENA_ARRAY(c->arena, str, list->n + 1)};

    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].blob.n)
            out.v[out.n++] = list->v[i].blob;
    return out;
}

res s3_segments_keep(struct call *c, const struct s3_bucket *b, struct s3_object *o, struct s3_segment_list list)
{
    struct s3_layout *l;

    o->layout = STR_ABSENT;
    if (list.n <= S3_INLINE_SEGMENTS) {
        o->segments = list;
        o->blobs = blobs_of(c, &list);
        return OK;
    }
    o->segments = (struct s3_segment_list){0};
    o->blobs = (struct list_of_str){0};
    o->layout = call_unique(c, "", 32);
    l = ARENA_NEW(c->arena, struct s3_layout);
    *l =
        (struct s3_layout){.at.account = b->at.account, .id = o->layout, .segments = list, .blobs = blobs_of(c, &list)};
    return s3_layout_save(c, l);
}

/* ---- blobs nobody names any more ---- */

struct unneeded {
    size_t n;
    str *v;
};

/* Failing here must not turn a committed call into an error: the collector comes by again. */
static res remove_blobs(struct house *h, void *arg, struct err *e)
{
    const struct unneeded *u = arg;

    for (size_t i = 0; i < u->n && i < S3_REMOVE_NOW; i++) { /* the caller waits for these */
        if (is_ok(blob_remove(h->blobs, u->v[i], e)))
            continue;
        log_warn("a blob stays until the collector comes: %s", e->what);
        err_clear(e);
    }
    return OK;
}

res s3_forget_blobs(struct call *c, const str *ids, size_t n)
{
    struct unneeded *u = ARENA_NEW(c->arena, struct unneeded);

    u->v = ARENA_ARRAY(c->arena, str, n + 1);
    for (size_t i = 0; i < n; i++) {
        bool named;
        TRY(record_blob_is_named(c, ids[i], &named));
        if (!named)
            u->v[u->n++] = ids[i];
    }
    if (u->n)
        call_after(c, remove_blobs, u);
    return OK;
}

/* ---- objects ---- */

static res forget_object(struct call *c, const struct s3_object *old, str layout_kept)
{
    struct s3_segment_list segments;
    struct s3_layout gone = {.at = {.account = old->at.account}, .id = old->layout};

    TRY(s3_segments_of(c, old, &segments));
    if (old->layout.n && !str_eq(old->layout, layout_kept))
        TRY(s3_layout_drop(c, &gone));
    struct list_of_str blobs = blobs_of(c, &segments);
    return s3_forget_blobs(c, blobs.v, blobs.n);
}

res s3_object_replace(struct call *c, const struct s3_place *p, struct s3_object *o)
{
    o->at = (struct record_head){.account = p->bucket->at.account};
    o->id = arena_printf(c->arena, "%.*s/%.*s", FMT(p->bucket->name), FMT(p->key));
    o->bucket = p->bucket->name;
    o->key = p->key;
    TRY(s3_object_save(c, o));
    return p->object ? forget_object(c, p->object, o->layout) : OK;
}

res s3_object_remove(struct call *c, const struct s3_object *o)
{
    TRY(s3_object_drop(c, o));
    return forget_object(c, o, STR_ABSENT);
}

static void free_scratch(void *arena)
{
    arena_free(arena);
}

struct arena *s3_scratch(struct call *c)
{
    struct arena *a = arena_new(S3_SCRATCH_BYTES);

    arena_defer(c->arena, free_scratch, a);
    return a;
}

/* One page of an upload's parts, read into the scratch arena; their blobs' ids stay. */
static res drop_parts(struct call *c, const struct s3_upload *u, struct arena *scratch, struct list_of_str *blobs,
                      bool *more)
{
    struct arena *mine = c->arena;
    struct s3_part_page page;

    c->arena = scratch;
    res r = s3_part_list_all(c, u->at.account, arena_cat(scratch, u->upload_id, S("/")), STR_ABSENT, S3_PAGE, &page);
    for (size_t i = 0; is_ok(r) && i < page.n; i++)
        r = s3_part_drop(c, page.v[i]);
    c->arena = mine;
    TRY(r);
    *blobs = (struct list_of_str){0, ARENA_ARRAY(c->arena, str, page.n + 1)};
    for (size_t i = 0; i < page.n; i++)
        blobs->v[blobs->n++] = arena_dup(c->arena, page.v[i]->blob);
    *more = page.more;
    return OK;
}

res s3_upload_end(struct call *c, const struct s3_upload *u, struct arena *scratch)
{
    struct list_of_str blobs;
    bool more = true;

    while (more) {
        TRY(drop_parts(c, u, scratch, &blobs, &more));
        TRY(s3_forget_blobs(c, blobs.v, blobs.n));
        arena_reset(scratch);
    }
    return s3_upload_drop(c, u);
}
