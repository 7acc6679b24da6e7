/* SPDX-License-Identifier: MIT */
/* One gate. Every call, from outside or from another service, passes here before its handler can run. */
#include "api/gate.h"

#include <string.h>

#include "api/denial.h"
#include "api/house.h"
#include "api/kept.h"
#include "api/locate.h"

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

static enum policy_kind kind_of(const struct resource *r)
{
    if (r->type && strcmp(r->type->policy, "key") == 0)
        return POLICY_KEY;
    return r->type && strcmp(r->type->policy, "trust") == 0 ? POLICY_TRUST : POLICY_RESOURCE;
}

struct bench { /* what a judgement needs beside the resource; the same for all resources of a call */
    struct authz_request r;
    struct authz_layers l;
    const struct principal_policies *mine;
    const struct guardrails *rails; /* of account_of the caller */
};

/* A service is of no account, wherever it is at work: no member's SCPs bind it, and it is nobody's neighbour. */
static str account_of(const struct caller *who)
{
    return who->kind == PRINCIPAL_SERVICE ? S("") : who->account;
}

/* Mostly a resource is the caller's own. */
static res rails_of(struct call *c, const struct bench *b, const struct resource *r, const struct guardrails **out)
{
    if (!str_eq(r->account, account_of(c->caller)))
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

/* The endpoint's policy binds only what comes through it: not what a service does on the caller's behalf (rule 21). */
static res add_endpoint(struct call *c, struct bench *b)
{
    const struct endpoint_law *law;

    if (!c->door || !str_is(c->door->vpce_id) || c->caller->n_called_via || c->caller->kind == PRINCIPAL_SERVICE)
        return OK;
    TRY(kept_endpoint(c, c->door->vpce_id, &law));
    b->l.endpoints = (struct policy_set){.v = law->one, .n = law->n};
    return OK;
}

static res sit(struct call *c, struct bench *b)
{
    const struct caller *who = c->caller;
    const struct guardrails *rails;

    *b = (struct bench){0};
    TRY(kept_principal(c, &b->mine));
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
    /* Outside SCPs and RCPs, as the house is, whose part AWS's own machinery has there (rules 15, 16). */
    b->r.service_linked_role = who->house || b->mine->service_linked;
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
    enum policy_kind kind = kind_of(r);
    if (r->policy.n)
        TRY(worker_policy(c->worker, r->policy, kind, r->policy_name.n ? r->policy_name : r->arn, &b->l.resource,
                          &c->err));
    if (providers.grants && kind == POLICY_KEY && r->subject)
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
    context_add_values(c, r->context, r->n_context);
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
    str rest = str_behind(r->arn, ':', 4), account = str_cut(&rest, ':');

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
