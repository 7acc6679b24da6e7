/* SPDX-License-Identifier: MIT */
/* What to run in a sandbox: the file that the agent writes into the volume. Read by sandbox-init, and by function-host
 * when a sandbox that was started before anybody needed it becomes a function's.
 *
 * Fields that each end with a NUL:
 *   "barmkin-start 1", number of arguments, number of variables, working folder, arguments..., NAME=VALUE... */
#ifndef BARMKIN_RUNTIMES_INIT_START_H
#define BARMKIN_RUNTIMES_INIT_START_H

#define START_PATH "/opt/ml/.barmkin/start"

enum { START_MAX = 1 << 20, START_WORDS_MAX = 8192 };

struct start { /* large: never on a stack */
    char *cwd;
    char **argv, **envp; /* each ends with a NULL */
    char text[START_MAX];
    char *words[START_WORDS_MAX];
};

/* NULL, or what is wrong with the file. Allocates nothing. */
const char *start_read(struct start *s);

#endif
