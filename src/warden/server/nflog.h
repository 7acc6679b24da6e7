/* SPDX-License-Identifier: MIT */
/* The log group that a VPC's ruleset sends packets' headers to, for flow logs. */
#ifndef BARMKIN_WARDEN_SERVER_NFLOG_H
#define BARMKIN_WARDEN_SERVER_NFLOG_H
#include "base/err.h"

enum { NFLOG_GROUP = 1 };

/* A netlink socket bound to the group, in the namespace the process is in; *out may be a descriptor even on failure. */
res nflog_open(int *out, struct err *e);

#endif
