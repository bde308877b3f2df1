"""average_precision: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Scores
from analytics.performance.average_precision import METRIC

ROWS = Scores.from_arrays([False, True, False, True], [0.1, 0.2, 0.3, 0.4])


def test_by_hand() -> None:
    """From the top: 1 of 1 at half the recall, 2 of 3 at the rest."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Scores.from_arrays([False], [0.1]), of=None)
    assert found.value is None
    assert "no positive labels" in (found.reason or "")


def test_one_class_only() -> None:
    found = METRIC.compute(Scores.from_arrays([True, True], [0.1, 0.2]), of=None)
    assert found.value is None
    assert "one class only" in (found.reason or "")
