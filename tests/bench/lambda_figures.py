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

from functions import Functions  # noqa: E402

WARM, COLD = 500, 11


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
        cold, inits = [], []
        for i in range(COLD):
            functions.lam.update_function_configuration(FunctionName=name, Description=str(i))
            time.sleep(0.3)  # the old environment has gone
            ms, own, log = took(s, request)
            cold.append(ms - own)
            inits.append(float(re.search(r"Init Duration: ([\d.]+) ms", log).group(1)))
        figure("lambda_cold", statistics.median(cold), "ms", 150,
               f"{COLD} environments; of it {statistics.median(inits):.0f} ms are Python's own start")
    functions.remove()
