/* SPDX-License-Identifier: MIT */
/* The kinds of flows that this house knows. */
#include "conductor/inside.h"

const struct flow_kind *const flow_kinds[] = {NULL};
