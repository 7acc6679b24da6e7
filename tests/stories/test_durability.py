# SPDX-License-Identifier: MIT
"""What was acknowledged is there, and what is secret is nowhere."""
import os
import re
import signal
import subprocess
import time

SECRET = "a-password-that-nobody-may-find-8472"


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(x) for x in out.split()]


def kill_everything(server):
    for pid in [server.process.pid, *children(server.process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    server.process.wait()


def test_kill_9(own_server):
    """After kill -9 of every process, everything that was acknowledged is there."""
    s = own_server
    made = []
    ssm = s.client("ssm")
    for i in range(200):
        ssm.put_parameter(Name=f"/kept/{i}", Value=str(i), Type="String")
        made.append(i)
    kill_everything(s)
    s.start()
    ssm = s.client("ssm")
    for i in made:
        assert ssm.get_parameter(Name=f"/kept/{i}")["Parameter"]["Value"] == str(i)


def test_role_dies(own_server):
    """When front dies, it is replaced within seconds, and what it had promised holds."""
    s = own_server
    s.client("ssm").put_parameter(Name="/a", Value="1", Type="String")
    front = [p for p in children(s.process.pid)
             if b"front" in open(f"/proc/{p}/cmdline", "rb").read().split(b"\0")[1:3]]
    assert front
    os.kill(front[0], signal.SIGKILL)
    for _ in range(100):
        try:
            assert s.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "1"
            return
        except Exception:
            time.sleep(0.1)
    raise AssertionError(f"no answer within 10 s of front's end: {s.tail()}")


def test_secrets_stay_inside(own_server):
    """No secret that was given or handed out stands in the state folder, the logs or a process's environment."""
    s = own_server
    iam, kms = s.client("iam"), s.client("kms")
    iam.create_user(UserName="u")
    secret = iam.create_access_key(UserName="u")["AccessKey"]["SecretAccessKey"]
    s.client("ssm").put_parameter(Name="/p", Value=SECRET, Type="SecureString")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    plain = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    kms.encrypt(KeyId=key, Plaintext=SECRET.encode())
    wanted = [secret.encode(), SECRET.encode(), plain]
    pids = [s.process.pid, *children(s.process.pid)]
    for pid in pids:
        environ = open(f"/proc/{pid}/environ", "rb").read()
        assert not any(w in environ for w in wanted)
    assert s.stop() == 0
    for folder, _, files in os.walk(s.state):
        if os.path.basename(folder) == "profiles":
            continue
        for f in (f for f in files if os.path.isfile(os.path.join(folder, f))):
            with open(os.path.join(folder, f), "rb") as g:
                data = g.read()
            assert not any(w in data for w in wanted), os.path.join(folder, f)


def test_audit_chain(own_server):
    """The audit log proves that nothing was cut: a record that is changed is found."""
    s = own_server
    for i in range(20):
        s.client("ssm").put_parameter(Name=f"/p{i}", Value="v", Type="String")
    time.sleep(1.5)
    s.barmkin("audit verify")
    s.stop()
    s.barmkin("audit verify")  # also of a state that nobody serves
    files = [os.path.join(d, f) for d, _, names in os.walk(os.path.join(s.state, "front")) for f in names if "audit" in d + f]
    changed = False
    for path in files:
        with open(path, "rb") as f:
            data = f.read()
        if b"PutParameter" in data:
            with open(path, "wb") as f:
                f.write(re.sub(rb"PutParameter", b"GetParameter", data, count=1))
            changed = True
            break
    assert changed, files
    s.barmkin("audit verify", fine=(1,))
