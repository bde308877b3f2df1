"""What other tools' default rules say by period: the rules themselves on the rows of each period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.core import Dataset, Question, Scope, Window
from analytics.errors import UsageError
from analytics.evaluate.peers import peer_alerts, peer_losses
from analytics.evaluate.performance import performance
from analytics.monitors.peers import (
    evidently_levels,
    evidently_number,
    nannyml_levels,
    nannyml_metric,
    nannyml_number,
)
from analytics.query.engine import Engine

T0 = datetime(2024, 1, 1)
A_DAY, DAYS = 200, 15
BEFORE = Window(T0, T0 + timedelta(days=10))  # ten days are the reference, five are judged


def rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Distances move on the twelfth day, origins on the fourteenth."""
    found = []
    for i in range(DAYS * A_DAY):
        day = i // A_DAY
        far = rng.normal(1.0 if day >= 12 else 0.0)
        odd = day >= 14 and rng.random() < 0.4
        found.append(
            {
                "row": i,
                "prediction_id": str(i),
                "timestamp": T0 + timedelta(days=1) * i / A_DAY,
                "prediction": "1" if rng.random() < 0.5 else "0",
                "score": rng.random(),
                "distance": None if rng.random() < 0.05 else far,
                "origin": "LGA"
                if odd
                else str(rng.choice(["JFK", "EWR", "LGA"], p=[0.5, 0.3, 0.2])),
            }
        )
    return found


def test_each_period_is_judged_by_the_rules_on_its_rows(
    build: Callable[..., Dataset], engine: Engine
) -> None:
    log = rows(np.random.default_rng(4))
    labels = [
        {"prediction_id": r["prediction_id"], "label": r["prediction"] if i < 12 * A_DAY else "0",
         "known_at": r["timestamp"]}
        for i, r in enumerate(log)
    ]  # fmt: skip
    dataset = build([log], [labels])
    scope = Scope(window=Window(BEFORE.end, None), every="day")
    found = peer_alerts(engine, dataset, Question(scope, Scope(window=BEFORE)))
    assert [p.window.start for p in found] == [T0 + timedelta(days=d) for d in range(10, 15)]
    before, levels = log[: 10 * A_DAY], ("JFK", "EWR", "LGA")

    def numbers(some: list[dict[str, Any]]) -> np.ndarray:
        return np.array([r["distance"] for r in some], dtype=float)

    def counts(some: list[dict[str, Any]]) -> np.ndarray:
        return np.array([sum(r["origin"] == v for r in some) for v in levels], dtype=float)

    chunks = [counts(before[i * A_DAY : (i + 1) * A_DAY]) for i in range(10)]
    for day, p in enumerate(found, 10):
        now = log[day * A_DAY : (day + 1) * A_DAY]
        assert ("distance" in p.evidently) == evidently_number(numbers(before), numbers(now))[1]
        assert ("origin" in p.evidently) == evidently_levels(counts(before), counts(now))[1]
        assert ("origin" in p.nannyml) == nannyml_levels(chunks, counts(now))[1]
    # The pieces are cut before missing values are left out; a clear shift is seen either way.
    assert ["distance" in p.nannyml for p in found[2:]] == [True] * 3
    assert nannyml_number(numbers(before), numbers(log[13 * A_DAY : 14 * A_DAY]))[1]
    assert "distance" in found[2].evidently and "origin" in found[4].evidently
    assert (found[0].n, found[0].n_columns) == (A_DAY, 4)
    assert "label" not in {c for p in found for c in (*p.evidently, *p.nannyml)}
    accuracy = performance(engine, dataset, Question(scope, None, ("accuracy",)))
    bad = peer_losses(engine, dataset, Scope(window=BEFORE), accuracy)
    assert [r.window.start for r in bad] == [T0 + timedelta(days=d) for d in (12, 13, 14)]


def test_without_a_reference_there_are_no_rules(
    build: Callable[..., Dataset], engine: Engine
) -> None:
    dataset = build([rows(np.random.default_rng(1))[:50]])
    with pytest.raises(UsageError):
        peer_alerts(engine, dataset, Question(Scope(every="day"), None))


def test_a_metric_alarms_outside_three_standard_deviations_on_both_sides() -> None:
    chunks = [0.88, 0.90, 0.92]  # mean 0.9, standard deviation (ddof 0) 0.01633
    assert [nannyml_metric(chunks, v) for v in (0.84, 0.86, 0.94, 0.96)] == [
        True,
        False,
        False,
        True,
    ]
