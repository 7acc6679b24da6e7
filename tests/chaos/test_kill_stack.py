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
