/* SPDX-License-Identifier: MIT */
/* Hostile archives against unpack, hostile trees against pack. Each case works in a folder beside a canary. */
#include "test.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "runtimes/agent/beneath.h"
#include "runtimes/agent/move.h"
#include "runtimes/agent/pack.h"
#include "runtimes/agent/unpack.h"

struct place {
    char dir[64]; /* holds "canary", "box" */
    int outside, box;
    struct err e;
};

static int setup(void **state)
{
    static struct place p;

    memset(&p, 0, sizeof p);
    snprintf(p.dir, sizeof p.dir, "/tmp/barmkin-unpack.XXXXXX");
    assert_non_null(mkdtemp(p.dir));
    p.outside = open(p.dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(p.outside, "box", 0755), 0);
    p.box = openat(p.outside, "box", O_RDONLY | O_DIRECTORY);
    int fd = openat(p.outside, "canary", O_CREAT | O_WRONLY, 0644);
    assert_int_equal(write(fd, "alive", 5), 5);
    close(fd);
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    char text[8] = "";
    int fd = openat(p->outside, "canary", O_RDONLY);

    assert_int_equal(read(fd, text, sizeof text), 5); /* nothing reached it */
    assert_memory_equal(text, "alive", 5);
    close(fd);
    close(p->box);
    close(p->outside);
    pid_t pid = fork();
    if (pid == 0)
        execlp("rm", "rm", "-rf", p->dir, (char *)NULL);
    waitpid(pid, NULL, 0);
    return 0;
}

struct item {
    char type; /* f file, d folder, l symbolic link, h hard link, b block device, c character device, p pipe */
    const char *name, *to;
    unsigned mode;
};

static int scratch(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

    assert_true(fd >= 0);
    return fd;
}

static void add(struct archive *a, const struct item *i)
{
    struct archive_entry *n = archive_entry_new();

    archive_entry_set_pathname(n, i->name);
    archive_entry_set_perm(n, i->mode ? (mode_t)i->mode : 0644);
    archive_entry_set_filetype(n, i->type == 'd'   ? AE_IFDIR
                                  : i->type == 'l' ? AE_IFLNK
                                  : i->type == 'b' ? AE_IFBLK
                                  : i->type == 'c' ? AE_IFCHR
                                  : i->type == 'p' ? AE_IFIFO
                                                   : AE_IFREG);
    if (i->type == 'l')
        archive_entry_set_symlink(n, i->to);
    if (i->type == 'h')
        archive_entry_set_hardlink(n, i->to);
    if (i->type == 'f')
        archive_entry_set_size(n, 4);
    assert_int_equal(archive_write_header(a, n), ARCHIVE_OK);
    if (i->type == 'f')
        assert_int_equal(archive_write_data(a, "evil", 4), 4);
    archive_entry_free(n);
}

static int tar_of(const struct item *items, size_t n)
{
    int fd = scratch();
    struct archive *a = archive_write_new();

    archive_write_add_filter_gzip(a);
    archive_write_set_format_pax_restricted(a);
    assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++)
        add(a, &items[i]);
    archive_write_close(a);
    archive_write_free(a);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int zip_of(const struct item *items, size_t n)
{
    int fd = scratch();
    struct archive *a = archive_write_new();

    archive_write_set_format_zip(a);
    assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++)
        add(a, &items[i]);
    archive_write_close(a);
    archive_write_free(a);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static res unpack_code(struct place *p, int fd)
{
    struct unpack_limits limits = UNPACK_CODE_LIMITS;
    res r = unpack_zip(fd, p->box, &limits, &p->e);

    close(fd);
    return r;
}

static res unpack(struct place *p, int fd)
{
    struct unpack_limits limits = UNPACK_LIMITS;
    res r = unpack_tar(fd, p->box, &limits, &p->e);

    close(fd);
    return r;
}

static bool there(const struct place *p, const char *name)
{
    struct stat st;

    return fstatat(p->box, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_agent_unpack__takes_an_honest_archive(void **state)
{
    static const struct item items[] = {{'d', "./", NULL, 0755},     {'f', "./xgboost-model", NULL, 06777},
                                        {'d', "code/", NULL, 0777},  {'f', "code/inference.py", NULL, 0644},
                                        {'f', "a/b/c", NULL, 0644},  {'l', "code/link", "../a/b/c", 0},
                                        {'h', "hard", "a/b/c", 0},   {'f', "xgboost-model", NULL, 0600},
                                        {'l', "dangling", "x/y", 0}, {'f', "..name..", NULL, 0}};
    struct place *p = *state;
    struct stat st;
    char text[8];

    if (!is_ok(unpack(p, tar_of(items, sizeof items / sizeof *items))))
        fail_msg("%s", p->e.what);
    assert_int_equal(fstatat(p->box, "xgboost-model", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(fstatat(p->box, "code/inference.py", &st, 0), 0);
    assert_int_equal(fstatat(p->box, "hard", &st, 0), 0);
    assert_int_equal(st.st_nlink, 2);
    assert_int_equal(readlinkat(p->box, "code/link", text, sizeof text), 8);
    assert_true(there(p, "..name.."));
}

static void test_agent_unpack__setuid_is_cleared(void **state)
{
    static const struct item items[] = {{'f', "s", NULL, 06755}};
    struct place *p = *state;
    struct stat st;

    assert_true(is_ok(unpack(p, tar_of(items, 1))));
    assert_int_equal(fstatat(p->box, "s", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
}

/* Every one is refused, and the second entry of each pair never lands. */
static void test_agent_unpack__refuses_ways_out(void **state)
{
    static const struct item cases[][2] = {
        {{'f', "../canary", NULL, 0}},
        {{'f', "/tmp/barmkin-absolute", NULL, 0}},
        {{'f', "a/../../canary", NULL, 0}},
        {{'f', "./../canary", NULL, 0}},
        {{'f', "a/./b", NULL, 0}},
        {{'f', "a//b", NULL, 0}},
        {{'f', "a/..", NULL, 0}},
        {{'f', "..", NULL, 0}},
        {{'d', "../dir", NULL, 0}},
        {{'f', "new\nline", NULL, 0}},
        {{'f', "esc\033[2J", NULL, 0}},
        {{'l', "l", "/etc/passwd", 0}},
        {{'l', "l", "..", 0}},
        {{'l', "l", "../canary", 0}},
        {{'l', "a/l", "../../canary", 0}},
        {{'l', "a/l", "x/../../../canary", 0}},
        {{'l', "../l", "x", 0}},
        {{'h', "h", "../canary", 0}},
        {{'h', "h", "/etc/passwd", 0}},
        {{'h', "h", "no-such-file", 0}},
        {{'h', "../h", "x", 0}},
        {{'b', "disk", NULL, 0}},
        {{'c', "null", NULL, 0}},
        {{'p', "pipe", NULL, 0}},
        {{'l', "s", "inside", 0}, {'f', "s/through", NULL, 0}}, /* through a link, even one that stays inside */
        {{'l', "s", ".", 0}, {'f', "s/through", NULL, 0}},
        {{'l', "s", "inside", 0}, {'h', "h", "s", 0}}, /* a hard link to a link */
        {{'l', "s", "inside", 0}, {'d', "s/d", NULL, 0}},
        {{'f', "s", NULL, 0}, {'f', "s/through", NULL, 0}}, /* a file as a folder */
        {{'d', "s", NULL, 0}, {'f', "s", NULL, 0}},         /* a folder as a file */
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = cases[i][1].name ? 2 : 1;
        err_clear(&p->e);
        unlinkat(p->box, "s", 0);
        unlinkat(p->box, "s", AT_REMOVEDIR);
        unlinkat(p->box, "h", 0);
        res r = unpack(p, tar_of(cases[i], n));
        if (is_ok(r))
            fail_msg("case %zu, %s, was taken", i, cases[i][n - 1].name);
        if (!p->e.what[0])
            fail_msg("case %zu has no reason", i);
        assert_false(there(p, "through"));
    }
    assert_int_equal(access("/tmp/barmkin-absolute", F_OK), -1);
}

/* The same of a function's code, which comes as a zip; its format knows files, folders and symbolic links. */
static void test_agent_unpack__zips_have_no_ways_out(void **state)
{
    static const struct item good[] = {{'f', "index.py", NULL, 0644},
                                       {'f', "bootstrap", NULL, 0755},
                                       {'f', "package/module.py", NULL, 0600},
                                       {'l', "package/link", "module.py", 0}};
    static const struct item cases[][2] = {
        {{'f', "../canary", NULL, 0}},
        {{'f', "/tmp/barmkin-absolute", NULL, 0}},
        {{'f', "a/../../canary", NULL, 0}},
        {{'f', "a\\..\\..\\canary/../../x", NULL, 0}},
        {{'d', "../dir", NULL, 0}},
        {{'l', "l", "/etc/passwd", 0}},
        {{'l', "l", "../canary", 0}},
        {{'l', "s", "inside", 0}, {'f', "s/through", NULL, 0}},
        {{'f', "s", NULL, 0}, {'f', "s/through", NULL, 0}},
    };
    struct place *p = *state;
    struct stat st;

    if (!is_ok(unpack_code(p, zip_of(good, 4))))
        fail_msg("%s", p->e.what);
    assert_int_equal(fstatat(p->box, "bootstrap", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(fstatat(p->box, "package/link", &st, 0), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        err_clear(&p->e);
        unlinkat(p->box, "s", 0);
        if (is_ok(unpack_code(p, zip_of(cases[i], cases[i][1].name ? 2 : 1))))
            fail_msg("case %zu was taken", i);
        assert_false(there(p, "through"));
    }
    assert_int_equal(access("/tmp/barmkin-absolute", F_OK), -1);
    err_clear(&p->e);
    assert_int_equal(unpack_code(p, tar_of(good, 2)).why, WHY_REJECT); /* no zip */
    assert_int_equal(unpack_code(p, scratch()).why, WHY_REJECT);
}

static void test_agent_unpack__a_link_is_replaced_not_followed(void **state)
{
    static const struct item items[] = {{'l', "s", "target", 0}, {'f', "s", NULL, 0}};
    struct place *p = *state;
    struct stat st;

    assert_true(is_ok(unpack(p, tar_of(items, 2))));
    assert_int_equal(fstatat(p->box, "s", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_false(there(p, "target"));
}

/* `bytes` zeros in one file: packs about a thousandfold. */
static int bomb(uint64_t bytes)
{
    static const char zeros[1 << 20];
    int fd = scratch();
    struct archive *a = archive_write_new();
    struct archive_entry *n = archive_entry_new();

    archive_write_add_filter_gzip(a);
    archive_write_set_format_pax_restricted(a);
    archive_write_open_fd(a, fd);
    archive_entry_set_pathname(n, "zeros");
    archive_entry_set_filetype(n, AE_IFREG);
    archive_entry_set_perm(n, 0644);
    archive_entry_set_size(n, (int64_t)bytes);
    archive_write_header(a, n);
    for (uint64_t left = bytes; left; left -= sizeof zeros)
        archive_write_data(a, zeros, sizeof zeros);
    archive_entry_free(n);
    archive_write_close(a);
    archive_write_free(a);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void test_agent_unpack__stops_bombs_early(void **state)
{
    struct place *p = *state;
    struct unpack_limits small = {1 << 20, 10, 100, 1 << 20};
    struct stat st;

    assert_int_equal(unpack(p, bomb(256 << 20)).why, WHY_REJECT);
    assert_non_null(strstr(p->e.what, "100-fold"));
    assert_int_equal(fstatat(p->box, "zeros", &st, 0), 0);
    assert_true(st.st_size < 64 << 20); /* it was stopped on the way */
    err_clear(&p->e);
    int fd = bomb(2 << 20);
    assert_int_equal(unpack_tar(fd, p->box, &small, &p->e).why, WHY_REJECT);
    assert_non_null(strstr(p->e.what, "more than 1048576 bytes"));
    close(fd);
}

static void test_agent_unpack__counts_entries_and_holes(void **state)
{
    struct item many[12];
    char names[12][16];
    struct place *p = *state;
    struct unpack_limits few = {1 << 20, 10, 100, 1 << 20};
    int fd, out = scratch();

    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i);
        many[i] = (struct item){'f', names[i], NULL, 0};
    }
    fd = tar_of(many, 12);
    assert_int_equal(unpack_tar(fd, p->box, &few, &p->e).why, WHY_REJECT);
    assert_non_null(strstr(p->e.what, "entries"));
    close(fd);

    /* a sparse file of 8 GiB in a few hundred bytes */
    struct archive *a = archive_write_new();
    struct archive_entry *n = archive_entry_new();
    archive_write_set_format_pax(a);
    archive_write_open_fd(a, out);
    archive_entry_set_pathname(n, "sparse");
    archive_entry_set_filetype(n, AE_IFREG);
    archive_entry_set_size(n, 8LL << 30);
    archive_entry_sparse_add_entry(n, (8LL << 30) - 512, 512);
    archive_write_header(a, n);
    archive_entry_free(n);
    archive_write_free(a);
    lseek(out, 0, SEEK_SET);
    err_clear(&p->e);
    assert_int_equal(unpack(p, out).why, WHY_REJECT);
}

static void test_agent_unpack__cut_and_foreign_archives_are_refused(void **state)
{
    static const struct item items[] = {{'f', "one", NULL, 0}, {'f', "two", NULL, 0}};
    static const char *const foreign[] = {"", "PK\003\004zip", "not an archive at all", "\037\213\010\0garbage"};
    struct place *p = *state;
    struct stat st;
    int fd = tar_of(items, 2);

    fstat(fd, &st);
    assert_int_equal(ftruncate(fd, st.st_size - 20), 0);
    assert_int_equal(unpack(p, fd).why, WHY_REJECT);
    for (size_t i = 1; i < sizeof foreign / sizeof *foreign; i++) {
        fd = scratch();
        assert_true(write(fd, foreign[i], strlen(foreign[i])) > 0);
        lseek(fd, 0, SEEK_SET);
        err_clear(&p->e);
        assert_int_equal(unpack(p, fd).why, WHY_REJECT);
    }
}

static void put(int at, const char *name, const char *text)
{
    int fd = openat(at, name, O_CREAT | O_WRONLY | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_agent_pack__packs_files_and_folders_only(void **state)
{
    struct place *p = *state;
    struct packed packed;
    int fd = scratch(), again;
    char bytes[65536], hex[65];

    put(p->box, "model", "MODEL");
    mkdirat(p->box, "sub", 0755);
    put(p->box, "sub/file", "FILE");
    assert_int_equal(symlinkat("../canary", p->box, "link"), 0);
    assert_int_equal(symlinkat("..", p->box, "up"), 0);
    mkfifoat(p->box, "pipe", 0644);
    if (!is_ok(pack_tar_gz(p->box, fd, &packed, &p->e)))
        fail_msg("%s", p->e.what);
    assert_int_equal(packed.entries, 3);
    assert_int_equal(packed.skipped, 3);
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    assert_int_equal(n, packed.bytes);
    assert_str_equal(hash_sha256_hex(str_n(bytes, (size_t)n), hex), str_n(packed.sha256_hex, 64));
    assert_int_equal(mkdirat(p->outside, "again", 0755), 0);
    again = openat(p->outside, "again", O_RDONLY | O_DIRECTORY);
    lseek(fd, 0, SEEK_SET);
    struct unpack_limits limits = UNPACK_LIMITS;
    assert_true(is_ok(unpack_tar(fd, again, &limits, &p->e)));
    assert_int_equal(faccessat(again, "sub/file", F_OK, 0), 0);
    assert_int_equal(faccessat(again, "link", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_true(pack_has_any(p->outside, "again/sub"));
    assert_false(pack_has_any(p->outside, "again/none"));
    close(again);
    close(fd);
}

/* The folder `d` is a folder and a link to the outside, by turns, as fast as it can. */
struct race {
    int box;
    volatile bool stop;
};

static void *swap(void *arg)
{
    struct race *r = arg;

    while (!r->stop) {
        renameat2(r->box, "d", r->box, "l", RENAME_EXCHANGE);
        sched_yield();
    }
    return NULL;
}

static void test_agent_pack__a_racing_link_never_leads_out(void **state)
{
    struct place *p = *state;
    struct race r = {.box = p->box};
    pthread_t t;
    char bytes[65536];

    mkdirat(p->box, "d", 0755);
    put(p->box, "d/own", "own");
    assert_int_equal(symlinkat("..", p->box, "l"), 0); /* leads to the canary */
    pthread_create(&t, NULL, swap, &r);
    for (int i = 0; i < 2000; i++) {
        struct packed packed;
        int fd = scratch();
        struct archive *a = archive_read_new();
        struct archive_entry *n;
        assert_true(is_ok(pack_tar_gz(p->box, fd, &packed, &p->e)));
        lseek(fd, 0, SEEK_SET);
        archive_read_support_filter_gzip(a);
        archive_read_support_format_tar(a);
        archive_read_open_fd(a, fd, sizeof bytes);
        while (archive_read_next_header(a, &n) == ARCHIVE_OK)
            assert_null(strstr(archive_entry_pathname(n), "canary"));
        archive_read_free(a);
        close(fd);
    }
    r.stop = true;
    pthread_join(t, NULL);
}

static void test_agent_beneath__checks_names(void **state)
{
    static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "a/.", "../a", "a/../b", "a\nb", "\x7f"};
    static const char *const good[] = {"a", "a/b", ".hidden", "..a", "a..", "gr\xc3\xbc\xc3\x9f/x y", "-rf"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (beneath_path_ok(str_z(bad[i])))
            fail_msg("\"%s\" was taken", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!beneath_path_ok(str_z(good[i])))
            fail_msg("\"%s\" was refused", good[i]);
    assert_false(beneath_path_ok(str_n("a\0b", 3)));
}

static void test_agent_move__names_objects_as_sagemaker_does(void **state)
{
    static const struct {
        const char *prefix, *key, *name;
    } cases[] = {
        {"abalone/train", "abalone/train/x.csv", "x.csv"},
        {"abalone/train/", "abalone/train/a/x.csv", "a/x.csv"},
        {"abalone/train/x.csv", "abalone/train/x.csv", "x.csv"},
        {"abalone/tr", "abalone/train.csv", "train.csv"},
        {"abalone/tr", "abalone/train/x.csv", "train/x.csv"},
        {"", "x.csv", "x.csv"},
        {"x", "x", "x"},
        {"abalone/train", "abalone/train/", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str name = move_local_name(str_z(cases[i].prefix), str_z(cases[i].key));
        assert_int_equal(str_is(name), cases[i].name != NULL);
        assert_str_equal(name, str_z(cases[i].name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_agent_unpack__takes_an_honest_archive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__setuid_is_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__refuses_ways_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__zips_have_no_ways_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__a_link_is_replaced_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__stops_bombs_early, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__counts_entries_and_holes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_unpack__cut_and_foreign_archives_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_pack__packs_files_and_folders_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agent_pack__a_racing_link_never_leads_out, setup, teardown),
        cmocka_unit_test(test_agent_beneath__checks_names),
        cmocka_unit_test(test_agent_move__names_objects_as_sagemaker_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
