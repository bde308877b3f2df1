"""cosine_shift: beside SciPy's cosine distance; its p-value is even without drift."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cosine

from analytics.drift.cosine_shift import TEST
from analytics.needs import VectorPair


def test_beside_scipy(make_vectors) -> None:
    pair = make_vectors(1, shift=2.0)
    found = TEST.compute(pair)
    assert found.value == pytest.approx(
        cosine(pair.current.mean(axis=0), pair.reference.mean(axis=0))
    )
    assert found.detail["p_value"] < 0.01


def test_the_p_value_is_even_without_drift(make_vectors) -> None:
    p = [TEST.compute(make_vectors(s, n=60, m=80, d=8)).detail["p_value"] for s in range(120)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_too_few_vectors() -> None:
    assert TEST.compute(VectorPair(np.ones((5, 3)), np.ones((40, 3)))).value is None
