# SPDX-License-Identifier: MIT
"""kill -9 of everything while a whole environment (tests/environment) is made, changed and deleted: networks, volumes, functions
and Studio included, each ends as if nothing had happened."""
import os
import random
import sys
import time

import left
from test_kill_stack import World, crash, told_once, wait

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "environment"))

import files  # noqa: E402

BUCKET, KILLS = "environment-templates", 3
NO_KEY = "arn:aws:kms:us-east-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def disturbed(server, chance, stack, kills, seconds):
    for _ in range(kills):
        time.sleep(chance.random() * seconds)
        crash(server)
    return wait(server, stack, 180)


def retention(server):
    return server.client("logs").describe_log_groups(logGroupNamePrefix="/flowlogs/")["logGroups"][0]["retentionInDays"]


def group(server):
    """That of the endpoints."""
    return {g["GroupId"] for e in server.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] for g in e.get("Groups", [])}


def replace_group(s3):
    text = s3.get_object(Bucket=BUCKET, Key="network.yaml")["Body"].read().decode()
    other = text.replace("GroupDescription: HTTPS to the endpoints", "GroupDescription: TLS to the endpoints")
    assert other != text
    s3.put_object(Bucket=BUCKET, Key="network.yaml", Body=other.encode())


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
    whole, before = counts(server), group(server)

    def update(**parameters):
        server.client("cloudformation").update_stack(StackName="whole", **files.order(BUCKET, "k", **parameters))
        return disturbed(server, chance, stack, 1, 1.0)
    assert update(FlowLogsRetention="30") == "UPDATE_COMPLETE"
    assert (retention(server), group(server), counts(server)) == (30, before, whole)
    replace_group(server.client("s3"))
    assert update(FlowLogsRetention="30") == "UPDATE_COMPLETE"
    now = group(server)
    assert len(now) == 1 and now != before and counts(server) == whole
    assert update(FlowLogsRetention="7", FlowLogsKey=NO_KEY.format(server.accounts["dev"]["id"])) == "UPDATE_ROLLBACK_COMPLETE"
    assert (retention(server), group(server), counts(server)) == (30, now, whole)
    server.client("cloudformation").delete_stack(StackName=stack)
    assert disturbed(server, chance, stack, 1, 0.5) == "DELETE_COMPLETE"
    assert counts(server) == {**dict.fromkeys(counts(server), 0), "vpcs": 1}  # retained
    server.stop()
    assert not left.gone(World(server))
