/* SPDX-License-Identifier: MIT */
/* Inside the doors: doors.c, doors_vpc.c, doors_sandbox.c, doors_hold.c, doors_functions.c. */
#ifndef BARMKIN_DOORS_PARTS_H
#define BARMKIN_DOORS_PARTS_H
#include <pthread.h>

#include "api/network.h"
#include "doors.h"
#include "front.h"
#include "warden/door.h"

enum door_kind { DOOR_ENDPOINT, DOOR_ADMIN, DOOR_VPC, DOOR_CREDENTIALS, DOOR_DNS, DOOR_HOST };

struct door_vpc;
struct door_tag { /* what a listener carries; never freed: connections outlive VPCs */
    enum door_kind kind;
    struct door_vpc *vpc;
};

struct door_table { /* what stands behind a VPC's doors; replaced as a whole */
    struct arena *arena;
    const struct network_endpoint *endpoints;
    size_t n_endpoints;
    struct map names;     /* -> struct network_name */
    struct vpc_plan ways; /* its subnets, routes, publics and S3's ranges, and no more */
};

struct door_vpc {
    struct message_id id;
    struct doors *doors;
    struct io_thread *thread; /* whose loop has its listeners */
    struct door_tag tls, credentials, dns;
    pthread_mutex_t apply; /* one change at a time: warden is waited for under it */
    uint64_t asked;        /* the newest generation that came here; under apply */
    uint64_t generation;   /* of what stands in the kernel; under apply */
    bool listening, gone;  /* under apply */
    pthread_mutex_t lock;  /* of the table */
    struct door_table *table;
    struct arena *packets; /* of DNS, on the loop's thread */
    struct door_vpc *next;
};

struct doors {
    struct front *front;
    struct house *house;
    struct arena *arena; /* under lock */
    pthread_mutex_t lock;
    struct door_vpc *vpcs;
    size_t next_thread;
    _Atomic bool running; /* the loops run: listeners are attached by posts */
    struct sandbox_registry *sandboxes;
    struct holds *holds;
    struct function_guests *functions;
};

static inline struct doors *doors_of(struct house *h)
{
    return h->doors;
}

/* doors_vpc.c */
res vpc_apply(struct house *h, const struct network *n, struct err *e);
res vpc_remove(struct house *h, str vpc_id, struct err *e);
struct door_vpc *vpc_of(struct doors *d, str id); /* made when it is not there */
/* The endpoint behind a local address; false: none. What *out points to lives in `a`. */
bool vpc_endpoint(struct door_vpc *v, uint32_t local_ip, struct arena *a, struct network_endpoint *out);
/* The public address of a caller that came by a way out to the house itself; 0: that is not how it came. */
uint32_t vpc_public_of(struct door_vpc *v, uint32_t local_ip, uint32_t peer_ip);
/* The kernel, then the listeners: resolver 0 means without DNS and credentials. Under v->apply. */
res vpc_make(struct door_vpc *v, const struct vpc_plan *plan, struct err *e);
void vpcs_close(struct doors *d);

/* doors_sandbox.c */
void sandboxes_new(struct doors *d);
void sandboxes_free(struct doors *d);
void sandbox_answer(struct serving *s, const struct door_vpc *v);

/* doors_functions.c */
void function_guests_new(struct doors *d);
res functions_enter(struct house *h, str eni, struct network_place *out, struct err *e);
res functions_leave(struct house *h, str eni, struct err *e);

/* doors_hold.c */
res holds_open(struct doors *d, struct err *e);
void holds_close(struct doors *d);
res hold_process(struct house *h, str account, str eni, uint32_t pid, struct err *e);
res hold_let_go(struct house *h, str eni, struct err *e);
/* barmkin:ReleaseInterface as the house itself; waits for the commit and its effects. */
res hold_release(struct doors *d, str account, str eni, struct err *e);

#endif
