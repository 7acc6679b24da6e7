/* SPDX-License-Identifier: MIT */
/* Filters of system calls: each is tried in a child, for there is no way back out of one. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"

enum { DIED = 256, NOT_CONFINED = 200 };

/* sigaltstack: AddressSanitizer asks for it before a function that does not return, such as _exit. */
static const unsigned writing[] = {SYS_write, SYS_exit_group, SYS_getpid, SYS_sigaltstack};
static const unsigned fatal[] = {SYS_getppid};

/* What the child's test answered, or DIED with the signal added. */
static int in_child(const struct confinement *c, int (*test)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        _exit(is_ok(confine(c, NULL)) ? test() : NOT_CONFINED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? DIED + WTERMSIG(status) : WEXITSTATUS(status);
}

static int try_listed(void)
{
    return syscall(SYS_getpid) > 0 ? 0 : 1;
}

static int try_unlisted(void)
{
    errno = 0;
    return syscall(SYS_getuid) == -1 ? errno : 0;
}

static int try_fatal(void)
{
    return syscall(SYS_getppid) > 0 ? 0 : 1;
}

static int try_data(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static struct confinement lists(void)
{
    static const struct confine_list both[] = {{writing, 4, SECCOMP_RET_ALLOW}, {fatal, 1, SECCOMP_RET_KILL_PROCESS}};
    static const struct confine_argument no_code[] = {{SYS_mmap, 2, PROT_EXEC, 0}};

    return (struct confinement){both, 2, no_code, 1, SECCOMP_RET_ERRNO | ENOSYS};
}

static void test_base_confine__each_list_gets_its_answer(void **state)
{
    struct confinement c = lists();

    (void)state;
    assert_int_equal(in_child(&c, try_listed), 0);
    assert_int_equal(in_child(&c, try_unlisted), ENOSYS);
    assert_int_equal(in_child(&c, try_fatal), DIED + SIGSYS);
}

static void test_base_confine__an_argument_decides(void **state)
{
    struct confinement c = lists();

    (void)state;
    assert_int_equal(in_child(&c, try_data), 0);
    assert_int_equal(in_child(&c, try_code), ENOSYS);
}

#ifdef __x86_64__
static int try_other_table(void)
{
    return syscall(0x40000000 | SYS_getpid) > 0 ? 0 : 1;
}

static void test_base_confine__numbers_of_another_table_end_the_process(void **state)
{
    struct confinement c = {.otherwise = SECCOMP_RET_ALLOW};

    (void)state;
    assert_int_equal(in_child(&c, try_listed), 0);
    assert_int_equal(in_child(&c, try_other_table), DIED + SIGSYS);
}
#endif

/* ---- files ---- */

static bool may_change(const char *folder, int flags)
{
    char path[64];

    snprintf(path, sizeof path, "%s/file", folder);
    int fd = open(path, O_WRONLY | flags, 0600);
    bool changed = fd >= 0 && write(fd, "x", 1) == 1;
    if (fd >= 0)
        close(fd);
    return changed;
}

/* In a child: a bit for each thing that went otherwise than it must; NOT_CONFINED where the kernel cannot. */
static int try_files(const char *mine, const char *other)
{
    char from[64], to[64], proc[64];
    bool in_force;

    if (!may_change(mine, O_CREAT) || !may_change(other, O_CREAT) || !is_ok(confine_changes(mine, &in_force, NULL)))
        return 128;
    if (!in_force)
        return NOT_CONFINED;
    snprintf(from, sizeof from, "%s/file", mine);
    snprintf(to, sizeof to, "%s/linked", other);
    int wrong = (may_change(mine, 0) ? 0 : 1) | may_change(other, 0) << 1 | (link(from, to) == 0) << 2;
    snprintf(to, sizeof to, "%s/file", other);
    wrong |= (unlink(to) == 0) << 3 | (truncate(to, 0) == 0) << 4 | (open(to, O_RDONLY) < 0) << 5;
    int unnamed = open(mine, O_TMPFILE | O_WRONLY, 0600); /* as blobs are written */
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", unnamed);
    snprintf(to, sizeof to, "%s/sub", mine);
    mkdir(to, 0700);
    snprintf(to, sizeof to, "%s/sub/linked", mine);
    return wrong | (linkat(AT_FDCWD, proc, AT_FDCWD, to, AT_SYMLINK_FOLLOW) != 0) << 6;
}

static void remove_folder(const char *folder)
{
    const char *const names[] = {"file", "linked", "sub/linked"};
    char path[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/sub", folder);
    rmdir(path);
    rmdir(folder);
}

static void test_base_confine__files_change_below_one_folder_only(void **state)
{
    char mine[] = "/tmp/confine.XXXXXX", other[] = "/tmp/confine.XXXXXX";
    int status;

    (void)state;
    assert_non_null(mkdtemp(mine));
    assert_non_null(mkdtemp(other));
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        _exit(try_files(mine, other));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    remove_folder(mine);
    remove_folder(other);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOT_CONFINED)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_base_confine__a_filter_that_is_too_long_is_refused(void **state)
{
    static unsigned many[600];
    const struct confine_list list = {many, 600, SECCOMP_RET_ALLOW};
    struct confinement c = {.lists = &list, .n_lists = 1, .otherwise = SECCOMP_RET_ALLOW};
    struct err e = {0};

    (void)state;
    assert_int_equal(confine(&c, &e).why, WHY_OOPS);
    assert_non_null(strstr(e.what, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_confine__each_list_gets_its_answer),
        cmocka_unit_test(test_base_confine__an_argument_decides),
#ifdef __x86_64__
        cmocka_unit_test(test_base_confine__numbers_of_another_table_end_the_process),
#endif
        cmocka_unit_test(test_base_confine__files_change_below_one_folder_only),
        cmocka_unit_test(test_base_confine__a_filter_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
