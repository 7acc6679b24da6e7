# SPDX-License-Identifier: MIT
"""cloudtrail's LookupEvents: an account's management events, newest first, by attribute and time, in pages."""
import datetime
import json

import botocore.exceptions
import pytest


@pytest.fixture
def trail(server):
    return server.client("cloudtrail")


def lookup(trail, key=None, value=None, **kw):
    if key:
        kw["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    return trail.lookup_events(**kw)["Events"]


@pytest.fixture
def done(server, user, document):
    """A user with three calls behind it, one of them denied."""
    u = user(policy=document(Action="iam:*"))
    iam = u.client("iam")
    iam.list_users()
    iam.create_group(GroupName=u.name)
    iam.delete_group(GroupName=u.name)
    with pytest.raises(botocore.exceptions.ClientError):
        u.client("organizations").list_accounts()
    return u


def test_by_user_newest_first(server, trail, done):
    events = lookup(trail, "Username", done.name)
    assert [e["EventName"] for e in events] == ["ListAccounts", "DeleteGroup", "CreateGroup", "ListUsers"]
    e = events[2]
    assert (e["EventSource"], e["ReadOnly"], e["Username"], e["AccessKeyId"]) == (
        "iam.amazonaws.com", "false", done.name, done.keys[0])
    assert e["Resources"] == [{"ResourceType": "AWS::IAM::Group", "ResourceName": done.name}]
    record = json.loads(e["CloudTrailEvent"])
    assert record["eventID"] == e["EventId"] and record["userIdentity"]["arn"] == done.arn
    assert "barmkin" not in record  # how it was judged is the operator's to know
    assert json.loads(events[0]["CloudTrailEvent"])["errorCode"] == "AccessDenied"
    assert abs((datetime.datetime.now(datetime.timezone.utc) - e["EventTime"]).total_seconds()) < 600


def test_each_attribute(trail, done):
    e = lookup(trail, "Username", done.name)[2]
    assert [x["EventId"] for x in lookup(trail, "EventId", e["EventId"])] == [e["EventId"]]
    assert e["EventId"] in [x["EventId"] for x in lookup(trail, "EventName", "CreateGroup")]
    assert [x["EventId"] for x in lookup(trail, "ResourceName", done.name)].count(e["EventId"]) == 1
    assert e["EventId"] in [x["EventId"] for x in lookup(trail, "ResourceType", "AWS::IAM::Group")]
    assert {x["EventName"] for x in lookup(trail, "AccessKeyId", done.keys[0])} == {
        "ListAccounts", "DeleteGroup", "CreateGroup", "ListUsers"}
    assert all(x["EventSource"] == "iam.amazonaws.com" for x in lookup(trail, "EventSource", "iam.amazonaws.com"))
    assert all(x["ReadOnly"] == "false" for x in lookup(trail, "ReadOnly", "false"))
    assert lookup(trail, "EventName", "NoSuchOperation") == []


def test_times(trail, done):
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    assert len(lookup(trail, "Username", done.name, StartTime=now - hour, EndTime=now + hour)) == 4
    assert lookup(trail, "Username", done.name, StartTime=now + hour) == []
    assert lookup(trail, "Username", done.name, EndTime=now - hour) == []


def test_pages(trail, done):
    pages = list(trail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": done.name}], PaginationConfig={"PageSize": 3}))
    names = [e["EventName"] for p in pages for e in p["Events"]]
    assert names == ["ListAccounts", "DeleteGroup", "CreateGroup", "ListUsers"]
    assert len(pages[0]["Events"]) == 3


def test_an_account_sees_its_own_only(server, trail, done, user, document, role):
    """Another account sees nothing of it; of what a stranger did to its things it sees the account, not the name."""
    other = server.client("cloudtrail", "staging")
    assert lookup(other, "Username", done.name) == []
    stranger = user(policy=document(Action="sts:AssumeRole"), profile="staging")
    mine = role(trust=stranger.arn, assume=False)
    stranger.client("sts").assume_role(RoleArn=mine.arn, RoleSessionName="guest")
    theirs = lookup(trail, "ResourceName", mine.name)
    e = next(x for x in theirs if x["EventName"] == "AssumeRole")
    who = json.loads(e["CloudTrailEvent"])["userIdentity"]
    assert who["type"] == "AWSAccount" and who["accountId"] == server.account("staging")["id"]
    assert "arn" not in who and "accessKeyId" not in who and stranger.name not in e["CloudTrailEvent"]
    assert "Username" not in e and "AccessKeyId" not in e
    assert any(x["EventName"] == "AssumeRole" for x in lookup(other, "Username", stranger.name))


def test_data_events_are_not_there(server, trail, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    assert [e["EventName"] for e in lookup(trail, "ResourceName", name)] == ["DeleteBucket", "CreateBucket"]


def test_bad_questions(trail, refuses, done):
    one = {"AttributeKey": "EventName", "AttributeValue": "ListUsers"}
    with refuses("InvalidLookupAttributesException"):
        trail.lookup_events(LookupAttributes=[one, one])
    with refuses("ValidationException"):
        trail.lookup_events(LookupAttributes=[{"AttributeKey": "Color", "AttributeValue": "red"}])
    for n in (0, 51):
        with refuses("InvalidMaxResultsException"):
            trail.lookup_events(MaxResults=n)
    now = datetime.datetime.now(datetime.timezone.utc)
    with refuses("InvalidTimeRangeException"):
        trail.lookup_events(StartTime=now, EndTime=now - datetime.timedelta(seconds=5))
    with refuses("InvalidNextTokenException"):
        trail.lookup_events(NextToken="x")
    token = trail.lookup_events(MaxResults=1)["NextToken"]
    with refuses("InvalidNextTokenException"):  # of another question
        trail.lookup_events(MaxResults=1, NextToken=token, LookupAttributes=[one])
    with refuses("InvalidEventCategoryException"):
        trail.lookup_events(EventCategory="data")
    assert trail.lookup_events(EventCategory="insight")["Events"] == []


def test_who_may_ask(user, document, refuses):
    with refuses("AccessDeniedException", "no identity-based policy allows the cloudtrail:LookupEvents action"):
        user().client("cloudtrail").lookup_events()
    assert user(policy=document(Action="cloudtrail:LookupEvents")).client("cloudtrail").lookup_events()["Events"]


def test_trails_are_known_and_not_built(server, user, document, trail, refuses):
    with refuses("AccessDeniedException", "cloudtrail:DescribeTrails"):
        user().client("cloudtrail").describe_trails()
    with refuses("NotImplemented"):
        trail.describe_trails()
