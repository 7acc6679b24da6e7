/* SPDX-License-Identifier: MIT */
/* What the files of cloudformation share. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_CFN_PARTS_H
#define BARMKIN_SERVICES_CLOUDFORMATION_CFN_PARTS_H
#include "api/cfn.h"
#include "api/flow.h"
#include "cloudformation.h"
#include "template.h"

#define CFN "cloudformation.amazonaws.com"
enum { CFN_STACKS_MAX = 2000, CFN_RESOURCES_MAX = 500, CFN_AT_ONCE = 16, CFN_AT_ONCE_MAX = 64, CFN_PAGE = 100 };

/* ---- identity.c: in whose name ---- */
struct cloudformation_kept_caller *cfn_keep_caller(struct call *c, const struct caller *who);
/* Who makes the stack's calls now: its role assumed anew, or whoever began the operation with what they may at this
 * moment. *out NULL: nobody any more, and *why says why. */
res cfn_actor(struct call *c, const struct cloudformation_stack *s, const struct caller **out, str *why);

/* ---- values.c: what an expression of a cfn block stands for ---- */
struct cfn_values {
    struct call *c;
    const json_t *props, *kept, *item; /* objects, item anything; each may be NULL */
    str id;                            /* the physical id */
};
json_t *cfn_own(struct arena *a, json_t *v); /* released with the arena */
str cfn_dump(struct arena *a, const json_t *v);
json_t *cfn_value(const struct cfn_values *v, const char *expression); /* NULL: absent */
str cfn_value_text(const struct cfn_values *v, const char *expression);
str cfn_text(struct arena *a, const json_t *v);                /* a text itself; else as JSON; NULL: "" */
json_t *cfn_at(struct arena *a, const json_t *from, str path); /* lists fan out; NULL: absent */

/* ---- inputs.c: one call's input, shaped by the operation's own members ---- */
/* Rejects what does not fit, in CloudFormation's words. */
res cfn_input(const struct cfn_values *v, const struct cfn_call *call, void **in, struct err *e);

/* ---- types.c: what the models know of a type ---- */
const struct cfn_type *cfn_type_find(str name); /* NULL: none */
const struct cfn_prop *cfn_prop_find(const struct cfn_type *t, str name);
/* AWS's own rule for names that a template does not give: stack, logical id, chance; each cut where it must be. */
str cfn_name(struct call *c, str stack, str logical, size_t max, bool lower);

/* ---- resources.c: one resource ---- */
enum cfn_end { CFN_DONE, CFN_WAITS, CFN_FAILED };
struct cfn_masks { /* texts that events do not show */
    size_t n;
    const str *v;
};
struct cfn_hand { /* a resource in hand */
    struct call *c;
    const struct caller *actor;
    struct cloudformation_stack *stack;
    struct cloudformation_resource *r;
    const struct cfn_type *type;
    struct cfn_masks *masks;
    const json_t *props;  /* wanted, or of a delete those it has */
    const json_t *before; /* of an update */
    json_t *kept;
    str reason;     /* why it failed */
    str denied;     /* the judgement that ended a call: JSON text, or absent */
    str properties; /* what events show */
    bool idle;      /* a stack in a stack had nothing to update */
    bool other_id;  /* a custom resource answered an update with another physical id: it is another resource now */
};
res cfn_create(struct cfn_hand *h, enum cfn_end *end);
res cfn_update(struct cfn_hand *h, enum cfn_end *end);
res cfn_delete(struct cfn_hand *h, enum cfn_end *end);
/* custom.c */
res cfn_custom_ask(struct cfn_hand *h, const char *type, enum cfn_end *end);
res cfn_custom_look(struct cfn_hand *h, enum cfn_end *end);
res cfn_poll(struct cfn_hand *h, enum cfn_end *end); /* of a create, update or delete that is under way */
/* Does the change from one to the other need another resource? *changed: is there one at all? */
bool cfn_replaces(const struct cfn_type *t, const json_t *before, const json_t *after, bool *changed);
bool cfn_check_properties(struct cfn_hand *h); /* false: h->reason says what is wrong */
/* The first property that an update changes though nothing can; absent: none. */
str cfn_fixed(const struct cfn_type *t, const json_t *before, const json_t *after);
str cfn_ignored(struct cfn_hand *h); /* which of the given properties do nothing here; absent: none */
bool cfn_same(const json_t *a, const json_t *b);
bool cfn_alters(const struct cfn_prop *p, const json_t *before,
                const json_t *after); /* of two objects: is it a change? */
/* *out NULL: there is none of that name. veils: **** for what a function answered in confidence. */
res cfn_attribute(struct call *c, const struct cloudformation_stack *s, const struct cfn_type *t,
                  const struct cloudformation_resource *r, str path, bool veils, json_t **out);
bool cfn_attribute_moves(const struct cfn_type *t, str path); /* when the resource is changed in place */
/* With the stack's tags below those of the resource's own property. */
json_t *cfn_add_tags(struct call *c, const struct cfn_type *t, const struct cloudformation_version *v, json_t *props);

/* ---- events.c ---- */
/* One of the stack itself: status and reason are kept in the record too; save it. */
res cfn_stack_event(struct call *c, struct cloudformation_stack *s, const char *status, str reason);
res cfn_resource_event(struct cfn_hand *h, const char *status, str reason); /* kept in the resource; save it */

/* ---- scope.c: a template bound to what is kept of a stack ---- */
enum { CFN_FATE_NEW = 'n', CFN_FATE_CHANGED = 'c' };
struct cfn_scope {
    struct call *c;
    const struct caller *actor;
    struct cloudformation_stack *stack;
    const struct cloudformation_version *version;
    struct template *t;
    struct template_scope *scope;
    json_t *imports;                        /* an array of the names that were asked for; or NULL */
    struct cloudformation_resource **known; /* of t->resources, as they are loaded */
    char *fate;                             /* of t->resources, while changes are foreseen; else NULL */
    bool asking;                            /* parameters are asked for; else they are as they were kept */
    bool veils;                             /* what is secret is **** */
};
res cfn_scope_open(struct cfn_scope *s, struct err *e);
/* From a text and given parameters: parses, asks and binds as the call's caller. Fills version's parameters. */
res cfn_scope_new(struct cfn_scope *s, str text, const struct template_given *given, size_t n, struct err *e);
/* The same template with **** for what NoEcho parameters hold and functions answered in confidence: whatever functions
 * of the template make of a secret, events are made of this. False: it holds none. */
bool cfn_scope_veil(const struct cfn_scope *s, struct cfn_scope *out);
void cfn_forget(struct cfn_scope *s, str logical); /* a resource that has changed is looked at anew */

/* ---- records ---- */
str cfn_own_id(str stack_id);     /* what follows the name */
str cfn_stack_name_of(str given); /* of a name or an ARN */
str cfn_key(struct call *c, const struct cloudformation_stack *s, str logical);
/* The stack of an active name, or of an ARN. *out NULL: there is none. */
res cfn_stack_load(struct call *c, str name, struct cloudformation_stack **out);
res cfn_resources(struct call *c, const struct cloudformation_stack *s, struct cloudformation_resource_page *out);

void cfn_describe_parameters(struct call *c, const struct cloudformation_version *v,
                             struct cloudformation_parameter_list *out);

/* ---- stacks.c and the flow ---- */
res cfn_keep_template(struct call *c, struct cloudformation_stack *s, str body, const struct template *t, str *id);
res cfn_start(struct call *c, struct cloudformation_stack *s, const char *action, const char *status, str token);
res cfn_may_update(struct call *c, const struct cloudformation_stack *s);
void cfn_take_version(struct cloudformation_stack *s, struct cloudformation_version *wanted);
/* The stack is to be again what it was before, or nothing if it never was whole: the status of that stage. */
const char *cfn_turn_back(struct cloudformation_stack *s);
res cfn_check_name(struct call *c, str name);
res cfn_new_stack(struct call *c, str name, struct cloudformation_stack **out);
bool cfn_is_busy(const struct cloudformation_stack *s);
/* Outputs and exports of a stack whose resources are all there. A fault of the template fails the stack: *why. */
res cfn_outputs(struct cfn_scope *s, str *why);
res cfn_drop_exports(struct call *c, struct cloudformation_stack *s);
res cfn_exports_unused(struct call *c, const struct cloudformation_stack *s, str *used, str *by);

#endif
