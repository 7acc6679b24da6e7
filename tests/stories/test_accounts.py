# SPDX-License-Identifier: MIT
"""Who may cross from one account into another."""
import json


def test_deployment_role(server, role, document, refuses):
    """Dev deploys into staging only as the role that staging's trust policy opens to dev."""
    dev = server.account("dev")["id"]
    deployer = role(profile="staging", trust=f"arn:aws:iam::{dev}:root", assume=False,
                    policy=document(Action="iam:GetRole"))
    keys = server.client("sts", "dev").assume_role(RoleArn=deployer.arn, RoleSessionName="deploy")["Credentials"]
    assert server.client("sts", keys=keys).get_caller_identity()["Account"] == server.account("staging")["id"]
    with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
        server.client("sts", "prod").assume_role(RoleArn=deployer.arn, RoleSessionName="deploy")
    with refuses("AccessDenied", "no identity-based policy allows the iam:CreateUser action"):
        server.client("iam", keys=keys).create_user(UserName="intruder")


def test_role_made_anew(server, role, refuses, name):
    """A role that was deleted and made again under its old name is another role: old trust does not hold for it."""
    iam, sts = server.client("iam", "dev"), server.client("sts", "dev")
    trusted = role(name=name, policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}))
    target = role(profile="staging", trust=trusted.arn, assume=False)
    trusted.client("sts").assume_role(RoleArn=target.arn, RoleSessionName="first")
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)
    with refuses("InvalidClientTokenId"):
        trusted.client("sts").get_caller_identity()
    again = role(name=name, policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}))
    assert sts.get_caller_identity()
    with refuses("AccessDenied", "no role trust policy allows"):
        again.client("sts").assume_role(RoleArn=target.arn, RoleSessionName="second")


def test_fresh_account(server, refuses):
    """`account create --replace` leaves nothing of the account that had the name."""
    server.fresh_account("scratch")
    server.client("iam", "scratch").create_user(UserName="remains")
    old = dict(server.account("scratch"))
    server.fresh_account("scratch")
    assert [u["UserName"] for u in server.client("iam", "scratch").list_users()["Users"]] == ["admin"]
    with refuses("InvalidClientTokenId"):
        server.client("sts", keys=(old["access_key_id"], old["secret_access_key"])).get_caller_identity()


def test_every_denial_explains_itself(server, user):
    """Every denial names its policy type, and explain shows each layer's verdict and the one that decided."""
    import botocore.exceptions
    u = user()
    try:
        u.client("kms").list_keys()
        raise AssertionError("a user without policies was let in")
    except botocore.exceptions.ClientError as e:
        assert "because no identity-based policy allows the kms:ListKeys action" in e.response["Error"]["Message"]
        request = e.response["ResponseMetadata"]["RequestId"]
    told = server.barmkin("explain", request, fine=(0, 3))
    for layer in ("service control policies", "VPC endpoint policy", "resource-based policy", "-> identity-based policies",
                  "permissions boundary", "session policies"):
        assert layer in told, told
