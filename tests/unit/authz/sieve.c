/* SPDX-License-Identifier: MIT */
/* The sieve rules out what cannot match, and nothing else. */
#include "authz/sieve.h"
#include "test.h"

#include <string.h>

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* May a statement with these resources concern the field? */
static bool passes(const char *element, const char *resources, const char *field)
{
    struct grams have, wanted;
    uint16_t seen[GRAMS] = {0};
    struct policy *p = NULL;
    struct err e = {0};
    struct buf text;

    buf_init(&text, POLICY_MAX_BYTES);
    buf_printf(&text, "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"%s\":%s}}",
               element, resources);
    if (!is_ok(policy_compile(buf_str(&text), POLICY_IDENTITY, S("p"), &p, &e)))
        fail_msg("%s", e.what);
    grams_of_statement(p, policy_statement(p, 0), &wanted);
    grams_of_resource(str_z(field), &have);
    bool out = grams_have_all(&have, grams_choose(&wanted, seen));
    policy_free(p);
    buf_done(&text);
    return out;
}

static void test_authz_sieve__holds_back_what_cannot_match(void **state)
{
    (void)state;
    assert_false(passes("Resource", "\"arn:aws:s3:::team1-data/*\"", "crew2/k"));
    assert_false(passes("Resource", "\"arn:aws:s3:::*/team1-*\"", "crew2/k"));
    assert_false(passes("Resource", "[\"arn:aws:s3:::alpha\",\"arn:aws:s3:::alpha/*\"]", "crew2/k"));
    assert_false(passes("Resource", "\"arn:aws:s3:::alpha/${aws:username}\"", "crew2/k"));
}

static void test_authz_sieve__lets_through_what_may_match(void **state)
{
    (void)state;
    assert_true(passes("Resource", "\"arn:aws:s3:::team1-data/*\"", "team1-data/k"));
    assert_true(passes("Resource", "\"arn:aws:s3:::*/team1-*\"", "crew2/team1-k"));
    assert_true(passes("Resource", "\"arn:aws:s3:::te?m*\"", "texm"));
    assert_true(passes("Resource", "\"arn:aws:s3:::alpha/${aws:username}\"", "alpha/u"));
    assert_true(passes("Resource", "\"arn:aws:s3:::${aws:username}/alpha\"", "crew2/k"));
    assert_true(passes("Resource", "\"arn:aws:s3:::ab\"", "crew2/k"));
    assert_true(passes("Resource", "\"arn:aws:s3:*\"", "crew2/k"));
    assert_true(passes("Resource", "\"*\"", "crew2/k"));
    assert_true(passes("Resource", "[\"arn:aws:s3:::alpha\",\"*\"]", "crew2/k"));
    assert_true(passes("Resource", "[\"arn:aws:s3:::alpha\",\"arn:aws:s3:::omega\"]", "crew2/k"));
    assert_true(passes("NotResource", "\"arn:aws:s3:::alpha\"", "crew2/k"));
}

static void test_authz_sieve__ends_with_long_fields(void **state)
{
    (void)state;
    assert_false(passes("Resource", "\"arn:aws:s3:::alpha\"", X64 X64 X64 X64));
    assert_true(passes("Resource", "\"arn:aws:s3:::alpha\"", X64 X64 X64 X64 "x"));
    assert_false(passes("Resource", "\"arn:aws:s3:::alpha\"", ""));
}

/* The rarest grams are kept: of many that all have `team`, those that tell them apart. */
static void test_authz_sieve__chooses_what_is_rare(void **state)
{
    uint16_t seen[GRAMS] = {0};
    struct grams g = {0};

    (void)state;
    assert_int_equal(grams_choose(&g, seen), 0);
    g.bits[0] = 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8;
    seen[5] = 9;
    seen[6] = 3;
    seen[7] = 1;
    seen[8] = 2;
    assert_int_equal(grams_choose(&g, seen), 7 | 8 << GRAM_BITS | 6 << 2 * GRAM_BITS);
    g.bits[0] = 1u << 5;
    assert_int_equal(grams_choose(&g, seen), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_sieve__holds_back_what_cannot_match),
        cmocka_unit_test(test_authz_sieve__lets_through_what_may_match),
        cmocka_unit_test(test_authz_sieve__ends_with_long_fields),
        cmocka_unit_test(test_authz_sieve__chooses_what_is_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
