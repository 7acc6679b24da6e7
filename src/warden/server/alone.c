/* SPDX-License-Identifier: MIT */
/* A namespace that begins with lo alone and gets its interface later: that of a sandbox that was started before anybody
 * needed it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "warden/server/netns.h"
#include "warden/server/network.h"
#include "warden/server/rtnl.h"

static res settle(struct err *e)
{
    struct rtnl *nl = NULL;

    TRY(netns_settle(false, e));
    res r = rtnl_open(&nl, e);
    if (is_ok(r))
        r = rtnl_link_up(nl, LOOPBACK_INDEX, true, e);
    rtnl_close(nl);
    return r;
}

res alone_make(struct warden *w, const struct message_id *id, struct err *e)
{
    res r = netns_create(w, id, e);
    bool named = is_ok(r);

    if (named)
        r = settle(e);
    netns_leave(w);
    if (named && !is_ok(r))
        netns_unname(w, id);
    return r;
}

static res move(int from, int to, const struct link *l, struct err *e)
{
    struct rtnl *nl = NULL;

    netns_join(from);
    res r = rtnl_open(&nl, e);
    if (is_ok(r))
        r = rtnl_link_move(nl, PEER_INDEX, to, e);
    rtnl_close(nl);
    TRY(r);
    netns_join(to);
    r = rtnl_open(&nl, e);
    if (is_ok(r))
        r = links_configure(nl, l, e);
    rtnl_close(nl);
    return r;
}

/* The router's end stays where it is, and with it the rules that judge each packet: they name that end alone. */
res alone_join(struct warden *w, const struct message_id *id, const struct message_id *eni, struct err *e)
{
    const struct link *l = link_of(w, eni);
    int from, to = -1;

    if (!l || !l->made)
        return reject(e, "there is no such network interface");
    TRY(netns_open(w, eni, &from, e));
    res r = netns_open(w, id, &to, e);
    if (is_ok(r)) {
        r = move(from, to, l, e);
        netns_leave(w);
    }
    close(from);
    if (to >= 0)
        close(to);
    return is_ok(r) ? netns_rename(w, id, eni, e) : r;
}
