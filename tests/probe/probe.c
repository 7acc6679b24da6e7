/* SPDX-License-Identifier: MIT */
/* The program inside the sandbox tests: tries one thing and prints what came of it. Static, so any image can hold it.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each line of the report: NAME denied ERRNO, or NAME ALLOWED. */
static void tell(const char *name, long result)
{
    if (result < 0)
        printf("%s denied %d\n", name, errno);
    else
        printf("%s ALLOWED\n", name);
}

static void calls(void)
{
    char bytes[256] = {0};
    struct iovec v = {bytes, sizeof bytes};

    tell("mount", mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
    tell("umount", umount2("/opt/ml", MNT_DETACH));
    tell("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
    tell("chroot", chroot("/tmp"));
    tell("unshare_user", unshare(CLONE_NEWUSER));
    tell("unshare_net", unshare(CLONE_NEWNET));
    tell("unshare_mount", unshare(CLONE_NEWNS));
    tell("setns", setns(0, 0));
    tell("clone_user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    tell("clone3", syscall(SYS_clone3, bytes, 64));
    tell("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    tell("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 0));
    tell("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/", AT_FDCWD, "/tmp", 0));
    tell("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, bytes, 32));
    tell("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    tell("ptrace_init", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
    tell("process_vm_readv", process_vm_readv(1, &v, 1, &v, 1, 0));
    tell("process_vm_writev", process_vm_writev(1, &v, 1, &v, 1, 0));
    tell("kcmp", syscall(SYS_kcmp, 1, 1, 0, 0, 0));
    tell("pidfd_getfd", syscall(SYS_pidfd_getfd, 0, 0, 0));
    tell("keyctl", syscall(SYS_keyctl, 0, -3, 1));
    tell("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
    tell("request_key", syscall(SYS_request_key, "user", "x", NULL, -3));
    tell("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, bytes, 64));
    tell("perf_event_open", syscall(SYS_perf_event_open, bytes, 0, -1, -1, 0));
    tell("userfaultfd", syscall(SYS_userfaultfd, 0));
    tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, bytes));
    tell("name_to_handle_at", syscall(SYS_name_to_handle_at, AT_FDCWD, "/", bytes, bytes, 0));
    tell("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, bytes, 0));
    tell("init_module", syscall(SYS_init_module, bytes, 1, ""));
    tell("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
    tell("reboot", reboot(RB_DISABLE_CAD));
    tell("swapon", syscall(SYS_swapon, "/tmp/x", 0));
    tell("sethostname", sethostname("x", 1));
    tell("settimeofday", syscall(SYS_settimeofday, bytes, NULL));
    tell("clock_settime", syscall(SYS_clock_settime, 0, bytes));
    tell("acct", syscall(SYS_acct, NULL));
    tell("syslog", syscall(SYS_syslog, 3, bytes, sizeof bytes));
    tell("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
    tell("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
    tell("iopl", syscall(SYS_iopl, 3));
    tell("nice_up", setpriority(0, 0, -10));
}

/* Asks the kernel to begin a change of nftables and waits for its answer. */
static void netfilter(void)
{
    struct nlmsghdr h = {.nlmsg_len = sizeof h, .nlmsg_type = 10 << 8 | 2, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};
    struct {
        struct nlmsghdr h;
        int error;
    } answer = {.error = 0};
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

    if (fd < 0 || send(fd, &h, sizeof h, 0) < 0 || recv(fd, &answer, sizeof answer, MSG_DONTWAIT) < 0) {
        tell("nftables", -1);
        return;
    }
    errno = -answer.error;
    tell("nftables", answer.error ? -1 : 0);
}

static void sockets(void)
{
    tell("raw_socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    tell("packet_socket", socket(AF_PACKET, SOCK_RAW, 0));
    tell("alg_socket", socket(AF_ALG, SOCK_SEQPACKET, 0));
    tell("vsock_socket", socket(40, SOCK_STREAM, 0));
    netfilter();
}

static void tell_open(const char *name, const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    tell(name, fd);
    if (fd >= 0)
        close(fd);
}

static void files(void)
{
    tell_open("root_write", "/x", O_CREAT | O_WRONLY);
    tell_open("etc_write", "/etc/hosts", O_WRONLY);
    tell_open("init_write", "/sandbox-init", O_WRONLY);
    tell_open("sysctl_write", "/proc/sys/kernel/core_pattern", O_WRONLY);
    tell_open("sysrq_write", "/proc/sysrq-trigger", O_WRONLY);
    tell_open("kmsg", "/dev/kmsg", O_RDONLY);
    tell_open("mem", "/dev/mem", O_RDONLY);
    tell_open("init_environ", "/proc/1/environ", O_RDONLY);
    tell_open("init_memory", "/proc/1/mem", O_RDWR);
    tell_open("init_lifeline", "/proc/1/fd/3", O_RDWR);
    tell_open("init_output", "/proc/1/fd/1", O_WRONLY);
    tell("init_root", (long)(opendir("/proc/1/root") ? 0 : -1));
    tell_open("cgroup", "/sys/fs/cgroup/memory/release_agent", O_WRONLY);
    tell("mknod", mknod("/tmp/disk", S_IFBLK | 0600, 0xfe00));
    tell_open("loop", "/dev/loop0", O_RDWR);
    FILE *f = fopen("/proc/keys", "r");
    char line[256];
    errno = EPERM; /* masked: there, and empty */
    tell("keys", f && fgets(line, sizeof line, f) ? 0 : -1);
}

static void facts(void)
{
    char line[256] = "", host[64] = "";

    for (int fd = 3; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("descriptor %d\n", fd);
    struct if_nameindex *all = if_nameindex();
    unsigned interfaces = 0;
    FILE *f = fopen("/proc/self/uid_map", "r");

    if (f && fgets(line, sizeof line, f))
        line[strcspn(line, "\n")] = 0;
    gethostname(host, sizeof host);
    printf("uid %d map%s\npid %d ppid %d\nhost %s\n", getuid(), line, getpid(), getppid(), host);
    for (struct if_nameindex *i = all; i && i->if_index; i++, interfaces++)
        printf("interface %s\n", i->if_name);
    printf("interfaces %u\n", interfaces);
    f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 || strncmp(line, "Seccomp:", 8) == 0)
            fputs(line, stdout);
    f = fopen("/etc/resolv.conf", "r");
    while (f && fgets(line, sizeof line, f))
        printf("resolv %s", line);
    f = fopen("/opt/ml/written", "w");
    printf("volume %s\n", f && fputs("x", f) >= 0 ? "writable" : "readonly");
}

static void eat_memory(void)
{
    for (int i = 0; i < 512; i++) {
        volatile char *p = malloc(1 << 20); /* volatile: what is never read would not be written */
        for (size_t at = 0; p && at < 1 << 20; at += 4096)
            p[at] = (char)i;
    }
    puts("memory ALLOWED");
}

static void fork_many(void)
{
    int n = 0;

    for (int i = 0; i < 300; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        n += pid > 0;
    }
    printf("forked %d\n", n);
    kill(0, SIGKILL);
}

static void on_term(int signal_no)
{
    (void)signal_no;
    _exit(42);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGTERM, on_term);
    if (strcmp(what, "facts") == 0)
        facts();
    else if (strcmp(what, "attacks") == 0)
        files(), sockets(), calls();
    else if (strcmp(what, "memory") == 0)
        eat_memory();
    else if (strcmp(what, "fork") == 0)
        fork_many();
    else if (strcmp(what, "wait") == 0)
        puts("waiting"), pause();
    else if (strcmp(what, "exit") == 0)
        return argc > 2 ? argv[2][0] - '0' : 0;
    else if (strcmp(what, "env") == 0)
        for (char **v = environ; *v; v++)
            puts(*v);
    return 0;
}
