# SPDX-License-Identifier: MIT
"""cloudformation through boto3: stacks of real resources, in the caller's own right or a role's; events, roll-back,
updates, change sets."""
import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from conftest import BUILD, document, trust


def template(resources, **more):
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **more})


def parameter(value="v", name=None, **more):
    properties = {"Type": "String", "Value": value, **({"Name": name} if name else {}), **more}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties}


def a_role(**more):
    return {"Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": json.loads(trust(Service="ec2.amazonaws.com")), **more}}


class Stack:
    """A stack by a client: create, wait, look."""

    def __init__(self, cfn, name):
        self.cfn, self.name, self.id = cfn, name, name

    def create(self, body, **kw):
        self.id = self.cfn.create_stack(StackName=self.name, TemplateBody=body, **kw)["StackId"]
        return self.wait()

    def update(self, body=None, **kw):
        how = {"TemplateBody": body} if body else {"UsePreviousTemplate": True}
        self.cfn.update_stack(StackName=self.name, **how, **kw)
        return self.wait()

    def delete(self, **kw):
        self.cfn.delete_stack(StackName=self.id, **kw)
        return self.wait()

    def describe(self):
        return self.cfn.describe_stacks(StackName=self.id)["Stacks"][0]

    def wait(self, seconds=30):
        for _ in range(seconds * 50):
            status = self.describe()["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(0.02)
        raise AssertionError(f"still {status}: {self.lines()}")

    def events(self):
        """The oldest first."""
        pages = self.cfn.get_paginator("describe_stack_events").paginate(StackName=self.id)
        return [e for page in pages for e in page["StackEvents"]][::-1]

    def lines(self):
        return [" ".join(filter(None, (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason"))))
                for e in self.events()]

    def outputs(self):
        return {o["OutputKey"]: o["OutputValue"] for o in self.describe().get("Outputs", [])}

    def reason(self, logical):
        return next(e["ResourceStatusReason"] for e in self.events()
                    if e["LogicalResourceId"] == logical and e["ResourceStatus"].endswith("FAILED"))


@pytest.fixture
def stack(client, name):
    """stack(cfn=None, name=...): deleted with the test, as dev's administrator."""
    made = []

    def make(cfn=None, called=name):
        made.append(Stack(cfn or client("cloudformation"), called))
        return made[-1]
    yield make
    for s in reversed(made):
        mine = Stack(client("cloudformation"), s.name)
        mine.id = s.id
        try:
            if mine.describe()["StackStatus"] != "DELETE_COMPLETE":
                mine.wait()
                mine.delete()
        except client("cloudformation").exceptions.ClientError:
            pass


# ---- create and delete ----

def test_a_stack_is_made_told_and_gone(client, stack, name, account):
    s = stack()
    body = template({"P": parameter({"Fn::Sub": "${AWS::StackName} of ${R}"}, f"/{name}/p", Description="d"), "R": a_role()},
                    Outputs={"Arn": {"Value": {"Fn::GetAtt": "R.Arn"}}, "P": {"Value": {"Ref": "P"}, "Description": "which"}})
    assert s.create(body, Capabilities=["CAPABILITY_IAM"], Tags=[{"Key": "team", "Value": "red"}]) == "CREATE_COMPLETE"
    role_name = s.outputs()["Arn"].split("/")[-1]
    assert role_name.startswith(f"{name}-R-") and s.outputs()["P"] == f"/{name}/p"
    ssm, iam = client("ssm"), client("iam")
    assert ssm.get_parameter(Name=f"/{name}/p")["Parameter"]["Value"] == f"{name} of {role_name}"
    assert iam.get_role(RoleName=role_name)["Role"]["Arn"] == s.outputs()["Arn"]
    assert {"Key": "team", "Value": "red"} in iam.list_role_tags(RoleName=role_name)["Tags"]
    assert s.id.startswith(f"arn:aws:cloudformation:us-east-1:{account}:stack/{name}/")
    assert s.lines() == [f"{name} CREATE_IN_PROGRESS User Initiated", "R CREATE_IN_PROGRESS",
                         "R CREATE_IN_PROGRESS Resource creation Initiated", "R CREATE_COMPLETE", "P CREATE_IN_PROGRESS",
                         "P CREATE_IN_PROGRESS Resource creation Initiated", "P CREATE_COMPLETE", f"{name} CREATE_COMPLETE"]
    r = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="R")["StackResourceDetail"]
    assert (r["PhysicalResourceId"], r["ResourceStatus"]) == (role_name, "CREATE_COMPLETE")
    assert {r["LogicalResourceId"] for r in s.cfn.describe_stack_resources(StackName=name)["StackResources"]} == {"P", "R"}
    assert len(s.cfn.list_stack_resources(StackName=name)["StackResourceSummaries"]) == 2
    by_id = s.cfn.describe_stack_resources(PhysicalResourceId=role_name)["StackResources"]
    assert by_id[0]["StackName"] == name
    assert s.delete() == "DELETE_COMPLETE"
    assert s.lines()[-5:] == ["P DELETE_IN_PROGRESS", "P DELETE_COMPLETE", "R DELETE_IN_PROGRESS", "R DELETE_COMPLETE",
                              f"{name} DELETE_COMPLETE"]
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name=f"/{name}/p")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role_name)


def test_a_stack_that_is_not_there(client, name, refuses):
    cfn = client("cloudformation")
    with refuses("ValidationError", f"Stack with id {name} does not exist"):
        cfn.describe_stacks(StackName=name)
    cfn.delete_stack(StackName=name)
    with refuses("ValidationError", "does not exist"):
        cfn.update_stack(StackName=name, TemplateBody=template({"P": parameter()}))


def test_a_name_is_taken_once_and_a_token_answers_again(stack, name, refuses):
    s, body = stack(), template({"P": parameter()})
    assert s.create(body, ClientRequestToken="one") == "CREATE_COMPLETE"
    assert s.cfn.create_stack(StackName=name, TemplateBody=body, ClientRequestToken="one")["StackId"] == s.id
    with refuses("AlreadyExistsException", f"Stack [{name}] already exists"):
        s.cfn.create_stack(StackName=name, TemplateBody=body)
    with refuses("ValidationError", "regular expression"):
        s.cfn.create_stack(StackName="9" + name, TemplateBody=body)


def test_capabilities_are_acknowledged(client, name, refuses):
    cfn = client("cloudformation")
    with refuses("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"):
        cfn.create_stack(StackName=name, TemplateBody=template({"R": a_role()}))
    with refuses("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"):
        cfn.create_stack(StackName=name, TemplateBody=template({"R": a_role(RoleName=name)}),
                         Capabilities=["CAPABILITY_IAM"])


@pytest.mark.parametrize("body,words", [
    ("{", "format error"), (template({}), "At least one Resources member must be defined"),
    (template({"A": {"Type": "AWS::No::Such"}}), "Unrecognized resource types: [AWS::No::Such]"),
    (template({"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})}), "Circular dependency between resources: [A, B]"),
    (template({"A": parameter({"Ref": "Nobody"})}), "Unresolved resource dependencies [Nobody]")])
def test_templates_that_are_none(client, name, refuses, body, words):
    with refuses("ValidationError", words):
        client("cloudformation").create_stack(StackName=name, TemplateBody=body)


def test_properties_that_are_none(stack):
    s = stack()
    assert s.create(template({"P": parameter(Colour="red")})) == "ROLLBACK_COMPLETE"
    assert "extraneous key [Colour] is not permitted" in s.reason("P")


# ---- roll-back ----

def test_a_failure_rolls_back_in_reverse(client, stack, name):
    s = stack()
    bad = {**parameter("x", "/aws/none"), "DependsOn": "B"}
    body = template({"A": parameter("1", f"/{name}/a"), "B": {**parameter("2", f"/{name}/b"), "DependsOn": "A"}, "C": bad})
    assert s.create(body) == "ROLLBACK_COMPLETE"
    lines = s.lines()
    assert f"{name} ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [C]. Rollback requested by user." in lines
    assert lines.index("B DELETE_COMPLETE") < lines.index("A DELETE_IN_PROGRESS")
    assert "Resource handler returned message:" in s.reason("C") and "HandlerErrorCode: InvalidRequest" in s.reason("C")
    assert client("ssm").get_parameters(Names=[f"/{name}/a", f"/{name}/b"])["Parameters"] == []
    assert s.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize("how,status,stays", [({"DisableRollback": True}, "CREATE_FAILED", True),
                                              ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", True),
                                              ({"OnFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE", False),
                                              ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", False)])
def test_what_a_failure_leaves(client, stack, name, how, status, stays):
    s = stack()
    body = template({"A": parameter("1", f"/{name}/a"), "C": {**parameter("x", "/aws/none"), "DependsOn": "A"}})
    assert s.create(body, **how) == status
    assert bool(client("ssm").get_parameters(Names=[f"/{name}/a"])["Parameters"]) == stays


# ---- who acts ----

def test_a_deployer_without_one_right(stack, role, name, server):
    may = role(document({"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                        {"Effect": "Allow", "Action": ["ssm:PutParameter", "ssm:DeleteParameter"],
                         "Resource": f"arn:aws:ssm:*:*:parameter/{name}/a"}))
    s = stack(may.client("cloudformation"))
    body = template({"A": parameter("1", f"/{name}/a"), "B": {**parameter("2", f"/{name}/b"), "DependsOn": "A"}})
    assert s.create(body) == "ROLLBACK_COMPLETE"
    why = s.reason("B")
    assert f"/{may.arn.split('/')[-1]}/" in why and "is not authorized to perform: ssm:PutParameter on resource" in why
    assert "because no identity-based policy allows the ssm:PutParameter action" in why
    assert "HandlerErrorCode: AccessDenied" in why


def test_forward_access_is_seen_by_policies(stack, role, name):
    only = {"Bool": {"aws:ViaAWSService": "true"},
            "ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    may = role(document({"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                        {"Effect": "Allow", "Action": "ssm:*", "Resource": "*", "Condition": only}))
    assert stack(may.client("cloudformation")).create(template({"A": parameter("1", f"/{name}/a")})) == "CREATE_COMPLETE"
    with pytest.raises(may.client("ssm").exceptions.ClientError, match="not authorized"):
        may.client("ssm").put_parameter(Name=f"/{name}/b", Value="v", Type="String")


def test_a_role_makes_what_its_caller_may_not(client, stack, role, iam, name, account):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(Action="ssm:*"))
    arn = f"arn:aws:iam::{account}:role/{name}"
    try:
        may = role(document({"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn, "Condition":
                             {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}}))
        s = stack(may.client("cloudformation"))
        assert s.create(template({"A": parameter("1", f"/{name}/a")}), RoleARN=arn) == "CREATE_COMPLETE"
        assert s.delete() == "DELETE_COMPLETE"
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)


def test_a_role_that_may_not_be_passed(role, name, account, refuses):
    may = role(document(Action="cloudformation:*"))
    with refuses("AccessDenied", "iam:PassRole"):
        may.client("cloudformation").create_stack(StackName=name, TemplateBody=template({"A": parameter()}),
                                                  RoleARN=f"arn:aws:iam::{account}:role/{name}")


# ---- updates ----

def test_an_update_changes_replaces_and_removes(client, stack, name):
    s, ssm = stack(), client("ssm")
    s.create(template({"A": parameter("1", f"/{name}/a"), "B": parameter("2", f"/{name}/b"), "C": parameter("3", f"/{name}/c")}))
    new = {"A": parameter("one", f"/{name}/a"), "B": parameter("2", f"/{name}/bb"), "D": parameter("4", f"/{name}/d")}
    assert s.update(template(new)) == "UPDATE_COMPLETE"
    values = {p["Name"]: p["Value"] for p in ssm.get_parameters(Names=[f"/{name}/{x}" for x in ("a", "b", "bb", "c", "d")])["Parameters"]}
    assert values == {f"/{name}/a": "one", f"/{name}/bb": "2", f"/{name}/d": "4"}
    lines = s.lines()
    assert "B UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one." in lines
    assert lines.index(f"{name} UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") < lines.index("B DELETE_COMPLETE")
    assert lines[-1] == f"{name} UPDATE_COMPLETE"
    b = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="B")["StackResourceDetail"]
    assert b["PhysicalResourceId"] == f"/{name}/bb"
    assert {r["LogicalResourceId"] for r in s.cfn.list_stack_resources(StackName=name)["StackResourceSummaries"]} == set("ABD")


def test_nothing_to_update(stack, refuses):
    s, body = stack(), template({"A": parameter("1")})
    s.create(body)
    with refuses("ValidationError", "No updates are to be performed."):
        s.update(body)
    assert s.update(body, Tags=[{"Key": "k", "Value": "v"}]) == "UPDATE_COMPLETE"


def test_an_update_that_fails_goes_back(client, stack, name):
    s, ssm = stack(), client("ssm")
    s.create(template({"A": parameter("1", f"/{name}/a"), "B": parameter("2", f"/{name}/b")}))
    new = {"A": parameter("one", f"/{name}/a"), "B": {**parameter("2", f"/{name}/bb"), "DependsOn": "A"},
           "C": {**parameter("3", f"/{name}/c"), "DependsOn": "B"}, "D": {**parameter("x", "/aws/none"), "DependsOn": "C"}}
    assert s.update(template(new)) == "UPDATE_ROLLBACK_COMPLETE"
    values = {p["Name"]: p["Value"] for p in ssm.get_parameters(Names=[f"/{name}/{x}" for x in ("a", "b", "bb", "c")])["Parameters"]}
    assert values == {f"/{name}/a": "1", f"/{name}/b": "2"}
    assert any("UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [D]." in line for line in s.lines())
    b = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="B")["StackResourceDetail"]
    assert b["PhysicalResourceId"] == f"/{name}/b"
    assert s.cfn.get_template(StackName=name)["TemplateBody"]["Resources"].keys() == {"A", "B"}
    assert s.update(template({"A": parameter("1", f"/{name}/a")})) == "UPDATE_COMPLETE"


def test_a_failed_update_may_stay_and_be_mended(client, stack, name):
    s = stack()
    s.create(template({"A": parameter("1", f"/{name}/a")}))
    bad = {"A": parameter("2", f"/{name}/a"), "B": {**parameter("x", "/aws/none"), "DependsOn": "A"}}
    assert s.update(template(bad), DisableRollback=True) == "UPDATE_FAILED"
    assert client("ssm").get_parameter(Name=f"/{name}/a")["Parameter"]["Value"] == "2"
    good = {"A": parameter("2", f"/{name}/a"), "B": parameter("x", f"/{name}/b")}
    assert s.update(template(good)) == "UPDATE_COMPLETE"


def test_a_role_that_goes_in_the_middle(stack, role, iam, name):
    may = role(document(Action=["cloudformation:*", "ssm:*"]))
    s = stack(may.client("cloudformation"))
    many = {f"P{i}": {**parameter(str(i), f"/{name}/{i}"), **({"DependsOn": f"P{i - 1}"} if i else {})} for i in range(60)}
    s.id = s.cfn.create_stack(StackName=name, TemplateBody=template(many))["StackId"]
    for p in iam.list_role_policies(RoleName=may.name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=may.name, PolicyName=p)
    iam.delete_role(RoleName=may.name)
    s.cfn = stack().cfn
    status = s.wait()
    assert status in ("ROLLBACK_FAILED", "CREATE_COMPLETE")
    if status == "ROLLBACK_FAILED":
        assert any("not authorized" in line or "has ended" in line for line in s.lines())
    assert s.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize("skip", [[], ["R"]])
def test_a_rollback_that_fails_goes_on(client, stack, role, name, skip, refuses):
    def tagged(value):
        return a_role(RoleName=name, Tags=[{"Key": "color", "Value": value}])
    s, caps = stack(), {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    assert s.create(template({"R": tagged("old")}), **caps) == "CREATE_COMPLETE"
    no = {"Effect": "Deny", "Action": "iam:TagRole", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/color": "old"}}}
    yes = {"Effect": "Allow", "Action": ["cloudformation:*", "iam:*", "ssm:*"], "Resource": "*"}
    mine = Stack(role(document(yes, no)).client("cloudformation"), name)
    bad = {"R": tagged("new"), "P": {**parameter("x", "/aws/none"), "DependsOn": "R"}}
    assert mine.update(template(bad), **caps) == "UPDATE_ROLLBACK_FAILED"
    assert "explicit deny in an identity-based policy" in s.lines()[-2]
    with refuses("ValidationError", "UPDATE_ROLLBACK_FAILED state and can not be updated"):
        mine.update(template(bad), **caps)
    (mine if skip else s).cfn.continue_update_rollback(StackName=name, ResourcesToSkip=skip)
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE"
    colors = [t["Value"] for t in client("iam").list_role_tags(RoleName=name)["Tags"]]
    assert colors == ["new" if skip else "old"]
    with refuses("ValidationError", "can not continue to roll back"):
        s.cfn.continue_update_rollback(StackName=name)
    with refuses("ValidationError", "CancelUpdateStack cannot be called"):
        s.cfn.cancel_update_stack(StackName=name)


# ---- change sets ----

def changes_of(cfn, name, change_set):
    found = cfn.describe_change_set(StackName=name, ChangeSetName=change_set)
    return found, {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in found["Changes"]}


def test_a_change_set_makes_a_stack(stack, name, refuses):
    s = stack()
    made = s.cfn.create_change_set(StackName=name, ChangeSetName="first", ChangeSetType="CREATE",
                                   TemplateBody=template({"A": parameter("1", f"/{name}/a")}))
    s.id = made["StackId"]
    assert s.describe()["StackStatus"] == "REVIEW_IN_PROGRESS"
    found, changes = changes_of(s.cfn, name, "first")
    assert (found["Status"], found["ExecutionStatus"], changes["A"]["Action"]) == ("CREATE_COMPLETE", "AVAILABLE", "Add")
    s.cfn.execute_change_set(ChangeSetName=made["Id"])
    assert s.wait() == "CREATE_COMPLETE"
    with refuses("InvalidChangeSetStatus"):
        s.cfn.execute_change_set(ChangeSetName=made["Id"])


def test_a_change_set_says_what_would_change(stack, name, refuses):
    s = stack()
    body = {"A": parameter("1", f"/{name}/a"), "B": parameter({"Ref": "V"}, f"/{name}/b"), "G": parameter("g", f"/{name}/g"),
            "C": parameter({"Ref": "A"}, f"/{name}/c"), "D": parameter("d", {"Fn::Sub": "${A}/d"})}
    params = {"V": {"Type": "String", "Default": "1"}}
    s.create(template(body, Parameters=params))
    new = {**body, "A": parameter("1", f"/{name}/aa"), "N": parameter("n", f"/{name}/n")}
    del new["G"]
    s.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=template(new, Parameters=params),
                            Parameters=[{"ParameterKey": "V", "ParameterValue": "2"}], Description="what if")
    found, changes = changes_of(s.cfn, name, "c")
    assert found["Description"] == "what if" and found["Parameters"][0]["ParameterValue"] == "2"
    assert (changes["A"]["Action"], changes["A"]["Replacement"]) == ("Modify", "True")
    a = changes["A"]["Details"][0]
    assert a["Target"] == {"Attribute": "Properties", "Name": "Name", "RequiresRecreation": "Always"}
    assert (a["Evaluation"], a["ChangeSource"]) == ("Static", "DirectModification")
    b = changes["B"]["Details"][0]
    assert (b["ChangeSource"], b["CausingEntity"], changes["B"]["Replacement"]) == ("ParameterReference", "V", "False")
    c = changes["C"]["Details"][0]
    assert (c["Evaluation"], c["ChangeSource"], c["CausingEntity"]) == ("Dynamic", "ResourceReference", "A")
    assert changes["D"]["Replacement"] == "Conditional"
    assert (changes["N"]["Action"], changes["G"]["Action"]) == ("Add", "Remove")
    assert changes["A"]["PhysicalResourceId"] == f"/{name}/a"
    assert s.cfn.list_change_sets(StackName=name)["Summaries"][0]["ChangeSetName"] == "c"
    assert "N" in s.cfn.get_template(StackName=name, ChangeSetName="c")["TemplateBody"]["Resources"]
    s.cfn.delete_change_set(StackName=name, ChangeSetName="c")
    with refuses("ChangeSetNotFound", "ChangeSet [c] does not exist"):
        s.cfn.describe_change_set(StackName=name, ChangeSetName="c")
    s.cfn.delete_change_set(StackName=name, ChangeSetName="c")


def test_a_change_set_tells_every_cause(stack, name):
    """Inside Fn::Sub, in the branch that is taken, and several at once."""
    s = stack()
    value = {"Fn::Sub": ["${V}-${A}-${T}", {"T": {"Fn::If": ["Yes", {"Fn::GetAtt": "A.Value"}, {"Ref": "W"}]}}]}

    def body(path, text, more=""):
        return template({"A": parameter(text, f"/{name}/{path}"), "B": parameter(value, f"/{name}/b", Description="{Ref}" + more)},
                        Parameters={"V": {"Type": "String"}, "W": {"Type": "String"}}, Conditions={"Yes": {"Fn::Equals": ["a", "a"]}})

    def given(v, w):
        return [{"ParameterKey": "V", "ParameterValue": v}, {"ParameterKey": "W", "ParameterValue": w}]
    s.create(body("a", "1"), Parameters=given("1", "1"))
    s.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=body("c", "2", "!"), Parameters=given("2", "2"))
    details = changes_of(s.cfn, name, "c")[1]["B"]["Details"]
    told = {(d["Target"]["Name"], d["ChangeSource"], d.get("CausingEntity"), d["Evaluation"]) for d in details}
    assert told == {("Value", "ParameterReference", "V", "Dynamic"), ("Value", "ResourceReference", "A", "Dynamic"),
                    ("Value", "ResourceAttribute", "A.Value", "Dynamic"), ("Description", "DirectModification", None, "Static")}


def valued(cfn, name, change_set):
    if "IncludePropertyValues" not in cfn.meta.service_model.operation_model("DescribeChangeSet").input_shape.members:
        pytest.skip("this client does not know it")
    found = cfn.describe_change_set(StackName=name, ChangeSetName=change_set, IncludePropertyValues=True)
    return {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in found["Changes"]}


def test_a_change_set_shows_values(stack, name):
    """Each resource before and after, and the smallest parts that differ; what is not known yet says so."""
    s = stack()

    def group(*ports, **more):
        rules = [{"IpProtocol": "tcp", "FromPort": p, "ToPort": p, "CidrIp": "10.0.0.0/8"} for p in ports]
        return {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": {"Ref": "V"}, "GroupDescription": "g", "SecurityGroupIngress": rules, **more}}
    vpc = {"V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.86.0.0/16"}}}
    body = {**vpc, "G": group(1, 2), "A": parameter("1", f"/{name}/a"), "C": parameter({"Ref": "A"}, f"/{name}/c"), "Gone": parameter("x")}
    assert s.create(template(body)) == "CREATE_COMPLETE", s.lines()
    body.update(G=group(1, 3, Tags=[{"Key": "k", "Value": "v"}]), A=parameter("1", f"/{name}/b", Description="d"), N={**parameter("n"), "DeletionPolicy": "Retain"})
    del body["Gone"]
    s.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=template(body))
    changes = valued(s.cfn, name, "c")

    def parts(logical):
        return sorted([t.get(k) for k in ("Path", "BeforeValue", "AfterValue", "AttributeChangeType", "RequiresRecreation")]
                      for t in (d["Target"] for d in changes[logical]["Details"]))
    assert parts("A") == [["/Properties/Description", None, "d", "Add", "Never"],
                          ["/Properties/Name", f"/{name}/a", f"/{name}/b", "Modify", "Always"]]
    later = "{{changeSet:KNOWN_AFTER_APPLY}}"
    assert parts("C") == [["/Properties/Value", f"/{name}/a", later, "Modify", "Never"]]
    rule = "/Properties/SecurityGroupIngress/1/"
    assert parts("G") == [[rule + "FromPort", "2", "3", "Modify", "Never"], [rule + "ToPort", "2", "3", "Modify", "Never"],
                          ["/Properties/Tags", None, '[{"Key":"k","Value":"v"}]', "Add", "Never"]]
    before, after = (json.loads(changes["A"][k]) for k in ("BeforeContext", "AfterContext"))
    assert before == {"Properties": {"Type": "String", "Value": "1", "Name": f"/{name}/a"}}
    assert after["Properties"] == body["A"]["Properties"]
    assert json.loads(changes["C"]["AfterContext"])["Properties"]["Value"] == later
    assert json.loads(changes["N"]["AfterContext"]) == {"Properties": body["N"]["Properties"], "DeletionPolicy": "Retain"}
    assert "BeforeContext" not in changes["N"] and "AfterContext" not in changes["Gone"]
    assert json.loads(changes["Gone"]["BeforeContext"])["Properties"]["Value"] == "x"
    bare = changes_of(s.cfn, name, "c")[1]
    assert not any("Context" in k for c in bare.values() for k in c) and {"Path", "AfterValue"} & bare["A"]["Details"][0]["Target"].keys() == set()


def test_a_change_set_shows_no_secrets(stack, name):
    s = stack()

    def body(text):
        return template({"A": parameter({"Fn::Sub": text}, f"/{name}/a"), "B": parameter({"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "S"}]}]})},
                        Parameters={"S": {"Type": "String", "NoEcho": True}})

    def given(value):
        return [{"ParameterKey": "S", "ParameterValue": value}]
    assert s.create(body("is ${S}"), Parameters=given("old-secret")) == "CREATE_COMPLETE", s.lines()
    s.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=body("was ${S}"), Parameters=given("new-secret"))
    changes = valued(s.cfn, name, "c")
    assert json.loads(changes["A"]["BeforeContext"])["Properties"]["Value"] == "is ****"
    assert json.loads(changes["A"]["AfterContext"])["Properties"]["Value"] == "was ****"
    target = changes["A"]["Details"][0]["Target"]
    assert (target["BeforeValue"], target["AfterValue"]) == ("is ****", "was ****")
    assert "secret" not in json.dumps(changes, default=str) and '"new"' not in json.dumps(changes, default=str)


def test_a_change_set_without_changes(stack, name):
    s, body = stack(), template({"A": parameter("1")})
    s.create(body)
    s.cfn.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=body)
    found, _ = changes_of(s.cfn, name, "c")
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_rights_to_a_change_set_may_hang_on_its_name(stack, role, name, refuses):
    s = stack()
    s.create(template({"A": parameter("1")}))
    may = role(document(Action="cloudformation:*", Condition={"StringLike": {"cloudformation:ChangeSetName": "good-*"}}))
    cfn = may.client("cloudformation")
    cfn.create_change_set(StackName=name, ChangeSetName="good-1", TemplateBody=template({"A": parameter("2")}))
    cfn.describe_change_set(StackName=name, ChangeSetName="good-1")
    with refuses("AccessDenied", "cloudformation:CreateChangeSet"):
        cfn.create_change_set(StackName=name, ChangeSetName="bad", TemplateBody=template({"A": parameter("2")}))


# ---- templates and exports ----

def test_templates_are_told(client, stack, name):
    s = stack()
    body = template({"R": a_role(), "P": parameter({"Ref": "V"})}, Description="what it is", Metadata={"a": 1},
                    Parameters={"V": {"Type": "String", "Default": "1", "AllowedValues": ["1", "2"], "NoEcho": True}})
    cfn = client("cloudformation")
    v = cfn.validate_template(TemplateBody=body)
    assert (v["Description"], v["Capabilities"]) == ("what it is", ["CAPABILITY_IAM"])
    assert v["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::Role]"
    assert v["Parameters"][0]["ParameterKey"] == "V" and v["Parameters"][0]["NoEcho"]
    g = cfn.get_template_summary(TemplateBody=body)
    assert g["ResourceTypes"] == ["AWS::IAM::Role", "AWS::SSM::Parameter"] and json.loads(g["Metadata"]) == {"a": 1}
    assert g["Parameters"][0]["ParameterConstraints"]["AllowedValues"] == ["1", "2"]
    s.create(body, Capabilities=["CAPABILITY_IAM"])
    assert cfn.get_template_summary(StackName=name)["Version"] == "2010-09-09"
    assert cfn.get_template(StackName=name)["TemplateBody"]["Description"] == "what it is"
    assert s.describe()["Parameters"] == [{"ParameterKey": "V", "ParameterValue": "****"}]
    shown = [e["ResourceProperties"] for e in s.events() if e["LogicalResourceId"] == "P"]
    assert all('"Value":"****"' in x for x in shown)
    assert any(x["StackName"] == name for page in cfn.get_paginator("list_stacks").paginate(StackStatusFilter=["CREATE_COMPLETE"])
               for x in page["StackSummaries"])


def test_exports_are_locked_while_imported(stack, name, refuses):
    one, two = stack(), stack(called=name + "-2")
    export = {"O": {"Value": {"Ref": "A"}, "Export": {"Name": f"{name}-x"}}}
    body = {"A": parameter("1", f"/{name}/a")}
    one.create(template(body, Outputs=export))
    assert {"ExportingStackId": one.id, "Name": f"{name}-x", "Value": f"/{name}/a"} in one.cfn.list_exports()["Exports"]
    with refuses("ValidationError", "is not imported by any stack"):
        one.cfn.list_imports(ExportName=f"{name}-x")
    two.create(template({"B": parameter({"Fn::ImportValue": f"{name}-x"}, f"/{name}/b")}))
    assert one.cfn.list_imports(ExportName=f"{name}-x")["Imports"] == [name + "-2"]
    with refuses("ValidationError", f"Export {name}-x cannot be deleted as it is in use by {name}-2"):
        one.delete()
    assert one.update(template({"A": parameter("1", f"/{name}/aa")}, Outputs=export)) == "UPDATE_ROLLBACK_COMPLETE"
    assert any(f"Export {name}-x cannot be updated as it is in use by {name}-2" in line for line in one.lines())
    assert two.delete() == "DELETE_COMPLETE"
    assert one.delete() == "DELETE_COMPLETE"
    three = stack(called=name + "-3")
    assert three.create(template({"B": parameter({"Fn::ImportValue": f"{name}-x"})})) == "ROLLBACK_COMPLETE"
    assert f"No export named {name}-x found." in three.reason("B")


def test_termination_protection(stack, name, refuses):
    s = stack()
    s.create(template({"A": parameter("1")}), EnableTerminationProtection=True)
    with refuses("ValidationError", "cannot be deleted while TerminationProtection is enabled"):
        s.delete()
    s.cfn.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    assert s.delete() == "DELETE_COMPLETE"


def test_what_is_retained_stays(client, stack, name):
    s = stack()
    s.create(template({"A": {**parameter("1", f"/{name}/a"), "DeletionPolicy": "Retain"}, "B": parameter("2", f"/{name}/b")}))
    assert s.delete() == "DELETE_COMPLETE"
    assert "A DELETE_SKIPPED" in s.lines()
    assert client("ssm").get_parameter(Name=f"/{name}/a")["Parameter"]["Value"] == "1"
    client("ssm").delete_parameter(Name=f"/{name}/a")


def test_what_was_replaced_may_stay(client, stack, name):
    s, ssm = stack(), client("ssm")
    s.create(template({"A": {**parameter("1", f"/{name}/a"), "UpdateReplacePolicy": "Retain"}}))
    assert s.update(template({"A": {**parameter("1", f"/{name}/aa"), "UpdateReplacePolicy": "Retain"}})) == "UPDATE_COMPLETE"
    assert "A DELETE_SKIPPED" in s.lines()
    assert ssm.get_parameter(Name=f"/{name}/a")["Parameter"]["Value"] == "1"
    ssm.delete_parameter(Name=f"/{name}/a")


def test_a_stack_is_not_deleted_for_ever_by_a_key_that_ended(client, stack, user, name, iam):
    """Who began an operation may be gone when the next one begins: that one has a beginner of its own."""
    may = user(policy=document(Action=["cloudformation:*", "ssm:*"]))
    s = stack(may.client("cloudformation"))
    assert s.create(template({"A": parameter("1", f"/{name}/a")})) == "CREATE_COMPLETE"
    for key in iam.list_access_keys(UserName=may.name)["AccessKeyMetadata"]:
        iam.update_access_key(UserName=may.name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    mine = stack()
    mine.id = s.id
    assert mine.delete() == "DELETE_COMPLETE", mine.lines()


def test_parameters_from_ssm_and_dynamic_references(client, stack, name, refuses):
    client("ssm").put_parameter(Name=f"/{name}/source", Value="from ssm", Type="String")
    s = stack()
    body = template({"A": parameter({"Ref": "S"}, f"/{name}/a"), "B": parameter(f"{{{{resolve:ssm:/{name}/source}}}}!", f"/{name}/b")},
                    Parameters={"S": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{name}/source"}})
    assert s.create(body) == "CREATE_COMPLETE"
    assert client("ssm").get_parameter(Name=f"/{name}/a")["Parameter"]["Value"] == "from ssm"
    assert client("ssm").get_parameter(Name=f"/{name}/b")["Parameter"]["Value"] == "from ssm!"
    assert s.describe()["Parameters"] == [{"ParameterKey": "S", "ParameterValue": f"/{name}/source", "ResolvedValue": "from ssm"}]
    client("ssm").delete_parameter(Name=f"/{name}/source")
    with refuses("ValidationError", f"/{name}/source"):
        s.cfn.create_stack(StackName=name + "-2", TemplateBody=body)


@pytest.fixture
def network(client, name):
    """A VPC with two subnets, tagged; removed with the test."""
    ec2 = client("ec2")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Department", "Value": "IT"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    tags = [{"ResourceType": "subnet", "Tags": [{"Key": "tier", "Value": "private"}]}]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.99.{i}.0/24", AvailabilityZone=zone, TagSpecifications=tags)["Subnet"]["SubnetId"]
               for i in range(2)]
    group = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"][0]["GroupId"]
    yield {"vpc": vpc, "subnets": subnets, "zone": zone, "group": group}
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_rules_ask_for_attributes_of_what_parameters_name(client, stack, role, name, network, refuses):
    s = stack()

    def body(*assertions):
        return template({"P": parameter("v", f"/{name}/p")}, Parameters={
            "Vpc": {"Type": "AWS::EC2::VPC::Id"}, "Subnet": {"Type": "AWS::EC2::Subnet::Id"},
            "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"}, "Group": {"Type": "AWS::EC2::SecurityGroup::Id"}},
            Rules={"R": {"Assertions": [{"Assert": a, "AssertDescription": f"not {i}"} for i, a in enumerate(assertions)]}})

    def equals(of, value):
        return {"Fn::Equals": [{"Fn::ValueOf": of}, value]}
    true = [equals(["Subnet", "VpcId"], {"Ref": "Vpc"}), equals(["Subnet", "AvailabilityZone"], network["zone"]),
            equals(["Subnet", "Tags.tier"], "private"), equals(["Vpc", "Tags.Department"], "IT"),
            equals(["Vpc", "DefaultSecurityGroup"], {"Ref": "Group"}),
            {"Fn::EachMemberEquals": [{"Fn::ValueOf": ["Subnets", "VpcId"]}, {"Ref": "Vpc"}]},
            {"Fn::EachMemberIn": [{"Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", "Tags.tier"]}, ["private", "public"]]},
            {"Fn::EachMemberEquals": [{"Fn::ValueOfAll": ["AWS::EC2::VPC::Id", "Tags.Department"]}, "IT"]}]
    values = {"Vpc": network["vpc"], "Subnet": network["subnets"][0], "Subnets": ",".join(network["subnets"]), "Group": network["group"]}
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()]
    for false, words in ((equals(["Vpc", "Tags.Department"], "HR"), "not 8"), (equals(["Group", "Tags.none"], "x"), "not 8"),
                         (equals(["Vpc", "DefaultNetworkAcl"], "x"), "have no attribute DefaultNetworkAcl here"),
                         (equals(["Subnet", "Tags"], "x"), "have no attribute Tags here"),
                         (equals(["Subnet", "CidrBlock"], "x"), "have no attribute CidrBlock here")):
        with refuses("ValidationError", words):
            s.cfn.create_stack(StackName=name, TemplateBody=body(*true, false), Parameters=given)
    may = role(document({"Effect": "Allow", "Action": ["cloudformation:*", "ssm:*"], "Resource": "*"}))
    with refuses("ValidationError", "not authorized to perform: ec2:DescribeVpcs"):
        may.client("cloudformation").create_stack(StackName=name, TemplateBody=body(*true), Parameters=given)
    assert s.create(body(*true), Parameters=given) == "CREATE_COMPLETE", s.lines()
    assert s.delete() == "DELETE_COMPLETE"


def test_an_update_with_what_is_not_built_says_so(stack, name, refuses):
    s, body = stack(), template({"A": parameter("2")})
    assert s.create(template({"A": parameter("1")})) == "CREATE_COMPLETE"
    alarm = {"Arn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a", "Type": "AWS::CloudWatch::Alarm"}
    for more, words in (({"NotificationARNs": ["arn:aws:sns:us-east-1:123456789012:t"]}, "NotificationARNs are not supported here"),
                        ({"RollbackConfiguration": {"RollbackTriggers": [alarm]}}, "RollbackTriggers are not supported here"),
                        ({"RollbackConfiguration": {"MonitoringTimeInMinutes": 1}}, "MonitoringTimeInMinutes is not supported here"),
                        ({"ResourceTypes": ["AWS::IAM::*"]}, "not allowed")):
        with refuses("ValidationError", words):
            s.cfn.update_stack(StackName=name, TemplateBody=body, **more)
    assert s.describe()["StackStatus"] == "CREATE_COMPLETE"


def test_what_is_not_built_says_so(client, name, refuses):
    cfn, body = client("cloudformation"), template({"A": parameter()})
    for more, words in (({"NotificationARNs": ["arn:aws:sns:us-east-1:123456789012:t"]}, "NotificationARNs"),
                        ({"ResourceTypes": ["AWS::IAM::*"]}, "not allowed")):
        with refuses("ValidationError", words):
            cfn.create_stack(StackName=name, TemplateBody=body, **more)


# ---- the other types ----

@pytest.fixture
def shelf(client, name):
    """shelf(key, text): an object in a bucket of its own; answers its URL as `aws cloudformation package` writes it."""
    s3 = client("s3")
    s3.create_bucket(Bucket=name)

    def put(key, text):
        s3.put_object(Bucket=name, Key=key, Body=text)
        return f"{s3.meta.endpoint_url}/{name}/{key}"
    yield put
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


def test_keys_buckets_and_logs(client, stack, name, account):
    s = stack()
    admin = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    service = {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [admin, service]}
    body = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy, "EnableKeyRotation": "true", "PendingWindowInDays": 7,
                                                        "Tags": [{"Key": "a", "Value": "1"}]}},
        "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": f"alias/{name}", "TargetKeyId": {"Ref": "Key"}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
            "AccessControl": "Private", "Tags": [{"Key": "k", "Value": "v"}],
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}}}]},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": "TRUE", "BlockPublicPolicy": True, "IgnorePublicAcls": True,
                                               "RestrictPublicBuckets": True}}},
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}]}}},
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": "7", "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}}}
    outputs = {x: {"Value": {"Ref": x}} for x in body} | {"LogArn": {"Value": {"Fn::GetAtt": "Log.Arn"}}}
    assert s.create(template(body, Outputs=outputs)) == "CREATE_COMPLETE", s.lines()
    out, kms, s3, logs = s.outputs(), client("kms"), client("s3"), client("logs")
    assert kms.get_key_rotation_status(KeyId=out["Key"])["KeyRotationEnabled"]
    assert kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["KeyId"] == out["Key"]
    assert out["Bucket"].startswith(f"{name}-bucket-") and out["Bucket"] == out["Bucket"].lower()
    rule = s3.get_bucket_encryption(Bucket=out["Bucket"])["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith(out["Key"])
    assert all(s3.get_public_access_block(Bucket=out["Bucket"])["PublicAccessBlockConfiguration"].values())
    assert {"Key": "k", "Value": "v"} in s3.get_bucket_tagging(Bucket=out["Bucket"])["TagSet"]
    assert "s3:DeleteObject" in s3.get_bucket_policy(Bucket=out["Bucket"])["Policy"]
    group = logs.describe_log_groups(logGroupNamePrefix=out["Log"])["logGroups"][0]
    assert group["retentionInDays"] == 7 and out["LogArn"] == group["arn"]
    body["Key"]["Properties"] |= {"EnableKeyRotation": False, "Description": "new", "Tags": [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]}
    body["Bucket"]["Properties"]["Tags"] = [{"Key": "k", "Value": "w"}]
    del body["Log"]["Properties"]["RetentionInDays"]
    assert s.update(template(body, Outputs=outputs)) == "UPDATE_COMPLETE", s.lines()
    assert s.outputs() == out
    assert not kms.get_key_rotation_status(KeyId=out["Key"])["KeyRotationEnabled"]
    assert {t["TagKey"]: t["TagValue"] for t in kms.list_resource_tags(KeyId=out["Key"])["Tags"]} == {"a": "2", "b": "3"}
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=out["Log"])["logGroups"][0]
    s3.put_object(Bucket=out["Bucket"], Key="x", Body=b"x")
    assert s.delete() == "DELETE_FAILED"
    assert "is not empty" in s.reason("Bucket")
    s3.delete_bucket_policy(Bucket=out["Bucket"])
    s3.delete_object(Bucket=out["Bucket"], Key="x")
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert kms.describe_key(KeyId=out["Key"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_identities(client, stack, name, iam):
    s = stack()
    may = json.loads(document(Action="s3:GetObject"))
    body = {
        "Role": a_role(Path="/x/", MaxSessionDuration=7200, Description="d", Policies=[{"PolicyName": "in", "PolicyDocument": may}]),
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": may, "Roles": [{"Ref": "Role"}]}},
        "Inline": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "more", "PolicyDocument": may, "Roles": [{"Ref": "Role"}]}},
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Group": {"Type": "AWS::IAM::Group", "Properties": {"Policies": [{"PolicyName": "in", "PolicyDocument": may}]}},
        "User": {"Type": "AWS::IAM::User", "Properties": {"Groups": [{"Ref": "Group"}], "ManagedPolicyArns": [{"Ref": "Managed"}]}}}
    outputs = {x: {"Value": {"Ref": x}} for x in body}
    caps = {"Capabilities": ["CAPABILITY_IAM"]}
    assert s.create(template(body, Outputs=outputs), **caps) == "CREATE_COMPLETE", s.lines()
    out = s.outputs()
    assert sorted(iam.list_role_policies(RoleName=out["Role"])["PolicyNames"]) == ["in", "more"]
    assert iam.list_attached_role_policies(RoleName=out["Role"])["AttachedPolicies"][0]["PolicyArn"] == out["Managed"]
    assert iam.get_instance_profile(InstanceProfileName=out["Profile"])["InstanceProfile"]["Roles"][0]["RoleName"] == out["Role"]
    assert iam.list_groups_for_user(UserName=out["User"])["Groups"][0]["GroupName"] == out["Group"]
    for n in range(4):
        body["Managed"]["Properties"]["PolicyDocument"] = json.loads(document(Action=f"s3:Get{n}*"))
        body["Inline"]["Properties"]["PolicyDocument"] = json.loads(document(Action=f"s3:Get{n}*"))
        body["Role"]["Properties"]["Policies"] = [{"PolicyName": f"in{n}", "PolicyDocument": may}]
        assert s.update(template(body, Outputs=outputs), **caps) == "UPDATE_COMPLETE", s.lines()
    assert len(iam.list_policy_versions(PolicyArn=out["Managed"])["Versions"]) == 2
    assert sorted(iam.list_role_policies(RoleName=out["Role"])["PolicyNames"]) == ["in3", "more"]
    assert iam.get_role_policy(RoleName=out["Role"], PolicyName="more")["PolicyDocument"]["Statement"][0]["Action"] == "s3:Get3*"
    assert s.delete() == "DELETE_COMPLETE", s.lines()


def test_a_network(client, stack, name):
    s, ec2 = stack(), client("ec2")
    body = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.77.0.0/16", "EnableDnsSupport": True, "EnableDnsHostnames": True,
                                                        "Tags": [{"Key": "Name", "Value": name}]}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": {"Fn::Select": ["0", {"Fn::Cidr": [
            {"Fn::GetAtt": "Vpc.CidrBlock"}, 4, 8]}]}, "AvailabilityZone": {"Fn::Select": ["0", {"Fn::GetAZs": ""}]}}},
        "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Assoc": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {"SubnetId": {"Ref": "Subnet"}, "RouteTableId": {"Ref": "Table"}}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "GroupDescription": "g", "VpcId": {"Ref": "Vpc"}, "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": "443", "ToPort": 443, "CidrIp": "10.77.0.0/16", "Description": "tls"}],
            "SecurityGroupEgress": [{"IpProtocol": -1, "CidrIp": "10.77.0.0/16"}]}},
        "Self": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
            "GroupId": {"Ref": "Group"}, "IpProtocol": "-1", "SourceSecurityGroupId": {"Ref": "Group"}}},
        "Gateway": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {
            "VpcId": {"Ref": "Vpc"}, "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}, "RouteTableIds": [{"Ref": "Table"}],
            "PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}}},
        "Door": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {
            "VpcId": {"Ref": "Vpc"}, "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.ssm"}, "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": True, "SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": [{"Ref": "Group"}]}}}
    outputs = {x: {"Value": {"Ref": x}} for x in body} | {"Default": {"Value": {"Fn::GetAtt": "Vpc.DefaultSecurityGroup"}}}
    assert s.create(template(body, Outputs=outputs)) == "CREATE_COMPLETE", s.lines()
    out = s.outputs()
    assert ec2.describe_subnets(SubnetIds=[out["Subnet"]])["Subnets"][0]["CidrBlock"] == "10.77.0.0/24"
    group = ec2.describe_security_groups(GroupIds=[out["Group"]])["SecurityGroups"][0]
    assert [(p["IpRanges"][0]["CidrIp"], p["IpRanges"][0]["Description"]) for p in group["IpPermissions"] if p["IpRanges"]] == [("10.77.0.0/16", "tls")]
    assert [p["UserIdGroupPairs"][0]["GroupId"] for p in group["IpPermissions"] if p["UserIdGroupPairs"]] == [out["Group"]]
    assert [r["CidrIp"] for p in group["IpPermissionsEgress"] for r in p["IpRanges"]] == ["10.77.0.0/16"]
    assert out["Default"].startswith("sg-")
    body["Group"]["Properties"]["SecurityGroupIngress"] = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.77.1.0/24"}]
    body["Gateway"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = "s3:GetObject"
    del body["Self"]
    assert s.update(template(body)) == "UPDATE_COMPLETE", s.lines()
    group = ec2.describe_security_groups(GroupIds=[out["Group"]])["SecurityGroups"][0]
    assert [(p["FromPort"], p["UserIdGroupPairs"]) for p in group["IpPermissions"]] == [(80, [])]
    gateway = ec2.describe_vpc_endpoints(VpcEndpointIds=[out["Gateway"]])["VpcEndpoints"][0]
    assert "s3:GetObject" in gateway["PolicyDocument"]
    params = {"V": {"Type": "AWS::EC2::VPC::Id"}, "S": {"Type": "List<AWS::EC2::Subnet::Id>"}}
    other = stack(called=name + "-2")
    given = [{"ParameterKey": "V", "ParameterValue": out["Vpc"]}, {"ParameterKey": "S", "ParameterValue": out["Subnet"]}]
    small = template({"P": parameter({"Fn::Join": [",", {"Ref": "S"}]})}, Parameters=params)
    assert other.create(small, Parameters=given) == "CREATE_COMPLETE"
    given[0]["ParameterValue"] = "vpc-00000000000000000"
    with pytest.raises(s.cfn.exceptions.ClientError, match="vpc-00000000000000000"):
        s.cfn.create_stack(StackName=name + "-3", TemplateBody=small, Parameters=given)
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    with pytest.raises(ec2.exceptions.ClientError, match="InvalidVpcID.NotFound"):
        ec2.describe_vpcs(VpcIds=[out["Vpc"]])


def test_a_registry(client, stack, name, account):
    s = stack()
    body = {"G": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {
        "ModelPackageGroupName": name, "ModelPackageGroupDescription": "d", "Tags": [{"Key": "a", "Value": "b"}]}}}
    assert s.create(template(body, Outputs={"A": {"Value": {"Ref": "G"}}})) == "CREATE_COMPLETE", s.lines()
    assert client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"] == s.outputs()["A"]
    assert s.delete() == "DELETE_COMPLETE"


def test_types_that_are_refused(stack):
    s = stack()
    never = {"Set": {"Type": "AWS::CloudFormation::StackSet", "Condition": "No"}}
    body = template({"W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}, **never}, Conditions={"No": {"Fn::Equals": ["a", "b"]}})
    assert s.create(body) == "ROLLBACK_COMPLETE"
    assert "AWS::CloudFormation::WaitConditionHandle is not built" in s.reason("W")


# ---- stacks in stacks, templates by URL ----

def test_a_stack_in_a_stack(client, stack, shelf, name):
    s, ssm = stack(), client("ssm")
    inner = template({"P": parameter({"Ref": "V"}, f"/{name}/in"), "R": a_role()}, Parameters={"V": {"Type": "String"}},
                     Outputs={"Where": {"Value": {"Ref": "P"}}})
    url = shelf("inner.json", inner)
    body = {"In": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": {"V": "one"}}},
            "Out": parameter({"Fn::GetAtt": "In.Outputs.Where"}, f"/{name}/out")}
    assert s.create(template(body), Capabilities=["CAPABILITY_IAM"], Tags=[{"Key": "t", "Value": "x"}]) == "CREATE_COMPLETE", s.lines()
    child_id = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="In")["StackResourceDetail"]["PhysicalResourceId"]
    child = s.cfn.describe_stacks(StackName=child_id)["Stacks"][0]
    assert (child["ParentId"], child["RootId"], child["Tags"]) == (s.id, s.id, [{"Key": "t", "Value": "x"}])
    assert child["StackName"].startswith(f"{name}-In-")
    assert ssm.get_parameter(Name=f"/{name}/out")["Parameter"]["Value"] == f"/{name}/in"
    body["In"]["Properties"]["Parameters"]["V"] = "two"
    assert s.update(template(body), Capabilities=["CAPABILITY_IAM"]) == "UPDATE_COMPLETE", s.lines()
    assert ssm.get_parameter(Name=f"/{name}/in")["Parameter"]["Value"] == "two"
    body["In"]["Properties"]["Parameters"]["V"] = "three"
    bad = {**body, "Bad": {**parameter("x", "/aws/none"), "DependsOn": "In"}}
    assert s.update(template(bad), Capabilities=["CAPABILITY_IAM"]) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert ssm.get_parameter(Name=f"/{name}/in")["Parameter"]["Value"] == "two"
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert s.cfn.describe_stacks(StackName=child_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert ssm.get_parameters(Names=[f"/{name}/in"])["Parameters"] == []


def test_a_failure_in_a_stack_in_a_stack(client, stack, shelf, name):
    s = stack()
    url = shelf("inner.json", template({"P": parameter("v", f"/{name}/in"), "Bad": {**parameter("x", "/aws/none"), "DependsOn": "P"}}))
    body = {"In": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}
    assert s.create(template(body)) == "ROLLBACK_COMPLETE", s.lines()
    assert s.reason("In").startswith("Embedded stack arn:aws:cloudformation:")
    assert "The following resource(s) failed to create: [Bad]." in s.reason("In")
    assert client("ssm").get_parameters(Names=[f"/{name}/in"])["Parameters"] == []


def test_a_failing_update_in_a_stack_in_a_stack(client, stack, shelf, name):
    """The inner stack goes back by itself; then the outer one finds nothing to do in it, and its outputs as they were."""
    s, ssm = stack(), client("ssm")
    inner = {"P": parameter({"Ref": "V"}, f"/{name}/in"), "Q": {**parameter("x", {"Ref": "N"}), "DependsOn": "P"}}
    url = shelf("inner.json", template(inner, Parameters={"V": {"Type": "String"}, "N": {"Type": "String"}},
                                       Outputs={"Now": {"Value": {"Fn::GetAtt": "P.Value"}}}))
    given = {"V": "one", "N": f"/{name}/q"}
    body = {"In": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": given}},
            "Out": parameter({"Fn::GetAtt": "In.Outputs.Now"}, f"/{name}/out")}
    assert s.create(template(body)) == "CREATE_COMPLETE", s.lines()
    given.update(V="two", N="/aws/none")
    assert s.update(template(body)) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    child = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="In")["StackResourceDetail"]
    assert child["ResourceStatus"] == "UPDATE_COMPLETE"
    assert s.cfn.describe_stacks(StackName=child["PhysicalResourceId"])["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [p["Value"] for p in ssm.get_parameters(Names=[f"/{name}/in", f"/{name}/out"])["Parameters"]] == ["one", "one"]
    given.update(V="three", N=f"/{name}/q")
    assert s.update(template(body)) == "UPDATE_COMPLETE", s.lines()
    assert ssm.get_parameter(Name=f"/{name}/out")["Parameter"]["Value"] == "three"


@pytest.mark.parametrize("form", ["{own}/{bucket}/{key}", "https://s3.us-east-1.amazonaws.com/{bucket}/{key}",
                                  "https://s3.amazonaws.com/{bucket}/{key}", "https://{bucket}.s3.us-east-1.amazonaws.com/{key}",
                                  "https://{bucket}.s3.amazonaws.com/{key}", "https://s3-us-east-1.amazonaws.com/{bucket}/{key}"])
def test_templates_by_url_in_every_form(client, stack, shelf, name, form):
    own = shelf("a folder/t.json", template({"P": parameter("v")}))
    url = form.format(own=own.rsplit(f"/{name}/", 1)[0], bucket=name, key="a%20folder/t.json")
    cfn = client("cloudformation")
    assert cfn.validate_template(TemplateURL=url)["Parameters"] == []
    assert cfn.get_template_summary(TemplateURL=url)["ResourceTypes"] == ["AWS::SSM::Parameter"]


def test_templates_by_url_that_cannot_be_had(client, stack, shelf, name, role, refuses):
    cfn = client("cloudformation")
    url = shelf("t.json", template({"P": parameter("v")}))
    for bad, words in (("https://example.com/a/b", "Domain name specified in example.com is not a valid S3 domain"),
                       ("s3://bucket/key", "is not a valid S3 domain"), ("https://s3.amazonaws.com.example.com/a/b", "is not a valid"),
                       (url + "x", "S3 error: The specified key does not exist")):
        with refuses("ValidationError", words):
            cfn.validate_template(TemplateURL=bad)
    may = role(document(Action="cloudformation:*"))
    with refuses("ValidationError", "S3 error: Access Denied"):
        may.client("cloudformation").create_stack(StackName=name, TemplateURL=url)


def test_a_template_that_stands_for_more_than_its_text(stack, shelf, refuses):
    s, head = stack(), "Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: v}}}\nMetadata:\n"
    line = "  - \"" + r"\x01" * 8 + "\"\n"  # 38 bytes in YAML, 51 in the JSON that a stack keeps
    url = shelf("long.yaml", head + " X:\n" + line * 25000)
    s.id = s.cfn.create_stack(StackName=s.name, TemplateURL=url)["StackId"]
    assert s.wait() == "CREATE_COMPLETE", s.lines()
    url = shelf("more.yaml", head.replace("Value: v", "Value: w") + " X: &x\n" + line * 12000 + " Y: [*x, *x, *x]\n")
    with refuses("ValidationError", "Template may not exceed 1000000 bytes in size."):
        s.cfn.update_stack(StackName=s.name, TemplateURL=url)
    assert s.delete() == "DELETE_COMPLETE"


# ---- custom resources ----

ANSWERS = """
import json, os, boto3, cfnresponse
def handler(event, context):
    p = event["ResourceProperties"]
    if p.get("Silent") == event["RequestType"]:
        return
    if p.get("Log"):
        ssm = boto3.client("ssm")
        told = {k: v for k, v in event.items() if k != "ResponseURL"}
        ssm.put_parameter(Name=p["Log"] + event["RequestType"], Value=json.dumps(told), Type="String", Overwrite=True)
    if p.get("Lie") == event["RequestType"]:
        event["StackId"] = event["StackId"][:-1] + "x"
    status = cfnresponse.FAILED if p.get("Fail") == event["RequestType"] else cfnresponse.SUCCESS
    data = {"Echo": p.get("Echo", ""), "List": ["a", "b"]}
    cfnresponse.send(event, context, status, data, p.get("Id") or None, noEcho=p.get("Hide") == "true", reason="because I say so")
    if p.get("Twice"):
        cfnresponse.send(event, context, status, {"Echo": "again"}, p.get("Id") or None)
"""


def custom(kind="Custom::Thing", **properties):
    return {"Type": kind, "Properties": {"ServiceToken": {"Fn::GetAtt": "Fn.Arn"}, **properties}, "DependsOn": "Fn"}


def a_function(source=ANSWERS, actions=("ssm:*", "logs:*"), **properties):
    """A role and a function, as templates have them."""
    role = {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": json.loads(trust(Service="lambda.amazonaws.com")),
        "Policies": [{"PolicyName": "p", "PolicyDocument": json.loads(document(Action=list(actions)))}]}}
    function = {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "python3.8", "Handler": "index.handler", "Timeout": 60, "Role": {"Fn::GetAtt": "FnRole.Arn"},
        "Code": {"ZipFile": source}, **properties}}
    return {"FnRole": role, "Fn": function}


IAM = {"Capabilities": ["CAPABILITY_IAM"]}


@pytest.mark.parametrize("kind", ["Custom::Thing", "AWS::CloudFormation::CustomResource"])
def test_a_custom_resource_lives(client, stack, name, kind):
    s, ssm = stack(), client("ssm")
    log, out = f"/{name}/log/", {"E": {"Value": {"Fn::GetAtt": "C.Echo"}}, "L": {"Value": {"Fn::Join": ["+", {"Fn::GetAtt": "C.List"}]}},
                                 "R": {"Value": {"Ref": "C"}}}

    def told(kind):
        return json.loads(ssm.get_parameter(Name=log + kind)["Parameter"]["Value"])
    body = {**a_function(), "C": custom(kind, Echo="one", Log=log, Id="first", Number=5, Truth=True, Deep={"x": [1, False]})}
    assert s.create(template(body, Outputs=out), **IAM) == "CREATE_COMPLETE", s.lines()
    assert s.outputs() == {"E": "one", "L": "a+b", "R": "first"}
    e = told("Create")
    assert (e["RequestType"], e["LogicalResourceId"], e["ResourceType"], e["StackId"]) == ("Create", "C", kind, s.id)
    p = e["ResourceProperties"]
    assert (p["Number"], p["Truth"], p["Deep"]) == ("5", "true", {"x": ["1", "false"]}) and "PhysicalResourceId" not in e
    body["C"] = custom(kind, Echo="two", Log=log, Id="first")
    assert s.update(template(body, Outputs=out), **IAM) == "UPDATE_COMPLETE", s.lines()
    e = told("Update")
    assert (e["PhysicalResourceId"], e["OldResourceProperties"]["Echo"], s.outputs()["E"]) == ("first", "one", "two")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        told("Delete")
    body["C"] = custom(kind, Echo="three", Log=log, Id="second")  # another id: another resource, the old one goes
    assert s.update(template(body, Outputs=out), **IAM) == "UPDATE_COMPLETE", s.lines()
    assert (told("Delete")["PhysicalResourceId"], told("Delete")["ResourceProperties"]["Echo"]) == ("first", "two")
    assert s.outputs()["R"] == "second"
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert told("Delete")["PhysicalResourceId"] == "second"
    for kind in ("Create", "Update", "Delete"):
        ssm.delete_parameter(Name=log + kind)


def test_a_custom_resource_that_fails_is_told_to_go(client, stack, name):
    s, log = stack(), f"/{name}/log/"
    assert s.create(template({**a_function(), "C": custom(Fail="Create", Log=log)}), **IAM) == "ROLLBACK_COMPLETE", s.lines()
    assert s.reason("C").startswith("Received response status [FAILED] from custom resource. Message returned: because I say so (RequestId: ")
    gone = client("ssm").get_parameter(Name=log + "Delete")["Parameter"]["Value"]
    assert json.loads(gone)["PhysicalResourceId"]
    for kind in ("Create", "Delete"):
        client("ssm").delete_parameter(Name=log + kind)


@pytest.mark.parametrize("how", ["Silent", "Lie"])
def test_a_custom_resource_that_never_answers(stack, how):
    """Lie: it answers for another stack, which is refused."""
    s = stack()
    body = {**a_function(), "C": custom(**{how: "Create"}, ServiceTimeout=10)}
    assert s.create(template(body), **IAM) == "ROLLBACK_COMPLETE", s.lines()
    assert "did not receive a response from your Custom Resource" in s.reason("C")


def test_an_answer_counts_once_and_hides_what_it_shall(client, stack, name):
    s = stack()
    body = {**a_function(), "C": custom(Echo="s3cret-word", Hide="true", Twice="yes"),
            "P": parameter({"Fn::GetAtt": "C.Echo"}, f"/{name}/p")}
    assert s.create(template(body), **IAM) == "CREATE_COMPLETE", s.lines()
    assert client("ssm").get_parameter(Name=f"/{name}/p")["Parameter"]["Value"] == "s3cret-word"
    shown = [e["ResourceProperties"] for e in s.events() if e["LogicalResourceId"] == "P"]
    assert shown and all('"Value":"****"' in x for x in shown)


def test_an_attribute_that_was_not_answered(stack):
    s = stack()
    assert s.create(template({**a_function(), "C": custom(), "P": parameter({"Fn::GetAtt": "C.Nothing"})}), **IAM) == "ROLLBACK_COMPLETE"
    assert "Vendor response doesn't contain Nothing key" in s.reason("P")


def test_a_deployer_who_may_not_invoke(stack, role, name):
    no = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
    may = role(document({"Effect": "Allow", "Action": "*", "Resource": "*"}, no))
    s = stack(may.client("cloudformation"))
    assert s.create(template({**a_function(), "C": custom()}), **IAM) == "ROLLBACK_COMPLETE", s.lines()  # who was never asked need not be told
    assert "not authorized to perform: lambda:InvokeFunction" in s.reason("C")


def test_answers_that_are_none(server):
    """PutResponse, and RecordCustomResourceResponse behind it, take no token that was given to nobody."""
    host = "cloudformation-custom-resource-response.s3.us-east-1.amazonaws.com"
    asked = urllib.request.Request(f"{server.url}/{'0' * 64}", data=b'{"Status": "SUCCESS"}', method="PUT", headers={"Host": host})
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=server.ca), timeout=20)
    assert e.value.code == 403 and b"response URL" in e.value.read()


# ---- barmkin stack ----

def test_stack_why_and_watch(server, stack, role, shelf, name):
    """DescribeStackProgress and StackProgress: the cause lies in a stack in the stack."""
    may = role(document({"Effect": "Allow", "Action": "*", "Resource": "*"}, {
        "Sid": "NoSecrets", "Effect": "Deny", "Action": "ssm:PutParameter", "Resource": f"arn:aws:ssm:*:*:parameter/{name}/in"}))
    s = stack(may.client("cloudformation"))
    url = shelf("inner.json", template({"P": parameter("v", f"/{name}/in")}))
    body = {"In": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}
    assert s.create(template(body)) == "ROLLBACK_COMPLETE"
    said = server.barmkin("stack", "why", name)
    assert f"{name}: ROLLBACK_COMPLETE" in said and f"first cause: P (AWS::SSM::Parameter) in the stack {name}-In-" in said
    assert f"denied:    ssm:PutParameter on arn:aws:ssm:us-east-1:{server.account('dev')['id']}:parameter/{name}/in" in said
    assert "sid:       NoSecrets" in said and "ExplicitlyDenied by identity" in said
    told = json.loads(server.barmkin("stack", "why", name, "--account", "dev", "-o", "json"))
    assert told["cause"]["denied"]["judgements"][-1]["sid"] == "NoSecrets"
    watched = server.barmkin("stack", "watch", name, fine=(1,))
    assert "In CREATE_FAILED Embedded stack" in watched and watched.rstrip().endswith("ROLLBACK_COMPLETE")
    server.barmkin("stack", "why", name + "-none", fine=(4,))
    server.barmkin("stack", "why", name, "--account", "prod", fine=(4,))


def test_a_guardrail_denies_in_its_own_words(server, client, stack, name):
    orgs = client("organizations", "management")
    scp = orgs.create_policy(Name=name, Description="d", Type="SERVICE_CONTROL_POLICY", Content=document(
        {"Effect": "Deny", "Action": "ssm:PutParameter", "Resource": f"arn:aws:ssm:*:*:parameter/{name}/*"}))["Policy"]["PolicySummary"]["Id"]
    target = server.account("dev")["id"]
    orgs.attach_policy(PolicyId=scp, TargetId=target)
    try:
        s = stack()
        assert s.create(template({"P": parameter("v", f"/{name}/p")})) == "ROLLBACK_COMPLETE"
        assert "with an explicit deny in a service control policy" in s.reason("P")
    finally:
        orgs.detach_policy(PolicyId=scp, TargetId=target)
        orgs.delete_policy(PolicyId=scp)


def test_inner_calls_are_audited_as_the_callers(server, stack, name):
    s = stack()
    s.create(template({"P": parameter("v", f"/{name}/p")}))
    lines = server.barmkin("audit", "search", "--event", "PutParameter", "-o", "json").splitlines()
    mine = next(r for r in map(json.loads, lines) if (r.get("requestParameters") or {}).get("name") == f"/{name}/p")
    assert mine["userIdentity"]["invokedBy"] == "cloudformation.amazonaws.com"
    assert mine["userIdentity"]["arn"].endswith(":user/admin")


# ---- the AWS CLI ----

def test_the_cli_packages_and_deploys(server, client, stack, shelf, name, tmp_path):
    """`aws cloudformation package` and `deploy`, unmodified: nested by a relative path, and once with nothing to do."""
    aws = os.path.join(BUILD, "venv-clients", "bin", "aws")
    if not os.path.exists(aws):
        pytest.skip("no build/venv-clients: tests/run makes it where a package index answers")
    a = server.account("dev")
    env = {**os.environ, "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.ca, "AWS_DEFAULT_REGION": "us-east-1",
           "AWS_ACCESS_KEY_ID": a["access_key_id"], "AWS_SECRET_ACCESS_KEY": a["secret_access_key"]}

    def cli(*words, fine=True):
        done = subprocess.run([aws, "cloudformation", *words], env=env, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        assert not fine or done.returncode == 0, done.stderr
        return done.stdout + done.stderr
    (tmp_path / "inner.yaml").write_text("Parameters: {V: {Type: String}}\nResources:\n  P:\n    Type: AWS::SSM::Parameter\n"
                                         "    Properties: {Type: String, Value: !Ref V}\n")
    (tmp_path / "outer.yaml").write_text(
        "Parameters: {V: {Type: String, Default: one}}\nResources:\n  In:\n    Type: AWS::CloudFormation::Stack\n"
        "    Properties:\n      TemplateURL: inner.yaml\n      Parameters: {V: !Ref V}\n")
    (tmp_path / "flat.yaml").write_text("Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Value: x}\n")
    cli("package", "--template-file", "outer.yaml", "--s3-bucket", name, "--output-template-file", "packed.yaml")
    assert f"TemplateURL: {server.url}/{name}/" in (tmp_path / "packed.yaml").read_text()
    made = stack()
    assert "Successfully created/updated stack" in cli("deploy", "--template-file", "packed.yaml", "--stack-name", name)
    assert made.describe()["StackStatus"] == "CREATE_COMPLETE"
    flat = stack(called=name + "-flat")
    flat.create((tmp_path / "flat.yaml").read_text())
    assert "No changes to deploy" in cli("deploy", "--template-file", "flat.yaml", "--stack-name", name + "-flat", fine=False)
