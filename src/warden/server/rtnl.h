/* SPDX-License-Identifier: MIT */
/* The few things warden asks of rtnetlink, each one acknowledged request in the namespace the socket was opened in. */
#ifndef BARMKIN_WARDEN_SERVER_RTNL_H
#define BARMKIN_WARDEN_SERVER_RTNL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct rtnl; /* an rtnetlink socket */

/* Opens one in the namespace the process is in now; it stays there. */
res rtnl_open(struct rtnl **out, struct err *e);
void rtnl_close(struct rtnl *nl); /* NULL is fine */

enum { LOOPBACK_INDEX = 1 }; /* lo's in every network namespace */

/* One end of a veth pair here, the other in the namespace `peer_netns`. Both get a hardware address and the MTU; this
 * end gets a group, so that many are deleted at once. Neither is up yet. */
struct rtnl_veth {
    const char *name, *peer_name; /* at most 15 bytes */
    uint32_t index, peer_index, group, mtu;
    uint8_t mac[6], peer_mac[6];
    int peer_netns;
};
enum { PEER_INDEX = 2 }; /* eth0's in a workload's */
res rtnl_veth_add(struct rtnl *nl, const struct rtnl_veth *v, struct err *e);
/* One link goes, and with it its peer; none is fine. */
res rtnl_link_delete(struct rtnl *nl, uint32_t index, struct err *e);
res rtnl_link_up(struct rtnl *nl, uint32_t index, bool up, struct err *e);
/* Into another namespace, where it has its number still, but is down and has lost its addresses and routes. */
res rtnl_link_move(struct rtnl *nl, uint32_t index, int netns, struct err *e);
res rtnl_link_set_group(struct rtnl *nl, uint32_t index, uint32_t group, struct err *e);
/* Deletes every link of a group; none is fine. Slow: about 10 ms however many there are. */
res rtnl_group_delete(struct rtnl *nl, uint32_t group, struct err *e);

/* Addresses in host byte order. Adding what is there and deleting what is not is fine. */
res rtnl_addr_add(struct rtnl *nl, uint32_t index, uint32_t addr, struct err *e); /* a /32 */
res rtnl_addr_delete(struct rtnl *nl, uint32_t index, uint32_t addr, struct err *e);
/* dst/len out of a link, by a gateway (0: on the link), with a preferred source (0: none). Replaces. */
struct rtnl_route {
    uint32_t dst, len, gateway, index, source;
};
res rtnl_route_add(struct rtnl *nl, const struct rtnl_route *r, struct err *e);
res rtnl_route_delete(struct rtnl *nl, const struct rtnl_route *r, struct err *e);
/* A permanent neighbour: nobody has to be asked for the address, and nobody can claim it. */
res rtnl_neighbour_add(struct rtnl *nl, uint32_t index, uint32_t addr, const uint8_t mac[6], struct err *e);

#endif
