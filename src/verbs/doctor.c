/* SPDX-License-Identifier: MIT */
/* barmkin doctor: does this machine have what Barmkin needs? One line a check, with the fix beside what is not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"
#include "state.h"
#include "verbs/doctor.h"

/* ---- asking the machine ---- */

enum { COMMAND_MS = 10000, COMMAND_OUTPUT = 4096 };

static void become(char *const argv[], const char *input, bool own_network, int out)
{
    int in[2];

    if (own_network && unshare(CLONE_NEWNET))
        _exit(126);
    if (pipe(in) || write(in[1], input, strnlen(input, COMMAND_OUTPUT)) < 0)
        _exit(126);
    close(in[1]);
    dup2(in[0], 0);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[0], argv);
    _exit(127);
}

int doctor_ask(struct patient *p, char *const argv[], const char *input, bool own_network, str *printed)
{
    int out[2], status = 0;
    char *text = arena_alloc(p->a, COMMAND_OUTPUT);
    size_t n = 0;
    int64_t until = time_mono_ms() + COMMAND_MS;

    if (pipe2(out, O_CLOEXEC))
        return 126;
    pid_t child = fork();
    if (child == 0)
        become(argv, input, own_network, out[1]);
    close(out[1]);
    struct pollfd ready = {out[0], POLLIN, 0};
    while (n < COMMAND_OUTPUT && time_mono_ms() < until && poll(&ready, 1, (int)(until - time_mono_ms())) == 1) {
        ssize_t got = read(out[0], text + n, COMMAND_OUTPUT - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(out[0]);
    if (time_mono_ms() >= until)
        kill(child, SIGKILL);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 126;
    *printed = str_n(text, n);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static str first_line(str text)
{
    return str_trim(str_cut(&text, '\n'));
}

static bool can_unshare(int flags)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(unshare(flags) ? 1 : 0);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- the checks ---- */

static struct finding check_root(struct patient *p)
{
    (void)p;
    if (geteuid() == 0)
        return fine(S("running as root"));
    return (struct finding){FAIL, S("not root"), S("serve, init and most checks below need root: use sudo")};
}

static struct finding check_namespaces(struct patient *p)
{
    (void)p;
    if (can_unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS))
        return fine(S("network, mount, pid, ipc and uts namespaces can be made"));
    return (struct finding){FAIL, S("namespaces cannot be made"),
                            S("run as root on a kernel with CONFIG_NET_NS and the others; in a container, privileged")};
}

static struct finding check_user_namespaces(struct patient *p)
{
    (void)p;
    if (can_unshare(CLONE_NEWUSER))
        return fine(S("user namespaces can be made"));
    return (struct finding){FAIL, S("user namespaces cannot be made: sandboxes need them"),
                            S("sysctl user.max_user_namespaces=10000")};
}

static struct finding check_nft(struct patient *p)
{
    static const char rules[] = "add table ip t\nadd chain ip t c { type nat hook prerouting priority -100; }\n"
                                "add rule ip t c ip daddr 10.0.0.1 tcp dport 443 dnat to 127.0.0.1:1\n";
    char *argv[] = {"nft", "-f", "-", NULL};
    str said;
    int status = doctor_ask(p, argv, rules, true, &said);

    if (status == 0)
        return fine(S("nftables takes rules with network address translation"));
    if (status == 127)
        return (struct finding){WARN, S("the nft program is not there, so nftables cannot be checked"),
                                S("apt-get install nftables")};
    return (struct finding){FAIL, arena_cat(p->a, S("nftables does not take nat rules: "), first_line(said)),
                            S("load nf_tables and nft_chain_nat, or use a kernel that has them")};
}

static struct finding check_veth(struct patient *p)
{
    char *argv[] = {"ip", "link", "add", "a0", "type", "veth", "peer", "name", "b0", NULL};
    str said;
    int status = doctor_ask(p, argv, "", true, &said);

    if (status == 0)
        return fine(S("veth pairs can be made"));
    if (status == 127)
        return (struct finding){WARN, S("the ip program is not there, so veth cannot be checked"),
                                S("apt-get install iproute2")};
    return (struct finding){FAIL, arena_cat(p->a, S("veth pairs cannot be made: "), first_line(said)),
                            S("load the veth module (CONFIG_VETH)")};
}

static struct finding check_fscrypt(struct patient *p)
{
    (void)p;
    if (access("/sys/fs/ext4/features/encryption", F_OK) == 0)
        return fine(S("ext4 can encrypt (fscrypt)"));
    return (struct finding){FAIL, S("ext4 cannot encrypt: volumes need fscrypt"),
                            S("a kernel with CONFIG_FS_ENCRYPTION and ext4; modprobe ext4")};
}

static struct finding check_loop(struct patient *p)
{
    int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

    (void)p;
    if (fd >= 0) {
        close(fd);
        return fine(S("loop devices are there"));
    }
    return (struct finding){FAIL, S("no loop devices: volumes are images mounted through them"),
                            S("modprobe loop; in a container pass /dev/loop-control")};
}

static struct finding check_cgroups(struct patient *p)
{
    (void)p;
    if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
        return fine(S("cgroups version 2"));
    if (access("/sys/fs/cgroup/memory", F_OK) == 0)
        return fine(access("/sys/fs/cgroup/unified", F_OK) == 0 ? S("cgroups version 1 and 2 (hybrid)")
                                                                : S("cgroups version 1"));
    return (struct finding){FAIL, S("no cgroups are mounted: jobs could not be limited"),
                            S("mount -t cgroup2 none /sys/fs/cgroup")};
}

static struct finding check_crun(struct patient *p)
{
    char *argv[] = {"crun", "--version", NULL};
    str said;

    if (doctor_ask(p, argv, "", false, &said) == 0)
        return fine(first_line(said));
    return (struct finding){FAIL, S("crun is not there"), S("apt-get install crun")};
}

static struct finding check_programs(struct patient *p)
{
    static const char *const needed[] = {"barmkin-warden", "barmkin-agent", "sandbox-init", "images/native"};
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    str folder = str_n(self, n < 0 ? 0 : (size_t)n);

    folder = str_sub(folder, 0, (size_t)str_rfind(folder, '/') + 1);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        str path = arena_cat(p->a, folder, str_z(needed[i]));
        if (access(arena_z(p->a, path), F_OK))
            return (struct finding){FAIL, arena_cat(p->a, path, S(" is not there")), S("make")};
    }
    return fine(S("warden, agent, sandbox-init and the native image are beside this program"));
}

static struct finding check_state(struct patient *p)
{
    if (!p->has_state)
        return (struct finding){WARN, arena_cat(p->a, S("there is no state folder "), options_state(p->o)),
                                S("barmkin init --state DIR")};
    return fine(arena_printf(p->a, "state %.*s, tag %.*s", FMT(p->state.dir), FMT(p->state.tag)));
}

static struct finding check_ca(struct patient *p)
{
    struct err e = {0};
    str pem;

    if (!p->has_state)
        return fine(S("no state folder, no certificate authority yet"));
    if (is_ok(state_read(state_path(&p->state, p->a, "ca.pem"), 1 << 16, p->a, &pem, &e)) &&
        str_starts(pem, S("-----BEGIN CERTIFICATE-----")))
        return fine(arena_printf(p->a, "the certificate authority is %.*s/ca.pem", FMT(p->state.dir)));
    return (struct finding){FAIL, S("ca.pem cannot be read: clients would not trust the server"),
                            S("restore STATE/ca.pem from a backup")};
}

static struct finding check_server(struct patient *p)
{
    struct err e = {0};
    str answer;

    if (!p->has_state)
        return fine(S("no state folder, no server"));
    p->serves = is_ok(admin_call(p->o, "Status", S("{}"), &answer, &e));
    if (p->serves)
        return fine(S("a server is running on this state"));
    return (struct finding){WARN, S("no server is running on this state"), S("barmkin serve --state DIR")};
}

static struct finding check_disk(struct patient *p)
{
    struct statvfs v;
    char *dir = p->has_state ? arena_z(p->a, p->state.dir) : "/var/lib";

    if (statvfs(dir, &v))
        return (struct finding){WARN, arena_printf(p->a, "the room in %s cannot be told", dir), STR_ABSENT};
    uint64_t free_mib = (uint64_t)v.f_bavail * v.f_frsize >> 20, all_mib = (uint64_t)v.f_blocks * v.f_frsize >> 20;
    str said = arena_printf(p->a, "%llu MiB of %llu free in %s", (unsigned long long)free_mib,
                            (unsigned long long)all_mib, dir);
    if (free_mib < 512)
        return (struct finding){FAIL, said, S("make room: artifacts, volumes and the audit log are kept there")};
    return free_mib * 20 < all_mib ? (struct finding){WARN, said, S("less than 5 % is left")} : fine(said);
}

static struct finding check_door(struct patient *p)
{
    door_examine(p);
    return p->door[DOOR_NAMESPACE];
}
static struct finding check_door_dns(struct patient *p)
{
    return p->door[DOOR_DNS];
}
static struct finding check_door_outside(struct patient *p)
{
    return p->door[DOOR_OUTSIDE];
}
static struct finding check_door_tls(struct patient *p)
{
    return p->door[DOOR_TLS];
}
static struct finding check_door_sts(struct patient *p)
{
    return p->door[DOOR_STS];
}
static struct finding check_door_s3(struct patient *p)
{
    return p->door[DOOR_S3];
}

/* ---- telling ---- */

static const struct {
    const char *name;
    struct finding (*check)(struct patient *p);
} checks[] = {
    {"root", check_root},
    {"namespaces", check_namespaces},
    {"user-namespaces", check_user_namespaces},
    {"nftables", check_nft},
    {"veth", check_veth},
    {"fscrypt", check_fscrypt},
    {"loop", check_loop},
    {"cgroups", check_cgroups},
    {"crun", check_crun},
    {"programs", check_programs},
    {"disk", check_disk},
    {"state", check_state},
    {"ca", check_ca},
    {"server", check_server},
    {"door", check_door},
    {"door-dns", check_door_dns},
    {"door-outside", check_door_outside},
    {"door-tls", check_door_tls},
    {"door-sts", check_door_sts},
    {"door-s3", check_door_s3},
    {"aws-cli", check_cli},
    {"boto3", check_boto3},
    {"sagemaker-sdk", check_sagemaker},
    {"package-tools", check_package_programs},
};
enum { CHECKS = sizeof checks / sizeof *checks };

static const char *word(enum health h)
{
    return h == FINE ? "OK" : h == WARN ? "WARN" : "FAIL";
}

static void tell_json(const struct finding *f)
{
    struct buf b;

    buf_init(&b, 1 << 18);
    buf_add_z(&b, "{\"checks\":[");
    for (size_t i = 0; i < CHECKS; i++) {
        if (f[i].health == NOT_ASKED)
            continue;
        buf_printf(&b, "%s{\"name\":\"%s\",\"result\":\"%s\",\"said\":", i ? "," : "", checks[i].name,
                   word(f[i].health));
        buf_add_json_str(&b, f[i].said);
        if (str_is(f[i].fix)) {
            buf_add_z(&b, ",\"fix\":");
            buf_add_json_str(&b, f[i].fix);
        }
        buf_add_char(&b, '}');
    }
    buf_add_z(&b, "]}\n");
    fwrite(b.p, 1, b.n, stdout);
    buf_done(&b);
}

static void tell(const struct finding *f)
{
    for (size_t i = 0; i < CHECKS; i++) {
        if (f[i].health == NOT_ASKED)
            continue;
        printf("%-4s %-16s %.*s\n", word(f[i].health), checks[i].name, FMT(f[i].said));
        if (str_is(f[i].fix))
            printf("     %-16s -> %.*s\n", "", FMT(f[i].fix));
    }
}

int verb_doctor(struct options *o, struct err *e)
{
    struct patient p = {.o = o, .a = o->arena};
    struct finding found[CHECKS];
    struct err none = {0};
    bool failed = false;

    (void)e;
    if (o->n_words)
        return EXIT_USAGE;
    p.has_state = is_ok(state_load(arena_z(o->arena, options_state(o)), o->arena, &p.state, &none));
    fflush(stdout); /* children must not print it again */
    for (size_t i = 0; i < CHECKS; i++) {
        found[i] = checks[i].check(&p);
        failed |= found[i].health == FAIL;
    }
    if (o->json)
        tell_json(found);
    else
        tell(found);
    return failed ? EXIT_PRECONDITION : EXIT_DONE;
}
