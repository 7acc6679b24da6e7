/* SPDX-License-Identifier: MIT */
/* The audit chain: what was appended is found and verifies; whatever is done to the files is named. */
#include "store/fixture.h"

#include <errno.h>
#include <pthread.h>

#include "base/enc.h"
#include "base/time.h"
#include "crypto/hmac.h"
#include "store/audit.h"

static res seal_with(void *ctx, str bytes, uint8_t mac[AUDIT_MAC_BYTES], struct err *e)
{
    (void)e;
    hmac_sha256(str_z(ctx), bytes, mac);
    return OK;
}

static res vault_is_gone(void *ctx, str bytes, uint8_t mac[AUDIT_MAC_BYTES], struct err *e)
{
    (void)ctx, (void)bytes, (void)mac;
    return oops(e, EPIPE, "the vault is gone");
}

static struct audit_mac vault(void)
{
    return (struct audit_mac){seal_with, "the vault's key"};
}

static struct audit *open_audit(struct fixture *f, uint64_t file_bytes)
{
    struct audit *a = NULL;

    MUST(f, audit_open(f->dir, file_bytes, &a, &f->e));
    return a;
}

/* One record, flushed: {"request":"r-<i>"}. */
static void append_one(struct fixture *f, struct audit *a, unsigned i)
{
    str record = arena_printf(f->a, "{\"request\":\"r-%u\"}", i);

    MUST(f, audit_append(a, &record, 1, 0, &f->e));
    MUST(f, audit_flush(a, &f->e));
}

static struct audit_report verify(struct fixture *f, const struct audit_head *anchor)
{
    struct audit_report r;

    MUST(f, audit_verify(f->dir, vault(), anchor, &r, &f->e));
    return r;
}

static str path_of(struct fixture *f, unsigned file)
{
    return arena_printf(f->a, "%s/audit-%06u.ndjson", f->dir, file);
}

static enum audit_look take_matching(void *ctx, uint64_t seq, str record)
{
    (void)seq;
    return str_search(record, str_z(ctx)) >= 0 ? AUDIT_TAKE : AUDIT_SKIP;
}

static void test_store_audit__appends_chain_and_verify(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0);
    str batch[] = {S("{\"a\":1}"), S("{\"b\":\"\xc3\xbc\\n\"}"), S("{}")};

    MUST(f, audit_append(a, batch, 3, 0, &f->e));
    MUST(f, audit_flush(a, &f->e));
    struct audit_report r = verify(f, NULL);
    assert_true(r.intact && r.lines == 3 && r.seals == 0 && r.unsealed == 3 && r.head.seq == 3);
    MUST(f, audit_seal(a, vault(), &f->e));
    MUST(f, audit_seal(a, vault(), &f->e)); /* nothing has moved: no second seal */
    r = verify(f, NULL);
    assert_true(r.intact && r.lines == 4 && r.seals == 1 && r.unsealed == 0);
    append_one(f, a, 1);
    r = verify(f, NULL);
    assert_true(r.intact && r.lines == 5 && r.unsealed == 1);
    assert_int_equal(audit_synced(a).seq, 0);
    MUST(f, audit_sync(a, &f->e));
    assert_int_equal(audit_synced(a).seq, 5);
    assert_string_equal(audit_synced(a).hash, r.head.hash);
    audit_close(a);
    str file = fixture_read(f, path_of(f, 1).p);
    assert_true(
        str_starts(file, S("{\"seq\":1,\"prev\":\"00000000000000000000000000000000000000000000000000000000000000"
                           "00\",\"record\":{\"a\":1}}\n{\"seq\":2,")));
}

static void test_store_audit__goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 6; i++) {
        struct audit *a = open_audit(f, 0);
        append_one(f, a, i);
        if (i % 2)
            MUST(f, audit_seal(a, vault(), &f->e));
        audit_close(a);
    }
    struct audit_report r = verify(f, NULL);
    assert_true(r.intact && r.lines == 9 && r.seals == 3 && r.unsealed == 0);
}

static void test_store_audit__bad_records_are_refused_whole(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0);
    str bad[] = {S(""),      S("x"),       S("[1]"), S("{"), S("{\"a\":1}\n{\"seq\":9}"), S("{\"a\":\"\x1b[2J\"}"),
                 STR_ABSENT, S("{\"a\":1")};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        str batch[] = {S("{}"), bad[i]};
        MUST_OOPS(f, audit_append(a, batch, 2, 0, &f->e));
    }
    str huge = str_n(arena_alloc(f->a, AUDIT_RECORD_MAX_BYTES + 1), AUDIT_RECORD_MAX_BYTES + 1);
    memset((char *)huge.p, ' ', huge.n);
    ((char *)huge.p)[0] = '{';
    ((char *)huge.p)[huge.n - 1] = '}';
    MUST_OOPS(f, audit_append(a, &huge, 1, 0, &f->e));
    huge = str_sub(huge, 0, AUDIT_RECORD_MAX_BYTES);
    ((char *)huge.p)[huge.n - 1] = '}';
    MUST(f, audit_append(a, &huge, 1, 0, &f->e));
    for (int i = 0; i < 100; i++) /* nobody flushes: the memory that waits is bounded */
        if (!is_ok(audit_append(a, &huge, 1, 0, NULL)))
            break;
    MUST_OOPS(f, audit_append(a, &huge, 1, 0, &f->e));
    MUST(f, audit_flush(a, &f->e));
    MUST(f, audit_append(a, &huge, 1, 0, &f->e));
    audit_close(a);
    struct audit_report r = verify(f, NULL);
    assert_true(r.intact && r.lines > 60 && r.lines < 66);
}

static void test_store_audit__files_follow_one_another(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 2000);
    struct audit_hits hits;

    for (unsigned i = 0; i < 100; i++) {
        append_one(f, a, i);
        if (i % 3 == 2)
            MUST(f, audit_seal(a, vault(), &f->e));
        if (i == 50) {
            audit_close(a);
            a = open_audit(f, 2000);
        }
    }
    MUST(f, audit_seal(a, vault(), &f->e));
    audit_close(a);
    assert_int_equal(access(path_of(f, 5).p, F_OK), 0);
    struct audit_report r = verify(f, NULL);
    assert_true(r.intact && r.unsealed == 0 && r.lines == 100 + r.seals);
    MUST(f, audit_find(f->dir, f->a, take_matching, "\"r-3\"", 5, &hits, &f->e));
    assert_int_equal(hits.n, 1);
    assert_str_equal(hits.items[0].record, S("{\"request\":\"r-3\"}"));
    MUST(f, audit_find(f->dir, f->a, take_matching, "\"r-", 7, &hits, &f->e));
    assert_int_equal(hits.n, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_str_equal(hits.items[i].record, arena_printf(f->a, "{\"request\":\"r-%u\"}", 99 - i));
    assert_int_equal(unlink(path_of(f, 3).p), 0);
    r = verify(f, NULL);
    assert_false(r.intact);
    assert_string_equal(r.file, "audit-000003.ndjson");
    assert_int_equal(unlink(path_of(f, 1).p), 0);
    r = verify(f, NULL);
    assert_string_equal(r.file, "audit-000001.ndjson");
}

/* In pieces of any size the same records come, each once, over the borders of files. */
static void test_store_audit__pieces_make_the_whole(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 2000);
    struct audit_hits hits;

    for (unsigned i = 0; i < 60; i++) {
        append_one(f, a, i);
        if (i % 3 == 2)
            MUST(f, audit_seal(a, vault(), &f->e));
    }
    audit_close(a);
    for (uint64_t bytes = 1; bytes < 9000; bytes = bytes * 3 + 1) {
        for (size_t limit = 1; limit < 40; limit = limit * 2 + 1) {
            struct audit_search s = {take_matching, "\"r-", limit, bytes, 0};
            struct audit_place place = {0, 0};
            unsigned n = 60, rounds = 0;
            do {
                MUST(f, audit_find_part(f->dir, f->a, &s, &place, &hits, &f->e));
                assert_true(hits.n <= limit && ++rounds < 1000);
                for (size_t i = 0; i < hits.n; i++)
                    assert_str_equal(hits.items[i].record, arena_printf(f->a, "{\"request\":\"r-%u\"}", --n));
            } while (place.file);
            assert_int_equal(n, 0);
        }
    }
}

static enum audit_look count_all(void *ctx, uint64_t seq, str record)
{
    (void)seq, (void)record;
    *(unsigned *)ctx += 1;
    return AUDIT_SKIP;
}

/* Seals say when: what lies before one that is older than what is asked for is not read. */
static void test_store_audit__what_is_too_old_is_not_read(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0);
    struct audit_hits hits;
    unsigned looked = 0;

    time_set_offset_ms(-3600 * 1000);
    for (unsigned i = 0; i < 10; i++)
        append_one(f, a, i);
    MUST(f, audit_seal(a, vault(), &f->e));
    time_set_offset_ms(0);
    for (unsigned i = 10; i < 15; i++)
        append_one(f, a, i);
    MUST(f, audit_seal(a, vault(), &f->e));
    audit_close(a);
    struct audit_search s = {count_all, &looked, 100, UINT64_MAX, time_wall_ms() - 60 * 1000};
    struct audit_place place = {0, 0};
    MUST(f, audit_find_part(f->dir, f->a, &s, &place, &hits, &f->e));
    assert_int_equal(looked, 5);
    assert_int_equal(place.file, 0);
}

static enum audit_look stop_at_second(void *ctx, uint64_t seq, str record)
{
    (void)record;
    *(uint64_t *)ctx += 1;
    return seq <= 2 ? AUDIT_STOP : AUDIT_SKIP;
}

static void test_store_audit__long_lines_are_found_backwards(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0);
    static const size_t sizes[] = {2, 65536 - 100, 65536, 200000, AUDIT_RECORD_MAX_BYTES, 3, 131072};
    struct audit_hits hits;
    uint64_t looked = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        str r = str_n(arena_alloc(f->a, sizes[i]), sizes[i]);
        memset((char *)r.p, ' ', r.n);
        ((char *)r.p)[0] = '{';
        ((char *)r.p)[r.n - 1] = '}';
        MUST(f, audit_append(a, &r, 1, 0, &f->e));
    }
    audit_close(a);
    MUST(f, audit_find(f->dir, f->a, take_matching, "{", 100, &hits, &f->e));
    assert_int_equal(hits.n, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(hits.items[i].record.n, sizes[6 - i]);
        assert_int_equal(hits.items[i].seq, 7 - i);
    }
    MUST(f, audit_find(f->dir, f->a, stop_at_second, &looked, 100, &hits, &f->e));
    assert_int_equal(looked, 6);
    assert_true(verify(f, NULL).intact);
}

/* ---- what is done to the files ---- */

static str sealed_file(struct fixture *f)
{
    struct audit *a = open_audit(f, 0);

    for (unsigned i = 0; i < 6; i++) {
        append_one(f, a, i);
        if (i % 2)
            MUST(f, audit_seal(a, vault(), &f->e));
    }
    audit_close(a);
    return fixture_read(f, path_of(f, 1).p);
}

static void test_store_audit__every_flipped_bit_is_named(void **state)
{
    struct fixture *f = *state;
    str file = sealed_file(f), path = path_of(f, 1);
    uint64_t line = 1;

    for (size_t i = 0; i < file.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            char was = file.p[i];
            ((char *)file.p)[i] ^= (char)(1 << bit);
            fixture_write(path.p, file);
            struct audit_report r = verify(f, NULL);
            ((char *)file.p)[i] = was;
            if (i + 1 == file.n && r.intact) { /* the very last newline: looks like a crash, loses nothing silently */
                assert_true(r.torn_bytes > 0 && r.lines == 8);
                continue;
            }
            if (r.intact || !r.why[0])
                fail_msg("bit %d of byte %zu: not noticed", bit, i);
            assert_true(r.line == line || r.line == line + 1);
        }
        line += file.p[i] == '\n';
    }
}

/* Lines from..to-1 of a text, with their newlines. */
static str lines_of(str text, size_t from, size_t to)
{
    str rest = text, before = text;

    for (size_t i = 0; i < to; i++) {
        if (i == from)
            before = rest;
        str_cut(&rest, '\n');
    }
    return str_n(before.p, (size_t)(rest.p - before.p));
}

static void test_store_audit__cuts_swaps_and_forgeries_are_named(void **state)
{
    struct fixture *f = *state;
    str file = sealed_file(f), path = path_of(f, 1);
    struct audit_report whole = verify(f, NULL), r;

    assert_true(whole.intact && whole.lines == 9 && whole.unsealed == 0);
    for (size_t i = 0; i < 8; i++) { /* without line i + 1 */
        fixture_write(path.p, arena_cat(f->a, lines_of(file, 0, i), lines_of(file, i + 1, 9)));
        r = verify(f, NULL);
        assert_true(!r.intact && r.line == i + 1);
        str swapped = arena_cat(f->a, lines_of(file, i + 1, i + 2), lines_of(file, i, i + 1));
        swapped = arena_cat(f->a, lines_of(file, 0, i), swapped);
        fixture_write(path.p, arena_cat(f->a, swapped, lines_of(file, i + 2, 9)));
        r = verify(f, NULL);
        assert_true(!r.intact && r.line == i + 1);
    }
    for (size_t n = 0; n < 9; n++) { /* the end cut off: only the anchor knows */
        fixture_write(path.p, lines_of(file, 0, n));
        r = verify(f, &whole.head);
        assert_true(!r.intact && strstr(r.why, "cut off"));
        r = verify(f, NULL);
        assert_true(r.intact && r.head.seq == n && r.unsealed == n % 3);
    }
    fixture_write(path.p, file);
    assert_true(verify(f, &whole.head).intact);
    struct audit_head elsewhere = whole.head;
    elsewhere.hash[0] ^= 1;
    assert_false(verify(f, &elsewhere).intact);
}

/* A whole chain made anew by somebody without the vault's key: each line chains, the first seal gives it away. */
static void test_store_audit__a_chain_sealed_by_another_is_named(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0);
    struct audit_mac forger = {seal_with, "a forger's key"};

    append_one(f, a, 1);
    MUST(f, audit_seal(a, forger, &f->e));
    append_one(f, a, 2);
    audit_close(a);
    struct audit_report r = verify(f, NULL);
    assert_true(!r.intact && r.line == 2 && strstr(r.why, "vault"));
    struct audit_mac none = {0};
    MUST(f, audit_verify(f->dir, none, NULL, &r, &f->e));
    assert_true(r.intact);
}

/* ---- crashes ---- */

static void test_store_audit__a_torn_end_is_moved_aside(void **state)
{
    struct fixture *f = *state;
    str file = sealed_file(f), path = path_of(f, 1), torn_path = arena_printf(f->a, "%s/audit-000001.torn", f->dir);
    size_t last = file.n - lines_of(file, 8, 9).n; /* where the last line begins */

    for (size_t n = last; n < file.n; n++) {
        static const char zeros[300] = {0};
        str torn = n % 2 ? str_n(zeros, 300) : S("");
        unlink(torn_path.p);
        fixture_write(path.p, arena_cat(f->a, str_sub(file, 0, n), torn));
        struct audit *a = open_audit(f, 0);
        append_one(f, a, 100);
        audit_close(a);
        struct audit_report r = verify(f, NULL);
        assert_true(r.intact && r.lines == 9 && r.torn_bytes == 0);
        size_t moved = n - last + torn.n;
        assert_int_equal(access(torn_path.p, F_OK), moved ? 0 : -1);
        if (moved)
            assert_int_equal(fixture_read(f, torn_path.p).n, moved);
    }
}

static void test_store_audit__a_crash_at_the_change_of_files_is_survived(void **state)
{
    struct fixture *f = *state;

    sealed_file(f);
    fixture_write(path_of(f, 2).p, S("")); /* created, nothing written yet */
    struct audit *a = open_audit(f, 0);
    append_one(f, a, 7);
    audit_close(a);
    struct audit_report r = verify(f, NULL);
    assert_true(r.intact && r.lines == 10 && r.unsealed == 1);
    fixture_write(path_of(f, 2).p, S("{\"seq\":10,\"pr"));
    a = open_audit(f, 0);
    append_one(f, a, 8);
    audit_close(a);
    r = verify(f, NULL);
    assert_true(r.intact && r.lines == 10);
}

static void test_store_audit__one_writer_a_folder(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0), *second = NULL;

    MUST_OOPS(f, audit_open(f->dir, 0, &second, &f->e));
    assert_null(second);
    audit_close(a);
    a = open_audit(f, 0);
    audit_close(a);
    audit_close(NULL);
}

/* ---- faults ---- */

static void test_store_audit__a_failed_write_is_made_up_for(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 0);
    str record = S("{\"n\":1}");

    MUST(f, audit_append(a, &record, 1, 0, &f->e));
    audit_fail_after(a, 1);
    MUST_OOPS(f, audit_flush(a, &f->e));
    assert_true(verify(f, NULL).lines == 0);
    MUST(f, audit_append(a, &record, 1, 0, &f->e));
    MUST(f, audit_flush(a, &f->e));
    assert_true(verify(f, NULL).lines == 2);
    struct audit_mac gone = {vault_is_gone, NULL};
    MUST_OOPS(f, audit_seal(a, gone, &f->e));
    append_one(f, a, 3);
    assert_true(verify(f, NULL).intact);
    audit_fail_after(a, 1);
    MUST_OOPS(f, audit_sync(a, &f->e)); /* from now on nothing can be promised */
    MUST_OOPS(f, audit_append(a, &record, 1, 0, &f->e));
    MUST_OOPS(f, audit_flush(a, &f->e));
    MUST_OOPS(f, audit_sync(a, &f->e));
    MUST_OOPS(f, audit_seal(a, vault(), &f->e));
    audit_close(a);
    assert_true(verify(f, NULL).lines == 3);
}

static void test_store_audit__a_fault_at_the_change_of_files_is_made_up_for(void **state)
{
    struct fixture *f = *state;

    for (int64_t n = 1; n <= 4; n++) { /* write, sync, create, sync of the folder */
        struct audit *a = open_audit(f, 100);
        append_one(f, a, (unsigned)n);
        audit_fail_after(a, n);
        MUST_OOPS(f, audit_seal(a, vault(), &f->e));
        audit_fail_after(a, 0);
        if (n != 2) { /* a failed sync ends the chain until the next start */
            append_one(f, a, 10);
            MUST(f, audit_seal(a, vault(), &f->e));
        }
        audit_close(a);
        assert_true(verify(f, NULL).intact);
    }
}

/* ---- threads ---- */

enum { THREADS = 4, EACH = 500 };

static void *append_many(void *audit)
{
    for (int i = 0; i < EACH; i++) {
        str pair[] = {S("{\"first\":1}"), S("{\"second\":2}")};
        if (!is_ok(audit_append(audit, pair, 2, 0, NULL)) || !is_ok(audit_flush(audit, NULL)))
            return audit;
        if (i % 50 == 0 && (!is_ok(audit_sync(audit, NULL)) || !is_ok(audit_seal(audit, vault(), NULL))))
            return audit;
    }
    return NULL;
}

static void test_store_audit__threads_share_one_chain(void **state)
{
    struct fixture *f = *state;
    struct audit *a = open_audit(f, 50000);
    pthread_t threads[THREADS];
    void *failed;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, a), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    audit_close(a);
    struct audit_report r = verify(f, NULL);
    assert_true(r.intact && r.lines - r.seals == (uint64_t)THREADS * EACH * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_store_audit__appends_chain_and_verify),
        fixture_test(test_store_audit__goes_on_after_a_restart),
        fixture_test(test_store_audit__bad_records_are_refused_whole),
        fixture_test(test_store_audit__files_follow_one_another),
        fixture_test(test_store_audit__pieces_make_the_whole),
        fixture_test(test_store_audit__what_is_too_old_is_not_read),
        fixture_test(test_store_audit__long_lines_are_found_backwards),
        fixture_test(test_store_audit__every_flipped_bit_is_named),
        fixture_test(test_store_audit__cuts_swaps_and_forgeries_are_named),
        fixture_test(test_store_audit__a_chain_sealed_by_another_is_named),
        fixture_test(test_store_audit__a_torn_end_is_moved_aside),
        fixture_test(test_store_audit__a_crash_at_the_change_of_files_is_survived),
        fixture_test(test_store_audit__one_writer_a_folder),
        fixture_test(test_store_audit__a_failed_write_is_made_up_for),
        fixture_test(test_store_audit__a_fault_at_the_change_of_files_is_made_up_for),
        fixture_test(test_store_audit__threads_share_one_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
