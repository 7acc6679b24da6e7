# SPDX-License-Identifier: MIT
"""From inside the environment's private subnet, as its execution role: what the documentation lets a reader check."""
import json
import os
import subprocess

import dataset
import training
from outside import INTERNET, Outside
from world import HERE, PYTHON


class Inside:
    """Commands in the environment's private subnet, with the credentials of its execution role."""

    def __init__(self, world):
        self.world = world
        sagemaker = world.client("sagemaker", "dev")
        domain = sagemaker.describe_domain(DomainId=sagemaker.list_domains()["Domains"][0]["DomainId"])
        self.vpc, self.subnets = domain["VpcId"], domain["SubnetIds"]
        self.workload_group = domain["DefaultUserSettings"]["SecurityGroups"][0]
        self.role = domain["DefaultUserSettings"]["ExecutionRole"]
        self.keys = self.become()

    def become(self):
        """Only SageMaker may become the role: this account's root lets itself in for the visit, and takes that back."""
        iam, name = self.world.client("iam", "dev"), self.role.split("/")[-1]
        before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        visit = {"Effect": "Allow", "Principal": {"AWS": self.world.id("dev")}, "Action": "sts:AssumeRole"}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(
            {**before, "Statement": [*before["Statement"], visit]}))
        keys = self.world.assume("dev", self.role, "visit")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))
        return keys

    def run(self, *argv):
        keys = [f"AWS_ACCESS_KEY_ID={self.keys['AccessKeyId']}", f"AWS_SECRET_ACCESS_KEY={self.keys['SecretAccessKey']}",
                f"AWS_SESSION_TOKEN={self.keys['SessionToken']}"]
        done = subprocess.run([self.world.barmkin, "run", "--state", self.world.state, "--profile", "dev", "--vpc", self.vpc,
                               "--subnet", self.subnets[0], "--security-group", self.workload_group, "--", "env", *keys,
                               *argv], capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr

    def aws(self, *argv):
        return self.run("aws", "--region", self.world.region, *argv)

    def reaches(self, target):
        return json.loads(self.run(PYTHON, "-B", os.path.join(HERE, "probe.py"), target)[1])[target]


def parameter(world, name):
    return world.client("ssm", "dev").get_parameter(Name=f"sm-mlops-dev-{name}")["Parameter"]["Value"]


def visit(story, world, work):
    """The documentation's checks, a training job in the VPC, and that no packet of all this went outside."""
    inside, outside = Inside(world), Outside(world.tag())
    try:
        data, models = parameter(world, "data-bucket-name"), parameter(world, "model-bucket-name")
        attack(story, inside, data, models)
        train(story, inside, data, models, work)
        story.expect(outside.received() == 0, f"{outside.received()} packets on the link to the outside")
        answer, came = inside.reaches(f"{INTERNET}:80"), outside.received()
        story.expect(came > 0, f"an address of the Internet, called on purpose: {answer}, {came} packets there by the NAT gateway")
    finally:
        outside.close()


def attack(story, inside, data, models):
    who = inside.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    story.expect(who[0] == 0 and "SageMakerExecutionRole" in who[1], f"it is {who[1].strip()}")
    refused(story, "aws s3 ls", "AccessDenied", "endpoint", inside.aws("s3", "ls"))
    refused(story, "aws s3 mb of another bucket", "AccessDenied", "endpoint", inside.aws("s3", "mb", "s3://elsewhere-1d7"))
    status, text = inside.aws("s3", "ls", f"s3://{data}")
    story.expect(status == 0, f"aws s3 ls s3://{data}: allowed" if status == 0 else text.strip())
    refused(story, "a training job without a VPC", "AccessDeniedException", "identity",
            order(inside, "without-a-vpc", data, models, None))


def refused(story, name, code, by, answer):
    """The CLI's own words hold code and message."""
    status, text = answer
    if status == 0:
        story.allowed(name)
        return
    line = [x for x in text.splitlines() if "An error occurred" in x][-1]
    story.denied(name, code, by, {"Code": line.split("(")[1].split(")")[0], "Message": line.split("operation: ", 1)[1]})


def order(inside, name, data, models, network):
    """aws sagemaker create-training-job, with the environment's keys for the volume and for the model."""
    wanted = training.request(name, inside.role, data, models, parameter(inside.world, "kms-s3-key-arn"),
                              parameter(inside.world, "kms-ebs-key-arn"), network)
    return inside.aws("sagemaker", "create-training-job", "--cli-input-json", json.dumps(wanted))


def train(story, inside, data, models, work):
    """With the VPC's subnets, security group and keys the same job runs; its data come and its model goes through the VPC."""
    rows = dataset.split(dataset.read(os.path.join(HERE, "abalone-dataset.csv")), 20261129)
    for name, part in zip(("train", "validation"), rows):
        path = os.path.join(work, f"{name}.csv")
        dataset.write(path, part)
        status, text = inside.aws("s3", "cp", path, f"s3://{data}/abalone/{name}.csv")
        story.expect(status == 0, f"aws s3 cp {name}.csv s3://{data}/abalone/" if status == 0 else text.strip())
    status, text = order(inside, "with-the-vpc", data, models, inside)
    if not story.expect(status == 0, "a training job with the VPC: accepted" if status == 0 else text.strip()):
        return
    job = training.wait(inside.world.client("sagemaker", "dev"), "with-the-vpc")
    rounds = training.rounds(inside.world.client("logs", "dev"), "with-the-vpc")
    story.expect(job["TrainingJobStatus"] == "Completed", f"it is {job['TrainingJobStatus']}{': ' + job['FailureReason'] if 'FailureReason' in job else ''}; "
                 f"rmse {rounds[-1][2] if rounds else '?'} after {len(rounds)} rounds")
