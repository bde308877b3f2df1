"""ece: a number worked out by hand, and when there is none."""

import pytest

from analytics.needs import Scores
from analytics.performance.ece import METRIC

ROWS = Scores.from_arrays([False, True, False, True], [0.1, 0.2, 0.3, 0.4])


def test_by_hand() -> None:
    """Each row is a group of its own."""
    found = METRIC.compute(ROWS, of=None)
    assert found.value == pytest.approx((0.1 + 0.8 + 0.3 + 0.6) / 4)
    assert found.low is not None and found.high is not None
    assert found.low <= found.value <= found.high


def test_undefined() -> None:
    found = METRIC.compute(Scores.from_arrays([], []), of=None)
    assert found.value is None
    assert "no labelled rows" in (found.reason or "")


def test_calibrated_scores_have_little_error_once_debiased() -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    score = rng.random(20_000)
    found = METRIC.compute(Scores.from_arrays(rng.random(20_000) < score, score), of=None)
    assert found.value is not None and found.value < 0.02
    assert found.detail["debiased"] <= found.value
