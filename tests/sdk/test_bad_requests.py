# SPDX-License-Identifier: MIT
"""What no SDK sends: each gets an answer of the kind 4xx, or a closed connection where the bytes are not HTTP, and the
server goes on."""
import socket
import ssl
import urllib.parse

import botocore.exceptions
import pytest

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


def post(head, body):
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


SENT = {
    "nothing-known": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "unsigned-form": post(FORM, BODY),
    "empty-form": post(FORM, b""),
    "form-of-no-service": post(FORM, b"Action=A&Version=1999-01-01"),
    "form-without-action": post(FORM, b"&&=&=="),
    "unsigned-target": post(b"X-Amz-Target: TrentService.ListKeys\r\n", b"{}"),
    "unknown-target": post(b"X-Amz-Target: Nobody.Nothing\r\n", b"{}"),
    "target-without-dot": post(b"X-Amz-Target: x\r\n", b"{}"),
    "internal-target": post(b"X-Amz-Target: Barmkin.Status\r\n", b"{}"),
    "half-signed": post(b"Authorization: AWS4-HMAC-SHA256 Credential=\r\n" + FORM, BODY),
    "odd-authorization": post(b"Authorization: Basic eDp5\r\n" + FORM, BODY),
    "presigned-nonsense": b"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%2F%2F HTTP/1.1\r\nHost: a\r\n\r\n",
    "old-presigned": b"GET /b/k?AWSAccessKeyId=AKIA&Expires=x&Signature=y HTTP/1.1\r\nHost: a\r\n\r\n",
    "action-in-query": b"GET /?Action=GetCallerIdentity&Version=2011-06-15 HTTP/1.1\r\nHost: a\r\n\r\n",
    "two-hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "length-and-chunked": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded-header": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
    "bare-newlines": b"GET / HTTP/1.1\nHost: a\n\n",
    "endless-header": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70000 + b"\r\n\r\n",
    "too-large": b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: TrentService.ListKeys\r\nContent-Length: 99999999999\r\n\r\n",
    "not-http": b"\x00\x01\x02\x03 hello\r\n\r\n",
}


def answer(server, sent):
    at = urllib.parse.urlsplit(server.url)
    context = ssl.create_default_context(cafile=server.ca)
    with socket.create_connection((at.hostname, at.port), 10) as plain:
        with context.wrap_socket(plain, server_hostname=at.hostname) as s:
            try:
                s.sendall(sent)
                s.settimeout(10)
                return s.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return b""


@pytest.mark.parametrize("name", SENT)
def test_is_refused(server, name):
    got = answer(server, SENT[name])
    assert got == b"" or got.startswith(b"HTTP/1.1 4"), got[:200]
    if name not in ("not-http", "endless-header"):
        assert got, "closed without an answer"
    assert server.client("sts").get_caller_identity()["Account"] == server.account("dev")["id"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"KeyId":}', b'{"KeyId":1}', b'{"a":1,"a":2}',
                                  b"[" * 5000, b'{"x":"\\ud800"}', b"\xff\xfe", b'{"KeyId":"' + b"a" * 100000 + b'"}'])
def test_signed_json_that_is_none(server, body):
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    import botocore.httpsession
    a = server.account("dev")
    r = botocore.awsrequest.AWSRequest("POST", server.url + "/", {"X-Amz-Target": "TrentService.DescribeKey",
                                                                  "Content-Type": "application/x-amz-json-1.1"}, body)
    keys = botocore.credentials.Credentials(a["access_key_id"], a["secret_access_key"])
    botocore.auth.SigV4Auth(keys, "kms", "us-east-1").add_auth(r)
    got = botocore.httpsession.URLLib3Session(verify=server.ca, timeout=10).send(r.prepare())
    assert 400 <= got.status_code < 500, got.content
    assert got.headers["x-amzn-RequestId"] and b"__type" in got.content


@pytest.mark.parametrize("service, call, code", [
    ("batch", lambda c: c.list_jobs(), "UnknownOperationException"),
    ("dynamodb", lambda c: c.list_tables(), "UnknownOperationException"),
    ("sns", lambda c: c.list_topics(), "InvalidAction"),
    ("sagemaker", lambda c: c._make_api_call("ListHubs", {}), "UnknownOperationException")])
def test_what_barmkin_does_not_know_is_said_in_the_client_s_protocol(client, service, call, code):
    with pytest.raises(botocore.exceptions.ClientError) as e:
        call(client(service))
    assert e.value.response["Error"]["Code"] == code
    assert "xml" not in e.value.response["Error"]["Message"]
