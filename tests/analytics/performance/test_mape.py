"""mape: a number worked out by hand, and when there is none."""

import numpy as np
import pytest

from analytics.needs import Pairs
from analytics.performance.mape import METRIC

ROWS = Pairs.from_arrays(np.array([1.0, 3.0, 5.0, 7.0]), np.array([2.0, 3.0, 3.0, 10.0]))


def test_by_hand() -> None:
    """Each error over its label."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx((1 + 0 + 2 / 5 + 3 / 7) / 4)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Pairs.from_arrays(np.array([1.0]), np.array([1.0])), of=None)
    assert found.value is None
    assert "fewer than two" in (found.reason or "")


def test_labels_of_zero_are_counted() -> None:
    found = METRIC.compute(Pairs.from_arrays(np.array([0.0, 1.0]), np.array([0.5, 1.0])))
    assert found.detail["n_zero_labels"] == 1
    assert found.value is not None and found.value > 1e15
