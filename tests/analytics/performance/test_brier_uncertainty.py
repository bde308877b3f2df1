"""brier_uncertainty: p (1 - p), its bias taken off."""

from __future__ import annotations

import pytest

from analytics.needs import Scores
from analytics.performance.brier_uncertainty import METRIC


def test_by_hand() -> None:
    found = METRIC.compute(Scores.from_arrays([True] * 20 + [False] * 80, [0.5] * 100))
    assert found.value == pytest.approx(0.2 * 0.8 * 100 / 99)
    assert found.low < found.value < found.high


def test_undefined() -> None:
    assert METRIC.compute(Scores.from_arrays([], [])).value is None
