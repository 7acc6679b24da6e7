/* SPDX-License-Identifier: MIT */
/* rtnetlink by libmnl: requests built in a buffer on the stack, each waits for its acknowledgement. */
#include "warden/server/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

enum { REQUEST_BYTES = 1024, ANSWER_BYTES = 8192 };

/* A struct rtnl is a struct mnl_socket under a name that keeps libmnl out of other files. */

static struct mnl_socket *sock_of(struct rtnl *nl)
{
    return (struct mnl_socket *)nl;
}

res rtnl_open(struct rtnl **out, struct err *e)
{
    struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

    *out = (struct rtnl *)s;
    if (!s)
        return oops(e, errno, "no rtnetlink socket: %s", strerror(errno));
    if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
        return oops(e, errno, "binding an rtnetlink socket: %s", strerror(errno));
    return OK;
}

void rtnl_close(struct rtnl *nl)
{
    if (nl)
        mnl_socket_close(sock_of(nl));
}

struct request {
    union {
        struct nlmsghdr head;
        char bytes[REQUEST_BYTES];
    };
};

static struct nlmsghdr *begin(struct request *r, uint16_t type, uint16_t flags)
{
    memset(r, 0, sizeof *r);
    struct nlmsghdr *h = mnl_nlmsg_put_header(r->bytes);
    h->nlmsg_type = type;
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    h->nlmsg_seq = 1;
    return h;
}

/* Sends and waits. An errno equal to `fine` counts as success: the kernel already is as asked. */
static res ask(struct rtnl *nl, struct nlmsghdr *h, int fine, const char *what, struct err *e)
{
    char answer[ANSWER_BYTES];
    unsigned port = mnl_socket_get_portid(sock_of(nl));

    if (mnl_socket_sendto(sock_of(nl), h, h->nlmsg_len) < 0)
        return oops(e, errno, "%s: sending to the kernel: %s", what, strerror(errno));
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(sock_of(nl), answer, sizeof answer);
        if (n < 0 && errno == EINTR)
            continue;
        int more = n < 0 ? -1 : mnl_cb_run(answer, (size_t)n, h->nlmsg_seq, port, NULL, NULL);
        if (more < 0 && errno != fine)
            return oops(e, errno, "%s: %s", what, strerror(errno));
        if (more <= 0)
            return OK;
    }
}

static void put_link(struct nlmsghdr *h, uint32_t index, unsigned flags, unsigned change)
{
    struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof *i);

    i->ifi_family = AF_UNSPEC;
    i->ifi_index = (int)index;
    i->ifi_flags = flags;
    i->ifi_change = change;
}

res rtnl_veth_add(struct rtnl *nl, const struct rtnl_veth *v, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);

    put_link(h, v->index, 0, 0);
    mnl_attr_put_strz(h, IFLA_IFNAME, v->name);
    mnl_attr_put_u32(h, IFLA_MTU, v->mtu);
    mnl_attr_put_u32(h, IFLA_GROUP, v->group);
    mnl_attr_put(h, IFLA_ADDRESS, sizeof v->mac, v->mac);
    struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
    mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
    struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
    put_link(h, v->peer_index, 0, 0);
    mnl_attr_put_strz(h, IFLA_IFNAME, v->peer_name);
    mnl_attr_put_u32(h, IFLA_MTU, v->mtu);
    mnl_attr_put(h, IFLA_ADDRESS, sizeof v->peer_mac, v->peer_mac);
    mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)v->peer_netns);
    mnl_attr_nest_end(h, peer);
    mnl_attr_nest_end(h, data);
    mnl_attr_nest_end(h, info);
    return ask(nl, h, 0, "making a veth pair", e);
}

res rtnl_link_delete(struct rtnl *nl, uint32_t index, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_DELLINK, 0);

    put_link(h, index, 0, 0);
    return ask(nl, h, ENODEV, "deleting a link", e);
}

res rtnl_link_up(struct rtnl *nl, uint32_t index, bool up, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_NEWLINK, 0);

    put_link(h, index, up ? IFF_UP : 0, IFF_UP);
    return ask(nl, h, 0, up ? "bringing a link up" : "taking a link down", e);
}

res rtnl_link_move(struct rtnl *nl, uint32_t index, int netns, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_NEWLINK, 0);

    put_link(h, index, 0, 0);
    mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)netns);
    return ask(nl, h, 0, "moving a link to another namespace", e);
}

res rtnl_link_set_group(struct rtnl *nl, uint32_t index, uint32_t group, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_NEWLINK, 0);

    put_link(h, index, 0, 0);
    mnl_attr_put_u32(h, IFLA_GROUP, group);
    return ask(nl, h, ENODEV, "moving a link to another group", e);
}

res rtnl_group_delete(struct rtnl *nl, uint32_t group, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_DELLINK, 0);

    put_link(h, 0, 0, 0);
    mnl_attr_put_u32(h, IFLA_GROUP, group);
    return ask(nl, h, ENODEV, "deleting a group of links", e);
}

static res addr(struct rtnl *nl, uint16_t type, uint16_t flags, uint32_t index, uint32_t a, int fine, struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, type, flags);
    struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

    m->ifa_family = AF_INET;
    m->ifa_prefixlen = 32;
    m->ifa_index = index;
    mnl_attr_put_u32(h, IFA_LOCAL, htonl(a));
    mnl_attr_put_u32(h, IFA_ADDRESS, htonl(a));
    return ask(nl, h, fine, type == RTM_NEWADDR ? "adding an address" : "deleting an address", e);
}

res rtnl_addr_add(struct rtnl *nl, uint32_t index, uint32_t a, struct err *e)
{
    return addr(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, a, EEXIST, e);
}

res rtnl_addr_delete(struct rtnl *nl, uint32_t index, uint32_t a, struct err *e)
{
    return addr(nl, RTM_DELADDR, 0, index, a, EADDRNOTAVAIL, e);
}

static res route(struct rtnl *nl, uint16_t type, uint16_t flags, const struct rtnl_route *route, int fine,
                 struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, type, flags);
    struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

    m->rtm_family = AF_INET;
    m->rtm_dst_len = (unsigned char)route->len;
    m->rtm_table = RT_TABLE_MAIN;
    m->rtm_protocol = RTPROT_STATIC;
    m->rtm_scope = route->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    m->rtm_type = RTN_UNICAST;
    if (route->len)
        mnl_attr_put_u32(h, RTA_DST, htonl(route->dst));
    if (route->gateway)
        mnl_attr_put_u32(h, RTA_GATEWAY, htonl(route->gateway));
    if (route->source)
        mnl_attr_put_u32(h, RTA_PREFSRC, htonl(route->source));
    mnl_attr_put_u32(h, RTA_OIF, route->index);
    return ask(nl, h, fine, type == RTM_NEWROUTE ? "adding a route" : "deleting a route", e);
}

res rtnl_route_add(struct rtnl *nl, const struct rtnl_route *r, struct err *e)
{
    return route(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r, 0, e);
}

res rtnl_route_delete(struct rtnl *nl, const struct rtnl_route *r, struct err *e)
{
    return route(nl, RTM_DELROUTE, 0, r, ESRCH, e);
}

res rtnl_neighbour_add(struct rtnl *nl, uint32_t index, uint32_t a, const uint8_t mac[6], struct err *e)
{
    struct request r;
    struct nlmsghdr *h = begin(&r, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
    struct ndmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);

    m->ndm_family = AF_INET;
    m->ndm_ifindex = (int)index;
    m->ndm_state = NUD_PERMANENT;
    mnl_attr_put_u32(h, NDA_DST, htonl(a));
    mnl_attr_put(h, NDA_LLADDR, 6, mac);
    return ask(nl, h, 0, "adding a neighbour", e);
}
