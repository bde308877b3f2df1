"""R2: the share of the labels' variance that the predictions explain."""

from __future__ import annotations

import math

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import normal_estimate


def r2(pairs: Pairs, of: str | None = None) -> Estimate:
    """1 - residual sum of squares / total sum of squares; below 0 is worse than the mean label.

    The standard error is the delta method's through the influence of each row.

    >>> import numpy
    >>> pairs = Pairs.from_arrays(numpy.array([1.0, 2.0, 4.0]), numpy.array([2.0, 2.0, 3.0]))
    >>> round(r2(pairs).value, 6)
    0.571429
    """
    if pairs.n < 2:
        return Estimate.undefined("fewer than two labelled rows", pairs.n)
    weight = pairs.weight / pairs.weight.sum()
    mean = float(weight @ pairs.y_true)
    spread = (pairs.y_true - mean) ** 2
    residual = (pairs.y_pred - pairs.y_true) ** 2
    total, missed = float(weight @ spread), float(weight @ residual)
    if total <= 0:
        return Estimate.undefined("all labels are the same", pairs.n)
    influence = -residual / total + missed * spread / total**2
    se = math.sqrt(float(weight**2 @ influence**2))
    return normal_estimate(1 - missed / total, se, pairs.n, "delta")


METRIC = Metric(
    name="r2",
    label="R2",
    tasks=("regression",),
    needs=Pairs,
    compute=r2,
    better="higher",
    unit="score",
    meaning="The share of the labels' variance that the predictions explain: 1 is perfect, 0 is as"
    " good as always saying the mean. It falls when labels vary less, for the same error.",
    source="scikit-learn r2_score; interval: delta method",
)
