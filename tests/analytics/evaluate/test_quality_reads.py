"""A check that is asked alone reads only what it needs, and says what it says among all the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.catalog import all_quality_checks
from analytics.core import Dataset, Every, Question, Result, Scope, Window
from analytics.evaluate import quality as ask
from analytics.evaluate.quality import READS
from analytics.query.engine import Engine

T0 = datetime(2024, 1, 1)
Key = tuple[str, str | None, Window, str | None]


def log() -> list[dict[str, Any]]:
    """Six days; in the last two values are missing, new, far out, stuck and repeated."""
    rows: list[dict[str, Any]] = []
    for i in range(600):
        is_bad, when = i >= 400, T0 + timedelta(minutes=14 * i)
        distance = 99.0 if is_bad and i < 480 else None if i % 7 == 0 else float(i * 31 % 50)
        origin = "new" if is_bad and i % 5 == 0 else "LGA" if i % 2 else "JFK"
        row = {"row": i, "prediction_id": str(i), "timestamp": when, "model_version": "v1",
               "prediction": str(i % 2), "score": i % 10 / 10, "distance": distance,
               "origin": origin}  # fmt: skip
        rows.append(row | {"timestamp": rows[-1]["timestamp"]} if is_bad and i % 9 == 0 else row)
    return rows


def told(results: list[Result]) -> dict[Key, tuple[Any, ...]]:
    """Everything but what the family of all checks decides."""
    own = {"p_adjusted"}
    return {
        (r.name, r.column, r.window, r.version): (
            r.value, r.low, r.high, r.n, r.n_labelled, r.reason,
            {k: v for k, v in r.detail.items() if k not in own},
        )
        for r in results
    }  # fmt: skip


@pytest.mark.parametrize("every", [None, "day"])
def test_alone_or_together(build: Callable[..., Dataset], engine: Engine, every: Every) -> None:
    dataset = build([log()])
    reference = Scope(window=Window(T0, T0 + timedelta(days=3)))
    scope = Scope(window=Window(T0 + timedelta(days=3), None), every=every)
    names = [c.name for c in all_quality_checks()]
    whole = told(ask(engine, dataset, Question(scope, reference, tuple(names))))
    assert {name for name, *_ in whole} == set(names)
    assert any(value[0] for (name, *_), value in whole.items() if name == "unseen_rate")
    for name in names:
        alone = told(ask(engine, dataset, Question(scope, reference, (name,))))
        assert alone == {key: value for key, value in whole.items() if key[0] == name}, name


def test_every_check_says_what_it_reads() -> None:
    assert set(READS) == {c.name for c in all_quality_checks()}


def test_what_counts_rows_alone_reads_no_column(
    build: Callable[..., Dataset], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = Engine.rows

    def noted(self: Engine, sql: str, values: Any = None) -> Any:
        asked.append(sql)
        return run(self, sql, values)

    monkeypatch.setattr(Engine, "rows", noted)
    question = Question(Scope(every="day"), Scope(window=Window(T0, None)), ("volume",))
    assert ask(engine, build([log()]), question)
    assert asked and not any("distance" in sql or "origin" in sql for sql in asked)
