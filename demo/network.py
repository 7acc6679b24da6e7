# SPDX-License-Identifier: MIT
"""Step 2, networks: a VPC that has no way out but its endpoints."""
import dataclasses
import json

ALLOW_ALL = {"Version": "2012-10-17",
             "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
INTERFACE_SERVICES = {"kms": "kms", "sts": "sts", "logs": "logs", "sagemaker_api": "sagemaker.api",
                      "sagemaker_runtime": "sagemaker.runtime"}


@dataclasses.dataclass
class Network:
    account: str
    vpc: str
    subnets: list
    route_table: str
    workload_group: str
    endpoint_group: str
    endpoints: dict  # "s3", "kms", ...: vpce-...


def make_network(world, account, number, buckets):
    """number makes the address range; buckets are the only ones that the S3 endpoint lets through."""
    ec2 = world.client("ec2", account)
    vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})

    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]  # never gets a default route
    subnets = []
    for i, zone in enumerate(zones[:2]):
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.{i + 1}.0/24",
                                   AvailabilityZone=zone["ZoneName"])["Subnet"]["SubnetId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        subnets.append(subnet)

    workload = closed_group(ec2, vpc, "workload", "Workloads: talk to themselves and to the endpoints")
    door = closed_group(ec2, vpc, "endpoints", "The interface endpoints: HTTPS from workloads")
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    from_workload = [{**https, "UserIdGroupPairs": [{"GroupId": workload}]}]
    among_workload = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": workload}]}]
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=from_workload)
    ec2.authorize_security_group_ingress(GroupId=workload, IpPermissions=among_workload)
    ec2.authorize_security_group_egress(GroupId=workload, IpPermissions=among_workload + [
        {**https, "UserIdGroupPairs": [{"GroupId": door}]},
        {**https, "PrefixListIds": [{"PrefixListId": s3_prefix_list(ec2, world.region)}]}])

    endpoints = {"s3": ec2.create_vpc_endpoint(
        VpcEndpointType="Gateway", VpcId=vpc, ServiceName=f"com.amazonaws.{world.region}.s3", RouteTableIds=[table],
        PolicyDocument=json.dumps(s3_endpoint_policy(buckets)))["VpcEndpoint"]["VpcEndpointId"]}
    for name, service in INTERFACE_SERVICES.items():
        endpoints[name] = ec2.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=vpc, ServiceName=f"com.amazonaws.{world.region}.{service}",
            SubnetIds=subnets, SecurityGroupIds=[door], PrivateDnsEnabled=True,
            PolicyDocument=json.dumps(ALLOW_ALL))["VpcEndpoint"]["VpcEndpointId"]
    return Network(account, vpc, subnets, table, workload, door, endpoints)


def closed_group(ec2, vpc, name, text):
    """A security group as EC2 makes it, without the rule that lets everything out."""
    group = ec2.create_security_group(VpcId=vpc, GroupName=name, Description=text)["GroupId"]
    ec2.revoke_security_group_egress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    return group


def s3_prefix_list(ec2, region):
    """The addresses of S3 in the region, as a rule's peer: what a gateway endpoint leads to."""
    lists = ec2.describe_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{region}.s3"]}])
    return lists["PrefixLists"][0]["PrefixListId"]


def s3_endpoint_policy(buckets):
    return {"Version": "2012-10-17", "Statement": [{
        "Sid": "OnlyTheEnvironmentsBuckets", "Effect": "Allow", "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation",
                   "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        "Resource": [arn for b in buckets for arn in (f"arn:aws:s3:::{b}", f"arn:aws:s3:::{b}/*")]}]}
