"""Time to action: how long people take to decide, with those who never did kept in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.core import Estimate
from analytics.needs import Floats
from analytics.stats.decision import MIN_ROWS
from analytics.stats.intervals import quantile_ranks


def wait_estimate(sorted_s: Floats, q: float, what: str = "decisions") -> Estimate:
    """A quantile of sorted waits; interval: the order statistics that hold it with 95 %.

    >>> wait_estimate(np.arange(1.0, 101.0), 0.5).value
    50.0
    """
    n = len(sorted_s)
    if n < MIN_ROWS:
        return Estimate.undefined(f"only {n:,} {what}: fewer than {MIN_ROWS} are not shown", n)
    at = max(int(np.ceil(n * q)), 1) - 1
    low, high, covered = quantile_ranks(n, q)
    value = float(sorted_s[at])
    if covered < 0.9:  # too few rows lie beyond such a quantile
        return Estimate(value, n=n)
    ends = float(sorted_s[low - 1]), float(sorted_s[high - 1])
    return Estimate(value, min(ends[0], value), max(ends[1], value), "order statistics", n)


@dataclass(frozen=True, slots=True)
class Curve:
    """The share that was decided by each moment after being shown, with its 95 % band."""

    at_s: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: int
    n_undecided: int


def decided_by(decided_s: Floats, waiting_s: Floats, at_s: Sequence[float]) -> Curve | None:
    """Kaplan and Meier's (1958) share decided by each moment; Greenwood's band on the log-log scale.

    The undecided count as waiting for as long as they were watched, and leave without a decision.
    None with fewer than 30 shown.

    >>> curve = decided_by(np.arange(1.0, 41.0), np.full(40, 100.0), [20.0, 40.0])
    >>> [round(s, 3) for s in curve.share]
    [0.25, 0.5]
    """
    n = len(decided_s) + len(waiting_s)
    if n < MIN_ROWS:
        return None
    times, events = np.unique(decided_s, return_counts=True)
    everybody = np.sort(np.concatenate([decided_s, waiting_s]))
    at_risk = n - np.searchsorted(everybody, times, side="left")
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.cumprod(1 - events / at_risk)
        spread = np.cumsum(np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0))
    place = np.searchsorted(times, np.asarray(at_s, dtype=float), side="right")
    survival = np.where(place > 0, left[np.maximum(place - 1, 0)] if len(left) else 1.0, 1.0)
    variance = np.where(place > 0, spread[np.maximum(place - 1, 0)] if len(spread) else 0.0, 0.0)
    low, high = _band(survival, variance)
    return Curve(
        tuple(float(t) for t in at_s),
        tuple((1 - survival).tolist()),
        tuple((1 - high).tolist()),
        tuple((1 - low).tolist()),
        n,
        len(waiting_s),
    )


def _band(survival: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Ends of the survival, which stay between 0 and 1; the point itself where it is 0 or 1."""
    inside = (survival > 0) & (survival < 1)
    safe = np.where(inside, survival, 0.5)
    theta = 1.959963984540054 * np.sqrt(variance) / np.abs(np.log(safe))
    low = np.where(inside, safe ** np.exp(theta), survival)
    high = np.where(inside, safe ** np.exp(-theta), survival)
    return low, high
