/* SPDX-License-Identifier: MIT */
/* The system calls that code in a sandbox may make. What is not named fails with EPERM. */
#ifndef BARMKIN_WARDEN_SERVER_SECCOMP_LIST_H
#define BARMKIN_WARDEN_SERVER_SECCOMP_LIST_H
#include "base/buf.h"

/* Adds the value of linux.seccomp of an OCI configuration. */
void seccomp_list_add(struct buf *b);

#endif
