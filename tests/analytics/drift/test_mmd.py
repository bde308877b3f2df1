"""mmd: beside the double sum over pairs; its p-value is even without drift."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analytics.drift.mmd import TEST, gaussian, mmd2, scaled


def test_beside_the_double_sum(make_sample) -> None:
    sample = make_sample(1, n=60, m=80, shift=0.5)
    x = scaled(sample, 80, 60)
    kernel = gaussian(x)
    a, b = kernel[80:, 80:], kernel[:80, :80]
    within = sum(a[i, j] for i in range(60) for j in range(60) if i != j) / (60 * 59)
    rest = sum(b[i, j] for i in range(80) for j in range(80) if i != j) / (80 * 79)
    across = kernel[80:, :80].mean()
    inside = (np.arange(140) >= 80).astype(float)[None, :]
    assert mmd2(kernel, inside)[0] == pytest.approx(within + rest - 2 * across)


def test_the_p_value_is_even_without_drift(make_sample) -> None:
    p = [TEST.compute(make_sample(s, n=80, m=100)).detail["p_value"] for s in range(120)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_a_shift_is_seen(make_sample) -> None:
    found = TEST.compute(make_sample(2, shift=0.8))
    assert found.detail["p_value"] < 0.01 and found.detail["above_floor"] > TEST.tolerance[0]


def test_too_few_rows(make_sample) -> None:
    assert TEST.compute(make_sample(3, n=20)).value is None
