/* SPDX-License-Identifier: MIT */
/* barmkin init and barmkin account: the first accounts are made by the same operation as all later ones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/gate.h"
#include "barmkin.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/x509.h"
#include "roles.h"
#include "vault/server.h"
#include "verbs/verbs.h"

enum { INIT_PIPES = 1 + FRONT_EXTRA_PIPES };

static const char *const first_accounts[] = {"management", "dev", "staging", "prod"};

/* Ids from the seed where one is given, so that tests can name them; keys never are. */
static void fixed_or_random(str seed, const char *what, uint8_t out[32])
{
    char text[256];
    int n = snprintf(text, sizeof text, "%s:%.*s", what, FMT(seed));

    if (seed.n)
        hash_sha256(str_n(text, (size_t)n), out);
    else
        random_bytes(out, 32);
}

static str account_id(struct arena *a, str seed, const char *name)
{
    uint8_t r[32];
    uint64_t v = 0;

    fixed_or_random(seed, name, r);
    for (int i = 0; i < 8; i++)
        v = v << 8 | r[i];
    return arena_printf(a, "%012llu", (unsigned long long)(100000000000u + v % 899999999999u));
}

static void fill_state(struct options *o, struct state *s)
{
    uint8_t r[32];
    char hex[64];

    fixed_or_random(o->seed, "tag", r);
    if (o->seed.n) /* the same seed in two folders must not mean the same kernel names */
        random_bytes(r, 4);
    hex_encode(r, 32, hex);
    s->tag = arena_dup(o->arena, str_n(hex, 6));
    fixed_or_random(o->seed, "org", r);
    hex_encode(r, 32, hex);
    s->org_id = arena_printf(o->arena, "o-%.10s", hex);
    s->region = S("us-east-1");
    s->listen = o->listen.n ? o->listen : S("127.0.0.1:4566");
    s->management_account = account_id(o->arena, o->seed, "management");
}

static res write_ca(const struct state *s, struct vault *v, struct arena *a, struct err *e)
{
    str der;

    TRY(vault_ca_certificate(v, a, &der, e));
    return state_write(state_path(s, a, "ca.pem"), x509_pem(a, S("CERTIFICATE"), der), 0644, e);
}

struct making {
    struct work work;
    struct front *front;
    struct call call;
    struct barmkin_create_account_in in;
    struct barmkin_create_account_out out;
    bool committed;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished;
};

static res make_run(struct work *w, struct txn *t)
{
    struct making *m = (struct making *)((char *)w - offsetof(struct making, work));

    res r = call_run_write(&m->call, t, NULL);
    w->n_records = audit_records(&m->call, r, &w->records);
    return r;
}

static void make_done(struct work *w, bool committed)
{
    struct making *m = (struct making *)((char *)w - offsetof(struct making, work));

    pthread_mutex_lock(&m->lock);
    m->committed = committed;
    m->finished = true;
    pthread_cond_signal(&m->done);
    pthread_mutex_unlock(&m->lock);
}

static res make_account(struct front *f, struct options *o, const char *name, struct profile *out, struct err *e)
{
    struct caller operator= caller_operator(o->arena, f->state.management_account);
    struct making m = {.front = f};
    str id = strcmp(name, "management") == 0 ? f->state.management_account : account_id(o->arena, o->seed, name);

    m.in = (struct barmkin_create_account_in){.name = str_z(name), .id = id};
    m.call = (struct call){.op = &barmkin_CreateAccount_op,
                           .caller = &operator,
                           .region = f->state.region,
                           .request_id = arena_printf(o->arena, "init-%s", name),
                           .now_ms = time_wall_ms(),
                           .arena = o->arena,
                           .secrets = o->arena,
                           .worker = &f->writer_worker,
                           .in = &m.in,
                           .out = &m.out};
    m.work = (struct work){.run = make_run, .done = make_done};
    pthread_mutex_init(&m.lock, NULL);
    pthread_cond_init(&m.done, NULL);
    writer_submit(f->house.writer, &m.work);
    pthread_mutex_lock(&m.lock);
    while (!m.finished)
        pthread_cond_wait(&m.done, &m.lock);
    pthread_mutex_unlock(&m.lock);
    if (!m.committed)
        return oops(e, m.call.err.sys_errno, "cannot make the account %s: %.*s%s", name, FMT(m.call.fault.message),
                    m.call.err.what);
    *out = (struct profile){m.out.profile, m.out.name, m.out.id, m.out.access_key_id, m.out.secret_access_key};
    return OK;
}

static void add_account_json(struct buf *b, const struct profile *p)
{
    const struct str_pair members[] = {{S("name"), p->account_name},
                                       {S("id"), p->account_id},
                                       {S("access_key_id"), p->access_key_id},
                                       {S("secret_access_key"), p->secret_access_key},
                                       {S("profile"), p->name}};

    for (size_t i = 0; i < 5; i++) {
        buf_add_char(b, i ? ',' : '{');
        buf_add_json_str(b, members[i].key);
        buf_add_char(b, ':');
        buf_add_json_str(b, members[i].value);
    }
    buf_add_char(b, '}');
}

static void print_init(const struct options *o, const struct state *s, const struct profile *p, size_t n)
{
    struct buf b;

    buf_init_secret(&b, 1 << 20);
    buf_printf(&b, "{\"endpoint\":\"https://%.*s\",\"ca_bundle\":\"%.*s/ca.pem\",\"region\":\"%.*s\",\"accounts\":[",
               FMT(s->listen), FMT(s->dir), FMT(s->region));
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ',');
        add_account_json(&b, &p[i]);
    }
    buf_add_z(&b, "]}");
    if (o->json)
        printf("%.*s\n", FMT(buf_str(&b)));
    for (size_t i = 0; !o->json && i < n; i++)
        printf("%-12.*s %.*s  profile %.*s\n", FMT(p[i].account_name), FMT(p[i].account_id), FMT(p[i].name));
    if (!o->json)
        printf("\nProfiles for the AWS CLI are in %.*s/profiles: eval \"$(barmkin env dev --state %.*s)\"\nNow: "
               "barmkin serve --state %.*s\n",
               FMT(s->dir), FMT(s->dir), FMT(s->dir));
    buf_done(&b);
}

static res populate(struct options *o, struct state *s, struct front *f, struct err *e)
{
    struct profile p[4];
    size_t n = sizeof first_accounts / sizeof *first_accounts;

    TRY(write_ca(s, f->writer_worker.vault, o->arena, e));
    for (size_t i = 0; i < n; i++) {
        TRY(make_account(f, o, first_accounts[i], &p[i], e));
        TRY(profiles_add(s, &p[i], e));
    }
    print_init(o, s, p, n);
    return OK;
}

static res init(struct options *o, struct state *s, struct err *e)
{
    static struct front f;
    pid_t vault;
    int fds[INIT_PIPES], control;

    TRY(state_make(s, e));
    TRY(vault_init(state_path(s, o->arena, "vault"), e));
    TRY(state_hand_vault(s, e));
    TRY(roles_start_vault(s, -1, &vault, &control, e));
    TRY(roles_vault_pipes(control, fds, INIT_PIPES, e));
    TRY(state_save(s, e));
    res r = front_open(&f, arena_z(o->arena, s->dir), fds, INIT_PIPES, -1, e);
    if (is_ok(r)) {
        r = populate(o, s, &f, e);
        front_close(&f);
    }
    close(control); /* ends vault */
    waitpid(vault, NULL, 0);
    TRY(state_hand_front(s, e));
    return r;
}

int verb_init(struct options *o, struct err *e)
{
    struct state s = {0};
    char real[4096];
    char *dir = arena_z(o->arena, options_state(o));

    if (geteuid() != 0) {
        reject(e, "init needs root: its folders belong to several uids");
        return EXIT_PRECONDITION;
    }
    if ((mkdir(dir, 0711) && errno != EEXIST) || !realpath(dir, real)) {
        oops(e, errno, "cannot make %s", dir);
        return EXIT_FAILED;
    }
    s.dir = arena_dup(o->arena, str_z(real));
    if (access(state_path(&s, o->arena, "config.json"), F_OK) == 0) {
        reject(e, "%s is initialised already", real);
        return EXIT_CONFLICT;
    }
    fill_state(o, &s);
    if (!is_ok(uids_choose(o->uid_base, &s.uid_base, e)))
        return EXIT_PRECONDITION;
    return is_ok(init(o, &s, e)) ? EXIT_DONE : EXIT_FAILED;
}

/* ---- account create ---- */

static res create(struct options *o, const struct state *s, struct err *e)
{
    struct buf in;
    str answer;
    json_t *j;

    buf_init(&in, 4096);
    buf_add_z(&in, "{\"Name\":");
    buf_add_json_str(&in, str_z(o->words[1]));
    if (o->id.n) {
        buf_add_z(&in, ",\"Id\":");
        buf_add_json_str(&in, o->id);
    }
    buf_printf(&in, ",\"Replace\":%s}", o->replace ? "true" : "false");
    res r = admin_call(o, "CreateAccount", arena_dup(o->arena, buf_str(&in)), &answer, e);
    buf_done(&in);
    TRY(r);
    TRY(json_parse(o->arena, answer, e, &j));
    struct profile p = {json_str_at(j, "Profile"), json_str_at(j, "Name"), json_str_at(j, "Id"),
                        json_str_at(j, "AccessKeyId"), json_str_at(j, "SecretAccessKey")};
    TRY(profiles_add(s, &p, e));
    buf_init_secret(&in, 1 << 16);
    add_account_json(&in, &p);
    if (o->json)
        printf("%.*s\n", FMT(buf_str(&in)));
    else
        printf("%.*s %.*s  profile %.*s\n", FMT(p.account_name), FMT(p.account_id), FMT(p.name));
    buf_done(&in);
    return OK;
}

int verb_account(struct options *o, struct err *e)
{
    struct state s;

    if (o->n_words != 2 || strcmp(o->words[0], "create") != 0)
        return EXIT_USAGE;
    if (!is_ok(state_load(arena_z(o->arena, options_state(o)), o->arena, &s, e)))
        return EXIT_NOT_FOUND;
    return is_ok(create(o, &s, e)) ? EXIT_DONE : EXIT_FAILED;
}
