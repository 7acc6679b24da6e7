# SPDX-License-Identifier: MIT
"""Runs inside a VPC (barmkin run --vpc): one S3 call under Amazon's own name. Prints its outcome as JSON.

usage: inside.py get BUCKET KEY [FILE]    the object, to FILE if given
       inside.py list BUCKET
Credentials of somebody else than the profile's come as JSON on standard input.
"""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

verb, bucket, *rest = sys.argv[1:]
given = sys.stdin.read().strip()
keys = {}
if given:
    given = json.loads(given)
    keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"]}
s3 = boto3.client("s3", **keys, config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=20,
                                              s3={"us_east_1_regional_endpoint": "regional"}))
try:
    if verb == "get":
        reply = s3.get_object(Bucket=bucket, Key=rest[0])
        body = reply["Body"].read()
        if len(rest) > 1:
            with open(rest[1], "wb") as f:
                f.write(body)
        outcome = {"bytes": len(body), "encryption": reply.get("ServerSideEncryption")}
    else:
        outcome = {"keys": [o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]}
except ClientError as error:
    outcome = {"error": {**error.response["Error"], "RequestId": error.response["ResponseMetadata"]["RequestId"]}}
print(json.dumps(outcome))
