/* SPDX-License-Identifier: MIT */
/* A CloudFormation template: parsed and checked, bound to its parameters, evaluated. Pure: it knows no stack, no
 * service and no record; what lies outside it asks through `struct template_ask`. All trees are borrowed: they live as
 * long as their arena, and nobody may change them. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_H
#define BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { TEMPLATE_INLINE_MAX = 51200, TEMPLATE_MAX = 1000000 }; /* bytes, in a request and by URL */

/* ---- what the text says ---- */

struct template_parameter {
    str name, type, description, constraint_description;
    str fallback;               /* Default as text; absent: a value must be given */
    const json_t *allowed;      /* AllowedValues: an array of texts, or NULL */
    str allowed_pattern;        /* absent when there is none */
    str min_length, max_length; /* as written, checked to be numbers; absent when there is none */
    str min_value, max_value;
    bool no_echo;
};

struct template_resource {
    size_t at; /* its index: of template->resources, scope->wanted and scope->depends */
    str id, type;
    str condition;             /* absent: always */
    str deletion_policy;       /* Delete, Retain, RetainExceptOnCreate, Snapshot; absent when not written */
    str update_replace_policy; /* Delete, Retain, Snapshot; absent when not written */
    const json_t *properties;  /* an object, not evaluated; NULL when there are none */
    const json_t *metadata, *creation_policy, *update_policy; /* NULL when there are none */
    const json_t *depends_on;                                 /* an array of texts, or NULL */
};

struct template_output {
    str name, description, condition;  /* condition absent: always */
    const json_t *value, *export_name; /* not evaluated; export_name NULL: no export */
};

struct template
{
    const json_t *tree; /* the whole, short tags in their long form */
    str description;
    const json_t *metadata, *mappings, *conditions, *rules; /* objects, or NULL */
    struct template_parameter *parameters;
    struct template_resource *resources; /* in the order of the text */
    struct template_output *outputs;
    size_t n_parameters, n_resources, n_outputs;
    const json_t *parameter_index, *resource_index, *condition_index; /* name -> index */
    const size_t *condition_order;                                    /* each after those that it names */
};

/* JSON or YAML. Rejects, in CloudFormation's words, whatever can be seen without parameters: what is not a template,
 * breaks a limit, names nothing, misuses a function or goes in a circle. */
res template_parse(struct arena *a, str text, struct err *e, struct template **out);
/* The same of a `tree` that was written as JSON after template_parse had checked it: it may be longer than its text
 * was, and is not checked again. */
res template_reread(struct arena *a, str tree, struct err *e, struct template **out);
struct template_parameter *template_parameter_find(const struct template *t, str name); /* may be NULL */
struct template_resource *template_resource_find(const struct template *t, str id);     /* may be NULL */

/* ---- what lies outside ---- */

/* Each may answer *out NULL for "known only after an apply", except `imported` and `dynamic`, which know or reject.
 * A member that is NULL answers so for ever (and rejects for the two). */
struct template_ask {
    void *about;
    bool settled; /* the values were checked when they were given: Rules are not asked again */
    res (*ref)(void *about, const struct template_resource *r, json_t **out, struct err *e);
    res (*attribute)(void *about, const struct template_resource *r, str path, json_t **out, struct err *e);
    res (*imported)(void *about, str name, str *out, struct err *e);
    /* "ssm" or "ssm-secure" with what stands behind it: NAME or NAME:VERSION. */
    res (*dynamic)(void *about, str service, str reference, str *out, struct err *e);
    res (*zones)(void *about, str region, json_t **out, struct err *e); /* an array of texts */
    /* A value of a type whose words begin with AWS:: (in List<> too): rejects an EC2 id that does not exist, and
     * answers what an AWS::SSM::Parameter::Value<...> stands for (a text or an array of texts). NULL: the given value
     * itself. */
    res (*parameter)(void *about, const struct template_parameter *p, str given, json_t **out, struct err *e);
    /* Fn::ValueOf in Rules: an attribute of what a parameter's id names, as VpcId of a subnet. NULL: refused. */
    res (*value_of)(void *about, str type, str id, str attribute, str *out, struct err *e);
};

struct template_pseudo {
    str account, region, partition, url_suffix, stack_id, stack_name;
    const str *notification_arns;
    size_t n_notification_arns;
};

struct template_given { /* a parameter of the request; UsePreviousValue is already replaced by that value */
    str name, value;
};

/* ---- a template bound to a stack's parameters ---- */

struct template_value { /* of the parameter with the same index */
    str text;           /* as given or by default: what is kept, and given again by UsePreviousValue */
    json_t *value;      /* what Ref answers: a text, or an array of texts; NULL: known only after an apply */
    bool by_default;
};

struct template_links {
    size_t n, *at; /* indexes of resources, ascending */
};

struct template_scope {
    struct arena *arena;
    const struct template *t;
    struct template_pseudo pseudo;
    struct template_ask ask;
    struct template_value *values; /* a parameter */
    bool *conditions;              /* a member of t->conditions, in its order */
    bool *wanted;                  /* a resource: its Condition holds */
    /* A resource: what must be there before it, by DependsOn and by reference in branches that are taken; only wanted
     * ones. Free of circles. */
    struct template_links *depends;
    json_t *foreign; /* texts from outside that look like dynamic references, and stay as they are; often NULL */
    size_t spent;    /* bytes of texts made so far */
};

/* Fills all values by what is given, Defaults and `ask->parameter`, checks constraints and Rules, decides Conditions
 * and dependencies. The scope lives in `a`; `pseudo` and `ask` are copied. */
res template_bind(const struct template *t, struct arena *a, const struct template_pseudo *pseudo,
                  const struct template_ask *ask, const struct template_given *given, size_t n_given, struct err *e,
                  struct template_scope **out);

/* ---- values ---- */

/* Evaluates lazily: a branch of Fn::If that is not taken is never looked at. *out NULL: AWS::NoValue. What is known
 * only after an apply is a marker (template_is_later) in the place of the smallest value that needs it. */
res template_evaluate(struct template_scope *s, const json_t *node, struct err *e, json_t **out);
res template_properties(struct template_scope *s, const struct template_resource *r, struct err *e, json_t **out);
bool template_output_wanted(const struct template_scope *s, const struct template_output *o);
/* Absent text: known only after an apply. `export_name` is absent also when there is none. */
res template_output(struct template_scope *s, const struct template_output *o, struct err *e, str *value,
                    str *export_name);
bool template_is_later(const json_t *value);  /* the marker itself */
bool template_has_later(const json_t *value); /* the marker, or a tree that holds one */

#endif
