# SPDX-License-Identifier: MIT
"""sts: temporary credentials of users, of federated users, along chains; what ends them; what a denial of EC2 tells."""
import datetime
import json
import re

import botocore
import botocore.config
import botocore.exceptions
import pytest
import wire
from conftest import shift, trust


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, on="*", **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions, on="*", **more):
    return {"Effect": "Deny", "Action": list(actions), "Resource": on, **more}


def retrust(server, role, *actions, principal=None, profile="dev", **condition):
    server.client("iam", profile).update_assume_role_policy(RoleName=role.name, PolicyDocument=trust(
        *actions, AWS=principal or server.account(profile)["id"], condition=condition))
    return role


def assume(server, arn, keys=None, profile="dev", **kw):
    return server.client("sts", profile, keys=keys).assume_role(RoleArn=arn, **{"RoleSessionName": "test", **kw})


def seconds_left(credentials):
    return (credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


@pytest.fixture
def bucket(server, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    yield name
    s3.delete_bucket_policy(Bucket=name)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)


# ---- GetSessionToken ----

def test_a_users_own_session(server, user):
    u = user(policy(allow("kms:ListKeys")))
    keys = u.client("sts").get_session_token()["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA") and 43100 < seconds_left(keys) <= 43200
    who = server.client("sts", keys=keys).get_caller_identity()
    assert who == {**who, "Arn": u.arn, "UserId": u.client("sts").get_caller_identity()["UserId"]}
    server.client("kms", keys=keys).list_keys()


def test_a_session_token_needs_no_permission(user):
    u = user(policy(deny("*")))
    assert u.client("sts").get_session_token(DurationSeconds=900)["Credentials"]


def test_a_session_token_follows_the_users_policies(server, user, refuses):
    u = user(policy(allow("kms:ListKeys")))
    keys = u.client("sts").get_session_token()["Credentials"]
    server.client("iam").put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=policy(deny("kms:*")))
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        server.client("kms", keys=keys).list_keys()


@pytest.mark.parametrize("bad", [{"DurationSeconds": 899}, {"DurationSeconds": 129601}, {"TokenCode": "12345"},
                                 {"SerialNumber": "short"}])
def test_bad_session_tokens(user, refuses, bad):
    with refuses("ValidationError"):
        user().client("sts").get_session_token(**bad)


def test_no_device_no_code(server, role, user, refuses):
    """Nobody has an MFA device here: no code is the right one, for AssumeRole neither."""
    device = {"SerialNumber": "arn:aws:iam::123456789012:mfa/x", "TokenCode": "123456"}
    with refuses("AccessDenied", "MultiFactorAuthentication failed"):
        user().client("sts").get_session_token(**device)
    with refuses("AccessDenied", "MultiFactorAuthentication failed"):
        assume(server, role(assume=False).arn, **device)


def test_what_a_session_token_is_no_good_for(server, user, role, refuses):
    """IAM User Guide: no IAM without MFA, of STS only AssumeRole and GetCallerIdentity."""
    u = user(policy(allow("*")))
    keys = u.client("sts").get_session_token()["Credentials"]
    sts, iam = server.client("sts", keys=keys), server.client("iam", keys=keys)
    with refuses("InvalidClientTokenId", "The security token included in the request is invalid"):
        iam.list_roles()
    with refuses("InvalidClientTokenId"):
        iam.get_user()
    with refuses("AccessDenied", "Cannot call GetSessionToken with session credentials"):
        sts.get_session_token()
    with refuses("AccessDenied", "Cannot call GetFederationToken with session credentials"):
        sts.get_federation_token(Name="bob")
    with refuses("AccessDenied", "Cannot call DecodeAuthorizationMessage with session credentials"):
        sts.decode_authorization_message(EncodedMessage="x")
    with refuses("AccessDenied", "Cannot call GetAccessKeyInfo with session credentials"):
        sts.get_access_key_info(AccessKeyId=keys["AccessKeyId"])
    got = assume(server, role(assume=False).arn, keys, DurationSeconds=3600)
    assert got["Credentials"], "and no chain of roles begins with it"


def test_roles_sessions_make_no_further_ones(server, role, refuses):
    r = role(policy=policy(allow("*")))
    sts = r.client("sts")
    with refuses("AccessDenied", "Cannot call GetSessionToken with session credentials"):
        sts.get_session_token()
    with refuses("AccessDenied", "Cannot call GetFederationToken with session credentials"):
        sts.get_federation_token(Name="bob")
    assert sts.get_access_key_info(AccessKeyId=r.keys["AccessKeyId"])["Account"] == server.account("dev")["id"]


def test_temporary_credentials_say_so_to_policies(server, user, refuses):
    """aws:TokenIssueTime and aws:MultiFactorAuthPresent: there with temporary credentials, absent with access keys."""
    u = user(policy(allow("kms:ListKeys", Condition={"Null": {"aws:TokenIssueTime": "false"},
                                                     "Bool": {"aws:MultiFactorAuthPresent": "false"}})))
    with refuses("AccessDeniedException"):
        u.client("kms").list_keys()
    server.client("kms", keys=u.client("sts").get_session_token()["Credentials"]).list_keys()
    server.client("iam").put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=policy(
        allow("kms:ListKeys"), deny("*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})))
    with refuses("AccessDeniedException", "explicit deny"):
        u.client("kms").list_keys()


# ---- GetFederationToken ----

def federate(u, name="bob", *statements, **kw):
    if statements:
        kw["Policy"] = policy(*statements)
    return u.client("sts").get_federation_token(Name=name, **kw)


def test_a_federated_user(server, user):
    account = server.account("dev")["id"]
    u = user(policy(allow("*")))
    got = federate(u, "bob", allow("kms:ListKeys"))
    arn = f"arn:aws:sts::{account}:federated-user/bob"
    assert got["FederatedUser"] == {"FederatedUserId": f"{account}:bob", "Arn": arn}
    assert got["PackedPolicySize"] > 0 and 43100 < seconds_left(got["Credentials"]) <= 43200
    who = server.client("sts", keys=got["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["UserId"], who["Account"]) == (arn, f"{account}:bob", account)


def test_federation_needs_permission(server, user, refuses):
    account = server.account("dev")["id"]
    with refuses("AccessDenied", "is not authorized to perform: sts:GetFederationToken on resource: "
                 f"arn:aws:sts::{account}:federated-user/bob because no identity-based policy allows"):
        federate(user())
    only = user(policy(allow("sts:GetFederationToken", on=f"arn:aws:sts::{account}:federated-user/b*")))
    federate(only)
    with refuses("AccessDenied"):
        federate(only, "carol")
    with refuses("AccessDenied", "sts:TagSession"):
        federate(only, Tags=[{"Key": "a", "Value": "b"}])


def test_a_federated_user_has_what_both_allow(server, user, refuses):
    u = user(policy(allow("sts:*", "kms:ListKeys", "ssm:DescribeParameters")))
    keys = federate(u, "bob", allow("kms:ListKeys", "logs:*"))["Credentials"]
    server.client("kms", keys=keys).list_keys()
    with refuses("AccessDeniedException", "no session policy allows the ssm:DescribeParameters action"):
        server.client("ssm", keys=keys).describe_parameters()
    with refuses("AccessDeniedException", "no identity-based policy allows the logs:DescribeLogGroups action"):
        server.client("logs", keys=keys).describe_log_groups()


def test_without_a_policy_a_federated_user_has_nothing(server, user, refuses):
    keys = federate(user(policy(allow("*"))))["Credentials"]
    with refuses("AccessDeniedException", "no session policy allows the kms:ListKeys action"):
        server.client("kms", keys=keys).list_keys()


def test_managed_policies_for_a_federated_user(server, user, name, refuses):
    iam = server.client("iam")
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("kms:ListKeys")))["Policy"]["Arn"]
    try:
        u = user(policy(allow("*")))
        keys = federate(u, PolicyArns=[{"arn": arn}])["Credentials"]
        server.client("kms", keys=keys).list_keys()
        with refuses("AccessDeniedException", "no session policy allows"):
            server.client("kms", keys=keys).list_aliases()
        with refuses("ValidationError", "does not exist or is not attachable"):
            federate(u, PolicyArns=[{"arn": arn + "x"}])
    finally:
        iam.delete_policy(PolicyArn=arn)


def set_bucket_policy(server, bucket, effect, principal, action="s3:GetObject", profile="dev"):
    server.client("s3", profile).put_bucket_policy(Bucket=bucket, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": {"AWS": principal}, "Action": action,
                                                "Resource": f"arn:aws:s3:::{bucket}/*"}]}))


def test_a_resource_may_name_a_federated_user(server, user, bucket, refuses):
    """Policy evaluation logic: what names the federated user grants outright, what names its user stays within the
    session policies."""
    account = server.account("dev")["id"]
    u = user(policy(allow("sts:GetFederationToken")))
    bob, carol = (server.client("s3", keys=federate(u, n)["Credentials"]) for n in ("bob", "carol"))
    with refuses("AccessDenied"):
        bob.get_object(Bucket=bucket, Key="k")
    set_bucket_policy(server, bucket, "Allow", f"arn:aws:sts::{account}:federated-user/bob")
    bob.get_object(Bucket=bucket, Key="k")
    with refuses("AccessDenied"):
        carol.get_object(Bucket=bucket, Key="k")
    set_bucket_policy(server, bucket, "Allow", u.arn)
    with refuses("AccessDenied", "no session policy allows the s3:GetObject action"):
        bob.get_object(Bucket=bucket, Key="k")
    within = server.client("s3", keys=federate(u, "bob", allow("s3:*"))["Credentials"])
    within.get_object(Bucket=bucket, Key="k")


def test_a_resource_may_refuse_federated_users(server, user, bucket, refuses):
    u = user(policy(allow("*")))
    bob = server.client("s3", keys=federate(u, "bob", allow("s3:*"))["Credentials"])
    bob.get_object(Bucket=bucket, Key="k")
    for principal in (f"arn:aws:sts::{server.account('dev')['id']}:federated-user/bob", u.arn):
        set_bucket_policy(server, bucket, "Deny", principal)
        with refuses("AccessDenied", "with an explicit deny in a resource-based policy"):
            bob.get_object(Bucket=bucket, Key="k")


def test_a_federated_user_across_accounts(server, user, name, refuses):
    s3 = server.client("s3", "staging")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    account = server.account("dev")["id"]
    u = user(policy(allow("*")))
    bare, bob = (server.client("s3", keys=federate(u, "bob", *p)["Credentials"]) for p in ([], [allow("s3:*")]))
    try:
        with refuses("AccessDenied", "no resource-based policy allows the s3:GetObject action"):
            bob.get_object(Bucket=name, Key="k")
        set_bucket_policy(server, name, "Allow", f"arn:aws:sts::{account}:federated-user/bob", profile="staging")
        bob.get_object(Bucket=name, Key="k")
        with refuses("AccessDenied", "no session policy allows the s3:GetObject action"):
            bare.get_object(Bucket=name, Key="k")  # rule 12: its own side must allow too
    finally:
        s3.delete_object(Bucket=name, Key="k")
        s3.delete_bucket(Bucket=name)


def test_what_a_federated_user_cannot_call(server, user, role, refuses):
    keys = federate(user(policy(allow("*"))), "bob", allow("*"))["Credentials"]
    sts = server.client("sts", keys=keys)
    with refuses("InvalidClientTokenId", "The security token included in the request is invalid"):
        server.client("iam", keys=keys).list_users()
    for call in ("GetSessionToken", "GetFederationToken", "AssumeRole", "GetAccessKeyInfo", "DecodeAuthorizationMessage"):
        args = {"GetFederationToken": {"Name": "bob"}, "GetAccessKeyInfo": {"AccessKeyId": keys["AccessKeyId"]},
                "AssumeRole": {"RoleArn": role(assume=False).arn, "RoleSessionName": "test"},
                "DecodeAuthorizationMessage": {"EncodedMessage": "x"}}.get(call, {})
        with refuses("AccessDenied", f"Cannot call {call} with session credentials"):
            getattr(sts, re.sub("(?<!^)(?=[A-Z])", "_", call).lower())(**args)


def test_what_policies_know_of_a_federated_user(server, user, refuses):
    account = server.account("dev")["id"]
    u = user(policy(allow("sts:*"), allow("kms:ListKeys", Condition={
        "StringEquals": {"aws:PrincipalType": "FederatedUser", "aws:userid": f"{account}:bob",
                         "aws:PrincipalTag/team": "blue", "aws:PrincipalTag/own": "yes"},
        "ArnEquals": {"aws:PrincipalArn": f"arn:aws:sts::{account}:federated-user/bob"},
        "Null": {"aws:username": "true", "aws:TokenIssueTime": "false"}})))
    server.client("iam").tag_user(UserName=u.name, Tags=[{"Key": "Team", "Value": "red"}, {"Key": "own", "Value": "yes"}])
    made = federate(u, "bob", allow("*"), Tags=[{"Key": "team", "Value": "blue"}])
    server.client("kms", keys=made["Credentials"]).list_keys()
    with refuses("AccessDeniedException", "no identity-based policy allows"):
        server.client("kms", keys=federate(u, "bob", allow("*"))["Credentials"]).list_keys()


@pytest.mark.parametrize("bad,code", [({"Name": "b"}, "ValidationError"), ({"Name": "a b"}, "ValidationError"),
                                      ({"Name": "b" * 33}, "ValidationError"),
                                      ({"Policy": '{"Version":"2012-10-17"}'}, "MalformedPolicyDocument"),
                                      ({"Policy": "x" * 2049}, "ValidationError"),
                                      ({"DurationSeconds": 60}, "ValidationError"),
                                      ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
                                       "InvalidParameterValue"),
                                      ({"Tags": [{"Key": "aws:a", "Value": "1"}]}, "InvalidParameterValue"),
                                      ({"Tags": [{"Key": "a!", "Value": "1"}]}, "ValidationError"),
                                      ({"Tags": [{"Key": "a", "Value": "<"}]}, "ValidationError"),
                                      ({"Tags": [{"Key": f"k{i}", "Value": ""} for i in range(51)]}, "ValidationError")])
def test_bad_federation(server, refuses, bad, code):
    with refuses(code):
        server.client("sts").get_federation_token(**{"Name": "bob", **bad})


# ---- what ends sessions ----

@pytest.mark.parametrize("ending", ["inactive", "key deleted", "user deleted", "user made again"])
def test_a_users_sessions_end_with_its_key(server, name, ending, refuses):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("*")))
    sts = server.client("sts", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    made = [sts.get_session_token()["Credentials"],
            sts.get_federation_token(Name="bob", Policy=policy(allow("kms:*")))["Credentials"]]
    for k in made:
        server.client("kms", keys=k).list_keys()
    if ending == "inactive":
        iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    else:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    if ending.startswith("user"):
        iam.delete_user_policy(UserName=name, PolicyName="p")
        iam.delete_user(UserName=name)
    if ending.endswith("again"):
        iam.create_user(UserName=name)
        iam.create_access_key(UserName=name)
    for k in made:
        with refuses("UnrecognizedClientException"):
            server.client("kms", keys=k).list_keys()
    if ending == "inactive":  # and is back with it
        iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Active")
        for k in made:
            server.client("kms", keys=k).list_keys()
    for k in iam.list_access_keys(UserName=name)["AccessKeyMetadata"] if "user deleted" != ending else []:
        iam.delete_access_key(UserName=name, AccessKeyId=k["AccessKeyId"])
    if ending in ("inactive", "key deleted"):
        iam.delete_user_policy(UserName=name, PolicyName="p")
    if ending != "user deleted":
        iam.delete_user(UserName=name)


def test_a_roles_sessions_end_with_it(server, name, refuses):
    """Also when another role is made under the old name, with the same rights."""
    iam, account = server.client("iam"), server.account("dev")["id"]

    def make():
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=account))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(allow("kms:*")))
        return arn

    def unmake():
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)

    old = server.client("kms", keys=assume(server, make())["Credentials"])
    old.list_keys()
    unmake()
    with refuses("UnrecognizedClientException"):
        old.list_keys()
    new = server.client("kms", keys=assume(server, make())["Credentials"])
    try:
        new.list_keys()
        with refuses("UnrecognizedClientException"):
            old.list_keys()
    finally:
        unmake()


def test_revoked_older_sessions(server, role, refuses):
    """AWSRevokeOlderSessions, as IAM's console writes it: who came before is out, who comes after is in."""
    r = role(policy=policy(allow("kms:ListKeys")))
    old = r.client("kms")
    old.list_keys()
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    server.client("iam").put_role_policy(RoleName=r.name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=policy(
        deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}})))
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        old.list_keys()
    while datetime.datetime.now(datetime.timezone.utc) <= when + datetime.timedelta(seconds=1):
        pass
    server.client("kms", keys=assume(server, r.arn)["Credentials"]).list_keys()
    with refuses("AccessDeniedException"):
        old.list_keys()


def test_a_users_older_sessions_can_be_revoked_too(server, user, refuses):
    u = user(policy(allow("kms:ListKeys")))
    keys = u.client("sts").get_session_token()["Credentials"]
    server.client("iam").put_user_policy(UserName=u.name, PolicyName="q", PolicyDocument=policy(
        deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}})))
    with refuses("AccessDeniedException", "explicit deny"):
        server.client("kms", keys=keys).list_keys()
    u.client("kms").list_keys()  # the key itself has no such time


def test_the_longest_session(own_server):
    """36 hours, and not longer. (That the keys of its token are kept so long: tests/unit/vault/serve.c.)"""
    server = own_server
    keys = server.client("sts").get_session_token(DurationSeconds=129600)["Credentials"]
    k = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    for hours, ok in ((0, True), (24, True), (35.99, True), (36.01, False), (24 * 5, False)):
        shift(server, int(hours * 3600))
        a = wire.send(server, wire.sign(server, k, at=int(hours * 3600)))
        assert (a.status == 200) == ok, (hours, a.text)
        if not ok:
            assert a.code in ("ExpiredToken", "InvalidClientTokenId"), a.text
    fresh = server.account("dev")
    a = wire.send(server, wire.sign(server, (fresh["access_key_id"], fresh["secret_access_key"]), at=24 * 5 * 3600))
    assert a.status == 200, a.text


# ---- AssumeRole, to the detail ----

@pytest.mark.parametrize("field,bad", [("RoleSessionName", "a/b"), ("RoleSessionName", "a" * 65), ("RoleSessionName", "ä" * 3),
                                       ("ExternalId", "a b"), ("ExternalId", "x"), ("SourceIdentity", "a/b"),
                                       ("SourceIdentity", "aws:alice"), ("DurationSeconds", 43201), ("TokenCode", "1234567"),
                                       ("Tags", [{"Key": "", "Value": "x"}]), ("Tags", [{"Key": "k" * 129, "Value": "x"}]),
                                       ("Tags", [{"Key": "k", "Value": "x" * 257}]),
                                       ("PolicyArns", [{"arn": "arn:aws:iam::aws:policy/none-such"}])])
def test_bad_requests_for_a_role(server, role, refuses, field, bad):
    r = retrust(server, role(assume=False), "sts:*")
    with refuses("ValidationError"):
        assume(server, r.arn, **{field: bad})


@pytest.mark.parametrize("name", ["ab", "a" * 64, "A_z+0=1,2.3@4-5"])
def test_good_session_names(server, role, name):
    who = assume(server, role(assume=False).arn, RoleSessionName=name)["AssumedRoleUser"]
    assert who["Arn"].endswith("/" + name) and who["AssumedRoleId"].endswith(":" + name)


def test_packed_policies_and_tags(server, role, refuses):
    r = retrust(server, role(assume=False), "sts:AssumeRole", "sts:TagSession")
    assert "PackedPolicySize" not in assume(server, r.arn)
    small = assume(server, r.arn, Policy=policy(allow("s3:*")))["PackedPolicySize"]
    padded = assume(server, r.arn, Policy=policy(allow("s3:*")).replace(" ", "  " * 40))["PackedPolicySize"]
    assert 0 < small == padded <= 100, "blanks are not kept"
    tags = [{"Key": f"key-{i}", "Value": "v" * 90} for i in range(50)]
    with refuses("PackedPolicyTooLarge", "% of allotted space"):
        assume(server, r.arn, Tags=tags)
    got = assume(server, r.arn, Tags=tags[:30], Policy=policy(allow("s3:*")))
    assert small < got["PackedPolicySize"] <= 100
    long = policy(allow("s3:*", on=["arn:aws:s3:::" + "b" * 50] * 28))
    assert len(long) <= 2048
    with refuses("PackedPolicyTooLarge", "please use smaller policy"):
        assume(server, r.arn, Policy=long, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}] * 8)


def test_fifty_tags_along_a_chain(server, role, refuses):
    first = retrust(server, role(policy=policy(allow("sts:*")), assume=False), "sts:AssumeRole", "sts:TagSession")
    last = retrust(server, role(assume=False), "sts:AssumeRole", "sts:TagSession")
    tags = [{"Key": f"k{i}", "Value": ""} for i in range(50)]
    keys = assume(server, first.arn, Tags=tags, TransitiveTagKeys=[t["Key"] for t in tags])["Credentials"]
    assert assume(server, last.arn, keys)["Credentials"]
    with refuses("InvalidParameterValue", "at most 50 tags"):
        assume(server, last.arn, keys, Tags=[{"Key": "more", "Value": ""}])


def test_what_is_passed_on_needs_permission_again(server, role, refuses):
    """The next role must let tags and source identity in, though the call itself sets none."""
    first = retrust(server, role(policy=policy(allow("sts:*")), assume=False), "sts:*")
    plain = role(assume=False)
    tagged = assume(server, first.arn, Tags=[{"Key": "team", "Value": "blue"}], TransitiveTagKeys=["team"])["Credentials"]
    with refuses("AccessDenied", "no role trust policy allows the sts:TagSession action"):
        assume(server, plain.arn, tagged)
    named = assume(server, first.arn, SourceIdentity="alice")["Credentials"]
    with refuses("AccessDenied", "no role trust policy allows the sts:SetSourceIdentity action"):
        assume(server, plain.arn, named)
    retrust(server, plain, "sts:AssumeRole", "sts:SetSourceIdentity", StringEquals={"sts:SourceIdentity": "alice"})
    got = assume(server, plain.arn, named)
    assert got["SourceIdentity"] == "alice"
    other = assume(server, first.arn, SourceIdentity="bob")["Credentials"]
    with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
        assume(server, plain.arn, other)


@pytest.mark.parametrize("condition,good,bad", [
    ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, {"RoleSessionName": "admin"}, {"RoleSessionName": "other"}),
    ({"StringEquals": {"sts:ExternalId": "a:b/c"}}, {"ExternalId": "a:b/c"}, {"ExternalId": "a:b/d"}),
    ({"StringEquals": {"sts:SourceIdentity": "alice"}}, {"SourceIdentity": "alice"}, {"SourceIdentity": "bob"}),
    ({"StringEquals": {"aws:RequestTag/team": "blue"}}, {"Tags": [{"Key": "team", "Value": "blue"}]},
     {"Tags": [{"Key": "team", "Value": "red"}]}),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, {"Tags": [{"Key": "team", "Value": "blue"}]},
     {"Tags": [{"Key": "other", "Value": "blue"}]}),
    ({"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["a"]}},
     {"Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": ""}], "TransitiveTagKeys": ["a"]},
     {"Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": ""}], "TransitiveTagKeys": ["a", "b"]}),
    ({"StringEquals": {"aws:ResourceTag/open": "yes"}}, {}, None),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/admin"}}, {}, None),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, None, {}),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, None, {}),
    ({"StringEquals": {"aws:PrincipalType": "User"}}, {}, None),
    ({"Null": {"sts:ExternalId": "true"}}, {}, {"ExternalId": "xy"}),
])
def test_conditions_of_trust_policies(server, role, refuses, condition, good, bad):
    r = role(assume=False)
    server.client("iam").tag_role(RoleName=r.name, Tags=[{"Key": "open", "Value": "yes"}])
    retrust(server, r, "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", **condition)
    if good is not None:
        assert assume(server, r.arn, **good)["Credentials"]
    if bad is not None:
        with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
            assume(server, r.arn, **bad)


def test_denials_of_becoming_a_role_by_kind_of_policy(server, role, user, name, refuses):
    """Trust, identity, boundary, session: each is named, also into another account."""
    iam, dev = server.client("iam"), server.account("dev")["id"]
    theirs = role(trust=f"arn:aws:iam::{dev}:root", profile="staging", assume=False)
    u = user(policy(allow("sts:AssumeRole")))
    u.client("sts").assume_role(RoleArn=theirs.arn, RoleSessionName="test")
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("kms:*")))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=boundary)
    try:
        with refuses("AccessDenied", "because no permissions boundary allows the sts:AssumeRole action"):
            u.client("sts").assume_role(RoleArn=theirs.arn, RoleSessionName="test")
    finally:
        iam.delete_user_permissions_boundary(UserName=u.name)
        iam.delete_policy(PolicyArn=boundary)
    r = role(policy=policy(allow("sts:AssumeRole")), Policy=policy(allow("kms:*")))
    with refuses("AccessDenied", "because no session policy allows the sts:AssumeRole action"):
        assume(server, theirs.arn, r.keys)
    iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=policy(
        allow("sts:AssumeRole"), deny("sts:AssumeRole", on=theirs.arn)))
    with refuses("AccessDenied", "with an explicit deny in an identity-based policy"):
        u.client("sts").assume_role(RoleArn=theirs.arn, RoleSessionName="test")


# ---- the rest of sts ----

def test_whose_key(server, user, refuses):
    for profile, a in server.accounts.items():
        assert server.client("sts").get_access_key_info(AccessKeyId=a["access_key_id"])["Account"] == a["id"]
    for bad in ("AKIA000000000000000!", "XKIAIOSFODNN7EXAMPLE", "short"):
        with refuses("ValidationError"):
            server.client("sts").get_access_key_info(AccessKeyId=bad)
    with refuses("AccessDenied", "because no identity-based policy allows the sts:GetAccessKeyInfo action"):
        user().client("sts").get_access_key_info(AccessKeyId=server.account("dev")["access_key_id"])


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2"])
def test_sts_in_each_region(server, role, region, refuses):
    config = botocore.config.Config(region_name=region)
    r = role(policy=policy(allow("sts:AssumeRole", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})))
    assert r.client("sts", config=config).get_caller_identity()["Account"] == server.account("dev")["id"]
    target = role(assume=False)
    sts = r.client("sts", config=config)
    if region == "eu-west-1":
        keys = sts.assume_role(RoleArn=target.arn, RoleSessionName="test")["Credentials"]
        server.client("sts", keys=keys, config=config).get_caller_identity()
    else:
        with refuses("AccessDenied", "because no identity-based policy allows the sts:AssumeRole action"):
            sts.assume_role(RoleArn=target.arn, RoleSessionName="test")


@pytest.mark.parametrize("host", ["sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.eu-central-1.amazonaws.com"])
def test_sts_by_its_real_names(server, host):
    """The global name and the regional ones lead to the same service."""
    region = "us-east-1" if host.count(".") == 2 else host.split(".")[1]
    a = wire.send(server, wire.sign(server, wire.of(server), headers={"Host": host}, region=region))
    assert a.status == 200 and server.account("dev")["id"] in a.text, a.text


def test_unsigned_ways_to_a_role_are_judged(server, role, refuses):
    """No identity provider can be registered: nobody is trusted through one, and is told so."""
    r = role(assume=False)
    server.client("iam").update_assume_role_policy(RoleName=r.name, PolicyDocument=policy({
        "Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]}))
    sts = server.client("sts", config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    with refuses("AccessDenied", "not authorized to perform: sts:AssumeRoleWithWebIdentity",
                 "no role trust policy allows"):
        sts.assume_role_with_web_identity(RoleArn=r.arn, RoleSessionName="test", WebIdentityToken="a.b.c")
    with refuses("AccessDenied", "not authorized to perform: sts:AssumeRoleWithSAML"):
        sts.assume_role_with_saml(RoleArn=r.arn, PrincipalArn=r.arn, SAMLAssertion="PHg+")
    with refuses("MissingAuthenticationToken"):
        sts.get_caller_identity()


def test_what_is_not_built_says_so(server, user, refuses):
    args = {"TargetPrincipal": server.account("staging")["id"],
            "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}}
    with refuses("AccessDenied", "because no identity-based policy allows the sts:AssumeRoot action"):
        user().client("sts").assume_root(**args)
    with refuses("NotImplemented", "sts AssumeRoot is known to Barmkin but not built"):
        server.client("sts").assume_root(**args)
    with refuses("NotImplemented", "GetWebIdentityToken"):
        server.client("sts").get_web_identity_token(Audience=["x"], SigningAlgorithm="RS256")
    with refuses("NotImplemented", "GetDelegatedAccessToken"):
        server.client("sts").get_delegated_access_token(TradeInToken="x")


# ---- EC2's encoded denials (rule 45) ----

MESSAGE = re.compile(r"You are not authorized to perform this operation\. (User: .*)\. "
                     r"Encoded authorization failure message: ([A-Za-z0-9_-]+)")


def denial(call, **kw):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**kw)
    error, status = caught.value.response["Error"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (error["Code"], status) == ("UnauthorizedOperation", 403), error
    said = MESSAGE.fullmatch(error["Message"])
    assert said, error["Message"]
    return said.groups()


def decoded(server, token, **kw):
    return json.loads(server.client("sts", **kw).decode_authorization_message(EncodedMessage=token)["DecodedMessage"])


def test_an_encoded_denial_for_want_of_an_allow(server, user):
    u = user(policy(allow("ec2:CreateVpc", Condition={"StringEquals": {"aws:RequestTag/team": "blue"}})))
    text, token = denial(u.client("ec2").create_vpc, CidrBlock="10.9.0.0/16")
    account = server.account("dev")["id"]
    assert text == (f"User: {u.arn} is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:us-east-1:{account}"
                    ":vpc/* because no identity-based policy allows the ec2:CreateVpc action")
    got = decoded(server, token)
    assert (got["allowed"], got["explicitDeny"]) == (False, False)
    assert got["matchedStatements"] == got["failures"] == {"items": []}
    context = got["context"]
    user_id = u.client("sts").get_caller_identity()["UserId"]
    assert context["principal"] == {"id": user_id, "arn": u.arn}
    assert (context["action"], context["resource"]) == ("ec2:CreateVpc", f"arn:aws:ec2:us-east-1:{account}:vpc/*")
    keys = {i["key"]: [v["value"] for v in i["values"]["items"]] for i in context["conditions"]["items"]}
    assert keys["aws:RequestedRegion"] == ["us-east-1"] and keys["aws:username"] == [u.name]


def test_an_encoded_denial_by_a_statement(server, role):
    r = role(policy=policy(allow("ec2:*"), deny("ec2:CreateVpc", "ec2:DeleteVpc", Sid="NoVpcs", Condition={
        "StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-east-2"]}})))
    text, token = denial(r.client("ec2").create_vpc, CidrBlock="10.9.0.0/16")
    assert text.endswith("with an explicit deny in an identity-based policy")
    got = decoded(server, token)
    assert (got["allowed"], got["explicitDeny"]) == (False, True)
    (statement,) = got["matchedStatements"]["items"]
    assert (statement["statementId"], statement["effect"]) == ("NoVpcs", "DENY")
    assert statement["actions"] == {"items": [{"value": "ec2:CreateVpc"}, {"value": "ec2:DeleteVpc"}]}
    assert statement["resources"] == {"items": [{"value": "*"}]}
    assert statement["conditions"] == {"items": [{"key": "aws:RequestedRegion", "values": {"items": [
        {"value": "us-east-1"}, {"value": "us-east-2"}]}}]}
    assert statement["principals"]["items"][0]["value"] == got["context"]["principal"]["id"].split(":")[0]


def test_who_may_decode(server, user, role, refuses):
    _, token = denial(user().client("ec2").create_vpc, CidrBlock="10.9.0.0/16")
    with refuses("AccessDenied", "because no identity-based policy allows the sts:DecodeAuthorizationMessage action"):
        user().client("sts").decode_authorization_message(EncodedMessage=token)
    may = role(policy=policy(allow("sts:DecodeAuthorizationMessage")))
    assert decoded(server, token, keys=may.keys)["allowed"] is False
    with refuses("InvalidAuthorizationMessageException"):
        decoded(server, token, profile="staging")


def test_messages_that_are_none(server, user, refuses):
    _, token = denial(user().client("ec2").create_vpc, CidrBlock="10.9.0.0/16")
    bent = [token[:-1], token + "A", token[:40] + ("A" if token[40] != "A" else "B") + token[41:], "x", "=", "ä",
            server.client("sts").get_session_token()["Credentials"]["SessionToken"].rstrip("=")]
    for bad in bent:
        with refuses("InvalidAuthorizationMessageException"):
            decoded(server, bad)
    for bad in ("", "A" * 10241):
        with refuses("ValidationError"):
            decoded(server, bad)


def test_a_large_denial_still_fits(server, user):
    """Tags of a request are its context: what is too much is left out, the rest can be decoded."""
    u = user()
    tags = [{"Key": f"{i:02}" + "k" * 100, "Value": "v" * 250} for i in range(50)]
    _, token = denial(u.client("ec2").create_vpc, CidrBlock="10.9.0.0/16",
                      TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    assert len(token) <= 10240
    got = decoded(server, token)
    assert got["allowed"] is False and got["context"]["action"] == "ec2:CreateVpc"
