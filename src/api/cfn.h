/* SPDX-License-Identifier: MIT */
/* CloudFormation resource types as the models tell them (docs/7-cloudformation.md): which operations make, change and
 * remove a resource, and from which properties. Written by modelc; read by the engine, which knows no service. */
#ifndef BARMKIN_API_CFN_H
#define BARMKIN_API_CFN_H
#include "api/op.h"

enum cfn_prop_kind { CFN_UPDATED, CFN_REPLACED, CFN_IGNORED, CFN_FIXED }; /* the last: no update changes it */

struct cfn_prop {
    const char *name;
    enum cfn_prop_kind kind;
    bool required;
    const char *initial; /* what it means to leave it out, as text; NULL: that is not known */
};

/* An argument: member of the operation's input = expression. Something kept: name = path into its output. */
struct cfn_pair {
    const char *to, *from;
};

enum cfn_pick { CFN_ONCE, CFN_EACH, CFN_ALL }; /* one call; one for each item; one with all items */
enum cfn_which { CFN_ITEMS, CFN_ADDED, CFN_REMOVED };
enum cfn_test { CFN_ALWAYS, CFN_PRESENT, CFN_ABSENT, CFN_IS, CFN_IS_NOT };

struct cfn_call {
    const struct operation *op;
    const struct cfn_pair *args, *keeps;
    size_t n_args, n_keeps;
    enum cfn_pick pick;
    enum cfn_which which;
    enum cfn_test test;
    const char *list, *by; /* of pick: an expression; items are told apart by this member, or whole */
    const char *when, *is; /* of test: an expression, a value */
    const char *const *on; /* of an update: run when one of these properties changed; NULL-terminated */
    const char *path;      /* waits: where in the answer the state stands; NULL: `done` is a fault's code. `when` is a
                            * path too: if it is there, what is done has failed */
    const char *done, *failed; /* values, "|" between several */
    const char *reason;        /* path of what to say when it failed */
};

struct cfn_type {
    const char *name;
    const struct service *service;
    const char *refused;   /* why there is no such resource here; NULL: there is */
    bool iam;              /* a template with one needs CAPABILITY_IAM, with a name of its own CAPABILITY_NAMED_IAM */
    bool nested;           /* a stack in a stack */
    bool any;              /* the name ends before a "*": Custom::* */
    bool custom;           /* a function makes it: asked by the one create line, it answers by a URL */
    const char *name_prop; /* generated when the template gives none; NULL: nothing is */
    size_t name_max;
    bool name_lower;
    const char *tags;                      /* the property that takes the stack's tags too; NULL: it has none */
    bool tags_map;                         /* written as an object in templates */
    const struct record_type *system_tags; /* what it makes, which carries aws:cloudformation:...; NULL: it does not */
    const struct cfn_prop *props;
    const struct cfn_call *creates, *updates, *deletes, *wait, *gone; /* the last two NULL: no waiting */
    size_t n_props, n_creates, n_updates, n_deletes;
    const char *ref;              /* an expression: what Ref answers, the physical id */
    const struct cfn_pair *attrs; /* GetAtt's name = expression; a name that ends in "." takes what follows */
    size_t n_attrs;
    const char *const *missing; /* faults that say it is gone already; NULL-terminated, or NULL */
};

/* A parameter's type that begins with AWS::, and the operation that knows whether its value exists. */
struct cfn_parameter {
    const char *name;
    struct cfn_call call;
    const char *value; /* path into the answer of what the parameter stands for; NULL: for itself */
};

extern const struct cfn_type *const cfn_types[];           /* NULL-terminated; generated */
extern const struct cfn_parameter *const cfn_parameters[]; /* NULL-terminated; generated */

#endif
