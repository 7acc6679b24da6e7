/* SPDX-License-Identifier: MIT */
/* Lists of system calls as a classic BPF program, and Landlock: no library, so that every role can have them. */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { ARCH = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { ARCH = AUDIT_ARCH_AARCH64 };
#else
#error "name this machine's AUDIT_ARCH"
#endif

/* x86's third table of calls (x32) has numbers of its own, which the lists do not name. */
enum { OTHER_TABLE = 0x40000000, CODE_MAX = 1024, ARGUMENT_CODE = 6 };

static struct sock_filter *add_list(struct sock_filter *at, const struct confine_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, l->calls[i], 0, 1);
        *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, l->answer);
    }
    return at;
}

/* The lower half of the argument decides: all that are looked at here are ints or flags within 32 bits. */
static struct sock_filter *add_argument(struct sock_filter *at, const struct confine_argument *a, uint32_t otherwise)
{
    uint32_t place = (uint32_t)(offsetof(struct seccomp_data, args) + a->arg * sizeof(uint64_t));

    *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, a->call, 0, ARGUMENT_CODE - 1);
    *at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place);
    *at++ = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, a->mask);
    *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, a->value, 0, 1);
    *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
    return at;
}

res confine(const struct confinement *c, struct err *e)
{
    struct sock_filter code[CODE_MAX] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_TABLE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_filter *at = code + 6;
    size_t n = 6 + 1 + c->n_arguments * ARGUMENT_CODE;

    for (size_t i = 0; i < c->n_lists; i++)
        n += 2 * c->lists[i].n;
    if (n > CODE_MAX)
        return oops(e, 0, "a filter of %zu instructions is too long", n);
    for (size_t i = 0; i < c->n_lists; i++)
        at = add_list(at, &c->lists[i]);
    for (size_t i = 0; i < c->n_arguments; i++)
        at = add_argument(at, &c->arguments[i], c->otherwise);
    *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, c->otherwise);
    struct sock_fprog program = {.len = (unsigned short)(at - code), .filter = code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return oops(e, errno, "confining the process to its system calls");
    return OK;
}

/* ---- files ---- */

/* Rights to change files: writing, removing, making, linking across folders, truncating. Reading is left to modes. */
enum {
    LANDLOCK_CHANGES_V1 = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                          LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                          LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                          LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
    LANDLOCK_REFER = 1 << 13,    /* version 2; without it, links across folders are refused everywhere */
    LANDLOCK_TRUNCATE = 1 << 14, /* version 3 */
};

static res allow_below(int rules, uint64_t rights, const char *dir, struct err *e)
{
    struct landlock_path_beneath_attr below = {.allowed_access = rights,
                                               .parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)};

    if (below.parent_fd < 0)
        return oops(e, errno, "cannot open %s", dir);
    long failed = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
    res r = failed ? oops(e, errno, "cannot allow changes below %s", dir) : OK;
    close(below.parent_fd);
    return r;
}

res confine_changes(const char *dir, bool *in_force, struct err *e)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_CHANGES_V1 | LANDLOCK_REFER};

    *in_force = version >= 2;
    if (!*in_force)
        return OK;
    if (version >= 3)
        all.handled_access_fs |= LANDLOCK_TRUNCATE;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
    if (rules < 0)
        return oops(e, errno, "cannot make rules about files");
    res r = allow_below(rules, all.handled_access_fs, dir, e);
    if (is_ok(r) && syscall(SYS_landlock_restrict_self, rules, 0))
        r = oops(e, errno, "cannot confine changes to %s", dir);
    close(rules);
    return r;
}
