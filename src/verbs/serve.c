/* SPDX-License-Identifier: MIT */
/* barmkin serve, env. */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "parent.h"
#include "verbs/verbs.h"

int verb_serve(struct options *o, struct err *e)
{
    struct state s;

    if (geteuid() != 0) {
        reject(e, "serve needs root: it makes namespaces and starts its roles under other uids");
        return EXIT_PRECONDITION;
    }
    if (!is_ok(state_load(arena_z(o->arena, options_state(o)), o->arena, &s, e)))
        return EXIT_NOT_FOUND;
    if (!is_ok(state_lock(&s, e)))
        return EXIT_CONFLICT;
    res r = parent_serve(&s, o->listen, e);
    return is_ok(r) ? EXIT_DONE : r.why == WHY_REJECT ? EXIT_PRECONDITION : EXIT_FAILED;
}

/* For a shell: in single quotes, which only a single quote needs to leave. */
static void print_variable(const char *name, str value, bool json, bool first, bool last)
{
    struct buf b;

    buf_init(&b, 1 << 16);
    if (json) {
        buf_printf(&b, "%s\"%s\":", first ? "{" : ",", name);
        buf_add_json_str(&b, value);
        buf_add_z(&b, last ? "}\n" : "");
    } else {
        buf_printf(&b, "export %s='", name);
        for (size_t i = 0; i < value.n; i++)
            if (value.p[i] == '\'')
                buf_add_z(&b, "'\\''");
            else
                buf_add_char(&b, value.p[i]);
        buf_add_z(&b, "'\n");
    }
    fwrite(b.p, 1, b.n, stdout);
    buf_done(&b);
}

int verb_env(struct options *o, struct err *e)
{
    struct state s;
    struct profile p;

    if (o->n_words != 1)
        return EXIT_USAGE;
    if (!is_ok(state_load(arena_z(o->arena, options_state(o)), o->arena, &s, e)) ||
        !is_ok(profiles_read(&s, str_z(o->words[0]), o->arena, &p, e)))
        return EXIT_NOT_FOUND;
    const struct {
        const char *name;
        str value;
    } rows[] = {{"AWS_CONFIG_FILE", arena_cat(o->arena, s.dir, S("/profiles/config"))},
                {"AWS_SHARED_CREDENTIALS_FILE", arena_cat(o->arena, s.dir, S("/profiles/credentials"))},
                {"AWS_PROFILE", str_z(o->words[0])},
                {"AWS_CA_BUNDLE", arena_cat(o->arena, s.dir, S("/ca.pem"))},
                {"AWS_DEFAULT_REGION", s.region}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        print_variable(rows[i].name, rows[i].value, o->json, i == 0, i + 1 == sizeof rows / sizeof *rows);
    return EXIT_DONE;
}
