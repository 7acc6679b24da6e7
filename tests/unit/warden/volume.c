/* SPDX-License-Identifier: MIT */
/* Volumes on the real kernel: nothing is read without the key, nothing plain is in the image, nothing is left over. */
#include "volume-rig.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "warden/server/lease.h"

static void test_warden_volume__is_encrypted_and_unreadable_after(void **state)
{
    struct rig *r = *state;
    char path[PATH_BYTES + 32], data[PATH_BYTES], image[PATH_BYTES];
    uint32_t base;
    struct stat st;

    if (!r)
        skip();
    ok(r, volume_create(r->v, "vol-1", 64, &r->e));
    base = mounted(r, "vol-1", key_a);
    assert_int_equal(base % 65536, LEASE_FIRST % 65536);
    ok(r, volume_where(r->v, "vol-1", &base, data, &r->e));
    assert_int_equal(stat(data, &st), 0);
    assert_int_equal(st.st_uid, base);
    assert_int_equal(st.st_mode & 07777, 0700);

    pid_t pid = fork(); /* as the range's user: root itself has no id in the volume */
    if (pid == 0) {
        if (setresgid(base, base, base) < 0 || setresuid(base, base, base) < 0 || chdir(data) < 0)
            _exit(1);
        FILE *f = fopen("planted-secret-name", "we");
        for (int i = 0; f && i < 10000; i++)
            fputs(planted, f);
        _exit(f && fclose(f) == 0 ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    ok(r, volume_unmount(r->v, "vol-1", &r->e));

    snprintf(image, sizeof image, "%s/vol-1.img", r->images);
    assert_false(file_holds(image, planted));
    assert_false(file_holds(image, "planted-secret-name"));

    base = mounted(r, "vol-1", key_a); /* and with the key all is there, under whatever range it now has */
    snprintf(path, sizeof path, "%s/planted-secret-name", data);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, base);
    assert_true(file_holds(path, planted));
    ok(r, volume_unmount(r->v, "vol-1", &r->e));
    ok(r, volume_delete(r->v, "vol-1", &r->e));
}

static void test_warden_volume__needs_its_own_key(void **state)
{
    struct rig *r = *state;
    uint32_t base;

    if (!r)
        skip();
    ok(r, volume_create(r->v, "vol-2", 32, &r->e));
    assert_int_equal(volume_mount(r->v, "vol-2", &base, &r->e).why, WHY_REJECT);
    err_clear(&r->e);
    mounted(r, "vol-2", key_a);
    ok(r, volume_unmount(r->v, "vol-2", &r->e));
    err_clear(&r->e);
    assert_int_equal(volume_mount(r->v, "vol-2", &base, &r->e).why, WHY_REJECT); /* the key was used up */
    err_clear(&r->e);
    ok(r, volume_key_put(r->v, "vol-2", key_b, &r->e));
    assert_int_equal(volume_mount(r->v, "vol-2", &base, &r->e).why, WHY_REJECT);
    assert_non_null(strstr(r->e.what, "not the volume's"));
    err_clear(&r->e);
    assert_int_equal(volumes_mounted(r->v), 0);
    assert_int_equal(loops_of(r->dir), 0);
    ok(r, volume_delete(r->v, "vol-2", &r->e));
}

static void test_warden_volume__locked_while_mounted_reads_nothing(void **state)
{
    struct rig *r = *state;
    char data[PATH_BYTES];
    uint32_t base;

    if (!r)
        skip();
    ok(r, volume_create(r->v, "vol-3", 32, &r->e));
    mounted(r, "vol-3", key_a);
    ok(r, volume_where(r->v, "vol-3", &base, data, &r->e));
    int held = open(data, O_RDONLY | O_DIRECTORY); /* a process that still sits in the volume */
    assert_true(held >= 0);
    ok(r, volume_unmount(r->v, "vol-3", &r->e));
    assert_int_equal(openat(held, "new", O_CREAT | O_WRONLY, 0600), -1);
    close(held);
    ok(r, volume_delete(r->v, "vol-3", &r->e));
}

static void test_warden_volume__refuses_bad_ids_and_sizes(void **state)
{
    struct rig *r = *state;
    static const char *const bad[] = {
        "",   "..",  "../x", "a/b",
        "-x", "a b", "a.b",  "0123456789012345678901234567890123456789012345678901234567890123"};
    uint32_t base;

    if (!r)
        skip();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(volume_create(r->v, bad[i], 64, &r->e).why, WHY_REJECT);
        assert_int_equal(volume_key_put(r->v, bad[i], key_a, &r->e).why, WHY_REJECT);
        assert_int_equal(volume_mount(r->v, bad[i], &base, &r->e).why, WHY_REJECT);
        assert_int_equal(volume_unmount(r->v, bad[i], &r->e).why, WHY_REJECT);
        assert_int_equal(volume_delete(r->v, bad[i], &r->e).why, WHY_REJECT);
    }
    assert_int_equal(volume_create(r->v, "vol-4", 0, &r->e).why, WHY_REJECT);
    assert_int_equal(volume_create(r->v, "vol-4", UINT64_MAX, &r->e).why, WHY_REJECT);
    err_clear(&r->e);
    ok(r, volume_create(r->v, "vol-4", 16, &r->e));
    assert_int_equal(volume_create(r->v, "vol-4", 16, &r->e).why, WHY_REJECT);
    err_clear(&r->e);
    ok(r, volume_delete(r->v, "vol-4", &r->e));
    ok(r, volume_delete(r->v, "vol-4", &r->e));
}

static void test_warden_volume__an_earlier_life_is_cleared(void **state)
{
    struct rig *r = *state;
    struct volume_site site;
    struct volumes *second;

    if (!r)
        skip();
    ok(r, volume_create(r->v, "vol-5", 32, &r->e));
    mounted(r, "vol-5", key_a);
    assert_int_equal(loops_of(r->dir), 1);
    site = site_of(r);
    ok(r, volumes_new(&site, &second, &r->e)); /* as after kill -9 */
    assert_int_equal(loops_of(r->dir), 0);
    assert_int_equal(volumes_mounted(second), 0);
    volumes_free(second);
}

static void test_warden_lease__ranges_differ_and_die_with_the_process(void **state)
{
    struct rig *r = *state;
    uint32_t a, b, c;
    int status;

    if (!r)
        skip();
    char file[128];
    snprintf(file, sizeof file, "%s/leases", r->dir);
    ok(r, lease_take(file, "aaaaaa", &a, &r->e));
    ok(r, lease_take(file, "bbbbbb", &b, &r->e));
    assert_int_not_equal(a, b);
    ok(r, lease_drop_all(file, "aaaaaa", &r->e));
    ok(r, lease_take(file, "cccccc", &c, &r->e));
    assert_int_equal(a, c);
    pid_t pid = fork();
    if (pid == 0)
        _exit(is_ok(lease_take(file, "dddddd", &a, NULL)) ? 0 : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    ok(r, lease_take(file, "eeeeee", &a, &r->e)); /* the dead child's range is free again */
    assert_int_equal(a, LEASE_FIRST + 2 * LEASE_IDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_warden_volume__is_encrypted_and_unreadable_after, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume__needs_its_own_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume__locked_while_mounted_reads_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume__refuses_bad_ids_and_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_volume__an_earlier_life_is_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_warden_lease__ranges_differ_and_die_with_the_process, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
