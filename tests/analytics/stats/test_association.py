"""Explained shares beside a regression on indicators and the textbook's proportional reduction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.stats.association import eta_squared, tau


@given(st.integers(0, 10_000))
def test_eta_squared_is_the_r2_of_a_regression_on_the_groups(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = np.concatenate([np.arange(4), rng.integers(0, 4, 60)])
    y = rng.normal(group * rng.normal(), 1.0)
    design = np.eye(4)[group]
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    expected = 1 - left @ left / ((y - y.mean()) @ (y - y.mean()))
    parts = [y[group == g] for g in range(4)]
    found = eta_squared(*([f(p) for p in parts] for f in (len, np.mean, np.var)))
    assert found == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 10_000))
def test_tau_is_the_mean_gain_of_guessing_in_proportion(seed: int) -> None:
    table = np.random.default_rng(seed).integers(0, 9, (4, 3)) + np.eye(4, 3, dtype=int)
    pairs = [(i, j) for i in range(4) for j in range(3) for _ in range(table[i, j])]
    n = len(pairs)
    blind = sum(1 - sum(b == j for _, b in pairs) / n for _, j in pairs) / n
    seen = sum(
        1 - sum((a, b) == (i, j) for a, b in pairs) / sum(a == i for a, _ in pairs)
        for i, j in pairs
    )
    assert tau(table) == pytest.approx((blind - seen / n) / blind, abs=1e-9)


def test_nothing_to_explain_is_zero() -> None:
    assert eta_squared([], [], []) == 0.0
    assert eta_squared([3, 2], [1.0, 1.0], [0.0, 0.0]) == 0.0
    assert tau(np.zeros((2, 2))) == 0.0
    assert tau([[4], [2]]) == 0.0
