/* SPDX-License-Identifier: MIT */
/* Fuzzes the template language: the input is a template, parsed, bound to made-up values, evaluated. Whatever it is,
 * nothing may crash, grow or go on for ever; a refusal says why; and a template reads the same after its own tree was
 * written as JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "services/cloudformation/template.h"
#include "services/cloudformation/template_summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARAMETERS_TRIED = 200 };

static json_t *keep(struct arena *a, json_t *v)
{
    arena_defer(a, (void (*)(void *))json_decref, v);
    return v;
}

static res ref(void *about, const struct template_resource *r, json_t **out, struct err *e)
{
    (void)e;
    *out = r->at % 3 == 2 ? NULL : keep(about, json_string("{{resolve:ssm:x}},b"));
    return OK;
}

static res attribute(void *about, const struct template_resource *r, str path, json_t **out, struct err *e)
{
    if (str_ends(path, S("None")))
        return reject(e, "no such attribute");
    *out =
        r->at % 3 == 2 ? NULL : keep(about, path.n % 2 ? json_string("a:b") : json_pack("[s, {s: s}]", "a", "b", "c"));
    return OK;
}

static res answer(void *about, str name, str *out, struct err *e)
{
    *out = arena_dup(about, name);
    return name.n > 20 ? reject(e, "no such export") : OK;
}

static res dynamic(void *about, str service, str reference, str *out, struct err *e)
{
    (void)e;
    *out = arena_cat(about, service, reference);
    return OK;
}

static res zones(void *about, str region, json_t **out, struct err *e)
{
    (void)e;
    *out = keep(about, json_pack("[s, s]", region.n % 2 ? "a" : "b", "c"));
    return OK;
}

static void must_say(const struct err *e, res r)
{
    if (r.why != WHY_REJECT || !e->what[0])
        abort();
}

/* What was written as JSON is the same template, and a stack's next step can read it. */
static void read_again(struct arena *a, const struct template *t)
{
    struct template *again;
    struct err e = {0};
    struct buf b;

    buf_init(&b, 64 << 20);
    buf_add_json(&b, t->tree);
    if (b.full || !is_ok(template_reread(a, buf_str(&b), &e, &again)) || !json_equal(t->tree, again->tree))
        abort();
    if (again->n_resources != t->n_resources || again->n_parameters != t->n_parameters)
        abort();
    buf_done(&b);
}

static void evaluate_all(struct template_scope *s)
{
    struct template_changes changes;
    json_t *v, *before = NULL;
    str value, name;
    struct err e;

    for (size_t i = 0; i < s->t->n_resources; i++) {
        if (!s->wanted[i])
            continue;
        e = (struct err){0};
        res r = template_properties(s, &s->t->resources[i], &e, &v);
        if (!is_ok(r)) {
            must_say(&e, r);
            continue;
        }
        template_diff(s->arena, before ? before : v, v, &changes);
        if (!before && changes.n && !template_has_later(v))
            abort(); /* nothing differs from itself */
        before = v;
    }
    for (size_t i = 0; i < s->t->n_outputs; i++) {
        e = (struct err){0};
        if (!template_output_wanted(s, &s->t->outputs[i]))
            continue;
        res r = template_output(s, &s->t->outputs[i], &e, &value, &name);
        if (!is_ok(r))
            must_say(&e, r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct template_pseudo pseudo = {S("111122223333"), S("us-east-1"), S("aws"), S("amazonaws.com"),
                                                  S("arn:s"),        S("s"),         NULL,     0};
    struct arena *a = arena_new((size_t)256 << 20);
    struct template_ask ask = {.about = a, .ref = ref, .attribute = attribute, .imported = answer, .dynamic = dynamic};
    struct template_given given[PARAMETERS_TRIED];
    struct template *t = NULL;
    struct template_scope *s;
    struct err e = {0};
    size_t n = 0;

    ask.zones = zones;
    res r = template_parse(a, str_n((const char *)data, size), &e, &t);
    if (is_ok(r)) {
        read_again(a, t);
        for (size_t i = 0; i < t->n_parameters && n < PARAMETERS_TRIED; i++)
            if (!str_is(t->parameters[i].fallback))
                given[n++] = (struct template_given){
                    t->parameters[i].name,
                    t->parameters[i].allowed ? json_str(json_array_get(t->parameters[i].allowed, 0)) : S("1")};
        r = template_bind(t, a, &pseudo, &ask, given, n, &e, &s);
        if (is_ok(r))
            evaluate_all(s);
    }
    if (!is_ok(r))
        must_say(&e, r);
    arena_free(a);
    return 0;
}
