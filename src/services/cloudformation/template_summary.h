/* SPDX-License-Identifier: MIT */
/* What is told of a template, and what differs between two of them: for GetTemplateSummary, ValidateTemplate and change
 * sets. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_SUMMARY_H
#define BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_SUMMARY_H
#include "services/cloudformation/template.h"

/* The types of its resources, each once, in the order of the text. */
void template_types(struct arena *a, const struct template *t, str **types, size_t *n);

/* ---- what differs ---- */

struct template_change {
    str property;                 /* the top one: KeyPolicy */
    str path;                     /* where under it: /KeyPolicy/Statement/0/Action */
    const json_t *before, *after; /* NULL: it is added, or removed */
    bool later;                   /* what it becomes is only known after an apply: it may turn out to be the same */
};
struct template_changes {
    size_t n;
    struct template_change *v;
};
/* The smallest parts that differ between two evaluated property trees, in the order of `after`, then those that are
 * removed. Texts, numbers and booleans that CloudFormation writes alike ("5" and 5) are the same. Lists are compared by
 * position. What is known later always differs. */
void template_diff(struct arena *a, const json_t *before, const json_t *after, struct template_changes *out);

/* ---- why ---- */

enum template_source {
    TEMPLATE_DIRECT,    /* DirectModification: the template itself says something else */
    TEMPLATE_PARAMETER, /* ParameterReference: entity is the parameter */
    TEMPLATE_REFERENCE, /* ResourceReference: entity is the resource, by Ref */
    TEMPLATE_ATTRIBUTE, /* ResourceAttribute: entity is "Resource.Attribute" */
};
struct template_cause {
    enum template_source source;
    str entity; /* absent for TEMPLATE_DIRECT */
};
struct template_causes {
    size_t n;
    struct template_cause *v;
};
/* Why a property that was `was` in `before` may be another value as `is` in `after`: both unevaluated, either NULL.
 * Looks at taken branches only. `moves` says of a resource of `after` whether what it answers may change; with an
 * absent attribute: whether its Ref may. */
typedef bool template_moves(void *about, const struct template_resource *r, str attribute);
void template_why(const struct template_scope *before, const json_t *was, const struct template_scope *after,
                  const json_t *is, template_moves *moves, void *about, struct template_causes *out);

#endif
