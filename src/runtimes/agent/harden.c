/* SPDX-License-Identifier: MIT */
/* Landlock for files, seccomp for the rest. Both stay for good: no_new_privs is set. */
#include "runtimes/agent/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reading anywhere is left (libraries, locale, CA: the user is nobody's); writing only below the working folder. */
static res close_files(struct err *e)
{
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                             LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_EXECUTE};
    struct landlock_path_beneath_attr here = {.allowed_access =
                                                  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM,
                                              .parent_fd = open(".", O_PATH | O_CLOEXEC)};
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    res r = OK;

    if (version >= 2) { /* hard links from folder to folder, which the first version never allows */
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
        here.allowed_access |= LANDLOCK_ACCESS_FS_REFER;
    }
    int set = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

    if (set >= 0 && (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &here, 0) < 0 ||
                     syscall(SYS_landlock_restrict_self, set, 0) < 0))
        r = oops(e, errno, "cannot close the file system");
    if (set < 0 && errno != ENOSYS && errno != EOPNOTSUPP)
        r = oops(e, errno, "cannot use Landlock");
    if (set >= 0)
        close(set);
    if (here.parent_fd >= 0)
        close(here.parent_fd);
    return r;
}

#ifndef BARMKIN_SANITIZE
static const int allowed[] = {SCMP_SYS(read),
                              SCMP_SYS(write),
                              SCMP_SYS(readv),
                              SCMP_SYS(writev),
                              SCMP_SYS(pread64),
                              SCMP_SYS(pwrite64),
                              SCMP_SYS(close),
                              SCMP_SYS(open),
                              SCMP_SYS(openat),
                              SCMP_SYS(openat2),
                              SCMP_SYS(fstat),
                              SCMP_SYS(stat),
                              SCMP_SYS(lstat),
                              SCMP_SYS(newfstatat),
                              SCMP_SYS(statx),
                              SCMP_SYS(lseek),
                              SCMP_SYS(ftruncate),
                              SCMP_SYS(getdents64),
                              SCMP_SYS(mkdirat),
                              SCMP_SYS(unlinkat),
                              SCMP_SYS(linkat),
                              SCMP_SYS(symlinkat),
                              SCMP_SYS(fcntl),
                              SCMP_SYS(dup),
                              SCMP_SYS(access),
                              SCMP_SYS(readlink),
                              SCMP_SYS(fdatasync),
                              SCMP_SYS(fsync),
                              SCMP_SYS(umask),
                              SCMP_SYS(uname),
                              SCMP_SYS(mmap),
                              SCMP_SYS(munmap),
                              SCMP_SYS(mremap),
                              SCMP_SYS(mprotect),
                              SCMP_SYS(brk),
                              SCMP_SYS(madvise),
                              SCMP_SYS(mlock),
                              SCMP_SYS(mlock2),
                              SCMP_SYS(munlock),
                              SCMP_SYS(futex),
                              SCMP_SYS(getrandom),
                              SCMP_SYS(clock_gettime),
                              SCMP_SYS(clock_nanosleep),
                              SCMP_SYS(nanosleep),
                              SCMP_SYS(gettimeofday),
                              SCMP_SYS(time),
                              SCMP_SYS(poll),
                              SCMP_SYS(ppoll),
                              SCMP_SYS(select),
                              SCMP_SYS(pselect6),
                              SCMP_SYS(connect),
                              SCMP_SYS(bind),
                              SCMP_SYS(sendto),
                              SCMP_SYS(recvfrom),
                              SCMP_SYS(sendmsg),
                              SCMP_SYS(recvmsg),
                              SCMP_SYS(sendmmsg),
                              SCMP_SYS(shutdown),
                              SCMP_SYS(getsockname),
                              SCMP_SYS(getpeername),
                              SCMP_SYS(getsockopt),
                              SCMP_SYS(setsockopt),
                              SCMP_SYS(ioctl),
                              SCMP_SYS(pipe2),
                              SCMP_SYS(pipe),
                              SCMP_SYS(eventfd2),
                              SCMP_SYS(getpid),
                              SCMP_SYS(gettid),
                              SCMP_SYS(getuid),
                              SCMP_SYS(geteuid),
                              SCMP_SYS(getgid),
                              SCMP_SYS(getegid),
                              SCMP_SYS(tgkill),
                              SCMP_SYS(rt_sigaction),
                              SCMP_SYS(rt_sigprocmask),
                              SCMP_SYS(rt_sigreturn),
                              SCMP_SYS(sigaltstack),
                              SCMP_SYS(restart_syscall),
                              SCMP_SYS(rseq),
                              SCMP_SYS(set_robust_list),
                              SCMP_SYS(sched_getaffinity),
                              SCMP_SYS(sched_yield),
                              SCMP_SYS(sysinfo),
                              SCMP_SYS(prlimit64),
                              SCMP_SYS(getrlimit),
                              SCMP_SYS(prctl),
                              SCMP_SYS(exit),
                              SCMP_SYS(exit_group)};

static res close_calls(struct err *e)
{
    static const unsigned families[] = {AF_INET, AF_INET6, AF_UNIX};
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int bad = f == NULL;

    for (size_t i = 0; !bad && i < sizeof allowed / sizeof *allowed; i++)
        bad = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; !bad && i < sizeof families / sizeof *families; i++)
        bad = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, families[i]));
    if (!bad)
        bad = seccomp_load(f);
    if (f)
        seccomp_release(f);
    return bad ? oops(e, bad < 0 ? -bad : 0, "cannot set the list of system calls") : OK;
}
#endif

res agent_harden(struct err *e)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return oops(e, errno, "cannot set no_new_privs");
    TRY(close_files(e));
#ifndef BARMKIN_SANITIZE
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return oops(e, errno, "cannot forbid tracing");
    return close_calls(e);
#else
    return OK;
#endif
}
