"""A few rounds of killing under load; ``TELLTALE_CRASH_ROUNDS=20`` asks for more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.crash import run


@pytest.mark.slow
def test_every_answered_event_stands_once(tmp_path: Path) -> None:
    crash = run(tmp_path, int(os.environ.get("TELLTALE_CRASH_ROUNDS", "2")))
    assert crash.answered
    assert (crash.lost, crash.n_twice, crash.torn) == (set(), 0, [])
