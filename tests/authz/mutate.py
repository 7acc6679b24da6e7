#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks src/authz in one place at a time and sees whether the tests notice: usage mutate.py BUILD [COUNT [SEED [FILE...]]].
A mutant is one line changed: a condition turned round, an operator or a constant swapped, a statement dropped. All that is
needed is copied first, so that nobody's work disturbs it. Each mutant is compiled alone, linked with the rest of
BUILD/libbarmkin.a, and played: first the case folders, then generated cases, whose right answers the unbroken engine gave
(and naive.py agrees with: make check-authz), then the unit tests of authz. Prints who noticed how many, and the survivors.
Mutants of which the compiler makes the same code are counted apart, and so are those that tests/authz/equivalent.txt
explains, place by place; any other survivor makes it exit 1, as does an explanation of what is not there."""
import collections
import concurrent.futures
import glob
import json
import os
import random
import re
import resource
import shutil
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
        if re.match(r" +(static |const )*(char|str|u?int\d+_t|struct \w+|bool) \**\w+\[$", code[:m.start()]):
            continue  # more room than needed
        yield line[:m.start()] + str(int(m[1]) + 1) + line[m.end():]
        if m[1] == "1":
            yield line[:m.start()] + "0" + line[m.end():]
    if STATEMENT.match(code) or re.fullmatch(r" +(continue|break);", code):
        yield re.match(" *", line)[0] + ";"
    m = re.fullmatch(r"( +return )([^;]+);", code)
    if m and m[2] not in ("OK", "out", "NULL", "true", "false"):
        yield m[1] + "!(" + line[m.start(2):m.end(2)] + ");"


# path, line number from 0; where: (file, function, which of the lines there that read the same); the line, and as it is broken
Mutant = collections.namedtuple("Mutant", "path n where line broken")
FUNCTION = re.compile(r"^(?!static const)[a-z_][\w *]*?\b(\w+)\(")


def mutants(path):
    with open(path) as f:
        text = f.read()
    lines, codes = text.split("\n"), code_only(text).split("\n")
    function, same, seen = "-", collections.Counter(), set()
    for n, (line, code) in enumerate(zip(lines, codes)):
        begins = FUNCTION.match(code)
        if begins and not code.endswith(";"):
            function = begins[1]
        same[function, line.strip()] += 1
        where = os.path.basename(path), function, same[function, line.strip()]
        for broken in mutants_of_line(line, code):
            if broken != line and (n, broken) not in seen:
                seen.add((n, broken))
                yield Mutant(path, n, where, line, broken)
        if code == "}":
            function = "-"


# ---- the tests ----

def copy_of(build):
    """A folder with the sources, the tests and the library as they are now."""
    folder = tempfile.mkdtemp(prefix="mutate-")
    for what in ("src", "tests/unit", "tests/authz"):
        shutil.copytree(os.path.join(ROOT, what), f"{folder}/{what}")
    shutil.copytree(f"{build}/gen", f"{folder}/gen")
    shutil.copy(f"{build}/libbarmkin.a", folder)
    return folder


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(argv, text=""):
    """What goes in circles is ended by its processor time: on a busy machine the clock would blame the innocent."""
    return subprocess.run(argv, input=text, capture_output=True, text=True, errors="replace", preexec_fn=limit)


class Player:
    """Works in a copy, which is also the current folder."""

    def __init__(self):
        self.folder = os.getcwd()
        self.flags = FLAGS + ["-Igen", "-Itests/unit"]
        with open("driver.c", "w") as f:
            f.write(DRIVER)
        self.units = [os.path.basename(f)[:-2] for f in sorted(glob.glob("tests/unit/authz/*.c")) if not f.endswith("/cases.c")]
        for source in ["driver.c", *(f"tests/unit/authz/{u}.c" for u in self.units)]:
            subprocess.run(["gcc", *self.flags, "-c", "-o", os.path.basename(source)[:-2] + ".test.o", source], check=True)
        self.codes = {f: self.compile(f, "unbroken.o") for f in glob.glob("src/authz/*.c")}
        self.cases = [json.load(open(f)) for f in sorted(glob.glob("tests/authz/cases/*/case.json"))]
        self.case_lines = "".join(json.dumps(c) + "\n" for c in self.cases)
        generator = generate.Generator(77)
        self.generated = "".join(json.dumps(generator.next_case()) + "\n" for _ in range(GENERATED))
        self.right = self.answers(self.link("driver", []), self.generated)
        if self.right is None or not self.cases_pass(self.link("driver", [])) or not self.units_pass([], self.folder):
            raise SystemExit("the unbroken engine fails its tests")

    def compile(self, source, out):
        """The object's bytes; None if it does not compile."""
        done = subprocess.run(["gcc", *self.flags, "-c", "-o", out, source], capture_output=True)
        if done.returncode:
            return None
        with open(out, "rb") as f:
            return f.read()

    def link(self, what, objects, place=None):
        out = os.path.join(place or self.folder, what + ".bin")
        done = subprocess.run(["gcc", "-pie", "-pthread", "-o", out, f"{what}.test.o", *objects, "libbarmkin.a", *LIBS, "-lcmocka"],
                              capture_output=True)
        return out if done.returncode == 0 else None

    def units_pass(self, objects, place):
        for unit in self.units:
            program = self.link(unit, objects, place)
            if not program or run([program]).returncode != 0:
                return False
        return True

    def answers(self, program, lines):
        done = run([program], lines)
        return done.stdout if done.returncode == 0 else None

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
        """Who notices: "cases", "generated", "unit", "nobody"; or why nobody could."""
        with open(mutant.path) as f:
            lines = f.read().split("\n")
        lines[mutant.n] = mutant.broken
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            source, out = f"{place}/{os.path.basename(mutant.path)}", f"{place}/mutant.o"
            with open(source, "w") as f:
                f.write("\n".join(lines))
            code = self.compile(source, out)
            if code == self.codes[mutant.path]:
                return "same code"
            program = self.link("driver", [out], place) if code else None
            if not program:
                return "does not compile"
            if not self.cases_pass(program):
                return "cases"
            if self.answers(program, self.generated) != self.right:
                return "generated"
            return "nobody" if self.units_pass([out], place) else "unit"


# ---- the report ----

def explained():
    """Lines of equivalent.txt: FILE ¦ FUNCTION ¦ WHICH ¦ the line as it is ¦ as it is broken ¦ why that changes nothing."""
    known = {}
    with open(os.path.join(HERE, "equivalent.txt")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                file, function, which, was, broken, why = (x.strip() for x in line.split(" ¦ "))
                known[(file, function, int(which)), was, broken] = why
    return known


def key(mutant):
    return mutant.where, mutant.line.strip(), mutant.broken.strip()


def judge(player, chosen, known):
    """Plays them; returns how many who noticed, and the survivors."""
    noticed, survivors = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, by in zip(chosen, pool.map(player.play, chosen)):
            if by == "nobody" and key(mutant) in known:
                by = "explained"
            noticed[by] += 1
            if by == "nobody":
                survivors.append(mutant)
                print(f"not ok {mutant.path}:{mutant.n + 1} {' ¦ '.join(map(str, mutant.where))}\n"
                      f"  - {mutant.line.strip()}\n  + {mutant.broken.strip()}", flush=True)
            if sum(noticed.values()) % 25 == 0:
                print(f"  {sum(noticed.values())} of {len(chosen)} played, {len(survivors)} survive", flush=True)
    return noticed, survivors


def main():
    build = os.path.abspath(sys.argv[1])
    count, seed = (int(x) for x in (sys.argv[2:4] + ["200", "1"][len(sys.argv[2:4]):]))
    folder = copy_of(build)
    os.chdir(folder)
    every = [m for f in sorted(glob.glob("src/authz/*.c")) for m in mutants(f)]
    known, wanted = explained(), [f"src/authz/{f}.c" for f in sys.argv[4:]]
    stale = set(known) - {key(m) for m in every}
    for where, was, broken in sorted(stale):
        print(f"not ok equivalent.txt explains what is not there: {where} {was} -> {broken}")
    among = [m for m in every if not wanted or m.path in wanted]
    chosen = random.Random(seed).sample(among, min(count, len(among)))
    noticed, survivors = judge(Player(), chosen, known)
    os.chdir(ROOT)
    shutil.rmtree(folder)
    print(f"{len(chosen)} of {len(among)} mutants: " + ", ".join(f"{by} {n}" for by, n in sorted(noticed.items())))
    print("ok" if not survivors and not stale else f"not ok: {len(survivors)} survive")
    return 1 if survivors or stale else 0


if __name__ == "__main__":
    sys.exit(main())
