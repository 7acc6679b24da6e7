/* SPDX-License-Identifier: MIT */
/* The human form of an explanation, whether of a request that was made or of a what-if. */
#ifndef BARMKIN_VERBS_LADDER_H
#define BARMKIN_VERBS_LADDER_H
#include "base/json.h"

/* Names come from clients, and nothing of them may steer a terminal: control characters become '?', in every string. */
void make_plain(json_t *j);
/* Prints what api/explain.h describes, made plain. */
void ladder_print(json_t *explanation);

#endif
