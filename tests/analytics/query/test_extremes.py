"""The smallest and the largest finite value, and what is missing, beside NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.core import Column, Dataset, Scope
from analytics.query.columns import extremes, missing_counts
from analytics.query.engine import Engine

VALUES = st.sampled_from([None, math.nan, math.inf, -math.inf, -2.5, 0.0, 7.0])
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PAIRS)
def test_beside_numpy(
    engine: Engine, build: Callable[..., Dataset], pairs: list[tuple[float | None, float | None]]
) -> None:
    rows = [
        {"row": i, "prediction_id": f"p{i}", "distance": a, "score": b, "origin": None if i % 2 else "X"}
        for i, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    dataset = build([rows])
    found = extremes(engine, dataset, Scope(), ["distance", "score"])
    columns = [Column(name, "feature", "numeric") for name in ("distance", "score")]
    missing = missing_counts(
        engine, dataset, Scope(), [*columns, Column("origin", "feature", "text")]
    )
    for name, values in zip(("distance", "score"), zip(*pairs, strict=True), strict=True):
        numbers = np.array([math.nan if v is None else v for v in values], dtype=float)
        finite = numbers[np.isfinite(numbers)]
        expected = (finite.min(), finite.max()) if len(finite) else None
        assert found.get(name) == expected
        assert missing[name] == {(None, None): (len(rows), int(np.isnan(numbers).sum()))}
    assert missing["origin"] == {(None, None): (len(rows), len(rows) // 2)}


def test_nothing_is_asked_of_no_column(engine: Engine, build: Callable[..., Dataset]) -> None:
    dataset = build([[{"row": 0, "prediction_id": "a", "distance": 1.0}]])
    assert extremes(engine, dataset, Scope(), []) == {}
    assert extremes(engine, dataset, Scope(), ["distance"]) == {
        "distance": (1.0, pytest.approx(1.0))
    }
