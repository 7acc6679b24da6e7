# SPDX-License-Identifier: MIT
"""iam: users, roles, policies and access keys; quotas, pages, what is refused, and what a change means at once."""
import json

import pytest
from conftest import trust


@pytest.fixture
def policy(iam, name, document, account):
    """A managed policy that allows iam:ListRoles; removed with the test."""
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="iam:ListRoles"))["Policy"]["Arn"]
    yield arn
    for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not v["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=v["VersionId"])
    for r in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]:
        iam.detach_role_policy(RoleName=r["RoleName"], PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


# ---- documents ----

MALFORMED = {
    "not-json": "{",
    "duplicate-keys": '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
    "duplicate-effect": '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}',
    "unknown-version": '{"Version":"2020-01-01","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "unknown-operator": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",'
                        '"Condition":{"StringMatches":{"aws:a":"b"}}}]}',
    "unknown-element": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Extra":1}]}',
    "unknown-effect": '{"Version":"2012-10-17","Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}',
    "no-vendor": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ListRoles","Resource":"*"}]}',
    "with-principal": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
    "no-resource": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}',
    "byte-order-mark": '\ufeff{"Version":"2012-10-17","Statement":[]}',
    "a-nul": '{"Version":"2012-10-17","Statement":[{"Sid":"a\\u0000b","Effect":"Allow","Action":"*","Resource":"*"}]}',
    "deep": "[" * 1000 + "]" * 1000,
    "a-list": "[]",
}


def test_managed_policies_are_of_the_current_version(iam, user, name, account, document, refuses):
    """Inline ones and trust policies may be old, as on AWS."""
    u, text = user(), "Policy document must be version 2012-10-17 or greater."
    old = document(Action="s3:*").replace("2012-10-17", "2008-10-17")
    for bad in (old, json.dumps({"Statement": json.loads(old)["Statement"]})):
        with refuses("MalformedPolicyDocument", text):
            iam.create_policy(PolicyName=name, PolicyDocument=bad)
        iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=bad)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="s3:*"))["Policy"]["Arn"]
    with refuses("MalformedPolicyDocument", text):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=old)
    iam.delete_policy(PolicyArn=arn)
    iam.delete_user_policy(UserName=u.name, PolicyName="p")


@pytest.mark.parametrize("which", MALFORMED)
def test_malformed_documents_are_refused_when_saved(iam, user, name, which, refuses):
    u = user()
    with refuses("MalformedPolicyDocument"):
        iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=MALFORMED[which])
    with refuses("MalformedPolicyDocument"):
        iam.create_policy(PolicyName=name, PolicyDocument=MALFORMED[which])
    assert iam.list_user_policies(UserName=u.name)["PolicyNames"] == []


def test_documents_come_back_as_they_were_sent(iam, user):
    u = user()
    text = '{ "Version": "2012-10-17",\n  "Statement": [{"Sid":"A","Effect":"Allow","Action":"iam:*","Resource":"*"}] }'
    iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=text)
    got = iam.get_user_policy(UserName=u.name, PolicyName="p")["PolicyDocument"]
    assert got == json.loads(text)  # boto3 decodes and parses it


# ---- trust policies ----

def test_trust_policies_name_who_exists(iam, name, account, user, refuses):
    gone = f"arn:aws:iam::{account}:user/{name}"
    with refuses("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{gone}"'):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=gone))
    with refuses("MalformedPolicyDocument", "Federated"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Federated="cognito-identity.amazonaws.com"))
    with refuses("MalformedPolicyDocument", "Invalid principal"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="evil.example.com"))
    with refuses("MalformedPolicyDocument"):  # a trust policy has no Resource
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole", "Resource": "*"}]}))
    with refuses("NoSuchEntity"):
        iam.get_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service=["sagemaker.amazonaws.com", "ec2.amazonaws.com"]))
    iam.delete_role(RoleName=name)


def test_a_trusted_user_who_is_made_anew_is_another(server, iam, role, user, document, refuses):
    u = user(policy=document(Action="sts:AssumeRole"))
    r = role(trust=u.arn, assume=False)
    u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")
    iam.delete_user_policy(UserName=u.name, PolicyName="p")
    iam.delete_access_key(UserName=u.name, AccessKeyId=u.keys[0])
    iam.delete_user(UserName=u.name)
    again = user(policy=document(Action="sts:AssumeRole"), name=u.name)
    with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
        again.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")


def test_update_assume_role_policy_holds_at_once(server, iam, role, account, refuses):
    r = role()
    other = server.account("staging")["id"]
    iam.update_assume_role_policy(RoleName=r.name, PolicyDocument=trust(AWS=other))
    assert iam.get_role(RoleName=r.name)["Role"]["AssumeRolePolicyDocument"] == json.loads(trust(AWS=other))
    with refuses("AccessDenied", "no role trust policy allows the sts:AssumeRole action"):
        server.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")


# ---- quotas ----

def padded(document, n):
    return document(Action="iam:ListRoles", Sid="A" * n)


def test_sizes_of_policies(iam, user, role, name, document, refuses):
    u, r = user(), role(assume=False)
    with refuses("LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user " + u.name):
        iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=padded(document, 2048))
    with refuses("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role " + r.name):
        iam.put_role_policy(RoleName=r.name, PolicyName="p", PolicyDocument=padded(document, 10240))
    with refuses("LimitExceeded", "Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy(PolicyName=name, PolicyDocument=padded(document, 6144))
    iam.put_role_policy(RoleName=r.name, PolicyName="a", PolicyDocument=padded(document, 6000))
    with refuses("LimitExceeded"):  # all inline policies of a role together
        iam.put_role_policy(RoleName=r.name, PolicyName="b", PolicyDocument=padded(document, 6000))
    iam.put_role_policy(RoleName=r.name, PolicyName="a", PolicyDocument=padded(document, 9000))  # in place of itself
    spaced = json.dumps(json.loads(padded(document, 1500)), indent=400)
    iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=spaced)  # white space is free


def test_two_access_keys(iam, user, refuses):
    u = user()
    iam.create_access_key(UserName=u.name)
    with refuses("LimitExceeded", "AccessKeysPerUser: 2"):
        iam.create_access_key(UserName=u.name)
    assert len(iam.list_access_keys(UserName=u.name)["AccessKeyMetadata"]) == 2


def test_five_versions(iam, policy, document, refuses):
    for _ in range(4):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(Action="iam:ListUsers"))
    with refuses("LimitExceeded", "up to 5 versions"):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(Action="iam:ListUsers"))


# ---- managed policies ----

def test_versions(server, iam, policy, role, document, refuses):
    r = role()
    iam.attach_role_policy(RoleName=r.name, PolicyArn=policy)
    c = r.client("iam")
    c.list_roles()
    made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(Action="iam:ListUsers"))["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", False)
    c.list_roles()
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    c.list_users()
    with refuses("AccessDenied", "no identity-based policy allows the iam:ListRoles action"):
        c.list_roles()
    with refuses("DeleteConflict", "default version"):
        iam.delete_policy_version(PolicyArn=policy, VersionId="v2")
    with refuses("DeleteConflict"):
        iam.delete_policy(PolicyArn=policy)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    with refuses("NoSuchEntity"):
        iam.get_policy_version(PolicyArn=policy, VersionId="v1")
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=policy)["Versions"]] == ["v2"]
    third = iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(Action="iam:*"), SetAsDefault=True)
    assert third["PolicyVersion"]["VersionId"] == "v3"  # numbers are not used again
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v3"
    c.list_roles()


def test_entities_of_a_policy(iam, policy, role, user):
    r, u = role(assume=False), user()
    iam.attach_role_policy(RoleName=r.name, PolicyArn=policy)
    iam.attach_user_policy(UserName=u.name, PolicyArn=policy)
    found = iam.list_entities_for_policy(PolicyArn=policy)
    assert [x["RoleName"] for x in found["PolicyRoles"]] == [r.name]
    assert [x["UserName"] for x in found["PolicyUsers"]] == [u.name]
    assert iam.list_entities_for_policy(PolicyArn=policy, EntityFilter="User")["PolicyRoles"] == []
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 2
    assert [p["PolicyArn"] for p in iam.list_attached_user_policies(UserName=u.name)["AttachedPolicies"]] == [policy]
    iam.detach_user_policy(UserName=u.name, PolicyArn=policy)


def test_a_policy_of_another_account_cannot_be_used(server, iam, policy, refuses, name):
    other = server.client("iam", "staging")
    other.create_user(UserName=name)
    try:
        with refuses("NoSuchEntity", "does not exist or is not attachable"):
            other.attach_user_policy(UserName=name, PolicyArn=policy)
        with refuses("NoSuchEntity", "does not exist or is not attachable"):
            other.put_user_permissions_boundary(UserName=name, PermissionsBoundary=policy)
        with refuses("AccessDenied"):
            other.get_policy(PolicyArn=policy)
    finally:
        other.delete_user(UserName=name)


def test_what_aws_owns_cannot_be_changed(iam, document, refuses):
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]["Statement"]
    for change in (lambda: iam.delete_policy(PolicyArn=arn),
                   lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(Action="*")),
                   lambda: iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")):
        with refuses("AccessDenied"):
            change()


# ---- boundaries ----

def test_a_boundary_takes_away(server, iam, policy, user, document, refuses):
    u = user(policy=document(Action="iam:*"))
    c = u.client("iam")
    c.list_users()
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=policy)
    c.list_roles()
    with refuses("AccessDenied", "because no permissions boundary allows the iam:ListUsers action"):
        c.list_users()
    assert iam.get_user(UserName=u.name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    assert iam.get_policy(PolicyArn=policy)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    with refuses("DeleteConflict"):
        iam.delete_policy(PolicyArn=policy)
    iam.delete_user_permissions_boundary(UserName=u.name)
    c.list_users()


def test_a_boundary_never_gives(iam, policy, role, refuses):
    r = role()
    iam.put_role_permissions_boundary(RoleName=r.name, PermissionsBoundary=policy)
    with refuses("AccessDenied", "because no identity-based policy allows the iam:ListRoles action"):
        r.client("iam").list_roles()
    iam.delete_role_permissions_boundary(RoleName=r.name)


def test_who_may_hand_out_only_bounded_roles(iam, policy, user, document, name, refuses):
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:CreateRole", "iam:DeleteRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"],
         "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": policy}}},
        {"Effect": "Allow", "Action": "iam:DeleteRole", "Resource": "*"}]}))
    c = u.client("iam")
    with refuses("AccessDenied", "no identity-based policy allows the iam:CreateRole action"):
        c.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    c.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"), PermissionsBoundary=policy)
    c.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(Action="*"))
    iam.delete_role_permissions_boundary(RoleName=name)
    with refuses("AccessDenied", "no identity-based policy allows the iam:PutRolePolicy action"):
        c.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(Action="*"))
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    c.delete_role(RoleName=name)


def test_boundaries_that_are_none(iam, user, account, refuses):
    with refuses("NoSuchEntity", "does not exist or is not attachable"):
        iam.put_user_permissions_boundary(UserName=user().name,
                                          PermissionsBoundary=f"arn:aws:iam::{account}:policy/nowhere")


# ---- tags ----

def test_tags_of_users_and_roles(iam, user, role, refuses):
    u, r = user(), role(assume=False)
    for tag, untag, get, who in (
            (iam.tag_user, iam.untag_user, iam.list_user_tags, {"UserName": u.name}),
            (iam.tag_role, iam.untag_role, iam.list_role_tags, {"RoleName": r.name})):
        tag(Tags=[{"Key": "team", "Value": "a"}, {"Key": "Cost", "Value": ""}], **who)
        tag(Tags=[{"Key": "TEAM", "Value": "b"}], **who)  # keys have no case
        assert get(**who)["Tags"] == [{"Key": "TEAM", "Value": "b"}, {"Key": "Cost", "Value": ""}]
        first = get(MaxItems=1, **who)
        assert first["IsTruncated"] and len(first["Tags"]) == 1
        assert get(Marker=first["Marker"], **who)["Tags"] == [{"Key": "Cost", "Value": ""}]
        untag(TagKeys=["team", "nothing"], **who)
        assert get(**who)["Tags"] == [{"Key": "Cost", "Value": ""}]
        with refuses("InvalidInput", "Duplicate tag keys"):
            tag(Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}], **who)
        with refuses("InvalidInput"):
            tag(Tags=[{"Key": "aws:x", "Value": "1"}], **who)
        with refuses("LimitExceeded"):
            tag(Tags=[{"Key": f"k{i}", "Value": "1"} for i in range(50)], **who)


def test_tags_decide(server, iam, role, user, refuses):
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*",
         "Condition": {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}}}]}))
    r, c = role(assume=False), u.client("iam")
    with refuses("AccessDenied", "no identity-based policy allows the iam:GetRole action"):
        c.get_role(RoleName=r.name)
    iam.tag_role(RoleName=r.name, Tags=[{"Key": "team", "Value": "blue"}])
    iam.tag_user(UserName=u.name, Tags=[{"Key": "team", "Value": "blue"}])
    c.get_role(RoleName=r.name)
    iam.tag_user(UserName=u.name, Tags=[{"Key": "team", "Value": "red"}])
    with refuses("AccessDenied"):
        c.get_role(RoleName=r.name)


# ---- oneself ----

def test_who_names_no_user_means_oneself(iam, user, document, role, refuses, account):
    own = f"arn:aws:iam::{account}:user/" + "${aws:username}"
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:GetUser", "iam:ListAccessKeys"], "Resource": own}]}))
    assert u.client("iam").get_user()["User"]["Arn"] == u.arn
    assert u.client("iam").list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"] == u.keys[0]
    r = role(policy=document(Action="iam:*"))
    with refuses("ValidationError", "Must specify userName when calling with non-User credentials"):
        r.client("iam").get_user()


def test_a_deny_on_users_cannot_be_passed_by_not_naming_one(user, refuses, account):
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": f"arn:aws:iam::{account}:user/*"}]}))
    with refuses("AccessDenied", "with an explicit deny in an identity-based policy"):
        u.client("iam").create_access_key()


# ---- what must go first, what is not there ----

def test_deleting_in_order(iam, user, role, policy, refuses, document):
    u, r = user(policy=document(Action="iam:*")), role(policy=document(Action="iam:*"), assume=False)
    with refuses("DeleteConflict", "must delete access keys first"):
        iam.delete_user(UserName=u.name)
    with refuses("DeleteConflict", "must delete policies first"):
        iam.delete_role(RoleName=r.name)
    iam.delete_role_policy(RoleName=r.name, PolicyName="p")
    iam.attach_role_policy(RoleName=r.name, PolicyArn=policy)
    with refuses("DeleteConflict", "must detach all policies first"):
        iam.delete_role(RoleName=r.name)
    iam.detach_role_policy(RoleName=r.name, PolicyArn=policy)
    iam.delete_role(RoleName=r.name)


@pytest.mark.parametrize("ask", [
    lambda i: i.get_role(RoleName="nobody"), lambda i: i.get_user(UserName="nobody"),
    lambda i: i.delete_role(RoleName="nobody"), lambda i: i.list_role_policies(RoleName="nobody"),
    lambda i: i.attach_role_policy(RoleName="nobody", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    lambda i: i.get_role_policy(RoleName="nobody", PolicyName="p"), lambda i: i.tag_role(RoleName="nobody", Tags=[]),
    lambda i: i.update_role(RoleName="nobody"), lambda i: i.delete_user(UserName="nobody")])
def test_nobody(iam, ask, refuses):
    with refuses("NoSuchEntity", "nobody cannot be found"):
        ask(iam)


def test_nobody_is_told_only_after_an_allow(user, refuses):
    with refuses("AccessDenied", "no identity-based policy allows the iam:GetRole action"):
        user().client("iam").get_role(RoleName="nobody")


# ---- roles ----

def test_update_role(iam, role):
    r = role(assume=False)
    iam.update_role(RoleName=r.name, Description="new", MaxSessionDuration=7200)
    got = iam.get_role(RoleName=r.name)["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("new", 7200)


def test_pages_of_roles(server, iam, role):
    names = {role(assume=False).name for _ in range(5)}
    seen, marker = [], {}
    while True:
        page = iam.list_roles(MaxItems=2, **marker)
        seen += [r["RoleName"] for r in page["Roles"]]
        assert len(page["Roles"]) <= 2
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert names <= set(seen) and len(seen) == len(set(seen))


def test_a_marker_of_somebody_else(server, iam, role, refuses):
    for _ in range(2):
        role(assume=False)
    marker = iam.list_roles(MaxItems=1)["Marker"]
    with refuses("InvalidInput"):
        server.client("iam", "staging").list_roles(Marker=marker)
    with refuses("InvalidInput"):
        iam.list_users(Marker=marker)


@pytest.mark.parametrize("path", ["nope", "/nope", "nope/", "//", "/a b/"])
def test_paths(iam, name, path, refuses):
    with refuses("ValidationError"):
        iam.create_user(UserName=name, Path=path)


def test_account_summary(iam):
    s = iam.get_account_summary()["SummaryMap"]
    assert s["Users"] >= 1 and s["AccessKeysPerUserQuota"] == 2


def test_each_operation_is_denied_without_permission(user, refuses):
    c = user().client("iam")
    for ask in (lambda: c.list_users(), lambda: c.list_roles(), lambda: c.list_policies(), lambda: c.get_account_summary(),
                lambda: c.create_user(UserName="x"), lambda: c.delete_user(UserName="x"),
                lambda: c.create_role(RoleName="x", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com")),
                lambda: c.put_user_policy(UserName="x", PolicyName="p", PolicyDocument="{}"),
                lambda: c.attach_user_policy(UserName="x", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
                lambda: c.update_assume_role_policy(RoleName="x", PolicyDocument="{}"),
                lambda: c.create_access_key(UserName="x"), lambda: c.create_access_key(),
                lambda: c.create_policy(PolicyName="x", PolicyDocument="{}"),
                lambda: c.create_group(GroupName="x")):
        with refuses("AccessDenied", "because no identity-based policy allows the iam:"):
            ask()


def test_ten_attached_policies(iam, user, refuses):
    u, arns = user(), ["arn:aws:iam::aws:policy/" + n for n in AWS_POLICIES]
    for arn in arns[:10]:
        iam.attach_user_policy(UserName=u.name, PolicyArn=arn)
    iam.attach_user_policy(UserName=u.name, PolicyArn=arns[0])
    with refuses("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10"):
        iam.attach_user_policy(UserName=u.name, PolicyArn=arns[10])


def test_names_are_unique_without_their_case(iam, user, role, policy, name, document, refuses):
    u, r = user(), role(assume=False)
    with refuses("EntityAlreadyExists", "User with name"):
        iam.create_user(UserName=u.name.upper())
    with refuses("EntityAlreadyExists", "Role with name"):
        iam.create_role(RoleName=r.name.upper(), AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    with refuses("EntityAlreadyExists", "A policy called"):  # nor below another path
        iam.create_policy(PolicyName=name.upper(), Path="/other/", PolicyDocument=document(Action="*"))


# ---- AWS's managed policies ----

AWS_POLICIES = """AWSCloudFormationFullAccess AWSCloudFormationReadOnlyAccess AWSCodeCommitFullAccess AWSCodeCommitReadOnly
AWSKeyManagementServicePowerUser AWSLambda_FullAccess AWSLambda_ReadOnlyAccess AWSServiceCatalogAdminFullAccess
AWSServiceCatalogEndUserReadOnlyAccess AmazonEC2ReadOnlyAccess AmazonElasticFileSystemFullAccess AmazonS3FullAccess
AmazonS3ReadOnlyAccess AmazonSSMFullAccess AmazonSSMReadOnlyAccess AmazonSageMakerFeatureStoreAccess
AmazonSageMakerFullAccess AmazonVPCFullAccess CloudWatchLogsFullAccess ReadOnlyAccess job-function/DataScientist
service-role/AWSLambdaBasicExecutionRole AdministratorAccess PowerUserAccess""".split()


def test_the_policies_of_aws_are_valid_and_attachable(iam, role, refuses):
    r = role()
    mine, summary = r.client("iam"), ("AdministratorAccess", "ReadOnlyAccess")
    for name in AWS_POLICIES:
        arn = "arn:aws:iam::aws:policy/" + name
        p = iam.get_policy(PolicyArn=arn)["Policy"]
        assert p["PolicyName"] == name.rpartition("/")[2] and p["Path"] == ("/" + name).rpartition("/")[0] + "/"
        assert p["PolicyId"].startswith("ANPA") and len(p["PolicyId"]) == 21
        version = iam.get_policy_version(PolicyArn=arn, VersionId=p["DefaultVersionId"])["PolicyVersion"]
        assert version["Document"]["Version"] == "2012-10-17" and version["IsDefaultVersion"]
        assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == [p["DefaultVersionId"]]
        iam.attach_role_policy(RoleName=r.name, PolicyArn=arn)
        if name in summary:
            mine.get_account_summary()
        else:  # it is judged, so it compiles
            with refuses("AccessDenied", "because no identity-based policy allows the iam:GetAccountSummary action"):
                mine.get_account_summary()
        iam.detach_role_policy(RoleName=r.name, PolicyArn=arn)


def test_what_is_cut_says_so(server, iam, role, refuses):
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    said = iam.get_policy(PolicyArn=arn)["Policy"]
    assert said["Description"] == "AWS's policy, cut to the services that Barmkin knows."
    assert "Description" not in iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")["Policy"]
    r = role()
    iam.attach_role_policy(RoleName=r.name, PolicyArn=arn)
    answer = r.client("iam").list_roles()
    assert arn + " (cut to the services that Barmkin knows)" in json.dumps(server.explain(answer["ResponseMetadata"]["RequestId"]))


def test_pages_over_own_and_aws_policies(iam, policy):
    seen, marker = [], {}
    while True:
        page = iam.list_policies(MaxItems=7, **marker)
        assert len(page["Policies"]) <= 7
        seen += [p["Arn"] for p in page["Policies"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert len(seen) == len(set(seen)) and policy in seen
    assert {"arn:aws:iam::aws:policy/" + n for n in AWS_POLICIES} <= set(seen)
    assert all(":aws:policy" in p["Arn"] for p in iam.list_policies(Scope="AWS")["Policies"])
    assert [p["Path"] for p in iam.list_policies(Scope="AWS", PathPrefix="/job-function/")["Policies"]] == ["/job-function/"]


def test_read_only_reads_only(server, iam, role, refuses):
    r = role()
    iam.attach_role_policy(RoleName=r.name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    r.client("iam").list_roles(), r.client("s3").list_buckets(), r.client("kms").list_keys()
    for service, ask in (("iam", lambda c: c.create_user(UserName="x")), ("s3", lambda c: c.create_bucket(Bucket="xxxx")),
                         ("sts", lambda c: c.assume_role(RoleArn=r.arn, RoleSessionName="test"))):
        with refuses("AccessDenied", "because no identity-based policy allows"):
            ask(r.client(service))
