# SPDX-License-Identifier: MIT
"""The transparent door on the host: unmodified clients (tests/requirements-clients.txt) in `barmkin run` and `barmkin
shell`, which know no endpoint but Amazon's. Nothing here sets one."""
import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from conftest import BARMKIN, BUILD

CLIENTS = os.path.join(BUILD, "venv-clients", "bin")
ENV = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BARMKIN_"))}


def run(server, *command, verb="run", profile="dev", options=(), cwd=None, text=None, env=None, fine=(0,)):
    """One command in the door (verb "shell": its standard input); what it printed."""
    argv = [BARMKIN, verb, "--state", server.state, "--profile", profile, *options]
    if verb == "run":
        argv += ["--", *command]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=300, cwd=cwd, env=env or ENV)
    assert done.returncode in fine, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def clients():
    """The environment of someone who has installed the AWS CLI and the SageMaker SDK with pip."""
    if not os.path.exists(os.path.join(CLIENTS, "aws")):
        pytest.skip("no build/venv-clients: tests/run makes it where a package index answers")
    return dict(ENV, PATH=CLIENTS + ":/usr/bin:/bin", HOME="/nonexistent")


def namespaces(server):
    return [n for n in os.listdir(f"/run/barmkin/{server.tag}/netns") if n.startswith("eni-")]


# ---- the AWS CLI ----

# The shape of the public repository's package script: what it relies on, in its order.
PACKAGE = r"""
set -e
if aws s3 ls s3://$BUCKET 2>&1 | grep NoSuchBucket; then
    aws s3 mb s3://$BUCKET --region $AWS_DEFAULT_REGION
fi
rm -rf out && mkdir out && cp templates/*.yaml out
zip -qr source.zip templates -x "*.git*"
aws s3 cp source.zip s3://$BUCKET/old/gone.zip
aws s3 rm s3://$BUCKET/old/ --recursive --region $AWS_DEFAULT_REGION
sed -ie "s/< STAGING_BUCKET >/$BUCKET/" out/main.yaml
pushd out
aws cloudformation package --template-file main.yaml --s3-bucket $BUCKET --s3-prefix pkg \
    --output-template-file main.yaml-packaged --region $AWS_DEFAULT_REGION
popd
aws s3 cp seed s3://$BUCKET/pkg/seed-code/ --recursive
for f in seed/*; do
    aws s3api put-object-tagging --bucket $BUCKET --key pkg/seed-code/$(basename $f) \
        --tagging 'TagSet=[{Key=servicecatalog:provisioning,Value=true}]'
done
aws s3 cp out/main.yaml-packaged s3://$BUCKET/pkg/main.yaml
"""
MAIN = """
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: inner.yaml
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: < STAGING_BUCKET >}
"""


def test_a_package_script_runs_as_it_is(server, clients, name, tmp_path):
    for folder in ("templates", "seed"):
        (tmp_path / folder).mkdir()
    (tmp_path / "templates/main.yaml").write_text(MAIN)
    (tmp_path / "templates/inner.yaml").write_text("Resources:\n  T: {Type: 'AWS::SNS::Topic'}\n")
    for seed in ("build.zip", "deploy.zip"):
        with zipfile.ZipFile(tmp_path / "seed" / seed, "w") as z:
            z.writestr("README", "x" * 1000)
    (tmp_path / "package.sh").write_text(PACKAGE)
    (tmp_path / "Makefile").write_text("package:\n\t@bash ./package.sh\n")
    said = run(server, "make", "package", cwd=tmp_path, env=dict(clients, BUCKET=name))
    assert "NoSuchBucket" in said and f"make_bucket: {name}" in said
    s3 = server.client("s3")
    keys = {o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]}
    assert {"pkg/main.yaml", "pkg/seed-code/build.zip", "pkg/seed-code/deploy.zip"} < keys
    assert not any(k.startswith("old/") for k in keys)
    for seed in ("build", "deploy"):
        tags = s3.get_object_tagging(Bucket=name, Key=f"pkg/seed-code/{seed}.zip")["TagSet"]
        assert tags == [{"Key": "servicecatalog:provisioning", "Value": "true"}]
    main = s3.get_object(Bucket=name, Key="pkg/main.yaml")["Body"].read().decode()
    url = re.search(r"https://s3\.\S*amazonaws\.com/\S+\.template", main).group(0)
    assert f"/{name}/pkg/" in url and name in main
    assert url.rsplit("/", 1)[1] in {k.rsplit("/", 1)[1] for k in keys}


def test_the_cli_keeps_a_folder_and_a_bucket_alike(server, clients, name, tmp_path):
    (tmp_path / "tree/a b").mkdir(parents=True)
    for i, file in enumerate(["one", "a b/two", "a b/ü+%"]):
        (tmp_path / "tree" / file).write_text(file * (i + 1))
    script = r"""
set -e
aws s3 mb s3://$BUCKET
aws s3 sync tree s3://$BUCKET/copy
rm "tree/one"; echo new > "tree/a b/two"
aws s3 sync tree s3://$BUCKET/copy --delete
aws s3 sync s3://$BUCKET/copy back
diff -r tree back
aws s3 mv s3://$BUCKET/copy s3://$BUCKET/moved --recursive
aws s3 ls s3://$BUCKET --recursive
aws s3 rb s3://$BUCKET 2>&1 | grep BucketNotEmpty
aws s3 rb s3://$BUCKET --force
aws s3 ls s3://$BUCKET 2>&1 | grep NoSuchBucket
"""
    said = run(server, "bash", "-c", script, cwd=tmp_path, env=dict(clients, BUCKET=name))
    assert "delete: s3://" + name in said and "moved/a b/ü+%" in said and f"remove_bucket: {name}" in said


EVERYBODY = """
import boto3, json
calls = [("sts", "get_caller_identity"), ("iam", "list_users"), ("organizations", "describe_organization"),
         ("s3", "list_buckets"), ("ec2", "describe_vpcs"), ("kms", "list_aliases"), ("ssm", "describe_parameters"), ("logs", "describe_log_groups"),
         ("sagemaker", "list_endpoints"), ("cloudtrail", "lookup_events")]
print(json.dumps({s: [getattr(boto3.client(s), c)()["ResponseMetadata"]["HTTPStatusCode"],
                      boto3.client(s).meta.endpoint_url] for s, c in calls}))
"""


def test_every_service_answers_under_its_own_name(server):
    said = json.loads(run(server, sys.executable, "-c", EVERYBODY))
    assert {status for status, _ in said.values()} == {200}
    assert all(re.fullmatch(r"https://[a-z0-9.-]+\.amazonaws\.com", url) for _, url in said.values()), said
    # What templates and old clients have: the global names of S3 (either style) and STS.
    old = run(server, sys.executable, "-c", """
import boto3
from botocore.config import Config
print(boto3.client("sts", endpoint_url="https://sts.amazonaws.com").get_caller_identity()["Account"])
for style in ("path", "virtual"):
    s3 = boto3.client("s3", endpoint_url="https://s3.amazonaws.com", config=Config(s3={"addressing_style": style}))
    try: s3.list_objects_v2(Bucket="there-is-none-of-it")
    except s3.exceptions.NoSuchBucket as e: print(e.response["Error"]["Code"])
""")
    assert old.split() == [server.account("dev")["id"], "NoSuchBucket", "NoSuchBucket"]


# ---- the SageMaker SDK ----

SDK = """
import boto3, json, sagemaker
s = sagemaker.Session()
bucket = s.default_bucket()
uri = s.upload_string_as_file_body("hello", bucket, "a.b/c")
said = {"bucket": bucket, "version": sagemaker.__version__,
        "read": boto3.resource("s3").Object(bucket, "a.b/c").get()["Body"].read().decode()}
role = sagemaker.get_execution_role(sagemaker.Session(boto3.Session(**ROLE)))
print(json.dumps(dict(said, role=role)))
"""


def test_the_sagemaker_sdk_with_its_fixed_names(server, clients, role, document):
    """Its STS client has an explicit https://sts.REGION.amazonaws.com and its S3 none: no variable would help."""
    r = role(document(Action=["iam:GetRole", "sts:GetCallerIdentity"]))
    keys = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
                    (r.keys[k] for k in ("AccessKeyId", "SecretAccessKey", "SessionToken"))), region_name=server.region)
    said = run(server, "python", "-W", "ignore", "-c", SDK.replace("ROLE", repr(keys)),
               env=dict(clients, SAGEMAKER_SUPPRESS_V2_WARNING="1"))
    said = json.loads(said.splitlines()[-1])
    account = server.account("dev")["id"]
    assert said["bucket"] == f"sagemaker-{server.region}-{account}" and said["read"] == "hello"
    assert said["role"] == r.arn and said["version"].startswith("2.")


# ---- what the room is ----

def test_nothing_leaves(server):
    """No route but the door's, no resolver but ours, no metadata service, nothing of the host's."""
    script = f"""
import json, os, socket
def dial(a, p):
    try:
        socket.create_connection((a, p), 3); return "reached"
    except OSError as e: return e.errno
def ask(name):
    try: return socket.gethostbyname(name)
    except OSError: return None
print(json.dumps([dial("203.0.113.1", 443), dial("169.254.169.254", 80), dial("100.64.0.1", 22),
                  dial("127.0.0.1", {server.url.rsplit(":", 1)[1]}), ask("example.com"), ask("sts.amazonaws.com"),
                  sorted(os.listdir("/sys/class/net")), open("/proc/net/route").read().split()[11:]]))"""
    said = json.loads(run(server, sys.executable, "-c", script))
    assert "reached" not in said[:4], said
    assert said[4] is None and said[5] == "100.64.0.3" and "eth0" in said[6]


def mounts(server):
    """But for those of other servers, which come and go beside this one."""
    with open("/proc/self/mounts") as f:
        return sorted(line for line in f if "/barmkin/" not in line or f"/barmkin/{server.tag}" in line)


def test_the_room_is_gone_with_the_command(server):
    run(server, "true")  # the first one opens the door, which stays
    before, mounted = namespaces(server), mounts(server)
    run(server, "true")
    run(server, text="exit 9\n", verb="shell", fine=(9,))
    assert (namespaces(server), mounts(server)) == (before, mounted)


def test_a_command_has_only_its_own_profile_and_a_shell_has_all(server):
    look = "cat $AWS_CONFIG_FILE $AWS_SHARED_CREDENTIALS_FILE; env | grep ^AWS_; pwd\n"
    command = run(server, "sh", "-c", look, cwd="/usr/share")
    shell = run(server, text=look, verb="shell", cwd="/usr/share")
    prod = server.account("prod")["access_key_id"]
    assert prod not in command and prod in shell
    for said in (command, shell):
        assert "endpoint_url" not in said and "AWS_ENDPOINT_URL" not in said
        assert "AWS_PROFILE=dev" in said and f"AWS_REGION={server.region}" in said
        assert said.splitlines()[-1] == "/usr/share"
    assert "AWS_ACCESS_KEY_ID" not in shell  # it would outweigh an AWS_PROFILE that is set at the prompt


def test_a_shell_knows_its_state_and_runs_in_vpcs(server):
    """Verbs work inside without --state; `run --vpc` finds its interface where the server has it."""
    ec2 = server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    try:
        said = run(server, verb="shell", text=f"{BARMKIN} status -q && {BARMKIN} run --profile dev --vpc {vpc} --subnet "
                   f"{subnet} -- sh -c 'echo $BARMKIN_VPC; cat /etc/resolv.conf'\n")
        assert vpc in said and "nameserver 10.77.0.2" in said
    finally:
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)


def test_resolv_conf_may_be_a_link_to_the_hosts_resolver(server):
    """As systemd-resolved has it: its folder is covered, and the link leads to ours."""
    script = f"""
set -e
mount -t tmpfs t /mnt && mkdir /mnt/up /mnt/work
mount -t overlay o -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work /etc
mount -t tmpfs t /run && mkdir -p /run/barmkin /run/systemd/resolve
echo 'nameserver 127.0.0.53' > /run/systemd/resolve/stub-resolv.conf
rm -f /etc/resolv.conf && ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
exec {BARMKIN} run --state {server.state} --profile dev -- sh -c 'cat /etc/resolv.conf; getent hosts s3.amazonaws.com'
"""
    done = subprocess.run(["unshare", "-m", "bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert "100.64.0.3" in done.stdout, done.stdout + done.stderr
    assert "127.0.0.53" not in done.stdout


# ---- at a terminal ----

class Terminal:
    """Somebody at a terminal of their own, in front of `barmkin shell`."""

    def __init__(self, server, *options):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # as at a login, also where a script runs the tests behind a "&"
            os.environ.update(SHELL="/bin/bash", HOME="/nonexistent", TERM="dumb")
            os.execv(BARMKIN, [BARMKIN, "shell", "--state", server.state, *options])
        self.seen = ""

    def until(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            hit = re.search(pattern, self.seen)
            if hit:
                self.seen = self.seen[hit.end():]
                return hit
            if select.select([self.fd], [], [], 0.2)[0]:
                with contextlib.suppress(OSError):
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
        raise AssertionError(f"no {pattern!r} in {self.seen!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        with contextlib.suppress(OSError):
            while os.read(self.fd, 65536):
                pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_a_shell_at_a_terminal(server):
    t = Terminal(server)
    t.until(r"nothing else is reachable")
    t.until(r"\(barmkin: dev\) ")
    t.type("export AWS_PROFILE=prod\n")
    t.until(r"\(barmkin: prod\) ")
    t.type("sh -c 'echo in front of $((6 * 7)); exec sleep 1000'\n")
    t.until("in front of 42")  # said by the job itself: a ^C before it is there would be the shell's own
    t.type("\x03")
    t.until(r"\(barmkin: prod\) ")
    t.type("tty && stty size && set -o | grep monitor && exit 5\n")
    t.until(r"/dev/pts/\d+\s+\d+ \d+\s+monitor\s+on")
    assert t.wait() == 5
    assert namespaces(server) == []


def test_a_closed_terminal_ends_the_shell(server):
    t = Terminal(server)
    t.until(r"\(barmkin: dev\) ")
    assert len(namespaces(server)) == 1
    os.close(t.fd)
    os.waitpid(t.pid, 0)
    for _ in range(100):
        if not namespaces(server):
            break
        time.sleep(0.1)
    assert namespaces(server) == []


def test_refusals(server):
    for argv, words in ((["shell", "--profile", "nobody"], "no profile nobody"), (["shell", "word"], "usage"),
                        (["shell", "--vpc", "vpc-1"], "--vpc needs --subnet"), (["run", "--profile", "dev"], "usage")):
        done = subprocess.run([BARMKIN, argv[0], "--state", server.state, *argv[1:]], capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)
        assert done.returncode in (2, 4) and words in done.stderr, done.stderr


# ---- doctor ----

def doctor(server, *options, env=None):
    done = subprocess.run([BARMKIN, "doctor", "--state", server.state, "-o", "json", *options], capture_output=True,
                          text=True, timeout=120, env=env or ENV)
    assert done.returncode in (0, 6), done.stderr
    return {c["name"]: c for c in json.loads(done.stdout)["checks"]}


def test_doctor_goes_through_the_door(server):
    said = doctor(server)
    door = {n: c["result"] for n, c in said.items() if n.startswith("door")}
    assert door == dict.fromkeys(["door", "door-dns", "door-outside", "door-tls", "door-sts", "door-s3"], "OK"), said
    assert f"arn:aws:iam::{server.account('dev')['id']}:user/admin" in said["door-sts"]["said"]
    assert "NoSuchBucket" in said["door-s3"]["said"]
    assert namespaces(server) == []


def test_doctor_names_the_piece_that_is_broken(own_server):
    """Another house's CA; a key that was removed; no server: each has its own line and fix, and nothing after it."""
    ca = os.path.join(own_server.state, "ca.pem")
    with open(ca) as f:
        ours = f.read()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout",
                    os.devnull, "-out", ca], check=True, capture_output=True)
    said = doctor(own_server)
    assert said["door-tls"]["result"] == "FAIL" and "ca.pem" in said["door-tls"]["fix"]
    assert "not trusted" in said["door-tls"]["said"] and "door-sts" not in said
    with open(ca, "w") as f:
        f.write(ours)
    own_server.client("iam", "prod").update_access_key(
        UserName="admin", AccessKeyId=own_server.account("prod")["access_key_id"], Status="Inactive")
    said = doctor(own_server, "--profile", "prod")
    assert said["door-tls"]["result"] == "OK" and said["door-sts"]["result"] == "FAIL"
    assert "prod" in said["door-sts"]["said"] and "door-s3" not in said
    own_server.stop()
    said = doctor(own_server)
    assert said["door"]["result"] == "WARN" and "barmkin serve" in said["door"]["fix"] and "door-dns" not in said


def test_doctor_knows_clients_that_stumble(server, tmp_path):
    def installed(name, prints):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{prints}'\n")
        (tmp_path / name).chmod(0o755)

    env = dict(ENV, PATH=str(tmp_path))
    for version, result in (("aws-cli/1.28.9 Python/3.8", "WARN"), ("aws-cli/2.9.19 Python/3.11", "WARN"),
                            ("aws-cli/1.29.0 Python/3.8", "OK"), ("aws-cli/2.13.0 Python/3.11", "OK")):
        installed("aws", version)
        said = doctor(server, env=env)
        assert said["aws-cli"]["result"] == result, version
    assert said["package-tools"]["result"] == "WARN" and "zip" in said["package-tools"]["fix"]
    installed("python3", "2.47.1 4.25.0")
    said = doctor(server, env=env)["sagemaker-sdk"]
    assert said["result"] == "WARN" and said["fix"] == "pip install 'protobuf<3.21'"
    installed("python3", "2.47.1 3.20.3")
    assert doctor(server, env=env)["sagemaker-sdk"]["result"] == "OK"
