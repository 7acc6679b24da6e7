# SPDX-License-Identifier: MIT
"""Studio through boto3: the domain with its file system, groups and mount targets, user profiles, apps; who may make them,
what stays when they go, what a killed server makes of them, and the stack that templates make."""
import json
import signal
import time
import uuid

import botocore.exceptions
import pytest
from conftest import document, trust
from test_cloudformation import Stack, template
from test_ec2 import clear
from test_efs import Place

TAG = "ManagedByAmazonSageMakerResource"


class Studio:
    """A VPC, a role and clients: of one account. A domain is one a region, so each test clears up before it ends."""

    def __init__(self, server, profile="dev"):
        self.server, self.profile, self.tag = server, profile, uuid.uuid4().hex[:8]
        self.connect()
        self.place = Place(self.ec2, "10.23")
        self.role = self.make_role("Studio" + self.tag)

    def connect(self):
        self.sm, self.ec2, self.efs, self.kms, self.iam = (
            self.server.client(s, self.profile) for s in ("sagemaker", "ec2", "efs", "kms", "iam"))

    def make_role(self, name, service="sagemaker.amazonaws.com"):
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service=service))["Role"]["Arn"]

    def wanted(self, **more):
        settings = {"ExecutionRole": self.role, "SecurityGroups": [self.place.group]}
        return {"DomainName": "d-" + self.tag, "AuthMode": "IAM", "DefaultUserSettings": settings, "VpcId": self.place.vpc,
                "SubnetIds": [self.place.a, self.place.a2, self.place.b], "AppNetworkAccessType": "VpcOnly", **more}

    def domain(self, sm=None, **more):
        return (sm or self.sm).create_domain(**self.wanted(**more))["DomainArn"].split("/")[1]

    def wait(self, domain, *until, seconds=20):
        for _ in range(seconds * 50):
            told = self.sm.describe_domain(DomainId=domain)
            if told["Status"] in until:
                return told
            time.sleep(0.02)
        raise AssertionError(told)

    def ready(self, **more):
        d = self.domain(**more)
        return d, self.wait(d, "InService", "Failed")

    def gone(self, domain, seconds=20):
        for _ in range(seconds * 50):
            try:
                told = self.sm.describe_domain(DomainId=domain)
                assert told["Status"] == "Deleting", told
            except self.sm.exceptions.ResourceNotFound:
                return
            time.sleep(0.02)
        raise AssertionError("the domain does not go")

    def delete(self, domain, home="Delete"):
        self.sm.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": home})
        self.gone(domain)

    def groups(self):
        found = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.place.vpc]}])["SecurityGroups"]
        return {g["GroupName"]: g for g in found}

    def clear(self):
        """As people do after Studio: apps, profiles and the domain, what stayed of its file system, the groups."""
        for a in self.sm.list_apps()["Apps"]:
            if a["Status"] not in ("Deleted", "Deleting"):
                self.sm.delete_app(**{k: a[k] for k in ("DomainId", "UserProfileName", "AppType", "AppName")})
        self.wait_apps()
        for p in self.sm.list_user_profiles()["UserProfiles"]:
            self.sm.delete_user_profile(DomainId=p["DomainId"], UserProfileName=p["UserProfileName"])
        for d in self.sm.list_domains()["Domains"]:
            self.wait(d["DomainId"], "InService", "Failed", "Delete_Failed")
            self.delete(d["DomainId"])
        for f in self.efs.describe_file_systems()["FileSystems"]:
            if any(t["Key"] == TAG for t in f["Tags"]):
                for m in self.efs.describe_mount_targets(FileSystemId=f["FileSystemId"])["MountTargets"]:
                    self.efs.delete_mount_target(MountTargetId=m["MountTargetId"])
                self.efs.delete_file_system(FileSystemId=f["FileSystemId"])
        assert self.place.interfaces() == []
        for g in self.groups().values():
            if g["GroupName"] != "default" and g["IpPermissionsEgress"]:
                self.ec2.revoke_security_group_egress(GroupId=g["GroupId"], IpPermissions=g["IpPermissionsEgress"])
        clear(self.ec2, self.place.vpc)

    def wait_apps(self, seconds=20):
        for _ in range(seconds * 50):
            if all(a["Status"] == "Deleted" for a in self.sm.list_apps()["Apps"]):
                return
            time.sleep(0.02)
        raise AssertionError("the apps do not go")


@pytest.fixture
def studio(server):
    s = Studio(server)
    yield s
    s.clear()


# ---- domains ----

def test_a_domain_and_what_it_makes(studio, refuses, account):
    d, told = studio.ready(Tags=[{"Key": "EnvironmentName", "Value": "ds"}])
    arn = f"arn:aws:sagemaker:us-east-1:{account}:domain/{d}"
    assert told["Status"] == "InService" and told["DomainArn"] == arn and d.startswith("d-") and len(d) == 14
    assert told["DefaultUserSettings"] == {"ExecutionRole": studio.role, "SecurityGroups": [studio.place.group]}
    assert told["VpcId"] == studio.place.vpc and told["SubnetIds"] == studio.wanted()["SubnetIds"] and d in told["Url"]
    del told["CreationTime"], told["LastModifiedTime"]
    json.dumps({k: v for k, v in told.items() if k != "ResponseMetadata"})  # two times and no other: seed code relies on it
    home = studio.efs.describe_file_systems(FileSystemId=told["HomeEfsFileSystemId"])["FileSystems"][0]
    assert home["Encrypted"] and home["Tags"] == [{"Key": TAG, "Value": arn}] and home["NumberOfMountTargets"] == 2
    awss = studio.kms.describe_key(KeyId="alias/aws/elasticfilesystem")["KeyMetadata"]["Arn"]
    assert home["KmsKeyId"] == awss
    groups = studio.groups()
    inbound, outbound = (groups[f"security-group-for-{w}-nfs-{d}"] for w in ("inbound", "outbound"))
    assert inbound["Tags"] == outbound["Tags"] == [{"Key": TAG, "Value": arn}] and "Tags" not in groups["default"]
    rule, other = inbound["IpPermissions"][0], outbound["IpPermissionsEgress"][0]
    assert (rule["FromPort"], rule["ToPort"], rule["UserIdGroupPairs"][0]["GroupId"]) == (2049, 2049, outbound["GroupId"])
    assert (other["FromPort"], other["ToPort"], other["UserIdGroupPairs"][0]["GroupId"]) == (2049, 2049, inbound["GroupId"])
    assert inbound["IpPermissionsEgress"] == [] and outbound["IpPermissions"] == []
    assert {i["SubnetId"] for i in studio.place.interfaces()} == {studio.place.a, studio.place.b}
    assert {g["GroupId"] for i in studio.place.interfaces() for g in i["Groups"]} == {inbound["GroupId"]}
    listed = [x for p in studio.sm.get_paginator("list_domains").paginate() for x in p["Domains"]]
    assert [(x["DomainId"], x["Status"], x["DomainName"]) for x in listed] == [(d, "InService", "d-" + studio.tag)]
    assert studio.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "EnvironmentName", "Value": "ds"}]
    studio.sm.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    studio.sm.delete_tags(ResourceArn=arn, TagKeys=["EnvironmentName"])
    assert studio.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    with refuses("ResourceLimitExceeded", "1 Domains"):
        studio.domain()
    studio.sm.delete_domain(DomainId=d)
    studio.gone(d)  # and, as on AWS, all that it made stays
    assert studio.efs.describe_file_systems(FileSystemId=home["FileSystemId"])["FileSystems"][0]["NumberOfMountTargets"] == 2
    assert f"security-group-for-inbound-nfs-{d}" in studio.groups()


def test_its_service_linked_role_stays_while_there_is_a_domain(studio, iam, account):
    role, d = "AWSServiceRoleForAmazonSageMakerNotebooks", studio.ready()[0]

    def ask():
        return iam.get_service_linked_role_deletion_status(DeletionTaskId=iam.delete_service_linked_role(RoleName=role)["DeletionTaskId"])
    told = ask()
    assert told["Status"] == "FAILED" and "still used" in told["Reason"]["Reason"]
    assert told["Reason"]["RoleUsageList"] == [{"Region": "us-east-1", "Resources": [f"arn:aws:sagemaker:us-east-1:{account}:domain/{d}"]}]
    assert iam.get_role(RoleName=role)["Role"]["RoleName"] == role
    studio.delete(d)
    told = ask()
    assert told["Status"] == "SUCCEEDED" and "Reason" not in told
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role)


def test_a_domain_that_takes_its_home_along(studio):
    d, told = studio.ready()
    studio.delete(d)
    assert studio.place.interfaces() == []
    with pytest.raises(studio.efs.exceptions.FileSystemNotFound):
        studio.efs.describe_file_systems(FileSystemId=told["HomeEfsFileSystemId"])


@pytest.mark.parametrize("bad, words", [
    ({"AuthMode": "SSO"}, "Identity Center"), ({"DomainName": "a_b"}, "regular expression"), ({"VpcId": None}, "VpcId"),
    ({"SubnetIds": ["subnet-0123456789abcdef0"]}, "does not exist"), ({"VpcId": "vpc-0123456789abcdef0"}, "is not in the VPC"),
    ({"KmsKeyId": "a", "HomeEfsFileSystemKmsKeyId": "b"}, "the same"), ({"DefaultUserSettings": {}}, "ExecutionRole"),
    ({"DomainSettings": {"RStudioServerProDomainSettings": {"DomainExecutionRoleArn": "x"}}}, "RStudio"),
    ({"KmsKeyId": "alias/not-there"}, "not found")])
def test_what_no_domain_can_be(studio, refuses, bad, words):
    with refuses("ValidationException", words):
        studio.sm.create_domain(**{k: v for k, v in studio.wanted(**bad).items() if v is not None})
    assert studio.sm.list_domains()["Domains"] == []
    assert not any(t["Key"] == TAG for f in studio.efs.describe_file_systems()["FileSystems"] for t in f["Tags"])


def test_a_role_that_sagemaker_may_not_take(studio, refuses):
    other = studio.make_role("Other" + studio.tag, "ec2.amazonaws.com")
    with refuses("ValidationException", "Could not assume role"):
        studio.domain(DefaultUserSettings={"ExecutionRole": other})


def test_a_failure_takes_back_what_was_made(studio):
    """A subnet without a free address: the step fails after the file system was made."""
    taken = []
    for _ in range(30):
        try:
            taken.append(studio.ec2.create_network_interface(SubnetId=tiny(studio))["NetworkInterface"]["NetworkInterfaceId"])
        except botocore.exceptions.ClientError:
            break
    d = studio.domain(SubnetIds=[tiny(studio)])
    told = studio.wait(d, "InService", "Failed")
    assert told["Status"] == "Failed" and "enough free addresses" in told["FailureReason"], told
    assert "HomeEfsFileSystemId" not in told and f"security-group-for-inbound-nfs-{d}" not in studio.groups()
    assert not any(t["Value"].endswith(d) for f in studio.efs.describe_file_systems()["FileSystems"] for t in f["Tags"])
    for i in taken:
        studio.ec2.delete_network_interface(NetworkInterfaceId=i)
    studio.sm.delete_domain(DomainId=d)
    studio.gone(d)


def tiny(studio):
    found = studio.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [studio.place.vpc]},
                                                 {"Name": "cidr-block", "Values": ["10.23.9.0/28"]}])["Subnets"]
    if found:
        return found[0]["SubnetId"]
    return studio.ec2.create_subnet(VpcId=studio.place.vpc, CidrBlock="10.23.9.0/28")["Subnet"]["SubnetId"]


def test_an_update_changes_what_it_names(studio, refuses):
    d, told = studio.ready()
    studio.sm.update_domain(DomainId=d, DefaultUserSettings={"SecurityGroups": []}, TagPropagation="ENABLED",
                            DomainSettingsForUpdate={"DockerSettings": {"EnableDockerAccess": "ENABLED"}})
    after = studio.sm.describe_domain(DomainId=d)
    assert after["DefaultUserSettings"]["ExecutionRole"] == studio.role and after["TagPropagation"] == "ENABLED"
    assert after["DomainSettings"]["DockerSettings"] == {"EnableDockerAccess": "ENABLED"} and after["Status"] == "InService"
    assert after["LastModifiedTime"] > told["LastModifiedTime"]
    with refuses("ValidationException", "stays in its VPC"):
        studio.sm.update_domain(DomainId=d, SubnetIds=[studio.place.a])
    with refuses("ValidationException", "Could not assume role"):
        studio.sm.update_domain(DomainId=d, DefaultUserSettings={"ExecutionRole": studio.make_role("E" + studio.tag, "ec2.amazonaws.com")})
    with refuses("ResourceNotFound"):
        studio.sm.update_domain(DomainId="d-000000000000")


# ---- profiles and apps ----

def test_profiles_and_apps(studio, refuses, account):
    d, _ = studio.ready()
    sm = studio.sm
    arn = sm.create_user_profile(DomainId=d, UserProfileName="Alice", UserSettings={"ExecutionRole": studio.role},
                                 Tags=[{"Key": "a", "Value": "1"}])["UserProfileArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:{account}:user-profile/{d}/alice"
    sm.create_user_profile(DomainId=d, UserProfileName="bob")
    told = sm.describe_user_profile(DomainId=d, UserProfileName="Alice")
    assert told["Status"] == "InService" and told["UserSettings"]["ExecutionRole"] == studio.role
    uids = [sm.describe_user_profile(DomainId=d, UserProfileName=n)["HomeEfsFileSystemUid"] for n in ("Alice", "bob")]
    assert uids == ["200005", "200006"]
    sm.update_user_profile(DomainId=d, UserProfileName="Alice", UserSettings={"SecurityGroups": [studio.place.group]})
    assert sm.describe_user_profile(DomainId=d, UserProfileName="Alice")["UserSettings"] == {
        "ExecutionRole": studio.role, "SecurityGroups": [studio.place.group]}
    pages = list(sm.get_paginator("list_user_profiles").paginate(DomainIdEquals=d, PaginationConfig={"PageSize": 1}))
    assert [p["UserProfileName"] for x in pages for p in x["UserProfiles"]] == ["Alice", "bob"] and len(pages) >= 2
    assert [p["UserProfileName"] for p in sm.list_user_profiles(UserProfileNameContains="li")["UserProfiles"]] == ["Alice"]
    assert sm.list_user_profiles(DomainIdEquals="d-000000000000")["UserProfiles"] == []
    with refuses("ResourceInUse"):
        sm.create_user_profile(DomainId=d, UserProfileName="alice")
    app = dict(DomainId=d, UserProfileName="Alice", AppType="KernelGateway", AppName="ds")
    image = {"InstanceType": "ml.t3.medium", "SageMakerImageArn": "arn:aws:sagemaker:us-east-1:081325390199:image/datascience-1.0"}
    a = sm.create_app(**app, ResourceSpec=image, Tags=[{"Key": "a", "Value": "1"}])["AppArn"]
    assert a == f"arn:aws:sagemaker:us-east-1:{account}:app/{d}/alice/kernelgateway/ds"
    sm.create_app(DomainId=d, UserProfileName="bob", AppType="JupyterServer", AppName="default")
    told = in_service(sm, app)
    assert told["ResourceSpec"] == image and told["AppArn"] == a and "Nothing runs in this app" in told["FailureReason"]
    assert sm.list_tags(ResourceArn=a)["Tags"] == [{"Key": "a", "Value": "1"}]
    listed = [x for p in sm.get_paginator("list_apps").paginate(DomainIdEquals=d, PaginationConfig={"PageSize": 1}) for x in p["Apps"]]
    assert {(x["AppName"], x["UserProfileName"]) for x in listed} == {("ds", "Alice"), ("default", "bob")}
    assert [x["AppName"] for x in sm.list_apps(UserProfileNameEquals="bob")["Apps"]] == ["default"]
    assert sm.list_apps(SpaceNameEquals="s")["Apps"] == []
    for call in (lambda: sm.create_app(**app), lambda: sm.delete_user_profile(DomainId=d, UserProfileName="Alice"),
                 lambda: sm.delete_domain(DomainId=d)):
        with refuses("ResourceInUse"):
            call()
    sm.delete_app(**app)
    deleted(sm, app)
    with refuses("ResourceNotFound"):
        sm.delete_app(**app)
    assert [x["Status"] for x in sm.list_apps(DomainIdEquals=d, UserProfileNameEquals="Alice")["Apps"]] == ["Deleted"]
    sm.create_app(**app)  # its name is free again
    in_service(sm, app)
    sm.delete_app(**app)
    deleted(sm, app)
    sm.delete_user_profile(DomainId=d, UserProfileName="Alice")
    with refuses("ResourceNotFound"):
        sm.describe_user_profile(DomainId=d, UserProfileName="Alice")
    with refuses("ResourceInUse"):
        sm.delete_domain(DomainId=d)
    with refuses("ResourceNotFound"):
        sm.create_app(**app)
    with refuses("ValidationException", "spaces"):
        sm.create_app(DomainId=d, SpaceName="s", AppType="JupyterLab", AppName="x")
    with refuses("ResourceNotFound"):
        sm.create_user_profile(DomainId="d-000000000000", UserProfileName="x")
    with refuses("ResourceNotFound"):
        sm.describe_app(DomainId=d, UserProfileName="bob", AppType="KernelGateway", AppName="x")


def in_service(sm, app, until="InService", seconds=20):
    for _ in range(seconds * 50):
        told = sm.describe_app(**app)
        if told["Status"] == until:
            return told
        time.sleep(0.02)
    raise AssertionError(told)


def deleted(sm, app):
    return in_service(sm, app, "Deleted")


# ---- who may ----

def allow(*actions, **condition):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **({"Condition": condition} if condition else {})}


def test_the_service_makes_what_its_caller_may_not(studio, role, document, refuses):
    """Without a key of the customer's, groups, file system and mount targets are the service-linked role's work."""
    may = document(allow("sagemaker:*"), allow("iam:PassRole", StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"}),
                   allow("iam:CreateServiceLinkedRole", StringEquals={"iam:AWSServiceName": "sagemaker.amazonaws.com"}))
    d = studio.domain(role(may).client("sagemaker"))
    assert studio.wait(d, "InService", "Failed")["Status"] == "InService"
    with refuses("AccessDeniedException", "iam:PassRole"):
        studio.domain(role(document(allow("sagemaker:*"))).client("sagemaker"))
    other = document(allow("sagemaker:*"), allow("iam:PassRole", StringEquals={"iam:PassedToService": "lambda.amazonaws.com"}))
    with refuses("AccessDeniedException", "iam:PassRole"):
        studio.domain(role(other).client("sagemaker"))


@pytest.mark.parametrize("kind", ["permissions boundary", "session policy"])
def test_what_limits_a_caller_limits_its_domains(studio, role, document, refuses, kind):
    """Of what is forwarded too: a boundary without efs keeps its caller's key out of the domain's file system."""
    everything, key = document(Action="*"), studio.kms.create_key()["KeyMetadata"]["Arn"]
    for limit, lacks in (("iam:*", "sagemaker:CreateDomain"), ("sagemaker:*", "iam:PassRole"),
                         (["sagemaker:*", "iam:*", "kms:*"], "elasticfilesystem:CreateFileSystem"),
                         (["sagemaker:*", "iam:*", "elasticfilesystem:*"], "kms:DescribeKey")):
        limit = document(Action=limit)
        who = role(everything, **({"Policy": limit} if kind == "session policy" else {}))
        if kind != "session policy":
            boundary = studio.iam.create_policy(PolicyName=who.name, PolicyDocument=limit)["Policy"]["Arn"]
            studio.iam.put_role_permissions_boundary(RoleName=who.name, PermissionsBoundary=boundary)
        with refuses("AccessDeniedException", lacks, kind):
            studio.domain(who.client("sagemaker"), KmsKeyId=key)
    assert studio.sm.list_domains()["Domains"] == []


def test_a_customers_key_needs_its_callers_grant(studio, role, document, refuses):
    key = studio.kms.create_key()["KeyMetadata"]
    base = [allow("sagemaker:*", "iam:PassRole", "kms:DescribeKey")]
    for more, lacks in (([], "elasticfilesystem:CreateFileSystem"),
                        ([allow("elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource")], "kms:CreateGrant")):
        with refuses("AccessDeniedException", lacks):
            studio.domain(role(document(*base, *more)).client("sagemaker"), KmsKeyId=key["KeyId"])
    assert studio.kms.list_grants(KeyId=key["KeyId"])["Grants"] == []
    may = role(document(*base, allow("elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource"),
                        allow("kms:CreateGrant", StringEquals={"kms:ViaService": "elasticfilesystem.us-east-1.amazonaws.com"})))
    d = studio.domain(may.client("sagemaker"), KmsKeyId=key["KeyId"])
    told = studio.wait(d, "InService", "Failed")
    assert told["KmsKeyId"] == key["KeyId"] == told["HomeEfsFileSystemKmsKeyId"]
    home = studio.efs.describe_file_systems(FileSystemId=told["HomeEfsFileSystemId"])["FileSystems"][0]
    assert home["KmsKeyId"] == key["Arn"] and len(studio.kms.list_grants(KeyId=key["KeyId"])["Grants"]) == 1
    studio.delete(d)
    assert studio.kms.list_grants(KeyId=key["KeyId"])["Grants"] == []


@pytest.mark.parametrize("key, good, bad", [
    ("sagemaker:AppNetworkAccessType", "VpcOnly", "PublicInternetOnly"), ("sagemaker:AppNetworkAccess", "VpcOnly", "PublicInternetOnly"),
    ("sagemaker:VpcSubnets", "{a}", "{b}"), ("sagemaker:VpcSecurityGroupIds", "{group}", "sg-0"),
    ("sagemaker:InstanceTypes", "ml.t3.medium", "ml.p4d.24xlarge"), ("sagemaker:ImageArns", "arn:aws:sagemaker:us-east-1:1:image/x", "arn:y"),
    ("sagemaker:ImageVersionArns", "arn:aws:sagemaker:us-east-1:1:image-version/x/1", "arn:y"),
    ("sagemaker:DomainSharingOutputKmsKey", "alias/share", "alias/y"), ("sagemaker:VolumeKmsKey", "alias/home", "alias/y"),
    ("sagemaker:HomeEfsFileSystemKmsKey", "alias/home", "alias/y"), ("aws:RequestTag/team", "blue", "red")])
def test_condition_keys_decide(studio, role, document, key, good, bad):
    """The request is let in (and then fails for its key) or not, by the key alone."""
    spec = {"InstanceType": "ml.t3.medium", "SageMakerImageArn": "arn:aws:sagemaker:us-east-1:1:image/x",
            "SageMakerImageVersionArn": "arn:aws:sagemaker:us-east-1:1:image-version/x/1"}
    settings = {"ExecutionRole": studio.role, "SecurityGroups": [studio.place.group], "SharingSettings": {"S3KmsKeyId": "alias/share"},
                "KernelGatewayAppSettings": {"DefaultResourceSpec": spec}}
    codes = []
    for value in (good, bad):
        value = value.format(a=studio.place.a, b=studio.place.b, group=studio.place.group)
        many = key.split(":")[1] in ("VpcSubnets", "VpcSecurityGroupIds", "InstanceTypes", "ImageArns", "ImageVersionArns")
        condition = {("ForAllValues:" if many else "") + "StringEquals": {key: value}}
        sm = role(document({**allow("sagemaker:CreateDomain", "sagemaker:AddTags"), "Condition": condition},
                           allow("iam:*", "kms:*", "elasticfilesystem:*"))).client("sagemaker")
        with pytest.raises(botocore.exceptions.ClientError) as e:
            studio.domain(sm, SubnetIds=[studio.place.a], DefaultUserSettings=settings, KmsKeyId="alias/home",
                          Tags=[{"Key": "team", "Value": "blue"}])
        codes.append(e.value.response["Error"]["Code"])
    assert codes == ["ValidationException", "AccessDeniedException"]


def test_profiles_and_apps_are_judged_by_their_names(studio, role, document, refuses, account):
    d, _ = studio.ready()
    mine = role(document(
        {"Effect": "Allow", "Action": ["sagemaker:*UserProfile", "sagemaker:CreatePresignedDomainUrl"],
         "Resource": f"arn:aws:sagemaker:*:*:user-profile/{d}/alice"},
        {"Effect": "Allow", "Action": "sagemaker:*App", "Resource": f"arn:aws:sagemaker:*:*:app/{d}/alice/*",
         "Condition": {"StringNotEqualsIfExists": {"sagemaker:InstanceTypes": "ml.m5.4xlarge"}}})).client("sagemaker")
    mine.create_user_profile(DomainId=d, UserProfileName="alice")
    with refuses("AccessDeniedException", f"user-profile/{d}/bob"):
        mine.create_user_profile(DomainId=d, UserProfileName="bob")
    with refuses("AccessDeniedException", "iam:PassRole"):
        mine.update_user_profile(DomainId=d, UserProfileName="alice", UserSettings={"ExecutionRole": studio.role})
    with refuses("AccessDeniedException", "sagemaker:AddTags"):
        mine.create_app(DomainId=d, UserProfileName="alice", AppType="JupyterServer", AppName="default", Tags=[{"Key": "a", "Value": "1"}])
    with refuses("AccessDeniedException", f"app/{d}/alice/kernelgateway/big"):
        mine.create_app(DomainId=d, UserProfileName="alice", AppType="KernelGateway", AppName="big", ResourceSpec={"InstanceType": "ml.m5.4xlarge"})
    app = dict(DomainId=d, UserProfileName="alice", AppType="JupyterServer", AppName="default")
    mine.create_app(**app)
    in_service(mine, app)
    mine.delete_app(**app)
    deleted(mine, app)
    for call, on in ((mine.list_apps, "app/*"), (mine.list_domains, "domain/*"), (mine.list_user_profiles, "user-profile/*")):
        with refuses("AccessDeniedException", f"arn:aws:sagemaker:us-east-1:{account}:{on}"):
            call()
    some = role(document(Action="sagemaker:List*", Resource=[f"arn:aws:sagemaker:*:*:{t}/*" for t in ("domain", "user-profile", "app")]))
    for call in ("list_apps", "list_domains", "list_user_profiles"):
        getattr(some.client("sagemaker"), call)()
    for call in (mine.describe_domain, mine.update_domain, mine.delete_domain):
        with refuses("AccessDeniedException", f"domain/{d}"):
            call(DomainId=d)
    with refuses("AccessDeniedException"):
        mine.create_presigned_domain_url(DomainId=d, UserProfileName="bob")
    other = studio.server.client("sagemaker", "staging")
    with refuses("ResourceNotFound"):
        other.describe_domain(DomainId=d)


# ---- projects ----

def test_sagemakers_portfolio(client, role, document, refuses):
    sm, sc = client("sagemaker"), client("servicecatalog")

    def accepted():
        return [p["ProviderName"] for p in sc.list_accepted_portfolio_shares()["PortfolioDetails"]]

    assert sm.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Disabled"
    for may, lacks in (("servicecatalog:*", "sagemaker:EnableSagemakerServicecatalogPortfolio"),
                       ("sagemaker:*", "servicecatalog:AcceptPortfolioShare")):
        with refuses("AccessDeniedException", lacks):
            role(document(Action=may)).client("sagemaker").enable_sagemaker_servicecatalog_portfolio()
    assert "Amazon SageMaker" not in accepted()
    for _ in range(2):
        sm.enable_sagemaker_servicecatalog_portfolio()
    assert accepted() == ["Amazon SageMaker"]
    poor = role(document(Action="sagemaker:*")).client("sagemaker")
    assert poor.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Enabled"
    with refuses("AccessDeniedException", "servicecatalog:RejectPortfolioShare"):
        poor.disable_sagemaker_servicecatalog_portfolio()
    for _ in range(2):
        sm.disable_sagemaker_servicecatalog_portfolio()
    assert accepted() == [] and sm.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Disabled"


# ---- after a crash, and from a template ----

def test_after_a_kill(own_server):
    s = Studio(own_server)
    d = s.domain()
    own_server.stop(signal.SIGKILL)  # while the flow is about to begin, or has
    own_server.start()
    s.connect()
    s.place.ec2 = s.ec2
    assert s.wait(d, "InService", "Failed")["Status"] == "InService"
    assert len(s.place.interfaces()) == 2
    s.sm.create_user_profile(DomainId=d, UserProfileName="alice")
    app = dict(DomainId=d, UserProfileName="alice", AppType="JupyterServer", AppName="default")
    s.sm.create_app(**app)
    in_service(s.sm, app)
    s.sm.delete_app(**app)
    own_server.stop(signal.SIGKILL)
    own_server.start()
    s.connect()
    s.place.ec2 = s.ec2
    deleted(s.sm, app)
    s.clear()


def test_the_stack_of_a_template(studio, client, name):
    body = template({
        "Domain": {"Type": "AWS::SageMaker::Domain", "Properties": studio.wanted(SubnetIds=[studio.place.a, studio.place.b])},
        "Profile": {"Type": "AWS::SageMaker::UserProfile", "Properties": {
            "DomainId": {"Fn::GetAtt": ["Domain", "DomainId"]}, "UserProfileName": "alice",
            "UserSettings": {"ExecutionRole": studio.role, "SecurityGroups": [studio.place.group]}}},
        "App": {"Type": "AWS::SageMaker::App", "DependsOn": "Profile", "Properties": {
            "DomainId": {"Ref": "Domain"}, "UserProfileName": "alice", "AppType": "JupyterServer", "AppName": "default"}}},
        Outputs={n: {"Value": {"Fn::GetAtt": ["Domain", n]}} for n in ("DomainArn", "HomeEfsFileSystemId", "Url")})
    s = Stack(client("cloudformation"), name)
    assert s.create(body, Tags=[{"Key": "env", "Value": "ds"}]) == "CREATE_COMPLETE", s.lines()
    d = studio.sm.list_domains()["Domains"][0]["DomainId"]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in s.describe()["Outputs"]}
    assert outputs["DomainArn"].endswith(d) and outputs["HomeEfsFileSystemId"].startswith("fs-")
    assert {"Key": "env", "Value": "ds"} in studio.sm.list_tags(ResourceArn=outputs["DomainArn"])["Tags"]
    assert studio.sm.list_apps(DomainIdEquals=d)["Apps"][0]["Status"] == "InService"
    changed = json.loads(body)
    changed["Resources"]["Profile"]["Properties"]["UserSettings"]["SecurityGroups"] = []
    changed["Resources"]["Domain"]["Properties"]["TagPropagation"] = "ENABLED"
    changed["Resources"]["App"]["Properties"]["Tags"] = [{"Key": "app", "Value": "x"}]
    assert s.update(json.dumps(changed)) == "UPDATE_COMPLETE", s.lines()
    assert studio.sm.describe_domain(DomainId=d)["TagPropagation"] == "ENABLED"
    app = studio.sm.describe_app(DomainId=d, UserProfileName="alice", AppType="JupyterServer", AppName="default")["AppArn"]
    assert {"Key": "app", "Value": "x"} in studio.sm.list_tags(ResourceArn=app)["Tags"]
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert studio.sm.list_domains()["Domains"] == [] and studio.sm.list_user_profiles()["UserProfiles"] == []


def test_the_stack_of_a_file_system(studio, client, name):
    place = studio.place
    body = template({
        "Home": {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": True, "FileSystemTags": [{"Key": "a", "Value": "1"}]}},
        "Mount": {"Type": "AWS::EFS::MountTarget", "Properties": {
            "FileSystemId": {"Ref": "Home"}, "SubnetId": place.a, "SecurityGroups": [place.group]}}},
        Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Home", "Arn"]}}, "Ip": {"Value": {"Fn::GetAtt": ["Mount", "IpAddress"]}}})
    s = Stack(client("cloudformation"), name)
    assert s.create(body) == "CREATE_COMPLETE", s.lines()
    outputs = {o["OutputKey"]: o["OutputValue"] for o in s.describe()["Outputs"]}
    told = studio.efs.describe_file_systems(FileSystemId=outputs["Arn"])["FileSystems"][0]
    assert told["Encrypted"] and {"Key": "a", "Value": "1"} in told["Tags"]
    assert [i["PrivateIpAddress"] for i in place.interfaces()] == [outputs["Ip"]]
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert place.interfaces() == []
