"""gain: counted by hand, ties, and no positive row."""

from __future__ import annotations

import pytest

from analytics.needs import Scores
from analytics.performance.gain import METRIC

TRUTH = [True, True, False, True, True, True] + [False] * 14


def test_by_hand() -> None:
    """Twenty rows, five positives, two of them in the top tenth."""
    scores = Scores.from_arrays(TRUTH, [1 - i / 20 for i in range(20)])
    assert METRIC.compute(scores).value == pytest.approx(2 / 5)


def test_tied_scores_find_what_chance_finds() -> None:
    assert METRIC.compute(Scores.from_arrays(TRUTH, [0.5] * 20)).value == pytest.approx(0.1)


def test_undefined() -> None:
    assert METRIC.compute(Scores.from_arrays([False], [0.1])).value is None
