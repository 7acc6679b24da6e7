# SPDX-License-Identifier: MIT
"""Do the house's own tools see what they should? The check's rules on lines that break them; scaffolds of many operations
that modelc must accept; the transcript player on replies that differ."""
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
sys.path.insert(0, os.path.join(ROOT, "tests/transcripts"))
import play  # noqa: E402


@pytest.fixture(scope="module")
def check():
    """tools/check as a module; it only runs when it is the program."""
    os.chdir(ROOT)
    loader = importlib.machinery.SourceFileLoader("check", os.path.join(ROOT, "tools/check"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("source,target,generated", [
    ("base/str.c", "crypto/hash.h", False), ("crypto/hash.c", "wire/http.h", False), ("wire/tls.c", "store/store.h", False),
    ("store/store.c", "wire/http.h", False), ("authz/evaluate.c", "identify/sigv4.h", False),
    ("identify/sigv4.c", "api/call.h", False), ("api/gate.c", "services/iam/iam_names.h", False),
    ("api/gate.c", "iam.h", True), ("api/gate.c", "conductor/conductor.h", False),
    ("services/kms/use.c", "services/iam/iam_names.h", False), ("services/kms/use.c", "wire/http.h", False),
    ("services/kms/use.c", "vault/server.h", False), ("services/kms/use.c", "warden/server/network.h", False),
    ("services/kms/use.c", "serve.h", False), ("vault/serve.c", "wire/http.h", False),
    ("vault/serve.c", "store/store.h", False), ("warden/server/main.c", "crypto/hash.h", False),
    ("warden/server/main.c", "wire/http.h", False), ("runtimes/agent/s3.c", "api/call.h", False),
    ("runtimes/agent/s3.c", "runtimes/xgboost/rows.h", False), ("store/store.c", "vault/vault.h", True)])
def test_layers_refuse(check, source, target, generated):
    assert check.may_include(source, target, generated)


@pytest.mark.parametrize("source,target,generated", [
    ("crypto/hash.c", "base/str.h", False), ("wire/tls.c", "crypto/x509.h", False), ("api/gate.c", "authz/authz.h", False),
    ("api/call.h", "vault/vault.h", False), ("services/kms/use.c", "services/kms/kms_parts.h", False),
    ("services/kms/use.c", "iam.h", True), ("services/ec2/x.c", "warden/warden.h", False),
    ("vault/serve.c", "crypto/aead.h", False), ("warden/server/main.c", "base/log.h", False), ("parent.c", "vault/server.h", False),
    ("runtimes/agent/s3.c", "identify/sign.h", False), ("conductor/step.c", "kms.h", True)])
def test_layers_allow(check, source, target, generated):
    assert check.may_include(source, target, generated) is None


def function(body):
    return "static int deep(int a)\n{\n" + body + "}\n"


def test_budget_sees_length_and_depth(check):
    [(name, first, last, deep)] = check.functions(check.code_of(function("    a++;\n" * 120)))
    assert (name, last - first + 1, deep) == ("deep", 123, 0)
    nest = "    if (a) {\n        for (;;) {\n            while (a) {\n                do {\n                } while (a);\n" \
           "            }\n        }\n    }\n"
    [(_, _, _, deep)] = check.functions(check.code_of(function(nest)))
    assert deep == 4
    [(_, _, _, deep)] = check.functions(check.code_of(function("    struct x v = {{1}, {2}};\n    f(&(struct x){1});\n")))
    assert deep == 0


def test_words_in_comments_and_texts_are_no_calls(check):
    code = check.code_of('/* goto malloc(1) */\nputs("strcpy(a)"); // free(x)\ncall(\'{\');\n')
    assert "goto" not in code and "strcpy" not in code and "free" not in code and "{" not in code and code.count("\n") == 3


def test_check_finds_each_planted_fault(tmp_path):
    """A copy of the tree with one fault of each kind; the check names each."""
    tree = copy_of_tree(tmp_path)
    for much in ("src/runtimes", "src/warden", "src/store", "src/services/s3", "src/services/ec2", "tests/unit"):
        shutil.rmtree(tree / much)
    (tree / "src/services/sts/bad.c").write_text(
        '#include "services/iam/iam_names.h"\n#include <openssl/evp.h>\n\nint  bad(void);\nint bad(void)\n{\n    goto out;\nout:\n'
        "    return (int)strlen(malloc(1));\n}\n" + "/* */\n" * 900)
    (tree / "src/api/README.md").unlink()
    (tree / "big.txt").write_text("x" * (2 << 20))
    (tree / "notes.md").write_text("see /" + "home/someone/x\n")
    (tree / "tools/allow").write_text((tree / "tools/allow").read_text() + "goto src/main.c\n")
    for argv in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(argv, cwd=tree, check=True, capture_output=True)
    out = subprocess.run(["tools/check", str(tree / "none")], cwd=tree, capture_output=True, text=True, timeout=200).stdout
    for rule in ("layer", "goto", "call", "opening", "readme", "size", "machine", "allow", "file", "linked", "format", "clang"):
        assert f"[{rule}]" in out, (rule, out[-3000:])
    assert "allow:" in out and out.splitlines()[-1].startswith("check: ")


def copy_of_tree(tmp_path):
    tree = tmp_path / "tree"
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if os.path.isfile(os.path.join(ROOT, name)) and not name.startswith("tests/authz"):
            os.makedirs(os.path.dirname(tree / name), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), tree / name)
    return tree


@pytest.mark.parametrize("operations", [["ssm:GetServiceSetting", "ssm:GetInventory", "ssm:DescribeDocument"],
                                        ["kms:GetPublicKey", "kms:Sign", "kms:CreateCustomKeyStore"],
                                        ["ec2:AcceptVpcPeeringConnection", "ec2:CreatePlacementGroup"],
                                        ["logs:DeleteMetricFilter", "logs:CreateExportTask"]])
def test_scaffold_writes_what_modelc_takes(tmp_path, operations):
    tree = copy_of_tree(tmp_path)
    for op in operations:
        subprocess.run(["tools/scaffold", op], cwd=tree, check=True, capture_output=True, text=True)
    models = sorted(str(p) for p in (tree / "src/services").glob("*/*.model"))
    gen = tmp_path / "gen"
    gen.mkdir()
    done = subprocess.run([os.path.join(BUILD, "modelc"), "-o", str(gen), *models], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for op in operations:
        service, name = op.split(":")
        [handler] = (tree / f"src/services/{service}").glob(f"{play_snake(name)}.c")
        done = subprocess.run(["gcc", "-fsyntax-only", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                               f"-I{tree}/src", f"-I{gen}", str(handler)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f"--- {name}\n" in (tree / f"src/services/{service}/{service}.t").read_text()
    done = subprocess.run(["tools/where", operations[0]], cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0 and "handler\n  src/services/" in done.stdout, done.stdout + done.stderr


def play_snake(name):
    sys.path.insert(0, os.path.join(ROOT, "tools"))
    import model
    return model.snake(name)


@pytest.mark.parametrize("line,words", [
    ("  create PutThing Nme=Name", "PutThing has no member 'Nme'"), ("  create PutThing", "PutThing needs Name"),
    ("  create PutThing Name=Other", "has no property 'Other'"), ("  create Nothing Name=Name", "no operation 'Nothing'"),
    ("  create PutThing Name=@Kept", "nothing is kept as 'Kept'"), ("  replace Color\n  create PutThing Name=Name", "no create line uses Color"),
    ("  create PutThing Name=Name each Name added", "added and removed are for updates"),
    ("  prop Color\n  create PutThing Name=Name Color=Color", "no update line uses Color"),
    ("  create PutThing Name=Name -> Id=Nowhere", "PutThing has no member 'Nowhere'"),
    ("  create PutThing Name=Name\n  update PutThing Name=Name", "an update says when"),
    ("  make PutThing Name=Name", "'make' is no line of a resource type"), ("", None)])
def test_modelc_refuses_a_resource_type_that_does_not_fit(tmp_path, line, words):
    model = tmp_path / "thing.model"
    model.write_text(f"""# A service.
service thing
protocol json-1.1
op PutThing writes
  access open
  in Name! string
  in Color string
  out Id string
op DropThing writes
  access open
  in Name! string
cfn AWS::Thing::Thing
  replace Name
{line or "  create PutThing Name=Name -> Id=Id"}
  delete DropThing Name=Name
  ref Name
""")
    done = subprocess.run([os.path.join(BUILD, "modelc"), "-o", str(tmp_path), str(model)], capture_output=True, text=True)
    assert (done.returncode == 0) if words is None else (done.returncode == 1 and words in done.stderr), done.stderr


def test_player_binds_and_compares():
    player = play.Player.__new__(play.Player)
    player.values = {"dev": "111122223333"}
    assert player.matches('<Id>{{id}}</Id><A>{{dev}}</A><Id>{{id}}</Id>', "<Id>x</Id><A>111122223333</A><Id>x</Id>")
    assert player.values["id"] == "x"
    assert not player.matches("<Id>{{id}}</Id>", "<Id>y</Id>")
    assert not player.matches('<Id>{{a}}</Id><Id>{{a}}</Id>', "<Id>x</Id><Id>y</Id>")
    assert player.matches('{"t":{{*}}}', '{"t":1.5}') and not player.matches("a", "ab")


def test_every_global_condition_key_is_documented():
    """What context.c and gate.c tell policies stands in docs/condition-keys.md."""
    with open(os.path.join(ROOT, "docs/condition-keys.md")) as f:
        page = f.read()
    keys = set()
    for path in ("src/api/context.c", "src/api/gate.c"):
        with open(os.path.join(ROOT, path)) as f:
            keys |= set(re.findall(r'"((?:aws|iam|s3|ec2|ssm|sagemaker):[A-Z][A-Za-z0-9]+)/?"', f.read()))
    assert len(keys) > 30
    assert not [k for k in keys - {"iam:PassRole"} if k not in page], "not documented"  # that one is an action


def test_the_reference_tells_every_property(tmp_path):
    """Those of lines that go on, too; what no update changes; not the names that templates cannot give."""
    subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tools/docs"), str(tmp_path)], check=True, cwd=ROOT, capture_output=True)
    with open(tmp_path / "docs/reference/resource-types.md") as f:
        blocks = {b.split("\n")[0]: b for b in f.read().split("\n## ")[1:]}
    assert "| TracingConfig | in place |" in blocks["AWS::Lambda::Function"] and "stack-name" in blocks["AWS::Lambda::Function"]
    assert "| KeySpec | no update changes it |" in blocks["AWS::KMS::Key"] and "stack-name" not in blocks["AWS::KMS::Key"]
    assert "@" not in blocks["AWS::Lambda::Permission"].split("GetAtt")[0]
    for path in ("ec2", "lambda", "sagemaker"):  # every property that modelc knows
        with open(os.path.join(ROOT, f"src/services/{path}/{path}.model")) as f:
            models = f.read()
        for block in re.findall(r"^cfn (AWS::\S+).*\n((?:(?:  .*)?\n)*)", models, re.M):
            for line in re.findall(r"^  (?:prop|replace|ignored|fixed) ((?:.*\n)(?:    +.*\n)*)", block[1], re.M):
                for p in line.split():
                    assert f"| {p.rstrip('!')} |" in blocks[block[0]], (block[0], p)
