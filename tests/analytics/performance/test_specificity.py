"""specificity: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.specificity import METRIC

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """4 of the 6 rows that are 0 were left alone."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx(4 / 6)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays(["1"], ["1"], positive="1"), of="1")
    assert found.value is None
    assert "another class" in (found.reason or "")


def test_micro_by_hand() -> None:
    """Three classes, 1 of 4 wrong: 7 of the 8 chances to leave a class alone were taken."""
    found = METRIC.compute(Confusion.from_arrays(list("aabc"), list("aabb")), of="micro")
    assert found.value == pytest.approx(7 / 8)
