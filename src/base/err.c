/* SPDX-License-Identifier: MIT */
/* First writer wins: the place where a failure began knows most about it. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static res note(struct err *e, int why, int sys_errno, const char *fmt, va_list ap)
{
    if (e && e->why == WHY_OK) {
        e->why = why;
        e->sys_errno = sys_errno;
        vsnprintf(e->what, sizeof e->what, fmt, ap);
    }
    return (res){why};
}

res oops(struct err *e, int sys_errno, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    res r = note(e, WHY_OOPS, sys_errno, fmt, ap);
    va_end(ap);
    return r;
}

res reject(struct err *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    res r = note(e, WHY_REJECT, 0, fmt, ap);
    va_end(ap);
    return r;
}

void err_clear(struct err *e)
{
    e->why = WHY_OK;
    e->sys_errno = 0;
    e->what[0] = '\0';
}
