# SPDX-License-Identifier: MIT
"""ssm through boto3: parameters, their names and paths, and secure strings that need two rights."""
import glob
import json
import os
import time

import pytest

SECRET = "a secure string that no file may hold 91c2"


@pytest.fixture
def put(client):
    return lambda name, value="v", kind="String", **kw: client("ssm").put_parameter(Name=name, Value=value, Type=kind, **kw)


def test_put_get_overwrite_delete(client, server, name, put, refuses):
    ssm, n = client("ssm"), f"/{name}/a.b_c-d"
    assert put(n, "one", Description="d")["Version"] == 1
    with refuses("ParameterAlreadyExists"):
        put(n, "two")
    assert ssm.get_parameter(Name=n)["Parameter"]["Value"] == "one"
    assert put(n, "two", Overwrite=True)["Version"] == 2
    p = ssm.get_parameter(Name=n)["Parameter"]
    assert (p["Name"], p["Value"], p["Version"], p["Type"], p["DataType"]) == (n, "two", 2, "String", "text")
    assert p["ARN"] == f"arn:aws:ssm:us-east-1:{server.accounts['dev']['id']}:parameter{n}"
    assert ssm.get_parameter(Name=p["ARN"])["Parameter"]["Name"] == n
    assert ssm.get_parameter(Name=n + ":2")["Parameter"]["Selector"] == ":2"
    before = ssm.get_parameter(Name=n + ":1")["Parameter"]
    assert (before["Value"], before["Version"], before["Selector"], before["Name"]) == ("one", 1, ":1", n)
    for none in (":3", ":0", ":nobody", ":"):
        with refuses("ParameterVersionNotFound"):
            ssm.get_parameter(Name=n + none)
    ssm.delete_parameter(Name=n)
    with refuses("ParameterNotFound"):
        ssm.get_parameter(Name=n)
    with refuses("ParameterNotFound"):
        ssm.delete_parameter(Name=n)
    assert put(n)["Version"] == 1


def test_history_and_labels(client, name, put, refuses):
    ssm, n = client("ssm"), f"/{name}/v"
    for value in ("one", "two", "three"):
        put(n, value, Overwrite=value != "one", Description="d" + value)
    assert ssm.label_parameter_version(Name=n, ParameterVersion=1, Labels=["good", "1st", "aws-x", "SSMy", "a b"]) | {
        "ResponseMetadata": 0} == {"InvalidLabels": ["1st", "aws-x", "SSMy", "a b"], "ParameterVersion": 1,
                                   "ResponseMetadata": 0}
    assert ssm.label_parameter_version(Name=n, Labels=["best"])["ParameterVersion"] == 3
    assert [ssm.get_parameter(Name=f"{n}:{x}")["Parameter"]["Value"] for x in ("good", "best")] == ["one", "three"]
    assert ssm.get_parameters(Names=[n + ":good", n + ":none"])["InvalidParameters"] == [n + ":none"]
    ssm.label_parameter_version(Name=n, ParameterVersion=2, Labels=["good", "best"])  # a label moves
    pages = [ssm.get_parameter_history(Name=n, MaxResults=2)]
    pages.append(ssm.get_parameter_history(Name=n, MaxResults=2, NextToken=pages[0]["NextToken"]))
    assert "NextToken" not in pages[1]
    told = [v for p in pages for v in p["Parameters"]]
    assert [(v["Version"], v["Value"], v["Description"], v["Labels"]) for v in told] == [
        (1, "one", "done", []), (2, "two", "dtwo", ["good", "best"]), (3, "three", "dthree", [])]
    gone = ssm.unlabel_parameter_version(Name=n, ParameterVersion=2, Labels=["best", "none"])
    assert (gone["RemovedLabels"], gone["InvalidLabels"]) == (["best"], ["none"])
    with refuses("ParameterVersionLabelLimitExceeded"):
        ssm.label_parameter_version(Name=n, ParameterVersion=2, Labels=[f"l{i}" for i in range(10)])
    with refuses("ParameterVersionNotFound"):
        ssm.label_parameter_version(Name=n, ParameterVersion=4, Labels=["x"])
    put(n, "four", Overwrite=True)
    assert ssm.get_parameter(Name=n + ":good")["Parameter"]["Value"] == "two"
    ssm.delete_parameter(Name=n)
    put(n, "anew")
    assert [v["Value"] for v in ssm.get_parameter_history(Name=n)["Parameters"]] == ["anew"]


def test_a_hundred_versions_are_kept(client, name, put, refuses):
    ssm = client("ssm")
    for i in range(1, 102):
        put(name, str(i), Overwrite=i > 1)
    told = [v["Version"] for p in ssm.get_paginator("get_parameter_history").paginate(Name=name) for v in p["Parameters"]]
    assert told == list(range(2, 102))
    ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["kept"])
    with refuses("ParameterMaxVersionLimitExceeded", "Version 2"):
        put(name, "too many", Overwrite=True)
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "101"
    ssm.unlabel_parameter_version(Name=name, ParameterVersion=2, Labels=["kept"])
    assert put(name, "102", Overwrite=True)["Version"] == 102


def test_who_may_see_and_label_what_was(client, name, put, role, document, refuses):
    n = f"/{name}/v"
    put(n, "one")
    arn = client("ssm").get_parameter(Name=n)["Parameter"]["ARN"]
    reader = role(document({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn})).client("ssm")
    assert reader.get_parameter(Name=n + ":1")["Parameter"]["Value"] == "one"
    with refuses("AccessDeniedException", "ssm:GetParameterHistory", arn):
        reader.get_parameter_history(Name=n)
    with refuses("AccessDeniedException", "ssm:LabelParameterVersion", arn):
        reader.label_parameter_version(Name=n, Labels=["x"])
    with refuses("AccessDeniedException", "ssm:UnlabelParameterVersion", arn):
        reader.unlabel_parameter_version(Name=n, ParameterVersion=1, Labels=["x"])
    with refuses("ParameterNotFound"):
        client("ssm").get_parameter_history(Name=n + "x")


def test_a_pattern_is_kept_and_checked(client, name, put, refuses):
    assert put(name, "a1", AllowedPattern="[a-z]\\d+")["Version"] == 1
    with refuses("ParameterPatternMismatchException"):
        put(name, "b", Overwrite=True)
    with refuses("InvalidAllowedPatternException"):
        put(name, "b", Overwrite=True, AllowedPattern="[")
    assert put(name, "b", Overwrite=True, AllowedPattern="b|c")["Version"] == 2
    assert [v["AllowedPattern"] for v in client("ssm").get_parameter_history(Name=name)["Parameters"]] == ["[a-z]\\d+", "b|c"]


@pytest.mark.parametrize("bad,code", [
    ("a b", "ValidationException"), ("/a//b", "ValidationException"), ("/", "ValidationException"),
    ("a/b", "ValidationException"), ("/aws/x", "ValidationException"), ("ssmx", "ValidationException"),
    ("/a/", "ValidationException"), ("/x" * 16, "HierarchyLevelLimitExceededException")])
def test_names_that_are_none(put, refuses, bad, code):
    with refuses(code):
        put(bad)


def test_values_that_are_none(client, put, name, refuses):
    put(name, "x" * 4096)
    with refuses("ValidationException", "4096"):
        put(name + "l", "x" * 4097)
    with refuses("ValidationException"):
        client("ssm").put_parameter(Name=name + "t", Value="x")
    with refuses("ValidationException"):
        put(name + "a", Tier="Advanced")
    assert client("ssm").put_parameter(Name=name, Value="only the value", Overwrite=True)["Version"] == 2


def test_many_at_once(client, put, name):
    ssm = client("ssm")
    for n in "ab":
        put(f"/{name}/{n}", n)
    got = ssm.get_parameters(Names=[f"/{name}/b", f"/{name}/none", f"/{name}/a"])
    assert {p["Name"][-1]: p["Value"] for p in got["Parameters"]} == {"a": "a", "b": "b"}
    assert got["InvalidParameters"] == [f"/{name}/none"]
    gone = ssm.delete_parameters(Names=[f"/{name}/a", f"/{name}/none"])
    assert gone["DeletedParameters"] == [f"/{name}/a"] and gone["InvalidParameters"] == [f"/{name}/none"]


def test_paths(client, put, name, refuses):
    ssm = client("ssm")
    for n in ("1", "2", "3", "deep/1", "deep/er/1"):
        put(f"/{name}/{n}")
    put(f"/{name}x")

    def under(**kw):
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{name}", **kw)
        return [p["Name"][len(name) + 2:] for page in pages for p in page["Parameters"]]

    assert under() == ["1", "2", "3"]
    assert under(Recursive=True, PaginationConfig={"PageSize": 2}) == ["1", "2", "3", "deep/1", "deep/er/1"]
    with refuses("ValidationException"):
        ssm.get_parameters_by_path(Path=name)
    with refuses("InvalidNextToken"):
        ssm.get_parameters_by_path(Path=f"/{name}", NextToken="nonsense")
    listed = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{name}/deep"]}])
    assert [p["Name"] for p in listed["Parameters"]] == [f"/{name}/deep/1", f"/{name}/deep/er/1"]


def test_tags(client, put, name, refuses):
    ssm, n = client("ssm"), f"/{name}"
    put(n, Tags=[{"Key": "a", "Value": "1"}])
    with refuses("ValidationException", "tags and overwrite"):
        put(n, Overwrite=True, Tags=[{"Key": "a", "Value": "2"}])
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=n, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=n, TagKeys=["a"])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=n)["TagList"] == [{"Key": "b", "Value": "2"}]
    with refuses("InvalidResourceId"):
        ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=n + "x")
    with refuses("InvalidResourceType"):
        ssm.list_tags_for_resource(ResourceType="Document", ResourceId=n)


def test_rights_are_judged_by_name(server, client, put, name, role, document, refuses):
    put(f"/{name}/mine")
    put(f"/{name}/theirs")
    arn = f"arn:aws:ssm:us-east-1:{server.accounts['dev']['id']}:parameter/{name}/mine*"
    ssm = role(document(Action=["ssm:GetParameter", "ssm:GetParameters"], Resource=arn)).client("ssm")
    assert ssm.get_parameter(Name=f"/{name}/mine")["Parameter"]["Value"] == "v"
    denied = "because no identity-based policy allows the ssm:GetParameter action"
    for n in ("theirs", "none"):  # what is not there is not told either
        with refuses("AccessDeniedException", denied, f"parameter/{name}/{n}"):
            ssm.get_parameter(Name=f"/{name}/{n}")
    with refuses("ParameterNotFound"):
        ssm.get_parameter(Name=f"/{name}/mine2")
    with refuses("AccessDeniedException"):  # one that may not be read spoils the whole request
        ssm.get_parameters(Names=[f"/{name}/mine", f"/{name}/theirs"])


def test_conditions_on_tags_and_overwriting(put, name, client, role, document, refuses):
    put(f"/{name}/red", Tags=[{"Key": "colour", "Value": "red"}])
    put(f"/{name}/blue", Tags=[{"Key": "colour", "Value": "blue"}])
    r = role(document(
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/colour": "red"}}},
        {"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*",
         "Condition": {"StringEquals": {"ssm:Overwrite": "false"}}})).client("ssm")
    r.get_parameter(Name=f"/{name}/red")
    with refuses("AccessDeniedException"):
        r.get_parameter(Name=f"/{name}/blue")
    r.put_parameter(Name=f"/{name}/new", Value="v", Type="String")
    with refuses("AccessDeniedException"):
        r.put_parameter(Name=f"/{name}/new", Value="v", Type="String", Overwrite=True)


def test_secure_strings_need_the_key_too(client, server, put, name, role, document, refuses):
    ssm, kms, n = client("ssm"), client("kms"), f"/{name}/secret"
    k = kms.create_key()["KeyMetadata"]["Arn"]
    put(n, SECRET, "SecureString", KeyId=k)
    assert ssm.get_parameter(Name=n, WithDecryption=True)["Parameter"]["Value"] == SECRET
    assert SECRET not in ssm.get_parameter(Name=n)["Parameter"]["Value"]
    reader = role(document(Action="ssm:*")).client("ssm")
    reader.get_parameter(Name=n)
    with refuses("AccessDeniedException", "kms:Decrypt", k):
        reader.get_parameter(Name=n, WithDecryption=True)
    put(n, "the next", "SecureString", KeyId=k, Overwrite=True)
    assert [v["Value"] for v in ssm.get_parameter_history(Name=n, WithDecryption=True)["Parameters"]] == [SECRET, "the next"]
    assert SECRET not in str(reader.get_parameter_history(Name=n)["Parameters"])
    with refuses("AccessDeniedException", "kms:Decrypt", k):
        reader.get_parameter_history(Name=n, WithDecryption=True)
    via = role(document({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"},
                        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": k, "Condition": {"StringEquals": {
                            "kms:ViaService": "ssm.us-east-1.amazonaws.com",
                            "kms:EncryptionContext:PARAMETER_ARN":
                                f"arn:aws:ssm:us-east-1:{server.accounts['dev']['id']}:parameter{n}"}}}))
    assert via.client("ssm").get_parameter(Name=n + ":1", WithDecryption=True)["Parameter"]["Value"] == SECRET
    kms.disable_key(KeyId=k)
    with refuses("InvalidKeyId"):
        ssm.get_parameter(Name=n, WithDecryption=True)
    with refuses("InvalidKeyId"):
        put(n + "2", "x", "SecureString", KeyId="alias/nobody-has-this")


def test_the_default_key_is_awss_own(client, put, name, refuses):
    ssm, kms, n = client("ssm"), client("kms"), f"/{name}/default"
    put(n, SECRET, "SecureString")
    assert ssm.get_parameter(Name=n, WithDecryption=True)["Parameter"]["Value"] == SECRET
    m = kms.describe_key(KeyId="alias/aws/ssm")["KeyMetadata"]
    assert m["KeyManager"] == "AWS"
    with refuses("AccessDeniedException"):  # only through ssm
        kms.encrypt(KeyId="alias/aws/ssm", Plaintext=b"x")
    with refuses("AccessDeniedException"):
        kms.put_key_policy(KeyId=m["KeyId"], PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": []}))


def test_nothing_plain_reaches_the_disk(client, server, put, name):
    put(f"/{name}/s", SECRET, "SecureString")
    client("ssm").get_parameter(Name=f"/{name}/s", WithDecryption=True)
    time.sleep(0.5)
    for path in glob.glob(server.state + "/**", recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as f:
                assert SECRET.encode() not in f.read(), path
