# SPDX-License-Identifier: MIT
"""An environment of its own, made by the demo's modules: what is killed here, nothing else uses."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
sys.path.insert(0, os.path.join(ROOT, "demo"))
sys.path.insert(0, HERE)

import demo  # noqa: E402
from story import Story  # noqa: E402
from world import World  # noqa: E402


def remember(env):
    """Tells tests/run what must be gone at the end, even if this process dies."""
    path = os.environ.get("BARMKIN_TEST_STATES")
    if path and env.world.server:
        with open(path, "a") as f:
            f.write(f"{env.world.state} {env.world.server.pid}\n")


@pytest.fixture(scope="session")
def env(tmp_path_factory):
    """The demo up to the registered model."""
    e = demo.Environment(World(BUILD), str(tmp_path_factory.mktemp("files")))
    story = Story()
    try:
        for step in demo.STEPS[:5]:
            step(story, e)
            remember(e)
        assert not story.differences, story.differences
        e.restarted = lambda: remember(e)
        yield e
    finally:
        e.world.remove()
