# SPDX-License-Identifier: MIT
"""ec2's records through boto3: what is made, shown, refused. What the kernel makes of them is test_network.py's."""
import botocore.exceptions
import pytest


@pytest.fixture
def ec2(server):
    return server.client("ec2")


@pytest.fixture
def vpc(ec2):
    v = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    yield v
    clear(ec2, v)


def clear(ec2, v):
    here = [{"Name": "vpc-id", "Values": [v]}]
    ends = [e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]]
    if ends:
        ec2.delete_vpc_endpoints(VpcEndpointIds=ends)
    for i in ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]:
        ec2.delete_network_interface(NetworkInterfaceId=i["NetworkInterfaceId"])
    groups = [g for g in ec2.describe_security_groups(Filters=here)["SecurityGroups"] if g["GroupName"] != "default"]
    for g in groups:
        for p in g["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=g["GroupId"], IpPermissions=[p])
    for g in groups:
        ec2.delete_security_group(GroupId=g["GroupId"])
    for s in ec2.describe_subnets(Filters=here)["Subnets"]:
        ec2.delete_subnet(SubnetId=s["SubnetId"])
    for t in ec2.describe_route_tables(Filters=here)["RouteTables"]:
        if not any(a["Main"] for a in t["Associations"]):
            ec2.delete_route_table(RouteTableId=t["RouteTableId"])
    ec2.delete_vpc(VpcId=v)


@pytest.fixture
def subnet(ec2, vpc):
    return ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]


@pytest.fixture
def group(ec2, vpc):
    return ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]


def the(filters):
    return [{"Name": k, "Values": v if isinstance(v, list) else [v]} for k, v in filters.items()]


# ---- VPCs ----

def test_new_vpc_has_what_aws_makes_with_it(ec2, vpc):
    v = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]
    assert v["State"] == "available" and v["IsDefault"] is False and v["CidrBlock"] == "10.20.0.0/16"
    g = ec2.describe_security_groups(Filters=the({"vpc-id": vpc}))["SecurityGroups"]
    assert [x["GroupName"] for x in g] == ["default"] and "Tags" not in g[0]
    assert g[0]["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == g[0]["GroupId"]
    assert g[0]["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    t = ec2.describe_route_tables(Filters=the({"vpc-id": vpc, "association.main": "true"}))["RouteTables"]
    assert len(t) == 1 and [r["GatewayId"] for r in t[0]["Routes"]] == ["local"]


@pytest.mark.parametrize("cidr,code", [("10.0.0.0/15", "InvalidVpc.Range"), ("10.0.0.0/29", "InvalidVpc.Range"),
                                       ("169.254.0.0/16", "InvalidVpc.Range"), ("224.0.0.0/16", "InvalidVpc.Range"),
                                       ("198.18.0.0/16", "InvalidVpc.Range"), ("10.0.0/16", "InvalidParameterValue"),
                                       ("10.0.0.256/16", "InvalidParameterValue"), ("", "InvalidParameterValue")])
def test_bad_vpc_ranges(ec2, refuses, cidr, code):
    with refuses(code):
        ec2.create_vpc(CidrBlock=cidr)


def test_missing_parameter(ec2, refuses):
    with refuses("MissingParameter", "CidrBlock"):
        ec2.create_vpc()


def test_vpc_attributes(ec2, vpc, refuses):
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"]
    with refuses("InvalidParameterValue"):
        ec2.describe_vpc_attribute(VpcId=vpc, Attribute="colour")
    with refuses("InvalidParameterCombination"):
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True}, EnableDnsSupport={"Value": True})


def test_delete_vpc_waits_for_its_parts(ec2, vpc, subnet, refuses):
    with refuses("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    with refuses("InvalidVpcID.NotFound", "The vpc ID 'vpc-0' does not exist"):
        ec2.delete_vpc(VpcId="vpc-0")


def test_dry_run_changes_nothing(ec2, vpc, user, document, refuses):
    with refuses("DryRunOperation"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.9.0/24", DryRun=True)
    assert ec2.describe_subnets(Filters=the({"vpc-id": vpc}))["Subnets"] == []
    with refuses("UnauthorizedOperation"):
        user(document(Action="ec2:Describe*")).client("ec2").delete_vpc(VpcId=vpc, DryRun=True)


def test_pages(ec2, vpc, refuses):
    made = {ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{n}.0/24")["Subnet"]["SubnetId"] for n in range(7)}
    pages = list(ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) >= 2
    assert made <= {s["SubnetId"] for p in pages for s in p["Subnets"]}
    with refuses("InvalidPaginationToken"):
        ec2.describe_subnets(NextToken="not-one-of-ours")


# ---- subnets ----

def test_subnet(ec2, vpc, subnet):
    s = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    assert s["AvailableIpAddressCount"] == 251 and s["AvailabilityZone"] == "us-east-1a"
    assert s["SubnetArn"].endswith(f":subnet/{subnet}")
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"] is True


@pytest.mark.parametrize("args,code", [({"CidrBlock": "10.20.1.128/25"}, "InvalidSubnet.Conflict"),
                                       ({"CidrBlock": "10.21.1.0/24"}, "InvalidSubnet.Range"),
                                       ({"CidrBlock": "10.20.2.0/29"}, "InvalidSubnet.Range"),
                                       ({"CidrBlock": "10.20.2.0"}, "InvalidParameterValue"),
                                       ({"CidrBlock": "10.20.2.0/24", "AvailabilityZone": "us-east-1x"},
                                        "InvalidParameterValue"),
                                       ({"CidrBlock": "10.20.2.0/24", "VpcId": "vpc-1"}, "InvalidVpcID.NotFound")])
def test_bad_subnets(ec2, vpc, subnet, refuses, args, code):
    with refuses(code):
        ec2.create_subnet(**{"VpcId": vpc, **args})


def test_filters(ec2, vpc, subnet, refuses):
    ec2.create_tags(Resources=[subnet], Tags=[{"Key": "tier", "Value": "private-1"}])
    found = lambda **f: [s["SubnetId"] for s in ec2.describe_subnets(Filters=the(f["f"]))["Subnets"]]
    assert found(f={"tag:tier": "private-?"}) == [subnet]
    assert found(f={"tag-key": "tier", "vpc-id": vpc}) == [subnet]
    assert found(f={"tag:tier": "public*"}) == []
    assert found(f={"vpc-id": [vpc, "vpc-0"], "availability-zone": "us-east-1a"}) == [subnet]
    with refuses("InvalidParameterValue", "The filter 'colour' is invalid"):
        found(f={"colour": "red"})
    with refuses("InvalidSubnetID.NotFound"):
        ec2.describe_subnets(SubnetIds=["subnet-0"])


# ---- route tables ----

def test_route_tables(ec2, vpc, subnet, refuses):
    t = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    a = ec2.associate_route_table(RouteTableId=t, SubnetId=subnet)["AssociationId"]
    assert ec2.associate_route_table(RouteTableId=t, SubnetId=subnet)["AssociationId"] == a
    found = ec2.describe_route_tables(Filters=the({"association.subnet-id": subnet}))["RouteTables"]
    assert [x["RouteTableId"] for x in found] == [t]
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    with refuses("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=other, SubnetId=subnet)
    b = ec2.replace_route_table_association(AssociationId=a, RouteTableId=other)["NewAssociationId"]
    with refuses("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=other)
    with refuses("InvalidAssociationID.NotFound"):
        ec2.disassociate_route_table(AssociationId=a)
    ec2.disassociate_route_table(AssociationId=b)
    ec2.delete_route_table(RouteTableId=other)
    with refuses("InvalidRouteTableID.NotFound"):
        ec2.delete_route_table(RouteTableId=other)


def test_main_association_moves_but_never_goes(ec2, vpc, refuses):
    main = ec2.describe_route_tables(Filters=the({"vpc-id": vpc}))["RouteTables"][0]
    a = main["Associations"][0]["RouteTableAssociationId"]
    with refuses("InvalidParameterValue", "main"):
        ec2.disassociate_route_table(AssociationId=a)
    t = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.replace_route_table_association(AssociationId=a, RouteTableId=t)
    found = ec2.describe_route_tables(Filters=the({"vpc-id": vpc, "association.main": "true"}))["RouteTables"]
    assert [x["RouteTableId"] for x in found] == [t]
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])


@pytest.mark.parametrize("target,code", [({"GatewayId": "igw-1"}, "InvalidGatewayID.NotFound"),
                                         ({"NatGatewayId": "nat-1"}, "NatGatewayNotFound"),
                                         ({"NetworkInterfaceId": "eni-1"}, "InvalidNetworkInterfaceID.NotFound"),
                                         ({"VpcPeeringConnectionId": "pcx-1"}, "InvalidVpcPeeringConnectionID.NotFound"),
                                         ({}, "MissingParameter")])
def test_routes_lead_nowhere(ec2, vpc, refuses, target, code):
    t = ec2.describe_route_tables(Filters=the({"vpc-id": vpc}))["RouteTables"][0]["RouteTableId"]
    with refuses(code):
        ec2.create_route(RouteTableId=t, DestinationCidrBlock="0.0.0.0/0", **target)


def test_local_route_stays(ec2, vpc, refuses):
    t = ec2.describe_route_tables(Filters=the({"vpc-id": vpc}))["RouteTables"][0]["RouteTableId"]
    with refuses("RouteAlreadyExists"):
        ec2.create_route(RouteTableId=t, DestinationCidrBlock="10.20.0.0/16", GatewayId="igw-1")
    with refuses("InvalidParameterValue", "local route"):
        ec2.delete_route(RouteTableId=t, DestinationCidrBlock="10.20.0.0/16")
    with refuses("InvalidRoute.NotFound"):
        ec2.delete_route(RouteTableId=t, DestinationCidrBlock="0.0.0.0/0")
    with refuses("InvalidRoute.NotFound"):
        ec2.replace_route(RouteTableId=t, DestinationCidrBlock="0.0.0.0/0", GatewayId="igw-1")


# ---- security groups ----

def test_rules(ec2, vpc, group, refuses):
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "IpRanges": [{"CidrIp": "10.0.0.1/8", "Description": "d"}]}
    said = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert said["SecurityGroupRules"][0]["CidrIpv4"] == "10.0.0.0/8"
    with refuses("InvalidPermission.Duplicate", "peer: 10.0.0.0/8, TCP, from port: 80, to port: 81, ALLOW"):
        ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="6", FromPort=80, ToPort=81, CidrIp="10.0.0.0/8")
    g = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert g["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "d"}]
    rules = ec2.describe_security_group_rules(Filters=the({"group-id": group}))["SecurityGroupRules"]
    assert {r["IsEgress"] for r in rules} == {True, False}
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=g["IpPermissions"])
    with refuses("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=g["IpPermissions"])
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=g["IpPermissionsEgress"])
    g = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert g["IpPermissions"] == [] and g["IpPermissionsEgress"] == []
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[
        {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}]}])
    rule = ec2.describe_security_group_rules(Filters=the({"group-id": group}))["SecurityGroupRules"][0]
    ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    with refuses("InvalidSecurityGroupRuleId.NotFound"):
        ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])


@pytest.mark.parametrize("rule,code", [
    ({"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidParameterValue"),
    ({"IpProtocol": "tcp", "FromPort": 9, "ToPort": 8, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidParameterValue"),
    ({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65536, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
     "InvalidParameterValue"),
    ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}, "InvalidParameterValue"),
    ({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "10.0.0.0/8"}]}, "InvalidParameterValue"),
    ({"IpProtocol": "carrier-pigeon", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidParameterValue"),
    ({"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "UnsupportedOperation"),
    ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-0"}]}, "InvalidGroup.NotFound"),
    ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupName": "web"}]}, "InvalidParameterValue"),
    ({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0"}]}, "InvalidPrefixListID.NotFound"),
    ({"IpProtocol": "-1"}, "MissingParameter"),
    ({"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "MissingParameter")])
def test_bad_rules(ec2, group, refuses, rule, code):
    with refuses(code):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


SET = "description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"


def test_descriptions_are_plain(ec2, vpc, group, refuses):
    """In AWS's words: of a group with an apostrophe, of one that is not ASCII, of a rule."""
    with refuses("InvalidParameterValue", f"Invalid security group {SET}"):
        ec2.create_security_group(GroupName="said", Description="the cluster's", VpcId=vpc)
    with refuses("InvalidParameterValue", "Value (a\u2014b) for parameter GroupDescription is invalid. Character sets beyond ASCII"):
        ec2.create_security_group(GroupName="said", Description="a\u2014b", VpcId=vpc)
    for bad in ("the cluster's", "a\u2014b", "a" * 256):
        with refuses("InvalidParameterValue", f"Invalid rule {SET}"):
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
                {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": bad}]}])
    rule = ec2.describe_security_group_rules(Filters=the({"group-id": group}))["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    with refuses("InvalidParameterValue", f"Invalid rule {SET}"):
        ec2.update_security_group_rule_descriptions_egress(GroupId=group, SecurityGroupRuleDescriptions=[
            {"SecurityGroupRuleId": rule, "Description": "the cluster's"}])


def test_groups_of_another_vpc_or_account_are_no_peers(server, ec2, vpc, group, refuses):
    other = ec2.create_vpc(CidrBlock="10.21.0.0/16")["Vpc"]["VpcId"]
    try:
        far = ec2.create_security_group(GroupName="far", Description="far", VpcId=other)["GroupId"]
        for pair in ({"GroupId": far}, {"GroupId": far, "UserId": server.account("staging")["id"]}):
            with refuses("InvalidGroup.NotFound"):
                ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
                    {"IpProtocol": "-1", "UserIdGroupPairs": [pair]}])
    finally:
        clear(ec2, other)
    with refuses("InvalidGroup.NotFound"):
        server.client("ec2", "staging").describe_security_groups(GroupIds=[group])


def test_group_names(ec2, vpc, group, refuses):
    with refuses("InvalidGroup.Duplicate"):
        ec2.create_security_group(GroupName="web", Description="again", VpcId=vpc)
    with refuses("InvalidGroup.Reserved"):
        ec2.create_security_group(GroupName="default", Description="x", VpcId=vpc)
    with refuses("InvalidParameterValue"):
        ec2.create_security_group(GroupName="sg-web", Description="x", VpcId=vpc)
    with refuses("VPCIdNotSpecified"):
        ec2.create_security_group(GroupName="web", Description="x")


def test_groups_in_use_stay(ec2, vpc, subnet, group, refuses):
    default = ec2.describe_security_groups(Filters=the({"vpc-id": vpc, "group-name": "default"}))["SecurityGroups"][0]
    with refuses("CannotDelete"):
        ec2.delete_security_group(GroupId=default["GroupId"])
    peer = ec2.create_security_group(GroupName="peer", Description="peer", VpcId=vpc)["GroupId"]
    rule = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=peer, IpPermissions=rule)
    with refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    ec2.revoke_security_group_ingress(GroupId=peer, IpPermissions=rule)
    eni = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]["NetworkInterfaceId"]
    with refuses("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_security_group(GroupId=group)


# ---- interfaces ----

def test_interfaces(ec2, vpc, subnet, group, refuses):
    made = ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description="mine")["NetworkInterface"]
    eni, address = made["NetworkInterfaceId"], made["PrivateIpAddress"]
    assert address == "10.20.1.4" and made["VpcId"] == vpc  # .0 to .3 are AWS's
    with refuses("InvalidIPAddress.InUse"):
        ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address)
    for bad in ("10.20.1.3", "10.20.1.255", "10.20.2.9", "nonsense"):
        with refuses("InvalidParameterValue"):
            ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=bad)
    default = ec2.describe_security_groups(Filters=the({"vpc-id": vpc, "group-name": "default"}))["SecurityGroups"][0]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[default["GroupId"]])
    i = ec2.describe_network_interfaces(Filters=the({"private-ip-address": address, "vpc-id": vpc}))
    assert [g["GroupId"] for g in i["NetworkInterfaces"][0]["Groups"]] == [default["GroupId"]]
    with refuses("DependencyViolation"):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refuses("InvalidNetworkInterfaceID.NotFound"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    again = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["PrivateIpAddress"]
    assert again != address  # not used again at once


def test_a_full_subnet(ec2, vpc, refuses):
    small = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.200.0/28")["Subnet"]["SubnetId"]
    got = {ec2.create_network_interface(SubnetId=small)["NetworkInterface"]["PrivateIpAddress"] for _ in range(11)}
    assert got == {f"10.20.200.{n}" for n in range(4, 15)}
    with refuses("InsufficientFreeAddressesInSubnet"):
        ec2.create_network_interface(SubnetId=small)


# ---- endpoints ----

def test_gateway_endpoint(ec2, vpc, refuses):
    t = ec2.describe_route_tables(Filters=the({"vpc-id": vpc}))["RouteTables"][0]["RouteTableId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[t])["VpcEndpoint"]
    assert made["VpcEndpointType"] == "Gateway" and made["State"] == "available"
    routes = ec2.describe_route_tables(RouteTableIds=[t])["RouteTables"][0]["Routes"]
    assert {"DestinationPrefixListId": "pl-63a5400a", "GatewayId": made["VpcEndpointId"], "Origin": "CreateRoute",
            "State": "active"} in routes
    with refuses("RouteAlreadyExists"):
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[t])
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], RemoveRouteTableIds=[t])
    assert len(ec2.describe_route_tables(RouteTableIds=[t])["RouteTables"][0]["Routes"]) == 1
    said = ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"], "vpce-0"])["Unsuccessful"]
    assert [(u["ResourceId"], u["Error"]["Code"]) for u in said] == [("vpce-0", "InvalidVpcEndpoint.NotFound")]
    with refuses("InvalidVpcEndpointId.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])


def test_interface_endpoint(ec2, vpc, subnet, group, refuses):
    args = {"VpcEndpointType": "Interface", "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.sts",
            "SubnetIds": [subnet], "SecurityGroupIds": [group]}
    with refuses("InvalidParameter", "enableDnsHostnames"):
        ec2.create_vpc_endpoint(**args)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    made = ec2.create_vpc_endpoint(**args)["VpcEndpoint"]
    assert made["DnsEntries"][-1]["DnsName"] == "sts.us-east-1.amazonaws.com"
    assert len(made["NetworkInterfaceIds"]) == 1
    with refuses("InvalidParameter", "conflicting DNS domain"):
        ec2.create_vpc_endpoint(**args)
    with refuses("OperationNotPermitted"):
        ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceIds"][0])
    with refuses("InvalidParameterValue", made["VpcEndpointId"]):
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    b = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.2.0/24", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], AddSubnetIds=[b])
    now = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
    assert len(now["NetworkInterfaceIds"]) == 2
    same_zone = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.3.0/24", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
    with refuses("DuplicateSubnetsInSameZone"):
        ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], AddSubnetIds=[same_zone])


@pytest.mark.parametrize("args,code", [
    ({"ServiceName": "com.amazonaws.us-east-1.nothing"}, "InvalidServiceName"),
    ({"ServiceName": "com.amazonaws.eu-west-1.s3"}, "InvalidServiceName"),
    ({"ServiceName": "com.amazonaws.us-east-1.barmkin.admin"}, "InvalidServiceName"),
    ({"ServiceName": "com.amazonaws.us-east-1.sts"}, "InvalidParameter"),
    ({"PolicyDocument": "{"}, "InvalidPolicyDocument"),
    ({"PolicyDocument": '{"Statement":[{"Effect":"Allow"}]}'}, "InvalidPolicyDocument"),
    ({"RouteTableIds": ["rtb-0"]}, "InvalidRouteTableID.NotFound"),
    ({"SubnetIds": ["subnet-0"]}, "InvalidSubnetID.NotFound"),
    ({"VpcEndpointType": "Tunnel"}, "InvalidParameterValue"),
    ({"PrivateDnsEnabled": True}, "InvalidParameter")])
def test_bad_endpoints(ec2, vpc, refuses, args, code):
    with refuses(code):
        ec2.create_vpc_endpoint(**{"VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3", **args})


def test_endpoint_services(ec2, vpc, refuses):
    said = ec2.describe_vpc_endpoint_services()
    assert {"com.amazonaws.us-east-1." + s for s in ("sts", "kms", "s3", "logs", "ssm", "ec2", "sagemaker.api",
                                                     "sagemaker.runtime")} <= set(said["ServiceNames"])
    assert not any("barmkin" in s for s in said["ServiceNames"])
    hidden = "com.amazonaws.us-east-1.s3.cloudformation-custom-resource-response"  # reached by S3's own endpoint
    assert not any("custom-resource" in s for s in said["ServiceNames"]) and "com.amazonaws.us-east-1.s3" in said["ServiceNames"]
    with refuses("InvalidServiceName"):
        ec2.describe_vpc_endpoint_services(ServiceNames=[hidden])
    with refuses("InvalidServiceName"):
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=hidden, VpcEndpointType="Interface")
    lists = ec2.describe_prefix_lists()["PrefixLists"]
    assert lists[0]["PrefixListName"] == "com.amazonaws.us-east-1.s3"


def test_rules_are_described_anew(ec2, vpc, refuses, role, document):
    group = ec2.create_security_group(VpcId=vpc, GroupName="said", Description="d")["GroupId"]
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "old"}]}
    rule = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def said(way="IpPermissions"):
        return [r.get("Description") for p in ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][way] for r in p["IpRanges"]]
    by_id = {"GroupId": group, "SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": rule, "Description": "by its id"}]}
    assert ec2.update_security_group_rule_descriptions_ingress(**by_id)["Return"] and said() == ["by its id"]
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[
        {**web, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "by what it is"}]}])
    assert said() == ["by what it is"]
    ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "out"}]}])
    assert said("IpPermissionsEgress") == ["out"]
    with refuses("InvalidSecurityGroupRuleId.NotFound"):
        ec2.update_security_group_rule_descriptions_egress(**by_id)
    with refuses("InvalidPermission.NotFound"):
        ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[{**web, "ToPort": 81}])
    with refuses("MissingParameter"):
        ec2.update_security_group_rule_descriptions_ingress(GroupId=group)
    may = role(document(Action="ec2:UpdateSecurityGroupRuleDescriptionsEgress")).client("ec2")
    with refuses("UnauthorizedOperation", "ec2:UpdateSecurityGroupRuleDescriptionsIngress"):
        may.update_security_group_rule_descriptions_ingress(**by_id)
    ec2.delete_security_group(GroupId=group)


# ---- zones, tags ----

def test_zones(ec2, refuses):
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [z["ZoneName"] for z in zones] == [f"us-east-1{c}" for c in "abcdef"]
    assert len({z["ZoneId"] for z in zones}) == 6
    assert ec2.describe_availability_zones(ZoneIds=["use1-az1"])["AvailabilityZones"][0]["ZoneName"] == "us-east-1a"
    with refuses("InvalidParameterValue"):
        ec2.describe_availability_zones(ZoneNames=["us-east-1z"])
    assert ec2.describe_regions()["Regions"][0]["RegionName"] == "us-east-1"


def test_tags(ec2, vpc, refuses):
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "3"}])
    found = ec2.describe_tags(Filters=the({"resource-id": vpc}))["Tags"]
    assert {(t["Key"], t["Value"], t["ResourceType"]) for t in found} == {("a", "3", "vpc"), ("b", "2", "vpc")}
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "other"}, {"Key": "b"}])
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "3"}]
    with refuses("InvalidParameterValue", "aws:"):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "aws:x", "Value": "1"}])
    with refuses("InvalidID"):
        ec2.create_tags(Resources=["thing-1"], Tags=[{"Key": "a", "Value": "1"}])
    with refuses("InvalidVpcID.NotFound"):
        ec2.create_tags(Resources=["vpc-1"], Tags=[{"Key": "a", "Value": "1"}])
    with refuses("InvalidParameterValue", "taggable"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.5.0/24", TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "1"}]}])


# ---- who may ----

def test_denial_names_the_resource(vpc, user, document, refuses):
    u = user(document(Action="ec2:Describe*")).client("ec2")
    u.describe_vpcs()
    with refuses("UnauthorizedOperation", f"vpc/{vpc} because no identity-based policy allows the ec2:DeleteVpc action"):
        u.delete_vpc(VpcId=vpc)
    with refuses("UnauthorizedOperation", "ec2:CreateVpc on resource: arn:aws:ec2:us-east-1:", ":vpc/*"):
        u.create_vpc(CidrBlock="10.30.0.0/16")
    with refuses("UnauthorizedOperation"):  # what does not exist is not told to whom may not ask
        u.delete_vpc(VpcId="vpc-0")


def test_every_named_thing_is_judged(ec2, vpc, subnet, group, user, document, refuses):
    """CreateNetworkInterface on one subnet: neither another subnet nor a group beside the allowed one."""
    arn = "arn:aws:ec2:us-east-1:*:"
    u = user(document(Action="ec2:CreateNetworkInterface",
                      Resource=[arn + "network-interface/*", arn + f"subnet/{subnet}"])).client("ec2")
    with refuses("UnauthorizedOperation", f"security-group/{group}"):
        u.create_network_interface(SubnetId=subnet, Groups=[group])
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.7.0/24")["Subnet"]["SubnetId"]
    with refuses("UnauthorizedOperation", f"subnet/{other}"):
        u.create_network_interface(SubnetId=other)
    u.create_network_interface(SubnetId=subnet)


def test_tagging_at_creation_is_a_right_of_its_own(vpc, user, document, refuses):
    spec = [{"ResourceType": "subnet", "Tags": [{"Key": "team", "Value": "red"}]}]
    bare = user(document(Action="ec2:CreateSubnet")).client("ec2")
    with refuses("UnauthorizedOperation", "ec2:CreateTags"):
        bare.create_subnet(VpcId=vpc, CidrBlock="10.20.8.0/24", TagSpecifications=spec)
    u = user(document({"Effect": "Allow", "Action": "ec2:CreateSubnet", "Resource": "*"},
                      {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*",
                       "Condition": {"StringEquals": {"ec2:CreateAction": "CreateSubnet"}}})).client("ec2")
    s = u.create_subnet(VpcId=vpc, CidrBlock="10.20.8.0/24", TagSpecifications=spec)["Subnet"]
    assert s["Tags"] == spec[0]["Tags"]
    with refuses("UnauthorizedOperation"):
        u.create_tags(Resources=[s["SubnetId"]], Tags=spec[0]["Tags"])


@pytest.mark.parametrize("condition,allowed", [
    ({"StringEquals": {"aws:RequestTag/team": "red"}}, True), ({"StringEquals": {"aws:RequestTag/team": "blue"}}, False),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, True),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["owner"]}}, False),
    ({"StringEquals": {"ec2:Region": "us-east-1"}}, True), ({"StringEquals": {"ec2:Region": "eu-west-1"}}, False)])
def test_request_conditions(vpc, user, document, condition, allowed):
    u = user(document({"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*", "Condition": condition}))
    try:
        u.client("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "team", "Value": "red"}])
        assert allowed
    except botocore.exceptions.ClientError as e:
        assert not allowed and e.response["Error"]["Code"] == "UnauthorizedOperation"


@pytest.mark.parametrize("key", ["aws:ResourceTag", "ec2:ResourceTag"])
def test_resource_conditions(server, ec2, vpc, subnet, user, document, refuses, key):
    account = server.account("dev")["id"]
    u = user(document({"Effect": "Allow", "Action": "ec2:DeleteSubnet", "Resource": "*", "Condition": {
        "ArnEquals": {"ec2:Vpc": f"arn:aws:ec2:us-east-1:{account}:vpc/{vpc}"},
        "StringEquals": {f"{key}/team": "red"}}})).client("ec2")
    with refuses("UnauthorizedOperation"):
        u.delete_subnet(SubnetId=subnet)
    ec2.create_tags(Resources=[subnet], Tags=[{"Key": "team", "Value": "red"}])
    u.delete_subnet(SubnetId=subnet)


def test_endpoint_service_condition(vpc, user, document, refuses):
    u = user(document({"Effect": "Allow", "Action": "ec2:CreateVpcEndpoint", "Resource": "*"},
                      {"Effect": "Deny", "Action": "ec2:CreateVpcEndpoint", "Resource": "*", "Condition": {
                          "StringNotEquals": {"ec2:VpceServiceName": "com.amazonaws.us-east-1.s3"}}})).client("ec2")
    with refuses("UnauthorizedOperation", "explicit deny in an identity-based policy"):
        u.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.sts", VpcEndpointType="Interface")
    u.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")


def test_what_is_not_built_is_judged(ec2, user, document, refuses):
    with refuses("NotImplemented", "CreateNetworkAcl"):
        ec2.create_network_acl(VpcId="vpc-00000000000000001")
    with refuses("UnauthorizedOperation", "ec2:CreateNetworkAcl"):
        user(document(Action="s3:*")).client("ec2").create_network_acl(VpcId="vpc-00000000000000001")
