# SPDX-License-Identifier: MIT
"""One Barmkin of our own: made, started, talked to, stopped and removed."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import boto3
from botocore.config import Config

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
SANITIZER = re.compile(r"ERROR: (Address|Leak|UndefinedBehavior)Sanitizer|runtime error: |SUMMARY: \w+Sanitizer")
for _name in [n for n in os.environ if n.startswith("AWS_")]:
    del os.environ[_name]  # the reader's own profiles take no part in this


class World:
    """A server with its accounts. client() gives a boto3 client of an account's administrator, or of a session."""

    def __init__(self, build, state=None):
        self.barmkin = os.path.abspath(os.path.join(build, "barmkin"))
        self.state = state or tempfile.mkdtemp(prefix="barmkin-demo-")
        self.server = None
        self.log = None
        self.session = boto3.session.Session()  # one for all clients: it keeps the models that it has read
        self.accounts = {}
        self.endpoint = self.ca_bundle = self.region = None

    # ---- life ----

    def init(self):
        """barmkin init: a CA, a root key, an Organization, four accounts with an administrator and a profile each."""
        made = json.loads(self.run("init", "--state", self.state, "--listen", "127.0.0.1:0", "-o", "json").stdout)
        self.ca_bundle = made["ca_bundle"]
        self.region = made["region"]
        self.accounts = {a["name"]: a for a in made["accounts"]}

    def start(self, listen="127.0.0.1:0", timeout=20):
        """barmkin serve, until it says that it is ready."""
        self.log = os.path.join(self.state, "serve.log")
        begin = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen([self.barmkin, "serve", "--state", self.state, "--listen", listen],
                                           stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                           start_new_session=True)
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.server.poll() is None:
            found = re.search(r"Listening on (https://\S+?)\. Ready\.", self.server_log(begin))
            if found:
                self.endpoint = found.group(1)
                return
            time.sleep(0.005)
        raise RuntimeError("barmkin serve did not start:\n" + self.server_log())

    def server_log(self, begin=0):
        with open(self.log, errors="replace") as f:
            f.seek(begin)
            return f.read()

    def stop(self, timeout=30):
        if not self.server:
            return
        self.server.terminate()
        try:
            self.server.wait(timeout)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        self.server = None

    def remove(self):
        """A build with sanitizers that had something to report of a role has failed."""
        self.stop()
        log = self.server_log() if self.log else ""
        shutil.rmtree(self.state, ignore_errors=True)
        if SANITIZER.search(log):
            raise RuntimeError("a sanitizer reported in a role:\n" + log[-20000:])

    def tag(self):
        """Six hex digits: part of every name that this server's networks and sandboxes have in the kernel."""
        with open(os.path.join(self.state, "config.json")) as f:
            return json.load(f)["tag"]

    # ---- talking to it ----

    def id(self, account):
        return self.accounts[account]["id"]

    def run(self, *argv, accept=(0,), **kwargs):
        """A verb of the barmkin program; accept: the exit statuses that are no failure."""
        done = subprocess.run([self.barmkin, *argv], capture_output=True, text=True, timeout=120, **kwargs)
        if done.returncode not in accept:
            raise RuntimeError(f"barmkin {' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
        return done

    def explain(self, request_id, *argv):
        """barmkin explain: its status 3 says that the request was denied."""
        return self.run("explain", "--state", self.state, *argv, request_id, accept=(0, 3)).stdout

    def client(self, service, who, **config):
        """who: an account's name (its administrator), or the Credentials that AssumeRole returned."""
        if isinstance(who, str):
            account = self.accounts[who]
            keys = {"aws_access_key_id": account["access_key_id"],
                    "aws_secret_access_key": account["secret_access_key"]}
        else:
            keys = {"aws_access_key_id": who["AccessKeyId"], "aws_secret_access_key": who["SecretAccessKey"],
                    "aws_session_token": who["SessionToken"]}
        settings = Config(read_timeout=60, connect_timeout=5, retries={"max_attempts": 0}, **config)
        return self.session.client(service, **keys, region_name=self.region, endpoint_url=self.endpoint,
                                   verify=self.ca_bundle, config=settings)

    def assume(self, who, role_arn, name="demo"):
        return self.client("sts", who).assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]

    def inside(self, account, network, script, *argv, stdin="", group=None):
        """Runs one of the demo's scripts behind a network interface in a VPC, and returns the JSON that it prints.

        There it uses Amazon's own names, without any endpoint URL: the VPC's resolver leads them to its endpoints.
        """
        argv = ["run", "--state", self.state, "--profile", self.accounts[account]["profile"],
                "--vpc", network.vpc, "--subnet", network.subnets[0],
                "--security-group", group or network.workload_group,
                "--", PYTHON, "-B", os.path.join(HERE, script), *argv]
        return json.loads(self.run(*argv, input=stdin).stdout)
