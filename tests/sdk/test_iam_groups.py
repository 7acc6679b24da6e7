# SPDX-License-Identifier: MIT
"""iam: groups. Members, policies that count as their own (rule 14), renaming, quotas, pages."""
import json

import pytest


@pytest.fixture
def group(iam, name):
    """group(path="/", name=None): a group made now; emptied and removed with the test."""
    made = []

    def make(path="/", name=name):
        g = iam.create_group(GroupName=name, Path=path)["Group"]
        made.append(g["GroupName"])
        return g

    yield make
    for g in {x["GroupName"] for x in iam.list_groups(MaxItems=1000)["Groups"]}:
        if not any(g.lower().startswith(m.lower()) for m in made):
            continue
        for u in iam.get_group(GroupName=g)["Users"]:
            iam.remove_user_from_group(GroupName=g, UserName=u["UserName"])
        for p in iam.list_group_policies(GroupName=g)["PolicyNames"]:
            iam.delete_group_policy(GroupName=g, PolicyName=p)
        for p in iam.list_attached_group_policies(GroupName=g)["AttachedPolicies"]:
            iam.detach_group_policy(GroupName=g, PolicyArn=p["PolicyArn"])
        iam.delete_group(GroupName=g)


def test_what_a_group_looks_like(iam, group, name, account, refuses):
    g = group(path="/team/")
    assert g["Arn"] == f"arn:aws:iam::{account}:group/team/{name}"
    assert g["GroupId"].startswith("AGPA") and len(g["GroupId"]) == 21
    assert iam.get_group(GroupName=name)["Group"] == g and iam.get_group(GroupName=name)["Users"] == []
    assert g in iam.list_groups(PathPrefix="/team/")["Groups"]
    assert g not in iam.list_groups(PathPrefix="/other/")["Groups"]
    for taken in (name, name.upper()):  # names are unique without regard to case
        with refuses("EntityAlreadyExists", f"Group with name {taken} already exists."):
            iam.create_group(GroupName=taken)
    with refuses("NoSuchEntity", f"The group with name {name.upper()} cannot be found."):
        iam.get_group(GroupName=name.upper())


def test_a_members_rights_begin_and_end_with_the_next_request(iam, group, name, user, document, refuses):
    group()
    u = user()
    c = u.client("iam")
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document(Action="iam:ListRoles"))
    with refuses("AccessDenied", "because no identity-based policy allows the iam:ListRoles action"):
        c.list_roles()
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    c.list_roles()
    iam.add_user_to_group(GroupName=name, UserName=u.name)  # once more changes nothing
    assert [x["UserName"] for x in iam.get_group(GroupName=name)["Users"]] == [u.name]
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document(Action="iam:ListUsers"))
    c.list_users()
    with refuses("AccessDenied", "because no identity-based policy allows the iam:ListRoles action"):
        c.list_roles()
    iam.remove_user_from_group(GroupName=name, UserName=u.name)
    with refuses("AccessDenied", "because no identity-based policy allows the iam:ListUsers action"):
        c.list_users()
    with refuses("NoSuchEntity"):
        iam.remove_user_from_group(GroupName=name, UserName=u.name)


def test_managed_policies_of_a_group(server, iam, group, name, user, document, refuses, account):
    group()
    u = user()
    c = u.client("iam")
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    iam.attach_group_policy(GroupName=name, PolicyArn=read_only)
    c.list_roles()
    assert iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"] == [
        {"PolicyName": "ReadOnlyAccess", "PolicyArn": read_only}]
    assert iam.list_attached_group_policies(GroupName=name, PathPrefix="/job-function/")["AttachedPolicies"] == []
    found = iam.list_entities_for_policy(PolicyArn=read_only, EntityFilter="Group")
    assert name in [x["GroupName"] for x in found["PolicyGroups"]] and found["PolicyUsers"] == []
    iam.detach_group_policy(GroupName=name, PolicyArn=read_only)
    with refuses("AccessDenied", "because no identity-based policy allows the iam:ListRoles action"):
        c.list_roles()
    with refuses("NoSuchEntity", f"Policy {read_only} was not found."):
        iam.detach_group_policy(GroupName=name, PolicyArn=read_only)
    with refuses("NoSuchEntity", "does not exist or is not attachable"):
        iam.attach_group_policy(GroupName=name, PolicyArn=f"arn:aws:iam::{account}:policy/nowhere")


def test_a_deny_of_a_group_wins_and_explain_names_it(server, iam, group, name, user, document, refuses):
    g = group()
    u = user(policy=document(Action="iam:*"))
    iam.put_group_policy(GroupName=name, PolicyName="never", PolicyDocument=document(
        {"Sid": "NoRoles", "Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"}))
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    with refuses("AccessDenied", "with an explicit deny in an identity-based policy") as caught:
        u.client("iam").list_roles()
    said = json.dumps(server.explain(caught.value.response["ResponseMetadata"]["RequestId"]))
    assert "NoRoles" in said and g["Arn"] + "/inline/never" in said


def test_a_boundary_binds_what_a_group_gives(iam, group, name, user, document, refuses):
    group()
    u = user()
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document(Action="iam:*"))
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    u.client("iam").list_roles()
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    with refuses("AccessDenied", "because no permissions boundary allows the iam:ListRoles action"):
        u.client("iam").list_roles()


def test_a_renamed_group_keeps_members_and_policies(iam, group, name, user, document, account, refuses):
    g = group()
    u = user()
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document(Action="iam:ListRoles"))
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    iam.update_group(GroupName=name, NewGroupName=name + "-B", NewPath="/new/")
    new = iam.get_group(GroupName=name + "-B")
    assert (new["Group"]["Arn"], new["Group"]["GroupId"]) == (f"arn:aws:iam::{account}:group/new/{name}-B", g["GroupId"])
    assert [x["UserName"] for x in new["Users"]] == [u.name]
    u.client("iam").list_roles()
    with refuses("NoSuchEntity"):
        iam.get_group(GroupName=name)
    group(name=name + "-c")
    with refuses("EntityAlreadyExists"):
        iam.update_group(GroupName=name + "-B", NewGroupName=name + "-C")
    iam.update_group(GroupName=name + "-B", NewGroupName=name + "-b")  # only the case
    assert [x["GroupName"] for x in iam.list_groups_for_user(UserName=u.name)["Groups"]] == [name + "-b"]


def test_renaming_needs_the_right_on_both_names(iam, group, name, user, account, document, refuses):
    group()
    u = user(policy=document(Action="iam:UpdateGroup", Resource=f"arn:aws:iam::{account}:group/{name}"))
    with refuses("AccessDenied", f"iam:UpdateGroup on resource: arn:aws:iam::{account}:group/up/{name} because no identity"):
        u.client("iam").update_group(GroupName=name, NewPath="/up/")
    with refuses("AccessDenied", f"iam:UpdateGroup on resource: arn:aws:iam::{account}:group/admins because no identity"):
        u.client("iam").update_group(GroupName=name, NewGroupName="admins")


def test_who_may_attach_only_some_policies(iam, group, name, user, document, refuses):
    group()
    u = user(policy=document({"Effect": "Allow", "Action": ["iam:AttachGroupPolicy", "iam:DetachGroupPolicy"], "Resource": "*",
                              "Condition": {"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonS3*"}}}))
    c = u.client("iam")
    c.attach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    c.detach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    with refuses("AccessDenied", "because no identity-based policy allows the iam:AttachGroupPolicy action"):
        c.attach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_inline_policies_of_a_group(iam, group, name, document, refuses):
    group()
    text = document(Action="iam:ListRoles")
    for p in "abc":
        iam.put_group_policy(GroupName=name, PolicyName=p, PolicyDocument=text)
    assert iam.get_group_policy(GroupName=name, PolicyName="a")["PolicyDocument"] == json.loads(text)
    first = iam.list_group_policies(GroupName=name, MaxItems=2)
    assert first["IsTruncated"] and first["PolicyNames"] == ["a", "b"]
    assert iam.list_group_policies(GroupName=name, Marker=first["Marker"])["PolicyNames"] == ["c"]
    iam.delete_group_policy(GroupName=name, PolicyName="a")
    for ask in (iam.get_group_policy, iam.delete_group_policy):
        with refuses("NoSuchEntity", "The group policy with name a cannot be found."):
            ask(GroupName=name, PolicyName="a")
    with refuses("MalformedPolicyDocument"):
        iam.put_group_policy(GroupName=name, PolicyName="d", PolicyDocument="{}")
    with refuses("LimitExceeded", f"Maximum policy size of 5120 bytes exceeded for group {name}"):
        iam.put_group_policy(GroupName=name, PolicyName="d", PolicyDocument=document(Action="*", Sid="A" * 5120))


def test_deleting_in_order(iam, group, name, user, document, refuses):
    group()
    u = user()
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    with refuses("DeleteConflict", "must remove users from group first"):
        iam.delete_group(GroupName=name)
    iam.delete_access_key(UserName=u.name, AccessKeyId=u.keys[0])
    with refuses("DeleteConflict", "must remove users from group first"):
        iam.delete_user(UserName=u.name)
    iam.remove_user_from_group(GroupName=name, UserName=u.name)
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=document(Action="*"))
    with refuses("DeleteConflict", "must delete policies first"):
        iam.delete_group(GroupName=name)
    iam.delete_group_policy(GroupName=name, PolicyName="p")
    iam.attach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    with refuses("DeleteConflict", "must detach all policies first"):
        iam.delete_group(GroupName=name)


def test_pages_of_members_and_groups(iam, group, name, user, refuses):
    names = [f"{name}-{i:02}" for i in range(11)]
    for g in names:
        group(name=g)
    u = user()
    for g in names[:10]:
        iam.add_user_to_group(GroupName=g, UserName=u.name)
    with refuses("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10"):
        iam.add_user_to_group(GroupName=names[10], UserName=u.name)
    seen, marker = [], {}
    while True:
        page = iam.list_groups_for_user(UserName=u.name, MaxItems=3, **marker)
        seen += [g["GroupName"] for g in page["Groups"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert seen == names[:10]
    assert [g["GroupName"] for p in iam.get_paginator("list_groups").paginate(PaginationConfig={"PageSize": 4})
            for g in p["Groups"] if g["GroupName"].startswith(name)] == names
    people = sorted([u.name] + [user().name for _ in range(4)])
    for p in people[:]:
        iam.add_user_to_group(GroupName=names[0], UserName=p)
    assert [x["UserName"] for p in iam.get_paginator("get_group").paginate(
        GroupName=names[0], PaginationConfig={"PageSize": 2}) for x in p["Users"]] == people


def test_nobody_and_nowhere(iam, group, name, refuses):
    group()
    with refuses("NoSuchEntity", "The user with name nobody cannot be found."):
        iam.add_user_to_group(GroupName=name, UserName="nobody")
    for ask in (lambda: iam.get_group(GroupName="nowhere"), lambda: iam.delete_group(GroupName="nowhere"),
                lambda: iam.update_group(GroupName="nowhere", NewGroupName="x"),
                lambda: iam.add_user_to_group(GroupName="nowhere", UserName="nobody"),
                lambda: iam.list_group_policies(GroupName="nowhere"),
                lambda: iam.put_group_policy(GroupName="nowhere", PolicyName="p", PolicyDocument="{}")):
        with refuses("NoSuchEntity", "The group with name nowhere cannot be found."):
            ask()
    with refuses("ValidationError"):
        iam.create_group(GroupName="a b")
    with refuses("ValidationError"):
        iam.create_group(GroupName="x", Path="nope")
    with refuses("ValidationError"):
        iam.list_groups(PathPrefix="nope")


def test_denied(user, refuses):
    c = user().client("iam")
    for ask in (lambda: c.create_group(GroupName="x"), lambda: c.get_group(GroupName="x"), lambda: c.list_groups(),
                lambda: c.update_group(GroupName="x", NewGroupName="y"), lambda: c.delete_group(GroupName="x"),
                lambda: c.add_user_to_group(GroupName="x", UserName="y"),
                lambda: c.remove_user_from_group(GroupName="x", UserName="y"),
                lambda: c.list_groups_for_user(UserName="x"),
                lambda: c.put_group_policy(GroupName="x", PolicyName="p", PolicyDocument="{}"),
                lambda: c.get_group_policy(GroupName="x", PolicyName="p"),
                lambda: c.delete_group_policy(GroupName="x", PolicyName="p"), lambda: c.list_group_policies(GroupName="x"),
                lambda: c.attach_group_policy(GroupName="x", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"),
                lambda: c.detach_group_policy(GroupName="x", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"),
                lambda: c.list_attached_group_policies(GroupName="x")):
        with refuses("AccessDenied", "because no identity-based policy allows the iam:"):
            ask()
