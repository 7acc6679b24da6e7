# SPDX-License-Identifier: MIT
"""organizations: the tree that the accounts of a house hang in, as management and as a member see it."""
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
