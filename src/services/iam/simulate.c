/* SPDX-License-Identifier: MIT */
/* The policy simulator: the engine that judges requests, on policies as they are attached or as they are given. Only
 * what the input says counts: no context of a real request is added, and no resource's policy is looked up. */
#include "simulate.h"

#include "api/gate.h"
#include "api/house.h"
#include "base/time.h"

enum { MAX_RESOURCES = 500, PAGE_MS = 200 };

struct simulation {
    struct simulated_list identity, boundary;
    struct policy_levels scps;
    bool organization, management;
    str caller, resource_policy, owner; /* owner: an account, or absent */
    struct authz_request r;             /* who asks, with its context */
    struct list_of_str missing;         /* context keys that the policies use and nobody gave */
    const struct list_of_str *actions;
    struct list_of_str resources;
    const struct policy **identity_set;
};

struct outcome { /* of one action on one resource */
    enum verdict verdict;
    struct iam_matched_list matched;
    bool across, boundary_allows, organization_allows;
    enum verdict identity, resource;
};

static str verdict_text(enum verdict v)
{
    return v == ALLOWED ? S("allowed") : v == DENIED_EXPLICITLY ? S("explicitDeny") : S("implicitDeny");
}

/* ---- one action on one resource ---- */

static enum verdict verdict_of(const struct authz_request *r, const struct authz_layers *l,
                               const struct policy *const *v, size_t n)
{
    enum verdict most = DENIED_IMPLICITLY;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < policy_count(v[i]); k++) {
            enum verdict one = authz_statement_verdict(r, l, v[i], k);
            if (one == DENIED_EXPLICITLY)
                return one;
            most = one == ALLOWED ? ALLOWED : most;
        }
    return most;
}

static bool organization_allows(const struct simulation *s, const struct authz_request *r, const struct authz_layers *l)
{
    for (size_t i = 0; !s->management && i < s->scps.n; i++)
        if (verdict_of(r, l, s->scps.v[i].v, s->scps.v[i].n) != ALLOWED)
            return false;
    return true;
}

/* Every statement that made the decision: all that allow, or all that deny. */
static void match(struct call *c, const struct authz_request *r, const struct authz_layers *l,
                  const struct simulated *of, const char *type, struct outcome *o)
{
    for (size_t i = 0; i < policy_count(of->p); i++) {
        struct iam_position *at = ARENA_ARRAY(c->arena, struct iam_position, 2);
        if (o->verdict == DENIED_IMPLICITLY || authz_statement_verdict(r, l, of->p, i) != o->verdict)
            continue;
        if (o->matched.n % 8 == 0) {
            struct iam_matched *v = ARENA_ARRAY(c->arena, struct iam_matched, o->matched.n + 8);
            for (size_t k = 0; k < o->matched.n; k++)
                v[k] = o->matched.v[k];
            o->matched.v = v;
        }
        bool found = simulate_position(of->text, i, &at[0], &at[1]);
        o->matched.v[o->matched.n++] =
            (struct iam_matched){of->id, str_z(type), found ? &at[0] : NULL, found ? &at[1] : NULL};
    }
}

static str account_in(str arn)
{
    str rest = str_behind(arn, ':', 4), account = str_cut(&rest, ':');
    uint64_t digits;

    return account.n == 12 && str_to_u64(account, &digits) ? account : STR_ABSENT;
}

/* Where no policy of the resource is given, none is judged: one that leaves the answer to the identity side stands in
 * where the engine would miss one (keys and roles, rules 10 and 11). */
static res resource_side(struct call *c, struct simulation *s, struct authz_request *r, struct authz_layers *l,
                         struct simulated_list *own)
{
    enum policy_kind kind = authz_resource_kind(r);
    str account = account_in(r->resource);
    const char *any = kind == POLICY_TRUST ? "" : ",\"Resource\":\"*\"";

    l->resource_takes_policies = true;
    r->resource_account = s->r.account;
    if (str_is(s->resource_policy)) {
        r->resource_account = str_is(account) ? account : str_is(s->owner) ? s->owner : s->r.account;
        TRY(simulate_add(c, S("ResourcePolicy"), s->resource_policy, kind, own));
        l->resource = own->v[0].p;
    } else if (kind != POLICY_RESOURCE) {
        str text =
            arena_printf(c->arena,
                         "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                         "\"%.*s\"},\"Action\":\"*\"%s}}",
                         FMT(s->r.account), any);
        TRY(worker_policy(c->worker, text, kind, S("delegation"), &l->resource, &c->err));
    }
    return OK;
}

static res evaluate(struct call *c, struct simulation *s, str action, str resource, struct outcome *o)
{
    struct authz_layers l = {.identity = {s->identity_set, s->identity.n}, .scps = s->scps};
    struct authz_request r = s->r;
    struct simulated_list own = {0};

    r.action = action;
    r.resource = resource;
    l.boundary = s->boundary.n ? s->boundary.v[0].p : NULL;
    TRY(resource_side(c, s, &r, &l, &own));
    struct decision d = authz_evaluate(&r, &l);
    *o = (struct outcome){.verdict = d.verdict, .across = !str_eq(r.resource_account, r.account)};
    for (size_t i = 0; i < s->identity.n; i++)
        match(c, &r, &l, &s->identity.v[i], "IAM Policy",
              o); /* observed; the models' enumeration is not what AWS sends */
    for (size_t i = 0; i < own.n; i++)
        match(c, &r, &l, &own.v[i], "Resource Policy", o);
    o->boundary_allows = l.boundary && verdict_of(&r, &l, &l.boundary, 1) == ALLOWED;
    o->organization_allows = organization_allows(s, &r, &l);
    o->identity = verdict_of(&r, &l, s->identity_set, s->identity.n);
    o->resource = l.resource ? verdict_of(&r, &l, &l.resource, 1) : DENIED_IMPLICITLY;
    return OK;
}

/* ---- what is answered ---- */

static struct iam_by_boundary *by_boundary(struct call *c, const struct simulation *s, bool allows)
{
    struct iam_by_boundary *b = s->boundary.n ? ARENA_NEW(c->arena, struct iam_by_boundary) : NULL;

    if (b)
        b->allowed_by_permissions_boundary = SET_BOOL(allows);
    return b;
}

/* How each side of an account's border decided; only where there is one between caller and resource. */
static struct map_of_str details(struct call *c, const struct simulation *s, const struct outcome *o)
{
    struct map_of_str m = {0};

    if (!o->across || !str_is(s->resource_policy))
        return m;
    m.v = ARENA_ARRAY(c->arena, struct str_pair, 2);
    m.v[m.n++] = (struct str_pair){S("IAM Policy"), verdict_text(o->identity)};
    m.v[m.n++] = (struct str_pair){S("Resource Policy"), verdict_text(o->resource)};
    return m;
}

static unsigned severity(enum verdict v)
{
    return v == DENIED_EXPLICITLY ? 2 : v == DENIED_IMPLICITLY ? 1 : 0;
}

static enum verdict worse(enum verdict a, enum verdict b)
{
    return severity(a) > severity(b) ? a : b;
}

/* Statements of all resources, each once. */
static void unite(struct call *c, struct iam_matched_list *all, const struct iam_matched_list *more)
{
    struct iam_matched *v = ARENA_ARRAY(c->arena, struct iam_matched, all->n + more->n + 1);
    size_t n = all->n;

    for (size_t i = 0; i < all->n; i++)
        v[i] = all->v[i];
    for (size_t i = 0; i < more->n; i++) {
        const struct iam_matched *m = &more->v[i];
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = str_eq(v[k].source_policy_id, m->source_policy_id) && v[k].start_position && m->start_position &&
                    v[k].start_position->line.v == m->start_position->line.v &&
                    v[k].start_position->column.v == m->start_position->column.v;
        if (!known)
            v[n++] = *m;
    }
    *all = (struct iam_matched_list){n, v};
}

static void add_resource(struct call *c, const struct simulation *s, str name, const struct outcome *o,
                         struct iam_result *out)
{
    struct iam_resource_result *one = &out->resource_specific_results.v[out->resource_specific_results.n++];

    *one = (struct iam_resource_result){
        .eval_resource_name = name,
        .eval_resource_decision = verdict_text(o->verdict),
        .matched_statements = o->matched,
        .missing_context_values = s->missing,
        .eval_decision_details = details(c, s, o),
        .permissions_boundary_decision_detail = by_boundary(c, s, o->boundary_allows),
    };
}

static res simulate_action(struct call *c, struct simulation *s, str action, struct iam_result *out)
{
    struct outcome all = {.verdict = ALLOWED, .boundary_allows = true, .organization_allows = true};
    struct iam_matched_list by[3] = {{0}};
    bool named = s->resources.n != 1 || !str_eq(s->resources.v[0], S("*"));

    all.identity = all.resource = ALLOWED;
    *out = (struct iam_result){.eval_action_name = action, .missing_context_values = s->missing};
    out->resource_specific_results.v = ARENA_ARRAY(c->arena, struct iam_resource_result, s->resources.n);
    for (size_t i = 0; i < s->resources.n; i++) {
        struct outcome one;
        TRY(evaluate(c, s, action, s->resources.v[i], &one));
        if (named)
            add_resource(c, s, s->resources.v[i], &one, out);
        unite(c, &by[severity(one.verdict)], &one.matched);
        all.verdict = worse(all.verdict, one.verdict);
        all.identity = worse(all.identity, one.identity);
        all.resource = worse(all.resource, one.resource);
        all.across |= one.across;
        all.boundary_allows &= one.boundary_allows;
        all.organization_allows &= one.organization_allows;
    }
    out->eval_resource_name = named ? simulate_template(c, action) : S("*");
    out->eval_decision = verdict_text(all.verdict);
    out->matched_statements = by[severity(all.verdict)];
    out->eval_decision_details = details(c, s, &all);
    out->permissions_boundary_decision_detail = by_boundary(c, s, all.boundary_allows);
    if (s->organization) {
        out->organizations_decision_detail = ARENA_NEW(c->arena, struct iam_by_organizations);
        out->organizations_decision_detail->allowed_by_organizations = SET_BOOL(all.organization_allows);
    }
    return OK;
}

/* A page ends early when it has taken long: this runs where other requests wait. */
static res simulate(struct call *c, struct simulation *s, str marker, opt_int max_items,
                    struct iam_simulate_custom_policy_out *out)
{
    int64_t until = time_mono_ms() + PAGE_MS;
    struct iam_window w;
    size_t n = 0;

    s->identity_set = ARENA_ARRAY(c->arena, const struct policy *, s->identity.n + 1);
    for (size_t i = 0; i < s->identity.n; i++)
        s->identity_set[i] = s->identity.v[i].p;
    TRY(iam_window(c, s->actions->n, marker, max_items, &w));
    out->evaluation_results.v = ARENA_ARRAY(c->arena, struct iam_result, w.n + 1);
    for (; n < w.n && (n == 0 || time_mono_ms() < until); n++)
        TRY(simulate_action(c, s, s->actions->v[w.from + n], &out->evaluation_results.v[n]));
    if (n < w.n)
        TRY(iam_window(c, s->actions->n, marker, SET_INT((int64_t)n), &w));
    out->evaluation_results.n = n;
    out->is_truncated = SET_BOOL(w.more);
    out->marker = w.marker;
    return OK;
}

/* ---- the question ---- */

static res take_context(struct call *c, const struct iam_context_entry_list *entries, struct simulation *s)
{
    struct authz_value *v = ARENA_ARRAY(c->arena, struct authz_value, entries->n + 1);

    for (size_t i = 0; i < entries->n; i++) {
        const struct iam_context_entry *e = &entries->v[i];
        bool list = str_ends(e->context_key_type, S("List"));
        if (!str_is(e->context_key_name) || (!list && e->context_key_values.n > 1))
            return fault(c, &iam_InvalidInput, "The context entry %.*s must have a name and %s.",
                         FMT(e->context_key_name), list ? "values" : "one value");
        for (size_t k = 0; k < i; k++)
            if (str_eq_nocase(v[k].key, e->context_key_name))
                return fault(c, &iam_InvalidInput, "The context key %.*s is given twice.", FMT(e->context_key_name));
        v[i] = (struct authz_value){e->context_key_name, e->context_key_values.v, e->context_key_values.n, list};
    }
    s->r.context = v;
    s->r.n_context = entries->n;
    return OK;
}

static bool is_given(const struct simulation *s, str key)
{
    for (size_t i = 0; i < s->r.n_context; i++)
        if (str_eq_nocase(s->r.context[i].key, key))
            return true;
    return false;
}

static res find_missing(struct call *c, struct simulation *s)
{
    struct list_of_str all = {0};
    size_t kept = 0;

    TRY(simulate_keys(c, &s->identity, &all));
    if (str_is(s->resource_policy)) {
        struct simulated one = {.id = S("ResourcePolicy"), .text = s->resource_policy};
        struct simulated_list own = {&one, 1, 1};
        TRY(simulate_keys(c, &own, &all));
    }
    for (size_t i = 0; i < all.n; i++)
        if (!is_given(s, all.v[i]))
            all.v[kept++] = all.v[i];
    s->missing = (struct list_of_str){kept, all.v};
    return OK;
}

/* A role is judged as a session of it. */
static res take_caller(struct call *c, str arn, struct simulation *s)
{
    str account, kind, name;

    s->r.principal_kind = PRINCIPAL_USER;
    s->r.account = c->caller->account;
    s->r.principal = arn;
    if (!str_is(arn))
        return OK;
    if (!iam_parse_arn(arn, &account, &kind, &name) || !name.n)
        return fault(c, &iam_InvalidInput, "Invalid Entity Arn: %.*s does not clearly define entity type and name.",
                     FMT(arn));
    s->r.account = account;
    if (str_eq(kind, S("role"))) {
        s->r.principal_kind = PRINCIPAL_SESSION;
        s->r.principal_role_arn = arn;
        s->r.principal = arena_printf(c->arena, "arn:%.*s:sts::%.*s:assumed-role/%.*s/simulation",
                                      FMT(c->worker->house->partition), FMT(account), FMT(name));
    }
    return OK;
}

static res check_names(struct call *c, const struct simulation *s)
{
    if (s->resources.n > MAX_RESOURCES)
        return fault(c, &iam_InvalidInput, "At most %d resources can be simulated at once.", MAX_RESOURCES);
    for (size_t i = 0; i < s->actions->n; i++) {
        str name = s->actions->v[i];
        if (name.n < 3 || name.n > 128 || str_find(name, ':') <= 0)
            return fault(c, &iam_InvalidInput, "Invalid action name: %.*s", FMT(name));
    }
    for (size_t i = 0; i < s->resources.n; i++)
        if (!str_eq(s->resources.v[i], S("*")) && !str_starts(s->resources.v[i], S("arn:")))
            return fault(c, &iam_InvalidInput, "Invalid resource ARN: %.*s", FMT(s->resources.v[i]));
    return OK;
}

static res take_question(struct call *c, const struct iam_simulate_custom_policy_in *in, struct simulation *s)
{
    str *everything = ARENA_NEW(c->arena, str);
    str account = account_in(in->resource_owner);

    s->actions = &in->action_names;
    *everything = S("*");
    s->resources = in->resource_arns.n ? in->resource_arns : (struct list_of_str){1, everything};
    s->resource_policy = in->resource_policy;
    s->owner = str_is(account) || !str_is(in->resource_owner) ? account : in->resource_owner;
    if (str_is(s->owner) && (s->owner.n != 12 || !str_all(s->owner, "0123456789")))
        return fault(c, &iam_InvalidInput, "The resource owner is no account: %.*s", FMT(in->resource_owner));
    TRY(check_names(c, s));
    TRY(take_caller(c, in->caller_arn, s));
    TRY(take_context(c, &in->context_entries, s));
    if (in->permissions_boundary_policy_input_list.n > 1)
        return fault(c, &iam_InvalidInput, "Only one permissions boundary can be simulated.");
    if (in->permissions_boundary_policy_input_list.n)
        TRY(simulate_add(c, S("PermissionsBoundaryPolicyInputList.1"), in->permissions_boundary_policy_input_list.v[0],
                         POLICY_BOUNDARY, &s->boundary));
    return simulate_add_given(c, &in->policy_input_list, &s->identity);
}

static res take_levels(struct call *c, const struct iam_organization_level_list *given, struct simulation *s)
{
    struct policy_set *levels = ARENA_ARRAY(c->arena, struct policy_set, given->n + 1);

    for (size_t i = 0; i < given->n; i++) {
        const struct list_of_str *texts = &given->v[i].service_control_policy_input_list;
        const struct policy **v = ARENA_ARRAY(c->arena, const struct policy *, texts->n + 1);
        struct simulated_list list = {0};
        for (size_t k = 0; k < texts->n; k++) {
            TRY(simulate_add(c, arena_printf(c->arena, "OrderedOrganizationPolicyInputList.%zu.%zu", i + 1, k + 1),
                             texts->v[k], POLICY_SCP, &list));
            v[k] = list.v[k].p;
        }
        levels[i] = (struct policy_set){v, texts->n};
    }
    s->scps = (struct policy_levels){levels, given->n};
    s->organization = given->n > 0;
    return OK;
}

res iam_simulate_custom_policy(struct call *c, const struct iam_simulate_custom_policy_in *in,
                               struct iam_simulate_custom_policy_out *out)
{
    struct simulation s = {0};

    if (str_is(in->resource_policy) && !str_is(in->caller_arn))
        return fault(c, &iam_InvalidInput, "CallerArn is required when a ResourcePolicy is given.");
    TRY(take_question(c, in, &s));
    TRY(take_levels(c, &in->ordered_organization_policy_input_list, &s));
    TRY(find_missing(c, &s));
    return simulate(c, &s, in->marker, in->max_items, out);
}

/* The source's own boundary, unless another is given, and its account's SCPs. */
static res take_limits(struct call *c, const struct iam_source *from, const struct iam_policy_identifier_list *without,
                       struct simulation *s)
{
    struct guardrails g = {0};
    str document;

    if (from->boundary.n && !s->boundary.n && !simulate_without_type(without, "permission-boundary")) {
        TRY(iam_policy_document(c, c->caller->account, from->boundary, &document));
        if (!str_is(document))
            return oops(&c->err, 0, "the permissions boundary %.*s is gone", FMT(from->boundary));
        TRY(simulate_add(c, iam_name_of_arn(from->boundary), document, POLICY_BOUNDARY, &s->boundary));
    }
    s->organization = c->worker->house->org_id.n > 0 && !simulate_without_type(without, "scp");
    if (!providers.guardrails || !s->organization)
        return OK;
    TRY(providers.guardrails(c, c->caller->account, &g));
    s->scps = g.scps;
    s->r.management_principal = s->management = g.management;
    return OK;
}

res iam_simulate_principal_policy(struct call *c, const struct iam_simulate_principal_policy_in *in,
                                  struct iam_simulate_principal_policy_out *out)
{
    const struct iam_source *from = c->subject;
    struct iam_simulate_custom_policy_in asked = {0};
    struct iam_simulate_custom_policy_out answer = {0};
    struct simulation s = {0};

    shape_copy(&iam_simulate_principal_policy_in_shape, in, &iam_simulate_custom_policy_in_shape, &asked);
    if (!str_is(asked.caller_arn))
        asked.caller_arn = from->arn;
    TRY(simulate_add_attached(c, from, &in->policy_exclusion_list, &s.identity));
    TRY(take_question(c, &asked, &s));
    TRY(take_limits(c, from, &in->policy_exclusion_list, &s));
    TRY(find_missing(c, &s));
    TRY(simulate(c, &s, in->marker, in->max_items, &answer));
    out->evaluation_results = answer.evaluation_results;
    out->is_truncated = answer.is_truncated;
    out->marker = answer.marker;
    return OK;
}

/* ---- what they would need to know ---- */

res iam_get_context_keys_for_custom_policy(struct call *c, const struct iam_get_context_keys_for_custom_policy_in *in,
                                           struct iam_get_context_keys_for_custom_policy_out *out)
{
    struct simulated_list all = {0};

    TRY(simulate_add_given(c, &in->policy_input_list, &all));
    return simulate_keys(c, &all, &out->context_key_names);
}

res iam_get_context_keys_for_principal_policy(struct call *c,
                                              const struct iam_get_context_keys_for_principal_policy_in *in,
                                              struct iam_get_context_keys_for_principal_policy_out *out)
{
    struct simulated_list all = {0};

    TRY(simulate_add_attached(c, c->subject, NULL, &all));
    TRY(simulate_add_given(c, &in->policy_input_list, &all));
    return simulate_keys(c, &all, &out->context_key_names);
}
