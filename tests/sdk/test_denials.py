# SPDX-License-Identifier: MIT
"""Every kind of policy that can deny, met by a real request, and what `barmkin explain` then says: the layer, the deciding
statement, or for want of an allow the nearest one and what failed it."""
import subprocess

import botocore.exceptions
import conftest
import pytest
from conftest import document
from test_guardrails import law, org, rcps, root, tree  # noqa: F401  (fixtures)
from test_network import Vpc

TITLES = {"scp": "service control policies", "rcp": "resource control policies", "vpce": "VPC endpoint policy",
          "resource": "resource-based policy", "trust": "role trust policy", "identity": "identity-based policies",
          "boundary": "permissions boundary", "session": "session policies"}


def request_of(ask, **kw):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        ask(**kw)
    return caught.value.response["ResponseMetadata"]["RequestId"]


def explained(server, request, by, decision, sid, **layer):
    """The judgement that denied; both forms name the layer and the statement."""
    said = server.explain(request)
    assert (said["by"], said["decision"]) == (by, decision)
    j = next(x for x in said["call"]["judgements"] if x["decision"] != "Allowed")
    mine = next(x for x in j["layers"] if x["layer"] == by)
    assert mine["verdict"] == decision and mine["sid"] == j["sid"] == sid
    for key, value in layer.items():
        assert mine[key] == value
    shown = subprocess.run([conftest.BARMKIN, "explain", "--state", server.state, request], capture_output=True, text=True,
                           timeout=60)
    assert shown.returncode == 3 and f"-> {TITLES[by]}" in shown.stdout and f'"{sid}", statement' in shown.stdout
    return j


def statement(effect, sid, action, **more):
    return {"Sid": sid, "Effect": effect, "Action": action, "Resource": "*", **more}


ALL = statement("Allow", "All", "*")
MISSED = [{"element": "Action", "wanted": "iam:ListUsers", "actual": "iam:ListRoles"}]


def test_identity(server, user):
    u = user(policy=document(ALL, statement("Deny", "No", "iam:ListRoles")))
    explained(server, request_of(u.client("iam").list_roles), "identity", "ExplicitlyDenied", "No")
    u = user(policy=document(statement("Allow", "Near", "iam:ListUsers")))
    explained(server, request_of(u.client("iam").list_roles), "identity", "ImplicitlyDenied", "Near", missed=MISSED)


def test_boundary(server, user, name):
    iam = server.client("iam")
    for n, (decision, limits) in enumerate((("ExplicitlyDenied", [ALL, statement("Deny", "B", "iam:ListRoles")]),
                                            ("ImplicitlyDenied", [statement("Allow", "B", "iam:ListUsers")]))):
        arn = iam.create_policy(PolicyName=f"{name}-{n}", PolicyDocument=document(*limits))["Policy"]["Arn"]
        u = user(policy=document(ALL))
        iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=arn)
        j = explained(server, request_of(u.client("iam").list_roles), "boundary", decision, "B")
        assert j["policy"] == arn
        iam.delete_user_permissions_boundary(UserName=u.name)
        iam.delete_policy(PolicyArn=arn)


def test_session(server, role):
    for decision, limits in (("ExplicitlyDenied", [ALL, statement("Deny", "S", "iam:ListRoles")]),
                             ("ImplicitlyDenied", [statement("Allow", "S", "iam:ListUsers")])):
        r = role(policy=document(ALL), Policy=document(*limits))
        explained(server, request_of(r.client("iam").list_roles), "session", decision, "S")


def test_resource(server, user, name):
    account, s3 = server.account("dev")["id"], server.client("s3")
    near = user(policy=document(ALL))
    stranger = user(policy=document(ALL), profile="staging")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=document(
        statement("Deny", "No", "s3:GetObject", Resource=f"arn:aws:s3:::{name}/*", Principal={"AWS": near.arn}),
        statement("Allow", "Own", "s3:GetObject", Resource=f"arn:aws:s3:::{name}/*", Principal={"AWS": account})))
    explained(server, request_of(near.client("s3").get_object, Bucket=name, Key="k"), "resource", "ExplicitlyDenied", "No")
    explained(server, request_of(stranger.client("s3").get_object, Bucket=name, Key="k"), "resource", "ImplicitlyDenied",
              "Own", missed=[{"element": "Principal", "wanted": {"AWS": f"arn:aws:iam::{account}:root"}, "actual": stranger.arn}])
    s3.delete_bucket_policy(Bucket=name)
    s3.delete_bucket(Bucket=name)


def test_trust(server, user, name):
    iam, u = server.client("iam"), user(policy=document(ALL))
    for decision, trust in (("ExplicitlyDenied", [{"Sid": "Open", "Effect": "Allow"}, {"Sid": "T", "Effect": "Deny"}]),
                            ("ImplicitlyDenied", [{"Sid": "T", "Effect": "Allow",
                                                   "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}])):
        trust = [{**t, "Principal": {"AWS": u.arn}, "Action": "sts:AssumeRole"} for t in trust]
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(*trust))["Role"]["Arn"]
        j = explained(server, request_of(u.client("sts").assume_role, RoleArn=arn, RoleSessionName="me"), "trust", decision, "T")
        if decision == "ImplicitlyDenied":
            assert j["failed"] == {"operator": "StringEquals", "key": "sts:ExternalId", "wanted": "x", "actual": None}
        iam.delete_role(RoleName=name)


def test_scp(server, org, root, tree, law):  # noqa: F811
    outer, inner, profile = tree
    iam = server.client("iam", profile)
    law(outer, document(statement("Deny", "Guard", "iam:ListRoles")))
    explained(server, request_of(iam.list_roles), "scp", "ExplicitlyDenied", "Guard", level=2)
    law(inner, document(statement("Allow", "Only", "iam:ListUsers")))
    org.detach_policy(PolicyId="p-FullAWSAccess", TargetId=inner)
    explained(server, request_of(iam.list_groups), "scp", "ImplicitlyDenied", "Only", level=3)
    org.attach_policy(PolicyId="p-FullAWSAccess", TargetId=inner)


def test_rcp(server, tree, rcps, law, name):  # noqa: F811
    outer, _, profile = tree
    s3 = server.client("s3", profile)
    s3.create_bucket(Bucket=name)
    law(outer, document(statement("Deny", "Guard", "s3:GetObject", Principal="*")), "RESOURCE_CONTROL_POLICY")
    explained(server, request_of(s3.get_object, Bucket=name, Key="k"), "rcp", "ExplicitlyDenied", "Guard", level=2)
    s3.delete_bucket(Bucket=name)


def test_vpce(server):
    """From inside the VPC, where the request's id is printed by the program that was denied."""
    v = Vpc(server, cidr="10.61")
    ask = """
try:
    client("kms").list_keys()
except botocore.exceptions.ClientError as e:
    print(json.dumps(e.response["ResponseMetadata"]["RequestId"]))
"""
    try:
        only = statement("Allow", "Only", "kms:DescribeKey", Principal="*")
        end = v.interface("kms", document(only))
        j = explained(server, v.python(ask), "vpce", "ImplicitlyDenied", "Only")
        assert j["context"]["aws:SourceVpce"] == end and j["policy"] == end
        v.ec2.modify_vpc_endpoint(VpcEndpointId=end, PolicyDocument=document(
            statement("Allow", "Open", "*", Principal="*"), statement("Deny", "No", "kms:ListKeys", Principal="*")))
        explained(server, v.python(ask), "vpce", "ExplicitlyDenied", "No")
    finally:
        v.remove()


def test_a_grant_that_does_not_hold(server, role):
    """A grant never denies; where its constraint fails, the ladder shows it beside what then lacks."""
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    r = role(policy=document(statement("Allow", "Near", "kms:DescribeKey")))
    kms.create_grant(KeyId=key, GranteePrincipal=r.arn, Operations=["Encrypt"],
                     Constraints={"EncryptionContextEquals": {"a": "b"}})
    mine = r.client("kms")
    mine.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})
    j = explained(server, request_of(mine.encrypt, KeyId=key, Plaintext=b"x"), "identity", "ImplicitlyDenied", "Near")
    assert [x for x in j["layers"] if x["layer"] == "grant"] == [{"layer": "grant", "verdict": "ImplicitlyDenied"}]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
