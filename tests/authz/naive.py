#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A second evaluator, deliberately naive: it looks at every statement of every policy, each time, in the plainest way.
Written from docs/3-who-may.md and AWS's documentation, never from src/authz, so that the two can be compared
(differ.py). Numbers in brackets are rules of that page.

usage: naive.py < cases.ndjson    answers {"id","decision","by","policy","index"} a line; "policy" and "index" are the
deciding statement, of an implicit denial the nearest: "identity[1]" is the second identity policy, "scp[0][1]" the second SCP of the first level."""
import json
import re
import sys
from collections import namedtuple
from functools import lru_cache

import wellformed

ALLOWED, EXPLICIT, IMPLICIT = "Allowed", "ExplicitlyDenied", "ImplicitlyDenied"
ORDER = ("rcp", "scp", "vpce", "resource", "trust", "identity", "boundary", "session")  # [2]
RCP_SERVICES = {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss"}  # [16]
AWS_OWNED = re.compile(r"arn:[^:]*:(iam:[^:]*:aws:|iam:[^:]*:[^:]*:role/aws-reserved/|kms:[^:]*:[^:]*:alias/aws/)")

Verdict = namedtuple("Verdict", "decision by policy index error", defaults=(None, None, None))
Found = namedtuple("Found", "policy index statement")


class Senseless(Exception):
    """A case that asks nothing: its answer is an error without a decision."""


def must(make_sense):
    if not make_sense:
        raise Senseless


# ---- the request ----

class Request:
    """What is asked, by whom, about what: one line of a batch taken apart."""

    def __init__(self, request):
        must(request["action"] and request["resource"])
        self.action = request["action"].lower()  # [24]
        self.resource = request["resource"]
        self.service = self.action.split(":")[0]
        self.context = {k.lower(): v for k, v in request.get("context", {}).items()}  # [31]
        self.management_caller = request.get("managementAccountPrincipal", False)
        self.management_resource = request.get("managementAccountResource", False)
        self.service_linked = request.get("serviceLinkedRole", False)
        self.who(request["principal"], request.get("federatedBy"))
        self.owner = request.get("resourceAccount") or self.owner_in_arn() or self.account

    def who(self, principal, vouching_user):
        """A federated user is a session of the user who vouches for it: that user's ARN stands where a role's would [7]."""
        self.principal, self.role, self.account, self.federated = principal, None, None, False
        arn = re.fullmatch(rf"arn:{wellformed.PARTITION}:(?P<service>iam|sts)::(?P<account>[0-9]{{12}}):(?P<name>.+)", principal, re.DOTALL)
        if principal == "anonymous":
            self.kind = "anonymous"
        elif wellformed.SERVICE.fullmatch(principal):
            self.kind = "service"
        elif arn and arn["service"] == "iam" and (arn["name"] == "root" or re.match("user/.", arn["name"])):
            self.kind, self.account = ("root" if arn["name"] == "root" else "user"), arn["account"]
        elif arn and arn["service"] == "sts" and re.fullmatch(r"assumed-role/[^/]+/[^/]+", arn["name"]):
            self.kind, self.account = "session", arn["account"]
            self.role = self.role_of_session(principal.replace(":sts:", ":iam:").replace("assumed-role/", "role/").rpartition("/")[0])
        else:
            must(arn and arn["service"] == "sts" and re.fullmatch(r"federated-user/[^/]+", arn["name"]))
            self.kind, self.account, self.role, self.federated = "session", arn["account"], vouching_user, True

    def role_of_session(self, pathless):
        """The role with its path is in the context [39]; the session's ARN lacks the path. A list does not say who asks."""
        told = self.context.get("aws:principalarn", "")
        must(isinstance(told, str))
        head, name = pathless.split("/")
        return told if told.startswith(head + "/") and told.endswith("/" + name) else pathless

    def owner_in_arn(self):
        """What AWS owns is everybody's [41]."""
        fields = wellformed.arn_fields(self.resource, False)
        return fields[4] if fields and fields[4] != "aws" else ""

    @property
    def crosses(self):
        return self.account is not None and self.owner != self.account  # [3]

    @property
    def is_key(self):
        return self.service == "kms" and re.match(r"arn:[^:]*:kms:[^:]*:[^:]*:key/", self.resource)  # [10]

    @property
    def is_trust(self):
        return bool(re.fullmatch(r"sts:(assumerole.*|tagsession|setsourceidentity)", self.action)
                    and re.match(r"arn:[^:]*:iam:[^:]*:[^:]*:role/", self.resource))  # [11]

    @property
    def has_identity(self):
        return self.kind in ("user", "session")

    @property
    def makes_sense(self):
        return (re.fullmatch(r"[^:]+:[^:]+", self.action)
                and (self.resource == "*" or wellformed.arn_fields(self.resource, False) and self.resource.startswith("arn:")))


# ---- text: wildcards, variables, ARNs ----

@lru_cache(100000)
def pieces(text, variables):
    """The text as a list of ("text", words), ("char", one) for ${*} and the like, ("key", name, default)."""
    if not variables:
        return [("text", text)]  # [29]
    out, at = [], 0
    for m in wellformed.VARIABLE.finditer(text):
        out.append(("text", text[at:m.start()]))
        out.append(("char", m["char"]) if m["char"] else ("key", m["key"].lower(), m["default"]))
        at = m.end()
    return out + [("text", text[at:])]


def expand(text, variables, context, of_text):
    """The text with its variables filled in [30]; of_text says how its own words are written, values are escaped [26].
    None when a variable has no value."""
    out = []
    for piece in pieces(text, variables):
        if piece[0] == "text":
            out.append(of_text(piece[1]))
        elif piece[0] == "char":
            out.append(re.escape(piece[1]))
        else:
            value = context.get(piece[1])
            if value is None or isinstance(value, list):
                value = piece[2]  # a list is no value
            if value is None:
                return None
            out.append(re.escape(value))
    return "".join(out)


@lru_cache(100000)
def wild(text):
    """`*` any run, `?` one character."""
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")


@lru_cache(100000)
def compiled(expression, flags=re.DOTALL):
    return re.compile(expression, flags)


def matches(text, value, variables, context, of_text=wild, flags=re.DOTALL):
    expression = expand(text, variables, context, of_text)
    return expression is not None and compiled(expression, flags).fullmatch(value) is not None


def arn_matches(wanted, value, variables_in, context):
    """Field by field [25] [38]; variables_in(n) says whether field n may have variables."""
    got = wellformed.arn_fields(value, False)
    return bool(wanted and got and all(matches(w, g, variables_in(n), context) for n, (w, g) in enumerate(zip(wanted, got))))


# ---- one statement ----

def as_list(x):
    return x if isinstance(x, list) else [x]


def action_matches(statement, request):
    """[24]"""
    if "Action" in statement:
        return any(action_fits(p, request.action) for p in as_list(statement["Action"]))
    return not any(action_fits(p, request.action) for p in as_list(statement["NotAction"]))


@lru_cache(100000)
def action_fits(pattern, action):
    if pattern in ("*", "*:*"):
        return True
    service, name = pattern.lower().split(":", 1)
    return action.startswith(service + ":") and compiled(wild(name)).fullmatch(action[len(service) + 1:]) is not None


def resource_matches(statement, version, request):
    """[25] [29] [30]. A trust policy has no such element."""
    def one(pattern):
        if pattern == "*":
            return True
        pattern += ":*" * (5 - pattern.count(":"))  # what ends early goes on with wildcards
        return request.resource != "*" and arn_matches(wellformed.arn_fields(pattern, False), request.resource, lambda n: version and n == 5, request.context)

    if "Resource" in statement:
        return any(one(p) for p in as_list(statement["Resource"]))
    if "NotResource" in statement:
        return not any(one(p) for p in as_list(statement["NotResource"]))
    return True


def listed(principal, kind):
    """The values of one type in a Principal element; `*` and {"AWS": "*"} are the same [27]."""
    if principal == "*":
        principal = {"AWS": "*"}
    return as_list(principal.get(kind, []))


def names_account(values, account):
    return account is not None and (account in values or f"arn:aws:iam::{account}:root" in values)


# By which names a statement can mean the caller, the narrowest first; "itself" is a user, a session, a service.
NAMES = ("itself", "role", "account", "any")


def how_named(statement, request):
    """The set of them, empty if it does not mean the caller: [5] to [9], [19], [22], [27], [28]"""
    if "NotPrincipal" in statement:
        return set() if spared(statement["NotPrincipal"], request) else {"any"}
    if "Principal" not in statement:
        return {"any"}
    principal = statement["Principal"]
    values = listed(principal, "AWS")
    names = set()
    if request.kind == "service":
        if request.principal in listed(principal, "Service"):
            names.add("itself")
        if "*" in values:
            names.add("any")
        return names
    if "*" in values:
        names.add("any")
    if request.kind in ("user", "session") and request.principal in values:
        names.add("itself")
    if request.role is not None and request.role in values:
        names.add("role")
    if names_account(values, request.account):
        names.add("account")
    return names


def spared(not_principal, request):
    """Is the caller among the listed of a NotPrincipal? With a boundary, never [28]."""
    values = listed(not_principal, "AWS")
    if request.kind == "service":
        return request.principal in listed(not_principal, "Service")
    if request.kind == "anonymous" or request.has_boundary:
        return False
    if not names_account(values, request.account):
        return False
    return (request.kind == "root" or request.kind == "user" and request.principal in values
            or request.kind == "session" and request.principal in values and request.role in values)


def conditions_hold(statement, version, request):
    return all(condition_holds(operator, key.lower(), wanted, version, request.context)
               for operator, keys in statement.get("Condition", {}).items() for key, wanted in keys.items())  # [31]


# ---- conditions ----

def condition_holds(operator, key, wanted, version, context):
    """One operator, one key. wanted: what the policy lists."""
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    wanted = [spelled(w) for w in as_list(wanted)]
    value = context.get(key)
    if name == "Null":
        absent = value is None or value == []  # [34]
        return any((w.lower() == "true") == absent for w in wanted)
    compare, negated = OPERATORS[name]

    def holds(v):
        return any(compare(w, v, version, context) for w in wanted) != negated

    if quantifier == "ForAllValues":  # [35]
        return all(holds(v) for v in as_list([] if value is None else value))
    if quantifier == "ForAnyValue":
        return any(holds(v) for v in as_list([] if value is None else value))
    if value is None:
        return if_exists or negated  # [32] [33]
    if isinstance(value, list):
        return len(value) == 1 and holds(value[0])  # [36]
    return holds(value)


def spelled(value):
    """true and 10 may stand in a policy without quotes [37]."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def string_equals(wanted, value, version, context):
    return matches(wanted, value, version, context, of_text=re.escape)


def string_equals_ignore_case(wanted, value, version, context):
    return matches(wanted, value, version, context, of_text=re.escape, flags=re.DOTALL | re.IGNORECASE | re.ASCII)


def string_like(wanted, value, version, context):
    return matches(wanted, value, version, context)


def arn_like(wanted, value, version, context):
    return arn_matches(wellformed.arn_fields(wanted, version), value, lambda n: version, context)


def boolean(wanted, value, version, context):
    return wanted.lower() == value.lower()


def binary(wanted, value, version, context):
    return wellformed.canonical(wanted) == value


@lru_cache(100000)
def number(text):
    return wellformed.number(text)


@lru_cache(100000)
def moment(text):
    return wellformed.moment(text)


@lru_cache(100000)
def network(text):
    return wellformed.network(text)


def ip_in(wanted, value, version, context):
    net, address = network(wanted), network(value)
    return bool(net and address and "/" not in value and net.version == address.version
                and address.network_address in net)


def ordered(read, holds):
    """An operator that compares what `read` makes of both sides; what cannot be read matches nothing [37]."""
    def compare(wanted, value, version, context):
        w, v = read(wanted), read(value)
        return w is not None and v is not None and holds(v, w)
    return compare


OPERATORS = {  # name: (does this value match that wanted one, is the operator negated)
    "StringEquals": (string_equals, False), "StringNotEquals": (string_equals, True),
    "StringEqualsIgnoreCase": (string_equals_ignore_case, False),
    "StringNotEqualsIgnoreCase": (string_equals_ignore_case, True),
    "StringLike": (string_like, False), "StringNotLike": (string_like, True),
    "ArnEquals": (arn_like, False), "ArnLike": (arn_like, False),
    "ArnNotEquals": (arn_like, True), "ArnNotLike": (arn_like, True),
    "Bool": (boolean, False), "BinaryEquals": (binary, False),
    "IpAddress": (ip_in, False), "NotIpAddress": (ip_in, True),
}
for _kind, _read in (("Numeric", number), ("Date", moment)):
    OPERATORS[_kind + "Equals"] = (ordered(_read, lambda v, w: v == w), False)
    OPERATORS[_kind + "NotEquals"] = (ordered(_read, lambda v, w: v == w), True)
    OPERATORS[_kind + "LessThan"] = (ordered(_read, lambda v, w: v < w), False)
    OPERATORS[_kind + "LessThanEquals"] = (ordered(_read, lambda v, w: v <= w), False)
    OPERATORS[_kind + "GreaterThan"] = (ordered(_read, lambda v, w: v > w), False)
    OPERATORS[_kind + "GreaterThanEquals"] = (ordered(_read, lambda v, w: v >= w), False)


# ---- layers ----

class Layer:
    """The policies of one kind, tried one after another."""

    def __init__(self, name, policies, request):
        self.name, self.policies, self.request = name, policies, request
        self.matched = []  # (effect, names, Found), in the policies' order
        for place, policy in policies:
            version = policy.get("Version") == "2012-10-17"
            for i, statement in enumerate(as_list(policy["Statement"])):
                how = how_named(statement, request)
                if not how or not action_matches(statement, request) or not resource_matches(statement, version, request):
                    continue
                if conditions_hold(statement, version, request):
                    self.matched.append((statement["Effect"], how, Found(place, i, statement)))

    def deny(self):
        return next((found for effect, _, found in self.matched if effect == "Deny"), None)

    def allow(self, names=NAMES):
        """The first Allow by the narrowest of these names."""
        return next((found for name in names for effect, how, found in self.matched if effect == "Allow" and name in how), None)

    def nearest(self):
        """The Allow that meets most: its action counts before its resource, that before principal, that before conditions."""
        def meets(version, statement):
            named = "Principal" not in statement or how_named(statement, self.request)
            return (action_matches(statement, self.request), resource_matches(statement, version, self.request), bool(named),
                    conditions_hold(statement, version, self.request))

        allows = [(meets(policy.get("Version") == "2012-10-17", s), Found(place, i, s)) for place, policy in self.policies
                  for i, s in enumerate(as_list(policy["Statement"])) if s["Effect"] == "Allow"]
        return max(allows, key=lambda a: a[0])[1] if allows else None


def places(name, policies):
    return [(f"{name}[{n}]", p) for n, p in enumerate(policies)]


def levels(name, policies):
    return [places(f"{name}[{n}]", level) for n, level in enumerate(policies)]


def layers_of(case, request):
    """Which policies are read at all for this caller and resource, by layer."""
    layers = {}
    if (request.service in RCP_SERVICES and not request.management_resource and not request.service_linked
            and request.action != "kms:retiregrant" and case.get("resourceControlPolicies")):  # [16]
        layers["rcp"] = sum(levels("rcp", case["resourceControlPolicies"]), [])
    if (request.kind in ("user", "session", "root") and not request.management_caller and not request.service_linked
            and case.get("serviceControlPolicies")):  # [15]
        layers["scp"] = sum(levels("scp", case["serviceControlPolicies"]), [])
    if case.get("vpcEndpointPolicies"):
        layers["vpce"] = places("vpce", case["vpcEndpointPolicies"])  # [17]
    if not repairs_bucket(request):
        name = "trust" if request.is_trust else "resource"
        layers[name] = places(name, [case["resourcePolicy"]] if case.get("resourcePolicy") else [])
    if request.has_identity:
        layers["identity"] = places("identity", case.get("identityPolicies") or [])
        if case.get("boundary"):
            layers["boundary"] = places("boundary", [case["boundary"]])
        if case.get("sessionPolicies") or request.federated:  # who is federated without any has no rights of its own [7]
            layers["session"] = places("session", case.get("sessionPolicies") or [])
    return layers


def repairs_bucket(request):
    """The root user may always mend its own bucket's policy [18]."""
    return (request.kind == "root" and not request.crosses
            and request.action in ("s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"))


# ---- the decision ----

def denied(layer):
    """For want of an Allow in this layer, which one came near; or one allows by a name that does not count here."""
    found = layer.allow() or layer.nearest()
    return Verdict(IMPLICIT, layer.name, found and found.policy, found and found.index)


def allowed(by, found=None):
    return Verdict(ALLOWED, by, found.policy if found else None, found.index if found else None)


def malformed(case, request):
    """The layers with a policy that cannot be understood, with the reasons: each of them denies [40]."""
    resource_kind = "trust" if request.is_trust else "resource"
    for name, policies in (
            ("identity", case.get("identityPolicies") or []),
            ("boundary", [case["boundary"]] if case.get("boundary") is not None else []),
            ("session", case.get("sessionPolicies") or []),
            ("scp", [p for level in case.get("serviceControlPolicies") or [] for p in level]),
            ("rcp", [p for level in case.get("resourceControlPolicies") or [] for p in level]),
            (resource_kind, [case["resourcePolicy"]] if case.get("resourcePolicy") is not None else []),
            ("vpce", case.get("vpcEndpointPolicies") or [])):
        for policy in policies:
            reason = wellformed.reason_against(policy, name)
            if reason:
                yield name, reason


def decide(case):
    """The whole of it, in the order of rules 1, 2 and 4 to 22."""
    request = Request(case["request"])
    request.has_boundary = request.has_identity and bool(case.get("boundary"))
    bad = list(malformed(case, request))
    if bad:
        return Verdict(IMPLICIT, {name for name, _ in bad}, error=bad[0][1])
    if not request.makes_sense:
        return Verdict(IMPLICIT, "none")
    if request.action in ("sts:getcalleridentity", "sts:getsessiontoken") and request.account:
        return allowed("identity")  # [1]
    policies = layers_of(case, request)
    layers = {name: Layer(name, policies[name], request) for name in ORDER if name in policies}
    for layer in layers.values():
        if layer.deny():
            return Verdict(EXPLICIT, layer.name, *layer.deny()[:2])
    if "scp" in layers:
        for level in levels("scp", case["serviceControlPolicies"]):
            if not Layer("scp", level, request).allow():
                return denied(Layer("scp", level, request))
    if "vpce" in layers and not layers["vpce"].allow():
        return denied(layers["vpce"])
    return granted(request, layers)


def granted(request, layers):
    """[4] to [14], [18], [19], [22], [23], [41]"""
    resource = layers.get("trust") or layers.get("resource") or Layer("resource", [], request)
    lacking = identity_side_lacks(request, layers)
    owned = AWS_OWNED.match(request.resource)
    if owned and owned[1].startswith(request.service + ":") and changes(request):
        return denied(layers.get("identity") or Layer("identity", [], request))  # [41]
    if request.action == "iam:passrole" and request.crosses:
        return denied(resource)  # [23]
    if request.kind == "anonymous" and request.is_trust:
        return denied(resource)  # [22]
    if request.crosses and resource.allow():  # [12] [13]
        return denied(lacking) if lacking else allowed(resource.name, resource.allow())
    if request.crosses or request.account is None:
        names = ("itself",) if request.kind == "service" else ("any",)  # [19] [22]
        return allowed(resource.name, resource.allow(names)) if resource.allow(names) else denied(resource)
    return granted_at_home(request, layers, resource, lacking)


def granted_at_home(request, layers, resource, lacking):
    """Caller and resource are of one account."""
    decides_alone = request.is_key or request.is_trust  # [10] [11]
    if request.kind == "root":
        if not decides_alone:
            return allowed("identity")  # [18]
        return allowed(resource.name, resource.allow()) if resource.allow() else denied(resource)
    silent = []
    for names, limits in direct_grants(request):
        if resource.allow(names):
            lack = [layers[n] for n in limits if n in layers and not layers[n].allow()]
            if not lack:
                return allowed(resource.name, resource.allow(names))
            silent += lack
    if silent:
        return denied(min(silent, key=lambda layer: ORDER.index(layer.name)))
    if decides_alone and not resource.allow(("account",)):
        return denied(resource)
    return denied(lacking) if lacking else allowed("identity", layers["identity"].allow())


def direct_grants(request):
    """Which names grant without the identity policies, and what must allow beside them."""
    if request.kind == "session":
        return ((("itself", "any"), ()), (("role",), ("boundary", "session")))  # [7] [8] [6]
    return ((("itself", "any"), ("session",)),)  # [5] [8]


def changes(request):
    """Reading, and handing on, is no change."""
    return not re.match(r"(get|list|describe|simulate|generate)", request.action.split(":")[1]) \
        and request.action not in ("iam:passrole", "kms:encrypt", "kms:decrypt")


def identity_side_lacks(request, layers):
    """The first of identity, boundary, session policies that does not allow; None if all do, as they do for root [18]."""
    if not request.has_identity:
        return None
    return next((layers[n] for n in ("identity", "boundary", "session") if n in layers and not layers[n].allow()), None)


# ---- in bulk ----

def answer(case):
    try:
        verdict = decide(case)
    except Senseless:
        return {"id": case["id"], "error": "the principal is not known"}
    by = sorted(verdict.by)[0] if isinstance(verdict.by, set) else verdict.by
    out = {"id": case["id"], "decision": verdict.decision, "by": by}
    if verdict.policy:
        out.update(policy=verdict.policy, index=verdict.index)
    if verdict.error:
        out["error"] = verdict.error
    return out


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))))
