/* SPDX-License-Identifier: MIT */
/* What `barmkin doctor` finds: one line a check, with the fix beside what is not well. */
#ifndef BARMKIN_VERBS_DOCTOR_H
#define BARMKIN_VERBS_DOCTOR_H
#include "state.h"
#include "verbs/verbs.h"

enum health { FINE, WARN, FAIL, NOT_ASKED }; /* the last is not told: an earlier finding says why */
struct finding {
    enum health health;
    str said, fix;
};

enum door_check { DOOR_NAMESPACE, DOOR_DNS, DOOR_OUTSIDE, DOOR_TLS, DOOR_STS, DOOR_S3, DOOR_CHECKS };

struct patient {
    struct options *o;
    struct arena *a;
    struct state state;
    bool has_state, serves;
    struct finding door[DOOR_CHECKS]; /* once door_examine has been there */
};

static inline struct finding fine(str said)
{
    return (struct finding){FINE, said, STR_ABSENT};
}

/* Goes through the host's door as `barmkin run` does and tries it piece by piece, in the order of enum door_check; what
 * comes after a piece that failed is NOT_ASKED. (doctor_door.c) */
void door_examine(struct patient *p);

/* Runs a program for at most ten seconds, in a network namespace of its own if asked; its exit status, 127 if there is
 * none, and what it printed. */
int doctor_ask(struct patient *p, char *const argv[], const char *input, bool own_network, str *printed);

/* The clients of this machine, and what each is known to stumble over (conventions.md, section 2.1). (doctor_clients.c)
 */
struct finding check_cli(struct patient *p);
struct finding check_boto3(struct patient *p);
struct finding check_sagemaker(struct patient *p);
struct finding check_package_programs(struct patient *p);

#endif
