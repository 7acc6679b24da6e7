/* SPDX-License-Identifier: MIT */
/* Matching of text: the six fields of an ARN, policy variables, condition keys (rules 24 to 26, 29, 30, 38). Wildcards
 * are glob.c. */
#include "authz/eval.h"

#include <string.h>

#include "base/fold.h"

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

bool eval_spend_slow(struct eval *v)
{
    v->steps = 0;
    v->doubt = true;
    return false;
}

/* What the last policy left over goes back. Once in doubt nothing more is worth reading. */
void eval_refill(struct eval *v, const struct policy *p)
{
    uint64_t by_size = (uint64_t)p->bytes * EVAL_STEPS_A_BYTE, steps = by_size > EVAL_STEPS ? by_size : EVAL_STEPS;

    v->reading = p;
    if (v->doubt)
        return;
    v->pool += v->steps;
    v->steps = steps < v->pool ? steps : v->pool;
    v->pool -= v->steps;
}

uint32_t key_hash(str key)
{
    uint64_t h = key.n;

    for (size_t i = 0; i < key.n; i += 8) {
        h = (h ^ fold_word(fold_load(key.p + i, key.n - i))) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

/* Length and tail tell nearly all condition keys apart; what they do not is compared. */
uint32_t condition_key_hash(str key)
{
    uint64_t tail = key.n < 8 ? fold_load(key.p, key.n) : fold_load(key.p + key.n - 8, 8);

    return (uint32_t)(((key.n ^ fold_word(tail)) * 0x9e3779b97f4a7c15u) >> 32);
}

/* Keys have no case, but a caller may send two tags or two pairs of an encryption context that differ in nothing else:
 * then the one would hide the other from a Deny. Who asks for such a key is in doubt. */
static const struct authz_value *first_of(struct eval *v, const struct authz_value *found,
                                          const struct authz_value *next)
{
    v->doubt |= found != NULL;
    return found ? found : next;
}

static const struct authz_value *look_by_comparing(struct eval *v, str key)
{
    const struct authz_value *context = v->r->context, *found = NULL;
    unsigned char last = key.n ? lower((unsigned char)key.p[key.n - 1]) : 0;

    for (size_t i = 0; i < v->r->n_context; i++) {
        str have = context[i].key;
        if (have.n == key.n && (key.n == 0 || lower((unsigned char)have.p[key.n - 1]) == last) &&
            str_eq_nocase(have, key))
            found = first_of(v, found, &context[i]);
    }
    return found;
}

const struct authz_value *eval_value(struct eval *v, str key, uint32_t hash)
{
    const struct authz_value *context = v->r->context, *found = NULL;
    size_t n = v->r->n_context;

    if (v->looks < EVAL_LOOKS) {
        v->looks++;
        return look_by_comparing(v, key);
    }
    for (size_t i = 0; !v->hashed && i < n && i < EVAL_KEYS; i++)
        v->hashes[i] = condition_key_hash(context[i].key);
    v->hashed = true;
    for (size_t i = 0; i < n; i++)
        if ((i >= EVAL_KEYS || v->hashes[i] == hash) && str_eq_nocase(context[i].key, key))
            found = first_of(v, found, &context[i]);
    return found;
}

bool arn_split(str arn, str fields[ARN_FIELDS])
{
    const char *from = arn.p, *end = arn.p + arn.n;

    for (int i = 0; i < ARN_FIELDS - 1; i++) {
        const char *colon = from < end ? memchr(from, ':', (size_t)(end - from)) : NULL;
        if (!colon)
            return false;
        fields[i] = str_n(from, (size_t)(colon - from));
        from = colon + 1;
    }
    fields[ARN_FIELDS - 1] = str_n(from, (size_t)(end - from));
    return true;
}

/* Rule 30: the value of `${key}`; a multivalued key has none. Absent: no value and no default. */
static str variable_value(struct eval *v, const struct policy *p, const struct variable *var)
{
    const struct authz_value *value = eval_value(v, policy_span(p, var->key), var->key_hash);

    if (value && !value->multi && value->n == 1)
        return value->values[0].p ? value->values[0] : S("");
    return var->has_fallback ? policy_span(p, var->fallback) : STR_ABSENT;
}

struct expansion {
    size_t n;
    char bytes[EVAL_TEXT_BYTES];
};

static bool expand_value(struct eval *v, str value, struct expansion *out)
{
    if (value.n > sizeof out->bytes - out->n) {
        v->doubt = true;
        return false;
    }
    for (size_t i = 0; i < value.n; i++) {
        /* Such a byte would read as one of our codes, and no UTF-8 text has it. */
        if ((unsigned char)value.p[i] >= CODE_VAR) {
            v->doubt = true;
            return false;
        }
        out->bytes[out->n++] = value.p[i];
    }
    return true;
}

/* Replaces the variables of a coded text; its wildcards stay coded, so that `*` in a value is a mere star (rule 26). */
static bool expand(struct eval *v, const struct policy *p, str coded, struct expansion *out)
{
    out->n = 0;
    for (size_t i = 0; i < coded.n; i++) {
        if ((unsigned char)coded.p[i] != CODE_VAR) {
            if (out->n == sizeof out->bytes) {
                v->doubt = true;
                return false;
            }
            out->bytes[out->n++] = coded.p[i];
            continue;
        }
        unsigned index = (unsigned)(unsigned char)coded.p[i + 1] << 8 | (unsigned char)coded.p[i + 2];
        str value = variable_value(v, p, policy_var(p, index));
        i += 2;
        if (!str_is(value) || !expand_value(v, value, out))
            return false;
    }
    return true;
}

static bool match_glob(struct eval *v, str pattern, str text, bool coded)
{
    bool hit = glob_steps(pattern, text, coded ? CODE_STAR : '*', coded ? CODE_ONE : '?', false, &v->steps);

    if (v->steps == 0)
        v->doubt = true;
    return hit;
}

/* Not inlined, so that its large frame is paid only by texts with variables. */
__attribute__((noinline)) static bool match_coded(struct eval *v, const struct policy *p, str coded, str text,
                                                  enum comparison cmp)
{
    struct expansion x FILLED_LATER;

    if (!expand(v, p, coded, &x))
        return false;
    str pattern = str_n(x.bytes, x.n);
    if (cmp == CMP_LIKE)
        return match_glob(v, pattern, text, true);
    return cmp == CMP_NOCASE ? str_eq_nocase(pattern, text) : str_eq(pattern, text);
}

bool match_text(struct eval *v, const struct policy *p, struct text t, str text, enum comparison cmp)
{
    str pattern = policy_text(p, t);

    if (!eval_spend(v, 1 + text.n / 16))
        return false;
    if (t.coded)
        return match_coded(v, p, pattern, text, cmp);
    if (cmp == CMP_LIKE)
        return match_glob(v, pattern, text, false);
    return cmp == CMP_NOCASE ? str_eq_nocase(pattern, text) : str_eq(pattern, text);
}

/* The name part of an action with its wildcards, without case; the service exactly (rule 24). */
bool match_action(struct eval *v, const struct policy *p, const struct action_pattern *a)
{
    str pattern = policy_span(p, a->text), action = str_n(v->action, v->action_n);
    size_t head = a->head;

    if (pattern.n == 0)
        return true;
    if (a->service != v->service_n)
        return false;
    str fixed = str_sub(pattern, 0, head); /* mostly written as it is asked for */
    if (!str_starts(v->r->action, fixed) && !str_starts_nocase(action, fixed))
        return false;
    if (head == pattern.n)
        return action.n == head;
    if (head + 1 == pattern.n && pattern.p[head] == '*')
        return true;
    bool hit = glob_steps(str_from(pattern, head), str_from(action, head), '*', '?', true, &v->steps);
    if (v->steps == 0)
        v->doubt = true;
    return hit;
}

/* Field by field, so that no wildcard reaches over a colon of the first five. `head` bytes are known to be equal. */
static bool match_fields(struct eval *v, const struct policy *p, const struct arn_pattern *a,
                         const str fields[ARN_FIELDS], size_t head)
{
    str text = policy_text(p, a->text);
    size_t at = 0;

    for (int i = 0; i < ARN_FIELDS; i++) {
        str piece = str_sub(text, at, i < ARN_FIELDS - 1 ? a->field[i] : text.n);
        bool same;
        at += piece.n + 1;
        if (at <= head) /* with its colon */
            same = true;
        else if (a->literal & 1 << i)
            same = str_eq(piece, fields[i]);
        else if (a->text.coded)
            same = match_coded(v, p, piece, fields[i], CMP_LIKE);
        else
            same = str_eq(piece, S("*")) || match_glob(v, piece, fields[i], false);
        if (!same)
            return false;
    }
    return true;
}

/* Rules 25 and 38. Most patterns are decided by their head: nothing, or one star at the end, is behind it. */
bool match_arn(struct eval *v, const struct policy *p, const struct arn_pattern *a, const str fields[ARN_FIELDS])
{
    const unsigned first_five = (1u << (ARN_FIELDS - 1)) - 1;
    const char *pattern = policy_text(p, a->text).p, *text = fields[0].p;
    size_t head = a->head, n;

    if (a->literal & ARN_ANY)
        return true;
    if ((a->literal & ARN_NEVER) || !text || !eval_spend(v, 1 + head / 16))
        return false;
    n = (size_t)(fields[ARN_FIELDS - 1].p - text) + fields[ARN_FIELDS - 1].n;
    if (n < head || memcmp(text, pattern, head) != 0)
        return false;
    if (head == a->text.n)
        return n == head;
    if (head + 1u == a->text.n && !a->text.coded && pattern[head] == '*' && (a->literal & first_five) == first_five)
        return true;
    return match_fields(v, p, a, fields, head);
}
