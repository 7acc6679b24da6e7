#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What must hold of any case, tried on random ones: usage properties.py BUILD COUNT [SEED]. Each case is played as it is and
changed: order, repetition, spelling and splitting change nothing, a further Deny never allows, a further Allow never denies,
what only limits (boundary, session policies, SCPs, RCPs, endpoint policies) never grants, and the statement that explain
names decides by itself. Prints the first case that breaks a property."""
import copy
import json
import random
import re
import sys

import differ
import generate
import naive

LISTS = ("identityPolicies", "sessionPolicies", "vpcEndpointPolicies")
LEVELS = ("serviceControlPolicies", "resourceControlPolicies")
KINDS = {"identityPolicies": "identity", "sessionPolicies": "session", "vpcEndpointPolicies": "vpce", "boundary": "boundary",
         "serviceControlPolicies": "scp", "resourceControlPolicies": "rcp"}


# ---- the parts of a case ----

def documents(case):
    """Every list of policies in the case, and lists of one for those that come alone."""
    found = [case[k] for k in LISTS if case.get(k)] + [level for k in LEVELS for level in case.get(k) or ()]
    return found + [[case[k]] for k in ("boundary", "resourcePolicy") if case.get(k)]


def policies(case):
    return [p for found in documents(case) for p in found]


def statements(policy):
    """The policy's list of statements; a lone one becomes a list."""
    policy["Statement"] = naive.as_list(policy["Statement"])
    return policy["Statement"]


def every_statement(case):
    return [s for p in policies(case) for s in statements(p)]


def named_policies(case):
    """By their names in explanations."""
    trust = "trust" if naive.Request(case["request"]).is_trust else "resource"
    found = [p for k in LISTS for p in naive.places(KINDS[k], case.get(k) or [])]
    found += [p for k in LEVELS for level in naive.levels(KINDS[k], case.get(k) or []) for p in level]
    return dict(found + [(f"{n}[0]", case[k]) for n, k in (("boundary", "boundary"), (trust, "resourcePolicy")) if case.get(k)])


# ---- what changes nothing ----

def shuffled(case, pick):
    for found in documents(case):
        pick.shuffle(found)
        for p in found:
            pick.shuffle(statements(p))
    for k in LEVELS:
        pick.shuffle(case.get(k) or [])


def shuffled_within(case, pick):
    """Elements of a statement, and values of its lists."""
    def turned(node):
        if isinstance(node, dict):
            items = list(node.items())
            pick.shuffle(items)
            return {k: turned(v) for k, v in items}
        return pick.sample(node, len(node)) if isinstance(node, list) else node

    for p in policies(case):
        p["Statement"] = [turned(s) for s in statements(p)]


def doubled(case, pick):
    for p in policies(case):
        p["Statement"] = statements(p) + [{k: v for k, v in s.items() if k != "Sid"} for s in p["Statement"]]
    for k in LISTS:
        if case.get(k):
            case[k] += copy.deepcopy(case[k])
    for k in LEVELS:
        if case.get(k):
            case[k] += copy.deepcopy(case[k])


def unread_key(case, pick):
    case["request"]["context"]["zz:unread"] = pick.choice(["a", [], ["a", "b"]])


def shouted(case, pick):
    """Actions in the request and in policies."""
    case["request"]["action"] = pick.choice([str.upper, str.lower, str.swapcase])(case["request"]["action"])
    for s in every_statement(case):
        for k in {"Action", "NotAction"} & set(s):
            s[k] = [a.swapcase() for a in naive.as_list(s[k])]


def shouted_keys(case, pick):
    """Keys of conditions, in the context, in variables."""
    def variables(node):
        if isinstance(node, str):
            return re.sub(r"(?<=\$\{)[A-Za-z:/]+", lambda m: m[0].swapcase(), node)
        return [variables(v) for v in node] if isinstance(node, list) else node

    change = pick.choice([str.upper, str.lower, str.swapcase])
    case["request"]["context"] = {change(k): v for k, v in case["request"]["context"].items()}
    for s in every_statement(case):
        if "Condition" in s:
            s["Condition"] = {o: {pick.choice([str.upper, str.lower])(k): variables(v) for k, v in keys.items()}
                              for o, keys in s["Condition"].items()}
        for k in {"Resource", "NotResource"} & set(s):
            s[k] = variables(s[k])


def spelled_otherwise(case, pick):
    """Lists of one, the ways to write an account and everybody, a version that makes no difference."""
    def account(name):
        arn = re.fullmatch(r"arn:aws:iam::(\d{12}):root", name)
        return arn[1] if arn else f"arn:aws:iam::{name}:root" if re.fullmatch(r"\d{12}", name) else name

    for p in policies(case):
        if "${" not in json.dumps(p):
            p["Version"] = pick.choice(["2012-10-17", "2008-10-17"])
        for s in statements(p):
            for k in {"Action", "NotAction", "Resource", "NotResource"} & set(s):
                s[k] = s[k][0] if isinstance(s[k], list) and len(s[k]) == 1 else naive.as_list(s[k])
            for k in {"Principal", "NotPrincipal"} & set(s):
                if s[k] == "*" or s[k] == {"AWS": "*"} and s.get("Principal"):
                    s[k] = s[k] if is_rcp(case, p) else {"AWS": ["*"]} if s[k] == "*" else "*"
                else:
                    s[k] = {t: [account(n) if t == "AWS" else n for n in naive.as_list(v)] for t, v in s[k].items()}
        if len(p["Statement"]) == 1 and pick.random() < 0.5:
            p["Statement"] = p["Statement"][0]


def is_rcp(case, policy):
    return any(policy is p for level in case.get("resourceControlPolicies") or () for p in level)


def split(case, pick):
    """A statement about several actions, resources, principals or values is as many statements about one."""
    for p in policies(case):
        p["Statement"] = [one for s in statements(p) for one in split_statement(s, pick.choice(["Action", "Resource", "Principal", "Condition"]))]


PLAIN = {o for o, (_, negated) in naive.OPERATORS.items() if not negated}


def split_statement(s, element):
    bare = {k: v for k, v in s.items() if k != "Sid"}
    if element in ("Action", "Resource") and element in s:
        return [{**bare, element: v} for v in naive.as_list(s[element])]
    if element == "Principal" and isinstance(s.get("Principal"), dict):
        return [{**bare, "Principal": {t: n}} for t, names in s["Principal"].items() for n in naive.as_list(names)]
    if element == "Condition" and "Condition" in s:
        operator = next(iter(s["Condition"]))
        key, wanted = next(iter(s["Condition"][operator].items()))
        if operator.removesuffix("IfExists") in PLAIN | {"Null"}:
            return [{**bare, "Condition": {**s["Condition"], operator: {**s["Condition"][operator], key: v}}} for v in naive.as_list(wanted)]
    return [s]


# ---- what changes in one direction only ----

def further(effect):
    """One more statement in one of the policies, of any kind that the generator makes."""
    def change(case, pick):
        places = [(k, p) for k in LISTS for p in case.get(k) or ()] + [(k, p) for k in LEVELS for level in case.get(k) or () for p in level]
        places += [(k, case[k]) for k in ("boundary", "resourcePolicy") if case.get(k)]
        if not places:
            return
        where, policy = pick.choice(places)
        request = naive.Request(case["request"])
        maker = generate.Generator(pick.random())
        maker.action, maker.resource, maker.principal_arn = (case["request"][k] for k in ("action", "resource", "principal"))
        maker.account, maker.vouching_user = request.account or generate.A, case["request"].get("federatedBy")
        maker.kind, maker.sids = KINDS.get(where) or ("trust" if request.is_trust else "resource"), 1000
        at = pick.randrange(len(statements(policy)) + 1)
        policy["Statement"].insert(at, maker.statement(1 if effect == "Allow" else 0))
        while differ.is_malformed(case):
            policy["Statement"][at] = maker.statement(1 if effect == "Allow" else 0)
    return change


def unlimited(case, pick):
    limits = ["boundary", "vpcEndpointPolicies", *LEVELS]
    if not case["request"].get("federatedBy"):  # without a session policy a federated user has nothing (rule 7)
        limits.append("sessionPolicies")
    case.pop(pick.choice([k for k in limits if case.get(k)] or limits), None)


def one_level_less(case, pick):
    levels = pick.choice([case.get(k) or [] for k in LEVELS])
    if levels:
        levels.pop(pick.randrange(len(levels)))


def if_exists(effect):
    """IfExists lets a statement match more."""
    def change(case, pick):
        for s in every_statement(case):
            if s["Effect"] == effect and "Condition" in s:
                s["Condition"] = {o if o == "Null" or o.endswith("IfExists") or o + "IfExists" in s["Condition"] else o + "IfExists": keys
                                  for o, keys in s["Condition"].items()}
    return change


def same(was, now):
    return was == now


def no_more(was, now):
    """Nothing is allowed that was not, and what was denied explicitly still is."""
    return (now[0] != naive.ALLOWED or was[0] == naive.ALLOWED) and (was[0] != naive.EXPLICIT or now[0] == naive.EXPLICIT)


def no_less(was, now):
    return was[0] != naive.ALLOWED or now[0] == naive.ALLOWED


def no_less_and_no_denial(was, now):
    """An Allow takes part in no explicit denial."""
    return no_less(was, now) and (was[0] == naive.EXPLICIT) == (now[0] == naive.EXPLICIT)


PROPERTIES = [
    ("the order of statements, policies and levels does not matter", shuffled, same),
    ("the order within a statement does not matter", shuffled_within, same),
    ("saying a thing twice does not matter", doubled, same),
    ("a key that no policy reads does not matter", unread_key, same),
    ("actions have no case", shouted, same),
    ("condition keys have no case", shouted_keys, same),
    ("two ways to write a thing are one", spelled_otherwise, same),
    ("one statement or several that say the same", split, same),
    ("a further Deny never allows", further("Deny"), no_more),
    ("a further Allow never denies", further("Allow"), no_less_and_no_denial),
    ("what limits never grants", unlimited, no_less),
    ("a level of guardrails never grants", one_level_less, no_less),
    ("IfExists widens a Deny", if_exists("Deny"), no_more),
    ("IfExists widens an Allow", if_exists("Allow"), no_less_and_no_denial),
]


# ---- the statement that explain names ----

VOID = {"Effect": "Allow", "Action": "zz:Nothing"}  # stands where the last statement of a policy was


def keep_only(case, said, with_it):
    """The case without the statements that could decide instead of the named one: all other Denies, or of an Allow the other
    Allows of its layer. with_it: is the named one kept?"""
    trace, effect = said["trace"], "Deny" if said["decision"] == naive.EXPLICIT else "Allow"
    for name, policy in named_policies(case).items():
        level = trace["policy"].rpartition("[")[0]
        about = effect == "Deny" or name.rpartition("[")[0] == level
        kept = [s for i, s in enumerate(statements(policy))
                if not about or s["Effect"] != effect or (with_it and (name, i) == (trace["policy"], trace["index"]))]
        void = {**VOID, **{k: "*" for k in ("Principal", "Resource") if any(k in s or "Not" + k in s for s in policy["Statement"])}}
        if "Resource" not in void:
            void["Action"] = "sts:Nothing"
        policy["Statement"] = kept or [void]


def naming_breaks(case, was, build):
    """The named statement decides without all others that could, and without it the decision is another."""
    named = [(c, s) for c, s in zip(case, was) if s.get("decision") in (naive.ALLOWED, naive.EXPLICIT) and "policy" in s["trace"]]
    for with_it in (True, False):
        changed = [copy.deepcopy(c) for c, _ in named]
        for c, (_, s) in zip(changed, named):
            keep_only(c, s, with_it)
        for (c, s), new, now in zip(named, changed, differ.engine(build, changed)):
            unchanged = (now.get("decision"), now.get("by")) == (s["decision"], s["by"])
            if unchanged != with_it:
                return f"{'alone it does not decide' if with_it else 'without it the decision is the same'}: {now}", c, new
    return len(named)


def is_good(case):
    try:
        return naive.Request(case["request"]).makes_sense and not differ.is_malformed(case)
    except naive.Senseless:
        return False


def main():
    build, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
    generator, pick = generate.Generator(seed), random.Random(seed)
    cases = [c for c in (generator.next_case() for _ in range(count)) if is_good(c)]
    said = differ.engine(build, cases)
    was = [(s["decision"], s["by"]) for s in said]
    for name, change, holds in PROPERTIES:
        changed = copy.deepcopy(cases)
        for c in changed:
            change(c, pick)
        for case, new, before, now in zip(cases, changed, was, differ.engine(build, changed)):
            if not holds(before, (now.get("decision"), now.get("by"))):
                print(f"not ok {name}: {before} became {now}\n{json.dumps(case)}\n{json.dumps(new)}")
                return 1
        print(f"ok {name}: {len(cases)} cases, {sum(a != b for a, b in zip(cases, changed))} changed", flush=True)
    broken = naming_breaks(cases, said, build)
    if isinstance(broken, tuple):
        print(f"not ok the statement that explain names decides: {broken[0]}\n{json.dumps(broken[1])}\n{json.dumps(broken[2])}")
        return 1
    print(f"ok the statement that explain names decides: {broken} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
