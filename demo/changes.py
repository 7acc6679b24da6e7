# SPDX-License-Identifier: MIT
"""The environment changed: a parameter, a security group replaced, an update and creations that fail."""
import contextlib
import re

from botocore.exceptions import ClientError

import counted
from stacks import BUCKET, ENVIRONMENT, PREFIX

STACK, TEMPLATE = "sm-mlops-env", "env-main.yaml"
LOG_GROUP = "/vpcflowlogs/sm-mlops-dev-vpc-flow-logs"
IN_THE_WAY = "sm-mlops-prod-private-subnet-ids"  # a parameter that env-main makes when its network stands
NO_KEY = "arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def retention(world):
    return world.client("logs", "dev").describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"][0]["retentionInDays"]


def made(stacks):
    """{(stack, logical id): physical id}"""
    return {(stack, logical): physical for stack, logical, physical, _ in stacks.family(STACK)}


def change_parameter(story, world, stacks):
    before = made(stacks)
    stacks.update(STACK, TEMPLATE, {**ENVIRONMENT, "VPCFlowLogsLogGroupRetention": "30"})
    story.expect(retention(world) == 30 and made(stacks) == before,
                 f"the flow logs are kept for {retention(world)} days; all {len(before)} resources are the same")


def edited(world):
    """The URL of a packaged env-main whose env-vpc describes the endpoints' security group in other words, which makes
    another group. The objects are ours, beside those of make package."""
    s3 = world.client("s3", "dev")
    main = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{TEMPLATE}")["Body"].read().decode()
    url = re.search(r"\n  EnvironmentVPC:\n(?:    .*\n)*?      TemplateURL: (\S+)", main)[1]
    vpc = s3.get_object(Bucket=BUCKET, Key=url.split(f"/{BUCKET}/")[1])["Body"].read().decode()
    at = url[:url.index(f"/{BUCKET}/")] + f"/{BUCKET}/edited"
    for key, text in (("env-vpc.yaml", vpc.replace("Allow HTTPS/TLS for VPC Endpoints", "HTTPS to the endpoints of the VPC")),
                      (TEMPLATE, main.replace(url, f"{at}/env-vpc.yaml"))):
        s3.put_object(Bucket=BUCKET, Key=f"edited/{key}", Body=text.encode())
    return f"{at}/{TEMPLATE}"


def groups_of_endpoints(world):
    found = world.client("ec2", "dev").describe_vpc_endpoints()["VpcEndpoints"]
    return {g["GroupId"] for e in found for g in e.get("Groups", [])}


def replace_group(story, world, stacks):
    before, old = made(stacks), groups_of_endpoints(world)
    stacks.update(STACK, edited(world), {**ENVIRONMENT, "VPCFlowLogsLogGroupRetention": "30"})
    after, new = made(stacks), groups_of_endpoints(world)
    others = sorted({logical for (stack, logical), physical in after.items() if before[stack, logical] != physical})
    story.expect(new and not new & old and "VPCEndpointsSecurityGroup" in others,
                 f"the endpoints' security group is {', '.join(new)} instead of {', '.join(old)}")
    story.expect(not exists(world, old), "the old one is gone")
    story.say(f"replaced with it: {', '.join(o for o in others if o != 'VPCEndpointsSecurityGroup')}")


def exists(world, groups):
    found = world.client("ec2", "dev").describe_security_groups()["SecurityGroups"]
    return groups & {g["GroupId"] for g in found}


def fail_update(story, world, stacks):
    """Flow logs under a key that is not there: the network's stack fails, and with it the environment's."""
    before, things = made(stacks), counted.resources(world)
    key = NO_KEY.format(region=world.region, account=world.id("dev"))
    stacks.update(STACK, TEMPLATE, {**ENVIRONMENT, "VPCFlowLogsCloudWatchKMSKey": key}, want="UPDATE_ROLLBACK_COMPLETE")
    print("             " + stacks.why(STACK).strip().replace("\n", "\n             "))
    left = counted.more(things, counted.resources(world))
    story.expect(retention(world) == 30 and made(stacks) == before and not left,
                 f"all {len(before)} resources are what they were; nothing new" if not left else f"new: {left}")


def fail_creation(story, world, stacks, rollback):
    """The environment with one name already taken, late: rolled back, or left as it is for a look, then deleted."""
    ssm, before = world.client("ssm", "dev"), counted.resources(world)
    ssm.put_parameter(Name=IN_THE_WAY, Value="somebody else's", Type="String")
    want = "ROLLBACK_COMPLETE" if rollback else "CREATE_FAILED"
    stacks.create(STACK, TEMPLATE, ENVIRONMENT, want=want, DisableRollback=not rollback)
    if not rollback:
        states = [status for *_, status in stacks.family(STACK)]
        story.say(f"it stands for a look: {states.count('CREATE_COMPLETE')} resources made, {states.count('CREATE_FAILED')} not")
    stacks.delete(STACK)
    ssm.delete_parameter(Name=IN_THE_WAY)
    remove_retained_network(story, world, before)
    left = {k: v for k, v in counted.more(before, counted.resources(world)).items() if not k.startswith("kms keys ")}
    story.expect(not left, f"left over: {left}" if left else "nothing is left over")


def remove_retained_network(story, world, before):
    """VPC and private subnets say DeletionPolicy: Retain, which holds for a creation that failed too."""
    ec2, new = world.client("ec2", "dev"), counted.more(before, counted.resources(world))
    subnets, vpcs = new.get("ec2 subnets", []), new.get("ec2 vpcs", [])
    story.expect(len(subnets) == 2 and len(vpcs) == 1, f"retained, as the template asks: {', '.join([*vpcs, *subnets])}")
    for s in subnets:
        ec2.delete_subnet(SubnetId=s)
    for v in vpcs:
        ec2.delete_vpc(VpcId=v)


# ---- the end, as the documentation has it ----

RETAINED_ROLES = {"AmazonSageMakerServiceCatalogProductsLaunchRole": "AmazonSageMakerServiceCatalogProductsLaunchRolePolicy",
                  "AmazonSageMakerServiceCatalogProductsUseRole": "AmazonSageMakerServiceCatalogProductsUseRolePolicy"}


def empty_buckets(world):
    """Without their policies, which let nobody in from here, the environment's buckets are emptied."""
    s3 = world.client("s3", "dev")
    for bucket in [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"] != BUCKET]:
        with contextlib.suppress(ClientError):
            s3.delete_bucket_policy(Bucket=bucket)
        for o in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=o["Key"])


def remove_roles(world):
    iam = world.client("iam", "dev")
    for role in RETAINED_ROLES:
        for p in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=p["PolicyArn"])
        for p in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=p)
        iam.delete_role(RoleName=role)


def remove_file_systems(world):
    """What clean-up-efs.py does: Studio's file systems with their mount targets and security groups."""
    efs, ec2 = world.client("efs", "dev"), world.client("ec2", "dev")
    for f in efs.describe_file_systems()["FileSystems"]:
        for m in efs.describe_mount_targets(FileSystemId=f["FileSystemId"])["MountTargets"]:
            efs.delete_mount_target(MountTargetId=m["MountTargetId"])
        efs.delete_file_system(FileSystemId=f["FileSystemId"])
    groups = [g for g in ec2.describe_security_groups()["SecurityGroups"]
              if any(t["Key"] == "ManagedByAmazonSageMakerResource" for t in g.get("Tags", []))]
    for g in groups:
        for revoke, rules in ((ec2.revoke_security_group_egress, "IpPermissionsEgress"),
                              (ec2.revoke_security_group_ingress, "IpPermissions")):
            if g[rules]:
                revoke(GroupId=g["GroupId"], IpPermissions=g[rules])
    for g in groups:
        ec2.delete_security_group(GroupId=g["GroupId"])


def remove_networks(world):
    ec2 = world.client("ec2", "dev")
    for n in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=n["SubnetId"])
    for v in ec2.describe_vpcs()["Vpcs"]:
        ec2.delete_vpc(VpcId=v["VpcId"])
