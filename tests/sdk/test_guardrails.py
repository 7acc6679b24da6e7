# SPDX-License-Identifier: MIT
"""SCPs and RCPs: what an organization takes away from its accounts, level by level (rules 15, 16, 44)."""
import contextlib
import json
import uuid

import botocore.exceptions
import pytest
from conftest import trust


@pytest.fixture
def org(server):
    return server.client("organizations", "management")


@pytest.fixture
def root(org):
    return org.list_roots()["Roots"][0]["Id"]


@pytest.fixture
def law(org):
    """law(target, document, type=...): a policy made and attached; detached and deleted with the test, last one first."""
    undo = contextlib.ExitStack()

    def make(target, content, type="SERVICE_CONTROL_POLICY"):
        p = org.create_policy(Name="p-" + uuid.uuid4().hex, Description="", Type=type, Content=content)["Policy"]["PolicySummary"]
        undo.callback(org.delete_policy, PolicyId=p["Id"])
        org.attach_policy(PolicyId=p["Id"], TargetId=target)
        undo.callback(org.detach_policy, PolicyId=p["Id"], TargetId=target)
        return p["Id"]

    make.undo = undo
    with undo:
        yield make


@pytest.fixture
def tree(server, org, root):
    """An account of its own two units below the root: (outer, inner, profile)."""
    profile = "rails-" + uuid.uuid4().hex[:6]
    account = server.fresh_account(profile)["id"]
    outer = org.create_organizational_unit(ParentId=root, Name=profile)["OrganizationalUnit"]["Id"]
    inner = org.create_organizational_unit(ParentId=outer, Name="inner")["OrganizationalUnit"]["Id"]
    org.move_account(AccountId=account, SourceParentId=root, DestinationParentId=inner)
    yield outer, inner, profile
    org.move_account(AccountId=account, SourceParentId=inner, DestinationParentId=root)
    org.delete_organizational_unit(OrganizationalUnitId=inner)
    org.delete_organizational_unit(OrganizationalUnitId=outer)


@pytest.fixture
def rcps(org, root):
    org.enable_policy_type(RootId=root, PolicyType="RESOURCE_CONTROL_POLICY")
    yield
    org.disable_policy_type(RootId=root, PolicyType="RESOURCE_CONTROL_POLICY")


def deny(action, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "No", "Effect": "Deny", "Action": action, "Resource": "*", **more}]})


def allow(*actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


def fails(call, **kw):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**kw)
    return caught.value.response


EXPLICIT = "with an explicit deny in a service control policy"
IMPLICIT = "because no service control policy allows the iam:ListRoles action"


@pytest.mark.parametrize("level", ["root", "outer", "inner", "account"])
def test_an_scp_denies_at_each_level(server, org, root, tree, law, level):
    outer, inner, profile = tree
    target = {"root": root, "outer": outer, "inner": inner, "account": server.account(profile)["id"]}[level]
    iam = server.client("iam", profile)
    iam.list_roles()
    law(target, deny("iam:ListRoles"))
    said = fails(iam.list_roles)
    assert said["Error"]["Code"] == "AccessDenied" and EXPLICIT in said["Error"]["Message"]
    iam.list_users()
    server.client("iam", "management").list_roles()  # the management account is not bound
    if level == "root":
        assert EXPLICIT in fails(server.client("iam", "dev").list_roles)["Error"]["Message"]
    else:
        server.client("iam", "dev").list_roles()
    law.undo.close()
    iam.list_roles()


def test_explain_names_the_policy(server, tree, law):
    outer, _, profile = tree
    policy = law(outer, deny("iam:ListRoles"))
    said = fails(server.client("iam", profile).list_roles)
    told = server.explain(said["ResponseMetadata"]["RequestId"])
    judged = told["call"]["judgements"][0]
    assert told["by"] == "scp" and judged["policy"].endswith("service_control_policy/" + policy) and judged["sid"] == "No"
    assert [x for x in judged["layers"] if x["layer"] == "scp"][0]["verdict"] == "ExplicitlyDenied"


@pytest.mark.parametrize("level", ["outer", "inner", "account"])
def test_an_allow_list_needs_an_allow_at_every_level(server, org, tree, law, level):
    """FullAWSAccess replaced by a list: what the list lacks is denied, though every other level allows all."""
    outer, inner, profile = tree
    target = {"outer": outer, "inner": inner, "account": server.account(profile)["id"]}[level]
    iam = server.client("iam", profile)
    law(target, allow("iam:ListUsers", "s3:*"))
    iam.list_roles()  # FullAWSAccess is still there
    org.detach_policy(PolicyId="p-FullAWSAccess", TargetId=target)
    iam.list_users()
    assert IMPLICIT in fails(iam.list_roles)["Error"]["Message"]
    org.attach_policy(PolicyId="p-FullAWSAccess", TargetId=target)
    iam.list_roles()


def test_a_region_guard(server, tree, law):
    """The NotAction guard of AWS's examples: nothing outside one region but for global services."""
    outer, _, profile = tree
    law(outer, json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "sts:*"], "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}}]}))
    ec2 = server.client("ec2", profile)
    said = fails(ec2.describe_vpcs, VpcIds=[])
    assert said["Error"]["Code"] == "UnauthorizedOperation" and EXPLICIT in said["Error"]["Message"]
    server.client("iam", profile).list_roles()
    server.client("sts", profile).get_caller_identity()


def test_a_level_of_many_statements(server, tree, law):
    """More than are read one by one: what a statement among them denies is denied, by that statement, and no more."""
    outer, _, profile = tree
    law(outer, json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": f"No{i}", "Effect": "Deny", "Action": "iam:ListUsers" if i == 13 else f"ssm:*{i}",
         "Resource": f"arn:aws:iam::*:user/team-{i}/*" if i == 12 else "*"} for i in range(20)]}))
    iam = server.client("iam", profile)
    said = fails(iam.list_users)
    assert EXPLICIT in said["Error"]["Message"]
    judged = server.explain(said["ResponseMetadata"]["RequestId"])["call"]["judgements"][0]
    assert judged["sid"] == "No13"
    iam.list_roles()
    server.client("ssm", profile).describe_parameters()


def test_scps_bind_roles_and_sessions_of_members(server, tree, law, role, document):
    outer, _, profile = tree
    r = role(document(Action="*"), profile=profile)
    r.client("iam").list_roles()
    law(outer, deny("iam:ListRoles"))
    assert EXPLICIT in fails(r.client("iam").list_roles)["Error"]["Message"]
    law.undo.close()
    r.client("iam").list_roles()


def test_scps_bind_the_root_user(server, tree, law):
    """Nobody here has a key of a member's root user, but everybody may ask what it could do."""
    outer, _, profile = tree
    who = f"arn:aws:iam::{server.account(profile)['id']}:root"
    ask = ("--principal", who, "--action", "iam:ListUsers", "--resource", "*", "-o", "json")
    assert json.loads(server.barmkin("explain", *ask))["decision"] == "Allowed"
    law(outer, deny("iam:List*"))
    said = json.loads(server.barmkin("explain", *ask, fine=(3,)))
    assert said["decision"] == "ExplicitlyDenied" and said["by"] == "scp"


def test_scps_do_not_bind_the_house_itself(server, org, root, law, name):
    """An account is made whatever the organization forbids its members; the account itself is bound from the start. The
    log says who did it: not the root user."""
    law(root, deny(["iam:CreateUser", "iam:CreateRole", "iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:CreateAccessKey"]))
    profile = "house-" + name[-6:]
    made = server.fresh_account(profile)["id"]
    iam = server.client("iam", profile)
    assert EXPLICIT in fails(iam.create_user, UserName="x")["Error"]["Message"]
    server.fresh_account(profile)
    status = org.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
    assert org.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]["State"] == "SUCCEEDED"
    with open(server.state + "/front/audit/audit-000001.ndjson") as f:
        records = [json.loads(line)["record"] for line in f if made in line and '"CreateUser"' in line]
    by_house = [r for r in records if r["userIdentity"]["type"] == "Root"]
    assert by_house and all(r["userIdentity"]["invokedBy"] == "barmkin.amazonaws.com" for r in by_house)
    assert all("invokedBy" not in r["userIdentity"] for r in records if r["userIdentity"]["type"] == "IAMUser")


def test_the_callers_scps_count_not_the_owners(server, tree, law, role, document, name):
    """A bucket of a bound account, reached from a free one by its policy; and the other way round."""
    outer, _, profile = tree
    s3, other = server.client("s3", profile), server.client("s3", "dev")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": server.account("dev")["id"]}, "Action": "s3:GetObject",
         "Resource": f"arn:aws:s3:::{name}/*"}]}))
    law(outer, deny("s3:GetObject"))
    assert other.get_object(Bucket=name, Key="k")["Body"].read() == b"x"
    assert EXPLICIT in fails(s3.get_object, Bucket=name, Key="k")["Error"]["Message"]
    law.undo.close()
    law(server.account("dev")["id"], deny("s3:GetObject"))
    assert EXPLICIT in fails(other.get_object, Bucket=name, Key="k")["Error"]["Message"]
    s3.get_object(Bucket=name, Key="k")


def test_nobody_makes_a_role_that_looks_service_linked(server, refuses, name):
    trusted = trust(AWS=server.account("dev")["id"])
    for path in ("/aws-service-role/", "/aws-service-role/x.amazonaws.com/"):
        said = fails(server.client("iam").create_role, RoleName=name, Path=path, AssumeRolePolicyDocument=trusted)
        assert said["ResponseMetadata"]["HTTPStatusCode"] in (400, 403), said


def test_a_path_that_reads_like_a_service_linked_roles_is_none(server, tree, law, name, document):
    outer, _, profile = tree
    iam, account = server.client("iam", profile), server.account(profile)["id"]
    arn = iam.create_role(RoleName=name, Path="/x:role/aws-service-role/",
                          AssumeRolePolicyDocument=trust(AWS=account))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(Action="*"))
    keys = server.client("sts", profile).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    law(outer, deny("iam:ListRoles"))
    assert EXPLICIT in fails(server.client("iam", keys=keys).list_roles)["Error"]["Message"]


def test_a_service_linked_role_is_bound_by_neither(server, tree, rcps, law, name, refuses):
    """Rules 15 and 16. Nobody but its service becomes it, so its rights are asked on the live state."""
    outer, _, profile = tree
    iam, s3, account = server.client("iam", profile), server.client("s3", profile), server.account(profile)["id"]
    plain = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=account))["Role"]["Arn"]
    linked = iam.create_service_linked_role(AWSServiceName="ssm.amazonaws.com")["Role"]["Arn"]
    assert ":role/aws-service-role/ssm.amazonaws.com/" in linked
    with refuses("AccessDenied", "because no role trust policy allows the sts:AssumeRole action"):
        server.client("sts", profile).assume_role(RoleArn=linked, RoleSessionName="test")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Both", "Effect": "Allow", "Principal": {"AWS": [plain, linked]}, "Action": "s3:GetObject",
         "Resource": f"arn:aws:s3:::{name}/*"}]}))

    def asked(role):
        said = json.loads(server.barmkin("explain", "--principal", role, "--action", "s3:GetObject", "--resource",
                                         f"arn:aws:s3:::{name}/k", "-o", "json", fine=(0, 3)))
        return said["decision"], said["by"], {x["layer"] for x in said["call"]["judgements"][0]["layers"]}

    for role in (plain, linked):
        assert asked(role)[:2] == ("Allowed", "resource")
    law(outer, deny("s3:GetObject"))
    assert asked(plain)[:2] == ("ExplicitlyDenied", "scp")
    assert asked(linked)[:2] == ("Allowed", "resource")
    law(outer, deny("s3:GetObject", Principal="*"), "RESOURCE_CONTROL_POLICY")
    assert asked(plain)[:2] == ("ExplicitlyDenied", "rcp")
    decision, _, layers = asked(linked)
    assert decision == "Allowed" and not layers & {"scp", "rcp"}
    s3.delete_bucket(Bucket=name)


# ---- moving ----

def test_moving_an_account_changes_its_law_and_its_path(server, org, root, tree, law, document, user):
    outer, inner, profile = tree
    account, iam = server.account(profile)["id"], server.client("iam", profile)
    o = org.describe_organization()["Organization"]["Id"]
    u = user(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
         "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{o}/{root}/{outer}/{inner}/*"},
                       "StringEquals": {"aws:PrincipalOrgID": o, "aws:ResourceOrgID": o}}}]}), profile=profile)
    law(outer, deny("iam:ListRoles"))
    assert EXPLICIT in fails(iam.list_roles)["Error"]["Message"]
    u.client("iam").list_users()
    org.move_account(AccountId=account, SourceParentId=inner, DestinationParentId=root)
    iam.list_roles()
    assert "no identity-based policy" in fails(u.client("iam").list_users)["Error"]["Message"]
    org.move_account(AccountId=account, SourceParentId=root, DestinationParentId=inner)
    assert EXPLICIT in fails(iam.list_roles)["Error"]["Message"]
    u.client("iam").list_users()


# ---- resource control policies ----

RCP = "with an explicit deny in a resource control policy"


def guard(action, condition, resource="*"):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition}]})


@pytest.mark.parametrize("level", ["root", "outer", "inner", "account"])
def test_an_rcp_reaches_another_accounts_caller(server, org, root, tree, rcps, law, name, level):
    outer, inner, profile = tree
    account = server.account(profile)["id"]
    target = {"root": root, "outer": outer, "inner": inner, "account": account}[level]
    s3, other = server.client("s3", profile), server.client("s3", "dev")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": server.account("dev")["id"]}, "Action": "s3:GetObject",
         "Resource": f"arn:aws:s3:::{name}/*"}]}))
    other.get_object(Bucket=name, Key="k")
    law(target, guard("s3:*", {"StringNotEqualsIfExists": {"aws:PrincipalAccount": account}}), "RESOURCE_CONTROL_POLICY")
    said = fails(other.get_object, Bucket=name, Key="k")
    assert said["Error"]["Code"] == "AccessDenied" and RCP in said["Error"]["Message"]
    assert server.explain(said["ResponseMetadata"]["RequestId"])["by"] == "rcp"
    s3.get_object(Bucket=name, Key="k")
    law.undo.close()
    other.get_object(Bucket=name, Key="k")


def test_an_rcp_reaches_anonymous_callers(server, tree, rcps, law, name):
    import urllib.error
    import urllib.request
    import ssl
    outer, _, profile = tree
    s3 = server.client("s3", profile)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}]}))
    trust = ssl.create_default_context(cafile=server.ca)

    def get():
        with urllib.request.urlopen(f"{server.url}/{name}/k", context=trust, timeout=10) as r:
            return r.read()

    assert get() == b"x"
    law(outer, guard("s3:*", {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
                              "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-0000000000"}}), "RESOURCE_CONTROL_POLICY")
    with pytest.raises(urllib.error.HTTPError) as caught:
        get()
    assert caught.value.code == 403
    law.undo.close()
    assert get() == b"x"


def test_an_rcp_at_a_key(server, tree, rcps, law):
    outer, _, profile = tree
    account, kms = server.account(profile)["id"], server.client("kms", profile)
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": [account, server.account("dev")["id"]]}, "Action": "kms:*",
         "Resource": "*"}]}))["KeyMetadata"]["Arn"]
    other = server.client("kms", "dev")
    other.encrypt(KeyId=key, Plaintext=b"x")
    law(outer, guard("kms:Encrypt", {"StringNotEquals": {"aws:PrincipalAccount": account}}), "RESOURCE_CONTROL_POLICY")
    said = fails(other.encrypt, KeyId=key, Plaintext=b"x")
    assert said["Error"]["Code"] == "AccessDeniedException" and RCP in said["Error"]["Message"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    law.undo.close()
    other.encrypt(KeyId=key, Plaintext=b"x")


def test_what_rcps_do_not_reach_in_kms(server, tree, rcps, law, name):
    """AWS's own keys, and retiring a grant."""
    outer, _, profile = tree
    account, kms, ssm = server.account(profile)["id"], server.client("kms", profile), server.client("ssm", profile)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    grant = kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{account}:root", Operations=["Decrypt"])
    everybody = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-0000000000"}}
    law(outer, guard("kms:*", everybody), "RESOURCE_CONTROL_POLICY")
    ssm.put_parameter(Name=name, Value="v", Type="SecureString")
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "v"
    kms.describe_key(KeyId="alias/aws/ssm")
    assert RCP in fails(kms.describe_key, KeyId=key)["Error"]["Message"]
    assert RCP in fails(ssm.put_parameter, Name=name + "k", Value="v", Type="SecureString", KeyId=key)["Error"]["Message"]
    kms.retire_grant(KeyId=key, GrantId=grant["GrantId"])
    assert RCP in fails(kms.list_grants, KeyId=key)["Error"]["Message"]


def test_an_rcp_at_a_role(server, tree, rcps, law, role):
    outer, _, profile = tree
    account = server.account(profile)["id"]
    r = role(profile=profile, trust=f"arn:aws:iam::{server.account('dev')['id']}:root", assume=False)
    sts = server.client("sts", "dev")
    sts.assume_role(RoleArn=r.arn, RoleSessionName="test")
    law(outer, guard("sts:AssumeRole", {"StringNotEquals": {"aws:PrincipalAccount": account}}), "RESOURCE_CONTROL_POLICY")
    assert RCP in fails(sts.assume_role, RoleArn=r.arn, RoleSessionName="test")["Error"]["Message"]


def test_rcps_do_not_reach_the_management_account(server, root, rcps, law, name):
    s3 = server.client("s3", "management")
    s3.create_bucket(Bucket=name)
    law(root, guard("s3:*", {"StringEquals": {"aws:SecureTransport": "true"}}), "RESOURCE_CONTROL_POLICY")
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    assert RCP in fails(server.client("s3", "dev").create_bucket, Bucket=name + "-dev")["Error"]["Message"]
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)


def test_a_disabled_type_binds_nobody_and_forgets_what_was_attached(server, org, root, law):
    dev = server.account("dev")["id"]
    law(dev, deny("iam:ListRoles"))
    assert EXPLICIT in fails(server.client("iam", "dev").list_roles)["Error"]["Message"]
    said = org.disable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")["Root"]
    assert said["PolicyTypes"] == []
    server.client("iam", "dev").list_roles()
    org.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    server.client("iam", "dev").list_roles()
    on = org.list_policies_for_target(TargetId=dev, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert [p["Name"] for p in on] == ["FullAWSAccess"]
    with contextlib.suppress(botocore.exceptions.ClientError):  # what the fixture would undo is undone
        law.undo.close()
