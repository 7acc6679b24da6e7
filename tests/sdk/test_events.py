# SPDX-License-Identifier: MIT
"""events through boto3: rules, targets, events that reach a log group or do not, by whose policies decide."""
import json
import time

import pytest

PATTERN = json.dumps({"source": ["my.app"], "detail": {"state": ["done"]}})


@pytest.fixture
def rule(client, name):
    """rule(pattern): a rule on the default bus; gone after the test."""
    events, made = client("events"), []

    def make(pattern=PATTERN, **kw):
        n = f"{name}-{len(made)}"
        given = {"EventPattern": pattern} if pattern else {}
        made.append(n)
        return n, events.put_rule(Name=n, **given, **kw)["RuleArn"]

    yield make
    for n in made:
        ids = [t["Id"] for t in events.list_targets_by_rule(Rule=n)["Targets"]] if exists(events, n) else []
        if ids:
            events.remove_targets(Rule=n, Ids=ids)
        events.delete_rule(Name=n)


def exists(events, name):
    return any(r["Name"] == name for r in events.list_rules(NamePrefix=name)["Rules"])


@pytest.fixture
def group(client, server, name, document):
    """A log group that EventBridge may write to, by the account's resource policy; its ARN."""
    logs, log_group = client("logs"), f"/aws/events/{name}"
    account = server.accounts["dev"]["id"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{log_group}"
    logs.create_log_group(logGroupName=log_group)
    logs.put_resource_policy(policyName=name, policyDocument=document({
        "Sid": "events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": arn + ":*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:events:us-east-1:{account}:rule/{name}-*"}}}))
    yield arn
    logs.delete_resource_policy(policyName=name)
    logs.delete_log_group(logGroupName=log_group)


def told(client, arn, n, seconds=20):
    """The messages of the group, once there are n of them."""
    logs, group, deadline = client("logs"), arn.split("log-group:")[1], time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]]
        if len(found) >= n:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{len(found)} of {n} events came")


def entry(detail, source="my.app", **kw):
    return {"Source": source, "DetailType": "Job", "Detail": json.dumps(detail), **kw}


def test_rules(client, server, rule, refuses, name):
    events, account = client("events"), server.accounts["dev"]["id"]
    n, arn = rule(Description="d", Tags=[{"Key": "team", "Value": "ml"}])
    assert arn == f"arn:aws:events:us-east-1:{account}:rule/{n}"
    d = events.describe_rule(Name=n)
    assert (d["Arn"], d["EventPattern"], d["State"], d["Description"]) == (arn, PATTERN, "ENABLED", "d")
    assert (d["EventBusName"], d["CreatedBy"]) == ("default", account)
    events.disable_rule(Name=n)
    assert events.describe_rule(Name=n)["State"] == "DISABLED"
    events.enable_rule(Name=n)
    events.put_rule(Name=n, EventPattern='{"source":["b"]}', State="DISABLED")
    d = events.describe_rule(Name=n, EventBusName="default")
    assert (d["EventPattern"], d["State"], d.get("Description")) == ('{"source":["b"]}', "DISABLED", None)
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    for i in range(3):
        rule()
    page = events.list_rules(NamePrefix=name, Limit=2)
    rest = events.list_rules(NamePrefix=name, Limit=2, NextToken=page["NextToken"])
    assert [r["Name"] for r in page["Rules"] + rest["Rules"]] == [f"{name}-{i}" for i in range(4)]
    assert [b["Name"] for b in events.list_event_buses()["EventBuses"]] == ["default"]
    assert events.describe_event_bus()["Arn"] == f"arn:aws:events:us-east-1:{account}:event-bus/default"
    events.delete_rule(Name="no-such-rule")
    for call in (events.describe_rule, events.enable_rule, events.disable_rule):
        with refuses("ResourceNotFoundException", "Rule no-such-rule does not exist"):
            call(Name="no-such-rule")


@pytest.mark.parametrize("bad,code,words", [
    (dict(EventPattern='{"a":"x"}'), "InvalidEventPatternException", "Event pattern is not valid. Reason: "),
    (dict(EventPattern='{'), "InvalidEventPatternException", "Reason"),
    (dict(ScheduleExpression="rate(5 minute)"), "ValidationException", "ScheduleExpression is not valid"),
    (dict(ScheduleExpression="rate(0 minutes)"), "ValidationException", "ScheduleExpression is not valid"),
    (dict(ScheduleExpression="cron(0 12 * * ? *)"), "UnsupportedOperationException", "cron"),
    (dict(), "ValidationException", "must be specified"),
    (dict(EventPattern=PATTERN, Name="a b"), "ValidationException", "regular expression"),
    (dict(EventPattern=PATTERN, EventBusName="mine"), "ResourceNotFoundException", "Event bus mine does not exist"),
])
def test_rules_that_are_none(client, refuses, bad, code, words):
    with refuses(code, words):
        client("events").put_rule(**{"Name": "bad", **bad})


@pytest.mark.parametrize("target,code,words", [
    (dict(Arn="arn:aws:sqs:us-east-1:1:q"), "UnsupportedOperationException", "does not deliver"),
    (dict(Arn="x"), "ValidationException", "correct format"),
    (dict(Input="{"), "ValidationException", "JSON syntax error"),
    (dict(InputPath="detail"), "ValidationException", "InputPath"),
    (dict(Input="{}", InputPath="$.detail"), "ValidationException", "Only one of"),
    (dict(InputTransformer={"InputTemplate": "<a>", "InputPathsMap": {"a": "b"}}), "ValidationException", "InputPathsMap"),
])
def test_targets_that_are_none(client, rule, group, refuses, target, code, words):
    n, _ = rule()
    with refuses(code, words):
        client("events").put_targets(Rule=n, Targets=[{"Id": "1", "Arn": group, **target}])
    assert client("events").list_targets_by_rule(Rule=n)["Targets"] == []


def test_an_event_reaches_the_targets_of_the_rules_that_take_it(client, rule, group):
    events = client("events")
    n, arn = rule()
    other, _ = rule(json.dumps({"source": ["another"]}))
    off, _ = rule(State="DISABLED")
    for r in (n, other, off):
        assert events.put_targets(Rule=r, Targets=[{"Id": "log", "Arn": group}])["FailedEntryCount"] == 0
    answer = events.put_events(Entries=[entry({"state": "done", "n": 1}, Resources=["arn:aws:x:::y"]), entry({"state": "running"})])
    assert answer["FailedEntryCount"] == 0 and all(e["EventId"] for e in answer["Entries"])
    got = json.loads(told(client, group, 1)[0])
    assert (got["id"], got["source"], got["detail-type"]) == (answer["Entries"][0]["EventId"], "my.app", "Job")
    assert (got["detail"], got["resources"], got["version"]) == ({"state": "done", "n": 1}, ["arn:aws:x:::y"], "0")
    events.put_events(Entries=[entry({"state": "done", "n": 2})])
    assert sorted(json.loads(m)["detail"]["n"] for m in told(client, group, 2)) == [1, 2]
    assert events.list_rule_names_by_target(TargetArn=group, Limit=2)["RuleNames"] == [n, other]
    assert events.remove_targets(Rule=n, Ids=["log", "none"])["FailedEntries"][0]["TargetId"] == "none"
    with pytest.raises(Exception, match="has targets"):
        events.delete_rule(Name=other)


def test_what_a_target_gets(client, rule, group):
    events = client("events")
    n, arn = rule()
    events.put_targets(Rule=n, Targets=[
        {"Id": "constant", "Arn": group, "Input": '{"constant":1}'},
        {"Id": "part", "Arn": group, "InputPath": "$.detail.list[1]['x']"},
        {"Id": "template", "Arn": group, "InputTransformer": {
            "InputPathsMap": {"s": "$.detail.state", "o": "$.detail", "none": "$.nothing"},
            "InputTemplate": '{"a": <s>, "b": "is \\"<s>\\"", "c": <o>, "d": <none>, "r": <aws.events.rule-arn>, "e": "<x>"}'}}])
    detail = {"state": 'done', "list": [0, {"x": "part"}]}
    events.put_events(Entries=[entry(detail)])
    got = [json.loads(m) for m in told(client, group, 3)]
    assert {"constant": 1} in got and "part" in got
    assert {"a": "done", "b": 'is "done"', "c": detail, "d": "", "r": arn, "e": "<x>"} in got


def test_entries_that_cannot_be_taken(client, refuses):
    events = client("events")
    answer = events.put_events(Entries=[
        {"Source": "a", "DetailType": "b", "Detail": "{"}, {"Source": "a", "DetailType": "b", "Detail": "[]"},
        {"Source": "a", "Detail": "{}"}, entry({}, source="aws.sagemaker"), entry({})])
    assert answer["FailedEntryCount"] == 4
    assert [e.get("ErrorCode") for e in answer["Entries"]] == [
        "MalformedDetail", "MalformedDetail", "InvalidArgument", "NotAuthorizedForSourceException", None]
    with refuses("ValidationException", "Total size"):
        events.put_events(Entries=[entry({"x": "y" * (256 << 10)})])


def test_patterns_can_be_tried(client, refuses):
    events = client("events")
    event = {"id": "1", "account": "1", "source": "my.app", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
             "resources": [], "detail-type": "Job", "detail": {"state": "done"}}
    assert events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event))["Result"] is True
    event["detail"]["state"] = "failed"
    assert events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event))["Result"] is False
    del event["region"]
    with refuses("ValidationException", "region"):
        events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event))


# ---- rights ----

def test_rights_on_rules(client, server, rule, role, document, refuses, name):
    n, arn = rule()
    mine = role(document(Action="events:*", Resource=f"arn:aws:events:*:*:rule/{name}*")).client("events")
    mine.describe_rule(Name=n)
    with refuses("AccessDeniedException", "because no identity-based policy allows the events:PutRule action"):
        mine.put_rule(Name="else", EventPattern=PATTERN)
    with refuses("AccessDeniedException", "events:ListRules"):
        mine.list_rules()
    with refuses("AccessDeniedException", "events:PutEvents", "event-bus/default"):
        mine.put_events(Entries=[entry({})])
    with refuses("AccessDeniedException"):
        mine.describe_rule(Name="no-such-rule")
    only = role(document(Action=["events:PutEvents", "events:PutRule"],
                         Condition={"StringEquals": {"events:source": "my.app"}})).client("events")
    only.put_events(Entries=[entry({})])
    with refuses("AccessDeniedException", "events:PutEvents"):
        only.put_events(Entries=[entry({}, source="other")])
    only.put_rule(Name=n, EventPattern=PATTERN)
    with refuses("AccessDeniedException", "events:PutRule"):
        only.put_rule(Name=n, EventPattern='{"source":["other"]}')


def test_targets_by_their_arn_and_role(server, rule, role, document, refuses, group):
    n, _ = rule()
    one = role(document({"Effect": "Allow", "Action": "events:PutTargets", "Resource": "*",
                         "Condition": {"ForAllValues:ArnLike": {"events:TargetArn": group}}})).client("events")
    one.put_targets(Rule=n, Targets=[{"Id": "1", "Arn": group}])
    with refuses("AccessDeniedException", "events:PutTargets"):
        one.put_targets(Rule=n, Targets=[{"Id": "1", "Arn": group + "x"}])
    passed = f"arn:aws:iam::{server.accounts['dev']['id']}:role/passed"
    with refuses("AccessDeniedException", "iam:PassRole", passed):
        one.put_targets(Rule=n, Targets=[{"Id": "1", "Arn": group, "RoleArn": passed}])


def test_a_target_that_does_not_let_the_rule_in_gets_nothing(client, server, rule, group, name, document):
    events, logs = client("events"), client("logs")
    n, arn = rule()
    events.put_targets(Rule=n, Targets=[{"Id": "log", "Arn": group}])
    logs.put_resource_policy(policyName=name + "-deny", policyDocument=document({
        "Sid": "events", "Effect": "Deny", "Principal": {"Service": "events.amazonaws.com"}, "Action": "logs:*",
        "Resource": group + ":*", "Condition": {"ArnLike": {"aws:SourceArn": arn}}}))
    events.put_events(Entries=[entry({"state": "done", "n": 1})])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        seen = server.barmkin("audit", "search", "--action", "logs:CreateLogStream", "--denied", "-o", "json")
        if arn in seen or "events.amazonaws.com" in seen:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("nothing was denied")
    logs.delete_resource_policy(policyName=name + "-deny")
    events.put_events(Entries=[entry({"state": "done", "n": 2})])
    assert [json.loads(m)["detail"]["n"] for m in told(client, group, 1)] == [2]


def test_a_rule_makes_events_at_its_rate(own_server, document):
    from conftest import shift
    events, logs = own_server.client("events"), own_server.client("logs")
    account = own_server.accounts["dev"]["id"]
    group = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/events/rate"
    logs.create_log_group(logGroupName="/aws/events/rate")
    logs.put_resource_policy(policyName="events", policyDocument=document({
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "logs:*", "Resource": group + ":*"}))
    arn = events.put_rule(Name="tick", ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule="tick", Targets=[{"Id": "log", "Arn": group}])
    shift(own_server, 61)
    got = json.loads(told(lambda s: own_server.client(s), group, 1, 60)[0])
    assert (got["source"], got["detail-type"], got["resources"], got["detail"]) == ("aws.events", "Scheduled Event", [arn], {})
    own_server.client("events").disable_rule(Name="tick")
    shift(own_server, 122)
    time.sleep(0.5)
    assert len(told(lambda s: own_server.client(s), group, 1)) == 1


def test_deliveries_outlive_a_crash(own_server, document):
    events, logs = own_server.client("events"), own_server.client("logs")
    account = own_server.accounts["dev"]["id"]
    group = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/events/crash"
    logs.create_log_group(logGroupName="/aws/events/crash")
    logs.put_resource_policy(policyName="events", policyDocument=document({
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "logs:*", "Resource": group + ":*"}))
    events.put_rule(Name="all", EventPattern='{"source":["my.app"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "log", "Arn": group}])
    for i in range(10):
        events.put_events(Entries=[entry({"n": 10 * i + k}) for k in range(10)])
    own_server.stop(9)
    own_server.start()
    got = told(lambda s: own_server.client(s), group, 100, 60)
    assert sorted(json.loads(m)["detail"]["n"] for m in got) == list(range(100))


# ---- Lambda as a target ----

PRINTS = "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n"


def printed(client, function, n, seconds=60):
    """What the function printed, once it did so n times."""
    logs, deadline = client("logs"), time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern="GOT")["events"]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        if len(found) >= n:
            return [json.loads(e["message"].split("GOT ", 1)[1]) for e in found]
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} of {n} events came")


def test_a_function_gets_the_events_that_its_policy_lets_in(client, server, rule, functions):
    events, lam = client("events"), client("lambda")
    function = functions.make(PRINTS)
    target = lam.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    let_in, arn = rule()
    other, other_arn = rule(json.dumps({"source": ["another"]}))
    lam.add_permission(FunctionName=function, StatementId="events", Action="lambda:InvokeFunction",
                       Principal="events.amazonaws.com", SourceArn=arn)
    for r in (let_in, other):
        assert events.put_targets(Rule=r, Targets=[{"Id": "f", "Arn": target}])["FailedEntryCount"] == 0
    events.put_events(Entries=[entry({"n": 1}, source="another"), entry({"state": "done", "n": 2})])
    got = printed(client, function, 1)
    assert [(e["source"], e["detail"]["n"]) for e in got] == [("my.app", 2)]
    deadline = time.monotonic() + 20
    while target not in server.barmkin("audit", "search", "--action", "lambda:InvokeFunction", "--denied", "-o", "json"):
        assert time.monotonic() < deadline, "the other rule was not denied"
        time.sleep(0.1)


def test_a_function_as_a_target_takes_no_role(client, rule, account, refuses):
    n, _ = rule()
    with refuses("ValidationException", "RoleArn is not supported"):
        client("events").put_targets(Rule=n, Targets=[{"Id": "f", "Arn": f"arn:aws:lambda:us-east-1:{account}:function:f",
                                                       "RoleArn": f"arn:aws:iam::{account}:role/r"}])


# ---- what SageMaker tells ----

def test_a_model_that_is_approved(client, rule, group, name):
    events, sm = client("events"), client("sagemaker")
    n, _ = rule(json.dumps({"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"],
                            "detail": {"ModelPackageGroupName": [name]}}))
    events.put_targets(Rule=n, Targets=[{"Id": "log", "Arn": group}])
    sm.create_model_package_group(ModelPackageGroupName=name)
    package = sm.create_model_package(ModelPackageGroupName=name, InferenceSpecification={
        "Containers": [{"Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"}],
        "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]})["ModelPackageArn"]
    try:
        sm.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        got = [json.loads(m) for m in told(client, group, 2)]
        assert {e["detail"]["ModelApprovalStatus"] for e in got} == {"PendingManualApproval", "Approved"}
        for e in got:
            assert (e["source"], e["resources"], e["detail"]["ModelPackageArn"]) == ("aws.sagemaker", [package], package)
            assert (e["detail"]["ModelPackageVersion"], e["detail"]["ModelPackageStatus"]) == (1, "Completed")
    finally:
        sm.delete_model_package(ModelPackageName=package)
        sm.delete_model_package_group(ModelPackageGroupName=name)


# ---- CloudFormation ----

def test_a_rule_by_a_stack(client, group, name, refuses):
    cfn, events = client("cloudformation"), client("events")

    def template(source, target):
        return json.dumps({"Resources": {"R": {"Type": "AWS::Events::Rule", "Properties": {
            "Description": "d", "EventPattern": {"source": [source], "detail": {"state": ["done"]}}, "State": "ENABLED",
            "Targets": [{"Id": target, "Arn": group}]}}},
            "Outputs": {"Name": {"Value": {"Ref": "R"}}, "Arn": {"Value": {"Fn::GetAtt": "R.Arn"}}}})

    def wait(want):
        for _ in range(1500):
            s = cfn.describe_stacks(StackName=stack)["Stacks"][0]
            if not s["StackStatus"].endswith("IN_PROGRESS"):
                assert s["StackStatus"] == want
                return {o["OutputKey"]: o["OutputValue"] for o in s.get("Outputs", [])}
            time.sleep(0.02)

    stack = cfn.create_stack(StackName=name, TemplateBody=template("my.app", "a"), Tags=[{"Key": "k", "Value": "v"}])["StackId"]
    out = wait("CREATE_COMPLETE")
    assert out["Arn"].endswith(":rule/" + out["Name"]) and out["Name"].startswith(name + "-R-")
    tags = [t["Key"] for t in events.list_tags_for_resource(ResourceARN=out["Arn"])["Tags"]]
    assert all(t.startswith("aws:cloudformation:") for t in tags) and tags  # no others: deployers may not be allowed to tag rules
    events.put_events(Entries=[entry({"state": "done"})])
    assert json.loads(told(client, group, 1)[0])["source"] == "my.app"
    cfn.update_stack(StackName=name, TemplateBody=template("other.app", "b"))
    assert wait("UPDATE_COMPLETE") == out
    assert [t["Id"] for t in events.list_targets_by_rule(Rule=out["Name"])["Targets"]] == ["b"]
    assert json.loads(events.describe_rule(Name=out["Name"])["EventPattern"])["source"] == ["other.app"]
    cfn.delete_stack(StackName=stack)
    wait("DELETE_COMPLETE")
    with refuses("ResourceNotFoundException", out["Name"]):
        events.describe_rule(Name=out["Name"])
