/* SPDX-License-Identifier: MIT */
/* Filters of system calls: each is tried in a child, for there is no way back out of one. */
#include "test.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"

enum { DIED = 256, NOT_CONFINED = 200 };

static const unsigned writing[] = {SYS_write, SYS_exit_group, SYS_getpid};
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
    static const struct confine_list both[] = {{writing, 3, SECCOMP_RET_ALLOW}, {fatal, 1, SECCOMP_RET_KILL_PROCESS}};
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
        cmocka_unit_test(test_base_confine__a_filter_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
