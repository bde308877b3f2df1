"""fbeta: a number worked out by hand, another beta, and none."""

from __future__ import annotations

import pytest

from analytics.needs import Confusion
from analytics.performance.fbeta import METRIC, fbeta

COUNTS = Confusion.from_arrays(list("1111100000"), list("1110011000"), positive="1")


def test_by_hand() -> None:
    """Three hits, two misses, two false alarms."""
    assert METRIC.compute(COUNTS, of="1").value == pytest.approx(5 * 3 / (5 * 3 + 4 * 2 + 2))


def test_a_beta_of_one_is_f1() -> None:
    assert fbeta(COUNTS, "1", beta=1.0).value == pytest.approx(2 * 3 / (2 * 3 + 2 + 2))


def test_undefined() -> None:
    assert METRIC.compute(COUNTS, of="x").value is None
