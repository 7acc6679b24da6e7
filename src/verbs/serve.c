/* SPDX-License-Identifier: MIT */
/* barmkin serve, status, env. */
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

int verb_status(struct options *o, struct err *e)
{
    str answer;

    if (!is_ok(admin_call(o, "Status", S("{}"), &answer, e)))
        return EXIT_UNAVAILABLE;
    printf("%.*s\n", FMT(answer));
    return EXIT_DONE;
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
    printf("export AWS_CONFIG_FILE=%.*s/profiles/config\nexport AWS_SHARED_CREDENTIALS_FILE=%.*s/profiles/credentials\n"
           "export AWS_PROFILE=%s\nexport AWS_CA_BUNDLE=%.*s/ca.pem\nexport AWS_DEFAULT_REGION=%.*s\n",
           FMT(s.dir), FMT(s.dir), o->words[0], FMT(s.dir), FMT(s.region));
    return EXIT_DONE;
}
