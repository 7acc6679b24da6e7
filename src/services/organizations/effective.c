/* SPDX-License-Identifier: MIT */
/* Tag policies: what they may say, and what those above an account amount to. They are AWS's inheritance (operators
 * that begin with @@) and nothing else: Barmkin reports what is effective and enforces no tags, so it takes no policy
 * that says `enforced_for`. */
#include "base/json.h"
#include "organizations_parts.h"

enum { ASSIGN = 1, APPEND = 2, REMOVE = 4, ALL = 7 };
#define CONTROL "@@operators_allowed_for_child_policies"

static bool is_operator(const char *key)
{
    return key[0] == '@' && key[1] == '@';
}

static int operator_bit(str name)
{
    return str_eq(name, S("@@assign"))   ? ASSIGN
           : str_eq(name, S("@@append")) ? APPEND
           : str_eq(name, S("@@remove")) ? REMOVE
           : str_eq(name, S("@@all"))    ? ALL
                                         : 0;
}

/* ---- what may be saved ---- */

static res malformed(struct call *c, const char *what, const char *where)
{
    return fault(c, &organizations_MalformedPolicyDocumentException,
                 "The provided policy document does not meet the requirements of a tag policy: %s (%.100s).", what,
                 where);
}

static bool is_list_of_text(const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!json_is_string(json_array_get(v, i)))
            return false;
    return json_is_array(v);
}

static res check_control(struct call *c, const json_t *v)
{
    if (!is_list_of_text(v))
        return malformed(c, "a list of operators is wanted", CONTROL);
    for (size_t i = 0; i < json_array_size(v); i++) {
        str name = json_str(json_array_get(v, i));
        if (!operator_bit(name) && !str_eq(name, S("@@none")))
            return malformed(c, "no such operator", json_string_value(json_array_get(v, i)));
    }
    return OK;
}

/* tag_key takes one text by @@assign, tag_value lists by all three. */
static res check_leaf(struct call *c, json_t *leaf, bool list)
{
    const char *key;
    json_t *v;

    if (!json_is_object(leaf))
        return malformed(c, "an object of operators is wanted", list ? "tag_value" : "tag_key");
    json_object_foreach(leaf, key, v)
    {
        int bit = operator_bit(str_z(key));
        if (str_eq(str_z(key), S(CONTROL)))
            TRY(check_control(c, v));
        else if (bit == 0 || bit == ALL || (!list && bit != ASSIGN))
            return malformed(c, "no such operator here", key);
        else if (list ? !is_list_of_text(v) : !json_is_string(v))
            return malformed(c, "the operator's value is of the wrong type", key);
    }
    return OK;
}

static res check_tag(struct call *c, const char *name, json_t *tag)
{
    const char *key;
    json_t *v;

    if (!json_is_object(tag))
        return malformed(c, "an object is wanted", name);
    json_object_foreach(tag, key, v)
    {
        str k = str_z(key);
        if (str_eq(k, S("enforced_for")) || str_eq(k, S("report_required_tag_for")))
            return malformed(c, "Barmkin does not enforce tag policies yet, so it does not take this", key);
        if (str_eq(k, S(CONTROL)))
            TRY(check_control(c, v));
        else if (str_eq(k, S("tag_key")) || str_eq(k, S("tag_value")))
            TRY(check_leaf(c, v, str_eq(k, S("tag_value"))));
        else
            return malformed(c, "no such member", key);
    }
    return OK;
}

res organizations_tag_policy_check(struct call *c, str content)
{
    struct err why = {0};
    json_t *j, *tags, *v;
    const char *key;

    if (!is_ok(json_parse(c->arena, content, &why, &j)))
        return malformed(c, "it is no JSON", why.what);
    tags = json_object_get(j, "tags");
    if (!json_is_object(tags) || json_object_size(j) != 1)
        return malformed(c, "one member is wanted", "tags");
    json_object_foreach(tags, key, v)
    {
        if (str_eq(str_z(key), S(CONTROL)))
            TRY(check_control(c, v));
        else
            TRY(check_tag(c, key, v));
    }
    return OK;
}

/* ---- inheritance: a tree of what has been said so far; "@@value", "@@allowed" and "@@next" stand beside children ----
 */

static int allowed_by(const json_t *list)
{
    int bits = 0;

    if (!list)
        return ALL;
    for (size_t i = 0; i < json_array_size(list); i++)
        bits |= operator_bit(json_str(json_array_get(list, i)));
    return bits;
}

static bool holds(const json_t *list, const json_t *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), text))
            return true;
    return false;
}

static void append(json_t *said, const json_t *list)
{
    if (!json_object_get(said, "@@value"))
        json_object_set_new(said, "@@value", json_array());
    json_t *value = json_object_get(said, "@@value");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!holds(value, json_array_get(list, i)))
            json_array_append(value, json_array_get(list, i));
}

static void take_away(json_t *said, const json_t *list)
{
    json_t *value = json_object_get(said, "@@value");

    for (size_t i = json_array_size(value); i-- > 0;)
        if (holds(list, json_array_get(value, i)))
            json_array_remove(value, i);
}

static void operate(json_t *said, const char *key, json_t *v, int allowed)
{
    int bit = operator_bit(str_z(key));

    if (str_eq(str_z(key), S(CONTROL))) {
        json_object_set(said, "@@next", v);
        return;
    }
    if (!(bit & allowed))
        return;
    if (bit == ASSIGN)
        json_object_set_new(said, "@@value", json_deep_copy(v));
    else if (bit == APPEND)
        append(said, v);
    else
        take_away(said, v);
}

static void apply(json_t *said, json_t *policy, int allowed)
{
    const char *key;
    json_t *v;

    allowed &= allowed_by(json_object_get(said, "@@allowed"));
    json_object_foreach(policy, key, v)
    {
        if (is_operator(key)) {
            operate(said, key, v, allowed);
            continue;
        }
        if (!json_object_get(said, key))
            json_object_set_new(said, key, json_object());
        apply(json_object_get(said, key), v, allowed);
    }
}

/* What a level allows its children holds from the next level on; it can only become less. */
static void end_level(json_t *said)
{
    json_t *next = json_object_get(said, "@@next"), *v;
    const char *key;

    if (next && !json_object_get(said, "@@allowed"))
        json_object_set(said, "@@allowed", next);
    json_object_foreach(said, key, v)
    {
        if (!is_operator(key))
            end_level(v);
    }
}

static json_t *render(json_t *said)
{
    json_t *value = json_object_get(said, "@@value"), *out, *v;
    const char *key;

    if (value)
        return json_deep_copy(value);
    out = json_object();
    json_object_foreach(said, key, v)
    {
        json_t *inner = is_operator(key) ? NULL : render(v);
        if (json_is_object(inner) && json_object_size(inner) == 0)
            json_decref(inner);
        else if (inner)
            json_object_set_new(out, key, inner);
    }
    return out;
}

static res apply_level(struct call *c, const struct org_node *node, json_t *said)
{
    const struct list_of_str *attached = node->lists[ORG_TAG];

    for (size_t i = 0; i < attached->n; i++) {
        struct organizations_policy *p;
        json_t *j;
        TRY(organizations_policy_get(c, attached->v[i], &p));
        if (!p)
            return oops(&c->err, 0, "the attached policy %.*s is gone", FMT(attached->v[i]));
        TRY(json_parse(c->arena, p->content, &c->err, &j));
        apply(said, j, ALL);
    }
    end_level(said);
    return OK;
}

res organizations_effective_tags(struct call *c, const struct org_chain *chain, str *out)
{
    json_t *said = json_object(), *effective = NULL;
    res why = OK;
    struct buf b;

    *out = STR_ABSENT;
    for (size_t i = 0; is_ok(why) && i < chain->n; i++)
        why = apply_level(c, &chain->v[i], said);
    if (is_ok(why))
        effective = render(said);
    if (json_object_size(effective)) {
        buf_init(&b, 1 << 20);
        buf_add_json(&b, effective);
        *out = arena_dup(c->arena, buf_str(&b));
        buf_done(&b);
    }
    json_decref(said);
    json_decref(effective);
    return why;
}

res organizations_describe_effective_policy(struct call *c, const struct organizations_describe_effective_policy_in *in,
                                            struct organizations_describe_effective_policy_out *out)
{
    const struct org_node *node = c->subject;
    struct organizations_effective *e = ARENA_NEW(c->arena, struct organizations_effective);
    struct organizations_root *root;
    struct org_chain chain;

    if (node->kind != ORG_ACCOUNT)
        return organizations_because(
            c, "TARGET_NOT_SUPPORTED",
            fault(c, &organizations_InvalidInputException, "The effective policy is that of an account."));
    TRY(organizations_chain(c, node, &chain));
    TRY(organizations_root(c, &root));
    if (organizations_type(in->policy_type) == ORG_TAG && organizations_enabled(root, ORG_TAG))
        TRY(organizations_effective_tags(c, &chain, &e->policy_content));
    if (!str_is(e->policy_content))
        return fault(c, &organizations_EffectivePolicyNotFoundException,
                     "There is no effective policy of this type on the specified target.");
    e->last_updated_timestamp = SET_TIME(c->now_ms);
    e->target_id = node->id;
    e->policy_type = in->policy_type;
    out->effective_policy = e;
    return OK;
}
