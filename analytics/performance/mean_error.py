"""Mean error: the mean of prediction minus label."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Pairs, Residuals
from analytics.stats.intervals import mean_of, signed


def mean_error(pairs: Pairs | Residuals, of: str | None = None) -> Estimate:
    """Mean of prediction - label, in the unit of the label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mean_error(pairs).value, 6)
    0.0
    """
    return mean_of(pairs, signed)


METRIC = Metric(
    name="mean_error",
    label="Mean error",
    tasks=("regression",),
    needs=Pairs,
    compute=mean_error,
    better="zero",
    unit="label",
    meaning="The mean of prediction minus label: above zero the model promises too much. Errors of"
    " opposite sign cancel, so zero does not mean that it is right.",
    source="a mean; interval: skew-corrected t (Hall 1992)",
    tolerance=(0.5, 1.0),
)
