/* SPDX-License-Identifier: MIT */
/* Session claims survive the way to text and back, and nothing else is taken for them. */
#include "test.h"

#include "identify/token.h"

static const str policies[] = {{"{\"Version\":\"2012-10-17\",\"Statement\":[]}", 38}};
static const str arns[] = {{"arn:aws:iam::aws:policy/ReadOnlyAccess", 38}};
static const struct session_tag tags[] = {{{"Project", 7}, {"\"gr\xc3\xbc\xc3\x9f\"\n", 9}, true},
                                          {{"k", 1}, {"", 0}, false}};

static struct session_claims example(void)
{
    return (struct session_claims){
        .access_key_id = S("ASIAQNZGKIQY56JQ7WML"),
        .sealed_secret = S("\x00\x01\xff sealed"),
        .account = S("111122223333"),
        .role_arn = S("arn:aws:iam::111122223333:role/service-role/SageMakerExecutionRole"),
        .role_id = S("AROAAEBAGBAFAYDQQCIKB"),
        .session_name = S("SageMaker"),
        .source_identity = S("alice"),
        .issued_ms = 1795422171000,
        .expires_ms = 1795425771000,
        .chained = true,
        .policies = policies,
        .n_policies = 1,
        .policy_arns = arns,
        .n_policy_arns = 1,
        .tags = tags,
        .n_tags = 2,
    };
}

static void test_identify_token__claims_come_back_whole(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct session_claims in = example(), out;
    struct err e = {0};
    str text;

    (void)state;
    assert_true(is_ok(session_claims_encode(&in, a, &text, &e)));
    assert_true(is_ok(session_claims_decode(text, a, &out, &e)));
    assert_str_equal(out.access_key_id, in.access_key_id);
    assert_str_equal(out.sealed_secret, in.sealed_secret);
    assert_str_equal(out.account, in.account);
    assert_str_equal(out.role_arn, in.role_arn);
    assert_str_equal(out.role_id, in.role_id);
    assert_str_equal(out.session_name, in.session_name);
    assert_str_equal(out.source_identity, in.source_identity);
    assert_false(str_is(out.issuer_arn));
    assert_true(out.issued_ms == in.issued_ms && out.expires_ms == in.expires_ms && out.chained);
    assert_int_equal(out.n_policies, 1);
    assert_str_equal(out.policies[0], policies[0]);
    assert_int_equal(out.n_policy_arns, 1);
    assert_str_equal(out.policy_arns[0], arns[0]);
    assert_int_equal(out.n_tags, 2);
    assert_str_equal(out.tags[0].value, tags[0].value);
    assert_true(out.tags[0].transitive && !out.tags[1].transitive);
    assert_str_equal(session_arn(&out, a),
                     S("arn:aws:sts::111122223333:assumed-role/SageMakerExecutionRole/SageMaker"));
    assert_str_equal(session_user_id(&out, a), S("AROAAEBAGBAFAYDQQCIKB:SageMaker"));
    arena_free(a);
}

/* GetSessionToken and GetFederationToken: sessions of a user, bound to the access key that asked. */
static void test_identify_token__of_users(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct session_claims in = example(), out;
    struct err e = {0};
    str text;

    (void)state;
    in.role_arn = S("arn:aws:iam::111122223333:user/app/vendor");
    in.role_id = S("AIDAAEBAGBAFAYDQQCIKB");
    in.session_name = S("bob");
    in.parent_key = S("AKIAQNZGKIQY56JQ7WML");
    for (in.kind = SESSION_SELF; in.kind <= SESSION_FEDERATED; in.kind++) {
        assert_true(is_ok(session_claims_encode(&in, a, &text, &e)));
        assert_true(is_ok(session_claims_decode(text, a, &out, &e)));
        assert_int_equal(out.kind, in.kind);
        assert_str_equal(out.parent_key, in.parent_key);
    }
    out.kind = SESSION_SELF;
    assert_str_equal(session_arn(&out, a), in.role_arn);
    assert_str_equal(session_user_id(&out, a), in.role_id);
    out.kind = SESSION_FEDERATED;
    assert_str_equal(session_arn(&out, a), S("arn:aws:sts::111122223333:federated-user/bob"));
    assert_str_equal(session_user_id(&out, a), S("111122223333:bob"));
    arena_free(a);
}

/* Nothing passes for another kind: a user without its key, a user as a role, a role as a user. */
static void test_identify_token__kinds_do_not_mix(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct session_claims c = example();
    struct err e = {0};
    str text;

    (void)state;
    c.kind = SESSION_SELF; /* a role's ARN */
    assert_int_equal(session_claims_encode(&c, a, &text, &e).why, WHY_REJECT);
    c.role_arn = S("arn:aws:iam::111122223333:user/vendor"); /* without a parent key */
    assert_int_equal(session_claims_encode(&c, a, &text, NULL).why, WHY_REJECT);
    c.kind = SESSION_ROLE;
    assert_int_equal(session_claims_encode(&c, a, &text, NULL).why, WHY_REJECT);
    c.kind = SESSION_SELF;
    c.role_arn = S("arn:aws:iam::111122223333:root");
    assert_true(is_ok(session_claims_encode(&c, a, &text, NULL)));
    arena_free(a);
}

static void test_identify_token__is_bound_to_its_key_and_its_time(void **state)
{
    struct session_claims c = example();

    (void)state;
    assert_true(session_claims_are_for(&c, S("ASIAQNZGKIQY56JQ7WML")));
    assert_false(session_claims_are_for(&c, S("ASIAQNZGKIQY56JQ7WMA")));
    assert_false(session_claims_are_for(&c, S("")));
    assert_true(session_claims_are_current(&c, c.issued_ms));
    assert_true(session_claims_are_current(&c, c.expires_ms - 1));
    assert_false(session_claims_are_current(&c, c.expires_ms));
    assert_false(session_claims_are_current(&c, c.issued_ms - 16 * 60000));
}

static void test_identify_token__too_many_policies_and_tags_are_refused(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct session_claims c = example();
    struct session_tag many[51];
    str text, big[] = {str_n(arena_alloc(a, 7000), 7000)};

    (void)state;
    for (int i = 0; i < 51; i++)
        many[i] = tags[1];
    c.tags = many;
    c.n_tags = 51;
    assert_int_equal(session_claims_encode(&c, a, &text, NULL).why, WHY_REJECT);
    c.n_tags = 50;
    assert_true(is_ok(session_claims_encode(&c, a, &text, NULL)));
    c.policies = big;
    assert_int_equal(session_claims_encode(&c, a, &text, NULL).why, WHY_REJECT);
    arena_free(a);
}

static void test_identify_token__claims_that_could_not_be_used_are_not_made(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct session_claims c = example();
    str text;

    (void)state;
    c.access_key_id = S("AKIAQNZGKIQY56JQ7WML");
    assert_false(is_ok(session_claims_encode(&c, a, &text, NULL)));
    c = example();
    c.expires_ms = c.issued_ms;
    assert_false(is_ok(session_claims_encode(&c, a, &text, NULL)));
    c = example();
    c.sealed_secret = STR_ABSENT;
    assert_false(is_ok(session_claims_encode(&c, a, &text, NULL)));
    c = example();
    c.account = S("11112222333");
    assert_false(is_ok(session_claims_encode(&c, a, &text, NULL)));
    arena_free(a);
}

static void test_identify_token__other_text_is_refused(void **state)
{
#define HEAD                                                                                                           \
    "{\"v\":1,\"iat\":1,\"exp\":2,\"key\":\"ASIAQNZGKIQY56JQ7WML\",\"secret\":\"AAEC\",\"account\":\"111122223333\","
#define TAIL "\"role\":\"arn:aws:iam::111122223333:role/R\",\"id\":\"AROA\",\"name\":\"s\""
    static const char *const bad[] = {"",
                                      "null",
                                      "[]",
                                      "{}",
                                      HEAD TAIL,
                                      HEAD TAIL ",\"v\":1}",
                                      HEAD TAIL ",\"tags\":{}}",
                                      HEAD TAIL ",\"tags\":[[\"k\",\"v\"]]}",
                                      HEAD TAIL ",\"tags\":[[\"k\",\"v\",1]]}",
                                      HEAD TAIL ",\"tags\":[[\"k\",2,true]]}",
                                      HEAD TAIL ",\"policies\":\"p\"}",
                                      HEAD TAIL ",\"policies\":[1]}",
                                      HEAD TAIL ",\"source\":1}",
                                      HEAD "\"role\":\"R\",\"id\":\"AROA\",\"name\":\"s\"}",
                                      "{\"v\":2,\"iat\":1,\"exp\":2}",
                                      "{\"v\":1,\"iat\":\"1\",\"exp\":2}",
                                      "{\"v\":1,\"iat\":2,\"exp\":-1}"};
    struct arena *a = arena_new(1 << 20);
    struct session_claims c;

    (void)state;
    assert_true(is_ok(session_claims_decode(S(HEAD TAIL "}"), a, &c, NULL)));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_ok(session_claims_decode(str_z(bad[i]), a, &c, NULL)))
            fail_msg("%s was taken", bad[i]);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify_token__claims_come_back_whole),
        cmocka_unit_test(test_identify_token__of_users),
        cmocka_unit_test(test_identify_token__kinds_do_not_mix),
        cmocka_unit_test(test_identify_token__is_bound_to_its_key_and_its_time),
        cmocka_unit_test(test_identify_token__too_many_policies_and_tags_are_refused),
        cmocka_unit_test(test_identify_token__claims_that_could_not_be_used_are_not_made),
        cmocka_unit_test(test_identify_token__other_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
