"""Specificity: of the rows of other classes, the share not predicted as the class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.intervals import share_estimate
from analytics.stats.ratios import AVERAGES, SPECIFICITY, averaged, of_class


def specificity(counts: Confusion, of: str | None = None) -> Estimate:
    """Of the rows that are not of the class, the share that the model left alone, in [0, 1].

    ``of`` is a class (None: the positive one) or an average. In an average a class that has all
    rows counts 0 and is named in ``detail.counted_zero``.

    >>> specificity(Confusion.from_arrays(list("1010"), list("1100"), positive="1")).value
    0.5
    """
    if of == "micro":
        return _micro(counts)
    if of in AVERAGES:
        return averaged(counts, SPECIFICITY, str(of))
    return of_class(counts, SPECIFICITY, of, "no labelled row of another class")


def _micro(counts: Confusion) -> Estimate:
    """True negatives of every class, pooled: 1 - (1 - accuracy) / (classes - 1), ends alike."""
    total = float(counts.counts.sum())
    k = int((counts.counts.sum(axis=0) + counts.counts.sum(axis=1) > 0).sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    if k < 2:
        return Estimate.undefined("one class only", counts.n)
    right = min(float(counts.counts.trace()) / total, 1.0)
    share = share_estimate(right, counts.n_effective, counts.n)
    value, low, high = (1 - (1 - (x or 0.0)) / (k - 1) for x in (right, share.low, share.high))
    se = (share.se or 0.0) / (k - 1)
    detail = {"average": "micro"}
    return Estimate(value, low, high, "Wilson, mapped", counts.n, se, detail=detail)


METRIC = Metric(
    name="specificity",
    label="Specificity",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=specificity,
    better="higher",
    unit="share",
    meaning="Of the rows that are not of the class, the share that the model left alone. It is"
    " high by itself when the class is rare, and says nothing about the rows found.",
    source="recall of the other classes, scikit-learn recall_score; interval: Wilson (1927), of"
    " averages by the delta method on the logit scale",
    averages=AVERAGES,
    per_class=True,
    is_default=False,
)
