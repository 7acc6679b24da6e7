/* SPDX-License-Identifier: MIT */
/* Condition keys: what Barmkin knows about a request, under AWS's names. Rules 20, 21 and 39. Values come from the
 * socket, the verified signature, the records and the decoded input; never from a header that is not signed. */
#include "api/codec.h"
#include "api/gate.h"
#include "api/house.h"
#include "api/walk.h"

static void grow(struct call *c, struct gate_facts *g)
{
    size_t cap = g->cap_context ? g->cap_context * 2 : 32;
    struct authz_value *v = ARENA_ARRAY(c->arena, struct authz_value, cap);

    for (size_t i = 0; i < g->n_context; i++)
        v[i] = g->context[i];
    g->context = v;
    g->cap_context = cap;
}

static struct authz_value *next_value(struct call *c, struct gate_facts *g)
{
    if (g->n_context == g->cap_context)
        grow(c, g);
    return &g->context[g->n_context++];
}

void context_add_list(struct call *c, str key, const str *values, size_t n)
{
    *next_value(c, c->gate) = (struct authz_value){key, values, n, true};
}

void context_add_values(struct call *c, const struct authz_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *next_value(c, c->gate) = v[i];
}

/* Apart, so that the common way needs no stack. */
static __attribute__((noinline)) void add_with_more_room(struct call *c, str key, str value)
{
    struct gate_facts *g = c->gate;

    if (g->n_singles == g->cap_singles) { /* the older ones stay where they are: keys point at them */
        g->cap_singles = 32;
        g->n_singles = 0;
        g->singles = ARENA_ARRAY(c->arena, str, g->cap_singles);
    }
    g->singles[g->n_singles] = value;
    context_add_list(c, key, &g->singles[g->n_singles++], 1);
    g->context[g->n_context - 1].multi = false;
}

/* Some twenty times a request: what is written member by member needs no copy. */
void context_add(struct call *c, str key, str value)
{
    struct gate_facts *g = c->gate;

    if (!str_is(value))
        return;
    if (g->n_singles == g->cap_singles || g->n_context == g->cap_context) {
        add_with_more_room(c, key, value);
        return;
    }
    str *one = &g->singles[g->n_singles++];
    struct authz_value *v = &g->context[g->n_context++];
    *one = value;
    v->key = key;
    v->values = one;
    v->n = 1;
    v->multi = false;
}

void context_set(struct call *c, str key, str value)
{
    struct gate_facts *g = c->gate;
    size_t kept = 0;

    for (size_t i = 0; i < g->n_context; i++)
        if (!str_eq(g->context[i].key, key))
            g->context[kept++] = g->context[i];
    g->n_context = kept;
    context_add(c, key, value);
}

void context_add_org(struct call *c, str id_key, str paths_key, const struct guardrails *rails)
{
    struct gate_facts *g = c->gate;

    if (!str_is(rails->org_path))
        return;
    if (!g->org_path || !str_eq(*g->org_path, rails->org_path)) { /* mostly the caller's and the owner's are one */
        str *path = ARENA_NEW(c->arena, str);
        *path = arena_dup(c->arena, rails->org_path); /* the cache may be emptied before the audit record is written */
        g->org_path = path;
    }
    context_add(c, id_key, c->worker->house->org_id);
    context_add_list(c, paths_key, g->org_path, 1);
}

/* Of a service that acts for a resource: where that resource's account hangs. */
static res add_source(struct call *c, const struct caller *who)
{
    const struct guardrails *rails;

    if (who->kind != PRINCIPAL_SERVICE)
        return OK;
    TRY(guardrails_get(c, who->source_account, &rails));
    context_add_org(c, S("aws:SourceOrgID"), S("aws:SourceOrgPaths"), rails);
    return OK;
}

static const char *principal_type(const struct caller *who)
{
    switch (who->kind) {
    case PRINCIPAL_ROOT:
        return "Account";
    case PRINCIPAL_USER:
        return "User";
    case PRINCIPAL_SESSION:
        return who->federated ? "FederatedUser" : "AssumedRole";
    case PRINCIPAL_SERVICE:
        return "Service";
    default:
        return "Anonymous";
    }
}

static str iso_of(struct call *c, struct told_time *t, int64_t ms)
{
    if (!str_is(t->text) || t->s != ms / 1000) {
        t->s = ms / 1000;
        t->text = time_iso(ms, t->room);
    }
    return arena_dup(c->arena, t->text);
}

static str epoch_of(struct call *c, struct told_time *t, int64_t ms)
{
    if (!str_is(t->text) || t->s != ms / 1000) {
        struct buf b = {.p = t->room, .cap = sizeof t->room, .max = sizeof t->room};
        t->s = ms / 1000;
        buf_add_i64(&b, t->s);
        t->text = buf_str(&b);
    }
    return arena_dup(c->arena, t->text);
}

static void add_principal(struct call *c, const struct caller *who, const struct principal_policies *mine,
                          const struct guardrails *rails)
{
    context_add(c, S("aws:PrincipalType"), str_z(principal_type(who)));
    if (who->kind == PRINCIPAL_ANONYMOUS) {
        context_add(c, S("aws:PrincipalAccount"), S("anonymous"));
        context_add(c, S("aws:userid"), S("anonymous"));
        return;
    }
    context_add(c, S("aws:PrincipalIsAWSService"), who->kind == PRINCIPAL_SERVICE ? S("true") : S("false"));
    if (who->kind == PRINCIPAL_SERVICE) {
        context_add(c, S("aws:PrincipalServiceName"), who->arn);
        context_add_list(c, S("aws:PrincipalServiceNamesList"), &who->arn, 1);
        if (who->source_arn.n)
            context_add(c, S("aws:SourceArn"), who->source_arn);
        if (who->source_account.n)
            context_add(c, S("aws:SourceAccount"), who->source_account);
        return;
    }
    context_add(c, S("aws:PrincipalArn"), who->kind == PRINCIPAL_SESSION && !who->federated ? who->role_arn : who->arn);
    context_add(c, S("aws:PrincipalAccount"), who->account);
    context_add_org(c, S("aws:PrincipalOrgID"), S("aws:PrincipalOrgPaths"), rails);
    context_add(c, S("aws:userid"), who->user_id);
    if (who->kind == PRINCIPAL_USER)
        context_add(c, S("aws:username"), who->name);
    for (size_t i = 0; i < who->n_session_tags; i++)
        context_add(c, arena_cat(c->arena, S("aws:PrincipalTag/"), who->session_tags[i].key),
                    who->session_tags[i].value);
    for (size_t i = 0; mine && i < mine->n_tags; i++) {
        bool overlaid = false;
        for (size_t k = 0; k < who->n_session_tags; k++)
            overlaid |= str_eq_nocase(who->session_tags[k].key, mine->tags[i].key);
        if (!overlaid) /* copied: the cache that holds them may be emptied before the audit record is written */
            context_add(c, arena_cat(c->arena, S("aws:PrincipalTag/"), mine->tags[i].key),
                        arena_dup(c->arena, mine->tags[i].value));
    }
    if (who->issued_ms) {
        context_add(c, S("aws:TokenIssueTime"), iso_of(c, &c->worker->issued, who->issued_ms));
        context_add(c, S("aws:MultiFactorAuthPresent"),
                    S("false")); /* of temporary credentials only; access keys have no such key */
    }
    if (who->source_identity.n)
        context_add(c, S("aws:SourceIdentity"), who->source_identity);
    if (who->made_for.key.n)
        context_add(c, who->made_for.key, who->made_for.value);
}

static str vpc_arn(const struct call *c)
{
    const struct house *h = c->worker->house;

    return arena_join(c->arena,
                      (str[]){S("arn:"), h->partition, S(":ec2:"), h->region, S(":"), c->door->vpc_account, S(":vpc/"),
                              c->door->vpc_id},
                      8);
}

static void add_path(struct call *c, const struct caller *who)
{
    bool via = who->n_called_via > 0;

    context_add(c, S("aws:ViaAWSService"), via ? S("true") : S("false"));
    if (via) {
        context_add_list(c, S("aws:CalledVia"), who->called_via, who->n_called_via);
        context_add(c, S("aws:CalledViaFirst"), who->called_via[0]);
        context_add(c, S("aws:CalledViaLast"), who->called_via[who->n_called_via - 1]);
    }
    if (who->kind == PRINCIPAL_SERVICE)
        return;
    if (c->client) {
        context_add(c, S("aws:UserAgent"), c->client->user_agent);
        context_add(c, S("aws:referer"), c->client->referer);
    }
    context_add(c, S("aws:SecureTransport"), !c->door || c->door->tls ? S("true") : S("false"));
    if (!c->door)
        return;
    if (str_is(c->door->vpce_id)) {
        context_add(c, S("aws:SourceVpce"), c->door->vpce_id);
        context_add(c, S("aws:SourceVpc"), c->door->vpc_id);
        context_add(c, S("aws:VpcSourceIp"), c->door->source_ip);
    } else {
        context_add(c, S("aws:SourceIp"), c->door->source_ip);
    }
}

/* AWS names the services that know the keys of an endpoint's owner, so their models ask for them: elsewhere there is no
 * such key, and an Allow that asks for one allows nothing. */
static bool has_endpoint(const struct call *c)
{
    return c->door && str_is(c->door->vpce_id) && c->caller->kind != PRINCIPAL_SERVICE;
}

res context_add_vpc_arn(struct call *c)
{
    if (has_endpoint(c))
        context_add(c, S("aws:SourceVpcArn"), vpc_arn(c));
    return OK;
}

res context_add_vpce_account(struct call *c)
{
    if (has_endpoint(c))
        context_add(c, S("aws:VpceAccount"), c->door->vpc_account);
    return OK;
}

res context_add_vpce_org(struct call *c)
{
    const struct guardrails *rails;

    if (!has_endpoint(c))
        return OK;
    TRY(guardrails_get(c, c->door->vpc_account, &rails));
    context_add_org(c, S("aws:VpceOrgID"), S("aws:VpceOrgPaths"), rails);
    return OK;
}

static void add_tags(struct call *c, const struct context_line *line, const struct field *f)
{
    const struct list_any *list = field_of(c->in, f);
    struct str_pair *pairs;
    size_t n = list->n;

    if (f->kind == K_MAP) {
        pairs = list->v;
    } else { /* a list of {Key, Value} or {TagKey, TagValue}: the first two texts of the shape */
        pairs = ARENA_ARRAY(c->arena, struct str_pair, n + 1);
        for (size_t i = 0; i < n; i++) {
            const char *item = (const char *)list->v + i * f->shape->size;
            pairs[i] = (struct str_pair){*(const str *)(item + f->shape->fields[0].offset),
                                         *(const str *)(item + f->shape->fields[1].offset)};
        }
    }
    for (size_t i = 0; i < n; i++)
        context_add(c, arena_cat(c->arena, line->key, pairs[i].key), pairs[i].value);
}

/* A key that ends with '/' takes pairs; any other takes the values at the path. */
static res add_line(struct call *c, const struct context_line *line)
{
    if (line->fn)
        return line->fn(c);
    if (line->key.p[line->key.n - 1] == '/') {
        const struct field *f = &c->op->in->fields[line->path.steps[0]]; /* modelc takes no longer path here */
        if (field_is_set(c->in, f))
            add_tags(c, line, f);
        return OK;
    }
    struct list_of_str values = shape_values(c->op->in, c->in, line->path, c->arena);
    if (values.n == 0)
        return OK;
    if (line->multi)
        context_add_list(c, line->key, values.v, values.n);
    else
        context_add(c, line->key, values.v[0]);
    return OK;
}

res context_build(struct call *c, const struct principal_policies *mine, const struct guardrails *rails)
{
    add_principal(c, c->caller, mine, rails);
    TRY(add_source(c, c->caller));
    add_path(c, c->caller);
    context_add(c, S("aws:CurrentTime"), iso_of(c, &c->worker->now, c->now_ms));
    context_add(c, S("aws:EpochTime"), epoch_of(c, &c->worker->epoch, c->now_ms));
    context_add(c, S("aws:RequestedRegion"), c->op->service->global ? S("us-east-1") : c->region);
    for (size_t i = 0; i < c->op->n_context; i++)
        TRY(add_line(c, &c->op->context[i]));
    return OK;
}
