/* SPDX-License-Identifier: MIT */
/* Files and variables by which unmodified programs find Amazon's names, here. All of it is on a tmpfs that only this
 * mount namespace has: secrets in it reach no disk, and nothing needs to be cleaned up. */
#include "verbs/run_room.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

enum { BUNDLE_MAX_BYTES = 8 << 20, PROFILES_MAX_BYTES = 1 << 20 };

/* Where libraries look that heed no variable; the first that is there is what ours is added to. */
static const char *const system_bundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                             "/etc/ssl/cert.pem"};
enum { SYSTEM_BUNDLES = sizeof system_bundles / sizeof *system_bundles };

static const char *room_path(const struct room *r, const char *name)
{
    return arena_printf(r->arena, "/run/barmkin/%s", name).p;
}

/* Looked up where the server has it: one who is in a room already has no such folder (private_mounts). */
static res join_network(const struct room *r, struct err *e)
{
    const char *path = arena_printf(r->arena, "/proc/%u/root/run/barmkin/%.*s/netns/%.*s", r->server,
                                    FMT(r->state->tag), FMT(r->interface_id))
                           .p;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return oops(e, errno, "cannot open %s", path);
    int failed = setns(fd, CLONE_NEWNET) ? errno : 0;
    close(fd);
    return failed ? oops(e, failed, "cannot enter the network of %.*s", FMT(r->interface_id)) : OK;
}

/* The folder of the running servers' namespaces gives the place: the command has no use for what is beneath. */
static res private_mounts(const struct room *r, struct err *e)
{
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return oops(e, errno, "cannot make a private mount namespace");
    if (mount("tmpfs", room_path(r, ""), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=32m"))
        return oops(e, errno, "cannot mount %s", room_path(r, ""));
    return OK;
}

static res put(const struct room *r, const char *name, str text, mode_t mode, struct err *e)
{
    return state_write(room_path(r, name), text, mode, e);
}

/* Lays a file of the room over one of the system's; where the system has none, none is needed. */
static res lay_over(const struct room *r, const char *name, const char *over, struct err *e)
{
    char real[4096];

    if (!realpath(over, real))
        return OK;
    return mount(room_path(r, name), real, NULL, MS_BIND, NULL) ? oops(e, errno, "cannot lay over %s", over) : OK;
}

/* Caches and resolvers of the host answer over sockets in the file system, past the namespace. /etc/resolv.conf may be
 * a link to a file of theirs, so ours stands there under the names that it has. */
static res cover_host_resolvers(const struct room *r, str conf, struct err *e)
{
    static const char *const folders[] = {"/run/nscd", "/run/systemd/resolve"};

    if (mkdir(room_path(r, "resolvers"), 0755))
        return oops(e, errno, "cannot make %s", room_path(r, "resolvers"));
    TRY(put(r, "resolvers/resolv.conf", conf, 0644, e));
    TRY(put(r, "resolvers/stub-resolv.conf", conf, 0644, e));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (access(folders[i], F_OK) == 0 && mount(room_path(r, "resolvers"), folders[i], NULL, MS_BIND, NULL))
            return oops(e, errno, "cannot cover %s", folders[i]);
    return OK;
}

static str resolv_conf(const struct room *r)
{
    str rest = r->resolver, conf = S("");

    while (str_is(rest)) {
        str one = str_cut(&rest, ',');
        conf = arena_printf(r->arena, "%.*snameserver %.*s\n", FMT(conf), FMT(one));
    }
    if (r->search.n)
        conf = arena_printf(r->arena, "%.*ssearch %.*s\n", FMT(conf), FMT(r->search));
    return arena_cat(r->arena, conf, S("options timeout:2 attempts:2\n"));
}

static res name_files(const struct room *r, struct err *e)
{
    str conf = resolv_conf(r);

    TRY(put(r, "resolv.conf", conf, 0644, e));
    TRY(put(r, "hosts", S("127.0.0.1 localhost\n"), 0644, e));
    TRY(put(r, "nsswitch.conf",
            S("passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"),
            0644, e));
    TRY(cover_host_resolvers(r, conf, e));
    TRY(lay_over(r, "resolv.conf", "/etc/resolv.conf", e));
    TRY(lay_over(r, "hosts", "/etc/hosts", e));
    return lay_over(r, "nsswitch.conf", "/etc/nsswitch.conf", e);
}

static res bundle(const struct room *r, struct err *e)
{
    str ours, theirs = S("");
    size_t i = 0;

    TRY(state_read(state_path(r->state, r->arena, "ca.pem"), 1 << 20, r->arena, &ours, e));
    while (i < SYSTEM_BUNDLES && access(system_bundles[i], R_OK))
        i++;
    if (i < SYSTEM_BUNDLES)
        TRY(state_read(system_bundles[i], BUNDLE_MAX_BYTES, r->arena, &theirs, e));
    TRY(put(r, "ca-bundle.pem", arena_cat(r->arena, theirs, ours), 0644, e));
    for (i = 0; i < SYSTEM_BUNDLES; i++)
        TRY(lay_over(r, "ca-bundle.pem", system_bundles[i], e));
    return OK;
}

/* The state's own profiles, so that somebody at a prompt may be anybody; only the endpoint goes, and the bundle. */
static res every_profile(const struct room *r, str config, struct err *e)
{
    str text, keys;
    struct buf b;

    TRY(state_read(state_path(r->state, r->arena, "profiles/config"), PROFILES_MAX_BYTES, r->arena, &text, e));
    TRY(state_read(state_path(r->state, r->arena, "profiles/credentials"), PROFILES_MAX_BYTES, r->arena, &keys, e));
    buf_init(&b, 2 * PROFILES_MAX_BYTES);
    buf_printf(&b, "[default]\n%.*s", FMT(config));
    while (text.n) {
        str line = str_cut(&text, '\n');
        if (str_starts(line, S("ca_bundle = ")))
            buf_printf(&b, "ca_bundle = %s\n", room_path(r, "ca-bundle.pem"));
        else if (!str_starts(line, S("endpoint_url = ")))
            buf_printf(&b, "%.*s\n", FMT(line));
    }
    res why = put(r, "config", buf_str(&b), 0600, e);
    buf_done(&b);
    TRY(why);
    return put(r, "credentials", keys, 0600, e);
}

/* As init writes profiles, but without endpoint_url: here the real names lead to Barmkin. A command has the one it was
 * given. */
static res profile_files(const struct room *r, struct err *e)
{
    const struct profile *p = r->profile;
    str config =
        arena_printf(r->arena, "region = %.*s\nca_bundle = %s\n", FMT(r->state->region), room_path(r, "ca-bundle.pem"));

    if (r->is_shell)
        return every_profile(r, config, e);
    if (!p) {
        TRY(put(r, "config", arena_cat(r->arena, S("[default]\n"), config), 0644, e));
        return put(r, "credentials", S(""), 0600, e);
    }
    TRY(put(r, "config",
            arena_printf(r->arena, "[default]\n%.*s[profile %.*s]\n%.*s", FMT(config), FMT(p->name), FMT(config)), 0644,
            e));
    return put(r, "credentials",
               arena_printf(r->arena, "[%.*s]\naws_access_key_id = %.*s\naws_secret_access_key = %.*s\n", FMT(p->name),
                            FMT(p->access_key_id), FMT(p->secret_access_key)),
               0600, e);
}

/* What a shell says before each line, so that nobody takes this place for the host or for AWS. */
static res bashrc(const struct room *r, struct err *e)
{
    return put(r, "bashrc",
               arena_printf(r->arena,
                            "for f in /etc/bash.bashrc ~/.bashrc; do [ -f $f ] && . $f; done; unset f\n"
                            "PS1=\"(barmkin${BARMKIN_VPC:+ $BARMKIN_VPC}: \\${AWS_PROFILE:-nobody}) $PS1\"\n"),
               0644, e);
}

/* ---- the environment ---- */

extern char **environ;

/* What would lead past the names, or hand over somebody else's identity. */
static void forget(struct arena *a)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
                                        "AWS_PROFILE",       "AWS_DEFAULT_PROFILE",
                                        "AWS_ROLE_ARN",      "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "http_proxy",        "https_proxy",
                                        "HTTP_PROXY",        "HTTPS_PROXY",
                                        "all_proxy",         "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    for (size_t i = 0; environ[i];) {
        str entry = str_z(environ[i]), name = str_cut(&entry, '=');
        if (str_starts(name, S("AWS_ENDPOINT_URL")) || str_starts(name, S("AWS_CONTAINER_")))
            unsetenv(arena_z(a, name)); /* shifts the rest */
        else
            i++;
    }
}

static void set(struct arena *a, const char *name, str value)
{
    setenv(name, arena_z(a, value), 1);
}

static void set_environment(const struct room *r)
{
    static const char *const bundles[] = {"AWS_CA_BUNDLE",  "SSL_CERT_FILE",       "REQUESTS_CA_BUNDLE",
                                          "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT",
                                          "GIT_SSL_CAINFO"};
    const struct profile *p = r->profile;

    forget(r->arena);
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
        setenv(bundles[i], room_path(r, "ca-bundle.pem"), 1);
    set(r->arena, "AWS_REGION", r->state->region);
    set(r->arena, "AWS_DEFAULT_REGION", r->state->region);
    setenv("AWS_CONFIG_FILE", room_path(r, "config"), 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", room_path(r, "credentials"), 1);
    set(r->arena, "BARMKIN_STATE", r->state->dir);
    set(r->arena, "BARMKIN_VPC", r->vpc);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    /* Old clients take the global names of these two in us-east-1; a VPC without a way out has the regional ones. */
    setenv("AWS_STS_REGIONAL_ENDPOINTS", "regional", 1);
    setenv("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "regional", 1);
    if (!p)
        return;
    set(r->arena, "BARMKIN_PROFILE", p->name);
    set(r->arena, "AWS_PROFILE", p->name);
    if (r->is_shell) /* the keys would outweigh an AWS_PROFILE that is set at the prompt */
        return;
    set(r->arena, "AWS_ACCESS_KEY_ID", p->access_key_id);
    set(r->arena, "AWS_SECRET_ACCESS_KEY", p->secret_access_key);
}

res room_enter(const struct room *r, struct err *e)
{
    TRY(join_network(r, e));
    TRY(private_mounts(r, e));
    TRY(bundle(r, e));
    TRY(profile_files(r, e));
    TRY(name_files(r, e));
    if (r->is_shell)
        TRY(bashrc(r, e));
    set_environment(r);
    return OK;
}
