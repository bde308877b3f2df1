"""f1: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.f1 import METRIC
from analytics.stats.intervals import wilson

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """2 TP / (2 TP + FP + FN) = 6 / (6 + 2 + 1)."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx(6 / 9)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays(["0"], ["0"], positive="1"), of="1")
    assert found.value is None
    assert "neither occurs" in (found.reason or "")


def test_interval_is_wilsons_on_the_jaccard_index() -> None:
    """2 hits, 1 false alarm, 1 miss: J = 2/4, F1 = 2/3."""
    found = METRIC.compute(Confusion.from_arrays(list("11100"), list("11010")), of="1")
    low, high = wilson(0.5, 4)
    assert found.value == pytest.approx(2 / 3)
    assert (found.low, found.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
