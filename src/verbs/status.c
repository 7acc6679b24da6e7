/* SPDX-License-Identifier: MIT */
/* barmkin status: what a running server says of itself, and which processes its roles are. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "state.h"
#include "verbs/verbs.h"

struct role_process {
    const char *name;
    uint64_t pid;
};

/* A role by its command line: "barmkin role front ..." or ".../barmkin-warden --tag ...". */
static const char *role_of(struct arena *a, str pid)
{
    struct err e = {0};
    char path[64];
    str text;

    snprintf(path, sizeof path, "/proc/%.*s/cmdline", FMT(pid));
    FILE *f = fopen(path, "re");
    char *line = arena_alloc(a, 4096);
    size_t n = f ? fread(line, 1, 4095, f) : 0;
    if (f)
        fclose(f);
    (void)e;
    text = str_n(line, n);
    str words[3] = {STR_ABSENT, STR_ABSENT, STR_ABSENT};
    for (int i = 0; i < 3 && str_is(text); i++)
        words[i] = str_cut(&text, '\0');
    if (str_ends(words[0], S("barmkin-warden")))
        return "warden";
    return str_eq(words[1], S("role")) ? str_eq(words[2], S("vault")) ? "vault" : "front" : NULL;
}

static size_t children_of(struct arena *a, int64_t parent, struct role_process *out, size_t cap)
{
    char path[64];
    size_t n = 0;

    snprintf(path, sizeof path, "/proc/%lld/task/%lld/children", (long long)parent, (long long)parent);
    FILE *f = fopen(path, "re");
    char *list = arena_alloc(a, 8192);
    str rest = str_n(list, f ? fread(list, 1, 8191, f) : 0);
    if (f)
        fclose(f);
    while (str_is(rest) && n < cap) {
        str pid = str_cut(&rest, ' ');
        if (!pid.n || !str_to_u64(pid, &out[n].pid) || !(out[n].name = role_of(a, pid)))
            continue;
        n++;
    }
    return n;
}

static void add_member(struct buf *b, const char *name, str value)
{
    buf_printf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
    buf_add_json_str(b, value);
}

static void add_list(struct buf *b, const char *name, const json_t *list, const char *const *from,
                     const char *const *to)
{
    buf_printf(b, ",\"%s\":[", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_add_z(b, i ? ",{" : "{");
        for (size_t k = 0; from[k]; k++) {
            buf_printf(b, "%s\"%s\":", k ? "," : "", to[k]);
            buf_add_json(b, json_object_get(json_array_get(list, i), from[k]));
        }
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
}

static void print_json(const json_t *j, const struct role_process *roles, size_t n)
{
    static const char *const from[] = {"Status", "Version", "Endpoint", "StateTag", "Region", "Organization"};
    static const char *const to[] = {"status", "version", "endpoint", "tag", "region", "organization"};
    static const char *const accounts[] = {"Id", "Name", NULL}, *const accounts_to[] = {"id", "name", NULL};
    static const char *const services[] = {"Name", "Operations", "NotBuilt", NULL};
    static const char *const services_to[] = {"name", "operations", "not_built", NULL};
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        add_member(&b, to[i], json_str_at(j, from[i]));
    buf_printf(&b, ",\"roles\":{\"parent\":%lld", (long long)json_integer_value(json_object_get(j, "Parent")));
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, ",\"%s\":%llu", roles[i].name, (unsigned long long)roles[i].pid);
    buf_add_char(&b, '}');
    add_list(&b, "accounts", json_object_get(j, "Accounts"), accounts, accounts_to);
    add_list(&b, "services", json_object_get(j, "Services"), services, services_to);
    buf_add_z(&b, "}\n");
    fwrite(b.p, 1, b.n, stdout);
    buf_done(&b);
}

static void print_text(const json_t *j, const struct role_process *roles, size_t n)
{
    const json_t *accounts = json_object_get(j, "Accounts"), *services = json_object_get(j, "Services");

    printf("%.*s  %.*s  (version %.*s, tag %.*s, region %.*s)\n", FMT(json_str_at(j, "Status")),
           FMT(json_str_at(j, "Endpoint")), FMT(json_str_at(j, "Version")), FMT(json_str_at(j, "StateTag")),
           FMT(json_str_at(j, "Region")));
    printf("roles     parent %lld", (long long)json_integer_value(json_object_get(j, "Parent")));
    for (size_t i = 0; i < n; i++)
        printf(", %s %llu", roles[i].name, (unsigned long long)roles[i].pid);
    printf("\naccounts ");
    for (size_t i = 0; i < json_array_size(accounts); i++)
        printf(" %.*s %.*s%s", FMT(json_str_at(json_array_get(accounts, i), "Name")),
               FMT(json_str_at(json_array_get(accounts, i), "Id")), i + 1 < json_array_size(accounts) ? "," : "");
    printf("\nservices ");
    for (size_t i = 0; i < json_array_size(services); i++)
        printf(" %.*s %lld%s", FMT(json_str_at(json_array_get(services, i), "Name")),
               (long long)json_integer_value(json_object_get(json_array_get(services, i), "Operations")),
               i + 1 < json_array_size(services) ? "," : " operations");
    printf("\n");
}

int verb_status(struct options *o, struct err *e)
{
    struct role_process roles[8];
    str answer;
    json_t *j;

    if (!is_ok(admin_call(o, "Status", S("{}"), &answer, e)))
        return EXIT_UNAVAILABLE;
    if (!is_ok(json_parse(o->arena, answer, e, &j)))
        return EXIT_FAILED;
    size_t n = children_of(o->arena, json_integer_value(json_object_get(j, "Parent")), roles, 8);
    if (o->json)
        print_json(j, roles, n);
    else
        print_text(j, roles, n);
    return EXIT_DONE;
}
