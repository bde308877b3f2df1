"""A log walked in time: each period judged with the labels known then, and the incidents it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.errors import TelltaleError, UsageError
from analytics.monitors.incidents import Incident
from analytics.monitors.policy import Monitor
from analytics.monitors.run import Run, failed, run
from app.monitors.asking import answers_of, incidents_of
from app.session import format_window

if TYPE_CHECKING:
    from analytics.core import Result, Window
    from app.ask import Desk

MOST_WAITS = 4  # periods that a judgement waits for labels
Watch = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What would have been raised, and how every monitor stood at the end."""

    runs: tuple[Run, ...]
    incidents: tuple[Incident, ...]


def replay(desk: Desk, monitors: Sequence[Monitor], watch: Watch = lambda _share: None) -> Replay:
    """Walk the log of the monitors' model; what needs labels is asked period by period as of then.

    Drift and data quality of a period are known at its end. A metric is judged at the end of its
    period if enough labels have come by then, else up to ``MOST_WAITS`` periods later; what came
    later still is not looked at again.
    """
    runs = []
    for i, monitor in enumerate(monitors):
        watch(i / max(1, len(monitors)))
        try:
            runs.append(run(monitor, _as_known(desk, monitor)))
        except TelltaleError as error:
            runs.append(failed(monitor, f"{error.what} {error.do}".strip()))
    return Replay(tuple(runs), tuple(incidents_of(runs)))


def _as_known(desk: Desk, monitor: Monitor) -> list[Result]:
    """The answers of a monitor, each as it was known when its period was judged."""
    found = answers_of(desk, monitor)
    if monitor.question != "performance" or monitor.every is None:
        return found
    windows = sorted({r.window for r in found if r.window.end}, key=lambda w: w.end or datetime.max)
    if not windows:  # rows in file order: nobody knows when their labels came
        return found
    known: list[Result] = []
    for window in windows:
        known += _judged(desk, monitor, window)
    return known


def _judged(desk: Desk, monitor: Monitor, window: Window) -> list[Result]:
    if window.start is None or window.end is None:
        return []
    length, found = window.end - window.start, []
    for waits in range(MOST_WAITS + 1):
        moment = window.end + waits * length
        one = replace(monitor, window=format_window(window.start, window.end), every=None)
        found = answers_of(desk, one, as_of=moment.isoformat())
        if max((r.n_labelled or 0 for r in found), default=0) >= monitor.min_n:
            break
    return found


def monitors_to_replay(desk: Desk, model: str) -> list[Monitor]:
    """The model's own monitors, else those that it would get."""
    from app.monitors.editing import monitors_of
    from app.monitors.policies import default_monitors

    dataset = desk.dataset(model)
    if not dataset.log("predictions").n_rows:
        raise UsageError(f"{model} has no predictions to replay.", "", "Import its log first.")
    kept = [m for m in monitors_of(desk.database, model) if not m.paused]
    return kept or default_monitors(dataset)
