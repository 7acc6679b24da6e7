# SPDX-License-Identifier: MIT
"""Who may what with catalogs, groups and tags: each kind of policy that can deny, and deployers with a handler's rights alone."""
import json

import pytest
from conftest import document
from test_cloudformation import stack  # noqa: F401
from test_guardrails import law, org, root, tree  # noqa: F401

ALL = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}


def denies(*actions):
    return {"Sid": "No", "Effect": "Deny", "Action": list(actions), "Resource": "*"}


ASKED = [("servicecatalog", "list_portfolios", "servicecatalog:ListPortfolios"), ("resource-groups", "list_groups", "resource-groups:ListGroups"),
         ("resourcegroupstaggingapi", "get_resources", "tag:GetResources")]


@pytest.mark.parametrize("service,call,action", ASKED)
def test_by_each_kind_of_policy(server, user, role, name, refuses, service, call, action):
    with refuses("AccessDeniedException", action, "with an explicit deny in an identity-based policy"):
        getattr(user(document(ALL, denies(action))).client(service), call)()
    iam, u = server.client("iam"), user(document(ALL))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="s3:*"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=arn)
    with refuses("AccessDeniedException", f"because no permissions boundary allows the {action} action"):
        getattr(u.client(service), call)()
    iam.delete_user_permissions_boundary(UserName=u.name)
    iam.delete_policy(PolicyArn=arn)
    s = role(document(ALL), Policy=document(ALL, denies(action)))
    with refuses("AccessDeniedException", "with an explicit deny in a session policy"):
        getattr(s.client(service), call)()
    getattr(u.client(service), call)()


def test_by_a_guardrail(server, tree, law, refuses):  # noqa: F811
    outer, _, profile = tree
    law(outer, document(denies(*(a for _, _, a in ASKED))))
    for service, call, action in ASKED:
        with refuses("AccessDeniedException", action, "with an explicit deny in a service control policy"):
            getattr(server.client(service, profile), call)()


def test_what_is_found_is_found_in_the_callers_right(role, refuses, client, name):
    """A group asks the Tagging API for its caller: aws:CalledVia says for whom, and a policy may hang on it."""
    query = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps({"TagFilters": [{"Key": name}]})}
    through = {"Effect": "Allow", "Action": "tag:GetResources", "Resource": "*",
               "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "resource-groups.amazonaws.com"}}}
    r = role(document({"Effect": "Allow", "Action": "resource-groups:SearchResources", "Resource": "*"}, through))
    assert r.client("resource-groups").search_resources(ResourceQuery=query)["ResourceIdentifiers"] == []
    with refuses("AccessDeniedException", "tag:GetResources"):
        r.client("resourcegroupstaggingapi").get_resources()


# ---- deployers with no more than AWS's handlers need ----

def made(name, account):
    return {
        "AWS::ResourceGroups::Group": (["resource-groups:CreateGroup", "resource-groups:DeleteGroup", "resource-groups:Tag"], {
            "Name": name, "Description": "d", "Tags": [{"Key": "a", "Value": "1"}],
            "ResourceQuery": {"Type": "TAG_FILTERS_1_0", "Query": {"TagFilters": [{"Key": name, "Values": ["x"]}]}}}),
        "AWS::Events::Rule": (["events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets", "events:DescribeRule"], {
            "EventPattern": {"source": ["a"]}, "Targets": [{"Id": "1", "Arn": f"arn:aws:logs:us-east-1:{account}:log-group:x"}]}),
        "AWS::ServiceCatalog::Portfolio": (["servicecatalog:CreatePortfolio", "servicecatalog:DeletePortfolio", "servicecatalog:DescribePortfolio"], {
            "DisplayName": name, "ProviderName": "us"})}


@pytest.mark.parametrize("kind", made("", ""))
def test_a_deployer_with_the_handlers_rights(stack, role, name, account, kind):  # noqa: F811
    actions, properties = made(name, account)[kind]
    s = stack(role(document({"Effect": "Allow", "Action": [*actions, "cloudformation:*"], "Resource": "*"})).client("cloudformation"))
    body = json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}})
    assert s.create(body, Tags=[{"Key": "team", "Value": "ml"}]) == "CREATE_COMPLETE", s.lines()
    assert s.delete() == "DELETE_COMPLETE", s.lines()


@pytest.mark.parametrize("kind", made("", ""))
def test_a_deployer_without_the_first_of_them(stack, role, name, account, kind):  # noqa: F811
    actions, properties = made(name, account)[kind]
    s = stack(role(document({"Effect": "Allow", "Action": [*actions[1:], "cloudformation:*"], "Resource": "*"})).client("cloudformation"))
    assert s.create(json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}})) == "ROLLBACK_COMPLETE"
    assert actions[0] in s.reason("R")
