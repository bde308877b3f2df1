"""Brier score: the mean squared distance of probability and label."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.calibration import NOT_PROBABILITIES, are_probabilities
from analytics.stats.intervals import mean_loss


def brier(scores: Scores, of: str | None = None) -> Estimate:
    """Mean of (score - label)^2, in [0, 1]; 0 is perfect. Scores outside [0, 1] have none.

    >>> round(brier(Scores.from_arrays([True, False], [0.9, 0.2])).value, 6)
    0.025
    """
    if not are_probabilities(scores):
        return Estimate.undefined(NOT_PROBABILITIES, scores.n)
    p = np.clip(scores.score, 0.0, 1.0)
    return mean_loss(scores, (1 - p) ** 2, p**2)


METRIC = Metric(
    name="brier",
    label="Brier score",
    tasks=("binary",),
    needs=Scores,
    compute=brier,
    better="lower",
    unit="score",
    meaning="The mean squared distance between the probability and what happened. It joins"
    " calibration and ranking in one number, and depends on how common positives are.",
    source="scikit-learn brier_score_loss; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.01, 0.03),
)
