# SPDX-License-Identifier: MIT
"""kill -9 of everything, in the middle of training and of endpoint creation. After the restart each either finishes or
is Failed with a reason, everything acknowledged is there, and once all is deleted nothing of this state's TAG is left."""
import time

import deploy
import left
import pytest
import training
from botocore.exceptions import ClientError

# Seconds after the creating call was answered: its first transaction, downloads, the run, the upload.
MOMENTS = [0.0, 0.15, 0.4, 0.8, 1.3]


def crash(env):
    """Kills all of it, then starts it on the same state. Nothing may outlive the next start's sweep."""
    left.kill_all(env.world)
    env.world.start()
    env.restarted()


def scientist(env):
    return env.world.client("sagemaker", env.world.assume("dev", env.execution_role, "notebook"))


def acknowledged_is_there(env):
    """What steps 1 to 5 were told was done."""
    dev = env.world  # the key is proven by the reads
    assert dev.client("sts", "dev").get_caller_identity()["Account"] == dev.id("dev")
    for account, network in env.networks.items():
        found = dev.client("ec2", account).describe_vpc_endpoints(VpcEndpointIds=list(network.endpoints.values()))
        assert len(found["VpcEndpoints"]) == 6
    inside = dev.inside("dev", env.networks["dev"], "inside.py", "list", env.models)
    assert env.model_key in inside["keys"]
    assert dev.inside("dev", env.networks["dev"], "inside.py", "get", env.models, env.model_key)["bytes"] > 0
    package = dev.client("sagemaker", "dev").describe_model_package(ModelPackageName=env.package)
    assert package["ModelApprovalStatus"] == "Approved"
    for account in ("staging", "prod"):
        dev.client("iam", account).get_role(RoleName="ModelExecutionRole")


def sandboxes(env):
    """Network namespaces of workloads: those of VPCs and of the door stay."""
    return [n for n in left.namespaces(env.world) if n.startswith("eni-")]


def settled(env, seconds=15):
    """No sandbox's namespace, volume or loop device once every job has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not sandboxes(env) and not left.loops(env.world):
            return
        time.sleep(0.1)
    assert not sandboxes(env) and not left.loops(env.world), left.everything(env.world)


def answers(runtime, row, name, seconds=30):
    """An endpoint that was in service stays so, and says 503 until its model server has been started again."""
    end = time.monotonic() + seconds
    while True:
        try:
            return len(deploy.invoke(runtime, [row], name)) == 1
        except ClientError as error:
            if error.response["Error"]["Code"] != "ServiceUnavailable" or time.monotonic() > end:
                raise
            time.sleep(0.2)


@pytest.mark.parametrize("moment", MOMENTS)
def test_training(env, moment):
    name = f"killed-{int(moment * 100)}"
    scientist(env).create_training_job(**training.request(
        name, env.execution_role, env.data, env.models, env.key, env.volume_key, env.networks["dev"]))
    time.sleep(moment)
    crash(env)
    job = training.wait(scientist(env), name, timeout=60)
    assert job["TrainingJobStatus"] in ("Completed", "Failed"), job
    if job["TrainingJobStatus"] == "Failed":
        assert job["FailureReason"]
    else:
        key = job["ModelArtifacts"]["S3ModelArtifacts"].split(f"s3://{env.models}/", 1)[1]
        assert env.world.inside("dev", env.networks["dev"], "inside.py", "get", env.models, key)["bytes"] > 0
    acknowledged_is_there(env)
    settled(env)
    assert env.world.client("kms", "dev").list_grants(KeyId=env.volume_key)["Grants"] == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_endpoint(env, moment):
    name = f"killed-{int(moment * 100)}"
    keys = deploy.session(env.world, "staging")
    deploy.create(env.world.client("sagemaker", keys), env.world, env.networks["staging"], env.package, name)
    time.sleep(moment)
    crash(env)
    keys = deploy.session(env.world, "staging")
    sagemaker = env.world.client("sagemaker", keys)
    endpoint = deploy.wait(sagemaker, name)
    assert endpoint["EndpointStatus"] in ("InService", "Failed"), endpoint
    if endpoint["EndpointStatus"] == "Failed":
        assert endpoint["FailureReason"]
    else:
        assert answers(env.world.client("sagemaker-runtime", keys), env.held_out[0][1:], name)
    acknowledged_is_there(env)
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)
    settled(env)


def test_nothing_is_left_over(env):
    """Last, in the order of this file: all networks are deleted through the API, then the server ends."""
    for account, network in [*env.networks.items(), ("dev", env.stray)]:
        ec2 = env.world.client("ec2", account)
        ec2.delete_vpc_endpoints(VpcEndpointIds=list(network.endpoints.values()))
        for subnet in network.subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_route_table(RouteTableId=network.route_table)
        delete_groups(ec2, network)
        ec2.delete_vpc(VpcId=network.vpc)
    assert not [n for n in left.namespaces(env.world) if n.startswith(("vpc-", "eni-"))]
    assert not left.loops(env.world)
    env.world.stop()
    assert left.gone(env.world) == {}


def delete_groups(ec2, network):
    """Two groups that name each other can only go once one has forgotten the other."""
    groups = ec2.describe_security_groups(GroupIds=[network.workload_group, network.endpoint_group])["SecurityGroups"]
    for group in groups:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])
