# SPDX-License-Identifier: MIT
"""The data-science environment of aws-samples/amazon-sagemaker-secure-mlops from its own, unmodified templates: packaged by
its Makefile, deployed by CloudFormation, attacked from inside its private subnet, deleted again.

usage: demo/environment.py --build BUILD REPOSITORY [--keep]      (make environment REPO=...)
REPOSITORY is a checkout of that repository; nothing is fetched. It needs the AWS CLI, bash, make, sed and zip.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from botocore.exceptions import ClientError
from story import Story
from world import World

BUCKET = "environment-templates"
CORE = {"StackSetName": "sm-mlops-core"}
ENVIRONMENT = {"EnvName": "sm-mlops", "EnvType": "dev", "AvailabilityZones": "{0}a,{0}b", "NumberOfAZs": "2",
               "SeedCodeS3BucketName": BUCKET}


def package(story, world, checkout):
    """`make package` as the repository's documentation says, through the host's transparent door."""
    with story.step(1, "make package, unmodified"):
        done = subprocess.run([world.barmkin, "run", "--state", world.state, "--profile", "dev", "--", "make", "package",
                               f"CFN_BUCKET_NAME={BUCKET}", f"AWS_DEFAULT_REGION={world.region}"],
                              cwd=checkout, capture_output=True, text=True, timeout=600, check=False)
        story.expect(done.returncode == 0, f"make package ended with status {done.returncode}")
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-2000:])
        objects = world.client("s3", "dev").list_objects_v2(Bucket=BUCKET)["KeyCount"]
        story.expect(objects >= 20, f"{objects} templates and archives lie in s3://{BUCKET}")


def deploy(story, world, number, name, template, parameters):
    """Creates a stack and waits for it; what failed is told by its first cause."""
    cfn = world.client("cloudformation", "dev")
    with story.step(number, f"{template}: stack {name}"):
        began = time.monotonic()
        cfn.create_stack(StackName=name, DisableRollback=True,
                         TemplateURL=f"https://s3.{world.region}.amazonaws.com/{BUCKET}/sagemaker-mlops/{template}",
                         Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
                         Parameters=[{"ParameterKey": k, "ParameterValue": v.format(world.region)}
                                     for k, v in parameters.items()])
        status = settled(cfn, name, 120)
        story.expect(status == "CREATE_COMPLETE", f"{status} after {time.monotonic() - began:.1f} s")
        if status != "CREATE_COMPLETE":
            print(world.run("stack", "why", name, "--state", world.state, "--profile", "dev", accept=range(256)).stdout)
        made = [s for s in cfn.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
                if s["StackName"].startswith(name)]
        resources = sum(len(cfn.describe_stack_resources(StackName=s["StackName"])["StackResources"]) for s in made)
        story.say(f"{resources} resources in {len(made)} stacks")
        return {o["OutputKey"]: o["OutputValue"] for o in cfn.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])}


def settled(cfn, name, seconds):
    end, status = time.monotonic() + seconds, "IN_PROGRESS"
    while status.endswith("IN_PROGRESS") and time.monotonic() < end:
        time.sleep(0.1)
        try:
            status = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError:
            return "DELETE_COMPLETE"
    return status


class Inside:
    """Commands in the environment's private subnet, with the credentials of its execution role."""

    def __init__(self, world):
        self.world = world
        ec2, sagemaker = world.client("ec2", "dev"), world.client("sagemaker", "dev")
        domain = sagemaker.describe_domain(DomainId=sagemaker.list_domains()["Domains"][0]["DomainId"])
        self.vpc, self.subnets = domain["VpcId"], domain["SubnetIds"]
        self.group = domain["DefaultUserSettings"]["SecurityGroups"][0]
        self.role = domain["DefaultUserSettings"]["ExecutionRole"]
        self.endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["VpcEndpoints"]
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

    def aws(self, *argv):
        keys = [f"AWS_ACCESS_KEY_ID={self.keys['AccessKeyId']}", f"AWS_SECRET_ACCESS_KEY={self.keys['SecretAccessKey']}",
                f"AWS_SESSION_TOKEN={self.keys['SessionToken']}"]
        done = subprocess.run([self.world.barmkin, "run", "--state", self.world.state, "--profile", "dev", "--vpc", self.vpc,
                               "--subnet", self.subnets[0], "--security-group", self.group, "--", "env", *keys,
                               "aws", "--region", self.world.region, *argv],
                              capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr


def attack(story, world):
    """The checks that the repository's documentation lists, as the execution role from inside."""
    with story.step(4, "From inside the private subnet, as the execution role"):
        inside = Inside(world)
        story.say(f"{len(inside.endpoints)} VPC endpoints serve {len(inside.subnets)} private subnets of {inside.vpc}")
        data = world.client("ssm", "dev").get_parameter(Name="sm-mlops-dev-data-bucket-name")["Parameter"]["Value"]
        who = inside.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
        story.expect(who[0] == 0 and "SageMakerExecutionRole" in who[1], f"it is {who[1].strip()}")
        refused(story, "aws s3 ls", "AccessDenied", "endpoint", inside.aws("s3", "ls"))
        refused(story, "aws s3 mb of another bucket", "AccessDenied", "endpoint", inside.aws("s3", "mb", "s3://elsewhere-1d7"))
        status, text = inside.aws("s3", "ls", f"s3://{data}")
        story.expect(status == 0, f"aws s3 ls s3://{data}: allowed" if status == 0 else text.strip())
        job = json.dumps(training(world, inside, data))
        refused(story, "a training job without a VPC", "AccessDeniedException", "identity",
                inside.aws("sagemaker", "create-training-job", "--cli-input-json", job))


def refused(story, name, code, by, answer):
    """The CLI's own words hold code and message."""
    status, text = answer
    if status == 0:
        story.allowed(name)
        return
    line = [x for x in text.splitlines() if "An error occurred" in x][-1]
    story.denied(name, code, by, {"Code": line.split("(")[1].split(")")[0], "Message": line.split("operation: ", 1)[1]})


def training(world, inside, data):
    return {"TrainingJobName": "without-a-vpc", "RoleArn": inside.role,
            "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage":
                                       f"683313688378.dkr.ecr.{world.region}.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{data}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60}}


def delete(story, world):
    """As documented: the buckets' policies and contents first, then the stacks."""
    cfn, s3 = world.client("cloudformation", "dev"), world.client("s3", "dev")
    with story.step(5, "Deleted as documented"):
        for b in [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"].startswith("sm-mlops-")]:
            try:
                s3.delete_bucket_policy(Bucket=b)
            except ClientError as e:
                story.say(f"{b}: {e.response['Error']['Code']}")
        for name in ("sm-mlops-env", "sm-mlops-core"):
            cfn.delete_stack(StackName=name)
            status = settled(cfn, name, 120)
            story.expect(status == "DELETE_COMPLETE", f"{name}: {status}")
            if status != "DELETE_COMPLETE":
                print(world.run("stack", "why", name, "--state", world.state, "--profile", "dev", accept=range(256)).stdout)


def play(story, world, checkout):
    world.init()
    world.start()
    story.say(f"Barmkin answers at {world.endpoint}, state in {world.state}")
    package(story, world, checkout)
    deploy(story, world, 2, "sm-mlops-core", "core-main.yaml", CORE)
    outputs = deploy(story, world, 3, "sm-mlops-env", "env-main.yaml", ENVIRONMENT)
    for key in ("SageMakerDomainId", "AssumeDataScientistRole", "AssumeTeamAdminRole"):
        story.expect(key in outputs, f"{key} {outputs.get(key)}")
    attack(story, world)
    delete(story, world)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", required=True)
    options.add_argument("--keep", action="store_true")
    options.add_argument("repository")
    told = options.parse_args()
    if not os.path.exists(os.path.join(told.repository, "package-cfn.sh")):
        sys.exit("make environment: REPO must name a checkout of github.com/aws-samples/amazon-sagemaker-secure-mlops")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    story, world, work = Story(), World(told.build), tempfile.mkdtemp(prefix="barmkin-environment-")
    clients = os.path.abspath(os.path.join(told.build, "venv-clients", "bin"))
    os.environ["PATH"] = clients + os.pathsep + os.environ["PATH"]
    whole = False
    try:
        checkout = shutil.copytree(told.repository, os.path.join(work, "repository"), symlinks=True)
        play(story, world, checkout)
        whole = True
    finally:
        if not told.keep:
            world.remove()
        shutil.rmtree(work, ignore_errors=True)
        story.table()
        print("PASSED" if story.passed(whole) else "FAILED: " + "; ".join(story.differences))
    sys.exit(0 if story.passed(whole) else 1)


if __name__ == "__main__":
    main()
