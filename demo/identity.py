# SPDX-License-Identifier: MIT
"""Step 2, identity: who may do what, in dev and in the accounts that models are deployed to."""
import json


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def trust(**principal):
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def role_arn(world, account, name):
    return f"arn:aws:iam::{world.id(account)}:role/{name}"


def root_arn(world, account):
    return f"arn:aws:iam::{world.id(account)}:root"


# What SageMaker needs to put a workload into a VPC, and a workload to write its log.
WORKLOAD = [
    allow(["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
           "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs",
           "ec2:DescribeDhcpOptions", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups",
           "ec2:DescribeVpcEndpoints"]),
    allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
          "arn:aws:logs:*:*:log-group:/aws/sagemaker/*"),
    allow(["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
           "ecr:GetDownloadUrlForLayer"]),
]

USE_KEY = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


def make_role(iam, name, trust_policy, *statements):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy)
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="main", PolicyDocument=policy(*statements))


def make_dev_roles(world, data, models):
    """data, models: names of buckets (they are made later; a policy may name what does not exist yet)."""
    iam = world.client("iam", "dev")
    me = role_arn(world, "dev", "SageMakerExecutionRole")
    buckets = [arn for b in (data, models) for arn in (f"arn:aws:s3:::{b}", f"arn:aws:s3:::{b}/*")]

    # A data scientist's notebook and their training jobs run as this role. No job of theirs is ever outside a VPC.
    make_role(iam, "SageMakerExecutionRole",
              trust(Service="sagemaker.amazonaws.com", AWS=root_arn(world, "dev")),
              *WORKLOAD,
              allow(["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:ListTrainingJobs",
                     "sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage",
                     "sagemaker:DescribeModelPackage", "sagemaker:AddTags"]),
              {"Effect": "Deny", "Resource": f"arn:aws:sagemaker:*:{world.id('dev')}:*",
               "Action": ["sagemaker:CreateNotebookInstance", "sagemaker:CreateHyperParameterTuningJob",
                          "sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob",
                          "sagemaker:CreateCompilationJob", "sagemaker:CreateModel"],
               "Condition": {"Null": {"sagemaker:VpcSubnets": "true", "sagemaker:VpcSecurityGroupIds": "true"}}},
              allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation",
                     "s3:AbortMultipartUpload"], buckets),
              allow(USE_KEY + ["kms:CreateGrant"], f"arn:aws:kms:*:{world.id('dev')}:key/*"),
              allow("iam:PassRole", me, Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}))

    # The delivery pipeline: approves models and steps into the deployment roles of the other accounts.
    make_role(iam, "PipelineRole", trust(AWS=root_arn(world, "dev")),
              allow(["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages", "sagemaker:UpdateModelPackage"]),
              allow("sts:AssumeRole", [role_arn(world, a, "DeploymentRole") for a in ("staging", "prod")]))

    # Somebody of dev who may try to assume anything, but whom no other account's trust policy names.
    make_role(iam, "AnalystRole", trust(AWS=root_arn(world, "dev")), allow("sts:AssumeRole", "*"))
    return me


def make_target_roles(world, account, models, key_arn):
    """In staging and prod: what dev may assume to deploy, and what the deployed model runs as."""
    iam = world.client("iam", account)
    model_role = role_arn(world, account, "ModelExecutionRole")
    dev, here = world.id("dev"), world.id(account)

    make_role(iam, "DeploymentRole", trust(AWS=role_arn(world, "dev", "PipelineRole")),
              allow(["sagemaker:*Model", "sagemaker:*EndpointConfig", "sagemaker:*Endpoint"],
                    [f"arn:aws:sagemaker:*:{here}:{kind}/*" for kind in ("model", "endpoint-config", "endpoint")]),
              allow(["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
                    f"arn:aws:sagemaker:*:{dev}:model-package/*"),
              allow("iam:PassRole", model_role,
                    Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
              allow("sts:AssumeRole", model_role))

    make_role(iam, "ModelExecutionRole",
              trust(Service="sagemaker.amazonaws.com", AWS=role_arn(world, account, "DeploymentRole")),
              *WORKLOAD,
              allow(["s3:GetObject", "s3:ListBucket"], [f"arn:aws:s3:::{models}", f"arn:aws:s3:::{models}/*"]),
              allow(["kms:Decrypt", "kms:DescribeKey"], key_arn))

    # SageMaker could use it, but the deployment role may not hand it on.
    make_role(iam, "AuditRole", trust(Service="sagemaker.amazonaws.com"), allow("*"))
    return model_role
