"""precision: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.precision import METRIC

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """3 of the 5 rows predicted 1 are 1."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx(0.6)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays(["1"], ["0"], positive="1"), of="1")
    assert found.value is None
    assert "never predicted" in (found.reason or "")


def test_macro_by_hand() -> None:
    """a: 2 of 3 right, b: 1 of 1, c: never predicted and counts 0."""
    found = METRIC.compute(Confusion.from_arrays(list("aabc"), list("aaba")), of="macro")
    assert found.value == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.detail["counted_zero"] == ["c"]
