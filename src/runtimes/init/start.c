/* SPDX-License-Identifier: MIT */
/* Reading the start file: a customer's words, so only their number and their ends are looked at. */
#include "runtimes/init/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "barmkin-start 1";

/* The whole file, which must be a regular one that ends with a NUL. */
static const char *read_text(char *text, long *out)
{
    struct stat st;
    long n = 0;
    int fd = open(START_PATH, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return "cannot open";
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > START_MAX) {
        close(fd);
        return "not a regular file of 1 byte to 1 MiB:";
    }
    while (n < START_MAX) {
        ssize_t r = read(fd, text + n, (size_t)(START_MAX - n));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        n += r;
    }
    close(fd);
    if (n < 1 || text[n - 1] != 0)
        return "cut off:";
    *out = n;
    return NULL;
}

static int number(const char *field, long max)
{
    char *end;
    long v = field && field[0] >= '0' && field[0] <= '9' ? strtol(field, &end, 10) : -1;

    return v >= 0 && v <= max && *end == 0 ? (int)v : -1;
}

/* The field after this one; the text ends with a NUL, so there is always an end to find. */
static char *next_field(char *at, char *end)
{
    return (char *)memchr(at, 0, (size_t)(end - at)) + 1;
}

/* Splits the fields; every one must be there, and nothing after them. */
static const char *parse(struct start *s, long n)
{
    char *head[4] = {NULL}, *at = s->text, *end = s->text + n, **words = s->words;
    int argc, envc, k = 0;

    for (int i = 0; i < 4 && at < end; i++, at = next_field(at, end))
        head[i] = at;
    argc = number(head[1], START_WORDS_MAX / 2 - 1);
    envc = number(head[2], START_WORDS_MAX / 2 - 1);
    if (!head[0] || strcmp(head[0], magic) != 0 || argc < 1 || envc < 0 || !head[3] || head[3][0] != '/')
        return "not what the agent writes:";
    s->cwd = head[3];
    s->argv = words;
    s->envp = words + argc + 1;
    for (; k < argc + envc && at < end; k++, at = next_field(at, end)) {
        words[k < argc ? k : k + 1] = at;
        if (k >= argc && !strchr(at, '='))
            return "a variable without '=' in";
    }
    if (k != argc + envc || at != end)
        return "wrong number of words in";
    words[argc] = words[argc + 1 + envc] = NULL;
    return NULL;
}

const char *start_read(struct start *s)
{
    long n = 0;
    const char *why = read_text(s->text, &n);

    return why ? why : parse(s, n);
}
