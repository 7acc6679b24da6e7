/* SPDX-License-Identifier: MIT */
/* Blobs: what was written is read, any alteration is noticed, any failure leaves no name behind. */
#include "store/fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/time.h"
#include "store/blob.h"

enum { F = BLOB_FRAME_BYTES, HEADER = 32, TAG = 16 };

static const uint8_t key[BLOB_KEY_BYTES] = "an object's key, 32 bytes of it", other[BLOB_KEY_BYTES] = "another";

static struct blobs *open_blobs(struct fixture *f)
{
    struct blobs *b = NULL;

    MUST(f, blobs_open(f->dir, &b, &f->e));
    return b;
}

/* Bytes that differ from frame to frame and from byte to byte. */
static str pattern(struct fixture *f, size_t n)
{
    char *p = arena_alloc(f->a, n + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 7 + i / 251 + i / F * 31);
    return str_n(p, n);
}

/* Writes in pieces of `piece` bytes. */
static res write_all(struct blobs *b, str bytes, size_t piece, char id[BLOB_ID_BYTES + 1], struct err *e)
{
    struct blob_writer *w;
    uint64_t size;

    TRY(blob_begin(b, key, &w, e));
    while (bytes.n) {
        res r = blob_write(w, str_sub(bytes, 0, piece), e);
        if (!is_ok(r)) {
            blob_abandon(w);
            return r;
        }
        bytes = str_from(bytes, piece);
    }
    return blob_finish(w, id, &size, e);
}

static res read_all(struct fixture *f, struct blobs *b, const char *id, str *out, struct err *e)
{
    struct blob_reader *r;
    size_t got;

    TRY(blob_open(b, str_z(id), key, &r, e));
    char *p = arena_alloc(f->a, blob_size(r) + 1);
    res done = blob_read(r, 0, p, blob_size(r) + 1, &got, e);
    if (is_ok(done))
        assert_int_equal(got, blob_size(r));
    *out = str_n(p, got);
    blob_close(r);
    return done;
}

static const char *path_of(struct fixture *f, const char *id)
{
    return arena_printf(f->a, "%s/%.2s/%s", f->dir, id, id).p;
}

static void test_store_blob__every_size_reads_back(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, F - 1, F, F + 1, 2 * F - 1, 2 * F, 2 * F + 1, 3 * F + 12345};
    static const size_t pieces[] = {1, 1000, F - 1, F, F + 1, 5 * F};
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    char id[BLOB_ID_BYTES + 1];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = sizes[i] > 20 ? 1 : 0; k < sizeof pieces / sizeof *pieces; k++) {
            str want = pattern(f, sizes[i]), got;
            struct stat st;
            MUST(f, write_all(b, want, pieces[k], id, &f->e));
            MUST(f, read_all(f, b, id, &got, &f->e));
            assert_true(got.n == want.n && memcmp(got.p, want.p, want.n) == 0);
            assert_int_equal(stat(path_of(f, id), &st), 0);
            assert_int_equal(st.st_mode & 07777, 0600);
            size_t frames = sizes[i] ? (sizes[i] + F - 1) / F : 1;
            assert_int_equal(st.st_size, HEADER + sizes[i] + frames * TAG);
            str file = fixture_read(f, path_of(f, id));
            if (want.n >= 16)
                assert_null(memmem(file.p, file.n, want.p, 16));
        }
    blobs_close(b);
}

static void test_store_blob__reads_at_any_offset(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    str want = pattern(f, 3 * F + 777);
    char id[BLOB_ID_BYTES + 1], *dst = arena_alloc(f->a, want.n);
    struct blob_reader *r = NULL;
    unsigned seed = 3;
    size_t got;

    MUST(f, write_all(b, want, want.n, id, &f->e));
    MUST(f, blob_open(b, str_z(id), key, &r, &f->e));
    assert_int_equal(blob_size(r), want.n);
    for (int i = 0; i < 300; i++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t offset = (seed >> 8) % (want.n + 10);
        size_t cap = (seed >> 4) % (i % 2 ? 100 : 2 * F) + 1, left = offset < want.n ? want.n - offset : 0;
        MUST(f, blob_read(r, offset, dst, cap, &got, &f->e));
        assert_int_equal(got, left < cap ? left : cap);
        assert_true(got == 0 || memcmp(dst, want.p + offset, got) == 0);
    }
    MUST(f, blob_read(r, UINT64_MAX, dst, 10, &got, &f->e));
    assert_int_equal(got, 0);
    blob_close(r);
    blobs_close(b);
}

/* Any reading must fail; if it does not, it must at least not lie. */
static void must_not_read(struct fixture *f, struct blobs *b, const char *id, const char *what, size_t at)
{
    str got;

    err_clear(&f->e);
    if (is_ok(read_all(f, b, id, &got, &f->e)))
        fail_msg("%s at %zu is not noticed", what, at);
}

static void test_store_blob__every_flipped_byte_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    char id[BLOB_ID_BYTES + 1];

    MUST(f, write_all(b, pattern(f, 300), 300, id, &f->e));
    const char *path = path_of(f, id);
    str file = fixture_read(f, path);
    for (size_t i = 0; i < file.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            ((char *)file.p)[i] ^= (char)(1 << bit);
            fixture_write(path, file);
            must_not_read(f, b, id, "a flipped bit", i);
            ((char *)file.p)[i] ^= (char)(1 << bit);
        }
    for (size_t n = 0; n < file.n; n++) {
        fixture_write(path, str_sub(file, 0, n));
        must_not_read(f, b, id, "a cut", n);
    }
    fixture_write(path, arena_cat(f->a, file, S("x")));
    must_not_read(f, b, id, "an addition", file.n);
    fixture_write(path, file);
    str got;
    MUST(f, read_all(f, b, id, &got, &f->e));
    blobs_close(b);
}

static void test_store_blob__frames_cannot_be_moved_or_cut(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    char id[BLOB_ID_BYTES + 1];
    size_t sealed = F + TAG;

    MUST(f, write_all(b, pattern(f, 3 * F), F, id, &f->e));
    const char *path = path_of(f, id);
    str file = fixture_read(f, path), head = str_sub(file, 0, HEADER), frame[3];
    for (size_t i = 0; i < 3; i++)
        frame[i] = str_sub(file, HEADER + i * sealed, sealed);
    static const int orders[][4] = {{1, 0, 2, -1}, {0, 2, 1, -1}, {0, 1, -1}, {0, 2, -1}, {2, -1}, {0, 0, 2, -1}, {-1}};
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        str made = head;
        for (size_t k = 0; orders[o][k] >= 0; k++)
            made = arena_cat(f->a, made, frame[orders[o][k]]);
        fixture_write(path, made);
        must_not_read(f, b, id, "another order of frames", o);
    }
    fixture_write(path, arena_cat(f->a, file, frame[2]));
    must_not_read(f, b, id, "one frame more", 3);
    blobs_close(b);
}

/* A cut at a frame's edge is known when the blob is opened: before a length is told to anybody. */
static void test_store_blob__the_size_is_proven_at_open(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    char id[BLOB_ID_BYTES + 1];
    struct blob_reader *r = NULL;

    MUST(f, write_all(b, pattern(f, 2 * F), F, id, &f->e));
    const char *path = path_of(f, id);
    fixture_write(path, str_sub(fixture_read(f, path), 0, HEADER + F + TAG));
    MUST_OOPS(f, blob_open(b, str_z(id), key, &r, &f->e));
    assert_null(r);
    blobs_close(b);
}

static void test_store_blob__keys_and_ids_must_fit(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    char id[BLOB_ID_BYTES + 1], second[BLOB_ID_BYTES + 1];
    struct blob_reader *r = NULL;

    MUST(f, write_all(b, S("hello"), 5, id, &f->e));
    MUST(f, write_all(b, S("hello"), 5, second, &f->e));
    str one = fixture_read(f, path_of(f, id)), two = fixture_read(f, path_of(f, second));
    assert_true(memcmp(one.p + HEADER, two.p + HEADER, 5) != 0); /* one key, two blobs: no shared key stream */
    MUST_OOPS(f, blob_open(b, str_z(id), other, &r, &f->e));
    MUST_OOPS(f, blob_open(b, S("../../etc/passwd"), key, &r, &f->e));
    MUST_OOPS(f, blob_open(b, S(""), key, &r, &f->e));
    MUST_OOPS(f, blob_open(b, S("00000000000000000000000000000000"), key, &r, &f->e));
    assert_int_equal(f->e.sys_errno, 2 /* ENOENT */);
    MUST_OOPS(f, blob_remove(b, S("x"), &f->e));
    MUST(f, blob_remove(b, str_z(id), &f->e));
    MUST(f, blob_remove(b, str_z(id), &f->e));
    MUST_OOPS(f, blob_open(b, str_z(id), key, &r, &f->e));
    blob_close(NULL);
    blob_abandon(NULL);
    blobs_close(b);
}

struct counting {
    size_t seen, limit; /* removes the first `limit` */
    char last[BLOB_ID_BYTES + 1];
};

static bool count_unused(void *ctx, str id)
{
    struct counting *c = ctx;

    str_to_z(id, c->last, sizeof c->last);
    return ++c->seen <= c->limit;
}

static size_t count_blobs(struct fixture *f, struct blobs *b)
{
    struct counting c = {0};

    MUST(f, blobs_sweep(b, -1000, count_unused, &c, &f->e));
    return c.seen;
}

static void test_store_blob__the_sweep_spares_the_young(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    struct counting c = {.limit = 2};
    char id[BLOB_ID_BYTES + 1];

    for (int i = 0; i < 5; i++)
        MUST(f, write_all(b, S("x"), 1, id, &f->e));
    MUST(f, blobs_sweep(b, 3600000, count_unused, &c, &f->e));
    assert_int_equal(c.seen, 0);
    time_set_offset_ms(3601000);
    MUST(f, blobs_sweep(b, 3600000, count_unused, &c, &f->e));
    time_set_offset_ms(0);
    assert_int_equal(c.seen, 5);
    assert_int_equal(count_blobs(f, b), 3);
    blobs_close(b);
}

static void test_store_blob__a_fault_anywhere_leaves_no_blob(void **state)
{
    struct fixture *f = *state;
    struct blobs *b = open_blobs(f);
    str want = pattern(f, 3 * F), got;
    char id[BLOB_ID_BYTES + 1];
    int64_t n = 1;

    for (;; n++) {
        err_clear(&f->e);
        blobs_fail_after(b, n);
        res r = write_all(b, want, 10000, id, &f->e);
        blobs_fail_after(b, 0);
        int sys = f->e.sys_errno;
        assert_int_equal(count_blobs(f, b), is_ok(r) ? 1 : 0);
        if (is_ok(r))
            break;
        assert_true(r.why == WHY_OOPS && sys != 0 && n < 100);
    }
    assert_true(n >= 9); /* open, header, three frames, sync, folder, link, sync */
    for (n = 1;; n++) {
        err_clear(&f->e);
        blobs_fail_after(b, n);
        res r = read_all(f, b, id, &got, &f->e);
        blobs_fail_after(b, 0);
        if (is_ok(r))
            break;
        assert_true(n < 100);
    }
    assert_true(got.n == want.n && memcmp(got.p, want.p, want.n) == 0);
    assert_true(n >= 5);
    blobs_close(b);
}

/* A real limit of the kernel's instead of an injected one. In a child: it holds for the whole process. */
static void test_store_blob__a_full_disk_is_an_error_at_the_write(void **state)
{
    struct fixture *f = *state;
    int status;

    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit limit = {100000, 100000};
        struct blobs *b;
        char id[BLOB_ID_BYTES + 1];
        signal(SIGXFSZ, SIG_IGN);
        bool ready = is_ok(blobs_open(f->dir, &b, NULL)) && setrlimit(RLIMIT_FSIZE, &limit) == 0;
        res r = write_all(b, pattern(f, 3 * F), 3 * F, id, &f->e);
        _exit(ready && r.why == WHY_OOPS && f->e.sys_errno ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct blobs *b = open_blobs(f);
    assert_int_equal(count_blobs(f, b), 0);
    blobs_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_store_blob__every_size_reads_back),
        fixture_test(test_store_blob__reads_at_any_offset),
        fixture_test(test_store_blob__every_flipped_byte_is_noticed),
        fixture_test(test_store_blob__frames_cannot_be_moved_or_cut),
        fixture_test(test_store_blob__the_size_is_proven_at_open),
        fixture_test(test_store_blob__keys_and_ids_must_fit),
        fixture_test(test_store_blob__the_sweep_spares_the_young),
        fixture_test(test_store_blob__a_fault_anywhere_leaves_no_blob),
        fixture_test(test_store_blob__a_full_disk_is_an_error_at_the_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
