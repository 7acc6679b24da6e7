/* SPDX-License-Identifier: MIT */
/* Names, kinds and ranges as in AWS's container, branch 1.0-1 (algorithm_mode/hyperparameter_validation.py). */
#include "runtimes/xgboost/hyper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "runtimes/xgboost/number.h"

/* One of a list, several of a list, or text that only the library understands. */
enum hyper_kind { H_INT, H_FLOAT, H_ONE, H_LIST, H_TEXT };
/* Which ends of the range belong to it; and what is ours, so that the library does not hear of it. */
enum { MIN_OPEN = 1, MAX_OPEN = 2, OURS = 4 };

struct rule {
    const char *name;
    enum hyper_kind kind;
    double min, max;
    unsigned flags;
    const char *values; /* blank-separated choices; of H_TEXT: the bytes it may consist of */
};

#define NO_MAX ((double)INFINITY)
#define METRICS                                                                                                        \
    "accuracy auc aucpr f1 map ndcg cox-nloglik error gamma-deviance gamma-nloglik logloss mae merror mlogloss mse "   \
    "poisson-nloglik rmse rmsle tweedie-nloglik"

static const struct rule rules[] = {
    {"num_round", H_INT, 1, NO_MAX, OURS, NULL},
    {"csv_weights", H_INT, 0, 1, OURS, NULL},
    {"early_stopping_rounds", H_INT, 1, NO_MAX, OURS, NULL},
    {"booster", H_ONE, 0, 0, 0, "gbtree gblinear dart"},
    {"silent", H_INT, 0, 1, OURS, NULL}, /* gone since xgboost 1.0: verbosity took its place */
    {"verbosity", H_INT, 0, 3, 0, NULL},
    {"nthread", H_INT, 1, NO_MAX, 0, NULL},
    {"eta", H_FLOAT, 0, 1, 0, NULL},
    {"gamma", H_FLOAT, 0, NO_MAX, 0, NULL},
    {"max_depth", H_INT, 0, NO_MAX, 0, NULL},
    {"min_child_weight", H_FLOAT, 0, NO_MAX, 0, NULL},
    {"max_delta_step", H_FLOAT, 0, NO_MAX, 0, NULL},
    {"subsample", H_FLOAT, 0, 1, MIN_OPEN, NULL},
    {"colsample_bytree", H_FLOAT, 0, 1, MIN_OPEN, NULL},
    {"colsample_bylevel", H_FLOAT, 0, 1, MIN_OPEN, NULL},
    {"colsample_bynode", H_FLOAT, 0, 1, MIN_OPEN, NULL},
    {"lambda", H_FLOAT, 0, NO_MAX, 0, NULL},
    {"alpha", H_FLOAT, 0, NO_MAX, 0, NULL},
    {"tree_method", H_ONE, 0, 0, 0, "auto exact approx hist"},
    {"sketch_eps", H_FLOAT, 0, 1, MIN_OPEN | MAX_OPEN | OURS, NULL}, /* unknown to xgboost 1.7 */
    {"scale_pos_weight", H_FLOAT, 0, NO_MAX, MIN_OPEN, NULL},
    {"updater", H_LIST, 0, 0, 0,
     "grow_colmaker distcol grow_histmaker grow_local_histmaker grow_skmaker sync refresh prune shotgun coord_descent"},
    {"dsplit", H_ONE, 0, 0, OURS, "row col"},
    {"refresh_leaf", H_INT, 0, 1, 0, NULL},
    {"process_type", H_ONE, 0, 0, 0, "default update"},
    {"grow_policy", H_ONE, 0, 0, 0, "depthwise lossguide"},
    {"max_leaves", H_INT, 0, NO_MAX, 0, NULL},
    {"max_bin", H_INT, 0, NO_MAX, 0, NULL},
    {"predictor", H_ONE, 0, 0, 0, "cpu_predictor"},
    {"monotone_constraints", H_TEXT, 0, 0, 0, "()-, 01"},
    {"interaction_constraints", H_TEXT, 0, 0, 0, "[], 0123456789"},
    {"sample_type", H_ONE, 0, 0, 0, "uniform weighted"},
    {"normalize_type", H_ONE, 0, 0, 0, "tree forest"},
    {"rate_drop", H_FLOAT, 0, 1, 0, NULL},
    {"one_drop", H_INT, 0, 1, 0, NULL},
    {"skip_drop", H_FLOAT, 0, 1, 0, NULL},
    {"lambda_bias", H_FLOAT, 0, 1, 0, NULL},
    {"tweedie_variance_power", H_FLOAT, 1, 2, MIN_OPEN | MAX_OPEN, NULL},
    {"objective", H_ONE, 0, 0, 0,
     "binary:logistic binary:logitraw binary:hinge count:poisson multi:softmax multi:softprob rank:pairwise rank:ndcg "
     "rank:map reg:linear reg:squarederror reg:logistic reg:gamma reg:squaredlogerror reg:tweedie survival:cox"},
    {"num_class", H_INT, 2, NO_MAX, 0, NULL},
    {"base_score", H_FLOAT, 0, NO_MAX, 0, NULL},
    {"_tuning_objective_metric", H_TEXT, 0, 0, OURS, NULL},
    {"eval_metric", H_LIST, 0, 0, OURS, METRICS},
    {"seed", H_INT, -2147483648.0, 2147483647.0, MIN_OPEN | MAX_OPEN, NULL},
    {"num_parallel_tree", H_INT, 1, NO_MAX, 0, NULL},
    {"save_model_on_termination", H_ONE, 0, 0, OURS, "true false"}, /* always so here */
};
enum { RULES = sizeof rules / sizeof *rules };

static const char *const aliases[][2] = {
    {"learning_rate", "eta"}, {"min_split_loss", "gamma"}, {"reg_lambda", "lambda"}, {"reg_alpha", "alpha"}};

struct reader {
    struct arena *arena;
    struct err *e;
    struct hyper *out;
    str given[RULES]; /* by rule; absent if not given */
};

static const struct rule *rule_find(str name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (str_eq(name, str_z(aliases[i][0])))
            name = str_z(aliases[i][1]);
    for (size_t i = 0; i < RULES; i++)
        if (str_eq(name, str_z(rules[i].name)))
            return &rules[i];
    return NULL;
}

static str given(const struct reader *r, const char *name)
{
    return r->given[rule_find(str_z(name)) - rules];
}

static bool word_in(const char *words, str word)
{
    str rest = str_z(words);

    while (word.n && str_is(rest))
        if (str_eq(str_cut(&rest, ' '), word))
            return true;
    return false;
}

/* Python's way to print a list of strings. */
static str list_text(struct arena *a, str rest, char separator)
{
    str text = S("[");

    while (str_is(rest)) {
        str word = str_cut(&rest, separator);
        text = arena_printf(a, "%.*s'%.*s'%s", FMT(text), FMT(word), str_is(rest) ? ", " : "]");
    }
    return text;
}

static str bound_text(struct arena *a, const struct rule *rule, double v, const char *sign)
{
    if (isinf(v))
        return str_z(sign);
    if (rule->kind == H_INT || v == floor(v))
        return arena_printf(a, "%lld", (long long)v);
    return arena_printf(a, "%g", v);
}

static res out_of_range(struct reader *r, const struct rule *rule, str value)
{
    str low = bound_text(r->arena, rule, rule->min, "-inf"), high = bound_text(r->arena, rule, rule->max, "+inf");

    return reject(r->e, "Hyperparameter %s: %.*s is not in %c%.*s, %.*s%c", rule->name, FMT(value),
                  rule->flags & MIN_OPEN ? '(' : '[', FMT(low), FMT(high),
                  rule->flags & MAX_OPEN || isinf(rule->max) ? ')' : ']');
}

static res check_number(struct reader *r, const struct rule *rule, str value)
{
    str text = str_trim(value), shown = text;
    char repr[NUMBER_TEXT_BYTES];
    int64_t whole = 0;
    double v;

    if (rule->kind == H_INT && text.n && text.p[0] == '+')
        text = str_from(text, 1);
    bool good = rule->kind == H_INT ? str_to_i64(text, &whole) : number_parse(text, &v);
    if (!good)
        return reject(r->e, "Hyperparameter %s: could not parse value (caused by ValueError)", rule->name);
    if (rule->kind == H_INT)
        v = (double)whole;
    else
        shown = str_n(repr, number_repr(v, repr));
    bool below = rule->flags & MIN_OPEN ? !(v > rule->min) : !(v >= rule->min);
    bool above = rule->flags & MAX_OPEN ? !(v < rule->max) : !(v <= rule->max);
    if (below || above || isinf(v))
        return out_of_range(r, rule, shown);
    return OK;
}

static res check_threshold(struct reader *r, str metric)
{
    str rest = metric, name = str_trim(str_cut(&rest, '@'));
    double v;

    if (!word_in("error ndcg map", name))
        return reject(r->e,
                      "Metric '%.*s' is not supported. Parameter 'eval_metric' with customized threshold should be one "
                      "of these options: 'error', 'ndcg', 'map'.",
                      FMT(metric));
    if (str_ends(rest, S("-"))) /* ndcg@5-: the library's own notation */
        rest.n--;
    if (!number_parse(rest, &v))
        return reject(r->e, "Threshold value 't' in '%.*s@t' expects float input.", FMT(name));
    return OK;
}

static res check_list(struct reader *r, const struct rule *rule, str value)
{
    bool metrics = strcmp(rule->name, "eval_metric") == 0;
    str rest = value;

    while (str_is(rest)) {
        str word = str_cut(&rest, ',');
        if (metrics && str_find(word, '@') >= 0) {
            TRY(check_threshold(r, word));
            continue;
        }
        if (!word_in(rule->values, word)) {
            str got = list_text(r->arena, value, ','), range = list_text(r->arena, str_z(rule->values), ' ');
            return reject(r->e, "Hyperparameter %s: value %.*s not in range %.*s", rule->name, FMT(got), FMT(range));
        }
        if (metrics && word_in("accuracy f1 mse", word))
            return reject(r->e, "Metric '%.*s' is not computed by this image.", FMT(word));
    }
    return OK;
}

static res check_value(struct reader *r, const struct rule *rule, str value)
{
    switch (rule->kind) {
    case H_INT:
    case H_FLOAT:
        return check_number(r, rule, value);
    case H_LIST:
        return check_list(r, rule, value);
    case H_ONE:
        if (!word_in(rule->values, value) || str_find(value, ' ') >= 0) {
            str range = list_text(r->arena, str_z(rule->values), ' ');
            return reject(r->e, "Hyperparameter %s: %.*s is not in %.*s", rule->name, FMT(value), FMT(range));
        }
        return OK;
    case H_TEXT:
        if (rule->values && (!value.n || !str_all(value, rule->values)))
            return reject(r->e, "Hyperparameter %s: could not parse value (caused by ValueError)", rule->name);
        return OK;
    }
    return OK;
}

static res check_together(struct reader *r)
{
    str objective = given(r, "objective"), method = given(r, "tree_method"), metrics = given(r, "eval_metric");

    if (str_starts(objective, S("multi:")) && !str_is(given(r, "num_class")))
        return reject(r->e, "Require input for parameter 'num_class' for multi-classification");
    if (str_is(given(r, "monotone_constraints")) && !word_in("exact hist", method))
        return reject(r->e, "monotone_constraints can be used only when the tree_method parameter is set to either "
                            "'exact' or 'hist'.");
    if (str_is(given(r, "interaction_constraints")) && !word_in("exact hist approx", method))
        return reject(r->e, "interaction_constraints can be used only when the tree_method parameter is set to either "
                            "'exact', 'hist' or 'approx'.");
    while (str_is(metrics))
        if (str_eq(str_cut(&metrics, ','), S("auc")) && !str_starts(objective, S("binary:")) &&
            !str_starts(objective, S("rank:")))
            return reject(r->e, "Metric 'auc' can only be applied for classification and ranking problems.");
    return OK;
}

static void add_param(struct reader *r, const char *name, str value)
{
    if (r->out->n < HYPER_PARAMS_MAX)
        r->out->params[r->out->n++] = (struct hyper_param){name, arena_z(r->arena, value)};
}

/* What xgboost 1.0 measured by default where 1.7 measures something else. */
static str metric_of_1_0(str objective)
{
    if (str_eq(objective, S("binary:logistic")))
        return S("error");
    return str_starts(objective, S("multi:")) ? S("merror") : STR_ABSENT;
}

/* The tuner's metric comes as "validation:rmse" and joins the others. */
static res take_metrics(struct reader *r)
{
    str metrics = given(r, "eval_metric"), tuned = given(r, "_tuning_objective_metric");
    bool any = false;

    str_cut(&tuned, ':');
    if (str_is(tuned)) {
        tuned = str_cut(&tuned, ':');
        TRY(check_list(r, rule_find(S("eval_metric")), tuned));
        any = true;
    }
    for (str rest = metrics; str_is(rest);) {
        str metric = str_cut(&rest, ',');
        if (!str_eq(metric, tuned))
            add_param(r, "eval_metric", metric);
        any = true;
    }
    if (str_is(tuned)) /* last, so that early stopping looks at it */
        add_param(r, "eval_metric", tuned);
    if (!any && str_is(metric_of_1_0(r->out->objective)))
        add_param(r, "eval_metric", metric_of_1_0(r->out->objective));
    return OK;
}

static res take_all(struct reader *r)
{
    struct hyper *h = r->out;
    int64_t weights = 0;

    str_to_i64(str_trim(given(r, "num_round")), &h->num_round);
    str_to_i64(str_trim(given(r, "early_stopping_rounds")), &h->early_stopping_rounds);
    str_to_i64(str_trim(given(r, "csv_weights")), &weights);
    h->csv_weights = weights == 1;
    h->objective = given(r, "objective");
    if (!str_is(h->objective) || str_eq(h->objective, S("reg:linear")))
        h->objective = S("reg:squarederror");
    add_param(r, "objective", h->objective);
    for (size_t i = 0; i < RULES; i++)
        if (str_is(r->given[i]) && !(rules[i].flags & OURS) && strcmp(rules[i].name, "objective") != 0)
            add_param(r, rules[i].name, str_trim(r->given[i]));
    return take_metrics(r);
}

static str value_text(struct arena *a, const json_t *v)
{
    if (json_is_string(v))
        return arena_dup(a, json_str(v));
    if (json_is_integer(v))
        return arena_printf(a, "%lld", (long long)json_integer_value(v));
    if (json_is_real(v))
        return arena_printf(a, "%.17g", json_real_value(v));
    return STR_ABSENT;
}

res hyper_read(struct arena *a, str json, struct hyper *out, struct err *e)
{
    struct reader r = {.arena = a, .e = e, .out = out};
    json_t *document, *v;
    const char *name;

    *out = (struct hyper){0};
    TRY(json_parse(a, json, e, &document));
    if (!json_is_object(document))
        return reject(e, "hyperparameters.json is no object");
    json_object_foreach(document, name, v)
    {
        const struct rule *rule = rule_find(str_z(name));
        if (rule && !str_is(r.given[rule - rules] = value_text(a, v)))
            return reject(e, "Hyperparameter %s: could not parse value (caused by ValueError)", name);
    }
    if (!str_is(given(&r, "num_round")))
        return reject(e, "Missing required hyperparameter: num_round");
    json_object_foreach(document, name, v)
    {
        if (!rule_find(str_z(name)))
            return reject(e, "Extraneous hyperparameter found: %s", name);
    }
    for (size_t i = 0; i < RULES; i++)
        if (str_is(r.given[i]))
            TRY(check_value(&r, &rules[i], r.given[i]));
    TRY(check_together(&r));
    return take_all(&r);
}

bool hyper_maximizes(str metric)
{
    str rest = metric, name = str_cut(&rest, '@');

    return word_in("auc aucpr map ndcg pre", name);
}
