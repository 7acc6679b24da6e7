/* SPDX-License-Identifier: MIT */
/* Inside the vault role: its state, and the answer to each kind of request. */
#ifndef BARMKIN_VAULT_ANSWER_H
#define BARMKIN_VAULT_ANSWER_H
#include <pthread.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/x509.h"
#include "vault/pipe.h"
#include "vault/root.h"

/* The pipe to warden; one message and its answer at a time. */
struct warden_pipe {
    pthread_mutex_t lock;
    int fd;
    uint64_t request;
};

/* Shared by all threads and unchanged once they run (the warden pipe has its lock). Lives in a secret arena. */
struct vault_keys {
    struct root root;
    struct x509_ca ca;
    str ca_cert;
    struct warden_pipe warden;
};

/* One thread's. */
struct vault_work {
    struct vault_keys *keys;
    struct arena *secrets; /* reset after each message */
    struct aead aead;
};

/* Answers a request: fills out[*n_out] with what lives until the reset. Ends the process when the kind is unknown or
 * the fields are not those of the kind. */
res vault_answer(struct vault_work *w, const struct vault_message *m, str out[VAULT_PIPE_FIELDS_MAX], size_t *n_out,
                 struct err *e);
/* Logs why and ends the process: whoever sends this is no client of ours. */
void vault_malformed(const char *why) __attribute__((noreturn));

/* Sends a volume's key and waits until warden has it (volume_key.h). Oops: there is no warden, or it does not answer.
 */
res warden_give_key(struct warden_pipe *p, str volume_id, str key, struct err *e);

#endif
