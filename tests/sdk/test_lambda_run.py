# SPDX-License-Identifier: MIT
"""Functions that run: their code, environment, credentials, logs, limits and ends."""
import base64
import concurrent.futures
import hashlib
import io
import json
import os
import time
import zipfile

import pytest

from functions import zipped


def wait_for(what, seconds=30):
    """The first answer that is something; the machine may be busy."""
    until = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < until:
        time.sleep(0.1)
    return answer


def log_of(server, name, group=None):
    logs = server.client("logs")
    try:
        return [e["message"].rstrip("\n") for e in logs.filter_log_events(logGroupName=group or f"/aws/lambda/{name}")["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def test_a_function_answers(functions):
    name = functions.make("""
import os
def handler(event, context):
    print("hello")
    return {"got": event, "name": context.function_name, "region": os.environ["AWS_REGION"], "memory": context.memory_limit_in_mb,
            "id": context.aws_request_id, "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn}
""", MemorySize=192)
    r, answer = functions.invoke(name, {"a": [1, "ü"]}, LogType="Tail")
    request = r["ResponseMetadata"]["RequestId"]
    assert r["StatusCode"] == 200 and "FunctionError" not in r and r["ExecutedVersion"] == "$LATEST"
    assert 0 < answer.pop("left") <= 3000 and answer.pop("arn").endswith(f":function:{name}")
    assert answer == {"got": {"a": [1, "ü"]}, "name": name, "region": "us-east-1", "memory": "192", "id": request}
    tail = base64.b64decode(r["LogResult"]).decode()
    assert f"START RequestId: {request} Version: $LATEST\nhello\nEND RequestId: {request}\nREPORT RequestId: {request}\t" in tail
    assert "Memory Size: 192 MB" in tail and "Init Duration: " in tail


def test_it_stays_warm_until_it_changes(functions, server):
    source = "count = 0\ndef handler(e, c):\n    global count\n    count += 1\n    return [%d, count]"
    name = functions.make(source % 1)
    assert [functions.invoke(name)[1] for _ in range(3)] == [[1, 1], [1, 2], [1, 3]]
    functions.lam.update_function_code(FunctionName=name, ZipFile=zipped(source % 2))
    assert [functions.invoke(name)[1] for _ in range(2)] == [[2, 1], [2, 2]]
    functions.lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"A1": "b"}})
    assert functions.invoke(name)[1] == [2, 1]


def test_it_has_its_own_variables_and_its_roles_credentials(functions, account):
    role = functions.role({"Action": "ssm:GetParameter"})
    name = functions.make("""
import os, boto3
def handler(event, context):
    me = boto3.client("sts").get_caller_identity()
    try:
        boto3.client("ssm").get_parameter(Name=event["parameter"])
    except Exception as e:
        read = e.response["Error"]["Code"]
    try:
        boto3.client("ssm").put_parameter(Name="x", Value="y", Type="String")
    except Exception as e:
        written = str(e)
    return [me["Arn"], me["Account"], read, written, os.environ["MINE"], os.environ["AWS_EXECUTION_ENV"]]
""", role, Timeout=30, MemorySize=256, Environment={"Variables": {"MINE": "é"}})
    r, answer = functions.invoke(name, {"parameter": "/there/is/none"})
    assert "FunctionError" not in r, answer
    assert answer[0] == f"arn:aws:sts::{account}:assumed-role/{role.split('/')[-1]}/{name}" and answer[1] == account
    assert answer[2] == "ParameterNotFound"  # allowed to ask
    assert "is not authorized to perform: ssm:PutParameter" in answer[3] and "no identity-based policy allows" in answer[3]
    assert answer[4:] == ["é", "AWS_Lambda_python3.8"]


def test_the_images_modules_are_compiled(functions):
    """The image is read-only: what is not compiled there is compiled at every start."""
    name = functions.make("""
import json, os, boto3
def handler(event, context):
    return [os.path.exists(m.__cached__) for m in (boto3, json)]
""", Timeout=30)
    assert functions.invoke(name)[1] == [True, True]


def test_policies_may_ask_which_function_acts(functions, server, account):
    arn = f"arn:aws:lambda:us-east-1:{account}:function:{functions.name}-f"
    role = functions.role({"Action": "ssm:GetParameter", "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": arn + "0"}}})
    source = """
import boto3
def handler(event, context):
    try:
        boto3.client("ssm").get_parameter(Name="/there/is/none")
    except Exception as e:
        return e.response["Error"]["Code"]
"""
    one, other = (functions.make(source, role, Timeout=30, MemorySize=256) for _ in range(2))
    assert functions.invoke(one)[1] == "ParameterNotFound"
    assert functions.invoke(other)[1] == "AccessDeniedException"


def test_there_is_no_way_out_of_its_network(functions):
    name = functions.make("""
import socket
def reach(host, port):
    try:
        socket.create_connection((host, port), 2).close()
        return "reached"
    except OSError as e:
        return type(e).__name__ + str(e.errno)
def handler(event, context):
    try:
        socket.getaddrinfo("example.com", 443)
        name = "known"
    except socket.gaierror:
        name = "unknown"
    return [name, reach("198.51.100.1", 443), reach("169.254.169.254", 80), reach("100.64.1.1", 443), reach("kms.us-east-1.amazonaws.com", 443)]
""", Timeout=20)
    _, answer = functions.invoke(name)
    assert answer[0] == "unknown" and answer[4] == "reached"
    assert all(a != "reached" for a in answer[1:4])


def test_its_log_is_written_as_its_role(functions, server):
    name = functions.make("import logging\nlogging.getLogger().setLevel('INFO')\ndef handler(e, c):\n    print('one\\ntwo')\n    logging.info('three')\n    return c.log_stream_name")
    _, stream = functions.invoke(name)
    lines = wait_for(lambda: [x for x in log_of(server, name) if x.startswith("REPORT")] and log_of(server, name))
    assert lines[0] == "INIT_START Runtime Version: python:3.8 (served by the image's Python 3.11)"
    assert lines[1].startswith("START RequestId: ") and lines[2:4] == ["one", "two"]
    assert lines[4].startswith("[INFO]\t") and lines[4].endswith("\tthree")
    assert lines[5].startswith("END ") and lines[6].startswith("REPORT ")
    streams = server.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert [s["logStreamName"] for s in streams] == [stream]
    silent = functions.make("def handler(e, c): print('nobody hears this')", functions.role(logs=False))
    assert "FunctionError" not in functions.invoke(silent)[0]
    functions.lam.delete_function(FunctionName=silent)
    time.sleep(1)
    assert log_of(server, silent) == []


def test_errors_are_told_as_aws_tells_them(functions):
    name = functions.make("""
import os, sys
def handler(event, context):
    if event == "exit": os._exit(3)
    if event == "leave": sys.exit(0)
    if event == "set": return {1}
    raise ValueError("no way")
""")
    r, answer = functions.invoke(name, LogType="Tail")
    assert r["StatusCode"] == 200 and r["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "ValueError" and answer["errorMessage"] == "no way" and answer["requestId"] == r["ResponseMetadata"]["RequestId"]
    assert "index.py" in answer["stackTrace"][0] and "[ERROR] ValueError: no way" in base64.b64decode(r["LogResult"]).decode()
    assert functions.invoke(name, "set")[1]["errorType"] == "Runtime.MarshalError"
    for event, words in (("exit", "Runtime exited with error: exit status 3"), ("leave", "Runtime exited without providing a reason")):
        r, answer = functions.invoke(name, event)
        assert r["FunctionError"] == "Unhandled" and answer["errorType"] == "Runtime.ExitError" and answer["errorMessage"].endswith(words)
    assert functions.invoke(name)[1]["errorType"] == "ValueError"  # it has been started again


@pytest.mark.parametrize("source, handler, kind, words", [
    ("import nothing_of_that_name", "index.handler", "Runtime.ImportModuleError", "Unable to import module 'index': No module named 'nothing_of_that_name'"),
    ("x = 1", "index.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
    ("def handler(:", "index.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
    ("raise KeyError('at once')", "index.handler", "KeyError", "at once"),
    ("x = 1", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
])
def test_a_function_that_cannot_begin_says_why(functions, source, handler, kind, words):
    name = functions.make(source, Handler=handler)
    for _ in range(2):
        r, answer = functions.invoke(name)
        assert r["FunctionError"] == "Unhandled" and answer["errorType"] == kind and words in answer["errorMessage"]


def test_its_time_is_limited(functions):
    name = functions.make("import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'done'", Timeout=1)
    r, answer = functions.invoke(name, 30, LogType="Tail")
    assert r["FunctionError"] == "Unhandled" and answer["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in base64.b64decode(r["LogResult"]).decode()
    assert functions.invoke(name, 0)[1] == "done"


def test_its_memory_is_limited(functions):
    name = functions.make("def handler(e, c):\n    return len(bytearray(e << 20)) >> 20", MemorySize=128, Timeout=20)
    assert functions.invoke(name, 20)[1] == 20
    r, answer = functions.invoke(name, 400)
    assert r["FunctionError"] == "Unhandled" and answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert functions.invoke(name, 20)[1] == 20


def test_payloads_are_limited(functions, refuses):
    name = functions.make("def handler(e, c):\n    return 'x' * e if isinstance(e, int) else len(e)", MemorySize=512)
    assert functions.invoke(name, "y" * 3_000_000)[1] == 3_000_000
    r, answer = functions.invoke(name, 7_000_000)
    assert r["FunctionError"] == "Unhandled" and answer["errorType"] == "Function.ResponseSizeTooLarge"
    with refuses("RequestTooLargeException", "Request must be smaller than 262144 bytes"):
        functions.invoke(name, "y" * 300_000, InvocationType="Event")
    with refuses("InvalidRequestContentException", "Could not parse request body into json"):
        functions.lam.invoke(FunctionName=name, Payload=b"{no")


def test_reserved_concurrency_holds(functions, refuses):
    name = functions.make("import time\ndef handler(e, c):\n    time.sleep(e)\n    return c.log_stream_name", Timeout=20)
    functions.lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with refuses("TooManyRequestsException", "Rate Exceeded."):
        functions.invoke(name, 0)
    functions.lam.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        running = [pool.submit(functions.invoke, name, 3) for _ in range(2)]
        time.sleep(1)
        with refuses("TooManyRequestsException", "Rate Exceeded."):
            functions.invoke(name, 0)
        streams = {r.result()[1] for r in running}
    assert len(streams) == 2  # two environments, at the same time
    functions.lam.delete_function_concurrency(FunctionName=name)
    assert functions.invoke(name, 0)[1] in streams


def test_a_large_zip_is_kept_whole(functions):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_STORED) as z:
        z.writestr("index.py", "import hashlib\ndef handler(e, c): return hashlib.sha256(open('large', 'rb').read()).hexdigest()")
        z.writestr("large", large := os.urandom(5_500_000))
    name = functions.make("", Code={"ZipFile": b.getvalue()}, Timeout=20)
    assert functions.invoke(name)[1] == hashlib.sha256(large).hexdigest()
    functions.lam.update_function_configuration(FunctionName=name, KMSKeyArn=functions.server.client("kms").create_key()["KeyMetadata"]["Arn"])
    assert functions.invoke(name)[1] == hashlib.sha256(large).hexdigest()  # sealed anew


def test_a_function_may_bring_its_own_bootstrap(functions):
    source = """#!/bin/bash
while true; do
  head=$(mktemp)
  event=$(curl -sS -D "$head" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i lambda-runtime-aws-request-id "$head" | tr -d '\r' | cut -d' ' -f2)
  echo "handler is $_HANDLER"
  curl -sS -o /dev/null -X POST "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "{\\"echo\\":$event}"
done
"""
    name = functions.make("", Runtime="provided.al2", Handler="any", Code={"ZipFile": zipped(source.replace('\\\\', '\\'), "bootstrap", 0o755)})
    r, answer = functions.invoke(name, {"x": 1}, LogType="Tail")
    assert answer == {"echo": {"x": 1}} and "handler is any" in base64.b64decode(r["LogResult"]).decode()


def test_a_bootstrap_that_cannot_be_started_is_told(functions):
    for file, mode, words in (("other", 0o755, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
                              ("bootstrap", 0o644, "fork/exec /var/task/bootstrap: permission denied")):
        name = functions.make("", Runtime="provided.al2023", Handler="any", Code={"ZipFile": zipped("#!/bin/bash\n", file, mode)})
        r, answer = functions.invoke(name)
        assert r["FunctionError"] == "Unhandled" and answer["errorType"] == "Runtime.InvalidEntrypoint"
        assert answer["errorMessage"].endswith(words)


def test_code_from_s3_is_read_as_the_caller(functions, server, role, refuses, document, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    try:
        s3.put_object(Bucket=name, Key="code.zip", Body=zipped("def handler(e, c): return 'from S3'"))
        with refuses("InvalidParameterValueException", "S3 Error Code: NoSuchKey"):
            functions.make("", Code={"S3Bucket": name, "S3Key": "other.zip"})
        blind = role(document(Action=["lambda:*", "iam:PassRole"]))
        with refuses("AccessDeniedException", "S3 Error Code: AccessDenied"):
            blind.client("lambda").create_function(FunctionName=name, Runtime="python3.9", Handler="index.handler",
                                                   Role=functions.role(), Code={"S3Bucket": name, "S3Key": "code.zip"})
        made = functions.make("", Code={"S3Bucket": name, "S3Key": "code.zip"})
        s3.delete_object(Bucket=name, Key="code.zip")
        assert functions.invoke(made)[1] == "from S3"  # it was taken in
    finally:
        s3.delete_bucket(Bucket=name)


def test_an_event_is_acknowledged_and_done_later(functions, server):
    name = functions.make("def handler(e, c):\n    print('event', e['n'], c.aws_request_id)")
    r, answer = functions.invoke(name, {"n": 7}, InvocationType="Event")
    assert r["StatusCode"] == 202 and answer is None
    request = r["ResponseMetadata"]["RequestId"]
    assert wait_for(lambda: f"event 7 {request}" in log_of(server, name))


def test_nothing_is_invoked_dry(functions, server):
    name = functions.make("def handler(e, c): print('no')")
    assert functions.invoke(name, InvocationType="DryRun")[0]["StatusCode"] == 204
    assert log_of(server, name) == []
