"""Wasserstein distance: a shift is its own distance, and infinities have none."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.drift.wasserstein import TEST
from analytics.needs import NumericPair


def test_a_shift_is_its_own_distance() -> None:
    answer = TEST.compute(NumericPair.from_arrays(np.arange(101.0), np.arange(101.0) + 7))
    assert answer.value == pytest.approx(7.0)
    assert answer.detail["per_iqr"] == pytest.approx(7 / 50)
    assert answer.low is not None and answer.high is not None
    assert answer.low < 7 < answer.high


def test_by_hand_with_ties_and_unequal_sizes() -> None:
    reference, current = np.repeat([0.0, 1.0], 30), np.repeat([0.0, 1.0, 2.0], (10, 10, 20))
    # the curves differ by 1/4 between 0 and 1, and by 1/2 between 1 and 2
    assert TEST.compute(NumericPair.from_arrays(reference, current)).value == pytest.approx(0.75)


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        pair = NumericPair.from_arrays(rng.standard_normal(400), rng.standard_normal(300) + 1)
        answer = TEST.compute(pair)
        assert answer.low is not None and answer.high is not None
        hits += answer.low <= 1 <= answer.high
    assert hits >= 180


def test_a_constant_reference_has_no_interquartile_range() -> None:
    answer = TEST.compute(NumericPair.from_arrays(np.full(50, 2.0), np.full(50, 5.0)))
    assert answer.value == 3.0
    assert answer.detail["per_iqr"] is None


@pytest.mark.parametrize("extreme", [np.inf, -np.inf, 1e308])
def test_values_without_distance_are_undefined(extreme: float) -> None:
    values = np.r_[np.arange(40.0), extreme, -1e308]
    answer = TEST.compute(NumericPair.from_arrays(np.arange(40.0), values))
    assert answer.value is None
    assert answer.reason == "infinite values have no distance"


def test_too_few_rows() -> None:
    assert TEST.compute(NumericPair.from_arrays(np.arange(5.0), np.arange(50.0))).value is None
