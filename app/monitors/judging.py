"""The periods in which a model's headline metrics could be judged, for what drifted meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics.core import Result, Window
from analytics.errors import QueryCancelled, TelltaleError
from analytics.monitors.harm import Judged
from analytics.monitors.moments import end_of
from analytics.monitors.run import Run
from app.monitors.asking import asked_by

if TYPE_CHECKING:
    from app.ask import Desk

NO_TIME = timedelta()


def judged_of(desk: Desk, runs: Sequence[Run], delay: timedelta | None = None) -> list[Judged]:
    """Each period that performance monitors could judge; its headline metrics where something drifted.

    A period's metrics are known ``delay`` after its end, when nearly all labels have come.
    """
    measured = [r for r in runs if r.monitor.question == "performance"]
    found = [Judged(at, at) for at in sorted({m for r in measured for m in r.clear})]
    has_drift = any(a.monitor.kind.means == "moved" for r in runs for a in r.alerts)
    dated = [r for r in measured if r.monitor.every and r.clear]
    if not (has_drift or _moved(runs)) or not dated:
        return found
    return [*found, *_headlines(desk, dated[0], delay or NO_TIME)]


def _moved(runs: Sequence[Run]) -> bool:
    """Whether a check of data says that values moved, which is drift too."""
    from analytics.monitors.incidents import MOVED

    return any(a.key[0] in MOVED for r in runs for a in r.alerts)


def _headlines(desk: Desk, measured: Run, delay: timedelta) -> list[Judged]:
    monitor = measured.monitor
    try:
        asked = replace(asked_by(monitor), names=())
        results: list[Result] = desk.ask("held", monitor.model, asked)[2]
    except QueryCancelled:
        raise
    except TelltaleError:  # what cannot be measured is not judged
        return []
    by_period: dict[Window, list[Result]] = {}
    for r in results:
        by_period.setdefault(r.window, []).append(r)
    clear, found = set(measured.clear), []
    for window, mine in by_period.items():
        at = end_of(window)
        if at in clear and isinstance(at, datetime):
            late = delay if window.last_row is None else NO_TIME
            found.append(Judged(at, at + late, tuple(mine), monitor))
    return found
