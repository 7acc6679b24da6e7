# SPDX-License-Identifier: MIT
"""The roles: each is killed and comes back, keeps what it may not lose, and may no more than it must."""
import concurrent.futures
import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import test_network
from conftest import BARMKIN, Server

AGAIN_S = 2.0
SANITIZED = b"__asan_init" in open(BARMKIN, "rb").read()
unhardened = pytest.mark.skipif(SANITIZED, reason="sanitizers look at their own process, so it is not closed to it")


# ---- what the kernel says of them ----

def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def words(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().split(b"\0")


def children(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]
    return []


def roles(server):
    """pid by name of what runs now."""
    found = {}
    for pid in children(server.process.pid):
        with contextlib.suppress(OSError):
            argv = words(pid)
            name = "warden" if argv[0] == b"barmkin-warden" else argv[2].decode() if argv[1:2] == [b"role"] else None
            if name and status(pid)["State"][0] != "Z":
                found[name] = pid
    return found


def until(what, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def gone(pid):
    try:
        return status(pid)["State"][0] == "Z"
    except OSError:
        return True


def of_state(server):
    """Every process that was started for this state folder."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(path.rsplit("/", 1)[1])
            if any(server.state.encode() in w for w in words(pid)) and pid != os.getpid():
                found.append(pid)
    return found


def leftovers(server):
    left = glob.glob(f"/run/barmkin/{server.tag}*") + glob.glob(f"/run/netns/*{server.tag}*")
    left += [n for n in os.listdir("/sys/class/net") if server.tag in n]
    left += glob.glob(f"/sys/fs/cgroup/*{server.tag}*") + glob.glob(f"/sys/fs/cgroup/*/*{server.tag}*")
    with open("/proc/self/mounts") as f:
        left += [line for line in f if server.tag in line]
    return left


# ---- what clients see ----

def answers(server, seconds=AGAIN_S):
    """Signed calls, one of which needs vault, are answered within the time; how long it took."""
    start, last = time.monotonic(), None
    while time.monotonic() - start < seconds:
        try:
            server.client("sts").get_caller_identity()
            seal(server)
            return time.monotonic() - start
        except Exception as e:  # whatever a client sees meanwhile, it must end
            last = e
            time.sleep(0.01)
    raise AssertionError(f"no answer within {seconds} s: {last}\n{server.tail()}")


def seal(server):
    """A call whose answer only a living vault can make: a new access key's secret is sealed there."""
    iam = server.client("iam")
    key = iam.create_access_key(UserName="probe")["AccessKey"]
    iam.delete_access_key(UserName="probe", AccessKeyId=key["AccessKeyId"])


@pytest.fixture
def served(own_server):
    own_server.client("iam").create_user(UserName="probe")
    return own_server


def writer(server, stop, acknowledged):
    """Writes until told to stop, over connections that break; remembers what was acknowledged."""
    n = 0
    while not stop:
        iam = server.client("iam")
        with contextlib.suppress(Exception):
            while not stop:
                n += 1
                iam.create_user(UserName=f"w-{n}")
                acknowledged.append(f"w-{n}")


def users(server):
    names, marker = set(), {}
    iam = server.client("iam")
    while True:
        page = iam.list_users(**marker)
        names |= {u["UserName"] for u in page["Users"]}
        if not page.get("IsTruncated"):
            return names
        marker = {"Marker": page["Marker"]}


@pytest.fixture
def folder():
    """An empty folder that every user may walk through, as the roles must."""
    with tempfile.TemporaryDirectory(prefix="barmkin-test.") as path:
        os.chmod(path, 0o711)
        yield pathlib.Path(path)


# ---- deaths ----

@pytest.mark.parametrize("role", ["vault", "front", "warden"])
def test_a_killed_role_is_replaced_and_nothing_acknowledged_is_lost(served, role):
    before, stop, acknowledged = roles(served), [], []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        writing = pool.submit(writer, served, stop, acknowledged)
        assert until(lambda: len(acknowledged) > 5)
        os.kill(before[role], signal.SIGKILL)
        assert until(lambda: gone(before[role]))
        answers(served)
        n = len(acknowledged)
        assert until(lambda: len(acknowledged) > n + 5), "writes go on"
        stop.append(True)
        writing.result()
    assert set(acknowledged) <= users(served)
    assert until(lambda: set(roles(served)) == {"front", "vault", "warden"})
    after = roles(served)
    replaced = {"vault"} if role == "vault" else {"front", "warden"}
    assert {r for r in before if before[r] != after[r]} == replaced
    assert re.search(rf"parent: {role} \(process {before[role]}\) was ended by signal 9", served.tail())
    time.sleep(0.1)
    assert not [p for p in children(served.process.pid) if status(p)["State"][0] == "Z"]
    assert served.process.poll() is None
    pids = list(after.values())
    assert served.stop() == 0, served.tail()
    assert all(gone(p) for p in pids) and not of_state(served) and not leftovers(served)


def test_networks_are_there_again_after_each_death(served):
    v = test_network.Vpc(served)
    v.interface("sts")
    netns = f"/run/barmkin/{served.tag}/netns/{v.id}"
    assert os.path.exists(netns)
    for role in ("vault", "front", "warden"):
        os.kill(roles(served)[role], signal.SIGKILL)
        time.sleep(0.05)
        answers(served)
        v.ec2 = served.client("ec2")
        assert os.path.exists(netns), role
        assert v.python(test_network.LOOK) == "ok", role
    served.process.kill()
    served.process.wait()
    assert until(lambda: not leftovers(served) and not of_state(served), 5), leftovers(served)


def test_connections_to_front_outlive_vault(served):
    with speaking(served) as s:
        assert ask(s, signed(served)).startswith(b"HTTP/1.1 200")
        old = roles(served)["vault"]
        os.kill(old, signal.SIGKILL)
        assert until(lambda: roles(served).get("vault", old) != old)
        answers(served)
        assert ask(s, signed(served)).startswith(b"HTTP/1.1 200")


def test_all_at_once(served):
    for pid in roles(served).values():
        os.kill(pid, signal.SIGKILL)
    answers(served)
    assert set(roles(served)) == {"front", "vault", "warden"}


def test_a_vault_that_hangs_is_replaced(served):
    old = roles(served)["vault"]
    time.sleep(2.1)  # a younger one is given time
    os.kill(old, signal.SIGSTOP)
    with pytest.raises(Exception):
        seal(served)  # 10 s are what front waits for one answer
    assert until(lambda: gone(old), 5), served.tail()
    answers(served)


def test_the_parent_gives_up_when_they_keep_dying(own_server):
    killed = set()

    def kill_vault():
        pid = roles(own_server).get("vault")
        if pid and pid not in killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        return own_server.process.poll() is not None

    assert until(kill_vault, 20)
    assert len(killed) in (5, 6) and own_server.process.returncode == 1  # one may be gone before it is seen
    assert "the roles keep dying: giving up" in own_server.tail()
    assert not of_state(own_server) and not leftovers(own_server)


@pytest.mark.parametrize("role", ["vault", "front", "warden"])
def test_asked_to_stop_while_a_role_is_being_replaced(own_server, role):
    pids = roles(own_server)
    os.kill(pids[role], signal.SIGKILL)
    own_server.process.send_signal(signal.SIGTERM)
    assert own_server.process.wait(10) == 0, own_server.tail()
    assert not of_state(own_server) and not leftovers(own_server)


def test_a_killed_parent_takes_all_with_it_and_the_next_serve_cleans(served):
    pids = roles(served)
    served.client("iam").create_user(UserName="kept")
    served.process.kill()
    served.process.wait()
    served.start()  # at once: it waits for what is ending
    assert all(gone(p) for p in pids.values())
    assert "kept" in users(served)
    assert set(roles(served)) == {"front", "vault", "warden"}
    assert served.stop() == 0
    assert not of_state(served) and not leftovers(served)


def test_roles_end_without_a_new_serve(own_server):
    pids = roles(own_server)
    own_server.process.kill()
    own_server.process.wait()
    assert until(lambda: all(gone(p) for p in pids.values()), 5)
    assert until(lambda: not leftovers(own_server), 5), leftovers(own_server)


# ---- stopping ----

def signed(server, body=b"Action=GetCallerIdentity&Version=2011-06-15"):
    """A signed request's bytes."""
    a = server.account("dev")
    r = botocore.awsrequest.AWSRequest("POST", server.url + "/", data=body,
                                       headers={"Content-Type": "application/x-www-form-urlencoded"})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(a["access_key_id"], a["secret_access_key"]), "sts",
                            server.region).add_auth(r)
    p = r.prepare()
    head = "".join(f"{k}: {v}\r\n" for k, v in p.headers.items() if k.lower() not in ("host", "content-length"))
    host = server.url.split("//")[1]
    return f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


@contextlib.contextmanager
def speaking(server):
    host, port = server.url.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with ssl.create_default_context(cafile=server.ca).wrap_socket(plain, server_hostname=host) as s:
            yield s


def ask(s, request):
    s.sendall(request)
    return s.recv(65536)


def test_a_request_in_flight_is_answered_before_the_end(own_server):
    request = signed(own_server)
    with speaking(own_server) as s:
        s.sendall(request[:-10])
        time.sleep(0.2)
        own_server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert own_server.process.poll() is None
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(s.getpeername(), timeout=1)
        s.sendall(request[-10:])
        answer = s.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200") and own_server.account("dev")["id"].encode() in answer
    assert own_server.process.wait(10) == 0


def test_a_terminals_interrupt_reaches_every_role_and_is_a_clean_stop(own_server):
    request = signed(own_server, b"Action=GetCallerIdentity&Version=2011-06-15")
    pids = roles(own_server)
    with speaking(own_server) as s:
        s.sendall(request[:-1])
        time.sleep(0.1)
        for pid in [own_server.process.pid, pids["front"], pids["vault"]]:
            os.kill(pid, signal.SIGINT)
        time.sleep(0.2)
        s.sendall(request[-1:])
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
    assert own_server.process.wait(10) == 0


# ---- who they are, and what they may ----

def test_uids_and_capabilities(own_server):
    pids = roles(own_server)
    uid = {r: status(p)["Uid"].split() for r, p in pids.items()}
    base = json.load(open(os.path.join(own_server.state, "config.json")))["uid_base"]
    assert uid["front"] == [str(base)] * 4 and uid["vault"] == [str(base + 1)] * 4
    assert uid["warden"] == ["0"] * 4 and status(own_server.process.pid)["Uid"].split() == ["0"] * 4
    for role in ("front", "vault"):
        s = status(pids[role])
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(s[name], 16) == 0, (role, name)
        assert s["Groups"].strip() == "" and s["NoNewPrivs"] == "1", role
        assert s["Gid"].split() == uid[role]
        own = {"front": own_server.state, "vault": own_server.state + "/vault"}  # where it may be, whatever lies above
        assert os.readlink(f"/proc/{pids[role]}/cwd") == own[role]
        assert s["Umask"] == "0077"


@unhardened
def test_system_calls_are_confined(own_server):
    assert {r: status(p)["Seccomp"] for r, p in roles(own_server).items()} == dict.fromkeys(
        ("front", "vault", "warden"), "2")


@unhardened
def test_memory_is_closed_to_its_own_user(own_server):
    pids = roles(own_server)
    for role in ("front", "vault"):
        uid = int(status(pids[role])["Uid"].split()[0])
        as_uid = subprocess.run(["/usr/bin/python3", "-c", "import sys\nopen(sys.argv[1], 'rb')",
                                 f"/proc/{pids[role]}/mem"], user=uid, group=uid, extra_groups=[], cwd="/",
                                capture_output=True, text=True)
        assert as_uid.returncode != 0 and "PermissionError" in as_uid.stderr, role
        assert os.stat(f"/proc/{pids[role]}/environ").st_uid == 0, "not dumpable"
    for role, pid in pids.items():
        with open(f"/proc/{pid}/limits") as f:
            assert re.search(r"Max core file size +0 +0 ", f.read()), role


def test_front_may_open_many_files(own_server):
    with open(f"/proc/{roles(own_server)['front']}/limits") as f:
        soft, hard = re.search(r"Max open files +(\S+) +(\S+)", f.read()).groups()
    assert soft == hard


def test_descriptors_are_the_roles_own(own_server):
    pids = roles(own_server)
    for role, pid in pids.items():
        at = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert at[0] == "/dev/null", role
        foreign = [p for p in at.values() if p.startswith("/") and not p.startswith(own_server.state)
                   and not p.startswith(("/dev/null", "/run/barmkin", "/proc"))]
        assert not foreign, (role, foreign)
        if role != "front":
            assert not [p for p in at.values() if p.startswith(own_server.state + "/front")], role
        if role != "vault":
            assert not [p for p in at.values() if p.startswith(own_server.state + "/vault")], role


def test_no_secret_in_environments_or_command_lines():
    planted = "planted-secret-0123456789abcdef"
    os.environ["AWS_SECRET_ACCESS_KEY"] = planted
    try:
        s = Server(seed="env")
        s.start()
    finally:
        del os.environ["AWS_SECRET_ACCESS_KEY"]
    try:
        secrets = [a["secret_access_key"].encode() for a in s.accounts.values()] + [planted.encode()]
        for role, pid in roles(s).items():
            for name in ("environ", "cmdline"):
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    text = f.read()
                assert not [x for x in secrets if x in text], (role, name)
    finally:
        s.stop()
        s.remove()


def test_files_belong_to_their_roles(own_server):
    base = json.load(open(os.path.join(own_server.state, "config.json")))["uid_base"]
    owner = {"front": base, "vault": base + 1}
    top = os.lstat(own_server.state)
    assert stat.S_IMODE(top.st_mode) == 0o711 and top.st_uid == 0
    seen = 0
    for folder, _, files in os.walk(own_server.state):
        for path in [folder] + [os.path.join(folder, f) for f in files]:
            part = os.path.relpath(path, own_server.state).split("/")[0]
            st = os.lstat(path)
            seen += 1
            if part in (".", "serve.log"):
                continue
            assert st.st_uid == owner.get(part, 0), path
            if part not in ("ca.pem", "config.json"):  # which say nothing secret
                assert st.st_mode & 0o077 == 0, (path, oct(st.st_mode))
            assert st.st_mode & 0o022 == 0, path
    assert seen > 10
    admin = os.lstat(os.path.join(own_server.state, "admin.sock"))
    assert stat.S_IMODE(admin.st_mode) == 0o600 and admin.st_uid == 0


def test_threads_have_names(own_server):
    front = roles(own_server)["front"]
    names = [open(t).read().strip() for t in glob.glob(f"/proc/{front}/task/*/comm")]
    assert names.count("pool") == 4 and names.count("io") >= 1
    assert {"front", "writer", "audit", "conductor", "warden-reader"} <= set(names)


# ---- what the tests themselves must notice ----

def test_a_death_is_noticed(own_server):
    os.kill(roles(own_server)["vault"], signal.SIGKILL)
    assert until(own_server.deaths, 5) and not own_server.reports()


@pytest.mark.parametrize("line", ["==7==ERROR: LeakSanitizer: detected memory leaks", "src/base/str.c:7:5: runtime error: shift"])
def test_a_sanitizers_report_is_noticed(line):
    s = Server(seed="report")
    with open(s.log, "w") as f:
        f.write(line + "\n")
    with pytest.raises(AssertionError, match="Leak|shift"):
        s.remove()


@pytest.mark.skipif(not SANITIZED, reason="a build without sanitizers")
@pytest.mark.parametrize("role", ["front", "vault", "warden"])
def test_each_role_is_under_a_sanitizer(role):
    s = Server(seed="fault")
    try:
        s.start()
        os.kill(roles(s)[role], signal.SIGSEGV)
        assert until(s.reports, 20)
    finally:
        s.stop()
        shutil.rmtree(s.state)


# ---- servers side by side ----

def test_two_servers_do_not_disturb_each_other(own_server):
    other = Server(seed="other")
    try:
        other.start()
        before = roles(own_server)
        assert other.tag != own_server.tag and other.url != own_server.url
        os.kill(roles(other)["warden"], signal.SIGKILL)
        assert until(lambda: alive(other), 5), other.tail()
        other.client("iam").create_user(UserName="there")
        assert "there" in users(other) and "there" not in users(own_server)
        assert other.stop() == 0
        assert roles(own_server) == before
        own_server.client("sts").get_caller_identity()
        assert os.path.isdir(f"/run/barmkin/{own_server.tag}") and not leftovers(other)
    finally:
        other.stop()
        other.remove()


def alive(server):
    with contextlib.suppress(Exception):
        server.client("sts").get_caller_identity()
        return len(roles(server)) == 3


def test_a_second_serve_on_the_same_state_is_refused(own_server):
    before = roles(own_server)
    second = subprocess.run([BARMKIN, "serve", "--state", own_server.state, "--listen", "127.0.0.1:0"],
                            capture_output=True, text=True, timeout=20)
    assert second.returncode == 5 and second.stdout == ""
    assert second.stderr == "barmkin serve: another server is using this state folder\n"
    assert roles(own_server) == before
    own_server.client("sts").get_caller_identity()


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:70000", "example.org:1", ":4566", "a" * 300 + ":1"])
def test_a_bad_address_is_refused(folder, listen):
    subprocess.run([BARMKIN, "init", "--state", str(folder / "s")], check=True, capture_output=True)
    got = subprocess.run([BARMKIN, "serve", "--state", str(folder / "s"), "--listen", listen], capture_output=True,
                         text=True, timeout=20)
    assert got.returncode == 6 and "--listen takes ADDRESS:PORT" in got.stderr


def test_an_address_in_use_is_a_failure_that_names_it(own_server, folder):
    subprocess.run([BARMKIN, "init", "--state", str(folder / "s")], check=True, capture_output=True)
    where = own_server.url.split("//")[1]
    got = subprocess.run([BARMKIN, "serve", "--state", str(folder / "s"), "--listen", where], capture_output=True,
                         text=True, timeout=20)
    assert got.returncode == 1 and f"cannot listen on {where}: Address already in use" in got.stderr


# ---- readiness ----

def test_one_line_on_standard_output_and_a_word_to_the_service_manager(folder):
    state, manager = str(folder / "s"), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(folder / "notify"))
    manager.settimeout(20)
    subprocess.run([BARMKIN, "init", "--state", state], check=True, capture_output=True)
    p = subprocess.Popen([BARMKIN, "serve", "--state", state, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, env=dict(os.environ, NOTIFY_SOCKET=str(folder / "notify")))
    try:
        assert manager.recv(100) == b"READY=1"
        line = p.stdout.readline()
        url = re.fullmatch(rb"Listening on https://127\.0\.0\.1:(\d+)\. Ready\.\n", line)
        assert url, line
        with socket.create_connection(("127.0.0.1", int(url.group(1))), timeout=2) as s:
            assert ask(s, b"GET /_barmkin/health HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")
        p.send_signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert p.stdout.read() == b"" and p.wait(10) == 0
    finally:
        p.kill()
        p.wait()
        manager.close()


# ---- init's choice of users ----

@pytest.mark.parametrize("base, why", [
    ("0", "takes a number"), ("x", "takes a number"), ("99", "takes a number"), ("4294967295", "takes a number"),
    (str(0x70000000), "takes a number"), ("65533", "is the user nobody"), ("-5", "takes a number")])
def test_init_refuses_uids_that_are_not_free(folder, base, why):
    got = subprocess.run([BARMKIN, "init", "--state", str(folder / "s"), f"--uid-base={base}"], capture_output=True,
                         text=True)
    assert got.returncode == 6 and why in got.stderr, got
    assert not os.path.exists(folder / "s" / "vault")


def test_a_state_folder_may_lie_deep_in_one_that_only_root_may_enter(folder):
    closed = folder / "closed" / ("long" * 30)
    os.makedirs(closed, 0o700)
    os.chmod(folder / "closed", 0o700)
    state = str(closed / "s")
    subprocess.run([BARMKIN, "init", "--state", state], check=True, capture_output=True)
    p = subprocess.Popen([BARMKIN, "serve", "--state", state, "--listen", "localhost:0"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    try:
        assert re.fullmatch(rb"Listening on https://localhost:\d+\. Ready\.\n", p.stdout.readline())
        made = subprocess.run([BARMKIN, "account", "create", "--state", "s", "qa", "-o", "json"], cwd=closed, check=True,
                              capture_output=True, text=True)
        assert json.loads(made.stdout)["name"] == "qa"
        p.send_signal(signal.SIGTERM)
        assert p.wait(20) == 0
    finally:
        p.kill()
        p.wait()
        p.stdout.close()


def test_init_takes_the_uids_it_is_given(folder):
    state = str(folder / "s")
    subprocess.run([BARMKIN, "init", "--state", state, "--uid-base", "61500"], check=True, capture_output=True)
    assert os.stat(state + "/front").st_uid == 61500 and os.stat(state + "/vault").st_uid == 61501
