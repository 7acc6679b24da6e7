/* SPDX-License-Identifier: MIT */
/* Sandboxes by the real warden: what a program inside sees, what it cannot do, how it ends, what is left of it. */
#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "vault/volume_key.h"
#include "warden/sandbox.h"
#include "warden/server/lease.h"

enum { ENDED_MS = 20000, TEXT_MAX = 65536 };

struct world {
    struct rig rig;
    struct test_plan plan;
    int vault;     /* vault's end of the pipe to warden */
    int events[2]; /* sandbox_exited, as they come */
    unsigned next;
};

static void on_event(void *arg, uint16_t type, const void *body, size_t n, int *fds, size_t n_fds)
{
    struct world *w = arg;

    (void)fds, (void)n_fds;
    if (type == WARDEN_EVENT_SANDBOX_EXITED && n == sizeof(struct sandbox_exited))
        assert_int_equal(write(w->events[1], body, n), n);
}

static void put_file(const char *from, const char *to, mode_t mode)
{
    char piece[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, piece, sizeof piece)) > 0;)
        assert_int_equal(write(out, piece, (size_t)n), n);
    close(in);
    close(out);
    chmod(to, mode);
}

/* An image that holds the probe and the places that warden mounts onto. */
static void make_image(const char *state)
{
    static const char *const dirs[] = {
        "",        "/images", "/images/test", "/images/test/rootfs", "/bin", "/proc", "/dev", "/tmp", "/opt",
        "/opt/ml", "/etc",    "/etc/ssl",     "/etc/ssl/certs"};
    static const char *const files[] = {"/sandbox-init", "/etc/hosts", "/etc/resolv.conf",
                                        "/etc/ssl/certs/ca-certificates.crt"};
    char root[RIG_PATH], path[RIG_PATH + 64], program[RIG_PATH];

    snprintf(root, sizeof root, "%s/images/test/rootfs", state);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        snprintf(path, sizeof path, "%s%s", i < 4 ? state : root, dirs[i]);
        mkdir(path, 0755);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s%s", root, files[i]);
        close(open(path, O_WRONLY | O_CREAT, 0644));
    }
    rig_program(program, sizeof program);
    snprintf(strrchr(program, '/'), 8, "/probe");
    snprintf(path, sizeof path, "%s/bin/probe", root);
    put_file(program, path, 0755);
    snprintf(path, sizeof path, "%s/ca.pem", state);
    close(open(path, O_WRONLY | O_CREAT, 0644));
    chmod(state, 0700); /* as a state folder is: nothing of it is reachable but through warden */
}

static void start_warden(struct world *w)
{
    int pipe_fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_fds), 0);
    w->vault = pipe_fds[0];
    w->rig.vault = pipe_fds[1];
    rig_start(&w->rig, on_event, w);
    close(pipe_fds[1]);
    plan_make(&w->plan, 0xc);
    w->plan.plan.dhcp = (struct plan_dhcp){{IP(10, 0, 2, 53), IP(10, 0, 0, 2)}, "corp.example"};
    apply(&w->rig, &w->plan);
}

static int setup(void **state)
{
    static struct world w;

    memset(&w, 0, sizeof w);
    *state = &w;
    rig_init(&w.rig);
    snprintf(w.rig.state, sizeof w.rig.state, "/tmp/barmkin-sandbox.XXXXXX");
    assert_non_null(mkdtemp(w.rig.state));
    make_image(w.rig.state);
    assert_int_equal(pipe2(w.events, O_CLOEXEC), 0);
    start_warden(&w);
    return 0;
}

static unsigned cgroups_left(const struct rig *r)
{
    static const char *const tops[] = {"", "/memory", "/pids", "/cpu", "/devices", "/freezer", "/unified", "/systemd"};
    char path[RIG_PATH];
    unsigned n = 0;

    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/barmkin-%s", tops[i], r->tag);
        n += access(path, F_OK) == 0;
    }
    return n;
}

static unsigned loops_left(const struct rig *r)
{
    char path[64], text[512];
    unsigned n = 0;

    for (int i = 0; i < 64; i++) {
        snprintf(path, sizeof path, "/sys/block/loop%d/loop/backing_file", i);
        FILE *f = fopen(path, "re");
        n += f && fgets(text, sizeof text, f) && strncmp(text, r->state, strlen(r->state)) == 0;
        if (f)
            fclose(f);
    }
    return n;
}

static int teardown(void **state)
{
    struct world *w = *state;
    const char *const rm[] = {"rm", "-rf", "--one-file-system", w->rig.state, NULL};

    rig_done(&w->rig); /* asserts that no mount, link or file is left */
    close(w->vault);
    close(w->events[0]);
    close(w->events[1]);
    assert_int_equal(cgroups_left(&w->rig), 0);
    assert_int_equal(loops_left(&w->rig), 0);
    run(rm);
    return 0;
}

static void fine(res r, const struct err *e)
{
    if (!is_ok(r))
        fail_msg("%s", e->what);
}

static void send_key(struct world *w, const struct message_id *volume)
{
    struct volume_key_message m = {.body_bytes = sizeof m.body, .type = VOLUME_KEY_TYPE, .request = 7};
    char answer[512];

    m.body.magic = VOLUME_KEY_MAGIC;
    memcpy(m.body.volume_id, volume->z, sizeof volume->z);
    memset(m.body.key, volume->z[20], sizeof m.body.key);
    assert_int_equal(write(w->vault, &m, sizeof m), sizeof m);
    assert_true(readable(w->vault, LONG_MS));
    assert_int_equal(read(w->vault, answer, sizeof answer),
                     sizeof(struct message_head) + sizeof(struct message_outcome));
}

static struct sandbox_start fresh(struct world *w)
{
    unsigned n = ++w->next;
    struct err e = {0};
    struct sandbox_start s = {.sandbox = an_id("box-", 1, n),
                              .eni = w->plan.interfaces[A1].id,
                              .volume = an_id("vol-", 1, n),
                              .image = "test",
                              .own_ip = IP(10, 0, 1, 11),
                              .resolver_ip = IP(10, 0, 0, 2),
                              .memory_mib = 64,
                              .pids_max = 32,
                              .tmp_mib = 16};

    fine(warden_volume_create(w->rig.client, &s.volume, 32, &e), &e);
    send_key(w, &s.volume);
    fine(warden_volume_mount(w->rig.client, &s.volume, &e), &e);
    return s;
}

/* Writes the start file as the agent would: as the volume's own user. */
static uid_t order(struct world *w, const struct sandbox_start *s, const char *const argv[], const char *raw, size_t n)
{
    char data[RIG_PATH];
    struct stat st;
    int status, argc = 0;

    snprintf(data, sizeof data, "%s/%s/vol/%s/data", w->rig.root, w->rig.tag, s->volume.z);
    assert_int_equal(stat(data, &st), 0);
    while (argv && argv[argc])
        argc++;
    pid_t pid = fork();
    if (pid == 0) {
        if (setresgid(st.st_uid, st.st_uid, st.st_uid) || setresuid(st.st_uid, st.st_uid, st.st_uid) || chdir(data))
            _exit(1);
        mkdir(".barmkin", 0700);
        FILE *f = fopen(".barmkin/start", "we");
        if (!f)
            _exit(2);
        if (raw)
            fwrite(raw, 1, n, f);
        else
            fprintf(f, "barmkin-start 1%c%d%c2%c/tmp%c", 0, argc, 0, 0, 0);
        for (int i = 0; i < argc; i++)
            fprintf(f, "%s%c", argv[i], 0);
        if (!raw)
            fprintf(f, "PATH=/bin%cCLIENT=text \"quoted\"\n$(x)%c", 0, 0);
        _exit(fclose(f) == 0 ? 0 : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return st.st_uid;
}

static struct sandbox_exited ended(struct world *w)
{
    struct sandbox_exited x;

    assert_true(readable(w->events[0], ENDED_MS));
    assert_int_equal(read(w->events[0], &x, sizeof x), sizeof x);
    return x;
}

static char *read_all(int fd)
{
    static char text[TEXT_MAX];
    size_t n = 0;

    for (ssize_t got = 1; got > 0 && n < sizeof text - 1 && readable(fd, ENDED_MS); n += got > 0 ? (size_t)got : 0)
        got = read(fd, text + n, sizeof text - 1 - n);
    text[n] = 0;
    close(fd);
    return text;
}

static void remove_all(struct world *w, const struct sandbox_start *s)
{
    struct err e = {0};

    fine(warden_sandbox_end(w->rig.client, &s->sandbox, &e), &e);
    fine(warden_volume_unmount(w->rig.client, &s->volume, &e), &e);
    fine(warden_volume_delete(w->rig.client, &s->volume, &e), &e);
}

/* Runs one program to its end; its output. */
static char *play(struct world *w, const char *const argv[], struct sandbox_exited *x, uid_t *base)
{
    struct err e = {0};
    struct sandbox_start s = fresh(w);
    int log;

    *base = order(w, &s, argv, NULL, 0);
    fine(warden_sandbox_start(w->rig.client, &s, &log, &e), &e);
    char *text = read_all(log);
    *x = ended(w);
    assert_memory_equal(&x->sandbox, &s.sandbox, sizeof s.sandbox);
    remove_all(w, &s);
    return text;
}

static void has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("\"%s\" is not in:\n%s", line, text);
}

static void test_warden_sandbox__sees_its_own_world_only(void **state)
{
    const char *const argv[] = {"probe", "facts", NULL};
    struct sandbox_exited x;
    uid_t base;
    char map[64];
    char *text = play(*state, argv, &x, &base);

    snprintf(map, sizeof map, "uid 0 map         0 %u      65536", base);
    has(text, map);
    has(text, "pid 2 ppid 1\n");
    has(text, "host algo-1\n");
    has(text, "interface lo\n");
    has(text, "interface eth0\n");
    has(text, "interfaces 2\n");
    has(text, "CapEff:\t0000000000000000");
    has(text, "CapBnd:\t0000000000000000");
    has(text, "NoNewPrivs:\t1");
    has(text, "Seccomp:\t2");
    has(text, "volume writable\n");
    has(text, "resolv nameserver 10.0.2.53\nresolv nameserver 10.0.0.2\nresolv search corp.example\n");
    assert_null(strstr(text, "descriptor"));
    assert_int_equal(x.code, 0);
    assert_int_equal(x.oom_kills, 0);
}

static void test_warden_sandbox__attacks_are_denied(void **state)
{
    const char *const argv[] = {"probe", "attacks", NULL};
    struct sandbox_exited x;
    uid_t base;
    unsigned n = 0;
    char *text = play(*state, argv, &x, &base);

    if (strstr(text, "ALLOWED"))
        fail_msg("%s", text);
    for (char *at = text; (at = strstr(at, " denied ")); at++)
        n++;
    assert_in_range(n, 60, 100); /* all were tried */
    assert_int_equal(x.code, 0);
}

static void test_warden_sandbox__memory_is_limited(void **state)
{
    const char *const argv[] = {"probe", "memory", NULL};
    struct sandbox_exited x;
    uid_t base;
    char *text = play(*state, argv, &x, &base);

    assert_null(strstr(text, "ALLOWED"));
    assert_int_equal(x.code, 137);
    assert_in_range(x.oom_kills, 1, 64);
}

static void test_warden_sandbox__processes_are_limited(void **state)
{
    const char *const argv[] = {"probe", "fork", NULL};
    struct sandbox_exited x;
    uid_t base;
    int n = 0;
    char *text = play(*state, argv, &x, &base);

    assert_int_equal(sscanf(text, "forked %d", &n), 1);
    assert_in_range(n, 8, 31);
}

static void test_warden_sandbox__tells_exit_codes_and_environment(void **state)
{
    const char *const three[] = {"probe", "exit", "3", NULL}, *const none[] = {"no-such-program", NULL};
    const char *const env[] = {"/bin/probe", "env", NULL};
    struct sandbox_exited x;
    uid_t base;

    play(*state, three, &x, &base);
    assert_int_equal(x.code, 3);
    assert_int_equal(x.signal, 0);
    has(play(*state, none, &x, &base), "sandbox-init: cannot run no-such-program: No such file");
    assert_int_equal(x.code, 127);
    assert_string_equal(play(*state, env, &x, &base), "PATH=/bin\nCLIENT=text \"quoted\"\n$(x)\n");
}

static void test_warden_sandbox__bad_start_files_are_refused(void **state)
{
    static const struct {
        const char *raw;
        size_t n;
    } bad[] = {
        {"", 0},
        {"x", 1},
        {"barmkin-start 1\0"
         "1\0"
         "0\0"
         "/\0"
         "probe",
         27},
        {"barmkin-start 1\0"
         "2\0"
         "0\0"
         "/\0"
         "probe\0",
         28},
        {"barmkin-start 1\0"
         "1\0"
         "0\0"
         "/\0"
         "probe\0x\0",
         30},
        {"barmkin-start 1\0"
         "0\0"
         "0\0"
         "/\0",
         22},
        {"barmkin-start 1\0"
         "1\0"
         "1\0"
         "/\0"
         "probe\0NOEQUALS\0",
         37},
        {"barmkin-start 1\0"
         "1\0"
         "0\0"
         "tmp\0"
         "probe\0",
         30},
        {"barmkin-start 1\0"
         "99999999\0"
         "0\0"
         "/\0"
         "probe\0",
         35},
        {"barmkin-start 2\0"
         "1\0"
         "0\0"
         "/\0"
         "probe\0",
         28},
    };
    struct world *w = *state;
    struct sandbox_start s = fresh(w);
    struct err e = {0};
    int log;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        order(w, &s, NULL, bad[i].raw, bad[i].n);
        fine(warden_sandbox_start(w->rig.client, &s, &log, &e), &e);
        has(read_all(log), "sandbox-init: ");
        assert_int_equal(ended(w).code, 125);
    }
    remove_all(w, &s);
}

static void test_warden_sandbox__stops_politely_and_by_force(void **state)
{
    const char *const argv[] = {"probe", "wait", NULL};
    struct world *w = *state;
    struct err e = {0};

    for (int force = 0; force < 2; force++) {
        struct sandbox_start s = fresh(w);
        int log;
        char line[8];
        order(w, &s, argv, NULL, 0);
        fine(warden_sandbox_start(w->rig.client, &s, &log, &e), &e);
        assert_true(readable(log, LONG_MS));
        assert_int_equal(read(log, line, sizeof line), sizeof line);
        fine((force ? warden_sandbox_kill : warden_sandbox_stop)(w->rig.client, &s.sandbox, &e), &e);
        assert_int_equal(ended(w).code, force ? 137 : 42);
        assert_int_equal(warden_sandbox_stop(w->rig.client, &s.sandbox, &e).why, WHY_REJECT);
        err_clear(&e);
        close(log);
        remove_all(w, &s);
    }
}

static void test_warden_sandbox__refuses_what_is_not_there(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct sandbox_start s = fresh(w), bad = s;
    int log;

    memset(bad.image, 0, sizeof bad.image);
    memcpy(bad.image, "none", 4);
    assert_int_equal(warden_sandbox_start(w->rig.client, &bad, &log, &e).why, WHY_REJECT);
    err_clear(&e);
    memcpy(bad.image, "../x", 4);
    assert_int_equal(warden_sandbox_start(w->rig.client, &bad, &log, &e).why, WHY_REJECT);
    err_clear(&e);
    bad = s;
    bad.volume = an_id("vol-", 2, 2);
    assert_int_equal(warden_sandbox_start(w->rig.client, &bad, &log, &e).why, WHY_REJECT);
    err_clear(&e);
    bad = s;
    bad.eni = an_id("eni-", 9, 9);
    assert_int_equal(warden_sandbox_start(w->rig.client, &bad, &log, &e).why, WHY_REJECT);
    err_clear(&e);
    remove_all(w, &s);
}

/* Living processes of the range; *last is one of them. */
static unsigned processes_of(uid_t base, pid_t *last)
{
    char path[64], line[256];
    struct dirent *de;
    unsigned n = 0, uid;
    DIR *d = opendir("/proc");

    while (d && (de = readdir(d))) {
        snprintf(path, sizeof path, "/proc/%.16s/status", de->d_name);
        FILE *f = de->d_name[0] >= '0' && de->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        bool zombie = false;
        while (f && fgets(line, sizeof line, f)) {
            zombie |= strncmp(line, "State:\tZ", 8) == 0;
            if (zombie || sscanf(line, "Uid: %u", &uid) != 1 || uid < base || uid >= base + 65536)
                continue;
            n++;
            if (last)
                *last = (pid_t)strtol(de->d_name, NULL, 10);
        }
        if (f)
            fclose(f);
    }
    if (d)
        closedir(d);
    return n;
}

static bool gone(uid_t base)
{
    for (int i = 0; i < 200 && processes_of(base, NULL); i++)
        usleep(10000);
    return processes_of(base, NULL) == 0;
}

static void test_warden_sandbox__ends_with_a_warden_that_is_killed(void **state)
{
    const char *const argv[] = {"probe", "wait", NULL};
    struct world *w = *state;
    struct err e = {0};
    struct sandbox_start s = fresh(w);
    int log;
    uid_t base = order(w, &s, argv, NULL, 0);

    fine(warden_sandbox_start(w->rig.client, &s, &log, &e), &e);
    assert_true(readable(log, LONG_MS));
    assert_int_equal(processes_of(base, NULL), 2);
    kill(w->rig.pid, SIGKILL);
    assert_int_equal(rig_wait(&w->rig), 1000 + SIGKILL);
    warden_client_free(w->rig.client);
    close(w->vault);
    assert_true(gone(base));
    start_warden(w); /* removes what is left, by TAG */
    assert_int_equal(cgroups_left(&w->rig), 0);
    assert_int_equal(loops_left(&w->rig), 0);
    close(log);
    send_key(w, &s.volume); /* and the volume itself is whole */
    fine(warden_volume_mount(w->rig.client, &s.volume, &e), &e);
    remove_all(w, &s);
}

struct starting {
    struct world *w;
    struct sandbox_start s;
};

static void *start_it(void *arg)
{
    struct starting *one = arg;
    struct err e = {0};
    int log;

    if (is_ok(warden_sandbox_start(one->w->rig.client, &one->s, &log, &e)))
        close(log);
    return NULL;
}

static bool is_crun(pid_t pid)
{
    char path[64], name[16] = "";

    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *f = fopen(path, "re");
    bool read = f && fgets(name, sizeof name, f);
    if (f)
        fclose(f);
    return read && strcmp(name, "crun\n") == 0;
}

static bool starts_crun(pid_t warden)
{
    char path[64];
    bool found = false;
    int child;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", warden, warden);
    FILE *f = fopen(path, "re");
    while (f && !found && fscanf(f, "%d", &child) == 1)
        found = is_crun(child);
    if (f)
        fclose(f);
    return found;
}

static void test_warden_sandbox__a_warden_ends_while_one_starts(void **state)
{
    const char *const argv[] = {"probe", "wait", NULL};
    struct world *w = *state;
    struct starting one = {w, fresh(w)};
    uid_t base = order(w, &one.s, argv, NULL, 0);
    struct err e = {0};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, start_it, &one), 0);
    for (int i = 0; i < 10 * LONG_MS && !starts_crun(w->rig.pid); i++)
        usleep(200);
    kill(w->rig.pid, SIGTERM);
    assert_int_equal(rig_wait(&w->rig), 0);
    pthread_join(thread, NULL);
    warden_client_free(w->rig.client);
    close(w->vault);
    assert_true(gone(base));
    start_warden(w);
    assert_int_equal(cgroups_left(&w->rig), 0);
    assert_int_equal(loops_left(&w->rig), 0);
    send_key(w, &one.s.volume);
    fine(warden_volume_mount(w->rig.client, &one.s.volume, &e), &e);
    remove_all(w, &one.s);
}

/* Sanitizers cannot live with the list of system calls. */
#ifdef BARMKIN_SANITIZE
static const char filtered[] = "NoNewPrivs:\t1";
#else
static const char filtered[] = "Seccomp:\t2";
#endif

static ino_t netns_of(pid_t pid)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

/* The agent of a range once it has given up all that it will, with its status. */
static pid_t agent_of(uid_t base, char *text, size_t cap)
{
    char path[RIG_PATH];
    pid_t pid = 0;

    for (int i = 0; i < 300; i++, usleep(10000)) {
        pid = 0;
        snprintf(path, sizeof path, "/proc/%d/status", processes_of(base, &pid) == 1 ? pid : 0);
        int status = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = status < 0 ? 0 : read(status, text, cap - 1);
        text[n > 0 ? n : 0] = 0;
        if (status >= 0)
            close(status);
        if (strstr(text, "barmkin-agent") && strstr(text, filtered))
            break;
    }
    return pid;
}

static void test_warden_agent__has_the_users_rights_and_no_others(void **state)
{
    static const char bad_order[] = "{\"kind\":\"nothing\"}\n";
    struct world *w = *state;
    struct err e = {0};
    struct sandbox_start s = fresh(w);
    char text[4096], path[RIG_PATH];
    struct stat st;
    pid_t pid;
    int sock;
    uid_t base = order(w, &s, NULL, "x", 1);

    fine(warden_agent_start(w->rig.client, &s.sandbox, &s.eni, &s.volume, 128, &sock, &e), &e);
    pid = agent_of(base, text, sizeof text);
    has(text, "Name:\tbarmkin-agent");
    has(text, "CapEff:\t0000000000000000");
    has(text, "CapBnd:\t0000000000000000");
    has(text, "NoNewPrivs:\t1");
    has(text, filtered);
    has(text, "Groups:\t \n");
    snprintf(path, sizeof path, "%s/%s/netns/%s", w->rig.root, w->rig.tag, s.eni.z);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(netns_of(pid), st.st_ino);
    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/barmkin-%s/%s-agent/cgroup.procs", w->rig.tag, s.sandbox.z);
    if (access("/sys/fs/cgroup/memory", F_OK) == 0)
        assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(write(sock, bad_order, strlen(bad_order)), strlen(bad_order));
    has(read_all(sock), "{\"event\":\"failed\",\"stage\":\"Starting\",\"reason\":\"ClientError: ");
    assert_true(gone(base));
    remove_all(w, &s);
}

static void test_warden_agent__ends_with_its_sandbox(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct sandbox_start s = fresh(w);
    int sock, again;
    uid_t base = order(w, &s, NULL, "x", 1);

    fine(warden_agent_start(w->rig.client, &s.sandbox, &s.eni, &s.volume, 128, &sock, &e), &e);
    assert_int_equal(warden_agent_start(w->rig.client, &s.sandbox, &s.eni, &s.volume, 128, &again, &e).why, WHY_REJECT);
    err_clear(&e);
    fine(warden_sandbox_end(w->rig.client, &s.sandbox, &e), &e);
    assert_true(gone(base));
    assert_string_equal(read_all(sock), "");
    remove_all(w, &s);
}

/* Another warden, whose words go to a file; -1: to where they went before. */
static void restart_warden(struct world *w, int log)
{
    int before = dup(2);

    rig_stop(&w->rig);
    close(w->vault);
    if (log >= 0)
        dup2(log, 2);
    start_warden(w);
    dup2(before, 2);
    close(before);
}

/* Its rules for files hold the volume's folder in the kernel as long as anything of the process is left. */
static void test_warden_agent__lets_go_of_its_volume(void **state)
{
    struct world *w = *state;
    char text[4096];
    struct err e = {0};
    FILE *log = tmpfile();
    int sock;

    restart_warden(w, fileno(log));
    for (int i = 0; i < 5; i++) {
        struct sandbox_start s = fresh(w);
        uid_t base = order(w, &s, NULL, "x", 1);
        fine(warden_agent_start(w->rig.client, &s.sandbox, &s.eni, &s.volume, 128, &sock, &e), &e);
        agent_of(base, text, sizeof text);
        has(text, filtered);
        remove_all(w, &s);
        close(sock);
    }
    restart_warden(w, -1);
    rewind(log);
    text[fread(text, 1, sizeof text - 1, log)] = 0;
    fclose(log);
    assert_null(strstr(text, "still open"));
}

static ino_t netns_named(const struct world *w, const struct message_id *id)
{
    char path[RIG_PATH];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s/netns/%s", w->rig.root, w->rig.tag, id->z);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

static long memory_limit(const struct world *w, const struct sandbox_start *s)
{
    char path[RIG_PATH];
    long n = 0;

    snprintf(path, sizeof path, "/sys/fs/cgroup/memory/barmkin-%s/%s/memory.limit_in_bytes", w->rig.tag, s->sandbox.z);
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/barmkin-%s/%s/memory.max", w->rig.tag, s->sandbox.z);
        f = fopen(path, "re");
    }
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld", &n), 1);
    fclose(f);
    return n;
}

/* One that runs without an interface; its log. */
static int start_alone(struct world *w, struct sandbox_start *s)
{
    const char *const argv[] = {"probe", "wait", NULL};
    struct err e = {0};
    int log;

    *s = fresh(w);
    s->eni = (struct message_id){{0}};
    order(w, s, argv, NULL, 0);
    fine(warden_sandbox_start(w->rig.client, s, &log, &e), &e);
    assert_true(readable(log, LONG_MS));
    return log;
}

static void test_warden_sandbox__one_that_was_alone_joins_a_network(void **state)
{
    struct world *w = *state;
    struct message_id a1 = w->plan.interfaces[A1].id, a2 = w->plan.interfaces[A2].id;
    struct err e = {0};
    struct sandbox_start s;
    struct sandbox_join j = {.eni = a1, .own_ip = IP(10, 0, 1, 11), .resolver_ip = IP(10, 0, 0, 2), .memory_mib = 96};
    int log = start_alone(w, &s), inside, allowed, denied, heard = -1;

    j.sandbox = s.sandbox;
    /* alone: there is nobody to be reached, and front reaches its loopback */
    inside = listen_at(&w->rig, &s.sandbox, SOCK_STREAM, 0x7f000001, 8080);
    assert_int_equal(dial(&w->rig, &s.sandbox, IP(10, 0, 1, 12), 8000, SHORT_MS), ENETUNREACH);
    fine(warden_connect_in(w->rig.client, &s.sandbox, 0x7f000001, 8080, &heard, &e), &e);
    close(heard);
    assert_true(netns_named(w, &s.sandbox) && netns_named(w, &s.sandbox) != netns_named(w, &a1));
    ino_t own = netns_named(w, &s.sandbox);
    fine(warden_sandbox_join(w->rig.client, &j, &e), &e);
    /* joined: the interface's name leads to it, and its own is gone; the interface's rules judge it */
    assert_int_equal(netns_named(w, &a1), own);
    assert_int_equal(netns_named(w, &s.sandbox), 0);
    allowed = listen_at(&w->rig, &a2, SOCK_STREAM, 0, 8000);
    denied = listen_at(&w->rig, &a2, SOCK_STREAM, 0, 9000);
    assert_int_equal(dial(&w->rig, &a1, IP(10, 0, 1, 12), 8000, LONG_MS), 0);
    assert_int_equal(dial(&w->rig, &a1, IP(10, 0, 1, 12), 9000, SHORT_MS), ETIMEDOUT);
    fine(warden_connect_in(w->rig.client, &a1, 0x7f000001, 8080, &heard, &e), &e);
    assert_int_equal(memory_limit(w, &s), 96L << 20);
    /* and it is nobody else's any more */
    j.eni = a2;
    assert_int_equal(warden_sandbox_join(w->rig.client, &j, &e).why, WHY_REJECT);
    err_clear(&e);
    remove_all(w, &s);
    apply(&w->rig, &w->plan);
    int fds[] = {log, inside, allowed, denied, heard};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        close(fds[i]);
}

static void test_warden_sandbox__one_that_stays_alone_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    struct sandbox_start s;
    struct sandbox_join j = {.eni = an_id("eni-", 9, 9), .memory_mib = 96};
    int log = start_alone(w, &s);

    j.sandbox = s.sandbox;
    assert_int_equal(warden_sandbox_join(w->rig.client, &j, &e).why, WHY_REJECT); /* there is no such interface */
    err_clear(&e);
    assert_true(netns_named(w, &s.sandbox) != 0);
    remove_all(w, &s);
    assert_int_equal(netns_named(w, &s.sandbox), 0);
    j.eni = w->plan.interfaces[A1].id;
    assert_int_equal(warden_sandbox_join(w->rig.client, &j, &e).why, WHY_REJECT);
    err_clear(&e);
    close(log);
    log = start_alone(w, &s);
    kill(w->rig.pid, SIGKILL);
    assert_int_equal(rig_wait(&w->rig), 1000 + SIGKILL);
    warden_client_free(w->rig.client);
    close(w->vault);
    start_warden(w);
    assert_int_equal(netns_named(w, &s.sandbox), 0);
    assert_int_equal(cgroups_left(&w->rig), 0);
    close(log);
    fine(warden_volume_delete(w->rig.client, &s.volume, &e), &e);
}

/* The image that ships: trains on a few rows, as SageMaker's contract lays them out. */
static void test_warden_sandbox__native_image_trains(void **state)
{
    static const char *const files[][2] = {
        {"input/config/hyperparameters.json", "{\"num_round\":\"3\",\"objective\":\"reg:linear\",\"max_depth\":\"2\"}"},
        {"input/config/resourceconfig.json", "{\"current_host\":\"algo-1\",\"hosts\":[\"algo-1\"]}"},
        {"input/config/inputdataconfig.json",
         "{\"train\":{\"ContentType\":\"text/csv\",\"TrainingInputMode\":\"File\",\"S3DistributionType\":"
         "\"FullyReplicated\",\"RecordWrapperType\":\"None\"}}"},
        {"input/data/train/rows.csv", "1,1,2\n2,2,1\n3,3,2\n4,4,1\n5,5,2\n6,6,1\n"}};
    static const char *const dirs[] = {"input", "input/config", "input/data", "input/data/train", "model", "output"};
    const char *const argv[] = {"/usr/bin/train", NULL};
    struct world *w = *state;
    struct err e = {0};
    struct sandbox_start s = fresh(w);
    char data[RIG_PATH];
    int log, status;
    struct stat st;
    uid_t base = order(w, &s, argv, NULL, 0);

    snprintf(data, sizeof data, "%s/%s/vol/%s/data", w->rig.root, w->rig.tag, s.volume.z);
    pid_t pid = fork();
    if (pid == 0) {
        if (setresgid(base, base, base) || setresuid(base, base, base) || chdir(data))
            _exit(1);
        for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
            mkdir(dirs[i], 0755);
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            FILE *f = fopen(files[i][0], "we");
            if (!f || fputs(files[i][1], f) < 0 || fclose(f) != 0)
                _exit(2);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    memset(s.image, 0, sizeof s.image);
    memcpy(s.image, "native", 6);
    s.memory_mib = 512;
    int64_t begin = time_mono_ms();
    fine(warden_sandbox_start(w->rig.client, &s, &log, &e), &e);
    print_message("# started in %d ms\n", (int)(time_mono_ms() - begin));
    has(read_all(log), "[2]\ttrain-rmse:");
    assert_int_equal(ended(w).code, 0);
    snprintf(data + strlen(data), sizeof data - strlen(data), "/model/xgboost-model");
    assert_int_equal(stat(data, &st), 0);
    assert_true(st.st_size > 500);
    remove_all(w, &s);
}

/* Whatever folder a warden runs in, user ids are the machine's: two runs side by side must not share one. */
static void test_warden_sandbox__user_ids_are_leased_from_the_whole_machine(void **state)
{
    struct world *w = *state;
    struct sandbox_start s = fresh(w);
    char path[RIG_PATH], line[256], tag[16];
    unsigned number = 0, found = 0;
    struct stat st;

    snprintf(path, sizeof path, "%s/%s/vol/%s/data", w->rig.root, w->rig.tag, s.volume.z);
    assert_int_equal(stat(path, &st), 0);
    FILE *f = fopen("/run/barmkin/uids", "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        found += sscanf(line, "%*s %15s %*d %*u %u", tag, &number) == 2 && strcmp(tag, w->rig.tag) == 0 &&
                 st.st_uid == LEASE_FIRST + number * LEASE_IDS;
    fclose(f);
    assert_int_equal(found, 1);
    remove_all(w, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warden_sandbox__sees_its_own_world_only),
        cmocka_unit_test(test_warden_sandbox__attacks_are_denied),
        cmocka_unit_test(test_warden_sandbox__memory_is_limited),
        cmocka_unit_test(test_warden_sandbox__processes_are_limited),
        cmocka_unit_test(test_warden_sandbox__tells_exit_codes_and_environment),
        cmocka_unit_test(test_warden_sandbox__bad_start_files_are_refused),
        cmocka_unit_test(test_warden_sandbox__stops_politely_and_by_force),
        cmocka_unit_test(test_warden_sandbox__refuses_what_is_not_there),
        cmocka_unit_test(test_warden_agent__has_the_users_rights_and_no_others),
        cmocka_unit_test(test_warden_agent__ends_with_its_sandbox),
        cmocka_unit_test(test_warden_agent__lets_go_of_its_volume),
        cmocka_unit_test(test_warden_sandbox__one_that_was_alone_joins_a_network),
        cmocka_unit_test(test_warden_sandbox__one_that_stays_alone_leaves_nothing),
        cmocka_unit_test(test_warden_sandbox__native_image_trains),
        cmocka_unit_test(test_warden_sandbox__user_ids_are_leased_from_the_whole_machine),
        cmocka_unit_test(test_warden_sandbox__ends_with_a_warden_that_is_killed),
        cmocka_unit_test(test_warden_sandbox__a_warden_ends_while_one_starts),
    };

    if (skip_unless_root())
        return 0;
    return cmocka_run_group_tests(tests, setup, teardown);
}
