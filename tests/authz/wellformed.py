# SPDX-License-Identifier: MIT
"""Is a policy document one that AWS would save [40]? The naive form of what src/authz/parse*.c does, from the grammar of
the policy language in AWS's IAM User Guide. Used by naive.py."""
import base64
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
PARTITION = "(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b)"
SERVICE = re.compile(r"(?!\.)[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
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
        statement(s, kind, policy.get("Version") == "2012-10-17")
        if s.get("Sid"):
            sids.append(s["Sid"])
    need(len(sids) == len(set(sids)), "Sids must be unique")


def statement(s, kind, variables):
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
        for text in texts(s.get("Resource", s.get("NotResource"))):
            need(not variables or text.count(":") < 5 or variables_read(text.split(":", 5)[5]), "a variable in a resource")  # [29]
    if kind in NAMES_PRINCIPALS:
        need(("Principal" in s) != ("NotPrincipal" in s), "either Principal or NotPrincipal")
        need("NotPrincipal" not in s or kind in ("resource", "vpce") and s["Effect"] == "Deny", "NotPrincipal [28]")
        need(kind != "rcp" or s["Principal"] == "*", "the Principal of an RCP [16]")
        principals(s.get("Principal", s.get("NotPrincipal")), "NotPrincipal" in s)
    else:
        need(not {"Principal", "NotPrincipal"} & set(s), "no Principal here")
    condition(s.get("Condition", {}), variables)


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
            rf"[0-9]{{12}}|arn:aws:iam::[0-9]{{12}}:root|arn:{PARTITION}:iam::[0-9]{{12}}:(user|role)/[^*?]+"
            rf"|arn:{PARTITION}:sts::[0-9]{{12}}:(assumed-role/[^/*?]+|federated-user)/[^/*?]+|(AIDA|AROA)[A-Z0-9]{{12,124}}", name),
            "principal")
    elif kind == "Federated":
        need(re.fullmatch(rf"[^.:*]+\.[^:*]*|arn:{PARTITION}:iam::[0-9]{{12}}:(saml|oidc)-provider/.*", name), "federation")
    elif kind == "CanonicalUser":
        need(name, "a canonical user")
    elif kind == "Service":
        need(SERVICE.fullmatch(name), "service")


@lru_cache(100000)
def arn_fields(text, variables):
    """Six fields, split at the first five colons [25]; None when there are fewer. With variables, a colon in ${...} splits
    nothing."""
    fields, field, i = [], "", 0
    while i < len(text):
        variable_end = text.find("}", i) if variables and text.startswith("${", i) else -1
        if text[i] == ":" and len(fields) < 5:
            fields.append(field)
            field = ""
        else:
            field += text[i:max(i, variable_end) + 1]
        i = max(i, variable_end) + 1
    return fields + [field] if len(fields) == 5 else None


# `${*}` and the like, `${key}`, `${key, 'default'}` [30]
VARIABLE = re.compile(r"\$\{(?:(?P<char>[*?$])|(?P<key>[^\s{},](?:[^{},]*[^\s{},])?)(?:,\s*'(?P<default>[^']*)')?)\}")


@lru_cache(10000)
def variables_read(text):
    """Is each `${` the beginning of a variable?"""
    at = text.find("${")
    while at >= 0:
        found = VARIABLE.match(text, at)
        if not found:
            return False
        at = text.find("${", found.end())
    return True


def condition(block, variables):
    need(isinstance(block, dict), "Condition")
    for operator, keys in block.items():
        checked, with_variables = value_check(operator)
        need(isinstance(keys, dict) and keys, "an operator has keys")
        need(len({k.lower() for k in keys}) == len(keys), "a key comes twice")
        for key, values in keys.items():
            need(key, "a key")
            values = values if isinstance(values, list) else [values]
            need(values, "no values")
            for v in values:
                need(isinstance(v, (str, bool, int, float)), "a value")
                text = v if isinstance(v, str) else "true" if v is True else "false" if v is False else repr(v)
                checked(text)
                if variables and with_variables and (with_variables != "Arn" or arn_fields(text, True)):
                    need(variables_read(text), "a variable in a condition")


@lru_cache(10000)
def value_check(operator):
    """What looks at the values of an operator, and may they have variables?"""
    if operator == "Null":
        return truth, None
    name = re.sub(r"^(ForAllValues:|ForAnyValue:)", "", operator).removesuffix("IfExists")
    need(name in OPERATORS, "unknown operator")
    return {"Num": numeric, "Dat": date, "IpA": address, "Not": address, "Boo": truth, "Bin": binary}.get(name[:3], any_text), name[:3] if name[:3] in ("Str", "Arn") else None


def any_text(text):
    pass


@lru_cache(10000)
def truth(text):
    need(text.lower() in ("true", "false"), "true or false")


def number(text):
    """The value of a decimal number, None if it is none or too large to be kept."""
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text) or len(text) > 63:
        return None
    value = float(text)
    lost = value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
    return None if abs(value) == float("inf") or lost else value


@lru_cache(10000)
def numeric(text):
    need(number(text) is not None, "a number")


@lru_cache(10000)
def date(text):
    need(moment(text) is not None, "a date")


@lru_cache(10000)
def address(text):
    need(network(text), "an address")


@lru_cache(10000)
def binary(text):
    need(canonical(text) is not None, "base64")


def canonical(text):
    """The one way to write these bytes; None of what is not base64."""
    if not re.fullmatch(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text):
        return None
    return base64.b64encode(base64.b64decode(text)).decode()


DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?(?:\.(\d*))?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)


def moment(text):
    """Milliseconds since 1970 of a date in ISO 8601 or of seconds since then; None of neither. No zone is UTC, four digits
    are a year [37]."""
    m = DATE.fullmatch(text)
    if not m:
        return epoch(text)
    year, month, day, hour, minute, second = (int(g) if g else least for g, least in zip(m.groups()[:6], (1, 1, 1, 0, 0, 0)))
    try:
        at = datetime.datetime(year or 400, month, day, hour, minute, min(second, 59), tzinfo=datetime.timezone.utc).timestamp()
    except ValueError:
        return None
    at += second - min(second, 59) - (0 if year else 146097 * 86400)  # second 60 is the next minute's first; the calendar repeats
    zone, offset = m[8], 0
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        offset = hours * 3600 + minutes * 60
        if hours > 14 or minutes > 59:
            return None
    if second > 60:
        return None
    return int(at - (-offset if zone and zone[0] == "-" else offset)) * 1000 + int(((m[7] or "") + "000")[:3])


def epoch(text):
    seconds = number(text) if re.fullmatch(r"[0-9.-]+", text) else None
    if seconds is None or abs(seconds) > 1e12:
        return None
    return int(seconds * 1000 + (0.5 if seconds >= 0 else -0.5))


def network(text):
    """An address or a block of them, of either family; None of neither. A mask is a number of bits."""
    if not re.fullmatch(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?", text):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
