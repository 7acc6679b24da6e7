/* SPDX-License-Identifier: MIT */
/* What-ifs: a request that nobody has made, as the options of `barmkin explain` describe it. */
#ifndef BARMKIN_VERBS_TRIAL_H
#define BARMKIN_VERBS_TRIAL_H
#include "base/buf.h"
#include "verbs/verbs.h"

/* Judges it by the policies in the files that the options name, and by nothing else; *explanation is JSON as
 * api/explain.h describes it. Rejects what cannot be read, with the file's name. */
res trial_run(struct options *o, str *explanation, struct err *e);
/* The same on the running server: the input of its operation WhatIf. */
res trial_input(struct options *o, str *input, struct err *e);

#endif
