"""Adjusted p-values beside SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli

P = st.lists(st.floats(0, 1), min_size=1, max_size=50)


@given(P)
def test_they_are_scipys(p: list[float]) -> None:
    values = np.array(p)
    by_bh = stats.false_discovery_control(values, method="bh")
    by_by = stats.false_discovery_control(values, method="by")
    assert benjamini_hochberg(values) == pytest.approx(by_bh)
    assert benjamini_yekutieli(values) == pytest.approx(by_by)


@given(P, st.randoms())
def test_order_does_not_matter(p: list[float], random) -> None:
    order = list(range(len(p)))
    random.shuffle(order)
    values = np.array(p)
    assert benjamini_hochberg(values)[order] == pytest.approx(benjamini_hochberg(values[order]))


def test_nothing_asked_nothing_answered() -> None:
    assert len(benjamini_hochberg(np.array([]))) == 0
