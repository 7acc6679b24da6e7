# SPDX-License-Identifier: MIT
"""Runs inside the dev VPC (barmkin run --vpc): puts files into S3 under Amazon's own name, with no endpoint URL.

usage: upload.py BUCKET KEY=FILE...       prints [{"key", "bytes", "encryption", "key_arn"}]
"""
import json
import sys

import boto3
from botocore.config import Config

bucket, *files = sys.argv[1:]
s3 = boto3.client("s3", config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=20,
                                      s3={"us_east_1_regional_endpoint": "regional"}))
done = []
for item in files:
    key, path = item.split("=", 1)
    with open(path, "rb") as f:
        body = f.read()
    reply = s3.put_object(Bucket=bucket, Key=key, Body=body)  # the bucket's default encryption does the rest
    done.append({"key": key, "bytes": len(body), "encryption": reply.get("ServerSideEncryption"),
                 "key_arn": reply.get("SSEKMSKeyId")})
print(json.dumps(done))
