/* SPDX-License-Identifier: MIT */
/* Verbs that need no server: signing facts, decisions in bulk, the audit log's proof. */
#include <stdio.h>
#include <string.h>

#include "authz/authz.h"
#include "base/buf.h"
#include "identify/facts.h"
#include "verbs/verbs.h"

static str read_stdin(struct arena *a)
{
    struct buf b;
    size_t n = 1;

    buf_init(&b, 16 << 20);
    while (n > 0 && !b.full) {
        char *room = buf_room(&b, 65536);
        n = room ? fread(room, 1, 65536, stdin) : 0;
        buf_took(&b, n);
    }
    str text = arena_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

int verb_sigv4(struct options *o, struct err *e)
{
    struct buf out;
    bool query = str_eq(o->mode, S("query"));

    if (o->n_words != 1 || strcmp(o->words[0], "facts") != 0 || (!query && !str_eq(o->mode, S("header"))))
        return EXIT_USAGE;
    buf_init(&out, 16 << 20);
    res r = sigv4_facts(read_stdin(o->arena), query, &out, e);
    if (is_ok(r))
        printf("%.*s\n", FMT(buf_str(&out)));
    buf_done(&out);
    return is_ok(r) ? EXIT_DONE : EXIT_FAILED;
}

int verb_authz(struct options *o, struct err *e)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    struct buf out;

    (void)e;
    if (!o->batch)
        return EXIT_USAGE;
    buf_init(&out, 64 << 20);
    while ((n = getline(&line, &cap, stdin)) > 0) {
        str text = str_trim(str_n(line, (size_t)n));
        if (!text.n)
            continue;
        buf_clear(&out);
        authz_batch_line(text, o->explain, &out);
        buf_add_char(&out, '\n');
        fwrite(out.p, 1, out.n, stdout);
    }
    buf_done(&out);
    return EXIT_DONE;
}
