/* SPDX-License-Identifier: MIT */
/* Files of the state folder that are not records: config, profiles, the lock. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"

enum { CLAIM_WAIT_MS = 20000 };

char *state_path(const struct state *s, struct arena *a, const char *name)
{
    return arena_z(a, arena_printf(a, "%.*s/%s", FMT(s->dir), name));
}

res state_read(const char *path, size_t max_bytes, struct arena *a, str *text, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t n = 0;

    if (fd < 0 || fstat(fd, &st)) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return why == ENOENT ? reject(e, "there is no %s", path) : oops(e, why, "cannot read %s", path);
    }
    size_t size = (size_t)st.st_size < max_bytes ? (size_t)st.st_size : max_bytes;
    char *p = arena_alloc(a, size + 1);
    while (n < size) {
        ssize_t got = read(fd, p + n, size - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(fd);
    *text = str_n(p, n);
    return OK;
}

static res write_all(int fd, str text)
{
    while (text.n) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0)
            return (res){WHY_OOPS};
        text = str_from(text, (size_t)n);
    }
    return fsync(fd) ? (res){WHY_OOPS} : OK;
}

res state_write(const char *path, str text, mode_t mode, struct err *e)
{
    char temp[4096];

    snprintf(temp, sizeof temp, "%s.new", path);
    unlink(temp);
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return oops(e, errno, "cannot write %s", temp);
    res r = write_all(fd, text);
    int why = errno;
    fchmod(fd, mode); /* whatever the umask says */
    close(fd);
    if (!is_ok(r) || rename(temp, path)) {
        why = is_ok(r) ? errno : why;
        unlink(temp);
        return oops(e, why, "cannot write %s", path);
    }
    return OK;
}

static res load(str dir, struct arena *a, struct state *out, struct err *e)
{
    str text;
    json_t *j;

    *out = (struct state){.dir = dir};
    TRY(state_read(state_path(out, a, "config.json"), 1 << 16, a, &text, e));
    TRY(json_parse(a, text, e, &j));
    out->tag = json_str_at(j, "tag");
    out->region = json_str_at(j, "region");
    out->listen = json_str_at(j, "listen");
    out->org_id = json_str_at(j, "org_id");
    out->management_account = json_str_at(j, "management_account");
    out->uid_base = (uint32_t)json_integer_value(json_object_get(j, "uid_base"));
    out->run_twice = json_is_true(json_object_get(j, "run_twice"));
    out->clock_offset_ms = json_integer_value(json_object_get(j, "clock_offset_ms"));
    if (out->tag.n != 6 || !out->region.n || !out->listen.n || !out->uid_base)
        return reject(e, "%.*s/config.json is damaged", FMT(dir));
    return OK;
}

res state_load(const char *dir, struct arena *a, struct state *out, struct err *e)
{
    char real[4096];

    if (!realpath(dir, real))
        return reject(e, "there is no state folder %s: run `barmkin init --state %s` first", dir, dir);
    return load(arena_dup(a, str_z(real)), a, out, e);
}

res state_load_here(struct arena *a, struct state *out, struct err *e)
{
    return load(S("."), a, out, e);
}

res state_save(const struct state *s, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    struct buf b;

    buf_init(&b, 1 << 16);
    buf_add_z(&b, "{\"schema\":1,\"tag\":");
    buf_add_json_str(&b, s->tag);
    buf_add_z(&b, ",\"region\":");
    buf_add_json_str(&b, s->region);
    buf_add_z(&b, ",\"listen\":");
    buf_add_json_str(&b, s->listen);
    buf_add_z(&b, ",\"org_id\":");
    buf_add_json_str(&b, s->org_id);
    buf_add_z(&b, ",\"management_account\":");
    buf_add_json_str(&b, s->management_account);
    buf_printf(&b, ",\"uid_base\":%u}\n", s->uid_base);
    res r = state_write(state_path(s, a, "config.json"), buf_str(&b), 0644, e);
    buf_done(&b);
    arena_free(a);
    return r;
}

static res make_folder(const struct state *s, const char *name, mode_t mode, uid_t owner, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    char *path = state_path(s, a, name);
    int failed = (mkdir(path, mode) && errno != EEXIST) || chmod(path, mode) || chown(path, owner, owner) ? errno : 0;
    res r = failed ? oops(e, failed, "cannot make %s", path) : OK;

    arena_free(a);
    return r;
}

res state_make(const struct state *s, struct err *e)
{
    TRY(make_folder(s, ".", 0711, 0, e)); /* roles pass through it, others see nothing in it */
    TRY(make_folder(s, "front", 0700, s->uid_base + STATE_ROLE_FRONT, e));
    TRY(make_folder(s, "front/blobs", 0700, s->uid_base + STATE_ROLE_FRONT, e));
    TRY(make_folder(s, "front/audit", 0700, s->uid_base + STATE_ROLE_FRONT, e));
    TRY(make_folder(s, "vault", 0700, s->uid_base + STATE_ROLE_VAULT, e));
    TRY(make_folder(s, "volumes", 0700, 0, e));
    return make_folder(s, "profiles", 0700, 0, e);
}

static uid_t hand_to; /* nftw takes no context */

static int hand_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return lchown(path, hand_to, hand_to);
}

static res hand(const struct state *s, const char *name, uid_t uid, struct err *e)
{
    struct arena *a = arena_new(1 << 20);

    hand_to = uid;
    int failed = nftw(state_path(s, a, name), hand_one, 16, FTW_PHYS) ? errno : 0;
    arena_free(a);
    return failed ? oops(e, failed, "cannot hand %s to its role", name) : OK;
}

res state_hand_vault(const struct state *s, struct err *e)
{
    return hand(s, "vault", s->uid_base + STATE_ROLE_VAULT, e);
}
res state_hand_front(const struct state *s, struct err *e)
{
    return hand(s, "front", s->uid_base + STATE_ROLE_FRONT, e);
}

res state_lock(const struct state *s, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    int fd = open(state_path(s, a, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    arena_free(a);
    if (fd < 0)
        return oops(e, errno, "cannot open the state's lock");
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return reject(e, "another server is using this state folder");
    }
    return OK; /* the descriptor stays open as long as the process */
}

res state_claim(const struct state *s, int *fd, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    int64_t end = time_mono_ms() + CLAIM_WAIT_MS;

    *fd = open(state_path(s, a, "roles.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    arena_free(a);
    if (*fd < 0)
        return oops(e, errno, "cannot open the roles' lock");
    while (flock(*fd, LOCK_EX | LOCK_NB)) {
        if (time_mono_ms() > end) {
            close(*fd);
            return reject(e, "roles of a server that was killed are still running on this state folder");
        }
        usleep(5000);
    }
    return OK;
}

/* ---- profiles: two ini files ---- */

/* Everything but the section of that name; sections begin with "[name]" or "[profile name]". */
static void without_section(str text, str name, struct buf *out)
{
    bool skip = false;

    while (text.n) {
        str line = str_cut(&text, '\n');
        str inside = str_trim(line);
        if (inside.n > 2 && inside.p[0] == '[') {
            inside = str_sub(inside, 1, inside.n - 2);
            skip = str_eq(inside, name) || (str_starts(inside, S("profile ")) && str_eq(str_from(inside, 8), name));
        }
        if (skip || (!line.n && !text.n))
            continue;
        buf_add(out, line);
        buf_add_char(out, '\n');
    }
}

static res replace_section(const struct state *s, const char *file, str name, str section, struct err *e)
{
    struct arena *a = arena_new_secret(4 << 20);
    char *path = state_path(s, a, file);
    str old = S("");
    struct buf b;

    if (access(path, F_OK) == 0) {
        res got = state_read(path, 1 << 20, a, &old, e);
        if (!is_ok(got)) {
            arena_free(a);
            return got;
        }
    }
    buf_init_secret(&b, 2 << 20);
    without_section(old, name, &b);
    buf_add(&b, section);
    res r = state_write(path, buf_str(&b), 0600, e);
    buf_done(&b);
    arena_free(a);
    return r;
}

static str config_section(const struct state *s, struct arena *a, str name, str account, str endpoint_url)
{
    return arena_printf(a,
                        "[profile %.*s]\nregion = %.*s\nendpoint_url = %.*s\nca_bundle = %.*s/ca.pem\noutput = "
                        "json\nbarmkin_account = %.*s\n",
                        FMT(name), FMT(s->region), FMT(endpoint_url), FMT(s->dir), FMT(account));
}

res profiles_add(const struct state *s, const struct profile *p, struct err *e)
{
    struct arena *a = arena_new_secret(1 << 20);
    str url = arena_printf(a, "https://%.*s", FMT(s->listen));
    str keys = arena_printf(a, "[%.*s]\naws_access_key_id = %.*s\naws_secret_access_key = %.*s\n", FMT(p->name),
                            FMT(p->access_key_id), FMT(p->secret_access_key));
    res r = replace_section(s, "profiles/config", p->name, config_section(s, a, p->name, p->account_id, url), e);

    if (is_ok(r))
        r = replace_section(s, "profiles/credentials", p->name, keys, e);
    arena_free(a);
    return r;
}

res profiles_rewrite(const struct state *s, str endpoint_url, struct err *e)
{
    struct arena *a = arena_new(4 << 20);
    char *path = state_path(s, a, "profiles/config");
    str text;
    struct buf b;
    res r = state_read(path, 1 << 20, a, &text, e);

    if (is_ok(r)) {
        buf_init(&b, 2 << 20);
        while (text.n) {
            str line = str_cut(&text, '\n');
            if (str_starts(line, S("endpoint_url = ")))
                line = arena_cat(a, S("endpoint_url = "), endpoint_url);
            if (!line.n && !text.n)
                break;
            buf_add(&b, line);
            buf_add_char(&b, '\n');
        }
        r = state_write(path, buf_str(&b), 0600, e);
        buf_done(&b);
    }
    arena_free(a);
    return r;
}

static str value_in_section(str text, str section, str name)
{
    bool inside = false;

    while (str_is(text)) {
        str line = str_trim(str_cut(&text, '\n'));
        if (line.n > 2 && line.p[0] == '[') {
            str title = str_sub(line, 1, line.n - 2);
            inside =
                str_eq(title, section) || (str_starts(title, S("profile ")) && str_eq(str_from(title, 8), section));
        }
        str value = line, key = str_cut(&value, '=');
        if (inside && str_is(value) && str_eq(str_trim(key), name))
            return str_trim(value);
    }
    return STR_ABSENT;
}

res profiles_read(const struct state *s, str name, struct arena *secrets, struct profile *out, struct err *e)
{
    str config, keys;

    TRY(state_read(state_path(s, secrets, "profiles/config"), 1 << 20, secrets, &config, e));
    TRY(state_read(state_path(s, secrets, "profiles/credentials"), 1 << 20, secrets, &keys, e));
    *out = (struct profile){.name = name,
                            .account_id = value_in_section(config, name, S("barmkin_account")),
                            .access_key_id = value_in_section(keys, name, S("aws_access_key_id")),
                            .secret_access_key = value_in_section(keys, name, S("aws_secret_access_key"))};
    return out->access_key_id.n ? OK : reject(e, "there is no profile %.*s in this state folder", FMT(name));
}
