# SPDX-License-Identifier: MIT
"""barmkin explain: each layer's verdict, the statement that decided or came nearest, and the calls within a call."""
import json
import subprocess

import botocore.exceptions
import conftest
import pytest


def denied(ask):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        ask()
    return caught.value.response["ResponseMetadata"]["RequestId"]


def text_of(server, *argv):
    return subprocess.run([conftest.BARMKIN, "explain", "--state", server.state, *argv], capture_output=True, text=True,
                          timeout=60)


def only(said):
    assert len(said["call"]["judgements"]) == 1
    return said["call"]["judgements"][0]


def test_an_explicit_deny(server, user):
    u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "NoUsers", "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}]}))
    said = server.explain(denied(u.client("iam").list_users))
    assert (said["decision"], said["by"], said["error_code"]) == ("ExplicitlyDenied", "identity", "AccessDenied")
    j = only(said)
    assert (j["sid"], j["index"], j["policy"]) == ("NoUsers", 1, u.arn + "/inline/p")
    assert j["statement"]["Action"] == "iam:ListUsers"
    assert j["context"]["aws:PrincipalArn"] == u.arn and j["context"]["aws:username"] == u.name
    assert [x["verdict"] for x in j["layers"] if x["layer"] == "identity"] == ["ExplicitlyDenied"]


def test_the_nearest_statement_and_what_failed_it(server, user, document):
    u = user(policy=document(Sid="Near", Action="iam:List*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}))
    said = server.explain(denied(u.client("iam").list_roles))
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "identity")
    layer = next(x for x in only(said)["layers"] if x["layer"] == "identity")
    assert layer["sid"] == "Near"
    assert layer["failed"] == {"operator": "StringEquals", "key": "aws:SourceVpce", "wanted": "vpce-1", "actual": None}


def test_an_allow_names_its_statement(server):
    answer = server.client("iam").list_roles()["ResponseMetadata"]["RequestId"]
    said = server.explain(answer)
    j = only(said)
    assert said["decision"] == "Allowed" and j["policy"] == "arn:aws:iam::aws:policy/AdministratorAccess"
    assert j["statement"] == {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert j["context"]["aws:PrincipalType"] == "User"


@pytest.mark.parametrize("layer", ["boundary", "session", "trust"])
def test_the_other_layers(server, layer, user, role, document, name):
    iam = server.client("iam")
    if layer == "trust":
        r = role(trust=f"arn:aws:iam::{server.account('staging')['id']}:root", assume=False)
        request = denied(lambda: server.client("sts").assume_role(RoleArn=r.arn, RoleSessionName="test"))
    elif layer == "session":
        r = role(policy=document(Action="iam:*"), Policy=document(Action="iam:ListUsers"))
        request = denied(r.client("iam").list_roles)
    else:
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document(Action="iam:ListUsers"))["Policy"]["Arn"]
        u = user(policy=document(Action="iam:*"))
        iam.put_user_permissions_boundary(UserName=u.name, PermissionsBoundary=arn)
        request = denied(u.client("iam").list_roles)
        iam.delete_user_permissions_boundary(UserName=u.name)
        iam.delete_policy(PolicyArn=arn)
    said = server.explain(request)
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", layer)
    shown = text_of(server, request)
    assert shown.returncode == 3 and "-> " in shown.stdout


def test_what_several_lines_judge(server, role):
    """AssumeRole with tags asks two questions; the second is denied."""
    r = role(assume=False)
    said = server.explain(denied(lambda: server.client("sts").assume_role(
        RoleArn=r.arn, RoleSessionName="test", Tags=[{"Key": "a", "Value": "b"}])))
    assert [(j["action"], j["decision"]) for j in said["call"]["judgements"]] == [
        ("sts:AssumeRole", "Allowed"), ("sts:TagSession", "ImplicitlyDenied")]
    assert said["by"] == "trust"


def test_a_denial_within_another_call(server, user, name):
    """KMS within S3: explained under the id that the client of S3 has seen."""
    kms, s3, account = server.client("kms"), server.client("s3"), server.account("dev")["id"]
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*",
         "Resource": "*"},
        {"Sid": "OnlyAdmin", "Effect": "Deny", "Principal": "*", "Action": "kms:GenerateDataKey", "Resource": "*",
         "Condition": {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account}:user/admin"}}}]}))["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=name)
    try:
        u = user(policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}]}))
        request = denied(lambda: u.client("s3").put_object(Bucket=name, Key="k", Body=b"x", ServerSideEncryption="aws:kms",
                                                           SSEKMSKeyId=key))
        said = server.explain(request)
        assert (said["decision"], said["by"]) == ("ExplicitlyDenied", "resource")
        assert said["call"]["operation"] == "PutObject"
        inner = [c for c in said["call"]["inner"] if c["operation"] == "GenerateDataKey"][-1]
        j = inner["judgements"][-1]
        assert (j["action"], j["sid"], j["resource"]) == ("kms:GenerateDataKey", "OnlyAdmin", key)
        assert j["context"]["aws:ViaAWSService"] == "true" and inner["through"] == "s3.amazonaws.com"
        shown = text_of(server, request)
        assert "within it, kms.amazonaws.com GenerateDataKey" in shown.stdout
    finally:
        s3.delete_bucket(Bucket=name)
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def test_the_last_denied(server, user):
    u = user()
    request = denied(u.client("iam").list_roles)
    server.client("iam").list_roles()
    shown = text_of(server, "--last-denied", "-o", "json")
    assert shown.returncode == 3 and json.loads(shown.stdout)["request_id"] == request


def test_the_ladder_that_people_read(server, user, document):
    u = user(policy=document(Sid="Near", Action="iam:List*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    shown = text_of(server, denied(u.client("iam").list_roles))
    for part in ("DENIED  iam.amazonaws.com ListRoles", u.arn, "-> identity-based policies", '"Near", statement 0',
                 "Bool aws:SecureTransport wants \"false\", and the request has \"true\"", "aws:CurrentTime",
                 "permissions boundary"):
        assert part in shown.stdout, shown.stdout
    lines = [line.split()[0] for line in shown.stdout.splitlines() if line.strip().startswith("aws:")]
    assert lines == sorted(lines) and lines


def test_an_unknown_request(server):
    shown = text_of(server, "00000000-0000-0000-0000-000000000000")
    assert shown.returncode == 4 and not shown.stdout


def test_usage(server):
    assert text_of(server).returncode == 2
    assert text_of(server, "a", "b").returncode == 2


def test_help_is_data(server):
    for verb in ("explain", "audit", "serve"):
        shown = subprocess.run([conftest.BARMKIN, verb, "--help"], capture_output=True, text=True)
        assert shown.returncode == 0 and f"usage: barmkin {verb} " in shown.stdout and not shown.stderr


def test_names_do_not_steer_a_terminal(server, user):
    s3 = user().client("s3")
    with pytest.raises(botocore.exceptions.ClientError) as e:
        s3.get_object(Bucket="no-such-bucket-here", Key="explained-\x1b[2Jx\u009b")
    request = e.value.response["ResponseMetadata"]["RequestId"]
    for shown in (text_of(server, request), text_of(server, "--last-denied")):
        assert shown.returncode == 3 and "\x1b" not in shown.stdout and "\u009b" not in shown.stdout, shown
        assert "explained-?[2Jx?" in shown.stdout, shown
    found = subprocess.run([conftest.BARMKIN, "audit", "search", "--state", server.state, "--request", request],
                           capture_output=True, text=True)
    assert "explained-?[2Jx?" in found.stdout, found


def test_no_secret_is_explained(server, user):
    u = user()
    iam = server.client("iam")
    iam.delete_access_key(UserName=u.name, AccessKeyId=u.keys[0])
    made = iam.create_access_key(UserName=u.name)
    request, secret = made["ResponseMetadata"]["RequestId"], made["AccessKey"]["SecretAccessKey"]
    assert secret not in text_of(server, request, "-o", "json").stdout
    log = server.state + "/front/audit/audit-000001.ndjson"
    with open(log) as f:
        assert secret not in f.read()


def test_batch_decides_and_explains(server):
    case = {"id": "1", "request": {"principal": "arn:aws:iam::111111111111:user/u", "action": "s3:GetObject",
                                   "resource": "arn:aws:s3:::b/k", "resourceAccount": "111111111111", "context": {}},
            "identityPolicies": [{"Version": "2012-10-17", "Statement": [
                {"Sid": "S", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}],
            "boundary": None, "sessionPolicies": [], "serviceControlPolicies": [], "resourceControlPolicies": [],
            "resourcePolicy": None, "vpcEndpointPolicies": []}
    done = subprocess.run([conftest.BARMKIN, "authz", "--batch", "--explain"], input=json.dumps(case) + "\nnonsense\n",
                          capture_output=True, text=True, timeout=20)
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert (first["decision"], first["by"]) == ("ExplicitlyDenied", "identity") and "message" in first
    assert "error" in second and done.returncode == 0


ANA = "arn:aws:iam::111111111111:user/ana"
ALLOW = {"Sid": "Get", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}


@pytest.fixture
def offline(tmp_path):
    """Runs `barmkin explain` on policies from files, without any server: options are lists of statements."""
    def run(*argv, principal=ANA, action="s3:GetObject", resource="arn:aws:s3:::data/x", **policies):
        words = []
        for option, statements in policies.items():
            path = tmp_path / f"{option}.json"
            path.write_text(statements if isinstance(statements, str) else
                            json.dumps({"Version": "2012-10-17", "Statement": statements}))
            words += ["--" + option.replace("_", "-"), str(path)]
        return subprocess.run([conftest.BARMKIN, "explain", *words, "--principal", principal, "--action", action,
                               "--resource", resource, *argv], capture_output=True, text=True, timeout=20)
    return run


def said_by(done):
    said = json.loads(done.stdout)
    assert done.returncode == (0 if said["decision"] == "Allowed" else 3)
    return said


def test_offline_allows_and_names_the_file(offline):
    done = offline("-o", "json", identity_policy=[ALLOW])
    j = only(said_by(done))
    assert (j["decision"], j["sid"], j["index"]) == ("Allowed", "Get", 0) and j["policy"].endswith("identity_policy.json")
    assert j["context"]["aws:PrincipalArn"] == ANA and j["context"]["aws:username"] == "ana"
    assert "WOULD BE ALLOWED" in offline(identity_policy=[ALLOW]).stdout


@pytest.mark.parametrize("by, policies", [
    ("boundary", {"boundary": [{**ALLOW, "Action": "s3:Put*"}]}),
    ("session", {"session_policy": [{**ALLOW, "Action": "s3:Put*"}]}),
    ("scp", {"scp": [{**ALLOW, "Action": "s3:Put*"}]}),
    ("rcp", {"rcp": [{**ALLOW, "Effect": "Deny", "Principal": "*"}]}),
    ("vpce", {"endpoint_policy": [{**ALLOW, "Action": "s3:Put*", "Principal": "*"}]}),
    ("resource", {"resource_policy": [{**ALLOW, "Effect": "Deny", "Principal": "*"}]}),
])
def test_offline_each_layer_denies(offline, by, policies):
    done = offline("-o", "json", identity_policy=[ALLOW], **policies)
    said = said_by(done)
    assert said["by"] == by and said["decision"] != "Allowed"
    assert only(said)["policy"].endswith(next(iter(policies)) + ".json")


def test_offline_says_what_did_not_fit(offline):
    done = offline(identity_policy=[{**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}],
                   resource="arn:aws:s3:::other/x")
    assert done.returncode == 3
    assert 'its Resource does not fit: "arn:aws:s3:::data/*", and the request has "arn:aws:s3:::other/x"' in done.stdout
    assert 'Bool aws:SecureTransport wants "true", and the request has no such key' in done.stdout


def test_offline_context(offline):
    only_from = [{**ALLOW, "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "b"},
                                         "StringEquals": {"aws:SourceVpce": "vpce-1"}}}]
    assert offline("--context", "aws:TagKeys=a", "aws:TagKeys=b", "aws:SourceVpce=vpce-1",
                   identity_policy=only_from).returncode == 0
    assert offline("--context", "aws:TagKeys=a", "--context=aws:SourceVpce=vpce-1", identity_policy=only_from).returncode == 3
    assert offline("--context", "novalue", identity_policy=only_from).returncode == 2


def test_offline_each_scp_is_a_level(offline, tmp_path):
    deny = tmp_path / "deny.json"
    deny.write_text(json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}]}))
    assert offline("--scp", "FullAWSAccess", str(deny), identity_policy=[ALLOW]).returncode == 0
    assert offline("--scp", "FullAWSAccess", "--scp", str(deny), identity_policy=[ALLOW]).returncode == 3


def test_offline_a_role_stands_for_its_session(offline):
    trust = [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:role/team/r"}, "Action": "sts:AssumeRole"}]
    done = offline("-o", "json", resource_policy=trust, principal="arn:aws:iam::111111111111:role/team/r",
                   action="sts:AssumeRole", resource="arn:aws:iam::111111111111:role/next")
    said = said_by(done)
    assert (said["decision"], said["by"]) == ("Allowed", "trust")
    assert said["call"]["principal"] == "arn:aws:sts::111111111111:assumed-role/r/explain"


def test_offline_a_federated_user(offline):
    """Rule 7: what the user's policies and the session's allow together; its own name grants outright, the user's does not."""
    bob, by = "arn:aws:sts::111111111111:federated-user/bob", ("--federated-by", ANA, "-o", "json")
    said = said_by(offline(*by, principal=bob, identity_policy=[ALLOW], session_policy=[ALLOW]))
    assert said["decision"] == "Allowed"
    context = only(said)["context"]
    assert (context["aws:PrincipalType"], context["aws:userid"], context["aws:PrincipalArn"]) == (
        "FederatedUser", "111111111111:bob", bob)
    said = said_by(offline(*by, principal=bob, identity_policy=[ALLOW]))
    assert (said["decision"], said["by"]) == ("ImplicitlyDenied", "session")
    said = said_by(offline(*by, principal=bob, identity_policy=[ALLOW], session_policy=[{**ALLOW, "Action": "s3:Put*"}]))
    assert said["by"] == "session" and "because no session policy allows" in said["message"]
    assert only(said)["policy"].endswith("session_policy.json")
    for who, decision in ((bob, "Allowed"), (ANA, "ImplicitlyDenied")):
        grant = [{**ALLOW, "Principal": {"AWS": who}}]
        assert said_by(offline(*by, principal=bob, resource_policy=grant))["decision"] == decision
    assert "federated users" in offline("--federated-by", ANA, identity_policy=[ALLOW]).stderr


@pytest.mark.parametrize("bad, why", [("{", "identity_policy.json"), ("[]", "not an object"),
                                      ('{"Version":"2012-10-17","Statement":[{"Effect":"May","Action":"*","Resource":"*"}]}',
                                       "Invalid effect: May")])
def test_offline_bad_policies(offline, bad, why):
    done = offline(identity_policy=bad)
    assert done.returncode == 2 and why in done.stderr and not done.stdout


def test_offline_usage(offline):
    assert offline(identity_policy=[ALLOW], principal="bob").returncode == 2
    assert offline("--resource-account", "1", identity_policy=[ALLOW]).returncode == 2
    assert offline("word", "--resource-account", "111111111111", identity_policy=[ALLOW]).returncode == 2
    missing = subprocess.run([conftest.BARMKIN, "explain", "--identity-policy", "/none", "--principal", ANA, "--action", "a:b",
                              "--resource", "*"], capture_output=True, text=True, timeout=20)
    assert missing.returncode == 2 and "No such file" in missing.stderr
