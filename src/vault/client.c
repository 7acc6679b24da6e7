/* SPDX-License-Identifier: MIT */
/* The client: one question, one answer, and nothing left behind in between. */
#include "vault/vault.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/enc.h"
#include "vault/blob.h"
#include "vault/pipe.h"

/* A vault that takes longer than this is stuck; the caller's call fails rather than hang for ever. */
enum { ANSWER_SECONDS = 10, OWN_BYTES_MAX = 1 << 16, WORK_BYTES_MAX = 4 << 20 };

struct vault {
    struct vault_pipe pipe; /* fd -1: the vault is gone */
    _Atomic bool lost;      /* the same, for other threads */
    _Atomic int next_fd;    /* a new vault's socket, which the next call goes over to; -1: none */
    struct arena *own;      /* this struct and the room */
};

static void take_fd(struct vault *v, int fd)
{
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    v->pipe.fd = fd;
    atomic_store(&v->lost, false);
}

static void drop_fd(struct vault *v)
{
    if (v->pipe.fd >= 0)
        close(v->pipe.fd);
    v->pipe.fd = -1;
    atomic_store(&v->lost, true);
}

struct vault *vault_client_new(int fd)
{
    struct arena *own = arena_new_secret(OWN_BYTES_MAX);
    struct vault *v = ARENA_NEW(own, struct vault);

    v->own = own;
    atomic_init(&v->next_fd, -1);
    v->pipe.room = arena_alloc(own, VAULT_PIPE_ROOM_BYTES);
    v->pipe.secrets = arena_new_secret(WORK_BYTES_MAX);
    take_fd(v, fd);
    return v;
}

void vault_client_rebind(struct vault *v, int fd)
{
    int untaken = atomic_exchange(&v->next_fd, fd);

    if (untaken >= 0)
        close(untaken);
}

bool vault_client_lost(const struct vault *v)
{
    return atomic_load(&v->lost) && atomic_load(&v->next_fd) < 0;
}

static void go_over(struct vault *v)
{
    int fd = atomic_load(&v->next_fd) < 0 ? -1 : atomic_exchange(&v->next_fd, -1);

    if (fd < 0)
        return;
    drop_fd(v);
    take_fd(v, fd);
}

void vault_client_free(struct vault *v)
{
    if (!v)
        return;
    vault_client_rebind(v, -1);
    drop_fd(v);
    arena_free(v->pipe.secrets);
    arena_free(v->own); /* v itself */
}

/* Where an answer's field goes: a copy in an arena, or exactly n bytes to a fixed place. */
struct want {
    struct arena *a;
    str *out;
    uint8_t *fixed;
    size_t n;
};

static res deliver(const struct vault_message *m, const struct want *wants, size_t n, struct err *e)
{
    if (m->n != n)
        return oops(e, 0, "vault answered with %zu fields instead of %zu", m->n, n);
    for (size_t i = 0; i < n; i++) {
        if (!wants[i].fixed)
            *wants[i].out = arena_dup(wants[i].a, m->fields[i]);
        else if (m->fields[i].n == wants[i].n)
            memcpy(wants[i].fixed, m->fields[i].p, wants[i].n);
        else
            return oops(e, 0, "vault answered with %zu bytes instead of %zu", m->fields[i].n, wants[i].n);
    }
    return OK;
}

static res exchange(struct vault *v, enum vault_op op, const str *args, size_t n_args, struct vault_message *m,
                    struct err *e)
{
    bool end;

    go_over(v);
    if (v->pipe.fd < 0)
        return oops(e, 0, "vault is gone");
    res sent = vault_pipe_send(v->pipe.fd, op, args, n_args, e);
    if (sent.why == WHY_REJECT)
        return sent; /* nothing went out: the pipe is still in step */
    if (is_ok(sent) && is_ok(vault_pipe_receive(&v->pipe, m, &end, e)))
        return OK;
    drop_fd(v); /* half a message may lie in it */
    return oops(e, 0, "vault does not answer");
}

static res ask(struct vault *v, enum vault_op op, const str *args, size_t n_args, const struct want *wants,
               size_t n_wants, struct err *e)
{
    struct vault_message m;
    res r = exchange(v, op, args, n_args, &m, e);

    if (is_ok(r) && m.kind == WHY_OK)
        r = deliver(&m, wants, n_wants, e);
    else if (is_ok(r) && m.n == 1 && m.kind == WHY_REJECT)
        r = reject(e, "%.*s", FMT(m.fields[0]));
    else if (is_ok(r))
        r = m.n == 1 ? oops(e, 0, "vault: %.*s", FMT(m.fields[0])) : oops(e, 0, "vault's answer makes no sense");
    vault_pipe_settle(&v->pipe);
    return r;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ASK(v, op, args, wants, e) ask((v), (op), (args), COUNT(args), (wants), COUNT(wants), (e))

res vault_wrap(struct vault *v, str purpose, str aad, str plain, struct arena *a, str *sealed, struct err *e)
{
    const str args[] = {purpose, aad, plain};
    const struct want wants[] = {{.a = a, .out = sealed}};

    return ASK(v, VAULT_OP_WRAP, args, wants, e);
}

res vault_unwrap(struct vault *v, str purpose, str aad, str sealed, struct arena *secrets, str *plain, struct err *e)
{
    const str args[] = {purpose, aad, sealed};
    const struct want wants[] = {{.a = secrets, .out = plain}};

    return ASK(v, VAULT_OP_UNWRAP, args, wants, e);
}

res vault_new_secret(struct vault *v, str access_key_id, struct arena *secrets, str *secret, struct arena *a,
                     str *sealed, struct err *e)
{
    const str args[] = {access_key_id};
    const struct want wants[] = {{.a = secrets, .out = secret}, {.a = a, .out = sealed}};

    return ASK(v, VAULT_OP_NEW_SECRET, args, wants, e);
}

res vault_signing_key(struct vault *v, str access_key_id, str sealed, str date, str region, str service,
                      uint8_t key[VAULT_KEY_BYTES], struct err *e)
{
    const str args[] = {access_key_id, sealed, date, region, service};
    const struct want wants[] = {{.fixed = key, .n = VAULT_KEY_BYTES}};

    return ASK(v, VAULT_OP_SIGNING_KEY, args, wants, e);
}

res vault_sign_v2(struct vault *v, str access_key_id, str sealed, str string_to_sign, uint8_t mac[20], struct err *e)
{
    const str args[] = {access_key_id, sealed, string_to_sign};
    const struct want wants[] = {{.fixed = mac, .n = 20}};

    return ASK(v, VAULT_OP_SIGN_V2, args, wants, e);
}

res vault_seal_token(struct vault *v, str claims, struct arena *a, str *token_base64, struct err *e)
{
    str sealed;
    const str args[] = {claims};
    const struct want wants[] = {{.a = a, .out = &sealed}};

    TRY(ASK(v, VAULT_OP_SEAL_TOKEN, args, wants, e));
    *token_base64 = base64_encode(a, sealed);
    return OK;
}

res vault_open_token(struct vault *v, str token_base64, struct arena *a, str *claims, struct err *e)
{
    str sealed;

    /* Several texts decode to the same bytes (the unused bits before the padding); only ours is a token. */
    if (token_base64.n > VAULT_PIPE_BYTES_MAX || !base64_decode(a, token_base64, &sealed) ||
        !str_eq(base64_encode(a, sealed), token_base64))
        return reject(e, "the session token is not one of ours");
    const str args[] = {sealed};
    const struct want wants[] = {{.a = a, .out = claims}};

    return ASK(v, VAULT_OP_OPEN_TOKEN, args, wants, e);
}

res vault_kms_new_key(struct vault *v, str key_arn, struct arena *a, str *sealed_material, struct err *e)
{
    const str args[] = {key_arn};
    const struct want wants[] = {{.a = a, .out = sealed_material}};

    return ASK(v, VAULT_OP_KMS_NEW_KEY, args, wants, e);
}

res vault_kms_encrypt(struct vault *v, str key_arn, str material, str context, str plain, struct arena *a,
                      str *ciphertext, struct err *e)
{
    const str args[] = {key_arn, material, context, plain};
    const struct want wants[] = {{.a = a, .out = ciphertext}};

    return ASK(v, VAULT_OP_KMS_ENCRYPT, args, wants, e);
}

res vault_kms_decrypt(struct vault *v, str key_arn, str material, str context, str ciphertext, struct arena *secrets,
                      str *plain, struct err *e)
{
    const str args[] = {key_arn, material, context, ciphertext};
    const struct want wants[] = {{.a = secrets, .out = plain}};

    return ASK(v, VAULT_OP_KMS_DECRYPT, args, wants, e);
}

res vault_kms_generate_data_key(struct vault *v, str key_arn, str material, str context, size_t n_bytes,
                                struct arena *secrets, str *plain, struct arena *a, str *ciphertext, struct err *e)
{
    uint32_t n = n_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)n_bytes, with_plain = plain != NULL;
    str nothing;
    const str args[] = {key_arn, material, context, vault_pipe_number(&n), vault_pipe_number(&with_plain)};
    const struct want wants[] = {{.a = secrets ? secrets : a, .out = plain ? plain : &nothing},
                                 {.a = a, .out = ciphertext}};

    return ASK(v, VAULT_OP_KMS_DATA_KEY, args, wants, e);
}

bool vault_kms_key_of(str ciphertext, str *key_arn)
{
    struct kms_blob blob;

    if (!kms_blob_parse(ciphertext, &blob))
        return false;
    *key_arn = blob.arn;
    return true;
}

res vault_release_volume_key(struct vault *v, str key_arn, str material, str context, str ciphertext, str volume_id,
                             struct err *e)
{
    const str args[] = {key_arn, material, context, ciphertext, volume_id};

    return ask(v, VAULT_OP_RELEASE_VOLUME, args, COUNT(args), NULL, 0, e);
}

res vault_ca_certificate(struct vault *v, struct arena *a, str *der, struct err *e)
{
    const struct want wants[] = {{.a = a, .out = der}};

    return ask(v, VAULT_OP_CA, NULL, 0, wants, COUNT(wants), e);
}

res vault_issue_leaf(struct vault *v, const str *names, size_t n, str public_key_der, int days, struct arena *a,
                     str *der, struct err *e)
{
    uint32_t number = days < 0 ? 0 : (uint32_t)days;
    str lines = S("");

    for (size_t i = 0; i < n; i++) {
        if (str_find(names[i], '\n') >= 0)
            return reject(e, "a certificate's name has a line break");
        lines = arena_cat(a, lines, i ? arena_cat(a, S("\n"), names[i]) : names[i]);
    }
    const str args[] = {n ? lines : STR_ABSENT, public_key_der, vault_pipe_number(&number)};
    const struct want wants[] = {{.a = a, .out = der}};

    return ASK(v, VAULT_OP_LEAF, args, wants, e);
}

res vault_mac(struct vault *v, str purpose, str bytes, uint8_t mac[32], struct err *e)
{
    const str args[] = {purpose, bytes};
    const struct want wants[] = {{.fixed = mac, .n = 32}};

    return ASK(v, VAULT_OP_MAC, args, wants, e);
}
