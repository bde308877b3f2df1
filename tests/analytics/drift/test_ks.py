"""Kolmogorov-Smirnov: a value by hand, exactness, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstwobign

from analytics.drift.ks import TEST, largest_difference
from analytics.needs import NumericPair

sizes = st.integers(1, 1200)
spreads = st.sampled_from([3, 40, 10**9])  # how many different values: ties, few ties, none


def test_by_hand() -> None:
    pair = NumericPair.from_arrays(np.arange(40.0), np.arange(40.0) + 10)
    answer = TEST.compute(pair)
    assert answer.value == pytest.approx(0.25)  # ten of forty lie below the first current value
    assert answer.detail["floor"] == pytest.approx(0.8687311606 * (1 / 40 + 1 / 40) ** 0.5)
    assert answer.detail["above_floor"] == 0  # 95 of 100 calm pairs of forty stay below 0.3037
    assert answer.detail["p_value"] == pytest.approx(0.1376257, abs=1e-6)  # kstwo.sf(0.25, 20)
    assert (answer.low, answer.n, answer.interval) == (0.0, 40, "DKW")
    assert answer.high is not None and 0.25 < answer.high <= 1


def test_noise_is_taken_off_in_squares() -> None:
    pair = NumericPair.from_arrays(np.arange(500.0), np.arange(500.0) + 100)
    answer = TEST.compute(pair)
    chance = kstwobign.ppf(0.95) * (2 / 500) ** 0.5
    assert answer.value == pytest.approx(0.2)
    assert answer.detail["above_floor"] == pytest.approx((0.2**2 - chance**2) ** 0.5)


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


@given(n=sizes, m=sizes, spread=spreads, shift=st.floats(-1, 1), seed=st.integers(0, 10**6))
def test_spans_that_are_skipped_hold_no_larger_gap(
    n: int, m: int, spread: int, shift: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a = np.sort(np.round(rng.standard_normal(n) * spread))
    b = np.sort(np.round((rng.standard_normal(m) + shift * rng.random()) * spread))
    d, at = largest_difference(a, b)
    every = np.union1d(a, b)
    known = max(abs((a <= x).mean() - (b <= x).mean()) for x in every)
    assert d == pytest.approx(known, abs=1e-12)
    gaps = [abs((a < at).mean() - (b < at).mean()), abs((a <= at).mean() - (b <= at).mean())]
    assert max(gaps) == pytest.approx(d, abs=1e-12)


@pytest.mark.parametrize("n", [60_000, 200_000])
def test_large_samples_beside_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    for a, b in (
        (rng.standard_normal(n), rng.standard_normal(300_000)),
        (rng.random(n).round(3), rng.random(250_000).round(3)),
        (np.r_[rng.standard_normal(n), np.full(n, 0.5)], rng.standard_normal(3 * n)),
        (rng.standard_normal(n), rng.standard_normal(n) ** 3),
    ):
        a.sort()
        b.sort()
        known = ks_2samp(a, b, method="asymp").statistic
        assert largest_difference(a, b)[0] == pytest.approx(known, abs=1e-12)


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
