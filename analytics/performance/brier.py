"""Brier score: the mean squared distance of probability and label."""

from __future__ import annotations

import math

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.intervals import normal_estimate


def brier(scores: Scores, of: str | None = None) -> Estimate:
    """Mean of (score - label)^2, in [0, 1]; 0 is perfect.

    >>> round(brier(Scores.from_arrays([True, False], [0.9, 0.2])).value, 6)
    0.025
    """
    total = float(scores.positives.sum() + scores.negatives.sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows")
    hit, miss = (1 - scores.score) ** 2, scores.score**2
    mean = float(hit @ scores.positives + miss @ scores.negatives) / total
    spread = float((hit - mean) ** 2 @ scores.positives + (miss - mean) ** 2 @ scores.negatives)
    n = total * total / scores.sum_w2
    se = math.sqrt(spread / total / max(n - 1, 1))
    return normal_estimate(mean, se, scores.n, n_invalid=scores.n_invalid)


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
    source="scikit-learn brier_score_loss; interval: normal",
    is_default=False,
    tolerance=(0.01, 0.03),
)
