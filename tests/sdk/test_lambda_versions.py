# SPDX-License-Identifier: MIT
"""Versions and aliases: PublishVersion, ListVersionsByFunction, CreateAlias, GetAlias, ListAliases, UpdateAlias, DeleteAlias;
what a qualifier leads to, who may use it, and what stays when the function goes on."""
import concurrent.futures
import contextlib
import json
import time

import pytest

from functions import zipped
from test_lambda_location import curl

SAYS = "import os\ndef handler(event, context):\n    return [{}, os.environ['AWS_LAMBDA_FUNCTION_VERSION'], context.function_version, context.invoked_function_arn, os.environ.get('KEY')]"


def say(n):
    return zipped(SAYS.format(n))


@pytest.fixture
def two(functions):
    """A function with the versions 1 and 2 and newer code in $LATEST."""
    name = functions.make("", Code={"ZipFile": say(1)}, Environment={"Variables": {"KEY": "one"}}, Publish=True)
    functions.lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"KEY": "two"}})
    functions.lam.update_function_code(FunctionName=name, ZipFile=say(2), Publish=True)
    functions.lam.update_function_code(FunctionName=name, ZipFile=say(3))
    return name


def arn_of(functions, name):
    return f"arn:aws:lambda:us-east-1:{functions.server.account('dev')['id']}:function:{name}"


def test_versions_are_numbered_and_frozen(functions, refuses):
    lam = functions.lam
    made = functions.make("", Code={"ZipFile": say(1)}, Description="first", Environment={"Variables": {"KEY": "one"}})
    arn = arn_of(functions, made)
    one = lam.publish_version(FunctionName=made)
    assert (one["Version"], one["FunctionArn"], one["Description"], one["CodeSize"]) == ("1", f"{arn}:1", "first", len(say(1)))
    assert one["ResponseMetadata"]["HTTPStatusCode"] == 201 and one["Environment"]["Variables"] == {"KEY": "one"}
    again = lam.publish_version(FunctionName=made, Description="not new")  # nothing has changed
    assert (again["Version"], again["Description"], again["RevisionId"]) == ("1", "first", one["RevisionId"])
    lam.update_function_code(FunctionName=made, ZipFile=say(1))  # the same code, sent again
    lam.update_function_configuration(FunctionName=made, Environment={"Variables": {"KEY": "one"}})
    assert lam.publish_version(FunctionName=made)["Version"] == "1"
    with refuses("InvalidParameterValueException", "CodeSHA256 (x) is different from current CodeSHA256 in $LATEST"):
        lam.publish_version(FunctionName=made, CodeSha256="x")
    with refuses("PreconditionFailedException", "does not match the latest Revision Id"):
        lam.publish_version(FunctionName=made, RevisionId="x")
    for change in ({"Environment": {"Variables": {"KEY": "two"}}}, {"Timeout": 9}, {"Description": "d"}, {"MemorySize": 256}):
        lam.update_function_configuration(FunctionName=made, **change)
        lam.publish_version(FunctionName=made)
    two = lam.update_function_code(FunctionName=made, ZipFile=say(2), Publish=True)
    assert (two["Version"], two["FunctionArn"]) == ("6", f"{arn}:6")
    frozen = lam.get_function_configuration(FunctionName=made, Qualifier="1")
    assert {k: frozen[k] for k in ("Timeout", "MemorySize", "CodeSha256", "Description", "RevisionId")} == {
        k: one[k] for k in ("Timeout", "MemorySize", "CodeSha256", "Description", "RevisionId")}
    listed = [v for p in lam.get_paginator("list_versions_by_function").paginate(FunctionName=made, PaginationConfig={"PageSize": 2}) for v in p["Versions"]]
    assert [v["Version"] for v in listed] == ["$LATEST", "1", "2", "3", "4", "5", "6"] and "Environment" not in listed[1]
    assert [v["FunctionArn"] for v in listed] == [f"{arn}:{v['Version']}" for v in listed]
    everything = [f["FunctionArn"] for p in lam.get_paginator("list_functions").paginate(FunctionVersion="ALL") for f in p["Functions"]]
    assert {v["FunctionArn"] for v in listed} <= set(everything)
    assert [f["FunctionArn"] for p in lam.get_paginator("list_functions").paginate() for f in p["Functions"] if f["FunctionName"] == made] == [arn]


def test_create_with_publish(functions):
    name = functions.name
    functions.made.append(name)
    made = functions.lam.create_function(FunctionName=name, Runtime="python3.9", Handler="index.handler", Role=functions.role(),
                                         Code={"ZipFile": say(1)}, Publish=True)
    assert (made["Version"], made["FunctionArn"]) == ("1", arn_of(functions, name))
    assert functions.lam.get_function_configuration(FunctionName=name)["Version"] == "$LATEST"


def test_each_version_runs_its_own_code_and_environment(functions, two):
    arn, lam = arn_of(functions, two), functions.lam
    lam.create_alias(FunctionName=two, Name="live", FunctionVersion="1")
    for given, qualifier, version, said in (({}, None, "$LATEST", [3, "two"]), ({"Qualifier": "$LATEST"}, "$LATEST", "$LATEST", [3, "two"]),
                                            ({"Qualifier": "1"}, "1", "1", [1, "one"]), ({"Qualifier": "2"}, "2", "2", [2, "two"]),
                                            ({"Qualifier": "live"}, "live", "1", [1, "one"])):
        r, answer = functions.invoke(two, **given)
        invoked = f"{arn}:{qualifier}" if qualifier else arn
        assert r["ExecutedVersion"] == version and answer == [said[0], version, version, invoked, said[1]]
    for spelling in (f"{two}:2", f"{arn}:2"):
        assert functions.invoke(spelling)[1][0] == 2
    logs = functions.server.client("logs")
    for _ in range(100):  # what was said is shipped a quarter of a second later
        found = logs.describe_log_streams(logGroupName=f"/aws/lambda/{two}")["logStreams"]
        streams = {s["logStreamName"].split("/")[-1].split("]")[0] for s in found}
        if len(streams) == 3:
            break
        time.sleep(0.1)
    assert streams == {"[$LATEST", "[1", "[2"}


def test_what_a_qualifier_shows(functions, two, refuses, server):
    arn, lam = arn_of(functions, two), functions.lam
    lam.create_alias(FunctionName=two, Name="live", FunctionVersion="2")
    for qualifier, version, n in (("1", "1", 1), ("2", "2", 2), ("live", "2", 2), ("$LATEST", "$LATEST", 3)):
        shown = lam.get_function(FunctionName=two, Qualifier=qualifier)
        assert (shown["Configuration"]["Version"], shown["Configuration"]["FunctionArn"]) == (version, f"{arn}:{qualifier}")
        assert curl(server, shown["Code"]["Location"]) == (200, say(n))
    for bad in ("3", "01", "nothing", "live2"):
        for call in (lam.get_function, lam.get_function_configuration, lam.invoke, lam.get_policy):
            with refuses("ResourceNotFoundException", f"Function not found: {arn}:{bad}"):
                call(FunctionName=two, Qualifier=bad)
    with refuses("InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier."):
        lam.get_function(FunctionName=f"{two}:1", Qualifier="2")
    for bad in (f"{two}:1", f"{two}:live"):
        for call in (lambda: lam.update_function_code(FunctionName=bad, ZipFile=say(9)), lambda: lam.publish_version(FunctionName=bad),
                     lambda: lam.update_function_configuration(FunctionName=bad, Timeout=5), lambda: lam.list_aliases(FunctionName=bad),
                     lambda: lam.put_function_concurrency(FunctionName=bad, ReservedConcurrentExecutions=1),
                     lambda: lam.tag_resource(Resource=f"{arn}:{bad.split(':')[1]}", Tags={"a": "b"})):
            with refuses("InvalidParameterValueException", "permitted on Lambda functions only"):
                call()


def test_latest_by_its_name_is_the_function(functions, two):
    """Changed by NAME:$LATEST, it keeps its policy and its ARN."""
    lam = functions.lam
    lam.add_permission(FunctionName=two, StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com")
    lam.update_function_configuration(FunctionName=f"{two}:$LATEST", Timeout=11)
    assert "events.amazonaws.com" in lam.get_policy(FunctionName=two)["Policy"]
    shown = lam.get_function_configuration(FunctionName=two)
    assert shown["Timeout"] == 11 and shown["FunctionArn"] == arn_of(functions, two)


def test_aliases_lead_where_they_are_told(functions, two, refuses):
    lam, arn = functions.lam, arn_of(functions, two)
    made = lam.create_alias(FunctionName=two, Name="live", FunctionVersion="1", Description="d")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert {k: made[k] for k in ("AliasArn", "Name", "FunctionVersion", "Description")} == {
        "AliasArn": f"{arn}:live", "Name": "live", "FunctionVersion": "1", "Description": "d"}
    assert lam.get_alias(FunctionName=two, Name="live")["RevisionId"] == made["RevisionId"]
    with refuses("ResourceConflictException", f"Alias already exists: {arn}:live"):
        lam.create_alias(FunctionName=two, Name="live", FunctionVersion="2")
    for change, code, words in (
            ({"FunctionVersion": "7"}, "ResourceNotFoundException", f"Function not found: {arn}:7"),
            ({"FunctionVersion": "live"}, "ResourceNotFoundException", "Function not found"),
            ({"Name": "12"}, "InvalidParameterValueException", "(?!^[0-9]+$)"), ({"Name": "a b"}, "InvalidParameterValueException", "at 'name'"),
            ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}}, "InvalidParameterValueException", "less than or equal to 1.0"),
            ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}, "InvalidParameterValueException", "already included in routing"),
            ({"RoutingConfig": {"AdditionalVersionWeights": {"9": 0.5}}}, "ResourceNotFoundException", f"{arn}:9"),
            ({"RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}}}, "InvalidParameterValueException", "Map keys must satisfy"),
            ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1, "2": 0.1}}}, "InvalidParameterValueException", "cannot be greater than 1"),
            ({"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}}, "InvalidParameterValueException", "$LATEST is not supported")):
        with refuses(code, words):
            lam.create_alias(**{"FunctionName": two, "Name": "bad", "FunctionVersion": "1", **change})
    assert functions.invoke(two, Qualifier="live")[1][0] == 1
    moved = lam.update_alias(FunctionName=two, Name="live", FunctionVersion="2", RevisionId=made["RevisionId"])
    assert moved["FunctionVersion"] == "2" and moved["Description"] == "d" and functions.invoke(two, Qualifier="live")[1][0] == 2
    with refuses("PreconditionFailedException", "does not match the latest Revision Id"):
        lam.update_alias(FunctionName=two, Name="live", FunctionVersion="1", RevisionId=made["RevisionId"])
    lam.create_alias(FunctionName=two, Name="dev", FunctionVersion="$LATEST")
    assert functions.invoke(two, Qualifier="dev")[0]["ExecutedVersion"] == "$LATEST"
    pages = [p["Aliases"] for p in lam.get_paginator("list_aliases").paginate(FunctionName=two, PaginationConfig={"PageSize": 1})]
    assert [[a["Name"] for a in p] for p in pages] == [["dev"], ["live"]]
    assert [a["Name"] for a in lam.list_aliases(FunctionName=two, FunctionVersion="2")["Aliases"]] == ["live"]
    lam.delete_alias(FunctionName=two, Name="live")
    lam.delete_alias(FunctionName=two, Name="live")
    with refuses("ResourceNotFoundException", f"Cannot find alias arn: {arn}:live"):
        lam.get_alias(FunctionName=two, Name="live")
    with refuses("ResourceNotFoundException", f"Function not found: {arn}:live"):
        functions.invoke(two, Qualifier="live")


def test_weights_are_obeyed(functions, two):
    lam = functions.lam

    def route(weight):
        lam.update_alias(FunctionName=two, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": weight}})

    def seen(n=30):
        return [functions.invoke(two, Qualifier="live") for _ in range(n)]

    lam.create_alias(FunctionName=two, Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert lam.get_alias(FunctionName=two, Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.5}}
    ran = seen(40)  # one side alone comes once in 10^11 times
    assert {r["ExecutedVersion"] for r, _ in ran} == {"1", "2"}
    assert all(answer[:3] == [int(r["ExecutedVersion"]), r["ExecutedVersion"], r["ExecutedVersion"]] and answer[3].endswith(":live") for r, answer in ran)
    route(0.0)
    assert {answer[0] for _, answer in seen()} == {1}
    route(1.0)
    assert {answer[0] for _, answer in seen()} == {2}
    assert "RoutingConfig" not in lam.update_alias(FunctionName=two, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {answer[0] for _, answer in seen(5)} == {1}


def test_rights_are_on_the_qualified_arn(functions, two, role, document, refuses):
    """A policy for NAME says nothing of NAME:1, and one for NAME:1 nothing of NAME: AWS's rule."""
    arn = arn_of(functions, two)
    functions.lam.create_alias(FunctionName=two, Name="live", FunctionVersion="2")

    def invoking(resource):
        return role(document({"Effect": "Allow", "Action": ["lambda:InvokeFunction", "lambda:GetFunction"], "Resource": resource})).client("lambda")

    def may(lam, qualifier):
        given = {"Qualifier": qualifier} if qualifier else {}
        where = f"{arn}:{qualifier}" if qualifier else arn
        try:
            lam.get_function(FunctionName=two, **given)
            assert "FunctionError" not in lam.invoke(FunctionName=two, **given)
            return True
        except lam.exceptions.ClientError as e:
            assert e.response["Error"]["Code"] == "AccessDeniedException"
            assert f"on resource: {where} because no identity-based policy allows" in e.response["Error"]["Message"]
            return False

    everybody = (None, "$LATEST", "1", "2", "live")
    for resource, allowed in ((arn, {None}), (f"{arn}:1", {"1"}), (f"{arn}:live", {"live"}), (f"{arn}:$LATEST", {"$LATEST"}),
                              (f"{arn}:*", {"$LATEST", "1", "2", "live"})):
        lam = invoking(resource)
        assert {q for q in everybody if may(lam, q)} == allowed, resource
    denied = role(document({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"},
                           {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": f"{arn}:live"})).client("lambda")
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        denied.invoke(FunctionName=f"{two}:live")
    assert denied.invoke(FunctionName=two, Qualifier="2")["ExecutedVersion"] == "2"
    only = role(document({"Effect": "Allow", "Action": ["lambda:PublishVersion", "lambda:CreateAlias", "lambda:GetAlias"], "Resource": arn})).client("lambda")
    only.publish_version(FunctionName=two)
    only.create_alias(FunctionName=two, Name="other", FunctionVersion="1")
    only.get_alias(FunctionName=two, Name="other")
    for action, call in (("DeleteAlias", only.delete_alias), ("UpdateAlias", only.update_alias)):
        with refuses("AccessDeniedException", f"lambda:{action} on resource: {arn} because no identity-based policy allows"):
            call(FunctionName=two, Name="other")
    for action, call in (("ListAliases", only.list_aliases), ("ListVersionsByFunction", only.list_versions_by_function)):
        with refuses("AccessDeniedException", f"lambda:{action} on resource: {arn} because no identity-based policy allows"):
            call(FunctionName=two)


def test_each_qualifier_has_a_policy_of_its_own(functions, two, refuses, server):
    lam, arn = functions.lam, arn_of(functions, two)
    lam.create_alias(FunctionName=two, Name="live", FunctionVersion="1")
    theirs = server.client("lambda", "staging")
    staging = server.account("staging")["id"]

    def let(**kw):
        return json.loads(lam.add_permission(FunctionName=two, StatementId="s", Action="lambda:InvokeFunction", Principal=staging, **kw)["Statement"])

    assert let(Qualifier="live")["Resource"] == f"{arn}:live"
    assert theirs.invoke(FunctionName=f"{arn}:live")["ExecutedVersion"] == "1"
    for other in (arn, f"{arn}:1", f"{arn}:2", f"{arn}:$LATEST"):
        with refuses("AccessDeniedException", "because no resource-based policy allows the lambda:InvokeFunction action"):
            theirs.invoke(FunctionName=other)
    assert let(Qualifier="2")["Resource"] == f"{arn}:2" and let()["Resource"] == arn  # the same id, three policies
    assert theirs.invoke(FunctionName=f"{arn}:2")["ExecutedVersion"] == "2"
    assert theirs.invoke(FunctionName=arn)["ExecutedVersion"] == "$LATEST"
    with refuses("AccessDeniedException", "no resource-based policy allows"):
        theirs.invoke(FunctionName=f"{arn}:$LATEST")  # the unqualified one's statement is about another ARN
    with refuses("InvalidParameterValueException", "We currently do not support adding policies for $LATEST."):
        let(Qualifier="$LATEST")
    lam.update_alias(FunctionName=two, Name="live", FunctionVersion="2")
    assert theirs.invoke(FunctionName=f"{arn}:live")["ExecutedVersion"] == "2"  # the alias keeps it
    revision = lam.get_policy(FunctionName=two, Qualifier="live")["RevisionId"]
    with refuses("PreconditionFailedException", "does not match"):
        lam.remove_permission(FunctionName=two, StatementId="s", Qualifier="live", RevisionId="x")
    lam.remove_permission(FunctionName=two, StatementId="s", Qualifier="live", RevisionId=revision)
    with refuses("AccessDeniedException", "no resource-based policy allows"):
        theirs.invoke(FunctionName=f"{arn}:live")
    with refuses("ResourceNotFoundException", "The resource you requested does not exist."):
        lam.get_policy(FunctionName=two, Qualifier="live")
    assert json.loads(lam.get_policy(FunctionName=f"{two}:2")["Policy"])["Statement"][0]["Resource"] == f"{arn}:2"


def test_removing_versions(functions, two, refuses):
    lam, arn = functions.lam, arn_of(functions, two)
    lam.create_alias(FunctionName=two, Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}})
    for referenced in ("1", "2"):
        with refuses("ResourceConflictException", "the following aliases reference it: [live]"):
            lam.delete_function(FunctionName=two, Qualifier=referenced)
    with refuses("InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function."):
        lam.delete_function(FunctionName=two, Qualifier="$LATEST")
    with refuses("InvalidParameterValueException", "Deletion of aliases is not currently supported."):
        lam.delete_function(FunctionName=f"{two}:live")
    lam.update_alias(FunctionName=two, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert functions.invoke(two, Qualifier="2")[1][0] == 2
    lam.delete_function(FunctionName=f"{two}:2")
    with refuses("ResourceNotFoundException", f"Function not found: {arn}:2"):
        functions.invoke(two, Qualifier="2")
    assert functions.invoke(two, Qualifier="1")[1][0] == 1 and functions.invoke(two)[1][0] == 3
    assert lam.publish_version(FunctionName=two)["Version"] == "3"
    lam.delete_function(FunctionName=two)
    for gone in ("1", "3", "live"):
        with refuses("ResourceNotFoundException", f"Function not found: {arn}:{gone}"):
            lam.get_function(FunctionName=two, Qualifier=gone)
    functions.make("", FunctionName=two, Code={"ZipFile": say(1)})
    assert lam.publish_version(FunctionName=two)["Version"] == "4"  # no number is used twice


def test_a_version_keeps_its_code_role_and_key(functions, server, refuses):
    """Also when the function has changed all three, and when the version shares its code with the function."""
    lam, kms = functions.lam, server.client("kms")
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    name = functions.make("", Code={"ZipFile": say(1)}, KMSKeyArn=keys[0], Environment={"Variables": {"KEY": "one"}}, Publish=True)
    old = lam.get_function_configuration(FunctionName=name)["Role"]
    lam.update_function_configuration(FunctionName=name, KMSKeyArn=keys[1], Role=functions.role())
    assert functions.invoke(name)[1][4] == "one" and functions.invoke(name, Qualifier="1")[1][4] == "one"
    kept = lam.get_function_configuration(FunctionName=name, Qualifier="1")
    assert (kept["KMSKeyArn"], kept["Role"]) == (keys[0], old)
    lam.update_function_code(FunctionName=name, ZipFile=say(2))
    lam.publish_version(FunctionName=name)
    lam.delete_function(FunctionName=name, Qualifier="1")
    assert functions.invoke(name, Qualifier="2")[1][0] == 2
    lam.delete_function(FunctionName=name, Qualifier="2")
    assert functions.invoke(name)[1][0] == 2  # which shared its code


def test_concurrency_is_of_all_versions_together(functions):
    """Of two at once, one by the version and one by the function, there is room for one."""
    name = functions.make("import time\ndef handler(e, c): time.sleep(e['s']); return 1", Timeout=60, Publish=True)
    functions.lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for given in ({}, {"Qualifier": "1"}):
        functions.invoke(name, {"s": 0}, **given)

    def outcome(given):
        try:
            return functions.invoke(name, {"s": 8}, **given)[1]
        except functions.lam.exceptions.TooManyRequestsException as e:
            return e.response["Reason"]

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        assert sorted(map(str, both.map(outcome, ({}, {"Qualifier": "1"})))) == ["1", "ReservedFunctionConcurrentInvocationLimitExceeded"]


def test_events_and_rules_reach_an_alias(functions, server, two):
    """InvocationType Event and a rule's target are told by a qualified ARN, under the alias' own policy."""
    lam, events, logs = functions.lam, server.client("events"), server.client("logs")
    arn, group = arn_of(functions, two), f"/aws/lambda/{two}"
    lam.create_alias(FunctionName=two, Name="live", FunctionVersion="1")
    assert functions.invoke(two, InvocationType="Event", Qualifier="live")[0]["StatusCode"] == 202
    rule = events.put_rule(Name=functions.name, EventPattern=json.dumps({"source": [functions.name]}))["RuleArn"]
    lam.add_permission(FunctionName=two, Qualifier="2", StatementId="e", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn=rule)
    events.put_targets(Rule=functions.name, Targets=[{"Id": "a", "Arn": f"{arn}:2"}])
    try:
        events.put_events(Entries=[{"Source": functions.name, "DetailType": "d", "Detail": "{}"}])
        until, seen = time.monotonic() + 30, set()
        while not {"[1", "[2"} <= seen and time.monotonic() < until:
            with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
                seen = {s["logStreamName"].split("/")[-1].split("]")[0] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]}
            time.sleep(0.2)
        assert seen == {"[1", "[2"}
    finally:
        events.remove_targets(Rule=functions.name, Ids=["a"])
        events.delete_rule(Name=functions.name)


def test_provisioned_concurrency_is_refused_by_name(functions, two, role, document, refuses):
    lam = functions.lam
    with refuses("NotImplemented", "PutProvisionedConcurrencyConfig is known to Barmkin but not built"):
        lam.put_provisioned_concurrency_config(FunctionName=two, Qualifier="1", ProvisionedConcurrentExecutions=1)
    with refuses("AccessDeniedException", "no identity-based policy allows the lambda:GetProvisionedConcurrencyConfig action"):
        role(document(Action="lambda:GetFunction")).client("lambda").get_provisioned_concurrency_config(FunctionName=two, Qualifier="1")
