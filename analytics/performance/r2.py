"""R2: the share of the labels' variance that the predictions explain."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs
from analytics.stats.intervals import TOO_FEW, TOO_LARGE, Z95


def r2(pairs: Pairs, of: str | None = None) -> Estimate:
    """1 - residual sum of squares / total sum of squares; below 0 is worse than the mean label.

    The standard error is the delta method's through the influence of each row; the interval is
    taken for the logarithm of 1 - R2, so it stays below 1. Undefined where labels are all equal.

    >>> pairs = Pairs.from_arrays(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 3.0]))
    >>> round(r2(pairs).value, 6)
    0.571429
    """
    if pairs.n < 2 or pairs.weight.sum() <= 0:
        return Estimate.undefined(TOO_FEW, pairs.n)
    if pairs.y_true.min() == pairs.y_true.max():
        return Estimate.undefined("all labels are the same", pairs.n)
    with np.errstate(all="ignore"):
        weight = pairs.weight / pairs.weight.sum()
        spread = (pairs.y_true - float(weight @ pairs.y_true)) ** 2
        residual = (pairs.y_pred - pairs.y_true) ** 2
        total, missed = float(weight @ spread), float(weight @ residual)
        share = missed / total if total > 0 else math.nan
        influence = (share * spread - residual) / max(total, 1e-300)
        se = math.sqrt(float(weight**2 @ influence**2))
    if total == 0:
        return Estimate.undefined("all labels are nearly the same", pairs.n)
    if not math.isfinite(share) or not math.isfinite(se):
        return Estimate.undefined(TOO_LARGE, pairs.n)
    reach = math.exp(min(Z95 * se / share, 300.0)) if share > 0 else 1.0
    low, high = 1 - share * reach, 1 - share / reach
    detail = {"n_invalid": pairs.n_invalid}
    return Estimate(1 - share, low, high, "delta, log", pairs.n, se, detail=detail)


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
    source="scikit-learn r2_score; interval: delta method on ln(1 - R2)",
)
