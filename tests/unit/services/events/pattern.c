/* SPDX-License-Identifier: MIT */
/* The pattern language of EventBridge: what fits, what does not, and what is no pattern. */
#include "test.h"

#include "services/events/pattern.h"

struct fit {
    const char *pattern, *event;
    bool fits;
};

static bool fits(struct arena *a, const char *pattern, const char *event)
{
    struct err e = {0};
    json_t *p, *v;

    if (!is_ok(event_pattern_parse(a, str_z(pattern), &e, &p)))
        fail_msg("%s: %s", pattern, e.what);
    assert_true(is_ok(json_parse(a, str_z(event), &e, &v)));
    return event_pattern_matches(p, v);
}

static void play(const struct fit *v, size_t n)
{
    struct arena *a = arena_new(1 << 20);

    for (size_t i = 0; i < n; i++) {
        if (fits(a, v[i].pattern, v[i].event) != v[i].fits)
            fail_msg("%s %s %s", v[i].pattern, v[i].fits ? "does not take" : "takes", v[i].event);
        arena_reset(a);
    }
    arena_free(a);
}

static void test_services_events_pattern__values_are_compared_exactly(void **state)
{
    static const struct fit v[] = {
        {"{\"a\":[\"x\"]}", "{\"a\":\"x\"}", true},
        {"{\"a\":[\"x\"]}", "{\"a\":\"X\"}", false},
        {"{\"a\":[\"x\",\"y\"]}", "{\"a\":\"y\",\"b\":1}", true},
        {"{\"a\":[\"x\"]}", "{\"b\":\"x\"}", false},
        {"{\"a\":[\"x\"]}", "{\"a\":[\"w\",\"x\"]}", true},
        {"{\"a\":[1]}", "{\"a\":1}", true},
        {"{\"a\":[1]}", "{\"a\":\"1\"}", false},
        {"{\"a\":[1]}", "{\"a\":1.0}", false},
        {"{\"a\":[null]}", "{\"a\":null}", true},
        {"{\"a\":[null]}", "{}", false},
        {"{\"a\":[\"\"]}", "{\"a\":\"\"}", true},
        {"{\"a\":[true]}", "{\"a\":true}", true},
        {"{\"a\":[\"x\"],\"b\":[\"y\"]}", "{\"a\":\"x\"}", false},
        {"{\"a\":{\"b\":[\"x\"]}}", "{\"a\":{\"b\":\"x\"}}", true},
        {"{\"a\":{\"b\":[\"x\"]}}", "{\"a\":\"x\"}", false},
        {"{\"a\":{\"b\":[\"x\"],\"c\":[\"y\"]}}", "{\"a\":[{\"b\":\"x\",\"c\":\"z\"},{\"b\":\"w\",\"c\":\"y\"}]}",
         false},
        {"{\"a\":{\"b\":[\"x\"],\"c\":[\"y\"]}}", "{\"a\":[{\"b\":\"w\"},{\"b\":\"x\",\"c\":\"y\"}]}", true},
    };

    (void)state;
    play(v, sizeof v / sizeof *v);
}

static void test_services_events_pattern__matchers_of_text(void **state)
{
    static const struct fit v[] = {
        {"{\"a\":[{\"prefix\":\"ab\"}]}", "{\"a\":\"abc\"}", true},
        {"{\"a\":[{\"prefix\":\"ab\"}]}", "{\"a\":\"cab\"}", false},
        {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"AB\"}}]}", "{\"a\":\"abc\"}", true},
        {"{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":\"x.png\"}", true},
        {"{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":\"png\"}", false},
        {"{\"a\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}", "{\"a\":\"x.png\"}", true},
        {"{\"a\":[{\"equals-ignore-case\":\"AbC\"}]}", "{\"a\":\"aBc\"}", true},
        {"{\"a\":[{\"equals-ignore-case\":\"AbC\"}]}", "{\"a\":\"aBcd\"}", false},
        {"{\"a\":[{\"wildcard\":\"a*c\"}]}", "{\"a\":\"abbc\"}", true},
        {"{\"a\":[{\"wildcard\":\"a*c\"}]}", "{\"a\":\"ac\"}", true},
        {"{\"a\":[{\"wildcard\":\"a*c\"}]}", "{\"a\":\"abcd\"}", false},
        {"{\"a\":[{\"wildcard\":\"a*a\"}]}", "{\"a\":\"a\"}", false},
        {"{\"a\":[{\"wildcard\":\"*b*\"}]}", "{\"a\":\"abc\"}", true},
        {"{\"a\":[{\"wildcard\":\"*ab*ab\"}]}", "{\"a\":\"xabyab\"}", true},
        {"{\"a\":[{\"wildcard\":\"*ab*ab\"}]}", "{\"a\":\"xab\"}", false},
        {"{\"a\":[{\"wildcard\":\"a\\\\*b\"}]}", "{\"a\":\"a*b\"}", true},
        {"{\"a\":[{\"wildcard\":\"a\\\\*b\"}]}", "{\"a\":\"axb\"}", false},
        {"{\"a\":[{\"wildcard\":\"abc\"}]}", "{\"a\":\"abc\"}", true},
        {"{\"a\":[{\"wildcard\":\"*\"}]}", "{\"a\":\"\"}", true},
        {"{\"a\":[{\"prefix\":\"1\"}]}", "{\"a\":1}", false},
    };

    (void)state;
    play(v, sizeof v / sizeof *v);
}

static void test_services_events_pattern__anything_but_exists_and_or(void **state)
{
    static const struct fit v[] = {
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"y\"}", true},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[{\"anything-but\":\"x\"}]}", "{}", false},
        {"{\"a\":[{\"anything-but\":[\"x\",\"y\"]}]}", "{\"a\":\"y\"}", false},
        {"{\"a\":[{\"anything-but\":[1,2]}]}", "{\"a\":3}", true},
        {"{\"a\":[{\"anything-but\":{\"prefix\":\"x\"}}]}", "{\"a\":\"xy\"}", false},
        {"{\"a\":[{\"anything-but\":{\"prefix\":[\"x\",\"y\"]}}]}", "{\"a\":\"yy\"}", false},
        {"{\"a\":[{\"anything-but\":{\"suffix\":\"x\"}}]}", "{\"a\":\"xy\"}", true},
        {"{\"a\":[{\"anything-but\":{\"wildcard\":\"*x*\"}}]}", "{\"a\":\"axb\"}", false},
        {"{\"a\":[{\"anything-but\":{\"equals-ignore-case\":\"X\"}}]}", "{\"a\":\"x\"}", false},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":null}", true},
        {"{\"a\":[{\"exists\":true}]}", "{\"a\":[]}", false},
        {"{\"a\":[{\"exists\":true}]}", "{}", false},
        {"{\"a\":[{\"exists\":false}]}", "{}", true},
        {"{\"a\":[{\"exists\":false}]}", "{\"a\":1}", false},
        {"{\"a\":[{\"exists\":false}]}", "{\"a\":{\"b\":1}}", true}, /* leaves only */
        {"{\"a\":{\"b\":[{\"exists\":false}]}}", "{}", true},
        {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":2}", true},
        {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":1}", false},
        {"{\"c\":[0],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"b\":2}", false},
    };

    (void)state;
    play(v, sizeof v / sizeof *v);
}

static void test_services_events_pattern__numbers_and_addresses(void **state)
{
    static const struct fit v[] = {
        {"{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":5}", true},
        {"{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":0}", false},
        {"{\"a\":[{\"numeric\":[\"=\",3e2]}]}", "{\"a\":300}", true},
        {"{\"a\":[{\"numeric\":[\">=\",-1.5]}]}", "{\"a\":-1.5}", true},
        {"{\"a\":[{\"numeric\":[\"<\",1]}]}", "{\"a\":\"0\"}", false},
        {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.0.255\"}", true},
        {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.1.0\"}", false},
        {"{\"a\":[{\"cidr\":\"10.0.0.0/25\"}]}", "{\"a\":\"10.0.0.128\"}", false},
        {"{\"a\":[{\"cidr\":\"2001:db8::/33\"}]}", "{\"a\":\"2001:db8:7fff::1\"}", true},
        {"{\"a\":[{\"cidr\":\"2001:db8::/33\"}]}", "{\"a\":\"2001:db8:8000::1\"}", false},
        {"{\"a\":[{\"cidr\":\"0.0.0.0/0\"}]}", "{\"a\":\"no address\"}", false},
    };

    (void)state;
    play(v, sizeof v / sizeof *v);
}

static void test_services_events_pattern__what_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "[]",
                                      "{}",
                                      "{\"a\":\"x\"}",
                                      "{\"a\":1}",
                                      "{\"a\":[]}",
                                      "{\"a\":{}}",
                                      "{\"a\":[[1]]}",
                                      "{\"a\":[{}]}",
                                      "{\"a\":[{\"prefix\":\"a\",\"suffix\":\"b\"}]}",
                                      "{\"a\":[{\"prefix\":1}]}",
                                      "{\"a\":[{\"prefix\":[\"a\"]}]}",
                                      "{\"a\":[{\"exists\":\"true\"}]}",
                                      "{\"a\":[{\"regex\":\"a\"}]}",
                                      "{\"a\":[{\"numeric\":[]}]}",
                                      "{\"a\":[{\"numeric\":[\"<\"]}]}",
                                      "{\"a\":[{\"numeric\":[\"!\",1]}]}",
                                      "{\"a\":[{\"numeric\":[\"<\",\"1\"]}]}",
                                      "{\"a\":[{\"numeric\":[\"<\",1,\">\",0,\"=\",1]}]}",
                                      "{\"a\":[{\"cidr\":\"10.0.0.0\"}]}",
                                      "{\"a\":[{\"cidr\":\"10.0.0.0/33\"}]}",
                                      "{\"a\":[{\"cidr\":\"x/8\"}]}",
                                      "{\"a\":[{\"anything-but\":[]}]}",
                                      "{\"a\":[{\"anything-but\":[null]}]}",
                                      "{\"a\":[{\"anything-but\":true}]}",
                                      "{\"a\":[{\"anything-but\":{\"numeric\":[\"<\",1]}}]}",
                                      "{\"a\":[{\"wildcard\":\"a**b\"}]}",
                                      "{\"a\":[{\"wildcard\":\"a\\\\b\"}]}",
                                      "{\"a\":[{\"wildcard\":\"a\\\\\"}]}",
                                      "{\"$or\":[{\"a\":[1]}]}",
                                      "{\"$or\":[1,2]}",
                                      "{\"$or\":{\"a\":[1]}}",
                                      "{\"a\":[1],\"a\":[2]}"};
    struct arena *a = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        json_t *p;
        if (event_pattern_parse(a, str_z(bad[i]), &e, &p).why != WHY_REJECT || !e.what[0])
            fail_msg("%s was taken", bad[i]);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_events_pattern__values_are_compared_exactly),
        cmocka_unit_test(test_services_events_pattern__matchers_of_text),
        cmocka_unit_test(test_services_events_pattern__anything_but_exists_and_or),
        cmocka_unit_test(test_services_events_pattern__numbers_and_addresses),
        cmocka_unit_test(test_services_events_pattern__what_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
