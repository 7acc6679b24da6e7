/* SPDX-License-Identifier: MIT */
/* Verbs that need no server: signing facts, decisions in bulk, the audit log's proof. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

enum { CASE_MAX_BYTES = 64 << 20 };

static void decide(str line, bool explain, struct buf *out)
{
    line = str_trim(line);
    if (!line.n)
        return;
    buf_clear(out);
    authz_batch_line(line, explain, out);
    buf_add_char(out, '\n');
    fwrite(out->p, 1, out->n, stdout);
}

/* Cases are answered as their lines come in. */
int verb_authz(struct options *o, struct err *e)
{
    struct buf in, out;
    ssize_t got = 1;

    if (!o->batch)
        return EXIT_USAGE;
    buf_init(&in, CASE_MAX_BYTES);
    buf_init(&out, CASE_MAX_BYTES);
    while (got > 0 && !in.full) {
        char *room = buf_room(&in, 65536);
        got = room ? read(STDIN_FILENO, room, 65536) : 0;
        buf_took(&in, got > 0 ? (size_t)got : 0);
        size_t done = 0;
        for (ptrdiff_t end; (end = str_find(str_from(buf_str(&in), done), '\n')) >= 0; done += (size_t)end + 1)
            decide(str_sub(buf_str(&in), done, (size_t)end), o->explain, &out);
        buf_drop_front(&in, done);
        fflush(stdout); /* whoever asks line by line waits for this */
    }
    bool too_long = in.full;
    decide(buf_str(&in), o->explain, &out); /* the last line may lack its end */
    buf_done(&in);
    buf_done(&out);
    if (!too_long)
        return EXIT_DONE;
    reject(e, "a case is longer than %d bytes", CASE_MAX_BYTES);
    return EXIT_FAILED;
}
