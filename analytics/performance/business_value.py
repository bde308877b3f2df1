"""Business value: what a prediction is worth on average, by the values set for right and wrong."""

from __future__ import annotations

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Valued
from analytics.stats.intervals import mean_of_groups


def business_value(need: Valued, of: str | None = None) -> Estimate:
    """Mean worth of a row, in the unit of the values; a cell without a value is worth 0.

    >>> from analytics.needs import Confusion
    >>> counts = Confusion.from_arrays(list("1100"), list("1010"), positive="1")
    >>> business_value(Valued(counts, {("1", "0"): -5.0, ("1", "1"): 2.0})).value
    -0.75
    """
    counts = need.confusion
    groups = [
        (
            np.array([need.values.get((truth, said), 0.0)]),
            np.array([counts.counts[i, j]]),
        )
        for i, truth in enumerate(counts.classes)
        for j, said in enumerate(counts.classes)
    ]
    return mean_of_groups(groups, counts.sum_w2, counts.n, 0)


METRIC = Metric(
    name="business_value",
    label="Value of a prediction",
    tasks=("binary", "multiclass"),
    needs=Valued,
    compute=business_value,
    better="higher",
    unit="label",
    meaning="What one prediction is worth on average, from the values that were set for each pair of"
    " truth and prediction. It is as right as those values, and knows no cost beside them.",
    source="a mean of values over the confusion table; interval: skew-corrected t (Hall 1992)",
    is_default=False,
    tolerance=(0.1, 0.25),
)
