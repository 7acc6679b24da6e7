# SPDX-License-Identifier: MIT
"""Stacks in stacks that are updated: each keeps what it replaced until the outermost update has succeeded, so that a roll-back
finds the very resources there were."""
import time

import pytest
from test_cloudformation import IAM, Stack, a_function, a_role, custom, parameter, shelf, stack, template  # noqa: F401 (fixtures)
from test_cloudformation_updates import in_progress

BAD = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/aws/none", "Value": "x"}}
HOLDS = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def nested(url, depends=(), **given):
    return {"Type": "AWS::CloudFormation::Stack", "DependsOn": list(depends), "Properties": {"TemplateURL": url, "Parameters": given}}


@pytest.fixture
def first_url(shelf, name):  # noqa: F811
    """A role, a parameter and a bucket, made anew where Path changes; the outputs say which they are."""
    made = {"Role": a_role(Path={"Fn::Sub": "/${Path}/"}), "Param": parameter({"Ref": "Value"}, {"Fn::Sub": f"/{name}/${{Path}}"}),
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": f"{name}-${{Path}}"}}}}
    return shelf("first.json", template(made, Parameters={"Path": {"Type": "String"}, "Value": {"Type": "String", "Default": "v"}},
                                        Outputs={"Role": {"Value": {"Ref": "Role"}}, "Param": {"Value": {"Ref": "Param"}}}))


def inside(s, logical="First"):
    child = Stack(s.cfn, "")
    child.id = s.cfn.describe_stack_resource(StackName=s.id, LogicalResourceId=logical)["StackResourceDetail"]["PhysicalResourceId"]
    return child


def statuses(s, logical):
    """What one of a stack's resources went through since its creation."""
    told = [e["ResourceStatus"] for e in s.events() if e["LogicalResourceId"] == logical]
    return told[told.index("CREATE_COMPLETE") + 1:]


def fill(client, s):
    """Something in each of the first stack's resources that no template knows of; answers what must still be so."""
    role, path = s.outputs()["Role"], s.outputs()["Param"].rsplit("/", 1)[1]
    bucket = inside_bucket(s, path)
    client("iam").tag_role(RoleName=role, Tags=[{"Key": "by", "Value": "hand"}])
    client("ssm").put_parameter(Name=s.outputs()["Param"], Value="by hand", Overwrite=True)
    client("s3").put_object(Bucket=bucket, Key="k", Body="b")
    return role, bucket, client("iam").get_role(RoleName=role)["Role"]["RoleId"]


def inside_bucket(s, path):
    return s.cfn.describe_stack_resource(StackName=s.id, LogicalResourceId="Bucket")["StackResourceDetail"]["PhysicalResourceId"]


def same(client, s, filled):
    """They are the very resources that were filled, with what is in them; then the bucket is emptied."""
    role, bucket, role_id = filled
    assert s.outputs()["Role"] == role
    assert client("iam").get_role(RoleName=role)["Role"]["RoleId"] == role_id
    assert {"Key": "by", "Value": "hand"} in client("iam").list_role_tags(RoleName=role)["Tags"]
    assert client("ssm").get_parameter(Name=s.outputs()["Param"])["Parameter"]["Value"] == "by hand"
    assert client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"b"
    client("s3").delete_object(Bucket=bucket, Key="k")


def roles(client, *paths):
    return [len(client("iam").list_roles(PathPrefix=f"/{p}/")["Roles"]) for p in paths]


def buckets(client, name):
    return sorted(b["Name"] for b in client("s3").list_buckets()["Buckets"] if b["Name"].startswith(name + "-"))


def test_what_a_nested_stack_replaced_stays_until_the_parent_succeeds(client, stack, shelf, name, first_url):  # noqa: F811
    s, a, b = stack(), f"{name}a", f"{name}b"
    second_url = shelf("second.json", template({"P": parameter({"Ref": "V"}, {"Ref": "N"})}, Parameters={"V": {"Type": "String"}, "N": {"Type": "String"}}))

    def body(path, second, value="v"):
        return template({"First": nested(first_url, Path=path), "Second": nested(second_url, ["First"], V=value, N=second),
                         "Out": parameter({"Fn::GetAtt": "First.Outputs.Param"}, f"/{name}/out")})
    assert s.create(body(a, f"/{name}/two"), **IAM) == "CREATE_COMPLETE", s.lines()
    first, second = inside(s), inside(s, "Second")
    filled = fill(client, first)
    assert s.update(body(b, "/aws/none"), **IAM) == "UPDATE_ROLLBACK_COMPLETE", s.lines() + first.lines()
    assert "Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to update: [P]." in s.reason("Second")
    assert first.describe()["StackStatus"] == second.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", first.lines()
    same(client, first, filled)
    assert client("ssm").get_parameter(Name=f"/{name}/out")["Parameter"]["Value"] == f"/{name}/{a}"
    assert roles(client, a, b) == [1, 0] and buckets(client, name) == [f"{name}-{a}"]
    assert statuses(s, "First") == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 2 + ["UPDATE_COMPLETE"], s.lines()
    assert first.lines()[-1].endswith(" UPDATE_ROLLBACK_COMPLETE")
    assert [line for line in first.lines() if "DELETE_COMPLETE" in line]  # of what the update had made
    assert s.update(body(b, f"/{name}/two", "w"), **IAM) == "UPDATE_COMPLETE", s.lines() + first.lines()
    assert roles(client, a, b) == [0, 1] and buckets(client, name) == [f"{name}-{b}"]
    lines = s.lines()
    clean_up = s.lines()[-4:]  # what depends on something cleans up before it
    assert clean_up == [f"{name} {HOLDS}", "Second UPDATE_COMPLETE", "First UPDATE_COMPLETE", f"{name} UPDATE_COMPLETE"]
    assert first.lines()[-1].endswith(" UPDATE_COMPLETE") and any(HOLDS in line for line in first.lines())
    assert s.delete() == "DELETE_COMPLETE", s.lines()


def three_levels(shelf, name, first_url):  # noqa: F811
    """A template that holds `first` in a stack in a stack: beside the middle one stands what may fail."""
    middle = shelf("middle.json", template({"First": nested(first_url, Path={"Ref": "Path"}), "P": parameter({"Ref": "Path"})},
                                           Parameters={"Path": {"Type": "String"}}))

    def body(path, bad=False):
        more = {"Bad": {**BAD, "DependsOn": "Middle"}} if bad else {}
        return template({"Middle": nested(middle, Path=path), **more})
    return body


def test_three_levels(client, stack, shelf, name, first_url):  # noqa: F811
    s, a, b, body = stack(), f"{name}a", f"{name}b", three_levels(shelf, name, first_url)
    assert s.create(body(a), **IAM) == "CREATE_COMPLETE", s.lines()
    middle = inside(s, "Middle")
    first = inside(middle)
    filled = fill(client, first)
    assert s.update(body(b, bad=True), **IAM) == "UPDATE_ROLLBACK_COMPLETE", s.lines() + middle.lines() + first.lines()
    assert middle.describe()["StackStatus"] == first.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    same(client, first, filled)
    assert roles(client, a, b) == [1, 0]
    assert s.update(body(b), **IAM) == "UPDATE_COMPLETE", s.lines() + middle.lines() + first.lines()
    assert middle.describe()["StackStatus"] == first.describe()["StackStatus"] == "UPDATE_COMPLETE"
    assert roles(client, a, b) == [0, 1]
    assert s.delete() == "DELETE_COMPLETE", s.lines()


def test_a_nested_stack_that_an_update_removes(client, stack, shelf, name, first_url):  # noqa: F811
    """It goes with the clean-up; one that is removed within a nested stack too."""
    s, a, b, body = stack(), f"{name}a", f"{name}b", three_levels(shelf, name, first_url)
    empty = nested(shelf("empty.json", template({"P": parameter("v")})))

    def without(bad):
        return template({"Middle": empty, **({"Bad": {**BAD, "DependsOn": "Middle"}} if bad else {})})
    assert s.create(body(a), **IAM) == "CREATE_COMPLETE", s.lines()
    middle = inside(s, "Middle")
    first = inside(middle)
    filled = fill(client, first)
    assert s.update(without(True), **IAM) == "UPDATE_ROLLBACK_COMPLETE", s.lines() + middle.lines()
    assert first.describe()["StackStatus"] == "CREATE_COMPLETE"  # nothing was ever done to it
    same(client, first, filled)
    assert s.update(without(False), **IAM) == "UPDATE_COMPLETE", s.lines() + middle.lines()
    assert first.describe()["StackStatus"] == "DELETE_COMPLETE" and roles(client, a, b) == [0, 0]


def test_a_nested_stack_waits_for_a_failed_parent(client, stack, shelf, name, first_url, refuses):  # noqa: F811
    """Without roll-back: what succeeded stays open, for the next update or a roll-back, to what was last whole. Only its parent
    may touch it."""
    s, (a, b, c) = stack(), (f"{name}{x}" for x in "abc")

    def body(path, bad=False):
        return template({"First": nested(first_url, Path=path), **({"Bad": {**BAD, "DependsOn": "First"}} if bad else {})})
    assert s.create(body(a), **IAM) == "CREATE_COMPLETE", s.lines()
    first = inside(s)
    filled = fill(client, first)
    assert s.update(body(b, bad=True), DisableRollback=True, **IAM) == "UPDATE_FAILED", s.lines()
    assert first.describe()["StackStatus"] == HOLDS and roles(client, a, b) == [1, 1]
    with refuses("ValidationError", f"is in {HOLDS} state and can not be updated."):
        s.cfn.update_stack(StackName=first.id, UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Path", "ParameterValue": c}], **IAM)
    with refuses("ValidationError", f"cannot be deleted while in status {HOLDS}"):
        s.cfn.delete_stack(StackName=first.id)
    with refuses("ValidationError", "RollbackUpdatedStack cannot be invoked on child stacks"):
        s.cfn.continue_update_rollback(StackName=first.id)
    assert s.update(body(c, bad=True), DisableRollback=True, **IAM) == "UPDATE_FAILED", s.lines()
    assert s.update(body(c, bad=True), DisableRollback=True, **IAM) == "UPDATE_FAILED", s.lines()  # First has nothing to do
    assert first.describe()["StackStatus"] == HOLDS and roles(client, a, b, c) == [1, 1, 1]
    s.cfn.rollback_stack(StackName=name)
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert first.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    same(client, first, filled)
    assert roles(client, a, b, c) == [1, 0, 0]
    assert s.update(body(b, bad=True), DisableRollback=True, **IAM) == "UPDATE_FAILED", s.lines()
    assert s.update(body(b), **IAM) == "UPDATE_COMPLETE", s.lines()
    assert first.describe()["StackStatus"] == "UPDATE_COMPLETE" and roles(client, a, b) == [0, 1]


@pytest.mark.parametrize("retained", [False, True])
def test_a_failed_parent_goes_and_with_it_what_waits_for_it(client, stack, name, first_url, retained):  # noqa: F811
    s, a, b = stack(), f"{name}a", f"{name}b"

    def body(path, **more):
        return template({"First": {**nested(first_url, Path=path), "DeletionPolicy": "Retain" if retained else "Delete"}, **more})
    assert s.create(body(a), **IAM) == "CREATE_COMPLETE", s.lines()
    first = inside(s)
    assert s.update(body(b, Bad={**BAD, "DependsOn": "First"}), DisableRollback=True, **IAM) == "UPDATE_FAILED", s.lines()
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    assert first.wait() == ("UPDATE_COMPLETE" if retained else "DELETE_COMPLETE"), first.lines()
    assert roles(client, a, b) == [0, int(retained)]  # a stack that stays is free, and cleans up
    assert not retained or first.delete() == "DELETE_COMPLETE", first.lines()


def test_a_nested_stack_that_fails_is_not_rolled_back_without_roll_back(client, stack, shelf, name):  # noqa: F811
    s, ssm = stack(), client("ssm")
    url = shelf("in.json", template({"P": parameter("v", {"Ref": "N"}), "Q": {**parameter("x", {"Ref": "M"}), "DependsOn": "P"}},
                                    Parameters={"N": {"Type": "String"}, "M": {"Type": "String"}}))

    def body(n, q):
        return template({"In": nested(url, N=f"/{name}/{n}", M=q)})
    assert s.create(body("a", f"/{name}/q")) == "CREATE_COMPLETE", s.lines()
    child = inside(s, "In")
    ssm.put_parameter(Name=f"/{name}/a", Value="by hand", Overwrite=True)
    assert s.update(body("b", "/aws/none"), DisableRollback=True) == "UPDATE_FAILED", s.lines()
    assert child.describe()["StackStatus"] == "UPDATE_FAILED", child.lines()
    assert "UPDATE_FAILED" in s.reason("In") and "failed to update: [Q]" in s.reason("In")
    s.cfn.rollback_stack(StackName=name)
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert child.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ssm.get_parameter(Name=f"/{name}/a")["Parameter"]["Value"] == "by hand"
    assert ssm.get_parameters(Names=[f"/{name}/b"])["Parameters"] == []


@pytest.mark.parametrize("how", ["by another", "skip"])
def test_a_rollback_that_failed_in_a_nested_stack_goes_on_from_its_parent(client, stack, shelf, role, document, name, refuses, how):  # noqa: F811
    s = stack()
    tagged = template({"R": a_role(RoleName=name, Tags=[{"Key": "color", "Value": {"Ref": "C"}}])}, Parameters={"C": {"Type": "String"}})
    url, caps = shelf("in.json", tagged), {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    assert s.create(template({"In": nested(url, C="old")}), **caps) == "CREATE_COMPLETE", s.lines()
    child = inside(s, "In")
    no = {"Effect": "Deny", "Action": "iam:TagRole", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/color": "old"}}}
    yes = {"Effect": "Allow", "Action": ["cloudformation:*", "iam:*", "ssm:*", "s3:GetObject"], "Resource": "*"}
    mine = Stack(role(document(yes, no)).client("cloudformation"), name)
    assert mine.update(template({"In": nested(url, C="new"), "Bad": {**BAD, "DependsOn": "In"}}), **caps) == "UPDATE_ROLLBACK_FAILED", s.lines()
    assert child.describe()["StackStatus"] == "UPDATE_ROLLBACK_FAILED", child.lines()
    assert "explicit deny in an identity-based policy" in child.reason("R")
    with refuses("ValidationError", "RollbackUpdatedStack cannot be invoked on child stacks"):
        s.cfn.continue_update_rollback(StackName=child.id)
    if how == "skip":
        with refuses("ValidationError", "Resource [In] cannot be skipped: its embedded stack is in UPDATE_ROLLBACK_FAILED state."):
            mine.cfn.continue_update_rollback(StackName=name, ResourcesToSkip=["In"])
        for none in ("R", "Bad", "In.R", f"{name}-x.R", f"{child.describe()['StackName']}.Bad", ".", "a/b", f"{name}.In.R"):
            with refuses("ValidationError", "cannot be skipped: there is none in UPDATE_FAILED state"):
                mine.cfn.continue_update_rollback(StackName=name, ResourcesToSkip=[none])
        mine.cfn.continue_update_rollback(StackName=name, ResourcesToSkip=[f"{child.describe()['StackName']}.R"])
    else:
        s.cfn.continue_update_rollback(StackName=name)
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE", s.lines() + child.lines()
    assert child.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    colors = [t["Value"] for t in client("iam").list_role_tags(RoleName=name)["Tags"]]
    assert colors == ["new" if how == "skip" else "old"]


def test_a_nested_stack_that_is_updated_by_itself_cleans_up_by_itself(client, stack, name, first_url):  # noqa: F811
    s, a, b = stack(), f"{name}a", f"{name}b"
    assert s.create(template({"First": nested(first_url, Path=a)}), **IAM) == "CREATE_COMPLETE", s.lines()
    first = inside(s)
    s.cfn.update_stack(StackName=first.id, UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Path", "ParameterValue": b}], **IAM)
    assert first.wait() == "UPDATE_COMPLETE", first.lines()
    assert roles(client, a, b) == [0, 1]


def test_cancelling_turns_a_nested_stack_back_that_had_ended(client, stack, shelf, name, first_url):  # noqa: F811
    """At the moment of the cancellation one has been updated, and another resource is at work."""
    s, a, b = stack(), f"{name}a", f"{name}b"

    def body(path, silent="", seconds=60):
        thing = custom(Silent=silent, Echo=path, ServiceTimeout=seconds)
        return template({"First": nested(first_url, Path=path), **a_function(), "C": {**thing, "DependsOn": ["Fn", "First"]}})
    assert s.create(body(a), **IAM) == "CREATE_COMPLETE", s.lines()
    first = inside(s)
    filled = fill(client, first)
    s.cfn.update_stack(StackName=name, TemplateBody=body(b, "Update", 3), **IAM)
    in_progress(s, "C", "UPDATE_IN_PROGRESS")
    assert first.describe()["StackStatus"] == HOLDS and roles(client, a, b) == [1, 1]
    s.cfn.cancel_update_stack(StackName=name)
    assert s.wait(60) == "UPDATE_ROLLBACK_COMPLETE", s.lines() + first.lines()
    same(client, first, filled)
    assert roles(client, a, b) == [1, 0]


def test_a_nested_stack_that_was_cancelled_is_updated_again(client, stack, shelf, name):  # noqa: F811
    """It went back by itself and waits; its parent, which does not roll back, may go on with it, or go back after all."""
    s, (a, b, c) = stack(), (f"{name}{x}" for x in "abc")
    slow = {**custom(Silent={"Ref": "Silent"}, Echo={"Ref": "Path"}, ServiceTimeout={"Ref": "Seconds"}), "DependsOn": ["Fn", "Role"]}
    names = ("Path", "Silent", "Seconds")
    url = shelf("in.json", template({"Role": a_role(Path={"Fn::Sub": "/${Path}/"}), **a_function(), "C": slow},
                                    Parameters={n: {"Type": "String"} for n in names}))

    def body(path, silent="", seconds="60", **more):
        return template({"In": nested(url, Path=path, Silent=silent, Seconds=seconds), **more})
    assert s.create(body(a), **IAM) == "CREATE_COMPLETE", s.lines()
    child = inside(s, "In")
    role = client("iam").list_roles(PathPrefix=f"/{a}/")["Roles"][0]["RoleId"]
    s.cfn.update_stack(StackName=name, TemplateBody=body(b, "Update", "3"), DisableRollback=True, **IAM)
    in_progress(child, "C", "UPDATE_IN_PROGRESS")
    s.cfn.cancel_update_stack(StackName=child.id)
    assert s.wait() == "UPDATE_FAILED" and "with reason: User Initiated" in s.reason("In")
    for _ in range(300):  # three seconds till the silent function counts as failed, and what comes then
        if child.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
            break
        time.sleep(0.1)
    assert roles(client, a, b) == [1, 1]
    assert s.update(body(c, Bad={**BAD, "DependsOn": "In"}), DisableRollback=True, **IAM) == "UPDATE_FAILED", s.lines() + child.lines()
    assert child.describe()["StackStatus"] == HOLDS
    s.cfn.rollback_stack(StackName=name)
    assert s.wait() == "UPDATE_ROLLBACK_COMPLETE" and child.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert roles(client, a, b, c) == [1, 0, 0] and client("iam").list_roles(PathPrefix=f"/{a}/")["Roles"][0]["RoleId"] == role
