"""Bets against a promise, period by period: an alarm that may be looked at for ever.

The rule "promise" says: on average at most ``limit`` of the rows go wrong (or at least ``limit`` go
right). Evidence against it adds up over the periods, so a small fall that lasts is found although
no period shows it alone. While the promise is kept the chance that it ever raises an alarm is at
most ``alpha``, however often and for however long somebody looks.
"""

from __future__ import annotations

import math

import numpy as np

from analytics.core import Result
from analytics.monitors.judge import Observation, unseen
from analytics.monitors.policy import Monitor
from analytics.stats.betting import PatientBets, log_growth


class Purse:
    """What the bets of one series are worth; after an alarm that ended they begin anew."""

    def __init__(self, monitor: Monitor) -> None:
        assert monitor.limit is not None
        self._monitor, self._limit = monitor, monitor.limit
        self._bets = PatientBets()
        self._is_won = False

    def look(self, result: Result) -> Observation:
        """The sign of one more period: bad once the purse is full, until a period keeps the promise."""
        blind = unseen(self._monitor, result)
        if blind is not None:
            return blind
        is_share_right = result.detail.get("better") == "higher"
        loss, worst = (1 - v if is_share_right else v for v in (result.value or 0.0, self._limit))
        n = rows_of(self._monitor, result)
        self._bets.play(log_growth(n, n * min(1.0, max(0.0, loss)), worst))
        self._is_won = self._is_won or self._bets.log_wealth >= math.log(1 / self._monitor.level)
        ends = result.low if is_share_right else result.high
        is_kept = ends is not None and (ends >= self._limit) == is_share_right
        if not self._is_won:
            worth = math.exp(min(self._bets.log_wealth, 50.0))
            why = f"bets against the promise are worth {worth:.2g} of {1 / self._monitor.level:.3g}"
            return Observation("calm" if is_kept else "unclear", "" if is_kept else why, result)
        return Observation("calm" if is_kept else "bad", "", result)

    def empty(self) -> None:
        """The alarm is over: bet anew."""
        self._bets, self._is_won = PatientBets(), False


def rows_of(monitor: Monitor, result: Result) -> float:
    """Rows that the value stands for; weighted ones count for what their standard error says."""
    n = float((result.n_labelled if monitor.kind.counts_labels else result.n) or 0)
    se, value = result.detail.get("se"), result.value or 0.0
    if se and 0 < value < 1 and np.isfinite(se):
        return min(n, value * (1 - value) / float(se) ** 2)
    return n
