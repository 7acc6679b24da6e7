#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One description of policies and requests, written for three engines.

usage: tests/bench/decisions.py POLICIES FOLDER     writes FOLDER/iam.json, cedar.json, policy.rego, requests.json
The policies are those of a machine-learning platform after AWS's reference: buckets reached through one VPC endpoint,
encryption that must be asked for (Null), prefixes per team, roles handed to services. One statement a policy, so that
a policy counts as one everywhere. All of them apply to the one caller: nothing is sliced off beforehand. The seed is
fixed: the same number makes the same files.
"""
import json
import os
import random
import sys

ACCOUNT = "111122223333"
VPCE = "vpce-0a1b2c3d4e5f60718"
REQUESTS = 256
ACTIONS = {
    "s3": ["GetObject", "PutObject", "DeleteObject", "ListBucket", "GetObjectTagging", "PutObjectTagging",
           "GetBucketLocation", "AbortMultipartUpload", "GetBucketPolicy", "PutBucketPolicy", "GetObjectVersion"],
    "kms": ["Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey", "CreateGrant", "ReEncryptFrom"],
    "sagemaker": ["CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "CreateProcessingJob", "CreateModel",
                  "DescribeModel", "DeleteModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint",
                  "InvokeEndpoint", "DescribeEndpoint", "CreateHyperParameterTuningJob", "AddTags", "ListTags"],
    "iam": ["PassRole", "GetRole"],
    "ecr": ["BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability"],
    "logs": ["CreateLogGroup", "CreateLogStream", "PutLogEvents", "DescribeLogStreams"],
    "ssm": ["GetParameter", "PutParameter"],
    "ec2": ["CreateNetworkInterface", "DeleteNetworkInterface", "DescribeSubnets"],
}
ALL = [f"{s}:{a}" for s, names in ACTIONS.items() for a in names]
KMS_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def covered(pattern):
    """The actions that a pattern with at most one star, at its end, means."""
    return [a for a in ALL if a == pattern or (pattern.endswith("*") and a.startswith(pattern[:-1]))]


# ---- the policies ----

def bucket(team):
    return f"arn:aws:s3:::mlops-dev-{ACCOUNT}-us-east-1-team{team}-data"


def key(team):
    """An alias: a key itself would ask for its key policy (rule 10), which the other engines know nothing of."""
    return f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/mlops-team{team}-data-key"


def sagemaker(kind, team):
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/team{team}-"


def role(team):
    return f"arn:aws:iam::{ACCOUNT}:role/mlops-team{team}-SageMakerExecutionRole"


VIA = {"StringEquals": {"aws:SourceVpce": VPCE}}
READ = ["s3:GetObject", "s3:GetObjectTagging"]
WRITE = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
KINDS = [
    lambda t: ("Allow", READ, [bucket(t) + "/*"], VIA),
    lambda t: ("Allow", WRITE, [bucket(t) + f"/team{t}/output/*"], VIA),
    lambda t: ("Deny", ["s3:*"], [bucket(t), bucket(t) + "/*"], {"StringNotEquals": {"aws:SourceVpce": VPCE}}),
    lambda t: ("Deny", ["s3:PutObject"], [bucket(t) + "/*"], {"Null": {KMS_KEY: "true"}}),
    lambda t: ("Allow", ["s3:ListBucket"], [bucket(t)], {"StringLike": {"s3:prefix": [f"team{t}/*", "shared/*"]}}),
    lambda t: ("Allow", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"], [key(t)],
               {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}),
    lambda t: ("Allow", ["sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob"],
               [sagemaker("training-job", t) + "*", sagemaker("processing-job", t) + "*"],
               {"Null": {"sagemaker:VpcSubnets": "false", "sagemaker:VpcSecurityGroupIds": "false"}}),
    lambda t: ("Deny", ["sagemaker:Create*"], [sagemaker("*", t) + "*"], {"Null": {"sagemaker:VpcSubnets": "true"}}),
    lambda t: ("Allow", ["sagemaker:Describe*", "sagemaker:ListTags"], [sagemaker("*", t) + "*"], {}),
    lambda t: ("Allow", ["sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint"],
               [sagemaker("model", t) + "*", sagemaker("endpoint", t) + "*", sagemaker("endpoint-config", t) + "*"],
               {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}),
    lambda t: ("Allow", ["sagemaker:InvokeEndpoint"], [sagemaker("endpoint", t) + "*"], VIA),
    lambda t: ("Allow", ["iam:PassRole"], [role(t)], {"StringEquals": {"iam:PassedToService":
                                                                       "sagemaker.amazonaws.com"}}),
    lambda t: ("Allow", ["logs:*"], [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/team{t}/*"], {}),
    lambda t: ("Allow", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
               [f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team{t}/*"], {}),
    lambda t: ("Allow", ["ssm:GetParameter"], [f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/team{t}/*"], VIA),
]


def make_policies(n):
    """Kind by kind, team by team; the smallest set has the bucket's statements and two more."""
    order = [0, 2, 3, 6, 8, 1, 4, 5, 7, 9, 10, 11, 12, 13, 14]
    return [KINDS[order[i % len(order)]](i // len(order)) for i in range(n)]


# ---- the requests ----

CONCRETE = {"training-job": "CreateTrainingJob", "processing-job": "CreateProcessingJob"}


def make_resource(pattern, action, rnd):
    if "sagemaker" in pattern and ":*/" in pattern:
        kinds = {"Training": "training-job", "Processing": "processing-job", "EndpointConfig": "endpoint-config",
                 "Endpoint": "endpoint", "Model": "model"}
        kind = next((v for k, v in kinds.items() if k in action), "training-job")
        pattern = pattern.replace(":*/", f":{kind}/")
    return pattern.replace("*", f"run-{rnd.randrange(10000):04d}/part-{rnd.randrange(100):02d}")


def make_context(action, team, rnd):
    user = f"mlops-team{team}-DataScientist"
    c = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{user}", "aws:PrincipalAccount": ACCOUNT,
         "aws:userid": "AROAEXAMPLEEXAMPLE123:ana", "aws:SecureTransport": "true", "aws:RequestedRegion": "us-east-1",
         "aws:ViaAWSService": "false", "aws:CurrentTime": "2026-11-29T12:00:00Z"}
    if rnd.random() < 0.85:
        c["aws:SourceVpce"] = VPCE
    elif rnd.random() < 0.5:
        c["aws:SourceVpce"] = "vpce-0ffffffffffffffff"
    if action == "s3:PutObject" and rnd.random() < 0.8:
        c[KMS_KEY] = key(team)
    if action == "s3:ListBucket":
        c["s3:prefix"] = rnd.choice([f"team{team}/run-17/", "shared/", "other/"])
    if action.startswith("kms:"):
        c["kms:ViaService"] = rnd.choice(["s3.us-east-1.amazonaws.com"] * 3 + ["ec2.us-east-1.amazonaws.com"])
    if action.startswith("sagemaker:Create") and rnd.random() < 0.8:
        c["sagemaker:VpcSubnets"] = ["subnet-0aaa", "subnet-0bbb"]
        c["sagemaker:VpcSecurityGroupIds"] = ["sg-0ccc"]
    if action == "iam:PassRole":
        c["iam:PassedToService"] = rnd.choice(["sagemaker.amazonaws.com"] * 3 + ["ec2.amazonaws.com"])
    return c


def make_requests(policies, rnd):
    out = []
    for _ in range(REQUESTS):
        at = rnd.randrange(len(policies))
        _, actions, resources, _ = policies[at]
        action = rnd.choice(covered(rnd.choice(actions)))
        resource = make_resource(rnd.choice(resources), action, rnd)
        if rnd.random() < 0.1: # what no policy knows
            action, resource = rnd.choice(ALL), resource.replace("team", "crew")
        out.append({"action": action, "resource": resource, "context": make_context(action, at // 15, rnd)})
    return out


# ---- the same for each engine ----

def iam(policies):
    return [{"Version": "2012-10-17",
             "Statement": [{"Effect": e, "Action": a, "Resource": r, **({"Condition": c} if c else {})}]}
            for e, a, r, c in policies]


def q(text):
    return json.dumps(text)


def as_list(v):
    return v if isinstance(v, list) else [v]


def cedar_condition(operator, k, values):
    have = f"context has {q(k)}"
    if operator == "Null":
        return f"!({have})" if values == ["true"] else have
    tests = [f"context[{q(k)}] {'like' if operator == 'StringLike' else '=='} {q(v)}" for v in values]
    one = f"({have} && ({' || '.join(tests)}))"
    return f"!{one}" if operator == "StringNotEquals" else one


def cedar(policies):
    """The ARN is text in the context, as its patterns are; actions with stars are groups of actions."""
    out = []
    for effect, actions, resources, conditions in policies:
        when = ["(" + " || ".join(f"context.arn like {q(r)}" for r in resources) + ")"]
        when += [cedar_condition(o, k, as_list(v)) for o, keys in conditions.items() for k, v in keys.items()]
        scope = f"action in [{', '.join(f'Action::{q(a)}' for a in actions)}]"
        out.append(f"{'permit' if effect == 'Allow' else 'forbid'} (principal, {scope}, resource) "
                   f"when {{ {' && '.join(when)} }};")
    groups = sorted({a for _, actions, _, _ in policies for a in actions if a.endswith("*")})
    parents = {a: [g for g in groups if a.startswith(g[:-1])] for a in ALL}
    return {"policies": "\n".join(out), "actions": {**parents, **{g: [] for g in groups}}}


def rego_condition(operator, k, values):
    c = f"input.context[{q(k)}]"
    if operator == "Null":
        return [f"not {c}"] if values == ["true"] else [c]
    if operator == "StringLike":
        return [f"some p in {q([v[:-1] for v in values])}", f"startswith({c}, p)"]
    if operator == "StringNotEquals":
        return [f"not {c} == {q(values[0])}"]
    return [f"{c} == {q(values[0])}"] if len(values) == 1 else [f"{c} in {q(values)}"]


def rego_resource(r):
    if ":*/" in r:
        kind, team = r.split(":*/")
        return [f"startswith(input.resource, {q(kind + ':')})", f"contains(input.resource, {q('/' + team[:-1])})"]
    return [f"startswith(input.resource, {q(r[:-1])})" if r.endswith("*") else f"input.resource == {q(r)}"]


def rego(policies):
    """One rule for each action and resource, its action first, so that OPA's rule index finds it."""
    out = ["package barmkin", "default allow := false", "allow if { granted; not denied }"]
    for effect, actions, resources, conditions in policies:
        tail = [t for o, keys in conditions.items() for k, v in keys.items() for t in rego_condition(o, k, as_list(v))]
        for action in sorted({c for a in actions for c in covered(a)}):
            for r in resources:
                body = "; ".join([f"input.action == {q(action)}"] + rego_resource(r) + tail)
                out.append(f"{'granted' if effect == 'Allow' else 'denied'} if {{ {body} }}")
    return "\n".join(out) + "\n"


def main():
    n, folder = int(sys.argv[1]), sys.argv[2]
    policies = make_policies(n)
    os.makedirs(folder, exist_ok=True)
    for name, content in (("iam.json", iam(policies)), ("cedar.json", cedar(policies)),
                          ("requests.json", make_requests(policies, random.Random(n)))):
        with open(os.path.join(folder, name), "w") as f:
            json.dump(content, f, separators=(",", ":"))
    with open(os.path.join(folder, "policy.rego"), "w") as f:
        f.write(rego(policies))


main()
