"""Smirnov's one-sided tail beside SciPy's own sum of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import smirnov

from analytics.stats.kolmogorov import _one_sided, survival


@given(st.integers(1, 5000), st.floats(0.001, 0.999))
def test_beside_scipy(n: int, d: float) -> None:
    expected = float(smirnov(n, d))
    assert _one_sided(n, d) == pytest.approx(expected, rel=1e-10, abs=1e-250)


@pytest.mark.parametrize("n", [1, 2, 10, 140, 3704, 5000])
def test_where_shares_and_steps_meet(n: int) -> None:
    for k in range(1, min(n, 60)):
        assert _one_sided(n, k / n) == pytest.approx(
            float(smirnov(n, k / n)), rel=1e-10, abs=1e-250
        )


def test_the_tail_goes_on_where_the_series_takes_over() -> None:
    for squared in (2.3, 5.0, 20.0):
        d = (squared / 5001) ** 0.5
        assert survival(5001, d) == pytest.approx(2 * _one_sided(5001, d), abs=1e-9)
