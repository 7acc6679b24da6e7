# SPDX-License-Identifier: MIT
"""Every exchange of every transcript is a test; those of one file share an order and the names they bind."""
import glob
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import play  # noqa: E402

TRANSCRIPTS = [play.Transcript(p) for p in sorted(glob.glob(os.path.join(ROOT, "src/services/*/*.t")))]
EXCHANGES = [(t, x) for t in TRANSCRIPTS for x in t.exchanges]


@pytest.fixture(scope="module")
def players(server):
    return {t.path: play.Player(server, t) for t in TRANSCRIPTS}


@pytest.mark.parametrize("transcript,exchange", EXCHANGES,
                         ids=[f"{os.path.basename(t.path)}:{x.line} {x.title}" for t, x in EXCHANGES])
def test_exchange(players, transcript, exchange):
    wrong, _, _ = players[transcript.path].play(exchange)
    assert wrong is None, f"{os.path.relpath(transcript.path, ROOT)}:{exchange.line}: {wrong}"
