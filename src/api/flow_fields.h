/* SPDX-License-Identifier: MIT */
/* The fields of VPC flow log records that exist here. */
#ifndef BARMKIN_API_FLOW_FIELDS_H
#define BARMKIN_API_FLOW_FIELDS_H
#include "base/str.h"

enum flow_field {
    FLOW_VERSION,
    FLOW_ACCOUNT,
    FLOW_INTERFACE,
    FLOW_SRCADDR,
    FLOW_DSTADDR,
    FLOW_SRCPORT,
    FLOW_DSTPORT,
    FLOW_PROTOCOL,
    FLOW_PACKETS,
    FLOW_BYTES,
    FLOW_START,
    FLOW_END,
    FLOW_ACTION,
    FLOW_STATUS,
    FLOW_VPC,
    FLOW_SUBNET,
    FLOW_INSTANCE,
    FLOW_TCP_FLAGS,
    FLOW_TYPE,
    FLOW_PKT_SRCADDR,
    FLOW_PKT_DSTADDR,
    FLOW_REGION,
    FLOW_DIRECTION,
};

/* The version of a format: that of its newest field, as AWS has it. */
int flow_format_version(str format);

#endif
