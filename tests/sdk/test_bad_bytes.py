# SPDX-License-Identifier: MIT
"""Requests that are rightly signed and still not to be believed: a header twice, a body that is not what was promised,
documents within documents. What is refused has changed nothing, and the connection's next request is itself."""
import base64
import binascii
import hashlib
import json
import os
import socket
import unittest.mock

import pytest
import wire

from conftest import document

JSON = {"Content-Type": "application/x-amz-json-1.1"}
SECOND = b"GET /_barmkin/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def well(server):
    yield
    assert server.client("sts").get_caller_identity()["Account"] == server.account("dev")["id"]
    assert server.process.poll() is None and "unexpectedly" not in server.tail()


@pytest.fixture
def keys(server):
    return wire.of(server)


@pytest.fixture(scope="module")
def bucket(server):
    s3, name = server.client("s3"), "t-" + os.urandom(6).hex()
    s3.create_bucket(Bucket=name)
    yield name
    for o in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=o["Key"])
    s3.delete_bucket(Bucket=name)


def keys_in(server, bucket):
    return [o["Key"] for o in server.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


# ---- a header twice ----

TWICE = {
    "host": ("Host", "sts.us-east-1.amazonaws.com"),
    "authorization": ("Authorization", "AWS4-HMAC-SHA256 Credential=x"),
    "target": ("X-Amz-Target", "AmazonSSM.DeleteParameter"),
    "date": ("X-Amz-Date", "20200101T000000Z"),
    "token": ("X-Amz-Security-Token", "x"),
    "content-sha256": ("X-Amz-Content-SHA256", "0" * 64),
}


@pytest.mark.parametrize("which", TWICE)
def test_a_header_that_is_there_twice(server, keys, name, which):
    """Two readers could take two of them for the true one: neither is believed, in whichever order they come."""
    body = json.dumps({"Name": "/" + name, "Value": "v", "Type": "String"}).encode()
    r = wire.sign(server, keys, "ssm", body, headers={**JSON, "X-Amz-Target": "AmazonSSM.PutParameter",
                                                      "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()})
    a = wire.send(server, r, extra=[TWICE[which]])
    assert 400 <= a.status < 500, a.text
    with pytest.raises(Exception, match="ParameterNotFound"):
        server.client("ssm").get_parameter(Name="/" + name)


def test_a_host_that_is_not_there(server, keys):
    r = wire.sign(server, keys)
    lines = [f"{r.method} / HTTP/1.1"] + [f"{k}: {v}" for k, v in r.headers.items() if k.lower() != "host"]
    a = wire.raw(server, ("\r\n".join(lines) + f"\r\nContent-Length: {len(r.data)}\r\n\r\n").encode() + wire.IDENTITY)
    assert a.status == 400, a.text


@pytest.mark.parametrize("target", ["http://elsewhere/", "//elsewhere/", "elsewhere:443", "*", "/ /", "/\x7f", "/\xff"])
def test_odd_targets(server, keys, target):
    r = wire.sign(server, keys)
    lines = [f"POST {target} HTTP/1.1", "Host: " + ":".join(map(str, wire.split(server.url)))]
    lines += [f"{k}: {v}" for k, v in r.headers.items() if k.lower() != "host"]
    data = ("\r\n".join(lines) + f"\r\nContent-Length: {len(r.data)}\r\nConnection: close\r\n\r\n").encode("latin-1")
    a = wire.raw(server, data + wire.IDENTITY)
    assert a is None or 400 <= a.status < 500, a.text


def test_signed_twice(server, keys, bucket):
    """In a header and in the query: AWS takes one or the other."""
    r = wire.sign(server, keys, "s3", b"", method="GET", path=f"/{bucket}", query=True, expires=60)
    other = wire.sign(server, keys, "s3", b"", method="GET", path=f"/{bucket}")
    a = wire.send(server, r, extra=[("Authorization", other.headers["Authorization"])])
    assert a.status in (400, 403), a.text


# ---- bytes in paths and headers ----

@pytest.mark.parametrize("path", ["/%ff%fe", "/a%00b", "/%c0%af", "/%ed%a0%80", "/%zz", "/a%", "/%f4%90%80%80"])
def test_keys_that_are_no_text(server, keys, bucket, path):
    before = keys_in(server, bucket)
    a = wire.send(server, wire.sign(server, keys, "s3", b"x", method="PUT", path=f"/{bucket}{path}"))
    assert 400 <= a.status < 500, a.text
    assert keys_in(server, bucket) == before


@pytest.mark.parametrize("headers", [{"x-amz-tagging": "a=%00"}, {"x-amz-tagging": "%00=a"}, {"x-amz-tagging": "a=%ff"}])
def test_tags_that_are_no_text(server, keys, bucket, headers):
    a = wire.send(server, wire.sign(server, keys, "s3", b"x", method="PUT", path=f"/{bucket}/never", headers=headers))
    assert 400 <= a.status < 500, a.text
    assert "never" not in keys_in(server, bucket)


@pytest.mark.parametrize("query", ["prefix=%00", "prefix=%ff", "delimiter=%00", "start-after=%c0%80", "prefix=%zz"])
def test_questions_that_are_no_text(server, keys, bucket, query):
    a = wire.send(server, wire.sign(server, keys, "s3", b"", method="GET", path=f"/{bucket}?list-type=2&{query}"))
    assert 400 <= a.status < 500, a.text


@pytest.mark.parametrize("path", ["..", "../..", "a/../../b", "%2e%2e/x", ".", "a//b", "/etc/passwd", "a\\b", "-", "*?"])
def test_keys_that_look_like_paths_are_keys(server, bucket, path):
    s3 = server.client("s3")
    s3.put_object(Bucket=bucket, Key=path, Body=path.encode())
    assert s3.get_object(Bucket=bucket, Key=path)["Body"].read() == path.encode()
    assert path in keys_in(server, bucket)
    s3.delete_object(Bucket=bucket, Key=path)


# ---- an object's body that is not what was promised ----

def signed_put(server, keys, path, headers, length):
    """The head of a PUT that promises what `headers` say, and is signed so."""
    hashed = headers.get("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")
    with unittest.mock.patch("botocore.auth.S3SigV4Auth.payload", lambda *a: hashed):
        r = wire.sign(server, keys, "s3", b"", method="PUT", path=path, headers=headers)
    lines = [f"PUT {path} HTTP/1.1", "Host: " + ":".join(map(str, wire.split(server.url)))]
    lines += [f"{k}: {v.decode() if isinstance(v, bytes) else v}" for k, v in r.headers.items()]
    return ("\r\n".join(lines) + f"\r\nContent-Length: {length}\r\n").encode()


def put(server, keys, bucket, headers, data):
    head = signed_put(server, keys, f"/{bucket}/never", headers, len(data))
    return wire.raw(server, head + b"Connection: close\r\n\r\n" + data)


def crc(data):
    return base64.b64encode(binascii.crc32(data).to_bytes(4, "big")).decode()


def trailer(data, sum_of=None, size=None, name="x-amz-checksum-crc32", end=b""):
    text = crc(data if sum_of is None else sum_of)
    return f"{len(data) if size is None else size:x}\r\n".encode() + data + \
        f"\r\n0\r\n{name}:{text}\r\n\r\n".encode() + end


UNSIGNED = {"Content-Encoding": "aws-chunked", "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "X-Amz-Trailer": "x-amz-checksum-crc32", "X-Amz-Decoded-Content-Length": "5"}
PROMISES = {
    "a wrong trailer": (UNSIGNED, trailer(b"hello", sum_of=b"other")),
    "no trailer": (UNSIGNED, b"5\r\nhello\r\n0\r\n\r\n"),
    "another trailer": (UNSIGNED, trailer(b"hello", name="x-amz-checksum-crc32c")),
    "a chunk that lies": (UNSIGNED, trailer(b"hello", size=4)),
    "no last chunk": (UNSIGNED, b"5\r\nhello\r\n"),
    "too much decoded": (UNSIGNED, trailer(b"hello, world")),
    "too little decoded": (UNSIGNED, trailer(b"hell")),
    "bytes after the end": (UNSIGNED, trailer(b"hello", end=b"GET / HTTP/1.1\r\n\r\n")),
    "a size that overflows": (UNSIGNED, b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    "bare newlines": (UNSIGNED, trailer(b"hello").replace(b"\r\n", b"\n")),
    "no decoded length": ({k: v for k, v in UNSIGNED.items() if "Decoded" not in k}, trailer(b"hello")),
    "a negative decoded length": ({**UNSIGNED, "X-Amz-Decoded-Content-Length": "-5"}, trailer(b"hello")),
    "an unknown trailer": ({**UNSIGNED, "X-Amz-Trailer": "x-amz-checksum-rot13"}, trailer(b"hello")),
    "signed chunks without signatures": ({**UNSIGNED, "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
                                         b"5\r\nhello\r\n0\r\n\r\n"),
    "signed chunks with wrong ones": (
        {**UNSIGNED, "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
        b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n"),
    "an unknown kind of payload": ({**UNSIGNED, "X-Amz-Content-SHA256": "STREAMING-NOTHING"}, trailer(b"hello")),
    "another hash": ({"X-Amz-Content-SHA256": "0" * 64}, b"hello"),
    "a hash that is none": ({"X-Amz-Content-SHA256": "hello"}, b"hello"),
    "another MD5": ({"Content-MD5": base64.b64encode(bytes(16)).decode(), "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
                    b"hello"),
    "two checksums, one wrong": ({"x-amz-checksum-crc32": crc(b"hello"), "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
                                  "x-amz-checksum-sha1": base64.b64encode(bytes(20)).decode()}, b"hello"),
}


@pytest.mark.parametrize("which", PROMISES)
def test_a_promise_that_is_not_kept(server, keys, bucket, which):
    headers, data = PROMISES[which]
    a = put(server, keys, bucket, headers, data)
    assert a is None or 400 <= a.status < 500, a.text
    if a is not None and a.body:
        assert a.code, a.text
    assert "never" not in keys_in(server, bucket)


def test_a_promise_that_is_kept(server, keys, bucket):
    """The same helper, for what is right: so that the cases above fail for the reason they name."""
    assert put(server, keys, bucket, UNSIGNED, trailer(b"hello")).status == 200
    assert server.client("s3").get_object(Bucket=bucket, Key="never")["Body"].read() == b"hello"
    server.client("s3").delete_object(Bucket=bucket, Key="never")
    hashed = {"X-Amz-Content-SHA256": hashlib.sha256(b"hello").hexdigest()}
    assert put(server, keys, bucket, hashed, b"hello").status == 200
    server.client("s3").delete_object(Bucket=bucket, Key="never")


def test_a_body_that_is_cut_off(server, keys, bucket):
    for headers, data in ((UNSIGNED, trailer(b"hello")), ({"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, b"hello")):
        head = signed_put(server, keys, f"/{bucket}/never", headers, len(data))
        with wire.connect(server) as s:
            s.sendall(head + b"\r\n" + data[:-2])
    assert "never" not in keys_in(server, bucket)


@pytest.mark.parametrize("which", ["refused at its head", "refused at its end"])
def test_what_follows_a_refused_upload_is_another_request(server, keys, bucket, which):
    """The body of what was refused is never taken for a request; the next one is answered as itself, or not at all."""
    body = SECOND * 50
    right = hashlib.sha256(body).hexdigest()
    hashed = {"X-Amz-Content-SHA256": "0" * 64 if which.endswith("end") else right}
    path = f"/{bucket}/never" if which.endswith("end") else f"/{bucket}-none/never"
    head = signed_put(server, keys, path, hashed, len(body))
    with wire.connect(server, plain=True) as s:
        s.settimeout(10)
        got = b""
        try:
            s.sendall(head + b"\r\n" + body + SECOND)
            while piece := s.recv(65536):
                got += piece
        except (socket.timeout, ConnectionError):
            pass
    assert got.startswith(b"HTTP/1.1 4"), got[:300]
    assert got.count(b'"product"') <= 1 and got.count(b"HTTP/1.1 ") <= 2, got
    assert "never" not in keys_in(server, bucket)


# ---- HTTP chunks ----

def test_a_trailer_says_nothing(server, keys, name):
    """What comes after a chunked body is no header: neither who asks nor what for."""
    body = json.dumps({"Name": "/" + name, "Value": "v", "Type": "String"}).encode()
    r = wire.sign(server, keys, "ssm", body, headers={**JSON, "X-Amz-Target": "AmazonSSM.PutParameter"})
    head = ["POST / HTTP/1.1", "Host: " + ":".join(map(str, wire.split(server.url))), "Connection: close",
            "Transfer-Encoding: chunked", "Content-Type: application/x-amz-json-1.1",
            "X-Amz-Target: AmazonSSM.PutParameter", "Trailer: Authorization, X-Amz-Date"]
    tail = "".join(f"{k}: {v}\r\n" for k, v in r.headers.items() if k in ("Authorization", "X-Amz-Date"))
    a = wire.raw(server, ("\r\n".join(head) + f"\r\n\r\n{len(body):x}\r\n").encode() + body +
                 b"\r\n0\r\n" + tail.encode() + b"\r\n")
    assert a is None or 400 <= a.status < 500, a.text
    with pytest.raises(Exception, match="ParameterNotFound"):
        server.client("ssm").get_parameter(Name="/" + name)


def test_a_call_whose_chunks_are_cut_off_is_not_made(server, keys, name):
    body = json.dumps({"Name": "/" + name, "Value": "v", "Type": "String"}).encode()
    r = wire.sign(server, keys, "ssm", body, headers={**JSON, "X-Amz-Target": "AmazonSSM.PutParameter"})
    lines = ["POST / HTTP/1.1", "Host: " + ":".join(map(str, wire.split(server.url))), "Transfer-Encoding: chunked"]
    lines += [f"{k}: {v}" for k, v in r.headers.items() if k.lower() not in ("host", "content-length")]
    with wire.connect(server) as s:
        s.sendall(("\r\n".join(lines) + f"\r\n\r\n{len(body):x}\r\n").encode() + body)  # and never the last chunk
    with pytest.raises(Exception, match="ParameterNotFound"):
        server.client("ssm").get_parameter(Name="/" + name)


# ---- documents within documents ----

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
BAD_POLICIES = {
    "an element twice": document(ALLOW).replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"'),
    "escaped twice": document(ALLOW).replace('"Effect": "Allow"', '"Effect": "Deny", "\\u0045ffect": "Allow"'),
    "a key twice in a condition": document({**ALLOW, "Condition": {"StringEquals": {"aws:username": "a"}}}).replace(
        '"aws:username": "a"', '"aws:username": "a", "aws:username": "b"'),
    "an operator twice": document({**ALLOW, "Condition": {"StringEquals": {"aws:username": "a"}}}).replace(
        '"StringEquals"', '"StringEquals": {"aws:username": "b"}, "StringEquals"'),
    "deep": '{"Version":"2012-10-17","Statement":' + "[" * 3000 + "]" * 3000 + "}",
    "trailing": document(ALLOW) + "{}",
    "cut": document(ALLOW)[:-3],
    "a byte order mark": "\ufeff" + document(ALLOW),
    "a lone surrogate": document({**ALLOW, "Sid": "x"}).replace('"x"', '"\\ud800"'),
    "nul": document({**ALLOW, "Resource": "arn:aws:s3:::a\\u0000b"}).replace("\\\\u", "\\u"),
}


@pytest.mark.parametrize("which", BAD_POLICIES)
def test_a_policy_that_two_readers_could_read_differently(server, bucket, name, role, which, refuses):
    """The same document as an identity's, a role's trust, a key's, a bucket's and a session's policy."""
    text = BAD_POLICIES[which]
    iam = server.client("iam")
    iam.create_user(UserName=name)
    try:
        with refuses("MalformedPolicyDocument"):
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=text)
        assert iam.list_user_policies(UserName=name)["PolicyNames"] == []
    finally:
        iam.delete_user(UserName=name)
    with refuses("MalformedPolicyDocument"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=text)
    with refuses("MalformedPolicyDocumentException"):
        server.client("kms").create_key(Policy=text)
    with refuses("MalformedPolicy"):
        server.client("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    with refuses("ValidationError" if len(text) > 2048 else "MalformedPolicyDocument"):
        server.client("sts").assume_role(RoleArn=role(assume=False).arn, RoleSessionName="one", Policy=text)
