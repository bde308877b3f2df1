"""What several checks share: a share beside the reference's, with evidence and effect."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

from analytics.core import ColumnType, Estimate
from analytics.stats.decision import MIN_ROWS
from analytics.stats.discrete import rates_p
from analytics.stats.intervals import newcombe, share_estimate

Direction = Literal["both", "up", "down"]
EVERY_TYPE: tuple[ColumnType, ...] = ("numeric", "categorical", "boolean", "time", "text", "other")
NO_REFERENCE = "no reference to compare with"
MEAN_OF_ABSOLUTE = math.sqrt(2 / math.pi)  # E|Z| of a standard normal Z


def incomparable(n: int, n_reference: int) -> str | None:
    """Why two sides give no verdict: no reference, or fewer than 30 rows on a side; else None."""
    if n_reference == 0:
        return NO_REFERENCE
    if min(n, n_reference) < MIN_ROWS:
        return f"too few rows to compare ({n} current, {n_reference} reference; at least {MIN_ROWS} each)"
    return None


def compare_shares(
    hits: float, n: int, hits_reference: float, n_reference: int, direction: Direction = "both"
) -> Estimate:
    """hits / n with Wilson's interval; in ``detail`` the change, its p-value and its effect.

    ``above_floor`` is the change in ``direction`` less the mean absolute difference of two samples
    with the pooled share, never below 0. The change's interval is Newcombe's (1998, method 10).
    Undefined without rows; a value without p-value, and the reason, where there is nothing or too
    little to compare with.
    """
    if n <= 0:
        return Estimate.undefined("no rows")
    share = min(1.0, hits / n)
    estimate = share_estimate(share, n, n)
    reason = incomparable(n, n_reference)
    if reason:
        return replace(estimate, reason=reason)
    before = min(1.0, hits_reference / n_reference)
    change = share - before
    pooled = (hits + hits_reference) / (n + n_reference)
    noise = MEAN_OF_ABSOLUTE * math.sqrt(
        max(0.0, pooled * (1 - pooled)) * (1 / n + 1 / n_reference)
    )
    effect = {"both": abs(change), "up": change, "down": -change}[direction]
    low, high = newcombe((share, n), (before, n_reference))
    detail: dict[str, Any] = {
        "p_value": rates_p(hits, n, hits_reference, n_reference),
        "above_floor": max(0.0, effect - noise),
        "floor": noise,
        "reference": before,
        "change": change,
        "change_low": low,
        "change_high": high,
        "n_reference": n_reference,
    }
    return replace(estimate, detail=detail)
