/* SPDX-License-Identifier: MIT */
/* The gate's own decisions: what nobody has judged is not allowed by silence, and every decision fits the audit log. */
#include "api/gate.h"

#include <string.h>

#include "api/house.h"
#include "base/json.h"
#include "store/audit.h"
#include "test.h"

struct input {
    str name;
};
static const struct field fields[] = {{.name = "Name", .kind = K_STRING, .min = 1, .max = 0, .offset = 0}};
static const struct shape shape = {"input", fields, 1, sizeof(struct input)};
static const struct service service = {.name = "test", .protocol = P_JSON, .signs_as = "test"};
static const uint8_t first_member[] = {0};
static const struct path by_name[] = {{first_member, 1}};

static res judged(const struct access_line *lines, size_t n, str name, struct call *c, struct arena *a)
{
    static struct house house;
    static struct worker worker;
    static struct caller caller;
    struct operation *op = ARENA_NEW(a, struct operation);
    struct input *in = ARENA_NEW(a, struct input);

    in->name = name;
    worker.house = &house;
    house.partition = S("aws");
    caller = (struct caller){.kind = PRINCIPAL_USER, .account = S("111111111111"), .arn = S("arn:me")};
    *op = (struct operation){.service = &service, .name = "Op", .in = &shape, .access = lines, .n_access = n};
    *c = (struct call){.op = op, .caller = &caller, .arena = a, .worker = &worker, .in = in, .region = S("us-east-1")};
    return gate_pass(c);
}

static void test_api_gate__lines_that_do_not_apply_allow_nothing(void **state)
{
    static const struct access_line conditional[] = {
        {.action = "test:Op", .when = WHEN_PRESENT, .member = {first_member, 1}, .members = by_name, .n_members = 1}};
    struct arena *a = arena_new(1 << 20);
    struct call c;

    (void)state;
    res r = judged(conditional, 1, STR_ABSENT, &c, a);
    assert_int_equal(r.why, WHY_FAULT);
    assert_ptr_equal(c.fault.type, &api_access_denied);
    arena_free(a);
}

static void test_api_gate__open_and_each_say_so_in_the_model(void **state)
{
    static const struct access_line open[] = {{.kind = ACCESS_OPEN}}, each[] = {{.kind = ACCESS_EACH}};
    struct arena *a = arena_new(1 << 20);
    struct call c;

    (void)state;
    assert_true(is_ok(judged(open, 1, STR_ABSENT, &c, a)));
    assert_true(is_ok(judged(each, 1, STR_ABSENT, &c, a)));
    arena_free(a);
}

static str recorded(struct arena *a, size_t trace_bytes, size_t name_bytes)
{
    struct call c;
    static const struct access_line open[] = {{.kind = ACCESS_OPEN}};
    struct judgement *j = ARENA_NEW(a, struct judgement);
    char *name = arena_alloc(a, name_bytes + 1), *trace = arena_alloc(a, trace_bytes + 3);

    memset(name, 'n', name_bytes);
    memset(trace, 't', trace_bytes + 2);
    trace[0] = trace[trace_bytes + 1] = '"';
    assert_true(is_ok(judged(open, 1, str_n(name, name_bytes), &c, a)));
    *j = (struct judgement){.action = "test:Op", .resource = S("*"), .trace = str_n(trace, trace_bytes + 2)};
    c.gate->judgements = j;
    c.gate->n_judgements = 1;
    c.request_id = S("id");
    return audit_record(&c, (res){WHY_FAULT});
}

static void test_api_gate__every_record_fits_a_line_and_stays_json(void **state)
{
    static const size_t traces[] = {0, 1000, 200 << 10, 300 << 10, 2 << 20}, names[] = {0, 50 << 10, 400 << 10};

    (void)state;
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            struct arena *a = arena_new(64 << 20);
            struct err e = {0};
            json_t *j;
            str text = recorded(a, traces[i], names[k]);
            assert_true(text.n <= AUDIT_RECORD_MAX_BYTES);
            assert_true(is_ok(json_parse(a, text, &e, &j)));
            assert_str_equal(json_str_at(j, "requestID"), S("id")); /* however little is left: which call it was */
            assert_str_equal(json_str_at(j, "eventName"), S("Op"));
            arena_free(a);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_gate__lines_that_do_not_apply_allow_nothing),
        cmocka_unit_test(test_api_gate__open_and_each_say_so_in_the_model),
        cmocka_unit_test(test_api_gate__every_record_fits_a_line_and_stays_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
