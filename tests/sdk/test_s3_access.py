# SPDX-License-Identifier: MIT
"""Who may what with s3: policies across accounts, endpoints, public access, KMS, presigned and anonymous requests."""
import base64
import json
import os

import boto3.s3.transfer
import botocore.config
import pytest
from botocore.exceptions import ClientError

import wire


@pytest.fixture
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3, name):
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def allow(s3, bucket, document):
    """allow(statement...): the bucket's policy; Resource is the bucket and all in it."""
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]

    def put(*statements):
        s3.put_bucket_policy(Bucket=bucket, Policy=document(*({"Effect": "Allow", "Resource": both, **s}
                                                              for s in statements)))
    return put


def root(server, profile):
    return f"arn:aws:iam::{server.accounts[profile]['id']}:root"


# ---- policies ----

def test_another_account_needs_both_sides(server, client, s3, bucket, allow, role, document, refuses):
    s3.put_object(Bucket=bucket, Key="k", Body=b"dev's")
    with refuses("AccessDenied", "because no resource-based policy allows the s3:GetObject action"):
        client("s3", "prod").get_object(Bucket=bucket, Key="k")
    allow({"Principal": {"AWS": server.accounts["prod"]["id"]}, "Action": "s3:GetObject"})
    assert client("s3", "prod").get_object(Bucket=bucket, Key="k")["Body"].read() == b"dev's"
    weak = role(document(Action="s3:ListBucket"), profile="prod").client("s3")
    with refuses("AccessDenied", "because no identity-based policy allows the s3:GetObject action"):
        weak.get_object(Bucket=bucket, Key="k")
    with refuses("AccessDenied", "s3:PutObject"):
        client("s3", "prod").put_object(Bucket=bucket, Key="k", Body=b"")


def test_what_others_write_is_the_buckets_owners(server, client, s3, bucket, allow):
    allow({"Principal": {"AWS": root(server, "prod")}, "Action": ["s3:PutObject", "s3:ListBucket"]})
    client("s3", "prod").put_object(Bucket=bucket, Key="from prod", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="from prod")["Body"].read() == b"x"
    assert [o["Key"] for o in client("s3", "prod").list_objects_v2(Bucket=bucket)["Contents"]] == ["from prod"]


def test_a_deny_for_everything_outside_an_endpoint(server, s3, bucket, allow, refuses):
    """No endpoint: aws:SourceVpce is absent, and StringNotEquals holds (rule 32)."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    allow({"Sid": "DenyNoVPC", "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"],
           "Condition": {"StringNotEquals": {"aws:sourceVpce": ["vpce-1", "vpce-2"]}, "Bool": {"aws:ViaAWSService": "false"}}})
    with refuses("AccessDenied", "with an explicit deny in a resource-based policy"):
        s3.get_object(Bucket=bucket, Key="k")
    with refuses("AccessDenied", "with an explicit deny in a resource-based policy"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"y")
    s3.list_objects_v2(Bucket=bucket)


def test_a_missing_key_is_told_to_who_may_list(s3, bucket, user, document, refuses):
    """Rule 46"""
    blind = user(document(Action=["s3:GetObject", "s3:GetObjectTagging"])).client("s3")
    for call in (blind.get_object, blind.get_object_tagging):
        with refuses("AccessDenied", "s3:ListBucket"):
            call(Bucket=bucket, Key="none")
    with pytest.raises(ClientError) as e:
        blind.head_object(Bucket=bucket, Key="none")
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    seeing = user(document(Action=["s3:GetObject", "s3:ListBucket"])).client("s3")
    with refuses("NoSuchKey"):
        seeing.get_object(Bucket=bucket, Key="none")


def test_conditions_of_s3(s3, bucket, user, document, refuses):
    def only(action, **condition):
        return user(document({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition})).client("s3")
    for key, team in (("ours", "ml"), ("theirs", "web")):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x", Tagging=f"team={team}")
    reader = only("s3:GetObject", StringEquals={"s3:ExistingObjectTag/team": "ml"})
    reader.get_object(Bucket=bucket, Key="ours")
    with refuses("AccessDenied"):
        reader.get_object(Bucket=bucket, Key="theirs")
    tagger = only(["s3:PutObject", "s3:PutObjectTagging"], StringEquals={"s3:RequestObjectTag/team": "ml"})
    tagger.put_object(Bucket=bucket, Key="new", Body=b"", Tagging="team=ml")
    tagger.put_object_tagging(Bucket=bucket, Key="new", Tagging={"TagSet": [{"Key": "team", "Value": "ml"}]})
    for wrong in ({"Tagging": "team=web"}, {}):
        with refuses("AccessDenied"):
            tagger.put_object(Bucket=bucket, Key="new", Body=b"", **wrong)
    lister = only("s3:ListBucket", StringLike={"s3:prefix": "home/me/*"}, NumericLessThanEquals={"s3:max-keys": "10"})
    lister.list_objects_v2(Bucket=bucket, Prefix="home/me/x", MaxKeys=10)
    for wrong in ({"Prefix": "home/you"}, {"MaxKeys": 10}, {"Prefix": "home/me/x", "MaxKeys": 11}):
        with refuses("AccessDenied"):
            lister.list_objects_v2(Bucket=bucket, **wrong)
    sealer = only("s3:PutObject", StringEquals={"s3:x-amz-server-side-encryption": "AES256"})
    sealer.put_object(Bucket=bucket, Key="sealed", Body=b"", ServerSideEncryption="AES256")
    with refuses("AccessDenied"):
        sealer.put_object(Bucket=bucket, Key="sealed", Body=b"")


def test_listing_all_buckets_is_a_right_of_its_own(user, document, refuses):
    assert "Buckets" in user(document(Action="s3:ListAllMyBuckets", Resource="arn:aws:s3:::*")).client("s3").list_buckets()
    with refuses("AccessDenied", "s3:ListAllMyBuckets"):
        user(document(Action="s3:ListAllMyBuckets", Resource="arn:aws:s3:::one")).client("s3").list_buckets()
    with refuses("AccessDenied", "s3:CreateBucket"):
        user(document(Action="s3:Get*")).client("s3").create_bucket(Bucket="never-made-at-all")


def test_a_copy_needs_both_permissions(s3, bucket, user, document, refuses):
    s3.put_object(Bucket=bucket, Key="from", Body=b"x", Tagging="a=1")
    at = f"arn:aws:s3:::{bucket}/"

    def with_rights(*pairs):
        return user(document(*({"Effect": "Allow", "Action": a, "Resource": at + k} for a, k in pairs))).client("s3")
    for rights, word in (([("s3:GetObject", "from")], "s3:PutObject"), ([("s3:PutObject", "to")], "s3:GetObject"),
                         ([("s3:GetObject", "to"), ("s3:PutObject", "from")], "AccessDenied"[:0]),
                         ([("s3:GetObject", "from"), ("s3:PutObject", "to")], "s3:GetObjectTagging")):
        with refuses("AccessDenied", word):
            with_rights(*rights).copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from")
    all_of_it = with_rights(("s3:GetObject*", "from"), ("s3:PutObject*", "to"))
    all_of_it.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from")
    with refuses("AccessDenied"):  # a key that only looks like the allowed one
        all_of_it.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/x/../from")


def test_copying_a_named_version_asks_for_rights_to_versions(s3, bucket, user, document, refuses):
    s3.put_object(Bucket=bucket, Key="from", Body=b"x", Tagging="a=b")
    at = f"arn:aws:s3:::{bucket}/"

    def copy(version, *rights):
        c = user(document({"Effect": "Allow", "Action": list(rights), "Resource": at + "from"},
                          {"Effect": "Allow", "Action": "s3:PutObject*", "Resource": at + "to"})).client("s3")
        c.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from" + version)
    copy("", "s3:GetObject", "s3:GetObjectTagging")
    copy("?versionId=null", "s3:GetObjectVersion", "s3:GetObjectVersionTagging")
    for version, rights, word in (
            ("", ["s3:GetObjectVersion", "s3:GetObjectTagging"], "s3:GetObject on"),
            ("", ["s3:GetObject", "s3:GetObjectVersionTagging"], "s3:GetObjectTagging"),
            ("?versionId=null", ["s3:GetObject", "s3:GetObjectVersionTagging"], "s3:GetObjectVersion on"),
            ("?versionId=null", ["s3:GetObjectVersion", "s3:GetObjectTagging"], "s3:GetObjectVersionTagging")):
        with refuses("AccessDenied", word):
            copy(version, *rights)
    one = user(document({"Effect": "Allow", "Action": "s3:*", "Resource": at + "*"},
                        {"Effect": "Deny", "Action": "s3:GetObjectVersion", "Resource": at + "*", "Condition": {
                            "StringEquals": {"s3:VersionId": "null"}}})).client("s3")
    with refuses("AccessDenied", "explicit deny"):
        one.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from?versionId=null")


def test_deleting_many_judges_each(s3, bucket, user, document):
    for key in ("a/1", "a/2", "b/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    some = user(document(Action="s3:DeleteObject", Resource=f"arn:aws:s3:::{bucket}/a/*")).client("s3")
    keys = [{"Key": k} for k in ("a/1", "b/1", "a/2", "a/none")]
    done = some.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    assert [d["Key"] for d in done["Deleted"]] == ["a/1", "a/2", "a/none"]
    assert [(e["Key"], e["Code"]) for e in done["Errors"]] == [("b/1", "AccessDenied")]
    assert "s3:DeleteObject" in done["Errors"][0]["Message"]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["b/1"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b/1"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet


def test_the_expected_owner_must_be_the_owner(server, s3, bucket, refuses):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner=server.accounts["dev"]["id"])
    for call in (s3.get_object, s3.delete_object, s3.put_object):
        with refuses("AccessDenied"):
            call(Bucket=bucket, Key="k", ExpectedBucketOwner=server.accounts["prod"]["id"])
    with refuses("AccessDenied"):
        s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=server.accounts["prod"]["id"])


# ---- everybody ----

EVERYBODY = {"Principal": "*", "Action": "s3:GetObject"}


def anonymous(server, path, method="GET", body=b""):
    host, port = wire.split(server.url)
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return wire.raw(server, head.encode() + body)


def test_a_public_policy_is_refused_while_it_is_blocked(server, s3, bucket, allow, refuses):
    for public in (EVERYBODY, {**EVERYBODY, "Principal": {"AWS": ["*", root(server, "prod")]}},
                   {**EVERYBODY, "Condition": {"StringLike": {"aws:sourceVpce": "vpce-*"}}},
                   {**EVERYBODY, "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}},
                   {**EVERYBODY, "Condition": {"StringNotEquals": {"aws:sourceVpce": "vpce-1"}}}):
        with refuses("AccessDenied", "BlockPublicPolicy"):
            allow(public)
    for private in ({**EVERYBODY, "Condition": {"StringEquals": {"aws:sourceVpce": "vpce-1"}}},
                    {**EVERYBODY, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
                    {**EVERYBODY, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-x"}}},
                    {**EVERYBODY, "Effect": "Deny"}):
        allow(private)


def test_anonymous_requests(server, client, s3, bucket, allow, refuses):
    s3.put_object(Bucket=bucket, Key="k", Body=b"for all")
    assert anonymous(server, f"/{bucket}/k").code == "AccessDenied"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    allow(EVERYBODY)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    assert anonymous(server, f"/{bucket}/k").code == "AccessDenied"  # restricted
    with refuses("AccessDenied"):
        client("s3", "prod").get_object(Bucket=bucket, Key="k")
    s3.delete_public_access_block(Bucket=bucket)
    answer = anonymous(server, f"/{bucket}/k")
    assert (answer.status, answer.body) == (200, b"for all")
    client("s3", "prod").get_object(Bucket=bucket, Key="k")
    assert anonymous(server, f"/{bucket}/k?response-content-type=text/html").code == "InvalidRequest"
    assert anonymous(server, f"/{bucket}/none").code == "AccessDenied"
    for key, value, status in (("aws:userid", "anonymous", 200), ("aws:PrincipalAccount", "anonymous", 200),
                               ("aws:PrincipalType", "Anonymous", 200), ("aws:PrincipalIsAWSService", "false", 403),
                               ("aws:PrincipalArn", "", 403)):
        allow({**EVERYBODY, "Condition": {"StringEquals": {key: value}}})
        assert anonymous(server, f"/{bucket}/k").status == status, key
    allow(EVERYBODY)
    assert anonymous(server, f"/{bucket}").code == "AccessDenied"
    assert anonymous(server, f"/{bucket}/k", "PUT", b"mine").code == "AccessDenied"
    assert anonymous(server, "/made-by-nobody", "PUT").code == "AccessDenied"


def test_the_owners_root_gets_back_in(server, client, s3, bucket, allow, refuses):
    """Rule 18 is for root users alone: an administrator who locks himself out stays out."""
    allow({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})
    for call in (s3.get_bucket_policy, s3.delete_bucket_policy):
        with refuses("AccessDenied", "with an explicit deny in a resource-based policy"):
            call(Bucket=bucket)


# ---- presigned ----

@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(server, s3, bucket, version):
    signer = server.client("s3", config=botocore.config.Config(signature_version=version))
    s3.put_object(Bucket=bucket, Key="a b+é", Body=b"presigned")

    def ask(method, op, body=b"", **more):
        url = signer.generate_presigned_url(op, Params={"Bucket": bucket, "Key": "a b+é", **more}, ExpiresIn=60)
        target = "/" + url.split("/", 3)[3]
        return anonymous(server, target, method, body), target
    got, target = ask("GET", "get_object", ResponseContentType="x/y")
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, b"presigned", "x/y")
    assert ("AWSAccessKeyId" in target) == (version == "s3")
    assert anonymous(server, target.replace("x%2Fy", "z%2Fy"), "GET").code == "SignatureDoesNotMatch"
    assert anonymous(server, ask("GET", "get_object")[1], "DELETE").code == "SignatureDoesNotMatch"
    assert anonymous(server, target.replace("Expires=", "Expires=9"), "GET").status in (400, 403)
    assert ask("PUT", "put_object", b"put so")[0].status == 200
    assert s3.get_object(Bucket=bucket, Key="a b+é")["Body"].read() == b"put so"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_with_temporary_credentials(server, s3, bucket, role, document, version):
    """The token goes into the query and is proven there: no other session's, none, and not after the session's end."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    may = role(policy=document(Action="s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/*"))
    may_not = role(policy=document(Action="s3:PutObject", Resource=f"arn:aws:s3:::{bucket}/*"))

    def url(keys, seconds=60):
        signer = server.client("s3", keys=keys, config=botocore.config.Config(signature_version=version))
        link = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=seconds)
        assert "x-amz-security-token" in link.lower()
        return "/" + link.split("/", 3)[3]

    def get(target):
        return anonymous(server, target, "GET")
    got = get(url(may.keys))
    assert (got.status, got.body) == (200, b"x")
    said = get(url(may_not.keys))
    assert (said.status, said.code) == (403, "AccessDenied") and "s3:GetObject" in said.message and may_not.name in said.message
    mixed = {**may.keys, "SessionToken": may_not.keys["SessionToken"]}
    assert get(url(mixed)).code == "InvalidToken"
    assert get(url({**may.keys, "SessionToken": "x" * 200})).code == "InvalidToken"
    assert get(url({**may.keys, "SecretAccessKey": may_not.keys["SecretAccessKey"]})).code == "SignatureDoesNotMatch"
    good = url(may.keys)
    bare = "&".join(p for p in good.replace("?", "?&").split("&") if "security-token" not in p.lower()).replace("?&", "?")
    assert get(bare).code in ("InvalidAccessKeyId", "SignatureDoesNotMatch")
    if version == "s3":
        assert get(url(may.keys, -120)).code == "AccessDenied"
    iam = server.client("iam")
    iam.delete_role_policy(RoleName=may.name, PolicyName=iam.list_role_policies(RoleName=may.name)["PolicyNames"][0])
    assert get(good).code == "AccessDenied"
    iam.delete_role(RoleName=may.name)
    assert get(good).code == "InvalidAccessKeyId"


# ---- KMS ----

@pytest.fixture
def kms(client):
    return client("kms")


@pytest.fixture
def sealed(s3, bucket, kms):
    """The bucket, with a key of its own as default encryption."""
    key = kms.create_key()["KeyMetadata"]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["KeyId"]}}]})
    return key


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_sse_kms_from_end_to_end(server, bucket, sealed, scheme):
    s3 = server.client("s3", endpoint_url=server.url.replace("https:", scheme + ":"))
    body = os.urandom(200001)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", sealed["Arn"])
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body
    assert (got["ServerSideEncryption"], got["SSEKMSKeyId"]) == ("aws:kms", sealed["Arn"])
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=65530-65540")["Body"].read() == body[65530:65541]
    assert s3.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == sealed["Arn"]
    plain = s3.put_object(Bucket=bucket, Key="plain", Body=body, ServerSideEncryption="AES256")
    assert "SSEKMSKeyId" not in plain
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/plain")
    assert s3.head_object(Bucket=bucket, Key="copy")["SSEKMSKeyId"] == sealed["Arn"]
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


def test_sse_kms_in_parts(server, s3, bucket, sealed, tmp_path):
    body = os.urandom(1 << 20) * 20
    (tmp_path / "f").write_bytes(body)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
    s3.upload_file(str(tmp_path / "f"), bucket, "big", Config=config)
    s3.download_file(bucket, "big", str(tmp_path / "g"), Config=config)
    assert (tmp_path / "g").read_bytes() == body
    assert s3.head_object(Bucket=bucket, Key="big")["SSEKMSKeyId"] == sealed["Arn"]


def test_the_default_key_of_the_account(client, name):
    s3 = client("s3", "staging")
    s3.create_bucket(Bucket=name)
    put = s3.put_object(Bucket=name, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    managed = client("kms", "staging").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert put["SSEKMSKeyId"] == managed["Arn"] and managed["KeyManager"] == "AWS"
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"x"


def test_the_key_policy_decides(server, client, s3, bucket, sealed, kms, role, document, refuses):
    dev = server.accounts["dev"]["id"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    r = role(document(Action=["s3:*", "kms:*"]))
    theirs = r.client("s3")
    administration = {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{dev}:root"},
                      "Action": ["kms:Put*", "kms:Get*", "kms:Describe*", "kms:EnableKey", "kms:DisableKey"], "Resource": "*"}

    def policy(*more):
        kms.put_key_policy(KeyId=sealed["KeyId"], PolicyName="default", Policy=document(administration, *more))
    policy()
    for call in (lambda: theirs.get_object(Bucket=bucket, Key="k"), lambda: theirs.put_object(Bucket=bucket, Key="l", Body=b""),
                 lambda: theirs.create_multipart_upload(Bucket=bucket, Key="l"),
                 lambda: theirs.copy_object(Bucket=bucket, Key="l", CopySource=f"{bucket}/k")):
        with refuses("AccessDenied", "kms:", "no resource-based policy allows", sealed["Arn"]):
            call()
    use = {"Sid": "U", "Effect": "Allow", "Principal": {"AWS": r.arn}, "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
           "Resource": "*", "Condition": {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com",
                                                         "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/*"},
                                          "Bool": {"aws:ViaAWSService": "true"}}}
    policy(use)
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    theirs.put_object(Bucket=bucket, Key="l", Body=b"y")
    up = theirs.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    policy({**use, "Action": "kms:GenerateDataKey"})
    with refuses("AccessDenied", "kms:Decrypt"):
        theirs.get_object(Bucket=bucket, Key="k")
    with refuses("AccessDenied", "kms:Decrypt"):
        theirs.upload_part(Bucket=bucket, Key="m", UploadId=up, PartNumber=1, Body=b"x")
    policy(use)
    kms.disable_key(KeyId=sealed["KeyId"])
    with refuses("KMS.DisabledException"):
        theirs.get_object(Bucket=bucket, Key="k")
    kms.enable_key(KeyId=sealed["KeyId"])
    assert theirs.get_object(Bucket=bucket, Key="l")["Body"].read() == b"y"


def test_another_accounts_reader_needs_the_key_too(server, client, s3, bucket, allow, sealed, kms, document, refuses):
    s3.put_object(Bucket=bucket, Key="k", Body=b"the model")
    prod = {"AWS": root(server, "prod")}
    allow({"Principal": prod, "Action": "s3:GetObject"})
    with refuses("AccessDenied", "kms:Decrypt"):
        client("s3", "prod").get_object(Bucket=bucket, Key="k")
    kms.put_key_policy(KeyId=sealed["KeyId"], PolicyName="default", Policy=document(
        {"Effect": "Allow", "Principal": {"AWS": root(server, "dev")}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": prod, "Action": "kms:Decrypt", "Resource": "*"}))
    assert client("s3", "prod").get_object(Bucket=bucket, Key="k")["Body"].read() == b"the model"


def test_bucket_keys_and_contexts(server, s3, bucket, kms, user, document):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    wanted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    extra = base64.b64encode(json.dumps({"team": "ml"}).encode()).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x", BucketKeyEnabled=True, **wanted)["BucketKeyEnabled"]
    s3.put_object(Bucket=bucket, Key="l", Body=b"y", SSEKMSEncryptionContext=extra, **wanted)

    def reader(**equals):
        return user(document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
                             {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key,
                              "Condition": {"StringEquals": equals}})).client("s3")
    whole = reader(**{"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}"})
    teams = reader(**{"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/l", "kms:EncryptionContext:team": "ml"})
    assert whole.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert teams.get_object(Bucket=bucket, Key="l")["Body"].read() == b"y"
    for c, k in ((whole, "l"), (teams, "k")):
        with pytest.raises(ClientError):
            c.get_object(Bucket=bucket, Key=k)


def test_sse_kms_wants_sigv4(server, bucket, sealed, allow, s3):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for version, status in (("s3v4", 200), ("s3", 400)):
        c = server.client("s3", config=botocore.config.Config(signature_version=version))
        url = c.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        answer = anonymous(server, "/" + url.split("/", 3)[3])
        assert answer.status == status, answer.text
        assert status == 200 or answer.code == "InvalidArgument"


def test_kms_faults_are_spelled_as_s3s(s3, bucket, refuses):
    missing = "arn:aws:kms:us-east-1:%s:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(ClientError) as e:
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms",
                      SSEKMSKeyId="00000000-0000-0000-0000-000000000000")
    assert e.value.response["Error"]["Code"] == "KMS.NotFoundException", missing
    with refuses("InvalidArgument"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", SSEKMSKeyId="alias/x", ServerSideEncryption="AES256")
    with refuses("InvalidEncryptionAlgorithmError"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="rot13")


def test_a_denial_is_explained_with_its_inner_call(server, s3, bucket, sealed, role, document):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    reader = role(document(Action="s3:GetObject")).client("s3")
    with pytest.raises(ClientError) as e:
        reader.get_object(Bucket=bucket, Key="k")
    assert "kms:Decrypt" in e.value.response["Error"]["Message"]
    said = json.dumps(server.explain(e.value.response["ResponseMetadata"]["RequestId"]))
    assert "kms:Decrypt" in said
