"""accuracy: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.accuracy import METRIC

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """3 + 4 of 10 rows are right."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx(0.7)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays([], [], positive="1"), of="1")
    assert found.value is None
    assert "no labelled rows" in (found.reason or "")
