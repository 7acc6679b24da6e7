/* SPDX-License-Identifier: MIT */
/* Pickles: what Python writes is read, everything else is refused. */
#include "test.h"

#include <string.h>

#include "runtimes/xgboost/pickle.h"

/* The bytes between which and the members stand here were printed by Python 3.11's pickle.dumps. */
#define MEMBERS_23                                                                                                     \
    "X\x0d\0\0\0"                                                                                                      \
    "feature_names"                                                                                                    \
    "q\x08]q\x09(X\x02\0\0\0"                                                                                          \
    "f0"                                                                                                               \
    "q\x0aX\x02\0\0\0"                                                                                                 \
    "f1"                                                                                                               \
    "q\x0b"                                                                                                            \
    "eX\x10\0\0\0best_ntree_limitq\x0dK2X\x01\0\0\0xq\x10G\x3f\xf8\0\0\0\0\0\0X\x04\0\0\0noneq\x11NX\x03\0\0\0negq"    \
    "\x12J\xd4\xfe\xff\xffub."
#define HEAD_23(protocol, builtins)                                                                                    \
    "\x80" protocol "cxgboost.core\nBooster\nq\0)\x81q\1}q\2(X\6\0\0\0handleq\3c" builtins "\nbytearray\nq\4"
#define PROTOCOL_2                                                                                                     \
    HEAD_23("\2", "__builtin__")                                                                                       \
    "c_codecs\nencode\nq\5X\x0c\0\0\0{"                                                                                \
    "L\0\xc3\xa9payloadq\6X\6\0\0\0latin1q\7\x86q\x08Rq\x09\x85q\x0aRq\x0b" MEMBERS_23
#define PROTOCOL_3 HEAD_23("\3", "builtins") "C\x0b{L\0\xe9payloadq\5\x85q\6Rq\7" MEMBERS_23
#define TAIL_45                                                                                                        \
    "\x94\x8c\x10"                                                                                                     \
    "best_ntree_limit\x94K2ub."
#define HEAD_45(protocol)                                                                                              \
    "\x80" protocol "\x95\xd1\0\0\0\0\0\0\0\x8c\x0cxgboost.core\x94\x8c\7Booster\x94\x93\x94)\x81\x94}\x94(\x8c\6"     \
    "handle\x94"
#define PROTOCOL_4                                                                                                     \
    HEAD_45("\4")                                                                                                      \
    "\x8c\x08"                                                                                                         \
    "builtins\x94\x8c\x09"                                                                                             \
    "bytearray\x94\x93\x94"                                                                                            \
    "C\x0b{L\0\xe9payload\x94\x85\x94R" TAIL_45
#define PROTOCOL_5 HEAD_45("\5") "\x96\x0b\0\0\0\0\0\0\0{L\0\xe9payload" TAIL_45

static res read_all(str bytes, struct pickle_booster *out, struct err *e)
{
    struct arena *a = arena_new(8 << 20);
    char payload[64];

    res r = pickle_read(a, bytes, out, e);
    if (is_ok(r) && out->payload.n < sizeof payload)
        assert_str_equal(out->payload, S("{L\0\xe9payload"));
    arena_free(a);
    return r;
}

static void test_xgboost_pickle__reads_protocols_2_to_5(void **state)
{
    const str good[] = {S(PROTOCOL_2), S(PROTOCOL_3), S(PROTOCOL_4), S(PROTOCOL_5)};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct pickle_booster b = {0};
        struct err e = {0};
        if (!is_ok(read_all(good[i], &b, &e)))
            fail_msg("protocol %zu: %s", i + 2, e.what);
        assert_int_equal(b.best_ntree_limit, 50);
    }
}

static void test_xgboost_pickle__reads_what_it_writes(void **state)
{
    struct pickle_booster b = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    pickle_write(&out, S("{L\0\xe9payload"));
    assert_true(is_ok(read_all(buf_str(&out), &b, NULL)));
    assert_int_equal(b.best_ntree_limit, 0);
    buf_done(&out);
}

static void test_xgboost_pickle__refuses_every_cut(void **state)
{
    const str good[] = {S(PROTOCOL_2), S(PROTOCOL_3), S(PROTOCOL_4), S(PROTOCOL_5)};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t n = 0; n < good[i].n; n++) {
            struct pickle_booster b = {0};
            struct buf exact; /* of exactly that size, so that a sanitizer sees one byte too far */
            buf_init(&exact, n + 1);
            buf_add(&exact, str_sub(good[i], 0, n));
            assert_int_equal(read_all(buf_str(&exact), &b, NULL).why, WHY_REJECT);
            buf_done(&exact);
        }
}

static void test_xgboost_pickle__survives_every_flipped_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PROTOCOL_3 - 1; i++)
        for (int bit = 0; bit < 256; bit += 5) {
            char copy[sizeof PROTOCOL_3];
            struct pickle_booster b = {0};
            struct arena *a = arena_new(8 << 20);
            memcpy(copy, PROTOCOL_3, sizeof copy);
            copy[i] = (char)bit;
            res r = pickle_read(a, str_n(copy, sizeof copy - 1), &b, NULL);
            assert_true(r.why == WHY_OK || r.why == WHY_REJECT);
            arena_free(a);
        }
}

static void test_xgboost_pickle__calls_nothing(void **state)
{
    static const struct {
        str bytes;
        const char *why;
    } hostile[] = {
        {S("\x80\3cposix\nsystem\nX\2\0\0\0id\x85R."), "a class that is not allowed"},
        {S("\x80\3"
           "cbuiltins\neval\nX\1\0\0\0"
           "1\x85R."),
         "a class that is not allowed"},
        {S("\x80\4\x8c\2os\x8c\6system\x93."), "a class that is not allowed"},
        {S("\x80\3(S'id'\nios\nsystem\n."), "an instruction that is not allowed"}, /* STRING, INST */
        {S("\x80\3\x82\1."), "an instruction that is not allowed"},                /* EXT1 */
        {S("\x80\3Pname\n."), "an instruction that is not allowed"},               /* PERSID */
        {S("\x80\3"
           "cbuiltins\nbytearray\nK\5\x85R."),
         "a call that is not allowed"},
        {S("\x80\3"
           "cxgboost.core\nBooster\n)R."),
         "a call that is not allowed"},
        {S("\x80\3"
           "cxgboost.core\nBooster\nK\1\x85\x81."),
         "an object that is not allowed"},
        {S("\x80\3"
           "cbuiltins\nbytearray\n)\x81."),
         "an object that is not allowed"},
        {S("\x80\3}."), "something other than a Booster"},
        {S("\x80\3cxgboost.core\nBooster\n)\x81."), "something other than a Booster"},
        {S("\x80\3cxgboost.core\nBooster\n)\x81}b."), "a Booster without a model"},
        {S("\x80\3cxgboost.core\nBooster\n)\x81}X\6\0\0\0handleNsb."), "a Booster without a model"},
        {S("\x80\6."), "another beginning"},
        {S("\x80\3\x80\x09."), "an unknown protocol"},
        {S("\x80\3h\1."), "nothing in the memo"},
        {S("\x80\3q\1."), "a value is missing"},
        {S("\x80\3(b."), "a value is missing"},
        {S("\x80\3u."), "a mark is missing"},
        {S("\x80\3(u."), "members without a dict"},
        {S("\x80\3}(Nu."), "members without a dict"},
        {S("\x80\3(e."), "elements without a list"},
        {S("\x80\3(\x85."), "a value is missing"},
        {S("\x80\3\x8a\x09"
           "123456789."),
         "a number that is too large"},
        {S("\x80\3X\xff\xff\xff\xff."), "the file is cut short"},
        {S("\x80\4\x8e\xff\xff\xff\xff\xff\xff\xff\xff."), "the file is cut short"},
        {S("\x80\3r\xff\xff\xff\xff."), "the memo is too large"},
        {S("\x80\3Nr\xff\xff\xff\xff."), "the memo is too large"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct pickle_booster b = {0};
        struct err e = {0};
        assert_int_equal(read_all(hostile[i].bytes, &b, &e).why, WHY_REJECT);
        if (!strstr(e.what, hostile[i].why))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, e.what, hostile[i].why);
    }
}

static void fill(struct buf *b, const char *head, char with, size_t n)
{
    buf_init(b, n + 64);
    buf_add_bytes(b, "\x80\3", 2);
    buf_add_z(b, head);
    for (size_t i = 0; i < n; i++)
        buf_add_char(b, with);
    buf_add_char(b, '.');
}

static void test_xgboost_pickle__bounds_stack_containers_and_steps(void **state)
{
    static const struct {
        char op;
        const char *why;
    } floods[] = {{'N', "too many values"}, {'(', "too many values"}, {')', "too many"}, {'}', "too many"}};

    (void)state;
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        struct pickle_booster p = {0};
        struct err e = {0};
        struct buf b;
        fill(&b, "", floods[i].op, 3 << 20);
        assert_int_equal(read_all(buf_str(&b), &p, &e).why, WHY_REJECT);
        assert_non_null(strstr(e.what, floods[i].why));
        buf_done(&b);
    }
}

/* One long text in the memo, turned into bytes again and again: memory must not multiply. */
static void test_xgboost_pickle__converts_no_more_than_it_read(void **state)
{
    struct arena *a = arena_new(2 << 20);
    struct pickle_booster p = {0};
    struct err e = {0};
    struct buf b;
    uint32_t n = 100000;

    (void)state;
    buf_init(&b, 1 << 20);
    buf_add(&b, S("\x80\2X"));
    buf_add_bytes(&b, &n, 4);
    for (uint32_t i = 0; i < n; i++)
        buf_add_char(&b, 'a');
    buf_add(&b, S("q\0"));
    for (int i = 0; i < 1000; i++)
        buf_add(&b, S("c_codecs\nencode\nh\0X\6\0\0\0latin1\x86R"));
    buf_add_char(&b, '.');
    assert_int_equal(pickle_read(a, buf_str(&b), &p, &e).why, WHY_REJECT);
    assert_non_null(strstr(e.what, "too many bytearrays"));
    buf_done(&b);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xgboost_pickle__reads_protocols_2_to_5),
        cmocka_unit_test(test_xgboost_pickle__reads_what_it_writes),
        cmocka_unit_test(test_xgboost_pickle__refuses_every_cut),
        cmocka_unit_test(test_xgboost_pickle__survives_every_flipped_byte),
        cmocka_unit_test(test_xgboost_pickle__calls_nothing),
        cmocka_unit_test(test_xgboost_pickle__bounds_stack_containers_and_steps),
        cmocka_unit_test(test_xgboost_pickle__converts_no_more_than_it_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
