/* SPDX-License-Identifier: MIT */
/* barmkin doctor: which clients this machine has, and what each is known to stumble over. */
#include <stdlib.h>
#include <unistd.h>

#include "verbs/doctor.h"

struct version {
    uint64_t major, minor;
};

static str first_line(str text)
{
    return str_trim(str_cut(&text, '\n'));
}

/* "1.45.11" */
static struct version version_of(str text)
{
    struct version v = {0, 0};

    if (str_to_u64(str_cut(&text, '.'), &v.major) && str_is(text))
        (void)str_to_u64(str_cut(&text, '.'), &v.minor);
    return v;
}

static bool older(struct version v, uint64_t major, uint64_t minor)
{
    return v.major < major || (v.major == major && v.minor < minor);
}

/* AWS_ENDPOINT_URL and endpoint_url came with 1.29 and 2.13: an older one speaks to AWS and says nothing of it. */
struct finding check_cli(struct patient *p)
{
    char *argv[] = {"aws", "--version", NULL};
    str said;

    if (doctor_ask(p, argv, "", false, &said) != 0)
        return (struct finding){WARN, S("the AWS CLI is not there"), S("pip install awscli, or any other way")};
    str line = first_line(said), rest = line, name = str_cut(&rest, ' ');
    str_cut(&name, '/');
    struct version v = version_of(name);
    if (v.major < 2 ? older(v, 1, 29) : older(v, 2, 13))
        return (struct finding){WARN, arena_cat(p->a, line, S(" ignores endpoint_url and AWS_ENDPOINT_URL")),
                                S("use it in barmkin shell, or take 1.29, 2.13 or newer")};
    return fine(line);
}

struct finding check_boto3(struct patient *p)
{
    char *argv[] = {"python3", "-c", "import boto3; print(boto3.__version__)", NULL};
    str said;

    if (doctor_ask(p, argv, "", false, &said) != 0)
        return (struct finding){WARN, S("python3 has no boto3"), S("apt-get install python3-boto3")};
    str version = first_line(said);
    if (older(version_of(version), 1, 28))
        return (struct finding){WARN,
                                arena_printf(p->a, "boto3 %.*s does not read endpoint_url from profiles", FMT(version)),
                                S("use it in barmkin shell or pass endpoint_url, or take 1.28 or newer")};
    return fine(arena_cat(p->a, S("boto3 "), version));
}

/* Asked for their versions only: to import the SDK takes longer than everything else here. */
struct finding check_sagemaker(struct patient *p)
{
    char *argv[] = {"python3", "-c",
                    "from importlib.metadata import version as v; print(v('sagemaker'), v('protobuf'))", NULL};
    str said;

    if (doctor_ask(p, argv, "", false, &said) != 0)
        return (struct finding){NOT_ASKED, STR_ABSENT, STR_ABSENT};
    str protobuf = first_line(said), sagemaker = str_cut(&protobuf, ' ');
    if (older(version_of(sagemaker), 2, 100) && !older(version_of(protobuf), 3, 21))
        return (struct finding){
            WARN,
            arena_printf(p->a, "sagemaker %.*s cannot be imported beside protobuf %.*s", FMT(sagemaker), FMT(protobuf)),
            S("pip install 'protobuf<3.21'")};
    return fine(arena_printf(p->a, "sagemaker %.*s: it has Amazon's names built in, so use it in barmkin shell",
                             FMT(sagemaker)));
}

static bool in_path(struct arena *a, str program)
{
    const char *path = getenv("PATH");
    str rest = str_z(path ? path : "");

    while (str_is(rest)) {
        str folder = str_cut(&rest, ':');
        if (access(arena_printf(a, "%.*s/%.*s", FMT(folder), FMT(program)).p, X_OK) == 0)
            return true;
    }
    return false;
}

/* What scripts that package templates take for granted; a shell behind the door has the host's. */
struct finding check_package_programs(struct patient *p)
{
    static const str programs[] = {S("bash"), S("make"), S("sed"), S("zip")};
    str missing = S("");

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (!in_path(p->a, programs[i]))
            missing = arena_cat(p->a, arena_cat(p->a, missing, S(" ")), programs[i]);
    if (!missing.n)
        return fine(S("bash, make, sed and zip are there"));
    return (struct finding){WARN, arena_cat(p->a, S("scripts that package templates need"), missing),
                            arena_cat(p->a, S("apt-get install"), missing)};
}
