"""Positive rate: the share of rows that the model predicted as the positive class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.intervals import share_estimate
from analytics.stats.ratios import class_index


def positive_rate(counts: Confusion, of: str | None = None) -> Estimate:
    """Share of rows predicted positive, in [0, 1], with Wilson's interval.

    Only the predicted side of the counts is read, so every row counts, labelled or not: rows
    without a label come with the empty text as their true class.

    >>> positive_rate(Confusion.from_arrays(["", "", ""], ["1", "0", "0"], positive="1")).value
    0.3333333333333333
    """
    total = float(counts.counts.sum())
    if total <= 0:
        return Estimate.undefined("no predictions", counts.n)
    if of is None and counts.positive is None:
        return Estimate.undefined("no class is declared positive", counts.n)
    i = class_index(counts, of)
    predicted = float(counts.counts[:, i].sum()) if i is not None else 0.0
    return share_estimate(min(predicted / total, 1.0), counts.n_effective, counts.n)


METRIC = Metric(
    name="positive_rate",
    label="Predicted positive",
    tasks=("binary",),
    needs=Confusion,
    compute=positive_rate,
    better="neither",
    unit="share",
    meaning="The share of rows that the model called positive. It needs no labels; a move says"
    " that the model answers differently, not that it is wrong.",
    source="a share; interval: Wilson (1927)",
    needs_labels=False,
    tolerance=(0.05, 0.1),
)
