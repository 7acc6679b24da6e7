/* SPDX-License-Identifier: MIT */
/* barmkin audit search: calls out of the audit log, newest first, printed as they are found. */
#include <stdio.h>
#include <string.h>

#include "authz/authz.h"
#include "base/json.h"
#include "base/time.h"
#include "store/audit.h"
#include "verbs/ladder.h"
#include "verbs/verbs.h"

enum { DEFAULT_LIMIT = 100, SCRATCH_BYTES = 64 << 20 };

struct searching {
    const struct options *o;
    int64_t from_ms, to_ms;
    struct arena *scratch;
};

/* ---- the question ---- */

/* A moment, or how long ago: 90s, 15m, 8h, 7d. */
static res take_time(str text, const char *option, int64_t otherwise, int64_t *ms, struct err *e)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t n;

    *ms = otherwise;
    if (!text.n || time_parse_iso(text, ms))
        return OK;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text.p[text.n - 1] != units[i].unit || !str_to_u64(str_sub(text, 0, text.n - 1), &n) || n > 1000000000)
            continue;
        *ms = time_wall_ms() - (int64_t)n * units[i].seconds * 1000;
        return OK;
    }
    return reject(e, "%s is a moment (2026-11-29T08:00:00Z) or a time ago (90s, 15m, 8h, 7d), not %.*s", option,
                  FMT(text));
}

/* ---- one record ---- */

static const json_t *judgements_of(const json_t *record)
{
    return json_object_get(json_object_get(record, "barmkin"), "judgements");
}

static bool fits(str pattern, str text, bool nocase)
{
    return str_is(text) && authz_glob(pattern, text, nocase);
}

/* A session is found by its own ARN and by its role's. */
static bool is_by(const json_t *record, str principal)
{
    const json_t *who = json_object_get(record, "userIdentity");
    const json_t *role = json_object_get(json_object_get(who, "sessionContext"), "sessionIssuer");

    return fits(principal, json_str_at(who, "arn"), false) || fits(principal, json_str_at(role, "arn"), false) ||
           fits(principal, json_str_at(who, "invokedBy"), false);
}

static bool is_judged(const json_t *record, const char *member, str wanted, bool nocase)
{
    const json_t *list = judgements_of(record);

    for (size_t i = 0; i < json_array_size(list); i++)
        if (fits(wanted, json_str_at(json_array_get(list, i), member), nocase))
            return true;
    return false;
}

static bool is_in(const json_t *record, str account)
{
    return str_eq(json_str_at(json_object_get(record, "userIdentity"), "accountId"), account) ||
           str_eq(json_str_at(record, "recipientAccountId"), account);
}

static bool is_wanted(const struct searching *s, const json_t *record)
{
    const struct options *o = s->o;
    int64_t at;

    if (!time_parse_iso(json_str_at(record, "eventTime"), &at) || at < s->from_ms || at > s->to_ms)
        return false;
    return (!o->account.n || is_in(record, o->account)) && (!o->principal.n || is_by(record, o->principal)) &&
           (!o->event.n || fits(o->event, json_str_at(record, "eventName"), true)) &&
           (!o->action.n || is_judged(record, "action", o->action, true)) &&
           (!o->resource.n || is_judged(record, "resource", o->resource, false)) &&
           (!o->request.n || str_eq(json_str_at(record, "requestID"), o->request)) &&
           (!o->denied || str_eq(json_str_at(record, "errorCode"), S("AccessDenied")));
}

/* ---- printing ---- */

static void print_line(const json_t *record)
{
    const json_t *who = json_object_get(record, "userIdentity"), *list = judgements_of(record);
    str error = json_str_at(record, "errorCode"), caller = json_str_at(who, "arn");
    str resource = json_str_at(json_array_get(list, json_array_size(list) ? json_array_size(list) - 1 : 0), "resource");

    if (!caller.n)
        caller = json_str_at(who, "invokedBy").n ? json_str_at(who, "invokedBy") : S("anonymous");
    printf("%.*s  %-12.*s %.*s %.*s  %.*s  %.*s  %.*s\n", FMT(json_str_at(record, "eventTime")),
           FMT(error.n ? error : S("ok")), FMT(json_str_at(record, "eventSource")),
           FMT(json_str_at(record, "eventName")), FMT(caller), FMT(resource.n ? resource : S("-")),
           FMT(json_str_at(record, "requestID")));
}

/* What the line must hold is looked for before it is parsed: that is most of a search. */
static bool may_fit(const struct options *o, str record)
{
    return (!o->account.n || str_search(record, o->account) >= 0) &&
           (!o->request.n || str_search(record, o->request) >= 0) &&
           (!o->denied || str_search(record, S("\"AccessDenied\"")) >= 0);
}

static enum audit_look look(void *ctx, uint64_t seq, str record)
{
    struct searching *s = ctx;
    json_t *j;

    (void)seq;
    if (!may_fit(s->o, record))
        return AUDIT_SKIP;
    arena_reset(s->scratch);
    return is_ok(json_parse(s->scratch, record, NULL, &j)) && is_wanted(s, j) ? AUDIT_TAKE : AUDIT_SKIP;
}

static void print_hit(const struct options *o, str record)
{
    struct arena *a = arena_new(SCRATCH_BYTES);
    json_t *j;

    if (o->json) {
        printf("%.*s\n", FMT(record));
    } else if (is_ok(json_parse(a, record, NULL, &j))) {
        make_plain(j);
        print_line(j);
    }
    arena_free(a);
}

/* Piece by piece, so that what is found is seen at once and memory stays small. */
static res search(struct searching *s, const char *dir, uint64_t limit, uint64_t *found, struct err *e)
{
    enum { PIECE = 256, PIECE_BYTES = 64 << 20 };
    struct audit_place place = {0, 0};

    do {
        struct arena *a = arena_new((size_t)PIECE * AUDIT_RECORD_MAX_BYTES * 2);
        size_t most = limit - *found < PIECE ? (size_t)(limit - *found) : PIECE;
        struct audit_search part = {look, s, most, PIECE_BYTES, s->from_ms};
        struct audit_hits hits;
        res r = audit_find_part(dir, a, &part, &place, &hits, e);
        for (size_t i = 0; is_ok(r) && i < hits.n; i++)
            print_hit(s->o, hits.items[i].record);
        *found += hits.n;
        arena_free(a);
        TRY(r);
    } while (place.file && *found < limit);
    return OK;
}

int audit_search(struct options *o, const char *dir, struct err *e)
{
    struct searching s = {.o = o};
    uint64_t limit = DEFAULT_LIMIT, found = 0;

    if (!is_ok(take_time(o->since, "--since", 0, &s.from_ms, e)) ||
        !is_ok(take_time(o->until, "--until", INT64_MAX, &s.to_ms, e)))
        return EXIT_USAGE;
    if (o->limit.n && (!str_to_u64(o->limit, &limit) || !limit)) {
        reject(e, "--limit is a number of calls, not %.*s", FMT(o->limit));
        return EXIT_USAGE;
    }
    s.scratch = arena_new(SCRATCH_BYTES);
    res r = search(&s, dir, limit, &found, e);
    arena_free(s.scratch);
    if (is_ok(r) && found == limit && !o->limit.n)
        fprintf(stderr, "These are the newest %d; --limit shows more.\n", DEFAULT_LIMIT);
    return is_ok(r) ? EXIT_DONE : EXIT_FAILED;
}
