"""spiegelhalter_z: standard normal where the probabilities are right, far out where they are not."""

from __future__ import annotations

import numpy as np

from analytics.needs import Scores
from analytics.performance.spiegelhalter_z import METRIC


def test_standard_normal_where_probabilities_are_right() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(600):
        p = rng.beta(2, 5, 400)
        found.append(METRIC.compute(Scores.from_arrays(rng.random(400) < p, p)).value)
    assert abs(np.mean(found)) < 0.15 and 0.9 < np.std(found) < 1.1


def test_far_out_where_they_are_not() -> None:
    rng = np.random.default_rng(3)
    found = METRIC.compute(Scores.from_arrays(rng.random(2000) < 0.5, np.full(2000, 0.1)))
    assert found.value > 10 and found.detail["calibration_p"] < 1e-6


def test_undefined() -> None:
    assert METRIC.compute(Scores.from_arrays([True, False], [0.5, 0.5])).value is None
