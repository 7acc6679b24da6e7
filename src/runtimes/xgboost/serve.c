/* SPDX-License-Identifier: MIT */
/* xgboost-serve: the model server of the native image. usage: xgboost-serve [--root DIR] */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xgboost/c_api.h>

#include "base/log.h"
#include "runtimes/xgboost/cpus.h"
#include "runtimes/xgboost/endpoint.h"

enum { WORKERS_MAX = 8, BODY_BYTES_DEFAULT = 6 << 20, BODY_BYTES_MAX = 20 << 20 };

struct worker {
    pthread_t thread;
    struct endpoint endpoint;
    const struct server_limits *limits;
    int listen_fd, stop_fd;
    struct err e;
    res result;
};

static void *work(void *arg)
{
    struct worker *w = arg;

    w->result = server_run(w->listen_fd, w->stop_fd, w->limits, endpoint_answer, &w->endpoint, &w->e);
    if (!is_ok(w->result))
        log_error("%s: %s", w->e.what, strerror(w->e.sys_errno));
    return NULL;
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    uint64_t v;

    return str_to_u64(str_z(getenv(variable)), &v) ? v : otherwise;
}

/* Starts the workers, waits for SIGTERM or SIGINT, stops them. */
static res serve(struct worker *workers, size_t n, const sigset_t *stop_signals, struct err *e)
{
    size_t started = 0;
    uint64_t one = 1;
    int signal;
    res r = OK;

    for (; started < n && is_ok(r); started++)
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            r = oops(e, EAGAIN, "starting a worker");
    if (is_ok(r))
        sigwait(stop_signals, &signal);
    if (write(workers[0].stop_fd, &one, sizeof one) != sizeof one)
        return oops(e, errno, "stopping");
    for (size_t i = 0; i < started - !is_ok(r); i++)
        pthread_join(workers[i].thread, NULL);
    return r;
}

static res run(const char *root, const sigset_t *stop_signals, struct err *e)
{
    struct arena *a = arena_new((size_t)8 << 30);
    struct model *m = ARENA_NEW(a, struct model);
    struct server_limits limits = SERVER_LIMITS;
    uint64_t body = number_from("MAX_CONTENT_LENGTH", BODY_BYTES_DEFAULT);
    uint64_t port = number_from("SAGEMAKER_BIND_TO_PORT", 8080);
    size_t n = (size_t)number_from("SAGEMAKER_MODEL_SERVER_WORKERS", cpus_allowed(root));
    int listen_fd, stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    n = n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
    limits.body_bytes = body < BODY_BYTES_MAX ? body : BODY_BYTES_MAX;
    if (port > 65535 || stop_fd < 0)
        return reject(e, "SAGEMAKER_BIND_TO_PORT is no port");
    TRY(model_load_dir(a, arena_printf(a, "%s/opt/ml/model", root).p, m, e));
    limits.quick = m->walk; /* libxgboost takes hundreds of microseconds: there, more connections are more workers */
    TRY(server_listen("0.0.0.0", (uint16_t)port, &listen_fd, e));
    struct worker *workers = ARENA_ARRAY(a, struct worker, n);
    for (size_t i = 0; i < n; i++) {
        workers[i] = (struct worker){.limits = &limits, .listen_fd = listen_fd, .stop_fd = stop_fd};
        workers[i].endpoint.workers = n;
        workers[i].endpoint.body_bytes = limits.body_bytes;
        invoker_init(&workers[i].endpoint.invoker, m, a, getenv("SAGEMAKER_BATCH") != NULL);
    }
    log_info("model loaded: %.*s, %zu features, %zu trees; %s%s; %zu workers on port %u", FMT(m->forest.objective),
             m->n_features, m->forest.n_trees,
             m->walk ? "flat walk, equal to libxgboost" : "by libxgboost: ", m->walk ? "" : m->why_no_walk, n,
             (unsigned)port);
    res r = serve(workers, n, stop_signals, e);
    model_done(m);
    arena_free(a);
    return r;
}

int main(int argc, char **argv)
{
    const char *root = "";
    struct err e = {0};
    sigset_t stop_signals;

    if (argc == 3 && strcmp(argv[1], "--root") == 0) {
        root = argv[2];
    } else if (argc > 1 && !(argc == 2 && strcmp(argv[1], "serve") == 0)) {
        fputs("usage: xgboost-serve [--root DIR]\n", stderr);
        return 2;
    }
    log_set("xgboost-serve", LOG_INFO);
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop_signals, NULL); /* threads started later inherit it */
    XGBSetGlobalConfig("{\"verbosity\": 0}");
    if (is_ok(run(root, &stop_signals, &e)))
        return 0;
    log_error("%s%s%s", e.what, e.sys_errno ? ": " : "", e.sys_errno ? strerror(e.sys_errno) : "");
    return 1;
}
