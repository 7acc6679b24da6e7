# SPDX-License-Identifier: MIT
"""A VPC that the kernel refuses is closed, and opens again by itself: nobody has to change it or to restart the server.
The refusal is real: links that stand in its namespace under the names that the next ones are going to have."""
import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from conftest import refuses
from test_network import PYTHON, Vpc, roles

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

NAMES = 64  # each attempt tries the next name
DIAL = """
import socket, sys
socket.create_connection((sys.argv[1], 443), 2).close()
"""


class Yard:
    """A VPC with one endpoint and one interface, seen from the kernel's side."""

    def __init__(self, server):
        self.server, self.vpc = server, Vpc(server)
        self.vpc.interface("sts")
        self.eni = self.new_interface()["NetworkInterfaceId"]
        self.door = self.vpc.ec2.describe_network_interfaces(Filters=[
            {"Name": "vpc-id", "Values": [self.vpc.id]}, {"Name": "subnet-id", "Values": [self.vpc.subnets[0]]},
            {"Name": "interface-type", "Values": ["vpc_endpoint"]}])["NetworkInterfaces"][0]["PrivateIpAddress"]

    def new_interface(self):
        return self.vpc.ec2.create_network_interface(SubnetId=self.vpc.subnets[0], Groups=[self.vpc.group])[
            "NetworkInterface"]

    def inside(self, name, *argv, **kw):
        path = f"/run/barmkin/{self.server.tag}/netns/{name}"
        return subprocess.run(["nsenter", f"--net={path}", *argv], capture_output=True, text=True, **kw)

    def is_open(self):
        """Do packets pass from the interface to the endpoint?"""
        return self.inside(self.eni, PYTHON, "-c", DIAL, self.door).returncode == 0

    def opens(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.is_open():
                return True
            time.sleep(0.1)
        return False

    def links(self):
        listed = json.loads(self.inside(self.vpc.id, "ip", "-j", "link", check=True).stdout)
        return {link["ifname"] for link in listed}

    def obstruct(self):
        wanted = {f"bk{self.server.tag}{n:04x}" for n in range(NAMES)}
        self.obstacles = sorted(wanted - self.links())
        # Warden chooses its links' numbers; these are far from them.
        commands = "".join(f"link add {name} index {100000 + n} type veth peer name x{name[2:]} index {200000 + n}\n"
                           for n, name in enumerate(self.obstacles))
        self.inside(self.vpc.id, "ip", "-batch", "-", input=commands, check=True)

    def clear(self):
        commands = "".join(f"link del {name}\n" for name in set(self.obstacles) & self.links())
        self.inside(self.vpc.id, "ip", "-batch", "-", input=commands, check=True)

    def said(self, what):
        with open(self.server.log) as f:
            return sum(what in line and self.vpc.id in line for line in f)

    def refusals(self, wanted, seconds=30):
        end = time.monotonic() + seconds
        while self.said("is closed: ") < wanted and time.monotonic() < end:
            time.sleep(0.05)
        return self.said("is closed: ")


@pytest.fixture
def yard(own_server):
    return Yard(own_server)


def refused_change(yard):
    """The change is committed and answered with 500; from then on the VPC is closed."""
    assert yard.is_open()
    yard.obstruct()
    before = len(yard.vpc.interfaces())
    with refuses("InternalError"):
        yard.new_interface()
    assert len(yard.vpc.interfaces()) == before + 1
    assert not yard.is_open()


def test_a_refused_vpc_opens_again_by_itself(yard):
    refused_change(yard)
    assert yard.refusals(3) >= 3  # the client's call, and two attempts of the house's own
    assert not yard.is_open()
    yard.clear()
    assert yard.opens()
    assert yard.said("is as its records say") == 1
    late = next(n for n in yard.vpc.interfaces() if n != yard.eni)  # what was asked for in vain has come as well
    assert yard.inside(late, PYTHON, "-c", DIAL, yard.door).returncode == 0


def test_a_clients_change_opens_it_too(yard):
    refused_change(yard)
    yard.clear()
    yard.vpc.ec2.create_tags(Resources=[yard.vpc.id], Tags=[{"Key": "a", "Value": "b"}])
    yard.new_interface()
    assert yard.is_open()
    assert yard.opens()


def test_a_refused_vpc_is_open_after_kill_9(yard):
    refused_change(yard)
    for pid in roles(yard.server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    yard.server.process.wait(20)
    yard.server.start()
    yard.vpc.ec2 = yard.server.client("ec2")
    assert yard.is_open() and len(yard.vpc.interfaces()) == 2


def test_a_deleted_vpc_is_not_made_again(yard):
    refused_change(yard)
    for eni in yard.vpc.interfaces():
        with contextlib.suppress(Exception):  # each is a change that is refused again
            yard.vpc.ec2.delete_network_interface(NetworkInterfaceId=eni)
    assert yard.vpc.interfaces() == []
    yard.clear()
    yard.vpc.remove()
    netns = f"/run/barmkin/{yard.server.tag}/netns"
    yard.vpc.ec2.describe_vpcs()
    time.sleep(1)  # longer than the first attempts wait
    assert not os.path.exists(f"{netns}/{yard.vpc.id}")
