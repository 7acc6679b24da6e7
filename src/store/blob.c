/* SPDX-License-Identifier: MIT */
/* Sealed files. Layout: a header of 32 bytes (magic with the version, salt), then frames of 64 KiB of plaintext and a
 * tag each; only the last may be shorter. The key that seals is HKDF(object key, salt), so that not even two blobs
 * under one key share a nonce; the nonce is the frame's number; header, number and whether it is the last are bound
 * into each frame. The size is the file's length, and is proven by the last frame. */
#include "store/blob.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "crypto/random.h"
#include "store/blob_folder.h"

enum {
    MAGIC_BYTES = 8,
    SALT_BYTES = 24,
    HEADER_BYTES = MAGIC_BYTES + SALT_BYTES,
    SEALED_BYTES = BLOB_FRAME_BYTES + AEAD_TAG_BYTES,
    AAD_BYTES = HEADER_BYTES + 9,
    NO_FRAME = -1
};
static const char magic[MAGIC_BYTES + 1] = "BRKBLOB1";

/* What sealing and opening have in common. */
struct frames {
    struct aead aead;
    uint8_t header[HEADER_BYTES];
};

struct blob_writer {
    struct arena *mem; /* holds this struct and buf */
    struct blobs *b;
    int fd;
    bool failed;
    struct frames frames;
    uint64_t index, size;
    size_t fill;  /* plaintext waiting in buf; written when the next byte shows that it is not the last */
    uint8_t *buf; /* SEALED_BYTES */
};

struct blob_reader {
    struct arena *mem;
    struct blobs *b;
    int fd;
    struct frames frames;
    uint64_t size, n_frames;
    int64_t index; /* of the frame whose plaintext is in buf, or NO_FRAME */
    size_t fill;
    uint8_t *buf;
};

/* ---- frames ---- */

static void frames_init(struct frames *x, const uint8_t key[BLOB_KEY_BYTES])
{
    uint8_t file_key[AEAD_KEY_BYTES];

    hkdf_sha256(str_n((const char *)key, BLOB_KEY_BYTES), str_n((const char *)x->header + MAGIC_BYTES, SALT_BYTES),
                S("barmkin blob frames"), file_key, sizeof file_key);
    aead_init(&x->aead, file_key);
    explicit_bzero(file_key, sizeof file_key);
}

/* The nonce and the bound data of frame `index`. */
static str frame_facts(const struct frames *x, uint64_t index, bool last, uint8_t nonce[AEAD_NONCE_BYTES],
                       uint8_t aad[AAD_BYTES])
{
    memset(nonce, 0, AEAD_NONCE_BYTES);
    memcpy(aad, x->header, HEADER_BYTES);
    for (int i = 0; i < 8; i++)
        nonce[AEAD_NONCE_BYTES - 1 - i] = aad[HEADER_BYTES + i] = (uint8_t)(index >> (8 * i));
    aad[HEADER_BYTES + 8] = last;
    return str_n((const char *)aad, AAD_BYTES);
}

static void frame_seal(struct frames *x, uint64_t index, bool last, str plain, uint8_t *dst)
{
    uint8_t nonce[AEAD_NONCE_BYTES], aad[AAD_BYTES];
    str bound = frame_facts(x, index, last, nonce, aad);

    aead_seal(&x->aead, nonce, bound, plain, dst);
}

static bool frame_open(struct frames *x, uint64_t index, bool last, uint8_t *buf, size_t n)
{
    uint8_t nonce[AEAD_NONCE_BYTES], aad[AAD_BYTES];
    str bound = frame_facts(x, index, last, nonce, aad);

    return aead_open(&x->aead, nonce, bound, str_n((const char *)buf, n), buf);
}

/* ---- writing ---- */

res blob_begin(struct blobs *b, const uint8_t key[BLOB_KEY_BYTES], struct blob_writer **out, struct err *e)
{
    int fd;

    TRY(blob_folder_tmpfile(b, &fd, e));
    struct arena *mem = arena_new(2 * SEALED_BYTES);
    struct blob_writer *w = ARENA_NEW(mem, struct blob_writer);
    w->mem = mem;
    w->b = b;
    w->fd = fd;
    w->buf = arena_alloc(mem, SEALED_BYTES);
    memcpy(w->frames.header, magic, MAGIC_BYTES);
    random_bytes(w->frames.header + MAGIC_BYTES, SALT_BYTES);
    frames_init(&w->frames, key);
    res r = blob_folder_write(b, fd, w->frames.header, HEADER_BYTES, e);
    if (!is_ok(r)) {
        blob_abandon(w);
        return r;
    }
    *out = w;
    return OK;
}

static res flush_frame(struct blob_writer *w, str plain, bool last, struct err *e)
{
    frame_seal(&w->frames, w->index, last, plain, w->buf);
    w->index++;
    w->fill = 0;
    res r = blob_folder_write(w->b, w->fd, w->buf, plain.n + AEAD_TAG_BYTES, e);
    w->failed = !is_ok(r);
    return r;
}

static str waiting(const struct blob_writer *w)
{
    return str_n((const char *)w->buf, w->fill);
}

res blob_write(struct blob_writer *w, str bytes, struct err *e)
{
    if (w->failed)
        return oops(e, EIO, "an earlier write of this blob failed");
    w->size += bytes.n;
    while (bytes.n) {
        if (w->fill == BLOB_FRAME_BYTES)
            TRY(flush_frame(w, waiting(w), false, e));
        if (!w->fill && bytes.n > BLOB_FRAME_BYTES) { /* whole frames are sealed from where they lie */
            TRY(flush_frame(w, str_sub(bytes, 0, BLOB_FRAME_BYTES), false, e));
            bytes = str_from(bytes, BLOB_FRAME_BYTES);
            continue;
        }
        str part = str_sub(bytes, 0, BLOB_FRAME_BYTES - w->fill);
        memcpy(w->buf + w->fill, part.p, part.n);
        w->fill += part.n;
        bytes = str_from(bytes, part.n);
    }
    return OK;
}

res blob_finish(struct blob_writer *w, char id[BLOB_ID_BYTES + 1], uint64_t *size, struct err *e)
{
    char made[BLOB_ID_BYTES + 1];
    res r = w->failed ? oops(e, EIO, "an earlier write of this blob failed") : flush_frame(w, waiting(w), true, e);

    if (is_ok(r))
        r = blob_folder_publish(w->b, w->fd, made, e);
    if (is_ok(r)) {
        memcpy(id, made, sizeof made);
        *size = w->size;
    }
    blob_abandon(w);
    return r;
}

void blob_abandon(struct blob_writer *w)
{
    if (!w)
        return;
    close(w->fd); /* without a name, the file is gone with it */
    aead_done(&w->frames.aead);
    explicit_bzero(w->buf, SEALED_BYTES);
    arena_free(w->mem);
}

/* ---- reading ---- */

static size_t sealed_bytes_of(const struct blob_reader *r, uint64_t index)
{
    uint64_t plain = index + 1 < r->n_frames ? BLOB_FRAME_BYTES : r->size - index * BLOB_FRAME_BYTES;

    return (size_t)plain + AEAD_TAG_BYTES;
}

/* Brings the plaintext of one frame into buf. */
static res load(struct blob_reader *r, uint64_t index, struct err *e)
{
    size_t n = sealed_bytes_of(r, index);

    if (r->index == (int64_t)index)
        return OK;
    r->index = NO_FRAME;
    TRY(blob_folder_read(r->b, r->fd, HEADER_BYTES + index * SEALED_BYTES, r->buf, n, e));
    if (!frame_open(&r->frames, index, index + 1 == r->n_frames, r->buf, n))
        return oops(e, EBADMSG, "frame %llu of a blob does not verify: it was altered, or the key is another's",
                    (unsigned long long)index);
    r->index = (int64_t)index;
    r->fill = n - AEAD_TAG_BYTES;
    return OK;
}

/* Works out size and number of frames from the length; refuses lengths that no writer produces. */
static res measure(struct blob_reader *r, struct err *e)
{
    struct stat st;

    if (fstat(r->fd, &st) != 0)
        return oops(e, errno, "measuring a blob");
    if (!S_ISREG(st.st_mode) || st.st_size < HEADER_BYTES + AEAD_TAG_BYTES)
        return oops(e, EBADMSG, "a blob's file is too short");
    uint64_t body = (uint64_t)st.st_size - HEADER_BYTES, last = body % SEALED_BYTES;
    r->n_frames = body / SEALED_BYTES + (last != 0);
    r->size = body - r->n_frames * AEAD_TAG_BYTES;
    bool empty_last = last == AEAD_TAG_BYTES && r->n_frames > 1;
    if (last != 0 && (last < AEAD_TAG_BYTES || empty_last))
        return oops(e, EBADMSG, "a blob's file has a length that no blob has");
    return OK;
}

static res open_frames(struct blob_reader *r, const uint8_t key[BLOB_KEY_BYTES], struct err *e)
{
    TRY(measure(r, e));
    TRY(blob_folder_read(r->b, r->fd, 0, r->frames.header, HEADER_BYTES, e));
    if (memcmp(r->frames.header, magic, MAGIC_BYTES) != 0)
        return oops(e, EBADMSG, "a blob's file has no header of this version");
    frames_init(&r->frames, key);
    return load(r, r->n_frames - 1, e); /* the last frame proves the size before anybody is told it */
}

res blob_open(struct blobs *b, str id, const uint8_t key[BLOB_KEY_BYTES], struct blob_reader **out, struct err *e)
{
    int fd;

    TRY(blob_folder_open(b, id, &fd, e));
    struct arena *mem = arena_new(2 * SEALED_BYTES);
    struct blob_reader *r = ARENA_NEW(mem, struct blob_reader);
    r->mem = mem;
    r->b = b;
    r->fd = fd;
    r->index = NO_FRAME;
    r->buf = arena_alloc(mem, SEALED_BYTES);
    res opened = open_frames(r, key, e);
    if (!is_ok(opened)) {
        blob_close(r);
        return opened;
    }
    *out = r;
    return OK;
}

uint64_t blob_size(const struct blob_reader *r)
{
    return r->size;
}

res blob_read(struct blob_reader *r, uint64_t offset, void *dst, size_t cap, size_t *got, struct err *e)
{
    size_t n = 0;

    *got = 0;
    while (n < cap && offset < r->size) {
        TRY(load(r, offset / BLOB_FRAME_BYTES, e));
        size_t within = (size_t)(offset % BLOB_FRAME_BYTES), part = r->fill - within;
        if (part > cap - n)
            part = cap - n;
        memcpy((char *)dst + n, r->buf + within, part);
        n += part;
        offset += part;
    }
    *got = n;
    return OK;
}

void blob_close(struct blob_reader *r)
{
    if (!r)
        return;
    close(r->fd);
    aead_done(&r->frames.aead);
    explicit_bzero(r->buf, SEALED_BYTES);
    arena_free(r->mem);
}
