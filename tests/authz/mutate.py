#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks src/authz in one place at a time and sees whether the tests notice: usage mutate.py BUILD [COUNT [SEED [FILE...]]].
A mutant is one line changed: a condition turned round, an operator or a constant swapped, a statement dropped. Each is
compiled alone, linked with the rest of BUILD/libbarmkin.a, and played: first the case folders, then the unit tests of
authz, then generated cases, whose right answers the unbroken engine gave (and naive.py agrees with: make check-authz).
Prints who noticed how many, and the survivors. Those that tests/authz/equivalent.txt explains are counted apart; any other
makes it exit 1."""
import collections
import concurrent.futures
import glob
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile

import generate

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FLAGS = ["-std=gnu17", "-O1", "-w", "-fPIE", "-pthread", "-D_GNU_SOURCE", "-Isrc", "-I/usr/share/include"]
LIBS = ["-ljansson", "-lexpat", "-lsqlite3", "-lssl", "-lcrypto", "-lldns", "-lz", "-lm"]
GENERATED = 6000
DRIVER = """
#include <stdio.h>
#include <stdlib.h>
#include "authz/authz.h"
int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct buf out;
        buf_init(&out, 64 << 20);
        authz_batch_line(str_n(line, (size_t)n - 1), true, &out);
        printf("%.*s\\n", FMT(buf_str(&out)));
        buf_done(&out);
    }
    return 0;
}
"""

SWAPS = [("==", "!="), ("!=", "=="), ("<=", "<"), (">=", ">"), (" < ", " <= "), (" > ", " >= "), ("&&", "||"), ("||", "&&"),
         ("true", "false"), ("false", "true"), (" + 1", ""), (" - 1", ""), (" + ", " - "), ("|=", "="), ("+=", "="), (" & ", " | "),
         ("ALLOWED", "DENIED_IMPLICITLY"), ("BY_ACCOUNT", "BY_ROLE"), ("BY_ROLE", "BY_USER"), ("BY_USER", "BY_SESSION"),
         ("BY_SESSION", "BY_ROLE"), ("BY_ANY", "BY_ACCOUNT"), ("BY_SERVICE", "BY_ANY"), ("LAYER_BOUNDARY", "LAYER_SESSION"),
         ("LAYER_IDENTITY", "LAYER_RESOURCE"), ("LAYER_SCP", "LAYER_ENDPOINT"), ("LAYER_RESOURCE", "LAYER_IDENTITY"),
         ("COND_ALL", "COND_ANY"), ("COND_IF_EXISTS", "COND_ALL"), ("ST_NOT_ACTION", "ST_DENY"), ("ST_DENY", "ST_SID"),
         ("ST_NOT_RESOURCE", "ST_RESOURCE"), ("ST_NOT_PRINCIPAL", "ST_PRINCIPAL"), ("PRINCIPAL_USER", "PRINCIPAL_SESSION"),
         ("PRINCIPAL_ROOT", "PRINCIPAL_USER"), ("ORDER_LE", "ORDER_LT"), ("ORDER_GE", "ORDER_GT"), ("ORDER_LT", "ORDER_GT"),
         ("CMP_LIKE", "CMP_STRING"), ("CMP_NOCASE", "CMP_STRING"), ("str_eq_nocase(", "str_eq("), ("str_starts_nocase(", "str_starts("),
         ("str_starts(", "str_eq("), ("str_ends(", "str_starts(")]
STATEMENT = re.compile(r"^    +(?!return|if|for|while|else|switch|case|default|static|const|struct|enum|union|unsigned|int|bool|char|"
                       r"size_t|str|res|uint\w+|int\w+|double|json_t|void|goto)[A-Za-z_*(][^{}]*;$")


# ---- mutants ----

def code_only(text):
    """The same text with comments and string literals blanked out, so that positions stay."""
    blank = lambda m: re.sub(r"[^\n]", " ", m[0])
    return re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|^#[^\n]*", blank, text, flags=re.S | re.M)


def mutants_of_line(line, code):
    """Each way to break one line."""
    for old, new in SWAPS:
        word = old[0].isalpha() and old[-1].isalnum()
        for m in re.finditer(r"\b" + re.escape(old) + r"\b" if word else re.escape(old), code):
            if old in ("<=", ">=") and code[m.start() - 1] in "<>" or code[m.end():m.end() + 1] == "=" and old in ("==", "!="):
                continue
            yield line[:m.start()] + new + line[m.end():]
    for m in re.finditer(r"(?<![=!<>\w)])!(?=[\w(])", code):
        yield line[:m.start()] + line[m.end():]
    for m in re.finditer(r"\b(if|while) \((.*)\)( \{)?$", code):
        if m[2].count("(") == m[2].count(")"):
            yield line[:m.start(2)] + "!(" + line[m.start(2):m.end(2)] + ")" + line[m.end(2):]
    for m in re.finditer(r"(?<![\w.])(\d+)(?![\w.])", code):
        yield line[:m.start()] + str(int(m[1]) + 1) + line[m.end():]
        if m[1] == "1":
            yield line[:m.start()] + "0" + line[m.end():]
    if STATEMENT.match(code) or re.fullmatch(r" +(continue|break);", code):
        yield re.match(" *", line)[0] + ";"
    m = re.fullmatch(r"( +return )([^;]+);", code)
    if m and m[2] not in ("OK", "out", "NULL", "true", "false"):
        yield m[1] + "!(" + line[m.start(2):m.end(2)] + ");"


def mutants(path):
    with open(os.path.join(ROOT, path)) as f:
        text = f.read()
    lines, codes = text.split("\n"), code_only(text).split("\n")
    seen = set()
    for n, (line, code) in enumerate(zip(lines, codes)):
        for broken in mutants_of_line(line, code):
            if broken != line and (n, broken) not in seen:
                seen.add((n, broken))
                yield path, n, line, broken


# ---- the tests ----

def build_folder(build):
    """Objects of the driver and the unit tests, made once."""
    folder = tempfile.mkdtemp(prefix="mutate-")
    flags = FLAGS + [f"-I{build}/gen", "-Itests/unit"]
    with open(f"{folder}/driver.c", "w") as f:
        f.write(DRIVER)
    sources = [f"{folder}/driver.c"] + sorted(glob.glob("tests/unit/authz/*.c"))
    for s in sources:
        subprocess.run(["gcc", *flags, "-c", "-o", f"{folder}/{os.path.basename(s)[:-2]}.test.o", s], check=True)
    return folder, flags


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(argv, text=""):
    try:
        return subprocess.run(argv, input=text, capture_output=True, text=True, errors="replace", timeout=60, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return None


class Player:
    def __init__(self, build):
        self.build = build
        self.folder, self.flags = build_folder(build)
        self.cases = [json.load(open(f)) for f in sorted(glob.glob("tests/authz/cases/*/case.json"))]
        self.case_lines = "".join(json.dumps(c) + "\n" for c in self.cases)
        generator = generate.Generator(77)
        self.generated = "".join(json.dumps(generator.next_case()) + "\n" for _ in range(GENERATED))
        self.units = [os.path.basename(f)[:-2] for f in sorted(glob.glob("tests/unit/authz/*.c")) if not f.endswith("/cases.c")]
        self.right = self.answers(self.link("driver", []), self.generated)
        if self.right is None or not self.cases_pass(self.link("driver", [])):
            raise SystemExit("the unbroken engine fails its cases")

    def link(self, what, objects, place=None):
        out = os.path.join(place or self.folder, what + ".bin")
        done = subprocess.run(["gcc", "-pie", "-pthread", "-o", out, f"{self.folder}/{what}.test.o", *objects,
                               f"{self.build}/libbarmkin.a", *LIBS, "-lcmocka"], capture_output=True, text=True)
        return out if done.returncode == 0 else None

    def answers(self, program, lines):
        done = run([program], lines)
        return done.stdout if done and done.returncode == 0 else None

    def cases_pass(self, program):
        said = self.answers(program, self.case_lines)
        if said is None or said.count("\n") != len(self.cases):
            return False
        try:
            return all(self.as_written(c, json.loads(s)) for c, s in zip(self.cases, said.split("\n")))
        except ValueError:
            return False

    @staticmethod
    def as_written(case, said):
        failed = said.get("trace", {}).get("failed", {}).get("key")
        return (said.get("decision", "Refused") == case["expected"] and all(k not in case or said.get(k) == case[k] for k in ("by", "message"))
                and case.get("failed") in (None, failed) and ("error" in said) == ("error" in case)
                and case.get("error", "") in said.get("error", ""))

    def play(self, mutant):
        """Who notices: "cases", "unit", "generated", "nobody"; None if it does not compile."""
        path, n, _, broken = mutant
        with open(path) as f:
            lines = f.read().split("\n")
        lines[n] = broken
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            source = f"{place}/{os.path.basename(path)}"
            with open(source, "w") as f:
                f.write("\n".join(lines))
            done = subprocess.run(["gcc", *self.flags, "-c", "-o", f"{place}/mutant.o", source], capture_output=True)
            program = self.link("driver", [f"{place}/mutant.o"], place) if done.returncode == 0 else None
            if not program:
                return None
            if not self.cases_pass(program):
                return "cases"
            for unit in self.units:
                program = self.link(unit, [f"{place}/mutant.o"], place)
                done = run([program]) if program else None
                if not done or done.returncode != 0:
                    return "unit"
            return "generated" if self.answers(f"{place}/driver.bin", self.generated) != self.right else "nobody"


# ---- the report ----

def explained():
    """Lines of equivalent.txt: FILE | the line as it is | as it is broken | why that changes nothing."""
    known = {}
    with open(os.path.join(HERE, "equivalent.txt")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                file, was, broken, why = (x.strip() for x in line.split(" | "))
                known[file, was, broken] = why
    return known


def main():
    build = sys.argv[1]
    count, seed = (int(x) for x in (sys.argv[2:4] + ["200", "1"][len(sys.argv[2:4]):]))
    os.chdir(ROOT)
    files = [f"src/authz/{f}.c" for f in sys.argv[4:]] or sorted(glob.glob("src/authz/*.c"))
    every = [m for f in files for m in mutants(f)]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    player, known = Player(build), explained()
    noticed, survivors = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, by in zip(chosen, pool.map(player.play, chosen)):
            path, n, was, broken = mutant
            if by == "nobody" and (os.path.basename(path), was.strip(), broken.strip()) in known:
                by = "equivalent"
            noticed[by or "does not compile"] += 1
            if by == "nobody":
                survivors.append(mutant)
                print(f"not ok {path}:{n + 1}\n  - {was.strip()}\n  + {broken.strip()}", flush=True)
    subprocess.run(["rm", "-rf", player.folder], check=True)
    print(f"{len(chosen)} of {len(every)} mutants: " + ", ".join(f"{by} {n}" for by, n in sorted(noticed.items())))
    print("ok" if not survivors else f"not ok: {len(survivors)} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
