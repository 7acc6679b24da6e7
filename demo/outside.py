# SPDX-License-Identifier: MIT
"""A stand-in Internet behind a state's outside: a namespace with one host at the end of one link, which counts what comes in."""
import json
import os
import subprocess

INTERNET, UPLINK = "203.0.113.1", "203.0.113.2"  # RFC 5737: addresses that no real network has
ELASTIC = "198.19.0.0/16"  # where a server's elastic addresses come from


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Outside:
    def __init__(self, tag):
        """The state's outside stands as soon as a VPC of it has an internet gateway."""
        self.name = f"barmkin-demo-internet-{os.getpid():x}"
        outside = f"/run/barmkin/{tag}/netns/outside"
        ip("netns", "add", self.name)
        ip("-n", self.name, "link", "add", "w0", "type", "veth", "peer", "name", "inet")
        ip("-n", self.name, "link", "set", "inet", "netns", outside)
        for words in (f"addr add {INTERNET}/24 dev w0", "link set w0 up", f"route add {ELASTIC} via {UPLINK}"):
            ip("-n", self.name, *words.split())
        for words in (f"addr add {UPLINK}/24 dev inet", "link set inet up", f"route add default via {INTERNET}"):
            subprocess.run(["nsenter", f"--net={outside}", "ip", *words.split()], check=True)

    def received(self):
        """Packets that came in over the link."""
        return int(json.loads(ip("-n", self.name, "-j", "-s", "link", "show", "w0"))[0]["stats64"]["rx"]["packets"])

    def close(self):
        ip("netns", "delete", self.name)
