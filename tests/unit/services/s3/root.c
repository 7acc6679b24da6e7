/* SPDX-License-Identifier: MIT */
/* Rule 18 for S3: a bucket's policy that denies everybody everything still leaves its owner's root user the way back
 * in, by three operations, and not one more. Every operation of the model is put to the gate. */
#include "store/fixture.h"

#include "api/gate.h"
#include "api/house.h"
#include "s3.h"

static const char owner[] = "111111111111", stranger[] = "222222222222";
static const str bucket = {"locked-out", 10};

struct world {
    struct fixture *f;
    struct house house;
    struct worker worker;
};

static struct caller root_of(struct arena *a, const char *account)
{
    return (struct caller){.kind = PRINCIPAL_ROOT,
                           .account = str_z(account),
                           .arn = arena_printf(a, "arn:aws:iam::%.*s:root", FMT(str_z(account))),
                           .user_id = str_z(account)};
}

static struct caller admin_of(struct arena *a, const char *account)
{
    return (struct caller){.kind = PRINCIPAL_USER,
                           .account = str_z(account),
                           .arn = arena_printf(a, "arn:aws:iam::%.*s:user/admin", FMT(str_z(account))),
                           .name = S("admin"),
                           .unique_id = S("AIDAEXAMPLEEXAMPLE001"),
                           .user_id = S("AIDAEXAMPLEEXAMPLE001")};
}

/* ---- one call, in a transaction of its own ---- */

struct ask {
    struct caller who;
    const struct operation *op;
    void *in, *out;
    bool gate_only;
    struct call call; /* afterwards: what came of it */
};

static res run(struct world *w, struct ask *q)
{
    struct arena *a = w->f->a;
    struct txn *t;

    MUST(w->f, store_begin(w->worker.store, true, &t, &w->f->e));
    q->out = q->out ? q->out : arena_alloc(a, q->op->out->size + 1);
    q->call = (struct call){.op = q->op,
                            .caller = &q->who,
                            .arena = a,
                            .secrets = a,
                            .worker = &w->worker,
                            .region = S("us-east-1"),
                            .request_id = S("id"),
                            .now_ms = 1700000000000,
                            .in = q->in,
                            .out = q->out,
                            .txn = t};
    res r = q->gate_only ? gate_pass(&q->call) : call_run_write(&q->call, t, NULL);
    if (is_ok(r) && !q->gate_only)
        MUST(w->f, txn_commit(t, &w->f->e));
    else
        txn_rollback(t);
    return r;
}

static void allowed(struct world *w, struct ask q)
{
    res r = run(w, &q);

    if (!is_ok(r))
        fail_msg("%s: %.*s%s", q.op->name, FMT(q.call.fault.message), q.call.err.what);
}

static void denied(struct world *w, struct ask q, const char *words)
{
    res r = run(w, &q);

    if (r.why != WHY_FAULT || q.call.fault.type != &api_access_denied)
        fail_msg("%s by %.*s is not denied: %d %.*s", q.op->name, FMT(q.who.arn), r.why, FMT(q.call.fault.message));
    if (str_search(q.call.fault.message, str_z(words)) < 0)
        fail_msg("%s: %.*s", q.op->name, FMT(q.call.fault.message));
}

/* ---- a bucket whose policy denies all ---- */

static void set(void *in, const struct shape *shape, const char *member, str value)
{
    const struct field *f = shape_field(shape, str_z(member));

    if (f && f->kind == K_STRING)
        *(str *)field_of(in, f) = value;
}

static void *input(struct world *w, const struct operation *op)
{
    void *in = arena_alloc(w->f->a, op->in->size + 1);

    memset(in, 0, op->in->size + 1);
    set(in, op->in, "Bucket", bucket);
    set(in, op->in, "Key", S("k"));
    set(in, op->in, "CopySource", S("locked-out/k"));
    set(in, op->in, "UploadId", S("u"));
    return in;
}

static str deny_all(struct world *w, const char *sid)
{
    return arena_printf(w->f->a,
                        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"%s\",\"Effect\":\"Deny\",\"Principal\":"
                        "\"*\",\"Action\":\"s3:*\",\"Resource\":[\"arn:aws:s3:::locked-out\",\"arn:aws:s3:::locked-out/"
                        "*\"]}]}",
                        sid);
}

static struct ask putting(struct world *w, struct caller who, const char *sid)
{
    struct s3_put_bucket_policy_in *in = input(w, &s3_PutBucketPolicy_op);

    in->policy = deny_all(w, sid);
    return (struct ask){.who = who, .op = &s3_PutBucketPolicy_op, .in = in};
}

static struct ask plain(struct world *w, struct caller who, const struct operation *op)
{
    return (struct ask){.who = who, .op = op, .in = input(w, op)};
}

/* Its record alone: s3:CreateBucket would ask the vault for the account's key, and there is none here. */
static void save_bucket(struct world *w)
{
    struct caller root = root_of(w->f->a, owner);
    struct s3_bucket b = {.name = bucket, .region = S("us-east-1"), .policy = deny_all(w, "First")};
    struct call c = {.caller = &root, .arena = w->f->a, .worker = &w->worker, .region = S("us-east-1")};

    MUST(w->f, store_begin(w->worker.store, true, &c.txn, &w->f->e));
    assert_true(is_ok(s3_bucket_save(&c, &b)));
    MUST(w->f, txn_commit(c.txn, &w->f->e));
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct store *s;

    if (!w || fixture_set_up((void **)&w->f))
        return -1;
    /* of the management account, which no SCP binds: the organization is not what is tried here */
    w->house = (struct house){.region = S("us-east-1"),
                              .partition = S("aws"),
                              .management_account = str_z(owner),
                              .org_id = S("o-example000")};
    MUST(w->f, store_open(w->f->dir, true, &s, &w->f->e));
    worker_init(&w->worker, &w->house, NULL, s);
    w->house.writer_worker = &w->worker;
    *state = w;
    save_bucket(w);
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    store_close(w->worker.store);
    worker_done(&w->worker);
    fixture_tear_down((void **)&w->f);
    free(w);
    return 0;
}

static const char explicit_words[] = "with an explicit deny in a resource-based policy";

static bool is_way_back(const struct operation *op)
{
    return op == &s3_GetBucketPolicy_op || op == &s3_PutBucketPolicy_op || op == &s3_DeleteBucketPolicy_op;
}

/* ---- claims ---- */

static void test_services_s3_root__reads_replaces_and_deletes_the_policy(void **state)
{
    struct world *w = *state;
    struct caller root = root_of(w->f->a, owner);
    struct s3_get_bucket_policy_out got = {0};
    struct ask get = plain(w, root, &s3_GetBucketPolicy_op);

    get.out = &got;
    allowed(w, get);
    assert_true(str_search(got.policy, S("\"First\"")) > 0);
    allowed(w, putting(w, root, "Second"));
    allowed(w, get);
    assert_true(str_search(got.policy, S("\"Second\"")) > 0);
    allowed(w, plain(w, root, &s3_DeleteBucketPolicy_op));
    assert_int_equal(run(w, &get).why, WHY_FAULT);
    assert_ptr_equal(get.call.fault.type, &s3_NoSuchBucketPolicy);
    allowed(w, plain(w, root, &s3_DeleteBucket_op)); /* and with it gone, root has everything again */
}

static void test_services_s3_root__has_nothing_else(void **state)
{
    struct world *w = *state;
    struct caller root = root_of(w->f->a, owner);
    size_t judged = 0;

    for (size_t i = 0; i < s3_service.n_operations; i++) {
        const struct operation *op = s3_service.operations[i];
        bool on_bucket = shape_field(op->in, S("Bucket")) && op != &s3_CreateBucket_op;
        if (!on_bucket || is_way_back(op) || op->access[0].kind == ACCESS_EACH)
            continue;
        struct ask q = plain(w, root, op);
        q.gate_only = true;
        denied(w, q, explicit_words);
        judged++;
    }
    assert_in_range(judged, 25, 1000);
}

static void test_services_s3_root__deletes_none_of_many(void **state)
{
    struct world *w = *state;
    struct s3_delete_objects_out out = {0};
    struct s3_object_id ids[] = {{.key = S("k")}, {.key = S("l")}};
    struct s3_delete many = {.objects = {2, ids}};
    struct ask q = plain(w, root_of(w->f->a, owner), &s3_DeleteObjects_op);

    ((struct s3_delete_objects_in *)q.in)->delete = &many;
    q.out = &out;
    allowed(w, q);
    assert_int_equal(out.delete_result->deleted.n, 0);
    assert_int_equal(out.delete_result->errors.n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_str_equal(out.delete_result->errors.v[i].code, S("AccessDenied"));
        assert_true(str_search(out.delete_result->errors.v[i].message, str_z(explicit_words)) > 0);
    }
}

static void test_services_s3_root__is_the_only_one(void **state)
{
    static const struct operation *const back[] = {&s3_GetBucketPolicy_op, &s3_DeleteBucketPolicy_op};
    struct world *w = *state;
    struct arena *a = w->f->a;
    const struct caller others[] = {admin_of(a, owner), admin_of(a, stranger), root_of(a, stranger)};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        for (size_t k = 0; k < sizeof back / sizeof *back; k++)
            denied(w, plain(w, others[i], back[k]), explicit_words);
        denied(w, putting(w, others[i], "Mine"), explicit_words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_services_s3_root__reads_replaces_and_deletes_the_policy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_services_s3_root__has_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_services_s3_root__deletes_none_of_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_services_s3_root__is_the_only_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
