/* SPDX-License-Identifier: MIT */
/* Cases in bulk: one JSON object with a request and all its policies in, one decision out (`barmkin authz --batch`).
 * A case with a malformed policy is denied, with the reason (rule 40). */
#include "authz/batch.h"

#include "authz/compile.h"
#include "authz/index.h"
#include "authz/judge.h"

enum { LINE_MAX_BYTES = 16 << 20, CASE_ARENA_BYTES = 256 << 20 };

struct authz_case {
    struct arena *a;
    struct err e;
    enum layer broken; /* the layer whose policy did not compile */
    bool federated;    /* a federated user: without session policies it has no rights of its own (rule 7b) */
    bool sound;        /* it can be decided */
    const json_t *root;
    struct authz_request r;
    struct authz_layers l;
};

static void forget_policy(void *p)
{
    policy_free(p);
}

static void forget_index(void *x)
{
    policy_index_free(x);
}

/* What a policy is called: as the case's "sources" says ({"identity":["file"],"scp":[["file"]]}), else by its place. */
static str name_of(struct authz_case *c, enum layer layer, size_t level, size_t index)
{
    bool levels = layer == LAYER_SCP || layer == LAYER_RCP;
    const char *kind = authz_layer_name(layer);
    const json_t *list = json_object_get(json_object_get(c->root, "sources"), kind);
    str given = json_str(json_array_get(levels ? json_array_get(list, level) : list, index));

    if (str_is(given))
        return given;
    return levels ? arena_printf(c->a, "%s[%zu][%zu]", kind, level, index) : arena_printf(c->a, "%s[%zu]", kind, index);
}

static res add_policy(struct authz_case *c, const json_t *doc, enum policy_kind kind, enum layer layer, str name,
                      const struct policy **out)
{
    struct err why = {0};
    struct policy *p;

    c->broken = layer;
    if (!is_ok(policy_compile_json(doc, kind, name, &p, &why)))
        return reject(&c->e, "%.*s: %s", FMT(name), why.what);
    c->broken = LAYER_NONE;
    arena_defer(c->a, forget_policy, p);
    *out = p;
    return OK;
}

static res add_set(struct authz_case *c, const json_t *list, enum policy_kind kind, enum layer layer, size_t level,
                   struct policy_set *out)
{
    if (!list || json_is_null(list))
        return OK;
    if (!json_is_array(list))
        return reject(&c->e, "the %s policies are not a list", authz_layer_name(layer));
    const struct policy **v = ARENA_ARRAY(c->a, const struct policy *, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(add_policy(c, json_array_get(list, i), kind, layer, name_of(c, layer, level, i), &v[i]));
    *out = (struct policy_set){.v = v, .n = json_array_size(list)};
    struct policy_index *x = policy_index_make(*out, 1); /* also of a small set, so that every case tries the index */
    arena_defer(c->a, forget_index, x);
    out->index = x;
    return OK;
}

static res add_levels(struct authz_case *c, const json_t *list, enum policy_kind kind, enum layer layer,
                      struct policy_levels *out)
{
    if (!list || json_is_null(list))
        return OK;
    if (!json_is_array(list))
        return reject(&c->e, "the %s levels are not a list", authz_layer_name(layer));
    struct policy_set *v = ARENA_ARRAY(c->a, struct policy_set, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_array(json_array_get(list, i)))
            return reject(&c->e, "a level of %s policies is not a list", authz_layer_name(layer));
        TRY(add_set(c, json_array_get(list, i), kind, layer, i, &v[i]));
    }
    *out = (struct policy_levels){v, json_array_size(list)};
    return OK;
}

enum policy_kind authz_resource_kind(const struct authz_request *r)
{
    str f[ARN_FIELDS];

    if (!arn_split(r->resource, f) || !str_eq(f[0], S("arn")))
        return POLICY_RESOURCE;
    if (str_starts_nocase(r->action, S("kms:")) && str_eq(f[2], S("kms")) && str_starts(f[5], S("key/")))
        return POLICY_KEY;
    if (authz_is_assume(r->action) && str_eq(f[2], S("iam")) && str_starts(f[5], S("role/")))
        return POLICY_TRUST;
    return POLICY_RESOURCE;
}

static res read_policies(struct authz_case *c)
{
    const json_t *o = c->root, *boundary = json_object_get(o, "boundary"), *own = json_object_get(o, "resourcePolicy");
    enum policy_kind kind = authz_resource_kind(&c->r);
    enum layer layer = kind == POLICY_TRUST ? LAYER_TRUST : LAYER_RESOURCE;

    TRY(add_set(c, json_object_get(o, "identityPolicies"), POLICY_IDENTITY, LAYER_IDENTITY, 0, &c->l.identity));
    if (boundary && !json_is_null(boundary))
        TRY(add_policy(c, boundary, POLICY_BOUNDARY, LAYER_BOUNDARY, name_of(c, LAYER_BOUNDARY, 0, 0), &c->l.boundary));
    TRY(add_set(c, json_object_get(o, "sessionPolicies"), POLICY_SESSION, LAYER_SESSION, 0, &c->l.session));
    TRY(add_levels(c, json_object_get(o, "serviceControlPolicies"), POLICY_SCP, LAYER_SCP, &c->l.scps));
    TRY(add_levels(c, json_object_get(o, "resourceControlPolicies"), POLICY_RCP, LAYER_RCP, &c->l.rcps));
    if (own && !json_is_null(own))
        TRY(add_policy(c, own, kind, layer, name_of(c, layer, 0, 0), &c->l.resource));
    TRY(add_set(c, json_object_get(o, "vpcEndpointPolicies"), POLICY_ENDPOINT, LAYER_ENDPOINT, 0, &c->l.endpoints));
    c->l.session_passed = c->l.session.n > 0 || c->federated;
    c->l.resource_takes_policies = c->l.resource != NULL;
    return OK;
}

static res read_scalar(struct authz_case *c, const json_t *v, str *out)
{
    if (json_is_string(v)) {
        *out = json_str(v);
    } else if (json_is_boolean(v)) {
        *out = json_is_true(v) ? S("true") : S("false");
    } else if (json_is_integer(v)) {
        *out = arena_printf(c->a, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        *out = arena_printf(c->a, "%.17g", json_real_value(v));
    } else {
        return reject(&c->e, "a value of the context is not text");
    }
    return OK;
}

static res read_context(struct authz_case *c, const json_t *context)
{
    json_t *o = (json_t *)context;
    size_t n = 0;

    if (!context || json_is_null(context))
        return OK;
    if (!json_is_object(context))
        return reject(&c->e, "the context is not an object");
    struct authz_value *v = ARENA_ARRAY(c->a, struct authz_value, json_object_size(context));
    for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at), n++) {
        const json_t *have = json_object_iter_value(at);
        size_t count = list_count(have);
        str *values = ARENA_ARRAY(c->a, str, count);
        for (size_t i = 0; i < count; i++)
            TRY(read_scalar(c, list_at(have, i), &values[i]));
        str key = str_n(json_object_iter_key(at), json_object_iter_key_len(at));
        for (size_t i = 0; i < n; i++)
            if (str_eq_nocase(v[i].key, key))
                return reject(&c->e, "the context has the key %.*s twice", FMT(key));
        v[n] = (struct authz_value){key, values, count, json_is_array(have)};
    }
    c->r.context = v;
    c->r.n_context = n;
    return OK;
}

/* aws:PrincipalArn is the role's ARN with its path (rule 39); without it the role is taken to have none. A list there
 * leaves open who asks, and whichever reading some policy would be glad of. */
static res find_role(struct authz_case *c, const str f[ARN_FIELDS])
{
    static const char key[] = "aws:PrincipalArn";
    str rest = str_from(f[5], sizeof "assumed-role/" - 1), role = str_cut(&rest, '/');

    c->r.principal_role_arn = arena_printf(c->a, "arn:%.*s:iam::%.*s:role/%.*s", FMT(f[1]), FMT(f[4]), FMT(role));
    for (size_t i = 0; i < c->r.n_context; i++) {
        const struct authz_value *v = &c->r.context[i];
        str tail = arena_printf(c->a, "/%.*s", FMT(role)), head = str_sub(c->r.principal_role_arn, 0, 28 + f[1].n);
        if (!str_eq_nocase(v->key, S(key)))
            continue;
        if (v->multi)
            return reject(&c->e, "aws:PrincipalArn of a role's session is a list: it has one value");
        if (str_starts(v->values[0], head) && str_ends(v->values[0], tail))
            c->r.principal_role_arn = v->values[0];
    }
    return OK;
}

/* A person: the root user, a user, a session of a role, a federated user. */
static res read_person(struct authz_case *c, const str f[ARN_FIELDS])
{
    bool iam = str_eq(f[2], S("iam")), sts = str_eq(f[2], S("sts"));

    c->r.account = f[4];
    if (iam && str_eq(f[5], S("root"))) {
        c->r.principal_kind = PRINCIPAL_ROOT;
        return OK;
    }
    if (iam && str_starts(f[5], S("user/")) && f[5].n > 5) {
        c->r.principal_kind = PRINCIPAL_USER;
        return OK;
    }
    c->r.principal_kind = PRINCIPAL_SESSION;
    if (sts && str_starts(f[5], S("assumed-role/")) && has_parts(f[5], 3))
        return find_role(c, f);
    c->federated = sts && str_starts(f[5], S("federated-user/")) && has_parts(f[5], 2);
    if (!c->federated)
        return reject(&c->e, "the principal is not known: %.*s", FMT(c->r.principal));
    c->r.principal_role_arn = json_str_at(json_object_get(c->root, "request"), "federatedBy");
    return OK;
}

static res read_principal(struct authz_case *c, str who)
{
    str f[ARN_FIELDS];

    c->r.principal = who;
    if (str_eq(who, S("anonymous"))) {
        c->r.principal_kind = PRINCIPAL_ANONYMOUS;
        c->r.principal = S("");
        return OK;
    }
    if (is_service(who)) {
        c->r.principal_kind = PRINCIPAL_SERVICE;
        return OK;
    }
    if (!arn_split(who, f) || !str_eq(f[0], S("arn")) || !is_partition(f[1]) || f[3].n || f[4].n != 12 ||
        !str_all(f[4], "0123456789"))
        return reject(&c->e, "the principal is not known: %.*s", FMT(who));
    return read_person(c, f);
}

static res read_request(struct authz_case *c, const json_t *o)
{
    if (!json_is_object(o))
        return reject(&c->e, "the case has no request");
    c->r.action = json_str_at(o, "action");
    c->r.resource = json_str_at(o, "resource");
    c->r.resource_account = json_str_at(o, "resourceAccount");
    c->r.management_principal = json_is_true(json_object_get(o, "managementAccountPrincipal"));
    c->r.management_resource = json_is_true(json_object_get(o, "managementAccountResource"));
    c->r.service_linked_role = json_is_true(json_object_get(o, "serviceLinkedRole"));
    if (str_empty(c->r.action) || str_empty(c->r.resource))
        return reject(&c->e, "the request has no action or no resource");
    TRY(read_context(c, json_object_get(o, "context")));
    return read_principal(c, json_str_at(o, "principal"));
}

static res read_case(struct authz_case *c, str line)
{
    json_t *root;

    if (line.n > LINE_MAX_BYTES)
        return reject(&c->e, "the line is too long");
    TRY(json_parse(c->a, line, &c->e, &root));
    c->root = root;
    if (!json_is_object(root))
        return reject(&c->e, "the case is not an object");
    TRY(read_request(c, json_object_get(root, "request")));
    return read_policies(c);
}

struct authz_case *authz_case_read(str line)
{
    struct arena *a = arena_new(CASE_ARENA_BYTES);
    struct authz_case *c = ARENA_NEW(a, struct authz_case);

    c->a = a;
    c->broken = LAYER_NONE;
    c->sound = is_ok(read_case(c, line));
    return c;
}

void authz_case_free(struct authz_case *c)
{
    arena_free(c->a);
}

bool authz_case_decide(const struct authz_case *c, struct decision *out)
{
    *out = (struct decision){DENIED_IMPLICITLY, c->broken, {NULL, 0}};
    if (c->sound)
        *out = authz_evaluate(&c->r, &c->l);
    return c->sound;
}

static void add_decision(struct buf *out, const struct decision *d)
{
    buf_printf(out, ",\"decision\":\"%s\",\"by\":\"%s\"", authz_verdict_name(d->verdict), authz_layer_name(d->by));
}

static void add_explanation(struct authz_case *c, const struct decision *d, struct buf *out)
{
    buf_add(out, S(",\"trace\":"));
    authz_explain(&c->r, &c->l, out);
    buf_add(out, S(",\"message\":"));
    buf_add_json_str(out, authz_message(c->a, &c->r, d));
}

void authz_batch_line(str line, bool explain, struct buf *out)
{
    struct authz_case *c = authz_case_read(line);
    const json_t *id = c->root ? json_object_get(c->root, "id") : NULL;
    struct decision d;
    bool sound = authz_case_decide(c, &d);

    buf_add(out, S("{\"id\":"));
    if (id)
        buf_add_json(out, id);
    else
        buf_add(out, S("null"));
    if (sound || c->broken != LAYER_NONE)
        add_decision(out, &d);
    if (sound && explain)
        add_explanation(c, &d, out);
    if (!sound) {
        buf_add(out, S(",\"error\":"));
        buf_add_json_str(out, str_z(c->e.what));
    }
    buf_add_char(out, '}');
    authz_case_free(c);
}
