"""Ask what a monitor asks; whatever goes wrong is an error of that monitor, never a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics.errors import QueryCancelled, TelltaleError
from analytics.monitors.incidents import Incident, group
from analytics.monitors.moments import span_of
from analytics.monitors.policy import Monitor
from analytics.monitors.run import Run, failed, run
from app.questions import Asked, clock
from app.session import format_window

if TYPE_CHECKING:
    from analytics.core import Result
    from analytics.monitors.run import Alert
    from app.ask import Desk


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
        if monitor.question == "quality" and monitor.every and not monitor.names:
            stuck = replace(asked, names=("frozen",))  # by period it answers by name only
            results = [*results, *desk.ask("quality", monitor.model, stuck)[2]]
        moment = question.scope.as_of or clock(dataset, desk.now())
        if monitor.every:
            is_ended = dataset.last_event == moment and question.scope.as_of is None
            results = _closed(results, _next_day(moment) if is_ended else moment)
    except QueryCancelled:
        raise
    except TelltaleError as error:
        return failed(monitor, f"{error.what} {error.do}".strip())
    if monitor.rule == "change" and question.reference is None and monitor.question != "serving":
        return failed(monitor, "There is no reference to compare with.")
    return run(monitor, results)


def _closed(results: Sequence[Result], moment: datetime) -> list[Result]:
    """Periods that are over: one judged while it fills would be looked at many times.

    The last period of a log that has ended fills no more: it is judged as it is, volume apart.
    """
    over = [r for r in results if r.window.end is None or r.window.end <= moment]
    if moment.time() == datetime.min.time() and results:
        over += [
            r for r in results
            if r.window.start and r.window.end and r.window.start < moment < r.window.end
            and r.name != "volume"
        ]  # fmt: skip
    return over


def _next_day(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), datetime.min.time())


def incidents_of(runs: Sequence[Run]) -> list[Incident]:
    """The incidents of one model's monitors."""
    alerts = [alert for found in runs for alert in found.alerts]
    within = max((span_of(found.monitor.every) for found in runs), default=span_of("week"))
    clear = {m for found in runs if found.monitor.question == "performance" for m in found.clear}
    return group(alerts, within, sorted(clear))


def split_of(desk: Desk, loss: Alert) -> str:
    """The first sentence of how a metric's fall splits, over the periods until it was over."""
    from analytics.evaluate.why import nearest
    from analytics.findings.reason import say_why

    monitor, first = loss.monitor, loss.first
    end = loss.resolved_at or loss.result.window.end
    metric = nearest(desk.dataset(monitor.model), loss.key[0])
    if first.start is None or end is None or metric is None:
        return ""
    window = format_window(first.start, end)
    asked = Asked(
        version=monitor.version, window=window, reference=monitor.reference,
        segment=monitor.segment, names=(metric,),
    )  # fmt: skip
    try:
        return say_why(desk.ask("why", monitor.model, asked)[2]).title
    except QueryCancelled:
        raise
    except TelltaleError:  # no labels, or nothing to split: the incident stands without a reason
        return ""
