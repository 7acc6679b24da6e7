#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Plays random cases through `barmkin authz --batch --explain` and through naive.py, and compares decision, layer and
deciding statement (for an implicit denial: the nearest one): usage differ.py BUILD COUNT [SEED [PROCESSES]]. The cases
are the same for the same seed, whatever the processes. On a difference it makes the case as small as it stays different, prints it and exits 1. It also fails when the cases
leave a pair of decision and layer rare, or a line of naive.py or wellformed.py unplayed: then they would show little."""
import collections
import copy
import gc
import json
import multiprocessing
import os
import subprocess
import sys

import generate
import naive
import wellformed

CHUNK, PART = 2000, 10000  # cases: given to the engine at once; from one generator
FLOOR = 1 / 5000  # of all cases, for each pair of decision and layer
PAIRS = ([("Allowed", by) for by in ("identity", "resource", "trust")]
         + [("ExplicitlyDenied", by) for by in naive.ORDER]
         + [("ImplicitlyDenied", by) for by in naive.ORDER + ("none",)])
TRACED = 4000  # cases whose lines in naive.py and wellformed.py are watched
FILES = (naive.__file__, wellformed.__file__)


def engine(build, cases):
    """What the C says, a dictionary a case."""
    text = "".join(json.dumps(c) + "\n" for c in cases)
    done = subprocess.run([os.path.join(build, "barmkin"), "authz", "--batch", "--explain"], input=text, capture_output=True,
                          text=True, check=False)
    lines = done.stdout.split("\n")[:-1]
    if len(lines) != len(cases):
        raise SystemExit(f"authz --batch answered {len(lines)} of {len(cases)} cases, status {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in lines]


def difference(case, said):
    """How the engine's answer differs from ours, or None."""
    try:
        ours = naive.decide(case)
    except naive.Senseless:
        return None if "error" in said and "decision" not in said else "the case makes no sense"
    if said.get("decision") != ours.decision:
        return f"naive says {ours.decision} by {ours.by}"
    if said["by"] not in (ours.by if isinstance(ours.by, set) else {ours.by}):
        return f"naive says by {ours.by}"
    if ("error" in said) != (ours.error is not None):
        return f"naive says error {ours.error}"
    if "trace" in said and (said["trace"]["decision"], said["trace"]["by"]) != (said["decision"], said["by"]):
        return "explain decides differently"
    return statement_difference(said.get("trace", {}), ours)


def statement_difference(trace, ours):
    told = (trace.get("policy"), trace.get("index"))
    if told != (ours.policy, ours.index):
        return f"naive says by {ours.policy} {ours.index}, not {told}"
    lacking = [layer for layer in trace.get("layers", ()) if (layer["layer"], layer["verdict"]) == (ours.by, naive.IMPLICIT)]
    if ours.decision == naive.IMPLICIT and ours.policy and lacking and not trace.get("failed") and not trace.get("missed"):
        return "what failed the nearest statement is not named"
    return None


def smaller(case):
    """Every case that lacks one part of this one."""
    def without(node, rebuild):
        if isinstance(node, dict):
            for k in node:
                yield rebuild({a: b for a, b in node.items() if a != k})
            for k in node:
                yield from without(node[k], lambda x, k=k: rebuild({**node, k: x}))
        elif isinstance(node, list):
            for i in range(len(node)):
                yield rebuild(node[:i] + node[i + 1:])
            for i in range(len(node)):
                yield from without(node[i], lambda x, i=i: rebuild(node[:i] + [x] + node[i + 1:]))

    yield from without(case, lambda x: x)


def differs(build, case):
    try:
        return difference(case, engine(build, [case])[0])
    except (KeyError, TypeError, AttributeError):
        return None  # too small to be a case


def minimise(build, case):
    """Takes parts away while the two still differ; what was well-formed stays so."""
    sound = not is_malformed(case)
    progress = True
    while progress:
        progress = False
        for candidate in smaller(case):
            if not {"id", "request"} <= set(candidate):
                continue
            if differs(build, candidate) and not (sound and is_malformed(candidate)):
                case, progress = candidate, True
                break
    return case


def is_malformed(case):
    try:
        return any(True for _ in naive.malformed(case, naive.Request(case["request"])))
    except (naive.Senseless, KeyError):
        return False


def play(part):
    """Returns how often each pair came, and the first case that differs."""
    build, seed, count = part
    generator, seen = generate.Generator(seed), collections.Counter()
    gc.disable()  # nothing here goes in circles
    for start in range(0, count, CHUNK):
        cases = [generator.next_case() for _ in range(min(CHUNK, count - start))]
        for case, said in zip(cases, engine(build, cases)):
            seen[said.get("decision"), said.get("by")] += 1
            if difference(case, said):
                return seen, case
    return seen, None


def play_all(build, seed, count, processes):
    """The same of all parts; says how far it is at every tenth."""
    parts = [(build, f"{seed}-{n}", min(PART, count - n * PART)) for n in range(-(-count // PART))]
    seen, told = collections.Counter(), 0
    with multiprocessing.Pool(processes) as pool:
        for part, case in pool.imap(play, parts):
            seen += part
            if case:
                return seen, case
            if sum(seen.values()) >= told + count / 10:
                told = sum(seen.values())
                print(f"  {told} of {count} agree", flush=True)
    return seen, None


def unplayed_lines(seed):
    """Lines of functions of naive.py and wellformed.py that no case of TRACED reaches."""
    played, wanted = set(), set()

    def trace(frame, event, _):
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            played.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    generator = generate.Generator(seed)
    cases = [generator.next_case() for _ in range(TRACED)]
    things = [*vars(naive).values(), *vars(wellformed).values()]
    for f in things:
        if hasattr(f, "cache_clear"):
            f.cache_clear()
    sys.settrace(trace)
    naive.ordered(naive.number, max)  # else played at import only
    for case in cases:
        naive.answer(case)
    sys.settrace(None)
    for f in things:
        wanted |= lines_of(f)
    return sorted(f"{line} of tests/authz/{os.path.basename(file)}" for file, line in wanted - played)


def lines_of(thing):
    """Line numbers of a function's or class's body, with what is nested in it."""
    thing = getattr(thing, "__wrapped__", thing)
    if isinstance(thing, type) and thing.__module__ in ("naive", "wellformed"):
        return set().union(*(lines_of(getattr(f, "fget", f)) for f in vars(thing).values()))
    code = getattr(thing, "__code__", None)
    if code is None or code.co_filename not in FILES:
        return set()
    lines, codes = set(), [code]
    while codes:
        c = codes.pop()
        lines |= {(c.co_filename, line) for _, _, line in c.co_lines() if line and line != c.co_firstlineno}
        codes += [k for k in c.co_consts if hasattr(k, "co_code")]
    return lines


def report(seen, count):
    """Prints the table; returns what is too rare."""
    for (decision, by), n in sorted(seen.items(), key=str):
        print(f"  {n:8} {decision or 'no case'} {by or ''}")
    return [pair for pair in PAIRS if seen[pair] < count * FLOOR]


def main():
    build, count = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    processes = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    seen, case = play_all(build, seed, count, processes)
    if case:
        least = minimise(build, copy.deepcopy(case))
        said = engine(build, [least])[0]
        print(f"not ok {case['id']} differs: {difference(least, said)}\n{json.dumps(least, indent=1)}\nbarmkin: {json.dumps(said)}")
        return 1
    rare, unplayed = report(seen, count), unplayed_lines(seed)
    for pair in rare:
        print(f"not ok too few cases end in {pair}")
    for line in unplayed:
        print(f"not ok no case plays line {line}")
    print(f"{'not ok' if rare or unplayed else 'ok'} {sum(seen.values())} cases agree")
    return 1 if rare or unplayed else 0


if __name__ == "__main__":
    sys.exit(main())
