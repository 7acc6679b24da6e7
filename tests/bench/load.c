/* SPDX-License-Identifier: MIT */
/* A small load generator: sends one request, read from a file, again and again over keep-alive connections to loopback,
 * and checks that each answer has status 200.
 *
 * usage: load [-t] -c CONNECTIONS -n REQUESTS PORT FILE      -t: TLS 1.3 with TLS_AES_256_GCM_SHA384
 * Prints {"requests", "errors", "seconds", "p50_us", "p99_us"}.
 *
 * wrk could do it but for TLS: it lets the server choose the suite, and the figures compare like with like. One thread
 * a connection, blocking: what the generator itself costs is not part of any figure.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 65536, REPLY_MAX = 65536, CONNECTIONS_MAX = 256, REQUESTS_MAX = 10000000, PATIENCE_S = 10 };

struct load {
    const char *request;
    size_t request_bytes;
    int port, connections;
    long requests;
    SSL_CTX *tls; /* NULL: plain */
    atomic_long taken, errors;
    uint32_t *us; /* of each request, as it was taken */
};

struct connection {
    int fd;
    SSL *ssl;
    char reply[REPLY_MAX + 1];
};

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static bool open_connection(struct load *l, struct connection *c)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->ssl = NULL;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(c->fd, (struct sockaddr *)&at, sizeof at))
        return false;
    if (!l->tls)
        return true;
    c->ssl = SSL_new(l->tls);
    return c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1;
}

static void close_connection(struct connection *c)
{
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
}

static bool send_request(const struct load *l, struct connection *c)
{
    if (c->ssl)
        return SSL_write(c->ssl, l->request, (int)l->request_bytes) == (int)l->request_bytes;
    return send(c->fd, l->request, l->request_bytes, MSG_NOSIGNAL) == (ssize_t)l->request_bytes;
}

/* One whole reply with a Content-Length; true if its status is 200. */
static bool read_reply(struct connection *c)
{
    size_t have = 0, want = REPLY_MAX;
    bool head = false;

    while (have < want) {
        int n = c->ssl ? SSL_read(c->ssl, c->reply + have, (int)(REPLY_MAX - have))
                       : (int)recv(c->fd, c->reply + have, REPLY_MAX - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
        c->reply[have] = 0;
        char *body = head ? NULL : strstr(c->reply, "\r\n\r\n");
        if (!body)
            continue;
        head = true;
        char *length = strcasestr(c->reply, "\r\ncontent-length:");
        if (!length || length > body)
            return false;
        want = (size_t)(body + 4 - c->reply) + strtoul(length + 17, NULL, 10);
        if (want > REPLY_MAX)
            return false;
    }
    return strncmp(c->reply, "HTTP/1.1 200", 12) == 0;
}

static void *work(void *arg)
{
    struct load *l = arg;
    struct connection *c = calloc(1, sizeof *c);
    bool up = c && open_connection(l, c);
    long i;

    while (c && (i = atomic_fetch_add(&l->taken, 1)) < l->requests) {
        uint64_t start = now_us();
        bool ok = up && send_request(l, c) && read_reply(c);
        l->us[i] = (uint32_t)(now_us() - start);
        if (ok)
            continue;
        if (atomic_fetch_add(&l->errors, 1) == 0)
            fprintf(stderr, "load: the first failure: %.300s\n", up ? c->reply : "no connection");
        if (atomic_load(&l->errors) > 100) /* something is wrong; do not spin on it */
            break;
        close_connection(c);
        up = open_connection(l, c);
    }
    if (c)
        close_connection(c);
    free(c);
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void run(struct load *l)
{
    pthread_t threads[CONNECTIONS_MAX];
    uint64_t start = now_us();

    for (int i = 0; i < l->connections; i++)
        if (pthread_create(&threads[i], NULL, work, l)) {
            perror("load: pthread_create");
            exit(1);
        }
    for (int i = 0; i < l->connections; i++)
        pthread_join(threads[i], NULL);
    double seconds = (double)(now_us() - start) / 1e6;
    qsort(l->us, (size_t)l->requests, sizeof *l->us, ascending);
    printf("{\"requests\": %ld, \"errors\": %ld, \"seconds\": %.3f, \"p50_us\": %u, \"p99_us\": %u}\n", l->requests,
           atomic_load(&l->errors), seconds, l->us[l->requests / 2], l->us[l->requests * 99 / 100]);
}

static size_t read_request(const char *path, char *room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(room, 1, REQUEST_MAX, f) : 0;

    if (f)
        fclose(f);
    return n;
}

static SSL_CTX *one_suite(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(tls, "TLS_AES_256_GCM_SHA384") != 1)
        exit(1);
    return tls; /* certificates are not what is measured here */
}

int main(int argc, char **argv)
{
    static char request[REQUEST_MAX];
    struct load l = {.connections = 1, .requests = 1000, .request = request};
    int o;

    while ((o = getopt(argc, argv, "tc:n:")) != -1) {
        if (o == 't')
            l.tls = one_suite();
        else if (o == 'c')
            l.connections = (int)strtol(optarg, NULL, 10);
        else if (o == 'n')
            l.requests = strtol(optarg, NULL, 10);
        else
            return 2;
    }
    bool sane = l.connections >= 1 && l.connections <= CONNECTIONS_MAX && l.requests >= 1 && l.requests <= REQUESTS_MAX;
    if (argc - optind != 2 || !sane) {
        fprintf(stderr, "usage: load [-t] -c CONNECTIONS -n REQUESTS PORT FILE\n");
        return 2;
    }
    l.port = (int)strtol(argv[optind], NULL, 10);
    l.request_bytes = read_request(argv[optind + 1], request);
    l.us = calloc((size_t)l.requests, sizeof *l.us);
    if (!l.request_bytes || !l.us) {
        fprintf(stderr, "load: cannot read %s\n", argv[optind + 1]);
        return 1;
    }
    run(&l);
    free(l.us);
    SSL_CTX_free(l.tls);
    return atomic_load(&l.errors) != 0;
}
