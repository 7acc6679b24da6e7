/* SPDX-License-Identifier: MIT */
/* The first step of the gate: private to it. */
#ifndef BARMKIN_API_LOCATE_H
#define BARMKIN_API_LOCATE_H
#include "api/call.h"

struct located {
    const struct access_line **lines; /* per resource */
    struct resource *v;
    size_t n, cap;
};

/* Fills *l and c->resources. */
res locate(struct call *c, struct located *l);

#endif
