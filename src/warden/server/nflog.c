/* SPDX-License-Identifier: MIT */
/* A socket on the log group of a VPC's ruleset, bound here and read by front: who parses packets has no rights. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "warden/server/nflog.h"

enum { HEADERS_BYTES = 80, RECEIVE_BYTES = 4 << 20, TIMEOUT_10MS = 20, AT_ONCE = 32 };

static struct nlmsghdr *begin(void *buffer)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

    h->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    h->nlmsg_seq = 1;
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
    g->nfgen_family = AF_UNSPEC;
    g->version = NFNETLINK_V0;
    g->res_id = htons(NFLOG_GROUP);
    return h;
}

static res ask(int fd, const struct nlmsghdr *h, struct err *e)
{
    char answer[4096];

    if (send(fd, h, h->nlmsg_len, 0) < 0)
        return oops(e, errno, "asking for the log group: %s", strerror(errno));
    ssize_t n = recv(fd, answer, sizeof answer, 0);
    if (n < 0 || mnl_cb_run(answer, (size_t)n, 1, 0, NULL, NULL) < 0)
        return oops(e, errno, "binding the log group: %s", strerror(errno));
    return OK;
}

static res configure(int fd, struct err *e)
{
    union {
        struct nlmsghdr head;
        char bytes[512];
    } r = {0};
    const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
    const struct nfulnl_msg_config_mode mode = {.copy_range = htonl(HEADERS_BYTES), .copy_mode = NFULNL_COPY_PACKET};
    struct nlmsghdr *h = begin(r.bytes);

    mnl_attr_put(h, NFULA_CFG_CMD, sizeof bind, &bind);
    TRY(ask(fd, h, e));
    memset(&r, 0, sizeof r);
    h = begin(r.bytes);
    mnl_attr_put(h, NFULA_CFG_MODE, sizeof mode, &mode);
    mnl_attr_put_u32(h, NFULA_CFG_TIMEOUT, htonl(TIMEOUT_10MS));
    mnl_attr_put_u32(h, NFULA_CFG_QTHRESH, htonl(AT_ONCE));
    return ask(fd, h, e);
}

res nflog_open(int *out, struct err *e)
{
    struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), bytes = RECEIVE_BYTES;

    *out = fd;
    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof any))
        return oops(e, errno, "no socket for the log group: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    return configure(fd, e);
}
