/* SPDX-License-Identifier: MIT */
/* A pickle is a program for a stack machine. This one runs the few instructions that Python emits for a Booster, over
 * values that are slices of the input; opcodes and their meaning follow CPython's Lib/pickletools.py. */
#include "runtimes/xgboost/pickle.h"

#include <endian.h>
#include <string.h>

enum { STACK_MAX = 4096, MEMO_MAX = 4096, STEPS_MAX = 1 << 20 };

enum pv_kind { PV_NONE, PV_MARK, PV_NUMBER, PV_TEXT, PV_BYTES, PV_TUPLE, PV_LIST, PV_DICT, PV_GLOBAL, PV_BOOSTER };
enum { GLOBAL_BOOSTER = 1, GLOBAL_BYTEARRAY, GLOBAL_ENCODE };

/* Containers keep no elements but what is asked of them: a tuple its first two (a call's arguments, or a state without
 * slots), the dict of a Booster the two members that are read. */
struct pv {
    enum pv_kind kind;
    int64_t number; /* of a number: its value; of a global: which; of a tuple: how many */
    str text;
    uint32_t ref; /* tuples and dicts: index into pairs */
};

struct pair {
    struct pv first, second; /* of a tuple: the elements; of a dict: handle and best_ntree_limit */
};

struct machine {
    str in;
    size_t at;
    struct pv *stack, *memo;
    struct pair *pairs;
    size_t depth, memo_next, n_pairs, converted;
    struct arena *arena;
    struct err *e;
};

static res bad(struct machine *m, const char *what)
{
    return reject(m->e, "not a pickled Booster: %s at byte %zu", what, m->at);
}

static res take(struct machine *m, size_t n, str *out)
{
    if (n > m->in.n - m->at)
        return bad(m, "the file is cut short");
    *out = str_n(m->in.p + m->at, n);
    m->at += n;
    return OK;
}

static res take_le(struct machine *m, size_t width, uint64_t *out)
{
    unsigned char raw[8] = {0};
    uint64_t v;
    str s = STR_ABSENT;

    TRY(take(m, width, &s));
    memcpy(raw, s.p, width);
    memcpy(&v, raw, sizeof v);
    *out = le64toh(v);
    return OK;
}

static res take_counted(struct machine *m, size_t width, str *out)
{
    uint64_t n;

    TRY(take_le(m, width, &n));
    return take(m, n, out);
}

static res take_line(struct machine *m, str *out)
{
    ptrdiff_t n = str_find(str_from(m->in, m->at), '\n');

    if (n < 0)
        return bad(m, "a line without an end");
    TRY(take(m, (size_t)n, out));
    m->at++;
    return OK;
}

static res push(struct machine *m, struct pv v)
{
    if (m->depth == STACK_MAX)
        return bad(m, "too many values");
    m->stack[m->depth++] = v;
    return OK;
}

static res pop(struct machine *m, struct pv *v)
{
    if (!m->depth || m->stack[m->depth - 1].kind == PV_MARK)
        return bad(m, "a value is missing");
    *v = m->stack[--m->depth];
    return OK;
}

static res new_pair(struct machine *m, enum pv_kind kind, struct pv first, struct pv second, int64_t count)
{
    if (m->n_pairs == STACK_MAX)
        return bad(m, "too many containers");
    m->pairs[m->n_pairs] = (struct pair){first, second};
    return push(m, (struct pv){.kind = kind, .number = count, .ref = (uint32_t)m->n_pairs++});
}

/* Where the values above the last mark begin. */
static res find_mark(struct machine *m, size_t *first)
{
    for (size_t i = m->depth; i > 0; i--) {
        if (m->stack[i - 1].kind == PV_MARK) {
            *first = i;
            return OK;
        }
    }
    return bad(m, "a mark is missing");
}

static res make_tuple(struct machine *m, size_t first)
{
    struct pv one = {0}, two = {0};
    size_t n = m->depth - first;

    if (n > 0)
        one = m->stack[first];
    if (n > 1)
        two = m->stack[first + 1];
    m->depth = first;
    return new_pair(m, PV_TUPLE, one, two, (int64_t)n);
}

static res tuple_of(struct machine *m, size_t n)
{
    if (m->depth < n)
        return bad(m, "a value is missing");
    for (size_t i = m->depth - n; i < m->depth; i++)
        if (m->stack[i].kind == PV_MARK)
            return bad(m, "a value is missing");
    return make_tuple(m, m->depth - n);
}

static res push_global(struct machine *m, str module, str name)
{
    if (str_eq(module, S("xgboost.core")) && str_eq(name, S("Booster")))
        return push(m, (struct pv){.kind = PV_GLOBAL, .number = GLOBAL_BOOSTER});
    if ((str_eq(module, S("builtins")) || str_eq(module, S("__builtin__"))) && str_eq(name, S("bytearray")))
        return push(m, (struct pv){.kind = PV_GLOBAL, .number = GLOBAL_BYTEARRAY});
    if (str_eq(module, S("_codecs")) && str_eq(name, S("encode")))
        return push(m, (struct pv){.kind = PV_GLOBAL, .number = GLOBAL_ENCODE});
    return bad(m, "a class that is not allowed");
}

static void keep_member(struct machine *m, const struct pv *dict, struct pv key, struct pv value)
{
    if (key.kind != PV_TEXT)
        return;
    if (str_eq(key.text, S("handle")))
        m->pairs[dict->ref].first = value;
    else if (str_eq(key.text, S("best_ntree_limit")))
        m->pairs[dict->ref].second = value;
}

/* SETITEM, SETITEMS: pairs of values from `first` on go into the dict beneath. */
static res set_items(struct machine *m, size_t first, size_t below)
{
    if (first < below + 1 || (m->depth - first) % 2 || m->stack[first - below - 1].kind != PV_DICT)
        return bad(m, "members without a dict");
    struct pv dict = m->stack[first - below - 1];
    for (size_t i = first; i < m->depth; i += 2)
        keep_member(m, &dict, m->stack[i], m->stack[i + 1]);
    m->depth = first - below;
    return OK;
}

static res append_items(struct machine *m, size_t first, size_t below)
{
    if (first < below + 1 || m->stack[first - below - 1].kind != PV_LIST)
        return bad(m, "elements without a list");
    m->depth = first - below;
    return OK;
}

/* Protocol 2 spells bytes as text whose code points are the bytes. */
static res latin1(struct machine *m, str text, str *out)
{
    size_t n = 0;
    char *p;

    m->converted += text.n; /* the memo can name one text many times: no more is converted than was read */
    if (m->converted > m->in.n)
        return bad(m, "too many bytearrays");
    p = arena_alloc(m->arena, text.n);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80) {
            if ((c != 0xc2 && c != 0xc3) || ++i == text.n || ((unsigned char)text.p[i] & 0xc0) != 0x80)
                return bad(m, "text that is no latin-1");
            c = (unsigned char)(((unsigned)c & 3) << 6 | ((unsigned char)text.p[i] & 0x3f));
        }
        p[n++] = (char)c;
    }
    *out = str_n(p, n);
    return OK;
}

/* The two calls there are: bytearray(b"...") and, in protocol 2, _codecs.encode("...", "latin1"). */
static res reduce(struct machine *m)
{
    struct pv args, callee;
    str bytes = STR_ABSENT;

    TRY(pop(m, &args));
    TRY(pop(m, &callee));
    if (args.kind != PV_TUPLE || callee.kind != PV_GLOBAL)
        return bad(m, "a call that is not allowed");
    const struct pair *p = &m->pairs[args.ref];
    if (callee.number == GLOBAL_BYTEARRAY && args.number == 1 && p->first.kind == PV_BYTES)
        return push(m, p->first);
    if (callee.number != GLOBAL_ENCODE || args.number != 2 || p->first.kind != PV_TEXT || p->second.kind != PV_TEXT ||
        !str_eq(p->second.text, S("latin1")))
        return bad(m, "a call that is not allowed");
    TRY(latin1(m, p->first.text, &bytes));
    return push(m, (struct pv){.kind = PV_BYTES, .text = bytes});
}

static res new_object(struct machine *m)
{
    struct pv args, class;

    TRY(pop(m, &args));
    TRY(pop(m, &class));
    if (args.kind != PV_TUPLE || args.number != 0 || class.kind != PV_GLOBAL || class.number != GLOBAL_BOOSTER)
        return bad(m, "an object that is not allowed");
    return push(m, (struct pv){.kind = PV_BOOSTER});
}

static res build(struct machine *m)
{
    struct pv state;

    TRY(pop(m, &state));
    if (!m->depth || m->stack[m->depth - 1].kind != PV_BOOSTER || state.kind != PV_DICT)
        return bad(m, "a state without its object");
    m->stack[m->depth - 1].number = 1;
    m->stack[m->depth - 1].ref = state.ref;
    return OK;
}

static res memo_put(struct machine *m, uint64_t at)
{
    if (at >= MEMO_MAX)
        return bad(m, "the memo is too large");
    if (!m->depth)
        return bad(m, "a value is missing");
    m->memo[at] = m->stack[m->depth - 1];
    return OK;
}

static res memo_get(struct machine *m, uint64_t at)
{
    if (at >= MEMO_MAX || m->memo[at].kind == PV_MARK)
        return bad(m, "nothing in the memo");
    return push(m, m->memo[at]);
}

static res push_counted(struct machine *m, enum pv_kind kind, size_t width)
{
    struct pv v = {.kind = kind};

    TRY(take_counted(m, width, &v.text));
    return push(m, v);
}

/* LONG1: a little-endian two's complement number of up to eight bytes. */
static res push_long(struct machine *m)
{
    uint64_t v = 0;
    str s = STR_ABSENT;

    TRY(take_counted(m, 1, &s));
    if (s.n > 8)
        return bad(m, "a number that is too large");
    for (size_t i = 0; i < s.n; i++)
        v |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
    if (s.n && s.n < 8 && ((unsigned char)s.p[s.n - 1] & 0x80))
        v |= ~(uint64_t)0 << (8 * s.n);
    return push(m, (struct pv){.kind = PV_NUMBER, .number = (int64_t)v});
}

static res push_int(struct machine *m, size_t width)
{
    uint64_t v;

    TRY(take_le(m, width, &v));
    return push(m, (struct pv){.kind = PV_NUMBER, .number = width == 4 ? (int32_t)v : (int64_t)v});
}

/* Instructions that push something read from the input. *known is false for all others. */
static res step_push(struct machine *m, unsigned char op, bool *known)
{
    str ignored;

    switch (op) {
    case 'N':
        return push(m, (struct pv){.kind = PV_NONE});
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return push(m, (struct pv){.kind = PV_NUMBER, .number = op == 0x88});
    case 'J':
        return push_int(m, 4);
    case 'K':
        return push_int(m, 1);
    case 'M':
        return push_int(m, 2);
    case 0x8a: /* LONG1 */
        return push_long(m);
    case 'G': /* BINFLOAT: kept as a value nobody reads */
        TRY(take(m, 8, &ignored));
        return push(m, (struct pv){.kind = PV_NONE});
    case 0x8c: /* SHORT_BINUNICODE */
        return push_counted(m, PV_TEXT, 1);
    case 'X':
        return push_counted(m, PV_TEXT, 4);
    case 0x8d: /* BINUNICODE8 */
        return push_counted(m, PV_TEXT, 8);
    case 'C':
        return push_counted(m, PV_BYTES, 1);
    case 'B':
        return push_counted(m, PV_BYTES, 4);
    case 0x8e: /* BINBYTES8 */
    case 0x96: /* BYTEARRAY8 */
        return push_counted(m, PV_BYTES, 8);
    case '}':
        return new_pair(m, PV_DICT, (struct pv){0}, (struct pv){0}, 0);
    case ']':
        return push(m, (struct pv){.kind = PV_LIST});
    case ')':
        return make_tuple(m, m->depth);
    case '(':
        return push(m, (struct pv){.kind = PV_MARK});
    default:
        *known = false;
        return OK;
    }
}

static res step_global(struct machine *m, bool from_stack)
{
    str module, name;

    if (from_stack) {
        struct pv a, b;
        TRY(pop(m, &b));
        TRY(pop(m, &a));
        if (a.kind != PV_TEXT || b.kind != PV_TEXT)
            return bad(m, "a class without a name");
        return push_global(m, a.text, b.text);
    }
    TRY(take_line(m, &module));
    TRY(take_line(m, &name));
    return push_global(m, module, name);
}

static res step_memo(struct machine *m, unsigned char op)
{
    uint64_t at;

    if (op == 0x94) /* MEMOIZE */
        return memo_put(m, m->memo_next++);
    TRY(take_le(m, op == 'q' || op == 'h' ? 1 : 4, &at));
    return op == 'q' || op == 'r' ? memo_put(m, at) : memo_get(m, at);
}

static res step_collect(struct machine *m, unsigned char op)
{
    size_t first = m->depth;

    if (op == 's' || op == 'a') { /* one item, no mark */
        size_t n = op == 's' ? 2 : 1;
        if (m->depth < n)
            return bad(m, "a value is missing");
        return op == 's' ? set_items(m, m->depth - 2, 0) : append_items(m, m->depth - 1, 0);
    }
    TRY(find_mark(m, &first));
    if (op == 'u')
        return set_items(m, first, 1);
    if (op == 'e')
        return append_items(m, first, 1);
    TRY(make_tuple(m, first)); /* 't': the tuple takes the mark's place */
    m->stack[m->depth - 2] = m->stack[m->depth - 1];
    m->depth--;
    return OK;
}

static res step(struct machine *m, unsigned char op)
{
    bool known = true;
    uint64_t ignored;

    switch (op) {
    case 0x80: /* PROTO */
        TRY(take_le(m, 1, &ignored));
        return ignored >= 2 && ignored <= 5 ? OK : bad(m, "an unknown protocol");
    case 0x95: /* FRAME: a hint for readers of streams */
        return take_le(m, 8, &ignored);
    case 'c':
    case 0x93: /* STACK_GLOBAL */
        return step_global(m, op != 'c');
    case 'q':
    case 'r':
    case 'h':
    case 'j':
    case 0x94:
        return step_memo(m, op);
    case 0x85:
    case 0x86:
    case 0x87: /* TUPLE1..3 */
        return tuple_of(m, op - 0x84u);
    case 's':
    case 'a':
    case 'u':
    case 'e':
    case 't':
        return step_collect(m, op);
    case 'R':
        return reduce(m);
    case 0x81: /* NEWOBJ */
        return new_object(m);
    case 'b':
        return build(m);
    default:
        TRY(step_push(m, op, &known));
        return known ? OK : bad(m, "an instruction that is not allowed");
    }
}

static res finish(struct machine *m, struct pickle_booster *out)
{
    const struct pv *top = m->depth ? &m->stack[m->depth - 1] : NULL;

    if (m->depth != 1 || top->kind != PV_BOOSTER || !top->number)
        return bad(m, "something other than a Booster");
    const struct pair *members = &m->pairs[top->ref];
    if (members->first.kind != PV_BYTES)
        return bad(m, "a Booster without a model");
    out->payload = members->first.text;
    out->best_ntree_limit = members->second.kind == PV_NUMBER ? members->second.number : 0;
    return OK;
}

bool pickle_is(str bytes)
{
    return bytes.n > 2 && (unsigned char)bytes.p[0] == 0x80 && bytes.p[1] >= 2 && bytes.p[1] <= 5;
}

res pickle_read(struct arena *a, str bytes, struct pickle_booster *out, struct err *e)
{
    struct machine m = {.in = bytes, .arena = a, .e = e};
    str op = STR_ABSENT;

    if (!pickle_is(bytes))
        return bad(&m, "another beginning");
    m.stack = ARENA_ARRAY(a, struct pv, STACK_MAX);
    m.memo = ARENA_ARRAY(a, struct pv, MEMO_MAX);
    m.pairs = ARENA_ARRAY(a, struct pair, STACK_MAX);
    for (size_t i = 0; i < MEMO_MAX; i++)
        m.memo[i].kind = PV_MARK;
    for (size_t steps = 0; steps < STEPS_MAX; steps++) {
        TRY(take(&m, 1, &op));
        if (op.p[0] == '.')
            return finish(&m, out);
        TRY(step(&m, (unsigned char)op.p[0]));
    }
    return bad(&m, "too many instructions");
}

void pickle_write(struct buf *out, str payload)
{
    static const char head[] = "\x80\x03"
                               "cxgboost.core\nBooster\n"
                               ")\x81}("
                               "X\x06\0\0\0handle"
                               "cbuiltins\nbytearray\n"
                               "B";
    uint32_t n = htole32((uint32_t)payload.n);

    buf_add_bytes(out, head, sizeof head - 1);
    buf_add_bytes(out, &n, sizeof n);
    buf_add(out, payload);
    buf_add(out, S("\x85Rub."));
}
