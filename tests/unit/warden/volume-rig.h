/* SPDX-License-Identifier: MIT */
/* Volumes of warden's without warden: a folder of images, one of mounts, leases of its own. */
#ifndef BARMKIN_TESTS_UNIT_WARDEN_VOLUME_RIG_H
#define BARMKIN_TESTS_UNIT_WARDEN_VOLUME_RIG_H
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "warden/server/server.h"
#include "warden/server/volume.h"

static const char planted[] = "planted-secret-bytes-of-a-volume";
static const uint8_t key_a[64] = {1, 2, 3, 4, 5}, key_b[64] = {9, 9, 9};

struct rig {
    char dir[64], images[96], mounts[96], leases[96];
    struct volumes *v;
    struct err e;
};

static inline struct volume_site site_of(const struct rig *r)
{
    return (struct volume_site){r->images, r->mounts, r->leases, "0a0b0c"};
}

static inline int setup(void **state)
{
    static struct rig r;
    struct volume_site site;

    if (geteuid() != 0)
        return 0;
    memset(&r, 0, sizeof r);
    snprintf(r.dir, sizeof r.dir, "/tmp/barmkin-volume.XXXXXX");
    assert_non_null(mkdtemp(r.dir));
    chmod(r.dir, 0711);
    snprintf(r.images, sizeof r.images, "%s/images", r.dir);
    snprintf(r.mounts, sizeof r.mounts, "%s/vol", r.dir);
    snprintf(r.leases, sizeof r.leases, "%s/uids", r.dir);
    site = site_of(&r);
    if (!is_ok(volumes_new(&site, &r.v, &r.e)))
        fail_msg("%s", r.e.what);
    *state = &r;
    return 0;
}

static inline int teardown(void **state)
{
    struct rig *r = *state;

    if (!r)
        return 0;
    volumes_free(r->v);
    mounts_detach_below(r->mounts);
    tree_remove(r->dir);
    return access(r->dir, F_OK) == 0 ? -1 : 0;
}

static inline void ok(struct rig *r, res x)
{
    if (!is_ok(x))
        fail_msg("%s (%s)", r->e.what, strerror(r->e.sys_errno));
}

static inline uint32_t mounted(struct rig *r, const char *id, const uint8_t *key)
{
    uint32_t base = 0;

    ok(r, volume_key_put(r->v, id, key, &r->e));
    ok(r, volume_mount(r->v, id, &base, &r->e));
    return base;
}

static inline bool file_holds(const char *path, const char *needle)
{
    static char piece[65536];
    size_t have = 0;
    FILE *f = fopen(path, "re");
    bool found = false;

    assert_non_null(f);
    for (size_t n = 1; n && !found;) {
        n = fread(piece + have, 1, sizeof piece - have, f);
        have += n;
        found = memmem(piece, have, needle, strlen(needle)) != NULL;
        size_t keep = have < strlen(needle) ? have : strlen(needle); /* it may lie across two pieces */
        memmove(piece, piece + have - keep, keep);
        have = keep;
    }
    fclose(f);
    return found;
}

static inline unsigned loops_of(const char *dir)
{
    char path[64], text[512];
    unsigned n = 0;

    for (int i = 0; i < 64; i++) {
        snprintf(path, sizeof path, "/sys/block/loop%d/loop/backing_file", i);
        if (file_read(path, text, sizeof text) > 0 && strncmp(text, dir, strlen(dir)) == 0)
            n++;
    }
    return n;
}

#endif
