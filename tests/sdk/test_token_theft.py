# SPDX-License-Identifier: MIT
"""Threat T17: two jobs run side by side in real sandboxes, and each tries to come by the other's credentials. The test
tells both what to try (tests/probe/thief.c is their program), and gives them more than a thief would have: the other's
true address and true token, read out of the other's agent by the test as root."""
import ctypes
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time

import pytest

from conftest import BUILD, HERE, Server
from test_sagemaker_run import World

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
CREDENTIALS = "169.254.170.2:80"
NO_WAY = ("ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "ETIMEDOUT", "EAGAIN", "EINPROGRESS")


def in_namespace(path, do):
    """Runs `do` on a thread of its own inside a network namespace."""
    out = {}

    def there():
        try:
            with open(path) as ns:
                if LIBC.setns(ns.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            out["said"] = do()
        except Exception as e:  # noqa: BLE001 - told to whoever waits
            out["error"] = e

    t = threading.Thread(target=there)
    t.start()
    t.join()
    if "error" in out:
        raise out["error"]
    return out["said"]


def exchange(address, data):
    with socket.create_connection(address, 20) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := s.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


class Sandbox:
    """A running job, its program under our command."""

    def __init__(self, world, job):
        self.world, self.job, self.server = world, job, world.server
        before = {i["NetworkInterfaceId"] for i in world.interfaces()}
        world.job(job, StoppingCondition={"MaxRuntimeInSeconds": 600})
        for _ in range(600):
            mine = [i for i in world.interfaces() if i["NetworkInterfaceId"] not in before]
            if mine and self.is_up(mine[0]):
                break
            time.sleep(0.1)
        else:
            raise AssertionError(world.sm.describe_training_job(TrainingJobName=job))
        self.agent = self.find_agent()
        self.box = re.search(r"box-[0-9a-f]{17}", open(f"/proc/{self.agent}/cgroup").read()).group(0)
        self.token = self.find_token()

    def is_up(self, interface):
        self.ip = interface["PrivateIpAddress"]
        self.netns = f"/run/barmkin/{self.server.tag}/netns/{interface['NetworkInterfaceId']}"
        try:
            return self.tell("env") != ""
        except OSError:
            return False

    def tell(self, command, body=b""):
        data = command.encode() + b"\n" + body
        return in_namespace(self.netns, lambda: exchange(("127.0.0.1", 9000), data)).decode(errors="replace")

    def request(self, path, token=None, where=CREDENTIALS, method="GET", more=()):
        """What the program in the sandbox gets for it: a status, or the error's name."""
        head = [f"{method} {path} HTTP/1.1", "Host: 169.254.170.2", "Connection: close", *more]
        if token is not None:
            head.append(f"Authorization: {token}")
        said = self.tell(f"ask {where}", ("\r\n".join(head) + "\r\n\r\n").encode())
        assert "SecretAccessKey" not in said, said
        status = re.match(r"HTTP/1\.1 (\d{3})", said)
        return int(status.group(1)) if status else said

    def as_agent(self, path, token):
        """The same from the interface's namespace, where the agent is: what is really given."""
        head = f"GET {path} HTTP/1.1\r\nHost: 169.254.170.2\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        return in_namespace(self.netns, lambda: exchange(("169.254.170.2", 80), head.encode())).decode()

    @property
    def path(self):
        return f"/v2/credentials/{self.box}"

    def find_agent(self):
        wanted = os.stat(self.netns).st_ino
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    named = b"barmkin-agent" in f.read()
                if named and os.stat(f"/proc/{pid}/ns/net").st_ino == wanted:
                    return int(pid)
            except OSError:
                continue
        raise AssertionError("no agent")

    def find_token(self):
        """Out of the agent's memory, as nobody but root can. It is the one that opens the door."""
        with open(f"/proc/{self.agent}/maps") as f:
            areas = [line.split() for line in f if " rw" in line]
        with open(f"/proc/{self.agent}/mem", "rb") as memory:
            for span, *_ in areas:
                start, end = (int(x, 16) for x in span.split("-"))
                if end - start > 1 << 30:  # AddressSanitizer's shadow: terabytes of nothing
                    continue
                try:
                    memory.seek(start)
                    text = memory.read(end - start)
                except OSError:
                    continue
                for found in set(re.findall(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", text)):
                    if "SecretAccessKey" in self.as_agent(self.path, found.decode()):
                        return found.decode()
        raise AssertionError("the agent's token was not found")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server whose native image runs the thief, two jobs in one VPC, and a third in another account's twin of it."""
    server = Server(seed=secrets.token_hex(4))
    try:
        root = os.path.join(server.state, "images/native/rootfs")
        shutil.copytree(os.path.join(BUILD, "images/native/rootfs"), root, symlinks=True)
        subprocess.run(["gcc", "-D_GNU_SOURCE", "-O1", "-static", "-o", os.path.join(root, "usr/bin/xgboost-train"),
                        os.path.join(HERE, "probe/thief.c")], check=True)
        server.start()
        home, twin = World(server), World(server, "staging")
        lab = [Sandbox(home, "first"), Sandbox(home, "second"), Sandbox(twin, "third")]
        yield lab
        assert server.process.poll() is None
        assert server.stop() == 0, server.tail()
    finally:
        server.stop()
        server.remove()


def pairs(lab):
    """Thief and victim: the two side by side, both ways, and both ways across accounts."""
    a, b, c = lab
    return [(a, b), (b, a), (a, c), (c, a)]


def test_the_tokens_are_real(lab):
    """What the thieves are given opens the door, from the right place."""
    for s in lab:
        given = json.loads(s.as_agent(s.path, s.token).split("\r\n\r\n", 1)[1])
        assert given["RoleArn"] == s.world.role and given["SecretAccessKey"] and len(s.token) == 64
    assert len({s.token for s in lab}) == len({s.box for s in lab}) == 3


def test_the_twin_has_the_same_address(lab):
    """So only the namespace tells the first of one account and the first of the other apart."""
    assert lab[0].ip == lab[2].ip and lab[0].world.vpc != lab[2].world.vpc


def test_the_others_address_and_token(lab):
    for thief, victim in pairs(lab):
        for path, token in ((victim.path, victim.token), (victim.path, thief.token), (thief.path, victim.token),
                            (victim.path, None), (thief.path, None), (victim.path, ""), (thief.path, "")):
            assert thief.request(path, token) == 403, (path, token)


def test_almost_the_token(lab):
    for thief in lab[:2]:
        right = thief.token
        wrong = "0" if right[-1] != "0" else "1"
        for token in (right[:-1], right[:-1] + wrong, right + wrong, right.upper() + "x", right[::-1], right[:32],
                      "Bearer " + right, right + "," + right, "*", "%00", "f" * 64, "0" * 64):
            assert thief.request(thief.path, token) == 403, token
        for path in ("/v2/credentials/", "/v2/credentials/*", "/v2/credentials/box-", thief.path + "/",
                     thief.path + "/../" + thief.box, thief.path.replace("box", "BOX"), thief.path + "%20"):
            assert thief.request(path, right) in (400, 403), path
        for path in ("/", "/latest/meta-data/iam/security-credentials/", "/v1/credentials/" + thief.box,
                     "/_barmkin/health"):
            assert thief.request(path, right) == 404, path


def test_guessing(lab):
    thief, victim = lab[:2]
    for _ in range(100):
        assert thief.request(victim.path, secrets.token_hex(32)) == 403
    assert "SecretAccessKey" in victim.as_agent(victim.path, victim.token)  # and the victim is not locked out


def test_claims_in_headers(lab):
    for thief, victim in pairs(lab):
        claims = (f"X-Forwarded-For: {victim.ip}", f"Forwarded: for={victim.ip}", f"X-Real-IP: {victim.ip}",
                  f"X-Barmkin-Box: {victim.box}", f"X-Amz-Source-Vpce: {victim.world.vpc}")
        assert thief.request(victim.path, victim.token, more=claims) == 403
        for method in ("POST", "PUT", "HEAD", "OPTIONS"):
            assert thief.request(victim.path, victim.token, method=method) in (400, 403, 404, 405), method


def test_two_tokens_in_one_request(lab):
    for thief, victim in pairs(lab):
        twice = (f"Authorization: {victim.token}", f"Authorization: {thief.token}")
        assert thief.request(victim.path, more=twice) in (400, 403)
        assert thief.request(victim.path, more=twice[::-1]) in (400, 403)


def test_the_others_place(lab):
    """Its address cannot be taken, and nothing listens on it that gives credentials."""
    a, b, _ = lab
    for thief, victim in ((a, b), (b, a)):
        assert thief.tell(f"bind {victim.ip}") == "EADDRNOTAVAIL"
        for port in (80, 443, 8080):
            assert thief.request(victim.path, victim.token, where=f"{victim.ip}:{port}") in NO_WAY
    for where in ("169.254.169.254:80", "169.254.170.1:80", "127.0.0.1:80"):
        assert a.request(b.path, b.token, where=where) in NO_WAY


def test_a_job_speaks_for_another(lab):
    """B lets A's program ask from A's place, for A's program has no token of its own to add."""
    a, b, _ = lab
    for helper, path in ((a, a.path), (a, b.path)):
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {b.token}\r\n\r\n"
        said = b.tell(f"ask {helper.ip}:9000", f"ask {CREDENTIALS}\n{head}".encode())
        assert "403" in said or said in NO_WAY or said == "", said


def test_other_processes_are_not_there(lab):
    for thief, victim in pairs(lab):
        processes = [p for p in thief.tell("list /proc").split() if p.isdigit()]
        assert set(processes) <= {"1", "2", "3"}, processes
        for what in ("environ", "cmdline", "mem", "maps", "fd", "root"):
            assert thief.tell(f"read /proc/{victim.agent}/{what}") == "ENOENT"
        assert thief.tell("read /proc/1/environ") in ("EACCES", "EPERM")
        assert thief.tell("read /proc/1/mem") in ("EACCES", "EPERM")


def test_other_volumes_are_not_there(lab):
    for thief, victim in pairs(lab):
        for path in (thief.server.state, "/run/barmkin", f"/run/barmkin/{victim.server.tag}", "/sys/fs/cgroup/barmkin",
                     "/opt/ml/../../run/barmkin"):
            assert thief.tell(f"list {path}") in ("ENOENT", "EACCES"), path


def tree(sandbox, path, depth=4):
    """Every file of a folder in the sandbox, with what is in it."""
    for name in sandbox.tell(f"list {path}").split("\n"):
        if name in ("", ".", ".."):
            continue
        full = f"{path}/{name}"
        inside = sandbox.tell(f"list {full}")
        if inside == "ENOTDIR":
            yield full, sandbox.tell(f"read {full}")
        elif depth and not inside.startswith("E"):
            yield from tree(sandbox, full, depth - 1)


def test_tokens_lie_nowhere(lab):
    """Not in a job's environment or files, not in a log, not in what is audited."""
    tokens = [s.token for s in lab]
    for s in lab[:2]:
        found = dict(tree(s, "/opt/ml"))
        assert any(f.endswith("hyperparameters.json") for f in found), sorted(found)
        for name, text in [*found.items(), ("environment", s.tell("env")),
                           *((f, s.tell(f"read {f}")) for f in ("/proc/self/environ", "/proc/self/mountinfo",
                                                                "/etc/hosts", "/etc/resolv.conf", "/proc/net/tcp"))]:
            assert not any(t in text for t in tokens), name
    server = lab[0].server
    for folder, _, names in os.walk(server.state):
        for name in names:
            path = os.path.join(folder, name)
            if "/images/" in path or path.endswith(".img") or not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                text = f.read()
            assert not any(t.encode() in text for t in tokens), path
    events = server.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", startFromHead=True,
        logStreamName=server.client("logs").describe_log_streams(
            logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"][0]["logStreamName"])["events"]
    assert [e["message"] for e in events] == ["in place"]


def test_z_an_ended_jobs_token_is_worth_nothing(lab):
    """Last: the second job ends, and a new one gets its place."""
    a, b, _ = lab
    b.world.sm.stop_training_job(TrainingJobName=b.job)
    assert b.world.wait_job(b.job)["TrainingJobStatus"] in ("Stopped", "Failed")
    assert a.request(b.path, b.token) == 403
    heir = Sandbox(b.world, "heir")
    assert heir.request(b.path, b.token) == 403 and heir.request(heir.path, b.token) == 403
    assert "SecretAccessKey" not in heir.as_agent(b.path, b.token)
