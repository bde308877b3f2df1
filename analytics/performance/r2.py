"""R2: the share of the labels' variance that the predictions explain."""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Estimate, Metric
from analytics.needs import Pairs, Residuals
from analytics.stats.intervals import TOO_FEW, TOO_LARGE, Z95


def r2(pairs: Pairs | Residuals, of: str | None = None) -> Estimate:
    """1 - residual sum of squares / total sum of squares; below 0 is worse than the mean label.

    The standard error is the delta method's through the influence of each row; the interval is
    taken for the logarithm of 1 - R2, so it stays below 1. Undefined where labels are all equal.

    >>> pairs = Pairs.from_arrays(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 3.0]))
    >>> round(r2(pairs).value, 6)
    0.571429
    """
    if pairs.n < 2 or (isinstance(pairs, Pairs) and pairs.weight.sum() <= 0):
        return Estimate.undefined(TOO_FEW, pairs.n)
    ends = (pairs.low, pairs.high) if isinstance(pairs, Residuals) else _ends(pairs)
    if ends[0] == ends[1]:
        return Estimate.undefined("all labels are the same", pairs.n)
    with np.errstate(all="ignore"):
        total, share, se = _of_sums(pairs) if isinstance(pairs, Residuals) else _of_rows(pairs)
    if total == 0:
        return Estimate.undefined("all labels are nearly the same", pairs.n)
    if not math.isfinite(share) or not math.isfinite(se):
        return Estimate.undefined(TOO_LARGE, pairs.n)
    reach = math.exp(min(Z95 * se / share, 300.0)) if share > 0 else 1.0
    low, high = 1 - share * reach, 1 - share / reach
    detail = {"n_invalid": pairs.n_invalid}
    return Estimate(1 - share, low, high, "delta, log", pairs.n, se, detail=detail)


def _ends(pairs: Pairs) -> tuple[float, float]:
    return float(pairs.y_true.min()), float(pairs.y_true.max())


def _of_rows(pairs: Pairs) -> tuple[float, float, float]:
    """Variance of the labels, the share of it that is missed, and its standard error."""
    weight = pairs.weight / pairs.weight.sum()
    spread = (pairs.y_true - float(weight @ pairs.y_true)) ** 2
    residual = (pairs.y_pred - pairs.y_true) ** 2
    total, missed = float(weight @ spread), float(weight @ residual)
    share = missed / total if total > 0 else math.nan
    influence = (share * spread - residual) / max(total, 1e-300)
    return total, share, math.sqrt(float(weight**2 @ influence**2))


def _of_sums(found: Residuals) -> tuple[float, float, float]:
    p, n = found.powers, found.n
    share = p["r2"] / p["y2"] if p["y2"] > 0 else math.nan
    square = share**2 * p["y4"] - 2 * share * p["y2r2"] + p["r4"]
    return p["y2"] / n, share, math.sqrt(max(square, 0.0)) / max(p["y2"], 1e-300)


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
