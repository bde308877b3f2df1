"""The rehearsal of a monitor: its own log asked once, its past walked, and said in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analytics.errors import TelltaleError
from analytics.explain.detectors import DETECTORS
from analytics.monitors.policy import Monitor
from analytics.monitors.rehearse import Rehearsal, rehearse
from analytics.monitors.run import Run, run
from analytics.words import write_count, write_value
from app.monitors.asking import answers_of
from app.monitors.policies import default_monitors

if TYPE_CHECKING:
    from app.ask import Desk

A_MONTH = 30.44
WANTED = 1.0  # alerts a month, where nobody said another number


def rehearse_monitor(desk: Desk, monitor: Monitor, wanted: float = WANTED) -> Rehearsal:
    """Walk the monitor over its model's history; TelltaleError where it cannot be asked."""
    results = answers_of(desk, monitor)
    ends = [r.window.end for r in results if r.window.end]
    starts = [r.window.start for r in results if r.window.start]
    months = (max(ends) - min(starts)).days / A_MONTH if ends and starts else 1.0
    most = max(0, round(wanted * max(months, 1.0)))
    return rehearse(monitor, results, _losses(desk, monitor), most)


def _losses(desk: Desk, monitor: Monitor) -> Run | None:
    """Where the main metric was worse, in the monitor's own periods; None where it says nothing."""
    plain = [
        m for m in default_monitors(desk.dataset(monitor.model)) if m.question == "performance"
    ]
    if not plain or monitor.every is None:
        return None
    every = replace(
        plain[0], every=monitor.every, segment=monitor.segment, hold=1, severity="warning",
        reference=monitor.reference or plain[0].reference,
    )  # fmt: skip
    try:
        return run(every, answers_of(desk, every))
    except TelltaleError:
        return None


def say_rehearsal(found: Rehearsal, metric: str) -> str:
    """What would have happened, in one sentence."""
    n = len(found.fired)
    times = "never" if n == 0 else "once" if n == 1 else f"{write_count(n)} times"
    span = f"{write_count(found.n_periods)} periods"
    if found.days is not None:
        span = f"{write_count(round(found.days))} days"
    said = f"It would have fired {times} in {span}"
    if n and found.real is not None:
        said += f", {write_count(len(found.real))} of them with a real fall in {metric}"
    return f"{said}."


def say_fitted(monitor: Monitor, found: Rehearsal, wanted: float) -> str:
    """The condition that fits a wanted number of alerts a month."""
    if monitor.is_detector:
        name = DETECTORS[monitor.rule]
        return f"{name} has no rate of alarms to set; a promise has (rule promise)."
    if found.fitted is None:
        return "No condition of this kind would have fired so seldom."
    fitted, n = found.fitted, found.n_fitted
    if monitor.rule == "change":
        what = f"{fitted.severity}, {fitted.n_hold} {'period' if fitted.n_hold == 1 else 'periods'} in a row"
    else:
        what = f"{fitted.rule} {write_value(fitted.limit)}"
    rate = f"{wanted:g} a month"
    return f"For at most {rate}: {what} would have fired {write_count(n)} times."
