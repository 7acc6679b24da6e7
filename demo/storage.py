# SPDX-License-Identifier: MIT
"""Step 2, storage in dev: customer keys, encrypted buckets, and the policies that tie both to the VPCs."""
import json

from identity import USE_KEY, policy, root_arn

# What an account's root may do with the volumes' key: administer it and make grants, but never decrypt. Only a grant
# that SageMaker makes for one job opens a volume.
ADMINISTER = ["kms:DescribeKey", "kms:EnableKey", "kms:DisableKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy",
              "kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias", "kms:CreateGrant", "kms:ListGrants",
              "kms:RevokeGrant", "kms:TagResource", "kms:UntagResource", "kms:ListResourceTags",
              "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"]


def bucket_names(world):
    stem = f"demo-dev-{world.region}-{world.id('dev')}"
    return f"{stem}-data", f"{stem}-models"


def no_vpc(actions, resources, endpoints):
    """DenyNoVPC: nobody at all, unless through one of these endpoints or by a service on the caller's behalf."""
    return {"Sid": "DenyNoVPC", "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resources,
            "Condition": {"StringNotEquals": {"aws:sourceVpce": endpoints}, "Bool": {"aws:ViaAWSService": "false"}}}


def key_policy(world, roles, endpoints):
    return policy({"Sid": "EnableIAMPolicies", "Effect": "Allow", "Principal": {"AWS": root_arn(world, "dev")},
                   "Action": "kms:*", "Resource": "*"},
                  {"Sid": "AllowCrossAccount", "Effect": "Allow", "Principal": {"AWS": roles}, "Action": USE_KEY,
                   "Resource": "*"},
                  no_vpc(USE_KEY, "*", endpoints))


def bucket_policy(bucket, readers, endpoints):
    resources = [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"]
    return policy({"Sid": "AllowCrossAccount", "Effect": "Allow", "Principal": {"AWS": readers},
                   "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": resources},
                  no_vpc(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketAcl", "s3:GetObjectAcl",
                          "s3:PutBucketAcl", "s3:PutObjectAcl"], resources, endpoints))


def make_key(world, alias, text, key_policy=None):
    kms = world.client("kms", "dev")
    key = kms.create_key(Description=text, **({"Policy": key_policy} if key_policy else {}))["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{alias}", TargetKeyId=key["KeyId"])
    return key["Arn"]


def make_volume_key(world):
    return make_key(world, "demo-dev-volumes", "volumes of jobs: opened by grants only", policy(
        {"Sid": "AdministerOnly", "Effect": "Allow", "Principal": {"AWS": root_arn(world, "dev")},
         "Action": ADMINISTER, "Resource": "*"}))


def make_bucket(world, name, key_arn):
    s3 = world.client("s3", "dev")
    s3.create_bucket(Bucket=name)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True})
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}}]})


def key_policy_without(text, principal):
    """A key policy with one principal taken out of AllowCrossAccount."""
    document = json.loads(text)
    for statement in document["Statement"]:
        if statement["Sid"] == "AllowCrossAccount":
            statement["Principal"]["AWS"] = [p for p in statement["Principal"]["AWS"] if p != principal]
    return json.dumps(document)
