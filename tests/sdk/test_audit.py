# SPDX-License-Identifier: MIT
"""The audit log: each call as CloudTrail records it, no secret in it, and `barmkin audit search` over it."""
import http.client
import json
import re
import ssl
import subprocess
import urllib.parse

import botocore.exceptions
import conftest
import pytest


def search(server, *argv, fine=(0,)):
    done = subprocess.run([conftest.BARMKIN, "audit", "search", "--state", server.state, *argv], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode in fine, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()] if "json" in argv else done


def record_of(server, answer):
    """The record of a call itself, without those of the calls within it."""
    found = search(server, "--request", answer["ResponseMetadata"]["RequestId"], "-o", "json")
    return next(r for r in found if r["barmkin"]["depth"] == 0)


def failed(ask):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        ask()
    return caught.value.response


def test_a_change_by_a_user(server, name):
    iam = server.client("iam")
    r = record_of(server, iam.create_user(UserName=name, Tags=[{"Key": "a", "Value": "b"}]))
    iam.delete_user(UserName=name)
    account = server.account("dev")["id"]
    who = r["userIdentity"]
    assert (who["type"], who["userName"], who["accountId"], who["arn"]) == (
        "IAMUser", "admin", account, f"arn:aws:iam::{account}:user/admin")
    assert who["principalId"].startswith("AIDA") and who["accessKeyId"].startswith("AKIA") and "sessionContext" not in who
    assert (r["eventSource"], r["eventName"], r["awsRegion"], r["recipientAccountId"]) == (
        "iam.amazonaws.com", "CreateUser", "us-east-1", account)
    assert (r["readOnly"], r["managementEvent"], r["eventCategory"], r["eventType"]) == (False, True, "Management", "AwsApiCall")
    assert r["requestParameters"] == {"userName": name, "tags": [{"key": "a", "value": "b"}]}
    assert r["responseElements"]["user"]["userName"] == name
    assert r["resources"] == [{"ARN": f"arn:aws:iam::{account}:user/{name}", "accountId": account, "type": "AWS::IAM::User"}]
    assert r["sourceIPAddress"] == "127.0.0.1" and r["userAgent"].startswith("Boto3/")
    tls = r["tlsDetails"]
    assert set(tls) == {"tlsVersion", "cipherSuite", "clientProvidedHostHeader"}
    assert tls["tlsVersion"] == "TLSv1.3" and tls["cipherSuite"].startswith("TLS_AES_")
    assert tls["clientProvidedHostHeader"] == server.url.removeprefix("https://")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r["eventTime"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r["eventID"]) and r["eventID"] != r["requestID"]
    assert r["eventVersion"] == "1.09" and "errorCode" not in r


def test_a_read_answers_nothing_there(server):
    r = record_of(server, server.client("iam").list_users())
    assert r["readOnly"] is True and r["responseElements"] is None and r["requestParameters"] is None


def test_how_a_request_was_sealed(server):
    """tlsDetails in CloudTrail's spelling; nothing of it without TLS, nor of the admin channel."""
    plain = server.client("iam", endpoint_url=server.url.replace("https:", "http:"))
    assert "tlsDetails" not in record_of(server, plain.list_users())
    tls = ssl.create_default_context(cafile=server.ca)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")
    url = urllib.parse.urlsplit(server.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET"))
    connection = http.client.HTTPSConnection(url.hostname, url.port, context=tls)
    connection.request("GET", f"{url.path}?{url.query}")
    answer = connection.getresponse()
    assert answer.status == 200
    found = search(server, "--request", answer.headers["x-amzn-RequestId"], "-o", "json")
    connection.close()
    assert re.fullmatch("ECDHE-(ECDSA|RSA)-AES128-GCM-SHA256", found[0]["tlsDetails"]["cipherSuite"])
    assert found[0]["tlsDetails"]["tlsVersion"] == "TLSv1.2"
    server.barmkin("status")
    assert not any("tlsDetails" in r for r in search(server, "--event", "Status", "-o", "json"))


def test_a_session(server, role, document):
    made = role(policy=document(Action="iam:*"), assume=False)
    answer = server.client("sts").assume_role(RoleArn=made.arn, RoleSessionName="me")
    asked = record_of(server, answer)
    assert asked["responseElements"]["credentials"]["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    assert asked["requestParameters"]["roleSessionName"] == "me"
    who = record_of(server, server.client("iam", keys=answer["Credentials"]).list_roles())["userIdentity"]
    assert who["type"] == "AssumedRole" and who["arn"].endswith(f"assumed-role/{made.name}/me")
    issuer = who["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["arn"], issuer["userName"]) == ("Role", made.arn, made.name)
    assert issuer["principalId"].startswith("AROA") and who["principalId"] == issuer["principalId"] + ":me"
    assert who["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", who["sessionContext"]["attributes"]["creationDate"])


def test_a_denial(server, user):
    u = user()
    r = record_of(server, failed(u.client("kms").list_keys))
    assert r["errorCode"] == "AccessDenied" and "kms:ListKeys" in r["errorMessage"] and r["responseElements"] is None


def test_data_events_and_calls_within(server, name):
    s3, key = server.client("s3"), server.client("kms").create_key()["KeyMetadata"]["Arn"]
    made = record_of(server, s3.create_bucket(Bucket=name))
    assert made["eventCategory"] == "Management" and made["requestParameters"]["bucketName"] == name
    answer = s3.put_object(Bucket=name, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    put = record_of(server, answer)
    assert (put["eventCategory"], put["managementEvent"]) == ("Data", False)
    assert put["resources"][0]["type"] == "AWS::S3::Object" and put["requestParameters"]["key"] == "k"
    within = [r for r in search(server, "--request", answer["ResponseMetadata"]["RequestId"], "-o", "json")
              if r["eventName"] == "GenerateDataKey"]
    assert within and within[0]["userIdentity"]["invokedBy"] == within[0]["sourceIPAddress"] == "s3.amazonaws.com"
    assert within[0]["resources"] == [{"ARN": key, "accountId": server.account("dev")["id"], "type": "AWS::KMS::Key"}]
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    server.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def test_no_secret_is_in_it(server, role, user, name):
    """Whatever the models call secret, in what is asked and in what is answered."""
    iam, ssm, kms, s3, logs = (server.client(s) for s in ("iam", "ssm", "kms", "s3", "logs"))
    word = "hush-" + name
    secrets = [word]
    u = user()
    secrets.append(u.keys[1])
    given = server.client("sts").assume_role(RoleArn=role(assume=False).arn, RoleSessionName="test")["Credentials"]
    secrets += [given["SecretAccessKey"], given["SessionToken"]]
    ssm.put_parameter(Name=f"/{name}/s", Value=word, Type="SecureString")
    ssm.get_parameter(Name=f"/{name}/s", WithDecryption=True)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=word.encode())["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=sealed)
    data = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=word.encode())
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": 1, "message": word}])
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    logs.delete_log_group(logGroupName=name)
    ssm.delete_parameter(Name=f"/{name}/s")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    iam.list_users()  # whatever is written before its reply leaves
    with open(server.state + "/front/audit/audit-000001.ndjson", "rb") as f:
        log = f.read()
    import base64
    assert name.encode() in log
    for s in secrets:
        assert s.encode() not in log and base64.b64encode(s.encode()) not in log
    assert base64.b64encode(data) not in log
    for a in server.accounts.values():
        assert a["secret_access_key"].encode() not in log


@pytest.fixture
def calls(server, user, role, document):
    """A user that may list roles and nothing else, and what it did."""
    u = user(policy=document(Action="iam:ListRoles"))
    u.client("iam").list_roles()
    failed(u.client("iam").list_users)
    failed(u.client("kms").list_keys)
    return u


def test_search_narrows(server, calls):
    by = ("--principal", calls.arn, "-o", "json")
    assert [r["eventName"] for r in search(server, *by)] == ["ListKeys", "ListUsers", "ListRoles"]  # newest first
    assert [r["eventName"] for r in search(server, *by, "--denied")] == ["ListKeys", "ListUsers"]
    assert [r["eventName"] for r in search(server, *by, "--event", "listr*")] == ["ListRoles"]
    assert [r["eventName"] for r in search(server, *by, "--action", "kms:*")] == ["ListKeys"]
    assert [r["eventName"] for r in search(server, *by, "--limit", "1")] == ["ListKeys"]
    assert len(search(server, *by, "--account", server.account("dev")["id"])) == 3
    assert search(server, *by, "--account", server.account("staging")["id"]) == []
    assert search(server, *by, "--until", "1h") == [] and len(search(server, *by, "--since", "1h")) == 3
    assert len(search(server, *by, "--since", "2020-01-01T00:00:00Z", "--until", "2100-01-01T00:00:00Z")) == 3
    assert search(server, "--principal", calls.arn + "x", "-o", "json") == []


def test_search_by_resource_and_role(server, role, document):
    r = role(policy=document(Action="iam:GetRole"))
    r.client("iam").get_role(RoleName=r.name)
    found = search(server, "--resource", r.arn[:-3] + "*", "--event", "GetRole", "-o", "json")
    assert found[0]["userIdentity"]["arn"].endswith("/test")
    assert [x["eventName"] for x in search(server, "--principal", r.arn, "-o", "json")] == ["GetRole"]  # by its role


def test_search_for_people(server, calls):
    done = search(server, "--principal", calls.arn, "--denied")
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all("AccessDenied" in x and calls.arn in x for x in lines)
    assert "kms.amazonaws.com ListKeys" in lines[0]


def test_search_refuses_nonsense(server):
    for argv in (["--since", "yesterday"], ["--limit", "0"], ["--limit", "many"], ["--until", "5w"]):
        assert search(server, *argv, fine=(2,)).stderr
    assert search(server, "word", fine=(2,))


def test_a_key_that_comes_twice_is_told_once(client, server, name, refuses):
    """Two tags of one name are one condition key with two values: a record stays JSON, allowed or denied."""
    twice = [{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]
    with refuses("InvalidInputException"):
        client("organizations", "management").create_account(Email=f"{name}@example.com", AccountName=name, Tags=twice)
    report = json.loads(server.barmkin("audit", "verify", "-o", "json"))
    assert report["intact"]
    found = json.loads(server.barmkin("audit", "search", "--event", "CreateAccount", "--limit", "1", "-o", "json").splitlines()[0])
    assert found["barmkin"]["context"]["aws:RequestTag/x"] == ["1", "2"]


def test_the_chain_still_verifies(server):
    report = json.loads(server.barmkin("audit verify", "-o", "json"))
    assert report["intact"] and report["lines"] > 10
