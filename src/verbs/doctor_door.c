/* SPDX-License-Identifier: MIT */
/* barmkin doctor: the transparent door, piece by piece, from inside: what an unmodified client would meet. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "identify/sign.h"
#include "verbs/doctor.h"
#include "verbs/run_room.h"
#include "warden/door.h"
#include "wire/tls_ask.h"

enum { DOOR_MS = 20000, TOLD_MAX_BYTES = 16384, SOCKET_S = 5 };

struct inside { /* a visit, in the child */
    struct arena *a;
    const struct state *state;
    const struct profile *profile;
};

/* ---- what is tried ---- */

static bool resolve(const char *name, uint32_t *ip)
{
    struct addrinfo want = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;

    if (getaddrinfo(name, NULL, &want, &found) != 0)
        return false;
    *ip = ntohl(((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr.s_addr);
    freeaddrinfo(found);
    return true;
}

static int dial(uint32_t ip, uint16_t port, int *fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
    struct timeval limit = {.tv_sec = SOCKET_S};

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return errno;
    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return connect(*fd, (const struct sockaddr *)&to, sizeof to) ? errno : 0;
}

static str host_of(struct inside *in, const char *service)
{
    return arena_printf(in->a, "%s.%.*s.amazonaws.com", service, FMT(in->state->region));
}

static struct finding try_dns(struct inside *in)
{
    str name = host_of(in, "sts");
    uint32_t ip = 0;

    if (!resolve(name.p, &ip))
        return (struct finding){FAIL, arena_cat(in->a, name, S(" is not known in the door")),
                                S("see what /etc/nsswitch.conf says of hosts; restart the server")};
    if (ip != DOOR_ADDR)
        return (struct finding){FAIL, arena_cat(in->a, name, S(" leads elsewhere")),
                                S("a resolver of the host answers past the door: stop nscd or what else caches names")};
    return fine(arena_cat(in->a, name, S(" is the door's own address")));
}

static struct finding try_outside(struct inside *in)
{
    uint32_t ip = 0;
    int fd = -1;
    bool named = resolve("example.com", &ip);
    int why = dial(0xcb007101u, 443, &fd); /* 203.0.113.1, which nobody has (RFC 5737) */

    (void)in;
    if (fd >= 0)
        close(fd);
    if (named || (why != ENETUNREACH && why != EHOSTUNREACH))
        return (struct finding){FAIL, S("there is a way out of the door"),
                                S("this must not be: say so in an issue, with `ip route` and `nft list ruleset`")};
    return fine(S("nothing else has a name or a way: network unreachable"));
}

/* One signed GET as a client makes it; the answer with its head. */
static res ask_service(struct inside *in, str service, str host, str query, str *reply, struct err *e)
{
    struct header own = {S("Host"), host};
    struct http_request q = {.method = S("GET"), .path = S("/"), .query = query, .headers = &own, .n_headers = 1};
    struct sigv4_signer signer =
        sigv4_signer_for(service, in->state->region, in->profile->access_key_id, in->profile->secret_access_key,
                         STR_ABSENT, time_wall_ms() + in->state->clock_offset_ms);
    struct sigv4_signed out;
    char empty[65];
    struct buf b;
    uint32_t ip;
    int fd = -1;

    TRY(sigv4_sign(&signer, &q, arena_dup(in->a, hash_sha256_hex(S(""), empty)), in->a, &out, e));
    buf_init(&b, TOLD_MAX_BYTES);
    buf_printf(&b, "GET /?%.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n", FMT(query), FMT(host));
    for (size_t i = 0; i < out.n_add; i++)
        buf_printf(&b, "%.*s: %.*s\r\n", FMT(out.add[i].name), FMT(out.add[i].value));
    buf_add_z(&b, "\r\n");
    str request = arena_dup(in->a, buf_str(&b));
    buf_done(&b);
    if (!resolve(arena_z(in->a, host), &ip))
        return reject(e, "%.*s has no address", FMT(host));
    int why = dial(ip, 443, &fd);
    res r = why ? oops(e, why, "%.*s cannot be reached", FMT(host))
                : tls_ask(fd, host, ROOM_BUNDLE, request, in->a, reply, e);
    if (fd >= 0)
        close(fd);
    return r;
}

static str between(str text, str open, str close)
{
    ptrdiff_t at = str_search(text, open);
    str rest = at < 0 ? S("") : str_from(text, (size_t)at + open.n);
    ptrdiff_t end = str_search(rest, close);

    return str_sub(rest, 0, end < 0 ? 0 : (size_t)end);
}

static struct finding try_tls(struct inside *in)
{
    struct err e = {0};
    str reply;

    /* The answer does not matter: whoever has one has shown the chain. */
    if (is_ok(ask_service(in, S("sts"), host_of(in, "sts"), S("Action=Nothing&Version=2011-06-15"), &reply, &e)))
        return fine(arena_printf(in->a, "%.*s shows a certificate of this house, which %s trusts",
                                 FMT(host_of(in, "sts")), ROOM_BUNDLE));
    return (struct finding){FAIL, arena_dup(in->a, str_z(e.what)),
                            S("restore STATE/ca.pem from a backup of this state; restart the server")};
}

static struct finding try_sts(struct inside *in)
{
    struct err e = {0};
    str reply = S("");

    if (!is_ok(ask_service(in, S("sts"), host_of(in, "sts"), S("Action=GetCallerIdentity&Version=2011-06-15"), &reply,
                           &e)))
        return (struct finding){FAIL, arena_dup(in->a, str_z(e.what)), S("see the server's log")};
    str arn = between(reply, S("<Arn>"), S("</Arn>"));
    if (arn.n)
        return fine(arena_printf(in->a, "GetCallerIdentity as profile %.*s: %.*s", FMT(in->profile->name), FMT(arn)));
    return (struct finding){FAIL,
                            arena_printf(in->a, "GetCallerIdentity as profile %.*s: %.*s", FMT(in->profile->name),
                                         FMT(between(reply, S("<Message>"), S("</Message>")))),
                            S("its access key is not valid any more: try --profile with another")};
}

/* A bucket that nobody has: scripts that package templates look for this very code before they make theirs. */
static struct finding try_s3(struct inside *in)
{
    struct err e = {0};
    char salt[13] = "";
    str reply = S("");

    random_hex(salt, sizeof salt - 1);
    str host = host_of(in, arena_printf(in->a, "barmkin-doctor-%s.s3", salt).p);
    if (!is_ok(ask_service(in, S("s3"), host, S("list-type=2"), &reply, &e)))
        return (struct finding){FAIL, arena_dup(in->a, str_z(e.what)), S("see the server's log")};
    str code = between(reply, S("<Code>"), S("</Code>"));
    if (str_eq(code, S("NoSuchBucket")) || str_eq(code, S("AccessDenied")))
        return fine(arena_printf(in->a, "BUCKET.%.*s answers (%.*s)", FMT(host_of(in, "s3")), FMT(code)));
    return (struct finding){FAIL, arena_printf(in->a, "BUCKET.%.*s: %.*s", FMT(host_of(in, "s3")), FMT(code)),
                            S("see the server's log")};
}

/* ---- the visit ---- */

static void tell_parent(int fd, const struct finding *f)
{
    struct buf b;

    buf_init(&b, TOLD_MAX_BYTES);
    buf_printf(&b, "%d\t%.*s\t%.*s\n", (int)f->health, FMT(f->said), FMT(str_is(f->fix) ? f->fix : S("")));
    if (write(fd, b.p, b.n) < 0)
        _exit(1);
    buf_done(&b);
}

static void visit(const struct room *room, int fd)
{
    static struct finding (*const tries[])(struct inside *) = {try_dns, try_outside, try_tls, try_sts, try_s3};
    struct inside in = {room->arena, room->state, room->profile};
    struct finding f = fine(S("a namespace of its own, with resolv.conf, hosts and a CA bundle"));
    struct err e = {0};

    if (!is_ok(room_enter(room, &e)))
        f = (struct finding){FAIL, arena_dup(room->arena, str_z(e.what)),
                             S("run as root; in a container, privileged and with the host's /run/barmkin")};
    tell_parent(fd, &f);
    for (size_t i = 0; i < sizeof tries / sizeof *tries && f.health == FINE; i++) {
        f = tries[i](&in);
        tell_parent(fd, &f);
    }
    _exit(0);
}

static str hear(struct arena *a, int fd)
{
    char *text = arena_alloc(a, TOLD_MAX_BYTES);
    struct pollfd ready = {fd, POLLIN, 0};
    int64_t until = time_mono_ms() + DOOR_MS;
    ssize_t got = 1;
    size_t n = 0;

    while (got > 0 && n < TOLD_MAX_BYTES && time_mono_ms() < until &&
           poll(&ready, 1, (int)(until - time_mono_ms())) == 1) {
        got = read(fd, text + n, TOLD_MAX_BYTES - n);
        n += got > 0 ? (size_t)got : 0;
    }
    return str_n(text, n);
}

static void send_somebody(struct patient *p, const struct room *room)
{
    uint64_t health;
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC))
        return;
    pid_t child = fork();
    if (child == 0)
        visit(room, pipes[1]);
    close(pipes[1]);
    str told = child > 0 ? hear(p->a, pipes[0]) : S("");
    close(pipes[0]);
    if (child > 0 && !kill(child, SIGKILL))
        waitpid(child, NULL, 0);
    for (size_t i = 0; i < DOOR_CHECKS && str_is(told) && told.n; i++) {
        str line = str_cut(&told, '\n'), first = str_cut(&line, '\t'), said = str_cut(&line, '\t');
        if (str_to_u64(first, &health))
            p->door[i] = (struct finding){(enum health)health, said, line.n ? line : STR_ABSENT};
    }
}

void door_examine(struct patient *p)
{
    str name = p->o->profile.n ? p->o->profile : S("dev");
    struct profile profile;
    struct held h;
    struct err e = {0};

    for (size_t i = 0; i < DOOR_CHECKS; i++)
        p->door[i] = (struct finding){NOT_ASKED, STR_ABSENT, STR_ABSENT};
    if (!p->serves || geteuid() != 0) {
        p->door[0] = (struct finding){WARN, S("the door was not tried: that needs root and a running server"),
                                      S("barmkin serve, then sudo barmkin doctor")};
        return;
    }
    p->door[0] = (struct finding){FAIL, S("nobody could be sent through the door"), S("see the server's log")};
    if (is_ok(profiles_read(&p->state, name, p->a, &profile, &e)) && is_ok(held_take(p->o, NULL, &h, &e))) {
        struct room room = {&p->state, h.interface_id, h.resolver, h.search, h.server,
                            &profile,  STR_ABSENT,     false,      p->a};
        send_somebody(p, &room);
        held_release(p->o, &h);
    } else {
        p->door[0].said = arena_cat(p->a, S("no way through the door: "), str_z(e.what));
    }
}
