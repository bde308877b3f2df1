"""Median absolute error: the middle of the absolute distances of prediction and label."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import median_ends


def median_ae(pairs: Pairs, of: str | None = None) -> Estimate:
    """Median of |prediction - label| with an interval from order statistics.

    With weights the lower weighted median is taken.

    >>> median_ae(Pairs.from_arrays(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 3.0]))).value
    1.0
    """
    if pairs.n < 2:
        return Estimate.undefined("fewer than two labelled rows", pairs.n)
    losses = np.abs(pairs.y_pred - pairs.y_true)
    order = np.argsort(losses)
    losses, weight = losses[order], pairs.weight[order]
    share = np.cumsum(weight) / weight.sum()
    is_weighted = bool((weight != weight[0]).any())
    value = float(losses[np.searchsorted(share, 0.5)]) if is_weighted else float(np.median(losses))
    n = int(weight.sum() ** 2 / (weight**2).sum())
    ranks = [rank / max(n - 1, 1) for rank in median_ends(n)]
    low, high = (float(losses[min(round(r * (pairs.n - 1)), pairs.n - 1)]) for r in ranks)
    return Estimate(value, min(low, value), max(high, value), "order statistics", pairs.n)


METRIC = Metric(
    name="median_ae",
    label="Median absolute error",
    tasks=("regression",),
    needs=Pairs,
    compute=median_ae,
    better="lower",
    unit="label",
    meaning="Half of the predictions are nearer to their label than this. A few huge misses do"
    " not move it, so it can hide them.",
    source="scikit-learn median_absolute_error; interval: binomial order statistics",
    is_default=False,
    tolerance=(0.1, 0.2),
)
