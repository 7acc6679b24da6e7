/* SPDX-License-Identifier: MIT */
/* The fields of flow log records, by AWS's names; their order is that of enum flow_field. */
#include "api/network.h"
#include "api/flow_fields.h"

static const struct {
    const char *name;
    int version;
} fields[] = {
    [FLOW_VERSION] = {"version", 2},
    [FLOW_ACCOUNT] = {"account-id", 2},
    [FLOW_INTERFACE] = {"interface-id", 2},
    [FLOW_SRCADDR] = {"srcaddr", 2},
    [FLOW_DSTADDR] = {"dstaddr", 2},
    [FLOW_SRCPORT] = {"srcport", 2},
    [FLOW_DSTPORT] = {"dstport", 2},
    [FLOW_PROTOCOL] = {"protocol", 2},
    [FLOW_PACKETS] = {"packets", 2},
    [FLOW_BYTES] = {"bytes", 2},
    [FLOW_START] = {"start", 2},
    [FLOW_END] = {"end", 2},
    [FLOW_ACTION] = {"action", 2},
    [FLOW_STATUS] = {"log-status", 2},
    [FLOW_VPC] = {"vpc-id", 3},
    [FLOW_SUBNET] = {"subnet-id", 3},
    [FLOW_INSTANCE] = {"instance-id", 3},
    [FLOW_TCP_FLAGS] = {"tcp-flags", 3},
    [FLOW_TYPE] = {"type", 3},
    [FLOW_PKT_SRCADDR] = {"pkt-srcaddr", 3},
    [FLOW_PKT_DSTADDR] = {"pkt-dstaddr", 3},
    [FLOW_REGION] = {"region", 4},
    [FLOW_DIRECTION] = {"flow-direction", 5},
};
enum { FIELDS = sizeof fields / sizeof *fields };

int network_flow_field(str name)
{
    for (int i = 0; i < FIELDS; i++)
        if (str_eq(name, str_z(fields[i].name)))
            return i;
    return -1;
}

int flow_format_version(str format)
{
    int version = 2;

    while (str_is(format)) {
        str one = str_cut(&format, ' ');
        int field = one.n > 3 ? network_flow_field(str_sub(one, 2, one.n - 3)) : -1;
        if (field >= 0 && fields[field].version > version)
            version = fields[field].version;
    }
    return version;
}
