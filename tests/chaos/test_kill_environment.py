# SPDX-License-Identifier: MIT
"""kill -9 of everything while a whole environment (tests/environment) is made and deleted: networks, volumes, functions and
Studio included, each ends as if nothing had happened."""
import os
import random
import sys
import time

import left
from test_kill_stack import World, crash, told_once, wait

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "environment"))

import files  # noqa: E402

BUCKET, KILLS = "environment-templates", 3


def disturbed(server, chance, stack, kills, seconds):
    for _ in range(kills):
        time.sleep(chance.random() * seconds)
        crash(server)
    return wait(server, stack, 180)


def counts(server):
    ec2, sagemaker = server.client("ec2"), server.client("sagemaker")
    return {"endpoints": len(ec2.describe_vpc_endpoints()["VpcEndpoints"]), "vpcs": len(ec2.describe_vpcs()["Vpcs"]),
            "addresses": len(ec2.describe_addresses()["Addresses"]), "gateways": len(ec2.describe_nat_gateways(
                Filter=[{"Name": "state", "Values": ["available"]}])["NatGateways"]),
            "domains": len(sagemaker.list_domains()["Domains"]), "functions": len(server.client("lambda").list_functions()["Functions"]),
            "apps": len([a for a in sagemaker.list_apps()["Apps"] if a["Status"] == "InService"]),
            "parameters": len(server.client("ssm").describe_parameters(MaxResults=50)["Parameters"]),
            "products": len(server.client("servicecatalog").search_products_as_admin()["ProductViewDetails"])}


def test_a_whole_environment(own_server):
    server, chance = own_server, random.Random(20261129)
    files.deliver(server.client("s3"), BUCKET)
    stack = server.client("cloudformation").create_stack(StackName="whole", DisableRollback=True, **files.order(BUCKET, "k"))["StackId"]
    assert disturbed(server, chance, stack, KILLS, 2.0) == "CREATE_COMPLETE"
    for inner in server.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]:
        told_once(server, inner["StackId"])
    assert counts(server) == {"endpoints": 16, "vpcs": 1, "addresses": 2, "gateways": 2, "domains": 1, "functions": 5, "apps": 3,
                              "parameters": 14, "products": 2}
    server.client("cloudformation").delete_stack(StackName=stack)
    assert disturbed(server, chance, stack, 1, 0.5) == "DELETE_COMPLETE"
    assert counts(server) == {**dict.fromkeys(counts(server), 0), "vpcs": 1}  # retained
    server.stop()
    assert not left.gone(World(server))
