# SPDX-License-Identifier: MIT
"""sts: who am I, and becoming somebody else."""
import datetime
import json

import pytest
from conftest import trust


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


# ---- sessions: length, policies, tags, source identity ----

def assume(server, arn, keys=None, profile="dev", **kw):
    return server.client("sts", profile, keys=keys).assume_role(RoleArn=arn, **{"RoleSessionName": "test", **kw})


@pytest.fixture
def tagged(server, role):
    """A role whose sessions may carry tags and a source identity."""
    r = role(assume=False)
    server.client("iam").update_assume_role_policy(RoleName=r.name, PolicyDocument=trust(
        "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", AWS=server.account("dev")["id"]))
    return r


def test_no_more_than_the_roles_maximum(server, role, refuses):
    r = role(assume=False)
    with refuses("ValidationError", "exceeds the MaxSessionDuration set for this role"):
        assume(server, r.arn, DurationSeconds=3601)
    server.client("iam").update_role(RoleName=r.name, MaxSessionDuration=7200)
    expires = assume(server, r.arn, DurationSeconds=7200)["Credentials"]["Expiration"]
    left = (expires - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 7100 < left <= 7200


def test_a_chain_lasts_an_hour(server, role, document, refuses):
    first = role(policy=document(Action="sts:AssumeRole"))
    second = role(assume=False)
    server.client("iam").update_role(RoleName=second.name, MaxSessionDuration=7200)
    with refuses("ValidationError", "1 hour session limit for roles assumed by role chaining"):
        assume(server, second.arn, first.keys, DurationSeconds=3601)
    assert assume(server, second.arn, first.keys, DurationSeconds=3600)["Credentials"]


def test_policy_arns_limit(server, role, document, refuses, name):
    iam = server.client("iam")
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="iam:ListRoles"))["Policy"]["Arn"]
    try:
        r = role(policy=document(Action="iam:*"), PolicyArns=[{"arn": arn}])
        c = r.client("iam")
        c.list_roles()
        with refuses("AccessDenied", "because no session policy allows the iam:ListUsers action"):
            c.list_users()
        made = assume(server, r.arn, PolicyArns=[{"arn": arn}], Policy=document(Action="iam:ListUsers"))
        both = server.client("iam", keys=made["Credentials"])  # several are a union
        both.list_roles(), both.list_users()
        assert made["PackedPolicySize"] > 0
        with refuses("AccessDenied"):
            both.list_policies()
        with refuses("ValidationError", "does not exist or is not attachable"):
            assume(server, r.arn, PolicyArns=[{"arn": arn + "x"}])
    finally:
        iam.delete_policy(PolicyArn=arn)
    with refuses("AccessDenied", "because no session policy allows the iam:ListRoles action"):
        c.list_roles()  # what is gone allows nothing


def test_session_policies_that_are_none(server, role, document, refuses):
    r = role(assume=False)
    with refuses("MalformedPolicyDocument"):
        assume(server, r.arn, Policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}')
    with refuses("ValidationError"):
        assume(server, r.arn, Policy=document(Action="iam:*", Sid="A" * 2048))


def test_an_external_id(server, role, refuses):
    r = role(assume=False)
    server.client("iam").update_assume_role_policy(RoleName=r.name, PolicyDocument=trust(
        AWS=server.account("dev")["id"], condition={"StringEquals": {"sts:ExternalId": "secret"}}))
    with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
        assume(server, r.arn)
    with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
        assume(server, r.arn, ExternalId="Secret")
    assert assume(server, r.arn, ExternalId="secret")["Credentials"]


def test_session_tags_need_their_own_permission(server, role, tagged, refuses):
    with refuses("AccessDenied", "no role trust policy allows the sts:TagSession action"):
        assume(server, role(assume=False).arn, Tags=[{"Key": "team", "Value": "blue"}])
    assert assume(server, tagged.arn, Tags=[{"Key": "team", "Value": "blue"}])["Credentials"]


def test_session_tags_lie_over_the_roles_own(server, tagged, refuses):
    iam = server.client("iam")
    iam.tag_role(RoleName=tagged.name, Tags=[{"Key": "team", "Value": "red"}, {"Key": "own", "Value": "yes"}])
    iam.put_role_policy(RoleName=tagged.name, PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*", "Condition": {
            "StringEquals": {"aws:PrincipalTag/team": "blue", "aws:PrincipalTag/own": "yes"}}}]}))
    with refuses("AccessDenied"):
        server.client("iam", keys=assume(server, tagged.arn)["Credentials"]).list_roles()
    keys = assume(server, tagged.arn, Tags=[{"Key": "Team", "Value": "blue"}])["Credentials"]
    server.client("iam", keys=keys).list_roles()


def test_transitive_tags_go_on_and_stay(server, role, tagged, document, refuses):
    iam, account = server.client("iam"), server.account("dev")["id"]
    iam.put_role_policy(RoleName=tagged.name, PolicyName="p", PolicyDocument=document(Action="sts:*"))
    first = assume(server, tagged.arn, Tags=[{"Key": "team", "Value": "blue"}, {"Key": "other", "Value": "x"}],
                   TransitiveTagKeys=["team"])["Credentials"]
    last = role(policy=document(Action="iam:ListRoles", Condition={
        "StringEquals": {"aws:PrincipalTag/team": "blue"}, "Null": {"aws:PrincipalTag/other": "true"}}), assume=False)
    iam.update_assume_role_policy(RoleName=last.name, PolicyDocument=trust("sts:AssumeRole", "sts:TagSession", AWS=account))
    server.client("iam", keys=assume(server, last.arn, first)["Credentials"]).list_roles()
    with refuses("InvalidParameterValue", "conflicts with a transitive tag key from the calling session"):
        assume(server, last.arn, first, Tags=[{"Key": "Team", "Value": "red"}])
    with refuses("InvalidParameterValue", "must be included in the requested tags"):
        assume(server, last.arn, first, Tags=[{"Key": "a", "Value": "b"}], TransitiveTagKeys=["c"])
    with refuses("InvalidParameterValue", "Duplicate tag keys"):
        assume(server, tagged.arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "A", "Value": "c"}])


def test_a_source_identity_lasts(server, role, tagged, document, refuses):
    iam, account = server.client("iam"), server.account("dev")["id"]
    iam.put_role_policy(RoleName=tagged.name, PolicyName="p", PolicyDocument=document(Action="sts:*"))
    got = assume(server, tagged.arn, SourceIdentity="alice")
    assert got["SourceIdentity"] == "alice"
    last = role(policy=document(Action="iam:ListRoles", Condition={"StringEquals": {"aws:SourceIdentity": "alice"}}),
                assume=False)
    iam.update_assume_role_policy(RoleName=last.name, PolicyDocument=trust(
        "sts:AssumeRole", "sts:SetSourceIdentity", AWS=account))
    server.client("iam", keys=assume(server, last.arn, got["Credentials"])["Credentials"]).list_roles()
    with refuses("AccessDenied", "another source identity"):
        assume(server, last.arn, got["Credentials"], SourceIdentity="bob")
    with refuses("AccessDenied", "no role trust policy allows the sts:SetSourceIdentity action"):
        assume(server, role(assume=False).arn, SourceIdentity="alice")


@pytest.mark.parametrize("arn", ["arn:aws:iam::{}:user/x", "arn:aws:s3:::bucket/role/x", "not-an-arn-but-long-enough",
                                 "arn:aws:iam::12:role/xxxxxxxx"])
def test_arns_that_name_no_role(server, arn, refuses):
    with refuses("ValidationError"):
        assume(server, arn.format(server.account("dev")["id"]))


def test_a_role_that_is_not_there_looks_like_one_that_does_not_trust(server, refuses):
    account = server.account("staging")["id"]
    with refuses("AccessDenied", "sts:AssumeRole"):
        assume(server, f"arn:aws:iam::{account}:role/nobody")


def test_both_sides_across_accounts(server, role, user, document, refuses):
    """Rule 11: the trust policy and the caller's own policy, each alone is not enough."""
    dev = server.account("dev")["id"]
    r = role(trust=f"arn:aws:iam::{dev}:root", profile="staging", assume=False)
    u = user()
    with refuses("AccessDenied", "because no identity-based policy allows the sts:AssumeRole action"):
        u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")
    allowed = user(policy=document(Action="sts:AssumeRole"))
    allowed.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")
    server.client("iam", "staging").update_assume_role_policy(RoleName=r.name, PolicyDocument=trust(AWS=server.account("prod")["id"]))
    with refuses("AccessDenied", "because no role trust policy allows the sts:AssumeRole action"):
        allowed.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")
    named = role(trust=u.arn, profile="staging", assume=False)  # named directly, still from another account
    with refuses("AccessDenied", "because no identity-based policy allows the sts:AssumeRole action"):
        u.client("sts").assume_role(RoleArn=named.arn, RoleSessionName="test")


def test_named_directly_in_ones_own_account_is_enough(role, user):
    u = user()
    u.client("sts").assume_role(RoleArn=role(trust=u.arn, assume=False).arn, RoleSessionName="test")


def test_a_deny_in_the_trust_policy(server, role, refuses):
    r, account = role(assume=False), server.account("dev")["id"]
    server.client("iam").update_assume_role_policy(RoleName=r.name, PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "Principal": {"AWS": account}, "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"sts:RoleSessionName": "evil"}}}]}))
    assume(server, r.arn)
    with refuses("AccessDenied", "with an explicit deny in the role trust policy"):
        assume(server, r.arn, RoleSessionName="evil")


def test_identity_needs_no_permission(user, document):
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "*", "Resource": "*"}]}))
    assert u.client("sts").get_caller_identity()["Arn"] == u.arn
