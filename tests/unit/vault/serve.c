/* SPDX-License-Identifier: MIT */
/* The role as a process of its own behind socketpairs: each call there and back, bad peers, and what reaches the disk.
 */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/time.h"
#include "crypto/hmac.h"
#include "crypto/x509.h"
#include "vault/pipe.h"
#include "vault/server.h"
#include "vault/vault.h"
#include "vault/volume_key.h"
#include "warden/message.h"

#define ARN S("arn:aws:kms:us-east-1:111122223333:key/k")
#define CONTEXT S("{\"a\":\"b\"}")

struct role {
    struct arena *a, *secrets;
    char dir[48];
    pid_t pid;
    int control, warden, raw; /* our ends */
    struct vault *v;
    struct err e;
};

static void pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void start(struct role *r)
{
    int front[2], second[2], control[2], warden[2];

    pair(front), pair(second), pair(control), pair(warden);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid == 0) {
        struct err e = {0};
        int fds[] = {front[1], second[1]};
        close(front[0]), close(second[0]), close(control[0]), close(warden[0]);
        _exit(is_ok(vault_serve(r->dir, fds, 2, warden[1], control[1], &e)) ? 0 : 1);
    }
    close(front[1]), close(second[1]), close(control[1]), close(warden[1]);
    r->v = vault_client_new(front[0]);
    r->raw = second[0], r->control = control[0], r->warden = warden[0];
}

static int stop(struct role *r)
{
    int status = -1;

    if (r->control >= 0)
        close(r->control);
    if (r->pid > 0)
        waitpid(r->pid, &status, 0);
    vault_client_free(r->v);
    close(r->raw);
    close(r->warden);
    r->pid = r->control = r->raw = r->warden = -1;
    r->v = NULL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int setup(void **state)
{
    struct arena *a = arena_new(32 << 20);
    struct role *r = ARENA_NEW(a, struct role);

    r->a = a;
    r->secrets = arena_new_secret(32 << 20);
    str_to_z(S("/tmp/bk-vault-XXXXXX"), r->dir, sizeof r->dir);
    assert_non_null(mkdtemp(r->dir));
    assert_true(is_ok(vault_init(r->dir, &r->e)));
    start(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct role *r = *state;
    const char *files[] = {"root.key", "ca.key", "ca.der"};

    if (r->pid > 0)
        kill(r->pid, SIGKILL);
    stop(r);
    for (size_t i = 0; i < 3; i++)
        unlink(arena_printf(r->a, "%s/%s", r->dir, files[i]).p);
    rmdir(r->dir);
    arena_free(r->secrets);
    arena_free(r->a);
    return 0;
}

static void fine(struct role *r, res got)
{
    if (!is_ok(got))
        fail_msg("%s", r->e.what);
}

static void test_vault_serve__wrap_and_unwrap(void **state)
{
    struct role *r = *state;
    str sealed, plain;

    fine(r, vault_wrap(r->v, S("blob"), S("aad"), S("plain"), r->a, &sealed, &r->e));
    fine(r, vault_unwrap(r->v, S("blob"), S("aad"), sealed, r->secrets, &plain, &r->e));
    assert_str_equal(plain, S("plain"));
    assert_int_equal(vault_unwrap(r->v, S("blib"), S("aad"), sealed, r->secrets, &plain, NULL).why, WHY_REJECT);
    assert_int_equal(vault_unwrap(r->v, S("blob"), S("aae"), sealed, r->secrets, &plain, NULL).why, WHY_REJECT);
    assert_int_equal(vault_unwrap(r->v, S("blob"), S("aad"), S("x"), r->secrets, &plain, NULL).why, WHY_REJECT);
    assert_int_equal(vault_wrap(r->v, S("Not a purpose"), S(""), S(""), r->a, &sealed, NULL).why, WHY_REJECT);
    assert_int_equal(vault_wrap(r->v, S(""), S(""), S(""), r->a, &sealed, NULL).why, WHY_REJECT);
    fine(r, vault_wrap(r->v, S("blob"), STR_ABSENT, STR_ABSENT, r->a, &sealed, &r->e));
    fine(r, vault_unwrap(r->v, S("blob"), S(""), sealed, r->secrets, &plain, &r->e));
    assert_int_equal(plain.n, 0);
}

static void test_vault_serve__sizes_up_to_the_limit(void **state)
{
    struct role *r = *state;
    size_t sizes[] = {8000, 16300, 16384, 20000, 100000, 1000000};
    char *big = arena_alloc(r->a, 2 << 20);
    str sealed, plain;

    memset(big, 'x', 2 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fine(r, vault_wrap(r->v, S("p"), S(""), str_n(big, sizes[i]), r->a, &sealed, &r->e));
        fine(r, vault_unwrap(r->v, S("p"), S(""), sealed, r->secrets, &plain, &r->e));
        assert_true(str_eq(plain, str_n(big, sizes[i])));
    }
    assert_int_equal(vault_wrap(r->v, S("p"), S(""), str_n(big, 2 << 20), r->a, &sealed, NULL).why, WHY_REJECT);
    /* Fits as a question, not as its answer. */
    assert_int_equal(vault_wrap(r->v, S("p"), S(""), str_n(big, (1 << 20) - 25), r->a, &sealed, NULL).why, WHY_REJECT);
    fine(r, vault_wrap(r->v, S("p"), S(""), S("still in step"), r->a, &sealed, &r->e));
}

static void test_vault_serve__access_keys_sign_without_leaving(void **state)
{
    struct role *r = *state;
    str secret, sealed, again, plain;
    uint8_t key[32], want[32], mac[20], want_mac[20];
    const str chain[] = {S("us-east-1"), S("iam"), S("aws4_request")};

    fine(r, vault_new_secret(r->v, S("AKIA1"), r->secrets, &secret, r->a, &sealed, &r->e));
    assert_int_equal(secret.n, 40);
    assert_true(str_all(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
    fine(r, vault_new_secret(r->v, S("AKIA1"), r->secrets, &again, r->a, &plain, &r->e));
    assert_false(str_eq(secret, again));
    hmac_sha256(arena_cat(r->secrets, S("AWS4"), secret), S("20150830"), want);
    for (size_t i = 0; i < 3; i++)
        hmac_sha256(str_n((char *)want, 32), chain[i], want);
    fine(r, vault_signing_key(r->v, S("AKIA1"), sealed, S("20150830"), S("us-east-1"), S("iam"), key, &r->e));
    assert_memory_equal(key, want, 32);
    hmac_sha1(secret, S("GET\n"), want_mac);
    fine(r, vault_sign_v2(r->v, S("AKIA1"), sealed, S("GET\n"), mac, &r->e));
    assert_memory_equal(mac, want_mac, 20);
    assert_int_equal(
        vault_signing_key(r->v, S("AKIA2"), sealed, S("20150830"), S("us-east-1"), S("iam"), key, NULL).why,
        WHY_REJECT);
    assert_int_equal(vault_sign_v2(r->v, S("AKIA2"), sealed, S("GET\n"), mac, NULL).why, WHY_REJECT);
    /* Not even a purpose of the same name opens it. */
    assert_int_equal(vault_unwrap(r->v, S("access-key"), S("AKIA1"), sealed, r->secrets, &plain, NULL).why, WHY_REJECT);
    assert_int_equal(vault_unwrap(r->v, S("../access-key"), S("AKIA1"), sealed, r->secrets, &plain, NULL).why,
                     WHY_REJECT);
}

static void test_vault_serve__tokens_refuse_every_flipped_bit(void **state)
{
    struct role *r = *state;
    str token, claims;

    fine(r, vault_seal_token(r->v, S("{\"arn\":\"x\"}"), r->a, &token, &r->e));
    fine(r, vault_open_token(r->v, token, r->a, &claims, &r->e));
    assert_str_equal(claims, S("{\"arn\":\"x\"}"));
    char *p = arena_z(r->a, token);
    for (size_t bit = 0; bit < token.n * 8; bit++) {
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(vault_open_token(r->v, str_n(p, token.n), r->a, &claims, NULL).why, WHY_REJECT);
        p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t n = 0; n < token.n; n++)
        assert_int_equal(vault_open_token(r->v, str_n(p, n), r->a, &claims, NULL).why, WHY_REJECT);
    assert_int_equal(vault_open_token(r->v, STR_ABSENT, r->a, &claims, NULL).why, WHY_REJECT);
}

/* The clock of the role is moved by starting it anew under another offset: the state folder is the same. */
static void test_vault_serve__token_keys_are_retired(void **state)
{
    struct role *r = *state;
    const int64_t day = 86400000;
    str token, claims;

    fine(r, vault_seal_token(r->v, S("c"), r->a, &token, &r->e));
    for (int days = -2; days <= 4; days++) {
        stop(r);
        time_set_offset_ms(days * day);
        start(r);
        time_set_offset_ms(0);
        res got = vault_open_token(r->v, token, r->a, &claims, NULL);
        assert_int_equal(got.why, days >= -1 && days <= 2 ? WHY_OK : WHY_REJECT);
    }
}

static void test_vault_serve__kms(void **state)
{
    struct role *r = *state;
    str material, other, blob, plain, named, data_key;

    fine(r, vault_kms_new_key(r->v, ARN, r->a, &material, &r->e));
    fine(r, vault_kms_new_key(r->v, ARN, r->a, &other, &r->e));
    fine(r, vault_kms_encrypt(r->v, ARN, material, CONTEXT, S("hello"), r->a, &blob, &r->e));
    assert_true(vault_kms_key_of(blob, &named));
    assert_str_equal(named, ARN);
    fine(r, vault_kms_decrypt(r->v, ARN, material, CONTEXT, blob, r->secrets, &plain, &r->e));
    assert_str_equal(plain, S("hello"));
    assert_int_equal(vault_kms_decrypt(r->v, ARN, other, CONTEXT, blob, r->secrets, &plain, NULL).why, WHY_REJECT);
    assert_int_equal(vault_kms_decrypt(r->v, ARN, material, S("{}"), blob, r->secrets, &plain, NULL).why, WHY_REJECT);
    assert_int_equal(vault_kms_decrypt(r->v, S("arn:j"), material, CONTEXT, blob, r->secrets, &plain, NULL).why,
                     WHY_REJECT);
    assert_int_equal(vault_kms_decrypt(r->v, S("no arn"), material, CONTEXT, blob, r->secrets, &plain, NULL).why,
                     WHY_REJECT);
    assert_int_equal(vault_kms_new_key(r->v, S("no arn"), r->a, &other, NULL).why, WHY_REJECT);
    fine(r, vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, 32, r->secrets, &data_key, r->a, &blob, &r->e));
    assert_int_equal(data_key.n, 32);
    fine(r, vault_kms_decrypt(r->v, ARN, material, CONTEXT, blob, r->secrets, &plain, &r->e));
    assert_true(str_eq(plain, data_key));
    fine(r, vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, 16, NULL, NULL, r->a, &blob, &r->e));
    fine(r, vault_kms_decrypt(r->v, ARN, material, CONTEXT, blob, r->secrets, &plain, &r->e));
    assert_int_equal(plain.n, 16);
    size_t bad[] = {0, 1025, SIZE_MAX};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, bad[i], NULL, NULL, r->a, &blob, NULL).why,
            WHY_REJECT);
}

static void test_vault_serve__certificates(void **state)
{
    struct role *r = *state;
    str ca, private, public, leaf;
    const str names[] = {S("localhost"), S("127.0.0.1")}, bad[] = {S("localhost"), S("example.com")},
              lines[] = {S("localhost\nexample.com")};
    int64_t from, until;

    fine(r, vault_ca_certificate(r->v, r->a, &ca, &r->e));
    fine(r, x509_make_key_pair(r->secrets, &private, r->a, &public, &r->e));
    fine(r, vault_issue_leaf(r->v, names, 2, public, 30, r->a, &leaf, &r->e));
    fine(r, x509_validity(leaf, &from, &until, &r->e));
    assert_int_equal((until - from) / 86400000, 30);
    assert_int_equal(vault_issue_leaf(r->v, bad, 2, public, 30, r->a, &leaf, NULL).why, WHY_REJECT);
    assert_int_equal(vault_issue_leaf(r->v, lines, 1, public, 30, r->a, &leaf, NULL).why, WHY_REJECT);
    assert_int_equal(vault_issue_leaf(r->v, names, 0, public, 30, r->a, &leaf, NULL).why, WHY_REJECT);
    assert_int_equal(vault_issue_leaf(r->v, names, 2, public, -1, r->a, &leaf, NULL).why, WHY_REJECT);
    assert_int_equal(vault_issue_leaf(r->v, names, 2, S("x"), 30, r->a, &leaf, NULL).why, WHY_REJECT);
}

static void test_vault_serve__macs_depend_on_purpose_and_bytes_and_survive_a_restart(void **state)
{
    struct role *r = *state;
    uint8_t one[32], two[32];

    fine(r, vault_mac(r->v, S("audit"), S("head"), one, &r->e));
    fine(r, vault_mac(r->v, S("other"), S("head"), two, &r->e));
    assert_memory_not_equal(one, two, 32);
    fine(r, vault_mac(r->v, S("audit"), S("heae"), two, &r->e));
    assert_memory_not_equal(one, two, 32);
    assert_int_equal(stop(r), 0);
    start(r);
    fine(r, vault_mac(r->v, S("audit"), S("head"), two, &r->e));
    assert_memory_equal(one, two, 32);
}

struct warden_stub {
    int fd;
    int32_t why;
    struct volume_key_message got;
};

static void *warden_stub(void *arg)
{
    struct warden_stub *w = arg;
    struct message_head head = {.body_bytes = sizeof(struct message_outcome), .type = VOLUME_KEY_TYPE | MESSAGE_REPLY};
    struct message_outcome outcome = {.why = w->why, .what = "no such volume"};

    if (recv(w->fd, &w->got, sizeof w->got, MSG_WAITALL) != sizeof w->got)
        return NULL;
    head.request = w->got.request;
    if (send(w->fd, &head, sizeof head, 0) != sizeof head || send(w->fd, &outcome, sizeof outcome, 0) < 0)
        return NULL;
    return w;
}

static res release(struct role *r, struct warden_stub *w, str material, str blob, str id, bool expect_message)
{
    pthread_t thread;
    void *heard = NULL;

    if (expect_message)
        assert_int_equal(pthread_create(&thread, NULL, warden_stub, w), 0);
    res got = vault_release_volume_key(r->v, ARN, material, CONTEXT, blob, id, &r->e);
    if (expect_message) {
        pthread_join(thread, &heard);
        assert_non_null(heard);
    }
    return got;
}

static void test_vault_serve__a_volume_key_goes_to_warden_only(void **state)
{
    struct role *r = *state;
    struct warden_stub w = {.fd = r->warden};
    str material, blob, short_blob, plain;

    fine(r, vault_kms_new_key(r->v, ARN, r->a, &material, &r->e));
    fine(r, vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, 64, NULL, NULL, r->a, &blob, &r->e));
    fine(r, vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, 32, NULL, NULL, r->a, &short_blob, &r->e));
    fine(r, release(r, &w, material, blob, S("vol-1"), true));
    fine(r, vault_kms_decrypt(r->v, ARN, material, CONTEXT, blob, r->secrets, &plain, &r->e));
    assert_memory_equal(w.got.body.key, plain.p, 64);
    assert_string_equal(w.got.body.volume_id, "vol-1");
    assert_true(w.got.body.magic == VOLUME_KEY_MAGIC && w.got.type == VOLUME_KEY_TYPE && w.got.n_fds == 0);
    assert_int_equal(w.got.body_bytes, sizeof w.got - sizeof(struct message_head));
    w.why = WHY_REJECT;
    assert_int_equal(release(r, &w, material, blob, S("vol-2"), true).why, WHY_REJECT);
    assert_string_equal(r->e.what, "no such volume");
    assert_int_equal(release(r, &w, material, short_blob, S("vol-3"), false).why, WHY_REJECT);
    assert_int_equal(release(r, &w, material, blob, S("../vol"), false).why, WHY_REJECT);
    assert_int_equal(release(r, &w, material, S("x"), S("vol-4"), false).why, WHY_REJECT);
}

static void test_vault_serve__a_dead_warden_is_an_oops_and_a_new_one_takes_its_place(void **state)
{
    struct role *r = *state;
    str material, blob;
    int fds[2];

    fine(r, vault_kms_new_key(r->v, ARN, r->a, &material, &r->e));
    fine(r, vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, 64, NULL, NULL, r->a, &blob, &r->e));
    close(r->warden);
    r->warden = -1;
    assert_int_equal(vault_release_volume_key(r->v, ARN, material, CONTEXT, blob, S("vol-1"), NULL).why, WHY_OOPS);
    pair(fds);
    fine(r, vault_control_send(r->control, VAULT_PIPE_TO_WARDEN, fds[1], &r->e));
    close(fds[1]);
    r->warden = fds[0];
    struct warden_stub w = {.fd = r->warden};
    res got = {WHY_OOPS};
    for (int i = 0; i < 100 && !is_ok(got); i++) { /* the control message is read by another thread */
        struct timespec pause = {.tv_nsec = 10000000};
        nanosleep(&pause, NULL);
        struct err before = {0};
        r->e = before;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, warden_stub, &w), 0);
        got = vault_release_volume_key(r->v, ARN, material, CONTEXT, blob, S("vol-1"), &r->e);
        if (!is_ok(got))
            pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
    fine(r, got);
    assert_string_equal(w.got.body.volume_id, "vol-1");
}

static void test_vault_serve__the_parent_hands_over_further_pipes(void **state)
{
    struct role *r = *state;
    str sealed, plain;

    fine(r, vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, &r->e));
    for (int i = 0; i < 3 * VAULT_PIPES_MAX; i++) { /* ended ones give their places back */
        int fds[2];
        pair(fds);
        fine(r, vault_control_send(r->control, VAULT_PIPE_TO_FRONT, fds[1], &r->e));
        close(fds[1]);
        vault_client_rebind(r->v, fds[0]);
        fine(r, vault_unwrap(r->v, S("p"), S(""), sealed, r->secrets, &plain, &r->e));
        assert_str_equal(plain, S("x"));
    }
}

static void test_vault_serve__a_client_knows_that_its_vault_is_lost_until_it_has_another(void **state)
{
    struct role *r = *state;
    str sealed;
    int dead[2], alive[2];

    pair(dead);
    close(dead[1]);
    assert_false(vault_client_lost(r->v));
    vault_client_rebind(r->v, dead[0]);
    assert_false(vault_client_lost(r->v)); /* not tried yet */
    assert_int_equal(vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, NULL).why, WHY_OOPS);
    assert_true(vault_client_lost(r->v));
    assert_int_equal(vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, NULL).why, WHY_OOPS);
    pair(dead);
    vault_client_rebind(r->v, dead[0]); /* replaced before it was used */
    pair(alive);
    fine(r, vault_control_send(r->control, VAULT_PIPE_TO_FRONT, alive[1], &r->e));
    close(alive[1]);
    vault_client_rebind(r->v, alive[0]);
    char byte;
    assert_int_equal(recv(dead[1], &byte, 1, 0), 0); /* closed by the client */
    close(dead[1]);
    assert_false(vault_client_lost(r->v));
    fine(r, vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, &r->e));
    assert_false(vault_client_lost(r->v));
}

static void test_vault_serve__ends_with_its_parent(void **state)
{
    struct role *r = *state;
    str sealed;

    close(r->control); /* with two pipes still open */
    r->control = -1;
    int status;
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    r->pid = -1;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, NULL).why, WHY_OOPS);
    assert_int_equal(vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, NULL).why, WHY_OOPS);
}

struct bad {
    const char *bytes;
    size_t n;
};
#define BAD(text)                                                                                                      \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

static void test_vault_serve__malformed_messages_end_the_role(void **state)
{
    struct role *r = *state;
    static const struct bad bad[] = {
        BAD("\4\0\0\0\0\0\0\0"),                           /* kind 0 */
        BAD("\4\0\0\0\377\0\0\0"),                         /* an unknown kind */
        BAD("\4\0\0\0\377\377\377\377"),                   /* the highest */
        BAD("\3\0\0\0\1\0\0"),                             /* too short for a kind */
        BAD("\0\0\0\0"),                                   /* empty */
        BAD("\377\377\377\377\1\0\0\0"),                   /* 4 GiB */
        BAD("\1\0\20\0\1\0\0\0"),                          /* just over 1 MiB */
        BAD("\4\0\0\0\15\0\0\0\4\0\0\0\15\0\0\0"),         /* two at once */
        BAD("\4\0\0\0\1\0\0\0"),                           /* wrap without fields */
        BAD("\10\0\0\0\15\0\0\0\0\0\0\0"),                 /* ca with a field */
        BAD("\6\0\0\0\15\0\0\0\0\0"),                      /* half a length */
        BAD("\10\0\0\0\10\0\0\0\1\0\0\0"),                 /* a field that passes the end */
        BAD("\10\0\0\0\10\0\0\0\377\377\377\377"),         /* by far */
        BAD("\20\0\0\0\16\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), /* a leaf whose number is empty */
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(send(r->raw, bad[i].bytes, bad[i].n, MSG_NOSIGNAL), bad[i].n);
        int status = 0;
        for (int wait_ms = 0; wait_ms < 5000; wait_ms += 5) {
            if (waitpid(r->pid, &status, WNOHANG) == r->pid)
                break;
            struct timespec pause = {.tv_nsec = 5000000};
            nanosleep(&pause, NULL);
            assert_true(wait_ms < 4990); /* it goes on as if nothing were wrong */
        }
        r->pid = -1;
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), VAULT_EXIT_MALFORMED);
        stop(r);
        start(r);
    }
}

static void test_vault_serve__a_peer_that_vanishes_in_mid_message_harms_nobody(void **state)
{
    struct role *r = *state;
    str sealed;

    assert_int_equal(send(r->raw, "\20\0\0\0\1\0\0", 7, MSG_NOSIGNAL), 7);
    close(r->raw);
    r->raw = -1;
    fine(r, vault_wrap(r->v, S("p"), S(""), S("x"), r->a, &sealed, &r->e));
}

static bool file_holds(int dir, const char *name, str needle)
{
    char bytes[65536];
    int fd = openat(dir, name, O_RDONLY);

    assert_true(fd >= 0);
    ssize_t n = read(fd, bytes, sizeof bytes);
    close(fd);
    assert_true(n > 0);
    return memmem(bytes, (size_t)n, needle.p, needle.n) != NULL;
}

static void test_vault_serve__nothing_planted_reaches_the_disk(void **state)
{
    struct role *r = *state;
    str secret, sealed, material, blob, plain;
    struct dirent *entry;
    size_t files = 0;

    fine(r, vault_new_secret(r->v, S("AKIA1"), r->secrets, &secret, r->a, &sealed, &r->e));
    fine(r, vault_wrap(r->v, S("p"), S(""), S("PLANTED-PLAINTEXT"), r->a, &material, &r->e));
    fine(r, vault_kms_new_key(r->v, ARN, r->a, &material, &r->e));
    fine(r, vault_kms_generate_data_key(r->v, ARN, material, CONTEXT, 32, r->secrets, &plain, r->a, &blob, &r->e));
    assert_null(memmem(sealed.p, sealed.n, secret.p, secret.n));
    assert_null(memmem(blob.p, blob.n, plain.p, 8));
    DIR *d = opendir(r->dir);
    while ((entry = readdir(d))) {
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        files++;
        assert_int_equal(fstatat(dirfd(d), entry->d_name, &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0400);
        const str planted[] = {secret, plain, S("PLANTED-PLAINTEXT")};
        for (size_t i = 0; i < 3; i++)
            assert_false(file_holds(dirfd(d), entry->d_name, planted[i]));
        /* A P-256 private key in PKCS#8 says so: the CA's must not be there in the clear. */
        assert_false(file_holds(dirfd(d), entry->d_name, S("\x30\x77\x02\x01\x01\x04\x20")));
        assert_false(file_holds(dirfd(d), entry->d_name, S("\x30\x6b\x02\x01\x01\x04\x20")));
    }
    closedir(d);
    assert_int_equal(files, 3);
}

/* The role's memory after use: ptrace is not for the role's own uid, but root (this test) may look. */
static void test_vault_serve__plaintext_is_wiped_from_memory(void **state)
{
    struct role *r = *state;
    char needle[] = "QLANTED-IN-MEMORY-0123456789"; /* as sent: first letter P */
    str sealed, plain, text;
    char line[256];

    text = arena_dup(r->secrets, S("QLANTED-IN-MEMORY-0123456789"));
    ((char *)(uintptr_t)text.p)[0] = 'P';
    fine(r, vault_wrap(r->v, S("p"), S(""), text, r->a, &sealed, &r->e));
    fine(r, vault_unwrap(r->v, S("p"), S(""), sealed, r->secrets, &plain, &r->e));
    uint8_t mac[32]; /* once more, so that the last answer was given and its traces wiped */
    fine(r, vault_mac(r->v, S("p"), S("x"), mac, &r->e));
    needle[0] = 'P';
    int mem = open(arena_printf(r->a, "/proc/%d/mem", (int)r->pid).p, O_RDONLY);
    FILE *maps = fopen(arena_printf(r->a, "/proc/%d/maps", (int)r->pid).p, "r");
    if (mem < 0 || !maps)
        skip(); /* not root */
    /* The child is a fork of this test: what it inherited it may hold. Only secret arenas made since count: anonymous
     * mappings. */
    size_t hits = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' || to - from > 64 << 20)
            continue;
        char *bytes = mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ssize_t n = pread(mem, bytes, to - from, (off_t)from);
        if (n > 0 && memmem(bytes, (size_t)n, needle, sizeof needle - 1))
            hits++;
        munmap(bytes, to - from);
    }
    fclose(maps);
    close(mem);
    assert_int_equal(hits, 0);
}

static void test_vault_serve__refuses_a_folder_that_is_not_whole(void **state)
{
    struct role *r = *state;
    struct err e = {0};
    char path[64];

    stop(r);
    str_to_z(arena_printf(r->a, "%s/root.key", r->dir), path, sizeof path);
    assert_int_equal(vault_init(r->dir, &e).why, WHY_REJECT); /* never a second root key */
    assert_int_equal(chmod(path, 0440), 0);
    start(r);
    assert_int_equal(stop(r), 1);
    assert_int_equal(chmod(path, 0600), 0);
    int fd = open(path, O_RDWR);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, 20), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 20), 1);
    close(fd);
    start(r);
    assert_int_equal(stop(r), 1);
    unlink(path);
    err_clear(&e);
    assert_true(is_ok(vault_init(r->dir, &e))); /* as after a crash before the root key was written */
    start(r);
}

static void test_vault_serve__a_call_takes_microseconds(void **state)
{
    struct role *r = *state;
    enum { N = 2000 };
    str sealed, secret;
    uint8_t key[32];

    fine(r, vault_new_secret(r->v, S("AKIA1"), r->secrets, &secret, r->a, &sealed, &r->e));
    int64_t from = time_mono_us();
    for (int i = 0; i < N; i++)
        fine(r, vault_signing_key(r->v, S("AKIA1"), sealed, S("20150830"), S("us-east-1"), S("iam"), key, &r->e));
    double us = (double)(time_mono_us() - from) / N;
    print_message("# vault_signing_key: %.1f us a call\n", us);
    assert_true(us < 2000); /* generous: the machine may be busy, sanitizers are slow */
}

int main(void)
{
#define ROLE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROLE_TEST(test_vault_serve__wrap_and_unwrap),
        ROLE_TEST(test_vault_serve__sizes_up_to_the_limit),
        ROLE_TEST(test_vault_serve__access_keys_sign_without_leaving),
        ROLE_TEST(test_vault_serve__tokens_refuse_every_flipped_bit),
        ROLE_TEST(test_vault_serve__token_keys_are_retired),
        ROLE_TEST(test_vault_serve__kms),
        ROLE_TEST(test_vault_serve__certificates),
        ROLE_TEST(test_vault_serve__macs_depend_on_purpose_and_bytes_and_survive_a_restart),
        ROLE_TEST(test_vault_serve__a_volume_key_goes_to_warden_only),
        ROLE_TEST(test_vault_serve__a_dead_warden_is_an_oops_and_a_new_one_takes_its_place),
        ROLE_TEST(test_vault_serve__the_parent_hands_over_further_pipes),
        ROLE_TEST(test_vault_serve__a_client_knows_that_its_vault_is_lost_until_it_has_another),
        ROLE_TEST(test_vault_serve__ends_with_its_parent),
        ROLE_TEST(test_vault_serve__malformed_messages_end_the_role),
        ROLE_TEST(test_vault_serve__a_peer_that_vanishes_in_mid_message_harms_nobody),
        ROLE_TEST(test_vault_serve__nothing_planted_reaches_the_disk),
        ROLE_TEST(test_vault_serve__plaintext_is_wiped_from_memory),
        ROLE_TEST(test_vault_serve__refuses_a_folder_that_is_not_whole),
        ROLE_TEST(test_vault_serve__a_call_takes_microseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
