# SPDX-License-Identifier: MIT
"""File systems that training jobs mount: what one writes another reads, through real mount targets, as policies, groups and
keys let them; what a job leaves behind, and what survives a kill."""
import contextlib
import json
import os
import signal
import subprocess

import botocore.exceptions
import pytest
from test_sagemaker_run import World, kernel, wait

PYTHON = "123456789012.dkr.ecr.us-east-1.amazonaws.com/python:latest"
FILES = "/opt/ml/input/data/files"
DEFAULT = {"Effect": "Allow", "Principal": {"AWS": "*"},
           "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess"],
           "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}}


class Shared(World):
    """A world with an encrypted file system that has a mount target in the job's subnet."""

    def __init__(self, server, profile="dev"):
        super().__init__(server, profile)
        self.efs, self.made = server.client("efs", profile), []
        self.nfs = self.ec2.create_security_group(VpcId=self.vpc, GroupName="nfs", Description="nfs")["GroupId"]
        self.open_nfs()
        self.fs = self.make()

    def rule(self):
        return {"GroupId": self.nfs, "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": self.group}]}]}

    def open_nfs(self):
        self.ec2.authorize_security_group_ingress(**self.rule())

    def make(self, subnet=None, **kw):
        kw = kw or {"Encrypted": True, "KmsKeyId": self.key}
        fs = self.efs.create_file_system(CreationToken=f"{self.tag}-{len(self.made)}", **kw)["FileSystemId"]
        self.made.append(fs)
        self.efs.create_mount_target(FileSystemId=fs, SubnetId=subnet or self.subnet, SecurityGroups=[self.nfs])
        return fs

    def run(self, name, code, mode="rw", path="/", fs=None, sm=None, **more):
        """Runs Python code with the file system at FILES: the job's end, and what it printed."""
        channel = {"ChannelName": "files", "DataSource": {"FileSystemDataSource": {
            "FileSystemId": fs or self.fs, "FileSystemAccessMode": mode, "FileSystemType": "EFS", "DirectoryPath": path}}}
        wanted = {"HyperParameters": {}, "InputDataConfig": [channel], "AlgorithmSpecification": {
            "TrainingImage": PYTHON, "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", f"F = {FILES!r}\n{code}"]}}
        before, self.sm = self.sm, sm or self.sm
        try:
            self.job(name, **{**wanted, **more})
        finally:
            self.sm = before
        job = self.wait_job(name)
        return job, self.said(name)

    def said(self, name):
        """What the job's program has printed so far."""
        try:
            events = self.logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name + "/")
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [e["message"] for e in events["events"]]

    def goes(self, name, code, **kw):
        job, said = self.run(name, code, **kw)
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), said)
        return said

    def fails(self, name, reason, **kw):
        job, said = self.run(name, "print('ran')", **kw)
        assert not said, said
        assert job["TrainingJobStatus"] == "Failed" and reason in job["FailureReason"], job.get("FailureReason")
        return job["FailureReason"]

    def policy(self, *statements):
        self.efs.put_file_system_policy(FileSystemId=self.fs, BypassPolicyLockoutSafetyCheck=True, Policy=json.dumps(
            {"Version": "2012-10-17", "Statement": list(statements)}))

    def size(self, fs=None):
        return self.efs.describe_file_systems(FileSystemId=fs or self.fs)["FileSystems"][0]["SizeInBytes"]

    def remove(self, fs):
        for m in self.efs.describe_mount_targets(FileSystemId=fs)["MountTargets"]:
            self.efs.delete_mount_target(MountTargetId=m["MountTargetId"])
        self.efs.delete_file_system(FileSystemId=fs)


def images(server):
    return [f for f in os.listdir(f"{server.state}/volumes") if f.startswith("fs-")]


@pytest.fixture(scope="module")
def world(server):
    w = Shared(server)
    yield w
    for fs in w.made:
        with contextlib.suppress(botocore.exceptions.ClientError):
            w.remove(fs)


@pytest.fixture
def policy(world):
    yield world.policy
    world.efs.delete_file_system_policy(FileSystemId=world.fs)


# ---- what jobs do with it ----

def test_what_one_job_writes_another_reads(server, world, name):
    assert world.size()["Value"] == 6144 and "Timestamp" not in world.size()
    world.goes(name + "-w", "import os\nos.makedirs(F + '/a/b')\nopen(F + '/a/b/planted', 'w').write('planted-words' * 99999)")
    used = world.size()
    assert used["Value"] > 99999 * 13 and used["Value"] == used["ValueInStandard"] and used["Timestamp"]
    said = world.goes(name + "-r", "print(len(open(F + '/a/b/planted').read()), open('/opt/ml/input/config/inputdataconfig.json').read())",
                      mode="ro")
    assert said[0].startswith(f"{99999 * 13} ") and '"files"' in said[0]
    image = f"{server.state}/volumes/{world.fs}.img"
    assert subprocess.run(["grep", "-c", "planted", image], capture_output=True).stdout == b"0\n"
    assert not kernel(server) and not [m for m in open("/proc/self/mountinfo") if world.fs in m]


def test_a_job_sees_the_folder_that_it_names(world, name):
    world.goes(name + "-w", "import os\nos.makedirs(F + '/data/in')\nopen(F + '/secret', 'w').write('s')\nopen(F + '/data/in/x', 'w').write('x')")
    said = world.goes(name + "-r", "import os\nprint(sorted(os.listdir(F)), os.path.exists(F + '/../secret'))", path="/data/in")
    assert said == ["['x'] False"]
    reason = world.fails(name + "-no", "No such file or directory", path="/data/none")
    assert reason.startswith(f"ClientError: Unable to mount file system: {world.fs} directory path: /data/none.")
    world.goes(name + "-l", "import os\nos.symlink('/etc', F + '/link')")
    world.fails(name + "-up", "No such file or directory", path="/data/../..")
    world.fails(name + "-ln", "No such file or directory", path="/link")


def test_read_only_is_read_only(world, name):
    said = world.goes(name, "try:\n open(F + '/new', 'w')\nexcept OSError as e:\n print(e.strerror)", mode="ro")
    assert said == ["Read-only file system"]


def test_two_jobs_at_once(server, world, name):
    code = """
import os, time
me, other = {0!r}, {1!r}
open(F + '/' + me, 'w').write(me)
for _ in range(300):
    if os.path.exists(F + '/' + other):
        print('met'); break
    time.sleep(0.1)
open(F + '/left-' + me, 'w').write('x')
for _ in range(300):
    if os.path.exists(F + '/left-' + other):
        break
    time.sleep(0.1)
"""
    names = [name + "-1", name + "-2"]
    channel = {"ChannelName": "files", "DataSource": {"FileSystemDataSource": {
        "FileSystemId": world.fs, "FileSystemAccessMode": "rw", "FileSystemType": "EFS", "DirectoryPath": "/"}}}
    for me, other in (names, names[::-1]):
        world.job(me, HyperParameters={}, InputDataConfig=[channel], AlgorithmSpecification={
            "TrainingImage": PYTHON, "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c", f"F = {FILES!r}" + code.format(me, other)]})
    for n in names:
        job = world.wait_job(n, 150)
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), world.said(n))
    assert not [m for m in open("/proc/self/mountinfo") if world.fs in m]


def test_without_a_kms_key_it_is_encrypted_all_the_same(server, world, name):
    fs = world.make(Encrypted=False)
    world.goes(name + "-w", "open(F + '/planted', 'w').write('planted-words' * 9999)", fs=fs)
    assert world.goes(name + "-r", "print(len(open(F + '/planted').read()))", fs=fs) == [str(9999 * 13)]
    image = f"{server.state}/volumes/{fs}.img"
    assert subprocess.run(["grep", "-c", "planted", image], capture_output=True).stdout == b"0\n"
    world.remove(fs)
    assert wait(lambda: images(server), lambda found: fs + ".img" not in found, 5).count(fs + ".img") == 0


def test_the_audit_log_has_mounts_and_measures(server, world, name):
    """ClientMount by nobody in particular, as NFS is; MeasureFileSystem by the house."""
    fs = world.make(Encrypted=False)
    world.goes(name, "print('x')", fs=fs)
    for event, kind in (("ClientMount", "AWSAccount"), ("MeasureFileSystem", "Root")):
        told = [json.loads(e["CloudTrailEvent"]) for e in server.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event}])["Events"]]
        mine = [e for e in told if fs in json.dumps(e["requestParameters"])]
        assert [e["userIdentity"]["type"] for e in mine] == [kind], told


# ---- who may ----

def test_security_groups_decide(world, name):
    world.ec2.revoke_security_group_ingress(**world.rule())
    try:
        world.fails(name + "-no", "Connection timed out")
    finally:
        world.open_nfs()
    world.goes(name, "print('there')")


def test_a_mount_target_must_be_in_the_jobs_zone(world, name):
    other = world.ec2.create_subnet(VpcId=world.vpc, CidrBlock="10.9.7.0/24", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
    world.fails(name, "no mount target in the zone", fs=world.make(subnet=other, Encrypted=False))
    world.fails(name + "-none", "does not exist", fs="fs-0123456789abcdef0")


def test_the_file_systems_policy_decides(world, name, policy):
    policy({**DEFAULT, "Action": DEFAULT["Action"][:1]})
    said = world.goes(name + "-ro", "try:\n open(F + '/new', 'w')\nexcept OSError as e:\n print(e.strerror)")
    assert said == ["Read-only file system"]
    policy({**DEFAULT, "Action": DEFAULT["Action"][:2]})
    said = world.goes(name + "-nobody", "import os\nprint(os.stat(F).st_uid)\ntry:\n open(F + '/new', 'w')\n"
                                        "except OSError as e:\n print(e.strerror)")
    assert said == ["65534", "Permission denied"]
    policy({**DEFAULT, "Principal": {"AWS": f"arn:aws:iam::{world.server.account('dev')['id']}:root"}})
    world.fails(name + "-iam", "not authorized to perform: elasticfilesystem:ClientMount")
    policy(DEFAULT, {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*",
                     "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    world.fails(name + "-tls", "with an explicit deny in a resource-based policy")


def test_a_key_that_is_taken_away_opens_nothing(world, name):
    fs = world.make()
    world.goes(name + "-w", "open(F + '/x', 'w').write('x')", fs=fs)
    world.kms.disable_key(KeyId=world.key)
    try:
        with pytest.raises(botocore.exceptions.ClientError):
            world.fails(name + "-own", "is disabled", fs=fs)  # the job's own volume has the same key
        plain = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}
        world.fails(name + "-no", "is disabled", fs=fs, **plain)
    finally:
        world.kms.enable_key(KeyId=world.key)
    for g in world.kms.list_grants(KeyId=world.key)["Grants"]:
        if g["Constraints"]["EncryptionContextSubset"].get("aws:elasticfilesystem:filesystem:id") == fs:
            world.kms.revoke_grant(KeyId=world.key, GrantId=g["GrantId"])
    world.fails(name + "-revoked", "not authorized to perform: kms:Decrypt", fs=fs)


KEYS = [("FileSystemId", "fs-"), ("FileSystemAccessMode", "ro"), ("FileSystemType", "EFS"), ("FileSystemDirectoryPath", "/in")]


@pytest.mark.parametrize("key, value", KEYS)
def test_condition_keys_of_every_channel(world, role, document, name, refuses, key, value):
    value = world.fs if value == "fs-" else value
    wide = {"Effect": "Allow", "Action": ["iam:PassRole", "kms:*"], "Resource": "*"}
    narrow = {"Effect": "Allow", "Action": "sagemaker:CreateTrainingJob", "Resource": "*",
              "Condition": {"StringEquals": {"sagemaker:" + key: value}}}
    sm = role(json.dumps({"Version": "2012-10-17", "Statement": [wide, narrow]})).client("sagemaker")

    def channels(*wrong):
        good = {"FileSystemId": world.fs, "FileSystemAccessMode": "ro", "FileSystemType": "EFS", "DirectoryPath": "/in"}
        return [{"ChannelName": f"c{i}", "DataSource": {"FileSystemDataSource": {**good, **w}}} for i, w in enumerate(wrong)]

    def job(n, *wrong):
        before, world.sm = world.sm, sm
        try:
            world.job(n, HyperParameters={}, InputDataConfig=channels(*wrong), AlgorithmSpecification={
                "TrainingImage": PYTHON, "TrainingInputMode": "File", "ContainerEntrypoint": ["true"]})
        finally:
            world.sm = before
    other = {"FileSystemId": {"FileSystemId": "fs-0123456789abcdef0"}, "FileSystemAccessMode": {"FileSystemAccessMode": "rw"},
             "FileSystemType": {"FileSystemType": "FSxLustre"}, "FileSystemDirectoryPath": {"DirectoryPath": "/"}}[key]
    with refuses("AccessDeniedException", "sagemaker:CreateTrainingJob"):
        job(name, other)
    with refuses("AccessDeniedException", "sagemaker:CreateTrainingJob"):
        job(name, {}, other)
    with refuses("AccessDeniedException", "sagemaker:CreateTrainingJob"):
        before, world.sm = world.sm, sm
        try:
            world.job(name)  # no file system at all
        finally:
            world.sm = before
    job(name, {})
    world.wait_job(name)  # there is no /in


@pytest.mark.parametrize("bad, words", [
    ({"FileSystemType": "FSxLustre"}, "FSxLustre is not built"), ({"DirectoryPath": "in"}, "must begin with a slash"),
    ({"DirectoryPath": "/" + "x" * 1100}, None), ({"FileSystemId": "fs-xyzxyzxyz"}, "hexadecimal")])
def test_what_cannot_be_a_channel(world, name, refuses, bad, words):
    source = {"FileSystemId": world.fs, "FileSystemAccessMode": "ro", "FileSystemType": "EFS", "DirectoryPath": "/", **bad}
    if words is None:
        world.fails(name, "longer than 1023 bytes", path=bad["DirectoryPath"])
        return
    with refuses("ValidationException", words):
        world.job(name, InputDataConfig=[{"ChannelName": "files", "DataSource": {"FileSystemDataSource": source}}])
    both = {"FileSystemDataSource": source, "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://abc/x"}}
    with refuses("ValidationException", "one of S3DataSource and FileSystemDataSource"):
        world.job(name, InputDataConfig=[{"ChannelName": "files", "DataSource": both}])


# ---- what stays and what goes ----

def test_deleting_it_while_a_job_runs(server, world, name):
    fs = world.make()
    channel = {"ChannelName": "files", "DataSource": {"FileSystemDataSource": {
        "FileSystemId": fs, "FileSystemAccessMode": "rw", "FileSystemType": "EFS", "DirectoryPath": "/"}}}
    code = f"""
import os, time
F = {FILES!r}
open(F + '/mine', 'w').write('x')
print('running', flush=True)
for _ in range(300):
    try:
        open(F + '/mine').read()
    except OSError as e:
        print('lost', flush=True); break
    time.sleep(0.1)
"""
    world.job(name, HyperParameters={}, InputDataConfig=[channel], AlgorithmSpecification={
        "TrainingImage": PYTHON, "TrainingInputMode": "File", "ContainerEntrypoint": ["python3", "-c", code]})
    wait(lambda: world.sm.describe_training_job(TrainingJobName=name), lambda j: j["SecondaryStatus"] == "Training", 30)

    wait(lambda: world.said(name), lambda words: "running" in words, 30)
    world.remove(fs)
    assert world.wait_job(name)["TrainingJobStatus"] == "Completed"
    assert "lost" in world.said(name)
    assert fs + ".img" not in images(server)
    assert not [m for m in open("/proc/self/mountinfo") if fs in m]


def test_a_wiped_account_leaves_no_image(server, name):
    server.fresh_account("wiped")
    w = Shared(server, "wiped")
    w.goes(name, "open(F + '/x', 'w').write('x')")
    assert w.fs + ".img" in images(server)
    server.fresh_account("wiped")
    assert w.fs + ".img" not in images(server)


def test_what_a_kill_leaves(own_server, name):
    """What a job wrote is there after kill -9; a job that was at work begins anew; a deleted file system's image goes."""
    w = Shared(own_server)
    w.goes(name + "-w", "import os\nwith open(F + '/kept', 'w') as f:\n f.write('kept')\n f.flush()\n os.fsync(f.fileno())")
    channel = {"ChannelName": "files", "DataSource": {"FileSystemDataSource": {
        "FileSystemId": w.fs, "FileSystemAccessMode": "rw", "FileSystemType": "EFS", "DirectoryPath": "/"}}}
    w.job(name, HyperParameters={}, InputDataConfig=[channel], AlgorithmSpecification={
        "TrainingImage": PYTHON, "TrainingInputMode": "File", "ContainerEntrypoint": [
            "python3", "-c", f"import time\nopen({FILES!r} + '/runs', 'a').write('x')\ntime.sleep(2)"]})
    wait(lambda: w.sm.describe_training_job(TrainingJobName=name), lambda j: j["SecondaryStatus"] == "Training", 30)
    doomed = w.make(Encrypted=False)
    w.goes(name + "-d", "open(F + '/x', 'w').write('x')", fs=doomed)
    own_server.stop(signal.SIGKILL)
    own_server.start()
    w.sm, w.efs, w.logs = (own_server.client(s) for s in ("sagemaker", "efs", "logs"))
    w.wait_job(name, 90)
    said = w.goes(name + "-r", "print(open(F + '/kept').read(), len(open(F + '/runs').read()))", mode="ro")
    assert said[0].startswith("kept ")
    w.remove(doomed)
    own_server.stop(signal.SIGKILL)
    own_server.start()
    assert wait(lambda: images(own_server), lambda found: doomed + ".img" not in found, 10) == [w.fs + ".img"]
    assert not [m for m in open("/proc/self/mountinfo") if w.fs in m]
