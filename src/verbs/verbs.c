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
    {"shell", "--state DIR [--profile P] [--vpc ID --subnet ID --security-group ID]",
     "a shell in which Amazon's names lead here, for unmodified tools; `exit` leaves", verb_shell},
    {"run", "--state DIR --profile P [--vpc ID --subnet ID --security-group ID] -- CMD",
     "run a command in such a network of its own", verb_run},
    {"explain",
     "--state DIR REQUEST-ID | --last-denied [-o json]\n"
     "           barmkin explain --state DIR --principal ARN --action A --resource R [--vpce ID]\n"
     "                           [--session-policy FILE|ARN...] [--federated-by USER-ARN] [--context KEY=VALUE...]\n"
     "                           [-o json]      (a what-if on the running server)\n"
     "           barmkin explain --identity-policy FILE... [--resource-policy FILE] [--scp FILE...] [--rcp FILE...]\n"
     "                           [--boundary FILE] [--session-policy FILE...] [--endpoint-policy FILE...]\n"
     "                           --principal ARN --action A --resource R [--resource-account ID]\n"
     "                           [--federated-by USER-ARN] [--context KEY=VALUE...] [-o json]\n"
     "           (without a server; each --scp and --rcp is a level, FullAWSAccess names AWS's policy; a key that is\n"
     "           given twice has two values; exit 0 allowed, 3 denied, 4 no such request or principal, 2 a policy or "
     "option is\n"
     "           wrong)",
     "why a request was or would be allowed or denied", verb_explain},
    {"stack", "why|watch NAME [--state DIR] [--account A] [-o json]",
     "what ended a stack's operation, the first cause first; how it goes on (exit 0: well, 1: not)", verb_stack},
    {"env", "--state DIR PROFILE [-o json]", "print a profile as shell exports", verb_env},
    {"doctor", "[--state DIR] [--profile P] [-o json]", "check what Barmkin needs of this machine", verb_doctor},
    {"sigv4", "facts --mode header|query", "show each stage of a signature, from a request on standard input",
     verb_sigv4},
    {"authz", "--batch [--explain]", "decide cases from standard input, one JSON object a line", verb_authz},
    {"audit",
     "verify --state DIR [-o json]\n"
     "           barmkin audit search --state DIR [--account ID] [--principal ARN] [--event NAME] [--action A] "
     "[--denied]\n"
     "                                [--resource ARN] [--request ID] [--since T] [--until T] [--limit N] [-o json]\n"
     "           (newest first; names and ARNs may hold * and ?; T is 2026-11-29T08:00:00Z, or 90s, 15m, 8h, 7d ago)",
     "prove that nothing was cut from the audit log; find calls in it", verb_audit},
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
    size_t offset;                  /* of a str or a bool; MANY go to options.given */
    enum { ONE, NONE, MANY } takes; /* values; MANY: every word up to the next option, and again */
};

static const struct option_name option_names[] = {
    {"--state", offsetof(struct options, state), ONE},
    {"--profile", offsetof(struct options, profile), ONE},
    {"-o", offsetof(struct options, output), ONE},
    {"--listen", offsetof(struct options, listen), ONE},
    {"--seed", offsetof(struct options, seed), ONE},
    {"--uid-base", offsetof(struct options, uid_base), ONE},
    {"--id", offsetof(struct options, id), ONE},
    {"--vpc", offsetof(struct options, vpc), ONE},
    {"--subnet", offsetof(struct options, subnet), ONE},
    {"--mode", offsetof(struct options, mode), ONE},
    {"--security-group", offsetof(struct options, security_group), ONE},
    {"--replace", offsetof(struct options, replace), NONE},
    {"--last-denied", offsetof(struct options, last_denied), NONE},
    {"--batch", offsetof(struct options, batch), NONE},
    {"--explain", offsetof(struct options, explain), NONE},
    {"-q", offsetof(struct options, quiet), NONE},
    {"--principal", offsetof(struct options, principal), ONE},
    {"--action", offsetof(struct options, action), ONE},
    {"--resource", offsetof(struct options, resource), ONE},
    {"--resource-account", offsetof(struct options, resource_account), ONE},
    {"--vpce", offsetof(struct options, vpce), ONE},
    {"--federated-by", offsetof(struct options, federated_by), ONE},
    {"--context", 0, MANY},
    {"--identity-policy", 0, MANY},
    {"--resource-policy", 0, MANY},
    {"--scp", 0, MANY},
    {"--rcp", 0, MANY},
    {"--boundary", 0, MANY},
    {"--session-policy", 0, MANY},
    {"--endpoint-policy", 0, MANY},
    {"--account", offsetof(struct options, account), ONE},
    {"--event", offsetof(struct options, event), ONE},
    {"--since", offsetof(struct options, since), ONE},
    {"--until", offsetof(struct options, until), ONE},
    {"--request", offsetof(struct options, request), ONE},
    {"--limit", offsetof(struct options, limit), ONE},
    {"--denied", offsetof(struct options, denied), NONE},
    {"--yes", offsetof(struct options, yes), NONE},
};

static const struct option_name *option_named(str name)
{
    for (size_t i = 0; i < sizeof option_names / sizeof *option_names; i++)
        if (str_eq(str_z(option_names[i].name), name))
            return &option_names[i];
    return NULL;
}

/* An option with its value in the same word, in the next one, or in the next ones; *i is left at the last. */
static res take_values(struct options *o, const struct option_name *name, str value, int argc, char **argv, int *i,
                       struct err *e)
{
    unsigned time = o->n_given ? o->given[o->n_given - 1].time + 1 : 1;

    if (!str_is(value) && ++*i >= argc)
        return reject(e, "%s needs a value", name->name);
    value = str_is(value) ? value : str_z(argv[*i]);
    if (name->takes == ONE) {
        *(str *)((char *)o + name->offset) = value;
        return OK;
    }
    o->given[o->n_given++] = (struct given){name->name, value, time};
    while (*i + 1 < argc && argv[*i + 1][0] != '-')
        o->given[o->n_given++] = (struct given){name->name, str_z(argv[++*i]), time};
    return OK;
}

/* --name value, --name=value, flags, words; everything after "--" is a command. */
static res parse(struct options *o, int argc, char **argv, struct err *e)
{
    o->words = argv; /* words move to the front, in place */
    o->given = ARENA_ARRAY(o->arena, struct given, (size_t)argc + 1);
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
        if (name->takes == NONE)
            *(bool *)((char *)o + name->offset) = true;
        else
            TRY(take_values(o, name, value, argc, argv, &i, e));
    }
    o->json = str_eq(o->output, S("json"));
    return OK;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int verbs_run(int argc, char **argv)
{
    struct options o = {.arena = arena_new_secret(256 << 20)};
    struct err e = {0};
    int status = EXIT_USAGE;

    if (argc < 1 || strcmp(argv[0], "help") == 0 || is_help(argv[0]))
        return help(argc < 1 ? stderr : stdout);
    for (const struct verb *v = verbs; v->name; v++) {
        if (strcmp(v->name, argv[0]) != 0)
            continue;
        if (argc == 2 && is_help(argv[1])) {
            printf("%s\nusage: barmkin %s %s\n", v->help, v->name, v->arguments);
            arena_free(o.arena);
            return EXIT_DONE;
        }
        bool understood = is_ok(parse(&o, argc - 1, argv + 1, &e));
        if (understood)
            status = v->run(&o, &e);
        if (status != EXIT_DONE && e.what[0])
            fprintf(stderr, "barmkin %s: %s%s%s\n", v->name, e.what, e.sys_errno ? ": " : "",
                    e.sys_errno ? strerror(e.sys_errno) : "");
        if (status == EXIT_USAGE && (!understood || !e.what[0])) /* a bad file is no bad command line */
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
