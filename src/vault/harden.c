/* SPDX-License-Identifier: MIT */
/* Hardening of the vault role. */
#include "vault/harden.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/confine.h"
#include "base/log.h"

#ifdef BARMKIN_SANITIZE
res vault_harden(struct err *e)
{
    (void)e;
    return OK;
}

res vault_confine(struct err *e)
{
    (void)e;
    return OK;
}
#else
/* With a limit, locking what is mapped in future would let ordinary allocations fail: then only what is mapped now is
 * locked, and secrets' arenas lock themselves. Pages are locked as they are touched, so that stacks cost nothing. */
static void lock_memory(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    int flags = MCL_CURRENT | MCL_ONFAULT;

    setrlimit(RLIMIT_MEMLOCK, &limit);
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
        flags |= MCL_FUTURE;
    if (mlockall(flags) != 0)
        log_debug("not all memory could be locked");
}

res vault_harden(struct err *e)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return oops(e, errno, "forbidding core dumps");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return oops(e, errno, "leaving ptrace");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return oops(e, errno, "giving up new privileges");
    lock_memory();
    return OK;
}

/* Messages, memory, threads, time, randomness, and dying. No file can be opened, nothing executed, no socket made. */
static const unsigned allowed[] = {
    SYS_recvfrom,      SYS_recvmsg,        SYS_sendto,       SYS_sendmsg,     SYS_setsockopt,      SYS_shutdown,
    SYS_close,         SYS_write,          SYS_futex,        SYS_mmap,        SYS_munmap,          SYS_mremap,
    SYS_mprotect,      SYS_madvise,        SYS_brk,          SYS_mlock,       SYS_munlock,         SYS_getrandom,
    SYS_clock_gettime, SYS_gettimeofday,   SYS_clone,        SYS_clone3,      SYS_set_robust_list, SYS_rseq,
    SYS_rt_sigaction,  SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_exit,
    SYS_exit_group,    SYS_gettid,         SYS_getpid,       SYS_tgkill,      SYS_sched_yield,
};

res vault_confine(struct err *e)
{
    const struct confine_list list = {allowed, sizeof allowed / sizeof *allowed, SECCOMP_RET_ALLOW};
    const struct confinement c = {.lists = &list, .n_lists = 1, .otherwise = SECCOMP_RET_KILL_PROCESS};

    tzset(); /* reads /etc/localtime now rather than at the first certificate's date */
    return confine(&c, e);
}
#endif
