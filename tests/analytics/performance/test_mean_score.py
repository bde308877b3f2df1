"""mean_score: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Scores
from analytics.performance.mean_score import METRIC

ROWS = Scores.from_arrays([False, True, False, True], [0.1, 0.2, 0.3, 0.4])


def test_by_hand() -> None:
    """(0.1 + 0.2 + 0.3 + 0.4) / 4."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(0.25)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Scores.from_arrays([], []), of=None)
    assert found.value is None
    assert "no scores" in (found.reason or "")
