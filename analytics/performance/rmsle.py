"""RMSLE: the root of the mean squared distance of ln(1 + prediction) and ln(1 + label)."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import POSITIVE, mean_of


def rmsle(pairs: Pairs, of: str | None = None) -> Estimate:
    """Root of the mean of (ln(1 + prediction) - ln(1 + label))^2; undefined at or below -1.

    The interval is that of the mean square, its ends rooted.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(rmsle(pairs).value, 6)
    0.267205
    """
    if pairs.n and min(float(pairs.y_true.min()), float(pairs.y_pred.min())) <= -1:
        return Estimate.undefined("values at or below -1 have no logarithm", pairs.n)
    return mean_of(
        pairs, lambda y, p: (np.log1p(p) - np.log1p(y)) ** 2, bounds=POSITIVE, transform=math.sqrt
    )


METRIC = Metric(
    name="rmsle",
    label="RMSLE",
    tasks=("regression",),
    needs=Pairs,
    compute=rmsle,
    better="lower",
    unit="score",
    meaning="A relative error for values that span orders of magnitude: the root of the mean squared"
    " distance of the logarithms of one plus the value. Too low costs more than too high.",
    source="scikit-learn root_mean_squared_log_error; interval: skew-corrected t (Hall 1992) on the square",
    is_default=False,
    tolerance=(0.1, 0.2),
)
