# SPDX-License-Identifier: MIT
"""Sandboxes that run before a function needs them: whose they become, what was in them, what is left of them."""
import concurrent.futures
import contextlib
import glob
import io
import os
import signal
import time
import uuid
import zipfile

import pytest

from conftest import Server
from functions import Functions, spares, wait_for_spares, zipped

# What a function can see of what was there before it, and whether the interpreter was.
SOURCE = """
import glob, os, sys
def read(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("latin-1")
    except OSError:
        return ""
def handler(event, context):
    seen = {"spare": "boto3" in sys.modules, "tmp": sorted(os.listdir("/tmp")), "ids": read("/proc/self/uid_map").split()[1],
            "texts": "".join(read(p) for p in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline")),
            "env": dict(os.environ), "cwd": os.getcwd(), "task": sorted(os.listdir("/var/task")),
            "volume": sorted(os.listdir("/opt/ml")), "stdin": os.readlink("/proc/self/fd/0"), "argv": sys.argv,
            "memory": os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "hosts": read("/etc/hosts")}
    open("/tmp/left-by-" + context.function_name, "w").close()
    open("/var/task/left-by-" + context.function_name, "w").close()
    return seen
"""


def begin(server):
    """A server's first environment makes it keep two spares."""
    functions = Functions(server, f"s{uuid.uuid4().hex[:6]}")
    functions.invoke(functions.make("def handler(e, c): pass"))
    return functions


@pytest.fixture(scope="module")
def lone():
    s = Server(seed="7")
    try:
        begin(s.start())
        yield s
    finally:
        s.stop()
        s.remove()


@pytest.fixture
def world(lone):
    """A server whose spares are up, and functions of an account of its own."""
    functions = Functions(lone, f"s{uuid.uuid4().hex[:6]}")
    wait_for_spares(lone.tag)
    yield lone, functions
    functions.remove()


def test_a_spare_is_one_functions_and_nobody_elses(world):
    server, functions = world
    a, other = functions, Functions(server, "other", "prod")
    one = a.make(SOURCE, Environment={"Variables": {"WHOSE": "tea-of-a"}})
    two = other.make(SOURCE, Environment={"Variables": {"WHOSE": "milk-of-b"}})
    before = spares(server.tag)
    of_a = a.invoke(one)[1]
    of_b = other.invoke(two)[1]
    for seen, mine, name in ((of_a, "tea-of-a", one), (of_b, "milk-of-b", two)):
        assert seen["spare"] and seen["tmp"] == [] and seen["env"]["WHOSE"] == mine and seen["task"] == ["index.py"], seen
        assert seen["env"]["AWS_LAMBDA_FUNCTION_NAME"] == name and seen["cwd"] == "/opt/ml/task" and seen["argv"] == [""]
        assert seen["stdin"] == "/dev/null" and "localhost" in seen["hosts"] and " algo-1" in seen["hosts"]
        assert "AWS_SECRET_ACCESS_KEY" in seen["env"]
    assert "tea-of-a" not in of_b["texts"] and of_a["env"]["AWS_ACCESS_KEY_ID"] not in str(of_b)
    assert of_a["ids"] != of_b["ids"]  # no process of one could touch a file of the other
    assert not set(before) & set(spares(server.tag))  # both have been taken
    other.remove()
    # An environment ends with its function's revision; what comes then is another one.
    assert a.invoke(one)[1]["tmp"] == [f"left-by-{one}"]
    wait_for_spares(server.tag)
    a.lam.update_function_configuration(FunctionName=one, Description="new")
    again = a.invoke(one)[1]
    assert again["spare"] and again["tmp"] == [] and again["task"] == ["index.py"] and again["ids"] != of_a["ids"]


def test_it_is_its_roles_and_in_its_network(world):
    server, functions = world
    role = functions.role({"Action": "ssm:GetParameter"})
    name = functions.make("""
import sys
spare = "boto3" in sys.modules
import boto3, http.client, socket
def handler(event, context):
    host = http.client.HTTPConnection("127.0.0.1", 8080)
    host.request("POST", "/begin", "")
    again = host.getresponse().status
    try:
        socket.create_connection(("198.51.100.1", 443), 2)
        out = "fine"
    except OSError as e:
        out = e.errno
    return [spare, boto3.client("sts").get_caller_identity()["Arn"], out, again]
""", role, Timeout=30, MemorySize=512)
    spare, arn, out, again = functions.invoke(name)[1]
    assert spare and arn.endswith(f":assumed-role/{role.split('/')[-1]}/{name}") and out == 101  # network unreachable
    assert again == 400  # a sandbox begins once


def test_its_limits_are_the_functions(world):
    server, functions = world
    source = """
import sys
def handler(event, context):
    spare = "boto3" in sys.modules
    return [spare, len(bytearray(event << 20)) >> 20]
"""
    small, large = (functions.make(source, MemorySize=m, Timeout=30) for m in (128, 1024))
    assert functions.invoke(large, 600)[1] == [True, 600]
    r, answer = functions.invoke(small, 300)
    assert r["FunctionError"] == "Unhandled" and "signal: killed" in answer["errorMessage"]


@pytest.mark.parametrize("files, variables, answer", [
    ({"index.py": "import sys\nimport boto3\ndef handler(e, c): return [boto3.MINE, 'botocore' in sys.modules]", "boto3.py": "MINE = 1"},
     {}, [1, False]),
    ({"index.py": "import sys\nimport html\ndef handler(e, c): return [html.MINE, 'botocore' in sys.modules]", "html.py": "MINE = 2"},
     {}, [2, False]),
    ({"index.py": "import sys\ndef handler(e, c): return [sys.flags.optimize, 'botocore' in sys.modules]"},
     {"PYTHONOPTIMIZE": "2"}, [2, False]),
    ({"index.py": "import sys\ndef handler(e, c): return ['botocore' in sys.modules]"}, {"OTHER": "x"}, [True])])
def test_what_a_function_brings_comes_before_what_is_there(world, files, variables, answer):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        for name, text in files.items():
            z.writestr(name, text)
    server, functions = world
    name = functions.make("", Code={"ZipFile": b.getvalue()}, Environment={"Variables": variables})
    before = spares(server.tag)
    assert functions.invoke(name)[1] == answer
    assert len(set(before) - set(spares(server.tag))) == 1  # the sandbox was a spare all the same


def test_another_program_runs_in_a_spare_too(world):
    server, functions = world
    name = functions.make("", Runtime="provided.al2", Code={"ZipFile": zipped("""#!/bin/bash
set -u
while true; do
    curl -sS -D /tmp/head -o /tmp/event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
    id=$(grep -i ^lambda-runtime-aws-request-id: /tmp/head | tr -d '\\r' | cut -d' ' -f2)
    curl -sS -o /dev/null -d "$(cat /proc/[0-9]*/comm | grep -c python)" \\
        "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
""", "bootstrap", 0o755)})
    before = spares(server.tag)
    assert functions.invoke(name)[1] == 0  # the interpreter that waited there has gone
    assert len(set(before) - set(spares(server.tag))) == 1


def test_more_than_there_are_spares(world):
    server, functions = world
    name = functions.make("import time\ndef handler(e, c):\n    time.sleep(1)\n    return e", Timeout=30)
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda i: functions.invoke(name, i)[1], range(5)))
    assert answers == list(range(5))
    wait_for_spares(server.tag)


def test_nobody_learns_that_a_spare_was_killed(world):
    """Whenever it happens: before it is taken, or when it has just been."""
    server, functions = world
    name = functions.make("def handler(e, c): return e", Timeout=30)
    functions.invoke(name, 0)
    for i in range(6):
        killed = wait_for_spares(server.tag)
        functions.lam.update_function_configuration(FunctionName=name, Description=str(i))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(functions.invoke, name, i)
            time.sleep(0.006 * i)
            for pid in killed.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            r, answer = answer.result()
        # Too late, and it is the environment that was killed: as on AWS, where that happens too.
        assert answer == i or "signal: killed" in str(answer), answer
    wait_for_spares(server.tag)


def wait_for_nothing(server, still=10):
    """Until nothing of sandboxes has been there for a second."""
    until, calm = time.monotonic() + 30, 0
    while calm < still and time.monotonic() < until:
        there = os.listdir(f"{server.state}/volumes") + glob.glob(f"/run/barmkin/{server.tag}/netns/box-*")
        calm = 0 if there + glob.glob(f"/run/barmkin/{server.tag}/box/*") else calm + 1
        time.sleep(0.1)
    assert calm == still


def test_they_go_with_the_last_function(own_server):
    functions = begin(own_server)
    wait_for_spares(own_server.tag)
    functions.remove()
    wait_for_nothing(own_server)
    begin(own_server).remove()  # while they are made
    wait_for_nothing(own_server)


def test_they_go_with_the_last_function_once_it_has_done_its_work(own_server):
    functions = begin(own_server)
    functions.invoke(at_work := functions.make("import time\ndef handler(e, c): time.sleep(e.get('s', 0))", Timeout=30))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        last = pool.submit(functions.invoke, at_work, {"s": 6})
        wait_for_spares(own_server.tag)
        functions.remove()  # while it works
        last.result()
    wait_for_nothing(own_server)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_of_them_is_left(own_server, how):
    server, functions = own_server, begin(own_server)
    wait_for_spares(server.tag)
    pids = list(spares(server.tag).values())
    functions.invoke(functions.make("def handler(e, c): pass"))  # one of them is a function's by now
    server.stop(how)
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{p}") for p in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [p for p in pids if os.path.exists(f"/proc/{p}")]
    server.start()
    wait_for_nothing(server)
