# SPDX-License-Identifier: MIT
"""barmkin explain --principal --action --resource on a running server: what would become of a request nobody has made, by
the layers that the gate would gather for it. Where a request can also be made, both must say the same."""
import contextlib
import json
import subprocess

import botocore.exceptions
import conftest
import pytest


@pytest.fixture
def what_if(server):
    def ask(principal, action, resource, *more, fine=(0, 3)):
        done = subprocess.run([conftest.BARMKIN, "explain", "--state", server.state, "--principal", principal, "--action", action,
                               "--resource", resource, "-o", "json", *more], capture_output=True, text=True, timeout=60)
        assert done.returncode in fine, done.stderr
        if done.returncode not in (0, 3):
            return done
        said = json.loads(done.stdout)
        assert done.returncode == (0 if said["decision"] == "Allowed" else 3)
        return said
    return ask


def only(said):
    assert len(said["call"]["judgements"]) == 1
    return said["call"]["judgements"][0]


def as_made(server, ask):
    """What the log says of the same request, made."""
    try:
        answer = ask()
    except botocore.exceptions.ClientError as e:
        answer = e.response
    return server.explain(answer["ResponseMetadata"]["RequestId"])


def same(said, made):
    assert (said["decision"], said["by"]) == (made["decision"], made["by"])
    a, b = only(said), made["call"]["judgements"][-1]
    assert [a.get(k) for k in ("resource", "policy", "sid", "index")] == [b.get(k) for k in ("resource", "policy", "sid", "index")]


@pytest.fixture
def bucket(server, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    yield name
    with contextlib.suppress(botocore.exceptions.ClientError):
        s3.delete_bucket_policy(Bucket=name)
    s3.delete_bucket(Bucket=name)


def test_a_user_and_its_policies(server, user, document, what_if):
    u = user(policy=document(Sid="Roles", Action="iam:ListRoles"))
    same(what_if(u.arn, "iam:ListRoles", "*"), as_made(server, u.client("iam").list_roles))
    said = what_if(u.arn, "iam:ListUsers", "*")
    same(said, as_made(server, u.client("iam").list_users))
    near = next(x for x in only(said)["layers"] if x["layer"] == "identity")
    assert near["missed"] == [{"element": "Action", "wanted": "iam:ListRoles", "actual": "iam:ListUsers"}]
    assert only(said)["context"]["aws:username"] == u.name and only(said)["context"]["aws:userid"].startswith("AIDA")


def test_a_boundary(server, user, document, what_if, name):
    iam = server.client("iam")
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="iam:ListUsers"))["Policy"]["Arn"]
    u = user(policy=document(Action="iam:*"))
    iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=arn)
    said = what_if(u.arn, "iam:ListRoles", "*")
    assert said["by"] == "boundary"
    same(said, as_made(server, u.client("iam").list_roles))
    iam.delete_user_permissions_boundary(UserName=u.name)
    iam.delete_policy(PolicyArn=arn)


def test_a_bucket_policy_and_its_owner(server, user, document, what_if, bucket):
    """A stranger's right comes from both sides; the owner is known from the bucket, not from the ARN."""
    theirs = user(policy=document(Action="s3:*"), profile="staging")
    thing = f"arn:aws:s3:::{bucket}/k"
    said = what_if(theirs.arn, "s3:GetObject", thing)
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "resource")
    assert only(said)["context"]["aws:ResourceAccount"] == server.account("dev")["id"]
    server.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Them", "Effect": "Allow", "Principal": {"AWS": theirs.arn}, "Action": "s3:GetObject", "Resource": thing},
        {"Sid": "NoList", "Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
         "Condition": {"StringEquals": {"aws:PrincipalAccount": server.account("staging")["id"]}}}]}))
    said = what_if(theirs.arn, "s3:GetObject", thing)
    assert (said["decision"], only(said)["sid"]) == ("Allowed", "Them")
    denied = what_if(theirs.arn, "s3:ListBucket", f"arn:aws:s3:::{bucket}")
    assert (denied["decision"], only(denied)["sid"]) == ("ExplicitlyDenied", "NoList")
    same(denied, as_made(server, lambda: theirs.client("s3").list_objects_v2(Bucket=bucket)))


def test_a_key_its_policy_and_grants(server, role, document, what_if):
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    r = role(policy=document(Action="kms:DescribeKey"))
    name = r.arn
    assert what_if(name, "kms:Decrypt", key)["by"] == "identity"
    grant = kms.create_grant(KeyId=key, GranteePrincipal=name, Operations=["Decrypt"])["GrantId"]
    said = what_if(name, "kms:Decrypt", key)
    assert (said["decision"], said["by"]) == ("Allowed", "grant") and only(said)["grant"] == grant
    kms.put_key_policy(KeyId=key, PolicyName="default", BypassPolicyLockoutSafetyCheck=True, Policy=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Sid": "Admin", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
                                                 "Principal": {"AWS": f"arn:aws:iam::{server.account('dev')['id']}:user/admin"}}]}))
    said = what_if(name, "kms:DescribeKey", key)
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "resource")
    same(said, as_made(server, lambda: r.client("kms").describe_key(KeyId=key)))
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def test_a_trust_policy(server, role, user, what_if):
    r, u = role(assume=False, trust=f"arn:aws:iam::{server.account('staging')['id']}:root"), user()
    said = what_if(u.arn, "sts:AssumeRole", r.arn)
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "trust")
    same(said, as_made(server, lambda: u.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test")))


def test_pass_role_knows_its_service(server, user, role, document, what_if):
    r = role(assume=False)
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": r.arn,
         "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}]}))
    assert what_if(u.arn, "iam:PassRole", r.arn)["decision"] == "ImplicitlyDenied"
    passed = what_if(u.arn, "iam:PassRole", r.arn, "--context", "iam:PassedToService=sagemaker.amazonaws.com")
    assert passed["decision"] == "Allowed"


def test_tags_of_the_resource(server, user, what_if, name):
    ssm = server.client("ssm")
    ssm.put_parameter(Name=f"/{name}/p", Value="x", Type="String", Tags=[{"Key": "team", "Value": "red"}])
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}}]}))
    arn = f"arn:aws:ssm:{server.region}:{server.account('dev')['id']}:parameter/{name}/"
    assert what_if(u.arn, "ssm:GetParameter", arn + "p")["decision"] == "Allowed"
    assert what_if(u.arn, "ssm:GetParameter", arn + "q")["decision"] == "ImplicitlyDenied"
    ssm.delete_parameter(Name=f"/{name}/p")


def test_an_endpoint(server, user, document, what_if, bucket):
    """Its policy, and the keys of a request that comes through it."""
    ec2 = server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/24")["Vpc"]["VpcId"]
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    end = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{server.region}.s3", RouteTableIds=[table],
                                  PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                                      {"Sid": "Only", "Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}]}))
    end = end["VpcEndpoint"]["VpcEndpointId"]
    try:
        u, thing = user(policy=document(Action="s3:*")), f"arn:aws:s3:::{bucket}/k"
        assert what_if(u.arn, "s3:PutObject", thing)["decision"] == "Allowed"
        said = what_if(u.arn, "s3:PutObject", thing, "--vpce", end)
        assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "vpce")
        allowed = only(what_if(u.arn, "s3:GetObject", thing, "--vpce", end))
        assert allowed["context"]["aws:SourceVpce"] == end and allowed["context"]["aws:SourceVpc"] == vpc
        account = server.account("dev")["id"]
        assert allowed["context"]["aws:VpceAccount"] == account and f":{account}:vpc/{vpc}" in allowed["context"]["aws:SourceVpcArn"]
        assert "no VPC endpoint" in what_if(u.arn, "s3:GetObject", thing, "--vpce", "vpce-0", fine=(4,)).stderr
    finally:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[end])
        ec2.delete_vpc(VpcId=vpc)


def test_other_principals(server, role, document, what_if, bucket):
    account = server.account("dev")["id"]
    r = role(policy=document(Action="s3:GetObject"), assume=False)
    thing = f"arn:aws:s3:::{bucket}/k"
    session = f"arn:aws:sts::{account}:assumed-role/{r.name}/me"
    said = what_if(session, "s3:GetObject", thing)
    assert said["decision"] == "Allowed" and said["call"]["principal"] == session
    assert only(said)["context"]["aws:PrincipalArn"] == r.arn
    assert what_if(r.arn, "s3:GetObject", thing)["decision"] == "Allowed"
    assert what_if(f"arn:aws:iam::{account}:root", "s3:DeleteBucket", f"arn:aws:s3:::{bucket}")["decision"] == "Allowed"
    assert what_if("anonymous", "s3:GetObject", thing)["decision"] == "ImplicitlyDenied"
    assert what_if("sagemaker.amazonaws.com", "s3:GetObject", thing)["by"] == "resource"


@pytest.fixture
def session_policy(tmp_path, document):
    def write(name="limit", **statement):
        path = tmp_path / (name + ".json")
        path.write_text(document(**statement))
        return str(path)
    return write


def test_a_session_with_its_policies(server, role, document, what_if, session_policy):
    """Each may be tried before AssumeRole is asked for it; both then say the same."""
    r = role(policy=document(Action="iam:List*"), assume=False)
    limit = session_policy(Sid="Users", Action="iam:ListUsers")
    with open(limit) as f:
        keys = server.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="explain", Policy=f.read())["Credentials"]
    iam = server.client("iam", keys=keys)
    same(what_if(r.arn, "iam:ListUsers", "*", "--session-policy", limit), as_made(server, iam.list_users))
    said = what_if(r.arn, "iam:ListRoles", "*", "--session-policy", limit)
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "session")
    assert "because no session policy allows the iam:ListRoles action" in said["message"]
    near = next(x for x in only(said)["layers"] if x["layer"] == "session")
    assert (near["policy"], near["sid"]) == ("session policy", "Users")
    same(said, as_made(server, iam.list_roles))
    deny = session_policy("deny", Sid="No", Effect="Deny", Action="iam:ListRoles")
    said = what_if(r.arn, "iam:ListRoles", "*", "--session-policy", limit, deny)
    assert (said["decision"], said["by"], only(said)["sid"]) == ("ExplicitlyDenied", "session", "No")
    aws = "arn:aws:iam::aws:policy/"
    assert what_if(r.arn, "iam:ListRoles", "*", "--session-policy", aws + "ReadOnlyAccess")["decision"] == "Allowed"
    said = what_if(r.arn, "iam:ListRoles", "*", "--session-policy", aws + "AmazonS3FullAccess")
    assert said["by"] == "session" and what_if(r.arn, "iam:ListRoles", "*")["decision"] == "Allowed"


def test_a_federated_user(server, user, document, what_if, session_policy):
    """It has what the user who vouches for it and the policies that it was given allow together."""
    u = user(policy=document(Action=["kms:*", "sts:GetFederationToken"]))
    arn = f"arn:aws:sts::{server.account('dev')['id']}:federated-user/bob"
    limit, by = session_policy(Sid="Keys", Action="kms:ListKeys"), ("--federated-by", u.arn)
    with open(limit) as f:
        keys = u.client("sts").get_federation_token(Name="bob", Policy=f.read())["Credentials"]
    kms = server.client("kms", keys=keys)
    said = what_if(arn, "kms:ListKeys", "*", *by, "--session-policy", limit)
    same(said, as_made(server, kms.list_keys))
    context = only(said)["context"]
    assert (context["aws:PrincipalArn"], context["aws:PrincipalType"]) == (arn, "FederatedUser")
    assert context["aws:userid"] == server.account("dev")["id"] + ":bob" and "aws:username" not in context
    said = what_if(arn, "kms:ListAliases", "*", *by, "--session-policy", limit)
    assert said["by"] == "session" and "no session policy allows" in said["message"]
    same(said, as_made(server, kms.list_aliases))
    none = what_if(arn, "kms:ListKeys", "*", *by)
    assert (none["decision"], none["by"]) == ("ImplicitlyDenied", "session")
    same(none, as_made(server, server.client("kms", keys=u.client("sts").get_federation_token(Name="bob")["Credentials"]).list_keys))
    iam = what_if(arn, "iam:ListUsers", "*", *by, "--session-policy", session_policy("all", Action="*"))
    assert (iam["decision"], iam["by"], iam["message"]) == (
        "ImplicitlyDenied", "none", "The security token included in the request is invalid")


def test_sessions_that_make_no_sense(server, user, document, what_if, session_policy, tmp_path):
    u, limit = user(policy=document(Action="kms:*")), session_policy(Action="kms:ListKeys")
    account = server.account("dev")["id"]
    federated = f"arn:aws:sts::{account}:federated-user/bob"
    assert "vouches" in what_if(federated, "kms:ListKeys", "*", fine=(2,)).stderr
    for by in (f"arn:aws:iam::{account}:role/admin", f"arn:aws:iam::{server.account('prod')['id']}:user/admin"):
        assert "vouches" in what_if(federated, "kms:ListKeys", "*", "--federated-by", by, fine=(2,)).stderr
    assert "federatedBy" in what_if(federated, "kms:ListKeys", "*", "--federated-by", "x", fine=(2,)).stderr
    what_if(federated, "kms:ListKeys", "*", "--federated-by", f"arn:aws:iam::{account}:user/nobody", fine=(4,))
    assert "passed to sessions" in what_if(u.arn, "kms:ListKeys", "*", "--session-policy", limit, fine=(2,)).stderr
    by = ("--federated-by", u.arn)
    assert "federated users" in what_if(u.arn, "kms:ListKeys", "*", *by, fine=(2,)).stderr
    bad = tmp_path / "bad.json"
    bad.write_text('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"nothing","Resource":"*"}]}')
    assert "must be prefaced by a vendor" in what_if(federated, "kms:ListKeys", "*", *by, "--session-policy", str(bad), fine=(2,)).stderr
    assert "No such file" in what_if(federated, "kms:ListKeys", "*", *by, "--session-policy", "/none", fine=(2,)).stderr
    what_if(federated, "kms:ListKeys", "*", *by, "--session-policy", f"arn:aws:iam::{account}:policy/none", fine=(4,))


def test_context_that_is_given_counts(server, user, what_if):
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*",
         "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}}]}))
    assert what_if(u.arn, "iam:ListRoles", "*")["decision"] == "ImplicitlyDenied"
    context = ["--context", "aws:SourceIp=192.0.2.7", "aws:TagKeys=a", "aws:TagKeys=b"]
    said = what_if(u.arn, "iam:ListRoles", "*", *context)
    assert said["decision"] == "Allowed" and only(said)["context"]["aws:TagKeys"] == ["a", "b"]
    assert what_if(u.arn, "iam:ListRoles", "*", *context, "aws:TagKeys=c")["decision"] == "ImplicitlyDenied"


def test_what_is_not_there(server, what_if):
    account = server.account("dev")["id"]
    for principal in (f"arn:aws:iam::{account}:user/nobody", f"arn:aws:iam::{account}:role/none", "arn:aws:iam::999999999999:root",
                      "bob"):
        assert what_if(principal, "s3:GetObject", "arn:aws:s3:::b/k", fine=(4,)).stderr
    admin = f"arn:aws:iam::{account}:user/admin"
    assert what_if(admin, "s3:GetObject", "b/k", fine=(2,)).stderr
    assert what_if(admin, "GetObject", "arn:aws:s3:::b/k", fine=(2,)).stderr
    assert what_if(admin, "unknown:Thing", "arn:aws:unknown:::b/k")["decision"] == "Allowed"
    assert what_if(admin, "s3:GetObject", "arn:aws:s3:::none-such/k")["decision"] == "Allowed"


def test_the_question_is_audited(server, user, what_if):
    u = user()
    what_if(u.arn, "s3:GetObject", "arn:aws:s3:::b/k")
    with open(server.state + "/front/audit/audit-000001.ndjson") as f:
        asked = [json.loads(line)["record"] for line in f if '"WhatIf"' in line and u.arn in line]
    assert asked[-1]["userIdentity"]["type"] == "Root" and asked[-1]["requestParameters"]["action"] == "s3:GetObject"
