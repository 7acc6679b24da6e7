/* SPDX-License-Identifier: MIT */
/* What the sections of a template are read with; for template_parse.c and the files of its sections. */
#ifndef BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_MEMBERS_H
#define BARMKIN_SERVICES_CLOUDFORMATION_TEMPLATE_MEMBERS_H
#include "services/cloudformation/template_parts.h"

enum { NAME_MAX_BYTES = 255 };

struct parse {
    struct arena *a;
    struct err *e;
    struct template *t;
    bool again; /* of a tree that was checked before */
};

/* The sections: template_declarations.c and template_resources.c. */
res parse_parameters(struct parse *p);
res parse_mappings(struct parse *p);
res parse_conditions(struct parse *p);
res parse_rules(struct parse *p);
res parse_resources(struct parse *p);
res parse_resource_functions(struct parse *p); /* once all names are known */
res parse_outputs(struct parse *p);

/* A section that is a map of at most `most` members; NULL when it is not there. */
res parse_section(struct parse *p, const char *name, const char *plural, size_t most, const json_t **out);
/* Members that must be a text, a scalar ("5", 5 and true are texts to CloudFormation) or an object when they are there.
 */
res parse_text(struct parse *p, const json_t *object, const char *key, str *out);
res parse_scalar(struct parse *p, const json_t *object, const char *key, str *out);
res parse_object(struct parse *p, const json_t *object, const char *key, const json_t **out);
res parse_only(struct parse *p, const json_t *object, const char *const *words, const char *what);
res parse_functions(struct parse *p, const json_t *node, enum place where); /* what was checked before is not again */
bool parse_is_alphanumeric(str s);
bool parse_is_one_of(str s, const char *const *words);

#endif
