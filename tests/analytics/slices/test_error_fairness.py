"""Errors by group beside the rows themselves, and intervals that hold all at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.slices.error_fairness import RATES, GroupErrors, error_fairness


def summed(
    error: np.ndarray, group: np.ndarray, tolerance: float, weight: np.ndarray | None = None
) -> list[GroupErrors]:
    found = []
    for name in sorted(set(group.tolist())):
        e = error[group == name]
        w = np.ones(len(e)) if weight is None else weight[group == name]
        within = float(w[np.abs(e) <= tolerance].sum())
        sums = [float((w * x).sum()) for x in (e, e * e, np.abs(e))]
        size = float(w.sum() / (w * w).sum())
        found.append(GroupErrors(str(name), len(e), len(e), float(w.sum()), size, *sums, within))
    return found


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_the_numbers_are_those_of_the_rows(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(k), 30)
    error, weight = rng.normal(0.3 * group, 1 + group), rng.uniform(1, 4, 30 * k)
    found = error_fairness(summed(error, group, 1.0, weight))
    sides = {"mean_error": error, "mae": np.abs(error), "within_rate": np.abs(error) <= 1.0}
    for rate, values in sides.items():
        means = [np.average(values[group == g], weights=weight[group == g]) for g in range(k)]
        for g, mean in enumerate(means):
            estimate = found.groups[(rate, str(g))]
            assert estimate.value == pytest.approx(mean, abs=1e-9)
            assert estimate.low <= mean + 1e-9 and mean - 1e-9 <= estimate.high
        distance = found.measures[f"{rate}_difference"]
        assert distance.value == pytest.approx(max(means) - min(means), abs=1e-9)
        assert distance.low <= distance.value <= distance.high


def test_all_intervals_hold_at_once() -> None:
    """In at least 95 of 100 samples every number of every group and every distance is inside."""
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(4), 200)
    lean, runs, held = np.array([0.0, 0.2, 0.4, 0.6]), 300, 0
    big = rng.normal(0, 1, 2_000_000)
    true = {
        "mean_error": lean,
        "mae": np.array([np.abs(big + m).mean() for m in lean]),
        "within_rate": np.array([(np.abs(big + m) <= 1).mean() for m in lean]),
    }
    for _ in range(runs):
        found = error_fairness(summed(rng.normal(lean[group], 1.0), group, 1.0))
        inside = all(
            found.groups[(rate, str(g))].low <= true[rate][g] <= found.groups[(rate, str(g))].high
            for g in range(4)
            for rate in RATES
        )
        held += inside and all(
            found.measures[f"{rate}_difference"].low
            <= true[rate].max() - true[rate].min()
            <= found.measures[f"{rate}_difference"].high
            for rate in RATES
        )
    assert held / runs >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / runs)


def test_what_cannot_be_said_is_undefined() -> None:
    none = error_fairness([GroupErrors(g, 60, 0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0) for g in "ab"])
    assert all(e.value is None and e.reason for e in none.groups.values())
    assert all(e.value is None and e.reason for e in none.measures.values())
    lone = error_fairness(summed(np.arange(60.0), np.zeros(60), 1.0))
    assert all(e.value is None for e in lone.measures.values())
