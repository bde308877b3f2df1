"""log_loss: a number worked out by hand, and when there is none."""

import numpy as np
import pytest

from analytics.needs import Scores
from analytics.performance.log_loss import METRIC

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
