/* SPDX-License-Identifier: MIT */
/* Wildcards: `*` is any run of characters, `?` one. A pattern is cut at its stars into pieces; each is put at the first
 * place where it fits, which leaves the most to those after it. A piece without `?` is searched for as text; one with
 * `?` in a long text by bits, so that no pattern takes more than a pass over the text for each 64 bytes of it. */
#include "authz/eval.h"

/* In short texts a piece is tried place by place; longer ones than BITS_TEXT_MAX have to pay for that. */
enum { BITS_WORTH = 32, BITS_TEXT_MAX = 8192 };
enum { PART_BYTES = 64, PART_STEPS = 32 }; /* what one part takes beside its pass, in steps of trying */

struct glob {
    str p, t;
    int star, one;
    bool nocase;
    size_t i, k; /* where we are in both */
    uint64_t *steps;
};

static bool spend(struct glob *g, uint64_t steps)
{
    *g->steps -= *g->steps < steps ? *g->steps : steps;
    return *g->steps > 0;
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* A byte of UTF-8 that is not its character's first. */
static bool is_inner(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Where the next character begins: `?` and the growth of `*` go by UTF-8 characters, not by bytes. */
static size_t next_char(str t, size_t at)
{
    do
        at++;
    while (at < t.n && is_inner((unsigned char)t.p[at]));
    return at;
}

/* The pattern from i to its next star, or to its end. */
static str piece_at(const struct glob *g, size_t i, bool *ones)
{
    size_t n = 0;

    *ones = false;
    for (; i + n < g->p.n && (unsigned char)g->p.p[i + n] != g->star; n++)
        *ones |= (unsigned char)g->p.p[i + n] == g->one;
    return str_sub(g->p, i, n);
}

/* Does the piece fit at k? *end is where it ends. */
static bool fits(struct glob *g, str piece, size_t k, size_t *end)
{
    size_t i = 0;

    for (; i < piece.n && k < g->t.n; i++) {
        unsigned char c = (unsigned char)piece.p[i], d = (unsigned char)g->t.p[k];
        if (!spend(g, 1))
            return false;
        if (c == g->one)
            k = next_char(g->t, k);
        else if (c == d || (g->nocase && lower(c) == lower(d)))
            k++;
        else
            return false;
    }
    *end = k;
    return i == piece.n;
}

/* ---- finding the first place at or behind k where a piece fits; the last one must end with the text ---- */

static bool find_text(struct glob *g, str piece, bool last)
{
    str rest = str_from(g->t, g->k);

    if (last) {
        g->k = g->t.n;
        return spend(g, 1 + piece.n / 16) && str_ends(rest, piece);
    }
    ptrdiff_t at = str_search(rest, piece);
    if (!spend(g, 1 + (at < 0 ? rest.n : (size_t)at + piece.n) / 16) || at < 0)
        return false;
    g->k += (size_t)at + piece.n;
    return true;
}

static bool find_by_trying(struct glob *g, str piece, bool last)
{
    for (size_t at = g->k, end; spend(g, 1); at = next_char(g->t, at)) {
        if (fits(g, piece, at, &end) && (!last || end == g->t.n)) {
            g->k = end;
            return true;
        }
        if (at >= g->t.n)
            return false;
    }
    return false;
}

/* Up to PART_BYTES of a piece: bit i of has[c] is set where its byte i takes the byte c. */
struct part {
    uint64_t has[256], ones, last;
};

static void part_of(const struct glob *g, str bytes, struct part *out)
{
    out->ones = 0;
    out->last = UINT64_C(1) << (bytes.n - 1);
    for (size_t i = 0; i < bytes.n; i++)
        out->ones |= (uint64_t)((unsigned char)bytes.p[i] == g->one) << i;
    for (size_t c = 0; c < 256; c++)
        out->has[c] = out->ones;
    for (size_t i = 0; i < bytes.n; i++)
        if ((unsigned char)bytes.p[i] != g->one)
            out->has[(unsigned char)bytes.p[i]] |= UINT64_C(1) << i;
}

/* Bit i of `here` tells that bytes 0 to i of the part end with the text's last byte; answers the same for one more, c.
 * What ends with a `?` keeps the inner bytes of its character. */
static inline uint64_t advance(const struct part *s, uint64_t here, bool begins, unsigned char c)
{
    uint64_t stay = is_inner(c) ? here & s->ones : 0;

    return (((here ^ stay) << 1 | begins) & s->has[c]) | stay;
}

/* Does what has come to `here` end before the byte c? */
static inline bool ends_before(const struct part *s, uint64_t here, unsigned char c)
{
    return (here & s->last) && !((s->ones & s->last) && is_inner(c));
}

/* A piece of one part: the pass stops where it first ends. */
static bool find_short(struct glob *g, str piece, bool last)
{
    str t = str_from(g->t, g->k);
    struct part s FILLED_LATER;
    uint64_t here = 0;
    size_t j = 0;

    part_of(g, piece, &s);
    for (; j < t.n && (last || !ends_before(&s, here, (unsigned char)t.p[j])); j++)
        here = advance(&s, here, j == 0 || !is_inner((unsigned char)t.p[j]), (unsigned char)t.p[j]);
    g->k += j;
    return spend(g, PART_STEPS + j / 3) && (here & s.last);
}

/* One pass for one of several parts. open[j]: it may begin at byte j; afterwards: it ends before byte j. */
static void pass(const struct part *s, str t, bool open[])
{
    uint64_t here = 0;

    for (size_t j = 0; j < t.n; j++) {
        unsigned char c = (unsigned char)t.p[j];
        bool begins = open[j];
        open[j] = ends_before(s, here, c);
        here = advance(s, here, begins, c);
    }
    open[t.n] = here & s->last;
}

static bool find_long(struct glob *g, str piece, bool last)
{
    str t = str_from(g->t, g->k);
    bool open[BITS_TEXT_MAX + 1] FILLED_LATER;
    struct part s FILLED_LATER;

    for (size_t j = 0; j < t.n; j++)
        open[j] = j == 0 || !is_inner((unsigned char)t.p[j]);
    for (; piece.n; piece = str_from(piece, PART_BYTES)) {
        if (!spend(g, PART_STEPS + t.n / 2))
            return false;
        part_of(g, str_sub(piece, 0, PART_BYTES), &s);
        pass(&s, t, open);
    }
    for (size_t end = last ? t.n : 0; end <= t.n; end++)
        if (open[end]) {
            g->k += end;
            return true;
        }
    return false;
}

static bool find(struct glob *g, str piece, bool ones, bool last)
{
    size_t left = g->t.n - g->k;

    if (piece.n == 0) {
        g->k = last ? g->t.n : g->k;
        return true;
    }
    if (!ones && !g->nocase && !is_inner((unsigned char)piece.p[0])) /* the middle of a character is found by trying */
        return find_text(g, piece, last);
    if (left < BITS_WORTH || left > BITS_TEXT_MAX || g->nocase)
        return find_by_trying(g, piece, last);
    return piece.n <= PART_BYTES ? find_short(g, piece, last) : find_long(g, piece, last);
}

bool glob_steps(str p, str t, int star, int one, bool nocase, uint64_t *steps)
{
    struct glob g = {.p = p, .t = t, .star = star, .one = one, .nocase = nocase, .steps = steps};
    bool ones;
    str piece = piece_at(&g, 0, &ones);

    if (!fits(&g, piece, 0, &g.k))
        return false;
    for (g.i = piece.n; g.i < p.n; g.i += piece.n) {
        piece = piece_at(&g, ++g.i, &ones);
        if (!spend(&g, 1) || !find(&g, piece, ones, g.i + piece.n == p.n))
            return false;
    }
    return g.k == t.n;
}

bool authz_glob(str pattern, str text, bool nocase)
{
    uint64_t steps = UINT64_MAX;

    return glob_steps(pattern, text, '*', '?', nocase, &steps);
}
