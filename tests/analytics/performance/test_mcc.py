"""mcc: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Confusion
from analytics.performance.mcc import METRIC

ROWS = Confusion.from_arrays(list("1111000000"), list("1110110000"), positive="1")


def test_by_hand() -> None:
    """(TP TN - FP FN) / sqrt of the product of the four margins."""
    found = METRIC.compute(ROWS, of="1")
    assert found.value == pytest.approx((3 * 4 - 2 * 1) / (5 * 4 * 6 * 5) ** 0.5)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Confusion.from_arrays(["1"], ["1"], positive="1"), of="1")
    assert found.value is None
    assert "one class only" in (found.reason or "")


def test_all_wrong_is_not_certain_either() -> None:
    found = METRIC.compute(Confusion.from_arrays(list("01" * 10), list("10" * 10)))
    assert found.value == found.low == -1
    assert found.high is not None and -0.8 < found.high < -0.5


def test_the_reason_says_which_side_has_one_class() -> None:
    assert "labels" in (METRIC.compute(Confusion.from_arrays(list("11"), list("10"))).reason or "")
    said = METRIC.compute(Confusion.from_arrays(list("10"), list("11"))).reason
    assert "predictions" in (said or "")
