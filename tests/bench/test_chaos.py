"""A short season of killed workers; ``TELLTALE_CHAOS_KILLS=50`` asks for more."""

from __future__ import annotations

import os
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import postgres
from bench.chaos import run


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_step_is_recorded_once_and_told_whatever_happens(
    tmp_path: Path, database: str
) -> None:
    n_kills = int(os.environ.get("TELLTALE_CHAOS_KILLS", "2"))
    is_there = find_spec("psycopg") and all(postgres.programs().values())
    if database == "postgresql" and not is_there:
        pytest.skip(postgres.WHAT_TO_DO)
    with postgres.server() if database == "postgresql" else nullcontext("") as url:
        chaos = run(tmp_path, n_kills, hold_s=2.0, server=url)
    assert chaos.wrong == []
    assert chaos.n_mid_run >= n_kills and chaos.n_told >= 2
