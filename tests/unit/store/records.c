/* SPDX-License-Identifier: MIT */
/* Walks over records, compared with a sorted list kept by the test: order, bounds, paging, index entries. */
#include "store/fixture.h"

#include "store/store.h"

enum { N = 600, ROUNDS = 400 };

struct world {
    struct fixture *f;
    struct store *s;
    struct txn *t;
    struct store_key keys[N]; /* sorted, unique */
    str marks[N];             /* the value of each one's entry "mark" */
    size_t n;
    unsigned seed;
};

static unsigned draw(struct world *w, unsigned below)
{
    w->seed = w->seed * 1103515245u + 12345u;
    return (w->seed >> 16) % below;
}

/* Short strings over awkward bytes, so that prefixes, equal beginnings and empty ones are frequent. */
static str draw_str(struct world *w, size_t max)
{
    static const char bytes[] = {'\0', '\x01', 'a', 'b', '\xc3', '\xfe', '\xff', '\xff'};
    size_t n = draw(w, (unsigned)max + 1);
    char *p = arena_alloc(w->f->a, n + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = bytes[draw(w, sizeof bytes)];
    return str_n(p, n);
}

static int key_cmp(const struct store_key *x, const struct store_key *y)
{
    const str *a = &x->account, *b = &y->account;

    for (int i = 0; i < 5; i++)
        if (str_cmp(a[i], b[i]) != 0)
            return str_cmp(a[i], b[i]);
    return 0;
}

static void insert(struct world *w, struct store_key k, str mark)
{
    size_t at = 0;

    while (at < w->n && key_cmp(&w->keys[at], &k) < 0)
        at++;
    if (at == w->n || key_cmp(&w->keys[at], &k) != 0) {
        memmove(w->keys + at + 1, w->keys + at, (w->n - at) * sizeof *w->keys);
        memmove(w->marks + at + 1, w->marks + at, (w->n - at) * sizeof *w->marks);
        w->keys[at] = k;
        w->n++;
    }
    w->marks[at] = mark;
    struct store_index ix[] = {{S("mark"), mark}, {S("all"), S("")}, {S("mark"), mark}};
    MUST(w->f, txn_put(w->t, &k, k.id, ix, 3, &w->f->e));
}

static struct world *world_new(struct fixture *f)
{
    static const str accounts[] = {S("1"), S("1\0"), S("2")}, regions[] = {S(""), S("r"), S("r1")};
    struct world *w = ARENA_NEW(f->a, struct world);

    w->f = f;
    w->seed = 7;
    MUST(f, store_open(f->dir, true, &w->s, &f->e));
    MUST(f, store_begin(w->s, true, &w->t, &f->e));
    for (int i = 0; i < N - 50; i++) {
        struct store_key k = {accounts[draw(w, 3)], regions[draw(w, 3)], S("s"), S("t"), draw_str(w, 4)};
        insert(w, k, draw(w, 2) ? S("x") : S("x\0"));
    }
    for (int i = 0; i < 25; i++) { /* neighbours that must never be met */
        struct store_key k = {accounts[draw(w, 3)], regions[draw(w, 3)], draw(w, 2) ? S("s\0") : S("r"), S("t"),
                              draw_str(w, 4)};
        insert(w, k, S("x"));
        k.service = S("s");
        k.type = draw(w, 2) ? S("") : S("t\0");
        insert(w, k, S("x"));
    }
    MUST(f, txn_commit(w->t, &f->e));
    MUST(f, store_begin(w->s, false, &w->t, &f->e));
    return w;
}

static void world_done(struct world *w)
{
    txn_rollback(w->t);
    store_close(w->s);
}

/* What must come out: up to `limit` keys, found by walking the sorted list. */
struct expected {
    const struct store_key *keys[N];
    size_t n;
};

static void check_page(const struct expected *x, size_t limit, const struct store_page *p)
{
    size_t n = x->n < limit ? x->n : limit;

    assert_int_equal(p->n, n);
    assert_int_equal(p->more, x->n > n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(key_cmp(x->keys[i], &p->items[i].key), 0);
        assert_str_equal(p->items[i].doc, x->keys[i]->id);
        assert_true(p->items[i].version >= 1);
    }
}

static void test_store_records__scans_are_bytewise_and_paged(void **state)
{
    struct world *w = world_new(*state);

    for (int round = 0; round < ROUNDS; round++) {
        struct store_key k = w->keys[draw(w, (unsigned)w->n)];
        str prefix = draw_str(w, 2), after = draw(w, 3) ? draw_str(w, 4) : STR_ABSENT;
        size_t limit = 1 + draw(w, draw(w, 2) ? 4 : N);
        struct expected x = {.n = 0};
        struct store_page p;
        for (size_t i = 0; i < w->n; i++) {
            struct store_key same = w->keys[i];
            same.id = k.id;
            if (key_cmp(&same, &k) == 0 && str_starts(w->keys[i].id, prefix) &&
                (!str_is(after) || str_cmp(w->keys[i].id, after) > 0))
                x.keys[x.n++] = &w->keys[i];
        }
        MUST(w->f, txn_scan(w->t, w->f->a, &k, prefix, after, limit, &p, &w->f->e));
        check_page(&x, limit, &p);
    }
    world_done(w);
}

static void test_store_records__scans_go_backwards_too(void **state)
{
    struct world *w = world_new(*state);

    for (int round = 0; round < ROUNDS; round++) {
        struct store_key k = w->keys[draw(w, (unsigned)w->n)];
        str prefix = draw_str(w, 2), before = draw(w, 3) ? draw_str(w, 4) : STR_ABSENT;
        size_t limit = 1 + draw(w, draw(w, 2) ? 4 : N);
        struct expected x = {.n = 0};
        struct store_page p;
        for (size_t i = w->n; i-- > 0;) {
            struct store_key same = w->keys[i];
            same.id = k.id;
            if (key_cmp(&same, &k) == 0 && str_starts(w->keys[i].id, prefix) &&
                (!str_is(before) || str_cmp(w->keys[i].id, before) < 0))
                x.keys[x.n++] = &w->keys[i];
        }
        MUST(w->f, txn_scan_back(w->t, w->f->a, &k, prefix, before, limit, &p, &w->f->e));
        check_page(&x, limit, &p);
    }
    world_done(w);
}

static void test_store_records__finds_are_ordered_filtered_and_paged(void **state)
{
    struct world *w = world_new(*state);

    for (int round = 0; round < ROUNDS; round++) {
        struct store_key k = w->keys[draw(w, (unsigned)w->n)], after = w->keys[draw(w, (unsigned)w->n)];
        struct store_index ix = draw(w, 4) ? (struct store_index){S("mark"), draw(w, 2) ? S("x") : S("x\0")}
                                           : (struct store_index){S("all"), S("")};
        size_t limit = 1 + draw(w, draw(w, 2) ? 4 : N);
        bool resume = draw(w, 3) != 0;
        struct expected x = {.n = 0};
        struct store_page p;
        if (draw(w, 2))
            k.account = STR_ABSENT;
        if (draw(w, 2))
            k.region = STR_ABSENT;
        after.service = k.service;
        after.type = k.type;
        for (size_t i = 0; i < w->n; i++) {
            const struct store_key *c = &w->keys[i];
            if (str_eq(c->service, k.service) && str_eq(c->type, k.type) &&
                (str_eq(ix.name, S("all")) || str_eq(w->marks[i], ix.value)) &&
                (!str_is(k.account) || str_eq(c->account, k.account)) &&
                (!str_is(k.region) || str_eq(c->region, k.region)) && (!resume || key_cmp(c, &after) > 0))
                x.keys[x.n++] = c;
        }
        MUST(w->f, txn_find(w->t, w->f->a, &k, ix, resume ? &after : NULL, limit, &p, &w->f->e));
        check_page(&x, limit, &p);
    }
    world_done(w);
}

static void test_store_records__an_account_is_walked_whole(void **state)
{
    struct world *w = world_new(*state);

    for (int round = 0; round < ROUNDS; round++) {
        str account = w->keys[draw(w, (unsigned)w->n)].account;
        const struct store_key *after = draw(w, 4) ? &w->keys[draw(w, (unsigned)w->n)] : NULL;
        size_t limit = 1 + draw(w, draw(w, 2) ? 4 : N);
        struct expected x = {.n = 0};
        struct store_page p;
        for (size_t i = 0; i < w->n; i++)
            if (str_eq(w->keys[i].account, account) && (!after || key_cmp(&w->keys[i], after) > 0))
                x.keys[x.n++] = &w->keys[i];
        MUST(w->f, txn_scan_account(w->t, w->f->a, account, after, limit, &p, &w->f->e));
        check_page(&x, limit, &p);
    }
    world_done(w);
}

static size_t found(struct world *w, struct store_index ix)
{
    struct store_key k = {.service = S("ec2"), .type = S("vpc")};
    struct store_page p;

    MUST(w->f, txn_find(w->t, w->f->a, &k, ix, NULL, 100, &p, &w->f->e));
    return p.n;
}

static void test_store_records__entries_follow_their_record(void **state)
{
    struct world w = {.f = *state};
    struct fixture *f = w.f;
    struct store_key k = {S("1"), S("r"), S("ec2"), S("vpc"), S("vpc-1")};
    struct store_index first[] = {{S("arn"), S("a")}, {S("tag"), S("k=v")}},
                       then[] = {{S("arn"), S("a")}, {S("tag"), S("k=w")}};

    MUST(f, store_open(f->dir, true, &w.s, &f->e));
    MUST(f, store_begin(w.s, true, &w.t, &f->e));
    MUST(f, txn_put(w.t, &k, S("1"), first, 2, &f->e));
    assert_int_equal(found(&w, first[0]), 1);
    assert_int_equal(found(&w, first[1]), 1);
    MUST(f, txn_savepoint(w.t, &f->e));
    MUST(f, txn_put(w.t, &k, S("2"), then, 2, &f->e));
    assert_int_equal(found(&w, first[0]), 1);
    assert_int_equal(found(&w, first[1]), 0);
    assert_int_equal(found(&w, then[1]), 1);
    MUST(f, txn_undo(w.t, &f->e));
    assert_int_equal(found(&w, first[1]), 1);
    assert_int_equal(found(&w, then[1]), 0);
    MUST(f, txn_put(w.t, &k, S("3"), first, 1, &f->e));
    assert_int_equal(found(&w, first[1]), 0);
    MUST(f, txn_delete(w.t, &k, &f->e));
    assert_int_equal(found(&w, first[0]), 0);
    MUST(f, txn_commit(w.t, &f->e));
    store_close(w.s);
}

static void test_store_records__oversized_input_is_refused_whole(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    struct txn *t = NULL;
    struct store_page p;
    size_t big = (size_t)33 << 20;
    str huge = str_n(arena_alloc(f->a, big), big);
    struct store_key k = {S("1"), S("r"), S("s"), S("t"), S("id")};
    struct store_index ix = {S("x"), huge};

    MUST(f, store_open(f->dir, true, &s, &f->e));
    MUST(f, store_begin(s, true, &t, &f->e));
    MUST_OOPS(f, txn_put(t, &k, S("x"), &ix, 1, &f->e));
    MUST_OOPS(f, txn_scan(t, f->a, &k, S(""), str_sub(huge, 0, 70000), 1, &p, &f->e));
    MUST(f, txn_scan(t, f->a, &k, S(""), STR_ABSENT, 1, &p, &f->e)); /* that harmed nothing */
    MUST(f, txn_savepoint(t, &f->e));
    MUST_OOPS(f, txn_put(t, &k, huge, NULL, 0, &f->e));
    MUST_OOPS(f, txn_put(t, &k, S("x"), NULL, 0, &f->e)); /* not before it is undone */
    MUST(f, txn_undo(t, &f->e));
    MUST(f, txn_put(t, &k, S("x"), NULL, 0, &f->e));
    MUST(f, txn_commit(t, &f->e));
    store_close(s);
}

static void test_store_count__counts_are_what_walks_find(void **state)
{
    struct world *w = world_new(*state);

    for (int round = 0; round < ROUNDS; round++) {
        struct store_key k = w->keys[draw(w, (unsigned)w->n)];
        str mark = w->marks[draw(w, (unsigned)w->n)];
        uint64_t of_type = 0, found = 0, got;
        for (size_t i = 0; i < w->n; i++) {
            const struct store_key *x = &w->keys[i];
            bool type = str_eq(x->account, k.account) && str_eq(x->service, k.service) && str_eq(x->type, k.type);
            of_type += type && str_eq(x->region, k.region);
            found += type && str_eq(w->marks[i], mark);
        }
        MUST(w->f, txn_count(w->t, &k, &got, &w->f->e));
        assert_int_equal(got, of_type);
        MUST(w->f, txn_count_found(w->t, &k, (struct store_index){S("mark"), mark}, &got, &w->f->e));
        assert_int_equal(got, found);
    }
    world_done(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_store_records__scans_are_bytewise_and_paged),
        fixture_test(test_store_records__scans_go_backwards_too),
        fixture_test(test_store_records__finds_are_ordered_filtered_and_paged),
        fixture_test(test_store_records__an_account_is_walked_whole),
        fixture_test(test_store_records__entries_follow_their_record),
        fixture_test(test_store_records__oversized_input_is_refused_whole),
        fixture_test(test_store_count__counts_are_what_walks_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
