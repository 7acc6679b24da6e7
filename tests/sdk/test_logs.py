# SPDX-License-Identifier: MIT
"""logs through boto3: groups, streams, events in order whatever way they came, tokens, keys, rights."""
import glob
import json
import os
import random
import time

import pytest

SECRET = "a message that no file may hold 5d1b"
DAY = 86400000


def now():
    return int(time.time() * 1000)


@pytest.fixture
def stream(client, name):
    """A group and a stream of it, both of the same name; gone after the test."""
    logs, group = client("logs"), f"/test/{name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    yield {"logGroupName": group, "logStreamName": "s"}
    logs.delete_log_group(logGroupName=group)


def put(logs, stream, *events):
    return logs.put_log_events(**stream, logEvents=[{"timestamp": t, "message": m} for t, m in events])


def follow(logs, stream, **kw):
    """As clients read: forward from the head until the token repeats."""
    answer, told = logs.get_log_events(**stream, startFromHead=True, **kw), []
    for _ in range(1000):
        told += answer["events"]
        token = answer["nextForwardToken"]
        answer = logs.get_log_events(**stream, startFromHead=True, nextToken=token, **kw)
        if answer["nextForwardToken"] == token:
            return [e["message"] for e in told]
    raise AssertionError("the token never repeats")


# ---- groups and streams ----

def test_groups(client, server, name, refuses):
    logs = client("logs")
    for g in ("a", "b", "c"):
        logs.create_log_group(logGroupName=f"/{name}/{g}", tags={"team": "ml"})
    with refuses("ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName=f"/{name}/a")
    with refuses("InvalidParameterException"):
        logs.create_log_group(logGroupName="a b")
    arn = f"arn:aws:logs:us-east-1:{server.accounts['dev']['id']}:log-group:/{name}/a"
    pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/{name}/",
                                                                    PaginationConfig={"PageSize": 2}))
    assert [len(p["logGroups"]) for p in pages] == [2, 1]
    assert pages[0]["logGroups"][0]["arn"] == arn + ":*"
    logs.put_retention_policy(logGroupName=f"/{name}/a", retentionInDays=7)
    assert logs.describe_log_groups(logGroupNamePrefix=f"/{name}/a")["logGroups"][0]["retentionInDays"] == 7
    with refuses("InvalidParameterException"):
        logs.put_retention_policy(logGroupName=f"/{name}/a", retentionInDays=8)
    logs.delete_retention_policy(logGroupName=f"/{name}/a")
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=f"/{name}/a")["logGroups"][0]
    for g in ("a", "b", "c"):
        logs.delete_log_group(logGroupName=f"/{name}/{g}")
    with refuses("ResourceNotFoundException"):
        logs.delete_log_group(logGroupName=f"/{name}/a")


def test_streams(client, stream, refuses):
    logs, group = client("logs"), stream["logGroupName"]
    for s in ("job-1/algo-1", "job-1/algo-2", "job-2/algo-1"):
        logs.create_log_stream(logGroupName=group, logStreamName=s)
    with refuses("ResourceAlreadyExistsException"):
        logs.create_log_stream(logGroupName=group, logStreamName="job-1/algo-1")
    with refuses("ResourceNotFoundException", "log group"):
        logs.create_log_stream(logGroupName=group + "x", logStreamName="s")
    with refuses("InvalidParameterException"):
        logs.create_log_stream(logGroupName=group, logStreamName="a:b")
    t = now()
    put(logs, {"logGroupName": group, "logStreamName": "job-2/algo-1"}, (t - 5, "x"))
    put(logs, {"logGroupName": group, "logStreamName": "job-1/algo-2"}, (t, "x"))

    def names(**kw):
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, **kw)
        return [s["logStreamName"] for p in pages for s in p["logStreams"]]

    assert names(logStreamNamePrefix="job-1/", orderBy="LogStreamName") == ["job-1/algo-1", "job-1/algo-2"]
    assert names(PaginationConfig={"PageSize": 1}) == ["job-1/algo-1", "job-1/algo-2", "job-2/algo-1", "s"]
    assert names(descending=True, PaginationConfig={"PageSize": 3}) == ["s", "job-2/algo-1", "job-1/algo-2", "job-1/algo-1"]
    assert names(orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1})[:2] == ["job-1/algo-2", "job-2/algo-1"]
    with refuses("InvalidParameterException"):
        logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="j")
    found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="job-2")["logStreams"][0]
    assert found["firstEventTimestamp"] == found["lastEventTimestamp"] == t - 5 and found["lastIngestionTime"] >= t
    logs.delete_log_stream(logGroupName=group, logStreamName="job-2/algo-1")
    with refuses("ResourceNotFoundException", "log stream"):
        logs.get_log_events(logGroupName=group, logStreamName="job-2/algo-1")
    logs.create_log_stream(logGroupName=group, logStreamName="job-2/algo-1")
    assert logs.get_log_events(logGroupName=group, logStreamName="job-2/algo-1")["events"] == []


# ---- events ----

def test_reading_in_both_directions(client, stream):
    logs, t = client("logs"), now() - 1000
    for i in range(20):
        put(logs, stream, (t + i, f"m{i}"))
    assert follow(logs, stream, limit=7) == [f"m{i}" for i in range(20)]
    answer, back = logs.get_log_events(**stream, limit=6), []  # the newest first, when not from the head
    assert [e["message"] for e in answer["events"]] == [f"m{i}" for i in range(14, 20)]
    while answer["events"]:
        back = [e["message"] for e in answer["events"]] + back
        answer = logs.get_log_events(**stream, limit=6, nextToken=answer["nextBackwardToken"])
    assert back == [f"m{i}" for i in range(20)]
    again = logs.get_log_events(**stream, nextToken=answer["nextForwardToken"], limit=3)
    assert [e["message"] for e in again["events"]] == ["m0", "m1", "m2"]
    part = logs.get_log_events(**stream, startFromHead=True, startTime=t + 5, endTime=t + 8)["events"]
    assert [(e["timestamp"], e["message"]) for e in part] == [(t + i, f"m{i}") for i in (5, 6, 7)]


def test_an_empty_stream_can_be_followed(client, stream):
    logs = client("logs")
    for head in (True, False):
        first = logs.get_log_events(**stream, startFromHead=head)
        assert first["events"] == [] and first["nextForwardToken"][:2] == "f/" and first["nextBackwardToken"][:2] == "b/"
    token = logs.get_log_events(**stream, startFromHead=True)["nextForwardToken"]
    assert logs.get_log_events(**stream, nextToken=token)["nextForwardToken"] == token
    put(logs, stream, (now(), "first"))
    assert [e["message"] for e in logs.get_log_events(**stream, nextToken=token)["events"]] == ["first"]


def test_events_keep_the_order_of_time_and_then_of_arrival(client, stream):
    logs, t, random_ = client("logs"), now() - 100000, random.Random(7)
    expected, sent = [], 0
    for _ in range(60):
        start = t + random_.randrange(2000)
        batch = sorted((start + random_.randrange(50)) for _ in range(random_.randrange(1, 40)))
        events = [(x, f"{sent + i} " + "x" * random_.randrange(300)) for i, x in enumerate(batch)]
        sent += len(events)
        put(logs, stream, *events)
        expected += events
    expected.sort(key=lambda e: e[0])  # stable: equal times stay in the order of arrival
    assert follow(logs, stream, limit=97) == [m for _, m in expected]
    window = logs.get_log_events(**stream, startFromHead=True, startTime=t + 500, endTime=t + 900)["events"]
    assert [e["message"] for e in window] == [m for x, m in expected if t + 500 <= x < t + 900]
    back = logs.get_log_events(**stream, endTime=t + 900, limit=50)["events"]
    assert [e["message"] for e in back] == [m for x, m in expected if x < t + 900][-50:]


def test_large_messages_and_pages_by_size(client, stream):
    logs, t = client("logs"), now() - 1000
    messages = [f"{i}" + "ü\x01\t" * 50000 for i in range(6)]  # 200 kB each
    for i, m in enumerate(messages):
        put(logs, stream, (t + i, m))
    first = logs.get_log_events(**stream, startFromHead=True)
    assert 1 <= len(first["events"]) < 6
    assert follow(logs, stream) == messages


def test_what_is_refused(client, stream, refuses):
    logs, t = client("logs"), now()
    with refuses("InvalidParameterException", "chronological"):
        put(logs, stream, (t, "a"), (t - 1, "b"))
    with refuses("InvalidParameterException", "24 hours"):
        put(logs, stream, (t - DAY - 1, "a"), (t, "b"))
    with refuses("InvalidParameterException", "Upload too large"):
        put(logs, stream, *[(t, "x" * 250000)] * 5)
    with refuses("InvalidParameterException", "nextToken"):
        logs.get_log_events(**stream, nextToken="x/nonsense")
    with refuses("ResourceNotFoundException"):
        put(logs, dict(stream, logStreamName="none"), (t, "a"))
    r = put(logs, stream, (t, "kept"), (t + 3 * 3600000, "ahead"))
    assert r["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    r = put(logs, stream, (t - 15 * DAY, "old"), (t - 15 * DAY + 1, "old"))
    assert r["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}
    put(logs, stream, (t - 9 * DAY, "will expire"))
    logs.put_retention_policy(logGroupName=stream["logGroupName"], retentionInDays=7)
    r = put(logs, stream, (t - 8 * DAY, "expired"))
    assert r["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert follow(logs, stream) == ["kept"]


def test_filtering(client, stream):
    logs, t, group = client("logs"), now() - 1000, stream["logGroupName"]
    logs.create_log_stream(logGroupName=group, logStreamName="other")
    for i in range(10):
        put(logs, stream, (t + 2 * i, f"[{i}] train-rmse:{i}.5"))
        put(logs, dict(stream, logStreamName="other"), (t + 2 * i + 1, f"[{i}] ERROR of {i}"))

    def found(**kw):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **kw)
        return [e["message"] for p in pages for e in p["events"]]

    assert found()[:3] == ["[0] train-rmse:0.5", "[0] ERROR of 0", "[1] train-rmse:1.5"]
    assert len(found()) == 20 and sorted(found(PaginationConfig={"PageSize": 3})) == sorted(found())
    assert found(filterPattern="ERROR") == [f"[{i}] ERROR of {i}" for i in range(10)]
    assert found(filterPattern='"ERROR of 3"') == ["[3] ERROR of 3"]
    assert found(filterPattern="ERROR -of") == []
    assert found(filterPattern="?rmse:3 ?rmse:4") == ["[3] train-rmse:3.5", "[4] train-rmse:4.5"]
    assert found(logStreamNames=["s"], startTime=t + 4, endTime=t + 8) == ["[2] train-rmse:2.5", "[3] train-rmse:3.5"]
    assert found(logStreamNamePrefix="oth", filterPattern="rmse") == []


# ---- rights ----

def test_rights_on_groups_and_streams(client, server, stream, role, document, refuses):
    arn = f"arn:aws:logs:us-east-1:{server.accounts['dev']['id']}:log-group:{stream['logGroupName']}"
    writer = role(document(Action=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                           Resource=arn + ":*")).client("logs")
    writer.create_log_stream(logGroupName=stream["logGroupName"], logStreamName="mine")
    put(writer, stream, (now(), "x"))
    writer.describe_log_streams(logGroupName=stream["logGroupName"])
    with refuses("AccessDeniedException", "because no identity-based policy allows the logs:GetLogEvents action", arn):
        writer.get_log_events(**stream)
    with refuses("AccessDeniedException"):
        writer.create_log_stream(logGroupName="/another", logStreamName="s")
    with refuses("AccessDeniedException"):
        writer.create_log_group(logGroupName="/another")
    one = role(document(Action="logs:GetLogEvents", Resource=arn + ":log-stream:s")).client("logs")
    one.get_log_events(**stream)
    with refuses("AccessDeniedException"):
        one.get_log_events(**dict(stream, logStreamName="mine"))
    every = role(document(Action="logs:DescribeLogGroups", Resource="arn:aws:logs:*:*:*")).client("logs")
    assert every.describe_log_groups(logGroupNamePrefix=stream["logGroupName"])["logGroups"]


def test_groups_under_a_customers_key(client, server, name, refuses):
    logs, kms, account = client("logs"), client("kms"), server.accounts["dev"]["id"]
    group = f"/{name}/sealed"
    k = kms.create_key()["KeyMetadata"]["Arn"]
    with refuses("InvalidParameterException", "logs.us-east-1.amazonaws.com"):
        logs.create_log_group(logGroupName=group, kmsKeyId=k)
    plain = json.loads(kms.get_key_policy(KeyId=k, PolicyName="default")["Policy"])
    allowed = dict(plain, Statement=plain["Statement"] + [{
        "Sid": "Logs", "Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*", "kms:Describe*"], "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn":
                                  f"arn:aws:logs:us-east-1:{account}:log-group:{group}"}}}])
    kms.put_key_policy(KeyId=k, PolicyName="default", Policy=json.dumps(allowed))
    with refuses("InvalidParameterException"):
        logs.create_log_group(logGroupName=group + "2", kmsKeyId=k)
    logs.create_log_group(logGroupName=group, kmsKeyId=k)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    s, t = {"logGroupName": group, "logStreamName": "s"}, now() - 1000
    for i in range(5):
        put(logs, s, (t + 10 * i, f"{i} {SECRET}"), (t + 10 * i + 9, "-"))
    put(logs, s, (t + 15, "late"))
    said = follow(logs, s, limit=3)
    assert len(said) == 11 and said[3] == "late" and said[0] == f"0 {SECRET}"
    time.sleep(0.5)
    for path in glob.glob(server.state + "/**", recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as f:
                assert SECRET.encode() not in f.read(), path
    # Another key or none from now on; what was sealed stays readable, and a late event changes nothing of that.
    logs.disassociate_kms_key(logGroupName=group)
    put(logs, s, (t + 60, "plain"), (t + 61, "plain too"))
    put(logs, s, (t + 5, "late again"))
    logs.associate_kms_key(logGroupName=group, kmsKeyId=k)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["kmsKeyId"] == k
    put(logs, s, (t + 70, "sealed again"))
    said = follow(logs, s, limit=3)
    assert said[1] == "late again" and said[-3:] == ["plain", "plain too", "sealed again"] and len(said) == 15
    kms.put_key_policy(KeyId=k, PolicyName="default", Policy=json.dumps(plain))
    with refuses("AccessDeniedException", "KMS key"):
        logs.get_log_events(**s)
    with refuses("AccessDeniedException", "KMS key"):
        put(logs, s, (now(), "x"))
    logs.delete_log_group(logGroupName=group)


def test_a_long_stream_is_read_and_dropped_within_bounds(client, stream):
    logs, t = client("logs"), now() - 100000
    for i in range(12):
        put(logs, stream, *[(t + 100 * i + k // 40, f"{i}.{k} " + "y" * 240) for k in range(3500)])
    told = follow(logs, stream)
    assert len(told) == 12 * 3500 and told[0].startswith("0.0 ") and told[-1].startswith("11.3499 ")
    found = [e for p in logs.get_paginator("filter_log_events").paginate(
        logGroupName=stream["logGroupName"], filterPattern='"7.1234 "') for e in p["events"]]
    assert len(found) == 1


def test_resource_policies(client, server, stream, role, user, document, refuses, name):
    """Of the account, over the groups that they name; a Deny of one counts with the Allow of another."""
    logs = client("logs")
    arn = f"arn:aws:logs:us-east-1:{server.accounts['dev']['id']}:log-group:{stream['logGroupName']}"
    reader = role(document(Action="logs:GetLogEvents"), profile="staging")

    def policy(effect, principal, sid="s"):
        return document({"Sid": sid, "Effect": effect, "Principal": {"AWS": principal}, "Action": "logs:GetLogEvents",
                         "Resource": arn + ":*"})

    mine = role()
    with refuses("AccessDeniedException", "because no identity-based policy allows"):
        mine.client("logs").get_log_events(**stream)
    told = logs.put_resource_policy(policyName=name, policyDocument=policy("Allow", [mine.arn, reader.arn]))["resourcePolicy"]
    assert (told["policyName"], told["policyScope"]) == (name, "ACCOUNT")
    mine.client("logs").get_log_events(**stream)
    with refuses("AccessDeniedException"):
        mine.client("logs").filter_log_events(logGroupName=stream["logGroupName"])
    logs.put_resource_policy(policyName=name + "-2", policyDocument=policy("Deny", mine.arn))
    with refuses("AccessDeniedException", "with an explicit deny in a resource-based policy"):
        mine.client("logs").get_log_events(**stream)
    assert [p["policyName"] for p in logs.describe_resource_policies()["resourcePolicies"] if name in p["policyName"]] == [
        name, name + "-2"]
    for n in (name, name + "-2"):
        logs.delete_resource_policy(policyName=n)
    with refuses("ResourceNotFoundException"):
        logs.delete_resource_policy(policyName=name)
    with refuses("InvalidParameterException"):
        logs.put_resource_policy(policyName=name, policyDocument="{}")
    with refuses("InvalidParameterException"):
        logs.put_resource_policy(policyName=name, policyDocument=policy("Allow", mine.arn + "-gone"))
    with refuses("AccessDeniedException", "logs:PutResourcePolicy"):
        mine.client("logs").put_resource_policy(policyName=name, policyDocument=policy("Allow", "*"))
