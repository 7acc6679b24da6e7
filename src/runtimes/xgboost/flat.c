/* SPDX-License-Identifier: MIT */
/* From libxgboost's model document (doc/model.schema in its sources) to the flat forest. */
#include "runtimes/xgboost/flat.h"

#include <stdlib.h>

#include "runtimes/xgboost/number.h"
#include "runtimes/xgboost/ubj.h"

enum { DEFAULT_LEFT = 1u << 31, FEATURES_MAX = 1 << 24 };

/* One tree's columns, in place. */
struct tree_text {
    struct ubj_numbers left, right, feature, value, default_left, split_type;
};

struct builder {
    struct arena *arena;
    struct flat *flat;
    struct err *e;
    size_t cap_nodes, cap_trees;
    uint32_t *queue; /* node numbers of the tree at hand, in the order they get their places */
    size_t cap_queue;
    uint64_t num_class, num_target;
    bool inner; /* within a dart booster's own gbtree */
};

static res broken(struct builder *b, const char *what)
{
    return reject(b->e, "the model is broken: %s", what);
}

/* The arena cannot grow an array in place: a new one of twice the size, and the old one is left behind. */
static void *grown(struct arena *a, const void *old, size_t n, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return (void *)(uintptr_t)old;
    size_t cap_new = *cap ? *cap : 256;
    while (cap_new < need)
        cap_new *= 2;
    char *p = arena_alloc_array(a, cap_new, size);
    if (n)
        __builtin_memcpy(p, old, n * size);
    *cap = cap_new;
    return p;
}

static res read_tree_columns(struct builder *b, struct ubj *u, struct tree_text *t)
{
    str key;

    *t = (struct tree_text){0};
    if (!ubj_object(u))
        return broken(b, "a tree is no object");
    while (ubj_key(u, &key)) {
        if (str_eq(key, S("left_children")))
            t->left = ubj_numbers(u);
        else if (str_eq(key, S("right_children")))
            t->right = ubj_numbers(u);
        else if (str_eq(key, S("split_indices")))
            t->feature = ubj_numbers(u);
        else if (str_eq(key, S("split_conditions")))
            t->value = ubj_numbers(u);
        else if (str_eq(key, S("default_left")))
            t->default_left = ubj_numbers(u);
        else if (str_eq(key, S("split_type")))
            t->split_type = ubj_numbers(u);
        else
            ubj_skip(u);
    }
    size_t n = t->left.n;
    if (u->bad || !n || n > INT32_MAX || t->right.n != n || t->feature.n != n || t->value.n != n ||
        t->default_left.n != n || t->value.type != 'd' || (t->split_type.n && t->split_type.n != n))
        return broken(b, "a tree's columns do not match");
    return OK;
}

static bool is_categorical(const struct tree_text *t, size_t i)
{
    return t->split_type.n && ubj_int_at(&t->split_type, i) != 0;
}

/* One node at its place; its children's numbers go to the queue. A tree that reaches a node twice would need more
 * places than it has nodes: that is the check against loops. */
static res place_node(struct builder *b, const struct tree_text *t, size_t base, size_t at, size_t *used)
{
    size_t i = b->queue[at], n = t->left.n;
    int64_t left = ubj_int_at(&t->left, i), right = ubj_int_at(&t->right, i);
    int64_t feature = ubj_int_at(&t->feature, i);
    struct flat_node *node = &b->flat->nodes[base + at];

    node->value = ubj_float_at(&t->value, i);
    if (left < 0)
        return OK;
    if (is_categorical(t, i))
        b->flat->why_not = "it splits by category";
    if ((size_t)left >= n || right < 0 || (size_t)right >= n || *used + 2 > n)
        return broken(b, "a node's children");
    if (feature < 0 || (size_t)feature >= b->flat->n_features)
        return broken(b, "a split by a feature it does not have");
    node->feature = (uint32_t)feature | (ubj_int_at(&t->default_left, i) ? DEFAULT_LEFT : 0);
    node->left = (uint32_t)(base + *used);
    b->queue[(*used)++] = (uint32_t)left;
    b->queue[(*used)++] = (uint32_t)right;
    return OK;
}

static res add_tree(struct builder *b, struct ubj *u)
{
    struct flat *f = b->flat;
    struct tree_text t;
    size_t base = f->n_nodes, used = 1;

    TRY(read_tree_columns(b, u, &t));
    if (base + t.left.n > UINT32_MAX)
        return broken(b, "too many nodes");
    f->nodes = grown(b->arena, f->nodes, base, &b->cap_nodes, base + t.left.n, sizeof *f->nodes);
    f->roots = grown(b->arena, f->roots, f->n_trees, &b->cap_trees, f->n_trees + 1, sizeof *f->roots);
    b->queue = grown(b->arena, b->queue, 0, &b->cap_queue, t.left.n, sizeof *b->queue);
    b->queue[0] = 0;
    for (size_t at = 0; at < used; at++) {
        f->nodes[base + at] = (struct flat_node){0};
        TRY(place_node(b, &t, base, at, &used));
    }
    f->roots[f->n_trees++] = (uint32_t)base;
    f->n_nodes = base + used;
    return OK;
}

static uint64_t number_in(struct ubj *u)
{
    uint64_t v = 0;

    if (!str_to_u64(ubj_string(u), &v))
        u->bad = true;
    return v;
}

static res read_trees(struct builder *b, struct ubj *u)
{
    size_t n;

    if (!ubj_array(u, &n))
        return broken(b, "its trees");
    for (size_t i = 0; i < n; i++)
        TRY(add_tree(b, u));
    return OK;
}

/* {"gbtree_model_param": {...}, "tree_info": [...], "trees": [...]} */
static res read_forest(struct builder *b, struct ubj *u)
{
    uint64_t parallel = 1;
    str key;

    if (!ubj_object(u))
        return broken(b, "its forest");
    while (ubj_key(u, &key)) {
        if (str_eq(key, S("trees"))) {
            TRY(read_trees(b, u));
        } else if (str_eq(key, S("gbtree_model_param"))) {
            if (!ubj_object(u))
                return broken(b, "its forest's parameters");
            while (ubj_key(u, &key)) {
                if (str_eq(key, S("num_parallel_tree")))
                    parallel = number_in(u);
                else
                    ubj_skip(u);
            }
        } else {
            ubj_skip(u);
        }
    }
    if (u->bad || parallel > b->flat->n_trees + 1)
        return broken(b, "its forest");
    b->flat->trees_per_group = parallel ? (size_t)parallel : 1;
    b->flat->groups = b->num_class ? (size_t)b->num_class : 1;
    return OK;
}

static res read_booster(struct builder *b, struct ubj *u)
{
    str key;

    if (!ubj_object(u))
        return broken(b, "its booster");
    while (ubj_key(u, &key)) {
        if (str_eq(key, S("name"))) {
            b->flat->booster = arena_dup(b->arena, ubj_string(u));
        } else if (str_eq(key, S("model")) && b->flat->booster.n == 0) {
            struct ubj ahead = *u; /* the name comes after the model: look at it first */
            ubj_skip(&ahead);
            while (ubj_key(&ahead, &key) && !str_eq(key, S("name")))
                ubj_skip(&ahead);
            if (!ahead.bad && str_eq(key, S("name")) && str_eq(ubj_string(&ahead), S("gbtree")))
                TRY(read_forest(b, u));
            else
                ubj_skip(u);
        } else if (str_eq(key, S("gbtree")) && !b->inner) { /* dart: {"gbtree": {...}, "weight_drop", "name"} */
            b->inner = true;
            TRY(read_booster(b, u));
        } else {
            ubj_skip(u);
        }
    }
    return u->bad ? broken(b, "its booster") : OK;
}

static res read_model_param(struct builder *b, struct ubj *u)
{
    uint64_t features = 0;
    bool base = false;
    str key;

    if (!ubj_object(u))
        return broken(b, "its parameters");
    while (ubj_key(u, &key)) {
        if (str_eq(key, S("base_score"))) {
            /* Already in the margin's space for the objectives of this walk; strtof rounds once, as the library did. */
            char z[NUMBER_TEXT_BYTES];
            b->flat->base_score = strtof(str_to_z(ubj_string(u), z, sizeof z), NULL);
            base = true;
        } else if (str_eq(key, S("num_feature"))) {
            features = number_in(u);
        } else if (str_eq(key, S("num_class"))) {
            b->num_class = number_in(u);
        } else if (str_eq(key, S("num_target"))) {
            b->num_target = number_in(u);
        } else {
            ubj_skip(u);
        }
    }
    if (u->bad || !features || features > FEATURES_MAX || b->num_class > FEATURES_MAX || !base)
        return broken(b, "its parameters");
    b->flat->n_features = (size_t)features;
    return OK;
}

static res read_objective(struct builder *b, struct ubj *u)
{
    str key;

    if (!ubj_object(u))
        return broken(b, "its objective");
    while (ubj_key(u, &key)) {
        if (str_eq(key, S("name")))
            b->flat->objective = arena_dup(b->arena, ubj_string(u));
        else
            ubj_skip(u);
    }
    return u->bad ? broken(b, "its objective") : OK;
}

/* The members come in alphabetic order, so the forest stands before the number of features that it is checked by: the
 * learner is read twice. */
static res read_learner(struct builder *b, struct ubj *u, bool forest)
{
    str key;

    if (!ubj_object(u))
        return broken(b, "its learner");
    while (ubj_key(u, &key)) {
        if (forest && str_eq(key, S("gradient_booster")))
            TRY(read_booster(b, u));
        else if (!forest && str_eq(key, S("learner_model_param")))
            TRY(read_model_param(b, u));
        else if (!forest && str_eq(key, S("objective")))
            TRY(read_objective(b, u));
        else
            ubj_skip(u);
    }
    return u->bad ? broken(b, "its learner") : OK;
}

static res read_document(struct builder *b, str model, bool forest)
{
    struct ubj u;
    str key;

    ubj_init(&u, model);
    if (!ubj_object(&u))
        return broken(b, "no document");
    while (ubj_key(&u, &key)) {
        if (str_eq(key, S("learner")))
            TRY(read_learner(b, &u, forest));
        else
            ubj_skip(&u);
    }
    return u.bad ? broken(b, "its document") : OK;
}

static const char *beyond_us(const struct builder *b)
{
    const struct flat *f = b->flat;

    if (f->why_not)
        return f->why_not;
    if (!str_eq(f->booster, S("gbtree")))
        return "its booster is not gbtree";
    if (!str_eq(f->objective, S("reg:squarederror")))
        return "its objective transforms the sum";
    if (b->num_class > 1 || b->num_target > 1)
        return "it has several outputs";
    return NULL;
}

res flat_build(struct arena *a, str model, struct flat *out, struct err *e)
{
    struct builder b = {.arena = a, .flat = out, .e = e};

    *out = (struct flat){.trees_per_group = 1, .groups = 1};
    TRY(read_document(&b, model, false));
    if (!out->n_features)
        return broken(&b, "no parameters");
    TRY(read_document(&b, model, true));
    out->why_not = beyond_us(&b);
    return OK;
}

void flat_limit(struct flat *f, size_t n_trees)
{
    if (n_trees && n_trees < f->n_trees)
        f->n_trees = n_trees;
}

float flat_predict(const struct flat *f, const float *row)
{
    const struct flat_node *nodes = f->nodes;
    float sum = f->base_score;

    for (size_t t = 0; t < f->n_trees; t++) {
        const struct flat_node *n = &nodes[f->roots[t]];
        while (n->left) {
            float x = row[n->feature & ~DEFAULT_LEFT];
            bool right = x != x ? !(n->feature & DEFAULT_LEFT) : !(x < n->value);
            n = &nodes[n->left + right];
        }
        sum += n->value;
    }
    return sum;
}
