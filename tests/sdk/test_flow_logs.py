# SPDX-License-Identifier: MIT
"""VPC flow logs: packets of real commands in a VPC, as the kernel saw them, in CloudWatch Logs as the role's."""
import time

import pytest

from conftest import document, trust
from test_outside import House

DEFAULT = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
           "log-status").split()

OPEN_80 = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture
def house(server):
    h = House(server, cidr="10.90")
    h.ec2.authorize_security_group_ingress(GroupId=h.group, IpPermissions=[OPEN_80])
    yield h
    h.remove()


@pytest.fixture
def delivery(server, name):
    """A log group and the ARN of a role that may write to it; `delivery.lines()` by the stream's name."""
    class Delivery:
        group = f"/flows/{name}"
        iam, logs = server.client("iam"), server.client("logs")

        def __init__(self):
            self.logs.create_log_group(logGroupName=self.group)
            self.role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(
                Service="vpc-flow-logs.amazonaws.com"))["Role"]["Arn"]
            self.allow("logs:CreateLogStream", "logs:PutLogEvents")

        def allow(self, *actions):
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(
                {"Effect": "Allow", "Action": list(actions), "Resource": f"arn:aws:logs:*:*:log-group:{self.group}:*"}))

        def streams(self):
            return [s["logStreamName"] for s in
                    self.logs.describe_log_streams(logGroupName=self.group)["logStreams"]]

        def lines(self, stream=None, fields=DEFAULT):
            events = [e for s in ([stream] if stream else self.streams()) for e in
                      self.logs.get_log_events(logGroupName=self.group, logStreamName=s, startFromHead=True)["events"]]
            return [dict(zip(fields, e["message"].split())) for e in events]

        def until(self, wanted, **kw):
            for _ in range(300):
                found = [r for r in self.lines(**kw) if wanted(r)]
                if found:
                    return found
                time.sleep(0.1)
            raise AssertionError(self.lines(**kw))

    d = Delivery()
    yield d
    d.logs.delete_log_group(logGroupName=d.group)
    d.iam.delete_role_policy(RoleName=name, PolicyName="p")
    d.iam.delete_role(RoleName=name)


def create(house, delivery, **kw):
    made = house.ec2.create_flow_logs(**{"ResourceType": "VPC", "ResourceIds": [house.vpc], "TrafficType": "ALL",
                                         "LogGroupName": delivery.group, "DeliverLogsPermissionArn": delivery.role,
                                         "MaxAggregationInterval": 60, **kw})
    assert not made.get("Unsuccessful")
    return made["FlowLogIds"][0]


def talk(house):
    """A host that serves on 80 and 8080, where 80 is let in; a command dials both. The addresses of the two."""
    p, eni = house.start(house.public)
    to = eni["PrivateIpAddress"]
    said = house.python(house.private, f"""
def own():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("{to}", 9)); return s.getsockname()[0]
with socket.create_connection(("{to}", 80), 2) as s: got = s.recv(99).decode()
print(json.dumps([own(), got, dial("{to}", 8080), dial("203.0.113.9", 443)]))""")
    assert said[1] == said[0] and said[2] == "ETIMEDOUT" and said[3] == "ENETUNREACH"
    p.stdin.close()
    p.wait(20)
    p.stdout.close()
    return said[0], to, eni["NetworkInterfaceId"]


def test_what_passed_and_what_was_refused(house, delivery, account):
    create(house, delivery)
    began = int(time.time())
    src, dst, eni = talk(house)
    # Each interface has a stream of its own, and a window may end between two packets of a flow.
    seen = delivery.until(lambda r: r["dstport"] == "8080" and r["interface-id"] == eni)
    delivery.until(lambda r: r["dstaddr"] == "203.0.113.9")
    delivery.until(lambda r: r["dstport"] == "8080" and r["interface-id"] != eni)
    delivery.until(lambda r: r["srcport"] == "80" and r["interface-id"] == eni)
    assert {(r["srcaddr"], r["dstaddr"], r["protocol"], r["action"]) for r in seen} == {(src, dst, "6", "REJECT")}
    all_of = delivery.lines()
    accepted = [r for r in all_of if r["dstport"] == "80" and r["interface-id"] == eni]
    assert {(r["srcaddr"], r["dstaddr"], r["action"], r["log-status"]) for r in accepted} == {(src, dst, "ACCEPT", "OK")}
    packets, size = (sum(int(r[f]) for r in accepted) for f in ("packets", "bytes"))
    assert packets >= 4 and size >= packets * 40
    assert began - 1 <= int(accepted[0]["start"]) <= int(accepted[0]["end"]) <= time.time() + 1
    assert accepted[0]["version"] == "2" and accepted[0]["account-id"] == account
    back = [r for r in all_of if r["srcport"] == "80" and r["interface-id"] == eni]
    assert {(r["srcaddr"], r["dstaddr"], r["action"]) for r in back} == {(dst, src, "ACCEPT")}
    # The sender's side: its rules let both out; what is nowhere is refused where it was sent.
    mine = [r for r in all_of if r["interface-id"] != eni]
    assert {(r["dstport"], r["action"]) for r in mine if r["srcaddr"] == src and r["dstaddr"] == dst} == {
        ("80", "ACCEPT"), ("8080", "ACCEPT")}
    assert {r["action"] for r in mine if r["dstaddr"] == "203.0.113.9"} == {"REJECT"}
    assert not [r for r in all_of if r["dstport"] == "53"]  # AWS does not log its resolver either
    assert all(s.startswith("eni-") and s.endswith("-all") for s in delivery.streams())


def test_the_last_packet_of_who_ends(house, delivery):
    """The kernel hands packets over in batches: one can arrive when its interface has gone."""
    create(house, delivery)
    last = {f"203.0.113.{n}" for n in range(20, 26)}
    for to in sorted(last):
        assert house.python(house.private, f'print(json.dumps(dial("{to}", 443)))') == "ENETUNREACH"
    for to in last:
        delivery.until(lambda r: (r["dstaddr"], r["action"]) == (to, "REJECT"))


@pytest.mark.parametrize("kind,word", [("REJECT", "reject"), ("ACCEPT", "accept")])
def test_one_kind_of_traffic(house, delivery, kind, word):
    create(house, delivery, TrafficType=kind)
    talk(house)
    delivery.until(lambda r: r["dstport"] == ("8080" if kind == "REJECT" else "80"))
    assert {r["action"] for r in delivery.lines()} == {kind}
    assert all(s.endswith("-" + word) for s in delivery.streams())


def test_a_format_of_ones_own_and_one_interface(house, delivery, server):
    """Fields in the order asked for; nobody else's traffic; AWS's version is that of the newest field."""
    eni = house.ec2.create_network_interface(SubnetId=house.private)["NetworkInterface"]["NetworkInterfaceId"]
    fields = ["action", "vpc-id", "subnet-id", "region", "flow-direction", "tcp-flags", "dstport", "version", "type"]
    create(house, delivery, LogFormat=" ".join("${%s}" % f for f in fields), ResourceType="Subnet",
           ResourceIds=[house.public])
    _, _, served = talk(house)
    seen = delivery.until(lambda r: r["dstport"] == "80", fields=fields)
    assert {(r["action"], r["vpc-id"], r["subnet-id"], r["region"], r["flow-direction"], r["version"], r["type"])
            for r in seen} == {("ACCEPT", house.vpc, house.public, server.region, "ingress", "5", "IPv4")}
    assert int(seen[0]["tcp-flags"]) & 2  # it began
    assert {s.rsplit("-", 1)[0] for s in delivery.streams()} == {served}
    house.ec2.delete_network_interface(NetworkInterfaceId=eni)


def test_endpoints_are_seen_under_their_addresses(house, delivery):
    house.ec2.modify_vpc_attribute(VpcId=house.vpc, EnableDnsHostnames={"Value": True})
    house.ec2.authorize_security_group_ingress(GroupId=house.group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.90.0.0/16"}]}])
    end = house.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=house.vpc, ServiceName="com.amazonaws.us-east-1.sts",
        SubnetIds=[house.public], SecurityGroupIds=[house.group], PrivateDnsEnabled=True)["VpcEndpoint"]["VpcEndpointId"]
    try:
        create(house, delivery)
        address = house.python(house.private, """
client("sts").get_caller_identity()
print(json.dumps(socket.gethostbyname("sts.us-east-1.amazonaws.com")))""")
        seen = delivery.until(lambda r: r["dstport"] == "443")
        assert {(r["dstaddr"], r["action"]) for r in seen} == {(address, "ACCEPT")}
        assert not [r for r in delivery.lines() if "198.18." in r["srcaddr"] + r["dstaddr"]]
    finally:
        house.ec2.delete_vpc_endpoints(VpcEndpointIds=[end])


def test_a_role_without_rights_writes_nothing(house, delivery, server):
    """The audit log says so; with the right it goes on."""
    delivery.allow("logs:CreateLogStream")
    create(house, delivery)
    talk(house)
    for _ in range(300):
        denied = server.barmkin("audit search", "--denied", "--event", "PutLogEvents", "-o", "json", "--since", "60s",
                                "--limit", "50")
        if delivery.group in denied:
            break
        time.sleep(0.1)
    assert delivery.group in denied and delivery.lines() == []
    delivery.allow("logs:CreateLogStream", "logs:PutLogEvents")
    talk(house)
    delivery.until(lambda r: r["dstport"] == "80")


def test_they_go_with_what_they_watch(house, delivery, refuses):
    ec2 = house.ec2
    eni = ec2.create_network_interface(SubnetId=house.private)["NetworkInterface"]["NetworkInterfaceId"]
    one = create(house, delivery, ResourceType="NetworkInterface", ResourceIds=[eni])
    shown = ec2.describe_flow_logs(FlowLogIds=[one])["FlowLogs"][0]
    assert (shown["FlowLogStatus"], shown["ResourceId"], shown["LogDestinationType"]) == ("ACTIVE", eni, "cloud-watch-logs")
    assert shown["LogFormat"].split() == ["${%s}" % f for f in DEFAULT] and shown["MaxAggregationInterval"] == 60
    with refuses("FlowLogAlreadyExists"):
        create(house, delivery, ResourceType="NetworkInterface", ResourceIds=[eni])
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refuses("InvalidFlowLogId.NotFound", one):
        ec2.delete_flow_logs(FlowLogIds=[one])
    two = create(house, delivery, TagSpecifications=[
        {"ResourceType": "vpc-flow-log", "Tags": [{"Key": "a", "Value": "b"}]}])
    assert [f["FlowLogId"] for f in ec2.describe_flow_logs(
        Filter=[{"Name": "resource-id", "Values": [house.vpc]}, {"Name": "tag:a", "Values": ["b"]}])["FlowLogs"]] == [two]
    ec2.delete_flow_logs(FlowLogIds=[two])
    assert two not in [f["FlowLogId"] for f in ec2.describe_flow_logs()["FlowLogs"]]


@pytest.mark.parametrize("change,code", [
    ({"LogFormat": "${srcaddr} ${nothing}"}, "InvalidParameter"), ({"LogFormat": "srcaddr"}, "InvalidParameter"),
    ({"MaxAggregationInterval": 61}, "InvalidParameter"), ({"DeliverLogsPermissionArn": None}, "InvalidParameter"),
    ({"LogGroupName": None}, "MissingParameter"), ({"TrafficType": None}, "MissingParameter"),
    ({"LogDestinationType": "s3"}, "UnsupportedOperation"), ({"ResourceType": "TransitGateway"}, "UnsupportedOperation"),
    ({"ResourceIds": ["vpc-00000000000000009"]}, "InvalidVpcID.NotFound")])
def test_flow_logs_that_are_none(house, delivery, refuses, change, code):
    kw = {"ResourceType": "VPC", "ResourceIds": [house.vpc], "TrafficType": "ALL", "LogGroupName": delivery.group,
          "DeliverLogsPermissionArn": delivery.role, **change}
    with refuses(code):
        house.ec2.create_flow_logs(**{k: v for k, v in kw.items() if v is not None})
    assert house.ec2.describe_flow_logs(Filter=[{"Name": "resource-id", "Values": [house.vpc]}])["FlowLogs"] == []


def test_who_may(house, delivery, role, refuses):
    """On what is watched, on what is made, and the role must be one that may be passed."""
    me = role(document({"Effect": "Allow", "Action": "ec2:CreateFlowLogs", "Resource": "*"})).client("ec2")
    kw = {"ResourceType": "VPC", "ResourceIds": [house.vpc], "TrafficType": "ALL", "LogGroupName": delivery.group,
          "DeliverLogsPermissionArn": delivery.role}
    with refuses("UnauthorizedOperation", "iam:PassRole", delivery.role):
        me.create_flow_logs(**kw)
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": delivery.role,
               "Condition": {"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}}}
    me = role(document(passing, {"Effect": "Allow", "Action": "ec2:CreateFlowLogs",
                                 "Resource": "arn:aws:ec2:*:*:vpc-flow-log/*"})).client("ec2")
    with refuses("UnauthorizedOperation", "ec2:CreateFlowLogs", f"vpc/{house.vpc}"):
        me.create_flow_logs(**kw)
    me = role(document(passing, {"Effect": "Allow", "Action": "ec2:CreateFlowLogs", "Resource": "*"})).client("ec2")
    made = me.create_flow_logs(**kw)["FlowLogIds"][0]
    with refuses("UnauthorizedOperation", "ec2:DeleteFlowLogs", f"vpc-flow-log/{made}"):
        me.delete_flow_logs(FlowLogIds=[made])
    with refuses("UnauthorizedOperation", "ec2:DescribeFlowLogs"):
        me.describe_flow_logs()


def test_a_restart_goes_on_watching(own_server, name):
    h = House(own_server)
    h.ec2.authorize_security_group_ingress(GroupId=h.group, IpPermissions=[OPEN_80])
    logs, iam = own_server.client("logs"), own_server.client("iam")
    logs.create_log_group(logGroupName=name)
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(
        Service="vpc-flow-logs.amazonaws.com"))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(Action="logs:*"))
    h.ec2.create_flow_logs(ResourceType="VPC", ResourceIds=[h.vpc], TrafficType="ALL", LogGroupName=name,
                           DeliverLogsPermissionArn=arn)
    own_server.stop(9)
    own_server.start()
    h.ec2 = own_server.client("ec2")
    src, _, _ = talk(h)
    own_server.stop()  # what is in an open window is written first
    own_server.start()
    logs = own_server.client("logs")
    found = [e["message"] for s in logs.describe_log_streams(logGroupName=name)["logStreams"]
             for e in logs.get_log_events(logGroupName=name, logStreamName=s["logStreamName"])["events"]]
    assert any(f" {src} " in m and " REJECT " in m for m in found), found
