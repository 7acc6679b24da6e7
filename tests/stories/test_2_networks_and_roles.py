# SPDX-License-Identifier: MIT
"""Step 2: networks without a way out, endpoints with policies, keys and buckets tied to them, roles across accounts."""
import json

import pytest
from botocore.exceptions import ClientError
from identity import role_arn

ACCOUNTS = ["dev", "staging", "prod"]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_no_way_out(after, account):
    """ "a VPC without any way out, private subnets in two zones" """
    env = after(2)
    ec2, network = env.world.client("ec2", account), env.networks[account]
    mine = [{"Name": "vpc-id", "Values": [network.vpc]}]
    routes = [r for t in ec2.describe_route_tables(Filters=mine)["RouteTables"] for r in t["Routes"]]
    targets = {r.get("GatewayId", "") for r in routes}
    assert targets <= {"local", network.endpoints["s3"]}, routes
    assert all(r.get("DestinationCidrBlock") != "0.0.0.0/0" for r in routes)
    subnets = ec2.describe_subnets(SubnetIds=network.subnets)["Subnets"]
    assert len({s["AvailabilityZone"] for s in subnets}) == 2
    assert not any(s.get("MapPublicIpOnLaunch") for s in subnets)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_groups(after, account):
    """ "a workload security group that only talks to itself, a second group for the endpoints" """
    env = after(2)
    network = env.networks[account]
    groups = {g["GroupId"]: g for g in env.world.client("ec2", account).describe_security_groups(
        GroupIds=[network.workload_group, network.endpoint_group])["SecurityGroups"]}
    work, door = groups[network.workload_group], groups[network.endpoint_group]
    assert [p["UserIdGroupPairs"][0]["GroupId"] for p in work["IpPermissions"]] == [network.workload_group]
    assert not any(p.get("IpRanges") for g in groups.values() for p in g["IpPermissions"] + g["IpPermissionsEgress"])
    assert [(p["FromPort"], p["UserIdGroupPairs"][0]["GroupId"]) for p in door["IpPermissions"]] == [
        (443, network.workload_group)]
    assert not door["IpPermissionsEgress"]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_endpoints(after, account):
    """ "an S3 gateway endpoint and interface endpoints for KMS, STS, Logs, SageMaker API and runtime, each with its
    endpoint policy" """
    env = after(2)
    found = env.world.client("ec2", account).describe_vpc_endpoints(
        Filters=[{"Name": "vpc-id", "Values": [env.networks[account].vpc]}])["VpcEndpoints"]
    kinds = {e["ServiceName"].split(".", 3)[3]: e["VpcEndpointType"] for e in found}
    assert kinds == {"s3": "Gateway", "kms": "Interface", "sts": "Interface", "logs": "Interface",
                     "sagemaker.api": "Interface", "sagemaker.runtime": "Interface"}
    assert all(json.loads(e["PolicyDocument"])["Statement"] for e in found)
    assert all(e["State"].lower() == "available" for e in found)


def test_policies_name_all_three_endpoints(after):
    """ "key and bucket policies with the seed's AllowCrossAccount and DenyNoVPC statements (StringNotEquals
    aws:sourceVpce with all three accounts' endpoint ids, Bool aws:ViaAWSService false)" """
    env = after(2)
    s3, kms = env.world.client("s3", "dev"), env.world.client("kms", "dev")
    texts = {"kms": [kms.get_key_policy(KeyId=env.key, PolicyName="default")["Policy"]],
             "s3": [s3.get_bucket_policy(Bucket=b)["Policy"] for b in (env.data, env.models)]}
    for service, documents in texts.items():
        for text in documents:
            statements = {s["Sid"]: s for s in json.loads(text)["Statement"]}
            assert "AllowCrossAccount" in statements
            condition = statements["DenyNoVPC"]["Condition"]
            assert set(condition["StringNotEquals"]["aws:sourceVpce"]) == {
                n.endpoints[service] for n in env.networks.values()}
            assert condition["Bool"] == {"aws:ViaAWSService": "false"}


def test_default_encryption(after):
    """ "In dev: a customer KMS key and the buckets data and models with default SSE-KMS" """
    env = after(2)
    for bucket in (env.data, env.models):
        rule = env.world.client("s3", "dev").get_bucket_encryption(Bucket=bucket)[
            "ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        assert rule == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": env.key}


@pytest.mark.parametrize("account", ["staging", "prod"])
def test_dev_may_assume_the_deployment_role(after, account):
    """ "In staging and prod: a deployment role that dev may assume" """
    env = after(2)
    pipeline = env.world.assume("dev", role_arn(env.world, "dev", "PipelineRole"))
    session = env.world.assume(pipeline, role_arn(env.world, account, "DeploymentRole"))
    assert env.world.client("sts", session).get_caller_identity()["Account"] == env.world.id(account)


@pytest.mark.parametrize("account", ["staging", "prod"])
def test_only_sagemaker_runs_as_the_model_role(after, account):
    """ "a ModelExecutionRole that SageMaker may assume" and nobody of the account's own people """
    env = after(2)
    with pytest.raises(ClientError) as caught:
        env.world.assume(account, role_arn(env.world, account, "ModelExecutionRole"))
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
