/* SPDX-License-Identifier: MIT */
/* Log lines. One write() a line, so that lines of several roles do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"

static const char *log_role = "barmkin"; /* set once at the start of a role, before threads */
static enum log_level log_least = LOG_INFO;

void log_set(const char *role, enum log_level least)
{
    log_role = role;
    log_least = least;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[1024], when[TIME_TEXT_BYTES];
    va_list ap;

    if (level < log_least)
        return;
    time_iso_ms(time_wall_ms(), when);
    int n = snprintf(line, sizeof line, "%s %-5s %s: ", when, names[level], log_role);
    int start = n;
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    va_end(ap);
    if (m < 0)
        return;
    n = n + m > (int)sizeof line - 2 ? (int)sizeof line - 2 : n + m;
    for (int i = start; i < n; i++) /* a client's CR, LF or escape must not forge a line */
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)n);
    (void)ignored;
}
