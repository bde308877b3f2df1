"""MAE: the mean absolute distance of prediction and label."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Pairs, Residuals
from analytics.stats.intervals import POSITIVE, absolute, mean_of


def mae(pairs: Pairs | Residuals, of: str | None = None) -> Estimate:
    """Mean of |prediction - label|, in the unit of the label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mae(pairs).value, 6)
    0.666667
    """
    return mean_of(pairs, absolute, bounds=POSITIVE)


METRIC = Metric(
    name="mae",
    label="MAE",
    tasks=("regression",),
    needs=Pairs,
    compute=mae,
    better="lower",
    unit="label",
    meaning="The mean absolute distance between prediction and label, in the unit of the label. It"
    " does not say on which side the misses lie.",
    source="scikit-learn mean_absolute_error; interval: skew-corrected t (Hall 1992)",
    tolerance=(0.1, 0.2),
)
