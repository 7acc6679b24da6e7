/* SPDX-License-Identifier: MIT */
/* What modelc has read of a model, between its parser (modelc.c) and its writer (modelc_write.c). */
#ifndef BARMKIN_TOOLS_MODELC_H
#define BARMKIN_TOOLS_MODELC_H
#include <stdio.h>

#include "api/shape.h"
#include "base/arena.h"
#include "base/str.h"

enum {
    MAX_WORDS = 64,
    MAX_MEMBERS = 96,
    MAX_SHAPES = 600,
    MAX_RESOURCES = 48,
    MAX_OPS = 200,
    MAX_RECORDS = 48,
    MAX_ACCESS = 8,
    MAX_CONTEXT = 40,
    MAX_NAMES = 4,
    MAX_FAULTS = 64,
    MAX_PROVIDED = 32,
    MAX_TAGGED = 24,
    MAX_CFN = 48,
    SETTINGS = 7
};
enum { SET_PROTOCOL, SET_TARGET, SET_SIGNS_AS, SET_VERSION, SET_XMLNS, SET_HOST, SET_FAILURE };

struct word {
    str text;
    bool quoted;
};

struct reader {
    const char *file;
    str rest;
    int line;
    struct word words[MAX_WORDS];
    size_t n, indent; /* blanks before the first word */
};

struct cfn_def; /* modelc_cfn.h */

struct member {
    str name, c_name, as, item, shape, one_of, index;
    int64_t min, max;
    uint8_t kind, elem, where, flags;
    int line;
};

struct shape_def {
    str name, c_name;
    struct member members[MAX_MEMBERS];
    size_t n;
    int line;
    bool record, in_list;
};

struct resource_def {
    str name, arn, finder, policy;
    bool always;
};
struct fault_def {
    str name, status, code;
};
struct access_def {
    str action, on, when, pass_to, kind, members[MAX_NAMES];
    size_t n_members;
    bool pass;
    int line;
};
struct context_def {
    str key, path, fn;
    bool multi;
};
struct record_def {
    str name, id;
    struct shape_def *shape;
    bool global;
    int line;
};

struct op_def {
    str name, c_name, method, uri, with, prepare, streams;
    int kind, status, line;
    bool without_signature;
    uint32_t max_body;
    struct shape_def *in, *out;
    struct access_def access[MAX_ACCESS];
    struct context_def context[MAX_CONTEXT];
    size_t n_access, n_context;
};

struct tagged_def { /* `tagged RECORD TYPE ARN` */
    str record, type, arn;
    int line;
};

struct service_def {
    const char *file;
    str name, c_name, settings[SETTINGS];
    bool global;
    struct fault_def faults[MAX_FAULTS];
    struct resource_def resources[MAX_RESOURCES];
    struct record_def records[MAX_RECORDS];
    struct shape_def *shapes[MAX_SHAPES];
    struct op_def ops[MAX_OPS];
    struct cfn_def *cfn[MAX_CFN];
    size_t n_cfn;
    struct op_def common; /* its context lines hold for every operation */
    struct tagged_def tagged[MAX_TAGGED];
    size_t n_tagged, n_faults, n_resources, n_records, n_shapes, n_ops;
};

struct provided {
    str what, function;
    const struct service_def *by;
};

extern struct arena *heap;
extern struct provided provided[MAX_PROVIDED];
extern size_t n_provided;

str word(const struct reader *r, size_t i, const char *what);
bool is(const struct reader *r, size_t i, const char *z);
void split(struct reader *r, str line);
void take_deeper(struct reader *r);
void die(const char *file, int line, const char *fmt, ...) __attribute__((noreturn, format(printf, 3, 4)));
str snake(str name);
void text_or_null(FILE *f, const char *field, str s);
struct shape_def *find_shape(const struct service_def *s, str name);
struct resource_def *find_resource_def(const struct service_def *s, str name);
void check_service(struct service_def *s);
/* Dies unless every part of a path but "[]" is a member; `required` of the shape's own members are not looked at. */
void check_path(const struct service_def *s, const struct op_def *o, const struct shape_def *shape, str path, int line);
/* modelc_cfn.c: a block begins, a line below it, its checks, its tables */
struct cfn_def *cfn_begin(struct reader *r, struct service_def *s);
void cfn_line(struct reader *r, struct cfn_def *d);
void cfn_check(const struct service_def *s, const struct cfn_def *d);
void cfn_write(FILE *f, const struct service_def *s, const struct cfn_def *d);
bool cfn_is_parameter(const struct cfn_def *d);
str cfn_c_name(const struct cfn_def *d);
void write_service(const char *dir, const struct service_def *s);
void write_services(const char *dir, const struct service_def *all, size_t n);

#endif
