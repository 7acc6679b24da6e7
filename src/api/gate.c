/* SPDX-License-Identifier: MIT */
/* One gate. Every call, from outside or from another service, passes here before its handler can run. */
#include "api/gate.h"

#include <assert.h>
#include <string.h>

#include "api/denial.h"
#include "api/house.h"
#include "api/walk.h"
#include "authz/index.h"

/* ---- locate ---- */

/* {partition}, {region} and {account} are filled in; every other {name} takes the next value. */
static str fill_arn(struct call *c, const char *template, const str *names, size_t n)
{
    size_t own = c->worker->house->partition.n + c->region.n + c->caller->account.n, next = 0;
    size_t most = str_z(template).n + 2 * own; /* a template may repeat itself once */
    struct buf b = {0};
    str rest = str_z(template);

    for (size_t i = 0; i < n; i++)
        most += names[i].n; /* a "*" instead of one is shorter than its placeholder */
    b.p = arena_alloc(c->arena, most + 1);
    b.cap = b.max = most;
    while (rest.n) {
        ptrdiff_t open = str_find(rest, '{');
        if (open < 0)
            break;
        buf_add(&b, str_sub(rest, 0, (size_t)open));
        rest = str_from(rest, (size_t)open + 1);
        str name = str_cut(&rest, '}');
        if (str_eq(name, S("partition")))
            buf_add(&b, c->worker->house->partition);
        else if (str_eq(name, S("region")))
            buf_add(&b, c->region);
        else if (str_eq(name, S("account")))
            buf_add(&b, c->caller->account);
        else
            buf_add(&b, next < n ? names[next] : S("*"));
        next += !str_eq(name, S("partition")) && !str_eq(name, S("region")) && !str_eq(name, S("account"));
    }
    buf_add(&b, rest);
    assert(!b.full); /* a part of an ARN would be another ARN */
    return buf_str(&b);
}

static res locate_one(struct call *c, const struct access_line *line, const str *names, size_t n, struct resource *out)
{
    out->type = line->on;
    out->account = c->caller->account;
    if (!line->on->find) {
        out->arn = fill_arn(c, line->on->arn, names, n);
        return OK;
    }
    out->arn =
        STR_ABSENT; /* what the finder does not name is named by the template, so that it is judged by its name */
    TRY(line->on->find(c, names, n, out));
    if (!out->arn.n)
        out->arn = fill_arn(c, line->on->arn, names, n);
    return OK;
}

struct located {
    const struct access_line **lines; /* per resource */
    struct resource *v;
    size_t n, cap;
};

static struct resource *add_resource(struct call *c, struct located *l, const struct access_line *line)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4;
        struct resource *v = ARENA_ARRAY(c->arena, struct resource, cap);
        const struct access_line **lines = ARENA_ARRAY(c->arena, const struct access_line *, cap);
        for (size_t i = 0; i < l->n; i++) {
            v[i] = l->v[i];
            lines[i] = l->lines[i];
        }
        l->v = v;
        l->lines = lines;
        l->cap = cap;
    }
    l->lines[l->n] = line;
    return &l->v[l->n++];
}

/* The values of each of a line's names; answers how many resources they make. */
static size_t line_names(struct call *c, const struct access_line *line, struct list_of_str values[4], size_t *n,
                         bool *any)
{
    size_t times = 1;

    for (*n = 0; line->members && line->members[*n] && *n < 4; ++*n) {
        values[*n] = shape_values(c->op->in, c->in, str_z(line->members[*n]), c->arena);
        *any |= values[*n].n > 0;
        if (values[*n].n > times)
            times = values[*n].n;
    }
    return times;
}

/* The same for every request until the law changes, as principal_of's. What is absent is not kept. */
static res role_of(struct call *c, str arn, struct role_facts *out)
{
    struct worker *w = c->worker;
    bool cached = worker_cache_holds(c);
    struct role_facts *kept = cached ? map_find(&w->roles, arn) : NULL;
    struct arena *mine = c->arena;

    if (kept) {
        *out = *kept;
        return OK;
    }
    if (cached)
        c->arena = w->law_arena; /* what the provider makes must live as long as the entry */
    res why = providers.role(c, arn, out);
    if (cached && is_ok(why) && out->found) {
        kept = ARENA_NEW(w->law_arena, struct role_facts);
        *kept = *out;
        map_put(&w->roles, arena_dup(w->law_arena, arn), kept);
    }
    c->arena = mine;
    return why;
}

res gate_locate_role(struct call *c, str arn, struct resource *out)
{
    struct role_facts role = {0};

    out->arn = arn;
    if (!providers.role)
        return OK;
    TRY(role_of(c, arn, &role));
    if (!role.found)
        return OK;
    struct str_pair *tags = ARENA_ARRAY(c->arena, struct str_pair, role.n_tags + 1);
    for (size_t i = 0; i < role.n_tags; i++) /* copied, as the principal's: the audit record may be written later */
        tags[i] = (struct str_pair){arena_dup(c->arena, role.tags[i].key), arena_dup(c->arena, role.tags[i].value)};
    out->account = arena_dup(c->arena, role.account);
    out->tags = tags;
    out->n_tags = role.n_tags;
    return OK;
}

static bool line_applies(struct call *c, const struct access_line *line)
{
    if (line->kind == ACCESS_EACH || line->kind == ACCESS_OPEN)
        return false;
    if (!line->when)
        return true;
    if (strcmp(line->when, "caller:transitive-tags") == 0)
        return c->caller->n_transitive > 0;
    if (strcmp(line->when, "caller:source-identity") == 0)
        return c->caller->source_identity.n > 0;
    bool absent = line->when[0] == '!';
    return shape_has(c->op->in, c->in, str_z(line->when + absent), c->arena) != absent;
}

/* A list among the names fans out: one resource per value, the other names repeated. Where none of the names is given,
 * all of them are meant. */
static res locate_line(struct call *c, const struct access_line *line, struct located *l)
{
    struct list_of_str values[4] = {{0}};
    bool any = false;
    size_t n, times;

    if (!line_applies(c, line))
        return OK;
    times = line_names(c, line, values, &n, &any);
    if (line->kind == ACCESS_PASS_ROLE && !any)
        return OK;
    for (size_t i = 0; i < times; i++) {
        str names[4];
        struct resource *r = add_resource(c, l, line);
        *r = (struct resource){.arn = S("*"), .account = c->caller->account};
        for (size_t k = 0; k < n; k++)
            names[k] = values[k].n == 0 ? S("") : values[k].v[i < values[k].n ? i : values[k].n - 1];
        if (line->kind == ACCESS_PASS_ROLE)
            TRY(gate_locate_role(c, names[0], r));
        else if (line->on &&
                 (any || line->on->always || !line->members)) /* a resource without names is one of its own */
            TRY(locate_one(c, line, names, n, r));
    }
    return OK;
}

static res locate(struct call *c, struct located *l)
{
    for (size_t i = 0; i < c->op->n_access; i++)
        TRY(locate_line(c, &c->op->access[i], l));
    c->resources = l->v;
    c->n_resources = l->n;
    c->subject = l->n ? l->v[0].subject : NULL;
    return OK;
}

/* ---- the layers that judge ---- */

static bool same_principal(void *ctx, str written_arn, str principal_arn, str principal_id)
{
    const struct resource *r = ctx;

    (void)principal_arn;
    for (size_t i = 0; i < r->n_principals; i++)
        if (str_eq(r->principals[i].key, written_arn))
            return principal_id.n && str_eq(r->principals[i].value, principal_id);
    return false; /* a name that stood for nobody when it was saved names nobody */
}

static void forget_index(void *x)
{
    policy_index_free(x);
}

const struct policy_index *gate_index(struct call *c, struct policy_set set)
{
    if (c->arena != c->worker->law_arena)
        return NULL;
    struct policy_index *x = policy_index_make(set, INDEX_LEAST);
    if (x)
        arena_defer(c->arena, forget_index, x);
    return x;
}

/* Principal policies are the same for every request of a caller until the law changes. */
static res principal_of(struct call *c, const struct principal_policies **out)
{
    static const struct principal_policies nothing;
    struct worker *w = c->worker;
    const struct caller *who = c->caller;
    bool cached = worker_cache_holds(c);

    *out = &nothing;
    if ((who->kind != PRINCIPAL_USER && who->kind != PRINCIPAL_SESSION) || !providers.principal_policies)
        return OK;
    struct principal_policies *p = cached ? map_find(&w->principals, who->unique_id) : NULL;
    if (!p) {
        struct arena *mine = c->arena;
        if (cached)
            c->arena = w->law_arena; /* what the provider makes must live as long as the entry */
        p = ARENA_NEW(c->arena, struct principal_policies);
        res why = providers.principal_policies(c, who, p);
        if (cached && is_ok(why)) {
            p->index = gate_index(c, (struct policy_set){.v = p->identity, .n = p->n_identity});
            map_put(&w->principals, arena_dup(w->law_arena, who->unique_id), p);
        }
        c->arena = mine;
        TRY(why);
    }
    *out = p;
    return OK;
}

static enum policy_kind kind_of(const struct resource *r)
{
    if (r->type && strcmp(r->type->policy, "key") == 0)
        return POLICY_KEY;
    return r->type && strcmp(r->type->policy, "trust") == 0 ? POLICY_TRUST : POLICY_RESOURCE;
}

res guardrails_get(struct call *c, str account, const struct guardrails **out)
{
    static const struct guardrails nothing;
    struct worker *w = c->worker;
    bool cached = worker_cache_holds(c);

    *out = &nothing;
    if (!providers.guardrails || !account.n)
        return OK;
    struct guardrails *g = cached ? map_find(&w->guardrails, account) : NULL;
    if (!g) {
        struct arena *mine = c->arena;
        if (cached)
            c->arena = w->law_arena; /* what the provider makes must live as long as the entry */
        g = ARENA_NEW(c->arena, struct guardrails);
        res why = providers.guardrails(c, account, g);
        if (cached && is_ok(why))
            map_put(&w->guardrails, arena_dup(w->law_arena, account), g);
        c->arena = mine;
        TRY(why);
    }
    *out = g;
    return OK;
}

struct bench { /* what a judgement needs beside the resource; the same for all resources of a call */
    struct authz_request r;
    struct authz_layers l;
    const struct principal_policies *mine;
    const struct guardrails *rails; /* of the caller's account */
};

/* Mostly a resource is the caller's own. */
static res rails_of(struct call *c, const struct bench *b, const struct resource *r, const struct guardrails **out)
{
    if (!str_eq(r->account, c->caller->account))
        return guardrails_get(c, r->account, out);
    *out = b->rails;
    return OK;
}

static res add_session_policies(struct call *c, struct bench *b)
{
    const struct caller *who = c->caller;
    size_t cap = who->n_session_policies + who->n_session_policy_arns + 1;
    const struct policy **v = ARENA_ARRAY(c->arena, const struct policy *, cap);
    size_t n = 0;

    for (size_t i = 0; i < who->n_session_policies; i++)
        TRY(worker_policy(c->worker, who->session_policies[i], POLICY_SESSION, S("session policy"), &v[n++], &c->err));
    for (size_t i = 0; i < who->n_session_policy_arns; i++) {
        str text = STR_ABSENT, arn = who->session_policy_arns[i];
        TRY(providers.managed_policy(c, who->account, arn, &text));
        if (str_is(text)) /* a policy that has been deleted allows nothing any more */
            TRY(worker_policy(c->worker, text, POLICY_SESSION, arn, &v[n++], &c->err));
    }
    b->l.session = (struct policy_set){.v = v, .n = n};
    b->l.session_passed = who->session_policies_passed;
    return OK;
}

/* An endpoint's policy as of one law generation. */
struct endpoint_law {
    const struct policy *one[1];
    size_t n; /* 0: full access */
};

static res compile_endpoint(struct call *c, str vpce_id, struct endpoint_law *out)
{
    str text = STR_ABSENT;

    if (providers.endpoint_policy)
        TRY(providers.endpoint_policy(c, vpce_id, &text));
    if (!text.n)
        return OK;
    TRY(worker_policy(c->worker, text, POLICY_ENDPOINT, vpce_id, &out->one[0], &c->err));
    out->n = 1;
    return OK;
}

/* The endpoint's policy binds only what comes through it: not what a service does on the caller's behalf (rule 21). */
static res add_endpoint(struct call *c, struct bench *b)
{
    struct worker *w = c->worker;

    if (!c->door || !str_is(c->door->vpce_id) || c->caller->n_called_via || c->caller->kind == PRINCIPAL_SERVICE)
        return OK;
    bool cached = worker_cache_holds(c);
    struct endpoint_law *law = cached ? map_find(&w->endpoints, c->door->vpce_id) : NULL;
    if (!law) {
        law = ARENA_NEW(cached ? w->law_arena : c->arena, struct endpoint_law);
        TRY(compile_endpoint(c, c->door->vpce_id, law));
        if (cached)
            map_put(&w->endpoints, arena_dup(w->law_arena, c->door->vpce_id), law);
    }
    b->l.endpoints = (struct policy_set){.v = law->one, .n = law->n};
    return OK;
}

/* Roles of AWS services stand outside SCPs and RCPs (rules 15, 16), and so does the house, whose part AWS's own
 * machinery has there. iam lets nobody else make a role on this path. */
static bool is_outside_guardrails(const struct caller *who)
{
    str path = who->role_arn;

    for (int i = 0; i < 5; i++)
        (void)str_cut(&path, ':'); /* a path may hold colons of its own */
    return who->house || (who->kind == PRINCIPAL_SESSION && str_starts(path, S("role/aws-service-role/")));
}

/* A service is of no account, wherever it is at work: no member's SCPs bind it, and it is nobody's neighbour. */
static str account_of(const struct caller *who)
{
    return who->kind == PRINCIPAL_SERVICE ? S("") : who->account;
}

static res sit(struct call *c, struct bench *b)
{
    const struct caller *who = c->caller;
    const struct guardrails *rails;

    *b = (struct bench){0};
    TRY(principal_of(c, &b->mine));
    TRY(guardrails_get(c, account_of(who), &rails));
    b->rails = rails;
    if (rails->suspended && !who->house) /* what a closed account leaves behind is still put in order */
        return fault(c, &api_access_denied, "The account %.*s is suspended.", FMT(who->account));
    TRY(context_build(c, b->mine, rails));
    b->r = (struct authz_request){.principal_kind = who->kind,
                                  .principal = who->arn,
                                  .principal_role_arn = who->role_arn,
                                  .principal_id = who->unique_id,
                                  .account = account_of(who)};
    b->l.identity = (struct policy_set){b->mine->identity, b->mine->n_identity, b->mine->index};
    b->l.boundary = b->mine->boundary;
    TRY(add_session_policies(c, b));
    TRY(add_endpoint(c, b));
    b->l.scps = rails->scps;
    b->r.management_principal = rails->management;
    b->r.service_linked_role = is_outside_guardrails(who);
    return OK;
}

static res add_resource_side(struct call *c, struct bench *b, const struct resource *r, const char *action)
{
    const struct guardrails *rails;
    struct authz_grant *grants = NULL;

    b->r.action = str_z(action);
    b->r.resource = r->arn;
    b->r.resource_account = r->account;
    b->l.resource = NULL;
    b->l.resource_takes_policies = r->type && r->type->takes_policies;
    b->l.same_principal = same_principal;
    b->l.same_principal_ctx = (void *)r;
    b->l.n_grants = 0;
    if (r->policy.n)
        TRY(worker_policy(c->worker, r->policy, kind_of(r), r->policy_name.n ? r->policy_name : r->arn, &b->l.resource,
                          &c->err));
    if (providers.grants && kind_of(r) == POLICY_KEY && r->subject)
        TRY(providers.grants(c, r, b->r.action, &grants, &b->l.n_grants));
    b->l.grants = grants;
    TRY(rails_of(c, b, r, &rails));
    if (rails->suspended && !c->caller->house)
        return fault(c, &api_access_denied, "The account %.*s is suspended.", FMT(r->account));
    b->l.rcps = r->beyond_rcps ? (struct policy_levels){0} : rails->rcps;
    b->r.management_resource = rails->management;
    return OK;
}

/* ---- judging ---- */

/* Where the owner hangs in the organization; nothing where it is in none. */
static res add_owner(struct call *c, const struct bench *b, const struct resource *r)
{
    const struct guardrails *rails;

    TRY(rails_of(c, b, r, &rails));
    context_add(c, S("aws:ResourceAccount"), r->account.n ? r->account : STR_ABSENT);
    context_add_org(c, S("aws:ResourceOrgID"), S("aws:ResourceOrgPaths"), rails);
    return OK;
}

/* Some services had keys for tags before there was aws:ResourceTag/, and still have them. */
static const char *older_tag_prefix(str arn)
{
    static const char *const prefixes[][2] = {{"arn:aws:iam:", "iam:ResourceTag/"},
                                              {"arn:aws:ec2:", "ec2:ResourceTag/"},
                                              {"arn:aws:sagemaker:", "sagemaker:ResourceTag/"},
                                              {"arn:aws:ssm:", "ssm:resourceTag/"}};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(arn, str_z(prefixes[i][0])))
            return prefixes[i][1];
    return NULL;
}

static res add_resource_context(struct call *c, const struct bench *b, const struct resource *r,
                                const struct access_line *line)
{
    const char *older = r->n_tags ? older_tag_prefix(r->arn) : NULL;

    TRY(add_owner(c, b, r));
    for (size_t i = 0; i < r->n_tags; i++)
        context_add(c, arena_cat(c->arena, str_z(r->tag_prefix ? r->tag_prefix : "aws:ResourceTag/"), r->tags[i].key),
                    r->tags[i].value);
    for (size_t i = 0; older && i < r->n_tags; i++) /* the older name of the same, still in use */
        context_add(c, arena_cat(c->arena, str_z(older), r->tags[i].key), r->tags[i].value);
    if (r->account.n && str_starts(r->arn, S("arn:aws:s3:")))
        context_add(c, S("s3:ResourceAccount"), r->account);
    if (line && line->pass_to)
        context_add(c, S("iam:PassedToService"), str_z(line->pass_to));
    if (line && line->kind == ACCESS_PASS_ROLE && str_starts(c->resources[0].arn, S("arn:")))
        context_add(c, S("iam:AssociatedResourceArn"), c->resources[0].arn); /* what the call itself is about */
    return OK;
}

static void note(struct call *c, struct bench *b, const struct decision *d, struct judgement *j)
{
    *j = (struct judgement){.action = b->r.action.p,
                            .resource = b->r.resource,
                            .resource_account = b->r.resource_account,
                            .verdict = d->verdict,
                            .by = d->by};
    if (d->reason.policy) {
        j->policy = arena_dup(c->arena, policy_name(d->reason.policy));
        j->sid = arena_dup(c->arena, policy_sid(d->reason.policy, d->reason.statement));
        j->index = d->reason.statement;
        j->statement = policy_statement_text(d->reason.policy, d->reason.statement, c->arena);
    }
    if (d->verdict != ALLOWED) {
        struct buf trace;
        buf_init(&trace, 256 << 10);
        authz_explain(&b->r, &b->l, &trace);
        j->trace = trace.full ? STR_ABSENT : arena_dup(c->arena, buf_str(&trace));
        buf_done(&trace);
    }
}

static struct decision judge(struct call *c, struct bench *b)
{
    b->r.context = c->gate->context;
    b->r.n_context = c->gate->n_context;
    return authz_evaluate(&b->r, &b->l);
}

static res pass_role_is_local(struct call *c, const struct resource *r)
{
    str rest = r->arn, account = STR_ABSENT;

    for (int i = 0; i < 5; i++)
        account = str_cut(&rest, ':');
    if (str_starts(r->arn, S("arn:")) && str_eq(account, c->caller->account))
        return OK;
    return fault(c, &api_access_denied, "Cross-account pass role is not allowed.");
}

static const char *action_of(const struct resource *r, const struct access_line *line)
{
    if (line->kind == ACCESS_PASS_ROLE)
        return "iam:PassRole";
    return r->action ? r->action : line->action;
}

static res judge_all(struct call *c, struct bench *b, const struct located *l)
{
    struct judgement *notes = ARENA_ARRAY(c->arena, struct judgement, l->n + 1);

    c->gate->judgements = notes;
    for (size_t i = 0; i < l->n; i++) {
        const struct access_line *line = l->lines[i];
        size_t before = c->gate->n_context;
        TRY(add_resource_context(c, b, &l->v[i], line));
        TRY(add_resource_side(c, b, &l->v[i], action_of(&l->v[i], line)));
        struct decision d = judge(c, b);
        note(c, b, &d, &notes[i]);
        c->gate->n_judgements = i + 1;
        if (d.verdict != ALLOWED) {
            c->gate->denied = &notes[i];
            return denial_fault(c, &b->r, &d);
        }
        c->gate->n_context = before; /* the next resource has its own tags and account */
        if (line->kind == ACCESS_PASS_ROLE)
            TRY(pass_role_is_local(c, &l->v[i]));
    }
    return OK;
}

static res say_missing(struct call *c)
{
    for (size_t i = 0; i < c->n_resources; i++) {
        const struct resource *r = &c->resources[i];
        if (!r->subject && r->missing)
            return fault(c, r->missing, "%.*s", FMT(r->missing_text));
    }
    return OK;
}

/* Nothing to judge is an allow only where the model says so, never because each line's condition failed. An operation
 * without any line is conductor's own: modelc refuses a model that has one. */
static res nothing_to_judge(struct call *c)
{
    for (size_t i = 0; i < c->op->n_access; i++)
        if (c->op->access[i].kind == ACCESS_OPEN || c->op->access[i].kind == ACCESS_EACH)
            return OK;
    if (c->op->n_access == 0)
        return OK;
    return fault(c, &api_access_denied, "User: %.*s is not authorized to perform: %s:%s", FMT(c->caller->arn),
                 c->op->service->signs_as, c->op->name);
}

res gate_pass(struct call *c)
{
    struct located l = {0};
    struct bench b;

    c->gate = ARENA_NEW(c->arena, struct gate_facts);
    TRY(temporary_may(c));
    TRY(locate(c, &l));
    if (!l.n)
        return nothing_to_judge(c);
    TRY(sit(c, &b));
    TRY(judge_all(c, &b, &l));
    return say_missing(c);
}

res gate_may(struct call *c, const char *action, struct resource *r, bool *may)
{
    struct gate_facts *kept = c->gate;
    struct bench b;

    c->gate = ARENA_NEW(c->arena, struct gate_facts);
    res why = sit(c, &b);
    if (is_ok(why))
        why = add_resource_context(c, &b, r, NULL);
    if (is_ok(why))
        why = add_resource_side(c, &b, r, action);
    *may = is_ok(why) && judge(c, &b).verdict == ALLOWED;
    c->gate = kept;
    return why;
}

static void replace_context(struct call *c, const struct authz_value *more, size_t n_more)
{
    for (size_t i = 0; i < n_more; i++) {
        struct gate_facts *g = c->gate;
        size_t kept = 0;
        for (size_t k = 0; k < g->n_context; k++)
            if (!str_eq_nocase(g->context[k].key, more[i].key))
                g->context[kept++] = g->context[k];
        g->n_context = kept;
        context_add_list(c, more[i].key, more[i].values, more[i].n);
        g->context[g->n_context - 1].multi = more[i].multi;
    }
}

res gate_weigh(struct call *c, const char *action, struct resource *r, const struct authz_value *more, size_t n_more,
               struct weighed *out)
{
    struct gate_facts *kept = c->gate;
    struct bench b;
    struct buf trace;

    c->gate = ARENA_NEW(c->arena, struct gate_facts);
    res why = sit(c, &b);
    if (is_ok(why))
        why = add_resource_side(c, &b, r, action);
    if (is_ok(why))
        why = add_resource_context(c, &b, r, NULL);
    if (is_ok(why)) {
        replace_context(c, more, n_more);
        struct decision d = judge(c, &b);
        out->message = authz_message(c->arena, &b.r, &d);
        buf_init(&trace, 1 << 20);
        authz_explain(&b.r, &b.l, &trace);
        if (trace.full)
            why = oops(&c->err, 0, "the explanation is too large");
        out->trace = arena_dup(c->arena, buf_str(&trace));
        buf_done(&trace);
    }
    c->gate = kept;
    return why;
}
