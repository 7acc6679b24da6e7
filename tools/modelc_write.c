/* SPDX-License-Identifier: MIT */
/* The second half of modelc: checks what was read and writes the C tables. */
#include "modelc.h"

#include <stdio.h>
#include <string.h>

/* ---- checks ---- */

static void check_member(const struct service_def *s, const struct member *m)
{
    bool shaped = m->kind == K_SHAPE || (m->kind == K_LIST && m->elem == K_SHAPE);

    if (shaped && !find_shape(s, m->shape))
        die(s->file, m->line, "there is no shape '%.*s'", FMT(m->shape));
    if (shaped && m->kind == K_LIST)
        find_shape(s, m->shape)->in_list = true;
}

/* The first part of a path must be a member of the shape; the rest is walked the same way. */
void check_path(const struct service_def *s, const struct op_def *o, const struct shape_def *shape, str path, int line)
{
    while (str_is(path)) {
        str part = str_cut(&path, '.');
        if (str_ends(part, S("[]")))
            part.n -= 2;
        if (str_all(part, "0123456789"))
            continue; /* an item of a list */
        const struct member *hit = NULL;
        if (!shape)
            return;
        for (size_t i = 0; i < shape->n; i++)
            if (str_eq(shape->members[i].name, part))
                hit = &shape->members[i];
        if (!hit)
            die(s->file, line, "%.*s has no member '%.*s'", FMT(o->name), FMT(part));
        shape = hit->shape.n ? find_shape(s, hit->shape) : NULL;
    }
}

static void check_op(const struct service_def *s, const struct op_def *o)
{
    if (o->n_access == 0)
        die(s->file, o->line, "%.*s has no access line: say who may", FMT(o->name));
    for (size_t i = 0; i < o->n_access; i++) {
        const struct access_def *a = &o->access[i];
        if (a->on.n && !str_eq(a->on, S("*")) && !find_resource_def(s, a->on))
            die(s->file, a->line, "there is no resource '%.*s'", FMT(a->on));
        for (size_t k = 0; k < a->n_members; k++)
            check_path(s, o, o->in, a->members[k], a->line);
        if (str_starts(a->when, S("caller:"))) {
            if (!str_eq(a->when, S("caller:transitive-tags")) && !str_eq(a->when, S("caller:source-identity")))
                die(s->file, a->line, "of a caller: transitive-tags or source-identity");
        } else if (a->when.n)
            check_path(s, o, o->in, str_from(a->when, a->when.p[0] == '!'), a->line);
    }
    for (size_t i = 0; i < o->n_context; i++) {
        const struct context_def *d = &o->context[i];
        if (d->path.n)
            check_path(s, o, o->in, d->path, o->line);
        if (!d->fn.n && (!d->path.n || (str_ends(d->key, S("/")) && str_find(d->path, '.') >= 0)))
            die(s->file, o->line, "%.*s takes its pairs from a member of the input itself", FMT(d->key));
    }
    if (o->kind == 2 && !o->prepare.n)
        die(s->file, o->line, "an upload needs a prepare function");
    if (o->streams.n && (o->kind != 1 || !o->prepare.n))
        die(s->file, o->line, "what streams a member writes, and needs a prepare function");
}

void check_service(struct service_def *s)
{
    if (!s->name.n || !s->settings[SET_PROTOCOL].n)
        die(s->file, 1, "service NAME and protocol P must be said");
    for (size_t i = 0; i < s->n_shapes; i++)
        for (size_t k = 0; k < s->shapes[i]->n; k++)
            check_member(s, &s->shapes[i]->members[k]);
    for (size_t i = 0; i < s->n_ops; i++)
        check_op(s, &s->ops[i]);
    for (size_t i = 0; i < s->n_cfn; i++)
        cfn_check(s, s->cfn[i]);
}

/* ---- the header ---- */

static void c_type(FILE *f, const struct service_def *s, const struct member *m)
{
    static const char *const plain[] = {
        [K_STRING] = "str",    [K_INT] = "opt_int", [K_DOUBLE] = "opt_double",     [K_BOOL] = "opt_bool",
        [K_TIME] = "opt_time", [K_BLOB] = "str",    [K_MAP] = "struct map_of_str", [K_DOCUMENT] = "str"};

    if (m->kind == K_SHAPE)
        fprintf(f, "    struct %.*s *%.*s;\n", FMT(find_shape(s, m->shape)->c_name), FMT(m->c_name));
    else if (m->kind == K_LIST && m->elem == K_SHAPE)
        fprintf(f, "    struct %.*s_list %.*s;\n", FMT(find_shape(s, m->shape)->c_name), FMT(m->c_name));
    else if (m->kind == K_LIST && (m->elem == K_STRING || m->elem == K_DOCUMENT))
        fprintf(f, "    struct list_of_str %.*s;\n", FMT(m->c_name));
    else if (m->kind == K_LIST)
        fprintf(f, "    struct { size_t n; %s *v; } %.*s;\n", plain[m->elem], FMT(m->c_name));
    else
        fprintf(f, "    %s %.*s;\n", plain[m->kind], FMT(m->c_name));
}

static void write_struct(FILE *f, const struct service_def *s, const struct shape_def *d)
{
    fprintf(f, "struct %.*s {\n", FMT(d->c_name));
    if (d->record)
        fprintf(f, "    struct record_head at;\n");
    for (size_t i = 0; i < d->n; i++)
        c_type(f, s, &d->members[i]);
    if (!d->n && !d->record)
        fprintf(f, "    char nothing;\n");
    fprintf(f, "};\nextern const struct shape %.*s_shape;\n", FMT(d->c_name));
}

static void write_record_functions(FILE *f, const struct shape_def *d)
{
    fprintf(f, "extern const struct record_type %.*s_record;\n", FMT(d->c_name));
    fprintf(
        f,
        "struct %1$.*2$s_page { struct %1$.*2$s **v; size_t n; bool more; };\n"
        "static inline res %1$.*2$s_load(struct call *c, str account, str id, struct %1$.*2$s **out)\n"
        "{ void *r = NULL; res why = record_load(c, &%1$.*2$s_record, account, id, &r); *out = r; return why; }\n"
        "static inline res %1$.*2$s_save(struct call *c, struct %1$.*2$s *r) { return record_save(c, &%1$.*2$s_record, "
        "r); }\n"
        "static inline res %1$.*2$s_drop(struct call *c, const struct %1$.*2$s *r) { return record_drop(c, "
        "&%1$.*2$s_record, r); }\n"
        "static inline res %1$.*2$s_list_all(struct call *c, str account, str prefix, str after, size_t limit, struct "
        "%1$.*2$s_page *out)\n"
        "{ struct record_page p = {0}; res why = record_list(c, &%1$.*2$s_record, account, prefix, after, limit, &p);\n"
        "  *out = (struct %1$.*2$s_page){(struct %1$.*2$s **)p.v, p.n, p.more}; return why; }\n"
        "static inline res %1$.*2$s_list_back(struct call *c, str account, str prefix, str before, size_t limit, "
        "struct "
        "%1$.*2$s_page *out)\n"
        "{ struct record_page p = {0}; res why = record_list_back(c, &%1$.*2$s_record, account, prefix, before, limit, "
        "&p);\n"
        "  *out = (struct %1$.*2$s_page){(struct %1$.*2$s **)p.v, p.n, p.more}; return why; }\n"
        "static inline res %1$.*2$s_by(struct call *c, const char *index, str value, str account, size_t limit, struct "
        "%1$.*2$s_page *out)\n"
        "{ struct record_page p = {0}; res why = record_by(c, &%1$.*2$s_record, index, value, account, limit, &p);\n"
        "  *out = (struct %1$.*2$s_page){(struct %1$.*2$s **)p.v, p.n, p.more}; return why; }\n"
        "static inline res %1$.*2$s_by_after(struct call *c, const char *index, str value, str after, size_t limit, "
        "struct %1$.*2$s_page *out)\n"
        "{ struct record_page p = {0}; res why = record_by_after(c, &%1$.*2$s_record, index, value, STR_ABSENT, after, "
        "limit, "
        "&p);\n"
        "  *out = (struct %1$.*2$s_page){(struct %1$.*2$s **)p.v, p.n, p.more}; return why; }\n",
        d->c_name.p, (int)d->c_name.n);
}

/* Hooks that several services may provide. */
static bool is_list(str what)
{
    return str_eq(what, S("wipe")) || str_eq(what, S("linked_role_uses"));
}

static size_t place_in_list(size_t i)
{
    size_t n = 0;

    for (size_t k = 0; k < i; k++)
        n += str_eq(provided[k].what, provided[i].what);
    return n;
}

static void write_header(FILE *f, const struct service_def *s)
{
    fprintf(f, "/* Generated by modelc from %s. */\n#pragma once\n#include \"api/call.h\"\n", s->file);
    fprintf(f, "extern const struct service %.*s_service;\n", FMT(s->c_name));
    for (size_t i = 0; i < s->n_shapes; i++) {
        fprintf(f, "struct %.*s;\n", FMT(s->shapes[i]->c_name));
        if (s->shapes[i]->in_list)
            fprintf(f, "struct %1$.*2$s_list { size_t n; struct %1$.*2$s *v; };\n", s->shapes[i]->c_name.p,
                    (int)s->shapes[i]->c_name.n);
    }
    for (size_t i = 0; i < s->n_shapes; i++)
        write_struct(f, s, s->shapes[i]);
    for (size_t i = 0; i < s->n_records; i++)
        write_record_functions(f, s->records[i].shape);
    for (size_t i = 0; i < s->n_faults; i++)
        fprintf(f, "extern const struct fault_type %.*s_%.*s;\n", FMT(s->c_name), FMT(s->faults[i].name));
    for (size_t i = 0; i < s->n_resources; i++) {
        fprintf(f, "extern const struct resource_type %.*s_%.*s_resource;\n", FMT(s->c_name),
                FMT(snake(s->resources[i].name)));
        if (s->resources[i].finder.n)
            fprintf(f, "find_resource %.*s;\n", FMT(s->resources[i].finder));
    }
    for (size_t i = 0; i < n_provided; i++) /* the type of each hook is the type of its member */
        if (provided[i].by == s)
            fprintf(f, "__typeof__(*((struct providers *)0)->%.*s%s) %.*s;\n", FMT(provided[i].what),
                    is_list(provided[i].what) ? "[0]" : "", FMT(provided[i].function));
    for (size_t i = 0; i < s->n_ops; i++) {
        const struct op_def *o = &s->ops[i];
        fprintf(f, "extern const struct operation %.*s_%.*s_op;\n", FMT(s->c_name), FMT(o->name));
        if (o->kind != 5)
            fprintf(f, "res %1$.*2$s(struct call *c, const struct %1$.*2$s_in *in, struct %1$.*2$s_out *out);\n",
                    o->c_name.p, (int)o->c_name.n);
        if (o->prepare.n)
            fprintf(f, "res %.*s(struct call *c, const struct %.*s_in *in, struct upload *u);\n", FMT(o->prepare),
                    FMT(o->c_name));
        for (size_t k = 0; k < o->n_context; k++)
            if (o->context[k].fn.n)
                fprintf(f, "add_context %.*s;\n", FMT(o->context[k].fn));
    }
}

/* ---- the tables ---- */

void text_or_null(FILE *f, const char *field, str s)
{
    if (s.n)
        fprintf(f, ".%s = \"%.*s\", ", field, FMT(s));
}

static void write_choices(FILE *f, const struct shape_def *d)
{
    for (size_t i = 0; i < d->n; i++) {
        str rest = d->members[i].one_of;
        if (!rest.n)
            continue;
        fprintf(f, "static const char *const %.*s_%.*s_choices[] = {", FMT(d->c_name), FMT(d->members[i].c_name));
        while (str_is(rest)) {
            str one = str_cut(&rest, '|');
            if (one.n)
                fprintf(f, "\"%.*s\", ", FMT(one));
        }
        fprintf(f, "NULL};\n");
    }
}

static void write_shape(FILE *f, const struct service_def *s, const struct shape_def *d)
{
    write_choices(f, d);
    if (d->n)
        fprintf(f, "static const struct field %.*s_fields[] = {\n", FMT(d->c_name));
    for (size_t i = 0; i < d->n; i++) {
        const struct member *m = &d->members[i];
        fprintf(f, "    {.name = \"%.*s\", ", FMT(m->name));
        text_or_null(f, "as", m->as);
        text_or_null(f, "item", m->item);
        if (m->shape.n)
            fprintf(f, ".shape = &%.*s_shape, ", FMT(find_shape(s, m->shape)->c_name));
        if (m->one_of.n)
            fprintf(f, ".one_of = %.*s_%.*s_choices, ", FMT(d->c_name), FMT(m->c_name));
        if (m->min == INT64_MIN)
            fprintf(f, ".min = INT64_MIN, .max = %lld, ", (long long)m->max);
        else
            fprintf(f, ".min = %lld, .max = %lld, ", (long long)m->min, (long long)m->max);
        fprintf(f, ".offset = offsetof(struct %.*s, %.*s), .kind = %d, .elem = %d, .where = %d, .flags = %d},\n",
                FMT(d->c_name), FMT(m->c_name), m->kind, m->elem, m->where, m->flags);
    }
    if (d->n)
        fprintf(f, "};\n");
    fprintf(f, "const struct shape %1$.*2$s_shape = {\"%3$.*4$s\", ", d->c_name.p, (int)d->c_name.n, d->name.p,
            (int)d->name.n);
    if (d->n)
        fprintf(f, "%.*s_fields, ", FMT(d->c_name));
    else
        fprintf(f, "NULL, ");
    fprintf(f, "%zu, sizeof(struct %.*s)};\n", d->n, FMT(d->c_name));
}

static void write_record(FILE *f, const struct service_def *s, const struct record_def *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->shape->n; i++)
        if (r->shape->members[i].index.n) {
            if (n++ == 0)
                fprintf(f, "static const struct record_index %.*s_indexes[] = {\n", FMT(r->shape->c_name));
            fprintf(f, "    {\"%.*s\", \"%.*s\"},\n", FMT(r->shape->members[i].index), FMT(r->shape->members[i].name));
        }
    if (n)
        fprintf(f, "};\n");
    fprintf(f, "const struct record_type %.*s_record = {\"%.*s\", \"%.*s\", &%.*s_shape, \"%.*s\", ",
            FMT(r->shape->c_name), FMT(s->name), FMT(r->name), FMT(r->shape->c_name), FMT(r->id));
    if (n)
        fprintf(f, "%.*s_indexes, ", FMT(r->shape->c_name));
    else
        fprintf(f, "NULL, ");
    fprintf(f, "%zu, %s};\n", n, r->global ? "true" : "false");
}

/* The numbers of the members on the way. It ends early at what has no members, as check_path let it. */
static void write_path(FILE *f, const struct service_def *s, const struct op_def *o, str path)
{
    const struct shape_def *shape = o->in;
    size_t steps = 0;

    fprintf(f, "{(const uint8_t[]){");
    while (str_is(path) && shape) {
        str part = str_cut(&path, '.');
        size_t i = 0;
        while (i < shape->n && !str_eq(shape->members[i].name, part))
            i++;
        if (i == shape->n)
            die(s->file, o->line, "%.*s: a path is made of members only, not of '%.*s'", FMT(o->name), FMT(part));
        fprintf(f, "%zu, ", i);
        steps++;
        shape = shape->members[i].shape.n ? find_shape(s, shape->members[i].shape) : NULL;
    }
    fprintf(f, "}, %zu}", steps);
}

static void write_when(FILE *f, const struct service_def *s, const struct op_def *o, str when)
{
    if (str_eq(when, S("caller:transitive-tags")) || str_eq(when, S("caller:source-identity"))) {
        fprintf(f, ".when = %s, ", when.p[7] == 't' ? "WHEN_TRANSITIVE_TAGS" : "WHEN_SOURCE_IDENTITY");
    } else if (when.n) {
        bool absent = when.p[0] == '!';
        fprintf(f, ".when = %s, .member = ", absent ? "WHEN_ABSENT" : "WHEN_PRESENT");
        write_path(f, s, o, str_from(when, absent));
        fprintf(f, ", ");
    }
}

static void write_access(FILE *f, const struct service_def *s, const struct op_def *o)
{
    for (size_t i = 0; i < o->n_access; i++) {
        if (!o->access[i].n_members)
            continue;
        fprintf(f, "static const struct path %.*s_names_%zu[] = {", FMT(o->c_name), i);
        for (size_t k = 0; k < o->access[i].n_members; k++) {
            write_path(f, s, o, o->access[i].members[k]);
            fprintf(f, ", ");
        }
        fprintf(f, "};\n");
    }
    fprintf(f, "static const struct access_line %.*s_access[] = {\n", FMT(o->c_name));
    for (size_t i = 0; i < o->n_access; i++) {
        const struct access_def *a = &o->access[i];
        fprintf(f, "    {.action = \"%.*s\", ", FMT(a->action));
        if (a->kind.n)
            fprintf(f, ".kind = %s, ", str_eq(a->kind, S("each")) ? "ACCESS_EACH" : "ACCESS_OPEN");
        if (a->pass)
            fprintf(f, ".kind = ACCESS_PASS_ROLE, ");
        if (a->on.n && !str_eq(a->on, S("*")))
            fprintf(f, ".on = &%.*s_%.*s_resource, ", FMT(s->c_name), FMT(snake(a->on)));
        if (a->n_members)
            fprintf(f, ".members = %.*s_names_%zu, .n_members = %zu, ", FMT(o->c_name), i, a->n_members);
        write_when(f, s, o, a->when);
        text_or_null(f, "pass_to", a->pass_to);
        fprintf(f, "},\n");
    }
    fprintf(f, "};\n");
}

static void write_context(FILE *f, const struct service_def *s, const struct op_def *o)
{
    if (!o->n_context)
        return;
    fprintf(f, "static const struct context_line %.*s_context[] = {\n", FMT(o->c_name));
    for (size_t i = 0; i < o->n_context; i++) {
        const struct context_def *d = &o->context[i];
        fprintf(f, "    {.key = {\"%.*s\", %zu}, ", FMT(d->key), d->key.n);
        if (d->path.n) {
            fprintf(f, ".path = ");
            write_path(f, s, o, d->path);
            fprintf(f, ", ");
        }
        if (d->fn.n)
            fprintf(f, ".fn = %.*s, ", FMT(d->fn));
        fprintf(f, ".multi = %s},\n", d->multi ? "true" : "false");
    }
    fprintf(f, "};\n");
}

static void write_op(FILE *f, const struct service_def *s, const struct op_def *o)
{
    write_access(f, s, o);
    write_context(f, s, o);
    if (o->kind != 5)
        fprintf(f,
                "static res run_%1$.*2$s(struct call *c, const void *in, void *out) { return %1$.*2$s(c, in, out); }\n",
                o->c_name.p, (int)o->c_name.n);
    if (o->prepare.n)
        fprintf(f,
                "static res ready_%.*s(struct call *c, const void *in, struct upload *u) { return %.*s(c, in, u); }\n",
                FMT(o->c_name), FMT(o->prepare));
    fprintf(f, "const struct operation %.*s_%.*s_op = {\n    .service = &%.*s_service, .name = \"%.*s\", .kind = %d, ",
            FMT(s->c_name), FMT(o->name), FMT(s->c_name), FMT(o->name), o->kind);
    text_or_null(f, "method", o->method);
    text_or_null(f, "uri", o->uri);
    text_or_null(f, "with_header", o->with);
    if (o->without_signature)
        fprintf(f, ".without_signature = true, ");
    fprintf(f,
            ".status = %d,\n    .in = &%.*s_shape, .out = &%.*s_shape, .access = %.*s_access, .n_access = %zu,\n    ",
            o->status, FMT(o->in->c_name), FMT(o->out->c_name), FMT(o->c_name), o->n_access);
    if (o->n_context)
        fprintf(f, ".context = %.*s_context, .n_context = %zu, ", FMT(o->c_name), o->n_context);
    if (o->kind != 5)
        fprintf(f, ".handle = run_%.*s, ", FMT(o->c_name));
    if (o->prepare.n)
        fprintf(f, ".prepare = ready_%.*s, ", FMT(o->c_name));
    text_or_null(f, "streams", o->streams);
    fprintf(f, ".max_body = %u,\n};\n", o->max_body);
}

static void write_service_table(FILE *f, const struct service_def *s)
{
    static const char *const c_protocols[][3] = {{"json-1.0", "P_JSON", "1.0"},    {"json-1.1", "P_JSON", "1.1"},
                                                 {"query", "P_QUERY", ""},         {"ec2", "P_EC2", ""},
                                                 {"rest-json", "P_REST_JSON", ""}, {"rest-xml", "P_REST_XML", ""}};
    int p = -1;

    for (int i = 0; i < 6; i++)
        if (str_eq(s->settings[SET_PROTOCOL], str_z(c_protocols[i][0])))
            p = i;
    if (p < 0)
        die(s->file, 1, "the protocol '%.*s' is not known", FMT(s->settings[SET_PROTOCOL]));
    fprintf(f, "static const struct operation *const %.*s_operations[] = {\n", FMT(s->c_name));
    for (size_t i = 0; i < s->n_ops; i++)
        fprintf(f, "    &%.*s_%.*s_op,\n", FMT(s->c_name), FMT(s->ops[i].name));
    fprintf(f, "    NULL};\nstatic const struct fault_type *const %.*s_faults[] = {\n", FMT(s->c_name));
    for (size_t i = 0; i < s->n_faults; i++)
        fprintf(f, "    &%.*s_%.*s,\n", FMT(s->c_name), FMT(s->faults[i].name));
    fprintf(f,
            "    NULL};\nconst struct service %.*s_service = {\n    .name = \"%.*s\", .protocol = %s, .json_version = "
            "\"%s\", ",
            FMT(s->c_name), FMT(s->name), c_protocols[p][1], c_protocols[p][2]);
    text_or_null(f, "target", s->settings[SET_TARGET]);
    text_or_null(f, "version", s->settings[SET_VERSION]);
    text_or_null(f, "xmlns", s->settings[SET_XMLNS]);
    text_or_null(f, "signs_as", s->settings[SET_SIGNS_AS].n ? s->settings[SET_SIGNS_AS] : s->name);
    text_or_null(f, "host", s->settings[SET_HOST].n ? s->settings[SET_HOST] : s->name);
    fprintf(f, ".failure = {\"%.*s\", 500}, ",
            FMT(s->settings[SET_FAILURE].n ? s->settings[SET_FAILURE] : S("InternalFailure")));
    fprintf(f,
            ".global = %s,\n    .operations = %.*s_operations, .n_operations = %zu, .faults = %.*s_faults, .n_faults = "
            "%zu,\n};\n",
            s->global ? "true" : "false", FMT(s->c_name), s->n_ops, FMT(s->c_name), s->n_faults);
}

static void write_tables(FILE *f, const struct service_def *s)
{
    fprintf(f, "/* Generated by modelc from %s. */\n#include \"%.*s.h\"\n#include \"api/cfn.h\"\n\n", s->file,
            FMT(s->name));
    for (size_t i = 0; i < s->n_faults; i++)
        fprintf(f, "const struct fault_type %.*s_%.*s = {\"%.*s\", %.*s};\n", FMT(s->c_name), FMT(s->faults[i].name),
                FMT(s->faults[i].code), FMT(s->faults[i].status));
    for (size_t i = 0; i < s->n_resources; i++) {
        const struct resource_def *r = &s->resources[i];
        fprintf(f, "const struct resource_type %.*s_%.*s_resource = {\"%.*s\", \"%.*s\", \"%.*s\", ", FMT(s->c_name),
                FMT(snake(r->name)), FMT(s->name), FMT(r->name), FMT(r->arn));
        if (r->finder.n)
            fprintf(f, "%.*s, ", FMT(r->finder));
        else
            fprintf(f, "NULL, ");
        fprintf(f, "%s, %s, \"%.*s\"};\n", r->policy.n ? "true" : "false", r->always ? "true" : "false",
                FMT(r->policy));
    }
    for (size_t i = 0; i < s->n_shapes; i++)
        write_shape(f, s, s->shapes[i]);
    for (size_t i = 0; i < s->n_records; i++)
        write_record(f, s, &s->records[i]);
    for (size_t i = 0; i < s->n_ops; i++)
        write_op(f, s, &s->ops[i]);
    write_service_table(f, s);
    for (size_t i = 0; i < s->n_cfn; i++)
        cfn_write(f, s, s->cfn[i]);
}

/* Writes only what changed, so that make does not rebuild the world. */
static void keep_or_replace(const char *path, char *text, size_t n)
{
    FILE *old = fopen(path, "rb");
    char *now = arena_alloc(heap, n + 2);

    if (old) {
        bool same = fread(now, 1, n + 1, old) == n && memcmp(now, text, n) == 0;
        fclose(old);
        if (same)
            return;
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(text, 1, n, f) != n || fclose(f))
        die(path, 0, "cannot write");
}

static void write_file(const char *dir, str name, const char *suffix, const struct service_def *s,
                       void (*fill)(FILE *, const struct service_def *))
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    fill(f, s);
    fclose(f);
    keep_or_replace(arena_printf(heap, "%s/%.*s%s", dir, FMT(name), suffix).p, text, n);
}

void write_service(const char *dir, const struct service_def *s)
{
    write_file(dir, s->name, ".h", s, write_header);
    write_file(dir, s->name, ".c", s, write_tables);
}

/* Record types with an index named "blob": the collector's list. */
static void fill_blob_records(FILE *f, const struct service_def *all)
{
    fprintf(f, "const struct record_type *const blob_records[] = {\n");
    for (size_t i = 0; all[i].file; i++)
        for (size_t r = 0; r < all[i].n_records; r++) {
            const struct shape_def *d = all[i].records[r].shape;
            for (size_t m = 0; m < d->n; m++)
                if (str_eq(d->members[m].index, S("blob")))
                    fprintf(f, "    &%.*s_record,\n", FMT(d->c_name));
        }
    fprintf(f, "    NULL};\n");
}

static void check_tagged(const struct service_def *s, const struct tagged_def *t, const struct shape_def *record)
{
    str rest = t->arn;

    if (!record || !record->record)
        die(s->file, t->line, "tagged RECORD TYPE ARN: there is no record '%.*s'", FMT(t->record));
    for (str_cut(&rest, '{'); str_is(rest); str_cut(&rest, '{')) {
        str name = str_cut(&rest, '}');
        bool found = str_eq(name, S("partition")) || str_eq(name, S("region")) || str_eq(name, S("account"));
        for (size_t m = 0; m < record->n; m++)
            found |= str_eq(record->members[m].name, name);
        if (!found)
            die(s->file, t->line, "the record '%.*s' has no member '%.*s'", FMT(t->record), FMT(name));
    }
}

/* What carries tags: api/tagged.h. */
static void fill_tagged(FILE *f, const struct service_def *all)
{
    fprintf(f, "const struct tagged_type tagged_types[] = {\n");
    for (size_t i = 0; all[i].file; i++)
        for (size_t k = 0; k < all[i].n_tagged; k++) {
            const struct tagged_def *t = &all[i].tagged[k];
            const struct shape_def *record = find_shape(&all[i], t->record);
            check_tagged(&all[i], t, record);
            fprintf(f, "    {&%.*s_record, \"%.*s\", \"%.*s\"},\n", FMT(record->c_name), FMT(t->type), FMT(t->arn));
        }
    fprintf(f, "    {NULL, NULL, NULL}};\n");
}

/* The resource types of all services, or the types of parameters. */
static void fill_cfn(FILE *f, const struct service_def *all, bool parameters)
{
    const char *kind = parameters ? "cfn_parameter" : "cfn_type";

    for (size_t i = 0; all[i].file; i++)
        for (size_t k = 0; k < all[i].n_cfn; k++)
            if (cfn_is_parameter(all[i].cfn[k]) == parameters)
                fprintf(f, "extern const struct %s %.*s;\n", kind, FMT(cfn_c_name(all[i].cfn[k])));
    fprintf(f, "const struct %s *const %ss[] = {\n", kind, kind);
    for (size_t i = 0; all[i].file; i++)
        for (size_t k = 0; k < all[i].n_cfn; k++)
            if (cfn_is_parameter(all[i].cfn[k]) == parameters)
                fprintf(f, "    &%.*s,\n", FMT(cfn_c_name(all[i].cfn[k])));
    fprintf(f, "    NULL};\n");
}

static void fill_services(FILE *f, const struct service_def *all)
{
    fprintf(f,
            "/* Generated by modelc. */\n#include \"api/call.h\"\n#include \"api/cfn.h\"\n#include \"api/tagged.h\"\n");
    for (size_t i = 0; all[i].file; i++)
        fprintf(f, "#include \"%.*s.h\"\n", FMT(all[i].name));
    fprintf(f, "\nconst struct service *const services[] = {\n");
    for (size_t i = 0; all[i].file; i++)
        fprintf(f, "    &%.*s_service,\n", FMT(all[i].c_name));
    fprintf(f, "    NULL};\n");
    fill_blob_records(f, all);
    fill_tagged(f, all);
    fill_cfn(f, all, false);
    fill_cfn(f, all, true);
    fprintf(f, "const struct providers providers = {\n");
    for (size_t i = 0; i < n_provided; i++) {
        fprintf(f, "    .%.*s", FMT(provided[i].what));
        if (is_list(provided[i].what))
            fprintf(f, "[%zu]", place_in_list(i));
        fprintf(f, " = %.*s,\n", FMT(provided[i].function));
    }
    fprintf(f, "};\n");
}

void write_services(const char *dir, const struct service_def *all, size_t n)
{
    (void)n; /* the array ends with an empty service */
    write_file(dir, S("services"), ".c", all, fill_services);
}
