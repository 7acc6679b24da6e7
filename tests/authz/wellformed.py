# SPDX-License-Identifier: MIT
"""Is a policy document one that AWS would save [40]? The naive form of what src/authz/parse*.c does, from the grammar of
the policy language in AWS's IAM User Guide. Used by naive.py."""
import base64
import binascii
import datetime
import ipaddress
import re
from functools import lru_cache

VERSIONS = ("2012-10-17", "2008-10-17")
POLICY = {"Version", "Id", "Statement"}
STATEMENT = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}
NAMES_PRINCIPALS = {"resource", "trust", "vpce", "rcp"}
PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "*")
IAM_KINDS = ("user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
             "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/", "root")
COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS = ({"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
              "StringNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnNotEquals", "ArnLike",
              "ArnNotLike"} | {kind + c for kind in ("Numeric", "Date") for c in COMPARISONS})


class Malformed(Exception):
    pass


def need(holds, reason):
    if not holds:
        raise Malformed(reason)


def reason_against(policy, kind):
    """Why this document is refused as a policy of that kind, or None."""
    try:
        document(policy, kind)
    except Malformed as e:
        return str(e)
    return None


def document(policy, kind):
    need(isinstance(policy, dict) and set(policy) <= POLICY, "unknown element in the document")
    need("Version" not in policy or policy["Version"] in VERSIONS, "unknown version")
    need("Id" not in policy or isinstance(policy["Id"], str), "Id")
    statements = policy.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    need(isinstance(statements, list) and statements, "no statement")
    sids = []
    for s in statements:
        need(isinstance(s, dict) and set(s) <= STATEMENT, "unknown element in a statement")
        statement(s, kind)
        if s.get("Sid"):
            sids.append(s["Sid"])
    need(len(sids) == len(set(sids)), "Sids must be unique")


def statement(s, kind):
    need(s.get("Effect") in ("Allow", "Deny"), "Effect")
    sid = s.get("Sid", "")
    need(isinstance(sid, str), "Sid")
    need(not sid or kind in ("resource", "vpce") or re.fullmatch(r"[A-Za-z0-9]*", sid), "Sid")
    one_of(s, "Action", "NotAction", action)
    need(kind != "trust" or all(a == "*" or a.lower().startswith(("sts:", "*:")) for a in texts(s.get("Action", s.get("NotAction")))),
         "a trust policy is about STS")
    if kind == "trust":
        need(not {"Resource", "NotResource"} & set(s), "a trust policy has no Resource")
    else:
        one_of(s, "Resource", "NotResource", resource)
    if kind in NAMES_PRINCIPALS:
        need(("Principal" in s) != ("NotPrincipal" in s), "either Principal or NotPrincipal")
        need("NotPrincipal" not in s or kind in ("resource", "vpce") and s["Effect"] == "Deny", "NotPrincipal [28]")
        need(kind != "rcp" or s["Principal"] == "*", "the Principal of an RCP [16]")
        principals(s.get("Principal", s.get("NotPrincipal")), "NotPrincipal" in s)
    else:
        need(not {"Principal", "NotPrincipal"} & set(s), "no Principal here")
    condition(s.get("Condition", {}))


def one_of(s, name, negated, check):
    need((name in s) != (negated in s), f"either {name} or {negated}")
    values = texts(s.get(name, s.get(negated)))
    for v in values:
        check(v)


def texts(value):
    """One text or a list of at least one."""
    values = value if isinstance(value, list) else [value]
    need(values and all(isinstance(v, str) for v in values), "a text or a list of texts")
    return values


@lru_cache(10000)  # what passed once is not looked at again
def action(text):
    need(text in ("*", "*:*") or re.fullmatch(r"[A-Za-z0-9.-]+:[^:]+", text), "action")


@lru_cache(10000)
def resource(text):
    if text == "*":
        return
    fields = text.split(":", 5)
    need(fields[0] == "arn" and len(fields) > 2 and fields[1] in PARTITIONS and fields[2], "resource")
    need(len(fields) == 6 or "::" not in text, "fields are missing in the middle")
    if fields[2] == "iam":
        region, path = (fields + ["*"] * 3)[3], (fields + ["*"] * 3)[5]
        need(region == "" and (path == "*" or path.startswith(IAM_KINDS)), "IAM's own")


def principals(value, negated):
    if value == "*":
        need(not negated, "nobody is meant")
        return
    need(isinstance(value, dict) and value and set(value) <= PRINCIPALS, "principal")
    for kind, names in value.items():
        for name in texts(names):
            principal(kind, name, negated)


@lru_cache(10000)
def principal(kind, name, negated):
    if kind == "AWS":
        need(name == "*" and not negated or re.fullmatch(
            r"\d{12}|arn:aws:iam::\d{12}:(root|(user|role)/[^*?]+)"
            r"|arn:aws:sts::\d{12}:(assumed-role/[^/*?]+/[^/*?]+|federated-user/[^*?]+)", name), "principal")
    elif kind == "Federated":
        need(re.fullmatch(r"[^.:*]+\.[^:*]*|arn:[^:]*:iam:[^:]*:[^:]*:(saml|oidc)-provider/.*", name), "federation")
    elif kind == "Service":
        need(re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", name), "service")


def condition(block):
    need(isinstance(block, dict), "Condition")
    for operator, keys in block.items():
        checked = value_check(operator)
        need(isinstance(keys, dict) and keys, "an operator has keys")
        need(len({k.lower() for k in keys}) == len(keys), "a key comes twice")
        for key, values in keys.items():
            need(key, "a key")
            values = values if isinstance(values, list) else [values]
            need(values, "no values")
            for v in values:
                need(isinstance(v, (str, bool, int, float)), "a value")
                checked(v if isinstance(v, str) else "true" if v is True else "false" if v is False else repr(v))


@lru_cache(10000)
def value_check(operator):
    if operator == "Null":
        return truth
    name = re.sub(r"^(ForAllValues:|ForAnyValue:)", "", operator).removesuffix("IfExists")
    need(name in OPERATORS, "unknown operator")
    return {"Num": numeric, "Dat": date, "IpA": address, "Not": address, "Boo": truth, "Bin": binary}.get(name[:3], any_text)


def any_text(text):
    pass


@lru_cache(10000)
def truth(text):
    need(text.lower() in ("true", "false"), "true or false")


@lru_cache(10000)
def numeric(text):
    need(re.fullmatch(r"-?\d+(\.\d+)?", text), "a number")


@lru_cache(10000)
def date(text):
    need(moment(text) is not None, "a date")


@lru_cache(10000)
def address(text):
    need(network(text), "an address")


@lru_cache(10000)
def binary(text):
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("base64") from None


DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")


def moment(text):
    """Seconds since 1970 of a date in ISO 8601 or of the seconds themselves; None of neither. No zone is UTC, four digits
    are a year [37]."""
    m = DATE.fullmatch(text)
    if not m:
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) and abs(float(text)) <= 1e12 else None
    year, month, day, hour, minute, second = (int(g) if g else least for g, least in zip(m.groups()[:6], (1, 1, 1, 0, 0, 0)))
    try:
        at = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.timezone.utc).timestamp()
    except ValueError:
        return None
    zone = m[8]
    if zone and zone != "Z":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        at -= offset if zone[0] == "+" else -offset
    return at + float(m[7] or 0)


def network(text):
    """An address or a block of them, of either family; None of neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
