"""Estimates judged by their own past: what was expected of a period beside what its labels said later."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.core import Result
from analytics.stats.intervals import Z95, t_quantile, wilson

MIN_PERIODS = 5  # fewer say nothing of the next one
HELD = 0.95  # the share of periods that the distance is said of
PROMISED = 0.9  # the least share of periods that a 95 % interval must have held


@dataclass(frozen=True, slots=True)
class Pair:
    """One period: its estimate, what the labels said later, and how far the interval reached.

    ``own_error`` is the standard error that the estimates before this one had beyond what they
    told; it widens the interval.
    """

    estimated: float
    later: float
    below: float
    above: float
    own_error: float = 0.0

    @property
    def miss(self) -> float:
        """Estimate minus what came."""
        return self.estimated - self.later

    @property
    def is_held(self) -> bool:
        """Whether the interval held what came."""
        reach = self.below if self.miss > 0 else self.above
        slack = 1e-9 * max(abs(self.later), 1.0)
        return abs(self.miss) <= math.hypot(reach, Z95 * self.own_error) + slack


@dataclass(frozen=True, slots=True)
class Past:
    """How far past estimates were off.

    ``n_within`` of ``n_periods`` were at most ``within`` off: 95 % of them, rounded down; the
    furthest was ``worst`` off.
    ``n_held`` intervals held what came, a share that lies between ``low`` and ``high`` (Wilson).
    """

    within: float
    n_within: int
    n_periods: int
    n_held: int
    low: float
    high: float
    mean_miss: float
    worst: float

    @property
    def is_too_sure(self) -> bool:
        """Whether the intervals held less than they promise, beyond chance."""
        return self.high < PROMISED

    def as_detail(self) -> dict[str, Any]:
        """The same as plain values for an answer."""
        return {
            "within": self.within, "n_within": self.n_within, "n_periods": self.n_periods,
            "n_held": self.n_held, "held_low": self.low, "held_high": self.high,
            "mean_miss": self.mean_miss, "worst": self.worst, "is_too_sure": self.is_too_sure,
        }  # fmt: skip


def pair_up(estimated: Result, later: Result | None) -> Pair | None:
    """The period's pair; None where there is no estimate, or labels are too few or still coming.

    The interval is of what all rows would have said; where only some are labelled, chance in which
    ones comes on top.

    >>> from analytics.core import Window
    >>> there = Result("accuracy", 0.9, 100, "ok", Window(), 0.85, 0.95)
    >>> pair_up(there, Result("accuracy", 0.87, 100, "ok", Window(), n_labelled=100)).is_held
    True
    """
    if estimated.value is None or estimated.low is None or estimated.high is None:
        return None
    if later is None or later.value is None or later.verdict == "undefined":
        return None
    if later.detail.get("maturity") == "provisional" or not later.n:
        return None
    unlabelled = 1 - min((later.n_labelled or 0) / later.n, 1.0)
    more = Z95 * float(later.detail.get("se") or 0.0) * math.sqrt(unlabelled)
    below, above = estimated.value - estimated.low, estimated.high - estimated.value
    return Pair(estimated.value, later.value, math.hypot(below, more), math.hypot(above, more))


def own_error(pairs: Sequence[Pair]) -> float:
    """The standard error of past estimates beyond what their intervals told; 0 for fewer than 5.

    Their squared misses, less what was told; widened as Student's t is where they are few.

    >>> far = [Pair(0.9, 0.9 + 0.1 * (-1) ** k, 0.02, 0.02) for k in range(40)]
    >>> round(own_error(far), 3), own_error(far[:4])
    (0.103, 0.0)
    """
    if len(pairs) < MIN_PERIODS:
        return 0.0
    missed = float(np.mean([p.miss**2 for p in pairs]))
    told = float(np.mean([((p.below + p.above) / 2 / Z95) ** 2 for p in pairs]))
    return math.sqrt(max(missed - told, 0.0)) * t_quantile(len(pairs)) / Z95


def judge_past(pairs: Iterable[Pair]) -> Past | None:
    """How far off the estimates were; None for fewer than 5 periods.

    >>> found = judge_past([Pair(0.9, 0.9 + k / 1000, 0.0, 0.0185) for k in range(1, 21)])
    >>> round(found.within, 3), found.n_within, found.n_periods, found.n_held
    (0.019, 19, 20, 18)
    """
    pairs = list(pairs)
    n = len(pairs)
    if n < MIN_PERIODS:
        return None
    off = np.sort([abs(p.miss) for p in pairs])
    n_within = max(math.floor(HELD * n), 1)
    within = float(off[n_within - 1])
    held = sum(p.is_held for p in pairs)
    low, high = wilson(held / n, n)
    at_most = int((off <= within).sum())
    miss = float(np.mean([p.miss for p in pairs]))
    return Past(within, at_most, n, held, low, high, miss, float(off[-1]))


def past_of(detail: Mapping[str, Any]) -> Past | None:
    """What ``as_detail`` wrote; None where there is none."""
    found = detail.get("past")
    if not found or "within" not in found:
        return None
    return Past(
        found["within"], found["n_within"], found["n_periods"], found["n_held"],
        found["held_low"], found["held_high"], found["mean_miss"], found["worst"],
    )  # fmt: skip
