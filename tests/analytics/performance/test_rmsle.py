"""rmsle: a number worked out by hand, and when there is none."""

import numpy as np
import pytest

from analytics.needs import Pairs
from analytics.performance.rmsle import METRIC

ROWS = Pairs.from_arrays(np.array([0.0, 0.0]), np.array([np.e - 1, 0.0]))


def test_by_hand() -> None:
    """ln e = 1 and 0: the root of 1 / 2."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(0.5**0.5)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Pairs.from_arrays(np.array([-2.0, 1.0]), np.array([1.0, 1.0])), of=None)
    assert found.value is None
    assert "no logarithm" in (found.reason or "")
