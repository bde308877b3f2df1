"""business_value: a mean worked out by hand, and its spread."""

from __future__ import annotations

import math

import pytest

from analytics.needs import Confusion, Valued
from analytics.performance.business_value import METRIC

COUNTS = Confusion.from_arrays(list("1111100000"), list("1110011000"), positive="1")


def test_by_hand() -> None:
    need = Valued(COUNTS, {("1", "0"): -10.0, ("0", "1"): -1.0, ("1", "1"): 4.0})
    found = METRIC.compute(need)
    assert found.value == pytest.approx((-20 - 2 + 12) / 10)
    assert found.low < -1.0 < found.high


def test_the_standard_error_is_that_of_the_rows() -> None:
    found = METRIC.compute(Valued(COUNTS, {("1", "0"): -10.0}))
    assert found.se == pytest.approx(math.sqrt(0.2 * 0.8 * 100 / 9))
