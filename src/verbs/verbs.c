/* SPDX-License-Identifier: MIT */
/* The verbs table: help, dispatch and the one place where a failure is told to a person. */
#include "verbs/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
    {"init", "--state DIR [--seed N] [--listen HOST:PORT] [--uid-base N] [-o json]",
     "make a CA, a root key, an Organization and its first accounts", verb_init},
    {"serve", "--state DIR [--listen HOST:PORT]", "serve in the foreground until SIGTERM", verb_serve},
    {"status", "--state DIR [-o json]", "is a server running on this state, and on what address", verb_status},
    {"account", "create --state DIR NAME [--id 12DIGITS] [--replace] [-o json]",
     "create an account while the server runs", verb_account},
    {"run", "--state DIR --profile P [--vpc ID --subnet ID --security-group ID] -- CMD",
     "run a command in a network of its own", verb_run},
    {"explain", "--state DIR REQUEST-ID | --last-denied [-o json]", "why a request was allowed or denied",
     verb_explain},
    {"env", "--state DIR PROFILE [-o json]", "print a profile as shell exports", verb_env},
    {"doctor", "[--state DIR] [-o json]", "check what Barmkin needs of this machine", verb_doctor},
    {"sigv4", "facts --mode header|query", "show each stage of a signature, from a request on standard input",
     verb_sigv4},
    {"authz", "--batch [--explain]", "decide cases from standard input, one JSON object a line", verb_authz},
    {"audit", "verify --state DIR [-o json]", "prove that nothing was cut from the audit log", verb_audit},
    {NULL, NULL, NULL, NULL},
};

static int help(FILE *to)
{
    fprintf(to, "usage: barmkin VERB [arguments]\n\n");
    for (const struct verb *v = verbs; v->name; v++)
        fprintf(to, "  %-8s %s\n           barmkin %s %s\n", v->name, v->help, v->name, v->arguments);
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

struct option_name {
    const char *name;
    size_t offset;
    bool flag;
};

static const struct option_name option_names[] = {
    {"--state", offsetof(struct options, state), false},
    {"--profile", offsetof(struct options, profile), false},
    {"-o", offsetof(struct options, output), false},
    {"--listen", offsetof(struct options, listen), false},
    {"--seed", offsetof(struct options, seed), false},
    {"--uid-base", offsetof(struct options, uid_base), false},
    {"--id", offsetof(struct options, id), false},
    {"--vpc", offsetof(struct options, vpc), false},
    {"--subnet", offsetof(struct options, subnet), false},
    {"--mode", offsetof(struct options, mode), false},
    {"--security-group", offsetof(struct options, security_group), false},
    {"--replace", offsetof(struct options, replace), true},
    {"--last-denied", offsetof(struct options, last_denied), true},
    {"--batch", offsetof(struct options, batch), true},
    {"--explain", offsetof(struct options, explain), true},
    {"-q", offsetof(struct options, quiet), true},
    {"--yes", offsetof(struct options, yes), true},
};

static const struct option_name *option_named(str name)
{
    for (size_t i = 0; i < sizeof option_names / sizeof *option_names; i++)
        if (str_eq(str_z(option_names[i].name), name))
            return &option_names[i];
    return NULL;
}

/* --name value, --name=value, flags, words; everything after "--" is a command. */
static res parse(struct options *o, int argc, char **argv, struct err *e)
{
    o->words = argv; /* words move to the front, in place */
    for (int i = 0; i < argc; i++) {
        str word = str_z(argv[i]), value = STR_ABSENT;
        if (str_eq(word, S("--"))) {
            o->command = argv + i + 1;
            break;
        }
        if (word.n < 2 || word.p[0] != '-') {
            o->words[o->n_words++] = argv[i];
            continue;
        }
        if (str_find(word, '=') > 0) {
            value = word;
            word = str_cut(&value, '=');
        }
        const struct option_name *name = option_named(word);
        if (!name)
            return reject(e, "unknown option %.*s", FMT(word));
        if (name->flag) {
            *(bool *)((char *)o + name->offset) = true;
            continue;
        }
        if (!str_is(value) && ++i >= argc)
            return reject(e, "%.*s needs a value", FMT(word));
        *(str *)((char *)o + name->offset) = str_is(value) ? value : str_z(argv[i]);
    }
    o->json = str_eq(o->output, S("json"));
    return OK;
}

int verbs_run(int argc, char **argv)
{
    struct options o = {.arena = arena_new_secret(256 << 20)};
    struct err e = {0};
    int status = EXIT_USAGE;

    if (argc < 1 || strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return help(argc < 1 ? stderr : stdout);
    for (const struct verb *v = verbs; v->name; v++) {
        if (strcmp(v->name, argv[0]) != 0)
            continue;
        if (is_ok(parse(&o, argc - 1, argv + 1, &e)))
            status = v->run(&o, &e);
        if (status != EXIT_DONE && e.what[0])
            fprintf(stderr, "barmkin %s: %s%s%s\n", v->name, e.what, e.sys_errno ? ": " : "",
                    e.sys_errno ? strerror(e.sys_errno) : "");
        if (status == EXIT_USAGE)
            fprintf(stderr, "usage: barmkin %s %s\n", v->name, v->arguments);
        arena_free(o.arena);
        return status;
    }
    fprintf(stderr, "barmkin: there is no verb '%s'\n", argv[0]);
    return help(stderr);
}

str options_state(struct options *o)
{
    const char *from_environment = getenv("BARMKIN_STATE");

    return o->state.n ? o->state : from_environment ? str_z(from_environment) : S("/var/lib/barmkin");
}
