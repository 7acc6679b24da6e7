/* SPDX-License-Identifier: MIT */
/* Lists of system calls as a classic BPF program: no library, so that every role can have it. */
#include "base/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

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
