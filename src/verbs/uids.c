/* SPDX-License-Identifier: MIT */
/* Which numeric users the roles become. They need no names, and nobody else may have them. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "verbs/verbs.h"

/* front, vault, and one kept for a role to come. 64100 lies in the block that Debian allocates centrally and no account
 * of a person comes from. Sandboxes' ids begin at 0x70000000 (warden/server/lease.h). */
enum {
    UIDS_DEFAULT = 64100,
    UIDS_COUNT = 3,
    UIDS_LEAST = 100,
    UIDS_END = 0x70000000,
    NOBODY = 65534,
    NOT_16_BIT = 65535
};

/* Whoever has a subordinate range may become each of its ids in a user namespace of their own. */
static res check_subordinate(const char *path, uint32_t base, struct err *e)
{
    char line[512];
    FILE *f = fopen(path, "re");
    res r = OK;

    while (f && is_ok(r) && fgets(line, sizeof line, f)) {
        str rest = str_trim(str_z(line)), owner = str_cut(&rest, ':'), first = str_cut(&rest, ':');
        uint64_t from, n;
        if (!str_to_u64(first, &from) || !str_is(rest) || !str_to_u64(rest, &n))
            continue;
        if (base < from + n && from < (uint64_t)base + UIDS_COUNT)
            r = reject(e, "uid %u is within %.*s's range in %s: choose another --uid-base", base, FMT(owner), path);
    }
    if (f)
        fclose(f);
    return r;
}

res uids_choose(str uid_base, uint32_t *base, struct err *e)
{
    uint64_t n = UIDS_DEFAULT;

    if (str_is(uid_base) && (!str_to_u64(uid_base, &n) || n < UIDS_LEAST || n > UIDS_END - UIDS_COUNT))
        return reject(e, "--uid-base takes a number from %d to %d, not '%.*s'", UIDS_LEAST, UIDS_END - UIDS_COUNT,
                      FMT(uid_base));
    *base = (uint32_t)n;
    for (uint32_t id = *base; id < *base + UIDS_COUNT; id++) {
        const struct passwd *user = getpwuid(id);
        if (user)
            return reject(e, "uid %u is the user %s: choose another --uid-base", id, user->pw_name);
        const struct group *group = getgrgid(id);
        if (group)
            return reject(e, "gid %u is the group %s: choose another --uid-base", id, group->gr_name);
        if (id == NOBODY || id == NOT_16_BIT)
            return reject(e, "uid %u has a meaning of its own: choose another --uid-base", id);
    }
    TRY(check_subordinate("/etc/subuid", *base, e));
    return check_subordinate("/etc/subgid", *base, e);
}
