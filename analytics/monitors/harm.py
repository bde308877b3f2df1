"""What a model's headline metrics did while something drifted: they held, or which fell and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.core import Result
from analytics.monitors.policy import Monitor
from analytics.monitors.run import Alert
from analytics.stats.falls import fallen

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Judged:
    """One period, over ``at``, in which performance could be judged, and since when that was known.

    ``results`` are its headline metrics, as far as they were asked; ``monitor`` asked them.
    """

    at: datetime
    known: datetime
    results: tuple[Result, ...] = ()
    monitor: Monitor | None = None


@dataclass(frozen=True, slots=True)
class Toll:
    """What drift cost: whether anything was measured, and the alert of the metric that fell the most.

    ``others`` are the other metrics that surely fell.
    """

    is_measured: bool
    worst: Alert | None = None
    others: tuple[Result, ...] = ()


def toll_of(drift: Span, judged: Sequence[Judged], losses: Sequence[Span]) -> Toll:
    """Whether headline metrics held while something drifted.

    They are pooled over the periods of the drift, and must be surely worse than the reference and
    than the periods before the drift. Periods of a loss that is an incident of its own do not
    count: what it cost is told there.
    """
    start, end = drift
    during = [j for j in judged if start <= j.at <= end]
    mine = [j for j in during if not any(a <= j.at <= b for a, b in losses)]
    before = [r for j in judged if j.at < start for r in j.results]
    found = fallen([r for j in mine for r in j.results], before)
    if not found:
        return Toll(bool(during))
    monitor = next(j.monitor for j in mine if j.monitor is not None)
    worst = found[0]
    key = (worst.name, None, worst.version, worst.detail.get("class"))
    over = None if end == datetime.max else end
    first = next(j.results[0].window for j in mine if j.results)
    alert = Alert(monitor, key, start, mine[0].at, worst, over, first)
    return Toll(True, alert, tuple(found[1:]))
