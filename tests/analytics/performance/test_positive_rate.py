"""positive_rate: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.positive_rate import METRIC

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """5 of 10 rows were predicted 1."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx(0.5)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays([], [], positive="1"), of="1")
    assert found.value is None
    assert "no predictions" in (found.reason or "")


def test_a_class_never_predicted_has_rate_zero_and_no_class_none() -> None:
    never = Confusion.from_arrays(["", ""], ["0", "0"], positive="1")
    assert METRIC.compute(never, of="1").value == 0
    unknown = METRIC.compute(Confusion.from_arrays([""], ["0"]))
    assert "no class is declared positive" in (unknown.reason or "")
