/* SPDX-License-Identifier: MIT */
/* A template under test: what it is refused with, what a value in it is. Resources answer made-up values: Ref is
 * "id-of-X", an attribute is "X:Attr", an attribute whose name ends in "List" is the list of "X:1" and "X:2". */
#ifndef BARMKIN_TESTS_UNIT_SERVICES_CLOUDFORMATION_FIXTURE_H
#define BARMKIN_TESTS_UNIT_SERVICES_CLOUDFORMATION_FIXTURE_H
#include "test.h"

#include "base/json.h"
#include "services/cloudformation/template.h"

struct fixture {
    struct arena *a;
    struct err e;
    struct template *t;
    struct template_scope *s;
    bool later; /* nothing of a resource is known yet */
};

static inline void fixture_open(struct fixture *f)
{
    *f = (struct fixture){.a = arena_new(256 << 20)};
}

static inline void fixture_close(struct fixture *f)
{
    arena_free(f->a);
}

static inline json_t *fixture_text(struct fixture *f, str text)
{
    json_t *v = json_stringn(text.p, text.n);

    arena_defer(f->a, (void (*)(void *))json_decref, v);
    return v;
}

static inline res fixture_ref(void *about, const struct template_resource *r, json_t **out, struct err *e)
{
    struct fixture *f = about;

    (void)e;
    *out = f->later ? NULL : fixture_text(f, arena_printf(f->a, "id-of-%.*s", FMT(r->id)));
    return OK;
}

static inline res fixture_attribute(void *about, const struct template_resource *r, str path, json_t **out,
                                    struct err *e)
{
    struct fixture *f = about;

    (void)e;
    *out = NULL;
    if (f->later)
        return OK;
    *out = fixture_text(f, arena_printf(f->a, "%.*s:%.*s", FMT(r->id), FMT(path)));
    if (!str_ends(path, S("List")))
        return OK;
    *out = json_pack("[o, o]", json_incref(fixture_text(f, arena_printf(f->a, "%.*s:1", FMT(r->id)))),
                     json_incref(fixture_text(f, arena_printf(f->a, "%.*s:2", FMT(r->id)))));
    arena_defer(f->a, (void (*)(void *))json_decref, *out);
    return OK;
}

static inline res fixture_imported(void *about, str name, str *out, struct err *e)
{
    struct fixture *f = about;

    if (str_starts(name, S("none")))
        return reject(e, "No export named %.*s found.", FMT(name));
    *out = arena_printf(f->a, "export-of-%.*s", FMT(name));
    return OK;
}

static inline res fixture_dynamic(void *about, str service, str reference, str *out, struct err *e)
{
    struct fixture *f = about;

    (void)e;
    *out = arena_printf(f->a, "<%.*s %.*s>", FMT(service), FMT(reference));
    return OK;
}

static inline res fixture_zones(void *about, str region, json_t **out, struct err *e)
{
    struct fixture *f = about;

    (void)e;
    *out = json_pack("[s, s]", arena_printf(f->a, "%.*sa", FMT(region)).p, arena_printf(f->a, "%.*sb", FMT(region)).p);
    arena_defer(f->a, (void (*)(void *))json_decref, *out);
    return OK;
}

static inline res fixture_parameter(void *about, const struct template_parameter *p, str given, json_t **out,
                                    struct err *e)
{
    struct fixture *f = about;

    *out = NULL;
    if (str_starts(given, S("vpc-none")))
        return reject(e, "Parameter validation failed: parameter value %.*s for parameter name %.*s does not exist",
                      FMT(given), FMT(p->name));
    if (str_starts(p->type, S("AWS::SSM::Parameter::Value<")))
        *out = fixture_text(f, arena_printf(f->a, "value-of-%.*s", FMT(given)));
    return OK;
}

/* Parses, and binds with "Name=value" texts up to a NULL. */
static inline bool fixture_bind(struct fixture *f, str text, const char *const *given)
{
    static const struct template_pseudo pseudo = {S("111122223333"),
                                                  S("us-east-1"),
                                                  S("aws"),
                                                  S("amazonaws.com"),
                                                  S("arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"),
                                                  S("s"),
                                                  NULL,
                                                  0};
    struct template_ask ask = {.about = f,
                               .ref = fixture_ref,
                               .attribute = fixture_attribute,
                               .imported = fixture_imported,
                               .dynamic = fixture_dynamic,
                               .zones = fixture_zones,
                               .parameter = fixture_parameter};
    struct template_given list[64];
    size_t n = 0;

    err_clear(&f->e);
    if (!is_ok(template_parse(f->a, text, &f->e, &f->t)))
        return false;
    for (; given && given[n]; n++) {
        str rest = str_z(given[n]);
        list[n].name = str_cut(&rest, '=');
        list[n].value = rest;
    }
    return is_ok(template_bind(f->t, f->a, &pseudo, &ask, list, n, &f->e, &f->s));
}

static inline str fixture_json(struct fixture *f, const json_t *v)
{
    struct buf b;
    str out;

    buf_init(&b, 16 << 20);
    if (v)
        buf_add_json(&b, v);
    out = arena_dup(f->a, v ? buf_str(&b) : S("nothing"));
    buf_done(&b);
    return out;
}

/* The properties of a resource as compact JSON, or why there are none. */
static inline str fixture_properties(struct fixture *f, str id)
{
    json_t *v;

    err_clear(&f->e);
    if (!is_ok(template_properties(f->s, template_resource_find(f->t, id), &f->e, &v)))
        return arena_dup(f->a, str_z(f->e.what));
    return fixture_json(f, v);
}

#endif
