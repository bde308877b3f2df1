"""One class against the rest, and averages over classes; shared by the per-class metrics."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from analytics.core import Estimate
from analytics.needs import Confusion, Floats
from analytics.stats.intervals import delta_se, logit_estimate, share_estimate

ClassValue = Callable[[Floats, int], float]


def class_index(counts: Confusion, of: str | None) -> int | None:
    """Where class ``of`` (else the positive class) stands; None when it was never seen."""
    name = of if of is not None else counts.positive
    return counts.classes.index(name) if name in counts.classes else None


def averaged(counts: Confusion, average: str, value: ClassValue) -> Estimate:
    """The mean over classes ("macro"), weighted by support ("weighted"), or pooled ("micro").

    A class that nobody predicted or that has no rows counts 0, as scikit-learn's zero_division=0.
    The interval is the delta method's on the logit scale.
    """
    if counts.counts.sum() <= 0:
        return Estimate.undefined("no labelled rows")
    if average == "micro":
        right = float(np.trace(counts.counts)) / float(counts.counts.sum())
        return share_estimate(right, counts.n_effective, counts.n, average=average)

    def mean(cells: Floats) -> float:
        support = cells.sum(axis=1)
        present = (support + cells.sum(axis=0)) > 0
        values = np.array([_or_zero(value(cells, i)) for i in range(len(support))])
        if average == "weighted":
            return float((values * support).sum() / support.sum())
        return float(values[present].mean())

    se = delta_se(counts, mean)
    return logit_estimate(mean(counts.counts), se, counts.n, "delta, logit", average=average)


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
