"""The estimate of a metric of somebody's own, by how its rows are put together."""

from __future__ import annotations

import math

from analytics.core import Estimate
from analytics.needs import Moments
from analytics.stats.intervals import TOO_FEW, share_estimate, skew_ends, t_quantile


def custom_estimate(need: Moments, aggregate: str) -> Estimate:
    """Mean, share, sum or quantile with its 95 % interval; undefined below two rows with a value.

    Means and sums: the t interval corrected for skewness (Hall 1992), a sum over as many rows as
    there were. Shares: Wilson. Quantiles: the order statistics that hold them.
    """
    detail = {"n_missing": need.n_missing}
    if need.n < 2:
        return Estimate(None, n=need.n, reason=TOO_FEW.replace("labelled rows", "rows with a value"),
                        detail=detail)  # fmt: skip
    if need.quantile is not None:
        share = int(aggregate[1:]) / 100
        if max(share, 1 - share) ** need.n > 0.025:
            return Estimate(need.quantile, n=need.n, detail=detail)
        return Estimate(
            need.quantile, need.low, need.high, "order statistics", need.n, detail=detail
        )
    mean = need.centre + need.first / need.weight
    size = need.weight**2 / need.weight2
    if aggregate == "share":
        return share_estimate(min(max(mean, 0.0), 1.0), size, need.n, **detail)
    offset = need.first / need.weight
    variance = max(need.second / need.weight - offset**2, 0.0)
    cubed = need.third / need.weight - 3 * offset * need.second / need.weight + 2 * offset**3
    se = math.sqrt(variance / max(size - 1, 1.0))
    skew = cubed / variance**1.5 / math.sqrt(size) if variance > 0 else 0.0
    low, high = skew_ends(mean, se, skew, t_quantile(size - 1))
    scale = need.weight if aggregate == "sum" else 1.0
    return Estimate(
        mean * scale,
        low * scale,
        high * scale,
        "t, skew-corrected",
        need.n,
        se * scale,
        detail=detail,
    )
