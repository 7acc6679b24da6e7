# SPDX-License-Identifier: MIT
"""Plays transcripts, src/services/NAME/NAME.t: requests as text, signed here, and the replies they must get. The format is
described in tests/README.md. By hand: /usr/bin/python3 tests/transcripts/play.py FILE... plays on a server of its own and
prints every exchange; with --record it writes the reply of each exchange that ends in an empty "=>" into the file, ids
and moments as names. What was recorded is read by a person before it is kept."""
import http.client
import os
import re
import ssl
import sys
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials

VARIABLE = re.compile(r"\{\{([\w*-]+)(\|url)?\}\}")
KEYS = ("AccessKeyId", "SecretAccessKey", "SessionToken")


class Exchange:
    def __init__(self, title, line):
        self.title, self.line, self.who, self.keep, self.raw = title, line, "dev", None, False
        self.request, self.status, self.reply = [], None, []


class Transcript:
    """A file, parsed: service, headers for each request, exchanges in order."""

    def __init__(self, path):
        self.path, self.headers, self.exchanges = path, [], []
        self.service = os.path.basename(path)[:-2]
        with open(path) as f:
            for number, line in enumerate(f, 1):
                self.take(line.rstrip("\n"), number)

    def take(self, line, number):
        now = self.exchanges[-1] if self.exchanges else None
        if line.startswith("#"):
            return
        if line.startswith("--- "):
            self.exchanges.append(Exchange(line[4:], number))
        elif now is None:
            word, _, rest = line.partition(" ")
            if word == "service":
                self.service = rest
            elif word == "header":
                self.headers.append(rest)
            elif line:
                raise ValueError(f"{self.path}:{number}: before the first exchange: service NAME, header NAME: VALUE")
        elif now.status is None and line.startswith("=>"):
            now.status = int(line[3:] or 0)
        elif now.status is None and not now.request and line.startswith(("as ", "keep ")) or line == "raw":
            word, _, rest = line.partition(" ")
            if word == "as":
                now.who = rest
            elif word == "keep":
                now.keep = rest
            else:
                now.raw = True
        elif now.status is None:
            now.request.append(line)
        else:
            now.reply.append(line)


def fill(text, values):
    """Puts values in the places of {{name}}; {{name|url}} is percent-encoded."""
    def one(m):
        if m.group(1) not in values:
            raise KeyError(f"{{{{{m.group(1)}}}}} has no value yet")
        return urllib.parse.quote(values[m.group(1)], safe="") if m.group(2) else values[m.group(1)]
    return VARIABLE.sub(one, text)


def pattern(text, values):
    """The regular expression of an expected text: known names are literal, new ones take what stands there."""
    out, at, new = "", 0, {}
    for m in VARIABLE.finditer(text):
        out += re.escape(text[at:m.start()])
        name, at = m.group(1), m.end()
        if name == "*":
            out += ".*?"
        elif name in values:
            out += re.escape(values[name])
        elif name in new:
            out += f"(?P={new[name]})"
        else:
            new[name] = "v" + str(len(new))
            out += f'(?P<{new[name]}>[^<>"]+?)'
    return re.compile(out + re.escape(text[at:]), re.S), new


def halves(lines):
    """(head, body lines) around the first empty line; empty lines at the end do not count."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    return (lines[:lines.index("")], lines[lines.index("") + 1:]) if "" in lines else (lines, [])


def joined(lines):
    return "".join(x.strip() for x in lines)


class Player:
    """Plays on a server of tests/conftest.py. Names bound by replies hold for the rest of the transcript."""

    def __init__(self, server, transcript):
        self.server, self.transcript = server, transcript
        self.values = {name: a["id"] for name, a in server.accounts.items()}
        self.values.update(region=server.region, unique=uuid.uuid4().hex[:8])
        self.identities = {name: (a["access_key_id"], a["secret_access_key"], None) for name, a in server.accounts.items()}

    def build(self, x):
        head, body = halves([fill(line, self.values) for line in x.request])
        method, target = head[0].split(" ")[:2]
        headers = dict(h.split(": ", 1) for h in self.transcript.headers)
        headers.update(h.split(": ", 1) for h in head[1:])
        form = "x-www-form-urlencoded" in headers.get("Content-Type", "")
        if form and not x.raw:
            pairs = [line.partition("=") for line in body if line]
            text = "&".join(f"{k}={urllib.parse.quote(v, safe='')}" for k, _, v in pairs)
        else:
            text = "\n".join(body) if x.raw else joined(body)
        return method, target, headers, text.encode()

    def sign(self, x, method, target, headers, body):
        if x.who == "nobody":
            return headers
        keys = botocore.credentials.Credentials(*self.identities[x.who])
        kind = botocore.auth.S3SigV4Auth if self.transcript.service == "s3" else botocore.auth.SigV4Auth
        request = botocore.awsrequest.AWSRequest(method, self.server.url + target, headers, body)
        kind(keys, self.transcript.service, self.server.region).add_auth(request)
        return dict(request.headers)

    def send(self, x):
        method, target, headers, body = self.build(x)
        at = urllib.parse.urlsplit(self.server.url)
        headers = self.sign(x, method, target, headers, body)
        connection = http.client.HTTPSConnection(at.hostname, at.port, timeout=30,
                                                 context=ssl.create_default_context(cafile=self.server.ca))
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for k, v in headers.items():
                connection.putheader(k, v)
            if body or method in ("POST", "PUT"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read().decode(errors="replace")
        finally:
            connection.close()

    def compare(self, x, status, headers, body):
        """None, or what differs. Binds the names that the expected text introduces."""
        head, expected = halves(x.reply)
        if status != x.status:
            return f"status {status}, expected {x.status}\n{body}"
        for line in head:
            name, _, value = line.partition(": ")
            got = ", ".join(v for k, v in headers if k.lower() == name.lower())
            if not self.matches(value, got):
                return f"header {name}: {got!r}, expected {value!r}"
        if expected and not self.matches(joined(expected), joined(body.split("\n"))):
            return f"body\n  {joined(body.split(chr(10)))}\nexpected\n  {joined(expected)}"
        return None

    def matches(self, expected, got):
        wanted, new = pattern(expected, self.values)
        m = wanted.fullmatch(got)
        if m:
            self.values.update((name, m.group(group)) for name, group in new.items())
        return m is not None

    def play(self, x):
        status, headers, body = self.send(x)
        if x.keep:  # the keys that the reply carries are an identity from now on
            found = [re.search(rf'<{k}>([^<]+)<|"{k}":"([^"]+)"', body) for k in KEYS]
            self.identities[x.keep] = tuple(m and (m.group(1) or m.group(2)) for m in found)
            self.values.update({k: m.group(1) or m.group(2) for k, m in zip(KEYS, found) if m})
        return self.compare(x, status, headers, body), status, body


def with_names(text, values):
    """A reply as it may stand in a transcript: what differs from run to run is named."""
    for name, value in sorted(values.items(), key=lambda kv: -len(kv[1] or "")):
        if value and len(value) > 5:
            text = text.replace(value, "{{" + name + "}}")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "{{*}}", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "{{*}}", text)
    text = re.sub(r"\b1[789]\d{8}(\.\d+)?\b", "{{*}}", text)
    return re.sub(r"\b(AIDA|AROA|ANPA|AKIA|ASIA)[A-Z0-9]{12,}", "{{*}}", text)


def name_ids(text, values):
    """New ids of a reply get names by their kind, in order: vpc, subnet, subnet2, ..."""
    for found in re.findall(r"\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}\b", text):
        if found not in values.values() and not found.endswith("0" * 17):
            kind, n = found[:-18], 1
            while (kind if n == 1 else f"{kind}{n}") in values:
                n += 1
            values[kind if n == 1 else f"{kind}{n}"] = found


def record(path, player):
    """Puts what the server answers in the places of the empty "=>"."""
    out = {}
    for x in player.transcript.exchanges:
        try:
            _, status, body = player.play(x)
        except KeyError as e:
            print(f"{path}:{x.line}: {e}")
            continue
        name_ids(body, player.values)
        if x.status == 0:
            out[x.line] = f"=> {status}\n\n{with_names(body, player.values)}".rstrip()
    with open(path) as f:
        lines, at = f.read().split("\n"), 0
    for i, line in enumerate(lines):
        at = i + 1 if line.startswith("--- ") else at
        if line.strip() == "=>" and at in out:
            lines[i] = out[at]
    with open(path, "w") as f:
        f.write("\n".join(lines))


def main(paths):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    import conftest
    recording = "--record" in paths
    paths = [p for p in paths if p != "--record"]
    server, bad = conftest.Server().start(), 0
    try:
        for path in paths:
            player = Player(server, Transcript(path))
            if recording:
                record(path, player)
                continue
            for x in player.transcript.exchanges:
                try:
                    wrong, status, body = player.play(x)
                except (KeyError, OSError, http.client.HTTPException) as e:
                    wrong, status, body = str(e), "", ""
                bad += wrong is not None
                print(f"{'not ok' if wrong else 'ok'} {path}:{x.line}: {x.title}\n  => {status}\n  {body}")
                if wrong:
                    print("  differs: " + wrong)
    finally:
        server.stop()
        server.remove()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
