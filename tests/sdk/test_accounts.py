# SPDX-License-Identifier: MIT
"""Accounts, the admin channel and the state folder: made, wiped, told; only for those who may."""
import json
import os
import socket
import stat
import subprocess
import time
import urllib.request
import ssl

import botocore.exceptions
import conftest
import pytest


def run(*argv, user=None):
    return subprocess.run([conftest.BARMKIN, *argv], capture_output=True, text=True, timeout=60, user=user)


def test_a_new_account_works_at_once(server):
    began = time.monotonic()
    made = server.fresh_account("acc-" + os.urandom(3).hex())
    took = time.monotonic() - began
    assert set(made) == {"name", "id", "access_key_id", "secret_access_key", "profile"}
    who = server.client("sts", made["name"]).get_caller_identity()
    assert who["Account"] == made["id"] and who["Arn"].endswith(":user/admin")
    pages = server.client("organizations", "management").get_paginator("list_accounts").paginate()
    assert made["id"] in [a["Id"] for page in pages for a in page["Accounts"]]
    assert took < 2, f"{took:.3f} s"  # measured in make bench; this only notices what is badly wrong


def test_an_id_of_ones_own(server):
    name = "acc-" + os.urandom(3).hex()
    made = json.loads(server.barmkin("account create", name, "--id", "424242424242", "--replace", "-o", "json"))
    assert made["id"] == "424242424242"
    for bad in ("12345", "12345678901a", "1234567890123"):
        assert run("account", "create", "--state", server.state, name + "x", "--id", bad).returncode != 0


def test_the_name_is_taken(server):
    done = run("account", "create", "--state", server.state, "dev")
    assert done.returncode != 0 and "--replace" in done.stderr


def test_the_management_account_stays(server):
    assert run("account", "create", "--state", server.state, "management", "--replace").returncode != 0
    server.client("sts", "management").get_caller_identity()


def test_replace_wipes_everything(server, document, refuses):
    name = "acc-" + os.urandom(3).hex()
    old = server.fresh_account(name)
    iam, kms, ssm, s3 = (server.client(s, name) for s in ("iam", "kms", "ssm", "s3"))
    iam.create_user(UserName="u")
    iam.create_policy(PolicyName="p", PolicyDocument=document(Action="*"))
    kms.create_key()
    ssm.put_parameter(Name="n", Value="v", Type="String")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    new = server.fresh_account(name)
    assert new["id"] == old["id"] and new["access_key_id"] != old["access_key_id"]
    with refuses("InvalidClientTokenId"):
        iam.list_users()
    iam, kms, ssm, s3 = (server.client(s, name) for s in ("iam", "kms", "ssm", "s3"))
    assert [u["UserName"] for u in iam.list_users()["Users"]] == ["admin"]
    assert iam.list_policies(Scope="Local")["Policies"] == [] and kms.list_keys()["Keys"] == []
    with refuses("ParameterNotFound"):
        ssm.get_parameter(Name="n")
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket=name)  # the name is free again
    s3.delete_bucket(Bucket=name)


def namespaces(tag):
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    return {line.split()[0] for line in listed.splitlines() if tag in line} | {
        n for n in (os.listdir(f"/run/barmkin/{tag}/netns") if os.path.isdir(f"/run/barmkin/{tag}/netns") else [])}


def test_replace_removes_the_networks(server):
    name = "acc-" + os.urandom(3).hex()
    server.fresh_account(name)
    ec2, before = server.client("ec2", name), namespaces(server.tag)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")
    assert namespaces(server.tag) - before, "a VPC is a namespace"
    server.fresh_account(name)
    assert server.client("ec2", name).describe_vpcs(VpcIds=[])["Vpcs"] == []
    assert namespaces(server.tag) == before


def test_a_session_does_not_outlive_its_account(server, refuses):
    name = "acc-" + os.urandom(3).hex()
    server.fresh_account(name)
    account = server.account(name)["id"]
    server.client("iam", name).create_role(RoleName="r", AssumeRolePolicyDocument=conftest.trust(AWS=account))
    keys = server.client("sts", name).assume_role(RoleArn=f"arn:aws:iam::{account}:role/r",
                                                  RoleSessionName="test")["Credentials"]
    server.client("sts", keys=keys).get_caller_identity()
    server.fresh_account(name)
    with refuses("InvalidClientTokenId"):
        server.client("sts", keys=keys).get_caller_identity()


# ---- the admin channel ----

def admin(server, target, body=b"{}"):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(server.state + "/admin.sock")
        s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: %s\r\nContent-Type: application/x-amz-json-1.1\r\n"
                  b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (target, len(body), body))
        reply = b""
        while piece := s.recv(65536):
            reply += piece
    return int(reply.split()[1]), reply.partition(b"\r\n\r\n")[2]


def test_status_tells_what_is(server):
    s = json.loads(server.barmkin("status", "-o", "json"))
    assert s["status"] == "running" and s["endpoint"] == server.url and s["tag"] == server.tag
    assert {"dev", "staging", "prod", "management"} <= {a["name"] for a in s["accounts"]}
    assert {"iam", "sts", "organizations"} <= {x["name"] for x in s["services"]}
    assert set(s["roles"]) == {"parent", "front", "vault", "warden"}
    for pid in s["roles"].values():
        os.kill(pid, 0)


def test_the_channel_is_for_root_and_the_owner(server):
    mode = os.stat(server.state + "/admin.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert run("status", "--state", server.state, user=65534).returncode == 69
    os.chmod(server.state + "/admin.sock", 0o666)  # even with the mode gone wrong the peer is looked at
    try:
        done = run("status", "--state", server.state, user=65534)
        assert done.returncode != 0 and "running" not in done.stdout
    finally:
        os.chmod(server.state + "/admin.sock", 0o600)


def test_its_operations_exist_only_there(server):
    import wire
    for target in (b"Barmkin.Status", b"Barmkin.CreateAccount", b"Barmkin.Explain"):
        for head in (b"", b"X-Forwarded-For: 127.0.0.1\r\n"):
            a = wire.raw(server, b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: " + target + b"\r\n" + head +
                         b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            assert a.status == 400 and a.code == "UnknownOperationException", a.text


@pytest.mark.parametrize("body,status", [(b"{", 400), (b'{"Name":1}', 400), (b"{}", 400), (b'{"Name":""}', 400),
                                         (b'{"Name":"x","Name":"y"}', 400), (b'{"Name":"x","Id":"1"}', 400)])
def test_bad_input_on_the_channel(server, body, status):
    assert admin(server, b"Barmkin.CreateAccount", body)[0] == status


def test_what_the_channel_does_is_audited(server):
    name = "acc-" + os.urandom(3).hex()
    server.fresh_account(name)
    with open(server.state + "/front/audit/audit-000001.ndjson") as f:
        lines = [json.loads(line)["record"] for line in f if '"CreateAccount"' in line and name in line]
    mine = [r for r in lines if r["eventSource"] == "barmkin.amazonaws.com"]
    assert mine and mine[-1]["userIdentity"]["type"] == "Root"
    assert server.account(name)["secret_access_key"] not in json.dumps(mine)


# ---- health ----

def get(server, path):
    context = ssl.create_default_context(cafile=server.ca)
    with urllib.request.urlopen(server.url + path, context=context, timeout=10) as r:
        return r.status, json.loads(r.read())


def test_health_and_readiness(server):
    for path in ("/_barmkin/health", "/_localstack/health"):
        status, said = get(server, path)
        assert status == 200 and said["status"] == "running" and said["services"]["iam"] == "available"
        assert "barmkin" not in said["services"]
    assert get(server, "/_barmkin/ready") == (200, {"ready": True})


# ---- verbs that need no server ----

def test_env_can_be_evaluated(server):
    script = f'eval "$({conftest.BARMKIN} env dev --state {server.state})" && echo "$AWS_PROFILE $AWS_CA_BUNDLE"'
    out = subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout.split()
    assert out == ["dev", server.ca]
    assert json.loads(server.barmkin("env", "dev", "-o", "json"))["AWS_PROFILE"] == "dev"
    assert run("env", "nobody", "--state", server.state).returncode == 4


def test_doctor(server):
    done = run("doctor", "--state", server.state, "-o", "json")
    checks = {c["name"]: c for c in json.loads(done.stdout)["checks"]}
    assert {"namespaces", "nftables", "veth", "fscrypt", "loop", "cgroups", "crun", "ca", "disk"} <= set(checks)
    assert all(c["result"] in ("OK", "WARN", "FAIL") for c in checks.values())
    assert done.returncode == (6 if any(c["result"] == "FAIL" for c in checks.values()) else 0)
    assert all(c.get("fix") for c in checks.values() if c["result"] == "FAIL")
    weak = run("doctor", "--state", server.state, user=65534)
    assert weak.returncode == 6 and "FAIL" in weak.stdout and "->" in weak.stdout


def test_audit_verify_and_what_it_catches(own_server):
    server = own_server
    for _ in range(3):
        server.client("iam").list_roles()
    live = json.loads(server.barmkin("audit verify", "-o", "json"))
    assert live["intact"] and live["lines"] > 3
    server.stop()
    assert json.loads(server.barmkin("audit verify", "-o", "json"))["unsealed"] == 0
    log = server.state + "/front/audit/audit-000001.ndjson"
    with open(log, "rb") as f:
        whole = f.read()
    lines = whole.splitlines(keepends=True)
    for what, forged in {
            "a line changed": whole.replace(b"ListRoles", b"ListUsers", 1),
            "a line removed": b"".join(lines[:2] + lines[3:]),
            "the end cut": b"".join(lines[:-4]),
            "two lines swapped": b"".join(lines[:2] + [lines[3], lines[2]] + lines[4:])}.items():
        with open(log, "wb") as f:
            f.write(forged)
        done = run("audit", "verify", "--state", server.state, "-o", "json")
        assert done.returncode == 1, (what, done.stdout)
        said = json.loads(done.stdout)
        assert not said["intact"] and said["broken"]["why"], what
    with open(log, "wb") as f:
        f.write(whole)
    assert run("audit", "verify", "--state", server.state).returncode == 0
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        server.client("sts").get_caller_identity()


def test_nothing_is_answered_that_cannot_be_told(own_server):
    """The audit folder is full: no reply may say that something was done."""
    server = own_server
    server.stop()
    folder, uid = server.state + "/front/audit", os.stat(server.state + "/front").st_uid
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=128k,mode=700,uid={uid},gid={uid}", "tmpfs", folder], check=True)
    try:
        server.start()
        config = conftest.botocore.config.Config(read_timeout=5)
        iam, answered, failed = server.client("iam", config=config), [], 0
        for i in range(200):
            try:
                answered.append(iam.list_roles(PathPrefix="/" + "x" * 400 + "/")["ResponseMetadata"]["RequestId"])
            except (botocore.exceptions.ClientError, botocore.exceptions.HTTPClientError) as e:
                failed += 1
                if isinstance(e, botocore.exceptions.ClientError):
                    assert e.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
            if failed > 3:
                break
        assert answered and failed > 3
        with open(folder + "/audit-000001.ndjson") as f:
            told = f.read()
        assert [r for r in answered if r not in told] == []
        with pytest.raises(botocore.exceptions.BotoCoreError) as caught:
            iam.create_user(UserName="nobody")
        assert caught
    except botocore.exceptions.ClientError as e:
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    finally:
        server.stop(conftest.signal.SIGKILL)
        for _ in range(50):
            if subprocess.run(["umount", folder], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
