"""Gamma and beta functions beside SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from analytics.stats.special import beta_lower, gamma_upper, log_gamma, normal_upper


@pytest.mark.parametrize("most", [3, 30, 1e4, 1e8])
def test_log_gamma(most: float) -> None:
    x = np.r_[np.linspace(1e-3, most, 500), np.arange(1.0, min(most, 200))]
    assert log_gamma(x) == pytest.approx(special.gammaln(x), rel=2e-14, abs=1e-13)


@given(half=st.integers(1, 4000), ratio=st.floats(0.0, 4.0))
def test_chi_square_tails(half: int, ratio: float) -> None:
    a, x = half / 2, ratio * half / 2
    known = float(special.gammaincc(a, x))
    assert gamma_upper(a, x) == pytest.approx(known, rel=1e-8, abs=1e-13)


@given(shape=st.floats(0.01, 1e6), z=st.floats(-6, 12))
def test_gamma_tails_of_any_shape(shape: float, z: float) -> None:
    x = max(shape + z * shape**0.5, 0.0)
    known = float(special.gammaincc(shape, x))
    assert gamma_upper(shape, x) == pytest.approx(known, rel=1e-7, abs=1e-10)


@given(k=st.integers(1, 5000), rest=st.integers(1, 100_000), share=st.floats(0.0, 1.0))
def test_binomial_tails(k: int, rest: int, share: float) -> None:
    known = float(special.betainc(k, rest, share))
    assert beta_lower(k, rest, share) == pytest.approx(known, rel=1e-8, abs=1e-12)


def test_ends_and_the_normal_law() -> None:
    assert (gamma_upper(2, 0), gamma_upper(2, np.inf)) == (1.0, 0.0)
    assert (beta_lower(2, 3, 0), beta_lower(2, 3, 1)) == (0.0, 1.0)
    z = np.linspace(-8, 38, 100)
    assert [normal_upper(v) for v in z] == pytest.approx(special.ndtr(-z), rel=1e-12, abs=1e-300)
