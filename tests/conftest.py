# SPDX-License-Identifier: MIT
"""What transcripts, SDK tests and stories share: one server on a private state folder, clients of its accounts, and roles and
users that live as long as a test. The server runs from $BUILD (build/ unless told). Needs root."""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

import boto3
import botocore.config
import botocore.exceptions
import botocore.loaders
import botocore.session
import pytest

from functions import Functions

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
BARMKIN = os.path.join(BUILD, "barmkin")
LOADER = botocore.loaders.create_loader()  # the models are read once: that is most of what a new client costs
REPORT = re.compile(rb"ERROR: (Address|Leak|UndefinedBehavior)Sanitizer|runtime error: |SUMMARY: \w+Sanitizer")
DEATH = re.compile(rb" error parent: \w+ \(process \d+\) (was ended|has ended)")


def barmkin(*argv, **kw):
    """Runs a verb and gives what it printed; a failure says what went to standard error."""
    fine = kw.pop("fine", (0,))
    done = subprocess.run([BARMKIN, *argv], capture_output=True, text=True, timeout=kw.pop("timeout", 120), **kw)
    assert done.returncode in fine, f"barmkin {' '.join(argv)}: exit {done.returncode}: {done.stderr}"
    return done.stdout


def note(state, pid):
    """Tells tests/run what must be gone at the end, even if this process dies."""
    if os.environ.get("BARMKIN_TEST_STATES"):
        with open(os.environ["BARMKIN_TEST_STATES"], "a") as f:
            f.write(f"{state} {pid}\n")


class Server:
    """A running barmkin: state, url, ca, region, tag, accounts (by name: id, access_key_id, secret_access_key)."""

    def __init__(self, seed="1"):
        self.state = tempfile.mkdtemp(prefix="barmkin-test.")
        os.chmod(self.state, 0o711)
        self.process, self.url = None, None
        self.log = os.path.join(self.state, "serve.log")
        made = json.loads(barmkin("init", "--state", self.state, "--seed", seed, "-o", "json"))
        self.ca, self.region = made["ca_bundle"], made["region"]
        self.accounts = {a["name"]: a for a in made["accounts"]}
        with open(os.path.join(self.state, "config.json")) as f:
            self.tag = json.load(f)["tag"]

    def start(self):
        """Serves on a free port; the log grows over restarts."""
        start = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([BARMKIN, "serve", "--state", self.state, "--listen", "127.0.0.1:0"],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        note(self.state, self.process.pid)
        for _ in range(600):
            with open(self.log, "rb") as f:
                f.seek(start)
                ready = re.search(rb"Listening on (https://\S+)\. Ready\.", f.read())
            if ready:
                self.url = ready.group(1).decode()
                return self
            assert self.process.poll() is None, f"the server ended: {self.tail()}"
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready within 30 s: {self.tail()}")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the server did not stop within 30 s of SIGTERM: {self.tail()}")
        return self.process.returncode if self.process else None

    def remove(self):
        """What the sanitizers had to say of a role fails the test, until its last moment: leaks are found when it ends."""
        said, told = self.reports(), self.tail(200)
        shutil.rmtree(self.state, ignore_errors=True)
        assert not said, told

    def tail(self, lines=40):
        with contextlib.suppress(OSError):
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        return "(no log)"

    def reports(self):
        """The sanitizers' reports in the server's log, if it was built with them."""
        return self.told(REPORT)

    def deaths(self):
        """What the parent has to say of roles that ended and should not have."""
        return self.told(DEATH)

    def told(self, what):
        if not os.path.exists(self.log):
            return []
        with open(self.log, "rb") as f:
            return [line.decode(errors="replace") for line in f if what.search(line)]

    def account(self, profile):
        return self.accounts[profile]

    def session(self, profile="dev", keys=None):
        """keys: (id, secret) or (id, secret, token), or the Credentials of AssumeRole, in place of the profile's."""
        if isinstance(keys, dict):
            keys = (keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
        if keys is None:
            a = self.accounts[profile]
            keys = (a["access_key_id"], a["secret_access_key"])
        inner = botocore.session.get_session()
        inner.register_component("data_loader", LOADER)
        return boto3.session.Session(*keys, region_name=self.region, botocore_session=inner)

    def client(self, service, profile="dev", keys=None, config=None, **kw):
        """A boto3 client that never retries, hangs or checks its input: what the server answers is what a test sees."""
        mine = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=20,
                                      parameter_validation=False,
                                      s3={"addressing_style": "path"})
        kw.setdefault("endpoint_url", self.url)
        kw.setdefault("verify", self.ca)
        return self.session(profile, keys).client(service, config=mine.merge(config) if config else mine, **kw)

    def fresh_account(self, name="scratch"):
        """An empty account of that name: created, or wiped and made anew. Usable as a profile."""
        made = json.loads(barmkin("account", "create", "--state", self.state, name, "--replace", "-o", "json"))
        self.accounts[name] = made
        return made

    def barmkin(self, verb, *argv, **kw):
        words = verb.split()
        return barmkin(*words, "--state", self.state, *argv, **kw)

    def explain(self, request_id):
        """What `barmkin explain` says of a request; its exit status (0 allowed, 3 denied) must fit."""
        done = subprocess.run([BARMKIN, "explain", "--state", self.state, request_id, "-o", "json"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 3), done.stderr
        said = json.loads(done.stdout)
        assert (done.returncode == 0) == (said["decision"] == "Allowed")
        return said


def pytest_runtest_makereport(item, call):
    """`make stories` prints each claim with its verdict: a story's first line is the sentence it holds Barmkin to."""
    if call.when == "call" and "/stories/" in str(item.fspath):
        claim = (item.function.__doc__ or item.name).strip().split("\n")[0]
        skipped = call.excinfo is not None and call.excinfo.errisinstance(pytest.skip.Exception)
        print(f"\n{'holds ' if call.excinfo is None else 'absent' if skipped else 'BROKEN'}  {claim}")


def pytest_configure(config):
    config.addinivalue_line("markers", "old_client: also run with tests/requirements-old.txt")


@pytest.fixture(scope="session")
def server():
    s = Server()
    try:
        s.start()
        yield s
        assert s.process.poll() is None, f"the server died during the tests: {s.tail()}"
        assert s.stop() == 0, f"the server stopped with {s.process.returncode}: {s.tail()}"
        assert not s.deaths(), f"a role died during the tests: {s.deaths()}"
    finally:
        with contextlib.suppress(Exception):
            s.stop()
        for f in glob.glob(os.path.join(s.state, "*.log")):
            with contextlib.suppress(OSError):
                os.makedirs(os.path.join(BUILD, "log"), exist_ok=True)
                shutil.copy(f, os.path.join(BUILD, "log", "server-" + os.path.basename(f)))
        s.remove()


@pytest.fixture
def own_server():
    """A server of the test's own, started: for kill -9, restarts, wiped accounts."""
    s = Server(seed=uuid.uuid4().hex[:8])
    try:
        yield s.start()
    finally:
        with contextlib.suppress(Exception):
            s.stop()
        s.remove()


@pytest.fixture
def client(server):
    return server.client


@pytest.fixture
def iam(server):
    """As dev's administrator."""
    return server.client("iam")


@pytest.fixture
def account(server):
    return server.account("dev")["id"]


@pytest.fixture
def name():
    """A name nobody else has."""
    return "t-" + uuid.uuid4().hex[:12]


class Identity:
    """A role's session or a user, and the clients it speaks with."""

    def __init__(self, server, arn, name, keys, profile):
        self.server, self.arn, self.name, self.keys, self.profile = server, arn, name, keys, profile

    def client(self, service, **kw):
        return self.server.client(service, self.profile, keys=self.keys, **kw)


def shift(server, seconds):
    """The same state with its clock moved: what was issued before has aged."""
    server.stop()
    path = os.path.join(server.state, "config.json")
    with open(path) as f:
        config = json.load(f)
    config["clock_offset_ms"] = seconds * 1000
    with open(path, "w") as f:
        json.dump(config, f)
    server.start()


def document(*statements, **one):
    """A policy document; document(Action="s3:*") is one Allow on everything."""
    if one:
        statements = ({"Effect": "Allow", "Resource": "*", **one},)
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*actions, condition=None, **principal):
    """trust(Service="ec2.amazonaws.com"): the trust policy that lets it in; trust("sts:AssumeRole", "sts:TagSession", AWS=account)
    with more than one right."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions) or "sts:AssumeRole"}
    return document({**statement, "Condition": condition} if condition else statement)


trust_policy = trust  # for role(trust=...), whose argument has that name


@pytest.fixture
def role(server):
    """role(policy=None, trust=None, profile="dev", session=..., **assume): a role made now, assumed by its account's
    administrator; removed with the test. trust: the principal's ARN, default the account's root."""
    made = []

    def make(policy=None, trust=None, profile="dev", assume=True, name=None, **kw):
        iam, account = server.client("iam", profile), server.account(profile)["id"]
        name = name or "role-" + uuid.uuid4().hex[:10]
        principal = trust or f"arn:aws:iam::{account}:root"
        trusted = trust_policy(**(principal if isinstance(principal, dict) else {"AWS": principal}))
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        made.append((iam, name))
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        keys = None
        if assume:
            keys = server.client("sts", profile).assume_role(RoleArn=arn, RoleSessionName="test", **kw)["Credentials"]
        return Identity(server, arn, name, keys, profile)

    yield make
    for iam, name in made:
        with contextlib.suppress(botocore.exceptions.ClientError):
            for p in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=p)
            for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=p["PolicyArn"])
            iam.delete_role(RoleName=name)


@pytest.fixture
def user(server):
    """user(policy=None, profile="dev"): a user made now, with an access key; removed with the test."""
    made = []

    def make(policy=None, profile="dev", name=None):
        iam = server.client("iam", profile)
        name = name or "user-" + uuid.uuid4().hex[:10]
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.append((iam, name))
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        return Identity(server, arn, name, (key["AccessKeyId"], key["SecretAccessKey"]), profile)

    yield make
    for iam, name in made:
        with contextlib.suppress(botocore.exceptions.ClientError):
            for k in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=k["AccessKeyId"])
            for p in iam.list_user_policies(UserName=name)["PolicyNames"]:
                iam.delete_user_policy(UserName=name, PolicyName=p)
            for p in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
                iam.detach_user_policy(UserName=name, PolicyArn=p["PolicyArn"])
            iam.delete_user(UserName=name)


@pytest.fixture
def functions(server, name):
    """functions.make(source, role=..., **CreateFunction), .role(statement...), .invoke(name, event); they go with the test."""
    made = Functions(server, name)
    yield made
    made.remove()


@contextlib.contextmanager
def refuses(code, *words):
    """with refuses("AccessDenied", "no identity-based policy allows"): the call inside fails so, in these words."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, f"{error['Code']}: {error.get('Message')}"
    for w in words:
        assert w in error["Message"], error["Message"]


@pytest.fixture(name="refuses")
def refuses_fixture():
    return refuses


@pytest.fixture(name="document")
def document_fixture():
    return document
