# SPDX-License-Identifier: MIT
"""A whole data-science environment of the yardstick's shape (tests/environment): made, changed, broken and deleted by one stack."""
import os
import sys
import time

import pytest

from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "environment"))

import files  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
BUCKET, TEAM = "environment-templates", "team"
NO_KEY = "arn:aws:kms:us-east-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Whole:
    def __init__(self, server):
        self.server, self.cfn = server, server.client("cloudformation")

    def settled(self, stack="whole", seconds=180):
        end = time.monotonic() + seconds
        while (status := self.cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
            assert time.monotonic() < end, status
            time.sleep(0.05)
        return status

    def create(self, **parameters):
        self.id = self.cfn.create_stack(StackName="whole", DisableRollback=True, **files.order(BUCKET, TEAM, **parameters))["StackId"]
        return self.settled()

    def update(self, **parameters):
        self.cfn.update_stack(StackName="whole", **files.order(BUCKET, TEAM, **parameters))
        return self.settled()

    def delete(self):
        self.cfn.delete_stack(StackName="whole")
        return self.settled(self.id)

    def members(self):
        """{(kind of stack, logical id): physical id}, in all stacks."""
        found, begun = {}, ["whole"]
        while begun:
            stack = begun.pop()
            for r in self.cfn.describe_stack_resources(StackName=stack)["StackResources"]:
                found[r["StackName"], r["LogicalResourceId"]] = r["PhysicalResourceId"]
                if r["ResourceType"] == "AWS::CloudFormation::Stack":
                    begun.append(r["PhysicalResourceId"])
        return found

    def why(self):
        events = [e for s in {k[0] for k in self.members()} for e in self.cfn.describe_stack_events(StackName=s)["StackEvents"]]
        return [(e["LogicalResourceId"], e["ResourceStatusReason"]) for e in events if e["ResourceStatus"].endswith("FAILED")]


def replaced_group(name, text):
    return text.replace("GroupDescription: HTTPS to the endpoints", "GroupDescription: TLS to the endpoints") \
        if name == "network.yaml" else text


def test_the_whole_life_of_an_environment(own_server):
    whole, ec2, logs = Whole(own_server), own_server.client("ec2"), own_server.client("logs")
    s3, account = own_server.client("s3"), own_server.accounts["dev"]["id"]
    files.deliver(s3, BUCKET)
    assert whole.create() == "CREATE_COMPLETE", whole.why()
    made = whole.members()
    assert len(made) == 121 and len({stack for stack, _ in made}) == 12
    outputs = {o["OutputKey"]: o["OutputValue"] for o in whole.cfn.describe_stacks(StackName="whole")["Stacks"][0]["Outputs"]}
    sagemaker = own_server.client("sagemaker")
    assert outputs["DomainId"] == sagemaker.list_domains()["Domains"][0]["DomainId"]
    assert {a["AppName"] for a in sagemaker.list_apps()["Apps"]} == {"default", "science", "wrangler"}
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert len(endpoints) == 16 and len(own_server.client("resource-groups").list_group_resources(Group="team-dev-all")["Resources"]) > 10

    assert whole.update(FlowLogsRetention="30") == "UPDATE_COMPLETE", whole.why()
    assert whole.members() == made
    assert logs.describe_log_groups(logGroupNamePrefix="/flowlogs/")["logGroups"][0]["retentionInDays"] == 30

    # The changed text lies under the old name: AWS too reads it anew at each update.
    s3.put_object(Bucket=BUCKET, Key="network.yaml", Body=replaced_group("network.yaml", s3.get_object(
        Bucket=BUCKET, Key="network.yaml")["Body"].read().decode()))
    assert whole.update(FlowLogsRetention="30") == "UPDATE_COMPLETE", whole.why()
    now = whole.members()
    other = {k[1] for k in made if now[k] != made[k]}
    assert other == {"EndpointGroup", "AllFromVpc", "TlsFromSubnet1", "TlsFromSubnet2", "NfsFromSubnet1", "NfsFromSubnet2"}
    group = next(v for k, v in now.items() if k[1] == "EndpointGroup")
    used = {g["GroupId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] for g in e.get("Groups", [])}
    assert used == {group}

    assert whole.update(FlowLogsRetention="7", FlowLogsKey=NO_KEY.format(account)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "does not exist" in dict(whole.why())["FlowLogsGroup"]
    assert whole.members() == now
    assert logs.describe_log_groups(logGroupNamePrefix="/flowlogs/")["logGroups"][0]["retentionInDays"] == 30

    assert whole.delete() == "DELETE_COMPLETE", whole.why()
    left_on_purpose(own_server, ec2)


def left_on_purpose(server, ec2):
    """Retained by the templates: a network, two roles. Studio's file system and its groups. Nothing else."""
    assert (len(ec2.describe_vpcs()["Vpcs"]), len(ec2.describe_subnets()["Subnets"])) == (1, 2)
    assert {g["GroupName"].split("-nfs-")[0] for g in ec2.describe_security_groups()["SecurityGroups"]} == {
        "default", "security-group-for-inbound", "security-group-for-outbound"}
    roles = {r["RoleName"] for r in server.client("iam").list_roles()["Roles"]}
    assert roles == {"OrganizationAccountAccessRole", "ProductsLaunchRole", "ProductsUseRole",
                     "AWSServiceRoleForAmazonSageMakerNotebooks"}
    assert len(server.client("efs").describe_file_systems()["FileSystems"]) == 1
    for service, listing, key in (("ssm", "describe_parameters", "Parameters"), ("lambda", "list_functions", "Functions"),
                                  ("servicecatalog", "list_portfolios", "PortfolioDetails"),
                                  ("ec2", "describe_vpc_endpoints", "VpcEndpoints"), ("ec2", "describe_addresses", "Addresses"),
                                  ("sagemaker", "list_domains", "Domains"), ("cloudformation", "list_exports", "Exports")):
        assert getattr(server.client(service), listing)()[key] == [], listing
    assert [a["AliasName"] for a in server.client("kms").list_aliases()["Aliases"] if not a["AliasName"].startswith("alias/aws/")] == []
    assert [b["Name"] for b in server.client("s3").list_buckets()["Buckets"]] == [BUCKET]
