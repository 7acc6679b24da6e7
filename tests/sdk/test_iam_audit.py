# SPDX-License-Identifier: MIT
"""What tools that audit an account ask IAM: the credential report, and what no account here has."""
import csv
import io
import re

import botocore.exceptions
import conftest
import pytest


def test_there_are_none(iam, user, account, refuses):
    """Lists are empty and what is asked for by name is not found, where nothing can be made: tools go on."""
    u = user().name
    for call, member in ((iam.list_mfa_devices, "MFADevices"), (iam.list_ssh_public_keys, "SSHPublicKeys"),
                         (iam.list_signing_certificates, "Certificates"),
                         (iam.list_service_specific_credentials, "ServiceSpecificCredentials")):
        assert call(UserName=u)[member] == [] == call()[member]
        with refuses("NoSuchEntity", "The user with name nobody cannot be found."):
            call(UserName="nobody")
    for call, member in ((iam.list_virtual_mfa_devices, "VirtualMFADevices"),
                         (iam.list_server_certificates, "ServerCertificateMetadataList"),
                         (iam.list_saml_providers, "SAMLProviderList"),
                         (iam.list_open_id_connect_providers, "OpenIDConnectProviderList")):
        assert call()[member] == []
    for paginator in ("list_mfa_devices", "list_virtual_mfa_devices", "list_server_certificates", "list_ssh_public_keys"):
        assert len(list(iam.get_paginator(paginator).paginate(PaginationConfig={"PageSize": 1}))) == 1
    for call in (iam.get_login_profile, iam.delete_login_profile):
        with refuses("NoSuchEntity", f"Login Profile for User {u} cannot be found."):
            call(UserName=u)
    for call in (iam.get_account_password_policy, iam.delete_account_password_policy):
        with refuses("NoSuchEntity", f"The Password Policy with domain name {account} cannot be found."):
            call()
    with refuses("ValidationError"):
        iam.list_server_certificates(PathPrefix="x")


def test_each_is_judged(user, document, refuses):
    mine = user(policy=document(Action=["iam:ListMFADevices", "iam:GetLoginProfile"], Resource="arn:aws:iam::*:user/${aws:username}"))
    other, c = user(), mine.client("iam")
    assert c.list_mfa_devices(UserName=mine.name)["MFADevices"] == [] == c.list_mfa_devices()["MFADevices"]
    with refuses("NoSuchEntity"):
        c.get_login_profile()
    for action, ask in (("ListMFADevices", lambda: c.list_mfa_devices(UserName=other.name)),
                        ("GetLoginProfile", lambda: c.get_login_profile(UserName=other.name)),
                        ("DeleteLoginProfile", lambda: c.delete_login_profile(UserName=mine.name)),
                        ("ListSSHPublicKeys", c.list_ssh_public_keys), ("ListSigningCertificates", c.list_signing_certificates),
                        ("ListServiceSpecificCredentials", c.list_service_specific_credentials),
                        ("ListVirtualMFADevices", c.list_virtual_mfa_devices),
                        ("ListServerCertificates", c.list_server_certificates), ("ListSAMLProviders", c.list_saml_providers),
                        ("ListOpenIDConnectProviders", c.list_open_id_connect_providers),
                        ("GetAccountPasswordPolicy", c.get_account_password_policy),
                        ("DeleteAccountPasswordPolicy", c.delete_account_password_policy),
                        ("GenerateCredentialReport", c.generate_credential_report),
                        ("GetCredentialReport", c.get_credential_report)):
        with refuses("AccessDenied", f"because no identity-based policy allows the iam:{action} action"):
            ask()


HEAD = """user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,
access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,
access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,
access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,
cert_2_last_rotated""".replace("\n", "").split(",")


def report(iam):
    got = iam.get_credential_report()
    assert got["ReportFormat"] == "text/csv"
    rows = csv.DictReader(io.StringIO(got["Content"].decode()))
    assert rows.fieldnames == HEAD
    return {row["user"]: row for row in rows}


def test_the_credential_report(server, refuses):
    """Of an account of its own; more users than are read at once, one with a comma in its name."""
    server.fresh_account("audited")
    iam, account = server.client("iam", "audited"), server.account("audited")["id"]
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        iam.get_credential_report()
    assert caught.value.response["Error"]["Code"] == "ReportNotPresent"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    names = [f"u{n}" for n in range(60)] + ["a,b"]
    for name in names:
        iam.create_user(UserName=name, Path="/team/")
    key = iam.create_access_key(UserName="u1")["AccessKey"]
    second = iam.create_access_key(UserName="u1")["AccessKey"]
    iam.update_access_key(UserName="u1", AccessKeyId=second["AccessKeyId"], Status="Inactive")
    rows = report(iam)
    assert set(rows) == {"<root_account>", "admin", *names}
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    for name in ("u0", "a,b"):
        row = dict(rows[name])
        assert re.fullmatch(when, row.pop("user_creation_time"))
        assert row.pop("user") == name and row.pop("arn") == f"arn:aws:iam::{account}:user/team/{name}"
        assert {k for k, v in row.items() if v == "false"} == {k for k in row if k.endswith("active") or k == "password_enabled"}
        assert set(row.values()) == {"false", "N/A"}
    states = {rows["u1"][f"access_key_{n}_active"] for n in (1, 2)}
    assert states == {"true", "false"} and re.fullmatch(when, rows["u1"]["access_key_2_last_rotated"])
    root = rows["<root_account>"]
    assert root["arn"] == f"arn:aws:iam::{account}:root" and root["password_enabled"] == "not_supported"
    assert root["access_key_1_active"] == root["mfa_active"] == "false"
    with refuses("ReportNotPresent"):  # each account has its own
        server.client("iam", "staging").get_credential_report()
    assert key["AccessKeyId"] not in str(rows)


def test_a_report_goes_stale(own_server, refuses):
    iam = own_server.client("iam")
    iam.generate_credential_report()
    conftest.shift(own_server, 4 * 3600 + 60)
    iam = own_server.client("iam")
    now = 4 * 3600 + 60
    import wire
    ask = lambda action: wire.send(own_server, wire.sign(  # noqa: E731 (boto3's own clock has not moved)
        own_server, wire.of(own_server), "iam", f"Action={action}&Version=2010-05-08".encode(), at=now))
    assert ask("GetCredentialReport").code == "ReportExpired"
    assert "<State>STARTED</State>" in ask("GenerateCredentialReport").text
    assert ask("GetCredentialReport").status == 200
