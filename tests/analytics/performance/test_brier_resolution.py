"""brier_resolution: a score that tells apart perfectly, and one that tells nothing."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import Scores
from analytics.performance.brier_resolution import METRIC


def test_a_perfect_score_resolves_all_the_uncertainty() -> None:
    truth = np.arange(1000) % 4 == 0
    found = METRIC.compute(Scores.from_arrays(truth, truth * 0.8 + 0.1))
    assert found.value == pytest.approx(0.25 * 0.75, abs=1e-3)


def test_one_score_for_all_resolves_nothing() -> None:
    found = METRIC.compute(Scores.from_arrays([True, False] * 100, [0.5] * 200))
    assert found.value == pytest.approx(0, abs=1e-12)


def test_undefined() -> None:
    assert METRIC.compute(Scores.from_arrays([], [])).value is None
