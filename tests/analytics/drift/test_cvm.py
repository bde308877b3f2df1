"""Cramer-von Mises: a value by hand, the law's quantiles, too few rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from analytics.drift.cvm import TEST, p_value, statistic
from analytics.needs import NumericPair


def test_by_hand() -> None:
    # ranks 1 2 | 3 4: own places 1 2, so U = 2 * (0 + 0) + 2 * (4 + 4) = 16, T = 16/16 - 15/24
    assert statistic(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == pytest.approx(0.375)


@pytest.mark.parametrize(("x", "tail"), [(0.34730, 0.1), (0.46136, 0.05), (0.74346, 0.01)])
def test_the_quantiles_of_the_books(x: float, tail: float) -> None:
    assert p_value(x, 10**6, 10**6) == pytest.approx(tail, abs=1e-4)


def test_far_apart_and_too_few_rows() -> None:
    apart = TEST.compute(NumericPair.from_arrays(np.arange(500.0), np.arange(500.0) + 1000))
    assert apart.detail["p_value"] < 1e-9
    assert TEST.compute(NumericPair.from_arrays(np.ones(3), np.ones(40))).value is None


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(13)
    z = np.linspace(-8, 9, 20_001)
    f, g = norm.cdf(z), norm.cdf(z - 1)
    density = (norm.pdf(z) * 300 + norm.pdf(z - 1) * 200) / 500
    truth = 300 * 200 / 500 * float(((f - g) ** 2 * density).sum() * (z[1] - z[0]))
    hits = 0
    for _ in range(200):
        pair = NumericPair.from_arrays(rng.normal(size=300), rng.normal(1, 1, 200))
        answer = TEST.compute(pair)
        assert answer.low is not None and answer.high is not None
        hits += answer.low <= truth <= answer.high
    assert hits >= 180
