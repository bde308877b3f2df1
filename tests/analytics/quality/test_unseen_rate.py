"""Unseen rate: against the Good-Turing expectation, not against zero."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import ColumnCounts
from analytics.quality.unseen_rate import CHECK


def counts(reference: np.ndarray, current: np.ndarray) -> ColumnCounts:
    unseen = sorted(current[reference == 0].tolist(), reverse=True)
    return ColumnCounts(
        n=int(current.sum()),
        n_missing=0,
        n_distinct=int((current > 0).sum()),
        n_unseen=sum(unseen),
        n_reference=int(reference.sum()),
        n_distinct_reference=int((reference > 0).sum()),
        n_singletons_reference=int((reference == 1).sum()),
        unseen_levels=tuple((f"u{i}", n) for i, n in enumerate(unseen[:20]) if n),
    )


def test_by_hand() -> None:
    answer = CHECK.compute(counts(np.array([90, 10, 0]), np.array([60, 20, 20])))
    assert answer.value == 0.2
    assert answer.detail["expected"] == 0.0
    assert answer.detail["floor"] == pytest.approx(0.7978846 * 2**0.5 / 100)
    assert answer.detail["levels"] == {"u0": 20}
    assert answer.detail["p_value"] < 1e-4


def test_what_chance_brings_is_taken_off() -> None:
    reference = np.r_[np.ones(50), 50, np.zeros(50)].astype(int)
    current = np.r_[np.zeros(50), 50, np.ones(50)].astype(int)
    answer = CHECK.compute(counts(reference, current))
    assert (answer.value, answer.detail["expected"]) == (0.5, 0.5)
    assert answer.detail["above_floor"] == 0.0
    assert answer.detail["p_value"] > 0.4


@pytest.mark.parametrize("k", [20, 100, 1000])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (1000, 100), (1000, 1000), (10_000, 1000)])
def test_no_drift_is_called_drift_as_rarely_as_promised(k: int, n: int, m: int) -> None:
    rng = np.random.default_rng([k, n, m])
    p = (
        np.full(k, 1 / k)
        if k != 100
        else (1 / np.arange(1, k + 1)) / (1 / np.arange(1, k + 1)).sum()
    )
    draws = [
        CHECK.compute(counts(rng.multinomial(m, p), rng.multinomial(n, p))).detail["p_value"]
        for _ in range(400)
    ]
    assert np.mean(np.array(draws) < 0.05) <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_nothing_to_say() -> None:
    gone = CHECK.compute(ColumnCounts(n=50, n_missing=50, n_distinct=0, n_reference=100))
    assert gone.reason == "all values are missing"
    alone = CHECK.compute(ColumnCounts(n=50, n_missing=0, n_distinct=2))
    assert (alone.value, alone.reason) == (0.0, "no reference to compare with")
