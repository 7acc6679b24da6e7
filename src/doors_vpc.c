/* SPDX-License-Identifier: MIT */
/* One VPC's doors: its kernel side through warden, its listeners on a loop, what its addresses and names mean. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "conductor/conductor.h"
#include "doors_parts.h"
#include "warden/warden.h"
#include "wire/dns.h"

enum { TABLE_MAX_BYTES = 16 << 20, PACKET_MAX_BYTES = 1 << 20, ATTACH_S = 5 };

/* ---- the table ---- */

static const void *copy(struct arena *a, const void *v, size_t n, size_t size)
{
    void *p = arena_alloc(a, n * size + 1);

    if (n)
        memcpy(p, v, n * size);
    return p;
}

static void copy_ways(struct door_table *t, const struct vpc_plan *p)
{
    t->ways = (struct vpc_plan){.subnets = copy(t->arena, p->subnets, p->n_subnets, sizeof *p->subnets),
                                .routes = copy(t->arena, p->routes, p->n_routes, sizeof *p->routes),
                                .publics = copy(t->arena, p->publics, p->n_publics, sizeof *p->publics),
                                .s3_prefixes = copy(t->arena, p->s3_prefixes, p->n_s3_prefixes, sizeof *p->s3_prefixes),
                                .n_s3_prefixes = p->n_s3_prefixes,
                                .n_subnets = p->n_subnets,
                                .n_routes = p->n_routes,
                                .n_publics = p->n_publics};
}

static struct door_table *make_table(const struct network *n)
{
    struct arena *a = arena_new(TABLE_MAX_BYTES);
    struct door_table *t = ARENA_NEW(a, struct door_table);
    struct network_endpoint *v = ARENA_ARRAY(a, struct network_endpoint, n->n_endpoints + 1);

    *t = (struct door_table){.arena = a, .endpoints = v, .n_endpoints = n->n_endpoints};
    for (size_t i = 0; i < n->n_endpoints; i++) {
        v[i] = n->endpoints[i];
        v[i].vpce_id = arena_dup(a, v[i].vpce_id);
        v[i].account = arena_dup(a, n->account);
    }
    map_init(&t->names);
    for (size_t i = 0; i < n->n_names; i++) {
        struct network_name *name = ARENA_NEW(a, struct network_name);
        uint32_t *addresses = ARENA_ARRAY(a, uint32_t, n->names[i].n + 1);
        *name = n->names[i];
        name->name = arena_dup(a, name->name);
        memcpy(addresses, n->names[i].addresses, n->names[i].n * sizeof *addresses);
        name->addresses = addresses;
        if (!map_find(&t->names, name->name))
            map_put(&t->names, name->name, name);
    }
    copy_ways(t, &n->plan);
    return t;
}

static void drop_table(struct door_table *t)
{
    if (!t)
        return;
    map_done(&t->names);
    arena_free(t->arena);
}

static void set_table(struct door_vpc *v, struct door_table *t)
{
    pthread_mutex_lock(&v->lock);
    struct door_table *old = v->table;
    v->table = t;
    pthread_mutex_unlock(&v->lock);
    drop_table(old);
}

bool vpc_endpoint(struct door_vpc *v, uint32_t local_ip, struct arena *a, struct network_endpoint *out)
{
    bool found = false;

    pthread_mutex_lock(&v->lock);
    for (size_t i = 0; v->table && i < v->table->n_endpoints && !found; i++) {
        found = plan_local_addr(v->table->endpoints[i].index) == local_ip;
        if (found) {
            *out = v->table->endpoints[i];
            out->vpce_id = arena_dup(a, out->vpce_id);
            out->account = arena_dup(a, out->account);
        }
    }
    pthread_mutex_unlock(&v->lock);
    return found;
}

uint32_t vpc_public_of(struct door_vpc *v, uint32_t local_ip, uint32_t peer_ip)
{
    uint32_t as = 0;

    pthread_mutex_lock(&v->lock);
    if (v->table && local_ip == PLAN_APIS_LOCAL)
        as = plan_public_of(&v->table->ways, peer_ip, PLAN_APIS_ADDR);
    if (v->table && local_ip == PLAN_APIS_LOCAL + 1 && v->table->ways.n_s3_prefixes)
        as = plan_public_of(&v->table->ways, peer_ip, v->table->ways.s3_prefixes[0].addr + PLAN_S3_HOST);
    pthread_mutex_unlock(&v->lock);
    return as;
}

/* ---- names ---- */

static bool is_host_door(const struct door_vpc *v)
{
    return strcmp(v->id.z, PLAN_DOOR_VPC) == 0;
}

/* Amazon's names lead to front there, and nothing else does: through no VPC endpoint. */
static bool is_open_door(const struct door_vpc *v)
{
    return is_host_door(v) || strcmp(v->id.z, PLAN_FUNCTIONS_VPC) == 0;
}

static const struct network_name *find_name(const struct door_table *t, str name)
{
    const struct network_name *hit = map_find(&t->names, name);
    str rest = name;

    while (!hit && str_is(rest)) {
        (void)str_cut(&rest, '.');
        const struct network_name *above = str_is(rest) ? map_find(&t->names, rest) : NULL;
        if (above && above->below)
            return above;
    }
    return hit;
}

static bool lookup(void *ctx, str name, uint32_t *ips, size_t *n)
{
    struct door_vpc *v = ctx;
    const struct network_name *hit = NULL;

    if (is_open_door(v)) {
        ips[0] = DOOR_ADDR;
        *n = 1;
        return str_ends(name, S(".amazonaws.com"));
    }
    pthread_mutex_lock(&v->lock);
    if (v->table)
        hit = find_name(v->table, name);
    if (hit && hit->n < *n)
        *n = hit->n;
    for (size_t i = 0; hit && i < *n; i++)
        ips[i] = hit->addresses[i];
    pthread_mutex_unlock(&v->lock);
    return hit != NULL;
}

static void on_packet(void *tag, int fd, const void *from, uint32_t from_len, str packet)
{
    struct door_vpc *v = ((struct door_tag *)tag)->vpc;
    struct dns_zone_fn zone = {lookup, v};
    uint8_t reply[512];

    size_t n = dns_answer(v->packets, packet, &zone, reply, sizeof reply);
    if (n && sendto(fd, reply, n, MSG_DONTWAIT | MSG_NOSIGNAL, from, from_len) < 0 && errno != EAGAIN)
        log_warn("%s: a DNS answer could not be sent (errno %d)", v->id.z, errno);
    arena_reset(v->packets);
}

/* ---- listeners ---- */

struct attaching { /* on its way to the loop's thread; lives in the doors' arena, so a late post finds it */
    struct door_vpc *vpc;
    int tls, credentials, dns;
    bool detach, done, left;
    res outcome;
    struct err err;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void close_all(struct attaching *a)
{
    if (a->tls >= 0)
        close(a->tls);
    if (a->credentials >= 0)
        close(a->credentials);
    if (a->dns >= 0)
        close(a->dns);
}

/* loop_listen and loop_udp own what they were given, even if they fail. */
static res attach(struct attaching *a)
{
    struct door_vpc *v = a->vpc;
    struct loop *l = v->thread->loop;
    int tls = a->tls, credentials = a->credentials, dns = a->dns;

    a->tls = a->credentials = a->dns = -1;
    res r = loop_listen(l, tls, false, &v->tls, &a->err);
    if (is_ok(r) && credentials >= 0)
        r = loop_listen(l, credentials, true, &v->credentials, &a->err);
    if (is_ok(r))
        r = loop_udp(l, dns, &v->dns, on_packet, &a->err);
    return r;
}

static void detach(struct door_vpc *v)
{
    struct loop *l = v->thread->loop;

    loop_unlisten(l, &v->tls);
    loop_unlisten(l, &v->credentials);
    loop_unlisten(l, &v->dns);
    arena_free(v->packets); /* no packet comes any more */
    v->packets = NULL;
}

static void on_loop(void *arg)
{
    struct attaching *a = arg;

    pthread_mutex_lock(&a->lock);
    if (a->detach)
        detach(a->vpc);
    else if (!a->left)
        a->outcome = attach(a);
    else
        close_all(a);
    a->done = true;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

/* Runs on the loop's thread and waits for it; a loop that is stopping may never come to it. */
static res through_loop(struct attaching *a, struct err *e)
{
    struct timespec until;
    int late = 0;

    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    if (!atomic_load(&a->vpc->doors->running)) {
        on_loop(a);
    } else {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += ATTACH_S;
        loop_post(a->vpc->thread->loop, on_loop, a);
        pthread_mutex_lock(&a->lock);
        while (!a->done && !late)
            late = pthread_cond_timedwait(&a->changed, &a->lock, &until);
        a->left = !a->done;
        pthread_mutex_unlock(&a->lock);
    }
    if (!a->done)
        return oops(e, ETIMEDOUT, "the listeners of %s were not taken over", a->vpc->id.z);
    return is_ok(a->outcome) ? OK : oops(e, a->err.sys_errno, "%s", a->err.what);
}

static struct attaching *new_attaching(struct door_vpc *v)
{
    pthread_mutex_lock(&v->doors->lock);
    struct attaching *a = ARENA_NEW(v->doors->arena, struct attaching);
    pthread_mutex_unlock(&v->doors->lock);
    *a = (struct attaching){.vpc = v, .tls = -1, .credentials = -1, .dns = -1};
    return a;
}

static res listen_in(struct door_vpc *v, uint32_t resolver, struct err *e)
{
    struct warden_client *w = v->doors->house->warden;
    struct attaching *a = new_attaching(v);

    res r = warden_listen_in(w, &v->id, 0, 443, &a->tls, e);
    if (is_ok(r) && !is_host_door(v))
        r = warden_listen_in(w, &v->id, PLAN_CREDENTIALS_ADDR, 80, &a->credentials, e);
    if (is_ok(r))
        r = warden_udp_in(w, &v->id, resolver, 53, &a->dns, e);
    if (!is_ok(r)) {
        close_all(a);
        return r;
    }
    TRY(through_loop(a, e));
    v->listening = true;
    return OK;
}

/* ---- VPCs ---- */

struct door_vpc *vpc_of(struct doors *d, str id)
{
    struct door_vpc *v;

    pthread_mutex_lock(&d->lock);
    for (v = d->vpcs; v && !str_eq(str_z(v->id.z), id); v = v->next)
        ;
    if (!v) {
        v = ARENA_NEW(d->arena, struct door_vpc);
        *v = (struct door_vpc){.doors = d,
                               .thread = &d->front->io[d->next_thread++ % d->front->n_io],
                               .packets = arena_new(PACKET_MAX_BYTES),
                               .next = d->vpcs};
        str_to_z(id, v->id.z, sizeof v->id.z);
        v->tls = (struct door_tag){is_open_door(v) ? DOOR_HOST : DOOR_VPC, v};
        v->credentials = (struct door_tag){DOOR_CREDENTIALS, v};
        v->dns = (struct door_tag){DOOR_DNS, v};
        pthread_mutex_init(&v->apply, NULL);
        pthread_mutex_init(&v->lock, NULL);
        d->vpcs = v;
    }
    pthread_mutex_unlock(&d->lock);
    return v;
}

res vpc_make(struct door_vpc *v, const struct vpc_plan *plan, struct err *e)
{
    TRY(warden_vpc_apply(v->doors->house->warden, plan, e));
    if (!v->listening)
        TRY(listen_in(v, plan->resolver, e));
    v->generation = plan->generation;
    return OK;
}

/* After the kernel: what its log group says is read as the flow logs want it. Without them the network works all the
 * same: a failure is told and mended. */
static void watch(struct house *h, struct door_vpc *v, const struct network *n)
{
    struct err e = {0};
    int fd = -1;

    if (n->n_flow_logs && !conductor_flow_logs_watched(h, n->vpc_id) &&
        !is_ok(warden_log_in(h->warden, &v->id, &fd, &e))) {
        log_error("the flow logs of %s are not written: %s", v->id.z, e.what);
        conductor_mend(h, n->vpc_id);
    }
    conductor_flow_logs(h, n, fd);
}

/* Calls of one commit group come here in any order: what is older than what stands has been made with it. The table
 * comes first, so that a connection through an endpoint that is going is refused before the kernel knows. */
res vpc_apply(struct house *h, const struct network *n, struct err *e)
{
    struct door_vpc *v = vpc_of(doors_of(h), n->vpc_id);
    res r = OK;

    pthread_mutex_lock(&v->apply);
    if (!v->gone && n->plan.generation >= v->asked) {
        v->asked = n->plan.generation;
        set_table(v, make_table(n));
        r = vpc_make(v, &n->plan, e);
        if (is_ok(r))
            watch(h, v, n);
    } else if (!v->gone && v->generation < n->plan.generation) {
        r = oops(e, 0, "a newer state of it has failed");
    }
    pthread_mutex_unlock(&v->apply);
    if (!is_ok(r)) {
        log_error("%.*s is closed: %s", FMT(n->vpc_id), e->what);
        conductor_mend(h, n->vpc_id);
    }
    return r.why == WHY_REJECT ? oops(e, 0, "%s", e->what) : r;
}

res vpc_remove(struct house *h, str vpc_id, struct err *e)
{
    struct door_vpc *v = vpc_of(doors_of(h), vpc_id);
    struct attaching *a = new_attaching(v);
    struct err late = {0};

    pthread_mutex_lock(&v->apply);
    v->gone = true;
    set_table(v, NULL);
    conductor_flow_logs(h, &(struct network){.vpc_id = vpc_id}, -1);
    res r = warden_vpc_remove(h->warden, &v->id, e);
    a->detach = true;
    if (v->listening && !is_ok(through_loop(a, &late)))
        log_warn("%s", late.what);
    v->listening = false;
    pthread_mutex_unlock(&v->apply);
    if (!is_ok(r))
        conductor_mend(h, vpc_id);
    return r;
}

void vpcs_close(struct doors *d)
{
    for (struct door_vpc *v = d->vpcs; v; v = v->next) {
        drop_table(v->table);
        v->table = NULL;
        arena_free(v->packets);
    }
}
