/* SPDX-License-Identifier: MIT */
/* The one message that vault sends to warden: a volume's plain key. No crypto and no library here, so that warden may
 * include it. On the pipe it is an ordinary warden message (warden/message.h): this head, this body, and warden answers
 * with a message_outcome; front hears OK only after warden did, so the key is there when front asks for the mount. */
#ifndef BARMKIN_VAULT_VOLUME_KEY_H
#define BARMKIN_VAULT_VOLUME_KEY_H
#include <stdint.h>

enum {
    VOLUME_KEY_TYPE = 95, /* in warden's range of volume messages; accepted from vault's pipe only */
    VOLUME_KEY_ID_BYTES = 64,
    VOLUME_KEY_SECRET_BYTES = 64, /* what fscrypt's AES-256-XTS takes */
};
#define VOLUME_KEY_MAGIC 0x59454b4c4f56ULL /* "VOLKEY" in memory */

/* The body. Host byte order: both ends come from one build and run on one machine. */
struct volume_key_body {
    uint64_t magic;
    char volume_id[VOLUME_KEY_ID_BYTES]; /* "vol-...", or "fs-...-box-..." for one sandbox that shares it; NUL-filled */
    uint8_t key[VOLUME_KEY_SECRET_BYTES];
} __attribute__((packed));

/* The whole message as sent; the first four fields are warden's struct message_head. */
struct volume_key_message {
    uint32_t body_bytes; /* sizeof(struct volume_key_body) */
    uint16_t type;       /* VOLUME_KEY_TYPE */
    uint16_t n_fds;      /* 0 */
    uint64_t request;    /* chosen by vault, repeated in the reply */
    struct volume_key_body body;
} __attribute__((packed));

#endif
