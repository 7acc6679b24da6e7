/* SPDX-License-Identifier: MIT */
/* Names by the VPC's resolver alone: the agent is not in the container's file system, so its C library would ask the
 * host's. */
#ifndef BARMKIN_RUNTIMES_AGENT_RESOLVE_H
#define BARMKIN_RUNTIMES_AGENT_RESOLVE_H
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Asks `resolver` ("10.0.0.2") for the A records of `host` and writes libcurl's form "host:port:ip,ip" into dst.
 * Rejects a name that has none: a VPC without the endpoint. */
res resolve_for_curl(str resolver, str host, uint16_t port, char *dst, size_t cap, struct err *e);

#endif
