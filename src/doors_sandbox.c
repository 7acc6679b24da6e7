/* SPDX-License-Identifier: MIT */
/* 169.254.170.2: the credentials of a sandbox's role. Who asks is known twice: by its interface (the VPC whose listener
 * it reached and its address there, which the kernel has checked) and by a token of 256 bits that only it was given.
 *
 * The credentials are those of sts:AssumeRole by the service that runs the sandbox, made anew at each question, through
 * the gate: a role that no longer trusts the service, or is gone, gives nothing more. */
#include <string.h>

#include "api/box.h"
#include "api/gate.h"
#include "base/log.h"
#include "base/time.h"
#include "crypto/random.h"
#include "doors_parts.h"
#include "serve.h"
#include "store/audit.h"
#include "sts.h"

enum { SESSION_S = 3600 };

struct sandbox {
    struct arena *arena;
    str box, vpc, token;
    uint32_t ip;
    str role_arn, session, service, subject_arn, account, region;
    struct sandbox *next;
};

struct sandbox_registry {
    pthread_rwlock_t lock; /* written by flows, read by I/O threads */
    struct sandbox *first;
};

/* ---- who there is ---- */

static struct sandbox *unlink_box(struct sandbox_registry *r, str box)
{
    for (struct sandbox **at = &r->first; *at; at = &(*at)->next)
        if (str_eq((*at)->box, box)) {
            struct sandbox *gone = *at;
            *at = gone->next;
            return gone;
        }
    return NULL;
}

static void sandbox_remove(struct house *h, str box)
{
    struct sandbox_registry *r = doors_of(h)->sandboxes;

    pthread_rwlock_wrlock(&r->lock);
    struct sandbox *gone = unlink_box(r, box);
    pthread_rwlock_unlock(&r->lock);
    if (gone)
        arena_free(gone->arena);
}

static res sandbox_add(struct house *h, const struct box_plan *p, str token, struct err *e)
{
    struct sandbox_registry *r = doors_of(h)->sandboxes;
    struct arena *a = arena_new_secret(64 << 10);
    struct sandbox *s = ARENA_NEW(a, struct sandbox);
    bool taken = false;

    *s = (struct sandbox){.arena = a,
                          .box = arena_dup(a, p->box),
                          .vpc = arena_dup(a, p->vpc),
                          .token = arena_dup(a, token),
                          .ip = p->own_ip,
                          .role_arn = arena_dup(a, p->role_arn),
                          .session = arena_dup(a, p->session),
                          .service = arena_dup(a, p->service),
                          .subject_arn = arena_dup(a, p->subject_arn),
                          .account = arena_dup(a, p->account),
                          .region = arena_dup(a, p->region)};
    sandbox_remove(h, p->box); /* an effect may be repeated */
    pthread_rwlock_wrlock(&r->lock);
    for (const struct sandbox *o = r->first; o; o = o->next)
        taken |= o->ip == s->ip && str_eq(o->vpc, s->vpc);
    if (!taken) {
        s->next = r->first;
        r->first = s;
    }
    pthread_rwlock_unlock(&r->lock);
    if (!taken)
        return OK;
    arena_free(a);
    return oops(e, 0, "another sandbox has the place of %.*s", FMT(p->box));
}

static const struct sandbox_doors sandbox_doors = {sandbox_add, sandbox_remove};

void sandboxes_new(struct doors *d)
{
    d->sandboxes = ARENA_NEW(d->arena, struct sandbox_registry);
    pthread_rwlock_init(&d->sandboxes->lock, NULL);
    d->house->sandbox_doors = &sandbox_doors;
}

void sandboxes_free(struct doors *d)
{
    d->house->sandbox_doors = NULL;
    while (d->sandboxes->first) {
        struct sandbox *gone = d->sandboxes->first;
        d->sandboxes->first = gone->next;
        arena_free(gone->arena);
    }
    pthread_rwlock_destroy(&d->sandboxes->lock);
}

/* ---- an answer ---- */

static void answer(struct serving *s, int status, str body)
{
    struct header json = {S("Content-Type"), S("application/json")};

    s->answered = true;
    x_reply(s->x, status, &json, 1, body);
}

static bool secret_is(str shown, str known)
{
    return shown.n == known.n && crypto_equal(shown.p, known.p, known.n);
}

/* A copy of what the asker may have, in the call's arena; false: nobody of ours, or not with this token. */
static bool known_here(struct serving *s, const struct door_vpc *v, struct sandbox *out)
{
    struct sandbox_registry *r = v->doors->sandboxes;
    struct arena *a = s->call.arena;
    str path = s->request->path, token = http_header(s->request, S("Authorization"));
    bool ok = false;

    pthread_rwlock_rdlock(&r->lock);
    for (const struct sandbox *o = r->first; o && !ok; o = o->next) {
        if (o->ip != s->request->origin.peer_ip || !str_eq(o->vpc, str_z(v->id.z)))
            continue;
        ok = secret_is(token, o->token) && secret_is(str_from(path, 16), o->box);
        *out = (struct sandbox){.role_arn = arena_dup(a, o->role_arn),
                                .session = arena_dup(a, o->session),
                                .service = arena_dup(a, o->service),
                                .subject_arn = arena_dup(a, o->subject_arn),
                                .account = arena_dup(a, o->account),
                                .region = arena_dup(a, o->region)};
        break;
    }
    pthread_rwlock_unlock(&r->lock);
    return ok;
}

static res assume(struct serving *s, const struct sandbox *box, struct sts_assume_role_out *out)
{
    struct call *c = &s->call;
    struct sts_assume_role_in *in = ARENA_NEW(c->arena, struct sts_assume_role_in);

    *in = (struct sts_assume_role_in){
        .role_arn = box->role_arn, .role_session_name = box->session, .duration_seconds = SET_INT(SESSION_S)};
    c->op = &sts_AssumeRole_op;
    c->in = in;
    c->out = out;
    c->door = NULL; /* it is the service that asks */
    s->caller = *caller_service(c, arena_z(c->arena, box->service), box->subject_arn, box->account);
    TRY(store_begin(c->worker->store, false, &c->txn, &c->err));
    res why = call_run(c);
    txn_rollback(c->txn);
    c->txn = NULL;
    return why;
}

static res tell_audit(struct serving *s, res why)
{
    const str *records;
    struct err e = {0};
    size_t n = audit_records(&s->call, why, &records);

    if (is_ok(audit_append(s->thread->house->audit, records, n, 0, &e)))
        return OK;
    log_error("the audit log takes nothing: %s", e.what);
    return (res){WHY_OOPS};
}

static void add_member(struct buf *b, const char *name, str value)
{
    buf_printf(b, "%c\"%s\":", b->n ? ',' : '{', name);
    buf_add_json_str(b, value);
}

static void give(struct serving *s, const struct sandbox *box, const struct sts_credentials *k)
{
    char when[TIME_TEXT_BYTES];
    struct buf b;

    buf_init_secret(&b, 64 << 10);
    add_member(&b, "RoleArn", box->role_arn);
    add_member(&b, "AccessKeyId", k->access_key_id);
    add_member(&b, "SecretAccessKey", k->secret_access_key);
    add_member(&b, "Token", k->session_token);
    add_member(&b, "Expiration", time_iso(k->expiration.ms, when));
    buf_add_char(&b, '}');
    answer(s, 200, arena_dup(s->call.secrets, buf_str(&b)));
    buf_done(&b);
}

void sandbox_answer(struct serving *s, const struct door_vpc *v)
{
    struct sandbox box;
    struct sts_assume_role_out out = {0};

    if (!str_eq(s->request->method, S("GET")) || !str_starts(s->request->path, S("/v2/credentials/"))) {
        answer(s, 404, S("{\"code\":\"NotFound\",\"message\":\"There are only credentials here.\"}\n"));
        return;
    }
    if (!known_here(s, v, &box)) {
        log_warn("%s: credentials refused to %.*s", v->id.z, FMT(s->door.source_ip));
        answer(s, 403, S("{\"code\":\"AccessDenied\",\"message\":\"These are not your credentials.\"}\n"));
        return;
    }
    worker_tidy(s->call.worker);
    res why = assume(s, &box, &out);
    if (!is_ok(tell_audit(s, why)) || why.why == WHY_OOPS) {
        log_error("credentials of %.*s: %s", FMT(box.role_arn), s->call.err.what);
        answer(s, 500, S("{\"code\":\"InternalError\",\"message\":\"The log says why.\"}\n"));
    } else if (!is_ok(why)) {
        answer(s, 403, S("{\"code\":\"AccessDenied\",\"message\":\"The role cannot be assumed any more.\"}\n"));
    } else {
        give(s, &box, out.credentials);
    }
}
