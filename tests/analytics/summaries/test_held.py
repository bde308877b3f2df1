"""What is read of sheets is read once, and nobody can spoil it for the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.query.engine import Engine
from analytics.summaries.held import read_arrays
from analytics.summaries.store import Summaries


@pytest.fixture
def counting(own: Engine, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, list[str]]:
    asked: list[str] = []
    run = Engine._run
    own.summaries = Summaries()
    monkeypatch.setattr(Engine, "_run", lambda at, sql, values: asked.append(sql) or run(at, sql, values))  # fmt: skip
    return own, asked


def test_arrays_are_kept_and_cannot_be_written_to(counting: tuple[Engine, list[str]]) -> None:
    engine, asked = counting
    sql = "SELECT i, i * $a AS j FROM range(3) r(i)"
    for _ in range(2):
        found = read_arrays(engine, sql, {"a": 2})
        assert found["j"].tolist() == [0, 2, 4]
        with pytest.raises(ValueError, match="read-only"):
            found["i"][0] = 7
        del found["i"]
    assert len(asked) == 1
    assert read_arrays(engine, sql, {"a": 3})["j"].tolist() == [0, 3, 6]
    assert len(asked) == 2


def test_what_is_kept_has_a_limit(own: Engine, tmp_path: Path) -> None:
    own.summaries = Summaries(tmp_path, max_bytes=10_000)
    for a in range(50):
        read_arrays(own, "SELECT i + $a AS i FROM range(100) r(i)", {"a": a})
    assert 0 < own.summaries.n_bytes <= 10_000
