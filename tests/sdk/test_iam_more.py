# SPDX-License-Identifier: MIT
"""iam: renamed users, instance profiles, service-linked roles, aliases, last use, the account's details; and what is known to
IAM but not built."""
import json

import pytest
from conftest import trust


def all_of(page_of, what, **ask):
    """Everything a list tells, two at a time."""
    seen, marker = [], {}
    while True:
        page = page_of(MaxItems=2, **ask, **marker)
        seen += page[what]
        if not page["IsTruncated"]:
            return seen
        marker = {"Marker": page["Marker"]}


# ---- renamed users ----

def test_a_renamed_user_is_the_same(server, iam, user, role, name, account, document, refuses):
    u = user(policy=document(Action=["iam:GetUser", "sts:AssumeRole"]))
    r = role(trust=u.arn, assume=False)
    before = iam.get_user(UserName=u.name)["User"]
    iam.update_user(UserName=u.name, NewUserName=name, NewPath="/moved/")
    try:
        after = iam.get_user(UserName=name)["User"]
        assert (after["Arn"], after["UserId"]) == (f"arn:aws:iam::{account}:user/moved/{name}", before["UserId"])
        assert u.client("iam").get_user()["User"]["UserName"] == name  # its key is still its own
        assert u.client("sts").get_caller_identity()["Arn"] == after["Arn"]
        assert [k["AccessKeyId"] for k in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]] == [u.keys[0]]
        assert iam.list_user_policies(UserName=name)["PolicyNames"] == ["p"]
        u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")  # who was trusted still is
        with refuses("NoSuchEntity"):
            iam.get_user(UserName=u.name)
    finally:
        iam.update_user(UserName=name, NewUserName=u.name, NewPath="/")


def test_who_takes_an_old_name_is_not_the_old_user(server, iam, user, role, name, document, refuses):
    old = user()
    r = role(trust=old.arn, assume=False)
    iam.update_user(UserName=old.name, NewUserName=name)
    try:
        new = user(policy=document(Action="sts:AssumeRole"), name=old.name)
        assert new.arn == old.arn
        with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
            new.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")
        with refuses("EntityAlreadyExists"):
            iam.update_user(UserName=name, NewUserName=old.name.upper())
    finally:
        for k in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=k["AccessKeyId"])
        iam.delete_user(UserName=name)


def test_renaming_a_user_does_not_escape_a_deny(server, iam, user, name, document, refuses):
    u, s3 = user(policy=document(Action="s3:*")), server.client("s3")
    s3.create_bucket(Bucket=name)
    try:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": {"AWS": u.arn}, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"}]}))
        iam.update_user(UserName=u.name, NewUserName=name)
        with refuses("AccessDenied", "with an explicit deny in a resource-based policy"):
            u.client("s3").list_objects_v2(Bucket=name)
    finally:
        iam.update_user(UserName=name, NewUserName=u.name)
        s3.delete_bucket(Bucket=name)


def test_renaming_needs_the_right_on_both_names(user, account, document, refuses):
    u = user(policy=document(Action="iam:UpdateUser", Resource=f"arn:aws:iam::{account}:user/user-*"))
    with refuses("AccessDenied", f"iam:UpdateUser on resource: arn:aws:iam::{account}:user/admin because no identity-based"):
        u.client("iam").update_user(UserName=u.name, NewUserName="admin")


# ---- roles ----

def test_descriptions_of_roles(iam, role):
    r = role(assume=False)
    assert iam.update_role_description(RoleName=r.name, Description="what it is for")["Role"]["Description"] == "what it is for"
    assert iam.get_role(RoleName=r.name)["Role"]["Description"] == "what it is for"


@pytest.mark.parametrize("action", ["GetRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "DeleteRole"])
def test_the_boundary_of_a_role_decides(iam, user, role, action, document, refuses):
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    c = user(policy=document({"Effect": "Allow", "Action": "iam:" + action, "Resource": "*",
                              "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}})).client("iam")
    r = role(assume=False)
    ask = {"GetRole": lambda: c.get_role(RoleName=r.name), "UpdateRole": lambda: c.update_role(RoleName=r.name),
           "UpdateRoleDescription": lambda: c.update_role_description(RoleName=r.name, Description="x"),
           "UpdateAssumeRolePolicy": lambda: c.update_assume_role_policy(
               RoleName=r.name, PolicyDocument=trust(Service="ec2.amazonaws.com")),
           "DeleteRole": lambda: c.delete_role(RoleName=r.name)}[action]
    with refuses("AccessDenied", f"because no identity-based policy allows the iam:{action} action"):
        ask()
    iam.put_role_permissions_boundary(RoleName=r.name, PermissionsBoundary=boundary)
    ask()


# ---- instance profiles ----

@pytest.fixture
def profile(iam, name):
    made = iam.create_instance_profile(InstanceProfileName=name, Path="/p/", Tags=[{"Key": "a", "Value": "b"}])
    yield made["InstanceProfile"]
    for r in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=r["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=name)


def test_instance_profiles(iam, profile, name, role, account, refuses):
    assert profile["Arn"] == f"arn:aws:iam::{account}:instance-profile/p/{name}"
    assert profile["InstanceProfileId"].startswith("AIPA") and profile["Roles"] == []
    with refuses("EntityAlreadyExists", "already exists"):
        iam.create_instance_profile(InstanceProfileName=name.upper())
    r, other = role(assume=False), role(assume=False)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=r.name)
    assert [x["Arn"] for x in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]] == [r.arn]
    found = iam.list_instance_profiles_for_role(RoleName=r.name)["InstanceProfiles"]
    assert [x["InstanceProfileName"] for x in found] == [name]
    assert iam.list_instance_profiles_for_role(RoleName=other.name)["InstanceProfiles"] == []
    assert [x["Arn"] for x in iam.list_instance_profiles(PathPrefix="/p/")["InstanceProfiles"]] == [profile["Arn"]]
    with refuses("LimitExceeded", "InstanceSessionsPerInstanceProfile: 1"):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=other.name)
    with refuses("DeleteConflict", "must remove roles from instance profile first"):
        iam.delete_instance_profile(InstanceProfileName=name)
    with refuses("DeleteConflict", "must remove roles from instance profile first"):
        iam.delete_role(RoleName=r.name)
    with refuses("NoSuchEntity", other.name):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=other.name)
    with refuses("NoSuchEntity", "The role with name nobody cannot be found."):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="nobody")
    with refuses("NoSuchEntity", "Instance Profile nothing cannot be found."):
        iam.get_instance_profile(InstanceProfileName="nothing")


def test_tags_of_instance_profiles_and_policies(iam, profile, name, document, refuses):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="*"))["Policy"]["Arn"]
    try:
        for tag, untag, get, who in (
                (iam.tag_instance_profile, iam.untag_instance_profile, iam.list_instance_profile_tags,
                 {"InstanceProfileName": name}),
                (iam.tag_policy, iam.untag_policy, iam.list_policy_tags, {"PolicyArn": arn})):
            tag(Tags=[{"Key": k, "Value": "1"} for k in "abc"], **who)
            assert [t["Key"] for t in all_of(get, "Tags", **who)] == ["a", "b", "c"]
            untag(TagKeys=["A", "c"], **who)
            assert get(**who)["Tags"] == [{"Key": "b", "Value": "1"}]
            with refuses("LimitExceeded"):
                tag(Tags=[{"Key": f"k{i}", "Value": "1"} for i in range(50)], **who)
            with refuses("InvalidInput"):
                tag(Tags=[{"Key": "aws:x", "Value": "1"}], **who)
        aws = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
        assert iam.list_policy_tags(PolicyArn=aws)["Tags"] == []
        for change in (lambda: iam.tag_policy(PolicyArn=aws, Tags=[{"Key": "a", "Value": "1"}]),
                       lambda: iam.untag_policy(PolicyArn=aws, TagKeys=["a"])):
            with refuses("AccessDenied"):
                change()
    finally:
        iam.delete_policy(PolicyArn=arn)


def test_tags_asked_for_decide(user, name, document, refuses, iam):
    c = user(policy=document({"Effect": "Allow", "Action": ["iam:CreateInstanceProfile", "iam:TagInstanceProfile"], "Resource": "*",
                              "Condition": {"StringEquals": {"aws:RequestTag/team": "blue"},
                                            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}})).client("iam")
    blue, more = [{"Key": "team", "Value": "blue"}], [{"Key": "x", "Value": "y"}]
    for tags in ([], [{"Key": "team", "Value": "red"}], blue + more):
        with refuses("AccessDenied", "because no identity-based policy allows the iam:CreateInstanceProfile action"):
            c.create_instance_profile(InstanceProfileName=name, Tags=tags)
    c.create_instance_profile(InstanceProfileName=name, Tags=blue)
    with refuses("AccessDenied", "because no identity-based policy allows the iam:TagInstanceProfile action"):
        c.tag_instance_profile(InstanceProfileName=name, Tags=blue + more)
    iam.delete_instance_profile(InstanceProfileName=name)


def test_giving_a_role_to_instances_is_passing_it(iam, profile, name, user, role, document, refuses):
    r = role(assume=False)
    c = user(policy=document(Action="iam:AddRoleToInstanceProfile")).client("iam")
    with refuses("AccessDenied", f"iam:PassRole on resource: {r.arn} because no identity-based policy allows the iam:PassRole"):
        c.add_role_to_instance_profile(InstanceProfileName=name, RoleName=r.name)
    for service, may in (("sagemaker.amazonaws.com", False), ("ec2.amazonaws.com", True)):
        c = user(policy=document({"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"},
                                 {"Effect": "Allow", "Action": "iam:PassRole", "Resource": r.arn, "Condition": {
                                     "StringEquals": {"iam:PassedToService": service}}})).client("iam")
        if may:
            c.add_role_to_instance_profile(InstanceProfileName=name, RoleName=r.name)
        else:
            with refuses("AccessDenied", "iam:PassRole"):
                c.add_role_to_instance_profile(InstanceProfileName=name, RoleName=r.name)


# ---- service-linked roles ----

SERVICE, LINKED = "replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator"


@pytest.fixture
def linked(iam):
    made = iam.create_service_linked_role(AWSServiceName=SERVICE)["Role"]
    yield made
    iam.delete_service_linked_role(RoleName=LINKED)


def test_a_service_linked_role(iam, linked, account, refuses):
    assert linked["Arn"] == f"arn:aws:iam::{account}:role/aws-service-role/{SERVICE}/{LINKED}"
    assert linked["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": SERVICE}
    assert iam.list_attached_role_policies(RoleName=LINKED)["AttachedPolicies"] == [{
        "PolicyName": "AWSLambdaReplicator", "PolicyArn": "arn:aws:iam::aws:policy/aws-service-role/AWSLambdaReplicator"}]
    with refuses("InvalidInput", f"Service role name {LINKED} has been taken in this account"):
        iam.create_service_linked_role(AWSServiceName=SERVICE)
    with refuses("InvalidInput"):
        iam.create_service_linked_role(AWSServiceName="nothing.amazonaws.com")
    with refuses("InvalidInput", "Custom suffix is not allowed"):
        iam.create_service_linked_role(AWSServiceName="sagemaker.amazonaws.com", CustomSuffix="x")


def test_nobody_changes_a_service_linked_role(iam, linked, document, refuses, name):
    p = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    for change in (lambda: iam.delete_role(RoleName=LINKED),
                   lambda: iam.put_role_policy(RoleName=LINKED, PolicyName="p", PolicyDocument=document(Action="*")),
                   lambda: iam.delete_role_policy(RoleName=LINKED, PolicyName="p"),
                   lambda: iam.attach_role_policy(RoleName=LINKED, PolicyArn=p),
                   lambda: iam.detach_role_policy(RoleName=LINKED, PolicyArn=p),
                   lambda: iam.update_assume_role_policy(RoleName=LINKED, PolicyDocument=trust(Service="ec2.amazonaws.com")),
                   lambda: iam.put_role_permissions_boundary(RoleName=LINKED, PermissionsBoundary=p),
                   lambda: iam.delete_role_permissions_boundary(RoleName=LINKED),
                   lambda: iam.update_role(RoleName=LINKED, MaxSessionDuration=7200)):
        with refuses("UnmodifiableEntity", f"protected role '{LINKED}' - this role is only modifiable by AWS"):
            change()
    iam.update_role_description(RoleName=LINKED, Description="mine")
    iam.update_role(RoleName=LINKED, Description="mine")
    iam.tag_role(RoleName=LINKED, Tags=[{"Key": "a", "Value": "b"}])


def test_nobody_makes_one_by_hand_or_takes_its_policies(iam, role, name, refuses):
    for path, code in (("/aws-service-role/sagemaker.amazonaws.com/", "InvalidInput"), ("/aws-reserved/", "AccessDenied")):
        with refuses(code):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    with refuses("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role."):
        iam.attach_role_policy(RoleName=role(assume=False).name,
                               PolicyArn="arn:aws:iam::aws:policy/aws-service-role/AWSLambdaReplicator")


def test_nobody_but_its_service_becomes_a_service_linked_role(server, linked, refuses):
    with refuses("AccessDenied", "because no role trust policy allows the sts:AssumeRole action"):
        server.client("sts").assume_role(RoleArn=linked["Arn"], RoleSessionName="test")


def test_deleting_a_service_linked_role(iam, refuses, role, account):
    iam.create_service_linked_role(AWSServiceName="ssm.amazonaws.com", Description="d")
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForAmazonSSM")["DeletionTaskId"]
    assert task.startswith("task/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with refuses("NoSuchEntity"):
        iam.get_role(RoleName="AWSServiceRoleForAmazonSSM")
    with refuses("NoSuchEntity"):
        iam.get_service_linked_role_deletion_status(DeletionTaskId=task + "x")
    with refuses("NoSuchEntity"):
        iam.delete_service_linked_role(RoleName=role(assume=False).name)


def test_which_service_linked_roles_one_may_make(iam, user, document, refuses, account):
    c = user(policy=document({"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*",
                              "Condition": {"StringLike": {"iam:AWSServiceName": "cloudtrail.amazonaws.com"}}})).client("iam")
    c.create_service_linked_role(AWSServiceName="cloudtrail.amazonaws.com")
    iam.delete_service_linked_role(RoleName="AWSServiceRoleForCloudTrail")
    with refuses("AccessDenied", "iam:CreateServiceLinkedRole on resource: "
                 f"arn:aws:iam::{account}:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"):
        c.create_service_linked_role(AWSServiceName="ssm.amazonaws.com")


# ---- the account ----

def test_aliases(server, iam, name, refuses):
    try:
        iam.create_account_alias(AccountAlias=name)
        assert iam.list_account_aliases()["AccountAliases"] == [name]
        iam.create_account_alias(AccountAlias=name)
        with refuses("EntityAlreadyExists", f"The account alias {name} already exists."):
            server.client("iam", "staging").create_account_alias(AccountAlias=name)
        iam.create_account_alias(AccountAlias=name + "-2")  # in place of the first
        assert iam.list_account_aliases()["AccountAliases"] == [name + "-2"]
        server.client("iam", "staging").create_account_alias(AccountAlias=name)
        with refuses("NoSuchEntity"):  # another account's
            iam.delete_account_alias(AccountAlias=name)
    finally:
        server.client("iam", "staging").delete_account_alias(AccountAlias=name)
        iam.delete_account_alias(AccountAlias=name + "-2")
    for bad in ("-x-", "a--b", "UPPER", "123456789012", "a b"):
        with refuses("ValidationError"):
            iam.create_account_alias(AccountAlias=bad)


def test_counts_and_quotas(server, role, user, document):
    server.fresh_account("counted")
    c = server.client("iam", "counted")
    before = c.get_account_summary()["SummaryMap"]
    arn = c.create_policy(PolicyName="p", PolicyDocument=document(Action="*"))["Policy"]["Arn"]
    c.create_policy_version(PolicyArn=arn, PolicyDocument=document(Action="*"))
    c.create_group(GroupName="g"), c.create_user(UserName="u"), c.create_instance_profile(InstanceProfileName="i")
    after = c.get_account_summary()["SummaryMap"]
    grown = {k: after[k] - before[k] for k in after if after[k] != before[k]}
    assert grown == {"Users": 1, "Groups": 1, "Policies": 1, "PolicyVersionsInUse": 2, "InstanceProfiles": 1}
    assert (after["UsersQuota"], after["GroupsQuota"], after["GroupsPerUserQuota"], after["PolicySizeQuota"],
            after["AttachedPoliciesPerRoleQuota"], after["VersionsPerPolicyQuota"]) == (5000, 300, 10, 6144, 10, 5)


def test_everything_that_decides(server, iam, user, role, profile, name, document, account):
    u, r = user(policy=document(Action="iam:ListRoles")), role(policy=document(Action="s3:*"), assume=False)
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    own = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="*"))["Policy"]["Arn"]
    iam.create_group(GroupName=name)
    iam.put_group_policy(GroupName=name, PolicyName="g", PolicyDocument=document(Action="iam:*"))
    iam.add_user_to_group(GroupName=name, UserName=u.name)
    iam.attach_user_policy(UserName=u.name, PolicyArn=own)
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=read_only)
    iam.tag_user(UserName=u.name, Tags=[{"Key": "a", "Value": "b"}])
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=r.name)
    try:
        lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
        seen, marker = {k: [] for k in lists}, {}
        while True:
            page = iam.get_account_authorization_details(MaxItems=2, **marker)
            for k in lists:
                seen[k] += page.get(k, [])
            if not page["IsTruncated"]:
                break
            marker = {"Marker": page["Marker"]}
        mine = [x for x in seen["UserDetailList"] if x["UserName"] == u.name]
        assert len(mine) == 1 and mine[0]["GroupList"] == [name] and mine[0]["Tags"] == [{"Key": "a", "Value": "b"}]
        assert mine[0]["UserPolicyList"] == [{"PolicyName": "p", "PolicyDocument": json.loads(document(Action="iam:ListRoles"))}]
        assert mine[0]["AttachedManagedPolicies"] == [{"PolicyName": name, "PolicyArn": own}]
        assert mine[0]["PermissionsBoundary"]["PermissionsBoundaryArn"] == read_only
        g = [x for x in seen["GroupDetailList"] if x["GroupName"] == name]
        assert len(g) == 1 and g[0]["GroupPolicyList"][0]["PolicyName"] == "g"
        roles = [x for x in seen["RoleDetailList"] if x["RoleName"] == r.name]
        assert len(roles) == 1 and roles[0]["RolePolicyList"][0]["PolicyDocument"] == json.loads(document(Action="s3:*"))
        assert [p["Arn"] for p in roles[0]["InstanceProfileList"]] == [profile["Arn"]]
        policies = {p["Arn"]: p for p in seen["Policies"]}
        assert len(policies) == len(seen["Policies"]) and read_only in policies  # AWS's, as it is used
        assert policies[own]["AttachmentCount"] == 1 and len(policies[own]["PolicyVersionList"]) == 1
        only = iam.get_account_authorization_details(Filter=["Group"])
        assert only["UserDetailList"] == [] and only["RoleDetailList"] == [] and only["Policies"] == []
        assert name in [x["GroupName"] for x in only["GroupDetailList"]]
    finally:
        iam.remove_user_from_group(GroupName=name, UserName=u.name)
        iam.delete_group_policy(GroupName=name, PolicyName="g")
        iam.delete_group(GroupName=name)
        iam.detach_user_policy(UserName=u.name, PolicyArn=own)
        iam.delete_policy(PolicyArn=own)


def test_one_policy_both_ways_is_told_once(iam, user, name, document):
    u = user()
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="*"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=u.name, PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=arn)
    for usage in ({}, {"PolicyUsageFilter": "PermissionsBoundary"}, {"PolicyUsageFilter": "PermissionsPolicy"}):
        found = iam.list_entities_for_policy(PolicyArn=arn, **usage)
        assert [x["UserName"] for x in found["PolicyUsers"]] == [u.name] and not found["IsTruncated"]
    iam.detach_user_policy(UserName=u.name, PolicyArn=arn)
    iam.delete_user_permissions_boundary(UserName=u.name)
    iam.delete_policy(PolicyArn=arn)


# ---- last use ----

def test_last_use_of_keys_and_roles(own_server, refuses, document):
    iam = own_server.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    never = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert never["UserName"] == "u" and "LastUsedDate" not in never["AccessKeyLastUsed"]
    assert (never["AccessKeyLastUsed"]["ServiceName"], never["AccessKeyLastUsed"]["Region"]) == ("N/A", "N/A")
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    own_server.client("sts", keys=keys).get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=keys[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", own_server.region) and used["LastUsedDate"]
    r = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(AWS=own_server.account("dev")["id"]))["Role"]
    assert iam.get_role(RoleName="r")["Role"].get("RoleLastUsed", {}) == {}
    session = own_server.client("sts").assume_role(RoleArn=r["Arn"], RoleSessionName="test")["Credentials"]
    assert iam.get_role(RoleName="r")["Role"].get("RoleLastUsed", {}) == {}  # becoming it is not using it
    own_server.client("sts", keys=session).get_caller_identity()
    last = iam.get_role(RoleName="r")["Role"]["RoleLastUsed"]
    assert last["Region"] == own_server.region and last["LastUsedDate"]
    assert "RoleLastUsed" not in [x for x in iam.list_roles()["Roles"] if x["RoleName"] == "r"][0]
    with refuses("NoSuchEntity"):
        iam.get_access_key_last_used(AccessKeyId="AKIANOTHINGNOTHING12")
    own_server.stop()  # what was noted is written by then
    own_server.start()
    iam = own_server.client("iam")
    assert iam.get_role(RoleName="r")["Role"]["RoleLastUsed"] == last
    assert iam.get_access_key_last_used(AccessKeyId=keys[0])["AccessKeyLastUsed"] == used


def test_whose_key_it_is_decides(server, user, account, document, refuses):
    u, other = user(), user()
    c = user(policy=document(Action="iam:GetAccessKeyLastUsed", Resource=u.arn)).client("iam")
    c.get_access_key_last_used(AccessKeyId=u.keys[0])
    with refuses("AccessDenied", f"on resource: {other.arn} because no identity-based policy allows"):
        c.get_access_key_last_used(AccessKeyId=other.keys[0])
    with refuses("AccessDenied"):  # not even whether there is one
        c.get_access_key_last_used(AccessKeyId="AKIANOTHINGNOTHING12")
    with refuses("NoSuchEntity"):  # another account's key
        server.client("iam", "staging").get_access_key_last_used(AccessKeyId=u.keys[0])


# ---- denied ----

def test_denied(user, refuses):
    c = user().client("iam")
    p = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    for ask in (lambda: c.update_user(UserName="x", NewUserName="y"), lambda: c.update_role_description(RoleName="x", Description=""),
                lambda: c.create_instance_profile(InstanceProfileName="x"), lambda: c.get_instance_profile(InstanceProfileName="x"),
                lambda: c.list_instance_profiles(), lambda: c.list_instance_profiles_for_role(RoleName="x"),
                lambda: c.delete_instance_profile(InstanceProfileName="x"),
                lambda: c.add_role_to_instance_profile(InstanceProfileName="x", RoleName="y"),
                lambda: c.remove_role_from_instance_profile(InstanceProfileName="x", RoleName="y"),
                lambda: c.tag_instance_profile(InstanceProfileName="x", Tags=[]),
                lambda: c.untag_instance_profile(InstanceProfileName="x", TagKeys=[]),
                lambda: c.list_instance_profile_tags(InstanceProfileName="x"),
                lambda: c.tag_policy(PolicyArn=p, Tags=[]), lambda: c.untag_policy(PolicyArn=p, TagKeys=[]),
                lambda: c.list_policy_tags(PolicyArn=p), lambda: c.create_service_linked_role(AWSServiceName="ssm.amazonaws.com"),
                lambda: c.delete_service_linked_role(RoleName="x"),
                lambda: c.get_service_linked_role_deletion_status(DeletionTaskId="task/aws-service-role/a/b/c"),
                lambda: c.create_account_alias(AccountAlias="abc"), lambda: c.delete_account_alias(AccountAlias="abc"),
                lambda: c.list_account_aliases(), lambda: c.get_account_authorization_details(),
                lambda: c.get_access_key_last_used(AccessKeyId="AKIANOTHINGNOTHING12"),
                lambda: c.list_entities_for_policy(PolicyArn=p), lambda: c.list_attached_role_policies(RoleName="x")):
        with refuses("AccessDenied", "because no identity-based policy allows the iam:"):
            ask()


def test_denied_by_boundary_and_by_session(server, iam, user, role, document, refuses):
    u = user(policy=document(Action="iam:*"))
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    for ask in (lambda c: c.list_account_aliases(), lambda c: c.create_account_alias(AccountAlias="abc"),
                lambda c: c.create_instance_profile(InstanceProfileName="x"), lambda c: c.create_group(GroupName="x"),
                lambda c: c.create_service_linked_role(AWSServiceName="ssm.amazonaws.com"),
                lambda c: c.get_account_authorization_details()):
        with refuses("AccessDenied", "because no permissions boundary allows the iam:"):
            ask(u.client("iam"))
    r = role(policy=document(Action="iam:*"), Policy=document(Action="iam:ListRoles"))
    r.client("iam").list_roles()
    for ask in (lambda c: c.list_account_aliases(), lambda c: c.create_group(GroupName="x"),
                lambda c: c.create_instance_profile(InstanceProfileName="x"),
                lambda c: c.delete_service_linked_role(RoleName="x"), lambda c: c.update_user(UserName="x")):
        with refuses("AccessDenied", "because no session policy allows the iam:"):
            ask(r.client("iam"))


# ---- known, not built ----

ABSENT = """AddClientIDToOpenIDConnectProvider ChangePassword CreateLoginProfile CreateOpenIDConnectProvider CreateSAMLProvider
CreateServiceSpecificCredential CreateVirtualMFADevice DeactivateMFADevice
DeleteOpenIDConnectProvider DeleteSAMLProvider DeleteSSHPublicKey DeleteServerCertificate
DeleteServiceSpecificCredential DeleteSigningCertificate DeleteVirtualMFADevice EnableMFADevice
GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails
GetOpenIDConnectProvider GetOrganizationsAccessReport GetSAMLProvider
GetSSHPublicKey GetServerCertificate GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities
ListMFADeviceTags ListOpenIDConnectProviderTags
ListPoliciesGrantingServiceAccess ListSAMLProviderTags ListServerCertificateTags
RemoveClientIDFromOpenIDConnectProvider ResetServiceSpecificCredential ResyncMFADevice
SetSecurityTokenServicePreferences TagMFADevice TagOpenIDConnectProvider TagSAMLProvider TagServerCertificate
UntagMFADevice UntagOpenIDConnectProvider UntagSAMLProvider UntagServerCertificate UpdateAccountPasswordPolicy
UpdateLoginProfile UpdateOpenIDConnectProviderThumbprint UpdateSAMLProvider UpdateSSHPublicKey UpdateServerCertificate
UpdateServiceSpecificCredential UpdateSigningCertificate UploadSSHPublicKey UploadServerCertificate
UploadSigningCertificate AcceptDelegationRequest AssociateDelegationRequest CreateDelegationRequest GetDelegationRequest
ListDelegationRequests RejectDelegationRequest SendDelegationToken UpdateDelegationRequest GetHumanReadableSummary GetMFADevice
EnableOrganizationsRootCredentialsManagement DisableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions
DisableOrganizationsRootSessions EnableOutboundWebIdentityFederation DisableOutboundWebIdentityFederation
GetOutboundWebIdentityFederationInfo ListOrganizationsFeatures GetAccountProperties PutAccountProperties
GetRoleTemplateVersion""".split()


def minimal(client, operation, name):
    """The least an operation takes: every required member, with a value that fits its type and length."""
    members = client.meta.service_model.operation_model(operation).input_shape
    ask = {}
    for m in members.required_members if members else []:
        shape = members.members[m]
        if m == "UserName":
            ask[m] = name
        elif getattr(shape, "enum", None):
            ask[m] = shape.enum[0]
        else:
            n = min(max(shape.metadata.get("min", 1), 24), shape.metadata.get("max", 24))
            ask[m] = {"string": "x" * n, "list": ["x"], "integer": 300, "boolean": True, "map": {"a": "b"}, "structure": {}}[shape.type_name]
        if m == "Tags":
            ask[m] = [{"Key": "a", "Value": "b"}]
    return ask


@pytest.mark.parametrize("operation", ABSENT)
def test_known_and_judged_but_not_built(nobody_may, everything_may, operation, refuses):
    for who, code, words in ((nobody_may, "AccessDenied", f"because no identity-based policy allows the iam:{operation} action"),
                             (everything_may, "NotImplemented", f"iam {operation} is known to Barmkin but not built")):
        c = who.client("iam")
        with refuses(code, words):
            c._make_api_call(operation, minimal(c, operation, everything_may.name))


def test_a_role_from_a_template_asks_for_all_it_takes(nobody_may, everything_may, refuses):
    for who, code, words in ((nobody_may, "AccessDenied", "allows the iam:GetRoleTemplateVersion action"),
                             (everything_may, "NotImplemented", "iam AcquireRole is known")):
        with refuses(code, words):
            who.client("iam").acquire_role(TemplateArn="arn:aws:iam::aws:role-template/x")


@pytest.fixture(scope="module")
def people(server):
    iam, made = server.client("iam"), []
    from conftest import Identity
    for name, actions in (("t-absent-nobody", None), ("t-absent-all", "iam:*")):
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        if actions:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
        made.append(Identity(server, arn, name, (key["AccessKeyId"], key["SecretAccessKey"]), "dev"))
    yield made
    for u in made:
        iam.delete_access_key(UserName=u.name, AccessKeyId=u.keys[0])
        for p in iam.list_user_policies(UserName=u.name)["PolicyNames"]:
            iam.delete_user_policy(UserName=u.name, PolicyName=p)
        iam.delete_user(UserName=u.name)


@pytest.fixture
def nobody_may(people):
    return people[0]


@pytest.fixture
def everything_may(people):
    return people[1]


def test_keys_that_do_not_last_are_not_noted(server, iam, user, refuses):
    u = user()
    session = u.client("sts").get_session_token()["Credentials"]
    used = iam.get_access_key_last_used(AccessKeyId=u.keys[0])["AccessKeyLastUsed"]
    server.client("sts", keys=session).get_caller_identity()
    with refuses("NoSuchEntity"):
        iam.get_access_key_last_used(AccessKeyId=session["AccessKeyId"])
    assert iam.get_access_key_last_used(AccessKeyId=u.keys[0])["AccessKeyLastUsed"] == used


def test_a_renamed_users_session_is_the_users(server, iam, user, name, account, document):
    u = user(policy=document(Action="s3:ListAllMyBuckets"))
    session = u.client("sts").get_session_token()["Credentials"]
    iam.update_user(UserName=u.name, NewUserName=name)
    try:
        server.client("s3", keys=session).list_buckets()
        assert server.client("sts", keys=session).get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/{name}"
    finally:
        iam.update_user(UserName=name, NewUserName=u.name)


def test_lists_of_policies_tell_less(iam, name, user, document):
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="*"), Description="d", Path="/t/",
                            Tags=[{"Key": "a", "Value": "b"}])["Policy"]["Arn"]
    try:
        assert iam.get_policy(PolicyArn=arn)["Policy"]["Description"] == "d"
        u, mine = user(), {"Scope": "Local", "PathPrefix": "/t/"}
        for usage, seen in (({}, 1), ({"PolicyUsageFilter": "PermissionsPolicy"}, 1), ({"PolicyUsageFilter": "PermissionsBoundary"}, 0)):
            found = iam.list_policies(**mine, **usage)["Policies"]
            assert len(found) == seen and all("Description" not in p and "Tags" not in p for p in found)
        iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=arn)
        assert len(iam.list_policies(PolicyUsageFilter="PermissionsBoundary", **mine)["Policies"]) == 1
        assert iam.list_policies(PolicyUsageFilter="PermissionsPolicy", **mine)["Policies"] == []
        assert len(iam.list_policies(OnlyAttached=True, **mine)["Policies"]) == 1
        iam.delete_user_permissions_boundary(UserName=u.name)
    finally:
        iam.delete_policy(PolicyArn=arn)


def test_a_renamed_users_federated_session_does_not_escape_a_deny(server, iam, user, name, document, refuses):
    u, s3 = user(policy=document(Action=["s3:*", "sts:GetFederationToken"])), server.client("s3")
    session = u.client("sts").get_federation_token(Name="fed", Policy=document(Action="s3:*"))["Credentials"]
    s3.create_bucket(Bucket=name)
    try:
        server.client("s3", keys=session).list_objects_v2(Bucket=name)
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": {"AWS": u.arn}, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"}]}))
        iam.update_user(UserName=u.name, NewUserName=name)
        with refuses("AccessDenied", "with an explicit deny in a resource-based policy"):
            server.client("s3", keys=session).list_objects_v2(Bucket=name)
    finally:
        iam.update_user(UserName=name, NewUserName=u.name)
        s3.delete_bucket(Bucket=name)
