# SPDX-License-Identifier: MIT
"""kms through boto3: keys and their states, who may by key policy, identity policy and grant, contexts, aliases."""
import base64
import datetime
import glob
import json
import os
import time

import pytest
from botocore.exceptions import ClientError

SECRET = b"the plain text that no log may hold 7f3a"


def root(account):
    return f"arn:aws:iam::{account}:root"


def statement(principal, *actions, effect="Allow", sid="S", **more):
    return {"Sid": sid, "Effect": effect, "Principal": principal if isinstance(principal, (dict, str)) else
            {"AWS": principal}, "Action": list(actions), "Resource": "*", **more}


@pytest.fixture
def policy(server):
    """policy(*statements, delegate=...): a key policy under which dev's administrator keeps the key in hand."""
    def make(*statements, actions=("kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey", "kms:ListKeyPolicies")):
        mine = statement({"AWS": root(server.accounts["dev"]["id"])}, *actions, sid="Administration")
        return json.dumps({"Version": "2012-10-17", "Statement": [mine, *statements]})
    return make


@pytest.fixture
def key(client):
    """key(**CreateKey's): its metadata."""
    return lambda **kw: client("kms").create_key(**kw)["KeyMetadata"]


def usable(kms, key_id, context=None):
    """Encrypts and decrypts; what came back must be what went in."""
    more = {"EncryptionContext": context} if context else {}
    sealed = kms.encrypt(KeyId=key_id, Plaintext=SECRET, **more)["CiphertextBlob"]
    assert SECRET not in sealed
    assert kms.decrypt(CiphertextBlob=sealed, **more)["Plaintext"] == SECRET
    return sealed


# ---- keys ----

def test_a_new_key_is_described_and_listed(client, server, key):
    kms = client("kms")
    m = key(Description="for tests", Tags=[{"TagKey": "team", "TagValue": "ml"}])
    assert m["KeyState"] == "Enabled" and m["Enabled"] and m["KeySpec"] == "SYMMETRIC_DEFAULT"
    assert m["Arn"] == f"arn:aws:kms:us-east-1:{server.accounts['dev']['id']}:key/{m['KeyId']}"
    assert m["AWSAccountId"] == server.accounts["dev"]["id"] and m["KeyManager"] == "CUSTOMER"
    assert kms.describe_key(KeyId=m["KeyId"])["KeyMetadata"] == kms.describe_key(KeyId=m["Arn"])["KeyMetadata"] == m
    assert kms.list_resource_tags(KeyId=m["KeyId"])["Tags"] == [{"TagKey": "team", "TagValue": "ml"}]
    kms.update_key_description(KeyId=m["KeyId"], Description="better")
    assert kms.describe_key(KeyId=m["KeyId"])["KeyMetadata"]["Description"] == "better"
    found = [k for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}) for k in page["Keys"]]
    assert {"KeyId": m["KeyId"], "KeyArn": m["Arn"]} in found
    assert len({k["KeyId"] for k in found}) == len(found)


@pytest.mark.parametrize("wanted", [{"KeySpec": "RSA_2048"}, {"KeyUsage": "SIGN_VERIFY"}, {"Origin": "EXTERNAL"},
                                    {"MultiRegion": True}, {"CustomerMasterKeySpec": "HMAC_256"}])
def test_other_kinds_of_key_are_refused_in_words(client, refuses, wanted):
    with refuses("UnsupportedOperationException"):
        client("kms").create_key(**wanted)


def test_tags_are_added_replaced_and_taken_away(client, key, refuses):
    kms, k = client("kms"), key()["KeyId"]
    kms.tag_resource(KeyId=k, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}])
    kms.tag_resource(KeyId=k, Tags=[{"TagKey": "b", "TagValue": "3"}])
    kms.untag_resource(KeyId=k, TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=k)["Tags"] == [{"TagKey": "b", "TagValue": "3"}]
    with refuses("TagException"):
        kms.tag_resource(KeyId=k, Tags=[{"TagKey": "aws:x", "TagValue": "1"}])


def test_states_disabled_pending_and_back(client, key, refuses):
    kms, k = client("kms"), key()["KeyId"]
    sealed = usable(kms, k)
    kms.disable_key(KeyId=k)
    for use in (lambda: kms.encrypt(KeyId=k, Plaintext=b"x"), lambda: kms.decrypt(CiphertextBlob=sealed),
                lambda: kms.generate_data_key(KeyId=k, KeySpec="AES_256")):
        with refuses("DisabledException", "is disabled"):
            use()
    kms.enable_key(KeyId=k)
    for days in (6, 31):
        with refuses("ValidationException"):
            kms.schedule_key_deletion(KeyId=k, PendingWindowInDays=days)
    gone = kms.schedule_key_deletion(KeyId=k, PendingWindowInDays=7)
    assert gone["KeyState"] == "PendingDeletion"
    left = gone["DeletionDate"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=6, hours=23) < left < datetime.timedelta(days=7, minutes=1)
    for use in (lambda: kms.decrypt(CiphertextBlob=sealed), lambda: kms.enable_key(KeyId=k),
                lambda: kms.schedule_key_deletion(KeyId=k), lambda: kms.create_alias(AliasName="alias/x", TargetKeyId=k)):
        with refuses("KMSInvalidStateException", "pending deletion"):
            use()
    assert kms.describe_key(KeyId=k)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=k)
    assert kms.describe_key(KeyId=k)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=k)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == SECRET
    with refuses("KMSInvalidStateException"):
        kms.cancel_key_deletion(KeyId=k)


def test_rotation_settings_are_kept(client, key):
    kms, k = client("kms"), key()["KeyId"]
    assert kms.get_key_rotation_status(KeyId=k)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=k)
    assert kms.get_key_rotation_status(KeyId=k)["KeyRotationEnabled"] is True
    kms.disable_key_rotation(KeyId=k)
    assert kms.get_key_rotation_status(KeyId=k)["KeyRotationEnabled"] is False


def test_what_does_not_exist(client, role, document, refuses):
    kms = client("kms")
    with refuses("NotFoundException"):
        kms.describe_key(KeyId="11111111-2222-3333-4444-555555555555")
    with refuses("NotFoundException", "alias/none is not found"):
        kms.encrypt(KeyId="alias/none", Plaintext=b"x")
    with refuses("NotFoundException"):
        kms.describe_key(KeyId="arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555")
    for bad in ("arn:aws:s3:::bucket", "arn:aws:kms:us-east-1:12:key/x", "arn:aws:kms:us-east-1:111122223333:nothing",
                'arn:aws:kms:us-east-1:1111","X":"2:key/x'):
        with refuses("InvalidArnException"):
            kms.describe_key(KeyId=bad)
    nobody = role(document(Action="s3:*"))
    with refuses("AccessDeniedException"):  # who may not use keys is not told which exist
        nobody.client("kms").describe_key(KeyId="11111111-2222-3333-4444-555555555555")


# ---- use ----

def test_data_keys(client, key, refuses):
    kms, k = client("kms"), key()
    made = kms.generate_data_key(KeyId=k["KeyId"], KeySpec="AES_256", EncryptionContext={"a": "b"})
    assert len(made["Plaintext"]) == 32 and made["KeyId"] == k["Arn"]
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})["Plaintext"] == made["Plaintext"]
    assert len(kms.generate_data_key(KeyId=k["KeyId"], KeySpec="AES_128")["Plaintext"]) == 16
    assert len(kms.generate_data_key(KeyId=k["KeyId"], NumberOfBytes=1024)["Plaintext"]) == 1024
    hidden = kms.generate_data_key_without_plaintext(KeyId=k["KeyId"], KeySpec="AES_256")
    assert "Plaintext" not in hidden and len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 32
    for bad in ({}, {"KeySpec": "AES_256", "NumberOfBytes": 32}):
        with refuses("ValidationException"):
            kms.generate_data_key(KeyId=k["KeyId"], **bad)


def test_the_context_is_bound_whatever_its_order(client, key, refuses):
    kms, k = client("kms"), key()["KeyId"]
    sealed = kms.encrypt(KeyId=k, Plaintext=SECRET, EncryptionContext={"b": "2", "a": "1", "ab": ""})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"ab": "", "a": "1", "b": "2"})["Plaintext"] == SECRET
    for wrong in ({}, {"a": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2", "ab": "x"}, {"a": "1", "b": "2", "ab": "", "c": ""},
                  {"a": "2", "b": "1", "ab": ""}, {"A": "1", "b": "2", "ab": ""}):
        with refuses("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=sealed, EncryptionContext=wrong)
    plain = kms.encrypt(KeyId=k, Plaintext=SECRET)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=plain, EncryptionContext={})["Plaintext"] == SECRET


def test_ciphertexts_that_are_none(client, key, refuses):
    kms, k, other = client("kms"), key()["KeyId"], key()["KeyId"]
    sealed = usable(kms, k)
    for bad in (b"x", b"\x01\x00", sealed[:-1], sealed + b"x", sealed[:90] + bytes([sealed[90] ^ 1]) + sealed[91:],
                bytes([sealed[0] ^ 1]) + sealed[1:]):
        with refuses("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=bad)
    assert kms.decrypt(CiphertextBlob=sealed, KeyId=k)["Plaintext"] == SECRET
    with refuses("IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=sealed, KeyId=other)
    # the name of another key written into the blob does not make it that key's
    with refuses("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=sealed.replace(k.encode(), other.encode()))


def test_limits_of_plaintext_and_context(client, key, refuses):
    kms, k = client("kms"), key()["KeyId"]
    assert kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=k, Plaintext=b"\0" * 4096)["CiphertextBlob"])["Plaintext"] == b"\0" * 4096
    with refuses("ValidationException"):
        kms.encrypt(KeyId=k, Plaintext=b"\0" * 4097)
    with refuses("ValidationException", "context"):
        kms.encrypt(KeyId=k, Plaintext=b"x", EncryptionContext={"a": "x" * 9000})
    with refuses("InvalidKeyUsageException"):
        kms.encrypt(KeyId=k, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")


# ---- aliases ----

def test_aliases_name_keys(client, server, key, name, refuses):
    kms, k, other = client("kms"), key(), key()
    alias = f"alias/{name}"
    arn = f"arn:aws:kms:us-east-1:{server.accounts['dev']['id']}:{alias}"
    kms.create_alias(AliasName=alias, TargetKeyId=k["KeyId"])
    with refuses("AlreadyExistsException"):
        kms.create_alias(AliasName=alias, TargetKeyId=other["KeyId"])
    sealed = usable(kms, alias)
    usable(kms, arn)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == k["KeyId"]
    assert [a["AliasArn"] for a in kms.list_aliases(KeyId=k["KeyId"])["Aliases"]] == [arn]
    kms.update_alias(AliasName=alias, TargetKeyId=other["Arn"])
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyId"] == other["KeyId"]
    assert kms.list_aliases(KeyId=k["KeyId"])["Aliases"] == []
    assert kms.decrypt(CiphertextBlob=sealed)["KeyId"] == k["Arn"]
    every = [a for p in kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 1}) for a in p["Aliases"]]
    assert [a["TargetKeyId"] for a in every if a["AliasName"] == alias] == [other["KeyId"]]
    kms.delete_alias(AliasName=alias)
    with refuses("NotFoundException"):
        kms.delete_alias(AliasName=alias)
    for bad in ("alias/", "name", "alias/aws/mine", "alias/a b"):
        with pytest.raises(ClientError) as e:
            kms.create_alias(AliasName=bad, TargetKeyId=k["KeyId"])
        assert e.value.response["Error"]["Code"] in ("InvalidAliasNameException", "AccessDeniedException")


def test_an_alias_needs_rights_on_both(client, server, key, name, role, document, refuses):
    k, account = key(), server.accounts["dev"]["id"]
    alias = f"arn:aws:kms:us-east-1:{account}:alias/{name}"
    with refuses("AccessDeniedException", "identity-based", k["Arn"]):
        role(document(Action="kms:CreateAlias", Resource=alias)).client("kms").create_alias(
            AliasName=f"alias/{name}", TargetKeyId=k["KeyId"])
    with refuses("AccessDeniedException", "identity-based", alias):
        role(document(Action="kms:CreateAlias", Resource=k["Arn"])).client("kms").create_alias(
            AliasName=f"alias/{name}", TargetKeyId=k["KeyId"])
    role(document(Action="kms:CreateAlias", Resource=[k["Arn"], alias])).client("kms").create_alias(
        AliasName=f"alias/{name}", TargetKeyId=k["KeyId"])


# ---- key policies ----

def test_the_policy_is_kept_byte_by_byte(client, key, policy, refuses):
    kms = client("kms")
    text = json.dumps(json.loads(policy(statement("*", "kms:Decrypt", sid="Second", effect="Deny"))), indent=3) + "\n"
    k = key(Policy=text)["KeyId"]
    assert kms.get_key_policy(KeyId=k, PolicyName="default")["Policy"] == text
    again = text.replace("Second", "Third one")
    kms.put_key_policy(KeyId=k, PolicyName="default", Policy=again)
    assert kms.get_key_policy(KeyId=k, PolicyName="default")["Policy"] == again
    assert kms.list_key_policies(KeyId=k)["PolicyNames"] == ["default"]
    with refuses("NotFoundException"):
        kms.get_key_policy(KeyId=k, PolicyName="other")


def test_policies_that_are_refused(client, key, server, policy, refuses):
    kms, k = client("kms"), key()["KeyId"]
    before = kms.get_key_policy(KeyId=k, PolicyName="default")["Policy"]
    account = server.accounts["dev"]["id"]
    for bad in ("{", "[]", '{"Statement":[{"Effect":"Maybe","Principal":"*","Action":"kms:*","Resource":"*"}]}',
                policy(statement({"AWS": f"arn:aws:iam::{account}:role/nobody-has-this"}, "kms:Decrypt"))):
        with refuses("MalformedPolicyDocumentException"):
            kms.put_key_policy(KeyId=k, PolicyName="default", Policy=bad)
    locked = json.dumps({"Version": "2012-10-17", "Statement": [statement({"AWS": root(account)}, "kms:Decrypt")]})
    with refuses("MalformedPolicyDocumentException", "will not allow you to update the key policy in the future"):
        kms.put_key_policy(KeyId=k, PolicyName="default", Policy=locked)
    with refuses("MalformedPolicyDocumentException"):
        kms.create_key(Policy=locked)
    assert kms.get_key_policy(KeyId=k, PolicyName="default")["Policy"] == before
    kms.put_key_policy(KeyId=k, PolicyName="default", Policy=locked, BypassPolicyLockoutSafetyCheck=True)
    with refuses("AccessDeniedException", "resource-based"):  # and now nobody can, the administrator included
        kms.put_key_policy(KeyId=k, PolicyName="default", Policy=before)


def test_without_delegation_identity_policies_count_for_nothing(client, key, policy, role, document, refuses):
    k = key(Policy=policy())["KeyId"]
    for kms in (role(document(Action="kms:*")).client("kms"), client("kms")):
        with refuses("AccessDeniedException", "because no resource-based policy allows the kms:Encrypt action"):
            kms.encrypt(KeyId=k, Plaintext=b"x")


def test_with_delegation_the_identity_policy_decides(key, role, document, refuses):
    k = key()["Arn"]
    usable(role(document(Action=["kms:Encrypt", "kms:Decrypt"], Resource=k)).client("kms"), k)
    with refuses("AccessDeniedException", "because no identity-based policy allows the kms:Encrypt action", k):
        role(document(Action="kms:Decrypt", Resource=k)).client("kms").encrypt(KeyId=k, Plaintext=b"x")


def test_a_role_named_in_the_policy_needs_no_identity_policy(client, key, policy, role, refuses):
    named, other = role(), role()
    k = key(Policy=policy(statement({"AWS": named.arn}, "kms:Encrypt", "kms:Decrypt", sid="Named")))["KeyId"]
    usable(named.client("kms"), k)
    with refuses("AccessDeniedException"):
        other.client("kms").encrypt(KeyId=k, Plaintext=b"x")
    with refuses("AccessDeniedException", "kms:GenerateDataKey"):
        named.client("kms").generate_data_key(KeyId=k, KeySpec="AES_256")


def test_a_user_named_in_the_policy(key, policy, user):
    u = user()
    usable(u.client("kms"), key(Policy=policy(statement({"AWS": u.arn}, "kms:Encrypt", "kms:Decrypt")))["KeyId"])


def test_a_role_made_again_is_someone_else(client, key, policy, role, refuses):
    first = role(name="again-" + os.urandom(4).hex())
    k = key(Policy=policy(statement({"AWS": first.arn}, "kms:Encrypt", "kms:Decrypt")))["KeyId"]
    usable(first.client("kms"), k)
    client("iam").delete_role(RoleName=first.name)
    second = role(name=first.name)
    assert second.arn == first.arn
    with refuses("AccessDeniedException"):
        second.client("kms").encrypt(KeyId=k, Plaintext=b"x")


def test_removal_from_the_key_policy_ends_the_right_at_once(client, key, policy, role, refuses):
    kms, r = client("kms"), role()
    k = key(Policy=policy(statement({"AWS": r.arn}, "kms:Encrypt", "kms:Decrypt")))["KeyId"]
    mine = r.client("kms")
    sealed = usable(mine, k)
    kms.put_key_policy(KeyId=k, PolicyName="default", Policy=policy())
    with refuses("AccessDeniedException", "because no resource-based policy allows the kms:Decrypt action"):
        mine.decrypt(CiphertextBlob=sealed)


def test_across_accounts_both_sides_must_allow(server, key, policy, role, document, refuses):
    k = key(Policy=policy(statement({"AWS": root(server.accounts["staging"]["id"])}, "kms:Encrypt", "kms:Decrypt",
                                    "kms:DescribeKey", "kms:PutKeyPolicy")))
    far = role(document(Action="kms:*"), profile="staging").client("kms")
    sealed = usable(far, k["Arn"])
    assert far.describe_key(KeyId=k["Arn"])["KeyMetadata"]["AWSAccountId"] == server.accounts["dev"]["id"]
    with refuses("AccessDeniedException", "resource-based"):
        far.generate_data_key(KeyId=k["Arn"], KeySpec="AES_256")
    with refuses("AccessDeniedException", "identity-based"):
        role(document(Action="kms:DescribeKey"), profile="staging").client("kms").decrypt(CiphertextBlob=sealed)
    with refuses("AccessDeniedException", "resource-based"):
        role(document(Action="kms:*"), profile="prod").client("kms").decrypt(CiphertextBlob=sealed)
    with refuses("AccessDeniedException"):  # not an operation across accounts, whatever the policy says
        far.put_key_policy(KeyId=k["Arn"], PolicyName="default", Policy=policy())
    with refuses("NotFoundException"):  # an id alone means the caller's own account
        far.describe_key(KeyId=k["KeyId"])


def test_a_denial_names_an_explicit_deny(client, key, policy, refuses):
    k = key(Policy=policy(statement({"AWS": "*"}, "kms:Encrypt"),
                          statement({"AWS": "*"}, "kms:Encrypt", effect="Deny", sid="DenyNoVPC",
                                    Condition={"StringNotEquals": {"aws:sourceVpce": "vpce-1"},
                                               "Bool": {"aws:ViaAWSService": "false"}})))["KeyId"]
    with refuses("AccessDeniedException", "with an explicit deny in a resource-based policy"):
        client("kms").encrypt(KeyId=k, Plaintext=b"x")


@pytest.mark.parametrize("condition,context,allowed", [
    ({"StringEquals": {"kms:EncryptionContext:team": "ml"}}, {"team": "ml", "more": "x"}, True),
    ({"StringEquals": {"kms:EncryptionContext:team": "ml"}}, {"team": "ops"}, False),
    ({"StringEquals": {"kms:EncryptionContext:team": "ml"}}, None, False),
    ({"StringEquals": {"kms:EncryptionContext:team": "ml"}}, {"team": "ml", "Team": "ops"}, False),  # keys have no case: which is it?
    ({"StringEquals": {"kms:EncryptionContext:team": "ml"}}, {"Team": "ops", "team": "ml"}, False),
    ({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team", "job"]}}, {"team": "x", "job": "y"}, True),
    ({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team", "job"]}}, {"team": "x", "who": "y"}, False),
    ({"Null": {"kms:EncryptionContextKeys": "false"}}, None, False),
    ({"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT"}}, None, True),
    ({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}, None, False),
    ({"Null": {"kms:ViaService": "true"}}, None, True),
    ({"Bool": {"aws:ViaAWSService": "false"}}, None, True),
])
def test_condition_keys(key, policy, role, refuses, condition, context, allowed):
    r = role()
    k = key(Policy=policy(statement({"AWS": r.arn}, "kms:Encrypt", "kms:Decrypt", Condition=condition)))["KeyId"]
    if allowed:
        usable(r.client("kms"), k, context)
    else:
        with refuses("AccessDeniedException"):
            usable(r.client("kms"), k, context)


def test_alias_and_caller_conditions(client, server, key, policy, role, name, refuses):
    r = role()
    kms, account = client("kms"), server.accounts["dev"]["id"]
    k = key(Policy=policy(
        statement({"AWS": r.arn}, "kms:Encrypt", Condition={"StringEquals": {
            "kms:RequestAlias": f"alias/{name}", "kms:CallerAccount": account}}),
        statement({"AWS": r.arn}, "kms:GenerateDataKey", sid="T", Condition={"ForAnyValue:StringEquals": {
            "kms:ResourceAliases": f"alias/{name}"}}), actions=["kms:*"]))["KeyId"]
    mine = r.client("kms")
    with refuses("AccessDeniedException"):
        mine.generate_data_key(KeyId=k, KeySpec="AES_256")
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=k)
    mine.encrypt(KeyId=f"alias/{name}", Plaintext=b"x")
    mine.generate_data_key(KeyId=k, KeySpec="AES_256")
    with refuses("AccessDeniedException"):
        mine.encrypt(KeyId=k, Plaintext=b"x")


# ---- from one key to another ----

def test_re_encrypt(client, key, name, refuses):
    kms, a, b = client("kms"), key()["Arn"], key()["Arn"]
    sealed = kms.encrypt(KeyId=a, Plaintext=SECRET, EncryptionContext={"of": "a"})["CiphertextBlob"]
    got = kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext={"of": "a"}, DestinationKeyId=b,
                         DestinationEncryptionContext={"of": "b"})
    assert (got["SourceKeyId"], got["KeyId"]) == (a, b)
    assert (got["SourceEncryptionAlgorithm"], got["DestinationEncryptionAlgorithm"]) == ("SYMMETRIC_DEFAULT",) * 2
    assert kms.decrypt(CiphertextBlob=got["CiphertextBlob"], EncryptionContext={"of": "b"})["Plaintext"] == SECRET
    with refuses("InvalidCiphertextException"):
        kms.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=b)
    with refuses("IncorrectKeyException"):
        kms.re_encrypt(CiphertextBlob=sealed, SourceKeyId=b, SourceEncryptionContext={"of": "a"}, DestinationKeyId=b)
    with refuses("NotFoundException"):
        kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext={"of": "a"}, DestinationKeyId=f"alias/{name}")
    with refuses("DryRunOperationException"):
        kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext={"of": "a"}, DestinationKeyId=b, DryRun=True)
    for off in (a, b):
        kms.disable_key(KeyId=off)
        with refuses("DisabledException"):
            kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext={"of": "a"}, DestinationKeyId=b)
        kms.enable_key(KeyId=off)


def test_re_encrypt_needs_both_keys(client, key, role, document, refuses):
    """Each side is judged by its own encryption context: neither lends the other what it lacks."""
    kms, a, b = client("kms"), key()["Arn"], key()["Arn"]
    sealed = kms.encrypt(KeyId=a, Plaintext=b"x", EncryptionContext={"of": "a"})["CiphertextBlob"]

    def of(right, arn, side, **conditions):
        return {"Effect": "Allow", "Action": "kms:" + right, "Resource": arn,
                "Condition": {"StringEquals": {"kms:EncryptionContext:of": side, **conditions}}}

    def ask(*statements, context="b", to=b):
        return role(document(*statements)).client("kms").re_encrypt(
            CiphertextBlob=sealed, SourceEncryptionContext={"of": "a"}, DestinationKeyId=to,
            DestinationEncryptionContext={"of": context})["KeyId"]

    source, target = of("ReEncryptFrom", a, "a"), of("ReEncryptTo", b, "b")
    assert ask(source, target) == b
    with refuses("AccessDeniedException", "kms:ReEncryptTo", b):
        ask(source)
    with refuses("AccessDeniedException", "kms:ReEncryptFrom", a):
        ask(target)
    with refuses("AccessDeniedException", "kms:ReEncryptTo", b):
        ask(source, target, context="a")
    with refuses("AccessDeniedException", "kms:ReEncryptFrom", a):
        ask(of("ReEncryptFrom", a, "b"), target)
    same = of("ReEncryptFrom", a, "a", **{"kms:ReEncryptOnSameKey": "true"})
    with refuses("AccessDeniedException", "kms:ReEncryptFrom", a):
        ask(same, target)
    assert ask(same, of("ReEncryptTo", a, "b", **{"kms:ReEncryptOnSameKey": "true"}), to=a) == a


@pytest.mark.parametrize("side,context,allowed", [("a", "b", True), ("b", "b", False), ("a", "a", False)])
def test_re_encrypt_by_grants(client, key, policy, role, refuses, side, context, allowed):
    kms, r = client("kms"), role()
    a, b = (key(Policy=policy(actions=["kms:*"]))["KeyId"] for _ in "ab")
    for k, right, bound in ((a, "ReEncryptFrom", side), (b, "ReEncryptTo", context)):
        kms.create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=[right],
                         Constraints={"EncryptionContextEquals": {"of": bound}})
    sealed = kms.encrypt(KeyId=a, Plaintext=b"x", EncryptionContext={"of": "a"})["CiphertextBlob"]
    ask = {"CiphertextBlob": sealed, "SourceEncryptionContext": {"of": "a"}, "DestinationKeyId": b,
           "DestinationEncryptionContext": {"of": "b"}}
    if allowed:
        assert r.client("kms").re_encrypt(**ask)["KeyId"].endswith(b)
        return
    with refuses("AccessDeniedException"):
        r.client("kms").re_encrypt(**ask)


# ---- grants ----

def test_a_grant_lets_its_grantee_in(client, key, policy, role, refuses):
    kms, r, other = client("kms"), role(), role()
    k = key(Policy=policy(actions=["kms:*"]))["KeyId"]
    with refuses("AccessDeniedException"):
        r.client("kms").encrypt(KeyId=k, Plaintext=b"x")
    made = kms.create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["Encrypt", "Decrypt"], Name="n")
    sealed = usable(r.client("kms"), k)
    r.client("kms").decrypt(CiphertextBlob=sealed, GrantTokens=[made["GrantToken"]])
    with refuses("InvalidGrantTokenException"):
        r.client("kms").decrypt(CiphertextBlob=sealed, GrantTokens=["nonsense"])
    with refuses("AccessDeniedException"):
        other.client("kms").decrypt(CiphertextBlob=sealed)
    with refuses("AccessDeniedException"):
        r.client("kms").generate_data_key(KeyId=k, KeySpec="AES_256")
    again = kms.create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["Encrypt", "Decrypt"], Name="n")
    assert again["GrantId"] == made["GrantId"]
    listed = kms.list_grants(KeyId=k)["Grants"]
    assert [(g["GrantId"], g["GranteePrincipal"], sorted(g["Operations"]), g["Name"]) for g in listed] == [
        (made["GrantId"], r.arn, ["Decrypt", "Encrypt"], "n")]
    kms.revoke_grant(KeyId=k, GrantId=made["GrantId"])
    with refuses("AccessDeniedException"):
        r.client("kms").decrypt(CiphertextBlob=sealed)
    with refuses("NotFoundException"):
        kms.revoke_grant(KeyId=k, GrantId=made["GrantId"])


@pytest.mark.parametrize("kind,context,allowed", [
    ("EncryptionContextEquals", {"job": "1", "team": "ml"}, True),
    ("EncryptionContextEquals", {"job": "1"}, False),
    ("EncryptionContextEquals", {"job": "1", "team": "ml", "x": "y"}, False),
    ("EncryptionContextEquals", None, False),
    ("EncryptionContextSubset", {"job": "1", "team": "ml", "x": "y"}, True),
    ("EncryptionContextSubset", {"job": "1", "team": "ops"}, False),
    ("EncryptionContextSubset", None, False),
])
def test_constraints_of_grants(client, key, policy, role, refuses, kind, context, allowed):
    r, k = role(), key(Policy=policy(actions=["kms:*"]))["KeyId"]
    client("kms").create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["Encrypt", "Decrypt", "DescribeKey"],
                               Constraints={kind: {"job": "1", "team": "ml"}})
    r.client("kms").describe_key(KeyId=k)  # no context there to be constrained
    if allowed:
        usable(r.client("kms"), k, context)
    else:
        with refuses("AccessDeniedException"):
            usable(r.client("kms"), k, context)


def test_a_grant_made_by_right_of_a_grant_is_no_wider(client, key, policy, role, refuses):
    kms, r, third = client("kms"), role(), role()
    k = key(Policy=policy(actions=["kms:*"]))["KeyId"]
    kms.create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["CreateGrant", "Encrypt", "Decrypt"],
                     Constraints={"EncryptionContextSubset": {"job": "1"}})
    mine = r.client("kms")
    with refuses("AccessDeniedException"):
        mine.create_grant(KeyId=k, GranteePrincipal=third.arn, Operations=["Encrypt", "GenerateDataKey"],
                          Constraints={"EncryptionContextSubset": {"job": "1"}})
    with refuses("AccessDeniedException"):
        mine.create_grant(KeyId=k, GranteePrincipal=third.arn, Operations=["Encrypt"])
    mine.create_grant(KeyId=k, GranteePrincipal=third.arn, Operations=["Encrypt", "Decrypt"],
                      Constraints={"EncryptionContextEquals": {"job": "1", "x": "y"}})
    usable(third.client("kms"), k, {"job": "1", "x": "y"})


def test_an_explicit_deny_is_stronger_than_a_grant(client, key, policy, role, document, refuses):
    r = role(document({"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}))
    k = key(Policy=policy(actions=["kms:*"]))["KeyId"]
    client("kms").create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["Encrypt"])
    with refuses("AccessDeniedException", "explicit deny in an identity-based policy"):
        r.client("kms").encrypt(KeyId=k, Plaintext=b"x")


def test_a_grantee_made_again_is_someone_else(client, key, policy, role, refuses):
    kms, first = client("kms"), role(name="grantee-" + os.urandom(4).hex())
    k = key(Policy=policy(actions=["kms:*"]))["KeyId"]
    kms.create_grant(KeyId=k, GranteePrincipal=first.arn, Operations=["Encrypt", "Decrypt"])
    usable(first.client("kms"), k)
    client("iam").delete_role(RoleName=first.name)
    with refuses("AccessDeniedException"):
        role(name=first.name).client("kms").encrypt(KeyId=k, Plaintext=b"x")


def test_grants_across_accounts(client, key, policy, role, refuses):
    far = role(profile="staging")
    k = key(Policy=policy(actions=["kms:*"]))
    client("kms").create_grant(KeyId=k["KeyId"], GranteePrincipal=far.arn, Operations=["Encrypt", "Decrypt"])
    usable(far.client("kms"), k["Arn"])


def test_grants_for_aws_resources_only(client, key, policy, role, refuses):
    r = role()
    k = key(Policy=policy(statement({"AWS": r.arn}, "kms:CreateGrant",
                                    Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})))["KeyId"]
    with refuses("AccessDeniedException"):
        r.client("kms").create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["Decrypt"])


@pytest.mark.parametrize("condition", [
    {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "DescribeKey"]}},
    {"StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"}},
    {"ArnLike": {"kms:GranteePrincipal": "arn:aws:iam::*:role/only-this"}},
])
def test_conditions_on_making_grants(client, key, policy, role, refuses, condition):
    r = role()
    k = key(Policy=policy(statement({"AWS": r.arn}, "kms:CreateGrant", Condition=condition)))["KeyId"]
    with refuses("AccessDeniedException"):
        r.client("kms").create_grant(KeyId=k, GranteePrincipal=r.arn, Operations=["Decrypt", "Encrypt"])


def test_retiring_is_the_grants_own_affair(client, key, policy, role, document, refuses):
    kms, grantee, retiring, other = client("kms"), role(), role(), role(document(Action="s3:*"))
    k = key(Policy=policy(statement({"AWS": other.arn}, "kms:RetireGrant"), actions=["kms:*"]))

    def make(**more):
        return kms.create_grant(KeyId=k["KeyId"], GranteePrincipal=grantee.arn, Operations=["Encrypt"], **more)

    g = make(RetiringPrincipal=retiring.arn)
    for nobody in (grantee, other):  # the key's policy does not count here
        with refuses("AccessDeniedException"):
            nobody.client("kms").retire_grant(GrantToken=g["GrantToken"])
        with refuses("AccessDeniedException"):
            nobody.client("kms").retire_grant(KeyId=k["Arn"], GrantId=g["GrantId"])
    assert [x["GrantId"] for x in kms.list_retirable_grants(RetiringPrincipal=retiring.arn)["Grants"]] == [g["GrantId"]]
    retiring.client("kms").retire_grant(GrantToken=g["GrantToken"])
    assert kms.list_grants(KeyId=k["KeyId"])["Grants"] == []
    with refuses("InvalidGrantTokenException"):
        retiring.client("kms").retire_grant(GrantToken=g["GrantToken"])

    g = kms.create_grant(KeyId=k["KeyId"], GranteePrincipal=grantee.arn, Operations=["Encrypt", "RetireGrant"])
    grantee.client("kms").retire_grant(KeyId=k["Arn"], GrantId=g["GrantId"])
    g = make()
    kms.retire_grant(KeyId=k["Arn"], GrantId=g["GrantId"])  # the issuing account, by identity policy
    with refuses("NotFoundException"):
        kms.retire_grant(KeyId=k["Arn"], GrantId=g["GrantId"])
    g = make()
    with refuses("ValidationException"):
        kms.retire_grant(GrantToken=g["GrantToken"], KeyId=k["Arn"], GrantId=g["GrantId"])
    with refuses("AccessDeniedException"):  # a request that names nothing is allowed nothing
        kms.retire_grant()


def test_bad_grants(client, key, server, refuses):
    kms, k = client("kms"), key()["KeyId"]
    account = server.accounts["dev"]["id"]
    with refuses("InvalidArnException"):
        kms.create_grant(KeyId=k, GranteePrincipal=f"arn:aws:iam::{account}:role/nobody-has-this", Operations=["Decrypt"])
    for bad in ('arn:aws:iam::1","*":root', "arn:aws:iam::12:root", "arn:aws:iam::111122223333:root x", "someone"):
        with refuses("InvalidArnException"):
            kms.create_grant(KeyId=k, GranteePrincipal=root(account), RetiringPrincipal=bad, Operations=["Decrypt"])
    with refuses("ValidationException", "name"):
        kms.create_grant(KeyId=k, GranteePrincipal=root(account), Operations=["Decrypt"], Name="a b")
    for operation in ("Sign", "Everything"):
        with refuses("ValidationException"):
            kms.create_grant(KeyId=k, GranteePrincipal=root(account), Operations=[operation])
    with refuses("ValidationException"):
        kms.create_grant(KeyId=k, GranteePrincipal=root(account), Operations=["Decrypt"],
                         Constraints={"EncryptionContextSubset": {"a": "b"}, "EncryptionContextEquals": {"a": "b"}})
    with refuses("NotFoundException"):
        kms.retire_grant(KeyId=f"arn:aws:kms:us-east-1:{account}:key/{k}", GrantId="0" * 64)


def test_many_grants_are_paged(client, key, server):
    kms, k = client("kms"), key()["KeyId"]
    made = {kms.create_grant(KeyId=k, GranteePrincipal=root(server.accounts["dev"]["id"]), Operations=["Decrypt"])["GrantId"]
            for _ in range(7)}
    pages = list(kms.get_paginator("list_grants").paginate(KeyId=k, PaginationConfig={"PageSize": 3}))
    assert [len(p["Grants"]) for p in pages] == [3, 3, 1]
    assert {g["GrantId"] for p in pages for g in p["Grants"]} == made


# ---- secrets ----

def test_nothing_plain_reaches_the_disk(client, server, key):
    kms, k = client("kms"), key()["KeyId"]
    sealed = usable(kms, k)
    made = kms.generate_data_key(KeyId=k, KeySpec="AES_256")["Plaintext"]
    request = kms.decrypt(CiphertextBlob=sealed)["ResponseMetadata"]["RequestId"]
    hidden = [SECRET, base64.b64encode(SECRET), base64.b64encode(SECRET)[:24], made, base64.b64encode(made)]
    time.sleep(0.5)
    seen = False
    for path in glob.glob(server.state + "/**", recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as f:
                text = f.read()
            assert not [h for h in hidden if h in text], path
            seen = seen or request.encode() in text
    assert seen, "the call is not in the audit log"
