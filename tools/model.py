# SPDX-License-Identifier: MIT
"""Reads src/services/*/*.model for the tools that are not in C. modelc is the judge of the grammar; this only picks out
what documents, scaffolds and searches need."""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEYWORDS = {"default", "register", "signed", "inline", "int", "double", "long", "static", "if", "for"}


def snake(name):
    """As modelc: KeyId -> key_id, KMSKeyId -> kms_key_id, sagemaker-runtime -> sagemaker_runtime."""
    out = ""
    for i, c in enumerate(name):
        after_lower = i and not name[i - 1].isupper() and name[i - 1] not in "_-"
        before_lower = i and i + 1 < len(name) and name[i - 1].isupper() and name[i + 1].islower() and \
            not (i + 2 == len(name) and name[i + 1] == "s")
        if c.isupper() and (after_lower or before_lower):
            out += "_"
        out += "_" if c in "-." else c.lower()
    return out + "_" if out in KEYWORDS else out


class Op:
    def __init__(self, service, name, kind, rest, line):
        self.service, self.name, self.kind, self.rest, self.line, self.end = service, name, kind, rest, line, line
        self.access, self.context, self.members, self.out = [], [], [], []


class Type:
    """A cfn block: properties by what becomes of them, attributes, and the operations that it calls."""

    def __init__(self, words):
        self.name, self.flags, self.props, self.attrs, self.ops, self.refused = words[1], words[2:], {}, [], [], ""
        self.marked, self.above = False, ""

    def take(self, words, line):
        if line.startswith("   "):  # it goes on with the line above
            words = [self.above, *words] if self.above in ("prop", "replace", "ignored", "fixed") else [""]
        self.above = words[0] or self.above
        if words[0] in ("prop", "replace", "ignored", "fixed", "name"):
            for p in words[1:2] if words[0] == "name" else words[1:]:
                if not p.startswith("@"):  # a name that templates cannot give
                    self.props[p.partition("=")[0].rstrip("!")] = words[0]
        elif words[0] == "system-tags":
            self.marked = True
        elif words[0] == "attr":
            self.attrs.append(words[1])
        elif words[0] in ("create", "update", "delete", "wait", "gone") and words[1] not in self.ops:
            self.ops.append(words[1])
        elif words[0] == "refused":
            self.refused = line.split('"')[1]


class Service:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)[:-6]
        self.settings, self.ops, self.resources, self.shapes, self.faults = {}, {}, {}, {}, []
        self.types = []
        with open(os.path.join(ROOT, path)) as f:
            self.lines = f.read().split("\n")
        self.purpose = self.lines[0].lstrip("# ").strip()
        now = None
        for number, line in enumerate(self.lines, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if line[0] != " ":
                now = self.margin(words, number)
            elif isinstance(now, Op):
                self.indented(now, words, number)
            elif isinstance(now, Type):
                now.take(words, line)
        self.c_name = snake(self.settings.get("service", self.name))

    def margin(self, words, number):
        if words[0] == "op":
            op = Op(self, words[1], words[2], words[3:], number)
            self.ops[op.name] = op
            return op
        if words[0] == "cfn":
            self.types.append(Type(words))
            return self.types[-1]
        if words[0] == "resource":
            self.resources[words[1]] = words[2]
        elif words[0] in ("shape", "record"):
            self.shapes[words[1]] = number
        elif words[0] == "fault":
            self.faults.append(words[1])
        else:
            self.settings[words[0]] = words[1] if len(words) > 1 else True
        return None

    @staticmethod
    def indented(op, words, number):
        op.end = number
        if words[0] in ("access", "also"):
            op.access.append(words)
        elif words[0] == "context":
            op.context.append(words[1])
        elif words[0] == "in":
            op.members.append(words[1])
        elif words[0] == "out":
            op.out.append(words[1])


def services():
    return [Service(p) for p in sorted(glob.glob("src/services/*/*.model", root_dir=ROOT))]


def find(text):
    """(service, operation's name) of "kms:EnableKey"; the service by its model's or its action's name."""
    name, _, op = text.partition(":")
    for s in services():
        if name in (s.name, s.settings.get("signs-as")) and (op in s.ops or name == s.name):
            return s, op
    raise SystemExit(f"there is no service '{name}': {', '.join(s.name for s in services())}")


def access_text(op, words):
    """(action, resources) of an access line, in words."""
    if words[0] == "also":
        return words[1], f"role in {words[3]}, passed to {words[-1]}"
    if words[1] == "open":
        return "(none needed)", "-"
    if words[1] == "each":
        return "(each thing by its own operation)", "-"
    resource = op.service.resources.get(words[3], words[3]) if len(words) > 3 else "*"
    when = f", when {words[words.index('when') + 1]} is given" if "when" in words else ""
    when = f", unless {words[words.index('unless') + 1]} is given" if "unless" in words else when
    return words[1], re.sub(r"\{(partition)\}", "aws", resource) + when
