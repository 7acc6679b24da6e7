# SPDX-License-Identifier: MIT
"""Functions of Lambda for tests: their zips, roles and lives. conftest.py makes fixtures of them."""
import contextlib
import glob
import io
import json
import os
import time
import zipfile

import botocore.exceptions

LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


def zipped(source, name="index.py", mode=0o644):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        z.writestr(info, source)
    return b.getvalue()


def spares(tag):
    """The spare sandboxes of a server that are up: each has a network of its own without an interface, named after it, and
    listens there once its interpreter waits. Their names, with a process of each."""
    found = {}
    named = {os.stat(path).st_ino: os.path.basename(path) for path in glob.glob(f"/run/barmkin/{tag}/netns/box-*")}
    for pid in filter(str.isdigit, os.listdir("/proc") if named else []):
        with contextlib.suppress(OSError):
            box = named.get(os.stat(f"/proc/{pid}/ns/net").st_ino)
            with open(f"/proc/{pid}/net/tcp") as f:
                if box and " 0100007F:1F90 00000000:0000 0A " in f.read():
                    found[box] = int(pid)
    return found


def wait_for_spares(tag, n=2, seconds=60):
    until = time.monotonic() + seconds
    while len(spares(tag)) != n and time.monotonic() < until:
        time.sleep(0.05)
    assert len(spares(tag)) == n
    return spares(tag)


class Functions:
    """Makes functions of an account from their source, each with a role of its own unless one is given."""

    def __init__(self, server, name, profile="dev"):
        self.iam, self.lam, self.name = server.client("iam", profile), server.client("lambda", profile), name
        self.server, self.profile, self.roles, self.made = server, profile, [], []

    def role(self, *statements, logs=True, trust="lambda.amazonaws.com"):
        one = f"{self.name}-r{len(self.roles)}"
        trusted = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": trust}, "Action": "sts:AssumeRole"}]}
        arn = self.iam.create_role(RoleName=one, AssumeRolePolicyDocument=json.dumps(trusted))["Role"]["Arn"]
        self.roles.append(one)
        allowed = [*statements, *([{"Action": LOGS}] if logs else [])]
        if allowed:
            self.iam.put_role_policy(RoleName=one, PolicyName="p", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in allowed]}))
        return arn

    def make(self, source, role=None, **kw):
        one = kw.get("FunctionName", f"{self.name}-f{len(self.made)}")
        self.made.append(one)
        given = dict(FunctionName=one, Runtime="python3.8", Handler="index.handler", Role=role or self.role(),
                     Code={"ZipFile": zipped(source)})
        self.lam.create_function(**{**given, **kw})
        return one

    def invoke(self, name, event=None, lam=None, **kw):
        """The reply, and what the function answered."""
        r = (lam or self.lam).invoke(FunctionName=name, Payload=json.dumps({} if event is None else event), **kw)
        body = r["Payload"].read()
        return r, json.loads(body) if body else None

    def remove(self):
        for one in self.made:
            with contextlib.suppress(botocore.exceptions.ClientError):
                self.lam.delete_function(FunctionName=one)
        for one in self.roles:
            with contextlib.suppress(botocore.exceptions.ClientError):
                for p in self.iam.list_role_policies(RoleName=one)["PolicyNames"]:
                    self.iam.delete_role_policy(RoleName=one, PolicyName=p)
                self.iam.delete_role(RoleName=one)
