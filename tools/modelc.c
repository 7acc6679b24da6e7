/* SPDX-License-Identifier: MIT */
/* modelc: turns src/services/NAME/NAME.model into C tables. Reads every model, checks what can be checked without
 * running anything (an operation without an access line is refused), and writes one header and one source a service
 * and the list of services. The grammar is described in docs/6-add-an-operation.md, that of the cfn blocks
 * (modelc_cfn.c) in docs/7-cloudformation.md. */
#include "modelc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena *heap;

void die(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

/* ---- names ---- */

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char lower(char c)
{
    return upper(c) ? (char)(c + 32) : c;
}

/* KeyId -> key_id, KMSKeyId -> kms_key_id, sagemaker-runtime -> sagemaker_runtime */
str snake(str name)
{
    static const char *const keywords[] = {"default", "register", "signed", "inline", "int",
                                           "double",  "long",     "static", "if",     "for"};
    char *out = arena_alloc(heap, name.n * 2 + 2);
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool after_lower = i && !upper(name.p[i - 1]) && name.p[i - 1] != '_' && name.p[i - 1] != '-';
        bool before_lower = i && i + 1 < name.n && upper(name.p[i - 1]) && !upper(name.p[i + 1]) &&
                            name.p[i + 1] >= 'a' && !(i + 2 == name.n && name.p[i + 1] == 's');
        if (upper(c) && (after_lower || before_lower))
            out[n++] = '_';
        out[n++] = c == '-' || c == '.' ? '_' : lower(c);
    }
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++)
        if (str_eq(str_n(out, n), str_z(keywords[k])))
            out[n++] = '_';
    return str_n(out, n);
}

/* ---- lines and words ---- */

static str read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text;
    long size;

    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        die(path, 0, "%s", strerror(errno));
    text = arena_alloc(heap, (size_t)size + 1);
    if (fread(text, 1, (size_t)size, f) != (size_t)size)
        die(path, 0, "cannot read");
    fclose(f);
    return str_n(text, (size_t)size);
}

/* Adds a line's words to those of the reader. */
void split(struct reader *r, str line)
{
    for (size_t i = 0; i < line.n;) {
        if (line.p[i] == ' ' || line.p[i] == '\t') {
            i++;
            continue;
        }
        if (line.p[i] == '#')
            break;
        if (r->n == MAX_WORDS)
            die(r->file, r->line, "too many words");
        struct word *w = &r->words[r->n++];
        size_t start = i;
        w->quoted = line.p[i] == '"';
        if (w->quoted) {
            for (start = ++i; i < line.n && line.p[i] != '"'; i++)
                ;
            if (i == line.n)
                die(r->file, r->line, "a quote is not closed");
            w->text = str_n(line.p + start, i++ - start);
        } else {
            while (i < line.n && line.p[i] != ' ' && line.p[i] != '\t')
                i++;
            w->text = str_n(line.p + start, i - start);
        }
    }
}

/* What stands deeper than the line above it goes on with it. */
void take_deeper(struct reader *r)
{
    for (;;) {
        str rest = r->rest, line = str_cut(&rest, '\n');
        size_t blanks = 0;
        while (blanks < line.n && line.p[blanks] == ' ')
            blanks++;
        if (!str_is(r->rest) || blanks == line.n || blanks <= r->indent || line.p[blanks] == '#')
            return;
        r->rest = rest;
        r->line++;
        split(r, line);
    }
}

static bool next_line(struct reader *r)
{
    while (str_is(r->rest)) {
        str line = str_cut(&r->rest, '\n');
        r->line++;
        r->n = 0;
        for (r->indent = 0; r->indent < line.n && line.p[r->indent] == ' '; r->indent++)
            ;
        split(r, line);
        if (r->n)
            return true;
    }
    return false;
}

str word(const struct reader *r, size_t i, const char *what)
{
    if (i >= r->n)
        die(r->file, r->line, "%s is missing", what);
    return r->words[i].text;
}

bool is(const struct reader *r, size_t i, const char *z)
{
    return i < r->n && !r->words[i].quoted && str_eq(r->words[i].text, str_z(z));
}

/* ---- members ---- */

static bool parse_range(str text, struct member *m)
{
    ptrdiff_t dots = str_search(text, S(".."));
    str low, high;

    if (dots < 0 || !str_all(text, "0123456789.-"))
        return false;
    low = str_sub(text, 0, (size_t)dots);
    high = str_from(text, (size_t)dots + 2);
    m->min = INT64_MIN;
    m->max = INT64_MAX;
    return (low.n == 0 || str_to_i64(low, &m->min)) && (high.n == 0 || str_to_i64(high, &m->max));
}

static bool parse_kind(str text, uint8_t *kind, str *shape)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {{"string", K_STRING}, {"int", K_INT},   {"long", K_INT}, {"double", K_DOUBLE},    {"bool", K_BOOL},
                 {"time", K_TIME},     {"blob", K_BLOB}, {"map", K_MAP},  {"document", K_DOCUMENT}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_eq(text, str_z(kinds[i].name))) {
            *kind = kinds[i].kind;
            return true;
        }
    *kind = K_SHAPE;
    *shape = text;
    return false;
}

static void parse_attribute(struct reader *r, size_t *i, struct member *m)
{
    static const struct {
        const char *name;
        int where, flag;
        bool argument;
    } attributes[] = {{"secret", -1, F_SECRET, false},       {"flat", -1, F_FLAT, false},
                      {"attribute", -1, F_ATTRIBUTE, false}, {"as", -1, 0, true},
                      {"header", W_HEADER, 0, true},         {"headers", W_HEADERS, 0, true},
                      {"query", W_QUERY, 0, true},           {"path", W_PATH, 0, false},
                      {"payload", W_PAYLOAD, 0, false},      {"status", W_STATUS, 0, false}};
    str text = r->words[*i].text;

    if (parse_range(text, m))
        return;
    if (str_find(text, '|') > 0) {
        m->one_of = text;
        return;
    }
    if (is(r, *i, "item")) {
        m->item = word(r, ++*i, "the item's name");
        return;
    }
    if (is(r, *i, "index")) {
        m->index = word(r, ++*i, "the index's name");
        return;
    }
    for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
        if (str_eq(text, str_z(attributes[k].name))) {
            if (attributes[k].where >= 0)
                m->where = (uint8_t)attributes[k].where;
            m->flags |= (uint8_t)attributes[k].flag;
            if (attributes[k].argument)
                m->as = word(r, ++*i, "the wire name");
            return;
        }
    die(r->file, r->line, "'%.*s' is no type, range, choice or attribute", FMT(text));
}

static void parse_member(struct reader *r, size_t at, struct shape_def *into)
{
    struct member *m;
    str name = word(r, at, "the member's name");

    if (into->n == MAX_MEMBERS)
        die(r->file, r->line, "too many members");
    m = &into->members[into->n++];
    *m = (struct member){.min = 1, .max = 0, .line = r->line};
    if (str_ends(name, S("!"))) {
        m->flags = F_REQUIRED;
        name.n--;
    }
    m->name = name;
    m->c_name = snake(name);
    if (is(r, at + 1, "list")) {
        m->kind = K_LIST;
        parse_kind(word(r, at + 2, "the list's element"), &m->elem, &m->shape);
        at++;
    } else {
        parse_kind(word(r, at + 1, "the type"), &m->kind, &m->shape);
    }
    for (size_t i = at + 2; i < r->n; i++)
        parse_attribute(r, &i, m);
}

static struct shape_def *add_shape(struct service_def *s, str name, int line)
{
    if (s->n_shapes == MAX_SHAPES)
        die(s->file, line, "too many shapes");
    struct shape_def *d = ARENA_NEW(heap, struct shape_def);
    *d = (struct shape_def){
        .name = name, .line = line, .c_name = arena_printf(heap, "%.*s_%.*s", FMT(s->c_name), FMT(snake(name)))};
    s->shapes[s->n_shapes++] = d;
    return d;
}

struct shape_def *find_shape(const struct service_def *s, str name)
{
    for (size_t i = 0; i < s->n_shapes; i++)
        if (str_eq(s->shapes[i]->name, name))
            return s->shapes[i];
    return NULL;
}

struct resource_def *find_resource_def(const struct service_def *s, str name)
{
    for (size_t i = 0; i < s->n_resources; i++)
        if (str_eq(s->resources[i].name, name))
            return (struct resource_def *)&s->resources[i];
    return NULL;
}

/* ---- what stands at the left margin ---- */

static void parse_resource(struct reader *r, struct service_def *s)
{
    struct resource_def *d = &s->resources[s->n_resources++];

    if (s->n_resources > MAX_RESOURCES)
        die(r->file, r->line, "too many resources");
    *d = (struct resource_def){.name = word(r, 1, "the resource's name"), .arn = word(r, 2, "the ARN's shape")};
    for (size_t i = 3; i < r->n; i++) {
        if (is(r, i, "finder"))
            d->finder = word(r, ++i, "the finder");
        else if (is(r, i, "policies"))
            d->policy = word(r, ++i, "the kind of policy (resource, key, trust)");
        else if (is(r, i, "always"))
            d->always = true;
        else
            die(r->file, r->line, "after a resource: finder FUNCTION, policies KIND, always");
    }
}

static void parse_op(struct reader *r, struct service_def *s)
{
    static const char *const kinds[] = {"reads", "writes", "uploads", "downloads", "proxies", "absent"};
    struct op_def *o = &s->ops[s->n_ops++];
    bool known = false;

    if (s->n_ops > MAX_OPS)
        die(r->file, r->line, "too many operations");
    *o = (struct op_def){.name = word(r, 1, "the operation's name"), .line = r->line, .status = 200};
    o->c_name = arena_printf(heap, "%.*s_%.*s", FMT(s->c_name), FMT(snake(o->name)));
    for (int k = 0; k < 6; k++)
        if (str_eq(word(r, 2, "reads, writes, ..."), str_z(kinds[k]))) {
            o->kind = k;
            known = true;
        }
    if (!known)
        die(r->file, r->line, "an operation reads, writes, uploads, downloads, proxies or is absent");
    size_t i = 3;
    if (i + 1 < r->n && r->words[i + 1].text.p[0] == '/') {
        o->method = r->words[i].text;
        o->uri = r->words[i + 1].text;
        i += 2;
    }
    for (; i < r->n; i += 2) {
        uint64_t v;
        if (is(r, i, "unsigned")) {
            o->without_signature = true;
            i--;
            continue;
        }
        if (is(r, i, "status") && str_to_u64(word(r, i + 1, "the status"), &v))
            o->status = (int)v;
        else if (is(r, i, "body") && str_to_u64(word(r, i + 1, "the size"), &v))
            o->max_body = (uint32_t)v;
        else if (is(r, i, "with"))
            o->with = word(r, i + 1, "the header");
        else
            die(r->file, r->line, "after an operation: METHOD /uri, status N, body BYTES, with HEADER, unsigned");
    }
    o->in = add_shape(s, arena_printf(heap, "%.*s_in", FMT(snake(o->name))), r->line);
    o->out = add_shape(s, arena_printf(heap, "%.*s_out", FMT(snake(o->name))), r->line);
}

static void parse_provides(struct reader *r, const struct service_def *s)
{
    if (n_provided == MAX_PROVIDED)
        die(r->file, r->line, "too many provides lines");
    provided[n_provided++] = (struct provided){snake(word(r, 1, "what is provided")), word(r, 2, "the function"), s};
}

static void parse_tagged(struct reader *r, struct service_def *s)
{
    if (s->n_tagged == MAX_TAGGED)
        die(r->file, r->line, "too many tagged lines");
    s->tagged[s->n_tagged++] = (struct tagged_def){word(r, 1, "the record"), word(r, 2, "the resource type"),
                                                   word(r, 3, "the ARN's shape"), r->line};
}

static void parse_setting(struct reader *r, struct service_def *s)
{
    static const char *const names[] = {"protocol", "target", "signs-as", "version", "xmlns", "host", "failure"};

    for (size_t i = 0; i < SETTINGS; i++)
        if (is(r, 0, names[i])) {
            s->settings[i] = word(r, 1, "the setting's value");
            return;
        }
    if (is(r, 0, "global")) {
        s->global = true;
        return;
    }
    die(r->file, r->line, "'%.*s' begins nothing a model knows", FMT(r->words[0].text));
}

/* ---- what is indented below an operation, a shape or a record ---- */

static void parse_access(struct reader *r, struct op_def *o)
{
    struct access_def *a = &o->access[o->n_access++];

    take_deeper(r);
    if (o->n_access > MAX_ACCESS)
        die(r->file, r->line, "too many access lines");
    *a = (struct access_def){.action = word(r, 1, "the action"), .line = r->line, .pass = is(r, 0, "also")};
    if (is(r, 1, "each") || is(r, 1, "open")) {
        a->kind = r->words[1].text;
        return;
    }
    if (!is(r, 2, "on"))
        die(r->file, r->line, "access ACTION on RESOURCE MEMBER... (or on *)");
    size_t i = 3;
    if (!a->pass)
        a->on = word(r, i++, "the resource");
    for (; i < r->n; i++) {
        if (is(r, i, "when"))
            a->when = word(r, ++i, "the member");
        else if (is(r, i, "unless"))
            a->when = arena_cat(heap, S("!"), word(r, ++i, "the member"));
        else if (is(r, i, "for"))
            a->pass_to = word(r, ++i, "the service");
        else if (a->n_members < MAX_NAMES)
            a->members[a->n_members++] = r->words[i].text;
    }
    if (a->pass && (!a->pass_to.n || a->n_members != 1))
        die(r->file, r->line, "also iam:PassRole on MEMBER for SERVICE");
}

static void parse_context(struct reader *r, struct op_def *o)
{
    struct context_def *d = &o->context[o->n_context++];

    if (o->n_context > MAX_CONTEXT)
        die(r->file, r->line, "too many context lines");
    *d = (struct context_def){.key = word(r, 1, "the condition key")};
    if (is(r, 2, "from"))
        d->path = word(r, 3, "the member");
    else if (is(r, 2, "by"))
        d->fn = word(r, 3, "the function");
    else
        die(r->file, r->line, "context KEY from MEMBER, or by FUNCTION");
    d->multi = is(r, 4, "multi");
}

static void parse_indented(struct reader *r, struct op_def *o, struct shape_def *shape)
{
    if (!o && !shape)
        die(r->file, r->line, "indented below nothing");
    if (!o) {
        parse_member(r, 0, shape);
        return;
    }
    if (is(r, 0, "access") || is(r, 0, "also"))
        parse_access(r, o);
    else if (is(r, 0, "context"))
        parse_context(r, o);
    else if (is(r, 0, "in"))
        parse_member(r, 1, o->in);
    else if (is(r, 0, "out"))
        parse_member(r, 1, o->out);
    else if (is(r, 0, "prepare"))
        o->prepare = word(r, 1, "the function");
    else if (is(r, 0, "streams"))
        o->streams = word(r, 1, "the member");
    else
        die(r->file, r->line, "below an operation: access, also, context, in, out, prepare, streams");
}

static struct shape_def *parse_record(struct reader *r, struct service_def *s)
{
    struct record_def *d = &s->records[s->n_records++];

    if (s->n_records > MAX_RECORDS)
        die(r->file, r->line, "too many records");
    *d = (struct record_def){.name = word(r, 1, "the record's name"), .line = r->line, .global = s->global};
    if (!is(r, 2, "by"))
        die(r->file, r->line, "record NAME by MEMBER [global]");
    d->id = word(r, 3, "the member that is its id");
    if (is(r, 4, "global"))
        d->global = true;
    d->shape = add_shape(s, d->name, r->line);
    d->shape->record = true;
    return d->shape;
}

/* A context line at the left margin holds for every operation of the service. */
static void add_common_context(struct service_def *s)
{
    for (size_t i = 0; i < s->n_ops; i++)
        for (size_t k = 0; k < s->common.n_context; k++) {
            struct op_def *o = &s->ops[i];
            if (o->n_context == MAX_CONTEXT)
                die(s->file, o->line, "too many context lines");
            o->context[o->n_context++] = s->common.context[k];
        }
}

static void parse_model(const char *path, struct service_def *s)
{
    struct reader r = {.file = path, .rest = read_file(path)};
    struct op_def *op = NULL;
    struct shape_def *shape = NULL;
    struct cfn_def *cfn = NULL;

    s->file = path;
    while (next_line(&r)) {
        if (r.indent) {
            if (cfn)
                cfn_line(&r, cfn);
            else
                parse_indented(&r, op, shape);
            continue;
        }
        op = NULL;
        shape = NULL;
        cfn = NULL;
        if (is(&r, 0, "service")) {
            s->name = word(&r, 1, "the service's name");
            s->c_name = snake(s->name);
        } else if (is(&r, 0, "fault")) {
            s->faults[s->n_faults++] = (struct fault_def){word(&r, 1, "the fault"), word(&r, 2, "the status"),
                                                          is(&r, 3, "as") ? word(&r, 4, "the code") : word(&r, 1, "")};
        } else if (is(&r, 0, "resource")) {
            parse_resource(&r, s);
        } else if (is(&r, 0, "shape")) {
            shape = add_shape(s, word(&r, 1, "the shape's name"), r.line);
        } else if (is(&r, 0, "record")) {
            shape = parse_record(&r, s);
        } else if (is(&r, 0, "op")) {
            parse_op(&r, s);
            op = &s->ops[s->n_ops - 1];
        } else if (is(&r, 0, "provides")) {
            parse_provides(&r, s);
        } else if (is(&r, 0, "tagged")) {
            parse_tagged(&r, s);
        } else if (is(&r, 0, "context")) {
            parse_context(&r, &s->common);
        } else if (is(&r, 0, "cfn") || is(&r, 0, "parameter")) {
            cfn = cfn_begin(&r, s);
        } else {
            parse_setting(&r, s);
        }
    }
    add_common_context(s);
}

struct provided provided[MAX_PROVIDED];
size_t n_provided;

int main(int argc, char **argv)
{
    heap = arena_new((size_t)1 << 30);
    if (argc < 3 || !str_eq(str_z(argv[1]), S("-o"))) {
        fprintf(stderr, "usage: modelc -o DIR MODEL...\n");
        return 2;
    }
    size_t n = (size_t)argc - 3;
    struct service_def *all = ARENA_ARRAY(heap, struct service_def, n + 1);
    for (size_t i = 0; i < n; i++)
        parse_model(argv[3 + i], &all[i]);
    for (size_t i = 0; i < n; i++)
        check_service(&all[i]);
    for (size_t i = 0; i < n; i++)
        write_service(argv[2], &all[i]);
    write_services(argv[2], all, n);
    arena_free(heap);
    return 0;
}
