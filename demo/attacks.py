# SPDX-License-Identifier: MIT
"""Step 8: ten attacks. Each must fail, and the answer must say why."""
import contextlib
import datetime
import hashlib
import hmac
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import urllib.request
import urllib.error

import deploy
import storage
import training
from identity import role_arn

HOST_ADDRESS = "192.0.2.1"  # RFC 5737: addresses that no real network has
OUTSIDE_NEAR, OUTSIDE_FAR = "198.51.100.1", "198.51.100.2"


# ---- seven that a policy stops ----

def training_without_vpc(story, env):
    scientist = env.world.assume("dev", env.execution_role, "notebook")
    wanted = training.request("outside", env.execution_role, env.data, env.models, env.key, env.volume_key, None)
    return story.must_deny("training without a VPC", "AccessDeniedException", "identity",
                           env.world.client("sagemaker", scientist).create_training_job, **wanted)


def model_from_outside(story, env):
    return story.must_deny("the dev administrator, from outside the VPC", "AccessDenied", "resource",
                           env.world.client("s3", "dev").get_object, Bucket=env.models, Key=env.model_key)


def outcome_inside(story, name, code, kind, outcome):
    if "error" in outcome:
        return story.denied(name, code, kind, outcome["error"])
    return story.allowed(name)


def model_through_wrong_vpc(story, env):
    """env.stray: another VPC of dev, whose S3 endpoint the bucket policy does not name."""
    outcome = env.world.inside("dev", env.stray, "inside.py", "get", env.models, env.model_key)
    return outcome_inside(story, "the same through another VPC's endpoint", "AccessDenied", "resource", outcome)


def bucket_not_in_endpoint_policy(story, env):
    outcome = env.world.inside("dev", env.networks["dev"], "inside.py", "get", env.elsewhere, "note.txt")
    return outcome_inside(story, "a bucket that the endpoint does not serve", "AccessDenied", "endpoint", outcome)


def assume_by_unnamed_role(story, env):
    analyst = env.world.assume("dev", role_arn(env.world, "dev", "AnalystRole"), "analyst")
    return story.must_deny("AssumeRole by a role that is not trusted", "AccessDenied", "trust",
                           env.world.client("sts", analyst).assume_role, RoleSessionName="attacker",
                           RoleArn=role_arn(env.world, "prod", "DeploymentRole"))


def pass_unlisted_role(story, env):
    network = env.networks["staging"]
    sagemaker = env.world.client("sagemaker", deploy.session(env.world, "staging"))
    return story.must_deny("PassRole of a role that is not allowed", "AccessDeniedException", "identity",
                           sagemaker.create_model, ModelName="smuggled",
                           PrimaryContainer={"ModelPackageName": env.package},
                           ExecutionRoleArn=role_arn(env.world, "staging", "AuditRole"),
                           VpcConfig={"Subnets": network.subnets, "SecurityGroupIds": [network.workload_group]})


def prod_after_its_removal(story, env):
    """prod's role reads the model; then the key's policy forgets the role, and the same read fails."""
    world, kms = env.world, env.world.client("kms", "dev")
    role = role_arn(world, "prod", "ModelExecutionRole")
    keys = json.dumps(world.assume(deploy.session(world, "prod"), role, "model"), default=str)

    def read():
        return world.inside("prod", env.networks["prod"], "inside.py", "get", env.models, env.model_key, stdin=keys)

    story.expect("bytes" in read(), "prod's role can read the model before its removal from the key policy")
    before = kms.get_key_policy(KeyId=env.key, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=env.key, PolicyName="default", Policy=storage.key_policy_without(before, role))
    try:
        outcome = read()
    finally:
        kms.put_key_policy(KeyId=env.key, PolicyName="default", Policy=before)
    return outcome_inside(story, "prod's role after its removal from the key", "AccessDenied", "resource", outcome)


# ---- two that the signature stops ----

def signed_caller_identity(world, when, secret):
    """GetCallerIdentity, signed by hand (AWS Signature Version 4), sent as it is. Returns (status, body)."""
    account = world.accounts["dev"]
    host, stamp = world.endpoint.split("//")[1], when.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{world.region}/sts/aws4_request"
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    canonical = (f"POST\n/\n\ncontent-type:{kind}\nhost:{host}\nx-amz-date:{stamp}\n\n"
                 f"content-type;host;x-amz-date\n{hashlib.sha256(body).hexdigest()}")
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in scope.split("/") + [to_sign]:
        key = hmac.new(key, part.encode(), "sha256").digest()
    request = urllib.request.Request(world.endpoint + "/", data=body, headers={
        "Content-Type": kind, "Host": host, "X-Amz-Date": stamp,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={account['access_key_id']}/{scope}, "
                         f"SignedHeaders=content-type;host;x-amz-date, Signature={key.hex()}"})
    try:
        with urllib.request.urlopen(request, timeout=10,
                                    context=ssl.create_default_context(cafile=world.ca_bundle)) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def refused_signature(story, name, status, body):
    def text(tag):
        found = re.search(f"<{tag}>(.*?)</{tag}>", body, re.S)
        return found[1] if found else ""

    if status == 200:
        return story.allowed(name)
    return story.denied(name, "SignatureDoesNotMatch", None,
                        {"Code": text("Code"), "Message": text("Message"), "RequestId": text("RequestId")})


def wrong_signature(story, env):
    secret = env.world.accounts["dev"]["secret_access_key"]
    now = datetime.datetime.utcnow()
    status, _ = signed_caller_identity(env.world, now, secret)
    story.expect(status == 200, "the request signed rightly is answered")
    status, body = signed_caller_identity(env.world, now, secret[::-1])
    return refused_signature(story, "a wrong signature", status, body)


def old_signature(story, env):
    then = datetime.datetime.utcnow() - datetime.timedelta(minutes=16)
    status, body = signed_caller_identity(env.world, then, env.world.accounts["dev"]["secret_access_key"])
    return refused_signature(story, "a request 16 minutes old", status, body)


# ---- one set that the kernel stops ----

def ip(*argv):
    subprocess.run(["ip", *argv], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def listener(address):
    """Accepts and closes connections at ADDRESS: what an attacker would reach. Yields the port."""
    with socket.socket() as s:
        s.bind((address, 0))
        s.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    s.accept()[0].close()

        threading.Thread(target=serve, daemon=True).start()
        yield s.getsockname()[1]
        s.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def host_and_outside():
    """The host at an address of its own, and an "internet": a namespace behind the host with a server in it.

    Yields their targets. Both are made here and removed here; nothing else of the host changes. The host's address
    stands on its end of the link to the outside: not every kernel has dummy interfaces.
    """
    mark = f"{os.getpid():x}"
    near, far, space = f"bn{mark}", f"bf{mark}", f"barmkin-demo-{mark}"
    server = None
    try:
        ip("netns", "add", space)
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", space)
        ip("address", "add", f"{HOST_ADDRESS}/32", "dev", near)
        ip("address", "add", f"{OUTSIDE_NEAR}/24", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", space, "address", "add", f"{OUTSIDE_FAR}/24", "dev", far)
        ip("-n", space, "link", "set", far, "up")
        ip("-n", space, "route", "add", "default", "via", OUTSIDE_NEAR)
        server = subprocess.Popen(
            ["ip", "netns", "exec", space, "/usr/bin/python3", "-c",
             "import socket\ns = socket.create_server(('', 8080))\nprint('up', flush=True)\n"
             "while True: s.accept()[0].close()"], stdout=subprocess.PIPE, text=True)
        server.stdout.readline()
        with listener(HOST_ADDRESS) as port:
            yield {"the host": f"{HOST_ADDRESS}:{port}", "the outside": f"{OUTSIDE_FAR}:8080"}
    finally:
        if server:
            server.kill()
            server.wait()
        for argv in (["link", "del", near], ["netns", "del", space]):
            subprocess.run(["ip", *argv], capture_output=True)


def endpoint_address(env, account):
    """An address in an account's VPC that does answer: its STS endpoint's."""
    ec2 = env.world.client("ec2", account)
    vpce = ec2.describe_vpc_endpoints(VpcEndpointIds=[env.networks[account].endpoints["sts"]])["VpcEndpoints"][0]
    card = ec2.describe_network_interfaces(NetworkInterfaceIds=vpce["NetworkInterfaceIds"][:1])
    return card["NetworkInterfaces"][0]["PrivateIpAddress"]


def sandbox_namespace(env, account):
    """The network namespace of a model server that is running now in an account's VPC: /run/barmkin/TAG/netns/eni-..."""
    folder = f"/run/barmkin/{env.world.tag()}/netns"
    cards = env.world.client("ec2", account).describe_network_interfaces(
        Filters=[{"Name": "vpc-id", "Values": [env.networks[account].vpc]},
                 {"Name": "group-id", "Values": [env.networks[account].workload_group]}])["NetworkInterfaces"]
    for card in cards:
        path = os.path.join(folder, card["NetworkInterfaceId"])
        if os.path.exists(path):
            return path
    return None


def probe(argv, targets):
    done = subprocess.run([*argv, "/usr/bin/python3", "-B", os.path.join(os.path.dirname(__file__), "probe.py"),
                           *targets], capture_output=True, text=True, timeout=30)
    return json.loads(done.stdout)


def kernel_connections(story, env):
    """From a command in dev's VPC, and from the very network that prod's model server stands in."""
    name = "connections out of a sandbox's network"
    with host_and_outside() as targets:
        story.expect(set(probe([], targets.values()).values()) == {"connected"},
                     "the host itself reaches both targets")
        targets["staging's VPC"] = f"{endpoint_address(env, 'staging')}:443"
        own = env.world.inside("staging", env.networks["staging"], "probe.py", targets["staging's VPC"])
        story.expect(set(own.values()) == {"connected"}, "staging's workloads reach that address in their VPC")
        answers = {"dev's VPC": env.world.inside("dev", env.networks["dev"], "probe.py", *targets.values())}
        space = sandbox_namespace(env, "prod")
        if story.expect(space is not None, "prod's model server has a network namespace of its own"):
            answers["prod's model server"] = probe(["nsenter", f"--net={space}"], targets.values())
    tried = [(where, what, got[target]) for where, got in answers.items() for what, target in targets.items()]
    refused = {"ETIMEDOUT", "ECONNREFUSED", "ENETUNREACH"}
    through = [t for t in tried if t[2] not in refused]
    story.denials.append({"name": name, "code": (through or tried)[0][2], "policy_type": "network",
                          "message": "; ".join(f"from {a} to {b}: {c}" for a, b, c in tried)})
    story.expect(not through, f"{name}: " + ", ".join(sorted({t[2] for t in tried})))
    for where, what, code in tried:
        story.say(f"  from {where} to {what}: {code}")
    return ""


ALL = [training_without_vpc, model_from_outside, model_through_wrong_vpc, bucket_not_in_endpoint_policy,
       assume_by_unnamed_role, pass_unlisted_role, prod_after_its_removal, wrong_signature, old_signature,
       kernel_connections]
