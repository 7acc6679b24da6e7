# SPDX-License-Identifier: MIT
"""What there is: every resource of an account, service by service, and what a server has in the kernel. Compared before and
after, nothing may be left over."""
import contextlib
import json
import os
import re
import subprocess
import time

from botocore.exceptions import ClientError

# service, operation, the list in its answer, what names an item
LISTS = [
    ("cloudformation", "list_exports", "Exports", "Name"),
    ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    ("ec2", "describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
    ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("efs", "describe_file_systems", "FileSystems", "FileSystemId"),
    ("events", "list_rules", "Rules", "Arn"),
    ("iam", "list_groups", "Groups", "Arn"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "Arn"),
    ("iam", "list_policies", "Policies", "Arn"),
    ("iam", "list_roles", "Roles", "Arn"),
    ("iam", "list_users", "Users", "Arn"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("kms", "list_keys", "Keys", "KeyId"),
    ("lambda", "list_functions", "Functions", "FunctionArn"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("resource-groups", "list_groups", "GroupIdentifiers", "GroupArn"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("sagemaker", "list_apps", "Apps", None),
    ("sagemaker", "list_domains", "Domains", "DomainId"),
    ("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigArn"),
    ("sagemaker", "list_endpoints", "Endpoints", "EndpointArn"),
    ("sagemaker", "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupArn"),
    ("sagemaker", "list_models", "Models", "ModelArn"),
    ("sagemaker", "list_training_jobs", "TrainingJobSummaries", "TrainingJobArn"),
    ("sagemaker", "list_user_profiles", "UserProfiles", None),
    ("servicecatalog", "list_accepted_portfolio_shares", "PortfolioDetails", "Id"),
    ("servicecatalog", "list_portfolios", "PortfolioDetails", "Id"),
    ("servicecatalog", "search_products_as_admin", "ProductViewDetails", "ProductARN"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
]
OPTIONS = {"list_policies": {"Scope": "Local"}}
# What stays in lists for a while after it has been deleted, as on AWS.
ENDED = {"describe_nat_gateways": ("State", "deleted"), "list_apps": ("Status", "Deleted")}

# What stays, as on AWS: records of jobs, the logs of functions and jobs, keys in their waiting period, what Studio switched on.
STAYS = {"kms keys PendingDeletion", "kms keys that nobody may describe from here", "kms keys managed by AWS",
         "sagemaker training jobs", "logs log groups", "servicecatalog accepted portfolio shares", "iam roles linked to services"}


def pages(client, operation, key, options):
    if not client.can_paginate(operation):
        return getattr(client, operation)(**options)[key]
    return [item for page in client.get_paginator(operation).paginate(**options) for item in page[key]]


def named(item, key, operation):
    if operation == "list_apps":
        return f"{item['DomainId']}/{item['UserProfileName']}/{item['AppType']}/{item['AppName']}"
    return f"{item['DomainId']}/{item['UserProfileName']}" if key is None else item[key]


def state(kms, key):
    try:
        about = kms.describe_key(KeyId=key)["KeyMetadata"]
        return "managed by AWS" if about["KeyManager"] == "AWS" else about["KeyState"]
    except ClientError:
        return "that nobody may describe from here"


def resources(world, account="dev"):
    """{"service kind": names} of all that the account has; keys that wait for their deletion are told apart."""
    found = {}
    for service, operation, key, name in LISTS:
        client = world.client(service, account)
        member, word = ENDED.get(operation, (None, None))
        names = [named(i, name, operation) for i in pages(client, operation, key, OPTIONS.get(operation, {}))
                 if not member or i.get(member) != word]
        if operation == "list_keys":
            states = {k: state(client, k) for k in names}
            found.update({f"kms keys {s}": sorted(k for k in names if states[k] == s) for s in set(states.values()) - {"Enabled"}})
            names = [k for k in names if states[k] == "Enabled"]
        if operation == "list_roles":
            found["iam roles linked to services"] = sorted(n for n in names if ":role/aws-service-role/" in n)
            names = [n for n in names if ":role/aws-service-role/" not in n]
        if operation == "list_aliases":
            names = [n for n in names if not n.startswith("alias/aws/")]
        found[f"{service} {operation.split('_', 1)[1].replace('_', ' ')}"] = sorted(names)
    return found


def more(before, after):
    """{list: names} of what is there now and was not before."""
    found = {what: sorted(set(names) - set(before.get(what, []))) for what, names in after.items()}
    return {what: names for what, names in found.items() if names}


# ---- the kernel ----

# The host's door and that of functions without a VPC belong to the server: made with the first who goes through, they stay.
DOORS = {"vpc-00000000000000000", "vpc-00000000000000001"}


def inside(tag, name, *command):
    return subprocess.run(["nsenter", f"--net=/run/barmkin/{tag}/netns/{name}", *command], capture_output=True, text=True,
                          check=False).stdout


def named_spaces(tag):
    folder = f"/run/barmkin/{tag}/netns"
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def own(tag):
    """Names of what a server keeps for itself: its doors, and the sandboxes (with their volumes) that wait without a network for
    whichever function comes next (docs/decisions/6-spare-sandboxes.md)."""
    found = set(DOORS)
    for box in [n for n in named_spaces(tag) if n.startswith("box-") and len(inside(tag, n, "ip", "-o", "link").splitlines()) == 1]:
        found.add(box)
        with contextlib.suppress(OSError), open(f"/run/barmkin/{tag}/box/{box}/config.json", encoding="utf-8") as f:
            found.update(re.findall(r"vol-[0-9a-f]+", f.read()))
    return found


def rules(tag, spaces):
    """How many nftables tables, chains, sets and rules these namespaces have."""
    texts = [inside(tag, name, "nft", "-j", "list", "ruleset") for name in spaces]
    return sum(len([x for x in json.loads(t)["nftables"] if "metainfo" not in x]) for t in texts if t)


def mounts(world):
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as f:
        return [line for line in f if world.tag() in line or world.state in line]


def loops(world):
    text = subprocess.run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"], capture_output=True, text=True,
                          check=False).stdout
    return [d["back-file"] for d in json.loads(text)["loopdevices"] if world.state in (d["back-file"] or "")] if text.strip() else []


def volumes(world):
    """Their images: none may outlive its file system, its job or its function."""
    return [name for _, _, names in os.walk(os.path.join(world.state, "volumes")) for name in names]


def cgroups(tag):
    return {name for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names if f"barmkin-{tag}" in folder}


def kernel(world):
    """{kind: how many} of what this server holds now for its accounts, by its TAG and its state folder."""
    tag = world.tag()
    kept = own(tag)

    def others(names):
        return [n for n in names if not any(k in n for k in kept)]
    spaces = others(named_spaces(tag))
    return {"namespaces": len(spaces), "links": len([n for n in os.listdir("/sys/class/net") if tag in n]),
            "nftables objects": rules(tag, spaces), "mounts": len(others(mounts(world))),
            "loop devices": len(others(loops(world))), "volumes": len(others(volumes(world))), "cgroups": len(others(cgroups(tag)))}


def settled(world, wanted, seconds=30):
    """kernel(), as soon as it is as wanted: sandboxes go behind the answers."""
    end = time.monotonic() + seconds
    while (now := kernel(world)) != wanted and time.monotonic() < end:
        time.sleep(0.2)
    return now


def told(counts):
    return ", ".join(f"{n} {kind}" for kind, n in counts.items())
