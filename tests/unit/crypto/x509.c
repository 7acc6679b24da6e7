/* SPDX-License-Identifier: MIT */
/* The CA and its leaves, judged by other people's verifiers: openssl verify, and Python's ssl module as a client. */
#include "test.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "crypto/x509.h"

extern char **environ;

struct fixture {
    struct arena *a, *secrets;
    char dir[32];
    str ca_key, ca_cert, key, public;
    struct x509_ca ca;
    struct err e;
};

static void put(struct fixture *f, const char *name, str text)
{
    int fd = open(arena_printf(f->a, "%s/%s", f->dir, name).p, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    close(fd);
}

static int run_quietly(const char *const argv[])
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static const char *path_of(struct fixture *f, const char *name)
{
    return arena_printf(f->a, "%s/%s", f->dir, name).p;
}

static int verify(struct fixture *f, const char *hostname, const char *ip)
{
    const char *argv[] = {"openssl",
                          "verify",
                          "-x509_strict",
                          "-purpose",
                          "sslserver",
                          "-CAfile",
                          path_of(f, "ca.pem"),
                          hostname ? "-verify_hostname" : "-verify_ip",
                          hostname ? hostname : ip,
                          path_of(f, "leaf.pem"),
                          NULL};
    return run_quietly(argv);
}

static void issue(struct fixture *f, const str *names, size_t n)
{
    str der;

    assert_true(is_ok(x509_issue_leaf(&f->ca, names, n, f->public, 30, f->a, &der, &f->e)));
    put(f, "leaf.pem", x509_pem(f->a, S("CERTIFICATE"), der));
}

static int setup(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct fixture *f = ARENA_NEW(a, struct fixture);

    f->a = a;
    f->secrets = arena_new_secret(1 << 20);
    str_to_z(S("/tmp/bk-x509-XXXXXX"), f->dir, sizeof f->dir);
    assert_non_null(mkdtemp(f->dir));
    assert_true(is_ok(x509_make_ca(f->secrets, &f->ca_key, a, &f->ca_cert, &f->e)));
    assert_true(is_ok(x509_ca_load(&f->ca, f->ca_key, f->ca_cert, &f->e)));
    assert_true(is_ok(x509_make_key_pair(f->secrets, &f->key, a, &f->public, &f->e)));
    put(f, "ca.pem", x509_pem(a, S("CERTIFICATE"), f->ca_cert));
    put(f, "key.pem", x509_pem(f->secrets, S("PRIVATE KEY"), f->key));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    const char *files[] = {"ca.pem", "key.pem", "leaf.pem"};

    for (size_t i = 0; i < 3; i++)
        unlink(path_of(f, files[i]));
    rmdir(f->dir);
    x509_ca_done(&f->ca);
    x509_ca_done(&f->ca);
    arena_free(f->secrets);
    arena_free(f->a);
    return 0;
}

static void test_crypto_x509__the_door_s_leaf_verifies_for_its_names_only(void **state)
{
    struct fixture *f = *state;
    const str names[] = {S("localhost"), S("127.0.0.1"), S("::1")};

    issue(f, names, 3);
    assert_int_equal(verify(f, "localhost", NULL), 0);
    assert_int_equal(verify(f, NULL, "127.0.0.1"), 0);
    assert_int_equal(verify(f, NULL, "::1"), 0);
    assert_int_not_equal(verify(f, "sts.amazonaws.com", NULL), 0);
    assert_int_not_equal(verify(f, NULL, "127.0.0.2"), 0);
}

static void test_crypto_x509__aws_names_verify(void **state)
{
    struct fixture *f = *state;
    const str names[] = {S("*.us-east-1.amazonaws.com"), S("*.s3.us-east-1.amazonaws.com"), S("amazonaws.com"),
                         S("d-1.studio.us-east-1.sagemaker.aws"), S("x.barmkin.internal")};

    issue(f, names, 5);
    assert_int_equal(verify(f, "sts.us-east-1.amazonaws.com", NULL), 0);
    assert_int_equal(verify(f, "bucket.s3.us-east-1.amazonaws.com", NULL), 0);
    assert_int_equal(verify(f, "d-1.studio.us-east-1.sagemaker.aws", NULL), 0);
    assert_int_not_equal(verify(f, "a.b.us-east-1.amazonaws.com", NULL), 0);
}

static void test_crypto_x509__python_client_accepts_the_leaf_and_refuses_other_names(void **state)
{
    struct fixture *f = *state;
    const str names[] = {S("localhost"), S("127.0.0.1")};
    const char *argv[] = {"/usr/bin/python3",    "tests/unit/crypto/x509_client.py",
                          path_of(f, "ca.pem"),  path_of(f, "leaf.pem"),
                          path_of(f, "key.pem"), NULL};

    issue(f, names, 2);
    assert_int_equal(run_quietly(argv), 0);
}

/* A CA whose own check were broken could still do no harm: clients judge the constraints themselves. */
static void test_crypto_x509__openssl_enforces_the_constraints(void **state)
{
    struct fixture *f = *state;
    const char *sign[] = {"openssl",
                          "x509",
                          "-req",
                          "-in",
                          path_of(f, "csr.pem"),
                          "-CA",
                          path_of(f, "ca.pem"),
                          "-CAkey",
                          path_of(f, "ca.key"),
                          "-set_serial",
                          "7",
                          "-days",
                          "5",
                          "-copy_extensions",
                          "copyall",
                          "-out",
                          path_of(f, "leaf.pem"),
                          NULL};
    const char *alt[] = {"subjectAltName=DNS:example.com", "subjectAltName=DNS:evilamazonaws.com",
                         "subjectAltName=IP:10.0.0.1", "subjectAltName=DNS:sts.amazonaws.com"};
    const char *host[] = {"example.com", "evilamazonaws.com", NULL, "sts.amazonaws.com"};

    put(f, "ca.key", x509_pem(f->secrets, S("PRIVATE KEY"), f->ca_key));
    for (size_t i = 0; i < 4; i++) {
        const char *request[] = {"openssl",    "req",     "-new", "-key", path_of(f, "key.pem"), "-subj",
                                 "/CN=a leaf", "-addext", alt[i], "-out", path_of(f, "csr.pem"), NULL};
        assert_int_equal(run_quietly(request), 0);
        assert_int_equal(run_quietly(sign), 0);
        const char *check[] = {"openssl",
                               "verify",
                               "-CAfile",
                               path_of(f, "ca.pem"),
                               host[i] ? "-verify_hostname" : "-verify_ip",
                               host[i] ? host[i] : "10.0.0.1",
                               path_of(f, "leaf.pem"),
                               NULL};
        assert_int_equal(run_quietly(check) == 0, i == 3);
    }
    unlink(path_of(f, "csr.pem"));
    unlink(path_of(f, "ca.key"));
}

static void test_crypto_x509__names_outside_are_rejected(void **state)
{
    struct fixture *f = *state;
    const str bad[] = {S("example.com"),
                       S("evilamazonaws.com"),
                       S("amazonaws.com.evil.org"),
                       S("10.0.0.1"),
                       S("::2"),
                       S("128.0.0.1"),
                       S(""),
                       S("*"),
                       S("*.com"),
                       S("a.*.amazonaws.com"),
                       S("LOCALHOST"),
                       S("localhost."),
                       S(".localhost"),
                       S("x,DNS:example.com.localhost"),
                       S("local\0host"),
                       S("-a.localhost"),
                       S("127.0.0.1\0"),
                       S("127.1"),
                       S("localhost\nDNS:example.com"),
                       S("a..localhost")};
    str der;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_false(x509_name_permitted(bad[i]));
        assert_int_equal(x509_issue_leaf(&f->ca, &bad[i], 1, f->public, 30, f->a, &der, &e).why, WHY_REJECT);
    }
    assert_false(x509_name_permitted(STR_ABSENT));
}

static void test_crypto_x509__other_bad_input_is_rejected(void **state)
{
    struct fixture *f = *state;
    const str ok = S("localhost");
    str der;

    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 0, f->public, 30, f->a, &der, NULL).why, WHY_REJECT);
    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 65, f->public, 30, f->a, &der, NULL).why, WHY_REJECT);
    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 1, f->public, 0, f->a, &der, NULL).why, WHY_REJECT);
    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 1, f->public, 398, f->a, &der, NULL).why, WHY_REJECT);
    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 1, S("no key"), 3, f->a, &der, NULL).why, WHY_REJECT);
    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 1, STR_ABSENT, 3, f->a, &der, NULL).why, WHY_REJECT);
    str longer = arena_cat(f->a, f->public, S("x"));
    assert_int_equal(x509_issue_leaf(&f->ca, &ok, 1, longer, 3, f->a, &der, NULL).why, WHY_REJECT);
    for (size_t n = 0; n < f->public.n; n++)
        assert_int_equal(x509_issue_leaf(&f->ca, &ok, 1, str_n(f->public.p, n), 3, f->a, &der, NULL).why, WHY_REJECT);
}

static void test_crypto_x509__validity_and_mismatched_ca(void **state)
{
    struct fixture *f = *state;
    int64_t from, until, now = time_wall_ms(), day = 86400000;
    struct x509_ca other;
    const str ok = S("localhost");
    str der;

    assert_true(is_ok(x509_issue_leaf(&f->ca, &ok, 1, f->public, 30, f->a, &der, &f->e)));
    assert_true(is_ok(x509_validity(der, &from, &until, &f->e)));
    assert_in_range(now - from, 299000, 330000);
    assert_true(until > now + 30 * day - 60000 && until < now + 30 * day + 60000);
    assert_true(is_ok(x509_validity(f->ca_cert, &from, &until, &f->e)));
    assert_true(until > now + 3649 * day);
    assert_int_equal(x509_validity(S("x"), &from, &until, NULL).why, WHY_REJECT);
    assert_int_equal(x509_ca_load(&other, f->key, f->ca_cert, NULL).why, WHY_OOPS);
    assert_int_equal(x509_ca_load(&other, S("x"), f->ca_cert, NULL).why, WHY_OOPS);
}

static void test_crypto_x509__pem_has_lines_of_64(void **state)
{
    struct fixture *f = *state;
    char bytes[49] = {0};

    assert_str_equal(x509_pem(f->a, S("X"), str_n(bytes, 3)), S("-----BEGIN X-----\nAAAA\n-----END X-----\n"));
    assert_str_equal(x509_pem(f->a, S("X"), str_n(bytes, 48)),
                     S("-----BEGIN X-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                       "-----END X-----\n"));
    assert_str_equal(x509_pem(f->a, S("X"), str_n(bytes, 49)),
                     S("-----BEGIN X-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                       "AA==\n-----END X-----\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crypto_x509__the_door_s_leaf_verifies_for_its_names_only),
        cmocka_unit_test(test_crypto_x509__aws_names_verify),
        cmocka_unit_test(test_crypto_x509__python_client_accepts_the_leaf_and_refuses_other_names),
        cmocka_unit_test(test_crypto_x509__openssl_enforces_the_constraints),
        cmocka_unit_test(test_crypto_x509__names_outside_are_rejected),
        cmocka_unit_test(test_crypto_x509__other_bad_input_is_rejected),
        cmocka_unit_test(test_crypto_x509__validity_and_mismatched_ca),
        cmocka_unit_test(test_crypto_x509__pem_has_lines_of_64),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
