"""r2: a number worked out by hand, and when there is none."""

import numpy as np
import pytest

from analytics.needs import Pairs
from analytics.performance.r2 import METRIC

ROWS = Pairs.from_arrays(np.array([1.0, 3.0, 5.0, 7.0]), np.array([2.0, 3.0, 3.0, 10.0]))


def test_by_hand() -> None:
    """Squares around the mean 4: 9 + 1 + 1 + 9 = 20."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(1 - 14 / 20)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Pairs.from_arrays(np.ones(5), np.zeros(5)), of=None)
    assert found.value is None
    assert "all labels are the same" in (found.reason or "")


def test_the_interval_stays_below_one() -> None:
    y = np.arange(20.0)
    found = METRIC.compute(Pairs.from_arrays(y, y + np.where(y == 3, 5.0, 0.0)))
    assert found.value is not None and found.high is not None
    assert found.value < found.high < 1
