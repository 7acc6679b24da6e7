# SPDX-License-Identifier: MIT
"""What an invocation costs beside the function itself: warm over a kept connection, cold with a new environment each time."""
import base64
import json
import os
import re
import socket
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from functions import Functions, wait_for_spares  # noqa: E402

WARM, COLD, ALONE = 500, 11, 5


class Server:
    """The demo's world as tests/functions.py wants it."""

    def __init__(self, world):
        self.client = lambda service, profile="dev": world.client(service, profile)


def exchange(s, request):
    s.sendall(request)
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += s.recv(65536)
    head, _, body = reply.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(body) < length:
        body += s.recv(65536)
    return head


def took(s, request):
    """Milliseconds of one invocation, and how many of them were the function's."""
    began = time.monotonic()
    head = exchange(s, request)
    ms = (time.monotonic() - began) * 1000
    log = base64.b64decode(re.search(rb"(?i)x-amz-log-result: (\S+)", head).group(1)).decode()
    return ms, float(re.search(r"\tDuration: ([\d.]+) ms", log).group(1)), log


def cold(functions, s, name, sign, n, settle):
    """Of n new environments: what the invocation cost beside the handler, and how much of it was the function's init."""
    request = sign("POST", f"/2015-03-31/functions/{name}/invocations", b"{}")
    took(s, request)
    seen = []
    for i in range(n):
        functions.lam.update_function_configuration(FunctionName=name, Description=str(i))
        time.sleep(0.3)  # the old environment has gone
        settle()
        ms, own, log = took(s, request)
        seen.append((ms - own, float(re.search(r"Init Duration: ([\d.]+) ms", log).group(1))))
    return seen


def measure(world, port, sign, figure):
    functions = Functions(Server(world), "bench")
    role = functions.role()
    name = functions.make("def handler(event, context): return event", role, Timeout=30)
    request = sign("POST", f"/2015-03-31/functions/{name}/invocations", json.dumps({"a": 1}).encode())
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(20):
            took(s, request)
        seen = [took(s, request) for _ in range(WARM)]
        figure("lambda_warm_overhead", statistics.median(ms - own for ms, own, _ in seen), "ms", 1,
               f"{WARM} invocations, one after another; p99 {sorted(ms - own for ms, own, _ in seen)[int(WARM * 0.99)]:.2f} ms")
        # What is measured has to wait for nothing: an environment at a time, while the spares of the house are up.
        name = functions.make("import boto3\ndef handler(event, context): return event", role, Timeout=30)
        spare = cold(functions, s, name, sign, COLD, lambda: wait_for_spares(world.tag()))
        # With this much of /tmp none of them fits.
        name = functions.make("import boto3\ndef handler(event, context): return event", role, Timeout=30,
                              EphemeralStorage={"Size": 513})
        alone = cold(functions, s, name, sign, ALONE, lambda: time.sleep(0.5))
        figure("lambda_cold", statistics.median(ms for ms, _ in spare), "ms", 150,
               f"{COLD} environments of a function that imports boto3, of it {statistics.median(i for _, i in spare):.0f} ms its init; "
               f"where there is no spare sandbox {statistics.median(ms for ms, _ in alone):.0f} ms, of it "
               f"{statistics.median(i for _, i in alone):.0f} ms Python's start and the import")
    functions.remove()
