"""Spiegelhalter's z: whether probabilities could be right, as one number."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.calibration import NOT_PROBABILITIES, are_probabilities
from analytics.stats.intervals import normal_estimate


def spiegelhalter_z(scores: Scores, of: str | None = None) -> Estimate:
    """Sum of (y - p)(1 - 2p) over its standard deviation if p is right; near 0 when calibrated.

    Standard normal when every probability is right; ``detail.calibration_p`` is two-sided.

    >>> rows = Scores.from_arrays([True] * 30 + [False] * 70, [0.3] * 100)
    >>> abs(round(spiegelhalter_z(rows).value, 6))
    0.0
    """
    if not are_probabilities(scores):
        return Estimate.undefined(NOT_PROBABILITIES, scores.n)
    pos, neg = scores.positives, scores.negatives
    total = float(pos.sum() + neg.sum())
    p = np.clip(scores.score, 0.0, 1.0)
    expected = float((pos + neg) @ ((1 - 2 * p) ** 2 * p * (1 - p)))
    if total <= 0 or expected <= 0:
        return Estimate.undefined("scores of 0, 1 or one half alone say nothing here", scores.n)
    design = scores.sum_w2 / total
    scale = math.sqrt(expected * design)
    hit, miss = (1 - p) * (1 - 2 * p), -p * (1 - 2 * p)
    mean = float(pos @ hit + neg @ miss) / total
    value = mean * total / scale
    spread = float(pos @ (hit - mean) ** 2 + neg @ (miss - mean) ** 2) * design
    se = math.sqrt(spread) / scale
    se = se if se > 1e-9 else 1.0  # 1 is what it is where the probabilities are right
    detail = {
        "calibration_p": math.erfc(abs(value) / math.sqrt(2)),
        "n_invalid": scores.n_invalid,
    }
    return normal_estimate(value, se, scores.n, "normal", **detail)


METRIC = Metric(
    name="spiegelhalter_z",
    label="Spiegelhalter z",
    tasks=("binary",),
    needs=Scores,
    compute=spiegelhalter_z,
    better="zero",
    unit="score",
    meaning="How many standard deviations the Brier score is off what the probabilities themselves"
    " expect. Beyond 2 they cannot all be right; it grows with the number of rows, so compare"
    " windows of one size.",
    source="Spiegelhalter (1986); interval: normal, spread of the rows",
    is_default=False,
    tolerance=(2.0, 4.0),
)
