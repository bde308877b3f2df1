"""A short season of killed workers; ``TELLTALE_CHAOS_KILLS=50`` asks for more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.chaos import run


@pytest.mark.slow
def test_every_step_is_recorded_once_and_told_whatever_happens(tmp_path: Path) -> None:
    n_kills = int(os.environ.get("TELLTALE_CHAOS_KILLS", "2"))
    chaos = run(tmp_path, n_kills, hold_s=2.0)
    assert chaos.wrong == []
    assert chaos.n_mid_run >= n_kills and chaos.n_told >= 2
