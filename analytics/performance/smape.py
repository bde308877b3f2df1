"""sMAPE: the mean of twice the absolute error over the sum of sizes of label and prediction."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import mean_estimate


def smape(pairs: Pairs, of: str | None = None) -> Estimate:
    """The mean of twice the absolute error over the sum of sizes of label and prediction.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(smape(pairs).value, 6)
    0.31746
    """
    scale = np.abs(pairs.y_true) + np.abs(pairs.y_pred)
    return mean_estimate(
        2 * np.abs(pairs.y_pred - pairs.y_true) / np.where(scale > 0, scale, 1.0), pairs.weight
    )


METRIC = Metric(
    name="smape",
    label="sMAPE",
    tasks=("regression",),
    needs=Pairs,
    compute=smape,
    better="lower",
    unit="score",
    meaning="A relative error between 0 and 2 that labels near zero cannot blow up; both zero counts as no error.",
    source="Makridakis (1993), the form in [0, 2]; interval: normal",
    is_default=False,
    tolerance=(0.1, 0.2),
)
