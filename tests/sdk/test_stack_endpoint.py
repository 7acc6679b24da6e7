# SPDX-License-Identifier: MIT
"""AWS::SageMaker::Model, ::EndpointConfig and ::Endpoint in a stack, with a trained model behind them: made, changed without
another endpoint, failing and gone back, deleted; by a deployer who has a handler's rights and no others."""
import json

import pytest
from conftest import document
from test_cloudformation import stack, template  # noqa: F401 (a fixture)
from test_sagemaker_run import IMAGE, model, world  # noqa: F401 (fixtures)

VARIANT = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}


def body(world, container, variant="AllTraffic", **endpoint):
    return template({
        "Model": {"Type": "AWS::SageMaker::Model", "Properties": {
            "ExecutionRoleArn": world.role, "PrimaryContainer": container,
            "VpcConfig": {"Subnets": [world.subnet], "SecurityGroupIds": [world.group]}}},
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {
            "KmsKeyId": world.key, "ProductionVariants": [{**VARIANT, "VariantName": variant, "InitialVariantWeight": 1.0,
                                                           "ModelName": {"Fn::GetAtt": "Model.ModelName"}}]}},
        "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": {
            "EndpointConfigName": {"Fn::GetAtt": "Config.EndpointConfigName"}, **endpoint}}},
        Outputs={n.replace(".", ""): {"Value": {"Fn::GetAtt": n}} for n in (
            "Model.ModelName", "Config.EndpointConfigName", "Endpoint.EndpointName", "Endpoint.EndpointArn", "Model.Id")})


def image(url, **more):
    return {"Image": IMAGE, "ModelDataUrl": url, **more}


def left(world, name):
    """Models, configurations and endpoints whose names begin as the stack's."""
    found = world.sm.list_models(NameContains=name)["Models"] + world.sm.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    return found + world.sm.list_endpoints(NameContains=name)["Endpoints"]


@pytest.fixture
def deployer(role, world):  # noqa: F811
    """Who may what surface.md's endpoint template needs, and no more."""
    mine = ["sagemaker:*Model", "sagemaker:*EndpointConfig", "sagemaker:*Endpoint", "sagemaker:AddTags"]
    return role(document({"Effect": "Allow", "Action": ["cloudformation:*", *mine, "kms:CreateGrant"], "Resource": "*"},
                         {"Effect": "Allow", "Action": "iam:PassRole", "Resource": world.role}))


@pytest.fixture
def package(world, model, name):  # noqa: F811
    """An approved version in a group."""
    world.sm.create_model_package_group(ModelPackageGroupName=name)
    arn = world.sm.create_model_package(ModelPackageGroupName=name, ModelApprovalStatus="Approved", InferenceSpecification={
        "Containers": [{"Image": IMAGE, "ModelDataUrl": model}], "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"]})["ModelPackageArn"]
    yield arn
    world.sm.delete_model_package(ModelPackageName=arn)
    world.sm.delete_model_package_group(ModelPackageGroupName=name)


def test_an_endpoint_by_a_stack(world, model, package, stack, deployer, name):  # noqa: F811
    s = stack(deployer.client("cloudformation"))
    assert s.create(body(world, image(model))) == "CREATE_COMPLETE", s.lines()
    first = s.outputs()
    told = world.sm.describe_endpoint(EndpointName=first["EndpointEndpointName"])
    assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", first["ConfigEndpointConfigName"])
    assert (told["EndpointArn"], first["ModelId"].split("/")[-1]) == (first["EndpointEndpointArn"], first["ModelModelName"].lower())
    assert all(v.startswith(f"{name}-") for k, v in first.items() if k.endswith("Name"))
    answer = world.invoke(first["EndpointEndpointName"])
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    said = float(answer["Body"].read())
    # another configuration takes the old one's place: the endpoint stays the same one, and answers all the time
    assert s.update(body(world, image(model), variant="Blue")) == "UPDATE_COMPLETE", s.lines()
    second = s.outputs()
    assert {k for k in first if first[k] != second[k]} == {"ConfigEndpointConfigName"}
    assert world.invoke(first["EndpointEndpointName"])["InvokedProductionVariant"] == "Blue"
    now = world.sm.describe_endpoint(EndpointName=first["EndpointEndpointName"])
    assert (now["CreationTime"], now["EndpointConfigName"]) == (told["CreationTime"], second["ConfigEndpointConfigName"])
    assert not any("Endpoint" == line.split()[0] and "requires the creation of a new physical" in line for line in s.lines())
    # another model, from a registered version
    assert s.update(body(world, {"ModelPackageName": package}, variant="Green")) == "UPDATE_COMPLETE", s.lines()
    third = s.outputs()
    assert {k for k in second if second[k] == third[k]} == {"EndpointEndpointName", "EndpointEndpointArn"}
    answer = world.invoke(first["EndpointEndpointName"])
    assert (answer["InvokedProductionVariant"], float(answer["Body"].read())) == ("Green", said)
    assert len(left(world, name)) == 3
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert left(world, name) == [] and world.is_clean()


def test_an_endpoint_that_fails_goes_back(world, model, stack, name):  # noqa: F811
    s, nowhere = stack(), image(f"s3://{world.bucket}/no/model.tar.gz")
    assert s.create(body(world, nowhere)) == "ROLLBACK_COMPLETE", s.lines()
    assert "Failed to download model data" in s.reason("Endpoint") and "NotStabilized" in s.reason("Endpoint")
    assert left(world, name) == [] and world.is_clean()
    assert s.delete() == "DELETE_COMPLETE"
    s = stack()
    assert s.create(body(world, image(model))) == "CREATE_COMPLETE", s.lines()
    before = s.outputs()
    assert s.update(body(world, nowhere, variant="Blue")) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert "Failed to download model data" in s.reason("Endpoint")
    assert s.outputs() == before and len(left(world, name)) == 3
    assert world.invoke(before["EndpointEndpointName"])["InvokedProductionVariant"] == "AllTraffic"
    assert world.sm.describe_endpoint(EndpointName=before["EndpointEndpointName"])["EndpointStatus"] == "InService"
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert left(world, name) == [] and world.is_clean()


def test_a_deployer_who_may_not_pass_the_models_role(world, model, role, stack, name):  # noqa: F811
    s = stack(role(document(Action=["cloudformation:*", "sagemaker:*", "kms:CreateGrant"])).client("cloudformation"))
    assert s.create(body(world, image(model))) == "ROLLBACK_COMPLETE", s.lines()
    assert "iam:PassRole" in s.reason("Model") and "HandlerErrorCode: AccessDenied" in s.reason("Model")
    assert left(world, name) == []


def test_tags_of_an_endpoint(world, model, stack, name):  # noqa: F811
    """A stack's tags go to all three; they change in place."""
    s = stack()
    assert s.create(body(world, image(model), Tags=[{"Key": "a", "Value": "1"}]), Tags=[{"Key": "team", "Value": "x"}]) == "CREATE_COMPLETE", s.lines()
    out = s.outputs()
    assert s.update(body(world, image(model), Tags=[{"Key": "b", "Value": "2"}]), Tags=[{"Key": "team", "Value": "y"}]) == "UPDATE_COMPLETE", s.lines()
    assert s.outputs() == out

    def tags(arn):
        return {t["Key"]: t["Value"] for t in world.sm.list_tags(ResourceArn=arn)["Tags"]}
    assert tags(out["EndpointEndpointArn"]) == {"b": "2", "team": "y"} and tags(out["ModelId"]) == {"team": "y"}


def test_a_model_without_a_role(world, stack, name):  # noqa: F811
    """It may be, as with AWS; what serves it needs one here."""
    s = stack()
    whole = json.loads(body(world, {"Image": IMAGE}))
    del whole["Resources"]["Model"]["Properties"]["ExecutionRoleArn"]
    assert s.create(json.dumps(whole)) == "ROLLBACK_COMPLETE"
    assert "has no ExecutionRoleArn" in s.reason("Endpoint") and left(world, name) == []
    alone = stack(called=name + "-m")
    assert alone.create(template({"Model": whole["Resources"]["Model"]}, Outputs={"N": {"Value": {"Fn::GetAtt": "Model.ModelName"}}})) == "CREATE_COMPLETE", alone.lines()
    assert "ExecutionRoleArn" not in world.sm.describe_model(ModelName=alone.outputs()["N"])
