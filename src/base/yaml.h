/* SPDX-License-Identifier: MIT */
/* YAML in by libyaml as the JSON tree that CloudFormation reads it as. */
#ifndef BARMKIN_BASE_YAML_H
#define BARMKIN_BASE_YAML_H
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The depth is what JSON_MAX_DEPTH allows, once the tree is written as JSON. */
enum { YAML_MAX_DEPTH = 63, YAML_MAX_NODES = 100000, YAML_MAX_BYTES = 2 << 20 };

/* One document: true, yes and on (TRUE, Yes ...) are booleans, numbers are numbers, dates stay text, merge keys merged,
 * a tag !Name becomes {"Fn::Name": value} (!Ref and !Condition keep their names, "!GetAtt a.b" becomes a list of two).
 * Keys are texts. Rejects other tags, duplicate keys, a tree deeper than YAML_MAX_DEPTH, and one of more than
 * YAML_MAX_NODES nodes or YAML_MAX_BYTES of text, counted after aliases are expanded. The tree lives as long as the
 * arena. Rejects with "... (line L, column C)". */
res yaml_parse(struct arena *a, str text, struct err *e, json_t **out);

#endif
