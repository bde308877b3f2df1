"""Intervals beside SciPy's and statisticians' published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.needs import Pairs, Scores
from analytics.stats.intervals import (
    logit_estimate,
    mean_loss,
    mean_of,
    newcombe,
    quantile_estimate,
    quantile_ranks,
    share_estimate,
    skew_ends,
    t_quantile,
    wilson,
)


@given(st.integers(1, 5000), st.data())
def test_wilson_is_scipys(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_without_rows_knows_nothing() -> None:
    assert wilson(0.5, 0) == (0.0, 1.0)


def test_newcombe_published() -> None:
    """Newcombe (1998), table II, method 10: 56/70 against 48/80, and 10/10 against 0/10."""
    assert newcombe((56 / 70, 70), (48 / 80, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe((1.0, 10), (0.0, 10)) == pytest.approx((0.6075, 1.0), abs=5e-5)
    assert newcombe((9 / 10, 10), (3 / 10, 10)) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@pytest.mark.parametrize("df", [1, 2, 5, 29, 499, 1e6])
def test_t_quantile_is_scipys(df: float) -> None:
    assert t_quantile(df) == pytest.approx(stats.t.ppf(0.975, df))


def test_a_symmetric_mean_has_students_interval() -> None:
    x = np.random.default_rng(0).normal(size=40)
    x = np.concatenate([x, -x]) + 3
    found = mean_of(Pairs.from_arrays(np.zeros(80), x), lambda y, p: p - y)
    expected = stats.t.interval(0.95, 79, loc=x.mean(), scale=stats.sem(x))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.se == pytest.approx(stats.sem(x))


@given(st.floats(-10, 10), st.floats(1e-6, 10), st.floats(-1, 1), st.floats(1.96, 12.7))
def test_skew_moves_the_ends_its_way(mean: float, se: float, skew: float, t: float) -> None:
    low, high = skew_ends(mean, se, skew, t)
    assert low <= mean <= high
    if abs(skew) > 1e-3:
        assert (high - mean > mean - low) == (skew > 0)


def test_skew_ends_solve_halls_equation() -> None:
    """The ends are where T + skew (1 + 2 T^2) / 6 ..., made monotone, meets the t quantile."""
    mean, se, skew, t = 2.0, 0.25, 0.4, 2.1
    for end, sign in zip(skew_ends(mean, se, skew, t), (1, -1), strict=True):
        studentised = (mean - end) / se
        bent = studentised + skew * studentised**2 / 3 + skew**2 * studentised**3 / 27 + skew / 6
        assert bent == pytest.approx(sign * t)


def test_weights_that_are_all_alike_change_nothing() -> None:
    y, p = np.arange(20.0), np.arange(20.0) ** 1.1
    plain = mean_of(Pairs.from_arrays(y, p), lambda a, b: abs(b - a))
    heavy = mean_of(
        Pairs.from_arrays(y, p, sample_weight=np.full(20, 7.0)), lambda a, b: abs(b - a)
    )
    assert (heavy.low, heavy.high, heavy.se) == pytest.approx((plain.low, plain.high, plain.se))


def test_mean_of_overflow_and_no_rows() -> None:
    huge = Pairs.from_arrays(np.array([1e308, -1e308]), np.array([-1e308, 1e308]))
    assert "too large" in (mean_of(huge, lambda y, p: p - y).reason or "")
    none = Pairs.from_arrays(np.zeros(3), np.ones(3), sample_weight=np.zeros(3))
    assert "fewer than two" in (mean_of(none, lambda y, p: p - y).reason or "")


def test_same_error_everywhere_is_said() -> None:
    found = mean_of(Pairs.from_arrays(np.zeros(5), np.ones(5)), lambda y, p: p - y)
    assert found.low == found.value == found.high == 1
    assert "no width" in found.detail["note"]


def test_mean_loss_counts_the_rows_not_seen() -> None:
    scores = Scores.from_arrays([True] * 20, [0.9] * 20)
    found = mean_loss(scores, (1 - scores.score) ** 2, scores.score**2)
    unseen = stats.binomtest(0, 20).proportion_ci(method="wilson").high
    assert found.high == pytest.approx(0.01 + unseen * (0.81 - 0.01))


def test_logit_at_the_edge_is_wilson() -> None:
    found = logit_estimate(1.0, 0.0, 90, "DeLong, logit", size=30)
    assert (found.low, found.high) == wilson(1.0, 30)
    inside = logit_estimate(0.8, 0.05, 90, "DeLong, logit", size=30)
    half = 1.959964 * 0.05 / 0.16
    centre = math.log(4)
    assert inside.low == pytest.approx(1 / (1 + math.exp(half - centre)), abs=1e-6)


def test_share_at_the_edge_has_a_standard_error() -> None:
    assert (share_estimate(1.0, 50, 50).se or 0) > 0.01


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 20, 101, 1000])
@pytest.mark.parametrize("q", [0.5, 0.9, 0.01])
def test_quantile_ranks_are_the_binomials(n: int, q: float) -> None:
    low, high, covered = quantile_ranks(n, q)
    binomial = stats.binom(n, q)
    assert low == 1 or binomial.cdf(low - 1) <= 0.025
    assert high == n or binomial.cdf(high - 1) >= 0.975
    expected = binomial.cdf(high - 1) - binomial.cdf(low - 1) if high > low else 0.0
    assert covered == pytest.approx(expected, abs=1e-12)
    if low > 1 and high < n:
        assert covered >= 0.95


def test_ranks_of_many_rows_agree_with_the_exact_ones() -> None:
    low, high, covered = quantile_ranks(4001, 0.5)
    exact = stats.binom(4001, 0.5)
    assert abs(exact.ppf(0.025) - low) <= 1 and abs(exact.ppf(0.975) + 1 - high) <= 1
    assert covered == pytest.approx(0.95, abs=0.01)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_a_quantile_without_weights_is_numpys(values: list[int]) -> None:
    x = np.array(values, dtype=float)
    found = quantile_estimate(x, np.ones(len(x)), 0.5)
    assert found.value == np.median(x)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high
