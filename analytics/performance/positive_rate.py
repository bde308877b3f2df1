"""Positive rate: the share of rows that the model predicted as the positive class."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.performance.classes import class_index
from analytics.stats.intervals import share_estimate


def positive_rate(counts: Confusion, of: str | None = None) -> Estimate:
    """Share of rows predicted positive; labels are not looked at, so every row counts.

    >>> positive_rate(Confusion.from_arrays(["", "", ""], ["1", "0", "0"], positive="1")).value
    0.3333333333333333
    """
    total = float(counts.counts.sum())
    if total <= 0:
        return Estimate.undefined("no predictions")
    i = class_index(counts, of)
    predicted = float(counts.counts[:, i].sum()) if i is not None else 0.0
    return share_estimate(predicted / total, counts.n_effective, counts.n)


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
