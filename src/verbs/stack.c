/* SPDX-License-Identifier: MIT */
/* barmkin stack why NAME: what ended a stack's operation, the first cause first. barmkin stack watch NAME: how it goes
 * on, with a bar on a terminal, one line an event elsewhere. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "verbs/ladder.h"
#include "verbs/verbs.h"

enum { BAR = 30, POLL_MS = 200 };

static void say(FILE *f, const char *before, str s, const char *after)
{
    if (s.n)
        fprintf(f, "%s%.*s%s", before, FMT(s), after);
}

/* after < 0: without events */
static int ask(struct options *o, json_int_t after, json_t **out, struct err *e)
{
    struct buf b;
    str answer;
    json_t *j;

    buf_init(&b, 65536);
    buf_add_z(&b, "{\"StackName\":");
    buf_add_json_str(&b, str_z(o->words[1]));
    str account = o->account.n ? o->account : o->profile;
    if (account.n) {
        buf_add_z(&b, ",\"Account\":");
        buf_add_json_str(&b, account);
    }
    if (after >= 0)
        buf_printf(&b, ",\"After\":%lld", (long long)after);
    buf_add_char(&b, '}');
    str input = arena_dup(o->arena, buf_str(&b));
    buf_done(&b);
    res r = admin_call(o, "StackProgress", input, &answer, e);
    if (r.why == WHY_REJECT)
        return EXIT_NOT_FOUND;
    if (!is_ok(r))
        return EXIT_UNAVAILABLE;
    if (!is_ok(json_parse(o->arena, answer, e, &j)))
        return EXIT_FAILED;
    *out = json_object_get(j, "Progress");
    make_plain(*out);
    return EXIT_DONE;
}

/* ---- why ---- */

static const json_t *denied_judgement(const json_t *denied)
{
    const json_t *list = json_object_get(denied, "judgements");
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (!str_eq(json_str_at(one, "decision"), S("Allowed")))
            return one;
    }
    return NULL;
}

static void print_denial(const json_t *denied)
{
    const json_t *j = denied_judgement(denied);
    const json_t *statement = json_object_get(j, "statement");

    if (!j)
        return;
    say(stdout, "  denied:    ", json_str_at(j, "action"), "");
    say(stdout, " on ", json_str_at(j, "resource"), "\n");
    say(stdout, "  decision:  ", json_str_at(j, "decision"), "");
    say(stdout, " by ", json_str_at(j, "by"), "\n");
    say(stdout, "  policy:    ", json_str_at(j, "policy"), "\n");
    say(stdout, "  sid:       ", json_str_at(j, "sid"), "\n");
    if (statement) {
        printf("  statement: ");
        json_dumpf(statement, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
        printf("\n");
    }
}

static void print_cause(const json_t *p)
{
    const json_t *cause = json_object_get(p, "cause");

    say(stdout, "", json_str_at(p, "stack"), ": ");
    say(stdout, "", json_str_at(p, "status"), "\n");
    if (!cause) {
        printf("Nothing has failed since its last operation began.\n");
        return;
    }
    say(stdout, "first cause: ", json_str_at(cause, "resource"), "");
    say(stdout, " (", json_str_at(cause, "type"), ")");
    if (!str_eq(json_str_at(cause, "stack"), json_str_at(p, "stack")))
        say(stdout, " in the stack ", json_str_at(cause, "stack"), "");
    say(stdout, ", ", json_str_at(cause, "status"), "");
    say(stdout, " at ", json_str_at(cause, "time"), "\n");
    print_denial(json_object_get(cause, "denied"));
    say(stdout, "  said:      ", json_str_at(cause, "reason"), "\n");
    say(stdout, "and so:      ", json_str_at(p, "reason"), "\n");
}

static int why(struct options *o, struct err *e)
{
    json_t *p;
    int status = ask(o, -1, &p, e);

    if (status != EXIT_DONE)
        return status;
    if (o->json) {
        json_dumpf(p, stdout, JSON_COMPACT);
        printf("\n");
    } else {
        print_cause(p);
    }
    return EXIT_DONE;
}

/* ---- watch ---- */

static void print_event(const json_t *event)
{
    say(stdout, "", json_str_at(event, "time"), " ");
    say(stdout, "", json_str_at(event, "resource"), " ");
    say(stdout, "", json_str_at(event, "status"), "");
    say(stdout, " ", json_str_at(event, "reason"), "");
    printf("\n");
}

static void draw(const json_t *p)
{
    json_int_t done = json_integer_value(json_object_get(p, "done")),
               total = json_integer_value(json_object_get(p, "total"));
    int full = total > 0 ? (int)(done * BAR / total) : BAR;

    full = full > BAR ? BAR : full;
    fprintf(stderr, "\r\033[K[%.*s%*s] %lld/%lld ", full, "##############################", BAR - full, "",
            (long long)done, (long long)total);
    say(stderr, "", json_str_at(p, "status"), "");
    fflush(stderr);
}

static bool goes_on(const json_t *p)
{
    str status = json_str_at(p, "status");

    return str_ends(status, S("IN_PROGRESS")) && !str_starts(status, S("REVIEW"));
}

static void show(struct options *o, const json_t *p, bool bar)
{
    const json_t *list = json_object_get(p, "events");
    json_t *one;
    size_t i;

    if (bar && json_array_size(list))
        fprintf(stderr, "\r\033[K");
    json_array_foreach(list, i, one)
    {
        if (o->json) {
            json_dumpf(one, stdout, JSON_COMPACT);
            printf("\n");
        } else {
            print_event(one);
        }
    }
    fflush(stdout);
    if (bar)
        draw(p);
}

static int watch(struct options *o, struct err *e)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    bool bar = isatty(2) && !o->quiet && !o->json;
    json_int_t last = 0;
    json_t *p;

    for (;;) {
        int status = ask(o, last, &p, e);
        if (status != EXIT_DONE)
            return status;
        bool more =
            json_integer_value(json_object_get(p, "last")) > last && json_array_size(json_object_get(p, "events"));
        last = json_integer_value(json_object_get(p, "last"));
        show(o, p, bar);
        if (!goes_on(p) && !more)
            break;
        nanosleep(&pause, NULL);
    }
    if (bar)
        fprintf(stderr, "\n");
    str status = json_str_at(p, "status");
    bool well = str_ends(status, S("_COMPLETE")) && str_search(status, S("ROLLBACK")) < 0;
    return well ? EXIT_DONE : EXIT_FAILED;
}

int verb_stack(struct options *o, struct err *e)
{
    if (o->n_words != 2)
        return EXIT_USAGE;
    if (strcmp(o->words[0], "why") == 0)
        return why(o, e);
    return strcmp(o->words[0], "watch") == 0 ? watch(o, e) : EXIT_USAGE;
}
