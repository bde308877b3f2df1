"""recall: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.recall import METRIC

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """3 of the 4 rows that are 1 were found."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx(0.75)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays(["0"], ["1"], positive="1"), of="1")
    assert found.value is None
    assert "no labelled row" in (found.reason or "")


def test_macro_by_hand() -> None:
    """a: 2 of 2, b: 1 of 2, c: 0 of 1."""
    found = METRIC.compute(Confusion.from_arrays(list("aabbc"), list("aabaa")), of="macro")
    assert found.value == pytest.approx((1 + 1 / 2 + 0) / 3)
