# SPDX-License-Identifier: MIT
"""sts: who am I, and becoming somebody else."""
import pytest


def test_caller_identity_of_each_account(server):
    for profile, a in server.accounts.items():
        who = server.client("sts", profile).get_caller_identity()
        assert who["Account"] == a["id"]
        assert who["Arn"].startswith(f"arn:aws:iam::{a['id']}:user/")


def test_caller_identity_of_a_session(role):
    r = role()
    who = r.client("sts").get_caller_identity()
    assert who["Arn"] == r.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/test"


def test_wrong_secret(server, refuses):
    a = server.account("dev")
    keys = (a["access_key_id"], "x" * 40)
    with refuses("SignatureDoesNotMatch"):
        server.client("sts", keys=keys).get_caller_identity()


def test_unknown_key(server, refuses):
    with refuses("InvalidClientTokenId"):
        server.client("sts", keys=("AKIAIOSFODNN7EXAMPLE", "x" * 40)).get_caller_identity()


def test_assume_role_across_accounts(server, role, refuses):
    dev = server.account("dev")["id"]
    r = role(trust=f"arn:aws:iam::{dev}:root", profile="staging", assume=False)
    keys = server.client("sts", "dev").assume_role(RoleArn=r.arn, RoleSessionName="test")["Credentials"]
    who = server.client("sts", keys=keys).get_caller_identity()
    assert who["Account"] == server.account("staging")["id"]
    with refuses("AccessDenied", "is not authorized to perform: sts:AssumeRole"):
        server.client("sts", "prod").assume_role(RoleArn=r.arn, RoleSessionName="test")


def test_assume_role_needs_the_callers_policy(server, role, user, refuses):
    r = role(assume=False)
    u = user()
    with refuses("AccessDenied", "no identity-based policy allows the sts:AssumeRole action"):
        u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")


def test_session_policy_limits(role, document, refuses):
    r = role(policy=document(Action="iam:*"), Policy=document(Action="iam:ListRoles"))
    r.client("iam").list_roles()
    with refuses("AccessDenied", "no session policy allows the iam:ListUsers action"):
        r.client("iam").list_users()


@pytest.mark.parametrize("bad", [{"RoleSessionName": "x"}, {"RoleSessionName": "a b"}, {"DurationSeconds": 60}])
def test_bad_input(server, role, refuses, bad):
    r = role(assume=False)
    args = {"RoleArn": r.arn, "RoleSessionName": "fine", **bad}
    with refuses("ValidationError"):
        server.client("sts").assume_role(**args)
