/* SPDX-License-Identifier: MIT */
/* Full cases with all layers, as `barmkin authz --batch` takes them: decisions a CPU second on one core, parsing apart.
 *
 * usage: cases FILE    (lines of tests/authz/generate.py)
 * All cases are read first, then decided, each once a pass and in their order, so that nothing of the last case helps
 * with the next. Prints {"cases", "per_second", "least_per_second", "read_per_second"}: the best and the worst of some
 * passes; what cannot be read (one in thirty) does not count. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "authz/batch.h"

enum { PASSES = 15, CASES_MAX = 100000, FILE_MAX_BYTES = 512 << 20 };

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static str read_file(const char *path)
{
    struct buf b;
    FILE *f = fopen(path, "r");

    buf_init(&b, FILE_MAX_BYTES);
    for (size_t got = 1; f && got;) {
        char *room = buf_room(&b, 1 << 20);
        got = room ? fread(room, 1, 1 << 20, f) : 0;
        buf_took(&b, got);
    }
    if (!f || fclose(f) || b.full) {
        fprintf(stderr, "cases: cannot read %s\n", path);
        exit(1);
    }
    return buf_str(&b);
}

static size_t read_cases(str lines, struct authz_case *cases[CASES_MAX])
{
    struct decision d;
    size_t n = 0;

    while (str_is(lines) && n < CASES_MAX) {
        str line = str_cut(&lines, '\n');
        if (line.n == 0)
            continue;
        cases[n] = authz_case_read(line);
        if (authz_case_decide(cases[n], &d))
            n++;
        else
            authz_case_free(cases[n]);
    }
    return n;
}

static double pass(struct authz_case *const *cases, size_t n)
{
    struct decision d;
    double start = cpu_seconds();

    for (size_t i = 0; i < n; i++)
        authz_case_decide(cases[i], &d);
    return (double)n / (cpu_seconds() - start);
}

int main(int argc, char **argv)
{
    static struct authz_case *cases[CASES_MAX];
    double best = 0, worst = 1e12;

    if (argc != 2) {
        fputs("usage: cases FILE\n", stderr);
        return 2;
    }
    str lines = read_file(argv[1]);
    double start = cpu_seconds();
    size_t n = read_cases(lines, cases);
    double read = (double)n / (cpu_seconds() - start);
    for (int i = 0; i < PASSES; i++) {
        double rate = pass(cases, n);
        best = rate > best ? rate : best;
        worst = rate < worst ? rate : worst;
    }
    printf("{\"cases\":%zu,\"per_second\":%.0f,\"least_per_second\":%.0f,\"read_per_second\":%.0f}\n", n, best, worst,
           read);
    return 0;
}
