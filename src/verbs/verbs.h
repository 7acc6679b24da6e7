/* SPDX-License-Identifier: MIT */
/* The verbs of the command line: a table of name, arguments, one line of help, and the function. */
#ifndef BARMKIN_VERBS_VERBS_H
#define BARMKIN_VERBS_VERBS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Exit statuses, documented in docs/reference. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_DENY = 3,
    EXIT_NOT_FOUND = 4,
    EXIT_CONFLICT = 5,
    EXIT_PRECONDITION = 6,
    EXIT_UNAVAILABLE = 69
};

struct given { /* one value of an option that may have many */
    const char *option;
    str value;
    unsigned time; /* the how-manieth use of an option it came with */
};

struct options { /* what every verb may be given; the rest stays in words */
    str state, profile, output, listen, seed, id, uid_base;
    bool replace, json, yes, quiet, last_denied, batch, explain;
    bool shell; /* of run's machinery: for a person, not for a command */
    str vpc, subnet, security_group, mode;
    str principal, action, resource, resource_account, vpce, federated_by;
    str account, event, since, until, request, limit;
    bool denied;
    struct given *given; /* --identity-policy, --context ... in their order */
    size_t n_given;
    char **words; /* arguments without options; after "--" everything */
    int n_words;
    char **command; /* what follows "--", NULL-terminated, or NULL */
    struct arena *arena;
};

struct verb {
    const char *name, *arguments, *help;
    int (*run)(struct options *o, struct err *e); /* an exit status; e says why, printed once by verbs_run */
};

int verbs_run(int argc, char **argv);
str options_state(struct options *o); /* --state, else BARMKIN_STATE, else /var/lib/barmkin */

int verb_init(struct options *o, struct err *e);
int verb_serve(struct options *o, struct err *e);
int verb_account(struct options *o, struct err *e);
int verb_shell(struct options *o, struct err *e);
int verb_run(struct options *o, struct err *e);
int verb_explain(struct options *o, struct err *e);
int verb_status(struct options *o, struct err *e);
int verb_doctor(struct options *o, struct err *e);
int verb_env(struct options *o, struct err *e);
int verb_sigv4(struct options *o, struct err *e);
int verb_authz(struct options *o, struct err *e);
int verb_stack(struct options *o, struct err *e);
int verb_audit(struct options *o, struct err *e);

/* `barmkin audit search`: what audit.c does not do itself. */
int audit_search(struct options *o, const char *dir, struct err *e);

/* The uids that --uid-base (absent: 64100) means: rejects what is no number, is used by a user, a group or a
 * subordinate range of this machine, or would meet the ranges of sandboxes. */
res uids_choose(str uid_base, uint32_t *base, struct err *e);

/* The admin channel: POSTs {input} as operation Barmkin.NAME over STATE/admin.sock; the JSON answer lives in o->arena.
 */
res admin_call(const struct options *o, const char *operation, str input, str *answer, struct err *e);

#endif
