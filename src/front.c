/* SPDX-License-Identifier: MIT */
/* The house that front's threads share: opened, served in, and closed in the order that leaves nobody without what it
 * uses. The process around it is front_role.c's. */
#include "front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "api/gate.h"
#include "api/used.h"
#include "base/log.h"
#include "base/time.h"
#include "conductor/collector.h"
#include "conductor/conductor.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "doors.h"
#include "functions.h"
#include "store/audit.h"
#include "warden/warden.h"

/* ---- certificates ---- */

/* A fresh key pair in this process, the name on it from vault, whose CA key never leaves. */
static res issue(void *ctx, str sni_name, struct tls_cert *out)
{
    struct worker *w = ctx;
    struct err e = {0};
    str public_key, names[3] = {S("localhost"), S("127.0.0.1"), sni_name};
    size_t n = str_is(sni_name) ? 3 : 2;

    if (str_eq(sni_name, S("localhost")))
        n = 2;
    TRY(x509_make_key_pair(out->arena, &out->private_key, out->arena, &public_key, &e));
    res r = vault_issue_leaf(w->vault, names, n, public_key, 30, out->arena, &out->chain[0], &e);
    if (!is_ok(r)) {
        log_warn("no certificate for %.*s: %s", FMT(sni_name), e.what);
        return r;
    }
    out->n_chain = 1;
    return OK;
}

/* ---- opening ---- */

/* The records of the calls in a group for whose outcome `wanted` has a bit, 1 << WHY_OK and so on; in `a`. */
static size_t gather(const struct work *group, unsigned wanted, struct arena *a, str **out)
{
    size_t n = 0;

    for (const struct work *w = group; w; w = w->next)
        n += w->n_records;
    *out = ARENA_ARRAY(a, str, n + 1);
    n = 0;
    for (; group; group = group->next)
        for (size_t i = 0; i < group->n_records && wanted & 1u << group->outcome.why; i++)
            (*out)[n++] = group->records[i];
    return n;
}

/* While the log cannot be written no reply leaves: serve_answer and the loops look at this. */
static bool audit_is_told(struct house *h, res written, const struct err *e)
{
    if (!is_ok(written) && !atomic_exchange(&h->audit_failed, true))
        log_error("the audit log cannot be written, so nothing is answered: %s", e->what);
    else if (is_ok(written) && atomic_load(&h->audit_failed))
        atomic_store(&h->audit_failed, false);
    return is_ok(written);
}

/* A mutating call's record is a row of its transaction until the file is durable. */
static res rows_before_commit(void *ctx, struct txn *t, const struct work *group, struct err *e)
{
    struct front *f = ctx;
    struct arena *a = arena_new(64 << 20);
    str *records;
    size_t n = gather(group, 1u << WHY_OK, a, &records);

    f->audit_row = 0;
    res r = audit_rows_clear(f->house.audit, t, e);
    if (is_ok(r) && n)
        r = audit_row_put(t, records, n, &f->audit_row, e);
    arena_free(a);
    return r;
}

/* Its transaction clears the rows whose lines have become durable, and notes how far those go; and it writes which keys
 * and roles have been used. */
static res note_anchor(struct work *w, struct txn *t)
{
    struct front *f = (struct front *)((char *)w - offsetof(struct front, clearing));
    struct err e = {0};

    TRY(used_write(f->house.used, t, &e));
    return audit_anchor_put(f->house.audit, t, &e);
}

static void cleared(struct work *w, bool committed)
{
    struct front *f = (struct front *)((char *)w - offsetof(struct front, clearing));

    used_written(f->house.used, committed);
    atomic_store(&f->rows_wait, false);
    atomic_store(&f->is_clearing, false);
}

static void clear_rows(struct front *f, bool even_without_rows)
{
    if ((!even_without_rows && !atomic_load(&f->rows_wait)) || atomic_exchange(&f->is_clearing, true))
        return;
    f->clearing = (struct work){.run = note_anchor, .done = cleared};
    writer_submit(f->house.writer, &f->clearing);
}

static void audit_after_group(void *ctx, const struct work *group, bool committed, bool law_changed)
{
    struct front *f = ctx;
    struct arena *a = arena_new(64 << 20);
    str *records;
    struct err e = {0};

    if (law_changed)
        atomic_fetch_add(&f->house.law_generation, 1);
    /* Of a group that was lost only the refusals are true: the other records tell of what has not happened. */
    size_t n = gather(group, committed ? ~0u : 1u << WHY_FAULT, a, &records);
    if (n && committed)
        atomic_store(&f->rows_wait, true);
    res r = n ? audit_append(f->house.audit, records, n, committed ? f->audit_row : 0, &e) : OK;
    audit_is_told(&f->house, is_ok(r) ? audit_flush(f->house.audit, &e) : r, &e);
    arena_free(a);
}

static res seal_head(void *ctx, str bytes, uint8_t mac[32], struct err *e)
{
    return vault_mac(ctx, S("audit"), bytes, mac, e);
}

/* Durable within 200 ms, sealed every second: a thread that does nothing else. */
static void *keep_audit(void *arg)
{
    struct front *f = arg;
    struct audit_mac mac = {seal_head, f->seal_vault};

    pthread_setname_np(pthread_self(), "audit");
    for (int tick = 0; !atomic_load(&f->closing); tick++) {
        struct err e = {0};
        usleep(100000);
        if (!is_ok(audit_sync(f->house.audit, &e)) || (tick % 10 == 9 && !is_ok(audit_seal(f->house.audit, mac, &e))))
            log_error("the audit log cannot be kept: %s", e.what);
        if (tick % 10 == 9)
            clear_rows(f, tick % 100 == 99);
    }
    return NULL;
}

/* Once nobody writes any more. */
static void seal_last(struct front *f)
{
    struct audit_mac mac = {seal_head, f->seal_vault};
    struct err e = {0};

    if (!is_ok(audit_sync(f->house.audit, &e)) || !is_ok(audit_seal(f->house.audit, mac, &e)))
        log_error("the audit log cannot be sealed: %s", e.what);
}

/* What a crash kept in rows and the file does not have yet. */
static res restore_audit(struct front *f, struct err *e)
{
    struct txn *t;
    size_t restored = 0;

    TRY(store_begin(f->writer_worker.store, true, &t, e));
    res r = audit_rows_restore(f->house.audit, t, &restored, e);
    if (!is_ok(r)) {
        txn_rollback(t);
        return r;
    }
    if (restored)
        log_info("%zu audit records were restored after a crash", restored);
    return txn_commit(t, e);
}

static res open_worker(struct front *f, struct worker *w, struct vault *v, bool may_write, struct err *e)
{
    struct store *s;

    TRY(store_open(state_path(&f->state, f->arena, "front"), may_write, &s, e));
    worker_init(w, &f->house, v, s);
    return OK;
}

static res open_house(struct front *f, int warden_fd, struct err *e)
{
    struct house *h = &f->house;
    uint8_t *key = arena_alloc(f->arena, 32);

    random_bytes(key, 32); /* page tokens end with the process: a client then begins its listing anew */
    *h = (struct house){.state_dir = f->state.dir,
                        .region = f->state.region,
                        .partition = S("aws"),
                        .tag = f->state.tag,
                        .org_id = f->state.org_id,
                        .management_account = f->state.management_account,
                        .page_key = key,
                        .writer_worker = &f->writer_worker};
    TRY(blobs_open(state_path(&f->state, f->arena, "front/blobs"), &h->blobs, e));
    h->used = used_new();
    TRY(pool_start(4, &h->pool, e));
    if (warden_fd >= 0)
        h->warden = warden_client_new(warden_fd, doors_event, f);
    return OK;
}

res front_open(struct front *f, const char *state_dir, const int *vault_fds, size_t n_vault_fds, int warden_fd,
               struct err *e)
{
    f->arena = arena_new(64 << 20);
    f->n_io = n_vault_fds - FRONT_EXTRA_PIPES;
    TRY(state_dir ? state_load(state_dir, f->arena, &f->state, e) : state_load_here(f->arena, &f->state, e));
    time_set_offset_ms(f->state.clock_offset_ms);
    TRY(open_house(f, warden_fd, e));
    for (; f->n_vaults < n_vault_fds; f->n_vaults++) /* a new vault's pipes will come in the same order */
        f->vaults[f->n_vaults] = vault_client_new(vault_fds[f->n_vaults]);
    f->seal_vault = f->vaults[n_vault_fds - 1];
    TRY(open_worker(f, &f->writer_worker, f->vaults[f->n_io], true, e));
    TRY(audit_open(state_path(&f->state, f->arena, "front/audit"), 0, &f->house.audit, e));
    TRY(restore_audit(f, e));
    for (size_t i = 0; i < f->n_io; i++) {
        TRY(open_worker(f, &f->io[i].worker, f->vaults[i], false, e));
        f->io[i].house = &f->house;
    }
    if (pthread_create(&f->audit_thread, NULL, keep_audit, f))
        return oops(e, errno, "cannot start the audit's thread");
    struct writer_hooks hooks = {f, f->state.run_twice, rows_before_commit, audit_after_group};
    TRY(writer_start(f->writer_worker.store, &hooks, &f->house.writer, e));
    return conductor_start(&f->house, f->vaults[f->n_io + 1], &f->house.conductor, e);
}

/* What has been answered so far is durable, sealed, and known to the store. */
static void anchor_last(struct front *f)
{
    struct audit_mac mac = {seal_head, f->seal_vault};
    struct err e = {0};

    while (atomic_load(&f->is_clearing)) /* the one before it, which the writer has already got */
        usleep(1000);
    if (!is_ok(audit_flush(f->house.audit, &e)) || !is_ok(audit_seal(f->house.audit, mac, &e)) ||
        !is_ok(audit_sync(f->house.audit, &e)))
        log_error("the audit log cannot be sealed: %s", e.what);
    clear_rows(f, true);
}

/* What uses something ends before it: loops have stopped taking requests; the conductor waits for its own work at the
 * writer and the pool; the writer hands effects to the pool; the pool posts to loops, which nobody runs any more but
 * which are still there. */
void front_close(struct front *f)
{
    warden_client_mute(f->house.warden);
    functions_quiet(f);
    if (f->doors)
        doors_quiet(f->doors);          /* its keeper asks the writer */
    conductor_stop(f->house.conductor); /* and its vault client */
    collector_stop(f->collector);
    atomic_store(&f->closing, true); /* no more clearing from here on */
    pthread_join(f->audit_thread, NULL);
    anchor_last(f);
    writer_stop(f->house.writer);
    pool_stop(f->house.pool);
    warden_client_free(f->house.warden); /* warden ends with it */
    if (f->doors)
        doors_close(f->doors);
    for (size_t i = 0; i < f->n_io; i++)
        loop_free(f->io[i].loop);
    functions_close(f);
    if (f->tls)
        tls_server_free(f->tls);
    worker_done(&f->writer_worker);
    for (size_t i = 0; i < f->n_io; i++) {
        store_close(f->io[i].worker.store);
        worker_done(&f->io[i].worker);
    }
    seal_last(f);
    audit_close(f->house.audit);
    for (size_t i = 0; i < f->n_vaults; i++)
        if (i != f->n_io + 1) /* the conductor's */
            vault_client_free(f->vaults[i]);
    blobs_close(f->house.blobs);
    used_free(f->house.used);
}

/* ---- serving ---- */

static void flush_audit(void *arg)
{
    struct io_thread *t = arg;
    struct err e = {0};

    if (!audit_is_told(t->house, audit_flush(t->house->audit, &e), &e))
        loop_break_replies(t->loop); /* what cannot be told must not be answered */
}

static void *run_loop(void *arg)
{
    struct io_thread *t = arg;
    struct err e = {0};

    pthread_setname_np(pthread_self(), "io");
    if (!is_ok(loop_run(t->loop, &e)))
        log_error("a loop ended: %s", e.what);
    return NULL;
}

static res make_loop(struct front *f, struct io_thread *t, int listen_fd, struct err *e)
{
    struct http_limits limits = {.header_bytes = 16 << 10,
                                 .header_count = 100,
                                 .header_deadline_ms = 30000,
                                 .idle_ms = 120000,
                                 .min_body_bytes_per_s = 1024,
                                 .max_connections = 4096};

    t->service = (struct http_service){.ctx = t,
                                       .on_head = serve_head,
                                       .on_body = serve_piece,
                                       .on_body_end = serve_body_end,
                                       .on_writable = serve_writable,
                                       .on_gone = serve_gone};
    TRY(loop_new(&t->service, &limits, f->tls, &t->loop, e));
    loop_tls_context(t->loop, &t->worker);
    loop_tick(t->loop, flush_audit, t);
    int fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 3);
    return fd < 0 ? oops(e, errno, "cannot duplicate the listening socket")
                  : loop_listen(t->loop, fd, true, door_endpoint(), e);
}

/* Where the endpoint door really is: port 0 has become a number. */
static str endpoint_of(struct front *f, int listen_fd)
{
    struct sockaddr_in at = {0};
    socklen_t n = sizeof at;
    char text[INET_ADDRSTRLEN];

    if (getsockname(listen_fd, (struct sockaddr *)&at, &n) || !inet_ntop(AF_INET, &at.sin_addr, text, sizeof text))
        return STR_ABSENT;
    return arena_printf(f->arena, "https://%s:%u", text, ntohs(at.sin_port));
}

res front_serve(struct front *f, int listen_fd, int admin_fd, struct err *e)
{
    pthread_t threads[FRONT_MAX_THREADS];

    TRY(tls_server_new(issue, &f->tls, e));
    f->house.endpoint_url = endpoint_of(f, listen_fd);
    for (size_t i = 0; i < f->n_io; i++)
        TRY(make_loop(f, &f->io[i], listen_fd, e));
    close(listen_fd);
    TRY(loop_listen(f->io[0].loop, admin_fd, true, door_admin(), e));
    TRY(doors_open(f, &f->doors, e));
    functions_open(f);
    for (size_t i = 0; i < f->n_io; i++)
        if (pthread_create(&threads[i], NULL, run_loop, &f->io[i]))
            return oops(e, errno, "cannot start an I/O thread");
    TRY(conductor_resume(f->house.conductor, e));
    TRY(collector_start(f->house.blobs, str_z(state_path(&f->state, f->arena, "front")), &f->collector, e));
    atomic_store(&f->house.ready, true);
    front_ready(f);
    front_attend(f);
    for (size_t i = 0; i < f->n_io; i++)
        loop_stop(f->io[i].loop);
    for (size_t i = 0; i < f->n_io; i++)
        pthread_join(threads[i], NULL);
    return OK;
}
