"""Order statistics in two scans are those of the sorted rows, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.core import Cut, Dataset, Scope
from analytics.query import serving
from analytics.query.engine import Engine
from analytics.query.ranks import rank_of

T0 = datetime(2024, 1, 1)
SHARES = (0.5, 0.9, 0.95, 0.99)
Build = Callable[..., Dataset]
ODD = (0.0, -1.0, 1e-300, 1e300, float("inf"), 7.0, 7.0, 7.0)


def rows(seed: int, n: int) -> list[dict[str, Any]]:
    """Latencies over many orders of size, ties, and numbers that have no logarithm."""
    rng = np.random.default_rng(seed)
    numbers = np.exp(rng.normal(3, rng.uniform(0.01, 4), n)).round(int(rng.integers(0, 6)))
    numbers[rng.random(n) < 0.1] = rng.choice(ODD)
    return [
        {
            "row": i, "prediction_id": f"p{i}", "timestamp": T0 + timedelta(hours=i % 60),
            "model_version": None if i % 7 == 0 else f"v{i % 2}", "prediction": "1",
            "latency_ms": None if i % 11 == 0 else float(value),
            "status": "error" if i % 13 == 0 else "ok",
        }
        for i, value in enumerate(numbers)
    ]  # fmt: skip


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 400),
    every=st.sampled_from([None, "day", "month"]),
    by_version=st.booleans(),
)
def test_two_scans_find_what_sorting_finds(
    engine: Engine, build_once: Build, seed: int, n: int, every: Any, by_version: bool
) -> None:
    log = build_once([rows(seed, n)])
    scope = Scope(every=every, by_version=by_version)
    sorted_rows = serving.latencies(engine, log, scope, SHARES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "MANY_ROWS", 0)
        assert serving.latencies(engine, log, scope, SHARES) == sorted_rows


@pytest.mark.parametrize(
    "cut", [Cut("origin", levels=("JFK", "LGA")), Cut("distance", (50.0, 200.0))]
)
def test_so_they_do_by_the_groups_of_a_column(engine: Engine, build: Build, cut: Cut) -> None:
    given_rows = rows(5, 400)
    for i, r in enumerate(given_rows):
        r["origin"] = (None, "JFK", "LGA", "EWR")[i % 4]
        r["distance"] = None if i % 9 == 0 else float(i)
    log = build([given_rows])
    sorted_rows = serving.latencies_by(engine, log, Scope(), cut, SHARES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "MANY_ROWS", 0)
        assert serving.latencies_by(engine, log, Scope(), cut, SHARES) == sorted_rows
    assert len(sorted_rows) == 4


def test_the_rank_is_that_of_the_inverted_distribution() -> None:
    values = np.arange(1.0, 1001.0)
    for share in SHARES:
        expected = np.quantile(values, share, method="inverted_cdf")
        assert values[rank_of(share, 0.0, 1000) - 1] == expected
    assert rank_of(0.99, 1.96, 3) == 3 and rank_of(0.5, -1.96, 1) == 1
