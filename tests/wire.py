# SPDX-License-Identifier: MIT
"""Requests below boto3: signed by botocore's own signer, then bent, and sent as raw bytes."""
import datetime
import http.client
import re
import socket
import ssl
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

FORM = "application/x-www-form-urlencoded; charset=utf-8"
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.text = body.decode(errors="replace")
        code = re.search(r"<Code>([^<]*)|\"__type\":\"([^\"]*)", self.text)
        said = re.search(r"<Message>([^<]*)|\"[Mm]essage\":\"([^\"]*)", self.text)
        self.code = next((g for g in code.groups() if g), None) if code else None
        self.message = next((g for g in said.groups() if g), "") if said else ""


def split(url):
    u = urllib.parse.urlsplit(url)
    return u.hostname, u.port


def sign(server, keys, service="sts", body=IDENTITY, method="POST", path="/", headers=None, region=None, at=None,
         query=False, expires=None):
    """A signed request as botocore would send it; keys: (id, secret[, token]); at: seconds to shift the clock."""
    cls = botocore.auth.SigV4QueryAuth if query else botocore.auth.SigV4Auth
    if service == "s3":
        cls = botocore.auth.S3SigV4QueryAuth if query else botocore.auth.S3SigV4Auth
    request = botocore.awsrequest.AWSRequest(method, server.url + path, data=body if method != "GET" else b"",
                                             headers={"Content-Type": FORM, **(headers or {})})
    if method == "GET":
        del request.headers["Content-Type"]
    real = botocore.auth.datetime.datetime

    class Shifted(real):
        @classmethod
        def utcnow(cls):
            return real.utcnow() + datetime.timedelta(seconds=at or 0)

        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + datetime.timedelta(seconds=at or 0)

    patched = botocore.auth.datetime
    try:
        patched.datetime = Shifted
        if hasattr(botocore.auth, "get_current_datetime"):
            kept = botocore.auth.get_current_datetime
            botocore.auth.get_current_datetime = lambda *a, **k: Shifted.utcnow()
        args = (botocore.credentials.Credentials(*keys), service, region or server.region)
        (cls(*args, expires=expires) if query and expires else cls(*args)).add_auth(request)
    finally:
        patched.datetime = real
        if hasattr(botocore.auth, "get_current_datetime"):
            botocore.auth.get_current_datetime = kept
    return request


def send(server, request, extra=(), drop=()):
    """Sends the headers exactly as given, duplicates too."""
    host, port = split(server.url)
    url = urllib.parse.urlsplit(request.url)
    target = (url.path or "/") + ("?" + url.query if url.query else "")
    body = request.data or b""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"{request.method} {target} HTTP/1.1"]
    have = {k.lower(): v for k, v in request.headers.items() if k.lower() not in drop}
    have.setdefault("host", f"{host}:{port}")
    if request.method != "GET":
        have["content-length"] = str(len(body))
    lines += [f"{k}: {v.decode() if isinstance(v, bytes) else v}" for k, v in have.items()]
    lines += [f"{k}: {v}" for k, v in extra]
    return raw(server, "\r\n".join(lines).encode() + b"\r\nConnection: close\r\n\r\n" + body)


def connect(server, plain=False):
    host, port = split(server.url)
    s = socket.create_connection((host, port), timeout=10)
    if not plain:
        context = ssl.create_default_context(cafile=server.ca)
        s = context.wrap_socket(s, server_hostname="localhost")
    return s


def raw(server, data, plain=False):
    """Sends bytes and reads to the end; None when the server closed without an answer."""
    with connect(server, plain) as s:
        try:
            s.sendall(data)
        except OSError:
            pass  # the server may refuse before it has read all
        reply = http.client.HTTPResponse(s)
        try:
            reply.begin()
            return Answer(reply.status, dict(reply.getheaders()), reply.read())
        except (http.client.HTTPException, OSError):
            return None


def of(server, profile="dev"):
    a = server.account(profile)
    return a["access_key_id"], a["secret_access_key"]
