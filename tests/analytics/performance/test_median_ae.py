"""median_ae: a number worked out by hand, and when there is none."""

import numpy as np
import pytest

from analytics.needs import Pairs
from analytics.performance.median_ae import METRIC

ROWS = Pairs.from_arrays(np.array([1.0, 3.0, 5.0, 7.0]), np.array([2.0, 3.0, 3.0, 10.0]))


def test_by_hand() -> None:
    """The middle of 0, 1, 2, 3."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(1.5)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Pairs.from_arrays(np.array([1.0]), np.array([1.0])), of=None)
    assert found.value is None
    assert "fewer than two" in (found.reason or "")


def test_weights_move_the_middle() -> None:
    """Errors 1, 2, 3 with weights 1, 1, 4: half of the weight is reached at 3."""
    weight = np.array([1.0, 1.0, 4.0])
    pairs = Pairs.from_arrays(np.zeros(3), np.array([1.0, 2.0, 3.0]), sample_weight=weight)
    assert METRIC.compute(pairs).value == 3


def test_few_rows_say_what_their_interval_covers() -> None:
    found = METRIC.compute(Pairs.from_arrays(np.zeros(4), np.arange(4.0)))
    assert (found.low, found.high) == (0, 3)
    assert found.detail["coverage"] == pytest.approx(1 - 2 / 16)
