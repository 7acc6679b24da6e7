/* SPDX-License-Identifier: MIT */
/* File systems on the real kernel: many see one volume, each as itself; nobody sees more than the folder it was given.
 */
#include "volume-rig.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "warden/server/lease.h"

enum { BASE_A = 3000000, BASE_B = 4000000 };

static struct share_plan plan(const char *holder, uint32_t base, const char *folder)
{
    return (struct share_plan){.file_system = "fs-1",
                               .holder = holder,
                               .at = "input/data/train",
                               .folder = folder,
                               .uid_base = base,
                               .mib = 64};
}

/* As vault does, for one holder. */
static void give_key(struct rig *r, const struct share_plan *p, const uint8_t *key)
{
    char id[64];

    snprintf(id, sizeof id, "%s-%s", p->file_system, p->holder);
    ok(r, volume_key_put(r->v, id, key, &r->e));
}

static const char *shared(struct rig *r, const struct share_plan *p)
{
    const char *point = NULL, *at;
    bool read_only;

    give_key(r, p, key_a);
    ok(r, volume_share(r->v, p, &r->e));
    for (size_t i = 0; volume_share_of(r->v, p->holder, i, &point, &at, &read_only);)
        i++;
    assert_non_null(point);
    assert_string_equal(at, p->at);
    assert_int_equal(read_only, p->read_only);
    return point;
}

static void refused(struct rig *r, const struct share_plan *p, const char *why)
{
    if (name_is_safe(p->holder))
        give_key(r, p, key_a);
    assert_int_equal(volume_share(r->v, p, &r->e).why, WHY_REJECT);
    if (!strstr(r->e.what, why))
        fail_msg("not \"%s\" but \"%s\"", why, r->e.what);
    err_clear(&r->e);
    volume_shares_end(r->v, p->holder);
    assert_int_equal(volume_share(r->v, p, &r->e).why, WHY_REJECT); /* its key has gone with it */
    err_clear(&r->e);
}

/* A process of a sandbox's: a user of its range, without any capability. True when the file could be written. */
static bool writes_as(uint32_t user, const char *folder, const char *name)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0 || chdir(folder) < 0)
            _exit(2);
        FILE *f = fopen(name, "we");
        _exit(f && fputs(planted, f) >= 0 && fclose(f) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

static struct stat at(const char *folder, const char *name)
{
    char path[PATH_BYTES + 64];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(lstat(path, &st), 0);
    return st;
}

static void test_warden_volume_share__two_see_one_file_system(void **state)
{
    struct rig *r = *state;
    struct share_plan a = plan("box-a", BASE_A, "/"), b = plan("box-b", BASE_B, "/");
    char image[160];
    uint64_t used;

    if (!r)
        skip();
    const char *of_a = shared(r, &a), *of_b = shared(r, &b);
    assert_int_equal(at(of_a, ".").st_mode & 07777, 0755);
    assert_true(writes_as(BASE_A, of_a, "planted-secret-name"));
    assert_int_equal(at(of_a, "planted-secret-name").st_uid, BASE_A);
    assert_int_equal(at(of_b, "planted-secret-name").st_uid, BASE_B); /* root of the one is root of the other */
    assert_false(writes_as(BASE_A, of_b, "new"));                     /* and neither is anybody in the other's view */
    ok(r, volume_share_used(r->v, "fs-1", &used, &r->e));
    assert_in_range(used, 4096, 8 << 20);
    volume_shares_end(r->v, "box-a");
    assert_int_equal(at(of_b, "planted-secret-name").st_uid, BASE_B);
    assert_int_equal(loops_of(r->dir), 1);
    volume_shares_end(r->v, "box-b");
    assert_int_equal(loops_of(r->dir), 0);
    assert_int_equal(volumes_mounted(r->v), 0);
    assert_int_equal(volume_share_used(r->v, "fs-1", &used, &r->e).why, WHY_REJECT);
    err_clear(&r->e);
    snprintf(image, sizeof image, "%s/fs-1.img", r->images);
    assert_false(file_holds(image, planted));
    assert_false(file_holds(image, "planted-secret-name"));
    of_a = shared(r, &a);
    assert_int_equal(at(of_a, "planted-secret-name").st_uid, BASE_A); /* what was written stays */
}

static void test_warden_volume_share__is_closed_to_everybody_else(void **state)
{
    struct rig *r = *state;
    struct share_plan a = plan("box-a", BASE_A, "/");
    char whole[160];

    if (!r)
        skip();
    shared(r, &a);
    snprintf(whole, sizeof whole, "%s/fs-1", r->mounts);
    pid_t pid = fork();
    if (pid == 0)
        _exit(setresgid(1, 1, 1) < 0 || setresuid(1, 1, 1) < 0 || access(whole, X_OK) == 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_warden_volume_share__read_only_and_squashed_roots(void **state)
{
    struct rig *r = *state;
    struct share_plan root = plan("box-a", BASE_A, "/"), reader = plan("box-b", BASE_B, "/"),
                      nobody = plan("box-c", BASE_B + LEASE_IDS, "/");

    if (!r)
        skip();
    const char *of_root = shared(r, &root);
    assert_true(writes_as(BASE_A, of_root, "roots"));
    reader.read_only = true;
    const char *of_reader = shared(r, &reader);
    assert_false(writes_as(BASE_B, of_reader, "new"));
    assert_false(writes_as(BASE_B, of_reader, "roots"));
    assert_int_equal(at(of_reader, "roots").st_uid, BASE_B);

    nobody.squash_root = true;
    uint32_t me = nobody.uid_base;
    const char *of_nobody = shared(r, &nobody);
    assert_int_equal(at(of_nobody, "roots").st_uid, me + 65534);
    assert_false(writes_as(me, of_nobody, "new")); /* the root folder is root's */
    assert_false(writes_as(me, of_nobody, "roots"));
    char open_to_all[PATH_BYTES + 16];
    snprintf(open_to_all, sizeof open_to_all, "%s/all", of_root);
    assert_int_equal(mkdir(open_to_all, 0700), -1); /* nor is the host's root anybody in a view */
    pid_t pid = fork();
    if (pid == 0)
        _exit(setresgid(BASE_A, BASE_A, BASE_A) < 0 || setresuid(BASE_A, BASE_A, BASE_A) < 0 ||
              mkdir(open_to_all, 0700) < 0 || chmod(open_to_all, 01777) < 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(writes_as(me, of_nobody, "all/mine"));
    assert_int_equal(at(of_root, "all/mine").st_uid, BASE_A + 65534); /* "nobody" wrote it */
    assert_int_equal(at(of_nobody, "all/mine").st_uid, me);
}

static void test_warden_volume_share__shows_one_folder_only(void **state)
{
    struct rig *r = *state;
    struct share_plan a = plan("box-a", BASE_A, "/"), b = plan("box-b", BASE_B, "/sub/");
    static const char *const bad[] = {"/none", "/../data", "/sub/../..", "/file", "/link", "/link/.."};

    if (!r)
        skip();
    const char *of_a = shared(r, &a);
    pid_t pid = fork();
    if (pid == 0)
        _exit(setresgid(BASE_A, BASE_A, BASE_A) < 0 || setresuid(BASE_A, BASE_A, BASE_A) < 0 || chdir(of_a) < 0 ||
              mkdir("sub", 0755) < 0 || symlink("/etc", "link") < 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(writes_as(BASE_A, of_a, "file"));
    assert_true(writes_as(BASE_A, of_a, "sub/inside"));
    const char *of_b = shared(r, &b);
    assert_int_equal(at(of_b, "inside").st_uid, BASE_B);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct share_plan c = plan("box-c", BASE_B, bad[i]);
        refused(r, &c, "No such file or directory");
    }
    volume_shares_end(r->v, "box-a");
    volume_shares_end(r->v, "box-b");
    assert_int_equal(loops_of(r->dir), 0); /* what was refused holds nothing */
}

static void test_warden_volume_share__needs_a_key_each_time_and_the_right_one(void **state)
{
    struct rig *r = *state;
    struct share_plan a = plan("box-a", BASE_A, "/"), b = plan("box-b", BASE_B, "/");

    if (!r)
        skip();
    assert_int_equal(volume_share(r->v, &a, &r->e).why, WHY_REJECT);
    err_clear(&r->e);
    give_key(r, &b, key_a);
    shared(r, &a);
    shared(r, &b); /* the one's key was not the other's */
    volume_shares_end(r->v, "box-b");
    assert_int_equal(volume_share(r->v, &b, &r->e).why, WHY_REJECT); /* mounted already, and yet */
    err_clear(&r->e);
    volume_shares_end(r->v, "box-a");
    give_key(r, &a, key_b);
    assert_int_equal(volume_share(r->v, &a, &r->e).why, WHY_REJECT);
    assert_non_null(strstr(r->e.what, "not the volume's"));
    err_clear(&r->e);
    assert_int_equal(loops_of(r->dir), 0);
}

static void test_warden_volume_share__refuses_places_that_are_none(void **state)
{
    struct rig *r = *state;
    static const char long_one[] = "012345678901234567890123456789012345678901234567890123456789"
                                   "012345678901234567890123456789012345678901234567890";
    static const char *const bad[] = {"", "/abs", "a/../b", "a b", "a\"b", long_one};

    if (!r)
        skip();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct share_plan p = plan("box-a", BASE_A, "/");
        p.at = bad[i];
        refused(r, &p, "cannot be seen at");
    }
    struct share_plan p = plan("../a", BASE_A, "/");
    refused(r, &p, "plain ids");
    volume_shares_end(r->v, "box-a");
    assert_int_equal(volumes_mounted(r->v), 0);
}

static void test_warden_volume_share__goes_while_it_is_used(void **state)
{
    struct rig *r = *state;
    struct share_plan a = plan("box-a", BASE_A, "/");
    char image[160];

    if (!r)
        skip();
    const char *of_a = shared(r, &a);
    assert_true(writes_as(BASE_A, of_a, "file"));
    int held = open(of_a, O_RDONLY | O_DIRECTORY); /* as a sandbox that still has it mounted */
    assert_true(held >= 0);
    ok(r, volume_share_delete(r->v, "fs-1", &r->e));
    assert_int_equal(openat(held, "file", O_RDONLY), -1);
    close(held);
    snprintf(image, sizeof image, "%s/fs-1.img", r->images);
    assert_int_equal(access(image, F_OK), -1);
    volume_shares_end(r->v, "box-a");
    ok(r, volume_share_delete(r->v, "fs-1", &r->e));
    assert_int_equal(loops_of(r->dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_warden_volume_share__two_see_one_file_system, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume_share__is_closed_to_everybody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume_share__read_only_and_squashed_roots, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume_share__shows_one_folder_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume_share__needs_a_key_each_time_and_the_right_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume_share__refuses_places_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume_share__goes_while_it_is_used, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
