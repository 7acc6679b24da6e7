# SPDX-License-Identifier: MIT
"""GetFunction's Code.Location (GetFunctionCodeByUrl): the function's zip by a URL that is good for ten minutes, for
whoever has it, and for nothing else."""
import subprocess
import urllib.parse

import pytest

import wire
from conftest import shift
from functions import Functions, zipped

HANDLER = "def handler(event, context): return 'fine'"


def curl(server, url, *options):
    done = subprocess.run(["curl", "-s", "--cacert", server.ca, "--max-time", "20", "-w", "\n%{http_code}", *options, url],
                          capture_output=True, check=True)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


def location(lam, name, **kw):
    code = lam.get_function(FunctionName=name, **kw)["Code"]
    assert code["RepositoryType"] == "S3"
    return code["Location"]


def test_the_location_gives_the_same_bytes(functions, server):
    for code in (zipped(HANDLER), zipped("x = '" + "ab" * 300000 + "'\n" + HANDLER)):
        name = functions.make("", Code={"ZipFile": code})
        assert curl(server, location(functions.lam, name)) == (200, code)
    s3 = server.client("s3")
    s3.create_bucket(Bucket=functions.name)
    s3.put_object(Bucket=functions.name, Key="a.zip", Body=code)
    try:
        name = functions.make("", Code={"S3Bucket": functions.name, "S3Key": "a.zip"})
        url = location(functions.lam, name)
        s3.delete_object(Bucket=functions.name, Key="a.zip")
        assert curl(server, url) == (200, code)
    finally:
        s3.delete_object(Bucket=functions.name, Key="a.zip")
        s3.delete_bucket(Bucket=functions.name)


def test_the_location_of_a_template_s_inline_code(functions, server, name):
    cfn = server.client("cloudformation")
    template = ('{"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{"FunctionName":"%s","Runtime":"python3.9",'
                '"Handler":"index.handler","Role":"%s","Code":{"ZipFile":"def handler(e, c): pass"}}}}}' % (name, functions.role()))
    cfn.create_stack(StackName=name, TemplateBody=template)
    try:
        cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        status, body = curl(server, location(functions.lam, name))
        assert status == 200 and body[:2] == b"PK" and b"def handler(e, c): pass" in body
    finally:
        cfn.delete_stack(StackName=name)
        cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def test_who_may_not_see_the_function_gets_no_location(functions, role, document, refuses, server):
    name = functions.make(HANDLER)
    with refuses("AccessDeniedException", "no identity-based policy allows the lambda:GetFunction action"):
        location(role(document(Action="lambda:GetFunctionConfiguration")).client("lambda"), name)
    only = role(document(Action="lambda:GetFunction")).client("lambda")  # no other right is needed
    assert curl(server, location(only, name))[1] == zipped(HANDLER)


def test_a_location_that_was_bent_opens_nothing(functions, server):
    one, two = functions.make(HANDLER), functions.make("def handler(e, c): return 2")
    url, other = location(functions.lam, one), location(functions.lam, two)
    path = urllib.parse.urlsplit(url).path
    token, theirs = path.rsplit("/", 1)[1], other.rsplit("/", 1)[1]
    half = len(token) // 2
    flipped = token[:half] + ("0" if token[half] != "0" else "1") + token[half + 1:]
    for bad in (flipped, token[:-2], token + "00", token[:half] + theirs[half:], "00" * 40, "zz", theirs[:24] + token[24:]):
        status, body = curl(server, url.replace(token, bad))
        assert status == 403 and b"PK" not in body, bad
    for method in ("PUT", "POST", "DELETE"):
        assert curl(server, url, "-X", method)[0] >= 400
    signed = wire.sign(server, wire.of(server, "staging"), "lambda", b"", "GET", path)
    assert wire.send(server, signed).status == 200  # the URL is the proof, whoever sends it


def test_a_location_leads_to_what_was_shown_only(functions, server):
    name = functions.make(HANDLER)
    url = location(functions.lam, name)
    newer = zipped("def handler(e, c): return 'newer'")
    functions.lam.update_function_code(FunctionName=name, ZipFile=newer)
    assert curl(server, url)[0] == 404
    assert curl(server, location(functions.lam, name)) == (200, newer)
    url = location(functions.lam, name)
    functions.lam.delete_function(FunctionName=name)
    assert curl(server, url)[0] == 404


def test_under_a_customer_s_key(functions, server, role, document, name):
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    one = functions.make(HANDLER, KMSKeyArn=key)
    assert curl(server, location(functions.lam, one)) == (200, zipped(HANDLER))
    code = role(document(Action="lambda:GetFunction")).client("lambda").get_function(FunctionName=one)["Code"]
    assert "Location" not in code and code["Error"]["ErrorCode"] == "AccessDeniedException"  # who may not open it
    kms.disable_key(KeyId=key)
    assert "KMS" in functions.lam.get_function(FunctionName=one)["Code"]["Error"]["Message"]
    kms.enable_key(KeyId=key)


def test_from_within_a_function(functions, server):
    source = ("import boto3, urllib.request\ndef handler(event, context):\n"
              "    url = boto3.client('lambda').get_function(FunctionName=context.function_name)['Code']['Location']\n"
              "    return [url.split('/')[2], urllib.request.urlopen(url, timeout=10).read()[:2].decode()]\n")
    name = functions.make(source, functions.role({"Action": "lambda:GetFunction"}), Timeout=30, MemorySize=512)
    assert functions.invoke(name)[1] == ["lambda.us-east-1.amazonaws.com", "PK"]


@pytest.mark.parametrize("later, status", [(590, 200), (601, 403)])
def test_it_is_good_for_ten_minutes(own_server, later, status, name):
    functions = Functions(own_server, name)
    one = functions.make(HANDLER)
    url = location(functions.lam, one)
    old = own_server.url
    shift(own_server, later)
    answer = curl(own_server, url.replace(old, own_server.url))
    assert answer[0] == status and (status == 200 or b"Request has expired" in answer[1])
