/* SPDX-License-Identifier: MIT */
/* Giving up rights, in the order that the kernel wants: capabilities' bounds while still root, then the user. */
#include "harden.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine.h"

enum { CAPABILITIES = 64 };

#define LIST(calls, answer)                                                                                            \
    {                                                                                                                  \
        (calls), sizeof(calls) / sizeof *(calls), (answer)                                                             \
    }

res harden_become(uint32_t uid, struct err *e)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {0};
    struct rlimit zero = {0, 0};

    for (int c = 0; c < CAPABILITIES; c++)
        prctl(PR_CAPBSET_DROP, c, 0, 0, 0); /* numbers beyond the kernel's last one fail, as they may */
    if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
        return oops(e, errno, "cannot become uid %u", uid);
    if (syscall(SYS_capset, &head, none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &zero))
        return oops(e, errno, "cannot give up rights");
#ifndef BARMKIN_SANITIZE /* which look at themselves through ptrace */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return oops(e, errno, "cannot forbid core dumps");
#endif
    umask(077);
    return OK;
}

#ifdef BARMKIN_SANITIZE
res harden_front(struct err *e)
{
    (void)e;
    return OK;
}

res harden_parent(struct err *e)
{
    (void)e;
    return OK;
}
#else

/* socket and connect are absent on purpose: front's sockets come from the parent and from warden, and front dials
 * nobody, whatever a client's URL says. ioctl too: standard error may be root's terminal. */
static const unsigned front_calls[] = {
    /* sockets and waiting */
    SYS_accept4,
    SYS_getsockname,
    SYS_getpeername,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendfile,
    SYS_shutdown,
    SYS_socketpair,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_signalfd4,
    SYS_ppoll,
    SYS_pipe2,
    SYS_pidfd_open, /* to see the end of a command of `barmkin run`; signals are not sent through it */
    /* files */
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_openat,
    SYS_close,
    SYS_close_range,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_chdir,
    SYS_fcntl,
    SYS_flock,
    SYS_dup,
    SYS_dup3,
    SYS_fsync,
    SYS_fdatasync,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fadvise64,
    SYS_copy_file_range,
    SYS_linkat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_mkdirat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_utimensat,
    SYS_umask,
    /* memory, threads, time, identity */
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mlock,
    SYS_mlock2,
    SYS_munlock,
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_membarrier,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_getppid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_prlimit64,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_uname,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    SYS_tgkill,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
#ifdef __x86_64__ /* what newer machines have in one form only */
    SYS_epoll_wait,
    SYS_poll,
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_link,
    SYS_unlink,
    SYS_rename,
    SYS_mkdir,
    SYS_rmdir,
    SYS_chmod,
    SYS_dup2,
    SYS_pipe,
    SYS_time,
    SYS_arch_prctl,
#endif
};

/* No code of ours or of a library that front runs gets here. */
static const unsigned fatal_calls[] = {
    SYS_execve,      SYS_execveat,     SYS_ptrace,      SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_mount,       SYS_umount2,      SYS_pivot_root,  SYS_chroot,           SYS_open_tree,
    SYS_move_mount,  SYS_fsopen,       SYS_setns,       SYS_unshare,          SYS_bpf,
    SYS_keyctl,      SYS_add_key,      SYS_request_key, SYS_io_uring_setup,   SYS_userfaultfd,
    SYS_init_module, SYS_finit_module, SYS_kexec_load,  SYS_perf_event_open,  SYS_pidfd_getfd,
#ifdef __x86_64__
    SYS_fork,        SYS_vfork,
#endif
};

/* clone3 hides its flags in memory, so it fails with ENOSYS and the C library takes clone, where they can be seen. */
static const struct confine_argument front_arguments[] = {
    {SYS_clone, 0, CLONE_THREAD, CLONE_THREAD},
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
    {SYS_prctl, 0, UINT32_MAX, PR_SET_NAME},
};

res harden_front(struct err *e)
{
    const struct confine_list lists[] = {LIST(front_calls, SECCOMP_RET_ALLOW),
                                         LIST(fatal_calls, SECCOMP_RET_KILL_PROCESS)};
    const struct confinement c = {lists, sizeof lists / sizeof *lists, front_arguments,
                                  sizeof front_arguments / sizeof *front_arguments, SECCOMP_RET_ERRNO | ENOSYS};

    return confine(&c, e);
}

static const unsigned refused_calls[] = {
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_io_uring_setup,
#ifdef __x86_64__
    SYS_iopl,
    SYS_ioperm,
#endif
};

res harden_parent(struct err *e)
{
    const struct confine_list list = LIST(refused_calls, SECCOMP_RET_ERRNO | EPERM);
    const struct confinement c = {.lists = &list, .n_lists = 1, .otherwise = SECCOMP_RET_ALLOW};

    return confine(&c, e);
}
#endif
