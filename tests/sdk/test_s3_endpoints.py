# SPDX-License-Identifier: MIT
"""aws:SourceVpce and its kin in bucket policies: what is allowed through the endpoint that a policy names is denied
through another one and from outside, and the other way round. Every request is made by unmodified boto3 in a VPC."""
import contextlib
import json
import os

import botocore.exceptions
import pytest

from conftest import document
from test_network import Vpc

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

EXPLICIT = "with an explicit deny in a resource-based policy"
NOBODY = "because no identity-based policy allows the "
TRIES = ["get", "head", "put", "list", "copy", "delete", "presigned"]


@pytest.fixture(scope="module")
def near(server):
    """The VPC whose endpoint the policies name."""
    v = Vpc(server)
    v.s3, v.sts = v.gateway(), v.interface("sts")
    yield v
    v.remove()


@pytest.fixture(scope="module")
def far(server):
    """Another VPC of the same account, with an S3 endpoint of its own."""
    v = Vpc(server, cidr="10.7")
    v.s3 = v.gateway()
    yield v
    v.remove()


@pytest.fixture
def bucket(client, name):
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"what is dear")
    yield name
    with contextlib.suppress(botocore.exceptions.ClientError):
        s3.delete_bucket_policy(Bucket=name)
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def policy(client, bucket):
    def put(*statements):
        both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*({"Resource": both, **s} for s in statements)))
    return put


# One program for every place: each of TRIES, and what came of it.
PROGRAM = """
import urllib.request, urllib.error
keys = json.loads('''{keys}''')
CFG = CFG.merge(botocore.config.Config(signature_version="s3v4"))  # presigned URLs as KMS wants them
s3 = client("s3", **keys)
def presigned():
    url = s3.generate_presigned_url("get_object", Params={{"Bucket": b, "Key": "k"}})
    try:
        return "ok" if urllib.request.urlopen(url, timeout=10).status == 200 else "?"
    except urllib.error.HTTPError as e:
        return "AccessDenied: " + e.read().decode()
b = "{bucket}"
said = {{"get": attempt(s3.get_object, Bucket=b, Key="k"), "head": attempt(s3.head_object, Bucket=b, Key="k"),
        "put": attempt(s3.put_object, Bucket=b, Key="new", Body=b"x"), "list": attempt(s3.list_objects_v2, Bucket=b),
        "copy": attempt(s3.copy_object, Bucket=b, Key="copy", CopySource=b + "/k"),
        "delete": attempt(s3.delete_object, Bucket=b, Key="new"), "presigned": presigned()}}
print(json.dumps(said))
"""


def keys_of(identity):
    if identity is None:
        return "{}"
    k = identity.keys
    if isinstance(k, dict):
        k = (k["AccessKeyId"], k["SecretAccessKey"], k["SessionToken"])
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return json.dumps(dict(zip(names, k)))


def from_inside(vpc, bucket, identity=None):
    return vpc.python(PROGRAM.format(keys=keys_of(identity), bucket=bucket))


def from_outside(server, bucket, identity=None):
    """The endpoint door: no VPC, no endpoint."""
    s3 = identity.client("s3") if identity else server.client("s3")

    def attempt(f, **kw):
        try:
            f(Bucket=bucket, **kw)
            return "ok"
        except botocore.exceptions.ClientError as e:
            return e.response["Error"]["Code"] + ": " + e.response["Error"]["Message"]
    return {"get": attempt(s3.get_object, Key="k"), "head": attempt(s3.head_object, Key="k"),
            "put": attempt(s3.put_object, Key="new", Body=b"x"), "list": attempt(s3.list_objects_v2),
            "copy": attempt(s3.copy_object, Key="copy", CopySource=f"{bucket}/k"),
            "delete": attempt(s3.delete_object, Key="new")}


def all_ok(said):
    assert set(said.values()) == {"ok"}, said


def all_denied(said, words):
    for what, outcome in said.items():
        if what == "head":  # has no body that could say more
            assert outcome == "403: Forbidden", said
        else:
            assert outcome.startswith("AccessDenied: ") and words in outcome, (what, outcome)


def test_denied_but_through_the_endpoint(server, near, far, bucket, policy):
    """StringNotEquals in a Deny: a missing key is not equal (rule 32)."""
    policy({"Effect": "Deny", "Principal": "*", "Action": ["s3:*Object", "s3:ListBucket"],
            "Condition": {"StringNotEquals": {"aws:SourceVpce": near.s3}}})
    all_ok(from_inside(near, bucket))
    all_denied(from_inside(far, bucket), EXPLICIT)
    all_denied(from_outside(server, bucket), EXPLICIT)


def test_denied_but_through_one_of_several(server, near, far, bucket, policy):
    policy({"Effect": "Deny", "Principal": "*", "Action": ["s3:*Object", "s3:ListBucket"],
            "Condition": {"StringNotEquals": {"aws:sourceVpce": ["vpce-00000000000000000", near.s3, far.s3]}}})
    all_ok(from_inside(near, bucket))
    all_ok(from_inside(far, bucket))
    all_denied(from_outside(server, bucket), EXPLICIT)


def test_allowed_through_the_endpoint_alone(server, near, far, bucket, policy, user):
    """StringEquals in an Allow, for somebody who has no rights but these."""
    guest = user()
    policy({"Effect": "Allow", "Principal": {"AWS": guest.arn}, "Action": "s3:*",
            "Condition": {"StringEquals": {"aws:SourceVpce": near.s3}}})
    all_ok(from_inside(near, bucket, guest))
    all_denied(from_inside(far, bucket, guest), NOBODY)
    all_denied(from_outside(server, bucket, guest), NOBODY)


def test_denied_through_the_endpoint_alone(server, near, far, bucket, policy):
    policy({"Effect": "Deny", "Principal": "*", "Action": ["s3:*Object", "s3:ListBucket"],
            "Condition": {"StringEquals": {"aws:SourceVpce": near.s3}}})
    all_denied(from_inside(near, bucket), EXPLICIT)
    all_ok(from_inside(far, bucket))
    all_ok(from_outside(server, bucket))


@pytest.mark.parametrize("operator, value, opens", [
    ("StringNotEqualsIfExists", "near", "outside"), ("StringNotLike", "vpce-*", "inside"), ("Null", "true", "inside")])
def test_other_ways_to_say_it(server, near, far, bucket, policy, operator, value, opens):
    """IfExists lets in who comes through no endpoint; StringNotLike and Null ask for any endpoint."""
    policy({"Effect": "Deny", "Principal": "*", "Action": ["s3:*Object", "s3:ListBucket"],
            "Condition": {operator: {"aws:SourceVpce": near.s3 if value == "near" else value}}})
    all_ok(from_inside(near, bucket))
    if opens == "outside":
        # rule 33: a missing key is true under IfExists, so the Deny applies all the same
        all_denied(from_outside(server, bucket), EXPLICIT)
        all_denied(from_inside(far, bucket), EXPLICIT)
    else:
        all_ok(from_inside(far, bucket))
        all_denied(from_outside(server, bucket), EXPLICIT)


def test_vpc_and_address_of_the_way(server, near, far, bucket, policy):
    """aws:SourceVpc and aws:VpcSourceIp; aws:SourceIp is not there on the way through an endpoint (rule 39)."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": ["s3:*Object", "s3:ListBucket"]}
    policy({**deny, "Condition": {"StringNotEquals": {"aws:SourceVpc": near.id}}})
    all_ok(from_inside(near, bucket))
    all_denied(from_inside(far, bucket), EXPLICIT)
    policy({**deny, "Condition": {"NotIpAddress": {"aws:VpcSourceIp": "10.7.0.0/16"}}})
    all_ok(from_inside(far, bucket))
    all_denied(from_inside(near, bucket), EXPLICIT)
    all_denied(from_outside(server, bucket), EXPLICIT)
    policy({**deny, "Condition": {"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"]}}})
    all_ok(from_outside(server, bucket))
    all_denied(from_inside(near, bucket), EXPLICIT)


def test_the_seeds_statement(server, client, near, far, bucket, policy, refuses):
    """DenyNoVPC as the yardstick's templates have it, on the bucket and on the key of its objects: a service that calls
    on somebody's behalf is let pass (rule 21), the same person directly is not. S3 is such a service towards KMS."""
    kms, account = client("kms"), server.account("dev")["id"]
    unless = {"StringNotEquals": {"aws:sourceVpce": [near.s3]}, "Bool": {"aws:ViaAWSService": "false"}}
    key = kms.create_key(Policy=document(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Sid": "DenyNoVPC", "Effect": "Deny", "Principal": "*", "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
         "Resource": "*", "Condition": unless}))["KeyMetadata"]["Arn"]
    s3 = client("s3")
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
    with refuses("AccessDeniedException", EXPLICIT):
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"sealed")["SSEKMSKeyId"] == key  # S3 asks, for the same user
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"sealed"
    policy({"Sid": "DenyNoVPC", "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"],
            "Condition": unless})
    said = from_inside(near, bucket)
    all_ok(said)
    for said in (from_inside(far, bucket), from_outside(server, bucket)):
        assert said.pop("list") == said.pop("delete") == "ok"  # the statement does not speak of them
        all_denied(said, EXPLICIT)
    policy({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
            "Condition": {"Bool": {"aws:ViaAWSService": "true"}}})
    all_ok(from_outside(server, bucket))  # nobody outside is a service


def test_both_sides_of_the_way(server, near, bucket, policy):
    """The endpoint's own policy and the bucket's: each can say no, and the answer names which."""
    near.ec2.modify_vpc_endpoint(VpcEndpointId=near.s3, PolicyDocument=document(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::somebody-elses*"}))
    try:
        policy({"Effect": "Allow", "Principal": {"AWS": server.account("dev")["id"]}, "Action": "s3:*",
                "Condition": {"StringEquals": {"aws:SourceVpce": near.s3}}})
        all_denied(from_inside(near, bucket), "because no VPC endpoint policy allows the ")
    finally:
        near.ec2.modify_vpc_endpoint(VpcEndpointId=near.s3, ResetPolicy=True)
    all_ok(from_inside(near, bucket))


def test_an_endpoint_that_is_gone_opens_nothing(server, near, bucket, policy):
    """A new endpoint of the same VPC is another one."""
    other = Vpc(server, cidr="10.8")
    try:
        first = other.gateway()
        policy({"Effect": "Deny", "Principal": "*", "Action": ["s3:*Object", "s3:ListBucket"],
                "Condition": {"StringNotEquals": {"aws:SourceVpce": first}}})
        all_ok(from_inside(other, bucket))
        other.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
        assert other.gateway() != first
        all_denied(from_inside(other, bucket), EXPLICIT)
    finally:
        other.remove()
