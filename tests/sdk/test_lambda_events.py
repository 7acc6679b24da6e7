# SPDX-License-Identifier: MIT
"""Asynchronous invocations that fail: AWS's retries, on a clock that the test moves."""
import time

from conftest import shift
from functions import Functions


def tries(server, name, request):
    logs = server.client("logs")
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return 0
    return sum(e["message"].strip() == f"try {request}" for e in found)


def reaches(server, name, request, n, seconds=20):
    end = time.monotonic() + seconds
    while tries(server, name, request) < n and time.monotonic() < end:
        time.sleep(0.1)
    return tries(server, name, request) == n


def test_a_failed_event_is_tried_twice_more_with_the_same_id(own_server):
    functions = Functions(own_server, "retry")
    name = functions.make("def handler(e, c):\n    print('try', c.aws_request_id)\n    raise ValueError('never')")
    request = functions.invoke(name, InvocationType="Event")[0]["ResponseMetadata"]["RequestId"]
    assert reaches(own_server, name, request, 1)
    time.sleep(1)
    assert tries(own_server, name, request) == 1  # not at once
    shift(own_server, 70)  # a minute later
    assert reaches(own_server, name, request, 2)
    shift(own_server, 70 + 100)
    time.sleep(1)
    assert tries(own_server, name, request) == 2  # the next comes after two minutes
    shift(own_server, 70 + 200)
    assert reaches(own_server, name, request, 3)
    shift(own_server, 70 + 600)
    time.sleep(1)
    assert tries(own_server, name, request) == 3  # then it is dropped


def test_a_throttled_event_waits_until_there_is_room(own_server):
    functions = Functions(own_server, "throttled")
    name = functions.make("def handler(e, c): print('try', c.aws_request_id)")
    functions.lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    request = functions.invoke(name, InvocationType="Event")[0]["ResponseMetadata"]["RequestId"]
    time.sleep(1)
    assert tries(own_server, name, request) == 0
    functions.lam.delete_function_concurrency(FunctionName=name)
    assert reaches(own_server, name, request, 1)


def test_eventbridge_invokes_by_right_of_the_resource_policy(functions, server, name):
    events = server.client("events")
    function = functions.make("def handler(e, c): print('event', e['detail']['n'])")
    arn = functions.lam.get_function_configuration(FunctionName=function)["FunctionArn"]
    rule = events.put_rule(Name=name, EventPattern='{"source":["my.app"]}')["RuleArn"]
    try:
        assert events.put_targets(Rule=name, Targets=[{"Id": "f", "Arn": arn}])["FailedEntryCount"] == 0
        logs = server.client("logs")

        def seen(n):
            try:
                found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
            except logs.exceptions.ResourceNotFoundException:
                return False
            return any(e["message"].strip() == f"event {n}" for e in found)

        def send(n):
            events.put_events(Entries=[{"Source": "my.app", "DetailType": "x", "Detail": '{"n":%d}' % n}])
        send(1)
        time.sleep(2)
        assert not seen(1)  # nobody has let EventBridge in
        functions.lam.add_permission(FunctionName=function, StatementId="other", Action="lambda:InvokeFunction",
                                     Principal="events.amazonaws.com", SourceArn=rule + "-other")
        send(2)
        time.sleep(2)
        assert not seen(2)  # only another rule
        functions.lam.add_permission(FunctionName=function, StatementId="rule", Action="lambda:InvokeFunction",
                                     Principal="events.amazonaws.com", SourceArn=rule)
        send(3)
        end = time.monotonic() + 20
        while not seen(3) and time.monotonic() < end:
            time.sleep(0.1)
        assert seen(3)
    finally:
        events.remove_targets(Rule=name, Ids=["f"])
        events.delete_rule(Name=name)
