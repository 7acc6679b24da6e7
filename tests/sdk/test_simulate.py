# SPDX-License-Identifier: MIT
"""iam's policy simulator: SimulatePrincipalPolicy and SimulateCustomPolicy answer as the gate would, with statements, their
places, missing keys, boundaries and organizations; GetContextKeys* say what a question has to bring along."""
import contextlib
import json

import botocore.exceptions
import pytest

ACCOUNT = "111111111111"
THING = "arn:aws:s3:::data/x"


def doc(*statements, **top):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


def allow(action="s3:GetObject", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="s3:GetObject", resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


@pytest.fixture
def custom(iam):
    def ask(*policies, actions=("s3:GetObject",), **kw):
        return iam.simulate_custom_policy(PolicyInputList=list(policies), ActionNames=list(actions), **kw)["EvaluationResults"]
    return ask


def test_the_three_decisions(custom):
    said = custom(doc(allow("s3:*"), deny("s3:Delete*")), actions=["s3:GetObject", "s3:DeleteObject", "kms:Decrypt"])
    assert [(r["EvalActionName"], r["EvalDecision"], r["EvalResourceName"]) for r in said] == [
        ("s3:GetObject", "allowed", "*"), ("s3:DeleteObject", "explicitDeny", "*"), ("kms:Decrypt", "implicitDeny", "*")]
    assert [len(r["MatchedStatements"]) for r in said] == [1, 1, 0]
    assert "ResourceSpecificResults" not in said[0] or said[0]["ResourceSpecificResults"] == []
    assert "OrganizationsDecisionDetail" not in said[0] and "PermissionsBoundaryDecisionDetail" not in said[0]


def test_statements_and_where_they_stand(custom):
    text = '{"Version": "2012-10-17", "Id": "\\"[{", "Statement": [\n  {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},\n' \
           '  {"Effect": "Allow",\n   "Action": ["s3:Get*"], "Resource": "*"}\n]}'
    lone = '{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"},"Version":"2012-10-17"}'
    said = custom(text, lone)[0]["MatchedStatements"]
    assert [(m["SourcePolicyId"], m["StartPosition"], m["EndPosition"]) for m in said] == [
        ("PolicyInputList.1", {"Line": 3, "Column": 3}, {"Line": 4, "Column": 43}),
        ("PolicyInputList.2", {"Line": 1, "Column": 14}, {"Line": 1, "Column": 63})]


def test_each_resource_has_its_own_result(custom):
    one = custom(doc(allow(resource="arn:aws:s3:::data/*"), deny(resource="arn:aws:s3:::data/secret")),
                 ResourceArns=[THING, "arn:aws:s3:::data/secret", "arn:aws:s3:::other/x"])[0]
    assert [(r["EvalResourceName"], r["EvalResourceDecision"]) for r in one["ResourceSpecificResults"]] == [
        (THING, "allowed"), ("arn:aws:s3:::data/secret", "explicitDeny"), ("arn:aws:s3:::other/x", "implicitDeny")]
    assert one["EvalDecision"] == "explicitDeny" and one["EvalResourceName"].startswith("arn:${Partition}:s3:::")
    assert len(one["MatchedStatements"]) == 1 and one["MatchedStatements"][0]["StartPosition"]["Column"] > 40


def test_context_of_every_type(custom):
    policy = doc(allow(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
                                  "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]},
                                  "Bool": {"aws:SecureTransport": "true"}, "NumericLessThan": {"s3:max-keys": "10"},
                                  "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}))
    entries = [("aws:SourceIp", "ip", ["192.0.2.1"]), ("aws:TagKeys", "stringList", ["a", "b"]),
               ("aws:SecureTransport", "boolean", ["true"]), ("s3:max-keys", "numeric", ["9"]),
               ("aws:CurrentTime", "date", ["2026-01-01T00:00:00Z"])]
    entries = [{"ContextKeyName": n, "ContextKeyType": t, "ContextKeyValues": v} for n, t, v in entries]
    said = custom(policy, ContextEntries=entries)[0]
    assert said["EvalDecision"] == "allowed" and said["MissingContextValues"] == []
    said = custom(policy, ContextEntries=entries[1:])[0]
    assert said["EvalDecision"] == "implicitDeny" and said["MissingContextValues"] == ["aws:SourceIp"]


def test_variables_are_missing_keys_too(custom):
    said = custom(doc(allow(resource="arn:aws:s3:::data/${aws:username}/*")), ResourceArns=[THING])[0]
    assert said["MissingContextValues"] == ["aws:username"]
    assert said["ResourceSpecificResults"][0]["MissingContextValues"] == ["aws:username"]


def test_a_boundary_that_is_given(custom):
    for boundary, allows, decision in ((doc(allow("s3:*")), True, "allowed"), (doc(allow("kms:*")), False, "implicitDeny"),
                                       (doc(allow("s3:*"), deny()), False, "explicitDeny")):
        said = custom(doc(allow()), PermissionsBoundaryPolicyInputList=[boundary])[0]
        assert said["EvalDecision"] == decision
        assert said["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": allows}


def test_levels_of_an_organization(custom):
    levels = [{"ServiceControlPolicyInputList": [doc(allow("*"))]}, {"ServiceControlPolicyInputList": [doc(allow("kms:*"))]}]
    said = custom(doc(allow()), OrderedOrganizationPolicyInputList=levels)[0]
    assert said["EvalDecision"] == "implicitDeny" and said["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    said = custom(doc(allow()), OrderedOrganizationPolicyInputList=levels[:1])[0]
    assert said["EvalDecision"] == "allowed" and said["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}


def test_a_resource_policy_and_its_owner(custom):
    ana = f"arn:aws:iam::{ACCOUNT}:user/ana"
    opens = doc({**allow(), "Principal": {"AWS": ana}})
    kw = {"ResourceArns": [THING], "ResourcePolicy": opens, "CallerArn": ana}
    nothing = doc(allow("kms:*"))
    said = custom(nothing, ResourceOwner=ACCOUNT, **kw)[0]
    assert said["EvalDecision"] == "allowed"  # one account: the resource's policy is enough
    assert said["MatchedStatements"][0]["SourcePolicyId"] == "ResourcePolicy"
    said = custom(nothing, ResourceOwner="arn:aws:iam::222222222222:root", **kw)[0]
    assert said["EvalDecision"] == "implicitDeny"  # across accounts it is not
    assert said["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    assert custom(doc(allow()), ResourceOwner="222222222222", **kw)[0]["EvalDecision"] == "allowed"


def test_no_resource_policy_is_judged_where_none_is_given(custom):
    """As in AWS: what a key's or a role's own policy says is not looked up, wherever they are."""
    for action, resource in (("kms:Decrypt", f"arn:aws:kms:us-east-1:222222222222:key/k"),
                             ("sts:AssumeRole", "arn:aws:iam::222222222222:role/r")):
        said = custom(doc(allow(action)), actions=[action], ResourceArns=[resource])[0]
        assert said["EvalDecision"] == "allowed" and len(said["MatchedStatements"]) == 1


def test_pages(iam):
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[doc(allow("s3:*"))], ActionNames=[f"s3:Action{i}" for i in range(7)], PaginationConfig={"PageSize": 3})
    sizes = [len(p["EvaluationResults"]) for p in pages]
    assert sizes == [3, 3, 1]


@pytest.fixture
def group(iam, name):
    iam.create_group(GroupName=name)
    yield name
    with contextlib.suppress(botocore.exceptions.ClientError):
        for p in iam.list_group_policies(GroupName=name)["PolicyNames"]:
            iam.delete_group_policy(GroupName=name, PolicyName=p)
        iam.delete_group(GroupName=name)


@pytest.fixture
def principal(iam):
    def ask(arn, *actions, **kw):
        return {r["EvalActionName"]: r for r in iam.simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=list(actions), **kw)["EvaluationResults"]}
    return ask


def test_policies_as_they_are_attached(iam, user, group, principal, name):
    u = user(policy=doc(allow("s3:GetObject")))
    managed = iam.create_policy(PolicyName=name, PolicyDocument=doc(allow("kms:Decrypt")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=u.name, PolicyArn=managed)
    iam.put_group_policy(GroupName=group, PolicyName="g", PolicyDocument=doc(allow("ssm:GetParameter")))
    iam.add_user_to_group(GroupName=group, UserName=u.name)
    actions = ("s3:GetObject", "kms:Decrypt", "ssm:GetParameter", "iam:ListUsers")
    said = principal(u.arn, *actions)
    assert [said[a]["EvalDecision"] for a in actions] == ["allowed"] * 3 + ["implicitDeny"]
    assert [said[a]["MatchedStatements"][0]["SourcePolicyId"] for a in actions[:3]] == [
        f"user_{u.name}_p", name, f"group_{group}_g"]
    assert said["s3:GetObject"]["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    more = principal(u.arn, "iam:ListUsers", PolicyInputList=[doc(allow("iam:*"))])
    assert more["iam:ListUsers"]["EvalDecision"] == "allowed"
    without = principal(u.arn, *actions, PolicyExclusionList=[
        {"InlinePolicyIdentifier": {"PolicyName": "p", "AttachmentType": "user", "AttachmentName": u.name[:8] + "*"}},
        {"PolicyArn": managed}, {"PolicyType": "aws-managed"}])
    assert [without[a]["EvalDecision"] for a in actions[:3]] == ["implicitDeny", "implicitDeny", "allowed"]
    assert principal(f"arn:aws:iam::{u.arn.split(':')[4]}:group/{group}", "ssm:GetParameter")["ssm:GetParameter"][
        "EvalDecision"] == "allowed"
    iam.remove_user_from_group(GroupName=group, UserName=u.name)
    iam.detach_user_policy(UserName=u.name, PolicyArn=managed)
    iam.delete_policy(PolicyArn=managed)


def test_a_role_and_its_boundary(iam, role, principal, name):
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=doc(allow("kms:*")))["Policy"]["Arn"]
    r = role(policy=doc(allow("s3:*")), assume=False)
    assert principal(r.arn, "s3:GetObject")["s3:GetObject"]["EvalDecision"] == "allowed"
    iam.put_role_permissions_boundary(RoleName=r.name, PermissionsBoundary=boundary)
    said = principal(r.arn, "s3:GetObject")["s3:GetObject"]
    assert said["EvalDecision"] == "implicitDeny"
    assert said["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    said = principal(r.arn, "s3:GetObject", PermissionsBoundaryPolicyInputList=[doc(allow("s3:*"))])["s3:GetObject"]
    assert said["EvalDecision"] == "allowed"
    said = principal(r.arn, "s3:GetObject", PolicyExclusionList=[{"PolicyType": "permission-boundary"}])["s3:GetObject"]
    assert said["EvalDecision"] == "allowed" and "PermissionsBoundaryDecisionDetail" not in said
    iam.delete_role_permissions_boundary(RoleName=r.name)
    iam.delete_policy(PolicyArn=boundary)


def test_it_says_what_the_gate_says(server, user, principal):
    """The simulator and a request of the same user, on every action that needs no more context than none."""
    u = user(policy=doc(allow(["iam:List*", "s3:ListAllMyBuckets"]), deny("iam:ListRoles")))
    said = principal(u.arn, "iam:ListUsers", "iam:ListRoles", "s3:ListAllMyBuckets", "kms:ListKeys")
    for action, ask in (("iam:ListUsers", u.client("iam").list_users), ("iam:ListRoles", u.client("iam").list_roles),
                        ("s3:ListAllMyBuckets", u.client("s3").list_buckets), ("kms:ListKeys", u.client("kms").list_keys)):
        try:
            ask()
            assert said[action]["EvalDecision"] == "allowed"
        except botocore.exceptions.ClientError as e:
            explicit = "explicit deny" in e.response["Error"]["Message"]
            assert said[action]["EvalDecision"] == ("explicitDeny" if explicit else "implicitDeny")


def test_context_keys(iam, user):
    policy = doc(allow(resource="arn:aws:s3:::data/${aws:username}/${s3:prefix, 'x'}/${*}",
                       Condition={"StringLike": {"aws:SourceVpce": "vpce-*", "AWS:UserName": "${aws:PrincipalTag/team}"}}))
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]
    assert sorted(k.lower() for k in keys) == ["aws:principaltag/team", "aws:sourcevpce", "aws:username", "s3:prefix"]
    old = json.dumps({"Version": "2008-10-17", "Statement": [allow(resource="arn:aws:s3:::data/${aws:username}")]})
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[old])["ContextKeyNames"] == []
    u = user(policy=policy)
    more = doc(allow(Condition={"Bool": {"aws:SecureTransport": "true"}}))
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=u.arn, PolicyInputList=[more])["ContextKeyNames"]
    assert len(keys) == 5 and "aws:SecureTransport" in keys


def test_who_may_ask(server, user, role, refuses):
    """Custom policies are judged on *, a principal's on the principal."""
    other = role(assume=False)
    u = user(policy=doc(allow("iam:SimulatePrincipalPolicy", other.arn), allow("iam:SimulateCustomPolicy"),
                        allow("iam:GetContextKeysForPrincipalPolicy", other.arn)))
    iam = u.client("iam")
    assert iam.simulate_principal_policy(PolicySourceArn=other.arn, ActionNames=["s3:GetObject"])["EvaluationResults"]
    assert iam.simulate_custom_policy(PolicyInputList=[doc(allow())], ActionNames=["s3:GetObject"])["EvaluationResults"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=other.arn)["ContextKeyNames"] == []
    with refuses("AccessDenied", f"iam:SimulatePrincipalPolicy on resource: {u.arn} because no identity-based policy allows"):
        iam.simulate_principal_policy(PolicySourceArn=u.arn, ActionNames=["s3:GetObject"])
    with refuses("AccessDenied", "iam:GetContextKeysForCustomPolicy"):
        iam.get_context_keys_for_custom_policy(PolicyInputList=[doc(allow())])
    with refuses("AccessDenied", "iam:GetContextKeysForPrincipalPolicy"):
        iam.get_context_keys_for_principal_policy(PolicySourceArn=u.arn)


def test_bad_questions(server, iam, custom, principal, refuses):
    account = server.account("dev")["id"]
    with refuses("NoSuchEntity", "nobody cannot be found"):
        principal(f"arn:aws:iam::{account}:user/nobody", "s3:GetObject")
    with refuses("NoSuchEntity"):
        principal(f"arn:aws:iam::{account}:role/none", "s3:GetObject")
    for arn in (f"arn:aws:iam::{account}:root", f"arn:aws:sts::{account}:assumed-role/r/s", "arn:aws:s3:::bucket-of-mine"):
        with refuses("InvalidInput", "does not clearly define entity type and name"):
            principal(arn, "s3:GetObject")
    for bad in ("{", "[]", doc({"Effect": "May"}), doc({**allow(), "Principal": "*"})):
        with refuses("InvalidInput", "PolicyInputList.1"):
            custom(bad)
    with refuses("InvalidInput", "Only one permissions boundary"):
        custom(doc(allow()), PermissionsBoundaryPolicyInputList=[doc(allow())] * 2)
    with refuses("InvalidInput", "Invalid action name"):
        custom(doc(allow()), actions=["GetObject"])
    with refuses("InvalidInput", "Invalid resource ARN"):
        custom(doc(allow()), ResourceArns=["bucket"])
    with refuses("InvalidInput", "CallerArn is required"):
        custom(doc(allow()), ResourcePolicy=doc({**allow(), "Principal": "*"}))
    with refuses("InvalidInput", "no account"):
        custom(doc(allow()), ResourceOwner="me")
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip", "ContextKeyValues": ["192.0.2.1", "192.0.2.2"]}
    with refuses("InvalidInput", "one value"):
        custom(doc(allow()), ContextEntries=[entry])
    with refuses("InvalidInput", "given twice"):
        custom(doc(allow()), ContextEntries=[{**entry, "ContextKeyValues": ["192.0.2.1"]}] * 2)
    with refuses("InvalidInput", "Marker"):
        custom(doc(allow()), Marker="x")
    with refuses("ValidationError"):
        iam.simulate_custom_policy(PolicyInputList=[doc(allow())])
