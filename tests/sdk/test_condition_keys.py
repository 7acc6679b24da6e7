# SPDX-License-Identifier: MIT
"""Each condition key of docs/condition-keys.md decides: what fits is let in, what does not is refused. Keys of an
organization's tree are tested in test_guardrails.py, those of trust policies in test_sts_sessions.py."""
import json
import time

import botocore.config
import botocore.exceptions
import pytest
import wire
from conftest import trust


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, on="*", **condition):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**statement, "Condition": condition} if condition else statement


def outcome(call, **kw):
    try:
        call(**kw)
    except botocore.exceptions.ClientError as e:
        code = e.response["Error"]["Code"]
        return code if not code.isdigit() else e.response["Error"]["Message"]
    return "ok"


REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden")


@pytest.fixture(scope="module")
def session(server):
    """One role's session whose policy each test writes; and one user's."""
    iam, account = server.client("iam"), server.account("dev")["id"]
    arn = iam.create_role(RoleName="keys", Path="/t/", Tags=[{"Key": "team", "Value": "blue"}],
                          AssumeRolePolicyDocument=trust("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity",
                                                         AWS=account))["Role"]["Arn"]
    got = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", SourceIdentity="alice",
                                           Tags=[{"Key": "cost", "Value": "7"}])

    class Session:
        keys, role_id = got["Credentials"], got["AssumedRoleUser"]["AssumedRoleId"]

        def client(self, service, **kw):
            return server.client(service, keys=self.keys, **kw)

        def may(self, *statements):
            iam.put_role_policy(RoleName="keys", PolicyName="p", PolicyDocument=policy(*statements))

    Session.account, Session.arn = account, arn
    yield Session()
    iam.delete_role_policy(RoleName="keys", PolicyName="p")
    iam.delete_role(RoleName="keys")


def both(session, action, call, good, bad, fine=("ok",)):
    """The call under a condition that fits, and under one that does not."""
    session.may(allow(action, **good))
    assert outcome(call) in fine, good
    session.may(allow(action, **bad))
    assert outcome(call) in REFUSED, bad


def soon(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))


# Of a role's session, by the endpoint door: key, the condition that fits, the one that does not.
GLOBAL = [
    ("aws:PrincipalArn", "ArnLike", "arn:aws:iam::{account}:role/t/keys", "arn:aws:iam::{account}:role/keys"),
    ("aws:PrincipalAccount", "StringEquals", "{account}", "111122223333"),
    ("aws:PrincipalType", "StringEquals", "AssumedRole", "User"),
    ("aws:PrincipalIsAWSService", "Bool", "false", "true"),
    ("aws:PrincipalTag/team", "StringEquals", "blue", "red"),
    ("aws:PrincipalTag/cost", "NumericLessThan", "8", "7"),
    ("aws:userid", "StringLike", "AROA*:test", "AIDA*"),
    ("aws:username", "Null", "true", "false"),
    ("aws:TokenIssueTime", "DateLessThan", soon(1), soon(-1)),
    ("aws:MultiFactorAuthPresent", "Bool", "false", "true"),
    ("aws:MultiFactorAuthAge", "Null", "true", "false"),
    ("aws:AssumedRoot", "Null", "true", "false"),
    ("aws:FederatedProvider", "Null", "true", "false"),
    ("aws:SourceIdentity", "StringEquals", "alice", "bob"),
    ("aws:SourceIp", "IpAddress", "127.0.0.0/8", "10.0.0.0/8"),
    ("aws:VpcSourceIp", "Null", "true", "false"),
    ("aws:SourceVpc", "Null", "true", "false"),
    ("aws:SourceVpce", "Null", "true", "false"),
    ("aws:SourceVpcArn", "Null", "true", "false"),
    ("aws:VpceAccount", "Null", "true", "false"),
    ("aws:VpceOrgID", "Null", "true", "false"),
    ("aws:VpceOrgPaths", "Null", "true", "false"),
    ("aws:CurrentTime", "DateGreaterThan", soon(-1), soon(1)),
    ("aws:EpochTime", "NumericLessThan", str(int(time.time()) + 86400), "1700000000"),
    ("aws:UserAgent", "StringLike", "*Boto3/*", "curl*"),
    ("aws:referer", "Null", "true", "false"),
    ("aws:SecureTransport", "Bool", "true", "false"),
    ("aws:RequestedRegion", "StringEquals", "us-east-1", "eu-west-1"),
    ("aws:ViaAWSService", "Bool", "false", "true"),
    ("aws:CalledVia", "Null", "true", "false"),
    ("aws:CalledViaFirst", "Null", "true", "false"),
    ("aws:CalledViaLast", "Null", "true", "false"),
    ("aws:SourceArn", "Null", "true", "false"),
    ("aws:SourceAccount", "Null", "true", "false"),
    ("aws:PrincipalServiceName", "Null", "true", "false"),
    ("aws:PrincipalServiceNamesList", "Null", "true", "false"),
    ("aws:ResourceAccount", "StringEquals", "{account}", "111122223333"),
    ("aws:RequestTag/team", "Null", "true", "false"),
    ("aws:TagKeys", "Null", "true", "false"),
    ("aws:Ec2InstanceSourceVpc", "Null", "true", "false"),
    ("aws:Ec2InstanceSourcePrivateIPv4", "Null", "true", "false"),
    ("aws:ChatbotSourceArn", "Null", "true", "false"),
    ("aws:SignInSessionArn", "Null", "true", "false"),
    ("aws:ViaAWSMCPService", "Null", "true", "false"),
    ("aws:CalledViaAWSMCP", "Null", "true", "false"),
    ("aws:IsMcpServiceAction", "Null", "true", "false"),
    ("ec2:SourceInstanceArn", "Null", "true", "false"),
    ("ec2:RoleDelivery", "Null", "true", "false"),
    ("lambda:SourceFunctionArn", "Null", "true", "false"),
    ("codebuild:BuildArn", "Null", "true", "false"),
    ("codebuild:ProjectArn", "Null", "true", "false"),
    ("ssm:SourceInstanceArn", "Null", "true", "false"),
    ("glue:RoleAssumedBy", "Null", "true", "false"),
    ("glue:CredentialIssuingService", "Null", "true", "false"),
    ("identitystore:UserId", "Null", "true", "false"),
]


@pytest.mark.parametrize("key,operator,good,bad", GLOBAL, ids=[g[0] for g in GLOBAL])
def test_global_keys_of_a_session(session, key, operator, good, bad):
    good, bad = ({operator: {key: v.replace("{account}", session.account)}} for v in (good, bad))
    both(session, "kms:ListKeys", session.client("kms").list_keys, good, bad)


@pytest.mark.parametrize("key,operator,good,bad", [
    ("aws:username", "StringLike", "user-*", "admin"), ("aws:PrincipalType", "StringEquals", "User", "AssumedRole"),
    ("aws:userid", "StringLike", "AIDA*", "AROA*"), ("aws:TokenIssueTime", "Null", "true", "false"),
    ("aws:MultiFactorAuthPresent", "Null", "true", "false")])
def test_global_keys_of_an_access_key(server, user, key, operator, good, bad):
    u, iam = user(), server.client("iam")
    for value, fine in ((good, True), (bad, False)):
        iam.put_user_policy(UserName=u.name, PolicyName="p", PolicyDocument=policy(
            allow("kms:ListKeys", **{operator: {key: value}})))
        assert (outcome(u.client("kms").list_keys) == "ok") == fine


def test_what_a_browser_says(server, session):
    """aws:referer and aws:UserAgent are the client's own words, in a header."""
    k = (session.keys["AccessKeyId"], session.keys["SecretAccessKey"], session.keys["SessionToken"])
    session.may(allow("sts:GetAccessKeyInfo", StringLike={"aws:referer": "https://example.com/*", "aws:UserAgent": "Mozilla*"}))
    body = f"Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId={k[0]}".encode()
    for headers, status in (({"Referer": "https://example.com/a", "User-Agent": "Mozilla/5"}, 200),
                            ({"Referer": "https://example.org/a", "User-Agent": "Mozilla/5"}, 403),
                            ({"Referer": "https://example.com/a", "User-Agent": "curl/8"}, 403), ({}, 403)):
        assert wire.send(server, wire.sign(server, k, body=body, headers=headers)).status == status, headers


def test_tags_of_a_request_and_of_a_resource(server, session, name):
    ssm = session.client("ssm")
    tags = [{"Key": "team", "Value": "blue"}]
    both(session, "ssm:*", lambda: ssm.put_parameter(Name=f"/{name}/a", Value="x", Type="String", Tags=tags),
         {"StringEquals": {"aws:RequestTag/team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
         {"StringEquals": {"aws:RequestTag/team": "red"}})
    for key in ("aws:ResourceTag/team", "ssm:resourceTag/team"):
        both(session, "ssm:GetParameter", lambda: ssm.get_parameter(Name=f"/{name}/a"),
             {"StringEquals": {key: "blue"}}, {"StringEquals": {key: "red"}})
    server.client("ssm").delete_parameter(Name=f"/{name}/a")


def test_keys_of_calls_that_services_make(server, session, name):
    """aws:ViaAWSService, aws:CalledVia*: S3 asking KMS on a caller's behalf."""
    kms, s3 = server.client("kms"), server.client("s3")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    s3.create_bucket(Bucket=name)
    mine = session.client("s3")

    def put():
        mine.put_object(Bucket=name, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)

    for good, bad in (({"Bool": {"aws:ViaAWSService": "true"}}, {"Bool": {"aws:ViaAWSService": "false"}}),
                      ({"ForAnyValue:StringEquals": {"aws:CalledVia": "s3.amazonaws.com"}},
                       {"ForAnyValue:StringEquals": {"aws:CalledVia": "kms.amazonaws.com"}}),
                      ({"StringEquals": {"aws:CalledViaFirst": "s3.amazonaws.com", "aws:CalledViaLast": "s3.amazonaws.com"}},
                       {"StringEquals": {"aws:CalledViaFirst": "ssm.amazonaws.com"}}),
                      ({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
                       {"StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"}}),
                      ({"Null": {"aws:UserAgent": "true"}}, {"Null": {"aws:UserAgent": "false"}}),
                      ({"Null": {"aws:SourceIp": "true"}}, {"Null": {"aws:SourceIp": "false"}}),
                      ({"StringEquals": {"kms:MultiRegion": "false", "kms:CallerAccount": session.account}},
                       {"StringEquals": {"kms:CallerAccount": "111122223333"}})):
        for condition, fine in ((good, True), (bad, False)):
            session.may(allow("s3:*"), allow("kms:GenerateDataKey", **condition))
            assert (outcome(put) == "ok") == fine, condition
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


# ---- s3 ----

@pytest.fixture(scope="module")
def bucket(server):
    name = "keys-of-s3"
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a/k", Body=b"x", Tagging="open=yes")
    yield name
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


S3 = [
    ("list_objects_v2", {"Prefix": "a/"}, "s3:ListBucket", "s3:prefix", "StringLike", "a/*", "b/*"),
    ("list_objects_v2", {"Delimiter": "/"}, "s3:ListBucket", "s3:delimiter", "StringEquals", "/", "-"),
    ("list_objects_v2", {"MaxKeys": 5}, "s3:ListBucket", "s3:max-keys", "NumericLessThanEquals", "5", "4"),
    ("get_object", {}, "s3:GetObject", "s3:authType", "StringEquals", "REST-HEADER", "REST-QUERY-STRING"),
    ("get_object", {}, "s3:GetObject", "s3:signatureversion", "StringEquals", "AWS4-HMAC-SHA256", "AWS"),
    ("get_object", {}, "s3:GetObject", "s3:signatureAge", "NumericLessThan", "600000", "0"),
    ("get_object", {}, "s3:GetObject", "s3:TlsVersion", "NumericGreaterThanEquals", "1.2", "1.4"),
    ("get_object", {}, "s3:GetObject", "s3:ResourceAccount", "StringEquals", "{account}", "111122223333"),
    ("get_object", {}, "s3:GetObject", "s3:ExistingObjectTag/open", "StringEquals", "yes", "no"),
    ("get_object", {}, "s3:GetObject", "s3:x-amz-content-sha256", "StringNotEquals", "UNSIGNED-PAYLOAD",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("get_object", {"VersionId": "null"}, "s3:GetObjectVersion", "s3:versionid", "StringEquals", "null", "x"),
    ("get_object_tagging", {"VersionId": "null"}, "s3:GetObjectVersionTagging", "s3:versionid", "StringEquals", "null", "x"),
    ("put_object", {"ServerSideEncryption": "AES256"}, "s3:PutObject", "s3:x-amz-server-side-encryption", "StringEquals",
     "AES256", "aws:kms"),
    ("put_object", {"StorageClass": "STANDARD"}, "s3:PutObject", "s3:x-amz-storage-class", "StringEquals", "STANDARD",
     "GLACIER"),
    ("put_object", {"Tagging": "a=b"}, "s3:PutObject*", "s3:RequestObjectTag/a", "StringEquals", "b", "c"),
    ("put_object", {"Tagging": "a=b"}, "s3:PutObject*", "s3:RequestObjectTagKeys", "ForAllValues:StringEquals", "a", "b"),
    ("put_object", {"ACL": "bucket-owner-full-control"}, "s3:PutObject*", "s3:x-amz-acl", "StringEquals",
     "bucket-owner-full-control", "private"),
    ("put_object", {"WebsiteRedirectLocation": "/x"}, "s3:PutObject", "s3:x-amz-website-redirect-location", "StringEquals",
     "/x", "/y"),
    ("put_object", {}, "s3:PutObject", "s3:if-none-match", "Null", "true", "false"),
]


@pytest.mark.parametrize("call,args,action,key,operator,good,bad", S3, ids=[f"{s[0]}-{s[3]}" for s in S3])
def test_keys_of_s3(session, bucket, call, args, action, key, operator, good, bad):
    where = {} if call.startswith("list") else {"Key": "a/new" if call == "put_object" else "a/k"}
    if call == "put_object":
        where["Body"] = b"x"
    f = getattr(session.client("s3"), call)
    good, bad = ({operator: {key: v.replace("{account}", session.account)}} for v in (good, bad))
    both(session, action, lambda: f(Bucket=bucket, **where, **args), good, bad)


def test_a_version_asks_for_its_own_right(session, bucket):
    s3 = session.client("s3")
    session.may(allow("s3:GetObject", "s3:ListBucket"))
    assert outcome(s3.get_object, Bucket=bucket, Key="a/k") == "ok"
    assert outcome(s3.get_object, Bucket=bucket, Key="a/k", VersionId="null") in REFUSED
    session.may(allow("s3:GetObjectVersion", "s3:ListBucket"))
    assert outcome(s3.get_object, Bucket=bucket, Key="a/k", VersionId="null") == "ok"
    assert outcome(s3.get_object, Bucket=bucket, Key="a/k") in REFUSED
    session.may(allow("s3:DeleteObject"))
    assert outcome(s3.delete_object, Bucket=bucket, Key="none", VersionId="null") in REFUSED


def test_conditional_writes_can_be_demanded(session, bucket):
    """s3:if-none-match: no overwriting, as AWS's guide has it."""
    s3 = session.client("s3")
    session.may(allow("s3:PutObject", Null={"s3:if-none-match": "false"}))
    assert outcome(s3.put_object, Bucket=bucket, Key="a/once", Body=b"x") in REFUSED
    assert outcome(s3.put_object, Bucket=bucket, Key="a/once", Body=b"x", IfNoneMatch="*") == "ok"


@pytest.mark.parametrize("member,header", [("GrantFullControl", "full-control"), ("GrantRead", "read"),
                                           ("GrantReadACP", "read-acp"), ("GrantWriteACP", "write-acp")])
def test_grants_are_judged_and_then_refused(session, bucket, member, header):
    s3, grant = session.client("s3"), {member: 'id="x"'}
    both(session, "s3:PutObject*", lambda: s3.put_object(Bucket=bucket, Key="a/new", Body=b"x", **grant),
         {"StringEquals": {f"s3:x-amz-grant-{header}": 'id="x"'}}, {"Null": {f"s3:x-amz-grant-{header}": "true"}},
         fine=("AccessControlListNotSupported",))


LOCK = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": soon(10), "ObjectLockLegalHoldStatus": "ON"}


@pytest.mark.parametrize("key,operator,good,bad", [
    ("s3:object-lock-mode", "StringEquals", "GOVERNANCE", "COMPLIANCE"),
    ("s3:object-lock-retain-until-date", "DateLessThan", soon(11), soon(9)),
    ("s3:object-lock-legal-hold", "StringEquals", "ON", "OFF")])
def test_a_lock_is_judged_and_then_refused(session, bucket, key, operator, good, bad):
    """No bucket here has Object Lock, and nobody is told that his object is locked."""
    s3, at = session.client("s3"), {"Bucket": bucket, "Key": "a/locked"}
    good, bad = {operator: {key: good}}, {operator: {key: bad}}
    for ask in (lambda: s3.put_object(**at, **LOCK, Body=b"x"), lambda: s3.create_multipart_upload(**at, **LOCK),
                lambda: s3.copy_object(**at, **LOCK, CopySource=f"{bucket}/a/k")):
        for condition, said in ((good, ("InvalidRequest",)), (bad, REFUSED)):
            session.may(allow("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold", **condition), allow("s3:GetObject"))
            assert outcome(ask) in said
    session.may(allow("s3:PutObject"))
    assert outcome(lambda: s3.put_object(**at, ObjectLockLegalHoldStatus="ON", Body=b"x")) in REFUSED
    held = key.endswith("hold")
    both(session, "s3:PutObject*", (lambda: s3.put_object_legal_hold(**at, LegalHold={"Status": "ON"})) if held else lambda:
         s3.put_object_retention(**at, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": LOCK["ObjectLockRetainUntilDate"]}),
         good, bad, fine=("NotImplemented",))


def test_a_presigned_link_says_so(server, session, bucket):
    import http.client
    import ssl
    import urllib.parse
    url = session.client("s3", config=botocore.config.Config(signature_version="s3v4")).generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a/k"})
    u = urllib.parse.urlsplit(url)
    tls = ssl.create_default_context(cafile=server.ca)
    for kind, status in (("REST-QUERY-STRING", 200), ("REST-HEADER", 403)):
        session.may(allow("s3:GetObject", StringEquals={"s3:authType": kind}))
        c = http.client.HTTPSConnection(u.hostname, u.port, context=tls)
        c.request("GET", u.path + "?" + u.query)
        assert c.getresponse().status == status
        c.close()


def test_tls_versions(server, session, bucket):
    import ssl
    import http.client
    import urllib.parse
    url = session.client("s3", config=botocore.config.Config(signature_version="s3v4")).generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a/k"})
    u = urllib.parse.urlsplit(url)
    session.may(allow("s3:GetObject", NumericGreaterThanEquals={"s3:TlsVersion": "1.3"}))
    for version, status in ((ssl.TLSVersion.TLSv1_2, 403), (ssl.TLSVersion.TLSv1_3, 200)):
        tls = ssl.create_default_context(cafile=server.ca)
        tls.minimum_version = tls.maximum_version = version
        c = http.client.HTTPSConnection(u.hostname, u.port, context=tls)
        c.request("GET", u.path + "?" + u.query)
        assert c.getresponse().status == status, version
        c.close()


# ---- kms ----

@pytest.fixture(scope="module")
def key(server):
    """A key whose policy leaves all to identity policies, with an alias."""
    kms = server.client("kms")
    made = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]
    kms.create_alias(AliasName="alias/keys-of-kms", TargetKeyId=made["KeyId"])
    yield made
    kms.delete_alias(AliasName="alias/keys-of-kms")
    kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=7)


KMS = [
    ("kms:CallerAccount", "StringEquals", "{account}", "111122223333", {}),
    ("kms:KeySpec", "StringEquals", "SYMMETRIC_DEFAULT", "RSA_2048", {}),
    ("kms:CustomerMasterKeySpec", "StringEquals", "SYMMETRIC_DEFAULT", "RSA_2048", {}),
    ("kms:KeyUsage", "StringEquals", "ENCRYPT_DECRYPT", "SIGN_VERIFY", {}),
    ("kms:CustomerMasterKeyUsage", "StringEquals", "ENCRYPT_DECRYPT", "SIGN_VERIFY", {}),
    ("kms:KeyOrigin", "StringEquals", "AWS_KMS", "EXTERNAL", {}),
    ("kms:MultiRegion", "Bool", "false", "true", {}),
    ("kms:ResourceAliases", "ForAnyValue:StringEquals", "alias/keys-of-kms", "alias/other", {}),
    ("kms:RequestAlias", "StringEquals", "alias/keys-of-kms", "alias/other", {"KeyId": "alias/keys-of-kms"}),
    ("kms:RequestAlias", "Null", "true", "false", {}),
    ("kms:ViaService", "Null", "true", "false", {}),
    ("kms:EncryptionAlgorithm", "StringEquals", "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", {}),
    ("kms:EncryptionContext:app", "StringEquals", "x", "y", {"EncryptionContext": {"app": "x"}}),
    ("kms:EncryptionContextKeys", "ForAllValues:StringEquals", "app", "other", {"EncryptionContext": {"app": "x"}}),
    ("aws:ResourceTag/team", "StringEquals", "blue", "red", {}),
]


@pytest.mark.parametrize("name,operator,good,bad,args", KMS, ids=[f"{k[0]}-{k[1]}" for k in KMS])
def test_keys_of_kms(session, key, name, operator, good, bad, args):
    kms = session.client("kms")
    good, bad = ({operator: {name: v.replace("{account}", session.account)}} for v in (good, bad))
    both(session, "kms:Encrypt", lambda: kms.encrypt(**{"KeyId": key["KeyId"], "Plaintext": b"x", **args}), good, bad)


@pytest.mark.parametrize("good,bad", [
    ({"ForAllValues:StringEquals": {"kms:GrantOperations": ["Encrypt", "Decrypt"]}},
     {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}}),
    ({"StringEquals": {"kms:GranteePrincipal": "{arn}"}}, {"StringEquals": {"kms:GranteePrincipal": "arn:aws:iam::1:root"}}),
    ({"StringEquals": {"kms:RetiringPrincipal": "{arn}"}}, {"Null": {"kms:RetiringPrincipal": "true"}}),
    ({"StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"}},
     {"StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}}),
    ({"Bool": {"kms:GrantIsForAWSResource": "false"}}, {"Bool": {"kms:GrantIsForAWSResource": "true"}})])
def test_keys_of_grants(session, key, good, bad):
    good, bad = (json.loads(json.dumps(c).replace("{arn}", session.arn)) for c in (good, bad))
    kms = session.client("kms")
    both(session, "kms:CreateGrant", lambda: kms.create_grant(
        KeyId=key["KeyId"], GranteePrincipal=session.arn, RetiringPrincipal=session.arn, Operations=["Encrypt"],
        Constraints={"EncryptionContextSubset": {"a": "b"}}), good, bad)


def test_keys_of_a_keys_end_and_policy(server, session):
    kms, mine = server.client("kms"), session.client("kms")
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    text = kms.get_key_policy(KeyId=made, PolicyName="default")["Policy"]
    both(session, "kms:PutKeyPolicy", lambda: mine.put_key_policy(
        KeyId=made, PolicyName="default", Policy=text, BypassPolicyLockoutSafetyCheck=True),
        {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}, {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "false"}})
    session.may(allow("kms:ScheduleKeyDeletion", NumericGreaterThanEquals={"kms:ScheduleKeyDeletionPendingWindowInDays": "14"}))
    assert outcome(mine.schedule_key_deletion, KeyId=made, PendingWindowInDays=7) in REFUSED
    assert outcome(mine.schedule_key_deletion, KeyId=made, PendingWindowInDays=14) == "ok"


# ---- ec2, sagemaker, iam ----

def test_keys_of_ec2(server, session):
    ec2, mine = server.client("ec2"), session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16", TagSpecifications=[
        {"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "blue"}]}])["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    at = f"arn:aws:ec2:us-east-1:{session.account}:"

    def change():
        mine.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})

    def change_vpc():
        mine.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})

    try:
        for f, action, name, good, bad in (
                (change, "ec2:ModifySubnetAttribute", "ec2:Vpc", at + "vpc/" + vpc, at + "vpc/vpc-0"),
                (change, "ec2:ModifySubnetAttribute", "ec2:SubnetID", subnet, "subnet-0"),
                (change, "ec2:ModifySubnetAttribute", "ec2:Region", "us-east-1", "eu-west-1"),
                (change, "ec2:ModifySubnetAttribute", "ec2:AvailabilityZone", "us-east-1a", "us-east-1b"),
                (change_vpc, "ec2:ModifyVpcAttribute", "ec2:VpcID", vpc, "vpc-0"),
                (change_vpc, "ec2:ModifyVpcAttribute", "ec2:ResourceTag/team", "blue", "red"),
                (change_vpc, "ec2:ModifyVpcAttribute", "aws:ResourceTag/team", "blue", "red")):
            both(session, action, f, {"StringEquals": {name: good}}, {"StringEquals": {name: bad}})
    finally:
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)


def test_tags_at_the_making(server, session):
    """ec2:CreateAction and sagemaker:TaggingAction: tags may be given to what is made, not to what there is."""
    mine, tags = session.client("ec2"), [{"Key": "a", "Value": "b"}]
    session.may(allow("ec2:CreateVpc"), allow("ec2:CreateTags", StringEquals={"ec2:CreateAction": "CreateVpc"}))
    vpc = mine.create_vpc(CidrBlock="10.78.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])["Vpc"]["VpcId"]
    assert outcome(mine.create_tags, Resources=[vpc], Tags=tags) in REFUSED
    server.client("ec2").delete_vpc(VpcId=vpc)
    sm = session.client("sagemaker")
    session.may(allow("sagemaker:CreateModelPackageGroup"),
                allow("sagemaker:AddTags", StringEquals={"sagemaker:TaggingAction": "CreateModelPackageGroup"}))
    arn = sm.create_model_package_group(ModelPackageGroupName="keys", Tags=tags)["ModelPackageGroupArn"]
    assert outcome(sm.add_tags, ResourceArn=arn, Tags=tags) in REFUSED
    for name in ("aws:ResourceTag/a", "sagemaker:ResourceTag/a"):
        both(session, "sagemaker:DescribeModelPackageGroup",
             lambda: sm.describe_model_package_group(ModelPackageGroupName="keys"),
             {"StringEquals": {name: "b"}}, {"StringEquals": {name: "c"}})
    server.client("sagemaker").delete_model_package_group(ModelPackageGroupName="keys")


JOB = {"ProcessingJobName": "j", "RoleArn": "{arn}", "AppSpecification": {"ImageUri": "x"},
       "NetworkConfig": {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True,
                         "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
       "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1,
                                                 "VolumeKmsKeyId": "key-1"}},
       "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": "key-2"}, "StoppingCondition": {"MaxRuntimeInSeconds": 60}}


@pytest.mark.parametrize("name,operator,good,bad", [
    ("sagemaker:NetworkIsolation", "Bool", "true", "false"),
    ("sagemaker:InterContainerTrafficEncryption", "Bool", "true", "false"),
    ("sagemaker:VpcSubnets", "ForAllValues:StringEquals", "subnet-1", "subnet-2"),
    ("sagemaker:VpcSecurityGroupIds", "ForAllValues:StringEquals", "sg-1", "sg-2"),
    ("sagemaker:InstanceTypes", "ForAllValues:StringLike", "ml.m5.*", "ml.p4*"),
    ("sagemaker:VolumeKmsKey", "StringEquals", "key-1", "key-2"), ("sagemaker:OutputKmsKey", "StringEquals", "key-2", "key-1"),
    ("sagemaker:MaxRuntimeInSeconds", "NumericLessThanEquals", "60", "59")])
def test_keys_of_sagemaker_jobs(session, name, operator, good, bad):
    """Of an operation that is known and not built: it is judged before it says so."""
    sm, job = session.client("sagemaker"), json.loads(json.dumps(JOB).replace("{arn}", session.arn))
    for value, expected in ((good, ("NotImplemented",)), (bad, REFUSED)):
        session.may(allow("iam:PassRole", StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"}),
                    allow("sagemaker:CreateProcessingJob", **{operator: {name: value}}))
        assert outcome(lambda: sm.create_processing_job(**job)) in expected


def test_keys_of_iam(server, session, name):
    iam, mine = server.client("iam"), session.client("iam")
    aws = "arn:aws:iam::aws:policy/"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=session.account),
                    Tags=[{"Key": "team", "Value": "blue"}], PermissionsBoundary=aws + "AdministratorAccess")
    try:
        for key, operator, good, bad in (
                ("iam:PolicyARN", "ArnEquals", aws + "AdministratorAccess", aws + "ReadOnlyAccess"),
                ("iam:PermissionsBoundary", "StringEquals", aws + "AdministratorAccess", aws + "ReadOnlyAccess"),
                ("iam:ResourceTag/team", "StringEquals", "blue", "red"), ("aws:ResourceTag/team", "StringEquals", "blue", "red")):
            both(session, "iam:AttachRolePolicy", lambda: mine.attach_role_policy(
                RoleName=name, PolicyArn=aws + "AdministratorAccess"), {operator: {key: good}}, {operator: {key: bad}})
    finally:
        iam.detach_role_policy(RoleName=name, PolicyArn=aws + "AdministratorAccess")
        iam.delete_role(RoleName=name)


def test_a_plain_connection_says_so(server, session):
    """aws:SecureTransport is a fact of the socket."""
    plain = server.client("kms", keys=session.keys, endpoint_url=server.url.replace("https:", "http:"),
                          config=botocore.config.Config())
    both(session, "kms:ListKeys", plain.list_keys, {"Bool": {"aws:SecureTransport": "false"}},
         {"Bool": {"aws:SecureTransport": "true"}})
