# SPDX-License-Identifier: MIT
"""Functions as things: made, shown, changed, removed; and who may do so, by each kind of policy."""
import base64
import hashlib
import io
import json
import zipfile

import pytest

from functions import Functions, zipped

HANDLER = "def handler(event, context): return 'fine'"


def test_a_function_is_shown_as_it_was_made(functions, account):
    code = zipped(HANDLER)
    role = functions.role()
    name = functions.make("", role, Code={"ZipFile": code}, Description="d", Timeout=7, MemorySize=256, Runtime="python3.12",
                          Environment={"Variables": {"KEY": "value"}}, Tags={"a": "b"}, EphemeralStorage={"Size": 600})
    lam = functions.lam
    shown = lam.get_function(FunctionName=name)
    c = shown["Configuration"]
    arn = f"arn:aws:lambda:us-east-1:{account}:function:{name}"
    assert c["FunctionArn"] == arn and c["Role"] == role and c["State"] == "Active" and c["LastUpdateStatus"] == "Successful"
    assert (c["Timeout"], c["MemorySize"], c["Runtime"], c["Handler"]) == (7, 256, "python3.12", "index.handler")
    assert c["CodeSize"] == len(code) and c["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    assert c["Environment"] == {"Variables": {"KEY": "value"}} and c["Version"] == "$LATEST" and c["PackageType"] == "Zip"
    assert "3.11" in c["RuntimeVersionConfig"]["RuntimeVersionArn"]  # which interpreter it really is
    assert shown["Tags"] == {"a": "b"} and shown["Code"]["RepositoryType"] == "S3"
    for spelling in (arn, f"{account}:function:{name}", f"{name}:$LATEST", f"{arn}:$LATEST"):
        assert lam.get_function_configuration(FunctionName=spelling)["RevisionId"] == c["RevisionId"]
    listed = [f for p in lam.get_paginator("list_functions").paginate() for f in p["Functions"] if f["FunctionName"] == name]
    assert len(listed) == 1 and "Environment" not in listed[0]
    assert [v["Version"] for v in lam.list_versions_by_function(FunctionName=name)["Versions"]] == ["$LATEST"]


def test_what_is_changed_is_changed_and_the_rest_stays(functions, refuses):
    name = functions.make(HANDLER, Environment={"Variables": {"KEY": "value"}}, Timeout=9)
    lam = functions.lam
    before = lam.get_function_configuration(FunctionName=name)
    after = lam.update_function_configuration(FunctionName=name, MemorySize=512, RevisionId=before["RevisionId"])
    assert after["MemorySize"] == 512 and after["Timeout"] == 9 and after["Environment"]["Variables"] == {"KEY": "value"}
    assert after["RevisionId"] != before["RevisionId"]
    with refuses("PreconditionFailedException", "does not match the latest Revision Id"):
        lam.update_function_configuration(FunctionName=name, MemorySize=256, RevisionId=before["RevisionId"])
    other = zipped("def handler(e, c): return 2")
    dry = lam.update_function_code(FunctionName=name, ZipFile=other, DryRun=True)
    assert dry["CodeSha256"] != before["CodeSha256"]
    assert lam.get_function_configuration(FunctionName=name)["CodeSha256"] == before["CodeSha256"]
    assert lam.update_function_code(FunctionName=name, ZipFile=other)["CodeSha256"] == dry["CodeSha256"]
    lam.update_function_configuration(FunctionName=name, Environment={"Variables": {}})
    assert "Environment" not in lam.get_function_configuration(FunctionName=name)
    lam.delete_function(FunctionName=name)
    for call in (lam.get_function, lam.delete_function, lam.get_policy, lam.invoke):
        with refuses("ResourceNotFoundException", f"Function not found: arn:aws:lambda:us-east-1:{functions.server.account('dev')['id']}:function:{name}"):
            call(FunctionName=name)


@pytest.mark.parametrize("change, words", [
    ({"Runtime": "nodejs20.x"}, "The runtime nodejs20.x cannot be run here"),
    ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip uploaded file. Please check your file, then try to upload again."),
    ({"Code": {}}, "Please provide a source for function code."),
    ({"Handler": ""}, "Runtime and Handler are mandatory parameters"),
    ({"FunctionName": "no such name"}, "failed to satisfy constraint"),
    ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys used in this request: AWS_REGION"),
    ({"Environment": {"Variables": {"BIG": "x" * 5000}}}, "exceeded the 4KB limit"),
    ({"Environment": {"Variables": {"1X": "x"}}}, "Map keys must satisfy constraint"),
    ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"]}, "Layers is not built"),
    ({"PackageType": "Image"}, "PackageType Image is not built"),
    ({"Architectures": ["arm64"]}, "arm64 is not built"),
    ({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"}}, "DeadLetterConfig is not built"),
    ({"TracingConfig": {"Mode": "Active"}}, "TracingConfig Active is not built"),
    ({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []}}, "must coexist"),
    ({"VpcConfig": {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}}, "does not exist"),
])
def test_what_cannot_be_is_refused(functions, refuses, change, words):
    with refuses("InvalidParameterValueException", words):
        functions.make(HANDLER, **change)


def test_a_zip_that_would_burst_is_refused(functions, refuses):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(3):
            z.writestr(f"{i}.bin", b"\0" * (100 << 20))
    with refuses("InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes"):
        functions.make("", Code={"ZipFile": b.getvalue()})
    with refuses("InvalidParameterValueException", "Uploaded file must be a non-empty zip"):
        empty = io.BytesIO()
        zipfile.ZipFile(empty, "w").close()
        functions.make("", Code={"ZipFile": empty.getvalue()})


@pytest.mark.parametrize("entry", ["../../evil.py", "/etc/evil.py", "a/../../evil.py"])
def test_a_zip_that_climbs_is_refused_where_it_is_unpacked(functions, refuses, entry):
    name = functions.make("", Code={"ZipFile": zipped(HANDLER, entry)})
    with refuses("InvalidZipFileException", "Lambda could not unzip the code package"):
        functions.invoke(name)


def test_the_role_must_trust_lambda(functions, refuses):
    with refuses("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."):
        functions.make(HANDLER, functions.role(trust="ec2.amazonaws.com"))
    name = functions.make(HANDLER)
    with refuses("InvalidParameterValueException", "cannot be assumed by Lambda."):
        functions.lam.update_function_configuration(FunctionName=name, Role=functions.role(trust="ec2.amazonaws.com"))
    role = functions.lam.get_function_configuration(FunctionName=name)["Role"].split("/")[-1]
    functions.iam.delete_role_policy(RoleName=role, PolicyName="p")
    functions.iam.delete_role(RoleName=role)
    with refuses("AccessDeniedException", "The role defined for the function cannot be assumed by Lambda."):
        functions.invoke(name)


def test_a_role_must_be_passed_to_lambda(functions, role, document, refuses, name):
    passed = functions.role()
    given = dict(FunctionName=name, Runtime="python3.8", Handler="index.handler", Role=passed, Code={"ZipFile": zipped(HANDLER)})
    elsewhere = role(document({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"},
                              {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                               "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}))
    with refuses("AccessDeniedException", f"is not authorized to perform: iam:PassRole on resource: {passed}", "no identity-based policy allows"):
        elsewhere.client("lambda").create_function(**given)
    here = role(document({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"},
                         {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                          "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}))
    lam = here.client("lambda")
    lam.create_function(**given)
    lam.update_function_configuration(FunctionName=name, Timeout=5)  # no role is passed here
    functions.made.append(name)
    with refuses("AccessDeniedException", "iam:PassRole"):
        elsewhere.client("lambda").update_function_configuration(FunctionName=name, Role=passed)


def test_a_role_of_another_account_cannot_be_passed(functions, server, name, refuses):
    theirs = Functions(server, name, "staging")
    try:
        with refuses("AccessDeniedException", "iam:PassRole"):
            functions.make(HANDLER, theirs.role())
    finally:
        theirs.remove()


def test_guardrails_bind_functions(server, functions, document, refuses, account):
    orgs = server.client("organizations", "management")
    deny = orgs.create_policy(Name=functions.name, Description="", Type="SERVICE_CONTROL_POLICY", Content=document(
        {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}))["Policy"]["PolicySummary"]["Id"]
    name = functions.make("import boto3\ndef handler(e, c): return 'ran'")
    orgs.attach_policy(PolicyId=deny, TargetId=account)
    try:
        with refuses("AccessDeniedException", "lambda:InvokeFunction", "with an explicit deny in a service control policy"):
            functions.invoke(name)
    finally:
        orgs.detach_policy(PolicyId=deny, TargetId=account)
        orgs.delete_policy(PolicyId=deny)
    assert functions.invoke(name)[1] == "ran"


def test_rights_are_judged_by_name_and_conditions(functions, role, document, refuses, account):
    name = functions.make(HANDLER, Tags={"team": "blue"})
    arn = f"arn:aws:lambda:us-east-1:{account}:function:{name}"
    lam = role(document(Action="lambda:GetFunction", Resource=arn)).client("lambda")
    lam.get_function(FunctionName=name)
    for action, call in (("InvokeFunction", lambda: lam.invoke(FunctionName=name)), ("DeleteFunction", lambda: lam.delete_function(FunctionName=name)),
                         ("UpdateFunctionCode", lambda: lam.update_function_code(FunctionName=name, ZipFile=zipped(HANDLER))),
                         ("GetFunctionConfiguration", lambda: lam.get_function_configuration(FunctionName=name)),
                         ("GetFunctionConcurrency", lambda: lam.get_function_concurrency(FunctionName=name)),
                         ("ListFunctions", lambda: lam.list_functions())):
        with refuses("AccessDeniedException", f"is not authorized to perform: lambda:{action} ", "no identity-based policy allows"):
            call()
    with refuses("AccessDeniedException", "lambda:GetFunction"):
        lam.get_function(FunctionName="another-" + name)  # whether it is there is not told
    tagged = role(document({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"},
                           {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*",
                            "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}}))
    with refuses("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        tagged.client("lambda").invoke(FunctionName=name)


def test_functions_may_be_bound_to_networks_by_policy(functions, role, document, refuses, name):
    bound = role(document({"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"},
                          {"Effect": "Deny", "Action": "lambda:CreateFunction", "Resource": "*",
                           "Condition": {"Null": {"lambda:VpcIds": "true"}}}))
    with refuses("AccessDeniedException", "explicit deny"):
        bound.client("lambda").create_function(FunctionName=name, Runtime="python3.8", Handler="index.handler", Role=functions.role(),
                                               Code={"ZipFile": zipped(HANDLER)})


# ---- resource policies ----

def test_another_account_invokes_by_the_resource_policy(functions, server, refuses, account):
    name = functions.make(HANDLER)
    arn = f"arn:aws:lambda:us-east-1:{account}:function:{name}"
    theirs = server.client("lambda", "staging")
    with refuses("AccessDeniedException", "no resource-based policy allows the lambda:InvokeFunction action"):
        theirs.invoke(FunctionName=arn)
    said = functions.lam.add_permission(FunctionName=name, StatementId="their", Action="lambda:InvokeFunction", Principal=server.account("staging")["id"])
    assert json.loads(said["Statement"])["Principal"] == {"AWS": f"arn:aws:iam::{server.account('staging')['id']}:root"}
    assert functions.invoke(arn, lam=theirs)[1] == "fine"
    with refuses("AccessDeniedException", "lambda:GetFunction"):
        theirs.get_function(FunctionName=arn)
    with refuses("ResourceConflictException", "The statement id (their) provided already exists."):
        functions.lam.add_permission(FunctionName=name, StatementId="their", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    functions.lam.remove_permission(FunctionName=name, StatementId="their")
    with refuses("AccessDeniedException"):
        theirs.invoke(FunctionName=arn)


def test_a_policy_is_built_statement_by_statement(functions, refuses, account):
    name = functions.make(HANDLER)
    lam = functions.lam
    with refuses("ResourceNotFoundException", "The resource you requested does not exist."):
        lam.get_policy(FunctionName=name)
    lam.add_permission(FunctionName=name, StatementId="one", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                       SourceArn="arn:aws:s3:::a-bucket", SourceAccount=account)
    lam.add_permission(FunctionName=name, StatementId="two", Action="lambda:*", Principal="*", PrincipalOrgID="o-abcdefghij")
    policy = lam.get_policy(FunctionName=name)
    text = json.loads(policy["Policy"])
    assert text["Version"] == "2012-10-17" and text["Id"] == "default"
    assert text["Statement"][0] == {
        "Sid": "one", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": f"arn:aws:lambda:us-east-1:{account}:function:{name}",
        "Condition": {"StringEquals": {"AWS:SourceAccount": account}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::a-bucket"}}}
    assert text["Statement"][1]["Principal"] == "*"
    with refuses("PreconditionFailedException"):
        lam.remove_permission(FunctionName=name, StatementId="one", RevisionId="00000000-0000-0000-0000-000000000000")
    lam.remove_permission(FunctionName=name, StatementId="one", RevisionId=policy["RevisionId"])
    with refuses("ResourceNotFoundException", "Statement one is not found in resource policy."):
        lam.remove_permission(FunctionName=name, StatementId="one")
    for bad, words in (({"Action": "s3:GetObject"}, "at 'action'"), ({"StatementId": "a b"}, "at 'statementId'"), ({"Principal": "nobody"}, "principal was invalid")):
        with refuses("InvalidParameterValueException", words):
            lam.add_permission(**{**dict(FunctionName=name, StatementId="x", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"), **bad})


def test_permissions_may_be_bound_to_principals(functions, role, document, refuses):
    name = functions.make(HANDLER)
    lam = role(document(Action=["lambda:AddPermission", "lambda:RemovePermission"],
                        Condition={"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}})).client("lambda")
    lam.add_permission(FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    with refuses("AccessDeniedException", "lambda:AddPermission"):
        lam.add_permission(FunctionName=name, StatementId="all", Action="lambda:InvokeFunction", Principal="*")
    functions.lam.add_permission(FunctionName=name, StatementId="all", Action="lambda:InvokeFunction", Principal="*")
    with refuses("AccessDeniedException", "lambda:RemovePermission"):
        lam.remove_permission(FunctionName=name, StatementId="all")
    lam.remove_permission(FunctionName=name, StatementId="s3")


# ---- keys ----

def test_a_customers_key_protects_environment_and_code(functions, server, role, document, refuses, account):
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    name = functions.make("import os\ndef handler(e, c): return os.environ['SECRET']", KMSKeyArn=key, Environment={"Variables": {"SECRET": "s"}})
    assert functions.invoke(name)[1] == "s"
    blind = role(document(Action="lambda:*")).client("lambda")
    assert blind.get_function_configuration(FunctionName=name)["Environment"]["Error"]["ErrorCode"] == "AccessDeniedException"
    assert "Variables" not in blind.get_function_configuration(FunctionName=name)["Environment"]
    with refuses("AccessDeniedException", "kms:"):
        role(document(Action=["lambda:*", "iam:PassRole"])).client("lambda").create_function(
            FunctionName=name + "x", Runtime="python3.8", Handler="index.handler", Role=functions.role(), KMSKeyArn=key, Code={"ZipFile": zipped(HANDLER)})
    functions.lam.update_function_configuration(FunctionName=name, Timeout=4)  # its environments go
    for grant in kms.list_grants(KeyId=key)["Grants"]:
        kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    with refuses("KMSAccessDeniedException", "KMS access was denied"):
        functions.invoke(name)
    functions.lam.update_function_configuration(FunctionName=name, KMSKeyArn="")
    assert functions.invoke(name)[1] == "s"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


# ---- settings ----

def test_concurrency_is_reserved(functions, refuses):
    name = functions.make(HANDLER)
    lam = functions.lam
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName=name)
    lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    assert lam.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 5
    assert lam.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    with refuses("InvalidParameterValueException", "below its minimum value of [100]"):
        lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=901)
    lam.delete_function_concurrency(FunctionName=name)
    assert "Concurrency" not in lam.get_function(FunctionName=name)


def test_tags_come_and_go(functions, role, document, refuses, account):
    name = functions.make(HANDLER, Tags={"a": "1"})
    lam, arn = functions.lam, f"arn:aws:lambda:us-east-1:{account}:function:{name}"
    lam.tag_resource(Resource=arn, Tags={"b": "2", "c, d": "3"})
    assert lam.list_tags(Resource=arn)["Tags"] == {"a": "1", "b": "2", "c, d": "3"}
    lam.untag_resource(Resource=arn, TagKeys=["a", "c, d"])
    assert lam.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    limited = role(document(Action="lambda:TagResource", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["ok"]}})).client("lambda")
    limited.tag_resource(Resource=arn, Tags={"ok": "1"})
    with refuses("AccessDeniedException", "lambda:TagResource"):
        limited.tag_resource(Resource=arn, Tags={"ok": "1", "no": "2"})
    untagged = role(document(Action=["lambda:CreateFunction", "iam:PassRole"]))
    with refuses("AccessDeniedException", "lambda:TagResource"):
        untagged.client("lambda").create_function(FunctionName=name + "t", Runtime="python3.8", Handler="index.handler", Role=functions.role(),
                                                  Code={"ZipFile": zipped(HANDLER)}, Tags={"x": "y"})


def test_functions_of_accounts_are_apart(functions, server, name):
    here = functions.make(HANDLER)
    theirs = Functions(server, name, "staging")
    try:
        theirs.make("def handler(e, c): return 'theirs'", FunctionName=here)
        assert theirs.invoke(here)[1] == "theirs" and functions.invoke(here)[1] == "fine"
    finally:
        theirs.remove()
