/* SPDX-License-Identifier: MIT */
/* Warden's beginnings and ends: bad messages end it, a kill leaves nothing that the next start does not remove. */
#include "rig.h"

#include <sys/mount.h>
#include <sys/stat.h>

static int setup(void **state)
{
    static struct rig r; /* the test's, not the product's */

    *state = &r;
    rig_init(&r);
    return 0;
}

static int teardown(void **state)
{
    rig_done(*state);
    return 0;
}

static void run_path(const struct rig *r, const char *name, char *out)
{
    snprintf(out, RIG_PATH, "%s/%s%s", r->root, r->tag, name);
}

/* Sends raw bytes as a peer gone wrong would, and waits for the role's exit status. */
static int status_after(struct rig *r, const void *bytes, size_t n)
{
    int pipe_fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_fds), 0);
    r->pid = rig_spawn(r, pipe_fds[1]);
    close(pipe_fds[1]);
    assert_int_equal(send(pipe_fds[0], bytes, n, MSG_NOSIGNAL), (ssize_t)n);
    shutdown(pipe_fds[0], SHUT_WR);
    int status = rig_wait(r);
    close(pipe_fds[0]);
    assert_int_equal(rig_leftovers(r), 0);
    return status;
}

static void test_warden_lifecycle__a_bad_message_ends_the_role(void **state)
{
    struct rig *r = *state;
    struct {
        struct message_head head;
        char body[64];
    } m = {.head = {.body_bytes = 0, .type = WARDEN_PING, .n_fds = 0, .request = 1}};

    assert_int_equal(status_after(r, &m, sizeof m.head), 0); /* a good one, then a clean end */
    m.head.type = 99;                                        /* unknown */
    assert_int_equal(status_after(r, &m, sizeof m.head), 2);
    m.head.type = WARDEN_NEW_VAULT; /* known, but not front's to send */
    assert_int_equal(status_after(r, &m, sizeof m.head), 2);
    m.head.type = WARDEN_VPC_REMOVE; /* without its id */
    assert_int_equal(status_after(r, &m, sizeof m.head), 2);
    m.head.body_bytes = sizeof(struct message_id);
    memcpy(m.body, "vpc-../../../etc/passwd", 24);
    assert_int_equal(status_after(r, &m, sizeof m.head + 24), 2);
    m.head.type = WARDEN_VPC_APPLY; /* not a plan */
    assert_int_equal(status_after(r, &m, sizeof m.head + 24), 2);
    m.head.body_bytes = MESSAGE_BODY_MAX + 1;
    assert_int_equal(status_after(r, &m, sizeof m.head), 2);
    m.head = (struct message_head){.type = WARDEN_PING, .n_fds = 1, .request = 1}; /* a descriptor that is not there */
    assert_int_equal(status_after(r, &m, sizeof m.head), 2);
    m.head = (struct message_head){.type = WARDEN_PING, .body_bytes = 9, .request = 1}; /* cut off */
    assert_int_equal(status_after(r, &m, sizeof m.head + 3), 2);
}

static void test_warden_lifecycle__a_closed_pipe_ends_it_with_nothing_left(void **state)
{
    struct rig *r = *state;
    struct test_plan t;

    rig_start(r, NULL, NULL);
    plan_make(&t, 1);
    apply(r, &t);
    assert_true(rig_leftovers(r) > 0);
    assert_int_equal(rig_stop(r), 0);
    assert_int_equal(rig_leftovers(r), 0);
}

static void test_warden_lifecycle__sigterm_ends_it_with_nothing_left(void **state)
{
    struct rig *r = *state;
    struct test_plan t;
    struct err e = {0};

    rig_start(r, NULL, NULL);
    plan_make(&t, 1);
    apply(r, &t);
    kill(r->pid, SIGTERM);
    assert_int_equal(rig_wait(r), 0);
    assert_int_equal(rig_leftovers(r), 0);
    assert_int_equal(warden_ping(r->client, &e).why, WHY_OOPS); /* and its client knows */
    rig_stop(r);
}

/* A cgroup of this TAG with a process in it, in the hierarchy that is there (v1 freezer, or v2). */
static pid_t sleeper_in_cgroup(const struct rig *r, char *dir, size_t cap)
{
    char path[RIG_PATH + 32];
    const char *root = access("/sys/fs/cgroup/freezer", F_OK) == 0 ? "/sys/fs/cgroup/freezer" : "/sys/fs/cgroup";

    snprintf(dir, cap, "%s/barmkin-%s", root, r->tag);
    mkdir(dir, 0700);
    snprintf(path, sizeof path, "%s/job", dir);
    mkdir(path, 0700);
    pid_t pid = fork();
    if (pid == 0) {
        sleep(60);
        _exit(0);
    }
    snprintf(path, sizeof path, "%s/job/cgroup.procs", dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fprintf(f, "%d\n", (int)pid);
    fclose(f);
    return pid;
}

static void test_warden_lifecycle__after_a_kill_the_next_start_removes_everything(void **state)
{
    struct rig *r = *state;
    struct test_plan t;
    char netns[RIG_PATH], volume[RIG_PATH], precious[64], cgroup[RIG_PATH];
    int status;

    rig_start(r, NULL, NULL);
    plan_make(&t, 1);
    apply(r, &t);
    /* a process and a socket that outlive the kill, a mount below the run folder, a cgroup */
    int held = socket_at(r, &t.plan.id, SOCK_DGRAM);
    pid_t sleeper = sleeper_in_cgroup(r, cgroup, sizeof cgroup);
    snprintf(precious, sizeof precious, "/tmp/barmkin-test-%s", r->tag);
    mkdir(precious, 0700);
    snprintf(volume, sizeof volume, "%s/file", precious);
    close(open(volume, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    run_path(r, "/volume", volume);
    mkdir(volume, 0700);
    assert_int_equal(mount(precious, volume, NULL, MS_BIND, NULL), 0);
    kill(r->pid, SIGKILL);
    assert_int_equal(rig_wait(r), 1000 + SIGKILL);
    warden_client_free(r->client);
    r->client = NULL;
    run_path(r, "/netns", netns);
    assert_int_equal(rig_entries(netns), 5); /* a VPC and four interfaces */

    rig_start(r, NULL, NULL);
    assert_int_equal(rig_entries(netns), 0);
    assert_int_not_equal(access(volume, F_OK), 0);
    assert_int_not_equal(access(cgroup, F_OK), 0);
    assert_int_equal(waitpid(sleeper, &status, 0), sleeper);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(rig_entries(precious), 1); /* what was mounted is whole */
    struct ifreq q = {.ifr_name = ""};          /* the links are gone though a socket keeps their namespace */
    snprintf(q.ifr_name, sizeof q.ifr_name, "bk%s%04x", r->tag, 0);
    assert_int_equal(ioctl(held, SIOCGIFFLAGS, &q), -1);
    assert_int_equal(errno, ENODEV);
    close(held);
    apply(r, &t); /* the same ids again */
    rig_stop(r);
    snprintf(volume, sizeof volume, "%s/file", precious);
    unlink(volume);
    rmdir(precious);
}

static void test_warden_lifecycle__what_another_boot_left_is_removed(void **state)
{
    struct rig *r = *state;
    char path[RIG_PATH], other[RIG_PATH - 32];

    snprintf(other, sizeof other, "%s/aaaaaa", r->root);
    mkdir(other, 0700);
    snprintf(path, sizeof path, "%s/boot", other);
    FILE *f = fopen(path, "we");
    fputs("00000000-0000-0000-0000-000000000000", f);
    fclose(f);
    snprintf(path, sizeof path, "%s/netns", other);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/elsewhere", other);
    assert_int_equal(symlink("/etc", path), 0); /* not followed */
    rig_start(r, NULL, NULL);
    assert_int_not_equal(access(other, F_OK), 0);
    assert_int_equal(access("/etc/passwd", F_OK), 0);
    rig_stop(r);
}

static void test_warden_lifecycle__a_tag_has_one_warden(void **state)
{
    struct rig *r = *state, second = *r;
    int pipe_fds[2];
    struct test_plan t;

    rig_start(r, NULL, NULL);
    plan_make(&t, 1);
    apply(r, &t);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_fds), 0);
    second.pid = rig_spawn(&second, pipe_fds[1]);
    close(pipe_fds[1]);
    assert_int_equal(rig_wait(&second), 1);
    close(pipe_fds[0]);
    int in = listen_at(r, &t.interfaces[A2].id, SOCK_STREAM, 0, 8000);
    assert_int_equal(dial(r, &t.interfaces[A1].id, t.interfaces[A2].addr, 8000, LONG_MS), 0); /* untouched */
    close(in);
    rig_stop(r);
}

static void test_warden_lifecycle__a_cleanup_on_request_starts_afresh(void **state)
{
    struct rig *r = *state;
    struct test_plan t;
    char netns[RIG_PATH];
    struct err e = {0};

    rig_start(r, NULL, NULL);
    plan_make(&t, 1);
    t.plan.generation = 9;
    apply(r, &t);
    assert_true(is_ok(warden_cleanup(r->client, &e)));
    run_path(r, "/netns", netns);
    assert_int_equal(rig_entries(netns), 0);
    t.plan.generation = 1; /* nothing is known of it any more */
    apply(r, &t);
    assert_int_equal(rig_entries(netns), 5);
    rig_stop(r);
}

static void test_warden_lifecycle__only_root_can_open_a_namespace(void **state)
{
    struct rig *r = *state;
    struct test_plan t;
    struct stat st;
    char path[RIG_PATH];

    rig_start(r, NULL, NULL);
    plan_make(&t, 1);
    apply(r, &t);
    run_path(r, "", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0711); /* sandboxes pass through to their own box; nobody may list */
    run_path(r, "/netns", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    rig_stop(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warden_lifecycle__a_bad_message_ends_the_role),
        cmocka_unit_test(test_warden_lifecycle__a_closed_pipe_ends_it_with_nothing_left),
        cmocka_unit_test(test_warden_lifecycle__sigterm_ends_it_with_nothing_left),
        cmocka_unit_test(test_warden_lifecycle__after_a_kill_the_next_start_removes_everything),
        cmocka_unit_test(test_warden_lifecycle__what_another_boot_left_is_removed),
        cmocka_unit_test(test_warden_lifecycle__a_tag_has_one_warden),
        cmocka_unit_test(test_warden_lifecycle__a_cleanup_on_request_starts_afresh),
        cmocka_unit_test(test_warden_lifecycle__only_root_can_open_a_namespace),
    };
    return skip_unless_root() ? 0 : cmocka_run_group_tests(tests, setup, teardown);
}
