"""roc_auc: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Scores
from analytics.performance.roc_auc import METRIC

ROWS = Scores.from_arrays([False, True, False, True], [0.1, 0.2, 0.3, 0.4])


def test_by_hand() -> None:
    """Of 4 pairs of a positive and a negative, 3 are in order."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(0.75)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Scores.from_arrays([True, True], [0.1, 0.2]), of=None)
    assert found.value is None
    assert "one class only" in (found.reason or "")


def test_ties_count_half() -> None:
    assert METRIC.compute(Scores.from_arrays([True, False], [0.5, 0.5]), of=None).value == 0.5


def test_a_monotone_map_changes_nothing() -> None:
    mapped = Scores(ROWS.score**3, ROWS.positives, ROWS.negatives, ROWS.n, ROWS.sum_w2)
    assert METRIC.compute(mapped, of=None).value == METRIC.compute(ROWS, of=None).value
