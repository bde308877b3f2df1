"""Distances between groups beside fairlearn's definitions, written again here, and its figures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.slices.fairness import GroupCounts, fairness

NAMES = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equal_opportunity_difference",
)


def counted(truth: np.ndarray, said: np.ndarray, group: np.ndarray) -> list[GroupCounts]:
    found = []
    for name in sorted(set(group.tolist())):
        y, p = truth[group == name], said[group == name]
        pairs = [float(((y == a) & (p == b)).sum()) for a, b in ((1, 1), (0, 1), (1, 0), (0, 0))]
        found.append(GroupCounts(str(name), len(y), int(p.sum()), *pairs, n_labelled=len(y)))
    return found


def by_definition(truth: np.ndarray, said: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """The distances, from the rows."""
    names = sorted(set(group.tolist()))
    select = [said[group == g].mean() for g in names]
    hit = [said[(group == g) & (truth == 1)].mean() for g in names]
    alarm = [said[(group == g) & (truth == 0)].mean() for g in names]
    return {
        "demographic_parity_difference": max(select) - min(select),
        "demographic_parity_ratio": min(select) / max(select),
        "equalized_odds_difference": max(max(hit) - min(hit), max(alarm) - min(alarm)),
        "equal_opportunity_difference": max(hit) - min(hit),
    }


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_the_distances_are_those_of_the_rows(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    group, truth = rng.integers(0, k, 60 * k), rng.integers(0, 2, 60 * k)
    said = (rng.random(60 * k) < 0.3 + 0.1 * group).astype(int)
    found = fairness(counted(truth, said, group)).measures
    for name, value in by_definition(truth, said, group).items():
        estimate = found[name]
        assert estimate.value == pytest.approx(value, abs=1e-12)
        assert estimate.low <= value + 1e-12 and value <= estimate.high + 1e-12


def test_published_figures(shared: Path) -> None:
    inputs = json.loads((shared / "reference" / "known_small_inputs.json").read_text())["fairness"]
    arrays = [np.array(inputs[name]) for name in ("y_true", "y_pred", "group")]
    found = fairness(counted(*arrays)).measures
    with (shared / "reference" / "known_small_examples.csv").open() as file:
        known = {row["statistic"]: float(row["value"]) for row in csv.DictReader(file)}
    for name in NAMES:
        assert found[name].value == pytest.approx(known[f"fairlearn {name}"], abs=1e-9)


def test_all_intervals_hold_at_once() -> None:
    """In at least 95 of 100 samples every rate and every distance lies in its interval."""
    rng = np.random.default_rng(11)
    group = np.repeat(np.arange(4), 150)
    base, select = 0.4, np.array([0.3, 0.35, 0.4, 0.45])
    held, runs = 0, 300
    for _ in range(runs):
        truth = (rng.random(600) < base).astype(int)
        said = (rng.random(600) < select[group]).astype(int)  # independent of the truth
        found = fairness(counted(truth, said, group))
        inside = all(
            found.groups[(rate, str(g))].low <= select[g] <= found.groups[(rate, str(g))].high
            for g in range(4)
            for rate in ("selection_rate", "true_positive_rate", "false_positive_rate")
        )
        measures = found.measures
        inside &= all(
            measures[name].low <= 0.15 <= measures[name].high
            for name in NAMES
            if "ratio" not in name
        )
        ratio = measures["demographic_parity_ratio"]
        held += inside and ratio.low <= 0.3 / 0.45 <= ratio.high
    assert held / runs >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / runs)


def test_calibration_by_group() -> None:
    rng = np.random.default_rng(5)
    score, truth = rng.random(400), rng.integers(0, 2, 400)
    miss = score - truth
    one = GroupCounts("a", 400, 200, 1, 1, 1, 1, 400, 1.0, 400, miss.sum(), (miss**2).sum())
    two = GroupCounts("b", 400, 200, 1, 1, 1, 1, 400, 1.0, 400, 0.0, (miss**2).sum())
    found = fairness([one, two])
    gap = found.groups[("calibration_gap", "a")]
    assert gap.value == pytest.approx(miss.mean())
    assert gap.high - gap.value > 1.96 * miss.std() / 20  # wider than one interval alone
    assert found.measures["calibration_difference"].value == pytest.approx(abs(miss.mean()))


def test_what_cannot_be_said_is_undefined() -> None:
    lone = fairness([GroupCounts("a", 10, 4, 2, 2, 3, 3, 10)]).measures
    assert all(e.value is None and e.reason for e in lone.values())
    none = fairness([GroupCounts(g, 10, 0, 0, 0, 0, 10, 10) for g in "ab"])
    assert none.measures["demographic_parity_ratio"].reason == "nobody was predicted positive"
    assert none.groups[("true_positive_rate", "a")].value is None
    assert none.measures["equal_opportunity_difference"].value is None
    assert fairness([]).measures["demographic_parity_difference"].value is None
