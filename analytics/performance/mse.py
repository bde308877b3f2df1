"""MSE: the mean squared distance of prediction and label."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Pairs, Residuals
from analytics.stats.intervals import POSITIVE, mean_of, squared


def mse(pairs: Pairs | Residuals, of: str | None = None) -> Estimate:
    """Mean of (prediction - label)^2, in the squared unit of the label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mse(pairs).value, 6)
    0.666667
    """
    return mean_of(pairs, squared, bounds=POSITIVE)


METRIC = Metric(
    name="mse",
    label="MSE",
    tasks=("regression",),
    needs=Pairs,
    compute=mse,
    better="lower",
    unit="label squared",
    meaning="The mean squared distance between prediction and label. A few large misses can make all"
    " of it, and its unit is the square of the label's.",
    source="scikit-learn mean_squared_error; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.2),
)
