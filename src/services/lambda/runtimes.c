/* SPDX-License-Identifier: MIT */
/* The runtimes: what AWS calls them, and what stands here in their place. */
#include "lambda_parts.h"

#define PYTHON(version)                                                                                                \
    {                                                                                                                  \
        "python" version, "python:" version " (served by the image's Python 3.11)",                                    \
            {"/usr/bin/python3", "-u", "-S", "/var/runtime/bootstrap", NULL}, "AWS_Lambda_python" version              \
    }

static const struct lambda_runtime runtimes[] = {
    PYTHON("3.8"),
    PYTHON("3.9"),
    PYTHON("3.10"),
    PYTHON("3.11"),
    PYTHON("3.12"),
    {"provided.al2", "provided:al2 (on Debian 12)", {"/var/task/bootstrap", NULL}, ""},
    {"provided.al2023", "provided:al2023 (on Debian 12)", {"/var/task/bootstrap", NULL}, ""},
};

const struct lambda_runtime *lambda_runtime_named(str name)
{
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
        if (str_eq(name, str_z(runtimes[i].name)))
            return &runtimes[i];
    return NULL;
}

res lambda_runtime_check(struct call *c, str name)
{
    if (lambda_runtime_named(name))
        return OK;
    return fault(c, &lambda_InvalidParameterValueException,
                 "The runtime %.*s cannot be run here: there are python3.8 to python3.12 (all on Python 3.11), "
                 "provided.al2 and provided.al2023.",
                 FMT(name));
}
