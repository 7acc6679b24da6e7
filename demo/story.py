# SPDX-License-Identifier: MIT
"""How the story is told: steps with their times, expected denials, the table, result.json."""
import contextlib
import json
import os
import re
import time

from botocore.exceptions import ClientError


class Differs(Exception):
    """Something was not as the story says."""


# What a denial's message calls the policy that decided, and the word that result.json uses for it.
POLICY_TYPES = [
    (r"identity-based policy", "identity"),
    (r"resource-based policy", "resource"),
    (r"VPC endpoint policy", "endpoint"),
    (r"role trust policy", "trust"),
    (r"session policy", "session"),
    (r"permissions boundary", "boundary"),
    (r"service control policy", "scp"),
]


def policy_type(message):
    """Which kind of policy a message says has denied; None if it names none. Read from AWS's wording only."""
    for words, name in POLICY_TYPES:
        if re.search(r"(because no|with an explicit deny in an?|with an explicit deny in the) " + words, message):
            return name
    return None


class Story:
    def __init__(self):
        self.began = time.monotonic()
        self.steps = []  # (number, title, seconds)
        self.denials = []
        self.differences = []
        self.facts = {"rmse": None, "training_seconds": None, "endpoints": [], "predictions": 0}

    def seconds(self):
        return time.monotonic() - self.began

    def say(self, text):
        print(f"{self.seconds():7.2f}s     {text}", flush=True)

    @contextlib.contextmanager
    def step(self, number, title):
        began = time.monotonic()
        print(f"\n{self.seconds():7.2f}s  {number}. {title}", flush=True)
        yield
        self.steps.append((number, title, time.monotonic() - began))

    def expect(self, holds, text):
        """One thing the story claims. A claim that does not hold is remembered: the demo then fails at its end."""
        if holds:
            self.say(text)
        else:
            self.differences.append(text)
            self.say(f"DIFFERS: {text}")
        return holds

    # ---- denials ----

    def denied(self, name, code, expected_type, error):
        """Records a denial. error: what boto3 raised (a ClientError), or {"Code", "Message", "RequestId"}."""
        if isinstance(error, ClientError):
            error = {**error.response["Error"], "RequestId": error.response["ResponseMetadata"].get("RequestId", "")}
        got = {"name": name, "code": error["Code"], "message": error["Message"],
               "policy_type": policy_type(error["Message"])}
        self.denials.append(got)
        self.expect(got["code"] == code and got["policy_type"] == expected_type,
                    f"{name}: {got['code']}" + (f", by policy: {got['policy_type']}" if expected_type else ""))
        if got["code"] != code or got["policy_type"] != expected_type:
            self.say(f"  expected {code}, policy type {expected_type}")
        print(f"              {got['message']}", flush=True)
        return error.get("RequestId", "")

    def must_deny(self, name, code, expected_type, call, *args, **kwargs):
        """Makes a call that must fail; a success is a difference. Returns the request's id."""
        try:
            call(*args, **kwargs)
        except ClientError as error:
            return self.denied(name, code, expected_type, error)
        return self.allowed(name)

    def allowed(self, name):
        self.denials.append({"name": name, "code": None, "message": "it was allowed", "policy_type": None})
        self.expect(False, f"{name}: must fail, but was allowed")
        return ""

    # ---- the end ----

    def table(self):
        print(f"\n{'step':<66}{'seconds':>9}")
        for number, title, seconds in self.steps:
            print(f"{f'{number}. {title}':<66}{seconds:>9.2f}")
        print(f"{'total':<66}{self.seconds():>9.2f}\n")
        if self.denials:
            print(f"{'attack':<50}{'answer':<24}policy")
        for d in self.denials:
            print(f"{d['name']:<50}{d['code'] or 'ALLOWED':<24}{d['policy_type'] or '-'}")
        print()

    def passed(self, whole):
        return whole and not self.differences

    def write(self, path, whole):
        """result.json: the fields are a promise to tools, see the issue that asked for the demo."""
        result = {"seconds": round(self.seconds(), 3), "rmse": self.facts["rmse"],
                  "training_seconds": self.facts["training_seconds"], "endpoints": self.facts["endpoints"],
                  "predictions": self.facts["predictions"], "denials": self.denials, "passed": self.passed(whole)}
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            json.dump(result, f, indent=2)
            f.write("\n")
