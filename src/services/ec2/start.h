/* SPDX-License-Identifier: MIT */
/* What the doors ask of ec2 when a server starts: every VPC there is, and interfaces that nobody holds any more;
 * and the conductor, when one was refused. */
#ifndef BARMKIN_EC2_START_H
#define BARMKIN_EC2_START_H
#include "api/network.h"

/* c: a call with a read transaction. All accounts' VPCs, compiled. */
res ec2_networks(struct call *c, struct network ***out, size_t *n);
/* One of them as the records have it now; *out is NULL when it is gone. */
res ec2_network(struct call *c, str vpc_id, struct network **out);
/* Interfaces of `barmkin run`, with their accounts: the commands they were for ended with the server before. */
res ec2_held(struct call *c, struct list_of_str *accounts, struct list_of_str *interfaces);

#endif
