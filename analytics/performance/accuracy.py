"""Accuracy: the share of labelled rows whose predicted class is the label."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Confusion
from analytics.stats.intervals import share_estimate


def accuracy(counts: Confusion, of: str | None = None) -> Estimate:
    """Share of rows predicted right, in [0, 1], with Wilson's interval.

    >>> accuracy(Confusion.from_arrays(["1", "0", "1", "0"], ["1", "0", "0", "0"])).value
    0.75
    """
    total = float(counts.counts.sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows", counts.n)
    right = min(float(np.trace(counts.counts)) / total, 1.0)
    return share_estimate(right, counts.n_effective, counts.n)


METRIC = Metric(
    name="accuracy",
    label="Accuracy",
    tasks=("binary", "multiclass"),
    needs=Confusion,
    compute=accuracy,
    better="higher",
    unit="share",
    meaning="The share of labelled rows that were predicted right. It rises when the common class"
    " becomes more common, even if the model ranks worse.",
    source="scikit-learn accuracy_score; interval: Wilson (1927)",
)
