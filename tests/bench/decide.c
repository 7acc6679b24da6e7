/* SPDX-License-Identifier: MIT */
/* Decisions a CPU second. usage: decide FOLDER [--scan] [--answers FILE] | decide --bomb
 * FOLDER has iam.json and requests.json as decisions.py writes them. All policies are the caller's identity policies.
 * Every request is built anew each time, its texts copied as a decoder would. --scan: the engine without its index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authz/authz.h"
#include "authz/index.h"
#include "base/json.h"

enum { PASSES_MS = 1500, KEYS = 16 };

static json_t *read_json(struct arena *a, const char *folder, const char *name)
{
    struct buf b;
    struct err e = {0};
    json_t *out;
    FILE *f = fopen(arena_z(a, arena_printf(a, "%s/%s", folder, name)), "r");

    buf_init(&b, 64 << 20);
    for (size_t got = 1; f && got;) {
        char *room = buf_room(&b, 65536);
        got = room ? fread(room, 1, 65536, f) : 0;
        buf_took(&b, got);
    }
    if (!f || fclose(f) || !is_ok(json_parse(a, buf_str(&b), &e, &out))) {
        fprintf(stderr, "decide: %s/%s: %s\n", folder, name, e.what);
        exit(1);
    }
    return out;
}

struct wanted { /* a request as texts */
    str action, resource;
    struct authz_value context[KEYS];
    size_t n;
};

static void read_context(struct arena *a, const json_t *o, struct wanted *w)
{
    for (void *at = json_object_iter((json_t *)o); at; at = json_object_iter_next((json_t *)o, at)) {
        const json_t *v = json_object_iter_value(at);
        bool list = json_is_array(v);
        size_t n = list ? json_array_size(v) : 1;
        str *values = ARENA_ARRAY(a, str, n);
        for (size_t i = 0; i < n; i++)
            values[i] = json_str(list ? json_array_get(v, i) : v);
        w->context[w->n++] = (struct authz_value){str_z(json_object_iter_key(at)), values, n, list};
    }
}

/* ---- one decision ---- */

struct desk { /* where a request is built; overwritten by the next */
    char text[4096];
    size_t used;
    str values[KEYS * 2];
    struct authz_value context[KEYS];
};

static str copy(struct desk *d, str s)
{
    char *to = d->text + d->used;

    memcpy(to, s.p, s.n);
    d->used += s.n;
    return str_n(to, s.n);
}

static void build(struct desk *d, const struct wanted *w, struct authz_request *r)
{
    size_t v = 0;

    d->used = 0;
    *r = (struct authz_request){.principal_kind = PRINCIPAL_SESSION};
    r->principal = copy(d, S("arn:aws:sts::111122223333:assumed-role/mlops-DataScientist/ana"));
    r->principal_role_arn = copy(d, S("arn:aws:iam::111122223333:role/mlops-DataScientist"));
    r->principal_id = copy(d, S("AROAEXAMPLEEXAMPLE123"));
    r->account = copy(d, S("111122223333"));
    r->resource_account = r->account;
    r->action = copy(d, w->action);
    r->resource = copy(d, w->resource);
    for (size_t i = 0; i < w->n; i++) {
        const struct authz_value *c = &w->context[i];
        d->context[i] = (struct authz_value){c->key, &d->values[v], c->n, c->multi};
        for (size_t k = 0; k < c->n; k++)
            d->values[v++] = copy(d, c->values[k]);
    }
    r->context = d->context;
    r->n_context = w->n;
}

static struct decision decide(struct desk *d, const struct wanted *w, const struct authz_layers *l)
{
    struct authz_request r;

    build(d, w, &r);
    return authz_evaluate(&r, l);
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the whole ---- */

static struct policy_set compile_all(struct arena *a, const json_t *docs, size_t *text_bytes)
{
    size_t n = json_array_size(docs);
    const struct policy **v = ARENA_ARRAY(a, const struct policy *, n);
    struct err e = {0};

    for (size_t i = 0; i < n; i++) {
        struct buf text;
        struct policy *p;
        buf_init(&text, 1 << 20);
        buf_add_json(&text, json_array_get(docs, i));
        if (!is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, arena_printf(a, "p%zu", i), &p, &e))) {
            fprintf(stderr, "decide: %s\n", e.what);
            exit(1);
        }
        *text_bytes += text.n;
        buf_done(&text);
        v[i] = p;
    }
    return (struct policy_set){.v = v, .n = n};
}

static double measure(const struct wanted *w, size_t n, const struct authz_layers *l)
{
    static struct desk d;
    double start = cpu_seconds(), end = start;
    uint64_t done = 0;

    while (end - start < PASSES_MS / 1e3) {
        for (size_t i = 0; i < n; i++)
            decide(&d, &w[i], l);
        done += n;
        end = cpu_seconds();
    }
    return (double)done / (end - start);
}

static size_t write_answers(const char *file, const struct wanted *w, size_t n, const struct authz_layers *l)
{
    static struct desk d;
    FILE *f = file ? fopen(file, "w") : NULL;
    size_t allowed = 0;

    for (size_t i = 0; i < n; i++) {
        bool yes = decide(&d, &w[i], l).verdict == ALLOWED;
        allowed += yes;
        if (f)
            fputc(yes ? 'A' : 'D', f);
    }
    if (f && fclose(f))
        exit(1);
    return allowed;
}

/* The worst patterns that fit into a policy, on the longest resource: the slowest decision, in microseconds. */
static int bomb(void)
{
    static const struct {
        const char *piece;
        size_t bytes; /* of one pattern made of it; of as many patterns as fit */
    } bombs[] = {{"*a", 6000}, {"a?", 1024}, {"a?", 64},
                 {"a?", 6},    {"*?", 6000}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*", 6000}};
    static char text[2048];
    double worst = 0;

    memcpy(text, "arn:aws:s3:::", 13);
    memset(text + 13, 'a', sizeof text - 13);
    for (size_t k = 0; k < sizeof bombs / sizeof bombs[0]; k++) {
        struct authz_request r = {.principal_kind = PRINCIPAL_SESSION, .account = S("111122223333")};
        struct err e = {0};
        struct buf doc;
        struct policy *p;
        buf_init(&doc, 20000);
        buf_add_z(&doc, "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":[");
        for (size_t start = doc.n; doc.n < start + 6000;) {
            buf_add_z(&doc, doc.n > start ? ",\"arn:aws:s3:::*" : "\"arn:aws:s3:::*");
            for (size_t i = 0; i < bombs[k].bytes; i += strlen(bombs[k].piece))
                buf_add_z(&doc, bombs[k].piece);
            buf_add_z(&doc, "b\"");
        }
        buf_add_z(&doc, "]}}");
        if (!is_ok(policy_compile(buf_str(&doc), POLICY_IDENTITY, S("bomb"), &p, &e)))
            return 1;
        buf_done(&doc);
        const struct policy *v = p;
        struct authz_layers l = {.identity = {.v = &v, .n = 1}};
        r.action = S("s3:GetObject");
        r.resource = str_n(text, sizeof text);
        double each = 1e9; /* the least of ten times ten */
        for (int i = 0; i < 10; i++) {
            double start = cpu_seconds();
            for (int n = 0; n < 10; n++)
                authz_evaluate(&r, &l);
            double now = (cpu_seconds() - start) / 10 * 1e6;
            each = now < each ? now : each;
        }
        fprintf(stderr, "  6 KB of %s, %zu bytes each: %.0f us\n", bombs[k].piece, bombs[k].bytes, each);
        worst = each > worst ? each : worst;
        policy_free(p);
    }
    printf("{\"worst_us\":%.1f}\n", worst);
    return 0;
}

int main(int argc, char **argv)
{
    const char *answers = NULL;
    bool scan = false;
    struct authz_layers l = {0};

    for (int i = 2; i < argc; i++) {
        scan |= strcmp(argv[i], "--scan") == 0;
        if (strcmp(argv[i], "--answers") == 0 && i + 1 < argc)
            answers = argv[++i];
    }
    if (argc < 2)
        return 2;
    if (strcmp(argv[1], "--bomb") == 0)
        return bomb();
    struct arena *a = arena_new((size_t)1 << 30);
    const json_t *requests = read_json(a, argv[1], "requests.json");
    size_t n = json_array_size(requests);
    struct wanted *w = ARENA_ARRAY(a, struct wanted, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *r = json_array_get(requests, i);
        w[i].action = json_str_at(r, "action");
        w[i].resource = json_str_at(r, "resource");
        read_context(a, json_object_get(r, "context"), &w[i]);
    }
    size_t text = 0, bytes = 0;
    l.identity = compile_all(a, read_json(a, argv[1], "iam.json"), &text);
    for (size_t i = 0; i < l.identity.n; i++)
        bytes += policy_bytes(l.identity.v[i]);
    if (!scan)
        l.identity.index = policy_index_make(l.identity, INDEX_LEAST);
    size_t allowed = write_answers(answers, w, n, &l);
    bytes += policy_index_bytes(l.identity.index);
    printf("{\"per_second\":%.0f,\"allowed\":%zu,\"of\":%zu,\"bytes\":%zu,\"text\":%zu}\n", measure(w, n, &l), allowed,
           n, bytes, text);
    return 0;
}
