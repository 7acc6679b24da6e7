# SPDX-License-Identifier: MIT
"""What a stack is told in confidence lies in no file of the state folder and in no event: values of NoEcho parameters, the
properties made of them, and what functions answer with NoEcho."""
import base64
import json
import os
import uuid

import pytest
from test_cloudformation import ANSWERS, IAM, a_function, custom, parameter, stack, template  # noqa: F401 (a fixture)


def files_with(state, *words):
    """The files of a state folder that hold one of the words: databases, their logs, the audit log, everything."""
    found = []
    for folder, _, names in os.walk(state):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    text = f.read()
                found += [os.path.relpath(path, state) for w in words if w.encode() in text]
    return found


@pytest.fixture
def word():
    return lambda: "sesame-" + uuid.uuid4().hex


def confided(**more):
    """A function that answers a secret in confidence, and is told one."""
    source = ANSWERS.replace('"because I say so"', 'p.get("Why", "")')
    body = {**a_function(source, Environment={"Variables": {"TOLD": {"Ref": "Word"}}}),
            "C": custom(Echo={"Fn::Sub": "answer-${Word}"}, Hide="true", Id="same"),
            "D": {**custom(Echo={"Fn::GetAtt": "C.Echo"}, Id="other"), "DependsOn": "C"}}
    return template({**body, **more}, Parameters={"Word": {"Type": "String", "NoEcho": True}, "Open": {"Type": "String"}})


def given(word, said="an open word"):
    return [{"ParameterKey": "Word", "ParameterValue": word}, {"ParameterKey": "Open", "ParameterValue": said}]


def test_secrets_lie_sealed(server, client, stack, word):  # noqa: F811
    s, first, second, third, refused = stack(), word(), word(), word(), word()
    said = "open-" + uuid.uuid4().hex
    assert s.create(confided(), Parameters=given(first, said), **IAM) == "CREATE_COMPLETE", s.lines()
    assert s.update(confided(), Parameters=given(second, said), **IAM) == "UPDATE_COMPLETE", s.lines()
    made = s.cfn.create_change_set(StackName=s.name, ChangeSetName="x", UsePreviousTemplate=True, Parameters=given(third, said), **IAM)
    described = s.cfn.describe_change_set(ChangeSetName=made["Id"])
    assert {c["ResourceChange"]["LogicalResourceId"] for c in described["Changes"]} == {"Fn", "C", "D"}
    assert {p["ParameterKey"]: p["ParameterValue"] for p in described["Parameters"]} == {"Word": "****", "Open": said}
    s.cfn.execute_change_set(ChangeSetName=made["Id"])
    assert s.wait() == "UPDATE_COMPLETE", s.lines()
    bad = confided(Bad={**custom(Fail="Create", Why={"Fn::Sub": "${Word} is wrong"}), "DependsOn": "D"})
    assert s.update(bad, Parameters=given(refused, said), **IAM) == "UPDATE_ROLLBACK_COMPLETE", s.lines()
    assert "Message returned: **** is wrong" in s.reason("Bad")
    fn = s.cfn.describe_stack_resource(StackName=s.name, LogicalResourceId="Fn")["StackResourceDetail"]["PhysicalResourceId"]
    environment = client("lambda").get_function_configuration(FunctionName=fn)["Environment"]["Variables"]
    assert environment == {"TOLD": third}  # it was used, and rolled back to
    shown = str(s.events())
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    shown += str(s.events())
    assert "****" in shown and not [w for w in (first, second, third, refused) if w in shown]
    assert files_with(server.state, said), "the search finds what is not secret"
    assert files_with(server.state, first, second, third, refused) == []


def test_a_kept_value_is_used_again(client, stack, word):  # noqa: F811
    s, secret = stack(), word()
    assert s.create(confided(), Parameters=given(secret), **IAM) == "CREATE_COMPLETE", s.lines()
    previous = [{"ParameterKey": "Word", "UsePreviousValue": True}, {"ParameterKey": "Open", "UsePreviousValue": True}]
    assert s.update(confided(P=parameter({"Fn::GetAtt": "C.Echo"}, f"/{s.name}/p")), Parameters=previous, **IAM) == "UPDATE_COMPLETE", s.lines()
    assert client("ssm").get_parameter(Name=f"/{s.name}/p")["Parameter"]["Value"] == "answer-" + secret
    assert secret not in str(s.events()) + str(s.describe())


def test_what_is_made_of_a_secret_is_no_less_secret(client, stack, word):  # noqa: F811
    """Encoded, cut, joined: events show what the template makes of ****."""
    s, secret = stack(), word()
    encoded = base64.b64encode(secret.encode()).decode()
    told = {"Code": {"Fn::Base64": {"Ref": "Word"}}, "Cut": {"Fn::Select": [1, {"Fn::Split": ["-", {"Fn::Sub": "${Word}-x"}]}]},
            "Listed": {"Fn::Join": ["+", {"Ref": "Words"}]}, "Open": "open"}
    body = {**a_function(ANSWERS), "C": custom(Echo={"Ref": "Word"}, Hide="true", **told),
            "D": custom(Echo={"Fn::Base64": {"Fn::GetAtt": "C.Echo"}})}
    t = template(body, Parameters={"Word": {"Type": "String", "NoEcho": True}, "Words": {"Type": "CommaDelimitedList", "NoEcho": True}})
    given = [{"ParameterKey": "Word", "ParameterValue": secret}, {"ParameterKey": "Words", "ParameterValue": secret[7:20] + ",b"}]
    assert s.create(t, Parameters=given, **IAM) == "CREATE_COMPLETE", s.lines()
    assert s.delete() == "DELETE_COMPLETE", s.lines()
    shown = {e["LogicalResourceId"]: json.loads(e["ResourceProperties"]) for e in s.events() if e.get("ResourceProperties")}
    assert (shown["C"]["Code"], shown["C"]["Listed"], shown["C"]["Open"]) == (base64.b64encode(b"****").decode(), "****+****", "open")
    everything = str(s.events())
    assert not [x for x in (secret, secret[7:], encoded, secret[7:20]) if x in everything]


@pytest.mark.parametrize("whose", ["the house's", "the customer's"])
def test_a_functions_environment_lies_sealed(server, client, functions, word, whose):
    secret, other, kms, given = word(), word(), client("kms"), {}
    if whose == "the customer's":
        given["KMSKeyArn"] = kms.create_key()["KeyMetadata"]["Arn"]
    name = functions.make("def handler(event, context): pass", Environment={"Variables": {"WORD": secret}}, **given)
    functions.lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"WORD": other}})
    assert functions.lam.get_function_configuration(FunctionName=name)["Environment"]["Variables"] == {"WORD": other}
    assert files_with(server.state, name) and files_with(server.state, secret, other) == []
    if given:
        kms.disable_key(KeyId=given["KMSKeyArn"])
        shown = functions.lam.get_function_configuration(FunctionName=name)["Environment"]
        assert "Variables" not in shown and "AccessDenied" in shown["Error"]["ErrorCode"]
        kms.schedule_key_deletion(KeyId=given["KMSKeyArn"], PendingWindowInDays=7)
