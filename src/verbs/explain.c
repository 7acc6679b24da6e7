/* SPDX-License-Identifier: MIT */
/* barmkin explain: why a request was allowed or denied, or what would become of one: on the running server, or with
 * policies from files and no server at all. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "verbs/ladder.h"
#include "verbs/trial.h"
#include "verbs/verbs.h"

static int show(const struct options *o, json_t *explanation)
{
    if (o->json) {
        json_dumpf(explanation, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        ladder_print(explanation);
    }
    return str_eq(json_str_at(explanation, "decision"), S("Allowed")) ? EXIT_DONE : EXIT_DENY;
}

/* ---- a request that was made ---- */

static str request_input(struct options *o)
{
    struct buf b;

    if (o->last_denied)
        return S("{}");
    buf_init(&b, 4096);
    buf_add_z(&b, "{\"RequestId\":");
    buf_add_json_str(&b, str_z(o->words[0]));
    buf_add_char(&b, '}');
    str text = arena_dup(o->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

static int ask(struct options *o, const char *operation, str input, struct err *e)
{
    str answer;
    json_t *j;

    res r = admin_call(o, operation, input, &answer, e);
    if (r.why == WHY_REJECT) /* what is not there, or what makes no question */
        return strstr(e->what, "InvalidInput") || strstr(e->what, "ValidationException") ? EXIT_USAGE : EXIT_NOT_FOUND;
    if (!is_ok(r))
        return EXIT_UNAVAILABLE;
    if (!is_ok(json_parse(o->arena, answer, e, &j)))
        return EXIT_FAILED;
    return show(o, json_object_get(j, "Explanation"));
}

/* ---- with policies from files ---- */

static int try_policies(struct options *o, struct err *e)
{
    str text;
    json_t *j;

    if (!is_ok(trial_run(o, &text, e)))
        return EXIT_USAGE;
    if (!is_ok(json_parse(o->arena, text, e, &j)))
        return EXIT_FAILED;
    return show(o, j);
}

/* ---- on the running server ---- */

static int try_here(struct options *o, struct err *e)
{
    str input;

    if (!is_ok(trial_input(o, &input, e)))
        return EXIT_USAGE;
    return ask(o, "WhatIf", input, e);
}

/* Session policies go with either: to what a server knows of the principal, or to other policies from files. */
static bool names_policies(const struct options *o)
{
    for (size_t i = 0; i < o->n_given; i++)
        if (strcmp(o->given[i].option, "--context") != 0 && strcmp(o->given[i].option, "--session-policy") != 0)
            return true;
    return false;
}

int verb_explain(struct options *o, struct err *e)
{
    bool what_if = o->principal.n || o->action.n || o->resource.n || o->n_given;

    if (what_if && (!o->principal.n || !o->action.n || !o->resource.n || o->n_words || o->last_denied))
        return EXIT_USAGE;
    bool offline = names_policies(o);
    if (what_if && (offline ? o->vpce.n : o->resource_account.n)) /* each is the other kind's */
        return EXIT_USAGE;
    if (what_if)
        return offline ? try_policies(o, e) : try_here(o, e);
    if (o->last_denied ? o->n_words != 0 : o->n_words != 1)
        return EXIT_USAGE;
    return ask(o, "Explain", request_input(o), e);
}
