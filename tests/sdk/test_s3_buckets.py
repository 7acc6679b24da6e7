# SPDX-License-Identifier: MIT
"""s3 buckets through boto3: names, owners, settings, and requests that look like others."""
import json

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


@pytest.mark.old_client
def test_a_bucket_from_making_to_deleting(server, s3, name):
    """CreateBucket, HeadBucket, ListBuckets, GetBucketLocation, DeleteBucket"""
    s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)  # us-east-1: one's own bucket again is fine
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    listed = s3.list_buckets()
    assert name in [b["Name"] for b in listed["Buckets"]]
    assert len(listed["Owner"]["ID"]) == 64
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    s3.delete_bucket(Bucket=name)
    with pytest.raises(ClientError) as e:
        s3.head_bucket(Bucket=name)
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_names_are_one_space_for_all_accounts(client, bucket, refuses):
    with refuses("BucketAlreadyExists"):
        client("s3", "prod").create_bucket(Bucket=bucket)


def test_elsewhere_ones_own_bucket_is_a_conflict(server, name, refuses):
    west = server.session("dev").client("s3", region_name="eu-central-1", endpoint_url=server.url, verify=server.ca)
    where = {"LocationConstraint": "eu-central-1"}
    west.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    assert west.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-central-1"
    with refuses("BucketAlreadyOwnedByYou"):
        west.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    with refuses("IllegalLocationConstraintException"):
        west.create_bucket(Bucket=name + "x")
    with refuses("IllegalLocationConstraintException"):
        west.create_bucket(Bucket=name + "x", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refuses("InvalidLocationConstraint"):
        server.client("s3").create_bucket(Bucket=name + "x", CreateBucketConfiguration={"LocationConstraint": "here"})
    west.delete_bucket(Bucket=name)


@pytest.mark.parametrize("bad", ["ab", "A-b-c", "a_b_c", "-abc", "abc-", "a..b", "192.168.0.1", "x" * 64, "xn--abc",
                                 "abc-s3alias"])
def test_names_that_are_none(server, bad):
    r = wire.sign(server, wire.of(server), "s3", b"", "PUT", "/" + bad)
    answer = wire.send(server, r)
    assert (answer.status, answer.code) == (400, "InvalidBucketName")


def test_only_an_empty_bucket_is_deleted(s3, bucket, refuses):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    s3.create_multipart_upload(Bucket=bucket, Key="never completed")
    with refuses("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    with refuses("NoSuchBucket"):
        s3.list_objects_v2(Bucket=bucket)


def test_what_names_no_bucket_says_so(s3, refuses):
    for call in (s3.get_bucket_policy, s3.get_bucket_location, s3.list_objects_v2, s3.delete_bucket,
                 s3.get_bucket_encryption, s3.get_public_access_block):
        with refuses("NoSuchBucket") as e:
            call(Bucket="nobody-made-this-one")
        assert e.value.response["Error"]["BucketName"] == "nobody-made-this-one"


def test_the_list_of_buckets_goes_page_by_page(client, name):
    s3 = client("s3", "staging")
    if "MaxBuckets" not in s3.meta.service_model.operation_model("ListBuckets").input_shape.members:
        pytest.skip("this client is older than pages of buckets")
    for i in range(3):
        s3.create_bucket(Bucket=f"{name}-{i}")
    found, token = [], {}
    for _ in range(9):
        page = s3.list_buckets(MaxBuckets=2, Prefix=name, **token)
        found += [b["Name"] for b in page["Buckets"]]
        if "ContinuationToken" not in page:
            break
        token = {"ContinuationToken": page["ContinuationToken"]}
    assert found == [f"{name}-{i}" for i in range(3)]
    for b in found:
        s3.delete_bucket(Bucket=b)


# ---- settings ----

def test_a_policy_is_kept_as_aws_writes_it(server, s3, bucket, refuses):
    """PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy, GetBucketPolicyStatus"""
    with refuses("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    prod, staging = server.accounts["prod"]["id"], server.accounts["staging"]["id"]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    put = {"Version": "2012-10-17", "Statement": [{**statement, "Principal": {"AWS": [prod]}},
                                                  {**statement, "Principal": {"AWS": [prod, staging]}}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(put))
    got = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert got["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{prod}:root"}
    assert got["Statement"][1]["Principal"] == {"AWS": [f"arn:aws:iam::{prod}:root", f"arn:aws:iam::{staging}:root"]}
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": False}
    s3.delete_bucket_policy(Bucket=bucket)
    with refuses("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize("bad", [
    "", "nothing", "[]", '{"Version":"2012-10-17"}', '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",'
    '"Resource":"arn:aws:s3:::another-bucket/*"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:role/nobody"},'
    '"Action":"s3:*","Resource":"arn:aws:s3:::%s"}]}'])
def test_policies_that_are_none(server, s3, bucket, bad, refuses):
    bad = bad.replace("%s", server.accounts["dev"]["id"], 1).replace("%s", bucket)
    with refuses("MalformedPolicy"):
        s3.put_bucket_policy(Bucket=bucket, Policy=bad)
    with refuses("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


def test_default_encryption_is_never_nothing(s3, bucket, refuses):
    """PutBucketEncryption, GetBucketEncryption, DeleteBucketEncryption"""
    def rule():
        return s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]

    def put(**default):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]})
    assert rule()["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    put(SSEAlgorithm="aws:kms", KMSMasterKeyID="alias/some")
    assert rule() == {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/some"},
                      "BucketKeyEnabled": True}
    with refuses("MalformedXML"):
        put(SSEAlgorithm="rot13")
    with refuses("InvalidArgument"):
        put(SSEAlgorithm="AES256", KMSMasterKeyID="alias/some")
    s3.delete_bucket_encryption(Bucket=bucket)
    assert rule()["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_the_public_access_block_is_on_from_the_start(s3, bucket, refuses):
    """GetPublicAccessBlock, PutPublicAccessBlock, DeletePublicAccessBlock"""
    four = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == dict.fromkeys(four, True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        **dict.fromkeys(four, False), "BlockPublicPolicy": True}
    s3.delete_public_access_block(Bucket=bucket)
    with refuses("NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket=bucket)


def test_tags_versioning_acl_and_ownership(s3, bucket, refuses):
    """PutBucketTagging, GetBucketTagging, DeleteBucketTagging, GetBucketVersioning, GetBucketAcl, PutBucketAcl,
    GetBucketOwnershipControls"""
    with refuses("NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)
    tags = [{"Key": "a", "Value": "1"}, {"Key": "ключ", "Value": "<&>"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    with refuses("InvalidTag"):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags + tags})
    s3.delete_bucket_tagging(Bucket=bucket)
    with refuses("NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=bucket)
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [(g["Permission"], g["Grantee"]["Type"]) for g in grants] == [("FULL_CONTROL", "CanonicalUser")]
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    with refuses("AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


# ---- requests that look like others ----

@pytest.mark.parametrize("method,query", [
    ("DELETE", "cors"), ("DELETE", "lifecycle"), ("DELETE", "website"), ("DELETE", "replication"), ("DELETE", "analytics"),
    ("DELETE", "policyStatus"), ("PUT", "acl&versionId=1"), ("DELETE", "unheard-of"), ("DELETE", "inventory=")])
def test_a_subresource_nobody_built_is_never_the_thing_itself(server, s3, bucket, method, query):
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    for path in (f"/{bucket}?{query}", f"/{bucket}/k?{query}"):
        answer = wire.send(server, wire.sign(server, wire.of(server), "s3", b"", method, path))
        assert answer.status in (400, 501), answer.text
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


def test_what_is_known_and_not_built_is_judged_first(server, s3, bucket, user, document, refuses):
    with refuses("NotImplemented"):
        s3.get_bucket_cors(Bucket=bucket)
    with refuses("AccessDenied", "s3:GetBucketCORS"):
        user(document(Action="s3:GetObject")).client("s3").get_bucket_cors(Bucket=bucket)


def test_host_style(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"by path")
    port = server.url.rsplit(":", 1)[1]
    for host in (f"{bucket}.s3.us-east-1.amazonaws.com", f"{bucket}.s3.amazonaws.com", f"{bucket}.s3.localhost:{port}"):
        r = wire.sign(server, wire.of(server), "s3", b"", "GET", "/a/b", headers={"Host": host})
        answer = wire.send(server, r)
        assert (answer.status, answer.body) == (200, b"by path"), answer.text
        r = wire.sign(server, wire.of(server), "s3", b"", "GET", "/?list-type=2", headers={"Host": host})
        assert b"<Key>a/b</Key>" in wire.send(server, r).body


@pytest.mark.parametrize("body", [b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", b"<Tagging", b"",
                                  b"<!DOCTYPE x [<!ENTITY e 'x'>]><Tagging><TagSet/></Tagging>", b"<a>" * 100])
def test_bad_xml(server, s3, bucket, body):
    import base64
    import hashlib
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    r = wire.sign(server, wire.of(server), "s3", body, "PUT", f"/{bucket}?tagging", headers={"Content-MD5": md5})
    answer = wire.send(server, r)
    assert (answer.status, answer.code) == (400, "MalformedXML"), answer.text


def test_a_body_that_is_not_what_its_headers_say(server, s3, bucket):
    body = b"<Tagging><TagSet></TagSet></Tagging>"
    for headers, code in (({"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest"), ({"Content-MD5": "x"}, "InvalidDigest"),
                          ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest")):
        r = wire.sign(server, wire.of(server), "s3", body, "PUT", f"/{bucket}?tagging", headers=headers)
        assert wire.send(server, r).code == code
