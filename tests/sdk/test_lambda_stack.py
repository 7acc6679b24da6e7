# SPDX-License-Identifier: MIT
"""AWS::Lambda::Function and ::Permission in stacks; inline code is text there."""
import json

from test_cloudformation import stack, template  # noqa: F401 (a fixture)

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
IAM = ["CAPABILITY_IAM"]


def resources(source="def lambda_handler(e, c):\n  return 'one'\n", permission=True, **more):
    made = {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {
                "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Handler": "index.lambda_handler", "Runtime": "python3.8",
                "Code": {"ZipFile": source}, "Timeout": "60", "Tags": [{"Key": "a", "Value": "b"}], **more}}}
    if permission:
        made["Permission"] = {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}}
    return made


def body(*args, **kw):
    return template(resources(*args, **kw), Outputs={"Name": {"Value": {"Ref": "Function"}}, "Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}})


def answer(lam, name, event=None):
    r = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}))
    return json.loads(r["Payload"].read())


def test_a_stack_with_a_function(stack, client, name, refuses):  # noqa: F811
    s, lam = stack(), client("lambda")
    assert s.create(body(Environment={"Variables": {"A1": "x"}}, ReservedConcurrentExecutions=3), Capabilities=IAM) == "CREATE_COMPLETE", s.lines()
    function = s.outputs()["Name"]
    assert function.startswith(f"{name}-Function-") and s.outputs()["Arn"].endswith(f":function:{function}")
    assert answer(lam, function) == "one"
    c = lam.get_function(FunctionName=function)
    assert c["Configuration"]["Timeout"] == 60 and c["Configuration"]["Environment"]["Variables"] == {"A1": "x"}
    assert c["Tags"]["a"] == "b" and c["Concurrency"]["ReservedConcurrentExecutions"] == 3
    statement = json.loads(lam.get_policy(FunctionName=function)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert s.update(body("def lambda_handler(e, c):\n  return 'two'\n", permission=False, MemorySize=256), Capabilities=IAM) == "UPDATE_COMPLETE", s.lines()
    assert s.outputs()["Name"] == function and answer(lam, function) == "two"
    c = lam.get_function(FunctionName=function)
    assert c["Configuration"]["MemorySize"] == 256 and "Environment" not in c["Configuration"] and "Concurrency" not in c
    with refuses("ResourceNotFoundException"):
        lam.get_policy(FunctionName=function)
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    with refuses("ResourceNotFoundException"):
        lam.get_function(FunctionName=function)


def test_a_function_that_cannot_be_rolls_back(stack, client, name):  # noqa: F811
    s = stack()
    assert s.create(body(Runtime="nodejs12.x"), Capabilities=IAM) == "ROLLBACK_COMPLETE"
    assert "The runtime nodejs12.x cannot be run here" in s.reason("Function")
    s = stack(called=name + "-2")
    assert s.create(body(Layers=["x"]), Capabilities=IAM) == "ROLLBACK_COMPLETE" and "Layers" in s.reason("Function")


def test_code_may_lie_in_s3(stack, client, name):  # noqa: F811
    from functions import zipped
    s3, s = client("s3"), stack()
    s3.create_bucket(Bucket=name)
    try:
        s3.put_object(Bucket=name, Key="f.zip", Body=zipped("def lambda_handler(e, c): return 'S3'"))
        made = resources()
        made["Function"]["Properties"]["Code"] = {"S3Bucket": name, "S3Key": "f.zip"}
        assert s.create(template(made, Outputs={"Name": {"Value": {"Ref": "Function"}}}), Capabilities=IAM) == "CREATE_COMPLETE", s.lines()
        assert answer(client("lambda"), s.outputs()["Name"]) == "S3"
    finally:
        s3.delete_object(Bucket=name, Key="f.zip")
        s3.delete_bucket(Bucket=name)


def test_a_stack_that_a_function_makes_acts_as_that_function(functions, server, account, client):
    """Policies may ask which function acts, also when the stack that it began goes on after it has ended."""
    arn, cfn = f"arn:aws:lambda:us-east-1:{account}:function:{functions.name}-f0", client("cloudformation")
    role = functions.role({"Action": ["cloudformation:*", "ssm:*"], "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": arn}}})
    made = functions.make("""
import boto3, json
def handler(event, context):
    p = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": event["name"], "Type": "String", "Value": "v"}}
    q = {**p, "Properties": {**p["Properties"], "Name": event["name"] + "2"}, "DependsOn": "P"}
    body = json.dumps({"Resources": {"P": p, "Q": q}})
    return boto3.client("cloudformation").create_stack(StackName=event["stack"], TemplateBody=body)["StackId"]
""", role, Timeout=30, MemorySize=256)
    made = functions.invoke(made, {"name": f"/{functions.name}/p", "stack": functions.name})[1]
    cfn.get_waiter("stack_create_complete").wait(StackName=made, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    p = client("ssm").get_parameters(Names=[f"/{functions.name}/p", f"/{functions.name}/p2"])["Parameters"]
    assert [x["Value"] for x in p] == ["v", "v"]
    cfn.delete_stack(StackName=made)
    cfn.get_waiter("stack_delete_complete").wait(StackName=made, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def says(n):
    return f"def lambda_handler(e, c): return {n}\n"


def version(description=None, **more):
    return {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}, **({"Description": description} if description else {})}, **more}


def alias(leads_to, **more):
    return {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Function"}, "Name": "live", "FunctionVersion": {"Fn::GetAtt": f"{leads_to}.Version"}, **more}}


def weights(to, weight):
    return {"AdditionalVersionWeights": [{"FunctionVersion": {"Fn::GetAtt": f"{to}.Version"}, "FunctionWeight": weight}]}


def test_versions_and_an_alias_that_moves(stack, client, refuses):  # noqa: F811
    s, lam = stack(), client("lambda")
    outputs = {"Outputs": {"Name": {"Value": {"Ref": "Function"}}, "Alias": {"Value": {"Ref": "Live"}}, "One": {"Value": {"Ref": "One"}}}}

    def update(n, more):
        return s.update(template({**resources(says(n), permission=False), **more}, **outputs), Capabilities=IAM)

    both = {"One": version(), "Two": version()}
    assert s.create(template({**resources(says(1), permission=False), "One": version(), "Live": alias("One")}, **outputs), Capabilities=IAM) == "CREATE_COMPLETE", s.lines()
    out = s.outputs()
    assert out["Alias"].endswith(f":function:{out['Name']}:live") and out["One"].endswith(f"{out['Name']}:1")
    assert answer(lam, out["Alias"]) == 1
    lets = {"Lets": {"Type": "AWS::Lambda::Permission", "Properties": {
        "FunctionName": {"Ref": "Live"}, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}}}
    assert update(1, {"One": version(), "Live": alias("One"), **lets}) == "UPDATE_COMPLETE", s.lines()
    assert json.loads(lam.get_policy(FunctionName=out["Alias"])["Policy"])["Statement"][0]["Resource"] == out["Alias"]
    assert update(2, {**both, "Live": alias("One", RoutingConfig=weights("Two", 0.25))}) == "UPDATE_COMPLETE", s.lines()
    assert lam.get_alias(FunctionName=out["Name"], Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    assert update(2, {**both, "Live": alias("One", RoutingConfig=weights("Two", "1.0"))}) == "UPDATE_COMPLETE", s.lines()
    assert answer(lam, out["Alias"]) == 2 and answer(lam, out["One"]) == 1
    assert update(2, {**both, "Live": alias("One")}) == "UPDATE_COMPLETE", s.lines()
    assert "RoutingConfig" not in lam.get_alias(FunctionName=out["Name"], Name="live") and answer(lam, out["Alias"]) == 1
    assert update(2, {**both, "Three": version(), "Live": alias("Two")}) == "UPDATE_ROLLBACK_COMPLETE"  # nothing has changed
    assert "A version for this Lambda function exists ( 2 ). Modify the function to create a new version." in s.reason("Three")
    assert answer(lam, out["Alias"]) == 1
    assert update(2, {"One": version(), "Live": alias("One")}) == "UPDATE_COMPLETE", s.lines()
    with refuses("ResourceNotFoundException"):
        lam.get_function(FunctionName=out["Name"], Qualifier="2")
    assert s.delete() == "DELETE_COMPLETE", s.lines()


def test_provisioned_concurrency_is_refused(stack):  # noqa: F811
    s, wanted = stack(), {"ProvisionedConcurrentExecutions": 1}
    made = {**resources(permission=False), "One": version()}
    made["One"]["Properties"]["ProvisionedConcurrencyConfig"] = wanted
    assert s.create(template(made), Capabilities=IAM) == "ROLLBACK_COMPLETE"
    assert "ProvisionedConcurrencyConfig" in s.reason("One")


def test_a_custom_resource_may_name_an_alias(stack, client):  # noqa: F811
    """ServiceToken with a qualifier: the version that the alias leads to answers, and its ARN is what it was invoked by."""
    source = ("import cfnresponse\ndef lambda_handler(event, context):\n"
              "    cfnresponse.send(event, context, cfnresponse.SUCCESS, {'Version': context.function_version, 'Arn': context.invoked_function_arn}, 'id')\n")
    s = stack()
    made = {**resources(source, permission=False), "One": version(), "Live": alias("One"),
            "Asked": {"Type": "Custom::Asked", "Properties": {"ServiceToken": {"Ref": "Live"}}}}
    outputs = {"Version": {"Value": {"Fn::GetAtt": "Asked.Version"}}, "Arn": {"Value": {"Fn::GetAtt": "Asked.Arn"}}, "Alias": {"Value": {"Ref": "Live"}}}
    assert s.create(template(made, Outputs=outputs), Capabilities=IAM) == "CREATE_COMPLETE", s.lines()
    assert s.outputs()["Version"] == "1" and s.outputs()["Arn"] == s.outputs()["Alias"]
    assert s.delete() == "DELETE_COMPLETE", s.lines()
