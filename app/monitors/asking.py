"""Ask what a monitor asks; whatever goes wrong is an error of that monitor, never a pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics.errors import QueryCancelled, TelltaleError
from analytics.monitors.incidents import Incident, group
from analytics.monitors.policy import Monitor
from analytics.monitors.run import Run, failed, run
from app.questions import Asked, clock

if TYPE_CHECKING:
    from analytics.core import Result
    from app.ask import Desk

SPAN = {"hour": timedelta(hours=6), "day": timedelta(days=3), "week": timedelta(days=8)}


def ask_monitor(desk: Desk, monitor: Monitor, *, as_of: str | None = None) -> Run:
    """The monitor over its window, as it would have run period by period."""
    asked = Asked(
        version=monitor.version,
        window=monitor.window,
        reference=monitor.reference,
        segment=monitor.segment,
        every=monitor.every,
        names=monitor.names,
        columns=monitor.columns,
        as_of=as_of,
    )
    try:
        dataset, question, results = desk.ask(monitor.question, monitor.model, asked)
    except QueryCancelled:
        raise
    except TelltaleError as error:
        return failed(monitor, f"{error.what} {error.do}".strip())
    if monitor.rule == "change" and question.reference is None and monitor.question != "serving":
        return failed(monitor, "There is no reference to compare with.")
    moment = question.scope.as_of or clock(dataset, desk.now())
    return run(monitor, _closed(results, moment) if monitor.every else results)


def _closed(results: Sequence[Result], moment: datetime) -> list[Result]:
    """Periods that are over: one judged while it fills would be looked at many times."""
    return [r for r in results if r.window.end is None or r.window.end <= moment]


def incidents_of(runs: Sequence[Run]) -> list[Incident]:
    """The incidents of one model's monitors."""
    alerts = [alert for found in runs for alert in found.alerts]
    everys = {found.monitor.every for found in runs} or {"week"}
    within = max(SPAN.get(every or "", timedelta(days=8)) for every in everys)
    measured = any(
        found.monitor.question == "performance"
        and any(seen.sign == "calm" for seen in found.last.values())
        for found in runs
    )
    return group(alerts, within, is_measured=measured)
