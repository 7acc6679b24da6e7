/* SPDX-License-Identifier: MIT */
/* Policies from files, tried without a server: a batch case (src/authz/batch.c) is made of the options and judged. */
#include "verbs/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/explain.h"
#include "authz/authz.h"
#include "base/json.h"
#include "base/time.h"

enum { POLICY_FILE_MAX_BYTES = 1 << 20, CASE_MAX_BYTES = 16 << 20 };

/* ---- the context ---- */

static str key_of(const struct given *g)
{
    return str_sub(g->value, 0, (size_t)str_find(g->value, '='));
}

static bool is_context(const struct given *g)
{
    return strcmp(g->option, "--context") == 0;
}

static bool has_key(const struct options *o, size_t before, str key)
{
    for (size_t i = 0; i < before; i++)
        if (is_context(&o->given[i]) && str_eq_nocase(key_of(&o->given[i]), key))
            return true;
    return false;
}

static void add_values(const struct options *o, size_t from, str key, bool list, struct buf *out)
{
    size_t n = 0;

    for (size_t i = from; i < o->n_given; i++)
        n += is_context(&o->given[i]) && str_eq_nocase(key_of(&o->given[i]), key);
    list |= n > 1;
    const char *sep = list ? "[" : "";
    for (size_t i = from; i < o->n_given; i++) {
        if (!is_context(&o->given[i]) || !str_eq_nocase(key_of(&o->given[i]), key))
            continue;
        buf_add_z(out, sep);
        buf_add_json_str(out, str_from(o->given[i].value, key.n + 1));
        sep = ",";
    }
    if (list)
        buf_add_char(out, ']');
}

static res check_pair(const struct given *g, struct err *e)
{
    if (str_find(g->value, '=') > 0)
        return OK;
    return reject(e, "--context wants KEY=VALUE, not %.*s", FMT(g->value));
}

/* Each key once, with all its values: as a member of the context, or as an entry {Key, Values} for the server. */
static res add_given(struct options *o, bool entries, struct buf *out, struct err *e)
{
    const char *sep = "";

    for (size_t i = 0; i < o->n_given; i++) {
        if (!is_context(&o->given[i]))
            continue;
        TRY(check_pair(&o->given[i], e));
        str key = key_of(&o->given[i]);
        if (has_key(o, i, key))
            continue;
        buf_add_z(out, sep);
        buf_add_z(out, entries ? "{\"Key\":" : "");
        buf_add_json_str(out, key);
        buf_add_z(out, entries ? ",\"Values\":" : ":");
        add_values(o, i, key, entries, out);
        buf_add_z(out, entries ? "}" : "");
        sep = ",";
    }
    return OK;
}

/* ---- the caller ---- */

struct asker {     /* what the principal's name alone says */
    str principal; /* a role stands for a session of it */
    str arn, account, type, user_name, user_id;
};

static struct asker who_asks(struct options *o)
{
    struct asker a = {.principal = o->principal, .type = S("Service")};
    str rest = o->principal, f[5];

    if (str_eq(o->principal, S("anonymous")))
        return (struct asker){
            .principal = o->principal, .account = o->principal, .type = S("Anonymous"), .user_id = o->principal};
    for (int i = 0; i < 5; i++)
        f[i] = str_is(rest) ? str_cut(&rest, ':') : S("");
    if (!str_eq(f[0], S("arn")) || !str_is(rest))
        return a;
    str name = str_from(rest, (size_t)(str_rfind(rest, '/') + 1));
    a.account = f[4];
    a.arn = o->principal;
    a.type = str_eq(rest, S("root")) ? S("Account") : S("User");
    if (str_starts(rest, S("user/")))
        a.user_name = name;
    if (str_starts(rest, S("federated-user/"))) {
        a.type = S("FederatedUser");
        a.user_id = arena_printf(o->arena, "%.*s:%.*s", FMT(f[4]), FMT(name));
    } else if (str_starts(rest, S("role/"))) {
        a.type = S("AssumedRole");
        a.principal =
            arena_printf(o->arena, "arn:%.*s:sts::%.*s:assumed-role/%.*s/explain", FMT(f[1]), FMT(f[4]), FMT(name));
    } else if (str_starts(rest, S("assumed-role/"))) {
        rest = str_from(rest, sizeof "assumed-role/" - 1);
        str role = str_cut(&rest, '/');
        a.type = S("AssumedRole");
        a.arn = arena_printf(o->arena, "arn:%.*s:iam::%.*s:role/%.*s", FMT(f[1]), FMT(f[4]), FMT(role));
    }
    return a;
}

static res check_asker(const struct options *o, const struct asker *a, struct err *e)
{
    if (o->federated_by.n && !str_eq(a->type, S("FederatedUser")))
        return reject(e, "--federated-by is for federated users");
    return OK;
}

static void add_known(const struct options *o, str key, str value, struct buf *out)
{
    if (!value.n || has_key(o, o->n_given, key))
        return;
    if (out->p[out->n - 1] != '{')
        buf_add_char(out, ',');
    buf_add_json_str(out, key);
    buf_add_char(out, ':');
    buf_add_json_str(out, value);
}

/* What AWS would know of any such request. All else is said by --context. */
static res add_context(struct options *o, const struct asker *a, struct buf *out, struct err *e)
{
    int64_t now = time_wall_ms();
    char when[TIME_TEXT_BYTES];

    buf_add_char(out, '{');
    TRY(add_given(o, false, out, e));
    add_known(o, S("aws:PrincipalArn"), a->arn, out);
    add_known(o, S("aws:PrincipalAccount"), a->account, out);
    add_known(o, S("aws:PrincipalType"), a->type, out);
    add_known(o, S("aws:username"), a->user_name, out);
    add_known(o, S("aws:userid"), a->user_id, out);
    if (!str_eq(a->type, S("Anonymous")))
        add_known(o, S("aws:PrincipalIsAWSService"), str_eq(a->type, S("Service")) ? S("true") : S("false"), out);
    add_known(o, S("aws:ViaAWSService"), S("false"), out);
    add_known(o, S("aws:CurrentTime"), time_iso(now, when), out);
    add_known(o, S("aws:EpochTime"), arena_printf(o->arena, "%lld", (long long)(now / 1000)), out);
    add_known(o, S("aws:ResourceAccount"), o->resource_account, out);
    buf_add_char(out, '}');
    return OK;
}

/* ---- the policies ---- */

static const struct {
    const char *option, *member, *layer;
    bool levels, single; /* levels: each time the option is given is a level of its own */
} sources[] = {
    {"--identity-policy", "identityPolicies", "identity", false, false},
    {"--session-policy", "sessionPolicies", "session", false, false},
    {"--endpoint-policy", "vpcEndpointPolicies", "vpce", false, false},
    {"--scp", "serviceControlPolicies", "scp", true, false},
    {"--rcp", "resourceControlPolicies", "rcp", true, false},
    {"--boundary", "boundary", "boundary", false, true},
    {"--resource-policy", "resourcePolicy", "resource", false, true},
};

static res read_policy(struct options *o, str path, json_t **out, struct err *e)
{
    struct err why = {0};
    struct buf b;

    if (str_eq(path, S("FullAWSAccess"))) /* AWS's own, which every organization begins with */
        return json_parse(o->arena,
                          S("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
                            "\"Resource\":\"*\"}]}"),
                          e, out);
    FILE *f = fopen(arena_z(o->arena, path), "r");
    if (!f)
        return reject(e, "%.*s: %s", FMT(path), strerror(errno));
    buf_init(&b, POLICY_FILE_MAX_BYTES);
    size_t n = 1;
    while (n > 0 && !b.full) {
        char *room = buf_room(&b, 16384);
        n = room ? fread(room, 1, 16384, f) : 0;
        buf_took(&b, n);
    }
    bool whole = !ferror(f) && !b.full;
    fclose(f);
    res r = whole ? json_parse(o->arena, buf_str(&b), &why, out) : reject(&why, "it cannot be read as a policy");
    buf_done(&b);
    return is_ok(r) ? OK : reject(e, "%.*s: %s", FMT(path), why.what);
}

/* One after the other, as JSON: the documents, or their names where `e` is NULL. */
static res add_list(struct options *o, const char *option, bool levels, struct buf *out, struct err *e)
{
    unsigned time = 0;
    bool first = true;

    for (size_t i = 0; i < o->n_given; i++) {
        const struct given *g = &o->given[i];
        json_t *document;
        if (strcmp(g->option, option) != 0)
            continue;
        if (levels && g->time != time)
            buf_add_z(out, first ? "[" : "],[");
        else if (!first)
            buf_add_char(out, ',');
        time = g->time;
        first = false;
        if (!e) {
            buf_add_json_str(out, g->value);
            continue;
        }
        TRY(read_policy(o, g->value, &document, e));
        buf_add_json(out, document);
    }
    if (levels && !first)
        buf_add_char(out, ']');
    return OK;
}

static res add_policies(struct options *o, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        size_t n = 0;
        for (size_t k = 0; k < o->n_given; k++)
            n += strcmp(o->given[k].option, sources[i].option) == 0;
        if (sources[i].single && n > 1)
            return reject(e, "there is one %s at most", sources[i].option + 2);
        if (!n)
            continue;
        buf_printf(out, ",\"%s\":%s", sources[i].member, sources[i].single ? "" : "[");
        TRY(add_list(o, sources[i].option, sources[i].levels, out, e));
        buf_add_z(out, sources[i].single ? "" : "]");
    }
    return OK;
}

static void add_sources(struct options *o, struct buf *out)
{
    buf_add_z(out, ",\"sources\":{");
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        buf_printf(out, "%s\"%s\":[", i ? "," : "", sources[i].layer);
        (void)add_list(o, sources[i].option, sources[i].levels, out, NULL).why;
        buf_add_char(out, ']');
        if (strcmp(sources[i].layer, "resource") == 0) { /* of a role it is the trust policy */
            buf_add_z(out, ",\"trust\":[");
            (void)add_list(o, sources[i].option, false, out, NULL).why;
            buf_add_char(out, ']');
        }
    }
    buf_add_char(out, '}');
}

/* ---- judging ---- */

static void add_member(struct buf *out, const char *name, str value)
{
    buf_printf(out, "%s\"%s\":", out->p[out->n - 1] == '{' ? "" : ",", name);
    buf_add_json_str(out, value);
}

static res build_case(struct options *o, const struct asker *a, struct buf *out, struct err *e)
{
    buf_add_z(out, "{\"id\":null,\"request\":{");
    add_member(out, "principal", a->principal);
    add_member(out, "action", o->action);
    add_member(out, "resource", o->resource);
    if (o->federated_by.n)
        add_member(out, "federatedBy", o->federated_by);
    if (o->resource_account.n)
        add_member(out, "resourceAccount", o->resource_account);
    buf_add_z(out, ",\"context\":");
    TRY(add_context(o, a, out, e));
    buf_add_char(out, '}');
    TRY(add_policies(o, out, e));
    add_sources(o, out);
    buf_add_char(out, '}');
    return out->full ? reject(e, "that is more than %d bytes of policies", CASE_MAX_BYTES) : OK;
}

static res judge_case(struct options *o, const struct asker *a, str line, str *explanation, struct err *e)
{
    struct buf out;
    json_t *j;

    buf_init(&out, CASE_MAX_BYTES);
    authz_batch_line(line, true, &out);
    res r = json_parse(o->arena, buf_str(&out), e, &j);
    buf_clear(&out);
    if (is_ok(r) && json_object_get(j, "error"))
        r = reject(e, "%s", json_string_value(json_object_get(j, "error")));
    if (is_ok(r)) {
        struct buf trace;
        buf_init(&trace, CASE_MAX_BYTES);
        buf_add_json(&trace, json_object_get(j, "trace"));
        explain_what_if(a->principal, o->action, o->resource, json_str_at(j, "message"), buf_str(&trace), &out);
        buf_done(&trace);
        *explanation = arena_dup(o->arena, buf_str(&out));
    }
    buf_done(&out);
    return r;
}

res trial_run(struct options *o, str *explanation, struct err *e)
{
    struct asker a = who_asks(o);
    struct buf line;

    TRY(check_asker(o, &a, e));
    if (o->resource_account.n && (o->resource_account.n != 12 || !str_all(o->resource_account, "0123456789")))
        return reject(e, "--resource-account has twelve digits");
    buf_init(&line, CASE_MAX_BYTES);
    res r = build_case(o, &a, &line, e);
    if (is_ok(r))
        r = judge_case(o, &a, buf_str(&line), explanation, e);
    buf_done(&line);
    return r;
}

/* As texts: documents of files, ARNs of managed policies as they are. */
static res add_session_policies(struct options *o, struct buf *out, struct err *e)
{
    const char *sep = "";

    for (size_t i = 0; i < o->n_given; i++) {
        str text = o->given[i].value;
        json_t *document;
        if (strcmp(o->given[i].option, "--session-policy") != 0)
            continue;
        if (!str_starts(text, S("arn:"))) {
            struct buf b;
            TRY(read_policy(o, text, &document, e));
            buf_init(&b, POLICY_FILE_MAX_BYTES);
            buf_add_json(&b, document);
            text = arena_dup(o->arena, buf_str(&b));
            buf_done(&b);
        }
        buf_add_z(out, sep);
        buf_add_json_str(out, text);
        sep = ",";
    }
    return OK;
}

res trial_input(struct options *o, str *input, struct err *e)
{
    struct asker a = who_asks(o);
    struct buf b;

    TRY(check_asker(o, &a, e));
    buf_init(&b, CASE_MAX_BYTES);
    buf_add_char(&b, '{');
    add_member(&b, "PrincipalArn", o->principal);
    add_member(&b, "Action", o->action);
    add_member(&b, "Resource", o->resource);
    if (o->vpce.n)
        add_member(&b, "VpcEndpointId", o->vpce);
    if (o->federated_by.n)
        add_member(&b, "FederatedBy", o->federated_by);
    buf_add_z(&b, ",\"SessionPolicies\":[");
    res r = add_session_policies(o, &b, e);
    buf_add_z(&b, "],\"Context\":[");
    if (is_ok(r))
        r = add_given(o, true, &b, e);
    buf_add_z(&b, "]}");
    *input = arena_dup(o->arena, buf_str(&b));
    buf_done(&b);
    return r;
}
