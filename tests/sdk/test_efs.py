# SPDX-License-Identifier: MIT
"""efs through boto3: file systems with their keys, mount targets in a VPC, policies, tags; who may, and who may not."""
import contextlib
import json

import botocore.exceptions
import pytest
from conftest import document
from test_ec2 import clear

EFS = ["elasticfilesystem:*", "ec2:DescribeSubnets", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
       "ec2:ModifyNetworkInterfaceAttribute", "ec2:DescribeNetworkInterfaceAttribute"]


class Place:
    """A VPC with a subnet in each of two zones and one more in the first, and a group."""

    def __init__(self, ec2, cidr="10.21"):
        self.ec2, self.vpc = ec2, ec2.create_vpc(CidrBlock=f"{cidr}.0.0/16")["Vpc"]["VpcId"]
        self.a, self.b, self.a2 = (
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{cidr}.{n}.0/24", AvailabilityZone=f"us-east-1{z}")["Subnet"]["SubnetId"]
            for n, z in ((1, "a"), (2, "b"), (3, "a")))
        self.group = ec2.create_security_group(VpcId=self.vpc, GroupName="nfs", Description="nfs")["GroupId"]

    def interfaces(self):
        here = [{"Name": "vpc-id", "Values": [self.vpc]}]
        return self.ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]


@pytest.fixture
def efs(client):
    return client("efs")


@pytest.fixture
def place(client, efs):
    p = Place(client("ec2"))
    yield p
    for f in efs.describe_file_systems()["FileSystems"]:
        for m in efs.describe_mount_targets(FileSystemId=f["FileSystemId"])["MountTargets"]:
            if m["VpcId"] == p.vpc:
                efs.delete_mount_target(MountTargetId=m["MountTargetId"])
    clear(p.ec2, p.vpc)


@pytest.fixture
def make(efs, name):
    made = []

    def one(efs=efs, **kw):
        got = efs.create_file_system(**{"CreationToken": f"{name}-{len(made)}", **kw})
        made.append(got["FileSystemId"])
        return got

    yield one
    for f in made:
        with contextlib.suppress(botocore.exceptions.ClientError):
            efs.delete_file_system(FileSystemId=f)


# ---- file systems ----

def test_a_file_system_as_it_was_made(efs, make, account, name, refuses):
    got = make(Tags=[{"Key": "Name", "Value": "home"}], PerformanceMode="maxIO")
    f = got["FileSystemId"]
    assert got["LifeCycleState"] == "creating" and got["Name"] == "home" and not got["Encrypted"]
    assert got["FileSystemArn"] == f"arn:aws:elasticfilesystem:us-east-1:{account}:file-system/{f}" and got["OwnerId"] == account
    told = efs.describe_file_systems(FileSystemId=f)["FileSystems"][0]
    assert told["LifeCycleState"] == "available" and told["NumberOfMountTargets"] == 0 and told["PerformanceMode"] == "maxIO"
    assert told["ThroughputMode"] == "bursting" and told["SizeInBytes"]["Value"] == 6144 and "KmsKeyId" not in told
    assert efs.describe_file_systems(FileSystemId=got["FileSystemArn"])["FileSystems"][0]["FileSystemId"] == f
    assert efs.describe_file_systems(CreationToken=f"{name}-0")["FileSystems"][0]["FileSystemId"] == f
    assert efs.describe_file_systems(CreationToken=f"{name}-no")["FileSystems"] == []
    with refuses("FileSystemAlreadyExists", f) as e:
        efs.create_file_system(CreationToken=f"{name}-0")
    assert e.value.response["FileSystemId"] == f
    make()
    pages = efs.get_paginator("describe_file_systems").paginate(PaginationConfig={"PageSize": 1})
    assert f in [x["FileSystemId"] for p in pages for x in p["FileSystems"]]
    efs.delete_file_system(FileSystemId=f)
    for call in (efs.delete_file_system, efs.describe_file_systems, efs.describe_mount_targets):
        with refuses("FileSystemNotFound", f):
            call(FileSystemId=f)


@pytest.mark.parametrize("bad, code", [
    ({"KmsKeyId": "alias/x"}, "BadRequest"), ({"ThroughputMode": "provisioned"}, "BadRequest"),
    ({"ProvisionedThroughputInMibps": 2.0}, "BadRequest"), ({"Backup": True}, "BadRequest"),
    ({"AvailabilityZoneName": "us-east-1a"}, "UnsupportedAvailabilityZone"),
    ({"Encrypted": True, "KmsKeyId": "alias/not-there"}, "BadRequest"),
    ({"PerformanceMode": "fast"}, "ValidationException"), ({"CreationToken": ""}, "ValidationException"),
    ({"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(51)]}, "BadRequest")])
def test_what_cannot_be_made(make, refuses, bad, code):
    with refuses(code):
        make(**bad)


def test_tags(efs, make, refuses):
    f = make(Tags=[{"Key": "a", "Value": "1"}])["FileSystemId"]
    efs.tag_resource(ResourceId=f, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    efs.untag_resource(ResourceId=f, TagKeys=["b"])
    assert efs.list_tags_for_resource(ResourceId=f)["Tags"] == [{"Key": "a", "Value": "2"}]
    with refuses("FileSystemNotFound"):
        efs.list_tags_for_resource(ResourceId="fs-0123456789abcdef0")


# ---- keys ----

def test_a_customers_key_is_used_by_right_of_a_grant(server, efs, make, role, document, refuses):
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    got = make(Encrypted=True, KmsKeyId=key.split("/")[1])
    f = got["FileSystemId"]
    assert got["Encrypted"] and got["KmsKeyId"] == key
    grants = kms.list_grants(KeyId=key)["Grants"]
    assert [g["GranteePrincipal"] for g in grants] == ["elasticfilesystem.amazonaws.com"]
    assert grants[0]["Constraints"] == {"EncryptionContextSubset": {"aws:elasticfilesystem:filesystem:id": f}}
    efs.delete_file_system(FileSystemId=f)
    assert kms.list_grants(KeyId=key)["Grants"] == []
    poor = role(document(Action=["elasticfilesystem:*", "kms:DescribeKey"])).client("efs")
    with refuses("AccessDeniedException", "kms:CreateGrant"):
        make(poor, Encrypted=True, KmsKeyId=key)
    kms.disable_key(KeyId=key)
    with refuses("BadRequest", "not enabled"):
        make(Encrypted=True, KmsKeyId=key)


def test_awss_key_when_none_is_named(server, efs, make, role, document):
    poor = role(document(Action="elasticfilesystem:*")).client("efs")
    got = make(poor, Encrypted=True)
    told = server.client("kms").describe_key(KeyId="alias/aws/elasticfilesystem")["KeyMetadata"]
    assert got["KmsKeyId"] == told["Arn"] and told["KeyManager"] == "AWS"


# ---- mount targets ----

def test_a_mount_target_is_an_interface_of_its_own_kind(server, efs, place, make, refuses, account):
    f = make()["FileSystemId"]
    got = efs.create_mount_target(FileSystemId=f, SubnetId=place.a, SecurityGroups=[place.group], IpAddress="10.21.1.77")
    m, eni = got["MountTargetId"], got["NetworkInterfaceId"]
    assert got["IpAddress"] == "10.21.1.77" and got["VpcId"] == place.vpc and got["AvailabilityZoneName"] == "us-east-1a"
    assert got["LifeCycleState"] == "creating" and got["OwnerId"] == account
    told = efs.describe_mount_targets(MountTargetId=m)["MountTargets"]
    assert told == efs.describe_mount_targets(FileSystemId=f)["MountTargets"] and told[0]["LifeCycleState"] == "available"
    i = place.interfaces()[0]
    assert i["NetworkInterfaceId"] == eni and i["RequesterManaged"] and i["Status"] == "in-use"
    assert i["Description"] == f"EFS mount target for {f} ({m})" and [g["GroupId"] for g in i["Groups"]] == [place.group]
    for call in (lambda: place.ec2.delete_network_interface(NetworkInterfaceId=eni),
                 lambda: place.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[place.group])):
        with refuses("OperationNotPermitted"):
            call()
    with refuses("FileSystemInUse"):
        efs.delete_file_system(FileSystemId=f)
    with refuses("MountTargetConflict", "AZ"):
        efs.create_mount_target(FileSystemId=f, SubnetId=place.a2)
    other = Place(place.ec2, "10.22")
    with refuses("MountTargetConflict", "VPC"):
        efs.create_mount_target(FileSystemId=f, SubnetId=other.b)
    with refuses("SecurityGroupNotFound"):
        efs.create_mount_target(FileSystemId=f, SubnetId=place.b, SecurityGroups=[other.group])
    clear(other.ec2, other.vpc)
    second = efs.create_mount_target(FileSystemId=f, SubnetId=place.b)["MountTargetId"]
    assert efs.describe_file_systems(FileSystemId=f)["FileSystems"][0]["NumberOfMountTargets"] == 2
    pages = efs.get_paginator("describe_mount_targets").paginate(FileSystemId=f, PaginationConfig={"PageSize": 1})
    assert {x["MountTargetId"] for p in pages for x in p["MountTargets"]} == {m, second}
    default = efs.describe_mount_target_security_groups(MountTargetId=second)["SecurityGroups"]
    efs.modify_mount_target_security_groups(MountTargetId=second, SecurityGroups=[place.group])
    assert default != [place.group]
    assert efs.describe_mount_target_security_groups(MountTargetId=second)["SecurityGroups"] == [place.group]
    assert {tuple(g["GroupId"] for g in i["Groups"]) for i in place.interfaces()} == {(place.group,)}
    for one in (m, second):
        efs.delete_mount_target(MountTargetId=one)
    assert place.interfaces() == []
    for call in (efs.delete_mount_target, efs.describe_mount_target_security_groups, efs.describe_mount_targets):
        with refuses("MountTargetNotFound"):
            call(MountTargetId=m)


def test_where_no_mount_target_can_be(efs, place, make, refuses):
    f = make()["FileSystemId"]
    with refuses("SubnetNotFound"):
        efs.create_mount_target(FileSystemId=f, SubnetId="subnet-0123456789abcdef0")
    with refuses("SecurityGroupNotFound"):
        efs.create_mount_target(FileSystemId=f, SubnetId=place.a, SecurityGroups=["sg-0123456789abcdef0"])
    with refuses("SecurityGroupLimitExceeded"):
        efs.create_mount_target(FileSystemId=f, SubnetId=place.a, SecurityGroups=[place.group] * 6)
    with refuses("BadRequest", "IPv6"):
        efs.create_mount_target(FileSystemId=f, SubnetId=place.a, IpAddressType="DUAL_STACK")
    with refuses("FileSystemNotFound"):
        efs.create_mount_target(FileSystemId="fs-0123456789abcdef0", SubnetId=place.a)
    with refuses("BadRequest", "Exactly one"):
        efs.describe_mount_targets()
    with refuses("AccessPointNotFound"):
        efs.describe_mount_targets(AccessPointId="fsap-0123456789abcdef0", FileSystemId=f)
    efs.create_mount_target(FileSystemId=f, SubnetId=place.a, IpAddress="10.21.1.9")
    with refuses("IpAddressInUse"):
        efs.create_mount_target(FileSystemId=make()["FileSystemId"], SubnetId=place.a, IpAddress="10.21.1.9")


def test_an_interface_is_made_in_the_callers_own_right(efs, place, make, role, document, refuses):
    f = make()["FileSystemId"]
    for lacks in ("ec2:DescribeSubnets", "ec2:CreateNetworkInterface"):
        poor = role(document(Action=[a for a in EFS if a != lacks])).client("efs")
        with refuses("AccessDeniedException", lacks):
            poor.create_mount_target(FileSystemId=f, SubnetId=place.a)
    via = {"Effect": "Allow", "Action": EFS[1:], "Resource": "*",
           "Condition": {"StringEquals": {"aws:CalledViaLast": "elasticfilesystem.amazonaws.com"}}}
    some = role(document({"Effect": "Allow", "Action": EFS[0], "Resource": "*"}, via))
    with refuses("UnauthorizedOperation"):
        some.client("ec2").create_network_interface(SubnetId=place.a)
    m = some.client("efs").create_mount_target(FileSystemId=f, SubnetId=place.a)["MountTargetId"]
    poor = role(document(Action=EFS[0])).client("efs")
    with refuses("AccessDeniedException", "ec2:DeleteNetworkInterface"):
        poor.delete_mount_target(MountTargetId=m)
    with refuses("AccessDeniedException", "ec2:ModifyNetworkInterfaceAttribute"):
        poor.modify_mount_target_security_groups(MountTargetId=m, SecurityGroups=[place.group])
    with refuses("AccessDeniedException", "ec2:DescribeNetworkInterfaceAttribute"):
        poor.describe_mount_target_security_groups(MountTargetId=m)
    assert len(place.interfaces()) == 1
    some.client("efs").delete_mount_target(MountTargetId=m)


# ---- who may ----

def test_condition_keys_decide(make, role, document, refuses):
    deny = {"Effect": "Deny", "Action": "elasticfilesystem:CreateFileSystem", "Resource": "*",
            "Condition": {"Bool": {"elasticfilesystem:Encrypted": "false"}}}
    strict = role(document({"Effect": "Allow", "Action": "elasticfilesystem:*", "Resource": "*"}, deny)).client("efs")
    with refuses("AccessDeniedException", "explicit deny"):
        make(strict)
    make(strict, Encrypted=True)
    tagger = role(document(
        {"Effect": "Allow", "Action": "elasticfilesystem:CreateFileSystem", "Resource": "*"},
        {"Effect": "Allow", "Action": "elasticfilesystem:TagResource", "Resource": "*", "Condition": {
            "StringEquals": {"elasticfilesystem:CreateAction": "CreateFileSystem", "aws:RequestTag/team": "blue"}}})).client("efs")
    f = make(tagger, Tags=[{"Key": "team", "Value": "blue"}])["FileSystemId"]
    with refuses("AccessDeniedException", "elasticfilesystem:TagResource"):
        make(tagger, Tags=[{"Key": "team", "Value": "red"}])
    with refuses("AccessDeniedException", "elasticfilesystem:TagResource"):
        tagger.tag_resource(ResourceId=f, Tags=[{"Key": "team", "Value": "blue"}])
    mine = role(document(Action="elasticfilesystem:Delete*", Condition={
        "StringEquals": {"aws:ResourceTag/team": "blue"}})).client("efs")
    with refuses("AccessDeniedException", "no identity-based policy allows"):
        mine.delete_file_system(FileSystemId=make()["FileSystemId"])
    mine.delete_file_system(FileSystemId=f)
    narrow = role(document(Action="elasticfilesystem:*", Resource="arn:aws:elasticfilesystem:*:*:file-system/fs-1")).client("efs")
    with refuses("AccessDeniedException", "file-system/*"):
        narrow.describe_file_systems()
    with refuses("AccessDeniedException"):
        narrow.describe_mount_targets(MountTargetId="fsmt-0123456789abcdef0")


def test_a_file_systems_policy_decides(server, efs, make, role, document, refuses, account):
    f = make()
    poor = role()
    with refuses("PolicyNotFound"):
        efs.describe_file_system_policy(FileSystemId=f["FileSystemId"])
    policy = {"Version": "2012-10-17", "Statement": [
        {"Sid": "in", "Effect": "Allow", "Principal": {"AWS": poor.arn}, "Action": "elasticfilesystem:DescribeMountTargets",
         "Resource": f["FileSystemArn"]},
        {"Sid": "out", "Effect": "Deny", "Principal": "*", "Action": "elasticfilesystem:DeleteFileSystem", "Resource": "*"}]}
    told = efs.put_file_system_policy(FileSystemId=f["FileSystemId"], Policy=json.dumps(policy))
    assert json.loads(told["Policy"]) == policy == json.loads(efs.describe_file_system_policy(FileSystemId=f["FileSystemId"])["Policy"])
    assert poor.client("efs").describe_mount_targets(FileSystemId=f["FileSystemId"])["MountTargets"] == []
    with refuses("AccessDeniedException", "explicit deny in a resource-based policy"):
        efs.delete_file_system(FileSystemId=f["FileSystemId"])
    other = server.client("efs", "staging")
    with refuses("AccessDeniedException", "resource-based policy"):
        other.describe_file_systems(FileSystemId=f["FileSystemArn"])
    policy["Statement"].append({"Sid": "theirs", "Effect": "Allow", "Principal": {"AWS": server.account("staging")["id"]},
                                "Action": ["elasticfilesystem:Describe*", "elasticfilesystem:CreateMountTarget"], "Resource": "*"})
    efs.put_file_system_policy(FileSystemId=f["FileSystemId"], Policy=json.dumps(policy))
    assert other.describe_file_systems(FileSystemId=f["FileSystemArn"])["FileSystems"][0]["OwnerId"] == account
    with refuses("BadRequest", "account of its file system"):
        other.create_mount_target(FileSystemId=f["FileSystemArn"], SubnetId="subnet-0123456789abcdef0")
    with refuses("InvalidPolicyException"):
        efs.put_file_system_policy(FileSystemId=f["FileSystemId"], Policy="{}")
    locked = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "elasticfilesystem:PutFileSystemPolicy", "Resource": "*"}]}
    with refuses("InvalidPolicyException", "BypassPolicyLockoutSafetyCheck"):
        efs.put_file_system_policy(FileSystemId=f["FileSystemId"], Policy=json.dumps(locked))
    efs.put_file_system_policy(FileSystemId=f["FileSystemId"], Policy=json.dumps(locked), BypassPolicyLockoutSafetyCheck=True)
    efs.delete_file_system_policy(FileSystemId=f["FileSystemId"])
    efs.delete_file_system(FileSystemId=f["FileSystemId"])


def test_a_policy_that_names_no_resource_is_about_its_file_system(efs, make, refuses):
    """As AWS's own examples are written."""
    made = make()
    f, arn = made["FileSystemId"], made["FileSystemArn"]
    bare = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
    named = {**bare, "Resource": arn}
    for given, kept in ((bare, [named]), ([bare, named], [named, named])):
        efs.put_file_system_policy(FileSystemId=f, Policy=json.dumps({"Version": "2012-10-17", "Statement": given}))
        assert json.loads(efs.describe_file_system_policy(FileSystemId=f)["Policy"])["Statement"] == kept
    for bad in ("{", "[]", '{"Statement": 1}', json.dumps({"Statement": [{**bare, "Resource": "arn:aws:s3:::x", "Acton": 1}]})):
        with refuses("InvalidPolicyException"):
            efs.put_file_system_policy(FileSystemId=f, Policy=bad)


def test_what_is_not_built_is_judged(efs, make, role, document, refuses):
    f = make()["FileSystemId"]
    poor = role(document(Action="elasticfilesystem:Describe*")).client("efs")
    with refuses("AccessDeniedException", "elasticfilesystem:CreateAccessPoint"):
        poor.create_access_point(FileSystemId=f, ClientToken="x")
    with pytest.raises(botocore.exceptions.ClientError) as e:
        efs.create_access_point(FileSystemId=f, ClientToken="x")
    assert e.value.response["Error"]["Code"] not in ("AccessDeniedException", "InternalServerError")
