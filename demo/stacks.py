# SPDX-License-Identifier: MIT
"""The environment's stacks: packaged once, created, updated and deleted in the account dev, and why one of them failed."""
import os
import subprocess
import time

BUCKET = "environment-templates"
PREFIX = "sagemaker-mlops"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
ZONES = "{region}a,{region}b"

# The least options that the documentation gives each stack.
CORE = {"StackSetName": "sm-mlops-core"}
ENVIRONMENT = {"EnvName": "sm-mlops", "EnvType": "dev", "AvailabilityZones": ZONES, "NumberOfAZs": "2",
               "SeedCodeS3BucketName": BUCKET}
QUICKSTART = {"EnvName": "sm-mlops", "EnvType": "dev", "SeedCodeS3BucketName": BUCKET}

# The outputs that the documentation has a reader look at.
CORE_OUTPUTS = ("AssumeDSAdministratorRole", "SCLaunchRoleArn", "ProductId", "PortfolioId", "ProductName",
                "ProvisioningArtifactIds", "ProvisioningArtifactNames", "GetEnvironmentConfigurationLambdaArn")
ENVIRONMENT_OUTPUTS = ("AssumeTeamAdminRole", "AssumeDataScientistRole", "SageMakerDomainId", "GetOUAccountsLambdaArn")
QUICKSTART_OUTPUTS = ("AssumeDSAdministratorRole", "AssumeTeamAdminRole", "AssumeDataScientistRole", "SageMakerDomainId")


def package(story, world, checkout):
    """`make package` as the documentation says, through the host's transparent door."""
    done = subprocess.run([world.barmkin, "run", "--state", world.state, "--profile", "dev", "--", "make", "package",
                           f"CFN_BUCKET_NAME={BUCKET}", f"AWS_DEFAULT_REGION={world.region}"],
                          cwd=checkout, capture_output=True, text=True, timeout=600, check=False)
    story.expect(done.returncode == 0, f"make package ended with status {done.returncode}")
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])


def packaged(world):
    """[(key, body, tags)] of what make package put into the bucket."""
    s3 = world.client("s3", "dev")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    return [(k, s3.get_object(Bucket=BUCKET, Key=k)["Body"].read(),
             "&".join(f"{t['Key']}={t['Value']}" for t in s3.get_object_tagging(Bucket=BUCKET, Key=k)["TagSet"]))
            for k in keys]


def deliver(world, objects):
    """The same package into another Barmkin, byte for byte."""
    s3 = world.client("s3", "dev")
    s3.create_bucket(Bucket=BUCKET)
    for key, body, tags in objects:
        s3.put_object(Bucket=BUCKET, Key=key, Body=body, Tagging=tags)


class Stacks:
    def __init__(self, story, world, say=True):
        self.story, self.world = story, world
        self.told = story.say if say else lambda text: None

    def client(self):
        return self.world.client("cloudformation", "dev")

    # ---- to do something ----

    def order(self, template, parameters, **more):
        """What CreateStack and UpdateStack both want to know. template: a packaged one's name, an URL, or a file's path."""
        where = {"TemplateURL": template if "://" in template else
                 f"https://s3.{self.world.region}.amazonaws.com/{BUCKET}/{PREFIX}/{template}"}
        if os.path.isabs(template):
            with open(template, encoding="utf-8") as f:
                where = {"TemplateBody": f.read()}
        return {**where, "Capabilities": CAPABILITIES,
                "Parameters": [{"ParameterKey": k, "ParameterValue": v.format(region=self.world.region)}
                               for k, v in parameters.items()], **more}

    def create(self, name, template, parameters, want="CREATE_COMPLETE", **more):
        more = {"DisableRollback": True, **more}
        began = time.monotonic()
        self.client().create_stack(StackName=name, **self.order(template, parameters, **more))
        return self.ended(name, want, began)

    def update(self, name, template, parameters, want="UPDATE_COMPLETE", **more):
        began = time.monotonic()
        self.client().update_stack(StackName=name, **self.order(template, parameters, **more))
        return self.ended(name, want, began)

    def delete(self, name):
        began, stack = time.monotonic(), self.client().describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self.client().delete_stack(StackName=name)
        return self.ended(name, "DELETE_COMPLETE", began, stack)

    def ended(self, name, want, began, stack=None):
        """Waits for a stack, and says how it ended; a surprise is told by its first cause. Returns whether it is as it should."""
        status = self.settled(stack or name)
        if not self.story.expect(status == want, f"{name}: {status} after {time.monotonic() - began:.1f} s"):
            self.story.say(f"  expected {want}")
            print(self.why(name))
        return status == want

    def settled(self, name, seconds=180):
        end, status = time.monotonic() + seconds, "IN_PROGRESS"
        while status.endswith("IN_PROGRESS") and time.monotonic() < end:
            time.sleep(0.05)
            status = self.client().describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return status

    # ---- to look ----

    def why(self, name):
        return self.world.run("stack", "why", name, "--state", self.world.state, "--profile", "dev",
                              accept=range(256)).stdout

    def outputs(self, name, named=()):
        """A stack's outputs; those that the documentation names must be there and say something."""
        got = {o["OutputKey"]: o["OutputValue"]
               for o in self.client().describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])}
        absent = [n for n in named if not got.get(n)]
        if named:
            self.story.expect(not absent, f"{name}: outputs {', '.join(named)}" if not absent else
                              f"{name} has no output {', '.join(absent)}")
        return got

    def family(self, name):
        """(stack, logical id, physical id, status) of each resource of a stack and the stacks in it."""
        found, begun = [], [name]
        while begun:
            stack = begun.pop()
            for r in self.client().describe_stack_resources(StackName=stack)["StackResources"]:
                found.append((r["StackName"], r["LogicalResourceId"], r.get("PhysicalResourceId"), r["ResourceStatus"]))
                if r["ResourceType"] == "AWS::CloudFormation::Stack" and r.get("PhysicalResourceId"):
                    begun.append(r["PhysicalResourceId"])
        return found

    def count(self, name):
        found = self.family(name)
        self.story.say(f"{len(found)} resources in {len({f[0] for f in found})} stacks")
