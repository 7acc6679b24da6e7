# SPDX-License-Identifier: MIT
"""organizations: the tree that the accounts of a house hang in, as management and as a member see it."""
import json

import pytest


@pytest.fixture
def management(server):
    return server.client("organizations", "management")


def test_the_organization(server, management):
    o = management.describe_organization()["Organization"]
    assert o["Id"].startswith("o-") and o["FeatureSet"] == "ALL"
    assert o["MasterAccountId"] == server.account("management")["id"]
    assert server.client("organizations").describe_organization()["Organization"]["Id"] == o["Id"]


def test_accounts(server, management):
    found, token = [], {}
    while True:
        page = management.list_accounts(MaxResults=2, **token)
        found += page["Accounts"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    by_name = {a["Name"]: a for a in found}
    for name in ("management", "dev", "staging", "prod"):
        assert by_name[name]["Id"] == server.account(name)["id"] and by_name[name]["Status"] == "ACTIVE"
    assert len(found) == len({a["Id"] for a in found})


def test_the_root_and_its_children(server, management, refuses):
    root = management.list_roots()["Roots"][0]
    children = management.list_accounts_for_parent(ParentId=root["Id"])["Accounts"]
    assert {server.account(n)["id"] for n in ("dev", "staging", "prod")} <= {a["Id"] for a in children}
    with refuses("ParentNotFoundException"):
        management.list_accounts_for_parent(ParentId="r-none")


def test_members_do_not_see_each_other(server, refuses):
    member = server.client("organizations", "dev")
    for ask in (member.list_accounts, member.list_roots):
        with refuses("AccessDeniedException"):
            ask()
    with refuses("AccessDeniedException"):
        member.list_accounts_for_parent(ParentId="r-root")


def test_without_permission(server, user, refuses):
    c = user(profile="management").client("organizations")
    for ask in (c.list_accounts, c.list_roots, c.describe_organization):
        with refuses("AccessDeniedException", "because no identity-based policy allows the organizations:"):
            ask()


def test_bad_tokens(management, refuses):
    with refuses("InvalidInputException"):
        management.list_accounts(NextToken="nonsense")


def test_the_key_of_the_organization(server, role, document):
    r = role(policy=document(Action="iam:ListRoles", Condition={"StringEquals": {"aws:PrincipalOrgID": server.client(
        "organizations").describe_organization()["Organization"]["Id"]}}))
    r.client("iam").list_roles()


# ---- the tree ----

@pytest.fixture
def root(management):
    return management.list_roots()["Roots"][0]["Id"]


def everything(call, member, **kw):
    """All pages of a listing, two at a time."""
    found, token = [], {}
    while True:
        page = call(MaxResults=2, **kw, **token)
        assert len(page[member]) <= 2
        found += page[member]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def test_units(server, management, root, name, refuses):
    top = management.create_organizational_unit(ParentId=root, Name=name, Tags=[{"Key": "a", "Value": "b"}])
    top = top["OrganizationalUnit"]
    master = server.account("management")["id"]
    org = management.describe_organization()["Organization"]["Id"]
    assert top["Arn"] == f"arn:aws:organizations::{master}:ou/{org}/{top['Id']}" and top["Name"] == name
    assert top["Id"].startswith("ou-" + root[2:] + "-")
    with refuses("DuplicateOrganizationalUnitException"):
        management.create_organizational_unit(ParentId=root, Name=name)
    with refuses("ParentNotFoundException"):
        management.create_organizational_unit(ParentId="ou-abcd-00000000", Name=name)
    units = [top["Id"]]
    for depth in range(2, 6):
        units.append(management.create_organizational_unit(ParentId=units[-1], Name=str(depth))["OrganizationalUnit"]["Id"])
    with refuses("ConstraintViolationException", "too many levels") as caught:
        management.create_organizational_unit(ParentId=units[-1], Name="6")
    assert caught.value.response["Reason"] == "OU_DEPTH_LIMIT_EXCEEDED"
    with refuses("OrganizationalUnitNotEmptyException"):
        management.delete_organizational_unit(OrganizationalUnitId=units[0])
    assert management.list_parents(ChildId=units[1])["Parents"] == [{"Id": units[0], "Type": "ORGANIZATIONAL_UNIT"}]
    assert management.list_parents(ChildId=units[0])["Parents"] == [{"Id": root, "Type": "ROOT"}]
    renamed = management.update_organizational_unit(OrganizationalUnitId=units[1], Name="new")["OrganizationalUnit"]
    assert renamed["Name"] == "new"
    assert management.describe_organizational_unit(OrganizationalUnitId=units[1])["OrganizationalUnit"] == renamed
    for u in reversed(units):
        management.delete_organizational_unit(OrganizationalUnitId=u)
    with refuses("OrganizationalUnitNotFoundException"):
        management.describe_organizational_unit(OrganizationalUnitId=units[0])
    with refuses("OrganizationalUnitNotFoundException"):
        management.delete_organizational_unit(OrganizationalUnitId=units[0])


def test_children(server, management, root, name):
    top = management.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
    units = {management.create_organizational_unit(ParentId=top, Name=str(i))["OrganizationalUnit"]["Id"] for i in range(5)}
    accounts = [server.account(n)["id"] for n in ("dev", "staging", "prod")]
    for a in accounts:
        management.move_account(AccountId=a, SourceParentId=root, DestinationParentId=top)
    try:
        got = everything(management.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=top)
        assert {u["Id"] for u in got} == units and all(top in u["Path"] for u in got)
        got = everything(management.list_children, "Children", ParentId=top, ChildType="ORGANIZATIONAL_UNIT")
        assert {u["Id"] for u in got} == units
        got = everything(management.list_children, "Children", ParentId=top, ChildType="ACCOUNT")
        assert sorted(a["Id"] for a in got) == sorted(accounts) and {a["Type"] for a in got} == {"ACCOUNT"}
        got = everything(management.list_accounts_for_parent, "Accounts", ParentId=top)
        assert sorted(a["Id"] for a in got) == sorted(accounts)
        assert got[0]["Paths"][0].endswith(f"/{root}/{top}/{got[0]['Id']}/")
        assert management.list_parents(ChildId=accounts[0])["Parents"][0]["Id"] == top
        assert management.describe_account(AccountId=accounts[0])["Account"]["State"] == "ACTIVE"
    finally:
        for a in accounts:
            management.move_account(AccountId=a, SourceParentId=top, DestinationParentId=root)
        for u in units | {top}:
            if u != top:
                management.delete_organizational_unit(OrganizationalUnitId=u)
        management.delete_organizational_unit(OrganizationalUnitId=top)


def test_moves_that_cannot_be(server, management, root, refuses):
    dev = server.account("dev")["id"]
    for error, source, destination in (("SourceParentNotFoundException", "ou-abcd-00000000", root),
                                       ("DestinationParentNotFoundException", root, "ou-abcd-00000000"),
                                       ("DuplicateAccountException", root, root)):
        with refuses(error):
            management.move_account(AccountId=dev, SourceParentId=source, DestinationParentId=destination)
    with refuses("AccountNotFoundException"):
        management.move_account(AccountId="0" * 12, SourceParentId=root, DestinationParentId=root)
    with refuses("AccountNotFoundException"):
        management.describe_account(AccountId="0" * 12)
    with refuses("ChildNotFoundException"):
        management.list_parents(ChildId="0" * 12)


# ---- policies ----

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


@pytest.fixture
def policy(management, document, name):
    """policy(content=..., type=SCP): the summary of a policy that is deleted with the test."""
    made = []

    def make(content=None, type=SCP, **kw):
        content = content or document(Effect="Deny", Action="ec2:RunInstances")
        p = management.create_policy(Name=f"{name}-{len(made)}", Description="d", Type=type, Content=content, **kw)
        made.append(p["Policy"]["PolicySummary"]["Id"])
        return p["Policy"]["PolicySummary"]

    yield make
    for p in made:
        management.delete_policy(PolicyId=p)


def test_policies(management, policy, document, name, refuses):
    p = policy(Tags=[{"Key": "a", "Value": "b"}])
    assert p["Arn"].endswith(f"/service_control_policy/{p['Id']}") and not p["AwsManaged"]
    with refuses("DuplicatePolicyException"):
        management.create_policy(Name=p["Name"], Description="", Type=SCP, Content=document(Action="*"))
    changed = management.update_policy(PolicyId=p["Id"], Name=name, Description="e", Content=document(Action="s3:*"))["Policy"]
    assert changed["PolicySummary"]["Name"] == name and changed["PolicySummary"]["Description"] == "e"
    assert management.describe_policy(PolicyId=p["Id"])["Policy"]["Content"] == document(Action="s3:*")
    listed = everything(management.list_policies, "Policies", Filter=SCP)
    assert listed[0]["Id"] == "p-FullAWSAccess" and p["Id"] in [x["Id"] for x in listed]
    assert p["Id"] not in [x["Id"] for x in everything(management.list_policies, "Policies", Filter=RCP)]
    with refuses("PolicyNotFoundException"):
        management.describe_policy(PolicyId="p-00000000")


def test_aws_own_policies_cannot_be_changed(management, refuses, document):
    got = management.describe_policy(PolicyId="p-FullAWSAccess")["Policy"]
    assert got["PolicySummary"]["Arn"] == "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"
    for act in (lambda: management.update_policy(PolicyId="p-FullAWSAccess", Content=document(Action="s3:*")),
                lambda: management.delete_policy(PolicyId="p-RCPFullAWSAccess")):
        with refuses("InvalidInputException") as caught:
            act()
        assert caught.value.response["Reason"] == "IMMUTABLE_POLICY"


def rcp(**statement):
    one = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in one.items() if v is not None}]})


@pytest.mark.parametrize("type,content", [
    (SCP, "{"), (SCP, "[]"), (SCP, '{"Version":"2012-10-17"}'),
    (SCP, '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'),
    (SCP, '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}'),
    (RCP, rcp(Effect="Allow")), (RCP, rcp(Principal={"AWS": "111122223333"})), (RCP, rcp(Action="*")),
    (RCP, rcp(Action="ec2:*")), (RCP, rcp(Action=["s3:*", "iam:*"])), (RCP, rcp(Action=None, NotAction="s3:*")),
    (RCP, rcp(Principal=None, NotPrincipal="*"))])
def test_malformed_policies(management, name, refuses, type, content):
    with refuses("MalformedPolicyDocumentException"):
        management.create_policy(Name=name, Description="", Type=type, Content=content)


def test_quotas_of_policies(server, management, root, policy, document, name, refuses):
    with refuses("ConstraintViolationException") as caught:
        management.create_policy(Name=name, Description="", Type=SCP, Content=document(Action="s3:" + "x" * 5120))
    assert caught.value.response["Reason"] == "POLICY_CONTENT_LIMIT_EXCEEDED"
    unit = management.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
    ids = [policy()["Id"] for _ in range(5)]
    for i in ids[:4]:
        management.attach_policy(PolicyId=i, TargetId=unit)
    with refuses("ConstraintViolationException") as caught:
        management.attach_policy(PolicyId=ids[4], TargetId=unit)
    assert caught.value.response["Reason"] == "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    management.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    for i in ids[:3]:
        management.detach_policy(PolicyId=i, TargetId=unit)
    with refuses("ConstraintViolationException") as caught:
        management.detach_policy(PolicyId=ids[3], TargetId=unit)
    assert caught.value.response["Reason"] == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    with refuses("PolicyNotAttachedException"):
        management.detach_policy(PolicyId=ids[0], TargetId=unit)
    with refuses("TargetNotFoundException"):
        management.attach_policy(PolicyId=ids[0], TargetId="ou-abcd-00000000")
    management.delete_organizational_unit(OrganizationalUnitId=unit)  # what was attached goes with it


def test_targets(server, management, root, policy, name):
    p, accounts = policy()["Id"], [server.account(n)["id"] for n in ("dev", "staging", "prod")]
    units = [management.create_organizational_unit(ParentId=root, Name=f"{name}-{i}")["OrganizationalUnit"]["Id"]
             for i in range(3)]
    for t in [root, *units, *accounts]:
        management.attach_policy(PolicyId=p, TargetId=t)
    try:
        got = everything(management.list_targets_for_policy, "Targets", PolicyId=p)
        assert sorted(t["TargetId"] for t in got) == sorted([root, *units, *accounts])
        assert {t["Type"] for t in got} == {"ROOT", "ORGANIZATIONAL_UNIT", "ACCOUNT"}
        assert {t["Name"] for t in got} >= {"Root", "dev", f"{name}-0"}
        full = everything(management.list_targets_for_policy, "Targets", PolicyId="p-FullAWSAccess")
        assert {t["TargetId"] for t in full} >= {root, *units, *accounts}
    finally:
        for t in [root, *units, *accounts]:
            management.detach_policy(PolicyId=p, TargetId=t)
        for u in units:
            management.delete_organizational_unit(OrganizationalUnitId=u)


def test_policy_types(management, root, policy, refuses, server):
    with refuses("PolicyTypeAlreadyEnabledException"):
        management.enable_policy_type(RootId=root, PolicyType=SCP)
    with refuses("PolicyTypeNotEnabledException"):
        management.disable_policy_type(RootId=root, PolicyType=RCP)
    with refuses("RootNotFoundException"):
        management.enable_policy_type(RootId="r-zzzz", PolicyType=RCP)
    with refuses("PolicyTypeNotAvailableForOrganizationException"):
        management.enable_policy_type(RootId=root, PolicyType="BACKUP_POLICY")
    p = policy(rcp(), RCP)
    with refuses("PolicyTypeNotEnabledException"):
        management.attach_policy(PolicyId=p["Id"], TargetId=root)
    on = management.enable_policy_type(RootId=root, PolicyType=RCP)["Root"]
    assert {t["Type"] for t in on["PolicyTypes"]} == {SCP, RCP}
    dev = server.account("dev")["id"]
    assert [x["Id"] for x in management.list_policies_for_target(TargetId=dev, Filter=RCP)["Policies"]] == ["p-RCPFullAWSAccess"]
    with refuses("InvalidInputException") as caught:
        management.detach_policy(PolicyId="p-RCPFullAWSAccess", TargetId=dev)
    assert caught.value.response["Reason"] == "NON_DETACHABLE_POLICY"
    management.disable_policy_type(RootId=root, PolicyType=RCP)


def test_the_type_of_a_policy_is_a_condition(management, policy, user, refuses):
    u = user(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "organizations:*", "Resource": "*",
         "Condition": {"StringEquals": {"organizations:PolicyType": SCP}}}]}), profile="management")
    c = u.client("organizations")
    c.list_policies(Filter=SCP)
    c.describe_policy(PolicyId=policy()["Id"])
    with refuses("AccessDeniedException", "no identity-based policy allows the organizations:DescribePolicy action"):
        c.describe_policy(PolicyId=policy(rcp(), RCP)["Id"])
    with refuses("AccessDeniedException", "organizations:ListPolicies"):
        c.list_policies(Filter=RCP)


def test_members_learn_nothing_about_the_tree(server, root, policy, refuses):
    c = server.client("organizations", "dev")
    for act in (lambda: c.describe_policy(PolicyId=policy()["Id"]), lambda: c.describe_policy(PolicyId="p-00000000"),
                lambda: c.describe_account(AccountId=server.account("prod")["id"]),
                lambda: c.list_parents(ChildId="0" * 12), lambda: c.list_policies(Filter=SCP),
                lambda: c.create_organizational_unit(ParentId=root, Name="x"),
                lambda: c.attach_policy(PolicyId="p-FullAWSAccess", TargetId=root)):
        with refuses("AccessDeniedException", "You don't have permissions to access this resource."):
            act()
