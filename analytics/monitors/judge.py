"""What one answer says to a monitor: bad, calm, unclear or no data; an error where none came."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from analytics.core import Result
from analytics.monitors.policy import Monitor

Sign = Literal["bad", "calm", "unclear", "no data", "error"]
FAULTS = ("missing_rate", "unseen_rate", "out_of_range_rate", "type_change_rate", "duplicate_rate")
Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one series; ``why`` says what stood against a clear answer."""

    sign: Sign
    why: str = ""
    result: Result | None = None


def observe(monitor: Monitor, result: Result) -> Observation:
    """The sign of one Result."""
    if monitor.is_detector:
        return _alarm(monitor, result)
    blind = unseen(monitor, result)
    if blind is not None:
        return blind
    return _change(monitor, result) if monitor.rule == "change" else _limit(monitor, result)


def _alarm(monitor: Monitor, result: Result) -> Observation:
    """An alarm rests on all rows before it, so it counts in a thin period too."""
    if result.detail.get("alarms"):
        return Observation("bad", "", result)
    return unseen(monitor, result) or Observation("calm", "", result)


def unseen(monitor: Monitor, result: Result) -> Observation | None:
    """Why there is nothing to judge; None where there is."""
    n = result.n_labelled if monitor.kind.counts_labels else result.n
    if result.value is None:
        return Observation("no data", result.reason or "no value", result)
    if (n or 0) < monitor.min_n:
        return Observation("no data", f"{n or 0} rows of the {monitor.min_n} it needs", result)
    return None


def _change(monitor: Monitor, result: Result) -> Observation:
    p = result.detail.get("p_adjusted")
    if p is None or result.verdict == "undefined":
        return Observation("no data", result.reason or "nothing to compare with", result)
    is_over = result.verdict == "critical" or result.verdict == monitor.severity
    before = result.detail.get("reference")
    if monitor.kind.asks == "quality" and result.name in FAULTS and before is not None:
        is_over = is_over and (result.value or 0.0) > before  # fewer faults are no fault
    if not is_over:
        return Observation("calm", "", result)
    if p <= monitor.level:
        return Observation("bad", "", result)
    return Observation("unclear", f"p {p:.2g} is above {monitor.level:.2g}", result)


def _limit(monitor: Monitor, result: Result) -> Observation:
    assert monitor.limit is not None and result.value is not None
    sign = 1.0 if monitor.rule == "above" else -1.0
    limit = sign * monitor.limit
    good = limit if monitor.recovery is None else sign * monitor.recovery
    value = sign * result.value
    ends = [sign * e for e in (result.low, result.high) if e is not None] or [value]
    wider = _wider(monitor.level)
    if value - (value - min(ends)) * wider > limit:
        return Observation("bad", "", result)
    if max(ends) <= good:
        return Observation("calm", "", result)
    return Observation("unclear", "the interval reaches over the limit", result)


@functools.cache
def _wider(level: float) -> float:
    """How many times a 95 % interval an interval of this level is."""
    return NormalDist().inv_cdf(1 - level / 2) / Z95
