/* SPDX-License-Identifier: MIT */
/* The human form of an explanation, whether of a request that was made or of a what-if. */
#ifndef BARMKIN_VERBS_LADDER_H
#define BARMKIN_VERBS_LADDER_H
#include "base/json.h"

/* Prints what api/explain.h describes. */
void ladder_print(const json_t *explanation);

#endif
