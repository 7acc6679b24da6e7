# SPDX-License-Identifier: MIT
"""Runs inside a network: tries to connect to each ADDRESS:PORT. Prints {target: "connected" or the errno's name}.

No answer at all within TIMEOUT seconds is what the kernel would report as ETIMEDOUT minutes later.
"""
import concurrent.futures
import errno
import json
import socket
import sys

TIMEOUT = 1.5


def connect(target):
    address, port = target.rsplit(":", 1)
    try:
        socket.create_connection((address, int(port)), timeout=TIMEOUT).close()
    except socket.timeout:
        return "ETIMEDOUT"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "connected"


targets = sys.argv[1:]
with concurrent.futures.ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(dict(zip(targets, pool.map(connect, targets)))))
