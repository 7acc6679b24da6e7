# SPDX-License-Identifier: MIT
"""Bad input to CloudFormation, case by case as issue C lists them: each is refused in AWS's words before anything begins, or the
stack rolls back whole; the server stays well, and nothing is left over. The template language's own refusals, one by one, are
unit tests (tests/unit/services/cloudformation, tests/unit/base/yaml.c); these come over the wire."""
import concurrent.futures
import json
import time

import pytest
from conftest import document, trust
from test_cloudformation import IAM, Stack, a_function, a_role, custom, parameter, shelf, stack, template  # noqa: F401 (fixtures)


@pytest.fixture(autouse=True)
def nothing_left(server, client, name):
    """No stack but deleted or rolled back ones, and none of what they would have made."""
    yield
    stacks = client("cloudformation").get_paginator("list_stacks").paginate()
    mine = {s["StackStatus"] for page in stacks for s in page["StackSummaries"] if s["StackName"].startswith(name)}
    assert mine <= {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}, mine
    assert client("ssm").describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Contains", "Values": [name]}])["Parameters"] == []
    roles = [r["RoleName"] for page in client("iam").get_paginator("list_roles").paginate() for r in page["Roles"]]
    assert not [r for r in roles if r.startswith(name)]
    functions = [f["FunctionName"] for page in client("lambda").get_paginator("list_functions").paginate() for f in page["Functions"]]
    assert not [f for f in functions if f.startswith(name)]
    assert server.process.poll() is None and "unexpectedly" not in server.tail()


def gone(s):
    """A stack that rolled back holds nothing any more."""
    left = {r["ResourceStatus"] for r in s.cfn.list_stack_resources(StackName=s.id)["StackResourceSummaries"]}
    assert left <= {"DELETE_COMPLETE", "CREATE_FAILED"}, left
    return s.delete() == "DELETE_COMPLETE"


# ---- references ----

def p(value):
    return parameter(value)


REFERENCES = {
    "to itself": ({"A": p({"Ref": "A"})}, "Circular dependency between resources: [A]"),
    "in a ring of three": ({"A": p({"Ref": "B"}), "B": p({"Fn::GetAtt": "C.Value"}), "C": p({"Fn::Sub": "${A}"})},
                           "Circular dependency between resources: [A, B, C]"),
    "by DependsOn": ({"A": {**p("a"), "DependsOn": "B"}, "B": {**p("b"), "DependsOn": ["A"]}}, "Circular dependency between resources: [A, B]"),
    "Ref to nothing": ({"A": p({"Ref": "No"})}, "Unresolved resource dependencies [No] in the Resources block of the template"),
    "GetAtt of nothing": ({"A": p({"Fn::GetAtt": ["No", "Arn"]})}, "No"),
    "Sub of nothing": ({"A": p({"Fn::Sub": "x${No}y"})}, "Unresolved resource dependencies [No]"),
    "DependsOn nothing": ({"A": {**p("a"), "DependsOn": "No"}}, "Unresolved resource dependencies [No]"),
    "a condition that is not there": ({"A": {**p("a"), "Condition": "No"}}, "Unresolved condition dependency No"),
    "a map that is not there": ({"A": p({"Fn::FindInMap": ["No", "a", "b"]})}, "No"),
    "an attribute that the type has not": ({"A": p("a"), "B": p({"Fn::GetAtt": "A.Arn"})}, "Arn"),
    "GetAtt of a number": ({"A": p({"Fn::GetAtt": 5})}, "Fn::GetAtt"),
    "Ref to a list": ({"A": p({"Ref": ["A"]})}, "Ref"),
    "Join without a list": ({"A": p({"Fn::Join": ["-", "a"]})}, "Fn::Join"),
    "Select beyond the end": ({"A": p({"Fn::Select": ["7", ["a"]]})}, "Fn::Select"),
    "If without a condition": ({"A": p({"Fn::If": ["No", "a", "b"]})}, "No"),
    "a function that is none": ({"A": p({"Fn::Nothing": "a"})}, ""),
}


@pytest.mark.parametrize("which", REFERENCES)
def test_references(client, stack, name, which):  # noqa: F811
    """Most are refused at once; what only a value shows fails its resource, and the stack rolls back."""
    resources, words = REFERENCES[which]
    cfn, s = client("cloudformation"), stack()
    try:
        s.id = cfn.create_stack(StackName=name, TemplateBody=template(resources))["StackId"]
    except cfn.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == "ValidationError" and words in e.response["Error"]["Message"], e
        with pytest.raises(cfn.exceptions.ClientError, match="does not exist"):
            cfn.describe_stacks(StackName=name)
        return
    assert which in ("an attribute that the type has not", "Select beyond the end", "a function that is none"), "accepted"
    assert s.wait() == "ROLLBACK_COMPLETE", s.lines()
    assert any("CREATE_FAILED" in line and words in line for line in s.lines()), s.lines()
    assert gone(s)


@pytest.mark.parametrize("kind,value,words", [
    ("Number", "five", "must be a number"), ("AWS::EC2::VPC::Id", "vpc-00000000000000000", "vpc-00000000000000000"),
    ("List<AWS::EC2::Subnet::Id>", "subnet-1,subnet-2", "subnet-1"), ("AWS::SSM::Parameter::Value<String>", "/no/such/name", "/no/such/name"),
    ("Strange", "x", "Strange")])
def test_parameters_of_a_type(client, name, refuses, kind, value, words):
    with refuses("ValidationError", words):
        client("cloudformation").create_stack(StackName=name, TemplateBody=template({"A": p({"Ref": "P"})}, Parameters={"P": {"Type": kind}}),
                                              Parameters=[{"ParameterKey": "P", "ParameterValue": value}])


# ---- too much ----

def bomb(levels=9):
    """9^9 nodes in some five hundred bytes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: v}}}\nMetadata:\n " + "\n ".join(lines) + "\n"


ONE = "Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: v}}}\n"
MUCH = {
    "10 MB": (ONE + "Description: " + "x" * 10_000_000, "may not exceed"),
    "deep JSON": ('{"Resources":' + "[" * 25_000, "nested deeper than 64 levels"),
    "deeper JSON": ('{"Resources":' + '{"a":' * 190_000, "nested deeper than 64 levels"),
    "deep YAML": ("Resources: " + "[" * 50_000, "YAML not well-formed"),
    "an alias bomb": (bomb(), "larger than is allowed"),
    "501 resources": ("Resources:\n" + "".join(f"  R{i}: {{Type: 'AWS::SSM::Parameter', Properties: {{Type: String, Value: v}}}}\n" for i in range(501)),
                      "Number of resources, 501, is greater than maximum allowed, 500"),
}


@pytest.mark.parametrize("which", MUCH)
def test_too_much(client, shelf, name, which, refuses):  # noqa: F811
    """By URL, and as far as it goes inline, to each operation that reads a template."""
    cfn, (text, words) = client("cloudformation"), MUCH[which]
    url = shelf("t", text)
    for ask in (lambda **t: cfn.create_stack(StackName=name, **t), cfn.validate_template, cfn.get_template_summary,
                lambda **t: cfn.create_change_set(StackName=name, ChangeSetName="c", ChangeSetType="CREATE", **t)):
        with refuses("ValidationError", words):
            ask(TemplateURL=url)
        if len(text) <= 51200:
            with refuses("ValidationError", words):
                ask(TemplateBody=text)


def test_what_is_too_long_to_stand_in_a_request(client, name, refuses):
    """Beyond 51,200 bytes a template goes by URL; ten megabytes end a request at its length, before anything is looked at."""
    cfn = client("cloudformation")
    with refuses("ValidationError", "51200"):
        cfn.create_stack(StackName=name, TemplateBody=ONE + "#" * 51200)
    with pytest.raises(cfn.exceptions.ClientError) as e:
        cfn.create_stack(StackName=name, TemplateBody=MUCH["10 MB"][0])
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 413)


def test_an_account_has_two_thousand_stacks(own_server, refuses):
    """What is not deleted counts: so a template that holds itself comes to an end."""
    cfn = own_server.client("cloudformation")

    def review(i):
        cfn.create_change_set(StackName=f"s{i}", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=ONE)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(review, range(2000)))
    for ask in (lambda: review("x"), lambda: cfn.create_stack(StackName="x", TemplateBody=ONE)):
        with refuses("LimitExceededException", "Limit for stack has been exceeded"):
            ask()
    s = Stack(cfn, "s0")
    s.id = s.describe()["StackId"]
    assert s.delete() == "DELETE_COMPLETE"
    review("x")


# ---- names too long ----

@pytest.mark.parametrize("given,words", [
    ({"StackName": "s" * 129}, "128"), ({"Tags": [{"Key": "k" * 129, "Value": "v"}]}, "128"), ({"ClientRequestToken": "t" * 129}, "128"),
    ({"TemplateBody": template({"L" * 256: p("v")})}, "L" * 60), ({"TemplateBody": template({"A": p("v")}, Outputs={"O" * 256: {"Value": "v"}})}, "O" * 60),
    ({"TemplateBody": template({"A": p("v")}, Parameters={"P" * 256: {"Type": "String"}})}, "P" * 60),
    ({"Parameters": [{"ParameterKey": "P", "ParameterValue": "v" * 4097}],
      "TemplateBody": template({"A": p("v")}, Parameters={"P": {"Type": "String"}})}, "4096")])
def test_names_of_a_request(client, name, refuses, given, words):
    with refuses("ValidationError", words):
        client("cloudformation").create_stack(**{"StackName": name, "TemplateBody": template({"A": p("v")}), **given})


@pytest.mark.parametrize("resource", [
    {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/" + "n" * 2000, "Type": "String", "Value": "v"}}, a_role(RoleName="r" * 65),
    {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b" * 64}}, {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "l" * 513}},
    {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/" + "a" * 256, "TargetKeyId": "x"}}], ids=lambda r: r["Type"])
def test_names_of_a_resource(stack, name, resource):  # noqa: F811
    s = stack()
    body = template({"First": parameter("v", f"/{name}/first"), "Long": {**resource, "DependsOn": "First"}})
    assert s.create(body, Capabilities=["CAPABILITY_NAMED_IAM"]) == "ROLLBACK_COMPLETE", s.lines()
    assert s.reason("Long") and gone(s)


# ---- functions ----

LEAKS = """
import boto3, json, urllib.request, cfnresponse
def handler(event, context):
    p, ssm = event["ResourceProperties"], boto3.client("ssm")
    if event["RequestType"] != "Create":
        return cfnresponse.send(event, context, cfnresponse.SUCCESS, {})
    if p["Does"] == "leaks":
        ssm.put_parameter(Name=p["At"], Value=json.dumps(event), Type="String")
        return
    other = json.loads(ssm.get_parameter(Name=p["At"])["Parameter"]["Value"])
    said = []
    for who in (event, {**other, "RequestId": event["RequestId"]}, {**other, "LogicalResourceId": "Other"}, {**other, "StackId": event["StackId"]}):
        body = json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "x", "Data": {}, **{k: who[k] for k in ("StackId", "RequestId", "LogicalResourceId")}})
        ask = urllib.request.Request(other["ResponseURL"], data=body.encode(), method="PUT", headers={"content-type": ""})
        try:
            said.append(urllib.request.urlopen(ask).status)
        except urllib.error.HTTPError as e:
            said.append(e.code)
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Said": json.dumps(said)})
"""


def test_an_answer_at_another_stacks_url(client, stack, name):  # noqa: F811
    """One stack's function knows the other's URL, and answers there in its own name and in half of the other's: refused."""
    victim, other, at = stack(called=name + "-a"), stack(called=name + "-b"), f"/{name}/leak"
    ssm, body = client("ssm"), a_function(LEAKS)
    victim.id = victim.cfn.create_stack(StackName=victim.name, TemplateBody=template({**body, "C": custom(Does="leaks", At=at, ServiceTimeout=20)}), **IAM)["StackId"]
    for _ in range(500):
        if ssm.get_parameters(Names=[at])["Parameters"]:
            break
        time.sleep(0.02)
    try:
        out = {"Said": {"Value": {"Fn::GetAtt": "C.Said"}}}
        assert other.create(template({**body, "C": custom(Does="answers", At=at)}, Outputs=out), **IAM) == "CREATE_COMPLETE", other.lines()
        said = json.loads(other.outputs()["Said"])
        assert len(said) == 4 and all(400 <= code < 500 for code in said), said
        assert victim.wait(60) == "ROLLBACK_COMPLETE", victim.lines()
        assert "did not receive a response from your Custom Resource" in victim.reason("C")
        assert gone(victim) and other.delete() == "DELETE_COMPLETE"
    finally:
        ssm.delete_parameter(Name=at)


ODD = """
import json, urllib.request, cfnresponse
def handler(event, context):
    bad = event["ResourceProperties"]["Bad"]
    if event["RequestType"] != "Create":
        return cfnresponse.send(event, context, cfnresponse.SUCCESS, {})
    body = {k: event[k] for k in ("StackId", "RequestId", "LogicalResourceId")} | {"Status": "SUCCESS", "PhysicalResourceId": "x", "Data": {}}
    text = {"no JSON": "{", "a list": "[]", "too long": json.dumps(body | {"Data": {"x": "y" * 5000}}), "another status": json.dumps(body | {"Status": "MAYBE"}),
            "data of a list": json.dumps(body | {"Data": []}), "deep": json.dumps(body)[:-1] + ', "Data2": ' + "[" * 3000 + "]" * 3000 + "}",
            "a long id": json.dumps(body | {"PhysicalResourceId": "x" * 1025}), "no id": json.dumps({k: v for k, v in body.items() if k != "PhysicalResourceId"})}[bad]
    try:
        urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], data=text.encode(), method="PUT", headers={"content-type": ""}))
    except urllib.error.HTTPError:
        pass
"""


@pytest.mark.parametrize("bad", ["no JSON", "a list", "too long", "another status", "data of a list", "deep", "a long id", "no id"])
def test_odd_answers(stack, bad):  # noqa: F811
    s = stack()
    assert s.create(template({**a_function(ODD), "C": custom(Bad=bad, ServiceTimeout=6)}), **IAM) == "ROLLBACK_COMPLETE", s.lines()
    assert s.reason("C") and gone(s)


@pytest.mark.parametrize("token", ["arn:aws:lambda:us-east-1:{account}:function:nobody", "arn:aws:sns:us-east-1:{account}:topic", "x", {"a": 1}])
def test_functions_that_are_none(stack, account, token):  # noqa: F811
    s = stack()
    token = token.format(account=account) if isinstance(token, str) else token
    assert s.create(template({"C": {"Type": "Custom::Thing", "Properties": {"ServiceToken": token}}})) == "ROLLBACK_COMPLETE", s.lines()
    assert s.reason("C") and gone(s)


# ---- a role without a permission ----

@pytest.mark.parametrize("lacks", ["ssm:PutParameter", "iam:CreateRole", "lambda:CreateFunction", "iam:PassRole", "everything"])
def test_a_role_without_a_permission(client, stack, iam, name, account, lacks):  # noqa: F811
    """The stack's own role: what it lacks is told in AWS's words, and what it has made is taken away by it."""
    arn, called = f"arn:aws:iam::{account}:role/R{name}", "R" + name
    iam.create_role(RoleName=called, AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))
    may = [] if lacks == "everything" else [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": lacks, "Resource": "*"}]
    if may:
        iam.put_role_policy(RoleName=called, PolicyName="p", PolicyDocument=document(*may))
    s = stack()
    try:
        order = a_function()
        order["Fn"]["DependsOn"] = "Second"
        body = template({"First": parameter("v"), **order, "Second": {**parameter("w"), "DependsOn": ["First", "FnRole"]}})
        assert s.create(body, RoleARN=arn, **IAM) == "ROLLBACK_COMPLETE", s.lines()
        failed = [line for line in s.lines() if "CREATE_FAILED" in line and "not authorized to perform: " in line]
        assert failed and (lacks == "everything" or f"not authorized to perform: {lacks}" in failed[0]), s.lines()
        assert ("no identity-based policy allows" if lacks == "everything" else "explicit deny in an identity-based policy") in failed[0]
        assert "HandlerErrorCode: AccessDenied" in failed[0] and gone(s)
    finally:
        if may:
            iam.delete_role_policy(RoleName=called, PolicyName="p")
        iam.delete_role(RoleName=called)
