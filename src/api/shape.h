/* SPDX-License-Identifier: MIT */
/* Field tables: what modelc writes from the models, and what the five codecs, the gate and the records walk. */
#ifndef BARMKIN_API_SHAPE_H
#define BARMKIN_API_SHAPE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The C type of a member by its kind. Absent: `set` false, or a NULL pointer. */
enum kind {
    K_STRING,   /* str */
    K_INT,      /* opt_int */
    K_DOUBLE,   /* opt_double */
    K_BOOL,     /* opt_bool */
    K_TIME,     /* opt_time */
    K_BLOB,     /* str: raw bytes, base64 on JSON and XML wires */
    K_LIST,     /* struct { size_t n; T *v; }: T = str, opt_int, opt_double, or struct SHAPE (by value) */
    K_MAP,      /* struct map_of_str: text to text */
    K_SHAPE,    /* struct SHAPE *, NULL when absent */
    K_DOCUMENT, /* str: compact JSON text, validated */
};

typedef struct {
    bool set;
    int64_t v;
} opt_int;
typedef struct {
    bool set;
    double v;
} opt_double;
typedef struct {
    bool set;
    bool v;
} opt_bool;
typedef struct {
    bool set;
    int64_t ms;
} opt_time; /* milliseconds since 1970 UTC */
#define SET_INT(x) ((opt_int){true, (x)})
#define SET_DOUBLE(x) ((opt_double){true, (x)})
#define SET_BOOL(x) ((opt_bool){true, (x)})
#define SET_TIME(x) ((opt_time){true, (x)})

struct str_pair {
    str key, value;
};
struct map_of_str {
    size_t n;
    struct str_pair *v;
};
struct list_of_str {
    size_t n;
    str *v;
};
struct list_any {
    size_t n;
    void *v;
}; /* the common layout of every list member */

/* Where a member travels in the REST protocols; everywhere else it is W_BODY. */
enum where { W_BODY, W_HEADER, W_HEADERS, W_QUERY, W_PATH, W_PAYLOAD, W_STATUS };

enum { F_REQUIRED = 1, F_SECRET = 2, F_FLAT = 4, F_ATTRIBUTE = 8 };

struct shape;

struct field {
    const char *name;                 /* AWS's member name */
    const char *as;                   /* wire name where it differs (XML element, query parameter, header), or NULL */
    const char *item;                 /* XML name of a list's items where it is not the protocol's default, or NULL */
    const struct shape *shape;        /* of K_SHAPE, or of a list's elements */
    const char *const *one_of;        /* NULL-terminated allowed values, or NULL */
    int64_t min, max;                 /* length of text, count of items or numeric range; min > max: unlimited */
    uint32_t offset;                  /* into the struct */
    uint8_t kind, elem, where, flags; /* elem: kind of a list's elements */
};

struct shape {
    const char *name;
    const struct field *fields;
    uint32_t n, size; /* members; sizeof the struct */
};

/* A dotted path of a model ("VpcConfig.Subnets") as modelc resolved it: at each step the number of the member to take
 * in the shape that was reached. No steps: no path. */
struct path {
    const uint8_t *steps;
    size_t n;
};

static inline void *field_at(void *object, const struct field *f)
{
    return (char *)object + f->offset;
}
static inline const void *field_of(const void *object, const struct field *f)
{
    return (const char *)object + f->offset;
}
/* False when the member is absent from the object. */
bool field_is_set(const void *object, const struct field *f);
const struct field *shape_field(const struct shape *s, str name); /* NULL if there is none */
/* Copies the members that are present and that both shapes have under the same name and type: a request into its
 * record, a record into the answer that describes it. Shallow: lists and texts stay shared. */
void shape_copy(const struct shape *from_shape, const void *from, const struct shape *to_shape, void *to);

#endif
