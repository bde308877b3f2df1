"""roc_auc: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import ClassScores, Scores
from analytics.performance.roc_auc import METRIC, MULTICLASS

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


def test_no_pair_out_of_order_is_not_certain() -> None:
    found = METRIC.compute(Scores.from_arrays([False] * 9 + [True] * 9, list(range(18))), of=None)
    assert found.value == found.high == 1
    assert found.low is not None and 0.6 < found.low < 0.9


def test_classes_without_rows_have_no_mean() -> None:
    empty = MULTICLASS.compute(
        ClassScores({"a": ROWS, "b": Scores.from_arrays([], [])}, 4), of="macro"
    )
    assert "no labelled rows" in (empty.reason or "")
    assert "no score was logged" in (MULTICLASS.compute(ClassScores({}, 4), of="a").reason or "")
