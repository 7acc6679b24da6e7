/* SPDX-License-Identifier: MIT */
/* The isolation matrix, with packets: what a plan allows passes, everything else does not. */
#include "world.h"

#include <ifaddrs.h>
#include <linux/if.h>
#include <linux/if_arp.h>

#include "warden/door.h"

static void test_warden_network__an_allowed_port_passes_and_another_does_not(void **state)
{
    struct world *w = *state;
    int allowed = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 8000);
    int denied = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 9000);
    int other_subnet = listen_at(&w->rig, &w->a.interfaces[A3].id, SOCK_STREAM, 0, 8000);

    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 2, 13), 8000, LONG_MS), 0);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 12), 9000, SHORT_MS), ETIMEDOUT);
    close(allowed);
    close(denied);
    close(other_subnet);
}

static void test_warden_network__both_groups_must_agree(void **state)
{
    struct world *w = *state;
    int a2 = listen_at(&w->rig, &w->a.interfaces[A2].id, SOCK_STREAM, 0, 8000);
    int lone = listen_at(&w->rig, &w->a.interfaces[LONE].id, SOCK_STREAM, 0, 8000);

    /* lone may not send (no egress rule), and may not be reached (no ingress rule) though a1 may send anywhere */
    assert_int_equal(dial(&w->rig, &w->a.interfaces[LONE].id, IP(10, 0, 1, 12), 8000, SHORT_MS), ETIMEDOUT);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 14), 8000, SHORT_MS), ETIMEDOUT);
    close(a2);
    close(lone);
}

static void test_warden_network__two_vpcs_with_one_cidr_never_meet(void **state)
{
    struct world *w = *state;
    int in_b = listen_at(&w->rig, &w->b.interfaces[A2].id, SOCK_STREAM, 0, 8000);

    /* only B serves on 10.0.1.12:8000: from B it answers, A reaches its own host of that address, where nobody listens
     */
    assert_int_equal(dial(&w->rig, &w->b.interfaces[A1].id, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 12), 8000, LONG_MS), ECONNREFUSED);
    close(in_b);
}

static void test_warden_network__an_endpoint_is_named_by_the_socket(void **state)
{
    struct world *w = *state;

    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 1, 20), 443, LONG_MS), 0);
    check_accepted(w->door_a, plan_local_addr(0), IP(10, 0, 1, 11));
    assert_int_equal(dial(&w->rig, &w->b.interfaces[A3].id, IP(10, 0, 1, 20), 443, LONG_MS), 0);
    check_accepted(w->door_b, plan_local_addr(0), IP(10, 0, 2, 13));
    assert_false(readable(w->door_a, 0));
}

static void test_warden_network__an_endpoint_is_closed_without_a_rule(void **state)
{
    struct world *w = *state;
    const struct message_id *a1 = &w->a.interfaces[A1].id;

    assert_int_equal(dial(&w->rig, &w->a.interfaces[LONE].id, IP(10, 0, 1, 20), 443, SHORT_MS), ETIMEDOUT);
    /* not by its local address, not by the router's other addresses, not on another port */
    assert_int_equal(dial(&w->rig, a1, plan_local_addr(0), 443, SHORT_MS), ETIMEDOUT);
    assert_int_equal(dial(&w->rig, a1, plan_local_addr(7), 443, SHORT_MS), ETIMEDOUT);
    assert_int_equal(dial(&w->rig, a1, IP(10, 0, 1, 1), 443, SHORT_MS), ETIMEDOUT);
    assert_int_equal(dial(&w->rig, a1, IP(10, 0, 0, 2), 443, SHORT_MS), ETIMEDOUT);
    assert_int_not_equal(dial(&w->rig, a1, IP(10, 0, 1, 20), 80, SHORT_MS), 0);
    assert_false(readable(w->door_a, 0));
}

static void test_warden_network__s3_is_reached_only_where_the_route_table_says(void **state)
{
    struct world *w = *state;

    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(52, 217, 3, 4), 443, LONG_MS), 0);
    check_accepted(w->door_a, plan_local_addr(7), IP(10, 0, 1, 11));
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A3].id, IP(52, 217, 3, 4), 443, LONG_MS), ENETUNREACH);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[LONE].id, IP(52, 217, 3, 4), 443, SHORT_MS), ETIMEDOUT);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(52, 217, 3, 4), 80, LONG_MS), ENETUNREACH);
    assert_false(readable(w->door_a, 0));
}

static void test_warden_network__dns_and_credentials_are_open_to_all(void **state)
{
    struct world *w = *state;
    int dns, credentials = vpc_listen(w, &w->a, PLAN_CREDENTIALS_ADDR, 80);
    struct sockaddr_in to = addr_of(IP(10, 0, 0, 2), 53), from;
    socklen_t n = sizeof from;
    char text[8];

    assert_true(is_ok(warden_udp_in(w->rig.client, &w->a.plan.id, IP(10, 0, 0, 2), 53, &dns, NULL)));
    int asker = socket_at(&w->rig, &w->a.interfaces[LONE].id, SOCK_DGRAM);
    assert_int_equal(sendto(asker, "name?", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    assert_true(readable(dns, LONG_MS));
    assert_int_equal(recvfrom(dns, text, sizeof text, 0, (struct sockaddr *)&from, &n), 5);
    assert_int_equal(ntohl(from.sin_addr.s_addr), IP(10, 0, 1, 14));
    assert_int_equal(sendto(dns, "addr!", 5, 0, (struct sockaddr *)&from, n), 5);
    assert_true(readable(asker, LONG_MS));
    assert_int_equal(dial(&w->rig, &w->a.interfaces[LONE].id, PLAN_CREDENTIALS_ADDR, 80, LONG_MS), 0);
    check_accepted(credentials, PLAN_CREDENTIALS_ADDR, IP(10, 0, 1, 14));
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, PLAN_CREDENTIALS_ADDR, 443, SHORT_MS), ETIMEDOUT);
    close(dns);
    close(asker);
    close(credentials);
}

/* Sends a datagram from a1's namespace, perhaps with another's source address, to a3's UDP port 8000. */
static bool arrives(struct world *w, uint32_t source)
{
    int in = listen_at(&w->rig, &w->a.interfaces[A3].id, SOCK_DGRAM, 0, 8000), yes = 1;
    int out = socket_at(&w->rig, &w->a.interfaces[A1].id, SOCK_DGRAM);
    struct sockaddr_in to = addr_of(IP(10, 0, 2, 13), 8000), from = addr_of(source, 0);

    assert_int_equal(setsockopt(out, SOL_IP, IP_TRANSPARENT, &yes, sizeof yes), 0);
    assert_int_equal(bind(out, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(sendto(out, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    bool came = readable(in, SHORT_MS);
    close(in);
    close(out);
    return came;
}

static void set_mac(struct world *w, const uint8_t mac[6])
{
    int fd = socket_at(&w->rig, &w->a.interfaces[A1].id, SOCK_DGRAM);
    struct ifreq q = {.ifr_name = "eth0", .ifr_hwaddr.sa_family = ARPHRD_ETHER};

    memcpy(q.ifr_hwaddr.sa_data, mac, 6);
    assert_int_equal(ioctl(fd, SIOCSIFHWADDR, &q), 0);
    close(fd);
}

static void test_warden_network__a_workload_cannot_take_another_ones_address(void **state)
{
    struct world *w = *state;
    uint8_t own[6], other[6];

    assert_true(arrives(w, IP(10, 0, 1, 11)));
    assert_false(arrives(w, IP(10, 0, 1, 12))); /* a2's, allowed by the same rules */
    assert_false(arrives(w, IP(10, 0, 1, 1)));  /* the router's */
    assert_false(arrives(w, IP(10, 0, 9, 9)));  /* nobody's */
    plan_mac(IP(10, 0, 1, 11), own);
    plan_mac(IP(10, 0, 1, 12), other);
    set_mac(w, other);
    assert_false(arrives(w, IP(10, 0, 1, 11)));
    set_mac(w, own);
    assert_true(arrives(w, IP(10, 0, 1, 11)));
}

static bool is_denial(int why)
{
    return why == ENETUNREACH || why == EHOSTUNREACH || why == ETIMEDOUT || why == ECONNREFUSED;
}

static void test_warden_network__there_is_no_path_to_the_host_or_outside(void **state)
{
    struct world *w = *state;
    char name[16], peer[16];
    struct ifaddrs *all;

    snprintf(name, sizeof name, "bkt%s", w->rig.tag);
    snprintf(peer, sizeof peer, "bkt%sp", w->rig.tag);
    assert_int_equal(run((const char *const[]){"ip", "link", "add", name, "type", "veth", "peer", "name", peer, NULL}),
                     0);
    run((const char *const[]){"ip", "addr", "add", "192.0.2.10/24", "dev", name, NULL});
    run((const char *const[]){"ip", "link", "set", name, "up", NULL});
    int host = listen_at(&w->rig, NULL, SOCK_STREAM, 0, 0);
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    getsockname(host, (struct sockaddr *)&at, &n);
    uint16_t port = ntohs(at.sin_port);

    int from_host = dial(&w->rig, NULL, IP(192, 0, 2, 10), port, LONG_MS);
    int from_vpc = dial(&w->rig, &w->a.interfaces[A1].id, IP(192, 0, 2, 10), port, SHORT_MS);
    int from_router = dial(&w->rig, &w->a.plan.id, IP(192, 0, 2, 10), port, SHORT_MS);
    assert_int_equal(getifaddrs(&all), 0);
    int reached = 0, tried = 0;
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK))
            continue;
        uint32_t addr = ntohl(((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr);
        reached += dial(&w->rig, &w->a.interfaces[A1].id, addr, port, SHORT_MS) == 0;
        tried++;
    }
    freeifaddrs(all);
    run((const char *const[]){"ip", "link", "del", name, NULL});
    close(host);
    assert_int_equal(from_host, 0); /* it is there */
    assert_int_equal(from_vpc, ENETUNREACH);
    assert_true(is_denial(from_router));
    assert_true(tried > 0);
    assert_int_equal(reached, 0);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(1, 1, 1, 1), 80, LONG_MS), ENETUNREACH);
    assert_int_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(169, 254, 169, 254), 80, LONG_MS), ENETUNREACH);
}

static void test_warden_network__front_reaches_the_loopback_of_an_interface(void **state)
{
    struct world *w = *state;
    const struct message_id *a1 = &w->a.interfaces[A1].id;
    int server = listen_at(&w->rig, a1, SOCK_STREAM, INADDR_LOOPBACK, 8080), fd;
    struct err e = {0};

    assert_true(is_ok(warden_connect_in(w->rig.client, a1, INADDR_LOOPBACK, 8080, &fd, &e)));
    assert_int_equal(connected(fd, LONG_MS), 0);
    assert_true(readable(server, LONG_MS));
    close(fd);
    close(server);
    assert_int_equal(warden_connect_in(w->rig.client, a1, INADDR_LOOPBACK, 8080, &fd, &e).why, WHY_OOPS);
    assert_int_equal(e.sys_errno, ECONNREFUSED);
    err_clear(&e);
    assert_int_equal(warden_connect_in(w->rig.client, a1, IP(10, 0, 1, 12), 8000, &fd, &e).why, WHY_REJECT);
    err_clear(&e);
    const struct message_id none = an_id("eni-", 0xc, 9);
    assert_int_equal(warden_connect_in(w->rig.client, &none, INADDR_LOOPBACK, 8080, &fd, &e).why, WHY_OOPS);
    assert_int_equal(fd, -1);
}

static int reaches(struct world *w, unsigned from, unsigned to, uint32_t addr, uint16_t port, int ms)
{
    struct err e = {0};
    int listener, client;

    if (!is_ok(warden_reach_in(w->rig.client, &w->a.interfaces[from].id, &w->a.interfaces[to].id, addr, port, &listener,
                               &client, &e)))
        return e.sys_errno;
    int why = connected(client, ms);
    close(listener);
    close(client);
    return why;
}

static void test_warden_network__reach_is_what_packets_say(void **state)
{
    struct world *w = *state;

    assert_int_equal(reaches(w, A1, A3, IP(10, 0, 2, 13), 8000, LONG_MS), 0);
    assert_int_equal(reaches(w, A1, A3, IP(10, 0, 2, 13), 2049, SHORT_MS), ETIMEDOUT);
    assert_int_equal(reaches(w, LONE, A3, IP(10, 0, 2, 13), 8000, SHORT_MS), ETIMEDOUT);
    assert_int_equal(reaches(w, A1, LONE, IP(10, 0, 1, 14), 8000, SHORT_MS), ETIMEDOUT);
    assert_int_equal(reaches(w, A1, A3, IP(10, 0, 1, 12), 8000, SHORT_MS), EADDRNOTAVAIL); /* not that one's address */
    assert_int_not_equal(dial(&w->rig, &w->a.interfaces[A1].id, IP(10, 0, 2, 13), 8000, SHORT_MS), 0); /* gone again */
}

static void test_warden_network__guests_of_the_door_reach_front_and_nothing_else(void **state)
{
    struct world *w = *state;
    static struct door_plan door; /* large */
    const struct door_guest guests[2] = {{an_id("eni-", 0xd, 0), 0}, {an_id("eni-", 0xd, 1), 1}};
    struct err e = {0};
    int listener;

    door_plan_make(&door, PLAN_DOOR_VPC, 1, guests, 2);
    if (!is_ok(warden_vpc_apply(w->rig.client, &door.plan, &e)))
        fail_msg("%s", e.what);
    assert_true(is_ok(warden_listen_in(w->rig.client, &door.plan.id, 0, 443, &listener, &e)));
    int other = listen_at(&w->rig, &guests[1].eni, SOCK_STREAM, 0, 443);
    assert_int_equal(dial(&w->rig, &guests[0].eni, DOOR_ADDR, 443, LONG_MS), 0);
    check_accepted(listener, plan_local_addr(0), DOOR_GUEST_BASE);
    assert_int_equal(dial(&w->rig, &guests[0].eni, DOOR_GUEST_BASE + 1, 443, SHORT_MS), ETIMEDOUT);
    assert_int_equal(dial(&w->rig, &guests[0].eni, IP(1, 1, 1, 1), 443, LONG_MS), ENETUNREACH);
    assert_false(readable(w->door_a, 0));
    close(listener);
    close(other);
    assert_true(is_ok(warden_vpc_remove(w->rig.client, &door.plan.id, &e)));
}

static void test_warden_network__icmp_rules_name_a_type(void **state)
{
    struct world *w = *state;
    struct sockaddr_in to = addr_of(IP(10, 0, 1, 12), 0);
    char path[RIG_PATH];

    snprintf(path, sizeof path, "%s/%s/netns/%s", w->rig.root, w->rig.tag, w->a.interfaces[A1].id.z);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(setns(ns, CLONE_NEWNET), 0);
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    assert_int_equal(setns(w->rig.home, CLONE_NEWNET), 0);
    close(ns);
    uint8_t good[8] = {8, 0, 0xf7, 0xff}; /* an echo request with its checksum: answered */
    assert_int_equal(sendto(fd, good, sizeof good, 0, (struct sockaddr *)&to, sizeof to), (ssize_t)sizeof good);
    assert_true(readable(fd, LONG_MS));
    to = addr_of(IP(10, 0, 1, 14), 0); /* lone has no rule for it */
    assert_true(recv(fd, path, sizeof path, 0) > 0);
    assert_int_equal(sendto(fd, good, sizeof good, 0, (struct sockaddr *)&to, sizeof to), (ssize_t)sizeof good);
    assert_false(readable(fd, SHORT_MS));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warden_network__an_allowed_port_passes_and_another_does_not),
        cmocka_unit_test(test_warden_network__both_groups_must_agree),
        cmocka_unit_test(test_warden_network__two_vpcs_with_one_cidr_never_meet),
        cmocka_unit_test(test_warden_network__an_endpoint_is_named_by_the_socket),
        cmocka_unit_test(test_warden_network__an_endpoint_is_closed_without_a_rule),
        cmocka_unit_test(test_warden_network__s3_is_reached_only_where_the_route_table_says),
        cmocka_unit_test(test_warden_network__dns_and_credentials_are_open_to_all),
        cmocka_unit_test(test_warden_network__a_workload_cannot_take_another_ones_address),
        cmocka_unit_test(test_warden_network__there_is_no_path_to_the_host_or_outside),
        cmocka_unit_test(test_warden_network__front_reaches_the_loopback_of_an_interface),
        cmocka_unit_test(test_warden_network__reach_is_what_packets_say),
        cmocka_unit_test(test_warden_network__guests_of_the_door_reach_front_and_nothing_else),
        cmocka_unit_test(test_warden_network__icmp_rules_name_a_type),
    };
    return skip_unless_root() ? 0 : cmocka_run_group_tests(tests, setup, teardown);
}
