"""MAPE: the mean absolute error as a fraction of the label."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import mean_estimate

EPS = float(np.finfo(np.float64).eps)


def mape(pairs: Pairs, of: str | None = None) -> Estimate:
    """The mean absolute error as a fraction of the label.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(mape(pairs).value, 6)
    0.416667
    """
    return mean_estimate(
        np.abs(pairs.y_pred - pairs.y_true) / np.maximum(np.abs(pairs.y_true), EPS), pairs.weight
    )


METRIC = Metric(
    name="mape",
    label="MAPE",
    tasks=("regression",),
    needs=Pairs,
    compute=mape,
    better="lower",
    unit="score",
    meaning="The mean absolute error as a fraction of the label (0.1 is ten per cent). Labels near zero make it huge.",
    source="scikit-learn mean_absolute_percentage_error; interval: normal",
    is_default=False,
    tolerance=(0.1, 0.2),
)
