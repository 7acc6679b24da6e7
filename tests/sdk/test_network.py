# SPDX-License-Identifier: MIT
"""VPCs as the kernel makes them: unmodified boto3 inside `barmkin run --vpc`, endpoints and their policies, who can reach
whom, names, restarts. Packets stay on loopback, in namespaces of the server's, and on a dummy interface made here."""
import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import uuid
import http.server

import botocore.exceptions
import pytest

from conftest import BARMKIN, document

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

PYTHON = "/usr/bin/python3"
# What every program run inside begins with: clients that neither retry nor hang, and a way to tell what happened.
PROLOGUE = """
import boto3, botocore.config, botocore.exceptions, errno, json, socket, sys, time
CFG = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=3, read_timeout=20)
def client(name, **kw):
    return boto3.client(name, config=CFG, **kw)
def attempt(f, **kw):
    try:
        f(**kw)
        return "ok"
    except botocore.exceptions.ClientError as e:
        return e.response["Error"]["Code"] + ": " + e.response["Error"]["Message"]
    except Exception as e:
        return type(e).__name__
def dial(host, port):
    try:
        socket.create_connection((host, port), 2).close()
        return "connected"
    except socket.timeout:
        return "ETIMEDOUT"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))
"""


class Vpc:
    """A VPC with two private subnets, a workload group and an endpoints' group; `interface` and `gateway` add doors."""

    def __init__(self, server, profile="dev", cidr="10.0"):
        self.server, self.profile = server, profile
        self.ec2 = server.client("ec2", profile)
        self.id = self.ec2.create_vpc(CidrBlock=f"{cidr}.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.id, EnableDnsHostnames={"Value": True})
        self.subnets = [self.ec2.create_subnet(VpcId=self.id, CidrBlock=f"{cidr}.{n}.0/24",
                                               AvailabilityZone=f"us-east-1{z}")["Subnet"]["SubnetId"]
                        for n, z in ((1, "a"), (2, "b"))]
        self.group, self.doors = self.new_group("work"), self.new_group("doors")
        self.ec2.authorize_security_group_ingress(GroupId=self.doors, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": self.group}]}])
        filters = [{"Name": "vpc-id", "Values": [self.id]}, {"Name": "association.main", "Values": ["true"]}]
        self.table = self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]

    def new_group(self, name):
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.id)["GroupId"]

    def interface(self, service, policy=None):
        more = {"PolicyDocument": policy} if policy else {}
        return self.ec2.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=self.id, ServiceName=f"com.amazonaws.us-east-1.{service}",
            SubnetIds=self.subnets, SecurityGroupIds=[self.doors], PrivateDnsEnabled=True,
            **more)["VpcEndpoint"]["VpcEndpointId"]

    def gateway(self, policy=None):
        more = {"PolicyDocument": policy} if policy else {}
        return self.ec2.create_vpc_endpoint(
            VpcEndpointType="Gateway", VpcId=self.id, ServiceName="com.amazonaws.us-east-1.s3",
            RouteTableIds=[self.table], **more)["VpcEndpoint"]["VpcEndpointId"]

    def argv(self, *command):
        return [BARMKIN, "run", "--state", self.server.state, "--profile", self.profile, "--vpc", self.id,
                "--subnet", self.subnets[0], "--security-group", self.group, "--", *command]

    def run(self, *command, code=0, **kw):
        done = subprocess.run(self.argv(*command), capture_output=True, text=True, timeout=120, **kw)
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def python(self, program):
        """Runs a program there; it prints one JSON value."""
        return json.loads(self.run(PYTHON, "-c", PROLOGUE + program))

    def interfaces(self):
        found = self.ec2.describe_network_interfaces(Filters=[
            {"Name": "vpc-id", "Values": [self.id]}, {"Name": "interface-type", "Values": ["interface"]}])
        return [i["NetworkInterfaceId"] for i in found["NetworkInterfaces"]]

    def remove(self):
        here = [{"Name": "vpc-id", "Values": [self.id]}]
        ends = [e["VpcEndpointId"] for e in self.ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]]
        if ends:
            self.ec2.delete_vpc_endpoints(VpcEndpointIds=ends)
        groups = [g["GroupId"] for g in self.ec2.describe_security_groups(Filters=here)["SecurityGroups"]
                  if g["GroupName"] != "default"]
        for g in (self.doors, *groups):
            with contextlib.suppress(botocore.exceptions.ClientError):
                self.ec2.delete_security_group(GroupId=g)
        for s in self.subnets:
            self.ec2.delete_subnet(SubnetId=s)
        self.ec2.delete_vpc(VpcId=self.id)


@pytest.fixture(scope="module")
def home(server):
    """dev's VPC, with doors to STS, KMS and S3."""
    v = Vpc(server)
    v.sts, v.kms, v.s3 = v.interface("sts"), v.interface("kms"), v.gateway()
    yield v
    v.remove()


@pytest.fixture
def bucket(server, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    yield name
    s3.delete_bucket_policy(Bucket=name)
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


def deny_unless(vpce, resources, actions=("s3:GetObject", "s3:PutObject")):
    return document({"Sid": "DenyNoVPC", "Effect": "Deny", "Principal": "*", "Action": list(actions),
                     "Resource": resources, "Condition": {"StringNotEquals": {"aws:sourceVpce": vpce}}})


# ---- names and identity ----

def test_real_names_lead_through_endpoints(home):
    who = home.python("""
print(json.dumps({"arn": client("sts").get_caller_identity()["Arn"], "keys": attempt(client("kms").list_keys),
                  "s3": attempt(client("s3").list_buckets)}))""")
    assert who["arn"].endswith(":user/admin") and who["keys"] == "ok" and who["s3"] == "ok"


def test_dns_knows_private_names_only(home):
    said = home.python("""
def look(name):
    try:
        return socket.gethostbyname(name)
    except socket.gaierror as e:
        return e.errno == socket.EAI_NONAME and "NXDOMAIN" or str(e)
names = ["sts.us-east-1.amazonaws.com", "kms.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com",
         "a-bucket.s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com", "sts.amazonaws.com", "example.com",
         "barmkin.internal"]
print(json.dumps({n: look(n) for n in names}))""")
    assert said["sts.us-east-1.amazonaws.com"].startswith("10.0.")
    assert said["kms.us-east-1.amazonaws.com"].startswith("10.0.")
    assert said["s3.us-east-1.amazonaws.com"].startswith("52.216.")
    assert said["a-bucket.s3.us-east-1.amazonaws.com"] == said["s3.us-east-1.amazonaws.com"]
    for n in ("ec2.us-east-1.amazonaws.com", "sts.amazonaws.com", "example.com", "barmkin.internal"):
        assert said[n] == "NXDOMAIN", n


def test_endpoint_specific_names(home):
    entry = home.ec2.describe_vpc_endpoints(VpcEndpointIds=[home.sts])["VpcEndpoints"][0]["DnsEntries"][0]["DnsName"]
    said = home.python(f"""
print(json.dumps(attempt(client("sts", endpoint_url="https://{entry}").get_caller_identity)))""")
    assert said == "ok"


def test_bucket_policy_sees_the_endpoint(server, home, bucket, refuses):
    server.client("s3").put_bucket_policy(Bucket=bucket, Policy=deny_unless(home.s3, f"arn:aws:s3:::{bucket}/*"))
    assert home.python(f"""
s3 = client("s3")
print(json.dumps([attempt(s3.put_object, Bucket="{bucket}", Key="k", Body=b"x"),
                  attempt(s3.get_object, Bucket="{bucket}", Key="k")]))""") == ["ok", "ok"]
    with refuses("AccessDenied", "explicit deny in a resource-based policy"):
        server.client("s3").get_object(Bucket=bucket, Key="k")


def test_key_policy_sees_the_endpoint(server, home, refuses):
    kms, account = server.client("kms"), server.account("dev")["id"]
    policy = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*",
                       "Resource": "*"},
                      json.loads(deny_unless(home.kms, "*", ["kms:GenerateDataKey"]))["Statement"][0])
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    assert home.python(f"""
print(json.dumps(attempt(client("kms").generate_data_key, KeyId="{key}", KeySpec="AES_256")))""") == "ok"
    with refuses("AccessDeniedException", "explicit deny in a resource-based policy"):
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")


def test_wrong_endpoint_is_denied(server, home, bucket):
    """The same account, another VPC: its endpoint is not the one that the bucket names."""
    server.client("s3").put_bucket_policy(Bucket=bucket, Policy=deny_unless(home.s3, f"arn:aws:s3:::{bucket}/*"))
    other = Vpc(server, cidr="10.7")
    try:
        other.gateway()
        said = other.python(f"""
print(json.dumps(attempt(client("s3").put_object, Bucket="{bucket}", Key="k", Body=b"x")))""")
    finally:
        other.remove()
    assert said.startswith("AccessDenied:") and "explicit deny in a resource-based policy" in said


def test_endpoint_policy_denies_and_is_named(home):
    home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, PolicyDocument=document(
        {"Effect": "Allow", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*"}))
    try:
        said = home.python("""print(json.dumps(attempt(client("kms").list_keys)))""")
    finally:
        home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, ResetPolicy=True)
    assert said.startswith("AccessDeniedException:")
    assert "because no VPC endpoint policy allows the kms:ListKeys action" in said
    assert home.python("""print(json.dumps(attempt(client("kms").list_keys)))""") == "ok"


def test_condition_keys_of_an_endpoint(server, home):
    """What only the path of the packet says: endpoint, VPC, its owner, the address inside."""
    account = server.account("dev")["id"]
    arn, private = f"arn:aws:ec2:us-east-1:{account}:vpc/{home.id}", "10.0.0.0/16"
    org = server.client("organizations", "management").describe_organization()["Organization"]["Id"]
    for operator, key, good, bad in (("StringEquals", "aws:SourceVpce", home.kms, "vpce-0"),
                                     ("StringEquals", "aws:SourceVpc", home.id, "vpc-0"),
                                     ("ArnEquals", "aws:SourceVpcArn", arn, arn + "0"),
                                     ("StringEquals", "aws:VpceAccount", account, "111122223333"),
                                     ("StringEquals", "aws:VpceOrgID", org, "o-0"),
                                     ("ForAnyValue:StringLike", "aws:VpceOrgPaths", org + "/r-*/", org + "/r-*/ou-*"),
                                     ("IpAddress", "aws:VpcSourceIp", private, "127.0.0.0/8"),
                                     ("Null", "aws:SourceIp", "true", "false")):
        for value, said in ((good, "ok"), (bad, "because no VPC endpoint policy allows")):
            home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, PolicyDocument=document(
                {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {operator: {key: value}}}))
            assert said in home.python("""print(json.dumps(attempt(client("kms").list_keys)))"""), (key, value)
    home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, ResetPolicy=True)


def test_keys_of_an_endpoints_owner_are_for_some_services(server, home):
    """STS is none of those that AWS names: the keys are absent there, and a perimeter that asks for them shuts it out."""
    look = f"""print(json.dumps(attempt(client("sts").get_access_key_info,
                                        AccessKeyId="{server.account("dev")["access_key_id"]}")))"""
    keys = ("aws:SourceVpcArn", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths")
    for null, said in [({key: "true" for key in keys}, "ok")] + [({key: "false"}, "no VPC endpoint policy") for key in keys]:
        home.ec2.modify_vpc_endpoint(VpcEndpointId=home.sts, PolicyDocument=document(
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Null": null}}))
        assert said in home.python(look), null
    home.ec2.modify_vpc_endpoint(VpcEndpointId=home.sts, ResetPolicy=True)


def test_endpoint_policy_may_name_users(server, home, user, refuses):
    """Deny one user by its ARN; made anew under the same name it is another user (rule 27)."""
    account = server.account("dev")["id"]
    admin = f"arn:aws:iam::{account}:user/admin"
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    look = """print(json.dumps(attempt(client("kms").list_keys)))"""
    try:
        home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, PolicyDocument=document(
            everyone, {"Effect": "Deny", "Principal": {"AWS": [admin]}, "Action": "kms:ListKeys", "Resource": "*"}))
        assert "explicit deny in a VPC endpoint policy" in home.python(look)
        shown = home.ec2.describe_vpc_endpoints(VpcEndpointIds=[home.kms])["VpcEndpoints"][0]["PolicyDocument"]
        assert admin in shown and "AIDA" not in shown
        home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, PolicyDocument=document(
            {**everyone, "Principal": {"AWS": user().arn}}))
        assert "no VPC endpoint policy allows" in home.python(look)
        home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, PolicyDocument=document(
            {**everyone, "Principal": {"AWS": admin}}))
        assert home.python(look) == "ok"
        with refuses("InvalidPolicyDocument"):
            home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, PolicyDocument=document(
                {**everyone, "Principal": {"AWS": f"arn:aws:iam::{account}:user/nobody-of-this-name"}}))
    finally:
        home.ec2.modify_vpc_endpoint(VpcEndpointId=home.kms, ResetPolicy=True)


def test_endpoint_leads_to_its_service_only(home):
    said = home.python("""
print(json.dumps([attempt(client("kms", endpoint_url="https://sts.us-east-1.amazonaws.com").list_keys),
                  attempt(client("iam", endpoint_url="https://kms.us-east-1.amazonaws.com").list_users)]))""")
    assert all("leads to" in s and s.startswith("AccessDenied") for s in said), said


# T16: the way of a request is a fact of its socket.
SPOOFS = [{"X-Amz-Source-Vpce": "{}"}, {"x-amzn-vpce-id": "{}"}, {"X-Amz-Vpc-Endpoint-Id": "{}"},
          {"X-Forwarded-For": "10.0.1.4"}, {"Forwarded": "for=10.0.1.4"}, {"X-Real-IP": "10.0.1.4"},
          {"aws-SourceVpce": "{}"}, {"SourceVpce": "{}"}, {"X-Amz-Via-AWS-Service": "true"}, {"Via": "1.1 {}"},
          {"X-Amz-Context-aws-sourceVpce": "{}"}]


@pytest.mark.parametrize("spoof", SPOOFS, ids=lambda s: next(iter(s)))
def test_spoofed_headers_change_nothing(server, home, bucket, refuses, spoof):
    server.client("s3").put_bucket_policy(Bucket=bucket, Policy=deny_unless(home.s3, f"arn:aws:s3:::{bucket}/*"))
    s3 = server.client("s3")
    s3.meta.events.register("before-sign.s3.*", lambda request, **kw: [
        request.headers.add_header(k, v.format(home.s3)) for k, v in spoof.items()])
    with refuses("AccessDenied", "explicit deny in a resource-based policy"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")


# ---- what the kernel lets through ----

def test_security_group_change_takes_effect(home):
    rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": home.group}]}]
    look = """print(json.dumps(attempt(client("sts").get_caller_identity)))"""
    home.ec2.revoke_security_group_ingress(GroupId=home.doors, IpPermissions=rule)
    try:
        assert home.python(look) == "ConnectTimeoutError"
    finally:
        home.ec2.authorize_security_group_ingress(GroupId=home.doors, IpPermissions=rule)
    assert home.python(look) == "ok"


def test_without_gateway_s3_is_unreachable(server):
    v = Vpc(server, cidr="10.8")
    try:
        v.interface("sts")
        said = v.python("""print(json.dumps([attempt(client("s3").list_buckets), dial("52.216.0.10", 443)]))""")
        assert said[0] == "EndpointConnectionError" and said[1] in REFUSED, said
    finally:
        v.remove()


class Host:
    """A web server on an address of the host that is not loopback, on an interface made for it (dummy, or where the
    kernel has none, one end of a veth pair)."""

    def __enter__(self):
        self.link = "bkt" + uuid.uuid4().hex[:6]
        if subprocess.run(["ip", "link", "add", self.link, "type", "dummy"], stderr=subprocess.DEVNULL).returncode:
            subprocess.run(["ip", "link", "add", self.link, "type", "veth", "peer", "name", self.link + "p"], check=True)
        subprocess.run(["ip", "addr", "add", "192.0.2.10/24", "dev", self.link], check=True)
        subprocess.run(["ip", "link", "set", self.link, "up"], check=True)
        self.web = http.server.ThreadingHTTPServer(("192.0.2.10", 0), http.server.BaseHTTPRequestHandler)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        return self.web.server_port

    def __exit__(self, *_):
        self.web.shutdown()
        self.web.server_close()
        subprocess.run(["ip", "link", "del", self.link], check=False)


REFUSED = {"ETIMEDOUT", "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"}


def test_others_are_unreachable(server, home):
    """Another account's VPC, the host, its loopback door, the outside."""
    other = Vpc(server, "staging", cidr="10.9")
    try:
        other.interface("sts")
        ends = other.ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [other.id]}])
        target = ends["NetworkInterfaces"][0]["PrivateIpAddress"]
        assert other.python(f"""print(json.dumps(dial("{target}", 443)))""") == "connected"
        with Host() as port:
            subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://192.0.2.10:{port}/"], check=True, timeout=10)
            said = home.python(f"""
print(json.dumps({{"other": dial("{target}", 443), "host": dial("192.0.2.10", {port}),
                   "loopback": dial("127.0.0.1", {server.url.rsplit(":", 1)[1]}), "outside": dial("203.0.113.1", 443),
                   "metadata": dial("169.254.169.254", 80)}}))""")
    finally:
        other.remove()
    for what, outcome in said.items():
        assert outcome in REFUSED, (what, said)


def test_same_addresses_do_not_meet(server, home):
    """Two accounts may have the same ranges: each reaches its own."""
    twin = Vpc(server, "staging")
    try:
        twin.interface("sts")
        assert twin.python("""print(json.dumps(client("sts").get_caller_identity()["Account"]))""") == \
            server.account("staging")["id"]
    finally:
        twin.remove()


def test_credentials_need_to_be_ones_own(home):
    said = home.python("""
import urllib.request, urllib.error
def ask(path, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request("http://169.254.170.2" + path, headers=headers),
                                      timeout=5).status
    except urllib.error.HTTPError as e:
        return e.code
print(json.dumps([ask("/v2/credentials/box-0123456789abcdef0", Authorization="f" * 64), ask("/v2/credentials/"),
                  ask("/"), ask("/_barmkin/health")]))""")
    assert said == [403, 403, 404, 404]


# ---- run itself ----

def test_run_gives_status_and_environment(home):
    assert home.run("/bin/sh", "-c", "exit 7", code=7) == ""
    home.run("/bin/sh", "-c", "kill -TERM $$", code=128 + signal.SIGTERM)
    home.run("/nowhere/at-all", code=127)
    said = home.run("/usr/bin/env")
    assert "AWS_ENDPOINT_URL" not in said and "AWS_REGION=us-east-1" in said
    assert home.server.account("dev")["access_key_id"] in said
    assert "endpoint_url" not in home.run("/bin/sh", "-c", "cat $AWS_CONFIG_FILE")
    assert home.interfaces() == []


def test_run_gives_its_interface_back_whatever_an_scp_forbids(home):
    """Giving it back is the house's own doing; its account may not."""
    org = home.server.client("organizations", "management")
    content = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "ec2:DeleteNetworkInterface", "Resource": "*"}]})
    p = org.create_policy(Name=home.id, Description="", Type="SERVICE_CONTROL_POLICY", Content=content)["Policy"]["PolicySummary"]["Id"]
    account = home.server.account("dev")["id"]
    org.attach_policy(PolicyId=p, TargetId=account)
    try:
        home.run("/bin/true")
        assert home.interfaces() == []
        with pytest.raises(botocore.exceptions.ClientError, match="service control policy"):
            home.ec2.delete_network_interface(NetworkInterfaceId="eni-0123456789abcdef0")
    finally:
        org.detach_policy(PolicyId=p, TargetId=account)
        org.delete_policy(PolicyId=p)


def test_run_forwards_signals(home):
    p = subprocess.Popen(home.argv("/bin/sh", "-c", "trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done"),
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    p.terminate()
    assert p.wait(20) == 42
    p.stdout.close()


def test_killed_run_leaves_no_interface(home):
    p = subprocess.Popen(home.argv("/bin/sh", "-c", "echo ready; exec sleep 600"), stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    held = home.interfaces()
    assert len(held) == 1
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidNetworkInterface.InUse"):
        home.ec2.delete_network_interface(NetworkInterfaceId=held[0])
    p.kill()
    p.wait(20)
    p.stdout.close()
    namespace = f"/run/barmkin/{home.server.tag}/netns/{held[0]}"
    for _ in range(100):  # the record goes with the commit, the kernel's side right after it
        if not home.interfaces() and not os.path.exists(namespace):
            break
        time.sleep(0.1)
    assert home.interfaces() == []
    assert not os.path.exists(namespace)


def test_run_is_authorised_as_create_network_interface(server):
    a = server.fresh_account("netlab")
    v = Vpc(server, "netlab")
    server.client("iam", "netlab").put_user_policy(UserName="admin", PolicyName="no", PolicyDocument=document(
        {"Effect": "Deny", "Action": "ec2:CreateNetworkInterface", "Resource": "*"}))
    done = subprocess.run(v.argv("/bin/true"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert "user/admin is not authorized to perform: ec2:CreateNetworkInterface" in done.stderr
    assert "explicit deny in an identity-based policy" in done.stderr and a["id"] in done.stderr
    assert v.interfaces() == []
    v.remove()


def test_run_in_a_subnet_of_another_vpc(server, home):
    argv = home.argv("/bin/true")
    argv[argv.index(home.id)] = "vpc-00000000000000001"
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "is not in vpc-00000000000000001" in done.stderr
    assert home.interfaces() == []


def test_host_door(server, bucket):
    """Without --vpc: Amazon's names lead here, through no endpoint, and nothing else is reachable."""
    argv = [BARMKIN, "run", "--state", server.state, "--profile", "dev", "--", PYTHON, "-c", PROLOGUE + f"""
print(json.dumps([attempt(client("sts").get_caller_identity), attempt(client("ec2").describe_vpcs),
                  attempt(client("s3").put_object, Bucket="{bucket}", Key="k", Body=b"x"),
                  dial("203.0.113.1", 443), dial("127.0.0.1", {server.url.rsplit(":", 1)[1]})]))"""]
    server.client("s3").put_bucket_policy(Bucket=bucket, Policy=deny_unless("vpce-0", f"arn:aws:s3:::{bucket}/*"))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said[:2] == ["ok", "ok"] and "explicit deny in a resource-based policy" in said[2]
    assert said[3] in REFUSED and said[4] in REFUSED


def test_wiped_account_leaves_no_network(server):
    server.fresh_account("netlab")
    v = Vpc(server, "netlab")
    v.interface("sts")
    namespace = f"/run/barmkin/{server.tag}/netns/{v.id}"
    assert os.path.exists(namespace)
    server.fresh_account("netlab")
    assert not os.path.exists(namespace)
    assert server.client("ec2", "netlab").describe_vpcs()["Vpcs"] == []


# ---- over the server's life ----

def of_tag(tag):
    """What the kernel still has of a state."""
    left = [line for line in subprocess.run(["ip", "-br", "link"], capture_output=True, text=True).stdout.splitlines()
            if tag in line]
    for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"):
        left += [os.path.join(root, d) for d in (os.listdir(root) if os.path.isdir(root) else []) if tag in d]
    with open("/proc/self/mounts") as f:
        left += [line for line in f if f"/run/barmkin/{tag}/" in line]
    netns = f"/run/barmkin/{tag}/netns"
    return left + (os.listdir(netns) if os.path.isdir(netns) else [])


LOOK = """print(json.dumps(attempt(client("sts").get_caller_identity)))"""


def test_restart_opens_everything_again(own_server):
    v = Vpc(own_server)
    v.interface("sts")
    assert v.python(LOOK) == "ok"
    assert own_server.stop() == 0
    assert of_tag(own_server.tag) == []
    own_server.start()
    v.ec2 = own_server.client("ec2")
    assert v.python(LOOK) == "ok"


def roles(server):
    """The processes of this state: the parent and its children."""
    parent = server.process.pid
    with open(f"/proc/{parent}/task/{parent}/children") as f:
        return [parent, *map(int, f.read().split())]


def test_kill_9_leaves_nothing_after_the_next_start(own_server):
    v = Vpc(own_server)
    v.interface("sts")
    p = subprocess.Popen(v.argv("/bin/sh", "-c", "echo ready; exec sleep 600"), stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    for pid in roles(own_server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    own_server.process.wait(20)
    own_server.start()
    v.ec2 = own_server.client("ec2")
    assert v.interfaces() == []
    assert [n for n in of_tag(own_server.tag) if n.startswith("eni-")] == []
    assert v.python(LOOK) == "ok"
    p.kill()
    p.wait(20)
    p.stdout.close()
    assert own_server.stop() == 0
    assert of_tag(own_server.tag) == []


def test_an_endpoint_to_a_service_that_is_not_built(server):
    """Its door has names, groups and a policy; behind it nobody is there, and nothing else either."""
    v = Vpc(server, cidr="10.9")
    try:
        ends = [v.interface(s) for s in ("codepipeline", "git-codecommit", "ecr.dkr", "ecr.api")]
        ends.append(v.ec2.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=v.id, ServiceName="aws.sagemaker.us-east-1.notebook",
            SubnetIds=v.subnets, SecurityGroupIds=[v.doors], PrivateDnsEnabled=True)["VpcEndpoint"]["VpcEndpointId"])
        said = v.python("""
names = ["codepipeline.us-east-1.amazonaws.com", "git-codecommit.us-east-1.amazonaws.com",
         "123456789012.dkr.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com",
         "mine.notebook.us-east-1.sagemaker.aws"]
print(json.dumps([[socket.gethostbyname(n) for n in names], attempt(client("codepipeline").list_pipelines),
                  attempt(client("sts", endpoint_url="https://codepipeline.us-east-1.amazonaws.com").get_caller_identity)]))""")
        assert all(a.startswith("10.9.") for a in said[0])
        assert said[1] != "ok" and "leads to codepipeline" in said[2], said
        shown = v.ec2.describe_vpc_endpoint_services(ServiceNames=["aws.sagemaker.us-east-1.notebook"])
        assert shown["ServiceDetails"][0]["PrivateDnsName"] == "notebook.us-east-1.sagemaker.aws"
        assert len(shown["ServiceNames"]) == 1 and len(ends) == 5
    finally:
        v.remove()
