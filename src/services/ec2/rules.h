/* SPDX-License-Identifier: MIT */
/* Inside ec2/: rules of security groups, read from requests and shown. */
#ifndef BARMKIN_EC2_RULES_H
#define BARMKIN_EC2_RULES_H
#include "ec2_names.h"

/* What names and descriptions of groups and rules are made of. */
extern const char ec2_plain_text[];
res rules_check_description(struct call *c, const char *whose, str text);

struct rules_request { /* the four Authorize and Revoke calls, in one form */
    const struct ec2_ip_permission_list *permissions;
    str cidr, protocol, source_group_name;
    opt_int from, to;
    bool egress;
};

/* One rule a peer, checked and normalised, without ids. Ends the call with AWS's fault for what is malformed. */
res rules_read(struct call *c, const struct ec2_group *g, const struct rules_request *in, struct ec2_rule **out,
               size_t *n);
bool rules_same(const struct ec2_rule *a, const struct ec2_rule *b); /* ids and descriptions do not matter */
str rules_text(struct call *c, const struct ec2_rule *r);            /* as AWS names a rule in errors */
struct ec2_ip_permission_list rules_permissions(struct call *c, const struct ec2_group *g, bool egress);
struct ec2_rule_out rules_out(struct call *c, const struct ec2_group *g, const struct ec2_rule *r);

#endif
