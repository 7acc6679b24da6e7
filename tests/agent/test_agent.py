# SPDX-License-Identifier: MIT
"""barmkin-agent against an S3 that checks every signature, in a network namespace of its own. As root:
/usr/bin/python3 -m pytest -q tests/agent"""
import ctypes
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "../../build")))
USER = 0x6FFF0000  # nobody's
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network namespace")


def sh(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(folder):
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    with open(f"{folder}/names", "w") as f:
        f.write("subjectAltName=DNS:s3.us-east-1.amazonaws.com,DNS:*.s3.us-east-1.amazonaws.com")
    sh("openssl", "req", "-x509", *ec, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem", "-subj", "/CN=ca")
    sh("openssl", "req", *ec, "-keyout", f"{folder}/leaf.key", "-out", f"{folder}/leaf.csr", "-subj", "/CN=s3")
    sh("openssl", "x509", "-req", "-in", f"{folder}/leaf.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
       "-CAcreateserial", "-out", f"{folder}/leaf.pem", "-extfile", f"{folder}/names")


@pytest.fixture(scope="module")
def world():
    folder, net = tempfile.mkdtemp(prefix="barmkin-agent."), f"bkagent{os.getpid()}"
    os.chmod(folder, 0o755)
    certificates(folder)
    shutil.copy(f"{BUILD}/barmkin-agent", folder)
    sh("ip", "netns", "add", net)
    server = None
    try:
        sh("ip", "-n", net, "link", "set", "lo", "up")
        for a in ("10.0.0.2", "10.0.0.9", "169.254.170.2"):
            sh("ip", "-n", net, "addr", "add", f"{a}/32", "dev", "lo")
        server = subprocess.Popen(["ip", "netns", "exec", net, "/usr/bin/python3", f"{HERE}/world.py", folder])
        for _ in range(200):
            if os.path.exists(f"{folder}/up"):
                break
            time.sleep(0.05)
        assert os.path.exists(f"{folder}/up")
        yield folder, f"/run/netns/{net}"
    finally:
        if server:
            server.kill()
            server.wait()
        sh("ip", "netns", "del", net)
        shutil.rmtree(folder)


class Agent:
    """One agent at work, started as warden does: user, network, folder, descriptor 3."""

    def __init__(self, world, ca=None):
        self.folder, net = world
        self.work = tempfile.mkdtemp(dir=self.folder, prefix="work.")
        os.chown(self.work, USER, USER)
        os.chmod(self.work, 0o755)
        mine, theirs = socket.socketpair()
        space = os.open(net, os.O_RDONLY)

        def become():
            os.dup2(theirs.fileno(), 3)
            assert ctypes.CDLL(None).setns(space, 0) == 0
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
            os.chdir(self.work)

        self.process = subprocess.Popen([f"{self.folder}/barmkin-agent", ca or f"{self.folder}/ca.pem"], env={},
                                        preexec_fn=become, pass_fds=(3,) if theirs.fileno() == 3 else (), close_fds=False,
                                        stderr=subprocess.PIPE)
        os.close(space)
        theirs.close()
        self.socket, self.lines = mine, mine.makefile("rw")
        self.stages = []

    def say(self, value):
        self.lines.write(json.dumps(value) + "\n")
        self.lines.flush()

    def hear(self):
        for line in self.lines:
            value = json.loads(line)
            if value["event"] != "stage":
                return value
            self.stages.append(value["stage"])
        return None

    def end(self):
        self.lines.close()
        self.socket.close()
        _, log = self.process.communicate(timeout=30)
        assert b"ERROR" not in log, log.decode()
        return self.process.returncode

    def read(self, name):
        with open(os.path.join(self.work, name), "rb") as f:
            return f.read()


def order(**changes):
    o = {"kind": "training", "region": "us-east-1", "resolver": "10.0.0.2", "credentials_uri": "/v2/credentials/job",
         "credentials_token": "T" * 64, "argv": ["train"], "env": {"TRAINING_JOB_NAME": "job"},
         "hyperparameters": {"num_round": "50"}, "output_s3_uri": "s3://data/out/job/output", "kms_key_id": "key-id",
         "channels": [{"name": "train", "s3_uri": "s3://data/abalone/train", "content_type": "text/csv"},
                      {"name": "validation", "s3_uri": "s3://data/abalone/validation/"}]}
    o.update(changes)
    return {k: v for k, v in o.items() if v is not None}


def calls(world):
    with open(f"{world[0]}/calls") as f:
        return [json.loads(line) for line in f]


def test_training_goes_the_whole_way(world):
    a = Agent(world)
    a.say(order())
    assert a.hear() == {"event": "ready", "bytes": 5 * 6000 + 4}
    assert sorted(os.listdir(f"{a.work}/input/data/train")) == [f"part {i}+ü.csv" for i in range(5)]
    assert a.read("input/data/validation/v.csv") == b"4,5\n"
    assert json.loads(a.read("input/config/hyperparameters.json")) == {"num_round": "50"}
    assert json.loads(a.read("input/config/inputdataconfig.json"))["train"] == {
        "ContentType": "text/csv", "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None"}
    start = a.read(".barmkin/start").split(b"\0")
    assert start[:2] == [b"barmkin-start 1", b"1"] and start[4] == b"train" and start[-1] == b""
    assert b"TRAINING_JOB_NAME=job" in start and b"AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt" in start
    with open(f"{a.work}/model/xgboost-model", "wb") as f:
        f.write(b"MODEL")
    os.symlink("/etc/passwd", f"{a.work}/model/passwd")
    a.say({"event": "exited", "code": 0})
    assert a.hear() == {"event": "uploaded", "model": True, "output": False, "bytes": pytest.approx(120, abs=60), "failure": ""}
    assert a.stages == ["Downloading", "Uploading"] and a.end() == 0
    with tarfile.open(f"{world[0]}/put-out-job-output-model.tar.gz") as t:
        assert t.getnames() == ["xgboost-model"]
    put = [c for c in calls(world) if c["method"] == "PUT"][-1]
    assert put["headers"]["x-amz-server-side-encryption"] == "aws:kms"
    assert put["headers"]["x-amz-server-side-encryption-aws-kms-key-id"] == "key-id"


def test_failure_text_and_output_of_a_failed_program(world):
    a = Agent(world)
    a.say(order())
    assert a.hear()["event"] == "ready"
    for name, text in (("output/failure", 'UserError: "x"\n'), ("output/data/log", "y"), ("model/half", "z")):
        with open(f"{a.work}/{name}", "w") as f:
            f.write(text)
    a.say({"event": "exited", "code": 1})
    told = a.hear()
    assert (told["event"], told["model"], told["output"], told["failure"]) == ("uploaded", False, True, 'UserError: "x"')
    assert a.end() == 0


def test_a_large_model_goes_in_parts(world):
    a, data = Agent(world), os.urandom(70 << 20)
    a.say(order(channels=[]))
    assert a.hear()["event"] == "ready"
    with open(f"{a.work}/model/big", "wb") as f:
        f.write(data)
    a.say({"event": "exited", "code": 0})
    assert a.hear()["model"] is True
    assert a.end() == 0
    with tarfile.open(f"{world[0]}/put-out-job-output-model.tar.gz") as t:
        assert t.extractfile("big").read() == data


def test_an_endpoint_gets_its_model(world):
    a = Agent(world)
    a.say(order(kind="endpoint", channels=None, output_s3_uri=None, model_data_url="s3://data/m/model.tar.gz", argv=["serve"]))
    assert a.hear()["event"] == "ready"
    assert a.read("model/xgboost-model") == b"MODEL" and a.read("model/code/inference.py") == b"pass"
    assert a.end() == 0


def test_a_spare_becomes_a_functions(world):
    spare = {"kind": "spare", "argv": ["wait", "for"], "env": {"LANG": "C"}, "cwd": "/"}
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as z:
        z.writestr("index.py", "print(1)")
    a = Agent(world)
    a.say(spare)
    assert a.hear() == {"event": "ready", "bytes": 0}
    start = a.read(".barmkin/start").split(b"\0")
    assert start[1] == b"2" and start[3:6] == [b"/", b"wait", b"for"] and os.listdir(a.work) == [".barmkin"]
    assert not any(v.startswith(b"AWS_ACCESS") for v in start)  # it is nobody's
    a.say(order(kind="function", code_bytes=len(code.getvalue()), channels=None, output_s3_uri=None, cwd="/opt/ml/task"))
    a.socket.sendall(code.getvalue())
    assert a.hear() == {"event": "ready", "bytes": 0} and a.read("task/index.py") == b"print(1)"
    start = a.read(".barmkin/start").split(b"\0")
    assert start[3:5] == [b"/opt/ml/task", b"train"] and any(v.startswith(b"AWS_SECRET_ACCESS_KEY=") for v in start)
    assert a.end() == 0
    for then in (spare, order()):  # a function's, and nothing else
        a = Agent(world)
        a.say(spare)
        a.hear()
        a.say(then)
        assert a.hear()["event"] == "failed" and a.end() == 1


@pytest.mark.parametrize("changes, reason", [
    ({"channels": [{"name": "train", "s3_uri": "s3://denied/x"}]},
     "ClientError: Data download failed: AccessDenied (403): User is not authorized because no VPC endpoint policy allows it"),
    ({"channels": [{"name": "train", "s3_uri": "s3://data/none"}]}, "ClientError: No S3 objects found under S3 URL"),
    ({"channels": [{"name": "train", "s3_uri": "s3://data/climb/"}]}, "ClientError: a path that leaves its folder"),
    ({"channels": [{"name": "../train", "s3_uri": "s3://data/abalone"}]}, "ClientError: a channel's name cannot be"),
    ({"channels": [{"name": "train", "s3_uri": "http://data/abalone"}]}, "ClientError: not an S3 URI"),
    ({"kind": "endpoint", "model_data_url": "s3://data/m/none.tar.gz", "channels": []}, "NoSuchKey (404)"),
    ({"kind": "endpoint", "model_data_url": "s3://data/m/evil.tar.gz", "channels": []}, "ClientError: the archive has a name"),
    ({"kind": "endpoint", "model_data_url": "s3://data/m/noise.tar.gz", "channels": []}, "ClientError: the archive cannot be"),
    ({"region": "eu-west-1"}, "ClientError: could not connect to the endpoint: the name data.s3.eu-west-1.amazonaws.com"),
    ({"credentials_token": "wrong"}, "ClientError: the role's credentials were refused (401)"),
    ({"argv": []}, "ClientError: the order has no argv"),
    ({"env": {"A": "x\x00y"}}, "ClientError: "),
    ({"env": {"A=B": "x"}}, "ClientError: an environment variable"),
    ({"kind": "other"}, "ClientError: the order's kind is unknown"),
])
def test_reasons_are_told(world, changes, reason):
    a = Agent(world)
    a.say(order(**changes))
    told = a.hear()
    assert told["event"] == "failed" and reason in told["reason"], told
    assert "T" * 64 not in json.dumps(told)
    assert a.hear() is None and a.end() == 1
    assert not os.path.exists(f"{a.work}/.barmkin/start")
    assert not os.path.exists(f"{world[0]}/evil")


def test_an_upload_that_is_denied_says_so(world):
    a = Agent(world)
    a.say(order(channels=[], output_s3_uri="s3://denied/out"))
    assert a.hear()["event"] == "ready"
    a.say({"event": "exited", "code": 0})
    told = a.hear()
    assert (told["stage"], told["reason"]) == ("Uploading", "ClientError: Upload failed: AccessDenied (403): no s3:PutObject")
    assert a.end() == 1


def test_a_busy_server_is_asked_again(world):
    a = Agent(world)
    a.say(order(channels=[{"name": "slow", "s3_uri": "s3://data/slow/once"}]))
    assert a.hear() == {"event": "ready", "bytes": len(b"after a 503")}
    assert a.read("input/data/slow/once") == b"after a 503"
    assert a.end() == 0


def test_a_foreign_certificate_is_refused(world):
    a = Agent(world, ca="/etc/ssl/certs/ca-certificates.crt")
    a.say(order())
    assert "InternalServerError: no answer from data.s3.us-east-1.amazonaws.com: SSL" in a.hear()["reason"]
    assert a.end() == 1


def test_garbage_instead_of_an_order(world):
    for text in ("\n", "{}\n", "[]\n", "{\"kind\":1}\n", "x" * 100 + "\n", "{" * 200 + "\n"):
        a = Agent(world)
        a.lines.write(text)
        a.lines.flush()
        assert a.hear()["event"] == "failed"
        assert a.end() == 1
    a = Agent(world)
    assert a.end() == 0  # front closed without an order


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", __file__]))
