"""The difference of two estimates: Newcombe's for shares, Welch's for means, and its p-value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.core import Estimate
from analytics.stats.difference import difference
from analytics.stats.intervals import newcombe, normal_estimate, share_estimate

SHARE = st.tuples(st.integers(0, 200), st.integers(1, 200)).filter(lambda x: x[0] <= x[1])


@given(SHARE, SHARE)
def test_of_two_shares_it_is_newcombes(a: tuple[int, int], b: tuple[int, int]) -> None:
    one, two = a[0] / a[1], b[0] / b[1]
    found = difference(share_estimate(one, a[1], a[1]), share_estimate(two, b[1], b[1]))
    assert (found.low, found.high) == pytest.approx(newcombe((one, a[1]), (two, b[1])))
    assert found.low is not None and found.high is not None
    is_outside = found.low > 0 or found.high < 0
    p = found.detail["p_value"]
    assert is_outside == (p < 0.05) or p == pytest.approx(0.05, abs=1e-6)


def test_of_two_means_it_is_the_z_test() -> None:
    found = difference(normal_estimate(3.0, 0.4, 100), normal_estimate(2.0, 0.3, 100))
    assert found.se == pytest.approx(0.5)
    assert found.detail["p_value"] == pytest.approx(2 * stats.norm.sf(2.0), rel=1e-6)


@given(SHARE, SHARE)
def test_swapping_sides_turns_the_sign(a: tuple[int, int], b: tuple[int, int]) -> None:
    one, two = (share_estimate(k / n, n, n) for k, n in (a, b))
    there, back = difference(one, two), difference(two, one)
    assert there.value is not None and back.value is not None
    assert there.value == -back.value
    assert there.detail["p_value"] == pytest.approx(back.detail["p_value"])


def test_no_change_where_nothing_changes_and_no_answer_where_nothing_is_known() -> None:
    exact = Estimate(1.0, 1.0, 1.0, "t", 5)
    assert difference(exact, exact).detail["p_value"] == 1
    assert difference(Estimate(2.0, 2.0, 2.0), exact).detail["p_value"] == 0
    assert difference(Estimate.undefined("no labels yet"), exact).reason
    assert difference(exact, Estimate(1.0)).reason


def test_size_of_the_test_without_a_change() -> None:
    rng = np.random.default_rng(11)
    counts = rng.binomial(300, 0.85, (2000, 2)) / 300
    p = [
        difference(share_estimate(a, 300, 300), share_estimate(b, 300, 300)).detail["p_value"]
        for a, b in counts.tolist()
    ]
    assert 0.035 < np.mean(np.array(p) < 0.05) < 0.065
