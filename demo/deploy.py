# SPDX-License-Identifier: MIT
"""Step 6: from dev into another account: a model from dev's registry becomes an endpoint in that account's VPC."""
import time

from identity import role_arn

NAME = "abalone"


def session(world, account):
    """From dev's pipeline role into the account's deployment role, as its trust policy allows."""
    pipeline = world.assume("dev", role_arn(world, "dev", "PipelineRole"), "pipeline")
    return world.assume(pipeline, role_arn(world, account, "DeploymentRole"), "deploy")


def create(sagemaker, world, network, package_arn, name=NAME):
    """Model, endpoint configuration and endpoint. It returns at once: the endpoint is still being made."""
    sagemaker.create_model(
        ModelName=name, PrimaryContainer={"ModelPackageName": package_arn},
        ExecutionRoleArn=role_arn(world, network.account, "ModelExecutionRole"),
        VpcConfig={"Subnets": network.subnets, "SecurityGroupIds": [network.workload_group]})
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{
        "VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0}])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def wait(sagemaker, name=NAME, timeout=60):
    """Until the endpoint is no longer being made. Returns what DescribeEndpoint says last."""
    end = time.monotonic() + timeout
    while True:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"] not in ("Creating", "Updating") or time.monotonic() > end:
            return endpoint
        time.sleep(0.05)


def invoke(runtime, rows, name=NAME):
    """Asks the endpoint about rows of features; one prediction each, as the text that came."""
    body = "\n".join(",".join(row) for row in rows)
    reply = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Accept="text/csv", Body=body.encode())
    return reply["Body"].read().decode().replace("\n", ",").strip(",").split(",")
