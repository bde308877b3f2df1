"""A monitor over history: how often it would have fired, how often something was really worse.

The same walk that raises alerts is walked over answers that are there already, so what a rehearsal
says of the past is what would have happened. It also finds the mildest condition that would have
fired at most so often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.core import Result
from analytics.monitors.moments import ZERO
from analytics.monitors.policy import Monitor
from analytics.monitors.run import Alert, Run, run

STEPS = (("warning", 1), ("warning", 2), ("critical", 1), ("critical", 2), ("critical", 3))
MOST_LIMITS = 60


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """``fired`` are the alerts of the past, ``real`` those during which the metric was worse too.

    ``real`` is None where nobody could measure it. ``days`` is the length of the history, None for a
    log without times. ``fitted`` would have fired at most as often as was wanted.
    """

    fired: tuple[Alert, ...]
    real: tuple[Alert, ...] | None
    n_periods: int
    days: float | None
    fitted: Monitor | None
    n_fitted: int


def rehearse(
    monitor: Monitor, results: Sequence[Result], losses: Run | None, most: int
) -> Rehearsal:
    """Walk the answers; ``losses`` is the main metric's own run, ``most`` how many alerts are wanted."""
    found = run(monitor, results)
    ends = sorted({r.window.end for r in results if r.window.end})
    starts = sorted({r.window.start for r in results if r.window.start})
    days = (ends[-1] - starts[0]).total_seconds() / 86_400 if ends and starts else None
    real = None
    if losses is not None and losses.clear:
        real = tuple(a for a in found.alerts if any(_overlap(a, b) for b in losses.alerts))
    fitted = fit(monitor, results, most)
    n_fitted = len(run(fitted, results).alerts) if fitted is not None else 0
    n_periods = len({r.window for r in results})
    return Rehearsal(found.alerts, real, n_periods, days, fitted, n_fitted)


def fit(monitor: Monitor, results: Sequence[Result], most: int) -> Monitor | None:
    """The mildest condition of the same kind that fires at most ``most`` times; None if none does."""
    return next((m for m in _milder(monitor, results) if len(run(m, results).alerts) <= most), None)


def _milder(monitor: Monitor, results: Sequence[Result]) -> list[Monitor]:
    """The same monitor, from the strictest to the mildest condition."""
    if monitor.is_detector:
        return [monitor]  # nothing of it can be set
    if monitor.rule == "change":
        return [replace(monitor, severity=s, hold=h) for s, h in STEPS]  # type: ignore[arg-type]
    values = sorted({r.value for r in results if r.value is not None})
    step = max(1, len(values) // MOST_LIMITS)
    chosen = values[::step]
    is_low_bad = any(r.detail.get("better") == "higher" for r in results)
    is_rising = not is_low_bad if monitor.rule == "promise" else monitor.rule == "above"
    limits = chosen if is_rising else chosen[::-1]
    if monitor.rule == "promise":
        limits = [limit for limit in limits if 0 < limit < 1]
    return [replace(monitor, limit=float(limit), recovery=None) for limit in limits]


def _overlap(a: Alert, b: Alert) -> bool:
    a_start, b_start = a.first.start or ZERO, b.first.start or ZERO
    a_end, b_end = a.resolved_at or datetime.max, b.resolved_at or datetime.max
    return a_start < b_end and b_start < a_end
