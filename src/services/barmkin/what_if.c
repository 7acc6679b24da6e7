/* SPDX-License-Identifier: MIT */
/* What-ifs on the live state: a principal, an action and a resource by their names; the gate then gathers the same
 * layers as for a request of that principal. */
#include "api/explain.h"
#include "api/gate.h"
#include "api/house.h"
#include "barmkin_parts.h"
#include "ec2.h"
#include "iam.h"

enum { EXPLANATION_MAX_BYTES = 2 << 20 };

static void arn_fields(str arn, str f[6])
{
    str rest = arn;

    for (int i = 0; i < 5; i++)
        f[i] = str_is(rest) ? str_cut(&rest, ':') : S("");
    f[5] = str_is(rest) ? rest : S("");
}

static str last_name(str path)
{
    return str_from(path, (size_t)(str_rfind(path, '/') + 1));
}

/* ---- who ---- */

static res find_user(struct call *c, str account, str name, struct caller *who)
{
    struct iam_get_user_in in = {.user_name = name};
    struct iam_get_user_out out = {0};

    TRY(call_as(c, barmkin_root_of(c, account), &iam_GetUser_op, &in, &out));
    who->kind = PRINCIPAL_USER;
    who->arn = out.user->arn;
    who->unique_id = who->user_id = out.user->user_id;
    who->name = out.user->user_name;
    return OK;
}

static res find_session(struct call *c, str account, str role, str session, struct caller *who)
{
    struct iam_get_role_in in = {.role_name = role};
    struct iam_get_role_out out = {0};

    TRY(call_as(c, barmkin_root_of(c, account), &iam_GetRole_op, &in, &out));
    who->kind = PRINCIPAL_SESSION;
    who->role_arn = out.role->arn;
    who->unique_id = out.role->role_id;
    who->name = session;
    who->user_id = arena_printf(c->arena, "%.*s:%.*s", FMT(out.role->role_id), FMT(session));
    who->arn = arena_printf(c->arena, "arn:%.*s:sts::%.*s:assumed-role/%.*s/%.*s", FMT(c->worker->house->partition),
                            FMT(account), FMT(role), FMT(session));
    who->issued_ms = c->now_ms;
    return OK;
}

/* GetFederationToken's: a name that the user who vouches for it chose, so only the question can say who that is. */
static res find_federated(struct call *c, str arn, str account, str vouching_user, struct caller *who)
{
    str f[6];

    arn_fields(vouching_user, f);
    if (!str_eq(f[2], S("iam")) || !str_eq(f[4], account) || !str_starts(f[5], S("user/")))
        return fault(c, &barmkin_InvalidInputException,
                     "Say which user of account %.*s vouches for %.*s: barmkin explain --federated-by.", FMT(account),
                     FMT(arn));
    TRY(find_user(c, account, last_name(f[5]), who));
    who->kind = PRINCIPAL_SESSION;
    who->federated = true;
    who->role_arn = who->arn;
    who->arn = arn;
    who->name = last_name(arn);
    who->user_id = arena_printf(c->arena, "%.*s:%.*s", FMT(account), FMT(who->name));
    who->issued_ms = c->now_ms;
    who->session_policies_passed = true; /* none: no rights (rule 7) */
    return OK;
}

static res account_exists(struct call *c, str account)
{
    struct organizations_list_accounts_out found = {0};

    TRY(barmkin_all_accounts(c, &found));
    for (size_t i = 0; i < found.accounts.n; i++)
        if (str_eq(found.accounts.v[i].id, account))
            return OK;
    return fault(c, &barmkin_ResourceNotFoundException, "There is no account %.*s here.", FMT(account));
}

/* A role's ARN means a session of it. */
static res find_caller(struct call *c, str name, str vouching_user, struct caller *who)
{
    str f[6], rest;

    *who = (struct caller){.kind = PRINCIPAL_ANONYMOUS, .account = S(""), .arn = S("")};
    if (str_eq(name, S("anonymous")))
        return OK;
    if (!str_starts(name, S("arn:")) && str_ends(name, S(".amazonaws.com"))) {
        *who = *caller_service(c, arena_z(c->arena, name), S(""), S(""));
        return OK;
    }
    arn_fields(name, f);
    TRY(account_exists(c, f[4]));
    who->account = f[4];
    rest = f[5];
    str kind = str_cut(&rest, '/');
    if (str_eq(f[2], S("iam")) && str_eq(kind, S("user")))
        return find_user(c, f[4], last_name(f[5]), who);
    if (str_eq(f[2], S("iam")) && str_eq(kind, S("role")))
        return find_session(c, f[4], last_name(f[5]), S("explain"), who);
    if (str_eq(f[2], S("sts")) && str_eq(kind, S("assumed-role"))) {
        str role = str_cut(&rest, '/');
        return find_session(c, f[4], role, str_is(rest) ? rest : S("explain"), who);
    }
    if (str_eq(f[2], S("sts")) && str_eq(kind, S("federated-user")))
        return find_federated(c, name, f[4], vouching_user, who);
    if (str_eq(f[2], S("iam")) && str_eq(f[5], S("root"))) {
        *who = *barmkin_root_of(c, f[4]);
        who->house = false; /* asked is about the customer's root user, whom SCPs bind */
        return OK;
    }
    return fault(c, &barmkin_ResourceNotFoundException, "%.*s names no user, role, session, root user or service.",
                 FMT(name));
}

/* Documents and ARNs, as AssumeRole takes them; any number of documents, so that each may be tried on its own. */
static res pass_policies(struct call *c, const struct list_of_str *given, struct caller *who)
{
    str *documents = ARENA_ARRAY(c->arena, str, given->n + 1), *arns = ARENA_ARRAY(c->arena, str, given->n + 1);
    size_t n_documents = 0, n_arns = 0;

    if (given->n && who->kind != PRINCIPAL_SESSION)
        return fault(c, &barmkin_InvalidInputException,
                     "Session policies are passed to sessions: of a role, or of a federated user.");
    for (size_t i = 0; i < given->n; i++) {
        str text = given->v[i];
        if (!str_starts(text, S("arn:"))) {
            TRY(policy_check(c, text, POLICY_SESSION, &barmkin_InvalidInputException));
            documents[n_documents++] = text;
            continue;
        }
        TRY(providers.managed_policy(c, who->account, text, &text));
        if (!str_is(text))
            return fault(c, &barmkin_ResourceNotFoundException, "There is no policy %.*s here.", FMT(given->v[i]));
        arns[n_arns++] = given->v[i];
    }
    who->session_policies = documents;
    who->n_session_policies = n_documents;
    who->session_policy_arns = arns;
    who->n_session_policy_arns = n_arns;
    who->session_policies_passed |= given->n > 0;
    return OK;
}

/* ---- on what ---- */

/* A template's placeholders as they stand in the ARN; false where it does not fit or two of them touch. */
static bool fits_template(const char *template, str arn, str *names, size_t *n)
{
    str t = str_z(template), filled;

    *n = 0;
    while (t.n) {
        ptrdiff_t open = str_find(t, '{');
        str literal = open < 0 ? t : str_sub(t, 0, (size_t)open);
        if (!str_starts(arn, literal) || (open < 0 && arn.n != literal.n))
            return false;
        arn = str_from(arn, literal.n);
        if (open < 0)
            return true;
        t = str_from(t, (size_t)open + 1);
        str name = str_cut(&t, '}');
        ptrdiff_t end = str_is(t) && t.n ? str_find(arn, t.p[0]) : (ptrdiff_t)arn.n;
        if (end < 0 || (str_is(t) && t.n && t.p[0] == '{') || *n == 4)
            return false;
        filled = str_sub(arn, 0, (size_t)end);
        arn = str_from(arn, (size_t)end);
        if (!str_eq(name, S("partition")) && !str_eq(name, S("region")) && !str_eq(name, S("account")))
            names[(*n)++] = filled;
    }
    return arn.n == 0;
}

/* Finders take what clients name things by, so a name out of an ARN is tried as it is, without its path, with the slash
 * in front that parameters have, and as the ARN. What is found must be what was asked for. */
static res find_by_names(struct call *c, const struct resource_type *t, str arn, const str *names, size_t n,
                         struct resource *best)
{
    str tries[4][4];
    size_t n_tries = n == 1 ? 4 : 1;

    for (size_t i = 0; i < n; i++)
        tries[0][i] = names[i];
    if (n == 1) {
        tries[1][0] = last_name(names[0]);
        tries[2][0] = arena_printf(c->arena, "/%.*s", FMT(names[0]));
        tries[3][0] = arn;
    }
    for (size_t i = 0; i < n_tries && !best->subject; i++) {
        struct resource r = {.type = t, .account = c->caller->account};
        res why = t->find(c, tries[i], n, &r);
        if (why.why == WHY_OOPS)
            return why;
        c->fault = (struct fault){0};
        err_clear(&c->err);
        if (is_ok(why) && str_eq(r.arn, arn) && (r.subject || !best->type || !best->arn.n))
            *best = r;
    }
    return OK;
}

static res try_type(struct call *c, const struct resource_type *t, str arn, struct resource *best)
{
    str names[4];
    size_t n;

    if (!t || best->subject || !fits_template(t->arn, arn, names, &n))
        return OK;
    if (!best->type)
        best->type = t;
    return t->find && n ? find_by_names(c, t, arn, names, n, best) : OK;
}

static bool is_action(const struct access_line *line, str action)
{
    return line->action && str_eq_nocase(str_z(line->action), action);
}

/* First the types that the action is judged on, then the others of its service. */
static res try_types(struct call *c, str action, str arn, bool of_action, struct resource *best)
{
    str rest = action, prefix = str_cut(&rest, ':');

    for (size_t s = 0; services[s]; s++) {
        if (!str_eq_nocase(str_z(services[s]->signs_as), prefix))
            continue;
        for (size_t o = 0; o < services[s]->n_operations; o++) {
            const struct operation *op = services[s]->operations[o];
            for (size_t i = 0; i < op->n_access; i++)
                if (!of_action || is_action(&op->access[i], action))
                    TRY(try_type(c, op->access[i].on, arn, best));
        }
    }
    return OK;
}

static const struct operation *operation_of(str action)
{
    for (size_t s = 0; services[s]; s++)
        for (size_t o = 0; o < services[s]->n_operations; o++)
            if (services[s]->operations[o]->n_access && is_action(&services[s]->operations[o]->access[0], action))
                return services[s]->operations[o];
    return &barmkin_WhatIf_op;
}

static res find_resource_of(struct call *c, str action, str arn, struct resource *out)
{
    str f[6];

    *out = (struct resource){.arn = STR_ABSENT};
    arn_fields(arn, f);
    if (str_eq_nocase(action, S("iam:PassRole")))
        TRY(gate_locate_role(c, arn, out));
    else if (!str_eq(arn, S("*"))) {
        TRY(try_types(c, action, arn, true, out));
        if (!out->subject)
            TRY(try_types(c, action, arn, false, out));
    }
    if (!out->arn.n)
        out->arn = arn;
    if (!out->account.n)
        out->account = f[4].n == 12 ? f[4] : c->caller->account;
    return OK;
}

/* ---- through what ---- */

static res find_endpoint(struct call *c, str id, struct door *door)
{
    struct organizations_list_accounts_out found = {0};
    struct ec2_describe_vpc_endpoints_in in = {.vpc_endpoint_ids = {1, &id}};

    TRY(barmkin_all_accounts(c, &found));
    for (size_t i = 0; i < found.accounts.n; i++) {
        struct ec2_describe_vpc_endpoints_out out = {0};
        struct fault missing;
        TRY(call_try(c, barmkin_root_of(c, found.accounts.v[i].id), &ec2_DescribeVpcEndpoints_op, &in, &out, &missing));
        if (missing.type || !out.vpc_endpoints.n)
            continue;
        *door = (struct door){
            .vpce_id = id, .vpc_id = out.vpc_endpoints.v[0].vpc_id, .vpc_account = found.accounts.v[i].id, .tls = true};
        return OK;
    }
    return fault(c, &barmkin_ResourceNotFoundException, "There is no VPC endpoint %.*s here.", FMT(id));
}

/* ---- the question ---- */

static struct authz_value *context_of(struct call *c, const struct barmkin_context_entry_list *list)
{
    struct authz_value *v = ARENA_ARRAY(c->arena, struct authz_value, list->n + 1);

    for (size_t i = 0; i < list->n; i++)
        v[i] = (struct authz_value){list->v[i].key, list->v[i].values.v, list->v[i].values.n, list->v[i].values.n > 1};
    return v;
}

static res check_names(struct call *c, const struct barmkin_what_if_in *in)
{
    str f[6];

    arn_fields(in->resource, f);
    if (!str_eq(in->resource, S("*")) && (!str_eq(f[0], S("arn")) || !f[5].n))
        return fault(c, &barmkin_InvalidInputException, "The resource is an ARN or *, not %.*s.", FMT(in->resource));
    if (str_find(in->action, ':') <= 0)
        return fault(c, &barmkin_InvalidInputException, "An action is a service and a name, not %.*s.",
                     FMT(in->action));
    return OK;
}

/* The call as it would be: nothing is given to the operation but the resource, so keys that only an input can have are
 * there when the question says so. */
static res weigh(struct call *c, const struct barmkin_what_if_in *in, struct caller *who, const struct door *door,
                 struct weighed *w)
{
    const struct operation *op = operation_of(in->action);
    struct call asked = *c;
    struct resource r;
    str f[6];

    arn_fields(in->resource, f);
    asked.caller = who;
    asked.door = door;
    asked.op = op;
    asked.in = arena_alloc(c->arena, op->in->size);
    asked.region = f[3].n ? f[3] : c->worker->house->region;
    asked.signed_by = who->kind == PRINCIPAL_ANONYMOUS ? SIGNED_NOT : SIGNED_V4;
    if (!is_ok(temporary_may(&asked))) { /* refused before any policy is read */
        *w = (struct weighed){.trace =
                                  S("{\"decision\":\"ImplicitlyDenied\",\"by\":\"none\",\"layers\":[],\"context\":{}}"),
                              .message = asked.fault.message};
        return OK;
    }
    res why = find_resource_of(&asked, in->action, in->resource, &r);
    if (is_ok(why)) {
        asked.resources = &r;
        asked.n_resources = 1;
        asked.subject = r.type && op->n_access && op->access[0].on == r.type ? r.subject : NULL;
        why = gate_weigh(&asked, arena_z(c->arena, in->action), &r, context_of(c, &in->context), in->context.n, w);
    }
    c->err = asked.err;
    c->fault = asked.fault;
    return why;
}

res barmkin_what_if(struct call *c, const struct barmkin_what_if_in *in, struct barmkin_what_if_out *out)
{
    struct caller who;
    struct door door;
    struct weighed w;
    struct buf b;

    TRY(check_names(c, in));
    TRY(find_caller(c, in->principal_arn, in->federated_by, &who));
    TRY(pass_policies(c, &in->session_policies, &who));
    if (str_is(in->vpc_endpoint_id))
        TRY(find_endpoint(c, in->vpc_endpoint_id, &door));
    TRY(weigh(c, in, &who, str_is(in->vpc_endpoint_id) ? &door : NULL, &w));
    buf_init(&b, EXPLANATION_MAX_BYTES);
    explain_what_if(who.arn.n ? who.arn : S("anonymous"), in->action, in->resource, w.message, w.trace, &b);
    bool whole = !b.full;
    out->explanation = arena_dup(c->arena, buf_str(&b));
    buf_done(&b);
    return whole ? OK : oops(&c->err, 0, "the explanation is too large");
}
