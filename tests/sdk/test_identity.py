# SPDX-License-Identifier: MIT
"""Proving who calls: what forges, bends, replays or mixes credentials is refused, in AWS's words for each protocol."""
import json
import time

import pytest
import wire
from conftest import shift, trust


def call(server, request, **kw):
    return wire.send(server, request, **kw)


@pytest.fixture
def keys(server):
    return wire.of(server)


def test_a_signed_request_is_answered(server, keys):
    a = call(server, wire.sign(server, keys))
    assert a.status == 200 and server.account("dev")["id"] in a.text


def bent(request, old, new):
    request.headers["Authorization"] = request.headers["Authorization"].replace(old, new)
    return request


def signature(request):
    return request.headers["Authorization"].rsplit("Signature=", 1)[1]


@pytest.mark.parametrize("bend", [
    lambda s: ("0" if s[0] != "0" else "1") + s[1:],
    lambda s: s[:-1] + ("0" if s[-1] != "0" else "1"),
    lambda s: s[:-1],
    lambda s: s + "0",
    lambda s: s[:32],
    lambda s: "0" * 64,
    lambda s: s.upper() if s.upper() != s else "f" * 64,
])
def test_forged_signatures(server, keys, bend):
    r = wire.sign(server, keys)
    s = signature(r)
    a = call(server, bent(r, s, bend(s)))
    assert (a.status, a.code) in [(403, "SignatureDoesNotMatch"), (400, "IncompleteSignature")], a.text


def test_every_bit_of_a_signature_counts(server, keys):
    r = wire.sign(server, keys)
    s = signature(r)
    for i in range(0, 64, 7):
        flipped = s[:i] + format(int(s[i], 16) ^ 1, "x") + s[i + 1:]
        again = wire.sign(server, keys)
        again.headers = r.headers.__class__()
        for k, v in r.headers.items():
            again.headers[k] = v.replace(s, flipped) if k == "Authorization" else v
        assert call(server, again).code == "SignatureDoesNotMatch"


def test_another_body_than_the_signed_one(server, keys):
    r = wire.sign(server, keys)
    r.data = b"Action=GetCallerIdentity&Version=2011-06-15&X=1"
    assert call(server, r).code == "SignatureDoesNotMatch"


def test_another_path_than_the_signed_one(server, keys):
    r = wire.sign(server, keys)
    r.url = server.url + "/other"
    assert call(server, r).status in (400, 403)


@pytest.mark.parametrize("service,body,headers,code,status", [
    ("sts", wire.IDENTITY, {}, "InvalidClientTokenId", 403),
    ("kms", b"{}", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"},
     "UnrecognizedClientException", 400),
])
def test_unknown_keys(server, service, body, headers, code, status):
    r = wire.sign(server, ("AKIAIOSFODNN7EXAMPLE", "x" * 40), service, body, headers=headers)
    a = call(server, r)
    assert (a.status, a.code) == (status, code), a.text


def test_wrong_secret_in_json(server, keys):
    r = wire.sign(server, (keys[0], "x" * 40), "kms", b"{}", headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"})
    a = call(server, r)
    assert (a.status, a.code) == (400, "InvalidSignatureException"), a.text


@pytest.mark.parametrize("seconds,ok", [(-840, True), (840, True), (-960, False), (960, False), (-86400 * 400, False)])
def test_fifteen_minutes_of_skew(server, keys, seconds, ok):
    a = call(server, wire.sign(server, keys, at=seconds))
    if ok:
        assert a.status == 200, a.text
    else:
        assert (a.status, a.code) == (403, "SignatureDoesNotMatch"), a.text
        assert ("Signature expired: " if seconds < 0 else "Signature not yet current: ") in a.message, a.message


def test_a_scope_of_another_date(server, keys):
    r = wire.sign(server, keys)
    day = time.strftime("%Y%m%d", time.gmtime())
    a = call(server, bent(r, f"/{day}/", "/20150830/"))
    assert a.status in (400, 403) and a.code in ("SignatureDoesNotMatch", "IncompleteSignature"), a.text


def test_a_replay_within_the_window_is_accepted_as_on_aws(server, keys):
    r = wire.sign(server, keys)
    assert [call(server, r).status for _ in range(3)] == [200, 200, 200]


def test_a_scope_of_another_service(server, keys):
    r = wire.sign(server, keys, "kms", b"{}", headers={"Content-Type": "application/x-amz-json-1.1",
                                                       "X-Amz-Target": "AmazonSSM.GetParameter"})
    a = call(server, r)
    assert (a.code, a.message) == ("InvalidSignatureException", "Credential should be scoped to correct service: 'ssm'.")


@pytest.mark.parametrize("region", ["nowhere", "US-EAST-1", "us-east", "a" * 60 + "-b-1", "..-..-1"])
def test_a_scope_that_is_no_region(server, keys, region):
    a = call(server, wire.sign(server, keys, region=region))
    assert a.status in (400, 403) and a.code in ("SignatureDoesNotMatch", "IncompleteSignature"), a.text


def test_a_scope_of_another_region_is_that_region(server, keys):
    assert call(server, wire.sign(server, keys, region="eu-west-1")).status == 200


@pytest.mark.parametrize("name", ["X-Amz-Target", "X-Amz-Meta-Owner", "X-Amz-Security-Token", "x-amz-content-sha256"])
def test_unsigned_amz_headers(server, keys, name):
    a = call(server, wire.sign(server, keys), extra=[(name, "x")])
    assert a.status in (400, 403), a.text
    assert a.code in ("SignatureDoesNotMatch", "UnknownOperationException", "InvalidSignatureException",
                      "InvalidClientTokenId"), a.text


@pytest.mark.parametrize("name", ["Authorization", "X-Amz-Date", "Host"])
def test_duplicated_headers(server, keys, name):
    r = wire.sign(server, keys)
    a = call(server, r, extra=[(name, r.headers.get(name) or "localhost")])
    assert a is None or a.status == 400, a.text


def test_an_account_id_is_no_key(server):
    a = call(server, wire.sign(server, ("123456789012", "x")))
    assert (a.status, a.code) == (403, "InvalidClientTokenId") and "barmkin env" in a.message, a.text


def test_without_any_signature(server):
    r = wire.sign(server, ("AKIAIOSFODNN7EXAMPLE", "x"))
    a = call(server, r, drop=("authorization",))
    assert a.status in (400, 403) and a.code in ("MissingAuthenticationToken", "UnknownOperationException"), a.text


# ---- tokens ----

def parts(session):
    return session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]


def test_a_session_is_who_it_says(server, role):
    r = role()
    assert "assumed-role/" + r.name in call(server, wire.sign(server, parts(r.keys))).text


def test_a_session_without_its_token(server, role):
    k = parts(role().keys)
    assert call(server, wire.sign(server, k[:2])).code == "InvalidClientTokenId"


def test_a_token_of_another_session(server, role):
    mine, other = parts(role().keys), parts(role().keys)
    assert call(server, wire.sign(server, other)).status == 200
    assert call(server, wire.sign(server, mine)).status == 200
    assert call(server, wire.sign(server, (mine[0], mine[1], other[2]))).code == "InvalidClientTokenId"


def test_a_stolen_token_is_worth_nothing_with_ones_own_key(server, role, user):
    """Both key and token are known to the server and in its caches: still they do not belong together."""
    thief, victim = user(), parts(role().keys)
    for _ in range(8):  # every thread's caches
        assert call(server, wire.sign(server, thief.keys)).status == 200
        assert call(server, wire.sign(server, victim)).status == 200
    for _ in range(8):
        a = call(server, wire.sign(server, (*thief.keys, victim[2])))
        assert (a.status, a.code) == (403, "InvalidClientTokenId"), a.text


@pytest.mark.parametrize("bend", [lambda t: t[:-4], lambda t: "A" * len(t), lambda t: t[:40] + "AAAA" + t[44:],
                                  lambda t: t + "AAAA", lambda t: "x"])
def test_bent_tokens(server, role, bend):
    k = parts(role().keys)
    a = call(server, wire.sign(server, (k[0], k[1], bend(k[2]))))
    assert (a.status, a.code) == (403, "InvalidClientTokenId"), a.text


def test_a_deleted_role_ends_its_sessions(server, role, document, refuses):
    r = role(policy=document(Action="iam:*"))
    c = r.client("iam")
    c.list_roles()
    iam = server.client("iam")
    iam.delete_role_policy(RoleName=r.name, PolicyName="p")
    iam.delete_role(RoleName=r.name)
    with refuses("InvalidClientTokenId"):
        c.list_roles()
    role(policy=document(Action="iam:*"), name=r.name)  # the same name is another role
    with refuses("InvalidClientTokenId"):
        c.list_roles()


def test_an_inactive_key_and_a_deleted_one(server, user, document, refuses):
    u = user(policy=document(Action="iam:*"))
    c, iam = u.client("iam"), server.client("iam")
    c.list_users()
    iam.update_access_key(UserName=u.name, AccessKeyId=u.keys[0], Status="Inactive")
    with refuses("InvalidClientTokenId"):
        c.list_users()
    iam.update_access_key(UserName=u.name, AccessKeyId=u.keys[0], Status="Active")
    c.list_users()
    iam.delete_access_key(UserName=u.name, AccessKeyId=u.keys[0])
    with refuses("InvalidClientTokenId"):
        c.list_users()


# ---- presigned ----

def presigned(server, keys, **kw):
    r = wire.sign(server, keys, body=b"", method="GET", path="/?Action=GetCallerIdentity&Version=2011-06-15", query=True,
                  **kw)
    return call(server, r)


def test_presigned_queries(server, keys):
    a = presigned(server, keys)
    assert a.status == 200, a.text


@pytest.mark.parametrize("expires", [604801, 10 ** 12])
def test_presigned_for_too_long(server, keys, expires):
    assert presigned(server, keys, expires=expires).status in (400, 403)


def test_presigned_and_over(server, keys):
    a = presigned(server, keys, expires=60, at=-120)
    assert a.status in (400, 403), a.text


def test_a_stretched_expiry(server, keys):
    r = wire.sign(server, keys, body=b"", method="GET", path="/?Action=GetCallerIdentity&Version=2011-06-15", query=True,
                  expires=60)
    r.url = r.url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")
    assert call(server, r).status == 403


# ---- what no header can claim ----

@pytest.mark.parametrize("spoof", [
    {"X-Forwarded-For": "10.0.0.1"}, {"X-Amz-Source-Vpce": "vpce-1"}, {"Forwarded": "for=10.0.0.1"},
    {"X-Real-IP": "10.0.0.1"}, {"aws:SourceVpce": "vpce-1"}, {"X-Amz-Via-Aws-Service": "true"},
    {"Via": "1.1 vpce-1"}, {"X-Amz-Cf-Id": "x"}])
def test_no_header_sets_a_condition_key(server, role, spoof, document):
    r = role(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"},
        {"Sid": "Inside", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
            "StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}]}))
    request = wire.sign(server, parts(r.keys), "iam", b"Action=ListRoles&Version=2010-05-08", headers={
        k: v for k, v in spoof.items() if ":" not in k})
    a = call(server, request)
    assert a.code == "AccessDenied" and "explicit deny in an identity-based policy" in a.message, a.text
    context = server.explain(a.headers["x-amzn-RequestId"])["call"]["judgements"][0]["context"]
    assert "aws:SourceVpce" not in context and context["aws:SourceIp"] == "127.0.0.1"
    assert context["aws:ViaAWSService"] == "false"


# ---- time ----

JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}


def test_sessions_expire(own_server):
    server = own_server
    iam, account = server.client("iam"), server.account("dev")["id"]
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(AWS=account))["Role"]["Arn"]
    k = parts(server.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", DurationSeconds=900)["Credentials"])
    assert call(server, wire.sign(server, k)).status == 200
    shift(server, 890)
    assert call(server, wire.sign(server, k, at=890)).status == 200
    shift(server, 901)
    assert presigned(server, k, at=901, expires=3600).code == "ExpiredToken"  # a link ends with its session
    a = call(server, wire.sign(server, k, at=901))
    assert (a.status, a.code) == (403, "ExpiredToken"), a.text
    a = call(server, wire.sign(server, k, "kms", b"{}", headers=JSON, at=901))
    assert (a.status, a.code) == (400, "ExpiredTokenException"), a.text
    a = call(server, wire.sign(server, k, "s3", b"", method="GET", path="/", at=901))
    assert (a.status, a.code) == (400, "ExpiredToken"), a.text
    forged = (k[0], "x" * 40, k[2])  # who cannot sign is not told that the token is old
    assert call(server, wire.sign(server, forged, at=901)).code == "SignatureDoesNotMatch"
    shift(server, 0)
    assert call(server, wire.sign(server, k)).status == 200
