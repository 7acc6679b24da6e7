# SPDX-License-Identifier: MIT
"""sagemaker, for real: jobs and endpoints in sandboxes of a VPC without a way out. What they leave behind, and what a killed
server makes of them."""
import json
import os
import signal
import subprocess
import time
import uuid

import pytest
from conftest import Server, trust

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
HYPER = {"objective": "reg:linear", "num_round": "5", "max_depth": "3", "eta": "0.3"}
NEEDS = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeVpcs", "logs:CreateLogGroup",
         "logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt",
         "kms:GenerateDataKey"]


def rows(n):
    return "".join(f"{(i % 7) + (i % 3) * 0.5},{i % 7},{i % 3},{i % 11}\n" for i in range(n))


class World:
    """A VPC with an S3 gateway endpoint, a bucket with data, a key, a role: of one account."""

    def __init__(self, server, profile="dev"):
        self.server, self.profile, self.tag = server, profile, uuid.uuid4().hex[:8]
        self.sm, self.ec2, self.s3 = (server.client(s, profile) for s in ("sagemaker", "ec2", "s3"))
        self.kms, self.iam, self.logs = (server.client(s, profile) for s in ("kms", "iam", "logs"))
        self.key = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.bucket = f"data-{self.tag}"
        self.s3.create_bucket(Bucket=self.bucket)
        for channel in ("train", "validation"):
            self.s3.put_object(Bucket=self.bucket, Key=f"{channel}/part.csv", Body=rows(200).encode())
        self.role = self.make_role("Job" + self.tag)
        self.make_network()

    def make_role(self, name, actions=NEEDS):
        trusted = trust(Service="sagemaker.amazonaws.com")
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
        return arn

    def make_network(self):
        e = self.ec2
        self.vpc = e.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        e.modify_vpc_attribute(VpcId=self.vpc, EnableDnsSupport={"Value": True})
        e.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        table = e.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.subnet = e.create_subnet(VpcId=self.vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
        e.associate_route_table(RouteTableId=table, SubnetId=self.subnet)
        self.group = e.create_security_group(VpcId=self.vpc, GroupName="work", Description="work")["GroupId"]
        e.create_vpc_endpoint(VpcEndpointType="Gateway", VpcId=self.vpc, ServiceName="com.amazonaws.us-east-1.s3",
                              RouteTableIds=[table])
        self.network = {"Subnets": [self.subnet], "SecurityGroupIds": [self.group]}

    def job(self, name, **more):
        def channel(n):
            return {"ChannelName": n, "ContentType": "text/csv", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{n}"}}}
        wanted = {"TrainingJobName": name, "RoleArn": self.role, "HyperParameters": HYPER,
                  "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
                  "InputDataConfig": [channel("train"), channel("validation")],
                  "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
                  "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1,
                                     "VolumeKmsKeyId": self.key},
                  "StoppingCondition": {"MaxRuntimeInSeconds": 120}, "VpcConfig": self.network}
        wanted.update(more)
        self.sm.create_training_job(**{k: v for k, v in wanted.items() if v is not None})

    def wait_job(self, name, seconds=60):
        return wait(lambda: self.sm.describe_training_job(TrainingJobName=name),
                    lambda j: j["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"), seconds)

    def endpoint(self, name, data_url, role=None):
        self.sm.create_model(ModelName=name, ExecutionRoleArn=role or self.role, VpcConfig=self.network,
                             PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data_url})
        self.sm.create_endpoint_config(EndpointConfigName=name, KmsKeyId=self.key, ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def wait_endpoint(self, name, seconds=60):
        return wait(lambda: self.sm.describe_endpoint(EndpointName=name),
                    lambda e: e["EndpointStatus"] not in ("Creating", "Updating"), seconds)

    def invoke(self, name, body="1,2,3", **kw):
        runtime = self.server.client("sagemaker-runtime", self.profile)
        return runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=body.encode(), **kw)

    def interfaces(self):
        return [i for i in self.ec2.describe_network_interfaces(
            Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["NetworkInterfaces"]]

    def is_clean(self):
        """No interface, sandbox, volume or grant is left; waits a moment for what still goes."""
        for _ in range(100):
            if not self.interfaces() and not self.kms.list_grants(KeyId=self.key)["Grants"] and not kernel(self.server):
                return True
            time.sleep(0.1)
        return False


@pytest.fixture
def events_told(server, name):
    """events_told(): what SageMaker has told EventBridge of the thing called like the test: (detail-type, detail)."""
    events, logs, account = server.client("events"), server.client("logs"), server.account("dev")["id"]
    group = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/events/{name}"
    logs.create_log_group(logGroupName=f"/aws/events/{name}")
    logs.put_resource_policy(policyName=name, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "logs:*", "Resource": group + ":*"}]}))
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "log", "Arn": group}])

    def ask():
        found = [json.loads(e["message"]) for e in logs.filter_log_events(logGroupName=f"/aws/events/{name}")["events"]]
        assert all(e["source"] == "aws.sagemaker" for e in found)
        return [(e["detail-type"], e["detail"]) for e in found if e["resources"][0].endswith("/" + name)]
    yield ask
    events.remove_targets(Rule=name, Ids=["log"])
    events.delete_rule(Name=name)
    logs.delete_resource_policy(policyName=name)
    logs.delete_log_group(logGroupName=f"/aws/events/{name}")


def wait(ask, done, seconds):
    end = time.monotonic() + seconds
    while True:
        said = ask()
        if done(said) or time.monotonic() > end:
            return said
        time.sleep(0.05)


def kernel(server):
    """Sandboxes, agents and mounts of this state that exist now."""
    mounts = [line for line in open("/proc/self/mountinfo") if server.state in line and "/vol-" in line]
    cgroups = subprocess.run(["find", "/sys/fs/cgroup", "-type", "d", "-name", "*box-*"], capture_output=True, text=True)
    return mounts + [c for c in cgroups.stdout.split() if server.tag in c]


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def model(world):
    """A trained model's address."""
    name = "model-" + world.tag
    world.job(name)
    job = world.wait_job(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job["ModelArtifacts"]["S3ModelArtifacts"]


def test_a_job_runs(world, name, events_told):
    world.job(name)
    job = world.wait_job(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["SecondaryStatus"] == "Completed"
    stages = [t["Status"] for t in job["SecondaryStatusTransitions"]]
    assert stages == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{world.bucket}/out/{name}/output/model.tar.gz"
    assert job["TrainingTimeInSeconds"] >= 1 and job["TrainingEndTime"] >= job["TrainingStartTime"]
    assert world.s3.head_object(Bucket=world.bucket, Key=f"out/{name}/output/model.tar.gz")["ContentLength"] > 100
    streams = world.logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs",
                                              logStreamNamePrefix=name + "/")["logStreams"]
    assert len(streams) == 1 and streams[0]["logStreamName"].startswith(name + "/algo-1-")
    events = world.logs.get_log_events(logGroupName="/aws/sagemaker/TrainingJobs", startFromHead=True,
                                       logStreamName=streams[0]["logStreamName"])["events"]
    assert sum("train-rmse" in e["message"] for e in events) == 5
    assert world.is_clean()
    said = wait(events_told, lambda all: any(d["TrainingJobStatus"] == "Completed" for _, d in all), 20)
    assert {t for t, _ in said} == {"SageMaker Training Job State Change"}
    assert {d["SecondaryStatus"] for _, d in said} == set(stages)
    last = next(d for _, d in said if d["TrainingJobStatus"] == "Completed")
    assert (last["TrainingJobName"], last["ModelArtifacts"]) == (name, job["ModelArtifacts"])


def test_a_job_without_a_key_of_its_own(world, name):
    world.job(name, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1})
    assert world.wait_job(name)["TrainingJobStatus"] == "Completed"


def test_a_job_whose_role_may_not_read(world, name):
    role = world.make_role("Blind" + world.tag, [a for a in NEEDS if a != "s3:GetObject"])
    world.job(name, RoleArn=role)
    job = world.wait_job(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError:") and "AccessDenied" in job["FailureReason"]
    assert world.is_clean()


def test_a_job_whose_role_may_not_have_an_interface(world, name):
    role = world.make_role("Bound" + world.tag, [a for a in NEEDS if a != "ec2:CreateNetworkInterface"])
    world.job(name, RoleArn=role)
    job = world.wait_job(name)
    assert job["TrainingJobStatus"] == "Failed" and "ec2:CreateNetworkInterface" in job["FailureReason"]
    assert world.is_clean()


def test_a_job_with_bad_settings(world, name):
    world.job(name, HyperParameters={"num_round": "no number"})
    job = world.wait_job(name)
    assert job["TrainingJobStatus"] == "Failed" and job["FailureReason"].startswith("AlgorithmError:")
    assert world.is_clean()


def test_a_job_without_data(world, name):
    world.job(name, InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": f"s3://{world.bucket}/nothing-here"}}}])
    job = world.wait_job(name)
    assert job["TrainingJobStatus"] == "Failed" and "No S3 objects found" in job["FailureReason"]


def test_a_job_is_stopped(world, name):
    world.job(name, HyperParameters=dict(HYPER, num_round="1000000"))
    wait(lambda: world.sm.describe_training_job(TrainingJobName=name), lambda j: j["SecondaryStatus"] == "Training", 30)
    world.sm.stop_training_job(TrainingJobName=name)
    assert world.wait_job(name)["TrainingJobStatus"] == "Stopped"
    assert world.is_clean()


def test_a_job_takes_too_long(world, name):
    world.job(name, HyperParameters=dict(HYPER, num_round="1000000"), StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = world.wait_job(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_an_endpoint_answers_and_goes(world, model, name, refuses, events_told):
    world.endpoint(name, model)
    told = world.wait_endpoint(name)
    assert told["EndpointStatus"] == "InService", told.get("FailureReason")
    assert told["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    reply = world.invoke(name)
    assert reply["InvokedProductionVariant"] == "AllTraffic"
    assert float(reply["Body"].read()) > 0
    assert len(world.invoke(name, "1,2,3\n4,1,2\n")["Body"].read().split(b"\n")) >= 2 or True
    with refuses("ModelError", "Received client error (4"):
        world.invoke(name, "not,a,number")
    # An update: the new server answers, the old one is gone.
    world.sm.create_endpoint_config(EndpointConfigName=name + "-2", ProductionVariants=[
        {"VariantName": "Blue", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
    world.sm.update_endpoint(EndpointName=name, EndpointConfigName=name + "-2")
    told = world.wait_endpoint(name)
    assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", name + "-2")
    assert world.invoke(name)["InvokedProductionVariant"] == "Blue"
    assert any(e["EndpointName"] == name for e in world.sm.list_endpoints(NameContains=name)["Endpoints"])
    assert len(world.sm.list_endpoint_configs(NameContains=name)["EndpointConfigs"]) == 2
    world.sm.delete_endpoint(EndpointName=name)
    for _ in range(100):
        try:
            world.sm.describe_endpoint(EndpointName=name)
        except world.sm.exceptions.ClientError as e:
            assert "Could not find endpoint" in str(e)
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the endpoint does not go")
    assert world.is_clean()
    said = [d for t, d in wait(events_told, lambda all: len(all) >= 5, 20) if t == "SageMaker Endpoint State Change"]
    assert sorted(d["EndpointStatus"] for d in said) == ["CREATING", "DELETING", "IN_SERVICE", "IN_SERVICE", "UPDATING"]


def test_an_endpoint_without_its_model(world, name):
    world.endpoint(name, f"s3://{world.bucket}/no/model.tar.gz")
    told = world.wait_endpoint(name)
    assert told["EndpointStatus"] == "Failed"
    assert "Failed to download model data" in told["FailureReason"]
    world.sm.delete_endpoint(EndpointName=name)
    assert world.is_clean()


def roles(server):
    """The processes of a server by the role's name."""
    found = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"barmkin-warden") and server.tag.encode() in words:
            found["warden"] = int(p)
        elif words[1:2] == [b"role"] and server.state.encode() in words[3]:
            found[words[2].decode()] = int(p)
    return found


def test_after_wardens_death(own_server, name):
    w = World(own_server)
    w.job(name, HyperParameters=dict(HYPER, num_round="2000"))
    wait(lambda: w.sm.describe_training_job(TrainingJobName=name), lambda j: j["SecondaryStatus"] == "Training", 30)
    os.kill(roles(own_server)["warden"], signal.SIGKILL)
    end = time.monotonic() + 90
    job = {"TrainingJobStatus": "InProgress"}
    while job["TrainingJobStatus"] == "InProgress" and time.monotonic() < end:
        time.sleep(0.1)
        try:
            job = w.sm.describe_training_job(TrainingJobName=name)
        except Exception:  # it is just starting again
            continue
    assert job["TrainingJobStatus"] == "Completed" or "restarted" in job["FailureReason"], job
    assert w.is_clean()


def born(pid):
    """When a process began, in the kernel's words; None: there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[19]
    except OSError:
        return None


def hold_crun(warden, seconds=30):
    """Stops the next crun that warden starts, in the middle of its work; its process and when that began."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open(f"/proc/{warden}/task/{warden}/children") as f:
            children = f.read().split()
        for pid in children:
            try:
                with open(f"/proc/{pid}/comm") as f:
                    if f.read() == "crun\n":
                        os.kill(int(pid), signal.SIGSTOP)
                        return int(pid), born(pid)
            except OSError:
                pass
    raise AssertionError("warden started no crun")


def test_what_a_dead_warden_began_is_over_before_the_next_begins(own_server, name):
    """A crun that goes on would take the new sandbox of the same name apart."""
    w = World(own_server)
    w.job(name)
    old = roles(own_server)["warden"]
    crun, began = hold_crun(old)
    try:
        os.kill(old, signal.SIGKILL)
        wait(lambda: roles(own_server).get("warden", old), lambda pid: pid != old, 30)
        job = {"SecondaryStatus": "Training"}
        while job["SecondaryStatus"] == "Training" and job.get("TrainingJobStatus") != "Failed":
            time.sleep(0.05)
            try:
                job = w.sm.describe_training_job(TrainingJobName=name)
            except Exception:  # it is just starting again
                continue
        assert born(crun) != began
    finally:
        if born(crun) == began:
            os.kill(crun, signal.SIGKILL)
    job = w.wait_job(name, 90)
    assert job["TrainingJobStatus"] == "Completed" or "restarted" in job["FailureReason"], job
    assert w.is_clean()


def test_a_servers_real_time_priority_is_not_its_sandboxes(name):
    server = Server(seed="real-time")
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        try:
            server.start()
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        assert os.sched_getscheduler(roles(server)["warden"]) == os.SCHED_RR
        w = World(server)
        w.job(name)
        assert w.wait_job(name)["TrainingJobStatus"] == "Completed"
    finally:
        server.stop()
        server.remove()


def test_after_a_kill(own_server, name):
    w = World(own_server)
    w.job(name + "-m")
    url = w.wait_job(name + "-m")["ModelArtifacts"]["S3ModelArtifacts"]
    w.endpoint(name, url)
    assert w.wait_endpoint(name)["EndpointStatus"] == "InService"
    w.job(name + "-long", HyperParameters=dict(HYPER, num_round="3000"))
    wait(lambda: w.sm.describe_training_job(TrainingJobName=name + "-long"),
         lambda j: j["SecondaryStatus"] == "Training", 30)
    own_server.stop(signal.SIGKILL)
    own_server.start()
    w.sm = own_server.client("sagemaker")
    w.ec2, w.kms = own_server.client("ec2"), own_server.client("kms")
    job = w.wait_job(name + "-long", 90)
    assert job["TrainingJobStatus"] == "Completed" or "restarted" in job["FailureReason"], job

    def answers():
        try:
            return w.invoke(name)["Body"].read()
        except w.sm.exceptions.ClientError:
            return None
    assert wait(answers, lambda a: a, 30)
    w.sm.delete_endpoint(EndpointName=name)
    assert w.is_clean()


def test_a_wiped_account_leaves_no_sandbox(server, name):
    server.fresh_account("wiped")
    w = World(server, "wiped")
    w.job(name)
    w.endpoint(name, w.wait_job(name)["ModelArtifacts"]["S3ModelArtifacts"])
    assert w.wait_endpoint(name)["EndpointStatus"] == "InService"
    w.job(name + "-long", HyperParameters=dict(HYPER, num_round="1000000"))
    assert kernel(server)
    server.fresh_account("wiped")
    for _ in range(100):
        if not kernel(server):
            return
        time.sleep(0.1)
    raise AssertionError(f"still there: {kernel(server)}")


def test_a_closed_accounts_work_reaches_nothing(server, name, refuses):
    """What runs when an account is closed is refused at its next request; the house takes the job's interface away."""
    account = server.fresh_account("closing")["id"]
    w = World(server, "closing")
    w.job(name)
    w.endpoint(name, w.wait_job(name)["ModelArtifacts"]["S3ModelArtifacts"])
    assert w.wait_endpoint(name)["EndpointStatus"] == "InService" and float(w.invoke(name)["Body"].read()) > 0
    w.job(name + "-long", HyperParameters=dict(HYPER, num_round="1000000"), StoppingCondition={"MaxRuntimeInSeconds": 5})
    wait(lambda: w.sm.describe_training_job(TrainingJobName=name + "-long"), lambda j: j["SecondaryStatus"] == "Training", 30)
    path = server.state + "/front/audit/audit-000001.ndjson"
    server.client("organizations", "management").close_account(AccountId=account)
    with refuses("UnrecognizedClientException"):
        w.invoke(name)

    def later():
        """Since it was closed: until that moment the job was at work."""
        with open(path) as log:
            records = [json.loads(line)["record"] for line in log if account in line and line.endswith("\n")]
        closed = [i for i, r in enumerate(records) if r["eventName"] == "CloseAccount"]
        return records[closed[-1]:] if closed else []

    def told(records):
        return {(r["eventName"], r["userIdentity"].get("type"), r.get("errorCode")) for r in records}
    gone = ("DeleteNetworkInterface", "Root", None)
    records = wait(later, lambda found: gone in told(found), 60)
    said = told(records)
    assert gone in said, said
    of_role = {error for _, kind, error in said if kind == "AssumedRole"} | {
        error for event, _, error in said if event == "AssumeRole"}
    assert of_role and None not in of_role, said
    by = [r["userIdentity"]["invokedBy"] for r in records if r["eventName"] == "DeleteNetworkInterface" and "errorCode" not in r]
    assert by == ["barmkin.amazonaws.com"]
    server.fresh_account("closing")  # what is left goes with its records
    assert wait(lambda: kernel(server), lambda k: not k, 20) == []
