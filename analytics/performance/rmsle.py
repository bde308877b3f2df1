"""RMSLE: the root of the mean squared distance of ln(1 + prediction) and ln(1 + label)."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import mean_estimate


def rmsle(pairs: Pairs, of: str | None = None) -> Estimate:
    """The root of the mean squared distance of ln(1 + prediction) and ln(1 + label).

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(rmsle(pairs).value, 6)
    0.267205
    """
    if pairs.n and min(float(pairs.y_true.min()), float(pairs.y_pred.min())) <= -1:
        return Estimate.undefined("values at or below -1 have no logarithm", pairs.n)
    return mean_estimate(
        (np.log1p(pairs.y_pred) - np.log1p(pairs.y_true)) ** 2, pairs.weight, transform=math.sqrt
    )


METRIC = Metric(
    name="rmsle",
    label="RMSLE",
    tasks=("regression",),
    needs=Pairs,
    compute=rmsle,
    better="lower",
    unit="score",
    meaning="A relative error for values that span orders of magnitude: the root of the mean squared distance of the logarithms of one plus the value.",
    source="scikit-learn root_mean_squared_log_error; interval: normal on the square",
    is_default=False,
    tolerance=(0.1, 0.2),
)
