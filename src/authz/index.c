/* SPDX-License-Identifier: MIT */
/* The index of a set of policies: for each action that is written in it, the statements that write it; the same for
 * each principal. Statements are numbered in the set's order; a decision marks those that may concern it in a row of
 * bits and reads only these: denials first, in order, then what allows, in order. So the first statement that decides
 * is the one that reading them all would find. */
#include "authz/index.h"

#include <stdlib.h>
#include <string.h>

#include "authz/eval.h"
#include "base/buf.h"

/* A larger set gets several indexes, one after the other. */
enum { INDEX_MOST = 1024, INDEX_WORDS = INDEX_MOST / 64, SCRATCH_MAX = 64 << 20 };
/* Statements from which on there is a sieve, and how many must be marked for it to be worth its making. */
enum { SIEVE_LEAST = 16, SIEVE_WORTH = 6 };

struct place {       /* where a statement is */
    uint16_t policy; /* counted from the first that this index covers */
    uint16_t statement : 14, deny : 1, not_action : 1;
};

struct term { /* a text and the statements that hold it: n numbers from `first` on, ascending */
    uint32_t hash, first;
    uint16_t n;
    uint16_t action; /* where the first of them has the pattern, among its policy's actions */
};

/* Of an action without wildcards the hash is that of its text; of one with wildcards that of its service, so that all
 * of a service are neighbours and are tried one by one. Of a principal it is that of its text. */
struct policy_index {
    struct policy_index *next;
    uint32_t bytes, first_policy, n_statements, n_actions, n_names;
    uint32_t actions, names, places, numbers; /* offsets; right behind this head come two rows of bits */
    uint32_t sieve;                           /* grams by statement (sieve.h); 0: none */
};

static size_t words_of(const struct policy_index *x)
{
    return (x->n_statements + 63) / 64;
}

static const uint64_t *row_any(const struct policy_index *x) /* statements with Action `*` or NotAction */
{
    return (const uint64_t *)(x + 1);
}

static const uint64_t *row_unnamed(const struct policy_index *x) /* whose principals are not listed one by one */
{
    return row_any(x) + words_of(x);
}

static const void *at(const struct policy_index *x, uint32_t offset)
{
    return (const char *)x + offset;
}

/* ---- making it ---- */

struct draft { /* one text of one statement */
    uint32_t hash;
    uint16_t number, action;
    str text;
};

struct drafts {
    struct arena *a;
    struct buf actions, names; /* struct draft */
    struct buf places;
    struct policy_index head;
    uint64_t any[INDEX_WORDS], unnamed[INDEX_WORDS];
};

static int by_text_and_number(const void *a, const void *b)
{
    const struct draft *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    int order = str_cmp(x->text, y->text);
    return order ? order : (int)x->number - (int)y->number;
}

static void mark(uint64_t *bits, unsigned number)
{
    bits[number / 64] |= (uint64_t)1 << number % 64;
}

static str folded(struct arena *a, str s)
{
    char *p = arena_z(a, s);

    for (size_t i = 0; i < s.n; i++)
        p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
    return str_n(p, s.n);
}

static void draft_actions(struct drafts *d, const struct policy *p, const struct statement *s, unsigned number)
{
    for (size_t i = 0; i < s->actions.n; i++) {
        const struct action_pattern *a = policy_action(p, s->actions.first + i);
        str text = policy_span(p, a->text);
        if (text.n == 0 || (s->flags & ST_NOT_ACTION)) {
            mark(d->any, number);
            continue;
        }
        bool exact = a->head == text.n;
        struct draft one = {.hash = key_hash(exact ? text : str_sub(text, 0, (size_t)a->service + 1)),
                            .number = (uint16_t)number,
                            .action = (uint16_t)(s->actions.first + i),
                            .text = folded(d->a, text)};
        buf_add_bytes(&d->actions, &one, sizeof one);
    }
}

static void draft_names(struct drafts *d, const struct policy *p, const struct statement *s, unsigned number)
{
    bool listed = s->flags & ST_PRINCIPAL;

    for (size_t i = 0; i < s->principals.n; i++)
        listed &= policy_named(p, s->principals.first + i)->type != NAMED_ANY;
    if (!listed) {
        mark(d->unnamed, number);
        return;
    }
    for (size_t i = 0; i < s->principals.n; i++) {
        str text = policy_span(p, policy_named(p, s->principals.first + i)->text);
        struct draft one = {.hash = key_hash(text), .number = (uint16_t)number, .text = text};
        buf_add_bytes(&d->names, &one, sizeof one);
    }
}

static void draft_policy(struct drafts *d, const struct policy *p, size_t which)
{
    for (size_t i = 0; i < p->n_statements; i++) {
        const struct statement *s = policy_statement(p, i);
        struct place here = {.policy = (uint16_t)which,
                             .statement = i & 0x3fff,
                             .deny = !!(s->flags & ST_DENY),
                             .not_action = !!(s->flags & ST_NOT_ACTION)};
        unsigned number = d->head.n_statements++;
        buf_add_bytes(&d->places, &here, sizeof here);
        draft_actions(d, p, s, number);
        draft_names(d, p, s, number);
    }
}

static void draft_sieve(const struct drafts *d, struct policy_set set, struct buf *out)
{
    const struct place *places = (const struct place *)(const void *)d->places.p;
    size_t n = d->head.n_statements;
    struct grams *grams = ARENA_ARRAY(d->a, struct grams, n);
    uint16_t seen[GRAMS] = {0};

    for (size_t i = 0; n >= SIEVE_LEAST && i < n; i++) {
        const struct policy *p = set.v[d->head.first_policy + places[i].policy];
        grams_of_statement(p, policy_statement(p, places[i].statement), &grams[i]);
        for (uint32_t gram = 1; gram < GRAMS; gram++)
            seen[gram] += grams_have(&grams[i], gram);
    }
    for (size_t i = 0; n >= SIEVE_LEAST && i < n; i++) {
        uint32_t chosen = grams_choose(&grams[i], seen);
        buf_add_bytes(out, &chosen, sizeof chosen);
    }
}

/* Drafts of one text become one term. */
static uint32_t gather(struct buf *drafts, struct buf *terms, struct buf *numbers)
{
    const struct draft *d = (const struct draft *)(const void *)drafts->p;
    size_t n = drafts->n / sizeof *d;

    if (n)
        qsort(drafts->p, n, sizeof *d, by_text_and_number);
    for (size_t i = 0; i < n;) {
        struct term t = {.hash = d[i].hash, .first = (uint32_t)(numbers->n / sizeof(uint16_t)), .action = d[i].action};
        size_t from = i;
        for (; i < n && d[i].hash == d[from].hash && str_eq(d[i].text, d[from].text); i++) {
            if (i > from && d[i].number == d[i - 1].number)
                continue;
            buf_add_bytes(numbers, &d[i].number, sizeof d[i].number);
            t.n++;
        }
        buf_add_bytes(terms, &t, sizeof t);
    }
    return (uint32_t)(terms->n / sizeof(struct term));
}

static uint32_t place(struct buf *block, const struct buf *from)
{
    uint32_t offset = (uint32_t)block->n;

    buf_add(block, buf_str(from));
    return offset;
}

static struct policy_index *assemble(struct drafts *d, struct policy_set set)
{
    struct buf actions, names, numbers, sieve, block;
    struct buf *parts[] = {&d->places, &actions, &names, &numbers, &sieve};
    size_t row = words_of(&d->head) * sizeof(uint64_t), size = sizeof d->head + 2 * row;

    for (size_t i = 1; i < sizeof parts / sizeof parts[0]; i++)
        buf_init(parts[i], SCRATCH_MAX);
    d->head.n_actions = gather(&d->actions, &actions, &numbers);
    d->head.n_names = gather(&d->names, &names, &numbers);
    draft_sieve(d, set, &sieve);
    bool full = sieve.full || d->actions.full || d->names.full || actions.full || names.full || numbers.full;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        size += parts[i]->n;
    buf_init(&block, size);
    buf_room(&block, size);
    buf_add_bytes(&block, &d->head, sizeof d->head);
    buf_add_bytes(&block, d->any, row);
    buf_add_bytes(&block, d->unnamed, row);
    d->head.actions = place(&block, &actions);
    d->head.names = place(&block, &names);
    d->head.places = place(&block, &d->places);
    d->head.sieve = sieve.n ? place(&block, &sieve) : 0;
    d->head.numbers = place(&block, &numbers);
    d->head.bytes = (uint32_t)block.n;
    memcpy(block.p, &d->head, sizeof d->head);
    for (size_t i = 1; i < sizeof parts / sizeof parts[0]; i++)
        buf_done(parts[i]);
    if (full)
        buf_done(&block);
    return (struct policy_index *)(void *)block.p;
}

/* Over policies [from, *to): as many as fit. */
static struct policy_index *make_part(struct policy_set set, size_t from, size_t *to)
{
    struct drafts d = {.a = arena_new(SCRATCH_MAX), .head.first_policy = (uint32_t)from};

    buf_init(&d.actions, SCRATCH_MAX);
    buf_init(&d.names, SCRATCH_MAX);
    buf_init(&d.places, SCRATCH_MAX);
    for (*to = from; *to < set.n && d.head.n_statements + set.v[*to]->n_statements <= INDEX_MOST; ++*to)
        draft_policy(&d, set.v[*to], *to - from);
    struct policy_index *x = assemble(&d, set);
    buf_done(&d.actions);
    buf_done(&d.names);
    buf_done(&d.places);
    arena_free(d.a);
    return x;
}

struct policy_index *policy_index_make(struct policy_set set, size_t least)
{
    struct policy_index *first = NULL, **last = &first;
    size_t statements = 0, to;

    for (size_t i = 0; i < set.n; i++)
        statements += set.v[i]->n_statements;
    if (statements == 0 || statements < least)
        return NULL;
    for (size_t from = 0; from < set.n; from = to, last = &(*last)->next) {
        *last = make_part(set, from, &to);
        if (!*last) { /* beyond what fits: the set is scanned */
            policy_index_free(first);
            return NULL;
        }
    }
    return first;
}

void policy_index_free(struct policy_index *x)
{
    while (x) {
        struct policy_index *next = x->next;
        struct buf block = {.p = (char *)x, .n = x->bytes, .cap = x->bytes, .max = x->bytes};
        buf_done(&block);
        x = next;
    }
}

size_t policy_index_bytes(const struct policy_index *x)
{
    size_t n = 0;

    for (; x; x = x->next)
        n += x->bytes;
    return n;
}

/* ---- reading it ---- */

static const struct term *first_term(const struct term *v, size_t n, uint32_t hash)
{
    while (n) {
        size_t half = n / 2;
        if (v[half].hash < hash) {
            v += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return v;
}

static void mark_all(const struct policy_index *x, const struct term *t, uint64_t *bits)
{
    const uint16_t *numbers = (const uint16_t *)at(x, x->numbers) + t->first;

    for (size_t i = 0; i < t->n; i++)
        mark(bits, numbers[i]);
}

static void mark_actions(struct eval *v, struct policy_set set, const struct policy_index *x, uint32_t hash,
                         uint64_t *bits)
{
    const struct term *terms = at(x, x->actions), *end = terms + x->n_actions;
    const struct place *places = at(x, x->places);

    for (const struct term *t = first_term(terms, x->n_actions, hash); t < end && t->hash == hash; t++) {
        uint16_t number = ((const uint16_t *)at(x, x->numbers))[t->first];
        const struct policy *p = set.v[x->first_policy + places[number].policy];
        eval_enter(v, p);
        if (eval_spend(v, 1) && match_action(v, p, policy_action(p, t->action)))
            mark_all(x, t, bits);
    }
}

/* Two texts of one hash are both marked: who is named is found out when the statement is read. */
static void mark_name(const struct policy_index *x, str name, uint64_t *bits)
{
    const struct term *terms = at(x, x->names), *end = terms + x->n_names;
    uint32_t hash = key_hash(name);

    if (name.n == 0)
        return;
    for (const struct term *t = first_term(terms, x->n_names, hash); t < end && t->hash == hash; t++)
        mark_all(x, t, bits);
}

static void keep_named(const struct eval *v, const struct policy_index *x, size_t words, uint64_t *bits)
{
    const struct authz_request *r = v->r;
    uint64_t named[INDEX_WORDS] FILLED_LATER;

    memcpy(named, row_unnamed(x), words * sizeof named[0]);
    mark_name(x, r->account, named);
    mark_name(x, r->principal, named);
    mark_name(x, r->principal_role_arn, named);
    mark_name(x, r->principal_id, named);
    for (size_t i = 0; i < words; i++)
        bits[i] &= named[i];
}

/* Unmarks what the resource rules out, where enough is marked to be worth it. */
static void sift(struct eval *v, const struct policy_index *x, size_t words, uint64_t *bits)
{
    const uint32_t *chosen = at(x, x->sieve);
    size_t marked = 0;

    for (size_t w = 0; w < words; w++)
        marked += (size_t)__builtin_popcountll(bits[w]);
    if (marked < SIEVE_WORTH)
        return;
    if (!v->sieved)
        grams_of_resource(v->fields[ARN_FIELDS - 1], &v->grams);
    v->sieved = true;
    for (size_t w = 0; w < words; w++)
        for (uint64_t left = bits[w]; left; left &= left - 1)
            if (!grams_have_all(&v->grams, chosen[w * 64 + (size_t)__builtin_ctzll(left)]))
                bits[w] ^= left & -left;
}

static void read_marked(struct eval *v, struct policy_set set, const struct policy_index *x, const uint64_t *bits,
                        bool deny, struct scan *out)
{
    const struct place *places = at(x, x->places);
    size_t words = words_of(x);

    for (size_t w = 0; w < words; w++) {
        for (uint64_t left = bits[w]; left; left &= left - 1) {
            const struct place *here = &places[w * 64 + (size_t)__builtin_ctzll(left)];
            const struct policy *p = set.v[x->first_policy + here->policy];
            if (here->deny != deny)
                continue;
            if (scan_settled(v, p, deny, out))
                return;
            scan_statement(v, (struct authz_reason){p, here->statement}, !here->not_action, out);
        }
    }
}

void index_scan(struct eval *v, struct policy_set set, const struct policy_index *x, struct scan *out)
{
    for (; x; x = x->next) {
        size_t words = words_of(x);
        uint64_t bits[INDEX_WORDS] FILLED_LATER; /* as many words as there are */
        memcpy(bits, row_any(x), words * sizeof bits[0]);
        mark_actions(v, set, x, v->action_hash, bits);
        mark_actions(v, set, x, v->service_hash, bits);
        if (x->n_names)
            keep_named(v, x, words, bits);
        if (x->sieve)
            sift(v, x, words, bits);
        read_marked(v, set, x, bits, true, out);
        read_marked(v, set, x, bits, false, out);
    }
}
