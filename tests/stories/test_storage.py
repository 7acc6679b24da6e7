# SPDX-License-Identifier: MIT
"""Data in dev's buckets: who reads it, and under which key."""
import json

import pytest


@pytest.fixture
def bucket(server, name):
    """A bucket of dev whose objects are sealed under a customer key: (bucket, key id)."""
    s3, kms = server.client("s3", "dev"), server.client("kms", "dev")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    s3.create_bucket(Bucket=name)
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
    yield name, key
    s3.delete_bucket_policy(Bucket=name)
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


def allow(principal, actions, resources, **condition):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": resources, **condition}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_deny_without_vpce(server, bucket, refuses):
    """Explicit deny if not via designated endpoint: not even dev's administrator reads the bucket from outside the VPC."""
    name, _ = bucket
    s3 = server.client("s3", "dev")
    s3.put_object(Bucket=name, Key="k", Body=b"data")
    s3.put_bucket_policy(Bucket=name, Policy=policy(
        {"Sid": "DenyNoVPC", "Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"],
         "Resource": f"arn:aws:s3:::{name}/*",
         "Condition": {"StringNotEquals": {"aws:sourceVpce": ["vpce-0123456789abcdef0"]},
                       "Bool": {"aws:ViaAWSService": "false"}}}))
    with refuses("AccessDenied", "explicit deny in a resource-based policy"):
        s3.get_object(Bucket=name, Key="k")
    with refuses("AccessDenied", "explicit deny in a resource-based policy"):
        s3.put_object(Bucket=name, Key="k2", Body=b"x")


def test_key_and_bucket_both(server, bucket, role, document, refuses):
    """Another account's role needs the bucket's policy and the key's policy; without the key the object stays shut."""
    name, key = bucket
    s3, kms, dev = server.client("s3", "dev"), server.client("kms", "dev"), server.account("dev")["id"]
    reader = role(profile="prod", policy=document(Action=["s3:GetObject", "kms:Decrypt"]))
    s3.put_object(Bucket=name, Key="model", Body=b"weights")
    mine = reader.client("s3")
    with refuses("AccessDenied"):
        mine.get_object(Bucket=name, Key="model")
    s3.put_bucket_policy(Bucket=name, Policy=policy(allow(reader.arn, "s3:GetObject", f"arn:aws:s3:::{name}/*")))
    with refuses("AccessDenied", "kms:Decrypt"):
        mine.get_object(Bucket=name, Key="model")
    root = allow(f"arn:aws:iam::{dev}:root", "kms:*", "*")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(root, allow(reader.arn, "kms:Decrypt", "*")))
    assert mine.get_object(Bucket=name, Key="model")["Body"].read() == b"weights"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(root))
    with refuses("AccessDenied", "no resource-based policy allows the kms:Decrypt action"):
        mine.get_object(Bucket=name, Key="model")


def test_disabled_key(server, bucket):
    """A disabled key shuts everything that was sealed under it, and opens it again when it is enabled."""
    import botocore.exceptions
    name, key = bucket
    s3, kms = server.client("s3", "dev"), server.client("kms", "dev")
    s3.put_object(Bucket=name, Key="k", Body=b"sealed")
    kms.disable_key(KeyId=key)
    with pytest.raises(botocore.exceptions.ClientError) as e:
        s3.get_object(Bucket=name, Key="k")
    assert "isabled" in e.value.response["Error"]["Code"] + e.value.response["Error"]["Message"]
    kms.enable_key(KeyId=key)
    assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"sealed"
