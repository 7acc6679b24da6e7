# SPDX-License-Identifier: MIT
"""Every resource type made, changed and deleted by one stack, in a table: what it is, what an update changes, whether that makes
another resource, and all of its attributes. What each type really does, its own service's tests say. SageMaker's endpoints:
test_stack_endpoint.py; Studio: test_studio.py; catalogs: test_servicecatalog.py; functions as custom resources, stacks in
stacks: test_cloudformation.py."""
import contextlib
import glob
import json
import os
import re
import time

import pytest
from conftest import ROOT, document, trust
from test_cloudformation import stack, template  # noqa: F401 (a fixture)

ALL = ["CAPABILITY_NAMED_IAM"]
NO = object()  # the update leaves the property out
PUT = json.loads(document(Action="s3:PutObject"))
GET = json.loads(document(Action="s3:GetObject"))


def ref(name):
    return {"Ref": name}


def of(name):
    return {"Fn::GetAtt": name}


def tag(value):
    return {"Tags": [{"Key": "Name", "Value": value}]}


def key_policy(account, *services):
    who = [{"AWS": f"arn:aws:iam::{account}:root"}, *({"Service": x} for x in services)]
    return {"Statement": [{"Effect": "Allow", "Principal": w, "Action": "kms:*", "Resource": "*"} for w in who]}


def table(name, account, interface):
    """logical id: type, properties, what the update changes, attributes. REPLACED: which changes make another resource."""
    vpc, group = {"VpcId": ref("Vpc")}, {"GroupId": ref("Group"), "IpProtocol": "tcp"}
    lets = json.loads(trust(Service=["lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]))
    queries = {"Type": "TAG_FILTERS_1_0", "Query": {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "a", "Values": ["1"]}]}}
    return {
        "Vpc": ("EC2::VPC", {"CidrBlock": "10.84.0.0/16"}, {"EnableDnsHostnames": True, **tag("v")},
                ["VpcId", "CidrBlock", "CidrBlockAssociations", "DefaultSecurityGroup"]),
        "Far": ("EC2::VPC", {"CidrBlock": "10.88.0.0/16"}, {}, []),
        "Off": ("EC2::VPC", {"CidrBlock": "10.89.0.0/16"}, {}, []),
        "Dhcp": ("EC2::DHCPOptions", {"DomainName": "a.internal"}, {"DomainName": "b.internal"}, ["DhcpOptionsId"]),
        "Takes": ("EC2::VPCDHCPOptionsAssociation", {**vpc, "DhcpOptionsId": ref("Dhcp")}, {}, []),
        "Igw": ("EC2::InternetGateway", {}, tag("i"), ["InternetGatewayId"]),
        "FarIgw": ("EC2::InternetGateway", {}, {}, []),
        "OffIgw": ("EC2::InternetGateway", {}, {}, []),
        "Attached": ("EC2::VPCGatewayAttachment", {**vpc, "InternetGatewayId": ref("Igw")}, {}, ["AttachmentType"]),
        "Moves": ("EC2::VPCGatewayAttachment", {"VpcId": ref("Far"), "InternetGatewayId": ref("FarIgw")},
                  {"VpcId": ref("Off"), "InternetGatewayId": ref("OffIgw")}, []),
        "Subnet": ("EC2::Subnet", {**vpc, "CidrBlock": "10.84.1.0/24", "AvailabilityZone": "us-east-1a"}, {"MapPublicIpOnLaunch": True, **tag("s")},
                   ["SubnetId", "AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId"]),
        "Other": ("EC2::Subnet", {**vpc, "CidrBlock": "10.84.2.0/24", "AvailabilityZone": "us-east-1b"}, {"CidrBlock": "10.84.3.0/24"}, []),
        "Eip": ("EC2::EIP", {"Domain": "vpc"}, tag("e"), ["AllocationId", "PublicIp"]),
        "Eip2": ("EC2::EIP", {"Domain": "vpc"}, {}, []),
        "Eip3": ("EC2::EIP", {"Domain": "vpc"}, {}, []),
        "Goes": ("EC2::EIPAssociation", {"AllocationId": of("Eip2.AllocationId"), "NetworkInterfaceId": interface[0]},
                 {"AllocationId": of("Eip3.AllocationId"), "NetworkInterfaceId": interface[1]}, ["Id"]),
        "Nat": ("EC2::NatGateway", {"AllocationId": of("Eip.AllocationId"), "SubnetId": ref("Subnet")}, tag("n"), ["NatGatewayId"]),
        "Table": ("EC2::RouteTable", vpc, tag("t"), ["RouteTableId"]),
        "Table2": ("EC2::RouteTable", vpc, {}, []),
        "Uses": ("EC2::SubnetRouteTableAssociation", {"SubnetId": ref("Subnet"), "RouteTableId": ref("Table")}, {"RouteTableId": ref("Table2")}, ["Id"]),
        "Way": ("EC2::Route", {"RouteTableId": ref("Table"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("Igw")},
                {"GatewayId": NO, "NatGatewayId": ref("Nat")}, ["CidrBlock"]),
        "Group": ("EC2::SecurityGroup", {**vpc, "GroupDescription": "g", "SecurityGroupIngress": [
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.84.0.0/16"}]}, {"SecurityGroupIngress": [], **tag("g")}, ["GroupId", "Id", "VpcId"]),
        "In": ("EC2::SecurityGroupIngress", {**group, "FromPort": 22, "ToPort": 22, "CidrIp": "10.84.0.0/16"}, {"FromPort": 23, "ToPort": 23}, ["Id"]),
        "Said": ("EC2::SecurityGroupIngress", {**group, "FromPort": 80, "ToPort": 80, "CidrIp": "10.84.0.0/16", "Description": "a"}, {"Description": "b"}, []),
        "Out": ("EC2::SecurityGroupEgress", {**group, "FromPort": 22, "ToPort": 22, "DestinationSecurityGroupId": ref("Group")},
                {"FromPort": 23, "ToPort": 23}, ["Id"]),
        "Door": ("EC2::VPCEndpoint", {**vpc, "ServiceName": "com.amazonaws.us-east-1.ssm", "VpcEndpointType": "Interface", "SubnetIds": [ref("Subnet")],
                                      "SecurityGroupIds": [ref("Group")]}, {"PrivateDnsEnabled": True, "SubnetIds": [ref("Subnet"), ref("Other")]},
                 ["Id", "DnsEntries", "NetworkInterfaceIds", "CreationTimestamp"]),
        "Watch": ("EC2::FlowLog", {"ResourceId": ref("Vpc"), "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": ref("Logs"),
                                   "DeliverLogsPermissionArn": of("Role.Arn")}, {"TrafficType": "REJECT"}, ["Id"]),
        "Home": ("EFS::FileSystem", {}, {"FileSystemTags": tag("h")["Tags"]}, ["Arn", "FileSystemId"]),
        "Mount": ("EFS::MountTarget", {"FileSystemId": ref("Home"), "SubnetId": ref("Subnet"), "SecurityGroups": [ref("Group")]},
                  {"SecurityGroups": [of("Vpc.DefaultSecurityGroup")]}, ["Id", "IpAddress"]),
        "Rule": ("Events::Rule", {"EventPattern": {"source": ["a"]}}, {"EventPattern": {"source": ["b"]}, "Description": "d"}, ["Arn"]),
        "Role": ("IAM::Role", {"AssumeRolePolicyDocument": lets, "Policies": [{"PolicyName": "logs", "PolicyDocument": json.loads(document(Action="logs:*"))}]},
                 {"Description": "d", "MaxSessionDuration": 7200, **tag("r")}, ["Arn", "RoleId"]),
        "Managed": ("IAM::ManagedPolicy", {"PolicyDocument": GET, "Roles": [ref("Role")]}, {"PolicyDocument": PUT, "Roles": [], "Users": [ref("User")]},
                    ["PolicyArn", "PolicyId", "DefaultVersionId", "CreateDate", "UpdateDate", "IsAttachable"]),
        "Inline": ("IAM::Policy", {"PolicyName": "in", "PolicyDocument": GET, "Groups": [ref("Crew")]}, {"PolicyDocument": PUT}, ["Id"]),
        "Profile": ("IAM::InstanceProfile", {"Roles": [ref("Role")]}, {"Roles": [ref("Role2")]}, ["Arn"]),
        "Role2": ("IAM::Role", {"AssumeRolePolicyDocument": lets}, {}, []),
        "Crew": ("IAM::Group", {"Policies": [{"PolicyName": "p", "PolicyDocument": GET}]}, {"Policies": [{"PolicyName": "q", "PolicyDocument": GET}], "Path": "/x/"}, ["Arn"]),
        "User": ("IAM::User", {"Groups": [ref("Crew")]}, {"Groups": [], "Path": "/x/", **tag("u")}, ["Arn"]),
        "Key": ("KMS::Key", {"KeyPolicy": key_policy(account), "PendingWindowInDays": 7}, {"EnableKeyRotation": True}, ["Arn", "KeyId"]),
        "Key2": ("KMS::Key", {"KeyPolicy": key_policy(account, "logs.us-east-1.amazonaws.com"), "PendingWindowInDays": 7}, {}, []),
        "Alias": ("KMS::Alias", {"AliasName": f"alias/{name}", "TargetKeyId": ref("Key")}, {"TargetKeyId": ref("Key2")}, []),
        "Run": ("Lambda::Function", {"Role": of("Role.Arn"), "Handler": "index.f", "Runtime": "python3.11", "Code": {"ZipFile": "def f(e, c): return 1"}},
                {"MemorySize": 256, "Code": {"ZipFile": "def f(e, c): return 2"}, "Architectures": ["x86_64"]}, ["Arn", "SnapStartResponse.ApplyOn"]),
        "Lets": ("Lambda::Permission", {"FunctionName": ref("Run"), "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
                 {"Principal": "sns.amazonaws.com"}, ["Id"]),
        "Cut": ("Lambda::Version", {"FunctionName": ref("Run"), "Description": "a"}, {"Description": "b"}, ["FunctionArn", "Version"]),
        "Live": ("Lambda::Alias", {"FunctionName": ref("Run"), "Name": "live", "FunctionVersion": of("Cut.Version")}, {"Description": "d"}, ["AliasArn"]),
        "Logs": ("Logs::LogGroup", {"RetentionInDays": 7}, {"RetentionInDays": NO, "KmsKeyId": of("Key2.Arn")}, ["Arn"]),
        "Query": ("ResourceGroups::Group", {"Name": name, "ResourceQuery": queries}, {"Description": "d"}, ["Arn"]),
        "Bucket": ("S3::Bucket", {}, {**tag("b"), "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}, ["Arn", "DomainName", "RegionalDomainName"]),
        "Law": ("S3::BucketPolicy", {"Bucket": ref("Bucket"), "PolicyDocument": {"Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}]}},
            {"PolicyDocument": {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}]}}, []),
        "Word": ("SSM::Parameter", {"Type": "String", "Value": "a"}, {"Value": "b", "Tags": {"x": "y"}, "DataType": "text"}, ["Type", "Value"]),
        "Models": ("SageMaker::ModelPackageGroup", {"ModelPackageGroupName": name}, {**tag("m"), "ModelPackageGroupPolicy": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                                                    "Action": "sagemaker:DescribeModelPackageGroup",
                                                    "Resource": f"arn:aws:sagemaker:us-east-1:{account}:model-package-group/{name}"}]}},
            ["ModelPackageGroupArn", "CreationTime", "ModelPackageGroupStatus"]),
    }


REPLACED = {"Dhcp", "Moves", "Other", "Goes", "In", "Out", "Watch", "Lets", "Cut"}
AFTER = {"Eip": "Attached", "Eip2": "Attached", "Eip3": "Attached", "Nat": "Attached", "Way": "Attached", "Watch": "Role"}


def resources_of(rows, changed):
    made = {}
    for logical, (kind, properties, changes, _) in rows.items():
        now = {k: v for k, v in {**properties, **(changes if changed else {})}.items() if v is not NO}
        made[logical] = {"Type": f"AWS::{kind}", "Properties": now, **({"DependsOn": AFTER[logical]} if logical in AFTER else {})}
    return made


def outputs_of(rows):
    """Lists are joined: an output is a text."""
    lists = {"DnsEntries", "NetworkInterfaceIds", "CidrBlockAssociations"}
    return {re.sub(r"\W", "", f"{n}{a}"): {"Value": {"Fn::Join": ["|", of(f"{n}.{a}")]} if a in lists else of(f"{n}.{a}")}
            for n, row in rows.items() for a in row[3]}


@pytest.fixture
def interfaces(server):
    """Two interfaces in a network with a way out, for elastic addresses."""
    ec2 = server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.90.1.0/24")["Subnet"]["SubnetId"]
    made = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for _ in range(2)]
    yield made
    for i in made:
        ec2.delete_network_interface(NetworkInterfaceId=i)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def failures(s):
    return [line for line in s.lines() if "FAILED" in line]


def physical(s):
    return {r["LogicalResourceId"]: r["PhysicalResourceId"] for page in s.cfn.get_paginator("list_stack_resources").paginate(StackName=s.id)
            for r in page["StackResourceSummaries"]}


def changes_of(s, body):
    """What a change set foresees: logical id -> Replacement."""
    s.cfn.create_change_set(StackName=s.id, ChangeSetName="c", ChangeSetType="UPDATE", TemplateBody=body, Capabilities=ALL)
    for _ in range(500):
        told = s.cfn.describe_change_set(StackName=s.id, ChangeSetName="c")
        if told["Status"] != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.02)
    pages = s.cfn.get_paginator("describe_change_set").paginate(StackName=s.id, ChangeSetName="c")
    found = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"].get("Replacement") for page in pages for c in page["Changes"]}
    s.cfn.delete_change_set(StackName=s.id, ChangeSetName="c")
    return found


def look(client, ids):
    """What the services say of what the update has changed."""
    ec2, iam, lam, sm = (client(x) for x in ("ec2", "iam", "lambda", "sagemaker"))
    table = ec2.describe_route_tables(RouteTableIds=[ids["Table"]])["RouteTables"][0]
    door = ec2.describe_vpc_endpoints(VpcEndpointIds=[ids["Door"]])["VpcEndpoints"][0]
    group = ec2.describe_security_groups(GroupIds=[ids["Group"]])["SecurityGroups"][0]
    mount = client("efs").describe_mount_target_security_groups(MountTargetId=ids["Mount"])["SecurityGroups"]
    with contextlib.suppress(sm.exceptions.ClientError):
        sm.get_model_package_group_policy(ModelPackageGroupName=ids["Query"])
        sm = None
    return {
        "Takes": ec2.describe_vpcs(VpcIds=[ids["Vpc"]])["Vpcs"][0]["DhcpOptionsId"] == ids["Dhcp"],
        "Moves": {a["VpcId"] for i in ("FarIgw", "OffIgw") for a in ec2.describe_internet_gateways(InternetGatewayIds=[ids[i]])["InternetGateways"][0]["Attachments"]},
        "Goes": ec2.describe_addresses(Filters=[{"Name": "association-id", "Values": [ids["Goes"]]}])["Addresses"][0]["NetworkInterfaceId"],
        "Uses": [a["SubnetId"] for a in ec2.describe_route_tables(RouteTableIds=[ids["Table2"]])["RouteTables"][0]["Associations"]],
        "Way": [r.get("NatGatewayId", r.get("GatewayId")) for r in table["Routes"] if r["DestinationCidrBlock"] == "0.0.0.0/0"],
        "Group": sorted(p["FromPort"] for p in group["IpPermissions"]),
        "Said": [p["IpRanges"][0]["Description"] for p in group["IpPermissions"] if p["FromPort"] == 80], "Out": [p["FromPort"] for p in group["IpPermissionsEgress"] if "FromPort" in p],
        "Door": (len(door["SubnetIds"]), door["PrivateDnsEnabled"]), "Mount": mount != [ids["Group"]],
        "Watch": ec2.describe_flow_logs(FlowLogIds=[ids["Watch"]])["FlowLogs"][0]["TrafficType"],
        "Rule": json.loads(client("events").describe_rule(Name=ids["Rule"])["EventPattern"])["source"],
        "Managed": (len(iam.list_attached_role_policies(RoleName=ids["Role"])["AttachedPolicies"]), len(iam.list_attached_user_policies(UserName=ids["User"])["AttachedPolicies"])),
        "Inline": iam.get_group_policy(GroupName=ids["Crew"], PolicyName="in")["PolicyDocument"]["Statement"][0]["Action"],
        "Profile": iam.get_instance_profile(InstanceProfileName=ids["Profile"])["InstanceProfile"]["Roles"][0]["RoleName"] == ids["Role2"],
        "Crew": (sorted(iam.list_group_policies(GroupName=ids["Crew"])["PolicyNames"]), iam.get_group(GroupName=ids["Crew"])["Group"]["Path"]),
        "User": (iam.list_groups_for_user(UserName=ids["User"])["Groups"] == [], iam.get_user(UserName=ids["User"])["User"]["Path"]),
        "Alias": client("kms").describe_key(KeyId=ids["Alias"])["KeyMetadata"]["KeyId"] == ids["Key2"],
        "Run": json.loads(lam.invoke(FunctionName=ids["Run"])["Payload"].read()),
        "Lets": json.loads(lam.get_policy(FunctionName=ids["Run"])["Policy"])["Statement"][0]["Principal"]["Service"],
        "Cut": lam.get_function_configuration(FunctionName=ids["Cut"])["Description"],
        "Live": (lam.get_alias(FunctionName=ids["Run"], Name="live")["Description"], json.loads(lam.invoke(FunctionName=ids["Live"])["Payload"].read())),
        "Law": json.loads(client("s3").get_bucket_policy(Bucket=ids["Bucket"])["Policy"])["Statement"][0]["Action"],
        "Word": client("ssm").get_parameter(Name=ids["Word"])["Parameter"]["Value"], "Models": sm is None}


def seen(ids, interface, changed):
    """What look() must say, before and after."""
    n = int(changed)
    return {"Takes": True,  "Moves": {ids["Off" if n else "Far"]}, "Goes": interface[n], "Uses": [ids["Subnet"]] * n, "Way": [ids["Nat" if n else "Igw"]],
            "Group": [[22, 80, 443], [23, 80]][n], "Said": ["ab"[n]], "Out": [22 + n], "Door": [(1, False), (2, True)][n], "Mount": bool(n), "Watch": ["ALL", "REJECT"][n],
            "Rule": ["ab"[n]], "Managed": [(1, 0), (0, 1)][n], "Inline": ["s3:GetObject", "s3:PutObject"][n], "Profile": bool(n),
            "Crew": [(["in", "p"], "/"), (["in", "q"], "/x/")][n], "User": [(False, "/"), (True, "/x/")][n], "Alias": bool(n), "Run": 1 + n,
            "Cut": "ab"[n], "Live": [("", 1), ("d", 2)][n],
            "Lets": ["s3.amazonaws.com", "sns.amazonaws.com"][n], "Law": ["s3:PutObject", "s3:GetObject"][n], "Word": "ab"[n], "Models": bool(n)}


def check_attributes(out, ids, account):
    assert out["VpcCidrBlockAssociations"].startswith("vpc-cidr-assoc-") and out["SubnetAvailabilityZoneId"] == "use1-az1"
    assert (out["WayCidrBlock"], out["GroupId"], out["InlineId"]) == ("0.0.0.0/0", ids["Group"], ids["Inline"])
    zone, dns = out["DoorDnsEntries"].split("|")[0].split(":")
    assert zone.startswith("Z") and dns.startswith(ids["Door"]) and dns.endswith(".ssm.us-east-1.vpce.amazonaws.com")
    assert re.match(r"\d{4}-\d\d-\d\dT", out["DoorCreationTimestamp"]) and re.match(r"\d{4}-\d\d-\d\dT", out["ManagedCreateDate"])
    assert out["ManagedIsAttachable"] == "true" and out["RunSnapStartResponseApplyOn"] == "None"
    assert out["ModelsModelPackageGroupStatus"] == "Completed" and re.match(r"\d{4}-\d\d-\d\dT", out["ModelsCreationTime"])
    assert out["BucketRegionalDomainName"] == f"{ids['Bucket']}.s3.us-east-1.amazonaws.com"
    assert out["UserArn"] == f"arn:aws:iam::{account}:user/{ids['User']}"


def test_every_type_is_made_changed_and_deleted(client, stack, interfaces, name, account):  # noqa: F811
    s, rows = stack(), table(name, account, interfaces)
    outputs = outputs_of(rows)
    assert s.create(template(resources_of(rows, False), Outputs=outputs), Capabilities=ALL) == "CREATE_COMPLETE", failures(s)
    ids, out = physical(s), s.outputs()
    assert ids.keys() == rows.keys() and all(ids.values()) and out.keys() == outputs.keys() and all(out.values())
    check_attributes(out, ids, account)
    assert look(client, ids) == seen(ids, interfaces, False)
    foreseen = changes_of(s, template(resources_of(rows, True), Outputs=outputs))
    before = len(s.events())
    assert s.update(template(resources_of(rows, True), Outputs=outputs), Capabilities=ALL) == "UPDATE_COMPLETE", failures(s)
    told = {e["LogicalResourceId"] for e in s.events()[before:] if e["ResourceStatus"] == "UPDATE_COMPLETE"}
    assert {n for n, row in rows.items() if row[2]} <= told
    assert foreseen.keys() == told - {name}
    assert {n for n, r in foreseen.items() if r == "True"} == REPLACED, foreseen
    now, other = physical(s), s.outputs()
    assert {n for n in rows if now[n] != ids[n]} - {"Takes", "Uses"} == REPLACED, s.lines()
    assert look(client, now) == seen(now, interfaces, True)
    assert len(other["DoorDnsEntries"].split("|")) > len(out["DoorDnsEntries"].split("|")) and other["DoorNetworkInterfaceIds"].count("eni-") == 2
    assert (other["ManagedDefaultVersionId"], other["WordValue"]) == ("v2", "b") and "/x/" in other["UserArn"] and "/x/" in other["CrewArn"]
    assert s.delete() == "DELETE_COMPLETE", failures(s)
    gone = {e["LogicalResourceId"] for e in s.events() if e["ResourceStatus"] == "DELETE_COMPLETE"}
    assert rows.keys() <= gone
    left = [r for page in client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "aws:cloudformation:stack-name", "Values": [name]}]) for r in page["ResourceTagMappingList"]]
    assert left == []


@pytest.mark.parametrize("kind,properties,changes", [
    ("KMS::Key", {"PendingWindowInDays": 7}, {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}), ("EFS::FileSystem", {}, {"ThroughputMode": "elastic"}),
    ("Logs::LogGroup", {}, {"LogGroupClass": "INFREQUENT_ACCESS"})])
def test_an_update_never_gives_up_what_a_resource_holds(stack, account, kind, properties, changes):  # noqa: F811
    s = stack()
    if kind == "KMS::Key":
        properties = {**properties, "KeyPolicy": key_policy(account)}
    assert s.create(template({"R": {"Type": f"AWS::{kind}", "Properties": properties}})) == "CREATE_COMPLETE", failures(s)
    ids = physical(s)
    assert s.update(template({"R": {"Type": f"AWS::{kind}", "Properties": {**properties, **changes}}})) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Updates are not supported for property" in s.reason("R") and physical(s) == ids


@pytest.mark.parametrize("kind,properties,spelled", [
    ("KMS::Key", {"PendingWindowInDays": 7}, {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": False}),
    ("EFS::FileSystem", {}, {"ThroughputMode": "bursting"}), ("Logs::LogGroup", {}, {"LogGroupClass": "STANDARD"})])
def test_to_spell_out_a_default_is_no_change(stack, account, kind, properties, spelled, refuses):  # noqa: F811
    s = stack()
    if kind == "KMS::Key":
        properties = {**properties, "KeyPolicy": key_policy(account)}

    def body(**more):
        return template({"R": {"Type": f"AWS::{kind}", "Properties": {**properties, **more}}})
    assert s.create(body()) == "CREATE_COMPLETE", failures(s)
    ids = physical(s)
    with refuses("ValidationError", "No updates are to be performed."):
        s.update(body(**spelled))
    tags = {"FileSystemTags" if kind == "EFS::FileSystem" else "Tags": [{"Key": "a", "Value": "b"}]}
    assert changes_of(s, body(**spelled, **tags)) == {"R": "False"}
    assert s.update(body(**spelled, **tags)) == "UPDATE_COMPLETE", failures(s)
    assert s.update(body()) == "UPDATE_COMPLETE", failures(s)  # and left out again
    assert physical(s) == ids


def test_another_gateway_for_the_same_vpc(client, stack):  # noqa: F811
    """In place: detached and attached, and back where the update fails; without a gateway it is none."""
    s, ec2 = stack(), client("ec2")

    def body(gateway, **more):
        made = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.87.0.0/16"}},
                **{i: {"Type": "AWS::EC2::InternetGateway"} for i in ("A", "B")},
                "At": {"Type": "AWS::EC2::VPCGatewayAttachment", "Properties": {"VpcId": ref("Vpc"), "InternetGatewayId": ref(gateway)}}}
        return template({**made, **more})

    def attached():
        found = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [physical(s)["Vpc"]]}])["InternetGateways"]
        return [i for i in ("A", "B") if physical(s)[i] in [g["InternetGatewayId"] for g in found]]
    assert s.create(body("A")) == "CREATE_COMPLETE", failures(s)
    ids = physical(s)
    assert attached() == ["A"]
    assert changes_of(s, body("B")) == {"At": "False"}
    bad = {"Type": "AWS::SSM::Parameter", "DependsOn": "At", "Properties": {"Type": "String", "Name": "/aws/none", "Value": "x"}}
    assert s.update(body("B", Bad=bad)) == "UPDATE_ROLLBACK_COMPLETE" and attached() == ["A"], failures(s)
    assert physical(s) == ids and s.lines()[-2] == "Bad DELETE_COMPLETE"  # what never came to be is not listed
    assert s.update(body("B")) == "UPDATE_COMPLETE" and attached() == ["B"], failures(s)
    assert physical(s) == ids
    assert s.delete() == "DELETE_COMPLETE", failures(s)


def test_no_type_is_left_out():
    """Every type that a model builds is named by one of these tests."""
    built, refused = set(), set()
    for path in glob.glob(os.path.join(ROOT, "src/services/*/*.model")):
        with open(path) as f:
            for block in f.read().split("\ncfn ")[1:]:
                (refused if "\n  refused" in block.split("\n\n")[0].split("\ncfn ")[0] else built).add(block.split()[0])
    text = ""
    for path in glob.glob(os.path.join(ROOT, "tests/sdk/*.py")):
        with open(path) as f:
            text += f.read()
    assert {t for t in built if "*" not in t and f'"{t}"' not in text and f'"{t[5:]}"' not in text} == set()
