# SPDX-License-Identifier: MIT
"""iam: the known ways to more rights than one was given. Each is open to whoever holds the one right that it needs, and to nobody
else; and a boundary that must be handed on cannot be left off, taken off or widened."""
import pytest
from conftest import trust

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture
def bounded(iam, account, name, user, document):
    """Somebody who may make users, but only within a boundary; and that boundary. The pattern of AWS's own guide."""
    boundary = f"arn:aws:iam::{account}:policy/{name}"
    iam.create_policy(PolicyName=name, PolicyDocument=document(
        {"Effect": "Allow", "Action": ["iam:List*", "sts:*"], "Resource": "*"}))
    admin = user(policy=document(
        {"Effect": "Allow", "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}},
         "Action": ["iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
                    "iam:DeleteUserPolicy", "iam:PutUserPermissionsBoundary"]},
        {"Effect": "Allow", "Action": ["iam:CreateAccessKey", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"],
         "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy"],
         "Resource": boundary},
        {"Effect": "Deny", "Action": ["iam:DeleteUserPermissionsBoundary"], "Resource": "*"}))
    made = name + "-made"
    yield admin.client("iam"), boundary, made
    for u in iam.list_users()["Users"]:
        if u["UserName"] == made:
            for p in iam.list_user_policies(UserName=made)["PolicyNames"]:
                iam.delete_user_policy(UserName=made, PolicyName=p)
            for p in iam.list_attached_user_policies(UserName=made)["AttachedPolicies"]:
                iam.detach_user_policy(UserName=made, PolicyArn=p["PolicyArn"])
            for k in iam.list_access_keys(UserName=made)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=made, AccessKeyId=k["AccessKeyId"])
            iam.delete_user(UserName=made)
    iam.delete_policy(PolicyArn=boundary)


def test_users_are_made_within_the_boundary_only(server, iam, bounded, document, refuses):
    c, boundary, made = bounded
    for ask in ({}, {"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}):
        with refuses("AccessDenied", "because no identity-based policy allows the iam:CreateUser action"):
            c.create_user(UserName=made, **ask)
    c.create_user(UserName=made, PermissionsBoundary=boundary)
    c.put_user_policy(UserName=made, PolicyName="all", PolicyDocument=document(EVERYTHING))
    c.attach_user_policy(UserName=made, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = c.create_access_key(UserName=made)["AccessKey"]
    them = server.client("iam", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    them.list_users()
    with refuses("AccessDenied", "because no permissions boundary allows the iam:CreateUser action"):
        them.create_user(UserName=made + "-2")


def test_the_boundary_stays(iam, bounded, document, refuses):
    c, boundary, made = bounded
    c.create_user(UserName=made, PermissionsBoundary=boundary)
    with refuses("AccessDenied", "with an explicit deny in an identity-based policy"):
        c.delete_user_permissions_boundary(UserName=made)
    with refuses("AccessDenied", "because no identity-based policy allows the iam:PutUserPermissionsBoundary action"):
        c.put_user_permissions_boundary(UserName=made, PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
    c.put_user_permissions_boundary(UserName=made, PermissionsBoundary=boundary)
    for widen in (lambda: c.create_policy_version(PolicyArn=boundary, SetAsDefault=True, PolicyDocument=document(EVERYTHING)),
                  lambda: c.set_default_policy_version(PolicyArn=boundary, VersionId="v1")):
        with refuses("AccessDenied", "with an explicit deny in an identity-based policy"):
            widen()


def test_nothing_is_given_to_who_has_no_boundary(bounded, user, document, refuses):
    c, _, _ = bounded
    free = user()
    for ask in (lambda: c.put_user_policy(UserName=free.name, PolicyName="p", PolicyDocument=document(EVERYTHING)),
                lambda: c.attach_user_policy(UserName=free.name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")):
        with refuses("AccessDenied", "because no identity-based policy allows the iam:"):
            ask()


# Each way: the right that opens it, what the holder does (c: its client, w: the world around), and how it is undone.
WAYS = {
    "CreatePolicyVersion": lambda c, w: c.create_policy_version(
        PolicyArn=w["policy"], SetAsDefault=True, PolicyDocument=w["everything"]),
    "SetDefaultPolicyVersion": lambda c, w: c.set_default_policy_version(PolicyArn=w["policy"], VersionId="v2"),
    "AttachUserPolicy": lambda c, w: c.attach_user_policy(UserName=w["name"], PolicyArn=w["admin"]),
    "PutUserPolicy": lambda c, w: c.put_user_policy(UserName=w["name"], PolicyName="more", PolicyDocument=w["everything"]),
    "AddUserToGroup": lambda c, w: c.add_user_to_group(GroupName=w["powerful"], UserName=w["name"]),
    "AttachGroupPolicy": lambda c, w: c.attach_group_policy(GroupName=w["own"], PolicyArn=w["admin"]),
    "PutGroupPolicy": lambda c, w: c.put_group_policy(GroupName=w["own"], PolicyName="p", PolicyDocument=w["everything"]),
}


@pytest.fixture
def world(iam, name, document):
    everything = document(EVERYTHING)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="iam:ListUsers"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=everything)
    own, powerful = name + "-own", name + "-powerful"
    for g in (own, powerful):
        iam.create_group(GroupName=g)
    iam.put_group_policy(GroupName=powerful, PolicyName="p", PolicyDocument=everything)
    yield {"policy": arn, "everything": everything, "own": own, "powerful": powerful,
           "admin": "arn:aws:iam::aws:policy/AdministratorAccess"}
    for g in (own, powerful):
        for u in iam.get_group(GroupName=g)["Users"]:
            iam.remove_user_from_group(GroupName=g, UserName=u["UserName"])
        for p in iam.list_group_policies(GroupName=g)["PolicyNames"]:
            iam.delete_group_policy(GroupName=g, PolicyName=p)
        for p in iam.list_attached_group_policies(GroupName=g)["AttachedPolicies"]:
            iam.detach_group_policy(GroupName=g, PolicyArn=p["PolicyArn"])
        iam.delete_group(GroupName=g)
    for u in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]:
        iam.detach_user_policy(UserName=u["UserName"], PolicyArn=arn)
    for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not v["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=v["VersionId"])
    iam.delete_policy(PolicyArn=arn)


@pytest.mark.parametrize("right", WAYS)
def test_a_way_to_more_is_open_by_its_one_right(iam, user, world, right, document, refuses):
    for may in (False, True):
        u = user(policy=document(Action="iam:" + right) if may else None)
        iam.attach_user_policy(UserName=u.name, PolicyArn=world["policy"])
        iam.add_user_to_group(GroupName=world["own"], UserName=u.name)
        c, w = u.client("iam"), {**world, "name": u.name}
        with refuses("AccessDenied", "because no identity-based policy allows the iam:ListRoles action"):
            c.list_roles()
        if not may:
            with refuses("AccessDenied", f"because no identity-based policy allows the iam:{right} action"):
                WAYS[right](c, w)
            iam.remove_user_from_group(GroupName=world["own"], UserName=u.name)
            continue
        WAYS[right](c, w)
        c.list_roles()  # what was gained holds for the next request


def test_becoming_a_role_by_changing_its_trust(iam, user, role, account, document, refuses):
    u = user(policy=document({"Effect": "Allow", "Action": "iam:UpdateAssumeRolePolicy", "Resource": "*"}))
    r = role(policy=document(Action="*"), trust={"Service": "ec2.amazonaws.com"}, assume=False)
    with refuses("AccessDenied", "no role trust policy allows"):
        u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")
    trusting = trust(AWS=u.arn)
    with refuses("AccessDenied", "because no identity-based policy allows the iam:UpdateAssumeRolePolicy action"):
        user().client("iam").update_assume_role_policy(RoleName=r.name, PolicyDocument=trusting)
    u.client("iam").update_assume_role_policy(RoleName=r.name, PolicyDocument=trusting)
    u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")


def test_a_key_for_somebody_else(iam, user, document, refuses):
    strong, weak = user(policy=document(Action="iam:*")), user()
    with refuses("AccessDenied", f"iam:CreateAccessKey on resource: {strong.arn} because no identity-based policy allows"):
        weak.client("iam").create_access_key(UserName=strong.name)
