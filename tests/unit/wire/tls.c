/* SPDX-License-Identifier: MIT */
/* TLS beside plain HTTP on one port; certificates by name, cached and renewed; old protocols refused. */
#include "wire/rig.h"

#include <openssl/ssl.h>

#include "crypto/x509.h"

struct authority {
    struct arena *arena, *secrets;
    struct x509_ca ca;
    str ca_der;
    _Atomic int issued;
    _Atomic bool broken;
};

static void authority_init(struct authority *u)
{
    str key;

    *u = (struct authority){.arena = arena_new(1 << 20), .secrets = arena_new_secret(1 << 20)};
    assert_true(is_ok(x509_make_ca(u->secrets, &key, u->arena, &u->ca_der, NULL)));
    assert_true(is_ok(x509_ca_load(&u->ca, key, u->ca_der, NULL)));
}

static void authority_done(struct authority *u)
{
    x509_ca_done(&u->ca);
    arena_free(u->secrets);
    arena_free(u->arena);
}

static res issue(void *ctx, str name, struct tls_cert *out)
{
    struct authority *u = ctx;
    str public_der, names[1] = {str_is(name) ? name : S("localhost")};

    if (u->broken)
        return reject(NULL, "broken for the test");
    TRY(x509_make_key_pair(out->arena, &out->private_key, out->arena, &public_der, NULL));
    TRY(x509_issue_leaf(&u->ca, names, 1, public_der, 3, out->arena, &out->chain[0], NULL));
    out->chain[1] = arena_dup(out->arena, u->ca_der);
    out->n_chain = 2;
    u->issued++;
    return OK;
}

struct secured {
    struct authority authority;
    struct tls_server *server;
    struct rig rig;
};

static void secured_start(struct secured *s, bool plain_too)
{
    authority_init(&s->authority);
    assert_true(is_ok(tls_server_new(issue, &s->server, NULL)));
    rig_start_tls(&s->rig, NULL, s->server, plain_too, &s->authority);
}

static void secured_stop(struct secured *s)
{
    rig_stop(&s->rig);
    tls_server_free(s->server);
    authority_done(&s->authority);
}

static SSL_CTX *client_context(const struct secured *s)
{
    SSL_CTX *x = SSL_CTX_new(TLS_client_method());
    const unsigned char *der = (const unsigned char *)s->authority.ca_der.p;
    X509 *ca = d2i_X509(NULL, &der, (long)s->authority.ca_der.n);

    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(x), ca), 1);
    X509_free(ca);
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER, NULL);
    return x;
}

/* A handshake that checks the certificate against `name`; NULL when it fails. */
static SSL *shake(SSL_CTX *x, int port, const char *name, SSL_SESSION *resume)
{
    SSL *ssl = SSL_new(x);

    SSL_set_fd(ssl, rig_dial(port));
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set1_host(ssl, name);
    if (resume)
        SSL_set_session(ssl, resume);
    if (SSL_connect(ssl) == 1)
        return ssl;
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
    return NULL;
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static str ask(SSL *ssl, str request, char *dst, size_t cap, size_t expected_body)
{
    size_t n = 0;

    assert_int_equal(SSL_write(ssl, request.p, (int)request.n), (int)request.n);
    while (n < cap) {
        int got = SSL_read(ssl, dst + n, (int)(cap - n));
        if (got <= 0)
            break;
        n += (size_t)got;
        ptrdiff_t end = str_search(str_n(dst, n), S("\r\n\r\n"));
        if (end >= 0 && n >= (size_t)end + 4 + expected_body)
            break;
    }
    return str_n(dst, n);
}

static void test_wire_tls__shares_a_port_with_plain_http(void **state)
{
    struct secured s;
    char text[4096];

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    SSL *ssl = shake(x, s.rig.port, "localhost", NULL);
    assert_non_null(ssl);
    for (int i = 0; i < 3; i++)
        assert_has(ask(ssl, S("GET /facts HTTP/1.1\r\nHost: h\r\n\r\n"), text, sizeof text, 10), S("|tls=1|"));
    int plain = rig_dial(s.rig.port);
    rig_send(plain, S("GET /facts HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_has(rig_reply(plain, text, sizeof text, false), S("|tls=0|"));
    close(plain);
    hang_up(ssl);
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__a_tls_only_door_hangs_up_on_plain_http(void **state)
{
    struct secured s;

    (void)state;
    secured_start(&s, false);
    int plain = rig_dial(s.rig.port);
    rig_send(plain, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(rig_is_closed(plain));
    close(plain);
    secured_stop(&s);
    assert_int_equal(s.rig.heads, 0);
}

static void test_wire_tls__asks_for_each_name_once_and_keeps_it(void **state)
{
    struct secured s;
    static const char *const names[] = {"localhost", "sts.us-east-1.amazonaws.com", "STS.us-east-1.amazonaws.com",
                                        "localhost"};

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        SSL *ssl = shake(x, s.rig.port, names[i], NULL);
        assert_non_null(ssl);
        hang_up(ssl);
    }
    assert_int_equal(s.authority.issued, 2);
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__renews_before_the_end_and_serves_the_old_meanwhile(void **state)
{
    struct secured s;
    const int64_t hour = 3600 * 1000;

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    SSL_CTX_set_verify(x, SSL_VERIFY_NONE, NULL); /* only the server's clock is moved */
    SSL *ssl = shake(x, s.rig.port, "localhost", NULL);
    hang_up(ssl);
    time_set_offset_ms(50 * hour); /* of 72: more than two thirds are gone */
    s.authority.broken = true;
    ssl = shake(x, s.rig.port, "localhost", NULL);
    assert_non_null(ssl);
    hang_up(ssl);
    s.authority.broken = false;
    ssl = shake(x, s.rig.port, "localhost", NULL);
    assert_non_null(ssl);
    hang_up(ssl);
    assert_int_equal(s.authority.issued, 2);
    s.authority.broken = true;
    time_set_offset_ms(200 * hour);
    assert_null(shake(x, s.rig.port, "localhost", NULL));
    time_set_offset_ms(0);
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__a_name_nobody_vouches_for_is_refused(void **state)
{
    struct secured s;

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    assert_null(shake(x, s.rig.port, "www.example.com", NULL));
    SSL *ssl = shake(x, s.rig.port, "localhost", NULL);
    assert_non_null(ssl);
    hang_up(ssl);
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__speaks_1_2_and_1_3_with_tickets_and_nothing_older(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct secured s;
    char text[4096];

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX_set_min_proto_version(x, versions[i]);
        SSL_CTX_set_max_proto_version(x, versions[i]);
        SSL *ssl = shake(x, s.rig.port, "localhost", NULL);
        assert_non_null(ssl);
        assert_int_equal(SSL_version(ssl), versions[i]);
        ask(ssl, S("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"), text, sizeof text, 5); /* 1.3's ticket comes by now */
        SSL_SESSION *session = SSL_get1_session(ssl);
        hang_up(ssl);
        ssl = shake(x, s.rig.port, "localhost", session);
        assert_non_null(ssl);
        assert_true(SSL_session_reused(ssl));
        hang_up(ssl);
        SSL_SESSION_free(session);
    }
    SSL_CTX_set_security_level(x, 0);
    SSL_CTX_set_min_proto_version(x, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(x, TLS1_1_VERSION);
    assert_null(shake(x, s.rig.port, "localhost", NULL));
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__offers_http_1_1_only(void **state)
{
    struct secured s;
    const unsigned char *chosen;
    unsigned int n;

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    SSL_CTX_set_alpn_protos(x, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    SSL *ssl = shake(x, s.rig.port, "localhost", NULL);
    assert_non_null(ssl);
    SSL_get0_alpn_selected(ssl, &chosen, &n);
    assert_str_equal(str_n((const char *)chosen, n), S("http/1.1"));
    hang_up(ssl);
    SSL_CTX_set_alpn_protos(x, (const unsigned char *)"\x02h2", 3);
    assert_null(shake(x, s.rig.port, "localhost", NULL));
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__streams_large_bodies_both_ways(void **state)
{
    struct secured s;
    static char big[3 << 20], text[1 << 16];
    size_t sent = 0, got = 0;

    (void)state;
    secured_start(&s, true);
    SSL_CTX *x = client_context(&s);
    SSL *ssl = shake(x, s.rig.port, "localhost", NULL);
    str head = S("PUT /sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n300000\r\n");
    SSL_write(ssl, head.p, (int)head.n);
    for (; sent < sizeof big; sent += 50000 < sizeof big - sent ? 50000 : sizeof big - sent)
        SSL_write(ssl, big + sent, (int)(50000 < sizeof big - sent ? 50000 : sizeof big - sent));
    str r = ask(ssl, S("\r\n0\r\n\r\n"), text, sizeof text, 7);
    assert_true(str_ends(r, S("\r\n\r\n3145728")));
    r = ask(ssl, S("GET /pour?5000000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), text, sizeof text, 0);
    for (int n = (int)r.n; n > 0; n = SSL_read(ssl, text, sizeof text))
        got += (size_t)n;
    assert_true(got > 5000000 && got < 5000400);
    hang_up(ssl);
    SSL_CTX_free(x);
    secured_stop(&s);
}

static void test_wire_tls__survives_garbage_and_silence(void **state)
{
    struct secured s;
    char text[256];

    (void)state;
    secured_start(&s, true);
    int garbage = rig_dial(s.rig.port), silent = rig_dial(s.rig.port);
    rig_send(garbage, S("\x16\x03\x01\x00\x05hello, this is no handshake at all"));
    rig_send(silent, S("\x16"));
    rig_read_all(garbage, text, sizeof text);
    assert_true(rig_is_closed(silent)); /* the header's deadline covers the handshake */
    close(garbage);
    close(silent);
    secured_stop(&s);
    assert_int_equal(s.rig.heads, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_tls__shares_a_port_with_plain_http),
        cmocka_unit_test(test_wire_tls__a_tls_only_door_hangs_up_on_plain_http),
        cmocka_unit_test(test_wire_tls__asks_for_each_name_once_and_keeps_it),
        cmocka_unit_test(test_wire_tls__renews_before_the_end_and_serves_the_old_meanwhile),
        cmocka_unit_test(test_wire_tls__a_name_nobody_vouches_for_is_refused),
        cmocka_unit_test(test_wire_tls__speaks_1_2_and_1_3_with_tickets_and_nothing_older),
        cmocka_unit_test(test_wire_tls__offers_http_1_1_only),
        cmocka_unit_test(test_wire_tls__streams_large_bodies_both_ways),
        cmocka_unit_test(test_wire_tls__survives_garbage_and_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
