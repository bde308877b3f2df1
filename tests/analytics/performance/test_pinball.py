"""pinball: two quantiles of three rows by hand, and no row."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import Quantiles
from analytics.performance.pinball import METRIC

ROWS = Quantiles(
    np.array([1.0, 5.0, 9.0]), (0.1, 0.9), np.array([[2.0, 2, 2], [8.0, 8, 8]]), np.ones(3)
)


def test_by_hand() -> None:
    low, high = [0.9 * 1, 0.1 * 3, 0.1 * 7], [0.1 * 7, 0.1 * 3, 0.9 * 1]
    assert METRIC.compute(ROWS).value == pytest.approx((sum(low) + sum(high)) / 6)


def test_undefined() -> None:
    none = Quantiles(np.empty(0), (0.5,), np.empty((1, 0)), np.empty(0))
    assert METRIC.compute(none).value is None
