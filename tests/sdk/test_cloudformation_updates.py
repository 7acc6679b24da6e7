# SPDX-License-Identifier: MIT
"""What may hold an update back, and what ends one: stack policies, RollbackStack, CancelUpdateStack."""
import json
import os
import sqlite3

import pytest
from test_cloudformation import IAM, Stack, a_function, custom, parameter, shelf, stack, template  # noqa: F401 (fixtures)

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def policy(*statements):
    return json.dumps({"Statement": list(statements)})


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource, **more}


def two(name, a="1", **more):
    return template({"A": parameter(a, f"/{name}/a", **more), "B": parameter(a, f"/{name}/b")})


@pytest.mark.parametrize("statements, why", [
    ([ALLOW, deny("Update:*", "LogicalResourceId/A")], "denied by stack policy: Statement [#1] does not allow [Update:*] for resource [LogicalResourceId/A];"),
    ([deny(["Update:Replace", "Update:Delete"]), deny("Update:Modify", ["LogicalResourceId/Z*", "LogicalResourceId/A"]), ALLOW],
     "denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/Z*, LogicalResourceId/A];"),
    ([deny("Update:*", Condition={"StringEquals": {"ResourceType": ["AWS::SSM::Parameter"]}}), ALLOW],
     "denied by stack policy: Statement [#1] does not allow [Update:*] for resource [*];"),
    ([deny("Update:*", Condition={"StringLike": {"ResourceType": "AWS::S?M::*"}}), ALLOW], "denied by stack policy"),
    ([{**ALLOW, "Resource": "LogicalResourceId/B"}], "not allowed by stack policy: no statement allows [Update:Modify]"),
    ([{"Effect": "Allow", "NotAction": "Update:Modify", "Principal": "*", "Resource": "*"}], "not allowed by stack policy"),
    ([{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "NotResource": "LogicalResourceId/A"}], "not allowed by stack policy"),
])
def test_a_stack_policy_denies(client, stack, name, statements, why):  # noqa: F811
    s = stack()
    assert s.create(two(name), StackPolicyBody=policy(*statements)) == "CREATE_COMPLETE"
    assert json.loads(s.cfn.get_stack_policy(StackName=name)["StackPolicyBody"])["Statement"] == statements
    assert s.update(two(name, "2")) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert why in s.reason("A")
    failed = [e for e in s.events() if e["LogicalResourceId"] == "A"][3:]
    assert [e["ResourceStatus"] for e in failed] == ["UPDATE_FAILED", "UPDATE_COMPLETE"]
    assert client("ssm").get_parameter(Name=f"/{name}/a")["Parameter"]["Value"] == "1"
    assert s.update(two(name, "2"), StackPolicyDuringUpdateBody=policy(ALLOW)) == "UPDATE_COMPLETE", s.lines()
    assert s.update(two(name, "3")) == "UPDATE_ROLLBACK_COMPLETE"  # once was once


@pytest.mark.parametrize("statements", [
    [ALLOW, deny("Update:Replace"), deny("Update:Delete")], [ALLOW, deny("Update:*", "LogicalResourceId/Z*")],
    [ALLOW, deny("Update:*", Condition={"StringEquals": {"ResourceType": "AWS::SSM::*"}})],
    [ALLOW, deny("Update:*", Condition={"StringLike": {"ResourceType": "AWS::IAM::*"}})]])
def test_a_stack_policy_that_speaks_of_something_else(stack, name, statements):  # noqa: F811
    s = stack()
    assert s.create(two(name), StackPolicyBody=policy(*statements)) == "CREATE_COMPLETE"
    assert s.update(two(name, "2")) == "UPDATE_COMPLETE", s.lines()


def test_a_stack_policy_guards_from_replacement_and_removal(client, stack, name):  # noqa: F811
    s, ssm = stack(), client("ssm")
    assert s.create(two(name)) == "CREATE_COMPLETE"
    s.cfn.set_stack_policy(StackName=name, StackPolicyBody=policy(ALLOW, deny("Update:Replace"), deny("Update:Delete", "LogicalResourceId/B")))
    moved = template({"A": parameter("1", f"/{name}/c"), "B": parameter("1", f"/{name}/b")})
    assert s.update(moved) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert "Statement [#1] does not allow [Update:Replace] for resource [*];" in s.reason("A")
    assert s.update(template({"A": parameter("2", f"/{name}/a")})) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert "Statement [#2] does not allow [Update:Delete] for resource [LogicalResourceId/B];" in s.reason("B")
    assert [ssm.get_parameter(Name=f"/{name}/{n}")["Parameter"]["Value"] for n in "ab"] == ["1", "1"]
    made = s.cfn.create_change_set(StackName=name, ChangeSetName="x", TemplateBody=template({"A": parameter("2", f"/{name}/a")}))
    s.cfn.execute_change_set(ChangeSetName=made["Id"])
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    s.cfn.set_stack_policy(StackName=name, StackPolicyBody="{}")
    assert s.update(template({"A": parameter("2", f"/{name}/a")})) == "UPDATE_COMPLETE", s.lines()
    assert s.delete() == "DELETE_COMPLETE"


def test_a_policy_of_an_update_is_for_the_next(stack, name):  # noqa: F811
    s = stack()
    assert s.create(two(name)) == "CREATE_COMPLETE"
    assert "StackPolicyBody" not in s.cfn.get_stack_policy(StackName=name)
    assert s.update(two(name, "2"), StackPolicyBody=policy(deny("Update:*"))) == "UPDATE_COMPLETE", s.lines()
    assert s.update(two(name, "3")) == "UPDATE_ROLLBACK_COMPLETE"
    assert s.update(StackPolicyBody=policy(ALLOW), StackPolicyDuringUpdateBody=policy(ALLOW)) == "UPDATE_COMPLETE"  # nothing else changes
    assert s.update(two(name, "3")) == "UPDATE_COMPLETE"


def test_stack_policies_by_url(stack, shelf, name, role, refuses):  # noqa: F811
    s = stack()
    assert s.create(two(name), StackPolicyURL=shelf("deny.json", policy(deny("Update:*")))) == "CREATE_COMPLETE"
    assert s.update(two(name, "2")) == "UPDATE_ROLLBACK_COMPLETE"
    allow = shelf("allow.json", policy(ALLOW))
    assert s.update(two(name, "2"), StackPolicyDuringUpdateURL=allow) == "UPDATE_COMPLETE", s.lines()
    s.cfn.set_stack_policy(StackName=name, StackPolicyURL=allow)
    assert s.update(two(name, "3")) == "UPDATE_COMPLETE", s.lines()
    with refuses("ValidationError", "You cannot specify both StackPolicyURL and StackPolicyBody"):
        s.cfn.set_stack_policy(StackName=name, StackPolicyURL=allow, StackPolicyBody=policy(ALLOW))
    with refuses("ValidationError", "S3 error"):
        s.cfn.set_stack_policy(StackName=name, StackPolicyURL=allow + "x")
    with refuses("ValidationError", "Stack policy may not exceed 16384 bytes in size."):
        s.cfn.set_stack_policy(StackName=name, StackPolicyURL=shelf("long.json", " " * 16385))


@pytest.mark.parametrize("text", [
    "no json", "[]", '{"Statements": []}', policy({**ALLOW, "Principal": "arn:aws:iam::123456789012:root"}),
    policy({**ALLOW, "Action": "Delete:*"}), policy({**ALLOW, "Resource": "A"}), policy({**ALLOW, "Effect": "Perhaps"}),
    policy({**ALLOW, "Condition": {"Bool": {"ResourceType": "x"}}}), policy({**ALLOW, "Condition": {"StringEquals": {"Region": "x"}}}),
    policy({**ALLOW, "NotAction": "Update:Modify"}), policy({"Effect": "Allow", "Action": "Update:*", "Principal": "*"})])
def test_stack_policies_that_are_none(stack, name, refuses, text):  # noqa: F811
    s = stack()
    assert s.create(two(name)) == "CREATE_COMPLETE"
    with refuses("ValidationError", "Error validating stack policy: Invalid stack policy"):
        s.cfn.set_stack_policy(StackName=name, StackPolicyBody=text)
    with refuses("ValidationError", "Unknown logical id 'LogicalResourceId/Z'"):
        s.cfn.set_stack_policy(StackName=name, StackPolicyBody=policy({**ALLOW, "Resource": ["LogicalResourceId/A", "LogicalResourceId/Z"]}))
    with refuses("ValidationError", "StackPolicyBody or StackPolicyURL must be specified"):
        s.cfn.set_stack_policy(StackName=name)


def test_rights_to_stack_policies_and_rollbacks(stack, name, role, document, refuses):  # noqa: F811
    s = stack()
    assert s.create(two(name)) == "CREATE_COMPLETE"
    may = role(document({"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                        {"Effect": "Deny", "Action": ["cloudformation:SetStackPolicy", "cloudformation:GetStackPolicy",
                                                      "cloudformation:RollbackStack"], "Resource": s.id})).client("cloudformation")
    with refuses("AccessDenied", "cloudformation:SetStackPolicy on resource", "with an explicit deny in an identity-based policy"):
        may.set_stack_policy(StackName=name, StackPolicyBody=policy(ALLOW))
    with refuses("AccessDenied", "cloudformation:GetStackPolicy"):
        may.get_stack_policy(StackName=name)
    with refuses("AccessDenied", "cloudformation:RollbackStack"):
        may.rollback_stack(StackName=name)


# ---- RollbackStack ----

def test_a_failed_update_is_rolled_back_later(client, stack, name, refuses):  # noqa: F811
    s, ssm = stack(), client("ssm")

    def body(a, path="a", **more):
        return template({"A": parameter(a, f"/{name}/{path}"), **more})
    bad = {"Bad": {**parameter("x", "/aws/none"), "DependsOn": "A"}}
    assert s.create(body("1")) == "CREATE_COMPLETE"
    with refuses("ValidationError", "is in CREATE_COMPLETE state and can not be rolled back"):
        s.cfn.rollback_stack(StackName=name)
    first = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="A")["StackResourceDetail"]
    assert s.update(body("2", "b", **bad), DisableRollback=True) == "UPDATE_FAILED", s.lines()  # replaced
    assert s.update(body("3", "c", **bad), DisableRollback=True) == "UPDATE_FAILED", s.lines()  # and again
    assert s.cfn.rollback_stack(StackName=name, ClientRequestToken="once")["StackId"] == s.id
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert s.cfn.rollback_stack(StackName=name, ClientRequestToken="once")["StackId"] == s.id  # asked again, answered again
    now = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="A")["StackResourceDetail"]
    assert now["PhysicalResourceId"] == first["PhysicalResourceId"] == f"/{name}/a"
    p = ssm.get_parameter(Name=f"/{name}/a")["Parameter"]
    assert (p["Value"], p["Version"]) == ("1", 1)  # it is the first one, not one like it
    assert ssm.get_parameters(Names=[f"/{name}/b", f"/{name}/c"])["Parameters"] == []


@pytest.mark.parametrize("retains", [True, False])
def test_a_failed_creation_is_rolled_back_later(client, stack, name, refuses, retains):  # noqa: F811
    s, ssm = stack(), client("ssm")
    how = {} if retains else {"RetainExceptOnCreate": True}
    if not retains and "RetainExceptOnCreate" not in s.cfn.meta.service_model.operation_model("RollbackStack").input_shape.members:
        pytest.skip("this client does not know it")
    body = {"A": parameter("1", f"/{name}/a"), "Bad": {**parameter("x", "/aws/none"), "DependsOn": "A"}}
    kept = {"Keep": {**parameter("1", f"/{name}/k"), "DeletionPolicy": "Retain"},
            "Empty": {**parameter("1", f"/{name}/e"), "DeletionPolicy": "RetainExceptOnCreate"}}
    assert s.create(template({**kept, **body}), OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert s.update(template({**kept, **body, "C": parameter("1", f"/{name}/c")}), DisableRollback=True) == "UPDATE_FAILED"
    s.cfn.rollback_stack(StackName=name, **how)
    assert s.wait() == "DELETE_COMPLETE", s.lines()  # it never was whole: there is nothing to go back to
    with refuses("ValidationError", "does not exist"):
        s.cfn.describe_stacks(StackName=name)
    left = [p["Name"] for p in ssm.get_parameters(Names=[f"/{name}/{n}" for n in "acke"])["Parameters"]]
    assert left == ([f"/{name}/k"] if retains else [])
    ssm.delete_parameters(Names=[f"/{name}/k"])


def test_a_rollback_by_another_role(stack, name, role, iam, refuses, document):  # noqa: F811
    s = stack()
    assert s.create(template({"Bad": parameter("x", "/aws/none")}), DisableRollback=True) == "CREATE_FAILED"
    with refuses("ValidationError", "at 'roleARN' failed to satisfy constraint"):
        s.cfn.rollback_stack(StackName=name, RoleARN="x")
    other = role(document(Action="ssm:*"))
    may = role(document(Action="cloudformation:*")).client("cloudformation")
    with refuses("AccessDenied", "iam:PassRole"):
        may.rollback_stack(StackName=name, RoleARN=other.arn)


# ---- CancelUpdateStack ----

def in_progress(s, logical, status):
    for _ in range(1500):
        if any(e["LogicalResourceId"] == logical and e["ResourceStatus"] == status for e in s.events()):
            return
    raise AssertionError(s.lines())


def test_cancelling_an_update_with_a_stack_in_the_stack(client, stack, shelf, name):  # noqa: F811
    """The inner update is cancelled with it; the outer one waits for what has begun before it changes anything back."""
    s, ssm = stack(), client("ssm")
    inner = {**a_function(), "P": parameter({"Ref": "V"}, f"/{name}/in"),
             "C": {**custom(Silent={"Ref": "Silent"}, Echo={"Ref": "V"}, ServiceTimeout={"Ref": "Seconds"}), "DependsOn": ["Fn", "P"]}}
    url = shelf("inner.json", template(inner, Parameters={"V": {"Type": "String"}, "Silent": {"Type": "String"},
                                                          "Seconds": {"Type": "Number"}}))

    def body(v, silent="", seconds=60):
        given = {"V": v, "Silent": silent, "Seconds": seconds}
        nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": given}}
        return template({"In": nested, "Out": parameter(v, f"/{name}/out")})
    assert s.create(body("one"), **IAM) == "CREATE_COMPLETE", s.lines()
    child = type(s)(s.cfn, "")
    child.id = s.cfn.describe_stack_resource(StackName=name, LogicalResourceId="In")["StackResourceDetail"]["PhysicalResourceId"]
    s.cfn.update_stack(StackName=name, TemplateBody=body("two", "Update", 4), **IAM)
    in_progress(child, "C", "UPDATE_IN_PROGRESS")
    s.cfn.cancel_update_stack(StackName=name)
    assert s.describe()["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"
    assert s.wait(60) == "UPDATE_ROLLBACK_COMPLETE", "\n".join(s.lines() + child.lines())
    assert child.wait() in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE"), child.lines()
    assert any("Cancelled with its parent stack" in line for line in child.lines())
    assert [ssm.get_parameter(Name=f"/{name}/{n}")["Parameter"]["Value"] for n in ("in", "out")] == ["one", "one"]
    assert s.update(body("three"), **IAM) == "UPDATE_COMPLETE", s.lines() + child.lines()
    assert ssm.get_parameter(Name=f"/{name}/in")["Parameter"]["Value"] == "three"


def test_a_stack_in_the_stack_that_fails_to_change_goes_back_once(client, stack, shelf, name):  # noqa: F811
    s, ssm = stack(), client("ssm")
    url = shelf("inner.json", template({"P": parameter({"Ref": "V"}, f"/{name}/in", AllowedPattern="[a-z]*")}, Parameters={"V": {"Type": "String"}}))

    def body(v, out):
        return template({"In": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": {"V": v}}},
                         "Out": parameter(out, f"/{name}/out")})
    assert s.create(body("one", "1")) == "CREATE_COMPLETE", s.lines()
    assert s.update(body("2", "2")) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert s.update(body("one", "3")) == "UPDATE_COMPLETE", s.lines()  # the inner one stays UPDATE_ROLLBACK_COMPLETE
    assert [ssm.get_parameter(Name=f"/{name}/{n}")["Parameter"]["Value"] for n in ("in", "out")] == ["one", "3"]


# ---- order and time ----

def test_custom_resources_wait_for_stacks_at_work(client, stack, shelf, name):  # noqa: F811
    """A custom resource that is ready when a stack in the stack is at work, or ready too, begins behind it: its function may
    rely on what that stack makes. One that the inner stack itself waits for does not wait for it."""
    maker, s = stack(called=name + "-f"), stack()
    assert maker.create(template(a_function(), Outputs={"Arn": {"Value": {"Fn::GetAtt": "Fn.Arn"}}}), **IAM) == "CREATE_COMPLETE"
    inner = {f"P{i}": {**parameter("v"), **({"DependsOn": f"P{i - 1}"} if i else {})} for i in range(5)}
    url = shelf("inner.json", template(inner))
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    thing = {"Type": "Custom::Thing", "Properties": {"ServiceToken": maker.outputs()["Arn"]}}
    body = {"C": thing, "D": thing, "First": nested, "Second": {**nested, "DependsOn": "C"}, "P": parameter("v")}
    assert s.create(template(body)) == "CREATE_COMPLETE", s.lines()
    lines = s.lines()
    assert lines.index("First CREATE_COMPLETE") < min(lines.index("C CREATE_IN_PROGRESS"), lines.index("D CREATE_IN_PROGRESS"))
    assert lines.index("C CREATE_COMPLETE") < lines.index("Second CREATE_IN_PROGRESS")
    assert lines.index("P CREATE_COMPLETE") < lines.index("First CREATE_COMPLETE")  # others do not wait
    assert s.delete() == "DELETE_COMPLETE", s.lines()


def made_earlier(server, seconds):
    """The server is started anew, and the stacks were made so many seconds earlier: as if the time had passed."""
    server.stop()
    path = os.path.join(server.state, "front", "records.db")
    owner, db, moved = os.stat(path), sqlite3.connect(path), set()
    for record, doc in list(db.execute("SELECT record, doc FROM records WHERE service = ?", (b"cloudformation",))):
        members = json.loads(doc)
        if members.get("StackId") in seconds and "StackStatus" in members:
            members["CreationTime"] -= seconds[members["StackId"]]
            db.execute("UPDATE records SET doc = ? WHERE record = ?", (json.dumps(members, separators=(",", ":")).encode(), record))
            moved.add(members["StackId"])
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    for end in ("-wal", "-shm"):
        if os.path.exists(path + end):
            os.chown(path + end, owner.st_uid, owner.st_gid)
    assert moved == set(seconds)
    server.start()


def test_a_creation_that_takes_too_long(own_server, name):
    body = template({**a_function(), "C": custom(Silent="Create", ServiceTimeout=3600), "P": {**parameter("v"), "DependsOn": "C"}})
    cfn = own_server.client("cloudformation")
    late, early = (Stack(cfn, name + end) for end in ("-late", "-early"))
    for s, minutes in ((late, 1), (early, 3)):
        s.id = cfn.create_stack(StackName=s.name, TemplateBody=body, TimeoutInMinutes=minutes, **IAM)["StackId"]
    for s in (late, early):
        in_progress(s, "C", "CREATE_IN_PROGRESS")
    made_earlier(own_server, {late.id: 60, early.id: 60})
    late.cfn = early.cfn = own_server.client("cloudformation")
    assert late.wait() == "ROLLBACK_COMPLETE", late.lines()
    assert f"{late.name} ROLLBACK_IN_PROGRESS Stack creation time exceeded the specified timeout. Rollback requested by user." in late.lines()
    assert "C CREATE_FAILED Resource creation cancelled" in late.lines()
    assert not any(line.startswith("P ") for line in late.lines())
    assert (early.describe()["StackStatus"], early.describe()["TimeoutInMinutes"]) == ("CREATE_IN_PROGRESS", 3)
