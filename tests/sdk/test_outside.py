# SPDX-License-Identifier: MIT
"""Ways out of a VPC, with packets: internet gateways, elastic addresses, NAT gateways and the routes to them. "The
outside" is the state's own empty namespace; what answers there is a stand-in Internet, a namespace that this test made."""
import json
import os
import subprocess
import uuid

import pytest

from conftest import BARMKIN, document, trust
from test_network import PROLOGUE, PYTHON, of_tag

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

INTERNET = "203.0.113.1"
# Tells whoever connects with which address it came; "dial A P [FROM]" on standard input connects to somebody.
SERVER = """
import socket, sys, threading
def serve(port):
    s = socket.create_server(("", port))
    while True:
        c, peer = s.accept()
        c.sendall(peer[0].encode()); c.close()
for port in (80, 8080):
    threading.Thread(target=serve, args=(port,), daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    _, host, port, *source = line.split()
    try:
        with socket.create_connection((host, int(port)), 2, (source[0], 0) if source else None) as c:
            print(c.recv(100).decode() or "closed", flush=True)
    except OSError as e:
        print(type(e).__name__, flush=True)
"""


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Internet:
    """A namespace with one host, connected to the state's outside."""

    def __init__(self, server):
        self.name = "bt" + uuid.uuid4().hex[:8]
        outside = f"/run/barmkin/{server.tag}/netns/outside"
        ip("netns", "add", self.name)
        ip("-n", self.name, "link", "add", "w0", "type", "veth", "peer", "name", "inet")
        ip("-n", self.name, "link", "set", "inet", "netns", outside)
        for words in (f"addr add {INTERNET}/24 dev w0", "link set w0 up", "link set lo up",
                      "route add 198.19.0.0/16 via 203.0.113.2"):
            ip("-n", self.name, *words.split())
        for words in ("addr add 203.0.113.2/24 dev inet", "link set inet up", f"route add default via {INTERNET}"):
            subprocess.run(["nsenter", f"--net={outside}", "ip", *words.split()], check=True)
        self.process = subprocess.Popen(["ip", "netns", "exec", self.name, PYTHON, "-c", SERVER], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n"

    def dial(self, host, port, source=""):
        self.process.stdin.write(f"dial {host} {port} {source}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def received(self):
        """Packets that came in over the link."""
        return int(json.loads(ip("-n", self.name, "-j", "-s", "link", "show", "w0"))[0]["stats64"]["rx"]["packets"])

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        ip("netns", "delete", self.name)


class House:
    """A VPC with a public and a private subnet; `gateway` connects it."""

    def __init__(self, server, profile="dev", cidr="10.80"):
        self.server, self.profile = server, profile
        self.ec2 = ec2 = server.client("ec2", profile)
        self.vpc = ec2.create_vpc(CidrBlock=f"{cidr}.0.0/16")["Vpc"]["VpcId"]
        self.public, self.private = (
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{cidr}.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2))
        self.tables = {}
        for s in (self.public, self.private):
            self.tables[s] = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
            ec2.associate_route_table(RouteTableId=self.tables[s], SubnetId=s)
        self.group = ec2.create_security_group(GroupName="g", Description="g", VpcId=self.vpc)["GroupId"]
        self.igw = None

    def gateway(self):
        self.igw = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.igw, VpcId=self.vpc)
        self.route(self.public, GatewayId=self.igw)
        return self.igw

    def route(self, subnet, to="0.0.0.0/0", **target):
        self.ec2.create_route(RouteTableId=self.tables[subnet], DestinationCidrBlock=to, **target)

    def nat(self):
        self.eip = self.ec2.allocate_address(Domain="vpc")
        made = self.ec2.create_nat_gateway(SubnetId=self.public, AllocationId=self.eip["AllocationId"])["NatGateway"]
        assert made["State"] == "pending"
        self.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[made["NatGatewayId"]])
        return made["NatGatewayId"]

    def argv(self, subnet, *command):
        return [BARMKIN, "run", "--state", self.server.state, "--profile", self.profile, "--vpc", self.vpc,
                "--subnet", subnet, "--security-group", self.group, "--", *command]

    def python(self, subnet, program):
        done = subprocess.run(self.argv(subnet, PYTHON, "-c", PROLOGUE + program), capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def out(self, subnet, port=80):
        """What a connection to the Internet from there comes to: the address it is seen with, or why not."""
        return self.python(subnet, f"""
try:
    with socket.create_connection(("{INTERNET}", {port}), 2) as s: print(json.dumps(s.recv(100).decode()))
except socket.timeout: print('"silence"')
except OSError as e: print(json.dumps(errno.errorcode[e.errno]))""")

    def start(self, subnet):
        """A host there that serves on 80 and 8080, as Internet does; its process and its interface."""
        before = {i["NetworkInterfaceId"] for i in self.interfaces()}
        p = subprocess.Popen(self.argv(subnet, PYTHON, "-c", SERVER), text=True, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        assert p.stdout.readline() == "ready\n"
        return p, next(i for i in self.interfaces() if i["NetworkInterfaceId"] not in before)

    def interfaces(self):
        return self.ec2.describe_network_interfaces(
            Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["NetworkInterfaces"]

    def remove(self):
        ec2 = self.ec2
        here = [{"Name": "vpc-id", "Values": [self.vpc]}]
        for n in ec2.describe_nat_gateways(Filter=here)["NatGateways"]:
            ec2.delete_nat_gateway(NatGatewayId=n["NatGatewayId"])
        for a in ec2.describe_addresses()["Addresses"]:
            if "AssociationId" not in a:
                ec2.release_address(AllocationId=a["AllocationId"])
        if self.igw:
            ec2.detach_internet_gateway(InternetGatewayId=self.igw, VpcId=self.vpc)
            ec2.delete_internet_gateway(InternetGatewayId=self.igw)
        for s in (self.public, self.private):
            ec2.delete_subnet(SubnetId=s)
            ec2.delete_route_table(RouteTableId=self.tables[s])
        ec2.delete_security_group(GroupId=self.group)
        ec2.delete_vpc(VpcId=self.vpc)


def end(p):
    p.stdin.close()
    p.wait(20)
    p.stdout.close()


@pytest.fixture
def house(server):
    h = House(server)
    yield h
    h.remove()


@pytest.fixture
def internet(server, house):
    """House has its gateway, and the outside a world behind it."""
    house.gateway()
    i = Internet(server)
    yield i
    i.close()


def outside(server):
    return os.path.exists(f"/run/barmkin/{server.tag}/netns/outside")


# ---- packets ----

def test_a_vpc_without_a_gateway_has_no_path_out(server, house):
    """Another VPC of the state is connected; this one has no link, and not one of its packets gets there."""
    other = House(server, "prod", "10.81")
    other.gateway()
    world = Internet(server)
    try:
        assert world.received() == 0
        assert house.out(house.public) == house.out(house.private) == "ENETUNREACH"
        links = subprocess.run(["nsenter", f"--net=/run/barmkin/{server.tag}/netns/{house.vpc}", "ip", "-br", "link"],
                               capture_output=True, text=True, check=True).stdout
        assert f"bk{server.tag}gw" not in links and world.received() == 0
    finally:
        world.close()
        other.remove()
    assert not outside(server)


def test_a_private_subnet_leaves_as_its_nat_gateway(server, house, internet):
    assert house.out(house.private) == "ENETUNREACH"  # no route yet
    nat = house.nat()
    assert house.out(house.private) == "ENETUNREACH"
    house.route(house.private, NatGatewayId=nat)
    assert house.out(house.private) == house.eip["PublicIp"]
    shown = house.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]
    address = shown["NatGatewayAddresses"][0]
    assert shown["State"] == "available" and address["PublicIp"] == house.eip["PublicIp"]
    assert address["PrivateIp"].startswith("10.80.1.")
    # Nobody gets in that way.
    assert internet.dial(house.eip["PublicIp"], 80) == "TimeoutError"
    house.ec2.delete_nat_gateway(NatGatewayId=nat)
    assert house.out(house.private) == "silence"  # a route that leads nowhere
    table = house.ec2.describe_route_tables(RouteTableIds=[house.tables[house.private]])["RouteTables"][0]
    assert [r["State"] for r in table["Routes"] if r.get("NatGatewayId") == nat] == ["blackhole"]
    house.ec2.replace_route(RouteTableId=house.tables[house.private], DestinationCidrBlock="0.0.0.0/0",
                            NatGatewayId=house.nat())
    assert house.out(house.private) == house.eip["PublicIp"]
    house.ec2.delete_route(RouteTableId=house.tables[house.private], DestinationCidrBlock="0.0.0.0/0")
    assert house.out(house.private) == "ENETUNREACH"


WHO = """
def who():
    try: return client("sts").get_caller_identity()["Arn"]
    except Exception as e: return type(e).__name__
"""


def test_the_house_is_in_that_world_too(server, house, internet, name):
    """AWS's public names lead to the house by whatever way leads out: a caller has its public address, and no VPC."""
    ec2, s3 = house.ec2, server.client("s3")
    s3.create_bucket(Bucket=name)
    program = WHO + f"""
b = dict(Bucket="{name}", Key="k", Body=b"x")
print(json.dumps([who(), attempt(client("s3").put_object, **b), dial("198.19.255.10", 80), dial("ec2.us-east-1.amazonaws.com", 443)]))"""
    before = internet.received()
    assert house.python(house.private, program) == ["EndpointConnectionError", "EndpointConnectionError", "ENETUNREACH", "ENETUNREACH"]
    house.route(house.private, NatGatewayId=house.nat())
    who, put, http, dialled = house.python(house.private, program)
    assert who.startswith("arn:aws:") and put == "ok" and dialled == "connected"
    assert http == "ETIMEDOUT"  # which goes out, as any other packet, and nobody answers there
    told = json.loads(server.client("cloudtrail").lookup_events(LookupAttributes=[
        {"AttributeKey": "EventName", "AttributeValue": "GetCallerIdentity"}])["Events"][0]["CloudTrailEvent"])
    assert told["sourceIPAddress"] == house.eip["PublicIp"] and "vpcEndpointId" not in told
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*",
         "Condition": {"NotIpAddress": {"aws:SourceIp": "198.19.255.255/32"}}}]}))
    assert "explicit deny" in house.python(house.private, program)[1]
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*",
         "Condition": {"NotIpAddress": {"aws:SourceIp": house.eip["PublicIp"] + "/32"}}},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*",
         "Condition": {"StringLike": {"aws:SourceVpc": "*"}}}]}))
    assert house.python(house.private, program)[1] == "ok"
    # A route that is more specific and leads nowhere; egress rules; a subnet with a gateway and no address of its own.
    house.route(house.private, to="198.19.255.0/24", GatewayId=house.igw)
    assert house.python(house.private, program)[:2] == ["ConnectTimeoutError", "ok"]
    ec2.delete_route(RouteTableId=house.tables[house.private], DestinationCidrBlock="198.19.255.0/24")
    assert house.python(house.public, program)[:2] == ["ConnectTimeoutError", "ConnectTimeoutError"]
    ec2.revoke_security_group_egress(GroupId=house.group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    assert house.python(house.private, program)[:2] == ["ConnectTimeoutError", "ConnectTimeoutError"]
    assert internet.received() - before <= 8  # the one dial of port 80, and nothing else


def test_an_elastic_address_is_who_a_caller_is(server, house, internet):
    p = subprocess.Popen(house.argv(house.public, PYTHON, "-c", PROLOGUE + WHO + "for line in sys.stdin: print(who(), flush=True)"),
                         text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask():
        p.stdin.write("\n")
        p.stdin.flush()
        return p.stdout.readline().strip()
    try:
        assert ask() == "ConnectTimeoutError"
        eip = house.ec2.allocate_address(Domain="vpc")
        made = house.ec2.associate_address(AllocationId=eip["AllocationId"],
                                           NetworkInterfaceId=house.interfaces()[0]["NetworkInterfaceId"])
        assert ask().startswith("arn:aws:")
        told = json.loads(server.client("cloudtrail").lookup_events(LookupAttributes=[
            {"AttributeKey": "EventName", "AttributeValue": "GetCallerIdentity"}])["Events"][0]["CloudTrailEvent"])
        assert told["sourceIPAddress"] == eip["PublicIp"]
        house.ec2.disassociate_address(AssociationId=made["AssociationId"])
    finally:
        end(p)


def test_the_more_specific_route_decides(house, internet):
    nat = house.nat()
    house.route(house.private, NatGatewayId=nat)
    house.route(house.private, to="203.0.113.0/25", GatewayId=house.igw)  # where it has no public address
    assert house.out(house.private) == "silence"
    house.ec2.delete_route(RouteTableId=house.tables[house.private], DestinationCidrBlock="203.0.113.0/25")
    assert house.out(house.private) == house.eip["PublicIp"]


def test_a_nat_gateway_goes_on_by_its_own_subnets_routes(house, internet):
    house.route(house.private, NatGatewayId=house.nat())
    house.ec2.delete_route(RouteTableId=house.tables[house.public], DestinationCidrBlock="0.0.0.0/0")
    assert house.out(house.private) == "silence"


def test_an_elastic_address_works_both_ways(house, internet):
    ec2 = house.ec2
    assert house.out(house.public) == "silence"  # a public subnet, and no public address
    p, eni = house.start(house.public)
    try:
        eip = ec2.allocate_address(Domain="vpc")
        made = ec2.associate_address(AllocationId=eip["AllocationId"], NetworkInterfaceId=eni["NetworkInterfaceId"])
        shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni["NetworkInterfaceId"]])["NetworkInterfaces"][0]
        assert shown["Association"]["PublicIp"] == eip["PublicIp"]
        assert internet.dial(eip["PublicIp"], 80) == "TimeoutError"  # no ingress rule
        ec2.authorize_security_group_ingress(GroupId=house.group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": f"{INTERNET}/32"}]}])
        assert internet.dial(eip["PublicIp"], 80) == INTERNET
        assert internet.dial(eip["PublicIp"], 8080) == "TimeoutError"
        p.stdin.write(f"dial {INTERNET} 80\n")
        p.stdin.flush()
        assert p.stdout.readline().strip() == eip["PublicIp"]
        ec2.disassociate_address(AssociationId=made["AssociationId"])
        assert internet.dial(eip["PublicIp"], 80) in ("OSError", "TimeoutError")
        p.stdin.write(f"dial {INTERNET} 80\n")
        p.stdin.flush()
        assert p.stdout.readline().strip() == "TimeoutError"
    finally:
        end(p)


def test_egress_rules_hold_on_the_way_out(house, internet):
    house.route(house.private, NatGatewayId=house.nat())
    house.ec2.revoke_security_group_egress(GroupId=house.group, IpPermissions=[
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    seen = internet.received()
    assert house.out(house.private) == "silence"
    house.ec2.authorize_security_group_egress(GroupId=house.group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": f"{INTERNET}/32"}]}])
    assert internet.received() == seen
    assert house.out(house.private) == house.eip["PublicIp"] and house.out(house.private, 8080) == "silence"


def test_the_outside_cannot_reach_into_a_vpc(server, house, internet):
    """Neither the router's services nor a workload, under whatever address somebody outside sends to or from."""
    p, eni = house.start(house.public)
    try:
        eip = house.ec2.allocate_address(Domain="vpc")
        house.ec2.associate_address(AllocationId=eip["AllocationId"], NetworkInterfaceId=eni["NetworkInterfaceId"])
        house.ec2.authorize_security_group_ingress(GroupId=house.group, IpPermissions=[
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        assert internet.dial(eip["PublicIp"], 80) == INTERNET
        here = f"--net=/run/barmkin/{server.tag}/netns/outside"
        link = next(x["ifname"] for x in json.loads(subprocess.run(
            ["nsenter", here, "ip", "-j", "link"], capture_output=True, text=True, check=True).stdout)
            if x["ifname"].startswith("bo"))
        mac = json.loads(subprocess.run(["nsenter", here, "ip", "-j", "neigh", "show", "dev", link],
                                        capture_output=True, text=True, check=True).stdout)[0]["lladdr"]
        ip("-n", internet.name, "route", "add", "10.80.0.0/16", "via", "203.0.113.2")
        ip("-n", internet.name, "route", "add", "198.18.0.0/15", "via", "203.0.113.2")
        for to in (eni["PrivateIpAddress"], "10.80.0.2", "10.80.1.1", "198.18.0.1", "198.19.255.2"):
            for words in (["route", "replace", to, "dev", link],
                          ["neigh", "replace", to, "lladdr", mac, "dev", link]):
                subprocess.run(["nsenter", here, "ip", *words], check=True)
            for port in (80, 443, 53):
                assert internet.dial(to, port) in ("TimeoutError", "OSError"), (to, port)
        # With a source of the VPC's own: the router knows better.
        ip("-n", internet.name, "addr", "add", "10.80.1.200/32", "dev", "lo")
        assert internet.dial(eip["PublicIp"], 80, "10.80.1.200") == "TimeoutError"
    finally:
        end(p)


def test_two_vpcs_meet_outside_only_by_public_addresses(server, house, internet):
    other = House(server, "prod", "10.80")  # the very same range
    try:
        other.gateway()
        p, eni = other.start(other.public)
        eip = other.ec2.allocate_address(Domain="vpc")
        other.ec2.associate_address(AllocationId=eip["AllocationId"], NetworkInterfaceId=eni["NetworkInterfaceId"])
        house.route(house.private, NatGatewayId=house.nat())
        other.ec2.authorize_security_group_ingress(GroupId=other.group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
             "IpRanges": [{"CidrIp": house.eip["PublicIp"] + "/32"}]}])
        seen = house.python(house.private, f"""
with socket.create_connection(("{eip['PublicIp']}", 80), 2) as s: print(json.dumps(s.recv(100).decode()))""")
        assert seen == house.eip["PublicIp"]
        end(p)
    finally:
        other.remove()


# ---- what AWS says ----

def test_what_hangs_together_goes_in_order(house, refuses):
    ec2 = house.ec2
    igw = house.gateway()
    with refuses("Resource.AlreadyAssociated", f"{igw} is already attached to network {house.vpc}"):
        ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=house.vpc)
    second = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with refuses("InvalidParameterValue", "already has an internet gateway attached"):
        ec2.attach_internet_gateway(InternetGatewayId=second, VpcId=house.vpc)
    with refuses("Gateway.NotAttached", f"resource {second} is not attached to network {house.vpc}"):
        ec2.detach_internet_gateway(InternetGatewayId=second, VpcId=house.vpc)
    with refuses("InvalidParameterValue", "belong to different networks"):
        ec2.create_route(RouteTableId=house.tables[house.private], DestinationCidrBlock="0.0.0.0/0", GatewayId=second)
    ec2.delete_internet_gateway(InternetGatewayId=second)
    with refuses("InvalidInternetGatewayID.NotFound", second):
        ec2.describe_internet_gateways(InternetGatewayIds=[second])
    with refuses("DependencyViolation", igw):
        ec2.delete_internet_gateway(InternetGatewayId=igw)
    nat = house.nat()
    with refuses("InvalidIPAddress.InUse", house.eip["PublicIp"]):
        ec2.release_address(AllocationId=house.eip["AllocationId"])
    with refuses("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=igw, VpcId=house.vpc)
    with refuses("DependencyViolation", house.public):
        ec2.delete_subnet(SubnetId=house.public)
    eni = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    with refuses("OperationNotPermitted"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refuses("DependencyViolation", house.vpc):
        ec2.delete_vpc(VpcId=house.vpc)
    again = ec2.create_nat_gateway(SubnetId=house.public, AllocationId=house.eip["AllocationId"])["NatGateway"]
    failed = ec2.describe_nat_gateways(NatGatewayIds=[again["NatGatewayId"]])["NatGateways"][0]
    assert failed["State"] == "failed" and failed["FailureCode"] == "Resource.AlreadyAssociated"
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat])
    ec2.release_address(AllocationId=house.eip["AllocationId"])
    with refuses("InvalidAllocationID.NotFound", house.eip["AllocationId"]):
        ec2.release_address(AllocationId=house.eip["AllocationId"])
    with refuses("NatGatewayNotFound"):
        ec2.create_route(RouteTableId=house.tables[house.private], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)


def test_a_nat_gateway_without_an_internet_gateway_fails(house):
    eip = house.ec2.allocate_address(Domain="vpc")
    made = house.ec2.create_nat_gateway(SubnetId=house.public, AllocationId=eip["AllocationId"])["NatGateway"]
    shown = house.ec2.describe_nat_gateways(Filter=[{"Name": "state", "Values": ["failed"]},
                                                    {"Name": "vpc-id", "Values": [house.vpc]}])["NatGateways"]
    assert [n["NatGatewayId"] for n in shown] == [made["NatGatewayId"]]
    assert shown[0]["FailureCode"] == "Gateway.NotAttached" and "has no Internet gateway attached" in shown[0]["FailureMessage"]


def test_bad_routes(house, refuses):
    create, igw = house.ec2.create_route, house.gateway()
    table = house.tables[house.private]
    with refuses("RouteAlreadyExists", "0.0.0.0/0"):
        create(RouteTableId=house.tables[house.public], DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
    with refuses("RouteAlreadyExists", "10.80.0.0/16"):
        create(RouteTableId=table, DestinationCidrBlock="10.80.0.0/16", GatewayId=igw)
    with refuses("InvalidParameterValue", "more specific than one of this VPC's CIDR blocks"):
        create(RouteTableId=table, DestinationCidrBlock="10.80.7.0/24", GatewayId=igw)
    with refuses("MissingParameter", "exactly one target"):
        create(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw, NatGatewayId="nat-1")
    with refuses("MissingParameter", "exactly one target"):
        create(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    with refuses("InvalidGatewayID.NotFound", "igw-nothing"):
        create(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId="igw-nothing")
    with refuses("InvalidRoute.NotFound"):
        house.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    with refuses("InvalidAssociationID.NotFound"):
        house.ec2.disassociate_address(AssociationId="eipassoc-nothing")
    for n in range(50):
        create(RouteTableId=table, DestinationCidrBlock=f"192.0.{n}.0/24", GatewayId=igw)
    with refuses("RouteLimitExceeded"):
        create(RouteTableId=table, DestinationCidrBlock="192.0.99.0/24", GatewayId=igw)


def test_who_may(server, house, role, refuses, account):
    """Each is judged on its own ARN and on what it is connected to; tags at creation need ec2:CreateTags."""
    ec2, igw = house.ec2, house.gateway()
    me = role(document(
        {"Effect": "Allow", "Action": ["ec2:CreateInternetGateway", "ec2:AllocateAddress", "ec2:CreateNatGateway"],
         "Resource": "*"},
        {"Effect": "Allow", "Action": "ec2:AttachInternetGateway", "Resource": "arn:aws:ec2:*:*:internet-gateway/*"},
        {"Effect": "Deny", "Action": "ec2:CreateNatGateway", "Resource": f"arn:aws:ec2:*:*:subnet/{house.private}"},
        {"Effect": "Allow", "Action": "ec2:ReleaseAddress", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/mine": "yes"}}})).client("ec2")
    mine = me.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with refuses("UnauthorizedOperation", "ec2:AttachInternetGateway", f"vpc/{house.vpc}"):
        me.attach_internet_gateway(InternetGatewayId=mine, VpcId=house.vpc)
    with refuses("UnauthorizedOperation", "ec2:DeleteInternetGateway", f"internet-gateway/{mine}"):
        me.delete_internet_gateway(InternetGatewayId=mine)
    with refuses("UnauthorizedOperation", "ec2:CreateTags"):
        me.allocate_address(Domain="vpc", TagSpecifications=[
            {"ResourceType": "elastic-ip", "Tags": [{"Key": "mine", "Value": "yes"}]}])
    eip = me.allocate_address(Domain="vpc")["AllocationId"]
    with refuses("UnauthorizedOperation", "explicit deny in an identity-based policy"):
        me.create_nat_gateway(SubnetId=house.private, AllocationId=eip)
    with refuses("UnauthorizedOperation", "ec2:ReleaseAddress", f"elastic-ip/{eip}"):
        me.release_address(AllocationId=eip)
    ec2.create_tags(Resources=[eip], Tags=[{"Key": "mine", "Value": "yes"}])
    me.release_address(AllocationId=eip)
    with refuses("UnauthorizedOperation", "ec2:DetachInternetGateway"):
        me.detach_internet_gateway(InternetGatewayId=igw, VpcId=house.vpc)
    for call in ("describe_internet_gateways", "describe_addresses", "describe_nat_gateways"):
        with refuses("UnauthorizedOperation"):
            getattr(me, call)()
    other = server.client("ec2", "prod")
    with refuses("InvalidInternetGatewayID.NotFound"):
        other.delete_internet_gateway(InternetGatewayId=igw)
    ec2.delete_internet_gateway(InternetGatewayId=mine)
    tagged = ec2.create_internet_gateway(TagSpecifications=[
        {"ResourceType": "internet-gateway", "Tags": [{"Key": "a", "Value": "b"}]}])["InternetGateway"]
    assert tagged["Tags"] == [{"Key": "a", "Value": "b"}] and tagged["OwnerId"] == account
    found = ec2.describe_internet_gateways(Filters=[{"Name": "tag:a", "Values": ["b"]}])["InternetGateways"]
    assert [g["InternetGatewayId"] for g in found] == [tagged["InternetGatewayId"]]
    ec2.delete_internet_gateway(InternetGatewayId=tagged["InternetGatewayId"])


def test_dry_runs_change_nothing(house, refuses):
    ec2, igw = house.ec2, house.gateway()
    eip = ec2.allocate_address(Domain="vpc")["AllocationId"]
    before = [ec2.describe_internet_gateways()["InternetGateways"], ec2.describe_addresses()["Addresses"]]
    for call, kw in ((ec2.create_internet_gateway, {}), (ec2.allocate_address, {}), (ec2.release_address, {"AllocationId": eip}),
                     (ec2.detach_internet_gateway, {"InternetGatewayId": igw, "VpcId": house.vpc}),
                     (ec2.create_nat_gateway, {"SubnetId": house.public, "AllocationId": eip})):
        with refuses("DryRunOperation"):
            call(DryRun=True, **kw)
    assert [ec2.describe_internet_gateways()["InternetGateways"], ec2.describe_addresses()["Addresses"]] == before
    assert ec2.describe_nat_gateways(Filter=[{"Name": "vpc-id", "Values": [house.vpc]}])["NatGateways"] == []


# ---- DHCP options ----

def test_dhcp_options_are_in_resolv_conf(house, refuses):
    ec2 = house.ec2
    settings = [{"Key": "domain-name", "Values": ["example.internal corp.example"]},
                {"Key": "domain-name-servers", "Values": ["10.80.2.53", "AmazonProvidedDNS"]},
                {"Key": "ntp-servers", "Values": ["10.80.2.9"]}]
    made = ec2.create_dhcp_options(DhcpConfigurations=settings)["DhcpOptions"]
    shown = {d["Key"]: [v["Value"] for v in d["Values"]] for d in made["DhcpConfigurations"]}
    assert shown == {s["Key"]: s["Values"] for s in settings}
    mine, look = made["DhcpOptionsId"], "print(json.dumps(open('/etc/resolv.conf').read().splitlines()))"
    assert house.python(house.private, look)[0] == "nameserver 10.80.0.2"
    ec2.associate_dhcp_options(DhcpOptionsId=mine, VpcId=house.vpc)
    assert house.python(house.private, look)[:3] == ["nameserver 10.80.2.53", "nameserver 10.80.0.2",
                                                     "search example.internal corp.example"]
    assert ec2.describe_vpcs(VpcIds=[house.vpc])["Vpcs"][0]["DhcpOptionsId"] == mine
    found = ec2.describe_dhcp_options(Filters=[{"Name": "key", "Values": ["ntp-servers"]}])["DhcpOptions"]
    assert mine in [d["DhcpOptionsId"] for d in found]
    with refuses("DependencyViolation", mine):
        ec2.delete_dhcp_options(DhcpOptionsId=mine)
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=house.vpc)
    assert house.python(house.private, look)[0] == "nameserver 10.80.0.2"
    ec2.delete_dhcp_options(DhcpOptionsId=mine)
    with refuses("InvalidDhcpOptionID.NotFound", mine):
        ec2.associate_dhcp_options(DhcpOptionsId=mine, VpcId=house.vpc)


@pytest.mark.parametrize("key,values", [
    ("domain-name", ["a\nnameserver 6.6.6.6"]), ("domain-name", ["a" * 256]), ("domain-name", ["a", "b"]),
    ("domain-name-servers", ["1.2.3.4"] * 5), ("domain-name-servers", ["one"]), ("ntp-servers", ["AmazonProvidedDNS"]),
    ("netbios-node-type", ["3"]), ("root-path", ["/"])])
def test_dhcp_options_that_are_none(server, key, values, refuses):
    with refuses("InvalidParameterValue"):
        server.client("ec2").create_dhcp_options(DhcpConfigurations=[{"Key": key, "Values": values}])


def test_who_may_set_dhcp_options(house, role, refuses):
    mine = house.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["a"]}])[
        "DhcpOptions"]["DhcpOptionsId"]
    me = role(document({"Effect": "Allow", "Action": "ec2:AssociateDhcpOptions",
                        "Resource": f"arn:aws:ec2:*:*:vpc/{house.vpc}"})).client("ec2")
    with refuses("UnauthorizedOperation", "ec2:AssociateDhcpOptions", f"dhcp-options/{mine}"):
        me.associate_dhcp_options(DhcpOptionsId=mine, VpcId=house.vpc)
    with refuses("UnauthorizedOperation", "ec2:CreateDhcpOptions"):
        me.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["a"]}])
    with refuses("UnauthorizedOperation", "ec2:DeleteDhcpOptions"):
        me.delete_dhcp_options(DhcpOptionsId=mine)
    with refuses("UnauthorizedOperation", "ec2:DescribeDhcpOptions"):
        me.describe_dhcp_options()
    house.ec2.delete_dhcp_options(DhcpOptionsId=mine)


# ---- as a stack ----

STACK = {
    "Dhcp": ("DHCPOptions", {"DomainName": "ec2.internal", "DomainNameServers": ["AmazonProvidedDNS"]}),
    "Vpc": ("VPC", {"CidrBlock": "10.83.0.0/16", "EnableDnsSupport": True, "EnableDnsHostnames": True}),
    "Takes": ("VPCDHCPOptionsAssociation", {"VpcId": {"Ref": "Vpc"}, "DhcpOptionsId": {"Ref": "Dhcp"}}),
    "Igw": ("InternetGateway", {"Tags": [{"Key": "Name", "Value": "way"}]}),
    "Attached": ("VPCGatewayAttachment", {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Igw"}}),
    "Public": ("Subnet", {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.83.1.0/24"}),
    "Private": ("Subnet", {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.83.2.0/24"}),
    "Eip": ("EIP", {"Domain": "vpc"}),
    "Nat": ("NatGateway", {"AllocationId": {"Fn::GetAtt": "Eip.AllocationId"}, "SubnetId": {"Ref": "Public"}}),
    "PublicTable": ("RouteTable", {"VpcId": {"Ref": "Vpc"}}),
    "PrivateTable": ("RouteTable", {"VpcId": {"Ref": "Vpc"}}),
    "PublicUses": ("SubnetRouteTableAssociation", {"SubnetId": {"Ref": "Public"}, "RouteTableId": {"Ref": "PublicTable"}}),
    "PrivateUses": ("SubnetRouteTableAssociation",
                    {"SubnetId": {"Ref": "Private"}, "RouteTableId": {"Ref": "PrivateTable"}}),
    "Out": ("Route", {"RouteTableId": {"Ref": "PublicTable"}, "DestinationCidrBlock": "0.0.0.0/0",
                      "GatewayId": {"Ref": "Igw"}}),
    "Through": ("Route", {"RouteTableId": {"Ref": "PrivateTable"}, "DestinationCidrBlock": "0.0.0.0/0",
                          "NatGatewayId": {"Ref": "Nat"}}),
    "Group": ("SecurityGroup", {"GroupDescription": "g", "VpcId": {"Ref": "Vpc"}}),
}
DEPENDS = {"Eip": "Attached", "Nat": "Attached", "Out": "Attached"}


def test_a_stack_with_its_ways_out(server, name):
    cfn = server.client("cloudformation")
    resources = {n: {"Type": f"AWS::EC2::{t}", "Properties": p, **({"DependsOn": DEPENDS[n]} if n in DEPENDS else {})}
                 for n, (t, p) in STACK.items()}
    resources["LogGroup"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}}
    resources["LogRole"] = {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": json.loads(trust(Service="vpc-flow-logs.amazonaws.com"))}}
    resources["Watch"] = {"Type": "AWS::EC2::FlowLog", "Properties": {
        "ResourceId": {"Ref": "Vpc"}, "ResourceType": "VPC", "TrafficType": "REJECT", "MaxAggregationInterval": 60,
        "LogDestinationType": "cloud-watch-logs", "LogGroupName": {"Ref": "LogGroup"},
        "LogFormat": "${srcaddr} ${dstaddr} ${action}",
        "DeliverLogsPermissionArn": {"Fn::GetAtt": ["LogRole", "Arn"]}}}
    outputs = {n: {"Value": {"Ref": n}} for n in ("Watch", "Vpc", "Private", "Eip", "Group", "Dhcp", "Igw", "Nat")}
    cfn.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs}),
                     Capabilities=["CAPABILITY_IAM"])
    wait = cfn.get_waiter("stack_create_complete")
    wait.config.delay = 0.2
    wait.wait(StackName=name)
    out = {o["OutputKey"]: o["OutputValue"] for o in cfn.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]}
    ec2 = server.client("ec2")
    assert ec2.describe_vpcs(VpcIds=[out["Vpc"]])["Vpcs"][0]["DhcpOptionsId"] == out["Dhcp"]
    assert ec2.describe_internet_gateways(InternetGatewayIds=[out["Igw"]])["InternetGateways"][0]["Attachments"][0][
        "VpcId"] == out["Vpc"]
    assert ec2.describe_flow_logs(FlowLogIds=[out["Watch"]])["FlowLogs"][0]["ResourceId"] == out["Vpc"]
    world = Internet(server)
    try:
        done = subprocess.run(
            [BARMKIN, "run", "--state", server.state, "--profile", "dev", "--vpc", out["Vpc"], "--subnet", out["Private"],
             "--security-group", out["Group"], "--", PYTHON, "-c",
             f"import socket; print(socket.create_connection(('{INTERNET}', 80), 2).recv(99).decode())"],
            capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == out["Eip"], done.stderr
    finally:
        world.close()
    cfn.delete_stack(StackName=name)
    wait = cfn.get_waiter("stack_delete_complete")
    wait.config.delay = 0.2
    wait.wait(StackName=name)
    assert not outside(server)
    assert out["Eip"] not in [a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]]
    assert ec2.describe_nat_gateways(NatGatewayIds=[out["Nat"]])["NatGateways"][0]["State"] == "deleted"


# ---- over the server's life ----

def test_kill_9_and_the_way_stands_again(own_server):
    h = House(own_server)
    h.gateway()
    h.route(h.private, NatGatewayId=h.nat())
    own_server.stop(9)
    own_server.start()
    h.ec2 = own_server.client("ec2")
    world = Internet(own_server)
    assert h.out(h.private) == h.eip["PublicIp"]
    world.close()
    h.remove()
    assert not outside(own_server)
    own_server.stop()
    assert of_tag(own_server.tag) == []
