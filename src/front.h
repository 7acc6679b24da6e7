/* SPDX-License-Identifier: MIT */
/* The front role: its threads, and the house they share. `init` opens the same house in its own process. */
#ifndef BARMKIN_FRONT_H
#define BARMKIN_FRONT_H
#include <pthread.h>

#include "api/house.h"
#include "serve.h"
#include "state.h"
#include "wire/tls.h"

/* Pipes to vault threads: one per I/O thread, then the writer's, the conductor's and the seal's. */
enum { FRONT_MAX_THREADS = 4, FRONT_EXTRA_PIPES = 3 };

struct front {
    struct arena *arena;
    struct state state;
    struct house house;
    struct worker writer_worker;
    struct io_thread io[FRONT_MAX_THREADS];
    size_t n_io;
    struct tls_server *tls;
    struct doors *doors;
    struct collector *collector;
    struct vault *vaults[FRONT_MAX_THREADS + FRONT_EXTRA_PIPES]; /* in the pipes' order; one user a pipe */
    size_t n_vaults;
    struct vault *seal_vault;
    int parent_fd; /* 0: none, in init */
    pthread_t audit_thread;
    _Atomic bool closing;
    _Atomic bool rows_wait, is_clearing; /* audit rows that the store still holds; a clearing is queued */
    struct work clearing;
    uint64_t audit_row; /* of the commit group under way: writer's thread */
};

/* Opens store, blobs, audit and vault clients, and starts writer and pool; no sockets yet. state_dir NULL: the folder
 * that this process stands in. */
res front_open(struct front *f, const char *state_dir, const int *vault_fds, size_t n_vault_fds, int warden_fd,
               struct err *e);
/* Listens, serves until SIGTERM or the parent's end, then finishes what is in flight. */
res front_serve(struct front *f, int listen_fd, int admin_fd, struct err *e);
void front_close(struct front *f);

/* front_role.c. The entry: parses its arguments, drops its rights, serves. */
int front_main(int argc, char **argv);
void front_ready(struct front *f); /* tells the parent that requests are answered */
/* Main thread: until SIGTERM or the parent's end. Takes a new vault's pipes meanwhile, and asks for one when ours is
 * stuck. */
void front_attend(struct front *f);

#endif
