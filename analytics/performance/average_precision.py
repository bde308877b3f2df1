"""Average precision: precision averaged over the recall gained at each score."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Scores
from analytics.stats.intervals import logit_estimate
from analytics.stats.ranking import effective, precision_over_recall


def average_precision(scores: Scores, of: str | None = None) -> Estimate:
    """Sum of precision times the gain in recall from the highest score down; ties as one step.

    The interval is the infinitesimal jackknife's on the logit scale; where every positive stands
    above every negative, Wilson's over the positives.

    >>> average_precision(Scores.from_arrays([False, False, True, True], [0.1, 0.4, 0.35, 0.8])).value
    0.8333333333333333
    """
    if scores.positives.sum() + scores.negatives.sum() <= 0:
        return Estimate.undefined("no labelled rows", scores.n)
    if scores.positives.sum() <= 0:
        return Estimate.undefined("no positive labels", scores.n)
    if scores.negatives.sum() <= 0:
        return Estimate.undefined("one class only", scores.n)
    value, se = precision_over_recall(scores)
    size, method = effective(scores)[0], "jackknife, logit"
    return logit_estimate(value, se, scores.n, method, size=size, n_invalid=scores.n_invalid)


METRIC = Metric(
    name="average_precision",
    label="Average precision",
    tasks=("binary",),
    needs=Scores,
    compute=average_precision,
    better="higher",
    unit="score",
    meaning="Precision averaged over all thresholds that raise recall: how clean the top of the"
    " ranking is. A useless model scores the share of positives, so it moves when that moves.",
    source="scikit-learn average_precision_score; interval: infinitesimal jackknife (Efron 1982)"
    " on the logit scale (Boyd, Eng and Page 2013)",
    is_default=False,
)
