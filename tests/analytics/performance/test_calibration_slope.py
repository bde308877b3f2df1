"""calibration_slope: a model that is too sure of itself, and labels that determine nothing."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.needs import Scores
from analytics.performance.calibration_slope import METRIC


def test_a_model_that_is_twice_too_sure_has_half_the_slope() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(size=200_000)
    truth = rng.random(200_000) < 1 / (1 + np.exp(-z))
    found = METRIC.compute(Scores.from_arrays(truth, 1 / (1 + np.exp(-2 * z))))
    assert found.low < 0.5 < found.high and found.high - found.low < 0.02
    assert found.detail["intercept"] == pytest.approx(0, abs=0.02)


def test_separated_labels_determine_no_slope() -> None:
    assert METRIC.compute(Scores.from_arrays([True, False], [0.9, 0.1])).value is None
