/* SPDX-License-Identifier: MIT */
/* The sealed forms and the root key file: wrong domain, aad, key, context or bit, and nothing opens. */
#include "test.h"

#include <string.h>

#include "crypto/hash.h"
#include "vault/blob.h"
#include "vault/seal.h"
#include "vault/vault.h"

struct fixture {
    struct arena *a, *secrets;
    struct root root;
    struct aead x;
};

static const char arn[] = "arn:aws:kms:us-east-1:111122223333:key/k";
static const uint8_t material[KMS_MATERIAL_BYTES] = {7};

static int setup(void **state)
{
    struct arena *secrets = arena_new_secret(32 << 20);
    struct fixture *f = ARENA_NEW(secrets, struct fixture);
    uint8_t zero[AEAD_KEY_BYTES] = {0};

    f->secrets = secrets;
    f->a = arena_new(32 << 20);
    aead_init(&f->x, zero);
    assert_true(is_ok(root_parse_file(root_make_file(secrets), &f->root, NULL)));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    aead_done(&f->x);
    arena_free(f->a);
    arena_free(f->secrets);
    return 0;
}

static void test_vault_seal__only_the_same_domain_and_aad_open(void **state)
{
    struct fixture *f = *state;
    str sealed = seal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), S("plain"), f->a), plain;

    assert_true(unseal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), sealed, f->a, &plain));
    assert_str_equal(plain, S("plain"));
    assert_false(unseal_bytes(&f->x, &f->root, S("wrap/y"), S("aad"), sealed, f->a, &plain));
    assert_false(unseal_bytes(&f->x, &f->root, S("wrap/x"), S("aae"), sealed, f->a, &plain));
    assert_false(unseal_bytes(&f->x, &f->root, S("wrap/x"), S(""), sealed, f->a, &plain));
    struct root other;
    assert_true(is_ok(root_parse_file(root_make_file(f->secrets), &other, NULL)));
    assert_false(unseal_bytes(&f->x, &other, S("wrap/x"), S("aad"), sealed, f->a, &plain));
    str again = seal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), S("plain"), f->a);
    assert_false(str_eq(sealed, again)); /* a nonce of its own */
}

static void test_vault_seal__every_flipped_bit_and_every_cut_is_refused(void **state)
{
    struct fixture *f = *state;
    str sealed = seal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), S("plain"), f->a), plain;
    char *p = arena_z(f->a, sealed);

    for (size_t bit = 0; bit < sealed.n * 8; bit++) {
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
        assert_false(unseal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), str_n(p, sealed.n), f->a, &plain));
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t n = 0; n < sealed.n; n++)
        assert_false(unseal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), str_n(p, n), f->a, &plain));
    assert_true(unseal_bytes(&f->x, &f->root, S("wrap/x"), S("aad"), str_n(p, sealed.n), f->a, &plain));
}

static void test_vault_seal__kms_binds_arn_context_and_material(void **state)
{
    struct fixture *f = *state;
    uint8_t other[KMS_MATERIAL_BYTES] = {8};
    str blob = seal_kms(&f->x, material, str_z(arn), S("{\"a\":\"b\"}"), S("secret"), f->a), plain, named;

    assert_true(unseal_kms(&f->x, material, str_z(arn), S("{\"a\":\"b\"}"), blob, f->a, &plain));
    assert_str_equal(plain, S("secret"));
    assert_false(unseal_kms(&f->x, material, str_z(arn), S("{\"a\":\"c\"}"), blob, f->a, &plain));
    assert_false(unseal_kms(&f->x, material, str_z(arn), S(""), blob, f->a, &plain));
    assert_false(unseal_kms(&f->x, material, S("arn:aws:kms:us-east-1:111122223333:key/j"), S("{\"a\":\"b\"}"), blob,
                            f->a, &plain));
    assert_false(unseal_kms(&f->x, other, str_z(arn), S("{\"a\":\"b\"}"), blob, f->a, &plain));
    assert_true(vault_kms_key_of(blob, &named));
    assert_str_equal(named, str_z(arn));
    assert_null(memmem(blob.p, blob.n, "secret", 6));
}

static void test_vault_seal__kms_every_flipped_bit_and_every_cut_is_refused(void **state)
{
    struct fixture *f = *state;
    str blob = seal_kms(&f->x, material, str_z(arn), S("c"), S("secret"), f->a), plain, named;
    char *p = arena_z(f->a, blob);

    for (size_t bit = 0; bit < blob.n * 8; bit++) {
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
        assert_false(unseal_kms(&f->x, material, str_z(arn), S("c"), str_n(p, blob.n), f->a, &plain));
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t n = 0; n < blob.n; n++) {
        assert_false(unseal_kms(&f->x, material, str_z(arn), S("c"), str_n(p, n), f->a, &plain));
        if (n < blob.n - 6) /* shorter than any blob with this ARN could be */
            assert_false(vault_kms_key_of(str_n(p, n), &named));
    }
    assert_false(vault_kms_key_of(STR_ABSENT, &named));
}

/* The context's bytes must not be able to pass for the end of the head, nor the other way round. */
static void test_vault_seal__kms_head_and_context_cannot_be_shifted(void **state)
{
    struct fixture *f = *state;
    str one = seal_kms(&f->x, material, S("arn:a"), S("bc"), S("p"), f->a), plain;
    char *p = arena_alloc(f->a, one.n + 1);

    memcpy(p, one.p, 3);
    p[2] = 6;
    memcpy(p + 3, "arn:ab", 6);
    memcpy(p + 9, one.p + 8, one.n - 8);
    assert_false(unseal_kms(&f->x, material, S("arn:ab"), S("c"), str_n(p, one.n + 1), f->a, &plain));
}

static void test_vault_seal__root_file_refuses_every_flipped_bit(void **state)
{
    struct fixture *f = *state;
    str file = root_make_file(f->secrets);
    char *p = arena_z(f->secrets, file);
    struct root root;

    for (size_t bit = 0; bit < file.n * 8; bit++) {
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(root_parse_file(str_n(p, file.n), &root, NULL).why, WHY_OOPS);
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t n = 0; n < file.n; n++)
        assert_int_equal(root_parse_file(str_n(p, n), &root, NULL).why, WHY_OOPS);
    assert_true(is_ok(root_parse_file(file, &root, NULL)));
}

/* What rotation will do: a second key is added, seals from then on, and the first still opens. */
static void test_vault_seal__an_older_root_key_still_opens(void **state)
{
    struct fixture *f = *state;
    str one = root_make_file(f->secrets), two = root_make_file(f->secrets), plain;
    char *p = arena_alloc(f->secrets, one.n + 36);
    struct root first, both;
    size_t body = 12 + 2 * 36;

    memcpy(p, one.p, 12 + 36);
    p[11] = 2;
    memcpy(p + 12 + 36, two.p + 12, 36);
    p[12 + 36 + 3] = 2; /* epoch 2 */
    hash_sha256(str_n(p, body), (uint8_t *)p + body);
    assert_true(is_ok(root_parse_file(one, &first, NULL)));
    assert_true(is_ok(root_parse_file(str_n(p, body + 32), &both, NULL)));
    str old = seal_bytes(&f->x, &first, S("d"), S(""), S("old"), f->a);
    assert_true(unseal_bytes(&f->x, &both, S("d"), S(""), old, f->a, &plain));
    str new = seal_bytes(&f->x, &both, S("d"), S(""), S("new"), f->a);
    assert_false(unseal_bytes(&f->x, &first, S("d"), S(""), new, f->a, &plain));
    assert_true(unseal_bytes(&f->x, &both, S("d"), S(""), new, f->a, &plain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vault_seal__only_the_same_domain_and_aad_open),
        cmocka_unit_test(test_vault_seal__every_flipped_bit_and_every_cut_is_refused),
        cmocka_unit_test(test_vault_seal__kms_binds_arn_context_and_material),
        cmocka_unit_test(test_vault_seal__kms_every_flipped_bit_and_every_cut_is_refused),
        cmocka_unit_test(test_vault_seal__kms_head_and_context_cannot_be_shifted),
        cmocka_unit_test(test_vault_seal__root_file_refuses_every_flipped_bit),
        cmocka_unit_test(test_vault_seal__an_older_root_key_still_opens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
