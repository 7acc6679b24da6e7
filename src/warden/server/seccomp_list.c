/* SPDX-License-Identifier: MIT */
/* The allow-list: what ordinary programs need, as container engines' defaults have it, without what makes namespaces,
 * mounts or keys, reaches into other processes, or opens large kernel surfaces (io_uring, bpf, userfaultfd, perf). */
#include "warden/server/seccomp_list.h"

#include <sched.h>

#if defined(__x86_64__)
#define ARCHITECTURE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "SCMP_ARCH_AARCH64"
#else
#error "name this architecture for seccomp"
#endif

static const char files_calls[] =
    "access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 "
    "fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock "
    "fremovexattr fsetxattr fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr inotify_add_watch "
    "inotify_init inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listxattr llistxattr lremovexattr "
    "lseek lsetxattr lstat mkdir mkdirat mknod mknodat newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 "
    "pwritev pwritev2 read readahead readlink readlinkat readv removexattr rename renameat renameat2 rmdir sendfile "
    "setxattr splice stat statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate umask unlink "
    "unlinkat utime utimensat utimes write writev ";
static const char memory_calls[] =
    "brk get_mempolicy madvise mbind membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap msync "
    "munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages set_mempolicy shmat shmctl shmdt "
    "shmget ";
static const char process_calls[] =
    "alarm arch_prctl capget capset clock_getres clock_gettime clock_nanosleep execve execveat exit exit_group fork "
    "futex futex_waitv get_robust_list get_thread_area getcpu getegid geteuid getgid getgroups getitimer getpgid "
    "getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid gettid gettimeofday "
    "getuid kill nanosleep pause pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction "
    "rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo "
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp "
    "set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority "
    "setregid setresgid setresuid setreuid setrlimit setsid setuid sigaltstack sysinfo tgkill time timer_create "
    "timer_delete timer_getoverrun timer_gettime timer_settime times tkill uname vfork wait4 waitid ";
static const char talk_calls[] =
    "accept accept4 bind connect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
    "epoll_wait epoll_wait_old eventfd eventfd2 getpeername getsockname getsockopt io_cancel io_destroy io_getevents "
    "io_pgetevents io_setup io_submit ioprio_get ioprio_set ipc landlock_add_rule landlock_create_ruleset "
    "landlock_restrict_self listen mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl "
    "msgget msgrcv msgsnd pipe pipe2 poll ppoll pselect6 recvfrom recvmmsg recvmsg select semctl semget semop "
    "semtimedop sendmmsg sendmsg sendto setsockopt shutdown signalfd signalfd4 socketpair timerfd_create "
    "timerfd_gettime timerfd_settime ";

static void add_names(struct buf *b, const char *z, bool *first)
{
    str rest = str_z(z);

    while (str_is(rest)) {
        str name = str_cut(&rest, ' ');
        if (str_empty(name))
            continue;
        buf_printf(b, "%s\"%.*s\"", *first ? "" : ",", FMT(name));
        *first = false;
    }
}

/* One rule: `name` is allowed when argument `index`, perhaps masked, equals `value`. */
static void add_when(struct buf *b, const char *name, unsigned index, const char *op, unsigned long long value,
                     unsigned long long two)
{
    buf_printf(b,
               ",{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":%u,\"value\":%llu,"
               "\"valueTwo\":%llu,\"op\":\"%s\"}]}",
               name, index, value, two, op);
}

void seccomp_list_add(struct buf *b)
{
    static const unsigned families[] = {1 /* unix */, 2 /* inet */, 10 /* inet6 */, 16 /* netlink: interface lists */};
    static const unsigned long long personas[] = {0, 8, 0x20000, 0x20008, 0xffffffffu};
    bool first = true;

    buf_add_z(b, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"architectures\":[\"" ARCHITECTURE
                 "\"],\"syscalls\":[{\"names\":[");
    add_names(b, files_calls, &first);
    add_names(b, memory_calls, &first);
    add_names(b, process_calls, &first);
    add_names(b, talk_calls, &first);
    buf_add_z(b, "],\"action\":\"SCMP_ACT_ALLOW\"}");
    /* clone3 hides its flags in memory: ENOSYS makes the C library fall back to clone, which may make no namespace. */
    buf_add_z(b, ",{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}");
    add_when(b, "clone", 0, "SCMP_CMP_MASKED_EQ",
             CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
             0);
    for (unsigned i = 0; i < sizeof families / sizeof *families; i++)
        add_when(b, "socket", 0, "SCMP_CMP_EQ", families[i], 0);
    for (unsigned i = 0; i < sizeof personas / sizeof *personas; i++)
        add_when(b, "personality", 0, "SCMP_CMP_EQ", personas[i], 0);
    buf_add_z(b, "]}");
}
