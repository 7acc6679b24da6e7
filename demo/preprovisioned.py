# SPDX-License-Identifier: MIT
"""The variant with pre-provisioned roles and an existing network: the stacks that come first, in the documentation's order, and
what their outputs become as parameters. (documentation/predeploy-iam-setup.md and base-vpc-deployment.md.)"""
import os

import stacks as s
from world import HERE

TEAM = "ds-team"
ROLES = ("core-iam-sc-sm-projects-roles", "core-iam-shared-roles", "env-iam", "env-iam-target-account-roles")
CORE, ENVIRONMENT, NETWORK = f"{TEAM}-core", f"{TEAM}-env", f"{TEAM}-vpc"


def stack_of(template):
    return "env-iam-roles" if template == "env-iam" else template


# In the order of their deletion, before the network's.
STACKS = [ENVIRONMENT, CORE, *(stack_of(t) for t in reversed(ROLES))]


def options(world):
    """Which parameters the documentation gives each stack of roles: here the users' roles are made too."""
    return {
        "core-iam-sc-sm-projects-roles": {},
        "core-iam-shared-roles": {
            "DSAdministratorRoleName": f"{TEAM}-{world.region}-DataScienceAdministrator",
            "SageMakerDetectiveControlExecutionRoleName": f"{TEAM}-{world.region}-DSSageMakerDetectiveControlRole",
            "SCLaunchRoleName": f"{TEAM}-{world.region}-DSServiceCatalogLaunchRole"},
        "env-iam": {"EnvName": TEAM, "CreateIAMUserRoles": "YES"},
        "env-iam-target-account-roles": {
            "EnvName": TEAM, "AdministratorAccountId": world.id("dev"), "ModelS3KMSKeyArn": "*",
            "ModelBucketName": f"*{world.region}-{world.id('dev')}-models"},
    }


def foundation(checkout, world, stacks):
    for template in ROLES:
        stacks.create(stack_of(template), os.path.join(checkout, "cfn_templates", f"{template}.yaml"), options(world)[template])
    stacks.create(NETWORK, os.path.join(HERE, "base-vpc.yaml"), {"AvailabilityZones": s.ZONES})


def core_parameters(stacks):
    shared = stacks.outputs("core-iam-shared-roles")
    return {"StackSetName": CORE, "CreateIAMRoles": "NO", "DSAdministratorRoleArn": shared["DSAdministratorRoleArn"],
            "SecurityControlExecutionRoleArn": shared["SageMakerDetectiveControlExecutionRoleArn"],
            "SCLaunchRoleArn": shared["SCLaunchRoleArn"]}


def environment_parameters(world, stacks):
    roles, target = stacks.outputs("env-iam-roles"), stacks.outputs("env-iam-target-account-roles")
    network = stacks.outputs(NETWORK)
    # env-iam's own SCProjectLaunchRoleArn is empty and env-main wants one: this is the role that launches projects.
    launch = f"arn:aws:iam::{world.id('dev')}:role/service-role/AmazonSageMakerServiceCatalogProductsLaunchRole"
    return {
        "EnvName": TEAM, "EnvType": "dev", "CreateEnvironmentIAMRoles": "NO",
        **{k: roles[k] for k in ("DSTeamAdministratorRoleArn", "DataScientistRoleArn", "SageMakerExecutionRoleArn",
                                 "SageMakerPipelineExecutionRoleArn", "SetupLambdaExecutionRoleArn",
                                 "StackSetAdministrationRoleArn")},
        **{k: target[k] for k in ("SageMakerModelExecutionRoleName", "StackSetExecutionRoleName")},
        "SCProjectLaunchRoleArn": launch, "CreateTargetAccountNetworkInfra": "NO", "AvailabilityZones": s.ZONES,
        "NumberOfAZs": "2", "CreateS3VPCEndpoint": "NO", "CreateVPC": "NO", "CreateNATGateways": "NO",
        "CreatePrivateSubnets": "NO", "ExistingVPCId": network["VPCID"], "ExistingS3VPCEndpointId": network["S3VPCEndpoint"],
        "PrivateSubnet1ACIDR": network["PrivateSubnet1ACIDR"], "PrivateSubnet2ACIDR": network["PrivateSubnet2ACIDR"],
        "CreateVPCFlowLogsToCloudWatch": "NO", "CreateVPCFlowLogsRole": "NO", "SeedCodeS3BucketName": s.BUCKET}


def deploy(story, world, stacks):
    """Returns the domain's id."""
    stacks.create(CORE, "core-main.yaml", core_parameters(stacks))
    stacks.count(CORE)
    stacks.outputs(CORE, s.CORE_OUTPUTS)
    stacks.create(ENVIRONMENT, "env-main.yaml", environment_parameters(world, stacks))
    stacks.count(ENVIRONMENT)
    domain = stacks.outputs(ENVIRONMENT, s.ENVIRONMENT_OUTPUTS)["SageMakerDomainId"]
    found = world.client("sagemaker", "dev").describe_domain(DomainId=domain)
    story.expect(found["VpcId"] == stacks.outputs(NETWORK)["VPCID"], f"the domain {domain} stands in the existing {found['VpcId']}")
    return domain
