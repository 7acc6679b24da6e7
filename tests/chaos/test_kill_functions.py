# SPDX-License-Identifier: MIT
"""kill -9 of everything while functions run: what was acknowledged goes on, the rest leaves nothing."""
import threading
import time

import left
from functions import Functions

ECHO = "import time\ndef handler(e, c):\n    print('begun', e.get('n'), c.aws_request_id)\n    time.sleep(e.get('s', 0))\n    return e"


class World:
    """A test server as left.py wants it."""

    def __init__(self, server):
        self.it, self.state = server, server.state
        self.server = server.process

    def tag(self):
        return self.it.tag

    def crash(self):
        left.kill_all(self)
        self.it.start()
        self.server = self.it.process


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def log_of(server, name):
    logs = server.client("logs")
    try:
        return [e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def environments(world):
    return [n for n in left.namespaces(world) if n.startswith("eni-")]


def settled(world):
    return until(lambda: not environments(world) and not left.loops(world), 20)


def test_an_invocation_is_lost_and_its_function_is_not(own_server):
    world, functions = World(own_server), Functions(own_server, "killed")
    name = functions.make(ECHO, Timeout=30)
    lost = []

    def wait_in_vain():
        try:
            functions.invoke(name, {"s": 20})
            lost.append("answered")
        except Exception as e:
            lost.append(type(e).__name__)
    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    assert until(lambda: any(x.startswith("begun") for x in log_of(own_server, name)))
    world.crash()
    waiting.join()
    assert lost[0] != "answered" and settled(world), left.everything(world)
    again = Functions(own_server, "killed")
    assert again.invoke(name, {"n": 2})[1] == {"n": 2}
    again.lam.delete_function(FunctionName=name)
    assert settled(world), left.everything(world)
    own_server.stop()
    assert not left.gone(world)


def test_killed_while_an_environment_comes_up(own_server):
    world, functions = World(own_server), Functions(own_server, "early")
    for i, moment in enumerate((0.0, 0.05, 0.1, 0.2, 0.3)):
        name = functions.make(ECHO, FunctionName=f"early-{i}")
        threading.Thread(target=lambda: until(lambda: quietly(functions, name), 1), daemon=True).start()
        time.sleep(moment)
        world.crash()
        assert settled(world), left.everything(world)
        functions = Functions(own_server, "early")
        functions.roles = [None] * (i + 1)
        assert functions.invoke(name, {"n": i})[1] == {"n": i}
        functions.lam.delete_function(FunctionName=name)
    assert settled(world), left.everything(world)


def quietly(functions, name):
    try:
        return functions.invoke(name)
    except Exception:
        return True


def test_an_event_that_was_acknowledged_is_done(own_server):
    world, functions = World(own_server), Functions(own_server, "event")
    name = functions.make(ECHO, Timeout=30)
    request = functions.invoke(name, {"n": 1}, InvocationType="Event")[0]["ResponseMetadata"]["RequestId"]
    world.crash()
    assert until(lambda: f"begun 1 {request}" in [x.strip() for x in log_of(own_server, name)])
