#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What must hold of any case, tried on random ones: usage properties.py BUILD COUNT [SEED]. Each case is played as it is and
changed: what does not matter must change nothing, a further Deny never allows, a further Allow never denies, and what only
limits (boundary, session policies, SCPs, endpoint policies) never grants. Prints the first case that breaks a property."""
import copy
import json
import random
import sys

import differ
import generate

LISTS = ("identityPolicies", "sessionPolicies", "vpcEndpointPolicies")
LEVELS = ("serviceControlPolicies", "resourceControlPolicies")


def documents(case):
    """Every list of policies in the case, and lists of one for those that come alone."""
    found = [case[k] for k in LISTS if case.get(k)] + [level for k in LEVELS for level in case.get(k) or ()]
    return found + [[case[k]] for k in ("boundary", "resourcePolicy") if case.get(k)]


def shuffled(case, pick):
    for policies in documents(case):
        pick.shuffle(policies)
        for p in policies:
            if isinstance(p["Statement"], list):
                pick.shuffle(p["Statement"])


def doubled(case, pick):
    for policies in documents(case):
        for p in policies:
            if isinstance(p["Statement"], list):
                p["Statement"] += [{k: v for k, v in s.items() if k != "Sid"} for s in p["Statement"]]
    for k in LISTS:
        if case.get(k):
            case[k] += copy.deepcopy(case[k])


def unread_key(case, pick):
    case["request"]["context"]["zz:unread"] = pick.choice(["a", [], ["a", "b"]])


def shouted(case, pick):
    case["request"]["action"] = case["request"]["action"].upper()


def further(effect):
    """One more statement in one of the policies; those that name principals mean everybody."""
    def change(case, pick):
        policies = pick.choice(documents(case) or [[]])
        for p in policies[:1]:
            first = p["Statement"][0] if isinstance(p["Statement"], list) else p["Statement"]
            more = {"Effect": effect, "Action": pick.choice(["*", "sts:*"])}
            more.update({"Principal": "*"} if {"Principal", "NotPrincipal"} & set(first) else {})
            more.update({"Resource": "*"} if {"Resource", "NotResource"} & set(first) else {})
            p["Statement"] = [more] + (p["Statement"] if isinstance(p["Statement"], list) else [p["Statement"]])
    return change


def unlimited(case, pick):
    limits = ["boundary", "serviceControlPolicies", "vpcEndpointPolicies"]
    if not case["request"].get("federatedBy"):  # without a session policy a federated user has nothing (rule 7)
        limits.append("sessionPolicies")
    case.pop(pick.choice(limits), None)


def same(was, now):
    return was == now


def no_more(was, now):
    return now[0] != "Allowed" or was[0] == "Allowed"


def no_less(was, now):
    return was[0] != "Allowed" or now[0] == "Allowed"


PROPERTIES = [
    ("the order of statements and policies does not matter", shuffled, same),
    ("saying a thing twice does not matter", doubled, same),
    ("a key that no policy reads does not matter", unread_key, same),
    ("actions have no case", shouted, same),
    ("a further Deny never allows", further("Deny"), no_more),
    ("a further Allow never denies", further("Allow"), no_less),
    ("what limits never grants", unlimited, no_less),
]


def main():
    build, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1
    generator, pick = generate.Generator(seed), random.Random(seed)
    cases = [c for c in (generator.next_case() for _ in range(count)) if not differ.is_malformed(c)]
    was = [(s.get("decision"), s.get("by")) for s in differ.engine(build, cases)]
    for name, change, holds in PROPERTIES:
        changed = copy.deepcopy(cases)
        for c in changed:
            change(c, pick)
        for case, new, before, said in zip(cases, changed, was, differ.engine(build, changed)):
            if not holds(before, (said.get("decision"), said.get("by"))):
                print(f"not ok {name}: {before} became {said}\n{json.dumps(case)}\n{json.dumps(new)}")
                return 1
        print(f"ok {name}: {len(cases)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
