/* SPDX-License-Identifier: MIT */
/* What the files of the template language share; for template*.c only. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_PARTS_H
#define BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_PARTS_H
#include "base/buf.h"
#include "base/json.h"
#include "services/cloudformation/template.h"

/* ---- functions (template_walk.c) ---- */

enum fn {
    FN_NONE,    /* a value that stands for itself */
    FN_UNKNOWN, /* "Fn::" and no function that there is */
    FN_MIXED,   /* a function with other members beside it */
    FN_REF,
    FN_CONDITION,
    FN_BASE64,
    FN_GET_ATT,
    FN_GET_AZS,
    FN_IMPORT_VALUE,
    FN_JOIN,
    FN_SPLIT,
    FN_FIND_IN_MAP,
    FN_SELECT,
    FN_SUB,
    FN_CIDR,
    FN_IF,
    FN_EQUALS,
    FN_NOT,
    FN_AND,
    FN_OR,
    FN_CONTAINS,
    FN_EACH_MEMBER_EQUALS,
    FN_EACH_MEMBER_IN,
    FN_VALUE_OF,
    FN_VALUE_OF_ALL,
    FN_REF_ALL,
};

/* Which function a node is, its name, and its argument. {"Condition": "Name"} is one only when `conditions` is true: in
 * a policy document the same word is a member. */
enum fn template_fn(const json_t *node, bool conditions, const char **name, const json_t **argument);
const char *template_fn_list(void); /* "Fn::Base64, Fn::GetAtt, ..." as CloudFormation lists them */

/* The next piece of a Fn::Sub text: `literal` and then, when there is one, the name of a "${name}". False at the end.
 * "${!Literal}" is part of a literal: `bang` says that "${" and the name were meant as they stand. */
bool template_sub_next(str *rest, str *literal, str *name, bool *bang);
/* The resource and the attribute of a GetAtt's argument; false when it is neither of its two forms. The attribute is
 * absent when it is a function. */
bool template_attribute(const json_t *argument, str *name, str *attribute);

struct template_reference {
    bool is_attribute; /* of GetAtt, or "${X.Attr}" */
    bool in_sub;
    str name, attribute;
};
typedef void template_visit(void *about, const struct template_reference *r);
enum walk {
    WALK_ALL,     /* every branch of Fn::If */
    WALK_CERTAIN, /* none */
    WALK_TAKEN,   /* the one that the scope's conditions choose */
};
/* Visits what Ref, GetAtt and Sub name, pseudo parameters excepted (those that exist). `s` is only needed for
 * WALK_TAKEN. */
void template_references(const json_t *node, enum walk how, const struct template_scope *s, template_visit *visit,
                         void *about);

/* A scalar as CloudFormation writes it where a text is wanted; absent for null, lists and objects. */
str template_text(struct arena *a, const json_t *scalar);

/* ---- checks (template_check.c): what can be seen without parameters ---- */

enum place { IN_VALUES, IN_CONDITIONS, IN_RULES };
res template_check_functions(const struct template *t, const json_t *node, enum place where, struct err *e);
res template_check_references(struct arena *a, const struct template *t, struct err *e);

/* ---- dependencies (template_depends.c) ---- */

/* An order in which each comes after what it links to, as far as there is one: answers how many it holds. */
size_t template_order(struct arena *a, const struct template_links *links, size_t n, size_t *order);
res template_check_circles(struct arena *a, const struct template *t,
                           struct err *e);                  /* those that no condition breaks */
res template_link(struct template_scope *s, struct err *e); /* fills scope->depends */

/* ---- parameters (template_types.c) ---- */

bool template_type_known(str type);
bool template_type_is_list(str type);    /* Ref answers an array of texts */
bool template_type_is_outside(str type); /* asked of template_ask.parameter */
res template_check_constraints(struct template_scope *s, const struct template_parameter *p, str value, struct err *e);

/* ---- evaluation (template_evaluate.c, template_functions.c, template_conditions.c) ---- */

ptrdiff_t template_condition_at(const struct template *t, str name); /* -1: none */
res template_order_conditions(struct arena *a, struct template *t, struct err *e);
res template_decide(struct template_scope *s, struct err *e); /* fills scope->conditions and ->wanted */
res template_check_rules(struct template_scope *s, struct err *e);
json_t *template_keep(struct template_scope *s, json_t *fresh); /* now owned by the scope's arena */
json_t *template_text_node(struct template_scope *s, str text);
json_t *template_later(struct template_scope *s);
res template_spend(struct template_scope *s, size_t bytes, struct err *e); /* what a scope may grow to in all */
res template_ref(struct template_scope *s, str name, struct err *e, json_t **out);
res template_get_att(struct template_scope *s, str name, str attribute, struct err *e, json_t **out);
res template_call(struct template_scope *s, enum fn fn, const json_t *argument, struct err *e, json_t **out);
res template_cidr(struct template_scope *s, const json_t *argument, struct err *e, json_t **out);
/* Notes texts of a resource or an export that look like dynamic references: they are never resolved. */
void template_mark_foreign(struct template_scope *s, const json_t *value);
res template_resolve_dynamic(struct template_scope *s, const struct template_resource *r, struct err *e, json_t **out);

#endif
