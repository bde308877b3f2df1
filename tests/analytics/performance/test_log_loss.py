"""log_loss: a number worked out by hand, and when there is none."""

import numpy as np
import pytest

from analytics.needs import ClassScores, Scores
from analytics.performance.log_loss import METRIC, MULTICLASS

ROWS = Scores.from_arrays([False, True, False, True], [0.1, 0.2, 0.3, 0.4])


def test_by_hand() -> None:
    """-(ln 0.9 + ln 0.2 + ln 0.7 + ln 0.4) / 4."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx(-np.log([0.9, 0.2, 0.7, 0.4]).mean())
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Scores.from_arrays([], []), of=None)
    assert found.value is None
    assert "no labelled rows" in (found.reason or "")


def test_multiclass_by_hand() -> None:
    """Each class was given 0.5 and 0.25 where it was right."""
    parts = {
        "a": Scores.from_arrays([True, False], [0.5, 0.75]),
        "b": Scores.from_arrays([False, True], [0.5, 0.25]),
    }
    found = MULTICLASS.compute(ClassScores(parts, 2))
    assert found.value == pytest.approx(1.5 * 0.6931471805599453)
    assert "no scores" in (MULTICLASS.compute(ClassScores({}, 0)).reason or "")
