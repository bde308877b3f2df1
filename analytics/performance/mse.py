"""MSE: the mean squared distance of prediction and label."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import mean_estimate


def mse(pairs: Pairs, of: str | None = None) -> Estimate:
    """The mean squared distance of prediction and label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mse(pairs).value, 6)
    0.666667
    """
    return mean_estimate((pairs.y_pred - pairs.y_true) ** 2, pairs.weight)


METRIC = Metric(
    name="mse",
    label="MSE",
    tasks=("regression",),
    needs=Pairs,
    compute=mse,
    better="lower",
    unit="label squared",
    meaning="The mean squared distance between prediction and label. A few large misses can make all of it.",
    source="scikit-learn mean_squared_error; interval: normal",
    is_default=False,
    tolerance=(0.1, 0.2),
)
