#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which branches of src/authz do its tests take? usage coverage.py BUILD [LEAST [COUNT]]. The unit tests of authz, the case
folders and COUNT generated cases are played by objects that count (gcov); prints a line a file, each branch that was never
taken, and exits 1 below LEAST per cent. Left out is only what PLAIN says."""
import functools
import glob
import json
import os
import subprocess
import sys

import generate
import mutate

COUNT = 20000

# These macros look for NULL wherever they are used, which decides nothing there. As functions of this header, which is not
# measured, they do the same.
PLAIN = """#include <jansson.h>
#include "base/str.h"
static inline const char *plain_text(str s) { return s.p ? s.p : ""; }
#undef FMT
#define FMT(s) (int)(s).n, plain_text(s)
""" + "".join(f"""static inline int plain_{name}(const json_t *v) {{ return json_is_{name}(v); }}
#undef json_is_{name}
#define json_is_{name}(v) plain_{name}(v)
""" for name in ("number", "boolean", "object", "array", "string", "integer", "real", "true", "false", "null"))


def build(build_folder, out):
    """Counting objects of src/authz, linked with the driver and each unit test."""
    flags = ["-std=gnu17", "-O0", "-w", "-fPIE", "-pthread", "-D_GNU_SOURCE", "-Isrc", f"-I{build_folder}/gen", "-Itests/unit",
             "-I/usr/share/include"]
    counted = [*flags, "--coverage", "-include", f"{out}/plain.h"]
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/plain.h", "w") as f:
        f.write(PLAIN)
    for old in glob.glob(f"{out}/*.gc*"):
        os.unlink(old)
    with open(f"{out}/driver.c", "w") as f:
        f.write(mutate.DRIVER)
    objects, programs = [], []
    for source in sorted(glob.glob("src/authz/*.c")):
        objects.append(f"{out}/{os.path.basename(source)[:-2]}.o")
        subprocess.run(["gcc", *counted, "-c", "-o", objects[-1], source], check=True)
    for source in [f"{out}/driver.c", *sorted(glob.glob("tests/unit/authz/*.c"))]:
        programs.append(f"{out}/{os.path.basename(source)[:-2]}.test")
        subprocess.run(["gcc", *flags, "--coverage", "-fprofile-exclude-files=.*", "-pie", "-o", programs[-1], source, *objects,
                        f"{build_folder}/libbarmkin.a", *mutate.LIBS, "-lcmocka"], check=True)
    return programs


def play(programs, count):
    generator = generate.Generator(5)
    lines = [json.dumps(generator.next_case()) for _ in range(count)]
    for f in sorted(glob.glob("tests/authz/cases/*/case.json")):
        with open(f) as case:
            lines.append(json.dumps(json.load(case)))
    for program in programs:
        text = "\n".join(lines) + "\n" if program.endswith("/driver.test") else ""
        done = subprocess.run([program], input=text, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise SystemExit(f"{program}: exit {done.returncode}\n{done.stderr}")


@functools.lru_cache
def source_lines(path):
    with open(path) as f:
        return mutate.code_only(f.read()).split("\n")


def branches(out):
    """For each file of src/authz: [(line, taken, of)] of the lines that have branches."""
    found = {}
    for notes in sorted(glob.glob(f"{out}/*.gcno")):
        done = subprocess.run(["gcov", "-b", "-c", "--json-format", "--stdout", notes], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            for file in json.loads(line)["files"]:
                if not file["file"].startswith("src/authz/") or not file["file"].endswith(".c"):
                    continue
                rows = found.setdefault(file["file"], {})
                for at in file["lines"]:
                    for n, b in enumerate(at["branches"]):
                        rows[at["line_number"], n] = rows.get((at["line_number"], n), 0) + b["count"]
    return found


def main():
    build_folder, least = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 98
    count = int(sys.argv[3]) if len(sys.argv) > 3 else COUNT
    os.chdir(mutate.ROOT)
    out = f"{build_folder}/coverage"
    play(build(build_folder, out), count)
    total = taken = 0
    for file, rows in sorted(branches(out).items()):
        here = sum(1 for c in rows.values() if c)
        total, taken = total + len(rows), taken + here
        print(f"{100 * here / max(len(rows), 1):6.1f} %  {here:4} of {len(rows):4}  {file}")
        text = source_lines(file)
        for line in sorted({line for (line, _), c in rows.items() if not c}):
            never = sum(1 for (at, _), c in rows.items() if at == line and not c)
            print(f"            {never} never  {line}: {text[line - 1].strip()}")
    share = 100 * taken / total
    print(f"{'ok' if share >= least else 'not ok'} {share:.2f} % of {total} branches taken")
    return 0 if share >= least else 1


if __name__ == "__main__":
    sys.exit(main())
