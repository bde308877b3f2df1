"""Mean score: the average probability that the model gave the positive class."""

from __future__ import annotations

import math

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.intervals import normal_estimate


def mean_score(scores: Scores, of: str | None = None) -> Estimate:
    """Mean of the scores of all rows, labelled or not.

    >>> mean_score(Scores.from_arrays([False, False], [0.2, 0.4])).value
    0.30000000000000004
    """
    weight = scores.positives + scores.negatives
    total = float(weight.sum())
    if total <= 0:
        return Estimate.undefined("no scores")
    mean = float(scores.score @ weight) / total
    variance = float((scores.score - mean) ** 2 @ weight) / total
    n = total * total / scores.sum_w2
    return normal_estimate(mean, math.sqrt(variance / max(n - 1, 1)), scores.n)


METRIC = Metric(
    name="mean_score",
    label="Mean score",
    tasks=("binary",),
    needs=Scores,
    compute=mean_score,
    better="neither",
    unit="score",
    meaning="The average probability that the model gave the positive class. It needs no labels;"
    " compare it with the observed rate to see over- or under-forecasting.",
    source="a mean; interval: normal",
    is_default=False,
    needs_labels=False,
    tolerance=(0.05, 0.1),
)
