"""RMSE: the root of the mean squared distance of prediction and label."""

from __future__ import annotations

import math

from analytics.core import Estimate, Metric
from analytics.needs import Pairs, Residuals
from analytics.stats.intervals import POSITIVE, mean_of, squared


def rmse(pairs: Pairs | Residuals, of: str | None = None) -> Estimate:
    """Root of the mean of (prediction - label)^2, in the unit of the label.

    The interval is that of the mean square, its ends rooted.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(rmse(pairs).value, 6)
    0.816497
    """
    return mean_of(pairs, squared, bounds=POSITIVE, transform=math.sqrt)


METRIC = Metric(
    name="rmse",
    label="RMSE",
    tasks=("regression",),
    needs=Pairs,
    compute=rmse,
    better="lower",
    unit="label",
    meaning="The root of the mean squared distance, in the unit of the label. Large misses weigh more"
    " than in MAE, so a few rows can move it.",
    source="scikit-learn root_mean_squared_error; interval: skew-corrected t (Hall 1992) on the square",
    tolerance=(0.1, 0.2),
)
