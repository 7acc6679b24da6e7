/* SPDX-License-Identifier: MIT */
/* A cursor over UBJSON as libxgboost writes it (ubjson.org draft 12: counted arrays, typed arrays, plain objects).
 * Never reads beyond the end; the first malformed byte sets `bad`, and every later call answers empty. */
#ifndef BARMKIN_RUNTIMES_XGBOOST_UBJ_H
#define BARMKIN_RUNTIMES_XGBOOST_UBJ_H
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct ubj {
    const unsigned char *p, *end;
    bool bad;
};

/* A typed array, left in place: numbers of one width, big-endian. */
struct ubj_numbers {
    const unsigned char *p;
    size_t n;
    char type; /* U i I l L d D */
};

void ubj_init(struct ubj *u, str bytes);
bool ubj_object(struct ubj *u);                /* enters an object */
bool ubj_key(struct ubj *u, str *key);         /* its next key; false at its end */
bool ubj_array(struct ubj *u, size_t *count);  /* enters an untyped counted array */
str ubj_string(struct ubj *u);                 /* a string value; empty when it is something else */
struct ubj_numbers ubj_numbers(struct ubj *u); /* a typed array of numbers */
void ubj_skip(struct ubj *u);                  /* one value of any kind */
int64_t ubj_int_at(const struct ubj_numbers *a, size_t i);
float ubj_float_at(const struct ubj_numbers *a, size_t i); /* of type d only */

#endif
