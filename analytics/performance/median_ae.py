"""Median absolute error: the middle of the absolute distances of prediction and label."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import TOO_FEW, TOO_LARGE, quantile_estimate


def median_ae(pairs: Pairs, of: str | None = None) -> Estimate:
    """Median of |prediction - label|, in the unit of the label, between order statistics.

    >>> median_ae(Pairs.from_arrays(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 3.0]))).value
    1.0
    """
    if pairs.n < 2 or pairs.weight.sum() <= 0:
        return Estimate.undefined(TOO_FEW, pairs.n)
    with np.errstate(over="ignore"):
        losses = np.abs(pairs.y_pred - pairs.y_true)
    if not np.isfinite(losses).all():
        return Estimate.undefined(TOO_LARGE, pairs.n)
    return quantile_estimate(losses, pairs.weight, 0.5, n_invalid=pairs.n_invalid)


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
