"""Interval coverage: how often the label lies between the lowest and the highest quantile."""

from __future__ import annotations

from analytics.core import Estimate, Metric
from analytics.needs import Quantiles
from analytics.stats.intervals import share_estimate


def interval_coverage(rows: Quantiles, of: str | None = None) -> Estimate:
    """Share of labels inside [lowest, highest predicted quantile], ends included, in [0, 1].

    ``detail.nominal`` is what it should be: the highest level minus the lowest.

    >>> import numpy as np
    >>> bounds = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> interval_coverage(Quantiles(np.array([0.5, 2.0]), (0.1, 0.9), bounds, np.ones(2))).value
    0.5
    """
    if len(rows.levels) < 2:
        return Estimate.undefined("one quantile alone makes no interval", rows.n)
    total = float(rows.weight.sum())
    if total <= 0:
        return Estimate.undefined("no labelled rows with quantiles", rows.n)
    inside = (rows.y_true >= rows.predicted[0]) & (rows.y_true <= rows.predicted[-1])
    share = min(float(rows.weight[inside].sum()) / total, 1.0)
    size = total * total / float((rows.weight**2).sum())
    nominal = rows.levels[-1] - rows.levels[0]
    return share_estimate(share, size, rows.n, nominal=nominal)


METRIC = Metric(
    name="interval_coverage",
    label="Interval coverage",
    tasks=("regression",),
    needs=Quantiles,
    compute=interval_coverage,
    better="neither",
    unit="share",
    meaning="How often the label lies between the lowest and the highest predicted quantile. It should"
    " be the difference of their levels: less is overconfident, more is needlessly wide.",
    source="a share of rows; interval: Wilson (1927)",
    is_default=False,
)
