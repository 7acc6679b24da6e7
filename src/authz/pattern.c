/* SPDX-License-Identifier: MIT */
/* Matching of text: wildcards, the six fields of an ARN, policy variables (rules 24 to 26, 29, 30, 38). */
#include "authz/policy.h"

#include <string.h>

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* Where the next character begins: `?` and the growth of `*` go by UTF-8 characters, not by bytes. */
static size_t next_char(str t, size_t at)
{
    do
        at++;
    while (at < t.n && ((unsigned char)t.p[at] & 0xc0) == 0x80);
    return at;
}

/* Only the last star is ever reconsidered: whatever an earlier star could still take, the last one can take as well. */
bool glob_steps(str p, str t, int star, int one, bool nocase, uint64_t *steps)
{
    size_t i = 0, k = 0, star_at = SIZE_MAX, from = 0;

    while (k < t.n) {
        unsigned char c = i < p.n ? (unsigned char)p.p[i] : 0, d = (unsigned char)t.p[k];
        if (*steps == 0)
            return false;
        --*steps;
        if (i < p.n && c == star) {
            star_at = i++;
            from = k;
        } else if (i < p.n && c == one) {
            i++;
            k = next_char(t, k);
        } else if (i < p.n && (c == d || (nocase && lower(c) == lower(d)))) {
            i++;
            k++;
        } else if (star_at != SIZE_MAX) {
            k = from = next_char(t, from);
            i = star_at + 1;
        } else {
            return false;
        }
    }
    while (i < p.n && (unsigned char)p.p[i] == star)
        i++;
    return i == p.n;
}

bool authz_glob(str pattern, str text, bool nocase)
{
    uint64_t steps = UINT64_MAX;

    return glob_steps(pattern, text, '*', '?', nocase, &steps);
}

bool eval_spend(struct eval *v, uint64_t steps)
{
    if (v->steps >= steps) {
        v->steps -= steps;
        return true;
    }
    v->steps = 0;
    v->doubt = true;
    return false;
}

uint32_t key_hash(str key)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < key.n; i++)
        h = (h ^ lower((unsigned char)key.p[i])) * 16777619u;
    return h;
}

const struct authz_value *eval_value(const struct eval *v, str key, uint32_t hash)
{
    for (size_t i = 0; i < v->r->n_context; i++) {
        if (i < EVAL_KEYS && v->hashes[i] != hash)
            continue;
        if (str_eq_nocase(v->r->context[i].key, key))
            return &v->r->context[i];
    }
    return NULL;
}

bool arn_split(str arn, str fields[ARN_FIELDS])
{
    str rest = arn;

    for (int i = 0; i < ARN_FIELDS - 1; i++) {
        fields[i] = str_cut(&rest, ':');
        if (!str_is(rest))
            return false;
    }
    fields[ARN_FIELDS - 1] = rest;
    return true;
}

/* Rule 30: the value of `${key}`; a multivalued key has none. Absent: no value and no default. */
static str variable_value(const struct eval *v, const struct policy *p, const struct variable *var)
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
        str value = variable_value(v, p, &p->vars[index]);
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
    struct expansion x;

    if (!expand(v, p, coded, &x))
        return false;
    str pattern = str_n(x.bytes, x.n);
    if (cmp == CMP_LIKE)
        return match_glob(v, pattern, text, true);
    return cmp == CMP_NOCASE ? str_eq_nocase(pattern, text) : str_eq(pattern, text);
}

bool match_text(struct eval *v, const struct policy *p, struct text t, str text, enum comparison cmp)
{
    str pattern = str_n(p->pool + t.at, t.n);

    if (!eval_spend(v, 1 + text.n / 16))
        return false;
    if (t.coded)
        return match_coded(v, p, pattern, text, cmp);
    if (cmp == CMP_LIKE)
        return match_glob(v, pattern, text, false);
    return cmp == CMP_NOCASE ? str_eq_nocase(pattern, text) : str_eq(pattern, text);
}

/* Rules 25 and 38: field by field, so that no wildcard reaches over a colon of the first five. */
bool match_arn(struct eval *v, const struct policy *p, const struct arn_pattern *a, const str fields[ARN_FIELDS])
{
    const char *at = p->pool + a->text.at, *end = at + a->text.n;

    if (a->literal & ARN_ANY)
        return true;
    if ((a->literal & ARN_NEVER) || !str_is(fields[0]) || !eval_spend(v, ARN_FIELDS))
        return false;
    for (int i = 0; i < ARN_FIELDS; i++) {
        str piece = str_n(at, i < ARN_FIELDS - 1 ? a->field[i] : (size_t)(end - at));
        bool same;
        if (a->literal & 1 << i)
            same = str_eq(piece, fields[i]);
        else if (a->text.coded)
            same = match_coded(v, p, piece, fields[i], CMP_LIKE);
        else
            same = str_eq(piece, S("*")) || match_glob(v, piece, fields[i], false);
        if (!same)
            return false;
        at += piece.n + 1;
    }
    return true;
}
