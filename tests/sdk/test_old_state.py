# SPDX-License-Identifier: MIT
"""States of earlier versions become today's when they are opened. Each test makes the older state itself, by taking out of a
new one what its migration puts in."""
import json
import os
import sqlite3
import struct

import conftest
import pytest


def entries_of(blob):
    """A record's own copy of its index entries: names and values, each behind its length."""
    words = []
    while blob:
        n, = struct.unpack_from("=I", blob)
        words.append(blob[4:4 + n])
        blob = blob[4 + n:]
    return list(zip(words[::2], words[1::2]))


def blob_of(entries):
    return b"".join(struct.pack("=I", len(word)) + word for entry in entries for word in entry)


@pytest.fixture
def older(own_server):
    """older(schema, change): the same state as a version of that schema left it; change is given the database."""
    def make(schema, change):
        own_server.stop()
        path = os.path.join(own_server.state, "front", "records.db")
        db = sqlite3.connect(path)
        owner = os.stat(path)
        change(db)
        db.execute(f"PRAGMA user_version = {schema}")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        for end in ("-wal", "-shm"):
            if os.path.exists(path + end):
                os.chown(path + end, owner.st_uid, owner.st_gid)
        own_server.start()
    return make


def without_name_keys(db):
    found = list(db.execute("SELECT record, entries, doc FROM records WHERE service = ?", (b"iam",)))
    for record, entries, doc in found:
        members = json.loads(doc)
        members.pop("NameKey", None)
        kept = [e for e in entries_of(entries) if e[0] != b"name"]
        db.execute("UPDATE records SET doc = ?, entries = ? WHERE record = ?",
                   (json.dumps(members, separators=(",", ":")).encode(), blob_of(kept), record))
    db.execute("DELETE FROM entries WHERE service = ? AND name = ?", (b"iam", b"name"))


def test_names_of_older_states_are_unique_without_regard_to_case(own_server, older, document, refuses):
    """Schema 2: NameKey of IAM's users, roles, groups, policies and instance profiles."""
    iam, trust = own_server.client("iam"), conftest.trust(Service="ec2.amazonaws.com")
    iam.create_user(UserName="Ann", Path="/team/", Tags=[{"Key": "a", "Value": "Grüße \"x\""}])
    iam.create_group(GroupName="Team")
    iam.add_user_to_group(GroupName="Team", UserName="Ann")
    iam.create_role(RoleName="Role", AssumeRolePolicyDocument=trust)
    iam.create_policy(PolicyName="Policy" + 122 * "x", PolicyDocument=document(Action="s3:GetObject"))
    iam.create_instance_profile(InstanceProfileName="Profile")
    before = iam.get_account_authorization_details()
    older(1, without_name_keys)
    iam = own_server.client("iam")
    after = iam.get_account_authorization_details()
    assert {**after, "ResponseMetadata": 0} == {**before, "ResponseMetadata": 0}
    for ask in (lambda n: iam.create_user(UserName=n("ann")), lambda n: iam.create_group(GroupName=n("team")),
                lambda n: iam.create_role(RoleName=n("role"), AssumeRolePolicyDocument=trust),
                lambda n: iam.create_policy(PolicyName=n("policy" + 122 * "x"), PolicyDocument=document(Action="s3:*")),
                lambda n: iam.create_instance_profile(InstanceProfileName=n("profile"))):
        for spelling in (str, str.upper, str.capitalize):
            with refuses("EntityAlreadyExists"):
                ask(spelling)
    with refuses("NoSuchEntity"):
        iam.get_user(UserName="ann")
    iam.update_user(UserName="Ann", NewUserName="Eve")  # what the old record's entries were is known, so they go
    iam.create_user(UserName="ANN")
    iam.delete_user(UserName="ANN")
    iam.remove_user_from_group(GroupName="Team", UserName="Eve")
    iam.delete_user(UserName="Eve")
    iam.create_user(UserName="eve")
    own_server.stop()
    own_server.start()
    own_server.client("iam").get_user(UserName="eve")
