/* SPDX-License-Identifier: MIT */
/* Fuzzes what a rule says: its pattern, its rate, and what its target is given. Five lines: pattern, event, path,
 * template, rate. What is no pattern is told why; what is one decides alike twice; what a target is given fits. */
#include <stdlib.h>

#include "services/events/events_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GIVEN_MAX_BYTES = 512 << 10 };

static void must_say(res r, const struct err *e)
{
    if (!is_ok(r) && (r.why != WHY_REJECT || !e->what[0]))
        abort();
}

static void match(struct arena *a, str text, const json_t *event)
{
    struct err e = {0};
    json_t *pattern;
    res r = event_pattern_parse(a, text, &e, &pattern);

    must_say(r, &e);
    if (!is_ok(r))
        return;
    bool fits = event_pattern_matches(pattern, event);
    if (event_pattern_matches(pattern, event) != fits)
        abort();
}

static void give(struct arena *a, const struct events_target *t, const json_t *event)
{
    struct events_rule rule = {.name = S("r"), .arn = S("arn:aws:events:us-east-1:111122223333:rule/r")};
    struct err e = {0};
    res r = events_check_input(a, t, &e);

    must_say(r, &e);
    if (is_ok(r) && events_input(a, t, &rule, event).n > GIVEN_MAX_BYTES)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new((size_t)64 << 20);
    str rest = str_n((const char *)data, size);
    str pattern = str_cut(&rest, '\n'), text = str_cut(&rest, '\n'), path = str_cut(&rest, '\n'),
        template = str_cut(&rest, '\n');
    struct str_pair pair = {S("a"), path};
    struct events_input_transformer x = {{1, &pair}, template};
    struct events_target whole = {.id = S("t")}, part = {.id = S("t"), .input_path = path},
                         fixed = {.id = S("t"), .input = template}, filled = {.id = S("t"), .input_transformer = &x};
    const struct events_target *const all[] = {&whole, &part, &fixed, &filled};
    struct err e = {0};
    json_t *event;
    int64_t ms = 0;

    if (events_rate_ms(rest, &ms) && ms < 60000)
        abort(); /* the shortest is a minute */
    if (is_ok(json_parse(a, text, &e, &event))) {
        match(a, pattern, event);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            give(a, all[i], event);
    }
    arena_free(a);
    return 0;
}
