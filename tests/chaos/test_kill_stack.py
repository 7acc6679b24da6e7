# SPDX-License-Identifier: MIT
"""kill -9 of everything in the middle of stacks: each operation ends as if nothing had happened, with every resource made
once and none left over."""
import contextlib
import json
import os
import random
import signal
import time

import left
import pytest

MOMENTS = 20


class World:
    """What left.py wants to know of a server."""

    def __init__(self, server):
        self.server, self.state = server, server.state

    def tag(self):
        return self.server.tag


def crash(server):
    world = World(server)
    for _ in range(3):
        for pid in left.processes(world):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    server.process.wait(30)
    server.start()


def body(name, value, n=40, bad=False):
    """A chain of four in each of ten rows, roles, and a network."""
    resources = {}
    for i in range(n):
        after = {"DependsOn": f"P{i - 10}"} if i >= 10 else {}
        resources[f"P{i}"] = {"Type": "AWS::SSM::Parameter", **after,
                              "Properties": {"Type": "String", "Name": f"/{name}/{i}", "Value": value}}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
                                                     "Action": "sts:AssumeRole"}]}
    for i in range(4):
        resources[f"R{i}"] = {"Type": "AWS::IAM::Role", "Properties": {"Path": f"/{name}/", "AssumeRolePolicyDocument": trust},
                              "DependsOn": f"P{i}"}
    resources["Vpc"] = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16", "Tags": [{"Key": "of", "Value": name}]}}
    resources["Net"] = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"}}
    if bad:
        resources["Bad"] = {"Type": "AWS::SSM::Parameter", "DependsOn": f"P{n - 1}",
                            "Properties": {"Type": "String", "Name": "/aws/none", "Value": "x"}}
    return json.dumps({"Resources": resources})


def counted(server, name):
    """Parameters, roles and networks of this name."""
    ssm, iam, ec2 = server.client("ssm"), server.client("iam"), server.client("ec2")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{name}", Recursive=True)
    values = [p["Value"] for page in pages for p in page["Parameters"]]
    roles = iam.list_roles(PathPrefix=f"/{name}/")["Roles"]
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "tag:of", "Values": [name]}])["Vpcs"]
    return values, len(roles), len(vpcs)


def wait(server, stack, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = server.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.05)
    raise AssertionError(status)


def told_once(server, stack):
    """No resource was completed twice by the same operation."""
    pages = server.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    done = [(e["LogicalResourceId"], e["ResourceStatus"]) for p in pages for e in p["StackEvents"]
            if e["ResourceStatus"] == "CREATE_COMPLETE"]
    assert len(done) == len(set(done))


def disturbed(server, chance, begin, stack):
    begin()
    time.sleep(chance.random() * 0.25)
    crash(server)
    return wait(server, stack)


@pytest.mark.parametrize("rollback", [True, False])
def test_a_failing_creation(own_server, rollback):
    """Rolled back, or left for a look and then deleted: each killed at a random moment."""
    server, chance, name = own_server, random.Random(rollback), f"f{int(rollback)}"
    stack = server.client("cloudformation").create_stack(StackName=name, TemplateBody=body(name, "1", bad=True),
                                                         DisableRollback=not rollback, Capabilities=["CAPABILITY_IAM"])["StackId"]
    assert disturbed(server, chance, lambda: None, stack) == ("ROLLBACK_COMPLETE" if rollback else "CREATE_FAILED")
    told_once(server, stack)
    values, roles, _ = counted(server, name)
    assert values == ([] if rollback else ["1"] * 40) and (roles == 0 if rollback else roles > 0)
    assert disturbed(server, chance, lambda: server.client("cloudformation").delete_stack(StackName=name), stack) == "DELETE_COMPLETE"
    assert counted(server, name) == ([], 0, 0)


@pytest.mark.parametrize("seed", range(MOMENTS // 4))
def test_stacks(own_server, seed):
    """Creation, an update, an update that rolls back, deletion: each killed at a random moment."""
    server, chance, name = own_server, random.Random(seed), f"k{seed}"
    caps = {"Capabilities": ["CAPABILITY_IAM"]}

    def cfn():
        return server.client("cloudformation")

    def create():
        return cfn().create_stack(StackName=name, TemplateBody=body(name, "1"), **caps)["StackId"]
    stack = create()
    assert disturbed(server, chance, lambda: None, stack) == "CREATE_COMPLETE"
    told_once(server, stack)
    assert counted(server, name) == (["1"] * 40, 4, 1)
    assert disturbed(server, chance, lambda: cfn().update_stack(StackName=name, TemplateBody=body(name, "2"), **caps),
                     stack) == "UPDATE_COMPLETE"
    assert counted(server, name) == (["2"] * 40, 4, 1)
    assert disturbed(server, chance, lambda: cfn().update_stack(StackName=name, TemplateBody=body(name, "3", bad=True), **caps),
                     stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert counted(server, name) == (["2"] * 40, 4, 1)
    assert disturbed(server, chance, lambda: cfn().delete_stack(StackName=name), stack) == "DELETE_COMPLETE"
    assert counted(server, name) == ([], 0, 0)


# ---- stacks in stacks ----

def nested(url, **given):
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": given}}


def put_levels(server, name):
    """Templates in a bucket: a role that is made anew for each Path, in a stack in a stack. Answers the middle one's URL."""
    s3, given = server.client("s3"), {"Parameters": {"Path": {"Type": "String"}}}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
                                                     "Action": "sts:AssumeRole"}]}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Path": {"Fn::Sub": f"/{name}/${{Path}}/"}, "AssumeRolePolicyDocument": trust}}
    s3.create_bucket(Bucket=name)
    where = f"{s3.meta.endpoint_url}/{name}/"
    s3.put_object(Bucket=name, Key="inner", Body=json.dumps({**given, "Resources": {"Role": role}}))
    s3.put_object(Bucket=name, Key="middle", Body=json.dumps({**given, "Resources": {"Inner": nested(where + "inner", Path={"Ref": "Path"})}}))
    return where + "middle"


def root(name, url, path, bad=False):
    """Behind the nested stacks a row that takes its time, then perhaps a failure."""
    row = {f"P{i}": {"Type": "AWS::SSM::Parameter", "DependsOn": f"P{i - 1}" if i else "Middle",
                     "Properties": {"Type": "String", "Value": path}} for i in range(40)}
    failure = {"Type": "AWS::SSM::Parameter", "DependsOn": "P39", "Properties": {"Type": "String", "Name": "/aws/none", "Value": "x"}}
    return json.dumps({"Resources": {"Middle": nested(url, Path=path), **row, **({"Bad": failure} if bad else {})}})


def physical(server, stack, logical):
    found = server.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical)
    return found["StackResourceDetail"]["PhysicalResourceId"]


def until(server, whole, stack, status):
    """The moment a stack is seen in a state; or, where nobody was quick enough, the end of the whole."""
    cfn = server.client("cloudformation")

    def state(of):
        return cfn.describe_stacks(StackName=of)["Stacks"][0]["StackStatus"]
    while state(stack) != status and state(whole).endswith("IN_PROGRESS"):
        pass


@pytest.mark.parametrize("seed", range(3))
def test_nested_stacks(own_server, seed):
    """An update that fails behind stacks in stacks, killed while they wait for it, while they turn back, and whenever: the
    innermost role is the very one there was. Then one that succeeds: the old one is gone. At the end nothing waits."""
    server, chance, name = own_server, random.Random(seed), f"nested-{seed}"
    caps = {"Capabilities": ["CAPABILITY_IAM"]}
    url = put_levels(server, name)
    stack = server.client("cloudformation").create_stack(StackName=name, TemplateBody=root(name, url, "p0"), **caps)["StackId"]
    assert wait(server, stack) == "CREATE_COMPLETE"
    middle = physical(server, stack, "Middle")
    inner = physical(server, middle, "Inner")

    def role_ids():
        return {r["RoleId"] for r in server.client("iam").list_roles(PathPrefix=f"/{name}/")["Roles"]}

    def update(path, moment, **how):
        server.client("cloudformation").update_stack(StackName=name, TemplateBody=root(name, url, path, **how), **caps)
        moment()
        crash(server)
        return wait(server, stack), wait(server, middle), wait(server, inner)
    moments = [lambda: until(server, stack, inner, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
               lambda: until(server, stack, middle, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
               lambda: until(server, stack, inner, "UPDATE_ROLLBACK_IN_PROGRESS"),
               lambda: time.sleep(chance.random() * 0.5)]
    for i, moment in enumerate(moments):
        before = role_ids()
        assert update(f"bad{i}", moment, bad=True) == ("UPDATE_ROLLBACK_COMPLETE",) * 3
        assert role_ids() == before and len(before) == 1
    for i, moment in enumerate([moments[0], moments[3], moments[3]]):
        before = role_ids()
        assert update(f"p{i + 1}", moment) == ("UPDATE_COMPLETE",) * 3
        assert len(role_ids()) == 1 and not role_ids() & before
    server.client("cloudformation").delete_stack(StackName=name)
    assert (wait(server, stack), wait(server, inner)) == ("DELETE_COMPLETE",) * 2 and role_ids() == set()
