#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Random cases for the policy engine, the same for the same seed: usage generate.py SEED COUNT > cases.ndjson.
The alphabets are small and patterns are made from the request itself, so that matches, near misses and quarrels between
layers are as frequent as plain ones. What rarely matters is rare: one case in thirty has a malformed policy."""
import json
import random
import sys

A, B, C = "111111111111", "222222222222", "333333333333"
NAMES = ("ana", "bob", "ds")
SERVICES = ("sagemaker.amazonaws.com", "s3.amazonaws.com")

# For each kind of resource: actions, resources, may it have a resource policy, and what its owner can be.
SCENES = [
    ("s3", ("s3:GetObject", "s3:PutObject", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "S3:getobject"),
     ("arn:aws:s3:::data/ana/x", "arn:aws:s3:::data/bob/x", "arn:aws:s3:::data/a*", "arn:aws:s3:::data", "arn:aws:s3:::data/ana/\u00e9:1")),
    ("s3 list", ("s3:ListAllMyBuckets",), ("arn:aws:s3:::*",)),
    ("kms", ("kms:Decrypt", "kms:Encrypt", "kms:CreateGrant"), ("arn:aws:kms:us-east-1:{0}:key/k1", "arn:aws:kms:us-east-1:{0}:key/k2")),
    ("kms other", ("kms:CreateKey", "kms:ListKeys", "kms:DeleteAlias"), ("*", "arn:aws:kms:us-east-1:{0}:alias/x", "arn:aws:kms:us-east-1:{0}:alias/aws/s3")),
    ("trust", ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRoleWithWebIdentity"),
     ("arn:aws:iam::{0}:role/ds", "arn:aws:iam::{0}:role/p/deploy", "arn:aws:iam::{0}:role/aws-reserved/x")),
    ("sts", ("sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetFederationToken", "sts:DecodeAuthorizationMessage"), ("*",)),
    ("iam", ("iam:GetRole", "iam:PassRole", "iam:DeleteRole", "iam:TagRole", "iam:passrole"),
     ("arn:aws:iam::{0}:role/ds", "arn:aws:iam::{0}:role/aws-reserved/x", "arn:aws:iam::{0}:role/p/deploy")),
    ("iam policy", ("iam:GetPolicy", "iam:DeletePolicy", "iam:CreatePolicyVersion"), ("arn:aws:iam::aws:policy/Read", "arn:aws:iam::{0}:policy/mine")),
    ("sqs", ("sqs:SendMessage", "sqs:ReceiveMessage"), ("arn:aws:sqs:us-east-1:{0}:q", "arn:aws:sqs:us-west-2:{0}:q")),
    ("ec2", ("ec2:RunInstances", "ec2:DescribeInstances"), ("*", "arn:aws:ec2:us-east-1:{0}:instance/i-1", "arn:aws:ec2:us-east-1:{0}:subnet/s-1")),
    ("logs", ("logs:PutLogEvents",), ("arn:aws:logs:us-east-1:{0}:log-group:g:log-stream:s", "arn:aws:logs:us-east-1:{0}:log-group:g")),
]
WEIGHTED = [s for s, times in zip(SCENES, (6, 1, 3, 2, 4, 1, 2, 1, 2, 2, 1)) for _ in range(times)]

STRINGS = ("ana", "bob", "Ana", "an", "a*", "x", "", "\u00e9", "vpce-1", "${*}", "data")
NUMBERS = ("10", "9", "10.0", "-3", "0.5", "11", "ten", "")
DATES = ("2026-11-29T12:00:00Z", "2026-11-29T13:00:00+01:00", "2026-11-29", "2026-11", "2027", "1795953600", "1795953601",
         "2026-11-29T12:00:01.5Z", "2026-11-29T12:00:00", "yesterday", "2026-11-31", "2026-11-29T12:00:61Z",
         "2026-11-29T12:00:00+15:00", "2026-11-29T12:00:00.0009+0000")
ADDRESSES = ("10.1.2.3", "10.1.3.4", "192.168.0.1", "2001:db8::1", "2001:db9::1", "10.1.2", "")
TRUTHS = ("true", "false", "True", "maybe")
ARNS = ("arn:aws:s3:::data", "arn:aws:iam::111111111111:role/ds", "arn:aws:iam::222222222222:role/p/ds",
        "arn:aws:sagemaker:us-east-1:111111111111:training-job/j:1", "ana", "*")
BYTES = ("YWJj", "YWJk", "")

W_STRINGS = ("ana", "bob", "ANA", "a*", "?na", "*", "an?", "", "${aws:username}", "${AWS:UserName, 'bob'}", "${aws:TagKeys}", "${*}",
             "a${*}", "${$}{*}", "\u00e9", "?", "vpce-1", "vpce-2", "${aws:none, 'ana'}", "${aws:none}", "data")
W_NUMBERS = ("10", "10.0", "9", "-3", "0.50", 10, 9, -3, "11")
W_DATES = ("2026-11-29T12:00:00Z", "2026-11-29T12:00:00.000Z", "2026-11-29T05:00:00-07:00", "2026-11-29", "2026", "1795953600", 1795953601, "2026-11-29T12:00Z")
W_ADDRESSES = ("10.1.0.0/16", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1", "::/0", "192.168.0.0/24")
W_TRUTHS = ("true", "false", "TRUE", True, False)
W_ARNS = ("arn:aws:s3:::data", "arn:aws:iam::*:role/ds", "arn:aws:iam::111111111111:role/*", "arn:*:*:*:*:*", "arn:aws:iam::${aws:PrincipalAccount}:role/ds",
          "arn:aws:s?:::da*", "arn:aws:sagemaker:us-east-1:111111111111:training-job/*", "arn:aws:iam::222222222222:role/p/d?",
          "arn:aws:s3:::${aws:none, 'data'}", "arn:aws:s3:::${aws:none}")
W_BYTES = ("YWJj", "YWJk")

# A family: operators, keys, values in requests, values in policies.
COMPARED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES = [
    (("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"),
     ("aws:username", "aws:SourceVpce", "aws:PrincipalTag/team", "s3:prefix", "aws:TagKeys"), STRINGS, W_STRINGS),
    (tuple("Numeric" + c for c in COMPARED), ("s3:max-keys", "aws:MultiFactorAuthAge"), NUMBERS, W_NUMBERS),
    (tuple("Date" + c for c in COMPARED), ("aws:CurrentTime", "aws:TokenIssueTime"), DATES, W_DATES),
    (("IpAddress", "NotIpAddress"), ("aws:SourceIp", "aws:VpcSourceIp"), ADDRESSES, W_ADDRESSES),
    (("Bool",), ("aws:SecureTransport", "aws:ViaAWSService"), TRUTHS, W_TRUTHS),
    (("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"), ("aws:SourceArn", "aws:PrincipalArn"), ARNS, W_ARNS),
    (("BinaryEquals",), ("kms:Blob",), BYTES, W_BYTES),
]
FAMILY_WEIGHTS = [f for f, times in zip(FAMILIES, (6, 2, 2, 2, 2, 3, 1)) for _ in range(times)]
KEYS = [k for f in FAMILIES for k in f[1]]


INK = "aZ01*?:/.,-+=$ {}'\u00e9"


def texts_of(node):
    """Every text in a case: (the dictionary or list that holds it, its place there, is it a key)."""
    if isinstance(node, dict):
        yield from ((node, k, True) for k in node)
    for k in node if isinstance(node, dict) else range(len(node)):
        if isinstance(node[k], str):
            yield node, k, False
        elif isinstance(node[k], (dict, list)):
            yield from texts_of(node[k])


class Generator:
    """Makes cases one after another: next_case()."""

    def __init__(self, seed):
        self.random = random.Random(seed).random
        self.count = 0
        self.seed = seed

    def pick(self, among):
        return among[int(self.random() * len(among))]

    def chance(self, p):
        return self.random() < p

    # ---- the request ----

    def next_case(self):
        self.count += 1
        name, actions, resources = self.pick(WEIGHTED)
        owner = A if self.chance(0.7) else B
        principal = self.principal()
        self.action, self.resource = self.pick(actions), self.pick(resources).format(owner)
        self.account = A if self.chance(0.85) else B
        self.principal_arn = principal = principal.format(self.account)
        request = {"principal": principal, "action": self.action, "resource": self.resource, "context": self.context()}
        if ":federated-user/" in principal:
            request["federatedBy"] = self.vouching_user = f"arn:aws:iam::{self.account}:user/" + self.pick(("ana", "team/ana"))
        if name.startswith("s3") and self.chance(0.6) or self.chance(0.03):
            request["resourceAccount"] = owner
        for flag in ("managementAccountPrincipal", "managementAccountResource", "serviceLinkedRole"):
            if self.chance(0.04):
                request[flag] = self.chance(0.8)
        case = {"id": f"{self.seed}-{self.count}", "request": request}
        self.policies(case, name == "trust")
        if self.chance(0.03):
            self.spoil(case)
        elif self.chance(0.04):
            self.smudge(case)
        elif self.chance(0.006):
            self.make_senseless(request)
        return case

    def principal(self):
        x = self.random()
        if x < 0.36:
            return "arn:aws:iam::{0}:user/" + self.pick(("ana", "bob", "team/ana"))
        if x < 0.44:
            return "arn:aws:sts::{0}:federated-user/" + self.pick(("ana", "x"))
        if x < 0.76:
            return "arn:aws:sts::{0}:assumed-role/" + self.pick(("ds/ana", "ds/bob", "deploy/ana"))
        if x < 0.86:
            return "arn:aws:iam::{0}:root"
        return self.pick(SERVICES) if x < 0.93 else "anonymous"

    def context(self):
        out = {}
        for _ in range(int(self.random() * 5)):
            _, keys, values, _ = self.pick(FAMILY_WEIGHTS)
            key = self.pick(keys)
            if key == "aws:TagKeys" or self.chance(0.08):
                out[key] = [self.pick(values) for _ in range(int(self.random() * 4))]
            else:
                out[key] = self.pick(values)
        if ":assumed-role/" in self.principal_arn and self.chance(0.3):
            role = self.principal_arn.split("/")[1]
            out["aws:PrincipalArn"] = f"arn:aws:iam::{self.account}:role/" + self.pick(("", "p/")) + role
        if self.chance(0.1):
            out["aws:PrincipalAccount"] = self.pick((A, B))
        if out and self.chance(0.05):
            key = self.pick(list(out))
            out[self.pick((key.upper(), key.lower()))] = out.pop(key)
        return out

    def make_senseless(self, request):
        what, value = self.pick((("principal", "nobody"), ("principal", "arn:aws:iam::1:user/ana"), ("action", "GetObject"), ("action", "s3:Get:Object"),
                                 ("action", ""),
                                 ("resource", "data/x"), ("resource", "arn:aws:s3")))
        request[what] = value

    # ---- policies ----

    def policies(self, case, trust):
        """Most layers are there rarely and allow mostly, so that the later ones are reached too."""
        if self.chance(0.85):
            case["identityPolicies"] = [self.policy("identity", 0.7) for _ in range(1 + int(self.random() * 2.2))]
        if self.chance(0.25):
            case["boundary"] = self.policy("boundary", 0.85)
        if self.chance(0.8 if ":federated-user/" in self.principal_arn else 0.2):
            case["sessionPolicies"] = [self.policy("session", 0.85) for _ in range(1 + int(self.random() * 1.5))]
        if self.chance(0.2):
            case["serviceControlPolicies"] = [[self.policy("scp", 0.9) for _ in range(self.pick((0, 1, 1, 1, 1, 1, 2)))]
                                              for _ in range(1 + int(self.random() * 3))]
        if self.chance(0.15):
            case["resourceControlPolicies"] = [[self.policy("rcp", 0.5) for _ in range(int(self.random() * 2.2))]
                                               for _ in range(1 + int(self.random() * 2))]
        if self.chance(0.6):
            case["resourcePolicy"] = self.policy("trust" if trust else "resource", 0.8)
        if self.chance(0.12):
            case["vpcEndpointPolicies"] = [self.policy("vpce", 0.9) for _ in range(1 + int(self.random() * 1.2))]

    def policy(self, kind, allowing):
        self.kind, self.sids = kind, 0
        statements = [self.statement(allowing) for _ in range(1 + int(self.random() ** 2 * 3))]
        out = {"Statement": statements[0] if len(statements) == 1 and self.chance(0.2) else statements}
        x = self.random()
        if x < 0.85:
            out["Version"] = "2012-10-17"
        elif x < 0.95:
            out["Version"] = "2008-10-17"
        if self.chance(0.03):
            out["Id"] = "one"
        return out

    def statement(self, allowing):
        allow = self.chance(allowing)
        s = {"Effect": "Allow" if allow else "Deny"}
        if self.chance(0.1):
            self.sids += 1
            s["Sid"] = f"S{self.sids}"
        if self.kind in ("resource", "trust", "vpce", "rcp"):
            self.whom(s)
        broad = 0.5 if allow else 0.15
        self.several(s, "NotAction" if self.chance(0.1) else "Action", self.action_pattern, broad)
        if self.kind != "trust":
            self.several(s, "NotResource" if self.chance(0.1) else "Resource", self.resource_pattern, broad)
        if self.chance(0.4):
            s["Condition"] = self.condition()
        return s

    def several(self, s, element, make, broad):
        n = self.pick((1, 1, 1, 2, 3))
        values = [make(broad) for _ in range(n)]
        s[element] = values[0] if n == 1 and self.chance(0.7) else values

    def action_pattern(self, broad):
        if self.kind == "trust" and not self.action.startswith("sts:"):
            return self.pick(("*", "sts:AssumeRole", "sts:*"))
        if self.chance(broad):
            return self.pick(("*", self.action.split(":")[0] + ":*"))
        service, name = self.action.split(":")
        x = int(self.random() * 8)
        return (self.action, self.action.upper(), f"{service}:{name[:3]}*", f"{service}:{name[:-1]}?", f"{service}:*{name[3:]}",
                self.pick(self.pick(SCENES)[1]) if self.kind != "trust" else "sts:TagSession", f"{service}:{name}?",
                f"{service}x:*" if self.kind != "trust" else "*:*")[x]

    def resource_pattern(self, broad):
        if self.chance(broad) or self.resource == "*":
            return "*" if self.chance(0.8) else self.pick(("arn:aws:*:*:*:*", "arn:aws:*", "arn:*:s3:*"))
        arn = self.resource
        fields = arn.split(":", 5)
        head, tail = ":".join(fields[:5]), fields[5]
        x = int(self.random() * 14)
        if x < 3:
            return arn
        if x == 3:
            return "arn:aws:" + (arn[8:].upper() if fields[2] != "iam" else "iam::" + A + ":role/DS")
        if fields[2] == "iam":
            return (f"{head}:{tail[:5]}*", f"{head}:{tail[:-1]}?", f"{head}:*", f"{head}:{tail}/*", f"arn:aws:iam::*:{tail}", "arn:*:iam:",
                    f"{head}:role/${{aws:username}}", f"{head}:role/${{aws:none, 'ds'}}", f"{head}:role/d${{*}}",
                    self.pick(self.pick(SCENES)[2]).format(A))[x - 4]
        return (f"{head}:{tail[:4]}*", f"{head}:{tail[:-1]}?", f"{head}:*{tail[2:]}", f"{head}:{tail}/*", f"arn:aws:{fields[2]}:*:*:{tail}",
                f"{head}:data/${{aws:username}}/*", f"{head}:data/${{aws:none, 'ana'}}/x", f"{head}:data/a${{*}}",
                f"arn:aws:{fields[2]}:${{aws:none}}:*:{tail}", self.pick(self.pick(SCENES)[2]).format(A))[x - 4]

    def whom(self, s):
        if self.kind == "rcp":
            s["Principal"] = "*"
        elif self.kind in ("resource", "vpce") and s["Effect"] == "Deny" and self.chance(0.35):
            s["NotPrincipal"] = self.named(spare=True)
        elif self.chance(0.25 if self.kind != "vpce" else 0.8):
            s["Principal"] = self.pick(("*", {"AWS": "*"}))
        else:
            s["Principal"] = self.named()

    def named(self, spare=False):
        """Principals near the caller: itself, its role, its account, or others."""
        account = self.account if self.chance(0.85) else self.pick((A, B, C))
        who = self.principal_arn
        near = [account, f"arn:aws:iam::{account}:root", f"arn:aws:iam::{account}:role/ds", f"arn:aws:iam::{account}:user/ana",
                f"arn:aws:iam::{account}:role/p/ds", f"arn:aws:sts::{account}:assumed-role/ds/ana", f"arn:aws:iam::{account}:user/Ana"]
        if who.startswith("arn:"):
            near += [who] * 3
            if ":assumed-role/" in who or ":federated-user/" in who:
                role = f"arn:aws:iam::{self.account}:role/{who.split('/')[1]}" if ":assumed-role/" in who else self.vouching_user
                near += [role] * 2
                if spare and self.chance(0.6):
                    return {"AWS": [account, role, who]}
            elif spare and self.chance(0.4):
                return {"AWS": [who, account]}
        elif who != "anonymous" and self.chance(0.7):
            return {"Service": self.pick((who, [who, SERVICES[0]]))}
        out = {"AWS": self.pick(near) if self.chance(0.7) else [self.pick(near) for _ in range(2)]}
        if self.chance(0.1):
            out["Service"] = self.pick(SERVICES)
        if self.chance(0.02):
            out["Federated"] = f"arn:aws:iam::{A}:saml-provider/x"
        if self.chance(0.02):
            out["CanonicalUser"] = "79a59df900b949e55d96a1e698fbaced"
        if self.chance(0.01):
            out["AWS"] = [self.pick(near), f"arn:aws:sts::{A}:federated-user/x"]
        return out

    def condition(self):
        out = {}
        for _ in range(self.pick((1, 1, 1, 2))):
            operators, keys, _, wanted = self.pick(FAMILY_WEIGHTS)
            if self.chance(0.08):
                out.setdefault("Null", {})[self.pick(KEYS)] = self.some(W_TRUTHS)
                continue
            operator = self.pick(operators)
            if self.chance(0.25):
                operator = self.pick(("ForAllValues:", "ForAnyValue:")) + operator
            if self.chance(0.25):
                operator += "IfExists"
            key = self.pick(keys if self.chance(0.93) else KEYS)
            block = out.setdefault(operator, {})
            if key.lower() not in [k.lower() for k in block]:
                block[self.pick((key, key, key, key.lower(), key.upper()))] = self.some(wanted)
        return out

    def some(self, values):
        n = self.pick((1, 1, 1, 1, 2, 3))
        return self.pick(values) if n == 1 and self.chance(0.8) else [self.pick(values) for _ in range(n)]

    # ---- slips of the pen ----

    def smudge(self, case):
        """Changes a character or two of one text, wherever it is: what remains may be read, refused, or mean another."""
        texts = [t for t in texts_of(case) if t[1] != "id" and not (t[2] and t[0] in (case, case["request"]))]
        where, which, is_key = self.pick(texts)
        new = text = which if is_key else where[which]
        for _ in range(self.pick((1, 1, 2))):
            at, ink = int(self.random() * (len(new) + 1)), self.pick(INK)
            new = new[:at] + self.pick((ink, "", ink, new[at:at + 1].swapcase(), new[at:at + 1] * 2)) + new[at + self.pick((0, 1)):]
        if not is_key:
            where[which] = new
        elif new not in where:
            where[new] = where.pop(text)

    # ---- what must be refused ----

    def spoil(self, case):
        """Makes one policy malformed."""
        found = [(case, k) for k in ("boundary", "resourcePolicy") if k in case]
        found += [(case[k], i) for k in ("identityPolicies", "sessionPolicies", "vpcEndpointPolicies") for i in range(len(case.get(k, ())))]
        found += [(level, i) for k in ("serviceControlPolicies", "resourceControlPolicies") for level in case.get(k, ()) for i in range(len(level))]
        if not found:
            return
        where, which = self.pick(found)
        policy = where[which]
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        s = self.pick(statements)
        self.pick(SPOILERS)(policy, s)


def _set(where, what, value):
    where[what] = value


def _pop(where, *what):
    for w in what:
        where.pop(w, None)


# Each takes the document and one of its statements.
SPOILERS = [
    lambda p, s: _set(p, "Version", "2012-10-18"), lambda p, s: _set(p, "Version", 2012), lambda p, s: _set(p, "version", "2012-10-17"),
    lambda p, s: _set(p, "Statement", []), lambda p, s: _pop(p, "Statement"), lambda p, s: _set(p, "Statement", "x"),
    lambda p, s: _set(p, "Extra", 1), lambda p, s: _set(p, "Id", 7),
    lambda p, s: _set(s, "Effect", "allow"), lambda p, s: _pop(s, "Effect"), lambda p, s: _set(s, "Effect", True),
    lambda p, s: _set(s, "Sid", 5), lambda p, s: _set(s, "Extra", "x"),
    lambda p, s: _pop(s, "Action", "NotAction"), lambda p, s: (_set(s, "Action", "*"), _set(s, "NotAction", "*")),
    lambda p, s: (_pop(s, "NotAction"), _set(s, "Action", [])), lambda p, s: (_pop(s, "NotAction"), _set(s, "Action", "GetObject")),
    lambda p, s: (_pop(s, "NotAction"), _set(s, "Action", ["s3:*", 5])), lambda p, s: (_pop(s, "NotAction"), _set(s, "Action", "s*:Get")),
    lambda p, s: (_set(s, "Resource", "*"), _set(s, "NotResource", "*")), lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", "data")),
    lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", "arn:aws:s3::x")),
    lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", "arn:aws")), lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", "arn:aws2:s3:::x")),
    lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", "arn:aws:iam:::x")), lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", "arn:aws:iam:r::role/x")),
    lambda p, s: (_pop(s, "NotAction"), _set(s, "Action", "s3:a:b")), lambda p, s: _set(s, "Sid", "a b"), lambda p, s: (_pop(s, "NotResource"), _set(s, "Resource", [])),
    lambda p, s: _set(s, "Principal", {}), lambda p, s: _set(s, "Principal", {"AWS": "ana"}), lambda p, s: _set(s, "Principal", {"Who": "*"}),
    lambda p, s: _set(s, "Principal", {"AWS": "arn:aws:iam::111111111111:user/*"}), lambda p, s: _set(s, "Principal", {"AWS": []}),
    lambda p, s: (_pop(s, "Principal"), _set(s, "Effect", "Allow"), _set(s, "NotPrincipal", {"AWS": A})),
    lambda p, s: (_set(s, "Principal", "*"), _set(s, "NotPrincipal", {"AWS": A})), lambda p, s: _set(s, "NotPrincipal", "*"),
    lambda p, s: _set(s, "Condition", []), lambda p, s: _set(s, "Condition", {"StringIs": {"aws:x": "1"}}),
    lambda p, s: _set(s, "Condition", {"NullIfExists": {"aws:x": "true"}}), lambda p, s: _set(s, "Condition", {"StringEquals": {"aws:x": []}}),
    lambda p, s: _set(s, "Condition", {"StringEquals": {"": "1"}}), lambda p, s: _set(s, "Condition", {"StringEquals": "x"}),
    lambda p, s: _set(s, "Condition", {"StringEquals": {"aws:x": None}}), lambda p, s: _set(s, "Condition", {"ForSomeValues:StringEquals": {"aws:x": "1"}}),
    lambda p, s: _set(s, "Condition", {"NumericEquals": {"aws:x": "ten"}}), lambda p, s: _set(s, "Condition", {"DateEquals": {"aws:x": "today"}}),
    lambda p, s: _set(s, "Condition", {"IpAddress": {"aws:x": "10.0.0.0/33"}}), lambda p, s: _set(s, "Condition", {"Bool": {"aws:x": "yes"}}),
    lambda p, s: _set(s, "Condition", {"BinaryEquals": {"aws:x": "?"}}), lambda p, s: _set(s, "Condition", {"DateEquals": {"aws:x": "2026-11-31"}}),
    lambda p, s: (_set(p, "Version", "2012-10-17"), _set(s, "Condition", {"StringLike": {"aws:x": "a${aws:y"}})),
    lambda p, s: _set(s, "Condition", {"StringLike": {"aws:x": "a", "AWS:X": "b"}}), lambda p, s: _set(s, "Principal", {"Service": "s3"}),
    lambda p, s: (_set(p, "Version", "2012-10-17"), _pop(s, "NotResource"), _set(s, "Resource", "arn:aws:s3:::${aws:y, none}")), lambda p, s: _set(s, "Condition", {"Null": {"aws:x": "absent"}}),
]


if __name__ == "__main__":
    generator = Generator(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(generator.next_case()))
