# SPDX-License-Identifier: MIT
"""Signed requests whose bodies are bad: each gets a precise error of its protocol, nothing is stored, the server stays
well, its memory bounded, and a connection that goes on is right."""
import os
import socket
import time

import conftest
import pytest
import wire

JSON = {"Content-Type": "application/x-amz-json-1.1"}


@pytest.fixture(autouse=True)
def well(server):
    yield
    assert server.client("sts").get_caller_identity()["Account"] == server.account("dev")["id"]
    assert server.process.poll() is None and "unexpectedly" not in server.tail()


@pytest.fixture
def keys(server):
    return wire.of(server)


def ask_json(server, keys, body, target="AmazonSSM.PutParameter", service="ssm"):
    return wire.send(server, wire.sign(server, keys, service, body, headers={**JSON, "X-Amz-Target": target}))


DEEP = b'{"a":' * 2000 + b"1" + b"}" * 2000

BAD_JSON = {
    "empty": b"",
    "not-json": b"{",
    "trailing": b'{"Name":"a"} x',
    "two-values": b"{}{}",
    "duplicate-key": b'{"Name":"a","Name":"b","Value":"v","Type":"String"}',
    "duplicate-key-escaped": b'{"Name":"a","N\\u0061me":"b","Value":"v","Type":"String"}',
    "deep": DEEP,
    "deep-list": b"[" * 100000 + b"]" * 100000,
    "bad-utf8": b'{"Name":"\xff\xfe"}',
    "overlong-utf8": b'{"Name":"\xc0\xaf"}',
    "surrogate": b'{"Name":"\\ud800"}',
    "utf16": '{"Name":"a"}'.encode("utf-16"),
    "byte-order-mark": b'\xef\xbb\xbf{"Name":"a"}',
    "nul": b'{"Name":"a\\u0000b","Value":"v","Type":"String"}',
    "raw-nul": b'{"Name":"a\x00b"}',
    "control": b'{"Name":"a\nb"}',
    "huge-number": b'{"Name":"a","Value":"v","Type":"String","Overwrite":1e999999}',
    "a-list": b"[]",
    "a-text": b'"x"',
    "null": b"null",
    "wrong-kinds": b'{"Name":{"a":1},"Value":[],"Type":5}',
    "single-quotes": b"{'Name':'a'}",
    "infinity": b'{"Name":Infinity}',
}


@pytest.mark.parametrize("which", BAD_JSON)
def test_bad_json(server, keys, which):
    a = ask_json(server, keys, BAD_JSON[which])
    assert a.status == 400, a.text
    assert a.code in ("SerializationException", "ValidationException", "UnrecognizedClientException"), a.text
    assert len(a.text) < 2000 and "internal" not in a.text.lower()


BAD_FORMS = {
    "bad-percent": b"Action=CreateUser&Version=2010-05-08&UserName=%zz",
    "cut-percent": b"Action=CreateUser&Version=2010-05-08&UserName=a%",
    "bad-utf8": b"Action=CreateUser&Version=2010-05-08&UserName=%ff%fe",
    "nul": b"Action=CreateUser&Version=2010-05-08&UserName=a%00b",
    "too-long": b"Action=CreateUser&Version=2010-05-08&UserName=" + b"a" * 65,
    "far-index": b"Action=CreateUser&Version=2010-05-08&UserName=&Tags.member.99999999999.Key=a",
    "many-tags": b"Action=CreateUser&Version=2010-05-08&UserName=a" + b"".join(
        b"&Tags.member.%d.Key=k%d&Tags.member.%d.Value=v" % (i, i, i) for i in range(1, 60)),
    "two-names": b"Action=CreateUser&Version=2010-05-08&UserName=a%20b&UserName=c%20d",
    "not-a-number": b"Action=ListUsers&Version=2010-05-08&MaxItems=many",
    "a-negative": b"Action=ListUsers&Version=2010-05-08&MaxItems=-1",
    "an-overflow": b"Action=ListUsers&Version=2010-05-08&MaxItems=99999999999999999999",
    "no-such-action": b"Action=MakeMeAdmin&Version=2010-05-08",
    "no-such-version": b"Action=ListUsers&Version=1999-01-01",
    "two-actions": b"Action=MakeMeAdmin&Action=ListUsers&Version=2010-05-08",
    "no-required": b"Action=CreateUser&Version=2010-05-08",
    "many-pairs": b"Action=ListUsers&Version=2010-05-08" + b"&a=b" * 20000,
}


@pytest.mark.parametrize("which", BAD_FORMS)
def test_bad_forms(server, keys, which):
    a = wire.send(server, wire.sign(server, keys, "iam", BAD_FORMS[which]))
    assert a.status in (400, 404), a.text
    assert a.code in ("ValidationError", "MalformedInput", "InvalidAction", "UnknownOperationException"), a.text
    assert "<ErrorResponse" in a.text or a.code == "UnknownOperationException", a.text
    names = [u["UserName"] for u in server.client("iam").list_users(MaxItems=1000)["Users"]]
    assert not {"a", "", "a b", "c d"} & set(names)


BOMB = (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">' +
        b"".join(b'<!ENTITY x%d "%s">' % (i, b"&x%s;" % (b"" if i == 0 else b"%d" % (i - 1)) * 10) for i in range(10)) +
        b"]><Tagging><TagSet><Tag><Key>&x9;</Key><Value>v</Value></Tag></TagSet></Tagging>")
BAD_XML = {
    "laughs": BOMB,
    "external": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><PublicAccessBlockConfiguration>&x;'
                b"</PublicAccessBlockConfiguration>",
    "doctype": b"<!DOCTYPE html><PublicAccessBlockConfiguration/>",
    "open": b"<PublicAccessBlockConfiguration><BlockPublicAcls>true",
    "crossed": b"<PublicAccessBlockConfiguration><a></b></a></PublicAccessBlockConfiguration>",
    "deep": b"<a>" * 5000 + b"</a>" * 5000,
    "empty": b"",
    "not-xml": b"hello",
    "bad-utf8": b"<PublicAccessBlockConfiguration><BlockPublicAcls>\xff</BlockPublicAcls></PublicAccessBlockConfiguration>",
    "nul": b"<PublicAccessBlockConfiguration>\x00</PublicAccessBlockConfiguration>",
    "two-roots": b"<PublicAccessBlockConfiguration/><PublicAccessBlockConfiguration/>",
    "wrong-kind": b"<PublicAccessBlockConfiguration><BlockPublicAcls>perhaps</BlockPublicAcls></PublicAccessBlockConfiguration>",
    "attributes": b"<PublicAccessBlockConfiguration " + b" ".join(b'a%d="b"' % i for i in range(5000)) + b"/>x",
}


@pytest.fixture(scope="module")
def bucket(server):
    s3, name = server.client("s3"), "t-" + os.urandom(6).hex()
    s3.create_bucket(Bucket=name)
    yield name
    s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize("which", BAD_XML)
def test_bad_xml(server, keys, bucket, which):
    r = wire.sign(server, keys, "s3", BAD_XML[which], method="PUT", path=f"/{bucket}?publicAccessBlock",
                  headers={"Content-Type": "application/xml"})
    began = time.monotonic()
    a = wire.send(server, r)
    assert a.status == 400 and a.code in ("MalformedXML", "MissingRequestBodyError", "InvalidRequest"), a.text
    assert "root:" not in a.text and time.monotonic() - began < 5


# ---- sizes ----

def test_too_large_by_its_length(server, keys):
    r = wire.sign(server, keys, "ssm", b"{}", headers={**JSON, "X-Amz-Target": "AmazonSSM.PutParameter"})
    head = "\r\n".join([f"POST / HTTP/1.1", "Host: " + ":".join(map(str, wire.split(server.url)))] +
                       [f"{k}: {v}" for k, v in r.headers.items()] + ["Content-Length: 99999999999", "", ""])
    a = wire.raw(server, head.encode())
    assert a.status == 413 and a.code in ("RequestEntityTooLarge", "RequestEntityTooLargeException"), a.text


def test_too_large_without_a_length(server, keys):
    head = (b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: AmazonSSM.PutParameter\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/x-amz-json-1.1\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    a = wire.raw(server, head + chunk * 200)
    assert a is None or a.status in (400, 413), a.text


# ---- chunks ----

def chunked(server, body, extra=""):
    head = ("POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: AmazonSSM.PutParameter\r\nTransfer-Encoding: chunked\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nConnection: close\r\n{extra}\r\n")
    return wire.raw(server, head.encode() + body)


@pytest.mark.parametrize("body", [b"zz\r\n", b"-1\r\n\r\n", b"5\r\nabc\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"3\nabc\n0\n\n",
                                  b"3\r\nabcXX0\r\n\r\n", b"3;" + b"x" * 100000 + b"\r\nabc\r\n0\r\n\r\n"])
def test_bad_chunks(server, body):
    a = chunked(server, body)
    assert a is None or 400 <= a.status < 500, a.text


def test_a_cut_chunk_stores_nothing(server, keys, bucket):
    """aws-chunked: the promise of a length that never comes."""
    r = wire.sign(server, keys, "s3", b"", method="PUT", path=f"/{bucket}/cut", headers={
        "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "10",
        "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Trailer": "x-amz-checksum-crc32"})
    r.data = b"a\r\n12345"
    a = wire.send(server, r)
    assert a is None or a.status >= 400, a.text
    assert "Contents" not in server.client("s3").list_objects_v2(Bucket=bucket)


# ---- smuggling ----

SMUGGLED = {
    "length-and-chunked": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "two-lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n",
    "two-lengths-in-one": b"Content-Length: 4, 5\r\n",
    "signed-length": b"Content-Length: +4\r\n",
    "chunked-twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "unknown-coding": b"Transfer-Encoding: xchunked\r\n",
    "folded": b"Transfer-Encoding:\r\n chunked\r\n",
    "blank-before-colon": b"Transfer-Encoding : chunked\r\n",
    "vertical-tab": b"Transfer-Encoding: \x0bchunked\r\n",
    "bare-newline": b"X: y\nContent-Length: 4\r\n",
    "bare-return": b"X: y\rContent-Length: 4\r\n",
    "nul-in-name": b"X\x00: y\r\n",
}


@pytest.mark.parametrize("which", SMUGGLED)
def test_nothing_is_smuggled(server, which):
    """What follows a request of doubtful length must never be taken for another request."""
    second = b"GET /_barmkin/health HTTP/1.1\r\nHost: a\r\n\r\n"
    with wire.connect(server, plain=True) as s:
        s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\n" + SMUGGLED[which] +
                  b"\r\n0\r\n\r\n" + second)
        got = b""
        s.settimeout(5)
        try:
            while piece := s.recv(65536):
                got += piece
        except (socket.timeout, ConnectionError):
            pass
    assert got.count(b"HTTP/1.1 ") <= 1 and b'"product"' not in got, got[:400]


def test_a_connection_goes_on_rightly_after_an_error(server, keys):
    """An error in a well-framed request leaves the next one on the same connection as it is."""
    bad = wire.sign(server, keys, "ssm", b"{", headers={**JSON, "X-Amz-Target": "AmazonSSM.PutParameter"})
    host = ":".join(map(str, wire.split(server.url)))
    with wire.connect(server) as s:
        for _ in range(3):
            lines = [f"POST / HTTP/1.1", f"Host: {host}"] + [f"{k}: {v}" for k, v in bad.headers.items()]
            s.sendall(("\r\n".join(lines) + "\r\nContent-Length: 1\r\n\r\n{").encode())
            got = s.recv(65536)
            assert got.startswith(b"HTTP/1.1 400") and b"SerializationException" in got
        s.sendall(b"GET /_barmkin/health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b'"status":"running"' in s.recv(65536)


# ---- memory ----

def resident(server):
    import json
    pid = json.loads(server.barmkin("status", "-o", "json"))["roles"]["front"]
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024


def test_memory_stays_bounded(server, keys):
    """Half a thousand bad requests of several kinds; what they cost must be given back."""
    with open(conftest.BARMKIN, "rb") as f:
        if b"__asan_init" in f.read():
            pytest.skip("AddressSanitizer keeps what is freed")
    bodies = [DEEP, b'{"Name":"' + b"a" * 2_000_000 + b'"}', b"[" * 200_000, b'{"a":[' + b"1," * 400_000 + b"1]}"]
    for body in bodies:
        ask_json(server, keys, body)
    before = resident(server)
    for i in range(60):
        ask_json(server, keys, bodies[i % len(bodies)])
    for i in range(200):
        wire.send(server, wire.sign(server, ("AKIA" + "A" * 12 + f"{i:04d}", "x" * 40)))
    after = resident(server)
    assert after < before + 64 and after < 400, f"{before} MiB before, {after} MiB after"


def test_a_client_that_leaves_in_the_middle(server, keys, name):
    """The call goes on or not, but the server does, and what it began is whole."""
    for i in range(20):
        body = f"Action=CreateUser&Version=2010-05-08&UserName={name}-{i}".encode()
        r = wire.sign(server, keys, "iam", body)
        host = ":".join(map(str, wire.split(server.url)))
        lines = [f"POST / HTTP/1.1", f"Host: {host}"] + [f"{k}: {v}" for k, v in r.headers.items()]
        data = ("\r\n".join(lines) + f"\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        s = wire.connect(server)
        s.sendall(data if i % 2 else data[:-10])
        s.close()
    time.sleep(0.3)
    iam = server.client("iam")
    for i in range(20):
        made = [u for u in iam.list_users(MaxItems=1000)["Users"] if u["UserName"] == f"{name}-{i}"]
        assert len(made) <= 1 and (i % 2 or not made)
        for u in made:
            iam.delete_user(UserName=u["UserName"])
