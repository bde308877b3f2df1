"""Mean score: the average probability that the model gave the positive class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.intervals import mean_of_groups


def mean_score(scores: Scores, of: str | None = None) -> Estimate:
    """Mean of the scores of all rows, with a skew-corrected t interval.

    Labels are not read, so every row counts: rows without one come as negatives.

    >>> round(mean_score(Scores.from_arrays([False, False], [0.2, 0.4])).value, 6)
    0.3
    """
    weight = scores.positives + scores.negatives
    if weight.sum() <= 0:
        return Estimate.undefined("no scores", scores.n)
    return mean_of_groups([(scores.score, weight)], scores.sum_w2, scores.n, scores.n_invalid)


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
    source="a mean; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    needs_labels=False,
    tolerance=(0.05, 0.1),
)
