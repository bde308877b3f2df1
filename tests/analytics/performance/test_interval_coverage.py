"""interval_coverage: one of three inside, and a single quantile."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import Quantiles
from analytics.performance.interval_coverage import METRIC

ROWS = Quantiles(
    np.array([1.0, 5.0, 9.0]), (0.1, 0.9), np.array([[2.0, 2, 2], [8.0, 8, 8]]), np.ones(3)
)


def test_by_hand() -> None:
    found = METRIC.compute(ROWS)
    assert found.value == pytest.approx(1 / 3) and found.detail["nominal"] == pytest.approx(0.8)


def test_one_quantile_makes_no_interval() -> None:
    one = Quantiles(np.array([1.0]), (0.5,), np.array([[2.0]]), np.ones(1))
    assert METRIC.compute(one).value is None
