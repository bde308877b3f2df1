"""MAE: the mean absolute distance of prediction and label."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import mean_estimate


def mae(pairs: Pairs, of: str | None = None) -> Estimate:
    """The mean absolute distance of prediction and label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mae(pairs).value, 6)
    0.666667
    """
    return mean_estimate(np.abs(pairs.y_pred - pairs.y_true), pairs.weight)


METRIC = Metric(
    name="mae",
    label="MAE",
    tasks=("regression",),
    needs=Pairs,
    compute=mae,
    better="lower",
    unit="label",
    meaning="The mean absolute distance between prediction and label, in the unit of the label.",
    source="scikit-learn mean_absolute_error; interval: normal",
    tolerance=(0.1, 0.2),
)
