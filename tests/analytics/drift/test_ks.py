"""Kolmogorov-Smirnov: a value by hand, exactness, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.drift.ks import TEST, largest_difference
from analytics.needs import NumericPair


def test_by_hand() -> None:
    pair = NumericPair.from_arrays(np.arange(40.0), np.arange(40.0) + 10)
    answer = TEST.compute(pair)
    assert answer.value == pytest.approx(0.25)  # ten of forty lie below the first current value
    assert answer.detail["floor"] == pytest.approx(0.8687311606 * (1 / 40 + 1 / 40) ** 0.5)
    assert answer.detail["above_floor"] == pytest.approx(0.25 - 0.1942542, abs=1e-6)
    assert answer.detail["p_value"] == pytest.approx(0.1376257, abs=1e-6)  # kstwo.sf(0.25, 20)
    assert (answer.low, answer.n, answer.interval) == (0.0, 40, "DKW")
    assert answer.high is not None and 0.25 < answer.high <= 1


def test_values_on_one_side_of_everything() -> None:
    pair = NumericPair.from_arrays(np.arange(50.0), np.arange(50.0) + 100)
    assert TEST.compute(pair).value == 1.0


def test_infinities_are_values_with_an_order() -> None:
    reference = np.r_[np.full(25, -np.inf), np.full(25, np.inf)]
    current = np.r_[np.full(10, -np.inf), np.full(40, np.inf)]
    answer = TEST.compute(NumericPair.from_arrays(reference, current))
    assert answer.value == pytest.approx(0.3)
    assert answer.detail["at"] is None


def test_which_side_is_larger_does_not_matter() -> None:
    a, b = np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 2.0, 2.0, 3.0])
    assert largest_difference(a, b) == largest_difference(b, a)
    assert largest_difference(a, b)[0] == pytest.approx(2 / 3 - 1 / 5)


@pytest.mark.parametrize(
    ("reference", "current", "reason"),
    [
        (np.arange(29.0), np.arange(100.0), "too few rows"),
        (np.arange(100.0), np.full(100, np.nan), "all current values are missing"),
        (np.empty(0), np.arange(100.0), "no reference rows"),
    ],
)
def test_undefined(reference: np.ndarray, current: np.ndarray, reason: str) -> None:
    answer = TEST.compute(NumericPair.from_arrays(reference, current))
    assert answer.value is None
    assert answer.reason is not None and reason in answer.reason


def test_one_constant_on_both_sides() -> None:
    answer = TEST.compute(NumericPair.from_arrays(np.full(50, 3.0), np.full(40, 3.0)))
    assert (answer.value, answer.detail["p_value"], answer.detail["above_floor"]) == (0.0, 1.0, 0.0)
