/* SPDX-License-Identifier: MIT */
/* Forgetting tracked connections of an address: whoever gets it next must not inherit what was once allowed. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "warden/server/network.h"

/* Bits of CTA_FILTER_ORIG_FLAGS, known to the kernel since 5.8 but in no header of its user interface. */
enum { FILTER_IP_SRC = 1, FILTER_IP_DST = 2 };

static res forget(struct mnl_socket *nl, uint32_t addr, uint16_t attribute, uint32_t flag, struct err *e)
{
    union {
        struct nlmsghdr head;
        char bytes[512];
    } r = {0};
    char answer[8192];
    struct nlmsghdr *h = mnl_nlmsg_put_header(r.bytes);

    h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    h->nlmsg_seq = 1;
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
    g->nfgen_family = AF_INET;
    g->version = NFNETLINK_V0;
    struct nlattr *tuple = mnl_attr_nest_start(h, CTA_TUPLE_ORIG);
    struct nlattr *ip = mnl_attr_nest_start(h, CTA_TUPLE_IP);
    mnl_attr_put_u32(h, attribute, htonl(addr));
    mnl_attr_nest_end(h, ip);
    mnl_attr_nest_end(h, tuple);
    struct nlattr *filter = mnl_attr_nest_start(h, CTA_FILTER);
    mnl_attr_put_u32(h, CTA_FILTER_ORIG_FLAGS, flag);
    mnl_attr_nest_end(h, filter);
    if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
        return oops(e, errno, "asking to forget connections: %s", strerror(errno));
    ssize_t n = mnl_socket_recvfrom(nl, answer, sizeof answer);
    if (n < 0 || mnl_cb_run(answer, (size_t)n, h->nlmsg_seq, mnl_socket_get_portid(nl), NULL, NULL) < 0)
        return oops(e, errno, "forgetting connections: %s", strerror(errno));
    return OK;
}

res conntrack_forget(uint32_t addr, struct err *e)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);

    if (!nl)
        return oops(e, errno, "no netfilter socket: %s", strerror(errno));
    res r = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0
                ? oops(e, errno, "binding a netfilter socket: %s", strerror(errno))
                : OK;
    if (is_ok(r))
        r = forget(nl, addr, CTA_IP_V4_SRC, FILTER_IP_SRC, e);
    if (is_ok(r))
        r = forget(nl, addr, CTA_IP_V4_DST, FILTER_IP_DST, e);
    mnl_socket_close(nl);
    return r;
}
