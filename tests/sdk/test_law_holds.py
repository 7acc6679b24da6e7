# SPDX-License-Identifier: MIT
"""A change of the law holds for the next request, whoever asks and on whatever thread; and what was acknowledged is
there after kill -9 of everything."""
import json
import os
import random
import signal
import subprocess
import threading
import time

import botocore.exceptions
import conftest
import pytest


def allows(ask):
    try:
        ask()
        return True
    except botocore.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] in ("AccessDenied", "InvalidClientTokenId"), e
        return False


def test_each_change_holds_for_the_next_request(server, role, document):
    """Many connections, so every thread's caches are warm with what was true before."""
    iam, r = server.client("iam"), role()
    clients = [r.client("iam") for _ in range(6)]
    for turn in range(12):
        if turn % 2 == 0:
            iam.put_role_policy(RoleName=r.name, PolicyName="p", PolicyDocument=document(Action="iam:ListRoles"))
        else:
            iam.delete_role_policy(RoleName=r.name, PolicyName="p")
        assert [allows(c.list_roles) for c in clients] == [turn % 2 == 0] * len(clients), f"turn {turn}"


def test_no_stale_answer_while_others_write(server, role, document):
    """Writers keep changing the law; a reader who has seen an acknowledgement must see its effect."""
    stop, wrong = threading.Event(), []

    def churn(n):
        iam, name = server.client("iam"), f"churn-{n}-{os.urandom(3).hex()}"
        iam.create_user(UserName=name)
        while not stop.is_set():
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(Action="iam:*"))
        iam.delete_user_policy(UserName=name, PolicyName="p")
        iam.delete_user(UserName=name)

    threads = [threading.Thread(target=churn, args=(n,)) for n in range(3)]
    for t in threads:
        t.start()
    try:
        iam, r = server.client("iam"), role()
        clients = [r.client("iam") for _ in range(4)]
        for turn in range(16):
            allow = turn % 2 == 0
            iam.put_role_policy(RoleName=r.name, PolicyName="p", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{"Effect": "Allow" if allow else "Deny", "Action": "iam:ListRoles",
                                                        "Resource": "*"}]}))
            wrong += [(turn, i) for i, c in enumerate(clients) if allows(c.list_roles) != allow]
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert not wrong


def test_writes_of_one_group_see_each_other(server, name):
    """Two writers race for one name: exactly one wins, whatever group they are committed in."""
    for turn in range(10):
        outcomes, lock = [], threading.Lock()

        def create(c):
            try:
                c.create_user(UserName=f"{name}-{turn}")
                said = "made"
            except botocore.exceptions.ClientError as e:
                said = e.response["Error"]["Code"]
            with lock:
                outcomes.append(said)

        threads = [threading.Thread(target=create, args=(server.client("iam"),)) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(outcomes) == ["EntityAlreadyExists"] * 3 + ["made"]
        server.client("iam").delete_user(UserName=f"{name}-{turn}")


# ---- kill -9 ----

def everything(server):
    roles = json.loads(server.barmkin("status", "-o", "json"))["roles"]
    return [roles["parent"]] + [p for n, p in roles.items() if n != "parent"]


def kill_all(server, pids):
    """By pid, the parent first, so that nothing is started again."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    server.process.wait(20)


class History:
    """Users made and policies put by one client, and what the server has acknowledged."""

    def __init__(self, server, n):
        self.n, self.made, self.unsure = n, {}, set()
        self.iam = server.client("iam", config=conftest.botocore.config.Config(read_timeout=5, connect_timeout=2))

    def run(self, stop):
        iam, i = self.iam, 0
        while not stop.is_set():
            name = f"k{self.n}-{i}-{os.urandom(2).hex()}"
            i += 1
            self.unsure.add(name)
            try:
                iam.create_user(UserName=name)
                self.made[name] = None
                document = conftest.document(Action=f"iam:Get{i}*")
                self.made[name] = "?"
                iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
                self.made[name] = json.loads(document)
                self.unsure.discard(name)
            except botocore.exceptions.BotoCoreError:
                return  # the server is gone: what this call did nobody knows
            except botocore.exceptions.ClientError:
                return


def check(server, histories):
    iam = server.client("iam")
    there = set()
    for page in iam.get_paginator("list_users").paginate():
        there |= {u["UserName"] for u in page["Users"]}
    for h in histories:
        for name, document in h.made.items():
            assert name in there, f"{name} was acknowledged and is lost"
            if isinstance(document, dict):
                got = iam.get_user_policy(UserName=name, PolicyName="p")["PolicyDocument"]
                assert got == document, name
    known = {n for h in histories for n in list(h.made) + list(h.unsure)}
    assert not {n for n in there if n.startswith("k")} - known


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_survives_kill_9(own_server, seed):
    server, dice, histories = own_server, random.Random(seed), []
    for turn in range(4):
        stop, mine = threading.Event(), [History(server, f"{turn}{n}") for n in range(3)]
        threads = [threading.Thread(target=h.run, args=(stop,)) for h in mine]
        pids = everything(server)
        for t in threads:
            t.start()
        time.sleep(dice.uniform(0.2, 1.2))
        kill_all(server, pids)
        stop.set()
        for t in threads:
            t.join()
        histories += mine
        server.start()
        check(server, histories)
        done = subprocess.run([conftest.BARMKIN, "audit", "verify", "--state", server.state, "-o", "json"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    assert sum(isinstance(d, dict) for h in histories for d in h.made.values()) > 10
    told = ""
    for f in sorted(os.listdir(server.state + "/front/audit")):
        if f.endswith(".ndjson"):
            with open(server.state + "/front/audit/" + f) as log:
                told += log.read()
    for h in histories:  # no acknowledged change without its record
        for name in h.made:
            assert name in told, name
