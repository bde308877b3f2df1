"""Counts over levels: the exact noise floor, and p-values that hold from 2 to 1,000 levels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact, hypergeom

from analytics.stats.discrete import _moments as moments
from analytics.stats.discrete import (
    expected_tvd,
    homogeneity_p,
    pearson,
    rates_p,
)


def test_the_floor_is_the_hypergeometric_mean() -> None:
    reference, current = np.array([7.0, 3.0, 20.0]), np.array([5.0, 9.0, 6.0])
    total, n, m = 50, 20, 30
    hoped = 0.0
    for t in (12, 12, 26):
        a = np.arange(t + 1)
        share = np.abs(a / n - (t - a) / m)
        hoped += float((share * hypergeom(total, t, n).pmf(a)).sum()) / 2
    assert expected_tvd(reference, current) == pytest.approx(hoped, abs=1e-12)


def test_the_floor_tends_to_the_normal_formula() -> None:
    p = np.array([0.5, 0.3, 0.2])
    n, m = 20_000, 100_000
    formula = 0.5 * np.sqrt(2 * p * (1 - p) * (1 / n + 1 / m) / np.pi).sum()
    assert expected_tvd(p * m, p * n) == pytest.approx(formula, rel=1e-3)


def test_moments_are_those_of_permutations() -> None:
    rng = np.random.default_rng(6)
    pooled, n = np.array([1.0, 1, 1, 2, 2, 3, 5, 8]), 9
    draws = rng.multivariate_hypergeometric(pooled.astype(int), n, 20_000).astype(float)
    values = [pearson(pooled - cur, cur)[0] for cur in draws]
    mean, variance = moments(pooled, n, float(pooled.sum()))
    assert mean == pytest.approx(np.mean(values), rel=0.01)
    assert variance == pytest.approx(np.var(values), rel=0.04)


def test_frequent_levels_get_scipys_chi_square() -> None:
    reference, current = np.array([300.0, 500.0, 200.0]), np.array([40.0, 40.0, 20.0])
    known = chi2_contingency(np.array([reference, current]), correction=False)
    assert homogeneity_p(reference, current) == pytest.approx(known.pvalue, rel=1e-9)


@pytest.mark.parametrize("k", [2, 10, 100, 1000])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (100, 1000), (1000, 300), (1000, 10_000)])
def test_no_drift_is_called_drift_as_often_as_promised(k: int, n: int, m: int) -> None:
    rng = np.random.default_rng([k, n, m])
    weight = 1 / np.arange(1, k + 1)
    reference, current = (rng.multinomial(rows, weight / weight.sum(), 800) for rows in (m, n))
    p = np.array(
        [homogeneity_p(*pair) for pair in zip(reference * 1.0, current * 1.0, strict=True)]
    )
    assert (p < 0.05).mean() <= 0.05 + 3 * (0.05 * 0.95 / 800) ** 0.5
    assert (p < 0.005).mean() <= 0.005 + 4 * (0.005 / 800) ** 0.5


def test_two_rates_beside_exact_tests() -> None:
    assert rates_p(0, 100, 0, 100) == 1.0
    assert rates_p(100, 100, 50, 50) == 1.0
    for hits, before in ((3, 0), (6, 2), (1, 5)):
        exact = fisher_exact([[hits, 200 - hits], [before, 1000 - before]]).pvalue
        assert exact <= rates_p(hits, 200, before, 1000) <= min(1.0, 2.5 * exact + 1e-9)
    many = chi2_contingency([[300, 700], [2500, 7500]], correction=False).pvalue
    assert rates_p(300, 1000, 2500, 10_000) == pytest.approx(many, rel=1e-9)
    assert rates_p(700, 1000, 7500, 10_000) == pytest.approx(many, rel=1e-9)
