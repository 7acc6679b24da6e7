# SPDX-License-Identifier: MIT
"""Step 9: a denial can be explained."""
import json

import attacks


def test_every_layer_is_shown(after, story):
    """ "`barmkin explain REQUEST-ID` of one denial is shown: every policy layer, its verdict, the deciding statement" """
    env = after(6)
    request_id = attacks.model_from_outside(story, env)
    text = env.world.explain(request_id)
    for word in ("s3:GetObject", "DenyNoVPC", "identity", "resource", "user/admin"):
        assert word in text, text
    told = json.loads(env.world.explain(request_id, "-o", "json"))
    assert "DenyNoVPC" in json.dumps(told)


def test_unknown_request(after):
    """A request id that was never given is said to be unknown, not explained."""
    env = after(2)
    try:
        env.world.explain("00000000-0000-0000-0000-000000000000")
    except RuntimeError as error:
        assert str(error)
    else:
        raise AssertionError("it was explained")
