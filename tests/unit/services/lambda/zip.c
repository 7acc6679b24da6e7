/* SPDX-License-Identifier: MIT */
/* What front knows of zips: that it is one, how much is in it, how to make one. */
#include "test.h"

#include <string.h>

#include "services/lambda/zip.h"

static bool read_bytes(void *ctx, uint64_t offset, void *dst, size_t n)
{
    const str *zip = ctx;

    if (offset > zip->n || n > zip->n - offset)
        return false;
    memcpy(dst, zip->p + offset, n);
    return true;
}

static bool is_zip(str zip, struct zip_facts *facts)
{
    struct zip_source s = {read_bytes, &zip, zip.n};

    return zip_read(&s, facts);
}

static void test_services_lambda_zip__what_is_made_is_read_back(void **state)
{
    struct zip_facts facts;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    zip_one(&b, S("index.py"), S("x = 1\n"));
    assert_true(is_zip(buf_str(&b), &facts));
    assert_int_equal(facts.entries, 1);
    assert_int_equal(facts.unpacked_bytes, 6);
    buf_done(&b);
}

static void test_services_lambda_zip__a_comment_behind_it_is_fine(void **state)
{
    struct zip_facts facts;
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    zip_one(&b, S("a"), S(""));
    b.p[b.n - 2] = (char)0xff;
    b.p[b.n - 1] = (char)0xff;
    for (int i = 0; i < 65535; i++)
        buf_add_char(&b, 'c');
    assert_true(is_zip(buf_str(&b), &facts));
    buf_add_char(&b, 'c'); /* one byte that no length accounts for */
    assert_false(is_zip(buf_str(&b), &facts));
    buf_done(&b);
}

static void test_services_lambda_zip__every_cut_is_noticed(void **state)
{
    struct zip_facts facts;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    zip_one(&b, S("index.py"), S("print(1)"));
    for (size_t n = 0; n < b.n; n++) {
        assert_false(is_zip(str_sub(buf_str(&b), 0, n), &facts));
        assert_false(is_zip(str_from(buf_str(&b), n + 1), &facts));
    }
    buf_done(&b);
}

static void test_services_lambda_zip__claims_of_zip64_are_refused(void **state)
{
    struct zip_facts facts;
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    zip_one(&b, S("a"), S("b"));
    memset(b.p + b.n - 14, 0xff, 4); /* how many entries: 65535 says "see elsewhere" */
    assert_false(is_zip(buf_str(&b), &facts));
    buf_done(&b);
    assert_false(is_zip(S(""), &facts));
    assert_false(is_zip(S("no zip at all, and long enough to be one"), &facts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services_lambda_zip__what_is_made_is_read_back),
        cmocka_unit_test(test_services_lambda_zip__a_comment_behind_it_is_fine),
        cmocka_unit_test(test_services_lambda_zip__every_cut_is_noticed),
        cmocka_unit_test(test_services_lambda_zip__claims_of_zip64_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
