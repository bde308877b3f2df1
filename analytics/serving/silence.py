"""Silences between requests: how long they usually get in a day, and which were longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from analytics.core import Estimate
from analytics.stats.intervals import quantile_estimate

MIN_DAYS = 7
FEW = f"fewer than {MIN_DAYS} days with a silence of a minute or more"


@dataclass(frozen=True, slots=True)
class Silence:
    """No request between two moments."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.end - self.start).total_seconds()


def usual_silence(longest_by_day: Sequence[float]) -> Estimate:
    """The median over days of a day's longest silence, in seconds.

    >>> usual_silence([60, 80, 90, 100, 110, 120, 4000]).value
    100.0
    """
    if len(longest_by_day) < MIN_DAYS:
        return Estimate.undefined(FEW, len(longest_by_day))
    values = np.asarray(longest_by_day, float)
    return quantile_estimate(values, np.ones(len(values)), 0.5)


def cost_per_1000(
    n: int, seconds: float, price_per_hour: float, ends: tuple[float, float]
) -> Estimate:
    """What 1,000 answered requests cost where the machines cost so much an hour, busy or not.

    ``ends`` bound the count that was expected (Poisson): how many requests come is chance.

    >>> cost_per_1000(7200, 3600, 1.8, (7000, 7400)).value
    0.25
    """
    if n < 1:
        return Estimate.undefined("no request was answered", n)
    total = 1000 * price_per_hour * seconds / 3600
    return Estimate(total / n, total / ends[1], total / ends[0], "Poisson", n)
