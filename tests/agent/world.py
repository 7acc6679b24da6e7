# SPDX-License-Identifier: MIT
"""A network namespace with what an agent needs: a resolver, a credentials endpoint, and an S3 that checks signatures.

Run inside the namespace as `world.py FOLDER`: serves until killed. The other side is test_agent.py."""
import datetime
import hashlib
import http.server
import io
import json
import os
import socket
import ssl
import sys
import tarfile
import threading
import time
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, TOKEN = "ASIAEXAMPLEEXAMPLE00", "s" * 40, "token/" + "t" * 200
RESOLVER, S3, CREDENTIALS = "10.0.0.2", "10.0.0.9", "169.254.170.2"
SUFFIX = ".s3.us-east-1.amazonaws.com"


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


OBJECTS = {
    ("data", f"abalone/train/part {i}+ü.csv"): b"1,2,3\n" * 1000 for i in range(5)
}
OBJECTS.update({
    ("data", "abalone/train/"): b"",
    ("data", "abalone/validation/v.csv"): b"4,5\n",
    ("data", "climb/../../x"): b"no",
    ("data", "m/model.tar.gz"): tar([("./xgboost-model", b"MODEL"), ("code/inference.py", b"pass")]),
    ("data", "m/evil.tar.gz"): tar([("../evil", b"evil")]),
    ("data", "m/noise.tar.gz"): b"not an archive",
    ("data", "slow/once"): b"after a 503",
})
ERROR = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s</Code><Message>%s</Message></Error>"


def signature_of(handler, body_hash):
    """What botocore signs for the request that came; it must be what the agent sent."""
    sent = handler.headers["Authorization"]
    names = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest(method=handler.command, url=f"https://{handler.headers['Host']}{handler.path}",
                         headers={n: handler.headers[n] for n in names if n != "host"})
    request.context["timestamp"] = handler.headers["x-amz-date"]
    signer = S3SigV4Auth(Credentials(KEY, SECRET, TOKEN), "s3", "us-east-1")
    signer.payload = lambda _: body_hash
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(text, request), sent.rsplit("Signature=", 1)[1]


class Bucket(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    uploads, calls, folder = {}, [], ""

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def answer(self, status, body=b"", headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin(self):
        """Reads the body, checks hash and signature; (bucket, key, query, body)."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        u = urllib.parse.urlsplit(self.path)
        with open(os.path.join(self.folder, "calls"), "a") as f:
            f.write(json.dumps({"method": self.command, "path": self.path, "host": self.headers["Host"],
                                "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\n")
        digest = hashlib.sha256(body).hexdigest()
        want, got = signature_of(self, digest)
        if digest != self.headers["x-amz-content-sha256"] or want != got or self.headers["x-amz-security-token"] != TOKEN:
            self.answer(403, ERROR % ("SignatureDoesNotMatch", "The request signature we calculated does not match"))
            return None
        return (self.headers["Host"][:-len(SUFFIX)], urllib.parse.unquote(u.path[1:]),
                urllib.parse.parse_qs(u.query, keep_blank_values=True), body)

    def list(self, bucket, query):
        keys = sorted(k for b, k in OBJECTS if b == bucket and k.startswith(query["prefix"][0]))
        at = int(query.get("continuation-token", ["token/ 0"])[0].split()[1])
        page, more = keys[at:at + 2], at + 2 < len(keys)
        self.answer(200, "<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><IsTruncated>%s</IsTruncated>%s%s"
                    "</ListBucketResult>" % (str(more).lower(),
                                             f"<NextContinuationToken>token/ {at + 2}</NextContinuationToken>" if more else "",
                                             "".join(f"<Contents><Key>{k}</Key><Size>1</Size></Contents>" for k in page)))

    def do_GET(self):
        call = self.begin()
        if not call:
            return
        bucket, key, query, _ = call
        if bucket == "denied":
            self.answer(403, ERROR % ("AccessDenied", "User is not authorized because no VPC endpoint policy allows it"))
        elif "list-type" in query:
            self.list(bucket, query)
        elif key == "slow/once" and "slow" not in self.uploads:
            self.uploads["slow"] = True
            self.answer(503, ERROR % ("SlowDown", "Please reduce your request rate."))
        elif (bucket, key) in OBJECTS:
            self.answer(200, OBJECTS[bucket, key])
        else:
            self.answer(404, ERROR % ("NoSuchKey", "The specified key does not exist."))

    def store(self, key, body):
        with open(os.path.join(self.folder, "put-" + key.replace("/", "-")), "wb") as f:
            f.write(body)

    def do_PUT(self):
        call = self.begin()
        if not call:
            return
        bucket, key, query, body = call
        if bucket == "denied":
            return self.answer(403, ERROR % ("AccessDenied", "no s3:PutObject"))
        if "partNumber" in query:
            number = int(query["partNumber"][0])
            self.uploads.setdefault(query["uploadId"][0], {})[number] = body
            return self.answer(200, b"", [("ETag", f'"part{number}"')])
        self.store(key, body)
        return self.answer(200, b"", [("ETag", '"whole"')])

    def do_POST(self):
        call = self.begin()
        if not call:
            return
        _, key, query, body = call
        if "uploads" in query:
            return self.answer(200, "<InitiateMultipartUploadResult><UploadId>up+1/x=</UploadId></InitiateMultipartUploadResult>")
        parts = self.uploads[query["uploadId"][0]]
        assert body.decode().count("<Part>") == len(parts) and '"part1"' in body.decode()
        self.store(key, b"".join(parts[n] for n in sorted(parts)))
        return self.answer(200, "<CompleteMultipartUploadResult/>")


class Role(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        ends = datetime.datetime.utcnow() + datetime.timedelta(hours=1)
        good = self.headers["Authorization"] == "T" * 64 and self.path == "/v2/credentials/job"
        body = json.dumps({"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": TOKEN,
                           "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")} if good else {}).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def resolver():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((RESOLVER, 53))
    while True:
        packet, peer = sock.recvfrom(512)
        labels, i = [], 12
        while packet[i]:
            labels.append(packet[i + 1:i + 1 + packet[i]].decode())
            i += 1 + packet[i]
        question = packet[12:i + 5]
        if ".".join(labels).endswith(SUFFIX):
            sock.sendto(packet[:2] + b"\x85\x80\0\1\0\1\0\0\0\0" + question + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" +
                        socket.inet_aton(S3), peer)
        else:
            sock.sendto(packet[:2] + b"\x85\x83\0\1\0\0\0\0\0\0" + question, peer)


def main(folder):
    Bucket.folder = folder
    threading.Thread(target=resolver, daemon=True).start()
    role = http.server.ThreadingHTTPServer((CREDENTIALS, 80), Role)
    threading.Thread(target=role.serve_forever, daemon=True).start()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{folder}/leaf.pem", f"{folder}/leaf.key")
    bucket = http.server.ThreadingHTTPServer((S3, 443), Bucket)
    bucket.socket = tls.wrap_socket(bucket.socket, server_side=True)
    threading.Thread(target=bucket.serve_forever, daemon=True).start()
    open(f"{folder}/up", "w").close()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1])
