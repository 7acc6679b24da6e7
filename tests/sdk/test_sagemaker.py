# SPDX-License-Identifier: MIT
"""sagemaker: the registry, models and configurations across accounts. Jobs and endpoints that really run: test_sagemaker_run.py."""
import json

import pytest

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
VPC = {"Subnets": ["subnet-0aaaaaaaaaaaaaaaa"], "SecurityGroupIds": ["sg-0aaaaaaaaaaaaaaaa"]}


@pytest.fixture
def sm(client):
    return client("sagemaker")


def job(name, role, **more):
    wanted = {"TrainingJobName": name, "RoleArn": role, "HyperParameters": {"num_round": "2"},
              "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
              "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {
                  "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}}}],
              "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
              "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
              "StoppingCondition": {"MaxRuntimeInSeconds": 60}, "VpcConfig": VPC}
    wanted.update(more)
    return {k: v for k, v in wanted.items() if v is not None}


def package(group=None, **more):
    return {"ModelPackageGroupName": group, "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {"Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}],
                                       "SupportedContentTypes": ["text/csv"],
                                       "SupportedResponseMIMETypes": ["text/csv"]}, **more}


@pytest.fixture
def sm_role(role):
    return lambda profile="dev": role(trust={"Service": "sagemaker.amazonaws.com"}, profile=profile, assume=False).arn


# ---- groups and packages ----

def test_groups(sm, name, refuses):
    arn = sm.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="d",
                                        Tags=[{"Key": "k", "Value": "v"}])["ModelPackageGroupArn"]
    assert arn.endswith(f":model-package-group/{name}")
    told = sm.describe_model_package_group(ModelPackageGroupName=name)
    assert told["ModelPackageGroupStatus"] == "Completed" and told["ModelPackageGroupDescription"] == "d"
    assert told["CreatedBy"] == {}
    assert sm.describe_model_package_group(ModelPackageGroupName=arn)["ModelPackageGroupName"] == name
    names = [g["ModelPackageGroupName"] for p in sm.get_paginator("list_model_package_groups").paginate(MaxResults=1)
             for g in p["ModelPackageGroupSummaryList"]]
    assert name in names
    assert sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    sm.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "w"}, {"Key": "l", "Value": "x"}])
    sm.delete_tags(ResourceArn=arn, TagKeys=["k"])
    assert sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "l", "Value": "x"}]
    with refuses("ValidationException", "already exists"):
        sm.create_model_package_group(ModelPackageGroupName=name)
    sm.delete_model_package_group(ModelPackageGroupName=name)
    with refuses("ValidationException", "does not exist"):
        sm.describe_model_package_group(ModelPackageGroupName=name)


def test_bad_names(sm, refuses):
    with refuses("ValidationException", "regular expression"):
        sm.create_model_package_group(ModelPackageGroupName="-a")
    with refuses("ValidationException"):
        sm.create_model_package_group()


def test_packages_are_versions(sm, name, refuses):
    sm.create_model_package_group(ModelPackageGroupName=name)
    token = {"ClientToken": name}
    one = sm.create_model_package(**package(name, **token))["ModelPackageArn"]
    assert one.endswith(f":model-package/{name}/1")
    assert sm.create_model_package(**package(name, **token))["ModelPackageArn"] == one
    two = sm.create_model_package(**package(name, ModelMetrics={"ModelQuality": {"Statistics": {
        "ContentType": "application/json", "S3Uri": "s3://b/e.json"}}}))["ModelPackageArn"]
    assert two.endswith("/2")
    sm.update_model_package(ModelPackageArn=two, ModelApprovalStatus="Approved", ApprovalDescription="fine")
    told = sm.describe_model_package(ModelPackageName=two)
    assert told["ModelApprovalStatus"] == "Approved" and told["ModelPackageVersion"] == 2
    assert told["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == "s3://b/e.json"
    assert told["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == "s3://bucket/model.tar.gz"
    listed = sm.list_model_packages(ModelPackageGroupName=name, ModelApprovalStatus="Approved", SortBy="CreationTime",
                                    SortOrder="Descending")["ModelPackageSummaryList"]
    assert [p["ModelPackageArn"] for p in listed] == [two]
    with refuses("ConflictException", "is not empty"):
        sm.delete_model_package_group(ModelPackageGroupName=name)
    for arn in (one, two):
        sm.delete_model_package(ModelPackageName=arn)
    with refuses("ValidationException", "does not exist"):
        sm.describe_model_package(ModelPackageName=one)
    assert sm.create_model_package(**package(name))["ModelPackageArn"].endswith("/3")  # a number is never given twice


def test_a_package_needs_its_group(sm, name, refuses):
    with refuses("ValidationException", "does not exist"):
        sm.create_model_package(**package(name))


def test_group_policy_lets_other_accounts_in(server, sm, name, role, document, refuses, sm_role):
    dev, staging = server.account("dev")["id"], server.account("staging")["id"]
    sm.create_model_package_group(ModelPackageGroupName=name)
    arn = sm.create_model_package(**package(name))["ModelPackageArn"]
    other = server.client("sagemaker", "staging")
    with refuses("AccessDeniedException", "resource-based policy"):
        other.describe_model_package(ModelPackageName=arn)
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{staging}:root"},
        "Action": ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:CreateModel"],
        "Resource": f"arn:aws:sagemaker:us-east-1:{dev}:model-package/{name}/*"}]}
    sm.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy=json.dumps(policy))
    assert json.loads(sm.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"]) == policy
    assert other.describe_model_package(ModelPackageName=arn)["ModelPackageGroupName"] == name
    listed = other.list_model_packages(ModelPackageGroupName=f"arn:aws:sagemaker:us-east-1:{dev}:model-package-group/{name}")
    assert len(listed["ModelPackageSummaryList"]) == 1
    wanted = {"ModelName": name, "PrimaryContainer": {"ModelPackageName": arn}, "ExecutionRoleArn": sm_role("staging"),
              "VpcConfig": VPC}
    with refuses("ValidationException", "is not approved"):
        other.create_model(**wanted)
    sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert other.create_model(**wanted)["ModelArn"].endswith(f"{staging}:model/{name}")
    with refuses("AccessDeniedException", "resource-based policy"):
        other.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    with refuses("AccessDeniedException", "sagemaker:CreateModel"):
        server.client("sagemaker", "prod").create_model(**dict(wanted, ExecutionRoleArn=sm_role("prod")))
    sm.delete_model_package_group_policy(ModelPackageGroupName=name)
    with refuses("AccessDeniedException", "resource-based policy"):
        other.describe_model_package(ModelPackageName=arn)
    with refuses("ValidationException", "Cannot find resource policy"):
        sm.get_model_package_group_policy(ModelPackageGroupName=name)


def test_a_bad_group_policy(sm, name, refuses):
    sm.create_model_package_group(ModelPackageGroupName=name)
    with refuses("ValidationException"):
        sm.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy="{not json")


# ---- models and configurations ----

def test_models_and_configs(sm, name, refuses, sm_role):
    role = sm_role()
    arn = sm.create_model(ModelName=name, ExecutionRoleArn=role, VpcConfig=VPC, PrimaryContainer={
        "Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "b"}})["ModelArn"]
    told = sm.describe_model(ModelName=name)
    assert told["ModelArn"] == arn and told["PrimaryContainer"]["Environment"] == {"A": "b"}
    assert told["VpcConfig"] == VPC and told["ExecutionRoleArn"] == role
    assert any(m["ModelName"] == name for m in sm.list_models(NameContains=name)["Models"])
    with refuses("ValidationException", "Cannot create already existing model"):
        sm.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE})
    with refuses("ValidationException", "Could not find endpoint configuration"):
        sm.describe_endpoint_config(EndpointConfigName=name)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    told = sm.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"][0]
    assert told["InitialVariantWeight"] == 1.0 and told["ModelName"] == name
    with refuses("ValidationException", "Could not find model"):
        sm.create_endpoint_config(EndpointConfigName=name + "x", ProductionVariants=[dict(variant, ModelName="nothing")])
    sm.delete_endpoint_config(EndpointConfigName=name)
    sm.delete_model(ModelName=name)
    with refuses("ValidationException", "Could not find model"):
        sm.describe_model(ModelName=name)
    with refuses("ValidationException", "Could not find endpoint"):
        sm.describe_endpoint(EndpointName=name)


def test_an_unknown_image(sm, name, refuses, sm_role):
    with refuses("ValidationException", "barmkin images"):
        sm.create_model(ModelName=name, ExecutionRoleArn=sm_role(), PrimaryContainer={"Image": "x/y:1"})


def test_roles_must_trust_sagemaker(sm, name, refuses, role):
    other = role(trust={"Service": "lambda.amazonaws.com"}, assume=False).arn
    for arn in (other, other + "-gone"):
        with refuses("ValidationException", "Could not assume role"):
            sm.create_model(ModelName=name, ExecutionRoleArn=arn, PrimaryContainer={"Image": IMAGE})


# ---- denials ----

def test_no_job_outside_a_vpc(role, document, name, refuses, sm_role):
    mine = sm_role()
    deny = {"Effect": "Deny", "Action": ["sagemaker:CreateTrainingJob", "sagemaker:CreateModel",
                                         "sagemaker:CreateProcessingJob"], "Resource": "*",
            "Condition": {"Null": {"sagemaker:VpcSubnets": "true", "sagemaker:VpcSecurityGroupIds": "true"}}}
    allow = {"Effect": "Allow", "Action": ["sagemaker:*", "iam:PassRole"], "Resource": "*"}
    sm = role(policy=document(allow, deny)).client("sagemaker")
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        sm.create_training_job(**job(name, mine, VpcConfig=None))
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        sm.create_model(ModelName=name, ExecutionRoleArn=mine, PrimaryContainer={"Image": IMAGE})
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        sm.create_processing_job(ProcessingJobName=name, RoleArn=mine)
    sm.create_model(ModelName=name, ExecutionRoleArn=mine, PrimaryContainer={"Image": IMAGE}, VpcConfig=VPC)


def test_pass_role_is_needed(role, document, name, refuses, sm_role):
    mine, other = sm_role(), sm_role()
    sm = role(policy=document({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"},
                              {"Effect": "Allow", "Action": "iam:PassRole", "Resource": mine, "Condition": {
                                  "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}})).client("sagemaker")
    sm.create_model(ModelName=name, ExecutionRoleArn=mine, PrimaryContainer={"Image": IMAGE}, VpcConfig=VPC)
    with refuses("AccessDeniedException", "iam:PassRole"):
        sm.create_training_job(**job(name, other))


def test_a_role_passed_for_one_resource_only(role, document, name, refuses, sm_role):
    mine = sm_role()

    def may(operator, arn):
        return role(policy=document({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"},
                                    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": mine, "Condition": {
                                        operator: {"iam:AssociatedResourceArn": arn}}})).client("sagemaker")
    model = {"ModelName": name, "ExecutionRoleArn": mine, "PrimaryContainer": {"Image": IMAGE}, "VpcConfig": VPC}
    for arn in (f"arn:aws:sagemaker:*:*:model/{name}x", f"arn:aws:sagemaker:*:*:training-job/{name}", mine):
        with refuses("AccessDeniedException", "iam:PassRole"):
            may("ArnLike", arn).create_model(**model)
    with refuses("AccessDeniedException", "iam:PassRole"):
        may("Null", "true").create_model(**model)
    with refuses("AccessDeniedException", "iam:PassRole"):
        may("ArnLike", "arn:aws:sagemaker:*:*:model/*").create_training_job(**job(name, mine))
    with refuses("ValidationException"):  # past the gate
        may("ArnLike", f"arn:aws:sagemaker:us-east-1:*:training-job/{name}").create_training_job(**job(name, mine, VpcConfig=None))
    may("ArnLike", f"arn:aws:sagemaker:us-east-1:*:model/{name}").create_model(**model)


def test_bad_jobs(sm, name, refuses, sm_role):
    role = sm_role()
    with refuses("ValidationException", "VpcConfig"):
        sm.create_training_job(**job(name, role, VpcConfig=None))
    with refuses("ValidationException", "barmkin images"):
        sm.create_training_job(**job(name, role, AlgorithmSpecification={"TrainingImage": "a/b:c", "TrainingInputMode": "File"}))
    with refuses("ValidationException", "s3OutputPath"):
        sm.create_training_job(**job(name, role, OutputDataConfig={"S3OutputPath": "http://x"}))
    with refuses("ValidationException", "trainingInputMode"):
        sm.create_training_job(**job(name, role, AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "Tape"}))
    with refuses("ResourceNotFound"):
        sm.describe_training_job(TrainingJobName=name)
    with refuses("ResourceNotFound"):
        sm.stop_training_job(TrainingJobName=name)


def test_search_finds_nothing(sm):
    assert sm.search(Resource="TrainingJob")["Results"] == []


def test_invoking_nothing(client, role, name, refuses):
    with refuses("ValidationError", "not found"):
        client("sagemaker-runtime").invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1,2")
    with refuses("AccessDeniedException", "sagemaker:InvokeEndpoint"):
        role().client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1")
