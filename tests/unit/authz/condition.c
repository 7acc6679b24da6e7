/* SPDX-License-Identifier: MIT */
/* Every operator: what matches, what does not, what a missing key and a list do (rules 31 to 38). */
#include "test.h"

#include <stdio.h>

#include "authz/eval.h"
#include "base/json.h"

struct row {
    const char *condition, *context; /* JSON, without the outer braces */
    bool holds;
};

static const struct row rows[] = {
    {"'StringEquals':{'aws:x':'a'}", "'aws:x':'a'", true},
    {"'StringEquals':{'aws:x':'a'}", "'aws:x':'A'", false},
    {"'StringEquals':{'aws:x':''}", "'aws:x':''", true},
    {"'StringEquals':{'aws:x':10}", "'aws:x':'10'", true},
    {"'StringEquals':{'aws:x':1.5}", "'aws:x':'1.5'", true},
    {"'StringNotEquals':{'aws:x':'a'}", "'aws:x':'b'", true},
    {"'StringNotEquals':{'aws:x':'a'}", "", true},
    {"'StringNotEqualsIfExists':{'aws:x':'a'}", "'aws:x':'a'", false},
    {"'StringEqualsIgnoreCase':{'aws:x':'ab'}", "'aws:x':'AB'", true},
    {"'StringNotEqualsIgnoreCase':{'aws:x':'ab'}", "'aws:x':'AB'", false},
    {"'StringLike':{'aws:x':'a*c?'}", "'aws:x':'abbcd'", true},
    {"'StringLike':{'aws:x':'A*'}", "'aws:x':'abbcd'", false},
    {"'StringNotLike':{'aws:x':['a*','b*']}", "'aws:x':'bc'", false},
    {"'StringNotLike':{'aws:x':['a*','b*']}", "'aws:x':'c'", true},
    {"'StringLike':{'aws:x':'${*}'}", "'aws:x':'*'", true},
    {"'StringLike':{'aws:x':'${*}'}", "'aws:x':'a'", false},
    {"'StringEquals':{'aws:x':'${aws:y}'}", "'aws:x':'q','aws:y':'q'", true},
    {"'StringEquals':{'aws:x':['${aws:y}','q']}", "'aws:x':'q'", true},
    {"'StringNotEquals':{'aws:x':['${aws:y}','q']}", "'aws:x':'q'", false},
    {"'StringNotEquals':{'aws:x':'${aws:y}'}", "'aws:x':'q'", true},
    {"'StringLike':{'aws:x':'${aws:y}'}", "'aws:x':'abc','aws:y':'a*'", false},
    {"'StringEqualsIgnoreCase':{'aws:x':'${aws:y}'}", "'aws:x':'abc','aws:y':'ABC'", true},
    {"'StringEquals':{'aws:x':'${aws:y}'}", "'aws:x':'q','aws:y':['q']", false},
    {"'NumericEquals':{'aws:x':'10'}", "'aws:x':'10.0'", true},
    {"'NumericEquals':{'aws:x':'10'}", "'aws:x':'ten'", false},
    {"'NumericNotEquals':{'aws:x':'10'}", "'aws:x':'11'", true},
    {"'NumericNotEquals':{'aws:x':'10'}", "", true},
    {"'NumericLessThan':{'aws:x':'10'}", "'aws:x':'10'", false},
    {"'NumericLessThan':{'aws:x':'10'}", "'aws:x':'-11'", true},
    {"'NumericLessThanEquals':{'aws:x':'10'}", "'aws:x':'10'", true},
    {"'NumericGreaterThan':{'aws:x':'10'}", "'aws:x':'10'", false},
    {"'NumericGreaterThan':{'aws:x':'10'}", "'aws:x':'9'", false},
    {"'NumericGreaterThanEquals':{'aws:x':['100','10']}", "'aws:x':'10'", true},
    {"'NumericGreaterThanIfExists':{'aws:x':'10'}", "", true},
    {"'DateEquals':{'aws:x':'2026-01-01T00:00:00Z'}", "'aws:x':'2026-01-01T01:00:00+01:00'", true},
    {"'DateEquals':{'aws:x':'2026-01-01'}", "'aws:x':'1767225600'", true},
    {"'DateEquals':{'aws:x':'2026-01'}", "'aws:x':'2026-01-01T00:00:00'", true},
    {"'DateEquals':{'aws:x':'2026'}", "'aws:x':'2026-01-01'", true},
    {"'DateEquals':{'aws:x':'2026'}", "'aws:x':'1767225600'", true},
    {"'DateGreaterThan':{'aws:x':'2026-01-01'}", "'aws:x':'2027'", true},
    {"'DateEquals':{'aws:x':10}", "'aws:x':'10.0'", true},
    {"'DateLessThan':{'aws:x':'2026'}", "'aws:x':'-100'", true},
    {"'DateEquals':{'aws:x':'202'}", "'aws:x':'202'", true},
    {"'DateEquals':{'aws:x':1000000000000}", "'aws:x':'1000000000000'", true},
    {"'DateEquals':{'aws:x':'2026'}", "'aws:x':'2026-01-01T00:00:00.000000000000000000Z'", true},
    {"'DateEquals':{'aws:x':'2026'}", "'aws:x':'2026-01-01T00:00:00.0000000000000000000Z'", false},
    {"'DateNotEquals':{'aws:x':'2026-01-01'}", "'aws:x':'2026-01-02'", true},
    {"'DateNotEquals':{'aws:x':'2026-01-01'}", "", true},
    {"'DateLessThan':{'aws:x':'2026-01-01'}", "'aws:x':'2025-12-31T23:59:59.999Z'", true},
    {"'DateLessThan':{'aws:x':'2026-01-01'}", "'aws:x':'tomorrow'", false},
    {"'DateLessThanEquals':{'aws:x':'2026-01-01'}", "'aws:x':'2026-01-01'", true},
    {"'DateGreaterThan':{'aws:x':'2026-01-01'}", "'aws:x':'2026-01-01'", false},
    {"'DateGreaterThanEquals':{'aws:x':'2026-01-01'}", "'aws:x':'2026-01-01T00:00:00Z'", true},
    {"'Bool':{'aws:x':'true'}", "'aws:x':'True'", true},
    {"'Bool':{'aws:x':'FALSE'}", "'aws:x':'false'", true},
    {"'Bool':{'aws:x':false}", "'aws:x':'true'", false},
    {"'Bool':{'aws:x':false}", "", false},
    {"'BoolIfExists':{'aws:x':false}", "", true},
    {"'BinaryEquals':{'aws:x':'AAEC'}", "'aws:x':'AAEC'", true},
    {"'BinaryEquals':{'aws:x':'AAEC'}", "'aws:x':'AAED'", false},
    {"'IpAddress':{'aws:x':'10.0.0.0/8'}", "'aws:x':'10.255.0.1'", true},
    {"'IpAddress':{'aws:x':'10.0.0.1/8'}", "'aws:x':'10.255.0.1'", true},
    {"'IpAddress':{'aws:x':'10.0.0.0/9'}", "'aws:x':'10.128.0.1'", false},
    {"'IpAddress':{'aws:x':'10.0.0.1'}", "'aws:x':'10.0.0.1'", true},
    {"'IpAddress':{'aws:x':'10.0.0.1'}", "'aws:x':'10.0.0.2'", false},
    {"'IpAddress':{'aws:x':'10.0.0.0/8'}", "'aws:x':'10.0.0.0/9'", false},
    {"'IpAddress':{'aws:x':'0.0.0.0/0'}", "'aws:x':'1.2.3.4'", true},
    {"'IpAddress':{'aws:x':'::/0'}", "'aws:x':'1.2.3.4'", false},
    {"'IpAddress':{'aws:x':'2001:DB8::1'}", "'aws:x':'2001:db8:0:0::1'", true},
    {"'IpAddress':{'aws:x':'10.0.0.0/8'}", "'aws:x':'010.0.0.1'", false},
    {"'IpAddress':{'aws:x':['0.0.0.0/0','::/0']}", "'aws:x':''", false},
    {"'IpAddress':{'aws:x':['0.0.0.0/0','::/0']}", "'aws:x':'example.org'", false},
    {"'IpAddress':{'aws:x':['0.0.0.0/0','::/0']}", "'aws:x':'1.2.3.4 '", false},
    {"'NumericGreaterThan':{'aws:x':'-1'}", "'aws:x':''", false},
    {"'DateGreaterThan':{'aws:x':'2000-01-01'}", "'aws:x':''", false},
    {"'DateGreaterThan':{'aws:x':'2000-01-01'}", "'aws:x':'9999999999999999'", false},
    {"'DateLessThan':{'aws:x':'2000-01-01'}", "'aws:x':'-9999999999999999'", false},
    {"'DateLessThan':{'aws:x':'2000-01-01'}", "'aws:x':'1e5'", false},
    {"'NotIpAddress':{'aws:x':['10.0.0.0/8','::/0']}", "'aws:x':'10.0.0.1'", false},
    {"'NotIpAddress':{'aws:x':'10.0.0.0/8'}", "", true},
    {"'ArnEquals':{'aws:x':'arn:aws:s3:::b*'}", "'aws:x':'arn:aws:s3:::bucket'", true},
    {"'ArnEquals':{'aws:x':'arn:aws:s3:::b'}", "'aws:x':'b'", false},
    {"'ArnEquals':{'aws:x':'*'}", "'aws:x':'arn:aws:s3:::b'", false},
    {"'ArnLike':{'aws:x':'arn:aws:iam::${aws:y}:role/*'}",
     "'aws:x':'arn:aws:iam::111111111111:role/r','aws:y':'111111111111'", true},
    {"'ArnLike':{'aws:x':'arn:aws:iam::${aws:y}:role/*'}", "'aws:x':'arn:aws:iam::111111111111:role/r'", false},
    {"'ArnLike':{'aws:x':'arn:aws:iam::*:role/${aws:y}'}", "'aws:x':'arn:aws:iam::111111111111:role/r','aws:y':'*'",
     false},
    {"'ArnLike':{'aws:x':'arn:aws:s3:{a:b}::x'}", "'aws:x':'arn:aws:s3:{a:b}::x'", true},
    {"'ArnLike':{'aws:x':'arn:aws:s3:::b${$}*'}", "'aws:x':'arn:aws:s3:::b$cd'", true},
    {"'ArnLike':{'aws:x':'arn:aws:s3:::b${$}*'}", "'aws:x':'arn:aws:s3:::bcd'", false},
    {"'ArnLike':{'aws:x':'arn:$'}", "'aws:x':'arn:aws:s3:::b'", false},
    {"'ArnLike':{'aws:x':'arn:aws:s3:$:$x:b'}", "'aws:x':'arn:aws:s3:$:$x:b'", true},
    {"'StringEquals':{'aws:x':'$x${aws:y}$'}", "'aws:x':'$xq$','aws:y':'q'", true},
    {"'StringEquals':{'aws:x':'$x${aws:y}$'}", "'aws:x':'$xq','aws:y':'q'", false},
    {"'StringLike':{'aws:x':'?${aws:y}*'}", "'aws:x':'1q23','aws:y':'q'", true},
    {"'StringLike':{'aws:x':'?${aws:y}*'}", "'aws:x':'q23','aws:y':'q'", false},
    {"'ArnNotEquals':{'aws:x':'arn:aws:s3:::b'}", "'aws:x':'arn:aws:s3:::c'", true},
    {"'ArnNotLike':{'aws:x':'arn:aws:s3:::*'}", "'aws:x':'arn:aws:s3:::c'", false},
    {"'ArnNotLike':{'aws:x':'arn:aws:s3:::*'}", "", true},
    {"'Null':{'aws:x':'true'}", "", true},
    {"'Null':{'aws:x':'true'}", "'aws:x':''", false},
    {"'Null':{'aws:x':'false'}", "'aws:x':[]", false},
    {"'Null':{'aws:x':['true','false']}", "", true},
    {"'StringEquals':{'aws:x':'a'},'Null':{'aws:y':true}", "'aws:x':'a','aws:y':'b'", false},
    {"'StringEquals':{'aws:x':'a'}", "'aws:x':[]", false},
    {"'StringNotEquals':{'aws:x':'a'}", "'aws:x':[]", false},
    {"'StringNotEquals':{'aws:x':'a'}", "'aws:x':['b','c']", false},
    {"'StringEqualsIfExists':{'aws:x':'a'}", "'aws:x':['a','a']", false},
    {"'ForAllValues:StringLike':{'aws:x':['a*','b*']}", "'aws:x':['ab','ba']", true},
    {"'ForAllValues:StringLike':{'aws:x':['a*','b*']}", "'aws:x':[]", true},
    {"'ForAllValues:StringLike':{'aws:x':['a*','b*']}", "'aws:x':'c'", false},
    {"'ForAllValues:StringNotLike':{'aws:x':['a*','b*']}", "'aws:x':['c','d']", true},
    {"'ForAnyValue:StringNotLike':{'aws:x':['a*','b*']}", "'aws:x':['a','b']", false},
    {"'ForAnyValue:StringNotLike':{'aws:x':['a*']}", "", false},
    {"'ForAnyValue:StringNotLike':{'aws:x':['a*']}", "'aws:x':[]", false},
    {"'ForAnyValue:NumericLessThan':{'aws:x':3}", "'aws:x':['5','2']", true},
    {"'ForAllValues:IpAddress':{'aws:x':'10.0.0.0/8'}", "'aws:x':['10.1.1.1','11.1.1.1']", false},
    {"'ForAnyValue:ArnLike':{'aws:x':'arn:aws:s3:::b'}", "'aws:x':['x','arn:aws:s3:::b']", true},
};

static void add_quoted(struct buf *b, const char *text)
{
    for (; *text; text++)
        buf_add_char(b, *text == '\'' ? '"' : *text);
}

static void test_authz_condition__every_row_holds_as_written(void **state)
{
    struct buf line, out;

    (void)state;
    buf_init(&line, 8192);
    buf_init(&out, 8192);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&line);
        buf_clear(&out);
        add_quoted(&line, "{'request':{'principal':'arn:aws:iam::111111111111:user/u','action':'a:B','resource':'*',"
                          "'context':{");
        add_quoted(&line, rows[i].context);
        add_quoted(&line, "}},'identityPolicies':[{'Version':'2012-10-17','Statement':{'Effect':'Allow','Action':'*',"
                          "'Resource':'*','Condition':{");
        add_quoted(&line, rows[i].condition);
        add_quoted(&line, "}}}]}");
        authz_batch_line(buf_str(&line), false, &out);
        str wanted = rows[i].holds ? S("{\"id\":null,\"decision\":\"Allowed\",\"by\":\"identity\"}")
                                   : S("{\"id\":null,\"decision\":\"ImplicitlyDenied\",\"by\":\"identity\"}");
        if (!str_eq(buf_str(&out), wanted))
            fail_msg("%s on %s: %.*s", rows[i].condition, rows[i].context, FMT(buf_str(&out)));
    }
    buf_done(&line);
    buf_done(&out);
}

static void test_authz_condition__every_operator_has_a_row(void **state)
{
    struct buf seen;

    (void)state;
    buf_init(&seen, 1 << 16);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        buf_add_z(&seen, rows[i].condition);
    for (unsigned i = 0; operation_at(i); i++)
        if (str_search(buf_str(&seen), str_z(operation_at(i)->name)) < 0)
            fail_msg("%s is not tested", operation_at(i)->name);
    buf_done(&seen);
}

static void test_authz_condition__names_are_put_together_again(void **state)
{
    struct condition c = {.op = 4, .flags = COND_ANY | COND_IF_EXISTS};
    struct buf name;

    (void)state;
    buf_init(&name, 80);
    add_operator_name(&c, &name);
    assert_str_equal(buf_str(&name), S("ForAnyValue:StringLikeIfExists"));
    buf_done(&name);
}

/* What C would read as the end of a text is no end of an address. */
static void test_authz_condition__addresses_have_no_nul(void **state)
{
    struct cidr net;

    (void)state;
    assert_true(parse_cidr(S("10.0.0.1/8"), &net));
    assert_int_equal(net.prefix, 8);
    assert_false(parse_cidr(S("10.0.0.1\0x"), &net));
    assert_false(parse_cidr(S("10.0.0.1\0/8"), &net));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authz_condition__every_row_holds_as_written),
        cmocka_unit_test(test_authz_condition__every_operator_has_a_row),
        cmocka_unit_test(test_authz_condition__addresses_have_no_nul),
        cmocka_unit_test(test_authz_condition__names_are_put_together_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
