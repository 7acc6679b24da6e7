# SPDX-License-Identifier: MIT
"""Zips in a request, up to AWS's 50 MB: in no memory but the client's, sealed on disk, and gone where they are refused."""
import base64
import contextlib
import glob
import hashlib
import io
import json
import os
import random
import re
import signal
import zipfile

import pytest

import wire
from functions import zipped

HANDLER = "def handler(event, context): return 'fine'"
SIZE = "import os\ndef handler(event, context): return os.stat('/var/task/big.bin').st_size"
MIB = 1 << 20


def large(mib, source=SIZE):
    """A zip of so many MiB that nothing makes smaller."""
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_STORED) as z:
        z.writestr("index.py", source)
        z.writestr("big.bin", random.Random(mib).randbytes(mib * MIB))
    return b.getvalue()


def blobs(server):
    return {os.path.basename(f) for f in glob.glob(f"{server.state}/front/blobs/**", recursive=True) if os.path.isfile(f)}


def front(server):
    """Its process id: the parent's child that says so."""
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as f:
        for pid in f.read().split():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline") as c:
                if c.read().split("\0")[1:3] == ["role", "front"]:
                    return pid
    raise AssertionError("no front")


def memory_mib(server):
    with open(f"/proc/{front(server)}/status") as f:
        return int(re.search(r"RssAnon:\s+(\d+) kB", f.read())[1]) / 1024


def sealed(server, plain):
    """True if these bytes are nowhere on the disk as they are."""
    for f in glob.glob(f"{server.state}/front/**", recursive=True):
        if os.path.isfile(f):
            with open(f, "rb") as one:
                if plain in one.read():
                    return False
    return True


def test_a_zip_of_49_mib_runs_and_lies_sealed(functions, server):
    code = large(49)
    before = blobs(server)
    name = functions.make("", Code={"ZipFile": code}, Timeout=60, MemorySize=256)
    c = functions.lam.get_function_configuration(FunctionName=name)
    assert c["CodeSize"] == len(code) and c["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert len(blobs(server) - before) == 1 and sealed(server, code[MIB:MIB + 64])
    assert functions.invoke(name)[1] == 49 * MIB
    small = zipped(HANDLER)
    functions.lam.update_function_code(FunctionName=name, ZipFile=small)
    assert functions.invoke(name)[1] == "fine"
    assert functions.lam.get_function_configuration(FunctionName=name)["CodeSize"] == len(small)


@pytest.mark.parametrize("call", ["create", "update"])
def test_beyond_that_the_request_is_too_large(functions, server, call):
    name = "x" if call == "create" else functions.make(HANDLER)
    path = "/2015-03-31/functions" + ("" if call == "create" else f"/{name}/code")
    operation = "CreateFunction" if call == "create" else "UpdateFunctionCode"
    request = wire.sign(server, wire.of(server), "lambda", b"{}", "POST" if call == "create" else "PUT", path)
    r = wire.raw(server, f"{request.method} {path} HTTP/1.1\r\nContent-Length: 70167211\r\n".encode() + b"".join(
        f"{k}: {v}\r\n".encode() for k, v in {"Host": wire.split(server.url)[0], **request.headers}.items()) + b"\r\n")
    assert r.status == 413 and r.headers["x-amzn-ErrorType"] == "RequestEntityTooLargeException"
    assert json.loads(r.body)["message"] == f"Request must be smaller than 70167211 bytes for the {operation} operation"


def test_bodies_that_nobody_has_signed_for_cost_no_memory(server, name):
    """A signature covers the whole body, so it is taken before it is known whose it is: in no memory, and of few at once."""
    before, files = memory_mib(server), blobs(server)
    keys = ("AKIANOBODYNOBODYNOBO", "x" * 40)
    path = "/2015-03-31/functions"
    request = wire.sign(server, keys, "lambda", b"{}", "POST", path)
    head = f"POST {path} HTTP/1.1\r\nContent-Length: 69000000\r\n".encode() + b"".join(
        f"{k}: {v}\r\n".encode() for k, v in {"Host": "localhost", **request.headers}.items()) + b"\r\n"
    with contextlib.ExitStack() as all_of_them:
        open_ones, refused = [], 0
        for _ in range(40):
            s = all_of_them.enter_context(wire.connect(server))
            s.sendall(head + b'{"Code":{"ZipFile":"')
            open_ones.append(s)
        for s in open_ones:
            s.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                refused += b" 429 " in s.recv(4096)
        assert refused >= 40 - 8 * os.cpu_count()
        piece = b"QUJD" * (MIB // 4)
        for s in open_ones:
            with contextlib.suppress(OSError):
                s.settimeout(10)
                for _ in range(10):
                    s.sendall(piece)
        assert memory_mib(server) - before < 40
    assert blobs(server) == files
    with wire.connect(server) as s:  # not even that without a signature
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: lambda.us-east-1.amazonaws.com\r\n"
                  "Content-Length: 69000000\r\n\r\n".encode())
        assert b" 403 " in s.recv(4096)


def test_a_zip_that_is_refused_leaves_nothing(functions, server, role, document, refuses, name):
    files = blobs(server)
    passed = functions.role()
    given = dict(FunctionName=name, Runtime="python3.8", Handler="index.handler", Role=passed, Code={"ZipFile": large(1)})
    nobody = role(document(Action="lambda:GetFunction")).client("lambda")
    with refuses("AccessDeniedException", "no identity-based policy allows the lambda:CreateFunction action"):
        nobody.create_function(**given)
    with refuses("InvalidParameterValueException", "cannot be run here"):
        functions.lam.create_function(**{**given, "Runtime": "nodejs20.x"})
    with refuses("InvalidParameterValueException", "Could not unzip uploaded file"):
        functions.lam.create_function(**{**given, "Code": {"ZipFile": b"x" * MIB}})
    with refuses("InvalidParameterValueException", "Please do not provide other FunctionCode parameters"):
        functions.lam.create_function(**{**given, "Code": {"ZipFile": large(1), "S3Bucket": "b-b", "S3Key": "k"}})
    made = functions.make(HANDLER)
    files |= blobs(server)
    functions.lam.update_function_code(FunctionName=made, ZipFile=large(1), DryRun=True)
    with refuses("AccessDeniedException", "no identity-based policy allows the lambda:UpdateFunctionCode action"):
        nobody.update_function_code(FunctionName=made, ZipFile=large(1))
    assert blobs(server) == files


def test_a_zip_as_other_serializers_write_it(functions, server, name):
    """With escapes, and with names in any order; and what is no base64 at all."""
    code = base64.b64encode(zipped(HANDLER)).decode()
    body = {"Role": functions.role(), "Runtime": "python3.9", "Handler": "index.handler", "FunctionName": name}
    functions.made.append(name)

    def create(zip_file, first=""):
        text = "{" + first + '"Code":{"ZipFile":"' + zip_file + '"},' + json.dumps(body)[1:]
        return wire.send(server, wire.sign(server, wire.of(server), "lambda", text.encode(), path="/2015-03-31/functions"))

    for bad in ("QQ", "Q===", "%%%%"):
        r = create(bad)
        assert r.status == 400 and r.headers["x-amzn-ErrorType"] == "SerializationException", r.text
    assert create(code, '"Code":{},').headers["x-amzn-ErrorType"] == "SerializationException"  # twice
    r = create(code.replace("/", "\\/").replace("+", "\\u002b"))
    assert r.status == 201 and functions.invoke(name)[1] == "fine"


def test_a_zip_that_was_cut_off_leaves_nothing(own_server, name):
    """By the client's end, and by kill -9 of everything: nothing had a name yet."""
    keys, path = wire.of(own_server), "/2015-03-31/functions"
    request = wire.sign(own_server, keys, "lambda", b"{}", "POST", path)
    head = f"POST {path} HTTP/1.1\r\nContent-Length: 60000000\r\n".encode() + b"".join(
        f"{k}: {v}\r\n".encode() for k, v in {"Host": "localhost", **request.headers}.items()) + b"\r\n"
    begun = head + b'{"FunctionName":"f","Code":{"ZipFile":"' + b"QUJD" * (8 * MIB // 4)
    with wire.connect(own_server) as s:
        s.sendall(begun)
    with wire.connect(own_server) as s:
        s.sendall(begun)
        os.killpg(own_server.process.pid, signal.SIGKILL)
        own_server.process.wait()
    own_server.start()
    assert blobs(own_server) == set() and own_server.client("lambda").list_functions()["Functions"] == []


def test_a_zip_in_s3_is_read_before_the_transaction_and_judged_in_it(functions, server, role, document, refuses, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="code.zip", Body=large(3))
    try:
        one = functions.make("", Code={"S3Bucket": name, "S3Key": "code.zip"})
        assert functions.invoke(one)[1] == 3 * MIB
        nobody = role(document(Action="lambda:*")).client("lambda")
        with refuses("AccessDeniedException", "S3 Error Code: AccessDenied"):
            nobody.update_function_code(FunctionName=one, S3Bucket=name, S3Key="code.zip")
        with refuses("InvalidParameterValueException", "S3 Error Code: NoSuchKey"):
            functions.lam.update_function_code(FunctionName=one, S3Bucket=name, S3Key="nothing.zip")
    finally:
        s3.delete_object(Bucket=name, Key="code.zip")
        s3.delete_bucket(Bucket=name)
