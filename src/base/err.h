/* SPDX-License-Identifier: MIT */
/* Results that cannot be ignored by accident, and the one place a failure is described. */
#ifndef BARMKIN_BASE_ERR_H
#define BARMKIN_BASE_ERR_H
#include <stdbool.h>

/* What a function answers. A struct, so that it is never mistaken for a count or a truth value. */
typedef struct {
    int why;
} res;

enum {
    WHY_OK = 0,
    WHY_OOPS = 1,   /* ours: a failed system call, a broken invariant */
    WHY_REJECT = 2, /* theirs: the input is not acceptable */
};

#define OK ((res){WHY_OK})

/* The only macro with control flow in the whole tree. */
#define TRY(expr)                                                                                                      \
    do {                                                                                                               \
        res try_res_ = (expr);                                                                                         \
        if (try_res_.why != WHY_OK)                                                                                    \
            return try_res_;                                                                                           \
    } while (0)

static inline bool is_ok(res r)
{
    return r.why == WHY_OK;
}

/* Describes the first failure; later writers change nothing. Owned by whoever began the work (a call, a verb, a test).
 */
struct err {
    int why;
    int sys_errno; /* 0 where no system call was involved */
    char what[1024];
};

/* Records a failure of ours and answers WHY_OOPS. sys_errno may be 0. `e` may be NULL (nothing is kept then). */
res oops(struct err *e, int sys_errno, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Records that the input is at fault and answers WHY_REJECT. `e` may be NULL. */
res reject(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets, so that the same struct can serve the next piece of work. */
void err_clear(struct err *e);

#endif
