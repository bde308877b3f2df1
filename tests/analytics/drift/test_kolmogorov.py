"""Kolmogorov's distribution beside SciPy's, over sizes and every branch."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import kstwo

from analytics.stats.kolmogorov import durbin, mean_difference, pelz_good, survival

SIZES = (1, 2, 3, 7, 15, 20, 21, 45, 100, 140, 141, 300, 909, 4545, 5001, 9091, 99_999, 250_000)


@pytest.mark.parametrize("n", SIZES)
def test_agrees_with_scipy(n: int) -> None:
    z = np.linspace(0.05, 4.0, 24) if n <= 10_000 else np.linspace(0.1, 1.45, 10)
    for d in z / math.sqrt(n):
        assert survival(n, float(d)) == pytest.approx(float(kstwo.sf(d, n)), abs=1e-9)


@pytest.mark.parametrize("n", [5001, 9091, 100_001])
def test_the_far_tail_of_large_samples(n: int) -> None:
    for z in (1.6, 2.0, 3.0):
        d = z / math.sqrt(n)
        assert survival(n, d) == pytest.approx(float(kstwo.sf(d, n)), abs=1e-9)


def test_it_is_a_distribution() -> None:
    for n in (1, 30, 139, 141, 5000, 5001, 10**6, 10**9):
        tail = [survival(n, d / math.sqrt(n)) for d in np.linspace(0, 12, 100)]
        assert tail[0] == 1.0
        assert all(0 <= b <= a + 1e-7 <= 1 + 1e-7 for a, b in itertools.pairwise(tail))
        assert tail[-1] < 1e-60


def test_two_independent_schemes_agree() -> None:
    for d in (0.02, 0.03, 0.05):
        assert durbin(1000, d) == pytest.approx(pelz_good(1000, d), abs=1e-7)


def test_the_mean_is_what_samples_show() -> None:
    rng = np.random.default_rng(5)
    n = 2000
    i = np.arange(1, n + 1)
    draws = []
    for _ in range(2000):
        u = np.sort(rng.random(n))
        draws.append(max((i / n - u).max(), (u - (i - 1) / n).max()))
    assert np.mean(draws) == pytest.approx(mean_difference(n, 10**12), rel=0.02)
