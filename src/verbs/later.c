/* SPDX-License-Identifier: MIT */
/* Verbs whose rooms are still being built: they say so. */
#include "verbs/verbs.h"

static int not_yet(struct err *e, const char *verb)
{
    reject(e, "%s is not built yet; docs/reference/coverage.md lists what is", verb);
    return EXIT_FAILED;
}

int verb_run(struct options *o, struct err *e)
{
    (void)o;
    return not_yet(e, "run");
}
