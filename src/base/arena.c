/* SPDX-License-Identifier: MIT */
/* A bump allocator over doubling chunks. Out of memory aborts: nothing above this line has a branch for it. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_CHUNK_BYTES = 8192, ALIGN = 16 };

struct chunk {
    struct chunk *next;
    size_t cap, used;
    _Alignas(ALIGN) char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *ptr;
};

struct arena {
    struct chunk *chunks; /* newest first */
    struct deferred *deferred;
    size_t total, max, used;
    bool secret;
};

static void die(const char *why)
{
    fprintf(stderr, "arena: %s\n", why);
    abort();
}

static struct chunk *chunk_new(struct arena *a, size_t cap)
{
    size_t whole = sizeof(struct chunk) + cap;
    struct chunk *c;

    if (a->total + cap > a->max)
        die("the limit of this arena is exceeded");
    if (a->secret) {
        c = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (c == MAP_FAILED)
            die("no memory for secrets");
        madvise(c, whole, MADV_DONTDUMP);
        /* Locking may exceed RLIMIT_MEMLOCK where the role may not raise it; the machine is asked to run without swap.
         */
        if (mlock(c, whole) != 0)
            madvise(c, whole, MADV_WIPEONFORK);
    } else {
        c = malloc(whole);
        if (!c)
            die("out of memory");
    }
    c->cap = cap;
    c->used = 0;
    a->total += cap;
    return c;
}

static void chunk_free(struct arena *a, struct chunk *c)
{
    a->total -= c->cap;
    if (a->secret) {
        size_t whole = sizeof(struct chunk) + c->cap;
        explicit_bzero(c->bytes, c->used);
        munmap(c, whole);
        return;
    }
    free(c);
}

static struct arena *new_arena(size_t max_bytes, bool secret)
{
    struct arena *a = calloc(1, sizeof *a);

    if (!a)
        die("out of memory");
    a->max = max_bytes < FIRST_CHUNK_BYTES ? FIRST_CHUNK_BYTES : max_bytes;
    a->secret = secret;
    return a;
}

struct arena *arena_new(size_t max_bytes)
{
    return new_arena(max_bytes, false);
}
struct arena *arena_new_secret(size_t max_bytes)
{
    return new_arena(max_bytes, true);
}

void arena_reset(struct arena *a)
{
    while (a->deferred) { /* a deferred function may not defer again, but it may still read the arena */
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->ptr);
    }
    while (a->chunks && a->chunks->next) {
        struct chunk *c = a->chunks;
        a->chunks = c->next;
        chunk_free(a, c);
    }
    if (a->chunks) {
        if (a->secret)
            explicit_bzero(a->chunks->bytes, a->chunks->used);
        a->chunks->used = 0;
    }
    a->used = 0;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    if (a->chunks)
        chunk_free(a, a->chunks);
    free(a);
}

/* Not zeroed: for what is written over at once. */
static void *take(struct arena *a, size_t n)
{
    struct chunk *c = a->chunks;

    if (n > a->max)
        die("the limit of this arena is exceeded");
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (!c || c->cap - c->used < n) {
        size_t cap = c ? c->cap * 2 : FIRST_CHUNK_BYTES;
        if (cap > (size_t)1 << 20)
            cap = (size_t)1 << 20;
        if (a->total + cap > a->max)
            cap = n; /* near the limit only what is needed */
        if (cap < n)
            cap = n;
        c = chunk_new(a, cap);
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = c->bytes + c->used;
    c->used += n;
    a->used += n;
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    return memset(take(a, n), 0, n);
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n))
        die("an array is too large");
    return arena_alloc(a, n);
}

char *arena_z(struct arena *a, str s)
{
    char *p = take(a, s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

str arena_dup(struct arena *a, str s)
{
    return s.p ? (str){arena_z(a, s), s.n} : s;
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char text[256]; /* most are shorter: then they are made once */

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        die("a format is wrong");
    char *p = take(a, (size_t)n + 1);
    if ((size_t)n < sizeof text)
        memcpy(p, text, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    if (a->secret)
        explicit_bzero(text, sizeof text);
    return (str){p, (size_t)n};
}

str arena_cat(struct arena *a, str x, str y)
{
    return arena_join(a, (str[]){x, y}, 2);
}

str arena_join(struct arena *a, const str *parts, size_t n)
{
    size_t whole = 0, at = 0;

    for (size_t i = 0; i < n; i++)
        whole += parts[i].n;
    char *p = take(a, whole + 1);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n)
            memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    p[whole] = '\0';
    return (str){p, whole};
}

void arena_defer(struct arena *a, void (*fn)(void *), void *ptr)
{
    struct deferred *d = ARENA_NEW(a, struct deferred);

    *d = (struct deferred){a->deferred, fn, ptr};
    a->deferred = d;
}

size_t arena_left(const struct arena *a)
{
    return a->total > a->max ? 0 : a->max - a->total;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
