# SPDX-License-Identifier: MIT
"""Functions in a customer's VPC: its endpoints, its groups, its interfaces."""
import time

import pytest

from functions import wait_for_spares, zipped
from test_network import Vpc

EC2 = {"Action": ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]}
SOURCE = """
import sys
spare = "boto3" in sys.modules
import socket, boto3
from botocore.config import Config
quick = Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 0})
def attempt(call):
    try:
        call()
        return "fine"
    except Exception as e:
        return getattr(e, "response", {}).get("Error", {}).get("Message") or type(e).__name__
def handler(event, context):
    return {"spare": spare, "sts": attempt(boto3.client("sts", config=quick).get_caller_identity),
            "kms": attempt(boto3.client("kms", config=quick).list_keys),
            "ssm": attempt(lambda: boto3.client("ssm", config=quick).get_parameter(Name="x")),
            "out": attempt(lambda: socket.create_connection(("198.51.100.1", 443), 2))}
"""


@pytest.fixture(scope="module")
def vpc(server):
    v = Vpc(server, cidr="10.7")
    v.sts, v.kms = v.interface("sts"), v.interface("kms")
    yield v
    v.remove()


def within(vpc):
    return {"SubnetIds": vpc.subnets[:1], "SecurityGroupIds": [vpc.group]}


def test_it_goes_through_the_vpcs_endpoints_and_nowhere_else(functions, server, vpc, document):
    role = functions.role(EC2, {"Action": "kms:ListKeys", "Condition": {"StringEquals": {"aws:SourceVpce": vpc.kms}}})
    name = functions.make(SOURCE, role, Timeout=60, MemorySize=256, VpcConfig=within(vpc))
    shown = functions.lam.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert shown["VpcId"] == vpc.id and shown["SubnetIds"] == vpc.subnets[:1] and shown["SecurityGroupIds"] == [vpc.group]
    before = vpc.interfaces()
    functions.invoke(functions.make("def handler(e, c): pass"))
    wait_for_spares(server.tag)
    r, answer = functions.invoke(name)
    assert "FunctionError" not in r and answer["spare"], answer  # the interface came into a sandbox that ran already
    assert answer["sts"] == "fine" and answer["kms"] == "fine" and answer["ssm"] == "EndpointConnectionError" and answer["out"] == "OSError"
    assert len(vpc.interfaces()) == len(before) + 1
    vpc.ec2.modify_vpc_endpoint(VpcEndpointId=vpc.kms, PolicyDocument=document(Action="kms:CreateKey", Principal="*"))
    assert "no VPC endpoint policy allows the kms:ListKeys action" in functions.invoke(name)[1]["kms"]
    vpc.ec2.modify_vpc_endpoint(VpcEndpointId=vpc.kms, ResetPolicy=True)
    functions.lam.delete_function(FunctionName=name)
    end = time.monotonic() + 20
    while vpc.interfaces() != before and time.monotonic() < end:
        time.sleep(0.1)
    assert vpc.interfaces() == before  # none is left


def test_code_comes_through_the_endpoint_that_its_location_came_through(functions, vpc, document):
    """GetFunction's Location in a VPC: judged by the endpoint's policy when it is given out; one from elsewhere brings nothing in."""
    source = ("import boto3, urllib.request, urllib.error\n"
              "def fetch(url):\n    try:\n        return urllib.request.urlopen(url, timeout=10).read()[:2].decode()\n"
              "    except urllib.error.HTTPError as e:\n        return e.code\n"
              "def handler(event, context):\n    try:\n"
              "        own = fetch(boto3.client('lambda').get_function(FunctionName=context.function_name)['Code']['Location'])\n"
              "    except Exception as e:\n        own = str(e)\n"
              "    return [own, fetch('https://lambda.us-east-1.amazonaws.com' + event['path'])]\n")
    door = vpc.interface("lambda")
    name = functions.make(source, functions.role(EC2, {"Action": "lambda:GetFunction"}), Timeout=60, MemorySize=512, VpcConfig=within(vpc))
    url = functions.lam.get_function(FunctionName=name)["Code"]["Location"]
    path = "/.lambda/" + url.split("/.lambda/")[1]
    assert functions.invoke(name, {"path": path})[1] == ["PK", 403]
    vpc.ec2.modify_vpc_endpoint(VpcEndpointId=door, PolicyDocument=document(Action="lambda:ListFunctions", Principal="*"))
    assert "no VPC endpoint policy allows the lambda:GetFunction action" in functions.invoke(name, {"path": path})[1][0]


def test_caller_and_role_must_both_be_allowed(functions, vpc, role, document, refuses, name):
    with refuses("InvalidParameterValueException", "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"):
        functions.make("", VpcConfig=within(vpc))
    blind = role(document(Action=["lambda:*", "iam:PassRole"]))
    given = dict(FunctionName=name, Runtime="python3.8", Handler="index.handler", Role=functions.role(EC2), Code={"ZipFile": zipped("x = 1")})
    with refuses("InvalidParameterValueException", "Your access has been denied by EC2"):
        blind.client("lambda").create_function(VpcConfig=within(vpc), **given)


def test_policies_may_ask_for_networks(functions, vpc, role, document, refuses, name):
    allowed = {"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole", "ec2:Describe*"], "Resource": "*"}
    given = dict(Runtime="python3.8", Handler="index.handler", Role=functions.role(EC2), Code={"ZipFile": zipped("x = 1")})
    for key, right, wrong in (("lambda:VpcIds", vpc.id, "vpc-1"), ("lambda:SubnetIds", vpc.subnets[0], "subnet-1"),
                              ("lambda:SecurityGroupIds", vpc.group, "sg-1")):
        def only(value):
            operator = "StringEquals" if key.endswith("VpcIds") else "ForAllValues:StringEquals"
            return role(document({**allowed, "Condition": {"StringEqualsIfExists" if key.endswith("VpcIds") else operator: {key: value}}},
                                 {"Effect": "Deny", "Action": "lambda:CreateFunction", "Resource": "*", "Condition": {"Null": {key: "true"}}}))
        with refuses("AccessDeniedException", "lambda:CreateFunction"):
            only(wrong).client("lambda").create_function(FunctionName=name, VpcConfig=within(vpc), **given)
        with refuses("AccessDeniedException", "explicit deny"):
            only(right).client("lambda").create_function(FunctionName=name, **given)
        only(right).client("lambda").create_function(FunctionName=name, VpcConfig=within(vpc), **given)
        functions.lam.delete_function(FunctionName=name)
