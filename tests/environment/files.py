# SPDX-License-Identifier: MIT
"""Puts the templates into a bucket, and says how to create the whole from there."""
import glob
import os

HERE = os.path.dirname(os.path.abspath(__file__))
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


def deliver(s3, bucket, change=lambda name, text: text):
    """Each template as BUCKET/NAME; change edits one on its way."""
    s3.create_bucket(Bucket=bucket)
    for path in glob.glob(os.path.join(HERE, "*.yaml")):
        with open(path, encoding="utf-8") as f:
            s3.put_object(Bucket=bucket, Key=os.path.basename(path), Body=change(os.path.basename(path), f.read()).encode())


def order(bucket, team, **parameters):
    """What CreateStack and UpdateStack of the quickstart want to know."""
    given = {"Team": team, "TemplateBucket": bucket, **parameters}
    return {"TemplateURL": f"https://s3.us-east-1.amazonaws.com/{bucket}/quickstart.yaml", "Capabilities": CAPABILITIES,
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()]}
