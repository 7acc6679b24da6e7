# SPDX-License-Identifier: MIT
"""organizations: the tree that the accounts of a house hang in, as management and as a member see it."""
import contextlib
import json

import botocore.exceptions
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
    (SCP, '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'),
    (SCP, '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'),
    (SCP, '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":"*","Action":"*","Resource":"*"}]}'),
    (RCP, rcp().replace("2012", "2008")), (RCP, rcp(Principal={"AWS": "*"})),
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


# ---- making accounts ----

def made(management, name, **kw):
    """An account made on the wire: (its id, what CreateAccount answered)."""
    said = management.create_account(AccountName=name, Email=f"{name}@example.com", **kw)["CreateAccountStatus"]
    status = management.describe_create_account_status(CreateAccountRequestId=said["Id"])["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED", status
    return status["AccountId"], said


def administer(server, account, role="OrganizationAccountAccessRole"):
    keys = server.client("sts", "management").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="test")["Credentials"]
    return lambda service: server.client(service, keys=keys)


def test_an_account_and_its_access_role(server, management, name, refuses, user, document):
    account, said = made(management, name, Tags=[{"Key": "team", "Value": "x"}])
    assert said["State"] == "IN_PROGRESS" and said["Id"].startswith("car-") and "AccountId" not in said
    assert said["Id"] in [s["Id"] for s in everything(management.list_create_account_status, "CreateAccountStatuses",
                                                       States=["SUCCEEDED"])]
    a = management.describe_account(AccountId=account)["Account"]
    assert a["Name"] == name and a["Email"] == f"{name}@example.com" and a["JoinedMethod"] == "CREATED"
    inside = administer(server, account)
    assert inside("sts").get_caller_identity()["Account"] == account
    inside("iam").create_user(UserName="u")
    with refuses("AccessDenied"):  # the role trusts the management account only
        server.client("sts", "dev").assume_role(RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole",
                                                RoleSessionName="test")
    on = management.list_policies_for_target(TargetId=account, Filter=SCP)["Policies"]
    assert [p["Id"] for p in on] == ["p-FullAWSAccess"]
    u = user(document(Action=["organizations:CreateAccount"]), profile="management").client("organizations")
    with refuses("AccessDeniedException", "organizations:TagResource"):
        u.create_account(AccountName=name, Email=f"{name}2@example.com", Tags=[{"Key": "a", "Value": "b"}])


def test_the_access_role_of_all_accounts_and_other_names(server, management, name):
    for profile in ("dev", "staging", "prod"):
        administer(server, server.account(profile)["id"])("iam").list_roles()
    administer(server, server.fresh_account("scratch-org")["id"])("iam").list_roles()
    administer(server, server.fresh_account("scratch-org")["id"])("iam").list_roles()  # and after --replace
    account, _ = made(management, name, RoleName="Admin")
    administer(server, account, "Admin")("iam").list_roles()
    assert "OrganizationAccountAccessRole" not in [r["RoleName"] for r in
                                                   server.client("iam", "management").list_roles()["Roles"]]


def test_accounts_that_cannot_be_made(server, management, name, refuses):
    made(management, name)
    said = management.create_account(AccountName="other", Email=f"{name}@example.com")["CreateAccountStatus"]
    status = management.describe_create_account_status(CreateAccountRequestId=said["Id"])["CreateAccountStatus"]
    assert status["State"] == "FAILED" and status["FailureReason"] == "EMAIL_ALREADY_EXISTS"
    for kw in ({"Email": "nobody"}, {"AccountName": "\n"}, {"RoleName": "AWSServiceRoleForX"}, {"RoleName": "a b"},
               {"Tags": [{"Key": "aws:x", "Value": ""}]}, {"Tags": [{"Key": "x", "Value": ""}] * 2}):
        with refuses("InvalidInputException"):
            management.create_account(**{"AccountName": name, "Email": f"{name}3@example.com", **kw})
    with refuses("CreateAccountStatusNotFoundException"):
        management.describe_create_account_status(CreateAccountRequestId="car-00000000")
    with refuses("AccessDeniedException", "You don't have permissions"):
        server.client("organizations").create_account(AccountName=name, Email=f"{name}4@example.com")
    with refuses("NotImplemented"):
        management.create_gov_cloud_account(AccountName=name, Email=f"{name}5@example.com")


def test_known_and_judged_but_not_built(server, management, user, refuses):
    nobody, member = user(profile="management").client("organizations"), server.account("dev")["id"]
    for ask in (lambda c: c.invite_organization_to_transfer_responsibility(
                    Type="BILLING", Target={"Id": member, "Type": "ACCOUNT"}, StartTimestamp=0, SourceName="x"),
                lambda c: c.describe_responsibility_transfer(Id="rt-00000000"),
                lambda c: c.update_responsibility_transfer(Id="rt-00000000", Name="x"),
                lambda c: c.terminate_responsibility_transfer(Id="rt-00000000"),
                lambda c: c.list_inbound_responsibility_transfers(Type="BILLING"),
                lambda c: c.list_outbound_responsibility_transfers(Type="BILLING"),
                lambda c: c.list_accounts_with_invalid_effective_policy(PolicyType="TAG_POLICY"),
                lambda c: c.list_effective_policy_validation_errors(AccountId=member, PolicyType="TAG_POLICY")):
        with refuses("AccessDeniedException", "because no identity-based policy allows the organizations:"):
            ask(nobody)
        with refuses("NotImplemented", "is known to Barmkin but not built"):
            ask(management)


def test_the_wire_does_not_choose_ids(management, name):
    before = {a["Id"] for a in everything(management.list_accounts, "Accounts")}
    management.meta.events.register("before-call.organizations.CreateAccount", lambda params, **kw: params.update(
        body=json.dumps({**json.loads(params["body"]), "AccountId": "111122223333"}).encode()))
    management.create_account(AccountName=name, Email=f"{name}@example.com")
    after = {a["Id"] for a in everything(management.list_accounts, "Accounts")} - before
    assert len(after) == 1 and "111122223333" not in after


def test_a_closed_account_acts_no_more(server, management, name, refuses):
    profile = "closed-" + name[-6:]
    account = server.fresh_account(profile)["id"]
    inside = administer(server, account)
    iam, assumed = server.client("iam", profile), inside("iam")
    iam.list_roles(), assumed.list_roles()
    s3 = server.client("s3", profile)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": server.account("dev")["id"]}, "Action": "s3:ListBucket",
         "Resource": f"arn:aws:s3:::{name}"}]}))
    server.client("s3", "dev").list_objects_v2(Bucket=name)
    management.close_account(AccountId=account)
    for c in (iam, assumed):
        with refuses("InvalidClientTokenId"):
            c.list_roles()
    with refuses("AccessDenied", "suspended"):
        server.client("s3", "dev").list_objects_v2(Bucket=name)
    with refuses("AccessDenied"):
        administer(server, account)
    a = management.describe_account(AccountId=account)["Account"]
    assert a["Status"] == "SUSPENDED" and a["State"] == "CLOSED"
    with refuses("AccountAlreadyClosedException"):
        management.close_account(AccountId=account)
    with refuses("ConstraintViolationException") as caught:
        management.close_account(AccountId=server.account("management")["id"])
    assert caught.value.response["Reason"] == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
    with refuses("AccountNotFoundException"):
        management.close_account(AccountId="0" * 12)
    server.fresh_account(profile)  # --replace makes it anew
    server.client("iam", profile).list_roles()


# ---- leaving and coming back ----

def test_leaving_and_being_invited_back(server, management, root, name, policy, document, refuses):
    profile = "leaves-" + name[-6:]
    account = server.fresh_account(profile)["id"]
    iam, member = server.client("iam", profile), server.client("organizations", profile)
    p = policy(document(Effect="Deny", Action="iam:ListRoles"))["Id"]
    management.attach_policy(PolicyId=p, TargetId=account)
    with refuses("AccessDenied", "service control policy"):
        iam.list_roles()
    member.leave_organization()
    iam.list_roles()  # no policy of the organization binds it any more
    for ask in (member.describe_organization, member.list_accounts, member.leave_organization):
        with refuses("AWSOrganizationsNotInUseException"):
            ask()
    with refuses("ConstraintViolationException"):
        member.create_organization()
    with refuses("AccountNotFoundException"):
        management.describe_account(AccountId=account)
    assert account not in [a["Id"] for a in everything(management.list_accounts, "Accounts")]

    h = management.invite_account_to_organization(Target={"Id": account, "Type": "ACCOUNT"}, Notes="come")["Handshake"]
    assert h["State"] == "OPEN" and h["Action"] == "INVITE" and {"Id": account, "Type": "ACCOUNT"} in h["Parties"]
    with refuses("DuplicateHandshakeException"):
        management.invite_account_to_organization(Target={"Id": account, "Type": "ACCOUNT"})
    with refuses("AccessDeniedException"):
        management.accept_handshake(HandshakeId=h["Id"])
    with refuses("AccessDeniedException"):
        member.cancel_handshake(HandshakeId=h["Id"])
    with refuses("HandshakeNotFoundException"):  # of others nothing is said
        server.client("organizations", "dev").describe_handshake(HandshakeId=h["Id"])
    assert member.decline_handshake(HandshakeId=h["Id"])["Handshake"]["State"] == "DECLINED"
    with refuses("HandshakeAlreadyInStateException"):
        member.decline_handshake(HandshakeId=h["Id"])
    with refuses("InvalidHandshakeTransitionException"):
        member.accept_handshake(HandshakeId=h["Id"])

    h = management.invite_account_to_organization(Target={"Id": account, "Type": "ACCOUNT"})["Handshake"]
    assert management.cancel_handshake(HandshakeId=h["Id"])["Handshake"]["State"] == "CANCELED"
    email = f"{profile}@barmkin.internal"
    h = management.invite_account_to_organization(Target={"Id": email, "Type": "EMAIL"})["Handshake"]
    assert {"Id": email, "Type": "EMAIL"} in h["Parties"]
    assert len(everything(member.list_handshakes_for_account, "Handshakes")) == 3
    assert h["Id"] in [x["Id"] for x in everything(management.list_handshakes_for_organization, "Handshakes")]
    assert member.list_handshakes_for_account(Filter={"ActionType": "ENABLE_ALL_FEATURES"})["Handshakes"] == []
    assert member.accept_handshake(HandshakeId=h["Id"])["Handshake"]["State"] == "ACCEPTED"
    assert member.describe_handshake(HandshakeId=h["Id"])["Handshake"]["State"] == "ACCEPTED"
    assert member.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    assert management.list_parents(ChildId=account)["Parents"][0]["Id"] == root
    assert management.describe_account(AccountId=account)["Account"]["JoinedMethod"] == "INVITED"
    management.remove_account_from_organization(AccountId=account)
    with refuses("AWSOrganizationsNotInUseException"):
        member.describe_organization()


def test_invitations_that_cannot_be(server, management, refuses):
    for error, target in (("HandshakeConstraintViolationException", {"Id": server.account("dev")["id"], "Type": "ACCOUNT"}),
                          ("InvalidInputException", {"Id": "0" * 12, "Type": "ACCOUNT"}),
                          ("InvalidInputException", {"Id": "o-1234567890", "Type": "ORGANIZATION"})):
        with refuses(error):
            management.invite_account_to_organization(Target=target)
    with refuses("HandshakeNotFoundException"):
        management.describe_handshake(HandshakeId="h-00000000")
    with refuses("AccessDeniedException"):
        server.client("organizations").invite_account_to_organization(
            Target={"Id": server.account("prod")["id"], "Type": "ACCOUNT"})


def test_what_a_house_settles(server, management, refuses):
    for act, error in ((management.create_organization, "AlreadyInOrganizationException"),
                       (server.client("organizations").create_organization, "AlreadyInOrganizationException"),
                       (management.delete_organization, "OrganizationNotEmptyException"),
                       (management.enable_all_features, "HandshakeConstraintViolationException"),
                       (management.leave_organization, "MasterCannotLeaveOrganizationException")):
        with refuses(error):
            act()
    with refuses("MasterCannotLeaveOrganizationException"):
        management.remove_account_from_organization(AccountId=server.account("management")["id"])
    with refuses("AccessDeniedException"):
        server.client("organizations").delete_organization()


# ---- services and delegated administrators ----

SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"


def test_policies_of_a_target_come_in_pages(management, root, policy, name, refuses):
    unit = management.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
    made = [policy()["Id"] for _ in range(3)]
    for p in made:
        management.attach_policy(PolicyId=p, TargetId=unit)
    found = everything(management.list_policies_for_target, "Policies", TargetId=unit, Filter=SCP)
    assert sorted(p["Id"] for p in found) == sorted([*made, "p-FullAWSAccess"])
    with refuses("InvalidInputException"):
        management.list_policies_for_target(TargetId=unit, Filter=SCP, NextToken="nonsense")
    for p in made:
        management.detach_policy(PolicyId=p, TargetId=unit)
    management.delete_organizational_unit(OrganizationalUnitId=unit)


@pytest.fixture
def delegate(server, management):
    dev = server.account("dev")["id"]
    management.enable_aws_service_access(ServicePrincipal=SERVICE)
    management.register_delegated_administrator(AccountId=dev, ServicePrincipal=SERVICE)
    yield server.client("organizations", "dev")
    management.disable_aws_service_access(ServicePrincipal=SERVICE)


def test_services_and_their_administrators(server, management, refuses, name):
    dev, prod = server.account("dev")["id"], server.account("prod")["id"]
    services = [f"{name}-{i}.amazonaws.com" for i in range(3)]
    with refuses("ConstraintViolationException") as caught:
        management.register_delegated_administrator(AccountId=dev, ServicePrincipal=services[0])
    assert caught.value.response["Reason"] == "SERVICE_ACCESS_NOT_ENABLED"
    for s in services:
        management.enable_aws_service_access(ServicePrincipal=s)
    listed = everything(management.list_aws_service_access_for_organization, "EnabledServicePrincipals")
    assert set(services) <= {s["ServicePrincipal"] for s in listed}
    for account in (dev, prod):
        for s in services[:2]:
            management.register_delegated_administrator(AccountId=account, ServicePrincipal=s)
    with refuses("AccountAlreadyRegisteredException"):
        management.register_delegated_administrator(AccountId=dev, ServicePrincipal=services[0])
    assert {a["Id"] for a in everything(management.list_delegated_administrators, "DelegatedAdministrators")} == {dev, prod}
    of_one = everything(management.list_delegated_administrators, "DelegatedAdministrators", ServicePrincipal=services[1])
    assert {a["Id"] for a in of_one} == {dev, prod} and {a["Name"] for a in of_one} == {"dev", "prod"}
    got = everything(management.list_delegated_services_for_account, "DelegatedServices", AccountId=dev)
    assert [s["ServicePrincipal"] for s in got] == services[:2]
    with refuses("ConstraintViolationException") as caught:
        management.remove_account_from_organization(AccountId=dev)
    assert caught.value.response["Reason"] == "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    management.deregister_delegated_administrator(AccountId=dev, ServicePrincipal=services[0])
    with refuses("AccountNotRegisteredException"):
        management.deregister_delegated_administrator(AccountId=dev, ServicePrincipal=services[0])
    for s in services:
        management.disable_aws_service_access(ServicePrincipal=s)  # takes its administrators with it
    with refuses("AccountNotRegisteredException"):
        management.list_delegated_services_for_account(AccountId=dev)
    for kw in ({"AccountId": server.account("management")["id"], "ServicePrincipal": SERVICE},):
        with refuses("ConstraintViolationException"):
            management.register_delegated_administrator(**kw)
    with refuses("InvalidInputException") as caught:
        management.enable_aws_service_access(ServicePrincipal="nobody")
    assert caught.value.response["Reason"] == "UNRECOGNIZED_SERVICE_PRINCIPAL"
    with refuses("AccessDeniedException"):
        server.client("organizations").enable_aws_service_access(ServicePrincipal=SERVICE)


def test_what_a_delegated_administrator_may(server, management, root, delegate, refuses, user, document):
    """It reads the whole tree, by its own account's policies; it changes nothing."""
    prod = server.account("prod")["id"]
    everything(delegate.list_accounts, "Accounts")
    assert prod in [a["Id"] for a in everything(delegate.list_accounts_for_parent, "Accounts", ParentId=root)]
    delegate.describe_account(AccountId=prod)
    delegate.describe_policy(PolicyId="p-FullAWSAccess")
    delegate.list_delegated_administrators()
    with refuses("TargetNotFoundException"):
        delegate.list_policies_for_target(TargetId="0" * 12, Filter=SCP)
    with refuses("AccessDeniedException", "no identity-based policy allows the organizations:ListAccounts action"):
        user(document(Action="s3:*")).client("organizations").list_accounts()
    for act in (lambda: delegate.create_organizational_unit(ParentId=root, Name="x"),
                lambda: delegate.attach_policy(PolicyId="p-FullAWSAccess", TargetId=root),
                lambda: delegate.move_account(AccountId=prod, SourceParentId=root, DestinationParentId=root),
                lambda: delegate.close_account(AccountId=prod),
                lambda: delegate.register_delegated_administrator(AccountId=prod, ServicePrincipal=SERVICE)):
        with refuses("AccessDeniedException", "You don't have permissions"):
            act()
    management.deregister_delegated_administrator(AccountId=server.account("dev")["id"], ServicePrincipal=SERVICE)
    with refuses("AccessDeniedException"):
        delegate.list_accounts()


# ---- the resource policy ----

def given(account, *actions, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": list(actions), "Resource": "*", **more}]})


@pytest.fixture
def resource_policy(management):
    yield lambda content, **kw: management.put_resource_policy(Content=content, **kw)["ResourcePolicy"]
    with contextlib.suppress(botocore.exceptions.ClientError):
        management.delete_resource_policy()


def test_members_manage_policies_by_the_resource_policy(server, management, resource_policy, document, user, refuses, name):
    dev = server.account("dev")["id"]
    member = server.client("organizations", "dev")
    p = resource_policy(given(dev, "organizations:CreatePolicy", "organizations:DeletePolicy", "organizations:ListPolicies",
                              Condition={"StringEquals": {"organizations:PolicyType": SCP}}))
    assert p["ResourcePolicySummary"]["Arn"].endswith("/" + p["ResourcePolicySummary"]["Id"])
    assert management.describe_resource_policy()["ResourcePolicy"] == p
    made = member.create_policy(Name=name, Description="", Type=SCP, Content=document(Action="*"))["Policy"]["PolicySummary"]
    member.list_policies(Filter=SCP)
    with refuses("AccessDeniedException", "no resource-based policy allows the organizations:ListPolicies action"):
        member.list_policies(Filter=RCP)
    with refuses("AccessDeniedException", "organizations:DescribePolicy"):
        member.describe_policy(PolicyId=made["Id"])
    weak = user(document(Action="s3:*")).client("organizations")
    with refuses("AccessDeniedException", "no identity-based policy allows the organizations:ListPolicies action"):
        weak.list_policies(Filter=SCP)
    with refuses("AccessDeniedException"):
        server.client("organizations", "prod").list_policies(Filter=SCP)
    member.delete_policy(PolicyId=made["Id"])
    management.delete_resource_policy()
    with refuses("AccessDeniedException", "You don't have permissions"):
        member.list_policies(Filter=SCP)
    with refuses("ResourcePolicyNotFoundException"):
        management.describe_resource_policy()
    with refuses("ResourcePolicyNotFoundException"):
        management.delete_resource_policy()


@pytest.mark.parametrize("content,reason", [
    ("{", "INVALID_RESOURCE_POLICY_JSON"),
    (given("DEV", "organizations:CloseAccount"), "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"),
    (given("DEV", "organizations:*"), "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"),
    (given("DEV", "organizations:PutResourcePolicy"), "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"),
    (given("DEV", "s3:GetObject"), "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"),
    (given("*", "organizations:ListRoots"), "INVALID_PRINCIPAL"),
    (given("111122223333", "organizations:ListRoots"), "INVALID_PRINCIPAL")])
def test_resource_policies_that_cannot_be(server, management, refuses, content, reason):
    with refuses("InvalidInputException") as caught:
        management.put_resource_policy(Content=content.replace("DEV", server.account("dev")["id"]))
    assert caught.value.response["Reason"] == reason


# ---- tags ----

def test_tags(server, management, root, name, policy, resource_policy, refuses, user):
    unit = management.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
    rp = resource_policy(given(server.account("dev")["id"], "organizations:ListRoots"))["ResourcePolicySummary"]["Id"]
    for thing in (root, unit, server.account("dev")["id"], policy()["Id"], rp):
        management.tag_resource(ResourceId=thing, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        management.tag_resource(ResourceId=thing, Tags=[{"Key": "a", "Value": "3"}])
        assert {t["Key"]: t["Value"] for t in management.list_tags_for_resource(ResourceId=thing)["Tags"]} == {"a": "3", "b": "2"}
        management.untag_resource(ResourceId=thing, TagKeys=["b", "c"])
        assert management.list_tags_for_resource(ResourceId=thing)["Tags"] == [{"Key": "a", "Value": "3"}]
    with refuses("ConstraintViolationException"):
        management.tag_resource(ResourceId=unit, Tags=[{"Key": f"k{i}", "Value": ""} for i in range(51)])
    for thing in ("ou-abcd-00000000", "p-00000000", "p-FullAWSAccess", "rp-00000000"):
        with refuses("TargetNotFoundException"):
            management.tag_resource(ResourceId=thing, Tags=[{"Key": "a", "Value": ""}])
    u = user(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "organizations:*", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/a": "3"}}}]}), profile="management").client("organizations")
    u.describe_organizational_unit(OrganizationalUnitId=unit)
    management.untag_resource(ResourceId=unit, TagKeys=["a"])
    with refuses("AccessDeniedException", "organizations:DescribeOrganizationalUnit"):
        u.describe_organizational_unit(OrganizationalUnitId=unit)
    for thing in (root, server.account("dev")["id"]):
        management.untag_resource(ResourceId=thing, TagKeys=["a"])
    management.delete_organizational_unit(OrganizationalUnitId=unit)


# ---- tag policies ----

TAG = "TAG_POLICY"


def tags(**keys):
    return json.dumps({"tags": keys})


def test_effective_tag_policies(server, management, root, policy, name, refuses):
    """AWS's inheritance: assign, append, remove, and what a parent lets its children do."""
    dev, member = server.account("dev")["id"], server.client("organizations", "dev")
    unit = management.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
    top = policy(tags(costcenter={"tag_key": {"@@assign": "CostCenter", "@@operators_allowed_for_child_policies": ["@@none"]},
                                  "tag_value": {"@@assign": ["100", "200"]}},
                      project={"tag_key": {"@@assign": "Project"},
                               "tag_value": {"@@assign": ["a"], "@@operators_allowed_for_child_policies": ["@@append"]}}), TAG)
    below = policy(tags(costcenter={"tag_key": {"@@assign": "costcenter"}, "tag_value": {"@@append": ["300"], "@@remove": ["100"]}},
                        project={"tag_value": {"@@assign": ["z"], "@@append": ["b"]}}), TAG)
    management.enable_policy_type(RootId=root, PolicyType=TAG)
    try:
        with refuses("EffectivePolicyNotFoundException"):
            management.describe_effective_policy(PolicyType=TAG, TargetId=dev)
        management.move_account(AccountId=dev, SourceParentId=root, DestinationParentId=unit)
        management.attach_policy(PolicyId=top["Id"], TargetId=root)
        management.attach_policy(PolicyId=below["Id"], TargetId=unit)
        got = management.describe_effective_policy(PolicyType=TAG, TargetId=dev)["EffectivePolicy"]
        assert got["TargetId"] == dev and got["PolicyType"] == TAG
        assert json.loads(got["PolicyContent"]) == {"tags": {
            "costcenter": {"tag_key": "CostCenter", "tag_value": ["200", "300"]},
            "project": {"tag_key": "Project", "tag_value": ["a", "b"]}}}
        own = member.describe_effective_policy(PolicyType=TAG)["EffectivePolicy"]
        assert own["PolicyContent"] == got["PolicyContent"]
        with refuses("AccessDeniedException"):
            member.describe_effective_policy(PolicyType=TAG, TargetId=server.account("prod")["id"])
        with refuses("InvalidInputException"):
            management.describe_effective_policy(PolicyType=TAG, TargetId=unit)
        assert [t["TargetId"] for t in management.list_targets_for_policy(PolicyId=top["Id"])["Targets"]] == [root]
    finally:
        management.disable_policy_type(RootId=root, PolicyType=TAG)
        management.move_account(AccountId=dev, SourceParentId=unit, DestinationParentId=root)
        management.delete_organizational_unit(OrganizationalUnitId=unit)


@pytest.mark.parametrize("content", [
    "{", "{}", '{"tags":[]}', '{"tags":{},"x":{}}', tags(a={"tag_key": "x"}), tags(a={"tag_key": {"@@append": ["x"]}}),
    tags(a={"tag_value": {"@@assign": "x"}}), tags(a={"tag_value": {"@@set": ["x"]}}), tags(a={"other": {}}),
    tags(a={"enforced_for": {"@@assign": ["s3:bucket"]}}),
    tags(a={"tag_key": {"@@assign": "a", "@@operators_allowed_for_child_policies": ["@@some"]}})])
def test_malformed_tag_policies(management, name, refuses, content):
    with refuses("MalformedPolicyDocumentException"):
        management.create_policy(Name=name, Description="", Type=TAG, Content=content)
