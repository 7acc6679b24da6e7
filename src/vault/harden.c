/* SPDX-License-Identifier: MIT */
/* Hardening of the vault role. */
#include "vault/harden.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

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

#if defined(__x86_64__)
enum { ARCH = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { ARCH = AUDIT_ARCH_AARCH64 };
#else
#error "name this machine's AUDIT_ARCH"
#endif

/* Messages, memory, threads, time, randomness, and dying. No file can be opened, nothing executed, no socket made. */
static const unsigned allowed[] = {
    SYS_recvfrom,      SYS_recvmsg,        SYS_sendto,       SYS_sendmsg,     SYS_setsockopt,      SYS_shutdown,
    SYS_close,         SYS_write,          SYS_futex,        SYS_mmap,        SYS_munmap,          SYS_mremap,
    SYS_mprotect,      SYS_madvise,        SYS_brk,          SYS_mlock,       SYS_munlock,         SYS_getrandom,
    SYS_clock_gettime, SYS_gettimeofday,   SYS_clone,        SYS_clone3,      SYS_set_robust_list, SYS_rseq,
    SYS_rt_sigaction,  SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_exit,
    SYS_exit_group,    SYS_gettid,         SYS_getpid,       SYS_tgkill,      SYS_sched_yield,
};

enum { N_ALLOWED = sizeof allowed / sizeof *allowed, N_HEAD = 4 };

res vault_confine(struct err *e)
{
    struct sock_filter code[N_HEAD + 2 * N_ALLOWED + 1] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_filter *at = code + N_HEAD;

    for (size_t i = 0; i < N_ALLOWED; i++) {
        *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
        *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = {.len = (unsigned short)(at - code), .filter = code};
    tzset(); /* reads /etc/localtime now rather than at the first certificate's date */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return oops(e, errno, "confining vault to its system calls");
    return OK;
}
#endif
