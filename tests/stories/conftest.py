# SPDX-License-Identifier: MIT
"""One environment for all stories: the demo's own modules make it, step by step, once a session. A story then asks
whether one sentence of the mission is true of it. What broke while it was made fails the stories of that step."""
import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
sys.path.insert(0, os.path.join(ROOT, "demo"))

import demo  # noqa: E402
from story import Story  # noqa: E402
from world import World  # noqa: E402


class Told(Story):
    """A story that remembers, by step, what it claimed and whether it held."""

    def __init__(self):
        super().__init__()
        self.claims = []  # (holds, text)

    def expect(self, holds, text):
        self.claims.append((bool(holds), text))
        return super().expect(holds, text)


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """The environment after steps 1 to 7, the story of each step, and what stopped it (None if nothing did)."""
    env = demo.Environment(World(BUILD), str(tmp_path_factory.mktemp("files")))
    env.told, env.stopped = {}, None
    try:
        for number, step in enumerate(demo.STEPS[:7], 1):
            env.told[number] = story = Told()
            try:
                step(story, env)
            except Exception as error:
                env.stopped = (number, error)
                break
            finally:
                remember(env)
        yield env
    finally:
        env.world.remove()


def remember(env):
    """Tells tests/run what must be gone at the end, even if this process dies."""
    path = os.environ.get("BARMKIN_TEST_STATES")
    if path and env.world.server:
        with open(path, "a") as f:
            f.write(f"{env.world.state} {env.world.server.pid}\n")


@pytest.fixture
def after(played):
    """after(N): the environment, once steps 1 to N have been played and all that they claim was so."""
    def environment(step):
        if played.stopped and played.stopped[0] <= step:
            pytest.fail(f"step {played.stopped[0]} stopped: {played.stopped[1]}\n" + played.world.server_log()[-2000:]
                        if played.world.log else str(played.stopped[1]))
        differs = [text for holds, text in played.told[step].claims if not holds]
        assert not differs, differs
        return played
    return environment


@pytest.fixture
def story():
    return Told()
