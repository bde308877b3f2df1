"""Average precision: precision averaged over the recall gained at each score."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.intervals import logit_estimate


def average_precision(scores: Scores, of: str | None = None) -> Estimate:
    """Sum of precision times the gain in recall from the highest score down; ties as one step.

    >>> average_precision(Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])).value
    0.8333333333333333
    """
    n_pos = float(scores.positives.sum())
    if n_pos <= 0:
        return Estimate.undefined("no positive labels", scores.n)
    true = np.cumsum(scores.positives[::-1])
    taken = true + np.cumsum(scores.negatives[::-1])
    gained = scores.positives[::-1] / n_pos
    value = float((gained * true / np.maximum(taken, 1e-300)).sum())
    size = n_pos * (n_pos + float(scores.negatives.sum())) / scores.sum_w2
    se = math.sqrt(max(value * (1 - value), 0.0) / size)
    return logit_estimate(value, se, scores.n, "logit", n_invalid=scores.n_invalid)


METRIC = Metric(
    name="average_precision",
    label="Average precision",
    tasks=("binary",),
    needs=Scores,
    compute=average_precision,
    better="higher",
    unit="score",
    meaning="Precision averaged over all thresholds that raise recall: how clean the top of the"
    " ranking is. A useless model scores the share of positives.",
    source="scikit-learn average_precision_score; interval: Boyd, Eng and Page (2013), logit",
    is_default=False,
)
