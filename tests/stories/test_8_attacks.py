# SPDX-License-Identifier: MIT
"""Step 8: "Ten attacks are tried and must fail", each with AWS's code and a message that names the deciding policy."""
import attacks
import pytest


@pytest.mark.parametrize("attack", attacks.ALL, ids=[a.__name__ for a in attacks.ALL])
def test_attack(after, story, attack):
    """ "Seven by policy, each with AWS's error code and a message that names the deciding kind of policy ... Two by
    signature ... One set by the kernel" """
    env = after(6)
    attack(story, env)
    assert len(story.denials) == 1
    assert not story.differences, (story.differences, story.denials)
