/* SPDX-License-Identifier: MIT */
/* barmkin: one verbs table drives what it does, its help and its completion. */
#include <stdio.h>
#include <string.h>

#include "front.h"
#include "roles.h"
#include "verbs/verbs.h"

static int role(int argc, char **argv)
{
    if (argc >= 1 && strcmp(argv[0], "front") == 0)
        return front_main(argc - 1, argv + 1);
    if (argc >= 1 && strcmp(argv[0], "vault") == 0)
        return vault_main(argc - 1, argv + 1);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "role") == 0) /* the parent's own re-exec, no verb */
        return role(argc - 2, argv + 2);
    return verbs_run(argc - 1, argv + 1);
}
