/* SPDX-License-Identifier: MIT */
/* What the operator reads on standard error: one line an event, control characters escaped, never a secret. */
#ifndef BARMKIN_BASE_LOG_H
#define BARMKIN_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set(const char *role, enum log_level least); /* role is a literal, kept */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
