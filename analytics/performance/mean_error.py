"""Mean error: the mean of prediction minus label."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import mean_estimate


def mean_error(pairs: Pairs, of: str | None = None) -> Estimate:
    """The mean of prediction minus label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mean_error(pairs).value, 6)
    0.0
    """
    return mean_estimate(pairs.y_pred - pairs.y_true, pairs.weight)


METRIC = Metric(
    name="mean_error",
    label="Mean error",
    tasks=("regression",),
    needs=Pairs,
    compute=mean_error,
    better="zero",
    unit="label",
    meaning="The mean of prediction minus label: above zero the model promises too much. Errors of opposite sign cancel.",
    source="a mean; interval: normal",
    tolerance=(0.5, 1.0),
)
