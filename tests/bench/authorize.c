/* SPDX-License-Identifier: MIT */
/* What authorization costs: the gate, run again and again for requests of one session on a state's own records.
 *
 * usage: authorize STATE REQUESTS.json
 *   {"account", "role_arn", "org_id", "management_account", "region", "source_ip",
 *    "requests": [{"service", "operation", "input", "vpce_id"?, "vpc_id"?, "vpc_account"?}]}
 * Prints one JSON object per request: {"request", "us", "median_us", "judgements", "keys"}; exit status 1 when one is
 * denied.
 *
 * Each call is a new one in an empty arena, a millisecond after the last: access lines and context keys from the input,
 * policies gathered from the caches as serve does it, judged, the decision noted for the audit log. The same calls
 * without the gate are taken off. Left out is finding the records that the resources are: the handler needs them
 * whether anybody judges or not. They are found once, and handed out again.
 *
 * `us` is the least of some hundred short rounds, which is what it takes while nobody else uses the core; where another
 * thread runs on its other half, all of them take up to twice as long, the median shows it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/codec.h"
#include "api/gate.h"
#include "api/house.h"
#include "api/route.h"
#include "base/json.h"
#include "base/time.h"

enum { ROUNDS = 301, CALLS = 500, LINES_MAX = 16 };

static struct resource found[LINES_MAX]; /* of the request under measurement, in the order of its lines */
static size_t n_found, next_found;

static res find_again(struct call *c, const str *names, size_t n, struct resource *out)
{
    (void)c;
    (void)names;
    (void)n;
    *out = found[next_found++ % n_found];
    return OK;
}

static void fail(const char *what, const struct call *c)
{
    str message = c ? c->fault.message : S("");

    fprintf(stderr, "authorize: %s: %s %.*s\n", what, c ? c->err.what : "", FMT(message));
    exit(1);
}

static char *read_file(struct arena *a, const char *path, size_t *n)
{
    enum { MOST = 1 << 20 };
    FILE *f = fopen(path, "rb");
    char *text = arena_alloc(a, MOST);

    *n = f ? fread(text, 1, MOST, f) : 0;
    if (f)
        fclose(f);
    return text;
}

/* The operation with its finders replaced. */
static const struct operation *without_finders(struct arena *a, const struct operation *op)
{
    struct operation *copy = ARENA_NEW(a, struct operation);
    struct access_line *lines = ARENA_ARRAY(a, struct access_line, op->n_access);

    for (size_t i = 0; i < op->n_access; i++) {
        lines[i] = op->access[i];
        if (!lines[i].on || !lines[i].on->find)
            continue;
        struct resource_type *on = ARENA_NEW(a, struct resource_type);
        *on = *lines[i].on;
        on->find = find_again;
        lines[i].on = on;
    }
    *copy = *op;
    copy->access = lines;
    return copy;
}

struct measured {
    struct worker *worker;
    struct txn *txn;
    struct caller caller;
    struct door door;
    const struct operation *op;
    const void *in;
    str region;
    int64_t now_ms;
};

static struct call new_call(const struct measured *m, struct arena *a, int64_t now_ms)
{
    static const char agent[] = "Boto3/1.35.99 md/Botocore#1.35.99 ua/2.0 os/linux#6.1";
    static const struct client client = {.user_agent = {agent, sizeof agent - 1},
                                         .content_sha256 = {"UNSIGNED-PAYLOAD", 16}};

    return (struct call){.op = m->op,
                         .caller = &m->caller,
                         .door = &m->door,
                         .client = &client,
                         .signed_by = SIGNED_V4,
                         .region = m->region,
                         .request_id = S("00000000-0000-0000-0000-000000000000"),
                         .now_ms = now_ms,
                         .arena = a,
                         .worker = m->worker,
                         .txn = m->txn,
                         .in = m->in};
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds a call. */
static double round_of(struct measured *m, struct arena *a, bool gate)
{
    double start = cpu_us();

    for (size_t i = 0; i < CALLS; i++) {
        struct call c = new_call(m, a, m->now_ms++);
        next_found = 0;
        worker_tidy(m->worker);
        if (gate && !is_ok(gate_pass(&c)))
            fail("a round was denied", &c);
        arena_reset(a);
    }
    return (cpu_us() - start) / CALLS;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void rounds(struct measured *m, struct arena *a, bool gate, double *least, double *median)
{
    static double us[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++)
        us[i] = round_of(m, a, gate);
    qsort(us, ROUNDS, sizeof us[0], by_size);
    *least = us[0];
    *median = us[ROUNDS / 2];
}

static void measure(struct measured *m, struct arena *keep, struct arena *a)
{
    struct call c = new_call(m, keep, m->now_ms);
    double least, median, bare, bare_median;

    if (!is_ok(gate_pass(&c)))
        fail("denied", &c);
    n_found = 0;
    for (size_t i = 0; i < c.n_resources && n_found < LINES_MAX; i++)
        if (c.resources[i].type && c.resources[i].type->find)
            found[n_found++] = c.resources[i];
    const struct operation *whole = m->op;
    m->op = without_finders(keep, whole);
    rounds(m, a, true, &least, &median);
    rounds(m, a, false, &bare, &bare_median);
    printf("{\"request\": \"%s:%s\", \"us\": %.3f, \"median_us\": %.3f, \"judgements\": %zu, \"keys\": %zu}\n",
           whole->service->name, whole->name, least - bare, median - bare_median, c.gate->n_judgements,
           c.gate->n_context);
}

static const struct operation *operation_of(const json_t *request)
{
    const struct service *s = service_named(json_str_at(request, "service"));

    for (size_t i = 0; s && i < s->n_operations; i++)
        if (str_eq(str_z(s->operations[i]->name), json_str_at(request, "operation")))
            return s->operations[i];
    fail("no such operation", NULL);
    return NULL;
}

static void become(struct measured *m, struct arena *keep, const json_t *asked)
{
    struct call c = {.arena = keep, .worker = m->worker, .txn = m->txn, .caller = &m->caller};
    struct role_facts role = {0};
    str account = json_str_at(asked, "account");

    m->caller.account = account;
    if (!is_ok(providers.role(&c, json_str_at(asked, "role_arn"), &role)) || !role.found)
        fail("no such role", &c);
    m->caller = (struct caller){
        .kind = PRINCIPAL_SESSION,
        .account = account,
        .arn = arena_printf(keep, "arn:aws:sts::%.*s:assumed-role/%.*s/notebook", FMT(account), FMT(role.name)),
        .role_arn = role.arn,
        .unique_id = role.role_id,
        .user_id = arena_printf(keep, "%.*s:notebook", FMT(role.role_id)),
        .name = S("notebook"),
        .access_key_id = S("ASIAAAAAAAAAAAAAAAAA"),
        .issued_ms = time_wall_ms()};
}

static void one_request(struct measured *m, struct arena *keep, struct arena *a, const json_t *asked,
                        const json_t *request)
{
    struct err e = {0};

    m->op = operation_of(request);
    void *in = arena_alloc(keep, m->op->in->size);
    if (!is_ok(json_decode(m->op->in, json_object_get(request, "input"), in, keep, &e)))
        fail(e.what, NULL);
    m->in = in;
    m->region = m->op->service->global ? S("us-east-1") : json_str_at(asked, "region");
    m->door = (struct door){.vpce_id = json_str_at(request, "vpce_id"),
                            .vpc_id = json_str_at(request, "vpc_id"),
                            .vpc_account = json_str_at(request, "vpc_account"),
                            .tls_version = S("1.3"),
                            .source_ip = json_str_at(asked, "source_ip"),
                            .tls = true};
    measure(m, keep, a);
}

int main(int argc, char **argv)
{
    struct arena *keep = arena_new((size_t)256 << 20), *a = arena_new(64 << 20);
    struct house house = {.partition = S("aws")};
    struct worker worker;
    struct store *store = NULL;
    struct measured m = {.worker = &worker, .now_ms = time_wall_ms()};
    struct err e = {0};
    json_t *asked, *request;
    size_t n, i;

    if (argc != 3) {
        fputs("usage: authorize STATE REQUESTS.json\n", stderr);
        return 2;
    }
    const char *text = read_file(keep, argv[2], &n);
    if (!is_ok(json_parse(keep, str_n(text, n), &e, &asked)) ||
        !is_ok(store_open(arena_printf(keep, "%s/front", argv[1]).p, false, &store, &e)))
        fail(e.what, NULL);
    house.org_id = json_str_at(asked, "org_id");
    house.management_account = json_str_at(asked, "management_account");
    house.region = json_str_at(asked, "region");
    worker_init(&worker, &house, NULL, store);
    if (!is_ok(store_begin(store, false, &m.txn, &e)))
        fail(e.what, NULL);
    become(&m, keep, asked);
    json_array_foreach(json_object_get(asked, "requests"), i, request) one_request(&m, keep, a, asked, request);
    txn_rollback(m.txn);
    worker_done(&worker);
    store_close(store);
    arena_free(a);
    arena_free(keep);
    return 0;
}
