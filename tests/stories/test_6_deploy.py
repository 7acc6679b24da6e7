# SPDX-License-Identifier: MIT
"""Step 6: staging and prod serve dev's model from their own VPCs."""
import json

import deploy
import pytest
import storage
from identity import role_arn


@pytest.mark.parametrize("account", ["staging", "prod"])
def test_in_service(after, account):
    """ "CreateModel from the model package in dev (cross-account), endpoint config, endpoint" """
    env = after(6)
    sagemaker = env.world.client("sagemaker", deploy.session(env.world, account))
    assert sagemaker.describe_endpoint(EndpointName=deploy.NAME)["EndpointStatus"] == "InService"
    model = sagemaker.describe_model(ModelName=deploy.NAME)
    assert model["PrimaryContainer"]["ModelPackageName"] == env.package
    assert model["VpcConfig"]["SecurityGroupIds"] == [env.networks[account].workload_group]


@pytest.mark.parametrize("account", ["staging", "prod"])
def test_sandbox_sits_in_the_vpc(after, account):
    """ "The endpoint's sandbox sits in the staging VPC" """
    env = after(6)
    cards = env.world.client("ec2", account).describe_network_interfaces(
        Filters=[{"Name": "group-id", "Values": [env.networks[account].workload_group]}])["NetworkInterfaces"]
    assert [c["VpcId"] for c in cards] == [env.networks[account].vpc]
    assert cards[0]["SubnetId"] in env.networks[account].subnets


def test_without_the_key_no_endpoint(after):
    """ "fetches the model from dev's bucket, decrypted with dev's key": without the key's consent it cannot """
    env = after(6)
    kms = env.world.client("kms", "dev")
    staging = role_arn(env.world, "staging", "ModelExecutionRole")
    sagemaker = env.world.client("sagemaker", deploy.session(env.world, "staging"))
    before = kms.get_key_policy(KeyId=env.key, PolicyName="default")["Policy"]
    assert staging in json.dumps(json.loads(before))
    kms.put_key_policy(KeyId=env.key, PolicyName="default", Policy=storage.key_policy_without(before, staging))
    try:
        deploy.create(sagemaker, env.world, env.networks["staging"], env.package, name="keyless")
        endpoint = deploy.wait(sagemaker, "keyless")
        assert endpoint["EndpointStatus"] == "Failed" and endpoint["FailureReason"]
    finally:
        kms.put_key_policy(KeyId=env.key, PolicyName="default", Policy=before)
        sagemaker.delete_endpoint(EndpointName="keyless")


def test_dev_cannot_invoke_prod(after):
    """ "Tests invoke it": with the deployment role; dev's administrator has no endpoint of that name """
    env = after(6)
    with pytest.raises(Exception) as caught:
        deploy.invoke(env.world.client("sagemaker-runtime", "dev"), [["1", "0", "0"] + ["0.5"] * 7])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
